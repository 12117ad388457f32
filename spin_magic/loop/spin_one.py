"""One spin, from the request to the result: in this process, or in one of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from spin_magic.cards import CardUpdate
from spin_magic.engine import task
from spin_magic.engine.companions import left_running, running
from spin_magic.engine.persist import persisting
from spin_magic.engine.process import make, put_back
from spin_magic.engine.state import in_plain_words, preserved, seeded
from spin_magic.flows.load import FlowCode
from spin_magic.flows.names import lending
from spin_magic.loop import session, texts
from spin_magic.loop.outcome import build_result, persist_result
from spin_magic.loop.plan import Plan, make_plan
from spin_magic.loop.request import Request, find_code
from spin_magic.result import SpinResult


def spin_request(
    request: Request,
    options: Mapping[str, Any],
    keep: Callable[[session.StepKey, session.Spun], None] = session.remember,
    ended: Callable[[FlowCode, Request, BaseException | None], None] = texts.end,
    run: Callable[..., Execution] | None = None,
) -> SpinResult:
    """Spin what was asked for; a failure of the step is in the result.

    Parameters
    ----------
    request : Request
        The flow, the step, the task and its inputs.
    options : mapping
        ``seed``, ``skip_decorators``, ``cards`` and ``on_card``, as `spin` takes them.
    keep : callable
        Keeps a good result for the steps that follow.
    ended : callable
        Notes how it ended, for saving the cell; many spins may be noted as one.
    run : callable, optional
        Runs the plan. Default: `execute`.
    """
    __tracebackhide__ = True
    begun = time.perf_counter()
    session.collect_failed()
    if request.isolated or request.environment is not None:
        from spin_magic.loop.isolated import check_isolated  # noqa: PLC0415 -- most spins need none of it

        check_isolated(request, options)
    with preserved(), in_plain_words(), (code := find_code(request)).active():
        texts.begin(code, request)
        here = Path.cwd()
        plan = make_plan(request, code)
        if request.isolated:
            plan, made = _isolated(plan, options)
        else:
            made = (run or execute)(plan, **options)
        result = build_result(plan, made.outcome, made.locals, begun, made.notes)
        if made.outcome.started and persisting(request.persist):
            # Not where the body may have gone.
            os.chdir(here)
            persist_result(plan, made.outcome, result)
    session.failed = not result.ok
    ended(code, request, result.error)
    if result.ok:
        asked = replace(plan.request, body=plan.request.text, block=None)
        how = {name: options[name] for name in ("seed", "skip_decorators")}
        spun = session.Spun(result, made.outcome.output, asked, on=plan.on, **how)
        keep(session.key(plan.code, plan.step), spun)
    return result


@dataclass
class Execution:
    """What became of a plan; `notes` are those of another process that ran it."""

    outcome: task.Outcome
    locals: dict[str, Any] = field(default_factory=dict)
    notes: list[str] | None = None


def execute(
    plan: Plan,
    *,
    seed: int | None,
    skip_decorators: bool,
    cards: bool,
    on_card: Callable[[CardUpdate], None] | None = None,
    run: bool = True,
) -> Execution:
    """Run a plan in this process, or with ``run=False`` set everything up as the step would find it."""
    job = plan.job(skip_decorators=skip_decorators, cards=cards, execute=run, on_card=on_card)
    caught: dict[str, Any] = {}
    if plan.request.cwd is not None:
        os.chdir(plan.request.cwd)
    with (
        put_back(),
        plan.code.watched(),
        lending(plan.namespace, {**plan.lent, **plan.hook(caught)}),
        seeded(seed, plan.code.random_states),
    ):
        make(plan.code.local.set_up)
        before = running()
        outcome = task.run(job)
        outcome.notes += left_running(before, plan.namespace)
    if plan.request.block is not None:
        plan.request.block.mend(outcome.error)
        return Execution(outcome, plan.request.block.locals)
    return Execution(outcome, caught or plan.locals_at(outcome.error))


def _isolated(plan: Plan, options: Mapping[str, Any]) -> tuple[Plan, Execution]:
    from spin_magic.loop.isolated import run_isolated  # noqa: PLC0415 -- as above

    plan, outcome = run_isolated(plan, skip_decorators=options["skip_decorators"], cards=options["cards"])
    return plan, Execution(outcome)
