"""Checks of readings that stand above their neighbours: spikes (V10) and what catches up a gap (V13).

Like every check: a function from a grid to a bool array of its shape, True = suspect; nothing is changed.
"""

import numpy as np

from pipeline.vee.grid import Bools, Floats, Grid
from pipeline.vee.levels import Levels, cells_above
from pipeline.vee.runs import (
    WEEKS,
    Limit,
    Positions,
    Runs,
    inside,
    limit_of,
    mask_of,
    median_of_known,
    neighbour,
    runs_of,
)


def spike_limit(
    grid: Grid, levels: Levels, *, level: Limit = 1.5, percentile: Limit = 99.5, habit: Limit = 0.001
) -> Floats:
    """Give what a spike must exceed on each channel, shape (channels,). [kWh]

    `level` times the channel's `percentile`, of days twice that. Where more than the share `habit` of the readings are
    `Levels.peaks`, the load itself comes in peaks (a lift, a pump, a home): then it is twice as high, or as many times
    the percentile as that is the 95th.
    """
    every = np.arange(len(levels.count))
    high = levels.quantile(limit_of(percentile, every) / 100)
    above = limit_of(level, every) * (2 if grid.minutes >= 1440 else 1)
    peaky = np.flatnonzero(_has_habit(levels, habit))
    usual = np.maximum(levels.quantile(0.95)[peaky], np.finfo(np.float64).tiny)
    above[peaky] = np.maximum(2 * above[peaky], high[peaky] / usual)
    return np.where(high > 0, high * above, np.inf)


def _has_habit(levels: Levels, habit: Limit) -> Bools:
    peaky: Bools = levels.peaks > limit_of(habit, np.arange(len(levels.count))) * levels.count
    return peaky


def check_spike(grid: Grid, levels: Levels, *, times: Limit, level: Limit, percentile: Limit, habit: Limit) -> Bools:
    """A reading is suspect when it is `times` both neighbours and far above what is usual (V10).

    Far above is above `spike_limit`. One neighbour may be missing, and is then left out. Of two side by side, which
    load makes more easily, twice the limit, or 5.5 times the same weekdays' where load has no habit of peaks. What
    comes again a week before or after to the minute is a habit, not a spike.
    """
    limit = spike_limit(grid, levels, level=level, percentile=percentile, habit=habit)
    cells = cells_above(grid, levels, limit)
    channel = cells // max(1, grid.shape[1])
    is_high = neighbour(grid.energy, cells, 0) > 2 * limit[channel]
    odd = np.flatnonzero(~is_high & ~_has_habit(levels, habit)[channel])
    usual = median_of_known(neighbour(grid.energy, cells[odd, None], WEEKS * grid.intervals_per_day))
    is_high[odd] = neighbour(grid.energy, cells[odd], 0) > 5.5 * usual
    pairs = cells[:-1][is_high[:-1] & is_high[1:] & (np.diff(cells) == 1) & (np.diff(channel) == 0)]
    pairs = pairs[stands_out(grid, pairs, times, 2)]
    found = np.unique(np.concatenate((cells[stands_out(grid, cells, times)], pairs, pairs + 1)))
    weekly = [np.isin(found, found + week) for week in (-7 * grid.intervals_per_day, 7 * grid.intervals_per_day)]
    return mask_of(found[~np.logical_or(*weekly)], grid.shape)


def stands_out(grid: Grid, cells: Positions, times: Limit, length: int = 1) -> Bools:
    """True for cells that, with `length` - 1 after them, are more than `times` both neighbours, or the known one.

    What is fed in beside them counts by its size: a day that takes a little between days that give a lot is no spike.
    """
    sides = np.fmax(np.abs(neighbour(grid.energy, cells, -1)), np.abs(neighbour(grid.energy, cells, length)))
    lowest = np.minimum(neighbour(grid.energy, cells, 0), neighbour(grid.energy, cells, length - 1))
    return lowest > limit_of(times, cells // max(1, grid.shape[1])) * sides


def check_catch_up(grid: Grid, levels: Levels, gaps: Bools, *, percentile: Limit, times: Limit) -> Bools:
    """A reading is suspect when it stands alone, high, after a gap of two intervals or more (V13).

    High is above the channel's `percentile` and `times` the reading after it; or, where the same weekdays around agree,
    at least 1.8 times their median and within a quarter of what they hold from the gap's begin to it. Whether it is
    worth the gap is judged when the gap has been estimated. `gaps` are missing and lost readings.
    """
    runs = runs_of(gaps)
    runs = runs.keep((runs.length >= 2) & (runs.last + 1 < grid.shape[1]))
    cells = runs.channel * grid.shape[1] + runs.last + 1
    is_inside = np.isin(cells, inside(grid, cells), assume_unique=True)
    runs, cells = runs.keep(is_inside), cells[is_inside]
    value, after = grid.energy.reshape(-1)[cells], neighbour(grid.energy, cells, 1)
    usual = levels.quantile(limit_of(percentile, np.arange(len(levels.count))) / 100)[runs.channel]
    high = (value > usual) & (usual > 0) & ~(value <= limit_of(times, runs.channel) * after)
    high[~high] = _is_worth_like_days(grid, runs.keep(~high))
    return mask_of(cells[high], grid.shape)


def _is_worth_like_days(grid: Grid, gaps: Runs, least: float = 1.8, near: float = 1.25, longest: float = 7.0) -> Bools:
    """True where the reading after a gap, high for its time, holds what the same weekdays do from the gap's begin on.

    The numbers are chosen, not measured: three intervals' energy in one, give or take a load that varies by a quarter.
    """
    weeks = WEEKS * grid.intervals_per_day
    begins = gaps.channel * grid.shape[1] + gaps.first
    value = neighbour(grid.energy, begins + gaps.length, 0)
    past = neighbour(grid.energy, (begins + gaps.length)[:, None], weeks)
    worth: Bools = np.count_nonzero(past > 0, axis=1) >= 5
    worth &= gaps.length <= longest * grid.intervals_per_day
    usual = median_of_known(past)
    apart = (past < usual[:, None] / 1.5) | (past > usual[:, None] * 1.5)
    worth &= (value >= least * usual) & (np.count_nonzero(apart, axis=1) <= 2)
    for number in np.flatnonzero(worth).tolist():
        span = np.arange(begins[number], begins[number] + gaps.length[number] + 1)
        like = neighbour(grid.energy, span[:, None], weeks)
        total = median_of_known(like).sum()
        worth[number] = total / near <= value[number] <= total * near
    return worth
