"""The magics that run a step, and show what there is: parse, call, display."""

from __future__ import annotations

import contextlib
import linecache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.magic import line_cell_magic, line_magic, magics_class

from spin_magic.alive import progress_bar
from spin_magic.errors import OptionError
from spin_magic.magics.room import Room, reads
from spin_magic.namespace import Names, ShownOnce, evaluate, forget_outputs
from spin_magic.options import (
    CARDS_HELP,
    FLOW_HELP,
    INPUTS_HELP,
    SPIN_HELP,
    CardsOptions,
    FlowOptions,
    InputsOptions,
    SpinOptions,
    TaskOptions,
    parse_cards,
    parse_flow,
    parse_inputs,
    parse_spin,
)
from spin_magic.settings import SpinMagic
from spin_magic.shown import has_page, shown

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from spin_magic.many import SpinResults
    from spin_magic.result import SpinResult
    from spin_magic.shown import OnCard

_NO_CHOICE = {"index": None, "value": None, "run": None, "source": "run"}


@magics_class
class SpinMagics(Room):
    """The magics that run a step, and show what there is; one short method each."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._names, self._once = Names(shell), ShownOnce(shell)
        self._last: tuple[SpinOptions, str | None] | None = None
        self._files: set[str] = set()
        super().__init__(shell)
        self._settings = SpinMagic.instance()
        self._settings.take(shell.config.SpinMagic, lambda name: _config_file(shell, name))
        self._settings.check_environment()
        configurables: list[Any] = shell.configurables
        configurables.append(self._settings)

    @line_magic
    @reads(parse_inputs, INPUTS_HELP)
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
    @reads(parse_spin, SPIN_HELP)
    def spin(self, options: SpinOptions, cell: str | None) -> SpinResult | SpinResults | None:
        """Run a step: as it stands in the file, or with the cell as its text."""
        __tracebackhide__ = True
        body = cell
        if options.repeats:
            options, body = self._repeated(options, cell)
        made = self._spin_many(options, body) if options.many else self._spin_one(options, body)
        if cell is not None:
            return None
        self._once.add(made)
        return made

    def _spin_one(self, options: SpinOptions, body: str | None) -> SpinResult:
        __tracebackhide__ = True

        def spun(cards: OnCard | None) -> SpinResult:
            __tracebackhide__ = True
            on_card = {} if cards is None else {"on_card": cards}
            return self._spun(options, options.step, body, self._run(options) | on_card)

        result = shown(self.shell, f"{options.flow} {options.step}", spun)
        self._last = options, body
        if result.error is not None:
            error = result.error
            try:
                raise error
            finally:
                # The traceback holds this frame: it must not hold the result in its turn.
                del error, result
        return result

    def _repeated(self, options: SpinOptions, cell: str | None) -> tuple[SpinOptions, str | None]:
        """Fill in what the line leaves out, and say what that is."""
        if self._last is None:
            raise OptionError(
                "FLOW and STEP are missing, and no line of %spin was run here that could be repeated."
            )
        last, text = self._last
        options = options.filled(last)
        if cell is not None:
            said = f"%%spin {options.line}, with this text"
        elif text is not None:
            said = f"%%spin {options.line}, with the text of its cell"
        else:
            said = f"%spin {options.line}"
        print(f"Again: {said}")  # noqa: T201 - for the user, above the panel
        return options, text if cell is None else cell

    def _spin_many(self, options: SpinOptions, body: str | None) -> SpinResults:
        __tracebackhide__ = True
        from spin_magic.splits import spin_splits  # noqa: PLC0415 - late, as above

        names = ("last", "jobs", "show")
        call = self._run(options) | {name: getattr(options, name) for name in names}
        call |= {"body": body, "check": False}
        publisher = self.shell.display_pub
        with progress_bar(publisher, f"{options.flow} {options.step}", page=has_page(self.shell)) as progress:
            results = spin_splits(options.flow, options.step, **call, progress=progress)
        self._keep(options, results)
        self._last = options, body
        publisher.publish(results._repr_mimebundle_())
        if results.error is not None:
            error = results.error
            try:
                raise error
            finally:
                del error, results  # as above
        return results

    def _spun(self, options: SpinOptions, step: str, body: str | None, call: dict[str, Any]) -> SpinResult:
        __tracebackhide__ = True
        from spin_magic.fallback import spin_function  # noqa: PLC0415 - late, as above

        result: SpinResult = spin_function()(options.flow, step, body=body, check=False, **call)
        # By another task's own pathspec, so nothing else must choose one.
        result.again = lambda task: self._spun(options, task, body, self._run(options) | _NO_CHOICE)
        self._keep(options, result)
        return result

    @line_magic
    @reads(parse_flow, FLOW_HELP)
    def spin_flow(self, options: FlowOptions, _: None) -> None:
        """Draw a flow, with what is known of each step."""
        __tracebackhide__ = True
        from spin_magic import looking  # noqa: PLC0415 - late, as above

        call = {"run": options.run, "notebook": self.shell.user_ns, **_namespace(options)}
        overview = looking.spin_flow(options.flow, **call)
        if self._settings.flow != options.flow:
            self._settings.flow = options.flow
            print(f"Lines without FLOW mean {options.flow} from now on: `%spin STEP`.")  # noqa: T201 - as above
        self._give(options, overview)
        self.shell.display_pub.publish(overview._repr_mimebundle_())

    @line_magic
    @reads(parse_cards, CARDS_HELP)
    def spin_cards(self, options: CardsOptions, _: None) -> None:
        """Show the cards of a past task."""
        __tracebackhide__ = True
        from spin_magic import looking  # noqa: PLC0415 - late, as above

        names = ("index", "value", "run", "id", "type", "diff")
        call = {name: getattr(options, name) for name in names} | _namespace(options)
        past = looking.spin_cards(options.flow, options.step, notebook=self.shell.user_ns, **call)
        self._give(options, past)
        self.shell.display_pub.publish(past._repr_mimebundle_())

    def withdraw(self) -> None:
        """Leave nothing of the magics in the shell."""
        super().withdraw()
        self._once.clear()
        self.shell.configurables[:] = [one for one in self.shell.configurables if one is not self._settings]
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
            "isolated": options.isolated,
            "environment": options.environment,
            "persist": options.persist,
        }

    def _filename(self, source: str) -> str:
        """Register the text of a cell, so that tracebacks and debuggers show its lines."""
        # The number of this cell in every IPython; `execution_count` is one ahead of it in some.
        number = self.shell.displayhook.prompt_count
        name: str = self.shell.compile.cache(source, number=number)
        self._files.add(name)
        # IPython would keep the numbers of all of them; those of texts that are gone nobody asks for.
        for gone in self._files - linecache.cache.keys():
            self.shell.compile._filename_map.pop(gone, None)  # noqa: SLF001 -- there is no other way
            self._files.discard(gone)
        return name

    def _keep(self, options: SpinOptions, result: SpinResult | SpinResults) -> None:
        forget_outputs(self.shell, result)
        self._give(options, result)
        if isinstance(result, list) and not result:  # interrupted at once
            return
        last = result[-1] if isinstance(result, list) else result
        self.shell.push({"_spin": last}, interactive=False)
        if options.bind_locals:
            made = {name: value for name, value in last.locals.items() if name not in {"self", "inputs"}}
            kept = self._names.bind_free(made)
            if kept:
                last.notes.append(f"--locals kept your own {', '.join(kept)}.")


def _config_file(shell: Any, name: str) -> str:
    """Find the config file of IPython's that sets one of our settings."""
    app = shell
    while app is not None and not hasattr(app, "loaded_config_files"):
        app = app.parent
    for file in reversed(app.loaded_config_files if app else []):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if f"SpinMagic.{name}" in Path(file).read_text(encoding="utf-8"):
                return str(file)
    return "IPython's config"


def _namespace(options: TaskOptions | FlowOptions | CardsOptions) -> dict[str, str | None]:
    # Metaflow's own word for all namespaces is None.
    return {} if options.namespace is None else {"namespace": options.namespace or None}
