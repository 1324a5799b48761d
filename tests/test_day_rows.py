"""One row per meter and day: cells by name, totals held, bad rows named."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.errors import FileRefusedError
from pipeline.schema import Method, Quality
from pipeline.sources.day_rows import read_day_rows, score_day_rows
from pipeline.sources.document import Document, open_documents
from pipeline.sources.sniff import open_document
from pipeline.sources.source import Batch, Feed, Source
from pipeline.sources.table import read_table
from pipeline.sources.workbook import read_sheets

DAY_FIRST = Feed(date_format="day-first")
NOVEMBER_13 = 1573603200
STARTS = [f"{n // 2:02d}:{n % 2 * 30:02d}" for n in range(48)]
ENDS = [f"[{n // 2:02d}:{n % 2 * 30:02d}]" for n in range(1, 49)]
SPANS = [f"{one} - {other}" for one, other in zip(STARTS, [*STARTS[1:], "00:00"], strict=True)]
NUMBERS = [f"kWh_{n}" for n in range(1, 49)]
REACTIVE = [f"kVArh_{n}" for n in range(1, 49)]
HOURS = [f"{n:02d}:00" for n in range(24)]


def _document(text: str) -> Document:
    return Document(Path("days.csv"), lambda: io.BytesIO(text.encode()), "utf-8")


def _line(*cells: object) -> str:
    return ",".join(str(cell) for cell in cells)


def _text(names: Sequence[str], *rows: str, front: str = "Meter Number,Date") -> str:
    return "\n".join([",".join([front, *names]), *rows, ""])


def _load(text: str, feed: Feed | None = None) -> tuple[Source, list[Batch]]:
    source = read_day_rows(_document(text), feed or Feed())
    return source, list(source.batches)


def _column(batches: Sequence[Batch], name: str, stream: int = 0) -> NDArray[np.float64]:
    return np.concatenate([getattr(batch, name)[batch.stream == stream] for batch in batches])


def _rules(source: Source) -> list[str]:
    return [finding.rule_id for finding in source.findings]


HALF_HOURS = [0.5 + n for n in range(48)]
ROW = _line("M1", "2019-11-13", *HALF_HOURS)


@pytest.mark.parametrize(
    ("names", "label", "first"),
    [
        pytest.param(STARTS, "start", 0, id="00:00 is a start"),
        pytest.param(ENDS, "end", 1800, id="[00:30] is an end"),
        pytest.param([*STARTS[1:], "00:00"], "end", 1800, id="00:00 at the end is midnight"),
        pytest.param(SPANS, "start", 0, id="spans"),
        pytest.param(NUMBERS, "start", 0, id="numbers"),
        pytest.param([name.replace(":", "") for name in STARTS], "start", 0, id="digits"),
    ],
)
def test_names_say_which_end_a_cell_is(names: list[str], label: str, first: int) -> None:
    """Cells are found by their names; the same energy stands in the same half-hour whatever they are called."""
    source, batches = _load(_text(names, ROW))

    (stream,) = source.streams
    assert (stream.meter_id, stream.label, stream.minutes, stream.fixed_cells) == ("M1", label, 30, True)
    assert stream.timezone is None
    assert _column(batches, "stamp").tolist() == [NOVEMBER_13 + first + 1800 * n for n in range(48)]
    assert _column(batches, "value").tolist() == HALF_HOURS


@pytest.mark.parametrize(("count", "minutes"), [(24, 60), (48, 30), (96, 15)])
def test_cells_a_day(count: int, minutes: int) -> None:
    """24, 48 or 96 cells are hours, half-hours or quarters."""
    names = [f"{n * minutes // 60:02d}:{n * minutes % 60:02d}" for n in range(count)]

    source, batches = _load(_text(names, _line("M1", "2019-11-13", *range(count))))

    assert source.streams[0].minutes == minutes
    assert len(_column(batches, "value")) == count


AM_PM = [f"{(n + 11) % 12 + 1}{'ap'[n // 12]}m" for n in range(24)]


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([f"{n}時" for n in range(24)], id="Japanese"),
        pytest.param([f"{n}h" for n in range(24)], id="0h"),
        pytest.param([f"{n}h00" for n in range(24)], id="French"),
        pytest.param([f"{n}. Stunde" for n in range(1, 25)], id="German"),
        pytest.param([f"Hour {n}" for n in range(1, 25)], id="Hour 1"),
        pytest.param([f"{n}-{n + 1}" for n in range(24)], id="0-1"),
        pytest.param(AM_PM, id="12am"),
        pytest.param([f"{(n + 11) % 12 + 1}-{n % 12 + 1} {'AP'[n // 12]}M" for n in range(24)], id="12-1 AM"),
    ],
)
def test_names_of_hours_are_cells_and_no_meters(names: list[str]) -> None:
    """Whatever hours are called, they are the hours of one meter's day."""
    text = _text(names, *(_line(f"2019-11-{13 + n}", *range(24)) for n in range(3)), front="Date")
    source = open_document(_document(text), Feed())
    batches = list(source.batches)

    assert [(stream.meter_id, stream.minutes, stream.label) for stream in source.streams] == [("days", 60, "start")]
    assert _column(batches, "stamp").tolist() == [NOVEMBER_13 + 3600 * n for n in range(72)]
    assert _column(batches, "value").tolist() == [*range(24)] * 3


def test_hours_from_one_to_midnight_are_ends() -> None:
    """`1 AM` to `12 AM` end their hours."""
    source, batches = _load(_text([*AM_PM[1:], AM_PM[0]], _line("M1", "2019-11-13", *range(24))))

    assert source.streams[0].label == "end"
    assert _column(batches, "stamp").tolist() == [NOVEMBER_13 + 3600 * n for n in range(1, 25)]


@pytest.mark.parametrize("letter", ["A", "F", "X"])
def test_a_letter_in_every_row_says_nothing(letter: str) -> None:
    """It is no other quantity either: the rows are read."""
    source, batches = _load(_text(NUMBERS, _line("M1", letter, "2019-11-13", *HALF_HOURS), front="Meter,Type,Date"))

    assert [(stream.meter_id, stream.channel) for stream in source.streams] == [("M1", "delivered")]
    assert _column(batches, "value").tolist() == HALF_HOURS


def test_marks_in_a_type_column_are_the_quality() -> None:
    """A and E tell no rows apart: the day of E is estimated."""
    rows = [_line("M1", letter, f"2019-11-{13 + n}", *HALF_HOURS) for n, letter in enumerate("AEA")]
    source, batches = _load(_text(NUMBERS, *rows, front="Meter,Type,Date"))

    assert len(source.streams) == 1
    assert np.flatnonzero(_column(batches, "quality") == Quality.ESTIMATED).tolist() == list(range(48, 96))


def test_extra_empty_column_moves_nothing() -> None:
    """An empty column in front of the cells is one that nobody asks for."""
    text = _text(NUMBERS, _line("M1", "2019-11-13", "", *HALF_HOURS), front="Meter Number,Date,")

    _, batches = _load(text)

    assert _column(batches, "value").tolist() == HALF_HOURS


def test_blank_reactive_cells_are_no_stream() -> None:
    """Blank kVArh columns are "no reactive data", not zero; filled, they are a stream of the same meter."""
    blank = _text([*NUMBERS, *REACTIVE], ROW + "," * 48)
    filled = _text([*NUMBERS, *REACTIVE], ROW + ",2" * 48)

    assert [stream.channel for stream in _load(blank)[0].streams] == ["delivered"]
    source, batches = _load(filled)
    assert [(s.meter_id, s.channel, s.unit) for s in source.streams] == [
        ("M1", "delivered", "kWh"),
        ("M1", "reactive", "kVArh"),
    ]
    assert _column(batches, "value", 1).sum() == 96


@pytest.mark.parametrize(
    ("total", "finds"),
    [(sum(HALF_HOURS), []), (sum(HALF_HOURS) + 0.05, []), (sum(HALF_HOURS) + 0.5, ["V13"]), ("", [])],
)
def test_total_column_is_a_sum_check(total: object, finds: list[str]) -> None:
    """A total that is not the sum is V13 with the line; rounding is none; the cells are used."""
    text = _text(STARTS, _line("M1", "2019-11-13", total, *HALF_HOURS), front="Meter Number,Date,Total Units")

    source, batches = _load(text)

    assert _rules(source) == finds
    assert all("line 2: 2019-11-13" in finding.detail for finding in source.findings)
    assert _column(batches, "value").tolist() == HALF_HOURS


def test_bad_rows_are_left_out_by_line_and_text() -> None:
    """A blank or damaged meter id and a word for a date cost their row only."""
    rows = [
        ROW,
        ROW.replace("M1", ""),
        ROW.replace("M1", "1.23405E+12"),
        ROW.replace("2019-11-13", "KABOOM"),
        ROW.replace("2019-11-13", "2019-11-14"),
    ]

    source, batches = _load(_text(STARTS, *rows))

    assert len(_column(batches, "value")) == 96
    details = " ".join(finding.detail for finding in source.findings)
    assert [(finding.rule_id, finding.intervals) for finding in source.findings] == [("V01", 1), ("V21", 2)]
    assert all(seen in details for seen in ("line 3: ''", "line 4: '1.23405E+12'", "line 5: 'KABOOM'"))

    with pytest.raises(FileRefusedError, match=r"line [345]"):
        _load(_text(STARTS, *rows), Feed(strict=True))


def test_row_of_blanks_stores_nothing() -> None:
    """A row of blanks gives no reading and one finding, even when it is the only row."""
    blank = "M1,2019-11-13" + "," * 48

    source, batches = _load(_text(STARTS, ROW, blank.replace("13", "14")))
    assert len(_column(batches, "value")) == 48
    assert _rules(source) == ["V05"]

    alone, nothing = _load(_text(STARTS, blank))
    assert sum(len(batch.stamp) for batch in nothing) == 0
    assert [finding.detail for finding in alone.findings] == [
        "a row has no value at all: nothing of it is stored (line 2: 2019-11-13)"
    ]


def test_partial_day_keeps_its_blanks() -> None:
    """Cells that are blank are missing readings, not zero; a word is a finding too."""
    cells = [*HALF_HOURS[:40], *["", "Null", "x"], *HALF_HOURS[43:]]

    source, batches = _load(_text(STARTS, _line("M1", "2019-11-13", *cells)))

    assert np.flatnonzero(np.isnan(_column(batches, "value"))).tolist() == [40, 41, 42]
    assert _rules(source) == ["V21"]
    assert "'21:00'" in source.findings[0].detail


def test_repeated_day_is_kept_in_file_order() -> None:
    """The same meter and day twice: both versions, the later last."""
    _, batches = _load(_text(STARTS, _line("M1", "2019-11-13", *[0] * 48), ROW))

    assert _column(batches, "value").tolist() == [0.0] * 48 + HALF_HOURS


def test_dates_are_one_verdict_for_the_file() -> None:
    """A date that can be read two ways is refused with the option; a 13th settles every row."""
    doubtful = ROW.replace("2019-11-13", "12/11/2019")

    with pytest.raises(FileRefusedError, match=r"V01 .*--date-format"):
        _load(_text(STARTS, doubtful))

    _, batches = _load(_text(STARTS, doubtful, ROW.replace("2019-11-13", "13/11/2019")))
    assert _column(batches, "stamp")[[0, 48]].tolist() == [NOVEMBER_13 - 86400, NOVEMBER_13]


def test_table_without_names() -> None:
    """Meter, serial number, date, and 48 cells from midnight on."""
    rows = [_line("2200013680374", "211238227", f"{day}/04/17", *HALF_HOURS) for day in (13, 14)]

    source, batches = _load("\r\n".join(rows) + "\n")

    assert source.streams[0].meter_id == "2200013680374"
    assert _column(batches, "value").tolist() == HALF_HOURS * 2


def test_retailer_rows_of_use_and_generation() -> None:
    """CON and GEN rows of one NMI are its two channels; an estimated row is estimated by the supplier."""
    front = "NMI,METER SERIAL NUMBER,CON/GEN,DATE,ESTIMATED?"
    rows = [
        _line("G1", "S9", "Gas", "13/11/19", "Yes", *HALF_HOURS),
        _line("4102", "S1", "Consumption", "13/11/19", "No", *HALF_HOURS),
        _line("4102", "S1", "Generation", "13/11/19", "Yes", *HALF_HOURS),
    ]

    source, batches = _load(_text(SPANS, *rows, front=front))

    assert [(s.meter_id, s.channel) for s in source.streams] == [("4102", "delivered"), ("4102", "received")]
    assert set(_column(batches, "quality", 0).tolist()) == {Quality.ACTUAL}
    assert set(_column(batches, "quality", 1).tolist()) == {Quality.ESTIMATED}
    assert set(_column(batches, "method", 1).tolist()) == {Method.SUPPLIER}


def test_units_and_other_fuels() -> None:
    """A unit column rules; gas is left out with a note; without any unit kWh is said."""
    front = "Meter Number,Date,Type,Units"
    rows = [
        _line("M1", "2019-11-13", "Electricity", "MWh", *HALF_HOURS),
        _line("G1", "2019-11-13", "Gas", "kWh", *HALF_HOURS),
        _line("W1", "2019-11-13", "Water", "m3", *HALF_HOURS),
    ]

    source, _ = _load(_text(STARTS, *rows, front=front))
    plain, _ = _load(_text(STARTS, ROW))

    assert [(stream.meter_id, stream.unit) for stream in source.streams] == [("M1", "MWh")]
    assert [note for note in source.notes if "left out" in note] == [
        "rows of 'Gas' are left out: no electricity",
        "rows of 'Water' are left out: no electricity",
    ]
    assert "no unit is stated: values are taken as kWh (--unit)" in plain.notes


def test_the_feed_wins() -> None:
    """Columns, unit and meters that the user names are taken."""
    text = _text(STARTS, _line("M1", "N1", "2019-11-13", *HALF_HOURS), front="Meter,Nick,Date")
    feed = Feed(columns={"meter": "Nick"}, unit="Wh", meters={"N1": {"meter_id": "main", "timezone": "UTC"}})

    source, _ = _load(text, feed)

    (stream,) = source.streams
    assert (stream.meter_id, stream.unit, stream.timezone) == ("main", "Wh", "UTC")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a,b\n1,2\n", id="no cells"),
        pytest.param("Meter,Date," + ",".join(STARTS[:47]) + "\nM1,2019-11-13" + ",1" * 47 + "\n", id="47 cells"),
        pytest.param("Meter,When," + ",".join(STARTS) + "\nM1,x" + ",1" * 48 + "\n", id="no date"),
    ],
)
def test_other_tables_are_not_taken(text: str) -> None:
    """What has no whole day of cells, or no date, is another layout."""
    assert score_day_rows(read_table(_document(text), Feed()), Feed()) == 0
    with pytest.raises(FileRefusedError):
        _load(text)


@given(st.integers(0, 900), st.text(alphabet='0123456789,."\n\r-/:x;é', max_size=6), st.integers(0, 200))
@settings(max_examples=150, deadline=None)
def test_damaged_tables_load_or_are_refused(position: int, put: str, cut: int) -> None:
    """Whatever is cut out or put in: batches, findings or a refusal, never another error."""
    text = _text([*NUMBERS, *REACTIVE], ROW + ",2" * 48, ROW.replace("13", "14") + "," * 48)
    try:
        _, batches = _load(text[:position] + put + text[position + cut :])
    except FileRefusedError:
        return
    assert all(len(batch.stamp) == len(batch.value) for batch in batches)


REAL = [
    ("amr_data/row-per-day/valid.csv", {"K0229111D6": (48, 0, 901.889218)}),
    ("amr_data/row-per-day/duplicate-rows.csv", {"K0229111D6": (96, 0, 901.889218)}),
    ("amr_data/row-per-day/some-missing-readings.csv", {"K0229111D6": (144, 20, 2 * 901.889218 + 732.199154)}),
    ("amr_upload_data_files/example-sheffield-file.csv", {"2336533093112": (96, 0, 1099.849)}),
    ("amr_upload_data_files/example-bad-sheffield-file.csv", {"2336533093112": (96, 0, 1099.849)}),
    ("amr_upload_data_files/with-mixed-line-endings.csv", {"2200013680374": (144, 0, 893.9)}),
    ("amr_upload_data_files/banes-bad-example-file.csv", {"2200012767323": (48, 0, 226.103)}),
    *(
        (
            f"amr_upload_data_files/banes-example-file.{ending}",
            {
                "2200012767323": (48, 0, 226.103),
                "2200012030374": (48, 0, 162.183),
                "2200040922992": (48, 0, 376.7),
                "2000006183919": (48, 0, 89.94),
                "2200012833358": (48, 0, 259.503),
            },
        )
        for ending in ("csv", "xlsx")
    ),
]


def _load_file(path: Path, feed: Feed = DAY_FIRST) -> tuple[Source, list[Batch]]:
    (document,) = (sheet for each in open_documents(path, feed) for sheet in read_sheets(each))
    source = read_day_rows(document, feed)
    return source, list(source.batches)


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "meters"), REAL, ids=[name for name, _ in REAL])
def test_real_files(shared_data: Path, name: str, meters: dict[str, tuple[int, int, float]]) -> None:
    """Meters, readings, blanks and sums are those of the README."""
    source, batches = _load_file(shared_data / "energy_sparks_amr" / name)

    found = {}
    for number, stream in enumerate(source.streams):
        value = _column(batches, "value", number)
        found[stream.meter_id] = (len(value), int(np.isnan(value).sum()), round(float(np.nansum(value)), 6))
    assert found == meters
    assert [stream.channel for stream in source.streams] == ["delivered"] * len(meters)


@pytest.mark.shared_data
def test_real_days(shared_data: Path) -> None:
    """The first full day, the last partial one, and the hole of a year between them."""
    folder = shared_data / "energy_sparks_amr"
    _, batches = _load_file(folder / "amr_data/row-per-day/some-missing-readings.csv", Feed())

    days = np.unique(_column(batches, "stamp") // 86400).astype("datetime64[D]").astype(str).tolist()
    assert days == ["2017-11-11", "2018-11-12", "2018-11-13"]


@pytest.mark.shared_data
def test_real_bad_rows(shared_data: Path) -> None:
    """KABOOM costs its row; a blank and a damaged MPAN cost theirs; 226.103 is not 226.191."""
    folder = shared_data / "energy_sparks_amr" / "amr_upload_data_files"
    kaboom, _ = _load_file(folder / "banes-bad-example-file.csv")
    mpan, batches = _load_file(folder / "banes-bad-example-missing-and-invalid-mpan-file.csv")

    assert [(each.rule_id, "line 3: 'KABOOM'" in each.detail) for each in kaboom.findings] == [("V01", True)]
    assert _rules(mpan) == ["V21", "V13"]
    assert "line 3: ''; line 4: '1.23405E+12'" in mpan.findings[0].detail
    assert "total 226.103, sum 226.191" in mpan.findings[1].detail
    assert _column(batches, "value").sum() == pytest.approx(226.191)


@pytest.mark.shared_data
def test_real_row_of_blanks(shared_data: Path) -> None:
    """48 blanks: nothing stored, one message."""
    source, batches = _load_file(shared_data / "energy_sparks_amr" / "amr_data/row-per-day/no-readings.csv")

    assert sum(len(batch.stamp) for batch in batches) == 0
    assert _rules(source) == ["V05"]


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "said"),
    [("empty-with-header.csv", "V21 .*empty"), ("malformed.csv", r"V21 .*line 3: a quote is opened and never closed")],
)
def test_real_refusals(shared_data: Path, name: str, said: str) -> None:
    """Nothing but a header, and a quote that nothing closes."""
    with pytest.raises(FileRefusedError, match=said):
        _load_file(shared_data / "energy_sparks_amr" / "amr_data" / "row-per-day" / name)


@pytest.mark.shared_data
@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_real_files_load_or_are_refused(shared_data: Path, data: st.DataObject) -> None:
    """Real files with pieces cut out or put in: batches, findings or a refusal."""
    name = data.draw(st.sampled_from([name for name, _ in REAL if name.endswith(".csv")]))
    content = (shared_data / "energy_sparks_amr" / name).read_bytes()
    position = data.draw(st.integers(0, len(content)))
    put, cut = data.draw(st.binary(max_size=6)), data.draw(st.integers(0, 600))
    broken = (content[:position] + put + content[position + cut :]).decode(errors="replace")

    try:
        _, batches = _load(broken)
    except FileRefusedError:
        return
    assert all(len(batch.stamp) == len(batch.value) for batch in batches)
