"""A switch, the step that merges after it, and a switch inside a foreach."""

from __future__ import annotations

from metaflow import FlowSpec, Parameter, step


class SwitchFlow(FlowSpec):
    kind = Parameter("kind", default="big")

    @step
    def start(self):
        self.trail = ["start"]
        self.choice = self.kind
        self.next({"big": self.big, "small": self.small, "none": self.after}, condition="choice")

    @step
    def big(self):
        self.trail.append("big")
        self.next(self.bigger)

    @step
    def bigger(self):
        self.trail.append("bigger")
        self.next(self.after)

    @step
    def small(self):
        self.trail.append("small")
        self.next(self.after)

    @step
    def after(self):
        self.taken = "/".join(self.trail)
        self.numbers = [1, 2, 3]
        self.next(self.sort, foreach="numbers")

    @step
    def sort(self):
        self.parity = "odd" if self.input % 2 else "even"
        self.next({"odd": self.odd, "even": self.even}, condition="parity")

    @step
    def odd(self):
        self.told = f"odd {self.input}"
        self.next(self.told_all)

    @step
    def even(self):
        self.told = f"even {self.index}"
        self.next(self.told_all)

    @step
    def told_all(self):
        self.told += "."
        self.next(self.join)

    @step
    def join(self, inputs):
        self.all_told = [i.told for i in inputs]
        self.merge_artifacts(inputs, include=["taken"])
        self.next(self.end)

    @step
    def end(self):
        self.result = (self.taken, len(self.all_told))


if __name__ == "__main__":
    SwitchFlow()
