"""Checks of single readings and runs: functions from a grid to a bool array of its shape, True = suspect.

Every check takes the grid, the levels of its channels and the parameters of its rule (`pipeline.vee.rules`, arrays of
shape (channels, 1) or plain numbers), looks only inside each channel's span, calls a missing reading suspect in V05
only, and changes nothing.
"""

from collections.abc import Callable

import numpy as np

from pipeline.schema import Method, Quality
from pipeline.vee.days import check_multiplier, check_power_factor, check_usage
from pipeline.vee.edges import check_clock_change, check_partial
from pipeline.vee.grid import Bools, Floats, Grid
from pipeline.vee.levels import Levels, cells_above
from pipeline.vee.repeats import check_repeated, check_zero, zero_runs
from pipeline.vee.runs import Limit, Positions, Runs, cells_of_rows, limit_of, mask_of, neighbour, runs_of
from pipeline.vee.spikes import check_catch_up, check_spike

SENTINELS = np.array(
    [
        *(4294967.295, 2147483.647, 8590.017, 8590.041, 34364.271, 4295.103, 4295.084),
        *(8590.119, 8590.063, 8591.484, 8590.421, 38655.37, 186227.0865),
    ]
)
"""What UK smart meters send for "no value", as a list published by n3rgy. [kWh]"""


def check_missing(grid: Grid, levels: Levels | None = None) -> Bools:
    """A reading is suspect when it is missing between the channel's first and last (V05)."""
    return np.isnan(grid.energy) & grid.expected()


def delivers_only(grid: Grid) -> Bools:
    """True for delivered channels of sites that do not feed in, shape (channels,)."""
    delivers = (grid.channels["channel"] == "delivered") & ~grid.channels["can_export"].astype(bool)
    return delivers.to_numpy(dtype=np.bool_)


def check_negative(grid: Grid, levels: Levels) -> Bools:
    """A reading is suspect when it is below zero on a delivered channel of a site that does not feed in (V07)."""
    rows = np.flatnonzero(delivers_only(grid) & (levels.quantile(0.0) < 0))
    return mask_of(cells_of_rows(grid, rows, grid.energy[rows] < 0), grid.shape)


def check_limit(grid: Grid, levels: Levels, *, sentinel_level: Limit) -> Bools:
    """A reading is suspect when it is more than the supply can pass, or a UK meter's code for no reading (V11).

    A code counts only above `sentinel_level` times the channel's median: a large site may use 8,590 kWh.
    """
    usual = levels.quantile(0.5) * limit_of(sentinel_level, np.arange(grid.shape[0]))
    large = cells_above(grid, levels, np.fmax(usual, SENTINELS.min() - 1))
    is_code = np.abs(neighbour(grid.energy, large, 0)[:, None] - SENTINELS) <= 0.001 * (1 + 1e-6)
    limit_kw = grid.channels["limit_kw"].to_numpy(dtype=np.float64)
    shortest = grid.hours.min(initial=np.inf)
    above = cells_above(grid, levels, np.where(limit_kw > 0, limit_kw * shortest, np.inf))
    return mask_of(np.concatenate((large[is_code.any(axis=1)], above[is_over_limit(grid, above)])), grid.shape)


def is_over_limit(grid: Grid, cells: Positions) -> Bools:
    """True for cells with more energy than the channel's `limit_kw` can pass."""
    channel, position = np.divmod(cells, max(1, grid.shape[1]))
    limit_kw = grid.channels["limit_kw"].to_numpy(dtype=np.float64)[channel]
    over: Bools = neighbour(grid.energy, cells, 0) > limit_kw * grid.hours[position] * (1 + 1e-9)
    return over


def check_source_flag(grid: Grid, levels: Levels | None = None) -> Bools:
    """A reading is suspect when its supplier says it is estimated (V20); our own halves of an autumn hour are not."""
    flagged: Bools = grid.quality == Quality.ESTIMATED
    return flagged & (grid.method != Method.DST_SPLIT) & grid.fresh() if flagged.any() else flagged


def check_prolonged(grid: Grid, levels: Levels | None = None, *, days: Limit) -> Bools:
    """A reading is suspect when its gap is longer than `days` (V18)."""
    gaps = runs_of(np.isnan(grid.energy) & grid.expected())
    return gaps.keep(gaps.length * grid.minutes > limit_of(days, gaps.channel) * 1440).mask(grid.shape)


def check_inactive(grid: Grid, levels: Levels, *, days: Limit, season_days: Limit, now: int | None = None) -> Bools:
    """A reading is suspect when it is the newest and older than `days`, or one of `days` of zeros at an end (V22).

    Or one of `season_days` of zeros anywhere, or of a new channel, `days` long or longer, that never had another value.
    `now` is seconds since 1970 UTC; None: age is not judged; the next bill of a month is late after a month only. Zeros
    are looked for on delivered channels.
    """
    mask = _idle_runs(grid, days, season_days).mask(grid.shape)
    never_changes = (levels.quantile(0.0) == levels.quantile(1.0)) & (levels.quantile(0.0) != 0)
    never_changes &= levels.count * grid.minutes >= limit_of(days, np.arange(grid.shape[0])) * 1440
    never_changes &= grid.channels["fresh_first"].to_numpy() <= grid.channels["first"].to_numpy()
    if never_changes.any():
        mask |= never_changes[:, None] & ~np.isnan(grid.energy) & grid.expected()
    if now is not None and grid.shape[1]:
        every = np.flatnonzero(levels.count > 0)
        newest = _newest(grid, every)
        own = grid.ends[newest] - grid.starts[newest]
        is_old = now - grid.ends[newest] > np.maximum(limit_of(days, every) * 86400, own)
        mask[every[is_old], newest[is_old]] = True
    return mask


def _newest(grid: Grid, rows: Positions) -> Positions:
    """Give the last interval of each of some channels that has a reading."""
    newest: Positions = np.clip(grid.channels["last"].to_numpy()[rows], 0, grid.shape[1] - 1)
    odd = np.flatnonzero(np.isnan(grid.energy[rows, newest]))
    newest[odd] = grid.shape[1] - 1 - np.argmax(~np.isnan(grid.energy[rows[odd], ::-1]), axis=1)
    return newest


def _idle_runs(grid: Grid, days: Limit, season_days: Limit) -> Runs:
    """Runs of zeros of delivered channels: `days` long at an end, or `season_days` long."""
    runs = zero_runs(grid)
    runs = runs.keep((grid.channels["channel"] == "delivered").to_numpy(dtype=np.bool_)[runs.channel])
    first, last = (grid.channels[name].to_numpy()[runs.channel] for name in ("first", "last"))
    at_an_end = (runs.first == first) | (runs.last == last)
    shortest = np.where(at_an_end, limit_of(days, runs.channel), limit_of(season_days, runs.channel))
    return runs.keep(runs.length * grid.minutes >= 1440 * shortest)


def extreme_bounds(levels: Levels, width: Limit) -> tuple[Floats, Floats]:
    """Give the range that V23 calls usual, two arrays of shape (channels,). [kWh]"""
    low, high = levels.quantile(0.25), levels.quantile(0.75)
    reach = np.where(high > low, high - low, np.inf) * limit_of(width, np.arange(len(low)))
    return low - reach, high + reach


def check_extreme(grid: Grid, levels: Levels, *, width: Limit) -> Bools:
    """A reading is suspect when it is more than `width` interquartile ranges outside the quartiles (V23)."""
    low, high = extreme_bounds(levels, width)
    rows = np.flatnonzero((levels.quantile(0.0) < low) | (levels.quantile(1.0) > high))
    energy = grid.energy[rows]
    outside = (energy < low[rows, None]) | (energy > high[rows, None])
    return mask_of(cells_of_rows(grid, rows, outside), grid.shape)


CHECKS: dict[str, Callable[..., Bools]] = {
    "V03": check_clock_change,
    "V05": check_missing,
    "V07": check_negative,
    "V08": check_zero,
    "V09": check_repeated,
    "V10": check_spike,
    "V11": check_limit,
    "V12": check_usage,
    "V13": check_catch_up,
    "V15": check_multiplier,
    "V16": check_power_factor,
    "V17": check_partial,
    "V18": check_prolonged,
    "V20": check_source_flag,
    "V22": check_inactive,
    "V23": check_extreme,
}
"""Rule to the check that is its test. Dates, duplicates, sizes and registers (V01, V02, V04, V06, V14, V21) are
judged where readings are placed; V19 in `pipeline.vee.findings`."""
