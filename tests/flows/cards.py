"""Cards: default, blank, with ids, with options, with components, refreshed, and with their errors kept."""

from __future__ import annotations

from metaflow import FlowSpec, card, current, step
from metaflow.cards import Artifact, Image, Markdown, ProgressBar, Table, VegaChart


class CardsFlow(FlowSpec):
    @card
    @step
    def start(self):
        self.plain = {"shown": [1, 2, 3]}
        current.card.append(Markdown("# on a default card"))
        self.next(self.blank)

    @card(type="blank")
    @step
    def blank(self):
        current.card.append(Markdown("**blank**"))
        current.card.append(Table([[1, "two", Artifact({"three": 3})]], headers=["a", "b", "c"]))
        self.next(self.many)

    @card(type="blank", id="first")
    @card(type="blank", id="second", options={"title": "Second"})
    @card(type="default", customize=True)
    @step
    def many(self):
        current.card["first"].append(Markdown("only on the first"))
        current.card["second"].extend([Markdown("a"), Markdown("b")])
        current.card.append(Markdown("on the customized one"))
        self.ids = ["first", "second"]
        self.next(self.progress)

    @card(type="blank", refresh_interval=1)
    @step
    def progress(self):
        bar = ProgressBar(max=3, label="steps")
        current.card.append(bar)
        for done in range(4):
            bar.update(done)
            current.card.refresh()
        chart = {"mark": "bar", "data": {"values": [{"x": 1, "y": 2}]}, "encoding": {}}
        current.card.append(VegaChart(chart))
        current.card.append(Image(PNG))
        self.done = done
        self.next(self.broken)

    @card(type="blank", save_errors=True)
    @card(type="no_such_card_type", id="odd", save_errors=True)
    @step
    def broken(self):
        current.card["odd"].append(Markdown("lost"))
        self.survived = True
        self.next(self.end)

    @step
    def end(self):
        self.has_card = hasattr(current, "card")


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8ffff3f00"
    "05fe02fea7350a7c0000000049454e44ae426082",
)

if __name__ == "__main__":
    CardsFlow()
