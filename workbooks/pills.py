"""Verbs for shelves: `total("Energy")`, `day("Date")`, `hour("Interval Start")`; a bare caption is the default."""

from dataclasses import replace
from typing import Literal

from workbooks.model import Filter, Pill


def total(caption: str, format: str = "") -> Pill:
    """SUM of a field."""
    return Pill(caption, "Sum", format=format)


def mean(caption: str, format: str = "") -> Pill:
    """AVG of a field."""
    return Pill(caption, "Avg", format=format)


def highest(caption: str, format: str = "") -> Pill:
    """MAX of a field."""
    return Pill(caption, "Max", format=format)


def lowest(caption: str, format: str = "") -> Pill:
    """MIN of a field."""
    return Pill(caption, "Min", format=format)


def count(caption: str) -> Pill:
    """COUNT of a field."""
    return Pill(caption, "Count")


def only_one(caption: str) -> Pill:
    """ATTR of a dimension, for tooltips: its value where the mark has only one."""
    return Pill(caption, "Attribute")


def table(caption: str, *along: str, format: str = "") -> Pill:
    """Put a table calculation on a shelf; it runs along these dimensions, the others divide the view."""
    return Pill(caption, "User", along=along, format=format)


def axis(of: Pill | str, title: str | None = None, ticks: str = "", scale: Literal["", "log"] = "") -> Pill:
    """Say how the axis of a pill looks: its title (empty: none), the format of its numbers, `log`."""
    pill = of if isinstance(of, Pill) else Pill(of)
    return replace(pill, title=title, ticks=ticks, scale=scale)


def exactly(caption: str, discrete: bool = False) -> Pill:
    """Take a date or number as it is, on an axis unless it is discrete."""
    return Pill(caption, "None", discrete)


def day(caption: str, discrete: bool = False) -> Pill:
    """Days of a date, on an axis."""
    return Pill(caption, "Day-Trunc", discrete)


def week(caption: str, discrete: bool = False) -> Pill:
    """Weeks of a date, on an axis."""
    return Pill(caption, "Week-Trunc", discrete)


def month(caption: str, discrete: bool = False) -> Pill:
    """Months of a date, on an axis."""
    return Pill(caption, "Month-Trunc", discrete)


def hour_of(caption: str, discrete: bool = False) -> Pill:
    """Hours of an instant, each hour of each day, on an axis."""
    return Pill(caption, "Hour-Trunc", discrete)


def year_part(caption: str) -> Pill:
    """Year number."""
    return Pill(caption, "Year")


def month_part(caption: str) -> Pill:
    """Month 1 to 12, of whatever year."""
    return Pill(caption, "Month")


def only(caption: str, *values: str | bool | int) -> Filter:
    """Keep these values; without any: let the reader choose."""
    return Filter(caption, values)


def where(on: Pill | str) -> Filter:
    """Keep what a yes-or-no calculation says yes to."""
    return Filter(on, (True,))


def between(on: Pill | str, least: float | None = None, most: float | None = None) -> Filter:
    """Keep what lies between two ends, both included."""
    return Filter(on, least=least, most=most)


def top(caption: Pill | str, number: int, by: str) -> Filter:
    """Keep the values with the highest measure, of what the other filters leave.

    For that they become context filters, which FIXED calculations of this sheet then see too.
    """
    return Filter(caption, top=number, by=by)
