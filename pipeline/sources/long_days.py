"""Rows of a day with cells for its longest form: 25, 50 or 100, of which most days leave an hour blank (DST shape D).

The cells follow the elapsed time of the local day. Where a file keeps them by the clock instead, as `3A;3B`, or with a
blank hour in spring, the blank cells are taken out, and the rest is in order of elapsed time as well.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.sources.day_periods import local_midnight
from pipeline.sources.stamps import DAY

LONGEST = (25, 50, 100)
"""Cells of a day of 25 hours, by hours, half-hours and quarters."""

Floats = NDArray[np.float64]
Seconds = NDArray[np.int64]


def cells_in_utc(midnight: Seconds, values: Floats, zone: str, spare: slice | None) -> tuple[Seconds, Floats]:
    """Give each cell its start in UTC; cells that a day has not are NaN.

    Parameters
    ----------
    midnight : array of int64, shape (days,)
        On the clock of the file. [s since 1970]
    values : array of float64, shape (days, cells)
    zone : str
        That clock.
    spare : slice or None
        The cells of the repeated hour, where they stand behind its first and are blank on any other day.

    Returns
    -------
    start : array of int64, shape (days, cells)
        [s since 1970 UTC]
    values : array of float64, shape (days, cells)
    """
    count = values.shape[1]
    step = DAY // 24 * 25 // count
    begins = np.array([local_midnight(int(each), zone) for each in midnight], dtype=np.int64)
    ends = np.array([local_midnight(int(each) + DAY, zone) for each in midnight], dtype=np.int64)
    placed = np.full(values.shape, np.nan)
    for row, length in enumerate(((ends - begins) // step).tolist()):
        own = elapsed(values[row], length, spare)
        placed[row, : len(own)] = own
    return begins[:, None] + np.arange(count) * step, placed


def elapsed(cells: Floats, length: int, spare: slice | None) -> Floats:
    """Give the cells of one day in order of elapsed time, `length` of them where no other holds a value."""
    if spare is not None and np.isnan(cells[spare]).all():
        cells = np.delete(cells, np.arange(len(cells))[spare])
    if not np.isnan(cells[length:]).all():  # by the clock: the hour that the day has not is blank
        blank = np.flatnonzero(np.isnan(cells[:-1]))
        cells = np.delete(cells, blank[: max(0, len(cells) - length)])
    known = np.flatnonzero(~np.isnan(cells))
    return cells[: max(length, known[-1] + 1 if len(known) else 0)]
