"""The rows of a table as Arrow columns, a block at a time, in file order, on all cores and in flat memory.

A block is cut at the end of a line. It is first read with the types that the sniffing found; where one cell does not
convert, the block is read again as text, and where a row has too many or too few cells, by the standard library's
reader. So a clean file pays for none of this.
"""

import csv
import io
import os
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, Literal

import pyarrow as pa
from pyarrow import csv as arrow_csv

from pipeline.errors import FileRefusedError
from pipeline.sources.document import Document, utf8_stream
from pipeline.sources.notation import join_date
from pipeline.sources.table import NULLS, Table

TEXT = pa.string()
LABEL = pa.dictionary(pa.int32(), pa.string())


class LineCounter:
    """Counts the lines before an offset, going forward through the text once however often it is asked."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._stream: BinaryIO | None = None
        self._offset = self._lines = 0
        self._seen, self._plain = -1, False

    def before(self, offset: int) -> int:
        """Give the number of lines that end before an offset."""
        if self._stream is None or offset < self._offset:
            self.close()
            self._stream = utf8_stream(self._document)
        while self._offset < offset and (piece := self._stream.read(min(offset - self._offset, 1 << 22))):
            self._lines += _line_ends(piece)
            self._offset += len(piece)
        return self._lines

    def within(self, block: "Block", row: int) -> int:
        """Give the number of lines of a block before one of its rows."""
        if self._seen != block.offset:
            content = bytes(block.content)
            self._seen = block.offset
            self._plain = b'"' not in content and _line_ends(content) in (block.rows, block.rows - 1)
        return row if self._plain else line_in(bytes(block.content), row)

    def close(self) -> None:
        """Let go of the text; the next question begins at its start."""
        if self._stream is not None:
            self._stream.close()
        self._stream = None
        self._offset = self._lines = 0


@dataclass(frozen=True)
class Block:
    """Some consecutive rows of a table.

    Attributes
    ----------
    columns : dict of int to pyarrow.Array
        By position in the row, as asked for: of the type asked for, or text where that could not be had.
    rows : int
    content : memoryview
        The bytes that the rows were read from.
    offset : int
        Where `content` stands in the UTF-8 text. [bytes]
    broken : list of (int, str)
        Rows with too many or too few cells: line within the block counted from 0, and the text of the row.
    counter : LineCounter or None
        What tells its line; shared by the blocks of a file while they are read.
    """

    columns: dict[int, "pa.Array[Any]"]
    rows: int
    content: memoryview
    offset: int
    broken: list[tuple[int, str]] = field(default_factory=list)
    counter: LineCounter | None = None


def read_blocks(
    document: Document,
    table: Table,
    types: Mapping[int, pa.DataType],
    workers: int | None = None,
    block_bytes: int = 1 << 22,
) -> Iterator[Block]:
    """Give the table's rows in file order.

    Parameters
    ----------
    document, table
        The text and what was judged of it.
    types : mapping of int to pyarrow.DataType
        The columns wanted, by position, and the type to try first.
    workers : int or None
        Threads that parse; None: one per core.
    block_bytes : int
        Size of a block. 4 MiB took the least processor time of 1 to 16 MiB (measured, 7 million rows, 2 cores).

    Raises
    ------
    FileRefusedError
        V21, when a quote is opened and never closed.
    """
    count = workers or os.cpu_count() or 1
    ahead: deque[Future[Block]] = deque()
    counter = LineCounter(document)
    with closing(counter), utf8_stream(document) as stream, ThreadPoolExecutor(count) as pool:
        try:
            for offset, content in _cut(document, table, stream, block_bytes):
                ahead.append(pool.submit(_parse, content, offset, table, types))
                if len(ahead) > count + 1:
                    yield replace(ahead.popleft().result(), counter=counter)
            while ahead:
                yield replace(ahead.popleft().result(), counter=counter)
        except csv.Error as error:
            raise FileRefusedError(document.path, f"a row cannot be read ({error})") from error
        finally:
            for waiting in ahead:
                waiting.cancel()


def line_of(document: Document, block: Block, row: int) -> int:
    """Find the line of the file on which a row of a block stands, counted from 1."""
    with closing(LineCounter(document)) as own:
        counter = block.counter or own
        return counter.before(block.offset) + counter.within(block, row) + 1


def line_in(content: bytes, row: int) -> int:
    """Find the line on which the row stands that is `row`-th among those that are not blank; both from 0."""
    seen, quoted = -1, False
    for number, line in enumerate(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")):
        seen += not quoted and bool(line)
        if seen == row:
            return number
        quoted ^= line.count(b'"') % 2 == 1
    return 0


def _line_ends(content: bytes) -> int:
    return content.count(b"\n") or content.count(b"\r")


def _cut(document: Document, table: Table, stream: BinaryIO, size: int) -> Iterator[tuple[int, memoryview]]:
    """Cut the data at line ends outside quotes; each piece with where it stands."""
    stream.read(table.offset)
    offset, carried = table.offset, b""
    while True:
        buffer = bytearray(len(carried) + size)
        buffer[: len(carried)] = carried
        filled = _fill(stream, buffer, len(carried))
        ended = filled < len(buffer)
        cut = filled if ended else _line_end(buffer, filled, table.newline)
        if ended and buffer.count(b'"', 0, filled) % 2:
            raise _unclosed(document, table, bytes(buffer[:filled]), offset)
        if cut:
            yield offset, memoryview(buffer)[:cut]
        if ended:
            return
        if len(buffer) - cut > (1 << 26):
            raise _unclosed(document, table, bytes(buffer[cut:]), offset + cut)
        carried = bytes(memoryview(buffer)[cut:filled])
        offset += cut


def _fill(stream: BinaryIO, buffer: bytearray, filled: int) -> int:
    view = memoryview(buffer)
    while filled < len(buffer):
        got = stream.readinto(view[filled:])  # type: ignore[attr-defined]
        if not got:
            break
        filled += got
    return filled


def _line_end(buffer: bytearray, filled: int, newline: bytes, most: int = 1000) -> int:
    """Find the last line end with whole quotes before it; 0 when there is none in reach."""
    cut = buffer.rfind(newline, 0, filled) + 1
    if buffer.find(b'"', 0, cut) < 0:
        return cut
    quotes = buffer.count(b'"', 0, cut)
    for _ in range(most):
        if quotes % 2 == 0 or cut == 0:
            return cut
        earlier = buffer.rfind(newline, 0, cut - 1) + 1
        quotes -= buffer.count(b'"', earlier, cut)
        cut = earlier
    return 0


def _unclosed(document: Document, table: Table, content: bytes, offset: int) -> FileRefusedError:
    """Name the line with the quote that nothing closes: the last with an odd number of them."""
    odd = [number for number, line in enumerate(content.split(table.newline)) if line.count(b'"') % 2]
    block = Block({}, 0, memoryview(content), offset)
    line = line_of(document, block, 0) + (odd[-1] if odd else 0)
    what = "a quote is opened and never closed" if odd else "a line is longer than 64 MiB"
    return FileRefusedError(document.path, f"line {line}: {what}", "mend that line or fetch the file again")


def _parse(content: memoryview, offset: int, table: Table, types: Mapping[int, pa.DataType]) -> Block:
    if table.joined and table.joined[0] in types:
        return _with_dates(_parse_plain(content, offset, table, {**types, **dict.fromkeys(table.joined, TEXT)}), table)
    return _parse_plain(content, offset, table, types)


def _with_dates(block: Block, table: Table) -> Block:
    """Put the stamps that stand in several columns together, in the place of the first."""
    parts = [block.columns[each].to_pylist() for each in table.joined]
    stamps = [join_date(list(row)) if all(row) else None for row in zip(*parts, strict=True)]
    return replace(block, columns={**block.columns, table.joined[0]: pa.array(stamps, TEXT)})


def _parse_plain(content: memoryview, offset: int, table: Table, types: Mapping[int, pa.DataType]) -> Block:
    numbers_as_text = {position: TEXT if kind == pa.float64() else kind for position, kind in types.items()}
    for attempt in (types, numbers_as_text, dict.fromkeys(types, TEXT)):
        broken: list[str] = []
        try:
            found = _read(content, table, attempt, broken)
        except pa.ArrowInvalid:
            continue
        if not broken:
            columns = {position: _whole(found.column(str(position))) for position in types}
            return Block(columns, found.num_rows, content, offset)
        break
    return _read_slowly(content, offset, table, types)


def _read(content: memoryview, table: Table, types: Mapping[int, pa.DataType], broken: list[str]) -> pa.Table:
    def skip(row: arrow_csv.InvalidRow) -> Literal["skip"]:
        broken.append(row.text or "")
        return "skip"

    names = [str(position) for position in range(len(table.names))]
    return arrow_csv.read_csv(
        pa.BufferReader(pa.py_buffer(content)),  # type: ignore[arg-type]
        arrow_csv.ReadOptions(use_threads=False, block_size=len(content) + 1, column_names=names),
        arrow_csv.ParseOptions(delimiter=table.delimiter, newlines_in_values=True, invalid_row_handler=skip),
        arrow_csv.ConvertOptions(
            column_types={str(position): kind for position, kind in types.items()},
            include_columns=[str(position) for position in types],
            null_values=list(NULLS),
            strings_can_be_null=True,
            decimal_point=table.decimal,
        ),
    )


def _whole(column: "pa.ChunkedArray[Any]") -> "pa.Array[Any]":
    only: Any = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    array: pa.Array[Any] = only
    return array


def _read_slowly(content: memoryview, offset: int, table: Table, types: Mapping[int, pa.DataType]) -> Block:
    """Read rows whatever their length: cells that are missing are null, empty ones too many are left out."""
    width = len(table.names)
    reader = csv.reader(io.StringIO(_decoded(bytes(content)), newline=""), delimiter=table.delimiter, strict=False)
    kept: list[list[str]] = []
    broken: list[tuple[int, str]] = []
    line = 0
    for cells in reader:
        if any(cell.strip() for cell in cells):
            wrong = len(cells) <= max(types) or any(cell.strip() for cell in cells[width:])
            if wrong:
                broken.append((line, table.delimiter.join(cells)))
            else:
                kept.append(cells)
        line = reader.line_num
    columns = {position: _text_column([row[position] for row in kept]) for position in types}
    return Block(columns, len(kept), content, offset, broken)


def _decoded(content: bytes) -> str:
    """Decode a block that may hold another encoding than the beginning of its file."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _text_column(cells: list[str]) -> "pa.Array[Any]":
    return pa.array([None if cell in NULLS else cell for cell in cells], TEXT)
