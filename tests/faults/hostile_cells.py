"""The cells that bring a hostile flow's texts to each place of a page or a terminal where one may stand."""

from __future__ import annotations

# The texts, for the cells that make values of them.
BEGIN = """
%load_ext spin_magic
import json as _json
_texts = _json.load(open("texts.json"))
T, NAMES, GIVEN = list(_texts["all"].values()), _texts["names"], _texts["given"]
"""
SHOWN = {
    "values": """%%spin HostileFlow work --index 1
import enum, numpy, pandas
UTF8 = [text for text in ALL if text.isascii() or "\\ud800" not in text]
self.frame = pandas.DataFrame({text: [number, None] for number, text in enumerate(UTF8)})
self.indexed = pandas.DataFrame({"a": range(len(UTF8))}, index=UTF8)
self.series = pandas.Series(range(len(ALL)), index=pandas.Index(ALL, dtype=object), name=ALL[0])
self.labels = pandas.Series(UTF8, dtype="category")
self.array = numpy.array(ALL[:24], dtype=object)
self.record = numpy.zeros(2, dtype=[(f"{text[:20]}{at}", "f4") for at, text in enumerate(UTF8[:20])])
self.made = [class_of(text)(text) for text in ALL]
for number, text in enumerate(ALL):
    setattr(self, f"m{number:02d}", class_of(text)(text))
    setattr(self, f"e{number:02d}", list(member_of(text))[0])
    setattr(self, f"p{number:02d}", Page(text))
    setattr(self, text, number) if "\\ud800" not in text else None
self.classes = [class_of(text) for text in ALL]
self.error = ValueError(*ALL[:4])
self.tuple, self.set, self.bytes = tuple(ALL), set(ALL), "".join(UTF8[:9]).encode()
self.next(self.join)""",
    "changes": """%%spin HostileFlow work
self.texts = [*reversed(ALL)]
self.keyed = {text + "x": text + "y" for text in ALL} | {text: text + "z" for text in ALL}
self.nested = [{"a": [text + "!"]} for text in ALL[:6]]
for number, text in enumerate(ALL):
    setattr(self, f"v{number:02d}", text[:50] + "+" + text[:50])
for number, text in enumerate(TEXTS["names"]):
    setattr(self, f"{number:02d}{text}", text)
self.changing = "\\n".join(text + "." for text in reversed(ALL[:8]))
self.said = self.input + "?"
self.next(self.join)""",
    "as in the file": "%spin HostileFlow work",
    "printed": """%%spin HostileFlow work
import sys
for text in ALL[:-3]:
    print(text)
    print(text, file=sys.stderr)
self.next(self.join)""",
    "notes": """%%spin HostileFlow work
import warnings
from metaflow import current
self.lent = T[0]
self.next(self.join)""",
    "cards": """%%spin HostileFlow work
@card(type="blank", id="own")
@step
def work(self):
    from metaflow import cards as made, current
    for text in ALL[:-3]:
        text = text.replace("\\ud800", "").replace("\\udfff", "")
        current.card.append(made.Markdown(text))
        current.card.append(made.Markdown("# " + text + " *" + text + "* [" + text + "](" + text + ")"))
        current.card.append(made.Artifact(text, text))
        current.card.append(made.ProgressBar(max=3, value=1, label=text, unit=text))
        current.card.append(made.Image(b"GIF89a", label=text))
        current.card.append(made.Table([[text, made.Markdown(text)]], headers=[text, text]))
        axes = {"x": {"field": text}, "y": {"field": text}}
        chart = {"title": text, "mark": text, "encoding": axes, "data": {"values": [{text: 1}]}}
        current.card.append(made.VegaChart(chart))
    self.next(self.join)""",
    "inputs": "%spin_inputs HostileFlow join",
    "inputs of a split": "%spin_inputs HostileFlow work --index 1",
    "flow": "%spin_flow HostileFlow",
    "past cards": "%spin_cards HostileFlow work --diff",
    "many tasks": "%spin HostileFlow work --all-splits --show said,texts,changing",
    "many fail": """%%spin HostileFlow work --all-splits
raise type(self.input.replace(chr(0), "0"), (ValueError,), {})(self.input)""",
    "saved": "%spin_save HostileFlow work --force --dry-run",
    "as a test": "%spin HostileFlow work\n%spin_test HostileFlow work",
    "loaded": "%spin_load HostileFlow work",
    "results": """r = _spin
print(ascii(repr(r)) and repr(r), str(r), r.inputs, repr(r.inputs))
print(r.cards)""",
}
# With TEXT in the place of a text's literal, once for each text.
FAILING = {
    "message": "%%spin HostileFlow work\nx = TEXT\nraise ValueError(x)",
    "class": """%%spin HostileFlow work
x = TEXT
raise type(x.replace(chr(0), "0"), (ValueError,), {"__module__": x})(x)""",
    "cause": """%%spin HostileFlow work
x = TEXT
try:
    raise type(x.replace(chr(0), "0"), (KeyError,), {})(x)
except KeyError as error:
    raise RuntimeError("plain") from error""",
    "file": """%%spin HostileFlow work
x = TEXT.replace(chr(0), "0").encode("ascii", "xmlcharrefreplace").decode()
exec(compile("raise ValueError(1)", x + chr(27) + "]0;x" + chr(7), "exec"))""",
}
# A line with a text in each of its places.
LINES = (
    "%spin TEXT work",
    "%spin HostileFlow TEXT",
    "%spin HostileFlow work --from TEXT",
    "%spin HostileFlow work --index TEXT",
    "%spin HostileFlow work --value TEXT",
    "%spin HostileFlow work --namespace TEXT",
    "%spin HostileFlow work --set TEXT",
    "%spin HostileFlow work --set said=TEXT",
    "%spin HostileFlow work --artifacts-module TEXT",
    "%spin HostileFlow work --config TEXT TEXT",
    "%spin HostileFlow work --config-value TEXT TEXT",
    "%spin HostileFlow work --cwd TEXT",
    "%spin HostileFlow work --after TEXT",
    "%spin HostileFlow work --environment TEXT --isolated",
    "%spin HostileFlow work --show TEXT --all-splits",
    "%spin HostileFlow work -o TEXT",
    "%spin HostileFlow work --TEXT",
    "%spin HostileFlow work TEXT",
    "%spin_inputs HostileFlow work --only TEXT",
    "%spin_flow TEXT",
    "%spin_flow HostileFlow --from TEXT",
    "%spin_cards HostileFlow work --id TEXT",
    "%spin_cards HostileFlow work --type TEXT",
    "%spin_new TEXT",
    "%spin_new GoodFlow --file TEXT",
    "%spin_load HostileFlow TEXT",
    "%spin_save HostileFlow TEXT",
    "%spin_save HostileFlow work --after TEXT",
    "%spin_run TEXT",
    "%spin_run HostileFlow --resume TEXT",
    "%spin_run HostileFlow --no-such TEXT",
    "%spin_test HostileFlow TEXT",
    "%spin_notebook TEXT",
)


def quoted(text: str) -> str:
    """Give a text as a word of a line."""
    inner = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inner}"'


def with_text(cell: str, text: str) -> str:
    """Put a text into a cell as Python's literal of it."""
    return cell.replace("TEXT", ascii(text))


def run_line(line: str, text: str) -> str:
    """Give a cell that runs a line with any text in it, line breaks and all."""
    name, _, arguments = line.removeprefix("%").partition(" ")
    given = arguments.replace("TEXT", quoted(text))
    return f"get_ipython().run_line_magic({name!r}, {given!a})"
