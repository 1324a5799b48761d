"""What a file said before and does not say any more, when it is read again: with another clock, unit or date order."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import select

from pipeline.schema import Quality
from pipeline.stores.load import Load
from pipeline.stores.tables import arrow_readings, readings
from pipeline.stores.versions import ranges_to_replace

Bools = NDArray[np.bool_]


def withdraw(
    load: Load, file_ids: Collection[int], told: Mapping[int, NDArray[np.int64]]
) -> list[tuple[int, int, int]]:
    """Take out the readings of files that were read again and did not tell them again; `reading_versions` keeps them.

    Parameters
    ----------
    load : Load
        The run's writing, after its readings.
    file_ids : collection of int
        The files.
    told : mapping of int to array of int64
        Starts of what this run has told, by channel number. [s since 1970 UTC]

    Returns
    -------
    list of (int, int, int)
        Channel number, first and last start of each stretch that was taken out.
    """
    stretches: list[tuple[int, int, int]] = []
    query = select(readings.c.channel_id).where(readings.c.file_id.in_(file_ids)).distinct()
    for number in sorted(load.connection.scalars(query)):
        bounds = load.spans([number]).iloc[0]
        rows = load.history([number], int(bounds["first_start"]), int(bounds["last_start"]))
        gone, emptied = _not_told(rows, file_ids, told.get(number, np.empty(0, dtype=np.int64)))
        if emptied.any():
            load.write_readings(_emptied(rows.filter(pa.array(emptied))), rows)
        if gone.any():
            load.remove(rows, np.flatnonzero(gone))
        stretches += [one[:3] for one in ranges_to_replace(rows, np.flatnonzero(gone | emptied), gap=1)]
    return stretches


def _not_told(rows: pa.Table, file_ids: Collection[int], told: NDArray[np.int64]) -> tuple[Bools, Bools]:
    """Readings of a channel that go, and those that leave a gap between readings of other files."""
    start = rows.column("start_utc").to_numpy()
    file_id = _filled(rows, "file_id")
    old = np.isin(file_id, list(file_ids)) & ~np.isin(start, told)
    left = start[(file_id > 0) & ~old]
    if not len(left):
        return np.ones(len(start), dtype=np.bool_), np.zeros(len(start), dtype=np.bool_)
    outside = (start < left[0]) | (start > left[-1])
    judged = (start >= told.min(initial=start[-1])) & (start <= told.max(initial=start[0]))
    return (old & (outside | judged)) | (outside & (file_id == 0)), old & ~outside & ~judged


def _filled(rows: pa.Table, name: str) -> NDArray[Any]:
    column: Any = rows.column(name)
    values: NDArray[Any] = pc.fill_null(column, 0).to_numpy()
    return values


def _emptied(rows: pa.Table) -> pa.Table:
    """The same intervals without a value."""
    count = rows.num_rows
    columns = {name: _filled(rows, name) for name in ("channel_id", "start_utc", "minutes")}
    gaps = {"energy_kwh": np.full(count, np.nan), "quality": np.full(count, int(Quality.MISSING))}
    return arrow_readings(columns | gaps)
