"""Linear steps, branches, a branch inside a branch, static joins and merge_artifacts."""

from __future__ import annotations

from metaflow import FlowSpec, Parameter, step


class BranchesFlow(FlowSpec):
    base = Parameter("base", default=100)

    @step
    def start(self):
        self.shared = {"a": 1}
        self.log = ["start"]
        self.untouched = (1, 2, 3)
        self.next(self.prepare)

    @step
    def prepare(self):
        self.log.append("prepare")
        self.shared["b"] = 2
        self.next(self.left, self.right)

    @step
    def left(self):
        self.conflict = "left"
        self.only_left = [self.base, 1]
        self.log = [*self.log, "left"]
        self.unwanted = "left"
        self.same_both = "same"
        self.next(self.left_a, self.left_b)

    @step
    def left_a(self):
        self.a = self.shared["a"]
        self.next(self.left_join)

    @step
    def left_b(self):
        self.b = self.shared["b"]
        self.next(self.left_join)

    @step
    def left_join(self, inputs):
        self.ab = [inputs.left_a.a, inputs.left_b.b]
        self.missing_here = hasattr(self, "only_left")
        self.merge_artifacts(inputs)
        self.after = [self.a, self.b, self.only_left, self.conflict]
        self.next(self.join)

    @step
    def right(self):
        self.conflict = "right"
        self.only_right = {"r": self.base}
        self.unwanted = "right"
        self.same_both = "same"
        self.next(self.join)

    @step
    def join(self, inputs):
        self.conflict = "+".join([inputs.left_join.conflict, inputs.right.conflict])
        self.log = inputs.left_join.log
        self.names = sorted(i._current_step for i in inputs)
        self.merge_artifacts(inputs, exclude=["unwanted", "after"])
        self.read_after = [self.only_left, self.only_right, self.shared, self.untouched, self.same_both]
        self.has_unwanted = hasattr(self, "unwanted")
        self.next(self.split_again)

    @step
    def split_again(self):
        self.shared["c"] = 3
        self.next(self.one, self.two)

    @step
    def one(self):
        self.number = 1
        self.extra = "one"
        self.next(self.second_join)

    @step
    def two(self):
        self.number = 2
        self.next(self.second_join)

    @step
    def second_join(self, inputs):
        """Merge by name, and no more."""
        self.number = sum(i.number for i in inputs)
        self.merge_artifacts(inputs, include=["extra", "shared"])
        self.shared_keys = list(self.shared)
        self.gone = [hasattr(self, name) for name in ("log", "conflict", "extra", "base")]
        self.next(self.end)

    @step
    def end(self):
        self.extra += "!"


if __name__ == "__main__":
    BranchesFlow()
