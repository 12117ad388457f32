"""The base of a flow, in a file of its own."""

from __future__ import annotations

from metaflow import FlowSpec, Parameter, step


class Mixin:
    def shout(self, text):
        return text.upper() + "!"


class BaseFlow(FlowSpec):
    scale = Parameter("scale", default=2)
    UNIT = "m"

    def scaled(self, values):
        return [v * self.scale for v in values]

    @property
    def described(self):
        return f"{self.scale}{self.UNIT}"

    @staticmethod
    def plus_one(value):
        return value + 1

    @classmethod
    def kind(cls):
        return cls.__name__

    @step
    def start(self):
        self.values = [1, 2, 3]
        self.__secret = "base"
        self.secret_seen = self.__secret
        self.kind_seen = self.kind()
        self.next(self.report)

    @step
    def report(self):
        self.scaled_values = self.scaled(self.values)
        self.base_was_here = True
