"""Where the inputs of a spin come from: past tasks, steps that were spun here, and what the user set."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from spin_magic.errors import OptionError, TaskError
from spin_magic.flows.load import FlowCode
from spin_magic.loop import session
from spin_magic.loop.chain import Chain, Feed, Missing, first_feed
from spin_magic.loop.chain_words import names_of
from spin_magic.loop.request import Request
from spin_magic.loop.step_code import StepCode
from spin_magic.paths import read_ordinary
from spin_magic.runs.choose import choose
from spin_magic.runs.history import History
from spin_magic.runs.inputs import read_artifacts_module
from spin_magic.runs.wanted import NoRun, Wanted


def find_feed(request: Request, wanted: Wanted, history: History, code: FlowCode, step: StepCode) -> Feed:
    """Choose the task, open what feeds it, and say in a sentence what that is.

    Parameters
    ----------
    request : Request
        The arguments of the spin.
    wanted : Wanted
        The task that was asked for.
    history : History
        The runs.
    code : FlowCode
        The flow.
    step : StepCode
        The step. A new one takes what was just spun, where all that leads to it was.

    Raises
    ------
    TaskError
        Nothing can feed the step.
    """
    wanted = replace(wanted, preferred=session.promoted(code))
    first = wanted.step == history.graph.start
    if first and wanted.run is None and next(history.metadata.runs(), None) is None:
        return first_feed(history, step.prepared.cls)
    chained = request.source == "spin" or (step.new and _all_spun(wanted, history, code))
    feed = Chain(wanted, history, code).feed() if chained and not first else _from_run(wanted, history, code)
    return replace(feed, choice=replace(feed.choice, why=_with_root(feed.choice.why, history)))


def _all_spun(wanted: Wanted, history: History, code: FlowCode) -> bool:
    here = Chain(wanted, history, code).here
    return wanted.run is None and here.complete and not session.promoted_since(code, here.parents)


def _from_run(wanted: Wanted, history: History, code: FlowCode) -> Feed:
    try:
        choice = choose(wanted, history)
    except NoRun as ex:
        return _spun_instead(wanted, history, code, ex)
    except TaskError as ex:
        raise _with_hint(ex, wanted, history, code) from None
    if choice.origin is None and any(session.last(session.key(code, t.step)) for t in choice.parents):
        choice = replace(choice, why=f"{choice.why} --from spin takes what was spun here.")
    return Feed(choice, [*history.open_all(choice.parents)])


def _spun_instead(wanted: Wanted, history: History, code: FlowCode, ex: NoRun) -> Feed:
    """Take what was spun where no run can feed the step: nothing need run twice."""
    chain = Chain(wanted, history, code)
    try:
        feed = chain.feed(fill=False)
    except Missing as missing:
        if not chain.here.spun:
            spinning = f"spin {names_of(chain.here.parents)} here first" if chain.here.parents else ""
            raise TaskError(f"{ex} Or {spinning}." if spinning else str(ex)) from None
        raise TaskError(f"{ex} {missing}") from None
    why = f"No run can feed `{wanted.step}`, so it takes what was spun. {feed.choice.why}"
    return replace(feed, choice=replace(feed.choice, why=why))


def _with_hint(ex: TaskError, wanted: Wanted, history: History, code: FlowCode) -> TaskError:
    """Say so where what was spun could feed the step."""
    if wanted.run is None and wanted.step in history.graph.nodes:
        with contextlib.suppress(TaskError):
            Chain(wanted, history, code).feed()
            return TaskError(f"{ex} What was spun here can feed it: add --from spin.")
    return ex


def _with_root(why: str, history: History) -> str:
    metadata = history.metadata
    if metadata.root and len(metadata.searched) > 1 and metadata.root != metadata.searched[0]:
        return f"{why} The runs are in {metadata.root}."
    return why


def artifacts_module(request: Request) -> dict[str, Any]:
    """Give the values of ``--artifacts-module``."""
    if request.artifacts_module is None:
        return {}
    path = Path(request.artifacts_module)
    try:
        return read_artifacts_module(str(path), read_ordinary(path).decode())
    except (OSError, UnicodeDecodeError) as ex:
        msg = f"--artifacts-module {path} cannot be read: {getattr(ex, 'strerror', None) or ex}"
        raise OptionError(msg) from None
