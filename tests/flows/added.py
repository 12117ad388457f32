"""A flow as it ran; the tests add a step, a parameter and a constant to it afterwards."""

from __future__ import annotations

from metaflow import FlowSpec, Parameter, step


class AddedFlow(FlowSpec):
    n = Parameter("n", default=3)
    # a parameter is added here

    @step
    def start(self):
        self.items = list(range(self.n))
        self.next(self.work, foreach="items")

    @step
    def work(self):
        self.square = self.input**2
        self.next(self.join)

    @step
    def join(self, inputs):
        self.squares = [i.square for i in inputs]
        self.next(self.split)

    @step
    def split(self):
        self.next(self.left, self.right)

    @step
    def left(self):
        self.least = min(self.squares)
        self.next(self.both)

    @step
    def right(self):
        self.most = max(self.squares)
        self.next(self.both)

    @step
    def both(self, inputs):
        self.span = inputs.right.most - inputs.left.least
        self.next(self.end)

    # a step is added here
    @step
    def end(self):
        self.over = True


if __name__ == "__main__":
    AddedFlow()
