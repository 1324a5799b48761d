"""Runs of neighbouring cells of one channel: the sparse side of every check, gap and finding.

A *cell* is a position in the flattened grid, `channel * intervals + interval`. [1]
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.vee.grid import Bools, Floats, Grid

Positions = NDArray[np.int64]

Limit = Floats | float
"""A parameter of a rule: one number, or one for each channel, shape (channels, 1)."""

WEEKS = 7 * np.array([-4, -3, -2, -1, 1, 2, 3, 4])
"""Where the same weekdays around lie. [days]"""


@dataclass(frozen=True)
class Runs:
    """Runs of cells, ordered by channel and time; all arrays have one length.

    Attributes
    ----------
    channel : array of int64
        Row of the grid.
    first, last : array of int64
        First and last interval of each run, both inside it.
    """

    channel: Positions
    first: Positions
    last: Positions

    def __len__(self) -> int:
        return len(self.channel)

    @property
    def length(self) -> Positions:
        """Intervals of each run."""
        return self.last - self.first + 1

    def keep(self, which: Bools) -> "Runs":
        """Give only the runs where `which` is True."""
        return Runs(self.channel[which], self.first[which], self.last[which])

    def cells(self, intervals: int) -> Positions:
        """Give every cell of every run, in order."""
        length = self.length
        begins = np.cumsum(length) - length
        return np.repeat(self.channel * intervals + self.first - begins, length) + np.arange(length.sum())

    def mask(self, shape: tuple[int, int]) -> Bools:
        """Give a bool array of `shape`, True inside the runs."""
        return mask_of(self.cells(shape[1]), shape)


def mask_of(cells: Positions, shape: tuple[int, int]) -> Bools:
    """Give a bool array of `shape`, True at `cells`."""
    mask = np.zeros(shape, dtype=np.bool_)
    mask.reshape(-1)[cells] = True
    return mask


def runs_of(mask: Bools) -> Runs:
    """Find the runs of True of each channel.

    Parameters
    ----------
    mask : array of bool, shape (channels, intervals)

    Returns
    -------
    Runs
        In order of channel, then time.
    """
    cells = np.flatnonzero(mask) if mask.any() else np.empty(0, dtype=np.int64)
    return runs_of_cells(cells, max(1, mask.shape[1]))


def runs_of_cells(cells: Positions, intervals: int) -> Runs:
    """Join ascending cells of a grid of so many intervals to runs."""
    if not len(cells):
        return Runs(cells, cells, cells)
    breaks = np.flatnonzero((np.diff(cells) != 1) | (cells[1:] % intervals == 0))
    first = cells[np.concatenate(([0], breaks + 1))]
    last = cells[np.concatenate((breaks, [len(cells) - 1]))]
    return Runs(first // intervals, first % intervals, last % intervals)


def limit_of(limit: Limit, channel: Positions) -> Floats:
    """Give a parameter for each of some rows of the grid."""
    table = np.asarray(limit, dtype=np.float64).reshape(-1)
    return np.broadcast_to(table, len(channel)) if len(table) == 1 else table[channel]


def neighbour(energy: Floats, cells: Positions, step: Positions | int) -> Floats:
    """Give the value `step` intervals after each cell (arrays broadcast), NaN beyond the channel's row. [kWh]"""
    intervals = energy.shape[1]
    position = cells % intervals + step
    inside = (position >= 0) & (position < intervals)
    return np.where(inside, energy.reshape(-1)[np.where(inside, cells + step, cells)], np.nan)


def inside(grid: Grid, cells: Positions) -> Positions:
    """Keep the cells inside their channel's span."""
    channel, position = np.divmod(cells, grid.shape[1])
    first, last = grid.channels["first"].to_numpy(), grid.channels["last"].to_numpy()
    return cells[(position >= first[channel]) & (position <= last[channel])]


def cells_of_rows(grid: Grid, rows: Positions, where: Bools) -> Positions:
    """Give the cells inside their channel's span where a bool array of some rows of the grid is True."""
    row, position = np.nonzero(where)
    return inside(grid, rows[row] * grid.shape[1] + position)


def median_of_known(values: Floats) -> Floats:
    """Give the median of each row of a small array, NaN left out and where there is nothing else."""
    ascending, count = np.sort(values, axis=1), np.count_nonzero(~np.isnan(values), axis=1)
    row, middle = np.arange(len(values)), np.maximum(count - 1, 0)
    median: Floats = (ascending[row, middle // 2] + ascending[row, (middle + 1) // 2]) / 2
    return median
