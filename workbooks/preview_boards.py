"""Dashboards as pictures: each zone where Tableau would have it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workbooks.layout import Box, divide
from workbooks.model import Dashboard, Parameter, Sheet, Zone
from workbooks.preview_formats import shown_parameter
from workbooks.preview_pictures import Shown, sheet_svg
from workbooks.preview_sql import Value
from workbooks.preview_svg import GREY_TEXT, LIGHT, cut, legend_svg, lines, nested, svg, text, wrapped

MARGIN = 4
"""Around every leaf, as the workbooks have it. [px]"""
POINT = 4 / 3
"""A point of text. [px]"""


@dataclass(frozen=True)
class Placed:
    """A leaf of a dashboard and where it lies, margin taken off."""

    zone: Zone
    box: Box


def placed(board: Dashboard) -> list[Placed]:
    """Give every leaf of a dashboard its place, in reading order."""
    return list(_placed(board.layout, Box(0, 0, board.width, board.height)))


def _placed(zone: Zone, box: Box) -> Iterator[Placed]:
    if not zone.zones:
        inner = Box(box.x + MARGIN, box.y + MARGIN, box.width - 2 * MARGIN, box.height - 2 * MARGIN)
        yield Placed(zone, inner)
    for one, own in zip(zone.zones, divide(box, zone) if zone.zones else (), strict=True):
        yield from _placed(one, own)


def board_svg(
    board: Dashboard, sheets: Mapping[str, Shown], parameters: Mapping[str, Parameter], values: Mapping[str, Value]
) -> str:
    """Draw a dashboard.

    Parameters
    ----------
    board : Dashboard
        Its zones.
    sheets : mapping of str to Shown
        Its sheets by name.
    parameters : mapping of str to Parameter
        By caption.
    values : mapping of str to Value
        What parameters are set to, where not as at first.
    """
    parts = [
        nested(_leaf(one, sheets, parameters, values), one.box.x, one.box.y)
        for one in placed(board)
        if one.zone.kind != "blank"
    ]
    return svg(board.width, board.height, parts)


def _leaf(
    one: Placed, sheets: Mapping[str, Shown], parameters: Mapping[str, Parameter], values: Mapping[str, Value]
) -> str:
    width, height, of = one.box.width, one.box.height, one.zone.of
    if one.zone.kind == "control":
        parameter = parameters[str(of)]
        return control_svg(parameter.caption, shown_parameter(parameter, values), width, height)
    if isinstance(of, Sheet):
        found = sheets[of.name]
        if one.zone.kind == "sheet":
            return sheet_svg(found, width, height)
        if one.zone.kind == "legend":
            return svg(width, height, []) if found.marks is None else legend_svg(found.marks, width, height)
        return control_svg(_caption(one.zone), "(All)", width, height)
    return text_svg(str(of or ""), one.zone.size * POINT, width, height)


def _caption(zone: Zone) -> str:
    return str(getattr(zone.pill, "caption", zone.pill))


def control_svg(caption: str, value: str, width: float, height: float) -> str:
    """Draw a control: its name above, what it is set to in a box."""
    wide = min(width - 2, 220)
    box = f"<rect x='1' y='18' width='{wide:g}' height='20' rx='2' fill='white' stroke='{LIGHT}'/>"
    parts = [text(cut(caption, width, 11), 2, 12, 11, GREY_TEXT), box, text(cut(value, wide - 16, 12), 7, 32, 12)]
    return svg(width, height, parts)


def text_svg(words: str, size: float, width: float, height: float) -> str:
    """Write the text of a zone; large text is a title."""
    look = {"font_weight": "bold"} if size >= 14 * POINT else {}
    return svg(width, height, lines(wrapped(words, width - 8, size), 4, 0, size, "#333333", **look))
