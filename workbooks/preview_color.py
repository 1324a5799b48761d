"""Colours of a sheet's marks and the entries of its legend."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from workbooks.instances import Instance
from workbooks.palettes import BLACK, BLUE, GREEN, ORANGE, PINK, SKY, VERMILION, Palette
from workbooks.preview_formats import shown
from workbooks.preview_rows import Marks

OTHERS = (BLUE, ORANGE, GREEN, PINK, SKY, VERMILION, BLACK)
"""For members that no palette names."""

RAMP = ("#d6e6f2", BLUE)


def color_of(marks: Marks) -> Instance | None:
    """Give the pill on colour."""
    return marks.laid.on("color")


def constant_color(palette: Palette | None) -> str:
    """Give the colour of marks that no pill colours."""
    return palette.ramp[0] if palette and len(palette.ramp) == 1 else BLUE


def is_ramp(marks: Marks) -> bool:
    """Say whether colour stands for a measure."""
    one = color_of(marks)
    return one is not None and one.type == "quantitative"


def members(marks: Marks) -> dict[str, str]:
    """Give the colour of each member of a dimension on colour, in the order of the legend."""
    one = color_of(marks)
    if one is None:
        return {}
    found = [shown(value, one) for value in sorted_values(marks.frame[one.name])]
    palette = marks.laid.sheet.palette
    named = {shown(member, one): color for member, color in (palette.members if palette else ())}
    ordered = [*(name for name in named if name in found), *(name for name in found if name not in named)]
    spare = iter(OTHERS * (len(ordered) // len(OTHERS) + 1))
    return {name: named.get(name) or next(spare) for name in ordered}


def stops(marks: Marks) -> tuple[list[float], list[str]]:
    """Give the values and colours of a ramp; one that diverges is as long on both sides of its centre, as Tableau's."""
    one = color_of(marks)
    assert one is not None
    palette = marks.laid.sheet.palette
    ramp = list(palette.ramp) if palette and len(palette.ramp) > 1 else list(RAMP)
    values = marks.frame[one.name].astype("float64").dropna()
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if palette and palette.diverging:
        center = (low + high) / 2 if palette.center is None else palette.center
        reach = max(high - center, center - low)
        low, high = center - reach, center + reach
    if low == high:
        low, high = low - 0.5, high + 0.5
    return [float(value) for value in np.linspace(low, high, len(ramp))], ramp


def color_encoding(marks: Marks, field: str) -> Any:
    """Give the colour channel for the column that holds what is on colour; no legend: it is drawn apart."""
    if color_of(marks) is None:
        return alt.value(constant_color(marks.laid.sheet.palette))
    if is_ramp(marks):
        domain, ramp = stops(marks)
        return alt.Color(f"{field}:Q", scale=alt.Scale(domain=domain, range=ramp), legend=None)
    found = members(marks)
    return alt.Color(f"{field}:N", scale=alt.Scale(domain=list(found), range=list(found.values())), legend=None)


def sorted_values(values: "pd.Series[Any]", order: Sequence[object] = ()) -> list[Any]:
    """Give each value once, in the order given or in their own; null first."""
    found = list(values.drop_duplicates())
    missing = [value for value in found if value is None or pd.isna(value)]
    known = [value for value in found if not (value is None or pd.isna(value))]
    if order:
        places = {value: place for place, value in enumerate(order)}
        return [*missing, *sorted(known, key=lambda value: places.get(value, len(places)))]
    return [*missing, *sorted(known)]
