"""`make mutants`: changes the engine and the comparison in many places, and looks which a test notices.

The real runs, the tests of each line and the fates of mutants are kept in the folder ``--place``: what was
tried already is not tried again. `docs/mutants.md` says more.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.conformance.cases import METAFLOW, ONE_BY_NAME
from tests.conformance.runs import Runner, make_project
from tests.mutants import page
from tests.mutants.mutants import Mutant, population, sample, text_of
from tests.mutants.rooms import ROOT, modules
from tests.mutants.tests_of import Covering
from tests.mutants.work import Fate, read, try_all

# What runs in this process alone: servers and kernels do not feel a mutant, or take too long to.
_NOT_HERE = [
    "remote",
    "remote_kernel",
    "service",
    "service_messages",
    "storage_messages",
    "isolated",
    "tutorials",
]
TESTS = ["tests/unit", "tests/conformance", "tests/shell", "-m", "not slow"]
# Those with threads and alarms of their own hang while coverage looks on.
TESTS += ["-k", "not thread and not asyncio and not limit and not time"]
TESTS += [f"--ignore=tests/conformance/test_{name}.py" for name in _NOT_HERE]


def main(arguments: Sequence[str] | None = None) -> None:
    """Do it all."""
    chosen = _parser().parse_args(arguments)
    place = chosen.place.resolve()
    place.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("METAFLOW_USER", "tester")
    runs, lines, results = (place / "runs").resolve(), place / "lines.json", place / "fates.jsonl"
    _run_flows(runs)
    if not lines.exists():
        _cover(lines, runs)
    covering = Covering(**json.loads(lines.read_text()))
    places = population()
    drawn = sample(places, chosen.size, chosen.seed)
    _try_again(chosen.again, results)
    known = {fate.name for fate in read(results)}
    controls = [
        Mutant(module, 1, "NoOp", "", module, text_of(module)) for module in modules()[:: chosen.controls]
    ]
    waiting = [each for each in controls + drawn if each.name not in known]
    random.shuffle(waiting)  # whoever stops it early has tried some of each module
    print(f"{len(drawn)} mutants of {sum(map(len, places.values()))} places; {len(waiting)} to try")
    try_all(waiting, covering, place, runs, results)
    names = {each.name for each in drawn}
    fates = [fate for fate in read(results) if fate.name in names]
    unchanged = [fate for fate in read(results) if fate.kind == "NoOp"]
    if wrong := [fate.by for fate in unchanged if fate.by]:
        sys.exit(f"Nothing is known: these fail without any change: {', '.join(wrong)}")
    for fate in fates:
        if not fate.by and fate.name not in page.judged():
            print(f"{fate.module}:{fate.line}: {fate.kind}\n  - {fate.was}\n  + {fate.now}")
    page.write(
        {module: len(found) for module, found in places.items()},
        fates,
        chosen.seed,
        len(names),
        len(unchanged),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("make mutants", description=__doc__)
    parser.add_argument("--place", type=Path, default=ROOT / ".mutants", help="the folder (default .mutants)")
    parser.add_argument("--size", type=int, default=500, help="how many mutants (default 500)")
    parser.add_argument("--seed", type=int, default=8, help="which ones (default 8)")
    parser.add_argument(
        "--controls", type=int, default=2, help="one in so many modules is tried unchanged, too"
    )
    parser.add_argument(
        "--again", action="store_true", help="try again what survived, after tests were added"
    )
    return parser


def _run_flows(runs: Path) -> None:
    runner = Runner(runs if runs.exists() else make_project(runs))
    started = [runner.start(case) for case in ONE_BY_NAME.values() if case.since <= METAFLOW]
    for run in started:
        run.result()
    runner.close()


def _cover(lines: Path, runs: Path) -> None:
    plugin = ["-p", "tests.mutants.covering", "--lines", str(lines), "--runs", str(runs)]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, *TESTS]
    subprocess.run(command, cwd=ROOT, check=False)


def _try_again(again: bool, results: Path) -> None:  # noqa: FBT001 -- the option
    if again:
        kept: list[Fate] = [fate for fate in read(results) if fate.by]
        results.write_text("".join(json.dumps(vars(fate)) + "\n" for fate in kept), encoding="utf-8")


if __name__ == "__main__":
    main()
