"""Compare what a spin gave with what the oracle read."""

from __future__ import annotations

from typing import Any

from tests.conformance.describe import describe, difference


def compare_artifacts(expected: dict[str, Any], result: Any, where: str) -> list[str]:
    """Name by name, both ways; a sentence for each difference."""
    names = set(result.artifacts)
    found = [f"{where}: {name} is in the run and not in the spin" for name in sorted(set(expected) - names)]
    found += [f"{where}: {name} is in the spin and not in the run" for name in sorted(names - set(expected))]
    for name in sorted(names & set(expected)):
        if text := difference(expected[name], describe(result.artifacts[name])):
            found.append(f"{where}: {name} {text}")
    return found


def compare_private(expected: dict[str, Any], result: Any, where: str) -> list[str]:
    """Compare the stacks and the transition that Metaflow keeps beside the artifacts."""
    found = []
    for name, value in expected.items():
        if text := difference(value, describe(getattr(result.self, name))):
            found.append(f"{where}: {name} {text}")
    return found
