"""Every component of `metaflow.cards`, and the ways to add, name, change and remove components."""

from __future__ import annotations

import sys
from datetime import datetime

import metaflow.cards
from metaflow import FlowSpec, Parameter, card, current, step
from metaflow.cards import Artifact, Error, Image, Markdown, ProgressBar, Table, VegaChart

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8ffff3f00"
    "05fe02fea7350a7c0000000049454e44ae426082",
)
CHART = {"mark": "line", "data": {"values": [{"x": 1, "y": 2}]}, "encoding": {}}


def newer():
    """Make those components that the oldest supported Metaflow does not have."""
    makers = {
        "ValueBox": lambda new: new("Accuracy", 0.93, subtitle="of all", theme="success", change_indicator="+1"),
        "PythonCode": lambda new: new(code_string="print(1)"),
        "EventsTimeline": timeline,
        "JSONViewer": lambda new: new({"a": [1, {"b": None}]}, collapsible=True, title="JSON"),
        "YAMLViewer": lambda new: new({"a": [1, 2]}, title="YAML"),
    }
    for name, make in makers.items():
        found = getattr(metaflow.cards, name, None)
        if found is not None:
            yield make(found)


def timeline(new):
    events = new(title="Events", max_events=5)
    events.update({"action": "began", "at": datetime(2024, 1, 2).isoformat()})
    events.update({"action": "ended"}, style_theme="success", priority="high")
    return events


def figure():
    from matplotlib.figure import Figure

    fig = Figure(figsize=(1, 1))
    fig.subplots().plot([1, 2])
    return fig


class CardsAllFlow(FlowSpec):
    alpha = Parameter("alpha", default=0.5)
    LIMIT = 3

    @card(type="default")
    @step
    def start(self):
        # Imported late: each card of a run loads this file in a process of its own.
        import numpy as np
        import pandas as pd

        self.frame = pd.DataFrame({"x": [1, 2], "y": ["a", "b"]})
        self.array = np.arange(3)
        self.png = PNG
        self.nested = {"a": [1, (2, 3)], "b": {"c": None}}
        self.error = ValueError("kept")
        self.items = [1, 2]
        print("to stdout")
        print("to stderr", file=sys.stderr)
        self.next(self.components)

    @card(type="blank")
    @step
    def components(self):
        import pandas as pd
        from PIL import Image as Pillow

        add = current.card.append
        add(Markdown("# heading"))
        add(Markdown("text *with* <b>tags</b> & more"), id="text")
        add(Table([[1, "two", None], [Artifact({"three": 3}), Markdown("*four*"), 5.5]], headers=["a", "b", "c"]))
        add(Table([[1], [2]], headers=["only"], disable_updates=True))
        add(Table.from_dataframe(pd.DataFrame({"x": range(30), "y": [1.5] * 30}), truncate=True))
        add(Table.from_dataframe(pd.DataFrame({"x": range(3)}), truncate=False))
        add(Image(PNG, label="bytes"))
        add(Image.from_matplotlib(figure(), label="figure"))
        add(Image.from_pil_image(Pillow.new("RGB", (2, 2), "red"), label="pillow"))
        add(Artifact([1, 2, 3], name="artifact"))
        add(Artifact("x" * 500, compressed=False))
        add(VegaChart(CHART, show_controls=True))
        add(ProgressBar(max=4, label="bar", value=2, unit="rounds", metadata="so far"))
        add(Error("Something", "went wrong"))
        for component in newer():
            add(component)
        self.next(self.changes)

    @card(type="blank", id="named")
    @card(type="blank", id="replaced", options={"title": "Replaced"})
    @card(type="blank", id="cleared")
    @card(type="default", customize=True)
    @step
    def changes(self):
        named = current.card["named"]
        named.append(Markdown("old"), id="note")
        named.append(ProgressBar(max=3), id="bar")
        named.append(Table([[1]], headers=["n"]), id="table")
        named.append(VegaChart(CHART), id="chart")
        named.append(Markdown("gone"), id="gone")
        named.components["note"].update("new")
        named.components["bar"].update(2)
        named.components["table"].update([[1], [2]])
        named.components["chart"].update({**CHART, "mark": "bar"})
        named.components["later"].update("before it is there")
        named.append(Markdown("later"), id="later")
        del named.components["gone"]
        self.known = sorted(named.components.keys())
        current.card["replaced"].append(Markdown("first"))
        current.card["replaced"] = [Markdown("instead"), Markdown("and more")]
        current.card["cleared"].append(Markdown("cleared"))
        current.card["cleared"].clear()
        current.card.append(Markdown("on the customized one"))
        current.card.components["mine"] = Markdown("by its name")
        self.next(self.fan)

    @step
    def fan(self):
        self.letters = ["a", "b", "c"]
        self.next(self.each, foreach="letters")

    @card
    @card(type="blank", id="each")
    @step
    def each(self):
        self.upper = self.input.upper()
        current.card["each"].append(Markdown(self.upper))
        self.next(self.join)

    @card
    @step
    def join(self, inputs):
        self.uppers = [i.upper for i in inputs]
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    CardsAllFlow()
