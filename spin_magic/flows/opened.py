"""The files that a module reads while it is loaded, and whether they are still as they were then."""

from __future__ import annotations

import builtins
import hashlib
import inspect
import io
import os
import stat as modes
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, get_ident
from typing import Any

from spin_magic.flows.installed import is_installed
from spin_magic.kept import Stamp, settled, stamp

_LIMIT = 1000
_MAX_BYTES = 8_000_000
_IMPORT_SYSTEM = ("importlib.", "pkgutil")
_NOT_DATA = (".pyc", ".so", ".pyd")
_NO_FILES = ("/dev/", "/proc/", "/sys/")


@dataclass
class _Seen:
    """A file or folder as it was: `stamp` None where there was none, `content` None where it is not known."""

    stamp: Stamp | None
    looked: int
    content: bytes | None = None

    def surely_is(self, now: Stamp | None) -> bool:
        return now == self.stamp and (now is None or settled(now, self.looked))


class OpenedFiles:
    """Files opened for reading, and folders listed, while a module is loaded."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self._new: list[str] = []

    def __len__(self) -> int:
        return len(self._seen)

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note what this thread opens in the meantime."""
        thread = get_ident()
        outer = _listening.get(thread)
        _listen(thread, self)
        try:
            yield
        finally:
            _listen(thread, outer)
            self._read_new()

    def note(self, path: str) -> None:
        """Note a path as it is now; installed files and devices are left out."""
        path = os.path.abspath(path)  # noqa: PTH100 -- with the Path it takes three times as long
        if path in self._seen:
            return
        if path.endswith(_NOT_DATA) or path.startswith(_NO_FILES) or is_installed(path):
            return
        self._seen[path] = _Seen(_stamp(path), time.time_ns())
        self._new.append(path)

    def _read_new(self) -> None:
        while self._new:
            path = self._new.pop()
            seen = self._seen[path]
            # What changed since it was opened is not what the module read.
            seen.content = _content(path) if _stamp(path) == seen.stamp else None

    def is_stale(self) -> bool:
        """Tell whether any of them has changed; a file written anew with the same content has not."""
        self._read_new()
        for path, seen in self._seen.items():
            looked, now = time.time_ns(), _stamp(path)
            if seen.surely_is(now):
                continue
            if now is None or seen.content is None or _content(path) != seen.content:
                return True
            seen.stamp, seen.looked = now, looked
        return False


def _stamp(path: str) -> Stamp | None:
    try:
        return stamp(path)
    except (OSError, ValueError):
        return None


def _content(path: str) -> bytes | None:
    try:
        mode = os.stat(path)  # noqa: PTH116 -- as in `note`
        if modes.S_ISDIR(mode.st_mode):
            return "\0".join(sorted(os.listdir(path))).encode(errors="surrogateescape")  # noqa: PTH208
        # A pipe would wait for somebody to write.
        if not modes.S_ISREG(mode.st_mode) or mode.st_size > _MAX_BYTES:
            return None
        return hashlib.blake2b(Path(path).read_bytes()).digest()
    except OSError:
        return None


class _Heard:
    """Stands for a function that opens files, while a module is loaded.

    Not an audit hook: that one cannot be removed, and slows each ``id()`` and each copy of the kernel for
    good. An object and not a function: kept as an attribute of a class it must not become a method.
    """

    def __init__(self, call: Callable[..., Any], reads: Callable[..., bool]) -> None:
        self.call = call
        self._reads = reads
        self.__name__ = call.__name__
        self.__doc__ = call.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        opened = _listening.get(get_ident())
        if opened is not None and len(opened) < _LIMIT:
            # What is wrong with the arguments, the function itself says.
            with suppress(OSError, ValueError, TypeError):
                if self._reads(*args, **kwargs):
                    opened.note(os.fsdecode(_path(*args, **kwargs)))
        return self.call(*args, **kwargs)


def _path(file: Any = None, *_args: Any, path: Any = None, **_kwargs: Any) -> Any:
    given = path if file is None else file
    return "." if given is None else given


def _open_reads(_file: Any = None, mode: str = "r", *_args: Any, **_kwargs: Any) -> bool:
    return "r" in mode or "+" in mode


def _os_open_reads(_path: Any = None, flags: int = os.O_RDONLY, *_args: Any, **_kwargs: Any) -> bool:
    return flags & (os.O_WRONLY | os.O_RDWR) != os.O_WRONLY


def _list_reads(*_args: Any, **_kwargs: Any) -> bool:
    # What searches for packages lists each folder that it passes: `Lookups` sees to those.
    frame = inspect.currentframe()
    caller = frame.f_back.f_back if frame and frame.f_back else None
    return caller is None or not str(caller.f_globals.get("__name__")).startswith(_IMPORT_SYSTEM)


_listening: dict[int, OpenedFiles] = {}
_lock = Lock()
_WAYS: tuple[tuple[Any, str, _Heard], ...] = (
    (builtins, "open", _Heard(open, _open_reads)),
    (io, "open", _Heard(open, _open_reads)),
    (os, "open", _Heard(os.open, _os_open_reads)),
    (os, "listdir", _Heard(os.listdir, _list_reads)),
    (os, "scandir", _Heard(os.scandir, _list_reads)),
)


def _listen(thread: int, opened: OpenedFiles | None) -> None:
    with _lock:
        before = bool(_listening)
        if opened is None:
            _listening.pop(thread, None)
        else:
            _listening[thread] = opened
        if bool(_listening) == before:
            return
        for module, name, heard in _WAYS:
            there, new = (heard.call, heard) if _listening else (heard, heard.call)
            # What somebody else has put there stays.
            if getattr(module, name) is there:
                setattr(module, name, new)
