"""One stream at a time: what it is told by, what stands in its way, and a process that dies over it."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from plain_models import choose_death, choose_falling, choose_mean, choose_silence, choose_to_tell
from sqlalchemy import update
from whole import usage, write_file

from pipeline.config import Settings
from pipeline.connect import connect_database
from pipeline.errors import StoreError
from pipeline.forecast_stream import Task, forecast_stream, lay_out, read_history
from pipeline.forecasting import find_streams, forecast, make_tasks
from pipeline.run import extract, run
from pipeline.stores.forecasts import DAY_GRAIN, HOUR_GRAIN, read_issues
from pipeline.stores.hyper_read import read_extract
from pipeline.stores.tables import readings

NEW_YEAR = "2024-01-01"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A SQLite database."""
    return Settings(out=tmp_path / "out", timezone="UTC", jobs=2)


def load(settings: Settings, name: str, meters: dict[str, "pd.Series[float]"]) -> None:
    """Load a file of some meters."""
    run([write_file(settings.out.parent / "in" / f"{name}.csv", meters)], settings)


def tasks(settings: Settings) -> list[Task]:
    """What a run would work on."""
    engine = connect_database(settings.database_url)
    return make_tasks(engine, settings, find_streams(engine), 1)


def test_a_stream_of_two_interval_lengths_is_one(settings: Settings) -> None:
    """Hourly until February, half-hourly from March: one history, one forecast, each hour once."""
    old, new = usage(NEW_YEAR, 60), usage("2024-03-01", 30, minutes=30)
    load(settings, "old", {"b1": old})
    load(settings, "new", {"b1": new})
    (task,) = tasks(settings)
    history = read_history(task)
    assert history is not None
    laid = lay_out(history, task.holidays)
    report = forecast(settings, choose=choose_mean)
    rows = read_extract(settings.out / "extracts" / "forecast.hyper").query("grain == 'hour'")
    known = rows[rows["energy_kwh"].notna()]

    assert (len(report.streams), report.done, history.minutes) == (1, 1, 30)
    assert laid[HOUR_GRAIN].days.origin == laid[DAY_GRAIN].days.origin == 90
    np.testing.assert_allclose(np.nansum(laid[HOUR_GRAIN].days.energy_kwh), old.sum() + new.sum())
    np.testing.assert_allclose(known["energy_kwh"].sum(), old.sum() + new.sum())
    assert rows["interval_start_utc"].is_unique
    assert rows["is_forecast"].sum() == 14 * 24
    assert extract(settings) == {}


def test_estimates_and_stuck_readings_do_not_teach(settings: Settings) -> None:
    """What validation has put in the place of a stuck run and of a gap is used, but has no weight."""
    energy = usage(NEW_YEAR, 60)
    energy.iloc[500:540] = energy.iloc[500]
    energy.iloc[800:804] = np.nan
    load(settings, "a", {"b1": energy})
    (task,) = tasks(settings)
    history = read_history(task)
    assert history is not None
    days = lay_out(history, task.holidays)[HOUR_GRAIN].days
    weight, known = days.weight[: days.origin].ravel(), np.isfinite(days.energy_kwh[: days.origin]).ravel()

    assert weight[501:540].tolist() == [0] * 39
    assert weight[800:804].tolist() == [0] * 4
    assert known[800:804].all()
    assert weight.sum() >= 60 * 24 - 45


@pytest.mark.parametrize(("offset", "least"), [(0.0, 0.0), (-20.0, -1000.0)], ids=["used", "net"])
def test_a_forecast_of_use_is_never_below_zero(settings: Settings, offset: float, least: float) -> None:
    """Where nothing was ever read below zero nothing is expected there; a channel of net energy may go there."""
    load(settings, "a", {"b1": usage(NEW_YEAR, 60)})
    (task,) = tasks(settings)
    engine = connect_database(settings.database_url)
    with engine.begin() as connection:
        connection.execute(update(readings).values(energy_kwh=readings.c.energy_kwh + offset))
    values = forecast_stream(task, choose_falling).values

    assert least * 25 <= values["forecast_kwh"].min() <= least
    assert (values["lower_kwh"].min() == 0) == (least == 0)


@pytest.mark.parametrize(
    ("unit", "minutes", "reason"),
    [
        ("kVArh", 60, "it counts kVArh, which is not energy used"),
        ("kWh", 0, "there are no readings of equal length"),
    ],
    ids=["reactive", "irregular"],
)
def test_what_is_never_forecast(settings: Settings, unit: str, minutes: int, reason: str) -> None:
    """Reactive energy, and periods that each have a length of their own."""
    load(settings, "a", {"b1": usage(NEW_YEAR, 30)})
    (task,) = tasks(settings)
    members = task.members.assign(interval_minutes=minutes)
    told = Task(**vars(task) | {"unit": unit, "members": members})
    issue = forecast_stream(told, choose_mean)

    assert (issue.reason, issue.hourly_model, issue.daily_model) == (reason, None, None)
    assert len(issue.values) == len(issue.scores) == len(issue.anomalies) == 0


def test_a_model_that_says_nothing(settings: Settings) -> None:
    """What it leaves out is a reason, not a hole in the table."""
    load(settings, "a", {"b1": usage(NEW_YEAR, 30)})
    (task,) = tasks(settings)
    issue = forecast_stream(task, choose_silence)

    said = "four-week mean says nothing of some of the {} to come"
    assert issue.reason == f"{said.format('hours')}; {said.format('days')}"
    assert len(issue.values) == 0


def test_a_stream_without_readings(settings: Settings) -> None:
    """All of its readings were taken away: it is named, and nothing is raised."""
    load(settings, "a", {"b1": usage(NEW_YEAR, 30)})
    (task,) = tasks(settings)
    issue = forecast_stream(Task(**vars(task) | {"members": task.members.iloc[:0]}), choose_mean)

    assert issue.reason == "there are no readings of equal length"


def test_a_process_computes_with_one_thread(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one process for every core; what the environment said before, it says again afterwards."""
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    load(settings, "a", {"b1": usage(NEW_YEAR, 30)})
    report = forecast(settings, choose=choose_to_tell)

    assert report.failed == {"b1 delivered": "ValueError: 1 thread"}
    assert (os.environ["OMP_NUM_THREADS"], os.environ.get("OPENBLAS_NUM_THREADS")) == ("7", None)


def test_a_process_that_dies(settings: Settings) -> None:
    """It is said in a sentence with what to do, and the next run goes on."""
    load(settings, "a", {"b1": usage(NEW_YEAR, 30)})
    with pytest.raises(StoreError, match="has died, as for want of memory -> run this again with fewer --jobs"):
        forecast(settings, choose=choose_death)

    assert len(read_issues(connect_database(settings.database_url))) == 0
    assert forecast(settings, choose=choose_mean).done == 1
