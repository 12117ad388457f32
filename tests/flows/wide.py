"""A foreach as wide as asked, whose join must see its inputs in split order."""

from __future__ import annotations

from metaflow import FlowSpec, Parameter, step


class WideFlow(FlowSpec):
    width = Parameter("width", default=12)

    @step
    def start(self):
        self.items = [(7 * i) % 101 for i in range(self.width)]
        self.next(self.work, foreach="items")

    @step
    def work(self):
        self.value = self.input
        self.place = self.index
        self.next(self.join)

    @step
    def join(self, inputs):
        self.values = [i.value for i in inputs]
        self.places = [i.place for i in inputs]
        self.next(self.end)

    @step
    def end(self):
        self.in_order = self.places == list(range(self.width))


if __name__ == "__main__":
    WideFlow()
