"""Which names a step takes from its module, and which only the notebook has."""

from __future__ import annotations

import builtins
import dis
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FunctionType, ModuleType
from typing import Any

from spin_magic.engine.process import ENDINGS


def global_names(code: CodeType) -> set[str]:
    """List the global names that code reads, nested functions included."""
    names: set[str] = set()
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            names.add(instruction.argval)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= global_names(constant)
    return names


# IPython puts these among the builtins, where a run has none of them.
_INJECTED = {
    "display": "from IPython.display import display",
    "get_ipython": "from IPython import get_ipython",
}


def _is_ipythons(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] in ("IPython", "ipykernel")


def lent_names(function: FunctionType, notebook: Mapping[str, Any]) -> dict[str, Any]:
    """Find the names that a step needs, its module lacks, and the notebook has."""
    needed = global_names(function.__code__) - set(function.__globals__)
    missing = sorted(needed - set(vars(builtins)))
    lent = {name: notebook[name] for name in missing if name in notebook and not name.startswith("__")}
    # IPython's own end the kernel when the cell is over; the engine has those that a run has.
    lent = {name: value for name, value in lent.items() if not (name in ENDINGS and _is_ipythons(value))}
    injected = {
        name: vars(builtins)[name] for name in _INJECTED if name in needed and hasattr(builtins, name)
    }
    return {**lent, **injected}


@contextmanager
def lending(namespace: dict[str, Any], lent: Mapping[str, Any]) -> Iterator[None]:
    """Add names to a module for a while; afterwards every name of it is bound to what it was before."""
    kept = dict(namespace)
    namespace.update(lent)
    try:
        yield
    finally:
        for name in [name for name in namespace if name not in kept]:
            del namespace[name]
        namespace.update((name, value) for name, value in kept.items() if namespace.get(name) is not value)


def remedy(name: str, value: Any, file: str) -> str:
    """Say what to add to the flow file so that a lent name is there in a run."""
    line = _INJECTED.get(name) or _import_line(name, value)
    what = f"Add `{line}` to {file}" if line else f"Define it in {file}, or set it as an artifact"
    return f"`{name}` comes from this notebook: `run` would not find it. {what}."


def _import_line(name: str, value: Any) -> str:
    # By the type: what only a notebook has may answer `isinstance` with an error.
    kind = type(value)
    if issubclass(kind, ModuleType):
        parent, _, last = value.__name__.rpartition(".")
        if last == name and not parent:
            return f"import {name}"
        return f"from {parent} import {last}" if last == name else f"import {value.__name__} as {name}"
    if not issubclass(kind, (type, FunctionType, types.BuiltinFunctionType)):
        return ""
    module = getattr(value, "__module__", None)
    own = getattr(value, "__qualname__", None)
    if not module or not own:
        return ""
    if module in ("__main__", "builtins") or "." in own or "<" in own:
        return ""
    return f"from {module} import {own}" + ("" if own == name else f" as {name}")
