"""The past runs of a flow, seen through its text alone: nothing of the flow is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spin_magic.engine.graph import Graph, StepNode
from spin_magic.runs.history import History, open_history

if TYPE_CHECKING:
    from spin_magic.flows.locate import FlowRef
    from spin_magic.flows.outline import Outline, StepOutline

_Around = tuple[str, ...]


def outlined_history(ref: FlowRef, outline: Outline, cwd: Path) -> History:
    """Find the runs of a flow by its text.

    Parameters
    ----------
    ref : FlowRef
        Which flow.
    outline : Outline
        What its text says.
    cwd : Path
        Working directory.
    """
    path = ref.path.resolve() if ref.path else None
    return open_history(ref.name, outlined_graph(outline), cwd, path)


def outlined_graph(outline: Outline) -> Graph:
    """Make the graph of what the text of a flow says of its steps.

    Parameters
    ----------
    outline : Outline
        What the text says.
    """
    steps, order = outline.steps, outline.in_order()
    around = _around(steps, order[:1])
    nodes = {name: _node(name, steps, around) for name in order}
    ends = [name for name in order if not steps[name].leads.to]
    return Graph(next(iter(order), "start"), next(reversed(ends), "end"), nodes)


def _around(steps: Mapping[str, StepOutline], first: Sequence[str]) -> dict[str, _Around]:
    """Find the splits around each step, outermost first; for a join also the one that it ends."""
    found: dict[str, _Around] = dict.fromkeys(first, ())
    pending = list(found)
    for name in pending:  # it grows
        inside = found[name][:-1] if steps[name].join else found[name]
        if _type(steps[name]) in ("foreach", "split"):
            inside = (*inside, name)
        new = [to for to in steps[name].leads.to if to in steps and to not in found]
        found |= dict.fromkeys(new, inside)
        pending += new
    return {name: found.get(name, ()) for name in steps}


def _type(step: StepOutline) -> str:
    if step.leads.how:
        return {"switch": "split-switch"}.get(step.leads.how, "foreach")
    return "split" if len(step.leads.to) > 1 else "linear"


def _node(name: str, steps: Mapping[str, StepOutline], around: Mapping[str, _Around]) -> StepNode:
    step, outside = steps[name], around[name]
    joined = outside[-1] if step.join and outside else None
    levels = [each for each in outside[: -1 if joined else None] if _type(steps[each]) == "foreach"]
    return StepNode(
        name=name,
        type="join" if step.join else _type(step),
        next=step.leads.to,
        # As Metaflow has them, which lists a class by `dir`: the inputs of a join come in this order.
        parents=tuple(sorted(other for other, each in steps.items() if name in each.leads.to)),
        depth=len(levels),
        foreach=levels[-1] if levels else None,
        joins=_type(steps[joined]) if joined else None,
        joined=joined,
        doc=step.doc,
    )
