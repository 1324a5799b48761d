"""Bounds from past errors: as wide as the model has been wrong, at that time of day, on that kind of day."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tabpy_functions.levels import Floats, mean_of
from tabpy_functions.scoring import Trials


@dataclass(frozen=True)
class Band:
    """How wide the bounds of one channel are.

    Attributes
    ----------
    work, rest : array of float64, shape (slots,)
        Size of an error by slot, on working days and on others. [kWh]
    lower, upper : float
        Quantiles of the errors, in those sizes.
    """

    work: Floats
    rest: Floats
    lower: float
    upper: float


def band_of(error: Floats, is_rest: NDArray[np.bool_], share: float, widen: float = 1.1) -> Band:
    """Measure past errors.

    Parameters
    ----------
    error : array of float64, shape (origins, horizon, slots)
        What came less what was expected; NaN where not known. [kWh]
    is_rest : array of bool, shape (origins, horizon)
    share : float
        How much of what comes the bounds shall enclose: 0.8 leaves a tenth on either side.
    widen : float, default 1.1
        Eight weeks of errors are more alike than those to come. With 1.2 nominal 0.8 held 0.83 a week and 0.86 a day
        ahead (14 Cambridge meters, 2019).
    """
    everywhere = mean_of(np.abs(error), axis=(0, 1))
    general = float(mean_of(np.abs(error)))
    everywhere = _drawn(everywhere, general, len(error))
    work = _drawn(mean_of(np.abs(error[~is_rest]), axis=0), everywhere, len(error))
    rest = _drawn(mean_of(np.abs(error[is_rest]), axis=0), everywhere, len(error) / 2)
    size = np.where(is_rest[:, :, None], rest, work)
    relative = error / np.where(size > 0, size, np.nan)
    known = relative[np.isfinite(relative)]
    if len(known) == 0:
        return Band(work, rest, 0.0, 0.0)
    low, high = np.quantile(known, [(1 - share) / 2, (1 + share) / 2])
    return Band(work, rest, widen * min(float(low), 0.0), widen * max(float(high), 0.0))


def _drawn(size: Floats, towards: Floats | float, count: float) -> Floats:
    """Draw a mean of few errors towards that of more."""
    part = count / (count + 4)
    return np.where(np.isfinite(size), part * size + (1 - part) * towards, towards)


def bounds(expected: Floats, is_rest: NDArray[np.bool_], band: Band) -> tuple[Floats, Floats]:
    """Put a band around a forecast, shape (..., horizon, slots); `is_rest` has shape (..., horizon)."""
    size = np.where(is_rest[..., None], band.rest, band.work)
    return expected + band.lower * size, expected + band.upper * size


def coverage(trials: Trials, expected: Floats, share: float) -> float:
    """Share of what came within bounds that were made from the other origins; NaN with fewer than three."""
    error = trials.actual - expected
    if len(error) < 3:
        return np.nan
    inside = np.zeros(error.shape, dtype=bool)
    for one in range(len(error)):
        others = np.arange(len(error)) != one
        band = band_of(error[others], trials.is_rest[others], share)
        lower, upper = bounds(expected[one], trials.is_rest[one], band)
        inside[one] = (lower <= trials.actual[one]) & (trials.actual[one] <= upper)
    return float(inside[np.isfinite(error)].mean()) if np.isfinite(error).any() else np.nan
