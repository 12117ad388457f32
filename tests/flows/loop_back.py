"""A recursive step straight after start and straight before end, inside branches of a join."""

from __future__ import annotations

from metaflow import FlowSpec, step


class LoopBackFlow(FlowSpec):
    @step
    def start(self):
        self.level = 0
        self.next(self.climb, self.rest)

    @step
    def climb(self):
        self.level += 1
        self.where = "top" if self.level == 3 else "below"
        self.next({"below": self.climb, "top": self.view}, condition="where")

    @step
    def view(self):
        self.seen_from = self.level
        self.next(self.join)

    @step
    def rest(self):
        self.rested = True
        self.next(self.join)

    @step
    def join(self, inputs):
        self.summary = (inputs.view.seen_from, inputs.rest.rested)
        self.next(self.end)

    @step
    def end(self):
        self.over = True


if __name__ == "__main__":
    LoopBackFlow()
