"""A branch beside a foreach inside a foreach, in few tasks: to be spun from end to end without a run."""

from __future__ import annotations

from metaflow import FlowSpec, Parameter, step


class Pair:
    def __init__(self, a, b):
        self.a, self.b = a, b

    def __eq__(self, other):
        return (self.a, self.b) == (other.a, other.b)


class ChainedFlow(FlowSpec):
    width = Parameter("width", default=2)
    words = Parameter("words", default="x,y", separator=",")
    LIMIT = 3

    @step
    def start(self):
        self.outer = list(range(1, self.width + 1))
        self.kept = {"words": self.words}
        self.next(self.mid, foreach="outer")

    @step
    def mid(self):
        self.inner = self.words[: self.input]
        self.kept["words"] = [*self.kept["words"], self.input]
        self.next(self.leaf, foreach="inner")

    @step
    def leaf(self):
        self.pair = Pair(self.input, self.index)
        self.stack = self.foreach_stack()
        self.next(self.inner_join)

    @step
    def inner_join(self, inputs):
        self.pairs = [i.pair for i in inputs]
        self.merge_artifacts(inputs, include=["kept", "outer"])
        self.where = (self.index, self.input)
        self.next(self.outer_join)

    @step
    def outer_join(self, inputs):
        self.all_pairs = [i.pairs for i in inputs]
        self.wheres = [i.where for i in inputs]
        self.keeps = [i.kept for i in inputs]
        self.next(self.fork)

    @step
    def fork(self):
        self.next(self.left, self.right)

    @step
    def left(self):
        self.side = len(self.all_pairs)
        self.next(self.both)

    @step
    def right(self):
        self.side = self.width * self.LIMIT
        self.next(self.both)

    @step
    def both(self, inputs):
        self.sides = [inputs.left.side, inputs.right.side]
        self.merge_artifacts(inputs, exclude=["side"])
        self.next(self.end)

    @step
    def end(self):
        self.total = sum(self.sides)


if __name__ == "__main__":
    ChainedFlow()
