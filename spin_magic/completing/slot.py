"""The words before the cursor -> what is asked for there, by the magic's own parser."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from spin_magic.grammar import Parser

_REPEATABLE = argparse._AppendAction  # noqa: SLF001 -- what `append` and `extend` make, by its only name


@dataclass
class Slot:
    """What stands before the cursor, and what is asked for there.

    Attributes
    ----------
    words : list of str
        The words that are neither options nor their values: FLOW, STEP.
    options : dict of str to str
        Destination and last value of the options.
    action : argparse.Action or None
        The option whose value is asked for; None where a word or an option is.
    values : tuple of str
        The values of that option that stand there already.
    """

    words: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    action: argparse.Action | None = None
    values: tuple[str, ...] = ()


def read(parser: Parser, words: Sequence[str]) -> Slot:
    """Read the words before the cursor.

    Parameters
    ----------
    parser : Parser
        The magic's parser. Options that it does not know are taken to have one value.
    words : sequence of str
        The words.
    """
    slot = Slot()
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        action = parser.option(name)
        if action is None:
            _read_other(slot, word, rest)
            continue
        count = 0 if equals else number_of_values(action)
        values, rest = rest[:count], rest[count:]
        slot.options[action.dest] = value if equals else " ".join(values)
        if len(values) < count:
            slot.action, slot.values = action, tuple(values)
    return slot


def _read_other(slot: Slot, word: str, rest: list[str]) -> None:
    if not word.startswith("-") or re.fullmatch(r"-[\d.]+", word):
        slot.words.append(word)
    elif "=" not in word and rest and not rest[0].startswith("-"):
        rest.pop(0)


def number_of_values(action: argparse.Action) -> int:
    """Tell how many values an option takes."""
    return 1 if action.nargs is None else action.nargs if isinstance(action.nargs, int) else 0


def open_options(parser: Parser, slot: Slot) -> list[argparse.Action]:
    """List the options that may still be given."""
    return [
        action
        for action in parser.options()
        if isinstance(action, _REPEATABLE) or action.dest not in slot.options
    ]
