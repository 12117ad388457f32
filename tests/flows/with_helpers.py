"""Modules beside the flow, imported at the top and inside a step; files relative to the working directory."""

from __future__ import annotations

import os
from pathlib import Path

import helper_top
from helper_top import Tool, treble
from metaflow import FlowSpec, step

HERE = Path(__file__).parent
COUNTER = {"n": 0}
LEVEL = 1


def bump():
    global LEVEL
    LEVEL += 1
    COUNTER["n"] += 1
    return LEVEL


class HelpersFlow(FlowSpec):
    @step
    def start(self):
        self.tool = Tool(treble(2))
        self.bumped = [bump(), bump()]
        self.next(self.lazy)

    @step
    def lazy(self):
        import helper_lazy
        from helper_pkg.deep import HERE as PACKAGE
        from helper_pkg.deep import count

        self.six = helper_lazy.sixfold(self.tool.power)
        self.words = count("three small words")
        self.package = PACKAGE
        self.is_tool = isinstance(self.tool, helper_top.Tool)
        self.next(self.files)

    @step
    def files(self):
        global LEVEL
        LEVEL = 50
        self.relative = Path("data/words.txt").read_text(encoding="utf-8").split()
        self.beside = (HERE / "data" / "pairs.txt").read_text(encoding="utf-8")
        with open(os.path.join("data", "blob.bin"), "rb") as stream:
            self.blob_size = len(stream.read())
        self.level = bump()
        self.own_file = Path(__file__).name
        self.next(self.end)

    @step
    def end(self):
        self.fresh_globals = (LEVEL, COUNTER["n"])


if __name__ == "__main__":
    HelpersFlow()
