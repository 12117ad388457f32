"""The line of a magic up to the cursor -> what may stand there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spin_magic.completing import flows, values
from spin_magic.completing.candidate import Asked, Candidate
from spin_magic.completing.slot import Slot, open_options, read
from spin_magic.completing.within import within
from spin_magic.completing.words import split, written
from spin_magic.grammar import Parser, all_parsers

PATIENCE = 0.5


@dataclass(frozen=True)
class Offers:
    """What may stand at the cursor.

    Attributes
    ----------
    typed : str
        What of the line, up to the cursor, they stand in place of.
    candidates : list of Candidate
        Each written as it must stand in the line, the likeliest first.
    """

    typed: str
    candidates: list[Candidate]


def offers(magic: str, line: str, notebook: Mapping[str, Any], patience: float = PATIENCE) -> Offers | None:
    """Say what may stand at the end of a line.

    Nothing is run, imported or loaded, and nothing is raised.

    Parameters
    ----------
    magic : str
        Name of the magic.
    line : str
        What stands between it and the cursor.
    notebook : mapping of str to object
        The notebook's names.
    patience : float
        Seconds to search; what was found until then is offered.

    Returns
    -------
    Offers or None
        None where the line is no concern of ours: another's magic, a comment, an expression.
    """
    parser, words = all_parsers().get(magic), split(line)
    if parser is None or words is None:
        return None
    slot = read(parser, words.before)
    head, text, items = _find(parser, slot, words.text, notebook)
    if items is None:
        return None
    found = within(patience, (magic, line, str(Path.cwd())), items)
    fitting = [each.after(head) for each in found if _begins(each.text, text)]
    made = {each.text: replace(each, text=written(each, words.typed)) for each in reversed(fitting)}
    return Offers(words.typed, list(reversed(made.values())))


def _begins(text: str, with_: str) -> bool:
    return text.casefold().startswith(with_.casefold())


Found = tuple[str, str, Iterator[Candidate] | None]


def _find(parser: Parser, slot: Slot, text: str, notebook: Mapping[str, Any]) -> Found:
    """Find what the word at the cursor begins with, what part of it is asked for, and who offers it."""
    if slot.action is not None:
        return _value(parser, slot, text, "", notebook)
    name, equals, value = text.partition("=")
    if equals and text.startswith("-"):
        slot.action = parser.option(name)
        return _value(parser, slot, value, f"{name}=", notebook)
    asked = _asked(parser, slot, text, notebook)
    if text.startswith("-"):
        return "", text, _options(parser, slot, asked)
    return "", text, _words(parser, slot, asked)


def _value(parser: Parser, slot: Slot, text: str, head: str, notebook: Mapping[str, Any]) -> Found:
    if slot.action is None:
        return head, text, iter(())
    if slot.action.dest == "assignments" and "=" in text:
        return head, text, None
    if slot.action.metavar in values.LISTS:
        before, comma, text = text.rpartition(",")
        head += before + comma
    offer = values.of_option(slot.action, len(slot.values))
    asked = _asked(parser, slot, text, notebook, slot.action.help or "")
    return head, text, offer(asked) if offer else iter(())


def _asked(parser: Parser, slot: Slot, text: str, notebook: Mapping[str, Any], help_: str = "") -> Asked:
    given = dict(zip(parser.words, slot.words, strict=False))
    return Asked(text, given.get("FLOW", ""), given.get("STEP", ""), slot.options, help_, notebook)


def _words(parser: Parser, slot: Slot, asked: Asked) -> Iterator[Candidate]:
    """Offer the next word of the line; options where it has all, and where a word may be left out."""
    place = len(slot.words)
    if place < len(parser.words):
        offer = values.of_word(parser.magic, parser.words[place])
        yield from offer(asked) if offer else ()
    elif not asked.text:
        yield from _options(parser, slot, asked)


def _options(parser: Parser, slot: Slot, asked: Asked) -> Iterator[Candidate]:
    for action in open_options(parser, slot):
        for name in _names(action.option_strings):
            yield Candidate(name, _first(action.help or ""))
    if parser.takes_others and asked.flow:
        yield from flows.parameters(asked)


def _names(options: Iterable[str]) -> list[str]:
    """Give the long names of an option; the short one where it has no other."""
    known = list(options)
    return [name for name in known if name.startswith("--")] or known


def _first(help_: str) -> str:
    return help_.partition(";")[0]
