"""Estimates for past readings: functions from good readings and gaps to values and method codes.

The ladder is that of the California standard and of Oracle's and Energy Sparks' estimators: a straight line across two
hours, then the mean of like days, then the year before, else nothing; where a total brackets a gap, scaled to it. Only
actual readings that no check suspects are taken as reference. Nothing given is changed; what has no estimate is NaN.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.clock import DAY
from pipeline.schema import Method
from pipeline.vee.grid import Codes, Floats, Grid
from pipeline.vee.runs import Limit, Positions, Runs, limit_of, neighbour, runs_of

Days = NDArray[np.int64]


class Total(NamedTuple):
    """A known sum: channel (row of the grid), first and last interval, and the energy in them. [kWh]"""

    channel: int
    first: int
    last: int
    energy: float


@dataclass(frozen=True)
class Calendar:
    """Where the like intervals of a grid lie.

    Attributes
    ----------
    day, slot : array of int64, shape (intervals,)
        Local day of each interval, counted from the grid's first, and its place in that day.
    position : array of int64, shape (days + 1, slots)
        Interval at a day and slot, -1 where there is none; the last row is empty.
    like : array of int64, shape (days, references)
        Days of the same class, nearest first; -1 where there is no more.
    year_before : array of int64, shape (days, 3)
        The same weekday a year before, and a week to either side; -1 where there is none.
    """

    day: Positions
    slot: Positions
    position: Positions
    like: Positions
    year_before: Positions


def like_days(grid: Grid, holidays: Days | None = None, reach: int = 90) -> Calendar:
    """Find for each local day of a grid the days that are like it.

    Parameters
    ----------
    grid : Grid
    holidays : array of int64, optional
        Local days since 1970-01-01 that count as Sundays.
    reach : int, default 90
        How far a like day may lie; chosen, not measured. [days]

    Returns
    -------
    Calendar
    """
    wall = grid.wall_clock()
    first = int(wall[0]) // DAY if len(wall) else 0
    day, step = wall // DAY - first, max(1, grid.minutes) * 60
    slot = wall % DAY // step
    days = int(day[-1]) + 1 if len(day) else 0
    position = np.full((days + 1, -(-DAY // step)), -1, dtype=np.int64)
    position[day, slot] = np.arange(len(day))
    weekday = (np.arange(days) + first + 3) % 7
    if holidays is not None:
        weekday[np.isin(np.arange(days) + first, holidays)] = 6
    return Calendar(day, slot, position, _nearest_of_class(weekday, reach), _year_before(days))


def _nearest_of_class(weekday: Days, reach: int) -> Positions:
    """Days of the same class within reach, nearest first, the earlier of two first."""
    away = np.repeat(np.arange(1, reach + 1), 2) * np.tile([-1, 1], reach)
    other = np.arange(len(weekday))[:, None] + away
    inside = (other >= 0) & (other < len(weekday))
    same = inside & (weekday[np.where(inside, other, 0)] == weekday[:, None])
    most = int(same.sum(axis=1).max(initial=0))
    order = np.argsort(~same, axis=1, kind="stable")[:, :most]
    return np.take_along_axis(np.where(same, other, -1), order, axis=1)


def _year_before(days: int) -> Positions:
    other = np.arange(days)[:, None] - np.array([364, 357, 371])
    return np.where(other >= 0, other, -1)


def estimate_linear(good: Floats, gaps: Runs) -> Floats:
    """Join the readings on both sides of each gap with a straight line.

    Parameters
    ----------
    good : array of float64, shape (channels, intervals)
        Readings that may be used, NaN elsewhere. [kWh]
    gaps : Runs

    Returns
    -------
    array of float64, shape (cells of the gaps,)
        NaN where a side is not good. [kWh]
    """
    begins = gaps.channel * good.shape[1]
    before = neighbour(good, begins + gaps.first, -1)
    slope = (neighbour(good, begins + gaps.last, 1) - before) / (gaps.length + 1)
    steps = gaps.cells(good.shape[1]) - np.repeat(begins + gaps.first, gaps.length) + 1
    line: Floats = np.repeat(before, gaps.length) + np.repeat(slope, gaps.length) * steps
    return line


def estimate_like_day(
    good: Floats, cells: Positions, calendar: Calendar, fewest: int = 3, most: int = 4, too_long: Runs | None = None
) -> Floats:
    """Average the same interval of the nearest days of the same class.

    Parameters
    ----------
    good : array of float64, shape (channels, intervals)
        Readings that may be used, NaN elsewhere. [kWh]
    cells : array of int64
        Cells to estimate.
    calendar : Calendar
    fewest, most : int, default 3 and 4
        Days an average takes.
    too_long : Runs, optional
        Gaps across which nothing is taken.

    Returns
    -------
    array of float64, shape (cells,)
        NaN where there are fewer reference days. [kWh]
    """
    total, count = np.zeros(len(cells)), np.zeros(len(cells), dtype=np.int64)
    active = np.arange(len(cells))
    for reference in calendar.like.T:
        value = _reference(good, cells[active], reference, calendar, too_long)
        found = ~np.isnan(value)
        total[active[found]] += value[found]
        count[active[found]] += 1
        active = active[count[active] < most]
        if not len(active):
            break
    return np.asarray(np.divide(total, count, out=np.full(len(cells), np.nan), where=count >= fewest))


def estimate_previous_year(good: Floats, cells: Positions, calendar: Calendar, too_long: Runs | None = None) -> Floats:
    """Take the same interval of the same weekday 52 weeks before, or a week to either side of that.

    Parameters and result as for `estimate_like_day`.
    """
    values = np.full(len(cells), np.nan)
    for reference in calendar.year_before.T:
        missing = np.flatnonzero(np.isnan(values))
        values[missing] = _reference(good, cells[missing], reference, calendar, too_long)
    return values


def _reference(
    good: Floats, cells: Positions, reference: Positions, calendar: Calendar, too_long: Runs | None
) -> Floats:
    """Values at the same slot of each cell's reference day; NaN where there is none or a long gap lies between."""
    channel, column = np.divmod(cells, good.shape[1])
    position = calendar.position[reference[calendar.day[column]], calendar.slot[column]]
    there = channel * good.shape[1] + position
    value = np.where(position >= 0, good.reshape(-1)[np.where(position >= 0, there, cells)], np.nan)
    if too_long is not None and len(too_long):
        walls = too_long.channel * good.shape[1] + too_long.first
        value[np.searchsorted(walls, cells) != np.searchsorted(walls, there)] = np.nan
    return value


def estimate_gaps(
    grid: Grid, good: Floats, gaps: Runs, holidays: Days | None = None, longest_line: float = 2.0, history: Limit = 50.0
) -> tuple[Floats, Codes]:
    """Estimate every gap by the ladder: line, like days, year before.

    Parameters
    ----------
    grid : Grid
        For its clock and step.
    good : array of float64, shape (channels, intervals)
        Readings that may be used as reference, NaN elsewhere. [kWh]
    gaps : Runs
        What to estimate.
    holidays : array of int64, optional
        Local days since 1970-01-01 that count as Sundays.
    longest_line : float, default 2.0
        Longest gap that a straight line may cross; California working group. [h]
    history : float or array of float64, shape (channels, 1), default 50.0
        Nothing is taken from beyond a gap as long as this; Energy Sparks. [days]

    Returns
    -------
    values : array of float64, shape (cells of the gaps,)
        NaN where the ladder ends. [kWh]
    methods : array of uint8, shape (cells of the gaps,)
        `pipeline.schema.Method`.
    """
    cells = gaps.cells(good.shape[1])
    values, methods = np.full(len(cells), np.nan), np.zeros(len(cells), dtype=np.uint8)
    if not len(cells):
        return values, methods
    in_short = np.repeat(gaps.length * grid.minutes <= longest_line * 60, gaps.length)
    values[in_short] = estimate_linear(good, gaps.keep(gaps.length * grid.minutes <= longest_line * 60))
    methods[~np.isnan(values)] = Method.LINEAR
    calendar = like_days(grid, holidays)
    walls = runs_of(np.isnan(good)) if np.min(history) < grid.shape[1] * grid.minutes / 1440 else None
    too_long = walls and walls.keep(walls.length * grid.minutes >= limit_of(history, walls.channel) * 1440)
    for method, estimate in (
        (Method.AVERAGE_LIKE_DAY, estimate_like_day),
        (Method.PREVIOUS_YEAR, estimate_previous_year),
    ):
        missing = np.flatnonzero(np.isnan(values))
        values[missing] = estimate(good, cells[missing], calendar, too_long=too_long)
        methods[missing[~np.isnan(values[missing])]] = method
    methods[(methods == Method.AVERAGE_LIKE_DAY) & _at_the_end(grid, gaps)] = Method.PROSPECTIVE_AVERAGE_LIKE_DAY
    return values, methods


def _at_the_end(grid: Grid, gaps: Runs) -> NDArray[np.bool_]:
    """True for cells of gaps that run to the channel's last interval: their reference days all lie before."""
    return np.repeat(gaps.last >= grid.channels["last"].to_numpy()[gaps.channel], gaps.length)


def scale_to_totals(
    energy: Floats,
    cells: Positions,
    values: Floats,
    totals: Iterable[Total],
    factors: tuple[float, float] = (0.0, np.inf),
) -> tuple[Floats, list[Total]]:
    """Scale estimates so that, with the readings around them, they add up to known totals.

    Parameters
    ----------
    energy : array of float64, shape (channels, intervals)
        Readings that stay, NaN where something is estimated. [kWh]
    cells, values : arrays of one length
        Ascending cells and their estimates, NaN where there is none.
    totals : iterable of Total
    factors : (float, float)
        A total that asks for another factor than between these is left alone.

    Returns
    -------
    values : array of float64
        The estimates, scaled. [kWh]
    used : list of Total
        The totals that were met. One is not met when an interval of it has neither reading nor estimate.
    """
    values, used = values.copy(), []
    for total, inside in _estimates_inside(energy.shape[1], cells, totals):
        row = energy[total.channel, total.first : total.last + 1]
        estimated, rest = values[inside].sum(), total.energy - np.nansum(row)
        complete = np.count_nonzero(np.isnan(row)) == inside.stop - inside.start
        if complete and estimated > 0 and factors[0] * estimated <= rest <= factors[1] * estimated:
            values[inside] *= rest / estimated
            used.append(total)
    return values, used


def _estimates_inside(intervals: int, cells: Positions, totals: Iterable[Total]) -> Iterator[tuple[Total, slice]]:
    for total in totals:
        begin = total.channel * intervals
        low, high = np.searchsorted(cells, [begin + total.first, begin + total.last + 1])
        if high > low:
            yield total, slice(int(low), int(high))
