"""Shelves as axes: continuous pills give a scale, discrete ones headers; several of them a header of several parts."""

from dataclasses import dataclass, field, replace
from math import cos, log10, radians
from typing import Any, Literal

import altair as alt
import pandas as pd

from workbooks.instances import Instance
from workbooks.preview_color import sorted_values
from workbooks.preview_formats import axis_format, format_of, shown, shown_number
from workbooks.preview_rows import Marks

PARTS = "\u241f"
"""Between the parts of a header."""

LEAST_BAND = {"rows": 9, "columns": 7}
"""Below this Tableau scrolls instead. [px]"""

LEAST_DEGREES, MAP_ROOM = 0.01, 1.3
"""Least extent of a map, about a kilometre [degrees]; and how much more than the places it shows."""

LETTER = 6
"""Width of a character of a header, about. [px]"""

HEADERS = 70
"""What the headers of bars take of their axis, about. [px]"""

DATES: Any = {"year": "%b %Y", "quarter": "%b", "month": "%b", "week": "%-d %b", "date": "%-d %b", "day": "%-d %b"}
"""How a tick of an axis of time is written, by what begins there."""

STEPS = {
    "Minute-Trunc": pd.DateOffset(minutes=1),
    "Hour-Trunc": pd.DateOffset(hours=1),
    "Day-Trunc": pd.DateOffset(days=1),
    "Week-Trunc": pd.DateOffset(weeks=1),
    "Month-Trunc": pd.DateOffset(months=1),
    "Quarter-Trunc": pd.DateOffset(months=3),
    "Year-Trunc": pd.DateOffset(years=1),
    "None": pd.DateOffset(days=1),
}
"""How far a mark of a continuous date reaches."""


@dataclass(frozen=True)
class Axis:
    """One shelf.

    Attributes
    ----------
    shelf : str
        columns or rows.
    continuous : Instance or None
        The pill that gives a scale.
    discrete : tuple of Instance
        Those that give headers.
    keys : list of str
        Headers in order; empty without discrete pills.
    left_out : int
        Headers for which there was no room.
    pixels : float
        How long it is, about. [px]
    reach : tuple of float
        Ends of a scale whose marks have labels at their ends, with room for those; empty: as the data is.
    """

    shelf: Literal["columns", "rows"]
    continuous: Instance | None
    discrete: tuple[Instance, ...]
    keys: list[str] = field(default_factory=list)
    left_out: int = 0
    pixels: float = 0.0
    reach: tuple[float, ...] = ()

    @property
    def is_date(self) -> bool:
        """True for a scale of time."""
        return self.continuous is not None and self.continuous.known.spec.datatype in ("date", "datetime")

    @property
    def is_measure(self) -> bool:
        """True for a scale of an aggregate."""
        return self.continuous is not None and self.continuous.is_aggregate

    @property
    def is_log(self) -> bool:
        """True for a scale of powers of ten."""
        return self.continuous is not None and self.continuous.scale == "log"


def axis_of(marks: Marks, shelf: Literal["columns", "rows"], pixels: float) -> Axis:
    """Read a shelf that has so many pixels."""
    pills = marks.laid.shelves[shelf]
    continuous = next((one for one in pills if one.type == "quantitative"), None)
    discrete = tuple(one for one in pills if one.type != "quantitative")
    keys = list(dict.fromkeys(headers(discrete, ordered(marks, discrete)))) if discrete else []
    room = max(1, int(pixels // LEAST_BAND[shelf]))
    reach = _reach(marks, continuous, pixels) if shelf == "columns" else ()
    return Axis(shelf, continuous, discrete, keys[:room], max(0, len(keys) - room), pixels, reach)


def _reach(marks: Marks, one: Instance | None, pixels: float) -> tuple[float, ...]:
    """Give a scale of labelled bars, or points on powers of ten, that leaves the room that labels need beyond them."""
    if one is None or not one.is_aggregate or marks.laid.on("label") is None:
        return ()
    format = format_of(one)
    if one.scale == "log":
        known = marks.frame[one.name].astype("float64").dropna()
        found = known[known > 0]
        room = _room([shown_number(end, format) for end in found], pixels)
        return tuple(float(10**end) for end in _ends([log10(end) for end in found], 0.03, room))
    if marks.laid.sheet.mark != "Bar":
        return ()
    rows = [pill.name for pill in marks.laid.shelves["rows"]]
    values = marks.frame[one.name].astype("float64")
    bars = values.groupby([marks.frame[name] for name in rows], dropna=False).sum() if rows else values
    ends = [*bars.dropna(), *(line.constant for line, _ in marks.laid.lines if line.constant is not None), 0.0]
    room = _room([shown_number(end, format) for end in ends], pixels)
    return _ends(ends, room if min(ends) < 0 else 0, room if max(ends) > 0 else 0)


def _room(labels: list[str], pixels: float) -> float:
    """Give the share of an axis that its longest label takes."""
    return min(0.4, (max(map(len, labels), default=0) * LETTER + 6) / max(1.0, pixels - HEADERS))


def _ends(values: list[float], before: float, after: float) -> tuple[float, ...]:
    """Give the ends of a scale of which shares before and after the values stay free; none without extent."""
    if not values or min(values) == max(values):
        return ()
    whole = (max(values) - min(values)) / (1 - before - after)
    return min(values) - before * whole, max(values) + after * whole


def ordered(marks: Marks, discrete: tuple[Instance, ...]) -> pd.DataFrame:
    """Give the marks in the order of these headers: that of the sheet's sort, else their own."""
    frame, names = marks.frame, [one.name for one in discrete]
    places = {}
    for one in discrete:
        is_sorted = bool(marks.laid.sort) and marks.laid.sort[0].name == one.name
        values = sorted_values(frame[one.name], marks.order if is_sorted else ())
        own = {_key(value): place for place, value in enumerate(values)}
        places[one.name] = frame[one.name].map(lambda value, own=own: own[_key(value)])
    order = pd.DataFrame(places).sort_values(names, kind="stable").index if names else frame.index
    return frame.loc[order]


def _key(value: Any) -> Any:
    return None if value is None or pd.isna(value) else value


def headers(discrete: tuple[Instance, ...], frame: pd.DataFrame) -> list[str]:
    """Give each mark its header: the inner part first, for that is what labels show of columns."""
    parts = [[shown(value, one) for value in frame[one.name]] for one in discrete]
    return [PARTS.join(reversed(row)) for row in zip(*parts, strict=True)]


def channel(axis: Axis, column: str) -> dict[str, Any]:
    """Give an axis as the channel of Altair, `x` or `y`; nothing for an empty shelf."""
    name = "x" if axis.shelf == "columns" else "y"
    make: Any = alt.X if name == "x" else alt.Y
    if axis.continuous is None:
        if not axis.keys:
            return {}
        return {name: make(f"{column}_header:N", sort=axis.keys, title=None, axis=_headers(axis))}
    if axis.is_date:
        # Dates are drawn in UTC: the clock of the machine is not that of the data.
        return {
            name: make(
                f"{column}:T",
                scale=alt.Scale(type="utc"),
                title=None,
                axis=alt.Axis(grid=False, format=DATES, labelOverlap="greedy", labelSeparation=6),
            )
        }
    one = axis.continuous
    format = alt.Axis(
        format=axis_format(one.ticks or one.known.spec.format),
        tickCount=5,
        labelOverlap="greedy",
        labelSeparation=6,
        labelBound=12 if axis.shelf == "columns" else False,  # or the last one would be cut off [px]
    )
    title = one.known.caption if one.title is None else one.title or None
    return {name: make(f"{column}:Q", title=title, axis=format, scale=_scale(axis))}


def _scale(axis: Axis) -> Any:
    """Measures begin at zero, as Tableau draws them; numbers that are dimensions and powers of ten do not."""
    if axis.is_log:
        return alt.Scale(type="log", domain=list(axis.reach), nice=False) if axis.reach else alt.Scale(type="log")
    if axis.reach:
        return alt.Scale(domain=list(axis.reach), nice=False)
    return alt.Scale(zero=axis.is_measure, nice=axis.is_measure)


def _headers(axis: Axis) -> Any:
    if axis.shelf == "rows":
        return alt.Axis(labelExpr=f"join(reverse(split(datum.value, '{PARTS}')), '   ')", labelLimit=260, ticks=False)
    outer = f"split(datum.value, '{PARTS}')[1]"
    inner = f"split(datum.value, '{PARTS}')[0]"
    if len(axis.discrete) == 1:
        widest = max((len(key) for key in axis.keys), default=0) * LETTER
        angle = -90 if widest > axis.pixels / max(1, len(axis.keys)) - 4 else 0
        return alt.Axis(labelAngle=angle, ticks=False, labelLimit=120)
    firsts = list({key.split(PARTS)[1]: key for key in reversed(axis.keys)}.values())
    named = " || ".join(f"datum.value == {one!r}" for one in firsts)
    return alt.Axis(labelExpr=f"{named} ? [{inner}, {outer}] : {inner}", labelAngle=0, ticks=False)


def as_map(marks: Marks, columns: Axis, rows: Axis) -> tuple[Axis, Axis]:
    """Give axes of degrees the same scale in both directions, with room around the places; others as they are.

    There is no map behind them: that would have to come from somebody's server.
    """
    east, north = columns.continuous, rows.continuous
    if east is None or north is None or {_geography(east), _geography(north)} != {"Latitude", "Longitude"}:
        return columns, rows
    x, y = (marks.frame[one.name].astype("float64").dropna() for one in (east, north))
    if x.empty or y.empty:
        return columns, rows
    narrower = cos(radians(float(y.mean())))
    wide, high = max(float(x.max() - x.min()) * narrower, LEAST_DEGREES), max(float(y.max() - y.min()), LEAST_DEGREES)
    degree = min(columns.pixels / wide, rows.pixels / high) / MAP_ROOM
    half = {"x": columns.pixels / degree / narrower / 2, "y": rows.pixels / degree / 2}
    middle = {"x": float(x.max() + x.min()) / 2, "y": float(y.max() + y.min()) / 2}
    ends = {name: (middle[name] - half[name], middle[name] + half[name]) for name in ("x", "y")}
    return replace(columns, reach=ends["x"]), replace(rows, reach=ends["y"])


def _geography(one: Instance) -> str:
    return str(getattr(one.known.spec, "geography", ""))
