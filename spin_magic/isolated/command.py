"""The command line of an isolated step, and its environment variables."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spin_magic.errors import IsolatedError, OptionError, nearest
from spin_magic.isolated.place import Place
from spin_magic.paths import path_of

LAUNCHER = Path(__file__).with_name("launcher.py")
ENVIRONMENTS = ("local", "pypi", "conda", "uv")


@dataclass(frozen=True)
class Asked:
    """What to ask of ``spin``.

    Attributes
    ----------
    pathspec : str
        ``RUN/STEP/TASK``, or the step alone.
    environment : str or None
        Metaflow's ``--environment``; None for its default.
    artifacts_module : Path or None
        Values that stand in for inputs.
    """

    pathspec: str
    environment: str | None = None
    skip_decorators: bool = False
    artifacts_module: Path | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    config_value: Mapping[str, Any] = field(default_factory=dict)


def words(file: Path, place: Place, asked: Asked) -> list[str]:
    """Give the words to start.

    Raises
    ------
    SpinError
        The environment cannot be had.
    """
    top = ["--no-pylint"]
    if asked.environment:
        top += ["--environment", asked.environment]
    for name, path in asked.config.items():
        top += ["--config", name, str(path_of(path).resolve())]
    for name, value in asked.config_value.items():
        top += ["--config-value", name, value if isinstance(value, str) else json.dumps(value)]
    rest = ["--persist", "--run-id-file", str(place.run_id)]
    if asked.skip_decorators:
        rest.append("--skip-decorators")
    if asked.artifacts_module:
        rest += ["--artifacts-module", str(asked.artifacts_module)]
    python = _python(asked.environment)
    return [*python, str(LAUNCHER), str(place.orders), str(file), *top, "spin", asked.pathspec, *rest]


def check_environment(name: str | None) -> None:
    """Refuse an environment that Metaflow does not have.

    Raises
    ------
    OptionError
        Says which there are.
    """
    if name is not None and name not in ENVIRONMENTS:
        msg = f"--environment {name}: Metaflow has {', '.join(ENVIRONMENTS)}.{nearest(name, ENVIRONMENTS)}"
        raise OptionError(msg)


def _python(environment: str | None) -> list[str]:
    # Metaflow itself starts a step of a uv project with the Python that it runs in.
    if environment != "uv":
        return [sys.executable, "-u"]
    # A kernel's own programs are often not on its path.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    uv = shutil.which("uv", path=path)
    if uv is None:
        msg = "--environment uv needs the program uv, which is not here: `pip install uv`."
        raise IsolatedError(msg)
    return [uv, "run", "--frozen", "python", "-u"]


def variables(place: Place, runs: Path | None = None) -> dict[str, str]:
    """Give the environment variables: those of this process, with what is private put in its place.

    Parameters
    ----------
    place : Place
        The private folder.
    runs : Path, optional
        The folder in which Metaflow is to find the runs that are on this machine. Else it would make one
        where it finds none, even if it needs none.
    """
    found = dict(os.environ)
    # A kernel's pictures go to the notebook by a module that the step's environment may not have.
    if found.get("MPLBACKEND", "").startswith("module://"):
        del found["MPLBACKEND"]
    if runs is not None:
        found["METAFLOW_DATASTORE_SYSROOT_LOCAL"] = str(runs)
    return found | {
        "METAFLOW_DATASTORE_SYSROOT_SPIN": str(place.root),
        "METAFLOW_CARD_LOCALROOT": str(place.datastore / "mf.cards"),
        "METAFLOW_CLIENT_CACHE_PATH": str(place.root / "cache"),
        "PYTHONIOENCODING": "utf-8",
    }
