"""Parameters of every type, included files and class constants."""

from __future__ import annotations

from metaflow import FlowSpec, IncludeFile, JSONType, Parameter, step


def computed(context):
    """Default that is found at deploy time."""
    return f"made-for-{context.flow_name}"


def file_by_name(context):
    return "data/words.txt"


class ParamsFlow(FlowSpec):
    text = Parameter("text", default="plain")
    passed = Parameter("passed", type=str, default="no")
    count = Parameter("count", default=3)
    rate = Parameter("rate", type=float, default=0.25)
    flag = Parameter("flag", type=bool, default=True)
    off = Parameter("off", default=False)
    nothing = Parameter("nothing", type=str)
    needed = Parameter("needed", type=int, required=True)
    tree = Parameter("tree", type=JSONType, default='{"a": [1, 2.5, null], "b": {"c": true}}')
    listed = Parameter("listed", type=JSONType)
    parts = Parameter("parts", default="x;y;z", separator=";")
    pieces = Parameter("pieces", default="1,2", separator=",")
    deployed = Parameter("deployed", default=computed, type=str)
    dashed_name = Parameter("dashed-name", default=7)
    words = IncludeFile("words", default="data/words.txt")
    latin = IncludeFile("latin", default="data/latin.txt", encoding="latin-1")
    blob = IncludeFile("blob", is_text=False, default="data/blob.bin")
    late = IncludeFile("late", default=file_by_name)
    no_file = IncludeFile("no_file")

    LIMIT = 10
    TABLE = {"k": [1, 2, 3]}
    _private_constant = "hidden"

    @step
    def start(self):
        self.doubled = self.count * 2
        self.seen = [self.text, self.passed, self.rate, self.flag, self.off, self.nothing, self.needed]
        self.types = [type(v).__name__ for v in self.seen]
        self.tree_copy = self.tree
        self.from_list = [v * 2 for v in self.listed]
        self.next(self.middle)

    @step
    def middle(self):
        self.parts_seen = (list(self.parts), list(self.pieces))
        self.file_seen = [self.words.splitlines(), self.latin, len(self.blob), self.no_file, self.late[:3]]
        self.first_byte = self.blob[:1]
        self.constant = self.LIMIT + len(self.TABLE["k"])
        self.hidden_length = len(self._private_constant)
        self.deployed_seen = self.deployed
        try:
            self.count = 99
        except AttributeError as refused:
            self.refusal = str(refused)
        self.next(self.end)

    @step
    def end(self):
        self.total = self.dashed_name + self.doubled + self.constant


if __name__ == "__main__":
    ParamsFlow()
