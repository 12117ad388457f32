"""Inheritance: steps of a base class in another file, super(), mangled names, properties, mixins."""

from __future__ import annotations

from inherit_base import BaseFlow, Mixin
from metaflow import Parameter, step


class InheritFlow(Mixin, BaseFlow):
    offset = Parameter("offset", default=10)
    UNIT = "km"

    def scaled(self, values):
        return [v + self.offset for v in super().scaled(values)]

    @step
    def report(self):
        super().report()
        self.__secret = "derived"
        self.__hidden = {"kept": 1}
        self.described_seen = self.described
        self.shouted = self.shout(self.UNIT)
        self.bumped = self.plus_one(1)
        self.class_cell = __class__.__name__
        self.next(self.end)

    @step
    def end(self):
        self.both_secrets = [self.__secret, self._BaseFlow__secret, self.__hidden]
        self.mangled_names = sorted(name for name in ("_InheritFlow__secret",) if hasattr(self, name))
        self.twice = [super(InheritFlow, self).scaled([v]) for v in (1, 2)]


if __name__ == "__main__":
    InheritFlow()
