"""What a worker process does: spin one task, and pack what came of it."""

from __future__ import annotations

import linecache
import os
import pickle
import signal
import sys
import threading
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from spin_magic.cards import Card
from spin_magic.engine.brought import Packed, pack
from spin_magic.errors import SpinError, WorkerError
from spin_magic.jobs.notebook_flow import unpack_flow
from spin_magic.jobs.orders import Order
from spin_magic.jobs.tracebacks import PackedError, pack_error
from spin_magic.loop.plan import Plan
from spin_magic.loop.request import Request
from spin_magic.loop.spin_one import Execution, execute, spin_request
from spin_magic.settings import SpinMagic

OFTEN = 1.0
# What the libraries of linear algebra read when they are loaded.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True)
class Done:
    """What came of a spin, ready to travel.

    Attributes
    ----------
    error : PackedError or None
        The step's own exception, with its traceback; for one that does not pickle another that says it.
    """

    packed: Packed
    error: PackedError | None
    seconds: float
    overhead: float
    stdout: str
    stderr: str
    cards: list[Card]
    notes: list[str]


def begin(parent: int) -> None:
    """Make a new process a worker: silent, deaf to interrupts, and gone when the one it works for is."""
    # An interrupt goes to all processes of a kernel; the kernel decides what becomes of its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdout = sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 -- for good
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(OFTEN)
    os._exit(0)


def work(order: Order) -> Done | SpinError:
    """Do an order; what cannot be spun at all comes back as the reason."""
    os.chdir(order.cwd)
    sys.path[:] = order.path
    for name in set(os.environ) - set(order.environment) - {*THREADS}:
        del os.environ[name]
    os.environ.update(order.environment)
    for name, value in order.settings.items():
        setattr(SpinMagic.instance(), name, value)
    request: Request = pickle.loads(order.request)  # noqa: S301 -- from the process it works for
    request = replace(request, step=order.step, place=order.place)
    if order.flow is not None:
        request = replace(request, flow=unpack_flow(order.flow))
    if order.file is not None:
        request = replace(request, filename=partial(_named, order.file))
    ran: list[tuple[Plan, Execution]] = []

    def run(plan: Plan, **how: Any) -> Execution:
        ran.append((plan, execute(plan, **how)))
        return ran[-1][1]

    try:
        result = spin_request(request, order.how, keep=_forget, ended=_forget, run=run)
    except SpinError as ex:
        return ex
    ((plan, made),) = ran
    with plan.code.active():
        packed = pack(made.outcome.output, plan.stores)
        error = _packed_error(result.error)
    return Done(
        packed=packed,
        error=error,
        seconds=result.seconds,
        overhead=result.overhead,
        stdout=result.stdout,
        stderr=result.stderr,
        cards=[replace(card, render=None) for card in result.cards],
        notes=result.notes,
    )


def _forget(*_: Any) -> None:
    """Keep nothing: the next task of this process is another's."""


def _named(file: str, source: str) -> str:
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    return file


def _packed_error(error: BaseException | None) -> PackedError | None:
    try:
        return pack_error(error)
    except Exception:  # noqa: BLE001 -- the user's own classes
        said = WorkerError(f"{type(error).__name__}: {error} (this exception does not pickle)")
        return pack_error(said.with_traceback(error.__traceback__ if error is not None else None))
