"""Displays that are kept while somebody records them."""

from __future__ import annotations

from spin_magic.recording import recording


class Publisher:
    def __init__(self):
        self.sent = []

    def publish(self, data, **_):
        self.sent.append(data)


def test_each_keeps_what_is_displayed_meanwhile():
    publisher = Publisher()
    with recording(publisher) as outer:
        publisher.publish({"a": 1})
        with recording(publisher) as inner:
            publisher.publish({"b": 2})
            publisher.publish({"b": 3}, update=True)
        publisher.publish({"c": 4})
    publisher.publish({"d": 5})

    assert outer == [{"a": 1}, {"b": 2}, {"c": 4}]
    assert inner == [{"b": 2}]
    assert len(publisher.sent) == 5
    assert "publish" not in vars(publisher)


def test_the_first_to_begin_may_be_the_first_to_end():
    """As two subshells of one kernel do; the publisher was recorded for ever after."""
    publisher = Publisher()
    first, second = recording(publisher), recording(publisher)
    one, two = first.__enter__(), second.__enter__()
    publisher.publish({"a": 1})
    first.__exit__(None, None, None)
    publisher.publish({"b": 2})
    second.__exit__(None, None, None)
    publisher.publish({"c": 3})

    assert (one, two) == ([{"a": 1}], [{"a": 1}, {"b": 2}])
    assert "publish" not in vars(publisher)


def test_what_was_in_the_place_of_the_method_is_put_back():
    publisher, seen = Publisher(), []
    publisher.publish = theirs = lambda data, **_: seen.append(data)
    with recording(publisher):
        publisher.publish({"a": 1})

    assert publisher.publish is theirs
    assert seen == [{"a": 1}]
