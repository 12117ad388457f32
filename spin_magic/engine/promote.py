"""A whole flow on Metaflow's command line, as Metaflow's Runner starts it, in a process group of its own.

The Runner's class itself does not do in a kernel: it runs the flow file in the calling process and
keeps that first text for good, so an edited flow's new parameters would be refused; it takes over the
handler of SIGINT, so the notebook could not be interrupted; and its process shares the kernel's group,
so what it leaves behind could not be found. So the command is the Runner's, with the file in which the
run says what it is, and the words of the line reach the command line as they are.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metaflow import Run
from metaflow.cli import start
from metaflow.cli_components.run_cmds import resume, run
from metaflow.exception import MetaflowNotFound
from metaflow.flowspec import FlowStateItems

from spin_magic.errors import RunError
from spin_magic.process_group import end_group

PATIENCE = (10.0, 3.0, 1.0)
"""Seconds that a run has to end after SIGINT, as from the keyboard, after SIGTERM and after SIGKILL."""


@dataclass(frozen=True)
class Command:
    """A command line in its parts, for the run says in a file, named in between, what it is."""

    head: list[str]
    tail: list[str]

    def __str__(self) -> str:
        return shlex.join(["python", Path(self.head[0]).name, *self.head[1:], *self.tail])

    def words(self, attributes: Path) -> list[str]:
        """Give the words to start."""
        return [
            *(sys.executable, "-u", *self.head),
            # Before the user's options: an option that lacks its value would take it.
            *("--runner-attribute-file", str(attributes), *self.tail),
        ]


def command_line(cls: Any, file: Path, words: Sequence[str], resumed: str | None) -> Command:
    """Put a run's options where the command line wants them: before or after its ``run``.

    Parameters
    ----------
    cls : type
        The flow class.
    file : Path
        Its file.
    words : sequence of str
        The options.
    resumed : str or None
        Resume from this step; None for a new run.
    """
    top, rest = _sorted(words, _top_options(cls, resume if resumed else run))
    verb = ["resume", resumed] if resumed else ["run"]
    return Command([str(file), *top, *verb], rest)


def run_options() -> dict[str, str]:
    """List the options of Metaflow's that a run or a resumed run takes, and their help."""
    known: dict[str, str] = {}
    for option in (*run.params, *resume.params, *start.params):
        names = [name for name in option.opts if name.startswith("--")]
        if names and not option.hidden:
            known.setdefault(names[0], str(option.help or ""))
    return known


def _top_options(cls: Any, verb: Any) -> dict[str, int]:
    """List the options that stand before ``run``, and how many values each takes."""
    known = {"--config": 2, "--config-value": 2}
    for option in start.params:
        count = 0 if getattr(option, "is_flag", False) else option.nargs
        known |= dict.fromkeys([*option.opts, *option.secondary_opts], count)
    for decorators in cls._flow_state[FlowStateItems.FLOW_DECORATORS].values():
        for decorator in decorators:
            for name, details in decorator.options.items():
                known[f"--{name}"] = 0 if details.get("is_flag") else 1
    # `--with` stands in both places, and reads better behind.
    own = {name for option in verb.params for name in option.opts}
    return {name: count for name, count in known.items() if name not in own}


def _sorted(words: Sequence[str], top_options: dict[str, int]) -> tuple[list[str], list[str]]:
    top: list[str] = []
    rest: list[str] = []
    waiting = 0
    for word in words:
        name, equals, _ = word.partition("=")
        if waiting:
            waiting -= 1
            top.append(word)
        elif name in top_options:
            waiting = 0 if equals else top_options[name]
            top.append(word)
        else:
            rest.append(word)
    return top, rest


class RunProcess:
    """A run in a process group of its own.

    Parameters
    ----------
    command : Command
        The command.
    folder : Path
        The working directory.
    attributes : Path
        Where the run says which it is.
    """

    def __init__(self, command: Command, folder: Path, attributes: Path) -> None:
        self._attributes = attributes
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._process = subprocess.Popen(  # noqa: S603 -- the flow file is the user's own program
            command.words(attributes),
            cwd=folder,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 -- asked for above; tells the type checker so
        with contextlib.suppress(ValueError, OSError), self._process.stdout as log:
            for line in log:
                self._lines.put(line)

    @property
    def returncode(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.poll()

    def lines(self, timeout: float) -> list[str]:
        """Give the new lines of its log, after waiting for one for at most so many seconds."""
        found: list[str] = []
        if self.returncode is not None:
            # Not for good: what a step left running may still hold the log open.
            self._reader.join(timeout)
            timeout = 0
        with contextlib.suppress(queue.Empty):
            found.append(self._lines.get(timeout=timeout) if timeout else self._lines.get_nowait())
            while True:
                found.append(self._lines.get_nowait())
        return found

    def client_run(self) -> Any:
        """Give the Client's ``Run``, or None where the process did not come so far.

        Raises
        ------
        RunError
            The Client does not find it.
        """
        try:
            said = json.loads(self._attributes.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        pathspec = f"{said['flow_name']}/{said['run_id']}"
        try:
            return Run(pathspec, _namespace_check=False, _current_metadata=said["metadata"])
        except MetaflowNotFound as ex:
            msg = (
                f"Run {pathspec} has ended, but Metaflow's Client does not find it in {said['metadata']}: "
                "its records went elsewhere, perhaps by --datastore-root or --metadata."
            )
            raise RunError(msg) from ex

    def stop(self) -> None:
        """End the run and all that it started; a second interrupt skips the patience."""
        end_group(self._process, PATIENCE)


@contextmanager
def started(command: Command, folder: Path) -> Iterator[RunProcess]:
    """Start a run; if the block fails or is interrupted, nothing of the run is left behind."""
    with tempfile.TemporaryDirectory(prefix="spin_run_", ignore_cleanup_errors=True) as place:
        process = RunProcess(command, folder, Path(place) / "attributes.json")
        atexit.register(process.stop)
        try:
            yield process
        except BaseException:
            process.stop()
            raise
        finally:
            atexit.unregister(process.stop)
