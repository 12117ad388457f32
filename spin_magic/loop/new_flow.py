"""A flow file to begin with."""

from __future__ import annotations

import keyword
from pathlib import Path

from spin_magic.errors import SaveError
from spin_magic.writing import disk

_STUB = '''\
"""{name}: what it is for."""

from metaflow import FlowSpec, step


class {name}(FlowSpec):
    """What {name} is for."""

    @step
    def start(self):
        """What the flow begins with."""
        self.next(self.end)

    @step
    def end(self):
        """What the flow ends with."""


if __name__ == "__main__":
    {name}()
'''
_TAKEN = ("FlowSpec", "step")


def new_flow(name: str, file: Path | None) -> Path:
    """Write a flow that runs: ``start`` and ``end``.

    Parameters
    ----------
    name : str
        Its class.
    file : Path or None
        The file. Default: the name in lower case, in the working directory.

    Returns
    -------
    Path

    Raises
    ------
    SaveError
        The name cannot be that of a class, or the file is there already.
    """
    if not name.isidentifier() or keyword.iskeyword(name) or name in _TAKEN:
        msg = f"{name!r} cannot be the name of a flow class: give one like TrainFlow."
        raise SaveError(msg)
    path = (file if file is not None else Path(f"{name.lower()}.py")).absolute()
    if path.suffix != ".py":
        msg = f"{path.name} is no Python file: its name must end in .py."
        raise SaveError(msg)
    text = _STUB.format(name=name)
    try:
        disk.create(path, text)
    except FileExistsError:
        msg = f"{path} is there already: name another with --file, or `%spin_load` a step of it."
        raise SaveError(msg, text) from None
    except OSError as ex:
        msg = f"{path} cannot be made: {ex.strerror}."
        raise SaveError(msg, text) from None
    return path
