"""A changed text onto the disk: whole or not at all, and never over what someone else has saved."""

from __future__ import annotations

import contextlib
import difflib
import errno
import fcntl
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from spin_magic.errors import SaveError
from spin_magic.writing.source import Source, read

_LOCK_SECONDS = 10.0
_LF_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def diff(old: str, new: str, path: str) -> str:
    """Give the change of a file as a unified diff, as `patch` takes it."""
    lines = difflib.unified_diff(_LF_LINE.findall(old), _LF_LINE.findall(new), path, path)
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def create(path: Path, text: str) -> None:
    """Write a new file, whole or not at all.

    Raises
    ------
    OSError
        It is there already, or cannot be written: then it is not there.
    """
    stream = path.open("x", encoding="utf-8")
    try:
        with stream:
            stream.write(text)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def write(old: Source, text: str) -> Source:
    """Put a new text in the place of the one that was read.

    A link stays, and what it leads to is replaced; mode and ownership are kept. Other hard links to the file
    keep the old text. Who saves with this function takes turns; what anybody else has saved in the meantime
    is seen right before the replacement, and stays.

    Parameters
    ----------
    old : Source
        The file as it was read.
    text : str
        Its new text.

    Returns
    -------
    Source
        The file as it is now.

    Raises
    ------
    SaveError
        The file is as it was, and the refused text is in the error's ``text``.
    """
    try:
        data = old.encode(text)
        with _turn(old.target.parent) as alone:
            if alone:
                _remove_left_over(old.target)
            _check(old)
            _replace(old, data)
        return read(old.path)
    except SaveError as ex:
        raise SaveError(str(ex), text) from None
    except OSError as ex:
        raise SaveError(_why(old, ex), text) from None


@contextlib.contextmanager
def _turn(folder: Path) -> Iterator[bool]:
    """Wait for those who save into a folder; some file systems have no such locks: then gives False."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield _lock(descriptor, folder)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> bool:
    # The folder itself: a lock file beside the flow would be left for the user to find.
    until = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                msg = f"Another process keeps saving into {folder}: save once more when it is done."
                raise SaveError(msg) from None
            time.sleep(0.005)
        except OSError:
            return False
        else:
            return True


def _check(old: Source) -> None:
    now = read(old.path)
    if now.target != old.target:
        msg = f"{old.path} now leads to {now.target}, not to {old.target}: load the step again and save that."
        raise SaveError(msg)
    if now.stamp.sha256 != old.stamp.sha256:
        msg = (
            f"{old.path} has been changed since it was read, by an editor or another notebook: load the step "
            "again, so that neither change is lost."
        )
        raise SaveError(msg)
    if not now.writable:
        msg = f"{old.path} is read-only: make it writable (chmod u+w) and save once more."
        raise SaveError(msg)


def _replace(old: Source, data: bytes) -> None:
    target = old.target
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.spin_save")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600)
    try:
        _write_all(descriptor, data)
        _take_over(target, descriptor)
        os.fsync(descriptor)
        _check(old)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    _sync_folder(target.parent)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _take_over(target: Path, descriptor: int) -> None:
    """Give the new file the owner, the extended attributes and the mode of the old one, in this order."""
    state, mine = target.stat(), os.fstat(descriptor)
    if (state.st_uid, state.st_gid) != (mine.st_uid, mine.st_gid):
        try:
            os.fchown(descriptor, state.st_uid, state.st_gid)
        except PermissionError:
            msg = f"{target} belongs to another user or group, which a save would change: save a copy."
            raise SaveError(msg) from None
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):
            for name in os.listxattr(target):
                os.setxattr(descriptor, name, os.getxattr(target, name))
    os.fchmod(descriptor, stat.S_IMODE(state.st_mode))


def _sync_folder(folder: Path) -> None:
    # The new file is in place already: that some file systems cannot sync a folder is no failure.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove_left_over(target: Path) -> None:
    """Remove what a killed save of this file has left: in our turn, nobody else's is in use."""
    ours = re.compile(rf"\.{re.escape(target.name)}\.\d+-[0-9a-f]{{8}}\.spin_save")
    for path in target.parent.iterdir():
        if ours.fullmatch(path.name):
            with contextlib.suppress(OSError):
                path.unlink()


def _why(old: Source, ex: OSError) -> str:
    if ex.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"There is no room for the new {old.path}, which is as it was: free some and save once more."
    if ex.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{old.target.parent} cannot be written to, as a save must: change its permissions."
    if ex.errno == errno.ENOENT:
        return f"{old.path} is gone, or the folder that it was in: save the text in a new file."
    return f"{old.path} cannot be written: {ex.strerror or ex}. The file is as it was."
