"""A text as the lines that Python sees, and what each line begins in."""

from __future__ import annotations

import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["code", "continued", "string", "comment", "blank"]

# Not str.splitlines: for Python, a form feed or a U+2028 ends no line.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_SPACE = re.compile(r"[ \t\f]*")
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_STARTS = {getattr(tokenize, name, -1) for name in ("FSTRING_START", "TSTRING_START")}
_ENDS = {getattr(tokenize, name, -1) for name in ("FSTRING_END", "TSTRING_END")}
_LAYOUT = {tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.INDENT, tokenize.DEDENT}


def split_lines(text: str) -> list[str]:
    """Split a text into lines as Python counts them, each with its ending."""
    return _LINE.findall(text)


def content(line: str) -> str:
    """Give a line without its ending."""
    return line.rstrip("\r\n")


def ending(line: str) -> str:
    """Give the ending of a line, which is empty for the last line of some files."""
    return line[len(content(line)) :]


def usual_ending(*places: Iterable[str]) -> str:
    """Give the most frequent line ending of the first place that has any."""
    for lines in places:
        counted = Counter(filter(None, map(ending, lines)))
        if counted:
            return counted.most_common(1)[0][0]
    return "\n"


def split_indent(text: str) -> tuple[str, str, str]:
    """Split a line into what a form feed puts out of count, its indentation, and the rest."""
    space = _SPACE.match(text).group()  # type: ignore[union-attr]
    start = space.rfind("\f") + 1
    return text[:start], text[start : len(space)], text[len(space) :]


@dataclass(frozen=True)
class Token:
    """A token, with 0-based rows and the brackets that are open before it."""

    type: int
    string: str
    start: tuple[int, int]
    end: tuple[int, int]
    depth: int


def scan(lines: Sequence[str]) -> list[Token]:
    """Give the tokens of a text that parses, without those that only stand for its layout.

    All of it is read as if in brackets: then indentation is of no concern, and a part of a file will do.
    """
    # The layout's own rules differ between `tokenize` and the parser, for form feeds and backslashes.
    text = "".join(["(\n", *(f"{content(line)}\n" for line in lines), ")\n"])
    tokens = []
    depth = 0
    for type_, string, (row, column), (last, stop), _ in tokenize.generate_tokens(io.StringIO(text).readline):
        depth -= type_ == tokenize.OP and string in _CLOSE
        if 1 < row < len(lines) + 2 and type_ not in _LAYOUT:
            tokens.append(Token(type_, string, (row - 2, column), (last - 2, stop), depth - 1))
        depth += type_ == tokenize.OP and string in _OPEN
    return tokens


def kinds(lines: Sequence[str], tokens: Sequence[Token]) -> list[Kind]:
    """Say of each line what it begins in.

    ``code`` begins a statement, ``continued`` goes on with one, ``string`` begins inside a string, and its
    first characters are part of that string's value.
    """
    first: dict[int, Token] = {}
    comments = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
    for token in reversed(tokens):
        first[token.start[0]] = token
    strings = _rows_in_strings(tokens)
    depths = _depths(lines, tokens)
    found: list[Kind] = []
    goes_on = False
    for row, text in enumerate(map(content, lines)):
        if row in strings:
            kind: Kind = "string"
        elif goes_on:
            kind = "continued"
        elif not text.strip():
            kind = "blank"
        elif depths[row]:
            kind = "continued"
        else:
            kind = "comment" if row in first and first[row].type == tokenize.COMMENT else "code"
        found.append(kind)
        goes_on = text.endswith("\\") and row not in comments and row + 1 not in strings
    return found


def _rows_in_strings(tokens: Sequence[Token]) -> set[int]:
    rows: set[int] = set()
    opened: list[int] = []
    for token in tokens:
        if token.type == tokenize.STRING:
            rows.update(range(token.start[0] + 1, token.end[0] + 1))
        elif token.type in _STARTS:
            opened.append(token.start[0])
        elif token.type in _ENDS:
            rows.update(range(opened.pop() + 1, token.end[0] + 1))
    return rows


def _depths(lines: Sequence[str], tokens: Sequence[Token]) -> list[int]:
    """Count the brackets that are open where each line begins."""
    change = [0] * (len(lines) + 1)
    for token in tokens:
        if token.type == tokenize.OP:
            change[token.start[0] + 1] += (token.string in _OPEN) - (token.string in _CLOSE)
    depths = []
    depth = 0
    for row in range(len(lines)):
        depth += change[row]
        depths.append(depth)
    return depths
