"""Made-up input: lines, flow files, saves, runs, and values.

Each target makes cases of its own kind; what comes of one is an answer that is right, or an error of ours in
a sentence, within two seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.fuzzing.rounds import play

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

ROOT = Path(__file__).parents[2]
SEED = 20_261_123
# What is played of each with every change, about three seconds.
EXAMPLES = {"lines": 200, "steps": 60, "saves": 100, "resolver": 50, "panels": 60}
TARGETS = {
    "lines": ("option lines of every magic", "the options that were meant, or what is wrong with the line"),
    "steps": ("texts of flow files and cells", "the step that Python sees there, or why there is none"),
    "saves": ("saves of edits", "the step as the cell means it and all other bytes as before, or why not"),
    "resolver": ("folders of runs, damaged ones too", "the task that the rules name, or what is missing"),
    "panels": (
        "values in panels, compared and shown",
        "changed what differs, same what does not; no markup of theirs",
    ),
}


@pytest.fixture(scope="module")
def minutes(request: pytest.FixtureRequest) -> float:
    return request.config.getoption("--fuzz-minutes")


@pytest.fixture(scope="module")
def hour(request: pytest.FixtureRequest, minutes: float) -> Iterator[dict[str, Future[Any]]]:
    """With --full, processes that play, two at a time: one that hangs or crashes is seen from outside."""
    full = request.getfixturevalue("full")
    with ThreadPoolExecutor(2) as pool:
        yield {target: pool.submit(in_a_process, target, minutes) for target in TARGETS} if full else {}


def in_a_process(target: str, minutes: float) -> dict[str, Any]:
    words = [target, "--minutes", str(minutes), "--seed", str(SEED)]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.faults.fuzzing", *words],
        cwd=ROOT,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))},
        capture_output=True,
        text=True,
        timeout=60 * minutes + 900,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-6000:]
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.timeout(3 * 3600)
def test_no_case_breaks_it(
    name: str,
    hour: dict[str, Future[Any]],
    minutes: float,
    request: pytest.FixtureRequest,
    fault: Callable[..., None],
) -> None:
    what, seen = TARGETS[name]
    if hour:
        played = hour[name].result()
        cases, outcomes, rounds = played["cases"], played["outcomes"], played["rounds"]
        seeds, time = played["seeds"], f", {minutes:g} minutes"
    else:
        module = __import__(f"tests.faults.fuzzing.{name}", fromlist=["target"])
        place = request.getfixturevalue("tmp_path") / "place"
        place.mkdir()
        request.getfixturevalue("monkeypatch").chdir(place)
        short = play(module.target(place), SEED, examples=EXAMPLES[name])
        cases, outcomes, rounds, seeds, time = short.cases, short.outcomes, short.rounds, short.seeds, ""
    assert rounds
    assert cases >= EXAMPLES[name] * rounds // 2
    # It is not all nonsense that is refused at the door.
    refused = sum(
        number for outcome, number in outcomes.items() if "refused" in outcome or "no such" in outcome
    )
    assert refused < 0.9 * cases, outcomes
    fault(f"{what} ({seeds}{time})", seen, tried=cases)
