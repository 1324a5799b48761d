"""Which model: the one, or the mixture, that a backtest of the channel itself speaks for."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tabpy_functions.arima import ARIMA, fit_arima
from tabpy_functions.averages import FOUR_WEEKS, LAST_WEEK, fit_mean, fit_naive
from tabpy_functions.boosted import BOOSTED, fit_boosted
from tabpy_functions.days import Days, Forecast
from tabpy_functions.intervals import band_of, bounds, coverage
from tabpy_functions.levels import with_weather_ahead
from tabpy_functions.mixing import mixed, mixing
from tabpy_functions.prophet_days import PROPHET, fit_prophet
from tabpy_functions.scoring import Fit, Score, Trials, backtest, fit_all, is_rest, past_origins, score

MODELS: Mapping[str, Fit] = {FOUR_WEEKS: fit_mean, PROPHET: fit_prophet, ARIMA: fit_arima, BOOSTED: fit_boosted}
FAR = 28
"""Horizon beyond which lags of weeks say nothing, so that trees on them take no part. [days]"""


@dataclass(frozen=True)
class Choice:
    """A forecast and what speaks for it.

    Attributes
    ----------
    forecast : Forecast
        Its `model` names the parts, the heaviest first.
    scores : tuple of Score
        Every model that was tried, then the mixture itself under the forecast's name; its weights come from the same
        forecasts that it is scored on, which flatters it a little.
    weights : dict of str to float
        Part of each model in the forecast; they add up to 1.
    """

    forecast: Forecast
    scores: tuple[Score, ...]
    weights: Mapping[str, float]


def choose_forecast(
    days: Days, *, models: Mapping[str, Fit] | None = None, share: float = 0.8, origins: int = 8
) -> Choice:
    """Forecast with the models that a backtest speaks for, mixed by how wrong they have been.

    Parameters
    ----------
    days : Days
    models : dict of str to Fit, optional
        All of `MODELS` unless told otherwise; trees only for horizons up to `FAR`. A single one is taken as it is.
    share : float, default 0.8
        Part of what comes that the bounds shall enclose.
    origins : int, default 8
        Weekly forecasts of the backtest.

    Returns
    -------
    Choice
        With too little history for a backtest: the four-week mean, no scores and no bounds.
    """
    days = with_weather_ahead(days)
    fits = dict(models or {name: fit for name, fit in MODELS.items() if name != BOOSTED or days.horizon <= FAR})
    horizon = min(days.horizon, max(7, days.origin // 4)) if days.horizon > 1 else 1
    past = past_origins(days, horizon, origins) if days.horizon else []
    if not past:
        return _unproven(days)
    trials = backtest(days, fits, past, horizon)
    weights = mixing(trials) if len(fits) > 1 else dict.fromkeys(trials.expected, 1.0)
    return _mixed(days, fits, trials, weights, share)


def _mixed(days: Days, fits: Mapping[str, Fit], trials: Trials, weights: Mapping[str, float], share: float) -> Choice:
    fitted = fit_all({name: {**fits, LAST_WEEK: fit_naive}[name] for name in weights}, days)
    if not fitted:
        return _unproven(days)
    weights = {name: part / sum(weights[one] for one in fitted) for name, part in weights.items() if name in fitted}
    expected = mixed({name: one(days) for name, one in fitted.items()}, weights)
    tried = {**trials.expected, LAST_WEEK: trials.naive}
    said = mixed(tried, weights)
    lower, upper = bounds(expected, is_rest(days)[days.origin :], band_of(trials.actual - said, trials.is_rest, share))
    name = " + ".join(weights)
    scores = tuple(
        score(each, trials, one, coverage(trials, one, share)) for each, one in {**tried, name: said}.items()
    )
    return Choice(Forecast(expected, lower, upper, name), scores, weights)


def _unproven(days: Days) -> Choice:
    expected = fit_mean(days)(days)
    nothing = np.full(expected.shape, np.nan)
    return Choice(Forecast(expected, nothing, nothing.copy(), FOUR_WEEKS), (), {FOUR_WEEKS: 1.0})
