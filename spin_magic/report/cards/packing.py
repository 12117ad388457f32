"""A card's page -> what is its own, and the long scripts and styles that many pages have in common."""

from __future__ import annotations

import functools
import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

# Metaflow's script has 1.1 MB, its style 28 kB. Below this, telling texts apart is not worth it.
LONG = 16_000
_OPENING = re.compile(r"<(script|style)\b[^>]*>")
# What a card shows is its own, however long it is.
_DATA = re.compile(r"__MF_DATA__\s*\[")
# Metaflow's pages ask a server on the network for their font; the system's own does as well.
_STYLE = re.compile(r"(<style\b[^>]*>)(.*?)(?=</style)", re.DOTALL | re.IGNORECASE)
_WEB_FONT = re.compile(
    r"""@import\s{0,9}(?:url\(\s{0,9})?["']?https?://[^"'()<>{}\s]{1,500}["']?\s{0,9}\)?[^;<>{}]{0,99}(?:;|\Z)"""
)


@dataclass(frozen=True)
class Packed:
    """A page in parts.

    Attributes
    ----------
    parts : tuple of str or dict
        Texts, and ``{"key": ...}`` for texts that pages have in common.
    texts : dict of str to str
        Those texts by their keys.
    """

    parts: tuple[str | dict[str, str], ...]
    texts: dict[str, str]


def pack(page: str) -> Packed:
    """Take a page apart. Put together again, it is the same page but for fonts from the network."""
    parts: list[str | dict[str, str]] = []
    texts: dict[str, str] = {}
    end = 0
    for begins, ends in _contents(page):
        if ends - begins < LONG or _DATA.search(page, begins, begins + 2_000):
            continue
        text = _fontless(page[begins:ends])
        key = _key(text)
        texts[key] = text
        parts += [without_web_font(page[end:begins]), {"key": key}]
        end = ends
    return Packed((*parts, without_web_font(page[end:])), texts)


def _contents(page: str) -> Iterator[tuple[int, int]]:
    """Find where the texts of scripts and styles begin and end, without looking through them."""
    opening = _OPENING.search(page)
    while opening:
        end = page.find(f"</{opening[1]}", opening.end())
        if end < 0:
            return
        yield opening.end(), end
        opening = _OPENING.search(page, end)


def without_web_font(page: str) -> str:
    """Leave out the font that the styles of Metaflow's pages fetch from the network."""
    if "@import" not in page:
        return page
    return _STYLE.sub(lambda style: style[1] + _fontless(style[2]), page)


def _fontless(style: str) -> str:
    return _WEB_FONT.sub("", style) if "@import" in style else style


@functools.lru_cache(maxsize=16)
def _key(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def zipped(text: str) -> bytes:
    """Compress a text as the page unzips it."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(text.encode("utf-8", "replace")) + packer.flush()
