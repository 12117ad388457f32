"""Files and folders, and names of the notebook."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import ModuleType

from spin_magic.completing.candidate import Asked, Candidate


def files(asked: Asked, ending: str = "") -> Iterator[Candidate]:
    """Offer the files in the folder that is named, and its folders."""
    folder, slash, name = asked.text.rpartition("/")
    base = os.path.join(asked.cwd, os.path.expanduser(f"{folder}{slash}"))  # noqa: PTH111, PTH118 -- as typed
    with os.scandir(base) as scan:
        entries = sorted(scan, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.startswith(".") and not name.startswith("."):
            continue
        if entry.is_dir():
            yield Candidate(f"{folder}{slash}{entry.name}/", "folder", whole=False)
        elif entry.name.endswith(ending):
            yield Candidate(f"{folder}{slash}{entry.name}", "file")


def folders(asked: Asked) -> Iterator[Candidate]:
    """Offer the folders in the folder that is named."""
    yield from files(asked, "/")


def names(asked: Asked) -> Iterator[Candidate]:
    """Offer the names that the notebook has bound to values."""
    for name, value in list(asked.notebook.items()):
        # Not isinstance: it would ask a proxy for its class, and the proxy might fetch what it stands for.
        if not name.startswith("_") and not issubclass(type(value), ModuleType):
            yield Candidate(name, type(value).__name__)
