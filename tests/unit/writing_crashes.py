"""Kills processes in the middle of saves: `writing_crashes.py FOLDER KILLS` counts what they leave.

A process of its own: it forks often, and has no threads.
"""

from __future__ import annotations

import os
import pathlib
import random
import signal
import sys
import time

from spin_magic.writing.disk import write
from spin_magic.writing.source import read

TEXTS = {"x = 1\n" * 3000, "y = 22\n" * 3000}
CALLS = ["open", "write", "fchmod", "fsync", "replace", "close", "fstat", "listxattr"]


def save_for_ever(path, deadly):
    """Save one text after the other; die before or after a certain system call where `deadly` says which."""
    count = 0

    def counted(call):
        def wrapper(*arguments, **options):
            nonlocal count
            count += 1
            if count == deadly:
                os.kill(os.getpid(), signal.SIGKILL)
            result = call(*arguments, **options)
            count += 1
            if count == deadly:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return wrapper

    if deadly:
        for name in CALLS:
            setattr(os, name, counted(getattr(os, name)))
    while True:
        source = read(path)
        write(source, (TEXTS - {source.text}).pop())


def main(folder, kills):
    path = pathlib.Path(folder) / "flow.py"
    path.write_text(min(TEXTS))
    chance = random.Random(0)  # noqa: S311 -- the same points each time
    old = new = left = 0
    for turn in range(kills):
        before = path.read_text()
        child = os.fork()
        if not child:
            try:
                save_for_ever(path, chance.randrange(1, 60) if turn % 2 else 0)
            finally:
                os._exit(1)
        if not turn % 2:
            time.sleep(chance.uniform(0, 0.01))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        after = path.read_text()
        assert after in TEXTS, f"a half-written file after {turn} kills"
        old, new = old + (after == before), new + (after != before)
        others = [other.name for other in path.parent.iterdir() if other != path]
        assert len(others) <= 1, others
        left += len(others)
    write(read(path), path.read_text())
    print(kills, old, new, left)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
