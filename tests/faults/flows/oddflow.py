"""A flow whose run leaves what `made.py` beside it makes: inputs of `work`, and its outputs."""

from __future__ import annotations

from made import PAST
from metaflow import FlowSpec, step


class OddFlow(FlowSpec):
    @step
    def start(self):
        for name, make in PAST.items():
            setattr(self, f"in_{name}", make())
        self.next(self.work)

    @step
    def work(self):
        for name, make in PAST.items():
            setattr(self, f"out_{name}", make())
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    OddFlow()
