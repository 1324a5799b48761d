"""Forecast models on invented channels with known answers: what they must see, and what must not teach them."""

import logging
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from forecast_channels import FREE, changed, channel, rmse

from tabpy_functions.arima import fit_arima, forecast_arima_days
from tabpy_functions.averages import filled, fit_mean, fit_naive, forecast_mean_days, forecast_naive_days
from tabpy_functions.boosted import fit_boosted, forecast_boosted_days
from tabpy_functions.lags import alike, inputs_of, look_back
from tabpy_functions.levels import cut, daily_totals
from tabpy_functions.prophet_days import fit_prophet, forecast_prophet_days

LEARNING = {"prophet": fit_prophet, "arima": fit_arima, "boosted": fit_boosted}
ALL = {"mean": fit_mean, "naive": fit_naive} | LEARNING


@pytest.fixture(params=ALL)
def fit(request):
    """Every model."""
    return ALL[request.param]


@pytest.fixture(params=LEARNING)
def learned(request):
    """The models that learn more than means."""
    return LEARNING[request.param]


@pytest.mark.parametrize("slots", [1, 24, 48])
def test_a_week_that_repeats_is_seen(fit, slots):
    """Without noise, every model forecasts the week to one in fifty."""
    days, actual = channel(200, slots=slots)

    assert rmse(fit(days)(days), actual) < 0.02


def test_the_public_names_give_forecasts_without_bounds():
    """`forecast_*_days` wrap the models: a shape, a name, no bounds."""
    days, actual = channel(100)
    given = [one(days) for one in (forecast_mean_days, forecast_naive_days, forecast_prophet_days)]
    given += [one(days) for one in (forecast_arima_days, forecast_boosted_days)]

    assert [one.model for one in given] == ["four-week mean", "seasonal naive", "prophet", "arima", "boosted"]
    assert all(one.expected_kwh.shape == actual.shape for one in given)
    assert all(np.isnan(one.lower_kwh).all() and np.isnan(one.upper_kwh).all() for one in given)


def test_the_mean_is_of_four_like_days():
    """Mondays of 1, 2, 3, 4, 5 kWh: the next is the mean of the last four, and last week repeated is 5."""
    energy = np.repeat(np.arange(1.0, 6.0), 7)[:, None]
    days = channel(35, 7, 1)[0]
    days = replace(days, energy_kwh=np.concatenate([energy, np.full((7, 1), np.nan)]))

    assert fit_mean(days)(days)[0, 0] == 3.5
    assert fit_naive(days)(days)[0, 0] == 5.0


def test_a_weight_counts():
    """A Monday of half the weight counts half: (2 + 2 + 2 + 8 / 2) / 3.5."""
    days = channel(28, 7, 1)[0]
    days = changed(changed(days, slice(0, 28), 2.0), [21], 8.0, weight=0.5)

    assert fit_mean(days)(days)[0, 0] == pytest.approx(10 / 3.5)


def test_holidays_neither_teach_working_days_nor_are_forecast_as_such(learned):
    """After three holidays a fourth is forecast nearer to a Sunday than to a working day, and the day after is not."""
    days, actual = channel(260, holidays=FREE, noise=0.02)
    work, rest = 168.0, 96.0
    expected = learned(days)(days).sum(axis=1)

    assert days.weekday[259:262].tolist() == [0, 1, 2]
    assert actual.sum(axis=1)[:2] == pytest.approx([rest, work], rel=0.05)
    assert expected[0] < (work + rest) / 2
    assert expected[1] == pytest.approx(work, rel=0.05)


def test_a_holiday_on_a_sunday_is_a_sunday(learned):
    """What a holiday spares on a working day is spared already: it is not taken off a second time."""
    days, actual = channel(265, holidays=(*FREE[:-1], 265), noise=0.02)
    total = learned(days)(days).sum(axis=1)

    assert days.weekday[265] == 6
    assert days.is_holiday[265]
    assert actual.sum(axis=1)[0] == pytest.approx(96.0, rel=0.05)
    assert total[0] == pytest.approx(96.0, rel=0.05)


def test_a_holiday_without_precedent_is_a_sunday():
    """The first holiday of a channel is forecast as its Sundays are; the mean of a holiday is of holidays."""
    first, rested = channel(203, holidays=(203,))
    again, _ = channel(203, holidays=(150, 203))
    again = changed(again, [150], 6.0)

    assert fit_mean(first)(first)[0] == pytest.approx(rested[0])
    assert fit_mean(again)(again)[0] == pytest.approx(np.full(24, 6.0))


@pytest.mark.parametrize("stuck", [0.0, 10.0, 1000.0])
def test_what_has_no_weight_teaches_nothing(fit, stuck):
    """A stuck month forecasts the same whatever it is stuck at, to the last digit."""
    days, _ = channel(200, noise=0.1)
    rows = slice(150, 180)

    known, other = (changed(days, rows, value, weight=0.0) for value in (5.0, stuck))

    np.testing.assert_array_equal(fit(known)(known), fit(other)(other))


def test_with_weight_the_same_month_would_teach(learned):
    """The test above is not passed by ignoring the month anyway."""
    days, _ = channel(200, noise=0.1)
    rows = slice(170, 200)

    assert not np.allclose(*(learned(one)(one) for one in (days, changed(days, rows, 1000.0))))


def test_the_future_is_not_looked_at(fit):
    """Values at and after the origin change nothing, even where they have a weight."""
    days, actual = channel(200, noise=0.1)
    told = changed(days, slice(200, 207), 7 * actual, weight=1.0)

    np.testing.assert_array_equal(fit(days)(days), fit(told)(told))


def test_inputs_hold_only_what_was_known_at_their_origin():
    """Whatever came after the origin of an example: its inputs are the same."""
    days, _ = channel(200, 14, noise=0.2)
    origin, row = np.repeat(np.arange(60, 180, 9), 14), (np.arange(60, 180, 9)[:, None] + np.arange(14)).ravel()
    for place in range(0, len(row), 14):
        one = slice(place, place + 14)
        later = changed(days, slice(int(origin[place]), 200), 99.0)

        given, same = (inputs_of(look_back(each), origin[one], row[one]).columns for each in (days, later))

        np.testing.assert_array_equal(given, same)


def test_the_last_days_of_the_kind():
    """Before a Monday: Friday, Thursday and Wednesday, without the holiday between; before a Sunday, days of rest."""
    days, _ = channel(28, 7, holidays=(17,))
    past, origin = look_back(days), np.array([21, 27, 2])  # a Monday, a Sunday, the first Wednesday

    found = alike(past, origin, origin)

    assert found.T.tolist() == [[18, 16, 15], [26, 20, 19], [1, 0, -1]]


@pytest.mark.parametrize("fit", [one for name, one in ALL.items() if name != "arima"])
def test_a_fitted_model_forecasts_from_later_origins(fit):
    """Fitted once, it is applied to later days and uses what has come since (ARIMA learns how far it follows)."""
    days, _ = channel(200, noise=0.02)
    model = fit(cut(days, 150, 7))
    doubled = changed(days, slice(160, 200), 2 * days.energy_kwh[160:200])
    past = cut(doubled, 193, 7)

    assert rmse(model(past), doubled.energy_kwh[193:200]) < 0.12


def test_the_hour_that_spring_leaves_out_costs_nothing(fit):
    """With the slot of a clock change empty, the forecast is that with it, but for chance."""
    days, _ = channel(200, noise=0.02)
    energy = days.energy_kwh.copy()
    energy[195, 2] = np.nan
    without = replace(days, energy_kwh=energy, weight=np.isfinite(energy).astype(float))

    assert fit(without)(without) == pytest.approx(fit(days)(days), rel=0.06)
    assert daily_totals(energy)[195] == pytest.approx(days.energy_kwh[195].sum(), rel=0.02)


def test_temperature_moves_what_heats(learned):
    """A channel that needs 2 kWh a degree: a cold week is forecast higher than a mild one, by about what it needs."""
    random = np.random.default_rng(1)
    warm = 12 + 6 * np.sin(np.arange(400) / 9)[:, None] + random.normal(0, 2, (400, 1)) + np.zeros((1, 24))
    energy = 20 + 2 * np.maximum(0, 15.5 - warm)
    days = channel(393, 7)[0]
    known = np.arange(400)[:, None] < 393
    days = replace(days, energy_kwh=np.where(known, energy, np.nan), weight=np.where(known, np.ones((1, 24)), 0.0))
    mild, cold = (np.where(known, warm, degrees) for degrees in (14.0, 4.0))

    said = [learned(one)(one).mean() for one in (replace(days, temperature_c=each) for each in (mild, cold))]

    assert said[0] == pytest.approx(23, rel=0.12)
    assert said[1] == pytest.approx(43, rel=0.25)


def test_what_never_was_below_zero_is_not_forecast_there():
    """A channel that has been (what is fed in, netted) may be."""
    energy = np.full((30, 2), 4.0)
    said = np.array([[-1.0, np.nan]])

    assert filled(said, energy, 30).tolist() == [[0.0, 4.0]]
    assert filled(said, np.where(np.arange(30)[:, None] == 3, -energy, energy), 30)[0, 0] == -1.0


NOTHING = np.full((60, 24), np.nan)
LAST = np.where(np.arange(60)[:, None] < 59, np.nan, 3.0) * np.ones((1, 24))
ODD = {
    "all null": NOTHING,
    "one day": LAST,
    "one cell": np.where(np.arange(1440).reshape(60, 24) == 777, 3.0, np.nan),
    "two days": np.where(np.arange(60)[:, None] % 40 == 10, 3.0, np.nan) * np.ones((1, 24)),
    "constant": np.full((60, 24), 3.0),
    "zeros": np.zeros((60, 24)),
    "zeros at night and weekends": np.where((np.arange(60)[:, None] % 7 < 5) & (np.arange(24) > 8), 5.0, 0.0),
    "negative": -channel(60)[0].energy_kwh[:60],
    "in and out": channel(60, noise=0.3)[0].energy_kwh[:60] - 7,
    "tiny": np.full((60, 24), 1e-300) * (1 + np.arange(60)[:, None] % 7),
    "huge": np.full((60, 24), 1e13) * (1 + np.arange(60)[:, None] % 7),
    "one day of each three": np.where(np.arange(60)[:, None] % 3 == 0, 4.0, np.nan) * np.ones((1, 24)),
    "a day after a long gap": np.where(np.arange(60)[:, None] % 59 == 0, 4.0, np.nan) * np.ones((1, 24)),
    "not finite": np.where(np.arange(60)[:, None] % 20 == 3, np.inf, 4.0) * np.ones((1, 24)),
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_channels_have_a_forecast(fit, odd):
    """No error, no warning; numbers wherever anything is known at all, and none where nothing is."""
    energy = np.concatenate([ODD[odd], np.full((14, 24), np.nan)])
    days = replace(channel(60, 14)[0], energy_kwh=energy, weight=np.isfinite(energy).astype(float))

    expected = fit(days)(days)

    assert expected.shape == (14, 24)
    assert np.isnan(expected).all() if odd == "all null" else np.isfinite(expected).all()
    if odd in ("constant", "zeros", "one day", "one cell", "two days"):
        assert expected == pytest.approx(np.full((14, 24), ODD[odd][np.isfinite(ODD[odd])][0]))


@pytest.mark.parametrize("known", [0, 1, 5, 13, 20])
def test_short_channels_have_a_forecast(fit, known):
    """From the first day on."""
    days, _ = channel(known, 3)

    assert np.isfinite(fit(days)(days)).all() == (known > 0)


def test_a_year_ahead_stays_within_what_was_seen():
    """1,000 days, a year to come: no trend runs away, and winter is above summer as it was."""
    season = 1 + 0.3 * np.cos(2 * np.pi * np.arange(1365) / 365.25)
    days, _ = channel(1000, 365, 1, noise=0.05)
    energy = days.energy_kwh * season[:, None]
    days = replace(days, energy_kwh=energy)
    low, high = np.nanmin(energy), np.nanmax(energy)
    for fit in (fit_prophet, fit_arima):
        expected = fit(days)(days)[:, 0]

        assert expected.min() > 0.9 * low
        assert expected.max() < 1.1 * high
        weekly = expected[: 52 * 7].reshape(52, 7).mean(axis=1)
        assert weekly[11:17].mean() > 1.2 * weekly[37:43].mean()  # rows 1077 to 1120 are winter


def test_equal_calls_have_equal_answers(fit):
    """To the last digit, so that a cache may answer."""
    days, _ = channel(150, noise=0.2)

    np.testing.assert_array_equal(fit(days)(days), fit(days)(days))


def test_prophet_leaves_no_files_and_says_nothing(capfd, caplog, monkeypatch, tmp_path):
    """Neither in the folder of cmdstanpy nor among temporary files; nothing on the screen or in the log."""
    import cmdstanpy

    days, _ = channel(150, noise=0.1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            fit_prophet(days)(days)

    assert list(tmp_path.iterdir()) == list(Path(cmdstanpy._TMPDIR).iterdir()) == []
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
