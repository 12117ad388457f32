"""The line that says how far many spins have come."""

from __future__ import annotations

import pytest

from spin_magic import alive
from spin_magic.alive import progress_line


class Publisher:
    def __init__(self):
        self.shown = []

    def publish(self, data, transient, update):
        self.shown.append((data["text/plain"], update))


@pytest.mark.parametrize("shown", [True, False])
def test_progress_is_told_and_the_line_goes(monkeypatch, shown):
    monkeypatch.setattr(alive, "OFTEN", -1.0)
    publisher = Publisher()
    with progress_line(publisher, "F s", shown=shown) as tell:
        tell(1, 3, 0)
        tell(2, 3, 1)
    said = [("F s: 1 of 3 done", False), ("F s: 2 of 3 done, 1 failed", True), ("", True)]
    assert publisher.shown == (said if shown else [])


def test_quick_spins_show_no_line():
    publisher = Publisher()
    with progress_line(publisher, "F s", shown=True) as tell:
        tell(1, 2, 0)
        tell(2, 2, 0)
    assert publisher.shown == []
