"""Steps that misbehave.

What a body does to the kernel it runs in: what is restored, what is reported, what is the user's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.whole import whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.kernel.harness import Kernel


def test_a_body_raises(kernel: Kernel, project: Path, fault: Callable[..., None]) -> None:
    fault("the body raises", "the error at the step's own line, the state it left in the panel")
    with whole(kernel, project):
        cell = kernel.run("%%spin SmallFlow work\nself.kept = 1\nraise ValueError('odd')")
        assert cell.error
        assert cell.error["ename"] == "ValueError"
    assert "odd" in cell.traceback
