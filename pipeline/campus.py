"""An invented university campus for the demo: its buildings, and what each of them uses.

Bluff Point University does not exist. Its loads follow the calendar, the weather and the habits of real buildings
closely enough that a rule which cries wolf here would cry wolf on a real campus too.
"""

from dataclasses import dataclass

import holidays
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.clock import DAY, HOUR, utc_offsets

TIMEZONE = "America/Los_Angeles"
Floats = NDArray[np.float64]
Instants = NDArray[np.int64]


@dataclass(frozen=True)
class Use:
    """How a kind of building uses electricity; the numbers are chosen to look right, not measured.

    Attributes
    ----------
    base, peak : float
        Always on, and added when the building is busy. [W/m²]
    opens, closes : float
        When it is busy, on the wall clock; `closes` may be past 24. [h]
    weekend, summer : float
        Share of the peak on weekends and holidays, and from mid June to mid September.
    cooling : float
        Added for each degree above 18 °C while busy, a third of it otherwise. [W/m²/K]
    """

    base: float
    peak: float
    opens: float
    closes: float
    weekend: float
    summer: float
    cooling: float


USES = {
    "office": Use(5, 14, 7.5, 18, 0.12, 0.9, 0.5),
    "laboratory": Use(22, 16, 8, 19, 0.35, 0.95, 0.8),
    "library": Use(6, 13, 8, 23.5, 0.7, 0.6, 0.6),
    "teaching": Use(6, 16, 7.5, 21, 0.2, 0.45, 0.6),
    "pool": Use(18, 12, 5.5, 21.5, 0.8, 0.9, 0.2),
    "dining": Use(9, 22, 6.5, 22, 0.65, 0.5, 0.7),
    "parking": Use(1.5, 3, 18, 30.5, 1, 1, 0),
    "dormitory": Use(4, 7, 16.5, 25, 1.1, 0.5, 0.3),
    "sports": Use(4, 16, 5.5, 22.5, 0.75, 0.7, 0.5),
    "data center": Use(240, 0, 0, 24, 1, 1, 2),
}


@dataclass(frozen=True)
class Building:
    """One building: where it is, what it is used for, and how its meter's readings reach us.

    Attributes
    ----------
    layout : str
        Which kind of file: "wide", "columns", "day_rows", "long" or "register".
    minutes : int
        Interval length. [min]
    decimals : int
        Of the kWh that the meter shows.
    solar_kw : float
        Peak of the panels on its roof, 0 for none. [kW]
    """

    name: str
    site: str
    use: str
    layout: str
    minutes: int
    decimals: int
    area_m2: float
    latitude: float
    longitude: float
    solar_kw: float = 0.0


NORTH, SOUTH = "Bluff Point North", "Bluff Point South"
BUILDINGS = (
    Building("Administration Building", NORTH, "office", "wide", 60, 1, 9_200, 36.9712, -132.0311),
    Building("Physics Laboratory", SOUTH, "laboratory", "columns", 60, 1, 11_400, 36.9648, -132.0290),
    Building("Alder Hall", NORTH, "dormitory", "day_rows", 30, 2, 7_800, 36.9731, -132.0342),
    Building("Gymnasium", NORTH, "sports", "long", 15, 3, 6_100, 36.9725, -132.0287, solar_kw=160),
    Building("Data Center", SOUTH, "data center", "register", 60, 1, 1_150, 36.9655, -132.0301),
    Building("Engineering Hall", SOUTH, "teaching", "columns", 60, 1, 14_300, 36.9641, -132.0275),
    Building("Aquatic Center", SOUTH, "pool", "columns", 60, 1, 4_900, 36.9637, -132.0312),
    Building("Student Union", SOUTH, "dining", "columns", 60, 1, 5_600, 36.9652, -132.0283),
    Building("Cove Street Garage", SOUTH, "parking", "columns", 60, 1, 16_000, 36.9633, -132.0264),
    Building("Redwood Library", NORTH, "library", "wide", 60, 1, 12_700, 36.9718, -132.0298),
    Building("Chemistry Laboratory", NORTH, "laboratory", "wide", 60, 1, 10_600, 36.9707, -132.0325),
    Building("Birch Hall", NORTH, "dormitory", "day_rows", 30, 2, 6_900, 36.9736, -132.0349),
)


@dataclass(frozen=True)
class Load:
    """The readings of one channel.

    Attributes
    ----------
    building : Building
    channel : str
        "delivered" or "received".
    starts : array of int64, shape (intervals,)
        Start of each interval. [s since 1970 UTC]
    energy : array of float64, shape (intervals,)
        NaN where there is no reading. [kWh]
    """

    building: Building
    channel: str
    starts: Instants
    energy: Floats

    @property
    def wall(self) -> Instants:
        """Starts on the campus clock. [s since 1970 local]"""
        return self.starts + utc_offsets(TIMEZONE, self.starts)


def interval_starts(minutes: int, years: int, last_year: int) -> Instants:
    """Give the start of every interval of `years` whole local years that end with `last_year`. [s since 1970 UTC]"""
    edges = pd.to_datetime([f"{last_year + 1 - years}-01-01", f"{last_year + 1}-01-01"]).tz_localize(TIMEZONE)
    first, end = (int(edge.timestamp()) for edge in edges)
    return np.arange(first, end, minutes * 60, dtype=np.int64)


def grid_factors(starts: Instants) -> Floats:
    """Give the carbon of a kWh of an invented grid: little by sunlight, much on winter evenings. [kg/kWh]

    Parameters
    ----------
    starts : array of int64, shape (hours,)
        [s since 1970 UTC]
    """
    wall = starts + utc_offsets(TIMEZONE, starts)
    day, hour = wall / DAY, (wall % DAY) / HOUR
    winter = np.cos(2 * np.pi * (day - 20) / 365.25)
    sun = np.maximum(np.cos(2 * np.pi * (hour - 12.5) / 24), 0) * (1 - 0.3 * winter)
    evening = np.exp(-(((hour - 19.5) / 2) ** 2))
    return np.asarray((0.26 + 0.03 * winter - 0.15 * sun + 0.06 * evening).round(4))


def simulate(building: Building, starts: Instants, seed: int) -> list[Load]:
    """Give a building's true readings: one channel, or two where panels on the roof feed in.

    Parameters
    ----------
    building : Building
    starts : array of int64, shape (intervals,)
        [s since 1970 UTC]
    seed : int
        Equal seeds give equal readings, whatever other buildings there are.

    Returns
    -------
    list of Load
        Rounded as the meter rounds, so that files can state them exactly.
    """
    wall = starts + utc_offsets(TIMEZONE, starts)
    noise = np.random.default_rng([seed, *building.name.encode()])
    used = _power(building, wall, _temperature(wall, seed)) * _unrest(noise, len(starts), building.minutes)
    net = (used - building.solar_kw * _sunshine(wall, building.latitude, noise)) * building.minutes / 60
    flows = {"delivered": np.maximum(net, 0)} | ({"received": np.maximum(-net, 0)} if building.solar_kw else {})
    return [Load(building, name, starts, flow.round(building.decimals)) for name, flow in flows.items()]


def _power(building: Building, wall: Instants, temperature: Floats) -> Floats:
    use = USES[building.use]
    busy = _busy(wall, use)
    cooling = use.cooling * np.maximum(temperature - 18, 0) * (1 + 2 * np.minimum(busy, 1)) / 3
    return np.asarray(building.area_m2 / 1000 * (use.base + use.peak * busy + cooling))


def _busy(wall: Instants, use: Use) -> Floats:
    """Share of the peak, 0 to about 1: doors open and close over half an hour or so, not at a stroke."""
    hour = (wall % DAY) / HOUR
    share = sum(_ramp(hour + late, use.opens) * _ramp(use.closes, hour + late) for late in (0, 24))
    return np.asarray(share * _calendar(wall, use))


def _ramp(later: Floats | float, earlier: Floats | float) -> Floats:
    return np.asarray(1 / (1 + np.exp(np.clip((np.asarray(earlier) - later) / 0.4, -50, 50))))


def _calendar(wall: Instants, use: Use) -> Floats:
    days = wall // DAY
    first, last = int(days[0]), int(days[-1])
    dates = pd.to_datetime(np.arange(first, last + 1) * DAY, unit="s")
    closed = holidays.country_holidays("US", "CA", years=range(dates[0].year, dates[-1].year + 1))
    is_free = (dates.day_of_week >= 5) | dates.isin(pd.to_datetime(list(closed)))
    is_summer = (dates.day_of_year >= 166) & (dates.day_of_year < 258)
    daily = np.where(is_free, use.weekend, 1.0) * np.where(is_summer, use.summer, 1.0)
    return np.asarray(daily[days - first])


def _temperature(wall: Instants, seed: int) -> Floats:
    """Outdoor air of a mild coast: warmest in early September at four in the afternoon. [°C]"""
    day, hour = wall / DAY, (wall % DAY) / HOUR
    weather = np.random.default_rng([seed, 0]).normal(0, 1.1, size=int(day[-1] - day[0]) + 8)
    slow = np.convolve(weather, np.ones(4), mode="same")
    season = 15 + 5.5 * np.cos(2 * np.pi * (day - 248) / 365.25)
    return np.asarray(
        season + 4.5 * np.cos(2 * np.pi * (hour - 16) / 24) + np.interp(day - day[0], range(len(slow)), slow)
    )


def _unrest(noise: np.random.Generator, count: int, minutes: int, spread: float = 0.03) -> Floats:
    """What habits do not explain: noise that drifts over some hours, and a little that does not."""
    width = max(1, 180 // minutes)
    drift = np.convolve(noise.normal(0, 1, count + width), np.ones(width) / np.sqrt(width), mode="same")[:count]
    return np.asarray(np.exp(spread * (0.6 * drift + 0.8 * noise.normal(0, 1, count))))


def _sunshine(wall: Instants, latitude: float, noise: np.random.Generator) -> Floats:
    """Share of the panels' peak: height of the sun, clouds of the day, haze of the moment. Solar time, roughly."""
    declination = np.radians(23.45) * np.sin(2 * np.pi * (wall / DAY - 80) / 365.25)
    angle = np.radians(15 * ((wall % DAY) / HOUR - 12.6))
    height = np.sin(np.radians(latitude)) * np.sin(declination)
    height = height + np.cos(np.radians(latitude)) * np.cos(declination) * np.cos(angle)
    days = wall // DAY - wall[0] // DAY
    sky = noise.beta(5, 1.6, size=int(days[-1]) + 1)[days] * noise.normal(1, 0.04, size=len(wall))
    return np.asarray(np.maximum(height - 0.03, 0) * np.clip(sky, 0, 1.05))
