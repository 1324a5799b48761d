"""Which column of a table is what (stamp, meter, values, type, quality): by the user's word, header, then cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.errors import FileRefusedError, SettingsError
from pipeline.sources.document import Document
from pipeline.sources.evidence import (
    all_cells_in,
    are_clock_numbers,
    are_epochs,
    are_instants,
    cells_of_column,
    count_periods,
    differ,
    fits_format,
    repeats,
    take_turns,
)
from pipeline.sources.quantities import are_units, choose_values, is_id
from pipeline.sources.source import Feed
from pipeline.sources.stamps import split_label
from pipeline.sources.table import Table, column_kind, kind_of
from pipeline.sources.units import unit_in
from pipeline.sources.words import (
    ACTUAL,
    CLERK_WORDS,
    END_WORDS,
    ESTIMATED,
    LOCAL_WORDS,
    MISSING,
    PERIOD_WORDS,
    STAMP_WORDS,
    START_WORDS,
    UTC_WORDS,
    are_days_of_month,
    are_minutes,
    channel_of_type,
    channels_of_codes,
    is_other_quantity,
    meter_rank,
    names_site,
    says_channel,
    words_of,
)

COLUMN_WORDS = ("meter", "channel", "stamp", "time", "period", "end", "end_time", "value", "quality", "unit", "site")
"""Our words for columns in a feed's `columns`."""
_TYPE_WORDS = {
    "type",
    "channel",
    "direction",
    "register",
    "rate",
    "flow",
    "stream",
    "con",
    "gen",
    "measure",
    "measurement",
    "category",
}
_QUALITY_WORDS = {"quality", "flag", "status", "estimated", "estimate", "validity", "type", "readtype", "estimado"}
_QUALITY_WORDS |= {"kvalitet", "laatu", "validatiestatus", "metodo", "obtencion", "statut", "stato"}


@dataclass(frozen=True)
class Roles:
    """Columns by what they are for, each a position counted from 0.

    Attributes
    ----------
    stamp, time : int or None
        The instant, or its day and its time of day.
    end, end_time : int or None
        The other end of the interval, when the file has both.
    meter, site, type, unit, quality : int or None
    period : int or None
        What counts the intervals of the stamp's local day.
    codes : mapping of str to str, or None
        Channels of the type's cells where each is a letter or a number, None where they are words.
    owner : int or None
        What stands before the meter in its name, where the meter alone is not unique.
    packed : bool
        True when times of day stand as numbers: 130 is 01:30.
    turns : bool
        True when types share the time between them: they are tariffs of one channel.
    values : tuple of int
    skipped : tuple of str
        Names of numeric columns that are no energy.
    problem : str
        Why no stamp or value column could be chosen; empty when all is well.
    """

    stamp: int | None = None
    time: int | None = None
    end: int | None = None
    end_time: int | None = None
    meter: int | None = None
    site: int | None = None
    type: int | None = None
    unit: int | None = None
    quality: int | None = None
    period: int | None = None
    codes: Mapping[str, str] | None = None
    owner: int | None = None
    turns: bool = False
    packed: bool = False
    values: tuple[int, ...] = ()
    skipped: tuple[str, ...] = field(default=())
    problem: str = ""

    def wanted(self) -> list[int]:
        """Positions of every column that is read."""
        ends = (self.stamp, self.time, self.period, self.end, self.end_time)
        single = (*ends, self.meter, self.owner, self.site, self.type, self.unit, self.quality)
        return sorted({each for each in single if each is not None} | set(self.values))

    def when(self) -> tuple[int | None, ...]:
        """Positions of what should name a reading: its instant, and its meter."""
        return self.stamp, self.time, self.period, self.meter


def find_roles(document: Document, table: Table, feed: Feed) -> Roles:
    """Say which column is what.

    Raises
    ------
    FileRefusedError
        V21, when `feed.columns` names a column that the file has not. What cannot be told is in `problem` instead,
        since another layout may fit.
    """
    said = _said(document, table, feed)
    kinds = [column_kind(table.rows, position) for position in range(len(table.names))]
    alone: dict[str, Any] = {word: position for word, position in said.items() if word != "value"}
    roles = _stamp_roles(table, kinds, replace(Roles(), **_by_format(table, feed), **alone), feed)
    if roles.problem:
        return roles
    roles = _meter_roles(table, kinds, roles)
    values, skipped = choose_values(table, kinds, set(roles.wanted()), roles.meter is not None, roles.unit is not None)
    if "value" in said:
        values, skipped = [said["value"]], []
    problem = "" if values else "no column holds energy or power" + (f" ({_some(skipped)})" if skipped else "")
    if values and feed.repeats == 1 and _are_mixed_up(table, roles, values[0]):
        problem = "most rows say another value for the same instant, and no column that is known tells them apart"
        if sum(not row[roles.stamp or 0].strip() for row in table.rows) > len(table.rows) / 2:
            problem = "the date stands in few rows: fill it down into the others"
    if are_minutes([table.names[n] for n in values]):
        problem = "its columns are parts of an hour: put them below each other, a row for each"
    if are_days_of_month([table.names[n] for n in values]):
        problem = "its columns are days of a month: put them below each other, a row for each with its whole date"
    return replace(roles, values=tuple(values), skipped=tuple(skipped), problem=problem)


def _are_mixed_up(table: Table, roles: Roles, value: int) -> bool:
    """Whether most rows contradict an earlier one: their time of day, or what they belong to, is not known."""
    parts = [n for n in (*roles.when(), roles.type, roles.unit, roles.owner) if n is not None]
    seen: dict[tuple[str, ...], str] = {}
    double = 0
    for row in table.rows:
        cell = row[value].strip()
        if kind_of(cell) == "number":
            double += seen.setdefault(tuple(row[n].strip() for n in parts), cell) != cell
    return double > len(table.rows) / 2


def _by_format(table: Table, feed: Feed) -> dict[str, Any]:
    """Find the stamp by the format that the user gives, where nothing is said of its column."""
    if "stamp" in feed.columns or "%" not in (feed.date_format or ""):
        return {}
    found = next((n for n in range(len(table.names)) if fits_format(table, n, str(feed.date_format))), None)
    return {} if found is None else {"stamp": found}


def check_columns(feed: Feed) -> None:
    """Raise SettingsError when `feed.columns` has a word that is none of ours."""
    for word in feed.columns:
        if word not in COLUMN_WORDS:
            raise SettingsError(f"column {word!r} is not known -> use {', '.join(COLUMN_WORDS)}")


def _said(document: Document, table: Table, feed: Feed) -> dict[str, int]:
    said = {}
    for word, name in feed.columns.items():
        position = position_of(str(name), table)
        if position is None:
            there = ", ".join(repr(each) for each in table.names[:12])
            raise FileRefusedError(document.path, f"there is no column {name!r}; there are {there}", "mend columns")
        said["type" if word == "channel" else word] = position
    return said


def position_of(name: str, table: Table) -> int | None:
    """Find a column by its name, or by its number counted from 1."""
    stripped = [each.strip() for each in table.names]
    if name.strip() in stripped:
        return stripped.index(name.strip())
    if name.isdigit() and 1 <= int(name) <= len(stripped):
        return int(name) - 1
    return None


def _is_stamp(table: Table, position: int, kind: str) -> bool:
    """Whether a column holds instants; digits alone count only under a name that speaks of time, or under none."""
    name = table.names[position]
    if kind in ("stamp", "time"):
        return kind == "stamp"
    if kind == "number" and not table.named:
        return are_epochs(table, position)
    if kind == "number" and (unit_in(name) or not set(words_of(name)) & (STAMP_WORDS | {"epoch", "unix"})):
        return False
    return are_instants(table, position)


def _stamp_roles(table: Table, kinds: Sequence[str], roles: Roles, feed: Feed) -> Roles:
    if roles.stamp is not None:
        return roles
    found = [n for n, kind in enumerate(kinds) if kind != "number" and _is_stamp(table, n, kind)]
    found = found or [n for n, kind in enumerate(kinds) if kind == "number" and _is_stamp(table, n, kind)]
    times = [n for n, kind in enumerate(kinds) if kind == "time"]
    if not found:
        return replace(roles, problem="no column holds dates or instants")
    words = {n: set(words_of(table.names[n])) for n in (*found, *times)}
    found = [n for n in found if not words[n] & CLERK_WORDS] or found
    found = [n for n in found if differ(table, n)] or found  # what is the same in every row is no reading's instant
    ends = [n for n in found if words[n] & END_WORDS and not words[n] & START_WORDS]
    starts = [n for n in found if n not in ends]
    end = roles.end if roles.end is not None else (ends[0] if ends and starts else None)
    stamp = _choose_stamp(starts or ends, words, feed.timezone)
    if stamp is None:
        names = ", ".join(repr(table.names[n]) for n in starts)
        return replace(roles, problem=f"{len(starts)} columns hold dates ({names}) and nothing says which is meant")
    roles = _time_roles(table, times, words, replace(roles, stamp=stamp, end=end))
    return replace(roles, period=_find_period(table, kinds, roles))


def _choose_stamp(found: list[int], words: dict[int, set[str]], zone: str | None) -> int | None:
    """Take the only one; else that in UTC; else the local one; else the only one named for no more than date and time.

    The user who says that stamps are in UTC does not mean the local one.
    """
    utc = [n for n in found if words[n] & UTC_WORDS]
    local = [n for n in found if words[n] & LOCAL_WORDS]
    others = [n for n in found if n not in local]
    plain = [n for n in found if words[n] <= STAMP_WORDS]
    for candidates in (found, utc, others if zone == "UTC" else local, plain):
        if len(candidates) == 1:
            return candidates[0]
    return None


def _time_roles(table: Table, times: list[int], words: dict[int, set[str]], roles: Roles) -> Roles:
    """Add the time of day when it has a column of its own, and the end's."""
    if _has_times(table, roles.stamp or 0):
        return roles
    if not times:
        kinds = [column_kind(table.rows, n) for n in range(len(table.names))]
        packed = [n for n in _counting(table, kinds) if are_clock_numbers(table, n)]
        return replace(roles, time=packed[0], packed=True) if packed else roles
    ends = [n for n in times if words[n] & END_WORDS and not words[n] & START_WORDS]
    starts = [n for n in times if n not in ends]
    if starts:
        return replace(roles, time=starts[0], end_time=ends[0] if ends else None)
    return replace(roles, time=ends[0])


def _has_times(table: Table, position: int) -> bool:
    parts = (split_label(cell) for cell in cells_of_column(table, position, 20))
    return any(part is not None and part[1] for part in parts)


def _find_period(table: Table, kinds: Sequence[str], roles: Roles) -> int | None:
    """Find the column that counts the intervals of a day, where stamps are days without a time."""
    if roles.time is not None or roles.period is not None or _has_times(table, roles.stamp or 0):
        return roles.period
    counting = _counting(table, kinds)
    return next((n for n in counting if count_periods(table, n, roles.stamp or 0)), None)


def _counting(table: Table, kinds: Sequence[str]) -> list[int]:
    """Columns of numbers whose names say only that they count hours or intervals."""
    numbers = [n for n, kind in enumerate(kinds) if kind == "number"]
    words = {n: set(words_of(table.names[n])) for n in numbers}
    return [n for n in numbers if words[n] & PERIOD_WORDS and words[n] <= PERIOD_WORDS | _COUNTING]


_COUNTING = {"ending", "ended", "number", "no", "id", "of", "day", "the", "start", "end", "beginning"}


def _meter_roles(table: Table, kinds: Sequence[str], roles: Roles) -> Roles:
    """Choose meter, site, type, unit and quality among the columns that are left."""
    taken = set(roles.wanted())
    left = [n for n in range(len(kinds)) if n not in taken and kinds[n] in ("text", "number")]
    if roles.meter is None:
        roles = replace(roles, meter=_find_meter(table, kinds, left, roles))
    left = [n for n in left if n != roles.meter]
    texts = [n for n in left if kinds[n] == "text"]
    quality = [n for n in texts if set(words_of(table.names[n])) & _QUALITY_WORDS]
    quality = [n for n in quality if all_cells_in(table, n, _QUALITY_CELLS)]
    unit = [n for n in texts if are_units(table, n)]
    unit.sort(key=lambda n: -len(cells_of_column(table, n)))
    site = [n for n in left if roles.meter is not None and names_site(table.names[n])]
    roles = replace(
        roles,
        quality=roles.quality if roles.quality is not None else next(iter(quality), None),
        unit=roles.unit if roles.unit is not None else next(iter(unit), None),
        site=roles.site if roles.site is not None else next(iter(site), None),
    )
    if roles.type is None:
        texts = [n for n in texts if n not in (roles.quality, roles.unit)]
        roles = replace(roles, type=_find_type(table, texts, roles, [n for n in left if _numbers_types(table, n)]))
    if roles.type is not None:
        cells = cells_of_column(table, roles.type, len(table.rows))
        roles = replace(roles, codes=channels_of_codes(cells, table.names[roles.type]))
    return _share_roles(table, left, roles)


_QUALITY_CELLS = ESTIMATED | ACTUAL | MISSING


def _numbers_types(table: Table, position: int, most: int = 20) -> bool:
    """Whether a column holds few whole numbers under a name of types, as `Register` with 1 and 2; reads are many."""
    if not set(words_of(table.names[position])) & (_TYPE_WORDS | {"suffix"}):
        return False
    cells = set(cells_of_column(table, position, len(table.rows)))
    return 1 < len(cells) <= most and all(cell.isdigit() and len(cell) <= 3 for cell in cells)


def _find_type(table: Table, texts: Sequence[int], roles: Roles, numbered: Sequence[int]) -> int | None:
    """Take the column that best tells rows of one meter and instant apart; then the one that speaks of channels."""
    speaking = {n: all(map(says_channel, set(cells_of_column(table, n)))) for n in texts}
    double = repeats(table, roles.when())
    often = double > len(table.rows) / 10
    telling = {n for n in (*texts, *numbered) if often and repeats(table, (*roles.when(), n)) < double / 20}
    named = [n for n in texts if speaking[n] or n in telling or set(words_of(table.names[n])) & _TYPE_WORDS]
    named += [n for n in numbered if n in telling]
    return min(named, key=lambda n: (repeats(table, (*roles.when(), n)), not speaking.get(n)), default=None)


def _share_roles(table: Table, left: Sequence[int], roles: Roles) -> Roles:
    """Find what else a meter's name needs where rows still repeat, and types that only part a channel by tariff."""
    double = repeats(table, (*roles.when(), roles.type))
    if roles.meter is not None and double > len(table.rows) / 10:
        names = [n for n in left if meter_rank(table.names[n]) is not None or is_id(table, n)]
        best = min(names, key=lambda n: repeats(table, (*roles.when(), roles.type, n)), default=None)
        if best is not None and repeats(table, (*roles.when(), roles.type, best)) < double / 20:
            return replace(roles, owner=best)
    if roles.type is None:
        return roles
    meters = [row[roles.meter] if roles.meter is not None else "" for row in table.rows]
    kinds = [row[roles.type] for row in table.rows]
    channels = [channel_of_type(kind, roles.codes) for kind in kinds]
    keys = [(f"{meter}\0{channel}", kind) for meter, channel, kind in zip(meters, channels, kinds, strict=True)]
    return replace(roles, turns=take_turns(table, keys, (roles.stamp, roles.time, roles.period)))


def _find_meter(table: Table, kinds: Sequence[str], left: list[int], roles: Roles) -> int | None:
    ranked = [(rank, n) for n in left if (rank := meter_rank(table.names[n])) is not None]
    ranked = [(rank, n) for rank, n in ranked if not _counts_rows(table, n, roles)]
    if ranked:
        return min(ranked)[1]
    if table.named:
        ids = [n for n in left if is_id(table, n) and not is_other_quantity(table.names[n])]
        return next(iter(ids), _tells_apart(table, [n for n in left if kinds[n] == "text"], roles))
    texts = [n for n in left if kinds[n] == "text" or (kinds[n] == "number" and n < (roles.stamp or 0))]
    repeating = [n for n in texts if len(set(cells_of_column(table, n))) <= max(1, len(table.rows[:400]) // 2)]
    return repeating[0] if len(left) > 1 and repeating else None


def _tells_apart(table: Table, texts: Sequence[int], roles: Roles) -> int | None:
    """Find the column of words that tells rows of one instant apart where many repeat; the shortest is it."""
    double = repeats(table, roles.when())
    telling = [n for n in texts if repeats(table, (*roles.when(), n)) < double / 20]
    telling = [n for n in telling if not all(map(says_channel, set(cells_of_column(table, n))))]
    if double <= len(table.rows) / 10:
        return None
    return min(telling, key=lambda n: sum(map(len, cells_of_column(table, n))), default=None)


def _counts_rows(table: Table, position: int, roles: Roles) -> bool:
    """Whether a column only numbers the rows: it never repeats, and neither do the stamps."""
    cells = cells_of_column(table, position)
    stamps = cells_of_column(table, roles.stamp or 0)
    return len(cells) > 5 and len(set(cells)) == len(cells) and len(set(stamps)) > len(stamps) / 2


def refuse_roles(document: Document, table: Table, roles: Roles) -> None:
    """Raise FileRefusedError (V21) with what the file has, when it lacks a stamp or a value column."""
    if roles.problem:
        there = ", ".join(repr(name) for name in table.names[:8]) + (", …" if len(table.names) > 8 else "")
        raise FileRefusedError(
            document.path,
            f"{roles.problem}; the columns are {there}",
            "name them in [[feed]] columns = {stamp = …, value = …}",
        )


def _some(names: list[str], shown: int = 8) -> str:
    return ", ".join(name.strip() for name in names[:shown]) + (", …" if len(names) > shown else "")
