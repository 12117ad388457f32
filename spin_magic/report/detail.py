"""A value -> what its row opens to."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from spin_magic.report.arrays import SMALL, as_array, bytes_in, histograms, is_numeric, numpy, statistics
from spin_magic.report.blocks import Block, Cell, Detail, Table, Text
from spin_magic.report.frames import Frame, frame_of
from spin_magic.report.guard import attempt
from spin_magic.report.preview import cell_of, clean, clip, line_of, shape_of
from spin_magic.report.rich import rich_block
from spin_magic.report.short import Short, is_a
from spin_magic.settings import SpinMagic

TEXT = 1_200
TABLE_COLUMNS = 12
ITEMS = 12
SHOWN = 80
_LONG = Short(items=40, characters=TEXT)
_PLAIN = (str, bytes, bytearray, list, tuple, set, frozenset)


def detail_of(value: Any) -> Detail | None:
    """Give what the row opens to, or None where one line says it all. Never raises."""
    return attempt(lambda: _detail(value), None, seconds=0.5)


def _detail(value: Any) -> Detail | None:
    if value is None or isinstance(value, (bool, int, float, complex)):
        return None
    frame = frame_of(value)
    if frame is not None:
        return Detail((_frame_table(frame),))
    array = attempt(lambda: as_array(value), None)
    if array is not None and array.dtype.names is None and array.ndim:
        return _array_detail(value, array)
    if isinstance(value, Mapping):
        return Detail((_pairs(dict(islice(value.items(), ITEMS)), "key", len(value)),)) if value else None
    return _object_detail(value)


def _object_detail(value: Any) -> Detail | None:
    block = None if isinstance(value, _PLAIN) else rich_block(value)
    if block:
        return Detail((block,))
    if hasattr(type(value), "get_params"):
        params = value.get_params(deep=False)
        fitted = {k: v for k, v in vars(value).items() if k.endswith("_") and not k.startswith("_")}
        both = {**params, **fitted}
        return Detail((_pairs(dict(islice(both.items(), 2 * ITEMS)), "parameter", len(both)),))
    text = value if isinstance(value, str) else _LONG.repr(value)
    text = clip(clean(text[: TEXT + 1]), TEXT)
    if "\n" in text or len(text) > len(line_of(value)):
        return Detail((Text(text),))
    inside = getattr(value, "__dict__", None)
    if not isinstance(inside, dict) or not inside or isinstance(value, type) or callable(value):
        return None
    return Detail((_pairs(dict(islice(inside.items(), ITEMS)), "attribute", len(inside)),))


def _frame_table(frame: Frame) -> Table:
    names = frame.names[:TABLE_COLUMNS]
    types: tuple[str | Cell, ...] = (
        Cell("", "soft"),
        *(Cell(clip(clean(frame.dtype(n)), 30), "soft") for n in names),
    )
    rows = SpinMagic.instance().preview_rows
    body = tuple(tuple(map(cell_of, row)) for row in frame.top(rows, TABLE_COLUMNS))
    more = [f"{rows} of {frame.rows:,} rows"] if frame.rows > rows else []
    more += [f"{TABLE_COLUMNS} of {len(frame.names):,} columns"] if len(frame.names) > TABLE_COLUMNS else []
    right = tuple(i for i, name in enumerate(names, 1) if _is_numeric_type(frame.dtype(name)))
    return Table(("", *map(cell_of, names)), (types, *body), ", ".join(more), right)


def _is_numeric_type(dtype: str) -> bool:
    return dtype.lower().startswith(("float", "int", "uint", "double", "decimal"))


def _array_detail(value: Any, array: Any) -> Detail | None:
    blocks: list[Block] = []
    if array.size > 1 and is_numeric(array) and bytes_in(array) <= 40 * SMALL:
        facts = {
            "type": str(array.dtype),
            "shape": shape_of(array),
            **statistics(array, ("min", "mean", "max", "std")),
        }
        bars = histograms(array)
        cells: tuple[str | Cell, ...] = (*facts.values(), *(bar for bar in bars if bar.bars))
        blocks.append(Table((*facts, "values")[: len(cells)], (cells,), right=(2, 3, 4, 5)))
    if is_a(value, "ndarray"):
        # An array's own repr knows its dimensions.
        with numpy().printoptions(threshold=SHOWN, precision=6):
            text = clip(clean(repr(value)), TEXT)
        blocks += [Text(text)] if "\n" in text or len(text) > SpinMagic.instance().preview_length else []
    return Detail(tuple(blocks)) if blocks else None


def _pairs(pairs: dict[Any, Any], noun: str, total: int) -> Table:
    body = tuple(
        (name if isinstance(name, str) and noun != "key" else line_of(name), line_of(v))
        for name, v in pairs.items()
    )
    return Table(
        (noun, "value"),
        tuple((clip(clean(k), 60), v) for k, v in body),
        f"{len(body)} of {total:,} {noun}s" if total > len(body) else "",
    )
