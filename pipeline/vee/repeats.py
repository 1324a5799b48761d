"""Checks of runs of one value: zeros (V08), repeats (V09), days filled at the source (V20).

Like every check: a function from a grid to a bool array of its shape, True = suspect; nothing is changed. What a load
does time and again, or for a season, is no fault: a value that a channel rests at is left alone.
"""

import numpy as np

from pipeline.vee.grid import Bools, Floats, Grid
from pipeline.vee.levels import Levels
from pipeline.vee.runs import Limit, Positions, Runs, inside, limit_of, mask_of, neighbour, runs_of, runs_of_cells


def day_length(grid: Grid) -> int:
    """Intervals of a day, at least one. [1]"""
    return max(1, 1440 // grid.minutes) if grid.minutes > 0 else 1


def fewest_readings(grid: Grid) -> int:
    """Readings that make a run worth judging: four, whatever the interval; of days seven, a whole week. [1]"""
    return 7 if grid.minutes >= 1440 else 4


def _is_long(grid: Grid, runs: Runs, long_hours: Limit) -> Bools:
    long: Bools = (_hours(grid, runs) >= limit_of(long_hours, runs.channel)) & (runs.length >= fewest_readings(grid))
    return long


def zero_runs(grid: Grid) -> Runs:
    """Find the runs of zero inside each channel's span."""
    return runs_of_cells(inside(grid, np.flatnonzero(grid.energy == 0)), max(1, grid.shape[1]))


def check_zero(
    grid: Grid, levels: Levels, *, zero_share: Limit, long_hours: Limit, fewest_days: Limit, season_days: Limit
) -> Bools:
    """A reading is suspect when it is zero on a channel that otherwise never rests at zero (V08).

    Runs of `long_hours` and `fewest_readings` are left out when the channel is judged: it rests at zero when more than
    `zero_share` of the rest is zero (nights of a solar plant, an unused channel), or when the rest is shorter than
    `fewest_days`. So does a channel with a run of `season_days` (a pool in winter), and what is zero before the first
    load of a channel is no fault either. Shorter runs are real, too, where the sun can carry the load, or where the
    base load is within three steps of the meter's resolution.
    """
    runs = zero_runs(grid)
    every, is_long = np.arange(grid.shape[0]), _is_long(grid, runs, long_hours)
    short, long = (np.bincount(runs.channel[which], runs.length[which], len(every)) for which in (~is_long, is_long))
    rests = short > limit_of(zero_share, every) * (levels.count - long)
    rests |= levels.count - long < limit_of(fewest_days, every) * day_length(grid)
    rests[runs.channel[_hours(grid, runs) >= 24 * limit_of(season_days, runs.channel)]] = True
    floor = levels.quantile(0.05, skip=(short + long).astype(np.int64))
    passes = grid.channels["can_export"].to_numpy(dtype=np.bool_) | (floor <= 3 * levels.quantum * (1 + 1e-9))
    unmade = is_long & (runs.first == grid.channels["first"].to_numpy()[runs.channel])
    return runs.keep(~rests[runs.channel] & (is_long | ~passes[runs.channel]) & ~unmade).mask(grid.shape)


def fades_out(grid: Grid, levels: Levels, zero: Bools, *, long_hours: Limit, fade: Limit, fade_quanta: Limit) -> Bools:
    """Tell which zeros of V08 are real: short runs that the load falls to, or rises from, by way of nearly nothing.

    Solar panels behind the meter or an idle small load pass through values near zero; a lost reading does not.
    Near zero is under `fade` of the channel's 5th percentile (zeros left out) or `fade_quanta` steps of its resolution.
    """
    runs = runs_of(zero)
    runs = runs.keep(~_is_long(grid, runs, long_hours))
    begins = runs.channel * grid.shape[1]
    sides = (neighbour(grid.energy, begins + runs.first, -1), neighbour(grid.energy, begins + runs.last, 1))
    zeros = np.count_nonzero(zero, axis=1)
    floor = levels.quantile(0.05, skip=zeros)[runs.channel] * limit_of(fade, runs.channel)
    near = np.maximum(floor, levels.quantum[runs.channel] * limit_of(fade_quanta, runs.channel) * (1 + 1e-9))
    return runs.keep(np.fmin(*sides) <= near).mask(grid.shape)


def check_repeated(
    grid: Grid, levels: Levels, *, hours: Limit, quanta: Limit, fewest_days: Limit, visits: Limit
) -> Bools:
    """A reading is suspect when it repeats the one before, not zero, for `hours` or more (V09).

    A load's own noise falls below the meter's resolution when it is small, so the limit grows in proportion where the
    value is under `quanta` steps of the resolution; `fewest_readings` count as `hours` where they are longer. A
    value that a channel holds so long `visits` times is one that its load rests at. A channel with less than
    `fewest_days`, or one in fifty, of readings that differ was never seen to change, and is not judged; nor is a run
    of days that the day before or after hardly differs from.
    """
    shortest, fewest = float(np.min(hours, initial=np.inf)) * 60 / max(1, grid.minutes), fewest_readings(grid)
    runs = _equal_runs(grid.energy, max(fewest, int(np.ceil(shortest))) if np.isfinite(shortest) else fewest)
    runs = runs.keep(
        (grid.energy[runs.channel, runs.first] != 0) & (_hours(grid, runs) >= limit_of(hours, runs.channel))
    )
    value = grid.energy[runs.channel, runs.first]
    stretch = np.maximum(1.0, limit_of(quanta, runs.channel) * levels.quantum[runs.channel] / np.abs(value))
    suspect = _hours(grid, runs) >= np.maximum(limit_of(hours, runs.channel), fewest * grid.minutes / 60) * stretch
    suspect &= _times_held(runs, value) < limit_of(visits, runs.channel)
    if grid.minutes >= 1440:
        suspect &= ~_drifts(grid, levels, runs)
    least = np.maximum(limit_of(fewest_days, runs.channel) * day_length(grid), levels.count[runs.channel] / 50)
    suspect[suspect] = _readings_apart(levels, runs.keep(suspect), value[suspect]) >= least[suspect]
    return mask_of(inside(grid, runs.keep(suspect).cells(grid.shape[1])), grid.shape)


def _hours(grid: Grid, runs: Runs) -> Floats:
    return np.asarray(runs.length * (grid.minutes / 60), dtype=np.float64)


def _times_held(runs: Runs, value: Floats) -> Positions:
    """How many of the runs of the same channel have the value of each."""
    order = np.lexsort((value, runs.channel))
    begins = (np.diff(runs.channel[order], prepend=-1) != 0) | (np.diff(value[order], prepend=np.nan) != 0)
    number = np.cumsum(begins) - 1
    held = np.empty(len(runs), dtype=np.int64)
    held[order] = np.bincount(number)[number]
    return held


def _drifts(grid: Grid, levels: Levels, runs: Runs) -> Bools:
    """True for runs that the reading before or after is within two steps of: lamps at a solstice, a constant load."""
    begins, near = runs.channel * grid.shape[1], 2.5 * levels.quantum[runs.channel]
    value = neighbour(grid.energy, begins + runs.first, 0)
    sides = neighbour(grid.energy, begins + runs.first, -1), neighbour(grid.energy, begins + runs.last, 1)
    drifts: Bools = (np.abs(sides[0] - value) <= near) | (np.abs(sides[1] - value) <= near)
    return drifts


def _readings_apart(levels: Levels, runs: Runs, value: Floats) -> Positions:
    """How many readings of the channel of each run are more than two steps of its resolution from the run's value."""
    apart = np.zeros(len(runs), dtype=np.int64)
    for number, channel in enumerate(runs.channel.tolist()):
        near = value[number] + 2.5 * levels.quantum[channel] * np.array([-1, 1])
        low, high = np.searchsorted(levels.ordered[channel, : levels.count[channel]], near)
        apart[number] = levels.count[channel] - (high - low)
    return apart


def _equal_runs(energy: Floats, shortest: int) -> Runs:
    """Runs of at least `shortest` equal values: pairs are joined to windows, doubling, before anything is listed."""
    if energy.shape[1] < shortest:
        return runs_of(np.zeros((len(energy), 0), dtype=np.bool_))
    window = energy[:, 1:] == energy[:, :-1]
    have, need = 1, shortest - 1
    while have < need:
        step = min(have, need - have)
        window = window[:, step:] & window[:, :-step]
        have += step
    runs = runs_of(window)
    return Runs(runs.channel, runs.first, runs.last + shortest - 1)


def filled_at_source(grid: Grid, repeated: Bools) -> Bools:
    """Tell which runs of V09 are days that the supplier filled with one value (V20).

    Two channels of a site or more hold one value for a day, give or take an hour (the value before may be equal by
    chance), and begin or end together.
    """
    runs = runs_of(repeated)
    runs = runs.keep(np.abs(runs.length - day_length(grid)) * max(1, grid.minutes) <= 60)
    site = grid.channels["site_id"].factorize()[0][runs.channel].astype(np.int64) * grid.shape[1]
    together = np.zeros(len(runs), dtype=np.bool_)
    for side in (site + runs.first, site + runs.last):
        _, which, count = np.unique(side, return_inverse=True, return_counts=True)
        together |= count[which] > 1
    return runs.keep(together).mask(grid.shape)
