"""A new environment with the wheel, as a user has it: its data files, its commands, and no %load_ext."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]


def build_wheel(folder: Path) -> Path:
    """Build the wheel from this source."""
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder), cwd=ROOT)
    [wheel] = folder.glob("*.whl")
    return wheel


def run(
    *command: str, cwd: Path, environment: dict[str, str] | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; give what it printed."""
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done


class Installed:
    """An environment of its own, which borrows the libraries of the one that the tests run in.

    `folder` holds it, and the home of a user who never used Jupyter.
    """

    def __init__(self, folder: Path) -> None:
        self.prefix, self.home = folder / "environment", folder / "home"
        self.python = str(self.prefix / "bin" / "python")
        run(sys.executable, "-m", "venv", "--without-pip", str(self.prefix), cwd=folder)
        [packages] = self.prefix.glob("lib/python*/site-packages")
        # Its own .pth files are not read, so an editable installation there is not found.
        (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
        self.home.mkdir()
        places = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self.environment = kept | {"HOME": str(self.home), "VIRTUAL_ENV": str(self.prefix)}
        self.environment |= {name: str(self.home / name.lower()) for name in places}
        self.environment["PATH"] = f"{self.prefix / 'bin'}{os.pathsep}{kept['PATH']}"

    def pip(self, *arguments: str) -> None:
        """Install or remove here, without a network."""
        offline = ("--no-index", "--no-deps") if arguments[0] == "install" else ("--yes",)
        pip = (sys.executable, "-m", "pip", "--python", self.python, "--quiet", "--disable-pip-version-check")
        run(*pip, arguments[0], *offline, *arguments[1:], cwd=self.home, environment=self.environment)

    def command(self, name: str, *words: str, cwd: Path) -> None:
        """Run a program that was installed here."""
        run(str(self.prefix / "bin" / name), *words, cwd=cwd, environment=self.environment)

    def module(self, *words: str, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `python -m` with these words, as its user would."""
        return run(self.python, "-m", *words, cwd=cwd, environment=self.environment, check=check)

    def files(self) -> set[str]:
        """All files of the environment. Folders that are empty pip leaves to it."""
        return {str(each.relative_to(self.prefix)) for each in self.prefix.rglob("*") if not each.is_dir()}
