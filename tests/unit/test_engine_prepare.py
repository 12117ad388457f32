"""A parameter's default is what `run` would make of it."""

from __future__ import annotations

import pytest
from metaflow import FlowSpec, IncludeFile, JSONType, Parameter, parameters, step

from spin_magic.engine.pickling import copied
from spin_magic.engine.prepare import constants_of, default_of, is_flow_class, parameters_of, step_names
from spin_magic.errors import TaskError


@pytest.fixture(autouse=True)
def context(monkeypatch):
    empty = dict.fromkeys(parameters.ParameterContext._fields)
    monkeypatch.setattr(parameters, "context_proto", parameters.ParameterContext(**empty))


def made(kind=Parameter, **options):
    parameter = kind("p", **options)
    parameter.init()
    compute = default_of(parameter)
    return compute() if compute else "no default"


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({"default": 5}, 5),
        ({"default": "5", "type": int}, 5),
        ({"default": "5"}, "5"),
        ({"default": "no", "type": bool}, False),
        ({"default": lambda _: 7, "type": int}, 7),
        ({"default": "[1, 2]", "type": JSONType}, [1, 2]),
        ({"default": "a,b", "separator": ","}, ["a", "b"]),
        ({"default": "", "separator": ","}, ""),
        ({"type": str}, None),
        ({"required": True, "type": str}, "no default"),
        ({"required": True, "default": "x", "type": str}, "x"),
    ],
)
def test_a_default_is_of_the_parameter_s_type(options, value):
    found = made(**options)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("options", "content"),
    [({}, "Grüße"), ({"is_text": False}, "Grüße".encode()), ({"encoding": "latin-1"}, "GrÃ¼Ã\x9fe")],
)
def test_a_file_that_is_included_by_default_is_read_and_not_uploaded(tmp_path, options, content):
    (tmp_path / "text.txt").write_text("Grüße", encoding="utf-8")
    found = made(IncludeFile, default=str(tmp_path / "text.txt"), **options)
    assert found.decode("p") == content
    assert copied(found).decode("p") == content
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(
        TaskError, match=r"Parameter .p. includes .*nowhere, which cannot be read: .*No such file"
    ):
        made(IncludeFile, default=str(tmp_path / "nowhere"))


class ConstantsFlow(FlowSpec):
    alpha = Parameter("alpha", default=1)
    limit = 3
    names = ("a", "b")
    _private = 4

    @property
    def computed(self):
        return 5

    def helper(self):
        return 6

    class Inner:
        pass

    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass


def test_constants_are_what_metaflow_stores():
    assert constants_of(ConstantsFlow) == {"limit": 3, "names": ("a", "b")}
    assert parameters_of(ConstantsFlow).keys() == {"alpha"}
    assert step_names(ConstantsFlow) == ["start", "end"]
    assert is_flow_class(ConstantsFlow)
    assert not any(is_flow_class(each) for each in (FlowSpec, ConstantsFlow.Inner, None, "ConstantsFlow"))
