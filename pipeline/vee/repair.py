"""What VEE does about gaps and suspect readings: plan the estimates, write them, look at them again.

Nothing given is changed; only intervals that the run may write differ in the grid that comes back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline.schema import Method, Quality
from pipeline.vee.checks import delivers_only, is_over_limit
from pipeline.vee.estimate import Days, Total, estimate_gaps, scale_to_totals
from pipeline.vee.grid import Bools, Codes, Floats, Grid
from pipeline.vee.levels import Levels
from pipeline.vee.rules import RULE_BY_ID, RuleBook
from pipeline.vee.runs import Positions, Runs, limit_of, mask_of, neighbour, runs_of
from pipeline.vee.spikes import spike_limit, stands_out

LAYERS = ("energy", "raw", "quality", "method", "rule")
"""What VEE writes."""

GAP, CATCH_UP = RULE_BY_ID["V05"].number, RULE_BY_ID["V13"].number


@dataclass(frozen=True)
class Plan:
    """What will be done to a block.

    Attributes
    ----------
    nulled_by : array of uint8, shape (channels, intervals)
        Number of the rule that takes a reading out; 0: it stays.
    cells, values, methods : arrays of one length
        Estimates; NaN where there is none.
    spread : array of bool, shape (channels, intervals)
        Gaps over which the reading after them was spread, with that reading.
    """

    nulled_by: Codes
    cells: Positions
    values: Floats
    methods: Codes
    spread: Bools


def plan_repair(
    read: Grid,
    good: Floats,
    masks: Mapping[str, Bools],
    nulled_by: Codes,
    book: RuleBook,
    known: tuple[Days | None, Sequence[Total]],
) -> Plan:
    """Estimate what is lacking, and settle what a reading after a gap is worth.

    Parameters
    ----------
    read : Grid
        As read.
    good : array of float64, shape (channels, intervals)
        Readings that may be used as reference, NaN elsewhere. [kWh]
    masks : mapping of str to array of bool
        Suspect readings by rule; V05 and V13 are used.
    nulled_by : array of uint8, shape (channels, intervals)
        Number of the rule that takes a reading out; 0: it stays.
    book : RuleBook
    known : (array of int64 or None, sequence of Total)
        Holidays, and known sums.

    Returns
    -------
    Plan
    """
    holidays, totals = known
    lacking = (masks["V05"] | (nulled_by > 0)) & (read.method != Method.EDIT)
    gaps = _open_gaps(read, lacking, book)
    cells = gaps.cells(read.shape[1])
    history = book.parameter("V18", "history_days", read.channels)
    values, methods = estimate_gaps(read, good, gaps, holidays, history=history)
    plan = Plan(nulled_by, cells, values, methods, np.zeros(read.shape, dtype=np.bool_))
    more = [total for total in totals if _tells_more(read, total, book)]
    return _meet_totals(read, lacking, plan, (gaps, masks["V13"], more), book) if more or masks["V13"].any() else plan


def _meet_totals(
    read: Grid, lacking: Bools, plan: Plan, known: tuple[Runs, Bools, list[Total]], book: RuleBook
) -> Plan:
    """Spread readings of V13 that are worth their gap, let the others stay, and scale estimates to known totals."""
    gaps, caught_up, totals = known
    rest = np.where(lacking, np.nan, read.energy)
    catch_ups = _catch_ups(read, gaps, caught_up & (plan.nulled_by > 0))
    factors = (book.value("V13", "low"), book.value("V13", "high"))
    values, caught = scale_to_totals(rest, plan.cells, plan.values, catch_ups, factors)
    values, more = scale_to_totals(rest, plan.cells, values, (one for one in catch_ups if _is_level(read, one, caught)))
    caught += more
    values, met = scale_to_totals(rest, plan.cells, values, totals)
    spread, scaled = (_mask_of_totals(used, read.shape) for used in (caught, caught + met))
    nulled_by = np.where(spread & (plan.nulled_by > 0), np.uint8(CATCH_UP), plan.nulled_by)
    worthless = (nulled_by == CATCH_UP) & ~spread
    values[worthless.reshape(-1)[plan.cells]] = np.nan
    methods = np.where(scaled.reshape(-1)[plan.cells], np.uint8(Method.SCALED), plan.methods)
    return Plan(np.where(worthless, np.uint8(0), nulled_by), plan.cells, values, methods, spread)


def _open_gaps(read: Grid, lacking: Bools, book: RuleBook) -> Runs:
    """Gaps that touch what may be written and are not too long to estimate (V18)."""
    gaps = runs_of(lacking)
    first, last = (read.channels[name].to_numpy()[gaps.channel] for name in ("fresh_first", "fresh_last"))
    days = np.where(book.enabled("V18", read.channels), book.parameter("V18", "days", read.channels), np.inf)
    short = gaps.length * read.minutes <= limit_of(days, gaps.channel) * 1440
    return gaps.keep((gaps.last >= first) & (gaps.first <= last) & short & (read.minutes > 0))


def _catch_ups(read: Grid, gaps: Runs, caught: Bools) -> list[Total]:
    """The energy that each reading of V13 brings, with what little its gap holds."""
    found = []
    cells = np.flatnonzero(caught)
    begins = gaps.channel * read.shape[1] + gaps.first
    for cell, gap in zip(cells, np.searchsorted(begins, cells, side="right") - 1, strict=True):
        channel, last = divmod(int(cell), read.shape[1])
        if gap >= 0 and gaps.channel[gap] == channel and gaps.last[gap] >= last:
            first = int(gaps.first[gap])
            found.append(Total(channel, first, last, float(np.nansum(read.energy[channel, first : last + 1]))))
    return found


def _is_level(read: Grid, total: Total, caught: Sequence[Total]) -> bool:
    """Tell whether a catch-up that like days do not explain is worth its gap by the readings beside it."""
    first, last = total.first - 1, total.last + 1
    if total in caught or first < 0 or last >= read.shape[1]:
        return False
    beside = read.energy[total.channel, [first, last]]
    return bool(0.75 * beside.min() <= total.energy / (last - first - 1) <= 1.25 * beside.max())


def _tells_more(read: Grid, total: Total, book: RuleBook) -> bool:
    """False when the readings, suspect or not, already are what the total adds up."""
    row = read.energy[total.channel, total.first : total.last + 1]
    return bool(abs(np.nansum(row) - total.energy) > tolerance(total, book))


def tolerance(total: Total, book: RuleBook) -> float:
    """How far the intervals may be from a total (V13). [kWh]"""
    return max(book.value("V13", "kwh"), book.value("V13", "share") * abs(total.energy))


def _mask_of_totals(totals: Sequence[Total], shape: tuple[int, int]) -> Bools:
    mask = np.zeros(shape, dtype=np.bool_)
    for total in totals:
        mask[total.channel, total.first : total.last + 1] = True
    return mask


def carry_out(grid: Grid, plan: Plan) -> Grid:
    """Write a plan: null what is suspect, keeping it as raw, and fill in the estimates.

    Parameters
    ----------
    grid : Grid
        As placed.
    plan : Plan

    Returns
    -------
    Grid
        An estimate carries its method and the rule that asked for it, 5 where nothing had been read.
    """
    fresh, flat = grid.fresh(), _writable(grid)
    nulled = np.flatnonzero((plan.nulled_by > 0) & fresh)
    flat["raw"][nulled] = np.where(np.isnan(flat["raw"][nulled]), flat["energy"][nulled], flat["raw"][nulled])
    flat["energy"][nulled] = np.nan
    flat["quality"][nulled] = Quality.MISSING
    flat["method"][nulled] = Method.NONE
    flat["rule"][nulled] = plan.nulled_by.reshape(-1)[nulled]
    use = ~np.isnan(plan.values) & fresh.reshape(-1)[plan.cells]
    filled = plan.cells[use]
    flat["energy"][filled] = plan.values[use]
    flat["quality"][filled] = Quality.ESTIMATED
    flat["method"][filled] = plan.methods[use]
    flat["rule"][filled] = np.where(flat["rule"][filled] == 0, GAP, flat["rule"][filled])
    return _regrid(grid, flat)


def mark(grid: Grid, clock: Bools, flagged: Bools, filled: Bools) -> Grid:
    """Mark readings that stay: hours of a clock change (V03), and estimates of the supplier (V20).

    Parameters
    ----------
    grid : Grid
    clock, flagged : array of bool, shape (channels, intervals)
        What V03 and V20 suspect.
    filled : array of bool, shape (channels, intervals)
        Of V20, what was found out and not stated: it becomes an estimate of the supplier.

    Returns
    -------
    Grid
    """
    fresh, flat = grid.fresh(), _writable(grid, ("quality", "method", "rule"))
    found_out = np.flatnonzero(filled & fresh)
    flat["quality"][found_out] = Quality.ESTIMATED
    flat["method"][found_out] = Method.SUPPLIER
    for rule_id, mask in (("V03", clock), ("V20", flagged)):
        cells = np.flatnonzero(mask & fresh)
        flat["rule"][cells] = np.where(flat["rule"][cells] == 0, RULE_BY_ID[rule_id].number, flat["rule"][cells])
    return _regrid(grid, flat)


def check_estimates(grid: Grid, plan: Plan, levels: Levels, book: RuleBook) -> tuple[Grid, dict[str, Bools]]:
    """Check the estimates by the rules of readings, and withdraw those that are suspect themselves.

    Parameters
    ----------
    grid : Grid
        With estimates.
    plan : Plan
    levels : Levels
        Of the readings.
    book : RuleBook

    Returns
    -------
    grid : Grid
        Suspect estimates are missing again.
    withdrawn : dict of str to array of bool
        Which, by rule; rules that suspect none are left out.

    References
    ----------
    .. [1] California "Standards for Validating, Editing and Estimating", section 3.6.
    """
    cells = plan.cells[~np.isnan(plan.values) & grid.fresh().reshape(-1)[plan.cells]]
    channel, value = cells // max(1, grid.shape[1]), neighbour(grid.energy, cells, 0)
    spike = book.arguments("V10", spike_limit, grid.channels)
    suspect = {
        "V07": (value < 0) & delivers_only(grid)[channel],
        "V10": (value > spike_limit(grid, levels, **spike)[channel])
        & stands_out(grid, cells, book.parameter("V10", "times", grid.channels)),
        "V11": is_over_limit(grid, cells),
    }
    on = {rule_id: which & book.enabled(rule_id, grid.channels)[channel, 0] for rule_id, which in suspect.items()}
    withdrawn = {rule_id: mask_of(cells[which], grid.shape) for rule_id, which in on.items() if which.any()}
    if not withdrawn:
        return grid, {}
    flat, gone = _writable(grid), np.flatnonzero(np.logical_or.reduce(list(withdrawn.values())))
    flat["energy"][gone] = np.nan
    flat["quality"][gone] = Quality.MISSING
    flat["method"][gone] = Method.NONE
    return _regrid(grid, flat), withdrawn


def _writable(grid: Grid, names: Sequence[str] = LAYERS) -> dict[str, Any]:
    """Flat copies of layers; those of a new grid may be one number, broadcast."""
    return {name: np.array(getattr(grid, name), order="C").reshape(-1) for name in names}


def _regrid(grid: Grid, flat: dict[str, Any]) -> Grid:
    return replace(grid, **{name: layer.reshape(grid.shape) for name, layer in flat.items()})
