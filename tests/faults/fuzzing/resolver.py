"""Which task a line means, in made-up folders of runs, against a plain and slow reading of the rules."""

from __future__ import annotations

import functools
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from spin_magic.engine.metadata import Metadata
from spin_magic.errors import SpinError
from spin_magic.flows.locate import find_flow
from spin_magic.flows.outline import outline
from spin_magic.runs.choose import choose
from spin_magic.runs.history import History
from spin_magic.runs.others import other_tasks
from spin_magic.runs.outlined import outlined_graph
from spin_magic.runs.past_task import choose_past
from spin_magic.runs.wanted import Wanted, parse_step
from tests.faults.fuzzing.rounds import Target, is_a_sentence
from tests.run_folders import FIRST, RunFolders

if TYPE_CHECKING:
    from pathlib import Path

    from spin_magic.engine.graph import Graph

Frames = tuple[tuple[str, int], ...]
# For each flow its steps: arguments, where they lead, and in which foreach they run.
FLOWS: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {
    "Line": {"start": ("self.a", ()), "a": ("self.b", ()), "b": ("self.end", ()), "end": ("", ())},
    "Each": {
        "start": ("self.work, foreach='xs'", ()),
        "work": ("self.more", ("start",)),
        "more": ("self.join", ("start",)),
        "join": ("self.end", ()),
        "end": ("", ()),
    },
    "Nest": {
        "start": ("self.mid, foreach='xs'", ()),
        "mid": ("self.leaf, foreach='xs'", ("start",)),
        "leaf": ("self.inner", ("start", "mid")),
        "inner": ("self.outer", ("start",)),
        "outer": ("self.end", ()),
        "end": ("", ()),
    },
    "Split": {
        "start": ("self.a, self.b", ()),
        "a": ("self.join", ()),
        "b": ("self.join", ()),
        "join": ("self.end", ()),
        "end": ("", ()),
    },
    "Switch": {
        "start": ("{'a': self.a, 'b': self.b}, condition='x'", ()),
        "a": ("self.last", ()),
        "b": ("self.last", ()),
        "last": ("self.end", ()),
        "end": ("", ()),
    },
}
JOINS = {"join", "inner", "outer"}
# What a foreach splits over, and joins: the step that opens it.
OPENS = {"Each": {"join": "start"}, "Nest": {"inner": "mid", "outer": "start"}}
TAGS = ["user:tester", "user:ann", "production:x", "mine"]
COUNT = 2


@dataclass(frozen=True)
class Task:
    step: str
    id: int
    when: int
    ok: str | None
    frames: Frames


@dataclass(frozen=True)
class Run:
    id: str
    when: int
    tags: tuple[str, ...]
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Case:
    """Runs of a flow, what was asked for, and how the folders are damaged: where, and by what."""

    flow: str
    runs: tuple[Run, ...]
    wanted: Wanted
    damage: tuple[tuple[int, bytes | str], ...] = field(default=())


DAMAGE = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"3",
    b'"x"',
    b"\xff\xfe\x00",
    b"[" * 5000,
    b"{}",
    b'{"ts_epoch": null}',
    b'{"ts_epoch": "x", "value": "x"}',
    b'{"ts_epoch": NaN, "value": NaN}',
    b'{"ts_epoch": 1e400, "value": 1e400}',
    b'{"ts_epoch": -5, "value": "-1"}',
    b'{"ts_epoch": ' + b"9" * 400 + b', "value": "' + b"9" * 400 + b'"}',
    b'{"ts_epoch": ' + b"9" * 5000 + b"}",
    b'{"ts_epoch": true, "tags": 3, "system_tags": {"a": 1}, "value": {"a": 1}}',
    b'{"ts_epoch": 1, "tags": [1, null, ["x"]], "system_tags": "abc", "value": ["x"]}',
    b'{"ts_epoch": 1, "value": "work"}',
    b'{"ts_epoch": 1, "value": "start:x,:,"}',
    b'{"ts_epoch": 1, "value": "start:-1"}',
    b'{"ts_epoch": 1, "value": "start:' + b"9" * 5000 + b'"}',
    b'{"ts_epoch": 1, "value": "", "ds_type": 3, "location": 4}',
    "gone",
    "folder",
    "loop",
    "locked",
]


def tasks_of(flow: str, draw: Any) -> tuple[Task, ...]:
    """Give the tasks of a run that got somewhere: of each step those that its draw lets begin."""
    states = st.sampled_from(["True"] * 12 + ["False", None])
    found = [Task("_parameters", 1, FIRST // 1000, None, ())] if draw(st.integers(0, 19)) else []
    stops = len(FLOWS[flow]) - max(0, draw(st.integers(-3, len(FLOWS[flow]))))
    number = 1
    for step, (_, around) in list(FLOWS[flow].items())[:stops]:
        places: list[Frames] = [()]
        for opener in around:
            places = [(*outer, (opener, index)) for outer in places for index in range(COUNT)]
        for place in places:
            for _ in range(draw(st.sampled_from([1] * 20 + [0, 2]))):
                number += 1
                when = FIRST // 1000 + (number if draw(st.integers(0, 5)) else draw(st.integers(0, 40)))
                found.append(Task(step, number, when, draw(states), place))
    return tuple(found)


@st.composite
def cases(draw: Any) -> Case:
    flow = draw(st.sampled_from(sorted(FLOWS)))
    ids = draw(
        st.lists(
            st.integers(0, 9), min_size=draw(st.sampled_from([0, 1, 1, 1, 2, 3])), max_size=4, unique=True
        )
    )
    runs = []
    for number in ids:
        id_ = (
            str(FIRST + number * 1_000_000)
            if draw(st.integers(0, 3))
            else draw(
                st.sampled_from(
                    [f"argo-{number}", str(number), f"größe{number}", f"a b{number}", f"x.y{number}"]
                )
            )
        )
        when = (
            int(id_) // 1000
            if id_.isdigit() and int(id_) >= FIRST
            # Which of two runs of one instant is the latest, nobody says: Metaflow takes either.
            else FIRST // 1000 + (7 * number + 3) % 10 * 1_000 + 500
        )
        tags = tuple(draw(st.sets(st.sampled_from(TAGS), max_size=2)))
        runs.append(Run(id_, when, tags, tasks_of(flow, draw)))
    known = [run.id for run in runs]
    odd = draw(st.integers(0, 9)) == 0
    step = draw(
        st.sampled_from(
            ["_parameters", "nothing", "", "..", "größe", "a\x00b"] if odd else sorted(FLOWS[flow])
        )
    )
    words = ["17", "..", ".", "", "a\x00", "_meta", "\ud800", "x" * 300, "../Line"]
    run = draw(st.none() | st.none() | st.sampled_from([*(known * 9), *words]))
    task = (
        draw(st.sampled_from([None, "1", "2", "3", "5", "x", "..", "\x00"]))
        if run is not None and draw(st.booleans())
        else None
    )
    chosen = draw(st.sampled_from(["", "", "index", "value"])) if task is None else ""
    given = Wanted(
        step,
        run,
        task,
        draw(st.sampled_from([0, 1, 2, 3, 10**9, -1])) if chosen == "index" else None,
        draw(st.sampled_from(["a", "b", "c", "d", "", 1, None, "x" * 99])) if chosen == "value" else None,
        draw(st.sampled_from([None, None, None, "user:tester", "user:tester", "user:ann", "", "nobody"])),
        draw(st.sampled_from([None, None, None, *known, "17"])),
    )
    some = st.tuples(st.integers(0, 200), st.sampled_from(DAMAGE))
    damage = draw(st.lists(some, max_size=3)) if draw(st.booleans()) else []
    return Case(flow, tuple(runs), given, tuple(damage))


class Artifacts:
    """What a task that opens a foreach left."""

    values = ("a", "b")

    def __init__(self, opens: bool) -> None:  # noqa: FBT001
        self._has = (
            {
                "_foreach_num_splits": COUNT,
                "_foreach_values": list(self.values),
                "_foreach_var": "xs",
                "xs": list("ab"),
            }
            if opens
            else {}
        )
        self.objects = dict.fromkeys(self._has, "")
        self.details = {"xs": {"size": 10}} if opens else {}

    def get(self, name: str, default: Any = None) -> Any:
        return self._has.get(name, default)

    def __getitem__(self, name: str) -> Any:
        return self._has[name]


class Reader:
    """Opens the artifacts of tasks, which are all alike."""

    def __init__(self, flow: str) -> None:
        self._flow = flow

    def open(self, task: Any) -> Artifacts:
        return Artifacts("foreach" in FLOWS[self._flow].get(task.step, ("", ()))[0] and task.ok is True)

    def open_all(self, tasks: Any) -> list[Artifacts]:
        return [self.open(task) for task in tasks]


def check(folder: Path, graphs: dict[str, Graph], case: Case) -> str:
    shutil.rmtree(folder / ".metaflow", ignore_errors=True)
    files = write(folder / ".metaflow", case)
    for at, how in case.damage if files else ():
        damage(files[at % len(files)], how)
    before = sorted(str(each) for each in folder.rglob("*"))
    history = History(case.flow, graphs[case.flow], Metadata(case.flow, folder), Reader(case.flow))  # type: ignore[arg-type]
    outcome = "refused"
    told = None
    try:
        told = choose(case.wanted, history)
        outcome = "chosen"
        assert told.why.strip()
        assert len(told.why) < 600
        assert not any(
            task.run != told.run for task in (*told.parents, *([told.origin] if told.origin else []))
        )
        if case.wanted.run is not None:
            assert told.run == case.wanted.run
        if told.origin is not None:
            list(other_tasks(told.run, told.origin.step, told.index, case.wanted.namespace, history))
    except SpinError as error:
        is_a_sentence(error)
    try:
        past, said = choose_past(case.wanted, history)
        assert past.step == case.wanted.step
        assert len(said) < 600
    except SpinError as error:
        is_a_sentence(error)
    if not case.damage:
        agrees(case, told)
    assert sorted(str(each) for each in folder.rglob("*")) == before
    return outcome + (", damaged" if case.damage else "")


def agrees(case: Case, told: Any) -> None:
    """Compare with the plain reading, where one was written down for what is asked."""
    wanted = case.wanted
    if wanted.index is not None or wanted.value is not None or wanted.preferred is not None:
        if told is not None and wanted.index is not None:
            assert told.index == wanted.index
        if told is not None and wanted.value is not None:
            assert told.value == wanted.value
        return
    expected = Model(case).answer()
    found = told and (
        told.run,
        told.origin and int(told.origin.id),
        tuple(int(task.id) for task in told.parents),
    )
    assert found == expected


class Model:
    """The rules as the pages have them, read in the slowest way."""

    def __init__(self, case: Case) -> None:
        self.case, self.steps = case, FLOWS[case.flow]

    def answer(self) -> tuple[str, int | None, tuple[int, ...]] | None:
        wanted = self.case.wanted
        if wanted.step not in self.steps:
            return None
        runs = sorted(self.case.runs, key=lambda run: (run.when, run.id), reverse=True)
        runs = [
            run
            for run in runs
            if wanted.namespace is None or wanted.namespace in (*run.tags, "user:tester", "runtime:dev")
        ]
        if wanted.run is not None:
            runs = [run for run in runs if run.id == wanted.run]
            if not runs or (self.led_elsewhere(runs[0]) and wanted.task is None):
                return None
        newest_that_only_reached_the_parents = None
        for run in runs:
            found = self.feeds(run)
            if found is None:
                continue
            if found[1] is not None or run is runs[0]:
                return found
            newest_that_only_reached_the_parents = newest_that_only_reached_the_parents or found
        return newest_that_only_reached_the_parents

    def led_elsewhere(self, run: Run) -> bool:
        step = self.case.wanted.step
        if self.case.flow != "Switch" or step not in "ab" or self.tasks(run, step):
            return False
        return bool(self.finished(run, "start") and self.tasks(run, "b" if step == "a" else "a"))

    def tasks(self, run: Run, step: str) -> list[Task]:
        found = [task for task in run.tasks if task.step == step]
        by_time = sorted(found, key=lambda task: (task.when, len(str(task.id)), str(task.id)))
        return sorted(by_time, key=lambda task: [index for _, index in task.frames])

    def finished(self, run: Run, step: str) -> list[Task]:
        return [task for task in self.tasks(run, step) if task.ok == "True"]

    def leading_to(self, step: str) -> list[str]:
        return sorted(name for name, (to, _) in self.steps.items() if f"self.{step}" in to)

    def feeds(self, run: Run) -> tuple[str, int | None, tuple[int, ...]] | None:
        step = self.case.wanted.step
        tasks = self.tasks(run, step)
        if self.case.wanted.task is not None:
            tasks = [task for task in tasks if str(task.id) == self.case.wanted.task]
            if not tasks:
                return None
        if tasks:
            around = tasks[0].frames
            opened = "foreach" in "".join(self.steps[each][0] for each in self.leading_to(step))
            parents = self.parents(run, around[:-1] if opened else around)
            return parents and (run.id, tasks[0].id, parents)
        if step == "start":
            parents = self.parents(run, ())
            return parents and (run.id, None, parents)
        for parent in self.leading_to(step):
            finished = self.finished(run, parent)
            if finished:
                joins = step in OPENS.get(self.case.flow, {})
                frames = finished[0].frames
                parents = self.parents(run, frames[:-1] if joins else frames)
                return parents and (run.id, None, parents)
        return None

    def parents(self, run: Run, frames: Frames) -> tuple[int, ...] | None:
        step = self.case.wanted.step
        if step == "start":
            return tuple(task.id for task in self.tasks(run, "_parameters")[:1]) or None
        opener = OPENS.get(self.case.flow, {}).get(step)
        if opener:
            inside = {
                task.frames[-1][1]: task.id
                for parent in self.leading_to(step)
                for task in self.finished(run, parent)
                if task.frames[:-1] == frames
            }
            opened = [task for task in self.tasks(run, opener) if task.frames == frames][:1]
            count = COUNT if opened and opened[0].ok == "True" else 0
            whole = inside and len(inside) >= count
            return tuple(inside[index] for index in sorted(inside)) if whole else None
        first = [
            [task for task in self.finished(run, parent) if task.frames == frames][:1]
            for parent in self.leading_to(step)
        ]
        found = [task for some in first for task in some]
        if step in JOINS:
            return tuple(task.id for task in found) if len(found) == 2 else None
        return (max(found, key=lambda task: task.when).id,) if found else None


def write(root: Path, case: Case) -> list[Path]:
    folders = RunFolders(root, case.flow)
    for run in case.runs:
        folders.run(run.id, when=run.when, tags=run.tags)
        for task in run.tasks:
            path = ",".join(f"{step}:{index}" for step, index in task.frames)
            folders.task(run.id, task.step, task.id, when=task.when, ok=task.ok, path=path or None)
    return sorted(root.rglob("*.json"))


def damage(file: Path, how: bytes | str) -> None:
    if isinstance(how, bytes) and file.is_file() and not file.is_symlink():
        file.write_bytes(how)
        return
    if file.is_symlink() or file.is_file():
        file.unlink()
    if how == "folder" and not file.exists():
        file.mkdir(parents=True)
    elif how == "loop" and file.parent.is_dir() and not file.exists():
        file.symlink_to(file)


def text_of(flow: str) -> str:
    lines = ["from metaflow import FlowSpec, step", "", f"class {flow}(FlowSpec):"]
    for step, (to, _) in FLOWS[flow].items():
        lines += ["    @step", f"    def {step}(self{', inputs' if step in JOINS else ''}):"]
        lines += [f"        self.next({to})" if to else "        pass"]
    return "\n".join(lines) + "\n"


def specs() -> Any:
    """Pathspecs as they are typed, and as nobody would."""
    parts = st.sampled_from(["train", "1", "F", "..", "", " ", "a" * 200, "é", "\x00", "-1", "F", "x.y"])
    return st.lists(parts, max_size=6).map("/".join) | st.text(max_size=20)


def check_spec(text: str) -> str:
    try:
        read = parse_step(text, "F")
    except SpinError as error:
        is_a_sentence(error)
        return "refused"
    parts = text.strip("/").split("/")
    assert read.step in parts
    assert [each for each in (read.run, read.step, read.task) if each is not None] == parts[
        -2 if read.task is None else -3 :
    ][-len(parts) + (parts[0] == "F" and len(parts) > 2) :] or len(parts) == 1
    return "read"


def target(folder: Path) -> Target:
    graphs = {}
    flows = folder.parent / "flows"
    flows.mkdir()
    for flow in FLOWS:
        file = flows / f"{flow.lower()}.py"
        file.write_text(text_of(flow))
        graphs[flow] = outlined_graph(outline(find_flow(str(file), {}, flows), flows))
    both = functools.partial(check, folder, graphs)
    return Target(
        st.one_of([cases()] * 9 + [specs()]),
        lambda case: check_spec(case) if isinstance(case, str) else both(case),
    )
