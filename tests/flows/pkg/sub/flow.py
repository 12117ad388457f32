"""A flow that imports its siblings relatively. ``run_pkg.py`` above the package runs it.

Neither ``python pkg/sub/flow.py`` nor ``python -m pkg.sub.flow`` can run it: Metaflow starts every
task as ``python <file> step ...``, where relative imports have no parent package.
"""

from __future__ import annotations

from metaflow import FlowSpec, step

from ..tools import Reading, read
from . import near


class Local:
    def __init__(self, value):
        self.value = value


class PkgFlow(FlowSpec):
    @step
    def start(self):
        self.readings = [read(name) for name in ("north", "south-west")]
        self.local = Local(3)
        self.next(self.end)

    @step
    def end(self):
        from .near import average

        self.mean = average(self.readings)
        self.same_function = average is near.average
        self.all_readings = all(isinstance(r, Reading) for r in self.readings)
        self.is_local = isinstance(self.local, Local)
