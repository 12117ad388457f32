"""A card's page -> what is its own, and the long scripts and styles that many pages have in common."""

from __future__ import annotations

import functools
import hashlib
import re
import zlib
from dataclasses import dataclass

# Metaflow's script has 1.1 MB, its style 28 kB. Below this, telling texts apart is not worth it.
LONG = 16_000
_ELEMENT = re.compile(r"<(?P<tag>script|style)\b[^>]*>(?P<text>.*?)</(?P=tag)\s*>", re.DOTALL | re.IGNORECASE)
# What a card shows is its own, however long it is.
_DATA = re.compile(r"__MF_DATA__\s*\[")
# Metaflow's pages ask a server on the network for their font; the system's own does as well.
_WEB_FONT = re.compile(r"""@import\s*(?:url\()?["']?https?://[^;"')]*(?:;[^"')]*)?["']?\)?[^;]*;""")


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
    for element in _ELEMENT.finditer(page):
        if len(element["text"]) < LONG or _DATA.search(element["text"], 0, 2_000):
            continue
        text = without_web_font(element["text"])
        key = _key(text)
        texts[key] = text
        parts += [without_web_font(page[end : element.start("text")]), {"key": key}]
        end = element.end("text")
    return Packed((*parts, without_web_font(page[end:])), texts)


def without_web_font(text: str) -> str:
    """Leave out the font that Metaflow's pages fetch from the network."""
    return _WEB_FONT.sub("", text) if "@import" in text else text


@functools.lru_cache(maxsize=16)
def _key(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def zipped(text: str) -> bytes:
    """Compress a text as the page unzips it."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(text.encode("utf-8", "replace")) + packer.flush()
