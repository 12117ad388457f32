"""What the kernel answers to a panel's page: an object's display, other tasks, a name, a file."""

from __future__ import annotations

import keyword
import sys
from typing import Any

from spin_magic.errors import SpinError
from spin_magic.paths import path_of
from spin_magic.report.guard import attempt
from spin_magic.report.save import save, suggested
from spin_magic.result import SpinResult

PATIENCE = 60.0

Answer = dict[str, Any]


def answer(result: SpinResult, question: dict[str, Any]) -> Answer:
    """Answer what needs nothing but the result; empty where it is no such question."""
    match question:
        case {"ask": "flow"}:
            return flow(result)
        case {"ask": "cell", "step": step}:
            return cell(result, step)
        case {"ask": "tasks"}:
            return tasks(result)
        case {"ask": "bind", "name": name, "as": to}:
            return bind(result, name, to)
        case {"ask": "save", "name": name, "path": path}:
            return to_file(result, name, path)
    return {}


def display(result: SpinResult, name: Any) -> Answer:
    """Give an object's own display, by IPython's formatters, and a name for its file."""
    if not isinstance(name, str) or name not in result.artifacts:
        return {"bundle": {"text/plain": f"{name} is no artifact of this spin."}}
    # Asked for by hand, so it may take its time; and as `describe` it leaves nothing behind.
    value = attempt(lambda: [_value(result, name)], None, seconds=PATIENCE)
    data = attempt(lambda: _formatted(value[0]), None, seconds=PATIENCE) if value else None
    if value is None or data is None:
        return {"name": name, "bundle": {"text/plain": f"{name} cannot be shown."}}
    return {"name": name, "bundle": data, "file": suggested(name, value[0])}


def tasks(result: SpinResult) -> Answer:
    """List the tasks to spin on or to compare with."""
    try:
        found = result.tasks()
    except SpinError as ex:
        return {"tasks": [], "said": str(ex)}
    return {"tasks": [{"task": t.pathspec, "label": t.label, "kind": t.kind} for t in found]}


def flow(result: SpinResult) -> Answer:
    """Draw the flow, with the step marked."""
    if result.overview is None:
        return {"html": ""}
    from spin_magic.report.graph.page import render_flow_part  # noqa: PLC0415 -- only when it is looked at

    try:
        return {"html": render_flow_part(result.overview(), marked=result.step)}
    except SpinError as ex:
        return {"html": "", "said": str(ex)}


def cell(result: SpinResult, step: Any) -> Answer:
    """Give the text of a cell that spins a step as the file has it."""
    try:
        return {"cell": f"%%spin {result.flow} {step}\n{result.source(str(step))}"}
    except SpinError as ex:
        return {"said": str(ex)}


def bind(result: SpinResult, name: Any, to: Any) -> Answer:
    """Bind an artifact to a name of the notebook, if that is free."""
    shell = _shell()
    if not isinstance(to, str) or not to.isidentifier() or keyword.iskeyword(to):
        return {"said": f"{to!r} is no name for a variable."}
    value = attempt(lambda: [result.artifacts[name]], None, seconds=PATIENCE)
    if value is None:
        return {"said": f"{name} cannot be loaded."}
    if to in shell.user_ns and shell.user_ns[to] is not value[0]:
        return {"said": f"{to} is a name of yours already: choose another."}
    shell.push({to: value[0]})
    return {"said": f"{to} is a variable of this notebook now."}


def to_file(result: SpinResult, name: Any, path: Any) -> Answer:
    """Save an artifact to a file that is not there yet."""
    try:
        target = path_of(str(path))
        save(_value(result, name), target)
    except SpinError as error:
        return {"said": str(error)}
    except FileExistsError:
        return {"said": f"{target} is there already: choose another name."}
    except Exception as error:  # noqa: BLE001 -- a writer is a library's code, and may raise anything
        return {"said": f"Not saved: {str(error) or type(error).__name__}"}
    return {"said": f"Saved to {target.resolve()}."}


def _value(result: SpinResult, name: str) -> Any:
    return result.artifacts.describe(name).load()


def _formatted(value: Any) -> dict[str, Any]:
    data, _ = _shell().display_formatter.format(value)
    return dict(data)


def _shell() -> Any:
    return sys.modules["IPython"].get_ipython()
