"""What cannot be done is said in a sentence or two of its own, and never in a Metaflow traceback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spin_magic import SpinError, spin, spin_inputs
from spin_magic.settings import SpinMagic
from tests.conformance.runs import RealRun

RUN = "{run}"


@pytest.fixture
def daily(run_of) -> RealRun:
    return run_of("daily")


@pytest.mark.parametrize(
    ("flow", "step", "options", "says"),
    [
        ("DailyFlo", "train", {}, r"no flow DailyFlo .*DailyFlow"),
        ("nosuch.py", "train", {}, "no file nosuch.py"),
        (
            "daily.py",
            "trian",
            {},
            r"no step 'trian'; its steps are start, train, join.* Did you mean 'train'",
        ),
        ("daily.py", "", {}, "is no pathspec"),
        ("daily.py", "a/b/c/d/e", {}, "is no pathspec"),
        ("daily.py", "Other/1/train/2", {}, "flow 'Other', but the flow here is 'DailyFlow'"),
        ("daily.py", "99/train", {}, r"no run '99'. The latest are: \d+"),
        ("daily.py", f"{RUN}/train/999", {}, r"no task '999' of `train`; there are: "),
        ("daily.py", f"{RUN}/small", {}, r"the switch in `decide` led to `big`, not to `small`"),
        ("daily.py", "train", {"index": 7}, r"Index 7 is out of range: .* has 3 splits, 0 to 2"),
        ("daily.py", "train", {"index": -1}, r"Index -1 is out of range"),
        ("daily.py", "train", {"value": "zebra"}, r"has the value 'zebra'; there are: a, b, c"),
        ("daily.py", "train", {"index": 0, "value": "a"}, "--index or --value, not both"),
        ("daily.py", "end", {"index": 1}, "`end` is not inside a foreach"),
        ("daily.py", "train", {"namespace": "user:nobody"}, r"namespace 'user:nobody'; .* user:tester"),
        (
            "daily.py",
            f"{RUN}/train",
            {"namespace": "user:nobody"},
            r"not in namespace 'user:nobody' but in user:tester",
        ),
        ("daily.py", f"{RUN}/train", {"run": "77"}, "leave one out"),
        ("daily.py", "train", {"set": {"LIMIT": 4}}, "LIMIT is a constant of the class"),
        ("daily.py", "join", {"set": {"score": 4}}, r"a join; say of which input"),
        ("daily.py", "join", {"set": {"[9].score": 4}}, r"3 inputs, \[0\] to \[2\]"),
        ("daily.py", "join", {"set": {"nope.score": 4}}, r"no input comes from 'nope', only from train"),
        ("daily.py", "train", {"config_value": {"cfg": 1}}, "no config 'cfg'"),
        ("daily.py", "train", {"artifacts_module": "nosuch.py"}, "cannot be read"),
        ("daily.py", "train", {"cwd": "nosuch"}, "no such folder"),
        (
            "daily.py",
            "train",
            {"source": "spin"},
            "No parent of `train` has been spun here yet: spin `start` first",
        ),
        ("several.py", "start", {}, r"several\.py"),
        (3, "start", {}, "is no flow"),
        ("daily.py", 3, {}, "step must be text, not 3"),
        ("daily.py", "train", {"set": [1]}, "set must be a mapping"),
        ("daily.py", "train", {"config": "cfg.json"}, "config must be a mapping"),
        ("daily.py", "train", {"source": "sping"}, "'run' or 'spin'"),
    ],
)
def test_selection(daily: RealRun, monkeypatch, flow, step, options, says):  # noqa: PLR0917 -- fixtures and cases
    monkeypatch.setattr("spin_magic.loop.session._spun", {})
    step = step.replace(RUN, daily.run_id) if isinstance(step, str) else step
    for call in (spin, spin_inputs):
        with pytest.raises(SpinError, match=says) as caught:
            call(flow, step, **options)
        assert len(str(caught.value)) < 500
        [shown] = caught.value._render_traceback_()
        assert shown.endswith(f"Error: {caught.value}")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("class DailyFlow(:", r"syntax error .*line 1|line 1"),
        (
            "import nosuch_module_xyz\nfrom metaflow import FlowSpec\nclass F(FlowSpec): pass",
            "No module named 'nosuch_module_xyz'",
        ),
        ("x = 1", "no flow|not a flow|has no"),
        (
            "from metaflow import FlowSpec\nclass F(FlowSpec): pass\nraise SystemExit",
            "ends the process while it is loaded",
        ),
    ],
)
def test_a_file_that_is_no_flow(project: Path, tmp_path: Path, change: str, says: str):
    (tmp_path / "bad.py").write_text(change + "\n")
    with pytest.raises(SpinError, match=says):
        spin(str(tmp_path / "bad.py"), "start")


def test_a_flow_without_a_run_says_how_to_make_one(tmp_path: Path, project: Path):
    text = (project / "daily.py").read_text().replace("DailyFlow", "UnrunFlow")
    (tmp_path / "unrun.py").write_text(text)
    with pytest.raises(SpinError, match=r"UnrunFlow has no run .* `python .* run`"):
        spin(str(tmp_path / "unrun.py"), "train")


def test_a_broken_graph_is_told_in_metaflows_words(tmp_path: Path, project: Path):
    text = (project / "daily.py").read_text().replace("self.next(self.join)", "self.next(self.nosuch)")
    (tmp_path / "broken.py").write_text(text)
    with pytest.raises(SpinError, match=r"Metaflow finds a fault in flow DailyFlow: .*nosuch.* \(line \d+\)"):
        spin(str(tmp_path / "broken.py"), "train")


def test_two_flows_of_one_name_are_both_named(tmp_path: Path, monkeypatch, project: Path):
    monkeypatch.chdir(tmp_path)
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text((project / "daily.py").read_text())
    with pytest.raises(SpinError, match=r"one\.py.*two\.py"):
        spin("DailyFlow", "train")


def test_parallel_is_refused_with_a_reason(tmp_path: Path, project: Path):
    text = (project / "daily.py").read_text().replace("@environment(vars", "@parallel\n    @environment(vars")
    text = text.replace('foreach="letters"', "num_parallel=2")
    (tmp_path / "par.py").write_text(text.replace("card, environment", "card, environment, parallel"))
    with pytest.raises(SpinError, match=r"`train` has @parallel"):
        spin(str(tmp_path / "par.py"), "train")


@pytest.mark.parametrize(
    ("body", "error", "note"),
    [
        ("self.nosuch", AttributeError, r"`self.nosuch` has not been set: this step finds .*letters"),
        ("self.alpha = 3", AttributeError, r"`alpha` is a parameter or constant"),
    ],
)
def test_metaflows_brief_errors_get_a_note(daily: RealRun, body: str, error: type, note: str):
    result = spin("daily.py", "train", body=body, check=False)
    assert isinstance(result.error, error)
    assert any(re.search(note, text) for text in result.notes)
    assert result.error.__notes__ == result.notes


@pytest.mark.parametrize(
    ("body", "note"),
    [
        ("self.score = 1", r"`self.next` was not called.*: end the step with `self.next\(self.join\)`"),
        ("self.score = 1\nself.next(self.big)", r"`self.next` led to `big`, but daily.py says `join`"),
        (
            "self.score = 1\nimport threading\nself.f = threading.Lock()\nself.next(self.join)",
            r"`f` does not pickle .*: `run` would fail",
        ),
        ("self.score = 1\nif True:\n    self.next(self.join)", "`run` would refuse the flow with this step"),
        ("display(self.alpha)\nself.score = 1\nself.next(self.join)", "`display` comes from this notebook"),
        ("if 0:\n    self.alpha = 2\nself.score = 1\nself.next(self.join)", "`self.alpha` is a parameter"),
        ("self.next(self.join)", r"The join `join` reads .*: set `self.score` in `train`"),
        ("self.letters.append('d')\nself.score = 1\nself.next(self.join)", "`letters` was changed in place"),
    ],
)
def test_what_would_break_in_a_run_is_noted(daily: RealRun, monkeypatch, body: str, note: str):
    monkeypatch.setattr("builtins.display", print, raising=False)
    result = spin("daily.py", "train", body=body, check=False)
    assert any(re.search(note, text) for text in result.notes), result.notes


@pytest.mark.parametrize(
    ("kinds", "noted"),
    [
        (True, ["`f` does not pickle", "Input `letters` was changed", "The join `join` reads"]),
        ("-pickle,-next", ["Input `letters` was changed", "The join `join` reads"]),
        ("inputs", ["Input `letters` was changed"]),
        (False, []),
    ],
)
def test_notes_are_those_that_are_wanted(daily: RealRun, kinds, noted: list[str]):
    SpinMagic.instance().notes = kinds
    body = "import threading\nself.f = threading.Lock()\nself.letters.append('d')\nself.next(self.join)"
    notes = spin("daily.py", "train", body=body).notes
    assert [note.startswith(begins) for note, begins in zip(notes, noted, strict=True)] == [True] * len(noted)


def test_an_unedited_step_has_nothing_to_note(daily: RealRun):
    for step in ("start", "train", "join", "decide", "big", "end"):
        assert spin("daily.py", step).notes == []


def test_lent_names_come_with_their_import(daily: RealRun):
    import json
    from collections import OrderedDict

    notebook = {"json": json, "OD": OrderedDict, "mine": 5}
    body = "self.score = json.dumps(OD(a=mine))\nself.next(self.join)"
    result = spin("daily.py", "train", body=body, notebook=notebook)
    assert result["score"] == '{"a": 5}'
    text = " ".join(result.notes)
    assert "`import json` to daily.py" in text
    assert "`from collections import OrderedDict as OD` to daily.py" in text
    assert "`mine` comes from this notebook" in text
    with pytest.raises(NameError):
        spin("daily.py", "train", body=body)


def test_inputs_of_a_step_that_cannot_start_are_refused_in_a_sentence(daily: RealRun, monkeypatch):
    def broken(*_: object) -> None:
        raise KeyError("gone")

    monkeypatch.setattr("spin_magic.engine.task.KernelTask._init_data", broken)
    for call in (spin, spin_inputs):
        with pytest.raises(SpinError, match="Step `train` cannot start: 'gone'"):
            call("daily.py", "train")
