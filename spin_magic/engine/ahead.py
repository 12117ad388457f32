"""Artifacts fetched and unzipped in the background, while the first of them is used."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from spin_magic import cache
from spin_magic.engine.artifacts import ordinary
from spin_magic.engine.blobs import MEMORY, TINY, Blob, detail, read_unchecked

if TYPE_CHECKING:
    from metaflow.datastore.task_datastore import TaskDataStore

MOST_BYTES = 2**30
MOST_THREADS = 4


class Ahead:
    """Bytes of large artifacts that are not in the cache, on their way before they are asked for.

    Results that nobody asked for go when it is closed, and its threads end. A process that is forked
    from this one has none of the threads: there it does nothing, and gives nothing.

    Parameters
    ----------
    most : int, optional
        How many unzipped bytes may wait; by default 1 GiB or a quarter of what memory is available.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = min(MOST_BYTES, _available() // 4) if most is None else most
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._queue: deque[tuple[str, int, TaskDataStore]] = deque()
        self._known: dict[str, tuple[Future[Blob | None], int]] = {}
        self._running = 0

    def want(self, pairs: Iterable[tuple[TaskDataStore, str]]) -> None:
        """Start fetching artifacts, in this order; those that are at hand already are left out."""
        if self._forked():
            return
        store = cache.store()
        for task, name in pairs:
            size = detail(task, name).get("size") or 0
            sha = task._objects[name]
            if size > TINY and ordinary(task, name) and MEMORY.get(sha) is None and not store.has(sha):
                with self._lock:
                    if sha not in self._known:
                        self._known[sha] = (Future(), size)
                        self._queue.append((sha, size, task))
        self._start()

    def take(self, sha: str) -> Blob | None:
        """Give what is on its way, waiting for it, or else None; a thread looks whether it is right."""
        if self._forked():
            return None
        with self._lock:
            known = self._known.get(sha)
            if known is None or not (known[0].running() or known[0].done()):
                self._queue = deque(one for one in self._queue if one[0] != sha)
                self._known.pop(sha, None)
                return None
        try:
            return known[0].result()
        finally:
            with self._lock:
                self._known.pop(sha, None)
            self._start()

    def close(self) -> None:
        """Forget what was not asked for."""
        if self._forked():
            return
        with self._lock:
            self._queue.clear()
            self._known.clear()

    def _forked(self) -> bool:
        return os.getpid() != self._process

    def _start(self) -> None:
        with self._lock:
            while self._queue and self._running < min(MOST_THREADS, os.cpu_count() or 1):
                sha, size, task = self._queue[0]
                if size + self._waiting() > self._most:
                    return
                self._queue.popleft()
                future = self._known[sha][0]
                future.set_running_or_notify_cancel()
                self._running += 1
                # A daemon: a request that hangs must not keep the process from ending.
                work = threading.Thread(target=self._fetch, args=(sha, task, future), daemon=True)
                work.name = "spin_magic fetch"
                work.start()

    def _waiting(self) -> int:
        return sum(size for future, size in self._known.values() if future.running() or future.done())

    def _fetch(self, sha: str, task: TaskDataStore, future: Future[Blob | None]) -> None:
        blob = None
        try:
            blob = read_unchecked(task, sha)
        except Exception:  # noqa: BLE001 -- whoever asks for it reads it again, and is told
            blob = None
        future.set_result(blob)
        if blob is not None:
            blob.look()
        with self._lock:
            self._running -= 1
        del blob, future
        self._start()


def _available() -> int:
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            found = next(line for line in file if line.startswith("MemAvailable:"))
        return int(found.split()[1]) * 1024
    except (OSError, ValueError, StopIteration):
        return MOST_BYTES
