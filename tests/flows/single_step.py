"""A flow of one step. Needs Metaflow 2.19.23 or later."""

from __future__ import annotations

from metaflow import FlowSpec, Parameter, step


class SingleStepFlow(FlowSpec):
    n = Parameter("n", default=4)

    @step(start=True, end=True)
    def only(self):
        self.squares = [i * i for i in range(self.n)]


if __name__ == "__main__":
    SingleStepFlow()
