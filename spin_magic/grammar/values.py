"""The values of options, checked as they are read."""

from __future__ import annotations

import argparse
import keyword
import re

# More splits than anybody spins in a notebook; a slip of the finger should not fill the memory.
_MOST = 100_000
_SPLITS = re.compile(r"\d+(-\d+)?")
_TARGET = re.compile(r"(?:(?P<input>\w+|\[\d+\])\.)?(?P<name>\w+)")


def assignment(text: str) -> tuple[str, str]:
    """Read ``NAME=EXPR``, of a join also ``STEP.NAME=EXPR`` and ``[I].NAME=EXPR``."""
    target, equals, expression = text.partition("=")
    target = target.strip()
    match = _TARGET.fullmatch(target)
    if not equals or not expression.strip():
        raise argparse.ArgumentTypeError(f"{text!r} should be NAME=EXPR, in quotes where it has spaces")
    if match is None or not all(map(_is_name, (match["name"], _step_of(match["input"])))):
        raise argparse.ArgumentTypeError(f"{target!r} should be NAME, or STEP.NAME or [I].NAME for a join")
    return target, expression.strip()


def _step_of(prefix: str | None) -> str:
    return prefix if prefix and not prefix.startswith("[") else "any"


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def name(text: str) -> str:
    """Read a name that can be bound."""
    if not _is_name(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a name that can be bound")
    return text


def names(text: str) -> tuple[str, ...]:
    """Read names with commas between them."""
    read = tuple(name(part.strip()) for part in text.split(",") if part.strip())
    if not read:
        raise argparse.ArgumentTypeError("at least one name is needed, as in --only df,alpha")
    return read


def step_names(text: str) -> tuple[str, ...]:
    """Read names of steps with commas between them."""
    read = tuple(part.strip() for part in text.split(","))
    if not all(map(_is_name, read)):
        raise argparse.ArgumentTypeError(f"{text!r} should be a step's name, or several as in a,b")
    return read


def integer(text: str) -> int:
    """Read a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def positive(text: str) -> int:
    """Read a whole number, 1 or more."""
    if (read := integer(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} should be 1 or more")
    return read


def indices(text: str) -> int | tuple[int, ...]:
    """Read a split index, or several: ``0,3,7``, ``2-5``, ``0,4-6``."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 1 and "-" not in text.strip()[1:]:
        return integer(text)
    read: dict[int, None] = {}
    for part in parts:
        if not _SPLITS.fullmatch(part):
            raise argparse.ArgumentTypeError(
                f"{text!r} should be a split index, or several as in 0,3,7 or 2-5"
            )
        first, _, last = part.partition("-")
        if int(last or first) < int(first):
            raise argparse.ArgumentTypeError(f"{part!r} counts down: write {last}-{first}")
        if int(last or first) - int(first) >= _MOST:
            raise argparse.ArgumentTypeError(f"{part!r} has more than {_MOST:,} splits")
        read |= dict.fromkeys(range(int(first), int(last or first) + 1))
    return tuple(read)
