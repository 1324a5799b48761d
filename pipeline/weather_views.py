"""How a load depends on the weather: degree days, the energy signature, and what would have been used without a change.

Arrays in, small frames out; NaN is missing and left out. Temperatures are in any unit, the same throughout a call.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
WEEK_HOURS = 168


def degree_days(starts: ArrayLike, temperature: ArrayLike, base: float, cooling: bool = False) -> pd.DataFrame:
    """Sum up how far each day was below a base temperature (heating) or above it (cooling), from hourly means.

    Parameters
    ----------
    starts : array of int64
        Start of each hour on the wall clock. [s since 1970 local]
    temperature : array of float
        Mean of each hour.
    base : float
        A setting: 15.5 degC in the UK, 65 degF in the US (reference, section 11.6).
    cooling : bool, default False
        True: degrees above the base.

    Returns
    -------
    pandas.DataFrame
        `date`, `degree_days`, and `hours`, of which it is made: few hours make a poor day.
    """
    excess = _excess(np.asarray(temperature, dtype=np.float64), base, cooling)
    days = pd.Series(excess, index=np.asarray(starts, dtype=np.int64) // 86400).groupby(level=0)
    table = pd.DataFrame({"degree_days": days.mean(), "hours": days.count()})
    return table.set_axis(pd.to_datetime(table.index, unit="D").rename("date")).reset_index()


def degree_days_of_extremes(lowest: ArrayLike, highest: ArrayLike, base: float, cooling: bool = False) -> Floats:
    """Give degree days where only each day's lowest and highest temperature are known; hourly means are better.

    Parameters
    ----------
    lowest, highest : array of float
        Of each day.
    base, cooling
        As for `degree_days`.

    Returns
    -------
    array of float
        From the middle between the two.
    """
    middle = (np.asarray(lowest, dtype=np.float64) + np.asarray(highest, dtype=np.float64)) / 2
    return _excess(middle, base, cooling)


def _excess(temperature: Floats, base: float, cooling: bool) -> Floats:
    return np.maximum(temperature - base if cooling else base - temperature, 0.0)


def energy_signature(temperature: ArrayLike, demand: ArrayLike) -> tuple[pd.DataFrame, float]:
    """Set load against temperature, and say how strictly one follows the other.

    Parameters
    ----------
    temperature, demand : array of float
        Of the same intervals.

    Returns
    -------
    pairs : pandas.DataFrame
        `temperature` and `demand_kw` where both are known.
    sensitivity : float
        Spearman rank correlation: 1 when load always rises with temperature, -1 when it always falls; NaN when one of
        them never changes.

    References
    ----------
    .. [1] openEIS, application "energy signature". github.com/VOLTTRON/openeis
    """
    table = {"temperature": np.asarray(temperature, np.float64), "demand_kw": np.asarray(demand, np.float64)}
    pairs = pd.DataFrame(table).dropna(ignore_index=True)
    ranks = pairs.rank()
    if len(pairs) < 2 or (ranks.std() == 0).any():
        return pairs, np.nan
    return pairs, float(np.corrcoef(ranks["temperature"], ranks["demand_kw"])[0, 1])


@dataclass(frozen=True)
class Baseline:
    """A load as a function of hour of the week and temperature.

    Attributes
    ----------
    busy : array of bool, shape (168,)
        By hour of the week, from Monday 00:00.
    edges : array of float, shape (pieces - 1,)
        Temperatures at which the slope may change in busy hours; in idle ones it is the same throughout.
    busy_weights, idle_weights : array of float, shape (168 + pieces,) and (169,)
        Level of each hour of the week, then the slopes.
    cv_rmse : float
        Root mean square of the residuals in training, over the mean load.
    """

    busy: NDArray[np.bool_]
    edges: Floats
    busy_weights: Floats
    idle_weights: Floats
    cv_rmse: float


def fit_baseline(starts: ArrayLike, temperature: ArrayLike, demand: ArrayLike, pieces: int = 6) -> Baseline:
    """Fit a time-of-week and temperature baseline.

    Every hour of the week has a level of its own, and load follows temperature with a slope made of pieces when the
    building is busy and with one slope when it is idle. An hour of the week is busy when its median load is more than
    a tenth of the way from the 10th to the 90th percentile of that weekday.

    Parameters
    ----------
    starts : array of int64
        Start of each interval on the wall clock, before the change whose effect is asked for. [s since 1970 local]
    temperature, demand : array of float
        Of these intervals; at least one must have both.
    pieces : int, default 6
        Pieces of the slope, between the 2nd and the 98th percentile of temperature (both as openEIS has them).

    References
    ----------
    .. [1] Mathieu, Price, Kiliccote, Piette, "Quantifying Changes in Building Electricity Use, with Application to
       Demand Response", LBNL-4944E, 2011.
    """
    hours, warmth, load = _complete(starts, temperature, demand)
    busy = _busy_hours(hours, load)
    coldest, warmest = np.percentile(warmth, [2, 98])
    edges = np.linspace(coldest, warmest, pieces - 1)
    baseline = Baseline(
        busy,
        edges,
        _fit(_matrix(hours, warmth, edges), load, busy[hours]),
        _fit(_matrix(hours, warmth), load, ~busy[hours]),
        np.nan,
    )
    residual = load - _apply(baseline, hours, warmth)
    return replace(baseline, cv_rmse=float(np.sqrt(np.mean(residual**2)) / load.mean()))


def predict_baseline(baseline: Baseline, starts: ArrayLike, temperature: ArrayLike) -> Floats:
    """Tell what a load would have been; NaN where the temperature is missing. Parameters as for `fit_baseline`."""
    return _apply(baseline, _hours_of_week(starts), np.asarray(temperature, dtype=np.float64))


def _busy_hours(hours: NDArray[np.int64], load: Floats) -> NDArray[np.bool_]:
    series = pd.Series(load)
    weekdays = series.groupby(hours // 24)
    low, high = (weekdays.quantile(share).reindex(range(7)) for share in (0.1, 0.9))
    limits = np.repeat((low + 0.1 * (high - low)).to_numpy(), 24)
    medians = series.groupby(hours).median().reindex(range(WEEK_HOURS)).to_numpy()
    return ~(medians <= limits)  # an hour of the week that was never seen counts as busy


def _fit(matrix: Floats, load: Floats, rows: NDArray[np.bool_]) -> Floats:
    return np.asarray(np.linalg.lstsq(matrix[rows], load[rows], rcond=None)[0], dtype=np.float64)


def _complete(starts: ArrayLike, temperature: ArrayLike, demand: ArrayLike) -> tuple[NDArray[np.int64], Floats, Floats]:
    warmth, load = np.asarray(temperature, dtype=np.float64), np.asarray(demand, dtype=np.float64)
    known = ~np.isnan(warmth) & ~np.isnan(load)
    return _hours_of_week(starts)[known], warmth[known], load[known]


def _hours_of_week(starts: ArrayLike) -> NDArray[np.int64]:
    return (np.asarray(starts, dtype=np.int64) // 3600 + 3 * 24) % WEEK_HOURS  # 1970-01-01 was a Thursday


def _matrix(hours: NDArray[np.int64], warmth: Floats, edges: Floats | None = None) -> Floats:
    """One column for each hour of the week, and one for the temperature up to each edge: together, any broken line."""
    edges = np.empty(0) if edges is None else edges
    return np.hstack([np.eye(WEEK_HOURS)[hours], np.minimum(warmth[:, None], np.append(edges, np.inf))])


def _apply(baseline: Baseline, hours: NDArray[np.int64], warmth: Floats) -> Floats:
    busy = _matrix(hours, warmth, baseline.edges) @ baseline.busy_weights
    load: Floats = np.where(baseline.busy[hours], busy, _matrix(hours, warmth) @ baseline.idle_weights)
    return load
