"""Files that `run` would include: here they are read where they lie, for nothing is uploaded."""

from __future__ import annotations

import os
from typing import Any

from metaflow.includefile import FilePathClass, IncludedFile

from spin_magic.errors import TaskError
from spin_magic.paths import read_ordinary


class ReadFile(IncludedFile):  # type: ignore[misc]
    """The content of a file, in the place of an upload."""

    def __init__(self, path: str, content: Any) -> None:
        super().__init__({"type": "spin_magic", "url": path})
        self._content = content

    def decode(self, name: str, var_type: str = "Artifact") -> Any:
        return self._content


def read_file(name: str, path: str, kind: FilePathClass) -> ReadFile:
    """Read the file of a parameter as text or bytes, as the parameter says."""
    try:
        content: Any = read_ordinary(os.path.expanduser(path), None)
        if kind._is_text:
            content = content.decode(kind._encoding or "utf-8")
    except (OSError, UnicodeError) as ex:
        msg = f"Parameter {name!r} includes {path}, which cannot be read: {ex}"
        raise TaskError(msg) from ex
    return ReadFile(path, content)
