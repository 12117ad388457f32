"""The cards of a past task are those that its run stored, and asking for them changes nothing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from time import sleep

import pytest
from metaflow import metaflow_config
from metaflow.client import core
from metaflow.plugins.datastores.local_storage import LocalStorage

from spin_magic import SpinError, spin, spin_cards
from spin_magic.cards import Card, PastCards
from spin_magic.engine import reader, storage
from spin_magic.errors import TaskError
from spin_magic.loop import session
from tests.conformance.card_pages import stored
from tests.conformance.cases import ONE_BY_NAME
from tests.conformance.runs import RealRun, environment, run
from tests.conformance.test_service import service  # noqa: F401 -- a fixture
from tests.conformance.test_untouched import same, snapshot
from tests.run_folders import RunFolders

LATE = """
from pathlib import Path
from time import sleep
from metaflow import FlowSpec, card, current, step
from metaflow.cards import Markdown

class LateFlow(FlowSpec):
    @step
    def start(self):
        self.items = [0, 1]
        self.next(self.work, foreach="items")

    @card(type="blank", refresh_interval=0)
    @step
    def work(self):
        if self.input:
            current.card.append(Markdown("so far"))
            current.card.refresh()
        while not Path("go").exists():
            sleep(0.05)
        if Path("go").exists():
            raise ValueError("told to")
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass

if __name__ == "__main__":
    LateFlow()
"""

CLIENT = """
import json, sys
from metaflow.cards import get_cards
cards = get_cards(sys.argv[1])
print(json.dumps([cards.origin_pathspec, [card.get() for card in cards]]))
"""


def python(*words: str) -> str:
    """Run Python in another process: Metaflow's Client remembers the folder in which it was first used."""
    done = subprocess.run([sys.executable, *words], env=environment(), capture_output=True, check=True)
    return done.stdout.decode()


def named(cards: list[Card] | PastCards) -> dict[tuple[str, str | None], str]:
    return {(card.type, card.id): card.html for card in cards}


def without_ids(components: object) -> str:
    return re.sub(r"'(component_)?id': '\w+'", "", repr(components))


@pytest.fixture
def own_project(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose runs no other test sees."""
    folder = tmp_path / "own"
    (folder / ".metaflow").mkdir(parents=True)
    for name in ("daily.py", "cards.py"):
        shutil.copy(project / name, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def real(run_of) -> RealRun:
    return run_of("cards")


@pytest.mark.parametrize("step", ["start", "blank", "many", "progress", "broken"])
def test_cards_are_the_stored_ones(real: RealRun, project: Path, step: str):
    past = spin_cards("cards.py", step)

    assert named(past) == stored(project, real, step)
    assert past.task == real.task(step)["pathspec"]
    assert past.why.startswith(f"Cards of run {real.run_id}, the latest, finished ")


@pytest.mark.filterwarnings("ignore:.*imghdr:DeprecationWarning")  # Metaflow's Image imports it
@pytest.mark.parametrize("step", ["start", "blank", "many", "progress"])
def test_order_and_components_are_those_of_a_spin(real: RealRun, step: str):
    past, spun = spin_cards("cards.py", step), spin("cards.py", step).cards

    assert [(card.type, card.id) for card in past] == [(card.type, card.id) for card in spun]
    for then, now in zip(past, spun, strict=True):
        assert now.components
        assert without_ids(then.components) == without_ids(now.components)


def test_a_task_of_a_foreach_is_chosen_as_for_a_spin(run_of):
    real = run_of("daily")
    for options, index in ({}, 0), ({"index": 1}, 1), ({"value": "c"}, 2):
        past = spin_cards("daily.py", "train", **options)
        assert past.task == real.task("train", index)["pathspec"]
        assert f"task {index + 1} of 3, index {index}, input='{'abc'[index]}'" in past.why
    forms = [f"{real.run_id}/train", real.task("train", 2)["pathspec"].partition("/")[2]]
    forms += [f"DailyFlow/{form}" for form in forms]
    assert [spin_cards("daily.py", form).task.rpartition("/train/")[2] for form in forms] == [
        real.task("train", index)["pathspec"].rpartition("/")[2] for index in (0, 2, 0, 2)
    ]


def test_they_are_chosen_by_type_and_id(real: RealRun):
    assert [(c.type, c.id) for c in spin_cards("cards.py", "many", id="second")] == [("blank", "second")]
    assert {c.id for c in spin_cards("cards.py", "many", type="blank")} == {"first", "second"}
    assert len(spin_cards("cards.py", "many", id="first", type="blank")) == 1


@pytest.mark.parametrize(
    ("step", "options", "said"),
    [
        ("many", {"id": "third"}, "no card with id 'third'; there are: blank with id 'first', blank with id"),
        ("many", {"type": "x"}, "no card of type 'x'; there are"),
        ("many", {"type": "default", "id": "first"}, "no card of type 'default' and with id 'first'"),
        ("end", {}, "/end/6 has no cards: `end` has no @card"),
        ("many", {"index": 1}, "not inside a foreach: leave out --index"),
        ("manny", {}, "no step 'manny'.* Did you mean 'many'"),
        ("5/many", {}, "no run '5'"),
        ("many", {"run": "5"}, "no run '5'"),
        ("many", {"namespace": "user:nobody"}, "no run in namespace 'user:nobody'"),
    ],
)
def test_what_is_not_there_is_said(real: RealRun, step: str, options: dict[str, object], said: str):
    with pytest.raises(TaskError, match=said):
        spin_cards("cards.py", step, **options)


def test_a_task_or_split_that_is_not_there_is_said(run_of):
    real = run_of("daily")
    with pytest.raises(TaskError, match="no task '77' of `train`; there are: "):
        spin_cards("daily.py", f"{real.run_id}/train/77")
    with pytest.raises(TaskError, match="Index 7 is out of range"):
        spin_cards("daily.py", "train", index=7)
    with pytest.raises(TaskError, match="led to `big`, not to `small`"):
        spin_cards("daily.py", f"{real.run_id}/small")
    with pytest.raises(TaskError, match="No run of DailyFlow has reached `small`"):
        spin_cards("daily.py", "small")


@pytest.mark.parametrize("chosen", ["user:somebody", None])
def test_asking_changes_nothing(real: RealRun, project: Path, monkeypatch, chosen: str | None):
    spin_cards("cards.py", "many")
    monkeypatch.setattr(core, "current_namespace", chosen)
    before = snapshot(project)

    assert len(spin_cards("cards.py", "many", namespace="")) == 3
    with pytest.raises(TaskError):
        spin_cards("cards.py", "many", id="third", namespace="")

    assert same(before, snapshot(project)) == []


def test_spun_cards_stand_beside_the_past_ones(real: RealRun, monkeypatch):
    monkeypatch.setattr(session, "_spun", {})
    with pytest.raises(SpinError, match="`many` has not been spun here yet: spin it first"):
        spin_cards("cards.py", "many", diff=True)
    spin("cards.py", "many", cards=False)
    with pytest.raises(SpinError, match=r"made no cards: .*--no-cards"):
        spin_cards("cards.py", "many", diff=True)
    spun = spin(
        "cards.py",
        "many",
        body="@card(type='blank', id='new')\n@card(type='blank', id='second')\n@step\n"
        "def many(self):\n    self.next(self.progress)\n",
    )

    pairs = spin_cards("cards.py", "many", diff=True).pairs()

    names = [tuple((card.type, card.id) if card else None for card in pair) for pair in pairs]
    assert names == [
        (("default", None), None),
        (("blank", "second"), ("blank", "second")),
        (("blank", "first"), None),
        (None, ("blank", "new")),
    ]
    assert pairs[1][1] is next(card for card in spun.cards if card.id == "second")
    with pytest.raises(TaskError, match="The last spin of `many` has no card with id 'first'"):
        spin_cards("cards.py", "many", diff=True, id="first")


def test_the_past_card_beside_a_spun_one_is_of_the_same_split(run_of):
    real = run_of("daily")
    spin("daily.py", "train", index=2)
    assert spin_cards("daily.py", "train", diff=True).task == real.task("train", 2)["pathspec"]
    assert spin_cards("daily.py", "train", diff=True, index=1).task == real.task("train", 1)["pathspec"]
    assert spin_cards("daily.py", "train").task == real.task("train", 0)["pathspec"]


def test_a_resumed_task_shows_the_cards_of_its_origin(own_project: Path):
    origin, _ = run(own_project, ONE_BY_NAME["daily"])
    for _ in range(2):  # a clone of a clone, too
        python("daily.py", "resume", "join", "--run-id-file", "resumed")
    resumed = (own_project / "resumed").read_text().strip()

    past = spin_cards("daily.py", "train", index=1)

    clone = spin("daily.py", "train", index=1).origin
    assert clone.split("/")[1] == resumed
    theirs = json.loads(python("-c", CLIENT, clone))
    assert theirs == [past.task, [card.html for card in past]]
    assert past.task.split("/")[1] == origin
    assert f"run {resumed}, the latest, " in past.why
    assert past.why.endswith(f"It was resumed: the cards are those of {past.task}.")

    shutil.rmtree(own_project / ".metaflow" / "DailyFlow" / origin)
    with pytest.raises(TaskError, match=f"was resumed from {origin}/train/.*, which is no longer there"):
        spin_cards("daily.py", "train")


def test_other_runs_are_looked_at_or_named(own_project: Path):
    first, _ = run(own_project, ONE_BY_NAME["daily"])
    later = RunFolders(own_project / ".metaflow", "DailyFlow").run(int(first) + 10**3)
    why = spin_cards("daily.py", "train").why
    assert f"in run {first}, the latest that reached `train`, finished" in why
    with pytest.raises(TaskError, match=f"The latest run that did is {first}: use {first}/train"):
        spin_cards("daily.py", "train", run=later)

    second, _ = run(own_project, ONE_BY_NAME["daily"])
    shutil.rmtree(own_project / ".metaflow" / "mf.cards" / "DailyFlow" / "runs" / second)

    with pytest.raises(
        TaskError, match=f"removed or kept elsewhere. Run {first} has some: use {first}/train/"
    ):
        spin_cards("daily.py", "train")

    # `run` writes where the settings say, and Metaflow's own Client does not look there.
    root = own_project / "cards_here"
    (own_project / ".metaflow" / "mf.cards").rename(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metaflow_config, "CARD_LOCALROOT", str(root))
        assert len(spin_cards("daily.py", f"{first}/train")) == 1


def test_running_and_failed_tasks(own_project: Path):
    (own_project / "late.py").write_text(LATE)
    going = subprocess.Popen(
        [sys.executable, "late.py", "run", "--max-workers", "2"],
        cwd=own_project,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        pages = ".metaflow/mf.cards/LateFlow/runs/*/steps/work/tasks/*/cards/*.html"
        while not list(own_project.glob(pages)) and going.poll() is None:
            sleep(0.05)
        past = spin_cards("late.py", "work", index=1)
        assert "so far" in repr(past[0].components)
        assert "not finished: still going, or killed" in past.why
        with pytest.raises(TaskError, match="has no cards yet: it is still going"):
            spin_cards("late.py", "work", index=0)
        (own_project / "go").touch()
        going.wait(60)
    finally:
        going.kill()
        going.wait()
    with pytest.raises(TaskError, match="has no cards: it failed, and Metaflow makes cards when a task succ"):
        spin_cards("late.py", "work", index=0)
    assert "which failed in `work`" in spin_cards("late.py", "work", index=1).why


def test_runs_that_a_service_lists(real: RealRun, project: Path, service):  # noqa: F811 -- the fixture
    assert named(spin_cards("cards.py", "many")) == stored(project, real, "many")


def test_cards_in_another_datastore_are_read_through_it(real: RealRun, project: Path, monkeypatch, tmp_path):
    """The other datastore is a stand-in: the local one under another name, which hands out copies."""
    copies = []

    class Elsewhere(LocalStorage):
        TYPE = "elsewhere"

        def load_bytes(self, keys):
            return _Loaded([(key, self._copy(key), None) for key in keys])

        def _copy(self, key):
            if not Path(self.full_uri(key)).is_file():
                return None
            copies.append(shutil.copy(self.full_uri(key), tmp_path / Path(key).name))
            return copies[-1]

    root = str(project / ".metaflow")
    storage.open_datastore.cache_clear()
    monkeypatch.setattr(storage, "DATASTORES", [Elsewhere])
    monkeypatch.setattr(
        reader.Reader, "datastore", lambda self, info: storage.open_datastore(self.flow, "elsewhere", root)
    )
    assert named(spin_cards("cards.py", "many")) == stored(project, real, "many")
    assert len(copies) == 3


class _Loaded:
    def __init__(self, items):
        self._items = items

    def __enter__(self):
        return self._items

    def __exit__(self, *_):
        pass
