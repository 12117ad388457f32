"""Syntax trees: parsed without a warning, and compared without a care for positions or for depth."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping
from typing import Any


def parse(text: str) -> ast.Module:
    """Parse a text.

    Raises
    ------
    SyntaxError
        It does not parse, for whatever reason.
    """
    try:
        with warnings.catch_warnings():
            # A file may be full of "\d": a warning when it is run, but no business of a save.
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (ValueError, RecursionError, MemoryError) as ex:
        reason = str(ex) or "it is nested too deeply"
        raise SyntaxError(reason, ("", 1, 0, "")) from None


def same_tree(one: Any, other: Any, swapped: Mapping[ast.AST, ast.AST] | None = None) -> bool:
    """Tell whether two trees mean the same.

    Parameters
    ----------
    one, other : ast.AST or list
        The trees.
    swapped : mapping of ast.AST to ast.AST, optional
        Nodes of `one`, by identity, with those that are to stand in their places in `other`.
    """
    pending = [(one, other)]
    while pending:
        a, b = pending.pop()
        a = swapped.get(a, a) if swapped and isinstance(a, ast.AST) else a
        if type(a) is not type(b):
            return False
        if isinstance(a, ast.AST):
            pending.extend((getattr(a, name, None), getattr(b, name, None)) for name in a._fields)
        elif isinstance(a, list) and isinstance(b, list):
            if len(a) != len(b):
                return False
            pending.extend(zip(a, b, strict=True))
        elif a != b:
            return False
    return True


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Walk what a function itself runs: not the functions and classes inside it."""
    pending = list(ast.iter_child_nodes(node))
    while pending:
        child = pending.pop()
        yield child
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            pending.extend(ast.iter_child_nodes(child))
