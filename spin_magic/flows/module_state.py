"""Does a step leave its modules as it found them? A new process would find them fresh."""

from __future__ import annotations

import io
import pickle
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable
from types import ModuleType
from typing import Any

_CONTAINERS = (list, dict, set, bytearray, deque, defaultdict, OrderedDict, Counter)
_LIMIT = 64 * 1024

State = list[tuple[str, Any, bytes]]


class _Bounded(io.BytesIO):
    def write(self, data: Any) -> int:
        if self.tell() > _LIMIT:
            raise OverflowError
        return super().write(data)


def _content(value: Any) -> bytes:
    """Give what is in a container, where that is little; else nothing."""
    if type(value) not in _CONTAINERS:
        return b""
    stream = _Bounded()
    try:
        pickle.Pickler(stream, protocol=4).dump(value)
    except Exception:  # noqa: BLE001 -- a pickle may run any code
        return str(len(value)).encode()
    return stream.getvalue()


def module_state(modules: Iterable[ModuleType]) -> State:
    """Note what the global names of modules, and the attributes of their classes, are bound to.

    Containers are noted with their content. The state inside other objects is not seen.
    """
    found: State = []
    for module in modules:
        for name, value in list(vars(module).items()):
            if name.startswith("__"):
                continue
            found.append((name, value, _content(value)))
            if isinstance(value, type) and value.__module__ in (module.__name__, "__main__"):
                found += [(key, item, _content(item)) for key, item in vars(value).items() if key[:1] != "_"]
    return found


def same_state(before: State, after: State) -> bool:
    """Tell whether nothing was bound anew and no container has other content."""
    return len(before) == len(after) and all(
        old[0] == new[0] and old[1] is new[1] and old[2] == new[2]
        for old, new in zip(before, after, strict=True)
    )
