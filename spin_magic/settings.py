"""What users set for all spins: by ``%config SpinMagic.NAME = VALUE``, or in IPython's own config files."""

from __future__ import annotations

from traitlets import Bool
from traitlets.config import SingletonConfigurable


class SpinMagic(SingletonConfigurable):
    """The settings of ``%spin`` and its kin."""

    embed_cards = Bool(
        default_value=False,
        help="Save the page of each card in the notebook (0.4 MB and more each), not only a small picture.",
    ).tag(config=True)
