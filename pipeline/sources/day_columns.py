"""Which columns of a day-row table are what: cells of the day by the time or number in their names, the rest by words.

Columns are found by name, never by position, so an extra empty column moves nothing; only a table without names is
read by position.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.sources.evidence import all_cells_in, cells_of_column, repeats
from pipeline.sources.long_days import LONGEST
from pipeline.sources.roles import position_of
from pipeline.sources.source import Feed
from pipeline.sources.stamps import DAY
from pipeline.sources.table import Table, column_kind
from pipeline.sources.units import UNIT_SPELLINGS, unit_in
from pipeline.sources.words import (
    ACTUAL,
    ESTIMATED,
    MISSING,
    PERIOD_WORDS,
    channel_of,
    channels_of_codes,
    is_other_quantity,
    meter_rank,
    words_of,
)

CELLS = (24, 48, 96, 144, 288)
"""Readings a day that are known: hours, half-hours, quarters, ten and five minutes."""
_TIME = re.compile(
    r"\[?(\d{1,2})[:h](\d{2})(?::00)?( ?[AaPp][Mm])?\]?"
    r"(?:\s*(?:-|–|to)\s*\d{1,2}[:h]\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?)?(?: \(?[kM]?Wh?\)?)?",
    re.IGNORECASE,
)
_HOUR = re.compile(
    r"(\d{1,2}) ?(?:h|([ap])m)?(?:\s*(?:-|–|to)\s*(\d{1,2}) ?(?:h|([ap])m)?)?(?: \(?[kM]?Wh?\)?)?", re.IGNORECASE
)
"""An hour without its minutes: `1 AM`, `12-1 AM`, `0-1`, `0h-1h`."""
_DIGITS = re.compile(r"\D*([01]\d|2[0-4])([0-5]\d)")
_HOURS = r"h|hrs?|hours?|heure|stunde|std|uhr|uur|ora|hora|시|時|时"
_NUMBERED = re.compile(rf"(.*?)[\s_.-]*0*(\d{{1,3}})(?: ?([ABX*])|\.? ?({_HOURS}))?", re.IGNORECASE)
_TYPE_WORDS = {"type", "con", "direction", "channel", "stream", "category"}
_NUMBERED_TYPES = {"register", "suffix", "flow"}
"""What a column of numbers is named that may tell the rows of one meter and day apart."""
_INTERVALS = PERIOD_WORDS | {"h", "hr", "hours"}
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
    codes : mapping of str to str, or None
        Channels of the type's cells where each is a letter or a number, None where they are words.
    spare : slice or None
        Cells of the hour that stands twice, behind its first.
    """

    day: int
    groups: tuple[CellGroup, ...]
    offsets: tuple[int, ...]
    label: str
    why: str
    meter: int | None = None
    site: int | None = None
    type: int | None = None
    codes: Mapping[str, str] | None = None
    unit: int | None = None
    quality: int | None = None
    total: int | None = None
    spare: slice | None = None

    @property
    def minutes(self) -> int:
        """Length of a cell. [min]"""
        return (self.offsets[1] - self.offsets[0]) // 60

    @property
    def is_long(self) -> bool:
        """True when there are cells for a day of 25 hours."""
        return len(self.offsets) in LONGEST


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

    kind = _said(table, feed, "channel", _find_type(table, kinds, left, (day, meter)))
    marks = next((n for n in left if n != kind and _are_marks(table, n)), None)
    return DayColumns(
        day,
        *found,
        meter=meter,
        site=named("site", "site", "location", "building"),
        type=kind,
        codes=None if kind is None else _codes(table, kind),
        unit=named("unit", "unit", "units", "uom"),
        quality=named("quality", "estimated", "estimate", "quality", "status") if marks is None else marks,
        total=total,
        spare=_spare(table, found[0][0]),
    )


def _spare(table: Table, group: CellGroup) -> slice | None:
    """Find the cells of a second hour: `3B` behind `3A`, `02X` or `2*` behind `02`."""
    names = [table.names[position].strip() for position in group.positions]
    second = [n for n, name in enumerate(names) if re.fullmatch(r".*\d ?[BbXx*]", name)]
    return slice(second[0], second[-1] + 1) if second else None


def _find_type(table: Table, kinds: Sequence[str], left: Sequence[int], when: tuple[int | None, ...]) -> int | None:
    """Take the column named for it, unless its cells say nothing; else what tells rows of one meter and day apart."""
    named = next((n for n in left if set(words_of(table.names[n])) & _TYPE_WORDS), None)
    if named is not None and not _says_nothing(table, named, when):
        return named
    numbered = [n for n in left if set(words_of(table.names[n])) & _NUMBERED_TYPES]
    return _telling(table, when, [n for n in left if kinds[n] == "text" or n in numbered])


def _says_nothing(table: Table, position: int, when: tuple[int | None, ...]) -> bool:
    """Whether a column holds marks, or codes that nobody knows, and tells no rows apart."""
    if repeats(table, (*when, position)) < repeats(table, when):
        return False
    letters = column_kind(table.rows, position) == "text" and _codes(table, position) == {}
    return letters or _are_marks(table, position)


def _codes(table: Table, position: int) -> dict[str, str] | None:
    return channels_of_codes(cells_of_column(table, position, len(table.rows)), table.names[position])


def _are_marks(table: Table, position: int) -> bool:
    """Whether a column named for a type says which rows are estimated."""
    if "type" not in words_of(table.names[position]):
        return False
    cells = {cell.lower() for cell in cells_of_column(table, position, len(table.rows))}
    return cells <= ESTIMATED | ACTUAL | MISSING and bool(cells & ESTIMATED and cells & ACTUAL)


def _telling(table: Table, when: tuple[int | None, ...], texts: Sequence[int]) -> int | None:
    """Find the column of words that tells rows of one meter and day apart."""
    double = repeats(table, when)
    telling = (n for n in texts if double > len(table.rows) / 10 and repeats(table, (*when, n)) < double / 20)
    units = {n for n in texts if all_cells_in(table, n, set(UNIT_SPELLINGS))}
    return next((n for n in telling if n not in units), None)


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
    for position, name in enumerate(table.names):
        seconds = _clock_of(name.strip())
        if seconds is None:
            continue
        if offsets and seconds <= offsets[-1]:
            if seconds or offsets[-1] == DAY:
                break
            seconds = DAY
        positions.append(position)
        offsets.append(seconds)
    steps = {later - earlier for earlier, later in pairwise(offsets)}
    if len(offsets) not in CELLS or steps != {DAY // len(offsets)} or offsets[0] not in (0, *steps):
        return None
    label = "end" if offsets[0] else "start"
    shown = f"{table.names[positions[0]].strip()} to {table.names[positions[-1]].strip()}"
    why = f"the day's cells are {shown}: each name is the {label} of its interval"
    return (CellGroup(tuple(positions), "delivered", unit_in(table.names[positions[0]])),), tuple(offsets), label, why


def _clock_of(name: str) -> int | None:
    """Give the time of day that a cell's name says, or the begin of its span: `00:30`, `[00:30]`, `12:30 AM kWh`."""
    found = _TIME.fullmatch(name) or _DIGITS.fullmatch(name)
    if found is None:
        return _hour_of(name)
    hour, half = int(found.group(1)), found.group(3) if found.re is _TIME else None
    if half:
        hour = hour % 12 + 12 * (half.strip().lower() == "pm")
    return hour * 3600 + int(found.group(2)) * 60


def are_parts_of_day(cells: Sequence[str], heading: str) -> bool:
    """Whether the cells of a column are times of day, or count the intervals of one as `H1` or `1` below `Hour`.

    Below no heading numbers must be a whole day of them; below a meter's name they are meters.
    """
    if len(cells) < 3 or meter_rank(heading) is not None:
        return False
    if all(_TIME.fullmatch(cell) or _hour_of(cell) is not None for cell in cells):
        return True
    found = [each for cell in cells if (each := _NUMBERED.fullmatch(cell))]
    words = {each[1] for each in found}
    if len(found) < len(cells) or not all(_counts_hours(word) for word in words - {""}):
        return False
    whole = len(words) == 1 and _is_day([(int(each[2]), bool(each[3])) for each in found])
    said = words != {""} or all(each[4] for each in found)
    return _counts_hours(heading) or (whole and (said or not heading))


def _hour_of(name: str) -> int | None:
    """Give the begin of an hour with its half of the day or its end, which say that it is one: `1 AM`, `0-1`."""
    found = _HOUR.fullmatch(name)
    if found is None:
        return None
    first, half, last = int(found[1]), found[2] or found[4], found[3]
    if not (half or last) or max(first, int(last or 0)) > (12 if half else 24):
        return None
    if last and (int(last) - first) % (12 if half else 24) != 1:
        return None
    return (first % 12 + 12 * (half.lower() == "p") if half else first) * 3600


def _numbered_cells(table: Table) -> Cells | None:
    """Cells named by a number from midnight on (`kWh_1` … `kWh_48`), a group for each word in front."""
    by_word: dict[str, dict[tuple[int, bool], int]] = {}
    for position, name in enumerate(table.names):
        found = _NUMBERED.fullmatch(name.strip())
        if found:
            number = int(found.group(2)), found.group(3) in ("B", "b", "X", "x", "*")
            by_word.setdefault(found.group(1), {}).setdefault(number, position)
    groups: dict[str, CellGroup] = {}
    for word, cells in by_word.items():
        if _is_day(sorted(cells)) and (_counts_hours(word) or not is_other_quantity(word)):
            group = CellGroup(tuple(cells[n] for n in sorted(cells)), channel_of(word), unit_in(word))
            groups.setdefault(group.channel, group)
    counts = {len(group.positions) for group in groups.values()}
    if len(counts) != 1:
        return None
    count = counts.pop()
    why = f"the day's {count} cells are numbered from midnight"
    step = 3600 * LONGEST[0] // count if count in LONGEST else DAY // count
    return tuple(groups.values()), tuple(n * step for n in range(count)), "start", why


def _counts_hours(word: str) -> bool:
    """Whether the word in front of a number says no more than that it counts the intervals of a day."""
    words = set(words_of(word))
    return bool(words & _INTERVALS) and words <= _INTERVALS | {"ending", "of", "the", "day", "time"}


def _is_day(numbers: list[tuple[int, bool]]) -> bool:
    """Whether numbers count the cells of a day; of 25 hours only where they are from 1, or a hour stands twice."""
    plain = [number for number, second in numbers if not second]
    if plain not in (list(range(1, len(plain) + 1)), list(range(len(plain)))):
        return False
    return len(numbers) in CELLS if len(plain) == len(numbers) and not plain[0] else len(numbers) in (*CELLS, *LONGEST)


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
