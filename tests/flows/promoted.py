"""A flow that is run as a whole from a notebook: it can fail in a task, and take its time."""

import time

from metaflow import FlowSpec, Parameter, project, step


@project(name="promoted")
class PromotedFlow(FlowSpec):
    alpha = Parameter("alpha", default=0.5)
    fail = Parameter("fail", default=0)
    pause = Parameter("pause", default=0.0)

    @step
    def start(self):
        self.items = [1, 2, 3]
        self.next(self.work, foreach="items")

    @step
    def work(self):
        """Scale an item."""
        print("at work on", self.input)
        time.sleep(self.pause)
        self.scaled = self.input * self.alpha  # a comment
        if self.input == self.fail:
            raise ValueError(f"no luck with {self.input}")
        self.next(self.join)

    @step
    def join(self, inputs):
        self.total = sum(each.scaled for each in inputs)
        self.next(self.end)

    @step
    def end(self):
        print("total", self.total)


if __name__ == "__main__":
    PromotedFlow()
