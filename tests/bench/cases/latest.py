"""The latest run among thousands."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

from tqdm import tqdm

from tests.bench.figures import Chapter, Figure, Sample, Target, amount
from tests.bench.place import Place, inside, latest_run

FILE, FLOW = "manyflow.py", "ManyFlow"
FEW = 5


ROUNDS = 3
HOW = (
    "Whole spins of a step that does next to nothing, in processes that take turns. The first in a process "
    "comes after a spin of another flow. The runs are links to the files of one real run, with names and "
    "times of their own; the latest is the real one."
)


def measure(place: Place) -> Chapter:
    """Time spins of a tiny step among few runs and among many, by turns."""
    scale = place.scale
    few = place.project("manyflow")
    many = few.with_name("manyflow_many")
    begun = time.perf_counter()
    shutil.copytree(few, many)
    add_runs(few, FEW)
    add_runs(many, scale.runs)
    place.spent[f"{scale.runs:,} runs"] = time.perf_counter() - begun

    answers: dict[Path, list[Any]] = {few: [], many: []}
    for _ in tqdm(range(ROUNDS), desc="the latest run", leave=False, position=1):
        for folder, found in answers.items():
            found.append(inside("looks", folder, file=FILE, step="end", times=scale.looks))
    by = {}
    for folder, count in ((few, FEW), (many, scale.runs)):
        first = [answer["first"] for answer in answers[folder]]
        again = [seconds for answer in answers[folder] for seconds in answer["again"]]
        by[folder, "first"] = Sample(f"{count:,} runs: first `spin()` in a process", first)
        by[folder, "again"] = Sample(f"{count:,} runs: `spin()`", again)

    what, peer = f"the latest run among {scale.runs:,}", f"us, among {FEW}"
    warm, first = ([by[folder, which].median for folder in (many, few)] for which in ("again", "first"))
    figures = [
        Figure(f"{what}: `spin()`", warm[0], peer, warm[1], Target("share", 1.2), short=True),
        Figure(f"{what}: first `spin()` in a process", first[0], f"{peer}: {amount(first[1], 's')}"),
    ]
    return Chapter("The latest run among thousands", [*by.values()], figures, [HOW])


def add_runs(folder: Path, count: int) -> None:
    """Copy the latest run until there are so many, each a minute older than the last."""
    real = latest_run(folder, FLOW)
    for back in tqdm(range(1, count), desc=f"{count} runs", leave=False, position=1):
        number = int(real.name) - back * 60_000_000
        copy = real.with_name(str(number))
        if copy.exists():  # another case has begun with them
            continue
        shutil.copytree(real, copy, copy_function=os.link)
        for file in copy.rglob("_self.json"):
            said = json.loads(file.read_text(encoding="utf-8"))
            said |= {"run_number": str(number), "ts_epoch": said["ts_epoch"] - back * 60_000}
            file.unlink()  # it is a link: writing would change the real run's
            file.write_text(json.dumps(said), encoding="utf-8")
