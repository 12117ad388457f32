"""What may stand for the words of a line and for the values of its options, by the names they have there."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Iterator

from spin_magic.completing import files, flows
from spin_magic.completing.candidate import Asked, Candidate

Offer = Callable[[Asked], Iterator[Candidate]]


def _late(room: str, name: str) -> Offer:
    """Give an offer that takes a look at the runs: Metaflow is imported when it is asked."""

    def offer(asked: Asked) -> Iterator[Candidate]:
        found: Offer = getattr(importlib.import_module(f"spin_magic.completing.{room}"), name)
        yield from found(asked)

    return offer


_WORDS: dict[str, Offer] = {"FLOW": flows.flows, "STEP": _late("runs", "steps_and_pathspecs")}
_STEP_ALONE = {"spin_load", "spin_save", "spin_test"}
_NEW_FLOW = "spin_new"

# An option of a later day is offered without an entry here, and its values are where its metavar is known.
_BY_METAVAR: dict[str, Offer] = {
    "FILE": files.files,
    "PATH": files.files,
    "DIR": files.folders,
    "STEP": flows.steps,
    "RUN": _late("runs", "run_ids"),
}
_BY_DESTINATION: dict[str, Offer] = {
    "index": _late("inputs", "indices"),
    "value": _late("inputs", "foreach_values"),
    "namespace": _late("runs", "namespaces"),
    "assignments": _late("inputs", "assignments"),
    "show": _late("inputs", "outputs"),
    "only": _late("inputs", "inputs"),
    "after": flows.steps,
    "config": flows.configs,
    "config_value": flows.configs,
    "id": flows.card_ids,
    "type": flows.card_types,
    "output": files.names,
}


def of_word(magic: str, word: str) -> Offer | None:
    """Give what offers a word of the line; None where nothing is known of it.

    Parameters
    ----------
    magic : str
        The magic's name.
    word : str
        What the usage calls it.
    """
    if magic == _NEW_FLOW:
        return None
    return flows.steps if word == "STEP" and magic in _STEP_ALONE else _WORDS.get(word)


def of_option(action: argparse.Action, place: int) -> Offer | None:
    """Give what offers a value of an option; None where nothing is known of it.

    Parameters
    ----------
    action : argparse.Action
        The option.
    place : int
        Which of its values.
    """
    if action.choices:
        return lambda _: (Candidate(str(each)) for each in action.choices or ())
    metavars = action.metavar if isinstance(action.metavar, tuple) else (action.metavar,)
    known = _BY_METAVAR.get(metavars[place] or "") if place < len(metavars) else None
    return known or (None if place else _BY_DESTINATION.get(action.dest))
