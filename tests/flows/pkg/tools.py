"""Help for the flow of the package."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Reading:
    name: str
    value: float


def read(name):
    return Reading(name, len(name) / 2)
