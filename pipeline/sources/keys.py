"""From the cells that name a meter (and a type, and a unit) to stream numbers; streams are made where they are new."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.sources.blocks import Block
from pipeline.sources.cells import codes_of
from pipeline.sources.overrides import apply_feed
from pipeline.sources.reading import Reading, note_meters
from pipeline.sources.units import unit_in
from pipeline.sources.values import ValueColumn, file_meter, stream_for
from pipeline.sources.words import channel_of_type, clock_in, is_other_service

SKIPPED = -1
"""Stands for a stream that the user leaves out, or that is no electricity."""
NO_METER = -2
"""Stands for a row whose meter cannot be told."""

_GUARDED = re.compile(r"=\"+([^\"]+)\"+|'([^']+)")
_DAMAGED = re.compile(r"[-+]?\d+(\.\d+)?[eE]\+?\d+")

Numbers = NDArray[np.int32]
Coded = tuple[Numbers, list[str]]


def is_damaged(meter: str) -> bool:
    """Whether a meter id is a number that a spreadsheet rounded: `1.23405E+12`."""
    return bool(_DAMAGED.fullmatch(meter))


def streams_of(reading: Reading, block: Block, sections: Coded | None = None) -> tuple[Numbers, Numbers]:
    """Give each row's key and the streams of each key.

    Parameters
    ----------
    reading : Reading
    block : Block
    sections : (array of int32, list of str) or None
        Each row's number in a list of names under which the values stand from there on, and the list. A column of
        types wins over it.

    Returns
    -------
    key : array of int32, shape (rows,)
        Index into `streams`.
    streams : array of int32, shape (keys, value columns)
        Stream number, `SKIPPED` or `NO_METER`.
    """
    roles = reading.roles
    if sections is None and all(each is None for each in (roles.type, roles.unit, roles.site, roles.owner)):
        key, texts = _meter_keys(reading, block)
        found = [reading.slots.get(text) or _slots(reading, text, (plain_id(text), "", ""), "") for text in texts]
    else:
        key, several = _several_keys(reading, block, sections)
        found = [reading.slots.get(each[:3]) or _slots(reading, each[:3], each[:3], each[3]) for each in several]
    unknown = [NO_METER] * len(reading.columns)
    streams = np.array([*found, unknown], dtype=np.int32)
    lost = streams[:, 0] == NO_METER
    if lost[:-1].any() or (roles.meter is not None and len(key) and key.min() < 0):
        note_meters(reading, block, lost[key])
    return key, streams


def _meter_keys(reading: Reading, block: Block) -> tuple[Numbers, list[str]]:
    if reading.roles.meter is None:
        return np.zeros(block.rows, dtype=np.int32), [""]
    return codes_of(block.columns[reading.roles.meter])


def _several_keys(
    reading: Reading, block: Block, sections: Coded | None
) -> tuple[Numbers, list[tuple[str, str, str, str]]]:
    """Number the different combinations of meter, type, unit and site in a block; an owner stands before its meter."""
    roles = reading.roles
    positions = (roles.meter, roles.type, roles.unit, roles.site, roles.owner)
    parts = [None if each is None else codes_of(block.columns[each]) for each in positions]
    if roles.type is None:
        parts[1] = sections
    sizes = [1 if part is None else len(part[1]) + 1 for part in parts]
    mixed = np.zeros(block.rows, dtype=np.int64)
    for part, size in zip(parts, sizes, strict=True):
        mixed = mixed * size + (0 if part is None else np.where(part[0] < 0, size - 1, part[0]))
    different, key = np.unique(mixed, return_inverse=True)
    return key.astype(np.int32), [_names(reading, *_texts(each, parts, sizes)) for each in different.tolist()]


def _names(reading: Reading, meter: str, kind: str, unit: str, site: str, owner: str) -> tuple[str, str, str, str]:
    """Give the meter's whole name; of types that take turns only the channel counts."""
    if reading.roles.turns and not is_other_service(kind):
        kind, unit = channel_of_type(kind, reading.roles.codes), unit or unit_in(kind) or ""
    return (f"{plain_id(owner)}-{plain_id(meter)}" if owner else plain_id(meter)), kind, unit, site


def plain_id(text: str) -> str:
    """Take off what keeps a spreadsheet from reading an id as a number: `="0012"`, `'0012`."""
    text = text.strip()
    guarded = _GUARDED.fullmatch(text)
    return text if guarded is None else guarded.group(1) or guarded.group(2)


def _texts(mixed: int, parts: list[Any], sizes: list[int]) -> list[str]:
    texts = []
    for part, size in zip(reversed(parts), reversed(sizes), strict=True):
        mixed, code = divmod(mixed, size)
        texts.append("" if part is None or code >= len(part[1]) else str(part[1][code]).strip())
    return texts[::-1]


def _slots(reading: Reading, key: Any, texts: tuple[str, str, str], site: str) -> list[int]:
    meter, kind, unit = texts
    if reading.roles.meter is not None and (not meter or is_damaged(meter) or _is_header(reading, meter)):
        slots = [NO_METER] * len(reading.columns)
    elif why_not := reading.kinds.why_not(kind, unit):
        reading.source.notes.append(f"rows of {' in '.join(filter(None, (kind, unit)))!r} are left out: {why_not}")
        slots = [SKIPPED] * len(reading.columns)
    else:
        slots = [_new_stream(reading, column, texts, site) for column in reading.columns]
    reading.slots[key] = slots
    return slots


def _is_header(reading: Reading, meter: str) -> bool:
    """Whether a row repeats the names of the columns."""
    names, roles = reading.table.names, reading.roles
    own = names[roles.meter or 0].strip()
    return reading.table.named and meter in (own, f"{names[roles.owner or 0].strip()}-{own}")


def _new_stream(reading: Reading, column: ValueColumn, texts: tuple[str, str, str], site: str) -> int:
    """Make the stream of a column for one meter; a second register of the same channel is a meter of its own."""
    meter, kind, unit = texts
    stamps = reading.stamps
    codes = None if reading.roles.turns else reading.roles.codes
    named = stream_for(column, meter or file_meter(reading.document.path), kind, unit, codes)
    for suffix in (kind, column.name):
        if (named.meter_id, named.channel) in reading.taken and suffix:
            named = replace(named, meter_id=f"{named.meter_id}-{suffix}")
    base, number = named.meter_id, 1
    while (named.meter_id, named.channel) in reading.taken:  # a third column of one name
        number += 1
        named = replace(named, meter_id=f"{base}-{number}")
    reading.taken.add((named.meter_id, named.channel))
    periods = stamps.periods
    in_utc = stamps.instants or (periods is not None and periods.zone is not None)
    said = clock_in(reading.table.names[reading.roles.stamp or 0])
    guessed = replace(
        named,
        timezone="UTC" if in_utc else said,
        label=stamps.label,
        minutes=periods.minutes if periods else reading.table.minutes or (1440 if stamps.daily else None),
        fixed_cells=periods is not None and periods.zone is None,
        newest_first=stamps.newest_first,
        site_id=site or None,
    )
    stream = apply_feed(guessed, meter or column.name, reading.feed)
    if stream is None:
        return SKIPPED
    reading.source.streams.append(stream)
    return len(reading.source.streams) - 1
