"""Cards that cannot be rendered, and cards that are declared the wrong way."""

from __future__ import annotations

import sys

from metaflow import FlowSpec, Parameter, card, current, step
from metaflow.cards import Markdown, MetaflowCardComponent


class Component(MetaflowCardComponent):
    def __init__(self, made):
        self.made = made

    def render(self):
        if isinstance(self.made, Exception):
            raise self.made
        return self.made


class CardsOddFlow(FlowSpec):
    alpha = Parameter("alpha", default=0.5)

    @card(type="odd_raising")
    @card(type="odd_exiting")
    @card(type="odd_ending")
    @card(type="odd_nothing")
    @card(type="odd_number")
    @card(type="odd_unfinished")
    @card(type="odd_hanging", timeout=1)
    @card(type="odd_refusing")
    @card(type="odd_broken")
    @card(type="no_such_type")
    @card(type="odd_raising", id="unsaved", save_errors=False)
    @step
    def start(self):
        self.next(self.declared)

    @card(type="blank", id="twice")
    @card(type="blank", id="twice")
    @card(type="blank", id="no identifier")
    @card(type="default", id="text", options="only text")
    @card(type="blank", id="nothing", options={})
    @card(type="blank", id="extra", options={"title": "Extra", "more": [1, (2, 3)]})
    @step
    def declared(self):
        current.card.append(Markdown("where?"))
        current.card["nowhere"].append(Markdown("lost"))
        current.card["nowhere"] = [Markdown("lost")]
        current.card["twice"].append(Markdown("which?"))
        current.card["extra"] = "not a list"
        current.card["extra"] = [Markdown("instead")]
        self.next(self.components)

    @card(type="blank", id="bad")
    @card(type="odd_telling", id="telling", options={"k": [1, {"deep": None}]})
    @step
    def components(self):
        for made in (ValueError("no"), {"not": object()}, None, 5, "text", {"type": "heading", "title": "fine"}):
            current.card["bad"].append(Component(made))
        current.card["bad"].append("not a component")
        current.card["bad"].append(Markdown("good"), id="good")
        current.card["telling"].append(Component({"told": 1}))
        current.card["telling"].refresh({"user": "data"})
        print("to stdout")
        print("to stderr", file=sys.stderr)
        self.plain = [1, 2]
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    CardsOddFlow()
