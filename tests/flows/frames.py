"""Arrays, frames and models, with random numbers from a seed."""

from __future__ import annotations

import datetime
import decimal
import math
import random

import numpy as np
import pandas as pd
from metaflow import FlowSpec, step
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


class FramesFlow(FlowSpec):
    @step
    def start(self):
        rng = np.random.default_rng(7)
        np.random.seed(3)
        random.seed(5)
        self.array = rng.normal(size=(50, 3))
        self.old_random = np.random.rand(4)
        self.python_random = [random.random(), random.randint(0, 9)]
        self.with_nan = np.array([1.0, math.nan, -0.0, math.inf])
        self.objects = np.array([{"a": 1}, None, [1]], dtype=object)
        self.fortran = np.asfortranarray(self.array[:4])
        self.structured = np.array([(1, 2.0)], dtype=[("i", "i4"), ("f", "f8")])
        self.scalar = np.float32(1.5)
        self.when = np.datetime64("2024-02-29")
        self.nan = math.nan
        self.frame = pd.DataFrame(
            {
                "x": self.array[:, 0],
                "y": (self.array[:, 1] > 0).astype(int),
                "word": pd.Categorical(["a", "b"] * 25),
                "text": ["t", None] * 25,
                "time": pd.date_range("2024-01-01", periods=50, tz="UTC"),
            },
            index=pd.Index(range(10, 60), name="row"),
        )
        self.series = pd.Series([1, None, 3], dtype="Int64", name="whole")
        self.many = self.frame.set_index(["word", "y"]).iloc[:5]
        self.dates = [datetime.date(2024, 1, 2), datetime.timedelta(hours=3), decimal.Decimal("1.10"), 1 + 2j]
        self.next(self.fit)

    @step
    def fit(self):
        self.model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, random_state=0))
        self.model.fit(self.frame[["x"]], self.frame["y"])
        self.score = float(self.model.score(self.frame[["x"]], self.frame["y"]))
        self.frame["p"] = self.model.predict_proba(self.frame[["x"]])[:, 1]
        self.array[0, 0] = 99.0
        self.next(self.predict)

    @step
    def predict(self):
        self.table = self.frame.groupby("word", observed=True)["p"].agg(["mean", "max"])
        self.predictions = self.model.predict(self.frame[["x"]])
        self.view = self.array[:, 0]
        self.groups = {name: part for name, part in self.frame.groupby("y")}
        self.next(self.end)

    @step
    def end(self):
        del self.frame["time"]
        self.last = self.frame.tail(2)


if __name__ == "__main__":
    FramesFlow()
