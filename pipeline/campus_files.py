"""The invented campus's files, in four layouts that real ones come in. NaN is no reading: a blank cell, or no row."""

import gzip
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.campus import TIMEZONE, Floats, Instants, Load
from pipeline.clock import DAY, utc_offsets


def _text(instants: Instants) -> NDArray[np.str_]:
    """`2025-03-09T01:00` for each instant, on whatever clock they are."""
    return np.datetime_as_string(instants.astype("datetime64[s]"), unit="m")


def _cells(energy: Floats) -> list[str]:
    return ["" if value != value else repr(value) for value in energy.tolist()]


def write_wide(folder: Path, loads: Iterable[Load]) -> list[Path]:
    """Write one file a building and local year: `Group,Other Metadata,MM/DD/YYYY HH:MM,…` and one row.

    The header has November's repeated hour twice and March's skipped hour not at all (DST shape A).
    """
    paths = []
    for load in loads:
        stamps = pd.to_datetime(load.wall, unit="s")
        for year in sorted(set(stamps.year)):
            chosen = np.flatnonzero(stamps.year == year)
            paths.append(folder / f"{load.building.name.replace(' ', '_')}_{year}.csv")
            names = ["Group", "Other Metadata", *stamps[chosen].strftime("%m/%d/%Y %H:%M")]
            _write_rows(paths[-1], [names, [load.building.name, load.building.use, *_cells(load.energy[chosen])]])
    return paths


def write_columns(path: Path, loads: list[Load]) -> Path:
    """Write a stamp in UTC and one column a meter."""
    columns = [_text(loads[0].starts).tolist(), *(_cells(load.energy) for load in loads)]
    return _write_rows(path, [["timestamp", *(load.building.name for load in loads)], *zip(*columns, strict=True)])


def write_day_rows(path: Path, loads: Iterable[Load]) -> Path:
    """Write a row a local day of 48 half-hours `[00:30]` … `[24:00]`, whatever the clock does (DST shape F).

    Autumn's two hours are added into one, spring's skipped cells are blank; a day without a reading has no row.
    """
    ends = [f"[{half // 2:02d}:{half % 2 * 30:02d}]" for half in range(1, 49)]
    rows: list[list[str]] = [["Meter", "Date", *ends]]
    for load in loads:
        day, half = load.wall // DAY, load.wall % DAY // 1800
        cells = np.zeros((int(day[-1] - day[0]) + 1, 48))
        seen = np.zeros(cells.shape, dtype=np.bool_)
        np.add.at(cells, (day - day[0], half), load.energy)
        seen[day - day[0], half] = True
        cells = np.where(seen, cells, np.nan).round(load.building.decimals)
        dates = np.datetime_as_string(np.arange(day[0], day[-1] + 1).astype("datetime64[D]")).tolist()
        kept = ~np.isnan(cells).all(axis=1)
        rows += [[load.building.name, dates[row], *_cells(cells[row])] for row in np.flatnonzero(kept)]
    return _write_rows(path, rows)


def write_long(path: Path, loads: Iterable[Load], repeated: pd.DataFrame) -> Path:
    """Write `meter,channel,interval_start,kwh`, compressed, a row a reading, on the campus clock.

    Parameters
    ----------
    repeated : DataFrame
        `meter_id`, `channel`, `start_utc`, `energy_kwh`: rows that stand before the right one for the same interval.
    """
    right = [
        pd.DataFrame(
            {"meter_id": load.building.name, "channel": load.channel, "start_utc": load.starts, "kwh": load.energy}
        )
        for load in loads
    ]
    rows = pd.concat([repeated.rename(columns={"energy_kwh": "kwh"}), *right]).dropna(subset="kwh")
    rows = rows.sort_values(["meter_id", "channel", "start_utc"], kind="stable")
    starts = rows["start_utc"].to_numpy()
    stamps = _text(starts + utc_offsets(TIMEZONE, starts)).tolist()
    values = zip(rows["meter_id"], rows["channel"], stamps, rows["kwh"].map(repr), strict=True)
    return _write_rows(path, [["meter", "channel", "interval_start", "kwh"], *values])


def write_register(path: Path, load: Load, dial: Floats) -> Path:
    """Write `meter,read_at,register_kwh` in UTC: what the dial shows at the end of each interval, and at the start.

    Parameters
    ----------
    dial : array of float64, shape (intervals + 1,)
        [kWh]
    """
    step = load.building.minutes * 60
    instants = np.append(load.starts, load.starts[-1] + step)
    shown = [f"{value:.{load.building.decimals}f}" for value in dial.tolist()]
    rows = zip([load.building.name] * len(dial), _text(instants).tolist(), shown, strict=True)
    return _write_rows(path, [["meter", "read_at", "register_kwh"], *rows])


def write_factors(path: Path, starts: Instants, factors: Floats) -> Path:
    """Write `start_utc,kg_per_kwh`, an hour a row."""
    return _write_rows(path, [["start_utc", "kg_per_kwh"], *zip(_text(starts).tolist(), _cells(factors), strict=True)])


def _write_rows(path: Path, rows: Iterable[Iterable[str]]) -> Path:
    """Write CSV, compressed when the name ends in `.gz` (with no time in it, so that equal seeds give equal files)."""
    text = "".join(",".join(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode(), compresslevel=1, mtime=0) if path.suffix == ".gz" else text.encode())
    return path
