"""A step that goes to itself, and the steps after it."""

from __future__ import annotations

from metaflow import FlowSpec, Parameter, step


class RecursiveFlow(FlowSpec):
    times = Parameter("times", default=4)

    @step
    def start(self):
        self.n = 0
        self.seen = []
        self.next(self.loop)

    @step
    def loop(self):
        self.n += 1
        self.seen.append(self.n * 10)
        self.more = "again" if self.n < self.times else "done"
        self.next({"again": self.loop, "done": self.after}, condition="more")

    @step
    def after(self):
        self.total = sum(self.seen)
        self.next(self.second)

    @step
    def second(self):
        self.total -= 30
        self.sign = str(self.total > 0)
        self.next({"True": self.second, "False": self.end}, condition="sign")

    @step
    def end(self):
        self.final = (self.n, self.total, self.seen)


if __name__ == "__main__":
    RecursiveFlow()
