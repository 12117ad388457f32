"""One step on many tasks: as they come, whatever becomes of one of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from spin_magic.artifacts import Artifacts, StepInputs
from spin_magic.errors import SpinError, TaskError
from spin_magic.loop import session
from spin_magic.loop.request import Request
from spin_magic.loop.which_tasks import Every
from spin_magic.many import SpinResults
from spin_magic.result import SpinResult
from spin_magic.runs.choose import short
from spin_magic.showing import Form

Progress = Callable[[int, int, int], None]
Keep = Callable[[session.StepKey, session.Spun], None]


def spin_every(
    every: Every,
    spun: Callable[[Every, Keep], Iterator[tuple[int, SpinResult]]],
    progress: Progress | None,
    show: Sequence[str] = (),
) -> SpinResults:
    """Spin them; a failure does not stop the others, an interrupt does, and keeps what is done.

    Parameters
    ----------
    every : Every
        What to spin.
    spun : callable
        Takes that, and what is to keep a good result for the steps that follow; gives the place of each
        result and the result, as they come.
    progress : callable, optional
        Is told, at first and after each, how many are done, of how many, and how many of them failed.
    show : sequence of str
        The artifacts to show of each.
    """
    begun = time.perf_counter()
    total, found, failed = len(every.requests), dict[int, SpinResult](), 0
    tell = progress or (lambda *_: None)
    interrupt: KeyboardInterrupt | None = None
    try:
        tell(0, total, 0)
        for at, result in spun(every, session.keep_splits(whole=every.whole) if every.kept else _forget):
            found[at] = result
            failed += not result.ok
            tell(len(found), total, failed)
            if isinstance(result.error, KeyboardInterrupt):
                break
    except KeyboardInterrupt as ex:
        # Where it came between two spins nobody needs to see, and those frames hold all results.
        interrupt = ex.with_traceback(None)
    done = sorted(found)
    return SpinResults(
        [found[at] for at in done],
        flow=every.flow,
        step=every.step,
        labels=[_label(every.labels[at], found[at]) for at in done],
        waiting=[label for at, label in enumerate(every.labels) if at not in found],
        interrupt=interrupt,
        elapsed=time.perf_counter() - begun,
        show=show,
        render=_render,
    )


def _label(label: str, result: SpinResult) -> str:
    return label if result.inputs.value is None else f"{label}, input={short(result.inputs.value)}"


def in_turn(
    every: Every, keep: Keep, spin_one: Callable[[Request, Keep], SpinResult]
) -> Iterator[tuple[int, SpinResult]]:
    """Spin one after the other in this process."""
    for at, request in enumerate(every.requests):
        try:
            yield at, spin_one(request, keep)
        except TaskError as ex:
            yield at, not_begun(every, request, ex)


def _forget(*_: Any) -> None:
    """Keep nothing: tasks of several runs feed no join."""


def not_begun(every: Every, request: Request, ex: SpinError) -> SpinResult:
    """Give the result of a spin whose inputs are not there, or whose process is gone."""
    index = request.place[-1][1] if request.place else None
    inputs = StepInputs({}, flow=every.flow, step=every.step, tasks=(), why=str(ex), origin=None, index=index)
    return SpinResult(
        flow=every.flow,
        step=every.step,
        ok=False,
        error=ex,
        seconds=0.0,
        overhead=0.0,
        artifacts=Artifacts({}),
        inputs=inputs,
        origin=None,
        stdout="",
        stderr="",
        cards=[],
        locals={},
        self=None,
        next=None,
        notes=[],
    )


def _render(results: SpinResults, form: Form = "auto") -> dict[str, Any]:
    from spin_magic.report import splits_mimebundle  # noqa: PLC0415 -- a script shows nothing

    return splits_mimebundle(results, form)
