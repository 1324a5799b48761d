"""From the lists that Tableau sends to `Days`, and from arrays of that shape back to a list in Tableau's order.

Tableau sends what a view holds: aggregated, in the order of the table calculation, with None where there is no value,
with future rows that have a date and no energy, and a parameter as a list that repeats it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tabpy_functions.calendars import is_holiday
from tabpy_functions.days import Days
from tabpy_functions.stamps import DAY, NO_DATE, local_seconds

LARGEST_KWH = 1e14
"""No energy is larger: about three times what the world uses in a year. [kWh]"""

MOST_CELLS = 500_000
"""Cells of a channel that are still laid out: 14 years of quarter-hours, 57 of hours. A stray date in 1900 must not
cost the server its memory, nor the others who wait for it their time."""


class InputError(ValueError):
    """What was sent cannot be answered; the message says why, in words for the author of the view."""


@dataclass(frozen=True)
class Rows:
    """What one call sent, laid out.

    Attributes
    ----------
    days : Days
        Begins with the first day that has energy and ends with the last row. Weeks, months, quarters and years are
        spread evenly over their days, so that February is as well known as March.
    grain : str
        "interval", "day", "week", "month", "quarter" or "year".
    step_minutes : int
        Length of a slot of `days`.
    first, span : array of int64, shape (rows,)
        Row n covers `span[n]` cells of `days`, slot after slot, from `first[n]` on; span 0: it has no place.
    is_future : array of bool, shape (rows,)
        Rows without energy after the last one with energy: what a forecast fills.
    notes : tuple of str
        What was odd and is no reason to refuse.
    """

    days: Days
    grain: str
    step_minutes: int
    first: NDArray[np.int64]
    span: NDArray[np.int64]
    is_future: NDArray[np.bool_]
    notes: tuple[str, ...] = ()

    def answer(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give each row its value: the sum over the cells that it covers.

        Parameters
        ----------
        values : array of float64, shape (days, slots)
            NaN where there is none.

        Returns
        -------
        array of float64, shape (rows,)
            NaN for rows without a place, and where a covered cell is NaN.
        """
        cells = values.ravel()
        if self.grain in ("interval", "day"):
            return np.where(self.span > 0, cells[np.where(self.span > 0, self.first, 0)], np.nan)
        sums, blanks = (_cumulated(one) for one in (np.nan_to_num(cells), np.isnan(cells).astype(np.float64)))
        ends = self.first + self.span
        is_known = (self.span > 0) & (blanks[ends] == blanks[self.first])
        return np.where(is_known, sums[ends] - sums[self.first], np.nan)

    def answer_future(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give future rows their value, and others NaN; `values` has the rows of `days` from its origin on."""
        whole = np.full(self.days.energy_kwh.shape, np.nan)
        whole[self.days.origin :] = values
        if self.grain not in ("interval", "day"):  # a period that has begun: its known days count as known
            whole[: self.days.origin] = self.days.energy_kwh[: self.days.origin]
        return np.where(self.is_future, self.answer(whole), np.nan)


def read_rows(
    dates: object,
    energy_kwh: object,
    *,
    country: object = None,
    temperature_c: object = None,
    weight: object = None,
) -> Rows:
    """Lay out what Tableau sent.

    Parameters
    ----------
    dates : list
        Forms as of `stamps.local_seconds`, in any order. Rows of one cell are averaged: an autumn hour that the clock
        shows twice is one slot.
    energy_kwh : list
        Numbers, numbers as text, None. [kWh of the row's interval]
    country : str or list that repeats it, optional
        Whose public holidays hold, as of `calendars.is_holiday`.
    temperature_c : list, optional
        Outside air, future rows too. [degrees Celsius]
    weight : list, optional
        How much a row may teach a model, 0 to 1; without it 1.

    Returns
    -------
    Rows

    Raises
    ------
    InputError
        When lists differ in length, no row has a date, none has energy, or the dates span too long.
    """
    seconds = local_seconds(as_list(dates))
    energy = numbers(energy_kwh, len(seconds))
    energy[~(np.abs(energy) <= LARGEST_KWH)] = np.nan
    has_date = seconds != NO_DATE
    if not has_date.any():
        raise InputError("no row has a date that can be read" if len(seconds) else "no rows")
    if not np.isfinite(energy[has_date]).any():
        raise InputError("no row has both a date and energy")
    grain, step = infer_step(seconds[has_date])
    first, span = _cells(seconds, has_date, grain, step)
    used = has_date & np.isfinite(energy)
    slots = DAY // step if grain == "interval" else 1
    begin = int(first[used].min()) // slots
    count = int((first + span)[has_date].max() - 1) // slots + 1 - begin
    if count * slots > MOST_CELLS:
        raise InputError(f"the dates span {count} days, too many for steps of {step // 60} minutes")
    span = np.where(has_date & (first >= begin * slots), span, 0)
    layout = _Layout(np.where(span > 0, first - begin * slots, 0), span, (count, slots))
    days, last_known = _days(layout, energy, begin, text(country), temperature_c, weight)
    is_future = (span > 0) & ~np.isfinite(energy) & (layout.first + span - 1 > last_known)
    return Rows(days, grain, step // 60, layout.first, span, is_future, _notes(seconds, span, layout))


@dataclass(frozen=True)
class _Layout:
    """Where rows lie: first cell and number of cells of each, and the shape of all cells."""

    first: NDArray[np.int64]
    span: NDArray[np.int64]
    shape: tuple[int, int]

    def mean(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Spread rows evenly over their cells; where several rows lie, their mean, where none does NaN."""
        rows = np.flatnonzero((self.span > 0) & np.isfinite(values))
        span = self.span[rows]
        row = np.repeat(rows, span)
        cell = self.first[row] + np.arange(len(row)) - np.repeat(np.cumsum(span) - span, span)
        size = self.shape[0] * self.shape[1]
        count = np.bincount(cell, minlength=size)
        total = np.bincount(cell, values[row], minlength=size)
        mean = np.full(size, np.nan)
        np.divide(total, count, out=mean, where=count > 0)
        return mean.reshape(self.shape)


def _days(
    layout: _Layout, energy: NDArray[np.float64], begin: int, country: str | None, temperature: object, weight: object
) -> tuple[Days, int]:
    """Build the days, and say which cell is the last that has energy."""
    rows = len(energy)
    known = layout.mean(energy / np.maximum(layout.span, 1))
    last_known = int(np.flatnonzero(np.isfinite(known.ravel()))[-1])
    degrees = numbers(temperature, rows)
    degrees[~(np.abs(degrees) < 100)] = np.nan
    trust = np.isfinite(known).astype(np.float64)
    if weight is not None:
        trust *= np.nan_to_num(layout.mean(np.clip(numbers(weight, rows), 0, 1)))
    return Days(
        first_day=begin,
        origin=(last_known + 1) // layout.shape[1],
        energy_kwh=known,
        weight=trust,
        is_holiday=is_holiday(country, begin, layout.shape[0]),
        temperature_c=layout.mean(degrees) if np.isfinite(degrees).any() else None,
    ), last_known


def infer_step(seconds: NDArray[np.int64]) -> tuple[str, int]:
    """Tell the grain of a series from its most usual distance.

    Parameters
    ----------
    seconds : array of int64, shape (rows,)
        In any order, with duplicates. [s since 1970 of the wall clock]

    Returns
    -------
    tuple of str and int
        Grain, and the length of a slot of a day; a day for all coarser grains. [s]
    """
    starts = np.unique(seconds)
    distance, count = np.unique(np.diff(starts), return_counts=True)
    if not len(distance):
        return ("day", DAY) if starts[0] % DAY == 0 else ("interval", 3600)
    usual = int(distance[np.argmax(count)])
    if usual < DAY:
        return "interval", max(60, int(np.gcd(usual, DAY)))
    return _coarse_grain(np.unique(starts // DAY), usual // DAY), DAY


def _coarse_grain(days: NDArray[np.int64], usual: int) -> str:
    """Tell days, weeks and calendar periods apart; periods begin on the first of a month."""
    dates = days.astype("M8[D]")
    if (dates.astype("M8[M]").astype("M8[D]") == dates).all():
        for grain, longest in (("month", 31), ("quarter", 92), ("year", 366)):
            if 28 <= usual <= longest:
                return grain
    return "week" if usual == 7 and (np.diff(days) % 7 == 0).all() else "day"


def _cells(
    seconds: NDArray[np.int64], has_date: NDArray[np.bool_], grain: str, step: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First cell since 1970 and number of cells of each row."""
    first = np.where(has_date, seconds, 0) // step
    months = {"month": 1, "quarter": 3, "year": 12}.get(grain)
    if months is None:
        return first, np.full(len(first), 7 if grain == "week" else 1)
    month = first.astype("M8[D]").astype("M8[M]").astype(np.int64)
    begin, end = (one.astype("M8[M]").astype("M8[D]").astype(np.int64) for one in (month, month + months))
    return begin, end - begin


def _notes(seconds: NDArray[np.int64], span: NDArray[np.int64], layout: _Layout) -> tuple[str, ...]:
    lost = int((seconds == NO_DATE).sum())
    placed = layout.first[span > 0]
    shared = len(placed) - len(np.unique(placed))
    notes = [f"{lost} rows without a date"] if lost else []
    if shared:
        notes.append(f"{shared} rows share the date of another and were averaged: is the calculation partitioned?")
    return tuple(notes)


def _cumulated(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate(([0.0], np.cumsum(values)))


def as_list(given: object) -> list[object]:
    """A list as it is, anything else that holds many things as a list, a single thing as a list of one."""
    if isinstance(given, list):
        return given
    if isinstance(given, str | bytes | dict) or not isinstance(given, Iterable):
        return [given]
    return list(given)


def numbers(given: object, rows: int) -> NDArray[np.float64]:
    """Read a column of numbers.

    Parameters
    ----------
    given : list, number or None
        Numbers, numbers as text, None; a single one holds for all rows.
    rows : int

    Returns
    -------
    array of float64, shape (rows,)
        A new one; NaN where there is no finite number.

    Raises
    ------
    InputError
        When the list has another length.
    """
    values = as_list(given)
    if not isinstance(given, Iterable) or isinstance(given, str | bytes | dict):
        return np.full(rows, _finite(given))
    if len(values) != rows:
        raise InputError(f"lists differ in length: {rows} dates, {len(values)} values")
    try:
        column = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):  # text that is no number, a list in the list, 10 ** 400
        column = np.array([_finite(one) for one in values], dtype=np.float64)
    if column.shape != (rows,):
        return np.array([_finite(one) for one in values], dtype=np.float64)
    column[~np.isfinite(column)] = np.nan
    return column


def _finite(one: object) -> float:
    try:
        value = float(one)  # type: ignore[arg-type]  # anything may come; what is no number raises
    except (TypeError, ValueError, OverflowError):
        return np.nan
    return value if np.isfinite(value) else np.nan


def number(given: object, default: float, low: float = -np.inf, high: float = np.inf) -> float:
    """Read a parameter: the first number of the list that repeats it, kept between `low` and `high`."""
    values = (_finite(one) for one in as_list(given)[:1000])
    return float(min(max(next((one for one in values if one == one), default), low), high))


def text(given: object, default: str | None = None, choices: Sequence[str | None] = ()) -> str | None:
    """Read a parameter of text: the first of the list that repeats it.

    Raises
    ------
    InputError
        When it is none of `choices`, if there are any.
    """
    found = next((one.strip() for one in as_list(given)[:1000] if isinstance(one, str) and one.strip()), default)
    if choices and found not in choices:
        raise InputError(f"{str(found)[:40]!r} is none of {', '.join(filter(None, choices))}")
    return found
