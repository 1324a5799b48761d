"""What suppliers send, from end to end: NEM12 and NEM13, Green Button, and the half-hour files of UK suppliers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.shared_data

Ran = Any
"""`Ran` of conftest.py."""

Run = Callable[..., Ran]


# ---- nem12 -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nem(run_files: Run, shared_data: Path) -> Ran:
    """All sixteen valid files in one run; they state their clock, UTC+10 all year."""
    return run_files([shared_data / "nem12" / "valid"])


NEM_CHANNELS = [
    ("VABD000163", "delivered", 30, 1, 53.328),
    ("VABD000163", "reactive", 30, 1, 106.656),
    ("CCCC123456", "delivered", 30, 1, 896.99),
    ("C123", "delivered", 30, 1, 254.0),
    ("C123-E2", "delivered", 30, 1, 120.0),
    ("NCDE001111", "delivered", 15, 2, 1.920),
    ("NCDE001111", "received", 15, 2, 1.920),
    ("NCDE001111-E2", "delivered", 15, 2, 19.200),
    ("NCDE001111", "reactive", 15, 2, 9.600),
    ("NDDD001888", "received", 15, 2, 3.840),
    ("NDDD001888-K2", "reactive_received", 15, 2, 9.600),
    ("NMI1234567", "received", 5, 31, 589.172),
    ("NMI1234567", "delivered", 5, 31, 270.738),
    *(("9999999999", channel, 30, 1, 0.0) for channel in ("delivered", "received", "reactive", "reactive_received")),
    ("NEM1205082", "delivered", 15, 2, 48_671.1),
    ("NEM1205082", "delivered", 30, 2, 37_946.4),
    ("NEM1208142", "delivered", 30, 2, 5_580.0),
    ("NEM1209162", "delivered", 30, 7, 103_342.95),
    ("NEM1208145", "delivered", 15, 2, 1_654.180),
    ("NEM1210184", "delivered", 30, 2, 104_920.01),
    ("NEM1210184-B2", "received", 30, 4, 0.0),
    ("NEM1210184-E2", "delivered", 30, 4, 242_449.17),
    ("NEM1208143", "delivered", 15, 2, 3_029.316),
]
"""Meter, channel, minutes, days, and energy as read. [kWh, kVArh]"""


@pytest.mark.parametrize(("meter_id", "channel", "minutes", "days", "kwh"), NEM_CHANNELS)
def test_nem12_channels(nem: Ran, meter_id: str, channel: str, minutes: int, days: int, kwh: float) -> None:
    """Every channel has its intervals and its energy in kWh or kVArh, whatever the unit of its 200 record."""
    own = nem.of(meter_id, channel).query("interval_minutes == @minutes")

    assert len(own) == days * 1440 // minutes
    assert own["kwh"].sum() == pytest.approx(kwh, rel=1e-9)
    assert own["interval_start_utc"].min().hour == 14
    assert str(own["interval_start"].min())[11:] == "00:00:00"


def test_nem12_loads_what_is_energy(nem: Ran) -> None:
    """All sixteen files load; volts are no energy and are left out with a note."""
    found = {(meter, channel) for meter, channel in zip(nem.readings["meter_id"], nem.readings["channel"], strict=True)}

    assert (len(nem.report.files), nem.report.refused) == (16, [])
    assert found >= {(meter, channel) for meter, channel, *_ in NEM_CHANNELS}
    assert any("C123 V1" in note for note in nem.file("different_interval_length.csv").notes)


NEM_QUALITY = [
    ("CCCC123456", {"actual": 4, "like_day": 44}),
    ("NEM1208142", {"actual": 18, "check": 30, "nem12_52": 48}),
    ("NEM1209162", {"actual": 168, "nem12_52": 168}),
    ("NEM1208145", {"actual": 180, "alternate": 3, "like_day": 8, "linear": 1}),
    ("NEM1208143", {"actual": 64, "like_day": 128}),
]


@pytest.mark.parametrize(("meter_id", "counts"), NEM_QUALITY)
def test_nem12_quality(nem: Ran, meter_id: str, counts: dict[str, int]) -> None:
    """The supplier's flag of every interval is carried: A is actual, S, E and F are estimates with their method."""
    own = nem.of(meter_id)
    is_read = own["raw_kwh"].notna() & (own["rule_id"] != "V20")
    method = own["method"].where(~is_read).fillna("actual")

    assert method.value_counts().to_dict() == counts
    assert (own.loc[~is_read & own["method"].notna(), "quality"] == "estimated").all()


def test_nem12_null_intervals(nem: Ran) -> None:
    """72 half-hours of quality N around the meter change at noon: the placeholder is kept, and null published."""
    own = nem.readings[nem.readings["meter_id"].str.startswith("NEM1210184")]
    null = own[own["quality"] == "missing"]

    assert len(null) == 72
    assert null["energy_kwh"].isna().all()
    assert null["raw_kwh"].notna().all()
    assert (null["interval_start"].dt.strftime("%Y-%m-%d") == "2005-03-28").all()


def test_nem12_reasons_are_told(nem: Ran) -> None:
    """Reason codes worth showing are in the findings of V20, with their lines."""
    told = " ".join(one.detail for one in nem.findings("V20"))

    for reason in ("F14 for reason 76", "S14 for reason 1 ", "S52 for reason 30", "F52 for reason 71", "for reason 62"):
        assert reason in told
    assert "(line 4)" in told


NEM13 = [
    ("VABC005890", "delivered", [1_312.1]),
    ("VDEF005890", "delivered", [111.0]),
    ("VDEF005890-41", "delivered", [65.0]),
    ("NEM1312022-12", "received", [1_490.0]),
]


@pytest.mark.parametrize(("meter_id", "channel", "energy"), NEM13)
def test_nem13_periods(nem: Ran, meter_id: str, channel: str, energy: list[float]) -> None:
    """Accumulation meters give the quantity of each period, and no day."""
    assert nem.of(meter_id, channel)["energy_kwh"].tolist() == energy
    assert meter_id not in set(nem.daily["meter_id"])


def test_nem13_chained_registers(nem: Ran) -> None:
    """Registers 41 and 11 of NEM1318142 have three periods each, 1,376 kWh in all, two of six estimated."""
    own = nem.readings[nem.readings["meter_id"].str.startswith("NEM1318142")]

    assert own.groupby("meter_id").size().tolist() == [3, 3]
    assert own["energy_kwh"].sum() == pytest.approx(1_376)
    assert own["quality"].value_counts().to_dict() == {"estimated": 4, "actual": 2}


def test_nem13_sum_check(nem: Ran) -> None:
    """A register that moved by 9,065 with a stated quantity of 65 is told (V13), and the quantity is used."""
    (finding,) = nem.findings("V13", "VDEF005890-41")

    assert "9065" in finding.detail
    assert "quantity 65" in finding.detail


@pytest.mark.parametrize("name", ["Example_NEM12_15min_200_30min_300.csv", "Example_NEM12_30min_200_15min_300.csv"])
def test_nem12_wrong_number_of_values(run_files: Run, shared_data: Path, name: str) -> None:
    """A day with more or fewer values than its 200 record promises refuses the file, with the line."""
    ran = run_files([shared_data / "nem12" / "invalid" / name])
    (refused,) = ran.report.refused

    assert "line 3" in refused.refusal.reason
    assert ("96 values" in refused.refusal.reason, "48 values" in refused.refusal.reason) == (True, True)
    assert sum(ran.report.written) == 0


def test_nem12_incomplete_day(run_files: Run, shared_data: Path) -> None:
    """The day without values is told with its line; the three good rows load."""
    ran = run_files([shared_data / "nem12" / "invalid" / "Example_NEM12_incomplete_interval.csv"])
    (finding,) = ran.findings("V04")
    reactive = ran.of("VABD000163", "reactive")

    assert "line 3: 20040201 has 0 values" in finding.detail
    assert ran.kwh("VABD000163") == pytest.approx(53.328)
    assert reactive.groupby(reactive["interval_start"].dt.date)["kwh"].sum().tolist() == pytest.approx([106.656] * 2)


def test_nem12_without_header(run_files: Run, shared_data: Path) -> None:
    """A body without a 100 record loads with a note, and equals the file that has one."""
    ran = run_files([shared_data / "nem12" / "invalid" / "Example_NEM12_missing_header.csv"])

    assert ran.report.refused == []
    assert "there is no 100 record: taken as NEM12" in ran.file("missing_header.csv").notes
    assert (ran.kwh("VABD000163"), ran.kwh("VABD000163", "reactive")) == pytest.approx((53.328, 106.656))


# ---- greenbutton -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def green(run_files: Run, shared_data: Path) -> Ran:
    """All six feeds in one run; their instants need no clock."""
    return run_files(sorted((shared_data / "greenbutton").glob("*.xml")))


GREEN = [
    ("TestGBDataOneYearDailyBinnedMonthly.xml", "1/1", 444, 9_917.817, "2013-01-01 05:00"),
    ("electric_containerized.xml", "3/1", 8, 4.086, "2011-01-01 08:00"),
    ("test_usage_data_1.xml", "9B6C7066/5446AF3F", 480, 511.688, "2012-03-01 05:00"),
    ("BulkSCEUsageSummaryAndIntervalBlock.xml", "VJEWP31BE/NB6WRU", 3, 0.620, "2015-06-07 07:00"),
    ("intervals_APUC000000_electric.xml", "237422/1402026", 300, 248.530, "2023-02-22 18:00"),
]


@pytest.mark.parametrize(("name", "meter_id", "readings", "kwh", "first"), GREEN)
def test_green_button_energy(green: Ran, name: str, meter_id: str, readings: int, kwh: float, first: str) -> None:
    """Watt-hours of the linked ReadingType become kWh: no summary is added, nothing is taken for therms."""
    own = green.of(meter_id).dropna(subset="kwh")

    assert (len(own), own["kwh"].sum()) == (readings, pytest.approx(kwh, rel=1e-9))
    assert str(own["interval_start_utc"].min())[:16] == first
    assert green.file(name).kwh == pytest.approx(kwh, rel=1e-9)


def test_green_button_days_of_23_and_25_hours(green: Ran) -> None:
    """Daily readings of 23, 24 and 25 hours are whole local days: no gap, no overlap, one row a day."""
    own = green.of("1/1")
    lengths = own.set_index(own["interval_start"].dt.strftime("%Y-%m-%d"))["interval_minutes"]
    days = green.daily.query("meter_id == '1/1'")

    assert lengths.value_counts().to_dict() == {1440: 441, 1380: 2, 1500: 1}
    assert lengths[lengths != 1440].to_dict() == {"2013-03-10": 1380, "2013-11-03": 1500, "2014-03-09": 1380}
    assert (len(days), days["energy_kwh"].sum()) == (444, pytest.approx(9_917.817))
    assert green.findings("V05", "1/1") == []


def test_green_button_gap(green: Ran) -> None:
    """Four hours, eight missing from 12:00 UTC, four hours."""
    assert green.runs("V05", "3/1") == [("2011-01-01 12:00", 8)]


def test_green_button_quality(green: Ran) -> None:
    """Quality 8 is an estimate and 7 an edit: carried, not lost; 19 is kept as actual and noted."""
    own = green.of("9B6C7066/5446AF3F")

    assert own["quality"].tolist()[:3] == ["estimated", "edited", "actual"]
    assert set(own["quality"].tolist()[2:]) == {"actual"}
    assert set(green.of("VJEWP31BE/NB6WRU")["quality"]) == {"actual"}
    assert any("quality 19" in note for note in green.file("IntervalBlock.xml").notes)


def test_green_button_gas_is_refused(green: Ran) -> None:
    """36 periods with one start are no series, and nothing says that they are electricity."""
    (refused,) = green.report.refused

    assert refused.path.name.startswith("ngma_gas")
    assert "36 periods" in refused.refusal.reason
    assert "1721154384.66136" in refused.refusal.reason
    assert "electricity" in refused.refusal.reason


# ---- energy_sparks_amr -----------------------------------------------------------------------------------------------

UK = {"timezone": "Europe/London", "date_format": "day-first"}


@pytest.fixture(scope="module")
def amr(shared_data: Path) -> Path:
    """Folder of the files."""
    return shared_data / "energy_sparks_amr"


def test_amr_row_per_day(run_files: Run, amr: Path) -> None:
    """One day of 48 values."""
    ran = run_files([amr / "amr_data/row-per-day/valid.csv"], **UK)
    (day,) = ran.daily.itertuples()

    assert (day.date, day.expected_intervals, day.coverage) == ("2018-11-12", 48, 1.0)
    assert day.energy_kwh == pytest.approx(901.889218, rel=1e-9)


def test_amr_date_that_can_be_two_days_is_asked_for(run_files: Run, amr: Path) -> None:
    """A single date 12/11/18 decides nothing: the user is asked, with the option that settles it."""
    (refused,) = run_files([amr / "amr_data/row-per-day/valid.csv"], timezone="Europe/London").report.refused

    assert refused.refusal.rule_id == "V01"
    assert "--date-format day-first|month-first" in refused.refusal.remedy


def test_amr_duplicate_rows(run_files: Run, amr: Path) -> None:
    """The same meter and day twice, zeros first: V02, the later row is kept and the earlier one traceable."""
    ran = run_files([amr / "amr_data/row-per-day/duplicate-rows.csv"], **UK)
    (finding,) = ran.findings("V02")
    with ran.engine.connect() as connection:
        versions = pd.read_sql_query("SELECT energy_kwh FROM reading_versions", connection)

    assert "9 identical, 39 with another value" in finding.detail
    assert ran.readings["kwh"].sum() == pytest.approx(901.889218, rel=1e-9)
    assert versions["energy_kwh"].tolist() == [0.0] * 39


def test_amr_missing_readings(run_files: Run, amr: Path) -> None:
    """Three days: a gap of 365 days between the first two, and of the last 28 of 48 half-hours."""
    ran = run_files([amr / "amr_data/row-per-day/some-missing-readings.csv"], timezone="Europe/London")
    last = ran.day("K0229111D6", "2018-11-13")
    full = [ran.day("K0229111D6", date)["coverage"] for date in ("2017-11-11", "2018-11-12")]

    assert full == [1.0, 1.0]
    assert (last["raw_kwh"], last["coverage"]) == (pytest.approx(732.199154, rel=1e-9), pytest.approx(28 / 48))
    assert ran.runs("V05") == [("2017-11-12 00:00", 365 * 48)]
    assert ran.runs("V17") == [("2018-11-13 00:00", 28)]


@pytest.fixture(scope="module")
def amr_bad(run_files: Run, amr: Path) -> Ran:
    """What cannot be loaded, and two good files among it, in one run."""
    names = ("row-per-day/empty-with-header.csv", "row-per-day/malformed.csv", "row-per-day/no-readings.csv")
    more = ("row-per-reading/empty-msft.csv", "row-per-reading/valid.csv")
    files = [amr / "amr_data" / name for name in (*names, *more)]
    uploads = [amr / "amr_upload_data_files" / name for name in ("not_a_csv.csv", "date-test.xlsx")]
    nulls = amr / "amr_upload_data_files" / "with-nulls-and-empty-lines.csv"
    return run_files([*files, *uploads, nulls], **UK)


@pytest.mark.parametrize(
    ("name", "rule_id", "why"),
    [
        ("empty-with-header.csv", "V21", "it has a header and no readings"),
        ("malformed.csv", "V21", "line 3: a quote is opened and never closed"),
        ("empty-msft.csv", "V21", "it holds only 'sep=,'"),
        ("not_a_csv.csv", "V21", "this is a picture (PNG)"),
        ("date-test.xlsx", "V21", "nothing says which is meant"),
    ],
)
def test_amr_refusals(amr_bad: Ran, name: str, rule_id: str, why: str) -> None:
    """Each is refused as what it is, in one line."""
    refusal = amr_bad.file(name).refusal

    assert refusal.rule_id == rule_id
    assert why in refusal.reason
    assert "\n" not in str(refusal)


def test_amr_row_of_blanks(amr_bad: Ran) -> None:
    """48 blanks: nothing is stored, and one message says so."""
    file = amr_bad.file("no-readings.csv")
    told = [one.detail for one in file.findings]

    assert "K0229111D6" not in set(amr_bad.readings["meter_id"])
    assert file.refusal or len(told) == 1
    assert "no value" in (str(file.refusal) if file.refusal else told[0])


def test_amr_row_per_reading(amr_bad: Ran) -> None:
    """48 readings from 00:30 to 00:00 mark interval ends: one whole day of 26 August 2019."""
    day = amr_bad.day("1710035168313", "2019-08-26")

    assert (day["energy_kwh"], day["coverage"]) == (pytest.approx(1_272.1), 1.0)
    assert len(amr_bad.of("1710035168313")) == 48


def test_amr_damaged_bytes(amr_bad: Ran) -> None:
    """UTF-16 with lost bytes: 15 readings, 79.1 kWh, an incomplete day, and the repair is said."""
    own = amr_bad.of("1700051910531")

    assert (len(own), own["kwh"].sum()) == (15, pytest.approx(79.1))
    assert amr_bad.runs("V17", "1700051910531") == [("2019-08-26 23:00", 15)]
    assert any("encoding repaired" in note for note in amr_bad.file("empty-lines.csv").notes)


HIGHLANDS = [1_272.1, 486.4, 21.9, 1_319.4, 159.1, 181.6, 441.6, 0.0, 510.8, 75.6]


def test_amr_highlands(run_files: Run, amr: Path) -> None:
    """Ten meters, a whole day each, one of them all estimated by the supplier, one all zero."""
    ran = run_files([amr / "amr_highlands/example.csv"], timezone="Europe/London")
    sums = ran.readings.groupby("meter_id")["kwh"].sum()
    estimated = ran.readings[ran.readings["quality"] == "estimated"]

    assert sorted(sums) == pytest.approx(sorted(HIGHLANDS))
    assert ran.readings.groupby("meter_id").size().tolist() == [48] * 10
    assert estimated.groupby("meter_id")["kwh"].agg(["size", "sum"]).to_numpy().tolist() == [[48, pytest.approx(510.8)]]


def test_amr_highlands_with_missing_half_hours(run_files: Run, amr: Path) -> None:
    """An eleventh meter ends at 23:00 with 46 of 48 half-hours, 917.2 kWh."""
    ran = run_files([amr / "amr_highlands/example-missing-half-hours.csv"], timezone="Europe/London")
    (part,) = ran.daily[ran.daily["coverage"] < 0.99].query("estimated_share == 0").itertuples()

    assert sorted(ran.readings.groupby("meter_id")["kwh"].sum()) == pytest.approx(sorted([*HIGHLANDS, 917.2]))
    assert (part.expected_intervals, part.coverage) == (48, pytest.approx(46 / 48))
    assert part.energy_kwh == pytest.approx(917.2)


BANES = {
    "2200012767323": 226.103,
    "2200012030374": 162.183,
    "2200040922992": 376.7,
    "2000006183919": 89.94,
    "2200012833358": 259.503,
}


@pytest.mark.parametrize("name", ["banes-example-file.csv", "banes-example-file.xlsx"])
def test_amr_banes(run_files: Run, amr: Path, name: str) -> None:
    """Five meters of one day, as text and as a workbook: every total of the file is the sum of its cells."""
    ran = run_files([amr / "amr_upload_data_files" / name], timezone="Europe/London")

    assert ran.daily.set_index("meter_id")["energy_kwh"].to_dict() == pytest.approx(BANES)
    assert set(ran.daily["date"]) == {"2019-11-13"}
    assert ran.findings("V13") == []


@pytest.fixture(scope="module")
def amr_uploads(run_files: Run, amr: Path) -> Ran:
    """Files with faults in single rows, and other layouts, in one run."""
    names = (
        "banes-bad-example-file.csv",
        "banes-bad-example-missing-and-invalid-mpan-file.csv",
        "example-sheffield-file.csv",
        "with-mixed-line-endings.csv",
    )
    return run_files([amr / "amr_upload_data_files" / name for name in names], **UK)


def test_amr_bad_date_refuses_the_row(amr_uploads: Ran) -> None:
    """The row dated KABOOM is left out with its line; the first row loads."""
    (finding,) = amr_uploads.findings("V01")

    assert "line 3: 'KABOOM'" in finding.detail
    assert amr_uploads.kwh("2200012767323") == pytest.approx(226.103)


def test_amr_total_and_damaged_names(amr_uploads: Ran) -> None:
    """Total 226.103 against 226.191 is V13; a blank id and one that a spreadsheet has damaged are left out, named."""
    (total,) = amr_uploads.findings("V13")
    (names,) = [one for one in amr_uploads.findings("V21") if "meter id" in one.detail]

    assert "total 226.103, sum 226.191" in total.detail
    assert amr_uploads.kwh("1234567890") == pytest.approx(226.191)
    assert "1.23405E+12" in names.detail
    assert names.intervals == 2


def test_amr_sheffield(amr_uploads: Ran, run_files: Run, amr: Path) -> None:
    """Two days, 1,099.849 kWh, also with an empty column in front; blank reactive columns are no reactive channel."""
    other = run_files([amr / "amr_upload_data_files" / "example-bad-sheffield-file.csv"], **UK)

    for ran in (amr_uploads, other):
        own = ran.readings[ran.readings["meter_id"] == "2336533093112"]
        assert (len(own), own["kwh"].sum()) == (96, pytest.approx(1_099.849, rel=1e-9))
        assert set(own["channel"]) == {"delivered"}
    assert sorted(other.daily["date"]) == ["2019-12-10", "2019-12-11"]


def test_amr_mixed_line_endings(amr_uploads: Ran) -> None:
    """Three days without names, 893.9 kWh, and a gap of 362 days before the last."""
    own = amr_uploads.of("2200013680374").dropna(subset="kwh")
    dates = own["interval_start"].dt.strftime("%Y-%m-%d").unique().tolist()

    assert (len(own), own["kwh"].sum()) == (144, pytest.approx(893.9))
    assert dates == ["2017-04-01", "2017-04-02", "2018-03-31"]
    assert [count for _, count in amr_uploads.runs("V05", "2200013680374")] == [362 * 48]
    assert not np.isnan(own["energy_kwh"]).any()
