"""`hyperwatt forecast`, whole: what it works on, what stands in database and extracts, and what a kill leaves."""

import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from click.testing import CliRunner, Result
from plain_models import choose_mean, choose_nobody
from tableauhyperapi import HyperProcess
from whole import database_contents, usage, write_file

from pipeline.cli import main
from pipeline.config import Settings
from pipeline.connect import connect_database
from pipeline.errors import SettingsError
from pipeline.forecasting import Report, check_packages, forecast
from pipeline.run import behind, extract, run
from pipeline.showing_forecast import show_forecast
from pipeline.stores.extracts import FORECAST_EXTRACTS
from pipeline.stores.forecasts import read_forecasts, read_issues
from pipeline.stores.hyper_read import read_extract

NEW_YEAR = "2024-01-01"
ON = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("mysql", marks=pytest.mark.mysql)], indirect=True, ids=["sqlite", "mysql"]
)


@pytest.fixture
def settings(tmp_path: Path, database: str) -> Settings:
    """An empty database of each kind."""
    return Settings(out=tmp_path / "out", database=database, timezone="Europe/London", jobs=2)


@pytest.fixture
def local(tmp_path: Path) -> Settings:
    """SQLite, for what does not depend on the database."""
    return Settings(out=tmp_path / "out", timezone="Europe/London", jobs=2)


def load(settings: Settings, name: str, meters: dict[str, "pd.Series[float]"]) -> None:
    """Load a file of some meters."""
    run([write_file(settings.out.parent / "in" / f"{name}.csv", meters)], settings)


def forecast_all(settings: Settings, *meters: str, **more: bool) -> Report:
    """Forecast with a model that takes no time."""
    report = forecast(settings, meters, choose=choose_mean, **more)
    assert (report.failed, report.trouble) == ({}, {})
    return report


def contents(settings: Settings, hyper: HyperProcess) -> dict[str, pd.DataFrame]:
    """Every row of the extracts of forecasts, in one order, without when they were issued."""
    frames = {}
    for name in FORECAST_EXTRACTS:
        frame = read_extract(settings.out / "extracts" / f"{name}.hyper", hyper).drop(columns="issued_at")
        frames[name] = frame.sort_values(list(frame.columns), ignore_index=True)
    return frames


def checked(settings: Settings, hyper: HyperProcess) -> dict[str, pd.DataFrame]:
    """The extracts of forecasts, once it is seen that they are what the database alone gives."""
    found = contents(settings, hyper)
    shutil.rmtree(settings.out / "extracts")
    assert extract(settings) == {}
    assert_same(found, contents(settings, hyper))
    return found


def assert_same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    """Row for row, to the last bit."""
    for name in FORECAST_EXTRACTS:
        pd.testing.assert_frame_equal(one[name], other[name], check_exact=True, obj=name)


def grain(frame: pd.DataFrame, meter: str, grain: str) -> pd.DataFrame:
    """Rows of one meter, hours or days, in order of time."""
    own = frame[(frame["meter_id"] == meter) & (frame["grain"] == grain)]
    return own.sort_values("interval_start_utc", ignore_index=True)


def assert_days_are_their_hours(hours: pd.DataFrame, days: pd.DataFrame) -> None:
    """Nobody meets two figures for one day: the first fortnight of days is the sum of its hours, 23, 24 or 25."""
    ahead = hours[hours["is_forecast"]]
    by_day = ahead.groupby(ahead["interval_start"].dt.floor("D"))["forecast_kwh"].sum().iloc[1:-1]
    own = days.set_index("interval_start").loc[by_day.index]

    assert len(own) >= 12
    np.testing.assert_allclose(own["forecast_kwh"], by_day)
    assert (own["lower_kwh"] <= own["forecast_kwh"]).all()


def called(*arguments: str) -> Result:
    """What the command says."""
    return CliRunner().invoke(main, ["forecast", *arguments], catch_exceptions=False)


# What is forecast


def test_hours_and_days_to_come(settings: Settings, hyperd: HyperProcess) -> None:
    """On each kind of database: a fortnight of hours and a year of days, on top of the history, with past errors."""
    energy = usage(NEW_YEAR, 120)
    load(settings, "a", {"b1": energy, "b2": usage(NEW_YEAR, 100, 2)})
    report = forecast_all(settings)
    found = checked(settings, hyperd)
    hours, days = (grain(found["forecast"], "b1", name) for name in ("hour", "day"))
    ahead, scores = hours[hours["is_forecast"]], found["forecast_score"].query("is_chosen == True")

    assert_days_are_their_hours(hours, days)
    assert report.done == 2
    assert len(ahead) == 14 * 24
    assert ahead["interval_start"].tolist() == list(pd.date_range("2024-04-30 01:00", periods=336, freq="h"))
    assert ahead["energy_kwh"].isna().all()
    assert (ahead["lower_kwh"] <= ahead["forecast_kwh"]).all()
    assert (ahead["forecast_kwh"] <= ahead["upper_kwh"]).all()
    assert abs(ahead["forecast_kwh"] - energy.mean()).mean() < 5
    assert days["is_forecast"].sum() == 365
    assert days.loc[days["is_forecast"], "interval_start"].iloc[0] == pd.Timestamp("2024-04-30")
    assert (days["interval_start"].dt.hour == 0).all()
    known = hours["energy_kwh"].dropna()
    assert len(known) in (92 * 24, 92 * 24 + 1)
    assert known.tolist() == energy.iloc[-len(known) :].tolist()
    np.testing.assert_allclose(
        ahead["past_mae_kwh"].unique(), scores.query("meter_id == 'b1' and grain == 'hour'")["mae_kwh"]
    )
    assert scores.groupby("meter_id")["grain"].apply(sorted).tolist() == [["day", "hour"]] * 2
    assert not scores["is_stale"].any()


def test_hours_are_summed_from_what_was_read(local: Settings, hyperd: HyperProcess) -> None:
    """Quarter hours: history in hours, the same energy, and a forecast of the size of hours."""
    energy = usage(NEW_YEAR, 40, minutes=15)
    load(local, "a", {"b1": energy})
    forecast_all(local)
    hours = grain(checked(local, hyperd)["forecast"], "b1", "hour")
    known = hours[~hours["is_forecast"]]

    assert len(known) == 40 * 24
    np.testing.assert_allclose(known["energy_kwh"].sum(), energy.sum())
    assert abs(hours["forecast_kwh"].mean() / known["energy_kwh"].mean() - 1) < 0.1


@pytest.mark.parametrize(
    ("last", "changed", "count"),
    [("2024-10-20", "2024-10-27", 25), ("2025-03-23", "2025-03-30", 23)],
    ids=["autumn", "spring"],
)
def test_forecasts_go_on_across_a_clock_change(
    local: Settings, hyperd: HyperProcess, last: str, changed: str, count: int
) -> None:
    """London, a week before the change: its day has 25 or 23 rows, each with a start of its own in UTC."""
    first = pd.Timestamp(last) - pd.Timedelta("60D")
    energy = usage(str(first.date()), 60)
    load(replace(local, timezone="UTC"), "other", {"b2": energy})
    frame = energy.tz_localize("Europe/London", ambiguous="NaT", nonexistent="NaT").tz_convert("UTC").tz_localize(None)
    (local.out.parent / "meters.csv").write_text("meter_id,site_id,timezone\nb1,home,Europe/London\n")
    run([local.out.parent / "meters.csv"], local)
    load(replace(local, timezone="UTC"), "a", {"b1": frame})
    forecast_all(local)
    found = checked(local, hyperd)["forecast"]
    hours, days = grain(found, "b1", "hour"), grain(found, "b1", "day")
    day = hours[hours["interval_start"].dt.date.astype(str) == changed]

    assert len(day) == day["interval_start_utc"].nunique() == count
    assert day["is_forecast"].all()
    assert (np.diff(hours["interval_start_utc"]) == pd.Timedelta("1h")).all()
    assert hours.loc[hours["is_forecast"], "interval_start_utc"].is_unique
    assert day["interval_start"].nunique() == min(count, 24)
    assert days["interval_start"].tolist() == list(pd.date_range(days["interval_start"].iloc[0], periods=len(days)))
    assert_days_are_their_hours(hours, days)


def test_what_cannot_be_forecast_is_named(local: Settings) -> None:
    """Too short, nothing known, reactive, days only: each with its reason, exit 0, and the others are done."""
    energy = usage(NEW_YEAR, 40)
    nothing = pd.Series(0.0, index=energy.index)
    load(local, "a", {"good": energy, "dead": nothing})
    load(local, "b", {"b3": energy.iloc[-10 * 24 :]})
    daily = usage(NEW_YEAR, 40).resample("D").sum()
    load(local, "days", {"daily": daily})
    report = forecast_all(local)
    reasons = read_issues(connect_database(local.database_url)).merge(report.streams, on="channel_id")
    said = reasons.set_index("meter_id")["reason"].fillna("").to_dict()
    values = read_forecasts(connect_database(local.database_url), report.streams["channel_id"].tolist())
    counts = values.merge(report.streams, on="channel_id").groupby(["meter_id", "interval_minutes"]).size().to_dict()
    shown = called("--out", str(local.out), "--report")

    assert said == {
        "good": "",
        "b3": "10 days of sound readings: a forecast of hours needs 14; "
        "10 days of sound readings: a forecast of days needs 28",
        "dead": "0 days of sound readings: a forecast of hours needs 14; "
        "0 days of sound readings: a forecast of days needs 28",
        "daily": "intervals of 1440 min do not add up to hours",
    }
    assert counts == {("daily", 1440): 365, ("good", 60): 336, ("good", 1440): 365}
    assert shown.exit_code == 0
    assert "daily delivered: intervals of 1440 min do not add up to hours" in shown.stdout
    assert "four-week mean *" in shown.stdout


def test_a_fault_in_a_model_stops_no_other(local: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """Each stream that failed is named with what was raised, exit 1, and is tried again the next time."""
    load(local, "a", {"b1": usage(NEW_YEAR, 30)})
    report = forecast(local, choose=choose_nobody)
    with pytest.raises(SystemExit) as ended:
        show_forecast(local, report)

    assert ended.value.code == 1
    assert "not done b1 delivered: ZeroDivisionError: a fault in a model" in capsys.readouterr().err
    assert report.failed == {"b1 delivered": "ZeroDivisionError: a fault in a model"}
    assert report.done == 0
    assert forecast_all(local).done == 1


# What is worked on


def test_only_what_has_changed_is_forecast_again(settings: Settings, hyperd: HyperProcess) -> None:
    """A second run does nothing; after a load only its meters are; --all and --meter choose otherwise."""
    meters = {f"b{number}": usage(NEW_YEAR, 40, number) for number in range(3)}
    load(settings, "a", meters)
    first = forecast_all(settings)
    before = database_contents(settings.database_url)
    stamps = [path.stat() for path in sorted((settings.out / "extracts").glob("*.hyper"))]
    second = forecast_all(settings)
    unchanged = (
        database_contents(settings.database_url),
        [path.stat() for path in sorted((settings.out / "extracts").glob("*.hyper"))],
    )
    load(settings, "b", {"b1": usage("2024-02-10", 2, 1)})
    third = forecast_all(settings)

    assert [first.done, second.done, third.done] == [3, 0, 1]
    assert unchanged == (before, stamps)
    assert third.streams.query("is_due")["meter_id"].tolist() == ["b1"]
    assert forecast_all(settings, "b2", everything=True).done == 1
    assert forecast_all(settings, everything=True).done == 3
    checked(settings, hyperd)


def test_a_forecast_stays_until_it_is_made_anew(settings: Settings, hyperd: HyperProcess) -> None:
    """New readings fill its rows, corrected ones change its history, and it is known to be stale."""
    energy = usage(NEW_YEAR, 60)
    load(settings, "a", {"b1": energy.iloc[: 50 * 24], "b2": usage(NEW_YEAR, 50, 2)})
    forecast_all(settings)
    before = contents(settings, hyperd)
    load(settings, "b", {"b1": energy.iloc[50 * 24 : 52 * 24]})
    load(settings, "c", {"b1": energy.iloc[45 * 24 : 45 * 24 + 5] + 1})
    after = checked(settings, hyperd)
    hours = grain(after["forecast"], "b1", "hour")
    both = hours[hours["energy_kwh"].notna() & hours["forecast_kwh"].notna()]
    said = pd.concat([before["forecast"], after["forecast"]]).query("forecast_kwh.notna()")

    assert both["energy_kwh"].tolist() == energy.iloc[50 * 24 : 52 * 24].tolist()
    assert not both["is_forecast"].any()
    assert hours["is_forecast"].sum() == 12 * 24
    assert said.groupby(["meter_id", "grain", "interval_start_utc"])["forecast_kwh"].nunique().eq(1).all()
    np.testing.assert_allclose(hours["energy_kwh"].sum(), energy.iloc[: 52 * 24].sum() + 5)
    assert after["forecast_score"].groupby("meter_id")["is_stale"].all().tolist() == [True, False]
    assert forecast_all(settings).done == 1
    assert not checked(settings, hyperd)["forecast_score"]["is_stale"].any()


def test_a_load_that_takes_readings_away(local: Settings, hyperd: HyperProcess) -> None:
    """A file read again under another clock moves its readings: what stood where none are left goes."""
    path = write_file(local.out.parent / "in" / "a.csv", {"b1": usage("2024-05-01", 40)})
    run([path], replace(local, timezone="UTC"))
    forecast_all(local)
    run([path], replace(local, timezone="America/New_York", reload=True))
    stale = checked(local, hyperd)
    forecast_all(local)
    found = grain(checked(local, hyperd)["forecast"], "b1", "hour")

    assert stale["forecast_score"]["is_stale"].all()
    assert found["interval_start"].iloc[0] == pd.Timestamp("2024-05-01 00:00")
    assert found["interval_start_utc"].iloc[0] == pd.Timestamp("2024-05-01 04:00")


def test_without_a_forecast_there_are_no_extracts_of_it(local: Settings) -> None:
    """A run and an extract before the first forecast write none of the three; after it nothing is behind."""
    load(local, "a", {"b1": usage(NEW_YEAR, 30)})
    names = {path.stem for path in (local.out / "extracts").glob("*.hyper")}
    forecast_all(local)
    (local.out / "extracts" / "anomalies.hyper").unlink()

    assert not names & set(FORECAST_EXTRACTS)
    assert behind(local) == ["anomalies"]
    assert extract(local) == {}
    assert behind(local) == []


# The command


def test_a_dry_run_writes_nothing(local: Settings) -> None:
    """It names what would be forecast, and why again."""
    load(local, "a", {"b1": usage(NEW_YEAR, 30), "b2": usage(NEW_YEAR, 30, 2)})
    before = database_contents(local.database_url)
    new = called("--out", str(local.out), "--dry-run")
    unchanged = database_contents(local.database_url)
    forecast_all(local)
    load(local, "b", {"b1": usage("2024-01-31", 1)})
    again = called("--out", str(local.out), "--dry-run")

    assert unchanged == before
    assert "2 of 2 channels would be forecast." in new.stdout
    assert again.stdout.splitlines() == [
        "b1 delivered would be forecast: its readings have changed since the last forecast",
        "1 of 2 channels would be forecast.",
    ]


def test_packages_that_are_not_there() -> None:
    """An installation without the extra says which one it needs."""
    with pytest.raises(SettingsError, match=r"forecasts need no_such_package -> pip install 'hyperwatt\[forecast\]'"):
        check_packages(("numpy", "no_such_package"))


def test_nothing_to_forecast_from(local: Settings, tmp_path: Path) -> None:
    """No database, no readings, no such meter: one sentence each with what to do, and exit 1."""
    empty = Settings(out=tmp_path / "nowhere")
    shown = called("--out", str(empty.out))
    load(local, "a", {"b1": usage(NEW_YEAR, 30)})
    with pytest.raises(SettingsError, match="meter 'b9' is not in the database"):
        forecast(local, ["b9"], choose=choose_mean)

    assert shown.exit_code == 1
    assert "it holds no readings yet -> load some with `hyperwatt run`" in shown.stderr
    assert not empty.out.exists()


# Kills

KILLED = """
import sys
from pathlib import Path
from plain_models import choose_mean
from pipeline.config import Settings
from pipeline.forecasting import forecast

def tell(stage, done=0, total=0):
    print(stage, done, flush=True)
    sys.stdin.readline()

if __name__ == "__main__":
    settings = Settings(out=Path(sys.argv[1]), database=sys.argv[2], jobs=2)
    forecast(settings, tell=tell, choose=choose_mean)
"""


def kill_at(settings: Settings, stage: str, done: int = 0) -> None:
    """Forecast in another process, and kill it when it has done so much, with no regard for its children."""
    folders = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]
    code = f"import sys; sys.path[:0] = {folders!r}\n{KILLED}"
    command = [sys.executable, "-c", code, str(settings.out), settings.database_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        while (said := process.stdout.readline().rsplit(" ", 1)) and not (said[0] == stage and int(said[1]) >= done):
            print(file=process.stdin, flush=True)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        _, left = psutil.wait_procs(children, timeout=20)
        assert left == []
    assert process.returncode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
@ON
def test_killed_and_run_again(settings: Settings, hyperd: HyperProcess, tmp_path: Path) -> None:
    """Killed at the first commit, at a later one, before and while extracts are written: nothing done is done again,
    no process outlives its parent, and in the end all is as if it had never been killed."""
    meters = {f"b{number}": usage(NEW_YEAR, 40, number) for number in range(8)}
    whole = Settings(out=tmp_path / "whole", timezone="Europe/London", jobs=2)
    for each in (settings, whole):
        load(each, "a", meters)
    forecast_all(whole)
    done = []
    for stage, count in (("forecasting", 1), ("forecasting", 2), ("extract anomalies", 0)):
        kill_at(settings, stage, count)
        done.append(len(read_issues(connect_database(settings.database_url))))
    last = forecast_all(settings)

    assert 1 <= done[0] < 8
    assert done[0] < done[1] <= done[2] == 8
    assert last.done == 0
    assert_same(contents(settings, hyperd), contents(whole, hyperd))
    assert database_contents(settings.database_url) == database_contents(whole.database_url)
