from __future__ import annotations

import pytest
from metaflow import FlowSpec, Parameter, catch, step, user_step_decorator

from spin_magic.engine.graph import graph_of
from spin_magic.flows.next_reads import unset_reads


class NextFlow(FlowSpec):
    alpha = Parameter("alpha", default=1)

    def prepare(self):
        self.prepared = 1

    @step
    def start(self):
        self.next(self.left, self.right)

    @step
    def left(self):
        print(self.alpha, self.given, self.own)
        self.own = self.own_too = 1
        print(self.own_too)
        self.counted += 1
        self.prepare()
        print(self.prepared, self.prepare)
        if hasattr(self, "asked"):
            print(self.asked)
        self.next(self.join)

    @step
    def right(self):
        vars(self).update(anything=1)
        print(self.anything)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.first = inputs.left.score
        self.second = [i.every for i in inputs]
        self.third = inputs[0].unknown_which, inputs.right.others
        print(self.first, self.not_merged)
        self.merge_artifacts(inputs)
        print(self.merged)
        self.next(self.fan)

    @step
    def fan(self):
        self.items = [1, 2]
        self.next(self.work, foreach="items")

    @step
    def work(self):
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.all = [i.square for i in inputs] + [inputs[0].cube]
        self.merge_artifacts(inputs, exclude=["left_out"])
        print(self.merged, self.left_out)
        self.next(self.end)

    @step
    def end(self):
        print(self.all, self.merged)


def notes(step_name, available=(), given=()):
    graph = graph_of(NextFlow)
    following = graph.nodes[step_name].next
    return unset_reads(NextFlow, graph, step_name, following, available=available, given=given)


@user_step_decorator
def first(step_name, flow, inputs, attributes):
    flow.order = []
    yield


class DecoratedFlow(FlowSpec):
    @catch(var="problem")
    @step
    def start(self):
        self.next(self.middle)

    @step
    def middle(self):
        print(self.problem)
        self.next(self.end)

    @first
    @step
    def end(self):
        print(self.order)


def test_what_decorators_set_is_not_missed():
    graph = graph_of(DecoratedFlow)

    for name in ("start", "middle"):
        following = graph.nodes[name].next
        assert unset_reads(DecoratedFlow, graph, name, following, available=(), given=()) == []


def test_what_is_read_before_it_is_set_and_nobody_has_set():
    assert notes("start", ["given"]) == [
        "The next step `left` reads `self.own`, which nobody has set: set it in `start`.",
        "The next step `left` reads `self.counted`, which nobody has set: set it in `start`.",
    ]
    assert notes("start", ["given", "own", "counted"]) == []


def test_what_a_join_reads_of_its_branches_and_does_not_merge():
    said = notes("left")

    assert [note.split("`")[3] for note in said] == ["score", "every", "self.not_merged"]
    assert "set `self.score` in `left`" in said[0]
    assert "which a join does not get by itself: read it from `inputs`" in said[2]
    assert [note.split("`")[3] for note in notes("left", ["score", "every", "not_merged"])] == [
        "self.not_merged"
    ]
    assert [note.split("`")[3] for note in notes("right", ["every"])] == ["others", "self.not_merged"]


def test_a_foreach_join_knows_all_its_inputs():
    said = notes("work", ["square", "merged", "left_out"])

    assert [note.split("`")[3] for note in said] == ["cube", "self.left_out"]
    assert "merge_artifacts does not bring" in said[1]
    assert [note.split("`")[3] for note in notes("work", ["square", "cube"])] == [
        "self.merged",
        "self.left_out",
    ]


@pytest.mark.parametrize(
    ("given", "said"), [(["merged"], "which the join `gather` does not hand on"), ([], "nobody")]
)
def test_what_a_join_drops_is_told_from_what_nobody_set(given, said):
    [note] = notes("gather", ["all"], given)

    assert "`end` reads `self.merged`" in note
    assert said in note
