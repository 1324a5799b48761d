"""Scenarios against examples worked by hand; shifted energy is conserved; anything sent is answered."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tabpy_functions.answering import last_reasons
from tabpy_functions.days import Days
from tabpy_functions.inputs import InputError
from tabpy_functions.scenario import (
    Policy,
    apply_policy,
    heating_profile,
    policy_scenario,
    share_of_hours,
    shift_load,
    solar_profile,
)

NEW_YEAR = int(np.datetime64("2019-01-01", "D").astype(np.int64))


def days_of(energy, temperature_c=None, first_day=NEW_YEAR):
    """Days of a channel."""
    known = np.isfinite(energy)
    return Days(first_day, len(energy), energy, known.astype(float), np.zeros(len(energy), np.bool_), temperature_c)


def day(value=1.0):
    """A day of 24 equal hours, as Tableau sends it."""
    return [f"2025-06-02 {hour:02d}:00:00" for hour in range(24)], [value] * 24


def test_efficiency():
    """24 h x 10 kWh, a tenth saved: 9 an hour, 1 saved; at 0.30 a kWh 2.70; at 0.177 kg 1.593 kg. By hand."""
    dates, energy = day(10.0)

    assert policy_scenario(dates, energy, 0.1) == pytest.approx([9.0] * 24)
    assert policy_scenario(dates, energy, [0.1] * 24, what="saved_kwh") == pytest.approx([1.0] * 24)
    assert policy_scenario(dates, energy, 0.1, what="cost", price_per_kwh=0.3) == pytest.approx([2.7] * 24)
    assert policy_scenario(dates, energy, 0.1, what="co2_kg") == pytest.approx([1.593] * 24)
    assert policy_scenario(dates, energy, 0.1, what="peak_kw") == pytest.approx([9.0] * 24)


def test_shift():
    """7 kWh an hour, half of 16 to 19 moves to 0 to 7: 3 x 3.5 = 10.5 leave, 1.5 comes to each of seven hours."""
    dates, energy = day(7.0)
    shifted = policy_scenario(dates, energy, 0, 0.5)

    assert shifted == pytest.approx([8.5] * 7 + [7.0] * 9 + [3.5] * 3 + [7.0] * 5)
    assert sum(shifted) == pytest.approx(7 * 24)
    assert policy_scenario(dates, energy, 0, 0.5, what="peak_kw") == pytest.approx([8.5] * 24)


def test_a_shift_pays_by_the_hour():
    """With 0.40 at the peak and 0.10 at night, 10.5 kWh moved save 3.15; carbon likewise. By hand."""
    dates, energy = day(7.0)
    price = [0.1] * 7 + [0.2] * 9 + [0.4] * 3 + [0.2] * 5
    before, after = (sum(policy_scenario(dates, energy, 0, one, what="cost", price_per_kwh=price)) for one in (0, 0.5))
    assert before - after == pytest.approx(10.5 * 0.3)

    before, after = (
        sum(policy_scenario(dates, energy, 0, one, what="co2_kg", factor_kg_per_kwh=price)) for one in (0, 0.5)
    )
    assert before - after == pytest.approx(10.5 * 0.3)


def test_half_hours_and_order():
    """1 kWh a half-hour is 2 kW; the answer has the order of the question."""
    dates = [f"2025-06-02 {slot // 2:02d}:{slot % 2 * 30:02d}:00" for slot in range(48)]
    assert policy_scenario(dates, [1.0] * 48, what="peak_kw") == pytest.approx([2.0] * 48)

    shifted = policy_scenario(dates[::-1], [1.0] * 48, 0, 1.0)[::-1]
    assert shifted == pytest.approx([1 + 6 / 14] * 14 + [1.0] * 18 + [0.0] * 6 + [1.0] * 10)


def test_a_shift_without_a_night():
    """A day of which no cheap hour is known shifts nothing; one that knows two hours gets all there."""
    use = np.full((2, 24), 7.0)
    use[0, :7] = np.nan
    use[1, 2:7] = np.nan
    shifted = shift_load(use, 0.5, (16, 19), (0, 7))

    np.testing.assert_array_equal(shifted[0], use[0])
    assert shifted[1, :2].tolist() == pytest.approx([7 + 5.25] * 2)


@given(
    arrays(
        np.float64, array_shapes(min_dims=2, max_dims=2, max_side=50), elements=st.floats(-1e6, 1e6) | st.just(np.nan)
    ),
    st.floats(0, 1),
    st.tuples(st.floats(0, 24), st.floats(0, 24)),
    st.tuples(st.floats(0, 24), st.floats(0, 24)),
)
def test_a_shift_conserves_each_day(use, share, peak, cheap):
    """Whatever the hours and the gaps."""
    shifted = shift_load(use, share, peak, cheap)

    np.testing.assert_array_equal(np.isnan(shifted), np.isnan(use))
    np.testing.assert_allclose(np.nansum(shifted, axis=1), np.nansum(use, axis=1), atol=1e-6 * 50)


def test_cars():
    """Two cars at 7,400 miles x 0.3 kWh / 365 = 6.082 kWh a day each, from 18 to 24: 2.027 kWh an hour. By hand."""
    dates, energy = day(1.0)

    added = policy_scenario(dates, energy, ev_count=2)
    assert added == pytest.approx([1.0] * 18 + [1 + 2 * 6.0822 / 6] * 6, rel=1e-4)
    assert sum(added) == pytest.approx(24 + 2 * 6.0822, rel=1e-4)


def test_hours_that_pass_midnight():
    """22 to 2 are four hours; half-hours of an hour that is cut get their half."""
    assert share_of_hours((22, 2), 24).tolist() == pytest.approx([0.25, 0.25, *[0.0] * 20, 0.25, 0.25])
    assert share_of_hours((0.5, 2), 24)[:3].tolist() == pytest.approx([1 / 3, 2 / 3, 0])
    assert share_of_hours((5, 5), 12).tolist() == pytest.approx([1 / 12] * 12)


def test_a_heat_pump_over_a_year():
    """11,500 kWh of gas x 0.85 / 2.8 = 3,491 kWh in a usual year: most in January, nothing in late July."""
    days = days_of(np.zeros((365, 24)))
    added = apply_policy(days, Policy(heat_pump_count=1)).import_kwh

    assert added.sum() == pytest.approx(3491, rel=0.005)
    assert added[24].sum() == pytest.approx(3491 / 365 * 2, rel=0.01)
    assert added[24 + 182].sum() < 0.01


def test_a_heat_pump_follows_the_weather():
    """At 5.5 C a day lacks 10 degrees of a year's 2,100: 3,491 x 10 / 2,100 = 16.6 kWh; at 20 C none. By hand."""
    degrees = np.array([[5.5] * 24, [20.0] * 24, [np.nan] * 24])
    added = 3491.07 * heating_profile(days_of(np.zeros((3, 24)), degrees)).sum(axis=1)

    assert added[:2] == pytest.approx([16.62, 0], abs=0.02)
    assert added[2] == pytest.approx(3491.07 * heating_profile(days_of(np.zeros((3, 24))))[2].sum())


def test_solar_over_a_year():
    """10 kWp x 950 kWh: a year's yield; midsummer noon, nothing at midnight, summer over winter."""
    profile = solar_profile(days_of(np.zeros((365, 24))), 52.0)

    assert profile.sum() == pytest.approx(1, rel=0.005)
    assert np.unravel_index(profile.argmax(), profile.shape)[1] in (11, 12)
    assert profile[:, 0].max() == 0
    assert profile[171].sum() > 6 * profile[354].sum()
    assert (
        solar_profile(days_of(np.zeros((1, 24))), -34.0).sum() > 3 * solar_profile(days_of(np.zeros((1, 24))), 52).sum()
    )


def test_what_panels_yield_too_much_is_given():
    """Use less yield is taken less given, hour by hour; what is given earns its price, and no carbon."""
    dates, energy = day(1.0)
    taken, given_, cost, carbon = (
        np.array(policy_scenario(dates, energy, 0, 0, 0, 0, 4, what, 0.3, 0.05))
        for what in ("kwh", "export_kwh", "cost", "co2_kg")
    )
    produced = 4 * 950 * solar_profile(days_of(np.zeros((1, 24)), first_day=NEW_YEAR + 2192 + 152), 52.0)[0]

    np.testing.assert_allclose(taken - given_, 1 - produced, rtol=0.01, atol=0.01)
    assert (np.minimum(taken, given_) == 0).all()
    assert given_.max() > 0.5
    np.testing.assert_allclose(cost, taken * 0.3 - given_ * 0.05)
    np.testing.assert_allclose(carbon, taken * 0.177)


def test_days_keep_their_totals():
    """A shift moves nothing between days; a day's own peak is its mean power, for more is not known."""
    dates = ["2025-06-02", "2025-06-03"]

    assert policy_scenario(dates, [240.0, 480.0], 0, 0.5) == pytest.approx([240, 480])
    assert last_reasons()[-1]["reason"].startswith("rows are days or longer: a shift changes nothing")
    assert policy_scenario(dates, [240.0, 480.0], what="peak_kw") == pytest.approx([10, 20])
    assert policy_scenario(dates, [240.0, 480.0], 0.1, ev_count=1) == pytest.approx([222.08, 438.08], abs=0.01)


def test_months_have_no_peak():
    """Null with a reason; their energy is answered."""
    months = [f"2025-{month:02d}-01" for month in range(1, 13)]

    assert policy_scenario(months, [100.0] * 12, what="peak_kw") == [None] * 12
    assert last_reasons()[-1]["reason"] == "a peak needs days or parts of days"
    assert policy_scenario(months, [100.0] * 12, 0.2) == pytest.approx([80.0] * 12)


def test_what_is_not_known_stays_so():
    """No reading, no scenario."""
    dates, energy = day(1.0)
    energy[5] = None

    assert [row for row, one in enumerate(policy_scenario(dates, energy, ev_count=1, solar_kwp=1)) if one is None] == [
        5
    ]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.none() | st.floats() | st.integers(-9, 9), min_size=1, max_size=30),
    st.lists(st.none() | st.floats() | st.text(max_size=3) | st.lists(st.floats(), max_size=3), min_size=5, max_size=5),
    st.sampled_from(["kwh", "export_kwh", "saved_kwh", "peak_kw", "cost", "co2_kg", "nonsense", None]),
    st.sampled_from([60, 30, 288, 1440]),
)
def test_anything_is_answered(energy, measures, what, minutes):
    """As many values back as rows, and no error but a refusal in words."""
    stamps = np.datetime64("2019-03-30", "s") + np.arange(len(energy)) * np.timedelta64(minutes * 60, "s")
    dates = [str(one) for one in stamps]

    assert len(policy_scenario(dates, energy, *measures, what)) == len(energy)
    with np.errstate(all="ignore"), contextlib.suppress(InputError):
        policy_scenario.__wrapped__(dates, energy, *measures, what)
