"""A long session in a notebook: cells of many kinds, drawn by a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FLOW = "EnduringFlow"
# In all these, @n is another number each time, and @at is 0 or 1.
FILE = "%spin EnduringFlow work --index @at"
WORK = """%%spin EnduringFlow work --index @at
self.scaled = self.numbers * self.input
"""
NEW_TEXT = """
made_@n = [self.index] * 20
self.more = len(made_@n) + @n
"""
DEF = """%%spin EnduringFlow work --index @at
@step
def work(self):
    class Local:
        def __init__(self):
            self.n = @n
        def me(self):
            return self
    made = Local().me()
    self.scaled = [made.n for _ in range(50)]
    self.next(self.join)
"""
FAILS = """
large = [bytes(100_000)]
raise ValueError("number @n")
"""
# What interrupts a cell interrupts it here: SIGINT, while the body runs.
INTERRUPTED = """
import os, signal, time
os.kill(os.getpid(), signal.SIGINT)
time.sleep(20 + @n)
"""
CARD = """%%spin EnduringFlow draw
from metaflow.cards import Markdown, ProgressBar, Table, VegaChart
bar, said = ProgressBar(max=4), Markdown("0")
current.card.extend([bar, said, Table([[1, @n]])])
current.card.append(VegaChart({"mark": "bar", "data": {"values": [{"a": @n}]}}))
for i in range(4):
    bar.update(i + 1)
    said.update(f"line {i} of @n")
    current.card.refresh()
"""
JOIN = """%%spin EnduringFlow join
self.total = @n + len([each.scaled for each in inputs])
"""
ON_SPUN = """%spin EnduringFlow work --all-splits
%spin EnduringFlow join --from spin
"""
ALL_SPLITS = """%%spin EnduringFlow work --all-splits
self.scaled = self.numbers * self.input + @n
"""
BLOCK = """
import spin_magic
with spin_magic.step("EnduringFlow", "work", index=@at) as self:
    self.scaled = self.numbers + @n
"""
RESULT = """%spin EnduringFlow work
_spin.diff(), _spin["scaled"], str(_spin), _spin._repr_mimebundle_()
_spin
"""
# With time for a progress bar, and for a message that goes out by a thread of pyzmq's own, which stays.
LONG = """%%spin EnduringFlow work --all-splits
import time
time.sleep(1.2)
print("x" * 1_000_000)
"""
LAST = """%%spin EnduringFlow end
print("total", self.total, @n)
"""


@dataclass(frozen=True)
class Kind:
    """One kind of cell: its text, how often it comes of a hundred, and what it fails with."""

    code: str
    often: int
    fails: str | None = None


KINDS = {
    "as the file has it": Kind(FILE, 10),
    "the same text again": Kind(WORK, 11),
    "a new text": Kind(WORK + NEW_TEXT, 16),
    "a `def` with a class in it": Kind(DEF, 5),
    "the body fails": Kind(WORK + FAILS, 10, "ValueError"),
    "a mistyped option": Kind("%spin EnduringFlow work --indx @n", 2, "--indx"),
    "interrupted": Kind(WORK + INTERRUPTED, 8, "KeyboardInterrupt"),
    "a card": Kind("%spin EnduringFlow draw", 5),
    "a card that is refreshed": Kind(CARD, 6),
    "past cards": Kind("%spin_cards EnduringFlow draw", 1),
    "a join": Kind(JOIN, 6),
    "on what was spun": Kind(ON_SPUN, 3),
    "all splits": Kind(ALL_SPLITS, 2),
    "inputs": Kind("%spin_inputs EnduringFlow work --index @at", 5),
    "a `with` block": Kind(BLOCK, 3),
    "the result is looked at": Kind(RESULT, 3),
    "the flow is looked at": Kind("%spin_flow EnduringFlow", 1),
    "the file was touched": Kind(FILE, 1),
    "the file was edited": Kind(FILE, 1),
    "another step": Kind(LAST, 1),
}
# Some front ends do not say which cell runs.
NAMED = 0.9


@dataclass(frozen=True)
class Said:
    """A cell to run: of which kind it is, its text, and which cell of the notebook it is."""

    kind: str
    code: str
    cell: str | None


def drawn_kinds(count: int, seed: int) -> list[str]:
    """Draw kinds of cells."""
    often = [kind.often for kind in KINDS.values()]
    return random.Random(seed).choices(list(KINDS), often, k=count)  # noqa: S311 -- no secret


def cells(file: Path, kinds: Iterable[str], seed: int) -> Iterator[Said]:
    """Give a cell of each of these kinds, one after the other; the flow file is edited between them."""
    drawn = random.Random(seed)  # noqa: S311 -- no secret
    first = file.read_text(encoding="utf-8")
    for n, kind in enumerate(kinds):
        if kind == "the file was touched":
            file.touch()
        if kind == "the file was edited":
            file.write_text(first.replace("FACTOR = 2", f"FACTOR = {seed * 1000 + n}"), encoding="utf-8")
        code = KINDS[kind].code.replace("@n", str(seed * 1000 + n)).replace("@at", str(n % 2))
        # Each kind has one cell of the notebook, which runs again and again.
        yield Said(kind, code, kind if drawn.random() < NAMED else None)
    file.write_text(first, encoding="utf-8")
