"""Validation, estimation and their record for one block of channels: VEE from end to end, in order.

Only intervals that the run may write (`Grid.fresh`) are changed; the rest of the grid is context. What a person edited
and what a supplier estimated stays as it is. Nothing given is changed, and nothing is kept between calls.
"""

from collections.abc import Sequence
from dataclasses import replace
from inspect import signature

import numpy as np

from pipeline.schema import Finding, Quality
from pipeline.vee.checks import CHECKS
from pipeline.vee.estimate import Days, Total
from pipeline.vee.findings import Earlier, Report, report, report_part_days, report_totals, report_withdrawn
from pipeline.vee.grid import Bools, Codes, Floats, Grid
from pipeline.vee.levels import Levels, measure
from pipeline.vee.repair import carry_out, check_estimates, mark, plan_repair
from pipeline.vee.repeats import fades_out, filled_at_source
from pipeline.vee.rules import RULE_BY_ID, RuleBook

Masks = dict[str, Bools]

DOUBTFUL = 1
"""What a reading carries whose stamp cannot be trusted (V01): nothing about it is judged by its neighbours."""

NULLING = ("V11", "V07", "V08", "V09", "V10", "V13", "V17")
"""Rules that take a reading out, in order: it carries the first that suspects it."""

AFTER_GAPS = ("V03", "V07", "V09", "V10", "V11", "V13", "V17", "V20", "V22", "V23")
"""Rules that look at readings when it is known which are missing (V05) or lost as zero (V08)."""

ON_GOOD = ("V12", "V15", "V16")
"""Rules that look at what is left when suspect readings are out."""

ANY_STEP = ("V05", "V07", "V11", "V20", "V22")
"""Rules that make sense where intervals have no common length (billing periods)."""


def run_vee(
    grid: Grid,
    book: RuleBook,
    holidays: Days | None = None,
    totals: Sequence[tuple[int, int, int, float]] = (),
    now: int | None = None,
    earlier: Sequence[Earlier] = (),
) -> tuple[Grid, list[Finding]]:
    """Validate a block of channels, take out what is suspect, estimate what is missing, and say so.

    Parameters
    ----------
    grid : Grid
        Readings as placed; `quality` as the source stated it.
    book : RuleBook
        Rules as the run has set them.
    holidays : array of int64, optional
        Local days since 1970-01-01 that count as Sundays.
    totals : sequence of (int, int, int, float)
        Known sums: channel (row of the grid), first and last interval, and the energy in them. [kWh]
    now : int, optional
        For the age of the newest reading; None: not judged. [s since 1970 UTC]
    earlier : sequence of Earlier
        Findings of earlier runs that reach beyond what this one may write.

    Returns
    -------
    grid : Grid
        `energy` to use, `raw` as read wherever that differs, and `quality`, `method` and `rule` of each change.
    findings : list of Finding
        One for each run of suspect readings of each rule, in the order of the rules.
    """
    read = as_read(grid)
    levels = measure(read)
    masks, faded, filled = _validate(read, levels, book, now)
    nulled_by = _choose_rule(read, masks, faded | filled)
    good = _good(grid, masks, nulled_by)
    known = [Total(*total) for total in totals]
    plan = plan_repair(read, good, masks, nulled_by, book, (holidays, known))
    result = mark(carry_out(grid, plan), masks["V03"], masks["V20"], filled)
    result, withdrawn = check_estimates(result, plan, levels, book)
    masks |= {rule_id: _check(rule_id, replace(read, energy=good), book, {}) for rule_id in ON_GOOD}
    lacking = np.where(plan.nulled_by > 0, np.nan, read.energy)
    masks["V18"] = _check("V18", replace(read, energy=lacking), book, {})
    view = Report(read, result, levels, book, earlier)
    found = report(view, _told_once(masks, plan.spread)) + report_part_days(view)
    return result, found + report_withdrawn(view, withdrawn) + report_totals(view, known)


def as_read(grid: Grid) -> Grid:
    """Give a grid whose context holds what was read, not what an earlier run made of it, so that runs are judged whole.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    Grid
        Differs only outside `fresh`, where an earlier run changed a reading.
    """
    context = ~grid.fresh()
    changed = np.flatnonzero(context & (grid.rule != 0)) if context.any() else np.empty(0, dtype=np.int64)
    changed = changed[~np.isin(grid.rule.reshape(-1)[changed], (1, 3, 20))]
    if not len(changed):
        return grid
    energy, quality = np.array(grid.energy), np.array(grid.quality)
    energy.reshape(-1)[changed] = grid.raw.reshape(-1)[changed]
    quality.reshape(-1)[changed] = np.where(np.isnan(energy.reshape(-1)[changed]), Quality.MISSING, Quality.ACTUAL)
    return replace(grid, energy=energy, quality=quality)


def _check(rule_id: str, grid: Grid, book: RuleBook, offers: dict[str, object]) -> Bools:
    """Run the check of a rule with what it takes of `offers` and of the book; False where the rule is off."""
    enabled = book.enabled(rule_id, grid.channels)
    if not enabled.any() or (grid.minutes <= 0 and rule_id not in ANY_STEP):
        return np.zeros(grid.shape, dtype=np.bool_)
    check = CHECKS[rule_id]
    taken = {name: offer for name, offer in offers.items() if name in signature(check).parameters}
    mask = check(grid, **taken, **book.arguments(rule_id, check, grid.channels))
    return mask if enabled.all() else mask & enabled


def _validate(read: Grid, levels: Levels, book: RuleBook, now: int | None) -> tuple[Masks, Bools, Bools]:
    """Suspect readings by rule; of these, the zeros that are real, and the days filled at the source."""
    offers: dict[str, object] = {"levels": levels, "now": now}
    masks = {rule_id: _check(rule_id, read, book, offers) for rule_id in ("V05", "V08")}
    faded = fades_out(read, levels, masks["V08"], **book.arguments("V08", fades_out, read.channels))
    offers = offers | {"gaps": masks["V05"] | (masks["V08"] & ~faded)}
    masks |= {rule_id: _check(rule_id, read, book, offers) for rule_id in AFTER_GAPS}
    filled = filled_at_source(read, masks["V09"]) & book.enabled("V20", read.channels)
    masks["V20"] |= filled
    return masks, faded, filled


def _choose_rule(read: Grid, masks: Masks, stays: Bools) -> Codes:
    """Number of the rule that takes each reading out; 0 where it stays. Only plain readings are ever taken out."""
    nulled_by = np.zeros(read.shape, dtype=np.uint8)
    for rule_id in reversed(NULLING):
        np.copyto(nulled_by, np.uint8(RULE_BY_ID[rule_id].number), where=masks[rule_id])
    np.copyto(nulled_by, np.uint8(0), where=stays | (read.quality != Quality.ACTUAL) | (read.rule == DOUBTFUL))
    return nulled_by


def _good(grid: Grid, masks: Masks, nulled_by: Codes) -> Floats:
    """Readings that estimates may be made of: actual, and suspect by no rule that says the value is wrong."""
    doubtful = (grid.quality != Quality.ACTUAL) | (nulled_by > 0)
    for rule_id in ("V03", "V08", "V20"):
        doubtful |= masks[rule_id]
    return np.where(doubtful, np.nan, grid.energy)


def _told_once(masks: Masks, spread: Bools) -> Masks:
    """A gap and the reading that catches it up are one finding (V13); what cannot be is not also high, nor extreme."""
    told = {rule_id: mask & ~spread for rule_id, mask in masks.items() if rule_id in ("V05", "V08", "V10", "V17")}
    for impossible in (masks[rule_id] for rule_id in ("V11", "V07") if masks[rule_id].any()):
        told |= {rule_id: told.get(rule_id, masks[rule_id]) & ~impossible for rule_id in ("V09", "V10", "V13", "V17")}
    taken_out = np.logical_or.reduce([masks[rule_id] for rule_id in NULLING])
    return masks | told | {"V13": told.get("V13", masks["V13"]) | spread, "V23": masks["V23"] & ~taken_out}
