"""What users set for all spins: by ``%config SpinMagic.NAME = VALUE``, or in IPython's own config files."""

from __future__ import annotations

from traitlets import Bool, Float
from traitlets.config import SingletonConfigurable


class SpinMagic(SingletonConfigurable):
    """The settings of ``%spin`` and its kin."""

    embed_cards = Bool(
        default_value=False,
        help="Save the page of each card in the notebook (0.4 MB and more each), not only a small picture.",
    ).tag(config=True)
    tab_seconds = Float(
        0.5,
        min=0.01,
        max=60.0,
        help="Seconds that the Tab key may search; what was found until then is offered.",
    ).tag(config=True)
