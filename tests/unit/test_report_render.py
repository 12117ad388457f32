from __future__ import annotations

import html.parser
import re

import pytest

from spin_magic.report import inputs_mimebundle, mimebundle, summarize_result
from spin_magic.report.render import render_html, render_text
from spin_magic.result import Artifacts, Card, DiffRow
from tests.unit.report_samples import CARD_PAGE, artifact, make_inputs, make_result, raised

EVIL = "<script>alert('1')</script>\"'`<b x=\"1\">&amp;"
VOID = {"meta", "img", "input", "br"}


class Page(html.parser.HTMLParser):
    """What a browser would see: tags, attributes, and the text outside the style sheet."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[tuple[str, str]] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append((tag, attributes))
        if tag not in VOID:
            self.open.append((tag, attributes.get("data-test", "")))
            if attributes.get("data-test"):
                self.texts.setdefault(attributes["data-test"], []).append("")

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1][0] == tag, f"</{tag}> closes {self.open[-1]}"
        self.open.pop()

    def handle_data(self, data):
        for _, hook in self.open:
            if hook:
                self.texts[hook][-1] += data

    def said(self, hook):
        return [" ".join(text.split()) for text in self.texts.get(hook, [])]


def evil_result(**changes):
    class Evil:
        def __repr__(self) -> str:
            return EVIL

        def _repr_html_(self) -> str:
            return f"</iframe>{EVIL}"

    Evil.__name__ = EVIL
    error = raised(f"x = {EVIL!r}\nraise ValueError(x)\n", f"/x/{EVIL}.py")
    result = make_result(
        {},
        {},
        artifacts=Artifacts({EVIL: artifact(EVIL, Evil()), "text": artifact("text", f"{EVIL}\n{EVIL}")}),
        compare=lambda _: [DiffRow(EVIL, "not compared", EVIL), DiffRow("gone" + EVIL, "gone", EVIL)],
        error=error,
        notes=[EVIL],
        cards=[Card(EVIL, EVIL, EVIL, ({"type": EVIL, "title": EVIL}, {EVIL: EVIL}))],
        stdout=EVIL,
        stderr=EVIL,
        next=(EVIL,),
        origin=EVIL,
        inputs=make_inputs(
            {EVIL: {EVIL: EVIL}}, why=EVIL, tasks=(EVIL, EVIL), flow=EVIL, step=EVIL, value=EVIL
        ),
    )
    result.flow = result.step = EVIL
    return result


def test_every_text_of_the_users_is_escaped():
    source = render_html(summarize_result(evil_result()))
    page = Page(source)
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "b x"}
    assert all(set(a) <= {"class"} for tag, a in page.tags if tag == "b")
    assert not page.open
    assert "<script" not in source.lower()
    assert EVIL in page.said("name")
    assert all(not name.startswith("on") for _, attributes in page.tags for name in attributes)


def test_a_foreign_display_stays_in_a_frame_without_rights():
    frames = [a for tag, a in Page(render_html(summarize_result(evil_result()))).tags if tag == "iframe"]
    assert [(frame["sandbox"], frame["srcdoc"][:9]) for frame in frames] == [("", "</iframe>")]


def test_inputs_panel_escapes_too():
    bundle = inputs_mimebundle(evil_result().inputs)
    page = Page(bundle["text/html"])
    assert "script" not in {tag for tag, _ in page.tags}
    assert EVIL in page.said("name")
    assert page.said("tasks")


def samples():
    yield make_result(
        {"score": 0.9985, "k": 1, "lost": 0},
        {"score": 0.9991, "k": 1, "n": {"a": 1}},
        inputs=make_inputs({"C": 10.0, "x": [1, 2]}),
        notes=["`scaler` comes from this notebook.", "`a` is odd"],
        stdout="one\ntwo\n",
        cards=[Card("default", None, CARD_PAGE, ({"type": "text", "text": "hello"},))],
    )
    yield make_result(None, {"made": 1})
    yield make_result(
        {}, {"part": 1}, error=raised("n = 3\nraise KeyError('f1')\n", "cell-9"), notes=["Odd."]
    )
    yield make_result({}, {})


@pytest.mark.parametrize("result", list(samples()), ids=["good", "no-origin", "failed", "empty"])
def test_text_and_html_say_the_same(result):
    panel = summarize_result(result)
    text, page = render_text(panel), Page(render_html(panel))
    outputs = page.texts.get("pane-outputs", [""])[0]
    squeezed = " ".join(text.split())
    for row in panel.outputs.rows:
        assert f"{row.status} {row.name} " in squeezed
        assert row.name in outputs
    assert [tag["data-status"] for _, tag in page.tags if "data-status" in tag][
        : len(panel.outputs.rows)
    ] == [row.status for row in panel.outputs.rows]
    plain = text.replace("`", "")
    for sentence in [*page.said("why"), *page.said("compared"), *page.said("note")]:
        assert sentence in " ".join(plain.split())
    assert page.said("note") == [note.replace("`", "") for note in panel.notes]
    for words in ("the-same", "passed-on"):
        for line in page.said(words):
            assert line in squeezed
    for number, status in panel.counts:
        assert f"{number} {status}" in text.splitlines()[0]
        assert f"{number} {status}" in page.said("header")[0]
    if panel.error:
        assert panel.error.headline in text
        assert page.said("error") == [panel.error.headline]
        assert page.said("failing-line") == ["2raise KeyError('f1')"]
        assert "> " in text


def test_on_failure_the_error_comes_before_the_outputs():
    bundle = mimebundle(make_result({}, {"part": 1}, error=raised("raise KeyError('f1')\n", "cell-10")))
    for mime in ("text/plain", "text/html"):
        body = re.sub(
            r"<style>.*?</style>|<pre class=.spin-fallback.*?</pre>", "", bundle[mime], flags=re.DOTALL
        )
        assert 0 < body.index("KeyError") < body.index("part")


def test_panel_of_ten_artifacts_is_small_and_has_no_card_page():
    after = {f"a{i}": {"rows": list(range(1000)), "name": "x" * 100_000} for i in range(5)}
    after |= {f"b{i}": "text " * 10_000 for i in range(5)}
    panel = summarize_result(
        make_result({}, after, cards=[Card("default", "c", CARD_PAGE * 20_000, ())], stdout="y" * 10**6)
    )
    source = render_html(panel)
    assert len(source.encode()) < 40_000
    assert "document.title" not in source


def test_panel_of_a_thousand_artifacts_is_bounded():
    result = make_result(
        {f"s{i}": i for i in range(2000)}, {f"s{i}": i if i % 2 else -1 for i in range(2000)}
    )
    panel = summarize_result(result)
    assert panel.outputs.total == 2000
    assert len(render_html(panel)) < 150_000
    assert "900 more" in render_text(panel)


def test_panel_needs_no_script_and_no_network():
    source = render_html(summarize_result(make_result({"a": 1}, {"a": 2})))
    page = Page(source)
    assert not {"script", "link", "object", "embed"} & {tag for tag, _ in page.tags}
    assert "http" not in source
    assert "url(" not in source
    assert "@import" not in source


def test_classes_ids_and_labels_are_our_own():
    source = render_html(summarize_result(make_result({"a": 1}, {"a": 2}, notes=["n"])))
    page = Page(source)
    classes = {name for _, attributes in page.tags for name in attributes.get("class", "").split()}
    assert {name for name in classes if not name.startswith("spin-")} == set()
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = [a["for"] for tag, a in page.tags if tag == "label"]
    assert set(targets) <= set(ids)
    assert len(targets) == 4
    again = Page(render_html(summarize_result(make_result({"a": 1}, {"a": 2}))))
    assert not set(ids) & {attributes.get("id") for _, attributes in again.tags}


def test_every_class_in_the_templates_has_its_style():
    source = render_html(summarize_result(evil_result()))
    css = source.partition("</style>")[0]
    used = {n for _, a in Page(source.partition("</style>")[2]).tags for n in a.get("class", "").split()}
    unstyled = {name for name in used if f".{name}" not in css and not name.startswith("spin-is-")}
    # Hooks on the way to a styled child.
    assert unstyled <= {
        "spin-cell-status",
        "spin-cell-said",
        "spin-place",
        "spin-cause",
        "spin-code",
        "spin-plain",
    }


def test_untrusted_notebooks_show_the_text_where_styles_are_stripped():
    result = make_result({"a": 1}, {"a": 2})
    page = Page(render_html(summarize_result(result)))
    assert ("section", "display:none") in [(tag, a.get("style")) for tag, a in page.tags]
    assert "spin-fallback" in [a.get("class") for tag, a in page.tags if tag == "pre"]


def test_bundles_never_raise():
    class Broken:
        flow = "F"

        def __repr__(self) -> str:
            raise RuntimeError

    assert "Broken object" in mimebundle(Broken())["text/plain"]
    assert "Broken object" in inputs_mimebundle(Broken())["text/plain"]


def test_bundle_in_plain_python_has_no_widget():
    assert set(mimebundle(make_result())) == {"text/plain", "text/html"}


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, two):
    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_have_enough_contrast(theme):
    css = render_html(summarize_result(make_result())).partition("</style>")[0]
    pairs = re.findall(r"--spin-([\w-]+):[^;]*?light-dark\((#\w{6}), ?(#\w{6})\)", css)
    colour = {name: values[theme] for name, *values in pairs}
    for name in ("changed", "new", "failed"):
        assert contrast(colour[name], colour[f"{name}-wash"]) >= 4.5
        assert contrast(colour[name], colour["paper"]) >= 4.5
        assert contrast(colour["ink"], colour[f"{name}-wash"]) >= 7
    mixed = "#" + "".join(
        f"{round(0.72 * int(colour['ink'][i : i + 2], 16) + 0.28 * int(colour['paper'][i : i + 2], 16)):02x}"
        for i in (1, 3, 5)
    )
    assert contrast(mixed, colour["paper"]) >= 4.5
