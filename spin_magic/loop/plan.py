"""What a spin is going to do, worked out before anything runs."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, FunctionType
from typing import Any

from spin_magic.artifacts import StepInputs
from spin_magic.cards import CardUpdate
from spin_magic.engine.foresight import Foresight
from spin_magic.engine.graph import StepNode, graph_of
from spin_magic.engine.prepare import Prepared
from spin_magic.engine.stores import InputStore
from spin_magic.engine.task import Job
from spin_magic.errors import CellError
from spin_magic.flows import step as cells
from spin_magic.flows.load import FlowCode
from spin_magic.flows.names import lent_names
from spin_magic.loop.new_steps import spun_again
from spin_magic.loop.request import Request, wanted
from spin_magic.loop.sources import artifacts_module, find_feed
from spin_magic.loop.step_code import step_code
from spin_magic.runs.history import History, open_history
from spin_magic.runs.inputs import input_stores, public_names
from spin_magic.runs.wanted import Choice
from spin_magic.showing import Form


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
    on : tuple of str
        Those of the parents whose outputs were spun here.
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
    new_graph: bool
    choice: Choice
    on: tuple[str, ...]
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
        """Give the globals through which the step reports its local variables, and hands over its body."""
        # Before the body runs, which may do anything to what a look at it takes.
        frame_of, body_locals = sys._getframe, self._body_locals()  # noqa: SLF001 -- it is documented

        def report(returned: Any = None) -> Any:
            # Never the own frame: a frame that holds itself keeps the whole spin alive.
            caught.update(body_locals(frame_of(1)))
            return returned

        block = self.request.block
        return {cells.LOCALS_HOOK: report, **({cells.BLOCK_HOOK: block.run} if block else {})}

    def locals_at(self, error: BaseException | None) -> dict[str, Any]:
        """Give the local variables of the body where it failed."""
        traceback = error.__traceback__ if error is not None else None
        while traceback is not None:
            if traceback.tb_frame.f_code is self.function.__code__:
                return self._body_locals()(traceback.tb_frame)
            traceback = traceback.tb_next
        return {}

    def _body_locals(self) -> Callable[[FrameType], dict[str, Any]]:
        arguments = inspect.signature(self.function).parameters

        def found(frame: FrameType) -> dict[str, Any]:
            return {k: v for k, v in frame.f_locals.items() if k not in arguments and not k.startswith("__")}

        return found

    def job(
        self,
        *,
        skip_decorators: bool,
        cards: bool,
        execute: bool,
        on_card: Callable[[CardUpdate], None] | None = None,
    ) -> Job:
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
            on_card=on_card,
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
            render=self._render_inputs,
            loading=self._loading,
        )

    @contextmanager
    def _loading(self, names: Iterable[str]) -> Iterator[None]:
        with Foresight([self.stores[0].source], names) as self.stores[0].foresight:
            yield

    def _render_inputs(self, inputs: StepInputs, form: Form = "auto") -> dict[str, Any]:
        from spin_magic.report import inputs_mimebundle  # noqa: PLC0415 -- a spin in a script shows nothing

        with self.code.active():
            return inputs_mimebundle(inputs, form)


def make_plan(request: Request, code: FlowCode) -> Plan:
    """Work out a spin: the step's function, the task, the inputs.

    Raises
    ------
    SpinError
        Something is not as it must be.
    """
    cwd = Path.cwd()
    asked = wanted(request, code.cls.__name__)
    request = spun_again(request, code, asked.step)
    step = step_code(request, code, asked.step)
    graph = graph_of(step.prepared.cls)
    history = open_history(code.cls.__name__, graph, cwd, code.path)
    feed = find_feed(request, asked, history, code, step)
    node = graph.nodes[asked.step]
    if step.function.__code__.co_argcount > 1 and len(node.next) > 1:
        msg = (
            f"`{node.name}` takes `inputs`, so it is a join, and Metaflow's joins lead to one step, not to "
            f"{' and '.join(node.next)}: let the next step split."
        )
        raise CellError(msg)
    stores, notes = input_stores(
        feed.sources,
        step.prepared,
        join=node.type == "join",
        overrides={**artifacts_module(request), **request.overrides},
        around=code.active,
    )
    return Plan(
        request=request,
        code=code,
        prepared=step.prepared,
        step=asked.step,
        node=node,
        function=step.function,
        new_graph=step.new_graph,
        choice=feed.choice,
        on=feed.on,
        stores=stores,
        history=history,
        why=feed.choice.why,
        notes=[*step.notes, *notes],
        lent=lent_names(step.function, request.notebook) if code.path else {},
    )
