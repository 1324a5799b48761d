"""Faults to inject into clean hourly readings: four of behaviour, three of meters. Arrays in, changed copies out.

Values keep the resolution of the archive, 0.1 kWh, so that validation sees what it would see.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
NIGHT = (20, 6)
"""From 20 to 6 on the wall clock. [h]"""


@dataclass(frozen=True)
class Fault:
    """A kind of fault.

    Attributes
    ----------
    days : int
        How long it lasts.
    is_behaviour : bool
        The load was different; else the meter was wrong.
    inject : function
        (readings of whole days, shape (days, 24), of which the last `days` are at fault; weekday of the first of these;
        random generator) -> the readings of the days at fault. [kWh]
    first_weekday : int or None
        Monday 0 to Sunday 6; None: any day.
    is_high : bool or None
        Direction that an alert must have; None for meters, of which behaviour must not be told at all.
    """

    days: int
    is_behaviour: bool
    inject: Callable[[Floats, np.random.Generator], Floats]
    first_weekday: int | None = None
    is_high: bool | None = None


HISTORY = 7
"""Days before a fault that its injection may look at."""


def night_load(readings: Floats, random: np.random.Generator) -> Floats:
    """What runs by day runs by night: each hour from 20 to 6 has at least what one of the day's busiest twelve had."""
    fault = readings[HISTORY:].copy()
    busy = random.permuted(np.sort(fault, axis=1)[:, 12:], axis=1)
    hour = np.arange(24)
    return np.where((hour >= NIGHT[0]) | (hour < NIGHT[1]), np.maximum(fault, np.tile(busy, 2)), fault)


def weekend_running(readings: Floats, random: np.random.Generator) -> Floats:
    """Saturday and Sunday are used like the mean of Wednesday to Friday before."""
    return np.round(np.maximum(readings[HISTORY:], readings[HISTORY - 3 : HISTORY].mean(axis=0)), 1)


def step_up(readings: Floats, random: np.random.Generator) -> Floats:
    """Everything takes 30 per cent more."""
    return np.round(readings[HISTORY:] * 1.3, 1)


def lost_load(readings: Floats, random: np.random.Generator) -> Floats:
    """Two fifths of the load are gone."""
    return np.round(readings[HISTORY:] * 0.6, 1)


def stuck(readings: Floats, random: np.random.Generator) -> Floats:
    """48 hours repeat the hour before them."""
    return np.full((2, 24), max(readings[HISTORY - 1, -1], 0.1))


def spike(readings: Floats, random: np.random.Generator) -> Floats:
    """One hour holds twelve times the day's largest."""
    fault = readings[HISTORY:].copy()
    fault[0, random.integers(24)] = np.round(12 * max(fault.max(), 0.1), 1)
    return fault


def zero_run(readings: Floats, random: np.random.Generator) -> Floats:
    """36 hours are zero, as a lost connection is written by many sources."""
    fault = readings[HISTORY:].copy()
    fault.ravel()[6:42] = 0
    return fault


FAULTS = {
    "night load left on": Fault(7, True, night_load, is_high=True),
    "weekend running": Fault(2, True, weekend_running, first_weekday=5, is_high=True),
    "+30 % step": Fault(14, True, step_up, is_high=True),
    "lost load": Fault(5, True, lost_load, is_high=False),
    "stuck": Fault(2, False, stuck),
    "spike": Fault(1, False, spike),
    "zero run": Fault(2, False, zero_run),
}
"""Kind -> fault."""


def places(fault: Fault, first_day: int, days: int, every: int, random: np.random.Generator) -> list[int]:
    """Days on which a fault begins: one in each stretch of `every` days, anywhere in its first half."""
    found = []
    for stretch in range(14, days - every + 1, every):
        day = stretch + int(random.integers(every // 2))
        if fault.first_weekday is not None:
            day += (fault.first_weekday - (first_day + day + 3)) % 7
        found.append(day)
    return found
