"""Registers of sites and meters, as people write them."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline.errors import FileRefusedError
from pipeline.stores.registry import is_register, read_register

HEADER = "site,meter,name,latitude,longitude,floor_area,use,timezone,tariff\n"
GOOD = "North,m1,Old Hall,51.5,-0.12,1200,Office,Europe/London,E7\n"


def write(folder: Path, text: str | bytes, name: str = "meters.csv") -> Path:
    """A file with this text."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def meter(folder: Path, text: str | bytes) -> dict[str, object]:
    """What a register says of its first meter, blank cells left out."""
    row = read_register(write(folder, text)).meters.iloc[0]
    return {str(name): value for name, value in row.items() if not pd.isna(value)}


def test_every_column(tmp_path: Path) -> None:
    """The columns of the manual are read as they are."""
    assert meter(tmp_path, HEADER + GOOD) == {
        "site_id": "North",
        "meter_id": "m1",
        "name": "Old Hall",
        "latitude": 51.5,
        "longitude": -0.12,
        "floor_area_m2": 1200.0,
        "building_use": "Office",
        "timezone": "Europe/London",
        "tariff": "E7",
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(
            "Meter ID;Floor Area (m²)\nm;1200,5\n", {"meter_id": "m", "floor_area_m2": 1200.5}, id="semicolons"
        ),
        pytest.param(
            "MPAN\tLat\tLng\n0123\t1\t2\n", {"meter_id": "0123", "latitude": 1.0, "longitude": 2.0}, id="tabs"
        ),
        pytest.param("building_id,sqft\nb,100\n", {"meter_id": "b", "floor_area_m2": 9.290304}, id="square feet"),
        pytest.param("building_id,sqm,sqft\nb,10,100\n", {"meter_id": "b", "floor_area_m2": 10.0}, id="both areas"),
        pytest.param(
            "meter,use\n m , Café \n".encode("utf-16"), {"meter_id": "m", "building_use": "Café"}, id="UTF-16"
        ),
        pytest.param("meter,use\nm,Café\n".encode("cp1252"), {"meter_id": "m", "building_use": "Café"}, id="Latin"),
        pytest.param("\ufeffmeter,use\r\nm,x\r\n", {"meter_id": "m", "building_use": "x"}, id="BOM"),
        pytest.param('meter,use\n"a,b","two\nlines"\n', {"meter_id": "a,b", "building_use": "two\nlines"}, id="quotes"),
    ],
)
def test_dialects(tmp_path: Path, text: str | bytes, found: dict[str, object]) -> None:
    """Separators, encodings, units and names of columns vary."""
    assert meter(tmp_path, text) == {"site_id": "main", **found}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("S,m2,,91,0,,,,\n", "latitude '91' is not between -90 and 90", id="latitude"),
        pytest.param("S,m2,,51,north,,,,\n", "longitude 'north' is not a number", id="longitude"),
        pytest.param("S,m2,,,,-5,,,\n", "floor_area_m2 '-5' is not between", id="area"),
        pytest.param("S,m2,,,,nan,,,\n", "floor_area_m2 'nan' is not between", id="NaN"),
        pytest.param("S,m2,,,,,,Mars/Olympus,\n", "'Mars/Olympus' is not known", id="time zone"),
        pytest.param("S,,x,,,,,,\n", "no meter is named", id="no meter"),
        pytest.param("S,m2\n", "it has 2 cells, fewer than the header", id="short row"),
        pytest.param("S," + "x" * 191 + ",,,,,,,\n", "meter_id has 191 characters", id="long name"),
        pytest.param(
            "North,m1,New Hall,,,,,,\n", "name is 'New Hall', but line 2 says of the same meter", id="meter twice"
        ),
        pytest.param("North,m2,,,,,,UTC,\n", "timezone is 'UTC', but line 2 says of the same site", id="two clocks"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, line: str, said: str) -> None:
    """A row that cannot be used is left out with its line and its fault; the others count."""
    register = read_register(write(tmp_path, HEADER + GOOD + line + "South,m9,,,,,,,\n"))

    assert register.meters["meter_id"].tolist() == ["m1", "m9"]
    assert len(register.findings) == 1
    assert register.findings[0].detail.startswith("line 3: ")
    assert said in register.findings[0].detail
    assert register.findings[0].rule_id == "V21"


def test_meters_without_a_site(tmp_path: Path) -> None:
    """They share one site, unless they have another clock."""
    text = "meter,timezone\na,\nb,Europe/London\nc,Europe/London\nd,Asia/Tokyo\n"

    assert read_register(write(tmp_path, text)).meters["site_id"].tolist() == ["main", "main", "main", "d"]


def test_buildings_of_one_site(tmp_path: Path) -> None:
    """Buildings of a campus have areas of their own, and a line that repeats another says nothing new."""
    rows = "North,m1,,,,10,,Europe/London,\nNorth,m2,,,,20,,,\nNorth,m1,,,,10,,,\n"
    register = read_register(write(tmp_path, HEADER + rows))

    assert register.meters["floor_area_m2"].tolist() == [10.0, 20.0]
    assert register.findings == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "building name,area\nx,1\n", "no column names the meters; found: building name, area", id="header"
        ),
        pytest.param("", "found: nothing", id="empty"),
        pytest.param("meter,tariff\n", "no meter is in it", id="header only"),
        pytest.param("meter,latitude\nm,100\n", "line 2: latitude", id="no good row"),
    ],
)
def test_refused(tmp_path: Path, text: str, said: str) -> None:
    """A file of which nothing can be used is refused, with what it has instead."""
    with pytest.raises(FileRefusedError, match=said):
        read_register(write(tmp_path, text))


def test_a_register_that_is_not_there(tmp_path: Path) -> None:
    """A file that cannot be read is refused by name."""
    with pytest.raises(FileRefusedError, match=r"nowhere\.csv.*cannot be read"):
        read_register(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param("meters.csv", HEADER + GOOD, True, id="register"),
        pytest.param("m.csv", "building_id,site_id,sqm,timezone,electricity\n", True, id="metadata of buildings"),
        pytest.param("m.csv", "meter,timestamp,value,timezone\n", False, id="long readings"),
        pytest.param(
            "m.csv", "MPRN,Meter Serial Number,Read Value,Read Type,Read Date and End Time\n", False, id="HDF"
        ),
        pytest.param("m.csv", "timestamp,b0,b1\n", False, id="wide readings"),
        pytest.param("m.csv", "100,NEM12,200506081149,UNITEDDP,NEMMCO\n", False, id="NEM12"),
        pytest.param("m.csv", "", False, id="empty"),
        pytest.param("m.csv", b"\x00\xff\xfe\x00PK\x03\x04", False, id="binary"),
        pytest.param("m.csv.gz", HEADER + GOOD, False, id="another kind of file"),
    ],
)
def test_what_is_a_register(tmp_path: Path, name: str, text: str | bytes, expected: bool) -> None:
    """A register names meters and describes them, and holds no readings."""
    assert is_register(write(tmp_path, text, name)) is expected


@pytest.mark.shared_data
def test_registers_among_real_files(shared_data: Path) -> None:
    """Of all real files exactly two are registers, and both are read whole."""
    found = {path: is_register(path) for path in sorted(shared_data.rglob("*.csv"))}
    registers = [path for path, is_one in found.items() if is_one]

    assert len(found) > 100
    assert [path.parent.name for path in registers] == ["bdg2_sample", "cambridge"]
    assert [len(read_register(path).meters) for path in registers] == [1636, 52]
    assert [read_register(path).findings for path in registers] == [[], []]


def test_a_name_that_looks_like_an_area(tmp_path: Path) -> None:
    """Readings under `Meter,M1,M2` are no register of meters with 9 m2 each: one has a row for a meter."""
    rows = [f"2024-03-01,{hour},{5 + hour / 10}" for hour in range(24)]
    path = tmp_path / "log.csv"
    path.write_text("Meter,M1,M2\n" + "\n".join(rows))

    assert not is_register(path)
    path.write_text("Meter,M2\nb1,500\nb2,600\n")
    assert is_register(path)
