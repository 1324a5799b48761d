"""Readings out of a table with a stamp in each row: the engine of the long and the wide layout.

The usual block costs a few array operations: Arrow has parsed it, codes of meters are looked up, nothing is copied.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.schema import Quality
from pipeline.sources.blocks import LABEL, Block, read_blocks
from pipeline.sources.cells import codes_of, floats_of, instants_of, unit_factors
from pipeline.sources.day_periods import period_seconds
from pipeline.sources.document import Document
from pipeline.sources.keys import streams_of
from pipeline.sources.kinds import judge_kinds
from pipeline.sources.problems import Problems
from pipeline.sources.reading import LATEST, Reading, finish, note_broken, note_stamps, note_values, sections_of
from pipeline.sources.roles import Roles
from pipeline.sources.source import Batch, Feed, Source
from pipeline.sources.stamps import DAY, NO_STAMP, label_parser
from pipeline.sources.survey import block_labels, survey
from pipeline.sources.table import Table
from pipeline.sources.values import ValueColumn
from pipeline.sources.words import ACTUAL, ESTIMATED, MISSING

Seconds = NDArray[np.int64]
Codes = NDArray[np.uint8]

_CLOCK_CHANGE = 3600
"""No clock goes back by more. [s]"""


def read_columns(
    document: Document,
    table: Table,
    roles: Roles,
    columns: tuple[ValueColumn, ...],
    feed: Feed,
    today: int | None = None,
) -> Source:
    """Read a table with a stamp in each row, and one or more columns of values.

    Parameters
    ----------
    document, table, roles, columns
        The file, and what its columns are.
    feed : Feed
    today : int or None
        Readings later than tomorrow are left out with a finding. [days since 1970-01-01]

    Raises
    ------
    FileRefusedError
        V01 or V21, here or while the batches are consumed.
    """
    stamps = survey(document, table, roles, feed, today)
    source = Source(document.path, "", 1.0, iter(()), notes=[*document.notes, *stamps.notes])
    if roles.skipped:
        source.notes.append(f"columns left out: {', '.join(map(repr, roles.skipped[:8]))}")
    latest = LATEST if today is None else (today + 2) * DAY
    problems = Problems(document.path, strict=feed.strict)
    kinds = judge_kinds(table, roles)
    source.batches = _batches(Reading(document, table, roles, columns, feed, stamps, source, problems, latest, kinds))
    return source


def _batches(reading: Reading) -> Iterator[Batch]:
    for block in read_blocks(reading.document, reading.table, _types(reading)):
        note_broken(reading, block)
        if block.rows:
            batch = _batch(reading, block)
            if len(batch.stamp):
                yield batch
    finish(reading)


def _types(reading: Reading) -> dict[int, pa.DataType]:
    roles = reading.roles
    types: dict[int, pa.DataType] = dict.fromkeys(roles.wanted(), LABEL)
    types.update(dict.fromkeys(roles.values, pa.float64()))
    for position in (roles.stamp, roles.end):
        if position is not None:
            types[position] = reading.stamps.type
    if roles.period is not None:
        types[roles.period] = pa.float64()
    return types


def _batch(reading: Reading, block: Block) -> Batch:
    stamp = _seconds(reading, block, reading.roles.stamp or 0, reading.roles.time)
    if reading.stamps.daily and not reading.stamps.instants:
        stamp = np.where(stamp == NO_STAMP, NO_STAMP, stamp // DAY * DAY)
    stamp = np.where(stamp == NO_STAMP, NO_STAMP, stamp + reading.stamps.early) if reading.stamps.early else stamp
    if reading.stamps.periods is not None:
        position = reading.roles.period or 0
        stamp = period_seconds(reading.stamps.periods, stamp, block, position, reading.table.decimal)
    good = (stamp >= 0) & (stamp < reading.latest)
    if not good.all():
        note_stamps(reading, block, stamp, good)
    key, streams = streams_of(reading, block, sections_of(reading, block, stamp, good))
    quality = _quality(reading, block)
    minutes = _minutes(reading, block, stamp)
    parts = []
    for number, column in enumerate(reading.columns):
        stream = streams[:, number][key]
        value = _value(reading, block, column, good & (stream >= 0), quality)
        own = good & ~np.isnan(value) if column.sparse else good
        parts.append(_kept(Batch(stream, stamp, value, quality, None, minutes), own))
    if reading.stamps.typed:
        reading.days.add(parts[0].stamp, parts[0].value)
    batch = _join(parts)
    reading.kept += len(batch.stamp)
    reading.known += int(np.count_nonzero(~np.isnan(batch.value)))
    return batch


def _kept(batch: Batch, good: NDArray[np.bool_]) -> Batch:
    keep = good & (batch.stream >= 0)
    if keep.all():
        return batch
    kept: dict[str, Any] = {name: None if array is None else array[keep] for name, array in _arrays(batch).items()}
    return Batch(**kept)


def _join(parts: list[Batch]) -> Batch:
    if len(parts) == 1:
        return parts[0]
    arrays = [_arrays(part) for part in parts]
    joined: dict[str, Any] = {
        name: None if first is None else np.concatenate([each[name] for each in arrays])
        for name, first in arrays[0].items()
    }
    return Batch(**joined)


def _arrays(batch: Batch) -> dict[str, Any]:
    return {name: getattr(batch, name) for name in ("stream", "stamp", "value", "quality", "method", "minutes")}


def _seconds(reading: Reading, block: Block, position: int, time: int | None) -> Seconds:
    """Give each row's seconds on the file's clock; `NO_STAMP` where the cell is no instant."""
    column = block.columns[position]
    if pa.types.is_timestamp(column.type):
        return instants_of(column)
    codes, labels = block_labels(block, replace(reading.roles, stamp=position, time=time))
    if len(reading.labels) > 1 << 20:
        reading.labels.clear()
    unseen = [label for label in labels if label not in reading.labels]
    parse = label_parser(reading.stamps.order, reading.stamps.instants)
    reading.labels.update(zip(unseen, parse(unseen).tolist(), strict=True))
    seconds = np.array([*(reading.labels[label] for label in labels), NO_STAMP], dtype=np.int64)
    return seconds[codes]


def _value(
    reading: Reading, block: Block, column: ValueColumn, keep: NDArray[np.bool_], quality: Codes | None
) -> NDArray[np.float64]:
    value, bad = floats_of(block.columns[column.position], reading.table.decimal)
    if column.unit and (factors := unit_factors(block.columns[column.position], column.unit)) is not None:
        bad = np.isnan(factors) if bad is None else bad | np.isnan(factors)
        value = value * factors
    if bad is not None:
        note_values(reading, block, column, bad & keep)
    if column.sign:
        value = np.where(np.isnan(value), value, np.maximum(value * column.sign, 0.0))
    if quality is not None and (missing := quality == Quality.MISSING).any():
        value = np.where(missing, np.nan, value)
    return value


def _quality(reading: Reading, block: Block) -> Codes | None:
    if reading.roles.quality is None:
        return None
    codes, labels = codes_of(block.columns[reading.roles.quality])
    known = np.array([*(_quality_of(reading, label) for label in labels), Quality.ACTUAL], dtype=np.uint8)
    return known[codes]


def _quality_of(reading: Reading, label: str) -> int:
    word = label.strip().lower()
    if word in ESTIMATED:
        return Quality.ESTIMATED
    if word in MISSING:
        return Quality.MISSING
    if word not in ACTUAL:
        reading.problems.add("V20", "a quality mark is not known; the reading counts as actual", repr(label))
    return Quality.ACTUAL


def _minutes(reading: Reading, block: Block, stamp: Seconds) -> NDArray[np.int32] | None:
    """Give each interval's length where rows have both ends; 0 where the end cannot be read or is not later.

    Some retailers write the last second or minute of the interval as its end: that is rounded up. An end without a
    date that is a little earlier is of the autumn hour, and not of the next day.
    """
    roles = reading.roles
    if roles.end is None and roles.end_time is None:
        return None
    end = _seconds(reading, block, (roles.stamp or 0) if roles.end is None else roles.end, roles.end_time)
    seconds = np.where(end == NO_STAMP, 0, end - np.where(stamp == NO_STAMP, 0, stamp))
    if roles.end is None:
        seconds = np.where((seconds < -_CLOCK_CHANGE) & (end != NO_STAMP), seconds + DAY, seconds)
    short = seconds % 300
    seconds = np.where(short >= 240, seconds - short + 300, seconds)
    return np.where((seconds > 0) & (seconds < 400 * DAY), seconds // 60, 0).astype(np.int32)
