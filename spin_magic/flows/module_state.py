"""Does a step leave its modules as it found them? A new process would find them fresh."""

from __future__ import annotations

import io
import pickle
import warnings
from collections.abc import Iterable, Sized
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

_LIMIT = 1024 * 1024
_FIXED = (
    type,
    ModuleType,
    FunctionType,
    BuiltinFunctionType,
    str,
    bytes,
    int,
    float,
    complex,
    bool,
    type(None),
)

State = list[tuple[str, Any, object]]


class _Bounded(io.BytesIO):
    def write(self, data: Any) -> int:
        if self.tell() > _LIMIT:
            raise OverflowError
        return super().write(data)


def _content(value: Any) -> object:
    """Give what is in an object; something that equals nothing else where that cannot be told."""
    if issubclass(type(value), _FIXED):
        return b""
    stream = _Bounded()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pickle.Pickler(stream, protocol=4).dump(value)
    except OverflowError:
        return len(value) if isinstance(value, Sized) else b""
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 -- a pickle may run any code, and raise even SystemExit
        # A generator, a lock, a connection: it may have changed, so it counts as changed.
        return b"" if callable(value) else object()
    return stream.getvalue()


def _is_metaflows(value: Any) -> bool:
    # `current` above all: it changes in every step, and the engine puts it back. A flow is not.
    return not issubclass(type(value), type) and type(value).__module__.startswith("metaflow.")


def module_state(modules: Iterable[ModuleType]) -> State:
    """Note what the global names of modules, and the attributes of their classes, are bound to.

    Objects are noted with their content, as their pickle has it, up to 1 MB.
    """
    found: State = []
    for module in modules:
        for name, value in list(vars(module).items()):
            # A module that is imported later on becomes a name of its package.
            if name.startswith("__") or issubclass(type(value), ModuleType) or _is_metaflows(value):
                continue
            found.append((name, value, _content(value)))
            if issubclass(type(value), type) and value.__module__ in (module.__name__, "__main__"):
                own = ((key, item) for key, item in vars(value).items() if _counts(key, item))
                found += [(key, item, _content(item)) for key, item in own]
    return found


def _counts(key: str, item: Any) -> bool:
    # Metaflow keeps its own books under private names.
    return issubclass(type(item), FunctionType) or (key[:1] != "_" and not _is_metaflows(item))


def same_state(before: State, after: State) -> bool:
    """Tell whether nothing was bound anew and no container has other content."""
    return len(before) == len(after) and all(
        old[0] == new[0] and old[1] is new[1] and old[2] == new[2]
        for old, new in zip(before, after, strict=True)
    )
