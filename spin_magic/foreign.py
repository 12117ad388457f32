"""Code of an artifact's own that runs in passing (a pickle, an ``==``): bounded, and no end of the caller."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from spin_magic.alarm import has_alarm, ringing
from spin_magic.printable import one_line


class TooSlow(BaseException):
    """Raised inside code that takes longer than it was given.

    Not an ``Exception``, so that an ``except Exception`` in that code does not swallow it.
    """


class Misbehaved(Exception):  # noqa: N818 -- an answer, not a failure
    """Code of an artifact's own took too long or meant to end the process; the message says which."""


class Overdue(Misbehaved):
    """It took too long."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TooSlow` in the block after some seconds.

    Works in the main thread of a system with timer signals; elsewhere the block has no limit. A timer
    that someone else has set goes on afterwards, and one that would ring earlier is left alone.

    Parameters
    ----------
    seconds : float
        How long the block may take.
    """
    if not has_alarm() or 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= seconds:
        yield
        return

    def stop(_frame: FrameType | None) -> None:
        raise TooSlow

    with ringing(seconds, 0.05, stop):
        yield


@contextlib.contextmanager
def contained(seconds: float | None = None) -> Iterator[None]:
    """Raise nothing from the block but an ``Exception``, or the user's interrupt.

    Parameters
    ----------
    seconds : float, optional
        How long the block may take, as for `time_limit`. Default: as long as it does.

    Raises
    ------
    Overdue
        It took longer.
    Misbehaved
        It raised what ends a process, as `SystemExit`.
    """
    try:
        with time_limit(seconds) if seconds is not None else contextlib.nullcontext():
            yield
    except (Exception, KeyboardInterrupt):
        raise
    except TooSlow:
        if seconds is None:  # somebody else's limit
            raise
        msg = f"took longer than {seconds:g} s"
        raise Overdue(msg) from None
    except BaseException as ex:
        raise Misbehaved(said_of(ex)) from ex


def said_of(error: BaseException) -> str:
    """Give an exception on one line, its class first; one that was contained as it was raised."""
    if isinstance(error, Overdue):
        return str(error)
    if isinstance(error, Misbehaved) and error.__cause__ is not None:
        return said_of(error.__cause__)
    text = one_line(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
