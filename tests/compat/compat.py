"""`make compat`: the tests with other versions of what they run on, each in an environment of its own.

The environments are made in `.venv-compat`, and what came of each stands in docs/compat.md. See `--help`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIGURES = Path(__file__).with_name("figures.json")
PAGE = ROOT / "docs" / "compat.md"
MARKS = "<!-- compat -->\n", "<!-- /compat -->"
RINGS = ["tests/conformance", "tests/shell", "tests/unit"]
SHOWN = [
    "metaflow",
    "ipython",
    "ipykernel",
    "ipywidgets",
    "pandas",
    "numpy",
    "polars",
    "pyarrow",
    "scikit-learn",
]


@dataclass(frozen=True)
class Environment:
    """Versions to try: what is asked of the resolver beyond pyproject.toml."""

    name: str
    what: str
    wanted: tuple[str, ...] = ()
    oldest: bool = False
    python: str = f"{sys.version_info.major}.{sys.version_info.minor}"


def floor(package: str) -> str:
    """Give the oldest version of a package that pyproject.toml takes."""
    found = re.search(rf'"{package}>=([\d.]+)', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    if found is None:
        msg = f"pyproject.toml has no oldest version of {package}."
        raise SystemExit(msg)
    return found[1]


ENVIRONMENTS = [
    Environment("oldest", "the oldest of all that `pyproject.toml` takes", oldest=True),
    Environment(
        "old-data",
        "newest Metaflow; last IPython 8, pandas 2 and NumPy 1",
        # pyarrow 26 does not say so, and needs NumPy 2.
        ("ipython<9", "pandas<3", "numpy<2", "pyarrow<26"),
    ),
    Environment(
        "old-metaflow",
        "oldest Metaflow; newest of all else",
        (f"metaflow=={floor('metaflow')}", "ipython>=9", "pandas>=3", "numpy>=2"),
    ),
    Environment("newest", "newest of all"),
    Environment("python-3.12", "newest of all", python="3.12"),
    Environment("python-3.13", "newest of all", python="3.13"),
]


@dataclass(frozen=True)
class Outcome:
    """What came of the tests in one environment; without versions, why there are none."""

    what: str
    python: str
    day: str
    versions: dict[str, str]
    tests: str = ""
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    minutes: float = 0
    why: str = ""
    remark: str = ""


def main() -> None:
    """Make the environments, run the tests in each, and write the page after each."""
    names = [each.name for each in ENVIRONMENTS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(names)}; default: all")
    parser.add_argument("--tests", nargs="+", default=RINGS, help="files or folders of tests")
    given = parser.parse_args()
    if unknown := set(given.names) - set(names):
        parser.error(f"no environment is called {', '.join(sorted(unknown))}")
    failed = 0
    for environment in ENVIRONMENTS:
        if given.names and environment.name not in given.names:
            continue
        print(f"{environment.name}: {environment.what}", flush=True)
        outcome = tried(environment, given.tests)
        print(f"  {outcome.why or f'{outcome.passed} passed, {outcome.failed} failed'}", flush=True)
        failed += outcome.failed
        keep(environment.name, outcome)
    raise SystemExit(bool(failed))


def tried(environment: Environment, tests: list[str]) -> Outcome:
    """Make an environment and run the tests in it."""
    folder = ROOT / ".venv-compat" / environment.name
    python, report = folder / "bin" / "python", folder / "report.xml"
    resolution = ["--resolution", "lowest-direct"] if environment.oldest else []
    try:
        uv("venv", "--quiet", "--clear", "--no-python-downloads", "--python", environment.python, str(folder))
        install = ["pip", "install", "--quiet", "--python", str(python), *resolution]
        uv(*install, "-e", ".[test]", *environment.wanted)
    except subprocess.CalledProcessError as error:
        print(error.stderr)
        why = (
            "not run: there is no such Python on the path"
            if "interpreter" in error.stderr
            else "not run: no versions fit"
        )
        return Outcome(environment.what, environment.python, today(), {}, why=why)
    # Old releases warn of each other, and Metaflow of itself; a machine that is busy is slow.
    lenient = ["-Wdefault"]
    options = ["-q", "-p", "no:cacheprovider", "-o", "timeout=3600", f"--junitxml={report}"]
    command = [str(python), "-m", "pytest", *options, *([] if environment.name == "newest" else lenient)]
    here = os.environ | {"PYTHONPATH": str(ROOT)}
    # A shell has what it begins in the background ignore interrupts, and some tests send one.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    subprocess.run([*command, *tests], cwd=ROOT, env=here, check=False)
    return outcome_of(environment, python, report, tests)


def outcome_of(environment: Environment, python: Path, report: Path, tests: list[str]) -> Outcome:
    """Read the versions of an environment and pytest's report."""
    listed = json.loads(uv("pip", "list", "--format", "json", "--python", str(python)))
    [suite] = ET.parse(report).iter("testsuite")  # noqa: S314 -- pytest's own file
    total, skipped = (int(suite.attrib[key]) for key in ("tests", "skipped"))
    bad = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
    return Outcome(
        environment.what,
        said_by(str(python), "-V").split()[-1],
        today(),
        {each["name"]: each["version"] for each in listed if each["name"] in SHOWN},
        ", ".join(each.removeprefix("tests/") for each in tests),
        total - bad - skipped,
        bad,
        skipped,
        float(suite.attrib["time"]) / 60,
    )


def today() -> str:
    """Give the day."""
    return datetime.now(UTC).date().isoformat()


def uv(*arguments: str) -> str:
    """Run uv with the registry that pip has, and give what it says."""
    configured = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    index = {"UV_DEFAULT_INDEX": configured} if configured else {}
    return said_by(str(Path(sys.executable).with_name("uv")), *arguments, **index)


def said_by(*command: str, **environment: str) -> str:
    """Run a command that must not fail, and give what it says."""
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def keep(name: str, outcome: Outcome) -> None:
    """Put an outcome in the place of what is known of its environment, and write the page anew."""
    known = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    known[name] = asdict(outcome)
    known = {each.name: known[each.name] for each in ENVIRONMENTS if each.name in known}
    FIGURES.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    table = "\n".join(table_of(known))
    PAGE.write_text(f"{before}{MARKS[0]}{table}\n{MARKS[1]}{after}", encoding="utf-8")


def table_of(known: dict[str, dict]) -> list[str]:
    """Give the table as the page has it: an environment in a column."""
    ran = {name: each for name, each in known.items() if not each["why"]}
    rows = {"": [f"`{name}`" for name in ran], "Python": [each["python"] for each in ran.values()]}
    rows |= {package: [each["versions"].get(package, "") for each in ran.values()] for package in SHOWN}
    rows["tests"] = [each["tests"] for each in ran.values()]
    rows |= {key: [f"{each[key]:,}" for each in ran.values()] for key in ("passed", "failed", "skipped")}
    rows["minutes"] = [f"{each['minutes']:.0f}" for each in ran.values()]
    rows["on"] = [each["day"] for each in ran.values()]
    head, *body = (f"| {' | '.join([name, *cells])} |" for name, cells in rows.items())
    said = [
        f"- `{name}`: {'; '.join(filter(None, (each['what'], each['why'], each['remark'])))}."
        for name, each in known.items()
    ]
    return [*said, "", head, f"|---|{'---|' * len(ran)}", *body]


if __name__ == "__main__":
    main()
