"""State outside of artifacts: seeded generators, iterators, instances, a cached function, a plain decorator."""

from __future__ import annotations

import functools
import itertools
import random
from dataclasses import dataclass

import numpy as np
from metaflow import FlowSpec, step

random.seed(7)
np.random.seed(1)
RNG = np.random.default_rng(0)
COUNT = itertools.count()


@dataclass
class State:
    n: int = 0


STATE = State()
LONG = list(range(20_000))


@functools.lru_cache
def square(x):
    return x * x


def plain(function):
    @functools.wraps(function)
    def around(self):
        self.before = 1
        function(self)
        self.after = 2

    return around


class StatefulFlow(FlowSpec):
    options = {"limit": [1]}

    @step
    def start(self):
        self.draws = [random.random(), float(np.random.rand()), float(RNG.normal())]
        STATE.n += 1
        LONG[0] += 1
        self.options["limit"].append(next(COUNT))
        self.seen = [STATE.n, LONG[0], list(self.options["limit"])]
        self.function = functools.partial(square, 3)
        self.main = __name__
        self.next(self.deco)

    @step
    @plain
    def deco(self):
        self.mid = "file"
        self.next(self.end)

    @step
    def end(self):
        self.nine = self.function()


if __name__ == "__main__":
    StatefulFlow()
