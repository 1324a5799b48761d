"""The tables of the database, as SQLAlchemy knows them. sql/migrations makes them; a test holds the two together.

Instants are whole seconds since 1970 UTC. Numbers of rows (`channel_id`, `file_id`, `load_id` and the like) are given
by hyperwatt, one after the other, under the lock of a run; no sequence of the server is needed.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

ID_LENGTH = 190
"""Characters of a site's or a meter's name: what fits into an index of every server in four bytes each."""

MODEL_LENGTH = 80
"""Characters of a model's name, or of that of a combination."""

NO_SITE = "main"
"""Site of the meters that nobody has placed."""

metadata = MetaData()

about = Table(
    "about",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", String(190), nullable=False),
)
"""What is true of the whole database: `database_id`, by which an extract knows where it came from."""

loads = Table(
    "loads",
    metadata,
    Column("load_id", Integer, primary_key=True, autoincrement=False),
    Column("started_utc", BigInteger, nullable=False),
    Column("finished_utc", BigInteger, nullable=False),
    Column("version", String(40), nullable=False),
)
"""One row a run that changed something. A run is one transaction, so `load_id` is in the order of commits."""

files = Table(
    "files",
    metadata,
    Column("file_id", Integer, primary_key=True, autoincrement=False),
    Column("load_id", Integer, ForeignKey("loads.load_id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("layout", String(40), nullable=False),
    Column("settings", Text, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("first_start_utc", BigInteger),
    Column("last_start_utc", BigInteger),
    Column("energy_kwh", Double),
    Column("status", String(20), nullable=False),
)

sites = Table(
    "sites",
    metadata,
    Column("site_id", String(ID_LENGTH), primary_key=True),
    Column("timezone", String(64)),
)
"""A site is one or many buildings under one clock; what is said of a building is said of its meters."""

meters = Table(
    "meters",
    metadata,
    Column("meter_id", String(ID_LENGTH), primary_key=True),
    Column("site_id", String(ID_LENGTH), ForeignKey("sites.site_id"), nullable=False, index=True),
    Column("serial", String(ID_LENGTH)),
    Column("name", String(ID_LENGTH)),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("floor_area_m2", Double),
    Column("building_use", String(ID_LENGTH)),
    Column("tariff", String(ID_LENGTH)),
)

channels = Table(
    "channels",
    metadata,
    Column("channel_id", Integer, primary_key=True, autoincrement=False),
    Column("meter_id", String(ID_LENGTH), ForeignKey("meters.meter_id"), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("interval_minutes", Integer, nullable=False),
    Column("unit", String(10), nullable=False),
    Column("first_start_utc", BigInteger),
    Column("last_start_utc", BigInteger),
    UniqueConstraint("meter_id", "channel", "interval_minutes", name="one_channel"),
)
"""One stream of a meter at one interval length; `interval_minutes` 0: periods of varying length."""


def _value_columns() -> list[Column[Any]]:
    return [
        Column("minutes", Integer),
        Column("energy_kwh", Double),
        Column("raw_kwh", Double),
        Column("quality", SmallInteger, nullable=False),
        Column("method", SmallInteger),
        Column("rule", SmallInteger),
        Column("file_id", Integer),
    ]


# No foreign keys here: the servers would look one up for every reading of a bulk load.
readings = Table(
    "readings",
    metadata,
    Column("channel_id", Integer, primary_key=True, autoincrement=False),
    Column("start_utc", BigInteger, primary_key=True, autoincrement=False),
    *_value_columns(),
    sqlite_with_rowid=False,
)
"""One row an interval, clustered by channel and start. `raw_kwh`: only where VEE changed the value. `minutes`: only
where it is not the channel's."""

reading_versions = Table(
    "reading_versions",
    metadata,
    Column("channel_id", Integer, nullable=False),
    Column("start_utc", BigInteger, nullable=False),
    *_value_columns(),
    Column("replaced_by_load", Integer, nullable=False),
    Column("replaced_utc", BigInteger, nullable=False),
    Index("version_of_reading", "channel_id", "start_utc"),
)
"""Every reading that a later file, edit or estimate replaced, as it was."""

register_reads = Table(
    "register_reads",
    metadata,
    Column("meter_id", String(ID_LENGTH), primary_key=True),
    Column("channel", String(40), primary_key=True),
    Column("first_read_utc", BigInteger, primary_key=True, autoincrement=False),
    Column("first_kwh", Double, nullable=False),
    Column("last_read_utc", BigInteger, nullable=False),
    Column("last_kwh", Double, nullable=False),
)
"""First and last read of every stretch of a register: they join the readings of one file to those of the next."""

changes = Table(
    "changes",
    metadata,
    Column("load_id", Integer, ForeignKey("loads.load_id"), primary_key=True),
    Column("channel_id", Integer, ForeignKey("channels.channel_id"), primary_key=True),
    Column("first_start_utc", BigInteger, nullable=False),
    Column("last_start_utc", BigInteger, nullable=False),
)
"""What an extract must write anew to get from the load before this one to this one."""

findings = Table(
    "findings",
    metadata,
    Column("finding_id", Integer, primary_key=True, autoincrement=False),
    Column("load_id", Integer, ForeignKey("loads.load_id"), nullable=False, index=True),
    Column("channel_id", Integer, ForeignKey("channels.channel_id"), index=True),
    Column("rule_id", String(10), nullable=False),
    Column("meter_id", String(ID_LENGTH)),
    Column("channel", String(40)),
    Column("first_start_utc", BigInteger),
    Column("last_start_utc", BigInteger),
    Column("intervals", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("file", Text),
)

edits = Table(
    "edits",
    metadata,
    Column("edit_id", Integer, primary_key=True, autoincrement=False),
    Column("load_id", Integer, ForeignKey("loads.load_id"), nullable=False, index=True),
    Column("meter_id", String(ID_LENGTH), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("first_start_utc", BigInteger, nullable=False),
    Column("last_start_utc", BigInteger, nullable=False),
    Column("energy_kwh", Double),
    Column("edited_by", String(ID_LENGTH), nullable=False),
    Column("reason", Text, nullable=False),
)

holidays = Table(
    "holidays",
    metadata,
    Column("calendar", String(ID_LENGTH), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("name", String(ID_LENGTH), nullable=False),
)
"""Days without work, by site or by country."""

clock_changes = Table(
    "clock_changes",
    metadata,
    Column("timezone", String(64), primary_key=True),
    Column("from_utc", BigInteger, primary_key=True, autoincrement=False),
    Column("offset_seconds", Integer, nullable=False),
)
"""The offset of each time zone in use, from each of its changes on: servers need no time zone tables of their own."""

forecast_issues = Table(
    "forecast_issues",
    metadata,
    Column("channel_id", Integer, ForeignKey("channels.channel_id"), primary_key=True, autoincrement=False),
    Column("issue_id", Integer, nullable=False),
    Column("load_id", Integer, nullable=False),
    Column("issued_utc", BigInteger, nullable=False),
    Column("origin_utc", BigInteger),
    Column("hourly_model", String(MODEL_LENGTH)),
    Column("daily_model", String(MODEL_LENGTH)),
    Column("reason", Text),
)
"""The newest forecast of each stream of a meter, under the first of its channels. `issue_id` is in the order of
commits, `load_id` the last load that it knew, `origin_utc` the end of its history, `reason` why it has no forecast."""

forecasts = Table(
    "forecasts",
    metadata,
    Column("channel_id", Integer, primary_key=True, autoincrement=False),
    Column("interval_minutes", Integer, primary_key=True, autoincrement=False),
    Column("start_utc", BigInteger, primary_key=True, autoincrement=False),
    Column("forecast_kwh", Double, nullable=False),
    Column("lower_kwh", Double),
    Column("upper_kwh", Double),
    sqlite_with_rowid=False,
)
"""What is expected of the hours (60) and local days (1440) after the origin of an issue."""

forecast_scores = Table(
    "forecast_scores",
    metadata,
    Column("channel_id", Integer, ForeignKey("channels.channel_id"), primary_key=True, autoincrement=False),
    Column("interval_minutes", Integer, primary_key=True, autoincrement=False),
    Column("model", String(MODEL_LENGTH), primary_key=True),
    Column("horizon_days", Integer, primary_key=True, autoincrement=False),
    Column("mae_kwh", Double),
    Column("rmse_share", Double),
    Column("mase", Double),
    Column("coverage", Double),
    Column("origins", Integer, nullable=False),
    Column("is_chosen", SmallInteger, nullable=False),
)
"""How wrong each model would have been, in a test on the past of the stream."""

anomalies = Table(
    "anomalies",
    metadata,
    Column("channel_id", Integer, ForeignKey("channels.channel_id"), primary_key=True, autoincrement=False),
    Column("first_start_utc", BigInteger, primary_key=True, autoincrement=False),
    Column("cause", String(20), primary_key=True),
    Column("last_start_utc", BigInteger, nullable=False),
    Column("hours", Double, nullable=False),
    Column("energy_kwh", Double),
    Column("expected_kwh", Double),
    Column("over_kwh", Double),
    Column("direction", String(10), nullable=False),
    Column("score", Double),
    Column("rules", String(ID_LENGTH)),
    Column("detail", Text, nullable=False),
)
"""Hours and days that were not as expected. `cause`: "behaviour", or "meter" where validation (VEE) explains them."""

_FIELDS: "list[pa.Field[Any]]" = [
    pa.field("channel_id", pa.int32(), nullable=False),
    pa.field("start_utc", pa.int64(), nullable=False),
    pa.field("minutes", pa.int32()),
    pa.field("energy_kwh", pa.float64()),
    pa.field("raw_kwh", pa.float64()),
    pa.field("quality", pa.int16(), nullable=False),
    pa.field("method", pa.int16()),
    pa.field("rule", pa.int16()),
    pa.field("file_id", pa.int32()),
]

READINGS = pa.schema(_FIELDS)
"""The columns of `readings` in Arrow: what goes in and what comes out."""


def arrow_readings(columns: Mapping[str, NDArray[Any]]) -> pa.Table:
    """Give arrays the shape of `READINGS`.

    Parameters
    ----------
    columns : mapping of str to array, all of one length
        `channel_id`, `start_utc` and `quality` at least. NaN, and 0 in `minutes`, `method`, `rule` and `file_id`,
        become null; columns that are not given are null throughout.

    Returns
    -------
    pyarrow.Table
        With exactly the columns of `READINGS`.
    """
    count = len(columns["channel_id"])
    return pa.table([_arrow(columns.get(field.name), field, count) for field in READINGS], schema=READINGS)


def _arrow(values: NDArray[Any] | None, field: "pa.Field[Any]", count: int) -> Any:
    if values is None:
        return pa.nulls(count, field.type)
    if not field.nullable:
        return pa.array(values).cast(field.type)
    missing = np.isnan(values) if values.dtype.kind == "f" else values == 0
    return pa.array(values, mask=missing).cast(field.type)
