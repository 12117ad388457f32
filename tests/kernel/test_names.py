"""What a magic binds in the notebook, what it leaves alone, and what it never leaks."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.kernel.harness import Kernel

NAMES = (
    "import json, IPython\n"
    "print(json.dumps(sorted(n for n in IPython.get_ipython().user_ns"
    " if n.strip('_0123456789') not in {'', 'i', 'ii', 'iii', 'dh', 'ih', 'oh'})))"
)
# Importing Metaflow itself puts these into `__main__`, in any notebook: stored artifacts name them there.
OF_METAFLOW = {"ForeachFrame", "RangeInfo", "S3GetObject", "S3PutObject"}


def names(kernel: Kernel) -> set[str]:
    return set(json.loads(kernel.run(NAMES).streams)) - OF_METAFLOW


# What only a spin, or the showing of one, needs.
LATE = ("metaflow", "ipywidgets", "tqdm", "spin_magic.report", "spin_magic.result", "spin_magic.loop")


def test_load_ext_imports_nothing_that_a_spin_alone_needs(kernel: Kernel) -> None:
    kernel.run("import sys")

    assert kernel.value(f"[n for n in {LATE} if n in sys.modules]") == "[]"
    assert kernel.value("'spin_magic' in sys.modules") == "True"


def test_inputs_bind_artifacts_parameters_and_self(kernel: Kernel) -> None:
    before = names(kernel)
    shown = kernel.run("%spin_inputs SmallFlow work --index 1")

    assert not shown.failed, shown.text
    assert names(kernel) - before - {"_spin"} == {"self", "items", "alpha"}
    assert kernel.value("items, alpha, self.input, self.index") == "([1, 2, 3], 0.5, 2, 1)"
    for name in ("items", "alpha"):
        assert name in shown.text


def test_inputs_of_a_join_bind_the_branches(kernel: Kernel) -> None:
    before = names(kernel)
    kernel.run("%spin_inputs SmallFlow join")

    assert names(kernel) - before - {"_spin"} == {"self", "inputs", "alpha"}
    assert kernel.value("[each.doubled for each in inputs]") == "[2, 4, 6]"


def test_a_name_of_the_user_is_kept_and_said(kernel: Kernel) -> None:
    kernel.run("items = 'mine'")
    shown = kernel.run("%spin_inputs SmallFlow work")

    assert kernel.value("items") == "'mine'"
    assert re.search(r"kept\s+items", shown.text)
    kernel.run("%spin_inputs SmallFlow work --overwrite")
    assert kernel.value("items") == "[1, 2, 3]"


def test_inputs_again_replace_what_inputs_bound(kernel: Kernel) -> None:
    kernel.run("%spin_inputs SmallFlow work --index 0")
    kernel.run("%spin_inputs SmallFlow work --index 2")

    assert kernel.value("self.input") == "3"


def test_only_binds_those_alone(kernel: Kernel) -> None:
    before = names(kernel)
    kernel.run("%spin_inputs SmallFlow work --only alpha")

    assert names(kernel) - before - {"_spin"} <= {"self", "alpha"}
    assert kernel.value("alpha") == "0.5"


def test_a_spin_binds_the_result_alone(kernel: Kernel) -> None:
    before = names(kernel)
    done = kernel.run("%%spin SmallFlow work\nlocal = 1\nself.doubled = self.input\nself.next(self.join)")

    assert not done.failed, done.text
    assert names(kernel) - before == {"_spin"}


def test_locals_and_o_bind_what_they_say(kernel: Kernel) -> None:
    before = names(kernel)
    kernel.run("%%spin SmallFlow work --locals -o r\nlocal = 7\nself.doubled = 1\nself.next(self.join)")

    assert names(kernel) - before == {"_spin", "local", "r"}
    assert kernel.value("local, r['doubled'], r is _spin") == "(7, 1, True)"


def test_a_failing_spin_binds_nothing_more(kernel: Kernel) -> None:
    before = names(kernel)
    kernel.run("%%spin SmallFlow work\nlocal = 1\nraise ValueError")

    assert names(kernel) - before == {"_spin"}


def test_unload_removes_the_magics(kernel: Kernel) -> None:
    before = names(kernel)
    kernel.run("%spin SmallFlow work")
    kernel.run("%unload_ext spin_magic")
    gone = kernel.run("%spin SmallFlow work")

    assert "not found" in gone.text
    assert names(kernel) - before <= {"_spin"}
