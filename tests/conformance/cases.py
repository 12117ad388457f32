"""Which flows are run, how, and what is known of them beforehand."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass, field

METAFLOW = tuple(int(part) for part in importlib.metadata.version("metaflow").split(".")[:3])
CUSTOM_ENDS = (2, 19, 23)  # @step(start=True)
UNSET_CONFIG = (2, 19, 20)  # 2.19.10 stops at a Config without a value: "this is a bug, please report it"


@dataclass(frozen=True)
class Case:
    """One real run.

    Attributes
    ----------
    id : str
        Name of the test.
    flow : str
        The flow, as a user of spin_magic would name it.
    flow_class : str
        Its class.
    file : str
        The file that is run.
    arguments : tuple of str
        What follows ``run``.
    env : mapping
        Environment of the run, and of the spins.
    ok : bool
        Does the run succeed.
    unequal : mapping of step to str
        Steps whose tasks cannot give the run's artifacts, with the reason.
    since : tuple of int
        The oldest Metaflow that can run it.
    """

    id: str
    flow: str
    flow_class: str
    file: str
    arguments: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict, hash=False)
    ok: bool = True
    unequal: dict[str, str] = field(default_factory=dict, hash=False)
    since: tuple[int, ...] = (2, 19, 10)


CAUGHT = {"caught": "@catch is not applied in a spin: the step's own exception is shown instead"}
NEEDED = ("--needed", "4", "--passed", "yes", "--listed", "[1, 2]")

ALL = [
    Case("wide", "wide.py", "WideFlow", "wide.py", arguments=("--width", "60")),
    Case("params", "params.py", "ParamsFlow", "params.py", arguments=NEEDED),
    Case("configs", "configs.py", "ConfigsFlow", "configs.py"),
    Case("no_config", "no_config.py", "NoConfigFlow", "no_config.py", since=UNSET_CONFIG),
    Case("inherit", "inherit.py:InheritFlow", "InheritFlow", "inherit.py"),
    Case("custom_ends", "custom_ends.py", "CustomEndsFlow", "custom_ends.py", since=CUSTOM_ENDS),
    Case("single_step", "single_step.py", "SingleStepFlow", "single_step.py", since=CUSTOM_ENDS),
    Case("several_first", "several.py:FirstFlow", "FirstFlow", "several.py"),
    Case("several_second", "SecondFlow", "SecondFlow", "several.py", env={"WHICH_FLOW": "SecondFlow"}),
    Case(
        "several_on_top", "several.py:OnTopFlow", "OnTopFlow", "several.py", env={"WHICH_FLOW": "OnTopFlow"}
    ),
    Case("pkg", "pkg/sub/flow.py", "PkgFlow", "run_pkg.py"),
    Case("pkg_dotted", "pkg.sub.flow:PkgFlow", "PkgFlow", "run_pkg.py"),
    Case("branches", "branches.py", "BranchesFlow", "branches.py"),
    Case("foreach", "foreach.py", "ForeachFlow", "foreach.py"),
    Case("nested", "nested.py", "NestedFlow", "nested.py"),
    Case("chained", "chained.py", "ChainedFlow", "chained.py"),
    Case("switch_big", "switch.py", "SwitchFlow", "switch.py"),
    Case("switch_none", "switch.py", "SwitchFlow", "switch.py", arguments=("--kind", "none")),
    Case("recursive", "recursive.py", "RecursiveFlow", "recursive.py"),
    Case("loop_back", "loop_back.py", "LoopBackFlow", "loop_back.py"),
    Case("user_decorators", "user_decorators.py", "UserDecoratorsFlow", "user_decorators.py"),
    Case("mutated", "mutated.py", "MutatedFlow", "mutated.py"),
    Case("decorators", "decorators.py", "DecoratorsFlow", "decorators.py", unequal=CAUGHT),
    Case("cards", "cards.py", "CardsFlow", "cards.py"),
    Case("classes", "classes.py", "ClassesFlow", "classes.py"),
    Case("with_helpers", "with_helpers.py", "HelpersFlow", "with_helpers.py"),
    Case("frames", "frames.py", "FramesFlow", "frames.py"),
    Case("large", "large.py", "LargeFlow", "large.py"),
    Case("names", "names.py", "NamesFlow", "names.py"),
    Case("currents", "currents.py", "CurrentsFlow", "currents.py"),
    Case("added", "added.py", "AddedFlow", "added.py"),
    Case("daily", "daily.py", "DailyFlow", "daily.py"),
    Case("stateful", "stateful.py", "StatefulFlow", "stateful.py"),
]
# They are there for their cards alone.
CARDS = [
    Case("cards_live", "cards_live.py", "CardsLiveFlow", "cards_live.py"),
    Case("cards_all", "cards_all.py", "CardsAllFlow", "cards_all.py"),
    Case("cards_odd", "cards_odd.py", "CardsOddFlow", "cards_odd.py"),
    Case("cards_published", "cards_published.py", "CardsPublishedFlow", "cards_published.py"),
]
FAILING = [
    Case(f"failing_{how}", "failing.py", "FailingFlow", "failing.py", arguments=("--how", how), ok=False)
    for how in ("raise", "kill", "exit", "pickle")
]

CASES = [case for case in ALL if case.since <= METAFLOW]
ONE_BY_NAME = {case.id: case for case in [*ALL, *CARDS, *FAILING]}
