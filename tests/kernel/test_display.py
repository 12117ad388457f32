"""What a body displays, and flows that the notebook itself defines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.kernel.harness import Kernel


def test_pictures_reach_the_cell_and_are_kept_on_the_result(kernel: Kernel) -> None:
    kernel.run("%matplotlib inline")
    done = kernel.run(
        "%%spin SmallFlow work\nimport matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\nplt.show()\n"
        "self.doubled = 2\nself.next(self.join)"
    )

    assert not done.failed, done.text
    pictures = [o for o in done.outputs if "image/png" in o.get("data", {})]
    assert len(pictures) == 1
    assert kernel.value("[sorted(shown) for shown in _spin.displayed]") == "[['image/png', 'text/plain']]"


def test_a_flow_of_the_notebook_is_spun_on_the_runs_of_its_name(kernel: Kernel) -> None:
    cell = (
        "from metaflow import FlowSpec, step\n"
        "FACTOR = 7\n"
        "class SmallFlow(FlowSpec):\n"
        "    @step\n"
        "    def start(self):\n"
        "        self.items = [1, 2, 3]\n"
        "        self.next(self.work, foreach='items')\n"
        "    @step\n"
        "    def work(self):\n"
        "        self.doubled = self.input * FACTOR\n"
        "        self.next(self.join)\n"
        "    @step\n"
        "    def join(self, inputs):\n"
        "        self.next(self.end)\n"
        "    @step\n"
        "    def end(self):\n"
        "        pass\n"
    )
    assert not kernel.run(cell).failed
    done = kernel.run("%spin SmallFlow work --index 1")
    assert not done.failed, done.text
    assert kernel.value("_spin['doubled']") == "14"

    kernel.run(cell.replace("* FACTOR", "+ FACTOR"))
    kernel.run("%spin SmallFlow work --index 1")
    assert kernel.value("_spin['doubled']") == "9"

    kernel.run("%%spin SmallFlow work\nself.doubled = FACTOR\nself.next(self.join)")
    assert kernel.value("(_spin['doubled'], _spin.notes)") == "(7, [])"
