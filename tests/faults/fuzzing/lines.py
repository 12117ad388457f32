"""Option lines of every magic: words as its own parser has them, in all sorts of quotes, and anything."""

from __future__ import annotations

import contextlib
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from spin_magic import options
from spin_magic.completing.slot import open_options, read
from spin_magic.completing.words import split
from spin_magic.errors import OptionError, SpinError
from spin_magic.grammar import HelpRequested, all_parsers
from spin_magic.grammar import values as kinds
from spin_magic.loop.request import Request, arguments, wanted
from spin_magic.namespace import evaluate
from spin_magic.options.line import words_of
from spin_magic.runs.wanted import parse_step
from tests.faults.fuzzing.rounds import Target, is_a_sentence

if TYPE_CHECKING:
    from pathlib import Path

PARSE = {
    "spin_inputs": options.parse_inputs,
    "spin": options.parse_spin,
    "spin_cards": options.parse_cards,
    "spin_load": options.parse_load,
    "spin_save": options.parse_save,
    "spin_new": options.parse_new,
    "spin_run": options.parse_run,
    "spin_test": options.parse_test,
    "spin_notebook": options.parse_notebook,
    "spin_flow": options.parse_flow,
}
PARSERS = all_parsers()
NAMES = ["x", "größe", "_", "df2", "名", "ᵢ", "ﬁ", "match"]
ODD = [
    "\x00",
    "\ud800",
    "\u202e",
    "\u2028",
    "\x85",
    "\xa0",
    "\ufeff",
    "\x0c",
    "\x1c",
    "\u3000",
    "'",
    '"',
    "\\",
]
ODD += [
    "#",
    " ",
    "\t",
    "\r",
    "\n",
    "=",
    "-",
    "--",
    "$",
    "`",
    "{x}",
    "%",
    "%s",
    "!",
    "?",
    "🙂",
    "e\u0301",
    "²",
    "٣",
]
texts = st.text(max_size=12) | st.lists(st.sampled_from([*ODD, *NAMES]), max_size=5).map("".join)
names = st.sampled_from(NAMES)
numbers = st.integers(0, 10**6)
flows = st.sampled_from(
    ["F", "TrainFlow", "a.py", "my flows/a.py:F", "pkg.mod:F", "größe.py", "./#1.py", "a\xa0b.py"]
)
steps = st.sampled_from(
    ["train", "1/train", "17/train/3", "F/17/train/3", "größe", "argo-x/t", "a b", "#s", "1"]
)
expressions = st.sampled_from(
    [
        "1",
        "x",
        "[1, 2]",
        "{'a': 1}",
        "lambda: 1",
        "(",
        "1 +",
        "'",
        "x y",
        "1 if",
        "\\",
        "1/0",
        "f'{1}'",
        "'\ud800'",
        "(" * 300,
        "-" * 5000 + "1",
        "[" * 150 + "]" * 150,
        "x" * 3000,
        "'" + "é" * 5000 + "'",
        "\x00",
        "yield",
        "a:=1",
        "9" * 5000,
        "1e999",
        "[].y",
        "{}['k' * 9000]",
        "int('x' * 5000)",
        "__import__('no' * 999)",
        "*a",
        "=1",
        "#",
    ]
)


def valid(action: Any) -> Any:
    """Values of an option that it takes: each as text, and as what is read of it."""
    if action.nargs == 0:
        return st.none()
    if action.nargs == 2:
        return st.tuples(texts.filter(is_plain), texts.filter(is_plain)).map(
            lambda pair: (list(pair), list(pair))
        )
    both = {
        kinds.integer: numbers.map(lambda n: (str(n), n)),
        kinds.positive: st.integers(1, 99).map(lambda n: (str(n), n)),
        kinds.name: names.map(lambda n: (n, n)),
        kinds.names: st.lists(names, min_size=1, max_size=3).map(lambda n: (", ".join(n), tuple(n))),
        kinds.step_names: st.lists(names, min_size=1, max_size=3).map(lambda n: (",".join(n), n)),
        kinds.indices: numbers.map(lambda n: (str(n), n))
        | st.tuples(numbers, st.integers(0, 9)).map(
            lambda n: (f"{n[0]}-{sum(n)}", tuple(range(n[0], sum(n) + 1)))
        )
        | st.lists(numbers, min_size=2, max_size=4).map(
            lambda n: (", ".join(map(str, n)), tuple(dict.fromkeys(n)))
        ),
        kinds.assignment: st.tuples(
            st.sampled_from(["{}", "train.{}", "[12].{}"]), names, expressions.filter(lambda e: e.strip())
        ).map(lambda n: (f"{n[0].format(n[1])}={n[2]}", (n[0].format(n[1]), n[2].strip()))),
    }
    free = texts.map(lambda t: (t, t))
    return both[action.type] if action.type else free


def is_plain(text: str) -> bool:
    return not text.startswith("-")


def quoted(text: str, how: int) -> str:
    """Write a word so that a shell reads it, in one of the ways."""
    if how == 1:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if how == 2 and text and not set(text) & set("\r\n"):
        return "".join(f"\\{c}" if c in " \t'\"\\#" else c for c in text)
    return shlex.quote(text)


@st.composite
def good_lines(draw: Any) -> tuple[str, str, dict[str, Any] | None]:
    """Give a magic, a line that it takes, and what is read of that."""
    magic = draw(st.sampled_from(sorted(PARSE)))
    parser = PARSERS[magic]
    words: list[list[str]] = []
    expected: dict[str, Any] = {}
    given = [action for action in parser.options() if action.dest != "help"]
    for action in draw(st.lists(st.sampled_from(given), max_size=5)):
        repeatable = type(action).__name__ in {"_AppendAction", "_ExtendAction"}
        if action.dest in expected and not repeatable:
            continue
        option = draw(st.sampled_from(action.option_strings))
        found = draw(valid(action))
        if found is None:
            words.append([option])
            expected[action.dest] = action.const
            continue
        text, value = found
        if repeatable:
            more = value if type(action).__name__ == "_ExtendAction" else [value]
            value = [*expected.get(action.dest, []), *more]
        expected[action.dest] = value
        if isinstance(text, list):
            words.append([option, *text])
        elif option.startswith("--") and (not is_plain(text) or draw(st.booleans())):
            words.append([f"{option}={text}"])
        else:
            words.append([option, text] if is_plain(text) else [f"{option}{text}"])
    needed = [draw(flows if word == "FLOW" else steps) for word in parser.words]
    if magic == "spin_run":
        words.insert(0, [needed[0]])
    else:
        for word in reversed(needed):
            words.insert(draw(st.integers(0, len(words) if word is needed[-1] else 0)), [word])
        places = [words.index([word]) for word in needed]
        if places != sorted(places) or len(set(places)) < len(places):
            words = [each for each in words if each not in ([w] for w in needed)]
            words = [*([word] for word in needed), *words]
    spaces = st.sampled_from([" ", "  ", "\t", " \t "])
    line = draw(spaces).join(quoted(word, draw(st.integers(0, 2))) for group in words for word in group)
    line += draw(st.sampled_from(["", " ", " # why 'this", "  # --index 3", "\t#"]))
    return magic, line, expected | dict(zip(map(str.lower, parser.words), needed, strict=True))


@st.composite
def any_lines(draw: Any) -> tuple[str, str, None]:
    """Give a magic and a line of options, their values and what else there is, in any order."""
    magic = draw(st.sampled_from(sorted(PARSE)))
    known = [name for parser in PARSERS.values() for name in parser.known()]
    own = PARSERS[magic].known()
    digits = st.sampled_from(
        ["0", "-1", "1,2", "2-5", "5-2", "0-99999", "9" * 5000, "1-" + "9" * 5000, "1,,2", "٣", "²"]
    )
    pieces = st.one_of(
        st.sampled_from(own),
        st.sampled_from(own).flatmap(lambda o: (digits | texts | expressions).map(lambda v: f"{o}={v}")),
        st.sampled_from(known),
        flows,
        steps,
        digits,
        expressions,
        st.tuples(names, expressions).map("=".join),
        texts,
        st.sampled_from(
            ["spin", "--", "-", "''", '""', "a" * 3000, "/" * 40, "F/1/s/2/3", "-ox", "-hx", "--=", "-9"]
        ),
    )
    how = st.sampled_from([quoted, lambda text, _: text])
    words = [draw(how)(word, draw(st.integers(0, 2))) for word in draw(st.lists(pieces, max_size=8))]
    line = draw(st.sampled_from([" ", "  ", "\t", "\xa0", "\n", "\x0c", "\u3000", ""])).join(words)
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(line)))
        line = line[:at] + draw(st.sampled_from([*ODD, ""])) + line[at + draw(st.integers(0, 3)) :]
    return magic, line, None


def check(case: tuple[str, str, dict[str, Any] | None]) -> str:
    magic, line, expected = case
    check_completion(magic, line)
    try:
        made = PARSE[magic](line)
    except HelpRequested as asked:
        assert expected is None
        is_help(str(asked))
        return "help"
    except OptionError as error:
        is_a_sentence(error)
        # Neither half a character nor NUL is in any name or path.
        never = "\ud800" in line or "\x00" in line
        assert expected is None or never or contradictory(magic, expected), "a line that is right is refused"
        return "refused"
    if expected is not None:
        assert not contradictory(magic, expected)
        check_read(made, expected)
    check_use(magic, made)
    return "read"


def is_help(text: str) -> None:
    assert text.startswith("usage: ")


def check_read(made: Any, expected: dict[str, Any]) -> None:
    read_ = asdict(made)
    run = expected.get("run")
    if run == "spin" and "source" in read_:
        expected = expected | {"run": None, "source": "spin"}
    if "after" in expected and "line" in read_:
        expected = expected | {"after": dict.fromkeys(expected["after"])}
    for name, value in expected.items():
        found = read_.pop(name)
        told = [tuple(each) for each in found] if name in {"assignments", "config", "config_value"} else found
        wanted_ = (
            [tuple(each) for each in value] if name in {"assignments", "config", "config_value"} else value
        )
        assert told == (tuple(wanted_) if name == "after" else wanted_), name
    read_.pop("line", None)
    rest = {name: value for name, value in read_.items() if value}
    kept = {"source": "run", "cards": True, "jobs": 1}
    assert all(kept.get(name) == value or name == "source" for name, value in rest.items()), rest


def contradictory(magic: str, given: dict[str, Any]) -> bool:
    """Tell whether options of a line contradict each other, from what the pages say."""
    index, last, run = given.get("index"), given.get("last"), given.get("run")
    if magic in {"spin_flow", "spin_cards"} and run == "spin":
        return True
    if magic in {"spin", "spin_inputs", "spin_cards"}:
        if index is not None and "value" in given:
            return True
        if "/" in given["step"] and run is not None:
            return True
    if magic != "spin":
        return False
    everything = "all_splits" in given
    many = everything or last is not None or isinstance(index, tuple)
    return bool(
        ("isolated" in given and "bind_locals" in given)
        or (not many and (given.get("jobs", 1) > 1 or given.get("show")))
        or (everything and (last is not None or index is not None or "value" in given))
        or (last is not None and (last < 1 or run is not None))
        or (many and "bind_locals" in given)
    )


def check_use(magic: str, made: Any) -> None:
    """What the magics go on to do with the options of a line."""
    for flow in ("", "my f.py"):
        try:
            named = options.with_flow(made, flow)
        except OptionError as error:
            is_a_sentence(error)
            continue
        if hasattr(named, "line") and named.step:
            # It is shown to the user, and is what a repeated line says it stands for.
            assert PARSE[magic](named.line) == named, named.line
    step = getattr(made, "step", None)
    if step:
        with expected_errors():
            parse_step(step, "F")
        with expected_errors():
            given = {name: getattr(made, name, None) for name in ("index", "value", "run")}
            if not isinstance(given["index"], tuple):
                wanted(Request(**arguments(flow="F", step=step, namespace=None, **given)), "F")
    if magic == "spin":
        last = options.parse_spin("'my f.py' 17/train/3 --index 2 --seed 1 # why") if made.repeats else made
        again = options.parse_spin("--last 2" if made.repeats else "--seed 7").filled(last)
        with contextlib.suppress(OptionError):
            assert options.parse_spin(again.line) == again, again.line
    for assignment in getattr(made, "assignments", ()):
        if assignment[1] in EVALUATED:
            with expected_errors():
                evaluate([assignment], {"__builtins__": __builtins__})


EVALUATED = {
    "1",
    "x",
    "(",
    "1 +",
    "'",
    "x y",
    "\\",
    "1/0",
    "'\ud800'",
    "(" * 300,
    "-" * 5000 + "1",
    "x" * 3000,
}
EVALUATED |= {"\x00", "yield", "9" * 5000, "{}['k' * 9000]", "int('x' * 5000)", "__import__('no' * 999)", "#"}


@contextlib.contextmanager
def expected_errors() -> Any:
    try:
        yield
    except SpinError as error:
        is_a_sentence(error)


def check_completion(magic: str, line: str) -> None:
    """The Tab key reads the same words as the magic."""
    at_cursor = split(line)
    if at_cursor is not None:
        open_options(PARSERS[magic], read(PARSERS[magic], at_cursor.before, at_cursor.text))
    with contextlib.suppress(OptionError):
        words = words_of(line)
        told = split(f"{line} ")
        if told is not None:
            assert list(told.before) == words


def target(_: Path) -> Target:
    return Target(good_lines() | any_lines(), check)
