"""The ledger of the suite, and a kernel that the tests of a module share: they feel what one breaks."""

from __future__ import annotations

import inspect
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.ledger import Ledger, Row
from tests.faults.sized import FLOW
from tests.kernel.harness import LOAD, Kernel, fresh_kernel, run_flow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LEDGER = pytest.StashKey[Ledger]()
OUTCOME = pytest.StashKey[bool]()
SMALL_FLOW = Path(__file__).parents[1] / "kernel" / "smallflow.py"


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEDGER] = Ledger()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    report = yield
    if report.when == "call":
        item.stash[OUTCOME] = report.passed
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    ledger = config.stash[LEDGER]
    if ledger.areas:
        terminalreporter.section("faults: tried, survived, seen")
        terminalreporter.write_line("\n".join(ledger.lines()))
        if config.getoption("--keep-figures"):
            ledger.keep()


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> Iterator[Callable[..., None]]:
    """A function that says what a test tries; the test survives it by passing.

    The area is the first line of the test module's docstring. With `survived=` a row says less than all, for
    what is known to end a kernel.
    """
    said: list[tuple[str, int, int | None, str]] = []

    def fault(what: str, seen: str, *, tried: int = 1, survived: int | None = None) -> None:
        said.append((what, tried, survived, seen))

    yield fault
    area = (inspect.getdoc(request.module) or request.module.__name__).splitlines()[0].rstrip(".")
    passed = request.node.stash.get(OUTCOME, False)
    for what, tried, survived, seen in said:
        lived = (tried if survived is None else survived) if passed else 0
        request.config.stash[LEDGER].add(area, Row(what, tried, lived, seen))


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    """Tell whether all is tried, which takes hours, not the part that each change is tested with."""
    return request.config.getoption("--full")


@pytest.fixture(scope="session", autouse=True)
def metaflow_user() -> None:
    """Metaflow refuses to run flows for root without a name."""
    os.environ.setdefault("METAFLOW_USER", "spinner")


@pytest.fixture(scope="session")
def ran(metaflow_user: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which SmallFlow has been run once. Tests that write there use `project`."""
    folder = tmp_path_factory.mktemp("ran")
    shutil.copy(SMALL_FLOW, folder)
    run_flow(Path("smallflow.py"), folder)
    return folder


@pytest.fixture(scope="module")
def project(ran: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of it, for the tests of a module to write in."""
    return shutil.copytree(ran, tmp_path_factory.mktemp("project") / "project")


@pytest.fixture(scope="module")
def kernel(project: Path) -> Iterator[Kernel]:
    """A kernel in the project, with the magics loaded."""
    with fresh_kernel(project) as running:
        loaded = running.run(LOAD)
        assert not loaded.failed, loaded.text
        yield running


@pytest.fixture(scope="module")
def sized(project: Path) -> Path:
    """The project, with a run of SizedFlow."""
    (project / "sizedflow.py").write_text(FLOW)
    run_flow(Path("sizedflow.py"), project)
    return project


# Takes the right of root to read and write what its owner has closed, for good; does nothing for others.
_WITHOUT_RIGHTS = """#!{python}
import ctypes, os, sys
if os.geteuid() == 0:
    for right in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        assert ctypes.CDLL(None).prctl(24, right, 0, 0, 0) == 0
os.execv({python!r}, [{python!r}, *sys.argv[1:]])
"""


@pytest.fixture(scope="module")
def kernel_without_rights(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel in the project to which permissions apply, also where root runs the tests."""
    python = tmp_path_factory.mktemp("python") / "python"
    python.write_text(_WITHOUT_RIGHTS.format(python=sys.executable))
    python.chmod(0o755)
    with fresh_kernel(project, python=str(python)) as running:
        loaded = running.run(LOAD)
        assert not loaded.failed, loaded.text
        yield running
