"""A text that was not written stays: in this process, and in a file where the flow's own is in the way."""

from __future__ import annotations

import contextlib
import functools
import tempfile
from pathlib import Path

from spin_magic.errors import SaveError
from spin_magic.loop import session


def keep(where: session.StepKey, cell: str, refused: Exception) -> SaveError:
    """Keep the text of a cell in a file, and say in the error which one.

    Parameters
    ----------
    where : tuple
        The step.
    cell : str
        Its text.
    refused : Exception
        Why it was not saved.

    Returns
    -------
    SaveError
        To be raised.
    """
    _, flow, step = where
    said = f" The cell's text stays in this kernel, for the next `%spin_save {flow} {step}`"
    with contextlib.suppress(OSError):
        file = Path(_folder()) / f"{flow}.{step}.py"
        file.write_text(f"# %%spin {flow} {step}\n{cell}", encoding="utf-8", errors="backslashreplace")
        said += f", and in {file}"
    why = str(refused)
    return SaveError(f"{why}{'' if why.endswith(('.', '?')) else '.'}{said}.", cell)


@functools.lru_cache(maxsize=1)
def _folder() -> str:
    # The user's alone; it outlives the kernel, as the system's other temporary files do.
    return tempfile.mkdtemp(prefix="spin_save-")
