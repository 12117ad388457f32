"""Foreach over a list, dicts, an iterator without indexing and a set; linear steps inside; joins in order."""

from __future__ import annotations

from metaflow import FlowSpec, Parameter, step


class Countdown:
    """Can be iterated but not indexed."""

    def __init__(self, top):
        self.top = top

    def __iter__(self):
        return iter(range(self.top, 0, -1))


class ForeachFlow(FlowSpec):
    letters = Parameter("letters", default="a,b,c,d", separator=",")

    @step
    def start(self):
        self.items = [*self.letters, "a long value that Metaflow cuts short in the stack", "é"]
        self.kept = {"n": 1}
        self.next(self.letter, foreach="items")

    @step
    def letter(self):
        self.mine = self.input * 2
        self.where = self.index
        self.stack = self.foreach_stack()
        self.next(self.linear)

    @step
    def linear(self):
        self.mine += f"-{self.index}"
        self.kept["n"] += self.index
        self.input_again = self.input
        self.next(self.letters_join)

    @step
    def letters_join(self, inputs):
        self.order = [i.mine for i in inputs]
        self.indices = [i.index for i in inputs]
        self.inputs_seen = [i.input for i in inputs]
        self.first_and_last = [inputs[0].mine, inputs[-1].mine, inputs.linear.mine]
        self.merge_artifacts(inputs, exclude=["mine", "where", "stack", "kept", "input_again"])
        self.items_again = len(self.items)
        self.next(self.to_rows)

    @step
    def to_rows(self):
        self.rows = [{"id": 1, "tags": ["x"]}, {"id": 2, "tags": []}]
        self.next(self.row, foreach="rows")

    @step
    def row(self):
        self.row_id = self.input["id"]
        self.input["tags"].append("seen")
        self.tags = self.input["tags"]
        self.stack = self.foreach_stack()
        self.next(self.rows_join)

    @step
    def rows_join(self, inputs):
        self.row_ids = [i.row_id for i in inputs]
        self.tag_lists = [i.tags for i in inputs]
        self.next(self.to_counts)

    @step
    def to_counts(self):
        self.counts = Countdown(3)
        self.next(self.count, foreach="counts")

    @step
    def count(self):
        self.n = self.input
        self.stack = self.foreach_stack()
        self.next(self.counts_join)

    @step
    def counts_join(self, inputs):
        self.ns = [i.n for i in inputs]
        self.next(self.to_numbers)

    @step
    def to_numbers(self):
        self.numbers = {4, 5}
        self.next(self.element, foreach="numbers")

    @step
    def element(self):
        self.e = self.input
        self.next(self.elements_join)

    @step
    def elements_join(self, inputs):
        self.es = [i.e for i in inputs]
        self.next(self.to_single)

    @step
    def to_single(self):
        self.single = ["alone"]
        self.next(self.alone, foreach="single")

    @step
    def alone(self):
        self.me = (self.input, self.index)
        self.next(self.alone_join)

    @step
    def alone_join(self, inputs):
        self.us = [i.me for i in inputs]
        self.next(self.end)

    @step
    def end(self):
        self.no_index = self.index
        self.no_input = self.input
        self.stack_at_end = self.foreach_stack()


if __name__ == "__main__":
    ForeachFlow()
