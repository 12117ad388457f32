"""Steps that follow what was spun here, with a run and without one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from spin_magic import spin, spin_flow
from spin_magic.errors import SpinError
from spin_magic.splits import spin_splits
from tests.conformance.cases import ONE_BY_NAME, Case
from tests.conformance.compare import compare_artifacts, compare_private
from tests.conformance.describe import describe

FLOW = "chained.py"
FIRST = ("configs", "inherit", "custom_ends", "single_step", "switch_big", "classes", "stateful")
MANY = ("mid", "leaf", "inner_join")
STEPS = ("start", "mid", "leaf", "inner_join", "outer_join", "fork", "left", "right", "both", "end")


@pytest.fixture(autouse=True)
def nothing_spun(monkeypatch):
    monkeypatch.setattr("spin_magic.loop.session._spun", {})


@pytest.fixture
def alone(project: Path, tmp_path: Path, monkeypatch) -> Path:
    """A folder with the flow and without a run."""
    shutil.copy(project / FLOW, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def beside_a_run(run_of, monkeypatch) -> str:
    return run_of("chained").run_id


def chain(*steps: str, **options) -> dict[str, list]:
    return {
        step: spin_splits(FLOW, step, **options) if step in MANY else [spin(FLOW, step, **options)]
        for step in steps
    }


def test_a_whole_flow_is_spun_without_a_run(run_of, alone: Path):
    real = run_of("chained")
    spun = chain(*STEPS)
    for step in STEPS:
        assert len(spun[step]) == len(real.steps[step])
        stacks = {str(describe(each.self._foreach_stack)): each for each in spun[step]}
        for task in real.steps[step]:
            result = stacks[str(task["private"]["_foreach_stack"])]
            assert compare_artifacts(task["artifacts"], result, step) == []
            assert compare_private(task["private"], result, step) == []
    assert [path.name for path in alone.iterdir() if path.name != "__pycache__"] == [FLOW]


def test_it_says_that_there_is_no_run(alone: Path):
    start = spin(FLOW, "start", set={"width": 1})
    assert "No run of ChainedFlow yet" in start.inputs.why
    assert start.notes == []
    mid = spin(FLOW, "mid")
    assert mid["outer"] == [1]
    assert "No run can feed `mid`, so it takes what was spun" in mid.inputs.why
    assert "task 1 of 1, index 0, input='1'" in mid.inputs.why
    assert mid.diff() == []
    assert mid.tasks() == []
    assert "text/html" in mid._repr_mimebundle_()


def test_a_parameter_without_a_default_is_asked_for(alone: Path):
    file = alone / FLOW
    file.write_text(file.read_text().replace('"width", default=2', '"width", type=int, required=True'))
    with pytest.raises(SpinError, match="Parameter 'width' has no default: give it with --set width="):
        spin(FLOW, "start")
    assert spin(FLOW, "start", set={"width": 1})["outer"] == [1]
    assert spin(FLOW, "mid")["width"] == 1


@pytest.mark.parametrize(
    ("before", "step", "options", "says"),
    [
        ((), "mid", {}, "has no run .* Or spin `start` here first"),
        ((), "mid", {"source": "spin"}, "No parent of `mid` has been spun here yet: spin `start` first"),
        (
            ("start",),
            "mid",
            {"index": 2},
            r"Index 2 is out of range: `start`, as it was spun, has 2 splits, 0 to 1",
        ),
        (("start",), "mid", {"value": 7}, r"`start`, as it was spun, has the value 7; there are: 1, 2"),
        (("start",), "leaf", {}, "Or spin `mid` here first"),
        (("start",), "end", {"index": 1}, "has no run"),
        (("start", "mid"), "inner_join", {}, "Or spin `leaf` here first"),
    ],
)
def test_what_is_missing_is_named(alone: Path, before, step, options, says):
    chain(*before)
    with pytest.raises(SpinError, match=says):
        spin(FLOW, step, **options)


def test_a_join_names_the_splits_that_are_missing(alone: Path):
    spin(FLOW, "start")
    spin(FLOW, "mid", index=1)
    spin(FLOW, "leaf", index=1)
    says = r"Only 1 of the 2 splits of `leaf` have been spun here.*%spin ChainedFlow leaf --all-splits"
    with pytest.raises(SpinError, match=says):
        spin(FLOW, "inner_join", source="spin")


def test_a_branch_that_is_missing_is_named(alone: Path):
    chain(*STEPS[:7])
    with pytest.raises(SpinError, match="`right`, which `both` needs, has not been spun here"):
        spin(FLOW, "both", source="spin")


def test_a_longer_list_than_the_run_had(beside_a_run: str):
    spin(FLOW, "start", set={"width": 3, "words": ["p", "q", "r"]})
    with pytest.raises(
        SpinError, match=r"has 2 splits, 0 to 1\. What was spun here can feed it: add --from spin"
    ):
        spin(FLOW, "mid", index=2)
    third = spin(FLOW, "mid", source="spin", index=2)
    assert (third["inner"], third.origin) == (["p", "q", "r"], None)
    results = spin_splits(FLOW, "mid", source="spin")
    assert [each.self.input for each in results] == [1, 2, 3]
    assert [each.origin is None for each in results] == [False, False, True]


def test_a_join_over_a_spun_foreach_takes_the_splits_in_order(beside_a_run: str):
    body = "self.pair = (self.input, 'spun')\nself.next(self.inner_join)"
    results = spin_splits(FLOW, "leaf", body=body)
    assert [each.inputs.value for each in results] == ["x", "x", "y"]
    joined = spin_splits(FLOW, "inner_join", source="spin")
    assert [each["pairs"] for each in joined] == [[("x", "spun")], [("x", "spun"), ("y", "spun")]]
    assert "2 inputs from `leaf`" in joined[1].inputs.why
    assert "2 spun here" in joined[1].inputs.why
    outer = spin(FLOW, "outer_join", source="spin")
    assert outer["all_pairs"] == [each["pairs"] for each in joined]


def test_a_run_fills_in_what_was_not_spun(beside_a_run: str):
    spin(FLOW, "left", body="self.side = 100\nself.next(self.both)")
    both = spin(FLOW, "both", source="spin")
    assert both["sides"] == [100, 6]
    assert f"1 from run {beside_a_run} (`right`), 1 spun here" in both.inputs.why
    assert spin(FLOW, "both")["sides"] == [2, 6]


def test_a_split_spun_again_takes_its_own_place_alone(alone: Path):
    chain("start", "mid", "leaf")
    spin(FLOW, "leaf", body="self.pair = 'again'\nself.next(self.inner_join)", index=1)
    pairs = [each["pairs"] for each in spin_splits(FLOW, "inner_join")]
    assert [[getattr(pair, "a", pair) for pair in each] for each in pairs] == [["x"], ["x", "again"]]


def test_splits_of_an_older_list_are_not_taken(alone: Path):
    chain("start", "mid", "leaf", "inner_join")
    spin(FLOW, "start", set={"width": 1})
    with pytest.raises(SpinError, match="Only 0 of the 1 splits of `inner_join`"):
        spin(FLOW, "outer_join", source="spin")


def test_inputs_that_stand_on_older_ones_are_told(alone: Path):
    chain("start", "mid", "leaf")
    assert "before" not in spin(FLOW, "leaf", index=1).inputs.why
    assert "before" not in spin_splits(FLOW, "inner_join")[1].inputs.why
    spin(FLOW, "mid", index=1)
    first, second = spin_splits(FLOW, "inner_join")
    assert "before" not in first.inputs.why
    assert second.inputs.why.endswith("`leaf` was spun before `mid` was spun last.")


def test_a_split_that_fails_does_not_stop_the_others(alone: Path):
    chain("start", "mid")
    body = "assert self.index or len(self.inner) == 1, 'odd'\nself.pair = 1\nself.next(self.inner_join)"
    with pytest.raises(AssertionError, match="odd") as caught:
        spin_splits(FLOW, "leaf", body=body)
    assert caught.value.__notes__ == ["1 of 3 splits of `leaf` failed; this is 1, 0, input='x'."]
    results = spin_splits(FLOW, "leaf", body=body, check=False)
    assert [each.ok for each in results] == [True, False, True]
    bundle = results._repr_mimebundle_()
    assert "AssertionError: odd" in bundle["text/plain"]
    assert "1 of 3 failed" in bundle["text/html"]
    joins = spin_splits(FLOW, "inner_join", check=False)
    assert [each.ok for each in joins] == [True, False]
    assert "Only 1 of the 2 splits of `leaf`" in str(joins[1].error)


def test_an_interrupt_stops_them_all(alone: Path):
    chain("start", "mid")
    told = []
    with pytest.raises(KeyboardInterrupt):
        spin_splits(FLOW, "leaf", body="raise KeyboardInterrupt", progress=lambda *said: told.append(said))
    assert told == [(0, 3, 0), (1, 3, 1)]


@pytest.mark.parametrize(
    ("step", "options", "says"),
    [
        ("end", {}, "`end` is not inside a foreach: leave out --all-splits"),
        ("outer_join", {}, "`outer_join` is not inside a foreach"),
        ("mid", {"index": 1}, "leave --index, --value and the task out"),
        ("leaf", {}, "Or spin `mid` here first"),
        ("mid", {"last": 0}, "N is 1 or more"),
    ],
)
def test_all_splits_of_what_has_none(alone: Path, step, options, says):
    spin(FLOW, "start")
    with pytest.raises(SpinError, match=says):
        spin_splits(FLOW, step, **options)


def test_the_tasks_of_the_latest_runs(beside_a_run: str):
    results = spin_splits(FLOW, "leaf", last=2)
    assert results.labels[0] == f"run {beside_a_run}, split 0, 0, input='x'"
    assert [row.status for each in results for row in each.diff() if row.status != "same"] == []
    assert len(spin_splits(FLOW, "leaf", last=1, index=0)) == 2


def test_a_whole_foreach_of_the_run(beside_a_run: str):
    results = spin_splits(FLOW, "mid", set={"words": ["u", "v"]})
    assert [each["inner"] for each in results] == [["u"], ["u", "v"]]
    assert "2 changed" in results._repr_mimebundle_()["text/plain"]
    assert {each.origin.split("/")[1] for each in results} == {beside_a_run}


def test_the_picture_says_which_steps_stand_on_spun_inputs(alone: Path):
    chain("start", "mid")
    overview = spin_flow(FLOW)
    assert overview["mid"].spun.on == ("start",)
    assert overview["start"].spun.on == ()
    text = overview._repr_mimebundle_()["text/plain"]
    assert "on spun inputs of start" in text


@pytest.mark.parametrize("case", [ONE_BY_NAME[name] for name in FIRST], ids=lambda case: case.id)
def test_the_first_step_starts_as_in_a_run(case: Case, real_run, project: Path, tmp_path: Path, monkeypatch):
    folder = tmp_path / "alone"
    shutil.copytree(project, folder, ignore=shutil.ignore_patterns(".metaflow", "__pycache__"))
    monkeypatch.chdir(folder)
    step = next(iter(spin_flow(case.flow).steps))
    task = real_run.steps[step][0]
    result = spin(case.flow, step)
    assert compare_artifacts(task["artifacts"], result, step) == []
    assert compare_private(task["private"], result, step) == []


def test_a_loop_goes_on_where_it_was_spun(run_of, project: Path, alone: Path):
    real = run_of("recursive")
    shutil.copy(project / "recursive.py", alone)
    spin("recursive.py", "start")
    for task in real.steps["loop"]:
        result = spin("recursive.py", "loop")
        assert compare_artifacts(task["artifacts"], result, "loop") == []
        assert compare_private(task["private"], result, "loop") == []
    after = spin("recursive.py", "after")
    assert compare_artifacts(real.steps["after"][0]["artifacts"], after, "after") == []
    assert compare_private(real.steps["after"][0]["private"], after, "after") == []
