"""Daily totals and back: the scale they are modelled on, what moves them, and how a total is parted into slots."""

from dataclasses import dataclass

import numpy as np

from tabpy_functions.averages import filled
from tabpy_functions.days import SATURDAY, Days
from tabpy_functions.levels import Floats, like_days, mean_of

HEATED_BELOW = 15.0
"""Base temperature of heating degree days, of outside air: 15.5 is the British convention. [deg C]"""
COOLED_ABOVE = 18.0
"""Base temperature of cooling degree days. [deg C]"""


@dataclass(frozen=True)
class Scale:
    """How totals become what a model is fitted to, and back.

    Attributes
    ----------
    level : float
        Median size of a day's total. [kWh]
    is_log : bool
    """

    level: float
    is_log: bool

    def forth(self, total: Floats) -> Floats:
        """Totals to the fitted scale."""
        return np.log(np.maximum(total / self.level, 1e-3)) if self.is_log else total / self.level

    def back(self, value: Floats) -> Floats:
        """The fitted scale to totals."""
        return np.exp(np.clip(value, -7.0, 3.0)) * self.level if self.is_log else value * self.level


def scale_of(total: Floats, widest: float = 4.0) -> Scale:
    """Choose the scale of some totals: logarithms, unless some are not above zero or they spread widely.

    Parameters
    ----------
    total : array of float64
        Finite. [kWh]
    widest : float, default 4
        Largest ratio of the 95th to the 5th percentile for logarithms. What spreads more is mostly heating, which adds
        up with degrees and does not multiply (best of 2.5, 4, 8 and no limit on eleven Cambridge meters).
    """
    level = float(np.median(np.abs(total)))
    level = level if level > 0 else float(np.mean(np.abs(total)))
    low, high = np.quantile(total, [0.05, 0.95])
    return Scale(level, bool(low > 0 and total.min() >= 0 and high < widest * low))


def calendar_columns(days: Days) -> dict[str, Floats]:
    """What moves a day's total beside the weekday, each of shape (days,) and of the size of 1.

    A holiday at a weekend is none here: columns add up, and the weekday has said already that nobody works.
    """
    columns = {"holiday": (days.is_holiday & (days.weekday < SATURDAY)).astype(float)}
    if days.temperature_c is not None:
        warm = mean_of(days.temperature_c, axis=1)
        usual = mean_of(warm)
        warm = np.where(np.isfinite(warm), warm, usual if np.isfinite(usual) else HEATED_BELOW)
        columns["heating"] = np.maximum(0, HEATED_BELOW - warm) / 10
        columns["cooling"] = np.maximum(0, warm - COOLED_ABOVE) / 10
    return columns


def parted(total: Floats, days: Days, energy: Floats, count: int = 6) -> Floats:
    """Part the totals of the days to forecast into slots, as the last days of the same class were.

    Parameters
    ----------
    total : array of float64, shape (horizon,)
    days : Days
    energy : array of float64, shape (days, slots)
        As `levels.taught` gives it.

    Returns
    -------
    array of float64, shape (horizon, slots)
    """
    expected = np.full((days.horizon, days.slots), np.nan)
    for ahead in range(days.horizon):
        shape = mean_of(energy[like_days(days, energy, days.origin + ahead, count)], axis=0)
        whole = shape.sum()
        expected[ahead] = total[ahead] * (shape / whole if whole > 0 else 1 / days.slots)
    return filled(expected, energy, days.origin)
