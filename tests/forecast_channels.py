"""Invented channels that the tests of forecasts share."""

from dataclasses import replace

import numpy as np

from tabpy_functions.days import Days

MONDAY = int(np.datetime64("2023-01-02", "D").astype(np.int64))
FREE = (90, 137, 200, 260)
"""Rows that are holidays in every invented channel: weekdays, the last one in the horizon of `channel(260)`."""


def shape_of(slots=24):
    """A working day and a weekend day of a site, kWh by slot."""
    hour = np.arange(slots) * 24 / slots
    return np.where((hour >= 7) & (hour < 19), 10.0, 4.0), np.full(slots, 4.0)


def channel(known, horizon=7, slots=24, *, noise=0.0, holidays=(), seed=0):
    """A site that repeats its week, rests on holidays, and is known for some days; what comes is given beside it."""
    work, rest = shape_of(slots)
    number = known + horizon
    is_holiday = np.isin(np.arange(number), holidays)
    is_rest = is_holiday | ((MONDAY + np.arange(number) + 3) % 7 >= 5)
    energy = np.where(is_rest[:, None], rest, work)
    energy = energy * np.random.default_rng(seed).lognormal(0, noise, energy.shape)
    past = np.where(np.arange(number)[:, None] < known, energy, np.nan)
    return Days(MONDAY, known, past, np.isfinite(past).astype(float), is_holiday), energy[known:]


def changed(days, rows, value, weight=None):
    """The channel with other values in some rows, and another weight there."""
    energy, weights = days.energy_kwh.copy(), days.weight.copy()
    energy[rows] = value
    if weight is not None:
        weights[rows] = weight
    return replace(days, energy_kwh=energy, weight=weights)


def rmse(expected, actual):
    """Root mean square error over the mean."""
    return float(np.sqrt(np.mean((expected - actual) ** 2)) / np.mean(actual))
