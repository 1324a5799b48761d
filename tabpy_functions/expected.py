"""Expected use: what a channel would have used in each cell, judged by like days around it and by the weather.

It looks both ways in time, so it is a baseline for the past and no forecast. Medians of like days make it robust to the
anomalies that are to be seen against it, and let its level follow the seasons.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tabpy_functions.answering import Answer, answers
from tabpy_functions.days import SATURDAY, SUNDAY, Days
from tabpy_functions.inputs import read_rows

Floats = NDArray[np.float64]

ODD = 9
"""Class of days that are like no weekday for sure."""

HEATING_BELOW_C = 15.5
"""Base of heating degree days in the UK (reference, section 11.6). [degrees Celsius]"""

COOLING_ABOVE_C = 18.0
"""Base of cooling degree days: US 65 F, and the lower end of India's 18 to 22 (reference, section 11.6). [deg C]"""


@dataclass(frozen=True)
class Likeness:
    """Which days are compared with which.

    Attributes
    ----------
    weekday, off : array of int64, shape (days, most)
        Rows of like days of the same weekday, and of Sundays, nearest first; -1 where there is none.
    is_odd : array of bool, shape (days,)
        Holidays, and days so near to them that a site may be closed or not: anything between a Sunday and the weekday
        is as expected.
    """

    weekday: NDArray[np.int64]
    off: NDArray[np.int64]
    is_odd: NDArray[np.bool_]


def known_energy(days: Days) -> Floats:
    """Give the energy that was plainly read, NaN elsewhere, shape (days, slots). [kWh]"""
    return np.where((days.weight > 0) & np.isfinite(days.energy_kwh), days.energy_kwh, np.nan)


def expected_days(days: Days, *, most: int = 8, reach: int = 6, heed_weather: bool = True) -> Floats:
    """Expect each cell to be the median of like days before and after it, moved by the weather.

    Parameters
    ----------
    days : Days
        Only cells with a weight teach.
    most : int, default 8
        Like days a median is of: four before and four after had the smallest error on the Cambridge meters of 2018 and
        2019 (9.1 per cent of the mean; six and six 9.7, eight before alone 12.7).
    reach : int, default 6
        Like days looked at on a side, so that the newest days have six before them.
    heed_weather : bool, default True
        Follow heating and cooling degree days where `days` has temperatures.

    Returns
    -------
    array of float64, shape (days, slots)
        NaN where too little is known. [kWh]
    """
    energy = known_energy(days)
    like = find_like_days(days, energy, most=most, reach=reach)
    weekday, off = (median_of(_taken(energy, rows)) for rows in (like.weekday, like.off))
    if heed_weather and days.temperature_c is not None:
        change = _weather_change(days.temperature_c, energy, weekday, like)[:, None]
        weekday, off = weekday * change, off * change
    return np.where(like.is_odd[:, None], _between(energy, weekday, off, days.is_holiday), weekday)


def find_like_days(days: Days, energy: Floats, *, most: int, reach: int) -> Likeness:
    """Find for each day the nearest days of its weekday that are well known and ordinary.

    Parameters
    ----------
    days : Days
    energy : array of float64, shape (days, slots)
        NaN where nothing may be learned.
    most, reach : int
        As for `expected_days`.
    """
    is_odd = odd_days(days)
    sorts = np.where(is_odd | (np.isfinite(energy).mean(axis=1) < 0.5), ODD, days.weekday)
    sundays = np.full(len(sorts), SUNDAY)
    return Likeness(_nearest(days.weekday, sorts, most, reach), _nearest(sundays, sorts, most, reach), is_odd)


def odd_days(days: Days, near: int = 4) -> NDArray[np.bool_]:
    """Say which days may be worked or not: holidays, single days between days off, and days near two holidays.

    Parameters
    ----------
    days : Days
    near : int, default 4
        A working day with two holidays within so many days is as odd as they are (the week after Christmas, Maundy
        Thursday, the Tuesday after Easter): the most frequent false alarms of the Cambridge meters lay there. [days]
    """
    is_off = days.is_holiday | (days.weekday >= SATURDAY)
    around = np.convolve(days.is_holiday.astype(np.int64), np.ones(2 * near + 1, np.int64), "full")[near:][
        : len(is_off)
    ]
    before, after = np.append(False, is_off[:-1]), np.append(is_off[1:], False)
    is_near: NDArray[np.bool_] = ~is_off & ((around >= 2) | (before & after))
    return days.is_holiday | is_near


def _nearest(wanted: NDArray[np.int64], sorts: NDArray[np.int64], most: int, reach: int) -> NDArray[np.int64]:
    """Rows of the nearest other days of a wanted class, by turns before and after, shape (days, most)."""
    found = np.full((len(wanted), 2 * reach), -1, dtype=np.int64)
    for sort in np.unique(wanted).tolist():
        own = np.flatnonzero(sorts == sort)
        rows = np.flatnonzero(wanted == sort)
        place = np.searchsorted(own, rows)
        is_self = np.isin(rows, own)
        for step in range(reach):
            for column, there in ((2 * step, place - 1 - step), (2 * step + 1, place + is_self + step)):
                inside = (there >= 0) & (there < len(own))
                found[rows[inside], column] = own[there[inside]]
    order = np.argsort(found < 0, axis=1, kind="stable")[:, :most]
    return np.take_along_axis(found, order, axis=1)


def _taken(values: Floats, rows: NDArray[np.int64]) -> Floats:
    """Values of rows, NaN for row -1."""
    taken = values[np.maximum(rows, 0)]
    taken[rows < 0] = np.nan
    return taken


def median_of(values: Floats) -> Floats:
    """Median of what is known along axis 1, NaN where nothing is (NumPy's own warns of that, and is slow)."""
    ordered = np.sort(values, axis=1)  # NaN is put last
    count = np.isfinite(values).sum(axis=1, keepdims=True)
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, values.shape[1] - 1)
    middle = (np.take_along_axis(ordered, low, axis=1) + np.take_along_axis(ordered, high, axis=1)) / 2
    return np.where(count > 0, middle, np.nan)[:, 0]


def _between(energy: Floats, weekday: Floats, off: Floats, is_holiday: NDArray[np.bool_]) -> Floats:
    """Expect of an odd day the mixture of weekday and Sunday that comes nearest to it; where it is not known, a Sunday
    on holidays and the weekday else."""
    known = np.isfinite(energy) & np.isfinite(weekday) & np.isfinite(off)
    total, most, least = (np.where(known, one, 0).sum(axis=1) for one in (energy, weekday, off))
    gap = np.where(np.abs(most - least) > 1e-9, most - least, np.nan)
    share = np.where(known.any(axis=1), np.clip((total - least) / gap, 0, 1), np.where(is_holiday, 0.0, 1.0))
    share = np.where(np.isfinite(share), share, 1.0)[:, None]
    mixed = share * weekday + (1 - share) * off
    return np.where(np.isfinite(mixed), mixed, np.where(np.isfinite(weekday), weekday, off))


def _weather_change(temperature_c: Floats, energy: Floats, usual: Floats, like: Likeness) -> Floats:
    """Factor by which a day's weather, against that of its like days, moves its use; shape (days,), 1 where unknown.

    Two slopes, per heating and per cooling degree, are fitted to ordinary days. They are used only where they make the
    median error smaller by 2 per cent, and never for more than half of the use.
    """
    mean = _mean(temperature_c)
    degrees = np.stack([np.maximum(0, HEATING_BELOW_C - mean), np.maximum(0, mean - COOLING_ABOVE_C)], axis=1)
    against = np.nan_to_num(degrees - median_of(_taken(degrees, like.weekday)))
    known = np.isfinite(energy) & np.isfinite(usual)
    total, expected = (np.where(known, one, 0).sum(axis=1) for one in (energy, usual))
    over = total / np.where(expected > 0, expected, np.nan) - 1
    ordinary = np.isfinite(over) & ~like.is_odd & np.isfinite(mean)
    if ordinary.sum() < 60:
        return np.ones(len(energy))
    slopes = _robust_slopes(against[ordinary], over[ordinary])
    explained = against @ slopes
    before, after = (np.median(np.abs(one[ordinary])) for one in (over, over - explained))
    return 1 + np.clip(explained, -0.5, 0.5) if after < 0.98 * before else np.ones(len(energy))


def _robust_slopes(inputs: Floats, values: Floats, rounds: int = 5) -> Floats:
    """Least squares without intercept, each round without what lay beyond two spreads in the round before."""
    slopes = np.zeros(inputs.shape[1])
    small = 1e-6 * np.eye(inputs.shape[1])
    for _ in range(rounds):
        off = np.abs(values - inputs @ slopes)
        kept = off <= 2 * 1.4826 * np.median(off)
        rows = inputs[kept]
        slopes = np.linalg.solve(rows.T @ rows + small, rows.T @ values[kept])
    return slopes


def _mean(values: Floats) -> Floats:
    """Mean of what is known of each row, NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, values, 0).sum(axis=1) / np.maximum(count, 1), np.nan)


@answers
def expected_use(
    dates: list[object],
    energy_kwh: list[object],
    country: object = None,
    temperature_c: object = None,
    weight: object = None,
) -> Answer:
    """Energy that would have been expected in each interval: like days around it, the country's holidays, the weather.

    Parameters
    ----------
    dates, energy_kwh : list
        Any step from minutes to years, in any order. [kWh]
    country : str, optional
        "GB", "US-CA": whose holidays hold.
    temperature_c : list, optional
        Outside air. [degrees Celsius]
    weight : list, optional
        0 for a row that is estimated or suspect and must teach nothing.

    Returns
    -------
    list of float or None
        One a row, future rows too. [kWh]
    """
    rows = read_rows(dates, energy_kwh, country=country, temperature_c=temperature_c, weight=weight)
    return Answer(rows.answer(expected_days(rows.days)), rows.notes)
