"""One meter at several interval lengths: whatever comes in which order, its energy counts once."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text
from test_run import checked_extracts, of_meter, refusals
from whole import database_contents, extract_contents, usage, write_file

from pipeline.config import Settings
from pipeline.connect import connect_database
from pipeline.run import run
from pipeline.vee.lengths import Intervals, covered

Energy = "pd.Series[float]"

ON = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("mysql", marks=pytest.mark.mysql)], indirect=True, ids=["sqlite", "mysql"]
)
TOGETHER = pytest.mark.parametrize("together", [True, False], ids=["one run", "a run each"])
HOURS, HALVES = usage("2024-01-01", 90), usage("2024-01-01", 90, minutes=30)
DAY = 48
"""Half-hours."""


def hours(first: int, last: int) -> "pd.Series[float]":
    """Hourly readings of some half-hours. [kWh]"""
    return HALVES.iloc[first:last].resample("1h").sum()


def load(settings: Settings, *parts: "pd.Series[float]", together: bool = False) -> list[Path]:
    """Load files of one meter, in the order given, in one run or one run each."""
    folder = settings.out.parent / "in"
    done = len(list(folder.glob("*")))
    paths = [write_file(folder / f"{done + number}.csv", {"b1": part}) for number, part in enumerate(parts)]
    for own in [paths] if together else [[path] for path in paths]:
        report = run(own, settings)
        assert (refusals(report), report.trouble) == ([], {})
    return paths


def london(folder: Path, database: str = "") -> Settings:
    """A run into a folder, and a database that may be elsewhere."""
    settings = Settings(out=folder / "out", timezone="Europe/London")
    return replace(settings, database=database) if database else settings


def totals(settings: Settings, found: dict[str, pd.DataFrame]) -> list[float]:
    """The energy of everything, in both extracts and in the view of the database. [kWh]"""
    with connect_database(settings.database_url).connect() as connection:
        view = float(connection.execute(text("SELECT SUM(energy_kwh) FROM interval_readings")).scalar_one())
    return [float(found["readings"]["energy_kwh"].sum()), float(found["daily"]["energy_kwh"].sum()), view]


def told(extracts: dict[str, pd.DataFrame]) -> list[tuple[str, str, int]]:
    """Rule, first start and number of intervals of the findings about gaps and lengths."""
    found = extracts["findings"].sort_values(["rule_id", "first_start_utc"])
    found = found[found["rule_id"].isin(["V04", "V05", "V18"])]
    first = found["first_start_utc"].dt.strftime("%m-%d %H:%M")
    return list(zip(found["rule_id"], first, found["intervals"], strict=True))


def overlaps(rows: pd.DataFrame) -> int:
    """How many rows of one meter that count begin before the one before them ends."""
    rows = rows[rows["rule_id"].ne("V04") | rows["energy_kwh"].notna()]
    end = rows["interval_start_utc"] + pd.to_timedelta(rows["interval_minutes"], unit="min")
    return int((rows["interval_start_utc"].iloc[1:].to_numpy() < end.iloc[:-1].to_numpy()).sum())


PARTS = {"early": HOURS[: 10 * 24], "halves": HALVES[10 * DAY : 20 * DAY], "late": HOURS[20 * 24 : 30 * 24]}
"""In order of time."""


@ON
@TOGETHER
def test_half_hours_between_hours(tmp_path: Path, database: str, together: bool) -> None:
    """In every order the gap of the hours is what the half-hours say, nobody misses anything, a second run is none."""
    for number, order in enumerate(permutations(PARTS)):
        if number % 2 == together or (number > 1 and "sqlite" not in database):
            continue
        settings = london(tmp_path / str(number), "" if number > 1 else database)
        paths = load(settings, *(PARTS[name] for name in order), together=together)
        before = database_contents(settings.database_url)
        again = run(paths, settings)
        found = checked_extracts(settings)
        rows = of_meter(found["readings"], "b1")

        assert totals(settings, found) == [pytest.approx(sum(part.sum() for part in PARTS.values()), rel=1e-12)] * 3
        assert rows["interval_minutes"].value_counts().to_dict() == {60: 480, 30: 480}
        assert set(rows["quality"]) == {"actual"}
        assert found["daily"]["date"].is_unique
        assert told(found) == []
        assert "V22" not in set(found["findings"]["rule_id"])
        assert len(before["reading_versions"]) == 240 * (order[2] == "halves" and not together)
        assert (again.known, database_contents(settings.database_url)) == (paths, before)


@TOGETHER
@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 2, 0)])
def test_hours_between_half_hours(tmp_path: Path, together: bool, order: tuple[int, ...]) -> None:
    """The other way round too, with another meter beside it that has its half-hours all the time."""
    settings = london(tmp_path)
    run([write_file(tmp_path / "other.csv", {"b2": usage("2024-01-01", 30, 2, minutes=30)})], settings)
    parts = [HALVES[: 10 * DAY], hours(10 * DAY, 20 * DAY), HALVES[20 * DAY : 30 * DAY]]
    load(settings, *(parts[number] for number in order), together=together)
    found = checked_extracts(settings)
    rows = of_meter(found["readings"], "b1")

    assert rows["energy_kwh"].sum() == pytest.approx(HALVES[: 30 * DAY].sum(), rel=1e-12)
    assert (len(rows), set(rows["quality"])) == (20 * DAY + 240, {"actual"})
    assert len(of_meter(found["daily"], "b1")) == len(of_meter(found["daily"], "b2")) == 30
    assert told(found) == []


@TOGETHER
def test_a_gap_that_nobody_read(tmp_path: Path, together: bool) -> None:
    """Where neither length has readings the gap is estimated once, and told once, in every order."""
    parts = [hours(0, 25 * DAY), HALVES[25 * DAY : 45 * DAY], HALVES[46 * DAY : 66 * DAY], hours(67 * DAY, 90 * DAY)]
    for number, order in enumerate(permutations(parts)):
        if number % 9:
            continue
        settings = london(tmp_path / str(number))
        load(settings, *order, together=together)
        found = checked_extracts(settings)
        rows = of_meter(found["readings"], "b1")
        guessed = rows[rows["quality"] == "estimated"]

        assert overlaps(rows) == 0
        assert rows["interval_minutes"].sum() == 90 * 24 * 60
        # What was too long to estimate when it was judged (V18) stays null, as of one length, until it is judged again.
        assert guessed["interval_minutes"].sum() == 2 * 24 * 60 if together else guessed["interval_minutes"].sum() > 0
        assert set(rows.loc[rows["energy_kwh"].isna(), "interval_start_utc"].dt.strftime("%m-%d")) <= {"02-15", "03-07"}
        assert totals(settings, found) == [pytest.approx(HALVES.sum(), rel=0.01 if together else 0.03)] * 3
        assert [one[:2] for one in told(found)] == [("V05", "02-15 00:00"), ("V05", "03-07 00:00")]


def test_a_gap_that_is_filled_by_and_by(tmp_path: Path) -> None:
    """Each night of half-hours takes its part of the gap of the hours; what is left stays estimated, and is told."""
    settings = london(tmp_path)
    load(settings, hours(0, 10 * DAY), hours(13 * DAY, 20 * DAY))
    seen = [told(extract_contents(settings.out))]
    for day in (10, 11, 12):
        load(settings, HALVES[day * DAY : (day + 1) * DAY])
        found = checked_extracts(settings)
        rows = of_meter(found["readings"], "b1")
        assert overlaps(rows) == 0
        assert rows["interval_minutes"].sum() == 20 * 24 * 60
        seen.append(told(found))

    assert seen == [[("V05", "01-11 00:00", 72)], [("V05", "01-12 00:00", 48)], [("V05", "01-13 00:00", 24)], []]
    assert totals(settings, found) == [pytest.approx(HALVES[: 20 * DAY].sum(), rel=1e-12)] * 3


@ON
@TOGETHER
@pytest.mark.parametrize("finer_last", [True, False], ids=["half-hours last", "hours last"])
def test_two_lengths_at_a_time(tmp_path: Path, database: str, together: bool, finer_last: bool) -> None:
    """The later file holds, as a corrected one does; what gave way is kept as it was read, and named."""
    settings = london(tmp_path, database)
    whole, part = hours(0, 20 * DAY), HALVES[10 * DAY : 12 * DAY] + 0.25
    if not finer_last:
        whole, part = HALVES[: 20 * DAY], hours(10 * DAY, 12 * DAY) + 0.5
    load(settings, whole, part, together=together)
    found = checked_extracts(settings)
    rows = of_meter(found["readings"], "b1")
    with connect_database(settings.database_url).connect() as connection:
        query = "SELECT COUNT(*), SUM(original_kwh) FROM interval_readings WHERE quality = 'missing' AND rule = 4"
        kept = connection.execute(text(query)).one()

    assert totals(settings, found) == [pytest.approx(HALVES[: 20 * DAY].sum() + 96 * 0.25, rel=1e-12)] * 3
    gone = rows[rows["quality"] != "actual"]
    assert (overlaps(rows), len(gone), found["daily"]["date"].is_unique) == (0, kept[0], True)
    assert (set(gone["rule_id"]), set(gone["quality"]), gone["energy_kwh"].count()) == ({"V04"}, {"missing"}, 0)
    assert gone["raw_kwh"].sum() == pytest.approx(kept[1])
    assert found["daily"]["raw_kwh"].sum() == pytest.approx(found["readings"]["energy_kwh"].sum())
    assert (kept[0], kept[1]) == (48 if finer_last else 96, pytest.approx(HALVES[10 * DAY : 12 * DAY].sum()))
    assert told(found) == [("V04", "01-11 00:00", kept[0])]


@pytest.mark.parametrize("order", [(30, 15), (15, 30)])
def test_two_lengths_in_a_file(tmp_path: Path, order: tuple[int, int]) -> None:
    """Of one file the shorter intervals count, wherever in it they stand."""
    fine = usage("2024-01-01", 5, minutes=15)
    lines = ["100,NEM12,202401100000,A,B"]
    for minutes in order:
        lines.append(f"200,NMI0000001,E1,,E1,,SN1,KWH,{minutes},")
        energy = fine.resample(f"{minutes}min").sum()
        days = energy.groupby(pd.DatetimeIndex(energy.index).strftime("%Y%m%d"))
        lines += [f"300,{day},{','.join(f'{each:.3f}' for each in own)},A,,,," for day, own in days]
    path = tmp_path / "in" / "a.csv"
    path.parent.mkdir()
    path.write_text("\n".join([*lines, "900"]) + "\n")
    settings = london(tmp_path)
    report = run([path], settings)
    found = checked_extracts(settings)

    counts = found["readings"].groupby("interval_minutes")["energy_kwh"].count().to_dict()
    assert (refusals(report), counts) == ([], {15: 480, 30: 0})
    assert totals(settings, found) == [pytest.approx(fine.sum())] * 3
    assert [one[0] for one in told(found)] == ["V04"]


@TOGETHER
@pytest.mark.parametrize("finer_last", [True, False], ids=["half-hours last", "hours last"])
def test_a_change_within_an_hour(tmp_path: Path, together: bool, finer_last: bool) -> None:
    """An hour of which one half is known too keeps the rest as another half, and the sum is that of the hour."""
    settings = london(tmp_path)
    parts = [hours(0, 10 * DAY), HALVES[10 * DAY - 1 : 15 * DAY]]
    load(settings, *(parts if finer_last else parts[::-1]), together=together)
    found = checked_extracts(settings)
    rows = of_meter(found["readings"], "b1")
    split = rows[rows["rule_id"] == "V04"]

    assert totals(settings, found) == [pytest.approx(HALVES[: 15 * DAY].sum(), rel=1e-12)] * 3
    whole = hours(0, 10 * DAY).iloc[-1] if finer_last else HALVES.iloc[10 * DAY - 1]
    assert split["raw_kwh"].tolist() == [pytest.approx(whole)]
    assert split["method"].dropna().tolist() == ["prorated"] * finer_last
    assert told(found) == [("V04", "01-10 23:00" if finer_last else "01-10 23:30", 1)]


@TOGETHER
def test_days_and_half_hours(tmp_path: Path, together: bool) -> None:
    """Days on a local clock, one of 23 hours, about half-hours of some of them: whichever file is later."""
    settings = london(tmp_path)
    fine = usage("2024-03-25", 12, minutes=30)
    fine = fine[(fine.index < "2024-03-31 01:00") | (fine.index >= "2024-03-31 02:00")]
    days = fine.resample("1D").sum()
    load(settings, days, fine["2024-03-29":"2024-04-02"] + 0.125, together=together)
    found = checked_extracts(settings)

    assert totals(settings, found) == [pytest.approx(fine.sum() + 0.125 * (5 * 48 - 2), rel=1e-9)] * 3
    assert found["daily"]["date"].is_unique
    assert told(found) == [("V04", "03-29 00:00", 5)]


def test_three_lengths(tmp_path: Path) -> None:
    """Whatever overlaps whatever, every moment counts once, by the latest file that has it."""
    fine = usage("2024-01-01", 20, minutes=15)
    parts = [
        fine.resample("1h").sum(),
        fine.iloc[5 * 96 : 12 * 96].resample("30min").sum() * 2,
        fine.iloc[3 * 96 : 7 * 96] * 3,
        fine.iloc[6 * 96 : 9 * 96].resample("1h").sum() * 5,
    ]
    factor = np.ones(20)
    factor[5:12], factor[3:7], factor[6:9] = 2, 3, 5
    true = float((fine.to_numpy() * np.repeat(factor, 96)).sum())
    for together in (True, False):
        settings = replace(london(tmp_path / str(together)), rules={"V15": {"enabled": False}})
        load(settings, *parts, together=together)
        found = checked_extracts(settings)
        rows = of_meter(found["readings"], "b1")

        assert overlaps(rows) == 0
        assert totals(settings, found) == [pytest.approx(true)] * 3


def test_read_again_elsewhere(tmp_path: Path) -> None:
    """Half-hours that are read again on another clock give back the hours that they do not tell any more."""
    settings = london(tmp_path)
    load(settings, hours(0, 20 * DAY))
    wrong, right = (replace(settings, timezone=zone) for zone in ("America/New_York", "Europe/London"))
    paths = load(wrong, HALVES[10 * DAY : 12 * DAY])
    run(paths, replace(right, reload=True))
    found = checked_extracts(settings)
    rows = of_meter(found["readings"], "b1")

    assert totals(settings, found) == [pytest.approx(HALVES[: 20 * DAY].sum(), rel=1e-12)] * 3
    kept = rows[rows["rule_id"] != "V04"]
    assert (overlaps(rows), set(kept["quality"])) == (0, {"actual"})


def test_many_nights_of_both(tmp_path: Path) -> None:
    """A supplier that sends hours and half-hours of each day: in one run or in many, the same is left."""
    parts = [part for day in range(4) for part in (hours(day * DAY, (day + 1) * DAY), HALVES[day * DAY :][:DAY])]
    parts.insert(0, hours(4 * DAY, 30 * DAY))
    ends = []
    for together in (True, False):
        settings = london(tmp_path / str(together))
        load(settings, *parts, together=together)
        found = checked_extracts(settings)
        assert totals(settings, found) == [pytest.approx(HALVES[: 30 * DAY].sum())] * 3
        ends.append(found["readings"])

    pd.testing.assert_frame_equal(ends[0], ends[1])


def test_streams_of_one_length_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No reading is looked at twice for this: neither of a meter of one length, nor of one that changed long ago."""
    asked: list[Sequence[int]] = []
    settings = london(tmp_path)
    load(settings, hours(0, 10 * DAY), HALVES[10 * DAY : 20 * DAY])
    monkeypatch.setattr("pipeline.lengths._settle", lambda *arguments: asked.append(arguments))
    load(settings, HALVES[20 * DAY : 21 * DAY])
    run([write_file(tmp_path / "other.csv", {"b2": usage("2024-01-01", 30, 2)})], settings)

    assert asked == []


def test_covered() -> None:
    """Wholly inside what others take together, whatever their order; touching ones join."""
    taken = Intervals(np.array([30, 0, 10, 50]), np.array([40, 10, 20, 60]))
    own = Intervals(np.array([0, 5, 10, 15, 30, 35, 45, 55, -5]), np.array([20, 15, 20, 25, 40, 55, 50, 60, 5]))

    assert covered(own, taken).tolist() == [True, True, True, False, True, False, False, True, False]
    assert not covered(own, Intervals(np.array([]), np.array([]))).any()
