"""The magics: parse, call, display. The only room that knows IPython's core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand

from spin_magic.alive import progress_line
from spin_magic.namespace import Names, ShownOnce, evaluate, forget_outputs
from spin_magic.options import (
    CARDS_HELP,
    FLOW_HELP,
    INPUTS_HELP,
    NOTEBOOK_HELP,
    SPIN_HELP,
    HelpRequested,
    parse_cards,
    parse_flow,
    parse_inputs,
    parse_notebook,
    parse_spin,
)
from spin_magic.settings import SpinMagic
from spin_magic.shown import has_page, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from spin_magic.options import (
        CardsOptions,
        FlowOptions,
        InputsOptions,
        NotebookOptions,
        SpinOptions,
        TaskOptions,
    )
    from spin_magic.result import SpinResult, SpinResults
    from spin_magic.shown import OnCard


def _reads(parse: Callable[[str], Any], help_text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Parse the line for a magic; print the help where the line asks for it."""

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        def magic(self: SpinMagics, line: str, cell: str | None = None) -> Any:
            __tracebackhide__ = True  # IPython leaves such frames out of tracebacks
            try:
                options = parse(line)
            except HelpRequested as request:
                print(request)  # noqa: T201 - the answer
                return None
            return method(self, options, cell)

        magic.__name__, magic.__doc__ = method.__name__, help_text
        hidden: Callable[..., Any] = no_var_expand(magic)
        return hidden

    return decorate


@magics_class
class SpinMagics(Magics):
    """``%spin_inputs``, ``%spin``, ``%%spin``, ``%spin_flow``, ``%spin_cards`` and ``%spin_notebook``."""

    shell: Any

    def __init__(self, shell: InteractiveShell) -> None:
        self._replaced = _entries(shell)
        self._names, self._once = Names(shell), ShownOnce(shell)
        super().__init__(shell)
        self._settings = SpinMagic.instance()
        self._settings.update_config(shell.config)
        configurables: list[Any] = shell.configurables
        configurables.append(self._settings)

    @line_magic
    @_reads(parse_inputs, INPUTS_HELP)
    def spin_inputs(self, options: InputsOptions, _: None) -> None:
        """Make the inputs of a step variables of the notebook."""
        __tracebackhide__ = True
        # Late: Metaflow is slow to import, and %load_ext is not.
        from spin_magic import api  # noqa: PLC0415

        inputs = api.spin_inputs(options.flow, options.step, **self._task(options))
        for said in self._names.bind_inputs(inputs, options):
            print(said)  # noqa: T201 - for the user, above the panel
        self._give(options, inputs)
        self.shell.display_pub.publish(inputs._repr_mimebundle_())

    @line_cell_magic
    @_reads(parse_spin, SPIN_HELP)
    def spin(self, options: SpinOptions, cell: str | None) -> SpinResult | SpinResults | None:
        """Run a step: as it stands in the file, or with the cell as its text."""
        __tracebackhide__ = True
        if options.many:
            return self._spin_many(options, cell)

        def spun(cards: OnCard | None) -> SpinResult:
            __tracebackhide__ = True
            on_card = {} if cards is None else {"on_card": cards}
            return self._spun(options, options.step, cell, self._run(options) | on_card)

        result = shown(self.shell, f"{options.flow} {options.step}", spun)
        if result.error is not None:
            error = result.error
            try:
                raise error
            finally:
                # The traceback holds this frame: it must not hold the result in its turn.
                del error, result
        if cell is not None:
            return None
        self._once.add(result)
        return result

    def _spin_many(self, options: SpinOptions, cell: str | None) -> SpinResults | None:
        __tracebackhide__ = True
        from spin_magic.splits import spin_splits  # noqa: PLC0415 - late, as above

        call = self._run(options) | {"body": cell, "last": options.last, "check": False}
        publisher = self.shell.display_pub
        with progress_line(
            publisher, f"{options.flow} {options.step}", shown=has_page(self.shell)
        ) as progress:
            results = spin_splits(options.flow, options.step, **call, progress=progress)
        self._keep(options, results)
        publisher.publish(results._repr_mimebundle_())
        if results.error is not None:
            error = results.error
            try:
                raise error
            finally:
                del error, results  # as above
        if cell is not None:
            return None
        self._once.add(results)
        return results

    def _spun(self, options: SpinOptions, step: str, cell: str | None, call: dict[str, Any]) -> SpinResult:
        __tracebackhide__ = True
        from spin_magic import api  # noqa: PLC0415 - late, as above

        result: SpinResult = api.spin(options.flow, step, body=cell, check=False, **call)
        # By another task's own pathspec, so nothing else must choose one.
        result.again = lambda task: self._spun(options, task, cell, self._run(options) | _NO_CHOICE)
        self._keep(options, result)
        return result

    @line_magic
    @_reads(parse_flow, FLOW_HELP)
    def spin_flow(self, options: FlowOptions, _: None) -> None:
        """Draw a flow, with what is known of each step."""
        __tracebackhide__ = True
        from spin_magic import api  # noqa: PLC0415 - late, as above

        call = {"run": options.run, "notebook": self.shell.user_ns, **_namespace(options)}
        overview = api.spin_flow(options.flow, **call)
        self._give(options, overview)
        self.shell.display_pub.publish(overview._repr_mimebundle_())

    @line_magic
    @_reads(parse_cards, CARDS_HELP)
    def spin_cards(self, options: CardsOptions, _: None) -> None:
        """Show the cards of a past task."""
        __tracebackhide__ = True
        from spin_magic import api  # noqa: PLC0415 - late, as above

        names = ("index", "value", "run", "id", "type", "diff")
        call = {name: getattr(options, name) for name in names} | _namespace(options)
        past = api.spin_cards(options.flow, options.step, notebook=self.shell.user_ns, **call)
        self._give(options, past)
        self.shell.display_pub.publish(past._repr_mimebundle_())

    @line_magic
    @_reads(parse_notebook, NOTEBOOK_HELP)
    def spin_notebook(self, options: NotebookOptions, _: None) -> None:
        """Make a notebook of a flow file."""
        __tracebackhide__ = True
        from spin_magic.notebook.files import spin_notebook  # noqa: PLC0415 - late, as above

        call = {"force": options.force, "notebook": self.shell.user_ns}
        print(f"Wrote {spin_notebook(options.flow, options.output, **call)}.")  # noqa: T201 - for the user

    def withdraw(self) -> None:
        """Put back what the magics replaced, and leave nothing of them in the shell."""
        manager = self.shell.magics_manager
        for (kind, name), before in self._replaced.items():
            table = manager.registry if kind == "registry" else manager.magics[kind]
            if before is None:
                table.pop(name, None)
            else:
                table[name] = before
        self._once.clear()
        ours = (self, self._settings)
        self.shell.configurables[:] = [each for each in self.shell.configurables if each not in ours]
        for names in (self.shell.user_ns, self.shell.user_ns_hidden):
            names.pop("_spin", None)

    def _task(self, options: TaskOptions) -> dict[str, Any]:
        return {
            "index": options.index,
            "value": options.value,
            "run": options.run,
            "source": options.source,
            "set": evaluate(options.assignments, self.shell.user_ns),
            "artifacts_module": options.artifacts_module,
            "config": dict(options.config),
            "config_value": dict(options.config_value),
            "cwd": options.cwd,
            "notebook": self.shell.user_ns,
            **_namespace(options),
        }

    def _run(self, options: SpinOptions) -> dict[str, Any]:
        return self._task(options) | {
            "skip_decorators": options.skip_decorators,
            "seed": options.seed,
            "cards": options.cards,
            "filename": self._filename,
            "after": options.after,
        }

    def _filename(self, source: str) -> str:
        """Register the text of a cell, so that tracebacks and debuggers show its lines."""
        # The number of this cell in every IPython; `execution_count` is one ahead of it in some.
        number = self.shell.displayhook.prompt_count
        name: str = self.shell.compile.cache(source, number=number)
        return name

    def _keep(self, options: SpinOptions, result: SpinResult | SpinResults) -> None:
        last = result[-1] if isinstance(result, list) else result
        forget_outputs(self.shell, last)
        self.shell.push({"_spin": last}, interactive=False)
        self._give(options, result)
        if options.bind_locals:
            made = {name: value for name, value in last.locals.items() if name not in {"self", "inputs"}}
            kept = self._names.bind_free(made)
            if kept:
                last.notes.append(f"--locals kept your own {', '.join(kept)}.")

    def _give(self, options: TaskOptions | FlowOptions | CardsOptions, value: object) -> None:
        if options.output:
            self.shell.push({options.output: value})


def _namespace(options: TaskOptions | FlowOptions | CardsOptions) -> dict[str, str | None]:
    # Metaflow's own word for all namespaces is None.
    return {} if options.namespace is None else {"namespace": options.namespace or None}


def _entries(shell: InteractiveShell) -> dict[tuple[str, str], Any]:
    """Remember what stands where our magics will stand."""
    manager = shell.magics_manager
    entries = {(kind, name): manager.magics[kind].get(name) for kind, name in _NAMES}
    return entries | {("registry", _OURS): manager.registry.get(_OURS)}


def register(shell: InteractiveShell) -> None:
    """Add the magics to a shell.

    Parameters
    ----------
    shell : InteractiveShell
        The shell; `unregister` takes them out again.
    """
    shell.register_magics(SpinMagics)


def unregister(shell: InteractiveShell) -> None:
    """Take the magics out again, and put back what they replaced.

    Parameters
    ----------
    shell : InteractiveShell
        A shell that went through `register`; any other is left alone.
    """
    ours = shell.magics_manager.registry.get(_OURS)
    if isinstance(ours, SpinMagics):
        ours.withdraw()


_OURS = SpinMagics.__name__
_LINES = ("spin", "spin_inputs", "spin_flow", "spin_cards", "spin_notebook")
_NAMES = (("cell", "spin"), *(("line", name) for name in _LINES))
_NO_CHOICE = {"index": None, "value": None, "run": None, "source": "run"}
