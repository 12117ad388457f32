"""Steps that the flow file does not have yet: those that were spun here, and those that a cell leads to."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Iterable
from dataclasses import replace
from types import FunctionType

import metaflow

from spin_magic.engine.graph import graph_of
from spin_magic.engine.prepare import copy_step
from spin_magic.errors import CellError, OptionError, TaskError, nearest
from spin_magic.flows import step as cells
from spin_magic.flows.cell import parse_cell
from spin_magic.flows.load import FlowCode, function_node
from spin_magic.loop import session
from spin_magic.loop.request import Request


def is_in_file(code: FlowCode, step: str) -> bool:
    """Tell whether the flow has a step of that name."""
    return hasattr(getattr(code.cls, step, None), "is_step")


def new_steps(code: FlowCode) -> dict[str, Request]:
    """Give the steps that were spun here and are not in the flow file, and how they were asked for."""
    return {
        step: spun.request
        for step, spun in session.of_flow(code).items()
        if not is_in_file(code, step) and spun.request is not None and spun.request.body is not None
    }


def led_elsewhere(code: FlowCode) -> dict[str, str]:
    """Give the texts of the steps that led elsewhere, when they were spun last, than the flow file says."""
    nodes = graph_of(code.cls).nodes
    return {
        step: spun.request.body
        for step, spun in session.of_flow(code).items()
        if step in nodes and spun.request is not None and spun.request.body is not None
        if spun.result.next is not None and not set(spun.result.next) <= set(nodes[step].next)
    }


def check_after(request: Request, code: FlowCode, step: str) -> None:
    """Make sure that a new step may be called so, and that what is said to lead to it is there.

    Raises
    ------
    SpinError
        Says what is wrong.
    """
    flow = code.cls.__name__
    if is_in_file(code, step):
        msg = f"Flow {flow} has a step `{step}` already: leave --after out, or choose another name."
        raise OptionError(msg)
    if not step.isidentifier() or keyword.iskeyword(step) or step.startswith("_"):
        msg = f"{step!r} cannot be the name of a step: use letters, digits and underscores."
        raise OptionError(msg)
    # Metaflow sets `name` on the flow itself.
    if hasattr(code.cls, step) or step == "name":
        msg = f"Flow {flow} has something else called `{step}`, so no step can be: choose another name."
        raise OptionError(msg)
    graph = graph_of(code.cls)
    if graph.end in request.after:
        msg = f"--after {graph.end}: that is the last step. Name one before it: it then leads to `{step}`."
        raise OptionError(msg)
    known = [*graph.nodes, *(name for name in new_steps(code) if name != step)]
    for parent in request.after:
        if parent not in known:
            hint = nearest(parent, known)
            msg = f"--after {parent}: flow {flow} has no such step, and none was spun here.{hint}"
            raise TaskError(msg)


def spun_again(request: Request, code: FlowCode, step: str) -> Request:
    """Give a new step that was spun before its text and its parents, where they are not said again."""
    known = new_steps(code).get(step)
    if known is None:
        return request
    body = request.body if request.body is not None else known.body
    return replace(request, body=body, after=request.after or known.after)


def function_of(code: FlowCode, step: str, text: str) -> FunctionType:
    """Make the function of a step from a text that was spun before."""
    known = getattr(code.cls, step, None)
    parsed = parse_cell(text, step, None)
    label = cells.name_in_linecache(f"{code.cls.__name__}.{step} as spun")
    made = cells.build_from_cell(parsed, code, code.cls, label)
    if known is not None and not parsed.whole:
        return copy_step(made, known)
    return made if hasattr(made, "is_step") else metaflow.step(made)


def placeholders(code: FlowCode, functions: Iterable[FunctionType], known: Iterable[str]) -> list[str]:
    """List the steps that functions lead to and that are nowhere yet."""
    there = {*known, *dir(code.cls)}
    found = [name for function in functions for name in leads_to(function)]
    return [name for name in dict.fromkeys(found) if name not in there]


def leads_to(function: FunctionType) -> list[str]:
    """List the steps that a function's text names in ``self.next``."""
    node = function_node(function)
    if node is None or not node.args.args:
        return []
    own = node.args.args[0].arg
    calls = (child for child in ast.walk(node) if isinstance(child, ast.Call) and _is_next(child, own))
    parts = (part for call in calls for argument in call.args for part in ast.walk(argument))
    return [
        part.attr
        for part in parts
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == own
    ]


def _is_next(call: ast.Call, own: str) -> bool:
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr == "next"
        and isinstance(function.value, ast.Name)
        and function.value.id == own
    )


def check_join(step: str, kind: str, joined: str | None, after: Iterable[str]) -> None:
    """Make sure that a new join has something to join."""
    if kind == "join" and joined is None:
        parents = ", ".join(f"`{parent}`" for parent in after) or "nothing"
        msg = (
            f"`{step}` takes inputs as a join does, but {parents} is in no branch or foreach: "
            f"write `def {step}(self):`, or name all branches with --after a,b."
        )
        raise CellError(msg)
