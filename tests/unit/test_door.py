"""The door: cheap to open, plain about what is missing."""

from __future__ import annotations

import importlib.metadata

import pytest

from spin_magic import versions
from spin_magic.engine import private
from spin_magic.errors import EngineError, SpinError, nearest


@pytest.mark.parametrize(
    ("version", "says"),
    [(None, "none is installed"), ("2.18.13", "this is 2.18.13"), ("2.19.9", "2.19.23 or newer")],
)
def test_a_metaflow_that_will_not_do_is_named(monkeypatch, version, says):
    monkeypatch.setattr(versions, "installed_version", lambda: version)
    assert says in versions.version_problem()


@pytest.mark.parametrize("version", ["2.19.23", "2.19.39", "2.20.1", "3.0.0", "2.19.40rc1"])
def test_newer_ones_are_accepted(monkeypatch, version):
    monkeypatch.setattr(versions, "installed_version", lambda: version)
    assert versions.version_problem() is None


def test_the_version_is_that_of_the_installed_package():
    assert versions.installed_version() == importlib.metadata.version("metaflow")


def test_a_missing_private_name_is_named(monkeypatch):
    gone = ("metaflow.task:MetaflowTask.no_such", "metaflow.gone:x")
    monkeypatch.setattr(private, "NAMES", (*private.NAMES, *gone))
    private.check.cache_clear()
    with pytest.raises(EngineError, match=r"lacks metaflow.task:MetaflowTask.no_such, metaflow.gone:x"):
        private.check()
    private.check.cache_clear()


def test_errors_show_as_one_line():
    assert SpinError("what, where, what next")._render_traceback_() == ["SpinError: what, where, what next"]


def test_nearest_names_what_was_meant():
    assert nearest("trian", ["train", "join"]) == " Did you mean 'train'?"
    assert nearest("zzz", ["train", "join"]) == ""
