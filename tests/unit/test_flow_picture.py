from __future__ import annotations

import html.parser
import re
from dataclasses import replace

import pytest

from spin_magic.overview import FlowOverview, SpunStep, StepOverview
from spin_magic.report.graph import flow_mimebundle, render_flow_html, render_flow_part, render_flow_text
from spin_magic.report.graph.drawing import draw

EVIL = "<script>alert('1')</script>\"'`<b x=\"1\">&amp;]]></style>"
WHY = "Run 17, the latest, which failed in `work`."


def steps() -> list[StepOverview]:
    return [
        StepOverview(
            "start",
            "foreach",
            next=("work",),
            over="items",
            sets=("items",),
            state="ok",
            tasks=1,
            seconds=0.5,
            longest=0.5,
            spun=SpunStep(40.0, 0.1, ((2, "changed"), (1, "new")), "F/17/start/1"),
        ),
        StepOverview(
            "work",
            "linear",
            next=("join",),
            depth=1,
            decorators=("retry", "card"),
            doc="Works.\nHard.",
            reads=("alpha",),
            sets=("x", "y"),
            state="failed",
            tasks=1200,
            failed=3,
            seconds=75.0,
            longest=20.0,
            spun=SpunStep(7200.0, 0.1),
        ),
        StepOverview("join", "join", next=("choose",), reads=("x",), sets=("best",)),
        StepOverview(
            "choose",
            "split-switch",
            next=("choose", "end"),
            over="more",
            cases=(("yes", "choose"), ("no", "end")),
            state="running",
            tasks=2,
            running=1,
            seconds=1.0,
            longest=1.0,
        ),
        StepOverview("end", "end", reads=("best",)),
    ]


def overview(*changed: StepOverview, **options) -> FlowOverview:
    known = {step.name: step for step in (changed or steps())}
    return FlowOverview("SmallFlow", options.pop("run", "17"), options.pop("why", WHY), known, **options)


class Page(html.parser.HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in {"td", "th"}:
            self.rows[-1][-1] += data

    def all(self, css):
        return [attrs for _, attrs in self.tags if css in attrs.get("class", "").split()]


def test_text_tells_each_step_in_a_line():
    said = render_flow_text(overview(notes=("A note.",)))

    assert said.splitlines()[:4] == [
        "SmallFlow: 5 steps, 1 ok, 1 failed, 1 running, 2 not reached",
        WHY,
        "2 of 5 steps have been spun in this kernel.",
        "! A note.",
    ]
    lines = [re.split(r" {2,}", line) for line in said.splitlines()[4:]]
    assert lines[0] == [
        *("step", "state", "tasks", "time", "reads", "sets", "in this kernel", "leads to", "decorators")
    ]
    assert lines[1][2:] == [
        "1",
        "500 ms",
        "items",
        "spun 40 s ago: 2 changed, 1 new",
        "work, for each of items",
    ]
    assert lines[2] == [
        *("work", "failed", "1,200, 3 failed", "1 min 15 s, longest 20.0 s", "alpha", "x, y"),
        *("spun 2 h ago", "join", "@retry @card"),
    ]
    assert lines[3] == ["join", "not reached", "x", "best", "not spun", "choose"]
    assert lines[4][-1] == "yes → choose, no → end"


def test_page_and_text_say_the_same():
    shown = flow_mimebundle(overview())
    rows = Page(shown["text/html"]).rows

    text = shown["text/plain"].splitlines()[-len(rows) :]
    assert [re.split(r" {2,}", line) for line in text] == [[cell for cell in row if cell] for row in rows]


def test_each_step_can_be_reached_by_keyboard_and_tells_all():
    page = Page(render_flow_html(overview(), marked="work"))
    nodes = page.all("spin-step")

    assert [node["data-step"] for node in nodes] == ["start", "work", "join", "choose", "end"]
    assert {(node["role"], node["tabindex"]) for node in nodes} == {("img", "0")}
    # JupyterLab takes the links of an output for files of the notebook's folder.
    assert "a" not in {tag for tag, _ in page.tags}
    assert [node["data-step"] for node in nodes if node.get("aria-current") == "step"] == ["work"]
    assert nodes[1]["aria-label"] == (
        "work: 3 of 1,200 failed; this step; 1,200 tasks; 1 min 15 s, longest 20.0 s; @retry @card; "
        "spun 2 h ago"
    )
    assert nodes[3]["aria-label"].startswith("choose: running, 1 of 2 done; switch on more, repeats")


def test_card_says_state_tasks_and_time():
    cards = {card.step: card for piece in draw(overview(), "work").pieces for card in piece.cards}

    assert (cards["start"].said, cards["start"].time, cards["start"].kind) == (
        "ok",
        "500 ms",
        "foreach items",
    )
    assert (cards["work"].said, cards["work"].stack, cards["work"].here) == (
        *("3 of 1,200 failed", (3,), "this step"),
    )
    assert (cards["start"].here, cards["join"].state) == ("spun 40 s ago · 3 differ", "not-reached")
    many = replace(steps()[1], state="ok", failed=0, depth=2)
    card = draw(overview(many)).pieces[0].cards[0]
    assert (card.said, card.stack) == ("ok × 1,200", (6, 3))


def test_switch_is_dashed_and_repeats_above_itself():
    pieces = draw(overview()).pieces

    dashed = [piece.branches for piece in pieces if any(card.step == "choose" for card in piece.cards)]
    assert len(dashed) == 1
    assert dashed[0].count("M") == 1
    others = [piece for piece in pieces if not any(card.step == "choose" for card in piece.cards)]
    assert all(piece.branches == "" for piece in others)
    for piece in pieces:
        for x, y in re.findall(r"[MC ](-?[\d.]+) (-?[\d.]+)", piece.lines + piece.branches):
            assert 0 <= float(x) <= piece.width + 3
            assert 0 <= float(y) <= piece.height


def test_way_back_to_a_step_keeps_clear_of_the_card_above():
    branches = [
        StepOverview("start", "split", next=("a", "b")),
        StepOverview("a", "linear", next=("end",)),
        StepOverview("b", "split-switch", next=("b", "end"), over="x", cases=(("1", "b"), ("2", "end"))),
        StepOverview("end", "end"),
    ]
    picture = draw(overview(*branches))
    [piece] = picture.pieces
    card = {card.step: card for card in piece.cards}

    [top] = re.findall(r"C[\d.]+ ([\d.]+) [\d.]+ \1 ", piece.branches.split("M")[-1])
    assert card["a"].y + picture.height < float(top) < card["b"].y


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.25, "250 ms"), (75, "1 min 15 s"), (3600, "1 h 0 min"), (90_000, "25 h 0 min")]
)
def test_long_times_are_in_hours(seconds, said):
    step = StepOverview("start", "end", state="ok", tasks=1, seconds=seconds, longest=seconds)

    assert [card.time for card in draw(overview(step)).pieces[0].cards] == [said]
    assert said in render_flow_text(overview(step))


def test_flow_without_runs_says_so_and_is_drawn():
    bare = [
        replace(s, state="not reached", tasks=0, failed=0, running=0, longest=0, spun=None) for s in steps()
    ]
    none = overview(
        *bare, run=None, why="SmallFlow has no run in x. Make one first: `python <flow file> run`."
    )

    page, text = render_flow_html(none), render_flow_text(none)

    assert "has no run in x" in page
    assert "python &lt;flow file&gt; run" in page
    assert len(Page(page).all("spin-step")) == 5
    assert text.splitlines()[0] == "SmallFlow: 5 steps"
    assert "None of its steps has been spun in this kernel." in text
    assert "time" not in text.splitlines()[3].split()


@pytest.mark.parametrize(
    "changed",
    [
        {"reads": (EVIL,)},
        {"sets": (EVIL,)},
        {"decorators": (EVIL,)},
        {"doc": EVIL},
        {"over": EVIL, "type": "foreach"},
        {"cases": ((EVIL, "end"),), "type": "split-switch"},
        {"spun": SpunStep(1.0, 1.0, ((1, EVIL),), EVIL)},
        {"name": EVIL},
        {"state": EVIL},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_users_wrote_is_escaped(changed):
    plain = replace(steps()[0], next=(), spun=None)
    page = render_flow_html(overview(replace(plain, **changed)), marked=EVIL)

    tags = [tag for tag, _ in Page(page).tags]
    assert (tags.count("b"), tags.count("script")) == (1, 0)  # the one is around the flow's name
    assert "alert" in page


def test_sentences_and_flow_are_escaped():
    bad = FlowOverview(EVIL, "17", EVIL, {"start": steps()[2]}, (EVIL,))

    for page, own in ((render_flow_html(bad), 1), (render_flow_part(bad), 0)):
        tags = [tag for tag, _ in Page(page).tags]
        assert (tags.count("b"), tags.count("script")) == (own, 0)


def test_long_names_are_cut_in_the_picture_and_whole_beside_it():
    name = "a_step_with_a_name_that_goes_on_and_on_and_on"
    page = render_flow_html(overview(StepOverview(name, "end")))

    [card] = draw(overview(StepOverview(name, "end"))).pieces[0].cards
    assert card.name.endswith("…")
    assert f"<title>{name}</title>" in page
    assert [name] == [row[0] for row in Page(page).rows[1:]]


def test_many_names_are_counted():
    step = StepOverview("start", "end", sets=tuple(f"n{i}" for i in range(30)))

    assert "n6, n7 and 22 more" in render_flow_text(overview(step))


def test_sixty_steps_are_small_and_the_table_is_folded():
    chain = [
        StepOverview(
            f"step_{i}", "linear", next=(f"step_{i + 1}",), state="ok", tasks=1, seconds=1, longest=1
        )
        for i in range(60)
    ]
    page = render_flow_part(overview(*chain), "step_3")

    assert len(page) < 45_000
    assert "open" not in next(attrs for tag, attrs in Page(page).tags if tag == "details")


def test_an_overview_is_plain_data():
    shown = overview()

    assert repr(shown) == "FlowOverview(SmallFlow, run 17: 1 ok, 1 failed, 1 running, 2 not reached)"
    assert shown._repr_mimebundle_() == {"text/plain": repr(shown)}
    assert shown["work"].card
    assert not shown["start"].card
    assert list(shown.steps) == ["start", "work", "join", "choose", "end"]
    with pytest.raises(TypeError):
        shown.steps["more"] = shown["work"]


def test_spun_inputs_are_told_in_the_picture_and_in_words():
    steps = {
        "start": StepOverview("start", "start", ("end",), spun=SpunStep(5, 0.1)),
        "end": StepOverview("end", "end", spun=SpunStep(3, 0.1, on=("start",))),
    }
    overview = FlowOverview("F", None, "No run.", steps)
    assert render_flow_text(overview).count("on spun inputs of start") == 1
    cards = {card.step: card for piece in draw(overview).pieces for card in piece.cards}
    assert "spun inputs" in cards["end"].label
    assert "spun inputs" not in cards["start"].label
