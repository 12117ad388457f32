"""A flow whose texts come from the file beside it: the same flow with harmless ones has the same form."""

from __future__ import annotations

import enum
import json
from pathlib import Path

from metaflow import FlowSpec, Parameter, card, step

TEXTS = json.loads((Path(__file__).parent / "texts.json").read_text())
ALL = list(TEXTS["all"].values())
# Texts that Metaflow itself can hand to a task.
GIVEN = TEXTS["given"]


class Says:
    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


class Page(Says):
    def _repr_html_(self):
        return f"<p>{self.text}"


def class_of(text):
    """A class whose name and module are somebody's text."""
    made = type("Made", (Says,), {})
    made.__name__ = made.__qualname__ = text.replace("\x00", "0").encode("utf-8", "replace").decode()
    made.__module__ = "somewhere"
    return made


def member_of(text):
    return enum.Enum("Kind", {"member": text, f"x{text}": 1})


class HostileFlow(FlowSpec):
    """PLACE"""

    alpha = Parameter("alpha", default=GIVEN[0], help=GIVEN[0])

    @step
    def start(self):
        self.items = GIVEN
        self.next(self.work, foreach="items")

    @card(type="blank", id="own")
    @step
    def work(self):
        self.texts = ALL
        self.keyed = {text: text for text in ALL}
        self.nested = [{"a": [text]} for text in ALL[:6]]
        for number, text in enumerate(ALL):
            setattr(self, f"v{number:02d}", text)
        for number, text in enumerate(TEXTS["names"]):
            setattr(self, f"{number:02d}{text}", number)
        self.changing = "\n".join(ALL[:8])
        self.said = self.input
        self.next(self.join)

    @step
    def join(self, inputs):
        self.parts = [each.said for each in inputs]
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    HostileFlow()
