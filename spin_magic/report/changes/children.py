"""What an object consists of, by name: keys, fields, parameters, attributes."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import FunctionType, MethodType, ModuleType
from typing import Any

from spin_magic.printable import clean
from spin_magic.report.arrays import as_array
from spin_magic.report.changes.pictures import is_picture
from spin_magic.report.frames import frame_of
from spin_magic.report.preview import clip, line_of
from spin_magic.report.short import is_a

_WHOLE = (str, bytes, bytearray, int, float, complex, type, enum.Enum, FunctionType, MethodType, ModuleType)


@dataclass(frozen=True)
class Children:
    """The parts of one object.

    Attributes
    ----------
    parts : dict
        The parts by key or name.
    noun : str
        What one of them is called: ``key``, ``item``, ``member``, ``parameter``, ``attribute``.
    """

    parts: dict[Any, Any]
    noun: str

    def suffix(self, key: Any) -> str:
        """Give the end of the path to a part: ``['f1']``, ``.x``, ``[3]``."""
        if self.noun == "member":
            return ""
        if self.noun in ("key", "item"):
            return f"[{clip(line_of(key), 40)}]"
        return f".{clip(clean(str(key)), 60)}"

    def label(self, key: Any) -> str:
        """Give the part's own name, as it stands at the beginning of a path."""
        return clip(clean(key), 60) if isinstance(key, str) else self.suffix(key) or line_of(key)


def children(value: Any) -> Children | None:
    """Give the parts of an object, or None for what has none or is compared as a whole."""
    if value is None or isinstance(value, _WHOLE) or is_picture(value):
        return None
    if isinstance(value, Mapping):
        return Children(dict(value), "key")
    if isinstance(value, (set, frozenset)):
        return Children({member: member for member in value}, "member")
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return Children(dict(zip(value._fields, value, strict=True)), "field")
    if isinstance(value, (list, tuple)):
        return Children(dict(enumerate(value)), "item")
    if frame_of(value) is not None or as_array(value) is not None:
        return None
    return _of_object(value)


def _of_object(value: Any) -> Children | None:
    if is_a(value, "Module") and hasattr(type(value), "state_dict"):
        return Children(dict(value.state_dict()), "tensor")
    if hasattr(type(value), "get_params"):
        return Children(_of_model(value), "parameter")
    if hasattr(type(value), "__dataclass_fields__"):
        names = [name for name in type(value).__dataclass_fields__ if hasattr(value, name)]
        return Children({name: getattr(value, name) for name in names}, "field")
    inside = getattr(value, "__dict__", None)
    return Children(dict(inside), "attribute") if isinstance(inside, dict) and inside else None


def _of_model(model: Any) -> dict[str, Any]:
    """Give an estimator's parameters and what it learned, and the same of the estimators in it."""
    parts: dict[str, Any] = {}
    inner: dict[str, Any] = {}
    for name, value in model.get_params(deep=True).items():
        if hasattr(type(value), "get_params"):
            inner[name] = value
        elif not _holds_models(value):
            parts[name] = value
    parts |= {name: type(value).__name__ for name, value in inner.items()}
    for prefix, each in (("", model), *((f"{name}.", value) for name, value in inner.items())):
        learned = getattr(each, "__dict__", {}).items()
        parts |= {f"{prefix}{k}": v for k, v in learned if k.endswith("_") and not k.startswith("_")}
    return parts


def _holds_models(value: Any) -> bool:
    # The steps of a pipeline: pairs or triples with an estimator in each.
    pairs = value if isinstance(value, list) else ()
    return any(
        hasattr(type(part), "get_params") for pair in pairs if isinstance(pair, tuple) for part in pair
    )
