"""What a name is bound to when a block of code has run, as far as its text tells."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_APART = (*_SCOPES, ast.stmt, ast.excepthandler, ast.match_case)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Binding:
    """A place that binds or deletes a name.

    Attributes
    ----------
    name : str
        The name.
    node : ast.AST
        The definition or statement.
    line : int
        Its first line, counted from 1, decorators included.
    conditional : bool
        True where a run may leave it out: in a branch, a loop, or the handler of an exception.
    """

    name: str
    node: ast.AST
    line: int
    conditional: bool

    @property
    def last_line(self) -> int:
        """The line that it ends in."""
        return getattr(self.node, "end_lineno", None) or self.line


def candidates(body: Sequence[ast.stmt], name: str) -> list[Binding]:
    """Give the places that may have the last word on a name: one, unless branches make it several."""
    found: list[Binding] = []
    for binding in bindings(body):
        if binding.name == name:
            found = [*found, binding] if binding.conditional else [binding]
    return found


def bindings(body: Iterable[ast.stmt], *, conditional: bool = False) -> Iterator[Binding]:
    """Give each binding of a block, in the order of the text; not those inside functions and classes."""
    for statement in body:
        if isinstance(statement, _DEFINITIONS):
            yield Binding(statement.name, statement, first_line(statement), conditional)
            continue
        for name in _names(statement):
            yield Binding(name, statement, statement.lineno, conditional)
        for block, maybe in _blocks(statement):
            yield from bindings(block, conditional=conditional or maybe)


def first_line(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    """Give the line in which a definition begins with its decorators, as a function's code counts it."""
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _blocks(statement: ast.stmt) -> Iterator[tuple[list[ast.stmt], bool]]:
    """Give the blocks of a statement, and of each whether a run may leave it out."""
    # The body of a `try`, its `else` and its `finally` are what runs where nothing goes wrong.
    maybe = isinstance(statement, (ast.If, ast.For, ast.While, ast.AsyncFor))
    yield getattr(statement, "body", []), maybe
    for handler in getattr(statement, "handlers", []):
        yield handler.body, True
    for case in getattr(statement, "cases", []):
        yield case.body, True
    yield getattr(statement, "orelse", []), maybe
    yield getattr(statement, "finalbody", []), False


def _names(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        for alias in statement.names:
            yield alias.asname or alias.name.partition(".")[0]
        return
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        children = ast.iter_child_nodes(node)
        pending.extend(child for child in children if not isinstance(child, _APART))
