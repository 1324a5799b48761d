"""Labels to seconds: every way of writing an instant that meter files use, split into a day and a time of day.

A label is text such as "03 Dec 2019 00:30:00". Its day text and its time text are each parsed once, and the order of
day and month is one decision for a whole file, never one for a row (`pipeline.sources.dates`).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.sources.spellings import respelled

DAY = 86400
NO_STAMP = np.iinfo(np.int64).min
"""Stands for a label that is no instant."""

FIRST_YEAR, LAST_YEAR = 1970, 2100
"""Years that a reading can be of (chosen: smart meters and their successors)."""

ORDERS = ("day-first", "month-first", "year-first")
"""Orders in which the numbers of a day can stand."""

_EPOCH = date(1970, 1, 1).toordinal()
_MONTHS = {
    "jan": 1,
    "feb": 2,
    "mar": 3,
    "apr": 4,
    "may": 5,
    "jun": 6,
    "jul": 7,
    "aug": 8,
    "sep": 9,
    "oct": 10,
    "nov": 11,
}
_MONTHS |= {
    "dec": 12,
    "fev": 2,
    "avr": 4,
    "abr": 4,
    "mai": 5,
    "aou": 8,
    "set": 9,
    "okt": 10,
    "out": 10,
    "dez": 12,
    "dic": 12,
    "ene": 1,
    "gen": 1,
    "mär": 3,
    "mae": 3,
    "mrz": 3,
    "mrt": 3,
    "maj": 5,
    "mei": 5,
    "mag": 5,
    "giu": 6,
    "juin": 6,
    "juil": 7,
    "lug": 7,
    "ago": 8,
    "ott": 10,
}
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"
_DATE = (
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}"
    r"|\d{1,2}[- /.]*[^\W\d_]{3,10}[- /.,]*\d{2,4}|[^\W\d_]{3,9}\.?[- /]*\d{1,2},?[- /]+\d{4}|\d{8}"
)
_MONTH = re.compile(r"\s*(?:(\d{4})[-/](\d{1,2})|(\d{1,2})[-/](\d{4})|([^\W\d_]{3,10})\.?[ '-]+(\d{4}|\d{2}))\s*")
_SPLIT = re.compile(rf"\s*(?P<date>{_DATE})(?:(?:[T_ ]|,\s|\s)\s*(?P<time>{_CLOCK}.*))?\s*", re.DOTALL)
_LONG = re.compile(r"\s*(\d{8})[T ]?(\d{2})(\d{2})(\d{2})?(Z?)\s*")
_SECONDS = re.compile(r"\s*(\d{9,10}|\d{12,13})(?:\.0*)?\s*")
_SERIAL = re.compile(r"\s*([2-7]\d{4})(\.\d+)?\s*")
_TIME = re.compile(
    r"\[?(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\]?\s*([AaPp])?\.?(?:(?<=[AaPp])[Mm]\.?|(?<=[AaPp]\.)[Mm]\.?)?"
    r"\s*(Z|UTC|GMT|[-+]\d{2}:?\d{2}|[-+]\d{2})?(?:\s+([A-Z]{3,5}))?\s*(?:(?:to|-|–)\s.*)?",
    re.DOTALL,
)
_BESIDE_GMT = {"BST": "+01", "IST": "+01"}
"""Summer names of the clocks whose winter is GMT: British, Irish. Alone they may be another country's."""
_NUMERIC = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{2}|\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})[-/.]?(\d{1,2})[-/.]?(\d{1,2})")
_NAMED = re.compile(r"(\d{1,2})[- /.]*([^\W\d_]{3,10})[- /.,]*(\d{4}|\d{2})")
_NAMED_FIRST = re.compile(r"([^\W\d_]{3,9})\.?[- /]*(\d{1,2}),?[- /]+(\d{4})")


class Fields(NamedTuple):
    """The three numbers of a day text; `settled` is False when their order is still to be judged."""

    numbers: tuple[int, int, int]
    settled: bool


@lru_cache(maxsize=1 << 14)
def split_label(label: str) -> tuple[str, str] | None:
    """Split a label into the text of its day and the text of its time ("" when it has none); None: no instant.

    Seconds since 1970 and spreadsheet serial days are rewritten as an ISO day and time.
    """
    label = label.replace("\xa0", " ")
    serial = _SERIAL.fullmatch(label)
    if serial:
        instant = datetime(1899, 12, 30) + timedelta(seconds=round(float(serial.group()) * DAY))
        return instant.strftime("%Y-%m-%d"), instant.strftime("%H:%M:%S")
    month = month_text(label)
    if month:
        return month, ""
    found = _SPLIT.fullmatch(label)
    if found and (found.group("time") is None or time_of_day(found.group("time").strip())):
        return found.group("date"), (found.group("time") or "").strip()
    usual = respelled(label)
    again = None if usual is None else split_label(usual)
    if again or found is None:
        return again or _split_digits(label)
    return found.group("date"), found.group("time").strip()


def month_text(label: str) -> str | None:
    """Write a label that names a month and no day ("2022-01", "1/2022", "Jan 2022") as its first day in ISO."""
    found = _MONTH.fullmatch(label)
    if found is None:
        return None
    year, number, month, of_year, name, of_name = found.groups()
    if name:
        named = _named_day(f"1 {name} {of_name}")
        return None if named is None else "{:04d}-{:02d}-{:02d}".format(*named.numbers)
    year, number = (year, number) if year else (of_year, month)
    return f"{year}-{int(number):02d}-01" if 1 <= int(number) <= 12 and year[:2] in ("19", "20") else None


def _split_digits(label: str) -> tuple[str, str] | None:
    packed = _LONG.fullmatch(label)
    if packed and packed.group(1)[:2] in ("19", "20"):
        day, hour, minute, second, zone = packed.groups()
        return day, f"{hour}:{minute}:{second or '00'}{zone}"
    epoch = _SECONDS.fullmatch(label)
    if epoch:
        seconds = int(epoch.group(1)) // (1000 if len(epoch.group(1)) > 10 else 1)
        instant = datetime.fromtimestamp(seconds, UTC)
        return instant.strftime("%Y-%m-%d"), instant.strftime("%H:%M:%SZ")
    return None


def is_epoch(label: str) -> bool:
    """Whether a label counts seconds or milliseconds since 1970."""
    return bool(_SECONDS.fullmatch(label)) and not _LONG.fullmatch(label)


def is_serial(label: str) -> bool:
    """Whether a label is a spreadsheet's number of a day."""
    return bool(_SERIAL.fullmatch(label))


@lru_cache(maxsize=1 << 17)
def time_of_day(text: str, beside_gmt: bool = False) -> tuple[int, int | None] | None:
    """Give the seconds since midnight (24:00 is 86400) and the UTC offset if the text states one; None: no time.

    `beside_gmt`: other texts of the file say GMT, so that BST and IST state an offset too.
    """
    if not text:
        return 0, None
    found = _TIME.fullmatch(text)
    if not found:
        return None
    hour, minute, second = (int(part or 0) for part in found.group(1, 2, 3))
    half = (found.group(4) or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    total = hour * 3600 + minute * 60 + second
    if total > DAY or minute > 59 or second > 59:
        return None
    return total, _offset(found.group(5) or (_BESIDE_GMT.get(found.group(6)) if beside_gmt else None))


def are_gmt_and_summer(texts: Iterable[str]) -> bool:
    """Whether times of day end in GMT and in the name of its summer clock."""
    names = {text.rpartition(" ")[2] for text in texts}
    return "GMT" in names and not names.isdisjoint(_BESIDE_GMT)


def _offset(zone: str | None) -> int | None:
    if zone is None:
        return None
    digits = re.sub(r"\D", "", zone)
    if not digits:
        return 0
    seconds = int(digits[:2]) * 3600 + int(digits[2:4] or 0) * 60
    return -seconds if zone.startswith("-") else seconds


@lru_cache(maxsize=1 << 17)
def day_fields(text: str) -> Fields | None:
    """Take the numbers of a day text: (year, month, day) when they can only be read one way, else as they stand."""
    found = _NUMERIC.fullmatch(text)
    if found:
        first, second, third = (int(part) for part in found.groups())
        return Fields((first, second, _full_year(third, found.group(3))), False)
    found = _YEAR_FIRST.fullmatch(text)
    if found:
        year, month, day = (int(part) for part in found.groups())
        return Fields((year, month, day), True)
    return _named_day(text)


def _named_day(text: str) -> Fields | None:
    found = _NAMED.fullmatch(text)
    day, name, year = found.groups() if found else ("", "", "")
    if not found and (found := _NAMED_FIRST.fullmatch(text)):
        name, day, year = found.groups()
    plain = name[:4].lower().replace("é", "e").replace("û", "u")
    month = _MONTHS.get(plain, _MONTHS.get(plain[:3]))
    return Fields((_full_year(int(year), year), month, int(day)), True) if month else None


def _full_year(year: int, text: str) -> int:
    """Two digits as POSIX reads them: 69 to 99 are of the last century."""
    return year if len(text) == 4 else year + (1900 if year >= 69 else 2000)


@lru_cache(maxsize=1 << 17)
def day_number(text: str, order: str) -> int | None:
    """Give the number of the day that a text means when its numbers stand in `order`; None: there is no such day.

    Parameters
    ----------
    text : str
    order : str
        One of `ORDERS` ("year-first" is for two-digit years); texts that can be read one way ignore it.

    Returns
    -------
    int or None
        [days since 1970-01-01]
    """
    fields = day_fields(text)
    if fields is None:
        return None
    first, second, third = fields.numbers
    if not fields.settled:
        if order not in ORDERS:
            return None
        ordered = {"day-first": (third, second, first), "month-first": (third, first, second)}
        first, second, third = ordered.get(order, (2000 + first, second, third % 100))
    if not FIRST_YEAR <= first <= LAST_YEAR:
        return None
    try:
        return date(first, second, third).toordinal() - _EPOCH
    except ValueError:
        return None


Parser = Callable[[Sequence[str | None]], NDArray[np.int64]]
"""Labels to seconds since 1970 on the file's clock, or UTC where labels carry an offset; `NO_STAMP` for no instant."""


def label_parser(order: str, instants: bool, wall: bool = False) -> Parser:
    """Make the parser of a file's labels.

    Parameters
    ----------
    order : str
        As in `day_number`, or a strptime format.
    instants : bool
        True: labels must carry a UTC offset, and the result is UTC. False: they must not.
    wall : bool, default False
        True: leave the offset out of the result, which is then the label's own clock.
    """
    one = _strptime_parser(order) if "%" in order else _order_parser(order, instants)

    def parse(labels: Sequence[str | None]) -> NDArray[np.int64]:
        return np.array(
            [_on_clock(one(label), instants, wall) if label else NO_STAMP for label in labels], dtype=np.int64
        )

    return parse


def _on_clock(read: tuple[int, int | None] | None, instants: bool, wall: bool) -> int:
    if read is None or (read[1] is None) == instants:
        return int(NO_STAMP)
    return read[0] if wall else read[0] - (read[1] or 0)


def _order_parser(order: str, instants: bool) -> Callable[[str], tuple[int, int | None] | None]:
    def one(label: str) -> tuple[int, int | None] | None:
        parts = split_label(label)
        day = day_number(parts[0], order) if parts else None
        time = time_of_day(parts[1], instants) if parts else None
        return (day * DAY + time[0], time[1]) if day is not None and time is not None else None

    return one


def _strptime_parser(pattern: str) -> Callable[[str], tuple[int, int | None] | None]:
    def one(label: str) -> tuple[int, int | None] | None:
        try:
            instant = datetime.strptime(label.strip(), pattern)
        except ValueError:
            return None
        offset = instant.utcoffset()
        seconds = int((instant.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds())
        if not FIRST_YEAR <= instant.year <= LAST_YEAR:
            return None
        return seconds, None if offset is None else int(offset.total_seconds())

    return one


def day_text(day: int) -> str:
    """Write a day number as YYYY-MM-DD."""
    return date.fromordinal(day + _EPOCH).isoformat()
