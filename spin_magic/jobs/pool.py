"""The worker processes: one executor each, so that one that dies takes its own task along and no other."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from itertools import islice
from threading import Thread
from typing import Any

from loky import ProcessPoolExecutor
from loky.process_executor import BrokenProcessPool

from spin_magic.errors import SpinError, WorkerError
from spin_magic.interrupts import whole
from spin_magic.jobs.orders import Order
from spin_magic.jobs.worker import THREADS, Done, begin, work

# Idle workers keep their imports warm for the next cell, and their memory no longer than that.
IDLE_SECONDS = 300
GROWTH = "LOKY_MAX_MEMORY_LEAK_SIZE"

_idle: dict[tuple[tuple[str, str], ...], list[ProcessPoolExecutor]] = {}


def each_done(orders: Sequence[Order], jobs: int) -> Iterator[tuple[int, Done | SpinError]]:
    """Have orders done in as many processes; give the place of each and what came of it, as they come.

    The processes that are at work when this is closed or interrupted are killed.
    """
    waiting = iter(enumerate(orders))
    running: dict[Future[Any], tuple[int, ProcessPoolExecutor]] = {}
    workers: list[ProcessPoolExecutor] = []
    # Those that surely do nothing: an interrupt may come while an order is handed over.
    free: list[ProcessPoolExecutor] = []
    ended: tuple[int, Done | SpinError] | None = None
    try:
        _take(workers, free, min(jobs, len(orders)), jobs)
        while True:
            for at, order in islice(waiting, len(free)):
                worker = free.pop()
                with _deaf():
                    future = worker.submit(work, order)
                running[future] = at, worker
            if ended is not None:
                yield ended
            if not running:
                return
            future = next(iter(wait(running, return_when=FIRST_COMPLETED).done))
            at, worker = running.pop(future)
            came = _came(future)
            if isinstance(came, WorkerError):
                workers.remove(worker)
                worker.shutdown(kill_workers=True)
                worker = _new(jobs)
                workers.append(worker)
            free.append(worker)
            ended = at, came
    finally:
        _let_go(workers, free)


@whole
def _take(workers: list[ProcessPoolExecutor], free: list[ProcessPoolExecutor], count: int, jobs: int) -> None:
    workers += _workers(count, jobs)
    free += workers


@whole
def _let_go(workers: list[ProcessPoolExecutor], free: list[ProcessPoolExecutor]) -> None:
    _idle.setdefault(_settings(), []).extend(free)
    _end([worker for worker in workers if worker not in free])


@contextmanager
def _deaf() -> Iterator[None]:
    """Start processes that are deaf to interrupts from their first moment; one that comes is heard later."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(workers: Sequence[ProcessPoolExecutor]) -> None:
    """Kill workers in a thread, where another interrupt spares none of them."""
    ending = Thread(target=lambda: [worker.shutdown(kill_workers=True) for worker in workers])
    ending.start()
    ending.join()


def _came(future: Future[Any]) -> Done | SpinError:
    ex = future.exception()
    if isinstance(ex, BrokenProcessPool):
        code = re.search(r"\{(.+?)\}", str(ex))
        how = f" ({code[1]})" if code else ""
        return WorkerError(
            f"The process that ran this task is gone{how}: it left, crashed, or had too little memory."
        )
    came: Done | SpinError = future.result() if ex is None else not_brought(ex)
    return came


def not_brought(ex: BaseException) -> WorkerError:
    """Say why what a task made is not here."""
    said = " ".join(str(ex).split())
    return WorkerError(f"What this task made cannot be brought back: {type(ex).__name__}: {said}")


def _workers(count: int, jobs: int) -> list[ProcessPoolExecutor]:
    """Take idle workers, and start others; those that began under other settings end."""
    settings = _settings()
    for other in [known for known in _idle if known != settings]:
        for worker in _idle.pop(other):
            worker.shutdown(wait=False, kill_workers=True)
    idle = _idle.setdefault(settings, [])
    return [idle.pop() if idle else _new(jobs) for _ in range(count)]


def _settings() -> tuple[tuple[str, str], ...]:
    # Metaflow reads them when it is imported.
    return tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith("METAFLOW_")))


def _new(jobs: int) -> ProcessPoolExecutor:
    threads = str(max(1, (os.cpu_count() or 1) // jobs))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return ProcessPoolExecutor(
        max_workers=1,
        timeout=IDLE_SECONDS,
        initializer=begin,
        initargs=(os.getpid(),),
        # Each process would take all cores for its linear algebra.
        env={name: os.environ.get(name, threads) for name in THREADS}
        # By itself loky takes warm imports and inputs for a leak: beyond 300 MB the process starts anew.
        | {GROWTH: os.environ.get(GROWTH, str(memory // (2 * jobs)))},
    )
