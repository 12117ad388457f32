"""A stamp beside a large entry says which state of the file was found whole, so that it is read only once.

As long as the file's number, length and times are those of the stamp, nobody has written to it. A stamp
made in the same instant as the file's last change proves nothing, since another change could bear the same
time; it is not believed (git calls such files racily clean).
"""

from __future__ import annotations

import functools
import json
import os
import time
from pathlib import Path

from spin_magic.cache.folder import READING

RACY_NS = 20 * 10**6
TICK_NS = 12 * 10**6  # the clock of a file system ticks every 10 ms at worst
WORTH_WAITING = 128 * 2**20


@functools.cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _state(status: os.stat_result) -> list[int | str]:
    # The boot too: what a crash kept from the disk shows only after it.
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, _boot()]


def believed(path: str, status: os.stat_result) -> bool:
    """Say whether the file at `path` was found whole in the very state that it has now."""
    try:
        descriptor = os.open(path + ".ok", READING)
    except OSError:
        return False
    try:
        stamp = json.loads(os.read(descriptor, 4096))
        return bool(stamp["state"] == _state(status) and stamp["at"] - status.st_ctime_ns >= RACY_NS)
    except (OSError, ValueError, TypeError, KeyError):
        return False
    finally:
        os.close(descriptor)


def write(path: str, status: os.stat_result) -> None:
    """Note that the file at `path` was found whole in the state that `status` describes.

    The file was last changed a little while ago, or is large enough to wait for that: checking a smaller
    one once more takes less. A stamp that cannot be written is left out.
    """
    early = RACY_NS + TICK_NS - (time.time_ns() - status.st_ctime_ns)
    if 0 < early <= RACY_NS + TICK_NS:
        if status.st_size < WORTH_WAITING:
            return
        time.sleep(early / 1e9)
    temporary = f"{path}.ok.{os.getpid()}.{time.monotonic_ns()}.tmp"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError:
        return
    try:
        # The file system's own clock: it may be another machine's.
        os.write(descriptor, b" ")
        stamp = {"state": _state(status), "at": os.fstat(descriptor).st_mtime_ns}
        os.pwrite(descriptor, json.dumps(stamp).encode(), 0)
        os.replace(temporary, path + ".ok")
    except OSError:
        _remove(temporary)
    finally:
        os.close(descriptor)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return
