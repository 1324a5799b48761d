"""Stored readings as the days that models take, and what models say as hours and days of the clock.

Models know local days and slots of a day, and nothing of time zones. Here the two meet: into `Days` both autumn hours
of a clock change go as their mean and a day's total as that of 24 hours; out of it every instant of the clock gets the
value of its slot, so a day of a change has 23 or 25 hours, each with a start of its own in UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.clock import DAY, HOUR, utc_offsets
from pipeline.rollup import day_seconds
from pipeline.schema import Quality
from pipeline.vee.grid import Bools, Floats, Grid, Instants
from tabpy_functions.days import Days

LOCAL_DAY = 1440
ZEROS = ("V08", "V22")
"""Rules whose findings may tell of zeros that stay as they were read: an idle load, or a dead feed."""


@dataclass(frozen=True)
class Cells:
    """Energy by the hour or by the local day, of some channels.

    Attributes
    ----------
    starts : array of int64, shape (cells,)
        [s since 1970 UTC]
    energy : array of float64, shape (channels, cells)
        NaN unless the whole hour or day is known. [kWh]
    plain : array of float64, shape (channels, cells)
        Share of it that was read, and is neither an estimate nor suspect.
    """

    starts: Instants
    energy: Floats
    plain: Floats


def has_hours(grid: Grid) -> bool:
    """Tell whether the intervals of a grid add up to hours."""
    return 0 < grid.minutes <= 60 and 60 % grid.minutes == 0


def hour_cells(grid: Grid) -> Cells:
    """Sum up intervals to hours of the local clock; hourly readings stay where they are, whatever minute they begin.

    Raises
    ------
    ValueError
        When the intervals do not add up to hours (`has_hours`).
    """
    if not has_hours(grid):
        raise ValueError(f"intervals of {grid.minutes} min do not add up to hours")
    if grid.minutes == 60:
        return Cells(grid.starts, grid.energy, _plain(grid).astype(np.float64))
    hour = grid.starts - grid.wall_clock() % HOUR
    edges = np.flatnonzero(np.diff(hour, prepend=-(2**60)))
    return _sums(grid, edges, hour[edges], np.full(len(edges), HOUR))


def day_cells(grid: Grid) -> Cells:
    """Sum up intervals to local days, which have 23 or 25 hours when the clock changes.

    Raises
    ------
    ValueError
        For irregular intervals, which belong to no day.
    """
    if grid.minutes <= 0:
        raise ValueError("irregular intervals belong to no day")
    day = grid.local_days()
    edges = np.flatnonzero(np.diff(day, prepend=-(2**60)))
    return _sums(grid, edges, midnights(grid.timezone, day[edges]), day_seconds(grid.timezone, day[edges]))


def _sums(grid: Grid, edges: NDArray[np.intp], starts: Instants, seconds: Instants) -> Cells:
    """Sum up the intervals between edges; what does not cover its hour or day is not known."""
    if len(edges) == 0:
        return Cells(starts, np.zeros((len(grid.energy), 0)), np.zeros((len(grid.energy), 0)))
    lengths = grid.ends - grid.starts
    whole = np.add.reduceat(lengths, edges) == seconds
    energy = np.where(whole, np.add.reduceat(grid.energy, edges, axis=1), np.nan)
    plain = np.add.reduceat(np.where(_plain(grid), lengths, 0), edges, axis=1) / seconds
    return Cells(starts, energy, plain)


def _plain(grid: Grid) -> Bools:
    """True for a reading that no rule has marked, and for what a person has put in its place."""
    read = (grid.quality == Quality.ACTUAL) & (grid.rule == 0)
    return np.asarray((read | (grid.quality == Quality.EDITED)) & ~np.isnan(grid.energy))


def merge_cells(parts: Sequence[Cells]) -> Cells:
    """Lay cells of one stream over each other, the first that knows something on top."""
    starts = np.unique(np.concatenate([part.starts for part in parts]))
    energy, plain = np.full((1, len(starts)), np.nan), np.zeros((1, len(starts)))
    for part in reversed(parts):
        known = ~np.isnan(part.energy[0])
        at = np.searchsorted(starts, part.starts[known])
        energy[0, at], plain[0, at] = part.energy[0, known], part.plain[0, known]
    return Cells(starts, energy, plain)


def without_zeros(cells: Cells, findings: pd.DataFrame, length: int) -> Cells:
    """Let zeros teach nothing where a rule has asked whether the feed is dead.

    Parameters
    ----------
    cells : Cells
        Of one stream.
    findings : pandas.DataFrame
        Of that stream: `rule_id`, `first_start_utc`, `last_start_utc`.
    length : int
        Of a cell. [s]
    """
    plain = cells.plain.copy()
    for zeros in doubted_zeros(cells, findings, length).values():
        plain[0, zeros] = 0.0
    return Cells(cells.starts, cells.energy, plain)


def doubted_zeros(cells: Cells, findings: pd.DataFrame, length: int) -> dict[str, Bools]:
    """Say by rule which zeros are doubted, shape (cells,); parameters as for `without_zeros`."""
    found: dict[str, Bools] = {}
    doubted = findings[findings["rule_id"].isin(ZEROS)].dropna(subset=["first_start_utc", "last_start_utc"])
    columns = (doubted[name] for name in ("rule_id", "first_start_utc", "last_start_utc"))
    for rule_id, first, last in zip(*columns, strict=True):
        inside = (cells.starts + length > int(first)) & (cells.starts <= int(last)) & (cells.energy[0] == 0)
        found[rule_id] = found.get(rule_id, False) | inside
    return found


def hour_days(cells: Cells, timezone: str, ahead: Instants, holidays: Instants, *, fewest: float = 0.5) -> Days:
    """Lay hours of one stream out as days of 24 slots, and the hours to come.

    Parameters
    ----------
    cells : Cells
        Of one stream.
    timezone : str
        IANA name.
    ahead : array of int64
        As `hours_ahead` gives them: the first is the origin. [s since 1970 UTC]
    holidays : array of int64
        [days since 1970-01-01 local]
    fewest : float, default 0.5
        Share of an hour that must be plain for it to teach anything (chosen, not measured).

    Returns
    -------
    Days
        The row of the origin may hold hours that are known.
    """
    past = cells.starts < ahead[0]
    wall = cells.starts[past] + utc_offsets(timezone, cells.starts[past])
    first, origin, last = (int(day) for day in local_days(timezone, np.array([cells.starts[0], ahead[0], ahead[-1]])))
    at = (wall // DAY - first) * 24 + wall % DAY // HOUR
    shape = (last - first + 1, 24)
    energy, plain = cells.energy[0, past], cells.plain[0, past]
    known = ~np.isnan(energy)
    count, total, weight = (
        np.bincount(at[known], values, shape[0] * 24).reshape(shape)
        for values in (np.ones(known.sum()), energy[known], _teaching(plain[known], fewest))
    )
    some = np.maximum(count, 1)
    mean = np.where(count > 0, total / some, np.nan)
    return Days(first, origin - first, mean, weight / some, _is_holiday(first, shape[0], holidays))


def total_days(cells: Cells, timezone: str, ahead: Instants, holidays: Instants, *, fewest: float = 0.5) -> Days:
    """Lay day totals of one stream out as days of one slot, each as if it had 24 hours; parameters as `hour_days`."""
    first, origin, last = (int(day) for day in local_days(timezone, np.array([cells.starts[0], ahead[0], ahead[-1]])))
    past = cells.starts < ahead[0]
    number = local_days(timezone, cells.starts[past])
    energy, weight = np.full((last - first + 1, 1), np.nan), np.zeros((last - first + 1, 1))
    energy[number - first, 0] = cells.energy[0, past] * DAY / day_seconds(timezone, number)
    weight[number - first, 0] = _teaching(cells.plain[0, past], fewest)
    weight[np.isnan(energy)] = 0.0
    return Days(first, origin - first, energy, weight, _is_holiday(first, len(energy), holidays))


def _teaching(plain: Floats, fewest: float) -> Floats:
    return np.where(plain >= fewest, plain, 0.0)


def _is_holiday(first: int, count: int, holidays: Instants) -> Bools:
    return np.isin(first + np.arange(count), holidays)


def hours_ahead(timezone: str, end: int, minutes: int, days: int = 14) -> Instants:
    """Give the starts of the hours that follow a history: so many days later the wall clock shows the same again.

    Parameters
    ----------
    timezone : str
        IANA name.
    end : int
        End of the last interval. The hour in which it lies is not known, so it is the first. [s since 1970 UTC]
    minutes : int
        Length of the channel's intervals: hourly ones go on from where they end. [min]
    days : int, default 14

    Returns
    -------
    array of int64
        An hour apart; 24 a day, one more or less where the clock changes between. [s since 1970 UTC]
    """
    wall = end + int(utc_offsets(timezone, np.array([end]))[0])
    back = 0 if minutes == 60 else wall % HOUR
    later = wall - back + days * DAY
    guess = later - int(utc_offsets(timezone, np.array([later - (wall - end)]))[0])
    return np.arange(end - back, guess, HOUR, dtype=np.int64)


def days_ahead(timezone: str, end: int, days: int = 365) -> Instants:
    """Give the starts of the local days that follow a history, the one in which it ends among them.

    Parameters and units as for `hours_ahead`.
    """
    first = int(local_days(timezone, np.array([end]))[0])
    return midnights(timezone, first + np.arange(days, dtype=np.int64))


def hour_values(slots: Floats, ahead: Instants, timezone: str) -> Floats:
    """Give every hour of the clock the value of its slot.

    Parameters
    ----------
    slots : array of float64, shape (days from the origin's on, 24)
    ahead : array of int64
        As for `hour_days`.
    timezone : str
        IANA name.

    Returns
    -------
    array of float64, shape of `ahead`
    """
    wall = ahead + utc_offsets(timezone, ahead)
    return np.asarray(slots[wall // DAY - wall[0] // DAY, wall % DAY // HOUR])


def day_values(slots: Floats, ahead: Instants, timezone: str) -> Floats:
    """Give every local day its total: of 23 or 25 hours where the clock changes; parameters as `hour_values`."""
    number = local_days(timezone, ahead)
    return np.asarray(slots[number - number[0], 0] * day_seconds(timezone, number) / DAY)


def summed_days(starts: Instants, energy: Floats, days: Instants, timezone: str) -> Floats:
    """Sum up hours to local days.

    Parameters
    ----------
    starts, energy : array, shape (hours,)
        Each hour once. [s since 1970 UTC], [kWh]
    days : array of int64
        Starts of the days that are asked for, as `days_ahead` gives them. [s since 1970 UTC]
    timezone : str
        IANA name.

    Returns
    -------
    array of float64, shape of `days`
        NaN where not every hour of the day is given and known. [kWh]
    """
    number, wanted = local_days(timezone, starts), local_days(timezone, days)
    at = number - wanted[0]
    inside = (at >= 0) & (at < len(wanted))
    count, total = (np.bincount(at[inside], one[inside], len(wanted)) for one in (np.ones(len(starts)), energy))
    return np.where(count * HOUR == day_seconds(timezone, wanted), total, np.nan)


def local_days(timezone: str, instants: Instants) -> Instants:
    """Number of the local day of each instant. [days since 1970-01-01 local]"""
    return np.asarray((instants + utc_offsets(timezone, instants)) // DAY)


def midnights(timezone: str, days: Instants) -> Instants:
    """Give the first instant of local days, also of those whose midnight the clock leaves out or repeats.

    Parameters
    ----------
    timezone : str
        IANA name.
    days : array of int64
        [days since 1970-01-01 local]

    Returns
    -------
    array of int64
        [s since 1970 UTC]
    """
    wall = np.asarray(days, dtype=np.int64) * DAY
    one, other = wall - utc_offsets(timezone, wall - DAY), wall - utc_offsets(timezone, wall + DAY)
    early, late = np.minimum(one, other), np.maximum(one, other)
    return np.asarray(np.where(local_days(timezone, early) == days, early, late))
