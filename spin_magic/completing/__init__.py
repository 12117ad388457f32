"""Completion: what may stand at the cursor in the line of a magic. Nothing is run, imported or loaded."""

from __future__ import annotations

from spin_magic.completing.candidate import Candidate
from spin_magic.completing.offers import Offers, offers

__all__ = ["Candidate", "Offers", "offers"]
