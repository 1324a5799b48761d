"""What must be known of a file's stamps before its first reading: order of day and month, clock, label, direction.

Stamps in plain ISO are judged by the first and the last rows, and by `DayWatch` while they stream. Every other notation
is surveyed from the first row to the last.
"""

import re
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.errors import FileRefusedError
from pipeline.sources.blocks import LABEL, Block, read_blocks
from pipeline.sources.cells import codes_of, floats_of
from pipeline.sources.day_periods import survey_periods
from pipeline.sources.document import Document, utf8_stream
from pipeline.sources.roles import Roles
from pipeline.sources.settle import Seen, Stamps, settle_dates, settle_ends
from pipeline.sources.source import Feed
from pipeline.sources.stamps import split_label
from pipeline.sources.table import Table, kind_of
from pipeline.sources.words import clock_in

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?(Z|[-+]\d{2}(?::?\d{2})?)?")

_SPAN = re.compile(r"(\d{1,2}:\d{2})\s*-\s*\d{1,2}:\d{2}")


def survey(
    document: Document, table: Table, roles: Roles, feed: Feed, today: int | None, whole_days: bool = False
) -> Stamps:
    """Judge the stamps of a file.

    Parameters
    ----------
    document, table, roles, feed
        The file and what is known of it.
    today : int or None
        Nothing is later. [days since 1970-01-01]
    whole_days : bool, default False
        True when a row is a day of readings.

    Raises
    ------
    FileRefusedError
        V01, when the dates can be read in two ways or in none, or day and month are swapped.
    """
    whole_days = whole_days or roles.period is not None
    labels = [label for row in table.rows if (label := label_of(row, roles))]
    stamps = Stamps(typed=_is_iso(labels, roles, feed))
    if stamps.typed:
        stamps.instants = any(found.group(1) for label in labels if (found := _ISO.fullmatch(label)))
        seen = _seen_at_ends(document, table, roles)
    else:
        seen = _seen_throughout(document, table, roles)
        seen.whole_days = whole_days
        settle_dates(document, seen, feed, today, stamps)
    name = " ".join(table.names[each] for each in (roles.stamp, roles.time) if each is not None) if table.named else ""
    settle_ends(seen, labels, name, whole_days or roles.end is not None or roles.end_time is not None, stamps)
    if roles.meter is None and roles.period is None and feed.minutes and 0 < stamps.step < feed.minutes * 60:
        reason = f"stamps stand {stamps.step / 60:g} min apart, which cannot be intervals of {feed.minutes} min"
        raise FileRefusedError(document.path, reason, "leave out --minutes", "V04")
    if roles.period is not None:
        stamps.periods = survey_periods(document, table, roles.stamp or 0, roles.period, feed.timezone)
        stamps.notes.append(stamps.periods.note)
        stamps.daily = False
    clock = clock_in(table.names[roles.stamp or 0])
    if clock and not stamps.instants:
        stamps.notes.append(f"{table.names[roles.stamp or 0].strip()!r} says that the clock is {clock}")
    return stamps


def label_of(row: list[str], roles: Roles) -> str:
    """Give a row's label: its stamp cell, and its time cell when that is a column of its own."""
    cells = [row[each].strip() for each in (roles.stamp, roles.time) if each is not None]
    if roles.time is not None and kind_of(cells[-1]) != "blank":
        cells[-1] = unpacked(cells[-1]) if roles.packed else _begin(cells[-1])
    return " ".join(cell for cell in cells if kind_of(cell) != "blank")


def unpacked(time: str) -> str:
    """Write a time of day that stands as a number as a time: 130 and 1.30 are 01:30."""
    time = time.replace(".", "")
    return f"{time.zfill(4)[:-2]}:{time.zfill(4)[-2:]}"


def _begin(time: str) -> str:
    """Take the begin of a span of times: in a column of its own 00:15-00:30 has no UTC offset."""
    return _SPAN.sub(r"\1", time.strip())


def _is_iso(labels: list[str], roles: Roles, feed: Feed) -> bool:
    """Whether Arrow can read the stamps itself: ISO with two digits everywhere, all with an offset or none."""
    if roles.time is not None or (feed.date_format and feed.date_format != "iso") or not labels:
        return False
    found = [_ISO.fullmatch(label) for label in labels]
    good = [each for each in found if each]
    return len(good) > 0.9 * len(labels) and len({each.group(1) is None for each in good}) == 1


def _seen_at_ends(document: Document, table: Table, roles: Roles) -> Seen:
    seen = Seen()
    for row in (*table.rows, *_tail_rows(document, table)):
        label = label_of(row, roles)
        parts = split_label(label)
        if parts is None or all(kind_of(row[each]) == "blank" for each in roles.values):
            continue
        meter = "" if roles.meter is None else row[roles.meter]
        seen.edges[meter] = (seen.edges.get(meter, (label, ""))[0], label)
        seen.times.add(parts[1])
    return seen


def _tail_rows(document: Document, table: Table, size: int = 1 << 16) -> list[list[str]]:
    """Read the last rows of a file that is plain text; none where its end cannot be reached without reading it all."""
    if table.whole or document.encoding != "utf-8":
        return []
    with utf8_stream(document) as stream:
        if not stream.seekable():
            return []
        end = stream.seek(0, 2)
        stream.seek(max(table.offset, end - size))
        lines = stream.read().decode(errors="replace").splitlines()[1:]
    rows = [[cell.strip('"') for cell in line.split(table.delimiter)] for line in lines]
    return [row for row in rows if len(row) == len(table.names)]


def _seen_throughout(document: Document, table: Table, roles: Roles) -> Seen:
    seen = Seen()
    positions = [each for each in (roles.stamp, roles.time, roles.meter) if each is not None]
    types = {**dict.fromkeys(positions, LABEL), roles.values[0]: pa.float64()}
    for block in read_blocks(document, table, types):
        codes, labels = block_labels(block, roles)
        _note_days(seen, block, table, roles, codes, labels)
        _note_edges(seen, block, roles, codes, labels)
    return seen


def block_labels(block: Block, roles: Roles) -> tuple[NDArray[np.int32], list[str]]:
    """Give each row's number in a list of different labels, and the list; -1 where there is no label."""
    codes, labels = codes_of(block.columns[roles.stamp or 0])
    if roles.time is None:
        return codes, labels
    time_codes, times = codes_of(block.columns[roles.time])
    times = [unpacked(time.strip()) if roles.packed else _begin(time) for time in times]
    both = np.where((codes < 0) | (time_codes < 0), -1, codes.astype(np.int64) * len(times) + time_codes)
    different, inverse = np.unique(both, return_inverse=True)
    pairs = [divmod(each, max(1, len(times))) for each in different.tolist()]
    texts = ["" if day < 0 else f"{labels[day]} {times[time]}" for day, time in pairs]
    return np.where(both < 0, -1, inverse).astype(np.int32), texts


def _note_days(
    seen: Seen, block: Block, table: Table, roles: Roles, codes: NDArray[np.int32], labels: list[str]
) -> None:
    values, _ = floats_of(block.columns[roles.values[0]], table.decimal)
    day = np.array([*(_day_of(seen, label) for label in labels), -1], dtype=np.int64)[codes]
    good = (day >= 0) & np.isfinite(values)
    size = len(seen.days)
    seen.sums = _grown(seen.sums, np.bincount(day[good], weights=values[good], minlength=size))
    seen.counts = _grown(seen.counts, np.bincount(day[good], minlength=size))


def _day_of(seen: Seen, label: str) -> int:
    """Number a label's day text in order of appearance, which Arrow's list of different labels keeps; -1 for none."""
    if label not in seen.labels:
        if len(seen.labels) > 1 << 20:
            seen.labels.clear()
        parts = split_label(label)
        seen.labels[label] = -1 if parts is None else seen.days.setdefault(parts[0], len(seen.days))
        if parts is not None:
            seen.times.add(parts[1])
            seen.examples += [label] if len(seen.examples) < 50 else []
    return seen.labels[label]


def _grown(old: list[float], new: "NDArray[np.float64] | NDArray[np.int64]") -> list[float]:
    grown = np.asarray(new, dtype=np.float64)
    grown[: len(old)] += old
    result: list[float] = grown.tolist()
    return result


def _note_edges(seen: Seen, block: Block, roles: Roles, codes: NDArray[np.int32], labels: list[str]) -> None:
    filled: Any = block.columns[roles.values[0]].is_valid()
    read = np.array([*(seen.labels.get(label, 0) >= 0 for label in labels), False])[codes]  # "Total" is no edge
    known = np.flatnonzero(read & filled.to_numpy(zero_copy_only=False))
    if not len(known):
        return
    meter_codes = np.zeros(block.rows, dtype=np.int32)
    meters = [""]
    if roles.meter is not None:
        meter_codes, meters = codes_of(block.columns[roles.meter])
    of_meter = meter_codes[known]
    different, first = np.unique(of_meter, return_index=True)
    last = len(known) - 1 - np.unique(of_meter[::-1], return_index=True)[1]
    for code, begin, end in zip(different.tolist(), known[first].tolist(), known[last].tolist(), strict=True):
        meter = meters[code] if code >= 0 else ""
        seen.edges[meter] = (seen.edges.get(meter, (labels[codes[begin]], ""))[0], labels[codes[end]])


def judge_labels(document: Document, labels: list[str], feed: Feed, today: int | None) -> Stamps:
    """Judge stamps that are all known at once, as the header of a campus file has them.

    Raises
    ------
    FileRefusedError
        V01, when the dates can be read in two ways or in none.
    """
    seen = Seen(examples=labels[:50])
    for label in labels:
        day, time = split_label(label) or ("", "")
        seen.days.setdefault(day, len(seen.days))
        seen.times.add(time)
    if labels:
        seen.edges[""] = (labels[0], labels[-1])
    seen.sums, seen.counts = [0.0] * len(seen.days), [0.0] * len(seen.days)
    stamps = Stamps()
    settle_dates(document, seen, feed, today, stamps)
    settle_ends(seen, labels, "", False, stamps)
    return stamps
