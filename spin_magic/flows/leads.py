"""Where a step leads, read from its text."""

from __future__ import annotations

import ast
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
