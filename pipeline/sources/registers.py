"""From the reads of an ever-growing register to the energy between them (V14: rollover, reset, or a fall).

One stream at a time, oldest first; nothing is invented: a fall that is neither a rollover of the stated digits nor a
reset in the stated window has no energy.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SettingsError
from pipeline.sources.stamps import DAY, time_of_day

Seconds = NDArray[np.int64]
Floats = NDArray[np.float64]


class Step(IntEnum):
    """What happened to a register between two reads."""

    PLAIN = 0
    ROLLOVER = 1
    RESET = 2
    FALL = 3


class Differences(NamedTuple):
    """Energy between neighbouring reads; arrays of one length, one less than there are reads with a value."""

    start: Seconds
    end: Seconds
    energy: Floats
    step: NDArray[np.uint8]


def difference_registers(
    read_at: Seconds,
    values: Floats,
    *,
    digits: int | None = None,
    reset_window: tuple[str, str] | None = None,
    wall_clock: Seconds | None = None,
    nearly_full: float = 0.9,
) -> Differences:
    """Give the energy between the reads of one register.

    Reads without a value are passed over: the difference then spans more than one interval, and nothing is lost.

    Parameters
    ----------
    read_at : array of int64
        When the register was read, ascending. [s]
    values : array of float64
        What it showed; NaN where unknown. [kWh]
    digits : int or None
        Digits before the point of the dial. A fall from above `nearly_full` of 10^digits to below 1 - `nearly_full` of
        it is a rollover. None: there are no rollovers.
    reset_window : (str, str) or None
        Times of day on `wall_clock` between which a register may fall back to zero, both included, over midnight too;
        ("any", "any"): at any time.
    wall_clock : array of int64 or None
        `read_at` on the site's clock; None: `read_at` is that. [s]
    nearly_full : float, default 0.9
        An unverified default of the rule table (V14).

    Returns
    -------
    Differences
        `energy` is NaN where the register fell. [kWh]

    Raises
    ------
    SettingsError
        When the window is not two times of day.
    """
    known = ~np.isnan(values)
    at, dial = read_at[known], values[known]
    clock = at if wall_clock is None else wall_clock[known]
    energy = np.diff(dial)
    fell = energy < 0
    rolled = fell & _rollovers(dial, digits, nearly_full)
    reset = fell & ~rolled & _in_window(clock[1:], reset_window)
    step = np.select([rolled, reset, fell], [Step.ROLLOVER, Step.RESET, Step.FALL], Step.PLAIN).astype(np.uint8)
    energy = np.select([rolled, reset, fell], [energy + 10.0 ** (digits or 0), dial[1:], np.nan], energy)
    return Differences(at[:-1], at[1:], energy, step)


def _rollovers(dial: Floats, digits: int | None, nearly_full: float) -> NDArray[np.bool_]:
    if digits is None:
        return np.zeros(max(0, len(dial) - 1), dtype=np.bool_)
    full = 10.0**digits
    return (dial[:-1] > nearly_full * full) & (dial[:-1] <= full) & (dial[1:] < (1 - nearly_full) * full)


def _in_window(clock: Seconds, window: tuple[str, str] | None) -> NDArray[np.bool_]:
    """Whether a time of day lies in the window; one that ends before it begins goes over midnight."""
    if window is None or window == ("any", "any"):
        return np.full(len(clock), window is not None)
    parsed = [time_of_day(text.strip()) for text in window]
    if len(parsed) != 2 or any(each is None for each in parsed):
        raise SettingsError(f"reset window {window!r} is not two times of day -> use for example 23:45 and 00:15")
    first, last = (each[0] for each in parsed if each is not None)
    time = clock % DAY
    if first <= last:
        return (time >= first) & (time <= last)
    return (time >= first) | (time <= last)
