"""The whole flow, run for real from this process."""

from __future__ import annotations

import contextlib
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from spin_magic import spin, spin_run
from spin_magic.engine.state import preserved
from spin_magic.errors import RunError, TaskError
from spin_magic.loop import session
from spin_magic.loop.request import Request, find_code
from spin_magic.loop.unsaved import unsaved
from spin_magic.report.running import render_run_text, run_mimebundle

FLOW = "promoted.py"
BODY = "self.scaled = self.input * self.alpha + {}\nself.next(self.join)"


@pytest.fixture
def flow(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The flow file alone in a folder that is the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".metaflow").mkdir()
    with preserved():  # a Run points Metaflow's Client at the folder that it is in
        yield Path(shutil.copy(project / FLOW, tmp_path))


@pytest.fixture
def seen():
    """What the run said of itself while it went on."""
    return []


def waiting() -> list[str]:
    return unsaved(find_code(Request(flow=FLOW, step="")))


def test_options_go_where_the_command_line_wants_them_and_the_run_is_the_value(flow: Path, seen: list):
    options = [
        "--alpha",
        "2",
        "--branch",
        "mine",
        "--max-workers",
        "2",
        "--tag",
        "a b",
        "--quiet",
        "--with=retry",
    ]

    run = spin_run(FLOW, options, on_progress=seen.append)

    assert run.successful
    assert run["end"].task["total"].data == 12
    assert {"a b", "project_branch:test.mine"} <= run.tags
    graph = run["_parameters"].task["_graph_info"].data
    assert "retry" in [decorator["name"] for decorator in graph["steps"]["work"]["decorators"]]
    assert seen[0].state == "starting"
    assert seen[-1].state == "finished"
    assert seen[-1].pathspec == run.pathspec
    work = seen[-1].steps[1]
    assert (work.name, work.done, work.expected, work.running, work.failed) == ("work", 3, 3, 0, 0)
    assert "work   3 of 3 done" in render_run_text(seen[-1])


def test_the_run_is_the_new_default_of_spins(flow: Path):
    first = spin_run(FLOW, ["--alpha", "2"])
    promoted = spin_run(FLOW)
    result = spin(FLOW, "work", index=2)
    assert f"in run {promoted.id}, which this kernel ran last, finished" in result.inputs.why

    session.promote(find_code(Request(flow=FLOW, step="")), first.id)  # as if the second were another's
    assert spin(FLOW, "join")["total"] == 12
    assert spin(FLOW, f"{promoted.id}/join")["total"] == 3


def test_a_failing_run_is_one_error_and_can_be_resumed(flow: Path, seen: list):
    with pytest.raises(RunError) as caught:
        spin_run(FLOW, ["--fail", "2", "--max-workers", "1"], on_progress=seen.append)

    said = str(caught.value)
    assert "failed in step `work` (task " in said
    assert ": ValueError: no luck with 2. " in said
    assert "--resume work" in said
    assert seen[-1].state == "failed"
    assert seen[-1].log[-1] == "ValueError: no luck with 2"
    assert len(seen[-1].log) <= 15
    assert "no luck with 2" in run_mimebundle(seen[-1])["text/html"]

    flow.write_text(flow.read_text().replace("raise ValueError", "print"))
    run = spin_run(FLOW, resume="work", on_progress=seen.append)
    assert run.successful
    assert [(step.cloned, step.done) for step in seen[-1].steps] == [(1, 0), (0, 3), (0, 1), (0, 1)]


def test_unsaved_spins_hold_the_run_back(flow: Path):
    spin_run(FLOW)
    same = '# another comment\nprint("at work on", self.input)\ntime.sleep(self.pause)\n'
    same += "self.scaled = self.input * self.alpha\n"
    same += "if self.input == self.fail:\n    raise ValueError(f'no luck with {self.input}')\n"
    same += "self.next(self.join)"
    spin(FLOW, "work", body=same)
    spin(FLOW, "join")
    assert waiting() == []

    spin(FLOW, "work", body=f"@step\ndef work(self):\n    {same.replace(chr(10), chr(10) + '    ')}")
    assert waiting() == []
    spin(FLOW, "work", body=BODY.format(1))
    assert waiting() == ["work"]
    with pytest.raises(RunError, match=r"`work` was spun with .* `%spin_save PromotedFlow work`.* --unsaved"):
        spin_run(FLOW)
    assert spin_run(FLOW, unsaved=True).successful

    text = flow.read_text()
    begin, end = text.index('        """Scale'), text.index("    @step\n    def join")
    saved = "".join(f"        {line}\n" for line in BODY.format(1).splitlines())
    flow.write_text(text[:begin] + saved + "\n" + text[end:])
    assert waiting() == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--alhpa", "1"], "did not start: no such option: --alhpa"),
        (["--alpha", "x"], "'--alpha': x is not a valid float"),
        (["--tag"], "--tag option requires an argument"),
        (["--with", "nosuch"], "Unknown step decorator nosuch"),
    ],
)
def test_mistakes_of_the_line_are_the_command_line_s_words(flow: Path, options: list[str], said: str):
    with pytest.raises(RunError) as caught:
        spin_run(FLOW, options)

    assert said in str(caught.value)
    assert len(str(caught.value)) < 400


def test_what_cannot_be_run(flow: Path):
    with pytest.raises(TaskError, match=r"--resume wrok: .* Did you mean 'work'"):
        spin_run(FLOW, resume="wrok")
    flow.write_text(flow.read_text().partition("if __name__")[0])
    with pytest.raises(RunError, match=r"ran nothing: end promoted.py with `if __name__ == '__main__'"):
        spin_run(FLOW)


def test_an_interrupt_leaves_nothing_of_the_run_behind(flow: Path, seen: list, monkeypatch):
    mark = f"mark-{uuid.uuid4().hex}"
    monkeypatch.setenv("PROMOTED_MARK", mark)

    def interrupt(progress):
        seen.append(progress)
        if progress.state == "running" and progress.steps[1].running:
            assert processes_with(mark)
            raise KeyboardInterrupt

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        spin_run(FLOW, ["--pause", "60"], on_progress=interrupt)

    assert time.monotonic() - begun < 15
    assert seen[-1].state == "interrupted"
    assert "the run was stopped with all its tasks" in render_run_text(seen[-1])
    assert processes_with(mark) == []


def processes_with(mark: str) -> list[int]:
    """List the processes that were started with a mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found
