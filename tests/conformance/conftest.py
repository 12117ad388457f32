from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.cases import ONE_BY_NAME, Case
from tests.conformance.far import Far, far_run, pointed
from tests.conformance.runs import RealRun, Runner, environment, make_project


@pytest.fixture(scope="session")
def runner(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """Every run that the chosen tests need, started at once."""
    kept = request.config.getoption("--runs")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("conformance") / "project"
    runner = Runner(folder if folder.exists() else make_project(folder))
    for item in request.session.items:
        case = getattr(item, "callspec", None) and item.callspec.params.get("case")
        if isinstance(case, Case):
            runner.start(case)
    yield runner
    runner.close()


@pytest.fixture
def project(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the flows, as the working directory."""
    monkeypatch.chdir(runner.project)
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    # Metaflow reads the environment once, when it is imported.
    monkeypatch.setattr("metaflow.metaflow_config.USER", "tester")
    return runner.project


@pytest.fixture
def real_run(case: Case, runner: Runner, project: Path, monkeypatch: pytest.MonkeyPatch) -> RealRun:
    """The run of the test's case."""
    for name, value in case.env.items():
        monkeypatch.setenv(name, value)
    return runner.get(case)


@pytest.fixture
def run_of(runner: Runner, project: Path):
    """A function that gives the run of a case by its name."""
    return lambda name: runner.get(ONE_BY_NAME[name])


@pytest.fixture(scope="session")
def far_away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    """A real run in S3 and a metadata service, both on this machine."""
    with far_run(tmp_path_factory.mktemp("far")) as far:
        yield far


@pytest.fixture
def far(far_away: Far, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Far]:
    """That run, with this process pointed at it and nothing in the cache."""
    with pointed(far_away, monkeypatch, tmp_path / "cache"):
        yield far_away
