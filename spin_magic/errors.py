"""What can go wrong before or around a step, in words for the person at the notebook.

The tree::

    SpinError
    ├── OptionError     the line of the magic, or the arguments of the call
    ├── FlowError       finding, reading or checking the flow
    ├── TaskError       choosing the run, the task or its inputs
    ├── CellError       the text of the cell
    ├── SaveError       writing a step into its flow file
    ├── RunError        a run of the whole flow
    ├── IsolatedError   a step in a process of its own
    ├── WorkerError     a process of --jobs
    ├── NotebookError   a flow file from a notebook, or a notebook from a flow file
    ├── SetupError      the file by which kernels find the magics
    └── EngineError     this Metaflow lacks something that the engine needs

An exception raised by the user's own step is never wrapped in one of these.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable

from spin_magic.printable import clean

# What a message quotes, a line or a cell's, may have no end.
LONGEST = 2_000


class SpinError(Exception):
    """Base of all errors that spin_magic raises on its own account.

    The message says what happened, where, and what to do next.
    """

    def __str__(self) -> str:
        # Names of files and of flows are in it: what they do to a terminal is theirs to choose, and with half
        # a character in it no kernel could send it.
        said = clean(super().__str__())
        # Its beginning says what happened, and its end what to do next.
        return said if len(said) <= LONGEST else f"{said[: LONGEST // 2]} … {said[-LONGEST // 2 :]}"

    def _render_traceback_(self) -> list[str]:
        """Show the message alone: IPython prints this in place of a traceback."""
        known = next(kind for kind in type(self).__mro__ if kind.__module__ == __name__)
        return [f"{known.__name__}: {self}"]


class OptionError(SpinError):
    """An option or argument that cannot be understood."""


class FlowError(SpinError):
    """The flow cannot be found, read, or is not a valid flow."""


class TaskError(SpinError):
    """No past task can serve as asked."""


class CellError(SpinError):
    """The text of the cell cannot be the body of the step."""


class RunError(SpinError):
    """A run of the whole flow failed, or cannot be started."""


class IsolatedError(SpinError):
    """The process of an isolated step cannot be started, or has ended without the step's own exception."""


class SaveError(SpinError):
    """A step cannot be found in its flow file, or not be written into it; the file is as it was.

    Parameters
    ----------
    message : str
        What happened, where, and what to do next.
    text : str, optional
        The text that was refused, for the caller to keep.
    """

    def __init__(self, message: str, text: str | None = None) -> None:
        super().__init__(message)
        self.text = text


class WorkerError(SpinError):
    """A process that ran a task of ``--jobs`` is gone, or what it made cannot be brought back."""


class NotebookError(SpinError):
    """A notebook cannot be turned into a flow file, or a flow file into a notebook."""


class SetupError(SpinError):
    """The file by which kernels find the magics cannot be written, or not be removed."""


class EngineError(SpinError):
    """The installed Metaflow lacks a name that the engine drives."""


def check_folder() -> None:
    """Refuse to look for flows and runs where there is nowhere to start.

    Raises
    ------
    FlowError
        The working directory is gone.
    """
    try:
        os.getcwd()  # noqa: PTH109 -- a Path is not needed
    except FileNotFoundError:
        raise FlowError(
            "The working directory is gone: it was removed or renamed. Go to another one: %cd FOLDER."
        ) from None


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known name was probably meant, as a clause to append.

    Parameters
    ----------
    name : str
        The name that was not found.
    known : iterable of str
        The names there are.

    Returns
    -------
    str
        ``" Did you mean 'train'?"``, or an empty string where nothing is near.
    """
    close = difflib.get_close_matches(name, list(known), n=2, cutoff=0.6)
    return f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
