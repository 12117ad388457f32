"""Texts that try to get out of the place where they are shown, and how to look whether one did."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

import html5lib

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What each would do in a page that took it for markup.
MARKUP = {
    "script": "<script>window.pwned=1</script>",
    "handler": '"><img src=x onerror="window.pwned=2">',
    "single quotes": "' onmouseover='window.pwned=3' x='",
    "comment": "<!-- --!><svg onload=window.pwned=4>",
    "ends": "</script></style></pre></section></template></textarea><img src=x onerror=window.pwned=5>",
    "cdata": "<![CDATA[<script>window.pwned=6</script>]]>",
    "srcdoc": '<iframe srcdoc="<script>parent.pwned=7</script>"></iframe>',
    "link": '<a href="javascript:window.pwned=8">x</a> [x](javascript:window.pwned=8) ![x](http://evil.test/x.png)',
    "style": "</style><style>@import url(http://evil.test/a.css);*{background:url(http://evil.test/b)}</style>",
    "css": "x;}*{display:none;width:expression(alert(1))}/*",
    "svg": "<svg><animate onbegin=window.pwned=9 attributeName=x><a xlink:href=javascript:alert(1)>",
    "mathml": '<math><mtext><table><mglyph><style><img src=x onerror="window.pwned=10">',
    "base": '<base href="http://evil.test/"><meta http-equiv=refresh content="0;url=http://evil.test/">',
    "clobbering": "<form id=document name=body><input id=jupyterapp name=cookie></form><img name=getItem>",
    "mutation": '<noscript><p title="</noscript><img src=x onerror=window.pwned=11>">',
    "template": "{{ 7*7 }}{% raw %}{{ config }}{% endraw %}${7*7}#{7*7}",
    "latex": r"$\href{javascript:window.pwned=12}{x}$ $$\unicode{x41}$$ \(x^2\) \[y_1\]",
    "entities": "&lt;script&gt;&#60;b&#62;&amp;&colon;",
}
# What each would do to a terminal, or to an eye.
CONTROLS = {
    "clear": "\x1b[2J\x1b[H\x1b[31mred",
    "link": "\x1b]8;;http://evil.test/\x1b\\click\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "title": "\x1b]0;owned\x07",
    "device": "\x1bP$qm\x1b\\\x1b_x\x1b\\\x1b[c\x1b[6n",
    "c1": "\x9b2J\x9d0;owned\x9c\x90x\x9c\x85",
    "backspace": "safe\x08\x08\x08\x08evil\x7f",
    "return": "all is well\rnothing",
    "direction": "\u202egnp.exe\u202c \u2066a\u2067b\u2069 \u200e\u200f\u061c",
    "invisible": "ze\u200bro\u200dwi\ufeffdth\u00ad\u2060",
    "nul": "a\x00b\x1a\x04",
    "lines": "a\u2028b\u2029c\x0bd\x0ce\x1cf",
    "tags": "a\U000e0041\U000e0042\ufff9b\ufffac\ufffb",
    "surrogate": "a\ud800b\udfffc",
}
LONG = {"long line": "x" * 100_000, "marks": "a" + "\u0301\u0489" * 5_000}
ALL = {**{f"{name} (markup)": text for name, text in MARKUP.items()}, **CONTROLS, **LONG}
TERMINAL = {name: text for name, text in CONTROLS.items() if name != "surrogate"}

# What ours colour with; nothing else of a terminal's is ever ours.
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# Elements and attributes of pages of somebody else's are in these alone, as texts.
_PAGES = ("srcdoc",)
_GOOD_URL = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=]*")
_NEVER = frozenset(
    {"script", "img", "a", "form", "base", "meta", "link", "object", "embed", "math", "template"}
)


def benign(text: str) -> str:
    """Give a harmless text that is as long, with blanks where the other has them."""
    return "".join("n" if c.isascii() and not c.isspace() else "n" if not c.isspace() else c for c in text)


def unprintable(text: str) -> list[str]:
    """Name the characters of a text of ours that do more than be seen."""
    left = _COLOURS.sub("", text)
    bad = {c for c in left if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and c not in "\n\t"}
    return sorted(f"U+{ord(c):04X}" for c in bad)


def elements(html: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Go through what a browser would make of a fragment."""
    tree = html5lib.parseFragment(html, namespaceHTMLElements=False)
    for node in tree.iter():
        if isinstance(node.tag, str) and node.tag != "DOCUMENT_FRAGMENT":
            yield node.tag.rpartition("}")[2], {str(key): value for key, value in node.attrib.items()}
        elif not isinstance(node.tag, str):
            yield "#comment", {}


def shape(html: str) -> set[tuple[str, ...]]:
    """Give the kinds of elements: their names, classes and the names of their attributes."""
    return {(tag, attributes.get("class", ""), *sorted(attributes)) for tag, attributes in elements(html)}


def broken_out(html: str) -> list[str]:
    """Name what no output of ours has, wherever it comes from."""
    found: list[str] = []
    for tag, attributes in elements(html):
        picture = tag == "img" and _GOOD_URL.fullmatch(attributes.get("src", ""))
        if (tag in _NEVER and not picture) or tag == "#comment":
            found.append(tag)
        if tag == "iframe" and not set(attributes.get("sandbox", "x").split()) <= {"allow-scripts"}:
            found.append("iframe")
        found += [f"{tag} {name}" for name in attributes if name.lower().startswith("on")]
        for name, value in attributes.items():
            if "javascript:" in value.lower() and name in {"href", "src", "action", "style"}:
                found.append(f"{tag} {name}={value}")
            if name not in _PAGES and (bad := unprintable(value)):
                found.append(f"{tag} {name} has {bad}")
    return found


def texts_of(bundles: Iterable[dict[str, Any]], mime: str) -> list[str]:
    """Give the texts of one kind."""
    return [str(bundle[mime]) for bundle in bundles if mime in bundle]
