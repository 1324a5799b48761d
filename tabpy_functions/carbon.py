"""Carbon of electricity: energy times the factor of its hour, or of its country and year. Average, location-based."""

import numpy as np
from numpy.typing import NDArray

from tabpy_functions.answering import Answer, answers
from tabpy_functions.carbon_factors import GB_DEFRA, GB_UNVERIFIED, IN_CEA, region_factors
from tabpy_functions.inputs import InputError, as_list, numbers, text
from tabpy_functions.stamps import DAY, NO_DATE, local_seconds

Floats = NDArray[np.float64]
Instants = NDArray[np.int64]

WHAT = ("kg", "flat_kg", "factor")

DIRTIEST = 3.0
"""A factor above is in other units: the dirtiest grid of the table has 1.3. [kg/kWh]"""


def average_factor(country: str, seconds: Instants) -> tuple[Floats, tuple[str, ...]]:
    """Find the average factor of a country at some instants.

    Parameters
    ----------
    country : str
        "GB" and "IN" have a factor for each year (India's begins in April); other ISO 3166 codes and eGRID subregions
        ("US-CAMX") have one. A part of a country without its own ("GB-SCT") has the country's.
    seconds : array of int64, shape (rows,)
        Local clock, `NO_DATE` where not known. [s since 1970]

    Returns
    -------
    factor : array of float64, shape (rows,)
        [kg CO2e/kWh; India kg CO2/kWh]
    notes : tuple of str
        Where the nearest year stands for one that is not known, or a factor has not been checked.

    Raises
    ------
    InputError
        For a country without a factor.
    """
    name = country.strip().upper()
    regions = region_factors()
    if name not in regions:
        name = name.split("-")[0]
    if name in ("GB", "IN"):
        return _by_year(name, seconds)
    if name not in regions:
        raise InputError(f"no emission factor for {country[:20]!r}: give factors, or an ISO 3166 code")
    return np.full(len(seconds), regions[name]), ()


def _by_year(name: str, seconds: Instants) -> tuple[Floats, tuple[str, ...]]:
    known = seconds != NO_DATE
    months = (np.where(known, seconds, 0) // DAY).astype("M8[D]").astype("M8[M]").astype(np.int64)
    year = (months - (3 if name == "IN" else 0)) // 12 + 1970
    table = GB_DEFRA if name == "GB" else IN_CEA
    used = np.clip(year, min(table), max(table))
    factor = np.array([table[one] for one in used.tolist()], dtype=np.float64)
    other = sorted(set(year[known & (used != year)].tolist()))
    notes = [f"the factor of the nearest known year stands for {', '.join(map(str, other))}"] if other else []
    unverified = sorted(set(used[known].tolist()) & set(GB_UNVERIFIED)) if name == "GB" else []
    if unverified:
        notes.append(f"factors of {', '.join(map(str, unverified))} are unverified defaults")
    return np.where(known, factor, np.nan), tuple(notes)


def fill_factors(factor: Floats, seconds: Instants) -> tuple[Floats, int]:
    """Put for a missing factor the mean of its month and hour of day, else the mean of all (reference, section 10).

    Parameters
    ----------
    factor : array of float64, shape (rows,)
        [kg/kWh]
    seconds : array of int64, shape (rows,)
        [s since 1970, local]

    Returns
    -------
    array of float64, and the number of factors that were filled
    """
    lacking = ~np.isfinite(factor) & (seconds != NO_DATE)
    if not lacking.any() or not np.isfinite(factor).any():
        return factor, 0
    clock = np.where(seconds == NO_DATE, 0, seconds)
    month = (clock // DAY).astype("M8[D]").astype("M8[M]").astype(np.int64)
    kind = (month - month.min()) * 24 + clock % DAY // 3600
    count, total = (np.bincount(kind, one, int(kind.max()) + 1) for one in (np.isfinite(factor), np.nan_to_num(factor)))
    mean = np.where(count > 0, total / np.maximum(count, 1), factor[np.isfinite(factor)].mean())
    return np.where(lacking, mean[kind], factor), int(lacking.sum())


@answers
def carbon(
    dates: list[object],
    energy_kwh: list[object],
    country: object = "GB",
    factor_kg_per_kwh: object = None,
    what: object = "kg",
) -> Answer:
    """Carbon of each row: energy times the factor of its hour where factors are given, else of its country and year.

    Parameters
    ----------
    dates, energy_kwh : list
        Any step, any order. A row's factor is its own, so nothing is summed up or averaged. [kWh]
    country : str, default "GB"
        As for `average_factor`. Not used where factors are given.
    factor_kg_per_kwh : list or number, optional
        Of each row, such as the carbon intensity of its half-hour; a missing one is filled with the mean of its month
        and hour of day, and a note says how many. [kg CO2e/kWh; a list in grams is refused]
    what : str, default "kg"
        "kg": energy times factor. "flat_kg": energy times the plain mean of the factors, to be compared with "kg".
        "factor": the factor used.

    Returns
    -------
    list of float or None
        [kg CO2e, or kg CO2e/kWh]
    """
    wanted = text(what, "kg", WHAT)
    seconds = local_seconds(as_list(dates))
    energy = numbers(energy_kwh, len(seconds))
    factor, notes = factors(country, factor_kg_per_kwh, seconds)
    known = np.isfinite(factor)
    if wanted == "factor":
        return Answer(factor, notes)
    if wanted == "flat_kg" and known.any():
        factor = np.where(known, factor[known].mean(), np.nan)
    return Answer(energy * factor, notes)


def factors(country: object, given: object, seconds: Instants) -> tuple[Floats, tuple[str, ...]]:
    """Give the factor of each row: those that were sent, filled up, or else the country's.

    Parameters
    ----------
    country, given : as for `carbon`
    seconds : array of int64, shape (rows,)
        [s since 1970, local]

    Returns
    -------
    array of float64, shape (rows,), and notes
        [kg/kWh]

    Raises
    ------
    InputError
        For factors that cannot be in kg/kWh, and for unknown countries.
    """
    values = numbers(given, len(seconds))
    if not np.isfinite(values).any():
        return average_factor(text(country, "GB") or "GB", seconds)
    if np.nanmax(np.abs(values)) > DIRTIEST:
        raise InputError(f"a factor of {np.nanmax(np.abs(values)):g} is not in kg/kWh: divide grams by 1000")
    filled, count = fill_factors(values, seconds)
    return filled, (f"{count} missing factors are the mean of their month and hour",) if count else ()
