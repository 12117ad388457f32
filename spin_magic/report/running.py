"""A run of the whole flow while it goes on, as text and as HTML."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spin_magic.progress import RunProgress, StepProgress
from spin_magic.report.lines import Grid, Line, text_of
from spin_magic.report.pages import environment, new_id, style_sheet
from spin_magic.report.preview import clean
from spin_magic.showing import Form

HEADS = ("step", "tasks", "time")


def run_mimebundle(progress: RunProgress) -> dict[str, Any]:
    """Show how a run is getting on.

    Parameters
    ----------
    progress : RunProgress
        The run as it stands.

    Returns
    -------
    dict
        A MIME bundle.
    """
    text = render_run_text(progress)
    page = environment().get_template("run.html.j2")
    html = page.render(
        progress=replace(progress, log=tuple(map(clean, progress.log))),
        said=_said(progress),
        heads=HEADS,
        rows=[(_state(step), _row(step)) for step in progress.steps],
        text=text,
        css=style_sheet("panel.css"),
        uid=new_id("run"),
    )
    return {"text/plain": render_run_text(progress, "auto"), "text/html": html}


def render_run_text(progress: RunProgress, form: Form = "plain") -> str:
    """Give the same for a terminal: a line for each step, and the end of a failing task's log."""
    kind = {"failed": "bad", "finished": "good"}.get(progress.state, "")
    lines: list[Line | Grid] = [
        Line((progress.pathspec, "strong"), ": ", (_said(progress), kind), hang=4),
        Grid(HEADS, map(_row, progress.steps)),
        *(Line(("| ", "soft"), clean(line), hang=2) for line in progress.log),
    ]
    return text_of(lines, form)


def _said(progress: RunProgress) -> str:
    time = _time(progress.seconds)
    return {
        "starting": f"starting, {time}",
        "running": f"running for {time}",
        "finished": f"finished in {time}",
        "failed": f"failed after {time}",
        "interrupted": f"interrupted after {time}: the run was stopped with all its tasks",
    }[progress.state]


def _state(step: StepProgress) -> str:
    if step.failed:
        return "failed"
    if step.running:
        return "running"
    return "done" if step.begun else "waiting"


def _row(step: StepProgress) -> tuple[str, str, str]:
    return step.name, _tasks(step), _time(step.seconds) if step.begun else ""


def _tasks(step: StepProgress) -> str:
    """Say how many tasks there are in each state: ``2 of 3 done, 1 running``."""
    if not step.begun:
        return "–"
    of = f" of {step.expected:,}" if step.expected and step.expected > 1 else ""
    parts = [
        (step.done, f"{step.done:,}{of} done"),
        (step.cloned, f"{step.cloned:,} cloned"),
        (step.running, f"{step.running:,} running"),
        (step.failed, f"{step.failed:,} failed"),
    ]
    return ", ".join(text for count, text in parts if count)


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
