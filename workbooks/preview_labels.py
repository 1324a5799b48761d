"""What is written into a chart: labels of marks, reference lines with theirs. And how a chart of rows begins."""

from collections.abc import Iterator
from typing import Any

import altair as alt
import pandas as pd

from workbooks.instances import Instance
from workbooks.model import Line
from workbooks.palettes import BLACK, GREY
from workbooks.preview_axes import Axis, channel
from workbooks.preview_formats import format_of, shown_number
from workbooks.preview_rows import Marks

FONT = "Arial, Helvetica, Liberation Sans, DejaVu Sans, sans-serif"

MOST_LABELS = 60
"""More labels than this are not legible at any size of a sheet: Tableau leaves out those that overlap."""


RIM: dict[str, Any] = {"stroke": "white", "strokeWidth": 4, "opacity": 0.85}
"""What keeps a text legible over bars and lines, drawn under it."""

WIDE, HIGH, FAR_RIGHT = 0.2, 0.04, 0.8
"""Room of a label and where it would leave the picture, as shares of the axes."""


def drawn(frame: pd.DataFrame) -> Any:
    """Begin a chart of rows, which become part of it when it is drawn."""
    return alt.Chart(frame.astype(object).where(frame.notna(), None))


def labels(kind: str, data: pd.DataFrame, columns: Axis, rows: Axis) -> Iterator[Any]:
    """Write the labels of marks: in cells, beside points, at the ends of bars."""
    if "label" not in data or kind == "Text":
        return
    data = data[data["label"] != ""]
    if len(data) > MOST_LABELS and kind != "Square":
        return
    channels = channel(columns, "x") | channel(rows, "y") | {"text": "label:N"}
    look: dict[str, Any] = {"fontSize": 9.5, "color": BLACK}
    if kind in ("Square", "GanttBar"):
        yield drawn(_centred(data) if kind == "GanttBar" else data).mark_text(**look).encode(**channels)
    elif kind == "Circle" or columns.is_measure:
        parts = (
            _beside(data, columns, rows)
            if kind == "Circle"
            else (("left", data[data["x"] >= 0]), ("right", data[data["x"] < 0]))
        )
        gap = 3 if kind != "Circle" else 14 if "size" in data else 9
        for side, part in parts:
            for rim in (RIM, {}) if len(part) else ():
                place = {"align": side, "dx": gap if side == "left" else -gap}
                yield drawn(part).mark_text(**look | place | rim).encode(**channels)
    else:
        yield drawn(data).mark_text(**look, dy=-6).encode(**channels)


def _centred(data: pd.DataFrame) -> pd.DataFrame:
    """Put labels into the middle of bars over time."""
    middle = pd.to_datetime(data["x"]) + pd.to_timedelta(data["size"].fillna(0) / 2, unit="D")
    return data.assign(x=[one.isoformat() for one in middle])


def _beside(data: pd.DataFrame, columns: Axis, rows: Axis) -> Iterator[tuple[str, pd.DataFrame]]:
    """Give labels of points with how they are aligned: to the right of their point, to the left of those far right or
    beside a label that is in the way; what has no room on either side is left out, as by Tableau."""
    if not {"x", "y"} <= set(data):
        yield "left", data
        return
    x, y = _shares(data["x"], columns), _shares(data["y"], rows)
    sides: dict[Any, str] = {}
    for place in data.index:
        near = {sides[other] for other in sides if abs(x[place] - x[other]) < WIDE and abs(y[place] - y[other]) < HIGH}
        wanted = ("right", "left") if x[place] > FAR_RIGHT else ("left", "right")
        if free := [side for side in wanted if side not in near]:
            sides[place] = free[0]
    for side in ("left", "right"):
        yield side, data.loc[[place for place in sides if sides[place] == side]]


def _shares(values: "pd.Series[float]", axis: Axis) -> "pd.Series[float]":
    """Give where values lie on an axis, as shares of its length."""
    low, high = axis.reach or (min(0.0, float(values.min())), float(values.max()))
    return (values - low) / ((high - low) or 1)


def lines(marks: Marks, columns: Axis) -> Iterator[Any]:
    """Draw reference lines and their labels."""
    for spec, one in marks.laid.lines:
        value = line_value(spec, one, marks.frame)
        name = "x" if columns.continuous is not None and columns.continuous.name == one.name else "y"
        label = spec.label.replace("{value}", shown_number(value, format_of(one)))
        make: Any = alt.X if name == "x" else alt.Y
        base = drawn(pd.DataFrame({name: [value], "label": [label]})).encode(**{name: make(f"{name}:Q")})
        yield base.mark_rule(color=GREY, strokeDash=[4, 3])
        is_far = spec.statistic != "average" and value > FAR_RIGHT * float(marks.frame[one.name].max())
        yield from _line_labels(base, name, is_far)


def _line_labels(base: Any, name: str, is_far: bool) -> Iterator[Any]:
    """Write the label of a line where bars are shortest, on a white rim that keeps it legible over them."""
    aside: dict[str, Any] = {"align": "right", "dx": -4} if is_far else {"align": "left", "dx": 4}
    place = aside if name == "x" else {"align": "right", "dy": -7}
    place |= {"y": alt.expr("height - 8")} if name == "x" else {"x": alt.expr("width")}
    for rim in (RIM, {}):
        yield base.mark_text(color="#555555", fontSize=10, **place, **rim).encode(text="label:N")


def line_value(spec: Line, one: Instance, frame: pd.DataFrame) -> float:
    """Give where a reference line stands: a statistic of the marks."""
    if spec.statistic == "constant":
        return float(spec.constant or 0)
    values = frame[one.name].astype("float64")
    return float(values.mean() if spec.statistic == "average" else getattr(values, spec.statistic)())
