"""Process state that a step or Metaflow's task code changes: kept before a spin, put back after it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from metaflow import parameters
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
            if vars(Current)[name] is not value:
                setattr(Current, name, value)


@contextmanager
def _environment() -> Iterator[None]:
    kept, cwd = dict(os.environ), _getcwd()
    try:
        yield
    finally:
        if dict(os.environ) != kept:
            os.environ.clear()
            os.environ.update(kept)
        if cwd and cwd != _getcwd():
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
    limit, hook, handlers, level = (
        sys.getrecursionlimit(),
        sys.excepthook,
        list(logging.root.handlers),
        logging.root.level,
    )
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
        sys.excepthook = hook
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
        path[:], argv[:] = path_items, argv_items
        sys.path, sys.argv = path, argv
        sys.stdin, sys.stdout, sys.stderr = streams


@contextmanager
def _signals() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {number: signal.getsignal(number) for number in signal.valid_signals()}
    alarm = signal.getitimer(signal.ITIMER_REAL)
    try:
        yield
    finally:
        # A step that fails leaves the alarm of its @timeout running; one that was set before goes on.
        if not 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= alarm[0]:
            signal.setitimer(signal.ITIMER_REAL, *alarm)
        for number, handler in kept.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)


@contextmanager
def _event_loop() -> Iterator[None]:
    # A step may call asyncio.run, as it may in a fresh process, although the kernel's loop runs here.
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
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
    excepthook, recursion limit, root logger, warning filters, and the running event loop.
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
    except MetaflowException as ex:
        text = " ".join(str(getattr(ex, "message", None) or ex).split())
        msg = f"Metaflow says: {text}"
        raise EngineError(msg) from None
