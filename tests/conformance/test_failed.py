"""Tasks that failed, were killed, or could not pickle an output: the ones that people need to spin."""

from __future__ import annotations

import threading

import pytest

from spin_magic import spin
from tests.conformance.cases import FAILING, Case
from tests.conformance.compare import compare_artifacts
from tests.conformance.runs import RealRun

MENDED = "self.partial = self.input + 1\nself.finished = self.how\nself.next(self.join)\n"
each_failure = pytest.mark.parametrize("case", FAILING, ids=lambda case: case.id)


def failed_task(real_run: RealRun) -> str:
    """Give RUN/STEP/TASK of the task that did not finish."""
    task = real_run.task("work", 1)
    assert not task["successful"]
    return task["pathspec"].partition("/")[2]


@each_failure
def test_tasks_that_succeeded_beside_it(case: Case, real_run: RealRun):
    good = [(step, task) for step, task in real_run.tasks() if task["successful"]]
    assert [step for step, _ in good].count("work") >= 1
    for _, task in good:
        result = spin(case.flow, task["pathspec"].partition("/")[2])
        assert compare_artifacts(task["artifacts"], result, task["pathspec"]) == []


@each_failure
def test_mended_body(case: Case, real_run: RealRun):
    result = spin(case.flow, failed_task(real_run), body=MENDED)

    assert result.ok
    assert result["partial"] == 2
    assert result["finished"] == case.id.partition("_")[2]
    assert result["ready"] == {"yes": True}
    assert result["items"] == [0, 1, 2]
    assert result.next == ("join",)
    assert (result.inputs.index, str(result.inputs.value)) == (1, "1")


@pytest.mark.parametrize("case", [c for c in FAILING if c.id == "failing_raise"], ids=lambda case: case.id)
def test_same_exception(case: Case, real_run: RealRun):
    result = spin(case.flow, failed_task(real_run), check=False)

    assert not result.ok
    assert type(result.error).__name__ == "OwnFailure"
    assert result.error.args == ("at", 1)
    assert result["partial"] == 2
    assert "finished" not in result.artifacts
    with pytest.raises(Exception, match="at") as caught:
        spin(case.flow, failed_task(real_run))
    assert type(caught.value).__name__ == "OwnFailure"
    assert "OwnFailure" in real_run.log


@pytest.mark.parametrize("case", [c for c in FAILING if c.id == "failing_exit"], ids=lambda case: case.id)
def test_exit_is_handed_over(case: Case, real_run: RealRun):
    result = spin(case.flow, failed_task(real_run), check=False)

    assert isinstance(result.error, SystemExit)
    assert result.error.code == 3


@pytest.mark.parametrize("case", [c for c in FAILING if c.id == "failing_pickle"], ids=lambda case: case.id)
def test_unpicklable_output_is_shown_and_named(case: Case, real_run: RealRun):
    result = spin(case.flow, failed_task(real_run))

    assert result.ok
    assert isinstance(result.self.lock, type(threading.Lock()))
    assert any("lock" in note for note in result.notes)


def test_caught_exception_is_the_steps_own(run_of):
    real_run = run_of("decorators")
    task = real_run.task("caught")["pathspec"].partition("/")[2]

    result = spin("decorators.py", task, check=False)

    assert isinstance(result.error, ZeroDivisionError)
    assert result["before_problem"] == 1
    assert any("@catch" in note for note in result.notes)


def test_secrets_and_environment_are_gone_afterwards(run_of, monkeypatch):
    import os

    real_run = run_of("decorators")
    monkeypatch.delenv("SPIN_OTHER", raising=False)
    monkeypatch.setenv("SPIN_COLOUR", "blue")
    for step, expected in (("start", ("colour", "red")), ("secret", ("hush", "hush2"))):
        task = real_run.task(step)["pathspec"].partition("/")[2]
        assert spin("decorators.py", task)[expected[0]] == expected[1]

    assert os.environ["SPIN_COLOUR"] == "blue"
    assert "SPIN_SECRET" not in os.environ
    assert "SPIN_OTHER" not in os.environ


def test_without_cards_a_step_may_still_append_to_them(run_of):
    real_run = run_of("cards")
    task = real_run.task("many")

    result = spin("cards.py", task["pathspec"].partition("/")[2], cards=False)

    assert compare_artifacts(task["artifacts"], result, task["pathspec"]) == []
    assert result.cards == []


def test_cards_do_not_change_the_artifacts(run_of):
    real_run = run_of("cards")
    wrong = []
    cards = {}
    for step, task in real_run.tasks():
        result = spin("cards.py", task["pathspec"].partition("/")[2], cards=True)
        wrong += compare_artifacts(task["artifacts"], result, task["pathspec"])
        cards[step] = [(card.type, card.id) for card in result.cards]

    assert wrong == []
    assert cards["end"] == []
    assert cards["start"] == [("default", None)]
    assert sorted(cards["many"], key=str) == [("blank", "first"), ("blank", "second"), ("default", None)]
