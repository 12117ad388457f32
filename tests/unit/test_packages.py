from __future__ import annotations

import platform

import pytest
from metaflow import FlowSpec, conda, pypi, pypi_base, step

from spin_magic.engine.packages import differences

PYTHON = platform.python_version()
VERSIONS = {"pandas": "2.2.0", "numpy": "1.26.4"}


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    """A kernel with two packages."""
    from importlib import metadata

    def version(name):
        if name not in VERSIONS:
            raise metadata.PackageNotFoundError(name)
        return VERSIONS[name]

    monkeypatch.setattr(metadata, "version", version)


def flow(decorator, base=None):
    class PackedFlow(FlowSpec):
        @decorator
        @step
        def start(self):
            self.next(self.end)

        @step
        def end(self):
            pass

    return base(PackedFlow) if base else PackedFlow


@pytest.mark.parametrize(
    ("decorator", "said"),
    [
        (pypi(packages={"pandas": "2.2.0", "numpy": ">=1.20,<2"}), []),
        (pypi(packages={"pandas": "2.2", "numpy": ""}), []),
        (pypi(packages={"pandas": "1.5.3"}), ["pandas 1.5.3 and this kernel has 2.2.0"]),
        (pypi(packages={"numpy": ">=2"}), ["numpy >=2 and this kernel has 1.26.4"]),
        (pypi(packages={"tiny": "1.0"}), ["tiny 1.0 and this kernel has none"]),
        (pypi(packages={"pandas": "1.5.3"}, disabled=True), []),
        (pypi(packages={"pandas": "git+https://example.org/pandas@main"}), []),
        (pypi(python="2.7.1"), [f"python 2.7.1 and this kernel has {PYTHON}"]),
        (pypi(python=PYTHON.rpartition(".")[0]), []),
        (conda(packages={"pytorch": "1.0", "pandas": "1.5.3"}), ["pandas 1.5.3 and this kernel has 2.2.0"]),
        (conda(libraries={"pandas": "1.5.3"}), ["pandas 1.5.3 and this kernel has 2.2.0"]),
    ],
)
def test_packages_that_differ_from_the_kernel_s(decorator, said):
    notes = differences(flow(decorator), "start")

    assert len(notes) == len(said)
    for note, part in zip(notes, said, strict=True):
        assert part in note
        assert "See it with --isolated" in note


def test_a_step_s_own_version_comes_before_the_flow_s():
    made = flow(pypi(packages={"pandas": "2.2.0"}), pypi_base(packages={"pandas": "1.5.3", "numpy": "2.0.0"}))

    [note] = differences(made, "start")

    assert "numpy 2.0.0" in note
