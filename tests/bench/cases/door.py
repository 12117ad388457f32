"""What `%load_ext spin_magic` costs a notebook that may never spin."""

from __future__ import annotations

import sys

from tests.bench.figures import Chapter, Figure, Sample, Target
from tests.bench.place import Place, call, repeat

TIMED = """
import time
begun = time.perf_counter()
get_ipython().run_line_magic("load_ext", "spin_magic")
print(time.perf_counter() - begun)
"""


def measure(place: Place) -> Chapter:
    """Time it in fresh processes of IPython."""
    command = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", TIMED]

    def load() -> float:
        return float(call(command, place.folder).split()[-1])

    load()
    sample = Sample("`%load_ext spin_magic`", repeat(place.scale.processes, "%load_ext", load))
    return Chapter(
        "Loading the extension",
        [sample],
        [Figure(sample.name, sample.median, target=Target("limit", 0.020), short=True)],
        ["Each in a fresh process of IPython, after one that is not counted."],
    )
