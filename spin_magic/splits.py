"""One step on many tasks at once: ``--all-splits`` and ``--last N``, without IPython."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spin_magic.api import spin_request
from spin_magic.engine.state import in_plain_words, preserved
from spin_magic.loop import texts
from spin_magic.loop.every import every_split, latest_runs, spin_every
from spin_magic.loop.request import Request, arguments, find_code
from spin_magic.result import SpinResult, SpinResults

__all__ = ["spin_splits"]


def spin_splits(
    flow: Any,
    step: str,
    *,
    last: int | None = None,
    check: bool = True,
    progress: Callable[[int, int, int], None] | None = None,
    **options: Any,
) -> SpinResults:
    """Run one step on every task of its foreach, or on its tasks in the latest runs.

    Parameters
    ----------
    flow, step
        As for `spin`.
    last : int, optional
        The tasks of the step in that many of the latest runs. Default: every split of the foreach, of
        one run or of what was spun of the parents; a join then takes these splits.
    check : bool, default True
        Raise the first failure, once all are done.
    progress : callable, optional
        Is told after each how many are done, of how many, and how many of them failed.
    **options
        What else `spin` takes.

    Returns
    -------
    SpinResults

    Raises
    ------
    SpinError
        The flow, the task or the cell is not as it must be; see `spin_magic.errors`.
    Exception
        With `check`, the first that a split raises.

    Examples
    --------
    >>> [r["score"] for r in spin_splits("trainflow.py", "train", set={"alpha": 0.1})]  # doctest: +SKIP
    """
    __tracebackhide__ = True
    how: dict[str, Any] = {"seed": None, "skip_decorators": False, "cards": True}
    how |= {name: options.pop(name) for name in how if name in options}
    request = Request(**arguments(flow=flow, step=step, **options))
    with preserved(), in_plain_words(), (code := find_code(request)).active():
        texts.begin(code, request)
        every = every_split(request, code) if last is None else latest_runs(request, code, last)

    def spin_one(one: Request, keep: Callable[..., None]) -> SpinResult:
        # Noted as one, or a good split would hide a failed one.
        return spin_request(one, how, keep, ended=lambda *_: None)

    results = spin_every(every, spin_one, progress)
    texts.end(code, request, results.error)
    if check and results.error is not None:
        raise results.error
    return results
