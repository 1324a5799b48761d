"""Tables and blocks: delimiter, names, preambles, quotes, ragged rows, and rows in file order from many threads."""

import io
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.errors import FileRefusedError, SettingsError
from pipeline.sources.blocks import LABEL, Block, line_of, read_blocks
from pipeline.sources.document import Document
from pipeline.sources.source import Feed
from pipeline.sources.table import Table, kind_of, read_table

HEADER = "meter,stamp,kwh\n"
ROWS = "".join(f"M{n % 3},2019-01-{1 + n // 24:02d} {n % 24:02d}:00,{n / 4}\n" for n in range(600))


def document(text: str | bytes) -> Document:
    """Make a document of text."""
    content = text.encode() if isinstance(text, str) else text
    return Document(Path("rows.csv"), partial(io.BytesIO, content), "utf-8")


def table_of(text: str, **said: object) -> Table:
    """Judge the table in a text."""
    return read_table(document(text), Feed(**said))  # type: ignore[arg-type]


def blocks_of(text: str, block_bytes: int = 1 << 22) -> list[Block]:
    """Read a text of meter, stamp and value."""
    types = {0: LABEL, 1: pa.timestamp("s"), 2: pa.float64()}
    return list(read_blocks(document(text), table_of(text), types, block_bytes=block_bytes))


@pytest.mark.parametrize(
    ("text", "delimiter", "decimal"),
    [
        pytest.param("timestamp,value\n2019-01-01 00:00,1.5\n2019-01-01 01:00,2\n", ",", ".", id="comma"),
        pytest.param("timestamp;value\n01/01/2019 00:00;1,5\n01/01/2019 01:00;2,5\n", ";", ",", id="semicolon"),
        pytest.param("timestamp\tvalue\n2019-01-01\t1,5\n2019-01-02\t2,5\n", "\t", ",", id="tab, decimal comma"),
        pytest.param("timestamp|value\n2019-01-01|1\n2019-01-02|2\n", "|", ".", id="bar"),
        pytest.param('timestamp,value\n2019-01-01,"1,5"\n2019-01-02,"2,5"\n', ",", ",", id="quoted decimal comma"),
        pytest.param("sep=;\nstamp;a,b\n2019-01-01;1\n", ";", ".", id="sep line"),
    ],
)
def test_delimiter_and_decimal_mark_are_told(text: str, delimiter: str, decimal: str) -> None:
    """What separates cells is what makes them look like stamps and numbers."""
    table = table_of(text)

    assert (table.delimiter, table.decimal) == (delimiter, decimal)


def test_names_are_kept_exactly() -> None:
    """Repeated names, spaces and empty names are the file's own."""
    table = table_of("stamp,kWh ,kWh , ,\n2019-01-01,1,2,3,\n2019-01-02,1,2,3,\n")

    assert table.names == ("stamp", "kWh ", "kWh ", " ", "")


@pytest.mark.parametrize(
    ("text", "names", "first_line"),
    [
        pytest.param(
            "Name,A PERSON\nAddress,1 STREET\nAccount Number,1234\nService,Service 1\n\n"
            "TYPE,DATE,START TIME,END TIME,USAGE,UNITS,COST,NOTES\n"
            "Electric usage,2020-01-01,00:00,00:59,0.5,kWh,$0.1,\n"
            "Electric usage,2020-01-01,01:00,01:59,0.6,kWh,$0.1,\n",
            ("TYPE", "DATE", "START TIME", "END TIME", "USAGE", "UNITS", "COST", "NOTES"),
            7,
            id="billing export",
        ),
        pytest.param(
            "Identifiant PRM;Date de debut;Unite;Pas en minutes\n123;01/01/2020;W;30\nHorodate;Valeur\n"
            "2020-01-01T00:30:00+01:00;200\n2020-01-01T01:00:00+01:00;210\n",
            ("Horodate", "Valeur"),
            4,
            id="grid operator",
        ),
        pytest.param("2019-01-01 00:00,1\n2019-01-01 01:00,2\n", ("1", "2"), 1, id="no names"),
        pytest.param(
            "timestamp,1001,1002\n2019-01-01,1,2\n2019-01-02,3,4\n", ("timestamp", "1001", "1002"), 2, id="numbers"
        ),
        pytest.param("Name;X\nMeter;123\nstamp;kWh\n2019-01-01;1\n2019-01-02;3\n", ("stamp", "kWh"), 4, id="pairs"),
        pytest.param("stamp,kWh\nKABOOM,1\n2019-01-02,3\n2019-01-03,3\n", ("stamp", "kWh"), 2, id="bad first row"),
        pytest.param("stamp,kWh\n2019-01-01,1,\n2019-01-02,3,\n", ("stamp", "kWh", ""), 2, id="trailing commas"),
    ],
)
def test_the_table_is_found_below_its_preamble(text: str, names: tuple[str, ...], first_line: int) -> None:
    """What stands above the names is skipped, and nothing of it is kept."""
    table = table_of(text)

    assert (table.names, table.first_line) == (names, first_line)
    assert "PERSON" not in repr(table)


def test_a_preamble_states_unit_and_step() -> None:
    """Of a preamble only the unit and the step are taken."""
    table = table_of("Titre;Unite;Pas en minutes\nx;W;30\nHorodate;Valeur\n2020-01-01;2\n2020-01-02;3\n")

    assert (table.unit, table.minutes) == ("W", 30)


def test_the_user_says_where_data_begin() -> None:
    """`header_rows` and `delimiter` win over what is seen; 0 rows: there are no names."""
    text = "stamp,1\n2019-01-01,1\n2019-01-02,2\n"

    assert table_of(text, header_rows=0).rows[0] == ["stamp", "1"]
    assert table_of(text, header_rows=2).names == ("2019-01-01", "1")
    assert table_of(text.replace(",", "\t"), delimiter="tab").names == ("stamp", "1")
    with pytest.raises(SettingsError, match="one character"):
        table_of(text, delimiter=";;")
    with pytest.raises(FileRefusedError, match="no row"):
        table_of(text, header_rows=3)
    with pytest.raises(FileRefusedError, match="no row of readings"):
        table_of("stamp,kwh\n", header_rows=2)


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("", "blank"),
        (" Null ", "blank"),
        ("?", "blank"),
        ("-1.5e3", "number"),
        ("1,234.5", "number"),
        ("1,5", "number"),
        ("[00:30]", "time"),
        ("1:05:00 PM", "time"),
        ("2019-01-01", "stamp"),
        ("31/12/19 9:00", "stamp"),
        ("03 Dec 2019 00:30:00", "stamp"),
        ("Nov 13 2019 12:00AM", "stamp"),
        ("2020-05-01 00:00:00 to 2020-05-01 00:15:00", "stamp"),
        ("Building 110", "text"),
        ("KABOOM", "text"),
    ],
)
def test_cells_are_told_by_their_look(cell: str, kind: str) -> None:
    """A cell is blank, a number, a time, a stamp or text."""
    assert kind_of(cell) == kind


@pytest.mark.parametrize("block_bytes", [64, 1000, 1 << 22])
def test_rows_come_in_file_order_whatever_the_block(block_bytes: int) -> None:
    """Blocks are read by several threads and given in order, none lost and none twice."""
    blocks = blocks_of(HEADER + ROWS, block_bytes)
    values = np.concatenate([block.columns[2].to_numpy() for block in blocks])

    assert len(blocks) == 1 or block_bytes < 1 << 22
    assert (values == np.arange(600) / 4).all()


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_do_not_matter(ending: str) -> None:
    """Line feeds, carriage returns or both end a line, and the last may lack one."""
    text = (HEADER + ROWS).rstrip("\n").replace("\n", ending)

    assert sum(block.rows for block in blocks_of(text, 1000)) == 600


def test_a_block_never_ends_inside_quotes() -> None:
    """A quoted cell may hold line ends; a block is cut where quotes are whole."""
    rows = "".join(f'"M\n{n}",2019-01-01 00:00,{n}\n' for n in range(200))
    blocks = blocks_of(HEADER + rows, 100)
    meters = [cell for block in blocks for cell in block.columns[0].to_pylist()]

    assert len(blocks) > 10
    assert meters == [f"M\n{n}" for n in range(200)]


def test_an_unclosed_quote_is_refused_with_its_line() -> None:
    """A quote that nothing closes would swallow the file."""
    text = HEADER + ROWS[:500] + '"M1,2019-02-01 00:00,1\n' + ROWS[:500]

    with pytest.raises(FileRefusedError, match=rf"line {2 + ROWS[:500].count(chr(10)) + 0}: a quote"):
        blocks_of(text)


def test_cells_that_do_not_convert_make_the_block_text() -> None:
    """One bad cell costs its block the types, and no other block."""
    rows = ROWS.splitlines(keepends=True)
    rows[300] = rows[300].replace(",75.0", ",ERR")
    blocks = blocks_of(HEADER + "".join(rows), 2000)
    kinds = [pa.types.is_string(block.columns[2].type) for block in blocks]

    assert sum(kinds) == 1
    assert "ERR" in blocks[kinds.index(True)].columns[2].to_pylist()


def test_ragged_rows_are_mended_or_named() -> None:
    """Empty cells too many are cut; rows that lack cells, or have some too many, are handed out as broken."""
    text = (
        f"{HEADER}M1,2019-01-01 00:00,1\nM1,2019-01-01 01:00,2,,\nM1,2019-01-01 02:00\n"
        "M1,2019-01-01 03:00,4,x\n\nM1,2019-01-01 04:00,5\n"
    )
    (block,) = blocks_of(text)

    assert block.columns[2].to_pylist() == ["1", "2", "5"]
    assert block.broken == [(2, "M1,2019-01-01 02:00"), (3, "M1,2019-01-01 03:00,4,x")]


@pytest.mark.parametrize(("row", "line"), [(0, 2), (599, 604)])
def test_rows_know_their_line(row: int, line: int) -> None:
    """Line numbers count blank lines and quoted line ends, so that an editor finds the row."""
    text = HEADER + ROWS.replace("M1,2019-01-05 04:00", "\n\n\nM1,2019-01-05 04:00")
    blocks = blocks_of(text, 1000)
    before = 0
    for block in blocks:
        if row < before + block.rows:
            break
        before += block.rows

    assert line_of(document(text), block, row - before) == line


def test_blocks_do_not_hold_the_file(tmp_path: Path) -> None:
    """Reading stops when nobody asks for more: at most a few blocks are ahead."""
    given = []

    class Counting(io.BytesIO):
        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            given.append(len(buffer))
            return super().readinto(buffer)

    text = (HEADER + ROWS * 40).encode()
    counted = Document(Path("rows.csv"), partial(Counting, text), "utf-8")
    blocks = read_blocks(counted, table_of(HEADER + ROWS), {2: pa.float64()}, workers=2, block_bytes=10_000)
    next(blocks)
    read = sum(given)
    blocks.close()  # type: ignore[attr-defined]

    assert read < len(text) / 4
