"""Runs the flow inside the package: the way to run a flow with relative imports."""

from __future__ import annotations

from pkg.sub.flow import PkgFlow

if __name__ == "__main__":
    PkgFlow()
