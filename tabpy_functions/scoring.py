"""How wrong models have been: forecasts from past origins against what came."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tabpy_functions.averages import Fitted, fit_naive
from tabpy_functions.days import SATURDAY, Days
from tabpy_functions.levels import WEEK, Floats, cut, mean_of

log = logging.getLogger(__name__)
Fit = Callable[[Days], Fitted]
LEAST_DAYS = 14
"""Days before the first origin of a backtest, of which every model can at least repeat a week."""


@dataclass(frozen=True)
class Score:
    """How wrong one model has been on one channel.

    Attributes
    ----------
    model : str
    horizon_days : int
    mae_kwh : float
        Mean absolute error of a slot. [kWh]
    rmse_share : float
        Root mean square error over mean energy, median of the origins; 0.1 is a tenth. NaN where the mean is zero.
    mase : float
        `mae_kwh` over that of repeating last week, on the same cells; below 1 is better than that. NaN where last week
        was right to the last digit.
    coverage : float
        Share of what came that lay within the bounds, each origin's bounds made from the other origins; NaN where
        there are none.
    origins : int
        Forecasts that were scored.
    """

    model: str
    horizon_days: int
    mae_kwh: float
    rmse_share: float
    mase: float
    coverage: float
    origins: int


@dataclass(frozen=True)
class Trials:
    """Forecasts from past origins.

    Attributes
    ----------
    actual : array of float64, shape (origins, horizon, slots)
        NaN where a cell may not teach.
    expected : dict of str to array of the same shape
    naive : array of the same shape
        Last week repeated.
    is_rest : array of bool, shape (origins, horizon)
        Saturdays, Sundays, holidays.
    """

    actual: Floats
    expected: Mapping[str, Floats]
    naive: Floats
    is_rest: NDArray[np.bool_]


def past_origins(days: Days, horizon: int, most: int = 8, part: float = 0.4) -> list[int]:
    """Choose origins of a backtest, oldest first: a week apart (a day, if a day is forecast) and ending before now.

    Parameters
    ----------
    days : Days
    horizon : int
        [days]
    most : int, default 8
        For horizons of a week and more; 28 are taken of single days, as they are less alike.
    part : float, default 0.4
        Share of the history that a backtest may hold out; a model needs the rest to learn.
    """
    step = WEEK if horizon > 1 else 1
    most = most if horizon > 1 else 28
    room = min(days.origin - LEAST_DAYS - horizon, int(part * days.origin) - horizon)
    count = min(most, room // step + 1) if room >= 0 else 0
    return [days.origin - horizon - step * back for back in range(count)][::-1]


def backtest(days: Days, fits: Mapping[str, Fit], origins: list[int], horizon: int) -> Trials:
    """Fit every model once, before the first origin, and forecast from each: nothing scored has been learned.

    A model that cannot be fitted to this channel takes no part, and the log says why.
    """
    at = [cut(days, origin, horizon) for origin in origins]
    fitted = fit_all(fits, at[0])
    teaches = np.where(days.weight > 0, days.energy_kwh, np.nan)
    rest = is_rest(days)
    return Trials(
        actual=np.stack([teaches[origin : origin + horizon] for origin in origins]),
        expected={name: np.stack([one(past) for past in at]) for name, one in fitted.items()},
        naive=np.stack([fit_naive(past)(past) for past in at]),
        is_rest=np.stack([rest[origin : origin + horizon] for origin in origins]),
    )


def is_rest(days: Days) -> NDArray[np.bool_]:
    """Saturdays, Sundays and holidays, shape (days,)."""
    return days.is_holiday | (days.weekday >= SATURDAY)


def fit_all(fits: Mapping[str, Fit], days: Days) -> dict[str, Fitted]:
    """Fit models; the log says why one could not be, and it is left out."""
    fitted = {}
    for name, fit in fits.items():
        try:
            fitted[name] = fit(days)
        except (ValueError, RuntimeError, np.linalg.LinAlgError) as error:
            log.warning("%s cannot be fitted: %s", name, error)
    return fitted


def score(model: str, trials: Trials, expected: Floats, coverage: float = np.nan) -> Score:
    """Score the forecasts of one model, shape (origins, horizon, slots)."""
    error = trials.actual - expected
    mae = float(mean_of(np.abs(error)))
    naive = float(mean_of(np.abs(trials.actual - trials.naive)))
    size = mean_of(trials.actual, axis=(1, 2))
    share = np.sqrt(mean_of(error**2, axis=(1, 2))) / np.where(size > 0, size, np.nan)
    known = share[np.isfinite(share)]
    return Score(
        model=model,
        horizon_days=trials.actual.shape[1],
        mae_kwh=mae,
        rmse_share=float(np.median(known)) if len(known) else np.nan,
        mase=mae / naive if naive > 0 else np.nan,
        coverage=coverage,
        origins=int(np.isfinite(trials.actual).any(axis=(1, 2)).sum()),
    )
