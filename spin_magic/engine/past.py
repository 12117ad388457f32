"""A past run and a past task, as plain data."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

Frame = tuple[str, int]

# Artifacts that Metaflow itself reads before a step begins.
OF_EVERY_TASK = ("_foreach_stack", "_foreach_num_splits", "_foreach_var", "_graph_info")


@dataclass(frozen=True)
class RunInfo:
    """A past run: its id, when it began (seconds since the epoch) and its tags."""

    id: str
    created: float
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """A past task, as far as its metadata tells.

    Attributes
    ----------
    run, step, id : str
        Parts of the pathspec.
    created : float
        When it began, in seconds since the epoch.
    ok : bool or None
        Did its latest attempt succeed; None while it runs, or where it was killed.
    path : tuple of (str, int), or None
        Step and split index of each foreach around it, outermost first; None where it was not
        recorded.
    ds_type, ds_root : str or None
        Where its artifacts are.
    ended : float or None
        When its latest verdict was written.
    origin : tuple of (str, str) or None
        Run and id of the task of this step that a resumed run cloned.
    attempt : int or None
        Its latest attempt; None where that is not known, or not needed.
    """

    run: str
    step: str
    id: str
    created: float
    ok: bool | None
    path: tuple[Frame, ...] | None
    ds_type: str | None
    ds_root: str | None
    ended: float | None = None
    origin: tuple[str, str] | None = None
    attempt: int | None = None

    @property
    def closed(self) -> bool:
        """Tell whether it stays as it is, unless it is tried again; the parameters get no verdict."""
        return self.ok is not None or self.step == "_parameters"


def outcome(began: float | None, verdict: str | None, ended: float | None) -> bool | None:
    """Tell the outcome of the latest attempt: one that began after the last verdict is still open."""
    if verdict is None or ended is None or (began or 0) > ended:
        return None
    return verdict == "True"


def attempt_of(noted: object) -> int | None:
    """Read the number of an attempt, where it is one."""
    return int(str(noted)) if str(noted).isdecimal() else None


def origin_of(run: str | None, task: str | None) -> tuple[str, str] | None:
    """Tell of which task a clone is; a task that a resumed run has run itself names the run alone."""
    return (str(run), str(task)) if run and task else None


def parse_path(text: str | None) -> tuple[Frame, ...] | None:
    """Read the metadata ``foreach-execution-path``: ``mid:10,nest:2``.

    Raises
    ------
    ValueError
        It is none.
    """
    if text is None:
        return None
    frames = [part.rpartition(":") for part in text.split(",")]
    if not all(step and index.isdecimal() for step, _, index in frames):
        raise ValueError(text)
    return tuple((sys.intern(step), int(index)) for step, _, index in frames)


def place_of(artifact: dict[str, Any]) -> tuple[str | None, str | None]:
    """Read type and root of the datastore from the record of an artifact.

    The parameters of a run, and the clones that a resumed run makes, have no metadata that says it.
    """
    location = str(artifact.get("location") or "")
    return artifact.get("ds_type"), location.removeprefix(":root:") if location.startswith(":root:") else None
