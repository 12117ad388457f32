"""What a step reads on ``self`` and sets there, read from its text."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from spin_magic.flows.load import function_node


def _names_on_self(function: Any) -> tuple[set[str], set[str]]:
    node = function_node(function)
    if node is None or not node.args.args:
        return set(), set()
    own = node.args.args[0].arg
    reads: set[str] = set()
    sets: set[str] = set()
    for child in ast.walk(node):
        if isinstance(child, ast.Attribute) and isinstance(child.value, ast.Name) and child.value.id == own:
            (reads if isinstance(child.ctx, ast.Load) else sets).add(child.attr)
    return reads, sets


def assigned_names(function: Any) -> set[str]:
    """List the names that a step assigns on ``self``."""
    return _names_on_self(function)[1]


def unset_reads(cls: Any, step: str, following: Iterable[str], available: Iterable[str]) -> list[str]:
    """Find artifacts that the next steps read and that nobody has set.

    Parameters
    ----------
    cls : type
        The flow class.
    step : str
        The step that was spun.
    following : iterable of str
        The steps that it led to.
    available : iterable of str
        What it hands on.

    Returns
    -------
    list of str
        A sentence each.
    """
    notes = []
    known = set(available)
    for name in following:
        function = getattr(cls, name, None)
        if function is None or name == step or len(function.__code__.co_varnames[:2]) == 0:
            continue
        if function.__code__.co_argcount > 1:
            continue
        reads, sets = _names_on_self(function)
        missing = sorted(n for n in reads - sets - known if not hasattr(cls, n) and not n.startswith("_"))
        notes += [f"The next step `{name}` reads `self.{n}`, which nobody has set." for n in missing]
    return notes
