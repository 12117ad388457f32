from __future__ import annotations

import subprocess
import sys

import pytest
from traitlets import TraitError
from traitlets.config import Config, LazyConfigValue
from traitlets.config.loader import DeferredConfigList

from spin_magic import traits
from spin_magic.runs.history import namespace_or_current
from spin_magic.settings import SettingRefused, SpinMagic

NAMES = sorted(SpinMagic.class_trait_names(config=True))


@pytest.fixture
def settings():
    return SpinMagic.instance()


@pytest.fixture
def complaints(caplog):
    """The lines about settings that nobody was waiting for."""
    traits.complain.cache_clear()
    yield lambda: [record.getMessage() for record in caplog.records if record.name == "spin_magic"]
    traits.complain.cache_clear()


def added(item):
    """What ``c.SpinMagic.notes.append(item)`` leaves in a config."""
    value = LazyConfigValue()
    value.append(item)
    return value


def configured(**values):
    config = Config()
    for name, value in values.items():
        setattr(config.SpinMagic, name, value)
    return config


def test_each_has_help_and_a_default_that_it_takes(settings):
    for name in NAMES:
        default = getattr(settings, name)
        assert settings.traits()[name].help.endswith(".")
        setattr(settings, name, default)
        assert getattr(settings, name) == default


def test_what_was_set_goes_before_the_variable_and_that_before_the_default(settings, monkeypatch):
    assert settings.preview_rows == 6
    monkeypatch.setenv("SPIN_MAGIC_PREVIEW_ROWS", "20")
    assert settings.preview_rows == 20
    settings.preview_rows = 6
    assert settings.preview_rows == 6
    monkeypatch.delenv("SPIN_MAGIC_PREVIEW_ROWS")
    assert settings.preview_rows == 6


def test_a_config_file_stands_between_the_two(settings, monkeypatch, complaints):
    monkeypatch.setenv("SPIN_MAGIC_LOG_LINES", "20")
    monkeypatch.setenv("SPIN_MAGIC_PANEL_ROWS", "20")
    settings.preview_rows = 9

    settings.take({"log_lines": 30, "preview_rows": 30}, lambda _: "f.py")

    assert (settings.log_lines, settings.panel_rows, settings.preview_rows) == (30, 20, 9)
    assert complaints() == []


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("previews", "off", False),
        ("embed_cards", "1", True),
        ("preview_seconds", "2", 2.0),
        ("size_budget", "1.5 GiB", 3 * 2**29),
        ("cache_limit", "0", 0),
        ("notes", "next, unset", ("next", "unset")),
        ("notes", "no", ()),
        ("namespace", "user:ann", "user:ann"),
        ("flow", "", ""),
    ],
)
def test_variables(settings, monkeypatch, name, text, value):
    monkeypatch.setenv(f"SPIN_MAGIC_{name.upper()}", text)

    assert getattr(settings, name) == value
    assert settings.problem(name) == ""


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("preview_rows", -3, "takes a whole number from 1 to 200, not -3. The nearest is 1."),
        ("preview_rows", 3.6, "takes a whole number from 1 to 200, not 3.6. The nearest is 4."),
        ("preview_rows", True, "not True."),
        ("compare_seconds", "3", "takes a number from 0.01 to 60, not '3'. The nearest is 3."),
        ("compare_seconds", float("nan"), "not nan."),
        ("previews", "off", "takes True or False, not 'off'. Did you mean False?"),
        ("size_budget", "20 gigs", "a size such as '20GB', not '20 gigs'. Did you mean '20GB'?"),
        ("cache_limit", -1, "not -1."),
        ("notes", "nxt", "Did you mean 'next'?"),
        ("notes", 3, "not 3."),
        ("flow", object, "takes a text, not <class 'object'>."),
    ],
)
def test_a_wrong_value_is_refused_with_the_nearest_and_the_old_one_stays(settings, name, value, said):
    before = getattr(settings, name)

    with pytest.raises(TraitError) as plainly:
        setattr(settings, name, value)
    with pytest.raises(SettingRefused) as raised:
        settings.update_config(configured(**{name: value}))

    assert str(plainly.value) == str(raised.value)
    assert str(raised.value).startswith(f"SpinMagic.{name} takes ")
    assert str(raised.value).endswith(said)
    assert getattr(settings, name) == before


def test_a_setting_that_there_is_not(settings):
    with pytest.raises(SettingRefused, match=r"no such setting\. Did you mean 'embed_cards'"):
        settings.update_config(configured(embed_card=True))


def test_wrong_variables_are_said_once_and_the_default_holds(settings, monkeypatch, complaints):
    monkeypatch.setenv("SPIN_MAGIC_PREVIEW_ROWS", "many")
    monkeypatch.setenv("SPIN_MAGIC_CACHE_LIMT", "5GB")

    settings.check_environment()
    assert settings.preview_rows == settings.preview_rows == 6

    assert complaints() == [
        "SPIN_MAGIC_PREVIEW_ROWS takes a whole number from 1 to 200, not 'many'. preview_rows stays 6.",
        (
            "SPIN_MAGIC_CACHE_LIMT: there is no such setting. Did you mean "
            "'SPIN_MAGIC_CACHE_LIMIT' or 'SPIN_MAGIC_CACHE_DIR'?"
        ),
    ]


def test_what_is_wrong_in_a_config_file_is_said_and_the_rest_holds(settings, complaints):
    settings.take({"log_lines": "x", "lag_lines": 1, "preview_rows": 7}, lambda _: "/c/f.py")

    assert (settings.preview_rows, settings.log_lines) == (7, 100)
    assert complaints() == [
        "c.SpinMagic.lag_lines in /c/f.py: there is no such setting. Did you mean 'log_lines'?",
        "/c/f.py: SpinMagic.log_lines takes a whole number from 0 to 10,000, not 'x'. It stays 100.",
    ]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("notes", [3], "not [3]."),
        ("preview_rows", 10**5000, "not this int. It stays 6."),
        ("flow", DeferredConfigList(["a", "b"]), "flow only accepts one value, got 2: ['a', 'b']"),
        ("notes", added("next"), "takes no additions: assign it whole."),
    ],
    ids=["a list of others", "too many digits", "given twice", "added to"],
)
def test_whatever_a_config_file_has_the_magics_load(settings, complaints, name, value, said):
    before = getattr(settings, name)
    settings.take({name: value, "log_lines": LazyConfigValue()}, lambda _: "f.py")

    [complaint] = complaints()
    assert said in complaint
    assert getattr(settings, name) == before


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        (True, {"next", "pickle"}),
        (False, set()),
        (["pickle"], {"pickle"}),
        ("-pickle", {"next"}),
        ("next,pickle,-next", {"pickle"}),
    ],
)
def test_kinds_of_notes(settings, given, kinds):
    settings.notes = given

    assert {"next", "pickle"} & set(settings.notes) == kinds


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0"), (7, "7"), (5000, "'5 kB'"), (2**26, "'64 MiB'"), (2 * 10**10, "'20 GB'"), (1001, "1001")],
)
def test_sizes_are_shown_as_they_may_be_written(settings, size, shown):
    settings.size_budget = size

    assert repr(settings.size_budget) == shown
    settings.size_budget = shown.strip("'")
    assert settings.size_budget == size


def test_the_namespace_where_none_was_asked_for(settings, monkeypatch):
    keep = object()
    monkeypatch.setattr("spin_magic.runs.history.current_namespace", lambda: "user:me")

    assert namespace_or_current(keep, keep) == "user:me"
    settings.namespace = "user:ann"
    assert namespace_or_current(keep, keep) == "user:ann"
    assert namespace_or_current("user:bob", keep) == "user:bob"
    settings.namespace = "*"
    assert namespace_or_current(keep, keep) is None


def test_a_wrong_variable_is_one_line_of_a_plain_script(tmp_path):
    script = (
        "from spin_magic.settings import SpinMagic\n"
        "print(SpinMagic.instance().log_lines, SpinMagic.instance().log_lines)"
    )
    env = {"SPIN_MAGIC_LOG_LINES": "lots", "PYTHONPATH": ":".join(sys.path)}
    start = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(start, env=env, capture_output=True, text=True, check=False)

    assert done.stdout == "100 100\n"
    assert done.stderr.splitlines() == [
        "SPIN_MAGIC_LOG_LINES takes a whole number from 0 to 10,000, not 'lots'. log_lines stays 100."
    ]
