"""What stands in an extract, in a few bytes a day, so that two can be compared when only one is at hand.

A ledger has one line for each day of each stream: how many rows, and the sum of their hashes, whatever their order. Two
extracts with equal ledgers are equal row for row, but for a chance of one in 2**64 for each line; and where they differ
they say which days of which streams to write anew.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pandas.api.types import union_categoricals
from tableauhyperapi import Connection, HyperProcess, escape_name, escape_string_literal  # type: ignore[import-untyped]

from pipeline.clock import DAY
from pipeline.schema import STREAM
from pipeline.stores.hyper_read import TABLE, hyper_told, reading

VERSION = f"2 pandas {pd.__version__.partition('.')[0]}"
"""Ledgers of other versions say nothing here: a row's hash is a matter of how pandas hashes."""

BATCH_ROWS = 1 << 15
"""Rows hashed at once: some 30 MB of memory, however long the extract is."""

KEY = [*STREAM, "day"]


@dataclass(frozen=True)
class Ledger:
    """What stands in an extract.

    Attributes
    ----------
    columns : str
        Names and types of the columns, in order.
    cells : pandas.DataFrame
        `meter_id`, `channel` (both categories: 4,800 meters have 1.8 million days a year), `day` [since 1970, UTC],
        `rows`, `digest` (uint64), sorted; one line with empty names for an extract without streams or time.
    energy_kwh : float or None
        Sum of the column of that name; None where there is none. [kWh]
    """

    columns: str
    cells: pd.DataFrame
    energy_kwh: float | None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.cells["rows"].sum())

    @property
    def digest(self) -> str:
        """One value for all of it."""
        lines = pd.util.hash_pandas_object(self.cells, index=False).to_numpy()
        return hashlib.sha256(f"{VERSION}\n{self.columns}\n".encode() + lines.tobytes()).hexdigest()


def read_ledger(path: Path, time: str | None, hyper: HyperProcess) -> Ledger:
    """Make the ledger of an extract, in flat memory.

    Parameters
    ----------
    path : Path
        The .hyper file, with the table "Extract"."Extract".
    time : str or None
        Its column of instants or dates; None: it is taken as one piece.
    hyper : HyperProcess
        A running hyperd.

    Raises
    ------
    StoreError
        When there is no such table, it is damaged, or another program holds it.
    """
    with reading(path, hyper) as connection, hyper_told(path):
        kinds = _columns(connection)
        energy = (
            connection.execute_scalar_query(f"SELECT sum(energy_kwh) FROM {TABLE}") if "energy_kwh" in kinds else None
        )
        cells = _cells(connection, time if _is_parted(kinds, time) else None)
    return Ledger("; ".join(f"{name} {kind}" for name, kind in kinds.items()), cells, energy)


def changed_cells(held: Ledger, wanted: Ledger) -> pd.DataFrame:
    """Give the lines in which two ledgers differ.

    Returns
    -------
    pandas.DataFrame
        `meter_id`, `channel`, `day`, `rows` (wanted; 0 where the day is to go), `digest`, sorted.
    """
    # Nullable types: a line that is missing would else make floats of the other hashes.
    exact = {"rows": "Int64", "digest": "UInt64"}
    alike = {name: union_categoricals([wanted.cells[name], held.cells[name]]).dtype for name in STREAM} | exact
    both = wanted.cells.astype(alike).merge(held.cells.astype(alike), how="outer", on=KEY, suffixes=("", "_held"))
    same = (both["rows"] == both["rows_held"]) & (both["digest"] == both["digest_held"])
    found = both.loc[~same.fillna(False).astype(bool), [*KEY, "rows", "digest"]]
    kinds = {"meter_id": "str", "channel": "str", "day": "int64", "rows": "int64", "digest": "uint64"}
    return found.fillna({"rows": 0, "digest": 0}).astype(kinds).sort_values(KEY, ignore_index=True)


def day_ranges(cells: pd.DataFrame) -> pd.DataFrame:
    """Put neighbouring days of a stream together.

    Parameters
    ----------
    cells : pandas.DataFrame
        `meter_id`, `channel`, `day`, sorted.

    Returns
    -------
    pandas.DataFrame
        `meter_id`, `channel`, `first`, `last`: the last day is not part of the range. [days since 1970]
    """
    ends = cells["day"].diff().ne(1) | cells[STREAM].ne(cells[STREAM].shift()).any(axis=1)
    ranges = cells.groupby([*STREAM, ends.cumsum().rename("run")], as_index=False, sort=True)["day"].agg(["min", "max"])
    return pd.DataFrame({name: ranges[name] for name in STREAM} | {"first": ranges["min"], "last": ranges["max"] + 1})


def _is_parted(kinds: dict[str, str], time: str | None) -> bool:
    """Whether there are streams and days: what somebody else published under our name may have other columns."""
    has_streams = all(kinds.get(name, "").startswith(("TEXT", "VARCHAR", "CHAR")) for name in STREAM)
    return has_streams and kinds.get(time or "", "").startswith(("TIMESTAMP", "DATE"))


def _columns(connection: Connection) -> dict[str, str]:
    with connection.execute_query(f"SELECT * FROM {TABLE} LIMIT 0") as result:
        return {column.name.unescaped: str(column.type) for column in result.schema.columns}


def _batches(connection: Connection) -> Iterator[pa.RecordBatch]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.parquet"
        target = escape_string_literal(str(file))
        connection.execute_command(f"COPY (SELECT * FROM {TABLE}) TO {target} WITH (FORMAT PARQUET)")
        text = [field.name for field in pq.read_schema(file) if pa.types.is_string(field.type)]
        with pq.ParquetFile(file, read_dictionary=text, pre_buffer=False) as rows:
            yield from rows.iter_batches(BATCH_ROWS)


@dataclass(frozen=True)
class _Extent:
    """Which lines there may be: `days` from `first` on for each of the streams, which are numbered in their order."""

    streams: dict[tuple[str, str], int]
    first: int
    days: int


def _cells(connection: Connection, time: str | None) -> pd.DataFrame:
    """Count and add up, one number a line: pages of an array that no row falls on take no memory."""
    extent = _extent(connection, time)
    size = len(extent.streams) * extent.days
    rows, digest = np.zeros(size, np.int32), np.zeros(size, np.uint64)
    for batch in _batches(connection):
        lines = _lines(batch, time, extent)
        np.add.at(rows, lines, 1)
        np.add.at(digest, lines, pd.util.hash_pandas_object(batch.to_pandas(), index=False).to_numpy())
    there = np.flatnonzero(rows)
    stream = (there // extent.days).astype(np.int32)
    day = (there % extent.days + extent.first).astype(np.int32)
    names = pd.DataFrame(list(extent.streams), columns=STREAM, dtype="str")
    texts: dict[str, Any] = {name: pd.Categorical(names[name]).take(stream) for name in STREAM}
    return pd.DataFrame(texts | {"day": day, "rows": rows[there].astype(np.int64), "digest": digest[there]}, copy=False)


def _extent(connection: Connection, time: str | None) -> _Extent:
    if time is None:
        return _Extent({("", ""): 0}, 0, 1)
    names = connection.execute_list_query(f"SELECT DISTINCT {', '.join(STREAM)} FROM {TABLE}")
    day = f"CAST({escape_name(time)} AS date) - DATE '1970-01-01'"
    ((first, last),) = connection.execute_list_query(f"SELECT min({day}), max({day}) FROM {TABLE}")
    streams = sorted({(one or "", other or "") for one, other in names})
    numbered = {stream: number for number, stream in enumerate(streams)}
    return _Extent(numbered, first or 0, (last or 0) - (first or 0) + 1)


def _lines(rows: pa.RecordBatch, time: str | None, extent: _Extent) -> NDArray[np.int64]:
    """Give the number of the line of each row."""
    if time is None:
        return np.zeros(rows.num_rows, np.int64)
    (meters, meter), (channels, channel) = (_coded(rows.column(name)) for name in STREAM)
    # Of the pairs that the two columns could have, most are no stream.
    places = np.array([[extent.streams.get((one, other), -1) for other in channels] for one in meters])
    # Of ours each row has a time; one without, of somebody else's, goes to the first day.
    seconds = rows.column(time).cast(pa.timestamp("s"), safe=False).cast(pa.int64()).fill_null(extent.first * DAY)
    days = seconds.to_numpy() // DAY
    lines: NDArray[np.int64] = places[meter, channel] * extent.days + days - extent.first
    return lines


def _coded(column: Any) -> tuple[list[str], NDArray[np.int64]]:
    """Give the texts of a column, "" for null, and for each row which of them it has."""
    coded = column.dictionary_encode()
    texts = coded.dictionary.to_pylist()
    return [*texts, ""], coded.indices.fill_null(len(texts)).to_numpy().astype(np.int64)


def stale_rows(ranges: pd.DataFrame, kind: pa.DataType) -> pa.Table:
    """Give ranges of days as a table that hyperd can compare with a column of instants or dates.

    Parameters
    ----------
    ranges : pandas.DataFrame
        As `day_ranges` gives them.
    kind : pyarrow.DataType
        The type of that column.
    """
    table = pa.table({name: pa.array(ranges[name], pa.string()) for name in STREAM})
    for name in ("first", "last"):
        days = pa.array(ranges[name].to_numpy().astype(np.int32), pa.int32()).cast(pa.date32())
        table = table.append_column(name, days.cast(kind))
    return table
