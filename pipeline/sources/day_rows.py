"""One row per meter and day, with a cell for each hour, half-hour or quarter: DST shape F.

Every day has the same cells whatever the clock does, so streams are `fixed_cells`: what the cells of a clock change
hold is for `pipeline.vee` to judge.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.errors import FileRefusedError
from pipeline.schema import Method, Quality
from pipeline.sources.blocks import LABEL, Block, line_in, line_of, read_blocks
from pipeline.sources.cells import codes_of, floats_of, instants_of, text_at
from pipeline.sources.day_columns import CellGroup, DayColumns, find_day_columns
from pipeline.sources.day_periods import local_midnight
from pipeline.sources.day_streams import DayReading, Key, keys_of, streams_of_rows, texts_of
from pipeline.sources.document import Document
from pipeline.sources.long_days import cells_in_utc
from pipeline.sources.problems import Problems, is_damaged_name, refuse_open_quote
from pipeline.sources.reading import LATEST, Reading, finish, note_broken, note_stamps
from pipeline.sources.roles import Roles
from pipeline.sources.source import Batch, Feed, Source
from pipeline.sources.stamps import DAY, NO_STAMP, label_parser
from pipeline.sources.survey import survey
from pipeline.sources.table import Table, read_table
from pipeline.sources.words import ESTIMATED, MISSING

LAYOUT = "day_rows"
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.uint8]


def score_day_rows(table: Table, feed: Feed) -> float:
    """Say how sure it is that a table has one row per day: 0 or 0.95, 0.8 for one without names."""
    return 0.0 if find_day_columns(table, feed) is None else 0.95 if table.named else 0.8


def read_day_rows(document: Document, feed: Feed, today: int | None = None) -> Source:
    """Read a table of one row per meter and day.

    Parameters
    ----------
    document : Document
    feed : Feed
    today : int or None
        Days later than tomorrow are left out with a finding. [days since 1970-01-01]

    Raises
    ------
    FileRefusedError
        V21, when it is no such table or has no readings; V01, when its dates cannot be trusted. Here, or while the
        batches are consumed.
    """
    table = read_table(document, feed)
    columns = find_day_columns(table, feed)
    if columns is None:
        refuse_open_quote(document)
        raise FileRefusedError(document.path, "this is no table of one row per day with 24, 48, 96 … cells", "--layout")
    if columns.is_long and feed.timezone is None:
        reason = f"there are cells for days of 25 hours ({len(columns.offsets)}), and nothing says on which clock"
        raise FileRefusedError(document.path, reason, "give --timezone Europe/London", "V03")
    cells = columns.groups[0].positions
    roles = Roles(stamp=columns.day, meter=columns.meter, values=(cells[len(cells) // 2],))
    stamps = survey(document, table, roles, feed, today, whole_days=True)
    if stamps.instants:
        raise FileRefusedError(document.path, "days with a UTC offset are no days of one clock", "take it out", "V01")
    notes = [note for note in stamps.notes if not note.startswith(("stamps mark", "nothing tells"))]
    source = Source(document.path, LAYOUT, 1.0, iter(()), notes=[*document.notes, columns.why, *notes])
    if columns.type is not None and columns.codes == {}:
        name = table.names[columns.type].strip()
        source.notes.append(f"nothing says what the codes in {name!r} are: each is a meter of its own")
    problems = Problems(document.path, strict=feed.strict)
    latest = LATEST if today is None else (today + 2) * DAY
    source.batches = _batches(
        DayReading(columns, Reading(document, table, roles, (), feed, stamps, source, problems, latest))
    )
    return source


def _batches(rows: DayReading) -> Iterator[Batch]:
    reading = rows.reading
    for block in read_blocks(reading.document, reading.table, _types(rows)):
        note_broken(reading, block)
        for batch in _of_block(rows, block):
            reading.kept += len(batch.stamp)
            reading.known += int(np.count_nonzero(~np.isnan(batch.value)))
            if reading.stamps.typed:
                reading.days.add(batch.stamp, batch.value)
            yield batch
    if rows.blank and not reading.kept and not reading.dropped:
        reading.source.findings += reading.problems.findings()
    else:
        finish(reading)


def _types(rows: DayReading) -> dict[int, pa.DataType]:
    columns = rows.columns
    labels = (columns.meter, columns.site, columns.type, columns.unit, columns.quality)
    types: dict[int, pa.DataType] = dict.fromkeys((each for each in labels if each is not None), LABEL)
    types[columns.day] = rows.reading.stamps.type
    if columns.total is not None:
        types[columns.total] = pa.float64()
    for group in columns.groups:
        types.update(dict.fromkeys(group.positions, pa.float64()))
    return types


def _of_block(rows: DayReading, block: Block) -> Iterator[Batch]:
    """Give the readings of a block, a batch for each group of cells."""
    if not block.rows:
        return
    reading, columns = rows.reading, rows.columns
    day = _days(reading, block, columns.day)
    good = (day >= 0) & (day < reading.latest)
    if not good.all():
        note_stamps(reading, block, day, good)
    keys = keys_of(rows, block)
    named = np.array([not is_damaged_name(key[0]) or columns.meter is None for key in keys])
    cells = [_cells(rows, block, group) for group in columns.groups]
    filled = [~np.isnan(values).all(axis=1) for values in cells]
    blank = good & ~np.logical_or.reduce(filled)
    rows.blank += int(blank.sum())
    _note_names(rows, block, good & ~named & ~blank, keys)
    _note(rows, block, blank, "V05", "a row has no value at all: nothing of it is stored")
    _check_totals(rows, block, cells[0], good & named)
    quality = _quality(rows, block)
    for group, values, here in zip(columns.groups, cells, filled, strict=True):
        stream = streams_of_rows(rows, block, keys, group, good & named & here)
        yield _batch(columns, day, values, stream, quality, reading.feed.timezone or "UTC")


def _batch(
    columns: DayColumns,
    day: NDArray[np.int64],
    values: Floats,
    stream: NDArray[np.int32],
    quality: Codes | None,
    zone: str,
) -> Batch:
    kept = stream >= 0
    stamp = day[kept, None] + np.array(columns.offsets, dtype=np.int64)
    if columns.is_long:
        return _long_batch(columns, day[kept], values[kept], stream[kept], zone)
    count = len(columns.offsets)
    marks = None if quality is None else np.repeat(quality[kept], count)
    method = None if marks is None else np.where(marks == Quality.ESTIMATED, Method.SUPPLIER, 0).astype(np.uint8)
    return Batch(np.repeat(stream[kept], count), stamp.ravel(), values[kept].ravel(), marks, method)


def _long_batch(
    columns: DayColumns, day: NDArray[np.int64], values: Floats, stream: NDArray[np.int32], zone: str
) -> Batch:
    """Give the cells of days that may have 25 hours, those that a day has not left out."""
    stamp, cells = cells_in_utc(day, values, zone, columns.spare)
    there = stamp < np.array([local_midnight(int(each) + DAY, zone) for each in day], dtype=np.int64)[:, None]
    there |= ~np.isnan(cells)
    return Batch(np.repeat(stream, cells.shape[1])[there.ravel()], stamp[there], cells[there])


def _days(reading: Reading, block: Block, position: int) -> NDArray[np.int64]:
    """Give each row's midnight; `NO_STAMP` where the cell is no date. [s since 1970 on the file's clock]"""
    column = block.columns[position]
    if pa.types.is_timestamp(column.type):
        seconds = instants_of(column)
    else:
        codes, labels = codes_of(column)
        parse = label_parser(reading.stamps.order, instants=False)
        seconds = np.append(parse(labels), NO_STAMP)[codes]
    return np.where(seconds == NO_STAMP, NO_STAMP, seconds // DAY * DAY)


def _cells(rows: DayReading, block: Block, group: CellGroup) -> Floats:
    """Give a group's values, shape (rows, cells); cells that are no number are NaN and noted."""
    values = np.empty((block.rows, len(group.positions)))
    for number, position in enumerate(group.positions):
        values[:, number], bad = floats_of(block.columns[position], rows.reading.table.decimal)
        if bad is not None:
            text = f"cells of {rows.reading.table.names[position].strip()!r} are no number: missing"
            _note(rows, block, bad, "V21", text)
    return values


def _note(rows: DayReading, block: Block, chosen: Bools, rule_id: str, text: str) -> None:
    """Note rows of a block, a finding for each meter, with the line and the day of the first."""
    for meter, found in _by_meter(rows, block, chosen).items():
        seen = f"{_line(rows, block, found[0])}: {_date_at(rows, block, found[0])}"
        rows.reading.problems.add(rule_id, text, seen, stream=(meter, None), intervals=len(found))


def _note_names(rows: DayReading, block: Block, lost: Bools, keys: list[Key]) -> None:
    """Note rows whose meter is blank or damaged; each different text with the line of its first row."""
    found: dict[str, list[int]] = {}
    for row in np.flatnonzero(lost).tolist():
        found.setdefault(keys[row][0], []).append(row)
    rows.reading.dropped += int(lost.sum())
    for name, those in found.items():
        text = "the meter id is blank or damaged by a spreadsheet; the row is left out"
        rows.reading.problems.add("V21", text, f"{_line(rows, block, those[0])}: {name!r}", intervals=len(those))


def _by_meter(rows: DayReading, block: Block, chosen: Bools) -> dict[str | None, list[int]]:
    found: dict[str | None, list[int]] = {}
    for row in np.flatnonzero(chosen).tolist():
        found.setdefault(rows.reading.meter_at(block, row), []).append(row)
    return found


def _date_at(rows: DayReading, block: Block, row: int) -> str:
    return text_at(block.columns[rows.columns.day], row).removesuffix(" 00:00:00")


def _line(rows: DayReading, block: Block, row: int) -> str:
    """Say on which line of the file a row stands; the lines before a block are counted once."""
    if rows.counted[0] != block.offset:
        empty = replace(block, content=block.content[:0])
        rows.counted = block.offset, line_of(rows.reading.document, empty, 0)
    return f"line {rows.counted[1] + line_in(bytes(block.content), row)}"


def _check_totals(
    rows: DayReading, block: Block, values: Floats, good: Bools, *, tolerance: float = 1e-3, share: float = 1e-4
) -> None:
    """Hold complete days against their total column (V13).

    The larger of `tolerance` [the file's unit] and `share` of the total is allowed. Both are chosen: of the ten totals
    of the files at hand nine are exact to 0.001, and the wrong one is 0.04 % off, which 0.1 % would let pass.
    """
    position = rows.columns.total
    if position is None:
        return
    total, _ = floats_of(block.columns[position], rows.reading.table.decimal)
    sums = values.sum(axis=1)
    off = good & (np.abs(sums - total) > np.maximum(tolerance, share * np.abs(total)) + 1e-9)
    name = rows.reading.table.names[position].strip()
    for meter, found in _by_meter(rows, block, off).items():
        first = found[0]
        seen = f"{_line(rows, block, first)}: {_date_at(rows, block, first)}, "
        seen += f"total {total[first]:g}, sum {sums[first]:.7g}"
        text = f"{name!r} is not the sum of the row's cells: the cells are used"
        rows.reading.problems.say("V13", text, seen, stream=(meter, None), intervals=len(found) * values.shape[1])


def _quality(rows: DayReading, block: Block) -> Codes | None:
    if rows.columns.quality is None:
        return None
    known = {**dict.fromkeys(ESTIMATED, Quality.ESTIMATED), **dict.fromkeys(MISSING, Quality.MISSING)}
    marks = texts_of(block, rows.columns.quality)
    return np.array([known.get(mark.lower(), Quality.ACTUAL) for mark in marks], dtype=np.uint8)
