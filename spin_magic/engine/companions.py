"""Threads and processes that a step begins and does not wait for."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import Any, NoReturn

_CAME_OUT = "A process that the step forked came out of the step, and was ended there: end it by os._exit.\n"
_end = os._exit  # a step may have put another function there

Companion = Any  # a Thread, or a Process of multiprocessing


def running() -> set[Companion]:
    """Give the threads that run now, and the processes that multiprocessing has begun."""
    process = sys.modules.get("multiprocessing.process")
    children = getattr(process, "_children", ())
    return {*threading.enumerate(), *children}


def left_running(before: set[Companion], own: dict[str, Any]) -> list[str]:
    """Say which companions of a step go on after it, and what would become of them in a run.

    Parameters
    ----------
    before : set
        Those that ran before the step.
    own : dict
        The globals of the step. Daemons of libraries are at home in any process.
    """
    left = [each for each in running() - before if each.is_alive()]
    awaited = [each for each in left if not each.daemon]
    ended = [each for each in left if each.daemon and _globals(each) is own]
    return [
        *_say(awaited, "`run` would wait for {} before the task ends. Wait for {} in the step."),
        *_say(ended, "`run` would end {} with the step."),
    ]


def _globals(companion: Companion) -> dict[str, Any] | None:
    target = getattr(companion, "_target", None) or type(companion).run
    return getattr(getattr(target, "__func__", target), "__globals__", None)


def _say(companions: list[Companion], then: str) -> list[str]:
    if not companions:
        return []
    names = [f"`{each.name}`" for each in sorted(companions, key=lambda each: str(each.name))]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    verb, them = ("runs", "it") if len(names) == 1 else ("run", "them")
    return [f"{shown}, which the step began, still {verb} in this process: {then.format(them, them)}"]


def end_child() -> NoReturn:
    """End a process that the step has forked off and that came out of the step: it is no second kernel."""
    error = sys.exc_info()[1]
    code = error.code if isinstance(error, SystemExit) else error is not None
    with contextlib.suppress(Exception):
        if not isinstance(error, SystemExit):
            sys.stderr.write(_CAME_OUT)
        sys.stdout.flush()
        sys.stderr.flush()
    _end(code if isinstance(code, int) else 0 if code is None else 1)
