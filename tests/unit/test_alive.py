"""The bar that says how far many spins have come, as widgets and as text."""

from __future__ import annotations

import io
import sys

import pytest

from spin_magic import alive
from spin_magic.alive import progress_bar
from spin_magic.settings import SpinMagic


class Publisher:
    def __init__(self):
        self.shown = []

    def publish(self, data, transient, update):
        self.shown.append((data, update))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_a_line_of_text_that_goes(monkeypatch):
    monkeypatch.setattr(SpinMagic.instance(), "elapsed_after", 1e-9)
    monkeypatch.setattr(alive, "OFTEN", -1.0)
    monkeypatch.setattr(sys, "stderr", Terminal())
    publisher = Publisher()
    with progress_bar(publisher, "F s", page=False) as tell:
        tell(0, 3, 0)
        tell(2, 3, 1)
    lines = sys.stderr.getvalue().split("\r")
    assert any("F s:" in line and "2/3" in line and "1 failed" in line for line in lines)
    assert lines[-1].strip() == lines[-2].strip() == ""
    assert publisher.shown == []


def test_what_is_no_terminal_gets_none(monkeypatch):
    monkeypatch.setattr(SpinMagic.instance(), "elapsed_after", 1e-9)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress_bar(Publisher(), "F s", page=False) as tell:
        tell(1, 3, 0)
    assert sys.stderr.getvalue() == ""


@pytest.mark.parametrize("page", [True, False])
def test_quick_spins_show_none(page, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    publisher = Publisher()
    with progress_bar(publisher, "F s", page=page) as tell:
        tell(1, 2, 0)
        tell(2, 2, 0)
    assert publisher.shown == []
    assert sys.stderr.getvalue() == ""
