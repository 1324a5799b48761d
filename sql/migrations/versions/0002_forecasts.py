"""Forecasts, how wrong they have been, and anomalies. The views are made here: they speak of these tables too."""

from functools import partial
from pathlib import Path
from typing import Any

from alembic import op
from sqlalchemy import BigInteger, Column, Double, ForeignKey, Integer, SmallInteger, String, Text

revision = "0002"
down_revision = "0001"

VIEWS = Path(__file__).resolve().parents[2] / "views"

required = partial(Column, nullable=False)
key = partial(Column, primary_key=True, autoincrement=False)


def upgrade() -> None:
    """Make every table that is not there yet: MySQL keeps half of a migration that was killed."""
    _create_forecasts()
    _create_results()
    connection = op.get_bind()
    for statement in (VIEWS / f"{connection.dialect.name}.sql").read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)


def _create_forecasts() -> None:
    _create(
        "forecast_issues",
        key("channel_id", Integer, ForeignKey("channels.channel_id")),
        required("issue_id", Integer),
        required("load_id", Integer),
        required("issued_utc", BigInteger),
        Column("origin_utc", BigInteger),
        Column("hourly_model", String(80)),
        Column("daily_model", String(80)),
        Column("reason", Text),
    )
    _create(
        "forecasts",
        key("channel_id", Integer),
        key("interval_minutes", Integer),
        key("start_utc", BigInteger),
        required("forecast_kwh", Double),
        Column("lower_kwh", Double),
        Column("upper_kwh", Double),
        sqlite_with_rowid=False,
    )


def _create_results() -> None:
    _create(
        "forecast_scores",
        key("channel_id", Integer, ForeignKey("channels.channel_id")),
        key("interval_minutes", Integer),
        key("model", String(80)),
        key("horizon_days", Integer),
        Column("mae_kwh", Double),
        Column("rmse_share", Double),
        Column("mase", Double),
        Column("coverage", Double),
        required("origins", Integer),
        required("is_chosen", SmallInteger),
    )
    _create(
        "anomalies",
        key("channel_id", Integer, ForeignKey("channels.channel_id")),
        key("first_start_utc", BigInteger),
        key("cause", String(20)),
        required("last_start_utc", BigInteger),
        required("hours", Double),
        Column("energy_kwh", Double),
        Column("expected_kwh", Double),
        Column("over_kwh", Double),
        required("direction", String(10)),
        Column("score", Double),
        Column("rules", String(190)),
        required("detail", Text),
    )


def _create(name: str, *parts: Any, **options: Any) -> None:
    connection = op.get_bind()
    op.create_table(name, *parts, if_not_exists=True, **options, **_mysql_options(connection.dialect))


def _mysql_options(dialect: Any) -> dict[str, str]:
    exact = "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
    return {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": exact}
