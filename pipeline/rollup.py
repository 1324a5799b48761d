"""From intervals to local days and months: energy, demand, coverage. Grids and frames in, tables out.

Energy is of every value that is used. Demand (peak, base, load factor) is of plain actual readings only: never of one
that was estimated or edited, or that a rule has marked (a clock change, a partial interval).
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.clock import DAY, clock_changes
from pipeline.schema import Quality
from pipeline.vee.grid import Bools, Floats, Grid, Instants

LOCAL_DAY = 1440
SUPPLIER_FLAG = 20
"""Rule V20: the supplier says that the value is an estimate; it is what was read all the same."""


@dataclass(frozen=True)
class Days:
    """The local days of a grid.

    Attributes
    ----------
    number : array of int64, shape (days,)
        [days since 1970-01-01 local]
    edges : array of int64, shape (days,)
        Position of the first interval of each day.
    cells : array of int64, shape (days, most intervals of a day)
        Positions of each day's intervals; one past the last interval of the grid where a day has fewer.
    """

    number: Instants
    edges: Instants
    cells: Instants


def roll_up_daily(grid: Grid, holidays: Collection[int] | Instants | None = None, base_percent: float = 5) -> pa.Table:
    """Sum up each channel's local days, those that hold an interval which this run may write.

    A day at the edge of a channel's span, or of a clock change, is measured against the whole local day.

    Parameters
    ----------
    grid : Grid
        After validation, with the whole of every day that is to be written. Daily values (1440 minutes) pass through;
        they have no demand.
    holidays : set or array of int, or None
        Local day numbers that are public holidays; None: nobody has said. [days since 1970-01-01]
    base_percent : float, default 5
        Percentile of a day's power that is its base load (openEIS, daily summary). [%]

    Returns
    -------
    pyarrow.Table
        One row a channel and day, channel by channel: `meter_id`, `channel`, `date`, `energy_kwh`, `raw_kwh` (sum of
        the values as they were read), `coverage`, `estimated_share`, `peak_kw`, `peak_start` (wall clock), `base_kw`,
        `load_factor`, `is_weekend`, `is_holiday`, `expected_intervals`, `site_id`. Null where nothing is known.

    Raises
    ------
    ValueError
        For a grid of irregular intervals, which belong to no day.
    """
    if grid.minutes <= 0:
        raise ValueError("irregular intervals belong to no day")
    days = _days(grid.local_days())
    written = _written(grid, days)
    channel, day = np.nonzero(written)
    expected = np.maximum(1, day_seconds(grid.timezone, days.number) // (grid.minutes * 60))
    measures = _energy(grid, days, expected) | _demand(grid, days, base_percent)
    columns = {
        name: _texts(grid.channels[name]).take(pa.array(channel, pa.int64()))
        for name in ("meter_id", "channel", "site_id")
    }
    columns |= {name: pa.array(values[written], from_pandas=True) for name, values in measures.items()}
    columns["peak_start"] = columns["peak_start"].cast(pa.int64()).cast(pa.timestamp("s"))
    columns["expected_intervals"] = pa.array(expected[day].astype(np.int32))
    return pa.table(columns | _calendar(days.number[day], holidays))


def _calendar(number: Instants, holidays: Collection[int] | Instants | None) -> dict[str, "pa.Array[Any]"]:
    is_holiday = pa.nulls(len(number), pa.bool_())
    if holidays is not None:
        is_holiday = pa.array(np.isin(number, np.array(sorted(holidays), dtype=np.int64)))
    return {
        "date": pa.array(number.astype(np.int32)).view(pa.date32()),
        "is_weekend": pa.array((number + 3) % 7 >= 5),  # 1970-01-01 was a Thursday
        "is_holiday": is_holiday,
    }


def roll_up_monthly(daily: pd.DataFrame, ratchet_months: int = 12) -> pd.DataFrame:
    """Sum up local days to calendar months, with what billing asks for.

    Parameters
    ----------
    daily : pandas.DataFrame
        Rows as of `roll_up_daily`.
    ratchet_months : int, default 12
        How long a peak is remembered, the month itself included (reference, section 12). [months]

    Returns
    -------
    pandas.DataFrame
        One row a channel and month: `meter_id`, `channel`, `month` (first day), `days` (with a value), `energy_kwh`,
        `raw_kwh`, `daily_kwh` (mean of the days with a value, to be read where coverage is low), `peak_kw`,
        `peak_start`, `ratchet_kw` (highest peak of the last months), `base_kw` (mean of the days), `load_factor`,
        `coverage` (of the whole calendar month), `estimated_share`.
    """
    key = ["meter_id", "channel", "month"]
    rows = daily.assign(
        month=pd.to_datetime(daily["date"]).dt.to_period("M"),
        days=daily["energy_kwh"].notna(),
        size=daily["energy_kwh"].abs(),
        estimated=daily["energy_kwh"].abs() * daily["estimated_share"],
        mean_kw=daily["load_factor"] * daily["peak_kw"] * daily["coverage"],
        metered=daily["coverage"].where(daily["load_factor"].notna()),
    )
    months = rows.groupby(key)[["energy_kwh", "raw_kwh"]].sum(min_count=1)
    sums = rows.groupby(key)[["days", "size", "estimated", "mean_kw", "metered", "coverage"]].sum()
    peaks = rows.sort_values(["peak_kw", "peak_start"], ascending=[False, True]).groupby(key)
    months = months.join(peaks[["peak_kw", "peak_start"]].first()).join(rows.groupby(key)["base_kw"].mean())
    months = months.assign(
        days=sums["days"],
        daily_kwh=months["energy_kwh"] / sums["days"].where(sums["days"] > 0),
        load_factor=sums["mean_kw"] / sums["metered"].where(sums["metered"] > 0) / months["peak_kw"],
        coverage=sums["coverage"] / pd.PeriodIndex(months.index.get_level_values("month")).days_in_month,
        estimated_share=sums["estimated"] / sums["size"].where(sums["size"] > 0),
        ratchet_kw=_ratchet(months["peak_kw"], ratchet_months),
    )
    return months.reset_index().assign(month=lambda frame: frame["month"].dt.to_timestamp())


def _ratchet(peaks: "pd.Series[float]", months: int) -> "pd.Series[float]":
    """Highest peak of each month and the ones before it; months without a row are months all the same."""
    frame = peaks.rename("ratchet_kw").reset_index()
    later = [frame.assign(month=frame["month"] + shift) for shift in range(months)]
    return pd.concat(later).groupby(list(peaks.index.names))["ratchet_kw"].max().reindex(peaks.index)


def day_seconds(timezone: str, days: Instants) -> Instants:
    """Give the length of local days, 86 400 s unless the clock changes.

    Parameters
    ----------
    timezone : str
        IANA name.
    days : array of int64
        [days since 1970-01-01 local]

    Returns
    -------
    array of int64
        [s]
    """
    if len(days) == 0:
        return np.zeros(0, dtype=np.int64)
    changes, offsets = clock_changes(timezone, int(days.min()) - 2, int(days.max()) + 2)
    begin, end = changes + offsets, np.append(changes[1:], changes[-1] + 10**10) + offsets
    low, high = days[:, None] * DAY, (days[:, None] + 1) * DAY
    # a day is what all stretches of one offset show of it: so it holds also where the clock changes at midnight
    shown: Instants = np.clip(np.minimum(high, end) - np.maximum(low, begin), 0, None)
    return np.asarray(shown.sum(axis=1), dtype=np.int64)


def _days(local_days: Instants) -> Days:
    edges = np.flatnonzero(np.diff(local_days, prepend=-(10**9)))
    counts = np.diff(edges, append=len(local_days))
    cells = edges[:, None] + np.arange(counts.max(initial=1))
    cells[cells >= (edges + counts)[:, None]] = len(local_days)
    return Days(local_days[edges], edges, cells)


def _written(grid: Grid, days: Days) -> Bools:
    """True for the days that hold an interval of the channel that may be written; shape (channels, days)."""
    first, last, fresh_first, fresh_last = (
        grid.channels[name].to_numpy(dtype=np.int64)[:, None] for name in ("first", "last", "fresh_first", "fresh_last")
    )
    low, high = np.maximum(first, fresh_first), np.minimum(last, fresh_last)
    ends = np.append(days.edges[1:], grid.shape[1])
    written: Bools = (low <= high) & (days.edges <= high) & (ends > low)
    return written if grid.elsewhere is None else written & (_sum(~grid.elsewhere, days) > 0)


def _texts(values: "pd.Series[str]") -> "pa.Array[Any]":
    return pa.array(values.to_numpy(dtype=object), pa.string())


def _energy(grid: Grid, days: Days, expected: Instants) -> dict[str, Floats]:
    """Sums of energy, and what part of it was measured; each of shape (channels, days)."""
    inside = _inside(grid)
    known = ~np.isnan(grid.energy) & inside
    actual = known & (grid.quality == Quality.ACTUAL)
    estimated = known & (grid.quality == Quality.ESTIMATED)
    original = np.where(actual | (estimated & (grid.rule == SUPPLIER_FLAG)), grid.energy, np.nan)
    original = np.where(np.isnan(grid.raw) | ~inside, original, grid.raw)
    energy, size = (_sum(np.where(known, values, 0.0), days) for values in (grid.energy, np.abs(grid.energy)))
    some = _sum(known, days) > 0
    share = _sum(np.where(estimated, np.abs(grid.energy), 0.0), days) / np.where(size > 0, size, 1.0)
    return {
        "energy_kwh": np.where(some, energy, np.nan),
        "raw_kwh": _sum_known(original, days),
        "coverage": _sum(actual, days) / expected,
        "estimated_share": np.where(some, share, np.nan),
    }


def _demand(grid: Grid, days: Days, base_percent: float) -> dict[str, Floats]:
    """Peak and when it was, base, load factor, all of plain actual readings; each of shape (channels, days)."""
    sound = (grid.quality == Quality.ACTUAL) & (grid.rule == 0) & _inside(grid) & (grid.minutes < LOCAL_DAY)
    demand = np.where(sound, grid.energy / grid.hours, np.nan)
    by_day = np.take(np.pad(demand, ((0, 0), (0, 1)), constant_values=np.nan), days.cells, axis=1)
    highest = np.where(np.isnan(by_day), -np.inf, by_day).argmax(axis=2)
    ascending = np.sort(by_day, axis=2)  # NaN last
    count = _sum(~np.isnan(demand), days)
    peak = _at(ascending, count - 1)
    mean = _sum_known(demand, days) / np.maximum(count, 1)
    start = np.append(grid.wall_clock(), 0)[days.cells[np.arange(len(days.number)), highest]]
    return {
        "peak_kw": peak,
        "peak_start": np.where(np.isnan(peak), np.nan, start),
        "base_kw": _percentile(ascending, count, base_percent),
        "load_factor": np.where(peak > 0, mean / np.where(peak > 0, peak, 1.0), np.nan),
    }


def _inside(grid: Grid) -> Bools:
    """True where a reading is expected; of shape (1, 1) when that is everywhere."""
    spans = grid.channels
    if grid.elsewhere is None and (spans["first"] == 0).all() and (spans["last"] == grid.shape[1] - 1).all():
        return np.ones((1, 1), dtype=np.bool_)
    return grid.expected()


def _percentile(ascending: Floats, count: Instants, percent: float) -> Floats:
    """Percentile along the last axis of sorted values, NaN last, between neighbours in proportion."""
    rank = np.maximum(count - 1, 0) * (percent / 100.0)
    below = rank.astype(np.int64)
    low, high = _at(ascending, below), _at(ascending, np.minimum(below + 1, count - 1))
    return low + (high - low) * (rank - below)


def _at(values: Floats, position: Instants) -> Floats:
    return np.take_along_axis(values, np.maximum(position, 0)[:, :, None], axis=2)[:, :, 0]


def _sum(values: NDArray[Any], days: Days) -> NDArray[Any]:
    kind = np.int64 if values.dtype == np.bool_ else values.dtype
    if len(days.edges) == 0:
        return np.zeros((len(values), 0), dtype=kind)
    return np.add.reduceat(values, days.edges, axis=1, dtype=kind)


def _sum_known(values: Floats, days: Days) -> Floats:
    """Sum of what is known of each day, NaN where that is nothing."""
    known = ~np.isnan(values)
    return np.where(_sum(known, days) > 0, _sum(np.where(known, values, 0.0), days), np.nan)
