"""A flow with all that a long session spins: a foreach, a join, an array, a card that is refreshed."""

from __future__ import annotations

import numpy as np
from metaflow import FlowSpec, Parameter, card, current, step
from metaflow.cards import Markdown, Table

FACTOR = 2


class Point:
    """A class of the flow file, in an artifact."""

    def __init__(self, x):
        self.x = x


class EnduringFlow(FlowSpec):
    size = Parameter("size", default=60_000)

    @step
    def start(self):
        self.numbers = np.arange(self.size, dtype="float64")
        self.point = Point(1)
        self.items = [1, 2]
        self.next(self.work, foreach="items")

    @step
    def work(self):
        self.scaled = self.numbers * self.input * FACTOR
        self.next(self.join)

    @step
    def join(self, inputs):
        self.total = float(sum(each.scaled.sum() for each in inputs))
        self.point = inputs[0].point
        self.next(self.draw)

    @card
    @step
    def draw(self):
        text = Markdown("0")
        current.card.append(text)
        for i in range(3):
            text.update(f"line {i}")
            current.card.refresh()
        current.card.append(Table([[1, self.total]]))
        self.next(self.end)

    @step
    def end(self):
        print("total", self.total)


if __name__ == "__main__":
    EnduringFlow()
