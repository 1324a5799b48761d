"""Spreadsheets as the text that a CSV export would have been: dates in ISO, numbers as they are stored.

python-calamine takes a quarter of openpyxl's time for 17,520 rows of 20 numbers, check included, and failed with
nothing but its own error on 6,000 damaged files (measured). Two things are checked before it may open a file, because
they would end the process: how large the file unpacks, and how far apart its cells stand.
"""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO

from python_calamine import CalamineError, CalamineWorkbook

from pipeline.errors import FileRefusedError
from pipeline.sources.document import WORKBOOK, Document

Cell = str | float | bool | date | datetime | time | timedelta | None

MOST_BYTES = 1 << 30
"""Unpacked size that is still read: 1 GiB, chosen; a sheet of 1,048,576 rows and 6 columns has 0.3."""
MOST_CELLS = 50_000_000
"""Rows times columns of a sheet that is still read (chosen): the reader takes 32 bytes for each, empty or not."""
_CELL = re.compile(rb"""<(?:\w+:)?(?:c|row)\b[^>]*?\br=["']([A-Za-z]{0,4})(\d{1,10})["']""")
_SUMMARY = re.compile(r"summary|overview|totals?$|pivot|chart|übersicht|zusammenfassung|résumé|resumen", re.IGNORECASE)
"""Names of sheets that say the others' readings once more; read only where there is no other."""
_MIDNIGHT = datetime(1899, 12, 31)


def read_sheets(document: Document) -> Iterator[Document]:
    """Give each sheet of a workbook that holds anything as a document of CSV text; any other document as it is.

    A sheet that sums up the others by its name is left out.
    A sheet is named `book.xlsx`, or `book.xlsx/Sheet2` when several hold data. Date cells become `2023-09-01` or
    `2023-09-01T01:03:59` on the clock of the sheet (a workbook knows no zone), times `00:30:00` and `24:00:00`.

    Raises
    ------
    FileRefusedError
        V21, when it cannot be opened, is not .xlsx, is too large, or holds nothing.
    """
    if document.encoding != WORKBOOK:
        yield document
        return
    sheets = list(_sheets(document))
    if not sheets:
        raise FileRefusedError(document.path, "this workbook is empty: no sheet holds a cell", "export it again")
    plain = [each for each in sheets if not _SUMMARY.search(each[0])] or sheets
    for name, content in plain:
        path = document.path if len(plain) == 1 else document.path / name
        yield Document(path, partial(_open, content), "utf-8", (*document.notes, f"read from sheet {name!r}"))


def _open(content: bytes) -> BinaryIO:
    return io.BytesIO(content)


def _sheets(document: Document) -> Iterator[tuple[str, bytes]]:
    with document.open() as stream:
        content = stream.read(MOST_BYTES)
    _check_size(content, document.path)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for name in workbook.sheet_names:
            text = io.StringIO()
            rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            csv.writer(text, lineterminator="\n").writerows([to_text(cell) for cell in row] for row in rows)
            if text.getvalue().strip(", \n"):
                yield name, text.getvalue().encode()
    except CalamineError as error:
        raise FileRefusedError(document.path, f"this workbook cannot be read: {error}", "save it as CSV") from None


def to_text(cell: Cell) -> str:
    """Write a cell as CSV has it: whole numbers without a point, other numbers with every digit they have."""
    if isinstance(cell, datetime):
        return _moment(cell)
    if isinstance(cell, date):
        return cell.isoformat() if cell.year > 1900 else _moment(datetime(cell.year, cell.month, cell.day))
    if isinstance(cell, timedelta):
        return _clock(cell)
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return "" if cell is None else str(cell)


def _moment(cell: datetime) -> str:
    """Round to seconds, which a day's fraction cannot hold exactly; the workbook's day 0 and 1 are times of day."""
    rounded = (cell + timedelta(microseconds=500_000)).replace(microsecond=0)
    return _clock(rounded - _MIDNIGHT) if rounded.year <= 1900 else rounded.isoformat()


def _clock(length: timedelta) -> str:
    seconds = round(length.total_seconds())
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _check_size(content: bytes, path: Path) -> None:
    """Refuse what would fill the memory, by looking at the archive and at the names of its cells."""
    if not content.startswith(b"PK"):
        raise FileRefusedError(path, "this workbook is of the old Excel format, or locked", "save it as .xlsx or CSV")
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        if "xl/workbook.xml" not in archive.namelist():
            raise FileRefusedError(path, "this workbook is not .xlsx", "save it as .xlsx or CSV")
        if sum(member.file_size for member in archive.infolist()) > MOST_BYTES:
            raise FileRefusedError(path, "this workbook unpacks to more than 1 GiB", "export the sheet as CSV")
        for member in archive.namelist():
            _check_extent(archive, member, path)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise FileRefusedError(path, f"this workbook is damaged or locked: {error}", "save it as CSV") from None


def _check_extent(archive: zipfile.ZipFile, member: str, path: Path) -> None:
    rows = columns = 0
    carried = b""
    with archive.open(member) as stream:
        while piece := stream.read(1 << 20):
            text = carried + piece
            for letters, number in _CELL.findall(text):
                rows, columns = max(rows, int(number)), max(columns, _column(letters))
            carried = text[-200:]
    if rows * columns > MOST_CELLS:
        reason = f"{member} spans {rows} rows and {columns} columns, mostly empty"
        raise FileRefusedError(path, reason, "export the part with the readings as CSV")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
