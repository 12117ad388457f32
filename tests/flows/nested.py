"""Foreach inside foreach, with a branch inside the inner one."""

from __future__ import annotations

from metaflow import FlowSpec, step


class NestedFlow(FlowSpec):
    @step
    def start(self):
        self.outer = [3, 1, 2]
        self.next(self.mid, foreach="outer")

    @step
    def mid(self):
        self.o = self.input
        self.inner = [f"{self.o}{c}" for c in "xy"]
        self.mid_stack = self.foreach_stack()
        self.next(self.leaf, foreach="inner")

    @step
    def leaf(self):
        self.leaf_value = (self.input, self.index, self.o)
        self.leaf_stack = self.foreach_stack()
        self.next(self.up, self.down)

    @step
    def up(self):
        self.side = self.input.upper()
        self.next(self.sides)

    @step
    def down(self):
        self.side = self.input.lower()
        self.side_index = self.index
        self.next(self.sides)

    @step
    def sides(self, inputs):
        self.both = [inputs.up.side, inputs.down.side, inputs.down.side_index]
        self.merge_artifacts(inputs, include=["leaf_value", "o"])
        self.sides_index = self.index
        self.next(self.inner_join)

    @step
    def inner_join(self, inputs):
        self.leaves = [i.leaf_value for i in inputs]
        self.pairs = [i.both for i in inputs]
        self.merge_artifacts(inputs, include=["o"])
        self.my_index = self.index
        self.my_input = self.input
        self.next(self.after_inner)

    @step
    def after_inner(self):
        self.tagged = [(self.o, *leaf) for leaf in self.leaves]
        self.stack = self.foreach_stack()
        self.next(self.outer_join)

    @step
    def outer_join(self, inputs):
        self.all_tagged = [i.tagged for i in inputs]
        self.os = [i.o for i in inputs]
        self.ins = [i.input for i in inputs]
        self.next(self.end)

    @step
    def end(self):
        self.count = sum(len(t) for t in self.all_tagged)


if __name__ == "__main__":
    NestedFlow()
