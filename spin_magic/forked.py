"""Locks that a forked process can take: a thread that held one at the fork does not exist there."""

from __future__ import annotations

import os
import threading
import weakref


class Locked:
    """Has a lock, and in a process that is forked from this one a new one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        _known.add(self)

    def renew(self) -> None:
        """Take a new lock."""
        self._lock = threading.Lock()


_known: weakref.WeakSet[Locked] = weakref.WeakSet()


def _renew_all() -> None:
    for each in list(_known):
        each.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
