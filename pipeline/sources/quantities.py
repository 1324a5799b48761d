"""Which columns of a table hold energy or power: by what they are named, by their unit, and by their cells."""

from collections.abc import Sequence

import numpy as np

from pipeline.sources.evidence import (
    all_cells_in,
    are_epochs,
    are_ids,
    cells_of_column,
    growth,
    is_coarser,
    is_derived,
    is_subtotal,
    number_rows,
    numbers_of,
    same,
)
from pipeline.sources.table import Table, without_unit
from pipeline.sources.units import DIALECT, UNIT_SPELLINGS, heat_unit, is_unit, unit_in
from pipeline.sources.words import (
    REGISTER_WORDS,
    TOTAL_WORDS,
    VALUE_WORDS,
    channel_of,
    is_other_quantity,
    is_plain_quantity,
    own_words,
    squeeze,
    words_of,
)

POWER_UNITS = {"w", "kw", "mw", "gw"}
_MEAN_WORDS = {"mean", "average", "avg"}
_SUM_WORDS = TOTAL_WORDS | {"net", "aggregate", "overall", "grid"}


def choose_values(
    table: Table, kinds: Sequence[str], taken: set[int], has_meter: bool, has_unit: bool
) -> tuple[list[int], list[str]]:
    """Choose the columns that are energy or power, and name the numeric ones that are not.

    Beside a meter column a name must speak of energy; alone with the stamps, any other name is a meter's.

    Parameters
    ----------
    table : Table
    kinds : sequence of str
        Of the columns, as `pipeline.sources.table.column_kind` tells them.
    taken : set of int
        Columns that have another role.
    has_meter, has_unit : bool
        True when rows name their meter, or their unit.

    Returns
    -------
    values : list of int
        Positions.
    skipped : list of str
        Names of numeric columns that are left out.
    """
    values: list[int] = []
    skipped: list[str] = []
    blank: list[int] = []
    for position, kind in enumerate(kinds):
        name = table.names[position]
        if position in taken or kind not in ("number", "blank") or (kind == "blank" and not name.strip()):
            continue
        if not _may_be_energy(table, position, has_meter, has_unit):
            skipped.append(name)
        elif kind == "blank":
            blank.append(position)
        else:
            values.append(position)
    if not any(is_plain_quantity(table.names[each]) for each in values):
        values = sorted(values + blank)  # among meters a blank column is one that begins later
    for leave_out in (_heat, _averages, _dials, _bare, _coarse, _demands, _sums, _twice):
        without = leave_out(table, values)
        skipped += [table.names[each] for each in without]
        values = [each for each in values if each not in without]
    return values, skipped


def _may_be_energy(table: Table, position: int, has_meter: bool, has_unit: bool) -> bool:
    name = table.names[position]
    below = table.unit_below(position)
    if number_rows(table, position) or is_id(table, position) or (below and below.lower() not in UNIT_SPELLINGS):
        return False
    if has_unit and set(words_of(name)) <= VALUE_WORDS | {"volume"}:
        return True
    if is_other_quantity(name) or (unit_in(name) is None and are_epochs(table, position)):
        return False
    return not has_meter or not table.named or _states_unit(table, position) or is_plain_quantity(name)


def is_id(table: Table, position: int) -> bool:
    """Whether a column's cells look like ids, and its name does not say that they are a quantity."""
    name = table.names[position]
    return are_ids(table, position) and unit_in(name) is None and not (table.named and is_plain_quantity(name))


def are_units(table: Table, position: int) -> bool:
    """Whether a column's cells are units of energy or power; under the name of units, V and A may stand beside them."""
    if all_cells_in(table, position, set(UNIT_SPELLINGS)):
        return True
    named = table.names[position].strip().lower() in ("unit", "units", "uom", "einheit", "unité", "unidad", "eenheid")
    return named and any(is_unit(cell) for cell in cells_of_column(table, position))


def unit_behind(table: Table, position: int) -> str | None:
    """Find the unit that stands behind the numbers themselves, as building systems write them."""
    for cell in cells_of_column(table, position, 20):
        bare = without_unit(cell)
        behind = cell[len(bare) :].strip().lower()
        if unit := UNIT_SPELLINGS.get(behind) or unit_in(cell):
            return unit
    return None


def _states_unit(table: Table, position: int) -> bool:
    name = table.names[position]
    stated = table.unit_below(position) or unit_in(name) or squeeze(name) in DIALECT
    return bool(stated or unit_behind(table, position))


def _heat(table: Table, values: list[int]) -> list[int]:
    """Columns in units of heat beside others."""
    heat = [n for n in values if heat_unit(table.names[n])]
    return heat if len(heat) < len(values) else []


def _averages(table: Table, values: list[int]) -> list[int]:
    """The mean of a day beside its sum."""
    words = {n: set(words_of(table.names[n])) for n in values}
    sums = [words[n] - _SUM_WORDS for n in values if words[n] & _SUM_WORDS]
    return [n for n in values if words[n] & _MEAN_WORDS and words[n] - _MEAN_WORDS in sums]


def _twice(table: Table, values: list[int]) -> list[int]:
    """Registers whose differences are another column, or those of another register that stands before them.

    A column with a name of its own is a meter of its own, whatever it counts.
    """
    changes = {n: np.diff(numbers_of(table, n)) for n in values}
    dials = [n for n in values if growth(table, n).against == 0 and growth(table, n).along >= 3]
    plain = [numbers_of(table, n) for n in values if n not in dials]
    found: list[int] = []
    for dial in filter(lambda n: _has_no_name(table.names[n]), dials):
        known = [part[end:][: len(changes[dial])] for part in plain for end in (0, 1)]
        known += [changes[other] for other in dials if other < dial and other not in found]
        found += [dial] if any(same(changes[dial], other) for other in known) else []
    return found


def _has_no_name(name: str) -> bool:
    return is_plain_quantity(name) or bool(set(words_of(name)) & (REGISTER_WORDS | _SUM_WORDS))


def _dials(table: Table, values: list[int]) -> list[int]:
    """Registers beside interval values."""
    dials = [n for n in values if set(words_of(table.names[n])) & REGISTER_WORDS]
    others = [growth(table, n) for n in values if n not in dials]
    return dials if any(not other.rarely_turns for other in others) else []


def _bare(table: Table, values: list[int]) -> list[int]:
    """Columns that state no unit beside some that do."""
    bare = [n for n in values if not _states_unit(table, n)]
    return bare if len(bare) < len(values) else []


def _coarse(table: Table, values: list[int]) -> list[int]:
    """Columns that repeat another's readings as sums of longer intervals."""
    rare = [n for n in values if np.isnan(numbers_of(table, n)).mean() >= 0.5]  # else a thousand meters take a minute
    return [n for n in rare if any(is_coarser(table, n, other) for other in values if other != n)]


def _demands(table: Table, values: list[int]) -> list[int]:
    """Power beside the energy of the same channel: of the same meter, or where neither names one."""
    units = {n: table.unit_below(n) or unit_in(table.names[n]) or "" for n in values}
    meter = {n: (own_words(table.names[n]), channel_of(table.names[n])) for n in values}
    energy = {meter[n] for n in values if units[n].lower().endswith("h")}
    return [n for n in values if units[n].lower() in POWER_UNITS and meter[n] in energy]


def _sums(table: Table, values: list[int]) -> list[int]:
    """Columns that say that they are a total or a net, and are one of the others, or the total of some side by side."""
    words = {n: set(words_of(table.names[n])) for n in values}
    suspects = [n for n in values if words[n] & _SUM_WORDS]
    others = [n for n in values if n not in suspects]
    received = [n for n in others if channel_of(table.names[n]) == "received"]
    return [
        n
        for n in suspects
        if is_derived(table, n, others, received) or (words[n] & TOTAL_WORDS and is_subtotal(table, n, others))
    ]
