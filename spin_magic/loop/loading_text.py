"""The text of a step for the next cell."""

from __future__ import annotations

from dataclasses import dataclass

from spin_magic.engine.prepare import step_names
from spin_magic.errors import SaveError, nearest
from spin_magic.flows.load import FlowCode
from spin_magic.loop import session, texts
from spin_magic.loop.homes import home_of
from spin_magic.writing.place import find_step
from spin_magic.writing.step_text import argument_names, cell_node, step_text


@dataclass(frozen=True)
class LoadedStep:
    """A step as a cell.

    Attributes
    ----------
    text : str
        The cell, with the line of the magic.
    notes : tuple of str
        What the user should know, one sentence each; the first says where it is from.
    """

    text: str
    notes: tuple[str, ...]


def load_text(code: FlowCode, step: str, line: str, *, whole: bool) -> LoadedStep:
    """Give a step as a cell, and remember that this is what the user has seen.

    Parameters
    ----------
    code : FlowCode
        The flow.
    step : str
        Name of the step.
    line : str
        What stands behind ``%%spin``.
    whole : bool
        Give the whole ``def``, with its decorators.

    Raises
    ------
    SaveError
        There is no such step, or its text does not mean the same in a cell.
    """
    home = home_of(code, step)
    flow = code.cls.__name__
    if home is None:
        known = step_names(code.cls)
        msg = f"{flow} has no step {step!r}; its steps are {', '.join(known)}.{nearest(step, known)}"
        raise SaveError(msg)
    source = home.source()
    place = find_step(source, home.owner, step, home.line)
    text = step_text(place, whole=whole)
    first, last = place.lines
    of = "" if home.owner == flow else f" of {home.owner}, which {flow} inherits it from"
    notes = [f"`{step}` is from lines {first} to {last} of {source.name}{of}."]
    if not whole and cell_node(text, step, argument_names(place.node))[1]:
        notes.append("It is the whole def: the bare body would mean something else in a cell.")
    texts.note_loaded(session.key(code, step), home)
    return LoadedStep(f"%%spin {line}\n{text}", tuple(notes))
