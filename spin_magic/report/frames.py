"""Frames of pandas, polars and Arrow behind one face: columns by name, as arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import islice
from typing import Any

from spin_magic.report.arrays import numpy
from spin_magic.report.short import is_a


def frame_of(value: Any) -> Frame | None:
    """Give the face of a frame, or None for other values."""
    if is_a(value, "DataFrame") and hasattr(value, "iloc"):
        return PandasFrame(value)
    if is_a(value, "DataFrame") and hasattr(value, "get_columns"):
        return PolarsFrame(value)
    if is_a(value, "Table") and hasattr(value, "column_names"):
        return ArrowTable(value)
    return None


class Frame(ABC):
    """What the report asks of any frame.

    Attributes
    ----------
    names : list of str
        Names of the columns.
    rows : int
        Number of rows.
    """

    def __init__(self, names: Sequence[Any], rows: int) -> None:
        self.names = [str(name) for name in names]
        self.rows = rows
        # Of columns that share a name, the first.
        self._at = {name: i for i, name in reversed(list(enumerate(self.names)))}

    @property
    def cells(self) -> int:
        """Return how many cells there are."""
        return self.rows * len(self.names)

    @abstractmethod
    def dtype(self, name: str) -> str:
        """Return the type of a column."""

    @abstractmethod
    def values(self, name: str) -> Any:
        """Return a column as a NumPy array."""

    @abstractmethod
    def missing(self, name: str) -> Any:
        """Return for each cell of a column whether nothing is there."""

    @abstractmethod
    def top(self, rows: int, columns: int) -> list[list[Any]]:
        """Return the first cells, row by row, each row with its label first."""

    def labels(self) -> Any:
        """Return the rows' index where rows can be told by it, else None."""
        return None

    def label(self, position: int) -> Any:
        """Return the label of a row."""
        return position

    @abstractmethod
    def take(self, positions: Any) -> Frame:
        """Return some rows."""


class PandasFrame(Frame):
    """A pandas frame."""

    def __init__(self, frame: Any) -> None:
        super().__init__(list(frame.columns), len(frame))
        self._frame = frame
        self._types = [str(dtype) for dtype in frame.dtypes]
        self._series: dict[str, Any] = {}

    def dtype(self, name: str) -> str:
        return self._types[self._at[name]]

    def values(self, name: str) -> Any:
        return self._column(name).to_numpy()

    def missing(self, name: str) -> Any:
        return self._column(name).isna().to_numpy()

    def _column(self, name: str) -> Any:
        # Making a series takes most of the time of a comparison.
        if name not in self._series:
            self._series[name] = self._frame.iloc[:, self._at[name]]
        return self._series[name]

    def top(self, rows: int, columns: int) -> list[list[Any]]:
        part = self._frame.iloc[:rows, :columns]
        # By columns, so that each value keeps its own type.
        cells = [list(part.iloc[:, j]) for j in range(part.shape[1])]
        return [list(row) for row in zip(part.index, *cells, strict=True)]

    def labels(self) -> Any:
        return self._frame.index if self._frame.index.is_unique else None

    def label(self, position: int) -> Any:
        return self._frame.index[position]

    def take(self, positions: Any) -> Frame:
        return PandasFrame(self._frame.iloc[positions])


class PolarsFrame(Frame):
    """A polars frame."""

    def __init__(self, frame: Any) -> None:
        super().__init__(frame.columns, frame.height)
        self._frame = frame

    def dtype(self, name: str) -> str:
        return str(self._frame.schema[name])

    def values(self, name: str) -> Any:
        return self._frame[name].to_numpy()

    def missing(self, name: str) -> Any:
        return self._frame[name].is_null().to_numpy()

    def top(self, rows: int, columns: int) -> list[list[Any]]:
        part = self._frame[:rows, :columns]
        return [[i, *row] for i, row in enumerate(part.rows())]

    def take(self, positions: Any) -> Frame:
        return PolarsFrame(self._frame[positions])


class ArrowTable(Frame):
    """A table of Arrow."""

    def __init__(self, table: Any) -> None:
        super().__init__(table.column_names, table.num_rows)
        self._table = table

    def dtype(self, name: str) -> str:
        return str(self._table.schema.field(self._at[name]).type)

    def values(self, name: str) -> Any:
        return self._table.column(self._at[name]).to_numpy()

    def missing(self, name: str) -> Any:
        return numpy().asarray(self._table.column(self._at[name]).is_null())

    def top(self, rows: int, columns: int) -> list[list[Any]]:
        part = self._table.slice(0, rows)
        cells = [part.column(j).to_pylist() for j in range(min(columns, len(self.names)))]
        return [[i, *row] for i, row in islice(enumerate(zip(*cells, strict=True)), rows)]

    def take(self, positions: Any) -> Frame:
        return ArrowTable(self._table.take(positions))
