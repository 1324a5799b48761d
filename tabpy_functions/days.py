"""Energy laid out as local days and slots of a day: the one shape that every model takes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SATURDAY, SUNDAY = 5, 6
HOLIDAY = 7
"""The class of a day without work; 0 to 6 are Monday to Sunday."""


@dataclass(frozen=True)
class Days:
    """One channel, a row a local day, the future included.

    On this shape a clock change is no special case: both hours of autumn are the same slot (their mean), the hour that
    spring leaves out is an empty one.

    Attributes
    ----------
    first_day : int
        The first row. [days since 1970-01-01, local calendar]
    origin : int
        Index of the first row with cells to forecast; what that row holds already is known.
    energy_kwh : array of float64, shape (days, slots)
        NaN where nothing is known, and in the future. Slots part a day evenly: 24 are hours, 1 is the day's total.
    weight : array of float64, shape (days, slots)
        How much a cell may teach a model: 1 for a plain reading, 0 for what must teach nothing (estimates, stuck runs).
    is_holiday : array of bool, shape (days,)
    temperature_c : array of float64, shape (days, slots), or None
        Outside air; NaN where not known.
    """

    first_day: int
    origin: int
    energy_kwh: NDArray[np.float64]
    weight: NDArray[np.float64]
    is_holiday: NDArray[np.bool_]
    temperature_c: NDArray[np.float64] | None = None

    @property
    def horizon(self) -> int:
        """Days to forecast."""
        return len(self.energy_kwh) - self.origin

    @property
    def slots(self) -> int:
        """Slots of a day."""
        return int(self.energy_kwh.shape[1])

    @property
    def weekday(self) -> NDArray[np.int64]:
        """Monday 0 to Sunday 6, shape (days,)."""
        return (self.first_day + np.arange(len(self.energy_kwh)) + 3) % 7

    @property
    def day_class(self) -> NDArray[np.int64]:
        """The weekday, or `HOLIDAY`, shape (days,)."""
        return np.where(self.is_holiday, HOLIDAY, self.weekday)


@dataclass(frozen=True)
class Forecast:
    """What a model says of the days from the origin on.

    Attributes
    ----------
    expected_kwh, lower_kwh, upper_kwh : array of float64, shape (horizon, slots)
        The bounds enclose the named share of what comes (80 of 100 unless told otherwise); NaN where none were asked.
    model : str
        Name of the model, or of the combination.
    """

    expected_kwh: NDArray[np.float64]
    lower_kwh: NDArray[np.float64]
    upper_kwh: NDArray[np.float64]
    model: str
