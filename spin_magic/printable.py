"""Texts of other people, made fit to be shown."""

from __future__ import annotations

import sys


def clean(text: str) -> str:
    """Give the text with every unprintable character but tab and newline as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def clip(text: str, limit: int) -> str:
    """Cut a text to a length, with an ellipsis where something is left out."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def said_by(value: object) -> str:
    """Give what an object says of itself, which may be anybody's."""
    try:
        return str(value)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 -- whatever its class raises
        return "(it cannot be shown)"


def one_line(value: object, limit: int = 200) -> str:
    """Give the same as one short printable line."""
    text = said_by(value)
    return clip(clean(" ".join(text[: 8 * limit].split())), limit)


def cell_label(file: str) -> str | None:
    """Give IPython's name for the text that a file name of its own stands for, as ``Cell In[3]``."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    told = shell.compile.format_code_name(file) if shell is not None else None
    return f"{told[0]} {told[1]}" if told else None
