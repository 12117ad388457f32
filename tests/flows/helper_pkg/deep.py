"""A module of a package beside the flow."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent.name


def count(text):
    return len(text.split())
