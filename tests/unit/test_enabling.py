"""`spin-magic enable` and `disable`: one file where IPython looks, and every folder as it was afterwards."""

from __future__ import annotations

import sys

import pytest

from spin_magic import cli, enabling


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An environment and an IPython folder of their own; Jupyter prefers the environment."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    (tmp_path / "environment" / "bin").mkdir(parents=True)
    (tmp_path / "ipython").mkdir()
    return tmp_path


def tree(folder):
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*"))


@pytest.mark.parametrize(
    ("option", "where"),
    [
        ([], "environment/etc/ipython/startup"),
        (["--sys-prefix"], "environment/etc/ipython/startup"),
        (["--user"], "ipython/profile_default/startup"),
    ],
)
def test_disable_undoes_enable(home, capsys, option, where):
    before = tree(home)
    file = home / where / enabling.FILE

    assert cli.main(["enable", *option]) == 0
    assert f"wrote {file}." in capsys.readouterr().out
    assert file.read_text().startswith(enabling.TEXT)
    assert cli.main(["enable", *option]) == 0
    assert f"{file} was there already." in capsys.readouterr().out

    assert cli.main(["disable", *option]) == 0
    assert f"Removed {file}." in capsys.readouterr().out
    assert tree(home) == before
    assert cli.main(["disable", *option]) == 0
    assert "nothing to remove" in capsys.readouterr().out


@pytest.mark.parametrize("there", ["etc", "etc/ipython", "etc/ipython/startup"])
def test_folders_that_were_there_stay_even_if_they_are_empty(home, there):
    (home / "environment" / there).mkdir(parents=True)
    before = tree(home)
    enabling.enable("sys-prefix")
    enabling.disable("sys-prefix")
    assert tree(home) == before


def test_files_of_others_stay_and_keep_their_folders(home):
    enabling.enable("user")
    other = home / "ipython" / "profile_default" / "startup" / "10-mine.py"
    other.write_text("x = 1\n")
    enabling.disable("user")
    assert other.exists()
    assert tree(other.parent) == [other.name]


def test_the_file_that_the_wheel_brought_is_removed_too_and_its_folders_stay(home):
    file = enabling.startup_file("sys-prefix")
    file.parent.mkdir(parents=True)
    file.write_text(enabling.TEXT)
    assert "was there already" in enabling.enable("sys-prefix")
    enabling.disable("sys-prefix")
    assert not file.exists()
    assert file.parent.exists()


@pytest.mark.parametrize("command", ["enable", "disable"])
def test_a_file_that_was_edited_stays(home, capsys, command):
    enabling.enable("user")
    file = enabling.startup_file("user")
    file.write_text(file.read_text() + "import numpy\n")
    assert cli.main([command, "--user"]) == 1
    assert f"{file} was edited, so it stays as it is" in capsys.readouterr().err
    assert file.read_text().endswith("import numpy\n")


def test_disable_says_where_the_magics_still_come_from(home, capsys):
    enabling.enable("user")
    enabling.enable("sys-prefix")
    cli.main(["disable"])
    said = capsys.readouterr().out
    assert f"{enabling.startup_file('user')} is still there; `spin-magic disable --user` removes it." in said
    assert "%load_ext" not in said
    cli.main(["disable", "--user"])
    assert "Kernels that start from now on need %load_ext spin_magic." in capsys.readouterr().out


def test_outside_of_an_environment_it_is_for_the_user(home, monkeypatch):
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    assert str(enabling.startup_file("user")) in enabling.enable()


def test_a_folder_that_cannot_be_written_is_said_with_what_to_do(home, capsys):
    (home / "environment" / "etc").write_text("a file where a folder should be")
    assert cli.main(["enable"]) == 1
    said = capsys.readouterr().err
    assert "cannot be written" in said
    assert "`spin-magic enable --user`" in said


def test_what_ipython_cannot_keep_is_not_called_done(home, capsys, monkeypatch):
    """IPython itself would go to a temporary folder, which no kernel reads."""
    (home / "no folder").write_text("")
    monkeypatch.setenv("IPYTHONDIR", str(home / "no folder"))
    for command in ("enable", "disable"):
        assert cli.main([command, "--user"]) != 0
        said = capsys.readouterr().err
        assert f"IPython dir '{home}/no folder' is not a writable location. Name another one" in said
    enabling.enable("sys-prefix")
    assert enabling.disable("sys-prefix").startswith("Removed")


def test_a_folder_in_the_place_of_the_file_is_said(home, capsys):
    (home / "environment/etc/ipython/startup" / enabling.FILE).mkdir(parents=True)
    for command in ("enable", "disable"):
        assert cli.main([command, "--sys-prefix"]) != 0
        assert "cannot be read: Is a directory." in capsys.readouterr().err
