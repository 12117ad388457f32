"""The first load of large artifacts, nothing in any cache, against Metaflow's Client."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tqdm import tqdm

from tests.bench.cases.large import FILE, FLOW, project
from tests.bench.figures import Chapter, Figure, Sample, Target
from tests.bench.place import Place, inside, latest_run

HOW = (
    "Each load is the first of a fresh process, with empty caches of both sides' own; the files of the "
    "datastore are in the system's page cache for both, and the two take turns, each on a disk with "
    "nothing left to write. The Client's load is "
    "`.data` of each artifact of a task already found; ours is what the body of a spin waits for the same "
    "artifacts. With finding the task: from `Task(...)` on, and the whole `spin()` with all that it does "
    "after the body. Both sides then sum all numbers, since a mapped frame is read when it is used; the "
    "sums must be equal."
)
PARTS = {"load": "load", "read": "then reading every number", "whole": "with finding the task"}


def measure(place: Place) -> Chapter:
    """Time the load of one large frame and of four quarters, each side in fresh processes, by turns."""
    scale = place.scale
    folder = project(place)
    chapter = Chapter("Cold loads", remarks=[HOW])
    for what, step, names, share in (
        (scale.large, "one", ["df"], 0.75),
        (f"four of {scale.quarter}", "four", ["a", "b", "c", "d"], 0.5),
    ):
        sides = dict(zip(("Client", "us"), _both(place, folder, what, step, names), strict=True))
        timed = {
            (side, part): Sample(f"{what}: {side}, {PARTS[part]}", [each[part] for each in found])
            for part in PARTS
            for side, found in sides.items()
        }
        chapter.samples += timed.values()
        chapter.figures.append(
            Figure(
                f"cold load of {what}",
                timed["us", "load"].median,
                "Metaflow's Client",
                timed["Client", "load"].median,
                Target("share", share),
                short=True,
            )
        )
    return chapter


def _both(place: Place, folder: Path, what: str, step: str, names: list[str]) -> tuple[list[Any], list[Any]]:
    [start] = [each for each in (latest_run(folder, FLOW) / "start").iterdir() if each.name.isdigit()]
    task = "/".join(start.parts[-4:])
    theirs, ours = [], []

    def client() -> None:
        fresh = {"METAFLOW_CLIENT_CACHE_PATH": str(place.fresh("cold_client"))}
        theirs.append(inside("client", folder, fresh, task=task, names=names))

    def us() -> None:
        fresh = {"SPIN_MAGIC_CACHE_DIR": str(place.fresh("cold_spin"))}
        ours.append(inside("cold", folder, fresh, file=FILE, step=step, names=names))

    for i in tqdm(range(place.scale.cold), desc=f"cold, {what}", leave=False, position=1):
        for side in (client, us) if i % 2 == 0 else (us, client):
            _settle(folder)
            side()
    place.fresh("cold_client")
    place.fresh("cold_spin")
    if {each["total"] for each in theirs} != {each["total"] for each in ours}:
        raise SystemExit(f"The Client and we loaded different numbers: {theirs}, {ours}")
    return theirs, ours


def _settle(folder: Path) -> None:
    """Let the disk finish what the last load wrote, and bring the datastore's files into the page cache."""
    os.sync()
    for file in (folder / ".metaflow" / FLOW / "data").glob("*/*"):
        with file.open("rb") as opened:
            while opened.read(2**24):
                pass
