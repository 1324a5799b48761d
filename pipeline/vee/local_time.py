"""From a stream's own clock to UTC: the daylight-saving shapes A, B, C and F of the meter-data reference.

A  local, complete: the autumn hour stands twice, first in daylight time     -> both kept, by file order
B  local, autumn lost: one value for two hours                               -> the other one is missing (V05)
C  fixed offset or UTC all year                                              -> never localised with a summer zone
F  fixed cells a day: 25th hour added into its twin, spring cells filled     -> split in halves; spring energy kept
Shapes D (settlement periods) and E (durations) reach this module as UTC already.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.clock import DAY, clock_changes
from pipeline.schema import Rows

Instants = NDArray[np.int64]
Bools = NDArray[np.bool_]


DOUBLED = (1.6, 2.6)
"""A cell that holds two hours has so many times its neighbours' mean (2.0 measured on Cambridge; margin chosen)."""


@dataclass(frozen=True)
class Changes:
    """A zone's clock changes as the wall clock shows them. [s since 1970 local]

    Hours from `autumn_from` to `autumn_until` stand twice; those from `spring_from` to `spring_until` do not exist.
    From `begins` on a stamp has the offset of the same position, the earlier one where it stands twice.
    """

    begins: Instants
    offsets: Instants
    autumn_from: Instants
    autumn_until: Instants
    spring_from: Instants
    spring_until: Instants


def local_changes(timezone: str, first: int, last: int) -> Changes:
    """List a zone's changes between two wall-clock seconds."""
    instants, offsets = clock_changes(timezone, first // DAY - 2, last // DAY + 2)
    before, after, at = offsets[:-1], offsets[1:], instants[1:]
    back, forward = after < before, after > before
    return Changes(
        begins=np.concatenate([[np.iinfo(np.int64).min], at + np.maximum(before, after)]),
        offsets=offsets,
        autumn_from=(at + after)[back],
        autumn_until=(at + before)[back],
        spring_from=(at + before)[forward],
        spring_until=(at + after)[forward],
    )


def in_ranges(stamps: Instants, begins: Instants, ends: Instants) -> Bools:
    """True where a stamp lies in one of the half-open ranges, which ascend and do not overlap."""
    if len(begins) == 0 or stamps.size == 0:
        return np.zeros(stamps.shape, dtype=np.bool_)
    position = np.searchsorted(begins, stamps, side="right") - 1
    return (position >= 0) & (stamps < ends[position])


def offsets_first_fold(changes: Changes, stamps: Instants) -> Instants:
    """Give each wall-clock stamp its offset, the earlier one where the hour repeats. [s east of UTC]"""
    if len(changes.offsets) == 1:
        return np.full(stamps.shape, changes.offsets[0], dtype=np.int64)
    return changes.offsets[np.searchsorted(changes.begins, stamps, side="right") - 1]


def spring_gap(timezone: str, start: Instants, end: Instants) -> Instants:
    """Give the time that the clock leaves out between two of its stamps; 0 where there is none. [s]"""
    if start.size == 0:
        return np.zeros_like(start)
    changes = local_changes(timezone, int(start.min()), int(end.max()))
    if len(changes.spring_from) == 0:
        return np.zeros_like(start)
    position = np.searchsorted(changes.spring_from, start, side="right")
    following = np.minimum(position, len(changes.spring_from) - 1)
    until = changes.spring_until[following]
    over = (start < changes.spring_from[following]) & (end >= until)
    return np.where(over, until - changes.spring_from[following], 0)


def occurrence(stream: NDArray[np.int32], stamp: Instants, newest_first: Bools) -> tuple[NDArray[np.int64], ...]:
    """Count how often each (stream, stamp) stands, and which of them each row is, in order of time.

    Parameters
    ----------
    stream, stamp : arrays of one length, in file order
    newest_first : array of bool
        True for rows of streams that run backwards: their last is the earliest.

    Returns
    -------
    rank, count : arrays of int64
        `rank` 0 is the earliest.
    """
    groups = pd.DataFrame({"stream": stream, "stamp": stamp}).groupby(["stream", "stamp"], sort=False)
    rank = groups.cumcount().to_numpy(dtype=np.int64)
    count = groups["stamp"].transform("size").to_numpy(dtype=np.int64)
    return np.where(newest_first, count - 1 - rank, rank), count


@dataclass(frozen=True)
class Resolved:
    """Rows on the UTC clock, and what was seen on the way; masks over the rows given.

    Attributes
    ----------
    instant : array of int64
        The stamp as an instant. [s since 1970 UTC]
    repeated : array of bool
        Rows in an autumn hour that stands twice (shape A): both kept.
    single : array of bool
        Rows in an autumn hour that stands once (shapes B and F).
    absent : array of bool
        Rows in a spring hour that does not exist on this clock (shape F).
    fixed : tuple of int
        Streams that turned out to keep standard time all year (shape C).
    """

    instant: Instants
    repeated: Bools
    single: Bools
    absent: Bools
    fixed: tuple[int, ...]


def keeps_standard_time(
    stamp: Instants, value: NDArray[np.float64], absent: Bools, single: Bools, *, ordinary: float = 0.75
) -> bool:
    """Tell whether one stream runs on standard time all year (shape C) rather than filling cells (shape F).

    Parameters
    ----------
    stamp, value : arrays, shape (rows,)
        One stream's wall clock and values.
    absent, single : array of bool, shape (rows,)
        Its rows in spring hours that the zone leaves out, and in autumn hours that stand once.
    ordinary : float, default 0.75
        Share of its neighbours' mean from which a spring cell counts as an hour like any other (measured on the
        Cambridge meters: filled cells hold 1/3 and 2/3; chosen, not standardised).

    Returns
    -------
    bool
    """
    series = pd.Series(value, index=stamp).groupby(level=0).first()
    spring = _neighbour_ratio(series, stamp[absent])
    if np.isnan(spring).all():  # days have no hours beside
        return False
    autumn = _neighbour_ratio(series, np.concatenate([stamp[single], stamp[single] + 3600]))
    return bool(np.nanmedian(spring) > ordinary) and not bool(np.nanmax(autumn, initial=0.0) > DOUBLED[0])


def _neighbour_ratio(series: pd.Series, stamps: Instants) -> NDArray[np.float64]:
    at = series.reindex(stamps).to_numpy(dtype=np.float64)
    around = [series.reindex(stamps + shift).to_numpy(dtype=np.float64) for shift in (-7200, 7200)]
    known = np.count_nonzero(~np.isnan(around), axis=0)
    mean = np.nansum(around, axis=0) / np.maximum(known, 1)
    ratio: NDArray[np.float64] = np.divide(at, mean, out=np.full(len(at), np.nan), where=mean > 0)
    return ratio


def to_utc(rows: Rows, timezone: str, *, newest_first: Bools, fixed_cells: Bools, ends: bool = False) -> Resolved:
    """Put local stamps on the UTC clock.

    Parameters
    ----------
    rows : Rows
        Streams that share the clock; in file order within a stream.
    timezone : str
        IANA name of that clock.
    newest_first, fixed_cells : array of bool, shape (rows,)
        As in `pipeline.sources.source.Stream`.
    ends : bool, default False
        True when stamps mark interval ends: the instant of the spring change itself then exists.

    Returns
    -------
    Resolved
    """
    stamp, stream = rows.stamp, rows.stream
    nothing = np.zeros(len(stamp), dtype=np.bool_)
    if len(stamp) == 0:
        return Resolved(stamp, nothing, nothing, nothing, ())
    changes = local_changes(timezone, int(stamp.min()), int(stamp.max()))
    instant = stamp - offsets_first_fold(changes, stamp)
    if len(changes.offsets) == 1:
        return Resolved(instant, nothing, nothing, nothing, ())
    absent = in_ranges(stamp, changes.spring_from + int(ends), changes.spring_until)
    autumn = np.flatnonzero(in_ranges(stamp, changes.autumn_from, changes.autumn_until))
    rank, count = occurrence(stream[autumn], stamp[autumn], newest_first[autumn])
    single = nothing.copy()
    single[autumn[count == 1]] = True
    fixed = tuple(_fixed_streams(rows, absent & ~fixed_cells, single))
    standard = np.isin(stream, fixed) if fixed else nothing
    later = autumn[(rank >= 1) & ~standard[autumn]]
    change = np.searchsorted(changes.autumn_from, stamp[later], side="right") - 1
    instant[later] += (changes.autumn_until - changes.autumn_from)[change]
    instant[standard] = stamp[standard] - changes.offsets.min()
    repeated = nothing.copy()
    repeated[autumn[count > 1]] = True
    return Resolved(instant, repeated & ~standard, single & ~standard, absent & ~standard, fixed)


def _fixed_streams(rows: Rows, absent: Bools, single: Bools) -> list[int]:
    filled = absent & (rows.value > 0)
    found = []
    for number in np.unique(rows.stream[filled]):
        own = np.flatnonzero(rows.stream == number)
        if keeps_standard_time(rows.stamp[own], rows.value[own], absent[own], single[own]):
            found.append(int(number))
    return found
