"""The markdown of a card -> parts: headings, paragraphs, lists, quotes, code and tables, and nothing else.

What a page would make of raw HTML is left out, and links are their text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from spin_magic.report.cards.parts import Grid, Heading, Items, Part, Prose, Word, Words, plain
from spin_magic.report.cards.texts import CELL, COLUMNS, ROWS, code_of, left_out, said
from spin_magic.report.preview import clean, clip

READ, PARAGRAPH, ITEM = 6_000, 900, 300
CODE_LINES = 12

_FENCE = re.compile(r" {0,3}(```|~~~)")
_HEADING = re.compile(r" {0,3}(#{1,6})\s(.*)")
_ITEM = re.compile(r"(\s*)([-*+]|\d{1,4}[.)])\s+(.*)")
_RULE = re.compile(r" {0,3}([-*_])(?:\s*\1){2,}\s*$")
# Each form ends at the next sign of its own kind, so that none is looked for twice.
_INLINE = re.compile(
    r"(?P<ticks>`{1,3})(?P<code>[^`]+)(?P=ticks)"
    r"|(?<!\w)(?P<bold_>_{2})(?P<b_>[^_\n]+)__(?!\w)|\*\*\*?(?P<b>(?:[^*]|\*(?!\*))+)\*\*\*?"
    r"|\*(?!\s)(?P<i>[^*]+)\*|(?<!\w)_(?!\s)(?P<i_>[^_]+)_(?!\w)"
    r"|!?\[(?P<link>[^\[\]]*)\]\((?P<to>[^()]*)\)"
    r"|<(?P<url>https?://[^<>\s]+)>|(?P<tag></?[a-zA-Z][^<>]*>|<!--)"
    r"|\\(?P<sign>[\\`*_{}\[\]()#+.!|<>~-])"
)


def markdown_parts(source: str) -> Iterator[Part]:
    """Give the parts of a markdown text, or of its beginning where it is long."""
    lines = clean(source[:READ]).split("\n")
    at = 0
    while at < len(lines):
        part, at = _part(lines, at)
        if part is not None:
            yield part
    if len(source) > READ:
        yield Prose.of("…")


def _part(lines: list[str], at: int) -> tuple[Part | None, int]:
    """Give the part that begins at a line, and the line after it."""
    line = lines[at]
    if not line.strip() or _RULE.match(line):
        return None, at + 1
    if fence := _FENCE.match(line):
        closing = (i for i in range(at + 1, len(lines)) if lines[i].strip().startswith(fence[1]))
        end = next(closing, len(lines))
        return code_of("\n".join(lines[at + 1 : end]), CODE_LINES, "code"), end + 1
    if heading := _HEADING.match(line):
        return Heading(words_of(clip(heading[2].strip(" #"), PARAGRAPH)), min(len(heading[1]), 3)), at + 1
    if "|" in line and at + 1 < len(lines) and _is_under_heads(lines[at + 1]):
        return _table(lines, at)
    if _ITEM.match(line):
        return _items(lines, at)
    quote = line.lstrip().startswith(">")
    end = at + 1
    while end < len(lines) and not _begins(lines[end]) and lines[end].lstrip().startswith(">") == quote:
        end += 1
    text = " ".join(each.strip().removeprefix(">" if quote else "").strip() for each in lines[at:end])
    return Prose(words_of(clip(text, PARAGRAPH)), soft=quote), end


def _begins(line: str) -> bool:
    """Whether a line ends the paragraph before it."""
    return not line.strip() or any(form.match(line) for form in (_RULE, _FENCE, _HEADING, _ITEM))


def _items(lines: list[str], at: int) -> tuple[Items, int]:
    items: list[tuple[int, str, str]] = []
    while at < len(lines):
        if found := _ITEM.match(lines[at]):
            marker = found[2] if found[2][0].isdigit() else "•"
            items.append((min(len(found[1].expandtabs(4)) // 2, 4), marker, found[3]))
        elif lines[at].startswith(" ") and lines[at].strip():
            depth, marker, text = items[-1]
            items[-1] = (depth, marker, f"{text} {lines[at].strip()}")
        elif lines[at].strip() or not (at + 1 < len(lines) and _ITEM.match(lines[at + 1])):
            break
        at += 1
    return Items(tuple((depth, marker, words_of(clip(text, ITEM))) for depth, marker, text in items)), at


def _table(lines: list[str], at: int) -> tuple[Grid, int]:
    end = at + 2
    while end < len(lines) and "|" in lines[end]:
        end += 1
    heads = _cells(lines[at])
    rows = tuple((_cells(line) + ("",) * len(heads))[: len(heads)] for line in lines[at + 2 : end])
    right = tuple(i for i, cell in enumerate(_cells(lines[at + 1])) if re.fullmatch(r"-+:", cell))
    return Grid(heads, rows[:ROWS], left_out(len(rows) - ROWS), right), end


def _is_under_heads(line: str) -> bool:
    return "-" in line and set(line) <= set("|:- \t")


def _cells(line: str) -> tuple[str, ...]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return tuple(said(plain(words_of(cell[: 4 * CELL])), CELL) for cell in inner.split("|")[:COLUMNS])


def words_of(text: str) -> Words:
    """Cut a line at its bold, italic and code."""
    words: list[Word] = []
    at = 0
    for found in _INLINE.finditer(text):
        words += [("", text[at : found.start()]), _word(found)]
        at = found.end()
    words.append(("", text[at:]))
    return tuple(_joined(words))


def _word(found: re.Match[str]) -> Word:
    if found["code"] is not None:
        return ("code", found["code"].strip())
    if bold := found["b"] or found["b_"]:
        return ("b", bold.replace("`", "").strip("*_"))
    if italic := found["i"] or found["i_"]:
        return ("i", italic.replace("`", ""))
    return ("", found["link"] or (found["to"] or "").split(" ")[0] or found["url"] or found["sign"] or "")


def _joined(words: list[Word]) -> Iterator[Word]:
    """Put plain words beside each other into one."""
    held = ""
    for look, text in words:
        if look:
            if held:
                yield ("", held)
            held = ""
            yield (look, text)
        else:
            held += text
    if held:
        yield ("", held)
