"""Artifacts of names that only `setattr` makes, and of names that mean something already."""

from __future__ import annotations

from metaflow import FlowSpec, step

MEANT = (
    "items keys get values pop self inputs x print list In Out exit quit display get_ipython spin name task"
)
INSIDE = "metadata objects info lock load describe start class import None True _x __x _ __ _spin _1 _i _oh"
OF_ALL_SCRIPTS = "é ﬁ fi 数据 שלום \u202eabc".split()  # noqa: SIM905 -- as the others
NO_NAMES = "a.b a..b .. a-b <b>x<b> `x` | %spin !ls ? a,b a=b 1x 1 -x --x ' \" \\ {x} {{x}} %s %d $x \x1b[31m"
NAMES = [
    *MEANT.split(),
    *INSIDE.split(),
    *OF_ALL_SCRIPTS,
    *NO_NAMES.split(" "),
    "a b",
    "\n",
    "a\nb",
    "n" * 200,
]


class NamesFlow(FlowSpec):
    @step
    def start(self):
        for number, name in enumerate(NAMES):
            setattr(self, name, number)
        self.next(self.work)

    @step
    def work(self):
        for number, name in enumerate(NAMES):
            setattr(self, name, number + 1)
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    NamesFlow()
