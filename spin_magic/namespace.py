"""What the magics do to the notebook: evaluate in it, bind names in it, and forget old results.

The shell is used through its public face; nothing of IPython is imported.
"""

from __future__ import annotations

import builtins
import keyword
import re
import weakref
from typing import TYPE_CHECKING, Any

from spin_magic.errors import OptionError, nearest
from spin_magic.interrupts import patient, whole
from spin_magic.settings import SpinMagic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from spin_magic.artifacts import StepInputs
    from spin_magic.many import SpinResults
    from spin_magic.options import InputsOptions
    from spin_magic.result import SpinResult

_made: weakref.WeakKeyDictionary[Any, dict[str, Callable[[object], bool]]] = weakref.WeakKeyDictionary()
_IPYTHON_NAMES = re.compile(r"_+|_i*\d*|_[iod]h|_spin|In|Out")


class Names:
    """The names that the magics made in the notebook, told apart from those that the user made.

    Parameters
    ----------
    shell : InteractiveShell
        The shell whose namespace it is.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        # Of the shell, and not of the magics: `%reload_ext` makes new ones of these.
        self._is_ours = _made.setdefault(shell, {})

    def may_bind(self, name: str, *, overwrite: bool = False) -> bool:
        """Say whether a name is free, ours, or may be overwritten."""
        if self.is_reserved(name):
            return False
        if overwrite or name not in self._shell.user_ns:
            return True
        ours = self._is_ours.get(name)
        return ours is not None and ours(self._shell.user_ns[name])

    def is_reserved(self, name: str) -> bool:
        """Say whether a name is Python's or IPython's: binding it would break cells that call it."""
        if not name.isidentifier() or keyword.iskeyword(name) or hasattr(builtins, name):
            return True
        return bool(_IPYTHON_NAMES.fullmatch(name)) or name in self._shell.user_ns_hidden

    @whole
    def bind(self, values: Mapping[str, object]) -> None:
        """Bind names, and remember them as ours."""
        self._shell.push(dict(values))
        self._is_ours.update({name: _recognizer(value) for name, value in values.items()})
        for name in self._is_ours.keys() - self._shell.user_ns.keys():
            del self._is_ours[name]

    def bind_free(self, values: Mapping[str, object]) -> list[str]:
        """Bind what may be bound, and list the names that were kept."""
        kept = [name for name in values if not self.may_bind(name)]
        self.bind({name: value for name, value in values.items() if name not in kept})
        return kept

    def bind_inputs(self, inputs: StepInputs, options: InputsOptions) -> list[str]:
        """Bind ``self``, ``inputs`` and the artifacts, and note on `inputs` what came of each name.

        Parameters
        ----------
        inputs : StepInputs
            What the step starts from.
        options : InputsOptions
            Which of them, and whether over names of the user.

        Returns
        -------
        list of str
            A sentence for each artifact that could not be loaded and stays on ``self``, and for a ``self`` or
            ``inputs`` that is the user's own.
        """
        fixed = {"self": inputs.self} | ({} if inputs.inputs is None else {"inputs": inputs.inputs})
        names = list(dict.fromkeys([*fixed, *inputs]))
        _check_only(options.only, names)
        values: dict[str, object] = {}
        chosen, kept, waiting, failures = [], [], [], []
        all_sizes = names if options.only or options.load_all else list(fixed)
        for name in options.only or names:
            if self.is_reserved(name) or (name not in all_sizes and is_large(inputs, name)):
                waiting.append(name)
            elif not self.may_bind(name, overwrite=options.overwrite):
                kept.append(name)
            else:
                chosen.append(name)
        with inputs.loading(chosen):
            for name in chosen:
                try:
                    values[name] = fixed[name] if name in fixed else inputs[name]
                except Exception as error:
                    if options.only:
                        raise
                    waiting.append(name)
                    failures.append(f"{name} could not be loaded: {type(error).__name__}: {error}")
        self.bind(values)
        inputs.bound, inputs.kept, inputs.waiting = tuple(values), tuple(kept), tuple(waiting)
        # The artifacts have their rows, where it stands.
        mine = [name for name in fixed if name in kept and name not in inputs]
        return failures + [f"{name} is your own and stays as it is; --overwrite binds it." for name in mine]


class ShownOnce:
    """Keep the value of a cell from being shown a second time, where a magic has shown it already.

    Parameters
    ----------
    shell : InteractiveShell
        The shell whose displayhook would show it.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._values: list[object] = []

    @whole
    def add(self, value: object) -> None:
        """Say that a value is on show, until this cell ends."""
        if not self._values:
            self._shell.displayhook.compute_format_data = self._format
            self._shell.displayhook.write_output_prompt = lambda: None
            self._shell.events.register("post_execute", self.clear)
        self._values.append(value)

    def clear(self) -> None:
        """Show everything again."""
        with patient():
            self._show_again()

    @whole
    def _show_again(self) -> None:
        if self._values:
            self._values.clear()
            del self._shell.displayhook.compute_format_data
            del self._shell.displayhook.write_output_prompt
            self._shell.events.unregister("post_execute", self.clear)

    def _format(self, value: object) -> tuple[dict[str, Any], dict[str, Any]]:
        if any(value is shown for shown in self._values):
            return {}, {}
        hook = self._shell.displayhook
        type(hook).write_output_prompt(hook)
        formatted: tuple[dict[str, Any], dict[str, Any]] = self._shell.display_formatter.format(value)
        return formatted


def is_large(inputs: StepInputs, name: str) -> bool:
    """Say whether an artifact takes long to load: its pickle is over the size budget, and stored."""
    artifact = inputs.describe(name)
    return not artifact.live and (artifact.size or 0) > SpinMagic.instance().size_budget


def evaluate(assignments: Iterable[tuple[str, str]], namespace: dict[str, Any]) -> dict[str, Any]:
    """Evaluate the expressions of ``--set`` in the notebook.

    Parameters
    ----------
    assignments : iterable of (str, str)
        Names and expressions.
    namespace : dict
        The notebook's names.

    Returns
    -------
    dict
        Names and values.

    Raises
    ------
    OptionError
        If an expression fails; it names the option and the exception.
    """
    values = {}
    for name, expression in assignments:
        try:
            values[name] = eval(expression, namespace)  # noqa: S307 - the user's own expression
        except Exception as error:
            said = f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}"
            hint = ""
            if isinstance(error, NameError | SyntaxError):
                hint = f" For a text, keep its quotes with a second pair: --set '{name}=\"...\"'."
            raise OptionError(f"--set {name}={expression} failed: {said}.{hint}") from error
    return values


def forget_outputs(shell: Any, result: SpinResult | SpinResults) -> None:
    """Drop earlier results of the same step from IPython's history of outputs.

    That history would keep each of them, with all its artifacts, for the life of the kernel.
    Names that the user gave to a result stay.
    """
    hook, namespace, hidden = shell.displayhook, shell.user_ns, shell.user_ns_hidden
    outputs = namespace.get("_oh", {})
    old = [number for number, value in outputs.items() if _is_of(value, result)]
    for number in old:
        del outputs[number]
        namespace.pop(f"_{number}", None)
        hidden.pop(f"_{number}", None)
    for name in ("_", "__", "___"):
        if _is_of(getattr(hook, name, None), result):
            setattr(hook, name, "")
        for names in (namespace, hidden):
            if _is_of(names.get(name), result):
                names[name] = ""


def _is_of(value: object, result: SpinResult | SpinResults) -> bool:
    from spin_magic.many import SpinResults  # noqa: PLC0415 -- %load_ext is to be quick, and nothing was spun
    from spin_magic.result import SpinResult  # noqa: PLC0415 -- the same

    if not isinstance(value, SpinResult | SpinResults):
        return False
    return (value.flow, value.step) == (result.flow, result.step)


def _recognizer(value: object) -> Callable[[object], bool]:
    """Recognize a value later on, without keeping it in memory where Python lets us."""
    try:
        reference = weakref.ref(value)
    except TypeError:
        return lambda other: other is value
    return lambda other: other is not None and reference() is other


def _check_only(only: Iterable[str], names: list[str]) -> None:
    for name in only:
        if name not in names:
            raise OptionError(f"--only {name}: the step has no such input.{nearest(name, names)}")
