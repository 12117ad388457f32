"""Metaflow's own tutorials, which no one here wrote: run as they are, and every step spun."""

from __future__ import annotations

import shutil
from pathlib import Path

import metaflow
import pytest

from spin_magic import spin
from tests.conformance.cases import Case
from tests.conformance.compare import compare_artifacts
from tests.conformance.runs import RealRun, read, run

TUTORIALS = Path(metaflow.__file__).parent / "tutorials"
# The third reads the second's result. The later ones need conda or a cloud.
CASES = [
    Case("helloworld", "helloworld.py", "HelloFlow", "helloworld.py"),
    Case("playlist", "playlist.py", "PlayListFlow", "playlist.py"),
    Case("statistics", "stats.py", "MovieStatsFlow", "stats.py"),
    Case("redux", "playlist_redux.py", "PlayListFlow", "playlist_redux.py"),
]
FILES = {
    "helloworld.py": "00-helloworld/helloworld.py",
    "playlist.py": "01-playlist/playlist.py",
    "movies.csv": "01-playlist/movies.csv",
    "stats.py": "02-statistics/stats.py",
    "playlist_redux.py": "03-playlist-redux/playlist.py",
}
# The tutorials draw at random and list a set: what differs from run to run there is compared without
# order, or by its type alone.
DRAWN = {
    ("playlist", "bonus_movie"): {"bonus": type},
    ("playlist", "genre_movies"): {"movies": sorted},
    ("statistics", "start"): {"genres": sorted},
    ("redux", "bonus_movie"): {"bonus": type},
    ("redux", "genre_movies"): {"movies": sorted},
}


@pytest.fixture(scope="module")
def tutorials(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, RealRun]]:
    """A folder with the tutorials, each run once."""
    folder = tmp_path_factory.mktemp("tutorials")
    (folder / ".metaflow").mkdir()
    for name, source in FILES.items():
        shutil.copy(TUTORIALS / source, folder / name)
    runs = {}
    for case in CASES:
        run_id, log = run(folder, case)
        runs[case.id] = RealRun(case, run_id, log, read(folder, case, run_id))
    return folder, runs


@pytest.mark.parametrize("name", [case.id for case in CASES])
def test_every_step_of_a_tutorial(name: str, tutorials, project, monkeypatch):
    folder, runs = tutorials
    monkeypatch.chdir(folder)
    real_run = runs[name]
    wrong = []
    for step, task in real_run.tasks():
        result = spin(real_run.case.flow, task["pathspec"].partition("/")[2])
        drawn = DRAWN.get((name, step), {})
        expected = {k: v for k, v in task["artifacts"].items() if k not in drawn}
        found = compare_artifacts(expected, result, task["pathspec"])
        wrong += [text for text in found if not _is_drawn(text, drawn)]
        for artifact, same in drawn.items():
            before = next(row.before for row in result.diff() if row.name == artifact)
            assert same(result[artifact]) == same(before)

    assert wrong == []
    assert {step for step, _ in real_run.tasks()} >= {"start", "end"}


def _is_drawn(text: str, drawn: dict) -> bool:
    return any(f": {name} is in the spin and not in the run" in text for name in drawn)


def test_a_seed_makes_a_drawn_step_repeatable(tutorials, project, monkeypatch):
    folder, runs = tutorials
    monkeypatch.chdir(folder)
    step = f"{runs['playlist'].run_id}/genre_movies"

    first, second = (spin("playlist.py", step, seed=7)["movies"] for _ in range(2))

    assert len(first) > 10
    assert first == second
