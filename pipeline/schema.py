"""The shape of every frame and table: names, types, codes and units, once.

Instants are whole seconds since 1970-01-01T00:00:00 UTC unless the name says otherwise. An interval is half-open,
`[start, end)`. Energy is kWh, demand kW.
"""

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

STREAM = ["meter_id", "channel"]
"""Columns that name a stream of a meter, whatever the length of its intervals."""


class Quality(IntEnum):
    """How the value in `energy_kwh` came to be."""

    ACTUAL = 0
    ESTIMATED = 1
    EDITED = 2
    MISSING = 3


QUALITY_NAMES = tuple(quality.name.lower() for quality in Quality)

CHANNELS = ("delivered", "received", "reactive", "reactive_received")
"""Streams of a meter, seen by the customer: `delivered` is what was used, `received` what was fed in. The reactive
ones are kVArh. A meter has one stream of each: a second register is a meter of its own (`NMI-E2`)."""


class Method(IntEnum):
    """How a value that is not a plain reading was made.

    Numbers below 100 are the method codes of AEMO's Meter Data File Format (NEM12), section "quality and method"; a
    supplier's code is stored as it came. Those from 200 are ours, for what that list has no word for.
    """

    NONE = 0
    CHECK = 11
    CALCULATED = 12
    SCADA = 13
    LIKE_DAY = 14
    AVERAGE_LIKE_DAY = 15
    AGREED = 16
    LINEAR = 17
    ALTERNATE = 18
    ZERO = 19
    PROSPECTIVE_LIKE_DAY = 20
    FIVE_MINUTE = 21
    PROSPECTIVE_AVERAGE_LIKE_DAY = 22
    PREVIOUS_YEAR = 23
    SCALED = 24
    AVERAGE_DAILY_LOAD = 25
    SUPPLIER = 200
    DST_SPLIT = 201
    PRORATED = 202
    EDIT = 203


def method_name(code: int) -> str | None:
    """Give the text of a method code as extracts show it; None for a plain reading."""
    if code == Method.NONE:
        return None
    return Method(code).name.lower() if code in Method._value2member_map_ else f"nem12_{code}"


SEVERITIES = ("info", "issue", "terminate")


@dataclass(frozen=True, slots=True)
class Finding:
    """The record of a rule and what it found: one run of intervals of one channel, or a whole file.

    Attributes
    ----------
    rule_id : str
        "V01" … "V23" of the rule table (`pipeline.vee.rules.RULES`).
    meter_id, channel : str or None
        None when the finding is about a file or a whole site; then `detail` names who is concerned.
    first_start_utc, last_start_utc : int or None
        Start of the first and of the last interval concerned. [s since 1970 UTC]
    intervals : int
        How many intervals are concerned.
    detail : str
        One plain sentence: what was seen, against which limit, and what was done.
    file : Path or None
        The file that the readings came from, when there is one.
    """

    rule_id: str
    meter_id: str | None
    channel: str | None
    first_start_utc: int | None
    last_start_utc: int | None
    intervals: int
    detail: str
    file: Path | None = None


@dataclass(frozen=True)
class Stream:
    """One column, meter or register of a file, and how its stamps and values are to be understood.

    Attributes
    ----------
    meter_id : str
        The meter's name, whole, as the file has it.
    channel : str
        One of `pipeline.schema.CHANNELS`.
    unit : str
        Of the values: "kWh", "Wh", "MWh", "GWh", "kW", "W", "MW" (mean power in the interval), "kVArh", "VArh",
        "kVAr"; upper and lower case as here.
    timezone : str or None
        IANA name of the clock that the stamps are in. "UTC" when the file states instants (an offset, an epoch).
        "Etc/GMT-10" for a clock that is UTC+10 all year. None: nobody has said.
    label : str
        "start" or "end": which end of the interval a stamp marks.
    minutes : int or None
        Interval length when the file states it; None: infer it from the stamps. 1440 means a local day.
    is_register : bool
        True when values are those of an ever-growing register, read at the stamp.
    fixed_cells : bool
        True when every day has the same number of cells whatever the clock does (day rows: DST shape F).
    newest_first : bool
        True when the file runs backwards.
    multiplier : float
        Applied to every value before anything else.
    site_id : str or None
        The usage point when the file names one beside the meter.
    site_timezone : str or None
        IANA name of the site's clock when the file states it beside instants: it decides what a day is.
    digits : int or None
        Digits of a register, for rollover.
    reset_window : (str, str) or None
        Times of day between which a register may fall back to zero, as in `pipeline.sources.source.Feed`.
    doubtful : bool
        True when the stamps cannot be trusted and the user insists: every reading is marked (V01).
    opens, closes : (int, float) or None
        First and last read of a register of which the reader gives the differences: stamp [s on the stream's clock] and
        value. They join the file to those before and after it.
    """

    meter_id: str
    channel: str = "delivered"
    unit: str = "kWh"
    timezone: str | None = None
    label: str = "start"
    minutes: int | None = None
    is_register: bool = False
    fixed_cells: bool = False
    newest_first: bool = False
    multiplier: float = 1.0
    site_id: str | None = None
    site_timezone: str | None = None
    digits: int | None = None
    reset_window: tuple[str, str] | None = None
    doubtful: bool = False
    opens: tuple[int, float] | None = None
    closes: tuple[int, float] | None = None


class Stretch(NamedTuple):
    """First and last read of a stretch of a register without a gap. [s since 1970 UTC, kWh]"""

    first_at: int
    first_kwh: float
    last_at: int
    last_kwh: float


class Rows(NamedTuple):
    """Readings of several streams, in the order they were read; `Batch` with run-wide stream numbers."""

    stream: NDArray[np.int32]
    stamp: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8] | None
    method: NDArray[np.uint8] | None
    minutes: NDArray[np.int32] | None

    def take(self, chosen: NDArray[np.intp] | NDArray[np.bool_] | slice) -> "Rows":
        """Give the chosen rows."""
        columns: list[Any] = [None if column is None else column[chosen] for column in self]
        return Rows(*columns)
