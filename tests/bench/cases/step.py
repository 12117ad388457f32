"""One step of a pandas and scikit-learn flow, with and without a card, by every way there is."""

from __future__ import annotations

import ast
import textwrap
from dataclasses import dataclass
from pathlib import Path

from tests.bench.figures import Chapter, Figure, Sample, Target
from tests.bench.kernel import Kernel, fresh_kernel
from tests.bench.place import Place, inside, repeat, spin_command

COMMAND = "python flow.py spin"
FILE, FLOW = "trainflow.py", "TrainFlow"


@dataclass(frozen=True)
class Case:
    """A step, what its body reads, and how many times faster than the command line it is to be."""

    step: str
    says: str
    reads: tuple[str, ...]
    faster: float


CASES = (
    Case("prepare", "no card", ("df", "test_size", "seed"), 150),
    Case("join", "no card, 3 inputs", ("C", "metrics", "model", "labels"), 150),
    Case("train", "default card", ("input", "train_df", "test_df", "labels"), 80),
)


HOW = (
    "`python flow.py spin` is a process from start to end, `Runner.spin` a call in a warm Python process. "
    "A cell is timed from sending it to a real ipykernel until that is idle, with the panel shown as text "
    "and HTML and made live. `%%spin` cells and `spin()` calls have another text each time, as in editing; "
    "`%spin` runs the step as it stands in the file. The plain call is the step's function called on a "
    "bare object, with copies of the inputs that are not timed; there is no Metaflow around it at all. "
    "The cost over the plain call is a whole `spin()` less the median plain call in the same process; "
    "for a cell it also holds the panel and Jupyter's own messages, which an empty cell shows alone."
)


def measure(place: Place) -> Chapter:
    """Time the three steps of the quickstart flow."""
    folder = place.project("trainflow")
    chapter = Chapter("A step of a pandas and scikit-learn flow")
    for case in CASES:
        _measure_step(place, folder, case, chapter)
    chapter.remarks.append(HOW)
    return chapter


def body_of(file: Path, step: str) -> str:
    """Give the text of a step's body."""
    text = file.read_text(encoding="utf-8")
    found = [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef) and node.name == step
    ]
    lines = text.splitlines()[found[0].body[0].lineno - 1 : found[0].end_lineno]
    return textwrap.dedent("\n".join(lines))


def _measure_step(place: Place, folder: Path, case: Case, chapter: Chapter) -> None:
    scale, body = place.scale, body_of(folder / FILE, case.step)
    name = f"`{case.step}` ({case.says})"

    command = repeat(
        scale.commands, f"flow.py spin {case.step}", lambda: spin_command(folder, FILE, case.step)
    )
    runner = inside("runner", folder, file=FILE, step=case.step, times=scale.commands)
    with fresh_kernel(folder) as kernel:
        edited, plain, empty = _cells(kernel, case, body, scale.cells)
    called = inside(
        "calls", folder, file=FILE, flow=FLOW, step=case.step, reads=case.reads, times=scale.calls, body=body
    )

    by = {
        COMMAND: Sample(f"{name}: `{COMMAND}`", command),
        "Runner.spin": Sample(f"{name}: `Runner.spin`", runner),
        "%%spin": Sample(f"{name}: `%%spin` cell, edited", edited),
        "%spin": Sample(f"{name}: `%spin` cell", plain),
        "spin()": Sample(f"{name}: `spin()`, edited", called["spins"]),
        "floor": Sample(f"{name}: the plain call", called["floors"]),
        "empty": Sample(f"{name}: an empty cell", empty),
    }
    chapter.samples += by.values()
    chapter.figures += _figures(name, case, by)


def _cells(kernel: Kernel, case: Case, body: str, times: int) -> tuple[list[float], list[float], list[float]]:
    """Time edited cells, the step as it stands, and empty cells, in turns."""
    edited, plain, empty = [], [], []
    for i in range(-3, times):  # the first three are not counted
        one = kernel.panel(f"%%spin {FLOW} {case.step}\n{body}\n# edit {i}\n", "edited")
        if case.step == "train" and kernel.value("len(_spin.cards)") != 1:
            raise SystemExit("The card of `train` was not rendered.")
        other = kernel.panel(f"%spin {FLOW} {case.step}", "plain")
        nothing = kernel.run("pass", "empty").seconds
        if i >= 0:
            edited.append(one)
            plain.append(other)
            empty.append(nothing)
    return edited, plain, empty


def _figures(name: str, case: Case, by: dict[str, Sample]) -> list[Figure]:
    goal = Target("faster", case.faster)
    figures = [
        Figure(
            f"{name}: `{us}`", by[us].median, f"`{peer}`", by[peer].median, target, short=target is not None
        )
        for us, peer, target in (
            ("%%spin", COMMAND, goal),
            ("%spin", COMMAND, goal),
            ("%%spin", "Runner.spin", None),
            ("spin()", COMMAND, None),
        )
    ]
    floor = by["floor"].median
    for us in ("spin()", "%%spin"):
        over = Sample(us, [seconds - floor for seconds in by[us].seconds])
        what, short = f"{name}: `{us}` over the plain call", case.step == "join"
        figures += [
            Figure(f"{what}, median", over.median, target=Target("limit", 0.008), short=short),
            Figure(f"{what}, 95th percentile", over.slow, target=Target("limit", 0.015), short=short),
        ]
    return figures
