"""A flow that a notebook defines, sent to another process as the text of its class and what that uses."""

from __future__ import annotations

import ast
import linecache
import pickle
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

import cloudpickle

from spin_magic.engine.prepare import step_function, step_names
from spin_magic.errors import OptionError
from spin_magic.flows.names import global_names


@dataclass(frozen=True)
class NotebookFlow:
    """The flow, ready to travel.

    Attributes
    ----------
    name : str
        Of its class.
    file, text : str
        The cell that defines it.
    names : bytes
        Pickle of the notebook's names that the class uses.
    """

    name: str
    file: str
    text: str
    names: bytes


def pack_flow(cls: Any, step: CodeType | None) -> NotebookFlow:
    """Pack a flow class of this notebook, and what a step of it uses whose text is a cell's.

    Raises
    ------
    OptionError
        It builds on what cannot be sent.
    """
    name = cls.__name__
    file = step_function(getattr(cls, step_names(cls)[0])).__code__.co_filename
    text = "".join(linecache.getlines(file))
    namespace = vars(sys.modules[cls.__module__])
    others = [base.__name__ for base in cls.__mro__[1:] if base.__module__ == cls.__module__]
    code = _class_code(name, file, text)
    if code is None or others:
        why = f"it builds on {others[0]}, another class of the notebook" if others else "its text is gone"
        raise OptionError(
            f"{name} is defined in this notebook and cannot go to other processes ({why}): "
            "leave --jobs out, or move the flow into a file."
        )
    used = _used([code, *([step] if step is not None else [])], namespace)
    used.pop(name, None)
    check_travel(used)
    return NotebookFlow(name, file, text, cloudpickle.dumps(used))


def _used(codes: list[CodeType], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Find the notebook's names that some code uses, and those that these use: artifacts may be of them."""
    used: dict[str, Any] = {}
    while codes:
        new = (global_names(codes.pop()) & set(namespace)) - set(used)
        used |= {name: namespace[name] for name in new}
        for value in (namespace[name] for name in new):
            own = getattr(value, "__module__", None) == namespace["__name__"]
            parts = [value, *vars(value).values()] if own and isinstance(value, type) else [value]
            codes += [each.__code__ for each in parts if own and isinstance(each, FunctionType)]
    return used


def check_travel(values: Mapping[str, Any]) -> None:
    """Make sure that values can be sent.

    Raises
    ------
    OptionError
        One cannot: says which.
    """
    for name, value in values.items():
        try:
            cloudpickle.dumps(value)
        except Exception as ex:
            said = " ".join(str(ex).split())
            raise OptionError(
                f"`{name}` is a {type(value).__name__} that does not pickle ({said}), so it cannot go to "
                "another process: leave --jobs out."
            ) from ex


_unpacked: dict[str, tuple[NotebookFlow, Any]] = {}


def unpack_flow(flow: NotebookFlow) -> Any:
    """Define the class in this process, as the notebook did; once for the same text and names."""
    known = _unpacked.get(flow.name)
    if known is None or known[0] != flow:
        main = vars(sys.modules["__main__"])
        main.update(pickle.loads(flow.names))  # noqa: S301 -- from the notebook that this process works for
        linecache.cache[flow.file] = (len(flow.text), None, flow.text.splitlines(keepends=True), flow.file)
        code = _class_code(flow.name, flow.file, flow.text)
        if code is not None:
            exec(code, main)  # noqa: S102 -- the notebook's own text
        known = _unpacked[flow.name] = (flow, main[flow.name])
    return known[1]


def _class_code(name: str, file: str, text: str) -> CodeType | None:
    """Compile the class alone, on its own lines."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return None
    found = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    return compile(ast.Module([*found[-1:]], []), file, "exec", dont_inherit=True) if found else None
