"""Extracts as hyperd opens them: attach a file, count it, read it back."""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from tableauhyperapi import (  # type: ignore[import-untyped]
    Connection,
    CreateMode,
    HyperException,
    HyperProcess,
    escape_string_literal,
)

from pipeline.connect import connect_hyper
from pipeline.errors import StoreError
from pipeline.stores.extracts import Extract
from pipeline.stores.scratch import told

TABLE = '"Extract"."Extract"'


def read_extract(path: Path, hyper: HyperProcess | None = None) -> pd.DataFrame:
    """Read a whole extract, in no particular order.

    Parameters
    ----------
    path : Path
        The .hyper file.
    hyper : HyperProcess or None
        A running hyperd; None: one is started for this.

    Raises
    ------
    StoreError
        When there is no such extract, it is damaged, or another program holds it.
    """
    return query_extract(path, f"SELECT * FROM {TABLE}", hyper)


def query_extract(path: Path, query: str, hyper: HyperProcess | None = None) -> pd.DataFrame:
    """Give the rows of a query on an extract, whose table is `TABLE`; parameters and errors as for `read_extract`."""
    with reading(path, hyper) as connection, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.parquet"
        target = escape_string_literal(str(file))
        with hyper_told(path):
            connection.execute_command(f"COPY ({query}) TO {target} WITH (FORMAT PARQUET)")
        return pq.read_table(file).to_pandas()


@dataclass(frozen=True)
class ExtractSummary:
    """What stands in an extract: its rows, its channels, the energy in it [kWh, None without such a column]."""

    rows: int
    channels: int
    energy_kwh: float | None


def extract_summary(path: Path, extract: Extract, hyper: HyperProcess | None = None) -> ExtractSummary:
    """Count what stands in an extract; parameters and errors as for `read_extract`."""
    energy = "sum(energy_kwh)" if "energy_kwh" in extract.names else "null"
    query = f"SELECT count(*), count(DISTINCT meter_id || chr(10) || channel), {energy} FROM {TABLE}"
    with reading(path, hyper) as connection, hyper_told(path):
        return ExtractSummary(*connection.execute_list_query(query)[0])


@contextmanager
def reading(path: Path, hyper: HyperProcess | None) -> Iterator[Connection]:
    """Open an extract to read it; parameters and errors as for `read_extract`."""
    with (
        nullcontext(hyper) if hyper else connect_hyper() as running,
        attached(running, path, path, CreateMode.NONE) as connection,
    ):
        yield connection


@contextmanager
def attached(hyper: HyperProcess, path: Path, file: Path, mode: CreateMode) -> Iterator[Connection]:
    """Open a file that is, or is to become, the extract at `path`."""
    with hyper_told(path):
        connection = Connection(hyper.endpoint, file.absolute(), mode)
    with closing(connection):
        yield connection


def count_rows(connection: Connection) -> int:
    """Give the number of rows of the open extract."""
    return int(connection.execute_scalar_query(f"SELECT count(*) FROM {TABLE}"))


def parquet_rows(files: list[Path]) -> str:
    """Give the rows of Parquet files, as SQL."""
    names = ", ".join(escape_string_literal(str(file.absolute())) for file in files)
    return f"external(ARRAY[{names}], FORMAT => 'parquet')"


@contextmanager
def hyper_told(path: Path) -> Iterator[None]:
    """Say a failure of hyperd or of the file system as a StoreError that names the extract and what to do."""
    try:
        with told(path):
            yield
    except HyperException as error:
        raise StoreError(
            f"{path}: {error.main_message} -> close it in Tableau and other programs, and run `hyperwatt extract`"
        ) from error
