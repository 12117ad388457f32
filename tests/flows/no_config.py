"""A Config that nobody gave a value."""

from __future__ import annotations

from metaflow import Config, FlowSpec, step


class NoConfigFlow(FlowSpec):
    absent = Config("absent")

    @step
    def start(self):
        self.seen = self.absent
        self.next(self.end)

    @step
    def end(self):
        self.still = self.absent is None


if __name__ == "__main__":
    NoConfigFlow()
