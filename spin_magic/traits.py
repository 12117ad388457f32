"""Traits that take their value from an environment variable where none was given, and say what they take."""

from __future__ import annotations

import functools
import logging
import os
from typing import Any, Generic, TypeVar, cast

from traitlets import TraitError, TraitType

from spin_magic.printable import clip

PREFIX = "SPIN_MAGIC_"
Value = TypeVar("Value")


class Setting(TraitType[Value, Any], Generic[Value]):
    """A trait whose value is what was set, or else the environment variable's, or else the default.

    The variable is read at each use: a notebook may set it at any time.

    Parameters
    ----------
    default : object
        The default.
    help : str
        What it is, for ``%config``.
    """

    takes: str

    def __init__(self, default: Value, help: str, **more: Any) -> None:  # noqa: A002 -- traitlets' own word
        super().__init__(default, help=help, **more)
        self.tag(config=True)

    def class_init(self, cls: type, name: str | None) -> None:
        """Take the name of the variable from that of the trait."""
        super().class_init(cls, name)
        self.variable = f"{PREFIX}{(name or '').upper()}"

    def get(self, obj: Any, cls: type | None = None) -> Value | None:
        """Give the value in force."""
        if self.name in obj.chosen:
            return super().get(obj, cls)
        text = os.environ.get(self.variable)
        return self._from_variable(text) if text else self._default()

    def set(self, obj: Any, value: Any) -> None:
        """Set it, for this process."""
        super().set(obj, value)
        obj.chosen.add(self.name)

    def validate(self, _: Any, value: Any) -> Value:
        """Give the value as it is kept."""
        try:
            return self.read(value)
        except (TypeError, ValueError, OverflowError):
            raise TraitError(f"SpinMagic.{self.name} {self._refusal(value)}") from None

    def from_string(self, s: str) -> Value:
        """Read it from an environment variable or a command line."""
        return self.read(s)

    def read(self, value: Any) -> Value:
        """Give the value that something stands for.

        Raises
        ------
        ValueError
            It stands for none.
        """
        raise NotImplementedError

    def near(self, value: Any) -> str:  # noqa: ARG002 -- most kinds have something to say of it
        """Give, as a clause to append, what was probably meant."""
        return ""

    def problem(self) -> str:
        """Say what is wrong with the environment variable, or nothing."""
        text = os.environ.get(self.variable)
        try:
            if text:
                self.from_string(text)
        except (ValueError, OverflowError):
            return f"{self.variable} {self._refusal(text)} {self.name} stays {self._default()!r}."
        return ""

    def _default(self) -> Value:
        return cast("Value", self.default_value)

    def _from_variable(self, text: str) -> Value:
        try:
            return self.from_string(text)
        except (ValueError, OverflowError):
            complain(self.problem())
            return self._default()

    def _refusal(self, value: Any) -> str:
        try:
            said = clip(repr(value), 60)
        except Exception:  # noqa: BLE001 -- anybody's object, or a number of more digits than Python writes
            said = f"this {type(value).__name__}"
        return f"takes {self.takes}, not {said}.{self.near(value)}"


@functools.cache
def complain(text: str) -> None:
    """Say once what is wrong with a setting that nobody is waiting for: one line, and no exception."""
    logging.getLogger("spin_magic").warning(text)
