"""Which modules are mutated."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]

# What the truth of a spin hangs on: which inputs, which code, what came out, what is put back, what differs.
_ENGINE = (
    "artifacts blobs configs foresight graph linking local_metadata metadata past pickling prepare reader "
    "stand_ins state stores streams task"
)
_LOOP = "compare difference outcome"


def modules() -> list[str]:
    """List the modules of the engine and of the comparison that are mutated, as paths from the root."""
    found = [f"spin_magic/engine/{name}.py" for name in _ENGINE.split()]
    found += [f"spin_magic/loop/{name}.py" for name in _LOOP.split()]
    changes = ROOT.glob("spin_magic/report/changes/[!_]*.py")
    return found + sorted(path.relative_to(ROOT).as_posix() for path in changes)
