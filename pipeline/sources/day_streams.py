"""The streams of a day-row table: one for each meter and group of cells, made where a row first needs it."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.schema import Stream
from pipeline.sources.blocks import Block
from pipeline.sources.cells import codes_of
from pipeline.sources.day_columns import CellGroup, DayColumns
from pipeline.sources.overrides import apply_feed
from pipeline.sources.reading import Reading
from pipeline.sources.units import REACTIVE_UNITS, UNIT_SPELLINGS
from pipeline.sources.values import file_meter, known_unit
from pipeline.sources.words import channel_of_type, is_other_quantity, words_of

LEFT_OUT = -1
GAS_WORDS = {"gas", "water", "heat", "oil"}

Key = tuple[str, str, str]
"""Texts of a row's meter, type and unit."""


@dataclass
class DayReading:
    """A day-row file while it is read.

    Attributes
    ----------
    columns : DayColumns
    reading : Reading
    streams : dict
        Stream number of each key and channel of cells.
    blank : int
        Rows without any value.
    counted : (int, int)
        Offset of a block, and the number of its first line.
    """

    columns: DayColumns
    reading: Reading
    streams: dict[tuple[Key, str], int] = field(default_factory=dict)
    blank: int = 0
    counted: tuple[int, int] = (-1, 0)


def texts_of(block: Block, position: int | None) -> list[str]:
    """Give a column's cells, stripped; "" where blank, or where there is no such column."""
    if position is None:
        return [""] * block.rows
    codes, labels = codes_of(block.columns[position])
    texts = [*(label.strip() for label in labels), ""]
    return [texts[code] for code in codes.tolist()]


def keys_of(rows: DayReading, block: Block) -> list[Key]:
    """Give each row's meter, type and unit."""
    columns = rows.columns
    parts = (texts_of(block, each) for each in (columns.meter, columns.type, columns.unit))
    return list(zip(*parts, strict=True))


def streams_of_rows(
    rows: DayReading, block: Block, keys: list[Key], group: CellGroup, wanted: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Give each wanted row its stream; a stream is made where it is first needed, so blank cells make none."""
    numbers = np.full(block.rows, LEFT_OUT, dtype=np.int32)
    sites = texts_of(block, rows.columns.site)
    for row in np.flatnonzero(wanted).tolist():
        key = keys[row], group.channel
        if key not in rows.streams:
            rows.streams[key] = _open(rows, keys[row], group, sites[row])
        numbers[row] = rows.streams[key]
    return numbers


def _open(rows: DayReading, key: Key, group: CellGroup, site: str) -> int:
    """Make the stream of a meter's cells; `LEFT_OUT` for what is no electricity, or not wanted."""
    meter, kind, unit = key
    reading = rows.reading
    codes = rows.columns.codes
    other = codes is None and (is_other_quantity(kind) or bool(set(words_of(kind)) & GAS_WORDS))
    if other or (unit and unit.lower() not in UNIT_SPELLINGS):
        _say(reading, f"rows of {kind or unit!r} are left out: no electricity")
        return LEFT_OUT
    said = unit or group.unit or reading.table.unit or reading.feed.unit
    if not said:
        _say(reading, "no unit is stated: values are taken as kWh (--unit)")
    meaning = known_unit(said or "kWh")
    channel = channel_of_type(kind, codes) if kind and group.channel == "delivered" else group.channel
    if meaning.unit in REACTIVE_UNITS and channel == "delivered":
        channel = "reactive"
    meter_id = meter or file_meter(reading.document.path)
    if (meter_id, channel) in reading.taken:
        meter_id = f"{meter_id}-{kind or unit}"
    reading.taken.add((meter_id, channel))
    stream = Stream(
        meter_id,
        channel,
        meaning.unit,
        label=rows.columns.label,
        minutes=rows.columns.minutes,
        timezone="UTC" if rows.columns.is_long else None,
        fixed_cells=not rows.columns.is_long,
        newest_first=reading.stamps.newest_first,
        multiplier=meaning.multiplier,
        site_id=site or None,
    )
    settled = apply_feed(stream, meter_id, reading.feed)
    reading.source.streams += [] if settled is None else [settled]
    return LEFT_OUT if settled is None else len(reading.source.streams) - 1


def _say(reading: Reading, text: str) -> None:
    if text not in reading.source.notes:
        reading.source.notes.append(text)
