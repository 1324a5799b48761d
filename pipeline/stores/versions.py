"""New readings against those that are there: which are new, which replace another, and which change nothing."""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

COMPARED = ("minutes", "energy_kwh", "raw_kwh", "quality", "method", "rule")
"""Columns that make a reading another one. The file is none of them: who repeats a reading does not change it."""

RANGE_GAP = 16
"""Rows that stay as they are between two that are replaced, and are written again with them, to save a statement
(chosen, not measured)."""


class Comparison(NamedTuple):
    """What to do to get from the existing readings to the new ones.

    Attributes
    ----------
    is_new, is_changed : arrays of bool, one for each new reading
        Neither is true of a reading that is there already, with the same values.
    replaced : array of int
        Positions of the existing readings that the changed ones replace, in order.
    """

    is_new: NDArray[np.bool_]
    is_changed: NDArray[np.bool_]
    replaced: NDArray[np.intp]


class Range(NamedTuple):
    """Neighbouring existing readings of a channel, by their positions, both ends included."""

    channel_id: int
    first_start_utc: int
    last_start_utc: int
    positions: NDArray[np.intp]


def compare_readings(new: pa.Table, existing: pa.Table) -> Comparison:
    """Compare readings, channel by channel and start by start.

    Parameters
    ----------
    new, existing : pyarrow.Table
        As `READINGS`, each ordered by channel and start.

    Raises
    ------
    ValueError
        `new` is not in order, or names an interval twice.
    """
    keys, known_keys = reading_keys(new), reading_keys(existing)
    if (np.diff(keys) <= 0).any():
        raise ValueError("readings must be ordered by channel and start, each interval once")
    if len(known_keys) == 0:
        return Comparison(np.ones(len(keys), bool), np.zeros(len(keys), bool), np.empty(0, np.intp))
    place = np.minimum(np.searchsorted(known_keys, keys), len(known_keys) - 1)
    is_known = known_keys[place] == keys
    is_changed = is_known.copy()
    is_changed[is_known] = _differ(new.filter(pa.array(is_known)), existing.take(place[is_known]))
    return Comparison(~is_known, is_changed, place[is_changed])


def ranges_to_replace(existing: pa.Table, replaced: NDArray[np.intp], gap: int = RANGE_GAP) -> list[Range]:
    """Join readings that are to be replaced into as few ranges as is sensible.

    Parameters
    ----------
    existing : pyarrow.Table
        As `READINGS`, ordered.
    replaced : array of int
        Positions in it, in order.
    gap : int, default 16
        As `RANGE_GAP`. [rows]
    """
    channel, start = (existing.column(name).to_numpy() for name in ("channel_id", "start_utc"))
    breaks = np.flatnonzero((np.diff(replaced) > gap) | (np.diff(channel[replaced]) != 0)) + 1
    return [
        Range(int(channel[run[0]]), int(start[run[0]]), int(start[run[-1]]), np.arange(run[0], run[-1] + 1))
        for run in np.split(replaced, breaks)
        if len(run)
    ]


def channel_ranges(rows: pa.Table) -> dict[int, tuple[int, int]]:
    """Give the first and last start of each channel in rows that are ordered by channel and start."""
    channel, start = (rows.column(name).to_numpy() for name in ("channel_id", "start_utc"))
    ids, first = np.unique(channel, return_index=True)
    last = np.append(first[1:], len(channel)) - 1
    return dict(zip(ids.tolist(), zip(start[first].tolist(), start[last].tolist(), strict=True), strict=True))


def reading_keys(rows: pa.Table) -> NDArray[np.int64]:
    """Number channel and start together, in the same order: 37 bits hold the seconds of four thousand years."""
    channel, start = (rows.column(name).to_numpy().astype(np.int64) for name in ("channel_id", "start_utc"))
    keys: NDArray[np.int64] = (channel << 37) + start
    return keys


def _differ(new: pa.Table, existing: pa.Table) -> NDArray[np.bool_]:
    differs = np.zeros(new.num_rows, dtype=np.bool_)
    for name in COMPARED:
        one, other = _values(new.column(name)), _values(existing.column(name))
        differs |= (one != other) & ~((one != one) & (other != other))
    return differs


def _values(column: Any) -> NDArray[Any]:
    # Null is NaN among floats, which is not equal to itself, and a number that is no code among integers.
    values: NDArray[Any] = (column if pa.types.is_floating(column.type) else pc.fill_null(column, -1)).to_numpy()
    return values
