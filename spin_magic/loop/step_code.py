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
from spin_magic.engine.linking import After
from spin_magic.engine.metadata import Metadata
from spin_magic.engine.prepare import REFUSED, Prepared, copy_step, prepare, step_names
from spin_magic.errors import FlowError, OptionError, TaskError, nearest
from spin_magic.flows import step as cells
from spin_magic.flows.cell import parse_cell
from spin_magic.flows.load import FlowCode, function_node
from spin_magic.loop import new_steps, session
from spin_magic.loop.request import Request
from spin_magic.paths import is_file, read_ordinary


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
    new : bool
        True where the flow file does not have the step yet.
    notes : tuple of str
        What the file does not have yet, a sentence each.
    """

    prepared: Prepared
    function: FunctionType
    new_graph: bool = False
    new: bool = False
    notes: tuple[str, ...] = ()


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
    texts = tuple(_config_text(file) for file in files if is_file(file))
    settings = tuple(os.environ.get(name) for name in ("METAFLOW_FLOW_CONFIG", "METAFLOW_FLOW_CONFIG_VALUE"))
    return (repr(request.config), repr(request.config_value), texts, settings)


def _config_text(file: Path) -> bytes:
    try:
        text = read_ordinary(file)
        text.decode()
    except (OSError, UnicodeDecodeError) as ex:
        msg = f"The config {file} cannot be read: {getattr(ex, 'strerror', 'it is no text in UTF-8')}."
        raise OptionError(msg) from None
    return text


def _prepare(
    request: Request, code: FlowCode, steps: dict[str, FunctionType], after: After | None = None
) -> Prepared:
    return prepare(
        code.cls,
        _NoDatastore,
        steps=steps,
        files=request.config,
        values=request.config_value,
        folder=code.path.parent if code.path else None,
        after=after,
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
    if request.after:
        new_steps.check_after(request, code, step)
    if known is None:
        request = new_steps.spun_again(request, code, step)
    if request.body is not None:
        made = _from_cell(request, code, step, known)
    elif known is None:
        flow_set_up(request, code)
        raise _unknown_step(code, step, written=not request.after)
    else:
        made = _as_in_file(request, code, known)
    _refuse(made.prepared, step)
    return made


def _as_in_file(request: Request, code: FlowCode, known: FunctionType) -> StepCode:
    function = _from_file(code, known)
    if _grown(request, code):
        return _linked(request, code, function, {})
    return StepCode(flow_set_up(request, code), function)


def _grown(request: Request, code: FlowCode) -> bool:
    """Tell whether a spin is to see what was spun here of the graph and is not in the flow file."""
    if not new_steps.new_steps(code) and not new_steps.led_elsewhere(code):
        return False
    runs = Metadata(code.cls.__name__, Path.cwd(), code.path).runs()
    return request.source == "spin" or next(runs, None) is None


def _unknown_step(code: FlowCode, step: str, *, written: bool = True) -> TaskError:
    known = step_names(code.cls)
    hint = nearest(step, known)
    if not written:
        return TaskError(f"`{step}` is not in the flow file yet: write its text below `%%spin`.")
    if not hint and step.isidentifier():
        hint = " A cell of a new step says what leads to it: --after PARENT."
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
    if known is None and not request.after and not _is_named(code, step):
        raise _unknown_step(code, step)
    if known is None and request.block:
        arguments = request.block.block.target
    text = parse_cell(body, step, arguments)
    if request.block:
        text = replace(text, node=cells.elsewhere(text.node))
        request.block.check(step, cells.argument_names(text.node))
    if known is not None and not text.whole:
        text = replace(text, node=cells.with_inner_decorators(text.node, known))
    name_file = request.filename or cells.name_in_linecache(f"{code.cls.__name__}.{step}")
    key = (body, request.block is None, _config_key(request, code))
    made = cells.build_from_cell(text, code, code.cls, name_file)
    ahead = new_steps.placeholders(code, [made], new_steps.new_steps(code))
    if known is None or ahead or _grown(request, code):
        own = copy_step(made, known) if known is not None and not text.whole else made
        own = own if hasattr(own, "is_step") else metaflow.step(own)
        return _linked(request, code, made, {step: own}, tuple(ahead))
    if not text.whole:
        return StepCode(flow_set_up(request, code), made, _leads_elsewhere(made, known))
    if not hasattr(made, "is_step"):
        made = metaflow.step(made)
    cached = code.variants.get(("cell", step))
    if cached is None or cached[0] != key:
        cached = code.variants["cell", step] = (key, _prepare(request, code, {step: made}))
    return StepCode(cached[1], made)


def _linked(
    request: Request,
    code: FlowCode,
    function: FunctionType,
    own: dict[str, FunctionType],
    ahead: tuple[str, ...] = (),
) -> StepCode:
    """Set up the flow as it was spun here, with the steps that its file does not have yet."""
    step = function.__name__
    new = new_steps.new_steps(code)
    texts = new_steps.led_elsewhere(code) | {name: each.body or "" for name, each in new.items()}
    texts.pop(step, None)
    after = {name: each.after for name, each in new.items()}
    after |= {step: request.after} if not new_steps.is_in_file(code, step) else {}
    key = (texts, after, request.body, request.block is None, _config_key(request, code))
    cached = code.variants.get(("linked", step))
    if cached is None or cached[0] != key:
        steps = {name: new_steps.function_of(code, name, text) for name, text in texts.items()} | own
        missing = new_steps.placeholders(code, steps.values(), steps)
        steps |= {name: new_steps.function_of(code, name, "pass") for name in missing}
        there = {*steps, *step_names(code.cls)}
        known = {name: tuple(p for p in parents if p in there) for name, parents in after.items()}
        cached = code.variants["linked", step] = (key, _prepare(request, code, steps, known))
    if step in after:
        node = graph_of(cached[1].cls).nodes[step]
        new_steps.check_join(step, node.type, node.joined, request.after)
    notes = [f"`{step}` is not in {code.label} yet: %spin_save puts it in."] if step in after else []
    notes += [
        f"`self.next` leads to `{name}`, which is not in {code.label} yet: "
        f"`%%spin {code.cls.__name__} {name} --after {step}` is the way to write it."
        for name in ahead
    ]
    return StepCode(cached[1], function, new=step in after, notes=tuple(notes))


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
