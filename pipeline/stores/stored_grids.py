"""What the database holds, as grids again: for extracts that are behind, and for whatever reads history."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.clock import DAY, interval_ends
from pipeline.schema import Quality
from pipeline.vee.grid import Grid

LOCAL_DAY = 1440

Read = Callable[[Sequence[int], int, int], pd.DataFrame]


def stored_grids(ranges: pd.DataFrame, read: Read, *, cells: int = 2_000_000) -> Iterator[Grid]:
    """Give stored readings as grids, some channels at a time.

    Parameters
    ----------
    ranges : pandas.DataFrame
        One row a channel: `channel_id`, `site_id`, `meter_id`, `channel`, `interval_minutes`, `timezone`,
        `first_start_utc` (of the channel), and `first`, `last`: between them readings are fresh. [s since 1970 UTC]
    read : function
        (channel_ids, first, last) to the rows of `readings`.
    cells : int, default 2 million
        How many readings to have in memory at once (chosen, not measured).

    Yields
    ------
    Grid
        Whole local days around what is fresh, so that days can be rolled up.
    """
    phase = ranges["first_start_utc"] % (ranges["interval_minutes"].clip(lower=1) * 60)
    phase = phase.where(ranges["interval_minutes"].between(1, LOCAL_DAY - 1), ranges["channel_id"] * -1)
    groups: Any = ranges.groupby(["timezone", "interval_minutes", phase], sort=True)
    for (timezone, minutes, _), group in groups:
        width = np.maximum(1, (group["last"] - group["first"]) // (max(int(minutes), 1) * 60) + 1)
        part = (width.cumsum() - 1) // cells
        for _, channels in group.groupby(part):
            first, last = int(channels["first"].min()) - DAY, int(channels["last"].max()) + DAY
            rows = read(channels["channel_id"].tolist(), first, last)
            if len(rows):
                yield grid_of_rows(rows, channels.reset_index(drop=True), int(minutes), str(timezone))


def grid_of_rows(rows: pd.DataFrame, channels: pd.DataFrame, minutes: int, timezone: str) -> Grid:
    """Lay stored readings on a grid; what is fresh of each channel is told by its `first` and `last` instants."""
    starts = np.unique(rows["start_utc"].to_numpy(dtype=np.int64))
    place = pd.Series(np.arange(len(channels)), index=channels["channel_id"])
    row = place.reindex(rows["channel_id"]).to_numpy()
    at = (row, np.searchsorted(starts, rows["start_utc"].to_numpy(dtype=np.int64)))
    shape = (len(channels), len(starts))

    def layer(name: str, empty: float, dtype: type) -> NDArray[Any]:
        values: NDArray[Any] = np.full(shape, empty, dtype=dtype)
        values[at] = rows[name].fillna(empty).to_numpy()
        return values

    spans = pd.Series(at[1]).groupby(row).agg(["min", "max"]).reindex(range(len(channels)))
    spans = spans.fillna({"min": 0, "max": -1}).astype(np.int64)  # nothing is written of a channel without rows here
    fresh_first = np.searchsorted(starts, channels["first"].to_numpy(dtype=np.int64))
    fresh_last = np.searchsorted(starts, channels["last"].to_numpy(dtype=np.int64), side="right") - 1
    table = channels[["channel_id", "site_id", "meter_id", "channel"]].assign(
        first=spans["min"], last=spans["max"], fresh_first=fresh_first, fresh_last=fresh_last
    )
    return Grid(
        starts=starts,
        ends=_ends(starts, minutes, timezone, rows),
        minutes=minutes,
        timezone=timezone,
        energy=layer("energy_kwh", np.nan, np.float64),
        quality=layer("quality", int(Quality.MISSING), np.uint8),
        method=layer("method", 0, np.uint8),
        raw=layer("raw_kwh", np.nan, np.float64),
        rule=layer("rule", 0, np.uint8),
        file_id=layer("file_id", 0, np.int32),
        channels=table.assign(can_export=False, limit_kw=np.nan),
        elsewhere=_elsewhere(at, spans, shape),
    )


def _elsewhere(
    at: tuple[NDArray[Any], NDArray[Any]], spans: pd.DataFrame, shape: tuple[int, int]
) -> NDArray[np.bool_] | None:
    """True where a channel has no row, as its stream has another interval length there; None: it has all."""
    if len(at[0]) == (spans["max"] - spans["min"] + 1).sum():
        return None
    elsewhere = np.ones(shape, dtype=np.bool_)
    elsewhere[at] = False
    return elsewhere


def _ends(starts: NDArray[np.int64], minutes: int, timezone: str, rows: pd.DataFrame) -> NDArray[np.int64]:
    """End of each interval: by its own length, by the local day, or by the channel's."""
    if rows["minutes"].notna().any():
        own = rows.drop_duplicates("start_utc").set_index("start_utc")["minutes"].fillna(minutes)
        return np.asarray(starts + own.reindex(starts).to_numpy(dtype=np.int64) * 60)
    return interval_ends(timezone, starts, minutes)
