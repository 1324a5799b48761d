"""Expected use: like days on both sides, holidays and the days beside them, weather; not led astray by what is odd."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabpy_functions.answering import last_reasons
from tabpy_functions.calendars import is_holiday
from tabpy_functions.days import Days
from tabpy_functions.expected import expected_days, expected_use, median_of, odd_days
from tabpy_functions.inputs import InputError

MONDAY = int(np.datetime64("2019-01-07", "D").astype(np.int64))


def week_of(weeks, *, noise=0.0, slots=24, seed=0):
    """A site with working days of 10 kWh an hour by day and 4 by night, and 4 at weekends; shape (days, slots)."""
    hour = np.arange(slots) * 24 // slots
    day = np.where((hour >= 7) & (hour < 19), 10.0, 4.0)
    energy = np.tile(np.concatenate([np.tile(day, (5, 1)), np.full((2, slots), 4.0)]), (weeks, 1))
    return energy * np.random.default_rng(seed).lognormal(0, noise, energy.shape) if noise else energy


def days_of(energy, first_day=MONDAY, **given):
    """Days with a weight of 1 wherever something is known."""
    known = np.isfinite(energy)
    given = {"weight": known.astype(float), "is_holiday": np.zeros(len(energy), np.bool_)} | given
    return Days(first_day, len(energy), energy, **given)


def test_a_regular_site_is_as_expected():
    """Without noise every cell is expected exactly."""
    energy = week_of(12)

    np.testing.assert_allclose(expected_days(days_of(energy)), energy)


def test_an_anomaly_does_not_move_what_is_expected():
    """A week at twice the use stands against what it would have used."""
    usual = week_of(12)
    energy = usual.copy()
    energy[35:42] *= 2

    np.testing.assert_allclose(expected_days(days_of(energy)), usual)


def test_the_level_follows_the_seasons():
    """A slow rise is no anomaly: past the ends, expected use is within two per cent."""
    rise = np.linspace(1, 1.5, 52 * 7)[:, None]
    energy = week_of(52) * rise
    error = expected_days(days_of(energy)) / energy - 1

    assert np.abs(error[28:-28]).max() < 0.02


def test_what_has_no_weight_teaches_nothing():
    """Estimates at twice the use are as if they were not there."""
    energy = week_of(12)
    weight = np.ones_like(energy)
    energy[21:63] *= 2
    weight[21:63] = 0

    np.testing.assert_allclose(expected_days(days_of(energy, weight=weight)), week_of(12))


def test_gaps_are_expected_too():
    """A cell without a reading is expected from like days; the future as well."""
    energy = week_of(8)
    energy[30, 5:9] = np.nan
    energy[49:] = np.nan

    np.testing.assert_allclose(expected_days(days_of(energy)), week_of(8))


def test_odd_days_of_a_year_end():
    """Between the holidays of Christmas and New Year a site may be closed or not; so the Tuesday after Easter."""
    first = int(np.datetime64("2018-12-17", "D").astype(np.int64))
    days = days_of(np.ones((130, 1)), first, is_holiday=is_holiday("GB-ENG", first, 130))
    odd = [str((first + row).astype("M8[D]")) for row in np.flatnonzero(odd_days(days))]

    assert odd == [
        *("2018-12-24", "2018-12-25", "2018-12-26", "2018-12-27", "2018-12-28", "2018-12-31", "2019-01-01"),
        *("2019-04-18", "2019-04-19", "2019-04-22", "2019-04-23"),
    ]


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_an_odd_day_may_be_anything_between(share):
    """A holiday that is worked, half worked or not is as expected; above both it is over by what it is above."""
    energy = week_of(12)
    holiday = np.zeros(84, np.bool_)
    holiday[44] = True
    energy[44] = share * energy[37] + (1 - share) * 4.0
    days = days_of(energy, is_holiday=holiday)
    np.testing.assert_allclose(expected_days(days), energy)

    energy[44] = 12.0
    over = 12.0 - expected_days(days_of(energy, is_holiday=holiday))[44]
    np.testing.assert_allclose(over, 12.0 - week_of(12)[44])


def test_weather_explains_a_heat_wave():
    """Three per cent for each degree over 18: hot days are expected higher when the temperature is given."""
    random = np.random.default_rng(3)
    degrees = 16 + 5 * np.sin(np.arange(364) / 58) + random.normal(0, 3, 364)
    energy = week_of(52, noise=0.03) * (1 + 0.03 * np.maximum(0, degrees - 18))[:, None]
    known, unknown = (
        np.abs(expected_days(days_of(energy, temperature_c=given)) / energy - 1)[degrees > 24].mean()
        for given in (np.tile(degrees[:, None], 24), None)
    )

    assert (degrees > 24).sum() > 10
    assert known < 0.04 < 0.1 < unknown


def test_weather_that_explains_nothing_is_left_out():
    """A site without cooling or heating is expected as if nobody had given a temperature."""
    energy = week_of(30, noise=0.05)
    degrees = np.random.default_rng(5).normal(15, 6, energy.shape)

    np.testing.assert_array_equal(expected_days(days_of(energy, temperature_c=degrees)), expected_days(days_of(energy)))


def test_medians():
    """Of what is known; nothing known has none."""
    values = np.array([[[3.0], [1.0], [np.nan], [2.0]], [[4.0], [1.0], [np.nan], [np.nan]], [[np.nan]] * 4])

    np.testing.assert_array_equal(median_of(values)[:, 0], [2, 2.5, np.nan])


def lists_of(energy, start="2019-01-07", minutes=60):
    """As Tableau sends them."""
    stamps = np.datetime64(start, "s") + np.arange(energy.size) * np.timedelta64(minutes * 60, "s")
    values = [None if value != value else value for value in energy.ravel().tolist()]
    return [str(one).replace("T", " ") for one in stamps], values


def test_the_deployed_function():
    """Lists in any order come back as lists in that order, the future too."""
    energy = week_of(6)
    energy[35:] = np.nan
    dates, values = lists_of(energy)

    assert expected_use(dates, values) == pytest.approx(week_of(6).ravel().tolist())
    assert expected_use(dates[::-1], values[::-1], "GB") == pytest.approx(week_of(6).ravel().tolist()[::-1])


def test_months():
    """A steady use a day makes months as long as they are."""
    months = [str(one) for one in np.arange("2017-01", "2019-01", dtype="M8[M]").astype("M8[D]")]
    days = np.diff(np.arange("2017-01", "2019-02", dtype="M8[M]").astype("M8[D]")).astype(float)

    assert expected_use(months, (days * 5).tolist()) == pytest.approx((days * 5).tolist())


def test_nothing_to_learn_from():
    """Null, with a reason."""
    assert expected_use(["2019-01-01", "2019-01-02"], [None, None]) == [None, None]
    assert last_reasons()[-1]["reason"] == "no row has both a date and energy"


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, "x", *(f"2019-03-{day:02d}" for day in range(1, 32)), "2019-05-01 05:00:00"]),
            st.none() | st.floats() | st.integers(-5, 5) | st.text(max_size=3),
            st.none() | st.floats(-60, 60),
        ),
        max_size=60,
    )
)
def test_anything_is_answered(rows):
    """Any values: as many back, no error but a refusal in words."""
    dates, energy, degrees = ([row[part] for row in rows] for part in range(3))

    assert len(expected_use(dates, energy, "GB", degrees)) == len(rows)
    with np.errstate(all="ignore"), contextlib.suppress(InputError):
        expected_use.__wrapped__(dates, energy, "GB", degrees)
