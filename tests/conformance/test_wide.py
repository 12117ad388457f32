"""A foreach of 1,000 tasks: its join sees all of them, in split order."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from spin_magic import spin
from tests.conformance.cases import Case
from tests.conformance.compare import compare_artifacts
from tests.conformance.runs import read, run

LAUNCHER = Path(__file__).parent / "fork_run.py"
WIDE = Case(
    "wide_1000", "wide.py", "WideFlow", "wide.py", arguments=("--width", "1000", "--max-num-splits", "1000")
)


@pytest.mark.slow
def test_join_of_a_thousand(project: Path):
    run_id, _ = run(project, WIDE, LAUNCHER)
    expected = read(project, WIDE, run_id, ("join", "end"))["join"][0]
    begun = time.perf_counter()

    result = spin("wide.py", f"{run_id}/join")

    assert compare_artifacts(expected["artifacts"], result, "join") == []
    assert result["places"] == list(range(1000))
    assert len(result.inputs.tasks) == 1000
    assert time.perf_counter() - begun < 60
    assert spin("wide.py", f"{run_id}/work", index=731)["place"] == 731
