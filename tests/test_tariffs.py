"""Bands on the wall clock: hours, kinds of day, months, changes of price, and intervals that lie in two bands."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from pipeline.pricing import read_tariffs
from pipeline.tariffs import Bands, bands_at, feed_in_bands, version_at

PEAK = {"name": "peak", "price": 0.4, "hours": [16, 19], "days": "weekdays", "months": [11, 12, 1, 2]}
NIGHT = {"name": "night", "price": 0.1, "hours": ["22:30", "06:15"]}
DAY = {"name": "day", "price": 0.25}
LONDON = "Europe/London"


def tariff(*rates, **more):
    """A tariff as the settings have it."""
    return {"name": "t", "currency": "GBP", "rate": list(rates)} | more


def bands(said, first, last, minutes=15, timezone=LONDON, holidays=()) -> tuple[pd.DatetimeIndex, Bands]:
    """Wall clock and bands of the intervals between two wall-clock times."""
    instants = pd.date_range(first, last, freq=f"{minutes}min", tz=timezone, inclusive="left")
    starts = instants.tz_convert("UTC").tz_localize(None).as_unit("s").asi8
    days = (pd.DatetimeIndex(holidays).as_unit("s").asi8 // 86400).astype(np.int64)
    found = bands_at(read_tariffs(said), starts, starts + minutes * 60, timezone, days)
    return instants.tz_localize(None), found


def names(found: Bands) -> np.ndarray:
    """Name of each interval's band, empty for none."""
    return np.array([*found.names, ""])[found.number]


def test_the_first_rate_that_matches_holds():
    """Hours are half-open and wrap midnight; a month and a kind of day narrow; each quarter of an hour as in pandas."""
    wall, found = bands([tariff(PEAK, NIGHT, DAY)], "2024-10-30", "2024-11-13")
    minute = wall.hour * 60 + wall.minute
    is_peak = (minute >= 16 * 60) & (minute < 19 * 60) & (wall.day_of_week < 5) & (wall.month == 11)
    is_night = (minute >= 22 * 60 + 30) | (minute < 6 * 60 + 15)
    wanted = np.select([is_peak, is_night], ["peak", "night"], "day")

    assert (names(found) == wanted).all()
    assert (found.price == pd.Series(wanted).map({"peak": 0.4, "night": 0.1, "day": 0.25}).to_numpy()).all()
    assert is_peak.sum() == 8 * 12


@pytest.mark.parametrize(("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25), ("2024-06-02", 24)])
def test_bands_follow_the_wall_clock(day, hours):
    """On a day of 23 or 25 hours a band from 0 to 3 has the hours that the clock shows, twice what it shows twice."""
    early = {"name": "early", "price": 0.1, "hours": [0, 3]}
    wall, found = bands([tariff(early, DAY)], day, pd.Timestamp(day) + pd.Timedelta(days=1), 60)

    assert len(wall) == hours
    assert (names(found) == np.where(wall.hour < 3, "early", "day")).all()
    assert (found.number == 0).sum() == {23: 2, 24: 3, 25: 4}[hours]


@pytest.mark.parametrize(
    ("days", "wanted"),
    [
        ("all", "Mon Tue Wed Thu Fri Sat Sun"),
        ("weekdays", "Mon Tue Thu Fri"),
        ("weekends and holidays", "Wed Sat Sun"),
        ("monday to friday", "Mon Tue Wed Thu Fri"),
        ("weekends", "Sat Sun"),
    ],
)
def test_kinds_of_day(days, wanted):
    """A holiday on a Wednesday is no weekday, and is a Monday to Friday; one on a Saturday is a weekend."""
    own = {"name": "own", "price": 0.1, "days": days}
    holidays = ["2024-12-25", "2024-12-28"]
    wall, found = bands([tariff(own, DAY)], "2024-12-23", "2024-12-30", 60, holidays=holidays)

    assert " ".join(dict.fromkeys(wall[names(found) == "own"].strftime("%a"))) == wanted


def test_prices_change_on_a_day():
    """Each day has the prices of the tariff that holds then; before the first there is none."""
    dear = tariff({"name": "day", "price": 0.5}, **{"from": date(2024, 4, 1)})
    wall, found = bands([dear, tariff(DAY, **{"from": date(2024, 3, 30)})], "2024-03-29", "2024-04-03", 60)

    assert dict(zip(wall.strftime("%m-%d"), found.price, strict=True)) == pytest.approx(
        {"03-29": np.nan, "03-30": 0.25, "03-31": 0.25, "04-01": 0.5, "04-02": 0.5}, nan_ok=True
    )
    assert set(names(found)) == {"", "day"}
    versions = read_tariffs([dear, tariff(DAY)])
    assert version_at(versions, np.array([-(10**5), 19813, 19814])).tolist() == [0, 0, 1]


def test_an_interval_in_two_bands_has_none():
    """Half past twelve divides an hour; a whole day has a band only where it has one price, whatever that is called."""
    half = {"name": "night", "price": 0.1, "hours": ["00:30", "05:00"]}
    _, found = bands([tariff(half, DAY)], "2024-01-01", "2024-01-02", 60)
    weekend = {"name": "weekend", "price": 0.1, "days": "weekends"}
    days, daily = bands([tariff(weekend, half, DAY)], "2024-01-05", "2024-01-09", 1440)
    _, same = bands([tariff({"name": "day", "price": 0.25, "hours": [0, 7]}, DAY)], "2024-01-05", "2024-01-06", 1440)

    assert names(found).tolist() == ["", "night", "night", "night", "night", *["day"] * 19]
    assert np.isnan(found.price[0])
    assert dict(zip(days.strftime("%a"), names(daily), strict=True)) == {
        "Fri": "",
        "Sat": "weekend",
        "Sun": "weekend",
        "Mon": "",
    }
    assert names(same).tolist() == ["day"]


def test_intervals_beside_the_quarter_hours():
    """One that begins seven minutes before a band lies in two; one of five minutes inside it lies in one."""
    versions = read_tariffs([tariff(PEAK, DAY)])
    starts = np.array(
        [pd.Timestamp(f"2024-01-02 {time}").timestamp() for time in ("15:53", "16:02", "15:55")], np.int64
    )
    found = bands_at(versions, starts, starts + np.array([900, 900, 300]), "UTC")

    assert names(found).tolist() == ["", "peak", "day"]


def test_energy_fed_in_is_paid_for():
    """Its price is below zero; there is none before it is promised, and none where nobody promised any."""
    day = np.array([19813, 19814])
    later = tariff(DAY, feed_in_price=0.15, **{"from": date(2024, 4, 1)})

    assert feed_in_bands(read_tariffs([tariff(DAY), later]), day).price.tolist() == pytest.approx(
        [np.nan, -0.15], nan_ok=True
    )
    assert feed_in_bands((), day).number.tolist() == [-1, -1]
