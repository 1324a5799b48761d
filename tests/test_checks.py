"""Checks: each a fact about which reading is suspect, at its border."""

from dataclasses import replace
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.schema import Quality
from pipeline.vee.checks import CHECKS
from pipeline.vee.edges import part_days
from pipeline.vee.grid import Grid
from pipeline.vee.levels import measure
from pipeline.vee.repeats import fades_out, filled_at_source
from pipeline.vee.rules import RuleBook
from pipeline.vee.runs import runs_of

nan = np.nan


def run_check(rule_id: str, grid: Grid, *, now: int | None = None, **settings: Any) -> np.ndarray:
    """The mask of a rule with its defaults, but for `settings`."""
    check, book = CHECKS[rule_id], RuleBook({rule_id: settings})
    offers = {"levels": measure(grid), "now": now, "gaps": np.isnan(grid.energy) | (grid.energy == 0)}
    taken = {name: offer for name, offer in offers.items() if name in signature(check).parameters}
    return check(grid, **taken, **book.arguments(rule_id, check, grid.channels))


def suspects(rule_id: str, grid: Grid, **settings: Any) -> list[tuple[int, int]]:
    """(channel, interval) of each suspect reading."""
    return [(int(c), int(i)) for c, i in np.argwhere(run_check(rule_id, grid, **settings))]


def day(*values: float, length: int = 240, level: float = 10.0) -> np.ndarray:
    """A channel whose values never repeat, around a level; `values` stand at interval 100 on."""
    energy = level + 0.37 * np.sin(np.arange(length) * 1.7) + np.arange(length) * 1e-4
    energy[100 : 100 + len(values)] = values
    return energy


# ---- what all checks keep --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule_id", CHECKS)
def test_a_check_gives_a_mask_and_changes_nothing(rule_id: str, clean_grid: Grid) -> None:
    """Bool, of the grid's shape; energy and quality are what they were."""
    before = clean_grid.energy.copy(), clean_grid.quality.copy()

    mask = run_check(rule_id, clean_grid)

    assert mask.dtype == np.bool_
    assert mask.shape == clean_grid.shape
    assert np.array_equal(clean_grid.energy, before[0])
    assert np.array_equal(clean_grid.quality, before[1])


@pytest.mark.parametrize("rule_id", sorted(set(CHECKS) - {"V23"}))
def test_a_check_is_silent_on_clean_meters(rule_id: str, clean_grid: Grid) -> None:
    """Nights, weekends, holidays, summers, noise and clock changes are not faults (V23 tells of real extremes too)."""
    assert not run_check(rule_id, clean_grid).any()


@pytest.mark.parametrize("rule_id", CHECKS)
@pytest.mark.parametrize("shape", [(0, 48), (2, 0), (1, 1), (3, 400)], ids=str)
def test_a_check_survives_nothing(rule_id: str, shape: tuple[int, int], make_grid) -> None:
    """No channel, no interval, no value: only V05 finds something, and only where there is an interval."""
    grid = make_grid(np.full(shape, nan))

    assert run_check(rule_id, grid, now=2_000_000_000).sum() == (grid.energy.size if rule_id == "V05" else 0)


@pytest.mark.parametrize("rule_id", sorted(set(CHECKS) - {"V12", "V15", "V20"}))
def test_a_check_looks_only_inside_the_span(rule_id: str, make_grid) -> None:
    """Faults before the first and after the last interval of a channel are nobody's."""
    faults = [nan, -5.0, 5000.0, 4294967.295, 0.0, *[7.0] * 40, *[0.0] * 150]
    energy = np.concatenate((faults, day(length=600), faults))
    grid = make_grid(energy, first=len(faults), last=len(faults) + 599, fresh_first=0, fresh_last=len(energy) - 1)

    assert not run_check(rule_id, grid).any()


# ---- single readings -------------------------------------------------------------------------------------------------


def test_a_missing_reading_is_suspect(make_grid) -> None:
    """V05: NaN inside the span."""
    assert suspects("V05", make_grid([[nan, 1, nan, 2, nan]], first=1, last=3)) == [(0, 2)]


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        pytest.param({}, [(0, 100)], id="delivered"),
        pytest.param({"can_export": True}, [], id="the site feeds in"),
        pytest.param({"channel": "received"}, [], id="received"),
    ],
)
def test_a_negative_reading_is_suspect(columns, found, make_grid) -> None:
    """V07: only on a delivered channel of a site that does not feed in; zero is not negative."""
    assert suspects("V07", make_grid(day(-0.1, 0.0), **columns)) == found


@pytest.mark.parametrize(
    ("value", "limit_kw", "found"),
    [
        pytest.param(50.0, 50.0, [], id="at the limit"),
        pytest.param(50.1, 50.0, [(0, 100)], id="above the limit"),
        pytest.param(50.1, nan, [], id="no limit known"),
        pytest.param(4294967.295, nan, [(0, 100)], id="a meter's code"),
        pytest.param(8590.0171, nan, [(0, 100)], id="a code, but for the last decimal"),
        pytest.param(8590.03, nan, [], id="near a code"),
    ],
)
def test_an_impossible_reading_is_suspect(value: float, limit_kw: float, found, make_grid) -> None:
    """V11: above what the supply can pass, or a UK meter's code for no reading."""
    assert suspects("V11", make_grid(day(value), limit_kw=limit_kw)) == found


def test_a_limit_is_of_power(make_grid) -> None:
    """V11: 50 kW are 25 kWh in half an hour."""
    assert suspects("V11", make_grid(day(25.0, 25.1), minutes=30, limit_kw=50.0)) == [(0, 101)]


def test_a_large_site_may_use_what_is_a_code_elsewhere(make_grid) -> None:
    """V11: 8,590.017 kWh is a reading where 8,500 is usual."""
    assert suspects("V11", make_grid(day(8590.017, level=8500.0))) == []


@pytest.mark.parametrize(
    ("around", "found"),
    [
        pytest.param([10.0, 26.0, 10.0], [(0, 101)], id="2.6 times both"),
        pytest.param([10.0, 25.0, 10.0], [], id="2.5 times"),
        pytest.param([10.0, 26.0, 11.0], [], id="not of the one after"),
        pytest.param([nan, 26.0, 10.0], [(0, 101)], id="one neighbour is missing"),
        pytest.param([nan, 26.0, nan], [], id="both are"),
        pytest.param([0.0, 26.0, 10.0], [(0, 101)], id="after a zero"),
        pytest.param([4.0, 13.0, 4.0], [], id="not above the channel's usual"),
    ],
)
def test_a_spike_stands_above_both_neighbours(around, found, make_grid) -> None:
    """V10: more than 2.5 times both, and 1.5 times the 99.5th percentile."""
    assert suspects("V10", make_grid(day(*around))) == found


def test_a_peak_of_some_hours_is_no_spike(make_grid) -> None:
    """V10: real load rises over more than one interval."""
    assert suspects("V10", make_grid(day(20.0, 60.0, 40.0))) == []


@pytest.mark.parametrize("share", [0.004, 0.2], ids=["rare", "usual"])
def test_extreme_values_are_told(share: float, make_grid) -> None:
    """V23: far outside the quartiles; not when a fifth of the values lies there and widens them."""
    energy = day(length=500)
    energy[:: int(1 / share)] = 15.0

    assert len(suspects("V23", make_grid(energy))) == np.count_nonzero(energy == 15.0)
    assert not suspects("V23", make_grid(energy), width=30)


def test_a_channel_of_one_value_has_no_extremes(make_grid) -> None:
    """V23: without a spread between the quartiles there is no measure of far."""
    assert suspects("V23", make_grid([*[8.888] * 100, 9.0])) == []


def test_a_supplier_estimate_is_told(make_grid) -> None:
    """V20: quality as the source states it, where the run may write."""
    grid = make_grid([[1.0, 2.0, 3.0]], fresh_first=1)
    grid = replace(grid, quality=np.array([[Quality.ESTIMATED, Quality.ESTIMATED, Quality.ACTUAL]], dtype=np.uint8))

    assert suspects("V20", grid) == [(0, 1)]


# ---- zeros and repeats -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zeros", "found"),
    [
        pytest.param(1, 1, id="one"),
        pytest.param(15, 15, id="under a day"),
        pytest.param(300, 300, id="long: left out when the channel is judged"),
    ],
)
def test_a_zero_is_suspect_where_load_never_rests(zeros: int, found: int, make_grid) -> None:
    """V08: a channel with base load does not read zero."""
    assert len(suspects("V08", make_grid(day(*[0.0] * zeros, length=700)))) == found


@pytest.mark.parametrize(
    "energy",
    [
        pytest.param(np.maximum(0, np.sin(np.arange(720) / 24 * 2 * np.pi)).round(3), id="solar nights"),
        pytest.param(np.zeros(720), id="never anything else"),
        pytest.param(day(0.0, length=6 * 24), id="six days are too few to judge"),
    ],
)
def test_a_zero_is_real_where_load_rests(energy, make_grid) -> None:
    """V08: nights of a solar plant, an unused channel, a short file."""
    assert suspects("V08", make_grid(energy)) == []


@pytest.mark.parametrize(("every", "found"), [pytest.param(4, 0, id="a quarter"), pytest.param(50, 8, id="few")])
def test_a_day_of_zero_is_real_where_days_are_often_zero(every: int, found: int, make_grid) -> None:
    """V08: in daily readings a single day is no long run: a kitchen's meter rests at zero on many days."""
    energy = day(length=400)
    energy[::every] = 0.0

    assert len(suspects("V08", make_grid(energy, minutes=1440))) == found


@pytest.mark.parametrize(
    ("around", "fades"),
    [
        pytest.param([5.2, 0.0, 5.0], 0, id="dropped"),
        pytest.param([0.9, 0.0, 3.0], 1, id="faded into"),
        pytest.param([5.0, 0.0, 0.0, 0.4], 2, id="risen from"),
        pytest.param([0.9, *[0.0] * 20, 3.0], 0, id="too long to be load"),
    ],
)
def test_a_zero_that_load_fades_into_is_real(around, fades: int, make_grid) -> None:
    """Solar panels behind the meter pass through small values; a lost reading does not."""
    grid = make_grid(day(*around, length=900))
    zero = run_check("V08", grid)
    mask = fades_out(grid, measure(grid), zero, long_hours=20.0, fade=0.25, fade_quanta=3.0)

    assert zero.sum() == around.count(0.0)
    assert mask.sum() == fades


def resolved(value: float, times: int, step: float = 0.1) -> np.ndarray:
    """A channel of this resolution with one value repeated."""
    energy = (np.round(day(length=900, level=value) / step) * step) + np.where(np.arange(900) % 2, step, 0)
    energy[100 : 100 + times] = value
    energy[[99, 100 + times]] = value + 3 * step
    return energy


@pytest.mark.parametrize(
    ("value", "times", "found"),
    [
        pytest.param(93.1, 5, 0, id="5 h"),
        pytest.param(93.1, 6, 6, id="6 h"),
        pytest.param(14.5, 11, 0, id="145 steps: 11 h"),
        pytest.param(14.5, 12, 12, id="145 steps: 12 h"),
        pytest.param(1.2, 99, 0, id="12 steps, 99 h: an empty building"),
    ],
)
def test_a_repeated_value_is_suspect(value: float, times: int, found: int, make_grid) -> None:
    """V09: six hours, longer in proportion under 290 steps of the meter's resolution."""
    assert len(suspects("V09", make_grid(resolved(value, times)))) == found


@pytest.mark.parametrize(("days", "found"), [pytest.param(6, 0, id="six days"), pytest.param(7, 7, id="a week")])
def test_equal_days_are_suspect_after_a_week(days: int, found: int, make_grid) -> None:
    """V09: working days of one sum happen; a week with its weekend does not."""
    energy = day(length=400, level=93.1)
    energy[100 : 100 + days] = 93.1

    assert len(suspects("V09", make_grid(energy, minutes=1440))) == found


def test_zero_and_missing_do_not_repeat(make_grid) -> None:
    """V09: a run of zeros is V08's, a gap V05's."""
    energy = np.vstack((day(*[0.0] * 48), day(*[nan] * 48)))

    assert suspects("V09", make_grid(energy)) == []


def test_hours_are_counted_in_intervals(make_grid) -> None:
    """V09: six hours are 24 quarters."""
    energy = np.vstack((day(*[7.123] * 23), day(*[7.123] * 24)))

    assert suspects("V09", make_grid(energy, minutes=15)) == [(1, 100 + i) for i in range(24)]


@pytest.mark.parametrize(("others", "found"), [(0, 0), (23, 0), (24, 100)], ids=["none", "23 h", "a day"])
def test_a_channel_that_never_changes_is_not_judged(others: int, found: int, make_grid) -> None:
    """V09: a constant load, or a file of one value, has nothing to be stuck against."""
    energy = np.concatenate((np.full(100, 93.1), day(length=240)[:others]))

    assert len(suspects("V09", make_grid(energy))) == found


def test_one_day_on_two_channels_is_filled_at_the_source(make_grid) -> None:
    """V20: a day of one value on two channels that begin or end together; an hour more may be chance."""
    long, alone = day(*[7.7] * 25), day(*[8.8] * 24)
    long[99] = 7.7
    energy = np.vstack((np.roll(day(*[9.9] * 24), 1), day(*[7.7] * 25), np.roll(alone, 60), day(*[5.5] * 48)))
    grid = make_grid(energy)
    filled = filled_at_source(grid, run_check("V09", grid))

    assert runs_of(filled).length.tolist() == [24, 25]
    assert filled.any(axis=1).tolist() == [True, True, False, False]


def test_two_sites_fill_nothing_together(make_grid) -> None:
    """V20: what happens at another site is chance."""
    grid = make_grid(np.vstack((day(*[9.9] * 24), day(*[7.7] * 24))), site_id=["here", "there"])

    assert not filled_at_source(grid, run_check("V09", grid)).any()


@pytest.mark.parametrize(
    ("around", "found"),
    [
        pytest.param([0.0, 0.0, 32.0, 9.0], [(0, 102)], id="after two zeros"),
        pytest.param([nan, nan, 32.0, 9.0], [(0, 102)], id="after two missing"),
        pytest.param([0.0, 32.0, 9.0], [], id="after one"),
        pytest.param([0.0, 0.0, 32.0, 14.0], [], id="the load stays high"),
        pytest.param([0.0, 0.0, 10.2, 3.0], [], id="not high"),
    ],
)
def test_a_reading_may_catch_up_its_gap(around, found, make_grid) -> None:
    """V13: alone and high after a gap of two intervals."""
    assert suspects("V13", make_grid(day(*around))) == found


# ---- time ------------------------------------------------------------------------------------------------------------


def test_the_hours_beside_long_zeros_may_be_half(make_grid) -> None:
    """V17: half of the neighbour away from the zeros, on both sides."""
    energy = day(5.0, *[0.0] * 23, 5.1)

    assert suspects("V17", make_grid(energy)) == [(0, 100), (0, 124)]


@pytest.mark.parametrize(
    ("edge", "found"), [(5.0, [(0, 100)]), (3.0, []), (7.0, [])], ids=["half", "a third", "two thirds"]
)
def test_the_hour_beside_a_short_gap_may_be_half(edge: float, found, make_grid) -> None:
    """V17: half of its neighbour, and of what is usual then."""
    assert suspects("V17", make_grid(day(edge, nan, length=600))) == found


def test_days_beside_a_missing_day_are_not_judged(make_grid) -> None:
    """V17: a day that used half of the next is no part of a day."""
    assert suspects("V17", make_grid(day(5.0, nan, length=600), minutes=1440)) == []


def test_a_load_that_halves_every_day_is_not_cut(make_grid) -> None:
    """V17: the same two hours are half of each other on other days too."""
    energy = day(length=960)
    energy[np.arange(960) % 24 == 4] = 5.0
    energy[101] = nan

    assert energy[100] == 5.0
    assert suspects("V17", make_grid(energy)) == []


def test_four_days_do_not_show_what_is_usual(make_grid) -> None:
    """V17: beside a short gap five other days are asked for."""
    four, five = (day(5.0, nan, length=100 + hours) for hours in (22, 24 + 22))

    assert suspects("V17", make_grid(four)) == []
    assert suspects("V17", make_grid(five)) == [(0, 100)]


def test_the_first_hour_of_a_file_may_be_half(make_grid) -> None:
    """V17: where the channel begins, and where another file begins."""
    energy = day(length=600)
    energy[[0, 300]] = 5.0
    grid = make_grid(energy, start="2024-03-04")
    files = np.where(np.arange(600) < 300, 1, 2).astype(np.int32)[None]

    assert suspects("V17", grid) == [(0, 0)]
    assert suspects("V17", replace(grid, file_id=files)) == [(0, 0), (0, 300)]


def test_half_of_a_fleet_makes_new_year_a_file_edge(make_grid) -> None:
    """V17: five meters whose first hour of the year is half are believed although their load halves often."""
    energy = np.vstack([day(length=960, level=level) for level in (5, 8, 11, 14, 17, 20)])
    energy[:, np.arange(960) % 48 == 0] *= 0.5
    grid = make_grid(energy, start="2023-12-12")

    assert grid.starts[480] == pd.Timestamp("2024-01-01").timestamp()
    assert run_check("V17", grid)[:, 480].all()
    assert not run_check("V17", make_grid(energy[:4], start="2023-12-12"))[:, 480].any()


@pytest.mark.parametrize(
    ("start", "timezone", "found"),
    [
        pytest.param("2024-01-10 00:00", "UTC", 0, id="whole days"),
        pytest.param("2024-01-10 08:00", "America/Los_Angeles", 0, id="whole local days"),
        pytest.param("2024-01-10 00:00", "America/Los_Angeles", 0, id="whole UTC days"),
        pytest.param("2024-01-10 17:00", "UTC", 7 + 17, id="begins and ends in the afternoon"),
    ],
)
def test_a_day_that_is_cut_is_told(start: str, timezone: str, found: int, make_grid) -> None:
    """V17: the first and the last local day, when neither the site's nor the file's day begins there."""
    assert part_days(make_grid(day(length=240), start=start, timezone=timezone)).sum() == found


def two_months(start: str, minutes: int = 60) -> np.ndarray:
    """Hours with a daily shape; ends well after the change in the middle."""
    hours = np.arange(60 * 1440 // minutes) * minutes / 60
    return (20 + 6 * np.sin((hours % 24 - 8) / 24 * 2 * np.pi) + 0.1 * np.sin(hours * 1.7)).round(3)


@pytest.mark.parametrize(
    ("start", "change", "factors"),
    [
        pytest.param("2020-10-01", "2020-10-25 02:00", [2.0], id="Europe, autumn"),
        pytest.param("2020-03-01", "2020-03-29 01:00", [1 / 3, 2 / 3], id="Europe, spring"),
        pytest.param("2020-10-05", "2020-11-01 01:00", [2.0], id="America, autumn"),
    ],
)
@pytest.mark.parametrize("minutes", [60, 30])
def test_a_local_clock_in_a_utc_file_is_found(start: str, change: str, factors, minutes: int, make_grid) -> None:
    """V03: the doubled hour of autumn, the spread hour of spring, and nothing else."""
    energy = two_months(start, minutes)
    at = int((pd.Timestamp(change) - pd.Timestamp(start)) / pd.Timedelta(minutes=minutes))
    odd = np.repeat(factors, 60 // minutes)
    local = energy.copy()
    local[at : at + len(odd)] *= odd
    grid = make_grid(np.vstack((energy, local)), start=start, minutes=minutes)

    assert suspects("V03", grid) == [(1, at + i) for i in range(len(odd))]


def test_a_restless_hour_proves_no_clock(make_grid) -> None:
    """V03: where that hour differs by half from week to week, twice the usual is chance."""
    energy = two_months("2020-10-01")
    at = 24 * 24 + 2
    for week, factor in ((-3, 1.5), (-2, 0.6), (-1, 1.0), (0, 2.0), (1, 1.0), (2, 1.4), (3, 0.7)):
        energy[at + 168 * week] *= factor

    assert suspects("V03", make_grid(energy, start="2020-10-01")) == []


def test_an_outage_beside_a_clock_change_is_no_doubled_hour(make_grid) -> None:
    """V03: an hour between a zero and a reading is not twice what is usual."""
    energy = two_months("2020-10-01")
    energy[24 * 24 + 3 : 24 * 24 + 8] = 0.0

    assert suspects("V03", make_grid(energy, start="2020-10-01")) == []


# ---- days, months, the end -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factor", "found"), [(0.45, 24), (0.55, 0), (1.9, 0), (2.1, 24)], ids=["low", "lowish", "highish", "high"]
)
def test_a_day_of_unusual_use_is_told(factor: float, found: int, make_grid) -> None:
    """V12: outside 0.5 to 2 times the mean of that weekday over the weeks before."""
    energy = two_months("2024-01-01")
    energy[24 * 45 : 24 * 46] *= factor

    assert suspects("V12", make_grid(energy)) == [(0, 24 * 45 + i) for i in range(found)]


def test_unusual_needs_four_weeks_and_whole_days(make_grid) -> None:
    """V12: nothing is said of the fourth week, nor of a day with a missing reading."""
    energy = two_months("2024-01-01")
    energy[24 * 27 : 24 * 28] *= 3
    energy[24 * 45 : 24 * 46] *= 3
    energy[24 * 45] = nan

    assert suspects("V12", make_grid(energy)) == []


@pytest.mark.parametrize("factor", [2.0, 0.5, 4.0, 0.001], ids=str)
def test_a_changed_multiplier_is_told_at_its_day(factor: float, make_grid) -> None:
    """V15: from a day on every reading is that many times what it was."""
    energy = two_months("2024-01-01")
    energy[24 * 30 :] *= factor

    assert suspects("V15", make_grid(energy)) == [(0, 24 * 30 + i) for i in range(24)]


def test_a_lower_weekday_level_is_behaviour(make_grid) -> None:
    """V15: weekends that stay as they were show that the meter did not change."""
    energy = two_months("2024-01-01")
    weekday = np.arange(len(energy)) // 24 % 7 < 5
    energy[(np.arange(len(energy)) >= 24 * 30) & weekday] *= 0.5

    assert suspects("V15", make_grid(energy)) == []


def test_gigawatts_are_told(make_grid) -> None:
    """V15: a mean power that no meter passes, on the first day."""
    assert suspects("V15", make_grid(two_months("2024-01-01") * 1e6)) == [(0, i) for i in range(24)]


def test_a_poor_power_factor_is_told_by_month(make_grid) -> None:
    """V16: kWh / sqrt(kWh² + kVArh²) under 0.3 over a month in which both are known."""
    active = np.full(60 * 24, 3.0)
    reactive = np.where(np.arange(60 * 24) < 31 * 24, 9.0, 10.0)
    reactive[-5:] = nan
    grid = make_grid(np.vstack((active, reactive)), meter_id="m", channel=["delivered", "reactive"])
    mask = run_check("V16", grid)

    assert not mask[0].any()
    assert mask[1].tolist() == [False] * 31 * 24 + [True] * (29 * 24 - 5) + [False] * 5


@pytest.mark.parametrize(("days", "found"), [(30, 0), (31, 31 * 24)], ids=["30 days", "31 days"])
def test_a_gap_may_be_too_long(days: int, found: int, make_grid) -> None:
    """V18: longer than 30 days."""
    assert len(suspects("V18", make_grid(day(*[nan] * days * 24, length=1000)))) == found


@pytest.mark.parametrize(("age", "found"), [(5 * 86400, []), (5 * 86400 + 1, [(0, 237)])], ids=["5 days", "more"])
def test_a_feed_may_be_stale(age: int, found, make_grid) -> None:
    """V22: the newest reading is older than 5 days."""
    energy = day()
    energy[238:] = nan
    grid = make_grid(energy)

    assert suspects("V22", grid, now=int(grid.ends[237]) + age) == found
    assert suspects("V22", grid) == []


@pytest.mark.parametrize(("zeros", "found"), [(119, 0), (120, 120)], ids=["under 5 days", "5 days"])
def test_a_feed_may_end_dead(zeros: int, found: int, make_grid) -> None:
    """V22: zeros up to the channel's last interval, of which a channel that feeds in has many."""
    energy = day()
    energy[240 - zeros :] = 0.0

    assert len(suspects("V22", make_grid(energy))) == found
    assert suspects("V22", make_grid(energy, channel="received")) == []
