"""The plainest forecasts: means of like days. What any other model has to beat."""

from collections.abc import Callable

import numpy as np

from tabpy_functions.days import Days, Forecast
from tabpy_functions.levels import WEEK, Floats, last_level, like_days, mean_of, taught

Fitted = Callable[[Days], Floats]
"""A model that has learned: gives the rows from the origin on, shape (horizon, slots), for any origin from the one that
it was fitted at. So a backtest fits once and forecasts from many origins."""

FOUR_WEEKS = "four-week mean"
LAST_WEEK = "seasonal naive"


def forecast_mean_days(days: Days, *, weeks: int = 4) -> Forecast:
    """Forecast the mean of the same slot over the last days of the same class.

    Parameters
    ----------
    days : Days
    weeks : int, default 4
        How many like days are averaged; four is the best of 1 to 8 on the Cambridge meters.

    Returns
    -------
    Forecast
        Without bounds. NaN only where the channel has no reading at all.
    """
    return unbounded(fit_mean(days, weeks=weeks)(days), FOUR_WEEKS)


def forecast_naive_days(days: Days) -> Forecast:
    """Repeat the last week before the origin, slot by slot, holidays and all (the reference of MASE)."""
    return unbounded(fit_naive(days)(days), LAST_WEEK)


def fit_mean(_days: Days, *, weeks: int = 4) -> Fitted:
    """Nothing to learn: the means are of the days before the origin it is asked at."""
    return lambda days: _like_means(days, weeks)


def fit_naive(_days: Days) -> Fitted:
    """Nothing to learn: the week before the origin it is asked at."""
    return _last_week


def unbounded(expected: Floats, model: str) -> Forecast:
    """Wrap a forecast without bounds."""
    nothing = np.full(expected.shape, np.nan)
    return Forecast(expected, nothing, nothing.copy(), model)


def _like_means(days: Days, weeks: int) -> Floats:
    energy = taught(days)
    means: dict[tuple[int, ...], Floats] = {}
    expected = np.full((days.horizon, days.slots), np.nan)
    for row in range(days.origin, days.origin + days.horizon):
        like = tuple(like_days(days, energy, row, weeks).tolist())
        if like not in means:
            means[like] = weighted_mean(energy, days.weight, like)
        expected[row - days.origin] = means[like]
    return filled(expected, energy, days.origin)


def weighted_mean(energy: Floats, weight: Floats, rows: tuple[int, ...]) -> Floats:
    """Mean of some days by slot, each cell by its weight; NaN where no cell teaches."""
    chosen = energy[list(rows)]
    heavy = np.where(np.isfinite(chosen), weight[list(rows)], 0.0)
    total = heavy.sum(axis=0)
    mean = (np.where(heavy > 0, chosen, 0.0) * heavy).sum(axis=0) / np.where(total > 0, total, 1.0)
    return np.where(total > 0, mean, np.nan)


def _last_week(days: Days) -> Floats:
    energy = taught(days)
    row = days.origin + np.arange(days.horizon) % WEEK - WEEK
    expected = np.full((days.horizon, days.slots), np.nan)
    expected[row >= 0] = energy[row[row >= 0]]
    return filled(expected, energy, days.origin)


def filled(expected: Floats, energy: Floats, origin: int) -> Floats:
    """Put the recent mean of the slot, else the recent level, where a model has nothing to say; and nothing below zero
    for a channel that never was.
    """
    past = energy[:origin]
    known = np.isfinite(past)
    recent = mean_of(past[-4 * WEEK :], axis=0)
    level = mean_of(recent) if np.isfinite(recent).any() else last_level(energy, origin)
    usual = np.where(np.isfinite(recent), recent, level if known.any() else np.nan)
    whole = np.where(np.isfinite(expected), expected, usual)
    return whole if (past[known] < 0).any() else np.maximum(whole, 0.0)
