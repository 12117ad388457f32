"""Interrupts, in every phase of a spin.

By exact moments, which a seed names again, and by the real button in a real kernel; see `pressed`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.whole import whole
from tests.kernel.harness import run_flow

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kernel.harness import Kernel

HERE = Path(__file__).parent
SEED = 8
QUICK = (
    "unedited",
    "edited",
    "failing",
    "join",
    "with a card",
    "loaded anew",
    "all-splits",
    "inputs",
    "flow drawn",
    "saved",
    "displayed",
    "compared",
    "with block",
)
SLOW = ("isolated", "in two processes")
SEEN = "`KeyboardInterrupt` at once, all else as before"
# Where an interrupt once did harm, and a moment of it; all moments there are tried.
PLACES = {
    "what is borrowed of the process, being taken": ("unedited", "state.py preserved >"),
    "what is borrowed of the process, given back": ("unedited", "state.py _environment"),
    "the alarm that bounds a preview": ("displayed", "alarm.py ringing"),
    "Metaflow's own set-up of a task": ("unedited", "system_logger.py logger"),
    "an entry of the cache being read": ("unedited", "entries.py _content"),
    "the stamp of an entry being read": ("unedited", "stamps.py believed"),
    "a flow being loaded": ("loaded anew", "local_modules.py installed"),
    "a flow file being written": ("saved", "disk.py _replace"),
    "a `with` block being entered": ("with block", "block.py __enter__"),
    "a `with` block being left": ("with block", "block.py _close"),
    "displays no longer recorded": ("edited", "recording.py"),
}


@pytest.fixture(scope="module")
def pressed(kernel: Kernel, project: Path) -> Callable[[str], dict[str, Any]]:
    """Run something of `pressed` in the kernel, and check what it says; give all that it found."""
    shutil.copy(HERE / "pressedflow.py", project)
    run_flow(Path("pressedflow.py"), project)
    text = (HERE / "pressed.py").read_text(encoding="utf-8")
    made = kernel.run(
        "import sys as _s, types as _t\n_s.modules['pressed'] = _t.ModuleType('pressed')\n"
        f"exec(compile({text!r}, 'pressed.py', 'exec'), _s.modules['pressed'].__dict__)"
    )
    assert not made.failed, made.text

    def run(call: str) -> dict[str, Any]:
        # A display of its own: an interrupted print may have left half a line.
        cell = kernel.run(f"import pressed as _p\ndisplay({{'found': _p.{call}}}, raw=True)", timeout=3600)
        assert not cell.failed, cell.text
        [text] = cell.data("found")
        found = json.loads(text)
        assert found["tries"], call
        assert [each for each in found["tries"] if each["wrong"]] == []
        return found

    return run


@pytest.mark.parametrize("kind", QUICK)
def test_exact_moments(
    pressed: Callable[[str], dict[str, Any]],
    kernel: Kernel,
    project: Path,
    fault: Callable[..., None],
    *,
    full: bool,
    kind: str,
) -> None:
    tries = 30 if full else 2
    fault(f"interrupt at an exact moment, chosen at random (seed {SEED})", SEEN, tried=tries)
    with whole(kernel, project, changed=frozenset({"names"})):
        found = pressed(f"many(get_ipython(), {kind!r}, 'exact', {tries}, {SEED})")
    assert {each["ended"] for each in found["tries"]} <= {"KeyboardInterrupt"}
    assert found["moments"] > 100


@pytest.mark.parametrize("kind", QUICK)
def test_real_button(
    pressed: Callable[[str], dict[str, Any]],
    fault: Callable[..., None],
    *,
    full: bool,
    kind: str,
) -> None:
    tries = 12 if full else 2
    if not full and kind not in ("edited", "loaded anew", "with a card", "saved"):
        pytest.skip("takes long")
    fault("the stop button at any moment of a spin", SEEN + "; or the cell was over", tried=tries)
    pressed(f"many(get_ipython(), {kind!r}, 'real', {tries}, {SEED})")


@pytest.mark.parametrize("how", ["twice", "ten times"])
@pytest.mark.parametrize("kind", ["edited", "loaded anew", "with block", "with a card"])
def test_pressed_again_and_again(
    pressed: Callable[[str], dict[str, Any]],
    fault: Callable[..., None],
    *,
    full: bool,
    kind: str,
    how: str,
) -> None:
    tries = 25 if full else 1
    if not full and kind not in ("edited", "with block"):
        pytest.skip("takes long")
    fault(f"interrupt pressed {how} in a moment", SEEN, tried=tries)
    pressed(f"many(get_ipython(), {kind!r}, {how!r}, {tries}, {SEED})")


@pytest.mark.parametrize("kind", SLOW)
def test_other_processes(
    pressed: Callable[[str], dict[str, Any]],
    fault: Callable[..., None],
    *,
    full: bool,
    kind: str,
) -> None:
    if not full:
        pytest.skip("takes long")
    fault("interrupt while a step runs in other processes", SEEN + ", no process left", tried=30)
    for how in ("exact", "real"):
        pressed(f"many(get_ipython(), {kind!r}, {how!r}, 15, {SEED})")


def test_first_spin_of_a_process(
    pressed: Callable[[str], dict[str, Any]],
    project: Path,
    fault: Callable[..., None],
    *,
    full: bool,
) -> None:
    tries = 40 if full else 2
    fault("interrupt of the first spin of a process, which imports Metaflow", SEEN, tried=tries)
    done = subprocess.run(
        [sys.executable, str(HERE / "cold.py"), str(tries), str(SEED)],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [line] = [each for each in done.stdout.splitlines() if each.startswith("FOUND ")]
    found = json.loads(line.removeprefix("FOUND "))
    assert [each for each in found["tries"] if each["wrong"]] == []
    assert len(found["tries"]) == tries + 1


@pytest.mark.parametrize("name", PLACES)
def test_each_moment_of(
    pressed: Callable[[str], dict[str, Any]],
    fault: Callable[..., None],
    *,
    full: bool,
    name: str,
) -> None:
    kind, place = PLACES[name]
    found = pressed(f"at(get_ipython(), {kind!r}, {place!r}, {40 if full else 4})")
    fault("interrupt where something is taken or given back", SEEN, tried=len(found["tries"]))
    assert place in found["tries"][0]["where"][0]
