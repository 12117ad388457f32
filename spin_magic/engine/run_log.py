"""The log of a run, read line by line as the command line prints it."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from spin_magic.progress import RunProgress, RunState, StepProgress

KEPT_LINES = 200
SHOWN_LINES = 15

# 2026-01-02 03:04:05.678 [RUN/STEP/TASK (pid 12)] What is said.
_STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} "
_TASK_LINE = re.compile(
    _STAMP + r"\[(?P<run>[^/\s\]]+)/(?P<step>\w+)/(?P<task>[^\s\]]+)[^\]]*\] ?(?P<text>.*)"
)
_RUN_LINE = re.compile(_STAMP + r".*\(run-id (?P<run>[^)\s]+)\)")
_FOREACH = re.compile(r"Foreach yields (?P<count>\d+) child steps")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# What the command line says of itself before it begins.
_CHATTER = re.compile(
    r"Metaflow \S+ executing|Validating your flow|The graph looks good|Running pylint|Pylint|Usage:|Try '"
    r"|Creating local datastore|Step failure:|Step \w+ \(task-id"
)


@dataclass
class _Task:
    state: str
    begun: float
    ended: float | None = None
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))


class RunLog:
    """What the lines of a run's log say of its tasks.

    Parameters
    ----------
    flow : str
        Name of the flow.
    following : dict of str to tuple of str
        Its steps in topological order, and which steps each leads to.
    """

    def __init__(self, flow: str, following: dict[str, tuple[str, ...]]) -> None:
        self.flow = flow
        self.run = ""
        self.state: RunState = "starting"
        self._following = following
        self._begun = time.monotonic()
        self._ended: float | None = None
        self._tasks: dict[tuple[str, str], _Task] = {}
        self._expected: dict[str, int] = {}
        self._failed: tuple[str, str] | None = None
        self._other: deque[str] = deque(maxlen=KEPT_LINES)

    def feed(self, line: str) -> None:
        """Take in one line."""
        line = _COLOUR.sub("", line).rstrip()
        if found := _TASK_LINE.match(line):
            self._begins(found["run"])
            self._of_task(found["step"], found["task"], found["text"])
        elif found := _RUN_LINE.match(line):
            self._begins(found["run"])
        elif line.strip() and not re.match(_STAMP, line):
            self._other.append(line.strip())

    def _begins(self, run: str) -> None:
        self.run = run
        if self.state == "starting":
            self.state = "running"

    def _of_task(self, step: str, name: str, text: str) -> None:
        now = time.monotonic()
        task = self._tasks.setdefault((step, name), _Task("running", now))
        if text.startswith("Cloning"):
            task.state, task.ended = "cloned", now
        elif text.startswith(("Task is starting", "Task fallback is starting")):
            task.state, task.ended = "running", None
        elif text.startswith("Task finished successfully"):
            task.state, task.ended = "done" if task.state != "killed" else "killed", now
        elif text.startswith("Task failed"):
            task.state, task.ended = "failed", now
            self._failed = (step, name)
        elif text.startswith("[KILLED BY ORCHESTRATOR]"):
            task.state, task.ended = "killed", now
        elif found := _FOREACH.match(text):
            for child in self._following.get(step, ()):
                self._expected[child] = self._expected.get(child, 0) + int(found["count"])
        else:
            task.lines.append(text)

    def end(self, state: RunState) -> None:
        """Say how the run ended."""
        self.state, self._ended = state, time.monotonic()
        for task in self._tasks.values():
            task.ended = task.ended or self._ended
            if task.state == "running":
                task.state = "killed"

    def progress(self) -> RunProgress:
        """Give the run as it stands."""
        now = self._ended or time.monotonic()
        names = [*self._following, *(step for step, _ in self._tasks if step not in self._following)]
        steps = tuple(self._step(name, now) for name in dict.fromkeys(names))
        failed = self._failed if self.state == "failed" else None
        return RunProgress(
            flow=self.flow,
            run=self.run,
            state=self.state,
            seconds=now - self._begun,
            steps=steps,
            failure=f"{self.flow}/{self.run}/{failed[0]}/{failed[1]}" if failed else "",
            log=tuple(self._end_of_log(failed)),
        )

    def _step(self, name: str, now: float) -> StepProgress:
        tasks = [task for (step, _), task in self._tasks.items() if step == name]
        count = {
            state: sum(t.state == state for t in tasks) for state in ("running", "done", "failed", "cloned")
        }
        ends = [task.ended or now for task in tasks]
        seconds = max(ends) - min(task.begun for task in tasks) if tasks else 0.0
        return StepProgress(name, **count, expected=self._expected.get(name), seconds=seconds)

    def _end_of_log(self, failed: tuple[str, str] | None) -> Iterable[str]:
        if failed is None:
            return self.complaint() if self.state == "failed" else ()
        lines = list(self._tasks[failed].lines)
        while lines and not lines[-1].strip():
            lines.pop()
        return lines[-SHOWN_LINES:]

    def last_words(self) -> str:
        """Give the line that says most about a failure: the exception, or the command line's own error."""
        said = [line for line in self._end_of_log(self._failed) if line.strip()]
        return said[-1] if said else ""

    def complaint(self) -> list[str]:
        """Give what the command line said outside of any task, without what it always says."""
        lines = [line for line in self._other if not _CHATTER.match(line)]
        errors = [number for number, line in enumerate(lines) if line.startswith("Error: ")]
        own = lines[errors[-1] :] if errors else lines
        return [line.removeprefix("Error: ") for line in own[-SHOWN_LINES:]]
