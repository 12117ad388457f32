"""Pages of cards, read and made comparable."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

from tests.conformance.runs import RealRun

# What must differ from task to task: where it ran, when, and how its parts are numbered.
PER_TASK = {
    "created_at",
    "finished_at",
    "pathspec",
    "id",
    "component_id",
    "stdout",
    "stderr",
    "metaflow_version",
    "events_per_minute",
    "total_runtime_seconds",
}


def payload(page: str) -> Any:
    """Decode what a page of Metaflow's own card types shows."""
    found = re.search(r"__MF_DATA__\[[^\]]*\]\s*=\s*\"([^\"]+)\"", page) or re.search(
        r'"([A-Za-z0-9+/=]{200,})"', page
    )
    assert found, "no data in the page"
    return json.loads(base64.b64decode(found[1]))


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k not in PER_TASK}
    if isinstance(value, list):
        items = [plain(v) for v in value]
        named = all(isinstance(v, dict) and "name" in v for v in items)
        return sorted(items, key=lambda v: v["name"]) if items and named else items
    if isinstance(value, float) and value > 1e9:
        return "a time"
    if isinstance(value, str):
        return re.sub(r"0x[0-9a-f]+|\w+/\d{10,}/\w+/\d+", "*", value)
    return value


def without_task_table(page: Any) -> Any:
    """Leave out the title, and the table of times, tags and attempt."""
    for part in page["components"]:
        if part.get("type") == "title":
            part["text"] = "*"
        if part.get("contents"):
            part["contents"] = [c for c in part["contents"] if c.get("title") != "Task Metadata"]
    return page


def every(project: Path, run: RealRun, step: str, task: str) -> dict[tuple[str, str | None], list[str]]:
    """Give the stored pages of one task, by type and id."""
    folder = project / ".metaflow" / "mf.cards" / run.case.flow_class / "runs" / run.run_id / "steps" / step
    found: dict[tuple[str, str | None], list[str]] = {}
    for file in folder.glob(f"tasks/{task}/cards/*.html"):
        kind, *card_id, _ = file.stem.split("-")
        found.setdefault((kind, card_id[0] if card_id else None), []).append(file.read_text(encoding="utf-8"))
    return found


def alike(page: str) -> str:
    """Give a page without its data, and without its own ids and times."""
    page = re.sub(r'__MF_DATA__\["[^"]*"\] = "[^"]*"', "", page)
    page = re.sub(r"runtime-[\d.]+|\w+/\d{10,}/\w+/\d+", "*", page)
    return re.sub(r'mfCardDataId = "[^"]*"', "", page)


def stored(project: Path, run: RealRun, step: str) -> dict[tuple[str, str | None], str]:
    folder = project / ".metaflow" / "mf.cards" / run.case.flow_class / "runs" / run.run_id / "steps" / step
    found = {}
    for file in folder.glob("tasks/*/cards/*.html"):
        kind, *card_id, _ = file.stem.split("-")
        found[kind, card_id[0] if card_id else None] = file.read_text(encoding="utf-8")
    return found


def lines(page: str) -> list[str]:
    """Give what a page shows as lines to compare, without what differs from task to task."""
    return json.dumps(without_task_table(plain(payload(page))), indent=1).splitlines()
