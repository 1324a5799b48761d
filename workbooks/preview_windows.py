"""What each table function gives for one partition: arrays of its marks in addressing order in, an array out."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pandas as pd

Function = Callable[..., Any]
"""Takes the number of marks of the partition, then the arguments: an array of values a mark, or a constant."""


def window(how: str) -> Function:
    """Make WINDOW_SUM and the like: over marks from `first` to `last` around each, or all; null values do not count."""

    def over(count: int, values: Any, first: int | None = None, last: int | None = None) -> Any:
        begin, end = -count if first is None else first, count if last is None else last
        # With room on both sides every window is whole, and there is one at each place.
        wide = pd.Series(values, dtype="float64").reindex(range(min(begin, 0), count + max(end, 0)))
        windows = wide.rolling(end - begin + 1, min_periods=0 if how == "count" else 1)
        return getattr(windows, how)().reindex(range(end, end + count)).to_numpy()

    return over


def running(how: str) -> Function:
    """Make RUNNING_SUM and the like: over all marks up to each."""
    return lambda count, values: window(how)(count, values, None, 0)


def rank(method: Literal["min", "max", "dense", "first"]) -> Function:
    """Make RANK and the like: 1 is the highest unless `'asc'`; null has no rank."""

    def ranked(count: int, values: Any, direction: str = "desc") -> Any:
        numbers = pd.Series(values, dtype="float64")
        return numbers.rank(method=method, ascending=direction == "asc").to_numpy()

    return ranked


def rank_percentile(count: int, values: Any, direction: str = "asc") -> Any:
    """Give the share of the other values that are not above (`'desc'`: below): 6, 9, 9, 14 give 0, 2/3, 2/3, 1.

    That is RANK_MODIFIED counted from zero, as it is seen in Tableau [1]_ and as its newer manuals have it, where older
    ones had 0.25, 0.75, 0.75, 1 of the same numbers [2]_. No shipped formula hangs on it: quarters are counted by RANK.
    The only value of a partition gives 1 (assumed).

    References
    ----------
    .. [1] L. Tufail, "Rank Percentile on Tableau", The Data School. thedataschool.com/lemis-tufail
    .. [2] Tableau Help, "Table Calculation Functions", RANK_PERCENTILE.
       help.tableau.com/current/pro/desktop/en-us/functions_functions_tablecalculation.htm
    """
    numbers = pd.Series(values, dtype="float64")
    known = int(numbers.count())
    places = numbers.rank(method="max", ascending=direction == "asc")
    return ((places - 1) / (known - 1) if known > 1 else places).to_numpy()


def lookup(count: int, values: Any, offset: int = 0) -> list[Any]:
    """Give the value so many marks further on; null beyond the ends."""
    return [values[place + offset] if 0 <= place + offset < count else None for place in range(count)]


_STATISTICS = {"SUM": "sum", "AVG": "mean", "MIN": "min", "MAX": "max", "COUNT": "count", "MEDIAN": "median"}

FUNCTIONS: dict[str, Function] = {
    "INDEX": lambda count: np.arange(1, count + 1),
    "SIZE": lambda count: np.full(count, count),
    "FIRST": lambda count: -np.arange(count),
    "LAST": lambda count: np.arange(count)[::-1],
    "LOOKUP": lookup,
    "RANK": rank("min"),
    "RANK_MODIFIED": rank("max"),
    "RANK_DENSE": rank("dense"),
    "RANK_UNIQUE": rank("first"),
    "RANK_PERCENTILE": rank_percentile,
    **{f"WINDOW_{name}": window(how) for name, how in _STATISTICS.items()},
    "WINDOW_STDEV": window("std"),
    **{f"RUNNING_{name}": running(how) for name, how in _STATISTICS.items() if name != "MEDIAN"},
}
"""Table functions by name. The others give a picture that says that they are missing."""
