"""The whole flow, run on Metaflow's command line once its steps are right."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from spin_magic.engine.graph import Graph, graph_of
from spin_magic.engine.promote import Command, RunProcess, command_line, started
from spin_magic.engine.run_log import RunLog
from spin_magic.engine.state import in_plain_words, preserved
from spin_magic.errors import OptionError, RunError, TaskError, nearest
from spin_magic.flows.load import FlowCode
from spin_magic.loop import session
from spin_magic.loop.request import Request, find_code
from spin_magic.loop.unsaved import unsaved as unsaved_steps
from spin_magic.progress import RunProgress

BETWEEN_UPDATES = 0.25

# While the log says nothing the clock alone goes on: at first each second, in a long run less often.
SILENCE = (1.0, 10.0)

Show = Callable[[RunProgress], None]


def spin_run(
    flow: Any,
    options: Sequence[str] = (),
    *,
    resume: str | None = None,
    unsaved: bool = False,
    on_progress: Show | None = None,
    notebook: Mapping[str, Any] | None = None,
) -> Any:
    """Run the whole flow, as its command line does, and wait for it.

    Parameters
    ----------
    flow : str or type
        As for `spin`.
    options : sequence of str
        What would stand on the command line, as in ``["--alpha", "0.1", "--with", "kubernetes"]``;
        options that stand before ``run`` there are put before it.
    resume : str, optional
        Resume the latest run, or that of ``--origin-run-id``, from this step.
    unsaved : bool, default False
        Run even where a step was spun here with another text than the flow file has.
    on_progress : callable, optional
        Called with a `RunProgress`, about four times a second while the log goes on.
    notebook : mapping, optional
        Names of the notebook: flows that it defines.

    Returns
    -------
    metaflow.Run
        The finished run. From now on it is the one that spins of the flow take their inputs from. As with
        Metaflow's Runner, the Client now looks where this run's records are.

    Raises
    ------
    RunError
        The run failed or did not start, or there are unsaved steps.
    SpinError
        The flow is not as it must be.
    """
    __tracebackhide__ = True
    request = Request(flow=flow, step="", notebook=notebook or {})
    with preserved(), in_plain_words(), (code := find_code(request)).active():
        graph = graph_of(code.cls)
        file = _file_of(code)
        _check(code, graph, resume, unsaved=unsaved)
        if any("\0" in word for word in options):
            msg = "An option has a NUL, which no program can be given."
            raise OptionError(msg)
        command = command_line(code.cls, file, list(options), resume)
    log = RunLog(code.cls.__name__, {name: node.next for name, node in graph.nodes.items()})
    made = _followed(command, log, on_progress or (lambda _: None))
    if made is None or made.pathspec.partition("/")[0] != log.flow:
        ran = f"ran {made.pathspec}" if made is not None else "ran nothing"
        msg = f"`{command}` {ran}: end {file.name} with `if __name__ == '__main__': {log.flow}()`."
        raise RunError(msg)
    session.promote(code, made.id)
    return made


def _file_of(code: FlowCode) -> Path:
    if code.path is None:
        name = code.cls.__name__
        msg = (
            f"{name} is defined in this notebook, and a run needs a file: write its cell to one with "
            f"`%%writefile {name.lower()}.py`, then `%spin_run {name.lower()}.py`."
        )
        raise RunError(msg)
    return code.path


def _check(code: FlowCode, graph: Graph, resume: str | None, *, unsaved: bool) -> None:
    if resume is not None and resume not in graph.nodes:
        known = ", ".join(graph.nodes)
        msg = (
            f"--resume {resume}: the steps of {code.cls.__name__} are {known}.{nearest(resume, graph.nodes)}"
        )
        raise TaskError(msg)
    waiting = [] if unsaved else unsaved_steps(code)
    if waiting:
        steps = ", ".join(f"`{step}`" for step in waiting)
        spun = "was spun" if len(waiting) == 1 else "were spun"
        msg = (
            f"{steps} {spun} with a text that {code.label} does not have. Save it with "
            f"`%spin_save {code.cls.__name__} {waiting[0]}`, or run the file as it is with --unsaved."
        )
        raise RunError(msg)


def _followed(command: Command, log: RunLog, show: Show) -> Any:
    """Run the command to its end, and give the Client's run."""
    __tracebackhide__ = True
    try:
        with started(command, Path.cwd()) as process:
            _follow(process, log, show)
            code, made = process.returncode, process.client_run()
    except KeyboardInterrupt:
        log.end("interrupted")
        show(log.progress())
        raise
    log.end("failed" if code else "finished")
    progress = log.progress()
    show(progress)
    if code:
        raise RunError(_failure(progress, log, command))
    return made


def _follow(process: RunProcess, log: RunLog, show: Show) -> None:
    show(log.progress())
    shown, news = time.monotonic(), False
    while True:
        ended = process.returncode is not None
        lines = process.lines(BETWEEN_UPDATES)
        for line in lines:
            log.feed(line)
        news = news or bool(lines)
        progress = log.progress()
        silence = min(max(SILENCE[0], progress.seconds / 60), SILENCE[1])
        if time.monotonic() - shown >= (BETWEEN_UPDATES if news else silence):
            show(progress)
            shown, news = time.monotonic(), False
        if ended and not lines:
            return


def _failure(progress: RunProgress, log: RunLog, command: Command) -> str:
    if not progress.failure:
        said = " ".join(log.complaint()[-3:]) or "it says nothing more."
        where = f"Run {progress.pathspec} failed" if progress.run else f"`{command}` did not start"
        return f"{where}: {said}"
    _, run, step, task = progress.failure.split("/")
    return (
        f"Run {progress.pathspec} failed in step `{step}` (task {task}): {log.last_words()}. "
        f"See it with `%spin {progress.flow} {run}/{step}/{task}`; once it is right, "
        f"`%spin_run {progress.flow} --resume {step}`."
    )
