"""What can happen to a file of a past run or of the cache, and its return to what it was."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Harm:
    """One thing that happens to a file, and how it is called."""

    name: str
    do: Callable[[Path], object]


def _instead(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def do(path: Path) -> None:
        path.unlink()
        make(path)

    return do


GONE = Harm("gone", lambda path: path.unlink())
STRANGE = (
    Harm("a folder", _instead(lambda path: path.mkdir())),
    Harm("a pipe", _instead(os.mkfifo)),
    Harm("an endless device", _instead(lambda path: path.symlink_to("/dev/zero"))),
    Harm("an empty device", _instead(lambda path: path.symlink_to("/dev/null"))),
    Harm("a link to itself", _instead(lambda path: path.symlink_to(path.name))),
    Harm("a link to nothing", _instead(lambda path: path.symlink_to("nowhere"))),
)


def holds(data: bytes, name: str = "") -> Harm:
    """Give the harm of holding something else."""
    return Harm(name or repr(data[:40]), _instead(lambda path: path.write_bytes(data)))


def cuts(data: bytes, lengths: Iterable[int]) -> list[Harm]:
    """Give the harm of being cut, at each of these lengths that are less than all."""
    return [holds(data[:n], f"cut at {n}") for n in sorted({*lengths}) if 0 <= n < len(data)]


def flips(data: bytes, count: int, seed: int = 8) -> list[Harm]:
    """Give the harm of one bit being another, at that many places, or at all of them."""
    places = range(8 * len(data))
    chosen = places if count >= len(places) else sorted(random.Random(seed).sample(places, count))  # noqa: S311 -- which cases to try
    return [flip(data, place) for place in chosen]


def flip(data: bytes, place: int) -> Harm:
    """Give the harm of this bit being another."""
    made = bytearray(data)
    made[place // 8] ^= 1 << place % 8
    return holds(bytes(made), f"bit {place % 8} of byte {place // 8}")


@contextlib.contextmanager
def harmed(path: Path, harm: Harm) -> Iterator[None]:
    """Do it to a file for the length of the block."""
    aside = path.with_name(f"{path.name}.aside")
    shutil.copy2(path, aside)
    try:
        harm.do(path)
        yield
    finally:
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        aside.replace(path)
