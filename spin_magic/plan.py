"""What a spin is going to do, worked out before anything runs."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, FunctionType
from typing import Any

import metaflow

from spin_magic import session
from spin_magic.engine.graph import StepNode, graph_of
from spin_magic.engine.prepare import REFUSED, Prepared, flow_class, is_flow_class, prepare, step_names
from spin_magic.engine.stores import InputStore, SpunTask
from spin_magic.engine.task import Job
from spin_magic.errors import FlowError, OptionError, TaskError, nearest
from spin_magic.flows import step as cells
from spin_magic.flows.load import FlowCode, function_node, load
from spin_magic.flows.locate import FlowRef, find_flow
from spin_magic.flows.names import lent_names
from spin_magic.result import StepInputs
from spin_magic.runs.choose import Choice, Wanted, choose, parse_step
from spin_magic.runs.history import History, namespace_or_current, open_history
from spin_magic.runs.inputs import input_stores, public_names, read_artifacts_module

KEEP: Any = object()


@dataclass(frozen=True)
class Request:
    """The arguments of a spin, as they were given."""

    flow: Any
    step: str
    body: str | None = None
    index: int | None = None
    value: Any = None
    run: str | None = None
    namespace: Any = KEEP
    source: str = "run"
    overrides: dict[str, Any] = field(default_factory=dict)
    artifacts_module: Any = None
    config: dict[str, Any] = field(default_factory=dict)
    config_value: dict[str, Any] = field(default_factory=dict)
    cwd: Path | None = None
    notebook: Mapping[str, Any] = field(default_factory=dict)
    filename: Callable[[str], str] | None = None


@dataclass
class Plan:
    """A spin that is ready to run.

    Attributes
    ----------
    code : FlowCode
        The flow.
    prepared : Prepared
        Its class, set up.
    step : str
        Name of the step.
    function : function
        The step as it will run.
    choice : Choice
        Which past task, which parents.
    stores : list of InputStore
        The inputs.
    history : History
        Where the past task is to be compared with.
    lent : dict
        Names that only the notebook has.
    """

    request: Request
    code: FlowCode
    prepared: Prepared
    step: str
    node: StepNode
    function: FunctionType
    edited: bool
    new_graph: bool
    choice: Choice
    stores: list[InputStore]
    history: History
    why: str
    notes: list[str]
    lent: dict[str, Any]

    @property
    def namespace(self) -> dict[str, Any]:
        """The globals that the step sees."""
        return self.function.__globals__

    @property
    def origin(self) -> str | None:
        """Pathspec of the past task of the same step."""
        task = self.choice.origin
        return f"{self.history.flow}/{task.run}/{task.step}/{task.id}" if task else None

    def hook(self, caught: dict[str, Any]) -> dict[str, Any]:
        """Give the global through which the step reports its local variables."""

        def report(returned: Any = None) -> Any:
            caught.update(self._body_locals(sys._getframe(1)))
            return returned

        return {cells.LOCALS_HOOK: report}

    def locals_at(self, error: BaseException | None) -> dict[str, Any]:
        """Give the local variables of the body where it failed."""
        traceback = error.__traceback__ if error else None
        while traceback is not None:
            if traceback.tb_frame.f_code is self.function.__code__:
                return self._body_locals(traceback.tb_frame)
            traceback = traceback.tb_next
        return {}

    def _body_locals(self, frame: FrameType) -> dict[str, Any]:
        arguments = inspect.signature(self.function).parameters
        return {k: v for k, v in frame.f_locals.items() if k not in arguments and not k.startswith("__")}

    def job(self, *, skip_decorators: bool, cards: bool, execute: bool) -> Job:
        """Give the engine its orders."""
        return Job(
            prepared=self.prepared,
            step=self.step,
            function=self.function,
            inputs=self.stores,
            split_index=self.choice.split_index,
            datastore=self.history.datastore(self.choice.parents[0]),
            client_string=self.history.metadata.client_string,
            new_graph=self.new_graph,
            skip_decorators=skip_decorators,
            cards=cards,
            execute=execute,
        )

    def step_inputs(self, flow: Any, inputs: Any) -> StepInputs:
        """Describe the inputs for the user."""
        join = self.node.type == "join"
        names = public_names(self.stores, self.prepared, join=join)
        return StepInputs(
            {name: self.stores[0].artifact(name) for name in names if name in self.stores[0]},
            flow=self.history.flow,
            step=self.step,
            tasks=tuple(store.source.pathspec for store in self.stores),
            why=self.why,
            origin=self.origin,
            index=self.choice.index,
            value=self.choice.value,
            self_object=flow,
            inputs=inputs,
        )


def find_code(request: Request) -> FlowCode:
    """Find and load the flow.

    Raises
    ------
    FlowError
        It cannot be found or loaded.
    """
    cwd = request.cwd or Path.cwd()
    if request.cwd is not None and not request.cwd.is_dir():
        msg = f"--cwd {request.cwd}: there is no such folder."
        raise OptionError(msg)
    return load(_locate(request), cwd)


def make_plan(request: Request, code: FlowCode) -> Plan:
    """Work out a spin: the step's function, the task, the inputs.

    Raises
    ------
    SpinError
        Something is not as it must be.
    """
    cwd = request.cwd or Path.cwd()
    wanted = _wanted(request, code.cls.__name__)
    prepared, function, edited = _step_function(request, code, wanted.step)
    _refuse(prepared, wanted.step)
    graph = graph_of(prepared.cls)
    history = open_history(code.cls.__name__, graph, cwd, code.path)
    choice, sources, why = _sources(request, wanted, history, code)
    node = graph.nodes[wanted.step]
    stores, notes = input_stores(
        sources,
        prepared,
        join=node.type == "join",
        overrides={**_artifacts_module(request), **request.overrides},
        around=code.active,
    )
    return Plan(
        request=request,
        code=code,
        prepared=prepared,
        step=wanted.step,
        node=node,
        function=function,
        edited=edited,
        new_graph=edited and _leads_elsewhere(function, getattr(code.cls, wanted.step, None)),
        choice=choice,
        stores=stores,
        history=history,
        why=why,
        notes=notes,
        lent=lent_names(function, request.notebook) if code.path else {},
    )


def _locate(request: Request) -> FlowRef:
    flow = flow_class(request.flow)
    if isinstance(flow, str):
        return find_flow(flow, request.notebook, request.cwd or Path.cwd())
    if not is_flow_class(flow):
        msg = f"{request.flow!r} is no flow: give its name, its file or the FlowSpec class."
        raise FlowError(msg)
    return find_flow(flow.__name__, {flow.__name__: flow}, request.cwd or Path.cwd())


def _wanted(request: Request, flow: str) -> Wanted:
    parsed = parse_step(request.step, flow)
    if request.run and parsed.run and request.run != parsed.run:
        msg = f"{request.step!r} names run {parsed.run}, and --from names run {request.run}: leave one out."
        raise OptionError(msg)
    if request.index is not None and request.value is not None:
        msg = "Give --index or --value, not both."
        raise OptionError(msg)
    exact = parsed.task is not None and request.step.count("/") == 3
    if request.namespace is KEEP and exact:
        namespace = None
    else:
        namespace = namespace_or_current(request.namespace, KEEP)
    return Wanted(
        parsed.step, parsed.run or request.run, parsed.task, request.index, request.value, namespace
    )


def _base(request: Request, code: FlowCode) -> Prepared:
    key = ("file", repr(request.config), repr(request.config_value))
    known = code.variants.get("file")
    if known is None or known[0] != key:
        known = code.variants["file"] = (key, _prepare(request, code, {}))
    return known[1]  # type: ignore[no-any-return]


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


def _step_function(request: Request, code: FlowCode, step: str) -> tuple[Prepared, FunctionType, bool]:
    existing = getattr(code.cls, step, None)
    known = existing if hasattr(existing, "is_step") else None
    if request.body is None:
        prepared = _base(request, code)
        if known is None:
            raise _unknown_step(code, step)
        return prepared, _from_file(code, known), False
    return _from_cell(request, code, step, known)


def _unknown_step(code: FlowCode, step: str) -> TaskError:
    known = step_names(code.cls)
    hint = nearest(step, known)
    return TaskError(f"Flow {code.cls.__name__} has no step {step!r}; its steps are {', '.join(known)}.{hint}")


def _from_file(code: FlowCode, function: FunctionType) -> FunctionType:
    key = ("function", function.__name__)
    if key not in code.variants:
        code.variants[key] = cells.build_from_file(function, code.cls) or function
    return code.variants[key]  # type: ignore[no-any-return]


def _from_cell(
    request: Request, code: FlowCode, step: str, known: FunctionType | None
) -> tuple[Prepared, FunctionType, bool]:
    assert request.body is not None
    arguments = tuple(inspect.signature(known).parameters) if known else None
    if known is None and not _is_named(code, step):
        raise _unknown_step(code, step)
    text = cells.parse_cell(request.body, step, arguments)
    name_file = request.filename or cells.name_in_linecache(f"{code.cls.__name__}.{step}")
    key = (request.body, repr(request.config), repr(request.config_value))
    made = cells.build_from_cell(text, code, code.cls, name_file)
    if known is not None and not text.whole:
        return _base(request, code), made, True
    if not hasattr(made, "is_step"):
        made = metaflow.step(made)
    cached = code.variants.get(("cell", step))
    if cached is None or cached[0] != key:
        cached = code.variants["cell", step] = (key, _prepare(request, code, {step: made}))
    return cached[1], made, True


def _is_named(code: FlowCode, step: str) -> bool:
    """Tell whether some step, in the file or as it was last spun, leads to a step that is not there yet."""
    in_file = any(step in node.out_funcs for node in code.cls._graph.nodes.values())
    return in_file or bool(session.leading_to(code, step))


def _refuse(prepared: Prepared, step: str) -> None:
    function = getattr(prepared.cls, step, None)
    for deco in getattr(function, "decorators", ()):
        if deco.name in REFUSED or getattr(deco, "IS_PARALLEL", False):
            msg = (
                f"Step `{step}` has @{deco.name}: its tasks run together on several nodes, which one kernel cannot "
                "do. Use `run`."
            )
            raise FlowError(msg)


def _leads_elsewhere(function: FunctionType, existing: FunctionType | None) -> bool:
    nodes = [function_node(f) if f else None for f in (function, existing)]
    tails = [ast.dump(node.body[-1]) if node else "" for node in nodes]
    return tails[0] != tails[1]


def _sources(
    request: Request, wanted: Wanted, history: History, code: FlowCode
) -> tuple[Choice, list[Any], str]:
    if request.source != "spin":
        choice = choose(wanted, history)
        return choice, [history.open(task) for task in choice.parents], _with_root(choice.why, history)
    node = history.graph.nodes[wanted.step]
    parents = [*node.parents, *session.leading_to(code, wanted.step)]
    spun = {p: found for p in parents if (found := session.last(session.key(code, p)))}
    if not spun:
        names = " or ".join(f"`{p}`" for p in dict.fromkeys(parents))
        msg = f"No parent of `{wanted.step}` has been spun here yet: spin {names} first."
        raise TaskError(msg)
    choice = choose(wanted, history)
    sources: list[Any] = []
    here = 0
    for task in choice.parents:
        found = spun.get(task.step)
        path = history.path(task)
        fits = found is not None and (node.joins != "foreach" or found.result.inputs.index == path[-1][1])
        if found is not None and fits:
            here += 1
            label = f"{history.flow}/spin/{task.step}/{task.id}"
            sources.append(SpunTask(label, found.output, code.active))
        else:
            sources.append(history.open(task))
    return choice, sources, _mixed(choice, here, history)


def _mixed(choice: Choice, here: int, history: History) -> str:
    total = len(choice.parents)
    steps = " and ".join(f"`{s}`" for s in dict.fromkeys(t.step for t in choice.parents))
    rest = f"{total - here} from run {choice.run}, " if total > here else ""
    return f"{total} input{'s' if total > 1 else ''} from {steps}: {rest}{here} spun here. {_with_root('', history)}".strip()


def _with_root(why: str, history: History) -> str:
    metadata = history.metadata
    if metadata.root and len(metadata.searched) > 1 and metadata.root != metadata.searched[0]:
        return f"{why} The runs are in {metadata.root}."
    return why


def _artifacts_module(request: Request) -> dict[str, Any]:
    if request.artifacts_module is None:
        return {}
    path = Path(request.artifacts_module)
    try:
        return read_artifacts_module(str(path), path.read_text(encoding="utf-8"))
    except OSError as ex:
        msg = f"--artifacts-module {path} cannot be read: {ex.strerror}."
        raise OptionError(msg) from None
