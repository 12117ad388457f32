"""An object's own picture or page, small enough to be saved in a notebook."""

from __future__ import annotations

import base64
import io
import re
import sys
import warnings
from typing import Any

from spin_magic.report.blocks import Block, Page, Pictures
from spin_magic.report.guard import attempt
from spin_magic.report.short import is_a

RICH = 12_000
PICTURE = 60_000
PIXELS = 440
_SCRIPT = re.compile(r"<script\b.*?</script\s*>", re.IGNORECASE | re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_LINE = re.compile(r"<(?:tr|br|li|p|h[1-6]|pre|dt|summary)\b|\n(?=[^<\n]*</pre)", re.IGNORECASE)
_TALL = re.compile(r"<(?:svg|img|canvas)\b[^>]*?\bheight=[\"']?(\d{1,4})", re.IGNORECASE)


def rich_block(value: Any) -> Block | None:
    """Give the object's own picture or page, if it has one and that is small. Never raises."""
    png = picture_of(value)
    if png:
        return Pictures((("", png),))
    html = rich_bundle(value).get("text/html", "")
    return Page(html, _height(html)) if html else None


def picture_of(value: Any) -> str:
    """Give the object as a small PNG in base64, or nothing. Never raises."""
    if is_a(value, "Figure") and hasattr(value, "savefig"):
        data: Any = attempt(lambda: _figure(value), None, seconds=1.0)
    elif is_a(value, "Image") and hasattr(value, "thumbnail"):
        data = attempt(lambda: _image(value), None, seconds=1.0)
    else:
        return rich_bundle(value, PICTURE, ("image/png",)).get("image/png", "")
    text = base64.b64encode(data).decode("ascii") if data else ""
    return text if len(text) <= PICTURE else ""


def _figure(figure: Any) -> bytes:
    data = io.BytesIO()
    # `savefig` puts the figure's own canvas back; its warnings would stand in the user's cell.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        figure.savefig(data, format="png", dpi=min(72.0, PIXELS / max(*figure.get_size_inches(), 1)))
    return data.getvalue()


def _image(image: Any) -> bytes:
    small = (
        image.reduce(max(1, max(image.size) // PIXELS))
        if image.mode not in ("1", "P")
        else image.convert("RGB")
    )
    small.thumbnail((PIXELS, PIXELS))
    data = io.BytesIO()
    (small if small.mode in ("L", "LA", "RGB", "RGBA") else small.convert("RGB")).save(data, "PNG")
    return data.getvalue()


def rich_bundle(
    value: Any, limit: int = RICH, mimes: tuple[str, ...] = ("image/png", "text/html")
) -> dict[str, str]:
    """Give the object's own picture or HTML, if it has one and that is small.

    Parameters
    ----------
    value : object
        Any object.
    limit : int
        Largest length in characters.
    mimes : tuple of str
        Which forms to ask for, the best first.

    Returns
    -------
    dict
        ``image/png`` (base64) or ``text/html``, or nothing. Never raises.
    """
    for mime in mimes:
        data = attempt(lambda mime=mime: _display(value, mime), None, seconds=1.0)  # type: ignore[misc]
        text = base64.b64encode(data).decode("ascii") if isinstance(data, bytes) else data
        if mime == "text/html" and isinstance(text, str):
            # It goes into a frame that runs no scripts; scikit-learn's are a large part of its displays.
            text = _SCRIPT.sub("", text)
        if mime == "image/png" and isinstance(text, str):
            text = "".join(text.split())  # it may have lines
        is_one = isinstance(text, str) and (mime != "image/png" or _BASE64.fullmatch(text))
        if is_one and 0 < len(text) <= limit:
            return {mime: text}
    return {}


def _display(value: Any, mime: str) -> Any:
    # Not `display_formatter.format`: that prints a traceback into the cell where a display fails.
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        try:
            return shell.display_formatter.formatters[mime].lookup(value)(value)
        except KeyError:
            pass
    method = "_repr_png_" if mime == "image/png" else "_repr_html_"
    data = getattr(value, method)() if hasattr(type(value), method) else None
    return data[0] if isinstance(data, tuple) else data


def _height(html: str) -> int:
    """Guess how high a page will be: without a script no frame can follow its content."""
    tall = sum(map(int, _TALL.findall(html)))
    return max(40, min(24 * (1 + len(_LINE.findall(html))) + tall, 400))
