"""docs/mutants.md: for each module how many mutants were tried, and what became of them."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.rooms import ROOT
from tests.mutants.work import Fate

EQUIVALENT = Path(__file__).with_name("equivalent.toml")
PAGE = ROOT / "docs" / "mutants.md"
_FIGURES = re.compile(r"(?<=<!-- figures -->\n).*(?=<!-- /figures -->)", re.DOTALL)


@dataclass
class Count:
    """The mutants of a module, or of all."""

    places: int = 0
    tried: int = 0
    killed: int = 0
    equivalent: int = 0

    @property
    def survived(self) -> int:
        return self.tried - self.killed - self.equivalent

    def __add__(self, other: Count) -> Count:
        return Count(
            self.places + other.places,
            self.tried + other.tried,
            self.killed + other.killed,
            self.equivalent + other.equivalent,
        )


def judged() -> dict[tuple[str, str, str, str], str]:
    """Read the mutants that change nothing, with the reasons that somebody gave."""
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("mutant", [])
    return {(each["module"], each["kind"], each["was"], each["now"]): each["why"] for each in listed}


def counts(places: Mapping[str, int], fates: Sequence[Fate]) -> dict[str, Count]:
    """Count the fates of each module. What was killed is not equivalent, whoever said so."""
    known = judged()
    found = {module: Count(places=number) for module, number in places.items()}
    for fate in fates:
        found[fate.module] += Count(0, 1, bool(fate.by), not fate.by and fate.name in known)
    return found


def interval(killed: int, tried: int) -> tuple[float, float]:
    """Give Wilson's 95 % interval of a share."""
    if not tried:
        return 0.0, 1.0
    z, share = 1.96, killed / tried
    middle = (share + z * z / (2 * tried)) / (1 + z * z / tried)
    half = z * math.sqrt(share * (1 - share) / tried + z * z / (4 * tried * tried)) / (1 + z * z / tried)
    return middle - half, middle + half


def lines(
    places: Mapping[str, int], fates: Sequence[Fate], seed: int, drawn: int, unchanged: int
) -> list[str]:
    """Write the figures; `unchanged` modules were tried as they are, and no test failed."""
    found = counts(places, fates)
    total = sum(found.values(), Count())
    low, high = interval(total.killed, total.tried)
    apart = total.tried - total.equivalent
    timeouts = sum(fate.by == "timeout" for fate in fates)
    said = (
        f"Of {total.places:,} places, {drawn} were drawn with seed {seed} and {total.tried} tried. **The "
        f"tests killed {total.killed}, which is {_share(total.killed, total.tried)}** (95 % interval for all "
        f"places: {low:.1%} to {high:.1%}); without the {total.equivalent} that change nothing it is "
        f"**{_share(total.killed, apart)}**. {timeouts} of the killed ran into the time limit. "
        f"{unchanged} modules were tried unchanged, and no test failed."
    )
    if drawn > total.tried:
        said += (
            f" {drawn - total.tried} were not reached: had all of them survived, the share would be "
            f"{_share(total.killed, drawn)}."
        )
    return [
        said,
        "",
        "| module | places | tried | killed | change nothing | survived | of tried | of the rest |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
        *(_row(f"`{module.removeprefix('spin_magic/')}`", count) for module, count in found.items()),
        _row("**all**", total),
    ]


def _row(name: str, count: Count) -> str:
    shares = _share(count.killed, count.tried), _share(count.killed, count.tried - count.equivalent)
    numbers = count.places, count.tried, count.killed, count.equivalent, count.survived
    return "| " + " | ".join([name, *map(str, numbers), *shares]) + " |"


def _share(killed: int, tried: int) -> str:
    return f"{killed / tried:.1%}" if tried else "–"


def write(places: Mapping[str, int], fates: Sequence[Fate], seed: int, drawn: int, unchanged: int) -> None:
    """Put the figures into the page."""
    text = "\n".join(lines(places, fates, seed, drawn, unchanged))
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_FIGURES.sub(lambda _: f"\n{text}\n\n", page), encoding="utf-8")
