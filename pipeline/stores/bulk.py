"""Readings by the million, in and out of a database, inside the transaction of a connection that SQLAlchemy holds.

This is the one part where each kind of database has its own way: Arrow through ADBC for SQLite, `LOAD DATA LOCAL` for
MySQL and MariaDB, `COPY` for PostgreSQL. All of them leave the interpreter free for other threads most of the time.

Measured (1 million readings of 9 columns, 2 cores, server on the same machine): writing takes SQLite 0.6 s, MariaDB
10.11 1.6 s (3.4 s without `LOAD DATA LOCAL`), PostgreSQL 15 1.2 s; reading takes 0.4, 1.1 (pymysql's own rows: 3.6)
and 0.8 s.
"""

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv
from sqlalchemy import Connection

from pipeline.connect import ONE_BATCH
from pipeline.errors import StoreError
from pipeline.stores.tables import READINGS

NO_LOCAL_INFILE = (
    "the server does not accept LOAD DATA LOCAL, so readings are written at half the speed"
    " -> SET GLOBAL local_infile = 1 on the server, or local_infile = 1 in its configuration"
)
REFUSED_LOCAL = (1148, 2068, 3948, 4166)
"""MySQL's and MariaDB's numbers for a server or a client that does not allow LOAD DATA LOCAL."""

STATEMENT_ROWS = 20_000
"""Rows of one INSERT: 2 MB at most, an eighth of what MariaDB takes in one packet (chosen, not measured)."""

PACK_SECONDS = 500_000
"""Readings of so much time are packed in one value on MySQL: below 1 MB with one-minute intervals, the smallest
`max_allowed_packet` in use."""


def insert_rows(connection: Connection, table: str, rows: pa.Table) -> list[str]:
    """Append rows to a table, all or none.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a transaction.
    table : str
        One of ours, with columns of the same names as `rows`; those not given, or null throughout, become NULL.
    rows : pyarrow.Table
        Numbers only.

    Returns
    -------
    list of str
        What a person should know about how it was done.

    Raises
    ------
    StoreError
        MySQL left rows out. Other servers raise their driver's error.
    """
    full = [name for name in rows.column_names if rows.column(name).null_count < rows.num_rows]
    return _INSERT[connection.dialect.name](connection, table, rows.select(full)) if rows.num_rows else []


def select_readings(connection: Connection, where: str) -> pa.Table:
    """Read readings, ordered by channel and start.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Any.
    where : str
        SQL condition on the columns of `readings`; numbers only, and nothing that came from outside.

    Returns
    -------
    pyarrow.Table
        With the columns of `READINGS`.
    """
    return _SELECT[connection.dialect.name](connection, where)


def readings_between(connection: Connection, channel_ids: Sequence[int], first: int, last: int) -> pa.Table:
    """Read the readings of some channels that start in [first, last], ordered, as `READINGS`."""
    numbers = ", ".join(str(int(number)) for number in channel_ids) or "NULL"
    return select_readings(connection, f"channel_id IN ({numbers}) AND start_utc BETWEEN {int(first)} AND {int(last)}")


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _insert_sqlite(connection: Connection, table: str, rows: pa.Table) -> list[str]:
    with _driver(connection).cursor() as cursor:
        cursor.adbc_ingest(table, rows, mode="append")
    return []


def _select_sqlite(connection: Connection, where: str) -> pa.Table:
    # The driver judges a column's type by the first batch, and most columns begin with nulls: so one batch.
    with _driver(connection).cursor(adbc_stmt_kwargs=ONE_BATCH) as cursor:
        names = ", ".join(READINGS.names)
        cursor.execute(f"SELECT {names} FROM readings WHERE {where} ORDER BY channel_id, start_utc")
        rows: pa.Table = cursor.fetch_arrow_table()
        return rows.cast(READINGS)


def _insert_mysql(connection: Connection, table: str, rows: pa.Table) -> list[str]:
    driver = _driver(connection)
    if not os.path.exists("/dev/fd"):
        _insert_values(driver, table, rows)
        return []
    try:
        with _as_text(rows, "\t", "\\N") as pipe, driver.cursor() as cursor:
            names = ", ".join(rows.column_names)
            cursor.execute(f"LOAD DATA LOCAL INFILE '/dev/fd/{pipe}' INTO TABLE {table} CHARACTER SET ascii ({names})")
            _check_all_written(cursor, rows)
    except driver.OperationalError as error:
        if error.args[0] not in REFUSED_LOCAL:
            raise
        _insert_values(driver, table, rows)
        return [NO_LOCAL_INFILE]
    return []


def _check_all_written(cursor: Any, rows: pa.Table) -> None:
    # LOCAL turns errors into warnings: a row that is there already would be lost in silence, a value be bent.
    written = cursor.rowcount
    if written != rows.num_rows or cursor.warning_count:
        cursor.execute("SHOW WARNINGS LIMIT 1")
        raise StoreError(f"the server took {written} of {rows.num_rows} readings and says: {cursor.fetchone()}")


def _insert_values(driver: Any, table: str, rows: pa.Table) -> None:
    names = ", ".join(rows.column_names)
    with driver.cursor() as cursor:
        for batch in _texts(rows, "NULL").to_batches(max_chunksize=STATEMENT_ROWS):
            columns: list[Any] = [*batch.columns, ","]
            values = pc.binary_join_element_wise(*columns).to_pylist()
            cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({'),('.join(values)})")


def _select_mysql(connection: Connection, where: str) -> pa.Table:
    # Row by row, the driver needs 3.6 s for a million rows; the server packs them into text in 1.1 s.
    packed = ", ".join(f"IFNULL({name}, '')" for name in READINGS.names)
    with _driver(connection).cursor() as cursor:
        cursor.execute("SET SESSION group_concat_max_len = 1048576")
        cursor.execute(
            f"SELECT COUNT(*), GROUP_CONCAT(CONCAT_WS(',', {packed}) ORDER BY start_utc SEPARATOR '\\n') FROM readings"
            f" WHERE {where} GROUP BY channel_id, start_utc DIV {PACK_SECONDS} ORDER BY channel_id, MIN(start_utc)"
        )
        packs = cursor.fetchall()
    rows = _from_text("\n".join(pack for _, pack in packs).encode())
    if rows.num_rows != sum(count for count, _ in packs):
        raise StoreError("the server cut readings short -> raise its max_allowed_packet to 16 MB or more")
    return rows


def _insert_postgresql(connection: Connection, table: str, rows: pa.Table) -> list[str]:
    copy = f"COPY {table} ({', '.join(rows.column_names)}) FROM STDIN WITH (FORMAT csv)"
    with _as_text(rows, ",", "") as pipe, _driver(connection).cursor() as cursor, cursor.copy(copy) as target:
        while piece := os.read(pipe, 1 << 16):
            target.write(piece)
    return []


def _select_postgresql(connection: Connection, where: str) -> pa.Table:
    query = f"SELECT {', '.join(READINGS.names)} FROM readings WHERE {where} ORDER BY channel_id, start_utc"
    with _driver(connection).cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT WITH (FORMAT csv)") as source:
        # Joining the pieces, one for each row, takes six times as long.
        text = io.BytesIO()
        text.writelines(source)
        return _from_text(text.getvalue())


@contextmanager
def _as_text(rows: pa.Table, delimiter: str, null: str) -> Iterator[int]:
    """Give the reading end of a pipe into which a thread writes the rows, so that nothing waits on a disk."""
    source, sink = os.pipe()
    writer = Thread(target=_write_text, args=(_texts(rows, null), sink, delimiter))
    writer.start()
    try:
        yield source
    finally:
        os.close(source)
        writer.join()


def _write_text(rows: pa.Table, sink: int, delimiter: str) -> None:
    options = csv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style="none")
    try:
        with os.fdopen(sink, "wb") as file:
            csv.write_csv(rows, file, options)
    except OSError:
        # The reader has given up, and says why itself.
        return


def _texts(rows: pa.Table, null: str) -> pa.Table:
    columns = [_text(column, null) if column.null_count or null == "NULL" else column for column in rows.columns]
    return pa.table(columns, names=rows.column_names)


def _text(column: Any, null: str) -> Any:
    return pc.fill_null(pc.cast(column, pa.string()), null)


def _from_text(text: bytes) -> pa.Table:
    if not text:
        return READINGS.empty_table()
    types = {field.name: field.type for field in READINGS}
    options = csv.ConvertOptions(column_types=types, null_values=[""])
    return csv.read_csv(io.BytesIO(text), csv.ReadOptions(column_names=READINGS.names), convert_options=options).cast(
        READINGS
    )


_INSERT = {"sqlite": _insert_sqlite, "mysql": _insert_mysql, "postgresql": _insert_postgresql}
_SELECT = {"sqlite": _select_sqlite, "mysql": _select_mysql, "postgresql": _select_postgresql}
