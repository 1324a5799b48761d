"""Estimates: the ladder, step by step, and what may be taken as reference."""

import numpy as np
import pandas as pd
import pytest

from pipeline.clock import DAY
from pipeline.schema import Method
from pipeline.vee.estimate import (
    Total,
    estimate_gaps,
    estimate_like_day,
    estimate_linear,
    estimate_previous_year,
    like_days,
    scale_to_totals,
)
from pipeline.vee.grid import Grid
from pipeline.vee.runs import Runs, runs_of

nan = np.nan


def gaps_of(grid: Grid) -> Runs:
    """What is missing."""
    return runs_of(np.isnan(grid.energy))


def estimates(grid: Grid, **settings: float) -> tuple[list[float], list[int]]:
    """Values and methods for every missing reading of a grid whose other readings are good."""
    values, methods = estimate_gaps(grid, grid.energy, gaps_of(grid), **settings)
    return values.tolist(), methods.tolist()


def by_day(days: int, *, slots: int = 24, channels: int = 1) -> np.ndarray:
    """Energy that tells its own day and slot: 100 × day + slot."""
    energy = 100.0 * np.arange(days)[:, None] + np.arange(slots)
    return np.tile(energy.reshape(1, -1), (channels, 1))


def test_two_hours_are_a_straight_line(make_grid) -> None:
    """Both sides good: equal steps between them."""
    assert estimate_linear(np.array([[1.0, nan, nan, 4.0]]), Runs(*np.array([[0], [1], [2]]))).tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("minutes", "length", "method"),
    [
        (60, 2, Method.LINEAR),
        (60, 3, Method.AVERAGE_LIKE_DAY),
        (15, 8, Method.LINEAR),
        (15, 9, Method.AVERAGE_LIKE_DAY),
    ],
)
def test_the_line_ends_at_two_hours(minutes: int, length: int, method: Method, make_grid) -> None:
    """Longer gaps take like days."""
    energy = by_day(60, slots=1440 // minutes)
    energy[0, 3000 * 15 // minutes :][:length] = nan

    assert estimates(make_grid(energy, minutes=minutes))[1] == [method] * length


def test_a_gap_at_the_edge_has_no_line(make_grid) -> None:
    """Without a reading on one side like days are taken, from the past at the end of the data."""
    energy = by_day(60)
    energy[0, [0, -1]] = nan

    assert estimates(make_grid(energy)) == (
        [np.mean([700, 1400, 2100, 2800]), np.mean([5223, 4523, 3823, 3123])],
        [Method.AVERAGE_LIKE_DAY, Method.PROSPECTIVE_AVERAGE_LIKE_DAY],
    )


def test_like_days_are_the_nearest_of_the_weekday(make_grid) -> None:
    """The same interval, one and two weeks before and after."""
    energy = by_day(60)
    energy[0, 30 * 24 + 5 : 30 * 24 + 10] = nan
    values, _ = estimates(make_grid(energy))

    assert values == [np.mean([2300, 3700, 1600, 4400]) + slot for slot in range(5, 10)]


def test_a_reference_that_is_missing_is_passed_over(make_grid) -> None:
    """The next nearest takes its place, as far as it is needed."""
    energy = by_day(60)
    energy[0, 30 * 24 + 5 : 30 * 24 + 10] = nan
    energy[0, 23 * 24 + 5 : 23 * 24 + 10] = nan
    values, _ = estimates(make_grid(energy))

    assert values[5:] == [np.mean([3700, 1600, 4400, 900]) + slot for slot in range(5, 10)]


@pytest.mark.parametrize(("days", "filled"), [(28, True), (21, False)], ids=["three", "two"])
def test_an_average_takes_three_days(days: int, filled: bool, make_grid) -> None:
    """With fewer, and no year before, the reading stays missing."""
    energy = by_day(days)
    energy[0, 24:48] = nan
    values, methods = estimates(make_grid(energy))

    assert np.isnan(values).tolist() == [not filled] * 24
    assert methods == [Method.AVERAGE_LIKE_DAY if filled else Method.NONE] * 24


def test_like_days_lie_within_ninety_days(make_grid) -> None:
    """Twelve weeks to each side, not thirteen."""
    calendar = like_days(make_grid(by_day(400)))

    assert sorted(calendar.like[200] - 200) == [7 * week for week in range(-12, 13) if week]


def test_a_holiday_is_a_sunday(make_grid) -> None:
    """It takes Sundays and holidays, and is no reference for its weekday."""
    holiday = 45
    grid = make_grid(by_day(90), start="2024-01-01")
    calendar = like_days(grid, np.array([int(grid.starts[0]) // DAY + holiday, int(grid.starts[0]) // DAY + 46]))

    assert (holiday + 0) % 7 == 3
    assert calendar.like[holiday][:4].tolist() == [46, 48, 41, 55]
    assert holiday not in calendar.like[38]


def test_like_days_follow_the_wall_clock(make_grid) -> None:
    """Across a clock change the same hour of the day is another hour of UTC."""
    starts = pd.date_range("2024-02-20 08:00", periods=60 * 24, freq="h")
    wall = starts.tz_localize("UTC").tz_convert("America/Los_Angeles")
    energy = wall.hour.to_numpy(dtype=float)[None].copy()
    gap = slice(19 * 24, 20 * 24)
    wanted = energy[0, gap].tolist()
    energy[0, gap] = nan
    values, _ = estimates(make_grid(energy, start=str(starts[0]), timezone="America/Los_Angeles"))

    assert wall[19 * 24].dst() != wall[18 * 24].dst() or wall[20 * 24].dst() != wall[18 * 24].dst()
    assert values == pytest.approx(wanted)


def test_the_year_before_is_the_last_resort(make_grid) -> None:
    """The same weekday 52 weeks before, when no like day is near."""
    energy = by_day(420)
    energy[0, 290 * 24 : 400 * 24] = nan
    energy[0, 395 * 24 :] = nan
    grid = make_grid(energy)
    cells = np.arange(395 * 24, 396 * 24)
    values = estimate_previous_year(grid.energy, cells, like_days(grid))

    assert values.tolist() == [100.0 * (395 - 364) + slot for slot in range(24)]


def test_a_year_before_that_is_missing_moves_by_a_week(make_grid) -> None:
    """51 or 53 weeks before, the same weekday."""
    energy = by_day(420)
    energy[0, 31 * 24 : 32 * 24] = nan
    grid = make_grid(energy)

    assert estimate_previous_year(grid.energy, np.array([395 * 24]), like_days(grid)).tolist() == [3800.0]


def test_nothing_is_taken_from_beyond_a_long_gap(make_grid) -> None:
    """A gap of 50 days separates what lies before from what lies after."""
    energy = by_day(200)
    energy[0, 40 * 24 : 95 * 24] = nan
    energy[0, 100 * 24 : 100 * 24 + 5] = nan
    grid = make_grid(energy)
    short = runs_of(np.isnan(energy)).keep(np.array([False, True]))
    near, far = (estimate_gaps(grid, energy, short, history=days)[0] for days in (50.0, 70.0))

    assert near.tolist() == [np.mean([10700, 11400, 12100, 12800]) + slot for slot in range(5)]
    assert far.tolist() == near.tolist()

    energy[0, 102 * 24 :] = nan
    assert np.isnan(estimate_gaps(grid, energy, short, history=50.0)[0]).all()
    assert not np.isnan(estimate_gaps(grid, energy, short, history=70.0)[0]).any()


def test_channels_do_not_mix(make_grid) -> None:
    """Each takes its own days."""
    energy = by_day(60, channels=2)
    energy[1] += 7
    energy[:, 30 * 24 : 30 * 24 + 6] = nan
    values, _ = estimates(make_grid(energy))

    assert (np.array(values[6:]) - values[:6]).tolist() == [7.0] * 6


def test_what_is_given_stays_as_it_is(make_grid) -> None:
    """Good readings are read only."""
    energy = by_day(60)
    energy[0, 100:130] = nan
    energy.flags.writeable = False
    grid = make_grid(energy)

    estimates(grid)
    estimate_like_day(energy, np.array([100]), like_days(grid))


@pytest.mark.parametrize(
    ("total", "factors", "scaled"),
    [
        pytest.param(Total(0, 1, 4, 20.0), (0, np.inf), [5.0, 10.0], id="the rest is shared in proportion"),
        pytest.param(Total(0, 2, 3, 30.0), (0, np.inf), [10.0, 20.0], id="no reading inside"),
        pytest.param(Total(0, 1, 4, 4.0), (0, np.inf), None, id="readings are more already"),
        pytest.param(Total(0, 1, 4, 20.0), (0.5, 1.5), None, id="not worth it"),
        pytest.param(Total(0, 0, 4, 50.0), (0, np.inf), None, id="an interval without any estimate"),
        pytest.param(Total(0, 1, 1, 50.0), (0, np.inf), None, id="nothing estimated inside"),
    ],
)
def test_a_known_total_scales_the_estimates(total: Total, factors, scaled) -> None:
    """Readings stay; estimates take the rest of the total, if that can be."""
    energy = np.array([[nan, 2.0, nan, nan, 3.0, nan]])
    values = np.array([2.0, 4.0])
    result, used = scale_to_totals(energy, np.array([2, 3]), values, [total], factors)

    assert result.tolist() == (scaled or [2.0, 4.0])
    assert used == ([total] if scaled else [])
    assert values.tolist() == [2.0, 4.0]
