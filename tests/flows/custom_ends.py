"""A flow whose first and last steps have names of their own. Needs Metaflow 2.19.23 or later."""

from __future__ import annotations

from metaflow import FlowSpec, Parameter, step


class CustomEndsFlow(FlowSpec):
    begin_at = Parameter("begin_at", default=5)

    @step(start=True)
    def begin(self):
        self.n = self.begin_at
        self.ways = [1, 2]
        self.next(self.work, foreach="ways")

    @step
    def work(self):
        self.m = self.n + self.input
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.ms = [i.m for i in inputs]
        self.next(self.finish)

    @step(end=True)
    def finish(self):
        self.done = sum(self.ms)


if __name__ == "__main__":
    CustomEndsFlow()
