"""Hostile texts in JupyterLab: no script runs and the page stays whole, also when it is opened again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.seen import Seen, notebook_in_lab
from tests.faults import hostile_cells, payloads
from tests.kernel.harness import run_flow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

FLOW = Path(__file__).parents[1] / "faults" / "hostileflow.py"
PLACES = ("values", "changes", "cards", "inputs", "flow", "past cards", "many tasks", "printed")
# What a hostile text did to the notebook's page, if anything.
LOOK = """() => ({
  pwned: window.pwned ?? null,
  globals: ['jupyterapp', 'document', 'location'].map((name) => typeof window[name]),
  base: document.querySelectorAll('base').length,
  refresh: document.querySelectorAll('meta[http-equiv=refresh]').length,
  forms: document.querySelectorAll('.jp-OutputArea form').length,
  links: [...document.querySelectorAll('.spin-panel a, .spin-panel [onerror], .spin-panel [onload]')].length,
  scripts: document.querySelectorAll('.jp-OutputArea script').length,
  formulas: document.querySelectorAll('.spin-panel mjx-container, .spin-panel .MathJax').length,
  popups: document.querySelectorAll('.jp-Dialog').length,
  title: document.title,
})"""


@pytest.fixture(scope="module")
def hostile(quickstart: Path, lab: str) -> Path:
    """A notebook that runs the worst of it, in the folder that the server shows."""
    folder = quickstart / "hostile"
    (folder / ".metaflow").mkdir(parents=True)
    shutil.copy(FLOW, folder)
    few = {name: text for name, text in payloads.ALL.items() if name not in payloads.LONG}
    lists = {"given": [payloads.MARKUP["handler"], payloads.MARKUP["ends"]], "names": []}
    (folder / "texts.json").write_text(json.dumps({"all": few, **lists}))
    run_flow(Path("hostileflow.py"), folder)
    cells = [hostile_cells.BEGIN, *(hostile_cells.SHOWN[place] for place in PLACES)]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "hostile.ipynb")
    return folder / "hostile.ipynb"


@pytest.fixture(scope="module")
def seen(browser: Browser, lab: str, hostile: Path) -> Iterator[Seen]:
    with notebook_in_lab(browser, lab, "hostile/hostile.ipynb") as seen:
        yield seen


def escapes(seen: Seen) -> list[str]:
    """Give the list in which each dialog, download and window that opens is noted.

    What the hostile page's own scripts complain of in their frame, where they are stopped, is not looked at.
    """
    noted: list[str] = []
    seen.page.on("dialog", lambda dialog: (noted.append(dialog.message), dialog.dismiss()))
    seen.page.on("download", lambda download: noted.append(download.suggested_filename))
    seen.page.context.on("page", lambda page: noted.append(f"opened {page.url}"))
    return noted


def checked(seen: Seen) -> None:
    """Look whether the notebook is as it would be with harmless texts."""
    found = seen.page.evaluate(LOOK)
    assert found.pop("title").startswith("hostile"), found
    assert found.pop("globals") == ["object"] * 3
    assert found == dict.fromkeys(found, 0) | {"pwned": None}
    assert seen.page.url.startswith("http://127.0.0.1:")


def elsewhere(seen: Seen) -> list[str]:
    """Name what was asked of anybody but the server."""
    port = urlsplit(seen.page.url).port
    urls = [urlsplit(url) for url in seen.requests]
    return [
        url.geturl()[:200]
        for url in urls
        if url.scheme not in {"data", "blob", "about"} and (url.hostname, url.port) != ("127.0.0.1", port)
    ]


def test_no_text_becomes_more_than_text(seen: Seen) -> None:
    noted = escapes(seen)
    seen.run_all()
    seen.wait_until_all_ran()
    expect(seen.page.locator("[data-test='panel']").first).to_be_visible(timeout=20_000)
    # All that opens is opened: the rows, the flow, the logs.
    for summary in seen.page.locator("summary.spin-line").all()[:60]:
        summary.evaluate("each => each.parentElement.open = true")
    for flow in seen.page.get_by_role("button", name="Flow", exact=True).all():
        flow.click()
    seen.page.wait_for_timeout(3000)
    checked(seen)
    assert elsewhere(seen) == []
    assert noted == []


def test_the_saved_notebook_does_nothing_either(
    seen: Seen, browser: Browser, lab: str, hostile: Path
) -> None:
    seen.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    seen.page.wait_for_timeout(2000)
    # As it comes from somebody else: nobody has vouched for its outputs.
    foreign = nbformat.read(hostile, as_version=4)
    for cell in foreign.cells:
        cell.metadata.pop("trusted", None)
        cell.source = f"# {cell.source}"
    nbformat.write(foreign, hostile.with_name("foreign.ipynb"))
    for name in ("hostile", "foreign"):
        with notebook_in_lab(browser, lab, f"hostile/{name}.ipynb") as again:
            noted = escapes(again)
            again.page.wait_for_timeout(3000)
            found = again.page.evaluate(LOOK)
            assert found.pop("title").startswith(name)
            assert found.pop("globals") == ["object"] * 3
            assert found == dict.fromkeys(found, 0) | {"pwned": None}, name
            assert elsewhere(again) == []
            assert noted == []
