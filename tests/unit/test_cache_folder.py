"""The cache's folder: private, bounded, the least recently used going first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spin_magic import cache
from spin_magic.cache import Store, settings
from tests.unit.cached import LARGE, MEDIUM, artifact, files, path_of, put


def test_a_folder_that_is_not_there_is_made_private(store):
    put(store)

    assert Path(store.folder).stat().st_mode & 0o777 == 0o700
    modes = {item.stat().st_mode & 0o077 for item in Path(store.folder).rglob("*")}
    assert modes == {0}


def test_an_open_folder_is_closed_if_it_is_empty(store):
    Path(store.folder).mkdir(mode=0o755, parents=True)
    sha = put(store)

    assert Path(store.folder).stat().st_mode & 0o777 == 0o700
    assert store.load(sha) is not None


def test_an_open_folder_with_something_in_it_is_not_believed(store):
    sha = put(store)
    Path(store.folder).chmod(0o750)

    assert store.load(sha) is None
    assert store.adopt(*artifact(LARGE))[0]["n"] == LARGE
    assert "open to others" in cache.info().problem
    assert cache.clear() == 0


def test_a_folder_of_somebody_else_is_not_believed(store, monkeypatch):
    sha = put(store)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)

    assert store.load(sha) is None
    assert store.adopt(*artifact(LARGE))[0]["n"] == LARGE
    assert "not a folder of this user's own" in cache.info().problem


def test_a_link_in_the_place_of_the_folder_is_not_followed(store, tmp_path):
    (tmp_path / "other").mkdir(mode=0o700)
    Path(store.folder).parent.mkdir()
    Path(store.folder).symlink_to(tmp_path / "other")

    assert store.adopt(*artifact(LARGE))[0]["n"] == LARGE
    assert list((tmp_path / "other").iterdir()) == []
    assert cache.info().problem


def test_a_folder_that_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SPIN_MAGIC_CACHE_DIR", str(tmp_path / "file" / "cache"))

    assert cache.store().adopt(*artifact(LARGE))[0]["n"] == LARGE
    assert cache.info().entries == 0
    assert "cannot be made: Not a directory" in repr(cache.info())


def test_what_is_not_the_caches_is_left_alone(store, monkeypatch):
    chosen, folder = Path(store.folder).parent, Path(store.folder)
    folder.mkdir(mode=0o700, parents=True)
    others = [
        chosen / "Documents" / "thesis.txt",
        chosen / "ab" / ("ab" * 20),
        folder / "Documents" / ("ab" * 20),
        folder / "Documents" / "draft.tmp",
        folder / "ab" / "a.ok",
        folder / "ab" / "draft.tmp",
        folder / "ab" / ("cd" * 20),
        folder / "ab" / ("ab" * 20) / "draft",
    ]
    for path in others:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(10**6))
    monkeypatch.setenv("SPIN_MAGIC_CACHE_LIMIT", "3MB")

    assert cache.info().bytes == 0
    put(store)
    put(store, seed=1)
    assert cache.info().entries == 1
    cache.clear()

    assert all(path.stat().st_size == 10**6 for path in others)


def test_info_removes_nothing_and_clear_what_dead_writers_left(store):
    path = path_of(store, put(store))
    left = [Path(f"{path}.4711.abcdef01.tmp"), Path(f"{path}.ok.4711.99.tmp")]
    left.append(path.with_name(path.parent.name + "0" * 38 + ".ok"))
    for one in left:
        one.touch()

    assert cache.info().entries == 1
    assert all(one.exists() for one in left)
    cache.clear()
    assert files(store) == []


def test_a_name_that_is_no_sha_is_not_cached(store):
    _, raw = artifact(LARGE)

    for name in ("../../elsewhere", "short", "AB" * 20):
        assert store.adopt(name, raw)[0]["n"] == LARGE
        assert store.load(name) is None
        assert not store.has(name)
    assert cache.info().entries == 0


def test_the_folder_is_the_same_wherever_the_step_goes(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SPIN_MAGIC_CACHE_DIR", "~/mine")
    assert settings.folder() == str(tmp_path / "mine" / "artifacts")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPIN_MAGIC_CACHE_DIR", f"relative/{tmp_path.name}")
    before = settings.folder()
    monkeypatch.chdir("/")

    assert settings.folder() == before == str(tmp_path / "relative" / tmp_path.name / "artifacts")


def age(store: Store, sha: str, seconds: int) -> None:
    path = path_of(store, sha)
    for one in (f"{path}.ok", path):
        if Path(one).exists():
            now = Path(one).stat().st_mtime
            os.utime(one, (now - seconds, now - seconds))


def test_the_least_recently_used_goes_first(store, monkeypatch):
    shas = [put(store, seed=seed) for seed in range(4)]
    for place, sha in enumerate(shas):
        age(store, sha, 1000 - place)
    store.load(shas[0])
    size = cache.info().bytes // 4
    monkeypatch.setenv("SPIN_MAGIC_CACHE_LIMIT", str(int(4.5 * size)))

    put(store, seed=4)

    assert [store.load(sha) is not None for sha in shas] == [True, False, True, True]
    assert cache.info().entries == 4


def test_the_limit_holds_for_what_other_kernels_wrote(store, monkeypatch):
    other = Store(store.folder)
    size = len(artifact(LARGE)[1])
    monkeypatch.setenv("SPIN_MAGIC_CACHE_LIMIT", str(3 * size + size // 2))

    for seed in range(8):
        put(other if seed % 2 else store, seed=seed)

    assert cache.info().bytes <= settings.limit() + size


def test_more_than_the_limit_is_not_written(store, monkeypatch):
    monkeypatch.setenv("SPIN_MAGIC_CACHE_LIMIT", "1MB")
    sha = put(store)

    assert store.load(sha) is None
    assert cache.info().entries == 0


def test_a_limit_of_nothing_turns_it_off(store, monkeypatch):
    sha = put(store)
    monkeypatch.setenv("SPIN_MAGIC_CACHE_LIMIT", "0")

    assert store.load(sha) is None
    assert store.adopt(*artifact(LARGE, 1))[0]["n"] == LARGE
    assert "nothing is kept" in cache.info().problem


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("20GB", 20 * 10**9),
        ("500MB", 5 * 10**8),
        ("1.5 GiB", 3 * 2**29),
        ("7", 7),
        ("10k", 10**4),
        ("", 20 * 10**9),
    ],
)
def test_limits(monkeypatch, text, size):
    monkeypatch.setenv("SPIN_MAGIC_CACHE_LIMIT", text)

    assert settings.limit() == size
    assert settings.limit_problem() == ""


def test_a_limit_that_is_none(monkeypatch):
    monkeypatch.setenv("SPIN_MAGIC_CACHE_LIMIT", "plenty")

    assert settings.limit() == 20 * 10**9
    assert "SPIN_MAGIC_CACHE_LIMIT takes a number of bytes or a size such as '20GB', not 'plenty'." in (
        cache.info().problem
    )


def test_info_and_clear(store):
    put(store)
    put(store, MEDIUM)

    info = cache.info()
    assert info.entries == 2
    assert repr(info) == f"2 artifacts, 2.56 MB of 1 GB, in {store.folder}"
    assert cache.clear() == info.bytes
    assert cache.info().entries == 0
    assert files(store) == []


def test_values_outlive_their_entries(store):
    sha = put(store)
    value, _ = store.load(sha)
    used = value["frame"]["x"].sum()

    cache.clear()
    put(store, seed=1)

    assert value["frame"]["x"].sum() == used


def test_the_default_folder_is_the_users_own(monkeypatch, tmp_path):
    monkeypatch.delenv("SPIN_MAGIC_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    settings._default_folder.cache_clear()

    assert Path(settings.folder()).name == "artifacts"
    assert Path(settings.folder()).parent.name == "spin_magic"
    settings._default_folder.cache_clear()
