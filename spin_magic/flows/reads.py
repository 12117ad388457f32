"""What a step reads on ``self`` and sets there, read from its text."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from metaflow import FlowSpec

from spin_magic.engine.prepare import step_function
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


def reads_and_sets(cls: Any, step: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """List the artifacts and parameters that a step reads, and the artifacts that it sets.

    Parameters
    ----------
    cls : type
        The flow class.
    step : str
        Name of the step.

    Returns
    -------
    reads, sets : tuple of str
        Names on ``self``, for a join on its inputs too, in the order of the text.
    """
    node = function_node(step_function(getattr(cls, step)))
    if node is None or not node.args.args:
        return (), ()
    own, *inputs = (arg.arg for arg in node.args.args)
    of_inputs = _input_names(node, inputs[0]) if inputs else set()
    ends = _assignment_ends(node)
    found = [child for child in ast.walk(node) if isinstance(child, ast.Attribute)]
    # `self.x += 1` reads what it sets.
    added = {id(child.target) for child in ast.walk(node) if isinstance(child, ast.AugAssign)}
    reads: dict[str, None] = {}
    sets: dict[str, None] = {}
    for child in sorted(found, key=lambda child: ends.get(id(child), (child.lineno, child.col_offset))):
        on_self = isinstance(child.value, ast.Name) and child.value.id == own
        if on_self and id(child) in added and child.attr not in sets:
            reads[child.attr] = None
        if on_self and not isinstance(child.ctx, ast.Load):
            sets[child.attr] = None
        elif on_self and child.attr in sets:
            continue  # its own
        elif on_self or (inputs and _is_input(child.value, inputs[0], of_inputs)):
            reads[child.attr] = None
    return tuple(n for n in reads if _is_artifact(cls, n)), tuple(n for n in sets if _is_artifact(cls, n))


def _assignment_ends(function: ast.FunctionDef) -> dict[int, tuple[int, int]]:
    """Give the place where each target of an assignment is set: at its end, after the value is read."""
    ends: dict[int, tuple[int, int]] = {}
    for child in ast.walk(function):
        if isinstance(child, (ast.Assign, ast.AnnAssign)):
            targets = child.targets if isinstance(child, ast.Assign) else [child.target]
            place = (child.end_lineno or child.lineno, child.end_col_offset or 0)
            ends |= {id(part): place for target in targets for part in ast.walk(target)}
    return ends


def _input_names(function: ast.FunctionDef, inputs: str) -> set[str]:
    """Find the names that stand for one input: ``i`` in ``for i in inputs``."""
    loops = (child for child in ast.walk(function) if isinstance(child, (ast.For, ast.comprehension)))
    over = (loop.target for loop in loops if isinstance(loop.iter, ast.Name) and loop.iter.id == inputs)
    return {target.id for target in over if isinstance(target, ast.Name)}


def _is_input(value: ast.expr, inputs: str, names: set[str]) -> bool:
    """Tell whether an expression is an input of a join: ``inputs.a``, ``inputs[0]``, or a name for one."""
    if isinstance(value, ast.Name):
        return value.id in names
    holder = value.value if isinstance(value, (ast.Attribute, ast.Subscript)) else None
    return isinstance(holder, ast.Name) and holder.id == inputs


def _is_artifact(cls: Any, name: str) -> bool:
    return not hasattr(FlowSpec, name) and not callable(getattr(cls, name, None)) and not name.startswith("_")
