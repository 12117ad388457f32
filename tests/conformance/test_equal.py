"""Every task of every run is spun unedited and must leave behind what the run left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from spin_magic import spin
from tests.conformance.bodies import read_steps
from tests.conformance.cases import CASES, Case
from tests.conformance.compare import compare_artifacts, compare_private
from tests.conformance.runs import RealRun

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)


def spin_all(case: Case, real_run: RealRun, bodies: dict[str, str] | None = None) -> list[str]:
    """Spin every successful task and say what differs."""
    wrong: list[str] = []
    for step, task in real_run.tasks():
        if step in case.unequal:
            continue
        where = task["pathspec"]
        body = bodies[step] if bodies else None
        try:
            result = spin(case.flow, where.partition("/")[2], body=body)
        except Exception as error:
            wrong.append(f"{where}: {type(error).__name__}: {error}")
            continue
        wrong += compare_artifacts(task["artifacts"], result, where)
        wrong += compare_private(task["private"], result, where)
        if result.origin != where:
            wrong.append(f"{where}: its origin is said to be {result.origin}")
    return wrong


@each_case
def test_oracle_saw_all_steps(case: Case, real_run: RealRun, project: Path):
    """A comparison of nothing with nothing would be equal too."""
    steps = read_steps(project, case.flow_class)
    assert set(real_run.steps) <= set(steps)
    assert all(task["artifacts"] for _, task in real_run.tasks())
    assert {step for step, task in real_run.tasks() if not task["successful"]} == set(case.unequal)


@each_case
def test_unedited(case: Case, real_run: RealRun):
    assert spin_all(case, real_run) == []


@each_case
def test_body_as_text(case: Case, real_run: RealRun, project: Path):
    bodies = {step: text.body for step, text in read_steps(project, case.flow_class).items()}
    assert spin_all(case, real_run, bodies) == []


@each_case
def test_whole_def_as_text(case: Case, real_run: RealRun, project: Path):
    wholes = {step: text.whole for step, text in read_steps(project, case.flow_class).items()}
    assert spin_all(case, real_run, wholes) == []


def test_all_tasks_were_reached(run_of):
    """The runs have the tasks that the flows were written for."""
    counts = {step: len(tasks) for step, tasks in run_of("recursive").steps.items()}
    assert counts == {"start": 1, "loop": 4, "after": 1, "second": 4, "end": 1}
    counts = {step: len(tasks) for step, tasks in run_of("nested").steps.items()}
    assert counts["leaf"] == counts["up"] == counts["sides"] == 6
    assert counts["inner_join"] == counts["mid"] == 3
    assert "small" not in run_of("switch_big").steps
    assert len(run_of("wide").steps["work"]) == 60
