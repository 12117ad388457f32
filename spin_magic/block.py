"""A ``with`` block as the body of a step: set up when it is entered, and shown when it is left."""

from __future__ import annotations

import contextlib
import contextvars
import sys
import threading
import weakref
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from spin_magic.errors import CellError, OptionError
from spin_magic.flows.with_block import WithBlock, read_block
from spin_magic.interrupts import Patient, patient, whole
from spin_magic.loop.handover import HandOver
from spin_magic.loop.request import Request
from spin_magic.loop.spin_one import spin_request
from spin_magic.result import SpinResult
from spin_magic.shown import keep, shown

if TYPE_CHECKING:
    from greenlet import greenlet

    from spin_magic.shown import OnCard


class StepBlock:
    """A step whose body is a ``with`` block; made by `spin_magic.step`.

    Attributes
    ----------
    result : SpinResult or None
        What the last block has given; None before its end.
    """

    result: SpinResult | None

    def __init__(self, asked: dict[str, Any], options: dict[str, Any], on_card: OnCard | None) -> None:
        self.result = None
        self._asked, self._options, self._on_card = asked, options, on_card
        self._shell: Any = None
        self._spin: greenlet | None = None
        self._hand = HandOver(WithBlock())
        self._frame = self._thread = 0
        self._astray = False
        self._patience = patient()

    def __enter__(self) -> Any:
        """Set the step up and give what its body starts from: ``self``, for a join ``(self, inputs)``."""
        __tracebackhide__ = True
        # For the whole of the spin; the block itself is interrupted at once.
        self._patience = patient()
        self._patience.begin()
        try:
            given = self._begin(sys._getframe(1))  # noqa: SLF001 -- it is documented
        except BaseException:
            self._patience.pause()
            raise
        return given

    def _begin(self, frame: FrameType) -> Any:
        __tracebackhide__ = True
        _end_other()
        block = read_block(frame)
        self.result, self._shell, self._hand = None, _shell(), HandOver(block)
        request = self._request(frame, block)
        # Only its id: a block that is never left should go with the frame.
        self._frame, self._thread, self._astray = id(frame), threading.get_ident(), False
        del frame
        spin = _spinning(request, self._options, self._on_card, self._shell)
        self._spin = _in_greenlet(spin, self._patience)
        _open.block = weakref.ref(self)
        try:
            given = self._go_on()
            _check_reached(self._hand, given)
            if self._shell is not None:
                self._shell.events.register("post_run_cell", self._left_open)
        except BaseException:
            self._close()
            raise
        return given

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        """End the step; what the block raised comes out of it, unless a decorator of the step caught it."""
        # `bool` alone would tell type checkers that the block may be left at any line of it.
        __tracebackhide__ = True
        if self._spin is None:
            return None
        if threading.get_ident() != self._thread:
            self._astray = True
            raise CellError(_ASTRAY)
        self._hand.locals = self._hand.block.locals_in(sys._getframe(1).f_locals)  # noqa: SLF001 -- as above
        result = self._finish(error)
        if result.error is None or result.error is error:
            return result.error is None
        try:
            raise result.error
        finally:
            # The traceback holds this frame: it must not hold the result in its turn.
            del result

    def _request(self, frame: FrameType, block: WithBlock) -> Request:
        names: Mapping[str, Any] = frame.f_globals
        if frame.f_locals is not frame.f_globals:
            # Only what the block uses: the result keeps them.
            near = {k: v for k, v in frame.f_locals.items() if k in block.uses or isinstance(v, type)}
            names = ChainMap(near, frame.f_globals)
        asked = {"notebook": names, **self._asked}
        return Request(**asked, body=block.text or "pass", block=self._hand)

    def _go_on(self) -> Any:
        """Let the spin run up to its body, or to its end."""
        __tracebackhide__ = True
        import greenlet  # noqa: PLC0415 -- needed for a block alone

        spin = self._spin
        assert spin is not None  # noqa: S101 -- for the type checker
        self._hand.there = spin.parent = greenlet.getcurrent()
        return spin.switch()

    def _finish(self, error: BaseException | None) -> SpinResult:
        __tracebackhide__ = True
        self._patience.install()
        self._hand.ended(error)
        try:
            result: SpinResult = self._go_on()
        finally:
            self._hand.mend(error)
            self._close()
        self.result = result
        return result

    def _close(self) -> None:
        spin, self._spin = self._spin, None
        _open.block = None
        self._hand.ended(None)
        if self._shell is not None:
            with contextlib.suppress(ValueError):
                self._shell.events.unregister("post_run_cell", self._left_open)
        if spin:
            spin.throw()
        self._patience.pause()

    @whole
    def _left_open(self, _: object) -> None:
        """End a block that its cell has left without ending it, as a generator does that waits."""
        if threading.get_ident() != self._thread:
            return
        frame: FrameType | None = sys._getframe()  # noqa: SLF001 -- as above
        while frame is not None:
            if id(frame) == self._frame:
                return
            frame = frame.f_back
        self._finish(CellError("The cell has ended inside the `with` block: the step has ended with it."))


# One block at a time in each thread; threads wait for one another as their spins do.
_open = threading.local()
_ASTRAY = "A `with` block of a step must end in the thread in which it began."


def _end_other() -> None:
    """End a block of this thread that another thread has tried to end; refuse where one is still running."""
    other = _open_block()
    if other is None:
        return
    if other._astray:  # noqa: SLF001 -- the same class
        other._finish(CellError(_ASTRAY))  # noqa: SLF001 -- the same class
        return
    msg = (
        "A `with` block of a step has not ended yet: end it before the next, "
        "or call spin_magic.spin inside of it."
    )
    raise OptionError(msg)


def _open_block() -> StepBlock | None:
    # Weak: a block that is never left should go with the frame that entered it.
    reference: weakref.ref[StepBlock] | None = getattr(_open, "block", None)
    return reference() if reference else None


def _in_greenlet(run: Callable[[], SpinResult], patience: Patient) -> greenlet:
    import greenlet  # noqa: PLC0415 -- needed for a block alone

    def spin() -> SpinResult:
        result = run()
        if isinstance(result.error, greenlet.GreenletExit):
            # Of a block that is never left nothing else sees the end.
            patience.pause()
        return result

    made = greenlet.greenlet(spin)
    contextvars.copy_context()  # makes one, where the thread had none
    # What the spin or a decorator sets in it, such as NumPy's error state, holds for the block.
    made.gr_context = greenlet.getcurrent().gr_context
    return made


def _spinning(
    request: Request, options: Mapping[str, Any], on_card: OnCard | None, shell: Any
) -> Callable[[], SpinResult]:
    """Give what the greenlet runs. Nothing in it may hold the greenlet, or that would never be freed."""

    def spin(cards: OnCard | None) -> SpinResult:
        result = spin_request(request, {**options, "on_card": on_card or cards})
        if shell is not None:
            _keep(shell, result, request, options)
        return result

    if shell is None:
        return lambda: spin(None)
    flow = getattr(request.flow, "__name__", request.flow)
    return lambda: shown(shell, f"{flow} {request.step}", spin)


def _keep(shell: Any, result: SpinResult, request: Request, options: Mapping[str, Any]) -> None:
    def again(task: str) -> SpinResult:
        # By another task's own pathspec, so nothing else must choose one.
        other = replace(request, block=None, step=task, index=None, value=None, run=None, source="run")
        made = spin_request(other, options)
        _keep(shell, made, request, options)
        return made

    if request.text is not None:
        result.again = again
    keep(shell, result)


def _check_reached(hand: HandOver, given: Any) -> None:
    """Raise what has ended a spin before it came to its body; `given` is its result then."""
    if hand.reached:
        return
    if given.error is not None:
        raise given.error
    msg = f"A decorator of step {given.step!r} skips its body, which a `with` block cannot: use `%%spin`."
    raise CellError(msg)


def _shell() -> Any:
    """Give IPython's shell; None in a script."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None
