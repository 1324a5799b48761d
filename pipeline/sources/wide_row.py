"""The campus layout: a row is a building, a column is an instant; `Group,<metadata …>,MM/DD/YYYY HH:MM,…`.

Names are kept whole ("Building 110 North" is not "Building 110") and so are repeated stamps: November's second 01:00 is
an hour of its own, which a reader that renames repeated columns loses.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.errors import FileRefusedError
from pipeline.schema import Stream
from pipeline.sources.cells import floats_of
from pipeline.sources.day_columns import are_parts_of_day
from pipeline.sources.document import Document, utf8_stream
from pipeline.sources.ends import DayWatch
from pipeline.sources.evidence import adds_up, cells_of_column
from pipeline.sources.keys import is_damaged
from pipeline.sources.overrides import apply_feed
from pipeline.sources.problems import Problems
from pipeline.sources.roles import position_of
from pipeline.sources.settle import Stamps
from pipeline.sources.source import Batch, Feed, Source
from pipeline.sources.stamps import DAY, NO_STAMP, label_parser, month_text, split_label
from pipeline.sources.survey import judge_labels
from pipeline.sources.table import NULLS, Table, column_kind, read_table
from pipeline.sources.units import Meaning, unit_in
from pipeline.sources.values import known_unit
from pipeline.sources.words import SUMMARY_WORDS, meter_rank, words_of

LAYOUT = "wide_row"
_DAY_WORDS = {"day", "date", "of", "the", "month", "tag", "jour", "dia", "día", "giorno", "dag", "row", "labels"}


@dataclass
class _Header:
    """Where the cells of a row belong: `positions` hold the readings of `seconds`, everything else is metadata."""

    positions: NDArray[np.intp]
    seconds: NDArray[np.int64]
    meter: int
    unit: int | None
    metadata: list[int]
    width: int


@dataclass
class _Sum:
    """What the rows of one unit have in common."""

    value: NDArray[np.float64]
    size: NDArray[np.float64]
    rows: int = 0

    def add(self, value: NDArray[np.float64]) -> None:
        """Count in the values of a row."""
        self.value += np.nan_to_num(value)
        self.size += np.abs(np.nan_to_num(value))
        self.rows += 1


@dataclass
class _Rows:
    """A file while its rows are read; `totals` are rows that are named for one, which are judged when all are known."""

    document: Document
    feed: Feed
    table: Table
    header: _Header
    stamps: Stamps
    source: Source
    problems: Problems
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    days: DayWatch = field(default_factory=DayWatch)
    sums: dict[str, _Sum] = field(default_factory=dict)
    totals: list[tuple[list[str], int]] = field(default_factory=list)
    refused: int = 0
    known: int = 0


def score_wide_row(table: Table) -> float:
    """Say how well a table fits: most columns are named by an instant."""
    stamps = sum(split_label(name) is not None and not name.strip().isdigit() for name in table.names)
    if not table.named or stamps < max(1, len(table.names) / 2 - 2):
        return 0.0
    return 0.95 if stamps >= 3 else 0.6


def read_wide_row(document: Document, feed: Feed, today: int | None = None) -> Source:
    """Read one building a row.

    Parameters
    ----------
    document : Document
    feed : Feed
        `feed.columns["meter"]` names the column with the building; else the best-named of those without a stamp.
    today : int or None
        Stamps later than tomorrow are left out with a finding. [days since 1970-01-01]

    Raises
    ------
    FileRefusedError
        V01 when the dates of the header cannot be trusted, V21 when no row can be read.
    """
    table = read_table(document, feed)
    labels = _labels(table)
    if "meter" not in feed.columns:
        _refuse_turned(document, table, labels)
    stamps = judge_labels(document, [label for _, label in labels], feed, today)
    source = Source(document.path, LAYOUT, 1.0, iter(()), notes=[*document.notes, *stamps.notes])
    problems = Problems(document.path, strict=feed.strict)
    header = _header(table, labels, stamps, feed, today)
    rows = _Rows(document, feed, table, header, stamps, source, problems)
    _note_columns(rows, labels)
    source.batches = _batches(rows)
    return source


def _refuse_turned(document: Document, table: Table, labels: list[tuple[int, str]]) -> None:
    """Refuse a table of which each row is a part of all days: its hours would be meters."""
    across = labels[0][1] if labels else table.names[-1].strip()
    daily = not any((split_label(label) or ("", ""))[1] for _, label in labels)
    for position in range(labels[0][0] if labels else 1):
        heading = table.names[position].strip()
        cells = [cell for cell in cells_of_column(table, position) if not set(words_of(cell)) & SUMMARY_WORDS]
        times = position == 0 and column_kind(table.rows, 0) == "time"
        if times or (daily and are_parts_of_day(cells, heading)):
            reason = f"each row is a time of day and each column a day, as {across!r}"
            raise FileRefusedError(document.path, reason, "turn the table: a row for each day, a column for each time")
        if _are_days_of_month(cells, heading) and all(month_text(label) for _, label in labels):
            reason = f"each row is a day of the month and each column a month, as {across!r}"
            raise FileRefusedError(document.path, reason, "turn the table: a row for each day, with its whole date")


def _are_days_of_month(cells: list[str], heading: str) -> bool:
    days = set(words_of(heading)) <= _DAY_WORDS
    return days and 28 <= len(cells) <= 31 and cells == [str(n + 1) for n in range(len(cells))]


def _labels(table: Table) -> list[tuple[int, str]]:
    """Give the columns that an instant names; `11/04/2018 01:00.1` is a repeated name that a tool has changed."""
    found = []
    for position, name in enumerate(table.names):
        plain = re.sub(r"(\d:\d\d)\.\d$", r"\1", name.strip())
        if split_label(plain) is not None and not plain.isdigit():
            found.append((position, plain))
    return found


def _header(table: Table, labels: list[tuple[int, str]], stamps: Stamps, feed: Feed, today: int | None) -> _Header:
    seconds = label_parser(stamps.order, stamps.instants)([label for _, label in labels])
    positions = np.array([position for position, _ in labels], dtype=np.intp)
    latest = np.iinfo(np.int64).max if today is None else (today + 2) * DAY
    good = (seconds != NO_STAMP) & (seconds < latest)
    stamped = set(positions.tolist())
    metadata = [each for each in range(len(table.names)) if each not in stamped]
    named = position_of(feed.columns["meter"], table) if "meter" in feed.columns else None
    ranked = [(rank, each) for each in metadata if (rank := meter_rank(table.names[each])) is not None]
    meter = named if named is not None else 0 if 0 in metadata else min(ranked)[1] if ranked else -1
    unit = next((each for each in metadata if set(words_of(table.names[each])) & {"unit", "units", "uom"}), None)
    return _Header(positions[good], seconds[good], meter, unit, metadata, len(table.names))


def _note_columns(rows: _Rows, labels: list[tuple[int, str]]) -> None:
    """Note columns between the stamps that are none, and stamps that cannot be read."""
    used = set(rows.header.positions.tolist())
    lost = [label for position, label in labels if position not in used]
    between = [each for each in rows.header.metadata if labels and each > labels[0][0]]
    lost += [rows.table.names[each].strip() for each in between if rows.table.names[each].strip()]
    if lost:
        what = "columns whose name is no instant that a reading can have are left out"
        rows.problems.add("V01", what, ", ".join(map(repr, lost[:3])), intervals=len(lost))


def _batches(rows: _Rows) -> Iterator[Batch]:
    with io.TextIOWrapper(utf8_stream(rows.document), "utf-8", errors="replace", newline="") as text:
        skipped = 0
        while skipped < rows.table.first_line - 1 and text.readline():
            skipped += 1
        reader = csv.reader(text, delimiter=rows.table.delimiter)
        try:
            for cells in reader:
                if _is_named_total(rows, cells):
                    rows.totals.append((cells, reader.line_num + skipped))
                elif (batch := _read_row(rows, cells, reader.line_num + skipped)) is not None:
                    yield batch
        except csv.Error as error:
            reason = f"line {reader.line_num + skipped} cannot be read ({error})"
            raise FileRefusedError(rows.document.path, reason) from error
    meters = [(cells, line) for cells, line in rows.totals if not _adds_up(rows, cells)]
    yield from (batch for cells, line in meters if (batch := _read_row(rows, cells, line)) is not None)
    _finish(rows)


def _is_named_total(rows: _Rows, cells: list[str]) -> bool:
    meter = rows.header.meter
    return 0 <= meter < len(cells) == rows.header.width and bool(set(words_of(cells[meter])) & SUMMARY_WORDS)


def _adds_up(rows: _Rows, cells: list[str]) -> bool:
    """Whether a row is the sum of the others, so no meter; noted."""
    others = rows.sums.get(_unit_said(rows, cells))
    if others is None or others.rows < 2:
        return False
    value = np.nan_to_num(_numbers(rows, cells)[0])
    if not value.any() or not adds_up(value, others.value, others.size):
        return False
    name = cells[rows.header.meter].strip()
    rows.source.notes.append(f"the row {name!r} is left out: it is the sum of the others")
    return True


def _read_row(rows: _Rows, cells: list[str], line: int) -> Batch | None:
    """Read one building; a row that does not match the header is left out, since no cell of it is sure."""
    header = rows.header
    if not any(cell.strip() for cell in cells) or cells[: header.width] == list(rows.table.names):
        return None
    meter = cells[header.meter].strip() if 0 <= header.meter < len(cells) else ""
    if len(cells) < header.width or any(cell.strip() for cell in cells[header.width :]):
        _refuse_row(rows, f"the row has {len(cells)} cells and the header {header.width}", f"line {line}: {meter!r}")
        return None
    if header.meter >= 0 and (not meter or is_damaged(meter)):
        _refuse_row(rows, "the meter id is blank or damaged by a spreadsheet", f"line {line}: {meter!r}")
        return None
    number = _stream_number(rows, meter, cells)
    value = _values(rows, cells, meter, line)
    rows.sums.setdefault(_unit_said(rows, cells), _Sum(*np.zeros((2, len(value))))).add(value)
    rows.days.add(header.seconds, value)
    rows.known += int(np.count_nonzero(~np.isnan(value)))
    return None if number is None else Batch(np.full(len(value), number, dtype=np.int32), header.seconds, value)


def _refuse_row(rows: _Rows, what: str, seen: str) -> None:
    rows.refused += 1
    rows.problems.add("V21", f"{what}; the row is left out", seen, intervals=len(rows.header.seconds))


def _unit_said(rows: _Rows, cells: list[str]) -> str:
    return "" if rows.header.unit is None else cells[rows.header.unit].strip()


def _numbers(rows: _Rows, cells: list[str]) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
    own = [cells[position].strip() for position in rows.header.positions]
    return floats_of(pa.array([None if cell in NULLS else cell for cell in own], pa.string()), rows.table.decimal)


def _values(rows: _Rows, cells: list[str], meter: str, line: int) -> NDArray[np.float64]:
    value, bad = _numbers(rows, cells)
    if bad is not None:
        position = int(rows.header.positions[np.flatnonzero(bad)[0]])
        seen = f"line {line}, column {rows.table.names[position]!r}: {cells[position].strip()!r}"
        what = "the value cannot be read; it counts as missing"
        rows.problems.add("V21", what, seen, stream=(meter, None), intervals=int(bad.sum()))
    return value


def _stream_number(rows: _Rows, meter: str, cells: list[str]) -> int | None:
    """Find the stream of a row; a second row of a building with other metadata is a meter of its own."""
    header, source = rows.header, rows.source
    metadata = " ".join(cells[each].strip() for each in header.metadata if each != header.meter).strip()
    if (meter, metadata) not in rows.numbers:
        second = any(known == meter for known, _ in rows.numbers)
        name = f"{meter}-{metadata}" if second and metadata else meter
        if second and metadata:
            source.notes.append(f"{meter!r} has several rows: the one of {metadata!r} is {name!r}")
        rows.numbers[meter, metadata] = _add_stream(rows, name or source.path.stem, meter, cells)
    number = rows.numbers[meter, metadata]
    return None if number < 0 else number


def _add_stream(rows: _Rows, name: str, meter: str, cells: list[str]) -> int:
    stamps, source = rows.stamps, rows.source
    meaning = _meaning(rows, cells)
    guessed = Stream(
        name,
        channel="reactive" if "VAr" in meaning.unit else "delivered",
        unit=meaning.unit,
        multiplier=meaning.multiplier,
        timezone="UTC" if stamps.instants else None,
        label=stamps.label,
        minutes=1440 if stamps.daily else None,
        newest_first=stamps.newest_first,
    )
    stream = apply_feed(guessed, meter, rows.feed)
    if stream is None:
        return -1
    source.streams.append(stream)
    return len(source.streams) - 1


def _meaning(rows: _Rows, cells: list[str]) -> Meaning:
    header = rows.header
    said = rows.feed.unit or rows.table.unit
    if said is None and header.unit is not None:
        said = unit_in(cells[header.unit])
    if said is None:
        said = next((unit for each in header.metadata if (unit := unit_in(rows.table.names[each]))), None)
    if said is not None:
        return known_unit(said)
    note = "no unit is stated: values are taken as kWh (--unit)"
    if note not in rows.source.notes:
        rows.source.notes.append(note)
    return Meaning("kWh")


def _finish(rows: _Rows) -> None:
    source, path = rows.source, rows.document.path
    source.findings += rows.problems.findings()
    if not rows.known or rows.refused > len(rows.numbers):
        why = rows.problems.summary() or "every value is blank"
        raise FileRefusedError(path, f"{len(rows.numbers)} of its rows can be used: {why}", "mend the file")
    distrust = rows.stamps.distrust or rows.days.swapped()
    if distrust and not rows.feed.insist:
        remedy = "ask for the file again; --insist loads it with every reading marked"
        raise FileRefusedError(path, f"{distrust} (first meter {source.streams[0].meter_id!r})", remedy, "V01")
    if distrust:
        source.mark_doubtful(distrust, rows.known)
