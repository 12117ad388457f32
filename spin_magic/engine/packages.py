"""Packages that a step's decorators ask for, beside those of this kernel."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any

from metaflow._vendor.packaging.specifiers import InvalidSpecifier, SpecifierSet
from metaflow._vendor.packaging.version import InvalidVersion
from metaflow.flowspec import FlowStateItems

from spin_magic.engine.prepare import step_function

_KINDS = ("pypi", "conda")


def differences(cls: Any, step: str) -> list[str]:
    """Say which packages differ in this kernel from what ``@pypi`` and ``@conda`` ask for.

    Parameters
    ----------
    cls : type
        The flow class, prepared.
    step : str
        Name of the step.

    Returns
    -------
    list of str
        A sentence each, with what to do about it.
    """
    notes = []
    for kind in _KINDS:
        packages, python = _asked(cls, step, kind)
        # A Python without its last number leaves that open; a package's bare version is that very one.
        wanted = [("python", python if python.count(".") > 1 else f"{python}.*")] if python else []
        for name, version in [*wanted, *packages.items()]:
            here = _installed(name)
            # Conda's packages may go by other names.
            if (here is None and kind == "conda") or _fits(version, here):
                continue
            has = f"this kernel has {here}" if here else "this kernel has none"
            with_version = f"{name} {version}".rstrip()
            notes.append(
                f"@{kind} asks for {with_version} and {has}: `run` may do something else. "
                f"See it with --isolated, or in a kernel that has {with_version}."
            )
    return notes


def asked_kinds(cls: Any, step: str) -> list[str]:
    """List which of the decorators that choose packages a step has, and are not turned off."""
    return [kind for kind in _KINDS if any(_asked(cls, step, kind))]


def _asked(cls: Any, step: str, kind: str) -> tuple[dict[str, str], str]:
    """Give the packages and the Python that a kind of decorator asks for; a step's come before the flow's."""
    own = [d for d in getattr(step_function(getattr(cls, step)), "decorators", ()) if d.name == kind]
    of_flow = cls._flow_state[FlowStateItems.FLOW_DECORATORS]
    found = [*of_flow.get(f"{kind}_base", ()), *own]
    packages: dict[str, str] = {}
    python, disabled = "", None
    for decorator in found:
        attributes = decorator.attributes
        packages |= {**(attributes.get("libraries") or {}), **(attributes.get("packages") or {})}
        python = attributes.get("python") or python
        disabled = attributes.get("disabled") if attributes.get("disabled") is not None else disabled
    return ({}, "") if disabled else (packages, str(python))


def _installed(name: str) -> str | None:
    if name == "python":
        return platform.python_version()
    try:
        return metadata.version(name.partition("[")[0].rpartition("::")[2])
    except metadata.PackageNotFoundError:
        return None


def _fits(wanted: str, here: str | None) -> bool:
    """Tell whether a version is what was asked for; true where that cannot be told."""
    text = str(wanted).strip()
    if here is None or "@" in text or "://" in text:
        return here is not None
    if not text:
        return True
    bare = text[0].isdigit()
    try:
        return bool(SpecifierSet(f"=={text}" if bare else text).contains(here, prereleases=True))
    except (InvalidSpecifier, InvalidVersion):
        return True
