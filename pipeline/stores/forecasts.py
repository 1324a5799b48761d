"""Forecasts, their past errors and anomalies in the database: each stream's newest issue, wholly or not at all.

An issue stays until the next of its stream takes its place. It knows the last load that it was made from, so whoever
reads it can tell whether readings have changed since.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, Engine, Select, Table, delete, func, insert, select

from pipeline.connect import database_told
from pipeline.stores.bulk import insert_rows
from pipeline.stores.lock import Tell, writing
from pipeline.stores.places import next_id
from pipeline.stores.tables import anomalies, changes, forecast_issues, forecast_scores, forecasts

HOUR_GRAIN, DAY_GRAIN = 60, 1440
"""Values of `interval_minutes`: an hour, and a local day."""

VALUE_FIELDS = ("interval_minutes", "start_utc", "forecast_kwh", "lower_kwh", "upper_kwh")
_WHOLE: "list[pa.Field[Any]]" = [pa.field("channel_id", pa.int32()), pa.field("interval_minutes", pa.int32())]
_VALUES = pa.schema(
    [*_WHOLE, pa.field("start_utc", pa.int64()), *(pa.field(name, pa.float64()) for name in VALUE_FIELDS[2:])]
)


def _nothing(table: Table) -> Callable[[], pd.DataFrame]:
    names = [column.name for column in table.columns if column.name != "channel_id"]
    return lambda: pd.DataFrame(columns=names)


@dataclass(frozen=True)
class Issue:
    """What was found out about one stream of a meter.

    Attributes
    ----------
    channel_id : int
        First channel of the stream.
    load_id : int
        The last load that it knew.
    issued_utc : int
        [s since 1970 UTC]
    origin_utc : int or None
        End of the history that it knew. [s since 1970 UTC]
    hourly_model, daily_model : str or None
        None where there is no forecast; `reason` then says why.
    reason : str or None
    values, scores, anomalies : pandas.DataFrame
        With the columns of `forecasts`, `forecast_scores` and `anomalies` but `channel_id`; NaN becomes null.
    """

    channel_id: int
    load_id: int
    issued_utc: int
    origin_utc: int | None = None
    hourly_model: str | None = None
    daily_model: str | None = None
    reason: str | None = None
    values: pd.DataFrame = field(default_factory=_nothing(forecasts))
    scores: pd.DataFrame = field(default_factory=_nothing(forecast_scores))
    anomalies: pd.DataFrame = field(default_factory=_nothing(anomalies))


def write_issues(engine: Engine, issues: Sequence[Issue], waiting: Tell = lambda _: None) -> None:
    """Put issues in the place of the earlier ones of their streams, all of them or none.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    issues : sequence of Issue
    waiting : callable
        Told in one sentence when another run holds the database; this one then waits for it.

    Raises
    ------
    StoreError
        When the database fails.
    """
    with database_told(engine), writing(engine, waiting) as connection:
        for issue in issues:
            _write(connection, issue)


def _write(connection: Connection, issue: Issue) -> None:
    number = next_id(connection, forecast_issues.c.issue_id)
    for table in (forecasts, forecast_scores, anomalies, forecast_issues):
        connection.execute(delete(table).where(table.c.channel_id == issue.channel_id))
    named = ("channel_id", "load_id", "issued_utc", "origin_utc", "hourly_model", "daily_model", "reason")
    row = {name: getattr(issue, name) for name in named}
    connection.execute(insert(forecast_issues).values(issue_id=number, **row))
    insert_rows(connection, "forecasts", _value_rows(issue))
    for table, frame in ((forecast_scores, issue.scores), (anomalies, issue.anomalies)):
        if len(frame):
            connection.execute(insert(table), _records(frame.assign(channel_id=issue.channel_id)))


def _value_rows(issue: Issue) -> pa.Table:
    columns = [issue.values[name].to_numpy() for name in VALUE_FIELDS]
    own = pa.array([issue.channel_id] * len(issue.values), pa.int32())
    rest = [pa.array(values, _VALUES.field(n).type, from_pandas=True) for n, values in enumerate(columns, start=1)]
    return pa.table([own, *rest], schema=_VALUES)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): value for name, value in record.items()}
        for record in frame.astype(object).where(frame.notna(), None).to_dict("records")
    ]


def last_issue(engine: Engine) -> int:
    """Give the number of the newest issue; 0 before the first forecast."""
    query = select(func.coalesce(func.max(forecast_issues.c.issue_id), 0).label("last"))
    return int(_read(engine, query)["last"].iloc[0])


def read_issues(engine: Engine) -> pd.DataFrame:
    """Give the issue of every stream that has one: the columns of `forecast_issues`, by `channel_id`."""
    query = select(forecast_issues).order_by(forecast_issues.c.channel_id)
    return _read(engine, query).astype({"origin_utc": "Int64"})


def read_forecasts(engine: Engine, channel_ids: Sequence[int]) -> pd.DataFrame:
    """Give what is expected of some streams: the columns of `forecasts`, in order."""
    own = forecasts.c.channel_id.in_([int(number) for number in channel_ids])
    keys = (forecasts.c.channel_id, forecasts.c.interval_minutes, forecasts.c.start_utc)
    return _read(engine, select(forecasts).where(own).order_by(*keys))


def read_scores(engine: Engine) -> pd.DataFrame:
    """Give the past errors of every model on every stream: the columns of `forecast_scores`, in order."""
    return _read(engine, select(forecast_scores).order_by(*forecast_scores.primary_key.columns))


def read_anomalies(engine: Engine) -> pd.DataFrame:
    """Give every anomaly: the columns of `anomalies`, in order."""
    return _read(engine, select(anomalies).order_by(*anomalies.primary_key.columns))


def newest_changes(engine: Engine) -> dict[int, int]:
    """Give the last load that has changed readings of each channel."""
    query = select(changes.c.channel_id, func.max(changes.c.load_id).label("load_id"))
    found = _read(engine, query.group_by(changes.c.channel_id))
    return {int(number): int(load) for number, load in found.itertuples(index=False)}


def _read(engine: Engine, query: Select[Any]) -> pd.DataFrame:
    with database_told(engine), engine.connect() as connection:
        result = connection.execute(query)
        return pd.DataFrame([tuple(row) for row in result], columns=list(result.keys()))
