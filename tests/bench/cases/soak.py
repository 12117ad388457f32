"""Hundreds of spins in one kernel, each with its panel: what stays in memory."""

from __future__ import annotations

from collections.abc import Callable

from tqdm import tqdm

from tests.bench.figures import Chapter, Figure, Target
from tests.bench.kernel import Kernel, fresh_kernel
from tests.bench.place import Place

FLOW = "SoakFlow"
MAKE = """%%spin SoakFlow make
self.out = np.arange(self.numbers, dtype="float64") * {}
self.next(self.draw)
"""


def measure(place: Place) -> Chapter:
    """Spin a step with a large output, and one with a card; read the kernel's resident memory."""
    scale = place.scale
    folder = place.project("soakflow", "--numbers", str(scale.numbers))
    output = 8 * scale.numbers
    made = {}
    for what, cell in (("output", MAKE.format), ("card", lambda _: f"%spin {FLOW} draw")):
        with fresh_kernel(folder) as kernel:
            kernel.panel(f"%spin {FLOW} end", "warm-up")
            made[what] = _soak(kernel, cell, scale.soak, f"{scale.soak} spins, {what}")
    outputs, cards = ([after - readings[0] for after in readings] for readings in made.values())
    course = "; ".join(
        f"{what}: {', '.join(f'{each / 1e6:.0f}' for each in grown[1:])} MB"
        for what, grown in ((f"the {scale.output} output", outputs), ("the card", cards))
    )
    how = (
        "Each spin is a cell with its panel and widget, run again and again as in a front end. "
        "Growth is what the kernel's resident memory gained since one spin of a tiny step of the same flow; "
        f"after the first spin, a third, two thirds and all of them, {course}."
    )
    return Chapter(
        "Hundreds of spins",
        figures=[
            Figure(
                f"{scale.soak} spins of a {scale.output} output: growth",
                outputs[-1] / output,
                target=Target("limit", 1.2, "outputs"),
                unit="outputs",
                short=True,
            ),
            Figure(f"{scale.soak} spins with a card: growth", cards[-1] / 1e6, unit="MB", short=True),
        ],
        remarks=[how],
    )


def _soak(kernel: Kernel, cell: Callable[[int], str], times: int, what: str) -> list[int]:
    """Give the resident bytes before, after the first spin, and after each third of them."""
    readings = [kernel.resident]
    stops = {1, times // 3, 2 * times // 3, times}
    for i in tqdm(range(1, times + 1), desc=what, leave=False, position=1):
        kernel.panel(cell(i), "soak")
        if i in stops:
            readings.append(kernel.resident)
    return readings
