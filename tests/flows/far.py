"""A small flow whose runs are in S3 and in a metadata service: a parameter, a foreach, a branch, joins, a card."""

from __future__ import annotations

from metaflow import FlowSpec, Parameter, card, current, step
from metaflow.cards import Markdown


class FarFlow(FlowSpec):
    factor = Parameter("factor", default=3)

    @step
    def start(self):
        self.names = ["one", "two"]
        self.table = {"rows": list(range(200)), "factor": self.factor}
        self.blob = b"0123456789" * 50_000
        self.next(self.work, foreach="names")

    @step
    def work(self):
        self.score = len(self.input) * self.factor + self.index
        self.kept = self.input
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.scores = [each.score for each in inputs]
        self.kept_all = [each.kept for each in inputs]
        self.merge_artifacts(inputs, include=["table", "blob"])
        self.next(self.share)

    @step
    def share(self):
        self.next(self.left, self.right)

    @card(type="blank")
    @step
    def left(self):
        self.total = sum(self.scores) + self.table["rows"][-1]
        current.card.append(Markdown(f"# Total {self.total}"))
        self.next(self.end_join)

    @step
    def right(self):
        self.size = len(self.blob)
        self.next(self.end_join)

    @step
    def end_join(self, inputs):
        self.both = (inputs.left.total, inputs.right.size)
        self.merge_artifacts(inputs)
        self.next(self.end)

    @step
    def end(self):
        self.said = f"{self.both} of {self.factor}"


if __name__ == "__main__":
    FarFlow()
