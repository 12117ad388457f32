"""The code of the step that is going to run, and the flow class around it."""

from __future__ import annotations

import ast
import inspect
import os
from dataclasses import dataclass, replace
from pathlib import Path
from types import FunctionType

import metaflow

from spin_magic.engine.configs import config_files
from spin_magic.engine.graph import graph_of
from spin_magic.engine.prepare import REFUSED, Prepared, prepare, step_names
from spin_magic.errors import FlowError, TaskError, nearest
from spin_magic.flows import step as cells
from spin_magic.flows.cell import parse_cell
from spin_magic.flows.load import FlowCode, function_node
from spin_magic.loop import session
from spin_magic.loop.request import Request


@dataclass(frozen=True)
class StepCode:
    """A step, ready to run.

    Attributes
    ----------
    prepared : Prepared
        The flow class, set up.
    function : function
        The step.
    new_graph : bool
        True where an edit leads elsewhere than the step of the file.
    """

    prepared: Prepared
    function: FunctionType
    new_graph: bool = False


def flow_set_up(request: Request, code: FlowCode) -> Prepared:
    """Give the flow class of the file, set up once for the same text and configs."""
    key = _config_key(request, code)
    known = code.variants.get("file")
    if known is None or known[0] != key:
        known = code.variants["file"] = (key, _prepare(request, code, {}))
    return known[1]


def _config_key(request: Request, code: FlowCode) -> tuple[object, ...]:
    """Tell set-ups apart: by the configs that were given, and by the text of every file they come from."""
    folder = code.path.parent if code.path else Path.cwd()
    files = [Path(str(file)) for file in request.config.values()]
    for default in config_files(code.cls):
        files += [Path(default), folder / default]
    texts = tuple(file.read_bytes() if file.is_file() else None for file in files)
    settings = tuple(os.environ.get(name) for name in ("METAFLOW_FLOW_CONFIG", "METAFLOW_FLOW_CONFIG_VALUE"))
    return (repr(request.config), repr(request.config_value), texts, settings)


def _prepare(request: Request, code: FlowCode, steps: dict[str, FunctionType]) -> Prepared:
    return prepare(
        code.cls,
        _NoDatastore,
        steps=steps,
        files=request.config,
        values=request.config_value,
        folder=code.path.parent if code.path else None,
    )


class _NoDatastore:
    """Set-up asks a datastore only for its type and root, and no run has been chosen yet."""

    TYPE = "local"
    datastore_root = None


def step_code(request: Request, code: FlowCode, step: str) -> StepCode:
    """Find the code of a step: that of the file, or the text of the cell in its place.

    Raises
    ------
    SpinError
        There is no such step, or the cell cannot be it.
    """
    existing = getattr(code.cls, step, None)
    known = existing if hasattr(existing, "is_step") else None
    if request.body is None:
        prepared = flow_set_up(request, code)
        if known is None:
            raise _unknown_step(code, step)
        made = StepCode(prepared, _from_file(code, known))
    else:
        made = _from_cell(request, code, step, known)
    _refuse(made.prepared, step)
    return made


def _unknown_step(code: FlowCode, step: str) -> TaskError:
    known = step_names(code.cls)
    hint = nearest(step, known)
    return TaskError(
        f"Flow {code.cls.__name__} has no step {step!r}; its steps are {', '.join(known)}.{hint}"
    )


def _from_file(code: FlowCode, function: FunctionType) -> FunctionType:
    key = ("function", function.__name__)
    if key not in code.variants:
        code.variants[key] = cells.build_from_file(function, code.cls) or function
    return code.variants[key]  # type: ignore[no-any-return]


def _from_cell(request: Request, code: FlowCode, step: str, known: FunctionType | None) -> StepCode:
    body = request.body or ""
    arguments = tuple(inspect.signature(known).parameters) if known else None
    if known is None and not _is_named(code, step):
        raise _unknown_step(code, step)
    text = parse_cell(body, step, arguments)
    if known is not None and not text.whole:
        text = replace(text, node=cells.with_inner_decorators(text.node, known))
    name_file = request.filename or cells.name_in_linecache(f"{code.cls.__name__}.{step}")
    key = (body, _config_key(request, code))
    made = cells.build_from_cell(text, code, code.cls, name_file)
    if known is not None and not text.whole:
        return StepCode(flow_set_up(request, code), made, _leads_elsewhere(made, known))
    if not hasattr(made, "is_step"):
        made = metaflow.step(made)
    cached = code.variants.get(("cell", step))
    if cached is None or cached[0] != key:
        cached = code.variants["cell", step] = (key, _prepare(request, code, {step: made}))
    return StepCode(cached[1], made)


def _is_named(code: FlowCode, step: str) -> bool:
    """Tell whether some step, in the file or as it was last spun, leads to a step that is not there yet."""
    in_file = any(step in node.next for node in graph_of(code.cls).nodes.values())
    return in_file or bool(session.leading_to(code, step))


def _refuse(prepared: Prepared, step: str) -> None:
    function = getattr(prepared.cls, step, None)
    for deco in getattr(function, "decorators", ()):
        if deco.name in REFUSED or getattr(deco, "IS_PARALLEL", False):
            msg = (
                f"Step `{step}` has @{deco.name}: its tasks run together on several nodes, which one kernel "
                "cannot do. Use `run`."
            )
            raise FlowError(msg)


def _leads_elsewhere(function: FunctionType, existing: FunctionType) -> bool:
    nodes = [function_node(f) for f in (function, existing)]
    if nodes[0] is None or not any(map(_is_next, ast.walk(nodes[0]))):
        # Metaflow would take it for the last step, and a join for none; that it is missing is noted anyway.
        return False
    tails = [ast.dump(node.body[-1]) if node else "" for node in nodes]
    return tails[0] != tails[1]


def _is_next(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "next"
