"""A folder with a flow that has been run, and a kernel in it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kernel.harness import LOAD, Kernel, fresh_kernel, run_flow
from tests.kernel.installed import Installed, build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent


@pytest.fixture(scope="session", autouse=True)
def metaflow_user() -> None:
    """Metaflow refuses to run flows for root without a name."""
    os.environ.setdefault("METAFLOW_USER", "spinner")


@pytest.fixture(scope="session")
def ran(metaflow_user: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which SmallFlow has been run once. Tests that write there use `project`."""
    folder = tmp_path_factory.mktemp("ran")
    shutil.copy(HERE / "smallflow.py", folder)
    run_flow(Path("smallflow.py"), folder)
    return folder


@pytest.fixture
def project(ran: Path, tmp_path: Path) -> Path:
    """A copy of it, to write in."""
    return shutil.copytree(ran, tmp_path / "project")


@pytest.fixture
def kernel(project: Path) -> Iterator[Kernel]:
    """A kernel in the project, with the magics loaded."""
    with fresh_kernel(project) as running:
        loaded = running.run(LOAD)
        assert not loaded.failed, loaded.text
        yield running


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, as it would be published."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """A new environment in which the wheel is installed, and nothing else was done."""
    made = Installed(tmp_path_factory.mktemp("installed"))
    made.pip("install", str(wheel))
    return made
