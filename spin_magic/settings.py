"""What users set for all spins: by ``%config``, in IPython's config files, or in the environment.

``%config SpinMagic.NAME = VALUE`` goes before ``c.SpinMagic.NAME`` of a file, and that before the variable
``SPIN_MAGIC_NAME``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

from traitlets import TraitError
from traitlets.config import Config, SingletonConfigurable
from traitlets.config.loader import LazyConfigValue

from spin_magic.errors import nearest
from spin_magic.setting_kinds import Kinds, Number, Size, Switch, Text, Whole
from spin_magic.traits import PREFIX, Setting, complain

Note = Literal["names", "decorators", "packages", "next", "pickle", "inputs", "parameters", "unset"]


class SettingRefused(BaseException):
    """A setting that ``%config`` was given cannot be.

    No `Exception`: IPython's ``%config`` prints those and lets the cell succeed, so that Run All would go on.
    """

    def _render_traceback_(self) -> list[str]:
        """Show the message alone: IPython prints this in place of a traceback."""
        return [f"SettingRefused: {self}"]


class SpinMagic(SingletonConfigurable):
    """The settings of spin_magic. Each is also an environment variable, as SPIN_MAGIC_FLOW."""

    flow = Text("", "The flow that is meant where a magic's line has a step alone. %spin_flow FLOW sets it.")
    namespace = Text(
        "",
        "The namespace to look for runs in where --namespace is left out, as 'user:ann'; '*' looks in all. "
        "Empty: Metaflow's own, which is yours or what namespace() chose.",
    )
    size_budget = Size(
        64 * 1024**2,
        "Size of an artifact's pickle over which %spin_inputs leaves it on self, to be loaded when touched.",
    )
    cache_limit = Size(20 * 10**9, "What the cache of artifacts may hold on disk; 0 keeps nothing.")
    cache_dir = Text("", "Folder of the cache of artifacts. Empty: spin_magic in your user's cache folder.")
    notes = Kinds(
        get_args(Note),
        "Which notes stand under a cell: names lent by the notebook, decorators that are not applied, "
        "packages that differ, self.next, what does not pickle, inputs changed in place, parameters "
        "assigned, and what the next steps read unset. True for all, False for none, 'next,unset' for "
        "these, '-packages' for the others.",
    )
    previews = Switch(
        default=True,
        help="Show values in panels. False: only names, types, shapes and sizes, and what became of each.",
    )
    preview_length = Whole(120, 20, 1_000, "Characters of the line that shows a value.")
    preview_rows = Whole(6, 1, 200, "Rows of a data frame that a row of the panel opens to.")
    preview_seconds = Number(
        0.15, 0.01, 60.0, "Seconds that a panel may take for its previews; what is late has none."
    )
    compare_seconds = Number(
        0.15, 0.01, 60.0, "Seconds that a panel may take to compare with the run; the rest is not compared."
    )
    panel_rows = Whole(64, 1, 1_000, "Artifacts that a panel lists.")
    log_lines = Whole(100, 0, 10_000, "Lines of what a step printed that its panel keeps, the last ones.")
    embed_details = Switch(
        default=True,
        help="Save what the rows of a panel open to in the notebook. False: rows open where the kernel runs.",
    )
    embed_cards = Switch(
        default=False,
        help="Save the page of each card in the notebook (0.4 MB and more each), not only a small picture.",
    )
    cards_per_second = Number(
        20.0, 0.0, 60.0, "Updates of a card that are shown in a second while its step runs; 0 shows none."
    )
    elapsed_after = Number(
        1.0, 0.0, 3600.0, "Seconds after which a running cell says how long it has been running; 0 for never."
    )

    tab_seconds = Number(
        0.5, 0.01, 60.0, "Seconds that the Tab key may search; what was found until then is offered."
    )

    def __init__(self, **given: Any) -> None:
        self.chosen: set[str] = set()
        super().__init__(**given)

    def update_config(self, config: Config) -> None:
        """Take what ``%config`` sets.

        Raises
        ------
        SettingRefused
            There is no such setting, or it does not take that.
        """
        for name in self._unknown(given := config.get("SpinMagic", {})):
            raise SettingRefused(self._no_such(name, f"SpinMagic.{name}")) from None
        try:
            for name, value in given.items():
                setattr(self, name, value)
        except TraitError as error:
            raise SettingRefused(str(error)) from None

    def take(self, given: Mapping[str, Any], where: Callable[[str], str]) -> None:
        """Take what a config file sets and the process has not. What is wrong is said, and left out.

        Parameters
        ----------
        given : mapping
            Names and values.
        where : callable
            Says for a name in which file it is.
        """
        for name in self._unknown(given):
            complain(self._no_such(name, f"c.SpinMagic.{name} in {where(name)}"))
        for name, value in given.items():
            trait = self.traits().get(name)
            only_read = isinstance(value, LazyConfigValue) and not value.to_dict()
            if isinstance(trait, Setting) and name not in self.chosen and not only_read:
                try:
                    setattr(self, name, _assigned(value, trait))
                except (TraitError, ValueError) as error:  # a ValueError: it was given there twice
                    complain(f"{where(name)}: {error} It stays {getattr(self, name)!r}.")

    def check_environment(self) -> None:
        """Say what is wrong with the environment variables."""
        for trait in self.traits().values():
            if isinstance(trait, Setting) and (problem := trait.problem()):
                complain(problem)
        known = [f"{PREFIX}{name.upper()}" for name in self.trait_names(config=True)]
        for name in os.environ:
            if name.startswith(PREFIX) and name not in known:
                complain(f"{name}: there is no such setting.{nearest(name, known)}")

    def problem(self, name: str) -> str:
        """Say what is wrong with the variable of a setting that nothing else has set, or nothing."""
        trait = self.traits()[name]
        return trait.problem() if isinstance(trait, Setting) and name not in self.chosen else ""

    def _unknown(self, given: Mapping[str, Any]) -> list[str]:
        return [name for name in given if not isinstance(self.traits().get(name), Setting)]

    def _no_such(self, name: str, said: str) -> str:
        return f"{said}: there is no such setting.{nearest(name, self.trait_names(config=True))}"


def _assigned(value: Any, trait: Setting[Any]) -> Any:
    """Give what a config assigns to a setting."""
    if isinstance(value, LazyConfigValue):
        msg = f"SpinMagic.{trait.name} takes no additions: assign it whole."
        raise TraitError(msg)
    # What IPython's command line was given is text until somebody knows the trait.
    return value.get_value(trait) if hasattr(value, "get_value") else value
