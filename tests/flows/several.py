"""Several flows in one file; the environment says which of them runs."""

from __future__ import annotations

import os

from metaflow import FlowSpec, Parameter, step


class Shared:
    def __init__(self, word):
        self.word = word


class FirstFlow(FlowSpec):
    x = Parameter("x", default=1)

    @step
    def start(self):
        self.who = Shared("first")
        self.next(self.end)

    @step
    def end(self):
        self.total = self.x + len(self.who.word)


class SecondFlow(FlowSpec):
    x = Parameter("x", default="one")

    @step
    def start(self):
        self.who = Shared("second")
        self.next(self.end)

    @step
    def end(self):
        self.total = self.x + self.who.word


class OnTopFlow(FirstFlow):
    @step
    def start(self):
        self.who = Shared("on top")
        self.next(self.end)


if __name__ == "__main__":
    globals()[os.environ.get("WHICH_FLOW", "FirstFlow")]()
