"""What has been spun in this process: the last good result of each step, for steps that follow it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spin_magic.engine.past import Frame
    from spin_magic.engine.stores import OutputStore
    from spin_magic.flows.load import FlowCode
    from spin_magic.loop.request import Request
    from spin_magic.result import SpinResult

StepKey = tuple[str, str, str]
Place = tuple["Frame", ...]


@dataclass(frozen=True)
class Spun:
    """A step that was spun: its result, what it would hand on, how it was asked for, and when it ended.

    The time is in epoch seconds.

    Attributes
    ----------
    on : tuple of str
        Those of its parents whose outputs it took from what was spun.
    alone : bool
        False for a split that was spun together with the others.
    """

    result: SpinResult
    output: OutputStore
    request: Request | None = None
    seed: int | None = None
    skip_decorators: bool = False
    on: tuple[str, ...] = ()
    alone: bool = True
    when: float = field(default_factory=time.time)

    @property
    def place(self) -> Place:
        """Where it stands in the foreach."""
        return self.output.foreach_path()

    @property
    def width(self) -> int | None:
        """Number of splits of the foreach that it stands in; None outside of one."""
        stack = self.output.known("_foreach_stack")
        return stack[-1].num_splits if stack else None


# A step spun over a whole foreach has an entry for each split; any other has one.
_spun: dict[StepKey, dict[Place, Spun]] = {}
_promoted: dict[tuple[str, str], tuple[str, float]] = {}


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
    """Keep a good result in place of the step's earlier one; of a whole foreach, in place of that split's."""
    known = _spun.get(where, {})
    others = known if len(known) > 1 and spun.place in known else {}
    # The last comes last.
    _spun[where] = {place: each for place, each in others.items() if place != spun.place} | {spun.place: spun}


def keep_splits(*, whole: bool) -> Callable[[StepKey, Spun], None]:
    """Give what keeps the splits of one spin: of a whole foreach in place of all that was there."""
    begun: set[StepKey] = set()

    def keep(where: StepKey, spun: Spun) -> None:
        known = _spun.get(where, {}) if where in begun or not whole else {}
        begun.add(where)
        _spun[where] = {**known, spun.place: replace(spun, alone=False)}

    return keep


def last(where: StepKey) -> Spun | None:
    """Give the last good result of a step."""
    return next(reversed(_spun[where].values())) if _spun.get(where) else None


def places(where: StepKey) -> dict[Place, Spun]:
    """Give the last good result of a step at each place of the foreach, in the order of the splits."""
    known = _spun.get(where, {})
    return {place: known[place] for place in sorted(known, key=_indices)}


def _indices(place: Iterable[Frame]) -> list[int]:
    return [index for _, index in place]


def of_flow(code: FlowCode) -> dict[str, Spun]:
    """Give the last good result of each step of a flow that was spun."""
    path, flow, _ = key(code, "")
    return of(path, flow)


def of(path: str, flow: str) -> dict[str, Spun]:
    """Give the same, where the flow is not loaded; `path` as in `key`."""
    found = {where[2]: last(where) for where in _spun if where[:2] == (path, flow)}
    return {step: spun for step, spun in found.items() if spun is not None}


def leading_to(code: FlowCode, step: str) -> list[str]:
    """List the steps of a flow whose last spin led to a step."""
    return [name for name, spun in of_flow(code).items() if step in (spun.result.next or ())]


def promote(code: FlowCode, run: str) -> None:
    """Remember the run of the whole flow that this process made last."""
    _promoted[key(code, "")[:2]] = run, time.time()


def promoted(code: FlowCode) -> str | None:
    """Give the id of the run that this process made of a flow last."""
    return _promoted.get(key(code, "")[:2], (None, 0.0))[0]


def promoted_since(code: FlowCode, steps: Iterable[str]) -> bool:
    """Tell whether that run was made after all that was spun of some steps."""
    ended = _promoted.get(key(code, "")[:2], (None, 0.0))[1]
    spun = [each.when for step in steps for each in places(key(code, step)).values()]
    return ended > max(spun, default=ended)
