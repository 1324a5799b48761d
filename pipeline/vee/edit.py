"""Edits: what a person changed, with who and why, read from a CSV and applied over everything else."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.errors import FileRefusedError
from pipeline.schema import CHANNELS, Method, Quality
from pipeline.vee.grid import Grid
from pipeline.vee.rules import RULE_BY_ID

COLUMNS = ("meter_id", "channel", "energy_kwh", "who", "why")
"""What an edit file has, with one of STAMPS."""

STAMPS = ("interval_start_utc", "interval_start")
"""An instant, or the site's wall clock."""

REMEDY = "columns are meter_id, channel, interval_start_utc or interval_start, energy_kwh (blank: missing), who, why"


@dataclass(frozen=True)
class Edit:
    """One changed reading.

    Attributes
    ----------
    meter_id, channel : str
    start : int
        Start of the interval. [s since 1970 UTC; on the site's wall clock when `is_local`]
    is_local : bool
    energy : float
        The value to use; NaN makes it missing. [kWh]
    who, why : str
        Who changed it, and the reason.
    path, line : Path, int
        Where it is written.
    """

    meter_id: str
    channel: str
    start: int
    is_local: bool
    energy: float
    who: str
    why: str
    path: Path
    line: int


def read_edits(path: Path) -> list[Edit]:
    """Read a CSV of edits.

    Parameters
    ----------
    path : Path
        UTF-8, with a header line.

    Returns
    -------
    list of Edit
        In file order.

    Raises
    ------
    FileRefusedError
        For a file that cannot be read, a missing column, or a row that cannot be used; names the line. Nothing of the
        file is used then.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, restval="")
            stamp = _stamp_column(path, rows.fieldnames or ())
            return [_edit(path, rows.line_num, row, stamp) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileRefusedError(path, f"not a CSV of edits: {error}", REMEDY) from error


def _stamp_column(path: Path, names: Iterable[str]) -> str:
    present = list(names)
    missing = [name for name in COLUMNS if name not in present]
    stamps = [name for name in STAMPS if name in present]
    if missing or not stamps:
        lacking = ", ".join(missing + ([] if stamps else [" or ".join(STAMPS)]))
        raise FileRefusedError(path, f"missing columns: {lacking}; found: {', '.join(present) or 'none'}", REMEDY)
    return stamps[0]


def _edit(path: Path, line: int, row: Mapping[str, str], stamp: str) -> Edit:
    text = {name: (row[name] or "").strip() for name in (*COLUMNS, stamp)}
    empty = [name for name in ("meter_id", "channel", stamp, "who", "why") if not text[name]]
    if empty:
        raise FileRefusedError(path, f"line {line}: {empty[0]} is empty", "every edit says what, who and why")
    if text["channel"] not in CHANNELS:
        raise FileRefusedError(path, f"line {line}: channel {text['channel']!r}", f"one of {', '.join(CHANNELS)}")
    start, energy = _instant(path, line, text[stamp]), _energy(path, line, text["energy_kwh"])
    is_local = stamp == "interval_start"
    return Edit(text["meter_id"], text["channel"], start, is_local, energy, text["who"], text["why"], path, line)


def _instant(path: Path, line: int, text: str) -> int:
    instant = pd.to_datetime(text, errors="coerce")
    if not isinstance(instant, pd.Timestamp):
        raise FileRefusedError(path, f"line {line}: {text!r} is no date and time", "write it as 2024-03-31 02:30")
    naive = instant if instant.tzinfo is None else instant.tz_convert("UTC").tz_localize(None)
    return int((naive - pd.Timestamp(0)).total_seconds())


def _energy(path: Path, line: int, text: str) -> float:
    try:
        energy = float(text) if text else np.nan
    except ValueError:
        energy = np.inf
    if np.isinf(energy) or text.lower() == "nan":
        raise FileRefusedError(path, f"line {line}: energy_kwh {text!r} is not a number", "leave it blank for missing")
    return energy


def apply_edits(grid: Grid, edits: Iterable[Edit]) -> Grid:
    """Put edited values in place.

    Edits of other meters, and of instants that the run may not write, are left to whom they concern. The last of two
    edits of one reading holds.

    Parameters
    ----------
    grid : Grid
    edits : iterable of Edit

    Returns
    -------
    Grid
        Edited readings have quality EDITED (MISSING for a blank), method EDIT, and what was read as `raw`.

    Raises
    ------
    FileRefusedError
        For an edit whose start lies between the intervals of its meter, or at a wall clock that occurs twice.
    """
    rows = {key: row for row, key in enumerate(zip(grid.channels["meter_id"], grid.channels["channel"], strict=True))}
    own = [(rows[edit.meter_id, edit.channel], edit) for edit in edits if (edit.meter_id, edit.channel) in rows]
    placed = {(row, column): edit for row, edit in own if (column := _column(grid, row, edit)) is not None}
    return _write(grid, placed) if placed else grid


def _column(grid: Grid, row: int, edit: Edit) -> int | None:
    """Interval of an edit; None outside of what the run may write."""
    starts = grid.wall_clock() if edit.is_local else grid.starts
    first, last = (int(grid.channels[name].iloc[row]) for name in ("fresh_first", "fresh_last"))
    if not len(starts) or last < first or not starts[first] <= edit.start < starts[last] + 60 * max(grid.minutes, 1):
        return None
    columns = first + np.flatnonzero(starts[first : last + 1] == edit.start)
    if len(columns) != 1:
        reason = "occurs twice that day" if len(columns) else "is no start of an interval"
        when = pd.Timestamp(edit.start, unit="s")
        text = f"line {edit.line}: {when} of meter {edit.meter_id} {reason}"
        raise FileRefusedError(edit.path, text, "give interval_start_utc, at the start of an interval")
    return int(columns[0])


def _write(grid: Grid, placed: Mapping[tuple[int, int], Edit]) -> Grid:
    at = tuple(np.array(list(placed)).T)
    value = np.array([edit.energy for edit in placed.values()])
    layers: dict[str, Any] = {
        name: np.array(getattr(grid, name), order="C") for name in ("energy", "raw", "quality", "method", "rule")
    }
    was_read = np.isnan(layers["raw"][at]) & (layers["rule"][at] != RULE_BY_ID["V05"].number)
    layers["raw"][at] = np.where(was_read, layers["energy"][at], layers["raw"][at])
    layers["energy"][at] = value
    layers["quality"][at] = np.where(np.isnan(value), Quality.MISSING, Quality.EDITED)
    layers["method"][at] = Method.EDIT
    layers["rule"][at] = 0
    return replace(grid, **layers)
