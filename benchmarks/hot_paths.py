"""The benchmarks themselves; what each compares stands in `benchmarks.__main__`."""

import gc
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import adbc_driver_sqlite.dbapi as adbc
import pyarrow as pa
from pyarrow import csv
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from tableauhyperapi import Connection, CreateMode, escape_string_literal  # type: ignore[import-untyped]

from benchmarks.data import HOURS, write_long
from pipeline.config import Settings
from pipeline.connect import connect_database, connect_hyper
from pipeline.extracting import Filling
from pipeline.intake import Intake
from pipeline.knowing import know, known_places
from pipeline.loading import store_blocks, work
from pipeline.progress import silent
from pipeline.run import NO_CHANNELS, Report, no_history, run, spool_in, take_in
from pipeline.stores.database import read_channels, read_readings
from pipeline.stores.extracts import READINGS
from pipeline.stores.hyper import build_extract
from pipeline.stores.hyper_read import TABLE
from pipeline.stores.load import open_load
from pipeline.stores.reading_rows import readings_table
from pipeline.stores.upgrade import upgrade
from pipeline.stores.watermark import Watermark

METERS = 400
MYSQL = os.environ.get("HYPERWATT_TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306/hyperwatt_bench")


def best(work_on: Callable[[], object], tries: int = 2) -> float:
    """Give the better of some tries. [s]"""
    taken = []
    for _ in range(tries):
        gc.collect()
        began = time.perf_counter()
        work_on()
        taken.append(time.perf_counter() - began)
    return min(taken)


def long_csv(folder: Path, meters: int = METERS, hours: int = HOURS) -> tuple[Path, int]:
    """Make the file if it is not there yet; give it and its number of rows."""
    path, counted = folder / f"long-{meters}-{hours}.csv", folder / f"long-{meters}-{hours}.rows"
    if not counted.exists():
        counted.write_text(str(write_long(path, meters=meters, hours=hours)))
    return path, int(counted.read_text())


THREE = "meter_id text, interval_start timestamp, energy_kwh double precision"


def bare_copy(path: Path, folder: Path, columns: str = THREE) -> None:
    """Let hyperd COPY a CSV into a table of its columns, by default those of the file: the reference for extracts."""
    target = folder / "copy.hyper"
    with connect_hyper() as hyper, Connection(hyper.endpoint, target, CreateMode.CREATE_AND_REPLACE) as connection:
        connection.execute_command(f"CREATE TABLE readings ({columns})")
        connection.execute_command(
            f"COPY readings FROM {escape_string_literal(str(path))} WITH (FORMAT CSV, HEADER TRUE)"
        )


def to_extract(path: Path, folder: Path) -> None:
    """Take the CSV through VEE into `readings.hyper`, without a database."""
    settings = Settings(out=folder, timezone="UTC")
    with connect_hyper() as hyper, spool_in(folder) as spool:
        intake = Intake(spool, NO_CHANNELS)
        register = take_in([path], settings, intake, Report(), silent)
        known = know(intake, settings, known_places(NO_CHANNELS, register), NO_CHANNELS, no_history)
        with build_extract(hyper, folder / "readings.hyper", READINGS, Watermark("bench", 1)) as build:
            for result in work(intake, known, settings.jobs, silent):
                for one in result.laid:
                    build.add(readings_table(one.grid))


def extract(folder: Path) -> str:
    """(a)"""
    path, rows = long_csv(folder)
    ours, bare = best(lambda: to_extract(path, folder)), best(lambda: bare_copy(path, folder))
    written = as_csv(folder / "readings.hyper", folder / "written.csv")
    columns = ", ".join(f"{column.name} {column.kind[1]}" for column in READINGS.columns)
    same = best(lambda: bare_copy(written, folder, columns))
    sizes = (
        f"{path.stat().st_size / 1e6:,.0f} MB CSV, {(folder / 'readings.hyper').stat().st_size / 1e6:,.0f} MB extract"
    )
    return (
        f"{ours / bare:.2f} x bare COPY ({ours:.2f} s / {bare:.2f} s; {rows:,} rows, {sizes}); "
        f"{ours / same:.2f} x bare COPY of the {len(READINGS.columns)} columns written ({same:.2f} s)"
    )


def as_csv(extract: Path, path: Path) -> Path:
    """Write the rows of an extract as CSV."""
    with connect_hyper() as hyper, Connection(hyper.endpoint, extract) as connection:
        connection.execute_command(
            f"COPY (SELECT * FROM {TABLE}) TO {escape_string_literal(str(path))} WITH (FORMAT CSV, HEADER TRUE)"
        )
    return path


@contextmanager
def fresh(folder: Path) -> Iterator[Path]:
    """Give an empty folder and clear it away."""
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    yield out
    shutil.rmtree(out)


def to_database(path: Path, folder: Path, url: str) -> None:
    """Take the CSV through VEE into a database, without extracts."""
    settings = Settings(out=folder, timezone="UTC", database=url)
    engine = connect_database(url)
    with spool_in(folder) as spool:
        intake = Intake(spool, NO_CHANNELS)
        register = take_in([path], settings, intake, Report(), silent)
        with open_load(engine) as writing:
            known = know(intake, settings, known_places(NO_CHANNELS, register), NO_CHANNELS, no_history)
            store_blocks(intake, known, settings.jobs, writing, Filling(folder), silent)


def dump(engine_url: str, channels_at_once: int = 50) -> Iterator[pa.Table]:
    """Give all readings of a database, some channels at a time."""
    engine = connect_database(engine_url)
    ids = read_channels(engine)["channel_id"].tolist()
    for first in range(0, len(ids), channels_at_once):
        yield read_readings(engine, ids[first : first + channels_at_once], -(2**40), 2**40)


@contextmanager
def mysql_database() -> Iterator[Callable[[], Any]]:
    """Give a function that makes the benchmark's database anew; the database goes at the end."""
    url = make_url(MYSQL).set(drivername="mysql+pymysql")
    server = create_engine(url.set(database="mysql"), isolation_level="AUTOCOMMIT")

    def anew() -> None:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {url.database}"))
            connection.execute(text(f"CREATE DATABASE {url.database} CHARACTER SET utf8mb4"))
        upgrade(connect_database(MYSQL))

    try:
        yield anew
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {url.database}"))


def mysql(folder: Path) -> str:
    """(b)"""
    path, _ = long_csv(folder)
    lines, rows = folder / "rows.tsv", 0
    with mysql_database() as anew:
        anew()
        ours = best(lambda: to_database(path, folder, MYSQL), 1)
        options = csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
        with lines.open("wb") as file:
            for table in dump(MYSQL):
                rows += len(table)
                csv.write_csv(_nulls_as_text(table), file, options)
        anew()
        bare = best(lambda: _load_data(lines), 1)
    size = f"{lines.stat().st_size / 1e6:,.0f} MB"
    return f"{ours / bare:.2f} x bare LOAD DATA ({ours:.1f} s / {bare:.1f} s; {rows:,} rows, {size})"


def _nulls_as_text(table: pa.Table) -> pa.Table:
    columns = [column.cast(pa.string()).fill_null("\\N") if column.null_count else column for column in table.columns]
    return pa.table(columns, names=table.column_names)


def _load_data(lines: Path) -> None:
    engine = create_engine(make_url(MYSQL).set(drivername="mysql+pymysql"), connect_args={"local_infile": True})
    with engine.begin() as connection:
        connection.exec_driver_sql(f"LOAD DATA LOCAL INFILE '{lines}' INTO TABLE readings")


def memory(folder: Path) -> str:
    """(c)"""
    hours = HOURS // 2
    few, many = (_peak(long_csv(folder, meters, hours)[0], folder) for meters in (METERS, 10 * METERS))
    rows = int((folder / f"long-{10 * METERS}-{hours}.rows").read_text())
    return f"{many / few:.2f} x 400 meters ({many / 1e6:,.0f} MB / {few / 1e6:,.0f} MB; {rows:,} rows)"


def _peak(path: Path, folder: Path) -> float:
    """Peak resident memory of a whole default run in a process of its own. [bytes]

    From /proc where there is one: what `getrusage` tells begins with the peak of the process that started this one.
    """
    with fresh(folder) as out:
        code = (
            "import resource, sys\nfrom pathlib import Path\nfrom pipeline.config import Settings\n"
            "from pipeline.run import run\n"
            "run([Path(sys.argv[1])], Settings(out=Path(sys.argv[2]), timezone='UTC'))\n"
            "status = Path('/proc/self/status')\n"
            "told = [line for line in status.read_text().splitlines() if 'VmHWM' in line] if status.exists() else []\n"
            "print(told[0].split()[1] if told else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(path), str(out)], capture_output=True, text=True, check=True
        )
    return int(done.stdout.split()[-1]) * (1 if sys.platform == "darwin" else 1024)


def default(folder: Path) -> str:
    """(d)"""
    path, _ = long_csv(folder)
    with fresh(folder) as out:
        settings = Settings(out=out, timezone="UTC")
        ours = best(lambda: run([path], settings), 1)
        tables = list(dump(settings.database_url))
        rows = pa.concat_tables(tables)
        keyed = best(lambda: _ingest(rows, folder, settings.database_url), 1)
        size = (out / "hyperwatt.db").stat().st_size / 1e6
    bare = best(lambda: bare_copy(path, folder))
    ratio = ours / (keyed + bare)
    return (
        f"{ratio:.2f} x bare ADBC ingest into the keyed table + bare COPY "
        f"({ours:.2f} s / {keyed:.2f} + {bare:.2f} s; {len(rows):,} rows, {size:,.0f} MB)"
    )


def _ingest(rows: pa.Table, folder: Path, _url: str) -> None:
    """Let ADBC put the very rows into an empty table of the same definition, one transaction."""
    target = folder / "bare.db"
    target.unlink(missing_ok=True)
    upgrade(connect_database(f"sqlite:///{target}"))
    with adbc.connect(str(target)) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("readings", rows, mode="append")
        connection.commit()


def increment(folder: Path) -> str:
    """(e)"""
    taken = {}
    for hours in (HOURS // 2, HOURS):
        with fresh(folder) as out:
            settings = Settings(out=out, timezone="UTC")
            history, day = folder / "history.csv", folder / "day.csv"
            write_long(history, meters=METERS, hours=hours - 24)
            rows = write_long(day, meters=METERS, hours=hours, skip=hours - 24)
            run([history], settings)
            size = (out / "extracts" / "readings.hyper").stat().st_size / 1e6
            taken[hours] = best(lambda settings=settings, day=day: run([day], settings), 1)
    short, long = taken.values()
    return f"{long / short:.2f} x one year of history ({long:.2f} s / {short:.2f} s; {rows:,} rows onto {size:,.0f} MB)"


BENCHMARKS: dict[str, Callable[[Path], str]] = {
    "extract": extract,
    "mysql": mysql,
    "memory": memory,
    "default": default,
    "increment": increment,
}
