"""What came of a spin, as a result for the user: artifacts, comparison, notes."""

from __future__ import annotations

import re
import time
from typing import Any

from spin_magic.compare import Incomparable, same_value
from spin_magic.engine.prepare import constants_of, parameters_of
from spin_magic.engine.stores import OutputStore, look_at_pickle, store_form
from spin_magic.engine.task import Outcome
from spin_magic.errors import TaskError, nearest
from spin_magic.flows.names import remedy
from spin_magic.flows.reads import assigned_names, unset_reads
from spin_magic.plan import Plan
from spin_magic.result import Artifact, Artifacts, DiffRow, SpinResult
from spin_magic.runs.inputs import public_names

LARGE_BYTES = 32 * 2**20
SMALL_BYTES = 2**20


def build_result(plan: Plan, outcome: Outcome, local_names: dict[str, Any], begun: float) -> SpinResult:
    """Make the result of a spin.

    Parameters
    ----------
    plan : Plan
        What was to be done.
    outcome : Outcome
        What the engine did.
    local_names : dict
        The body's local variables.
    begun : float
        When the spin began, by `time.perf_counter`.
    """
    error = _own_error(plan, outcome)
    output = outcome.output
    names = sorted(name for name in output.names() if not name.startswith("_"))
    entries = {name: _artifact(plan, output, name) for name in names}
    transition = outcome.transition
    result = SpinResult(
        flow=plan.history.flow,
        step=plan.step,
        ok=error is None,
        error=error,
        seconds=outcome.seconds,
        overhead=0.0,
        artifacts=Artifacts(entries),
        inputs=plan.step_inputs(outcome.flow, outcome.inputs),
        origin=plan.origin,
        stdout=outcome.logs.stdout.text,
        stderr=outcome.logs.stderr.text,
        cards=outcome.cards,
        locals=local_names,
        self=outcome.flow,
        next=tuple(transition[0]) if transition else None,
        notes=[],
        compare=lambda budget: _compare(plan, output, entries, budget),
        render=_render,
    )
    result.notes.extend([*plan.notes, *_notes(plan, outcome, result), *outcome.notes])
    result.overhead = time.perf_counter() - begun - outcome.seconds
    return result


def _render(result: SpinResult) -> dict[str, Any]:
    from spin_magic.report import mimebundle  # noqa: PLC0415 -- a spin in a script shows nothing

    return mimebundle(result)


def _own_error(plan: Plan, outcome: Outcome) -> BaseException | None:
    error = outcome.error
    if isinstance(error, Exception) and not outcome.started:
        text = " ".join(str(getattr(error, "message", None) or error).split())
        made = TaskError(f"Step `{plan.step}` cannot start: {text or type(error).__name__}")
        made.__cause__ = error
        return made
    return error


def _artifact(plan: Plan, output: OutputStore, name: str) -> Artifact:
    known = output.artifact(name)
    if not known.live:
        return known
    size, _ = look_at_pickle(known.load())
    return Artifact(name, known.type_name, size, known.load, live=True)


def _compare(plan: Plan, output: OutputStore, entries: dict[str, Artifact], budget: float | None) -> list[DiffRow]:
    if plan.choice.origin is None:
        return []
    past = plan.history.open(plan.choice.origin)
    deadline = None if budget is None else time.perf_counter() + budget
    before = [name for name in past.objects if not name.startswith("_")]
    rows = []
    with plan.code.active():
        for name in sorted({*entries, *before}):
            now = entries.get(name)
            row = _row(plan, name, past, now, output, deadline)
            rows.append(row)
    return rows


def _row(
    plan: Plan, name: str, past: Any, now: Artifact | None, output: OutputStore, deadline: float | None
) -> DiffRow:
    def load_before() -> Any:
        with plan.code.active():
            return past.artifact(name).load()

    after = now.load if now else None
    if now is None:
        return DiffRow(name, "gone", "", load_before, None)
    if name not in past:
        return DiffRow(name, "new", "", None, after)
    if output.key(name) == past.objects[name]:
        return DiffRow(name, "same", "", load_before, after)
    if deadline is not None and time.perf_counter() > deadline:
        return DiffRow(name, "not compared", "there was no time: ask with diff()", load_before, after)
    if deadline is not None and (now.size or 0) > LARGE_BYTES:
        return DiffRow(name, "not compared", "it is large: ask with diff()", load_before, after)
    try:
        same = _same_pickle(name, now, past.objects[name]) or same_value(load_before(), now.load())
    except (Incomparable, TaskError) as ex:
        return DiffRow(name, "not compared", str(ex), load_before, after)
    except Exception as ex:
        return DiffRow(name, "not compared", f"loading it raised {type(ex).__name__}: {ex}", load_before, after)
    return DiffRow(name, "same" if same else "changed", "", load_before, after)


def _same_pickle(name: str, now: Artifact, sha: str) -> bool:
    if not now.live:
        return False
    try:
        return store_form(name, now.load())[0] == sha
    except Exception:  # the value itself may still compare
        return False


def _notes(plan: Plan, outcome: Outcome, result: SpinResult) -> list[str]:
    notes = [remedy(name, value, plan.code.label) for name, value in plan.lent.items()]
    ignored = plan.prepared.ignored.get(plan.step, [])
    if ignored:
        names = ", ".join(f"@{name}" for name in ignored)
        notes.append(f"Not applied in a spin, but in `run`: {names}.")
    if not result.ok:
        return [*notes, *explain_failure(plan, result.error)]
    notes += _transition_notes(plan, result)
    notes += _artifact_notes(plan, outcome)
    notes += unset_reads(plan.prepared.cls, plan.step, result.next or (), outcome.output.names())
    return notes


def explain_failure(plan: Plan, error: BaseException | None) -> list[str]:
    """Say more about an error that Metaflow words too briefly; the traceback shows it as well."""
    if not isinstance(error, AttributeError):
        return []
    text, notes = str(error), []
    missing = re.fullmatch(r"Flow \w+ has no attribute '(\w+)'", text)
    if missing:
        known = public_names(plan.stores, plan.prepared, join=plan.node.type == "join")
        where = "; a join reads the others from `inputs`" if plan.node.type == "join" else ""
        notes = [
            f"`self.{missing[1]}` has not been set: this step finds {', '.join(known) or 'nothing'} on self{where}."
            f"{nearest(missing[1], known)}"
        ]
    elif "not modifiable" in text:
        fixed = {**parameters_of(plan.prepared.cls), **constants_of(plan.prepared.cls)}
        names = sorted(assigned_names(plan.function) & set(fixed))
        shown = ", ".join(f"`{name}`" for name in names) or "It"
        notes = [f"{shown} is a parameter or constant, which no step can assign: use another name, or --set for a trial."]
    for note in notes:
        error.add_note(note)
    return notes


def _transition_notes(plan: Plan, result: SpinResult) -> list[str]:
    node = plan.node
    if result.next is None:
        if plan.step == plan.history.graph.end or not node.next:
            return []
        return [f"`self.next` was not called: `run` would stop here with an error. The flow leads to {_steps(node.next)}."]
    fits = set(result.next) <= set(node.next) if node.type == "split-switch" else result.next == node.next
    if fits:
        return []
    return [
        f"`self.next` led to {_steps(result.next)}, but {plan.code.label} says {_steps(node.next) or 'nothing'}: "
        "`run` follows the file."
    ]


def _steps(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _artifact_notes(plan: Plan, outcome: Outcome) -> list[str]:
    notes = []
    store = plan.stores[0]
    for name, value in outcome.output.live.items():
        if name.startswith("_") or name == "name":
            continue
        size, problem = look_at_pickle(value)
        if problem:
            notes.append(f"`{name}` does not pickle ({problem}): `run` would fail to store it. Keep it local.")
        elif store.loaded.get(name) is value and size is not None and size <= SMALL_BYTES and _mutated(store, name, value):
            notes.append(f"Input `{name}` was changed in place; the next spin gets it as it was.")
    return notes


def _mutated(store: Any, name: str, value: Any) -> bool:
    if isinstance(value, (str, bytes, int, float, bool, tuple, frozenset, type(None))):
        return False
    try:
        if store_form(name, value)[0] == store._objects.get(name):
            return False
        return not same_value(store.source[name], value)
    except Exception:  # a note is not worth a failure
        return False
