"""Sniffing: which layout a file has, how sure that is, and what is said when none fits."""

import gzip
import io
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.errors import FileRefusedError, SettingsError
from pipeline.sources.sniff import LAYOUTS, open_sources
from pipeline.sources.source import Feed, Source

HOURS = [f"2019-01-13 {hour:02d}:00" for hour in range(24)]
LONG = "meter,timestamp,kWh\n" + "".join(f"M1,{hour},1\n" for hour in HOURS)
WIDE = "timestamp,b0,b1\n" + "".join(f"{hour},1,2\n" for hour in HOURS)
CAMPUS = ",".join(["Group", *HOURS]) + "\n" + ",".join(["B 1", *["1"] * 24]) + "\n"
DAY_ROWS = "meter,date," + ",".join(f"{n:02d}:00" for n in range(24)) + "\nM1,2019-01-13," + ",".join(["1"] * 24) + "\n"
PERIODS = "".join(f"1,{start},{end}\n" for start, end in pairwise(HOURS))
NEM = "100,NEM12,200402070911,MDA1,Ret1\n200,V1,E1,1,E1,N1,M1,kWh,30,\n300,20040201," + "1," * 48 + "A,,,,\n900\n"
ESPI = (
    '<feed xmlns:e="http://naesb.org/espi"><e:IntervalBlock><e:IntervalReading><e:timePeriod><e:duration>3600</e:duration>'
    "<e:start>1546300800</e:start></e:timePeriod><e:value>5</e:value></e:IntervalReading></e:IntervalBlock></feed>"
)


def written(folder: Path, content: str | bytes, name: str = "file.csv") -> Path:
    """Put a text in a file."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def only(path: Path, **said: object) -> Source:
    """Open a file that holds one source."""
    (source,) = open_sources(path, Feed(**said))  # type: ignore[arg-type]
    return source


@pytest.mark.parametrize(
    ("content", "layout"),
    [
        pytest.param(LONG, "long", id="long"),
        pytest.param(WIDE, "wide", id="wide"),
        pytest.param(CAMPUS, "wide_row", id="campus"),
        pytest.param(DAY_ROWS, "day_rows", id="day rows"),
        pytest.param(PERIODS, "periods", id="periods"),
        pytest.param(NEM, "nem12", id="NEM12"),
        pytest.param("\r\n\r\n" + NEM[NEM.index("200,V1") :], "nem12", id="NEM12 without its header"),
        pytest.param(ESPI, "green_button", id="Green Button"),
    ],
)
def test_each_layout_is_recognised(tmp_path: Path, content: str, layout: str) -> None:
    """Plain and compressed, each layout is told from the others, and surely."""
    plain = only(written(tmp_path, content))
    packed = only(written(tmp_path, gzip.compress(content.encode()), "file.csv.gz"))

    assert plain.layout == packed.layout == layout
    assert 0.7 <= plain.confidence < 1
    assert layout in LAYOUTS


def test_the_named_layout_wins(tmp_path: Path) -> None:
    """The user's layout is taken without doubt; one that is not there is a settings error."""
    path = written(tmp_path, LONG)

    assert (only(path, layout="long").confidence, only(path, layout="long").layout) == (1.0, "long")
    with pytest.raises(FileRefusedError):
        list(only(path, layout="wide_row").batches)
    with pytest.raises(SettingsError, match="wide_row, wide, long"):
        only(path, layout="tall")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("name,floor area\nHall,200\nLab,300\n", "'name', 'floor area'", id="no stamps"),
        pytest.param("# Notes\n\nThis is what we did.\nAnd this.\n", "first line is '# Notes'", id="prose"),
        pytest.param("date,temperature\n2019-01-13,5\n2019-01-14,6\n", "no column holds energy", id="weather"),
        pytest.param("a,from,until,kwh\nx,2019-01-13,2019-01-14,1,\n", "", id="one period"),
        pytest.param("first date,second date,kwh,a,b\n2019-01-13,2019-01-14,1,x,y\n", "nothing says", id="2 dates"),
        pytest.param("x\n1\n2\n", "no column holds dates", id="one column"),
        pytest.param('meter,stamp,kWh\n"M1,2019-01-13,1\nM1,2019-01-14,1\n', "line 2: a quote", id="open quote"),
    ],
)
def test_what_fits_no_layout_says_what_was_found(tmp_path: Path, content: str, said: str) -> None:
    """The refusal names what the file has and what it would need."""
    if not said:
        assert only(written(tmp_path, content)).layout in LAYOUTS
        return
    with pytest.raises(FileRefusedError, match=f"V21 .*{said}"):
        only(written(tmp_path, content))


def test_members_of_an_archive_have_their_own_layouts(tmp_path: Path) -> None:
    """Each member is sniffed for itself, and a bad one is refused after the good ones."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in (("a.csv", LONG), ("b.csv", "a,b\nx,y\n"), ("c.csv", WIDE), ("d.csv", "")):
            archive.writestr(name, content)
    path = written(tmp_path, buffer.getvalue(), "all.zip")
    sources = open_sources(path, Feed())

    assert [next(sources).layout for _ in range(2)] == ["long", "wide"]
    with pytest.raises(FileRefusedError, match=r"d\.csv: this is an empty file|b\.csv: no layout"):
        next(sources)


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    """Opening says what a file is; streams and readings come with the batches."""
    source = only(written(tmp_path, LONG))

    assert source.streams == []
    assert sum(len(batch.value) for batch in source.batches) == 24
    assert [stream.meter_id for stream in source.streams] == ["M1"]


@pytest.mark.shared_data
def test_tables_that_are_no_readings_are_refused(shared_data: Path) -> None:
    """Weather, prices, carbon, factors, registers and read-me pages are no meter data."""
    folders = ("cambridge/weather_bedford", "cambridge/agile_price_region_a", "cambridge/carbon_intensity")
    paths = [path for folder in folders for path in sorted((shared_data / folder).glob("*.csv"))]
    paths += sorted((shared_data / "emission_factors").glob("*.csv"))
    paths += [
        shared_data / "README.md",
        shared_data / "cambridge" / "meters.csv",
        shared_data / "bdg2_sample" / "metadata.csv",
    ]

    assert len(paths) >= 14
    for path in paths:
        with pytest.raises(FileRefusedError, match="no layout fits"):
            only(path)
