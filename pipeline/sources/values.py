"""What the numbers of a column are: unit, channel, register or not. Nothing is guessed without saying so."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.errors import FileRefusedError, SettingsError
from pipeline.schema import Stream
from pipeline.sources.document import Document
from pipeline.sources.evidence import Growth, begins_anew, growth, is_below_zero, is_signed, is_sparse, numbers_of
from pipeline.sources.kinds import units_in_types
from pipeline.sources.quantities import POWER_UNITS, unit_behind
from pipeline.sources.roles import Roles
from pipeline.sources.source import Feed
from pipeline.sources.stamps import split_label
from pipeline.sources.table import Table
from pipeline.sources.units import (
    BIG_UNITS,
    DIALECT,
    HEAT_UNITS,
    REACTIVE_UNITS,
    UNIT_SPELLINGS,
    Meaning,
    factor_in,
    heat_unit,
    unit_in,
)
from pipeline.sources.words import (
    GRID_WORDS,
    POWER_WORDS,
    REGISTER_WORDS,
    UNTOLD_WORDS,
    channel_of,
    channel_of_type,
    is_energy_word,
    is_garbled,
    is_plain_quantity,
    own_words,
    says_when,
    squeeze,
    words_of,
)


@dataclass(frozen=True)
class ValueColumn:
    """A column of numbers.

    Attributes
    ----------
    position : int
    name : str
        As in the header, stripped.
    stream : Stream
        Its streams are like this one; `meter_id` is the column's own meter, or "" when rows or the file name it.
    sign : int
        1: of its values those above zero, -1: those below, turned; 0: all as they stand.
    sparse : bool
        Its readings are longer than the rows: blank cells between them are none.
    unit : str
        What stands behind the first numbers; others are brought to it.
    """

    position: int
    name: str
    stream: Stream
    sign: int = 0
    sparse: bool = False
    unit: str = ""


def file_meter(path: Path) -> str:
    """Name the meter of a file that names none: the file's own name without its endings.

    A file, a sheet of a workbook or a member of an archive that is named for a month or a year is one of several of a
    meter: it is named for the workbook, the archive or the folder that it is in.
    """
    places = Path(os.path.abspath(path))  # without its "..", which resolve() would take through links
    names = [_without_endings(place.name) for place in (places, *places.parents)]
    return next((name for name in names if name and not says_when(name)), names[0])


def _without_endings(name: str) -> str:
    for ending in (".gz", ".zip", ".csv", ".txt", ".tsv", ".xlsx", ".xlsb", ".ods", ".xls", ".dat"):
        if name.lower().endswith(ending) and len(name) > len(ending):
            name = name[: -len(ending)]
    return name


def value_columns(
    document: Document, table: Table, roles: Roles, feed: Feed, notes: list[str]
) -> tuple[ValueColumn, ...]:
    """Say of each value column what its numbers are.

    Raises
    ------
    FileRefusedError
        V15, when a column's unit stands nowhere and its name does not say that it is energy.
    """
    columns = []
    owners = roles.meter, roles.type
    dials = _registers(table, roles, feed, notes)
    for position in roles.values:
        name = table.names[position].strip() or f"column {position + 1}"
        plain = roles.meter is not None or is_plain_quantity(name) or not table.named
        meaning = _meaning(document, table, roles, feed, position, notes)
        stream = Stream(
            "" if plain else name,
            channel=_channel(name, meaning.unit),
            unit=meaning.unit,
            multiplier=meaning.multiplier,
            is_register=position in dials,
            reset_window=("any", "any") if position in dials and begins_anew(table, position, *owners) else None,
        )
        sparse = roles.meter is None and is_sparse(table, position)
        column = ValueColumn(position, name, stream, sparse=sparse, unit=unit_behind(table, position) or "")
        columns += _with_sign(column, table, notes)
    # What passes the meter comes before what is made or used behind it, and takes the meter's own name.
    return tuple(sorted(columns, key=lambda column: not set(words_of(column.name)) & GRID_WORDS))


def _channel(name: str, unit: str) -> str:
    channel = channel_of(name)
    return "reactive" if unit in REACTIVE_UNITS and not channel.startswith("reactive") else channel


def _with_sign(column: ValueColumn, table: Table, notes: list[str]) -> list[ValueColumn]:
    """Part a column that often goes below zero into what is used and what is fed in; that is counted above zero."""
    if column.stream.is_register:
        return [column]
    if column.stream.channel == "received" and is_below_zero(table, column.position):
        _note(notes, f"{column.name!r} is written below zero: what is fed in counts above it")
        return [replace(column, sign=-1)]
    if column.stream.channel != "delivered" or not is_signed(table, column.position):
        return [column]
    _note(notes, f"{column.name!r} goes below zero: that is what is fed in (channel received)")
    fed = replace(column.stream, channel="received")
    return [replace(column, sign=1), replace(column, stream=fed, sign=-1)]


def known_unit(unit: str) -> Meaning:
    """Give a unit in the spelling of `Stream`, with the factor that brings values to it.

    Raises
    ------
    SettingsError
        When it is no unit of energy or power.
    """
    spelled = UNIT_SPELLINGS.get(unit.strip().lower())
    if spelled is None:
        raise SettingsError(f"unit {unit!r} is not known -> use one of {', '.join(UNIT_SPELLINGS.values())}")
    return BIG_UNITS.get(spelled, Meaning(spelled))


def _meaning(document: Document, table: Table, roles: Roles, feed: Feed, position: int, notes: list[str]) -> Meaning:
    name = table.names[position]
    said = feed.meters.get(name.strip(), {}).get("unit") or feed.unit
    if said is not None:
        return known_unit(str(said))
    if not feed.meters.get(name.strip(), {}).get("skip"):
        _refuse_heat(document, name)
        _refuse_factor(document, name)
    stated = table.unit_below(position) or unit_in(name) or table.unit or unit_behind(table, position)
    if stated is not None:
        return known_unit(stated)
    if roles.unit is not None or units_in_types(table, roles):
        return Meaning("kWh")
    if squeeze(name) in DIALECT:
        meaning = DIALECT[squeeze(name)]
        _note(notes, f"{name.strip()!r} is read as {meaning.unit}" + _times(meaning))
        return meaning
    untold = set(words_of(name)) & UNTOLD_WORDS or is_garbled(name)
    if is_energy_word(name) or (table.named and roles.meter is None and not is_plain_quantity(name) and not untold):
        _note(notes, "no unit is stated: values are taken as kWh (--unit)")
        return Meaning("kWh")
    remedy = "give --unit kWh, Wh, MWh, kW, W or MW"
    if document.encoding == "cp1252" and is_garbled(name):
        remedy += "; if that is no name, --encoding cp1251, cp1250, gb18030, shift_jis … first"
    what = name.strip() or f"column {position + 1}"
    raise FileRefusedError(document.path, f"nothing says in which unit {what!r} is", remedy, "V15")


def _refuse_heat(document: Document, name: str) -> None:
    unit = heat_unit(name)
    if unit is not None:
        remedy = f"if it is electricity, give --unit kWh --multiplier {HEAT_UNITS[unit]:.6g}"
        raise FileRefusedError(document.path, f"{name.strip()!r} counts in {unit.strip('[]()')}", remedy, "V15")


def _refuse_factor(document: Document, name: str) -> None:
    factor = factor_in(name)
    if factor is not None:
        remedy = f"give --unit {unit_in(name)} --multiplier {factor}, or 1 if it is none"
        raise FileRefusedError(document.path, f"{name.strip()!r} may count in {factor} {unit_in(name)}", remedy, "V15")


def _times(meaning: Meaning) -> str:
    return "" if meaning.multiplier == 1.0 else f", times {meaning.multiplier:g}"


def _note(notes: list[str], text: str) -> None:
    if text not in notes:
        notes.append(text)


def _registers(table: Table, roles: Roles, feed: Feed, notes: list[str]) -> set[int]:
    """Find the columns that are registers; one that stands still all the time is what those beside it are."""
    seen = {position: growth(table, position, roles.meter, roles.type) for position in roles.values}
    dials = {position for position in roles.values if _is_register(table, roles, position, seen[position])}
    still = {n for n in roles.values if seen[n][:2] == (0, 0)} if dials else set()
    if dials | still == set(roles.values):
        dials |= still
    akin = {_said_beside_flow(table, position) for position in dials}
    stuck = {n for n in still - dials if np.nan_to_num(numbers_of(table, n)).any()}  # at zero it is a load as well
    dials |= {position for position in stuck if _said_beside_flow(table, position) in akin}
    for position in roles.values:
        name = table.names[position].strip()
        if position not in dials:
            if feed.is_register is None and seen[position].may_grow and not _is_power(table, position):
                _note(notes, f"{name!r} never falls: taken as energy of its intervals, not as a register (--register)")
        elif begins_anew(table, position, roles.meter, roles.type):
            _note(notes, f"{name!r} grows and begins again at zero: its rises are the energy")
        else:
            _note(notes, f"{name!r} is a register that only grows: its differences are the energy")
    return dials


def _said_beside_flow(table: Table, position: int) -> tuple[object, ...]:
    """Give what a column's name says but for which way energy goes: registers of one meter share it."""
    name = table.names[position]
    words = set(words_of(name))
    return table.unit_below(position) or unit_in(name), own_words(name), frozenset(words & POWER_WORDS)


def _is_power(table: Table, position: int) -> bool:
    stated = table.unit_below(position) or unit_in(table.names[position])
    return stated.lower() in POWER_UNITS if stated else bool(set(words_of(table.names[position])) & UNTOLD_WORDS)


def _several_days(table: Table, roles: Roles) -> bool:
    labels = {row[roles.stamp or 0].strip() for row in table.rows}
    return len({parts[0] for label in labels if (parts := split_label(label))}) > 1


def _said_of_all(table: Table, roles: Roles) -> set[str]:
    """Words that the kinds of all rows share, as "Day Active Import Register (kWh)" and "Night Active …" do."""
    kinds = {row[roles.type] for row in table.rows if row[roles.type].strip()} if roles.type is not None else set()
    return set.intersection(*(set(words_of(kind)) for kind in kinds)) if kinds else set()


def _is_register(table: Table, roles: Roles, position: int, seen: Growth) -> bool:
    """Whether values are those of a register: its name says it and the cells do not deny it, or the cells prove it.

    Without a word for it 40 changes all go one way, by 5 different sizes (chosen: no real load does that). Registers of
    whole kWh and those read once a day change less, and stand high: then fewer do, over midnight.
    """
    words = set(words_of(table.names[position])) | _said_of_all(table, roles)
    if words & REGISTER_WORDS or "meterreading" in squeeze(table.names[position]):
        return seen.rarely_turns or seen.along + seen.against < 20
    if words & {"total", "totals"} and table.named:
        return seen.rarely_turns and seen.along >= 3
    if seen.sizes >= 5 and seen.against < 0.1 * seen.along and begins_anew(table, position, roles.meter, roles.type):
        return True
    if seen.against == 0 and seen.along >= 40 and seen.sizes >= 5:
        return True
    return seen.only_grows and not _is_power(table, position) and _several_days(table, roles)


def stream_for(column: ValueColumn, meter: str, kind: str, unit: str, codes: Mapping[str, str] | None = None) -> Stream:
    """Give the stream of a column in rows of one meter, type cell and unit cell ("" where the file has none)."""
    stream = column.stream
    stated = unit or (unit_in(kind) or "" if kind else "")
    if stated:
        meaning = known_unit(stated)
        stream = replace(stream, unit=meaning.unit, multiplier=meaning.multiplier)
    if kind and stream.channel == "delivered":
        stream = replace(stream, channel=channel_of_type(kind, codes))
    return replace(stream, meter_id=stream.meter_id or meter)
