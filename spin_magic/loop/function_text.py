"""The text of a written test: its name, its imports, and the file that it goes into."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spin_magic.errors import SaveError
from spin_magic.writing import disk

_IMPORTS = {
    "Path": "from pathlib import Path",
    "pytest": "import pytest",
    "spin": "from spin_magic import spin",
    "digest": "from spin_magic.testing import digest",
}


@dataclass(frozen=True)
class Call:
    """How a test calls `spin`: what the flow and the step are, and the other arguments as texts."""

    flow: str
    step: str
    arguments: Mapping[str, Any]
    texts: Mapping[str, str]


def free_name(flow: str, step: str, tree: ast.Module | None) -> str:
    """Give a name for the test of a step that the file does not have yet."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", flow).lower()
    name = f"test_{words}_{step}"
    taken = {getattr(node, "name", "") for node in ast.walk(tree)} if tree else set()
    numbered = (f"{name}_{number}" for number in range(2, len(taken) + 3))
    return next(free for free in (name, *numbered) if free not in taken)


def function_text(name: str, call: Call, lines: list[str], tree: ast.Module | None) -> str:
    """Write the function: with its imports above it for a new file, within it for one that is there."""
    arguments = [call.flow, f'"{call.step}"', *(f"{key}={text}" for key, text in call.texts.items())]
    body = [
        f'"""`{call.step}` gives what it gave when it was spun."""',
        f"result = spin(\n    {''.join(f'{argument},{chr(10)}    ' for argument in arguments).rstrip()}\n)",
        "",
        *lines,
    ]
    inside = "\n".join(body)
    needed = [line for word, line in _IMPORTS.items() if re.search(rf"\b{word}\b[.(]", inside)]
    if tree is None:
        top = "\n".join(_grouped(needed))
        return f"{top}\n\n\ndef {name}():\n{textwrap.indent(inside, '    ')}\n"
    # Within the function: a name of the file's own may be another.
    present = {ast.unparse(node) for node in tree.body}
    local = [line for line in needed if line not in present]
    head = "\n".join([body[0], *local, ""]) if local else body[0]
    return f"def {name}():\n{textwrap.indent(chr(10).join([head, *body[1:]]), '    ')}\n"


def _grouped(imports: list[str]) -> list[str]:
    """Put a blank line between the standard library, others', and ours."""
    groups = [[line for line in imports if kind(line)] for kind in (_is_standard, _is_others, _is_ours)]
    return [line for group in groups if group for line in (*group, "")][:-1]


def _is_standard(line: str) -> bool:
    return "pathlib" in line


def _is_ours(line: str) -> bool:
    return "spin_magic" in line


def _is_others(line: str) -> bool:
    return not _is_standard(line) and not _is_ours(line)


def create(file: Path, text: str) -> None:
    """Write a new file.

    Raises
    ------
    SaveError
        It cannot be made.
    """
    try:
        disk.create(file, text)
    except OSError as ex:
        msg = f"{file} cannot be made: {ex.strerror}."
        raise SaveError(msg, text) from ex
