"""Emission factors of electricity: an average, and a file of those of each hour or half-hour.

Both location-based averages of the grid, as a footprint wants them; a margin (what one kWh more or less changes) is
something else and does not belong here. What the file does not cover is not filled in.
"""

import io
import re
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import SettingsError

Instants = NDArray[np.int64]
Floats = NDArray[np.float64]

DIRTIEST = 3.0
"""A factor above is in other units: the dirtiest grid has 1.3 (reference, section 10). [kg/kWh]"""

LONGEST = 3600
"""A longer interval, such as a day's total, has no factor of its hour: nobody knows when in it energy was used.
[s]"""

UNIT = re.compile(r"(?<![a-z])(kg|g)[^a-z]*(?:co2(?:e|eq)?)?[^a-z]*(?:per)?[^a-z]*kwh", re.IGNORECASE)
"""`kg_per_kwh`, `Carbon Intensity [kg_CO2/kWh]`, `actual (gCO2/kWh)`."""

ZONE = r"(?:Z|[+-]\d\d:?\d\d)$"


@dataclass(frozen=True)
class Carbon:
    """Where factors come from.

    Attributes
    ----------
    average : float, tuple of (int, float), or None
        One for all years, or by calendar year; None: the mean of the file's factors of each year (UTC). [kg/kWh]
    file : Path or None
        CSV: a column of starts, and one in kg or g per kWh.
    timezone : str or None
        Of starts that do not say theirs.
    """

    average: float | tuple[tuple[int, float], ...] | None = None
    file: Path | None = None
    timezone: str | None = None


class Factors:
    """Factors by year, and by instant where a file has them.

    Parameters
    ----------
    carbon : Carbon

    Raises
    ------
    SettingsError
        When the file cannot be read; the message names it, and the line.
    """

    def __init__(self, carbon: Carbon) -> None:
        self._average = carbon.average
        self.has_hours = carbon.file is not None
        if carbon.file is None:
            return
        starts, self._step, values = read_factors(carbon.file, carbon.timezone)
        self._first = int(starts[0])
        dense = np.full((int(starts[-1]) - self._first) // self._step + 1, np.nan)
        dense[(starts - self._first) // self._step] = values
        # The mean over any time is then a difference of two sums, and whether it is whole too.
        self._sum, self._gaps = (
            np.append(0.0, np.cumsum(one)) for one in (np.nan_to_num(dense), np.isnan(dense).astype(np.float64))
        )
        if carbon.average is None:
            years = starts.astype("datetime64[s]").astype("datetime64[Y]").astype(np.int64) + 1970
            means = pd.Series(values).groupby(years).mean().dropna()
            self._average = tuple(zip(means.index.tolist(), means.tolist(), strict=True))

    def average_on(self, days: Instants) -> Floats:
        """Give the average factor of each local day, NaN for a year without one. [days since 1970-01-01; kg/kWh]"""
        if isinstance(self._average, float):
            return np.full(len(days), self._average)
        years = days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
        return np.asarray(pd.Series(years).map(dict(self._average or ())), dtype=np.float64)

    def mean_over(self, starts: Instants, ends: Instants) -> Floats:
        """Give the mean factor of each interval, NaN where the file does not cover all of it. [s since 1970; kg/kWh]

        Energy of an hour is taken to be spread evenly over its two half-hours, where factors are of half-hours.
        """
        if not self.has_hours:
            return np.full(len(starts), np.nan)
        low, high = ((one - self._first) / self._step for one in (starts, ends))
        places = np.arange(len(self._sum))
        total, gaps = (np.interp(high, places, one) - np.interp(low, places, one) for one in (self._sum, self._gaps))
        is_known = (low >= 0) & (high <= places[-1]) & (gaps < 1e-9) & (ends - starts <= LONGEST)
        return np.where(is_known, total / np.maximum(high - low, 1e-9), np.nan)


def file_bytes(path: Path) -> bytes:
    """Give what is in the file of factors; SettingsError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}) -> file under [carbon]") from error


def read_factors(path: Path, timezone: str | None = None) -> tuple[Instants, int, Floats]:
    """Read a file of factors: CSV with names, a start first, and one column in kg or g per kWh.

    Parameters
    ----------
    path : Path
    timezone : str or None
        Of starts without a zone of their own, in a column that does not say UTC.

    Returns
    -------
    starts : array of int64, shape (rows,)
        In order. [s since 1970 UTC]
    step : int
        [s]
    factor : array of float64, shape (rows,)
        NaN where the cell is empty. [kg/kWh]

    Raises
    ------
    SettingsError
        With the file, the line and what is wrong with it.
    """
    try:
        table = pd.read_csv(io.BytesIO(file_bytes(path)), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, pd.errors.ParserError) as error:
        raise SettingsError(f"{path}: no CSV: {str(error).strip()} -> two columns, start_utc and kg_per_kwh") from error
    units = {name: found[1].lower() for name in table.columns[1:] if (found := UNIT.search(name))}
    if len(units) != 1 or table.empty:
        raise SettingsError(
            f"{path}: {len(units)} columns in kg or g per kWh after the first ({', '.join(table.columns)}), "
            f"{len(table)} rows -> two columns, start_utc and kg_per_kwh"
        )
    ((name, unit),) = units.items()
    factor = _numbers(path, table[name]) / (1000 if unit == "g" else 1)
    starts = _instants(path, table.iloc[:, 0], timezone)
    order = np.argsort(starts, kind="stable")
    return starts[order], _step(path, starts, order), factor[order]


def _numbers(path: Path, cells: "pd.Series[str]") -> Floats:
    values = pd.to_numeric(cells, errors="coerce")
    scale = 1000 if (found := UNIT.search(str(cells.name))) and found[1].lower() == "g" else 1
    bad = (values.isna() & (cells.str.strip() != "")) | (values < 0) | (values > DIRTIEST * scale)
    if bad.any():
        line = int(bad.to_numpy().argmax())
        raise SettingsError(f"{path} line {line + 2}: {cells.iloc[line]!r} is no factor in {cells.name!r} -> mend it")
    return values.to_numpy(dtype=np.float64)


def _instants(path: Path, cells: "pd.Series[str]", timezone: str | None) -> Instants:
    """Starts as instants: by their own zone, or by that of all."""
    zone = timezone or ("UTC" if "utc" in str(cells.name).lower() else None)
    own = cells.str.strip().str.contains(ZONE)
    if not own.all() and (own.any() or zone is None):
        line = int((~own).to_numpy().argmax())
        raise SettingsError(
            f"{path} line {line + 2}: {cells.iloc[line]!r} does not say its zone -> 2025-01-01T00:00Z, a column "
            'start_utc, or timezone = "UTC" under [carbon]'
        )
    stamps = pd.to_datetime(cells.str.strip(), format="ISO8601", utc=bool(own.all()), errors="coerce")
    if stamps.isna().any():
        line = int(stamps.isna().to_numpy().argmax())
        raise SettingsError(f"{path} line {line + 2}: {cells.iloc[line]!r} is no start -> 2025-01-01T00:00Z")
    if not own.all():
        try:
            stamps = stamps.dt.tz_localize(zone, ambiguous="infer")
        except (ValueError, pd.errors.OutOfBoundsDatetime) as error:
            raise SettingsError(f"{path}: {error} -> write starts in UTC") from error
    return np.asarray(stamps.dt.tz_convert(UTC).dt.tz_localize(None).dt.as_unit("s").astype(np.int64))


def _step(path: Path, starts: Instants, order: Instants) -> int:
    """Length of the intervals: the commonest distance, which all others are multiples of."""
    apart = np.diff(starts[order])
    if (apart == 0).any():
        line = int(order[1:][apart == 0][0])
        raise SettingsError(f"{path} line {line + 2}: its start is there twice -> leave one")
    step = int(apart.min(initial=2**31))
    if 3600 % step or (apart % step).any():
        raise SettingsError(f"{path}: neither hourly nor half-hourly ({step} s apart) -> a row each hour or half-hour")
    return step
