"""`meters.hyper`: what the register says of each meter, and the energy of its last year, kept up with the database."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tableauhyperapi import HyperProcess
from whole import assert_same_extracts, extract_contents, usage, write_file

from pipeline.config import Settings
from pipeline.errors import StoreError
from pipeline.meter_extract import last_year, meter_rows
from pipeline.run import behind, extract, run
from pipeline.stores.extracts import DAILY, METERS
from pipeline.stores.hyper import write_extract
from pipeline.stores.hyper_read import read_extract
from pipeline.stores.watermark import Watermark

REGISTER = """meter,site,name,latitude,longitude,floor area m2,use,timezone,tariff
b1,harbour,Pier One,50.5,-3.25,1200.5,office,Europe/London,day and night
b2,harbour,,,,,,,
"""


@pytest.fixture
def settings(tmp_path: Path, database: str) -> Settings:
    """A run into an empty database of each kind."""
    return Settings(out=tmp_path / "out", database=database, timezone="Europe/London")


def write_register(folder: Path, text: str = REGISTER) -> Path:
    """A register of meters."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "meters.csv"
    path.write_text(text, encoding="utf-8")
    return path


def meters_of(settings: Settings, hyper: HyperProcess) -> pd.DataFrame:
    """The extract as it stands, by meter."""
    return read_extract(settings.out / "extracts" / "meters.hyper", hyper).set_index("meter_id").sort_index()


def known(meters: pd.DataFrame, meter_id: str) -> dict[str, Any]:
    """What is not null in the row of a meter."""
    return {str(name): value for name, value in meters.loc[meter_id].items() if pd.notna(value)}


def test_a_row_says_what_the_register_and_the_readings_say(
    settings: Settings, tmp_path: Path, hyperd: HyperProcess
) -> None:
    """Register and readings of one run, on each database; what the register leaves blank is null."""
    long, short = usage("2024-01-01", 400), usage("2024-03-01", 10, 2, minutes=30)
    files = [write_file(tmp_path / "in" / f"{n}.csv", own) for n, own in enumerate(({"b1": long}, {"b2": short}))]
    assert run([write_register(tmp_path / "in"), *files], settings).trouble == {}
    found = meters_of(settings, hyperd)

    assert list(found.index) == ["b1", "b2"]
    one, two = known(found, "b1"), known(found, "b2")
    # 365 whole days in London; both ends are in winter, so the sum is that of the same hours on the clock.
    assert one.pop("last_year_kwh") == pytest.approx(long[-365 * 24 :].sum(), rel=1e-12)
    assert one == {
        "channel": "delivered",
        "site_id": "harbour",
        "name": "Pier One",
        "building_use": "office",
        "latitude": 50.5,
        "longitude": -3.25,
        "floor_area_m2": 1200.5,
        "timezone": "Europe/London",
        "tariff": "day and night",
        "unit": "kWh",
        "interval_minutes": 60,
        "first_start_utc": pd.Timestamp("2024-01-01"),
        "last_start_utc": pd.Timestamp("2025-02-03 23:00"),
        "last_year_days": 365,
        "last_year_coverage": 1.0,
        "last_year_estimated_share": 0.0,
    }
    assert two.pop("last_year_kwh") == pytest.approx(short.sum(), rel=1e-12)
    assert set(one) - set(two) == {"name", "building_use", "latitude", "longitude", "floor_area_m2", "tariff"}
    assert (two["interval_minutes"], two["last_year_days"]) == (30, 10)
    assert two["last_start_utc"] == pd.Timestamp("2024-03-10 23:30")


def test_a_register_alone_changes_it(settings: Settings, tmp_path: Path, hyperd: HyperProcess) -> None:
    """A register that comes later, and one that is corrected: only the extract of meters has other rows then."""
    run([write_file(tmp_path / "in" / "a.csv", {"b1": usage("2024-01-01", 14)})], settings)
    assert meters_of(settings, hyperd).loc["b1", ["latitude", "floor_area_m2"]].isna().all()
    before = extract_contents(settings.out, hyperd)
    register = write_register(tmp_path / "in", "meter,floor area m2\nb1,100\n")
    for area in (100.0, 250.0):
        write_register(tmp_path / "in", f"meter,floor area m2\nb1,{area}\n")
        assert run([register], settings).trouble == {}
        assert behind(settings) == []
        assert meters_of(settings, hyperd).loc["b1", "floor_area_m2"] == area
    after = extract_contents(settings.out, hyperd)

    assert_same_extracts(before, after | {"meters": before["meters"]})


def test_what_was_kept_up_is_what_would_be_built_anew(settings: Settings, tmp_path: Path, hyperd: HyperProcess) -> None:
    """Day after day, to the last bit; a missing extract is told and comes back."""
    energy = {"b1": usage("2024-01-01", 34), "b2": usage("2024-01-01", 34, 2)}
    for first, last in ((0, 28), (28, 29), (31, 34)):
        part = {name: own.iloc[first * 24 : last * 24] for name, own in energy.items()}
        run([write_file(tmp_path / "in" / f"{first}.csv", part)], settings)
    kept = extract_contents(settings.out, hyperd)
    (settings.out / "extracts" / "meters.hyper").unlink()

    assert behind(settings) == ["meters"]
    assert extract(settings) == {}
    assert_same_extracts(kept, extract_contents(settings.out, hyperd))
    row = kept["meters"].set_index("meter_id").loc["b1"]
    assert (row["last_year_days"], round(row["last_year_coverage"], 6)) == (34, round(32 / 34, 6))
    assert 0.05 < row["last_year_estimated_share"] < 0.07  # two days of thirty-four


def test_an_extract_of_days_that_cannot_be_written_leaves_it_behind(tmp_path: Path, hyperd: HyperProcess) -> None:
    """It never adds up days that are not up to date: it stays as it was, and the next run brings both up."""
    settings = Settings(out=tmp_path / "out", timezone="Europe/London")
    run([write_file(tmp_path / "in" / "a.csv", {"b1": usage("2024-01-01", 7)})], settings)
    daily = settings.out / "extracts" / "daily.hyper"
    daily.unlink()
    daily.mkdir()
    report = run([write_file(tmp_path / "in" / "b.csv", {"b1": usage("2024-01-08", 1)})], settings)

    assert list(report.trouble) == ["daily"]
    assert meters_of(settings, hyperd).loc["b1", "last_year_days"] == 7
    daily.rmdir()
    assert extract(settings) == {}
    assert meters_of(settings, hyperd).loc["b1", "last_year_days"] == 8


def days_of(meter: str, first: str, energy: list[float], **columns: Any) -> pd.DataFrame:
    """Rows of the extract of days."""
    dates = pd.date_range(first, periods=len(energy)).date
    given = {"energy_kwh": energy, "coverage": 1.0, "expected_intervals": 24, "estimated_share": 0.0} | columns
    blank = dict.fromkeys((name for name in DAILY.names if name not in given), None)
    return pd.DataFrame({**blank, "meter_id": meter, "channel": "delivered", "date": dates, **given})


@pytest.mark.parametrize("at_once", [1, 2, 500])
def test_the_last_year_is_each_meters_own(tmp_path: Path, hyperd: HyperProcess, at_once: int) -> None:
    """It ends with the last day that has energy, has 365 days, and gaps in it are neither filled nor left out."""
    gap = days_of("gap", "2020-01-01", [1.0, np.nan, 3.0, np.nan], coverage=[1.0, 0.0, 0.5, 0.0])
    old = days_of("old", "2010-01-01", [1000.0, *[2.0] * 365], estimated_share=[0.0, *[0.25] * 365])
    none = days_of("none", "2020-01-01", [np.nan, np.nan])
    path = tmp_path / "daily.hyper"
    write_extract(hyperd, path, DAILY, pd.concat([old, gap, none]), Watermark("test", 1))
    found = last_year(path, hyperd, at_once=at_once).set_index("meter_id")

    assert list(found.loc["old"])[1:] == [730.0, 365, 1.0, 0.25]
    assert list(found.loc["gap"])[1:] == [4.0, 2, 0.5, 0.0]
    assert list(found.index) == ["gap", "old"]
    with pytest.raises(StoreError, match="nowhere"):
        last_year(tmp_path / "nowhere.hyper", hyperd)


def test_lengths_of_one_stream_are_one_row() -> None:
    """Its row has the length of the latest readings, and reaches from the first to the last of all; 0 is no length."""
    common = {"meter_id": "b1", "channel": "delivered", "site_id": "main", "unit": "kWh"}
    rows: list[dict[str, Any]] = [
        {"channel_id": 1, "interval_minutes": 30, "first_start_utc": 5000, "last_start_utc": 9000},
        {"channel_id": 2, "interval_minutes": 60, "first_start_utc": 1000, "last_start_utc": 4000},
        {"channel_id": 3, "interval_minutes": 0, "first_start_utc": 2000, "last_start_utc": 3000, "meter_id": "b2"},
        {"channel_id": 4, "interval_minutes": 60, "first_start_utc": None, "last_start_utc": None, "meter_id": "b3"},
    ]
    channels = pd.DataFrame([common | row for row in rows])
    channels = channels.astype({"first_start_utc": "Int64", "last_start_utc": "Int64"})
    blank = {column: None for column in METERS.names if column not in channels and not column.startswith("last_year")}
    year = pd.DataFrame({"meter_id": ["b1"], "channel": "delivered", "last_year_kwh": 7.0, "last_year_days": 1})
    found = meter_rows(channels.assign(**blank), year).set_index("meter_id")

    assert found["interval_minutes"].fillna(-1).tolist() == [30, -1, 60]
    assert found["first_start_utc"].iloc[0] == pd.Timestamp(1000, unit="s")
    assert found["last_start_utc"].iloc[0] == pd.Timestamp(9000, unit="s")
    assert found.loc["b3", ["first_start_utc", "last_year_kwh", "last_year_days"]].isna().all()


def test_no_register_is_needed(tmp_path: Path, hyperd: HyperProcess) -> None:
    """Meters that nobody described have their clock and their energy."""
    settings = replace(Settings(out=tmp_path / "out"), timezone="Europe/London")
    run([write_file(tmp_path / "in" / "a.csv", {"b1": usage("2024-01-01", 7)})], settings)
    row = known(meters_of(settings, hyperd), "b1")

    assert (row["site_id"], row["timezone"], row["last_year_days"]) == ("main", "Europe/London", 7)
    assert not set(row) & {"name", "building_use", "latitude", "longitude", "floor_area_m2", "tariff"}
