"""Tasks that fail: by an exception, by a signal, by sys.exit, by an output that cannot be pickled."""

from __future__ import annotations

import os
import signal
import sys
import threading

from metaflow import FlowSpec, Parameter, step


class OwnFailure(Exception):
    """Of the flow file."""


class FailingFlow(FlowSpec):
    how = Parameter("how", default="raise")

    @step
    def start(self):
        self.items = [0, 1, 2]
        self.ready = {"yes": True}
        self.next(self.work, foreach="items")

    @step
    def work(self):
        self.partial = self.input + 1
        if self.how == "raise" and self.input == 1:
            raise OwnFailure("at", self.input)
        if self.how == "kill" and self.input == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "exit" and self.input == 1:
            sys.exit(3)
        if self.how == "pickle" and self.input == 1:
            self.lock = threading.Lock()
        self.finished = True
        self.next(self.join)

    @step
    def join(self, inputs):
        self.partials = [i.partial for i in inputs]
        self.next(self.end)

    @step
    def end(self):
        self.over = True


if __name__ == "__main__":
    FailingFlow()
