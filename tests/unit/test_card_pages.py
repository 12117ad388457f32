"""A card's page on its way to the notebook: taken apart, sent once, put together, or embedded whole."""

from __future__ import annotations

import base64
import gzip
import re
import time

import ipywidgets as widgets
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

from spin_magic.cards import Card, CardUpdate
from spin_magic.report import view
from spin_magic.report.cards import hub as hubs
from spin_magic.report.cards.embed import POLICY, embedded
from spin_magic.report.cards.packing import LONG, pack, zipped
from spin_magic.report.cards.running import RunningCards
from tests.unit.report_samples import make_result

BUNDLE = "/* bundle */" + "x" * LONG
DATA = 'window.__MF_DATA__["a"] = "' + "y" * LONG + '"'
FONT = '@import"https://fonts.googleapis.com/css2?family=Roboto:wght@300;400;500;700&display=swap";'


def page(*bodies: str) -> str:
    return "<!doctype html>" + "".join(f"<script>{body}</script>" for body in bodies)


def together(packed):
    return "".join(part if isinstance(part, str) else packed.texts[part["key"]] for part in packed.parts)


@pytest.fixture
def hub(monkeypatch):
    """A hub of its own, and what it has sent."""
    InteractiveShell.instance()
    made = hubs.Hub()
    made.sent = []
    monkeypatch.setattr(
        made.widget, "send", lambda message, buffers=(): made.sent.append((message, *buffers))
    )
    monkeypatch.setattr(hubs, "_hub", made)
    monkeypatch.setattr(hubs.Hub, "alive", True)
    yield made
    view._shown.clear()
    view._tabs.clear()
    widgets.Widget.close_all()
    InteractiveShell.clear_instance()


@given(
    st.lists(st.sampled_from([BUNDLE, DATA, "short", "", "</SCRIPT >", "<script>", "\udc80é"]), max_size=6)
)
def test_a_page_put_together_again_is_the_same(bodies):
    assert together(pack(page(*bodies))) == page(*bodies)


def test_what_is_a_card_s_own_stays_with_it():
    packed = pack(page(DATA, BUNDLE, "short"))
    assert list(packed.texts.values()) == [BUNDLE]
    assert DATA in packed.parts[0]


def test_a_card_asks_no_server_for_its_font():
    for padding in ("", " " * LONG):
        styled = f"<style>{FONT}p {{ color: red }}{padding}</style>"
        assert together(pack(styled + page(BUNDLE))) == styled.replace(FONT, "") + page(BUNDLE)


def test_a_font_without_its_last_semicolon_takes_nothing_else_along():
    url = '@import url("https://fonts.googleapis.com/css?family=Roboto")'
    text = f"<style>{url}</style><h1>Title</h1><p>a &amp; b; @import https://example.com/x; stays</p>"
    assert together(pack(text)) == text.replace(url, "")


def test_looking_for_fonts_takes_no_time_on_any_text():
    text = "<style>" + "@import https://" * 6_000 + "</style>"
    begun = time.process_time()
    assert together(pack(text)).startswith("<style>@import https://@import https://")
    assert time.process_time() - begun < 1


def test_a_long_script_is_sent_with_the_first_card_only(hub):
    cards = [Card("default", f"c{i}", page(f"short {i}", BUNDLE)) for i in range(3)]
    packed = [hub.packed(card.html, card) for card in cards]
    assert [len(each["parts"]) for each in packed] == [3, 3, 3]
    assert [gzip.decompress(message[1]).decode() for message in hub.sent] == [BUNDLE]
    assert packed[2]["parts"][1]["key"] == hub.sent[0][0]["text"]
    assert (packed[2]["title"], packed[2]["file"]) == ("default card c2", "card-default-c2.html")


def test_a_page_that_was_loaded_again_gets_what_it_lost(hub):
    hub.packed(page(BUNDLE), Card("x", None, ""))
    keys = hub.widget.sent
    hub.sent.clear()
    hub._on_message(hub.widget, {"ask": "texts", "keys": [*keys, "unknown"]}, [])
    assert [message[0] for message in hub.sent] == [{"text": keys[0]}]


def test_texts_that_cards_carry_for_themselves_do_not_pile_up(hub, monkeypatch):
    monkeypatch.setattr(hubs, "KEPT", 3 * len(zipped(BUNDLE)))
    for number in range(9):
        hub.packed(page(BUNDLE + str(number)), Card("x", None, ""))
    assert len(hub._texts) <= 3
    assert list(hub._texts) == hub.widget.sent


@pytest.mark.parametrize("name", ["../../etc", 'a"b', "ü"])
def test_a_file_name_is_one(name):
    assert re.fullmatch(r"card-blank-[\w.-]+\.html", hubs.file_name(Card("blank", name, "")))


def test_an_embedded_page_unzips_to_itself_without_the_network():
    text = embedded(f"<!DOCTYPE html><html><style>{FONT}</style><body>ü</body></html>")
    found = re.search(r'atob\("([^"]+)"\)', text)
    assert found
    inner = gzip.decompress(base64.b64decode(found[1])).decode()
    assert inner.startswith("<!DOCTYPE html><meta charset")
    assert "RTCPeerConnection" in inner
    assert inner.endswith("<html><style></style><body>ü</body></html>")
    assert "default-src 'none'" in POLICY
    assert "frame-src 'none'" in POLICY
    assert inner.count(POLICY) == text.count(POLICY) == 1


def published():
    outputs = []

    def publish(bundle, transient=None, *, update=False):
        outputs.append((bundle, transient, update))

    return outputs, publish


def test_a_step_without_updates_shows_its_panel_alone(hub):
    outputs, publish = published()
    with RunningCards(publish, "F s") as cards:
        cards.end(make_result({}, {}))
    assert len(outputs) == 1
    assert outputs[0][1:] == (None, False)
    assert hub.sent == []


def test_updates_go_to_one_place_which_the_panel_takes(hub):
    outputs, publish = published()
    result = make_result({}, {}, cards=[Card("default", None, page(BUNDLE))])
    with RunningCards(publish, "F s") as cards:
        cards(CardUpdate(0, "default", None, page=page(BUNDLE)))
        cards(CardUpdate(0, "default", None, data={"reload_token": "t", "data": {}}))
        cards.end(result)
    (first, place, _), (panel, taken, update) = outputs
    assert place == taken
    assert update
    told = [message for message, *_ in hub.sent if "place" in message]
    assert len({message["place"] for message in told}) == 1
    assert f'id="{told[0]["place"]}"' in first["text/html"]
    assert [("parts" in message, message["data"]) for message in told] == [
        (True, None),
        (False, {"reload_token": "t", "data": {}}),
    ]
    assert view.opened(result) == "cards"
    assert panel["text/plain"] == repr(result)


def test_only_what_changed_is_sent_again(hub):
    _, publish = published()

    def told(*states):
        with RunningCards(publish, "F s") as cards:
            for page_text, parts in states:
                data = None if parts is None else {"reload_token": "t", "data": parts}
                cards(CardUpdate(0, "default", None, page=page_text, data=data))
        return [message["data"] and message["data"]["data"] for message, *_ in hub.sent if "place" in message]

    bar, chart = {"value": 1}, {"values": [1, 2]}
    moved = {"bar": {"value": 2}, "chart": chart}
    both = {"bar": bar, "chart": chart}
    assert told(("<p>", None), (None, both), (None, moved), (None, moved), ("<p>", moved)) == [
        None,
        both,
        {"bar": {"value": 2}},
        {},
        moved,
    ]


def test_a_spin_that_ends_without_a_result_leaves_no_place_behind(hub):
    outputs, publish = published()
    with RunningCards(publish, "F s") as cards:
        cards(CardUpdate(0, "default", None, page="<p>"))
    assert outputs[-1] == ({"text/plain": "", "text/html": ""}, outputs[0][1], True)


def test_a_panel_that_opens_at_its_cards_has_them_sent(hub, monkeypatch):
    result = make_result({}, {}, cards=[Card("default", None, "<p>1"), Card("blank", "b", "<p>2")])
    told = []
    monkeypatch.setattr(view.PanelWidget, "send", lambda _self, message: told.append(message))
    view.enliven(result, "", str)
    assert told == []
    view.open_at(result, "cards")
    view.enliven(result, "", str)
    assert [(message["to"]["index"], message["parts"]) for message in told] == [
        (0, ("<p>1",)),
        (1, ("<p>2",)),
    ]
