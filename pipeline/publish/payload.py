"""Changed rows of an extract as small files that a site can take, and what it is to do with them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from tableauhyperapi import Connection, CreateMode, HyperProcess, escape_name  # type: ignore[import-untyped]

from pipeline.errors import PublishError
from pipeline.stores.extracts import Extract
from pipeline.stores.hyper_read import TABLE, count_rows, hyper_told, parquet_rows, reading
from pipeline.stores.ledger import day_ranges, stale_rows

STALE = '"Extract"."stale"'
FILL = 0.5
"""Share of the limit that a payload is planned to take: rows of some days are longer than the average."""


@dataclass(frozen=True)
class Payload:
    """Some changed days.

    Attributes
    ----------
    path : Path
        A .hyper file with the rows to put in, and a table of the ranges to take out before.
    rows : int
        How many rows it has.
    content : str
        Hash of what it is: the same changes give the same, whatever the file's bytes.
    actions : list of dict
        What a site is to do with it.
    """

    path: Path
    rows: int
    content: str
    actions: list[dict[str, Any]]


def data_actions(extract: Extract) -> list[dict[str, Any]]:
    """Tell what is to be done with a payload: the days out, their rows in; a site does both or nothing.

    Days are taken out whole, not matched row by row: a row that is gone here is then gone there.
    """
    target = {"target-schema": "Extract", "target-table": "Extract"}
    matches = [{"op": "eq", "target-col": name, "source-col": name} for name in ("meter_id", "channel")]
    bounds = [
        {"op": op, "target-col": extract.time, "source-col": bound} for op, bound in (("gte", "first"), ("lt", "last"))
    ]
    stale = {"source-schema": "Extract", "source-table": "stale"}
    rows = {"source-schema": "Extract", "source-table": "Extract"}
    return [
        {"action": "delete", **target, **stale, "condition": {"op": "and", "args": [*matches, *bounds]}},
        {"action": "insert", **target, **rows},
    ]


def payloads(
    hyper: HyperProcess, path: Path, extract: Extract, changed: pd.DataFrame, *, folder: Path, limit: int
) -> Iterator[Payload]:
    """Write changed days into files under a limit, one after the other; each is gone when the next is asked for.

    Parameters
    ----------
    hyper : HyperProcess
        A running hyperd.
    path : Path
        The extract.
    extract : Extract
        Its columns.
    changed : pandas.DataFrame
        As `changed_cells` gives them.
    folder : Path
        For the files.
    limit : int
        Most that a file may have. [bytes]

    Raises
    ------
    PublishError
        When a file is longer than the limit all the same.
    StoreError
        When the extract cannot be read.
    """
    with reading(path, hyper) as connection:
        row_bytes = path.stat().st_size / max(1, count_rows(connection))
    actions = data_actions(extract)
    most = max(1, int(limit * FILL / row_bytes))
    batch = np.cumsum(changed["rows"].to_numpy()) // most
    for number, cells in changed.groupby(batch, sort=True):
        file = folder / f"payload-{number}.hyper"
        with hyper_told(path):
            rows = _write(hyper, path, extract, day_ranges(cells), file)
        if file.stat().st_size > limit:
            raise PublishError(f"{path.name}: changed rows take {file.stat().st_size:,} bytes, more than {limit:,}")
        yield Payload(file, rows, hashlib.sha256(cells.to_csv(index=False).encode()).hexdigest(), actions)
        file.unlink()


def _write(hyper: HyperProcess, path: Path, extract: Extract, ranges: pd.DataFrame, file: Path) -> int:
    time = escape_name(extract.time or "")
    parquet = file.with_suffix(".parquet")
    pq.write_table(stale_rows(ranges, extract.arrow.field(extract.time or "").type), parquet)
    with Connection(hyper.endpoint, file.absolute(), CreateMode.CREATE_AND_REPLACE) as connection:
        connection.catalog.attach_database(path.absolute(), "local")
        own = escape_name(file.stem)
        connection.execute_command(f'CREATE SCHEMA {own}."Extract"')
        connection.execute_command(f"CREATE TABLE {own}.{STALE} AS (SELECT * FROM {parquet_rows([parquet])})")
        connection.execute_command(
            f'CREATE TABLE {own}.{TABLE} AS (SELECT r.* FROM "local".{TABLE} AS r WHERE EXISTS ('
            f"SELECT 1 FROM {own}.{STALE} AS s WHERE s.meter_id = r.meter_id AND s.channel = r.channel "
            f"AND r.{time} >= s.first AND r.{time} < s.last))"
        )
        rows = connection.execute_scalar_query(f"SELECT count(*) FROM {own}.{TABLE}")
    parquet.unlink()
    return int(rows)
