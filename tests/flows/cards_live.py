"""A step that refreshes its cards slowly enough for `run` to show each state, and keeps what it stored."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from metaflow import FlowSpec, Parameter, card, current, step
from metaflow.cards import Artifact, Markdown, ProgressBar, Table, VegaChart

CHART = {"mark": "line", "data": {"values": [{"x": 1, "y": 2}]}, "encoding": {}}


def keep(suffix, how_many, seconds=40):
    """Wait for so many pages or updates of the running task, and keep them by the type of card."""
    if "spin_magic" in sys.modules:  # a spin, which stores nothing
        time.sleep(0.3)
        return
    folder = Path(".metaflow") / "mf.cards" / current.flow_name / "runs" / current.run_id
    until = time.monotonic() + seconds
    while len(found := list(folder.rglob(f"*{suffix}"))) < how_many and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(1)  # Metaflow drops a refresh while the process of the one before is still there
    texts = {file.name.split("-")[0]: file.read_text() for file in found}
    Path(f"{current.run_id}{suffix}.kept").write_text(json.dumps(texts))


class CardsLiveFlow(FlowSpec):
    alpha = Parameter("alpha", default=0.5)
    FIXED = "for the whole flow"

    @card(type="default", refresh_interval=0)
    @card(type="blank", id="small", refresh_interval=0, options={"title": "Small"})
    @step
    def start(self):
        bar = ProgressBar(max=10, label="rounds")
        text = Markdown("# begun")
        current.card.extend([text, bar, Table([[1, Artifact(2)]], headers=["a", "b"]), VegaChart(CHART)])
        current.card["small"].append(Markdown("small"), id="note")
        print("begun")
        current.card.refresh()
        current.card["small"].refresh({"mine": [1, 2]})
        keep(".html", 2)
        bar.update(5)
        text.update("# half")
        current.card["small"].components["note"].update("smaller")
        current.card.refresh()
        current.card["small"].refresh({"mine": [3]})
        keep(".data.json", 2)
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    CardsLiveFlow()
