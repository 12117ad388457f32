"""A flow to interrupt: a foreach over a mapped array, a join, a card."""

from __future__ import annotations

import numpy as np
from metaflow import FlowSpec, card, step


class PressedFlow(FlowSpec):
    @step
    def start(self):
        self.data = np.arange(300_000)
        self.items = [1, 2, 3]
        self.next(self.work, foreach="items")

    @step
    def work(self):
        self.doubled = int(self.data.sum()) * 2
        self.next(self.join)

    @step
    def join(self, inputs):
        self.total = sum(each.doubled for each in inputs)
        self.next(self.drawn)

    @card
    @step
    def drawn(self):
        self.half = self.total / 2
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    PressedFlow()
