"""What a channel's past says at once: what may teach, totals of days, recent level, means of like days."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tabpy_functions.days import HOLIDAY, SUNDAY, Days

Floats = NDArray[np.float64]

WEEK = 7


def taught(days: Days) -> Floats:
    """Give the energy that may teach a model: NaN where the weight is 0 and from the origin on. [kWh]"""
    energy = np.where(days.weight > 0, days.energy_kwh, np.nan)
    energy[days.origin :] = np.nan
    energy[~np.isfinite(energy)] = np.nan
    return energy


def cut(days: Days, origin: int, horizon: int) -> Days:
    """Go back to an earlier origin: what has come since is as unknown as it was then.

    The calendar and the temperature stay, as a calendar and a weather forecast are known ahead.
    """
    end = min(origin + horizon, len(days.energy_kwh))
    energy = days.energy_kwh[:end].copy()
    energy[origin:] = np.nan
    return replace(
        days,
        origin=origin,
        energy_kwh=energy,
        weight=days.weight[:end],
        is_holiday=days.is_holiday[:end],
        temperature_c=None if days.temperature_c is None else days.temperature_c[:end],
    )


def with_weather_ahead(days: Days, least: float = 0.5) -> Days:
    """Leave the temperature out when less than half of the horizon has it: who learned to heed it would be blind."""
    if days.temperature_c is None or np.isfinite(days.temperature_c[days.origin :]).mean() >= least:
        return days
    return replace(days, temperature_c=None)


def mean_of(values: Floats, axis: int | tuple[int, ...] | None = None) -> Floats:
    """Mean of what is known, NaN where nothing is (numpy's own warns of that)."""
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def last_level(energy: Floats, origin: int, weeks: int = 4) -> float:
    """Mean size of a slot in the last weeks before the origin that hold anything; 0 if none ever did. [kWh]"""
    known = np.flatnonzero(np.isfinite(energy[:origin]).any(axis=1))
    if len(known) == 0:
        return 0.0
    last = known[-1] + 1
    return float(mean_of(np.abs(energy[max(0, last - weeks * WEEK) : last])))


def like_days(days: Days, energy: Floats, row: int, count: int = 4, reach: int = 56) -> NDArray[np.intp]:
    """Find the last days before the origin of the same class as a row.

    Parameters
    ----------
    days : Days
    energy : array of float64, shape (days, slots)
        As `taught` gives it.
    row : int
        The day to be explained.
    count : int, default 4
    reach : int, default 56
        Days before the origin that are looked at: an older working day is no longer alike. For a holiday the whole past
        counts (there are few), and where it holds none, Sundays stand for it.

    Returns
    -------
    array of intp
        Rows, newest first; empty where there is none.
    """
    known = np.isfinite(energy[: days.origin]).any(axis=1)
    sorts = days.day_class
    first = 0 if sorts[row] == HOLIDAY else max(0, days.origin - reach)
    found = np.flatnonzero(known & (sorts[: days.origin] == sorts[row]))
    if len(found) == 0:
        wanted = SUNDAY if sorts[row] == HOLIDAY else days.weekday[row]
        found = np.flatnonzero(known & (days.weekday[: days.origin] == wanted))
    near = found[found >= first]
    return (near if len(near) else found)[::-1][:count]


def daily_totals(energy: Floats, enough: float = 0.7) -> Floats:
    """Energy of each day, shape (days,); a day that lacks a few slots is filled up, NaN below the share known. [kWh]

    The slots that lack are taken to have had their usual part of the day.
    """
    slots = energy.shape[1]
    usual = mean_of(energy, axis=0)
    usual = np.where(np.isfinite(usual), usual, mean_of(usual))
    usual = np.full(slots, 1.0) if not np.isfinite(usual).all() or usual.sum() <= 0 else usual
    known = np.isfinite(energy)
    part = (known * usual).sum(axis=1) / usual.sum()
    total = np.where(known, energy, 0.0).sum(axis=1)
    full = known.mean(axis=1) >= enough
    return np.where(full & (part > 0), total / np.where(part > 0, part, 1.0), np.nan)
