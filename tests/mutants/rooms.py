"""Which modules are mutated."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]

# What only talks to S3 or to a metadata service, or lives in another process: its tests start servers and
# processes, and a mutant of it would take a minute instead of a second.
_ELSEWHERE = {
    f"spin_magic/engine/{name}.py"
    for name in (
        "ahead",
        "bulk",
        "isolated",
        "service_metadata",
        "service_requests",
        "storage",
        "storage_client",
        "storage_words",
    )
}
_OF_THE_LOOP = ("compare", "difference", "outcome")


def modules() -> list[str]:
    """List the modules of the engine and of the comparison, as paths from the root."""
    found = [
        *ROOT.glob("spin_magic/engine/*.py"),
        *(ROOT / "spin_magic" / "loop" / f"{name}.py" for name in _OF_THE_LOOP),
        *ROOT.glob("spin_magic/report/changes/*.py"),
    ]
    names = sorted(path.relative_to(ROOT).as_posix() for path in found if path.name != "__init__.py")
    return [name for name in names if name not in _ELSEWHERE]
