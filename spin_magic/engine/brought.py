"""What a step leaves behind, brought from the process that ran it to the one that shows it."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cloudpickle

from spin_magic.foreign import contained, said_of

if TYPE_CHECKING:
    from spin_magic.engine.stores import Handed, InputStore, OutputStore


@dataclass(frozen=True)
class Packed:
    """The artifacts of a task, ready to travel.

    Attributes
    ----------
    values : dict of str to bytes
        Pickles of what the step made, by name.
    left : dict of str to str
        What does not pickle, in words.
    handed : dict of str to str
        What it hands on as it came: the key that the input has in its store.
    unchanged : dict of str to Handed
        Those of the values that are an input under another name.
    """

    values: dict[str, bytes]
    left: dict[str, str]
    handed: dict[str, str]
    unchanged: dict[str, Handed]


class Left:
    """Stands for an artifact that stayed in its process, which is all that can be said of it here."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def pack(output: OutputStore, inputs: Sequence[InputStore]) -> Packed:
    """Pack what a step leaves behind, in the process that ran it."""
    packed = Packed({}, {}, {}, {})
    for name in output.names():
        key = output.key(name)
        if key is not None and any(store._objects.get(name) == key for store in inputs):
            packed.handed[name] = key
            continue
        value = output.live[name] if name in output.live else output._origins[name][name]
        data = pickled(value)
        if data is None:
            kind = type(value).__name__
            packed.left[name] = f"<{kind} that does not pickle: it stayed in its process>"
            continue
        packed.values[name] = data
        if name in output.unchanged:
            packed.unchanged[name] = output.unchanged[name]
    return packed


def unpack(packed: Packed, flow: Any, output: OutputStore, inputs: Sequence[InputStore]) -> None:
    """Put what was packed elsewhere into a flow and an output that were set up for the same task."""
    output.live = {name: _read(data) for name, data in packed.values.items()}
    output.live |= {name: Left(text) for name, text in packed.left.items()}
    output.unchanged = dict(packed.unchanged)
    output._origins = {}
    for name, key in packed.handed.items():
        origin = next(store for store in inputs if _means(store._objects.get(name), key))
        output._origins[name], output._objects[name] = origin, origin._objects[name]
    for name, value in output.live.items():
        if name != "name" and not name.startswith("_"):
            setattr(flow, name, value)
    flow._transition = output.live.get("_transition")


def _read(data: bytes) -> Any:
    try:
        with contained():
            return pickle.loads(data)  # noqa: S301 -- our own
    except Exception as ex:  # noqa: BLE001 -- unpickling may run any code
        return Left(f"<what cannot be read from its pickle: {said_of(ex)}>")


def pickled(value: Any) -> bytes | None:
    """Pickle a value as a run would, or else what only a notebook has; None where neither can."""
    for dumps in (pickle.dumps, cloudpickle.dumps):
        with contextlib.suppress(Exception), contained():
            data: bytes = dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
            return data
    return None


def _means(known: str | None, key: str) -> bool:
    # The key of a value that was set ends with where it is in its own process's memory.
    return known is not None and (known == key or known.rpartition(" ")[0] == key.rpartition(" ")[0] != "")
