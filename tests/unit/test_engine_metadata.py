"""Where runs are looked for."""

from __future__ import annotations

import pytest
from metaflow import metaflow_config
from metaflow.client import core
from metaflow.plugins.metadata_providers.local import LocalMetadataProvider

from spin_magic.engine.metadata import Metadata, current_namespace, local_roots


@pytest.fixture(autouse=True)
def local(monkeypatch):
    monkeypatch.setattr(metaflow_config, "DATASTORE_SYSROOT_LOCAL", None)
    monkeypatch.setattr(core, "current_metadata", LocalMetadataProvider)
    monkeypatch.setattr(LocalMetadataProvider, "_INFO", None, raising=False)


def root(folder):
    (folder / ".metaflow").mkdir(parents=True)
    return folder / ".metaflow"


def test_folders_from_here_upward_then_the_client_s_then_the_flow_file_s(tmp_path, monkeypatch):
    here, client, file = (tmp_path / name for name in ("here", "client", "file"))
    expected = [root(here), root(client), root(file)]
    (here / "a" / "b").mkdir(parents=True)
    monkeypatch.setattr(LocalMetadataProvider, "_INFO", str(client))
    assert local_roots(here / "a" / "b", file / "flow.py") == expected
    assert local_roots(here, here / "flow.py") == expected[:2]
    monkeypatch.setattr(LocalMetadataProvider, "_INFO", str(tmp_path / "gone"))
    assert local_roots(here, None) == expected[:1]
    monkeypatch.setattr(metaflow_config, "DATASTORE_SYSROOT_LOCAL", str(file))
    assert local_roots(here, None) == expected[2:]


def test_the_folder_that_has_the_flow_is_taken(tmp_path):
    here, file = root(tmp_path / "here"), root(tmp_path / "file")
    (file / "OneFlow").mkdir()
    found = Metadata("OneFlow", tmp_path / "here", tmp_path / "file" / "flow.py")
    assert found.root == file
    assert found.client_string == f"local@{tmp_path / 'file'}"
    assert found.key == ("OneFlow", str(file))
    assert found.searched == [here, file]
    assert found.places == f"{here}, {file}"
    other = Metadata("OtherFlow", tmp_path / "here", tmp_path / "file" / "flow.py")
    assert other.root == here
    assert list(other.runs()) == []


def test_without_any_folder_it_would_be_here(tmp_path, monkeypatch):
    monkeypatch.setattr(core, "current_metadata", False)
    monkeypatch.setattr(metaflow_config, "DEFAULT_METADATA", "local")
    monkeypatch.setattr(metaflow_config, "DATASTORE_LOCAL_DIR", ".nowhere_above")
    found = Metadata("OneFlow", tmp_path)
    assert found.root == tmp_path / ".nowhere_above"
    assert found.places == "any .metaflow folder from here upward"


def test_a_service_is_named(tmp_path, monkeypatch):
    class Service:
        TYPE = "service"

        @classmethod
        def metadata_str(cls):
            return "service@http://host:1"

    monkeypatch.setattr(core, "current_metadata", Service)
    found = Metadata("OneFlow", tmp_path)
    assert found.root is None
    assert found.searched == []
    assert found.places == "the metadata service at http://host:1"
    assert found.key == ("OneFlow", "service@http://host:1")


@pytest.mark.parametrize(
    ("chosen", "given"), [("user:ann", "user:ann"), (None, None), (False, "user:tester")]
)
def test_the_namespace_is_the_client_s_or_the_user_s_own(chosen, given, monkeypatch):
    monkeypatch.setattr(core, "current_namespace", chosen)
    monkeypatch.setattr("metaflow.util.get_username", lambda: "tester")
    assert current_namespace() == given
    assert core.current_namespace is chosen
