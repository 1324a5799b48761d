"""The wide layout: a stamp in each row and one column a meter."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import FileRefusedError
from pipeline.sources.sniff import open_sources
from pipeline.sources.source import Batch, Feed, Source

HOURS = [f"2019-01-01 {hour:02d}:00" for hour in range(24)]


def opened(path: Path, **said: object) -> tuple[Source, list[Batch]]:
    """Read a file that holds one source."""
    (source,) = open_sources(path, Feed(**said))  # type: ignore[arg-type]
    return source, list(source.batches)


def written(folder: Path, header: str, cells: str = "1,2,3", hours: list[str] = HOURS) -> Path:
    """Write the same cells at every hour."""
    path = folder / "site.csv"
    path.write_text(header + "\n" + "".join(f"{hour},{cells}\n" for hour in hours))
    return path


def energy(source: Source, batches: list[Batch]) -> dict[str, float]:
    """Sum the values of each meter."""
    total = {stream.meter_id: 0.0 for stream in source.streams}
    for batch in batches:
        for number in range(len(source.streams)):
            total[source.streams[number].meter_id] += float(np.nansum(batch.value[batch.stream == number]))
    return total


def test_meters_that_grow_alike_are_both_there(tmp_path: Path) -> None:
    """Two columns of equal differences are one register told twice only where neither says whose it is."""
    path = tmp_path / "site.csv"
    rows = [f"{hour},{number + 1.0},{number + 2.0}" for number, hour in enumerate(HOURS)]
    path.write_text("timestamp,b1,b2\n" + "\n".join(rows) + "\n")

    source, _ = opened(path)

    assert [stream.meter_id for stream in source.streams] == ["b1", "b2"]


def test_columns_are_meters_under_their_own_names(tmp_path: Path) -> None:
    """Bare names are meters in kWh, and that is said."""
    source, batches = opened(written(tmp_path, "timestamp,b0,Solar Hall,Day Nursery"))

    assert source.layout == "wide"
    assert energy(source, batches) == {"b0": 24, "Solar Hall": 48, "Day Nursery": 72}
    assert {(stream.channel, stream.unit) for stream in source.streams} == {("delivered", "kWh")}
    assert "no unit is stated: values are taken as kWh (--unit)" in source.notes


def test_what_is_no_energy_is_left_out_by_name(tmp_path: Path) -> None:
    """Temperature, volts, amperes and prices are no meters, and the notes name them."""
    source, batches = opened(
        written(tmp_path, "timestamp,hall_kWh,air_temperature [degC],Voltage,price (p/kWh)", "1,2,3,4")
    )

    assert energy(source, batches) == {"hall_kWh": 24}
    assert any("air_temperature" in note and "Voltage" in note and "price" in note for note in source.notes)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("timestamp,RealPower,ReactivePower,x kWh", [("kW", "delivered", "site"), ("kVAr", "reactive", "site")]),
        ("timestamp,Import (kWh),Export (kWh),x", [("kWh", "delivered", "site"), ("kWh", "received", "site")]),
        ("timestamp,AEP_MW,hall-W,x", [("MW", "delivered", "AEP_MW"), ("W", "delivered", "hall-W")]),
        ("timestamp,kWh,kVArh,x", [("kWh", "delivered", "site"), ("kVArh", "reactive", "site")]),
    ],
)
def test_units_and_channels_stand_in_names(tmp_path: Path, header: str, expected: list[tuple[str, str, str]]) -> None:
    """A name that says only what is measured belongs to the file's meter; units and direction are its words."""
    source, _ = opened(written(tmp_path, header), layout="wide")

    assert [(each.unit, each.channel, each.meter_id) for each in source.streams[:2]] == expected


def test_a_late_meter_is_not_lost(tmp_path: Path) -> None:
    """A column that is blank at the beginning is a meter all the same."""
    hours = [f"2019-{1 + n // 672:02d}-{1 + n // 24 % 28:02d} {n % 24:02d}:00" for n in range(5000)]
    path = tmp_path / "site.csv"
    path.write_text(
        "timestamp,b0,b1\n" + "".join(f"{hour},1,{'' if n < 4996 else 5}\n" for n, hour in enumerate(hours))
    )
    source, batches = opened(path)

    assert energy(source, batches) == {"b0": 5000, "b1": 20}


def test_row_numbers_and_empty_columns_are_no_meters(tmp_path: Path) -> None:
    """A table saved with its index, and trailing commas, make no meter."""
    path = tmp_path / "site.csv"
    path.write_text(",timestamp,b0,\n" + "".join(f"{n},{hour},1,\n" for n, hour in enumerate(HOURS)))

    assert energy(*opened(path)) == {"b0": 24}


def test_clocks_may_differ_by_column(tmp_path: Path) -> None:
    """The clock is a property of a meter: the feed's entry for a column wins over the file's."""
    path = written(tmp_path, "timestamp,b0,b63,b64")
    source, _ = opened(path, timezone="UTC", meters={"b63": {"timezone": "Europe/London"}, "b64": {"skip": True}})

    assert [(each.meter_id, each.timezone) for each in source.streams] == [("b0", "UTC"), ("b63", "Europe/London")]


def test_newest_first_and_utc_names_are_told(tmp_path: Path) -> None:
    """A file that runs backwards says so; a stamp column called utc is UTC."""
    source, _ = opened(written(tmp_path, "time_utc,b0,b1,b2", hours=HOURS[::-1]))

    assert source.streams[0].newest_first
    assert source.streams[0].timezone == "UTC"


def test_a_table_of_weather_is_refused(tmp_path: Path) -> None:
    """Without a column of energy there is nothing to load, and the columns are named."""
    with pytest.raises(FileRefusedError, match=r"V21 .*no column holds energy or power .*humidity") as refusal:
        opened(written(tmp_path, "datetime,temperature [degC],humidity [%],irradiance [W/m2]"))

    assert "--layout" in str(refusal.value)


@pytest.mark.shared_data
def test_the_estate_has_every_hour_of_52_meters(shared_data: Path) -> None:
    """52 x 26,304 readings and 212,437,810.8 kWh, each year and each meter as in its table."""
    folder = shared_data / "cambridge"
    source, batches = opened(folder / "derived_wide_electricity_2018_2020.csv.gz", timezone="UTC")
    stream, stamp, value = (
        np.concatenate([getattr(each, name) for each in batches]) for name in ("stream", "stamp", "value")
    )
    year = stamp.astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970
    said = [line.split(",") for line in (folder / "meters.csv").read_text().splitlines()[1:]]

    assert len(source.streams) == 52
    assert len(value) == 52 * 26_304
    assert [value[year == each].sum() for each in (2018, 2019, 2020)] == pytest.approx(
        [79_227_747.3, 72_552_414.3, 60_657_649.2], rel=1e-12
    )
    assert [each.meter_id for each in source.streams] == [row[0] for row in said]
    assert [value[stream == n].sum() for n in range(52)] == pytest.approx([float(row[10]) for row in said], rel=1e-9)
    assert source.findings == []


@pytest.mark.shared_data
def test_two_more_real_wide_files(shared_data: Path) -> None:
    """The excerpt has 384 hours of 52 meters; the building sample sums to its README's kWh."""
    excerpt = opened(shared_data / "cambridge" / "electricity_excerpt_2019-09-27_2019-10-12.csv")
    sample, batches = opened(shared_data / "bdg2_sample" / "bdg2_hourly_sample.csv")

    assert sum(len(batch.value) for batch in excerpt[1]) == 384 * 52
    assert energy(sample, batches) == pytest.approx({"building_1": 1_396_657.01, "building_2": 1_613_382.05}, abs=0.01)
    assert sum(len(batch.value) for batch in batches) == 2 * 6553


@pytest.mark.shared_data
def test_one_minute_household(shared_data: Path) -> None:
    """Mean kW of a minute, four `?`, sub-meters in Wh; volts and amperes left out."""
    source, batches = opened(shared_data / "uci_household" / "uci_1min_20061216_20061231.csv")
    total = {}
    for number, stream in enumerate(source.streams):
        factor = stream.multiplier / 60 / (1 if stream.unit.startswith("k") else 1000)
        own = np.concatenate([batch.value[batch.stream == number] for batch in batches]) * factor
        total[stream.meter_id, stream.channel] = (len(own), int(np.isnan(own).sum()), float(np.nansum(own)))
        if stream.unit == "kW":
            assert own[~np.isnan(own)].max() * 60 == pytest.approx(9.132)

    meter = "uci_1min_20061216_20061231"
    assert total[meter, "delivered"] == (21_996, 4, pytest.approx(696.888, abs=5e-4))
    assert total["Sub_metering_1", "delivered"][2] == pytest.approx(27.460, abs=5e-4)
    assert total["Sub_metering_2", "delivered"][2] == pytest.approx(48.712, abs=5e-4)
    assert total["Sub_metering_3", "delivered"][2] == pytest.approx(162.951, abs=5e-4)
    assert (meter, "reactive") in total
    assert batches[0].stamp[0] == np.datetime64("2006-12-16T17:24", "s").astype(int)
    assert len(source.streams) == 5


@pytest.mark.shared_data
def test_daily_means_of_the_household_are_days(shared_data: Path) -> None:
    """1,442 days of mean kW, nine of them without a value."""
    source, batches = opened(shared_data / "uci_household" / "uci_daily_2006_2010.csv")
    active = np.concatenate([batch.value[batch.stream == 0] for batch in batches])

    assert (source.streams[0].unit, source.streams[0].minutes) == ("kW", 1440)
    assert (len(active), int(np.isnan(active).sum())) == (1442, 9)


@pytest.mark.shared_data
def test_reference_inputs_load_when_their_order_is_given(shared_data: Path) -> None:
    """`6/1/14` alone can be June or January: refused, and settled by the option; whole-building watts are watts."""
    folder = shared_data / "openeis_refs"
    with pytest.raises(FileRefusedError, match="--date-format"):
        opened(folder / "load_duration_data.csv")
    source, batches = opened(folder / "load_duration_data.csv", date_format="month-first")
    building, _ = opened(folder / "whole_building_energy_savings_data.csv")

    assert energy(source, batches) == pytest.approx(
        {"onetofive": 15, "floats": 13.1, "missing": 10, "floatsandmissing": 12.1}, abs=5
    )
    assert batches[0].stamp[0] == np.datetime64("2014-06-01", "s").astype(int)
    assert [(each.meter_id, each.unit) for each in building.streams] == [("whole-bldg-elec-W", "W")]
