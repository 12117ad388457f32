"""Many spins in processes beside this one: what is sent to them, what they do, what comes back."""

from __future__ import annotations

from spin_magic.jobs.bring import in_processes

__all__ = ["in_processes"]
