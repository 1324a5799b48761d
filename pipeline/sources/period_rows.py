"""Rows of a value with the end, or both ends, of its interval: which column is what, and every row read or named."""

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.errors import FileRefusedError
from pipeline.sources.cells import floats_of
from pipeline.sources.dates import SETTLED_BY, judge_dates
from pipeline.sources.document import Document, utf8_stream
from pipeline.sources.ends import DayWatch
from pipeline.sources.problems import Problems, refuse_open_quote
from pipeline.sources.reading import LATEST
from pipeline.sources.roles import position_of
from pipeline.sources.source import Feed
from pipeline.sources.stamps import DAY, NO_STAMP, ORDERS, are_gmt_and_summer, label_parser, split_label, time_of_day
from pipeline.sources.table import Table, column_kind
from pipeline.sources.words import END_WORDS, LOCAL_WORDS, START_WORDS, UTC_WORDS, label_word, words_of

Seconds = NDArray[np.int64]


class PeriodColumns(NamedTuple):
    """Positions in the row; `start` is None where rows have only the end."""

    value: int
    start: int | None
    end: int


class Periods(NamedTuple):
    """Rows that could be read: arrays of one length, in file order.

    `wall_start` and `wall_end` are the stamps as they are written, whatever their offset. [s since 1970]
    """

    line: NDArray[np.int64]
    value: NDArray[np.float64]
    start: Seconds
    end: Seconds
    wall_start: Seconds
    wall_end: Seconds

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.intp] | slice) -> "Periods":
        """Give some of the rows."""
        return Periods(
            self.line[chosen],
            self.value[chosen],
            self.start[chosen],
            self.end[chosen],
            self.wall_start[chosen],
            self.wall_end[chosen],
        )


class Verdict(NamedTuple):
    """How the stamps of a file are read: the order of day and month, whether they are instants, and why.

    `distrust` says why they must not be trusted, when the user insists.
    """

    order: str
    instants: bool
    notes: list[str]
    distrust: str = ""


def find_period_columns(table: Table, feed: Feed) -> PeriodColumns | None:
    """Find one column of numbers and one or two of instants; None when the table is another layout.

    Without names, or with names that do not say, the earlier of two instants is the start. Two instants of one moment,
    in UTC and on the local clock, are no interval.
    """
    kinds = [column_kind(table.rows, position) for position in range(len(table.names))]
    said = {word: position_of(str(name), table) for word, name in feed.columns.items()}
    stamps = [n for n, kind in enumerate(kinds) if kind == "stamp"]
    values = [n for n, kind in enumerate(kinds) if kind == "number"]
    value = said.get("value", values[0] if len(values) == 1 else None)
    if value is None or not 1 <= len(stamps) <= 2:
        return None
    if len(stamps) == 2 and "end" not in said and _are_two_clocks(table, stamps):
        return None
    guessed = (None, stamps[0]) if len(stamps) == 1 else _which_is_end(table, stamps)
    start, end = said.get("stamp", guessed[0]), said.get("end", guessed[1])
    return None if end is None else PeriodColumns(value, None if start == end else start, end)


def _are_two_clocks(table: Table, stamps: list[int]) -> bool:
    """Whether two columns say one moment on two clocks: one names UTC or the local clock, or the rows overlap.

    A name that alone says end wins: an offset as long as the step makes columns that chain as start and end do.
    """
    names = [table.names[position] for position in stamps]
    if [label_word(name) for name in names].count("end") == 1:
        return False
    words = [set(words_of(name)) for name in names]
    said = any(bool(words[0] & clock) != bool(words[1] & clock) for clock in (UTC_WORDS, LOCAL_WORDS))
    return said or _overlap(table, stamps)


def _overlap(table: Table, stamps: list[int]) -> bool:
    """Whether most rows would begin before the one in front has ended."""
    cells = [row[position].strip() for position in stamps for row in table.rows[:400]]
    read = [label_parser(order, instants)(cells) for order in ORDERS[:2] for instants in (False, True)]
    both = max(read, key=lambda each: int((each != NO_STAMP).sum())).reshape(2, -1)
    start, end = np.sort(both[:, (both != NO_STAMP).all(axis=0)], axis=0)
    start, first = np.unique(start, return_index=True)
    return 2 * int((end[first][:-1] > start[1:]).sum()) > len(start)


def _which_is_end(table: Table, stamps: list[int]) -> tuple[int, int]:
    one, other = stamps
    words = [set(words_of(table.names[position])) for position in stamps]
    if words[0] & END_WORDS and words[1] & START_WORDS:
        return other, one
    if table.named and words[0] & START_WORDS:
        return one, other
    later = sum(row[one] > row[other] for row in table.rows)
    return (other, one) if later > len(table.rows) / 2 else (one, other)


def read_period_rows(
    document: Document, table: Table, columns: PeriodColumns, feed: Feed, problems: Problems, today: int | None
) -> tuple[Periods, Verdict]:
    """Read every row of the table; rows that cannot be read are problems.

    Raises
    ------
    FileRefusedError
        V01, when the dates can be read in two ways, or day and month are swapped; V21 for a quote that nothing closes.
    """
    rows = list(_unrepeated(list(_cells(document, table)), feed.repeats, problems))
    ends = [_at(cells, columns.end) for _, cells in rows]
    starts = ends if columns.start is None else [_at(cells, columns.start) for _, cells in rows]
    verdict = _judge(document, [*starts, *ends], feed, today)
    parse = label_parser(verdict.order, verdict.instants)
    value, bad_value = _numbers([_at(cells, columns.value) for _, cells in rows], table.decimal)
    start, end = parse(starts), parse(ends)
    latest = LATEST if today is None else (today + 2) * DAY
    bad_time = (start < 0) | (end < 0) | (end > latest) | (start > latest)
    for number in np.flatnonzero(bad_time | bad_value).tolist():
        line, cells = rows[number]
        rule_id, what = ("V01", "time") if bad_time[number] else ("V21", "number")
        problems.add(rule_id, f"a row without a readable {what} was left out", f"line {line}: {','.join(cells)[:60]!r}")
    periods = Periods(
        np.array([line for line, _ in rows], dtype=np.int64),
        value,
        start,
        end,
        start + _offsets(starts, verdict.instants),
        end + _offsets(ends, verdict.instants),
    ).take(~(bad_time | bad_value))
    swapped = _swapped(document, periods, feed)
    return periods, verdict._replace(distrust=verdict.distrust or swapped)


def _at(cells: list[str], position: int) -> str:
    return cells[position].strip() if position < len(cells) else ""


def _cells(document: Document, table: Table) -> Iterator[tuple[int, list[str]]]:
    """Give each row that is not blank, with its line."""
    refuse_open_quote(document)
    with utf8_stream(document) as stream:
        stream.read(table.offset)
        reader = csv.reader(io.TextIOWrapper(stream, "utf-8", "replace", newline=""), delimiter=table.delimiter)
        before = table.first_line - 1
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield before + reader.line_num, cells
        except csv.Error as error:
            line = before + reader.line_num
            raise FileRefusedError(document.path, f"line {line} is not a row of cells ({error})") from None


def _unrepeated(rows: list[tuple[int, list[str]]], repeats: int, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """Give one of every `repeats` rows, which must be alike; rows that are not are a problem, and the first counts."""
    for first in range(0, len(rows), repeats):
        group = rows[first : first + repeats]
        if len(group) < repeats or any(cells != group[0][1] for _, cells in group):
            text = f"rows do not stand {repeats} times each: the first of them is used"
            problems.add("V02", text, f"line {group[0][0]}")
        yield group[0]


def _numbers(texts: list[str], decimal: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Read numbers, NaN where blank; and which cells are something else."""
    value, bad = floats_of(pa.array(texts, pa.string()), decimal)
    return value, np.zeros(len(value), dtype=np.bool_) if bad is None else bad


def _judge(document: Document, labels: list[str], feed: Feed, today: int | None) -> Verdict:
    parts = [part for label in dict.fromkeys(labels) if (part := split_label(label)) is not None]
    gmt = are_gmt_and_summer(text for _, text in parts)
    zones = [time[1] for _, text in parts if (time := time_of_day(text, gmt)) is not None]
    instants = len(zones) > len(parts) / 2 and sum(zone is not None for zone in zones) > len(zones) / 2
    if feed.date_format is not None and "%" in feed.date_format:
        return Verdict(feed.date_format, "%z" in feed.date_format, [])
    days = list(dict.fromkeys(day for day, _ in parts))
    chosen = None if feed.date_format == "iso" else feed.date_format
    verdict = judge_dates(days, today, len({time for _, time in parts}) > 1, chosen)
    if verdict.refusal and not feed.insist:
        raise FileRefusedError(document.path, verdict.refusal, SETTLED_BY, "V01")
    return Verdict(verdict.order, instants, verdict.notes, verdict.refusal or "")


def _offsets(labels: list[str], instants: bool) -> Seconds:
    """Give the UTC offset that each label states; 0 where it states none. [s]"""
    offsets = []
    for label in labels:
        part = split_label(label)
        time = time_of_day(part[1], instants) if part is not None else None
        offsets.append((time[1] or 0) if time is not None else 0)
    return np.array(offsets, dtype=np.int64)


def _swapped(document: Document, periods: Periods, feed: Feed) -> str:
    watch = DayWatch()
    watch.add(periods.wall_start, periods.value)
    swapped = watch.swapped()
    if swapped and not feed.insist:
        remedy = "ask for the file again; --insist loads it with every reading marked"
        raise FileRefusedError(document.path, swapped, remedy, "V01")
    return swapped
