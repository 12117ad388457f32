"""Next to nothing: it warms a kernel up, so that what comes next waits for its own things alone."""

from __future__ import annotations

from metaflow import FlowSpec, step


class TinyFlow(FlowSpec):
    @step
    def start(self):
        self.x = 1
        self.next(self.end)

    @step
    def end(self):
        self.y = self.x + 1


if __name__ == "__main__":
    TinyFlow()
