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

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tableauhyperapi import Connection, HyperProcess, escape_string_literal  # type: ignore[import-untyped]

from pipeline.schema import STREAM
from pipeline.stores.hyper_read import TABLE, hyper_told, reading

VERSION = f"1 pandas {pd.__version__.partition('.')[0]}"
"""Ledgers of other versions say nothing here: a row's hash is a matter of how pandas hashes."""

BATCH_ROWS = 1 << 16
"""Rows hashed at once: some 50 MB of memory, however long the extract is."""

KEY = [*STREAM, "day"]


@dataclass(frozen=True)
class Ledger:
    """What stands in an extract.

    Attributes
    ----------
    columns : str
        Names and types of the columns, in order.
    cells : pandas.DataFrame
        `meter_id`, `channel`, `day` [since 1970, UTC], `rows`, `digest` (uint64), sorted; one line with empty names for
        an extract without streams or time.
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
        streams: dict[tuple[str, str], int] = {}
        own_time = time if set(STREAM) <= set(kinds) else None
        parts = [_lines(rows, own_time, streams) for rows in _batches(connection)]
    return Ledger("; ".join(f"{name} {kind}" for name, kind in kinds.items()), _cells(parts, streams), energy)


def changed_cells(held: Ledger, wanted: Ledger) -> pd.DataFrame:
    """Give the lines in which two ledgers differ.

    Returns
    -------
    pandas.DataFrame
        `meter_id`, `channel`, `day`, `rows` (wanted; 0 where the day is to go), `digest`, sorted.
    """
    # Nullable types: a line that is missing would else make floats of the other hashes.
    exact = {"rows": "Int64", "digest": "UInt64"}
    both = wanted.cells.astype(exact).merge(held.cells.astype(exact), how="outer", on=KEY, suffixes=("", "_held"))
    same = (both["rows"] == both["rows_held"]) & (both["digest"] == both["digest_held"])
    found = both.loc[~same.fillna(False).astype(bool), [*KEY, "rows", "digest"]]
    return found.fillna({"rows": 0, "digest": 0}).astype(_TYPES).sort_values(KEY, ignore_index=True)


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


_TYPES = {"meter_id": "str", "channel": "str", "day": "int64", "rows": "int64", "digest": "uint64"}


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


def _lines(rows: pa.RecordBatch, time: str | None, streams: dict[tuple[str, str], int]) -> pd.DataFrame:
    """Lines of some rows, their streams as numbers, which take an eighth of the memory; a day may come again."""
    frame = rows.to_pandas()
    lines = pd.DataFrame({"digest": pd.util.hash_pandas_object(frame, index=False).to_numpy(), "rows": 1})
    if time is None:
        lines = lines.assign(meter_id="", channel="", day=0)
    else:
        days = pd.to_datetime(frame[time]).to_numpy().astype("datetime64[D]").astype(np.int64)
        lines = lines.assign(**{name: frame[name] for name in STREAM}, day=days)
    found = lines.groupby(KEY, as_index=False, sort=False, observed=True, dropna=False)[["rows", "digest"]].sum()
    names = zip(*(found[name].astype("str").fillna("") for name in STREAM), strict=True)
    return found[["day", "rows", "digest"]].assign(stream=[streams.setdefault(one, len(streams)) for one in names])


def _cells(parts: list[pd.DataFrame], streams: dict[tuple[str, str], int]) -> pd.DataFrame:
    """Put lines together, and give streams their names back."""
    if not parts:
        return pd.DataFrame(columns=[*KEY, "rows", "digest"]).astype(_TYPES)
    sums = pd.concat(parts, ignore_index=True).groupby(["stream", "day"], as_index=False).sum()
    names = pd.DataFrame(list(streams), columns=STREAM, dtype="str").iloc[sums["stream"]].reset_index(drop=True)
    cells = pd.concat([names, sums[["day", "rows", "digest"]]], axis=1)
    return cells.sort_values(KEY, ignore_index=True).astype(_TYPES)


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
