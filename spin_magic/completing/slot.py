"""The words before the cursor -> what is asked for there, by the magic's own parser."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

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
    asks : {'word', 'option', 'value'}
        What is asked for.
    action : argparse.Action or None
        The option whose value is asked for; None where nobody knows it.
    place : int
        Which of its values.
    head, text : str
        What the word at the cursor begins with: what stays as it is, ``--only=a,`` of ``--only=a,b``, and
        the rest.
    """

    words: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    asks: Literal["word", "option", "value"] = "word"
    action: argparse.Action | None = None
    place: int = 0
    head: str = ""
    text: str = ""


def read(parser: Parser, words: Sequence[str], text: str) -> Slot:
    """Read the words before the cursor.

    Parameters
    ----------
    parser : Parser
        The magic's parser. Options that it does not know are taken to have one value.
    words : sequence of str
        The words before the one at the cursor.
    text : str
        What that one begins with.
    """
    slot = Slot(text=text)
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
            slot.asks, slot.action, slot.place = "value", action, len(values)
    if slot.asks == "word" and text.startswith("-"):
        _read_option(slot, parser)
    if slot.action is not None and _is_list(slot.action):
        before, comma, slot.text = slot.text.rpartition(",")
        slot.head += before + comma
    return slot


def _read_option(slot: Slot, parser: Parser) -> None:
    name, equals, value = slot.text.partition("=")
    slot.asks = "option"
    if equals:
        slot.asks, slot.action = "value", parser.option(name)
        slot.head, slot.text = f"{name}=", value


def _is_list(action: argparse.Action) -> bool:
    """Tell whether a value has commas in it, as the help says it."""
    return action.metavar == "A,B" or "several" in (action.help or "")


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
