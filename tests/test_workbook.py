"""Spreadsheets become the text that a CSV export would have been, or are refused."""

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import FileRefusedError
from pipeline.sources.document import Document, open_documents, read_text
from pipeline.sources.source import Feed
from pipeline.sources.workbook import Cell, read_sheets, to_text

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def _book(*sheets: str) -> bytes:
    """Write the smallest .xlsx that holds these sheets' `<row>` elements; style 1 is a date, 2 a date and time."""
    numbers = range(1, len(sheets) + 1)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r" '
        f'Type="{LINK}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{LINK}"><sheets>'
        + "".join(f'<sheet name="Tab{n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="r{n}" Type="{LINK}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
        )
        + "</Relationships>",
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/>'
        '<xf numFmtId="22"/></cellXfs></styleSheet>',
    }
    for number, rows in zip(numbers, sheets, strict=True):
        parts[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
        )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return content.getvalue()


def _rows(content: bytes) -> list[list[list[str]]]:
    document = Document(Path("book.xlsx"), lambda: io.BytesIO(content), "workbook")
    return [list(csv.reader(io.StringIO(read_text(sheet)))) for sheet in read_sheets(document)]


ROW = '<row r="1"><c r="A1" t="inlineStr"><is><t>kWh, total</t></is></c><c r="C1"><v>226.103</v></c></row>'


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (date(2023, 9, 1), "2023-09-01"),
        (datetime(2023, 9, 1, 1, 3, 59), "2023-09-01T01:03:59"),
        (datetime(2023, 9, 1, 0, 29, 59, 999_700), "2023-09-01T00:30:00"),
        (time(0, 30), "00:30:00"),
        (date(1900, 1, 1), "24:00:00"),
        (timedelta(days=1), "24:00:00"),
        (2200012767323.0, "2200012767323"),
        (1.2e20, "1.2e+20"),
        (0.1 + 0.2, "0.30000000000000004"),
        (True, "True"),
        (None, ""),
        ("12/05/2023", "12/05/2023"),
    ],
)
def test_cells_are_written_whole(cell: Cell, text: str) -> None:
    """Dates in ISO, times to 24:00, ids without a point, no digit lost, and text as it stands."""
    assert to_text(cell) == text


def test_a_sheet_is_its_rows() -> None:
    """Cells keep their columns, commas inside a cell are quoted, and dates are what their format says."""
    row = (
        '<row r="2"><c r="A2" s="1"><v>45170</v></c><c r="B2" s="2"><v>45170.5</v></c><c r="C2"><v>45170</v></c></row>'
    )

    (sheet,) = _rows(_book(ROW + row))

    assert sheet == [["kWh, total", "", "226.103"], ["2023-09-01", "2023-09-01T12:00:00", "45170"]]


def test_sheets_that_hold_something() -> None:
    """Several sheets are several documents; an empty one is none; alone, a sheet is named as its book."""

    def names(sheets: Sequence[str]) -> list[str]:
        content = _book(*sheets)
        document = Document(Path("book.xlsx"), lambda: io.BytesIO(content), "workbook")
        return [str(sheet.path) for sheet in read_sheets(document)]

    assert names([ROW, "", ROW]) == ["book.xlsx/Tab1", "book.xlsx/Tab3"]
    assert names(["", ROW]) == ["book.xlsx"]


def test_other_documents_pass() -> None:
    """What is no workbook is given back as it is."""
    document = Document(Path("a.csv"), lambda: io.BytesIO(b"a,b"), "utf-8")

    assert list(read_sheets(document)) == [document]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(_book(""), "empty", id="empty"),
        pytest.param(_book(ROW)[:-30], "damaged", id="cut off"),
        pytest.param(_book('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), "1048576 rows", id="far cell"),
        pytest.param(_book('<row r="1048576"><c r="AAA1"><v>1</v></c></row>'), "1048576 rows", id="far row"),
        pytest.param(_book("<row><c><v>1</v></row>"), "cannot be read", id="bad XML"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Excel", id="old format"),
    ],
)
def test_refused_by_name(content: bytes, said: str) -> None:
    """An empty, damaged or monstrous workbook is refused, and the process lives."""
    with pytest.raises(FileRefusedError, match=said):
        _rows(content)


@given(st.integers(0, 3000), st.binary(max_size=6), st.integers(0, 40))
@settings(max_examples=150, deadline=None)
def test_damaged_books_are_read_or_refused(position: int, put: bytes, cut: int) -> None:
    """Whatever is cut out or put in: rows or a refusal, never another error."""
    content = _book(ROW)
    try:
        sheets = _rows(content[:position] + put + content[position + cut :])
    except FileRefusedError:
        return
    assert sheets


@given(st.integers(0, 220), st.text(alphabet='<>/"=rcAZ019', max_size=6), st.integers(0, 20))
@settings(max_examples=150, deadline=None)
def test_damaged_sheets_are_read_or_refused(position: int, put: str, cut: int) -> None:
    """The same for the XML inside, which the archive's checksum would otherwise guard."""
    try:
        sheets = _rows(_book(ROW[:position] + put + ROW[position + cut :]))
    except FileRefusedError:
        return
    assert sheets


@pytest.mark.shared_data
def test_real_dates(shared_data: Path) -> None:
    """Every formatted cell is its column 4, on the sheet's own clock; the plain string stays what it is."""
    path = shared_data / "energy_sparks_amr" / "amr_upload_data_files" / "date-test.xlsx"
    (document,) = (sheet for book in open_documents(path, Feed()) for sheet in read_sheets(book))

    _, *rows = csv.reader(io.StringIO(read_text(document)))
    assert len(rows) == 15
    assert [row[2] for row in rows] == [row[3].removesuffix("+00:00") for row in rows]
    assert rows[-1][2] == "12/05/2023"
