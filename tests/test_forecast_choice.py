"""The choice of a forecast, its scores and bounds, what must not teach, and the functions that Tableau calls."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from forecast_channels import MONDAY, changed, channel, rmse

from tabpy_functions.answering import last_reasons
from tabpy_functions.averages import fit_mean, fit_naive
from tabpy_functions.choosing import choose_forecast
from tabpy_functions.doubt import without_doubtful
from tabpy_functions.forecasts import forecast, forecast_arima, forecast_peak_demand, forecast_prophet
from tabpy_functions.intervals import band_of, bounds
from tabpy_functions.levels import with_weather_ahead
from tabpy_functions.mixing import balanced, mixing, relative_errors, together
from tabpy_functions.scoring import Trials, backtest, past_origins, score

HALF = {"four-week mean": fit_mean, "half of it": lambda days: lambda later: fit_mean(days)(later) / 2}


def trials_of(actual, naive, **expected):
    """Two origins, two days, one slot."""
    shape = (2, 2, 1)
    given = {name: np.full(shape, float(value)) for name, value in expected.items()}
    return Trials(np.full(shape, float(actual)), given, np.full(shape, float(naive)), np.zeros((2, 2), bool))


def test_a_score_is_as_worked_out_by_hand():
    """Errors of 3 and 4 on a mean of 10: MAE 3.5, RMSE sqrt(12.5) of 10, against 7 of last week."""
    actual = np.full((1, 2, 1), 10.0)
    trials = Trials(actual, {}, actual - 7, np.zeros((1, 2), bool))

    found = score("a", trials, actual + np.array([3.0, -4.0])[None, :, None], 0.8)

    assert (found.model, found.horizon_days, found.origins, found.coverage) == ("a", 2, 1, 0.8)
    assert found.mae_kwh == pytest.approx(3.5)
    assert found.rmse_share == pytest.approx(np.sqrt(12.5) / 10)
    assert found.mase == pytest.approx(0.5)


def test_unknown_cells_are_not_scored():
    """A cell that may not teach counts in no error."""
    actual = np.array([[[10.0], [np.nan]]])
    trials = Trials(actual, {}, np.full((1, 2, 1), 9.0), np.zeros((1, 2), bool))

    assert score("a", trials, np.full((1, 2, 1), 12.0)).mae_kwh == 2.0


def test_weights_are_the_inverse_of_errors():
    """Errors of 1 and 2: to the power of one, two thirds and one third; the best first."""
    trials = trials_of(10, 5, coarse=12, fine=11)

    assert relative_errors(trials.actual, trials.expected) == pytest.approx({"coarse": 4 / 3, "fine": 2 / 3})
    assert list(mixing(trials, power=1.0).items()) == [("fine", pytest.approx(2 / 3)), ("coarse", pytest.approx(1 / 3))]
    assert mixing(trials, power=8.0) == {"fine": 1.0}  # a part below one in twenty is left out


def test_what_is_worse_than_last_week_is_not_chosen():
    """Above the slack it has no part; where everything is worse, last week it is."""
    assert mixing(trials_of(10, 8, good=11, bad=13)) == {"good": 1.0}
    assert mixing(trials_of(10, 8, good=11, bad=13), power=1.0) == {"good": 1.0}
    assert mixing(trials_of(10, 8, good=11, fair=12.4), power=1.0).keys() == {"good", "fair"}
    assert mixing(trials_of(10, 9, bad=13, worse=15)) == {"seasonal naive": 1.0}
    assert mixing(trials_of(10, 9, high=11.2, low=8.8)) == pytest.approx({"high": 0.5, "low": 0.5})
    assert mixing(trials_of(10, 9, high=11.2, higher=11.1)) == {"seasonal naive": 1.0}


def test_errors_that_cancel_are_mixed():
    """2 too high and 1 too low in each of 8 weeks: two parts of the low to one of the high, though it errs less."""
    two = trials_of(10, 5, high=12, low=9)
    expected = {name: np.tile(one, (4, 1, 1)) for name, one in two.expected.items()}
    many = Trials(np.tile(two.actual, (4, 1, 1)), expected, np.tile(two.naive, (4, 1, 1)), np.tile(two.is_rest, (4, 1)))

    assert mixing(two)["low"] == pytest.approx(16 / 17)
    assert mixing(many)["low"] == pytest.approx(2 / 3, abs=0.03)
    assert balanced(many, {"high": 0.5, "low": 0.5}, 0.05, pull=1e6)["low"] == pytest.approx(0.5, abs=1e-3)


def test_a_model_far_worse_than_the_mean_takes_no_part():
    """Errors of 3 the other way would cancel those of the mean, but are more than chance explains."""
    few = trials_of(10, 5, **{"four-week mean": 11, "wild": 7})
    expected = {name: np.tile(one, (4, 1, 1)) for name, one in few.expected.items()}
    many = Trials(np.tile(few.actual, (4, 1, 1)), expected, np.tile(few.naive, (4, 1, 1)), np.tile(few.is_rest, (4, 1)))

    assert mixing(many) == {"four-week mean": 1.0}
    assert set(together(many, 4.0, 0.05, worst=9.0)) == {"four-week mean", "wild"}


def test_where_nothing_is_wrong_all_are_as_good():
    """A constant channel has errors of zero and no warning."""
    assert mixing(trials_of(10, 10, a=10, b=10)) == {"a": 0.5, "b": 0.5}


def test_a_model_that_halves_is_not_chosen():
    """And every model that was tried has a score, as has the mixture."""
    days, actual = channel(200, noise=0.1)

    choice = choose_forecast(days, models=HALF)

    assert choice.weights == {"four-week mean": 1.0}
    assert choice.forecast.model == "four-week mean"
    assert {one.model for one in choice.scores} == {*HALF, "seasonal naive"}
    mase = {one.model: one.mase for one in choice.scores}
    assert mase["four-week mean"] < 1 < mase["half of it"]
    assert mase["seasonal naive"] == 1.0
    assert rmse(choice.forecast.expected_kwh, actual) < 0.2


def test_all_models_together():
    """A mixture of what is good, weights that add up to 1, bounds around it, the same each time."""
    days, actual = channel(300, 14, noise=0.1)

    choice, again = choose_forecast(days), choose_forecast(days)

    assert sum(choice.weights.values()) == pytest.approx(1.0)
    assert choice.forecast.model == " + ".join(choice.weights)
    assert choice.scores[-1].model == choice.forecast.model
    assert rmse(choice.forecast.expected_kwh, actual) < 0.15
    assert (choice.forecast.lower_kwh < choice.forecast.expected_kwh).all()
    assert (choice.forecast.expected_kwh < choice.forecast.upper_kwh).all()
    np.testing.assert_array_equal(choice.forecast.expected_kwh, again.forecast.expected_kwh)
    np.testing.assert_array_equal(choice.forecast.upper_kwh, again.forecast.upper_kwh)


def test_bounds_enclose_the_named_share():
    """Of noise that stays as it was, 80 of 100 within 8; more when more is asked for."""
    held = {share: [] for share in (0.5, 0.8, 0.95)}
    for seed in range(12):
        days, actual = channel(250, noise=0.2, seed=seed)
        for share, found in held.items():
            one = choose_forecast(days, models={"four-week mean": fit_mean}, share=share).forecast
            found.append(((one.lower_kwh <= actual) & (actual <= one.upper_kwh)).mean())

    assert np.mean(held[0.8]) == pytest.approx(0.82, abs=0.04)  # 0.8, widened a little
    assert np.mean(held[0.5]) < np.mean(held[0.8]) < np.mean(held[0.95])


def test_a_band_is_as_wide_as_errors_were():
    """Errors of 2 by day and 20 at weekends: bounds of working days are narrower."""
    random = np.random.default_rng(0)
    is_rest = np.tile(np.arange(7) >= 5, (200, 1))
    error = random.normal(0, np.where(is_rest, 20.0, 2.0)[:, :, None], (200, 7, 24))

    lower, upper = bounds(np.zeros((7, 24)), is_rest[0], band_of(error, is_rest, 0.8, widen=1.0))

    assert upper[:5].mean() == pytest.approx(1.2816 * 2, rel=0.1)
    assert lower[5:].mean() == pytest.approx(-1.2816 * 20, rel=0.1)


def test_a_backtest_knows_nothing_of_what_it_forecasts():
    """The forecasts from past origins are the same whatever came after; origins end before now."""
    days, _ = channel(200, 14, noise=0.1)
    origins = past_origins(days, 14)
    other = changed(days, slice(origins[0], 200), 1.0)
    fits = {"four-week mean": fit_mean, "naive": fit_naive}

    known, same = (backtest(one, fits, origins[:1], 14) for one in (days, other))

    assert origins == [200 - 14 - 7 * back for back in range(7, -1, -1)]
    assert len(past_origins(days, 1)) == 28
    for name in fits:
        np.testing.assert_array_equal(known.expected[name], same.expected[name])
    assert not np.array_equal(known.actual, same.actual)


def test_a_model_that_fails_takes_no_part(caplog):
    """Its reason is in the log."""

    def broken(days):
        raise ValueError("no such matrix")

    choice = choose_forecast(channel(200)[0], models={"broken": broken, "four-week mean": fit_mean})

    assert choice.weights == {"four-week mean": 1.0}
    assert "broken cannot be fitted: no such matrix" in caplog.text


@pytest.mark.parametrize("known", [0, 1, 14, 21, 40, 60])
@pytest.mark.parametrize("horizon", [0, 1, 14])
def test_short_channels_have_a_choice(known, horizon):
    """Without a backtest there are no scores and no bounds; with one there are."""
    days, actual = channel(known, horizon, noise=0.1)

    choice = choose_forecast(days)

    assert choice.forecast.expected_kwh.shape == actual.shape
    assert known == 0 or np.isfinite(choice.forecast.expected_kwh).all()
    assert bool(choice.scores) == (horizon > 0 and known >= 21)
    assert np.isfinite(choice.forecast.lower_kwh).all() == (horizon == 0 or known >= 21)


def test_a_year_by_days():
    """365 days from 1,000, with bounds; trees on lags of weeks take no part."""
    days, actual = channel(1000, 365, 1, noise=0.1)

    choice = choose_forecast(days)

    assert np.isfinite(choice.forecast.lower_kwh).all()
    assert "boosted" not in {one.model for one in choice.scores}
    assert rmse(choice.forecast.expected_kwh, actual) < 0.15


def test_temperature_that_ends_with_the_readings_is_left_out():
    """Half of the horizon must have it."""
    days, _ = channel(60, 10)
    warm = np.where(np.arange(70)[:, None] < 64, 10.0, np.nan) * np.ones((1, 24))

    assert with_weather_ahead(replace(days, temperature_c=warm)).temperature_c is None
    assert with_weather_ahead(replace(days, temperature_c=np.nan_to_num(warm))).temperature_c is not None


def test_doubtful_readings_lose_their_weight():
    """A day of one value, six zeros with the half hours beside them, and a spike; nothing else."""
    days, _ = channel(60, noise=0.1)
    energy = days.energy_kwh.copy()
    energy[20] = 7.0
    energy[30, 5:11] = 0.0
    energy[40, 12] = 99.0
    expected = np.zeros(energy.shape, bool)
    expected[20], expected[30, 4:12], expected[40, 12] = True, True, True

    weight = without_doubtful(replace(days, energy_kwh=energy)).weight

    np.testing.assert_array_equal(days.weight - weight, expected.astype(float))


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_constant_channel_is_not_doubtful(value):
    """It is as it is."""
    days = changed(channel(60)[0], slice(0, 60), value)

    assert without_doubtful(days).weight.sum() == 60 * 24


def test_a_pump_that_is_mostly_off_is_not_doubtful():
    """Two hours a day and zeros else."""
    days, _ = channel(60, noise=0.1)
    days = replace(days, energy_kwh=np.where((np.arange(24) // 2 == 4), days.energy_kwh, 0.0))

    assert without_doubtful(days).weight.sum() == 60 * 24


DAY = datetime(1970, 1, 1) + timedelta(days=MONDAY)


def call_of(known, ahead, *, seed=0):
    """What Tableau sends: stamps and energy by hour, None ahead; and what comes."""
    days, actual = channel(known, ahead, noise=0.05, seed=seed)
    stamps = [(DAY + timedelta(hours=hour)).isoformat(" ") for hour in range(24 * (known + ahead))]
    energy = [None if np.isnan(one) else float(one) for one in days.energy_kwh.ravel()]
    return stamps, energy, actual


@pytest.mark.parametrize("function", [forecast, forecast_prophet, forecast_arima])
def test_future_rows_are_filled(function):
    """And no other; in any order of rows."""
    stamps, energy, actual = call_of(100, 7)

    answer = function(stamps, energy)
    turned = function(stamps[::-1], energy[::-1])

    assert answer[: 100 * 24] == [None] * 2400
    assert rmse(np.array(answer[2400:]).reshape(7, 24), actual) < 0.1
    assert turned[::-1] == answer


def test_bounds_are_made_when_asked_for():
    """Below and above the forecast of the same function, further apart for more."""
    stamps, energy, _ = call_of(150, 3)
    middle = np.array(forecast_prophet(stamps, energy)[3600:])
    low, high, higher = (
        np.array(forecast_prophet(stamps, energy, None, None, what, share)[3600:])
        for what, share in (("lower_kwh", 0.8), ("upper_kwh", 0.8), ("upper_kwh", [0.95] * len(energy)))
    )

    assert (low < middle).all()
    assert (middle < high).all()
    assert (high < higher).all()


def test_a_stuck_stretch_teaches_a_call_nothing():
    """A call has no weights, so a month of one value is seen by itself."""
    stamps, energy, _ = call_of(150, 7)
    answers = []
    for value in (4.2, 420.0):
        stuck = [value if 100 * 24 <= hour < 130 * 24 else one for hour, one in enumerate(energy)]
        answers.append(forecast_arima(stamps, stuck))

    assert answers[0] == answers[1]


def test_without_future_rows_there_is_a_reason():
    """All None, and the reason can be read."""
    stamps, energy, _ = call_of(30, 1)

    assert forecast(stamps[:720], energy[:720]) == [None] * 720
    assert "no future rows" in str(last_reasons()[-1]["reason"])
    assert forecast(stamps, energy, None, None, "middle") == [None] * 744
    assert "is none of" in str(last_reasons()[-1]["reason"])


def test_peak_demand_is_of_the_highest_interval():
    """Half-hours of 10 kWh at most are 20 kW; each row of a day has the day's; days have no peak."""
    stamps, energy, _ = call_of(100, 7)
    halves = [(DAY + timedelta(minutes=30 * half)).isoformat(" ") for half in range(48 * 107)]

    answer = forecast_peak_demand(halves, [one for one in energy for _ in range(2)])

    assert answer[: 48 * 100] == [None] * 4800
    by_day = np.array(answer[4800:]).reshape(7, 48)
    assert (by_day == by_day[:, :1]).all()
    assert by_day[:, 0] == pytest.approx([21.8, 21.8, 21.8, 8.8, 8.8, 21.8, 21.8], rel=0.05)  # Wednesday is the first
    assert forecast_peak_demand(stamps[::24], energy[::24]) == [None] * 107


@pytest.mark.shared_data
def test_cambridge(shared_data: Path) -> None:
    """The protocol on two meters and a week: better than the four-week mean; on a day: than last week."""
    from benchmarks.forecast_accuracy import FORECAST, MEAN, NAIVE, cases_of, read_meters, table

    meters = read_meters(shared_data / "cambridge", "GB-ENG")
    spring, summer = 442, 547
    found = [
        [case for meter in (4, 43) for case in cases_of(meter, meters, origins, ahead, with_temperature=True)]
        for ahead, origins in ((7, [spring]), (1, [summer]))
    ]
    week, day = (table(cases) for cases in found)

    assert (len(week), len(day)) == (2, 2)
    assert week[FORECAST].mean() < 0.9 * week[MEAN].mean()
    assert week["prophet"].mean() < week[MEAN].mean()
    assert day[FORECAST].mean() < 0.9 * day[NAIVE].mean()
