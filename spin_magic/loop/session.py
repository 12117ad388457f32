"""What has been spun in this process: the last good result of each step, for steps that follow it."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spin_magic.engine.stores import OutputStore
    from spin_magic.flows.load import FlowCode
    from spin_magic.loop.request import Request
    from spin_magic.result import SpinResult

StepKey = tuple[str, str, str]


@dataclass(frozen=True)
class Spun:
    """A step that was spun: its result, what it would hand on, how it was asked for, and when it ended.

    The time is in epoch seconds.
    """

    result: SpinResult
    output: OutputStore
    request: Request | None = None
    seed: int | None = None
    skip_decorators: bool = False
    when: float = field(default_factory=time.time)


_spun: dict[StepKey, Spun] = {}
_promoted: dict[tuple[str, str], str] = {}


def key(code: FlowCode, step: str) -> StepKey:
    """Tell a step from those of other flows of the same name."""
    return (str(code.path), code.cls.__name__, step)


failed = False


def collect_failed() -> None:
    """Free what the traceback of a failed spin holds in circles, before the next spin needs the memory."""
    global failed  # noqa: PLW0603 -- one session a process
    if failed:
        failed = False
        gc.collect()


def remember(where: StepKey, spun: Spun) -> None:
    """Keep a good result in place of the step's earlier one."""
    _spun[where] = spun


def last(where: StepKey) -> Spun | None:
    """Give the last good result of a step."""
    return _spun.get(where)


def of_flow(code: FlowCode) -> dict[str, Spun]:
    """Give the last good result of each step of a flow that was spun."""
    path, flow, _ = key(code, "")
    return {where[2]: spun for where, spun in _spun.items() if where[:2] == (path, flow)}


def leading_to(code: FlowCode, step: str) -> list[str]:
    """List the steps of a flow whose last spin led to a step."""
    path, flow, _ = key(code, step)
    return [
        where[2]
        for where, spun in _spun.items()
        if where[:2] == (path, flow) and step in (spun.result.next or ())
    ]


def promote(code: FlowCode, run: str) -> None:
    """Remember the run of the whole flow that this process made last."""
    _promoted[key(code, "")[:2]] = run


def promoted(code: FlowCode) -> str | None:
    """Give the id of the run that this process made of a flow last."""
    return _promoted.get(key(code, "")[:2])
