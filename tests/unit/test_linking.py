"""New steps in the graph of a flow: between two steps, beside another, in a foreach."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from metaflow import FlowSpec, retry, step, timeout
from metaflow.graph import FlowGraph

from spin_magic.engine.graph import graph_of
from spin_magic.engine.linking import link
from spin_magic.engine.prepare import prepare
from spin_magic.engine.state import preserved
from spin_magic.errors import FlowError


class LineFlow(FlowSpec):
    @step
    def start(self):
        self.next(self.middle)

    @step
    def middle(self):
        self.next(self.end)

    @step
    def new(self):
        pass

    @step
    def newer(self):
        pass

    @step
    def end(self):
        pass


class BranchFlow(FlowSpec):
    @step
    def start(self):
        self.next(self.one)

    @step
    def one(self):
        self.next(self.join)

    @step
    def new(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


class ForeachFlow(FlowSpec):
    @step
    def start(self):
        self.items_of_it = [1, 2]
        self.next(self.work, foreach="items_of_it")

    @step
    def work(self):
        self.next(self.join)

    @step
    def new(self):
        self.next(self.work)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


def linked(cls, after):
    cls._graph = FlowGraph(cls)
    link(cls, after)
    return graph_of(cls)


def shape(graph):
    return {node.name: (node.type, node.next, node.parents) for node in graph.nodes.values()}


def test_a_step_comes_in_between():
    graph = linked(LineFlow, {"new": ("middle",)})
    nodes = shape(graph)
    assert graph.grown
    assert nodes["middle"] == ("linear", ("new",), ("start",))
    assert nodes["new"] == ("linear", ("end",), ("middle",))
    assert nodes["end"][2] == ("new",)
    assert list(graph.nodes)[:4] == ["start", "middle", "new", "end"]


def test_two_steps_come_in_between_one_after_the_other():
    graph = linked(LineFlow, {"new": ("middle",), "newer": ("new",)})
    assert list(graph.nodes) == ["start", "middle", "new", "newer", "end"]
    assert [node.next for node in graph.nodes.values()] == [("middle",), ("new",), ("newer",), ("end",), ()]


def test_a_step_that_meets_another_in_a_join_is_beside_it():
    graph = linked(BranchFlow, {"new": ("start",)})
    nodes = shape(graph)
    assert graph.nodes["start"].next == ("one", "new")
    assert nodes["start"][0] in ("split", "start")
    assert nodes["join"] == ("join", ("end",), ("new", "one"))
    assert (graph.nodes["join"].joins, graph.nodes["join"].joined) == ("split", "start")


def test_a_step_of_a_foreach_is_inside_it():
    graph = linked(ForeachFlow, {"new": ("start",)})
    assert graph.nodes["start"].next == ("new",)
    assert graph.nodes["start"].over == "items_of_it"
    assert [graph.nodes[name].depth for name in ("start", "new", "work", "join", "end")] == [0, 1, 1, 0, 0]
    assert [graph.nodes[name].foreach for name in ("start", "new", "work", "join")] == [
        None,
        "start",
        "start",
        None,
    ]
    assert graph.nodes["join"].joins == "foreach"


class DecoratedFlow(FlowSpec):
    """What it is for."""

    @retry
    @timeout(seconds=5)
    @step
    def start(self):
        """Begins."""
        self.kind = "a"
        self.next({"a": self.one, "b": self.end}, condition="kind")

    @step
    def one(self):
        self.next(self.end)

    @step
    def end(self):
        pass


def test_a_step_is_described():
    graph = graph_of(DecoratedFlow)
    start = graph.nodes["start"]
    assert set(start.decorators) == {"retry", "timeout"}
    assert start.doc == "Begins."
    assert (start.type, start.over) == ("split-switch", "kind")
    assert set(start.cases) == {("a", "one"), ("b", "end")}
    assert graph.nodes["one"].decorators == ()
    assert not start.recursive


def test_a_flow_that_is_set_up_has_its_new_steps_in_the_graph():
    LineFlow._graph = FlowGraph(LineFlow)
    after = {"new": ("middle",), "newer": ("new",)}
    with preserved():
        graph = graph_of(prepare(LineFlow, SimpleNamespace(TYPE="local"), after=after).cls)
    assert list(graph.nodes) == ["start", "middle", "new", "newer", "end"]
    with preserved(), pytest.raises(FlowError, match="Metaflow finds a fault in flow LineFlow"):
        prepare(LineFlow, SimpleNamespace(TYPE="local"))


def test_without_new_steps_it_is_the_file_s():
    graph = linked(BranchFlow, {})
    assert graph.nodes["start"].next == ("one",)
    BranchFlow._graph = FlowGraph(BranchFlow)
    graph = graph_of(BranchFlow)
    assert not graph.grown
    assert (graph.start, graph.end) == ("start", "end")
