"""NEM12 and NEM13, the meter data files of Australia's market (AEMO MDFF): days of intervals, and register periods.

The clock is UTC+10 all year. Every cell is counted here: nemreader 0.9.2 returns half a day without a word where a
30-minute meter carries 96 values, and took 30 times as long for 420,480 values (measured). The tests hold our values
against its own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta

import numpy as np

from pipeline.errors import FileRefusedError
from pipeline.sources.document import Document
from pipeline.sources.nem_records import Record, read_records
from pipeline.sources.nem_streams import Progress, Rows
from pipeline.sources.nem_values import EPOCH, read_day, read_period
from pipeline.sources.problems import Problems
from pipeline.sources.source import Batch, Feed, Source

LAYOUT = "nem12"
RECORDS_PER_BATCH = 1024
"""Days handed on together (chosen: half a megabyte of values)."""

Section = tuple[Record | None, Record, list[Record]]
"""The 200 record in force, a 300 or 250 record, and the 400 records after it."""


def read_nem(document: Document, feed: Feed) -> Source:
    """Read a NEM12 or NEM13 file.

    A NEM12 register becomes the meter NMI (suffix digit 1) or "NMI-E2"; a meter whose interval length changes becomes
    two streams. A NEM13 register ("NMI", or "NMI-41" for other suffixes than 11) gives the quantity of each period as
    a reading that begins at the earlier register read; the reads themselves and 500 records are not kept. Values that
    the file marks as null (N) are kept as they stand, with quality `missing`.

    Raises
    ------
    FileRefusedError
        V21, when it does not begin with a record, or no record of it can be used; the reason names the lines. Raised
        while the batches are consumed.
    """
    source = Source(document.path, LAYOUT, 1.0, iter(()), notes=list(document.notes))
    source.batches = _batches(document, Progress(source, feed, Problems(document.path, strict=feed.strict)))
    return source


def _batches(document: Document, progress: Progress) -> Iterator[Batch]:
    held: list[Rows] = []
    for rows in _rows(_sections(read_records(document, progress.problems), progress.kinds), progress):
        held.append(rows)
        if len(held) == RECORDS_PER_BATCH:
            yield _batch(held, progress)
            held = []
    if held:
        yield _batch(held, progress)
    _note_frame(progress)
    progress.source.findings += progress.problems.findings()
    if not progress.rows:
        reason = progress.problems.summary() or "; ".join(["it holds no readings", *progress.source.notes])
        raise FileRefusedError(document.path, reason, "ask the supplier for the file as it was sent")


def _sections(records: Iterable[Record], kinds: Counter[str]) -> Iterator[Section]:
    details: Record | None = None
    main: Record | None = None
    ranges: list[Record] = []
    for record in records:
        kind = record.fields[0]
        kinds[kind] += 1
        if kind == "400":
            ranges.append(record)
        elif kind not in ("500", "550"):
            if main is not None:
                yield details, main, ranges
            main, ranges = (record if kind in ("250", "300") else None), []
            details = record if kind == "200" else details if kind in ("250", "300") else None
    if main is not None:
        yield details, main, ranges


def _rows(sections: Iterable[Section], progress: Progress) -> Iterator[Rows]:
    for details, main, ranges in sections:
        if main.fields[0] == "250":
            rows = read_period(main, progress)
        elif details is not None:
            rows = read_day(details, main, ranges, progress)
        else:
            progress.problems.add("V21", "a day without a 200 record before it was left out", f"line {main.line}")
            rows = None
        if rows is not None and _is_new(rows, progress):
            yield rows


def _is_new(rows: Rows, progress: Progress) -> bool:
    """Whether no identical record came before; one with other values is handed on too, as the later version."""
    content = hash((rows.value.tobytes(), rows.quality.tobytes(), rows.minutes))
    line, first_content = progress.rows.setdefault((rows.stream, int(rows.stamp[0])), (rows.line, content))
    if line == rows.line:
        return True
    meter_id, channel = progress.name(rows.stream)
    day = f"{EPOCH + timedelta(seconds=int(rows.stamp[0])):%Y-%m-%d}"
    if content == first_content:
        text, seen = (
            "a record that stands again, identically, was left out",
            f"line {rows.line}: {day} as on line {line}",
        )
        progress.problems.say(
            "V02", text, seen, stream=(meter_id, channel), starts=rows.starts, intervals=len(rows.value)
        )
        return False
    progress.note(f"{meter_id} {channel} {day}: line {rows.line} has other values than line {line}, the later is used")
    return True


def _note_frame(progress: Progress) -> None:
    """Say what the 100 and 900 records tell about the file."""
    heads, ends = progress.kinds["100"], progress.kinds["900"]
    if heads == 0:
        progress.note("there is no 100 record: taken as " + ("NEM13" if progress.kinds["250"] else "NEM12"))
    if ends == 0:
        progress.note("there is no 900 record: the file may have been cut off")
    if heads > 1 or ends > 1:
        progress.note(f"files were joined: {heads} records 100, {ends} records 900")


def _batch(held: list[Rows], progress: Progress) -> Batch:
    counts = [len(rows.value) for rows in held]
    varies = any(progress.source.streams[rows.stream].minutes is None for rows in held)
    return Batch(
        np.repeat(np.array([rows.stream for rows in held], dtype=np.int32), counts),
        np.concatenate([rows.stamp for rows in held]),
        np.concatenate([rows.value for rows in held]),
        np.concatenate([rows.quality for rows in held]),
        np.concatenate([rows.method for rows in held]),
        np.repeat(np.array([rows.minutes for rows in held], dtype=np.int32), counts) if varies else None,
    )
