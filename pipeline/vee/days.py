"""Checks of days and months: unusual use, a changed multiplier, a poor power factor. They say it and change nothing.

Like every check: a function from a grid to a bool array of its shape, True = suspect.
"""

import numpy as np

from pipeline.vee.grid import Bools, Floats, Grid
from pipeline.vee.runs import Limit, Positions, Runs, limit_of, runs_of

JUMPS = (2.0, 4.0, 10.0, 1000.0)
"""What a wrong unit or multiplier makes of a value: kW for half-hours, for quarters, one decimal, kWh for MWh."""


def daily_totals(grid: Grid) -> tuple[Floats, Positions]:
    """Add up whole local days.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    totals : array of float64, shape (channels, days)
        NaN for a day with a missing reading, or of which the grid holds only a part. [kWh]
    begins : array of int64, shape (days + 1,)
        First interval of each day; the last entry is the number of intervals.
    """
    if grid.shape[1] == 0:
        return np.empty((grid.shape[0], 0)), np.zeros(1, dtype=np.int64)
    days = grid.local_days()
    begins = np.concatenate(([0], np.flatnonzero(np.diff(days)) + 1))
    totals = np.add.reduceat(grid.energy, begins, axis=1)
    totals[:, np.add.reduceat(grid.hours, begins) < 22.5] = np.nan
    return totals, np.append(begins, grid.shape[1])


def _mask_of_days(grid: Grid, days: Bools, begins: Positions) -> Bools:
    """Spread a bool array of (channels, days) over the intervals of those days."""
    runs = runs_of(days)
    return Runs(runs.channel, begins[runs.first], begins[runs.last + 1] - 1).mask(grid.shape)


def check_usage(grid: Grid, *, low: Limit, high: Limit, fewest_weeks: Limit, most_weeks: Limit) -> Bools:
    """A reading is suspect when its day used far less or more than that weekday in the weeks before (V12).

    Outside `low` to `high` times the mean of the same weekday over the last `most_weeks` weeks, of which at least
    `fewest_weeks` are known. Days that are not whole are neither judged nor used.
    """
    totals, begins = daily_totals(grid)
    total, count = np.zeros_like(totals), np.zeros_like(totals)
    for week in range(1, int(np.max(most_weeks, initial=0)) + 1):
        past = totals[:, : -7 * week]
        total[:, 7 * week :] += np.nan_to_num(past)
        count[:, 7 * week :] += ~np.isnan(past)
    known = count >= np.maximum(fewest_weeks, 1)
    mean = np.divide(total, count, out=np.full_like(total, np.nan), where=known)
    return _mask_of_days(grid, (totals < mean * low) | (totals > mean * high), begins)


def check_multiplier(grid: Grid, *, tolerance: Limit, days: Limit, outliers: Limit, limit_kw: Limit) -> Bools:
    """A reading is suspect when from its day on a channel runs at 2, 4, 10 or 1,000 times its level, or a part (V15).

    The next `days` days, but for `outliers`, are that many times the days `days` before them, give or take twice
    `tolerance` for each doubling; and their median, rid of what changed in the days before, is so within `tolerance`
    (of a thousand, to which no load comes, within half to twice). The first such day is marked. A channel whose mean
    power is above `limit_kw` is marked on its first day.
    """
    totals, begins = daily_totals(grid)
    window = int(np.max(days, initial=1))
    found = np.zeros(totals.shape, dtype=np.bool_)
    if totals.shape[1] >= 2 * window:
        with np.errstate(invalid="ignore", divide="ignore"):
            change = np.log2(totals[:, window:] / totals[:, :-window])
        every = np.arange(len(totals))
        for jump in np.log2(np.array((*JUMPS, *(1 / jump for jump in JUMPS)))).tolist():
            far = np.log2(1 + 2 * abs(jump) * limit_of(tolerance, every)) * (2.5 if abs(jump) > 9 else 1)
            near = np.log2(1 + limit_of(tolerance, every)) if abs(jump) < 9 else np.ones(len(every))
            first = _peaks(
                _window_sums(np.abs(change - jump) <= far[:, None], window), window - np.max(outliers, initial=0)
            )
            found[:, window : window + first.shape[1]] |= _with_step(first, change, window, (jump, near))
    known = ~np.isnan(totals)
    mean_kw = np.nan_to_num(totals).sum(axis=1) / np.maximum(known.sum(axis=1), 1) / 24
    if totals.shape[1]:
        found[:, 0] |= mean_kw > limit_of(limit_kw, np.arange(len(totals)))
    return _mask_of_days(grid, found, begins)


def _with_step(first: Bools, change: Floats, window: int, wanted: tuple[float, Floats]) -> Bools:
    """Keep the days whose median change, less that of the days before (a season's, not a step), is what is wanted."""
    kept = np.zeros(first.shape, dtype=np.bool_)
    jump, near = wanted
    for channel, day in np.argwhere(first).tolist():
        past = change[channel, max(0, day - window) : day]
        drift = float(np.median(past)) if len(past) >= window / 2 else 0.0
        drift = drift if abs(drift) < 0.2 else 0.0
        kept[channel, day] = abs(np.nanmedian(change[channel, day : day + window]) - drift - jump) <= near[channel]
    return kept


def _window_sums(flags: Bools, window: int) -> Positions:
    """How many of each `window` neighbouring flags are True; the result is shorter by `window` - 1."""
    sums = np.cumsum(np.pad(flags, ((0, 0), (1, 0))), axis=1)
    return np.asarray(sums[:, window:] - sums[:, :-window], dtype=np.int64)


def _peaks(score: Positions, least: float) -> Bools:
    """The first highest score of each run of scores of at least `least`."""
    peaks = np.zeros(score.shape, dtype=np.bool_)
    runs = runs_of(score >= least)
    for channel, first, last in zip(runs.channel, runs.first, runs.last, strict=True):
        peaks[channel, first + np.argmax(score[channel, first : last + 1])] = True
    return peaks


def check_power_factor(grid: Grid, *, low: Limit) -> Bools:
    """A reading is suspect when it is reactive and its month has a power factor under `low` (V16).

    Over the intervals of a month in which both channels of a meter are known: kWh / sqrt(kWh² + kVArh²).
    """
    mask = np.zeros(grid.shape, dtype=np.bool_)
    months = grid.wall_clock().astype("datetime64[s]").astype("datetime64[M]")
    begins = np.concatenate(([0], np.flatnonzero(months[1:] != months[:-1]) + 1))
    for active, reactive in _pairs(grid):
        both = np.where(np.isnan(grid.energy[active] * grid.energy[reactive]), 0, grid.energy[[active, reactive]])
        kwh, kvarh = np.add.reduceat(both, begins, axis=1)
        poor = (kwh > 0) & (kwh < limit_of(low, np.array([reactive])) * np.hypot(kwh, kvarh))
        mask[reactive] = np.repeat(poor, np.diff(np.append(begins, grid.shape[1])))
        mask[reactive] &= ~np.isnan(grid.energy[reactive])
    return mask


def _pairs(grid: Grid) -> list[tuple[int, int]]:
    """Rows of the delivered and of the reactive channel of each meter that has both."""
    if grid.shape[1] == 0 or not (grid.channels["channel"] == "reactive").any():
        return []
    rows = {
        (meter, channel): row
        for row, (meter, channel) in enumerate(zip(grid.channels["meter_id"], grid.channels["channel"], strict=True))
    }
    return [
        (rows[meter, "delivered"], row)
        for (meter, channel), row in rows.items()
        if channel == "reactive" and (meter, "delivered") in rows
    ]
