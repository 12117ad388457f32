"""Card types of packages that others have published."""

from __future__ import annotations

from metaflow import FlowSpec, card, current, step

POINTS = {
    "title": "points",
    "points": [[0, 0, 1], [1, 2, 3]],
    "classes": [0, 1],
    "labels": ["a", "b"],
    "colors": ["#ff0000", "#00ff00"],
}


class CardsPublishedFlow(FlowSpec):
    @card(type="html", id="whole")
    @card(type="html", id="other", options={"attribute": "page"})
    @card(type="html", id="missing", options={"attribute": "nowhere"})
    @card(type="scatter3d", id="scatter", refresh_interval=0)
    @card(type="scatter3d", id="empty")
    @card(type="uplot", id="series")
    @card(type="uplot", id="none", options={"artifact": "nowhere"})
    @card(type="helloworld", id="old")
    @step
    def start(self):
        import pandas as pd

        self.html = "<html><body><h1>é</h1></body></html>"
        self.page = "<p>page</p>"
        self.timeseries = pd.DataFrame({"a": [1.5, 2.5]}, index=pd.date_range("2024-01-01", periods=2))
        current.card["scatter"].refresh(POINTS)
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    CardsPublishedFlow()
