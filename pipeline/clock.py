"""Clocks: what a zone's offset is at an instant, and when it changes. Seconds in, seconds out, arrays throughout."""

from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import SettingsError

DAY = 86400
HOUR = 3600


def check_timezone(name: str) -> str:
    """Give `name` back if it is an IANA time zone; raise SettingsError with an example if it is not."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(
            f"time zone {name!r} is not known -> use a name like Europe/London, America/Los_Angeles or UTC"
        ) from None
    return name


def _offset_at(zone: ZoneInfo, instant: int) -> int:
    offset = pd.Timestamp(instant, unit="s", tz="UTC").tz_convert(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


@lru_cache(maxsize=256)
def clock_changes(timezone: str, first_day: int, last_day: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find every change of a zone's offset between two days.

    Parameters
    ----------
    timezone : str
        IANA name.
    first_day, last_day : int
        [days since 1970-01-01 UTC]

    Returns
    -------
    instants : array of int64
        When each offset begins; the first is `first_day` itself. [s since 1970 UTC]
    offsets : array of int64
        The offset from then on. [s east of UTC]
    """
    zone = ZoneInfo(check_timezone(timezone))
    days = np.arange(first_day, last_day + 2, dtype=np.int64) * DAY
    local = pd.to_datetime(days, unit="s", utc=True).tz_convert(zone).tz_localize(None)
    daily = local.as_unit("s").asi8 - days
    instants, offsets = [int(days[0])], [int(daily[0])]
    for position in np.flatnonzero(np.diff(daily)):
        low, high = int(days[position]), int(days[position + 1])
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset_at(zone, middle) == offsets[-1] else (low, middle)
        instants.append(high)
        offsets.append(int(daily[position + 1]))
    return np.array(instants, dtype=np.int64), np.array(offsets, dtype=np.int64)


def utc_offsets(timezone: str, instants: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the zone's offset at each instant.

    Parameters
    ----------
    timezone : str
        IANA name.
    instants : array of int64, any shape
        [s since 1970 UTC]

    Returns
    -------
    array of int64, same shape
        [s east of UTC]
    """
    if instants.size == 0:
        return np.zeros(instants.shape, dtype=np.int64)
    changes, offsets = clock_changes(timezone, int(instants.min()) // DAY - 1, int(instants.max()) // DAY + 1)
    if len(offsets) == 1:
        return np.full(instants.shape, offsets[0], dtype=np.int64)
    return offsets[np.searchsorted(changes, instants, side="right") - 1]


def first_instants(timezone: str, wall: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the instant at which a zone's clock first shows a time, or goes on past it where it leaves it out.

    Parameters
    ----------
    timezone : str
        IANA name.
    wall : array of int64, any shape
        [s since 1970 local]

    Returns
    -------
    array of int64, same shape
        [s since 1970 UTC]
    """
    if wall.size == 0:
        return wall
    changes, offsets = clock_changes(timezone, int(wall.min()) // DAY - 2, int(wall.max()) // DAY + 2)
    period = np.searchsorted(changes[1:] + offsets[:-1], wall, side="right")
    return np.asarray(np.maximum(changes[period], wall - offsets[period]))


def interval_ends(timezone: str, starts: NDArray[np.int64], minutes: int) -> NDArray[np.int64]:
    """Give the end of intervals of so many minutes; 1440 is a local day, however long. [s since 1970 UTC]"""
    if minutes * 60 != DAY:
        return starts + minutes * 60
    wall = starts + utc_offsets(timezone, starts)
    midnight = wall // DAY * DAY
    # A day that begins at 01:00, as the clock leaves midnight out, ends at midnight all the same.
    wall = np.where(first_instants(timezone, midnight) == starts, midnight, wall)
    return first_instants(timezone, wall + DAY)
