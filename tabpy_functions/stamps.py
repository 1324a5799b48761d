"""Dates as Tableau sends them, to seconds of the local calendar: whole arrays, never an error.

A date reaches TabPy as text of the wall clock. Text with a zone ("Z", "+01:00") keeps the clock that it shows: the
functions work on local days and never convert.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

NO_DATE = int(np.iinfo(np.int64).min)
"""What stands for a date that could not be read; NumPy's own "not a time"."""

DAY = 86_400
"""[s]"""

TABLEAU_DAY_ZERO = -25_567
"""1900-01-01, from which Tableau counts when a date is turned into a number. [days since 1970-01-01]"""

_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", re.ASCII)
_SLASHED = re.compile(r"(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4})", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)? *(?:([AP])\.?M\.?)? *(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)
_NUMBER = re.compile(r"\d{8,13}(?:\.\d+)?", re.ASCII)

_WIDTH = 20
"""Characters that the quick way looks at: 2019-03-01 00:00:00 and what follows it."""


def local_seconds(dates: Iterable[object]) -> NDArray[np.int64]:
    """Read dates in any of the forms that reach a function.

    Parameters
    ----------
    dates : iterable
        Text ("2019-03-01", "2019-03-01 00:00:00", with T, a fraction or a zone, "3/1/2019 1:00:00 AM", "1.3.2019"),
        numbers (seconds or milliseconds since 1970, Tableau's days since 1900, 20190301), None, anything else. A
        NumPy array of datetime64 is taken as it is.

    Returns
    -------
    array of int64, shape (rows,)
        Seconds since 1970-01-01 of the wall clock; `NO_DATE` where there is no date between 1900 and 2199.
    """
    if isinstance(dates, np.ndarray) and dates.dtype.kind == "M":
        return dates.astype("M8[s]").astype(np.int64)
    given = list(dates)
    texts = [one if type(one) is str else "" for one in given]
    seconds, is_read = _plain_texts(texts)
    left = [row for row in np.flatnonzero(~is_read).tolist() if given[row] is not None]
    if left:
        seconds[left] = _other_forms([given[row] for row in left])
    return seconds


def _plain_texts(texts: list[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Read 2019-03-01 and 2019-03-01 00:00:00 whole columns at a time; say which rows were such."""
    if not texts:
        return np.zeros(0, np.int64), np.zeros(0, np.bool_)
    codes = np.array(texts, dtype=f"U{_WIDTH}").view(np.uint32).reshape(len(texts), _WIDTH)
    digits = codes.astype(np.int64) - ord("0")
    is_digit = (digits >= 0) & (digits <= 9)
    has_date = is_digit[:, [0, 1, 2, 3, 5, 6, 8, 9]].all(axis=1) & (codes[:, [4, 7]] == ord("-")).all(axis=1)
    has_clock = is_digit[:, [11, 12, 14, 15, 17, 18]].all(axis=1) & (codes[:, [13, 16]] == ord(":")).all(axis=1)
    has_clock &= np.isin(codes[:, 10], [ord(" "), ord("T")]) & np.isin(codes[:, 19], [0, *map(ord, ".Z+-")])
    is_read = has_date & (has_clock | (codes[:, 10] == 0))
    year: NDArray[np.int64] = digits[:, :4] @ np.array([1000, 100, 10, 1])
    pairs = digits[:, [5, 8, 11, 14, 17]] * 10 + digits[:, [6, 9, 12, 15, 18]]
    day = _day_numbers(year, pairs[:, 0], pairs[:, 1])
    clock = np.where(has_clock[:, None], pairs[:, 2:], 0)
    is_good = is_read & (day != NO_DATE) & (clock <= [23, 59, 60]).all(axis=1)
    return np.where(is_good, np.where(is_good, day, 0) * DAY + clock @ [3600, 60, 1], NO_DATE), is_read


def _day_numbers(year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.int64]:
    """Days since 1970-01-01; `NO_DATE` for 30 February and for years that no meter has seen."""
    is_good = (year >= 1900) & (year < 2200) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(is_good, (year - 1970) * 12 + month - 1, 0)
    first, following = ((months + ahead).astype("M8[M]").astype("M8[D]").astype(np.int64) for ahead in (0, 1))
    return np.where(is_good & (first + day - 1 < following), first + day - 1, NO_DATE)


def _other_forms(given: Sequence[object]) -> NDArray[np.int64]:
    """Read numbers and less usual texts. Each different date and each different time of day is matched once."""
    heads: dict[str, int] = {}
    clocks: dict[str, int] = {}
    places = np.zeros((len(given), 2), np.int64)
    for row, one in enumerate(given):
        head, _, clock = _tidy(one).partition(" ") if isinstance(one, str) else ("", "", "")
        places[row] = heads.setdefault(head, len(heads)), clocks.setdefault(clock.strip(), len(clocks))
    day = _days_of(list(heads))[places[:, 0]]
    second = np.array([_clock(one) for one in clocks], dtype=np.int64)[places[:, 1]]
    is_good = (day != NO_DATE) & (second != NO_DATE)
    seconds = np.where(is_good, np.where(is_good, day, 0) * DAY + second, NO_DATE)
    return seconds if is_good.all() else np.where(is_good, seconds, _numbers(given))


def _tidy(text: str) -> str:
    return text.strip(" #").upper().replace("T", " ", 1).replace(",", " ", 1)


def _days_of(texts: Sequence[str]) -> NDArray[np.int64]:
    """Day numbers of 2019/3/1; of 3/1/2019, month first unless the column shows otherwise; of 1.3.2019, day first."""
    parts = np.zeros((len(texts), 3), np.int64)
    is_dotted, is_slashed = np.zeros((2, len(texts)), np.bool_)
    for row, text in enumerate(texts):
        if found := _ISO.fullmatch(text):
            parts[row] = [int(part) for part in found.groups()]
        elif found := _SLASHED.fullmatch(text):
            first, mark, second, year = found.groups()
            parts[row] = int(year), int(first), int(second)
            is_slashed[row], is_dotted[row] = mark != ".", mark == "."
    day_first = is_dotted | (is_slashed & bool((parts[is_slashed, 1] > 12).any()))
    parts[day_first, 1:] = parts[day_first, :0:-1]
    return _day_numbers(parts[:, 0], parts[:, 1], parts[:, 2])


def _clock(text: str) -> int:
    """Seconds of the day of "1:00:00 AM"; 12 AM is 0; nothing is midnight."""
    if not text:
        return 0
    found = _CLOCK.fullmatch(text)
    if found is None:
        return NO_DATE
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    if found[4]:
        hour = hour % 12 + (12 if found[4] == "P" else 0)
    return hour * 3600 + minute * 60 + second if hour < 24 and minute < 60 and second <= 60 else NO_DATE


def _numbers(given: Sequence[object]) -> NDArray[np.int64]:
    """Read numbers by their size: 20190301, milliseconds, seconds, days since 1900."""
    value = np.array([_number(one) for one in given], dtype=np.float64)
    is_plain = (value >= 19_000_101) & (value < 22_000_000) & (value == np.floor(value))
    whole = np.where(is_plain, value, 0).astype(np.int64)
    day = _day_numbers(whole // 10_000, whole // 100 % 100, whole % 100)
    seconds = np.where(day != NO_DATE, np.where(day != NO_DATE, day, 0) * DAY, NO_DATE)
    ways = [
        (value >= 1e11) & (value < 7.2e12),
        (value >= 1e8) & (value < 7.2e9),
        (value >= 10_000) & (value < 110_000),
    ]
    counted = np.select(ways, [value / 1000, value, (value + TABLEAU_DAY_ZERO) * DAY], default=np.nan)
    return np.where(np.isnan(counted), seconds, np.rint(np.nan_to_num(counted)).astype(np.int64))


def _number(one: object) -> float:
    if isinstance(one, str):
        return float(one) if _NUMBER.fullmatch(one.strip()) else np.nan
    if isinstance(one, bool) or not isinstance(one, int | float) or not abs(one) < 1e15:
        return np.nan
    return float(one)
