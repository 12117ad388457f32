"""Process state that a step or Metaflow's task code changes: kept before a spin, put back after it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from metaflow import parameters
from metaflow._vendor import click
from metaflow.client import core
from metaflow.datastore.flow_datastore import FlowDataStore
from metaflow.event_logger import NullEventLogger
from metaflow.exception import MetaflowException
from metaflow.metaflow_current import Current, current
from metaflow.monitor import NullMonitor
from metaflow.plugins import DATASTORES, METADATA_PROVIDERS
from metaflow.system import _system_logger, _system_monitor

from spin_magic.errors import EngineError
from spin_magic.interrupts import patient

try:
    from metaflow.system_context import system_context
except ImportError:  # it came with Metaflow 2.19.2x
    system_context = None

_MISSING = object()
# Seconds between what an alarm has left and what it should have, within which it is that alarm.
SAME_ALARM = 0.05
# The system's timers, each with its clock.
_TIMERS = {
    signal.ITIMER_REAL: time.monotonic,
    signal.ITIMER_VIRTUAL: lambda: os.times().user,
    signal.ITIMER_PROF: time.process_time,
}


@contextmanager
def _attributes(target: Any, *names: str) -> Iterator[None]:
    kept = {name: vars(target).get(name, _MISSING) for name in names}
    try:
        yield
    finally:
        for name, value in kept.items():
            if value is not _MISSING:
                setattr(target, name, value)
            elif name in vars(target):
                delattr(target, name)


@contextmanager
def _object_dict(target: Any) -> Iterator[None]:
    kept = dict(vars(target))
    try:
        yield
    finally:
        vars(target).clear()
        vars(target).update(kept)


@contextmanager
def _current_properties() -> Iterator[None]:
    # Metaflow adds the likes of current.card as properties of the class and never takes them off.
    kept = dict(vars(Current))
    try:
        yield
    finally:
        for name in set(vars(Current)) - set(kept):
            delattr(Current, name)
        for name, value in kept.items():
            if vars(Current).get(name, _MISSING) is not value:
                setattr(Current, name, value)


@contextmanager
def _environment() -> Iterator[None]:
    kept = dict(os.environ)
    try:
        with same_folder():
            yield
    finally:
        if dict(os.environ) != kept:
            os.environ.clear()
            os.environ.update(kept)


@contextmanager
def same_folder() -> Iterator[None]:
    """Put the working directory back: a step, a pickle and a ``repr`` run code of their own."""
    cwd = _getcwd()
    try:
        yield
    finally:
        if cwd and cwd != _getcwd():
            with contextlib.suppress(OSError):  # the step has removed it
                os.chdir(cwd)


def _getcwd() -> str | None:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return None


@contextmanager
def _interpreter() -> Iterator[None]:
    path, path_items, argv, argv_items = sys.path, list(sys.path), sys.argv, list(sys.argv)
    streams = sys.stdin, sys.stdout, sys.stderr
    try:
        yield
    finally:
        path[:], argv[:] = path_items, argv_items
        sys.path, sys.argv = path, argv
        sys.stdin, sys.stdout, sys.stderr = streams


@contextmanager
def _timer(which: int, clock: Callable[[], float]) -> Iterator[None]:
    begun, (first, interval) = clock(), signal.getitimer(which)
    try:
        yield
    finally:
        # A step that fails leaves the alarm of its @timeout running; one that was set before goes on.
        left = _left(first, interval, clock() - begun)
        now, again = signal.getitimer(which)
        if not first:
            same = not now
        elif interval or again:
            same = bool(now) and again == interval
        else:
            same = abs(now - left) <= SAME_ALARM
        if not same:
            signal.setitimer(which, max(left, 0.001) if first else 0, interval)


def _left(first: float, interval: float, passed: float) -> float:
    """Give the seconds until a timer rings, of one that had `first` left and rings again and again."""
    if not first or passed < first:
        return first and first - passed
    return interval and interval - (passed - first) % interval


@contextmanager
def _signals() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {number: signal.getsignal(number) for number in signal.valid_signals()}
    wakeup = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(wakeup)
    try:
        # Timers first: the signal of one that a step leaves ends a process that has no handler any more.
        with ExitStack() as timers:
            for which, clock in _TIMERS.items():
                timers.enter_context(_timer(which, clock))
            yield
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in kept.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)


@contextmanager
def _event_loop() -> Iterator[None]:
    # A step may call asyncio.run, as it may in a fresh process, although the kernel's loop runs here.
    running = asyncio._get_running_loop()
    # What has the loop that a thread sets without running it, where there is one.
    local = getattr(getattr(asyncio.events, "_event_loop_policy", None), "_local", None)
    asyncio._set_running_loop(None)
    try:
        with contextlib.nullcontext() if local is None else _object_dict(local):
            yield
    finally:
        asyncio._set_running_loop(running)
        if running is not None:
            asyncio.set_event_loop(running)


@contextmanager
def _quiet_sidecars() -> Iterator[None]:
    # Left alone, Metaflow starts sidecar processes when it first logs an event.
    with (
        _attributes(_system_logger, "_logger", "_flow_name"),
        _attributes(_system_monitor, "_monitor", "_flow_name"),
    ):
        if _system_logger._logger is None:
            _system_logger._logger = NullEventLogger()
        if _system_monitor._monitor is None:
            _system_monitor._monitor = NullMonitor()
        yield


# A spin borrows the process: a second thread waits for its turn.
_turn = threading.RLock()


@contextmanager
def preserved() -> Iterator[None]:
    """Put back, at the end, every part of the process that a spin touches.

    These are Metaflow's ``current``, Client, parameter context and system context; the environment,
    working directory, ``sys.path``, ``sys.argv``, standard streams, signal handlers and alarm,
    warning filters, and the running event loop. Around the step itself is `process.put_back`, too.
    """
    with ExitStack() as stack:
        enter = stack.enter_context
        enter(patient())
        enter(_turn)
        enter(_environment())
        enter(_interpreter())
        enter(_signals())
        enter(_event_loop())
        enter(warnings.catch_warnings())
        enter(_object_dict(current))
        enter(_current_properties())
        if system_context is not None:
            enter(_object_dict(system_context))
        enter(_quiet_sidecars())
        enter(_attributes(core, "current_namespace", "current_metadata"))
        enter(_attributes(parameters, "context_proto"))
        enter(_attributes(FlowDataStore, "default_storage_impl"))
        for storage in DATASTORES:
            enter(_attributes(storage, "datastore_root"))
        for provider in METADATA_PROVIDERS:
            enter(_attributes(provider, "_INFO"))
        yield


RandomStates = dict[str, Any]


def random_states() -> RandomStates:
    """Give the states of the global random generators of the libraries that are loaded."""
    found: RandomStates = {"random": random.getstate()}
    if "numpy" in sys.modules:
        found["numpy"] = sys.modules["numpy"].random.get_state()
    if "torch" in sys.modules:
        found["torch"] = sys.modules["torch"].get_rng_state()
    return found


def restore_random_states(states: RandomStates) -> None:
    """Put the states of random generators back."""
    random.setstate(states["random"])
    if "numpy" in states:
        sys.modules["numpy"].random.set_state(states["numpy"])
    if "torch" in states:
        sys.modules["torch"].set_rng_state(states["torch"])


@contextmanager
def seeded(seed: int | None, from_module: RandomStates | None) -> Iterator[None]:
    """Start the random generators where they should start, and put their states back afterwards.

    Parameters
    ----------
    seed : int or None
        Seed for `random`, NumPy where it is installed, and PyTorch where it is loaded.
    from_module : dict or None
        The states in which loading the flow module left them, where it seeds them itself.
    """
    if seed is None and from_module is None:
        yield
        return
    if seed is not None:
        with contextlib.suppress(ImportError):
            importlib.import_module("numpy")
    kept = random_states()
    if from_module is not None:
        restore_random_states(from_module)
    if seed is not None:
        random.seed(seed)
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed(seed % 2**32)
        if "torch" in sys.modules:
            sys.modules["torch"].manual_seed(seed)
    try:
        yield
    finally:
        restore_random_states(kept)


@contextmanager
def in_plain_words() -> Iterator[None]:
    """Turn what Metaflow raises about its own set-up into one sentence."""
    try:
        yield
    except (MetaflowException, click.ClickException) as ex:
        text = str(getattr(ex, "message", None) or ex)
        # Of a traceback that is put into the text, what it ends with.
        before, found, after = text.partition("Traceback (most recent call last)")
        text = " ".join(
            f"{before} {after.strip().splitlines()[-1] if found and after.strip() else ''}".split()
        )
        msg = f"Metaflow says: {text}"
        raise EngineError(msg) from None
