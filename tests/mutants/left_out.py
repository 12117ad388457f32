"""Operators that cosmic-ray lacks: what a statement does, assigns or returns is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import parso
from cosmic_ray.operators.operator import Example, Operator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parso.tree import NodeOrLeaf

    Position = tuple[int, int]


def _new(text: str, instead_of: NodeOrLeaf) -> NodeOrLeaf:
    made = parso.parse(text).children[0]
    made.get_first_leaf().prefix = instead_of.get_first_leaf().prefix
    return made


class _Replaced(Operator):
    """Puts a text in the place of some nodes."""

    text: str

    def chosen(self, node: NodeOrLeaf) -> bool:
        raise NotImplementedError

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[tuple[Position, Position]]:
        if self.chosen(node):
            yield node.start_pos, node.end_pos

    def mutate(self, node: NodeOrLeaf, index: int) -> NodeOrLeaf:
        return _new(self.text, node)


class LeaveOutCall(_Replaced):
    """``f(x)`` as a statement becomes ``None``."""

    text = "None"

    def chosen(self, node: NodeOrLeaf) -> bool:
        if node.type not in {"atom_expr", "power", "await_expr"} or node.parent.type != "simple_stmt":
            return False
        return bool(node.get_last_leaf().value == ")")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("f(x)\n", "None\n"),)


class AssignNone(_Replaced):
    """``name = value`` becomes ``name = None``."""

    text = "None"

    def chosen(self, node: NodeOrLeaf) -> bool:
        parent = node.parent
        if parent is None or node.get_first_leaf().value == "None":
            return False
        if parent.type == "annassign":
            return node is parent.children[-1] and parent.children[-2].value == "="
        if parent.type == "expr_stmt":
            before = node.get_previous_sibling()
            return (
                node is parent.children[-1]
                and before is not None
                and before.type == "operator"
                and (before.value == "=")
            )
        return False

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("a = 1\n", "a = None\n"), Example("a: int = 1\n", "a: int = None\n"))


class ReturnNone(_Replaced):
    """``return value`` becomes ``return None``."""

    text = "None"

    def chosen(self, node: NodeOrLeaf) -> bool:
        parent = node.parent
        if parent is None or parent.type != "return_stmt" or node is not parent.children[-1]:
            return False
        return bool(node.get_first_leaf().value != "None" and len(parent.children) > 1)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("def f():\n    return 1\n", "def f():\n    return None\n"),)


class OtherText(_Replaced):
    """``"text"`` becomes ``"XX"``; what has a blank in it is the wording of a message and is left."""

    text = '"XX"'

    def chosen(self, node: NodeOrLeaf) -> bool:
        if node.type != "string" or node.parent.type in {"simple_stmt", "strings", "fstring"}:
            return False
        return " " not in node.value and node.value not in {'""', '"XX"'}

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example('f("a")\n', 'f("XX")\n'),)


OPERATORS = {made.__name__: made for made in (LeaveOutCall, AssignNone, ReturnNone, OtherText)}
