"""A step that makes a lot, and a step that draws a card: what is left of them after hundreds of spins?"""

from __future__ import annotations

import numpy as np
from metaflow import FlowSpec, Parameter, card, current, step
from metaflow.cards import Markdown


class SoakFlow(FlowSpec):
    numbers = Parameter("numbers", default=12_500_000, help="Numbers in the output; 8 bytes each")

    @step
    def start(self):
        self.next(self.make)

    @step
    def make(self):
        self.out = np.arange(self.numbers, dtype="float64")
        self.next(self.draw)

    @card
    @step
    def draw(self):
        self.mean = 1.0
        current.card.append(Markdown("# A card"))
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    SoakFlow()
