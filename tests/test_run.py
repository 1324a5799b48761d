"""Whole runs: what is in the database and the extracts after files, increments, corrections, edits and registers."""

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import make_url
from tableauhyperapi import Connection, CreateMode
from whole import assert_same_extracts, database_contents, extract_contents, usage, write_file

from pipeline.config import Settings
from pipeline.connect import connect_hyper
from pipeline.errors import StoreError
from pipeline.run import extract, run
from pipeline.sources.source import Feed
from pipeline.stores.extracts import EXTRACTS

HOUR = pd.Timedelta("1h")
NEW_YEAR = "2024-01-01"


@pytest.fixture
def settings(tmp_path: Path, database: str) -> Settings:
    """A run into an empty database of each kind."""
    return Settings(out=tmp_path / "out", database=database, timezone="Europe/London")


@pytest.fixture
def local(tmp_path: Path) -> Settings:
    """A run into SQLite, for what does not depend on the database."""
    return Settings(out=tmp_path / "out", timezone="Europe/London")


def checked_extracts(settings: Settings) -> dict[str, pd.DataFrame]:
    """The extracts, once it is seen that they are what the database alone gives."""
    found = extract_contents(settings.out)
    shutil.rmtree(settings.out / "extracts")
    assert extract(settings) == {}
    assert_same_extracts(found, extract_contents(settings.out))
    return found


def of_meter(frame: pd.DataFrame, meter: str) -> pd.DataFrame:
    """Rows of one meter, in order of time."""
    time = "date" if "date" in frame else "interval_start_utc"
    return frame[frame["meter_id"] == meter].sort_values(time, ignore_index=True)


def refusals(report: Any) -> list[str]:
    """What was refused, in words."""
    return [str(file.refusal) for file in report.refused]


# Loading


def test_first_load(settings: Settings, tmp_path: Path) -> None:
    """What was written while the database was is what the database gives, gaps and all."""
    gap = usage(NEW_YEAR, 28, 2)
    gap.iloc[100:103] = np.nan
    path = write_file(tmp_path / "in" / "a.csv", {"b1": usage(NEW_YEAR, 28), "b2": gap})
    report = run([path], settings)
    found = checked_extracts(settings)

    assert (report.trouble, refusals(report), report.written.inserted) == ({}, [], 2 * 28 * 24)
    assert of_meter(found["readings"], "b1")["energy_kwh"].tolist() == usage(NEW_YEAR, 28).tolist()
    assert of_meter(found["readings"], "b2")["quality"].iloc[98:105].tolist() == [
        *["actual"] * 2,
        *["estimated"] * 3,
        *["actual"] * 2,
    ]
    assert found["findings"]["rule_id"].tolist() == ["V05"]


def test_second_run(settings: Settings, tmp_path: Path) -> None:
    """A file that is loaded, under whatever name, changes no row and no extract, and is named."""
    path = write_file(tmp_path / "in" / "a.csv", {"b1": usage(NEW_YEAR, 14)})
    run([path], settings)
    before = database_contents(settings.database_url)
    stamps = [file.stat() for file in sorted((settings.out / "extracts").glob("*.hyper"))]
    copy = Path(shutil.copy(path, tmp_path / "in" / "b.csv"))
    report = run([path, copy], settings)

    assert (report.known, report.files, report.trouble) == ([path, copy], [], {})
    assert database_contents(settings.database_url) == before
    assert [file.stat() for file in sorted((settings.out / "extracts").glob("*.hyper"))] == stamps


def test_nights(settings: Settings, tmp_path: Path) -> None:
    """Day after day is added; a missing night is a gap with a finding, estimated from both sides, and stays so."""
    meters = {"b1": usage(NEW_YEAR, 34), "b2": usage(NEW_YEAR, 34, 2)}
    days = [(0, 28), (28, 29), (29, 30), (31, 32), (32, 34)]
    written = []
    for first, last in days:
        part = {name: energy.iloc[first * 24 : last * 24] for name, energy in meters.items()}
        written.append(run([write_file(tmp_path / "in" / f"{first}.csv", part)], settings).written)
    found = checked_extracts(settings)
    rows = of_meter(found["readings"], "b2")

    assert [tuple(each) for each in written] == [(28 * 48, 0, 0), (48, 0, 0), (48, 0, 0), (96, 0, 0), (96, 0, 0)]
    assert rows["interval_start_utc"].tolist() == meters["b2"].index.tolist()
    assert (
        rows.loc[rows["quality"] == "actual", "energy_kwh"].tolist()
        == meters["b2"].drop(meters["b2"].index[30 * 24 : 31 * 24]).tolist()
    )
    assert rows.loc[30 * 24 : 31 * 24 - 1, "quality"].unique().tolist() == ["estimated"]
    assert abs(rows["energy_kwh"].to_numpy() - meters["b2"].to_numpy()).max() < 2
    assert found["findings"]["rule_id"].tolist() == ["V05", "V05"]


@pytest.mark.parametrize("days", [7, 200], ids=["short", "longer than the context of the rules"])
@pytest.mark.parametrize("forwards", [True, False], ids=["later", "earlier"])
def test_files_with_a_gap_between(local: Settings, tmp_path: Path, days: int, forwards: bool) -> None:
    """However long, a gap is rows that were not read and a finding, and other meters have none of it."""
    local = replace(local, timezone="UTC")
    first = write_file(tmp_path / "in" / "1.csv", {"b1": usage("2023-01-02", 28), "b2": usage("2023-01-02", 300, 2)})
    later = pd.Timestamp("2023-01-30") + pd.Timedelta(days=days)
    second = write_file(tmp_path / "in" / "2.csv", {"b1": usage(str(later), 7)})
    for path in (first, second) if forwards else (second, first):
        run([path], local)
    found = checked_extracts(local)
    rows = of_meter(found["readings"], "b1")

    assert (rows["interval_start_utc"].diff().dropna() == HOUR).all()
    assert (rows["quality"] != "actual").sum() == days * 24
    assert (of_meter(found["readings"], "b2")["quality"] == "actual").all()
    assert (found["findings"]["rule_id"] == "V05").sum() == 1


def test_a_corrected_file(settings: Settings, tmp_path: Path) -> None:
    """A later file supersedes what it overlaps, with a day around it as it was; the earlier value is kept."""
    energy = usage(NEW_YEAR, 28)
    run([write_file(tmp_path / "in" / "a.csv", {"b1": energy, "b2": usage(NEW_YEAR, 28, 2)})], settings)
    corrected = energy.iloc[200:260] + 0.125
    report = run([write_file(tmp_path / "in" / "b.csv", {"b1": corrected})], settings)
    rows = of_meter(checked_extracts(settings)["readings"], "b1")
    versions = database_contents(settings.database_url)["reading_versions"]

    assert tuple(report.written) == (0, 60, 0)
    assert rows["energy_kwh"].tolist() == [*energy.iloc[:200], *corrected, *energy.iloc[260:]]
    assert sorted(round(row[3], 3) for row in versions) == sorted(energy.iloc[200:260].tolist())


@pytest.mark.parametrize("together", [True, False], ids=["one run", "two runs"])
def test_the_same_bytes_of_another_meter(local: Settings, tmp_path: Path, together: bool) -> None:
    """Where only the file's name tells the meter, equal bytes under two names are two meters; elsewhere one file."""
    rows = "".join(f"2024-01-{day:02d} {hour:02d}:00,0.5\n" for day in (1, 2) for hour in range(24))
    paths = []
    for name, header in (
        ("north", "timestamp,kwh"),
        ("south", "timestamp,kwh"),
        ("east", "timestamp,b1"),
        ("west", "timestamp,b1"),
    ):
        paths.append(tmp_path / f"{name}.csv")
        paths[-1].write_text(f"{header}\n{rows}")
    reports = [run(paths, local)] if together else [run([path], local) for path in paths]
    again = run(paths, local)
    readings = checked_extracts(local)["readings"]

    assert readings.groupby("meter_id").size().to_dict() == {"b1": 48, "north": 48, "south": 48}
    assert [path.name for report in reports for path in report.known] == ["west.csv"]
    assert (again.known, sum(again.written)) == (paths, 0)


@pytest.mark.parametrize("together", [True, False], ids=["one run", "two runs"])
def test_overlapping_files(settings: Settings, tmp_path: Path, together: bool) -> None:
    """Of two files that overlap the later one given holds, in one run or in two; nothing is counted twice."""
    energy = usage(NEW_YEAR, 21)
    first = write_file(tmp_path / "in" / "a.csv", {"b1": energy.iloc[: 14 * 24]})
    second = write_file(tmp_path / "in" / "b.csv", {"b1": energy.iloc[7 * 24 :] + 0.25})
    for paths in [[first, second]] if together else [[first], [second]]:
        run(paths, settings)
    rows = checked_extracts(settings)["readings"]

    assert rows["energy_kwh"].tolist() == [*energy.iloc[: 7 * 24], *(energy.iloc[7 * 24 :] + 0.25)]
    assert len(database_contents(settings.database_url)["reading_versions"]) == 7 * 24


def test_new_meters_beside_known_ones(local: Settings, tmp_path: Path) -> None:
    """A file may bring meters that are new with those that are there."""
    run([write_file(tmp_path / "in" / "a.csv", {"b1": usage(NEW_YEAR, 7)})], local)
    later = {f"b{number}": usage("2024-01-08", 7, number) for number in (1, 2, 3)}
    run([write_file(tmp_path / "in" / "b.csv", later)], local)
    rows = checked_extracts(local)["readings"]

    assert rows.groupby("meter_id").size().to_dict() == {"b1": 14 * 24, "b2": 7 * 24, "b3": 7 * 24}
    assert (rows["quality"] == "actual").all()


def test_another_interval_length(settings: Settings, tmp_path: Path) -> None:
    """A meter that goes over to half-hours at noon keeps its hours; each night of either length leaves the other."""
    hours, halves = usage(NEW_YEAR, 20.5), usage("2024-01-21 12:00", 10, minutes=30)
    parts = [hours, halves.iloc[: 4 * 48], halves.iloc[4 * 48 :], hours.iloc[-8:] + 0.5]
    for number, part in enumerate(parts):
        other = {"b2": usage(NEW_YEAR, 20.5, 2)} if number == 0 else {}
        report = run([write_file(tmp_path / "in" / f"{number}.csv", {"b1": part} | other)], settings)
        assert (refusals(report), report.trouble) == ([], {})
    rows = of_meter(checked_extracts(settings)["readings"], "b1")

    assert rows["interval_minutes"].value_counts().to_dict() == {30: 480, 60: 492}
    assert rows["energy_kwh"].sum() == pytest.approx(hours.sum() + 8 * 0.5 + halves.sum())


def test_register_reads_weeks_apart(settings: Settings, tmp_path: Path) -> None:
    """NEM13: each period is one row with its own length, none of it is a day; a second file adds the next ones."""
    reads = [("20240101", "20240201", 1000.0, 1310.5), ("20240201", "20240304", 1310.5, 1602.0)]
    for number, (begin, end, first, last) in enumerate(reads):
        record = f"250,NMI0000001,E1,,E1,,SN1,E,{first},{begin}000000,A,,,{last},{end}000000,A,,,{last - first},KWH,,,"
        path = tmp_path / "in" / f"{number}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"100,NEM13,{end}0000,A,B\n{record}\n900\n")
        report = run([path], settings)
        assert (refusals(report), report.trouble) == ([], {})
    found = checked_extracts(settings)

    assert found["readings"][["interval_minutes", "energy_kwh"]].to_numpy().tolist() == [
        [31 * 1440, 310.5],
        [32 * 1440, 291.5],
    ]
    assert len(found["daily"]) == 0


def test_register_files_loaded_again_corrected_and_filled_in(local: Settings, tmp_path: Path) -> None:
    """The intervals at the edges of register files stay, whatever is read again, corrected or filled in later."""
    local = replace(local, timezone="UTC", options={"is_register": True, "minutes": 60})
    energy = usage("2024-07-01", 3)
    dial = (1000 + energy.cumsum()).round(3)
    wrong = dial.copy()
    wrong.iloc[30] = dial.iloc[29]
    parts = {
        "a": wrong[:24],
        "b": wrong[24:32],
        "c": dial.drop(dial.index[50:54])[32:],
        "d": dial[24:32],
        "e": dial[50:54],
    }
    paths = [write_file(tmp_path / "in" / f"{name}.csv", {"b1": part}) for name, part in parts.items()]
    for path in paths:
        run([path], local)
    for path in (paths[0], paths[2], paths[4]):
        run([path], replace(local, reload=True))
    rows = checked_extracts(local)["readings"]

    assert rows["energy_kwh"].astype(float).to_numpy() == pytest.approx(energy.to_numpy()[1:])
    assert rows["quality"].unique().tolist() == ["actual"]


def test_holidays_told_later(local: Settings, tmp_path: Path) -> None:
    """A country given with a later file is true of the days that were there."""
    run([write_file(tmp_path / "in" / "a.csv", {"b1": usage("2023-12-18", 10)})], local)
    run([write_file(tmp_path / "in" / "b.csv", {"b1": usage("2023-12-28", 5)})], replace(local, country="GB-ENG"))
    daily = checked_extracts(local)["daily"]

    assert daily.loc[daily["is_holiday"], "date"].astype(str).tolist() == ["2023-12-25", "2023-12-26", "2024-01-01"]


def test_findings_stand_once(local: Settings, tmp_path: Path) -> None:
    """A fleet event and a bad row of a register are told once however often their files are read; a mended row goes."""
    meters = {f"b{number}": usage(NEW_YEAR, 21, number) for number in range(6)}
    for energy in meters.values():
        energy.iloc[240:270] = np.nan
    path = write_file(tmp_path / "in" / "a.csv", meters)
    register = tmp_path / "in" / "meters.csv"
    register.write_text("meter,timezone\nb1,Europe/London\nb2,Nowhere/Bad\n")
    run([path, register], local)
    before = database_contents(local.database_url)
    run([path, register], replace(local, reload=True))
    run([path, register], local)
    after = database_contents(local.database_url)
    register.write_text("meter,timezone\nb1,Europe/London\n")
    run([register], local)

    assert sorted(row[3] for row in before["findings"]) == ["V19", "V21"]
    assert [row[2:] for row in after["findings"]] == [row[2:] for row in before["findings"]]
    assert after["readings"] == before["readings"]
    assert checked_extracts(local)["findings"]["rule_id"].tolist() == ["V19"]


@pytest.mark.parametrize("days", [3, 401], ids=["short", "longer than the context of the rules"])
@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1)], ids=["late", "in time"])
def test_a_day_in_a_gap(local: Settings, tmp_path: Path, days: int, order: tuple[int, ...]) -> None:
    """A day that comes late leaves two gaps, each told with its own length, as if it had come in time."""
    whole = usage(NEW_YEAR, 29 + days)
    parts = [slice(0, 28), slice(28 + days, 29 + days), slice(28 + days // 2, 29 + days // 2)]
    for number in order:
        days_of = slice(24 * parts[number].start, 24 * parts[number].stop)
        path = write_file(tmp_path / "in" / f"{number}.csv", {"b1": whole.iloc[days_of]})
        run([path], replace(local, timezone="UTC"))
    found = checked_extracts(local)
    gaps = found["findings"].query("rule_id == 'V05'").sort_values("first_start_utc")

    assert gaps["intervals"].tolist() == [24 * (days // 2)] * 2
    assert gaps["first_start_utc"].tolist() == [whole.index[24 * 28], whole.index[24 * (29 + days // 2)]]
    assert (found["readings"]["quality"] != "actual").sum() == gaps["intervals"].sum()


def faulty(rule_id: str) -> "pd.Series[float]":
    """Two months of an invented meter with a fault on the tenth day that a rule tells of. [kWh]"""
    energy = usage(NEW_YEAR, 60)
    if rule_id in ("V08", "V09"):
        energy.iloc[216:256] = 0.0 if rule_id == "V08" else energy.iloc[216]
    if rule_id == "V23":
        energy.iloc[[216, 217, 218, 1080, 1081, 1082]] *= 3
    return pd.concat([energy, energy.iloc[[216, 1080]] + 1]) if rule_id == "V02" else energy


@pytest.mark.parametrize("hours", [slice(225, 240), slice(480, 504), slice(1075, 1085)], ids=["in", "between", "end"])
@pytest.mark.parametrize("rule_id", ["V02", "V08", "V09", "V23"])
def test_readings_sent_again(local: Settings, tmp_path: Path, rule_id: str, hours: slice) -> None:
    """An excerpt of the same values changes nothing: not what is told of its time, nor what reaches beyond it."""
    whole = faulty(rule_id)
    run([write_file(tmp_path / "in" / "a.csv", {"b1": whole})], local)
    before = checked_extracts(local)
    last = whole[~whole.index.duplicated(keep="last")].sort_index()
    report = run([write_file(tmp_path / "in" / "b.csv", {"b1": last.iloc[hours]})], local)
    after = checked_extracts(local)
    facts = ["rule_id", "first_start_utc", "last_start_utc", "intervals", "detail"]

    assert (report.written.inserted, report.written.changed) == (0, 0)
    assert rule_id in before["findings"]["rule_id"].tolist()
    assert sorted(after["findings"][facts].values.tolist()) == sorted(before["findings"][facts].values.tolist())


@pytest.mark.parametrize("hours", [slice(226, 236), slice(216, 246), slice(200, 260)], ids=["middle", "begin", "all"])
def test_a_part_of_a_fault_is_corrected(local: Settings, tmp_path: Path, hours: slice) -> None:
    """What is left of a fault is told with its own length, and nothing of what was corrected."""
    run([write_file(tmp_path / "in" / "a.csv", {"b1": faulty("V09")})], local)
    run([write_file(tmp_path / "in" / "b.csv", {"b1": usage(NEW_YEAR, 60).iloc[hours]})], local)
    found = checked_extracts(local)
    left = found["findings"].query("rule_id == 'V09'")

    assert left["intervals"].sum() == (found["readings"]["rule_id"] == "V09").sum()
    assert sorted(left["intervals"]) == {226: [10, 20], 216: [10], 200: []}[hours.start]


@pytest.mark.parametrize(
    ("hours", "told"), [(slice(480, 504), (240, 480)), (slice(360, 840), (480, 800))], ids=["an excerpt", "goes on"]
)
def test_repeats_in_two_files(local: Settings, tmp_path: Path, hours: slice, told: tuple[int, int]) -> None:
    """What a file said of itself stays beside an excerpt of it; a later file that goes on tells of its own time."""
    whole = usage(NEW_YEAR, 35)
    for name, part in (("a", slice(0, 672)), ("b", hours)):
        repeated = whole.iloc[[hour for hour in (240, 480, 800) if part.start <= hour < part.stop]]
        run([write_file(tmp_path / "in" / f"{name}.csv", {"b1": pd.concat([whole.iloc[part], repeated])})], local)
    left = checked_extracts(local)["findings"].query("rule_id == 'V02'")

    assert left[["first_start_utc", "last_start_utc"]].values.tolist() == [[whole.index[hour] for hour in told]]


@pytest.mark.parametrize("brought", [6, 5, 2], ids=["all", "all but one", "too few"])
def test_an_event_that_is_filled(local: Settings, tmp_path: Path, brought: int) -> None:
    """A fleet event goes when the readings of its time come; what is still missing then is told by meter."""
    whole = {f"b{number}": usage(NEW_YEAR, 21, number) for number in range(6)}
    night = slice(240, 264)
    holed = {name: energy.drop(energy.index[night]) for name, energy in whole.items()}
    run([write_file(tmp_path / "in" / "a.csv", holed)], local)
    before = extract_contents(local.out)["findings"]["rule_id"].tolist()
    late = {name: whole[name].iloc[night] for name in list(whole)[:brought]}
    run([write_file(tmp_path / "in" / "b.csv", late)], local)
    found = checked_extracts(local)
    left = found["findings"]

    assert before == ["V19"]
    assert left[["rule_id", "meter_id"]].fillna("").to_numpy().tolist() == [
        ["V05", name] for name in list(whole)[brought:]
    ]
    assert (left["first_start_utc"] == pd.Timestamp("2024-01-11")).all()
    assert (left["intervals"] == 24).all()
    assert (found["readings"]["quality"] != "actual").sum() == 24 * (6 - brought)


# Reading again


@pytest.mark.parametrize("zones", [("UTC", "America/New_York"), ("America/New_York", "UTC"), ("UTC", "Asia/Kolkata")])
def test_reload_with_another_clock(settings: Settings, tmp_path: Path, zones: tuple[str, str]) -> None:
    """A file read again with another clock leaves what a first load with that clock would have given."""
    path = write_file(tmp_path / "in" / "a.csv", {"b1": usage("2024-03-04", 14), "b2": usage("2024-03-06", 10, 2)})
    run([path], replace(settings, timezone=zones[0]))
    was = database_contents(settings.database_url)["readings"]
    run([path], replace(settings, timezone=zones[1], reload=True))
    again = Settings(out=tmp_path / "again", timezone=zones[1])
    run([path], again)
    versions = database_contents(settings.database_url)["reading_versions"]

    assert_same_extracts(checked_extracts(settings), extract_contents(again.out))
    assert {row[1] for row in versions} == {row[1] for row in was}


def test_reload_beside_another_file(local: Settings, tmp_path: Path) -> None:
    """What a file said before of wrong days goes, between readings of others a gap is left, theirs stay."""
    energy = usage(NEW_YEAR, 35)
    wrong = write_file(tmp_path / "in" / "a.csv", {"b1": energy.iloc[7 * 24 : 14 * 24].rename("x")})
    text = wrong.read_text().splitlines()
    days = [f"{line[8:10]}/{line[5:7]}/{line[:4]}{line[10:]}" for line in text[1:]]
    wrong.write_text("\n".join([text[0], *days]))
    around = pd.concat([energy.iloc[: 7 * 24], energy.iloc[14 * 24 :]])
    others = write_file(tmp_path / "in" / "b.csv", {"b1": around})
    run([others], local)
    run([wrong], replace(local, options={"date_format": "month-first"}))
    run([wrong], replace(local, options={"date_format": "day-first"}, reload=True))
    rows = checked_extracts(local)["readings"]

    assert rows["interval_start_utc"].tolist() == energy.index.tolist()
    assert rows["energy_kwh"].tolist() == energy.tolist()
    assert (rows["quality"] == "actual").all()


# Edits


def write_edits(path: Path, *rows: str, stamp: str = "interval_start") -> Path:
    """A file of edits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([f"meter_id,channel,{stamp},energy_kwh,who,why", *rows, ""]))
    return path


def test_edits(settings: Settings, tmp_path: Path) -> None:
    """Edits change what was stored and what comes with them, by the site's clock, once, and outlive a correction."""
    july = usage("2024-07-01", 14, 2)
    first = write_file(tmp_path / "in" / "a.csv", {"b1": usage("2024-07-01", 14)})
    second = write_file(tmp_path / "in" / "b.csv", {"b2": july})
    edits = write_edits(
        tmp_path / "edits.csv",
        "b1,delivered,2024-07-03 10:00,99.5,Zoë,clamp was off",
        "b2,delivered,2024-07-04 11:00,,Zoë,meter was out",
    )
    run([first], settings)
    run([second], replace(settings, edits=edits))
    before = database_contents(settings.database_url)
    run([first, second], replace(settings, edits=edits))
    again = database_contents(settings.database_url)
    run([write_file(tmp_path / "in" / "c.csv", {"b2": july + 1})], settings)
    rows = checked_extracts(settings)["readings"]
    edited = rows[rows["method"] == "edit"].sort_values("meter_id")

    assert before == again
    assert len(before["edits"]) == 2
    assert edited["interval_start_utc"].astype(str).tolist() == ["2024-07-03 09:00:00", "2024-07-04 10:00:00"]
    assert edited["quality"].tolist() == ["edited", "missing"]
    assert edited["energy_kwh"].fillna(0).tolist() == [99.5, 0]
    assert edited["raw_kwh"].tolist() == [usage("2024-07-01", 14).iloc[58], july.iloc[83] + 1]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("b9,delivered,2024-07-03 10:00,1,Zoë,typing", "line 2: there are no readings of meter 'b9'"),
        (
            "b1,received,2024-07-03 10:00,1,Zoë,typing",
            "line 2: there are no readings of meter 'b1', channel 'received'",
        ),
        ("b1,delivered,2024-07-03 10:20,1,Zoë,typing", "line 2: .* is no start of an interval"),
        ("b1,delivered,2024-07-03 10:00,1,,typing", "line 2: who is empty"),
    ],
    ids=["unknown meter", "unknown channel", "between intervals", "nobody"],
)
@pytest.mark.parametrize("stored", [True, False], ids=["stored", "new"])
def test_edits_that_cannot_be(local: Settings, tmp_path: Path, row: str, said: str, stored: bool) -> None:
    """Of a bad file of edits nothing is used and its line is named; the readings are loaded all the same."""
    path = write_file(tmp_path / "in" / "a.csv", {"b1": usage("2024-07-01", 14)})
    if stored:
        run([path], local)
    edits = write_edits(tmp_path / "edits.csv", row, "b1,delivered,2024-07-05 10:00,1,Zoë,fine")
    report = run([path], replace(local, edits=edits))
    rows = checked_extracts(local)["readings"]

    assert [file.path for file in report.refused] == [edits]
    assert re.search(said, refusals(report)[0])
    assert (len(rows), set(rows["quality"])) == (14 * 24, {"actual"})
    assert database_contents(local.database_url)["edits"] == []


def test_an_edit_of_intervals_that_are_others_now(local: Settings, tmp_path: Path) -> None:
    """An edit of a half-hour does not stand in the way of hours of the same meter loaded later."""
    halves = usage("2024-07-01", 7, minutes=30)
    edits = write_edits(tmp_path / "edits.csv", "b1,delivered,2024-07-07 10:30,1,Zoë,x")
    run([write_file(tmp_path / "in" / "a.csv", {"b1": halves})], replace(local, edits=edits))
    report = run([write_file(tmp_path / "in" / "b.csv", {"b1": usage("2024-07-07", 7)})], local)

    assert (refusals(report), report.written.inserted) == ([], 7 * 24)


# Sites and clocks


def test_a_register_that_comes_later(settings: Settings, tmp_path: Path) -> None:
    """A site's clock changes: days and wall clocks of all its readings follow, energy and instants stay."""
    path = write_file(tmp_path / "in" / "a.csv", {"b1": usage("2024-07-01", 14), "b2": usage("2024-07-01", 14, 2)})
    run([path], replace(settings, timezone="UTC"))
    register = tmp_path / "in" / "meters.csv"
    ends = []
    for clock in ("America/Los_Angeles", "Asia/Kolkata"):
        register.write_text(f"meter,site,timezone\nb1,harbour,{clock}\n")
        assert run([register], settings).trouble == {}
        daily = of_meter(checked_extracts(settings)["daily"], "b1")
        ends.append([str(daily["date"].iloc[0]), str(daily["date"].iloc[-1]), round(daily["energy_kwh"].sum(), 6)])
    before = database_contents(settings.database_url)
    run([register], settings)
    rows = checked_extracts(settings)["readings"]
    total = round(usage("2024-07-01", 14).sum(), 6)

    assert ends == [["2024-06-30", "2024-07-14", total], ["2024-07-01", "2024-07-15", total]]
    assert of_meter(rows, "b1")["interval_start"].iloc[0] == pd.Timestamp("2024-07-01 05:30")
    assert of_meter(rows, "b2")["interval_start"].iloc[0] == pd.Timestamp("2024-07-01 00:00")
    assert of_meter(rows, "b1")["site_id"].unique().tolist() == ["harbour"]
    assert database_contents(settings.database_url) == before


def test_a_register_without_clocks(local: Settings, tmp_path: Path) -> None:
    """A meter that moves to a new site takes the clock with it, whether its readings come before, with or after."""
    files = [write_file(tmp_path / "in" / f"{n}.csv", {"b1": usage(f"2024-07-{n:02}", 1)}) for n in (1, 2, 3)]
    register = tmp_path / "in" / "meters.csv"
    register.write_text("meter,site,floor area m2\nb1,harbour,100\n")
    for paths in ([files[0]], [register], [register, files[1]], [files[2]]):
        run(paths, local)
    rows = checked_extracts(local)["readings"]

    assert len(rows) == 72
    assert rows["site_id"].unique().tolist() == ["harbour"]
    assert (rows["interval_start"] - rows["interval_start_utc"] == HOUR).all()


def test_zones_of_one_run(settings: Settings, tmp_path: Path) -> None:
    """Files of several clocks in one run: each meter's wall clock is its own, whoever else nobody has placed."""
    clocks = {"b1": "Europe/London", "b2": "America/New_York", "b3": "Asia/Kolkata"}
    feeds = tuple(Feed(f"*/{meter}-*.csv", timezone=clock) for meter, clock in clocks.items())
    settings = replace(settings, feeds=feeds, timezone=None)
    for part, days in (("july", "2024-07-01"), ("august", "2024-08-01")):
        paths = [write_file(tmp_path / "in" / f"{meter}-{part}.csv", {meter: usage(days, 3)}) for meter in clocks]
        run(paths, settings)
    rows = checked_extracts(settings)["readings"]
    offsets = (rows["interval_start"] - rows["interval_start_utc"]).groupby(rows["meter_id"]).unique()

    assert {meter: [each / HOUR for each in own] for meter, own in offsets.items()} == {
        "b1": [1.0],
        "b2": [-4.0],
        "b3": [5.5],
    }
    assert rows.groupby("meter_id")["site_id"].unique().str.join(",").to_dict() == {
        "b1": "main",
        "b2": "b2",
        "b3": "b3",
    }


# Nothing, or not all


def test_dry_run(local: Settings, tmp_path: Path) -> None:
    """Everything is read and judged, and nothing is written, not even a folder."""
    energy = usage(NEW_YEAR, 14)
    energy.iloc[40:44] = np.nan
    path = write_file(tmp_path / "in" / "a.csv", {"b1": energy})
    report = run([path], replace(local, dry_run=True))

    assert (report.channels, [finding.rule_id for finding in report.findings]) == (1, ["V05"])
    assert not local.out.exists()


def test_dry_run_beside_a_database(local: Settings, tmp_path: Path) -> None:
    """A dry run changes no byte of what is there."""
    run([write_file(tmp_path / "in" / "a.csv", {"b1": usage(NEW_YEAR, 14)})], local)
    before = {path: path.read_bytes() for path in local.out.rglob("*") if path.is_file()}
    run([write_file(tmp_path / "in" / "b.csv", {"b1": usage("2024-01-15", 1)})], replace(local, dry_run=True))

    assert {path: path.read_bytes() for path in local.out.rglob("*") if path.is_file()} == before


BROKEN = "timestamp,b7\n" + "".join(f"2024-01-{day:02} {hour:02}:00,1.5\n" for day in (1, 2) for hour in range(24))
REFUSED = {
    "page.csv": "<html><body>Sign in</body></html>",
    "empty.csv": "",
    "broken.csv": BROKEN + "garbage,1\n" * 400,
    "meters.csv": "meter,site,timezone\n",
}


def test_refused_files_leave_no_trace(settings: Settings, tmp_path: Path) -> None:
    """What is refused, early or in the middle, is named and leaves nothing; the rest of the folder is loaded."""
    good = write_file(tmp_path / "in" / "good.csv", {"b1": usage(NEW_YEAR, 14)})
    for name, text in REFUSED.items():
        (tmp_path / "in" / name).write_text(text)
    report = run([tmp_path / "in"], settings)
    contents = database_contents(settings.database_url)

    assert sorted(file.path.name for file in report.refused) == sorted(REFUSED)
    assert [row[2] for row in contents["files"]] == [str(good)]
    assert [row[0] for row in contents["meters"]] == ["b1"]
    assert contents["findings"] == []
    assert set(checked_extracts(settings)["readings"]["meter_id"]) == {"b1"}


def test_only_refused_files(settings: Settings, tmp_path: Path) -> None:
    """When nothing can be loaded the database stays as empty as it was, and there are no extracts."""
    for name, text in REFUSED.items():
        (tmp_path / name).write_text(text)
    report = run([tmp_path / name for name in REFUSED], settings)
    contents = database_contents(settings.database_url)

    assert len(report.refused) == len(REFUSED)
    assert [name for name, rows in contents.items() if rows] == []
    assert not (settings.out / "extracts").exists()


def test_what_cannot_be_read_at_all(local: Settings, tmp_path: Path) -> None:
    """A file that fails while it is read, or is not there, is named like any other refused one."""
    if not Path("/proc/self/mem").exists():
        pytest.skip("needs a file that can be opened and not read")
    (tmp_path / "mem.csv").symlink_to("/proc/self/mem")
    report = run([tmp_path / "mem.csv", tmp_path / "none.csv"], local)

    assert [text.split(": V21 ")[1].split(" ->")[0] for text in refusals(report)] == [
        "cannot be read: Input/output error",
        "cannot be read: No such file or directory",
    ]


# Extracts in other hands


def truncate(path: Path) -> None:
    """Cut a file short."""
    os.truncate(path, path.stat().st_size // 2)


def overwrite(path: Path) -> None:
    """Another file of the same size."""
    path.write_bytes(b"x" * path.stat().st_size)


def remove_claims(path: Path) -> None:
    """Take away what is known of the extracts."""
    shutil.rmtree(path.parent / ".hyperwatt")


@pytest.mark.parametrize("harm", [truncate, overwrite, Path.unlink, remove_claims])
@pytest.mark.parametrize("name", EXTRACTS)
def test_a_damaged_extract_is_built_anew(
    local: Settings, tmp_path: Path, harm: Callable[[Path], None], name: str
) -> None:
    """Cut, replaced, deleted or unknown: the next run, though it has nothing to load, mends it."""
    energy = usage(NEW_YEAR, 7)
    energy.iloc[40:44] = np.nan
    path = write_file(tmp_path / "in" / "a.csv", {"b1": energy})
    run([path], local)
    before = extract_contents(local.out)
    harm(local.out / "extracts" / f"{name}.hyper")
    report = run([path], local)

    assert report.trouble == {}
    assert_same_extracts(extract_contents(local.out), before)


def test_extracts_of_another_database(local: Settings, tmp_path: Path) -> None:
    """Extracts are of the database that was asked last, also when that was put back to an earlier state."""
    database = local.out / "hyperwatt.db"
    first, second, third = (
        write_file(tmp_path / "in" / f"{n}.csv", {"b1": usage(f"2024-01-{n:02}", 7)}) for n in (1, 8, 15)
    )
    run([first], local)
    shutil.copy(database, tmp_path / "backup.db")
    run([second], local)
    shutil.copy(tmp_path / "backup.db", database)
    extract(local)
    back = checked_extracts(local)["readings"]
    run([third], local)
    other = replace(local, database=f"sqlite:///{tmp_path / 'other.db'}")
    run([second], other)

    assert len(back) == 7 * 24
    assert checked_extracts(other)["readings"]["energy_kwh"].tolist() == usage("2024-01-08", 7).tolist()


def test_what_a_killed_run_left(local: Settings, tmp_path: Path) -> None:
    """A run that has nothing to write still tidies up after one that was killed when its extract was in place."""
    file = write_file(tmp_path / "in" / "a.csv", {"b1": usage(NEW_YEAR, 3)})
    run([file], local)
    building = local.out / "extracts" / ".hyperwatt" / "readings.hyper.building"
    building.mkdir()
    (building / "stale.parquet").write_bytes(b"half")

    run([file], local)

    assert not building.exists()


def test_a_held_extract(local: Settings, tmp_path: Path) -> None:
    """Somebody has an extract open in a hyperd: a run puts the new one in its place, and nobody is disturbed."""
    run([write_file(tmp_path / "in" / "a.csv", {"b1": usage(NEW_YEAR, 7)})], local)
    held = local.out / "extracts" / "readings.hyper"
    with connect_hyper() as tableau, Connection(tableau.endpoint, held, CreateMode.NONE) as connection:
        report = run([write_file(tmp_path / "in" / "b.csv", {"b1": usage("2024-01-08", 1)})], local)
        seen = connection.execute_scalar_query('SELECT count(*) FROM "Extract"."Extract"')

    assert (report.trouble, seen) == ({}, 7 * 24)
    assert len(checked_extracts(local)["readings"]) == 8 * 24


@pytest.mark.parametrize("first", [True, False], ids=["first run", "later run"])
def test_an_extract_whose_place_is_taken(local: Settings, tmp_path: Path, first: bool) -> None:
    """One sentence for the extract that cannot be written; database and other extracts are as if nothing were."""
    if not first:
        run([write_file(tmp_path / "in" / "a.csv", {"b1": usage(NEW_YEAR, 7)})], local)
        (local.out / "extracts" / "daily.hyper").unlink()
    (local.out / "extracts" / "daily.hyper").mkdir(parents=True)
    report = run([write_file(tmp_path / "in" / "b.csv", {"b1": usage("2024-01-08", 1)})], local)
    (local.out / "extracts" / "daily.hyper").rmdir()

    assert list(report.trouble) == ["daily"]
    assert "daily.hyper cannot be written: " in report.trouble["daily"]
    assert "\n" not in report.trouble["daily"]
    assert report.written.inserted == 24
    assert extract(local) == {}
    checked_extracts(local)


# What people get wrong


def test_an_out_folder_that_cannot_be(tmp_path: Path) -> None:
    """A file where the folder should be, or above it, is one sentence that names it."""
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(StoreError, match=r"file.* cannot be written: (File exists|Not a directory)"):
            run([], Settings(out=out))


def test_an_extracts_folder_that_cannot_be(local: Settings, tmp_path: Path) -> None:
    """Readings are loaded; that the extracts have no place is one sentence."""
    local.out.mkdir()
    (local.out / "extracts").write_text("")
    report = run([write_file(tmp_path / "in" / "a.csv", {"b1": usage(NEW_YEAR, 7)})], local)

    assert report.written.inserted == 7 * 24
    assert ["cannot be written" in text for text in report.trouble.values()] == [True]


@pytest.mark.mysql
def test_a_wrong_password(mysql_database: str, tmp_path: Path) -> None:
    """The message names the user and the server, and never the password."""
    url = make_url(mysql_database).set(username="nobody", password="s3cret/word").render_as_string(False)
    with pytest.raises(StoreError, match=r"nobody.*check the user and the password") as raised:
        run([], Settings(out=tmp_path / "out", database=url))

    assert "s3cret" not in str(raised.value)


def test_extracts_of_nothing(local: Settings) -> None:
    """`hyperwatt extract` where nothing was ever loaded says so, and leaves nothing behind."""
    with pytest.raises(StoreError, match=r"hyperwatt\.db"):
        extract(local)

    assert not local.out.exists()
