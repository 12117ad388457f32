"""Inputs that are large enough to be mapped, which the last step changes in every way it can."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from metaflow import FlowSpec, step
from sklearn.preprocessing import StandardScaler

ROWS = 20_000


class Box:
    def __init__(self, content):
        self.content = content


class LargeFlow(FlowSpec):
    @step
    def start(self):
        numbers = np.arange(ROWS, dtype=float)
        self.array = numbers
        self.frame = pd.DataFrame({"x": numbers, "t": ["a"] * ROWS, "when": pd.Timestamp("2024-02-29")})
        self.polars = pl.DataFrame({"x": numbers, "t": ["a text of more than twelve bytes"] * ROWS})
        self.table = pa.table({"x": numbers})
        self.model = StandardScaler().fit(numbers.reshape(-1, 1000))
        self.nested = {"list": [numbers, [1]], "box": Box(numbers.reshape(2, -1))}
        self.plain = [str(i) for i in range(ROWS)]
        self.next(self.end)

    @step
    def end(self):
        self.array[::7] = -1
        memoryview(self.array)[5] = 0.5
        np.frombuffer(self.array, dtype=np.uint8)[800:900] = 0
        self.frame.loc[3, "x"] = -1
        self.frame["new"] = 1
        self.frame.pop("t")
        self.polars[0, "x"] = -1
        self.model.mean_[:] = 0
        self.nested["list"][0].sort()
        self.nested["list"][1].append(2)
        self.nested["box"].content *= 2
        self.nested["box"].more = 1
        self.plain.append("more")
        self.sums = [
            float(self.array.sum()),
            float(self.frame["x"].sum()),
            self.polars["x"].sum(),
            float(self.table["x"].to_numpy().sum()),
            float(self.nested["box"].content.sum()),
            len(self.plain),
        ]


if __name__ == "__main__":
    LargeFlow()
