"""Artifacts whose classes live in the flow file, where a run pickles them as ``__main__.X``."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field
from enum import Enum, IntFlag
from typing import NamedTuple

from metaflow import FlowSpec, step

Point = namedtuple("Point", "x y")


class Colour(Enum):
    RED = 1
    GREEN = "green"


class Mode(IntFlag):
    READ = 1
    WRITE = 2


class Named(NamedTuple):
    word: str
    number: int = 0


@dataclass
class Settings:
    name: str
    sizes: list[int] = field(default_factory=list)
    colour: Colour = Colour.RED


@dataclass(frozen=True)
class Frozen:
    key: int


class Plain:
    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return isinstance(other, Plain) and other.value == self.value

    __hash__ = None

    class Inner:
        def __init__(self):
            self.depth = 2


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a, b):
        self.a = a
        self.b = b


class Stateful:
    def __init__(self):
        self.kept = 1
        self.dropped = object()

    def __getstate__(self):
        return {"kept": self.kept}

    def __setstate__(self, state):
        self.kept = state["kept"] + 100


class Words(list):
    def joined(self):
        return "".join(self)


class OwnError(Exception):
    def __init__(self, code):
        super().__init__(f"code {code}")
        self.code = code

    def __reduce__(self):
        return OwnError, (self.code,)


def double(x):
    return 2 * x


class ClassesFlow(FlowSpec):
    @step
    def start(self):
        self.point = Point(1, 2)
        self.named = Named("w")
        self.colour = Colour.GREEN
        self.mode = Mode.READ | Mode.WRITE
        self.settings = Settings("s", [1, 2], Colour.GREEN)
        self.frozen = {Frozen(1): "one"}
        self.plain = Plain([1, Plain(None)])
        self.inner = Plain.Inner()
        self.slotted = Slotted(1, b"b")
        self.words = Words("abc")
        self.error = OwnError(7)
        self.function = double
        self.a_class = Plain
        self.callables = [double, Plain]
        self.ordered = OrderedDict(b=1, a=2)
        self.next(self.check)

    @step
    def check(self):
        self.same = [
            isinstance(self.plain, Plain),
            isinstance(self.plain.value[1], Plain),
            self.colour is Colour.GREEN,
            type(self.point) is Point,
            self.callables[1] is Plain,
            self.callables[0] is double,
            Frozen(1) in self.frozen,
            isinstance(self.error, OwnError),
            self.mode == Mode.READ | Mode.WRITE,
        ]
        self.settings.sizes.append(self.callables[0](21))
        self.words.append("d")
        self.word = self.words.joined()
        self.shifted = self.point._replace(x=self.slotted.a + 9)
        self.options = [Settings("one"), Settings("two", [2])]
        self.next(self.each, foreach="options")

    @step
    def each(self):
        self.mine = self.input
        self.mine.sizes.append(self.index)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.all_settings = [i.mine for i in inputs]
        self.all_isinstance = all(isinstance(s, Settings) for s in self.all_settings)
        self.next(self.end)

    @step
    def end(self):
        try:
            raise OwnError(len(self.all_settings))
        except OwnError as error:
            self.caught = error


if __name__ == "__main__":
    ClassesFlow()
