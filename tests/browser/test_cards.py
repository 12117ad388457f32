"""Cards in JupyterLab: live, in frames that reach nothing, in a tab of their own, and small when saved."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NOTEBOOKS
from tests.browser.seen import IDLE, THEMES, UNFINISHED, Seen, notebook_in_lab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, FrameLocator, Locator

pytestmark = pytest.mark.slow

RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"

LIVE = "%%spin ReportFlow train --set epochs=60"
WRITTEN = "%%spin ReportFlow report --from spin"
# A card type of somebody else's, as a package of cards would bring it.
EVIL = """from metaflow.cards import MetaflowCard
from metaflow.plugins import CARDS
class EvilCard(MetaflowCard):
    type = "evil"
    def render(self, task):
        return EVIL_PAGE
CARDS.append(EvilCard)
EVIL_PAGE = '''<!doctype html>
<style>body, .jp-Notebook { color: rgb(1, 2, 3) !important; }</style>
<p id="said">nothing yet</p>
<script>
  const said = [];
  const attempt = (name, act) => {
    try { said.push(`${name}: ${act()}`); } catch (error) { said.push(`${name} refused`); }
  };
  attempt("parent", () => parent.document.title);
  attempt("top", () => top.document.body.innerHTML.length);
  attempt("cookie", () => document.cookie);
  attempt("storage", () => localStorage.length);
  attempt("database", () => indexedDB.open("x"));
  attempt("top.location", () => { top.location.href = "http://127.0.0.1:9/top"; return "set"; });
  attempt("popup", () => window.open("http://127.0.0.1:9/popup"));
  fetch("http://127.0.0.1:9/fetch").then(() => said.push("fetched"), () => said.push("fetch refused"));
  new Image().src = "http://127.0.0.1:9/image";
  attempt("call", () => new RTCPeerConnection({ iceServers: [{ urls: "stun:127.0.0.1:9" }] }));
  window.leaked = "leaked";
  parent.postMessage({ spinHeight: 1e9 }, "*");
  parent.postMessage({ spinPage: "<p>taken over" }, "*");
  top.postMessage({ spinHeight: 1e9 }, "*");
  setTimeout(() => { document.getElementById("said").textContent = said.join(", "); }, 500);
  setTimeout(() => { location.href = "http://127.0.0.1:9/self?stolen=1"; }, 3000);
</script>'''"""
HOSTILE = """%%spin ReportFlow end
@card(type="evil")
@step
def end(self):
    pass"""


# It shakes all that stands below it: an interrupt or a save would be hard to hit.
SHAKES = """EVIL_PAGE = '''<!doctype html><p>shakes</p><script>
  let tall = false;
  setInterval(() => {
    tall = !tall;
    parent.postMessage({ spinHeight: NaN }, "*");
    parent.postMessage({ spinHeight: "900" }, "*");
    parent.postMessage({ spinHeight: tall ? 400 : 200 }, "*");
  }, 10);
</script>'''"""
COUNTS = """each => new Promise((resolve) => {
  let seen = 0;
  const watch = new MutationObserver((changes) => { seen += changes.length; });
  watch.observe(each, { attributes: true, attributeFilter: ["style"] });
  setTimeout(() => { watch.disconnect(); resolve(seen); }, 3000);
})"""


@pytest.fixture(scope="module")
def seen(browser: Browser, lab: str, quickstart: Path) -> Iterator[Seen]:
    """The notebook on cards; nothing has run yet."""
    with notebook_in_lab(browser, lab, "cards.ipynb") as seen:
        yield seen


def pages(cell: Locator) -> Locator:
    return cell.locator("iframe[data-test='card-page']")


def inside(page: Locator) -> FrameLocator:
    return page.content_frame.frame_locator("iframe")


def test_a_card_is_seen_to_move_before_its_cell_ends(seen: Seen, screenshots: Path) -> None:
    seen.run_all()
    cell = seen.cell(LIVE)
    card = cell.locator("[data-test='live-card']")
    expect(card).to_be_visible(timeout=60_000)
    done = inside(pages(card)).locator("progress").first
    expect(done).to_have_attribute("value", re.compile(r"^\d+$"), timeout=10_000)
    first = int(done.get_attribute("value") or 0)
    expect(inside(pages(card)).locator("canvas, svg.marks").first).to_be_visible()
    seen.page.wait_for_timeout(800)
    later = int(done.get_attribute("value") or 0)
    prompt = cell.locator(".jp-InputPrompt").first.inner_text()

    assert first < later < 60
    assert prompt == "[*]:"
    card.evaluate("each => each.scrollIntoView({ block: 'center' })")
    seen.page.wait_for_timeout(300)
    seen.page.screenshot(path=screenshots / "card-live.png")


def test_the_panel_takes_the_card_s_place(seen: Seen) -> None:
    seen.wait_until_all_ran()
    cell = seen.cell(LIVE)
    assert seen.page.evaluate(UNFINISHED) == []
    expect(cell.locator("[data-test='live-card']")).to_have_count(0)
    expect(cell.locator("[data-test='panel']")).to_have_count(1)
    # Opened at its cards, since they were what there was to see.
    expect(inside(pages(cell)).locator("progress").first).to_have_attribute("value", "60", timeout=10_000)


@pytest.mark.parametrize("theme", THEMES)
def test_pictures_for_people(seen: Seen, screenshots: Path, theme: str) -> None:
    seen.theme(theme)
    for number, cell in enumerate(seen.page.locator(".jp-CodeCell").all(), 1):
        if cell.locator(".jp-OutputArea").first.is_visible():
            tab = cell.locator("[data-test='tab-cards']")
            if tab.count():
                tab.click()
            cell.scroll_into_view_if_needed()
            seen.page.wait_for_timeout(1500)
            cell.screenshot(path=screenshots / f"cards-{number:02d}-{theme}.png")
    assert (screenshots / f"cards-04-{theme}.png").stat().st_size > 1000


def test_a_card_is_as_tall_as_what_is_on_it(seen: Seen) -> None:
    cell = seen.cell(WRITTEN)
    cell.locator("[data-test='tab-cards']").click()
    expect(pages(cell)).to_have_count(2)
    page = pages(cell).last
    expect(inside(page).get_by_text("are told apart")).to_be_visible(timeout=10_000)
    told = inside(page).locator("html").evaluate("each => each.offsetHeight")
    assert 100 < told < 900
    assert abs(page.evaluate("each => each.offsetHeight") - told) <= 1
    assert inside(page).locator("html").evaluate("each => each.scrollHeight - each.clientHeight") <= 1


def test_a_script_that_cards_share_is_sent_once(seen: Seen) -> None:
    """By the page's own count: every card of the notebook was put together from the same texts."""
    held = seen.page.evaluate("() => [...globalThis[Symbol.for('spin_magic.cards')].texts.keys()].length")
    assert held == 2  # Metaflow's script, and its style


def test_a_card_opens_in_a_tab_of_its_own(seen: Seen) -> None:
    cell = seen.cell(WRITTEN)
    with seen.page.context.expect_page() as opening:
        cell.get_by_role("button", name="Open in a new tab").last.click()
    tab = opening.value
    tab.wait_for_load_state()
    frame = tab.locator("iframe")
    assert (frame.get_attribute("sandbox") or "").split() == ["allow-scripts"]
    expect(frame.content_frame.get_by_text("are told apart")).to_be_visible(timeout=10_000)
    assert frame.content_frame.locator("html").evaluate("() => self.origin") == "null"
    tab.close()


def test_a_card_is_saved_as_a_page(seen: Seen, tmp_path: Path) -> None:
    cell = seen.cell(WRITTEN)
    with seen.page.expect_download() as loading:
        cell.get_by_role("button", name="Save as HTML").last.click()
    assert loading.value.suggested_filename == "card-blank-report.html"
    file = tmp_path / "card.html"
    loading.value.save_as(file)
    page = file.read_text()
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert len(page) > 1_000_000
    assert "fonts.googleapis" not in page


def test_a_hostile_card_reaches_nothing(seen: Seen) -> None:
    seen.run_below(EVIL)
    seen.run_below(HOSTILE)
    cell = seen.cell('type="evil"')
    cell.locator("[data-test='tab-cards']").click()
    said = inside(pages(cell)).locator("#said")
    expect(said).to_contain_text("fetch refused", timeout=10_000)
    text = said.inner_text()
    for tried in ("parent", "top", "cookie", "storage", "database", "top.location", "call"):
        assert f"{tried} refused" in text
    assert "popup: null" in text
    assert pages(cell).evaluate("each => each.offsetHeight") <= 20_000
    seen.page.wait_for_timeout(3500)

    assert seen.page.evaluate("() => window.leaked") is None
    assert seen.page.url.startswith("http://127.0.0.1")
    assert cell.evaluate("each => getComputedStyle(each).color") != "rgb(1, 2, 3)"
    # It could not take its own frame elsewhere either, and so tell what it has seen.
    assert not [frame.url for frame in seen.page.frames if ":9/" in frame.url]


def test_a_card_that_shakes_is_slowed_down(seen: Seen) -> None:
    seen.run_below(SHAKES)
    seen.run_below(f"{HOSTILE}  # shaking")
    cell = seen.cell("# shaking")
    cell.locator("[data-test='tab-cards']").click()
    expect(inside(pages(cell)).get_by_text("shakes")).to_be_visible(timeout=10_000)
    seen.page.wait_for_timeout(3000)

    assert pages(cell).evaluate(COUNTS) in range(2, 9)
    assert pages(cell).evaluate("each => each.style.height") in {"200px", "400px"}


def test_the_page_loaded_again_shows_its_cards(seen: Seen) -> None:
    seen.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    seen.page.wait_for_timeout(1000)
    seen.page.reload()
    seen.page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    cell = seen.cell(WRITTEN)
    cell.locator("[data-test='tab-cards']").click()
    expect(inside(pages(cell).last).get_by_text("are told apart")).to_be_visible(timeout=20_000)


def test_a_kernel_that_was_restarted_shows_cards_again(seen: Seen) -> None:
    seen.page.evaluate(RESTART)
    seen.page.wait_for_function(IDLE, timeout=60_000)
    seen.run_below("%load_ext spin_magic\nagain = %spin ReportFlow report\nagain")
    cell = seen.cell("again = %spin ReportFlow report")
    cell.locator("[data-test='tab-cards']").click()
    expect(inside(pages(cell)).get_by_text("are told apart")).to_be_visible(timeout=20_000)


def test_what_is_saved_is_small_and_shows_a_picture(seen: Seen, quickstart: Path) -> None:
    text = (quickstart / "cards.ipynb").read_text()
    assert len(text) < 400_000
    assert "__MF_DATA__" not in text
    assert "are told apart" in text


def test_a_card_that_is_embedded_needs_no_kernel(seen: Seen, browser: Browser, quickstart: Path) -> None:
    seen.run_below("%config SpinMagic.embed_cards = True\n%spin_cards ReportFlow report")
    seen.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    seen.page.wait_for_timeout(1000)
    saved = nbformat.read(quickstart / "cards.ipynb", as_version=4)
    outputs = [
        output for cell in saved.cells if "embed_cards" in cell.source for output in cell.get("outputs", [])
    ]
    html = next(output.data["text/html"] for output in outputs if "text/html" in output.get("data", {}))
    assert 200_000 < len(html) < 800_000

    page = browser.new_page()
    page.set_content(html)
    frame = page.locator("iframe.spin-embedded")
    assert (frame.get_attribute("sandbox") or "").split() == ["allow-scripts"]
    expect(inside(frame).get_by_text("are told apart")).to_be_visible(timeout=10_000)
    page.close()


def test_a_card_is_live_in_notebook_7_too(
    browser: Browser, lab: str, quickstart: Path, screenshots: Path
) -> None:
    shutil.copy(NOTEBOOKS / "cards.ipynb", quickstart / "cards7.ipynb")
    with notebook_in_lab(browser, lab, "cards7.ipynb", place="notebooks") as plain:
        plain.run_all()
        cell = plain.cell(LIVE)
        card = cell.locator("[data-test='live-card']")
        expect(card).to_be_visible(timeout=60_000)
        expect(inside(pages(card)).locator("progress").first).to_be_visible(timeout=10_000)
        assert cell.locator(".jp-InputPrompt").first.inner_text() == "[*]:"
        plain.wait_until_all_ran()
        expect(inside(pages(cell)).locator("progress").first).to_have_attribute("value", "60", timeout=10_000)
        cell.scroll_into_view_if_needed()
        plain.page.screenshot(path=screenshots / "card-notebook7.png")


def test_nothing_is_asked_of_another_machine(seen: Seen) -> None:
    split = [urlsplit(url) for url in seen.requests]
    assert {each.hostname for each in split if each.scheme not in {"data", "blob", "about"}} == {"127.0.0.1"}
