"""An everyday flow: a foreach with a card, a join, and a switch of which one branch is taken."""

from __future__ import annotations

import math

from metaflow import FlowSpec, Parameter, card, environment, step

SEEN = []


class Box:
    def __init__(self, content):
        self.content = content


class DailyFlow(FlowSpec):
    alpha = Parameter("alpha", default=0.5)
    LIMIT = 3

    @step
    def start(self):
        self.letters = ["a", "b", "c"]
        self.box = Box([1, 2])
        self.next(self.train, foreach="letters")

    @environment(vars={"DAILY": "yes"})
    @card(type="blank")
    @step
    def train(self):
        self.score = self.index * self.alpha + math.floor(1.5)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.scores = [i.score for i in inputs]
        self.merge_artifacts(inputs, include=["box"])
        self.next(self.decide)

    @step
    def decide(self):
        self.kind = "big" if len(self.scores) > 2 else "small"
        self.next({"big": self.big, "small": self.small}, condition="kind")

    @step
    def big(self):
        self.size = "big"
        self.next(self.end)

    @step
    def small(self):
        self.size = "small"
        self.next(self.end)

    @step
    def end(self):
        self.done = self.size


if __name__ == "__main__":
    DailyFlow()
