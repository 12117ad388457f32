"""Names that are easy to get wrong, and the language inside a step: closures, early return, globals."""

from __future__ import annotations

import functools

from metaflow import FlowSpec, Parameter, step

total = 5


class NamesFlow(FlowSpec):
    id = Parameter("id", default="me")

    @step
    def start(self):
        """Has a docstring."""
        self.items = [1, 2]
        self.keys = "keys"
        self.values = {"values": 1}
        self.type = type(self).__name__
        self.artifacts = "artifacts"
        self.data = b"data"
        self.df = None
        self.self_ = "self"
        self._private = {"p": 1}
        self.größe = 1.5
        self.名前 = "name"
        self.K = 1
        self.next(self.language)

    @step
    def language(self):
        factor: int = 3
        scale = lambda v: v * factor  # noqa: E731
        inside = [scale(i) for i in self.items if i < factor]

        def count(n: UnknownName) -> int:  # noqa: F821
            nonlocal factor
            factor += n
            return factor

        def generate():
            yield from self.items
            yield total

        @functools.lru_cache
        def fib(n):
            return n if n < 2 else fib(n - 1) + fib(n - 2)

        class Local:
            value = [factor for _ in range(2)]

        self.inside = inside
        self.counted = [count(1), count(2), factor]
        self.generated = list(generate())
        self.annotation = count.__annotations__["n"]
        self.fib = fib(10)
        self.local_value = Local.value
        self.walrus = [last := n for n in self.items] + [last]
        self.matched = self._match(self.values)
        self.star = {**self.values, **{"_": self._private["p"]}}
        self.first_item_only = self.items[0]
        self.local_names = sorted(n for n in locals() if n != "self")
        self.next(self.early)

    def _match(self, value):
        match value:
            case {"values": number}:
                return number
        return None

    @step
    def early(self):
        def pick(value):
            if value:
                return "first"
            return "second"

        self.picked = [pick(v) for v in (1, 0)]
        for n in self.items:
            if n == 2:
                break
        else:
            return
        try:
            del self.first_item_only
        except AttributeError as error:
            self.unread = str(error)
        else:
            self.unread = None
        self.next(self.end)

    @step
    def end(self):
        self._private["q"] = 2
        self.private_copy = self._private
        self.everything = [self.größe, self.名前, self.items, self.id, hasattr(self, "nope")]
        try:
            self.nope
        except AttributeError as error:
            self.nope_error = str(error)


if __name__ == "__main__":
    NamesFlow()
