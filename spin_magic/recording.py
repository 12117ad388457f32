"""What a publisher displays, kept while it does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_turn = threading.Lock()


class _Recorder:
    # Stands for a publisher's method. Threads of one kernel spin side by side, and the first to begin need
    # not be the last to end: so each takes its own list out, and the last one the recorder.

    def __init__(self, publisher: Any) -> None:
        self._publish, self._own = publisher.publish, vars(publisher).get("publish")
        self.lists: list[list[dict[str, Any]]] = []

    def __call__(self, data: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if not kwargs.get("update"):
            for shown in self.lists:
                shown.append(dict(data))
        return self._publish(data, *args, **kwargs)

    def take_out(self, publisher: Any, shown: list[dict[str, Any]]) -> None:
        self.lists = [each for each in self.lists if each is not shown]
        if self.lists or vars(publisher).get("publish") is not self:
            return
        if self._own is None:
            del publisher.publish
        else:
            publisher.publish = self._own


@contextmanager
def recording(publisher: Any) -> Iterator[list[dict[str, Any]]]:
    """Keep a copy of what is displayed meanwhile, as MIME bundles; it is displayed all the same.

    Parameters
    ----------
    publisher : DisplayPublisher
        The shell's. Updates of an earlier display, such as progress bars send, are not kept.
    """
    shown: list[dict[str, Any]] = []
    with _turn:
        recorder = vars(publisher).get("publish")
        if not isinstance(recorder, _Recorder):
            recorder = publisher.publish = _Recorder(publisher)
        recorder.lists = [*recorder.lists, shown]
    try:
        yield shown
    finally:
        with _turn:
            recorder.take_out(publisher, shown)
