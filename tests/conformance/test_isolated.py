"""Steps in a process of their own leave behind what the run left, and nothing else."""

from __future__ import annotations

import gc
import os
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from pathlib import Path

import pytest

from spin_magic import spin
from spin_magic.errors import IsolatedError, OptionError, SpinError
from spin_magic.loop import session
from tests.conformance.compare import compare_artifacts
from tests.conformance.describe import describe
from tests.conformance.runs import environment

# Each stands for a kind: parameters, configs, helpers and data, splits, joins, loops, cards, decorators.
STEPS = [
    ("params", "params.py", "start", 0),
    ("configs", "configs.py", "end", 0),
    ("with_helpers", "with_helpers.py", "lazy", 0),
    ("with_helpers", "with_helpers.py", "files", 0),
    ("classes", "classes.py", "check", 0),
    ("foreach", "foreach.py", "letter", 2),
    ("branches", "branches.py", "left_join", 0),
    ("branches", "branches.py", "second_join", 0),
    ("recursive", "recursive.py", "after", 0),
    ("user_decorators", "user_decorators.py", "join", 0),
    ("cards", "cards.py", "many", 0),
]


@pytest.fixture
def tidy(project: Path):
    """Nothing is left beside the flows or in the temporary folder, and `latest_run` is as it was."""

    def seen() -> set[str]:
        there = {str(p) for p in project.iterdir() if "spin" in p.name}
        return there | {str(p) for p in Path(tempfile.gettempdir()).glob(f"spin_isolated_{os.getpid()}_*")}

    latest = {p: p.read_text() for p in project.glob(".metaflow/*/latest_run")}
    before = seen()
    yield
    session._spun.clear()
    gc.collect()
    assert seen() - before == set()
    assert {p: p.read_text() for p in latest} == latest


@pytest.mark.usefixtures("project", "tidy")
@pytest.mark.parametrize("case", STEPS, ids=lambda case: f"{case[0]}-{case[2]}")
def test_equals_the_run(case, run_of):
    name, flow, step, index = case
    task = run_of(name).task(step, index)
    result = spin(flow, task["pathspec"].partition("/")[2], isolated=True)
    assert compare_artifacts(task["artifacts"], result, task["pathspec"]) == []
    here = spin(flow, task["pathspec"].partition("/")[2])
    assert result.next == here.next
    assert [(card.type, card.id) for card in result.cards] == [(card.type, card.id) for card in here.cards]
    assert [row.name for row in result.diff() if row.status != "same"] == []


def test_join_of_more_than_four_inputs_comes_in_split_order(run_of, project, tidy):
    task = run_of("foreach").task("letters_join")
    assert task["artifacts"]["indices"] == describe([0, 1, 2, 3, 4, 5])
    result = spin("foreach.py", "letters_join", isolated=True)
    assert compare_artifacts(task["artifacts"], result, "letters_join") == []


def test_edited_text_with_values_set(run_of, project, tidy, capsys):
    run_of("foreach")
    body = """
        import sys
        print("  indented", self.kept)
        print("to stderr", file=sys.stderr)
        self.mine = __file__[-3:]
        self.next(self.linear)
    """
    result = spin("foreach.py", "letter", index=1, body=body, set={"kept": {"n": 7}}, isolated=True)
    assert result["mine"] == ".py"
    assert result["kept"] == {"n": 7}
    assert (result.stdout, result.stderr) == ("  indented {'n': 7}\n", "to stderr\n")
    assert capsys.readouterr().out == result.stdout
    assert {row.name: row.status for row in result.diff()}["mine"] == "changed"
    assert result.next == ("linear",)
    assert result.seconds < 5
    # What was spun so feeds the next step, here or isolated.
    for isolated in (False, True):
        after = spin("foreach.py", "linear", source="spin", isolated=isolated)
        assert after["mine"] == ".py-1", isolated
        assert after["kept"] == {"n": 8}


def test_a_task_that_was_killed(run_of, project, tidy):
    """The command line's `spin` finds nothing to begin with."""
    task = f"{run_of('failing_kill').run_id}/work"
    with pytest.raises(IsolatedError, match="killed"):
        spin("failing.py", task, index=1, isolated=True)
    result = spin("failing.py", task, index=1, set={"how": "well"}, isolated=True)
    assert (result["partial"], result["finished"]) == (2, True)


def test_failure_is_the_steps_own_exception(run_of, project, tidy):
    run_of("foreach")
    body = "self.half = 1\nprint({}['nix'])\nself.next(self.linear)"
    with pytest.raises(KeyError) as caught:
        spin("foreach.py", "letter", body=body, isolated=True)
    assert str(caught.value) == "'nix'"
    stack = "\n".join(caught.value._render_traceback_())
    assert re.search(r"<spin .*letter .*>\", line 3, in letter\n    print\(\{\}\['nix'\]\)", stack), stack
    assert "task.py" not in stack
    assert "-spin-" not in stack
    result = spin("foreach.py", "letter", body=body, isolated=True, check=False)
    assert not result.ok
    assert result["half"] == 1
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        ("import os; os._exit(4)", "exit state 4"),
        ("import os; os.kill(os.getpid(), 11)", "crashed"),
        ("raise SystemExit(0)", "sys.exit"),
        ("import threading; self.lock = threading.Lock()", "pickle"),
    ],
)
def test_a_process_that_ends_is_said(ending, said, run_of, project, tidy):
    run_of("foreach")
    with pytest.raises(IsolatedError, match=said):
        spin("foreach.py", "letter", body=f"{ending}\nself.next(self.linear)", isolated=True)
    assert spin("foreach.py", "letter").ok


@pytest.fixture
def interruptible():
    """A process that was started in the background may ignore interrupts."""
    kept = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, kept)


SLEEPS = """
    import os, time
    open({path!r}, "w").write(str(os.getpid()))
    time.sleep(60)
    self.next(self.linear)
"""


def test_interrupt_ends_the_whole_group(run_of, project, tidy, tmp_path, interruptible):
    run_of("foreach")
    path = tmp_path / "pid"

    def interrupt() -> None:
        while not (path.exists() and path.read_text()):
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    result = spin("foreach.py", "letter", body=SLEEPS.format(path=str(path)), isolated=True, check=False)
    assert isinstance(result.error, KeyboardInterrupt)
    assert _gone(int(path.read_text()))


def test_nothing_outlives_a_killed_kernel(run_of, project, tidy, tmp_path):
    run_of("foreach")
    path = tmp_path / "pid"
    call = f"'foreach.py', 'letter', body={SLEEPS.format(path=str(path))!r}, isolated=True"
    program = f"from spin_magic import spin; spin({call})"
    environ = environment({"PYTHONPATH": os.pathsep.join(sys.path)})
    kernel = subprocess.Popen([sys.executable, "-c", program], cwd=project, env=environ)
    while not (path.exists() and path.read_text()):
        assert kernel.poll() is None
        time.sleep(0.02)
    copies = list(project.glob(".foreach-spin-*.py"))
    assert len(copies) == 1
    kernel.kill()
    kernel.wait()
    assert _gone(int(path.read_text()))
    assert not copies[0].exists()


def _gone(process: int) -> bool:
    for _ in range(200):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_what_cannot_be_isolated_is_refused(run_of, project, tidy):
    run_of("foreach")
    with pytest.raises(OptionError, match="--seed"):
        spin("foreach.py", "letter", isolated=True, seed=1)
    with pytest.raises(OptionError, match="--isolated"):
        spin("foreach.py", "letter", environment="pypi")
    with pytest.raises(OptionError, match="Did you mean 'conda'"):
        spin("foreach.py", "letter", isolated=True, environment="conds")
    with pytest.raises(OptionError, match="%spin_save --link"):
        spin("foreach.py", "fresh", isolated=True, after="letter", body="self.next(self.linear)")
    with pytest.raises(IsolatedError, match="does not pickle"):
        spin("foreach.py", "letter", isolated=True, set={"kept": threading.Lock()})
    with pytest.raises(
        SpinError, match=r"missing a self\.next.*foreach\.py|foreach\.py.*missing a self\.next"
    ):
        spin("foreach.py", "letter", isolated=True, body="self.x = 1")


def test_uv_runs_the_step_in_its_projects_environment(run_of, project, tidy, tmp_path, monkeypatch):
    run_of("foreach")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "p"\nversion = "0"\nrequires-python = ">=3.11"\n'
    )
    # Metaflow comes from this environment, so that nothing need be fetched.
    monkeypatch.setenv("PYTHONPATH", sysconfig.get_path("purelib"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_PYTHON", sys.executable)
    monkeypatch.chdir(tmp_path)
    subprocess.run([Path(sys.executable).with_name("uv"), "lock", "--quiet"], check=True)
    body = "import sys\nself.mine = sys.prefix\nself.next(self.linear)"
    result = spin(project / "foreach.py", "letter", body=body, isolated=True, environment="uv")
    assert result["mine"] == str(tmp_path / ".venv")
    assert "--environment uv" in result.inputs.why
