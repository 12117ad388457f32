"""A flow with thousands of runs, of which a spin takes the latest."""

from __future__ import annotations

from metaflow import FlowSpec, step


class ManyFlow(FlowSpec):
    @step
    def start(self):
        self.x = 1
        self.next(self.end)

    @step
    def end(self):
        self.y = self.x + 1


if __name__ == "__main__":
    ManyFlow()
