"""The file that benchmarks read: hourly readings of many meters, long, with one reading in a hundred at fault."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

START = np.datetime64("2023-01-01T00", "h")
HOURS = 17_544
"""Two years."""


def write_long(path: Path, *, meters: int, hours: int = HOURS, skip: int = 0, seed: int = 0) -> int:
    """Write `meter_id,interval_start,energy_kwh` in UTC, meter after meter; give the number of rows.

    Parameters
    ----------
    path : Path
    meters, hours : int
    skip : int, default 0
        Hours left out at the beginning, so that the rest is the increment of a file without it.
    seed : int
        Equal seeds give equal meters, whatever the hours.
    """
    stamps = pd.DatetimeIndex(START + np.arange(skip, hours)).strftime("%Y-%m-%d %H:%M:%S").to_numpy(dtype=object)
    rows = 0
    with path.open("wb") as file:
        file.write(b"meter_id,interval_start,energy_kwh\n")
        for meter in range(meters):
            values, kept = _readings(np.random.default_rng([seed, meter]))
            values, kept = values[skip:hours], kept[skip:hours]
            columns = [np.full(int(kept.sum()), f"M{meter:05d}", dtype=object), stamps[kept], values[kept]]
            table = pa.table(dict(zip(("meter", "stamp", "kwh"), columns, strict=True)))
            csv.write_csv(table, file, csv.WriteOptions(include_header=False, quoting_style="none"))
            rows += len(table)
    return rows


def _readings(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two years of one meter: a daily and weekly shape with noise; 1 % lost, zero, stuck or spiking."""
    hour = np.arange(HOURS)
    day = 1 - 0.35 * np.cos((hour % 24 - 3) / 24 * 2 * np.pi)
    week = np.where((hour // 24 + 6) % 7 >= 5, 0.7, 1.0)
    values = np.round(random.uniform(4, 60) * day * week * random.lognormal(0, 0.08, HOURS), 3)
    values[random.choice(HOURS, 12, replace=False)] *= 12
    for length, value in ((40, 0.0), (30, None)):
        first = int(random.integers(0, HOURS - length))
        values[first : first + length] = values[first] if value is None else value
    kept = np.ones(HOURS, dtype=bool)
    for first in random.choice(HOURS - 12, 12, replace=False):
        kept[first : first + int(random.integers(1, 12))] = False
    return values, kept
