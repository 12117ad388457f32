"""Two values of one artifact -> how it changed: on one line, and in what its row opens to.

One module per kind of value; each has a function that takes two values of that kind and a `Look`.
"""

from __future__ import annotations

from spin_magic.report.changes.kinds import difference_of

__all__ = ["difference_of"]
