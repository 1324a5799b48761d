"""The classic views of a load, and what it costs and emits. Arrays in, numbers and small frames out; NaN is missing.

Demand is in kW, energy in kWh; what is missing is left out and never taken for zero.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def load_duration(demand: ArrayLike) -> pd.DataFrame:
    """Sort a load, and tell for what share of the time it is exceeded.

    Parameters
    ----------
    demand : array of float
        [kW]

    Returns
    -------
    pandas.DataFrame
        `demand_kw` ascending, and `percent` = (n - rank) / n as a share, rank from 1.

    References
    ----------
    .. [1] openEIS, application "load duration". github.com/VOLTTRON/openeis
    """
    ascending = np.sort(_known(demand))
    count = len(ascending)
    return pd.DataFrame({"demand_kw": ascending, "percent": (count - np.arange(1, count + 1)) / max(count, 1)})


def heat_map(starts: ArrayLike, demand: ArrayLike) -> pd.DataFrame:
    """Give the mean load of every hour of every day; an hour without a reading has no row.

    Parameters
    ----------
    starts : array of int64
        Start of each interval on the wall clock. [s since 1970 local]
    demand : array of float
        [kW]

    Returns
    -------
    pandas.DataFrame
        `date`, `hour`, `demand_kw`, in order of time.
    """
    hours = pd.Series(np.asarray(demand, dtype=np.float64), index=np.asarray(starts, dtype=np.int64) // 3600).dropna()
    means = hours.groupby(level=0).mean()
    number = means.index.to_numpy()
    dates = pd.to_datetime(number // 24, unit="D")
    return pd.DataFrame({"date": dates, "hour": number % 24, "demand_kw": means.to_numpy()})


def load_profile(starts_utc: ArrayLike, demand: ArrayLike) -> pd.DataFrame:
    """Give a load as a series of instants, what is missing left out.

    Parameters
    ----------
    starts_utc : array of int64
        [s since 1970 UTC]
    demand : array of float
        [kW]

    Returns
    -------
    pandas.DataFrame
        `interval_start_utc` (with time zone UTC) and `demand_kw`.
    """
    instants = pd.to_datetime(np.asarray(starts_utc, dtype=np.int64), unit="s", utc=True)
    frame = pd.DataFrame({"interval_start_utc": instants, "demand_kw": np.asarray(demand, dtype=np.float64)})
    return frame.dropna(ignore_index=True)


@dataclass(frozen=True)
class DailySummary:
    """What a load is on its mean day; all NaN, and `note` says why, where there is not enough data.

    Attributes
    ----------
    low_kw, high_kw : float
        Means of the days' 5th and 95th percentiles. [kW]
    range_kw : float
        Mean of the days' differences between the two. [kW]
    ratio : float
        Mean of the days' low / high.
    variability : float
        Mean over the hours of the day of standard deviation / mean.
    peak_w_per_area : float
        Highest load over floor area, NaN where no area is known. [W per unit of area]
    note : str
        Empty, or what is missing.
    """

    low_kw: float = np.nan
    high_kw: float = np.nan
    range_kw: float = np.nan
    ratio: float = np.nan
    variability: float = np.nan
    peak_w_per_area: float = np.nan
    note: str = ""


def daily_summary(
    starts: ArrayLike, demand: ArrayLike, floor_area: float = np.nan, low_percent: float = 5, fewest: int = 5
) -> DailySummary:
    """Sum up a load as its mean day.

    Parameters
    ----------
    starts : array of int64
        Start of each interval on the wall clock. [s since 1970 local]
    demand : array of float
        [kW]
    floor_area : float, default NaN
        A real one; NaN: not known. [any unit of area]
    low_percent : float, default 5
        Percentile that is low; the high one is as far from 100. [%]
    fewest : int, default 5
        Days with fewer readings do not count.

    Returns
    -------
    DailySummary
        Without numbers when some hour of the day was read less than twice.

    References
    ----------
    .. [1] openEIS, application "daily summary", from Price, "Methods for Analyzing Electric Load Shape and its
       Variability", LBNL-3713E, 2010.
    """
    load = pd.Series(np.asarray(demand, dtype=np.float64), index=np.asarray(starts, dtype=np.int64)).dropna()
    hours = load.groupby(load.index // 3600 % 24)
    read = hours.size().reindex(range(24), fill_value=0)
    if (read < 2).any():
        return DailySummary(note=f"not enough data: hour {read.idxmin()} of the day was read {read.min()} times, not 2")
    load = load[load.groupby(load.index // 86400).transform("size") >= fewest]
    days = load.groupby(load.index // 86400)
    low, high = days.quantile(low_percent / 100), days.quantile(1 - low_percent / 100)
    return DailySummary(
        low_kw=low.mean(),
        high_kw=high.mean(),
        range_kw=(high - low).mean(),
        ratio=(low / high).mean(),
        variability=(hours.std() / hours.mean()).mean(),
        peak_w_per_area=float(np.nanmax(np.asarray(demand, dtype=np.float64))) * 1000 / floor_area,
    )


def yearly_energy(starts: ArrayLike, energy: ArrayLike) -> pd.DataFrame:
    """Sum up energy by calendar year, with the share of the intervals that the sum holds.

    Parameters
    ----------
    starts : array of int64
        Start of each interval on the wall clock. [s since 1970 local]
    energy : array of float
        [kWh]

    Returns
    -------
    pandas.DataFrame
        `year`, `energy_kwh` (what is missing is left out) and `coverage`.
    """
    year = np.asarray(starts, dtype="datetime64[s]").astype("datetime64[Y]").astype(np.int64) + 1970
    groups = pd.Series(np.asarray(energy, dtype=np.float64)).groupby(year)
    table = pd.DataFrame({"energy_kwh": groups.sum(min_count=1), "coverage": groups.count() / groups.size()})
    return table.rename_axis("year").reset_index()


@dataclass(frozen=True)
class CoincidentPeak:
    """When a group of channels needs most together.

    Attributes
    ----------
    position : int
        The interval of the highest sum.
    peak_kw : float
        That sum. [kW]
    at_peak_kw : array of float, shape (channels,)
        What each channel needs then; NaN where it is missing. [kW]
    factor : float
        Peak of the sum divided by the sum of the channels' own peaks.
    """

    position: int
    peak_kw: float
    at_peak_kw: Floats
    factor: float


def coincident_peak(demand: Floats) -> CoincidentPeak | None:
    """Find the interval in which the sum of all channels is highest.

    Parameters
    ----------
    demand : array of float, shape (channels, intervals)
        Plain readings only: whatever is NaN is left out of the sum. [kW]

    Returns
    -------
    CoincidentPeak or None
        None when nothing is known.
    """
    known = ~np.isnan(demand)
    if not known.any():
        return None
    together = np.where(known.any(axis=0), np.where(known, demand, 0.0).sum(axis=0), -np.inf)
    position = int(together.argmax())
    own = np.where(known, demand, -np.inf).max(axis=1)[known.any(axis=1)]
    peak = float(together[position])
    return CoincidentPeak(position, peak, demand[:, position], peak / float(own.sum()))


@dataclass(frozen=True)
class Products:
    """Energy times a factor of time (a price, a carbon intensity), in both ways in which that is done.

    Attributes
    ----------
    hourly : float
        Sum of each interval's energy times its own factor.
    flat : float
        All energy times the mean factor.
    """

    hourly: float
    flat: float


def multiply_by_time(energy: Floats, factor: Floats) -> Products:
    """Give cost from prices, or emissions from carbon intensities: by the interval, and by the mean.

    Parameters
    ----------
    energy : array of float, shape (intervals,) or (channels, intervals)
        NaN is left out. [kWh]
    factor : array of float, shape (intervals,)
        Money or mass for a kWh in each interval, negative prices included; complete (`fill_by_month_and_hour`).

    Returns
    -------
    Products
        In the factor's money or mass.

    Raises
    ------
    ValueError
        When the factor has gaps: a sum that leaves them out would look like a smaller bill.
    """
    if np.isnan(factor).any():
        raise ValueError(f"{np.isnan(factor).sum()} factors are missing: fill them first")
    return Products(float(np.nansum(energy * factor)), float(np.nansum(energy) * factor.mean()))


def fill_by_month_and_hour(starts: ArrayLike, factor: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    """Fill gaps of a price or carbon series with the mean of the same hour of the day in the same month.

    Parameters
    ----------
    starts : array of int64
        [s since 1970]
    factor : array of float
        NaN where missing.

    Returns
    -------
    filled : array of float
        NaN only where that month has no value for that hour at all.
    was_filled : array of bool
        True where `filled` is not what was given.
    """
    series = pd.Series(np.asarray(factor, dtype=np.float64))
    instants = np.asarray(starts, dtype=np.int64)
    months = instants.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    means = series.groupby([months, instants // 3600 % 24]).transform("mean")
    filled = np.asarray(series.fillna(means), dtype=np.float64)
    return filled, series.isna().to_numpy() & ~np.isnan(filled)


def _known(values: ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    return array[~np.isnan(array)]
