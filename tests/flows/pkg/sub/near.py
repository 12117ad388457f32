"""A sibling of the flow."""

from __future__ import annotations

from ..tools import Reading


def average(readings: list[Reading]) -> float:
    return sum(r.value for r in readings) / len(readings)
