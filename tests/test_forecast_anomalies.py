"""Anomalies in what is stored: behaviour and what the meter got wrong kept apart, with their energy and their clock."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from plain_models import choose_mean
from whole import usage, write_file

from pipeline.config import Settings
from pipeline.connect import connect_database
from pipeline.forecast_anomalies import read_as_read, stream_anomalies
from pipeline.forecast_days import day_cells, days_ahead, hour_cells, hour_days, hours_ahead, total_days, without_zeros
from pipeline.forecasting import forecast
from pipeline.run import run
from pipeline.schema import Quality
from pipeline.stores.forecasts import read_anomalies
from pipeline.stores.hyper_read import read_extract

FIRST = "2024-01-01"
NO_FINDINGS = pd.DataFrame({"rule_id": [], "first_start_utc": [], "last_start_utc": []})
NO_DAYS = np.zeros(0, dtype=np.int64)


def found_in(grid: Any, findings: pd.DataFrame = NO_FINDINGS) -> pd.DataFrame:
    """The anomalies of the one channel of a grid of hours, with their start on the wall clock."""
    cells = without_zeros(hour_cells(grid), findings, 3600)
    days = hour_days(cells, grid.timezone, hours_ahead(grid.timezone, int(grid.ends[-1]), 60), NO_DAYS)
    rows = stream_anomalies(cells, days, read_as_read([grid], hour_cells, findings, 3600), grid.timezone)
    utc = pd.to_datetime(rows["first_start_utc"], unit="s", utc=True)
    return rows.assign(start=utc.dt.tz_convert(grid.timezone).dt.tz_localize(None).dt.strftime("%Y-%m-%d %H:%M"))


def hours_of(text: str, count: int) -> slice:
    """Positions of some hours of a year of hours. [h since `FIRST`]"""
    first = round((pd.Timestamp(text) - pd.Timestamp(FIRST)) / pd.Timedelta("1h"))
    return slice(first, first + count)


@pytest.fixture
def year() -> "np.ndarray":
    """A year of hours of a meter without a fault, in UTC."""
    return usage(FIRST, 365).to_numpy().copy()


def test_a_load_left_on_at_night(make_grid: Callable[..., Any], year: np.ndarray) -> None:
    """It is told as behaviour, at its hours, with the energy that was put there."""
    night = hours_of("2024-06-12 00:00", 6)
    year[night] += 6
    found = found_in(make_grid(year, FIRST))
    first = found.sort_values("score").iloc[-1]

    assert (first["start"], first["cause"], first["direction"]) == ("2024-06-12 00:00", "behaviour", "high")
    assert abs(first["over_kwh"] - 36) < 4
    assert first["hours"] == 6
    assert first["over_kwh"] == pytest.approx(first["energy_kwh"] - first["expected_kwh"])
    assert "00:00 to 06:00" in first["detail"]
    assert set(found["cause"]) == {"behaviour"}


def test_what_validation_took_out_is_the_meters(make_grid: Callable[..., Any], year: np.ndarray) -> None:
    """Stuck for two days: two rows of the meter, with what was read, and no behaviour on those days."""
    stuck = hours_of("2024-06-12 03:00", 45)
    grid = make_grid(year, FIRST)
    raw, rule, quality = np.full(grid.shape, np.nan), np.zeros(grid.shape, np.uint8), grid.quality.copy()
    raw[0, stuck], rule[0, stuck], quality[0, stuck] = 12.0, 9, Quality.ESTIMATED
    found = found_in(type(grid)(**vars(grid) | {"raw": raw, "rule": rule, "quality": quality}))
    meter = found[found["cause"] == "meter"]

    assert meter["start"].tolist() == ["2024-06-12 03:00", "2024-06-13 00:00"]
    assert meter["hours"].tolist() == [21, 24]
    assert meter["energy_kwh"].tolist() == [21 * 12, 24 * 12]
    assert set(meter["rules"]) == {"V09"}
    assert meter["detail"].str.endswith("Consecutive Interval Check").all()
    assert meter["score"].isna().all()
    assert not found.query("cause == 'behaviour'")["start"].str.startswith(("2024-06-12 0", "2024-06-13")).any()


def test_zeros_that_stay_are_the_meters(make_grid: Callable[..., Any], year: np.ndarray) -> None:
    """Five days of zeros at the end, kept and asked about (V22): no behaviour is made of them."""
    dead = hours_of("2024-12-25 00:00", 5 * 24)
    year[dead] = 0
    start, end = (pd.Timestamp(one).timestamp() for one in ("2024-12-25 00:00", "2024-12-29 23:00"))
    asked = pd.DataFrame({"rule_id": ["V22"], "first_start_utc": [int(start)], "last_start_utc": [int(end)]})
    told, untold = (found_in(make_grid(year, FIRST), one).set_index("start") for one in (asked, NO_FINDINGS))
    days = [f"2024-12-{day} 00:00" for day in range(25, 30)]

    assert told.loc[days, "cause"].tolist() == ["meter"] * 5
    assert told.loc[days, "direction"].tolist() == ["low"] * 5
    assert told.loc[days, "rules"].tolist() == ["V22"] * 5
    assert untold.loc[untold.index.intersection(days), "cause"].tolist() == ["behaviour"] * 5


def test_little_that_validation_marked_is_not_told(make_grid: Callable[..., Any], year: np.ndarray) -> None:
    """A marked reading that is as expected is no anomaly; a gap, of which nothing was read, is none either."""
    grid = make_grid(year, FIRST)
    rule, quality = np.zeros(grid.shape, np.uint8), grid.quality.copy()
    rule[0, 2000], rule[0, 3000:3024], quality[0, 3000:3024] = 3, 5, Quality.ESTIMATED
    found = found_in(type(grid)(**vars(grid) | {"rule": rule, "quality": quality}))

    assert "meter" not in set(found["cause"])


def test_days_of_a_clock_change(make_grid: Callable[..., Any]) -> None:
    """The autumn day in New York: 25 hours, each once, and the energy of all of them."""
    energy = np.full(366 * 24, 10.0) + np.random.default_rng(1).normal(0, 0.1, 366 * 24)
    grid = make_grid(energy, FIRST, timezone="America/New_York")
    day = (grid.local_days() - grid.local_days()[0]) == round(
        (pd.Timestamp("2024-11-03") - pd.Timestamp("2023-12-31")) / pd.Timedelta("1D")
    )
    grid.energy[0, day] = 20
    found = found_in(grid)
    own = found[found["start"].str.startswith("2024-11-03")]

    assert day.sum() == 25
    assert own["hours"].tolist() == [25]
    assert own["energy_kwh"].tolist() == [500]
    assert abs(own["over_kwh"].item() - 250) < 2


def test_daily_readings(make_grid: Callable[..., Any]) -> None:
    """A channel of days: the day itself, in kWh of its own length."""
    energy = np.full(366, 240.0) + np.random.default_rng(1).normal(0, 1, 366)
    energy[200] = 480
    grid = make_grid(energy, FIRST, 1440)
    cells = day_cells(grid)
    days = total_days(cells, "UTC", days_ahead("UTC", int(grid.ends[-1])), NO_DAYS)
    found = stream_anomalies(cells, days, read_as_read([grid], day_cells, NO_FINDINGS, 86400), "UTC")
    first = found.sort_values("score").iloc[-1]

    assert first["first_start_utc"] == grid.starts[200]
    assert (first["hours"], first["energy_kwh"]) == (24, 480)
    assert abs(first["over_kwh"] - 240) < 3


def test_anomalies_of_a_run(tmp_path: Any) -> None:
    """Files with faults and one odd night, through validation and forecast: into the database and the extract."""
    odd, stuck, dead = (usage(FIRST, 120, number) for number in range(3))
    odd.iloc[hours_of("2024-03-05 00:00", 5)] += 8
    stuck.iloc[hours_of("2024-03-05 00:00", 60)] = stuck.iloc[0]
    dead.iloc[hours_of("2024-03-05 00:00", 60)] = 0
    settings = Settings(out=tmp_path / "out", timezone="UTC", jobs=2)
    run([write_file(tmp_path / "in" / "a.csv", {"odd": odd, "stuck": stuck, "dead": dead})], settings)
    report = forecast(settings, choose=choose_mean)
    stored = read_anomalies(connect_database(settings.database_url)).merge(report.streams, on="channel_id")
    shown = read_extract(settings.out / "extracts" / "anomalies.hyper")
    march = shown[shown["date"].astype(str).between("2024-03-05", "2024-03-07")].sort_values("date")
    causes = march.groupby("meter_id")["cause"].apply(list).to_dict()
    strongest = stored.query("meter_id == 'odd'").sort_values("score").iloc[-1]

    assert report.failed == {}
    assert len(shown) == len(stored)
    assert causes["stuck"].count("meter") == causes["dead"].count("meter") == 3
    assert "behaviour" not in causes["stuck"][:2] + causes["dead"][:2]
    assert set(march.query("meter_id == 'dead' and cause == 'meter'")["rules"]) == {"V08"}
    assert pd.Timestamp(strongest["first_start_utc"], unit="s") == pd.Timestamp("2024-03-05 00:00")
    assert abs(strongest["over_kwh"] - 40) < 5
    assert strongest["cause"] == "behaviour"
