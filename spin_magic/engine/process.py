"""What a step, or the load of a flow file, may change in the process: noted, and put back."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import gc
import json
import locale
import logging
import os
import pickle
import signal
import socket
import sys
import threading
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

# What a new process has among the builtins, and IPython hides there.
ENDINGS = ("exit", "quit")

_MISSING = object()
# Profilers and coverage go through it since Python 3.12.
_monitoring: Any = getattr(sys, "monitoring", None)
_MODULES = (builtins, json, os, os.path, pickle, threading, time)

Change = Callable[[], object]


@dataclass(frozen=True)
class _Value:
    """Something that is read by one function and set by another.

    Both are bound here, for a step may replace them in their modules.
    """

    get: Callable[[], Any]
    put: Callable[[Any], object]

    def change(self, before: Any, after: Any) -> Change | None:
        return None if before is after or before == after else lambda: self.put(after)


@dataclass(frozen=True)
class _Attribute:
    """What a module's name is bound to."""

    owner: Any
    name: str

    def get(self) -> Any:
        return getattr(self.owner, self.name, _MISSING)

    def change(self, before: Any, after: Any) -> Change | None:
        if before is after:
            return None
        if after is _MISSING:
            return lambda: delattr(self.owner, self.name)
        return lambda: setattr(self.owner, self.name, after)


def _same(before: dict[str, Any], after: dict[str, Any]) -> bool:
    # Lists compare by identity first, and fast.
    try:
        return [*before] == [*after] and [*before.values()] == [*after.values()]
    except Exception:  # noqa: BLE001 -- of values that are others
        return False


@dataclass(frozen=True)
class _Table:
    """Names and what they are bound to; None where there is no such table yet."""

    find: Callable[[], dict[str, Any] | None]
    first: Callable[[dict[str, Any]], object] = len

    def get(self) -> dict[str, Any] | None:
        table = self.find()
        # Past the methods of a table that sorts, checks and warns.
        return None if table is None else dict(dict.items(table))

    def change(self, before: Any, after: Any) -> Change | None:
        if before is None or after is None or _same(before, after):
            return None
        other = [n for n in {*before, *after} if before.get(n, _MISSING) is not after.get(n, _MISSING)]
        return (lambda: self._put({n: after.get(n, _MISSING) for n in other})) if other else None

    def _put(self, values: dict[str, Any]) -> None:
        self.first(values)
        table = self.find() or {}
        for name, value in values.items():
            if value is _MISSING:
                dict.pop(table, name, None)
            else:
                dict.__setitem__(table, name, value)


def _set_profile(kept: Any, put: Callable[[Any], object] = sys.setprofile) -> None:
    if kept is None or callable(kept):
        put(kept)
    else:  # that of cProfile, until Python 3.12: no function, and on in its own way alone
        kept.disable()
        kept.enable()


def _tools() -> list[str | None]:
    """Give the names of who monitors; not a debugger's, which may come from outside while a step runs."""
    return [_monitoring.get_tool(number) for number in range(_monitoring.DEBUGGER_ID + 1, 6)]


def _free_tools(kept: list[str | None]) -> None:
    for number, (before, after) in enumerate(zip(kept, _tools(), strict=True), _monitoring.DEBUGGER_ID + 1):
        if before is None and after is not None:
            _monitoring.set_events(number, 0)
            # Before Python 3.14 whoever takes the number next would get these.
            for event in vars(_monitoring.events).values():
                with contextlib.suppress(ValueError, TypeError):  # it is several, or none
                    _monitoring.register_callback(number, event, None)
            _monitoring.free_tool_id(number)


def _traced() -> int:
    """Give how many frames of each allocation are traced; none where nothing is."""
    return tracemalloc.get_traceback_limit() if tracemalloc.is_tracing() else 0


def _set_traced(frames: int) -> None:
    tracemalloc.stop()
    if frames:
        tracemalloc.start(frames)


def _module(module: ModuleType) -> _Table:
    names = vars(module)
    return _Table(lambda: names)


def _umask() -> int:
    # The strictest one, for what another thread may create meanwhile.
    mask = os.umask(0o77)
    os.umask(mask)
    return mask


def _logging() -> tuple[Any, ...]:
    return logging.root.level, tuple(logging.root.handlers), logging.root.manager.disable


def _set_logging(kept: tuple[Any, ...]) -> None:
    level, handlers, disabled = kept
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    logging.disable(disabled)


def _set_filters(kept: list[Any], reset: Callable[[], None] = warnings.resetwarnings) -> None:
    reset()  # it also tells the interpreter that they are others
    warnings.filters[:] = kept  # type: ignore[index]


def _import_system() -> list[list[Any]]:
    return [list(sys.meta_path), list(sys.path_hooks)]


def _set_import_system(kept: list[list[Any]]) -> None:
    lists: tuple[list[Any], ...] = (sys.meta_path, sys.path_hooks)
    for there, before in zip(lists, kept, strict=True):
        # What a library has added when it was imported, it needs from then on.
        there[:] = before + [each for each in there if not any(each is one for one in before)]


def _plot_style() -> dict[str, Any] | None:
    found = getattr(sys.modules.get("matplotlib"), "rcParams", None)
    return found if isinstance(found, dict) else None


def _switch_back(values: dict[str, Any]) -> None:
    backend, pyplot = values.get("backend"), sys.modules.get("matplotlib.pyplot")
    if isinstance(backend, str) and pyplot is not None:
        pyplot.switch_backend(backend)  # it sets others of them


_PARTS: tuple[_Value | _Attribute | _Table, ...] = (
    *(_Attribute(sys, name) for name in ("excepthook", "displayhook", "unraisablehook", "breakpointhook")),
    *(_Attribute(sys, name) for name in ("modules", "meta_path", "path_hooks")),
    *(_Attribute(sys, name) for name in ("dont_write_bytecode", "tracebacklimit")),
    *(_Attribute(logging, name) for name in ("raiseExceptions", "_logRecordFactory", "_loggerClass")),
    _Attribute(asyncio.events, "_event_loop_policy"),
    _Value(sys.getrecursionlimit, sys.setrecursionlimit),
    _Value(sys.getswitchinterval, sys.setswitchinterval),
    _Value(sys.get_int_max_str_digits, sys.set_int_max_str_digits),
    _Value(sys.gettrace, sys.settrace),
    _Value(sys.getprofile, _set_profile),
    _Value(threading.gettrace, threading.settrace),
    _Value(threading.getprofile, threading.setprofile),
    *([_Value(_tools, _free_tools)] if _monitoring else []),
    _Value(gc.isenabled, lambda on: gc.enable() if on else gc.disable()),
    _Value(gc.get_threshold, lambda kept: gc.set_threshold(*kept)),
    _Value(gc.get_debug, gc.set_debug),
    _Value(_umask, os.umask),
    _Value(socket.getdefaulttimeout, socket.setdefaulttimeout),
    _Value(lambda: locale.setlocale(locale.LC_ALL), lambda kept: locale.setlocale(locale.LC_ALL, kept)),
    _Value(_logging, _set_logging),
    _Value(lambda: list(warnings.filters), _set_filters),
    _Value(_import_system, _set_import_system),
    _Value(_traced, _set_traced),
    _Value(
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        lambda kept: signal.pthread_sigmask(signal.SIG_SETMASK, kept),
    ),
    _module(builtins),
    _Table(_plot_style, _switch_back),
)


def _leave(code: object = None) -> None:
    raise SystemExit(code)


Look = tuple[Any, ...]


def look() -> Look:
    """Note how the process is now."""
    return tuple(part.get() for part in _PARTS)


def changes(before: Look, after: Look) -> list[Change]:
    """Give what makes of the process, as it was before, that which it was after."""
    made = (part.change(old, new) for part, old, new in zip(_PARTS, before, after, strict=True))
    return [change for change in made if change is not None]


def make(wanted: list[Change]) -> None:
    """Make changes; one that fails does not keep the others from being made."""
    for change in wanted:
        with contextlib.suppress(Exception):
            change()


@contextmanager
def put_back() -> Iterator[None]:
    """Put back what the block changes in the process, and the modules that it takes out or replaces.

    Modules that it imports stay, for the next spin.
    """
    before, modules = look(), sys.modules.copy()
    path, path_items, argv, argv_items = sys.path, list(sys.path), sys.argv, list(sys.argv)
    vars(builtins).update(dict.fromkeys(ENDINGS, _leave))
    try:
        yield
    finally:
        sys.path, sys.argv = path, argv
        path[:], argv[:] = path_items, argv_items
        make(changes(look(), before))
        if list(modules.values()) != list(sys.modules.values())[: len(modules)]:
            sys.modules.update(modules)


@contextmanager
def modules_kept() -> Iterator[None]:
    """Put back what the block replaces in the modules that the rest of a spin runs on, at once."""
    kept = [dict(vars(module)) for module in _MODULES]
    try:
        yield
    finally:
        for module, names in zip(_MODULES, kept, strict=True):
            vars(module).update(names)
