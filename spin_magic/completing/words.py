"""A line up to the cursor -> its words, as a shell splits them; and a word as it must be written there."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from spin_magic.completing.candidate import Candidate

_PART = re.compile(
    # Spaces as a shell has them: to it, a no-break space is a letter.
    r"""(?P<space>[ \t\r\n]+) | (?P<plain>[^ \t\r\n'"\\]+) | \\(?P<escaped>.)"""
    r"""| '(?P<single>[^']*)(?P<end1>'?) | "(?P<double>(?:\\.|[^"\\])*)(?P<end2>"?) | (?P<rest>.)""",
    re.VERBOSE | re.DOTALL,
)
_NEEDS_QUOTES = re.compile(r"""[\s'"\\]|^\#|^$""")


@dataclass(frozen=True)
class Words:
    """The words of a line up to the cursor.

    Attributes
    ----------
    before : tuple of str
        The words before the one at the cursor.
    text : str
        What the word at the cursor begins with.
    typed : str
        The same as it was typed, with quotes.
    """

    before: tuple[str, ...]
    text: str
    typed: str


def split(line: str) -> Words | None:
    """Split a line up to the cursor; None where the cursor stands in a comment."""
    before: list[str] = []
    text, begun = "", None
    for part in _PART.finditer(line):
        if part["space"]:
            if begun is not None:
                before.append(text)
            text, begun = "", None
            continue
        if begun is None and part[0].startswith("#"):
            return None
        begun = part.start() if begun is None else begun
        text += _value(part)
    return Words(tuple(before), text, "" if begun is None else line[begun:])


def _value(part: re.Match[str]) -> str:
    if part["double"] is not None:
        return re.sub(r'\\(["\\])', r"\1", part["double"])
    return part["plain"] or part["escaped"] or part["single"] or part["rest"] or ""


def written(candidate: Candidate, typed: str) -> str:
    """Write a candidate so that a shell reads it as one word, in the quotes that it was begun with.

    Parameters
    ----------
    candidate : Candidate
        What is to stand there.
    typed : str
        What the word at the cursor begins with, as it was typed.
    """
    text = candidate.text
    quote = typed[:1] if typed[:1] in {"'", '"'} else ""
    if not quote and not _NEEDS_QUOTES.search(text):
        return text
    if quote == '"':
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"' if candidate.whole else f'"{escaped}'
    if "'" in text:
        return shlex.quote(text)
    if not text:
        return '""'
    return f"'{text}'" if candidate.whole else f"'{text}"
