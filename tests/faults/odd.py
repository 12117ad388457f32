"""Classes that misbehave, each in one method and in one way; tests copy this file beside a flow."""

from __future__ import annotations

import os
import time

import spin_magic

HOWS = (
    *("error", "exit", "interrupt", "memory", "deep", "hang"),
    *("lie", "large", "wrong", "mutate", "print", "spin", "chdir"),
)
PICKLING = ("__reduce__", "__reduce_ex__", "__getstate__")
METHODS = (
    *(
        "__eq__",
        "__ne__",
        "__bool__",
        "__hash__",
        "__repr__",
        "__str__",
        "__len__",
        "__iter__",
        "__getattr__",
    ),
    *("__sizeof__", "__deepcopy__", "__copy__", *PICKLING, "__setstate__", "__format__", "__array__"),
    *("__dataframe__", "__dir__", "__getitem__", "__contains__", "__call__", "__class__"),
    *("_repr_html_", "_repr_mimebundle_", "_repr_png_", "_repr_pretty_", "_ipython_display_"),
    *("shape", "dtype", "columns", "nbytes", "get_params"),
)
PROPERTIES = ("__class__", "shape", "dtype", "columns", "nbytes")
RAISED = {"error": ValueError, "exit": SystemExit, "interrupt": KeyboardInterrupt, "memory": MemoryError}
LIES = {
    "__len__": {"lie": lambda: -1, "large": lambda: 10**18, "wrong": lambda: "many"},
    "__eq__": {"lie": lambda: True, "wrong": lambda: [1, 2], "large": lambda: NotImplemented},
    "__ne__": {"lie": lambda: False},
    "__bool__": {"lie": lambda: False, "wrong": lambda: "yes"},
    "__hash__": {"lie": lambda: 1, "wrong": lambda: "hash"},
    "__repr__": {"lie": lambda: "", "large": lambda: "r" * 10**8, "wrong": lambda: 5},
    "__str__": {"lie": lambda: "", "large": lambda: "s" * 10**8, "wrong": lambda: 5},
    "__iter__": {"lie": lambda: iter(()), "wrong": lambda: 5},
    "__sizeof__": {"lie": lambda: -1, "large": lambda: 10**30, "wrong": lambda: "big"},
    "__class__": {"lie": lambda: dict, "wrong": lambda: 5, "large": lambda: str},
    "_repr_html_": {"lie": lambda: "<b>b</b>", "large": lambda: "<p>" * 10**7, "wrong": lambda: 5},
    "_repr_mimebundle_": {"lie": lambda: {"text/plain": 5, 7: b"x"}, "wrong": lambda: [1]},
    "_repr_png_": {"lie": lambda: b"no png", "large": lambda: b"p" * 10**7, "wrong": lambda: 5},
    "__array__": {"lie": lambda: [1, 2], "wrong": lambda: 5},
    "shape": {"lie": lambda: (10**12, -5), "wrong": lambda: "wide"},
    "__getattr__": {"wrong": lambda: 5, "large": lambda: "x" * 10**6},
}


def act(how):
    """Do what an odd method does before it answers."""
    while how == "hang":
        time.sleep(0.001)
    if how == "spin":
        spin_magic.spin("OddFlow", "end")
    elif how == "print":
        print("printed by an odd method")
    elif how == "chdir":
        os.chdir("/")
    elif how == "deep":
        act(how)
    elif how in RAISED:
        raise RAISED[how]("odd")


class Odd:
    """What the odd classes have in common: a number."""

    def __init__(self, number=1):
        self.number = number


def odd(method, how):
    """Give the class that misbehaves in one method; its name says how."""
    name = f"Odd__{method}__{how}"
    known = globals().get(name)
    return known or globals().setdefault(name, type(name, (Odd,), _body(method, how)))


def _body(method, how):
    own = getattr(Odd, method, lambda _self, *_: None)

    def misbehave(self, *args, **kwargs):
        if "ODD_TAME" in os.environ:
            return own(self, *args, **kwargs)
        if how == "mutate":
            self.__dict__["number"] = self.__dict__.get("number", 0) + 1
        act(how)
        lie = LIES.get(method, {}).get(how)
        return lie() if lie else own(self, *args, **kwargs)

    return {method: property(misbehave) if method in PROPERTIES else misbehave, "__module__": __name__}


def __getattr__(name):
    """Make the class that a pickle names."""
    if not name.startswith("Odd__"):
        raise AttributeError(name)
    method, _, how = name.removeprefix("Odd__").rpartition("__")
    return odd(method, how)
