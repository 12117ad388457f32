from __future__ import annotations

from spin_magic.engine.run_log import RunLog
from spin_magic.report.running import render_run_text, run_mimebundle

AT = "2026-01-02 03:04:05.678 "
FOLLOWING = {"start": ("work",), "work": ("end",), "end": ()}


def fed(*lines: str) -> RunLog:
    log = RunLog("F", FOLLOWING)
    for line in lines:
        log.feed(f"{line}\n")
    return log


def task(name: str, text: str) -> str:
    return f"{AT}[17/{name} (pid 12)] {text}"


def test_tasks_are_counted_by_their_state():
    log = fed(
        "Metaflow 2.19 executing F for user:me",
        f"{AT}\x1b[1mWorkflow starting (run-id 17):\x1b[0m",
        f"{AT}[17/start/1] Cloning previously run task 16/start/1",
        task("work/2", "Task is starting."),
        task("work/3", "Task is starting."),
        task("work/3", "Task finished successfully."),
    )

    start, work, end = log.progress().steps
    assert (log.run, log.state) == ("17", "running")
    assert (start.cloned, start.begun, work.running, work.done, end.begun) == (1, True, 1, 1, False)


def test_a_retry_that_goes_well_is_no_failure():
    log = fed(
        task("work/2", "Task is starting."),
        task("work/2", "ValueError: once"),
        task("work/2", "Task failed."),
        task("work/2", "Task is starting (retry)."),
        task("work/2", "Task finished successfully."),
    )
    log.end("finished")

    assert log.progress().steps[1].failed == 0
    assert log.progress().log == ()


def test_the_failing_task_s_last_lines_are_shown_and_no_other_s():
    log = fed(
        task("start/1", "Foreach yields 2 child steps."),
        task("work/2", "Task is starting."),
        *(task("work/2", f"line {number}") for number in range(500)),
        task("work/3", "chatter of another"),
        task("work/2", "ValueError: no <b>luck</b>"),
        task("work/2", ""),
        task("work/2", "Task failed."),
        task("work/3", "[KILLED BY ORCHESTRATOR]"),
        task("work/3", "Task finished successfully."),
    )
    log.end("failed")
    progress = log.progress()

    assert progress.failure == "F/17/work/2"
    assert progress.log[-2:] == ("line 499", "ValueError: no <b>luck</b>")
    assert len(progress.log) == 15
    assert (progress.steps[1].done, progress.steps[1].failed, progress.steps[1].expected) == (0, 1, 2)
    assert "work   1 failed" in render_run_text(progress)
    html = run_mimebundle(progress)["text/html"]
    assert "no &lt;b&gt;luck" in html
    assert 'data-step="work" data-state="failed"' in html


def test_what_the_command_line_always_says_is_no_complaint():
    log = fed(
        "Metaflow 2.19 executing F for user:me",
        "Validating your flow...",
        "    The graph looks good!",
        "Usage: f.py run [OPTIONS]",
        "Try 'f.py run --help' for help.",
        "",
        "Error: no such option: --alhpa",
    )
    log.end("failed")

    assert log.complaint() == ["no such option: --alhpa"]
    assert log.progress().log == ("no such option: --alhpa",)
