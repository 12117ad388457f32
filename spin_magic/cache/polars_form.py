"""Frames of polars as Arrow tables, whose buffers can lie beside the pickle: polars itself pickles a copy."""

from __future__ import annotations

import functools
import importlib.util
import sys
from collections.abc import Callable
from typing import Any


def reducers() -> dict[type, Callable[[Any], Any]]:
    """Give how to pickle the classes of polars, if it is in use and pyarrow is installed."""
    polars = sys.modules.get("polars")
    if polars is None or not hasattr(polars, "DataFrame") or not _has_pyarrow():
        return {}
    return {polars.DataFrame: _reduce_frame, polars.Series: _reduce_series}


@functools.cache
def _has_pyarrow() -> bool:
    return importlib.util.find_spec("pyarrow") is not None


def _reduce_frame(frame: Any) -> Any:
    if not frame.width or not all(_faithful(kind) for kind in frame.dtypes):
        return frame.__reduce_ex__(5)
    return frame_from_arrow, _parts(frame)


def _reduce_series(series: Any) -> Any:
    if not _faithful(series.dtype):
        return series.__reduce_ex__(5)
    return series_from_arrow, _parts(series.to_frame())


def _parts(frame: Any) -> tuple[Any, list[str], list[str]]:
    import polars as pl  # noqa: PLC0415 -- in use, and slow to import

    table = frame.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())
    # Polars gives a column of a table another name where its own is empty, and forgets how it is sorted.
    numbered = table.rename_columns([str(number) for number in range(frame.width)])
    return numbered, frame.columns, [_order(series) for series in frame]


def _order(series: Any) -> str:
    return next((flag for flag in ("SORTED_ASC", "SORTED_DESC") if series.flags.get(flag)), "")


def frame_from_arrow(table: Any, names: list[str], orders: list[str]) -> Any:
    """Make the frame again, over the table's own memory."""
    import polars as pl  # noqa: PLC0415 -- in use, and slow to import

    frame: Any = pl.from_arrow(table)
    lost = [(one, order) for one, order in zip(frame, orders, strict=True) if order and order != _order(one)]
    frame = frame.with_columns([one.set_sorted(descending=order == "SORTED_DESC") for one, order in lost])
    frame.columns = names
    return frame


def series_from_arrow(table: Any, names: list[str], orders: list[str]) -> Any:
    """Make the series again, over the table's own memory."""
    return frame_from_arrow(table, names, orders).to_series()


def _faithful(kind: Any) -> bool:
    """Say whether a column of this type is the same after a way through Arrow."""
    import polars as pl  # noqa: PLC0415 -- in use, and slow to import

    if isinstance(kind, pl.List | pl.Array):
        return _faithful(kind.inner)
    if isinstance(kind, pl.Struct):
        return all(_faithful(field.dtype) for field in kind.fields)
    return kind.is_numeric() or kind.is_temporal() or kind in (pl.Boolean, pl.String, pl.Binary)
