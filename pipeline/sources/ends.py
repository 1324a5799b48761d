"""Where readings begin and stop, and on which days: which end stamps mark, and whether days are swapped."""

import numpy as np
from numpy.typing import NDArray

from pipeline.sources.dates import find_swapped
from pipeline.sources.stamps import DAY

_LAST_DAY = 131 * 366 + 1
_MANY = 50_000
"""Rows of a batch from which on a sample tells days and levels as well (chosen: hours still show six times a day)."""


class DayWatch:
    """Days seen and their mean level, gathered while a file streams, in flat memory."""

    def __init__(self) -> None:
        self.counts = np.zeros(_LAST_DAY, dtype=np.int64)
        self.sums = np.zeros(_LAST_DAY)
        self.known = np.zeros(_LAST_DAY, dtype=np.int64)

    def add(self, stamp: NDArray[np.int64], value: NDArray[np.float64]) -> None:
        """Take note of readings, of long batches of every fourth; stamps are within 1970 to 2100."""
        if not len(stamp):
            return
        if len(stamp) > _MANY:
            stamp, value = stamp[::4], value[::4]
        day = stamp // DAY
        first = int(day.min())
        shifted = day - first
        counts = np.bincount(shifted)
        here = slice(first, first + len(counts))
        self.counts[here] += counts
        blank = np.isnan(value)
        if blank.any():
            shifted, value = shifted[~blank], value[~blank]
            counts = np.bincount(shifted, minlength=len(counts))
        self.known[here] += counts
        self.sums[here] += np.bincount(shifted, weights=value, minlength=len(counts))

    def swapped(self) -> str:
        """Give the evidence that day and month were swapped; empty when there is none."""
        days = np.flatnonzero(self.counts)
        with np.errstate(invalid="ignore", divide="ignore"):
            levels = self.sums[days] / self.known[days]
        return find_swapped(days.astype(np.int64), levels)


def label_side(edges: NDArray[np.int64], step: int, has_24: bool = False) -> tuple[str, str]:
    """Tell which end of the interval stamps mark, from where each meter's readings begin and stop.

    Parameters
    ----------
    edges : array of int64, shape (meters, 2)
        First and last stamp in the file. [s since 1970 on its clock]
    step : int
        Usual distance of stamps; 0: unknown. [s]
    has_24 : bool
        True when "24:00" occurs, which only an end can be.

    Returns
    -------
    label : str
        "start" or "end"; "start" when nothing tells.
    why : str
        One sentence for the user.
    """
    if has_24:
        return "end", "stamps mark the end of the interval (24:00 occurs)"
    first, last = edges.min(axis=1, initial=np.iinfo(np.int64).max) % DAY, edges.max(axis=1, initial=0) % DAY
    if not len(edges) or not 0 < step < DAY:
        return "start", "nothing tells which end of the interval stamps mark: taken as the start (--label end)"
    starts = int((first == 0).sum() + (last == DAY - step).sum())
    ends = int((first == step).sum() + (last == 0).sum())
    if ends > starts:
        return "end", f"stamps mark the end of the interval (days run {_clock(step)} to 00:00)"
    if starts > ends:
        return "start", f"stamps mark the start of the interval (days run 00:00 to {_clock(DAY - step)})"
    return "start", "nothing tells which end of the interval stamps mark: taken as the start (--label end)"


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
