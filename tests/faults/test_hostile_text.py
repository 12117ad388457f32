"""Hostile text.

A flow whose every text is somebody's attempt to get out of its place: all of them in all places of a page
or a terminal where one may stand.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pexpect
import pytest

from tests.faults import hostile_cells, payloads
from tests.faults.whole import digests
from tests.kernel.harness import fresh_kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.kernel.harness import Cell, Kernel

FLOW = Path(__file__).with_name("hostileflow.py")
# What Metaflow can hand to a task as the value of a foreach, and what it can name a file after.
GIVEN = (payloads.MARKUP["handler"], payloads.CONTROLS["clear"] + payloads.CONTROLS["direction"])
NAMES = tuple(
    text.replace("/", "÷")[:150]
    for text in (*payloads.MARKUP.values(), *payloads.TERMINAL.values())
    if "\0" not in text
)
TAGS = (payloads.MARKUP["script"], payloads.CONTROLS["clear"])
_FRAMES = re.compile(r'srcdoc="[^"]*"')


def made(folder: Path, *, harmless: bool) -> subprocess.Popen[bytes]:
    """Start to run the flow in a new folder, with the texts or with harmless ones in their places."""
    put = payloads.benign if harmless else str
    (folder / ".metaflow").mkdir(parents=True)
    flow = FLOW.read_text().replace("PLACE", put(payloads.MARKUP["script"]))
    (folder / FLOW.name).write_text(flow)
    texts = {"all": {key: put(text) for key, text in payloads.ALL.items()}}
    lists = {"given": [put(text) for text in GIVEN], "names": [put(text) for text in NAMES]}
    (folder / "texts.json").write_text(json.dumps(texts | lists))
    tags = [word for tag in TAGS for word in ("--tag", put(tag))]
    command = [sys.executable, FLOW.name, "--no-pylint", "run", *tags]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, *, full: bool) -> dict[str, Path]:
    """The folders of both flows; the harmless one only where all is tried."""
    base = tmp_path_factory.mktemp("hostile")
    folders = {name: base / name for name in (("hostile", "harmless") if full else ("hostile",))}
    runs = [made(folder, harmless=name == "harmless") for name, folder in folders.items()]
    assert [run.wait(timeout=300) for run in runs] == [0] * len(runs)
    return folders


@pytest.fixture(scope="module")
def hostile(ran: dict[str, Path]) -> Iterator[Kernel]:
    """A kernel where the hostile flow is."""
    with fresh_kernel(ran["hostile"]) as kernel:
        begun = kernel.run(hostile_cells.BEGIN)
        assert not begun.failed, begun.text
        yield kernel


def pages(cell: Cell) -> list[str]:
    return [str(page) for page in cell.data("text/html")]


def problems(cell: Cell, *, own_streams: bool = False) -> list[str]:
    """Name what an output has that only markup or a terminal would take for more than text."""
    found = [each for page in pages(cell) for each in payloads.broken_out(page)]
    texts = [_FRAMES.sub("", page) for page in pages(cell)] + [str(text) for text in cell.data("text/plain")]
    if cell.error and cell.error["ename"] in OURS:
        texts += cell.error["traceback"]
    if not own_streams:
        texts += [each["text"] for each in cell.outputs if each["output_type"] == "stream"]
    return found + [bad for text in texts for bad in payloads.unprintable(text)]


OURS = frozenset({"FlowError", "TaskError", "CellError", "SaveError", "OptionError", "RunError"})
# What fails on purpose.
FAILS = frozenset({"many fail", "saved"})


@pytest.mark.parametrize("place", hostile_cells.SHOWN)
def test_a_text_stays_a_text(hostile: Kernel, place: str, fault: Callable[..., None]) -> None:
    fault(
        "markup and control characters in values, names, notes, cards, graphs, tables",
        "the text itself, its control characters as escapes",
        tried=len(payloads.ALL),
    )
    cell = hostile.run(hostile_cells.SHOWN[place], timeout=180)
    assert cell.failed == (place in FAILS), cell.text[-2000:]
    # What a body prints to its cell is the user's own, as in any cell.
    assert problems(cell, own_streams=place == "printed") == []
    if place not in {"saved", "loaded", "results"}:
        assert pages(cell)


@pytest.mark.parametrize("place", hostile_cells.FAILING)
def test_an_error_s_text_stays_a_text(
    hostile: Kernel, place: str, fault: Callable[..., None], *, full: bool
) -> None:
    texts = list(payloads.ALL.values()) if full else [*GIVEN, *list(payloads.CONTROLS.values())[:2]]
    fault(
        "the same in an error's message, class, cause and file",
        "the panel: as escapes; the traceback is IPython's, as in any cell",
        tried=len(texts),
    )
    for text in texts:
        cell = hostile.run(hostile_cells.with_text(hostile_cells.FAILING[place], text))
        assert cell.failed
        found = [each for page in pages(cell) for each in payloads.broken_out(page)]
        shown = [_FRAMES.sub("", each) for each in pages(cell)] + cell.data("text/plain")
        assert found + [bad for each in shown for bad in payloads.unprintable(each)] == []


def test_a_line_is_refused_in_a_sentence(
    hostile: Kernel, ran: dict[str, Path], fault: Callable[..., None], *, full: bool
) -> None:
    few = ("handler (markup)", "clear", "nul", "surrogate", "long line")
    texts = [text for name, text in payloads.ALL.items() if full or name in few]
    # It starts a process each time, and names what that says.
    lines = [line for line in hostile_cells.LINES if full or "--no-such" not in line]
    fault(
        "the same in each place of a magic's line",
        "one sentence that names what is wrong, with escapes; nothing is written",
        tried=len(texts) * len(lines),
    )
    past = digests(ran["hostile"])
    for line in lines:
        for text in texts:
            cell = hostile.run(hostile_cells.run_line(line, text), timeout=120)
            assert problems(cell) == [], (line, text[:60])
            if _is_one(line, text):
                continue
            assert cell.error, (line, text[:60])
            assert cell.error["ename"] in OURS, (line, text[:60], cell.traceback[-600:])
            assert "Traceback" not in cell.traceback, (line, text[:60])
    assert digests(ran["hostile"]) == past


def _is_one(line: str, text: str) -> bool:
    """Tell whether a text is what the line wants: a task has that value, a tag is a namespace, x… a name."""
    letters = payloads.LONG.values()
    known = {"--value": GIVEN, "--namespace": TAGS, "--show": letters, " -o ": letters}
    return any(option in line and text in texts for option, texts in known.items())


def test_the_tab_key(hostile: Kernel, ran: dict[str, Path], fault: Callable[..., None]) -> None:
    folder = ran["hostile"] / "names"
    folder.mkdir()
    written = [name for name in NAMES if len(os.fsencode(name)) < 200]
    for name in written:
        (folder / f"{name}.py").write_text("")
    asked = ("%spin HostileFlow work --value ", "%spin HostileFlow work --from ", "%spin names/", "%spin ")
    asked += ("%spin HostileFlow work --set ", "%spin HostileFlow work --artifacts-module names/")
    fault("the same in what Tab offers", "escaped words on one line each", tried=len(asked) * len(NAMES))
    try:
        for line in asked:
            reply = hostile.complete(line)
            help_texts = [each.get("signature", "") for each in _types(reply)]
            assert [bad for text in (*reply["matches"], *help_texts) for bad in _moving(text)] == [], line
    finally:
        shutil.rmtree(folder)


def _types(reply: dict[str, Any]) -> list[dict[str, str]]:
    return list(reply["metadata"].get("_jupyter_types_experimental", []))


def _moving(text: str) -> list[str]:
    return [*payloads.unprintable(text), *(["a line break"] if "\n" in text else [])]


def test_a_written_test_is_no_code_of_others(hostile: Kernel, fault: Callable[..., None]) -> None:
    fault("an artifact's name that ends the quotes of a test that %spin_test writes", "a name in quotes")
    name = 'x"] == 1\nraise SystemExit("pwned")\n#'
    cells = (
        "import spin_magic.loop.assertions as _a, ast as _ast",
        f"_lines = _a.assertions({name!r}, 1) + _a.assertions({name!r}, object())",
        "_found = [type(each).__name__ for each in _ast.parse(chr(10).join(_lines)).body]",
    )
    for cell in cells:
        assert not hostile.run(cell).failed
    assert hostile.value("_found") == "['Assert', 'Assert']"


def test_the_form_is_that_of_harmless_text(
    ran: dict[str, Path], fault: Callable[..., None], *, full: bool
) -> None:
    if not full:
        pytest.skip("with --full: it runs a second flow")
    kinds: dict[str, dict[str, set[tuple[str, ...]]]] = {}
    for name, folder in ran.items():
        with fresh_kernel(folder) as kernel:
            kernel.run(hostile_cells.BEGIN)
            kinds[name] = {
                place: {
                    kind for page in pages(kernel.run(cell, timeout=180)) for kind in payloads.shape(page)
                }
                for place, cell in hostile_cells.SHOWN.items()
            }
    fault("the page's elements and attributes, beside those of harmless texts", "none more", tried=len(kinds))
    says_that_it_runs = ("span", "", "role", "style")  # after a second: how quick it was is not the texts'
    ours = set().union(*kinds["harmless"].values(), {says_that_it_runs})
    for place, found in kinds["hostile"].items():
        assert found - ours == set(), place


def test_a_terminal_gets_our_colours_alone(ran: dict[str, Path], fault: Callable[..., None]) -> None:
    fault(
        "the same texts in a terminal",
        "our colours, and no other byte that moves it",
        tried=len(payloads.ALL),
    )
    places = ("values", "changes", "as in the file", "inputs", "flow", "past cards", "many tasks")
    cells = [hostile_cells.SHOWN[place] for place in places]
    script = ran["hostile"] / "shown.py"
    script.write_text(f"""
import sys
from IPython.terminal.interactiveshell import TerminalInteractiveShell
shell = TerminalInteractiveShell.instance(colors="nocolor", simple_prompt=True)
shell.run_cell({hostile_cells.BEGIN!r})
print("BEGUN", flush=True)
for cell in {cells!r}:
    shell.run_cell(cell)
print("DONE", flush=True)
""")
    child = pexpect.spawn(
        sys.executable, [script.name], cwd=str(ran["hostile"]), timeout=120, dimensions=(40, 100)
    )
    child.expect("BEGUN\r\n")
    child.expect("DONE\r\n")
    shown = (child.before or b"").decode("utf-8")
    child.wait()
    assert len(shown) > 10_000
    assert payloads.unprintable(shown.replace("\r\n", "\n")) == []
