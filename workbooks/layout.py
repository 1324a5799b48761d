"""Where each zone of a dashboard lies, from fixed extents and shares: Tableau counts 100,000 across and down."""

from collections.abc import Sequence
from dataclasses import dataclass

from workbooks.model import Zone

WHOLE = 100_000


@dataclass(frozen=True)
class Box:
    """A rectangle on a dashboard [px]."""

    x: float
    y: float
    width: float
    height: float


def divide(box: Box, zone: Zone) -> list[Box]:
    """Give each zone of a container its box.

    Fixed zones get their pixels, the others share what is left. When the fixed ones alone are too large, all shrink.
    """
    across = zone.kind == "across"
    lengths = _lengths(zone.zones, box.width if across else box.height)
    boxes, at = [], box.x if across else box.y
    for length in lengths:
        boxes.append(Box(at, box.y, length, box.height) if across else Box(box.x, at, box.width, length))
        at += length
    return boxes


def _lengths(zones: Sequence[Zone], whole: float) -> list[float]:
    fixed = sum(zone.pixels for zone in zones)
    shares = sum(zone.share for zone in zones if not zone.pixels)
    if fixed > whole or not shares:
        return [whole * (zone.pixels or zone.share) / ((fixed + shares) or 1) for zone in zones]
    return [zone.pixels or (whole - fixed) * zone.share / shares for zone in zones]


def coordinates(box: Box, width: int, height: int) -> dict[str, int]:
    """Give a box as the `x y w h` of a zone on a dashboard of that size [px]."""
    return {
        "x": round(box.x / width * WHOLE),
        "y": round(box.y / height * WHOLE),
        "w": round(box.width / width * WHOLE),
        "h": round(box.height / height * WHOLE),
    }
