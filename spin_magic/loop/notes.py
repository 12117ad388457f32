"""What the user should know about a spin: above all what works here and would not in a run."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any

from spin_magic.artifacts import Artifact
from spin_magic.engine.graph import StepNode, graph_of
from spin_magic.engine.packages import differences
from spin_magic.engine.pickling import TooSlowToTell
from spin_magic.engine.prepare import constants_of, parameters_of
from spin_magic.engine.task import Outcome
from spin_magic.errors import nearest
from spin_magic.flows.names import remedy
from spin_magic.flows.next_reads import unset_reads
from spin_magic.flows.reads import assigned_names
from spin_magic.flows.with_block import WithBlock
from spin_magic.loop.compare import same_value
from spin_magic.loop.plan import Plan
from spin_magic.printable import one_line, said_by
from spin_magic.result import SpinResult
from spin_magic.runs.inputs import public_names
from spin_magic.settings import Note, SpinMagic

# metadata_providers/local.py: `0_artifact_NAME.json`
LONGEST_NAME = 255 - len("0_artifact_.json")
LOADED_AGAIN = 32 * 2**20
# Seconds for a look at one name of a notebook.
PATIENCE = 0.05


def notes_on(plan: Plan, outcome: Outcome, result: SpinResult) -> list[str]:
    """Say what the user should know about a spin, a sentence each."""
    notes = [*plan.notes, *outcome.notes, *_wanted(_always(plan, outcome))]
    if plan.request.block:
        notes += _block_notes(plan, plan.request.block.block)
    if not result.ok:
        return [*notes, *explain_failure(plan, result.error)]
    return [*notes, *_wanted(_of_success(plan, outcome, result))]


Advice = Mapping[Note, Callable[[], Iterable[str]]]


def _wanted(advice: Advice) -> Iterable[str]:
    """Give the notes of the kinds that the user wants to see."""
    kinds = SpinMagic.instance().notes
    return (note for kind, say in advice.items() if kind in kinds for note in say())


def _always(plan: Plan, outcome: Outcome) -> Advice:
    return {
        "names": lambda: [remedy(name, value, plan.code.label) for name, value in plan.lent.items()],
        "decorators": lambda: _decorator_notes(plan),
        "packages": lambda: [] if outcome.isolated else differences(plan.prepared.cls, plan.step),
    }


def _of_success(plan: Plan, outcome: Outcome, result: SpinResult) -> Advice:
    return {
        "next": lambda: _transition_notes(plan, result) or outcome.findings,
        "pickle": lambda: [*_pickle_notes(outcome), *_name_notes(plan, outcome), *_function_notes(outcome)],
        "inputs": lambda: _mutation_notes(outcome),
        "parameters": lambda: _assignment_notes(plan),
        "unset": lambda: unset_reads(
            plan.prepared.cls,
            graph_of(plan.prepared.cls),
            plan.step,
            result.next or plan.node.next,
            available=outcome.output.names(),
            given={name for store in plan.stores for name in store.source.objects},
        ),
    }


def _decorator_notes(plan: Plan) -> list[str]:
    names = ", ".join(f"@{name}" for name in plan.prepared.ignored.get(plan.step, []))
    return [f"Not applied in a spin, but in `run`: {names}."] if names else []


def _block_notes(plan: Plan, block: WithBlock) -> list[str]:
    """Say where a block differs from the same text in the flow file."""
    if block.text is None:
        return [f"The block cannot be saved as the step: {block.problem}."]
    here, there = plan.request.notebook, plan.namespace
    return [
        f"`{name}` is another one here than in {plan.code.label}, and `run` takes that one."
        for name in sorted(block.uses)
        if name in here and name in there and not _same_name(here[name], there[name])
    ]


def _same_name(a: Any, b: Any) -> bool:
    """Tell whether a name means the same in two modules, of which one may have been loaded twice."""
    if isinstance(a, (FunctionType, type, ModuleType)):
        own = getattr(a, "__code__", None), getattr(b, "__code__", None)
        return type(a) is type(b) and a.__name__ == b.__name__ and own[0] == own[1]
    try:
        return same_value(a, b, time.perf_counter() + PATIENCE)
    except Exception:  # noqa: BLE001 -- no more can be told
        return True


def explain_failure(plan: Plan, error: BaseException | None) -> list[str]:
    """Say more about an error that Metaflow words too briefly; the traceback shows it as well."""
    if isinstance(error, NameError) and plan.request.block and error.name in plan.namespace:
        note = f"A `with` block has the names around it: import `{error.name}` from {plan.code.label}."
        _add_note(error, note)
        return [note]
    if not isinstance(error, AttributeError):
        return []
    text, notes = said_by(error), []
    missing = re.fullmatch(r"Flow \w+ has no attribute '(\w+)'", text)
    if missing:
        known = public_names(plan.stores, plan.prepared, join=plan.node.type == "join")
        where = "; a join reads the others from `inputs`" if plan.node.type == "join" else ""
        found = ", ".join(known) or "nothing"
        note = f"`self.{missing[1]}` has not been set: this step finds {found} on self{where}."
        notes = [note + nearest(missing[1], known)]
    elif "not modifiable" in text:
        shown = ", ".join(f"`{name}`" for name in _fixed_names(plan)) or "It"
        notes = [
            f"{shown} is a parameter or constant, which no step can assign. To try another value, use --set."
        ]
    for note in notes:
        _add_note(error, note)
    return notes


def _add_note(error: BaseException, note: str) -> None:
    # Past what its class makes of it; the panel has the note in any case.
    with contextlib.suppress(Exception):
        BaseException.add_note(error, note)


def _fixed_names(plan: Plan) -> list[str]:
    """List the parameters and constants that the step's text assigns."""
    fixed = {**parameters_of(plan.prepared.cls), **constants_of(plan.prepared.cls)}
    return sorted(assigned_names(plan.function) & set(fixed))


def _assignment_notes(plan: Plan) -> list[str]:
    return [
        f"`self.{name}` is a parameter or constant: `run` fails where this step assigns it. "
        "Give the new value another name."
        for name in _fixed_names(plan)
    ]


def _transition_notes(plan: Plan, result: SpinResult) -> list[str]:
    node = plan.node
    if result.next is None:
        if plan.step == plan.history.graph.end or not node.next:
            return []
        expected = _steps(node.next)
        note = (
            f"`self.next` was not called: `run` would stop here with an error. The flow leads to {expected}"
        )
        return [note + _how_to_lead(node)]
    fits = set(result.next) <= set(node.next) if node.type == "split-switch" else result.next == node.next
    if fits:
        return []
    expected = _steps(node.next) or "nothing"
    led = _steps(result.next)
    note = f"`self.next` led to {led}, but {plan.code.label} says {expected}: `run` follows the file."
    return [f"{note} Save the step, or lead it as the file does."]


def _how_to_lead(node: StepNode) -> str:
    if node.type == "split-switch":
        return "."
    steps = ", ".join(f"self.{name}" for name in node.next)
    foreach = f', foreach="{node.over}"' if node.type == "foreach" else ""
    return f": end the step with `self.next({steps}{foreach})`."


def _steps(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _pickle_notes(outcome: Outcome) -> Iterable[str]:
    for name in outcome.output.live:
        _, problem = ("", "") if name.startswith("_") or name == "name" else outcome.output.look(name)
        if isinstance(problem, TooSlowToTell):
            yield f"It is not known whether `{name}` pickles ({problem}): `run` waits as long as it takes."
        elif problem:
            yield f"`{name}` does not pickle ({problem}): `run` would fail to store it. Keep it local."


def _name_notes(plan: Plan, outcome: Outcome) -> Iterable[str]:
    """Say which names `run` would fail with: Metaflow's local metadata has a file of that name."""
    if not plan.history.metadata.client_string.startswith("local"):
        return
    for name in outcome.output.live:
        if not name.isidentifier() and not _names_a_file(name):
            yield f"`{one_line(name, 60)}` cannot be in the name of a file, so `run` would fail. Rename it."
        elif len(os.fsencode(name)) > LONGEST_NAME:
            yield f"`{one_line(name, 60)}` is too long for the name of a file: `run` would fail. Rename it."


def _function_notes(outcome: Outcome) -> Iterable[str]:
    """Say which attributes `run` would drop without a word."""
    # task_datastore.py:persist leaves out functions and methods.
    own = {} if outcome.flow is None else vars(outcome.flow)  # that of an isolated step is gone
    for name, value in own.items():
        if issubclass(type(value), (FunctionType, MethodType)) and not name.startswith("_"):
            yield f"`{one_line(name, 60)}` is a function, and Metaflow stores none: no later step finds it."


def _names_a_file(name: str) -> bool:
    try:
        return not {0, ord("/")} & {*os.fsencode(name)}
    except UnicodeEncodeError:
        return False


def _mutation_notes(outcome: Outcome) -> list[str]:
    output = outcome.output
    # flowspec.py:__getattr__ caches what a step reads, and task_datastore.py:persist stores it again.
    return [
        f"Input `{name}` was changed in place: `run` would hand it on so. The next spin gets it as it was. "
        f"Where it should stay, change a copy: `copy.deepcopy(self.{name})`."
        for name, fresh in output.mutated.items()
        if _differs(fresh, output.live[name])
    ]


def _differs(fresh: Artifact, value: Any) -> bool:
    """Tell a change of content from one of the pickle alone: what an object keeps at hand is in it too."""
    if (fresh.size or 0) > LOADED_AGAIN:
        return True
    try:
        return not same_value(fresh.load(), value)
    except Exception:  # noqa: BLE001 -- that it pickles otherwise is known, and no more can be told
        return True
