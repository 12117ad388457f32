"""The wheel in a new environment: the magics are there, at no cost, and go without a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kernel.harness import fresh_kernel
from tests.kernel.installed import Installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.kernel.harness import Kernel

OURS = "sorted(n for n in sys.modules if n.partition('.')[0] in {'spin_magic', 'metaflow', 'ipywidgets'})"


@pytest.fixture(scope="module")
def running(installed: Installed, ran: Path) -> Iterator[Kernel]:
    """A kernel of that environment, in which nothing has been loaded."""
    with fresh_kernel(ran, installed.python, installed.environment) as kernel:
        yield kernel


# In this order: each loads a little more.


def test_a_kernel_starts_as_if_nothing_were_installed(running: Kernel) -> None:
    assert running.run("%who").streams.strip() == "Interactive namespace is empty."
    running.run("import sys")
    assert running.value(OURS) == "['spin_magic', 'spin_magic.lazy']"


def test_the_first_tab_brings_what_it_takes(running: Kernel) -> None:
    cell = "%spin SmallFlow "
    reply = running.client.complete(cell, len(cell), reply=True, timeout=30)["content"]
    assert reply["status"] == "ok"
    assert running.value("'spin_magic.magics' in sys.modules, 'metaflow' in sys.modules")[:5] == "(True"


def test_the_magics_run_without_load_ext(running: Kernel, installed: Installed) -> None:
    spun = running.run("%%spin SmallFlow work --index 1\nself.doubled = self.input * 5\nself.next(self.join)")
    assert not spun.failed, spun.text
    assert running.value("_spin['doubled']") == "10"
    assert spun.data("text/html")
    home = running.value("sys.modules['spin_magic'].__file__")
    assert str(installed.prefix) in home


def test_load_ext_on_top_is_quiet_and_unload_takes_all_away(running: Kernel) -> None:
    loaded = running.run("%load_ext spin_magic")
    assert "already loaded" in loaded.text
    running.run("%reload_ext spin_magic")
    assert not running.run("%spin SmallFlow work").failed
    running.run("%unload_ext spin_magic")
    gone = running.run("%spin SmallFlow work")
    assert gone.failed
    assert "`%spin` not found" in gone.text
    assert running.value("[m for m in get_ipython().Completer.custom_matchers]") == "[]"


def test_the_inspector_of_a_front_end_shows_the_help(installed: Installed, ran: Path) -> None:
    with fresh_kernel(ran, installed.python, installed.environment) as kernel:
        reply = kernel.client.inspect("%spin_inputs", reply=True, timeout=30)["content"]
        assert "usage: %spin_inputs FLOW STEP" in reply["data"]["text/plain"]


def test_disable_and_enable_hold_for_the_next_kernel(wheel: Path, ran: Path, tmp_path: Path) -> None:
    """And uninstalling leaves the environment as it was, whatever was done in between."""
    place = Installed(tmp_path)
    before = place.files()
    place.pip("install", str(wheel))
    assert "etc/ipython/startup/50-spin_magic.py" in place.files()
    place.command("spin-magic", "disable", cwd=ran)
    with fresh_kernel(ran, place.python, place.environment) as kernel:
        assert "`%spin` not found" in kernel.run("%spin SmallFlow work").text
    place.command("spin-magic", "enable", "--user", cwd=ran)
    with fresh_kernel(ran, place.python, place.environment) as kernel:
        assert not kernel.run("%spin SmallFlow work").failed
    place.command("spin-magic", "disable", "--user", cwd=ran)
    place.command("spin-magic", "enable", cwd=ran)
    place.pip("uninstall", "spin-magic")
    assert place.files() - before == set()
