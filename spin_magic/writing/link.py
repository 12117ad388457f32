"""Where a step leads next, read and changed in the text of its flow file."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence

from spin_magic.errors import SaveError, nearest
from spin_magic.writing.edit import checked
from spin_magic.writing.lines import content, ending
from spin_magic.writing.place import Place, find_step
from spin_magic.writing.source import Source
from spin_magic.writing.tree import own_nodes

_NAME = re.compile(r"\w+$")


def link(
    source: Source,
    flow: str,
    parent: str,
    new: str,
    *,
    instead_of: str | None = None,
    also: bool = False,
    line: int | None = None,
) -> str:
    """Give the text of a flow file in which a step leads to another one.

    Parameters
    ----------
    source : Source
        The file.
    flow, parent : str
        The step whose ``self.next`` to change.
    new : str
        The step to lead to.
    instead_of : str, optional
        Which of the steps that it leads to now gives way; there may be just one otherwise.
    also : bool
        Lead to the new step besides all others: a branch.
    line : int, optional
        As in `find_step`.

    Returns
    -------
    str
        Only the name of the step is changed, or added behind the others.

    Raises
    ------
    SaveError
        There is no ``self.next``, or several, or none written out, or it is open which name to change.
    """
    place = find_step(source, flow, parent, line)
    call, targets = _next_call(place)
    names = [target.attr for target in targets]
    if new in names:
        return source.text
    if also:
        text, wanted = _added(source, call, new)
    else:
        target = targets[_chosen(place, call, names, instead_of)]
        end = (target.end_lineno or 0, target.end_col_offset or 0)
        text = _spliced(source, *end, lambda before: _NAME.sub(new, before))
        wanted = _swapped(target, new)
    return checked(source, text, wanted, new)


def next_steps(place: Place) -> tuple[str, ...]:
    """Give the names of the steps that a step leads to.

    Raises
    ------
    SaveError
        There is no ``self.next``, or several, or one that is not written out.
    """
    return tuple(target.attr for target in _next_call(place)[1])


def _next_call(place: Place) -> tuple[ast.Call, list[ast.Attribute]]:
    own = place.node.args.posonlyargs + place.node.args.args
    name = own[0].arg if own else "self"
    calls = [
        node
        for node in own_nodes(place.node)
        if isinstance(node, ast.Call) and _is_own(node.func, name, "next")
    ]
    if len(calls) != 1:
        raise SaveError(_why_not_one(place, sorted(call.lineno for call in calls)))
    call = calls[0]
    given: Sequence[ast.expr] = call.args
    if len(given) == 1 and isinstance(given[0], ast.Dict):
        given = given[0].values  # a switch
    targets = [node for node in given if isinstance(node, ast.Attribute) and _is_own(node, name)]
    if not targets or len(targets) != len(given):
        msg = (
            f"The self.next of {place.node.name!r} in line {call.lineno} of {place.source.name} does not "
            "name its steps one by one: change it by hand."
        )
        raise SaveError(msg)
    return call, targets


def _is_own(node: ast.expr, name: str, attribute: str | None = None) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == name
        and attribute in (None, node.attr)
    )


def _why_not_one(place: Place, lines: list[int]) -> str:
    step, file = place.node.name, place.source.name
    if not lines:
        return f"{step!r} in line {place.define + 1} of {file} has no self.next: add it by hand."
    numbers = ", ".join(map(str, lines))
    return f"{step!r} has several self.next in {file}, in lines {numbers}: change the right one by hand."


def _chosen(place: Place, call: ast.Call, names: list[str], instead_of: str | None) -> int:
    where = f"{place.node.name!r} in line {call.lineno} of {place.source.name}"
    if instead_of is None and len(set(names)) > 1:
        msg = f"{where} leads to {', '.join(map(repr, names))}: say which gives way, or that none does."
        raise SaveError(msg)
    if instead_of is not None and instead_of not in names:
        msg = f"{where} does not lead to {instead_of!r}.{nearest(instead_of, names)}"
        raise SaveError(msg)
    if names.count(instead_of or names[0]) > 1:
        msg = f"{where} leads to {instead_of or names[0]!r} in several ways: change the right one by hand."
        raise SaveError(msg)
    return names.index(instead_of or names[0])


def _spliced(source: Source, line: int, offset: int, change: Callable[[str], str]) -> str:
    text = source.lines[line - 1]
    at = len(text.encode()[:offset].decode())
    lines = [*source.lines[: line - 1], change(text[:at]) + text[at:], *source.lines[line:]]
    return "".join(lines)


def _swapped(target: ast.Attribute, new: str) -> dict[ast.AST, ast.AST]:
    return {target: ast.Attribute(target.value, new, target.ctx)}


def _added(source: Source, call: ast.Call, new: str) -> tuple[str, dict[ast.AST, ast.AST]]:
    last = call.args[-1]
    if not isinstance(last, ast.Attribute):
        msg = f"The self.next in line {call.lineno} of {source.name} is a switch: add the new branch by hand."
        raise SaveError(msg)
    owner = ast.unparse(last.value)
    line, offset = last.end_lineno or 0, last.end_col_offset or 0
    text = source.lines[line - 1]
    before = text.encode()[: last.col_offset].decode()
    behind = content(text.encode()[offset:].decode())
    # One name a line: the new one gets a line too.
    apart = not before.strip() and not behind.strip(" \t,")
    space = f"{ending(text)}{before}" if apart else " "
    wanted = ast.Call(call.func, [*call.args, ast.Attribute(last.value, new, last.ctx)], call.keywords)
    return _spliced(source, line, offset, lambda head: f"{head},{space}{owner}.{new}"), {call: wanted}
