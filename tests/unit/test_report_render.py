from __future__ import annotations

import html.parser
import re
import types
from importlib.resources import files

import numpy as np
import pandas as pd
import polars as pl
import pytest

from spin_magic.artifacts import Artifacts
from spin_magic.cards import Card
from spin_magic.report import inputs_mimebundle, mimebundle, summarize_result
from spin_magic.report.render import render_html, render_text
from spin_magic.result import DiffRow
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
            hook = attributes.get("data-test") or attributes.get("class", "")
            self.open.append((tag, hook))
            if hook:
                self.texts.setdefault(hook, []).append("")

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


def named(name, **contents):
    return type(name, (), contents)


def evil_frame(text):
    return pd.DataFrame({text: [text, text], "n": [1, 2]}, index=[text, text + "2"])


# Each place into which a text of the user's can come, with a result that has the text there.
PLACES = {
    "artifact name": lambda t: make_result({}, {t: 1}),
    "value": lambda t: make_result({}, {"a": t}),
    "long value": lambda t: make_result({}, {"a": f"{t}\n{t}" * 5}),
    "repr": lambda t: make_result({}, {"a": named("A", __repr__=lambda _: t)()}),
    "class name": lambda t: make_result({}, {"a": named(t)()}),
    "attribute": lambda t: make_result({}, {"a": types.SimpleNamespace(**{t: t})}),
    "dict": lambda t: make_result({}, {"a": {t: t, "n": [t]}}),
    "set": lambda t: make_result({}, {"a": {t}}),
    "frame": lambda t: make_result({}, {"a": evil_frame(t)}),
    "polars": lambda t: make_result({}, {"a": pl.DataFrame({t: [t]})}),
    "array": lambda t: make_result({}, {"a": np.array([t] * 20)}),
    "doc": lambda t: make_result({}, {"a": named("A", __doc__=t)}),
    "html": lambda t: make_result({}, {"a": named("A", _repr_html_=lambda _: f"</iframe>{t}")()}),
    "changed text": lambda t: make_result({"a": "x"}, {"a": t}),
    "changed lines": lambda t: make_result({"a": "x\ny\n" + t}, {"a": f"x\n{t}\n"}),
    "changed line": lambda t: make_result({"a": "x" * 99}, {"a": "x" * 50 + t * 3}),
    "changed key": lambda t: make_result({"a": {"k": "x" * 50}}, {"a": {"k": t, t: t}}),
    "changed deep": lambda t: make_result({"a": {t: {t: [1] * 50}}}, {"a": {t: {t: [1] * 49 + [2]}}}),
    "changed set": lambda t: make_result({"a": set(range(50))}, {"a": {*range(49), t}}),
    "changed frame": lambda t: make_result(
        {"a": evil_frame(t)}, {"a": evil_frame(t).assign(n=[2, 2], **{t + "2": t})}
    ),
    "changed cell": lambda t: make_result({"a": evil_frame("x")}, {"a": evil_frame("x").assign(x=[t, "x"])}),
    "changed array": lambda t: make_result({"a": np.array(["x"] * 50)}, {"a": np.array(["x"] * 49 + [t])}),
    "changed type": lambda t: make_result({"a": 1}, {"a": named(t)()}),
    "changed attribute": lambda t: make_result(
        {"a": types.SimpleNamespace(**{t: 1})}, {"a": types.SimpleNamespace(**{t: 2})}
    ),
    "reason": lambda t: make_result({}, {"a": 1}, compare=lambda _: [DiffRow("a", "not compared", t)]),
    "gone": lambda t: make_result({t: 1}, {}),
    "same": lambda t: make_result({t: 1}, {t: 1}),
    "exception": lambda t: make_result({}, {}, error=ValueError(t)),
    "exception lines": lambda t: make_result({}, {}, error=ValueError(f"{t}\n{t}")),
    "exception class": lambda t: make_result({}, {}, error=type(t, (Exception,), {})("x")),
    "file name": lambda t: make_result({}, {}, error=raised("raise ValueError(1)\n", f"/x/{t}.py")),
    "source line": lambda t: make_result({}, {}, error=raised(f"x = {t!r}; raise ValueError(1)\n", "f.py")),
    "local": lambda t: make_result({}, {}, error=raised("raise ValueError(x)\n", "g.py", x=t)),
    "note": lambda t: make_result({}, {}, notes=[t, f"`{t}`"]),
    "log": lambda t: make_result({}, {}, stdout=t, stderr=t),
    "card": lambda t: make_result({}, {}, cards=[Card(t, t, t, ({"type": t, "title": t}, {t: t}))]),
    "next": lambda t: make_result({}, {"a": 1}, next=(t,)),
    "origin and tags": lambda t: make_result({}, {}, origin=t, inputs=make_inputs({}, why=f"run tagged {t}")),
    "input": lambda t: make_result({}, {}, inputs=make_inputs({t: {t: t}}, value=t, tasks=(t, t))),
    "flow and step": lambda t: make_result({}, {}, flow=t, step=t),
}
TEXTS = [
    EVIL,
    "</style><b>x",
    "</pre><p onclick=x>",
    "]]><i>",
    "`</code><u>`",
    "' onfocus='x",
    '" autofocus="',
    "</td></table>",
]


@pytest.mark.parametrize("place", PLACES)
def test_a_users_text_is_only_text_in_every_place(place):
    plain = Page(render_html(summarize_result(PLACES[place]("harmless"))))
    assert not plain.open
    known = {tag for tag, _ in plain.tags} | {
        "code",
        "pre",
        "span",
        "b",
        "p",
        "details",
        "summary",
        "div",
        "ul",
        "li",
    }
    known |= {"table", "thead", "tbody", "tr", "th", "td", "ol"}
    attributes = {
        "class",
        "data-test",
        "data-name",
        "data-status",
        "aria-label",
        "id",
        "style",
        "type",
        "name",
    }
    attributes |= {
        "checked",
        "for",
        "role",
        "aria-hidden",
        "aria-current",
        "scope",
        "colspan",
        "tabindex",
        "viewbox",
    }
    attributes |= {"d", "sandbox", "title", "srcdoc", "start"}
    for text in TEXTS:
        source = render_html(summarize_result(PLACES[place](text)))
        page = Page(source)
        assert not page.open
        assert {tag for tag, _ in page.tags} - known == set()
        assert {name for _, given in page.tags for name in given} - attributes == set()
        assert "<script" not in source.lower()
        assert source.count("<style>") == source.count("</style>") == 1


def test_every_text_of_the_users_is_escaped():
    source = render_html(summarize_result(evil_result()))
    page = Page(source)
    assert not page.open
    assert "<script" not in source.lower()
    assert EVIL in page.said("spin-name")


def test_a_foreign_display_stays_in_a_frame_without_rights():
    frames = [a for tag, a in Page(render_html(summarize_result(evil_result()))).tags if tag == "iframe"]
    assert [(frame["sandbox"], frame["srcdoc"].count("</iframe>")) for frame in frames] == [("", 1)]
    assert all("default-src 'none'" in frame["srcdoc"].partition("<style")[0] for frame in frames)


def test_inputs_panel_escapes_too():
    bundle = inputs_mimebundle(evil_result().inputs)
    page = Page(bundle["text/html"])
    assert "script" not in {tag for tag, _ in page.tags}
    assert EVIL in page.said("spin-name")
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


def changed_result():
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": list("abc")})
    before = {
        "score": 0.5,
        "src": "a\nb\n",
        "df": frame,
        "w": np.arange(50.0),
        "cfg": {"lr": 0.1, "in": {"k": [1] * 20}},
    }
    after = {
        "score": 0.75,
        "src": "a\nc\n",
        "df": frame.assign(y=list("abz"), z=1),
        "w": np.arange(50.0) * 2,
        "cfg": {"lr": 0.01, "in": {"k": [1] * 19 + [2]}},
    }
    return make_result(before, after)


def test_text_and_html_tell_the_same_of_what_changed():
    panel = summarize_result(changed_result())
    text, page = render_text(panel), Page(render_html(panel))
    squeezed = " ".join(text.split())
    said = page.said("spin-said")
    assert len(said) >= 5
    for line in said[:5]:
        assert line in squeezed
    opened = [row.detail for row in panel.outputs.rows if row.detail]
    tables = [block for detail in opened for block in detail.blocks if block.kind == "table"]
    cells = [c for table in tables for row in table.rows for c in row]
    assert len(cells) > 40
    shown = " ".join(page.said("detail"))
    for cell in cells:
        words = " ".join((cell if isinstance(cell, str) else "" if cell.bars else cell.text).split())
        assert words in squeezed
        assert words in shown
    labels = [a["aria-label"] for tag, a in page.tags if tag == "svg"]
    assert labels == [c.text for c in cells if not isinstance(c, str) and c.bars]
    for line in ("-b", "+c"):
        assert line in text.replace(" ", "").splitlines()
        assert line in shown


def test_text_is_the_same_for_the_same_result():
    one, other = (render_text(summarize_result(changed_result())).splitlines()[1:] for _ in range(2))
    assert one == other


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
    assert "936 more" in render_text(panel)
    assert panel.counts == ((1000, "changed"), (1000, "same"))


def test_panel_of_200_changed_artifacts_keeps_its_bounds():
    before = {f"a{i}": {"rate": i, "name": "x" * 50, "data": [i] * 20} for i in range(200)}
    after = {f"a{i}": {"rate": -i, "name": "y" * 50, "data": [i] * 19} for i in range(200)}
    given = make_inputs({f"i{i}": [i] * 40 for i in range(200)})
    panel = summarize_result(make_result(before, after, inputs=given))
    assert len(render_html(panel).encode()) + len(render_text(panel).encode()) < 80_000


def test_an_ordinary_panel_is_small():
    panel = summarize_result(changed_result())
    assert all(row.detail for row in panel.outputs.rows if row.name != "score")
    assert len(render_html(panel).encode()) + len(render_text(panel).encode()) < 30_000


def test_the_style_sheet_is_small():
    source = render_html(summarize_result(make_result()))
    assert len(source.partition("</style>")[0]) < 11_000


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
    # JupyterLab would take what stands between dollars for formulas, links in them and all.
    assert {name for name in classes if not name.startswith("spin-")} == {"mathjax_ignore"}
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
    # Hooks on the way to a styled child; and MathJax's own.
    assert unstyled <= {"spin-said", "mathjax_ignore"}


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
    for name in ("ok", "accent"):
        assert contrast(colour[name], colour["paper"]) >= 4.5

    def mixed(share):
        parts = (
            round(
                share * int(colour["ink"][i : i + 2], 16) + (1 - share) * int(colour["paper"][i : i + 2], 16)
            )
            for i in (1, 3, 5)
        )
        return "#" + "".join(f"{part:02x}" for part in parts)

    shares = {
        name: int(share) / 100
        for name, share in re.findall(r"--spin-(\w+): ?color-mix\(in srgb,var\(--spin-ink\) (\d+)%", css)
    }
    soft, wash, grey = (mixed(shares[name]) for name in ("soft", "wash", "grey"))
    for paper in (colour["paper"], wash):
        assert contrast(soft, paper) >= 4.5
    assert contrast(colour["ink"], grey) >= 7
    # Parts of a drawing need less.
    assert contrast(soft, colour["paper"]) >= 3


def test_no_rule_of_the_style_sheet_reaches_outside():
    css = re.sub(
        r"/\*.*?\*/", "", files("spin_magic.report").joinpath("static/panel.css").read_text(), flags=re.DOTALL
    )
    outer, depth = [""], 0
    for char in css:
        depth += {"{": 1, "}": -1}.get(char, 0)
        outer[-1] += char if depth == 0 or (depth == 1 and outer[-1].strip().startswith("@")) else ""
        if char == "}" and depth == 0:
            outer.append("")
    rules = [rule.strip(" \n}{") for rule in outer if rule.strip(" \n}")]
    assert len(rules) >= 6
    assert all(".spin-" in rule or rule.startswith("@") for rule in rules)
    nested = css[css.index(".spin-panel.spin-panel {") : css.index("@container")]
    selectors = re.findall(r"(?:^|[{};])\s*([^{};]+)\{", nested)
    assert all(
        part.strip().startswith(("&", ".spin-panel"))
        for s in selectors[1:]
        for part in re.split(r",(?![^(]*\))", s)
    )
