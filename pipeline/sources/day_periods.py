"""Intervals that a column counts within each local day: settlement periods 1 to 48, hours 1 to 24 (DST shape D).

A file in which days of a clock change have an hour fewer or more counts from midnight by elapsed time, so its zone must
be known to place them. One in which every day has the same count stands on the wall clock (shape F).
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.errors import FileRefusedError
from pipeline.sources.blocks import LABEL, Block, read_blocks
from pipeline.sources.cells import codes_of, floats_of
from pipeline.sources.document import Document
from pipeline.sources.stamps import DAY, NO_STAMP
from pipeline.sources.table import Table

Seconds = NDArray[np.int64]


@dataclass(frozen=True)
class DayPeriods:
    """How the intervals of a day are counted.

    Attributes
    ----------
    first : int
        Number of the interval that begins at midnight: 0 or 1.
    count : int
        Intervals of a usual day.
    zone : str or None
        Clock of the days, where some of them have an hour fewer or more; None: all days are alike.
    """

    first: int
    count: int
    zone: str | None = None

    @property
    def minutes(self) -> int:
        """Length of an interval. [min]"""
        return 1440 // self.count

    @property
    def note(self) -> str:
        """What was seen, for the user."""
        days = (
            f"days of a clock change of {self.zone} have an hour fewer or more" if self.zone else "every day is alike"
        )
        return f"readings are numbered {self.first} to {self.first + self.count - 1} within the local day ({days})"


def survey_periods(document: Document, table: Table, stamp: int, period: int, zone: str | None) -> DayPeriods:
    """Count the intervals of every day of a file.

    Parameters
    ----------
    document, table
    stamp, period : int
        Columns of the day and of the number.
    zone : str or None
        Clock that the user names.

    Raises
    ------
    FileRefusedError
        V21 when the numbers count no known intervals; V03 when days differ by an hour and nobody has named the clock.
    """
    last: dict[str, int] = {}
    lowest = 1
    for block in read_blocks(document, table, {stamp: LABEL, period: pa.float64()}):
        codes, labels = codes_of(block.columns[stamp])
        number, _ = floats_of(block.columns[period], table.decimal)
        good = (codes >= 0) & np.isfinite(number)
        if not good.any():
            continue
        lowest = min(lowest, int(number[good].min()))
        top = np.full(len(labels), -1.0)
        np.maximum.at(top, codes[good], number[good])
        for label, value in zip(labels, top.tolist(), strict=True):
            last[label] = max(last.get(label, -1), int(value))
    counts = Counter(value + 1 - lowest for value in last.values())
    usual = max(counts, key=lambda each: (counts[each], each), default=0)
    if usual <= 0 or 1440 % usual or usual < 24:
        reason = f"the numbers in {table.names[period].strip()!r} count no known intervals of a day ({usual} a day)"
        raise FileRefusedError(document.path, reason, "columns in [[feed]]")
    hour = usual // 24
    if not {usual - hour, usual + hour} & set(counts):
        return DayPeriods(lowest, usual)
    if zone is None:
        reason = f"some days have {usual - hour} or {usual + hour} intervals, and nothing says on which clock"
        raise FileRefusedError(document.path, reason, "give --timezone Europe/London", "V03")
    return DayPeriods(lowest, usual, zone)


def period_seconds(periods: DayPeriods, midnight: Seconds, block: Block, position: int, decimal: str) -> Seconds:
    """Give each row's start: UTC where days have their own lengths, else on the wall clock. [s since 1970]"""
    number, _ = floats_of(block.columns[position], decimal)
    elapsed = (number - periods.first) * periods.minutes * 60
    good = (midnight != NO_STAMP) & (elapsed >= 0) & (elapsed <= DAY + 3600) & (number == np.floor(number))
    if periods.zone is not None:
        days, inverse = np.unique(midnight, return_inverse=True)
        midnight = np.array([local_midnight(day, periods.zone) for day in days.tolist()], dtype=np.int64)[inverse]
    return np.where(good, midnight + np.where(good, elapsed, 0).astype(np.int64), NO_STAMP)


def clock_shift(start: int, end: int, zone: str) -> int:
    """Say by how much the clock is set forward between two of its stamps; an end not after its start is the later one.

    Stamps in seconds since 1970 on the clock of the zone.
    """
    one, other = (datetime(1970, 1, 1) + timedelta(seconds=each) for each in (start, end))
    offsets = (
        at.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() for at, fold in ((one, 0), (other, end <= start))
    )
    before, after = (offset or timedelta() for offset in offsets)
    return int((after - before).total_seconds())


@lru_cache(maxsize=1 << 16)
def local_midnight(midnight: int, zone: str) -> int:
    """Give the instant of a local midnight."""
    if midnight == NO_STAMP:
        return int(NO_STAMP)
    day = date.fromordinal(date(1970, 1, 1).toordinal() + midnight // DAY)
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC).timestamp())
