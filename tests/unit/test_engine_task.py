"""The edges of a task that is run in the kernel."""

from __future__ import annotations

import json
import pickle
import threading
import traceback
from types import SimpleNamespace

import pytest
from metaflow import Config, FlowSpec, step

from spin_magic.artifacts import Artifact
from spin_magic.engine import task
from spin_magic.engine.configs import config_values
from spin_magic.engine.prepare import prepare
from spin_magic.engine.state import preserved
from spin_magic.engine.stores import Handed, InputStore, OutputStore, live_artifact
from spin_magic.errors import OptionError, TaskError


def module(name, text):
    namespace = {}
    exec(compile(text, name, "exec"), namespace)  # noqa: S102 -- frames of a file of that name
    return namespace


def names_of(shown):
    return [frame.name for frame in traceback.extract_tb(shown)]


def test_a_traceback_is_cut_to_what_is_the_user_s():
    hidden = task.HIDDEN_FOLDERS[0] + "inner.py"
    engine = module(hidden, "def engine(body): body()\ndef last(): raise KeyError('x')\n")
    user = module("user.py", "def body(): helper()\ndef helper(): engine(middle)\ndef middle(): last()\n")
    user.update(engine=engine["engine"], last=engine["last"])
    with pytest.raises(KeyError) as raised:
        engine["engine"](user["body"])
    found = raised.value.__traceback__.tb_next  # this test's own frame is nobody's
    assert names_of(found) == ["engine", "body", "helper", "engine", "middle", "last"]
    # Cut at both ends; what is between the user's own frames stays.
    assert names_of(task.users_traceback(found)) == ["body", "helper", "engine", "middle"]


def test_of_a_traceback_that_is_all_ours_nothing_is_left():
    ours = module(task.HIDDEN_FOLDERS[1] + "own.py", "def own(): raise KeyError('x')\n")
    with pytest.raises(KeyError) as raised:
        ours["own"]()
    assert task.users_traceback(raised.value.__traceback__.tb_next) is None
    assert task.users_traceback(None) is None


LOCAL = SimpleNamespace(TYPE="local")


class ConfiguredFlow(FlowSpec):
    one = Config("one", default_value={"a": 1})
    two = Config("two", default_value={"a": 2})
    three = Config("three", default_value={"a": 3})

    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass


def test_configs_that_were_given_are_known_apart_from_those_that_were_not(tmp_path):
    (tmp_path / "one.json").write_text('{"a": 10}')
    with preserved():
        made = prepare(
            ConfiguredFlow,
            LOCAL,
            files={"one": str(tmp_path / "one.json")},
            values={"two": '{"a": 20}'},
            folder=tmp_path,
        )
    assert made.configs == {"one": {"a": 10}, "two": {"a": 20}}
    with preserved():
        assert prepare(ConfiguredFlow, LOCAL, folder=tmp_path).configs == {}


def test_configs_come_from_the_environment_where_none_are_given(tmp_path, monkeypatch):
    (tmp_path / "one.json").write_text('{"a": 10}')
    monkeypatch.setenv("METAFLOW_FLOW_CONFIG", json.dumps({"one": str(tmp_path / "one.json")}))
    monkeypatch.setenv("METAFLOW_FLOW_CONFIG_VALUE", json.dumps({"two": '{"a": 20}', "three": '{"a": 30}'}))
    with preserved():
        cls = prepare(ConfiguredFlow, LOCAL, values={"three": {"a": 33}}).cls
        found = {name: value.to_dict() for name, value in config_values(cls).items()}
    assert found == {"one": {"a": 10}, "two": {"a": 20}, "three": {"a": 33}}


def test_a_config_that_the_flow_does_not_have_is_said():
    with preserved(), pytest.raises(OptionError, match="Flow ConfiguredFlow has no config 'tow'"):
        prepare(ConfiguredFlow, LOCAL, values={"tow": "{}"})


def test_what_lives_here_says_so():
    value = [1]
    output = OutputStore.__new__(OutputStore)
    output.live, output.unchanged, output._looks, output._origins = {"name": value}, {}, {}, {}
    size = len(pickle.dumps(value, 4))
    for found, expected in ((live_artifact("name", value), None), (output.artifact("name"), size)):
        assert (found.name, found.type_name, found.size, found.live) == ("name", "list", expected, True)
        assert found.load() is value
    assert output.known("name") is value
    assert output.known("other") is None
    assert output.names() == ["name"]
    assert output.key("name") is None


def test_the_way_through_foreachs_is_read_from_the_stack():
    output = OutputStore.__new__(OutputStore)
    frames = [SimpleNamespace(step="outer", index=2), SimpleNamespace(step="inner", index=0)]
    for stack, expected in ((frames, (("outer", 2), ("inner", 0))), (None, ()), ([], ())):
        output.live = {"_foreach_stack": stack}
        assert output.foreach_path() == expected


class Source:
    pathspec, objects, details = "F/1/start/1", {"a": "sha"}, {"a": {"type": "<class 'int'>", "size": 3}}

    def fetch(self, name):
        return {"a": 1}[name], None

    def stored(self, names):
        return [name for name in names if name in self.objects]

    def artifact(self, name):
        return Artifact(name, "int", 3, lambda: 1)


def test_an_input_is_the_source_s_or_a_value_that_stands_in_for_it():
    other, gone = [1], TaskError("gone")
    store = InputStore(Source(), {"b": other}, missing={"c": gone})
    assert (store["a"], store["b"], store.get("nosuch", 7)) == (1, [1], 7)
    assert store["b"] is not other
    assert [name in store for name in ("a", "b", "c", "d")] == [True, True, True, False]
    with pytest.raises(TaskError, match="gone"):
        store["c"]
    assert dict(store.items()).keys() == {"a", "b"}
    assert [store.is_stored(name) for name in ("a", "b")] == [True, False]
    assert not store.is_none("a")
    assert store.is_none("nosuch")
    assert store.handed_on("a") == Handed("sha", 3)
    assert store.handed_on("b").size == len(pickle.dumps(other, 4))
    assert store.loaded == {}
    store.watched = True
    value = store["a"]
    assert store.loaded["a"].value is value
    assert store.loaded["a"].untouched() is None
    a, b = store.artifact("a"), store.artifact("b")
    assert (a.type_name, a.size, a.live, a.load()) == ("int", 3, False, 1)
    assert (b.type_name, b.live, b.load()) == ("list", True, [1])


def test_the_decorators_of_a_kernel_are_chosen_by_what_it_can_do():
    def named(*names):
        return SimpleNamespace(decorators=[SimpleNamespace(name=name) for name in names])

    def chosen():
        step_ = named("retry", "timeout", "conda", "card", "catch", "secrets", "environment")
        return [deco.name for deco in task._kernel_decorators(step_)]

    here, elsewhere = chosen(), []
    thread = threading.Thread(target=lambda: elsewhere.append(chosen()))
    thread.start()
    thread.join()
    assert {"timeout", "catch", "secrets", "environment"} <= set(here)
    assert not {"conda", "card"} & set(here)
    # A time limit rings in the main thread alone.
    assert elsewhere == [[name for name in here if name != "timeout"]]


def test_an_exception_is_not_caught_by_catch():
    catch = SimpleNamespace(name="catch")
    task._kernel_decorators(SimpleNamespace(decorators=[catch]))
    assert catch.task_exception(ValueError("x")) is None
    assert catch.task_decorate(len, None) is len


def test_what_chooses_the_interpreter_is_not_honoured():
    of_the_interpreter = {"conda", "pypi", "conda_base", "pypi_base", "conda_env_internal", "uv"}
    assert not task.setup.HONOURED & (of_the_interpreter | {"card"})
    assert {"secrets", "timeout", "environment"} <= task.setup.HONOURED
