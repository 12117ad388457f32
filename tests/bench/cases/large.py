"""A frame of a gigabyte as an input: what the body waits for it, and what the spin costs."""

from __future__ import annotations

from pathlib import Path

from tests.bench.figures import Chapter, Figure, Sample, Target
from tests.bench.kernel import fresh_kernel
from tests.bench.place import Place, inside, repeat, spin_command

FILE, FLOW = "bigflow.py", "BigFlow"


HOW = (
    "Binding is the time of the first `self.df` in the body, measured in the body. The spins of the large "
    "and of the small input take turns in one kernel; the first of each is not counted. A new kernel has "
    "loaded the magics and spun a step of another flow, and nothing of this one."
)


def measure(place: Place) -> Chapter:
    """Time the binding of a large and of a small frame, warm and in new kernels, and the whole spin."""
    scale, folder = place.scale, project(place)
    size, small = scale.large, scale.small

    def command() -> float:
        return spin_command(folder, FILE, "one")

    # Metaflow keeps a cache of its own: the first of these fills it, and is not counted.
    repeat(1, f"flow.py spin, {size}, first", command)
    commands = repeat(scale.large_commands, f"flow.py spin, {size}", command)
    runner = inside("runner", folder, file=FILE, step="one", times=scale.large_commands)
    cells, bound, bound_small = _warm(folder, scale.cells)
    new = repeat(scale.kernels, "a new kernel", lambda: _first(folder))

    by = {
        "command": Sample(f"{size}: `python flow.py spin`", commands),
        "runner": Sample(f"{size}: `Runner.spin`", runner),
        "cell": Sample(f"{size}: `%spin` cell, second spin on", cells),
        "bound": Sample(f"{size}: binding, second spin on", bound),
        "small": Sample(f"{small}: binding, second spin on", bound_small),
        "new": Sample(f"{size}: first binding in a new kernel, warm cache", new),
    }
    figures = _figures({name: sample.median for name, sample in by.items()}, f"{size} input", small)
    return Chapter(f"A {size} frame as an input", [*by.values()], figures, [HOW])


def project(place: Place) -> Path:
    """Give the folder with the run that holds the large inputs."""
    return place.project("bigflow", "--rows", str(place.scale.rows))


def _warm(folder: Path, times: int) -> tuple[list[float], list[float], list[float]]:
    """Give the seconds of whole cells, of binding the large input, and of binding the small one."""
    cells, large, small = [], [], []
    with fresh_kernel(folder) as kernel:
        for i in range(-1, times):
            whole = kernel.panel(f"%spin {FLOW} one", "one")
            bound = kernel.value("_spin['bound']")
            kernel.panel(f"%spin {FLOW} tiny", "tiny")
            other = kernel.value("_spin['bound']")
            if i >= 0:
                cells.append(whole)
                large.append(bound)
                small.append(other)
    return cells, large, small


def _first(folder: Path) -> float:
    with fresh_kernel(folder) as kernel:
        kernel.panel("%spin TinyFlow end", "warm-up")
        kernel.panel(f"%spin {FLOW} one", "one")
        return float(kernel.value("_spin['bound']"))


def _figures(median: dict[str, float], what: str, small: str) -> list[Figure]:
    spin, binding = f"{what}: `%spin`, second spin on", f"{what}: binding, second spin on"
    new = f"{what}: first binding in a new kernel, warm cache"
    command, runner = "`python flow.py spin`", "`Runner.spin`"
    same, quick = Target("share", 1.5), Target("limit", 0.003)
    return [
        Figure(spin, median["cell"], command, median["command"], Target("faster", 300), short=True),
        Figure(spin, median["cell"], runner, median["runner"]),
        Figure(binding, median["bound"], target=quick, short=True),
        Figure(binding, median["bound"], f"us, {small}", median["small"], same, short=True),
        Figure(new, median["new"], target=Target("limit", 0.010), short=True),
    ]
