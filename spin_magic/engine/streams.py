"""Standard streams that pass text on as it comes and keep a copy."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

KEEP_CHARS = 10 * 2**20


class Tee:
    """A text stream in front of another.

    Parameters
    ----------
    stream : text stream
        Where text goes on to. Everything but writing is asked of it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._parts: list[str] = []
        self._kept = 0
        self.closed = False

    def write(self, text: str) -> int:
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        written = self._stream.write(text)
        if self._kept < KEEP_CHARS:
            self._parts.append(text)
            self._kept += len(text)
        return written

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def close(self) -> None:
        """Take no more text: what is behind it is the notebook's."""
        self.closed = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def text(self) -> str:
        """What was written so far, up to 10 MB, as Metaflow keeps of a task's log."""
        return "".join(self._parts)


class Logs:
    """The body's standard output and error."""

    def __init__(self) -> None:
        self.stdout = Tee(sys.stdout)
        self.stderr = Tee(sys.stderr)

    @contextmanager
    def streaming(self) -> Iterator[None]:
        """Put the tees in place of the standard streams."""
        kept = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = self.stdout, self.stderr
        try:
            yield
        finally:
            sys.stdout, sys.stderr = kept
