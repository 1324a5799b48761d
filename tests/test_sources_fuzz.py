"""Hostile files: whatever the bytes, the outcome is readings, findings or a named refusal, and soon."""

import gzip
import io
import tempfile
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import PipelineError
from pipeline.sources.sniff import LAYOUTS, open_sources
from pipeline.sources.source import Feed

HOURS = [f"2019-01-13 {hour:02d}:00" for hour in range(24)]
DAYS = [f"{day:02d}/01/2019 00:30" for day in range(1, 25)]
SEEDS = [
    "meter,timestamp,kWh\n" + "".join(f"M{n % 2},{hour},1.5\n" for n, hour in enumerate(HOURS)),
    "sep=;\nmeter;timestamp;kWh;ReadType\n" + "".join(f'"M1";{day};1,5;Actual\n' for day in DAYS),
    "timestamp,b0,b1,temp\n" + "".join(f"{hour}Z,1,2,-3\n" for hour in HOURS),
    ",".join(["Group", "x", *HOURS]) + "\n" + ",".join(["B 1", "", *["1"] * 24]) + "\n",
    "meter,date," + ",".join(f"[{n:02d}:00]" for n in range(1, 25)) + "\nM1,13/01/2019," + ",".join(["1"] * 24) + "\n",
    "".join(f"1,{start},{end}\n" for start, end in pairwise(HOURS)),
    "NMI,RegisterCode,StartDate,EndDate,kWh,Units\n"
    + "".join(f"6001,1#E1,{hour},{hour[:-2]}29,1,kWh\n" for hour in HOURS),
    "100,NEM12,200402070911,MDA1,Ret1\n200,V1,E1,1,E1,N1,M1,kWh,30,\n300,20040201," + "1," * 48 + "A,,,,\n900\n",
    "<feed><IntervalBlock><IntervalReading><timePeriod><duration>3600</duration><start>1546300800</start></timePeriod>"
    "<value>5</value></IntervalReading></IntervalBlock></feed>",
]
DAMAGE = [
    b"", b'"', b",", b"\n", b"\r", b"\0", b"\xff", b"\xef\xbf\xbd", b";", b"1e999", b"-", b"99999999999999999999",
    b"00/00/0000", b"2019-02-30", b"31/12/9999 24:00", b"1.23405E+12", b"NaN", b"inf", b"\xc2\xa0", b"=1+1",
    b"\t", b"+14:00", b"Z", b"kWh", b"?" * 300, "\u0663\u0662".encode(), b"0x1F", b"1_000", b"--", b"\x1a",
]  # fmt: skip
WRAPPINGS = ["gzip", "zip", "utf-16", "utf-16-le"]


def outcome(content: bytes, feed: Feed, name: str = "file.csv") -> str:
    """Read a file to its end, and check that what came is whole."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            for source in open_sources(path, feed, today=25_000):
                for batch in source.batches:
                    assert len(batch.stream) == len(batch.stamp) == len(batch.value)
                    assert len(batch.stream) == 0 or 0 <= batch.stream.min() <= batch.stream.max() < len(source.streams)
                assert 0 <= source.confidence <= 1
        except PipelineError:
            return "refused"
    return "read"


FUZZ = settings(max_examples=150, deadline=5000, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@pytest.mark.parametrize("seed", SEEDS, ids=range(len(SEEDS)))
def test_the_seeds_are_read(seed: str) -> None:
    """Every seed of the fuzzing is a good file, so that damage starts from something."""
    said = Feed(unit="Wh") if seed.startswith("<") else Feed()

    assert outcome(seed.encode(), said) == "read"


@FUZZ
@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """Bytes of any kind never raise anything else."""
    outcome(content, Feed())


@FUZZ
@given(st.text(alphabet="0123456789/-:,;. \n\r\t\"'[]abkwhKW\u00e9\u0663<>{}E+", max_size=800))
def test_any_table_like_text_is_read_or_refused(text: str) -> None:
    """Text made of the letters of meter files never raises anything else."""
    outcome(text.encode(), Feed())


@FUZZ
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(DAMAGE)), min_size=1, max_size=6),
    st.sampled_from([Feed(), Feed(strict=True), Feed(insist=True), Feed(unit="kWh", date_format="day-first")]),
)
def test_damaged_files_are_read_or_refused(seed: str, wounds: list[tuple[float, int, bytes]], feed: Feed) -> None:
    """Good files with bytes cut out and odd ones put in never raise anything else."""
    content = seed.encode()
    for place, length, damage in wounds:
        begin = int(place * len(content))
        content = content[:begin] + damage + content[begin + length :]
    outcome(content, feed)


@FUZZ
@given(
    st.sampled_from(SEEDS), st.sampled_from(sorted(LAYOUTS)), st.integers(0, 3), st.sampled_from(["", ",", ";", "x"])
)
def test_any_reader_survives_any_file(seed: str, layout: str, header_rows: int, delimiter: str) -> None:
    """A layout that the user names, right or wrong, ends in readings or a refusal."""
    rows = header_rows if header_rows < 3 else None
    outcome(seed.encode(), Feed(layout=layout, header_rows=rows, delimiter=delimiter or None, unit="kWh"))


@FUZZ
@given(
    st.sampled_from(["gzip", "zip", "utf-16", "utf-16-le"]),
    st.sampled_from(SEEDS),
    st.floats(0, 1),
    st.binary(max_size=8),
)
def test_damaged_wrappings_are_read_or_refused(wrapping: str, seed: str, place: float, damage: bytes) -> None:
    """Archives and encodings with a few bytes replaced never raise anything else."""
    content = _wrapped(seed, wrapping)
    begin = int(place * len(content))
    outcome(content[:begin] + damage + content[begin + len(damage) :], Feed())


def _wrapped(text: str, wrapping: str) -> bytes:
    if wrapping == "gzip":
        return gzip.compress(text.encode(), mtime=0)
    if wrapping != "zip":
        return text.encode(wrapping)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("a.csv"), text)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"a" * (5 << 20), id="one endless word"),
        pytest.param(b"," * (3 << 20), id="one endless row"),
        pytest.param(b"1,\n" * (1 << 20), id="a million short rows"),
        pytest.param(b'"' * (1 << 20), id="quotes alone"),
        pytest.param(b'a,b\n"' + b"x,\n" * (1 << 20), id="a quote that swallows all"),
        pytest.param(b"meter,timestamp,kWh\n" + b"M1,2019-01-13 00:00,1\n" * 200_000, id="one stamp"),
        pytest.param(b"timestamp,kWh\n" + b"2019-01-13 00:00,ERR\n" * 100_000, id="no number"),
        pytest.param(b"timestamp,kWh\n" + b"13/01/2019 00:00,1,2,3\n" * 50_000, id="ragged"),
        pytest.param(
            b"meter,timestamp,kWh\n" + b"".join(b"%d,2019-01-13,1\n" % n for n in range(50_000)), id="many meters"
        ),
    ],
)
def test_monotonous_files_end_soon(content: bytes) -> None:
    """Large files of one kind of nonsense are dealt with in seconds."""
    assert outcome(content, Feed()) in ("read", "refused")


@FUZZ
@given(st.data())
@pytest.mark.shared_data
def test_damaged_real_files_are_read_or_refused(shared_data: Path, data: st.DataObject) -> None:
    """Real files, cut and wounded, never raise anything else."""
    paths = [
        path
        for path in sorted(shared_data.rglob("*"))
        if path.suffix in (".csv", ".xlsx", ".xml", ".gz") and path.stat().st_size < 200_000
    ]
    assert len(paths) > 100
    path = data.draw(st.sampled_from(paths))
    content = path.read_bytes()[: data.draw(st.integers(200, 60_000))]
    for _ in range(data.draw(st.integers(0, 4))):
        begin = data.draw(st.integers(0, len(content)))
        content = content[:begin] + data.draw(st.sampled_from(DAMAGE)) + content[begin + data.draw(st.integers(0, 9)) :]
    outcome(content, Feed(date_format=data.draw(st.sampled_from([None, "day-first"]))), path.name)
