"""The text of a step, cut out of the files by parsing them, as a user would copy it into a cell."""

from __future__ import annotations

import ast
import textwrap
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StepText:
    """A step as text: its body alone, and the whole def with its decorators."""

    body: str
    whole: str


def read_steps(project: Path, flow_class: str) -> dict[str, StepText]:
    """Find every step that a flow defines or inherits from a class of a file beside it."""
    classes: dict[str, tuple[Path, ast.ClassDef]] = {}
    for path in sorted(project.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                classes[node.name] = (path, node)
    found: dict[str, StepText] = {}
    waiting = [flow_class]
    while waiting:
        name = waiting.pop(0)
        if name not in classes:
            continue
        path, node = classes[name]
        lines = path.read_text(encoding="utf-8").splitlines()
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and _is_step(item):
                found.setdefault(item.name, _cut(item, lines))
        waiting += [base.id for base in node.bases if isinstance(base, ast.Name)]
    return found


def _is_step(node: ast.FunctionDef) -> bool:
    return any("step" in ast.unparse(decorator).split("(")[0].split(".") for decorator in node.decorator_list)


def _cut(node: ast.FunctionDef, lines: list[str]) -> StepText:
    first = min(decorator.lineno for decorator in node.decorator_list) - 1
    body = lines[node.body[0].lineno - 1 : node.end_lineno]
    whole = lines[first : node.end_lineno]
    return StepText(textwrap.dedent("\n".join(body)) + "\n", textwrap.dedent("\n".join(whole)) + "\n")
