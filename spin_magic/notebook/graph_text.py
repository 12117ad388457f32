"""The graph of a flow as lines of text, read from its file without running it."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spin_magic.writing.tree import own_nodes


@dataclass(frozen=True)
class Leads:
    """Where a step leads.

    Attributes
    ----------
    to : tuple of str
        The next steps.
    how : str
        What is particular about the way there: ``foreach``, ``parallel`` or ``switch``; mostly nothing.
    """

    to: tuple[str, ...] = ()
    how: str = ""


def leads(step: ast.FunctionDef) -> Leads:
    """Say where the ``self.next`` of a step leads; its last one, as Metaflow reads it."""
    calls = [node for node in own_nodes(step) if isinstance(node, ast.Call) and _is_next(node.func)]
    if not calls:
        return Leads()
    call = max(calls, key=lambda node: (node.lineno, node.col_offset))
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    targets = [
        value
        for argument in call.args
        for value in (argument.values if isinstance(argument, ast.Dict) else [argument])
    ]
    names = dict.fromkeys(node.attr for node in targets if isinstance(node, ast.Attribute))
    hows = {"foreach": "foreach", "num_parallel": "parallel", "condition": "switch"}
    return Leads(tuple(names), next((how for name, how in hows.items() if name in keywords), ""))


def _is_next(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and function.attr == "next"
        and isinstance(function.value, ast.Name)
    )


def graph_text(steps: Mapping[str, Leads]) -> str:
    """Draw a graph as text: a line for each stretch without a branch.

    Parameters
    ----------
    steps : mapping of str to Leads
        The steps in the order of the file.

    Returns
    -------
    str
        ``start -> prepare -> train (foreach) -> join -> end``.
    """
    led_to = {to for way in steps.values() for to in way.to}
    pending = [name for name in steps if name not in led_to][:1]
    drawn: set[str] = set()
    lines = []
    while pending:
        name = pending.pop(0)
        if name not in drawn:
            words, last = _stretch(name, steps, drawn)
            lines.append(" -> ".join(words))
            pending.extend(to for to in last if to in steps)
        pending = pending or [name for name in steps if name not in drawn][:1]
    return "\n".join(line for line in lines if line)


def _stretch(name: str, steps: Mapping[str, Leads], drawn: set[str]) -> tuple[Sequence[str], tuple[str, ...]]:
    words = [name]
    while name in steps and name not in drawn:
        drawn.add(name)
        way = steps[name]
        how = f" ({way.how})" if way.how else ""
        if way.to:
            words.append(", ".join(way.to) + how)
        if len(way.to) != 1:
            return words, way.to
        [name] = way.to
    return words, ()
