"""Anomalies: the days that stand out of what was expected, with direction and hours, at the rate a person asks for."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabpy_functions.anomalies import choose_alerts, detect_anomalies, find_anomalies, unusual_score
from tabpy_functions.answering import last_reasons
from tabpy_functions.days import Days
from tabpy_functions.inputs import InputError

MONDAY = int(np.datetime64("2019-01-07", "D").astype(np.int64))
WEEKS = 30
NIGHT = np.r_[0:7, 19:24]


def site(seed=0):
    """Thirty weeks of a site that works from 7 to 19 on weekdays, with a scatter of five per cent."""
    hour = np.arange(24)
    day = np.where((hour >= 7) & (hour < 19), 10.0, 4.0)
    energy = np.tile(np.concatenate([np.tile(day, (5, 1)), np.full((2, 24), 4.0)]), (WEEKS, 1))
    return energy * np.random.default_rng(seed).lognormal(0, 0.05, energy.shape)


def days_of(energy, weight=None):
    """Days of that site."""
    weight = np.isfinite(energy).astype(float) if weight is None else weight
    return Days(MONDAY, len(energy), energy, weight, np.zeros(len(energy), np.bool_))


def night_load(energy):
    """Seven nights at the load of the day."""
    energy[70:77, NIGHT] = 10


def weekend_running(energy):
    """A weekend like the working days before it."""
    energy[103:105] = energy[100:102]


def step(energy):
    """Two weeks at thirty per cent more."""
    energy[70:84] *= 1.3


def lost_load(energy):
    """Three days without two fifths of the load."""
    energy[72:75] *= 0.6


@pytest.mark.parametrize(
    ("fault", "rows", "direction"),
    [
        (night_load, range(70, 77), "high"),
        (weekend_running, range(103, 105), "high"),
        (step, range(70, 84), "high"),
        (lost_load, range(72, 75), "low"),
    ],
)
def test_behaviour_is_found(fault, rows, direction):
    """Most days of the fault are told, with its direction, and few others, at one alert a month."""
    energy = site()
    fault(energy)
    found = find_anomalies(days_of(energy), alerts_per_month=1).found
    told = {one.row for one in found if one.direction == direction}

    assert len(told & set(rows)) >= 0.6 * len(rows)
    assert len([one for one in found if one.row not in rows]) <= 7


def test_an_anomaly_tells_its_hours_and_its_energy():
    """A working day that goes on until midnight: five hours from 19 on, 6 kWh each."""
    energy = site()
    energy[72, 19:] = 10.0
    (one,) = [one for one in find_anomalies(days_of(energy)).found if one.row == 72]

    assert (one.first_slot, one.last_slot, one.direction) == (19, 23, "high")
    assert one.energy_kwh == 50
    assert one.over_kwh == one.energy_kwh - one.expected_kwh == pytest.approx(30, rel=0.05)
    assert 0.1 < one.score <= 1


def test_the_larger_side_gives_the_direction():
    """A day that lacks its work and has a little more at night is low, and its hours are those of the work."""
    energy = site()
    energy[72, 7:19] = 4.0
    energy[72, 20:22] = 6.0
    (one,) = [one for one in find_anomalies(days_of(energy)).found if one.row == 72]

    assert (one.direction, one.last_slot) == ("low", 18)
    assert one.first_slot <= 7


def test_what_is_small_is_not_worth_telling():
    """Two per cent of a day is unusual at a site that scatters by a thousandth, and told to those who ask for it."""
    energy = np.tile(site(0)[:7].mean(axis=0), (WEEKS * 7, 1))
    energy *= np.random.default_rng(7).lognormal(0, 0.0005, energy.shape)
    energy[72] *= 1.02

    assert 72 not in {one.row for one in find_anomalies(days_of(energy)).found}
    assert 72 in {one.row for one in find_anomalies(days_of(energy), least_share=0.01).found}


def test_hours_that_are_not_known_are_no_part():
    """An hour without a reading amid unusual ones is not told, nor counted."""
    energy = site()
    energy[72] *= 1.5
    energy[72, 10] = np.nan
    found = find_anomalies(days_of(energy))

    assert found.is_alert[72, [9, 10, 11]].tolist() == [True, False, True]
    (one,) = [one for one in found.found if one.row == 72]
    assert one.over_kwh == pytest.approx((energy - found.expected_kwh)[72][found.is_alert[72]].sum())


def test_a_quiet_site_tells_little():
    """Scatter alone is at most a few days, however many alerts are wanted: what is usual is not told."""
    found = find_anomalies(days_of(site()), alerts_per_month=31).found

    assert len(found) < 0.05 * WEEKS * 7


def test_the_rate_is_the_users():
    """Twice as many wanted, at most twice as many told; none wanted, none told."""
    energy = site()
    for row in range(20, 200, 6):
        energy[row] *= 1.0 + 0.01 * row / 4
    months = WEEKS * 7 / 30.4375
    for rate in (0, 0.5, 1, 2):
        rows = sorted(one.row for one in find_anomalies(days_of(energy), alerts_per_month=rate).found)
        runs = len(rows) - np.count_nonzero(np.diff(rows) == 1)
        assert runs <= round(months * rate)
        assert bool(rows) == bool(rate)


def test_alerts_are_runs():
    """Days side by side are one alert; the day that would make one too many is where it ends."""
    score = np.array([0.0, 0.9, 0.8, 0.1, 0.7, np.nan, 0.6, 0.0, 0.05, *[0.0] * 52])

    assert np.flatnonzero(choose_alerts(score, 1)).tolist() == [1, 2, 4]
    assert np.flatnonzero(choose_alerts(score, 1.5)).tolist() == [1, 2, 3, 4, 6, 8]
    assert np.flatnonzero(choose_alerts(np.zeros(61), 9)).tolist() == []


def test_a_habit_is_less_unusual_than_a_lone_day():
    """Of days as far out, the one that is like no other scores higher than the forty that are like each other."""
    features = np.random.default_rng(0).normal(0, 1, (300, 2))
    features[:40] = [6, 0]
    features[:40] += np.random.default_rng(1).normal(0, 0.3, (40, 2))
    features[299] = [0, -6]
    score = unusual_score(features, 100)

    assert score[299] > np.median(score[:40]) + 0.03
    assert np.median(score[40:299]) < 0.1


def test_how_far_counts():
    """Twenty spreads out is more unusual than eight, which a forest alone cannot tell."""
    features = np.random.default_rng(0).normal(0, 1, (300, 2))
    features[[10, 20]] = [[8, 8], [20, 20]]
    score = unusual_score(features, 100)

    assert 0 < score[10] < score[20] - 0.05 < 1


def test_what_validation_has_explained_is_no_behaviour():
    """A stuck stretch with weight 0 is not told; the same stretch believed is."""
    energy = site()
    energy[70:80] = 9.3
    weight = np.ones_like(energy)
    weight[70:80] = 0

    assert not {one.row for one in find_anomalies(days_of(energy, weight)).found} & set(range(70, 80))
    assert {one.row for one in find_anomalies(days_of(energy)).found} & set(range(70, 80))


def test_the_same_question_has_the_same_answer():
    """Forests are random; this one is not."""
    energy = site()
    weekend_running(energy)

    assert find_anomalies(days_of(energy)).found == find_anomalies(days_of(energy)).found


def lists_of(energy):
    """Hours as Tableau sends them, and a future day."""
    stamps = np.datetime64("2019-01-07", "s") + np.arange(energy.size + 24) * np.timedelta64(3600, "s")
    return [str(one).replace("T", " ") for one in stamps], [*energy.ravel().tolist(), *[None] * 24]


def test_the_deployed_function():
    """Score, direction and energy by row; the future has none; order is the caller's."""
    energy = site()
    lost_load(energy)
    dates, values = lists_of(energy)
    fault = slice(72 * 24, 75 * 24)

    score = detect_anomalies(dates, values)
    assert score[-24:] == [None] * 24
    assert max(score[fault]) < 0
    assert not any(str(one) == "-0.0" for one in score)
    direction = detect_anomalies(dates, values, what="direction")
    assert min(direction[fault]) == -1
    assert set(direction[:-24]) <= {-1, 0, 1}
    over = detect_anomalies(dates[::-1], values[::-1], what=["over_kwh"] * len(dates))[::-1]
    told = [one != 0 for one in direction[fault]]
    assert [one != 0 for one in over[fault]] == told
    assert sum(over[fault]) == pytest.approx(-0.4 * site()[72:75].sum(), rel=0.2)
    expected = detect_anomalies(dates, values, what="expected_kwh")
    assert np.mean(expected[fault]) == pytest.approx(site()[72:75].mean(), rel=0.05)


def test_days_alone():
    """Daily energy has no hours, and is judged all the same."""
    energy = site().sum(axis=1)
    energy[72] *= 0.5
    dates = [str((MONDAY + day).astype("M8[D]")) for day in np.arange(len(energy))]
    score = np.array(detect_anomalies(dates, energy.tolist()))

    assert int(np.argmin(score)) == 72
    assert detect_anomalies(dates, energy.tolist(), what="direction")[72] == -1


def test_weight_is_heard():
    """A row that the caller doubts is not judged."""
    energy = site()
    lost_load(energy)
    dates, values = lists_of(energy)
    weight = [0 if 72 * 24 <= row < 75 * 24 else 1 for row in range(len(dates))]
    score = detect_anomalies(dates, values, weight=weight)

    assert score[72 * 24 : 75 * 24] == [None] * 72


@pytest.mark.parametrize(
    ("dates", "given", "said"),
    [
        ([f"2019-01-{day:02d}" for day in range(1, 20)], {}, "fewer than 21 days with energy"),
        ([f"2019-01-{day:02d}" for day in range(1, 31)], {"what": "anything"}, "'anything' is none of score, dir"),
    ],
)
def test_what_cannot_be_judged(dates, given, said):
    """Is null, with the reason."""
    assert detect_anomalies(dates, [1.0] * len(dates), **given) == [None] * len(dates)
    assert said in last_reasons()[-1]["reason"]


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0])
def test_a_constant_series_has_no_anomalies(value):
    """Nothing scatters, nothing stands out."""
    dates, _ = lists_of(site())

    assert set(detect_anomalies(dates, [value] * len(dates), what="direction")) <= {0.0, None}


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.none() | st.floats() | st.integers(-9, 9), min_size=1, max_size=40),
    st.sampled_from([1440, 360, 60]),
    st.sampled_from(["score", "direction", "over_kwh"]),
)
def test_anything_is_answered(values, minutes, what):
    """Any energy over sixty days, repeated: as many values back, and no error but a refusal in words."""
    count = 60 * 1440 // minutes
    stamps = np.datetime64("2019-01-07", "s") + np.arange(count) * np.timedelta64(minutes * 60, "s")
    dates, energy = [str(one) for one in stamps], (values * count)[:count]

    assert len(detect_anomalies(dates, energy, what=what)) == count
    with np.errstate(all="ignore"), contextlib.suppress(InputError):
        detect_anomalies.__wrapped__(dates, energy, what=what)
