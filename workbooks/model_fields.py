"""What an author says of data: fields of an extract, calculations, parameters, pills. All of it knows its line."""

import sys
from dataclasses import dataclass, field
from typing import Literal

Datatype = Literal["string", "integer", "real", "boolean", "date", "datetime"]
Geography = Literal["", "Latitude", "Longitude"]
NUMBERS = ("integer", "real")
OURS = (__name__, "workbooks.model", "workbooks.pills", "workbooks.zones")
"""Modules that make parts of a spec for their callers."""


class SpecError(ValueError):
    """A workbook's spec that cannot be built; the message begins with the file and line of the spec."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")


def spec_line() -> str:
    """Give `file:line` of the spec that is being read: the first caller that is no part of the model."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__") in OURS:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


@dataclass(frozen=True)
class Placed:
    """Something that knows the line of its spec (not part of what it is: two equal specs are equal)."""

    place: str = field(default_factory=spec_line, kw_only=True, compare=False, repr=False)


@dataclass(frozen=True)
class Field(Placed):
    """A column of an extract, as an author meets it.

    Attributes
    ----------
    name : str
        The column's name in the extract.
    caption : str
        What Tableau shows; with its unit, where it has one.
    datatype : str
        Tableau's name of its type.
    description : str
        The comment that hovers over the field.
    folder : str
        Folder of the field list.
    format : str
        Tableau's default number format, such as `n#,##0.0`; empty: Tableau's own.
    aggregation : str
        How a measure is summed up unless a pill says otherwise: `Sum`, `Avg`, `Max` …; empty: it is a dimension.
    hidden : bool
        Left out of the field list.
    geography : str
        `Latitude` or `Longitude` of a place in degrees: a sheet with both on its shelves is a map.
    """

    name: str
    caption: str
    datatype: Datatype
    description: str = ""
    folder: str = ""
    format: str = ""
    aggregation: str = ""
    hidden: bool = False
    geography: Geography = ""


@dataclass(frozen=True)
class Calculation(Placed):
    """A calculated field.

    Attributes
    ----------
    caption : str
        Its name; no field of its data source may have the same.
    formula : str
        In Tableau's language, with captions in brackets; parameters by caption too.
    datatype : str
        Of the result.
    description, folder, format
        As for a Field.
    dimension : bool
        A number that is a dimension (an hour, a rank to sort by); text, truth and dates are dimensions anyway.
    """

    caption: str
    formula: str
    datatype: Datatype = "real"
    description: str = ""
    folder: str = "Calculations"
    format: str = ""
    dimension: bool = False


@dataclass(frozen=True)
class Parameter(Placed):
    """A value that the reader sets.

    Attributes
    ----------
    caption : str
        Its name.
    datatype : str
        Of the value.
    value : str, int or float
        What it is at first.
    choices : tuple of (value, label)
        The list to choose from; empty: any value, or the range.
    low, high, step : float or None
        The range of a slider.
    format : str
        Tableau's number format.
    """

    caption: str
    datatype: Datatype
    value: str | int | float
    choices: tuple[tuple[str | int | float, str], ...] = ()
    low: float | None = None
    high: float | None = None
    step: float | None = None
    format: str = ""


@dataclass(frozen=True)
class DataSource(Placed):
    """The fields of one extract and the calculations over them.

    Attributes
    ----------
    name : str
        Stem of the `.hyper` file.
    caption : str
        Its name in Tableau.
    fields, calculations : tuple
        What is in it.
    is_private : bool
        It names files or people: never part of a `public` workbook.
    """

    name: str
    caption: str
    fields: tuple[Field, ...]
    calculations: tuple[Calculation, ...] = ()
    is_private: bool = False


@dataclass(frozen=True)
class Pill(Placed):
    """A field on a shelf: which, and what is made of it.

    Attributes
    ----------
    caption : str
        Of a field or calculation.
    how : str
        Tableau's derivation (`Sum`, `Month-Trunc`, `None` …); empty: the field's own default.
    discrete : bool or None
        Headers instead of an axis; None: as Tableau does for this derivation.
    along : tuple of str or None
        Captions of the dimensions along which a table calculation runs, outermost first; the others divide the view.
        Every table calculation needs them: an order that nobody wrote is an order by chance.
    format : str
        Number format of marks and headers on this sheet; empty: that of the field.
    title : str or None
        Of its axis; empty: none; None: the caption.
    ticks : str
        Number format of its axis; empty: that of the field, and where it has none Tableau's own, which has no decimals
        that are not needed.
    scale : str
        `log` for an axis of powers of ten, on which only values above zero have a place.
    """

    caption: str
    how: str = ""
    discrete: bool | None = None
    along: tuple[str, ...] | None = None
    format: str = ""
    title: str | None = None
    ticks: str = ""
    scale: Literal["", "log"] = ""
