"""What the process of an isolated step runs: Metaflow's command line, with ``spin`` given its inputs.

    python launcher.py ORDERS FLOW_FILE spin ...
    python launcher.py - FLOW_FILE spin-step ...

The second is a join of many inputs in its own process, as the first starts it. Either may be another
Python than the kernel's, without spin_magic, so nothing of it is imported. Without ``task`` in the orders
``spin`` finds its inputs by itself.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
import threading
from types import ModuleType, SimpleNamespace
from typing import Any

# What Metaflow opens directly, one by one, and so without the fault that is mended here.
MANY = 4
# task.py:run_step
FAILED = re.compile(rb"<flow \w+ step \w+.*> failed:$")


def main() -> None:
    """Follow the orders: a JSON file with what to feed the step, and what is to go with the kernel."""
    orders = sys.argv[1]
    sys.argv = sys.argv[2:]
    # Not this file's folder: the step's process gets the same.
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))  # noqa: PTH100, PTH120
    if orders == "-":
        _mend_wide_joins()
    else:
        with open(orders, encoding="utf-8") as file:  # noqa: PTH123 -- as short as it can be
            _prepare(json.load(file))
    _run(sys.argv[0])


def _run(path: str) -> None:
    """Run a flow file as the main module, where Metaflow has put names for its pickles by now."""
    ours = sys.modules["__main__"]
    main = ModuleType("__main__")
    main.__file__ = path
    vars(main).update({name: value for name, value in vars(ours).items() if name not in OWN})
    sys.modules["__main__"] = main
    with open(path, "rb") as file:  # noqa: PTH123
        code = compile(file.read(), path, "exec")
    exec(code, vars(main))  # noqa: S102 -- the user's own program


def _prepare(orders: dict[str, Any]) -> None:
    threading.Thread(target=_watch, args=(orders["remove"],), daemon=True).start()
    _relay(orders["log"])
    _spare_latest_run()
    if orders.get("task"):
        _feed(orders)


def _mend_wide_joins() -> None:
    """Let inputs of a spin be read many at once: what Metaflow asks of each then, the original has."""
    from metaflow.datastore.spin_datastore import SpinTaskDatastore  # noqa: PLC0415, TID251

    SpinTaskDatastore.__getattr__ = lambda store, name: getattr(store.orig_datastore, name)


def _watch(remove: list[str]) -> None:
    """End with the kernel, which holds the other end of stdin, and leave none of its files behind."""
    while os.read(0, 4096):
        pass
    for path in remove:
        if os.path.isdir(path):  # noqa: PTH112
            shutil.rmtree(path, ignore_errors=True)
        elif os.path.exists(path):  # noqa: PTH110
            os.unlink(path)  # noqa: PTH108
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _relay(log: str) -> None:
    """Pass on what the step prints as it is: Metaflow would stamp each line, strip it and mix the two."""
    from metaflow import runtime  # noqa: PLC0415, TID251 -- the other Python's

    Worker = getattr(runtime, "Worker", None)  # noqa: N806 -- a class
    emit = getattr(Worker, "emit_log", None)
    if Worker is None or emit is None:
        return
    streams = {"stdout": os.dup(1), "stderr": os.dup(2)}
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)

    def emit_log(worker: Any, msg: bytes, buf: Any, system_msg: bool = False) -> None:  # noqa: FBT001, FBT002
        name = "stderr" if buf is worker._stderr else "stdout"  # noqa: SLF001
        # From here on Metaflow reports the exception in its own words, and the kernel shows it in better.
        if name == "stderr" and FAILED.match(msg):
            streams.pop(name, None)
        if not system_msg and name in streams:
            os.write(streams[name], msg)
        emit(worker, msg, buf, system_msg)

    Worker.emit_log = emit_log


def _spare_latest_run() -> None:
    """Keep the ``latest_run`` of the flow, which ``resume`` reads."""
    from metaflow.cli_components import run_cmds  # noqa: PLC0415

    run_cmds.write_latest_run_id = lambda *_: None


def _feed(orders: dict[str, Any]) -> None:
    """Give ``spin`` its task and inputs, in place of those that it would look up."""
    import metaflow  # noqa: PLC0415
    from metaflow.cli_components import run_cmds  # noqa: PLC0415

    place = {"ds-type": "spin", "ds-root": orders["datastore"]}
    many = len(orders["inputs"]) > MANY
    task = SimpleNamespace(pathspec=orders["task"], metadata_dict=place)

    class Fed(run_cmds.SpinRuntime):  # type: ignore[misc]
        input_paths = orders["inputs"]
        split_index = orders["split_index"]

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kept = metaflow.Task
            metaflow.Task = lambda *_, **__: task
            try:
                super().__init__(*args, **kwargs)
            finally:
                metaflow.Task = kept
            if many:
                self._entrypoint[1:1] = [os.path.abspath(__file__), "-"]  # noqa: PTH100

    run_cmds.SpinRuntime = Fed


OWN = {*globals(), "OWN"}

if __name__ == "__main__":
    main()
