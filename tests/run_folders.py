"""Folders as Metaflow's local metadata provider writes them: the names and contents of a real run."""

from __future__ import annotations

import json
from pathlib import Path

FIRST = 1_795_372_727_171_821


class RunFolders:
    """Makes and changes runs of a flow, each file under another name first, as Metaflow does."""

    def __init__(self, root: Path, flow: str = "TrainFlow") -> None:
        self.root, self.flow = root, flow
        (root / flow).mkdir(parents=True, exist_ok=True)

    def run(self, run_id: str | int = FIRST, *, when: int | None = None, tags: tuple[str, ...] = ()) -> str:
        created = when or int(run_id) // 1000
        described = {
            "run_number": str(run_id),
            "flow_id": self.flow,
            "tags": list(tags),
            "system_tags": ["user:tester", "runtime:dev"],
            "ts_epoch": created,
        }
        self._write([str(run_id)], "_self", described)
        return str(run_id)

    def task(
        self,
        run: str,
        step: str,
        task: int,
        *,
        when: int = 0,
        ok: str | None = "True",
        path: str | None = None,
    ) -> Path:
        when = when or FIRST // 1000 + task
        self._write([run, step], "_self", {"step_name": step, "ts_epoch": when})
        self._write([run, step, str(task)], "_self", {"task_id": str(task), "ts_epoch": when})
        self.metadata(run, step, task, when, {"user": "tester", "python_version": "3.11"})
        begun = {"attempt": "0", "ds-type": "local", "ds-root": "/elsewhere/.metaflow"}
        self.metadata(run, step, task, when + 1, begun | ({"foreach-execution-path": path} if path else {}))
        if ok is not None:
            self.metadata(run, step, task, when + 2, {"attempt-done": "0", "attempt_ok": ok})
        return self.root / self.flow / run / step / str(task)

    def metadata(self, run: str, step: str, task: int, when: int, fields: dict[str, str]) -> None:
        for field, value in fields.items():
            described = {"field_name": field, "value": value, "ts_epoch": when}
            self._write([run, step, str(task)], f"sysmeta_{field}_{when}", described)

    def _write(self, place: list[str], name: str, described: dict) -> None:
        folder = self.root.joinpath(self.flow, *place, "_meta")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tmp").write_text(json.dumps(described))
        (folder / "tmp").rename(folder / f"{name}.json")
