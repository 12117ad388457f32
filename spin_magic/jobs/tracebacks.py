"""An exception brought from another process, with a traceback that shows the lines it went through there."""

from __future__ import annotations

import ast
import linecache
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from types import FunctionType, TracebackType
from typing import NamedTuple

import cloudpickle


class Step(NamedTuple):
    """One frame of a traceback: where its function begins, and the line that it had come to."""

    file: str
    name: str
    qualname: str
    first: int
    line: int


@dataclass(frozen=True)
class PackedError:
    """An exception, ready to travel: pickled, with its frames, and with what led to it."""

    data: bytes
    steps: tuple[Step, ...]
    cause: PackedError | None
    context: PackedError | None
    suppressed: bool


def pack_error(error: BaseException | None) -> PackedError | None:
    """Pack an exception.

    Raises
    ------
    Exception
        It does not pickle, or could not be read again; whatever its class raises.
    """
    if error is None:
        return None
    data = cloudpickle.dumps(error)
    # Exceptions that take other arguments than they hand to their base can be written and not read.
    pickle.loads(data)  # noqa: S301 -- made in the line above
    return PackedError(
        data,
        _steps(error.__traceback__),
        pack_error(error.__cause__),
        pack_error(error.__context__),
        error.__suppress_context__,
    )


def unpack_error(packed: PackedError) -> BaseException:
    """Give the exception again, with a traceback of this process."""
    error: BaseException = pickle.loads(packed.data)  # noqa: S301 -- from our own worker
    error.__cause__ = unpack_error(packed.cause) if packed.cause else None
    error.__context__ = unpack_error(packed.context) if packed.context else None
    error.__suppress_context__ = packed.suppressed
    return error.with_traceback(_traceback(packed.steps))


def _steps(traceback: TracebackType | None) -> tuple[Step, ...]:
    steps = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        steps.append(
            Step(code.co_filename, code.co_name, code.co_qualname, code.co_firstlineno, traceback.tb_lineno)
        )
        traceback = traceback.tb_next
    return tuple(steps)


def _traceback(steps: Sequence[Step]) -> TracebackType | None:
    made: TracebackType | None = None
    for step in reversed(steps):
        raised = _raised_at(step)
        made = TracebackType(made, raised.tb_frame, raised.tb_lasti, step.line)
    return made


def _raised_at(step: Step) -> TracebackType:
    """Raise something at the same line of a function that begins where the step's function began."""
    width = len(linecache.getline(step.file, step.line).rstrip()) or 1
    tree = ast.parse("def stand_in():\n    raise ValueError")
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt | ast.expr):
            node.lineno = step.first if isinstance(node, ast.FunctionDef) else step.line
            # As wide as the line: Python and IPython then mark no part of it, for which is not known.
            node.end_lineno, node.col_offset, node.end_col_offset = step.line, 0, width
    namespace: dict[str, FunctionType] = {}
    exec(compile(tree, step.file, "exec"), namespace)  # noqa: S102 -- the three lines above
    code = namespace["stand_in"].__code__.replace(co_name=step.name, co_qualname=step.qualname)
    try:
        FunctionType(code, {"__name__": "worker"})()
    except ValueError as ex:
        traceback = ex.__traceback__
    assert traceback is not None  # noqa: S101 -- it has just been raised
    assert traceback.tb_next is not None  # noqa: S101 -- by the function
    return traceback.tb_next
