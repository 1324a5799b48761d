"""Tariffs: what a kWh costs at which local time, and the band that each interval lies in.

A tariff prices every quarter of an hour of every kind of day. It holds from a day on, so that last year's use is not
billed at this year's prices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from pipeline.clock import DAY, utc_offsets

Instants = NDArray[np.int64]
Floats = NDArray[np.float64]

SLOT = 900
"""Bands begin and end on quarters of an hour, as metered intervals do. [s]"""
SLOTS = DAY // SLOT

KINDS = ("weekdays", "weekends", "public holidays on weekdays")
DAYS = {
    "all": (0, 1, 2),
    "weekdays": (0,),
    "weekends and holidays": (1, 2),
    "monday to friday": (0, 2),
    "weekends": (1,),
}
"""What `days` may say, and the kinds of day it means: a public holiday is no weekday, but a Monday to Friday."""

MONTHS = tuple(range(1, 13))
STANDING, FEED_IN = "standing charge", "feed-in"
"""Bands of ours, beside those of a tariff."""


@dataclass(frozen=True)
class Rate:
    """A price and when it holds.

    Attributes
    ----------
    name : str
        Of the band: "peak".
    price : float
        [money/kWh]; below zero where a supplier pays for use.
    hours : (int, int)
        First quarter of an hour of the day, and the one after the last; the second is smaller across midnight.
    kinds : tuple of int
        Positions in `KINDS`.
    months : tuple of int
        1 to 12.
    """

    name: str
    price: float
    hours: tuple[int, int] = (0, SLOTS)
    kinds: tuple[int, ...] = DAYS["all"]
    months: tuple[int, ...] = MONTHS


@dataclass(frozen=True)
class Tariff:
    """What a supplier asks for from a day on, until a later one of the same name.

    Attributes
    ----------
    name : str
        As the register has it for a meter.
    currency : str
        ISO 4217: "EUR".
    rates : tuple of Rate
        The first that matches holds; together they match every time.
    standing_charge : float or None
        For each local day with data. [money/day]
    feed_in_price : float or None
        What is paid for energy that is fed in. [money/kWh]
    since : date or None
        First local day; None: ever since.
    is_default : bool
        Of meters that the register gives no tariff.
    """

    name: str
    currency: str
    rates: tuple[Rate, ...]
    standing_charge: float | None = None
    feed_in_price: float | None = None
    since: date | None = None
    is_default: bool = False


@dataclass(frozen=True)
class Bands:
    """The band and price of some intervals.

    Attributes
    ----------
    names : tuple of str
        Of the bands.
    number : array of int64, shape (intervals,)
        Position in `names`; -1 where an interval has no band, or lies in two.
    price : array of float64, shape (intervals,)
        NaN where there is no band. [money/kWh]
    """

    names: tuple[str, ...]
    number: Instants
    price: Floats


def version_at(versions: Sequence[Tariff], days: Instants) -> Instants:
    """Give the position of the tariff that holds on each local day, -1 before the first. [days since 1970-01-01]"""
    since = [-(10**9) if one.since is None else (one.since - date(1970, 1, 1)).days for one in versions]
    return np.searchsorted(np.array(since, dtype=np.int64), days, side="right") - 1


def bands_at(
    versions: Sequence[Tariff], starts: Instants, ends: Instants, timezone: str, holidays: Instants | None = None
) -> Bands:
    """Find the band that each interval lies in.

    An interval that reaches into a second band, or across a change of price, has none: how its energy is spread nobody
    knows. So a day's total is priced by a tariff of one price for that day, and by no other.

    Parameters
    ----------
    versions : sequence of Tariff
        Of one name, in order of time.
    starts, ends : array of int64, shape (intervals,)
        [s since 1970 UTC]
    timezone : str
        Of the site: bands are on its wall clock, also on days of 23 or 25 hours.
    holidays : array of int64 or None
        Local day numbers that are public holidays. [days since 1970-01-01]
    """
    priced = list(dict.fromkeys((rate.name, rate.price) for one in versions for rate in one.rates))
    label = _labels_at(versions, priced, starts, timezone, holidays)
    for later in range(SLOT, int((ends - starts).max(initial=0)) + SLOT, SLOT):
        other = _labels_at(versions, priced, np.minimum(starts + later, ends - 1), timezone, holidays)
        label = np.where(label == other, label, -1)
    names = list(dict.fromkeys(name for name, _ in priced))
    number = np.array([*(names.index(name) for name, _ in priced), -1], dtype=np.int64)
    return Bands(tuple(names), number[label], np.array([*(price for _, price in priced), np.nan])[label])


def feed_in_bands(versions: Sequence[Tariff], days: Instants) -> Bands:
    """Give the one band of energy that is fed in; its price is below zero, for it is paid. [days since 1970-01-01]"""
    prices = [np.nan if one.feed_in_price is None else -one.feed_in_price for one in versions]
    price = np.array([*prices, np.nan])[version_at(versions, days)]
    return Bands((FEED_IN,), np.where(np.isnan(price), -1, 0), price)


def _labels_at(
    versions: Sequence[Tariff],
    priced: list[tuple[str, float]],
    instants: Instants,
    timezone: str,
    holidays: Instants | None,
) -> Instants:
    """Position in `priced` of the rate that holds at each instant, -1 for none."""
    wall = instants + utc_offsets(timezone, instants)
    day, slot = wall // DAY, wall % DAY // SLOT
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    is_free = np.isin(day, np.zeros(0) if holidays is None else holidays)
    kind = np.where((day + 3) % 7 >= 5, 1, np.where(is_free, 2, 0))  # 1970-01-01 was a Thursday
    version = version_at(versions, day)
    label = np.full(len(instants), -1, dtype=np.int64)
    for number, one in enumerate(versions):
        own = version == number
        labels = np.array([priced.index((rate.name, rate.price)) for rate in one.rates])
        label[own] = labels[calendar_of(one.rates)[month[own], kind[own], slot[own]]]
    return label


def calendar_of(rates: Sequence[Rate]) -> Instants:
    """Give the position of the first rate that matches, -1 where none does; shape (12 months, kinds of day, slots)."""
    table = np.full((12, len(KINDS), SLOTS), -1, dtype=np.int64)
    for number, rate in reversed(list(enumerate(rates))):
        first, end = rate.hours
        slots = np.arange(first, end if end > first else end + SLOTS) % SLOTS
        table[np.ix_(np.array(rate.months) - 1, np.array(rate.kinds), slots)] = number
    return table
