"""Imported when the flow file is read."""

from __future__ import annotations

CALLS = []


class Tool:
    def __init__(self, power):
        self.power = power


def treble(x):
    CALLS.append(x)
    return 3 * x
