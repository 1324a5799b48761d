"""Rows of a value with the ends of its interval: every rule of the reference import, and all of its cases."""

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import FileRefusedError
from pipeline.sources.document import Document, open_documents, read_text
from pipeline.sources.periods import read_periods, score_periods
from pipeline.sources.source import Batch, Feed, Source
from pipeline.sources.table import read_table

JUNE_1 = 1622505600
DAY = 86400
Row = tuple[float, int, int]


def _document(text: str, name: str = "main.csv") -> Document:
    return Document(Path(name), lambda: io.BytesIO(text.encode()), "utf-8")


def _load(text: str, feed: Feed | None = None) -> tuple[Source, list[Row]]:
    source = read_periods(_document(text), feed or Feed())
    return source, _readings(source, list(source.batches))


def _readings(source: Source, batches: list[Batch]) -> list[Row]:
    """Give value, start and end of every reading."""
    rows = []
    for batch in batches:
        minutes = batch.minutes if batch.minutes is not None else np.full(len(batch.stamp), source.streams[0].minutes)
        ends = batch.stamp + minutes.astype(np.int64) * 60
        rows += list(zip(batch.value.tolist(), batch.stamp.tolist(), ends.tolist(), strict=True))
    return rows


def _days(*values: object, ends_only: bool = False) -> str:
    rows = []
    for number, value in enumerate(values):
        stamps = [f"2021-06-{number + day:02d} 00:00:00" for day in (1, 2)]
        rows.append(",".join([str(value), *(stamps[1:] if ends_only else stamps)]))
    return "\n".join([*rows, ""])


def _rules(source: Source) -> list[tuple[str, int]]:
    return [(finding.rule_id, finding.intervals) for finding in source.findings]


def test_rows_are_intervals() -> None:
    """Value, start and end; the file names the meter; without a unit kWh is said."""
    source, rows = _load(_days(24, 48, 72))

    (stream,) = source.streams
    assert (stream.meter_id, stream.unit, stream.timezone, stream.minutes) == ("main", "kWh", None, 1440)
    assert rows == [(value, JUNE_1 + n * DAY, JUNE_1 + (n + 1) * DAY) for n, value in enumerate((24, 48, 72))]
    assert source.notes == ["no unit is stated: values are taken as kWh (--unit)"]
    assert source.findings == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            " Start, End,Consumption (kwh)\n2021-06-01T00:00+01:00,2021-06-01T00:30+01:00,0.5\n", id="start first"
        ),
        pytest.param("End,kWh,Start\n2021-06-01T00:30+01:00,0.5,2021-06-01T00:00+01:00\n", id="end first"),
        pytest.param("2021-06-01T00:30+01:00,0.5,2021-06-01T00:00+01:00\n", id="no names"),
    ],
)
def test_columns_in_any_order(text: str) -> None:
    """Names say which instant is the end; without names the later one is. An offset makes instants."""
    source, rows = _load(text)

    assert source.streams[0].timezone == "UTC"
    assert rows == [(0.5, JUNE_1 - 3600, JUNE_1 - 1800)]
    assert score_periods(read_table(_document(text), Feed()), Feed()) == 0.9


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("meter,stamp,end,kWh\n1,2021-06-01,2021-06-02,3\n2,2021-06-01,2021-06-02,5\n", id="meters"),
        pytest.param("stamp,kWh\n2021-06-01 00:00,3\n2021-06-01 01:00,4\n", id="one end"),
    ],
)
def test_other_tables_are_not_claimed(text: str) -> None:
    """A table with a meter column, or with one instant, is the long layout unless the user says otherwise."""
    assert score_periods(read_table(_document(text), Feed()), Feed()) == 0


@pytest.mark.parametrize(
    ("names", "score"),
    [
        pytest.param("Time UTC,Time local", 0, id="two clocks"),
        pytest.param("Start UTC,Local start", 0, id="two clocks of the start"),
        pytest.param("Start UTC,End", 0.9, id="start and end"),
        pytest.param("One,Other", 0.9, id="nothing said"),
    ],
)
def test_a_moment_on_two_clocks_is_no_interval(names: str, score: float) -> None:
    """Where the offset is as long as the step, two clocks chain as start and end do: names decide."""
    text = f"{names},kWh\n2023-01-09 23:00,2023-01-10 00:00,3\n2023-01-10 00:00,2023-01-10 01:00,4\n"

    assert score_periods(read_table(_document(text), Feed()), Feed()) == score


def test_register_rows() -> None:
    """A register gives the energy between its reads; the first row only begins it."""
    source, rows = _load(_days(100, 148, 220), Feed(is_register=True))

    assert [row[0] for row in rows] == [48, 72]
    assert rows[0][1:] == (JUNE_1 + DAY, JUNE_1 + 2 * DAY)
    assert source.streams[0].is_register is False


def test_newest_first_is_seen() -> None:
    """A file that runs backwards gives the same readings."""
    text = _days(100, 148, 220)
    backwards = "\n".join(reversed(text.strip().split("\n")))

    assert _load(backwards, Feed(is_register=True))[1] == _load(text, Feed(is_register=True))[1]


def test_a_missing_read_gives_its_energy_to_the_next() -> None:
    """A blank read is no reading; as the row after it does not begin where the known one ended, it is left out."""
    source, rows = _load(_days(100, "", 220, 230), Feed(is_register=True))

    assert [row[0] for row in rows] == [10]
    assert _rules(source) == [("V05", 1), ("V05", 1)]

    _, ends_only = _load(_days(100, "", 220, 230, ends_only=True), Feed(is_register=True))
    assert [(value, (end - start) // DAY) for value, start, end in ends_only] == [(120, 2), (10, 1)]


@pytest.mark.parametrize(
    ("feed", "energies"),
    [
        pytest.param({}, [48, 72, 120], id="a fall is no energy"),
        pytest.param({"reset_window": ("any", "any")}, [48, 72, 96, 120], id="a reset at any time"),
        pytest.param({"reset_window": ("23:45", "00:15")}, [48, 72, 96, 120], id="in the window"),
        pytest.param({"reset_window": ("11:45", "12:15")}, [48, 72, 120], id="not in the window"),
    ],
)
def test_register_that_falls(feed: dict[str, Any], energies: list[float]) -> None:
    """A fall has energy only where a reset is declared for that time of day; strict refuses the file."""
    source, rows = _load(_days(24, 72, 144, 96, 216), Feed(is_register=True, **feed))

    assert [row[0] for row in rows] == energies
    assert _rules(source) == [("V14", 1)]
    if len(energies) == 3:
        with pytest.raises(FileRefusedError, match=r"V14 the register fell.*line 4"):
            _load(_days(24, 72, 144, 96, 216), Feed(is_register=True, strict=True, **feed))


@pytest.mark.parametrize(
    ("row", "rule_id"),
    [
        pytest.param("48,2021-06-02 00:00:00,2021-06-32 00:00:00", "V01", id="no such day"),
        pytest.param("240.x,2021-06-02 00:00:00,2021-06-03 00:00:00", "V21", id="no number"),
        pytest.param("1e999,2021-06-02 00:00:00,2021-06-03 00:00:00", "V21", id="beyond numbers"),
        pytest.param("48,2021-06-03 00:00:00,2021-06-02 00:00:00", "V04", id="backwards"),
        pytest.param("48,2021-06-02 00:00:00", "V01", id="no end"),
    ],
)
def test_bad_row(row: str, rule_id: str) -> None:
    """A row that cannot be read is a finding with its line, and refuses a strict file."""
    lines = _days(24, 48, 72).split("\n")
    lines[1] = row

    source, rows = _load("\n".join(lines))
    assert [value for value, *_ in rows] == [24, 72]
    assert source.findings[0].rule_id == rule_id
    assert "line 2" in source.findings[0].detail

    with pytest.raises(FileRefusedError, match=rf"{rule_id} .*line 2"):
        _load("\n".join(lines), Feed(strict=True))


def test_blank_value_is_a_missing_reading() -> None:
    """A blank in an interval file is a reading without a value."""
    _, rows = _load(_days(24, "", 72))

    assert np.isnan(rows[1][0])


def test_overlap() -> None:
    """A reading that begins inside another is left out; one with the same start is a version, and stays."""
    text = _days(24, 48) + "7,2021-06-02 12:00:00,2021-06-03 12:00:00\n9,2021-06-02 00:00:00,2021-06-03 00:00:00\n"

    source, rows = _load(text)

    assert [row[0] for row in rows] == [24, 48, 9]
    assert ("V02", 1) in _rules(source)


def test_rows_in_disorder_are_sorted() -> None:
    """Rows that stand in any order are the same readings."""
    lines = _days(1, 2, 3, 4, 5).strip().split("\n")

    source, rows = _load("\n".join(lines[n] for n in (2, 0, 1, 4, 3)))

    assert [row[0] for row in rows] == [1, 2, 3, 4, 5]
    assert "rows are not in order of time: sorted" in source.notes


def test_hour_that_the_clock_repeats_is_kept() -> None:
    """Local stamps without an offset show the autumn hour twice: both rows are real energy."""
    hours = [("00", "01"), ("01", "02"), ("01", "02"), ("02", "03")]
    text = "".join(f"{n},2022-11-06 {a}:00,2022-11-06 {b}:00\n" for n, (a, b) in enumerate(hours))

    _, rows = _load(text)

    assert [row[0] for row in rows] == [0, 1, 2, 3]


def test_repeats_must_be_alike() -> None:
    """With `repeats` one of so many rows is used, and those that are not alike are a problem."""
    lines = [line for line in _days(1, 2).strip().split("\n") for _ in range(3)]

    assert [row[0] for row in _load("\n".join(lines), Feed(repeats=3))[1]] == [1, 2]
    assert _rules(_load("\n".join(lines[:-1]), Feed(repeats=3))[0]) == [("V02", 1)]


def test_dates_that_can_be_read_two_ways_are_refused() -> None:
    """One verdict for the file, as in every layout."""
    with pytest.raises(FileRefusedError, match=r"V01 .*--date-format"):
        _load("5,01/06/2021 00:00,02/06/2021 00:00\n")

    _, rows = _load("5,01/06/2021 00:00,02/06/2021 00:00\n", Feed(date_format="day-first"))
    assert rows == [(5, JUNE_1, JUNE_1 + DAY)]


@given(st.integers(0, 200), st.text(alphabet='0123456789,-:"\n +x', max_size=6), st.integers(0, 40), st.booleans())
@settings(max_examples=200, deadline=None)
def test_damaged_files_load_or_are_refused(position: int, put: str, cut: int, register: bool) -> None:
    """Whatever is cut out or put in: readings, findings or a refusal, never another error."""
    text = _days(24, 48, 72, 96, 120)
    try:
        _, rows = _load(text[:position] + put + text[position + cut :], Feed(is_register=register))
    except FileRefusedError:
        return
    assert all(end > start for _, start, end in rows)


# The reference import's own cases

ZONE = ZoneInfo("America/Chicago")
PLAIN = (1, 2, 4, 6, 7, 9, 10, 12, 14, 16, 18, 20, 21, 23, 25, 27, 29, 31, 34, 40, 50, 52, 71, 72, 74, 76)
SPRING = (110, 111, 113)
AUTUMN = (116, 117, 119, 121)
SWITCHES = {"cumulative": "is_register", "lengthVariation": "length_seconds", "lengthGap": "gap_seconds"}
METER = {"cumulative": "is_register", "variation": "length_seconds", "gap": "gap_seconds", "duplicates": "repeats"}


def _value(text: str) -> Any:
    return {"true": True, "false": False}.get(
        text.lower(), float(text) if text[:1].isdigit() and ":" not in text else text
    )


def _feed(switches: str, meter: dict[str, str]) -> tuple[Feed, bool]:
    """Say in our words what a case's switches say; the second is "rows have only an end"."""
    said = {ours: _value(meter[theirs]) for theirs, ours in METER.items() if meter.get(theirs)}
    window = ("any", "any") if meter.get("reset", "").lower() == "true" else None
    start, end = meter.get("reset start", ""), meter.get("reset end", "")
    for switch in switches.split():
        name, _, value = switch.partition("=")
        if name in SWITCHES:
            said[SWITCHES[name]] = _value(value)
        elif name == "duplications":
            said["repeats"] = int(value)
        elif name == "timeSort":
            said["newest_first"] = value == "decreasing"
        elif name == "cumulativeReset":
            window = ("any", "any")
        elif name == "cumulativeResetStart":
            start = value
        elif name == "cumulativeResetEnd":
            end = value
    said["repeats"] = int(said.get("repeats", 1))
    feed = Feed(**said, reset_window=(start, end) if window and start else window, strict=True)
    return feed, "endOnly=true" in switches or meter.get("end only", "").lower() == "true"


def _case(folder: Path, number: int) -> tuple[dict[str, str], list[str], dict[str, str]]:
    """Give a case's line, the texts of its readings, and its meter's switches."""
    with (folder / "cases.csv").open() as lines:
        case = next(row for row in csv.DictReader(lines) if row["case"] == f"pipe{number}")
    texts, meter = [], {}
    for name in case["files"].split(" | "):
        (document,) = open_documents(folder / name, Feed())
        if "InputMeter" in name:
            (meter,) = csv.DictReader(io.StringIO(read_text(document)))
        else:
            texts.append(read_text(document))
    return case, texts, meter


def _expected(folder: Path, case: dict[str, str]) -> list[Row]:
    with (folder / case["expected_file"]).open() as lines:
        rows = [(float(value), start, end) for value, start, end in csv.reader(lines)]
    return [(value, _seconds(start), _seconds(end)) for value, start, end in rows]


def _seconds(text: str) -> int:
    return round((datetime.fromisoformat(text).replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds())


@pytest.mark.shared_data
def test_all_cases_are_there(shared_data: Path) -> None:
    """No case of the table is left out."""
    with (shared_data / "oed_pipeline" / "cases.csv").open() as lines:
        assert [row["case"] for row in csv.DictReader(lines)] == [
            f"pipe{number}" for number in (*PLAIN, *SPRING, *AUTUMN)
        ]


@pytest.mark.shared_data
@pytest.mark.parametrize("number", PLAIN)
def test_reference_cases(shared_data: Path, number: int) -> None:
    """Readings, refusals and messages are those of the reference import, whole-upload rejection included."""
    folder = shared_data / "oed_pipeline"
    case, texts, meter = _case(folder, number)
    feed, _ = _feed(case["switches"].split(" | ")[-1], meter)

    if case["outcome"] == "all rejected":
        with pytest.raises(FileRefusedError):
            _load("".join(texts), feed)
        return
    loaded = [_load("".join(texts), feed)] if number == 52 else [_load(text, feed) for text in texts]
    versions = {start: (value, start, end) for _, rows in loaded for value, start, end in rows}
    assert sorted(versions.values(), key=lambda row: row[1]) == _expected(folder, case)
    if number != 50:
        assert _messages(loaded[-1][0]) == _wanted_messages(case["messages"])


def _messages(source: Source) -> dict[str, int]:
    kinds = {
        "length_warning": "the length differs",
        "gap_warning": "there is a gap",
        "zero_length_dropped": "a reading without length",
        "cumulative_gap_dropped": "does not begin where",
    }
    found = {
        kind: sum(finding.intervals for finding in source.findings if text in finding.detail)
        for kind, text in kinds.items()
    }
    return {kind: count for kind, count in found.items() if count}


def _wanted_messages(text: str) -> dict[str, int]:
    """Count the messages that concern a reading; that the first one is lost is a note here."""
    kinds = [kind for message in text.split("; ") if message for kind in message.split(":")[1].split("+")]
    return {kind: kinds.count(kind) for kind in kinds if not kind.startswith("first")}


@pytest.mark.shared_data
@pytest.mark.parametrize("number", SPRING)
def test_reference_spring_cases(shared_data: Path, number: int) -> None:
    """Over the spring change the same energy stands in the same instants; UTC needs no split."""
    folder = shared_data / "oed_pipeline"
    case, (text,), meter = _case(folder, number)
    feed, _ = _feed(case["switches"].split(" | ")[-1], meter)
    source, rows = _load(text, feed)

    assert source.findings == []
    assert len(rows) == int(case["rows_in"])
    for value, start, end in _expected(folder, case):
        begin, finish = (_local_to_utc(each) for each in (start, end))
        ours = sum(
            energy * max(0, min(finish, stop) - max(begin, first)) / (stop - first) for energy, first, stop in rows
        )
        assert ours == pytest.approx(value)


def _local_to_utc(wall: int) -> int:
    naive = datetime(1970, 1, 1) + np.timedelta64(wall, "s").astype("timedelta64[s]").item()
    return round(naive.replace(tzinfo=ZONE).timestamp())


@pytest.mark.shared_data
@pytest.mark.parametrize("number", AUTUMN)
def test_reference_autumn_cases(shared_data: Path, number: int) -> None:
    """Offsets make every interval distinct: all input readings stand in UTC, and none is lost or prorated."""
    folder = shared_data / "oed_pipeline"
    case, (text,), meter = _case(folder, number)
    feed, ends_only = _feed(case["switches"].split(" | ")[-1], meter)
    source, rows = _load(text, feed)

    given = list(csv.reader(io.StringIO(text.strip())))
    ends = [round(datetime.fromisoformat(row[-1]).timestamp()) for row in given]
    if ends_only:
        wanted = [(float(row[0]), begin, end) for row, begin, end in zip(given[1:], ends, ends[1:], strict=False)]
    else:
        starts = [round(datetime.fromisoformat(row[1]).timestamp()) for row in given]
        wanted = [(float(row[0]), begin, end) for row, begin, end in zip(given, starts, ends, strict=True)]
    assert source.streams[0].timezone == "UTC"
    assert rows == wanted
    assert source.findings == []
