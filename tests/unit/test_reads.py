from __future__ import annotations

import pytest
from metaflow import FlowSpec, step

from spin_magic.flows.reads import reads_and_sets


class ReadsFlow(FlowSpec):
    def helper(self):
        return 1

    @step
    def start(self):
        self.n = self.alpha
        self.n = self.n + self.beta
        self.items = [self.n for _ in range(3)]
        self.next(self.work, foreach="items")

    @step
    def work(self):
        self.count += self.input + self.helper()
        self.trail.append(self.index)
        self.a, self.b = self.b, self.a
        self.next(self.join)

    @step
    def join(self, inputs):
        self.first = inputs[0].count
        self.all = [i.trail for i in inputs] + [inputs.work.named]
        for each in inputs:
            print(each.looped, each.looped)
        print(inputs.work)
        self.merge_artifacts(inputs)
        self.next(self.end)

    @step
    def end(me):  # noqa: N805 -- it may have any name
        me.over = me.all
        me._private = 1
        del me.first


@pytest.mark.parametrize(
    ("step", "reads", "sets"),
    [
        ("start", ("alpha", "beta"), ("n", "items")),
        ("work", ("count", "trail", "b", "a"), ("count", "a", "b")),
        ("join", ("count", "trail", "named", "looped"), ("first", "all")),
        ("end", ("all",), ("over", "first")),
    ],
)
def test_what_a_step_reads_and_sets(step, reads, sets):
    assert reads_and_sets(ReadsFlow, step) == (reads, sets)
