"""The graph of a flow as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class StepNode:
    """One step of a flow's graph.

    Attributes
    ----------
    name : str
        Name of the step.
    type : str
        Metaflow's word for it: start, linear, split, foreach, split-switch, join or end.
    next : tuple of str
        Steps that it may lead to.
    parents : tuple of str
        Steps that may lead to it; a recursive step is among its own.
    depth : int
        How many foreach levels it runs inside.
    foreach : str or None
        For a step inside a foreach, the step that opens the innermost one.
    joins : str or None
        For a join, the type of what it joins: split or foreach.
    joined : str or None
        For a join, the step whose branches it joins.
    over : str or None
        For a foreach, the artifact that it splits over; for a switch, the one that decides.
    cases : tuple of (str, str)
        For a switch, each value and the step that it leads to.
    decorators : tuple of str
        Names of the step's decorators, Metaflow's and the user's own.
    doc : str
        Its docstring.
    """

    name: str
    type: str
    next: tuple[str, ...]
    parents: tuple[str, ...]
    depth: int
    foreach: str | None
    joins: str | None
    joined: str | None
    over: str | None = None
    cases: tuple[tuple[str, str], ...] = ()
    decorators: tuple[str, ...] = ()
    doc: str = ""

    @property
    def recursive(self) -> bool:
        """Tell whether the step may lead to itself."""
        return self.name in self.next


@dataclass(frozen=True)
class Graph:
    """A flow's graph: its first step, its last, and all steps by name, in topological order.

    Attributes
    ----------
    grown : bool
        True where it has steps or ways that were spun and that the flow file does not have yet.
    """

    start: str
    end: str
    nodes: dict[str, StepNode]
    grown: bool = False


def graph_of(cls: Any) -> Graph:
    """Read the graph of a flow class.

    Parameters
    ----------
    cls : type
        A flow class; its ``_graph`` is Metaflow's ``FlowGraph``.
    """
    graph = cls._graph
    order = list(dict.fromkeys([*graph.sorted_nodes, *graph.nodes]))
    start, end = getattr(graph, "start_step", "start"), getattr(graph, "end_step", "end")
    nodes = {name: _node(graph, name) for name in order if name in graph.nodes}
    return Graph(start or "start", end or "end", nodes, getattr(graph, "grown", False))


def _node(graph: Any, name: str) -> StepNode:
    node = graph.nodes[name]
    parents = tuple(other.name for other in graph.nodes.values() if name in other.out_funcs)
    around = list(node.split_parents)
    joined = around.pop() if node.type == "join" and around else None
    levels = [step for step in around if graph.nodes[step].type == "foreach"]
    return StepNode(
        name=name,
        type=node.type or "linear",
        next=tuple(node.out_funcs),
        parents=parents,
        depth=len(levels),
        foreach=levels[-1] if levels else None,
        joins=graph.nodes[joined].type if joined else None,
        joined=joined,
        over=node.foreach_param or node.condition,
        cases=tuple((str(value), step) for value, step in node.switch_cases.items()),
        decorators=_decorators(node),
        doc=node.doc or "",
    )


def _decorators(node: Any) -> tuple[str, ...]:
    names = [deco.name for deco in node.decorators]
    # A user's own are named after their module too.
    names += [deco.decorator_name.rpartition(".")[2] for deco in [*node.wrappers, *node.config_decorators]]
    return tuple(dict.fromkeys(name for name in names if not name.startswith("_")))
