"""Our templates and style sheets, as the pages need them."""

from __future__ import annotations

import functools
import re
import uuid
from importlib.resources import files

import jinja2
from markupsafe import Markup


def new_id(kind: str) -> str:
    """Give an id that no other output of the page has."""
    return f"spin-{kind}-{uuid.uuid4().hex[:8]}"


@functools.lru_cache(maxsize=8)
def style_sheet(*names: str) -> Markup:
    """Give style sheets of ours as one, without comments and blanks."""
    static = files("spin_magic.report").joinpath("static")
    text = "\n".join(static.joinpath(name).read_text(encoding="utf-8") for name in names)
    text = re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))
    # Our own files, and the only text that is not escaped.
    return Markup(re.sub(r"\s*([{};,>])\s*", r"\1", text).replace(";}", "}").replace(": ", ":").strip())  # noqa: S704


def code_parts(text: str) -> list[tuple[bool, str]]:
    """Cut a sentence at its backticks: whether a part is code, and the part."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return [(False, text)]
    return [(bool(i % 2), part) for i, part in enumerate(parts) if part]


@functools.lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """Give the environment of our templates: every leaf is escaped, and a missing name is an error."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("spin_magic.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters["code_parts"] = code_parts
    return made
