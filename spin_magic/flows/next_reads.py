"""What the next steps read that they will not find: read from their text, without running anything."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

from spin_magic.engine.graph import Graph, StepNode
from spin_magic.engine.prepare import step_function
from spin_magic.flows.events import events
from spin_magic.flows.load import function_node
from spin_magic.flows.reads import input_names, is_artifact


def unset_reads(
    cls: Any,
    graph: Graph,
    step: str,
    following: Iterable[str],
    *,
    available: Iterable[str],
    given: Iterable[str],
) -> list[str]:
    """Find artifacts that the next steps read and that nobody has set.

    Parameters
    ----------
    cls : type
        The flow class.
    graph : Graph
        Its graph.
    step : str
        The step that was spun.
    following : iterable of str
        The steps that it leads to.
    available : iterable of str
        What it hands on.
    given : iterable of str
        What its inputs had.

    Returns
    -------
    list of str
        A sentence each, with what to do about it.
    """
    known, lost = {*available, *_caught_names(cls, step)}, set(given)
    spun = graph.nodes[step]
    notes: list[str] = []
    for name in following:
        if name not in graph.nodes or name == step:
            continue
        function = step_function(getattr(cls, name))
        if getattr(function, "wrappers", ()):
            continue  # the user's own decorators may set anything first
        node = function_node(function)
        if node is None or not node.args.args:
            continue
        if graph.nodes[name].type == "join" and len(node.args.args) > 1:
            notes += _of_join(cls, node, graph.nodes[name], step, known)
        else:
            missing = _missing(cls, node, known)
            notes += [_unset(name, n, step, dropped=spun.type == "join" and n in lost) for n in missing]
    return notes


def _caught_names(cls: Any, step: str) -> set[str]:
    """Give the artifacts that ``@catch(var=...)`` sets in a run, which a spin leaves out."""
    decorators = getattr(step_function(getattr(cls, step, None)), "decorators", ())
    return {str(name) for each in decorators if each.name == "catch" and (name := each.attributes.get("var"))}


def _unset(child: str, name: str, step: str, *, dropped: bool) -> str:
    if dropped:
        return (
            f"The next step `{child}` reads `self.{name}`, which the join `{step}` does not hand on: call "
            f"`self.merge_artifacts(inputs)` in `{step}`, or set `self.{name}` from `inputs`."
        )
    return f"The next step `{child}` reads `self.{name}`, which nobody has set: set it in `{step}`."


def _missing(cls: Any, node: ast.FunctionDef, known: set[str]) -> list[str]:
    """List what a step reads on ``self`` before it sets it, and does not get."""
    found: dict[str, None] = {}
    have = set(known)
    for event in events(cls, node):
        if event.kind == "unknown":
            break
        if event.kind == "set":
            have.add(event.name)
        elif event.kind == "read" and event.name not in have and _could_miss(cls, event.name):
            found[event.name] = None
    return list(found)


def _of_join(cls: Any, node: ast.FunctionDef, child: StepNode, step: str, known: set[str]) -> Iterator[str]:
    """Say what a join reads and does not get: from `step` through its inputs, or on ``self`` by itself."""
    only = child.joins == "foreach" or child.parents == (step,)
    for name in _read_of_inputs(node, step, only=only):
        if name not in known and _could_miss(cls, name):
            yield (
                f"The join `{child.name}` reads `{name}` of its inputs, which `{step}` does not hand on: "
                f"set `self.{name}` in `{step}`."
            )
    have: set[str] = set()
    merges = False
    said: set[str] = set()
    for event in events(cls, node):
        if event.kind == "unknown":
            return
        if event.kind == "set":
            have.add(event.name)
        elif event.kind == "merge" and event.node is not None:
            if not only:
                return  # what the other branches hand on is not known here
            have |= _merged(event.node, known)
            merges = True
        elif event.name not in have | said and _could_miss(cls, event.name):
            said.add(event.name)
            yield _unmerged(child.name, event.name, merges=merges)


def _unmerged(child: str, name: str, *, merges: bool) -> str:
    if merges:
        return (
            f"The join `{child}` reads `self.{name}`, which its merge_artifacts does not bring: "
            f"set `self.{name}` in `{child}` first."
        )
    return (
        f"The join `{child}` reads `self.{name}`, which a join does not get by itself: read it from "
        "`inputs`, or call `self.merge_artifacts(inputs)` first."
    )


def _merged(call: ast.Call, known: set[str]) -> set[str]:
    """Give what a ``merge_artifacts`` brings; all where its lists are not written out."""
    have = set(known)
    for keyword in call.keywords:
        try:
            names = set(ast.literal_eval(keyword.value))
        except (ValueError, TypeError):
            continue
        if keyword.arg == "exclude":
            have -= names
        elif keyword.arg == "include" and names:
            have &= names
    return have


def _could_miss(cls: Any, name: str) -> bool:
    return not hasattr(cls, name) and is_artifact(cls, name)


def _read_of_inputs(node: ast.FunctionDef, step: str, *, only: bool) -> list[str]:
    """List what a join reads of every input, or of the one from `step`; of others nothing is known here."""
    inputs = node.args.args[1].arg
    each = input_names(node, inputs)
    found: dict[str, None] = {}
    for child in ast.walk(node):
        if not isinstance(child, ast.Attribute) or not isinstance(child.ctx, ast.Load):
            continue
        holder = child.value
        by_name = (
            isinstance(holder, ast.Attribute)
            and isinstance(holder.value, ast.Name)
            and holder.value.id == inputs
            and holder.attr == step
        )
        by_number = (
            only
            and isinstance(holder, ast.Subscript)
            and isinstance(holder.value, ast.Name)
            and holder.value.id == inputs
        )
        if by_name or by_number or (isinstance(holder, ast.Name) and holder.id in each):
            found[child.attr] = None
    return list(found)
