"""Readings that must teach nothing, seen in the values alone: for calls that come without weights.

The pipeline knows better (its rules see neighbours, flags and edits) and sends weights. A view in Tableau has only
values: there a long run of one value, zeros among real load, and a spike are taken out here.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tabpy_functions.days import Days
from tabpy_functions.levels import Floats

Bools = NDArray[np.bool_]


def without_doubtful(days: Days, *, most: float = 0.3) -> Days:
    """Take the weight from stuck runs, zero-filled runs and spikes.

    Parameters
    ----------
    days : Days
    most : float, default 0.3
        Where more than this share of the readings looks doubtful it is the nature of the channel (a constant load, a
        pump that is mostly off), and nothing is taken.

    Returns
    -------
    Days
        The same, with some weights 0.
    """
    values = days.energy_kwh[: days.origin].ravel()
    known = np.isfinite(values)
    if known.sum() < 2:
        return days
    doubtful = np.zeros(days.energy_kwh.size, dtype=bool)
    for found in (_runs(values, days.slots), _spikes(values)):
        if found.sum() <= most * known.sum():
            doubtful[: len(values)] |= found
    return replace(days, weight=np.where(doubtful.reshape(days.weight.shape), 0.0, days.weight))


def _runs(values: Floats, slots: int, stuck: float = 1.0, zeros: float = 0.25, days: int = 5) -> Bools:
    """Runs of one value: a day of it, or a quarter of a day of zeros; five days where a value is a whole day's total.

    Lengths as of rules V08 and V09 (reference, section 4.2), zeros shorter as they stand for missing data. The cells
    on either side of a run of zeros are partial, so they go with it.
    """
    change = np.flatnonzero(values[1:] != values[:-1]) + 1
    first, end = np.concatenate([[0], change]), np.concatenate([change, [len(values)]])
    is_zero = values[first] == 0
    least = np.where(is_zero, max(2.0, zeros * slots), stuck * slots) if slots > 1 else np.where(is_zero, 2, days)
    is_long = (end - first >= least) & np.isfinite(values[first])
    edge = is_long & is_zero & (slots > 1)
    delta = np.zeros(len(values) + 1, dtype=np.int64)
    np.add.at(delta, np.maximum(first - edge, 0)[is_long], 1)
    np.add.at(delta, np.minimum(end + edge, len(values))[is_long], -1)
    return np.cumsum(delta[:-1]) > 0


def _spikes(values: Floats, beside: float = 2.5, above: float = 1.5) -> Bools:
    """Single values far above both neighbours and all but the highest 0.5 in a hundred (reference data, Cambridge)."""
    size = np.where(np.isfinite(values), values, 0.0)
    neighbours = np.maximum(np.concatenate([[0.0], size[:-1]]), np.concatenate([size[1:], [0.0]]))
    limit = np.quantile(size[np.isfinite(values)], 0.995)
    return np.asarray((size > beside * neighbours) & (size > above * limit) & (limit > 0))
