"""Rounds of made-up cases until the time is over; each has a seed, by which it can be had again."""

from __future__ import annotations

import contextlib
import signal
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, seed, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import SearchStrategy

# Of the processor's time, which other processes of the machine do not make longer.
HANGS = 2.0
EXAMPLES = 100
LONGEST = 2_100


@dataclass(frozen=True)
class Target:
    """What makes cases of one kind, and what may come of one.

    `check` gives a word for what came of a case, and raises where it is neither an answer that is right
    nor an error of ours in a sentence.
    """

    cases: SearchStrategy[Any]
    check: Callable[[Any], str]


@dataclass
class Played:
    """How many cases were played, with which seeds, and what came of them."""

    first: int
    rounds: int = 0
    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def seeds(self) -> str:
        """The seeds, in words."""
        last = self.first + self.rounds - 1
        return f"seed {self.first}" if self.rounds == 1 else f"seeds {self.first} to {last}"


def play(target: Target, first: int, *, seconds: float = 0, examples: int = EXAMPLES) -> Played:
    """Play one round, and more until the time is over."""
    ends = time.monotonic() + seconds
    played = Played(first)

    def one(case: Any) -> None:
        with bounded(), warnings.catch_warnings():
            warnings.simplefilter("error")
            outcome = target.check(case)
        played.cases += 1
        played.outcomes[outcome] += 1

    while not played.rounds or time.monotonic() < ends:
        a_round = settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )(given(target.cases)(one))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what libraries say while a case is made of them
            seed(first + played.rounds)(a_round)()
        played.rounds += 1
    return played


class Hangs(BaseException):
    """A case takes too long."""


@contextlib.contextmanager
def bounded() -> Iterator[None]:
    """Stop what takes too long; also where it is swallowed, it is noticed."""
    began = time.process_time()
    before = signal.signal(signal.SIGPROF, _hangs)
    signal.setitimer(signal.ITIMER_PROF, HANGS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    assert time.process_time() - began < HANGS, "it took too long"


def _hangs(*_: object) -> None:
    raise Hangs


def is_a_sentence(error: BaseException, *of: str) -> None:
    """Check that an error of ours says something, one of these where some are given, and not without end."""
    said = str(error)
    assert said.strip()
    assert len(said) <= LONGEST, f"{len(said)} characters: {said[:200]}"
    assert not of or any(each in said for each in of), said
