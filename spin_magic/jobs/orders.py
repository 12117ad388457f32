"""What is sent to a worker process: a request without anything that only this process has."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cloudpickle

from spin_magic.engine.metadata import Frame
from spin_magic.errors import OptionError, TaskError
from spin_magic.flows.load import FlowCode
from spin_magic.jobs.notebook_flow import NotebookFlow, check_travel, pack_flow
from spin_magic.loop.plan import Plan, make_plan
from spin_magic.loop.request import find_code, wanted
from spin_magic.loop.which_tasks import Every
from spin_magic.settings import SpinMagic


@dataclass(frozen=True)
class Order:
    """A spin for a worker, and the place it is to run at.

    Attributes
    ----------
    request : bytes
        The spin, to be unpickled where the path is this process's; the same bytes for all tasks, for the
        notebook's names in it may be large.
    step, place
        The task, as `Request` takes it.
    how : mapping
        ``seed``, ``skip_decorators`` and ``cards``.
    file : str or None
        Name of the file that the cell's text stands for here, so that tracebacks name it.
    cwd, path, environment
        Those of this process.
    settings : mapping
        What was set in this process, by name.
    flow : NotebookFlow or None
        The flow, where the notebook defines it.
    """

    request: bytes
    step: str
    place: tuple[Frame, ...] | None
    how: Mapping[str, Any]
    file: str | None
    cwd: str
    path: list[str]
    environment: dict[str, str]
    settings: Mapping[str, Any]
    flow: NotebookFlow | None


def orders_of(every: Every, how: Mapping[str, Any]) -> list[Order]:
    """Make the orders for many spins.

    Raises
    ------
    OptionError
        They need what only this process has: says what that is.
    """
    with (code := find_code(every.requests[0])).active():
        plan = _first_plan(every, code)
    if plan is not None and plan.on:
        raise OptionError(
            f"`{every.step}` takes what was spun in this kernel, and --jobs takes inputs from a run: "
            "leave --jobs out, or run the flow with %spin_run first."
        )
    lent = plan.lent if plan is not None else {}
    one = every.requests[0]
    check_travel({**{f"--set {name}": value for name, value in one.overrides.items()}, **lent})
    file = plan.function.__code__.co_filename if plan is not None and one.body is not None else None
    settings = SpinMagic.instance()
    chosen = {name: getattr(settings, name) for name in settings.chosen}
    here = str(Path.cwd()), list(sys.path), dict(os.environ), chosen
    made = None
    if code.path is None:
        made = pack_flow(code.cls, plan.function.__code__ if plan is not None else None)
    # A file by its path, for the notebook may have a flow of the same name; a module by its name.
    flow = one.flow if code.module.__package__ else f"{code.path}:{every.flow}"
    # What is kept is kept here, once it is back.
    alone = replace(one, flow=flow, namespace=wanted(one, every.flow).namespace, persist=False)
    packed = cloudpickle.dumps(replace(alone, notebook=lent, filename=None))
    return [Order(packed, each.step, each.place, dict(how), file, *here, made) for each in every.requests]


def _first_plan(every: Every, code: FlowCode) -> Plan | None:
    for request in every.requests:
        try:
            return make_plan(request, code)
        except TaskError:  # said again of that task alone
            continue
    return None
