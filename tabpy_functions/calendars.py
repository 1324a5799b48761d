"""Public holidays of a country, as local day numbers."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def is_holiday(country: str | None, first_day: int, count: int) -> NDArray[np.bool_]:
    """Say which days are public holidays.

    Parameters
    ----------
    country : str or None
        ISO 3166 code as the package `holidays` knows it, with a part of the country after a dash where holidays differ
        there: "GB", "GB-SCT", "IN", "US-CA". None, or a name that it does not know: no day is a holiday.
    first_day, count : int
        [days since 1970-01-01, local calendar], [days]

    Returns
    -------
    array of bool, shape (count,)
    """
    days = first_day + np.arange(count)
    if not country or not count:
        return np.zeros(count, np.bool_)
    first_year, last_year = (int(day.astype("M8[Y]").astype(np.int64)) + 1970 for day in days[[0, -1]].astype("M8[D]"))
    known = [_holidays(country.strip().upper(), year) for year in range(first_year, last_year + 1)]
    return np.isin(days, np.concatenate(known))


@lru_cache(maxsize=1024)
def _holidays(country: str, year: int) -> NDArray[np.int64]:
    import holidays

    name, _, part = country.partition("-")
    try:
        found = holidays.country_holidays(name, subdiv=part or None, years=year)
    except (NotImplementedError, ValueError):  # a country or a part of it that the package does not know
        return np.zeros(0, np.int64)
    return np.array(sorted(found), dtype="M8[D]").astype(np.int64)
