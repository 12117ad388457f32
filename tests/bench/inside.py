"""What is timed inside a process of its own: `python inside.py FUNCTION ARGUMENTS` prints what it returns.

It is a script so that such a process holds nothing of the benchmark.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import io
import json
import sys
import time
from types import SimpleNamespace

clock = time.perf_counter


class Bare:
    """As much of `self` as a plain call of a step's body needs: its attributes."""

    def __init__(self, values):
        self.__dict__ |= values

    def next(self, *_, **__):
        """Go nowhere."""

    def merge_artifacts(self, inputs, include=()):
        """Take over what all the branches have."""
        for name in include:
            setattr(self, name, getattr(inputs[0], name))


def calls(*, file, flow, step, reads, times, body):
    """Time whole spins, each with another text, and between them the plain calls of the same body."""
    from spin_magic import spin, spin_inputs

    sys.path.insert(0, ".")
    module = importlib.import_module(file.removesuffix(".py"))
    module.current = SimpleNamespace(card=[])
    steps = {name: each for name, each in vars(getattr(module, flow)).items() if hasattr(each, "is_step")}
    given = spin_inputs(file, step)
    branches = None
    if given.inputs is not None:
        branches = [{name: getattr(each, name) for name in reads} for each in given.inputs]
    values = {} if branches else {name: getattr(given.self, name) for name in reads}
    spins, floors = [], []
    for i in range(-5, times):  # the first five are not counted
        fresh = Bare(steps | copy.deepcopy(values))
        joined = [[Bare(each) for each in copy.deepcopy(branches)]] if branches else []
        with contextlib.redirect_stdout(io.StringIO()):
            begun = clock()
            steps[step](fresh, *joined)
            floor = clock() - begun
            begun = clock()
            result = spin(file, step, body=f"{body}\n# edit {i}\n")
            whole = clock() - begun
        assert result.ok
        if i >= 0:
            spins.append(whole)
            floors.append(floor)
    return {"spins": spins, "floors": floors}


def runner(file, step, times):
    """Time `Runner.spin` in a warm process."""
    from metaflow import Runner

    seconds = []
    for _ in range(times + 1):
        begun = clock()
        with Runner(file, show_output=False) as started:
            task = started.spin(step)
        seconds.append(clock() - begun)
        assert task.status == "successful"
    return seconds[1:]


def client(task, names):
    """Load artifacts through Metaflow's Client, then read all of them."""
    import pandas  # noqa: F401, ICN001 - the import is not what is timed
    from metaflow import Task, namespace

    namespace(None)
    begun = clock()
    found = Task(task)
    ready = clock()
    frames = [found[name].data for name in names]
    loaded = clock()
    total = sum(float(frame.to_numpy().sum()) for frame in frames)
    return {"load": loaded - ready, "whole": loaded - begun, "read": clock() - loaded, "total": total}


def cold(file, step, names):
    """Load the same in a spin with nothing in the cache: what the body waits, and the whole of the call."""
    import pandas  # noqa: F401, ICN001 - as above

    from spin_magic import spin

    sys.path.insert(0, ".")
    body = f"""
import time
begun = time.perf_counter()
frames = [{", ".join(f"self.{name}" for name in names)}]
self.load = time.perf_counter() - begun
begun = time.perf_counter()
self.total = sum(float(frame.to_numpy().sum()) for frame in frames)
self.read = time.perf_counter() - begun
"""
    spin("tinyflow.py", "end")
    begun = clock()
    result = spin(file, step, body=body)
    whole = clock() - begun - result["read"]
    return {"load": result["load"], "whole": whole, "read": result["read"], "total": result["total"]}


def looks(file, step, times):
    """Time spins that have the latest run to find: the first in the process, and those after it."""
    from spin_magic import spin

    spin("tinyflow.py", "end")
    seconds = []
    for _ in range(times + 2):
        begun = clock()
        spin(file, step)
        seconds.append(clock() - begun)
    return {"first": seconds[0], "again": seconds[2:]}


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](**json.loads(sys.argv[2]))))
