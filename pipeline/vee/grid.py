"""The one shape in the middle: channels × intervals, NaN where nothing was read."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.clock import utc_offsets

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.uint8]
Instants = NDArray[np.int64]


@dataclass(frozen=True)
class Grid:
    """Interval data of some channels that share a step and a clock. Nobody changes one in place.

    Attributes
    ----------
    starts : array of int64, shape (intervals,)
        Start of each interval. [s since 1970 UTC]
    ends : array of int64, shape (intervals,)
        End of each interval; a daily interval of a summer-time change has 23 or 25 hours. [s since 1970 UTC]
    minutes : int
        Nominal length of an interval; 1440 is a local day. [min]
    timezone : str
        IANA name of the sites' clock: decides what a day is, never where energy goes.
    energy : array of float64, shape (channels, intervals)
        The value to use. [kWh]
    quality : array of uint8, shape (channels, intervals)
        `pipeline.schema.Quality`.
    method : array of uint8, shape (channels, intervals)
        `pipeline.schema.Method`.
    raw : array of float64, shape (channels, intervals)
        The value as read wherever `energy` differs from it; NaN elsewhere. [kWh]
    rule : array of uint8, shape (channels, intervals)
        Number of the rule (9 for V09) that changed the value or the quality; 0: none.
    file_id : array of int32, shape (channels, intervals)
        The file a reading came from; 0: none.
    channels : pandas.DataFrame, one row a channel, index 0 … channels-1
        `site_id`, `meter_id`, `channel` (text), `channel_id` (int, 0 before the database has given one),
        `first`, `last` (positions of the channel's first and last interval: outside them nothing is expected),
        `fresh_first`, `fresh_last` (positions between which this run may write; the rest is history read for context),
        `can_export` (bool: the site feeds in, so the night may be zero and the delivered channel too),
        `limit_kw` (float, NaN: unknown).
    elsewhere : array of bool, shape (channels, intervals), or None
        True where nothing is expected inside a span, because the same stream has it at another interval length; None:
        nowhere.
    """

    starts: Instants
    ends: Instants
    minutes: int
    timezone: str
    energy: Floats
    quality: Codes
    method: Codes
    raw: Floats
    rule: Codes
    file_id: NDArray[np.int32]
    channels: pd.DataFrame
    elsewhere: Bools | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(channels, intervals)."""
        return self.energy.shape

    @property
    def hours(self) -> Floats:
        """Length of each interval, shape (intervals,). [h]"""
        return (self.ends - self.starts) / 3600.0

    @property
    def intervals_per_day(self) -> int:
        """Intervals of a day without a clock change."""
        return max(1, 1440 // self.minutes)

    def expected(self) -> Bools:
        """True inside each channel's span, where a reading is expected; shape (channels, intervals)."""
        position = np.arange(self.energy.shape[1])
        first, last = (self.channels[name].to_numpy()[:, None] for name in ("first", "last"))
        inside: Bools = (position >= first) & (position <= last)
        return inside if self.elsewhere is None else inside & ~self.elsewhere

    def of_channels(self, rows: Bools) -> "Grid":
        """Give only some channels; `rows` has one value a channel."""
        layers = {name: getattr(self, name)[rows] for name in ("energy", "quality", "method", "raw", "rule", "file_id")}
        elsewhere = None if self.elsewhere is None else self.elsewhere[rows]
        return replace(self, channels=self.channels[rows].reset_index(drop=True), elsewhere=elsewhere, **layers)

    def fresh(self) -> Bools:
        """True where this run may write; shape (channels, intervals)."""
        position = np.arange(self.energy.shape[1])
        first, last = (self.channels[name].to_numpy()[:, None] for name in ("fresh_first", "fresh_last"))
        return (position >= first) & (position <= last)

    def wall_clock(self) -> Instants:
        """Starts on the site's clock, shape (intervals,). [s since 1970 local]"""
        return self.starts + utc_offsets(self.timezone, self.starts)

    def local_days(self) -> Instants:
        """Number of the local day of each interval, shape (intervals,). [days since 1970-01-01 local]"""
        return self.wall_clock() // 86400
