"""The line of a magic up to the cursor -> what may stand there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spin_magic.completing import flows, values
from spin_magic.completing.candidate import Asked, Candidate
from spin_magic.completing.slot import Slot, open_options, read
from spin_magic.completing.within import within
from spin_magic.completing.words import split, written
from spin_magic.errors import FlowError
from spin_magic.grammar import Parser, all_parsers
from spin_magic.printable import one_line


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


def offers(
    magic: str, line: str, notebook: Mapping[str, Any], *, flow: str = "", patience: float
) -> Offers | None:
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
    flow : str, optional
        The flow that a line without FLOW means. Default: there is none.
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
    slot = read(parser, words.before, words.text)
    if slot.action is not None and slot.action.dest == "assignments" and "=" in slot.text:
        return None
    search = _candidates(parser, slot, notebook, flow)
    found = within(patience, (magic, line, flow, str(Path.cwd())), search)
    # What nobody can see, a line break or an escape in the name of a file, cannot stand in a line either.
    fitting = [
        each.after(slot.head) for each in found if _begins(each.text, slot.text) and each.text.isprintable()
    ]
    made = {
        each.text: replace(each, text=written(each, words.typed), help=one_line(each.help))
        for each in reversed(fitting)
    }
    return Offers(words.typed, list(reversed(made.values())))


def _begins(text: str, with_: str) -> bool:
    return text.casefold().startswith(with_.casefold())


def _candidates(parser: Parser, slot: Slot, notebook: Mapping[str, Any], flow: str) -> Iterator[Candidate]:
    said = slot.action.help if slot.action else ""
    asked = Asked(slot.text, options=slot.options, help=said or "", notebook=notebook)
    words = _with_flow(parser, slot.words, replace(asked, flow=flow)) if flow else slot.words
    given = dict(zip(parser.words, words, strict=False))
    asked = replace(asked, flow=given.get("FLOW", ""), step=given.get("STEP", ""))
    if slot.asks == "value":
        offer = values.of_option(slot.action, slot.place) if slot.action else None
        yield from offer(asked) if offer else ()
        return
    if slot.asks == "word":
        left_out = parser.words[:1] if words and not slot.words else []
        for word in (*parser.words[len(words) :][:1], *left_out):
            offer = values.of_word(parser.magic, word)
            yield from offer(asked) if offer else ()
    if slot.asks == "option" or (len(words) >= len(parser.words) and not slot.text):
        yield from _options(parser, slot, asked)


def _with_flow(parser: Parser, words: list[str], asked: Asked) -> list[str]:
    """Put the flow that a line leaves out in its place, where there is such a flow."""
    with suppress(FlowError):
        flows.flow_of(asked)
        left_out = len(words) < len(parser.words) and (not words or flows.is_step(asked, words[0]))
        return [asked.flow, *words] if left_out else words
    return words


def _options(parser: Parser, slot: Slot, asked: Asked) -> Iterator[Candidate]:
    for action in open_options(parser, slot):
        for name in _names(action.option_strings):
            yield Candidate(name, _first(action.help or ""))
    if parser.takes_others and asked.flow:
        yield from flows.run_options(asked)


def _names(options: Iterable[str]) -> list[str]:
    """Give the long names of an option; the short one where it has no other."""
    known = list(options)
    return [name for name in known if name.startswith("--")] or known


def _first(help_: str) -> str:
    return help_.partition(";")[0]
