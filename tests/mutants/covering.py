"""A plugin of pytest that notes which tests run which lines of some modules, and how long each takes.

``pytest -p tests.mutants.covering --lines FILE`` adds that to a file of JSON. Tests that fail are left out.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import coverage
import pytest

from tests.mutants.rooms import ROOT, modules

_MEASURED = pytest.StashKey[coverage.Coverage]()
_SECONDS = pytest.StashKey[dict[str, float]]()
_DUE = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("mutants").addoption("--lines", help="add which tests run which lines")


def pytest_configure(config: pytest.Config) -> None:
    measured = coverage.Coverage(
        data_file=None,
        include=[str(ROOT / module) for module in modules()],
        concurrency=["greenlet"],  # with threads too, it hangs
        config_file=False,
    )
    config.stash[_MEASURED] = measured
    config.stash[_SECONDS] = {}
    config.stash[_DUE] = time.monotonic() + 30
    measured.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item):
    item.config.stash[_MEASURED].switch_context(item.nodeid)
    result = yield
    if time.monotonic() > item.config.stash[_DUE]:
        _write(item.config)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    report = yield
    seconds = item.config.stash[_SECONDS]
    if report.passed:
        seconds[item.nodeid] = seconds.get(item.nodeid, 0.0) + report.duration
    else:
        seconds[item.nodeid] = float("inf")
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    session.config.stash[_MEASURED].stop()
    _write(session.config)


def _write(config: pytest.Config) -> None:
    """Write what is known so far: somebody may lose patience."""
    file = Path(config.getoption("--lines"))
    known = json.loads(file.read_text()) if file.exists() else {"seconds": {}, "lines": {}}
    good = {name: took for name, took in config.stash[_SECONDS].items() if took != float("inf")}
    known["seconds"].update(good)
    data = config.stash[_MEASURED].get_data()
    for measured in data.measured_files():
        lines = known["lines"].setdefault(str(Path(measured).relative_to(ROOT)), {})
        for line, names in data.contexts_by_lineno(measured).items():
            lines[str(line)] = sorted(set(lines.get(str(line), ())) | (good.keys() & set(names)))
    file.write_text(json.dumps(known))
    config.stash[_DUE] = time.monotonic() + 30
