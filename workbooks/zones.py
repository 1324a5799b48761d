"""Verbs for dashboards: `down(text("Title"), across(sheet(A), sheet(B)))`."""

from dataclasses import replace

from workbooks.model import Pill, Sheet, Zone


def across(*zones: Zone, pixels: int = 0, share: float = 1.0) -> Zone:
    """Put zones side by side."""
    return Zone("across", zones=zones, pixels=pixels, share=share)


def down(*zones: Zone, pixels: int = 0, share: float = 1.0) -> Zone:
    """Put zones one below the other."""
    return Zone("down", zones=zones, pixels=pixels, share=share)


def sheet(of: Sheet, pixels: int = 0, share: float = 1.0) -> Zone:
    """Show a sheet."""
    return Zone("sheet", of, pixels=pixels, share=share)


def text(of: str, pixels: int = 30, size: int = 9) -> Zone:
    """Write text; its size in points. 0 pixels: a share of what is left."""
    return Zone("text", of, pixels=pixels, size=size)


def control(parameter: str, mode: str = "", pixels: int = 0) -> Zone:
    """Let the reader set a parameter: `compact` list, `slider` or `type_in`; without a mode, as the parameter is."""
    return Zone("control", parameter, mode=mode, pixels=pixels)


def quick_filter(of: Sheet, pill: Pill | str, mode: str = "checkdropdown", pixels: int = 0) -> Zone:
    """Let the reader choose among the values of one of the sheet's filters."""
    return Zone("filter", of, pill, mode=mode, pixels=pixels)


def legend(of: Sheet, pixels: int = 0) -> Zone:
    """Show the colours of a sheet."""
    return Zone("legend", of, of.color, pixels=pixels)


def blank(pixels: int = 0) -> Zone:
    """Leave room."""
    return Zone("blank", pixels=pixels)


def sized(zone: Zone, pixels: int) -> Zone:
    """Give a zone another fixed extent."""
    return replace(zone, pixels=pixels)
