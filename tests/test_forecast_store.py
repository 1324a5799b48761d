"""Issues in the database, on each kind: wholly in the place of the one before, and known for what they know."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine, event, update

from pipeline.connect import connect_database
from pipeline.errors import StoreError
from pipeline.stores.forecasts import (
    DAY_GRAIN,
    HOUR_GRAIN,
    Issue,
    last_issue,
    newest_changes,
    read_anomalies,
    read_forecasts,
    read_issues,
    read_scores,
    write_issues,
)
from pipeline.stores.load import open_load
from pipeline.stores.tables import arrow_readings, sites
from pipeline.stores.upgrade import upgrade

START = 1_729_987_200  # 2024-10-27 00:00 UTC, an hour before London's clock goes back


@pytest.fixture
def two_channels(engine: Engine) -> Engine:
    """Two meters in London with an hour of readings each."""
    load_two_channels(engine)
    return engine


def load_two_channels(engine: Engine) -> None:
    """Load them."""
    frame = pd.DataFrame({"meter_id": ["m1", "m2"], "channel": "delivered", "interval_minutes": 60, "unit": "kWh"})
    with open_load(engine) as load:
        load.channel_ids(frame.assign(site_id=None, timezone="Europe/London"))
        values = {"channel_id": np.array([1, 2]), "start_utc": np.array([START, START])}
        load.write_readings(arrow_readings(values | {"quality": np.zeros(2), "energy_kwh": np.ones(2)}))


def issue(channel_id: int, hours: int = 3, **more: object) -> Issue:
    """An issue with hours and a day, a model with errors and one without, and an anomaly."""
    starts = START + 3600 * np.arange(hours)
    values = pd.DataFrame(
        {
            "interval_minutes": [HOUR_GRAIN] * hours + [DAY_GRAIN],
            "start_utc": [*starts, START - 3600],
            "forecast_kwh": [*np.linspace(0.1, 1 / 3, hours), 25.0],
            "lower_kwh": np.nan,
            "upper_kwh": [*np.linspace(0.2, 2 / 3, hours), np.nan],
        }
    )
    scores = pd.DataFrame(
        {
            "interval_minutes": HOUR_GRAIN,
            "model": ["a + b", "seasonal naive"],
            "horizon_days": 14,
            "mae_kwh": [1 / 3, np.nan],
            "rmse_share": [0.1, np.nan],
            "mase": [0.5, np.nan],
            "coverage": [0.8, np.nan],
            "origins": [8, 0],
            "is_chosen": [1, 0],
        }
    )
    anomalies = pd.DataFrame(
        {
            "first_start_utc": [START],
            "last_start_utc": [START + 3600],
            "cause": "behaviour",
            "hours": 2.0,
            "energy_kwh": 3.0,
            "expected_kwh": 1.0,
            "over_kwh": 2.0,
            "direction": "high",
            "score": 1.5,
            "rules": None,
            "detail": "3 kWh, usually 1",
        }
    )
    told = {"hourly_model": "a + b", "daily_model": "a", "origin_utc": START} | more
    return Issue(channel_id, 1, 1_800_000_000, values=values, scores=scores, anomalies=anomalies, **told)  # type: ignore[arg-type]


def rows(engine: Engine, query: str) -> list[tuple[object, ...]]:
    """What a query gives."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def test_what_is_written_is_read(two_channels: Engine) -> None:
    """To the last bit; NaN is null."""
    write_issues(two_channels, [issue(1), issue(2)])
    values = read_forecasts(two_channels, [2])
    said = issue(2).values.sort_values(["interval_minutes", "start_utc"], ignore_index=True)

    assert read_issues(two_channels)["issue_id"].tolist() == [1, 2]
    assert read_issues(two_channels)["origin_utc"].tolist() == [START, START]
    assert values["forecast_kwh"].tolist() == said["forecast_kwh"].tolist()
    assert values["start_utc"].tolist() == said["start_utc"].tolist()
    assert values["lower_kwh"].isna().all()
    assert read_scores(two_channels)["mae_kwh"].fillna(-1).tolist() == [1 / 3, -1] * 2
    assert read_anomalies(two_channels)["over_kwh"].tolist() == [2, 2]
    assert rows(two_channels, "SELECT count(*) FROM forecasts WHERE lower_kwh IS NULL") == [(8,)]


def test_a_later_issue_takes_the_place(two_channels: Engine) -> None:
    """Nothing of the earlier one is left, nothing of others is touched, and its number is above all."""
    write_issues(two_channels, [issue(1), issue(2)])
    write_issues(two_channels, [issue(1, hours=2)])
    write_issues(two_channels, [Issue(2, 1, 1_800_000_000, reason="3 days of sound readings")])

    assert len(read_forecasts(two_channels, [1])) == 3
    assert len(read_forecasts(two_channels, [2])) == 0
    assert set(read_scores(two_channels)["channel_id"]) == set(read_anomalies(two_channels)["channel_id"]) == {1}
    assert read_issues(two_channels)["issue_id"].tolist() == [3, 4]
    assert read_issues(two_channels)["reason"].fillna("").tolist() == ["", "3 days of sound readings"]
    assert last_issue(two_channels) == 4


def test_issues_are_written_wholly_or_not_at_all(two_channels: Engine) -> None:
    """One that the database refuses leaves all of its batch as it was."""
    write_issues(two_channels, [issue(1)])
    wrong = issue(2)
    double = Issue(2, 1, 0, scores=pd.concat([wrong.scores, wrong.scores]))
    with pytest.raises(StoreError):
        write_issues(two_channels, [issue(1, hours=1), double])

    assert len(read_forecasts(two_channels, [1, 2])) == 4
    assert last_issue(two_channels) == 1


def test_what_has_changed_since(two_channels: Engine) -> None:
    """The last load that touched each channel, by which an issue is known to be behind."""
    with open_load(two_channels) as load:
        load.add_change(2, START, START)

    assert newest_changes(two_channels) == {1: 1, 2: 2}


def test_no_issue_yet(engine: Engine) -> None:
    """Before the first forecast."""
    assert last_issue(engine) == 0
    assert len(read_issues(engine)) == len(read_scores(engine)) == len(read_anomalies(engine)) == 0
    assert len(read_forecasts(engine, [])) == len(read_forecasts(engine, [1])) == 0


def test_views_for_people(two_channels: Engine) -> None:
    """Names and clocks instead of numbers; the hour of autumn twice on the wall clock."""
    write_issues(two_channels, [issue(1)])
    said = rows(
        two_channels,
        "SELECT meter_id, grain, interval_start, interval_start_utc, model FROM forecast_list ORDER BY grain, "
        "interval_start_utc",
    )

    assert [(row[0], row[1], str(row[2])[:16], str(row[3])[:16], row[4]) for row in said] == [
        ("m1", "day", "2024-10-27 00:00", "2024-10-26 23:00", "a"),
        ("m1", "hour", "2024-10-27 01:00", "2024-10-27 00:00", "a + b"),
        ("m1", "hour", "2024-10-27 01:00", "2024-10-27 01:00", "a + b"),
        ("m1", "hour", "2024-10-27 02:00", "2024-10-27 02:00", "a + b"),
    ]
    assert rows(two_channels, "SELECT model, is_chosen FROM forecast_score_list ORDER BY model") == [
        ("a + b", 1),
        ("seasonal naive", 0),
    ]
    assert rows(two_channels, "SELECT meter_id, cause, over_kwh FROM anomaly_list") == [("m1", "behaviour", 2.0)]


def test_views_follow_a_site(two_channels: Engine) -> None:
    """A site without a clock is shown in UTC."""
    write_issues(two_channels, [issue(1)])
    with two_channels.begin() as connection:
        connection.execute(update(sites).values(timezone=None))
    first = rows(two_channels, "SELECT min(interval_start) FROM forecast_list WHERE grain = 'hour'")

    assert str(first[0][0])[:16] == "2024-10-27 00:00"


@pytest.mark.mysql
def test_mysql_has_nothing_to_warn_of(mysql_database: str) -> None:
    """No statement by which issues are written or read gives a warning or a note."""
    engine = connect_database(mysql_database)
    upgrade(engine)
    told: list[object] = []

    def listen(connection: Any, cursor: Any, statement: str, *_: object) -> None:
        if cursor.warning_count:
            told.append((statement, cursor.connection.show_warnings()))

    load_two_channels(engine)
    event.listen(engine, "after_cursor_execute", listen)
    for _ in range(2):
        write_issues(engine, [issue(1), issue(2)])
    for view in ("forecast_list", "forecast_score_list", "anomaly_list"):
        rows(engine, f"SELECT * FROM {view}")

    assert last_issue(engine) == 4
    assert told == []
