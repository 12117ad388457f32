"""A spin in a process of its own: the plan is the same, and Metaflow's real ``spin`` follows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from inspect import unwrap
from pathlib import Path
from typing import Any

from spin_magic.engine import isolated as engine
from spin_magic.engine.private import check_launcher
from spin_magic.engine.run_log import RunLog
from spin_magic.engine.streams import Logs
from spin_magic.errors import IsolatedError, OptionError, SaveError
from spin_magic.flows.load import FlowCode
from spin_magic.isolated.command import Asked, check_environment, variables, words
from spin_magic.isolated.endings import made_anew, process_end, readable
from spin_magic.isolated.place import Place, copy_beside
from spin_magic.isolated.process import started
from spin_magic.loop.homes import Home, home_of
from spin_magic.loop.plan import Plan
from spin_magic.loop.request import Request
from spin_magic.writing.edit import replace_step
from spin_magic.writing.origins import origins_of
from spin_magic.writing.place import find_step
from spin_magic.writing.source import Source

# The text that a line comes from, and its line there.
Origin = Callable[[int], tuple[str, int]]

# What installers say of themselves can be pages.
LONGEST = 600


def check_isolated(request: Request, options: Mapping[str, Any]) -> None:
    """Refuse what an isolated step cannot do.

    Raises
    ------
    OptionError
        Says which option to leave out, and why.
    """
    if request.environment is not None and not request.isolated:
        msg = "--environment says where an isolated step runs: add --isolated."
        raise OptionError(msg)
    if not request.isolated:
        return
    check_environment(request.environment)
    if request.block is not None:
        msg = "A `with` block runs in this process alone: spin its text with `%%spin --isolated`."
        raise OptionError(msg)
    if options.get("seed") is not None:
        msg = (
            "--seed seeds the generators of this process, and an isolated step has its own: leave --seed or "
            "--isolated out, or call `random.seed` in the step."
        )
        raise OptionError(msg)
    if request.after:
        msg = (
            "--isolated runs a flow file, and `run` would refuse one whose new step nothing leads to yet: "
            "spin the step here first, put it in with `%spin_save --link`, then add --isolated."
        )
        raise OptionError(msg)


def run_isolated(plan: Plan, *, skip_decorators: bool, cards: bool) -> tuple[Plan, engine.IsolatedOutcome]:
    """Run a step in a process of its own.

    Parameters
    ----------
    plan : Plan
        The spin.
    skip_decorators, cards : bool
        As `spin` takes them.

    Returns
    -------
    Plan, IsolatedOutcome
        The plan as it was followed, and what came of it, also where the step failed or was interrupted.

    Raises
    ------
    SpinError
        The process cannot be started, or this Metaflow lacks what feeds it.
    """
    check_launcher()
    place = Place()
    try:
        return _run_in(place, plan, skip_decorators=skip_decorators, cards=cards)
    except BaseException:
        # The traceback, which a notebook keeps, would keep it.
        place.remove()
        raise


def _run_in(
    place: Place, plan: Plan, *, skip_decorators: bool, cards: bool
) -> tuple[Plan, engine.IsolatedOutcome]:
    flow, cls = plan.history.flow, plan.prepared.cls
    root, logs = str(place.datastore), Logs()
    environment = plan.request.environment or engine.environment_of(cls, plan.step)
    with _flow_file(plan) as (file, origin), plan.code.active():
        # The full pathspec, for which Metaflow looks no further; the orders say what stands behind it.
        task = f"{flow}/{plan.choice.run}/{plan.step}/0"
        with place.filled():
            _write_orders(plan, place, file, task, engine.plant(root, flow, plan.stores))
        asked = Asked(
            task,
            environment,
            skip_decorators=skip_decorators,
            config=plan.request.config,
            config_value=plan.request.config_value,
        )
        error = _follow(words(file, place, asked), plan, place, logs)
    run = place.run_id.read_text(encoding="utf-8").strip() if place.run_id.exists() else ""
    left = engine.find_left(root, flow, run, plan.step, plan.code.active)
    if error is None:
        told = partial(readable, copy=str(file), file=str(plan.code.path), origin=origin)
        error = _error(plan, place, left, logs, told)
    output: Any = engine.StoredOutput(place, left.store if left else None)
    made = engine.IsolatedOutcome(
        flow=None,
        output=output,
        error=error,
        seconds=max(0.0, left.ended - left.began) if left else 0.0,
        logs=logs,
        cards=engine.cards_of(root, cls, plan.step, left.pathspec) if left and cards else [],
        notes=[],
        started=left is not None and left.code is not None,
        inputs=None,
        registered=left.registered if left else [],
    )
    ignored = {**plan.prepared.ignored, plan.step: engine.not_applied(cls, plan.step)}
    where = f" with --environment {environment}" if environment else ""
    why = f"{plan.why} It ran in a process of its own, by Metaflow's `spin`{where}."
    return replace(plan, why=why, lent={}, prepared=replace(plan.prepared, ignored=ignored)), made


@contextmanager
def _flow_file(plan: Plan) -> Iterator[tuple[Path, Origin]]:
    """Give the flow file, and whose its lines are; where a cell was spun, a copy that has its text."""
    code = plan.code
    if code.path is None or plan.step not in dir(code.cls):
        why = (
            f"{code.cls.__name__} is defined in this notebook: write its cell to a file with `%%writefile`"
            if code.path is None
            else f"{code.path.name} does not have `{plan.step}` yet: put it in with `%spin_save --link`"
        )
        msg = f"--isolated runs a flow file, and {why} first."
        raise IsolatedError(msg)
    if plan.request.body is None:
        path = str(code.path)
        yield code.path, lambda line: (path, line)
        return
    home, source = _home(code, plan.step)
    text = replace_step(source, home.owner, plan.step, plan.request.body, home.line)
    with copy_beside(code.path, source.encode(text)) as copy:
        yield copy, partial(_origin, plan, home, source, text)


def _home(code: FlowCode, step: str) -> tuple[Home, Source]:
    home = home_of(code, step)
    if home is None or home.path is None or home.file != str(code.path):
        where = Path(home.file).name if home else "another file"
        msg = (
            f"`{step}` stands in {where}, and --isolated writes the cell into a copy of {code.label} alone: "
            "spin it here, or save it first and spin it with `%spin --isolated`."
        )
        raise IsolatedError(msg)
    return home, home.source()


def _origin(plan: Plan, home: Home, source: Source, text: str, line: int) -> tuple[str, int]:
    """Find the cell's line, or the flow file's, that a line of the copy is."""
    try:
        made = find_step(source.with_text(text), home.owner, plan.step, home.line)
    except SaveError:
        return home.file, line
    in_cell, there = origins_of(made, source, plan.request.body or "").of(line)
    return unwrap(plan.function).__code__.co_filename if in_cell else home.file, there


def _write_orders(plan: Plan, place: Place, file: Path, task: str, inputs: list[str]) -> None:
    copy = [str(file)] if file != plan.code.path else []
    orders = {
        "task": task,
        "inputs": inputs,
        "split_index": plan.choice.split_index,
        "datastore": str(place.datastore),
        "log": str(place.log),
        "remove": [*copy, str(place.root)],
    }
    place.orders.write_text(json.dumps(orders), encoding="utf-8")


def _follow(command: list[str], plan: Plan, place: Place, logs: Logs) -> BaseException | None:
    """Run the process to its end; give the interrupt where there was one."""
    folder = plan.request.cwd or Path.cwd()
    streams = {"stdout": logs.stdout, "stderr": logs.stderr}
    local = plan.history.metadata.root
    runs = local.parent if local and local.is_dir() else place.root if local else None
    try:
        with started(command, folder, variables(place, runs)) as child:
            child.follow(lambda name, text: _write(streams[name], text))
    except KeyboardInterrupt as ex:
        return ex.with_traceback(None)
    return None


def _write(stream: Any, text: str) -> None:
    stream.write(text)
    stream.flush()


def _error(
    plan: Plan, place: Place, left: engine.Left | None, logs: Logs, told: Callable[[str], str]
) -> BaseException | None:
    """Say what went wrong, if something did."""
    if left is None or left.code is None:
        said = told(_complaint(plan, place))
        return IsolatedError(f"`{plan.step}` could not be started isolated: {said}")
    exception = engine.raised(left)
    if exception is not None:
        return made_anew(exception["name"], exception["text"], told(exception["stack"]), plan.namespace)
    if left.code == 0 and left.store is not None and left.store.get("_task_ok"):
        return None
    last = [line.strip() for line in logs.stderr.text.splitlines() if line.strip()][-1:]
    return process_end(plan.step, left.code, last[0] if last and left.code > 0 else "")


def _complaint(plan: Plan, place: Place) -> str:
    log = RunLog(plan.history.flow, {})
    if place.log.exists():
        for line in place.log.read_text(encoding="utf-8", errors="replace").splitlines():
            log.feed(line)
    return " ".join(log.complaint())[:LONGEST] or "its process says nothing more."
