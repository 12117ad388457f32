"""The benchmark's tables: what is said of given numbers, and where it is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench.cases.latest import add_runs
from tests.bench.cases.step import body_of
from tests.bench.figures import Chapter, Figure, Sample, Target, amount, sentence, table_of_figures
from tests.bench.place import ROOT, latest_run
from tests.bench.scale import FULL
from tests.bench.suite import BETWEEN_MARKERS, README, in_readme, results

FASTER = Target("faster", 150)
SHARE = Target("share", 0.75)
LIMIT = Target("limit", 0.008)


@pytest.mark.parametrize(
    ("figure", "reached", "ratio", "target"),
    [
        (Figure("f", 0.020, "command", 3.0, FASTER), True, "150x", "150x"),
        (Figure("f", 0.02001, "command", 3.0, FASTER), False, "149x", "150x"),
        (Figure("s", 0.75, "Client", 1.0, SHARE), True, "0.75x", "0.75x of its time"),
        (Figure("s", 0.7501, "Client", 1.0, SHARE), False, "0.76x", "0.75x of its time"),
        (Figure("l", 0.008, target=LIMIT), True, "", "≤ 8 ms"),
        (Figure("l", 0.0081, target=LIMIT), False, "", "≤ 8 ms"),
        (
            Figure("l", 1.21, target=Target("limit", 1.2, "outputs"), unit="outputs"),
            False,
            "",
            "≤ 1.2 outputs",
        ),
        (Figure("n", 0.01, "Runner", 0.0299), None, "2.9x", ""),
    ],
)
def test_verdict(figure, reached, ratio, target):
    *_, said_ratio, said_target, verdict = figure.cells

    assert figure.reached is reached
    assert (said_ratio, said_target) == (ratio, target)
    assert verdict == {True: "reached", False: "**not reached**", None: ""}[reached]


def test_table_has_a_line_for_each_figure_with_the_peer_and_its_time():
    figures = [Figure("one", 0.02, "`python flow.py spin`", 3.0, FASTER), Figure("two", 0.009, target=LIMIT)]

    head, rule, one, two = table_of_figures(figures).splitlines()

    assert {line.count("|") for line in (head, rule, one, two)} == {7}
    assert one == "| one | `python flow.py spin`: 3 s | 20 ms | 150x | 150x | reached |"
    assert two == "| two |  | 9 ms |  | ≤ 8 ms | **not reached** |"


def test_target_against_no_peer_is_a_mistake():
    with pytest.raises(ValueError, match="no peer"):
        _ = Figure("f", 1.0, target=FASTER).reached


def test_sentence_names_what_was_missed():
    figures = [Figure("good", 0.001, target=LIMIT), Figure("bad", 1, target=LIMIT), Figure("free", 5)]

    assert sentence(figures) == "1 of 2 targets reached. Not reached: bad."
    assert sentence(figures[:1]) == "1 of 1 targets reached."


def test_sample_gives_the_median_and_the_95th_percentile():
    sample = Sample("s", [float(i) for i in range(101)])

    assert (sample.median, sample.slow) == (50.0, 95.0)
    assert Sample("one", [3.0]).slow == 3.0


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (0.00149, "s", "1.49 ms"),
        (0.0998, "s", "99.8 ms"),
        (0.2, "s", "200 ms"),
        (3.018, "s", "3.02 s"),
        (1.5, "x", "1.5x"),
        (0.031, "outputs", "0.031 outputs"),
        (123.4, "MB", "123 MB"),
    ],
)
def test_amount(number, unit, text):
    assert amount(number, unit) == text


def test_sizes_are_those_of_the_issue():
    assert (FULL.large, FULL.quarter, FULL.small, FULL.output) == ("1.02 GB", "256 MB", "1.02 MB", "100 MB")


def test_readme_has_the_markers_and_only_what_is_between_them_is_written():
    readme = README.read_text(encoding="utf-8")
    chapter = Chapter("A chapter", figures=[Figure("shown", 1, short=True), Figure("left out", 1)])

    new = in_readme(readme, [chapter], "A machine.")

    assert len(BETWEEN_MARKERS.findall(readme)) == 1
    assert BETWEEN_MARKERS.sub("", new) == BETWEEN_MARKERS.sub("", readme)
    [between] = BETWEEN_MARKERS.findall(new)
    assert "| shown |" in between
    assert "left out" not in between
    assert between.endswith("A machine.\n")


def test_report_has_every_figure_and_every_sample():
    chapter = Chapter("A chapter", [Sample("timed", [1.0, 3.0, 2.0])], [Figure("a case", 2)], ["A remark."])

    text = results([chapter], "A machine.")

    assert "| a case |  | 2 s |" in text
    assert "## A chapter\n\n| timed | median" in text
    assert "| timed | 2 s |  | 1 s | 3 |\n\nA remark." in text


def test_body_is_the_text_of_the_step():
    body = body_of(ROOT / "notebooks" / "flows" / "trainflow.py", "prepare")

    assert body.startswith("self.train_df, self.test_df = train_test_split(\n    self.df,")
    assert body.endswith('self.next(self.train, foreach="grid")')


def test_runs_are_copied_with_names_and_times_of_their_own(tmp_path: Path):
    real = tmp_path / ".metaflow" / "ManyFlow" / "1795000000000000"
    file = real / "_meta" / "_self.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"run_number": real.name, "ts_epoch": 1795000000000, "user_name": "u"}))

    add_runs(tmp_path, 4)

    runs = sorted(each.name for each in real.parent.iterdir())
    assert runs == ["1794999820000000", "1794999880000000", "1794999940000000", real.name]
    oldest = json.loads((real.with_name(runs[0]) / "_meta" / "_self.json").read_text())
    assert oldest == {"run_number": runs[0], "ts_epoch": 1794999820000, "user_name": "u"}
    assert json.loads(file.read_text())["run_number"] == real.name
    assert latest_run(tmp_path, "ManyFlow") == real
