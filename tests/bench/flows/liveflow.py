"""A step of some seconds that is busy all the time, and may show twenty times a second how far it is."""

from __future__ import annotations

import time

import numpy as np
from metaflow import FlowSpec, Parameter, card, current, step
from metaflow.cards import Markdown, ProgressBar, Table, VegaChart

CHART = {"mark": "line", "data": {"values": [{"x": i, "y": i * i} for i in range(100)]}, "encoding": {}}
MATRIX = np.random.default_rng(0).random((300, 300))


def python(amount):
    total = 0
    for i in range(amount):
        total += i * i % 7
    return total


def numpy(amount):
    for _ in range(amount):
        MATRIX @ MATRIX


WORK = {"python": python, "numpy": numpy}


def amount_for(kind, seconds):
    """How much of the work takes so many seconds."""
    tried = {"python": 100_000, "numpy": 10}[kind]
    took = []
    for _ in range(20):
        begun = time.perf_counter()
        WORK[kind](tried)
        took.append(time.perf_counter() - begun)
    return max(1, round(tried * seconds / min(took)))


class LiveFlow(FlowSpec):
    rounds = Parameter("rounds", default=60)

    @step
    def start(self):
        self.kind, self.refresh = "python", False
        self.amounts = {kind: amount_for(kind, 0.05) for kind in WORK}
        self.next(self.work)

    @card
    @step
    def work(self):
        work, amount = WORK[self.kind], self.amounts[self.kind]
        bar, text = ProgressBar(max=self.rounds, label="rounds"), Markdown("# 0")
        table = Table([[r * c for c in range(5)] for r in range(20)], headers=list("abcde"))
        chart = VegaChart({**CHART, "data": {"values": list(CHART["data"]["values"])}})
        current.card.extend([bar, text, table, chart])
        begun = time.perf_counter()
        for done in range(self.rounds):
            work(amount)
            if self.refresh:
                bar.update(done)
                text.update(f"# {done}")
                current.card.refresh()
        self.seconds = time.perf_counter() - begun
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    LiveFlow()
