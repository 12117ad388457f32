"""One step, run in this process by Metaflow's own `MetaflowTask.run_step`, with only its edges replaced."""

from __future__ import annotations

import contextlib
import contextvars
import decimal
import functools
import io
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FunctionType, TracebackType
from typing import Any

from metaflow import lint, parameters
from metaflow.event_logger import NullEventLogger
from metaflow.graph import FlowGraph
from metaflow.metaflow_current import current
from metaflow.metaflow_environment import MetaflowEnvironment
from metaflow.monitor import NullMonitor
from metaflow.task import MetaflowTask

from spin_magic.cards import Card, CardUpdate
from spin_magic.engine import prepare as setup
from spin_magic.engine.cards import CardRoom
from spin_magic.engine.companions import end_child
from spin_magic.engine.foresight import Foresight, mentioned
from spin_magic.engine.process import modules_kept
from spin_magic.engine.stand_ins import MemoryDatastore, NoMetadata, silent
from spin_magic.engine.stores import InputStore, OutputStore
from spin_magic.engine.streams import Logs
from spin_magic.interrupts import at_once

HIDDEN_FOLDERS = tuple(
    os.path.join(folder, "")
    for folder in (os.path.dirname(parameters.__file__), os.path.dirname(os.path.dirname(__file__)))
)


@dataclass
class Job:
    """All that is needed to run one step.

    Attributes
    ----------
    prepared : Prepared
        The flow class.
    step : str
        Name of the step.
    function : function or None
        The edited step; None to run the step of the class.
    inputs : sequence of InputStore
        Its inputs, in order.
    split_index : int or None
        Index in the foreach that its parent opened.
    datastore : FlowDataStore
        Where the inputs come from.
    client_string : str
        Metadata provider for a step that uses the Client.
    new_graph : bool
        True where the edited step may have changed the graph.
    execute : bool
        False to set everything up as the step would find it, and stop there.
    on_card : callable, optional
        Takes what ``current.card.refresh()`` makes of a card, in a thread of the cards.
    """

    prepared: setup.Prepared
    step: str
    function: FunctionType | None
    inputs: Sequence[InputStore]
    split_index: int | None
    datastore: Any
    client_string: str
    new_graph: bool = False
    execute: bool = True
    skip_decorators: bool = False
    cards: bool = True
    on_card: Callable[[CardUpdate], None] | None = None
    logs: Logs = field(default_factory=Logs)


@dataclass
class Outcome:
    """What became of a job.

    Attributes
    ----------
    findings : list of str
        What Metaflow's checker says of an edited graph.
    registered : list of dict
        What a run would tell its metadata provider of the task.
    isolated : bool
        Did it run in a process of its own.
    """

    flow: Any
    output: OutputStore
    error: BaseException | None
    seconds: float
    logs: Logs
    cards: list[Card]
    notes: list[str]
    started: bool
    inputs: Any
    findings: list[str] = field(default_factory=list)
    registered: list[dict[str, Any]] = field(default_factory=list)
    isolated: bool = False

    @property
    def transition(self) -> tuple[list[str], str | None] | None:
        """Steps that ``self.next`` led to and the foreach artifact; None where it was not called."""
        # Not by its attribute, which a step may have taken off.
        led: tuple[list[str], str | None] | None = vars(self.flow).get("_transition")
        return led


class KernelTask(MetaflowTask):  # type: ignore[misc]
    """Metaflow's task, with inputs that are already there and a watch around the body."""

    def __init__(self, flow: Any, datastore: Any, metadata: Any, inputs: Sequence[InputStore]) -> None:
        super().__init__(
            flow,
            datastore,
            metadata,
            MetaflowEnvironment(flow),
            silent,
            NullEventLogger(),
            NullMonitor(),
            None,
        )
        self.inputs = list(inputs)
        self.before_body: Callable[[], None] = lambda: None
        self.around_body: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext
        self.seconds = 0.0
        self.started = False
        self.execute = True
        self.input_object: Any = None
        self.raised: BaseException | None = None
        self.traceback: TracebackType | None = None

    def _init_data(self, *_: Any, **__: Any) -> list[InputStore]:
        return self.inputs

    def _exec_step_function(self, function: Any, step: Any, input_obj: Any = None) -> None:
        self.input_object = input_obj
        if not self.execute:
            return
        with self.around_body():
            # What the cards warn of is part of the step's log.
            self.before_body()
            self.started = True
            clock, process_id = time.perf_counter, os.getpid
            process = process_id()
            begun = clock()
            try:
                # In a context of its own, as a new process has one.
                context = contextvars.copy_context()
                with modules_kept():
                    at_once(lambda: context.run(self._body, function, step, input_obj))
            except BaseException as ex:
                self.raised, self.traceback = ex, sys.exc_info()[2]
                raise
            finally:
                self.seconds = clock() - begun
                if process_id() != process:
                    end_child()

    def _body(self, *arguments: Any) -> None:
        # The context of decimals is changed in place: a copy of the variables alone has the same one.
        decimal.setcontext(decimal.getcontext().copy())
        super()._exec_step_function(*arguments)


def _spin_class(job: Job) -> Any:
    """Make a class for one spin: Metaflow turns parameters into properties of the class it runs."""
    base = job.prepared.cls
    namespace: dict[str, Any] = {"__module__": base.__module__, "__qualname__": base.__qualname__}
    # FlowSpecMeta.__init__ would rebuild the graph from source; the base's is inherited instead.
    cls = type.__new__(type(base), base.__name__, (base,), namespace)
    old = getattr(base, job.step)
    made = setup.copy_step(job.function or old, old)
    made.decorators = [] if job.skip_decorators else _kernel_decorators(made)  # type: ignore[attr-defined]
    setattr(cls, job.step, made)
    if job.new_graph:
        cls._graph = FlowGraph(cls)
    return cls


def _lint(job: Job, cls: Any) -> list[str]:
    """Say what `run` would find wrong with a graph that an edit has changed."""
    if not job.new_graph:
        return []
    try:
        lint.linter.run_checks(cls._graph)
    except lint.LintWarn as ex:
        return [f"`run` would refuse the flow with this step: {' '.join(str(ex.message).split())}"]
    return []


def _kernel_decorators(step: Any) -> list[Any]:
    """Choose the decorators whose hooks Metaflow's task code will call."""
    in_main = threading.current_thread() is threading.main_thread()
    chosen = []
    for deco in step.decorators:
        if deco.name == "catch":
            # The exception is shown, not caught; on success its variable is set to None, as in a run.
            deco.task_exception = lambda *_: None
            deco.task_decorate = lambda function, *_: function
        elif deco.name not in setup.HONOURED or (deco.name == "timeout" and not in_main):
            continue
        chosen.append(deco)
    return chosen


def _environment_variables(step: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for deco in step.decorators:
        if deco.name == "environment":
            found.update({name: str(value) for name, value in deco.attributes["vars"].items()})
    return found


def run(job: Job) -> Outcome:
    """Run a step. The caller keeps and restores the process state around it.

    Returns
    -------
    Outcome
        Also for a step that failed or was interrupted: `Outcome.error` holds the exception, with a
        traceback that begins in the user's own code.
    """
    cls = _spin_class(job)
    run_id = str(int(time.time() * 1e6))
    with parameters.flow_context(cls):
        flow = cls(use_cli=False)
        output = OutputStore(job.datastore, run_id, job.step, "0")
        metadata = NoMetadata(job.client_string)
        datastore = MemoryDatastore(job.datastore, output)
        setup.set_parameter_context(cls, job.datastore)
        task = KernelTask(flow, datastore, metadata, job.inputs)
        room = CardRoom(job)
        task.execute = job.execute
        task.before_body = functools.partial(room.open, flow)
        task.around_body = job.logs.streaming
        os.environ.update(_environment_variables(getattr(cls, job.step)))
        os.environ["METAFLOW_RUN_ID"] = run_id
        names = mentioned((job.function or getattr(cls, job.step)).__code__)
        with Foresight([store.source for store in job.inputs], names) as foresight:
            for store in job.inputs:
                store.foresight = foresight if job.execute else None
                store.watched = job.execute
            error = _run_step(task, job, run_id, metadata, room)
        output.settle(job.inputs)
        for store in job.inputs:
            # The class of a spin is garbage that waits for the collector, and holds the stores until then.
            store.watched = False
            store.loaded.clear()
        cards: list[Card] = []
        if task.started and job.cards and error is None:
            cards, error = _render(room, flow, output)
    made = Outcome(
        flow, output, error, task.seconds, job.logs, cards, room.notes, task.started, task.input_object
    )
    made.findings = _lint(job, cls)
    made.registered = metadata.registered
    return made


def _render(room: CardRoom, flow: Any, output: OutputStore) -> tuple[list[Card], BaseException | None]:
    try:
        return room.render(flow, output), None
    except KeyboardInterrupt as ex:
        # The step itself has finished: what it made is kept, and whoever interrupted is heard.
        room.notes.append("The step had finished; rendering its cards was interrupted.")
        return [], ex.with_traceback(None)


def _run_step(
    task: KernelTask, job: Job, run_id: str, metadata: NoMetadata, room: CardRoom
) -> BaseException | None:
    paths = [store.source.pathspec.partition("/")[2] for store in job.inputs]
    try:
        # Metaflow reports a failure on stderr in its own words; the traceback says it better.
        with contextlib.redirect_stderr(io.StringIO()):
            current._set_env(flow=task.flow, is_running=False)
            if not job.skip_decorators:
                with setup.honouring():
                    setup.init_flow_decorators(task.flow, job.datastore, metadata)
            task.run_step(job.step, run_id, "0", None, paths, job.split_index, 0, 0)
    except BaseException as raised:  # noqa: BLE001 -- interrupts and sys.exit end a step too
        error = _meant(raised)
        traceback = users_traceback(_traceback_of(error))
        if task.raised is not None and task.raised is not error:
            # Metaflow stumbled over the step's own exception, over its text above all.
            BaseException.with_traceback(task.raised, users_traceback(task.traceback))
            if traceback is None:
                error, traceback = task.raised, _traceback_of(task.raised)
        task.raised = task.traceback = None
        BaseException.with_traceback(error, traceback)
        with contextlib.suppress(KeyboardInterrupt):
            room.close(error)
        return error
    try:
        room.close(None)
    except KeyboardInterrupt as ex:
        room.notes.append("The step had finished; waiting for its cards was interrupted.")
        return ex.with_traceback(None)
    return None


# Past what a class of the user's makes of these names.
_traceback_of = vars(BaseException)["__traceback__"].__get__
_context_of = vars(BaseException)["__context__"].__get__


def _meant(ex: BaseException) -> BaseException:
    """Give the interrupt where Metaflow was interrupted in its own set-up, and then missed what it lacks."""
    context = _context_of(ex)
    if isinstance(context, KeyboardInterrupt) and users_traceback(_traceback_of(ex)) is None:
        return context
    return ex


def users_traceback(traceback: TracebackType | None) -> TracebackType | None:
    """Cut a traceback down to what is not Metaflow's or ours, at both ends."""
    frames = []
    while traceback is not None:
        frames.append(traceback)
        traceback = traceback.tb_next
    shown = [not tb.tb_frame.f_code.co_filename.startswith(HIDDEN_FOLDERS) for tb in frames]
    if not any(shown):
        return None
    first, last = shown.index(True), len(shown) - 1 - shown[::-1].index(True)
    frames[last].tb_next = None
    return frames[first]
