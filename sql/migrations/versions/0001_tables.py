"""The first tables; the newest migration makes the views."""

from functools import partial
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Column, Date, Double, ForeignKey, Integer, SmallInteger, String, Text

revision = "0001"
down_revision = None

required = partial(Column, nullable=False)
key = partial(Column, primary_key=True, autoincrement=False)


def upgrade() -> None:
    """Make every table that is not there yet: MySQL keeps half of a migration that was killed."""
    _create("about", key("name", String(40)), required("value", String(190)))
    _create_record()
    _create_places()
    _create_readings()
    _create_results()
    _create_calendars()
    connection = op.get_bind()
    if not connection.execute(sa.text("SELECT 1 FROM about WHERE name = 'database_id'")).first():
        connection.execute(sa.text("INSERT INTO about VALUES ('database_id', :value)"), {"value": str(uuid4())})


def _create_record() -> None:
    _create(
        "loads",
        key("load_id", Integer),
        required("started_utc", BigInteger),
        required("finished_utc", BigInteger),
        required("version", String(40)),
    )
    _create(
        "files",
        key("file_id", Integer),
        required("load_id", Integer, ForeignKey("loads.load_id")),
        required("name", Text),
        required("sha256", String(64), unique=True),
        required("size_bytes", BigInteger),
        required("layout", String(40)),
        required("settings", Text),
        required("row_count", BigInteger),
        Column("first_start_utc", BigInteger),
        Column("last_start_utc", BigInteger),
        Column("energy_kwh", Double),
        required("status", String(20)),
        indexes={"ix_files_load_id": ["load_id"]},
    )


def _create_places() -> None:
    _create("sites", key("site_id", String(190)), Column("timezone", String(64)))
    _create(
        "meters",
        key("meter_id", String(190)),
        required("site_id", String(190), ForeignKey("sites.site_id")),
        Column("serial", String(190)),
        Column("name", String(190)),
        Column("latitude", Double),
        Column("longitude", Double),
        Column("floor_area_m2", Double),
        Column("building_use", String(190)),
        Column("tariff", String(190)),
        indexes={"ix_meters_site_id": ["site_id"]},
    )
    _create(
        "channels",
        key("channel_id", Integer),
        required("meter_id", String(190), ForeignKey("meters.meter_id")),
        required("channel", String(40)),
        required("interval_minutes", Integer),
        required("unit", String(10)),
        Column("first_start_utc", BigInteger),
        Column("last_start_utc", BigInteger),
        sa.UniqueConstraint("meter_id", "channel", "interval_minutes", name="one_channel"),
    )


def _create_readings() -> None:
    def values() -> list[Column[Any]]:
        return [
            Column("minutes", Integer),
            Column("energy_kwh", Double),
            Column("raw_kwh", Double),
            required("quality", SmallInteger),
            Column("method", SmallInteger),
            Column("rule", SmallInteger),
            Column("file_id", Integer),
        ]

    _create("readings", key("channel_id", Integer), key("start_utc", BigInteger), *values(), sqlite_with_rowid=False)
    _create(
        "reading_versions",
        required("channel_id", Integer),
        required("start_utc", BigInteger),
        *values(),
        required("replaced_by_load", Integer),
        required("replaced_utc", BigInteger),
        indexes={"version_of_reading": ["channel_id", "start_utc"]},
    )
    _create(
        "register_reads",
        key("meter_id", String(190)),
        key("channel", String(40)),
        key("first_read_utc", BigInteger),
        required("first_kwh", Double),
        required("last_read_utc", BigInteger),
        required("last_kwh", Double),
    )
    _create(
        "changes",
        Column("load_id", Integer, ForeignKey("loads.load_id"), primary_key=True),
        Column("channel_id", Integer, ForeignKey("channels.channel_id"), primary_key=True),
        required("first_start_utc", BigInteger),
        required("last_start_utc", BigInteger),
    )


def _create_results() -> None:
    _create(
        "findings",
        key("finding_id", Integer),
        required("load_id", Integer, ForeignKey("loads.load_id")),
        Column("channel_id", Integer, ForeignKey("channels.channel_id")),
        required("rule_id", String(10)),
        Column("meter_id", String(190)),
        Column("channel", String(40)),
        Column("first_start_utc", BigInteger),
        Column("last_start_utc", BigInteger),
        required("intervals", BigInteger),
        required("detail", Text),
        Column("file", Text),
        indexes={"ix_findings_load_id": ["load_id"], "ix_findings_channel_id": ["channel_id"]},
    )
    _create(
        "edits",
        key("edit_id", Integer),
        required("load_id", Integer, ForeignKey("loads.load_id")),
        required("meter_id", String(190)),
        required("channel", String(40)),
        required("first_start_utc", BigInteger),
        required("last_start_utc", BigInteger),
        Column("energy_kwh", Double),
        required("edited_by", String(190)),
        required("reason", Text),
        indexes={"ix_edits_load_id": ["load_id"]},
    )


def _create_calendars() -> None:
    _create("holidays", key("calendar", String(190)), key("day", Date), required("name", String(190)))
    _create(
        "clock_changes",
        key("timezone", String(64)),
        key("from_utc", BigInteger),
        required("offset_seconds", Integer),
    )


def _create(name: str, *parts: Any, indexes: dict[str, list[str]] | None = None, **options: Any) -> None:
    connection = op.get_bind()
    op.create_table(name, *parts, if_not_exists=True, **options, **_mysql_options(connection.dialect))
    existing = {index["name"] for index in sa.inspect(connection).get_indexes(name)}
    for index, columns in (indexes or {}).items():
        if index not in existing:
            op.create_index(index, name, columns)


def _mysql_options(dialect: Any) -> dict[str, str]:
    # "Meter", "meter" and "meter " are three meters: compared by code point, blanks at the end counted.
    exact = "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
    return {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": exact}
