"""A flow without heavy imports, for tests of what a kernel does around a step."""

from __future__ import annotations

from metaflow import FlowSpec, Parameter, step


def half(number):
    if number < 0:
        raise ValueError("a negative number")
    return number / 2


class SmallFlow(FlowSpec):
    alpha = Parameter("alpha", default=0.5)

    @step
    def start(self):
        self.items = [1, 2, 3]
        self.next(self.work, foreach="items")

    @step
    def work(self):
        self.doubled = self.input * 2
        self.next(self.join)

    @step
    def join(self, inputs):
        self.total = sum(each.doubled for each in inputs)
        self.next(self.end)

    @step
    def end(self):
        print("total", self.total)


if __name__ == "__main__":
    SmallFlow()
