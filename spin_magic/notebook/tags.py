"""What the cells of such a notebook are tagged with, and where their metadata are kept."""

from __future__ import annotations

KEY = "spin_magic"

HEAD = "spin:head"
HELPER = "spin:helper"
CLASS = "spin:class"
STEP = "spin:step"
TAIL = "spin:tail"

TAGS = (HEAD, HELPER, CLASS, STEP, TAIL)
