"""One stream at several interval lengths: which of its values counts where they are of the same time (V04)."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.schema import Method, Quality
from pipeline.vee.grid import Bools, Floats, Instants
from pipeline.vee.rules import RULE_BY_ID

LENGTH = RULE_BY_ID["V04"].number
"""The rule that a reading carries which gives way to one of another length; as read it is kept as `raw`."""

NOT_ESTIMATED = (0, 1, 3, 20)
"""Rules whose estimates are not ours: none, a doubtful stamp, a clock change, the supplier's flag."""


class Intervals(NamedTuple):
    """Stretches of time, in any order. [s since 1970 UTC]"""

    start: Instants
    end: Instants


def joined_intervals(pieces: list[Intervals]) -> Intervals:
    """Make one of several."""
    empty = np.empty(0, dtype=np.int64)
    return (
        Intervals(*(np.concatenate([empty, *column]) for column in zip(*pieces, strict=True)))
        if pieces
        else (Intervals(empty, empty))
    )


def covered(own: Intervals, taken: Intervals) -> Bools:
    """True for intervals that lie wholly in what others take together."""
    if not len(taken.start):
        return np.zeros(len(own.start), dtype=np.bool_)
    order = np.argsort(taken.start, kind="stable")
    start, end = taken.start[order], np.maximum.accumulate(taken.end[order])
    begins = np.flatnonzero(np.concatenate(([True], start[1:] > end[:-1])))
    ends = end[np.append(begins[1:] - 1, len(end) - 1)]
    place = np.searchsorted(start[begins], own.start, side="right") - 1
    inside: Bools = (place >= 0) & (own.end <= ends[np.maximum(place, 0)])
    return inside


def as_read(rows: pd.DataFrame) -> tuple["pd.Series[float]", "pd.Series[bool]"]:
    """Give the value of stored readings before another length took their place, and which of them somebody read.

    Parameters
    ----------
    rows : pandas.DataFrame
        `energy_kwh`, `raw_kwh`, `quality`, `rule`, as the database has them.

    Returns
    -------
    value : pandas.Series of float
        NaN where nothing counts. [kWh]
    was_read : pandas.Series of bool
        False for gaps and for what we estimated.
    """
    gave_way = (rows["rule"] == LENGTH) & rows["raw_kwh"].notna()
    value = rows["energy_kwh"].where(~gave_way, rows["raw_kwh"])
    ours = (rows["quality"] == Quality.ESTIMATED) & ~rows["rule"].fillna(0).isin(NOT_ESTIMATED) & ~gave_way
    return value, value.notna() & ~ours


def settled(rows: pd.DataFrame) -> pd.DataFrame:
    """Let each moment of a stream count once.

    What was read goes before what was estimated, a later file before an earlier one, then a shorter interval before a
    longer one. A reading that is left a part of its interval keeps what the shorter ones in it do not hold, or, where
    they hold more than it, and beside longer ones, its share by time.

    Parameters
    ----------
    rows : pandas.DataFrame
        Readings of all lengths of one stream, as the database has them, and `end_utc`.

    Returns
    -------
    pandas.DataFrame
        The same rows with `energy_kwh`, `raw_kwh`, `quality`, `method` and `rule` as they are to be, `is_needless`
        (nothing was read there, and another length has it) and `gave_way` (readings that do not count in full).
    """
    value, was_read = as_read(rows)
    length = (rows["end_utc"] - rows["start_utc"]).to_numpy()
    file_id = rows["file_id"].fillna(0).where(was_read, 0)
    rank = np.lexsort((-length, file_id, np.where(value.isna(), 0, np.where(was_read, 2, 1))))
    times = Intervals(rows["start_utc"].to_numpy(), rows["end_utc"].to_numpy())
    share, rest = _shares(times, np.asarray(value, dtype=np.float64), rank)
    whole, part = share >= 1, (share > 0) & (share < 1)
    back = whole & was_read & (rows["rule"] == LENGTH) & rows["raw_kwh"].notna()
    lost = was_read & ~whole
    # Our estimate of a suspect reading is not cut to a part: the reading stays out, as raw, and the estimate goes.
    dropped = ~was_read & value.notna() & ~whole & (rows["raw_kwh"].notna() | (share <= 0))
    cut = (lost | (~was_read & value.notna() & ~dropped)) & part
    is_needless = ~was_read & (share <= 0) & rows["raw_kwh"].isna()
    out = rows.assign(is_needless=is_needless, gave_way=lost)
    is_cut_already = cut & ~was_read & (rows["rule"] == LENGTH)
    was_cut, kept_as_raw = rows["method"] == Method.PRORATED, lost & (rows["raw_kwh"].isna() | (rows["rule"] == 3))
    was_flagged = back & rows["method"].notna() & ~was_cut
    energy = np.select([back | is_cut_already, cut, lost | dropped], [value, rest, np.nan], rows["energy_kwh"])
    out["energy_kwh"], out["raw_kwh"] = energy, np.select([back, kept_as_raw], [np.nan, value], rows["raw_kwh"])
    out["quality"] = np.select(
        [was_flagged | cut, back, lost | dropped],
        [int(Quality.ESTIMATED), int(Quality.ACTUAL), int(Quality.MISSING)],
        rows["quality"],
    )
    out["method"] = np.select([cut, dropped | (back & was_cut)], [float(Method.PRORATED), np.nan], rows["method"])
    out["rule"] = np.select([was_flagged, back, lost | cut], [20, np.nan, LENGTH], rows["rule"])
    return out


def _shares(times: Intervals, value: Floats, rank: Instants) -> tuple[Floats, Floats]:
    """What part of each interval no better one takes, and the energy that is left for it; `rank`: the best last."""
    edges = np.unique(np.concatenate(times))
    first, last = np.searchsorted(edges, times.start), np.searchsorted(edges, times.end)
    count = (last - first)[rank]
    row = np.repeat(rank, count)
    piece = np.repeat(first[rank], count) + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    holder = np.full(len(edges), -1)
    known = ~np.isnan(value[row])
    holder[piece[known]] = row[known]  # of several the last stays
    by, seconds = holder[piece], np.diff(edges)[piece]
    length = np.maximum(times.end - times.start, 1)
    taken = (by != row) & (by >= 0)
    share = 1 - np.bincount(row, seconds * taken, len(value)) / length
    shorter = taken & (length[by] < length[row])
    inside = np.bincount(row, np.where(shorter, value[by] / length[by] * seconds, 0.0), len(value))
    beside = np.bincount(row, taken & ~shorter, len(value)) > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        left = 1 - inside / value
    by_energy = ~beside & (left >= 0) & (left <= 1)
    return share, np.where(by_energy, value - inside, value * share)
