"""A flow with outputs of many kinds, for the tests that are written from its spins."""

import time
import uuid

import numpy as np
import pandas as pd
from metaflow import FlowSpec, Parameter, step


class Thing:
    pass


class AssertedFlow(FlowSpec):
    alpha = Parameter("alpha", default=2)

    @step
    def start(self):
        self.items = ["a", "b"]
        self.handed_on = list(range(1000))
        self.next(self.work, foreach="items")

    @step
    def work(self):
        self.whole = self.index * 10 + self.alpha
        self.part = 0.1 + 0.2
        self.text = f"{self.input}'s \"quoted\" ü\n"
        self.flags = {"yes": True, "no": None, "nested": [1.5, {"x": (1, 2)}]}
        self.words = {"one", "two", "three"}
        self.missing = float("nan")
        self.many_words = {f"word {i}" for i in range(500)}
        self.long = [{"i": i, "half": i / 2} for i in range(500)]
        self.array = np.arange(1000.0)
        self.few = np.array([1.5, 2.5])
        self.truth = np.bool_(True)
        self.frame = pd.DataFrame({"x": range(100), "word": ["a", None] * 50})
        self.thing = Thing()
        self.when = time.time()
        self.unique = uuid.uuid4().hex
        self.next(self.join)

    @step
    def join(self, inputs):
        self.total = sum(each.whole for each in inputs)
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    AssertedFlow()
