"""Runs and tasks from the files of Metaflow's local metadata provider.

The provider itself parses every file of every object on each question, which takes longer than a
spin where runs are many or wide. The files are FLOW/RUN/STEP/TASK/_meta with `_self.json` and, for a
task, `sysmeta_FIELD_TIME.json`. Metaflow writes each under another name and renames it, so that a
change to a task always shows in the stamp of its folder.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from metaflow.plugins.datastores.local_storage import LocalStorage

from spin_magic.engine.past import RunInfo, TaskInfo, attempt_of, origin_of, outcome, parse_path, place_of
from spin_magic.engine.records import Damaged, read_record
from spin_magic.errors import TaskError
from spin_magic.kept import Kept
from spin_magic.paths import can_be

Value = TypeVar("Value")

META = LocalStorage.METADATA_DIR
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP})
# Beside the runs lie the artifacts, and the id of the latest one.
_NO_RUNS = frozenset({"data", "latest_run"})
FIELDS = frozenset(
    {
        "attempt",
        "attempt_ok",
        "foreach-execution-path",
        "ds-type",
        "ds-root",
        "origin-run-id",
        "origin-task-id",
    }
)
# The provider's run ids are microseconds since the epoch; smaller numbers come from elsewhere.
FIRST_TIMED_ID = 10**15
# Past any year that a run may be of.
LATEST = 1e12
RUNS = 8192
TASKS = 16384
FOLDERS = 4096


class LocalRuns:
    """The runs of one flow below a ``.metaflow`` folder.

    Parameters
    ----------
    root : Path
        The folder.
    flow : str
        Name of the flow.
    """

    def __init__(self, root: Path, flow: str) -> None:
        self._flow = os.path.join(root, flow)
        self._run_ids = Kept(_run_ids, 1)
        self._names = Kept(_names, FOLDERS)
        self._runs = Kept(_read_run, RUNS)
        self._tasks = Kept(_read_task, TASKS)

    def runs(self) -> Iterator[RunInfo]:
        """Go through the runs, the newest first, reading each only when it is asked for."""
        timed, others = _there(self._run_ids, self._flow) or ([], [])
        placed = [info for run in others if (info := self.run(run))]
        placed.sort(key=lambda info: (info.created, info.id))
        for run in timed:
            while placed and placed[-1].created > int(run) / 1e6:
                yield placed.pop()
            info = self.run(run)
            if info is not None:
                yield info
        yield from reversed(placed)

    def run(self, run: str) -> RunInfo | None:
        """Find a run by its id."""
        if run.startswith(".") or os.path.basename(run) != run or "\0" in run:
            return None
        return _there(self._runs, _self(os.path.join(self._flow, run)))

    def steps(self, run: str) -> list[str]:
        """List the steps that a run has reached, ``_parameters`` among them."""
        folder = os.path.join(self._flow, run)
        return [step for step in self._listed(folder) if os.path.isfile(_self(os.path.join(folder, step)))]

    def reached(self, run: str, step: str) -> bool:
        """Tell whether a run has a task of a step, without reading the tasks."""
        folder = os.path.join(self._flow, run, step)
        return any(os.path.isfile(_self(os.path.join(folder, task))) for task in self._listed(folder))

    def settle(self, run: str, end: str) -> None:
        """Do nothing: the folders themselves tell cheaply whether anything has changed."""

    def tasks(self, run: str, step: str) -> list[TaskInfo]:
        """List the tasks of a step, in no order."""
        folder = os.path.join(self._flow, run, step)
        paths = (f"{folder}{os.sep}{task}{os.sep}{META}" for task in self._listed(folder))
        return [info for path in paths if (info := _there(self._tasks, path))]

    def _listed(self, folder: str) -> tuple[str, ...]:
        return _there(self._names, folder) or ()


def _there(kept: Kept[Value], path: str) -> Value | None:
    """Give what is kept of a path; None where it is not there, or is only just being made.

    Raises
    ------
    TaskError
        It is there, and cannot be read or understood.
    """
    try:
        return kept.get(path)
    except OSError as ex:
        if ex.errno in _ABSENT:
            return None
        why = f"cannot be read ({ex.strerror}): mend that"
        raise _unusable(ex.filename or path, why) from ex
    except Damaged as ex:
        raise _unusable(ex.path, "is damaged: delete that run") from ex
    except (ValueError, TypeError, LookupError, OverflowError) as ex:
        if not can_be(path):
            return None
        raise _unusable(path, "is damaged: delete that run") from ex


def _unusable(path: str, why: str) -> TaskError:
    return TaskError(f"{path} {why}, or choose another with --from.")


def _self(folder: str) -> str:
    return os.path.join(folder, META, "_self.json")


def _names(folder: str) -> tuple[str, ...]:
    return tuple(sorted(name for name in os.listdir(folder) if name != META and not name.startswith(".")))


def _run_ids(folder: str) -> tuple[list[str], list[str]]:
    """Tell run ids that are times, the newest first, from those that are not."""
    names = [name for name in _names(folder) if name not in _NO_RUNS]
    timed = [name for name in names if _is_time(name)]
    return sorted(timed, key=int, reverse=True), [name for name in names if not _is_time(name)]


def _is_time(run: str) -> bool:
    return run.isascii() and run.isdigit() and int(run) >= FIRST_TIMED_ID


def _seconds(known: dict[str, Any]) -> float:
    seconds = float(known["ts_epoch"] / 1000)
    if not 0 <= seconds < LATEST:
        raise ValueError(seconds)
    return seconds


def _read_run(path: str) -> RunInfo:
    *_, run, _, _ = path.split(os.sep)
    known = read_record(path)
    tags = [*(known.get("tags") or ()), *(known.get("system_tags") or ())]
    # Tagging a run writes the file anew, with the time of the tagging.
    created = int(run) / 1e6 if _is_time(run) else _seconds(known)
    return RunInfo(run, created, frozenset(sys.intern(str(tag)) for tag in tags))


def _newest_fields(names: list[str]) -> dict[str, int]:
    """Find the time of the newest file of each field."""
    newest: dict[str, int] = {}
    for name in names:
        field, _, rest = name.removeprefix("sysmeta_").rpartition("_")
        if field in FIELDS and name.startswith("sysmeta_"):
            when = rest.removesuffix(".json")
            if when.isdecimal() and int(when) >= newest.get(field, 0):
                newest[field] = int(when)
    return newest


def _read_task(meta: str) -> TaskInfo:
    *_, run, step, task, _ = meta.split(os.sep)
    created = _seconds(read_record(os.path.join(meta, "_self.json")))
    names = os.listdir(meta)
    newest = _newest_fields(names)

    def value(field: str) -> str | None:
        if field not in newest:
            return None
        found = read_record(f"{meta}{os.sep}sysmeta_{field}_{newest[field]}.json").get("value")
        return None if found is None else str(found)

    ended = newest.get("attempt_ok")
    kind = value("ds-type")
    root = None if kind == "local" else value("ds-root")
    if kind is None:
        artifact = max((name for name in names if "_artifact_" in name), default=None)
        kind, root = place_of(read_record(os.path.join(meta, artifact))) if artifact else (None, None)
    return TaskInfo(
        run=sys.intern(run),
        step=sys.intern(step),
        id=task,
        created=created,
        ok=outcome(newest.get("attempt"), value("attempt_ok"), ended),
        path=parse_path(value("foreach-execution-path")),
        ds_type=sys.intern(kind) if kind else None,
        # Local artifacts lie beside their metadata, wherever the folder is by now.
        ds_root=None if kind == "local" else root,
        ended=ended / 1000 if ended else None,
        origin=origin_of(value("origin-run-id"), value("origin-task-id")),
        attempt=None if kind == "local" else attempt_of(value("attempt")),
    )
