"""How an isolated step ended: its own exception, made anew, or the end of its process in words."""

from __future__ import annotations

import builtins
import re
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any

from spin_magic.errors import IsolatedError
from spin_magic.printable import cell_label

# `task.py` calls the step, and user decorators are called around it.
_METAFLOWS = re.compile(r'  File ".*[/\\]metaflow[/\\](task|user_decorators[/\\]\w+)\.py"')


class StepError(Exception):
    """An exception of an isolated step whose class is not to be had in this process."""


def made_anew(name: str, text: str, stack: str, names: Mapping[str, Any]) -> BaseException:
    """Make an exception that stands for the one that an isolated step has raised.

    Parameters
    ----------
    name : str
        Its class, with the module.
    text : str
        What it says.
    stack : str
        Its traceback.
    names : mapping of str to object
        Names of the flow's module, for classes that it defines.

    Returns
    -------
    BaseException
        Of a class that inherits from the step's where this process has that, and of its name.
    """
    module, _, short = name.rpartition(".")
    found = names.get(short) if module == "__main__" else getattr(_module(module), short, None)
    for base in (found, StepError):
        if isinstance(base, type) and issubclass(base, BaseException):
            looks = {
                "__module__": module or base.__module__,
                "__str__": lambda _: text,
                # IPython prints this in place of a traceback: the frames were another process's.
                "_render_traceback_": lambda _: _labelled(stack).splitlines(),
            }
            try:
                made = type(short, (base,), looks)
                # Not by its own `__init__`, which may take anything.
                error: BaseException = base.__new__(made, text)
            except Exception:  # noqa: BLE001, S112 -- a class may forbid either
                continue
            error.add_note(stack)
            error.stack = stack  # type: ignore[attr-defined]
            return error
    return IsolatedError(f"The isolated step raised {name}: {text}")


def _labelled(stack: str) -> str:
    """Give a traceback in which cells have the names that IPython shows."""

    def labelled(found: re.Match[str]) -> str:
        label = cell_label(found[1])
        return f"  {label}, line" if label else found[0]

    return re.sub(r'^  File "(.+)", line', labelled, stack, flags=re.MULTILINE)


def _module(name: str) -> Any:
    return sys.modules.get(name) if name else builtins


def readable(stack: str, copy: str, file: str, origin: Callable[[int], tuple[str, int]] | None = None) -> str:
    """Give a traceback without Metaflow's frames, and with what the user knows in place of the copy.

    Parameters
    ----------
    stack : str
        The traceback.
    copy, file : str
        The file that ran, and the flow file.
    origin : callable, optional
        Gives the text that a line of the copy comes from, the cell's or the flow file's, and its line there.
        Default: the flow file's, and the same line.
    """

    def known(found: re.Match[str]) -> str:
        name, line = origin(int(found[1])) if origin else (file, int(found[1]))
        return f'  File "{name}", line {line},'

    told = re.sub(rf'^  File "{re.escape(copy)}", line (\d+),', known, stack, flags=re.MULTILINE)
    kept, dropping = [], False
    for line in told.replace(copy, file).splitlines():
        if line.startswith('  File "'):
            dropping = _METAFLOWS.match(line) is not None
        elif not line.startswith("    "):
            dropping = False
        if not dropping:
            kept.append(line)
    return "\n".join(kept)


def process_end(step: str, code: int, last_words: str) -> IsolatedError:
    """Say how the process of a step ended, where it left no exception behind."""
    said = f" Its last words: {last_words}" if last_words else ""
    if code == -signal.SIGKILL:
        msg = (
            f"The process of `{step}` was killed by the system or by somebody, most often because memory ran "
            f"out; nothing of it is left but what it printed, and this kernel goes on.{said}"
        )
    elif code < 0:
        name = signal.strsignal(-code) or f"signal {-code}"
        msg = f"The process of `{step}` crashed ({name}), and this kernel goes on.{said}"
    elif code == 0:
        msg = f"The process of `{step}` ended itself before the step was over, as `sys.exit()` does.{said}"
    else:
        msg = f"The process of `{step}` ended with exit state {code} and no exception.{said}"
    return IsolatedError(msg)
