"""Where the text of a step stands in its flow file."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from spin_magic.errors import SaveError, nearest
from spin_magic.writing.bindings import Binding, bindings, candidates
from spin_magic.writing.lines import Token, content, split_indent
from spin_magic.writing.source import Source

_UNIT = "    "


@dataclass(frozen=True)
class Place:
    """The lines of a step. Rows count from 0, and ends are one past the last row.

    Attributes
    ----------
    source : Source
        The file.
    owner : ast.ClassDef
        The class statement that the step stands in.
    node : ast.FunctionDef
        The step.
    comments : int
        First row of the comment lines directly above the decorators; `first` where there are none.
    first, define, body, end : int
        Rows of the first decorator and of the ``def``, the first row of the body, and the end: comments below
        the last statement count as the body's where they are indented deeper than the ``def``.
    column : int or None
        Where the body begins in row `body`, if it shares a line with the ``def``.
    indent, inner : str
        The indentation of the ``def`` and of its body.
    """

    source: Source
    owner: ast.ClassDef
    node: ast.FunctionDef
    comments: int
    first: int
    define: int
    body: int
    end: int
    column: int | None
    indent: str
    inner: str

    @property
    def unit(self) -> str:
        """What a level of indentation is in this class."""
        return self.inner[len(self.indent) :] or _UNIT

    @property
    def lines(self) -> tuple[int, int]:
        """First and last line of the step, counted from 1."""
        return self.first + 1, self.end


def find_step(source: Source, flow: str, step: str, line: int | None = None) -> Place:
    """Find the text of a step in the class that defines it.

    Parameters
    ----------
    source : Source
        The file.
    flow : str
        The class.
    step : str
        The step.
    line : int, optional
        The first line of the step as it was loaded (``co_firstlineno``): it decides where the file has
        several versions of the class or step in branches.

    Returns
    -------
    Place

    Raises
    ------
    SaveError
        The file does not parse, or has no such class, or the class no such ``def`` of its own.
    """
    owner = find_class(source, flow, line)
    found = candidates(owner.body, step)
    if not found:
        raise SaveError(_why_missing(source, owner, step))
    binding = _decide(found, line, f"the step {step!r}", source)
    if isinstance(binding.node, ast.AsyncFunctionDef):
        msg = f"{step!r} in line {binding.line} of {source.name} is an async def, which is no step."
        raise SaveError(msg)
    if not isinstance(binding.node, ast.FunctionDef):
        msg = (
            f"{step!r} is not made by a def in {source.name}, but in line {binding.line}, "
            f"`{_shown(source, binding.line)}`: change it there by hand."
        )
        raise SaveError(msg)
    later = _set_from_outside(source, flow, step)
    if later:
        msg = (
            f"{step!r} is set from outside its class in line {later} of {source.name}, "
            f"`{_shown(source, later)}`: change it there by hand."
        )
        raise SaveError(msg)
    return place_of(source, owner, binding.node)


def find_class(source: Source, flow: str, line: int | None = None) -> ast.ClassDef:
    """Find the class statement of a flow at the top level of its file, branches included."""
    found = candidates(source.tree.body, flow)
    if not found:
        known = [b.name for b in bindings(source.tree.body) if isinstance(b.node, ast.ClassDef)]
        msg = f"{source.name} has no class {flow!r} at its top level.{nearest(flow, known)}"
        raise SaveError(msg)
    binding = _decide(found, line, f"the class {flow!r}", source)
    if not isinstance(binding.node, ast.ClassDef):
        msg = (
            f"{flow!r} is not a class of {source.name}: line {binding.line}, "
            f"`{_shown(source, binding.line)}`, binds the name. Save into the file that has the class."
        )
        raise SaveError(msg)
    return binding.node


def _decide(found: list[Binding], line: int | None, what: str, source: Source) -> Binding:
    if len(found) > 1 and line is not None:
        found = [binding for binding in found if binding.line <= line <= binding.last_line] or found
    if len(found) > 1:
        lines = ", ".join(str(binding.line) for binding in found)
        msg = (
            f"{source.name} makes {what} in several branches (lines {lines}), and its text does not tell "
            "which one runs: change the right one by hand."
        )
        raise SaveError(msg)
    return found[0]


def _why_missing(source: Source, owner: ast.ClassDef, step: str) -> str:
    bases = [ast.unparse(base) for base in owner.bases]
    for base in bases:
        for binding in candidates(source.tree.body, base.partition(".")[0]):
            inside = binding.node.body if isinstance(binding.node, ast.ClassDef) else []
            if candidates(inside, step):
                return (
                    f"{owner.name} in {source.name} inherits {step!r} from {base} (line {binding.line}): "
                    f"save it there."
                )
    known = [b.name for b in bindings(owner.body) if isinstance(b.node, ast.FunctionDef)]
    guess = nearest(step, known)
    inherited = [base for base in bases if base.rpartition(".")[2] != "FlowSpec"]
    if inherited and not guess:
        return (
            f"{owner.name} in {source.name} has no def of {step!r}: it may inherit it from "
            f"{' or '.join(inherited)}; save it in the file of that class."
        )
    return f"{owner.name} in {source.name} has no def of {step!r}.{guess}"


def _set_from_outside(source: Source, flow: str, step: str) -> int | None:
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and node.attr == step
            and isinstance(node.value, ast.Name)
            and node.value.id == flow
        ):
            return node.lineno
    return None


def _shown(source: Source, line: int) -> str:
    return content(source.lines[line - 1]).strip()


def place_of(source: Source, owner: ast.ClassDef, node: ast.FunctionDef) -> Place:
    """Measure out a function in a class."""
    first, define = _starts(source, node)
    begin = _body_start(source, node)
    indent = split_indent(source.lines[first])[1]
    colon = max(
        token.start[0]
        for token in source.tokens
        if token.string == ":" and token.depth == 0 and (define, 0) <= token.start < begin
    )
    end = _end(source, node, indent)
    column: int | None = None
    if begin[0] == colon or source.kinds[begin[0]] == "continued":
        # Continued: a backslash behind the colon, so that it is still the def's own line for Python.
        body, column = begin
        inner = indent + (_unit(source, owner) or _UNIT)
    else:
        body = next(row for row in range(colon + 1, end) if source.kinds[row] != "blank")
        inner = split_indent(source.lines[begin[0]])[1]
    comments = above(source, first, indent)
    return Place(source, owner, node, comments, first, define, body, end, column, indent, inner)


def above(source: Source, row: int, indent: str) -> int:
    """Give the first of the comment lines directly above a row that are indented like it."""
    while row and source.kinds[row - 1] == "comment" and split_indent(source.lines[row - 1])[1] == indent:
        row -= 1
    return row


def _position(source: Source, line: int, offset: int) -> tuple[int, int]:
    """Turn a position of `ast`, which counts bytes of UTF-8, into row and character."""
    return line - 1, len(source.lines[line - 1].encode()[:offset].decode())


def _starts(source: Source, node: ast.FunctionDef) -> tuple[int, int]:
    """Give the rows of the first decorator, or of the ``def`` if there is none, and of the ``def``."""
    define = node.lineno - 1
    if not node.decorator_list:
        return define, define
    decorator = node.decorator_list[0]
    return _at_sign(source.tokens, _position(source, decorator.lineno, decorator.col_offset))[0], define


def _at_sign(tokens: Sequence[Token], decorator: tuple[int, int]) -> tuple[int, int]:
    # Between the two stand at most brackets and comments: `@(` on one line, the name on the next.
    return max(token.start for token in tokens if token.string == "@" and token.start < decorator)


def _body_start(source: Source, node: ast.FunctionDef) -> tuple[int, int]:
    statement = node.body[0]
    decorated: list[ast.expr] = getattr(statement, "decorator_list", [])
    if decorated:
        return _at_sign(source.tokens, _position(source, decorated[0].lineno, decorated[0].col_offset))
    return _position(source, statement.lineno, statement.col_offset)


def _end(source: Source, node: ast.FunctionDef, indent: str) -> int:
    row = end = node.end_lineno or node.lineno
    while end < len(source.lines) and source.kinds[end] == "continued":
        row = end = end + 1  # a backslash at the very end of the statement
    while row < len(source.lines) and source.kinds[row] in ("blank", "comment"):
        if source.kinds[row] == "comment":
            space = split_indent(source.lines[row])[1]
            if not (space.startswith(indent) and len(space) > len(indent)):
                break
            end = row + 1
        row += 1
    return end


def _unit(source: Source, owner: ast.ClassDef) -> str:
    """Give the class's own unit of indentation, empty where it has none that can be told."""
    outside = split_indent(source.lines[owner.lineno - 1])[1]
    inside = split_indent(source.lines[owner.body[0].lineno - 1])[1]
    return inside.removeprefix(outside)
