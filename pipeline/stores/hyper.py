"""Tables into Hyper extracts and back, whole or by what changed, so that a reader sees the old file or the new one.

hyperd takes rows fastest from several Parquet files at once: 7 million rows of 11 columns in 1.3 s on two cores, where
a file at a time takes half as long again and Arrow streams take longer still. So `add` writes Parquet, and hyperd reads
it in the background while the caller computes what comes next. One hyperd serves every extract of a run.
"""

import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tableauhyperapi import (  # type: ignore[import-untyped]
    Connection,
    CreateMode,
    HyperException,
    HyperProcess,
    escape_name,
)

from pipeline.errors import StoreError
from pipeline.stores.extracts import NUMBER, TRUTH, Extract, conform
from pipeline.stores.hyper_read import TABLE, attached, count_rows, hyper_told, parquet_rows
from pipeline.stores.scratch import own_scratch, told
from pipeline.stores.watermark import Watermark, extract_state, put_in_place

FILE_ROWS = 1 << 20
BATCH_ROWS = 2 * FILE_ROWS
"""Rows of one Parquet file (one row group), and of one command to hyperd. Measured: a file or a command with fewer rows
costs hyperd up to a fifth more, and a command with more leaves it idle while the first rows are computed."""


class ExtractBuild:
    """An extract that is being filled: call `add` from one thread, as often as there are rows."""

    def __init__(self, path: Path, extract: Extract, connection: Connection, scratch: Path) -> None:
        self.rows = 0
        self._path, self._extract, self._connection, self._scratch = path, extract, connection, scratch
        self._waiting: list[Path] = []
        self._waiting_rows = 0
        self._files = 0
        self._feeder = ThreadPoolExecutor(1, thread_name_prefix="hyper")
        self._fed: list[Future[int]] = []
        self._ended: Future[int] | None = None

    def add(self, rows: pa.Table | pd.DataFrame) -> None:
        """Add rows; they are in hyperd some time later, and for readers when the whole extract is done.

        Parameters
        ----------
        rows : pyarrow.Table or pandas.DataFrame
            With the extract's columns, in any order; no rows are fine.

        Raises
        ------
        StoreError
            When these rows, or earlier ones, could not be written.
        ValueError
            When a column is missing or of another type.
        """
        table = conform(rows, self._extract)
        with hyper_told(self._path):
            for start in range(0, len(table), FILE_ROWS):
                self._write(table.slice(start, FILE_ROWS))
                if self._waiting_rows >= BATCH_ROWS:
                    self.flush()
            for batch in self._fed:
                if batch.done():
                    batch.result()
        self.rows += len(table)

    def complete(self) -> Future[int]:
        """Say that no more rows come: hyperd ends its transaction, while a database commits; its rows are counted."""
        self.flush()
        self._ended = self._feeder.submit(self._commit)
        return self._ended

    def finish(self, kept: int) -> None:
        """Wait for hyperd to have ended its transaction.

        Parameters
        ----------
        kept : int
            Rows that stood there before any were added.

        Raises
        ------
        StoreError
            When hyperd has not exactly these rows and those that were added.
        """
        with hyper_told(self._path):
            ended = self._ended or self.complete()
            taken = sum(batch.result() for batch in self._fed)
            found = ended.result()
        if (taken, found) != (self.rows, kept + self.rows):
            raise StoreError(
                f"{self._path}: hyperd took {taken} of {self.rows} rows and has {found}, not {kept + self.rows} "
                "-> run `hyperwatt extract`"
            )

    def stop(self) -> None:
        """Let the background thread end; what hyperd has not begun to read is forgotten."""
        self._feeder.shutdown(cancel_futures=True)

    def _write(self, table: pa.Table) -> None:
        """Write one Parquet file: plain numbers, everything else as a dictionary, nothing that hyperd does not use."""
        path = self._scratch / f"{self._files}.parquet"
        self._files += 1
        plain = (NUMBER, TRUTH)
        coded: Any = [column.name for column in self._extract.columns if column.kind not in plain]
        pq.write_table(table, path, FILE_ROWS, compression="none", use_dictionary=coded, write_statistics=False)
        self._waiting.append(path)
        self._waiting_rows += len(table)

    def flush(self) -> None:
        """Hand hyperd what still waits for more, without waiting for it."""
        if self._waiting:
            self._fed.append(self._feeder.submit(self._copy, self._waiting))
            self._waiting, self._waiting_rows = [], 0

    def _commit(self) -> int:
        found = count_rows(self._connection)
        self._connection.execute_command("COMMIT")
        return found

    def _copy(self, files: list[Path]) -> int:
        taken = self._connection.execute_command(f"INSERT INTO {TABLE} SELECT * FROM {parquet_rows(files)}")
        for file in files:
            file.unlink()
        return int(taken or 0)


@contextmanager
def build_extract(hyper: HyperProcess, path: Path, extract: Extract, watermark: Watermark) -> Iterator[ExtractBuild]:
    """Build an extract anew and put it in the place of the old one when the block ends well.

    After an exception or a kill the old file is as it was.

    Parameters
    ----------
    hyper : HyperProcess
        A running hyperd; it may be building other extracts too.
    path : Path
        The .hyper file.
    extract : Extract
        Its columns.
    watermark : Watermark
        What it will contain.

    Yields
    ------
    ExtractBuild
        To `add` rows to.

    Raises
    ------
    StoreError
        When it cannot be written, or its place is held by another program; the message names the file.
    """
    with own_scratch(path) as scratch:
        file = scratch / "extract.hyper"
        with attached(hyper, path, file, CreateMode.CREATE) as connection:
            columns = ", ".join(f"{escape_name(column.name)} {column.kind[1]}" for column in extract.columns)
            with hyper_told(path):
                connection.execute_command("BEGIN")
                connection.execute_command('CREATE SCHEMA "Extract"')
                connection.execute_command(f"CREATE TABLE {TABLE} ({columns})")
            with _filling(ExtractBuild(path, extract, connection, scratch), 0) as build:
                yield build
        _publish(hyper, file, path, extract, watermark, build.rows)


@contextmanager
def update_extract(
    hyper: HyperProcess, path: Path, extract: Extract, watermark: Watermark, stale: pd.DataFrame
) -> Iterator[ExtractBuild]:
    """Take the stale rows out of an extract and add new ones, on a copy that then takes its place.

    The cost is that of copying the file and of what changed: a day of 400 meters into 7 million rows takes 0.15 s.

    Parameters
    ----------
    hyper, path, extract, watermark
        As for `build_extract`; the file must be one that `extract_state` knows, of the same database.
    stale : pandas.DataFrame
        Rows to take out: `meter_id`, `channel`, and `first`, `last`, both included, on the clock of the extract's time
        column (`READINGS`: UTC, `DAILY`: midnight of the local day). [s since 1970]

    Yields
    ------
    ExtractBuild
        To `add` the rows to that stand there instead.

    Raises
    ------
    StoreError
        As for `build_extract`, and when the file is not what was written here, or is being changed by somebody else.
    ValueError
        For an extract without a time column.
    """
    with own_scratch(path) as scratch:
        file = scratch / "extract.hyper"
        ranges = scratch / "stale.parquet"
        with told(path):
            _copy_known(path, file, extract, watermark.database)
            pq.write_table(_ranges(stale, extract), ranges)
        with attached(hyper, path, file, CreateMode.NONE) as connection:
            with hyper_told(path):
                connection.execute_command("BEGIN")
                kept = count_rows(connection) - _delete(connection, extract, ranges)
            with _filling(ExtractBuild(path, extract, connection, scratch), kept) as build:
                yield build
        _publish(hyper, file, path, extract, watermark, kept + build.rows)


def write_extract(
    hyper: HyperProcess, path: Path, extract: Extract, rows: pa.Table | pd.DataFrame, watermark: Watermark
) -> int:
    """Write a whole extract from one table and give its number of rows; errors as for `build_extract`."""
    with build_extract(hyper, path, extract, watermark) as build:
        build.add(rows)
    return build.rows


@contextmanager
def _filling(build: ExtractBuild, kept: int) -> Iterator[ExtractBuild]:
    try:
        yield build
        build.finish(kept)
    finally:
        build.stop()


def _publish(hyper: HyperProcess, file: Path, path: Path, extract: Extract, watermark: Watermark, rows: int) -> None:
    with attached(hyper, path, file, CreateMode.NONE) as connection:
        found = _rows_kept(connection)
    if found != rows:
        raise StoreError(f"{path}: the disk took {found} of {rows} rows -> make room and run `hyperwatt extract`")
    # When hyperd next opens a file from which it deleted much, it tidies it up: now, before its time is recorded.
    with attached(hyper, path, file, CreateMode.NONE):
        pass
    with told(path):
        put_in_place(file, path, extract, watermark)


def _rows_kept(connection: Connection) -> int:
    """Count the rows that are there when a file is opened again: on a full disk hyperd loses them without a word."""
    try:
        return count_rows(connection)
    except HyperException:  # the table itself is gone
        return 0


def _copy_known(path: Path, file: Path, extract: Extract, database: str) -> None:
    """Copy an extract that nobody changes meanwhile: what is known of it must hold before and after."""
    before = extract_state(path, extract, database)
    if before is not None:
        shutil.copyfile(path, file)
    if before is None or before != extract_state(path, extract, database):
        raise StoreError(f"{path}: not as it was written, or being changed -> close it and run `hyperwatt extract`")


def _ranges(stale: pd.DataFrame, extract: Extract) -> pa.Table:
    """Stale ranges in the type of the extract's time column."""
    if extract.time is None:
        raise ValueError(f"{extract.name} has no time column: build it anew")
    kind = extract.arrow.field(extract.time).type
    table = pa.table({name: pa.array(stale[name], pa.string()) for name in ("meter_id", "channel")})
    for name in ("first", "last"):
        table = table.append_column(name, pa.array(stale[name], pa.int64()).cast(pa.timestamp("s")).cast(kind))
    return table


def _delete(connection: Connection, extract: Extract, ranges: Path) -> int:
    """Take the rows of the ranges out; the earliest edge spares hyperd most of a long history."""
    time = escape_name(extract.time or "")
    connection.execute_command(f"CREATE TEMPORARY TABLE stale AS (SELECT * FROM {parquet_rows([ranges])})")
    taken = connection.execute_command(
        f"DELETE FROM {TABLE} AS kept WHERE {time} >= (SELECT min(first) FROM stale) AND EXISTS ("
        "SELECT 1 FROM stale WHERE stale.meter_id = kept.meter_id AND stale.channel = kept.channel "
        f"AND kept.{time} BETWEEN stale.first AND stale.last)"
    )
    return int(taken or 0)
