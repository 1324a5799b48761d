"""The campus layout: one building a row, instants across the header."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import FileRefusedError
from pipeline.sources.sniff import open_sources
from pipeline.sources.source import Batch, Feed, Source

DAY = [f"12/13/2018 {hour:02d}:00" for hour in range(24)]
VALUES = [str(hour + 0.5) for hour in range(24)]


def opened(path: Path, **said: object) -> tuple[Source, list[Batch]]:
    """Read a file that holds one source."""
    (source,) = open_sources(path, Feed(**said))  # type: ignore[arg-type]
    return source, list(source.batches)


def written(folder: Path, *rows: list[str], ending: str = "\n") -> Path:
    """Write rows of cells."""
    path = folder / "campus.csv"
    path.write_text(ending.join(",".join(row) for row in rows) + ending, newline="")
    return path


def readings(source: Source, batches: list[Batch]) -> dict[str, list[float]]:
    """Give the values of each meter in file order."""
    found: dict[str, list[float]] = {stream.meter_id: [] for stream in source.streams}
    for batch in batches:
        for number, value in zip(batch.stream.tolist(), batch.value.tolist(), strict=True):
            found[source.streams[number].meter_id].append(value)
    return found


def test_names_are_kept_whole(tmp_path: Path) -> None:
    """ "Building 110 North" is not "Building 110", and metadata beside it is not needed to tell them apart."""
    path = written(
        tmp_path, ["Group", "Use", *DAY], ["Building 110", "x", *VALUES], ["Building 110 North", "x", *VALUES]
    )
    source, batches = opened(path)

    assert source.layout == "wide_row"
    assert [stream.meter_id for stream in source.streams] == ["Building 110", "Building 110 North"]
    assert readings(source, batches)["Building 110 North"] == [float(value) for value in VALUES]


@pytest.mark.parametrize("metadata", [0, 1, 3])
def test_any_number_of_metadata_columns_loads(tmp_path: Path, metadata: int) -> None:
    """A missing second column is no fault."""
    extra = [f"m{n}" for n in range(metadata)]
    source, batches = opened(written(tmp_path, ["Group", *extra, *DAY], ["B 1", *extra, *VALUES]))

    assert readings(source, batches) == {"B 1": [float(value) for value in VALUES]}


@pytest.mark.parametrize(
    "header",
    [
        pytest.param([f"2018-12-13 {hour:02d}:00" for hour in range(24)], id="ISO"),
        pytest.param([f"13/12/2018 {hour:02d}:00" for hour in range(24)], id="day-first"),
        pytest.param([f"12/13/18 {hour}:00" for hour in range(24)], id="short"),
        pytest.param([f"2018-12-13T{hour:02d}:00Z" for hour in range(24)], id="instants"),
    ],
)
def test_stamps_may_be_written_otherwise(tmp_path: Path, header: list[str]) -> None:
    """ISO, day-first and short stamps are the same hours."""
    source, (batch,) = opened(written(tmp_path, ["Group", *header], ["B 1", *VALUES]))

    assert batch.stamp.tolist() == [1544659200 + hour * 3600 for hour in range(24)]
    assert source.streams[0].timezone == ("UTC" if "Z" in header[0] else None)


def test_ambiguous_dates_are_refused_with_the_option(tmp_path: Path) -> None:
    """One day that can be read in two ways is settled by the user alone."""
    path = written(tmp_path, ["Group", *(f"02/03/2018 {hour:02d}:00" for hour in range(24))], ["B 1", *VALUES])

    with pytest.raises(FileRefusedError, match=r"V01 .*--date-format day-first\|month-first"):
        opened(path)
    assert opened(path, date_format="day-first")[1][0].stamp[0] == 1519948800


def test_repeated_header_hour_is_kept_twice_in_order(tmp_path: Path) -> None:
    """November's second 01:00 is an hour of its own, also where a tool has renamed it."""
    header = ["11/04/2018 00:00", "11/04/2018 01:00", "11/04/2018 01:00", "11/04/2018 02:00", "11/13/2018 00:00"]
    plain = opened(written(tmp_path, ["Group", *header], ["B 1", "1", "2", "3", "4", "5"]))[1]
    header[2] += ".1"
    renamed = opened(written(tmp_path, ["Group", *header], ["B 1", "1", "2", "3", "4", "5"]))[1]

    assert plain[0].value.tolist() == renamed[0].value.tolist() == [1, 2, 3, 4, 5]
    assert plain[0].stamp[1] == plain[0].stamp[2] == renamed[0].stamp[2]


def test_blank_and_bad_cells_are_missing_and_named(tmp_path: Path) -> None:
    """A blank is missing without a word; what is no number is missing with building, line, column and text."""
    path = written(tmp_path, ["Group", "x", *DAY], ["B 1", "", "1", "", "ERR", *VALUES[3:]])
    source, (batch,) = opened(path)

    assert np.flatnonzero(np.isnan(batch.value)).tolist() == [1, 2]
    (finding,) = source.findings
    assert (finding.rule_id, finding.meter_id, finding.intervals) == ("V21", "B 1", 1)
    assert "line 2, column '12/13/2018 02:00': 'ERR'" in finding.detail


def test_a_row_that_does_not_match_its_header_is_left_out(tmp_path: Path) -> None:
    """When cells are lost nobody knows which, so the building is refused and the others load."""
    path = written(tmp_path, ["Group", "x", *DAY], ["B 1", *VALUES], ["B 2", "", *VALUES], ["B 3", "", *VALUES, ""])
    source, batches = opened(path)

    assert sorted(readings(source, batches)) == ["B 2", "B 3"]
    assert "25 cells and the header 26" in source.findings[0].detail
    assert "line 2: 'B 1'" in source.findings[0].detail


def test_strict_refuses_the_file_for_one_cell(tmp_path: Path) -> None:
    """With `strict` one bad cell refuses everything."""
    path = written(tmp_path, ["Group", *DAY], ["B 1", "ERR", *VALUES[1:]])

    with pytest.raises(FileRefusedError, match="ERR"):
        opened(path, strict=True)


def test_a_file_without_a_usable_row_is_refused(tmp_path: Path) -> None:
    """Blank buildings, damaged names and blank values are nothing to load."""
    blank = written(tmp_path, ["Group", *DAY], ["", *VALUES], ["1.23405E+12", *VALUES])
    with pytest.raises(FileRefusedError, match="blank or damaged"):
        opened(blank)
    with pytest.raises(FileRefusedError, match="every value is blank"):
        opened(written(tmp_path, ["Group", *DAY], ["B 1", *[""] * 24]))


def test_second_row_of_a_building_is_a_meter_of_its_own(tmp_path: Path) -> None:
    """Rows that differ in metadata are different meters; the same row again is the same meter."""
    path = written(
        tmp_path, ["Group", "Meter", *DAY], *[["B 1", meter, *VALUES] for meter in ("main", "solar", "main")]
    )
    source, batches = opened(path)

    assert {meter: len(values) for meter, values in readings(source, batches).items()} == {"B 1": 48, "B 1-solar": 24}


def test_the_user_overrides_what_is_seen(tmp_path: Path) -> None:
    """Unit, clock, label and meters of a feed win."""
    path = written(tmp_path, ["Group", "Unit", *DAY], ["B 1", "Wh", *VALUES], ["B 2", "MWh", *VALUES])
    feed = {"timezone": "Europe/London", "label": "end", "meters": {"B 2": {"skip": True}, "B 1": {"meter_id": "main"}}}
    source, batches = opened(path, **feed)

    (stream,) = source.streams
    assert (stream.meter_id, stream.unit, stream.timezone, stream.label) == ("main", "Wh", "Europe/London", "end")
    assert sum(len(batch.value) for batch in batches) == 24
    assert opened(path, unit="kW")[0].streams[1].unit == "kW"


def test_quoted_cells_and_carriage_returns_load(tmp_path: Path) -> None:
    """Spreadsheets quote names with commas and end lines their own way."""
    path = written(tmp_path, ["Group", *DAY], ['"Hall, West"', *VALUES], ending="\r\n")

    assert opened(path)[0].streams[0].meter_id == "Hall, West"


def test_a_header_longer_than_the_sample_is_read_whole(tmp_path: Path) -> None:
    """Two years of quarter hours make a header of more than a megabyte."""
    stamps = np.arange(0, 2 * 365 * 96) * 900 + 1514764800
    header = np.datetime_as_string(stamps.astype("datetime64[s]"), unit="m").tolist()
    path = written(tmp_path, ["Group", *header], ["B 1", *["0.25"] * len(stamps)], ["B 2", *["0.5"] * len(stamps)])
    _, batches = opened(path)

    assert path.stat().st_size > 1_500_000
    assert [batch.value.sum() for batch in batches] == [len(stamps) / 4, len(stamps) / 2]
    assert (batches[1].stamp == stamps).all()


DAYS = [f"2018-12-{day}" for day in range(13, 23)]
HOURS = range(24)


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        pytest.param("Hour", [str(hour) for hour in HOURS], id="0"),
        pytest.param("Hour Ending", [*(str(hour + 1) for hour in HOURS), "Total"], id="1 and a total"),
        pytest.param("", [str(hour + 1) for hour in HOURS], id="no heading"),
        pytest.param("Hour", [f"H{hour + 1}" for hour in HOURS], id="H1"),
        pytest.param("Time", [f"{(hour + 11) % 12 + 1} {'AP'[hour // 12]}M" for hour in HOURS], id="12 AM"),
        pytest.param("Meter,Hour", [f"M{meter},{hour}" for meter in (1, 2) for hour in HOURS], id="two meters"),
    ],
)
def test_hours_down_and_days_across_are_no_meters(tmp_path: Path, heading: str, names: list[str]) -> None:
    """Each hour would be a meter with a reading a day."""
    path = written(tmp_path, [heading, *DAYS], *([name, *["1.5"] * 10] for name in names))

    with pytest.raises(FileRefusedError, match="each row is a time of day and each column a day, as '2018-12-13'"):
        opened(path)


def test_days_down_and_months_across_are_no_meters(tmp_path: Path) -> None:
    """Each day of the month would be a meter with a reading a month."""
    months = [f"{month}-23" for month in ("Jan", "Feb", "Mar", "Apr", "May")]
    path = written(tmp_path, ["Day", *months], *([str(day + 1), *["9.5"] * 5] for day in range(31)))

    with pytest.raises(FileRefusedError, match="each row is a day of the month and each column a month, as 'Jan-23'"):
        opened(path)


@pytest.mark.parametrize("heading", ["Building", "Flat"])
def test_numbered_meters_are_read(tmp_path: Path, heading: str) -> None:
    """Two dozen numbers are no hours where nothing says so."""
    path = written(tmp_path, [heading, *DAYS], *([str(number + 1), *["1.5"] * 10] for number in range(24)))

    assert len(opened(path)[0].streams) == 24


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_row_of_sums_is_no_meter(tmp_path: Path, place: int) -> None:
    """Wherever it stands, and only where it is one."""
    rows = [["Library", *["1.5"] * 10], ["Gym", *["2.25"] * 10]]
    rows.insert(place, ["Grand Total", *["3.75"] * 10])
    rows.insert(0, ["Max Planck House", *["0"] * 10])
    source, batches = opened(written(tmp_path, ["Group", *DAYS], *rows))

    assert readings(source, batches) == {"Library": [1.5] * 10, "Gym": [2.25] * 10, "Max Planck House": [0.0] * 10}
    assert "the row 'Grand Total' is left out: it is the sum of the others" in source.notes

    rows[place + 1][-1] = "4.75"
    assert "Grand Total" in readings(*opened(written(tmp_path, ["Group", *DAYS], *rows)))


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "stamps", "total", "midnights"),
    [
        ("Building_110_2019-01.csv", 744, 23_073.2, 702.2),
        ("Building_110_2019-03.csv", 744, 20_861.9, 668.5),
        ("Building_210_2018-11_DST.csv", 721, 117_476.103, 4_382.675),
        ("Building_210_2019-03_DST.csv", 743, 114_069.465, 4_210.641),
        ("Building_555_2019-01.csv", 744, 695_897.1, 24_527.1),
        ("Building_555_2019-03.csv", 744, 696_759.3, 25_091.5),
    ],
)
def test_campus_months_sum_to_their_energy(
    shared_data: Path, name: str, stamps: int, total: float, midnights: float
) -> None:
    """All hours of the month are read, not the one at midnight alone."""
    source, (batch,) = opened(shared_data / "slb_wide" / name)

    assert len(batch.stamp) == stamps
    assert batch.value.sum() == pytest.approx(total, rel=1e-9)
    assert batch.value[batch.stamp % 86400 == 0].sum() == pytest.approx(midnights, rel=1e-9)
    assert source.streams[0].meter_id == name.replace("_", " ")[:12]
    assert (source.streams[0].label, source.findings) == ("start", [])


@pytest.mark.shared_data
def test_the_november_hour_stands_twice(shared_data: Path) -> None:
    """132.37 kWh in daylight time, then 129.06 in standard time; March has no 02:00."""
    _, (november,) = opened(shared_data / "slb_wide" / "Building_210_2018-11_DST.csv")
    _, (march,) = opened(shared_data / "slb_wide" / "Building_210_2019-03_DST.csv")
    repeated = november.stamp == 1541293200

    assert november.value[repeated].tolist() == [132.37, 129.06]
    assert 1552183200 not in march.stamp
