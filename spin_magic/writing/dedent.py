"""Lines of a file as a cell shows them, and lines of a cell as the file has them.

The lines inside a string are the string's value: they are never moved. Where the lines of a cell are those
that the file's own lines are shown as, the file's lines stay, to the byte; so it does not matter that
what is shown has lost the odd indentation of a comment or the spaces of a blank line.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from spin_magic.writing.lines import Kind, content, ending, kinds, scan, split_indent, split_lines


@dataclass(frozen=True)
class Line:
    """A line without its ending, and what it begins in."""

    text: str
    kind: Kind


def dedented(raw: Sequence[str], of: Sequence[Kind], indent: str) -> list[Line]:
    """Take an indentation off some lines; what is indented less begins in the first column then."""
    return [Line(_dedent(content(line), kind, indent), kind) for line, kind in zip(raw, of, strict=True)]


def _dedent(text: str, kind: Kind, indent: str) -> str:
    if kind == "string":
        return text
    if kind == "blank":
        return ""
    head, space, rest = split_indent(text)
    return head + space.removeprefix(indent) + rest if space.startswith(indent) else head + rest


def cell_lines(cell: str) -> list[Line]:
    """Give the lines of a cell that parses, without the indentation that all of it may have."""
    raw = split_lines(cell)
    of = kinds(raw, scan(raw))
    indents = [split_indent(content(line))[1] for line, kind in zip(raw, of, strict=True) if kind == "code"]
    return trimmed(dedented(raw, of, indents[0] if indents else ""))


def trimmed(lines: list[Line]) -> list[Line]:
    """Leave out blank lines at the beginning and at the end."""
    rows = [row for row, line in enumerate(lines) if line.kind != "blank"]
    return lines[rows[0] : rows[-1] + 1] if rows else []


def steps_of_indentation(lines: Sequence[Line]) -> set[str]:
    """Give by what each block of some lines is indented against the one around it."""
    return {
        deeper.removeprefix(outer) for stack in _stacks(lines) for outer, deeper in itertools.pairwise(stack)
    }


def with_unit(lines: Sequence[Line], unit: str, known: set[str]) -> list[Line]:
    """Indent the blocks of a cell as the file does.

    Parameters
    ----------
    lines : sequence of Line
        The lines of the cell.
    unit : str
        A level of indentation in the file.
    known : set of str
        Steps of indentation that the text in the file has, and that are left alone for it.
    """
    stacks = _stacks(lines)
    done = []
    for row, line in enumerate(lines):
        if line.kind in ("string", "blank"):
            done.append(line)
            continue
        head, space, rest = split_indent(line.text)
        stack = stacks[row]
        if line.kind == "comment":
            # It belongs to the block before it or to the one behind it, whichever is indented like it.
            after = next((stacks[at] for at in range(row, len(lines)) if lines[at].kind == "code"), stack)
            stack = after if space == after[-1] else stack
        level = max((depth for depth, outer in enumerate(stack) if space.startswith(outer)), default=0)
        moved = "".join(_mapped(stack[: level + 1], unit, known)) + space.removeprefix(stack[level])
        done.append(Line(head + moved + rest, line.kind))
    return done


def _mapped(stack: Sequence[str], unit: str, known: set[str]) -> list[str]:
    steps = [deeper.removeprefix(outer) for outer, deeper in itertools.pairwise(stack)]
    return [step if step in known else unit for step in steps]


def _stacks(lines: Sequence[Line]) -> list[list[str]]:
    """Give the indentations around each line, from none to that of its own block or the one before it."""
    stack = [""]
    stacks = []
    for line in lines:
        if line.kind == "code":
            space = split_indent(line.text)[1]
            stack = [outer for outer in stack if len(outer) < len(space) and space.startswith(outer)]
            stack = [*stack, space] if space or not stack else stack
        stacks.append(stack)
    return stacks


def merged(
    new: Sequence[Line], old: Sequence[Line], raw: Sequence[str], indent: str, newline: str
) -> list[str]:
    """Give the lines of a cell as lines of the file: the file's own where they are shown alike.

    Parameters
    ----------
    new : sequence of Line
        The cell.
    old : sequence of Line
        What the lines in the file are shown as.
    raw : sequence of str
        The lines in the file.
    indent : str
        What goes before the lines of the cell.
    newline : str
        The line ending of new lines.
    """
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    done: list[str] = []
    for block in matcher.get_matching_blocks():
        done.extend(indented(line, indent).text + newline for line in new[len(done) : block.b])
        done.extend(content(line) + (ending(line) or newline) for line in raw[block.a : block.a + block.size])
    if done and raw and not ending(raw[-1]):
        done[-1] = content(done[-1])
    return done


def indented(line: Line, indent: str) -> Line:
    """Put an indentation before a line, unless it begins in a string or is blank."""
    if line.kind == "string" or not line.text:
        return line
    head, space, rest = split_indent(line.text)
    return Line(head + indent + space + rest, line.kind)
