"""Names and paths.

Runs, tasks, flows and files as nobody should write them: nothing outside of the datastore is read or written,
nothing hangs, and one sentence says what is wrong.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from tests.faults.whole import digests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.kernel.harness import Cell, Kernel

# Of which none is the name of a run, a step, a task or an artifact.
ODD = (
    "..",
    "../..",
    "../../etc/passwd",
    "/etc/passwd",
    "./work",
    "%2e%2e%2f",
    "%00",
    "a\\..\\b",
    "*",
    "[0-9]*",
    "~",
    "~root",
    "~nosuchuser/x",
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned",
    "| touch pwned",
    "{1..9}",
    "CON",
    "а",  # noqa: RUF001 -- a Cyrillic one
    "ｗｏｒｋ",  # noqa: RUF001 -- which Python takes for work, and Metaflow does not
    "x" * 5_000,
    "../" * 500 + "etc/passwd",
    "a\nb",
    "\t",
    "--",
    "-",
)
ERRORS = frozenset(
    {"FlowError", "TaskError", "CellError", "SaveError", "OptionError", "RunError", "NotebookError"}
)
# NAME is put in as a text of Python's.
CALLS = (
    "_sm.spin(NAME, 'work')",
    "_sm.spin(NAME + '.py', 'work')",
    "_sm.spin('SmallFlow', NAME)",
    "_sm.spin('SmallFlow', NAME + '/work')",
    "_sm.spin('SmallFlow', 'SmallFlow/' + NAME + '/work/1')",
    "_sm.spin('SmallFlow', RUN + '/work/' + NAME)",
    "_sm.spin('SmallFlow', 'work', run=NAME)",
    "_sm.spin('SmallFlow', 'work', value=NAME)",
    "_sm.spin('SmallFlow', 'work', namespace=NAME + '!')",
    "_sm.spin('SmallFlow', 'work', config={NAME: 'a'})",
    "_sm.spin('SmallFlow', 'work', artifacts_module=NAME + '.none')",
    "_sm.spin('SmallFlow', 'work', cwd=NAME + '/none')",
    "_sm.spin_inputs('SmallFlow', NAME + '/work')",
    "_sm.spin_flow('SmallFlow', run=NAME)",
    "_sm.spin_cards('SmallFlow', NAME + '/work')",
    "_sm.spin_cards('SmallFlow', 'work', id=NAME)",
    "_sm.spin_load('SmallFlow', NAME)",
    "_sm.spin_save('SmallFlow', NAME)",
    "_sm.spin_new(NAME)",
    "_sm.spin_notebook(NAME)",
    "_sm.spin_test('SmallFlow', NAME)",
    "_sm.spin_run('SmallFlow', resume=NAME)",
)


@pytest.fixture(scope="module", autouse=True)
def _begun(kernel: Kernel, project: Path) -> None:
    run = (project / ".metaflow" / "SmallFlow" / "latest_run").read_text().strip()
    begun = kernel.run(f"import spin_magic as _sm\nRUN = {run!r}\n%spin SmallFlow work")
    assert not begun.failed, begun.text


@pytest.fixture
def untouched(project: Path) -> Iterator[None]:
    """Nothing is written: neither here nor in the folders above."""
    before, files, above = digests(project), names(project), names(project.parent)
    yield
    assert (digests(project), names(project), names(project.parent)) == (before, files, above)


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir() if each.name != "__pycache__"}


def in_a_sentence(cell: Cell, what: str) -> None:
    assert cell.error, (what, cell.text[:500])
    assert cell.error["ename"] in ERRORS, (what, cell.traceback[-1500:])
    lines = [line for line in cell.traceback.splitlines() if line.strip()]
    assert len(lines) <= 3, (what, lines)


@pytest.mark.usefixtures("untouched")
def test_names_that_are_none(kernel: Kernel, fault: Callable[..., None], *, full: bool) -> None:
    odd = ODD if full else ODD[::4]
    fault(
        "`..`, absolute paths, globs, `~`, shell characters, look-alikes, 5,000 letters as any name",
        "one sentence: there is no such run, step, flow or file",
        tried=len(odd) * len(CALLS),
    )
    for name in odd:
        for call in CALLS:
            # A text is loaded from the file, whatever run is named.
            if name == "./work" and ("spin_load" in call or "spin_test" in call):
                continue
            if "spin_new" in call and name.isidentifier():
                continue
            said = call.replace("NAME", ascii(name))
            in_a_sentence(kernel.run(said), said[:200])


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("name", ["\0", "a\0b", "..\0", "\ud800"], ids=ascii)
def test_names_that_end_early(kernel: Kernel, name: str, fault: Callable[..., None], *, full: bool) -> None:
    calls = (
        *CALLS,
        "_sm.spin_notebook('SmallFlow', NAME + '.ipynb')",
        "_sm.spin_new('GoodFlow', NAME + '.py')",
        "_sm.spin_test('SmallFlow', 'work', file=NAME + '.py')",
        "_sm.spin('SmallFlow', 'work', cwd=NAME)",
        "_sm.spin('SmallFlow', 'work', artifacts_module=NAME)",
        "_sm.spin('SmallFlow', 'work', isolated=True, artifacts_module=NAME)",
        "get_ipython().run_cell_magic('spin', 'SmallFlow work', 'x = 1' + NAME)",
        "get_ipython().run_line_magic('spin', 'SmallFlow work --from ' + NAME)",
        "get_ipython().run_line_magic('spin_run', 'SmallFlow --alpha ' + NAME)",
    )
    if not full and name in {"..\0", "a\0b"}:
        calls = calls[-9:]
    what = "NUL and half a character as any name, path, line or cell"
    fault(what, "one sentence", tried=len(calls))
    for call in calls:
        said = call.replace("NAME", ascii(name))
        in_a_sentence(kernel.run(said), said)


FILES = (
    "_sm.spin(FILE, 'work')",
    "_sm.spin(FILE + ':SmallFlow', 'work')",
    "_sm.spin('SmallFlow', 'work', artifacts_module=FILE)",
    "_sm.spin('configured.py', 'start', config={'given': FILE})",
    "_sm.spin_flow(FILE)",
    "_sm.spin_load(FILE, 'work')",
    "_sm.spin_notebook(FILE)",
    "_sm.spin_test('SmallFlow', 'work', file=FILE)",
    "_sm.spin_run(FILE)",
)
CONFIGURED = """from metaflow import Config, FlowSpec, step
class Configured(FlowSpec):
    given = Config("given", default_value={})
    @step
    def start(self):
        self.next(self.end)
    @step
    def end(self):
        pass
"""


@pytest.mark.skipif(sys.platform == "darwin", reason="its devices have other names")
def test_files_that_are_none(kernel: Kernel, project: Path, fault: Callable[..., None]) -> None:
    """A pipe never ends, a device neither; a sparse file of 10 GB would take all memory."""
    os.mkfifo(project / "pipe.py")
    (project / "folder.py").mkdir()
    with (project / "sparse.py").open("wb") as file:
        file.truncate(10**10)
    (project / "binary.py").write_bytes(bytes(range(256)) * 40)
    (project / "loop.py").symlink_to("loop.py")
    (project / "notebook.ipynb").write_text(
        '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    )
    (project / "configured.py").write_text(CONFIGURED)
    odd = ("pipe.py", "folder.py", "sparse.py", "binary.py", "loop.py", "notebook.ipynb")
    odd += ("/dev/zero", "/dev/stdin", "/dev/tty", "/proc/self/mem", "/proc/self/environ")
    fault(
        "pipes, devices, folders, 10 GB files, binaries, notebooks as flow, config, artifacts or test file",
        "one sentence at once; no memory is taken",
        tried=len(odd) * len(FILES),
    )
    try:
        for name in odd:
            for call in FILES:
                if name in {"notebook.ipynb", "/proc/self/environ"} and "config" in call:
                    continue
                cell = kernel.run(call.replace("FILE", repr(name)), timeout=30)
                in_a_sentence(cell, f"{name} {call}")
                assert cell.seconds < 20
        # In kB; that of getrusage would count what the process was forked from.
        peak = "print(*(each.split()[1] for each in open('/proc/self/status') if each.startswith('VmHWM')))"
        assert int(kernel.run(peak).streams) < 2_000_000
    finally:
        shutil.rmtree(project / "folder.py")
        for name in (*odd[:1], *odd[2:6], "configured.py"):
            (project / name).unlink()


def test_a_save_goes_through_its_own_link_alone(
    kernel: Kernel, project: Path, tmp_path: Path, fault: Callable[..., None]
) -> None:
    fault(
        "a flow file that is a link, and becomes another between load and save",
        "a sentence; neither is written",
    )
    real, other = tmp_path / "real.py", tmp_path / "other.py"
    text = (project / "smallflow.py").read_text().replace("SmallFlow", "LinkFlow")
    real.write_text(text)
    other.write_text(text)
    link = project / "linked.py"
    link.symlink_to(real)
    try:
        done = kernel.run(
            "%%spin linked.py start\nself.items = [1, 2]\nself.next(self.work, foreach='items')"
        )
        assert not done.failed, done.text
        link.unlink()
        link.symlink_to("/etc/hostname")
        in_a_sentence(kernel.run("%spin_save linked.py start"), "to a file that is no flow")
        link.unlink()
        link.symlink_to(real)
        saved = kernel.run("%spin_save linked.py start")
        assert not saved.failed, saved.text
        assert link.is_symlink()
        assert "self.items = [1, 2]\n" in real.read_text()
        assert other.read_text() == text
    finally:
        link.unlink()


def test_a_path_of_odd_letters_is_quoted_in_a_test(
    kernel: Kernel, project: Path, fault: Callable[..., None]
) -> None:
    fault("a folder whose name would be code in a test that %spin_test writes", "its name, in quotes")
    folder = project / 'x"{print(1)}"'
    folder.mkdir()
    shutil.copy(project / "smallflow.py", folder / "small.py")
    try:
        call = "import ast as _a; _m = _sm.spin({0!r}, 'work'); _t = _sm.spin_test({0!r}, 'work', file={1!r})"
        done = kernel.run(call.format(str(folder / "small.py"), str(project / "test_it.py")))
        assert not done.failed, done.text
        names = "{each.id for each in _a.walk(_a.parse(_t.text)) if isinstance(each, _a.Name)}"
        assert "print" not in kernel.value(names)
    finally:
        shutil.rmtree(folder)
        (project / "test_it.py").unlink(missing_ok=True)
