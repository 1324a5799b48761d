"""What the types and units of rows say: which rows of a long file are energy, and which are left out."""

from dataclasses import dataclass

from pipeline.sources.roles import Roles
from pipeline.sources.table import Table
from pipeline.sources.units import UNIT_SPELLINGS, unit_in
from pipeline.sources.words import (
    OTHER_KINDS,
    POWER_WORDS,
    channel_of,
    is_energy_word,
    is_other_service,
    says_channel,
    words_of,
)


@dataclass(frozen=True)
class Kinds:
    """What is known of the types and units of all rows.

    Attributes
    ----------
    states_units : bool
        True when types state units, as "Import (kWh)" does: one without is then no energy, unless a word says so.
    has_energy : bool
        True when each meter whose power is told has its energy told as well: power is then the same energy again.
    """

    states_units: bool = False
    has_energy: bool = False

    def why_not(self, kind: str, unit: str) -> str:
        """Say why rows of a type ("" for none) and a unit ("" for none) are left out; "" when they are not."""
        if is_other_service(kind):
            return "no electricity"
        if unit and unit.lower() not in UNIT_SPELLINGS:
            return "no energy"
        stated = unit or unit_in(kind)
        if stated:
            return "the same energy again" if self.has_energy and _is_power(stated) else ""
        if says_channel(kind) or is_energy_word(kind):
            return ""
        words = set(words_of(kind))
        return "no energy" if words & OTHER_KINDS or (self.states_units and kind and not words & POWER_WORDS) else ""


def judge_kinds(table: Table, roles: Roles) -> Kinds:
    """Judge types and units by the first rows."""
    if roles.type is None and roles.unit is None:
        return Kinds()
    rows = {tuple(_cell(row, n) for n in (roles.owner, roles.meter, roles.type, roles.unit)) for row in table.rows}
    told = {
        ((owner, meter, channel_of(kind, is_type=True)), unit or unit_in(kind)) for owner, meter, kind, unit in rows
    }
    power = {key for key, unit in told if unit and _is_power(unit)}
    energy = {key for key, unit in told if unit and not _is_power(unit)}
    return Kinds(any(unit_in(kind) for _, _, kind, _ in rows), bool(power) and power <= energy and not roles.turns)


def units_in_types(table: Table, roles: Roles) -> bool:
    """Whether the type column states the unit in every row of energy, as "Active Import Interval (kW)" does."""
    if roles.type is None:
        return False
    kinds = judge_kinds(table, roles)
    types = {row[roles.type].strip() for row in table.rows}
    return all(unit_in(each) for each in types if each and not kinds.why_not(each, "")) and kinds.states_units


def _is_power(unit: str) -> bool:
    return not unit.lower().endswith("h") and unit.lower() in UNIT_SPELLINGS


def _cell(row: list[str], position: int | None) -> str:
    return "" if position is None else row[position].strip()
