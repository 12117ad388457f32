"""The join of a wide foreach."""

from __future__ import annotations

import sys

from tqdm import tqdm

from tests.bench.figures import Chapter, Figure, Sample, Target
from tests.bench.kernel import fresh_kernel
from tests.bench.place import Place, refused

FILE, FLOW = "wideflow.py", "WideFlow"


def measure(place: Place) -> Chapter:
    """Time the first spin of the join in a kernel, and those after it."""
    scale = place.scale
    width = str(scale.width)
    folder = place.project("wideflow", "--width", width, "--max-num-splits", width, forked=True)
    first, again = [], []
    for _ in tqdm(range(scale.kernels), desc="a wide join", leave=False, position=1):
        with fresh_kernel(folder) as kernel:
            kernel.panel("%spin TinyFlow end", "warm-up")
            first.append(kernel.panel(f"%spin {FLOW} join", "join"))
            again += [kernel.panel(f"%spin {FLOW} join", "join") for _ in range(10)]
            if kernel.value("_spin['total']") != scale.width * (scale.width - 1):
                raise SystemExit("The wide join is wrong.")

    answer = refused([sys.executable, FILE, "spin", "join"], folder)
    peer = "`python flow.py spin` cannot" if answer else "`python flow.py spin`"
    what = f"{scale.width:,}-way join"
    samples = [Sample(f"{what}: first `%spin`", first), Sample(f"{what}: `%spin` again", again)]
    said = f"The command line says: `{answer}`" if answer else "The command line can do it."
    return Chapter(
        "A wide foreach",
        samples,
        [
            Figure(f"{samples[0].name}", samples[0].median, peer, target=Target("limit", 0.6), short=True),
            Figure(f"{samples[1].name}", samples[1].median, peer, target=Target("limit", 0.1), short=True),
        ],
        [f"In new kernels that have spun a step of another flow. {said}"],
    )
