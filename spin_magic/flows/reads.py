"""What a step reads on ``self`` and sets there, read from its text."""

from __future__ import annotations

import ast
from typing import Any

from metaflow import FlowSpec

from spin_magic.engine.prepare import step_function
from spin_magic.flows.load import function_node


def assigned_names(function: Any) -> set[str]:
    """List the names that a step assigns on ``self``."""
    node = function_node(function)
    if node is None or not node.args.args:
        return set()
    own = node.args.args[0].arg
    return {
        child.attr
        for child in ast.walk(node)
        if isinstance(child, ast.Attribute)
        and isinstance(child.value, ast.Name)
        and child.value.id == own
        and not isinstance(child.ctx, ast.Load)
    }


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
    of_inputs = input_names(node, inputs[0]) if inputs else set()
    ends = assignment_ends(node)
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
    return tuple(n for n in reads if is_artifact(cls, n)), tuple(n for n in sets if is_artifact(cls, n))


def assignment_ends(function: ast.FunctionDef) -> dict[int, tuple[int, int]]:
    """Give the place where each target of an assignment is set: at its end, after the value is read."""
    ends: dict[int, tuple[int, int]] = {}
    for child in ast.walk(function):
        if isinstance(child, (ast.Assign, ast.AnnAssign)):
            targets = child.targets if isinstance(child, ast.Assign) else [child.target]
            place = (child.end_lineno or child.lineno, child.end_col_offset or 0)
            ends |= {id(part): place for target in targets for part in ast.walk(target)}
    return ends


def input_names(function: ast.FunctionDef, inputs: str) -> set[str]:
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


def is_artifact(cls: Any, name: str) -> bool:
    """Tell whether a name on ``self`` is an artifact or parameter, and not a method or Metaflow's own."""
    return not hasattr(FlowSpec, name) and not callable(getattr(cls, name, None)) and not name.startswith("_")
