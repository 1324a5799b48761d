"""NEM12 and NEM13: every cell counted, every fault named with its line."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nemreader import NEMFile
from numpy.typing import NDArray

from pipeline.errors import FileRefusedError
from pipeline.schema import Method, Quality
from pipeline.sources.document import Document, open_documents
from pipeline.sources.nem import read_nem
from pipeline.sources.source import Batch, Feed, Source

DAY = 1073865600
"""2004-01-12 00:00 on the file's own clock."""


def _document(text: str) -> Document:
    return Document(Path("meter.csv"), lambda: io.BytesIO(text.encode()), "utf-8")


def _details(suffix: str = "E1", unit: str = "kWh", minutes: int = 360, nmi: str = "NMI1") -> str:
    return f"200,{nmi},{suffix},1,{suffix},N1,METER,{unit},{minutes},"


def _day(*values: object, day: str = "20040112", flag: str = "A") -> str:
    return f"300,{day},{','.join(str(value) for value in values)},{flag},,,20040113000000,"


def _text(*records: str) -> str:
    return "\n".join(["100,NEM12,200405011135,MDA1,Ret1", *records, "900", ""])


def _load(text: str, feed: Feed | None = None) -> tuple[Source, list[Batch]]:
    source = read_nem(_document(text), feed or Feed())
    return source, list(source.batches)


def _column(batches: Sequence[Batch], name: str, stream: int | None = 0) -> NDArray[np.float64]:
    parts = [getattr(batch, name)[(stream is None) | (batch.stream == stream)] for batch in batches]
    return np.concatenate(parts)


def _rules(source: Source) -> list[tuple[str, int]]:
    return [(finding.rule_id, finding.intervals) for finding in source.findings]


def test_a_day_starts_at_midnight_ten_hours_east() -> None:
    """Interval 1 begins at 00:00 of the file's date, on a clock that is UTC+10 all year."""
    source, batches = _load(_text(_details(), _day(1, 2, 3, 4)))

    (stream,) = source.streams
    assert (stream.timezone, stream.label, stream.minutes) == ("Etc/GMT-10", "start", 360)
    assert (stream.meter_id, stream.site_id, stream.channel, stream.unit) == ("NMI1", "NMI1", "delivered", "kWh")
    assert _column(batches, "stamp").tolist() == [DAY, DAY + 21600, DAY + 43200, DAY + 64800]
    assert _column(batches, "value").tolist() == [1, 2, 3, 4]
    assert (source.findings, source.notes) == ([], [])


@pytest.mark.parametrize(
    ("suffix", "unit", "meter_id", "channel", "ours"),
    [
        ("E1", "KWH", "NMI1", "delivered", "kWh"),
        ("B1", "Wh", "NMI1", "received", "Wh"),
        ("Q1", "kVArh", "NMI1", "reactive", "kVArh"),
        ("K2", "VARH", "NMI1-K2", "reactive_received", "VArh"),
        ("E2", "mwh", "NMI1-E2", "delivered", "MWh"),
        ("E1", "", "NMI1", "delivered", "kWh"),
    ],
)
def test_suffix_and_unit(suffix: str, unit: str, meter_id: str, channel: str, ours: str) -> None:
    """E is used, B fed in, Q and K reactive; a second register is a meter of its own; units in any case."""
    source, _ = _load(_text(_details(suffix, unit), _day(1, 2, 3, 4)))

    (stream,) = source.streams
    assert (stream.meter_id, stream.channel, stream.unit) == (meter_id, channel, ours)


@pytest.mark.parametrize(("suffix", "unit"), [("V1", ""), ("E1", "kVArh"), ("Q1", "kWh"), ("E1", "volts"), ("", "kWh")])
def test_what_is_no_energy_is_left_out(suffix: str, unit: str) -> None:
    """Volts, and units that do not fit their suffix, are left out with a note; the energy beside them is read."""
    source, _ = _load(_text(_details(suffix, unit), _day(1, 2, 3, 4), _details(nmi="NMI2"), _day(1, 2, 3, 4)))

    assert [stream.meter_id for stream in source.streams] == ["NMI2"]
    assert source.notes[0].startswith("left out NMI1")


def test_quality_and_method() -> None:
    """F14 is an estimate by method 14; N keeps the placeholder and is missing; E without method is the supplier's."""
    records = [
        _details(),
        _day(1, 2, 3, 4, flag="F14"),
        _day(5, 6, 7, 8, day="20040113", flag="N"),
        _day(1, 1, 1, 1, day="20040114", flag="E"),
    ]

    _, batches = _load(_text(*records))

    wanted = [Quality.ESTIMATED] * 4 + [Quality.MISSING] * 4 + [Quality.ESTIMATED] * 4
    assert _column(batches, "quality").tolist() == wanted
    assert _column(batches, "method").tolist() == [14] * 4 + [Method.NONE] * 4 + [Method.SUPPLIER] * 4
    assert _column(batches, "value").tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 1, 1]


def test_ranges_of_a_varying_day() -> None:
    """400 records put their flags on intervals 1…n; a reason code is carried by a finding."""
    text = _text(_details(), _day(1, 2, 3, 4, flag="V"), "400,1,2,A,,", "400,3,3,S17,76,failed", "400,4,4,N,,")

    source, batches = _load(text)

    assert _column(batches, "quality").tolist() == [0, 0, Quality.ESTIMATED, Quality.MISSING]
    assert _column(batches, "method").tolist() == [0, 0, 17, 0]
    (finding,) = source.findings
    assert (finding.rule_id, finding.intervals, finding.first_start_utc) == ("V20", 1, DAY - 36000 + 43200)
    assert "reason 76 failed (line 5)" in finding.detail


@pytest.mark.parametrize(
    ("ranges", "odd"),
    [
        pytest.param(["400,1,2,A,,"], 2, id="short of the day"),
        pytest.param(["400,1,3,A,,", "400,3,4,A,,"], 1, id="twice"),
        pytest.param([], 4, id="none at all"),
        pytest.param(["400,1,4,A,,", "400,5,6,A,,"], 1, id="beyond the day"),
        pytest.param(["400,1,4,A,,", "400,x,6,A,,"], 1, id="no number"),
    ],
)
def test_ranges_must_cover_the_day_once(ranges: list[str], odd: int) -> None:
    """Intervals that 400 records name not at all, or twice, are a V20 finding with the line."""
    source, batches = _load(_text(_details(), _day(1, 2, 3, 4, flag="V"), *ranges))

    assert _rules(source) == [("V20", odd)]
    assert "line " in source.findings[0].detail
    assert _column(batches, "value").sum() == 10


@pytest.mark.parametrize(
    ("record", "seen"),
    [
        pytest.param(_day(1, 2, 3), "line 4: 20040112 has 3 values", id="too few"),
        pytest.param(_day(1, 2, 3, 4, 5, 6, 7, 8), "line 4: 20040112 has 8 values", id="too many"),
        pytest.param("300,20040112,V,,,20040202120025,", "line 4: 20040112 has 0 values", id="none"),
        pytest.param("300,20040112,1,2,3,4", "no quality flag", id="cut off"),
        pytest.param("300", "line 4: ''", id="cut after its number"),
        pytest.param(_day(1, 2, 3, 4, day="20040231"), "line 4: '20040231'", id="no such day"),
        pytest.param(_day(1, 2, 3, 4, day="2.00401E+07"), "line 4: '2.00401E+07'", id="spreadsheet date"),
        pytest.param(_day(1, 2, 3, 4, day="KABOOM"), "line 4: 'KABOOM'", id="word for a date"),
    ],
)
def test_bad_day_is_named_with_its_line(record: str, seen: str) -> None:
    """A day that cannot be used is left out with its line; the others load. Alone, it refuses the file."""
    good = _day(1, 2, 3, 4, day="20040101")

    source, batches = _load(_text(_details(), good, record))
    assert len(source.findings) == 1
    assert seen in source.findings[0].detail
    assert _column(batches, "value").sum() == 10

    with pytest.raises(FileRefusedError, match=seen.replace("line 4", "line 3").replace("+", r"\+")):
        _load(_text(_details(), record))


def test_strict_refuses_the_file() -> None:
    """With `strict`, one bad day refuses the whole file."""
    with pytest.raises(FileRefusedError, match=r"V04 .*line 4"):
        _load(_text(_details(), _day(1, 2, 3, 4), _day(1, 2)), Feed(strict=True))


def test_record_broken_over_lines_is_put_together() -> None:
    """A day broken over three lines is whole again, and the finding names the lines."""
    broken = "300,20040113,200,300,\n198.5\n,400,A,,,20040113000000,"

    source, batches = _load(_text(_details(), _day(1, 2, 3, 4), broken))

    assert _column(batches, "value").tolist() == [1, 2, 3, 4, 200, 300, 198.5, 400]
    assert _rules(source) == [("V21", 1)]
    assert "lines 4 to 6" in source.findings[0].detail


def test_values_that_look_like_records_are_values() -> None:
    """A broken line that goes on with 300 or 200 is not a record of that number."""
    broken = "300,20040113,1,2,\n300,200,A,,,20040113000000,"

    _, batches = _load(_text(_details(), broken))

    assert _column(batches, "value").tolist() == [1, 2, 300, 200]


def test_days_after_a_damaged_200_are_not_given_to_the_meter_before() -> None:
    """A line that is no record ends what the 200 record before it said."""
    text = _text(_details(), _day(1, 2, 3, 4), "2OO,NMI2,E1,1,E1", _day(5, 6, 7, 8, day="20040113"))

    source, batches = _load(text)

    assert _column(batches, "value").sum() == 10
    assert _rules(source) == [("V21", 1), ("V21", 1)]
    assert "line 4" in source.findings[0].detail
    assert "line 5" in source.findings[1].detail


def test_frame_is_tolerated_with_a_note() -> None:
    """No 100, no 900, blank lines before: read, and said."""
    source, batches = _load("\n\n" + _details() + "\r\n" + _day(1, 2, 3, 4) + "\r\n")

    assert _column(batches, "value").sum() == 10
    assert source.notes == [
        "there is no 100 record: taken as NEM12",
        "there is no 900 record: the file may have been cut off",
    ]


def test_two_files_joined() -> None:
    """The same day twice: identical, kept once with a V02 finding; different, both versions handed on in order."""
    one = _text(_details(), _day(1, 2, 3, 4), _day(1, 1, 1, 1, day="20040113"))
    two = _text(_details(), _day(1, 2, 3, 4), _day(9, 9, 9, 9, day="20040113"))

    source, batches = _load(one + two)

    assert _column(batches, "value").tolist() == [1, 2, 3, 4, 1, 1, 1, 1, 9, 9, 9, 9]
    assert _rules(source) == [("V02", 4)]
    assert "line 8: 2004-01-12 as on line 3" in source.findings[0].detail
    assert source.notes == [
        "NMI1 delivered 2004-01-13: line 9 has other values than line 4, the later is used",
        "files were joined: 2 records 100, 2 records 900",
    ]


def test_padded_and_short_records() -> None:
    """Trailing commas mean nothing, and the last two fields of a day may be absent."""
    text = _text(_details() + ",,,,", "300,20040112,1,2,3,4,A", "500,N,,20050311062000,1000").replace(
        "900\n", "900,,,,\n"
    )

    source, batches = _load(text)

    assert _column(batches, "value").sum() == 10
    assert (source.findings, source.notes) == ([], [])


def test_changed_interval_length_is_a_second_stream() -> None:
    """A meter that goes from six to three hours has two streams of one name."""
    text = _text(_details(), _day(1, 2, 3, 4), _details(minutes=180), _day(*range(8), day="20040113"))

    source, batches = _load(text)

    assert [(each.meter_id, each.minutes) for each in source.streams] == [("NMI1", 360), ("NMI1", 180)]
    assert _column(batches, "value", 1).sum() == 28


@pytest.mark.parametrize(("nmi", "minutes"), [("6.10E+09", 360), ("", 360), ("NMI1", 7), ("NMI1", 0)])
def test_bad_200_record(nmi: str, minutes: int) -> None:
    """A damaged or blank NMI, or a length that does not divide a day, leaves its days out, with the line."""
    text = _text(_details(nmi=nmi, minutes=minutes), _day(1, 2, 3, 4), _details(nmi="OK"), _day(1, 2, 3, 4))

    source, batches = _load(text)

    assert [stream.meter_id for stream in source.streams] == ["OK"]
    assert "line 2" in source.findings[0].detail
    assert _column(batches, "value").sum() == 10


def test_cells_that_are_no_number() -> None:
    """A blank cell is missing, a word a finding too; what a spreadsheet did to load times does not matter."""
    text = _text(_details(), "300,20040112,1,,x,4,A,,,2.01811E+13,2.01811E+13")

    source, batches = _load(text)

    assert np.isnan(_column(batches, "value")).tolist() == [False, True, True, False]
    assert _column(batches, "quality").tolist() == [0, Quality.MISSING, Quality.MISSING, 0]
    assert _rules(source) == [("V21", 1)]


def _period(
    quantity: str, before: str = "000888", after: str = "000999", direction: str = "E", suffix: str = "11"
) -> str:
    reads = f"{before},20040108103055,A,,,{after},20040408000000,E64,,"
    return f"250,NMI1,11,1,{suffix},{suffix},MET,{direction},{reads},{quantity},kWh,20040408,20040409000000,"


def test_register_period() -> None:
    """A NEM13 quantity is a reading that begins at the earlier read and is as long as the period."""
    source, (batch,) = _load(_text(_period("111")).replace("NEM12", "NEM13"))

    (stream,) = source.streams
    assert (stream.meter_id, stream.channel, stream.minutes, stream.timezone) == (
        "NMI1",
        "delivered",
        None,
        "Etc/GMT-10",
    )
    begin, end = np.array(["2004-01-08T10:30:55", "2004-04-08"], dtype="datetime64[s]").astype(np.int64)
    assert (batch.stamp[0], batch.value[0]) == (begin, 111.0)
    assert batch.minutes is not None
    assert batch.minutes[0] == round((end - begin) / 60)
    assert batch.quality is not None
    assert batch.method is not None
    assert (batch.quality[0], batch.method[0]) == (Quality.ESTIMATED, 64)
    assert source.findings == []


@pytest.mark.parametrize(
    ("quantity", "before", "after", "finds"),
    [
        pytest.param("111", "000888", "000999", False, id="fits"),
        pytest.param("112", "000888", "000999", False, id="one off is rounding"),
        pytest.param("65", "0000950", "0010015", True, id="9065 against 65"),
        pytest.param("111", "000888", "1000", False, id="a rounded read"),
        pytest.param("20", "999990", "000010", False, id="rollover"),
        pytest.param("20", "x", "000010", True, id="no register"),
    ],
)
def test_period_is_held_against_its_registers(quantity: str, before: str, after: str, finds: bool) -> None:
    """A register difference that is not the quantity is V13; a rollover is none."""
    source, _ = _load(_text(_period(quantity, before, after)))

    assert [finding.rule_id for finding in source.findings] == ["V13"] * finds


def test_fed_in_quantity_is_negative_in_the_file() -> None:
    """Direction I with a negative quantity is energy fed in: kept as it stands, turned by the multiplier."""
    source, (batch,) = _load(_text(_period("-1490", "43501", "44991", "I", "12")))

    (stream,) = source.streams
    assert (stream.meter_id, stream.channel, stream.multiplier) == ("NMI1-12", "received", -1.0)
    assert batch.value[0] == -1490
    assert source.findings == []


def test_what_is_no_record_is_refused() -> None:
    """A file that does not begin with a record is refused with the line."""
    with pytest.raises(FileRefusedError, match="line 2 is no NEM12"):
        _load("\nhello,world\n")


@given(st.integers(0, 400), st.text(alphabet="0123456789,AVEN.E+x\n ²٣", max_size=8), st.integers(0, 60))
@settings(max_examples=200, deadline=None)
def test_damaged_files_load_or_are_refused(position: int, put: str, cut: int) -> None:
    """Whatever is cut out or put in: batches, findings or a refusal, never another error."""
    text = _text(_details(), _day(1, 2, 3, 4, flag="V"), "400,1,2,A,,", "400,3,4,N,,", _day(5, 6, 7, 8), _period("111"))

    try:
        _, batches = _load(text[:position] + put + text[position + cut :])
    except FileRefusedError:
        return
    assert all(len(batch.stamp) == len(batch.value) for batch in batches)


REAL = [
    (
        "Example_NEM12_actual_interval.csv",
        {("VABD000163", "delivered", 30): 53.328, ("VABD000163", "reactive", 30): 106.656},
    ),
    ("Example_NEM12_multiple_quality.csv", {("CCCC123456", "delivered", 30): 896.99}),
    (
        "Example_NEM12_different_interval_length.csv",
        {("C123", "delivered", 30): 254.0, ("C123-E2", "delivered", 30): 120.0},
    ),
    (
        "Example_NEM12_multiple_meters.csv",
        {
            ("NCDE001111", "delivered", 15): 1920,
            ("NCDE001111", "received", 15): 1920,
            ("NCDE001111-E2", "delivered", 15): 19200,
            ("NCDE001111", "reactive", 15): 9600,
            ("NDDD001888", "received", 15): 3840,
            ("NDDD001888-K2", "reactive_received", 15): 9600,
        },
    ),
    (
        "Example_NEM12_month_solar.csv",
        {("NMI1234567", "received", 5): 589.172, ("NMI1234567", "delivered", 5): 270.738},
    ),
    (
        "Example_WesternPower.csv",
        {("9999999999", channel, 30): 0 for channel in ("delivered", "received", "reactive", "reactive_received")},
    ),
    ("Example_NEM13_consumption_data.csv", {("VABC005890", "delivered", None): 1312.1}),
    (
        "Example_NEM13_forward_estimate.csv",
        {("VDEF005890", "delivered", None): 111, ("VDEF005890-41", "delivered", None): 65},
    ),
    (
        "NEM12_000000000000005_CNRGYMDP_NEMMCO.csv",
        {("NEM1205082", "delivered", 15): 48671.1, ("NEM1205082", "delivered", 30): 37946.4},
    ),
    ("NEM12_000000000000008_CNRGYMDP_NEMMCO.csv", {("NEM1208142", "delivered", 30): 5580.0}),
    ("NEM12_000000000000009_CNRGYMDP_NEMMCO.csv", {("NEM1209162", "delivered", 30): 103342.95}),
    ("NEM12_05050200008000000_GLOBALM_NEMMCO.csv", {("NEM1208145", "delivered", 15): 1654180}),
    (
        "NEM12_SCENARIO1005032705_ENERGEXM_NEMMCO.V05.csv",
        {
            ("NEM1210184", "delivered", 30): 104920.01,
            ("NEM1210184-B2", "received", 30): 0,
            ("NEM1210184-E2", "delivered", 30): 242449.17,
        },
    ),
    ("nem12_SCENARIO08NEM1208143_ELECTDSM_NEMMCO.csv", {("NEM1208143", "delivered", 15): 3029.316}),
    ("NEM13_000000000000012_CNRGYMDP_NEMMCO.csv", {("NEM1312022-12", "received", None): -1490}),
    (
        "NEM13_000000000000018_CNRGYMDP_NEMMCO.csv",
        {("NEM1318142-41", "delivered", None): 1362, ("NEM1318142", "delivered", None): 14},
    ),
]
QUALITIES = {
    "Example_NEM12_multiple_quality.csv": {(0, 0): 4, (1, 14): 44},
    "Example_NEM12_multiple_meters.csv": {(0, 0): 1152},
    "NEM12_000000000000005_CNRGYMDP_NEMMCO.csv": {(0, 0): 288},
    "NEM12_000000000000008_CNRGYMDP_NEMMCO.csv": {(0, 0): 18, (1, 11): 30, (1, 52): 48},
    "NEM12_000000000000009_CNRGYMDP_NEMMCO.csv": {(0, 0): 168, (1, 52): 168},
    "NEM12_05050200008000000_GLOBALM_NEMMCO.csv": {(0, 0): 180, (1, 14): 8, (1, 17): 1, (1, 18): 3},
    "NEM12_SCENARIO1005032705_ENERGEXM_NEMMCO.V05.csv": {(0, 0): 408, (3, 0): 72},
    "nem12_SCENARIO08NEM1208143_ELECTDSM_NEMMCO.csv": {(0, 0): 64, (1, 14): 128},
    "NEM13_000000000000018_CNRGYMDP_NEMMCO.csv": {(0, 0): 2, (1, 62): 4},
}


def _load_file(path: Path) -> tuple[Source, list[Batch]]:
    source = read_nem(next(open_documents(path, Feed())), Feed())
    return source, list(source.batches)


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "totals"), REAL, ids=[name for name, _ in REAL])
def test_real_totals(shared_data: Path, name: str, totals: dict[tuple[str, str, int | None], float]) -> None:
    """Streams and sums are those of the README, and V13 and V20 are the only findings."""
    source, batches = _load_file(shared_data / "nem12" / "valid" / name)

    found = {
        (stream.meter_id, stream.channel, stream.minutes): _column(batches, "value", number).sum()
        for number, stream in enumerate(source.streams)
    }
    assert found == pytest.approx(totals)
    wanted = {"V13"} if name == "Example_NEM13_forward_estimate.csv" else set()
    assert {finding.rule_id for finding in source.findings} - {"V20"} == wanted


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "counts"), QUALITIES.items(), ids=QUALITIES)
def test_real_qualities(shared_data: Path, name: str, counts: dict[tuple[int, int], int]) -> None:
    """So many intervals carry each quality and method."""
    _, batches = _load_file(shared_data / "nem12" / "valid" / name)

    pairs = list(zip(_column(batches, "quality", None), _column(batches, "method", None), strict=True))
    assert {pair: pairs.count(pair) for pair in set(pairs)} == counts


@pytest.mark.shared_data
@pytest.mark.parametrize("name", [name for name, _ in REAL])
def test_real_values_are_those_of_nemreader(shared_data: Path, name: str) -> None:
    """On files without faults nemreader returns the same number of values with the same sum."""
    path = shared_data / "nem12" / "valid" / name
    _, batches = _load_file(path)

    with path.open() as lines:
        meters = NEMFile(str(path), strict=False).parse_nem_file(lines).readings.values()
    energy = [each.read_value for meter in meters for suffix in meter if suffix[0] != "V" for each in meter[suffix]]
    values = np.concatenate([batch.value for batch in batches])
    assert (len(values), values.sum()) == (len(energy), pytest.approx(sum(energy)))


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Example_NEM12_15min_200_30min_300.csv", r"96 values of a 15-minute .*line 3: 20230225 has 48"),
        ("Example_NEM12_30min_200_15min_300.csv", r"48 values of a 30-minute .*line 3: 20230225 has 96"),
    ],
)
def test_real_miscounted_days_are_refused(shared_data: Path, name: str, said: str) -> None:
    """A day with another number of cells than its meter promises is refused with the line."""
    with pytest.raises(FileRefusedError, match=said):
        _load_file(shared_data / "nem12" / "invalid" / name)


@pytest.mark.shared_data
def test_real_incomplete_day(shared_data: Path) -> None:
    """Line 3 has no values; the other three days are good."""
    source, batches = _load_file(shared_data / "nem12" / "invalid" / "Example_NEM12_incomplete_interval.csv")

    assert [finding.rule_id for finding in source.findings] == ["V04"]
    assert "line 3: 20040201 has 0 values" in source.findings[0].detail
    assert [_column(batches, "value", n).sum() for n in (0, 1)] == pytest.approx([53.328, 213.312])


@pytest.mark.shared_data
def test_real_missing_header(shared_data: Path) -> None:
    """Without its header the file holds the same as with it, and says so."""
    source, batches = _load_file(shared_data / "nem12" / "invalid" / "Example_NEM12_missing_header.csv")
    _, wanted = _load_file(shared_data / "nem12" / "valid" / "Example_NEM12_actual_interval.csv")

    assert source.notes == ["there is no 100 record: taken as NEM12"]
    assert _column(batches, "value").tolist() == _column(wanted, "value").tolist()


@pytest.mark.shared_data
@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_real_files_load_or_are_refused(shared_data: Path, data: st.DataObject) -> None:
    """Real files with pieces cut out or put in: batches, findings or a refusal."""
    names = ("NEM12_05050200008000000_GLOBALM_NEMMCO.csv", "NEM13_000000000000018_CNRGYMDP_NEMMCO.csv")
    text = (shared_data / "nem12" / "valid" / data.draw(st.sampled_from(names))).read_text()
    position = data.draw(st.integers(0, len(text)))
    put, cut = data.draw(st.text(max_size=6)), data.draw(st.integers(0, 3000))

    try:
        _, batches = _load(text[:position] + put + text[position + cut :])
    except FileRefusedError:
        return
    assert sum(len(batch.value) for batch in batches) <= 200
