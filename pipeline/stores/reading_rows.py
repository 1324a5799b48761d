"""From a grid to the rows of `readings.hyper`. The hot path of every run: whole arrays, and as few copies as can be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.schema import QUALITY_NAMES, method_name
from pipeline.stores.tables import arrow_readings
from pipeline.vee.build import Replaced
from pipeline.vee.grid import Grid

T = TypeVar("T", bound=np.generic)

METHOD_NAMES = tuple(method_name(code) for code in range(256))
RULE_IDS = (None, *(f"V{number:02d}" for number in range(1, 256)))


def readings_table(grid: Grid) -> pa.Table:
    """Give the rows of `readings.hyper` that a run may write: each channel's fresh intervals, gaps included.

    Parameters
    ----------
    grid : Grid
        After validation, estimation and editing.

    Returns
    -------
    pyarrow.Table
        The columns of `pipeline.stores.extracts.READINGS`, interval by interval: side by side, equal stamps take hyperd
        less time, and the extract half the space. Text is dictionary-encoded.
    """
    chosen = _choose(grid, by_time=True)
    return pa.table(
        {
            "meter_id": _names(grid.channels["meter_id"], chosen),
            "channel": _names(grid.channels["channel"], chosen),
            "interval_start": _instants(_times(grid.wall_clock(), chosen)),
            "interval_start_utc": _instants(_times(grid.starts, chosen)),
            "interval_minutes": pa.array(_times(((grid.ends - grid.starts) // 60).astype(np.int32), chosen)),
            "energy_kwh": pa.array(_cells(grid.energy, chosen), from_pandas=True),
            "raw_kwh": pa.array(_cells(grid.raw, chosen), from_pandas=True),
            "quality": _coded(_cells(grid.quality, chosen), QUALITY_NAMES),
            "method": _coded(_cells(grid.method, chosen), METHOD_NAMES),
            "rule_id": _coded(_cells(grid.rule, chosen), RULE_IDS),
            "site_id": _names(grid.channels["site_id"], chosen),
        }
    )


@dataclass(frozen=True)
class _Chosen:
    """The cells that are written: a plain stretch of intervals for all channels, or a mask over it.

    Attributes
    ----------
    stretch : slice
        From the first to the last interval that any channel writes.
    mask : array of bool, shape (channels, intervals of the stretch), or None
        None when every channel writes the whole stretch.
    channels : int
    by_time : bool
        Order of the rows: interval by interval, or channel by channel.
    """

    stretch: slice
    mask: NDArray[np.bool_] | None
    channels: int
    by_time: bool

    def pick(self, values: NDArray[T]) -> NDArray[T]:
        """Give values of shape (channels, intervals of the stretch) as rows."""
        turned = values.T if self.by_time else values
        if self.mask is None:
            return turned.reshape(-1)
        return turned[self.mask.T if self.by_time else self.mask]


def _choose(grid: Grid, *, by_time: bool) -> _Chosen:
    first, last, fresh_first, fresh_last = (
        grid.channels[name].to_numpy(dtype=np.int64) for name in ("first", "last", "fresh_first", "fresh_last")
    )
    low, high = np.maximum(first, fresh_first), np.minimum(last, fresh_last) + 1
    counts = np.maximum(high - low, 0)
    if not counts.any():
        return _Chosen(slice(0, 0), None, len(counts), by_time)
    written = counts > 0
    stretch = slice(int(low[written].min()), int(high[written].max()))
    if grid.elsewhere is None and (counts == stretch.stop - stretch.start).all():
        return _Chosen(stretch, None, len(counts), by_time)
    position = np.arange(stretch.start, stretch.stop)
    mask = (position >= low[:, None]) & (position < high[:, None])
    if grid.elsewhere is not None:
        mask &= ~grid.elsewhere[:, stretch]
    return _Chosen(stretch, mask, len(counts), by_time)


def _cells(values: NDArray[T], chosen: _Chosen) -> NDArray[T]:
    """Values of the chosen cells, as rows."""
    return chosen.pick(values[:, chosen.stretch])


def _times(values: NDArray[T], chosen: _Chosen) -> NDArray[T]:
    """What is the same for every channel, for the chosen cells."""
    values = values[chosen.stretch]
    return chosen.pick(np.broadcast_to(values, (chosen.channels, len(values))))


def _per_channel(values: NDArray[T], chosen: _Chosen) -> NDArray[T]:
    """What is the same for every interval, for the chosen cells."""
    width = chosen.stretch.stop - chosen.stretch.start
    return chosen.pick(np.broadcast_to(values[:, None], (chosen.channels, width)))


def _names(texts: "pd.Series[str]", chosen: _Chosen) -> "pa.DictionaryArray[Any, Any]":
    """The channels' texts, each as often as its channel has rows."""
    # a text that stood twice in the dictionary would not survive Parquet, hence the distinct ones
    codes, distinct = pd.factorize(texts.to_numpy(dtype=object))
    return _encoded(_per_channel(codes.astype(np.int32), chosen), list(distinct))


def _coded(codes: NDArray[np.uint8], names: Sequence[str | None]) -> "pa.DictionaryArray[Any, Any]":
    """Text of each code, null where its name is None; only names that occur go into the dictionary."""
    occurring = np.flatnonzero(np.bincount(codes, minlength=256)).tolist()
    texts = {code: text for code in occurring if (text := names[code]) is not None}
    lookup = np.full(256, -1, dtype=np.int32)
    lookup[list(texts)] = np.arange(len(texts))
    return _encoded(lookup[codes], list(texts.values()))


def _encoded(codes: NDArray[np.int32], texts: list[str]) -> "pa.DictionaryArray[Any, Any]":
    """Arrow's dictionary encoding; a code below zero is null."""
    null = codes < 0
    rows = pa.array(codes, pa.int32(), mask=null if null.any() else None)
    return pa.DictionaryArray.from_arrays(rows, pa.array(texts, pa.string()))


def _instants(seconds: NDArray[np.int64]) -> "pa.Array[Any]":
    return pa.array(seconds * 1_000_000).view(pa.timestamp("us"))


def stored_rows(grid: Grid, channel_ids: NDArray[np.int64]) -> pa.Table:
    """Give the rows of the database's `readings` that a run may write: each channel's fresh intervals, gaps included.

    Parameters
    ----------
    grid : Grid
        After validation, estimation and editing.
    channel_ids : array of int64, shape (channels,)
        The database's number of each channel.

    Returns
    -------
    pyarrow.Table
        As `pipeline.stores.tables.READINGS`, ordered by channel and start.
    """
    chosen = _choose(grid, by_time=False)
    columns: dict[str, NDArray[Any]] = {
        "channel_id": _per_channel(channel_ids, chosen),
        "start_utc": _times(grid.starts, chosen),
        "energy_kwh": _cells(grid.energy, chosen),
        "quality": _cells(grid.quality, chosen),
        "file_id": _cells(grid.file_id, chosen),
    }
    if grid.minutes == 0:
        columns["minutes"] = _times((grid.ends - grid.starts) // 60, chosen)
    for name, layer in (("raw_kwh", grid.raw), ("method", grid.method), ("rule", grid.rule)):
        if any(layer.strides):  # a layer without strides is one empty value, seen from everywhere
            columns[name] = _cells(layer, chosen)
    rows = arrow_readings(columns)
    in_order = (np.diff(channel_ids) > 0).all()
    return rows if in_order else rows.sort_by([("channel_id", "ascending"), ("start_utc", "ascending")])


def replaced_rows(replaced: Replaced, channel_ids: NDArray[np.int64]) -> pa.Table:
    """Give readings that a later one of the same run replaced as rows of `reading_versions`."""
    return arrow_readings(
        {
            "channel_id": channel_ids[replaced.row],
            "start_utc": replaced.start_utc,
            "energy_kwh": replaced.energy_kwh,
            "quality": np.zeros(len(replaced.row), dtype=np.int16),
            "file_id": replaced.file_id,
        }
    )
