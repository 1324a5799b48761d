"""Which columns of a day-row table are what: cells of the day by the time or number in their names, the rest by words.

Columns are found by name, never by position, so an extra empty column moves nothing; only a table without names is
read by position.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.sources.roles import position_of
from pipeline.sources.source import Feed
from pipeline.sources.stamps import DAY
from pipeline.sources.table import Table, column_kind
from pipeline.sources.words import channel_of, is_other_quantity, meter_rank, unit_in, words_of

CELLS = (24, 48, 96, 144, 288)
"""Readings a day that are known: hours, half-hours, quarters, ten and five minutes."""
_TIME = re.compile(r"\[?(\d{1,2}):(\d{2})(?::00)?\]?(\s*(?:-|–|to)\s*\d{1,2}:\d{2}(?::\d{2})?)?")
_DIGITS = re.compile(r"\D*([01]\d|2[0-4])([0-5]\d)")
_NUMBERED = re.compile(r"(.*?)[\s_.-]*0*(\d{1,3})")
_DIALECT_METER = re.compile(r"m1_code1", re.IGNORECASE)
"""Where UK data collectors put the MPAN beside their own row id."""


@dataclass(frozen=True)
class CellGroup:
    """The cells of one channel: positions in the row, in order of time."""

    positions: tuple[int, ...]
    channel: str
    unit: str | None


@dataclass(frozen=True)
class DayColumns:
    """Columns of a day-row table; positions counted from 0.

    Attributes
    ----------
    day : int
    groups : tuple of CellGroup
    offsets : tuple of int
        What each cell's name says: seconds after the row's midnight.
    label : str
        "start" or "end": which end of the interval `offsets` are.
    why : str
        How that is known.
    meter, site, type, unit, quality, total : int or None
    """

    day: int
    groups: tuple[CellGroup, ...]
    offsets: tuple[int, ...]
    label: str
    why: str
    meter: int | None = None
    site: int | None = None
    type: int | None = None
    unit: int | None = None
    quality: int | None = None
    total: int | None = None

    @property
    def minutes(self) -> int:
        """Length of a cell. [min]"""
        return 1440 // len(self.offsets)


Cells = tuple[tuple[CellGroup, ...], tuple[int, ...], str, str]
"""Groups, offsets, label and why, as in `DayColumns`."""


def find_day_columns(table: Table, feed: Feed) -> DayColumns | None:
    """Say which column is what; None when this is no table of one row per day."""
    kinds = [column_kind(table.rows, position) for position in range(len(table.names))]
    found = (_timed_cells(table) or _numbered_cells(table)) if table.named else _unnamed_cells(kinds)
    if found is None:
        return None
    taken = {position for group in found[0] for position in group.positions}
    left = [position for position in range(len(table.names)) if position not in taken]
    day = _said(table, feed, "stamp", _find_day(table, kinds, left))
    if day is None:
        return None
    left = [position for position in left if position != day]
    meter = _said(table, feed, "meter", _find_meter(table, kinds, left, day))
    total = next((n for n in left if kinds[n] == "number" and {"total", "sum"} & set(words_of(table.names[n]))), None)
    left = [position for position in left if position not in (meter, total)]

    def named(word: str, *words: str) -> int | None:
        return _said(table, feed, word, next((n for n in left if set(words_of(table.names[n])) & set(words)), None))

    return DayColumns(
        day,
        *found,
        meter=meter,
        site=named("site", "site", "location", "building"),
        type=named("channel", "type", "con", "direction", "channel", "stream", "category"),
        unit=named("unit", "unit", "units", "uom"),
        quality=named("quality", "estimated", "estimate", "quality", "status"),
        total=total,
    )


def _said(table: Table, feed: Feed, word: str, found: int | None) -> int | None:
    name = feed.columns.get(word)
    return found if name is None else position_of(str(name), table)


def _find_day(table: Table, kinds: Sequence[str], left: Sequence[int]) -> int | None:
    """Take the column whose name says date, else the first that holds dates."""
    named = [n for n in left if {"date", "day"} & set(words_of(table.names[n]))]
    dates = [n for n in left if kinds[n] == "stamp"]
    return next((n for n in named if n in dates), next(iter([*dates, *named]), None))


def _find_meter(table: Table, kinds: Sequence[str], left: Sequence[int], day: int) -> int | None:
    if not table.named:
        return next((n for n in left if n < day and kinds[n] in ("number", "text")), None)
    ranked = [(-1, n) for n in left if _DIALECT_METER.fullmatch(table.names[n].strip())]
    ranked += [(rank, n) for n in left if (rank := meter_rank(table.names[n])) is not None]
    return min(ranked)[1] if ranked else None


def _timed_cells(table: Table) -> Cells | None:
    """Cells named by a time (`00:30`, `[00:30]`, `0030`) or a span of times; only the first whole day of them."""
    positions: list[int] = []
    offsets: list[int] = []
    span = False
    for position, name in enumerate(table.names):
        found = _TIME.fullmatch(name.strip()) or _DIGITS.fullmatch(name.strip())
        if found is None:
            continue
        seconds = int(found.group(1)) * 3600 + int(found.group(2)) * 60
        if offsets and seconds <= offsets[-1]:
            if seconds or offsets[-1] == DAY:
                break
            seconds = DAY
        span = span or (found.re is _TIME and found.group(3) is not None)
        positions.append(position)
        offsets.append(seconds)
    steps = {later - earlier for earlier, later in pairwise(offsets)}
    if len(offsets) not in CELLS or steps != {DAY // len(offsets)} or offsets[0] not in (0, *steps):
        return None
    label = "end" if offsets[0] else "start"
    shown = f"{table.names[positions[0]].strip()} to {table.names[positions[-1]].strip()}"
    why = f"the day's cells are {shown}: each name is the {label} of its interval"
    return (CellGroup(tuple(positions), "delivered", None),), tuple(offsets), label, why


def _numbered_cells(table: Table) -> Cells | None:
    """Cells named by a number from midnight on (`kWh_1` … `kWh_48`), a group for each word in front."""
    by_word: dict[str, dict[int, int]] = {}
    for position, name in enumerate(table.names):
        found = _NUMBERED.fullmatch(name.strip())
        if found:
            by_word.setdefault(found.group(1), {}).setdefault(int(found.group(2)), position)
    groups: dict[str, CellGroup] = {}
    for word, cells in by_word.items():
        counted = sorted(cells) in (list(range(1, len(cells) + 1)), list(range(len(cells))))
        if len(cells) in CELLS and counted and not is_other_quantity(word):
            group = CellGroup(tuple(cells[n] for n in sorted(cells)), channel_of(word), unit_in(word))
            groups.setdefault(group.channel, group)
    counts = {len(group.positions) for group in groups.values()}
    if len(counts) != 1:
        return None
    count = counts.pop()
    why = f"the day's {count} cells are numbered from midnight"
    return tuple(groups.values()), tuple(n * DAY // count for n in range(count)), "start", why


def _unnamed_cells(kinds: Sequence[str]) -> Cells | None:
    """Cells behind the date of a table without names: a whole day of numbers, from midnight on."""
    day = next((n for n, kind in enumerate(kinds) if kind == "stamp"), None)
    if day is None:
        return None
    end = len(kinds)
    while end > day and kinds[end - 1] == "blank" and end - 1 - day not in CELLS:
        end -= 1
    count = end - 1 - day
    if count not in CELLS or not set(kinds[day + 1 : end]) <= {"number", "blank"}:
        return None
    group = CellGroup(tuple(range(day + 1, end)), "delivered", None)
    why = f"there are no names: the {count} cells behind the date run from midnight"
    return (group,), tuple(n * DAY // count for n in range(count)), "start", why
