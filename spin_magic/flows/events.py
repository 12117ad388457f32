"""What a step does to ``self``, in the order of its text."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from spin_magic.flows.load import function_node
from spin_magic.flows.reads import assignment_ends


@dataclass(frozen=True)
class Event:
    """Something that a step does: read or set a name, merge, or what no parser can follow."""

    line: int
    column: int
    kind: str
    name: str = ""
    node: ast.Call | None = None


def events(cls: Any, node: ast.FunctionDef) -> list[Event]:
    """List what a step does to ``self``, in the order of its text."""
    found: list[Event] = []
    for event in _written(node):
        found += _of_helper(cls, event) if event.kind == "call" else [event]
    return found


@functools.lru_cache(maxsize=64)
def _written(node: ast.FunctionDef) -> tuple[Event, ...]:
    """List what stands in the text itself: a call of another method is not followed."""
    own = node.args.args[0].arg
    ends = assignment_ends(node)
    guarded = _guarded(node, own)
    found: list[Event] = []
    for child in ast.walk(node):
        if isinstance(child, ast.Attribute) and isinstance(child.value, ast.Name) and child.value.id == own:
            line, column = ends.get(id(child), (child.lineno, child.col_offset))
            kind = "read" if isinstance(child.ctx, ast.Load) else "set"
            if kind == "set" or child.attr not in guarded:
                found.append(Event(line, column, kind, child.attr))
        elif isinstance(child, ast.AugAssign) and _is_of(child.target, own):
            found.append(Event(child.lineno, child.col_offset, "read", child.target.attr))  # type: ignore[union-attr]
        elif isinstance(child, ast.Call):
            found += _of_call(child, own)
    return tuple(sorted(found, key=lambda event: (event.line, event.column)))


def _of_call(call: ast.Call, own: str) -> list[Event]:
    line, column = call.end_lineno or call.lineno, call.end_col_offset or 0
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    if isinstance(call.func, ast.Name) and call.func.id in ("hasattr", "getattr", "print", "isinstance"):
        return []
    if any(isinstance(value, ast.Name) and value.id == own for value in values):
        # Whoever gets the object may set anything on it.
        return [Event(line, column, "unknown")]
    if not _is_of(call.func, own):
        return []
    name = call.func.attr  # type: ignore[attr-defined]
    if name == "merge_artifacts":
        return [Event(line, column, "merge", node=call)]
    return [] if name == "next" else [Event(line, column, "call", name)]


def _of_helper(cls: Any, call: Event) -> list[Event]:
    helper = getattr(cls, call.name, None)
    inner = function_node(helper) if hasattr(helper, "__code__") else None
    if inner is None or not inner.args.args:
        return []
    sets = {event.name for event in _own_sets(inner)}
    return [Event(call.line, call.column, "set", each) for each in sorted(sets)]


def _own_sets(node: ast.FunctionDef) -> Iterator[Event]:
    own = node.args.args[0].arg
    for child in ast.walk(node):
        if isinstance(child, ast.Attribute) and _is_of(child, own) and not isinstance(child.ctx, ast.Load):
            yield Event(0, 0, "set", child.attr)


def _guarded(node: ast.FunctionDef, own: str) -> set[str]:
    """List the names that the step asks for before it reads them: ``hasattr(self, "x")``."""
    return {
        str(call.args[1].value)
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "hasattr"
        and len(call.args) == 2
        and isinstance(call.args[0], ast.Name)
        and call.args[0].id == own
        and isinstance(call.args[1], ast.Constant)
    }


def _is_of(node: ast.expr, own: str) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == own
