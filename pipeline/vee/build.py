"""From numbered readings, and what the database already holds, to a grid (V02: repeated readings)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.clock import DAY
from pipeline.schema import Finding, Quality
from pipeline.vee.cells import IRREGULAR, Cells, starts_of
from pipeline.vee.grid import Grid
from pipeline.vee.place import LOCAL_DAY

HISTORY_COLUMNS = ("channel_id", "start_utc", "energy_kwh", "raw_kwh", "quality", "method", "rule", "file_id")


@dataclass(frozen=True)
class Replaced:
    """Readings that a later one of the same run replaced, for the audit trail; `row` is that of the grid."""

    row: NDArray[np.int64]
    start_utc: NDArray[np.int64]
    energy_kwh: NDArray[np.float64]
    file_id: NDArray[np.int32]


def join_cells(pieces: Sequence[Cells]) -> Cells:
    """Make one of pieces that share interval length, phase and clock; rows of later files last."""
    if len(pieces) == 1:
        return pieces[0]
    sizes = [len(piece.position) for piece in pieces]
    fillers = {"raw": np.nan, "quality": np.uint8(0), "method": np.uint8(0), "rule": np.uint8(0)}
    order = np.argsort(np.concatenate([piece.file_id for piece in pieces]), kind="stable")
    joined: dict[str, Any] = {}
    for name in ("number", "position", "end", "energy", "raw", "quality", "method", "rule", "file_id"):
        columns = [getattr(piece, name) for piece in pieces]
        if all(column is None for column in columns):
            joined[name] = None
            continue
        filled = [
            np.full(size, fillers[name]) if column is None else column
            for size, column in zip(sizes, columns, strict=True)
        ]
        joined[name] = np.concatenate(filled)[order]
    return replace(pieces[0], **joined)


def without_blanks(cells: Cells) -> Cells:
    """Leave out rows without a value: on a grid a blank and a row that is not there are the same gap."""
    keep = ~np.isnan(cells.energy)
    return cells if keep.all() else _take(cells, keep)


def regular_grid(
    cells: Cells, channels: pd.DataFrame, history: pd.DataFrame | None = None
) -> tuple[Grid, list[Finding], Replaced]:
    """Lay readings of one interval length on a grid.

    Parameters
    ----------
    cells : Cells
        Not irregular, without blanks (`without_blanks`).
    channels : pandas.DataFrame
        One row for each channel number in `cells`, index = that number: `site_id`, `meter_id`, `channel`,
        `channel_id`, `can_export`, `limit_kw`.
    history : pandas.DataFrame or None
        Readings of these channels in the database (`HISTORY_COLUMNS`) before, within and after the new ones.

    Returns
    -------
    grid : Grid
        History outside what this run may write stands as it was; inside, what was read stands again and the new
        readings over it.
    findings : list of Finding
        V02, one for each channel with repeated readings.
    replaced : Replaced
        Earlier readings of this run that differ from the one kept.
    """
    row_of = np.zeros(int(channels.index.max()) + 1, dtype=np.int64)
    row_of[channels.index.to_numpy()] = np.arange(len(channels))
    row = row_of[cells.number]
    first, last = _spans(row, cells.position, len(channels))
    past = _past(history, channels, cells)
    fresh_first, fresh_last = _fresh(first, last, past)
    low, high = int(first.min()), int(last.max())
    if len(past):
        low, high = min(low, int(past["position"].min())), max(high, int(past["position"].max()))
    positions = np.arange(low, high + 1, dtype=np.int64)
    bounds = starts_of(np.append(positions, high + 1), cells.minutes, cells.phase, cells.timezone)
    table = channels.reset_index(drop=True).assign(
        first=np.minimum(first, fresh_first) - low,
        last=np.maximum(last, fresh_last) - low,
        fresh_first=fresh_first - low,
        fresh_last=fresh_last - low,
    )
    table = _with_past_span(table, past, low)
    layers = _blank(cells, (len(table), len(positions)), plain=past.empty)
    flat = row * len(positions) + (cells.position - low)
    if len(past):
        _lay_history(layers, past.assign(position=past["position"] - low), table)
    findings, replaced = _repeated(cells, flat, bounds, table)
    _lay(layers, cells, flat)
    grid = Grid(bounds[:-1], bounds[1:], cells.minutes, cells.timezone, channels=table, **layers)
    return grid, findings, replaced


def _take(cells: Cells, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Cells:
    names = ("number", "position", "end", "energy", "raw", "quality", "method", "rule", "file_id")
    columns = ((name, getattr(cells, name)) for name in names)
    chosen: dict[str, Any] = {name: None if column is None else column[keep] for name, column in columns}
    return replace(cells, **chosen)


def _spans(
    row: NDArray[np.int64], position: NDArray[np.int64], channels: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    edges = np.flatnonzero(np.diff(row, prepend=-1))
    first = np.full(channels, np.iinfo(np.int64).max)
    last = np.full(channels, np.iinfo(np.int64).min)
    np.minimum.at(first, row[edges], np.minimum.reduceat(position, edges))
    np.maximum.at(last, row[edges], np.maximum.reduceat(position, edges))
    return first, last


def _past(history: pd.DataFrame | None, channels: pd.DataFrame, cells: Cells) -> pd.DataFrame:
    """Give history a row and a position on the grid to be."""
    if history is None or history.empty:
        return pd.DataFrame(columns=[*HISTORY_COLUMNS, "row", "position"])
    is_known = channels["channel_id"].to_numpy() > 0
    row_of = pd.Series(np.flatnonzero(is_known), index=channels["channel_id"][is_known])
    start = history["start_utc"].to_numpy(dtype=np.int64)
    step = cells.minutes * 60
    if cells.minutes == LOCAL_DAY:
        days = np.arange(start.min() // DAY - 1, start.max() // DAY + 2)
        begins = starts_of(days, cells.minutes, cells.phase, cells.timezone)
        position = days[np.searchsorted(begins, start, side="right") - 1]
    else:
        position = (start - cells.phase) // step
    return history.assign(row=row_of.reindex(history["channel_id"]).to_numpy(), position=position)


def _fresh(
    first: NDArray[np.int64], last: NDArray[np.int64], past: pd.DataFrame
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions this run may write: from the first new reading to the last, and the gap up to what stands beside."""
    fresh_first, fresh_last = first.copy(), last.copy()
    groups: Any = past.groupby("row")["position"] if len(past) else ()
    for place, own in groups:
        before, after = own[own < first[place]], own[own > last[place]]
        if len(before):
            fresh_first[place] = before.max() + 1
        if len(after):
            fresh_last[place] = after.min() - 1
    return fresh_first, fresh_last


def _with_past_span(table: pd.DataFrame, past: pd.DataFrame, low: int) -> pd.DataFrame:
    if past.empty:
        return table
    spans = past.groupby("row")["position"].agg(["min", "max"]).reindex(table.index)
    return table.assign(
        first=np.fmin(table["first"], spans["min"] - low).astype(np.int64),
        last=np.fmax(table["last"], spans["max"] - low).astype(np.int64),
    )


def _blank(cells: Cells, shape: tuple[int, int], *, plain: bool) -> dict[str, Any]:
    """Layers of an empty grid; those nobody will write to take no memory."""

    def layer(column: object, empty: float, dtype: type) -> NDArray[Any]:
        filler: NDArray[Any] = np.array(empty, dtype=dtype)
        return np.broadcast_to(filler, shape) if plain and column is None else np.full(shape, filler)

    return {
        "energy": np.full(shape, np.nan),
        "quality": np.full(shape, int(Quality.MISSING), dtype=np.uint8),
        "method": layer(cells.method, 0, np.uint8),
        "raw": layer(cells.raw, np.nan, np.float64),
        "rule": layer(cells.rule, 0, np.uint8),
        "file_id": np.zeros(shape, dtype=np.int32),
    }


def _lay_history(layers: dict[str, Any], past: pd.DataFrame, table: pd.DataFrame) -> None:
    """Outside what may be written, history as it stands; inside, what was read: estimates and verdicts are made anew.

    Readings that a supplier flagged (rule 20), that a clock change touched (3) or that are doubtful (1) stay so.
    """
    row, position = past["row"].to_numpy(), past["position"].to_numpy()
    fresh = (position >= table["fresh_first"].to_numpy()[row]) & (position <= table["fresh_last"].to_numpy()[row])
    rule = past["rule"].fillna(0).to_numpy(dtype=np.uint8)
    redo = fresh & ~np.isin(rule, (1, 3, 20))
    energy, raw = (past[name].to_numpy(dtype=np.float64) for name in ("energy_kwh", "raw_kwh"))
    read = np.where(np.isnan(raw), np.where(rule == 5, np.nan, energy), raw)
    at = (row, position)
    layers["energy"][at] = np.where(redo, read, energy)
    layers["raw"][at] = np.where(redo, np.nan, raw)
    plain = np.where(np.isnan(read), int(Quality.MISSING), int(Quality.ACTUAL))
    layers["quality"][at] = np.where(redo, plain, past["quality"].to_numpy())
    layers["method"][at] = np.where(redo, 0, past["method"].fillna(0).to_numpy())
    layers["rule"][at] = np.where(redo, 0, rule)
    layers["file_id"][at] = past["file_id"].fillna(0).to_numpy()


def _lay(layers: dict[str, Any], cells: Cells, flat: NDArray[np.int64]) -> None:
    layers["energy"].ravel()[flat] = cells.energy
    layers["file_id"].ravel()[flat] = cells.file_id
    if cells.quality is None:
        layers["quality"].ravel()[flat] = Quality.ACTUAL
    else:
        layers["quality"].ravel()[flat] = cells.quality
    for name, empty in (("method", 0), ("rule", 0), ("raw", np.nan)):
        column = getattr(cells, name)
        if layers[name].flags.writeable:
            layers[name].ravel()[flat] = empty if column is None else column
    if cells.quality is not None:
        _withhold(layers, flat[cells.quality == Quality.MISSING])


def _withhold(layers: dict[str, Any], flat: NDArray[np.int64]) -> None:
    """Keep as raw what the supplier marked as no reading (NEM12 quality N), and publish nothing (V20)."""
    if len(flat) == 0:
        return
    for name, empty in (("raw", np.nan), ("rule", 0)):
        if not layers[name].flags.writeable:
            layers[name] = np.full(layers[name].shape, empty, dtype=layers[name].dtype)
    layers["raw"].ravel()[flat] = layers["energy"].ravel()[flat]
    layers["energy"].ravel()[flat] = np.nan
    layers["rule"].ravel()[flat] = 20


def _repeated(
    cells: Cells, flat: NDArray[np.int64], bounds: NDArray[np.int64], table: pd.DataFrame
) -> tuple[list[Finding], Replaced]:
    """V02: find intervals that stand more than once; the last one wins."""
    instants = np.empty(0, dtype=np.int64)
    nobody = Replaced(instants, instants, np.empty(0), np.empty(0, dtype=np.int32))
    touched = np.zeros((len(bounds) - 1) * len(table), dtype=np.bool_)
    touched[flat] = True
    if np.count_nonzero(touched) == len(flat):
        return [], nobody
    order = np.argsort(flat, kind="stable")
    same = np.flatnonzero(flat[order][1:] == flat[order][:-1])
    earlier, later = order[same], order[same + 1]
    differs = cells.energy[earlier] != cells.energy[later]
    width = len(bounds) - 1
    frame = pd.DataFrame({"row": flat[earlier] // width, "start": bounds[flat[earlier] % width], "differs": differs})
    rows: Any = frame.groupby("row")
    findings = [_repeated_finding(own, table.loc[row], cells.timezone) for row, own in rows]
    gone = earlier[differs]
    replaced = Replaced(
        flat[gone] // width,
        bounds[flat[gone] % width],
        cells.energy[gone],
        cells.file_id[gone],
    )
    return findings, replaced


def _repeated_finding(own: pd.DataFrame, channel: pd.Series, timezone: str) -> Finding:
    different = int(own["differs"].sum())
    text = (
        f"{len(own)} repeated readings: {len(own) - different} identical, {different} with another value; "
        "the last one is kept"
    )
    if different and _is_an_hour_twice(own.loc[own["differs"], "start"], timezone):
        text += f"; it is an hour of a Sunday night, as clocks repeat it in autumn: is {timezone} theirs? (--timezone)"
    first, last = int(own["start"].min()), int(own["start"].max())
    return Finding("V02", channel["meter_id"], channel["channel"], first, last, len(own), text)


def _is_an_hour_twice(starts: "pd.Series[int]", timezone: str) -> bool:
    """Whether repeated intervals are one hour of a Sunday night, once a year: that of another zone's clock change."""
    wall = pd.to_datetime(starts, unit="s", utc=True).dt.tz_convert(timezone)
    hours = wall.dt.floor("h").drop_duplicates()
    once = not hours.dt.year.duplicated().any()
    return once and bool(((hours.dt.day_of_week == 6) & (hours.dt.hour < 4) & (hours.dt.month > 2)).all())


def irregular_grids(cells: Cells, channels: pd.DataFrame) -> list[Grid]:
    """Lay readings that each have their own end on grids of one channel, in order of time, later rows winning.

    Parameters
    ----------
    cells : Cells
        Irregular, `end` given.
    channels : pandas.DataFrame
        As for `regular_grid`.

    Returns
    -------
    list of Grid
        `minutes` is `IRREGULAR`; starts ascend, gaps between them are possible.
    """
    grids = []
    for number in np.unique(cells.number):
        own = np.flatnonzero((cells.number == number) & ~np.isnan(cells.energy))
        _, kept = np.unique(cells.position[own][::-1], return_index=True)
        own = own[::-1][kept]
        if len(own):
            grids.append(_one_irregular(_take(cells, own), channels.loc[[number]]))
    return grids


def _one_irregular(cells: Cells, channel: pd.DataFrame) -> Grid:
    last = len(cells.position) - 1
    table = channel.reset_index(drop=True).assign(first=0, last=last, fresh_first=0, fresh_last=last)
    layers = _blank(cells, (1, last + 1), plain=True)
    _lay(layers, cells, np.arange(last + 1))
    return Grid(cells.position, np.asarray(cells.end), IRREGULAR, cells.timezone, channels=table, **layers)
