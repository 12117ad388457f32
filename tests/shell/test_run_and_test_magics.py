from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from spin_magic.errors import OptionError, RunError
from spin_magic.options import RUN_HELP, TEST_HELP
from spin_magic.progress import RunProgress, StepProgress


@pytest.fixture
def runs(api):
    """What `api.spin_run` was called with."""
    calls = []

    def spin_run(flow, words, **options):
        calls.append({"flow": flow, "words": words, **options})
        for state in ("starting", "running", "finished"):
            options["on_progress"](RunProgress(flow, "17", state, 1.0, (StepProgress("start", done=1),)))
        if flow == "Failing":
            raise RunError("Run Failing/17 failed in step `start`.")
        return f"the run of {flow}"

    sys.modules["spin_magic.api"].spin_run = spin_run
    return calls


@pytest.fixture
def tests_written(monkeypatch):
    """What `testing.spin_test` was called with."""
    calls = []

    def spin_test(flow, step, **options):
        calls.append({"flow": flow, "step": step, **options})
        return SimpleNamespace(name=f"test_{step}", text=f"def test_{step}(): ...", file=options["file"])

    monkeypatch.setattr("spin_magic.testing.spin_test", spin_test)
    return calls


def test_the_run_is_the_line_s_value_and_a_terminal_sees_the_end_alone(shell, runs, shown):
    shell.run_cell("alpha = 1\nr = %spin_run F --alpha {alpha} --resume s -o other").raise_error()

    [call] = runs
    assert (call["words"], call["resume"], call["unsaved"]) == (("--alpha", "{alpha}"), "s", False)
    assert call["notebook"]["alpha"] == 1
    assert shell.user_ns["r"] == shell.user_ns["other"] == "the run of F"
    assert [text.splitlines()[0] for text in shown()] == ["F/17: finished in 1.0 s"]


def test_a_notebook_sees_one_display_that_is_renewed(shell, runs, monkeypatch):
    monkeypatch.setattr(shell, "kernel", object(), raising=False)
    shell.run_cell("%spin_run F").raise_error()

    outputs = shell.display_pub.outputs
    assert [output.get("update", False) for output in outputs] == [False, True, True]
    assert len({output["transient"]["display_id"] for output in outputs}) == 1


def test_a_failing_run_fails_the_cell_in_one_line(shell, runs, capsys):
    done = shell.run_cell("%spin_run Failing")

    assert isinstance(done.error_in_exec, RunError)
    assert capsys.readouterr().out.splitlines() == ["RunError: Run Failing/17 failed in step `start`."]


def test_a_test_is_printed_or_said_to_be_written(shell, api, tests_written, capsys):
    shell.run_cell(
        "%spin_test F s\n%spin_test F s --file t.py\n%spin_test F s --file t.py --dry-run"
    ).raise_error()

    said = [line for line in capsys.readouterr().out.splitlines() if line]
    assert said == ["def test_s(): ...", "Added test_s to t.py.", "def test_s(): ..."]
    assert [(call["file"], call["dry_run"]) for call in tests_written] == [
        (None, False),
        ("t.py", False),
        ("t.py", True),
    ]


@pytest.mark.parametrize(
    "line", ["%spin_run", "%spin_run --alpha 1", "%spin_test F", "%spin_test F s --fiel t.py"]
)
def test_mistakes_fail_the_cell(shell, api, line):
    assert isinstance(shell.run_cell(line).error_in_exec, OptionError)


@pytest.mark.parametrize(("magic", "text"), [("spin_run", RUN_HELP), ("spin_test", TEST_HELP)])
def test_help_is_the_docstring(shell, api, magic, text, capsys):
    shell.run_cell(f"%{magic} --help").raise_error()

    assert capsys.readouterr().out.strip() == text.strip() == shell.find_line_magic(magic).__doc__.strip()
