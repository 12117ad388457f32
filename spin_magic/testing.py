"""Tests of steps: one written from a spin, and the digest that it compares large values by."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from spin_magic import api
from spin_magic.engine.state import in_plain_words, preserved
from spin_magic.loop import session
from spin_magic.loop.digest import digest
from spin_magic.loop.request import Request, find_code
from spin_magic.loop.spin_test import WrittenTest, written_test
from spin_magic.paths import path_of
from spin_magic.result import SpinResult
from spin_magic.runs.wanted import parse_step

__all__ = ["WrittenTest", "digest", "spin_test"]


def spin_test(
    flow: Any,
    step: str,
    *,
    file: str | os.PathLike[str] | None = None,
    dry_run: bool = False,
    notebook: Mapping[str, Any] | None = None,
) -> WrittenTest:
    """Write a pytest function that spins a step as it was last spun here, and asserts what came out.

    The step is spun once more, as the test will: what is another then is left out, with a comment.

    Parameters
    ----------
    flow : str or type
        As for `spin`.
    step : str
        Name of the step. It must have been spun well in this process.
    file : path, optional
        A test file, new or not: the test is added at its end, and none that is there is touched.
    dry_run : bool, default False
        Give the text and write nothing.
    notebook : mapping, optional
        Names of the notebook: flows that it defines.

    Returns
    -------
    WrittenTest
        The test's name, text and file.

    Raises
    ------
    SpinError
        A test in another process could not spin the step so, or the file cannot be written.
    """
    __tracebackhide__ = True
    request = Request(flow=flow, step=step, notebook=notebook or {})
    with preserved(), in_plain_words(), (code := find_code(request)).active():
        name = parse_step(step, code.cls.__name__).step
    where = session.key(code, name)

    def respin(*args: Any, **kwargs: Any) -> SpinResult:
        before = session.last(where)
        try:
            return api.spin(*args, **kwargs)
        finally:
            # The last good spin stays the user's own.
            if before is not None:
                session.remember(where, before)

    path = path_of(file) if file is not None else None
    return written_test(code, name, path, respin, dry_run=dry_run)
