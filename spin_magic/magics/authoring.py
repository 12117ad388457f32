"""The magics that write a flow, test it and run it: parse, call, display."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.magic import line_magic, magics_class

from spin_magic.displays import Display
from spin_magic.magics.room import Room, reads
from spin_magic.options import (
    LOAD_HELP,
    NEW_HELP,
    NOTEBOOK_HELP,
    RUN_HELP,
    SAVE_HELP,
    TEST_HELP,
    LoadOptions,
    NewOptions,
    NotebookOptions,
    RunOptions,
    SaveOptions,
    SpinTestOptions,
    parse_load,
    parse_new,
    parse_notebook,
    parse_run,
    parse_save,
    parse_test,
)
from spin_magic.printable import clean
from spin_magic.shown import has_page

if TYPE_CHECKING:
    from spin_magic.progress import RunProgress


@magics_class
class AuthoringMagics(Room):
    """The magics that write a flow, test it and run it; one short method each."""

    @line_magic
    @reads(parse_load, LOAD_HELP)
    def spin_load(self, options: LoadOptions, _: None) -> None:
        """Put a step's source into the next cell."""
        __tracebackhide__ = True
        from spin_magic import authoring  # noqa: PLC0415 - late: Metaflow is slow to import

        loaded = authoring.load_step(
            options.flow, options.step, whole=options.whole, notebook=self.shell.user_ns
        )
        self._give(options, loaded.text)
        print(*map(clean, loaded.notes), sep="\n")  # noqa: T201 - for the user
        self._next_cell(loaded.text)

    @line_magic
    @reads(parse_save, SAVE_HELP)
    def spin_save(self, options: SaveOptions, _: None) -> None:
        """Write the last good cell of a step into its flow file."""
        __tracebackhide__ = True
        from spin_magic import authoring  # noqa: PLC0415 - late, as above

        names = ("force", "dry_run", "link", "after")
        how = {name: getattr(options, name) for name in names}
        saved = authoring.spin_save(options.flow, options.step, notebook=self.shell.user_ns, **how)
        self._give(options, saved)
        self.shell.display_pub.publish(saved._repr_mimebundle_())
        if saved.cell is not None and saved.diff and not options.dry_run:
            self._next_cell(saved.cell)

    @line_magic
    @reads(parse_new, NEW_HELP)
    def spin_new(self, options: NewOptions, _: None) -> None:
        """Write a flow file to begin with, and put its start into the next cell."""
        __tracebackhide__ = True
        from spin_magic import authoring  # noqa: PLC0415 - late, as above

        file = authoring.spin_new(options.flow, options.file)
        print(clean(f"{file} is a flow that runs."))  # noqa: T201 - for the user
        flow = authoring.shortest_name(options.flow, file)
        self._next_cell(authoring.spin_load(flow, "start", notebook=self.shell.user_ns))

    def _next_cell(self, text: str) -> None:
        """Put a text into the next cell or prompt; where there is neither, print it."""
        self.shell.set_next_input(text)
        if not has_page(self.shell) and not hasattr(self.shell, "pt_app"):
            print(text)  # noqa: T201 - as said

    @line_magic
    @reads(parse_run, RUN_HELP)
    def spin_run(self, options: RunOptions, _: None) -> Any:
        """Run the whole flow, and show how it gets on."""
        __tracebackhide__ = True
        from spin_magic import api  # noqa: PLC0415 - late: Metaflow is slow to import
        from spin_magic.report import progress_mimebundle  # noqa: PLC0415 - the same

        display = Display(self.shell.display_pub.publish)

        def show(progress: RunProgress) -> None:
            # A terminal cannot take a display back.
            if has_page(self.shell) or progress.ended:
                display.show(progress_mimebundle(progress))

        made = api.spin_run(
            options.flow,
            options.words,
            resume=options.resume,
            unsaved=options.unsaved,
            on_progress=show,
            notebook=self.shell.user_ns,
        )
        self._give(options, made)
        return made

    @line_magic
    @reads(parse_notebook, NOTEBOOK_HELP)
    def spin_notebook(self, options: NotebookOptions, _: None) -> None:
        """Make a notebook of a flow file."""
        __tracebackhide__ = True
        from spin_magic.notebook.files import spin_notebook  # noqa: PLC0415 - late, as above

        call = {"force": options.force, "notebook": self.shell.user_ns}
        made = spin_notebook(str(options.flow), options.output, **call)
        print(clean(f"Wrote {made}."))  # noqa: T201 - for the user

    @line_magic
    @reads(parse_test, TEST_HELP)
    def spin_test(self, options: SpinTestOptions, _: None) -> None:
        """Write a test from the last spin of a step."""
        __tracebackhide__ = True
        from spin_magic import testing  # noqa: PLC0415 - late, as above

        call = {"file": options.file, "dry_run": options.dry_run, "notebook": self.shell.user_ns}
        made = testing.spin_test(options.flow, options.step, **call)
        if made.file is None or options.dry_run:
            print(made.text)  # noqa: T201 - to be put into a cell or a file
        else:
            print(clean(f"Added {made.name} to {made.file}."))  # noqa: T201 - for the user
