"""The end of a process and of all that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import Any

from spin_magic.interrupts import breakable, whole


@whole
def end_group(process: subprocess.Popen[Any], patience: tuple[float, float, float]) -> None:
    """End a process that leads its own group, and the group; a second interrupt skips the patience.

    Parameters
    ----------
    process : Popen
        It was started in a session of its own.
    patience : tuple of float
        Seconds that it has after SIGINT, as from the keyboard, after SIGTERM and after SIGKILL.
    """
    for number, seconds in zip((signal.SIGINT, signal.SIGTERM, signal.SIGKILL), patience, strict=True):
        if process.poll() is None:
            _signal(process, number)
            with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
                _wait(process, seconds)
    _signal(process, signal.SIGKILL)


@breakable
def _wait(process: subprocess.Popen[Any], seconds: float) -> None:
    process.wait(seconds)


def _signal(process: subprocess.Popen[Any], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
