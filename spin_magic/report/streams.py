"""Cards and logs -> plain data."""

from __future__ import annotations

import re
from typing import Any

from spin_magic.report.model import CardSummary, Log
from spin_magic.report.preview import clean, clip, line_of, sentence, size_text
from spin_magic.result import Card

LOG_LINES, LOG_CHARACTERS = 100, 6_000
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


def summarize_card(card: Card) -> CardSummary:
    """List a card without its page."""
    parts = [_component(c) for c in card.components[:12]]
    if len(card.components) > len(parts):
        parts.append(f"and {len(card.components) - len(parts)} more")
    return CardSummary(clean(card.type), clean(card.id or ""), size_text(len(card.html)), tuple(parts))


def _component(component: Any) -> str:
    """Name a component and give the beginning of the first text in it."""
    if not isinstance(component, dict):
        return line_of(component)
    texts = [component.get(key) for key in ("title", "label", "source", "text", "subtitle")]
    said = next((t for t in texts if isinstance(t, str) and t.strip()), "")
    kind = clean(str(component.get("type", "component")))
    columns = component.get("columns")
    if not said and isinstance(columns, list):
        said = ", ".join(str(c) for c in columns[:8])
    return clip(f"{kind}: {sentence(said)}", 80) if said else clip(kind, 80)


def summarize_log(name: str, text: str) -> Log:
    """Give the end of what was printed, plain."""
    lines = [line.rstrip("\r").rpartition("\r")[2] for line in _ANSI.sub("", text).rstrip("\n").split("\n")]
    shown = "\n".join(lines[-LOG_LINES:])[-LOG_CHARACTERS:]
    # Counted in lines that are whole: the first one may have been cut.
    kept = shown.count("\n") + 1
    left = f"{len(lines) - kept:,} lines before these" if kept < len(lines) else ""
    if not left and len(shown) < len("\n".join(lines)):
        left = "the beginning of the line"
    return Log(name, clean(shown), len(lines), left)
