"""A value -> one line, its shape, its size, and what its row opens to; never failing, never for long."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Mapping
from itertools import islice
from typing import Any

from spin_magic.report.guard import attempt
from spin_magic.report.model import Detail, Table
from spin_magic.report.short import Short, is_a

LINE = 120
TEXT = 1_200
RICH = 50_000
TABLE_ROWS, TABLE_COLUMNS = 6, 12
_SCRIPT = re.compile(r"<script\b.*?</script\s*>", re.IGNORECASE | re.DOTALL)
UNSHOWN = "(no preview)"


_ONE_LINE = Short(items=6, characters=LINE)
_LONG = Short(items=40, characters=TEXT)


def clean(text: str) -> str:
    """Give the text with every unprintable character but tab and newline as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def clip(text: str, limit: int) -> str:
    """Cut a text to a length, with an ellipsis where something is left out."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def line_of(value: Any) -> str:
    """Give the value on one line."""
    return attempt(lambda: clip(clean(" ".join(_ONE_LINE.repr(value).split())), LINE), UNSHOWN)


def type_of(value: Any) -> str:
    """Give the name of the value's class."""
    return clip(clean(type(value).__name__), 60)


def shape_of(value: Any) -> str:
    """Say how large the value is in its own terms: ``2,000 x 11``, ``4 keys``, ``12 characters``."""
    return attempt(lambda: _shape(value), "")


def _shape(value: Any) -> str:
    shape = () if isinstance(value, type) else getattr(value, "shape", ())
    if isinstance(shape, tuple) and shape and all(isinstance(n, int) for n in shape):
        return " × ".join(f"{n:,}" for n in shape) if len(shape) > 1 else _count(shape[0], "value")
    if isinstance(value, str):
        return _count(len(value), "character")
    if isinstance(value, (bytes, bytearray)):
        return _count(len(value), "byte")
    if isinstance(value, Mapping):
        return _count(len(value), "key")
    if hasattr(type(value), "__len__"):
        return _count(len(value), "item")
    return ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def bytes_of(value: Any) -> int | None:
    """Estimate the bytes of a value where that costs nothing, else None."""
    return attempt(lambda: _bytes(value), None)


def _bytes(value: Any) -> int | None:
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, bytearray)):
        return sys.getsizeof(value)
    if is_a(value, "DataFrame") and hasattr(value, "memory_usage"):
        return int(value.memory_usage().sum())
    nbytes = getattr(value, "nbytes", None)
    return nbytes if isinstance(nbytes, int) else None


def size_text(size: int | None) -> str:
    """Give bytes for a human: ``312 B``, ``1.2 kB``, ``176 kB``, ``1.02 GB``."""
    if size is None:
        return ""
    if size < 1000:
        return f"{size} B"
    number = float(size)
    for unit in ("kB", "MB", "GB", "TB"):
        number /= 1000
        if number < 999.5 or unit == "TB":
            break
    return f"{number:.0f} {unit}" if number >= 100 else f"{number:.1f} {unit}"


def detail_of(value: Any) -> Detail | None:
    """Give what the row opens to, or None where one line says it all."""
    return attempt(lambda: _detail(value), None, seconds=1.0)


def _detail(value: Any) -> Detail | None:
    if value is None or isinstance(value, (bool, int, float, complex)):
        return None
    if is_a(value, "DataFrame") and hasattr(value, "iloc"):
        return Detail(table=_frame_table(value))
    bundle = {} if isinstance(value, (str, bytes, list, tuple, dict, set)) else rich_bundle(value)
    if bundle:
        return Detail(png=bundle.get("image/png", ""), html=bundle.get("text/html", ""))
    if isinstance(value, dict) and value:
        return Detail(table=_dict_table(value))
    # An array's own repr knows its dimensions, and abridges itself.
    shown = repr if is_a(value, "ndarray") else _LONG.repr
    text = value if isinstance(value, str) else shown(value)
    text = clip(clean(text[: TEXT + 1]), TEXT)
    return Detail(text=text) if "\n" in text or len(text) > len(line_of(value)) else None


def _frame_table(frame: Any) -> Table:
    rows, columns = frame.shape
    part = frame.iloc[:TABLE_ROWS, :TABLE_COLUMNS]
    # By columns, so that each value keeps its own type.
    columns_of_cells = [[cell_of(value) for value in part.iloc[:, j]] for j in range(part.shape[1])]
    body = list(zip(map(cell_of, part.index), *columns_of_cells, strict=True))
    more = [f"{TABLE_ROWS} of {rows:,} rows"] if rows > TABLE_ROWS else []
    more += [f"{TABLE_COLUMNS} of {columns:,} columns"] if columns > TABLE_COLUMNS else []
    return Table(("", *map(cell_of, part.columns)), tuple(body), ", ".join(more))


def _dict_table(value: dict[Any, Any]) -> Table:
    body = tuple((line_of(k), line_of(v)) for k, v in islice(value.items(), 12))
    return Table(
        ("key", "value"), body, f"{len(body)} of {len(value):,} keys" if len(value) > len(body) else ""
    )


def cell_of(value: Any) -> str:
    """Give a value as the text of a table's cell."""
    if isinstance(value, str):
        return clip(clean(value), 40)
    plain = scalar_of(value)
    # Such a repr is short and never fails; anything else may.
    return repr(plain) if type(plain) in (float, bool) else clip(line_of(plain), 40)


def scalar_of(value: Any) -> Any:
    """Give the Python number in a library's own scalar (``np.float32``); other values as they are."""
    plain = value
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        plain = value.item()
    return float(f"{plain:.6g}") if isinstance(plain, float) else plain


def rich_bundle(value: Any, limit: int = RICH) -> dict[str, str]:
    """Give the object's own picture or HTML, if it has one and that is small.

    Parameters
    ----------
    value : object
        Any object.
    limit : int
        Largest length in characters.

    Returns
    -------
    dict
        ``image/png`` (base64) or ``text/html``, or nothing. Never raises.
    """
    for mime, method in (("image/png", "_repr_png_"), ("text/html", "_repr_html_")):
        data = attempt(lambda mime=mime, method=method: _display(value, mime, method), None, seconds=1.0)  # type: ignore[misc]
        text = base64.b64encode(data).decode("ascii") if isinstance(data, bytes) else data
        if mime == "text/html" and isinstance(text, str):
            # It goes into a frame that runs no scripts; scikit-learn's are a large part of its displays.
            text = _SCRIPT.sub("", text)
        if isinstance(text, str) and 0 < len(text) <= limit:
            return {mime: text}
    return {}


def _display(value: Any, mime: str, method: str) -> Any:
    # Not `display_formatter.format`: that prints a traceback into the cell where a display fails.
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        try:
            return shell.display_formatter.formatters[mime].lookup(value)(value)
        except KeyError:
            pass
    data = getattr(value, method)() if hasattr(type(value), method) else None
    return data[0] if isinstance(data, tuple) else data
