"""A flow's graph with steps in it that the flow file does not have yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

After = Mapping[str, tuple[str, ...]]


def link(cls: Any, after: After) -> None:
    """Put new steps into the graph of a flow class, behind the steps that lead to them.

    A new step that leads to what its parent led to comes in between; one that meets the parent's other
    way in a join becomes a branch beside it.

    Parameters
    ----------
    cls : type
        The flow class, which has the new steps already. Its graph is changed in place.
    after : mapping of str to tuple of str
        For each new step, the steps that lead to it.
    """
    graph = cls._graph
    before = {name: list(node.out_funcs) for name, node in graph.nodes.items()}
    for step, parents in after.items():
        if not graph.nodes[step].has_tail_next:
            before[step] = [out for parent in parents for out in before[parent] if out != step][:1]
    ways = _Ways({name: list(outs) for name, outs in before.items()}, graph.nodes)
    added: dict[str, list[str]] = {}
    for step, parents in after.items():
        for parent in parents:
            if step in before[parent]:
                continue
            if graph.nodes[parent].type == "foreach":
                ways.outs[parent] = [step]
                continue
            ways.outs[parent].append(step)
            added.setdefault(parent, []).append(step)
    for parent, steps in added.items():
        ways.outs[parent] = [out for out in ways.outs[parent] if out in steps or ways.beside(out, steps)]
    for name, outs in ways.outs.items():
        if outs != graph.nodes[name].out_funcs:
            _lead(graph.nodes[name], outs)
    _walk_again(graph)
    graph.grown = True


class _Ways:
    """Where each step leads, and what can be reached from it."""

    def __init__(self, outs: dict[str, list[str]], nodes: Mapping[str, Any]) -> None:
        self.outs = outs
        self._nodes = nodes

    def reached(self, start: str) -> set[str]:
        found: set[str] = set()
        pending = [start]
        while pending:
            step = pending.pop()
            if step not in found and step in self.outs:
                found.add(step)
                pending += self.outs[step]
        return found

    def beside(self, out: str, steps: Iterable[str]) -> bool:
        """Tell whether a way stays beside new steps: they do not lead to it, but meet it in a join."""
        reached = set().union(*(self.reached(step) for step in steps))
        common = self.reached(out) & reached
        return out not in reached and any(self._nodes[step].num_args > 1 for step in common)


def _lead(node: Any, outs: list[str]) -> None:
    node.out_funcs = outs
    if len(outs) > 1 and node.type not in ("split", "split-switch"):
        node.type = "split"
    elif len(outs) == 1 and node.type in (None, "split", "linear"):
        node.type = "join" if node.num_args > 1 else "linear"


def _walk_again(graph: Any) -> None:
    graph.sorted_nodes = []
    for node in graph.nodes.values():
        node.in_funcs, node.split_parents, node.split_branches = set(), [], []
        node.matching_join, node.is_inside_foreach = None, False
        if node.type is None:
            node.type = "join" if node.num_args > 1 else "linear"
    graph._traverse_graph()
    graph._postprocess()
