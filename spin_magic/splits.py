"""One step on many tasks at once: ``--all-splits``, ``--last N`` and ``--index 0,3,7``, without IPython."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from spin_magic.engine.state import in_plain_words, preserved
from spin_magic.errors import OptionError
from spin_magic.interrupts import patient
from spin_magic.loop import texts
from spin_magic.loop.every import Keep, in_turn, spin_every
from spin_magic.loop.request import Request, arguments, find_code
from spin_magic.loop.spin_one import spin_request
from spin_magic.loop.which_tasks import Every, every_split, latest_runs
from spin_magic.many import SpinResults
from spin_magic.result import SpinResult

__all__ = ["spin_splits"]


def spin_splits(
    flow: Any,
    step: str,
    *,
    index: int | Iterable[int] | None = None,
    last: int | None = None,
    jobs: int = 1,
    show: str | Iterable[str] = (),
    check: bool = True,
    progress: Callable[[int, int, int], None] | None = None,
    **options: Any,
) -> SpinResults:
    """Run one step on every task of its foreach, on some of them, or on its tasks in the latest runs.

    Parameters
    ----------
    flow, step
        As for `spin`.
    index : iterable of int, optional
        The tasks with these split indices. Default: all.
    last : int, optional
        The tasks of the step in that many of the latest runs. Default: the splits of the foreach, of
        one run or of what was spun of the parents; a join then takes these splits.
    jobs : int, default 1
        In so many processes beside this one. They take their inputs from a run, and the flow from its
        file.
    show : str or iterable of str, optional
        The artifacts that the table shows. Default: what the step made that fits into a cell.
    check : bool, default True
        Raise the first failure, once all are done.
    progress : callable, optional
        Is told, at first and after each, how many are done, of how many, and how many of them failed.
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
    if not _whole(jobs, 1):
        raise OptionError(f"jobs must be a whole number, 1 or more, not {jobs!r}.")
    how: dict[str, Any] = {"seed": None, "skip_decorators": False, "cards": True}
    how |= {name: options.pop(name) for name in how if name in options}
    one, indices = (index, ()) if index is None or isinstance(index, int) else (None, _indices(index))
    request = Request(**arguments(flow=flow, step=step, index=one, **options))
    if request.isolated and jobs > 1:
        raise OptionError("--isolated starts a process for each task: leave --jobs out.")
    with preserved(), in_plain_words(), (code := find_code(request)).active():
        texts.begin(code, request)
        every = (
            every_split(request, code, indices) if last is None else latest_runs(request, code, last, indices)
        )

    def spin_one(one: Request, keep: Keep) -> SpinResult:
        # Noted as one, or a good split would hide a failed one.
        return spin_request(one, how, keep, ended=lambda *_: None)

    def spun(every: Every, keep: Keep) -> Iterator[tuple[int, SpinResult]]:
        if jobs == 1:
            return in_turn(every, keep, spin_one)
        from spin_magic.jobs import in_processes  # noqa: PLC0415 -- only those who ask for it wait for loky

        return in_processes(every, keep, how, jobs)

    names = (show,) if isinstance(show, str) else tuple(show)
    with patient():
        results = spin_every(every, spun, progress, names)
    texts.end(code, request, results.error)
    if check and results.error is not None:
        raise results.error
    return results


def _indices(given: Iterable[int]) -> tuple[int, ...]:
    read = tuple(dict.fromkeys(given))
    if not read or not all(_whole(each, 0) for each in read):
        raise OptionError(f"index must be a split index, or several from 0 on, not {given!r}.")
    return read


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and value >= least
