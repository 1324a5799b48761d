"""What hovers over a mark: the sheet's own words, else every field with its value, as Tableau has it."""

import pandas as pd

from workbooks.instances import TOKEN
from workbooks.preview_formats import EMPTY, shown, shown_parameter
from workbooks.preview_rows import Marks

MOST_TOLD = 1000
"""Marks that say what they are; of more, as in a heat map of a year of hours, a picture would be too large (chosen)."""


def tooltips(marks: Marks) -> list[str]:
    """Give the text of each mark."""
    laid, frame = marks.laid, marks.frame
    says = laid.sheet.says or "\n".join(f"{one}: {{{one}}}" for one in dict.fromkeys(_captions(marks)))
    texts = {caption: _texts(marks, caption) for caption in TOKEN.findall(says)}
    parts = TOKEN.split(says)
    return [
        "".join(texts[part][row] if number % 2 else part for number, part in enumerate(parts))
        for row in range(len(frame))
    ]


def _captions(marks: Marks) -> list[str]:
    return [one.known.caption for one in marks.laid.shown if one.name in marks.frame]


def _texts(marks: Marks, caption: str) -> "list[str] | pd.Series[str]":
    one = marks.laid.said(caption)
    if one is not None and one.name in marks.frame:
        return [shown(value, one) for value in marks.frame[one.name]]
    parameter = marks.laid.names.parameters.get(caption)
    return [shown_parameter(parameter, marks.values) if parameter else EMPTY] * len(marks.frame)
