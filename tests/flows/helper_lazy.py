"""Imported inside a step."""

from __future__ import annotations

from helper_top import treble


def sixfold(x):
    return 2 * treble(x)
