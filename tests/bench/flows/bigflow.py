"""Inputs of one gigabyte, of four times a quarter, and of one megabyte: what a step waits for."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
from metaflow import FlowSpec, Parameter, step

COLUMNS = 16


def frame(rows, seed):
    """Measured values, rounded prices and counts, eight bytes each: some of it compresses, most does not."""
    random = np.random.default_rng(seed)
    columns = {}
    for i in range(COLUMNS):
        if i % 4 == 0:
            columns[f"count_{i}"] = random.integers(0, 1000, rows)
        elif i % 4 == 1:
            columns[f"price_{i}"] = random.normal(50, 10, rows).round(2)
        else:
            columns[f"value_{i}"] = random.standard_normal(rows)
    return pd.DataFrame(columns)


class BigFlow(FlowSpec):
    rows = Parameter("rows", default=8_000_000, help="Rows of the large frame; 128 bytes each")

    @step
    def start(self):
        self.df = frame(self.rows, seed=1)
        self.small = frame(max(8, self.rows // 1000), seed=2)
        self.a, self.b, self.c, self.d = (frame(self.rows // 4, seed=3 + i) for i in range(4))
        self.next(self.one)

    @step
    def one(self):
        begun = time.perf_counter()
        df = self.df
        self.bound = time.perf_counter() - begun
        self.mean = float(df["value_2"].head(1000).mean())
        self.next(self.tiny)

    @step
    def tiny(self):
        begun = time.perf_counter()
        df = self.small
        self.bound = time.perf_counter() - begun
        self.mean = float(df["value_2"].head(1000).mean())
        self.next(self.four)

    @step
    def four(self):
        begun = time.perf_counter()
        frames = [self.a, self.b, self.c, self.d]
        self.bound = time.perf_counter() - begun
        self.mean = float(np.mean([df["value_2"].head(1000).mean() for df in frames]))
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    BigFlow()
