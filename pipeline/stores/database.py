"""What the database holds, for whoever asks: no lock, no writing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Engine, Select, func, select

from pipeline.connect import database_told
from pipeline.stores import places
from pipeline.stores.bulk import readings_between
from pipeline.stores.load import FileRow, file_row
from pipeline.stores.records import Told, told_between
from pipeline.stores.tables import about, changes, edits, files, findings, holidays, loads


def database_id(engine: Engine) -> str:
    """Give the identity that the database got when its tables were made, the same wherever it is moved to."""
    return str(_read(engine, select(about.c.value).where(about.c.name == "database_id"))["value"].iloc[0])


def last_load(engine: Engine) -> int:
    """Give the number of the last run that changed something; 0 before the first."""
    return int(_read(engine, select(func.coalesce(func.max(loads.c.load_id), 0).label("last")))["last"].iloc[0])


def changes_since(engine: Engine, load_id: int) -> pd.DataFrame:
    """Give what later loads than `load_id` have changed.

    Returns
    -------
    pandas.DataFrame
        `channel_id`, `first`, `last`: one row a channel, from the first to the last start that any of these loads
        touched. [s since 1970 UTC]
    """
    first, last = func.min(changes.c.first_start_utc), func.max(changes.c.last_start_utc)
    query = select(changes.c.channel_id, first.label("first"), last.label("last"))
    return _read(engine, query.where(changes.c.load_id > load_id).group_by(changes.c.channel_id).order_by("channel_id"))


def read_channels(engine: Engine) -> pd.DataFrame:
    """Give every channel with its meter and site: their columns as in the tables; spans are <NA> without readings."""
    with database_told(engine), engine.connect() as connection:
        return places.read_channels(connection)


def read_readings(engine: Engine, channel_ids: Sequence[int], first: int, last: int) -> pa.Table:
    """Give the readings of some channels that start in [first, last], ordered by channel and start, as `READINGS`."""
    with database_told(engine), engine.connect() as connection:
        return readings_between(connection, channel_ids, first, last)


def read_findings(engine: Engine, since: int = 0) -> pd.DataFrame:
    """Give the findings of loads after `since`, in the order they were written; starts are <NA> where there is none."""
    query = select(findings).where(findings.c.load_id > since).order_by(findings.c.finding_id)
    return _read(engine, query).astype({name: "Int64" for name in ("channel_id", "first_start_utc", "last_start_utc")})


def read_told(engine: Engine, first: int, last: int) -> list[Told]:
    """Give the findings of channels that touch a range. [s since 1970 UTC]"""
    with database_told(engine), engine.connect() as connection:
        return told_between(connection, first, last)


def read_edits(engine: Engine) -> pd.DataFrame:
    """Give every edit, in the order they were recorded."""
    return _read(engine, select(edits).order_by(edits.c.edit_id))


def read_holidays(engine: Engine, calendar: str | None = None) -> NDArray[np.int64]:
    """Give the days without work of one calendar, or of all. [days since 1970-01-01]"""
    query = select(holidays.c.day).order_by(holidays.c.day).distinct()
    days = _read(engine, query if calendar is None else query.where(holidays.c.calendar == calendar))["day"]
    return days.to_numpy(dtype="datetime64[D]").astype(np.int64)


def known_files(engine: Engine) -> dict[str, FileRow]:
    """Give every loaded file by its SHA-256."""
    with database_told(engine), engine.connect() as connection:
        return {row["sha256"]: file_row(row) for row in connection.execute(select(files)).mappings()}


def _read(engine: Engine, query: Select[Any]) -> pd.DataFrame:
    with database_told(engine), engine.connect() as connection:
        result = connection.execute(query)
        return pd.DataFrame([tuple(row) for row in result], columns=list(result.keys()))
