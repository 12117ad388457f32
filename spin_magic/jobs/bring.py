"""What the workers did, as results of this process: as if each task had been spun here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from spin_magic.engine.brought import unpack
from spin_magic.errors import SpinError, TaskError, WorkerError
from spin_magic.jobs.orders import orders_of
from spin_magic.jobs.pool import each_done, not_brought
from spin_magic.jobs.tracebacks import unpack_error
from spin_magic.jobs.worker import Done
from spin_magic.loop.every import Keep, not_begun
from spin_magic.loop.plan import Plan
from spin_magic.loop.request import Request
from spin_magic.loop.spin_one import Execution, execute, spin_request
from spin_magic.loop.which_tasks import Every
from spin_magic.result import SpinResult


def in_processes(
    every: Every, keep: Keep, how: Mapping[str, Any], jobs: int
) -> Iterator[tuple[int, SpinResult]]:
    """Spin many tasks in worker processes; give the place of each result and the result, as they come.

    Raises
    ------
    OptionError
        They need what only this process has.
    """
    for at, came in each_done(orders_of(every, how), jobs):
        request = every.requests[at]
        if isinstance(came, SpinError) and not isinstance(came, WorkerError):
            yield at, not_begun(every, request, came)
            continue
        try:
            yield at, _result(request, keep, how, came)
        except TaskError as ex:
            yield at, not_begun(every, request, ex)
        except Exception as ex:  # noqa: BLE001 -- what is said of one task must not end the others
            yield at, not_begun(every, request, not_brought(ex))


def _result(request: Request, keep: Keep, how: Mapping[str, Any], came: Done | WorkerError) -> SpinResult:
    def take(plan: Plan, **_: Any) -> Execution:
        made = execute(plan, seed=None, skip_decorators=True, cards=False, run=False)
        if made.outcome.error is not None:  # an interrupt, most of all
            raise made.outcome.error
        made.outcome.started = True
        return _lost(made, came) if isinstance(came, WorkerError) else _taken(made, plan, came)

    result = spin_request(request, how, keep, ended=lambda *_: None, run=take)
    result.overhead = came.overhead if isinstance(came, Done) else 0.0
    return result


def _lost(made: Execution, error: WorkerError) -> Execution:
    made.outcome.error, made.notes = error, []
    return made


def _taken(made: Execution, plan: Plan, done: Done) -> Execution:
    """Let a step that was only set up here end as it ended in the worker."""
    outcome = made.outcome
    outcome.error = unpack_error(done.error) if done.error is not None else None
    outcome.seconds, outcome.cards = done.seconds, done.cards
    unpack(done.packed, outcome.flow, outcome.output, plan.stores)
    # Shown and kept, as what a step prints here.
    outcome.logs.stdout.write(done.stdout)
    outcome.logs.stderr.write(done.stderr)
    made.notes = done.notes
    return made
