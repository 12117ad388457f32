"""Card types that misbehave, each in its own way, and one that does not."""

from __future__ import annotations

import json
import sys
import time

from metaflow.cards import MetaflowCard


class OddCard(MetaflowCard):
    def __init__(self, options=None, components=(), graph=None, flow=None, **kwargs):
        self.options, self.components, self.graph, self.flow = options, components, graph, flow


class Telling(OddCard):
    """Tells all that a card is given."""

    type = "odd_telling"
    ALLOW_USER_COMPONENTS = True

    def render(self, task):
        told = {
            "options": self.options,
            "components": self.components,
            "graph": sorted(self.graph),
            "flow": type(self.flow).__name__,
            "artifacts": {artifact.id: repr(artifact.data) for artifact in task},
            "some": [task["plain"].data, task.data.plain, "plain" in task, "nope" in task],
            "finished": [task.finished, task.successful, task.index],
            "logs": [task.stdout, task.stderr],
            "step": [task.parent.id, "_parameters" in task.parent.parent],
            "alpha": task.parent.parent["_parameters"].task["alpha"].data,
            "user": self.runtime_data["user"],
            "token": self.RELOAD_POLICY_TOKEN,
        }
        return json.dumps(told, indent=1)


class Raising(OddCard):
    type = "odd_raising"

    def render(self, task):
        raise ValueError("odd")


class Exiting(OddCard):
    type = "odd_exiting"

    def render(self, task):
        sys.exit(3)


class Ending(OddCard):
    type = "odd_ending"

    def render(self, task):
        raise BaseException("at all costs")  # noqa: TRY002


class Nothing(OddCard):
    type = "odd_nothing"

    def render(self, task):
        return None


class Number(OddCard):
    type = "odd_number"

    def render(self, task):
        return 5


class Unfinished(OddCard):
    type = "odd_unfinished"


class Hanging(OddCard):
    type = "odd_hanging"

    def render(self, task):
        time.sleep(60)


class Refusing(MetaflowCard):
    type = "odd_refusing"

    def __init__(self, **kwargs):
        raise TypeError("not like this")


class Broken(MetaflowCard):
    type = "odd_broken"

    def __init__(self, **kwargs):
        raise ValueError("never")


CARDS = [Telling, Raising, Exiting, Ending, Nothing, Number, Unfinished, Hanging, Refusing, Broken]
