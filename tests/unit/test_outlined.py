"""The text of a flow against what Metaflow makes of the flow itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from spin_magic.engine.graph import graph_of
from spin_magic.flows.load import load
from spin_magic.flows.locate import find_flow
from spin_magic.flows.outline import outline
from spin_magic.runs.outlined import outlined_graph

FLOWS = Path(__file__).parents[1] / "flows"
ALIKE = ("next", "parents", "depth", "foreach", "joins", "joined")


@pytest.mark.parametrize(
    "name",
    [
        "branches",
        "chained",
        "custom_ends",
        "foreach",
        "inherit",
        "loop_back",
        "nested",
        "recursive",
        "switch",
    ],
)
def test_the_graph_is_that_of_metaflow(name, monkeypatch):
    monkeypatch.chdir(FLOWS)
    ref = find_flow(f"{name}.py", {}, FLOWS)
    told = outlined_graph(outline(ref, FLOWS))
    real = graph_of(load(ref, FLOWS).cls)

    assert (told.start, told.end) == (real.start, real.end)
    assert set(told.nodes) == set(real.nodes)
    for step, node in real.nodes.items():
        assert [getattr(told.nodes[step], each) for each in ALIKE] == [
            getattr(node, each) for each in ALIKE
        ], step


def test_parameters_and_configs_have_the_names_of_the_command_line(monkeypatch):
    monkeypatch.chdir(FLOWS)
    params = outline(find_flow("params.py", {}, FLOWS), FLOWS).parameters
    configs = outline(find_flow("configs.py", {}, FLOWS), FLOWS)

    assert {"dashed-name", "blob", "needed"} <= set(params)
    assert {"cfg", "plain", "raw"} <= set(configs.configs)
    assert {"size", "label"} == set(configs.parameters)


def test_what_a_flow_inherits_counts(monkeypatch):
    monkeypatch.chdir(FLOWS)
    told = outline(find_flow("inherit.py", {}, FLOWS), FLOWS)

    assert told.in_order() == ["start", "report", "end"]
    assert set(told.parameters) == {"offset", "scale"}
