"""Steps that the flow file does not have yet: spun after others, they chain to a whole flow."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from spin_magic import spin
from spin_magic.authoring import spin_new
from spin_magic.errors import CellError, SpinError, TaskError
from spin_magic.loop import new_steps, session
from spin_magic.loop.request import Request, find_code
from spin_magic.splits import spin_splits
from tests.conformance.compare import compare_artifacts, compare_private
from tests.conformance.describe import describe

FLOW = "chained.py"
AFTER = {
    "mid": ["start"],
    "leaf": ["mid"],
    "inner_join": "leaf",
    "outer_join": ["inner_join"],
    "fork": ["outer_join"],
    "left": ["fork"],
    "right": "fork",
    "both": ["left", "right"],
}
MANY = ("mid", "leaf", "inner_join")


@pytest.fixture(autouse=True)
def nothing_spun(monkeypatch):
    monkeypatch.setattr("spin_magic.loop.session._spun", {})


@pytest.fixture
def texts(project: Path, tmp_path: Path, monkeypatch) -> dict[str, str]:
    """The steps of the flow as cells, in a folder where its file has the first step and the last alone."""
    text = (project / FLOW).read_text()
    steps = {node.name: node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}
    whole = {
        name: "\n".join(text.splitlines()[node.lineno - 2 : node.end_lineno]) for name, node in steps.items()
    }
    for name in AFTER:
        text = text.replace(whole[name], "")
    text = text.replace('self.next(self.mid, foreach="outer")', "self.next(self.end)")
    (tmp_path / FLOW).write_text(text.replace("self.total = sum(self.sides)", "pass"))
    monkeypatch.chdir(tmp_path)
    return whole


def test_a_flow_is_written_step_by_step_without_a_run(run_of, texts: dict[str, str]):
    real = run_of("chained")
    spun = {"start": [spin(FLOW, "start", body=texts["start"])]}
    assert "leads to `mid`, which is not in chained.py yet" in spun["start"][0].notes[0]
    for step, after in AFTER.items():
        call = spin_splits if step in MANY else spin
        made = call(FLOW, step, body=texts[step], after=after)
        spun[step] = made if step in MANY else [made]
        assert f"`{step}` is not in chained.py yet: %spin_save puts it in." in spun[step][0].notes
    spun["end"] = [spin(FLOW, "end", body=texts["end"])]
    for step, tasks in real.steps.items():
        if step == "_parameters":
            continue
        stacks = {str(describe(each.self._foreach_stack)): each for each in spun[step]}
        assert len(spun[step]) == len(stacks) == len(tasks)
        for task in tasks:
            result = stacks[str(task["private"]["_foreach_stack"])]
            assert compare_artifacts(task["artifacts"], result, step) == []
            assert compare_private(task["private"], result, step) == []


def test_the_session_keeps_their_texts_for_saving(texts: dict[str, str]):
    spin(FLOW, "start")
    spin(FLOW, "extra", body="self.more = self.width + 1", after="start")
    code = find_code(Request(flow=FLOW, step=""))
    kept = new_steps.new_steps(code)
    assert {step: (each.body, each.after) for step, each in kept.items()} == {
        "extra": ("self.more = self.width + 1", ("start",))
    }
    assert session.last(session.key(code, "extra")).on == ("start",)


def test_a_bare_body_comes_between_its_parent_and_what_that_led_to(texts: dict[str, str]):
    spin(FLOW, "start")
    spin(FLOW, "one", body="self.n = 1", after="start")
    spin(FLOW, "two", body="self.n += 1", after="one")
    assert spin(FLOW, "two")["n"] == 2
    end = spin(FLOW, "end", body="self.total = self.n")
    assert end["total"] == 2
    assert end.inputs.task.split("/")[2] == "two"
    # Once more, with another parent text: the steps keep their places.
    spin(FLOW, "one", body="self.n = 10\nself.next(self.two)")
    assert spin(FLOW, "two")["n"] == 11


def test_two_new_steps_become_branches_once_a_join_meets_them(texts: dict[str, str]):
    spin(FLOW, "start")
    spin(FLOW, "a", body="self.n = 1\nself.next(self.meet)", after="start")
    spin(FLOW, "b", body="self.n = 2\nself.next(self.meet)", after="start")
    meet = spin(
        FLOW, "meet", body="self.ns = [inputs.a.n, inputs.b.n]\nself.next(self.end)", after=["a", "b"]
    )
    assert meet["ns"] == [1, 2]
    assert spin(FLOW, "end", body="self.total = sum(self.ns)")["total"] == 3


def test_a_new_step_beside_a_run(run_of):
    run = run_of("chained").run_id
    from_run = spin(FLOW, "extra", body="self.more = self.total + 1", after="both", set={"total": 1})
    assert f"run {run}" in from_run.inputs.why
    spin(FLOW, "both", body="self.total = 41\nself.next(self.end)")
    assert spin(FLOW, "extra")["more"] == 42
    assert f"run {run}" in spin(FLOW, "extra", run=run, set={"total": 2}).inputs.why
    with pytest.raises(SpinError, match="already"):
        spin(FLOW, "left", body="pass", after="fork")


def test_a_new_step_in_a_foreach_of_a_run(run_of):
    run_of("chained")
    each = spin_splits(FLOW, "extra", body="self.more = (self.input, self.inner)", after="mid", source="run")
    assert [result["more"] for result in each][-1] == ("y", ["x", "y"])


def test_a_step_that_was_saved_is_no_longer_new(texts: dict[str, str]):
    spin(FLOW, "start")
    spin(FLOW, "one", body="self.n = 1\nself.next(self.end)", after="start")
    file = Path(FLOW)
    text = file.read_text().replace("self.next(self.end)", "self.next(self.one)", 1)
    file.write_text(
        text.replace(
            "    @step\n    def end",
            "    @step\n    def one(self):\n        self.next(self.end)\n\n    @step\n    def end",
        )
    )
    assert spin(FLOW, "one").notes == []
    assert spin(FLOW, "end", source="spin").inputs.task.split("/")[2] == "one"


@pytest.mark.parametrize(
    ("step", "body", "after", "says"),
    [
        ("new", "pass", "nope", "--after nope: flow ChainedFlow has no such step, and none was spun here"),
        ("new", "pass", "strat", "Did you mean 'start'"),
        ("new", "pass", "end", "--after end: that is the last step"),
        ("start", "pass", "end", "has a step `start` already"),
        ("width", "pass", "start", "something else called `width`"),
        ("next", "pass", "start", "something else called `next`"),
        ("class", "pass", "start", "'class' cannot be the name of a step"),
        ("2nd", "pass", "start", "'2nd' cannot be the name of a step"),
        ("new", "self.x = [i for i in inputs]", "start", "`start` is in no branch or foreach"),
        ("new", None, "start", "`new` is not in the flow file yet: write its text"),
        ("new", "pass", (), "A cell of a new step says what leads to it: --after PARENT"),
        ("new", "pass", "start", "Or spin `start` here first"),
    ],
)
def test_bad_input(texts: dict[str, str], step, body, after, says):
    with pytest.raises(SpinError, match=says):
        spin(FLOW, step, body=body, after=after)


def test_a_join_that_splits_is_refused_in_words(project, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spin_new("TinyFlow")
    spin("tinyflow.py", "start", body="self.xs = [1, 2]\nself.next(self.each, foreach='xs')")
    spin_splits("tinyflow.py", "each", body="self.next(self.gather)", after="start")
    body = "@step\ndef gather(self, inputs):\n    self.next(self.a, self.b)"
    with pytest.raises(CellError, match="joins lead to one step, not to a and b"):
        spin("tinyflow.py", "gather", body=body, after="each")


def test_a_step_that_nothing_leads_to_says_so(project, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spin_new("LoneFlow")
    spin("loneflow.py", "start", body="self.next(self.other)")
    with pytest.raises(TaskError, match="Nothing leads to `end`"):
        spin("loneflow.py", "end", source="spin")
