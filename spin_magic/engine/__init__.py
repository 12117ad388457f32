"""The only room that knows Metaflow's private names: it drives Metaflow's own task code in this process."""

from __future__ import annotations

from spin_magic.engine.private import check

check()
