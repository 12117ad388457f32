"""Values as a pickle with its large buffers beside it, and back."""

from __future__ import annotations

import copyreg
import io
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from spin_magic.cache import numpy_form, origins, polars_form

# Smaller buffers stay in the pickle.
SMALLEST_BUFFER = 1024
# A value with fewer bytes in buffers is kept as Metaflow's own pickle.
WORTHWHILE = 64 * 2**10


@dataclass(frozen=True)
class Split:
    """A pickle in protocol 5, and the buffers that it refers to."""

    head: bytes
    buffers: list[memoryview]


class TooLarge(Exception):  # noqa: N818 -- a signal, not an error
    """The pickle without its buffers is larger than asked for."""


class _Bounded(io.BytesIO):
    def __init__(self, limit: int) -> None:
        super().__init__()
        self._left = limit

    def write(self, data: Any) -> int:
        self._left -= len(data)
        if self._left < 0:
            raise TooLarge
        return super().write(data)


def split(value: Any, limit: int) -> Split:
    """Pickle a value with its buffers aside: none of them is copied.

    Parameters
    ----------
    value : object
        What to pickle.
    limit : int
        The largest pickle to make, without the buffers.

    Raises
    ------
    TooLarge
        The pickle is larger.
    Exception
        Whatever pickling the value raises.
    """
    buffers: list[memoryview] = []

    def take(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < SMALLEST_BUFFER:
            return True
        buffers.append(raw)
        return False

    head = _Bounded(limit)
    pickler = pickle.Pickler(head, protocol=5, buffer_callback=take)
    # The table of a pickler stands in for copyreg's.
    own = {**polars_form.reducers(), **numpy_form.reducers()}
    pickler.dispatch_table = {**copyreg.dispatch_table, **own}
    pickler.dump(value)
    return Split(head.getvalue(), buffers)


def join(head: bytes | memoryview, buffers: Sequence[memoryview]) -> Any:
    """Unpickle what `split` made."""
    return pickle.loads(head, buffers=buffers)  # noqa: S301 -- from the user's own folder, checked


class Unpickled:
    """A value that was unpickled from Metaflow's bytes, and what its pickle refers to.

    Attributes
    ----------
    value : object
        The value.
    names : dict
        Each class and function that the pickle names, by module and name.
    """

    def __init__(self, raw: bytes) -> None:
        self.names: dict[tuple[str, str], Any] = {}
        self.value = _Watching(raw, self.names).load()

    def packages(self) -> dict[str, str] | None:
        """Give the versions of the packages that must not change, or None if it is not to be pickled anew."""
        if not all(origins.repeatable(value) for value in self.names.values()):
            return None
        packages = {module.partition(".")[0] for module, _ in self.names}
        if "polars" in packages:
            packages.add("pyarrow")
        return origins.versions(packages)


class _Watching(pickle.Unpickler):
    def __init__(self, raw: bytes, names: dict[tuple[str, str], Any]) -> None:
        super().__init__(io.BytesIO(raw))
        self._names = names

    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name)
        self._names[module, name] = found
        return found


def same_pickle(value: Any, load: Callable[[], Any], dump: Callable[[Any], Any]) -> bool | None:
    """Say whether a value pickles as a fresh one does; None where even two fresh ones differ."""
    now, fresh = dump(value), dump(load())
    if now == fresh:
        return True
    return False if dump(load()) == fresh else None
