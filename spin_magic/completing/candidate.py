"""What may stand at the cursor, and what it is asked for with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Candidate:
    """What may stand at the cursor.

    Attributes
    ----------
    text : str
        The word.
    help : str
        What it is, in a few words.
    whole : bool
        False where more of the word is to come, as after ``folder/``.
    """

    text: str
    help: str = ""
    whole: bool = True

    def after(self, head: str) -> Candidate:
        """Give it as the rest of a longer word."""
        return replace(self, text=head + self.text) if head else self


@dataclass(frozen=True)
class Asked:
    """The line before the cursor, as far as it says what may stand there.

    Attributes
    ----------
    text : str
        What the word at the cursor begins with; of ``--index=1`` and of ``a,b`` the last part.
    flow, step : str
        FLOW and STEP, empty where they do not stand before the cursor.
    options : mapping of str to str
        Destination and last value of the options that stand there.
    help : str
        The help of the option whose value is asked for.
    notebook : mapping of str to object
        The notebook's names.
    cwd : Path
        The working directory.
    """

    text: str = ""
    flow: str = ""
    step: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    help: str = ""
    notebook: Mapping[str, Any] = field(default_factory=dict)
    cwd: Path = field(default_factory=Path.cwd)
