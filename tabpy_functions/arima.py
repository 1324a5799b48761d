"""Seasonal ARIMA on daily totals, with holidays, weather and season as regressors; like days give the shape."""

import logging
import warnings
from typing import Any

import numpy as np

from tabpy_functions.averages import Fitted, fit_mean, unbounded
from tabpy_functions.days import Days, Forecast
from tabpy_functions.levels import WEEK, Floats, daily_totals, taught
from tabpy_functions.totals import Scale, calendar_columns, parted, scale_of

log = logging.getLogger(__name__)
ARIMA = "arima"
YEAR = 365.25


def forecast_arima_days(days: Days, *, order: tuple[int, int, int] = (1, 0, 0)) -> Forecast:
    """Forecast daily totals with ARIMA `order` and a seasonal (0, 1, 1) of seven days, and part them as like days did.

    Regressors (holidays, heating, cooling, two waves a year) are fitted first, on differences of a week; what they
    leave is what ARIMA sees. That is as good as one likelihood of both and takes a quarter of the time.

    Parameters
    ----------
    days : Days
    order : (int, int, int), default (1, 0, 0)

    Returns
    -------
    Forecast
        Without bounds. The four-week mean where there are less than eight weeks or nothing moves.
    """
    return unbounded(fit_arima(days, order=order)(days), ARIMA)


def fit_arima(days: Days, *, order: tuple[int, int, int] = (1, 0, 0), most: int = 730) -> Fitted:
    """Learn from the last `most` days before the origin; see `forecast_arima_days`."""
    total = daily_totals(taught(days))[: days.origin]
    known = np.isfinite(total)
    if known.sum() < 8 * WEEK or np.ptp(total[known]) == 0:
        return fit_mean(days)
    scale = scale_of(total[known])
    value, causes = scale.forth(total), _causes(days, int(np.ptp(np.flatnonzero(known))))
    slope = _slopes(value, causes[: days.origin])
    rest = (value - causes[: days.origin] @ slope)[-most:]
    fitted = _fitted(rest, order)
    return fit_mean(days) if fitted is None else lambda later: _apply(fitted, slope, scale, later)


def _fitted(rest: Floats, order: tuple[int, int, int], least: float = 1e-4) -> Any:
    """Fit what the regressors leave; None where weeks differ by less than `least` of the level: nothing is left."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX  # type: ignore[import-untyped]

    steps = rest[WEEK:] - rest[:-WEEK]
    steps = steps[np.isfinite(steps)]
    if len(steps) < 2 * WEEK or np.std(steps) < least:
        return None
    model = SARIMAX(rest, order=order, seasonal_order=(0, 1, 1, WEEK), concentrate_scale=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence and of starting values; the backtest judges what comes out
        try:
            return model.fit(disp=0, maxiter=25, cov_type="none")
        except np.linalg.LinAlgError as error:
            log.info("ARIMA has no solution: %s", error)
            return None


def _causes(days: Days, span: int) -> Floats:
    """Regressors, shape (days, columns)."""
    columns = calendar_columns(days)
    if span > YEAR:
        turn = 2 * np.pi * (days.first_day + np.arange(len(days.energy_kwh))) / YEAR
        columns |= {f"{wave.__name__}{times}": wave(times * turn) for times in (1, 2) for wave in (np.sin, np.cos)}
    return np.column_stack(list(columns.values()))


def _slopes(value: Floats, causes: Floats, ridge: float = 1.0) -> Floats:
    """Least squares on differences of a week; a little ridge keeps a cause that hardly occurred from running away."""
    step, moved = value[WEEK:] - value[:-WEEK], causes[WEEK:] - causes[:-WEEK]
    good = np.isfinite(step)
    limit = np.quantile(np.abs(step[good]), 0.99)
    step, moved = np.clip(step[good], -limit, limit), moved[good]
    return np.asarray(np.linalg.solve(moved.T @ moved + ridge * np.eye(moved.shape[1]), moved.T @ step))


def _apply(fitted: Any, slope: Floats, scale: Scale, days: Days, recent: int = 120) -> Floats:
    energy = taught(days)
    total = daily_totals(energy)
    causes = _causes_like(days, len(slope))
    first = max(0, days.origin - recent)
    rest = (scale.forth(total) - causes @ slope)[first : days.origin]
    if not np.isfinite(rest).any():
        return fit_mean(days)(days)
    said = fitted.apply(rest).forecast(days.horizon) + causes[days.origin :] @ slope
    return parted(scale.back(said), days, energy)


def _causes_like(days: Days, columns: int) -> Floats:
    """The same columns as were fitted."""
    with_season = len(calendar_columns(days)) < columns
    return _causes(days, 10_000 if with_season else 0)
