"""The forecasts that Tableau calls: future rows, which have a date and no energy, come back filled."""

from dataclasses import replace

import numpy as np

from tabpy_functions.answering import Answer, answers
from tabpy_functions.arima import ARIMA, fit_arima
from tabpy_functions.choosing import choose_forecast
from tabpy_functions.days import Days, Forecast
from tabpy_functions.doubt import without_doubtful
from tabpy_functions.inputs import InputError, Rows, number, read_rows, text
from tabpy_functions.levels import Floats, with_weather_ahead
from tabpy_functions.prophet_days import PROPHET, fit_prophet
from tabpy_functions.scoring import Fit

WHAT = ("forecast_kwh", "lower_kwh", "upper_kwh")
"""What can be asked for."""

NO_FUTURE = "no future rows: a forecast fills rows that have a date after the last reading and no energy"


@answers
def forecast(
    dates: list[object],
    energy_kwh: list[object],
    country: object = None,
    temperature_c: object = None,
    what: object = None,
    share: object = 0.8,
) -> Answer:
    """Forecast with the mixture of models that a backtest of these very rows speaks for.

    Parameters
    ----------
    dates, energy_kwh : list
        Rows in any order; future rows have None for energy. [kWh of the row's interval]
    country : str or list that repeats it, optional
        ISO code whose holidays hold, such as GB or US-CA.
    temperature_c : list, optional
        Outside air, future rows too; without those the forecast does not heed it. [degrees Celsius]
    what : str or list that repeats it, optional
        `forecast_kwh` (default), `lower_kwh` or `upper_kwh`.
    share : float or list that repeats it, default 0.8
        Part of what comes that the bounds shall enclose, 0.5 to 0.99.

    Returns
    -------
    list of float or None
        The energy of future rows, None for all others. [kWh]
    """
    return _filled(read_rows(dates, energy_kwh, country=country, temperature_c=temperature_c), what, share)


@answers
def forecast_prophet(
    dates: list[object],
    energy_kwh: list[object],
    country: object = None,
    temperature_c: object = None,
    what: object = None,
    share: object = 0.8,
) -> Answer:
    """Forecast with Prophet alone: daily totals with holidays and weather, parted as like days were.

    Arguments and answer as of `forecast`. Bounds cost a backtest, so they are only made when `what` asks for them.
    """
    rows = read_rows(dates, energy_kwh, country=country, temperature_c=temperature_c)
    return _filled(rows, what, share, {PROPHET: fit_prophet})


@answers
def forecast_arima(
    dates: list[object],
    energy_kwh: list[object],
    country: object = None,
    temperature_c: object = None,
    what: object = None,
    share: object = 0.8,
) -> Answer:
    """Forecast with ARIMA alone: daily totals with holidays and weather, parted as like days were.

    Arguments and answer as of `forecast`. Bounds cost a backtest, so they are only made when `what` asks for them.
    """
    rows = read_rows(dates, energy_kwh, country=country, temperature_c=temperature_c)
    return _filled(rows, what, share, {ARIMA: fit_arima})


@answers
def forecast_peak_demand(
    dates: list[object], energy_kwh: list[object], country: object = None, temperature_c: object = None
) -> Answer:
    """Forecast the highest demand of each future day.

    The highest of a mean forecast is below the highest that comes, so it is the past days' own peaks that are
    forecast, as `forecast` does with their energy.

    Parameters
    ----------
    dates, energy_kwh : list
        Rows of intervals shorter than a day, in any order; future rows have None for energy. [kWh]
    country, temperature_c : as of `forecast`

    Returns
    -------
    list of float or None
        The day's peak demand on each future row, None for all others; all None when rows are days or longer, which do
        not tell a peak. [kW]
    """
    rows = read_rows(dates, energy_kwh, country=country, temperature_c=temperature_c)
    if rows.grain != "interval":
        raise InputError(f"a row is a {rows.grain}: the peak of a day needs rows of hours or less")
    if not rows.is_future.any():
        raise InputError(NO_FUTURE)
    peak = choose_forecast(_peaks(without_doubtful(with_weather_ahead(rows.days)), rows.step_minutes)).forecast
    return Answer(rows.answer_future(np.repeat(peak.expected_kwh, rows.days.slots, axis=1)), rows.notes)


def _filled(rows: Rows, what: object, share: object, models: dict[str, Fit] | None = None) -> Answer:
    wanted = text(what, WHAT[0], WHAT)
    if not rows.is_future.any():
        raise InputError(NO_FUTURE)
    days = without_doubtful(with_weather_ahead(rows.days))
    forecast = _made(days, wanted != WHAT[0], number(share, 0.8, 0.5, 0.99), models)
    values = {WHAT[0]: forecast.expected_kwh, WHAT[1]: forecast.lower_kwh, WHAT[2]: forecast.upper_kwh}[str(wanted)]
    return Answer(rows.answer_future(values), rows.notes)


def _made(days: Days, is_bounded: bool, share: float, models: dict[str, Fit] | None) -> Forecast:
    """One model without bounds needs no backtest; anything else does."""
    if models is None or is_bounded:
        return choose_forecast(days, models=models, share=share).forecast
    ((name, fit),) = models.items()
    expected = fit(days)(days)
    nothing = np.full(expected.shape, np.nan)
    return Forecast(expected, nothing, nothing, name)


def _peaks(days: Days, minutes: int, enough: float = 0.8) -> Days:
    """Each day's highest demand, as a day of one slot; unknown where a fifth of the day is. [kW]"""
    demand = np.where(days.weight > 0, days.energy_kwh, np.nan) * (60 / minutes)
    known = np.isfinite(demand)
    highest = np.where(known, demand, -np.inf).max(axis=1, keepdims=True)
    is_known = known.mean(axis=1, keepdims=True) >= enough
    weather = days.temperature_c
    return replace(
        days,
        energy_kwh=np.where(is_known, highest, np.nan),
        weight=is_known.astype(np.float64),
        temperature_c=None if weather is None else _daily(weather),
    )


def _daily(temperature_c: Floats) -> Floats:
    known = np.isfinite(temperature_c)
    total = np.where(known, temperature_c, 0.0).sum(axis=1, keepdims=True)
    count = known.sum(axis=1, keepdims=True)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
