"""All cases in one run, and the tables that come of them."""

from __future__ import annotations

import argparse
import compileall
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from tests.bench import machine
from tests.bench.cases import cards, cold, completing, door, large, latest, soak, step, wide
from tests.bench.figures import Chapter, sentence, table_of_figures
from tests.bench.place import ROOT, Place
from tests.bench.scale import FULL, QUICK, Scale

CASES: dict[str, Callable[[Place], Chapter]] = {
    "step": step.measure,
    "large": large.measure,
    "cold": cold.measure,
    "wide": wide.measure,
    "latest": latest.measure,
    "load": door.measure,
    "completing": completing.measure,
    "cards": cards.measure,
    "soak": soak.measure,
}
README = ROOT / "README.md"
RESULTS = Path(__file__).parent / "RESULTS.md"
INTRODUCTION = (
    "Made by `make bench`: everything in one run, on the same flows and data. "
    "Each figure is a median where nothing else is said."
)
BETWEEN_MARKERS = re.compile(r"(?<=<!-- bench -->\n).*?(?=<!-- /bench -->)", re.DOTALL)


def main() -> None:
    """Measure what was asked for, print it, and write it where people look for it."""
    parser = argparse.ArgumentParser(description="Spin by the command line, by Runner, and by spin_magic.")
    parser.add_argument("--quick", action="store_true", help="small data, few repetitions; writes no file")
    parser.add_argument(
        "--only", nargs="+", choices=CASES, metavar="CASE", help=f"of: {', '.join(CASES)}; writes no file"
    )
    options = parser.parse_args()

    # So that the folder, some gigabytes, is removed then too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # As pip does when it installs a package.
    compileall.compile_dir(ROOT / "spin_magic", quiet=1)
    begun = time.perf_counter()
    chapters, spent = _measure(QUICK if options.quick else FULL, options.only or list(CASES))
    seconds = time.perf_counter() - begun
    text = results(chapters, machine.describe())
    print(f"\n{text}\n{_times(chapters, spent, seconds)}")
    if options.quick or options.only:
        return
    RESULTS.write_text(f"{text}\n{_times(chapters, spent, seconds)}\n", encoding="utf-8")
    old = README.read_text(encoding="utf-8")
    README.write_text(in_readme(old, chapters, machine.describe()), encoding="utf-8")


def results(chapters: list[Chapter], measured_on: str) -> str:
    """Write the whole report.

    Parameters
    ----------
    chapters : list of Chapter
        What was found.
    measured_on : str
        The machine.

    Returns
    -------
    str
        Markdown.
    """
    figures = [figure for chapter in chapters for figure in chapter.figures]
    parts = [
        "# How fast a spin is",
        INTRODUCTION,
        measured_on,
        sentence(figures),
        table_of_figures(figures),
        *(chapter.text for chapter in chapters),
    ]
    return "\n\n".join(parts) + "\n"


def in_readme(readme: str, chapters: list[Chapter], measured_on: str) -> str:
    """Put the short table between the README's markers.

    Parameters
    ----------
    readme : str
        Its text.
    chapters : list of Chapter
        What was found.
    measured_on : str
        The machine.

    Returns
    -------
    str
        The new text.
    """
    figures = [figure for chapter in chapters for figure in chapter.figures]
    short = table_of_figures([figure for figure in figures if figure.short])
    more = "How each was measured, and all the others: [`tests/bench/RESULTS.md`](tests/bench/RESULTS.md)."
    text = f"{short}\n\n{sentence(figures)} {more}\n{measured_on}\n"
    return BETWEEN_MARKERS.sub(lambda _: text, readme)


def _measure(scale: Scale, names: list[str]) -> tuple[list[Chapter], dict[str, float]]:
    chapters = []
    with tempfile.TemporaryDirectory(prefix="spin_bench_") as folder:
        place = Place(Path(folder), scale)
        for name in (bar := tqdm(names, unit="case", position=0)):
            bar.set_description(name)
            begun = time.perf_counter()
            chapter = CASES[name](place)
            chapter.seconds = time.perf_counter() - begun
            chapters.append(chapter)
    return chapters, place.spent


def _times(chapters: list[Chapter], spent: dict[str, float], seconds: float) -> str:
    """Say where the time of the benchmark itself went."""
    by_case = "; ".join(f"{chapter.title} {chapter.seconds:.0f} s" for chapter in chapters)
    making = ", ".join(f"{what} {took:.0f} s" for what, took in spent.items())
    return f"The benchmark took {seconds / 60:.1f} minutes. {by_case}. In that, making {making}."
