"""One picture a sheet: its title, and below it a chart, a number, a table, or what is missing in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

import pandas as pd

from workbooks.instances import TOKEN, Laid
from workbooks.preview_axes import ordered
from workbooks.preview_charts import chart
from workbooks.preview_color import color_of
from workbooks.preview_formats import filled, shown
from workbooks.preview_rows import Marks
from workbooks.preview_sql import UnsupportedError, Value
from workbooks.preview_svg import (
    GREY_TEXT,
    LINE,
    legend_svg,
    lines,
    message_svg,
    nested,
    number_svg,
    svg,
    table_svg,
    text,
    vega_svg,
    wrapped,
)

TITLE_SIZE, TITLE_HEIGHT, NOTE_HEIGHT = 13, 24, 14
LEGEND_WIDTH = 150
NOTHING = "No data for this choice."


@dataclass(frozen=True)
class Shown:
    """A sheet that was asked for: its marks, or why there are none.

    Attributes
    ----------
    laid : Laid
        The sheet.
    marks : Marks or None
        What it shows.
    reason : str
        Why there are none; empty: there are.
    values : mapping of str to Value
        What parameters are set to, where not as at first.
    """

    laid: Laid
    marks: Marks | None = None
    reason: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)

    @cached_property
    def content(self) -> tuple[object, ...]:
        """All that a picture of it depends on: two of the same content look the same."""
        texts = self.laid.sheet.title + self.laid.sheet.text + self.laid.sheet.says
        said = tuple((caption, self.values[caption]) for caption in TOKEN.findall(texts) if caption in self.values)
        marks = self.marks
        if marks is None:
            return (self.laid.sheet, self.reason, said)
        layers = (marks.frame, *([] if marks.overlay is None else [marks.overlay]))
        seen = [sha256(layer.to_csv().encode("utf-8", "surrogatepass")).digest() for layer in layers]
        return (self.laid.sheet, said, marks.order, *seen)


def sheet_svg(shown_sheet: Shown, width: float, height: float) -> str:
    """Draw a sheet in so much room, without its legend. [px]"""
    laid, marks = shown_sheet.laid, shown_sheet.marks
    parts, top = [], 0
    if laid.sheet.title:
        frame = pd.DataFrame() if marks is None else marks.frame
        title = filled(laid.sheet.title, laid, frame, shown_sheet.values)
        words = wrapped(title, width - 8, TITLE_SIZE * 0.93)[:2]
        parts += lines(words, 4, 4, TITLE_SIZE, "#333333")
        top = round(TITLE_HEIGHT + TITLE_SIZE * LINE * (len(words) - 1))
    inner, note = _inner(shown_sheet, width, height - top)
    if note:
        parts.append(text(note, 4, height - 4, 10, GREY_TEXT, font_style="italic"))
    return svg(width, height, [nested(inner, 0, top), *parts])


def _inner(shown_sheet: Shown, width: float, height: float) -> tuple[str, str]:
    """Draw what is below the title; give it, and what else is to be said."""
    marks = shown_sheet.marks
    if marks is None:
        return message_svg(shown_sheet.reason, width, height), ""
    try:
        if marks.frame.empty or marks.frame.isna().all(axis=None):
            return message_svg(NOTHING, width, height), ""
        if is_number(marks.laid):
            return number_svg(label_of(marks), width, height), ""
        if is_table(marks.laid):
            return table_svg(*table_of(marks), width, height), ""
        drawn, note = chart(marks, width, height)
        if note:
            drawn, note = chart(marks, width, height - NOTE_HEIGHT)
        return vega_svg(drawn), note
    except UnsupportedError as error:
        return message_svg(str(error), width, height), ""


def is_number(laid: Laid) -> bool:
    """Say whether a sheet is a text without axes."""
    return laid.sheet.mark == "Text" and not laid.shelves["columns"] and not laid.shelves["rows"]


def is_table(laid: Laid) -> bool:
    """Say whether a sheet is a list: headers on the rows, text, nothing across."""
    return laid.sheet.mark == "Text" and not laid.shelves["columns"]


def label_of(marks: Marks) -> str:
    """Give the text of a sheet's single label."""
    label = marks.laid.on("label")
    template = marks.laid.sheet.text or (f"{{{label.known.caption}}}" if label else "")
    return filled(template, marks.laid, marks.frame, marks.values)


def table_of(marks: Marks) -> tuple[list[str], list[list[str]]]:
    """Give the titles and rows of a list, in the order of its headers."""
    pills = [*marks.laid.shelves["rows"], *marks.laid.shelves["label"]]
    frame = ordered(marks, marks.laid.shelves["rows"])
    rows = [
        [shown(value, one) for value, one in zip(row, pills, strict=True)]
        for row in frame[[one.name for one in pills]].itertuples(index=False)
    ]
    return [one.known.caption for one in pills], rows


def alone_svg(shown_sheet: Shown, width: float, height: float) -> str:
    """Draw a sheet with its legend beside it, as a picture of its own."""
    marks = shown_sheet.marks
    if marks is None or color_of(marks) is None or marks.frame.empty:
        return sheet_svg(shown_sheet, width, height)
    legend = nested(legend_svg(marks, LEGEND_WIDTH, height), width, TITLE_HEIGHT)
    return svg(width + LEGEND_WIDTH, height, [nested(sheet_svg(shown_sheet, width, height), 0, 0), legend])
