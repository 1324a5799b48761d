"""Marks as Altair charts: what Tableau's mark types become in Vega-Lite, with a second measure over the first."""

from collections.abc import Iterator
from typing import Any

import altair as alt
import pandas as pd

from workbooks.instances import Instance
from workbooks.palettes import BLACK
from workbooks.preview_axes import STEPS, Axis, as_map, axis_of, channel, headers
from workbooks.preview_color import color_encoding, is_ramp
from workbooks.preview_formats import shown
from workbooks.preview_labels import FONT, drawn, labels, lines
from workbooks.preview_rows import Marks
from workbooks.preview_sql import UnsupportedError
from workbooks.preview_tooltips import MOST_TOLD, tooltips

ROOM = {"columns": 70, "rows": 46}
"""What axes and their titles take of a sheet, about. [px]"""

NO_MAP = "degrees east and north, to scale; Tableau draws its own background map behind the points"

MOST_OUTLINED = 1000
"""Bars of a Gantt chart that get an outline; more of them are cells of a heat map."""


def chart(marks: Marks, width: float, height: float) -> tuple[Any, str]:
    """Draw a sheet that has axes.

    Parameters
    ----------
    marks : Marks
        What it shows.
    width, height : float
        Of the whole picture, axes included. [px]

    Returns
    -------
    (altair chart, str)
        And what there was no room for, in words; empty: nothing.

    Raises
    ------
    UnsupportedError
        For a mark type that is not here, by name.
    """
    columns = axis_of(marks, "columns", width - ROOM["columns"])
    rows = axis_of(marks, "rows", height - ROOM["rows"])
    columns, rows = as_map(marks, columns, rows)
    kind = kind_of(marks, columns, rows)
    data = _columns(marks, marks.frame, columns, rows)
    if len(data) <= MOST_TOLD:
        data["says"] = tooltips(marks)
    data = _kept(data, columns, rows)
    layers = [_main(kind, marks, data, columns, rows), *lines(marks, columns), *_overlay(marks, columns, rows)]
    layers += [*_points(kind, marks, data, columns, rows), *labels(kind, data, columns, rows)]
    size = alt.AutoSizeParams(type="fit", contains="padding")
    # All at once: each word that is added later copies the whole chart, data and all.
    whole = alt.layer(*layers, width=width, height=height, autosize=size, padding=2, config=_looks())
    return whole, "; ".join([*_left_out(columns, rows), *([NO_MAP] if marks.laid.is_map else [])])


def kind_of(marks: Marks, columns: Axis, rows: Axis) -> str:
    """Give the mark type; for `Automatic` as Tableau does: a line over time, bars of one measure, circles of two."""
    mark = marks.laid.sheet.mark
    if mark != "Automatic":
        return mark
    if columns.is_measure and rows.is_measure:
        return "Circle"
    if (columns.is_date and rows.is_measure) or (rows.is_date and columns.is_measure):
        return "Line"
    return "Bar" if columns.is_measure or rows.is_measure else "Text"


def _looks() -> Any:
    axis: dict[str, Any] = {
        "labelFontSize": 10,
        "titleFontSize": 10,
        "titleFontWeight": "normal",
        "labelColor": "#444444",
    }
    axis |= {"titleColor": "#444444", "gridColor": "#ececec", "domainColor": "#bbbbbb", "tickColor": "#bbbbbb"}
    # Only marks with words of their own are for readers of screens: ticks and lines are not.
    silent = alt.MarkConfig(aria=False)
    return alt.Config(font=FONT, axis=alt.AxisConfig(aria=False, **axis), mark=silent, view=alt.ViewConfig(stroke=None))


def _left_out(columns: Axis, rows: Axis) -> list[str]:
    return [
        f"{axis.discrete[-1].known.caption}: {len(axis.keys)} of {len(axis.keys) + axis.left_out} shown"
        for axis in (columns, rows)
        if axis.left_out
    ]


def _columns(marks: Marks, frame: pd.DataFrame, columns: Axis, rows: Axis) -> pd.DataFrame:
    """Make the columns that Vega reads: short names, texts for headers, instants in UTC, ends of dates."""
    made: dict[str, Any] = {}
    for name, axis in (("x", columns), ("y", rows)):
        if axis.discrete:
            made[f"{name}_header"] = headers(axis.discrete, frame)
        if axis.continuous is not None:
            made |= _scaled(name, axis, frame)
    for name in ("color", "size", "label"):
        one = marks.laid.on(name)
        if one is not None and one.name in frame:
            made[name] = _values(name, one, frame, marks)
    for number, one in enumerate(marks.laid.shelves["detail"]):
        made[f"detail{number}"] = [shown(value, one) for value in frame[one.name]] if one.name in frame else ""
    return pd.DataFrame(made, index=frame.index)


def _scaled(name: str, axis: Axis, frame: pd.DataFrame) -> dict[str, Any]:
    assert axis.continuous is not None
    values = frame[axis.continuous.name]
    if not axis.is_date:
        return {name: values.astype("float64")}
    return {name: _instants(values), f"{name}_end": _instants(values + STEPS.get(axis.continuous.how, STEPS["None"]))}


def _instants(values: "pd.Series[Any]") -> list[Any]:
    return [None if pd.isna(value) else f"{pd.Timestamp(value).isoformat()}Z" for value in values]


def _values(name: str, one: Instance, frame: pd.DataFrame, marks: Marks) -> Any:
    if one.type == "quantitative" and (name == "size" or (name == "color" and is_ramp(marks))):
        return frame[one.name].astype("float64")
    return [shown(value, one) for value in frame[one.name]]


def _kept(frame: pd.DataFrame, columns: Axis, rows: Axis) -> pd.DataFrame:
    """Leave out marks whose headers have no room."""
    for name, axis in (("x", columns), ("y", rows)):
        if axis.left_out:
            frame = frame[frame[f"{name}_header"].isin(axis.keys)]
    return frame


def _main(kind: str, marks: Marks, data: pd.DataFrame, columns: Axis, rows: Axis) -> Any:
    channels = channel(columns, "x") | channel(rows, "y") | {"color": color_encoding(marks, "color")}
    details = [f"{name}:N" for name in data if str(name).startswith("detail")]
    told: dict[str, Any] = {"aria": True} if "says" in data else {}
    if told and kind not in ("Line", "Area"):
        channels["description"] = "says:N"
    base = drawn(data)
    if kind == "GanttBar":
        return _gantt(marks, data, columns, rows, channels)
    if kind == "Bar" and columns.is_date and rows.is_measure:
        return _bars_over_time(data, columns, rows, channels)
    if kind == "Circle" and marks.laid.on("size") is not None:
        channels["size"] = alt.Size("size:Q", legend=None, scale=alt.Scale(range=[20, 500]))
    opacity = 0.75 if "size" in channels else 1
    size = 60 * (marks.laid.sheet.mark_size or 1) ** 2
    makers: dict[str, Any] = {
        "Line": lambda: base.mark_line(strokeWidth=2).encode(**channels, detail=details),
        "Area": lambda: base.mark_area(opacity=0.8).encode(**channels, detail=details),
        "Circle": lambda: base.mark_circle(opacity=opacity, size=size, **told).encode(**channels, detail=details),
        "Square": lambda: base.mark_rect(stroke="white", strokeWidth=0.5, **told).encode(**channels),
        "Bar": lambda: base.mark_bar(**told).encode(**channels),
        "Text": lambda: base.mark_text(fontSize=10, color=BLACK, **told).encode(**channels | {"text": "label:N"}),
    }
    if kind not in makers or (kind == "Square" and not (columns.keys and rows.keys)):
        raise UnsupportedError(f"the preview has no {kind} marks on these axes")
    return makers[kind]()


def _bars_over_time(data: pd.DataFrame, columns: Axis, rows: Axis, channels: dict[str, Any]) -> Any:
    """Draw bars as wide as their day or month, put on each other here: Vega-Lite does not, for bars with two ends."""
    groups = data.groupby([data["x"], data["y"] < 0], sort=False)["y"]
    end = groups.cumsum()
    stacked = data.assign(y=end - data["y"], y_end=end)
    ends = {"x2": alt.X2("x_end"), "y2": alt.Y2("y_end")}
    return drawn(stacked).mark_bar(aria="says" in data).encode(**channels | ends)


def _gantt(marks: Marks, data: pd.DataFrame, columns: Axis, rows: Axis, channels: dict[str, Any]) -> Any:
    """Draw bars from a start, as long as what is on size: days on a date, up a measure."""
    size = data["size"].fillna(0) if "size" in data else pd.Series(1.0, index=data.index)
    if rows.is_measure:
        ends = {"y2": alt.Y2("y_end")} | ({"x2": alt.X2("x_end")} if columns.is_date else {})
        bars = (_around(data) if columns.is_date else data).assign(y_end=data["y"] + size)
        return drawn(bars).mark_bar(aria="says" in data).encode(**channels | ends)
    stops: Any
    if columns.is_date:
        stops = _instants(pd.to_datetime(data["x"]).dt.tz_localize(None) + pd.to_timedelta(size, unit="D"))
    else:
        stops = list(data["x"] + size)
    bars = drawn(data.assign(x_end=stops)).mark_bar(
        strokeWidth=0 if len(data) > MOST_OUTLINED else 2, aria="says" in data
    )
    return bars.encode(**channels, x2=alt.X2("x_end"), stroke=_stroke(marks))


def _around(data: pd.DataFrame) -> pd.DataFrame:
    """Let bars lie around the beginning of their day, where the point of a line over them is."""
    x, end = (pd.to_datetime(data[name]).dt.tz_localize(None) for name in ("x", "x_end"))
    half = (end - x) / 2
    return data.assign(x=_instants(x - half), x_end=_instants(end - half))


def _stroke(marks: Marks) -> Any:
    """Outline the cells of a heat map in white, others in their own colour: a finding of an hour on an axis of years
    would be thinner than anything that can be seen."""
    if is_ramp(marks):
        return alt.value("white")
    made = color_encoding(marks, "color").to_dict()
    if "value" in made:
        return alt.value(made["value"])
    return alt.Stroke("color:N", scale=alt.Scale(**made["scale"]), legend=None)


def _points(kind: str, marks: Marks, data: pd.DataFrame, columns: Axis, rows: Axis) -> Iterator[Any]:
    """Lay something to point at over each value of a line, which as a whole has no words."""
    if kind in ("Line", "Area") and "says" in data:
        channels = channel(columns, "x") | channel(rows, "y") | {"description": "says:N"}
        yield drawn(data).mark_circle(size=90, opacity=0, aria=True).encode(**channels)


def _overlay(marks: Marks, columns: Axis, rows: Axis) -> Iterator[Any]:
    overlay, above = marks.laid.sheet.overlay, marks.laid.on("overlay")
    if overlay is None or above is None or marks.overlay is None or rows.continuous is None:
        return
    frame = marks.overlay.rename(columns={above.name: rows.continuous.name})
    data = _columns(marks, frame, columns, rows)
    channels = channel(columns, "x") | channel(rows, "y")
    looks = {"Line": {"strokeWidth": 2, "color": overlay.color}, "Circle": {"size": 30, "color": overlay.color}}
    if overlay.mark not in looks:
        raise UnsupportedError(f"the preview has no {overlay.mark} over other marks")
    yield getattr(drawn(data), f"mark_{overlay.mark.lower()}")(**looks[overlay.mark]).encode(**channels)
