"""What the cells of the first rows prove of a column, whatever its name says: an instant, an id, a register, a sum.

Nothing here knows a supplier's words. Every number that is a choice stands in a default, chosen and not measured unless
it says otherwise.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.sources.stamps import NO_STAMP, is_epoch, label_parser, split_label
from pipeline.sources.table import NULLS, Table, kind_of, with_minus, without_unit


def cells_of_column(table: Table, position: int, most: int = 400) -> list[str]:
    """Give the filled cells of a column's first rows."""
    return [cell for row in table.rows[:most] if kind_of(cell := row[position].strip()) != "blank"]


def all_cells_in(table: Table, position: int, known: "set[str] | frozenset[str]") -> bool:
    """Whether every filled cell is one of some words, in any case."""
    cells = {cell.lower() for cell in cells_of_column(table, position)}
    return bool(cells) and cells <= known


def are_instants(table: Table, position: int, share: float = 0.8) -> bool:
    """Whether most cells can be read as instants."""
    cells = cells_of_column(table, position, 50)
    return bool(cells) and sum(split_label(cell) is not None for cell in cells) > share * len(cells)


def fits_format(table: Table, position: int, pattern: str, share: float = 0.8) -> bool:
    """Whether most cells are written as a strptime format says."""
    cells = cells_of_column(table, position, 50)
    instants = "%z" in pattern
    return bool(cells) and bool((label_parser(pattern, instants)(cells) != NO_STAMP).sum() > share * len(cells))


def are_clock_numbers(table: Table, position: int, fewest: int = 12) -> bool:
    """Whether the cells are times of day without a colon: 0, 30, 100 … 2330; or with a point, 0.15 … 23.45."""
    cells = cells_of_column(table, position)
    if all(re.fullmatch(r"\d{1,2}\.\d{2}", cell) for cell in cells):
        cells = [cell.replace(".", "") for cell in cells]
    if len(set(cells)) < fewest or not all(cell.isdigit() for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    return max(numbers) >= 1000 and all(number <= 2400 and number % 100 < 60 for number in numbers)


def are_epochs(table: Table, position: int, fewest: int = 3) -> bool:
    """Whether the cells count seconds or milliseconds since 1970, and go on or back all the time."""
    cells = cells_of_column(table, position)
    if len(cells) < fewest or not all(cell.isdigit() and is_epoch(cell) for cell in cells):
        return False
    steps = np.diff(np.array(cells, dtype=np.float64))
    return bool((steps > 0).all() or (steps < 0).all())


def are_ids(table: Table, position: int, digits: int = 8) -> bool:
    """Whether the cells are long whole numbers, or have zeros in front, and repeat: no quantity looks so."""
    cells = cells_of_column(table, position)
    if len(cells) < 2 or len(set(cells)) > len(cells) / 2 or not all(cell.isdigit() for cell in cells):
        return False
    return all(len(cell) >= digits or (len(cell) > 1 and cell[0] == "0") for cell in cells)


def number_rows(table: Table, position: int) -> bool:
    """Whether the first column only counts the rows."""
    cells = cells_of_column(table, position, 50)
    if position or len(cells) < 3 or not all(cell.isdigit() for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    return table.names[0].strip().lower() in ("", "unnamed: 0", "index", "id", "#") and all(
        later - earlier == 1 for earlier, later in pairwise(numbers)
    )


def count_periods(table: Table, position: int, stamp: int) -> bool:
    """Whether a column counts the intervals of each day of the stamp column: whole numbers that begin anew."""
    rows = [(row[stamp].strip(), row[position].strip()) for row in table.rows]
    rows = [(day, cell) for day, cell in rows if day and cell]
    if len(rows) < 3 or not all(cell.isdigit() and int(cell) <= 300 for _, cell in rows):
        return False
    return len({day for day, _ in rows}) < len(rows) and len({cell for _, cell in rows}) > 2


def differ(table: Table, position: int) -> bool:
    """Whether a column's cells are not all the same."""
    return len({row[position].strip() for row in table.rows}) > 1


def repeats(table: Table, positions: Sequence[int | None]) -> int:
    """Count the rows that say again what an earlier one says in some columns."""
    taken = [position for position in positions if position is not None]
    keys = {tuple(row[position].strip() for position in taken) for row in table.rows}
    return len(table.rows) - len(keys)


def take_turns(table: Table, keys: Sequence[tuple[str, str]], stamps: Sequence[int | None]) -> bool:
    """Whether kinds of rows share the time between them, as the registers of a tariff do, and never overlap.

    Parameters
    ----------
    table : Table
    keys : sequence of (str, str)
        For each row, what it belongs to and its kind.
    stamps : sequence of int or None
        Columns that say when.
    """
    seen: dict[tuple[str, ...], str] = {}
    last: dict[str, str] = {}
    turns = 0
    for row, (owner, kind) in zip(table.rows, keys, strict=True):
        when = (owner, *(row[position].strip() for position in stamps if position is not None))
        if seen.setdefault(when, kind) != kind:
            return False
        turns += last.get(owner, kind) != kind
        last[owner] = kind
    return turns >= 2


def numbers_of(table: Table, position: int) -> NDArray[np.float64]:
    """Read a column's first cells as numbers, NaN where they are none."""
    return np.array([_number(row[position], table.decimal) for row in table.rows])


@lru_cache(maxsize=1 << 16)
def _number(cell: str, decimal: str) -> float:
    plain = with_minus(without_unit(cell)).replace("\xa0", "").replace("\u202f", "")
    plain = plain.replace(".", "").replace(",", ".") if decimal == "," else plain.replace(",", "")
    try:
        return float("nan" if plain in NULLS or "_" in plain else plain)
    except ValueError:
        return float("nan")


def same(values: NDArray[np.float64], others: NDArray[np.float64], fewest: int = 10) -> bool:
    """Whether two columns say the same, but for the last digit that publishers round."""
    known = np.isfinite(values) & np.isfinite(others)
    if known.sum() < fewest or not values[known].any():
        return False
    return bool((np.abs(values - others)[known] <= 2e-3 + 1e-6 * np.abs(values[known])).mean() > 0.95)


class Growth(NamedTuple):
    """How the first values of a column change.

    Attributes
    ----------
    along, against : int
        Changes in the usual direction, and the others.
    sizes : int
        Different sizes of changes.
    longest : int
        Changes of the owner that has most.
    rise : float
        From the least to the greatest value, as a share of the least: the median of the owners that change.
    """

    along: int
    against: int
    sizes: int
    longest: int
    rise: float

    @property
    def rarely_turns(self) -> bool:
        """True when hardly a change goes the other way: of an interval column half are falls, of a register few."""
        return self.against < 0.05 * (self.along + self.against)

    @property
    def only_grows(self) -> bool:
        """True when enough changes go one way, and none the other; the less they are beside the level, the fewer do.

        What begins at zero and goes up by the same each time may only count the rows.
        """
        if self.against or (self.rise > 1 and self.sizes < 2):
            return False
        needed = 12 if self.rise <= 0.1 else 24 if self.rise <= 1 else 40
        return self.longest >= needed or (self.along >= 40 and self.rise <= 0.1)

    @property
    def may_grow(self) -> bool:
        """True when some changes go one way and none the other, and not to twice the level: too little to prove it."""
        return self.against == 0 and self.longest >= 5 and self.rise <= 1


def begins_anew(table: Table, position: int, *owners: int | None, fewest: int = 2, low: float = 0.1) -> bool:
    """Whether a column grows all the time, but for the rare rows where it falls back to nearly nothing.

    A counter of the day or the month does that; no load goes up for twelve rows on end, again and again. Each owner
    counts for itself.
    """
    groups = _oldest_first(_groups(table, position, owners))
    pairs = np.concatenate([np.column_stack((group[:-1], group[1:])) for group in groups])
    before, after = pairs[:, 0], pairs[:, 1]
    fell, rises = after < before, int((after > before).sum())
    if fell.sum() < fewest or rises < 40 or rises < 12 * fell.sum():
        return False
    return bool((after[fell] <= low * before[fell]).all())


def growth(table: Table, position: int, *owners: int | None) -> Growth:
    """Tell how a column changes from row to row, each of its owners (meters, or their kinds of rows) for itself."""
    groups = _groups(table, position, owners)
    changes = [np.diff(group) for group in groups]
    steps = np.concatenate(changes)
    up, down = int((steps > 0).sum()), int((steps < 0).sum())
    moving = [np.abs(group) for group, change in zip(groups, changes, strict=True) if change.any()]
    return Growth(
        max(up, down),
        min(up, down),
        len(np.unique(np.round(np.abs(steps[steps != 0]), 6))),
        max(int(np.count_nonzero(change)) for change in changes),
        float(np.median([np.ptp(group) / max(group.min(), 1e-9) for group in moving])) if moving else 0.0,
    )


def _groups(table: Table, position: int, owners: Sequence[int | None]) -> list[NDArray[np.float64]]:
    """Give the numbers of a column by what they belong to; one empty list where there is none."""
    groups: dict[tuple[str, ...], list[float]] = {}
    for row, value in zip(table.rows, numbers_of(table, position).tolist(), strict=True):
        groups.setdefault(tuple(row[each] for each in owners if each is not None), []).append(value)
    lists = [np.array(group) for group in groups.values()] or [np.array([])]
    return [group[np.isfinite(group)] for group in lists]


def _oldest_first(groups: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Turn what falls more often than it rises: a counter of which the newest read stands first."""
    steps = np.concatenate([np.sign(np.diff(group)) for group in groups])
    return [group[::-1] for group in groups] if steps.sum() < 0 else groups


def is_coarser(table: Table, coarse: int, fine: int, fewest: int = 3) -> bool:
    """Whether a column stands in few rows, and there holds the sum of another's rows up to the next, or so far."""
    sums, parts = numbers_of(table, coarse), numbers_of(table, fine)
    at = np.flatnonzero(~np.isnan(sums))
    if not fewest < len(at) <= len(sums) / 2 or np.isnan(parts).mean() > 0.1:
        return False
    if np.median(np.diff(at)) < 2:
        return False  # rows side by side, after none: a meter that begins later, and reads as another does
    total = np.concatenate([[0.0], np.nancumsum(parts)])
    ahead, behind = total[at[1:]] - total[at[:-1]], total[at[1:] + 1] - total[at[:-1] + 1]
    pairs = ((sums[at[:-1]], ahead), (sums[at[1:]], behind))
    return any(bool((np.abs(one - other) <= 0.02 * np.abs(one) + 0.02).mean() > 0.95) for one, other in pairs)


def is_sparse(table: Table, position: int, fewest: int = 10) -> bool:
    """Whether a column holds a value in every second, fourth … row alone: its readings are longer than the rows."""
    known = np.flatnonzero(np.isfinite(numbers_of(table, position)))
    if len(known) < fewest or len(known) > len(table.rows) / 2:
        return False
    steps = np.diff(known)
    usual = int(np.median(steps))
    return usual > 1 and bool((steps % usual == 0).mean() > 0.98 and (steps == usual).mean() > 0.5)


def is_signed(table: Table, position: int, share: float = 0.01, fewest: int = 3) -> bool:
    """Whether a column goes below zero often enough, and far enough, to hold what is fed in as well.

    One reading in a file of a day is more than a hundredth of it, and a fault all the same.
    """
    values = numbers_of(table, position)
    values = values[~np.isnan(values)]
    below = values < 0
    if len(values) < 20 or below.sum() < fewest or not share <= below.mean() <= 1 - share:
        return False
    if re.fullmatch(r"\[-9{3,}\.]", str(np.unique(values[below]))):
        return False  # -9999 stands for none
    return bool(-values[below].sum() >= share * np.abs(values).sum())


def is_below_zero(table: Table, position: int, fewest: int = 20) -> bool:
    """Whether a column has readings below zero, none above, and none that stands for no reading (-9999)."""
    values = numbers_of(table, position)
    below = values[values < 0]
    return len(below) >= fewest and not (values > 0).any() and len(np.unique(below)) > 1


def is_derived(table: Table, position: int, others: Sequence[int], received: Sequence[int]) -> bool:
    """Whether a column is the sum of others, or what is used less what is fed in; publishers round, so within 0.2 %.

    Parameters
    ----------
    table : Table
    position : int
        The column.
    others : sequence of int
        Two or more columns of the same unit.
    received : sequence of int
        Those of them that hold what is fed in.
    """
    value = np.nan_to_num(numbers_of(table, position))
    parts = {each: np.nan_to_num(numbers_of(table, each)) for each in others}
    total = np.sum([*parts.values()], axis=0)
    net = np.sum([part * (-1 if each in received else 1) for each, part in parts.items()], axis=0)
    size = np.sum([np.abs(part) for part in parts.values()], axis=0)
    return len(others) > 1 and any(adds_up(value, sums, size) for sums in (total, net))


def adds_up(value: NDArray[np.float64], total: NDArray[np.float64], size: NDArray[np.float64]) -> bool:
    """Whether values are a total of others, but for what publishers round of their `size`."""
    return bool((np.abs(value - total) <= 2e-3 * size + 1e-3).all())


def is_subtotal(table: Table, position: int, others: Sequence[int], fewest: int = 3, most: int = 2000) -> bool:
    """Whether a column is the sum of others that stand side by side, or one of them; some of it must not be nothing.

    Every run of columns is tried, so there may be at most `most` of them: a matrix of 32 MB.
    """
    value = np.nan_to_num(numbers_of(table, position))
    if not 1 <= len(others) <= most or np.count_nonzero(value) < fewest:
        return False
    parts = np.nan_to_num([numbers_of(table, each) for each in others])
    so_far = np.vstack([np.zeros_like(value), parts.cumsum(axis=0)])
    ends = so_far.sum(axis=1)
    off = np.abs(ends[None, :] - ends[:, None] - value.sum())
    runs = np.argwhere(np.triu(off <= 2e-3 * np.abs(value).sum() + 1e-3 * len(value), 1)).tolist()
    return any(adds_up(value, so_far[end] - so_far[begin], np.abs(value)) for begin, end in runs)
