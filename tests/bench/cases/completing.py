"""The Tab key among many runs."""

from __future__ import annotations

import shutil

from tqdm import tqdm

from tests.bench.cases.latest import FILE, FLOW, add_runs
from tests.bench.figures import Chapter, Figure, Sample, Target
from tests.bench.kernel import fresh_kernel
from tests.bench.place import Place

RUNS, ROUNDS = 1000, 50
STEP = "end"
LINES = {
    "FLOW": "%spin ",
    "STEP": f"%spin {FLOW} ",
    "`--from`": f"%spin {FLOW} {STEP} --from ",
    "`--set`": f"%spin {FLOW} {STEP} --set ",
    "options": f"%spin {FLOW} {STEP} -",
}
HOW = (
    "From sending a `complete_request` until its reply, in one kernel in a folder with so many runs. The "
    "first press is counted apart: it imports Metaflow."
)


def measure(place: Place) -> Chapter:
    """Time the key at each word of a line."""
    runs = min(RUNS, place.scale.runs)
    few = place.project(FILE.removesuffix(".py"))
    folder = few.with_name("completing")
    shutil.copytree(few, folder)
    add_runs(folder, runs)
    chapter = Chapter("The Tab key", remarks=[HOW])
    with fresh_kernel(folder) as kernel:
        first, _ = kernel.complete(LINES["STEP"])
        for what, line in LINES.items():
            took = []
            for _ in tqdm(range(ROUNDS + 1), desc=f"Tab: {what}", leave=False, position=1):
                seconds, offered = kernel.complete(line)
                if not offered:
                    raise SystemExit(f"Nothing was offered after {line!r}.")
                took.append(seconds)
            sample = Sample(f"{runs:,} runs: Tab for {what}", took[1:])
            chapter.samples.append(sample)
            chapter.figures.append(
                Figure(sample.name, sample.median, target=Target("limit", 0.050), short=what == "`--from`")
            )
    chapter.samples.append(Sample(f"{runs:,} runs: Tab for STEP, the first in a kernel", [first]))
    return chapter
