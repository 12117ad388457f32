"""Run a flow with its tasks forked from this process, to make a run of 1,000 tasks in reach of a test.

    python fork_run.py FLOW_FILE run ...

The tasks are Metaflow's own `step` command on the same command line; only the start of a new Python
for each of them is saved.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import metaflow.runtime
from metaflow.plugins.metadata_providers.service import ServiceMetadataProvider


def execute(file):
    """Run a flow file in `__main__`, where Metaflow has put the classes that it pickles."""
    names = sys.modules["__main__"].__dict__
    names["__file__"] = str(Path(file).resolve())
    exec(compile(Path(file).read_bytes(), file, "exec", dont_inherit=True), names)  # noqa: S102


class ForkedTask:
    """As much of `subprocess.Popen` as Metaflow's local runtime uses."""

    def __init__(self, command, env=None, **_):
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        self.returncode = None
        self.pid = os.fork()
        if self.pid == 0:
            os.dup2(out_write, 1)
            os.dup2(err_write, 2)
            self._become(command, env)
        os.close(out_write)
        os.close(err_write)
        self.stdout = os.fdopen(out_read, "rb", 0)
        self.stderr = os.fdopen(err_read, "rb", 0)

    @staticmethod
    def _become(command, env):
        code = 1
        try:
            os.environ.clear()
            os.environ.update(env)
            # On a connection that two processes use, their requests would be mixed.
            ServiceMetadataProvider._session.close()
            at = next(i for i, word in enumerate(command) if word.endswith(".py"))
            sys.argv = command[at:]
            execute(command[at])
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def poll(self):
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self):
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode

    def kill(self):
        os.kill(self.pid, 9)


def main():
    real = metaflow.runtime.subprocess
    metaflow.runtime.subprocess = SimpleNamespace(
        Popen=ForkedTask, PIPE=real.PIPE, STDOUT=real.STDOUT, CalledProcessError=real.CalledProcessError
    )
    sys.argv = sys.argv[1:]
    sys.path.insert(0, str(Path(sys.argv[0]).resolve().parent))
    execute(sys.argv[0])


if __name__ == "__main__":
    main()
