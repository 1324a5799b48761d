"""The extracts of forecasts, kept up to what has been loaded and to what has been forecast since.

What stands in them follows from the database alone: readings up to now, each stream's newest issue, and nothing of when
or how often they were written.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import Engine
from tableauhyperapi import HyperProcess  # type: ignore[import-untyped]

from pipeline.clock import DAY, utc_offsets
from pipeline.forecast_days import Cells, day_cells, has_hours, hour_cells, local_days, midnights
from pipeline.schema import STREAM
from pipeline.stores.database import changes_since, read_channels, read_readings
from pipeline.stores.extracts import ANOMALIES, FORECAST, FORECAST_EXTRACTS, Extract
from pipeline.stores.forecasts import (
    DAY_GRAIN,
    HOUR_GRAIN,
    newest_changes,
    read_anomalies,
    read_forecasts,
    read_issues,
    read_scores,
)
from pipeline.stores.hyper import build_extract, update_extract, write_extract
from pipeline.stores.stored_grids import stored_grids
from pipeline.stores.watermark import Watermark, extract_mark
from pipeline.vee.grid import Grid, Instants

KEY = ["channel_id", "interval_minutes", "start_utc"]
GRAINS = {HOUR_GRAIN: "hour", DAY_GRAIN: "day"}
EVER = 10**10
"""Further from 1970 than any reading. [s]"""

HOURS_OF_HISTORY = 92
"""Days before the origin of which `forecast.hyper` has hours; of local days it has all (chosen: a quarter of a year is
what a chart of hours shows, and more than a forecast of hours by a table calculation learns from). [days]"""

STREAMS_AT_ONCE = 50


def forecasts_behind(folder: Path, watermark: Watermark) -> list[Extract]:
    """Give the extracts of forecasts that do not hold what the database does; none before the first forecast."""
    if watermark.issue_id == 0:
        return []
    return [one for one in FORECAST_EXTRACTS.values() if _mark(folder, one, watermark) != watermark]


def _mark(folder: Path, extract: Extract, watermark: Watermark) -> Watermark | None:
    """How far an extract is; None when it is to be built anew, as after the database was put back to a backup."""
    mark = extract_mark(folder / f"{extract.name}.hyper", extract, watermark.database)
    if mark is None or mark.load_id > watermark.load_id or mark.issue_id > watermark.issue_id:
        return None
    return mark


def catch_up_forecasts(
    hyper: HyperProcess, engine: Engine, folder: Path, extract: Extract, watermark: Watermark
) -> None:
    """Bring one of `forecasts_behind` up to the database; errors as for `build_extract`."""
    path, streams = folder / f"{extract.name}.hyper", issued_streams(engine)
    if extract is not FORECAST:
        rows = _anomaly_rows(engine, streams) if extract is ANOMALIES else _score_rows(engine, streams)
        write_extract(hyper, path, extract, rows, watermark)
        return
    mark = _mark(folder, extract, watermark)
    if mark is None:
        with build_extract(hyper, path, extract, watermark) as build:
            for rows in forecast_rows(engine, streams.assign(first=-EVER, last=EVER)):
                build.add(rows)
        return
    stale = _stale(engine, streams, mark)
    with update_extract(hyper, path, extract, watermark, stale) as build:
        for rows in forecast_rows(engine, stale):
            build.add(rows)


def issued_streams(engine: Engine) -> pd.DataFrame:
    """Give every stream that has an issue: its issue, and `meter_id`, `channel`, `site_id`, `timezone`, `is_stale`."""
    channels = read_channels(engine)
    newest = (
        channels.assign(changed=channels["channel_id"].map(newest_changes(engine))).groupby(STREAM)["changed"].max()
    )
    streams = read_issues(engine).merge(channels[["channel_id", *STREAM, "site_id", "timezone"]], on="channel_id")
    changed = newest.reindex(pd.MultiIndex.from_frame(streams[STREAM])).to_numpy(dtype=np.float64)
    return streams.assign(is_stale=changed > streams["load_id"])


def _stale(engine: Engine, streams: pd.DataFrame, mark: Watermark) -> pd.DataFrame:
    """Streams of which something is to be written anew, and from when to when: whole local days, or ever."""
    channels = read_channels(engine)
    ends = channels.groupby(STREAM).agg(begin=("first_start_utc", "min"), end=("last_start_utc", "max"))
    changed = changes_since(engine, mark.load_id).merge(channels[["channel_id", *STREAM]], on="channel_id")
    changed = changed.groupby(STREAM, as_index=False).agg({"first": "min", "last": "max"}).merge(ends, on=STREAM)
    found = streams.merge(changed, on=STREAM, how="left")
    is_new = found["issue_id"] > mark.issue_id
    found = found[is_new | found["first"].notna()]
    days = {name: _day_edges(found, name, shift) for name, shift in (("first", 0), ("last", 1))}
    # A change that reaches an end of what is stored may be one of the clock: it reaches what lies beyond, too.
    is_inside = ~is_new[found.index]
    before = is_inside & (found["begin"].astype("Int64") < found["first"].astype("Int64")).fillna(False)
    after = is_inside & (found["end"].astype("Int64") > found["last"].astype("Int64")).fillna(False)
    return found.assign(
        first=days["first"].where(before, -EVER).astype(np.int64),
        last=(days["last"] - 1).where(after, EVER).astype(np.int64),
    )


def _day_edges(found: pd.DataFrame, name: str, shift: int) -> "pd.Series[int]":
    """First instant of the local day of each instant, or of the day after it."""
    edges = pd.Series(0, index=found.index, dtype=np.int64)
    for timezone, own in found[name].dropna().astype(np.int64).groupby(found["timezone"]):
        edges[own.index] = midnights(str(timezone), local_days(str(timezone), np.asarray(own, dtype=np.int64)) + shift)
    return edges


def forecast_rows(engine: Engine, streams: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Give the rows of `forecast.hyper` of some streams.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    streams : pandas.DataFrame
        As `issued_streams` gives them, with `first` and `last`: which starts are wanted. [s since 1970 UTC]

    Yields
    ------
    pandas.DataFrame
        Some streams at a time; with the columns of `FORECAST`, unsorted.
    """
    channels, scores = read_channels(engine), _past_errors(read_scores(engine))
    wanted = streams[streams["hourly_model"].notna() | streams["daily_model"].notna()]
    for first in range(0, len(wanted), STREAMS_AT_ONCE):
        some = wanted.iloc[first : first + STREAMS_AT_ONCE]
        ahead = read_forecasts(engine, some["channel_id"].tolist())
        rows = _history(engine, some, channels).merge(ahead, on=KEY, how="outer")
        rows = rows.merge(some, on="channel_id").merge(scores, on=KEY[:2], how="left")
        yield _finished(rows[rows["start_utc"].between(rows["first"], rows["last"])])


def _finished(rows: pd.DataFrame) -> pd.DataFrame:
    start, wall = _clocks(rows, "start_utc")
    is_said = rows["forecast_kwh"].notna()
    model = rows["hourly_model"].where(rows["interval_minutes"] == HOUR_GRAIN, rows["daily_model"])
    return rows.assign(
        grain=rows["interval_minutes"].map(GRAINS),
        interval_start=pd.to_datetime(wall, unit="s"),
        interval_start_utc=pd.to_datetime(start, unit="s"),
        model=model.where(is_said, None),
        is_forecast=is_said & rows["energy_kwh"].isna(),
        issued_at=pd.to_datetime(rows["issued_utc"].where(is_said), unit="s"),
        past_mae_kwh=rows["mae_kwh"].where(is_said),
        past_mase=rows["mase"].where(is_said),
    )[FORECAST.names]


def _clocks(rows: pd.DataFrame, name: str) -> tuple["pd.Series[int]", "pd.Series[int]"]:
    """Instants of rows, in UTC and on the clock of each row's site. [s since 1970]"""
    start, wall = rows[name].astype(np.int64), pd.Series(0, index=rows.index, dtype=np.int64)
    for timezone, own in start.groupby(rows["timezone"]):
        wall[own.index] = own + utc_offsets(str(timezone), np.asarray(own, dtype=np.int64))
    return start, wall


def _past_errors(scores: pd.DataFrame) -> pd.DataFrame:
    """Give the errors of the models in use, at the longest horizon that was tested."""
    chosen = scores[scores["is_chosen"] == 1].sort_values("horizon_days")
    return chosen.drop_duplicates(KEY[:2], keep="last")[[*KEY[:2], "mae_kwh", "mase"]]


def _history(engine: Engine, streams: pd.DataFrame, channels: pd.DataFrame) -> pd.DataFrame:
    """Give what is known of hours and days: `KEY` (the stream's channel) and `energy_kwh`."""
    columns = ["channel_id", *STREAM, "origin_utc", "first", "last"]
    members = channels.merge(streams[columns].rename(columns={"channel_id": "stream"}), on=STREAM)
    members = members[members["first_start_utc"].notna() & (members["interval_minutes"] > 0)]
    bounds = {
        "first": members["first"].clip(lower=members["first_start_utc"].astype(np.int64)),
        "last": members["last"].clip(upper=members["last_start_utc"].astype(np.int64)),
    }
    members = members.assign(**bounds)
    members = members[members["first"] <= members["last"]]
    by_id = members.set_index("channel_id")

    def read(channel_ids: Sequence[int], first: int, last: int) -> pd.DataFrame:
        return read_readings(engine, channel_ids, first, last).to_pandas()

    parts = [part for grid in stored_grids(members, read) for part in _grid_rows(grid, by_id)]
    empty = pd.DataFrame({name: np.zeros(0, np.int64) for name in KEY} | {"energy_kwh": np.zeros(0)})
    found = pd.concat([empty, *parts], ignore_index=True)
    # Of two lengths of interval that tell of the same hour, the shorter is taken. A gap is no row: so a row without
    # energy is one of the future.
    found = found[found["energy_kwh"].notna()].sort_values("length", kind="stable")
    return found.drop_duplicates(KEY)[[*KEY, "energy_kwh"]]


def _grid_rows(grid: Grid, members: pd.DataFrame) -> Iterator[pd.DataFrame]:
    own = members.loc[grid.channels["channel_id"]]
    first, last = (own[name].to_numpy(dtype=np.int64) for name in ("first_start_utc", "last_start_utc"))
    if has_hours(grid):
        oldest = own["origin_utc"].to_numpy(dtype=np.int64) - HOURS_OF_HISTORY * DAY
        yield _cell_rows(hour_cells(grid), own, np.maximum(first - HOUR_GRAIN * 60, oldest), last, HOUR_GRAIN)
    # The days at both ends of what was read may be cut off there.
    edges = (
        local_days(grid.timezone, bound) for bound in (own["first"].to_numpy(np.int64), own["last"].to_numpy(np.int64))
    )
    begin, end = (midnights(grid.timezone, days) for days in edges)
    yield _cell_rows(day_cells(grid), own, begin, end, DAY_GRAIN)


def _cell_rows(
    cells: Cells,
    own: pd.DataFrame,
    first: Instants,
    last: Instants,
    grain: int,
) -> pd.DataFrame:
    """Rows of cells that start between bounds, each channel's own."""
    channel, at = np.nonzero((cells.starts >= first[:, None]) & (cells.starts <= last[:, None]))
    return pd.DataFrame(
        {
            "channel_id": own["stream"].to_numpy(dtype=np.int64)[channel],
            "interval_minutes": grain,
            "start_utc": cells.starts[at],
            "energy_kwh": cells.energy[channel, at],
            "length": own["interval_minutes"].to_numpy(dtype=np.int64)[channel],
        }
    )


def _anomaly_rows(engine: Engine, streams: pd.DataFrame) -> pd.DataFrame:
    rows = read_anomalies(engine).merge(streams, on="channel_id")
    start, wall = _clocks(rows, "first_start_utc")
    return rows.assign(
        date=pd.to_datetime(wall // DAY * DAY, unit="s").dt.date,
        interval_start=pd.to_datetime(wall, unit="s"),
        interval_start_utc=pd.to_datetime(start, unit="s"),
        issued_at=pd.to_datetime(rows["issued_utc"], unit="s"),
    )


def _score_rows(engine: Engine, streams: pd.DataFrame) -> pd.DataFrame:
    """Past errors of every model, and a row without any for a stream of which something is not forecast."""
    rows = pd.concat([read_scores(engine), streams.loc[streams["reason"].notna(), ["channel_id"]]])
    rows = rows.merge(streams, on="channel_id")
    return rows.assign(
        grain=rows["interval_minutes"].map(GRAINS),
        is_chosen=rows["is_chosen"].map({1: True, 0: False}),
        history_end_utc=pd.to_datetime(rows["origin_utc"].astype("Float64"), unit="s"),
        issued_at=pd.to_datetime(rows["issued_utc"], unit="s"),
        **{name: rows[name].astype("Int32") for name in ("horizon_days", "origins")},
    )
