"""Read a run with Metaflow's own Client, in a process of its own, and write it down as plain data.

    python oracle.py RUN_PATHSPEC FLOW_FILE OUT

The flow file is executed here, not run, and its names are put where a run's pickles look for them:
in ``__main__``. Nothing of spin_magic is imported.
"""

from __future__ import annotations

import os
import pickle
import sys
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from describe import describe

PRIVATE = ("_foreach_stack", "_iteration_stack", "_transition")


def load_names(file: str) -> None:
    """Execute the flow file and lend its names to ``__main__``."""
    sys.path.insert(0, str(Path(file).resolve().parent))
    module = types.ModuleType("flow_of_the_run")
    module.__file__ = file
    sys.modules[module.__name__] = module
    exec(compile(Path(file).read_bytes(), file, "exec"), module.__dict__)  # noqa: S102
    main = sys.modules["__main__"]
    for name, value in vars(module).items():
        if not name.startswith("__"):
            setattr(main, name, value)


def read_task(task) -> dict:
    public = {artifact.id: describe(artifact.data) for artifact in task}
    private = {}
    for name in PRIVATE:
        try:
            private[name] = describe(task[name].data)
        except KeyError:
            continue
    return {
        "pathspec": task.pathspec,
        "successful": task.successful,
        "index": int(task.metadata_dict["foreach-execution-path"].split(",")[-1].split(":")[1])
        if task.metadata_dict.get("foreach-execution-path")
        else None,
        "artifacts": public,
        "private": private,
    }


def main() -> None:
    run_pathspec, file, out = sys.argv[1:4]
    only = set(sys.argv[4].split(",")) if len(sys.argv) > 4 else None
    os.environ.setdefault("METAFLOW_USER", "tester")
    load_names(file)
    from metaflow import Run, namespace

    namespace(None)
    run = Run(run_pathspec)
    steps = {
        each.id: [read_task(task) for task in sorted(each, key=lambda t: int(t.id))]
        for each in run
        if only is None or each.id in only
    }
    Path(out).write_bytes(pickle.dumps({"successful": run.successful, "steps": steps}))


if __name__ == "__main__":
    main()
