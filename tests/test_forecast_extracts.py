"""The extracts of forecasts follow the database: put back to a backup, damaged, moved to another clock."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from plain_models import choose_mean
from tableauhyperapi import HyperProcess
from whole import usage, write_file

from pipeline.config import Settings
from pipeline.forecasting import forecast
from pipeline.run import behind, extract, run
from pipeline.stores.extracts import FORECAST_EXTRACTS
from pipeline.stores.hyper_read import read_extract

NEW_YEAR = "2024-01-01"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A SQLite database with forecasts of two meters."""
    settings = Settings(out=tmp_path / "out", timezone="UTC", jobs=2)
    load(settings, "a", {f"b{number}": usage(NEW_YEAR, 40, number) for number in (1, 2)})
    forecast(settings, choose=choose_mean)
    return settings


def load(settings: Settings, name: str, meters: dict[str, "pd.Series[float]"]) -> None:
    """Load a file of some meters."""
    run([write_file(settings.out.parent / "in" / f"{name}.csv", meters)], settings)


def contents(settings: Settings, hyper: HyperProcess) -> dict[str, pd.DataFrame]:
    """Every row of the three extracts, in one order."""
    frames = {name: read_extract(settings.out / "extracts" / f"{name}.hyper", hyper) for name in FORECAST_EXTRACTS}
    return {name: frame.sort_values(list(frame.columns), ignore_index=True) for name, frame in frames.items()}


def assert_same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    """Row for row, to the last bit."""
    for name in FORECAST_EXTRACTS:
        pd.testing.assert_frame_equal(one[name], other[name], check_exact=True, obj=name)


def truncate(path: Path) -> None:
    """Cut a file in half."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_a_database_put_back_to_a_backup(settings: Settings, hyperd: HyperProcess, tmp_path: Path) -> None:
    """Later forecasts that the backup does not have are gone from the extracts too."""
    database = settings.out / "hyperwatt.db"
    shutil.copy(database, tmp_path / "backup.db")
    before = contents(settings, hyperd)
    load(settings, "b", {"b1": usage("2024-02-10", 3)})
    forecast(settings, choose=choose_mean)
    later = contents(settings, hyperd)
    shutil.copy(tmp_path / "backup.db", database)

    assert len(later["forecast"]) > len(before["forecast"])
    assert set(behind(settings)) >= set(FORECAST_EXTRACTS)
    assert extract(settings) == {}
    assert_same(contents(settings, hyperd), before)


@pytest.mark.parametrize("harm", [truncate, Path.unlink], ids=["cut", "gone"])
def test_damaged_extracts_are_built_anew(
    settings: Settings, hyperd: HyperProcess, harm: Callable[[Path], None]
) -> None:
    """By the next run, though it has nothing to do."""
    before = contents(settings, hyperd)
    for name in FORECAST_EXTRACTS:
        harm(settings.out / "extracts" / f"{name}.hyper")
    forecast(settings, choose=choose_mean)

    assert behind(settings) == []
    assert_same(contents(settings, hyperd), before)


def test_a_site_that_moves_to_another_clock(settings: Settings, hyperd: HyperProcess) -> None:
    """History and forecast alike are shown on the new wall clock, though no reading has changed."""
    before = contents(settings, hyperd)["forecast"].query("meter_id == 'b1' and grain == 'hour'")
    register = settings.out.parent / "meters.csv"
    register.write_text("meter_id,site_id,timezone\nb1,home,Asia/Tokyo\n")
    run([register], settings)
    after = contents(settings, hyperd)
    moved = after["forecast"].query("meter_id == 'b1' and grain == 'hour'")
    shift = moved["interval_start"] - moved["interval_start_utc"]
    shutil.rmtree(settings.out / "extracts")
    extract(settings)

    assert set(shift) == {pd.Timedelta("9h")}
    assert len(moved) == len(before)
    assert after["forecast_score"].groupby("meter_id")["is_stale"].all().to_dict() == {"b1": True, "b2": False}
    assert_same(contents(settings, hyperd), after)


def test_holidays_that_are_told_later(settings: Settings) -> None:
    """A calendar changes what every forecast is made from: all of them are stale, and are made anew."""
    load(replace(settings, country="GB"), "b", {"b1": usage("2024-02-10", 1)})

    assert forecast(settings, choose=choose_mean).done == 2
