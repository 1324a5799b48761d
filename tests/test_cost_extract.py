"""`costs.hyper`: there when prices or factors are set, up to the database and the settings, and gone without them."""

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from tableauhyperapi import HyperProcess
from whole import assert_same_extracts, extract_contents, start_run, usage, write_file

from pipeline.config import Settings, load_settings
from pipeline.doctor import examine
from pipeline.run import behind, extract, run
from pipeline.stores.hyper_read import read_extract

PRICES = """
timezone = "Europe/London"
[[tariff]]
name = "plain"
default = true
currency = "GBP"
standing_charge = 0.5
[[tariff.rate]]
name = "peak"
price = 0.4
hours = [16, 19]
days = "weekdays"
[[tariff.rate]]
name = "day"
price = 0.25
[[tariff]]
name = "green"
currency = "GBP"
[[tariff.rate]]
name = "all"
price = 0.3
[carbon]
average_kg_per_kwh = 0.2
file = "carbon.csv"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with settings, and hourly factors of January."""
    (tmp_path / "hyperwatt.toml").write_text(PRICES)
    write_factors(tmp_path, "2024-02-01")
    return tmp_path


def write_factors(folder: Path, end: str) -> None:
    """Hourly factors from New Year's Eve on."""
    starts = pd.date_range("2023-12-31", end, freq="h", inclusive="left")
    pd.Series(0.1 + starts.hour / 100, starts).rename_axis("start_utc").rename("kg_per_kwh").to_csv(
        folder / "carbon.csv"
    )


def settings_of(folder: Path, text: str = PRICES, database: str = "") -> Settings:
    """The settings as they are now, or are made to be."""
    (folder / "hyperwatt.toml").write_text(text)
    return load_settings(folder / "hyperwatt.toml", out=folder / "out", database=database or None)


def load(folder: Path, settings: Settings, first: str, days: float, meters: int = 1) -> dict[str, str]:
    """Load readings of some meters; give the trouble with extracts."""
    path = folder / "in" / f"{first}-{days}-{meters}.csv"
    return run([write_file(path, {f"b{n}": usage(first, days, n) for n in range(1, meters + 1)})], settings).trouble


def costs_of(settings: Settings, hyper: HyperProcess) -> pd.DataFrame:
    """The extract as it stands, in order."""
    rows = read_extract(settings.out / "extracts" / "costs.hyper", hyper)
    return rows.sort_values(list(rows.columns), ignore_index=True)


def anew(settings: Settings, hyper: HyperProcess) -> pd.DataFrame:
    """The extract, built from nothing."""
    (settings.out / "extracts" / "costs.hyper").unlink()
    assert behind(settings) == ["costs"]
    assert extract(settings) == {}
    return costs_of(settings, hyper)


def test_what_was_kept_up_is_what_would_be_built_anew(folder: Path, database: str, hyperd: HyperProcess) -> None:
    """A first run, nights, a gap and a correction, on each database: the same rows to the last bit."""
    settings = settings_of(folder, database=database)
    for first, days in (("2024-01-01", 7), ("2024-01-08", 1), ("2024-01-10", 0.5), ("2024-01-03", 1.5)):
        assert load(folder, settings, first, days, 2) == {}
        assert behind(settings) == []
    kept = costs_of(settings, hyperd)

    pd.testing.assert_frame_equal(kept, anew(settings, hyperd), check_exact=True)
    daily = extract_contents(settings.out, hyperd)["daily"]
    by_day = kept.groupby(["meter_id", "date"])["energy_kwh"].sum(min_count=1).dropna()
    pd.testing.assert_series_equal(by_day, daily.set_index(["meter_id", "date"])["energy_kwh"].dropna(), rtol=1e-12)
    assert (kept["band"] == "standing charge").sum() == len(by_day)


def test_changed_settings_build_it_anew(folder: Path, hyperd: HyperProcess) -> None:
    """Another price, another factor, another byte of the file: told, and brought up by whatever comes next."""
    assert load(folder, settings_of(folder), "2024-01-01", 7) == {}
    costs = [costs_of(settings_of(folder), hyperd)]
    for text, end in (
        (PRICES.replace("0.25", "0.5"), "2024-02-01"),
        (PRICES.replace("0.2\n", "0.3\n"), "2024-02-01"),
        (PRICES, "2024-01-05"),
    ):
        settings = settings_of(folder, text)
        write_factors(folder, end)
        assert behind(settings) == ["costs"]
        assert extract(settings) == {}
        assert behind(settings) == []
        costs.append(costs_of(settings, hyperd))

    sums = pd.DataFrame([one[["cost", "co2_average_kg", "co2_hourly_kg"]].sum() for one in costs])
    assert sums["cost"].nunique() == 2
    assert sums["co2_average_kg"].round(6).nunique() == 2
    assert sums["co2_hourly_kg"].round(6).tolist()[:3] == [sums["co2_hourly_kg"].round(6).iloc[0]] * 3
    late = costs[3][costs[3]["date"].astype(str) >= "2024-01-05"]
    assert late["co2_hourly_kg"].isna().all()
    assert set(late["hourly_factor_share"].dropna()) == {0.0}


def test_without_settings_it_goes(folder: Path, hyperd: HyperProcess) -> None:
    """It is never there unasked, comes with the settings, and goes with them; the others stay as they were."""
    plain, priced = Settings(out=folder / "out", timezone="Europe/London"), settings_of(folder)
    assert load(folder, plain, "2024-01-01", 7) == {}
    assert load(folder, plain, "2024-01-09", 1) == {}
    assert not (folder / "out" / "extracts" / "costs.hyper").exists()
    before = extract_contents(plain.out, hyperd)
    assert behind(priced) == ["costs"]
    assert extract(priced) == {}
    assert len(costs_of(priced, hyperd)) > 7
    assert behind(plain) == ["costs"]
    said: list[str] = []
    assert extract(plain, lambda stage, done=0, total=0: said.append(stage)) == {}

    assert "costs.hyper is taken away" in said[0]
    assert "--config FILE" in said[0]
    assert behind(plain) == []
    assert not list((folder / "out" / "extracts").rglob("costs.hyper*.json"))
    assert not (folder / "out" / "extracts" / "costs.hyper").exists()
    assert_same_extracts(before, extract_contents(plain.out, hyperd))


def test_a_register_gives_a_meter_another_tariff(folder: Path, hyperd: HyperProcess) -> None:
    """Its whole history is priced anew, by a register alone; other meters keep their rows."""
    settings = settings_of(folder)
    load(folder, settings, "2024-01-01", 7, 2)
    register = folder / "in" / "meters.csv"
    before = costs_of(settings, hyperd)
    for tariff in ("green", "nobody's", "plain"):
        register.write_text(f"meter,tariff\nb1,{tariff}\n")
        assert run([register], settings).trouble == {}
        assert behind(settings) == []
        found = costs_of(settings, hyperd)
        own = found[found["meter_id"] == "b1"]
        assert set(own["tariff"]) == {tariff}
        assert own["cost"].sum() == pytest.approx(
            {"green": own["energy_kwh"].sum() * 0.3, "nobody's": 0}.get(tariff, own["cost"].sum())
        )
        pd.testing.assert_frame_equal(found, anew(settings, hyperd), check_exact=True)

    pd.testing.assert_frame_equal(before, found, check_exact=True)


def test_factors_that_cannot_be_read(folder: Path, hyperd: HyperProcess) -> None:
    """Readings are loaded, other extracts written, the old costs stay; one line says why, also to the doctor."""
    settings = settings_of(folder)
    load(folder, settings, "2024-01-01", 7)
    before = costs_of(settings, hyperd)
    (folder / "carbon.csv").write_text("start_utc,kg_per_kwh\nyesterday,0.2\n")
    told = load(folder, settings, "2024-01-08", 1)

    assert list(told) == ["costs"]
    assert "carbon.csv line 2: 'yesterday' is no start -> " in told["costs"]
    pd.testing.assert_frame_equal(before, costs_of(settings, hyperd), check_exact=True)
    assert len(extract_contents(settings.out, hyperd)["daily"]) == 8
    (folder / "carbon.csv").unlink()
    assert ["carbon.csv: cannot be read" in one.sentence for one in examine(settings) if one.about == "extracts"] == [
        True
    ]
    assert list(extract(settings)) == ["costs"]
    write_factors(folder, "2024-02-01")
    assert extract(settings) == {}
    assert len(costs_of(settings, hyperd)) > len(before)


def test_the_file_of_factors_is_no_meter_file(folder: Path) -> None:
    """It may lie among the files of a run, whose folder or name is given."""
    write_file(folder / "in" / "a.csv", {"b1": usage("2024-01-01", 7)})
    (folder / "carbon.csv").rename(folder / "in" / "carbon.csv")
    settings = settings_of(folder, PRICES.replace('"carbon.csv"', '"in/carbon.csv"'))
    report = run([folder / "in", folder / "in" / "carbon.csv"], settings)

    assert (len(report.files), report.channels, report.trouble) == (1, 1, {})


def test_a_first_run_with_unreadable_factors(folder: Path) -> None:
    """Everything else of it is done."""
    (folder / "carbon.csv").unlink()
    told = load(folder, settings_of(folder), "2024-01-01", 7)

    assert list(told) == ["costs"]
    assert len(extract_contents(folder / "out")["readings"]) == 7 * 24


@pytest.mark.parametrize("together", [True, False], ids=["one run", "a run each"])
def test_lengths_that_change_during_a_day(folder: Path, hyperd: HyperProcess, together: bool) -> None:
    """The day has energy of both lengths, each once, and one standing charge."""
    settings, halves = settings_of(folder), usage("2024-01-01", 10, minutes=30)
    parts = {"a": halves[:260].resample("1h").sum(), "b": halves[260:]}
    paths = [write_file(folder / "in" / f"{name}.csv", {"b1": own}) for name, own in parts.items()]
    for files in [paths] if together else [[path] for path in paths]:
        assert run(files, settings).trouble == {}
    found = costs_of(settings, hyperd)
    charges = found[found["band"] == "standing charge"]

    assert found["energy_kwh"].sum() == pytest.approx(halves.sum(), rel=1e-9)
    assert (len(charges), charges["date"].nunique()) == (10, 10)
    pd.testing.assert_frame_equal(found, anew(settings, hyperd), check_exact=True)


def truncate(path: Path) -> None:
    """Cut a file short."""
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("harm", [truncate, Path.unlink])
def test_a_damaged_extract_is_built_anew(folder: Path, hyperd: HyperProcess, harm) -> None:
    """Cut or deleted: the next run, though it has nothing to load, mends it."""
    settings = settings_of(folder)
    load(folder, settings, "2024-01-01", 7)
    before = costs_of(settings, hyperd)
    harm(settings.out / "extracts" / "costs.hyper")
    assert load(folder, settings, "2024-01-01", 7) == {}

    pd.testing.assert_frame_equal(before, costs_of(settings, hyperd), check_exact=True)


def test_two_runs_at_once(folder: Path, hyperd: HyperProcess) -> None:
    """Both load, one waits for the other, and costs are those of all readings."""
    settings = settings_of(folder)
    runs = [threading.Thread(target=load, args=(folder, settings, f"2024-01-{day:02}", 7)) for day in (1, 8, 15)]
    for one in runs:
        one.start()
    for one in runs:
        one.join(60)

    assert behind(settings) == []
    found = costs_of(settings, hyperd)
    pd.testing.assert_frame_equal(found, anew(settings, hyperd), check_exact=True)
    assert found["date"].nunique() == 21


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_runs_that_are_killed(folder: Path, hyperd: HyperProcess) -> None:
    """Whenever a run is killed, the next one leaves what an unkilled one leaves, and no litter."""
    settings = settings_of(folder)
    paths = [write_file(folder / "in" / f"{day}.csv", {"b1": usage(f"2024-01-{day:02}", 2)}) for day in range(1, 13, 2)]
    told = ("--config", folder / "hyperwatt.toml", "--out", settings.out)
    began = time.monotonic()
    start_run(paths[0], *told).communicate()
    seconds = time.monotonic() - began
    for number, path in enumerate(paths[1:]):
        process = start_run(path, *told)
        time.sleep(seconds * (0.65 + 0.08 * number))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert run([path], settings).trouble == {}
        assert behind(settings) == []

    hidden = settings.out / "extracts" / ".hyperwatt"
    assert not [one.name for one in hidden.glob("costs*") if one.suffix not in (".lock", ".json")]
    found = costs_of(settings, hyperd)
    assert found["date"].nunique() == 12
    pd.testing.assert_frame_equal(found, anew(settings, hyperd), check_exact=True)


def test_holidays_that_come_later(folder: Path, hyperd: HyperProcess) -> None:
    """With a calendar New Year's Day has no peak, though its readings were there before."""
    settings = settings_of(folder)
    load(folder, settings, "2024-01-01", 7)
    peaks = costs_of(settings, hyperd).query("band == 'peak'")["date"].astype(str).tolist()
    load(folder, replace(settings, country="GB-ENG"), "2024-01-08", 1)
    later = costs_of(settings, hyperd).query("band == 'peak'")["date"].astype(str).tolist()

    assert sorted({*peaks} - {*later}) == ["2024-01-01"]
