"""The Cambridge estate from end to end: 52 meters, three years, every row of its README's table of findings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytestmark = pytest.mark.shared_data

Ran = Any
"""`Ran` of conftest.py."""

Run = Callable[..., Ran]


def seconds(stamp: str) -> int:
    """Seconds since 1970 of a stamp in UTC."""
    return int(pd.Timestamp(stamp).timestamp())


@pytest.fixture(scope="module")
def cambridge(run_files: Run, shared_data: Path) -> Ran:
    """The estate of 52 meters and three years."""
    return run_files([shared_data / "cambridge" / "derived_wide_electricity_2018_2020.csv.gz"], timezone="UTC")


@pytest.fixture(scope="module")
def estate(shared_data: Path) -> pd.DataFrame:
    """The same file, read by pandas alone."""
    path = shared_data / "cambridge" / "derived_wide_electricity_2018_2020.csv.gz"
    return pd.read_csv(path, parse_dates=["timestamp"], index_col="timestamp")


def test_cambridge_rows_and_energy(cambridge: Ran, estate: pd.DataFrame) -> None:
    """52 x 26,304 rows, and every original cell where it stood, to the last bit."""
    kwh = cambridge.readings.pivot(index="interval_start", columns="meter_id", values="kwh")

    assert len(cambridge.readings) == 52 * 26_304
    assert cambridge.report.written.inserted == 52 * 26_304
    assert cambridge.file("2020.csv.gz").kwh == pytest.approx(212_437_810.8, rel=1e-9)
    assert (kwh[estate.columns].to_numpy() == estate.to_numpy()).all()


@pytest.mark.parametrize(("year", "kwh"), [("2018", 79_227_747.3), ("2019", 72_552_414.3), ("2020", 60_657_649.2)])
def test_cambridge_years(cambridge: Ran, year: str, kwh: float) -> None:
    """Each year's energy as read, in readings and in days."""
    readings, daily = cambridge.readings, cambridge.daily
    of_year = daily.loc[daily["date"].str.startswith(year), "raw_kwh"]

    assert readings.loc[readings["interval_start"].dt.year == int(year), "kwh"].sum() == pytest.approx(kwh, rel=1e-9)
    assert of_year.sum() == pytest.approx(kwh, rel=1e-9)


def test_cambridge_changed_values_keep_what_was_read(cambridge: Ran, estate: pd.DataFrame) -> None:
    """Where the value to use differs from the file, the file's stands beside it, with the rule; nowhere else."""
    readings = cambridge.readings
    original = readings["kwh"].to_numpy()
    differs = ~(readings["energy_kwh"].to_numpy() == original)

    assert (readings["raw_kwh"].notna() == differs).all()
    assert readings.loc[differs, "rule_id"].notna().all()
    assert not (readings.loc[differs, "quality"] == "actual").any()


def test_cambridge_zeros(cambridge: Ran, estate: pd.DataFrame) -> None:
    """8,285 zero hours, nine meters with none; V08 tells of every one outside the fleet's outage."""
    zero = estate == 0
    told = pd.DataFrame(False, index=estate.index, columns=estate.columns)
    for one in cambridge.findings("V08"):
        told.loc[
            pd.Timestamp(one.first_start_utc, unit="s") : pd.Timestamp(one.last_start_utc, unit="s"), one.meter_id
        ] = True
    untold = (zero & ~told).stack()[lambda cell: cell].index

    assert int(zero.to_numpy().sum()) == 8_285
    assert int((~zero.any()).sum()) == 9
    assert {stamp.strftime("%Y-%m-%d") for stamp, _ in untold} == {"2019-10-04", "2019-10-05"}
    assert len({meter for _, meter in untold}) == 16


def test_cambridge_fleet_outage_is_one_event(cambridge: Ran) -> None:
    """16 of 52 meters zero together from 2019-10-04 02:00, 46 h: one finding that names them, not sixteen."""
    (event,) = cambridge.findings("V19")
    named = [f"b{number}" for number in (4, 6, 11, 13, 15, 19, 22, 25, 26, 27, 31, 61, 70, 71, 109, 115)]

    assert cambridge.runs("V19") == [("2019-10-04 02:00", 46)]
    assert "16 of 52" in event.detail
    assert sorted(event.detail.split(": ")[1].split(", ")) == sorted(named)
    assert not [one for meter in named for one in cambridge.runs("V08", meter) if one[0][:10] == "2019-10-04"]


CAMBRIDGE_RUNS = [
    ("V09", "b78", "2018-05-08 01:00", 3095),
    ("V08", "b78", "2018-09-14 01:00", 418),
    ("V18", "b78", "2018-05-08 01:00", 3514),
    ("V08", "b19", "2020-08-06 01:00", 863),
    ("V08", "b19", "2020-12-04 01:00", 527),
    ("V08", "b110", "2020-12-07 01:00", 599),
    ("V22", "b110", "2020-12-07 01:00", 599),
    *[("V10", "b59", start, 1) for start in ("2020-09-01 03:00", "2020-10-02 02:00")],
    *[("V13", meter, "2020-02-21 14:00", 1) for meter in ("b64", "b83", "b119")],
]


@pytest.mark.parametrize(("rule_id", "meter_id", "start", "hours"), CAMBRIDGE_RUNS)
def test_cambridge_named_faults(cambridge: Ran, rule_id: str, meter_id: str, start: str, hours: int) -> None:
    """Each fault that the README names is a finding of its rule, at its hour and of its length."""
    assert (start, hours) in cambridge.runs(rule_id, meter_id)


def test_cambridge_long_gaps_stay_null(cambridge: Ran) -> None:
    """What is longer than 30 days is not estimated (V18): b78 over the stuck and the dead weeks, b19 in August."""
    assert sorted({one.meter_id for one in cambridge.findings("V18")}) == ["b19", "b78"]
    own = cambridge.of("b78").set_index("interval_start")["energy_kwh"]

    assert own["2018-05-08 01:00":"2018-10-01 10:00"].isna().all()


@pytest.mark.parametrize("meter_id", ["b32", "b110", "b20"])
def test_cambridge_coarse_loads_are_not_nulled(cambridge: Ran, meter_id: str) -> None:
    """An empty building at 0.1 kWh resolution repeats itself for days: no fault, every value stays."""
    own = cambridge.of(meter_id)
    spring = own[own["interval_start"].between("2020-03-20", "2020-06-15")]

    assert cambridge.runs("V09", meter_id) == []
    assert spring["raw_kwh"].isna().all()


def test_cambridge_filled_days(cambridge: Ran) -> None:
    """Five days of one value on four meters were filled at the source: kept, but not as metered."""
    days = ["2018-04-03 03:00", "2018-09-02 03:00", "2018-09-23 03:00", "2020-07-30 03:00", "2020-10-04 03:00"]
    b63 = [start.replace("07-30 03", "07-30 02") for start in days]
    found = {meter: cambridge.runs("V20", meter) for meter in ("b63", "b64", "b83", "b119")}
    own = cambridge.of("b64").set_index("interval_start").loc["2018-04-03 03:00":"2018-04-04 02:00"]

    assert [start for start, _ in found.pop("b63")] == b63
    assert [[start for start, _ in runs] for runs in found.values()] == [days] * 3
    assert (own["quality"] == "estimated").all()
    assert own["energy_kwh"].tolist() == [202.5] * 24


def test_cambridge_local_clocks(cambridge: Ran) -> None:
    """Five meters keep local clock in a UTC file: V03 at all six changes of each, and at no other meter."""
    spring = [(f"{day} 01:00", 2) for day in ("2018-03-25", "2019-03-31", "2020-03-29")]
    autumn = [(f"{day} 02:00", 1) for day in ("2018-10-28", "2019-10-27", "2020-10-25")]

    assert {one.meter_id for one in cambridge.findings("V03")} == {"b63", "b64", "b78", "b83", "b119"}
    for meter_id in ("b63", "b64", "b78", "b83", "b119"):
        assert cambridge.runs("V03", meter_id) == sorted(spring + autumn)


def test_cambridge_half_hours_at_edges(cambridge: Ran, estate: pd.DataFrame) -> None:
    """The first hour of each year holds half on 51, 50 and 50 meters, and most hours beside long zero runs do."""
    starts = pd.DataFrame(
        [(one.meter_id, pd.Timestamp(one.first_start_utc, unit="s")) for one in cambridge.findings("V17")],
        columns=["meter_id", "start"],
    )
    counts = [int((starts["start"] == f"{year}-01-01 00:00").sum()) for year in (2018, 2019, 2020)]
    ratio = [estate.loc[f"{year}-01-01 00:00"] / estate.loc[f"{year}-01-01 01:00"] for year in (2018, 2019, 2020)]

    assert [int(each.between(0.4, 0.6).sum()) for each in ratio] == [51, 50, 50]
    assert counts == [51, 50, 50]


def test_cambridge_zero_runs(cambridge: Ran, shared_data: Path) -> None:
    """Every zero run of expected_runs.csv is told at its hour and of its length; 13 of them are the fleet's outage."""
    expected = pd.read_csv(shared_data / "cambridge" / "expected_runs.csv").query("kind == 'zero_run'")
    rest = [
        (one.meter_id, one.first_stamp[:16], one.hours)
        for one in expected.itertuples()
        if (one.first_stamp[:16], one.hours) not in cambridge.runs("V08", one.meter_id)
    ]

    assert len(expected) == 52
    assert len(rest) == 13
    assert {(start[:10], hours in (46, 47)) for _, start, hours in rest} == {("2019-10-04", True)}


def test_cambridge_constant_runs(cambridge: Ran, shared_data: Path) -> None:
    """Of the constant runs of expected_runs.csv those of coarse, nearly idle meters stay; the rest are told."""
    expected = pd.read_csv(shared_data / "cambridge" / "expected_runs.csv").query("kind == 'constant_run'")
    told = [(one.first_stamp[:16], one.hours) in cambridge.runs("V09", one.meter_id) for one in expected.itertuples()]

    assert len(expected) == 47
    assert set(expected.loc[told, "meter_id"]) == {"b63", "b64", "b78", "b83", "b119"}
    assert sum(told) == len(cambridge.findings("V09"))


def test_cambridge_spikes(cambridge: Ran, shared_data: Path) -> None:
    """The 33 spikes of expected_spikes.csv are found and no other; none is left as a value."""
    expected = pd.read_csv(shared_data / "cambridge" / "expected_spikes.csv")
    found = [(one.meter_id, one.first_start_utc) for one in cambridge.findings("V10")]

    assert len(expected) == 33
    assert sorted(found) == sorted((one.meter_id, seconds(one.stamp)) for one in expected.itertuples())


def test_cambridge_peak_is_a_real_one(cambridge: Ran) -> None:
    """The site's peak is 15,790.7 kWh at 2018-09-26 13:00, not the 24,604.1 kWh of one meter's spike."""
    readings = cambridge.readings
    raw = readings.groupby("interval_start")["kwh"].sum()
    plain = readings["energy_kwh"].where(readings["quality"] == "actual").groupby(readings["interval_start"]).sum()
    peaks = cambridge.daily.set_index(["meter_id", "date"])["peak_kw"]

    assert (str(raw.idxmax())[:16], raw.max()) == ("2020-10-02 02:00", pytest.approx(24_604.1))
    assert (str(plain.idxmax())[:16], plain.max()) == ("2018-09-26 13:00", pytest.approx(15_790.7, rel=0.01))
    assert peaks["b59"].max() < 2_600


def test_cambridge_b115_is_only_reviewed(cambridge: Ran) -> None:
    """A peak of 32 times the median is a real load: V23 says so, and it stays."""
    own = cambridge.of("b115")
    largest = own.loc[own["kwh"].idxmax()]

    assert (largest["energy_kwh"], largest["quality"]) == (29.1, "actual")
    assert "29.1" in cambridge.findings("V23", "b115")[0].detail


def test_cambridge_excerpt(run_files: Run, shared_data: Path) -> None:
    """Two weeks of the same columns as plain text hold the outage as one event too."""
    ran = run_files([shared_data / "cambridge" / "electricity_excerpt_2019-09-27_2019-10-12.csv"], timezone="UTC")

    assert len(ran.readings) == 52 * 384
    assert ran.runs("V19") == [("2019-10-04 02:00", 46)]
