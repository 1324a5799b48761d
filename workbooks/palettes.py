"""Colours that readers with any kind of colour vision tell apart, also in print.

References
----------
.. [1] M. Okabe and K. Ito, "Color Universal Design", 2008. jfly.uni-koeln.de/color (the eight categorical colours)
.. [2] C. Brewer, ColorBrewer 2.0, sequential YlGnBu and diverging BrBG, marked colour-blind safe. colorbrewer2.org
"""

from dataclasses import dataclass

BLUE, ORANGE, GREEN, PINK = "#0072b2", "#e69f00", "#009e73", "#cc79a7"
SKY, VERMILION, BLACK, GREY = "#56b4e9", "#d55e00", "#1b1b1b", "#8c8c8c"


@dataclass(frozen=True)
class Palette:
    """Colours of a measure (`ramp`) or of members (`members`), or one colour for all marks (a ramp of one).

    Attributes
    ----------
    ramp : tuple of str
        From the lowest to the highest value.
    diverging : bool
        The middle of the ramp stands for `center`.
    center : float or None
        The value in the middle; None: halfway.
    members : tuple of (member, colour)
        For a dimension.
    """

    ramp: tuple[str, ...] = ()
    diverging: bool = False
    center: float | None = None
    members: tuple[tuple[str | bool, str], ...] = ()


SEQUENTIAL = Palette(("#ffffd9", "#c7e9b4", "#41b6c4", "#225ea8", "#081d58"))
UNUSUAL = Palette(("#01665e", "#80cdc1", "#f5f5f5", "#dfc27d", "#8c510a"), diverging=True, center=0)
COVERED = Palette(("#8c510a", "#dfc27d", "#c7eae5", "#01665e"))
