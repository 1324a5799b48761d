"""Every meter file of ../shared/data from end to end: what its folder's README says must be reported.

The Cambridge estate, the files of suppliers and the cases of other projects have modules of their own beside this one.
"""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import FileRefusedError
from pipeline.stores.database import known_files, read_channels

pytestmark = pytest.mark.shared_data

Ran = Any
"""`Ran` of conftest.py."""

Run = Callable[..., Ran]

SLB_CLOCKS = """
timezone = "UTC"

[[feed]]
glob = "*_210_*"
timezone = "America/Los_Angeles"
"""

SLB_FILES = {
    "Building_110_2019-01.csv": ("Building 110", "2019-01", 23_073.2, 58.1, "2019-01-23 16:00", 702.2),
    "Building_110_2019-03.csv": ("Building 110", "2019-03", 20_861.9, 52.2, "2019-03-12 13:00", 668.5),
    "Building_210_2018-11_DST.csv": ("Building 210", "2018-11", 117_476.103, 209.229, "2018-11-27 12:00", 4_382.675),
    "Building_210_2019-03_DST.csv": ("Building 210", "2019-03", 114_069.465, 210.092, "2019-03-15 11:00", 4_210.641),
    "Building_555_2019-01.csv": ("Building 555", "2019-01", 695_897.1, 1_330.5, "2019-01-24 12:00", 24_527.1),
    "Building_555_2019-03.csv": ("Building 555", "2019-03", 696_759.3, 1_286.6, "2019-03-12 15:00", 25_091.5),
}
"""File to building, month, sum, largest hour and when it is, and the sum of the 00:00 cells alone. [kWh]"""


# ---- slb_wide --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def slb(run_files: Run, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """All six files in one run, each with its clock."""
    config = tmp_path_factory.mktemp("slb") / "hyperwatt.toml"
    config.write_text(SLB_CLOCKS)
    return run_files(sorted((shared_data / "slb_wide").glob("*.csv")), config=config)


@pytest.mark.parametrize("name", SLB_FILES)
def test_slb_originals_sum_to_their_file(slb: Ran, name: str) -> None:
    """What was read stands in `readings`, whole, and not what one cell a day would give."""
    meter_id, month, kwh, peak, peak_at, midnights = SLB_FILES[name]
    own = slb.of(meter_id)[lambda frame: frame["interval_start"].dt.strftime("%Y-%m") == month]
    largest = own.loc[own["kwh"].idxmax()]

    assert own["kwh"].sum() == pytest.approx(kwh, rel=1e-9)
    assert slb.file(name).kwh == pytest.approx(kwh, rel=1e-9)
    assert own["kwh"].sum() != pytest.approx(midnights, rel=0.5)
    assert (largest["kwh"], str(largest["interval_start"])[:16]) == (pytest.approx(peak, abs=1e-3), peak_at)


def test_slb_days_differ_only_by_findings(slb: Ran) -> None:
    """A day's energy is the sum of what was read, except where a finding names an interval of it."""
    readings = slb.readings.assign(date=slb.readings["interval_start"].dt.strftime("%Y-%m-%d"))
    seconds = readings["interval_start_utc"].astype("int64") // 10**6
    named = np.zeros(len(readings), dtype=bool)
    for one in slb.report.findings:
        within = seconds.between(one.first_start_utc, one.last_start_utc)
        named |= (within & (readings["meter_id"] == one.meter_id)).to_numpy()
    days = readings.assign(named=named).groupby(["meter_id", "date"])
    days = slb.daily.merge(days.agg(kwh=("kwh", "sum"), named=("named", "any")), on=["meter_id", "date"])
    differs = ~np.isclose(days["energy_kwh"], days["kwh"], rtol=1e-9)

    assert len(days) == len(slb.daily)
    assert not (differs & ~days["named"]).any()
    assert 0 < differs.sum() < days["named"].sum() + 1
    assert days["raw_kwh"].fillna(0).to_numpy() == pytest.approx(days["kwh"].to_numpy(), rel=1e-9)


def test_slb_autumn_day_has_25_hours(slb: Ran) -> None:
    """The hour that stands twice is two hours: daylight time first, both kept, and nobody calls them duplicates."""
    own = slb.of("Building 210")
    twice = own[own["interval_start"] == pd.Timestamp("2018-11-04 01:00")]

    assert twice["kwh"].tolist() == [132.37, 129.06]
    assert [str(start)[:16] for start in twice["interval_start_utc"]] == ["2018-11-04 08:00", "2018-11-04 09:00"]
    assert slb.day("Building 210", "2018-11-04")[["expected_intervals", "coverage"]].tolist() == [25, 1.0]
    assert slb.findings("V02") == []


def test_slb_spring_day_has_23_hours(slb: Ran) -> None:
    """A day without its 02:00 is complete, and no finding says otherwise."""
    assert slb.day("Building 210", "2019-03-10")[["expected_intervals", "coverage"]].tolist() == [23, 1.0]
    assert slb.runs("V05", "Building 210") == [("2018-12-01 08:00", 2160)]
    assert slb.findings("V03") == []


@pytest.mark.parametrize(("meter_id", "half"), [("Building 110", 10.9), ("Building 555", 353.9)])
def test_slb_first_hour_is_half(slb: Ran, meter_id: str, half: float) -> None:
    """The first hour of January holds half an hour: V17, with what was read kept beside the estimate."""
    first = slb.of(meter_id).iloc[0]

    assert slb.runs("V17", meter_id) == [("2019-01-01 00:00", 1)]
    assert (first["raw_kwh"], first["quality"], first["rule_id"]) == (half, "estimated", "V17")
    assert first["energy_kwh"] > 1.5 * half


# ---- variants of slb_wide --------------------------------------------------------------------------------------------


def stamps_as(notation: str) -> Callable[[list[str]], list[str]]:
    """A function that writes the stamps of a header in another notation."""
    return lambda header: [*header[:2], *(pd.Timestamp(stamp).strftime(notation) for stamp in header[2:])]


def same(cells: list[str]) -> list[str]:
    """Cells as they are."""
    return cells


SLB_VARIANTS: dict[str, tuple[Callable[[list[str]], list[str]], Callable[[list[str]], list[str]]]] = {
    "Building 110 North": (same, same),
    "ISO": (stamps_as("%Y-%m-%d %H:%M"), same),
    "ISO T seconds": (stamps_as("%Y-%m-%dT%H:%M:%S"), same),
    "day-first": (stamps_as("%d/%m/%Y %H:%M"), same),
    "dots": (stamps_as("%d.%m.%Y %H:%M"), same),
    "no second column": (lambda header: [header[0], *header[2:]], lambda row: [row[0], *row[2:]]),
    "blank cell": (same, lambda row: [*row[:100], "", *row[101:]]),
    "word in a cell": (same, lambda row: [*row[:100], "n/a?", *row[101:]]),
    "one cell short": (same, lambda row: row[:-1]),
}
"""Name of the building to what is done to the header, and to the row, of Building 110 in January 2019."""


@pytest.fixture(scope="module")
def slb_variants(run_files: Run, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Every variant as a file of its own, and one with two buildings, in one run."""
    folder = tmp_path_factory.mktemp("variants")
    text = (shared_data / "slb_wide" / "Building_110_2019-01.csv").read_text()
    header, row = (line.split(",") for line in text.splitlines())
    for name, (of_header, of_row) in SLB_VARIANTS.items():
        lines = [of_header(header), of_row([name, *row[1:]])]
        (folder / f"{name}.csv").write_text("".join(",".join(line) + "\n" for line in lines))
    two = [header, ["First", *row[1:]], ["Second", *row[1:]]]
    (folder / "two rows.csv").write_text("".join(",".join(line) + "\n" for line in two))
    return run_files([folder], timezone="UTC")


@pytest.mark.parametrize(
    "meter_id",
    ["Building 110 North", "ISO", "ISO T seconds", "day-first", "dots", "no second column", "First", "Second"],
)
def test_slb_variants_load_whole(slb_variants: Ran, meter_id: str) -> None:
    """Suffixes, other notations, no second column, two rows: each building has the whole month."""
    assert slb_variants.kwh(meter_id) == pytest.approx(23_073.2, rel=1e-9)
    assert len(slb_variants.of(meter_id)) == 744


def test_slb_blank_cell_is_a_gap(slb_variants: Ran) -> None:
    """A blank is a missing reading, not zero: estimated, and told."""
    cell = slb_variants.of("blank cell").iloc[98]

    assert slb_variants.runs("V05", "blank cell") == [("2019-01-05 02:00", 1)]
    assert (cell["quality"], cell["method"], cell["rule_id"]) == ("estimated", "linear", "V05")


def test_slb_word_in_a_cell_is_named(slb_variants: Ran) -> None:
    """A cell that is no number is told with building, line, column and text."""
    (finding,) = slb_variants.findings("V21")

    assert finding.meter_id == "word in a cell"
    assert "line 2, column '01/05/2019 02:00': 'n/a?'" in finding.detail


def test_slb_row_that_does_not_fit_is_refused(slb_variants: Ran) -> None:
    """A row with fewer cells than its header cannot be placed: the building, the counts and why are said."""
    refusal = slb_variants.file("one cell short.csv").refusal

    assert isinstance(refusal, FileRefusedError)
    assert "one cell short" in refusal.reason
    assert "745 cells and the header 746" in refusal.reason


# ---- again, corrected, and in archives -------------------------------------------------------------------------------


def stored(ran: Ran) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What stands in the database: readings, and the readings that others replaced."""
    with ran.engine.connect() as connection:
        tables = [f"SELECT * FROM {name} ORDER BY channel_id, start_utc" for name in ("readings", "reading_versions")]
        return tuple(pd.read_sql_query(query, connection) for query in tables)


def test_slb_again_changes_nothing(run_files: Run, shared_data: Path, tmp_path: Path) -> None:
    """The same file, under another name too, is known by its bytes: no row, no extract changes."""
    path = shared_data / "slb_wide" / "Building_110_2019-01.csv"
    copy = tmp_path / "copy of january.csv"
    copy.write_bytes(path.read_bytes())
    first = run_files([path], tmp_path / "out", timezone="UTC")
    before, extracts = stored(first), [first.readings, first.daily, first.extract("findings")]
    again = run_files([path, copy], tmp_path / "out", timezone="UTC")

    assert again.report.known == [path, copy]
    assert (again.report.files, sum(again.report.written)) == ([], 0)
    for one, other in zip((*before, *extracts), (*stored(again), again.readings, again.daily), strict=False):
        pd.testing.assert_frame_equal(one, other)
    assert len(again.extract("findings")) == len(extracts[2])


def test_slb_corrected_file_supersedes(run_files: Run, shared_data: Path, tmp_path: Path) -> None:
    """One changed cell changes one reading; what it was stays in `reading_versions`, and the extracts follow."""
    path = shared_data / "slb_wide" / "Building_110_2019-01.csv"
    header, row = path.read_text().splitlines()
    cells = row.split(",")
    noon = header.split(",").index("01/16/2019 12:00")
    was, cells[noon] = float(cells[noon]), f"{float(cells[noon]) + 1.5:g}"
    corrected = tmp_path / path.name
    corrected.write_text(f"{header}\n{','.join(cells)}\n")
    first = run_files([path], tmp_path / "out", timezone="UTC")
    days = first.daily.set_index("date")["energy_kwh"]
    ran = run_files([corrected], tmp_path / "out", timezone="UTC")
    readings, versions = stored(ran)
    changed = ran.of("Building 110").set_index("interval_start").loc["2019-01-16 12:00"]
    moved = ran.daily.set_index("date")["energy_kwh"] - days

    assert (ran.report.written.changed, ran.report.written.inserted) == (1, 0)
    assert changed["energy_kwh"] == pytest.approx(was + 1.5)
    assert versions["energy_kwh"].tolist() == [was]
    assert readings.loc[readings["start_utc"] == versions["start_utc"].iloc[0], "file_id"].tolist() == [2]
    assert moved[moved.abs() > 1e-9].round(9).to_dict() == {"2019-01-16": 1.5}
    assert ran.kwh("Building 110") == pytest.approx(23_073.2 + 1.5, rel=1e-9)


def test_slb_archive_with_a_bad_member(run_files: Run, shared_data: Path, tmp_path: Path) -> None:
    """Of a zip the good members load, the bad one is refused by its name in the archive; again, all are known."""
    archive = tmp_path / "january and march.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in ("Building_110_2019-01.csv", "Building_555_2019-03.csv"):
            file.write(shared_data / "slb_wide" / name, name)
        file.write(shared_data / "energy_sparks_amr" / "amr_upload_data_files" / "not_a_csv.csv", "logo.csv")
    ran = run_files([archive], tmp_path / "out", timezone="UTC")
    (refused,) = ran.report.refused
    again = run_files([archive], tmp_path / "out", timezone="UTC")

    assert ran.kwh("Building 110") == pytest.approx(23_073.2, rel=1e-9)
    assert ran.kwh("Building 555") == pytest.approx(696_759.3, rel=1e-9)
    assert refused.path.as_posix().endswith("january and march.zip/logo.csv")
    assert "picture (PNG)" in refused.refusal.reason
    assert sum(again.report.written) == 0
    assert sorted(path.name for path in again.report.known) == ["Building_110_2019-01.csv", "Building_555_2019-03.csv"]


# ---- esb_hdf ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def esb(run_files: Run, shared_data: Path) -> Ran:
    """One Irish home, half-hours."""
    return run_files([shared_data / "esb_hdf" / "HDF_masked_02-03-2023.csv"], timezone="Europe/Dublin")


ESB = "10000000001"


def test_esb_values_are_power(esb: Ran) -> None:
    """Mean kW become 1,258.6665 kWh, not the column's sum of 2,517.333; 7.18 kW is the peak, ending at 19:30."""
    peak = esb.day(ESB, "2022-12-11")

    assert esb.file("2023.csv").kwh == pytest.approx(1_258.6665, rel=1e-9)
    assert esb.kwh(ESB) == pytest.approx(1_258.6665, rel=1e-9)
    assert (peak["peak_kw"], str(peak["peak_start"])) == (pytest.approx(7.18), "2022-12-11 19:00:00")
    assert esb.daily["peak_kw"].max() == pytest.approx(7.18)


def test_esb_missing_half_hours(esb: Ran) -> None:
    """83 half-hours are missing in 15 gaps; the day-long one begins with the interval ending 2023-02-22 04:00."""
    gaps = esb.runs("V05")

    assert (len(gaps), sum(count for _, count in gaps)) == (15, 83)
    assert gaps[0] == ("2023-02-22 03:30", 48)
    assert {start[:10] for start, _ in gaps[1:]} == {"2023-02-24", "2023-02-25", "2023-02-26"}


def test_esb_zeros_beside_gaps(esb: Ran) -> None:
    """Four zeros from the interval ending 11:00 to that ending 12:30 stand beside gaps: V08."""
    assert esb.runs("V08") == [("2023-02-26 11:00", 4)]


def test_esb_days(esb: Ran) -> None:
    """91 of 97 days are complete; the oldest row belongs to 22 November, the newest five days lack readings."""
    read = esb.readings.dropna(subset="kwh").groupby(esb.readings["interval_start"].dt.strftime("%Y-%m-%d")).size()
    partial = read[read < 48].index.tolist()

    assert (len(read), int((read == 48).sum())) == (97, 91)
    assert partial == ["2022-11-22", "2023-02-22", "2023-02-23", "2023-02-24", "2023-02-25", "2023-02-26"]
    assert esb.readings["interval_start"].min() == pd.Timestamp("2022-11-22 23:30")


def test_esb_dates_are_day_first(esb: Ran) -> None:
    """The whole file decides the order of day and month, and says so."""
    assert any("day-first" in note for note in esb.file("2023.csv").notes)


# ---- india_statewise -------------------------------------------------------------------------------------------------


def test_india_is_refused(run_files: Run, shared_data: Path) -> None:
    """Dates that cannot be true: one refusal that says why and what to do, and nothing anywhere."""
    ran = run_files([shared_data / "india_statewise" / "long_data_original.csv"], timezone="Asia/Kolkata")
    (refused,) = ran.report.refused
    line = str(refused.refusal)

    assert refused.refusal.rule_id == "V01"
    assert "35 days such as 2020-06-01 stand in 7 months with no day after the 12th" in line
    assert "--insist" in line
    assert "\n" not in line
    assert (ran.report.channels, sum(ran.report.written)) == (0, 0)
    assert len(read_channels(ran.engine)) == 0
    assert known_files(ran.engine) == {}


def test_india_can_be_insisted_on(run_files: Run, shared_data: Path) -> None:
    """Whoever insists gets all of it, every reading marked, and the finding that says so."""
    path = shared_data / "india_statewise" / "long_data_original.csv"
    ran = run_files([path], timezone="Asia/Kolkata", insist=True, unit="GWh")
    marked = ran.findings("V01")

    assert ran.file("original.csv").kwh == pytest.approx(1_709_727.9e6, rel=1e-9)
    assert ran.report.channels == 33
    assert sum(one.intervals for one in marked) >= 16_599
    assert (ran.readings.loc[ran.readings["kwh"].notna(), "rule_id"] == "V01").all()
    assert {count for one in ran.findings("V02") for count in [one.intervals]} == {5}


# ---- uci_household ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def uci(run_files: Run, shared_data: Path) -> Ran:
    """One French home, minutes and days."""
    return run_files(sorted((shared_data / "uci_household").glob("*.csv")), timezone="Europe/Paris")


MINUTES, DAYS = "uci_1min_20061216_20061231", "uci_daily_2006_2010"


def test_uci_missing_minutes(uci: Ran) -> None:
    """Four minutes marked `?` are missing on all five channels of the home: two events."""
    own = uci.of(MINUTES)
    missing = own.loc[own["kwh"].isna(), "interval_start"].dt.strftime("%m-%d %H:%M").tolist()

    assert missing == ["12-21 11:23", "12-21 11:24", "12-30 10:08", "12-30 10:09"]
    assert len(own) == 21_996


@pytest.mark.parametrize(
    ("meter_id", "kwh"),
    [(MINUTES, 696.888), ("Sub_metering_1", 27.460), ("Sub_metering_2", 48.712), ("Sub_metering_3", 162.951)],
)
def test_uci_energy(uci: Ran, meter_id: str, kwh: float) -> None:
    """Mean kW and Wh of the minute are the same energy; what no sub-meter has is 457.765 kWh."""
    own = uci.of(meter_id)

    assert own.loc[own["interval_minutes"] == 1, "kwh"].sum() == pytest.approx(kwh, abs=5e-4)


def test_uci_days(uci: Ran) -> None:
    """16 December is a part of a day with 20.153 kWh; 23 December used 79.556 kWh; the peak is 9.132 kW on the 28th."""
    first = uci.day(MINUTES, "2006-12-16")

    assert first["raw_kwh"] == pytest.approx(20.153, abs=5e-4)
    assert first["coverage"] == pytest.approx(396 / 1440)
    assert (MINUTES, 396) in [(one.meter_id, one.intervals) for one in uci.findings("V17")]
    assert uci.day(MINUTES, "2006-12-23")["energy_kwh"] == pytest.approx(79.556, abs=5e-4)
    assert uci.day(MINUTES, "2006-12-28")["peak_kw"] == pytest.approx(9.132)
    assert str(uci.day(MINUTES, "2006-12-28")["peak_start"]) == "2006-12-28 21:13:00"


def test_uci_power_factor(uci: Ran) -> None:
    """With the reactive channel beside it the power factor is 0.734 to 1."""
    own = uci.of(MINUTES).set_index("interval_start_utc")["kwh"]
    factor = own / np.hypot(own, uci.of(MINUTES, "reactive").set_index("interval_start_utc")["kwh"])

    assert (factor.min(), factor.max()) == (pytest.approx(0.734, abs=5e-4), 1.0)


def test_uci_daily_mean_power(uci: Ran) -> None:
    """Days of mean kW are taken for 24 h; nine have no value; the first, of 396 minutes, is told as doubtful."""
    own = uci.of(DAYS).set_index("interval_start")["kwh"]
    missing = own[own.isna()].index.strftime("%Y-%m-%d").tolist()
    (told,) = uci.findings("V17", DAYS)[:1]

    assert len(own) == 1_442
    assert missing == [
        *("2007-04-29", "2009-06-14", "2010-01-13", "2010-08-18", "2010-08-19", "2010-08-20", "2010-08-21"),
        *("2010-09-26", "2010-09-27"),
    ]
    assert own.iloc[0] == pytest.approx(3.0534747 * 24, rel=1e-6)
    assert "73.2834 kWh" in told.detail
    assert uci.of(DAYS)["raw_kwh"].isna().all()


# ---- pv_stale and bdg2_sample ----------------------------------------------------------------------------------------


def test_pv_stuck_runs(run_files: Run, shared_data: Path) -> None:
    """Exactly the three labelled runs are stuck; 1,015 zeros of the night are none, nor is anything else lost."""
    path = shared_data / "pv_stale" / "ac_power_inv_2173_stale_data.csv"
    ran = run_files([path], timezone="UTC", unit="kW")

    assert ran.runs("V09") == [("2011-01-03 09:15", 60), ("2011-01-06 11:00", 100), ("2011-01-14 09:00", 85)]
    assert len(ran.readings) == 3_000
    assert int(ran.readings["kwh"].isna().sum()) == 1_149
    assert int((ran.readings["kwh"] == 0).sum()) == 1_015
    assert ran.findings("V08") == []


def test_pv_without_a_unit_is_asked_for(run_files: Run, shared_data: Path) -> None:
    """A normalised power has no unit: the file is refused with the option that settles it."""
    ran = run_files([shared_data / "pv_stale" / "ac_power_inv_2173_stale_data.csv"], timezone="UTC")

    assert [file.refusal.rule_id for file in ran.report.refused] == ["V15"]
    assert "'value_normalized'" in str(ran.report.refused[0].refusal)
    assert "--unit" in ran.report.refused[0].refusal.remedy


def test_bdg2_asks_for_the_clock(run_files: Run, shared_data: Path) -> None:
    """Complete days say nothing of the clock: the user is asked, and nothing is guessed."""
    ran = run_files([shared_data / "bdg2_sample" / "bdg2_hourly_sample.csv"])
    (refused,) = ran.report.refused

    assert refused.refusal.rule_id == "V03"
    assert "--timezone" in refused.refusal.remedy


def test_bdg2_with_its_register(run_files: Run, shared_data: Path) -> None:
    """Both buildings are complete and nothing is stuck; metadata.csv is a register of sites and meters."""
    ran = run_files(sorted((shared_data / "bdg2_sample").glob("*.csv")), timezone="UTC")

    assert ran.kwh("building_1") == pytest.approx(1_396_657.01, abs=0.01)
    assert ran.kwh("building_2") == pytest.approx(1_613_382.05, abs=0.01)
    assert ran.readings.groupby("meter_id").size().tolist() == [6_553, 6_553]
    assert (ran.readings["quality"] == "actual").all()
    assert (ran.findings("V05"), ran.findings("V09")) == ([], [])
    assert [path.name for path in ran.report.registers] == ["metadata.csv"]


# ---- what is no meter file -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def others(run_files: Run, shared_data: Path) -> Ran:
    """Weather, carbon, prices, factors, answers of services, licences and pages, all in one run."""
    folders = ("cambridge/weather_bedford", "cambridge/carbon_intensity", "cambridge/agile_price_region_a")
    pages = [shared_data / name for name in ("cambridge/LICENSE", "cambridge/README.md")]
    files = [shared_data / name for name in (*folders, "api_samples", "emission_factors")]
    return run_files([*files, *pages], timezone="UTC")


def test_other_files_load_as_nothing(others: Ran) -> None:
    """Not one of them becomes a reading, and each is refused with one line that says what it is."""
    lines = [str(file.refusal) for file in others.report.files]

    assert len(lines) == 8 + 2 + 19 + 8
    assert sum(others.report.written) == 0
    assert all(file.refusal for file in others.report.files)
    assert all("\n" not in line for line in lines)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("weather_bedford/2019.csv", "air_temperature"),
        ("carbon_intensity/2019.csv", "Carbon Intensity [kg_CO2/kWh]"),
        ("agile_price_region_a/2020.csv", "Electricity Pricing"),
        ("carbonintensity_error_400.json", "JSON"),
        ("owm_current_2_5.json", "JSON"),
        ("factors.csv", "no column holds dates or instants"),
    ],
)
def test_other_files_are_named(others: Ran, name: str, what: str) -> None:
    """The refusal says what was seen: a page of JSON, or columns that hold no energy."""
    refusal = others.file(name).refusal

    assert refusal.rule_id == "V21"
    assert what in refusal.reason
