"""Checks of time: intervals that hold a part of what they should, or twice as much.

Like every check: a function from a grid to a bool array of its shape, True = suspect; nothing is changed.
"""

from typing import NamedTuple

import numpy as np

from pipeline.clock import DAY, HOUR, clock_changes
from pipeline.vee.grid import Bools, Floats, Grid
from pipeline.vee.levels import Levels
from pipeline.vee.runs import WEEKS, Limit, Positions, Runs, limit_of, mask_of, median_of_known, neighbour, runs_of

CLOCKS = ("Europe/London", "America/New_York")
"""Zones whose change dates hold for most of the world's clocks that change."""


# ---- V17: half intervals ---------------------------------------------------------------------------------------------


def check_partial(grid: Grid, levels: Levels, gaps: Bools, *, low: Limit, high: Limit, long_hours: Limit) -> Bools:
    """A reading is suspect when it is half of its neighbour beside a gap or at the edge of a file or year (V17).

    Half is `low` to `high` of the neighbour away from the edge, which is ten steps of the resolution or more. Beside
    zeros of `long_hours` that is enough, unless it is usual then. Beside another gap of `gaps` (missing and lost
    readings) it must be half of what the same two intervals show on like days; and the reading half of theirs. At the
    edge of a file or year it must be half of the interval before as well; or half of a site's channels, five or more,
    must be so together. Days differ as much of their own accord, and are not judged.
    """
    if not 0 < grid.minutes < 1440:
        return np.zeros(grid.shape, dtype=np.bool_)
    cells, steps, zero_hours = _beside_gaps(grid, gaps)
    is_long = zero_hours >= limit_of(long_hours, cells // grid.shape[1])
    low_for_its_time = ~(neighbour(grid.energy, cells, 0) > 0.8 * median_of_known(_on_days(grid, cells, WEEKS)))
    worth = (is_long | low_for_its_time) & _is_fine(grid, levels, cells, steps)
    cells, steps, is_long = cells[worth], steps[worth], is_long[worth]
    usual = _usual(grid, cells, steps)
    found = is_long & _is_half(grid, cells, steps, low, high) & ~(usual.is_steady & (usual.ratio < 0.75))
    found |= _is_cut(grid, cells, steps, usual, (low, high))
    return mask_of(cells[found], grid.shape) | _check_file_edges(grid, levels, low, high)


def _beside_gaps(grid: Grid, gaps: Bools) -> tuple[Positions, Positions, Floats]:
    """Cells on both sides of each gap, the step to the neighbour away from it, and the gap's hours if it reads zero."""
    intervals = grid.shape[1]
    runs = runs_of(gaps)
    before, after = runs.keep(runs.first > 0), runs.keep(runs.last + 1 < intervals)
    cells = np.concatenate((before.channel * intervals + before.first - 1, after.channel * intervals + after.last + 1))
    steps = np.repeat([-1, 1], [len(before), len(after)])
    inside = neighbour(grid.energy, cells, -steps)
    hours = np.concatenate((before.length, after.length)) * grid.minutes / 60
    return cells, steps, np.where(inside == 0, hours, 0.0)


def _is_half(grid: Grid, cells: Positions, steps: Positions, low: Limit, high: Limit) -> Bools:
    """True where a value is between `low` and `high` of the one `steps` further; False where either is missing."""
    channel = cells // grid.shape[1]
    value, other = neighbour(grid.energy, cells, 0), neighbour(grid.energy, cells, steps)
    return (value > 0) & (value >= limit_of(low, channel) * other) & (value <= limit_of(high, channel) * other)


def _is_fine(grid: Grid, levels: Levels, cells: Positions, steps: Positions, fewest: float = 10.0) -> Bools:
    """True where the value `steps` further is so many steps of the meter's resolution that a half of it can be seen."""
    return neighbour(grid.energy, cells, steps) >= fewest * levels.quantum[cells // grid.shape[1]] * (1 - 1e-9)


class Usual(NamedTuple):
    """What some intervals hold on like days, arrays of one length; NaN where too few are known."""

    value: Floats
    """Median of the interval. [kWh]"""
    ratio: Floats
    """Median of the interval over its neighbour."""
    is_steady: Bools
    """Three quarters of the ratios within a third of that."""


def _on_days(grid: Grid, cells: Positions, days: Positions, step: Positions | int = 0) -> Floats:
    """Give the values so many days and steps after each cell, shape (cells, days). [kWh]"""
    return neighbour(grid.energy, cells[:, None], days * grid.intervals_per_day + step)


def _usual(grid: Grid, cells: Positions, steps: Positions) -> Usual:
    """Look at the same two intervals on the same weekdays, or where five are not known on the ten days around."""
    by_week = _usual_of_days(grid, cells, steps, WEEKS)
    if grid.minutes >= 1440:
        return by_week
    by_day = _usual_of_days(grid, cells, steps, np.setdiff1d(np.arange(-10, 11), [0]))
    value, ratio, is_steady = (
        np.where(np.isnan(by_week.ratio), day, week) for week, day in zip(by_week, by_day, strict=True)
    )
    return Usual(value, ratio, is_steady)


def _usual_of_days(grid: Grid, cells: Positions, steps: Positions, days: Positions) -> Usual:
    """Look at the same two intervals on some days around, where they do not lie beside a gap themselves."""
    step = steps[:, None]
    before, value, other = (_on_days(grid, cells, days, away) for away in (-step, 0, step))
    known = (value > 0) & (other > 0) & (before > 0)
    value, other = np.where(known, value, np.nan), np.where(known, other, np.nan)
    enough = np.count_nonzero(known, axis=1) >= 5
    ratio = value / other
    medians = [np.where(enough, median_of_known(each), np.nan) for each in (value, ratio)]
    far = (ratio < medians[1][:, None] / 1.5) | (ratio > medians[1][:, None] * 1.5)
    return Usual(medians[0], medians[1], enough & (far.sum(axis=1) <= known.sum(axis=1) / 4))


def _is_cut(grid: Grid, cells: Positions, steps: Positions, usual: Usual, limits: tuple[Limit, Limit]) -> Bools:
    """True where value and ratio to the neighbour are half of what is usual."""
    own, beside = (neighbour(grid.energy, cells, step) for step in (0, steps))
    low, high = (limit_of(limit, cells // grid.shape[1]) for limit in limits)
    cut: Bools = (own >= low * usual.ratio * beside) & (own <= high * usual.ratio * beside) & (own > 0)
    cut &= (own >= (low - 0.1) * usual.value) & (own <= (high + 0.1) * usual.value)
    return cut & usual.is_steady


def _check_file_edges(grid: Grid, levels: Levels, low: Limit, high: Limit) -> Bools:
    """Half intervals where a file or a calendar year begins; a day is no part of one."""
    cells = np.flatnonzero(_begins(grid)) if grid.minutes < 1440 else np.empty(0, dtype=np.int64)
    steps = np.ones(len(cells), dtype=np.int64)
    half = _is_half(grid, cells, steps, low, high)
    sure = _is_fleet(grid, cells, half)
    before = neighbour(grid.energy, cells, -1)
    rest = half & ~sure & _is_fine(grid, levels, cells, steps)
    rest &= ~(neighbour(grid.energy, cells, 0) > limit_of(high, cells // grid.shape[1]) * before)
    usual = _usual(grid, cells[rest], steps[rest])
    sure[rest] = _is_cut(grid, cells[rest], steps[rest], usual, (low, high))
    return mask_of(cells[half & sure], grid.shape)


def _begins(grid: Grid) -> Bools:
    """First intervals of each channel, of each file, and of each calendar year, in UTC and on the site's clock."""
    begins = np.zeros(grid.shape, dtype=np.bool_)
    if grid.file_id.any():
        begins[:, 1:] = (grid.file_id[:, 1:] != grid.file_id[:, :-1]) & (
            grid.file_id[:, 1:] * grid.file_id[:, :-1] != 0
        )
    first = grid.channels["first"].to_numpy()
    real = np.flatnonzero((first >= 0) & (first < grid.shape[1]))
    begins[real, first[real]] = True
    for clock in (grid.starts, grid.wall_clock()):
        years = clock.astype("datetime64[s]").astype("datetime64[Y]")
        begins[:, 1:][:, years[1:] != years[:-1]] = True
    return begins


def _is_fleet(grid: Grid, cells: Positions, half: Bools, share: float = 0.5, fewest: int = 5) -> Bools:
    """True where half of a site's channels that begin at an instant are half; numbers measured on one estate."""
    channel, position = np.divmod(cells, grid.shape[1])
    site = grid.channels["site_id"].factorize()[0][channel].astype(np.int64)
    _, which = np.unique(site * grid.shape[1] + position, return_inverse=True)
    known = ~np.isnan(neighbour(grid.energy, cells, 0))
    halves, all_known = np.bincount(which, half), np.bincount(which, known)
    return ((halves >= share * all_known) & (halves >= fewest))[which]


def part_days(grid: Grid) -> Bools:
    """Tell which readings belong to a local day that is the channel's first or last and not whole (V17).

    A channel that begins or ends at midnight UTC was cut there by its file: no part of it is lost.
    """
    if not 0 < grid.minutes < 1440 or grid.shape[1] == 0:
        return np.zeros(grid.shape, dtype=np.bool_)
    wall, step = grid.wall_clock(), grid.minutes * 60
    day_first = np.searchsorted(wall // DAY, wall // DAY, side="left")
    day_last = np.searchsorted(wall // DAY, wall // DAY, side="right") - 1
    first, last = (grid.channels[name].to_numpy() for name in ("first", "last"))
    rows = np.flatnonzero((first >= 0) & (first <= last) & (last < len(wall)))
    first, last = first[rows], last[rows]
    late = (grid.starts[first] % DAY >= step) & (wall[first] % DAY >= step)
    early = (grid.ends[last] % DAY >= step) & ((wall[last] + step) % DAY >= step)
    head = Runs(rows, first, np.minimum(day_last[first], last)).keep(late)
    tail = Runs(rows, np.maximum(day_first[last], first), last).keep(early)
    return head.mask(grid.shape) | tail.mask(grid.shape)


# ---- V03: hours of a clock change ------------------------------------------------------------------------------------


def check_clock_change(grid: Grid, *, tolerance: Limit, scatter: Limit) -> Bools:
    """A reading is suspect when it holds the doubled, lost or spread hour of a clock change (V03).

    A meter that keeps local clock in a file on another clock puts the repeated autumn hour into one (2.0 of what is
    usual between its neighbours) and spreads the hour before the spring change over two (1/3 and 2/3). Usual is the
    median of the same weekday and hours one to three weeks before and after, which must agree within `scatter`; 2, 1/3
    and 2/3 are met within `tolerance`, and on none of the twenty days before and after.
    """
    mask = np.zeros(grid.shape, dtype=np.bool_)
    if not 0 < grid.minutes <= 60 or grid.shape[1] == 0:
        return mask
    every = np.arange(grid.shape[0])
    near, agree = limit_of(tolerance, every), limit_of(scatter, every)
    for midnight, is_autumn in _change_days(grid):
        wanted = (2.0,) if is_autumn else (1 / 3, 2 / 3)
        hours = midnight + np.arange(1, 4) * HOUR
        for begin in np.flatnonzero(np.isin(grid.starts, hours)).tolist():
            suspect = _match(grid, begin, wanted, near, agree)
            mask[suspect, begin : begin + len(wanted) * 60 // grid.minutes] = True
    return mask


def _change_days(grid: Grid) -> list[tuple[int, bool]]:
    """Midnights, in UTC and in the site's winter time, of the days on which clocks change, and whether in autumn."""
    first, last = int(grid.starts[0]) // DAY, int(grid.ends[-1]) // DAY
    found = set()
    for zone in (*CLOCKS, grid.timezone):
        instants, offsets = clock_changes(zone, first - 1, last + 1)
        for instant, before, after in zip(instants[1:], offsets, offsets[1:], strict=False):
            winter = min(int(before), int(after))
            for offset in {0, winter if zone == grid.timezone else 0}:
                found.add(((int(instant) + winter) // DAY * DAY - offset, bool(after < before)))
    return sorted(found)


def _match(grid: Grid, begin: int, wanted: tuple[float, ...], near: Floats, agree: Floats) -> Positions:
    """Find channels whose hours from interval `begin` are `wanted` times what is usual there."""
    week = 7 * grid.intervals_per_day
    shapes = [_shape(grid, begin + k * week, len(wanted)) for k in (0, -3, -2, -1, 1, 2, 3)]
    own, *weeks = [shape for shape in shapes if shape is not None] if shapes[0] is not None else [np.empty((0, 0))]
    if len(weeks) < 3:
        return np.empty(0, dtype=np.int64)
    past = np.stack(weeks)
    usual = np.median(past, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        steady = (np.abs(past / usual - 1) <= agree[:, None]).all(axis=(0, 2))
        met = np.flatnonzero(steady & (np.abs(own / usual / np.array(wanted) - 1) <= near[:, None]).all(axis=1))
        for day in np.setdiff1d(np.arange(-20, 21), [0]).tolist() if len(met) else ():
            shape = _shape(grid, begin + day * grid.intervals_per_day, len(wanted))
            if shape is not None:
                again = np.abs(shape[met] / usual[met] / np.array(wanted) - 1) <= near[met, None]
                met = met[~again.all(axis=1)]
    return met


def _shape(grid: Grid, begin: int, hours: int) -> Floats | None:
    """Energy of some hours as a share of the mean of the hour before and the hour after, shape (channels, hours)."""
    cells = 60 // grid.minutes
    low, high = begin - cells, begin + (hours + 1) * cells
    if low < 0 or high > grid.shape[1]:
        return None
    sums = grid.energy[:, low:high].reshape(grid.shape[0], hours + 2, cells).sum(axis=2)
    sides = np.where((sums[:, 0] > 0) & (sums[:, -1] > 0), (sums[:, 0] + sums[:, -1]) / 2, np.nan)
    shape: Floats = sums[:, 1:-1] / sides[:, None]
    return shape
