"""A classifier of wines, learning slowly, and a report on it: two steps that are all about their cards."""

import time

import numpy as np
from metaflow import FlowSpec, Parameter, card, current, step
from metaflow.cards import Markdown, ProgressBar, Table, VegaChart
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler


def chart_of(losses):
    """The loss so far, as a chart for Vega-Lite."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 480,
        "height": 160,
        "data": {"values": [{"epoch": epoch, "loss": loss} for epoch, loss in enumerate(losses)]},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "epoch", "type": "quantitative"},
            "y": {"field": "loss", "type": "quantitative", "scale": {"zero": False}},
        },
    }


class ReportFlow(FlowSpec):
    epochs = Parameter("epochs", default=6, help="How many times to go through the wines")
    rate = Parameter("rate", default=0.1, help="How far to go in each of them")

    @step
    def start(self):
        wines = load_wine()
        self.features = StandardScaler().fit_transform(wines.data)
        self.kinds = [str(name) for name in wines.target_names]
        self.target = wines.target
        self.next(self.train)

    @card(refresh_interval=1)
    @step
    def train(self):
        progress = ProgressBar(max=self.epochs, label="epochs")
        chart = VegaChart(chart_of([]))
        current.card.extend([Markdown("## Learning"), progress, chart])

        wanted = np.eye(len(self.kinds))[self.target]
        self.weights = np.zeros((self.features.shape[1], len(self.kinds)))
        self.losses = []
        for epoch in range(self.epochs):
            scores = np.exp(self.features @ self.weights)
            likely = scores / scores.sum(axis=1, keepdims=True)
            self.losses.append(float(-np.log(likely[wanted == 1]).mean()))
            self.weights -= self.rate * self.features.T @ (likely - wanted) / len(wanted)

            progress.update(epoch + 1)
            chart.update(chart_of(self.losses))
            current.card.refresh()
            time.sleep(0.1)
        self.next(self.report)

    @card(type="blank", id="report")
    @step
    def report(self):
        found = (self.features @ self.weights).argmax(axis=1)
        self.accuracy = float((found == self.target).mean())
        rows = []
        for number, kind in enumerate(self.kinds):
            of_kind = self.target == number
            rows.append([kind, int(of_kind.sum()), int((of_kind & (found == number)).sum())])

        current.card["report"].append(Markdown(f"# {self.accuracy:.1%} of the wines are told apart"))
        current.card["report"].append(Table(rows, headers=["kind", "wines", "found"]))
        self.next(self.end)

    @step
    def end(self):
        print(f"accuracy {self.accuracy:.3f}")


if __name__ == "__main__":
    ReportFlow()
