"""What is usual for each channel: its values in order, sorted once, and what is read from them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.vee.grid import Floats, Grid
from pipeline.vee.runs import Positions, cells_of_rows


@dataclass(frozen=True)
class Levels:
    """The values of each channel in ascending order.

    Attributes
    ----------
    ordered : array of float64, shape (channels, intervals)
        Values in ascending order, NaN last. [kWh]
    count : array of int64, shape (channels,)
        How many of them are values.
    energy : array of float64, shape (channels, intervals)
        The values in their order of time. [kWh]
    """

    ordered: Floats
    count: NDArray[np.int64]
    energy: Floats

    def quantile(self, share: Floats | float, skip: NDArray[np.int64] | int = 0) -> Floats:
        """Give a quantile of each channel, linear between neighbours; NaN for a channel without values.

        Parameters
        ----------
        share : float or array of float64, shape (channels,)
            0 gives the smallest value, 1 the largest.
        skip : int or array of int64, shape (channels,)
            Leave out so many of the smallest values (the zeros).

        Returns
        -------
        array of float64, shape (channels,)
            [kWh]
        """
        if self.ordered.shape[1] == 0:
            return np.full(len(self.count), np.nan)
        place = skip + np.maximum(self.count - skip - 1, 0) * share
        low = np.minimum(place.astype(np.int64), self.ordered.shape[1] - 1)
        high = np.clip(np.ceil(place).astype(np.int64), low, np.maximum(self.count - 1, low))
        rows = np.arange(len(self.count))
        bottom, top = self.ordered[rows, low], self.ordered[rows, high]
        return np.where(self.count > skip, bottom + (top - bottom) * (place - low), np.nan)

    @cached_property
    def quantum(self) -> Floats:
        """The meter's resolution: the smallest step between two of its values, shape (channels,). [kWh]

        Taken from the 4,096 values around the median, where neighbouring values lie closest; from all of them when
        those are one value; infinite when the channel never had another.
        """
        middle = self.count // 2
        begin = int(max(0, min(middle.min(initial=0), self.ordered.shape[1]) - 2048))
        step = _smallest_step(self.ordered[:, begin : begin + 4096])
        for row in np.flatnonzero(~np.isfinite(step)):
            whole = self.ordered[row : row + 1, : self.count[row]]
            step[row] = _smallest_step(whole)[0]
        return step

    @cached_property
    def peaks(self) -> NDArray[np.int64]:
        """How many readings stand 2.5 times above both neighbours without being spikes, shape (channels,). [1]

        Under 1.5 times the 99.5th percentile, that is: the defaults of V10. Looked at only where readings are above.
        """
        limit, found = 1.5 * self.quantile(0.995), np.zeros(len(self.count), dtype=np.int64)
        for row in np.flatnonzero(self.quantile(1.0) > limit).tolist():
            energy = self.energy[row]
            sides = 2.5 * np.maximum(energy[:-2], energy[2:])
            found[row] = np.count_nonzero((energy[1:-1] > sides) & (energy[1:-1] <= limit[row]))
        return found


def _smallest_step(ordered: Floats) -> Floats:
    """Smallest difference above rounding noise of each row; infinite when there is none."""
    if ordered.shape[1] < 2:
        return np.full(len(ordered), np.inf)
    steps = np.diff(ordered, axis=1)
    noise = 1e-9 * np.nanmax(np.abs(ordered), axis=1, keepdims=True, initial=0.0)
    return np.asarray(np.min(steps, axis=1, where=steps > noise, initial=np.inf))


def measure(grid: Grid) -> Levels:
    """Sort the values of every channel of a grid.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    Levels
    """
    count = np.count_nonzero(~np.isnan(grid.energy), axis=1).astype(np.int64)
    return Levels(np.sort(grid.energy, axis=1), count, grid.energy)


def cells_above(grid: Grid, levels: Levels, limit: Floats) -> Positions:
    """Give the cells above a limit of each channel, shape (channels,); only rows that ever go there are looked at."""
    rows = np.flatnonzero(levels.quantile(1.0) > limit)
    return cells_of_rows(grid, rows, grid.energy[rows] > limit[rows, None])
