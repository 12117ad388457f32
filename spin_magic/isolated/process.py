"""The process of an isolated step: its output as it comes, and its end."""

from __future__ import annotations

import atexit
import codecs
import contextlib
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from spin_magic.process_group import end_group

Write = Callable[[str, str], None]

PATIENCE = (2.0, 1.0, 1.0)
# What a step has started may hold its streams open after it has ended.
LEFTOVERS = 1.0


class Child:
    """A process group whose two streams are read as they come.

    Parameters
    ----------
    words : sequence of str
        The command.
    folder : Path
        The working directory.
    variables : mapping of str to str
        The environment.
    """

    def __init__(self, words: Sequence[str], folder: Path, variables: Mapping[str, str]) -> None:
        self._texts: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self._process = subprocess.Popen(  # noqa: S603 -- the flow file is the user's own program
            words,
            cwd=folder,
            env=variables,
            # The launcher ends with us, when this pipe closes.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        streams = {"stdout": self._process.stdout, "stderr": self._process.stderr}
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True) for pair in streams.items()
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str, stream: IO[bytes]) -> None:
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        with contextlib.suppress(ValueError, OSError), stream:
            while data := os.read(stream.fileno(), 65536):
                self._texts.put((name, decode(data)))

    def follow(self, write: Write) -> int:
        """Pass on what the process prints, in the calling thread, until it ends; give how it ended."""
        while self._process.poll() is None:
            with contextlib.suppress(queue.Empty):
                write(*self._texts.get(timeout=0.05))
        for reader in self._readers:
            reader.join(LEFTOVERS)
        with contextlib.suppress(queue.Empty):
            while True:
                write(*self._texts.get_nowait())
        return self._process.returncode

    def stop(self) -> None:
        """End the process and all that it started; a second interrupt skips the patience."""
        end_group(self._process, PATIENCE)
        self.close()

    def close(self) -> None:
        """Let go of the process."""
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()


@contextmanager
def started(words: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Iterator[Child]:
    """Start a process; if the block fails or is interrupted, nothing of it is left behind."""
    child = Child(words, folder, variables)
    atexit.register(child.stop)
    try:
        yield child
    except BaseException:
        child.stop()
        raise
    finally:
        child.close()
        atexit.unregister(child.stop)
