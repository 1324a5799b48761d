"""VEE on meters that nobody has measured: clean ones stay as they are, injected faults are found where they are."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from pipeline.config import load_settings
from pipeline.rollup import roll_up_daily
from pipeline.run import Report, check, run
from pipeline.schema import Finding, Method, Quality
from pipeline.stores.hyper_read import read_extract
from pipeline.vee.findings import merge_fleet_events
from pipeline.vee.grid import Grid
from pipeline.vee.levels import measure
from pipeline.vee.rules import RULE_BY_ID, RuleBook
from pipeline.vee.spikes import spike_limit
from pipeline.vee.validate import run_vee

nan = np.nan
LENGTHS = {60: 400, 30: 200, 15: 120, 5: 60, 1: 20, 1440: 500}
"""Days of data by interval length. [min]"""

ZONES = (
    "Europe/London",
    "America/New_York",
    "Australia/Sydney",
    "Asia/Kolkata",
    "America/St_Johns",
    "Pacific/Chatham",
)


# ---- the meters: mean power by the wall clock. [kW] ------------------------------------------------------------------


class When(NamedTuple):
    """The intervals of a meter: where they are on the wall clock, their length, and chance."""

    wall: pd.DatetimeIndex
    minutes: int
    random: np.random.Generator

    @property
    def hour(self) -> np.ndarray:
        """Hour of the day, with its fraction."""
        return self.wall.hour.to_numpy() + self.wall.minute.to_numpy() / 60

    @property
    def day(self) -> np.ndarray:
        """Number of the day since the first."""
        return (self.wall.normalize() - self.wall[0].normalize()).days.to_numpy()

    def noise(self, share: float) -> np.ndarray:
        """A factor around one."""
        return self.random.lognormal(0, share, len(self.wall))

    def open(self, first: float, last: float, days: int = 7) -> np.ndarray:
        """True at these hours of the first days of the week."""
        return (self.hour >= first) & (self.hour < last) & (self.wall.day_of_week < days)

    def season(self, share: float, at: int = 15) -> np.ndarray:
        """A factor around one, highest at a day of the year."""
        return 1 + share * np.cos(2 * np.pi * (self.wall.day_of_year.to_numpy() - at) / 365)

    def uses(self, a_day: float, kw: float, minutes: float, hours: tuple[float, float] = (0, 24)) -> np.ndarray:
        """Something that is switched on so often a day, for about so many minutes."""
        total = len(self.wall) * self.minutes
        begins = self.random.integers(0, total, self.random.poisson(a_day * total / 1440))
        at = self.hour[begins // self.minutes]
        power = np.zeros(total + 2000)
        for begin in begins[(at >= hours[0]) & (at < hours[1])].tolist():
            length = max(1, int(self.random.lognormal(np.log(minutes), 0.4)))
            power[begin : begin + length] += kw * self.random.uniform(0.9, 1.1)
        return power[:total].reshape(-1, self.minutes).mean(axis=1)

    def daylight(self) -> np.ndarray:
        """The part of each interval that is day."""
        half = 6 - 2 * np.cos(2 * np.pi * (self.wall.day_of_year.to_numpy() + 10) / 365)
        return np.clip((half - np.abs(self.hour - 12.5)) * 60 / self.minutes + 0.5, 0, 1)

    def sun(self) -> np.ndarray:
        """What the sun gives, 0 to 1: nothing at night, clouds by day."""
        clear = np.cos((self.hour - 12.5) / 16 * np.pi) * (self.daylight() == 1)
        return clear * self.random.uniform(0.1, 1, self.day.max() + 1)[self.day] * np.minimum(self.noise(0.15), 1.6)


def office(when: When) -> np.ndarray:
    """Nights, weekends, a season."""
    busy = np.exp(-(((when.hour - 13) / 4) ** 2)) * np.where(when.wall.day_of_week < 5, 1, 0.15)
    return 30 * (1 + 2.5 * busy) * when.season(0.25) * when.noise(0.05)


def school(when: When) -> np.ndarray:
    """Weeks of holidays at base load."""
    month, day = when.wall.month, when.wall.day
    holidays = (month == 8) | ((month == 7) & (day > 20)) | ((month == 12) & (day > 20)) | ((month == 4) & (day < 15))
    busy = np.exp(-(((when.hour - 11.5) / 3) ** 2)) * (when.wall.day_of_week < 5) * ~holidays
    return 12 * (1 + 5 * busy) * when.noise(0.03)


def home(when: When) -> np.ndarray:
    """A fridge, kettles, ovens, evenings."""
    fridge = 0.1 * (np.arange(len(when.wall)) * when.minutes // 20 % 2)
    uses = when.uses(14, 2.5, 3, (6, 23)) + when.uses(2.5, 1.8, 50, (6, 23))
    return 0.12 * when.noise(0.1) + fridge + uses + 0.35 * np.exp(-(((when.hour - 19.5) / 2.5) ** 2))


def holiday_home(when: When) -> np.ndarray:
    """Lived in for one week of five."""
    idle = 0.02 * when.noise(0.3) * (np.arange(len(when.wall)) % 3 == 0)
    return np.where(when.day // 7 % 5 == 2, home(when), idle)


def irrigation(when: When) -> np.ndarray:
    """A base load from April to October, nothing in winter."""
    on = (when.wall.month >= 4) & (when.wall.month <= 10)
    return np.where(on, 5 * when.noise(0.02) + 20 * (when.random.random(len(on)) < 0.3) * when.noise(0.1), 0)


def batch(when: When) -> np.ndarray:
    """A process on Wednesdays."""
    return 4 * when.noise(0.05) + 400 * when.noise(0.1) * (when.open(8, 14) & (when.wall.day_of_week == 2))


def step(when: When, by: float) -> np.ndarray:
    """A load that changes for good, half-way."""
    return office(when) * np.where(np.arange(len(when.wall)) < len(when.wall) / 2, 1, by)


def cold_store(when: When) -> np.ndarray:
    """Compressors that run an hour of every three, give or take."""
    runs = np.arange(len(when.wall)) * when.minutes % 170 < 60
    return 25 * when.noise(0.02) + 40 * when.noise(0.03) * runs


KINDS: dict[str, Callable[[When], np.ndarray]] = {
    "office": office,
    "school": school,
    "home": home,
    "home with a car": lambda when: home(when) + when.uses(20, 7.2, 240, (22.9, 23.3)),
    "home with solar": lambda when: np.maximum(home(when) - 4 * when.sun(), 0),
    "holiday home": holiday_home,
    "solar plant": lambda when: 50 * when.sun(),
    "pool pump": lambda when: 1.5 * when.noise(0.02) * (when.open(9, 17) & when.wall.month.isin(range(5, 10))),
    "irrigation": irrigation,
    "street lights": lambda when: 6.5 * when.noise(0.005) * (1 - when.daylight()),
    "telecom": lambda when: np.full(len(when.wall), 3.2),
    "telecom with noise": lambda when: 3.2 * when.noise(0.01),
    "battery": lambda when: 40.0 * when.open(0, 5) - 35.0 * when.open(17, 20) + 0.4 * when.noise(0.5) - 0.45,
    "reactive": lambda when: 0.3 * office(when),
    "fridge": lambda when: when.uses(36, 1.1, 22) + 0.05 * when.noise(0.05),
    "cold store": cold_store,
    "smelter": lambda when: 12_000 * (1 + 0.3 * np.exp(-(((when.hour - 14) / 5) ** 2))) * when.noise(0.03),
    "data centre": lambda when: 850 * when.season(0.03, 200) * when.noise(0.004),
    "supermarket": lambda when: 60 * (1 + 0.8 * when.open(6, 22)) * when.season(0.2, 200) * when.noise(0.04),
    "shop": lambda when: 3 * when.noise(0.04) + 22 * when.noise(0.06) * when.open(9, 20, 6),
    "batch": batch,
    "occupied half-way": lambda when: step(when, 3.0),
    "lockdown": lambda when: step(when, 0.42),
    "chapel": lambda when: 0.15 * when.noise(0.1) + 45 * when.noise(0.1) * (when.open(7, 12) & ~when.open(7, 12, 6)),
    "storage heater": lambda when: (
        0.3 * when.noise(0.2) + 8 * when.noise(0.03) * when.open(0, 7) * ~when.wall.month.isin(range(5, 10))
    ),
    "car park": lambda when: 0.4 * when.noise(0.02) + when.uses(9, 50, 25, (6, 23)),
    "lift": lambda when: 0.6 * when.noise(0.02) + when.uses(60, 8, 1, (6, 22)),
    "pump": lambda when: when.uses(5, 11, 30),
    "chiller": lambda when: 150 * np.maximum(when.season(1, 200) - 0.9, 0) * when.noise(0.1) * when.open(8, 19),
    "unused": lambda when: np.zeros(len(when.wall)),
    "electric car": lambda when: 0.15 * when.noise(0.1) + when.uses(0.6, 7.2, 200, (17, 24)),
    "heat pump": lambda when: (
        (0.3 + 3 * np.maximum(when.season(1) - 0.7, 0)) * when.noise(0.25) + when.uses(3, 1.5, 30)
    ),
    "milking": lambda when: 2 * when.noise(0.1) + 18 * when.noise(0.1) * (when.open(5, 8) | when.open(16, 19)),
    "home with its roof": lambda when: home(when) - 3 * when.sun(),
}
DIGITS = {"home": 3, "telecom": 1, "telecom with noise": 1, "smelter": 0, "data centre": 1, "office": 2, "school": 2}
STREAMS = {
    "solar plant": {"channel": "received", "can_export": True},
    "reactive": {"channel": "reactive"},
    "battery": {"can_export": True},
    "home with solar": {"can_export": True},
    "home with its roof": {"can_export": True},
}
STEADY = ("office", "school", "smelter", "data centre", "supermarket", "shop")
"""Meters with a base load and noise of a few percent: on these every fault can be told."""


def clean(
    kinds: tuple[str, ...],
    minutes: int = 60,
    days: int = 200,
    zone: str = "Europe/London",
    start: str = "2022-07-01",
    pulse: float = 0.0,
) -> Grid:
    """Meters of these kinds without a fault; `pulse`: they count whole pulses of so many kWh."""
    first = pd.Timestamp(start, tz=zone)
    edges = pd.date_range(first, first + pd.DateOffset(days=days), freq="D" if minutes == 1440 else f"{minutes}min")
    seconds = edges.tz_convert("UTC").tz_localize(None).as_unit("s").asi8
    fine = edges if minutes < 1440 else pd.date_range(edges[0], edges[-1], freq="10min")
    length = min(minutes, 10) if minutes == 1440 else minutes
    rows = []
    for kind in kinds:
        random = np.random.default_rng(zlib.crc32(f"{kind} {minutes}".encode()))
        energy = KINDS[kind](When(fine[:-1].tz_localize(None), length, random)) * length / 60
        if minutes == 1440:
            energy = np.add.reduceat(energy, np.searchsorted(fine, edges[:-1]))
        rows.append(in_pulses(energy, pulse) if pulse else energy.round(1 if minutes == 1440 else DIGITS.get(kind, 3)))
    plain = {"site_id": "site", "channel": "delivered", "channel_id": 0, "first": 0, "last": len(edges) - 2}
    plain |= {"fresh_first": 0, "fresh_last": len(edges) - 2, "can_export": False, "limit_kw": nan}
    table = pd.DataFrame([plain | {"meter_id": kind} | STREAMS.get(kind, {}) for kind in kinds])
    return laid(np.vstack(rows), seconds, minutes, zone, table)


def in_pulses(energy: np.ndarray, pulse: float) -> np.ndarray:
    """What a meter shows that counts whole pulses."""
    return np.diff(np.floor(np.cumsum(energy) / pulse + 1e-9), prepend=0) * pulse


def laid(energy: np.ndarray, edges: np.ndarray, minutes: int, zone: str, table: pd.DataFrame) -> Grid:
    """A grid of plain readings."""
    quality = np.where(np.isnan(energy), Quality.MISSING, Quality.ACTUAL).astype(np.uint8)
    codes, raw = (np.broadcast_to(np.array(empty), energy.shape) for empty in (np.uint8(0), nan))
    files = np.ones(energy.shape, dtype=np.int32)
    return Grid(edges[:-1], edges[1:], minutes, zone, energy, quality, codes, raw, codes, files, table)


def with_energy(grid: Grid, energy: np.ndarray, table: pd.DataFrame | None = None) -> Grid:
    """Other readings at the same times, of the same meters or of those of a table."""
    edges = np.append(grid.starts, grid.ends[-1])
    return laid(energy, edges, grid.minutes, grid.timezone, grid.channels if table is None else table)


def judge(grid: Grid, book: RuleBook | None = None) -> tuple[Grid, list[Finding]]:
    """A run of VEE, and what it calls an issue or a part of an interval."""
    result, found = run_vee(grid, book or RuleBook(), now=int(grid.starts[-1]))
    telling = [one for one in found if RULE_BY_ID[one.rule_id].severity != "info" or "half of" in one.detail]
    return result, telling


def assert_untouched(grid: Grid, *but: str) -> None:
    """No issue, no changed value, no mark on any channel."""
    result, found = judge(grid)
    kept = ~grid.channels["meter_id"].isin(but).to_numpy()

    assert [one for one in found if one.meter_id not in but] == []
    assert np.array_equal(result.energy[kept], grid.energy[kept], equal_nan=True)
    assert not result.rule[kept].any()
    assert np.isnan(result.raw[kept]).all()


# ---- clean meters ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", LENGTHS)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "pump"])
def test_a_clean_meter_stays_as_it_is(kind: str, minutes: int) -> None:
    """Nothing is taken out, nothing is put in, whatever the load and the interval."""
    assert_untouched(clean((kind,), minutes, LENGTHS[minutes]))


@pytest.mark.parametrize("minutes", [60, 30, 15, 5, 1])
def test_a_pump_that_rests_for_hours_stays_as_it_is(minutes: int) -> None:
    """By the day it is not clean to V08, whose own definition is a day of zero."""
    assert_untouched(clean(("pump",), minutes, LENGTHS[minutes]))


@pytest.mark.parametrize("pulse", [0.1, 1.0])
@pytest.mark.parametrize("minutes", [60, 30, 15])
def test_a_coarse_meter_stays_as_it_is(minutes: int, pulse: float) -> None:
    """Many zeros and equal values are resolution, not faults."""
    kinds = tuple(kind for kind in KINDS if kind not in ("battery", "home with its roof", "smelter"))
    assert_untouched(clean(kinds, minutes, LENGTHS[minutes], pulse=pulse))


@pytest.mark.parametrize("zone", ZONES)
def test_a_clean_meter_stays_as_it_is_in_any_zone(zone: str) -> None:
    """Clocks that change in either hemisphere, by an hour, at half past, or never."""
    assert_untouched(clean(tuple(KINDS), zone=zone, days=380))
    assert_untouched(clean(STEADY, minutes=1440, zone=zone, days=380))


@pytest.mark.parametrize("start", ["2023-01-20", "2023-03-24", "2023-06-03", "2023-12-28"])
@pytest.mark.parametrize("days", [1, 2, 7, 14, 31])
def test_a_short_file_stays_as_it_is(days: int, start: str) -> None:
    """One day, a weekend of a clock change, a month with a new year: little is known, so little is judged."""
    for minutes in (60, 30, 15, 1440):
        assert_untouched(clean(tuple(KINDS), minutes, days, start=start), "pump")


def test_two_readings_stay_as_they_are() -> None:
    """Half of the other is no fault where nothing else is known."""
    grid = clean(STEADY[:3], days=1)
    table = grid.channels.assign(last=1, fresh_last=1)
    energy = grid.energy[:, :2] * [0.5, 1.0]
    assert_untouched(laid(energy, grid.starts[:3], 60, grid.timezone, table))


def test_meters_that_begin_and_end_within_the_year() -> None:
    """A channel is judged within its span; zeros before the first load are no fault."""
    grid = clean(("office", "shop", "data centre"), days=300)
    energy = grid.energy.copy()
    energy[0, :2000], energy[1, 5000:], energy[2, :900] = nan, nan, 0
    table = grid.channels.assign(first=[2000, 0, 0], last=[7199, 4999, 7199])
    result, found = judge(with_energy(grid, energy, table))

    assert found == []
    assert np.array_equal(result.energy, energy, equal_nan=True)


@pytest.mark.parametrize("kind", ["pool pump", "irrigation", "chiller"])
def test_an_idle_season_is_told_and_kept(kind: str) -> None:
    """V22 says for how long; zeros stay zeros (V08 takes out under 45 days)."""
    grid = clean((kind,), 1440, 500)
    result, found = run_vee(grid, RuleBook())
    told = [one for one in found if one.rule_id == "V22"]

    assert {one.rule_id for one in found} <= {"V12", "V22", "V23"}
    assert any(one.intervals >= 90 for one in told)
    assert "nothing but 0 kWh for" in told[0].detail
    assert np.array_equal(result.energy, grid.energy)


def test_a_load_that_never_changes_is_told_and_kept() -> None:
    """V22: a constant load and a stuck meter look alike from the first reading on; told once, not every night."""
    grid = clean(("telecom",), days=90)
    later = replace(grid, channels=grid.channels.assign(fresh_first=24 * 89))

    assert [(one.rule_id, one.intervals) for one in run_vee(grid, RuleBook())[1]] == [("V22", grid.shape[1])]
    assert run_vee(later, RuleBook())[1] == []


@pytest.mark.shared_data
def test_clean_stretches_of_real_meters_stay_as_they_are(shared_data: Path, make_grid) -> None:
    """Two campus buildings, months of a third with both clock changes, a home in Ireland."""
    bdg = pd.read_csv(shared_data / "bdg2_sample" / "bdg2_hourly_sample.csv", index_col=0)
    assert_untouched(make_grid(bdg.to_numpy().T, start="2016-01-01"))
    for name, start in (("2018-11", "2018-11-01 07:00"), ("2019-03", "2019-03-01 08:00")):
        month = pd.read_csv(shared_data / "slb_wide" / f"Building_210_{name}_DST.csv", header=None).iloc[1, 2:]
        assert_untouched(make_grid(month.to_numpy(dtype=float), start=start, timezone="America/Los_Angeles"))
    (path,) = (shared_data / "esb_hdf").glob("*.csv")
    frame = pd.read_csv(path)
    ends = pd.to_datetime(frame["Read Date and End Time"], dayfirst=True)
    half_hours = pd.Series(frame["Read Value"].to_numpy() / 2, index=ends - pd.Timedelta(minutes=30)).sort_index()
    whole = half_hours[: pd.Timestamp("2023-02-20")]
    assert_untouched(make_grid(whole, start=str(whole.index[0]), minutes=30, timezone="Europe/Dublin"))


@pytest.mark.shared_data
@pytest.mark.parametrize("minutes", [1, 5, 15, 30, 60])
def test_a_real_home_has_four_missing_minutes_and_nothing_else(minutes: int, shared_data: Path, make_grid) -> None:
    """Whatever the interval: kettles, an electric boiler and Christmas are load."""
    frame = pd.read_csv(shared_data / "uci_household" / "uci_1min_20061216_20061231.csv", na_values="?")
    energy = frame["Global_active_power"].to_numpy()[: len(frame) // minutes * minutes] / 60
    grid = make_grid(energy.reshape(-1, minutes).sum(axis=1), start="2006-12-16 16:24", minutes=minutes)
    result, found = judge(grid)

    assert {one.rule_id for one in found} == {"V05"}
    assert np.array_equal(result.rule > 0, np.isnan(grid.energy))


@pytest.mark.shared_data
def test_a_real_home_by_the_day_lacks_nine_days_and_nothing_else(shared_data: Path, make_grid) -> None:
    """Four years; what is missing is estimated like other days of its weekday."""
    days = pd.read_csv(shared_data / "uci_household" / "uci_daily_2006_2010.csv")["Global_active_power"]
    grid = make_grid(days.to_numpy() * 24, start="2006-12-16", minutes=1440)
    result, found = judge(grid)

    assert [(one.rule_id, one.intervals) for one in found] == [("V05", n) for n in (1, 1, 1, 4, 2)]
    assert (result.rule > 0).sum() == 9


# ---- faults ----------------------------------------------------------------------------------------------------------


class Fault(NamedTuple):
    """What goes wrong: the rule that must say so, for how many hours (0: one interval), and what is read instead."""

    rule_id: str
    hours: float
    read: Callable[[np.ndarray], np.ndarray]

    def length(self, minutes: int) -> int:
        """Intervals; a catch-up has one more."""
        return max(1, round(self.hours * 60 / minutes)) + (self.rule_id == "V13")


def lost(truth: np.ndarray) -> np.ndarray:
    """Nothing was read."""
    return np.full_like(truth, nan)


def stuck(truth: np.ndarray) -> np.ndarray:
    """The first value stays."""
    return np.full_like(truth, truth[0])


def caught_up(outage: float) -> Callable[[np.ndarray], np.ndarray]:
    """All at once after an outage that reads as so much."""
    return lambda truth: np.append(np.full(len(truth) - 1, outage), truth.sum())


def times(factor: float) -> Callable[[np.ndarray], np.ndarray]:
    """So many times what it was."""
    return lambda truth: truth * factor


HOURS = (1, 3, 12, 30, 100, 240)
FAULTS = (
    {f"gap of {hours} h": Fault("V05", hours, lost) for hours in (*HOURS, 480)}
    | {f"zero for {hours} h": Fault("V08", hours, np.zeros_like) for hours in HOURS}
    | {f"stuck for {hours} h": Fault("V09", hours, stuck) for hours in (8, 12, 26, 72, 120)}
    | {f"caught up after {hours} h of zero": Fault("V13", hours, caught_up(0.0)) for hours in (3, 6, 12, 30, 96)}
    | {f"caught up after a gap of {hours} h": Fault("V13", hours, caught_up(nan)) for hours in (3, 6, 12, 30)}
    | {f"spike of {factor} times": Fault("V10", 0, times(factor)) for factor in (5, 10, 30, 100)}
    | {
        "negative": Fault("V07", 0, np.negative),
        "negative for 5 h": Fault("V07", 5, np.negative),
        "a meter's code": Fault("V11", 0, lambda truth: np.full_like(truth, 4294967.295)),
    }
)


def inject(grid: Grid, fault: Fault, day: int = 117) -> tuple[Grid, dict[int, slice]]:
    """The fault on every channel, on Wednesdays of their own, from noon on; and where it is."""
    energy, places = grid.energy.copy(), {}
    wall = pd.to_datetime(grid.wall_clock(), unit="s")
    for row in range(len(energy)):
        begin = wall[0].normalize() + pd.Timedelta(days=day + 7 * row, hours=12)
        first = int(np.flatnonzero(wall >= begin)[0])
        places[row] = slice(first, first + fault.length(grid.minutes))
        energy[row, places[row]] = fault.read(grid.energy[row, places[row]]).round(6)
    return with_energy(grid, energy), places


def cells_of(found: list[Finding], grid: Grid) -> set[tuple[str, int, int, int]]:
    """(rule, channel, first interval, length) of each finding."""
    rows = {meter: row for row, meter in enumerate(grid.channels["meter_id"])}
    at = [int(np.searchsorted(grid.starts, one.first_start_utc or 0)) for one in found]
    return {(one.rule_id, rows[str(one.meter_id)], begin, one.intervals) for one, begin in zip(found, at, strict=True)}


@pytest.mark.parametrize("minutes", [60, 15])
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_where_it_is(name: str, minutes: int) -> None:
    """By its rule, at its intervals, nothing beside; raw is kept, estimates are near the truth, no peak comes of it.

    Near: absolute errors are 15 % of the energy in the median of six meters, 40 % at most.
    """
    fault, truth = FAULTS[name], clean(STEADY, minutes, 200 if minutes == 60 else 160)
    grid, places = inject(truth, fault, 117 if minutes == 60 else 75)
    result, found = judge(grid)
    back = np.where(np.isnan(result.raw), result.energy, result.raw)
    at_fault = np.zeros(grid.shape, dtype=np.bool_)
    for row, place in places.items():
        at_fault[row, place] = True

    assert cells_of(found, grid) == {
        (fault.rule_id, row, place.start, place.stop - place.start) for row, place in places.items()
    }
    assert np.array_equal(result.rule > 0, at_fault)
    assert (result.quality[at_fault] == Quality.ESTIMATED).all()
    assert np.array_equal(back[~np.isnan(grid.energy)], grid.energy[~np.isnan(grid.energy)])
    errors = [np.abs(result.energy[at] - truth.energy[at]).sum() / truth.energy[at].sum() for at in places.items()]
    assert (np.median(errors) <= 0.15, max(errors) <= 0.4) == (True, True), errors
    if fault.rule_id == "V13":
        sums = [(result.energy[at].sum(), np.nansum(grid.energy[at])) for at in places.items()]
        assert [spread for spread, _ in sums] == pytest.approx([read for _, read in sums], rel=1e-9)
    peaks = roll_up_daily(result).to_pandas().groupby("meter_id")["peak_kw"].max()
    plain = np.where(at_fault, -np.inf, truth.energy).max(axis=1) * 60 / minutes
    assert peaks[list(STEADY)].to_numpy() == pytest.approx(plain)


@pytest.mark.parametrize("factor", [10, 30, 100])
def test_a_spike_of_two_readings_is_found(factor: float) -> None:
    """V10: two side by side, where they are 5.5 times the same weekdays or three times the 99.5th percentile."""
    grid, places = inject(clean(STEADY), Fault("V10", 2, times(factor)))
    result, found = judge(grid)

    assert cells_of(found, grid) == {("V10", row, place.start, 2) for row, place in places.items()}
    assert all((result.method[at] == Method.LINEAR).all() for at in places.items())


def test_a_gap_of_forty_days_is_left_null() -> None:
    """V05 and V18; nothing is invented."""
    grid, places = inject(clean(STEADY), Fault("V05", 40 * 24, lost), 114)
    result, found = judge(grid)

    assert {rule_id for rule_id, *_ in cells_of(found, grid)} == {"V05", "V18"}
    assert all(np.isnan(result.energy[at]).all() for at in places.items())


@pytest.mark.parametrize("inside", [nan, 0.0], ids=["missing", "zero"])
@pytest.mark.parametrize("minutes", [60, 30, 15])
def test_half_intervals_beside_a_gap_go_with_it(minutes: int, inside: float) -> None:
    """V17: what a meter measured of its last and first interval is no reading of a whole one."""
    cells = round(30 * 60 / minutes)

    def half(truth: np.ndarray) -> np.ndarray:
        return np.concatenate(([truth[0] / 2], np.full(cells - 2, inside), [truth[-1] / 2]))

    grid, places = inject(clean(("office", "smelter", "data centre", "supermarket"), minutes), Fault("V17", 30, half))
    result, found = judge(grid)
    wanted = set()
    for row, place in places.items():
        wanted |= {("V17", row, place.start, 1), ("V17", row, place.stop - 1, 1)}
        wanted |= {("V08" if inside == 0 else "V05", row, place.start + 1, cells - 2)}

    assert cells_of(found, grid) == wanted
    assert all((result.rule[row, [place.start, place.stop - 1]] == 17).all() for row, place in places.items())


def test_whole_intervals_beside_a_gap_stay() -> None:
    """V17: closing time and a cold start are no halves; nothing but the gaps is found, at any hour of the day."""
    grid = clean(STEADY, 30)
    energy = grid.energy.copy()
    for number, first in enumerate(range(1500, 8000, 107)):
        energy[number % len(energy), first : first + 5 + number % 40] = nan
    result, found = judge(with_energy(grid, energy))

    assert {one.rule_id for one in found} == {"V05"}
    assert np.array_equal(result.rule > 0, np.isnan(energy))


@pytest.mark.parametrize(
    ("minutes", "factor"), [(15, 4.0), (15, 0.25), (30, 2.0), (60, 1000.0), (60, 0.001), (60, 10.0), (1440, 1000.0)]
)
def test_another_unit_from_a_date_on_is_told_at_its_day(minutes: int, factor: float) -> None:
    """V15: kW for kWh, Wh for kWh; said, never rescaled, and nothing beside it."""
    grid = clean(("office", "school", "data centre", "supermarket", "shop"), minutes, 240)
    days = grid.local_days()
    first = int(np.searchsorted(days, days[0] + 131))
    energy = grid.energy.copy()
    energy[:, first:] *= factor
    result, found = judge(with_energy(grid, energy))

    assert {one[:3] for one in cells_of(found, grid)} == {("V15", row, first) for row in range(len(energy))}
    assert np.array_equal(result.energy, energy)


def test_days_filled_at_the_source_are_an_estimate() -> None:
    """V09 and V20 where several meters have them; on one meter it is stuck."""
    grid = clean(STEADY)
    energy = grid.energy.copy()
    days = grid.local_days() - grid.local_days()[0]
    for rows, day in (((0, 1, 3), 100), ((0, 1, 3), 130), ((2,), 150)):
        for row in rows:
            energy[row, days == day] = energy[row, days == day].mean().round(3)
    result, found = run_vee(with_energy(grid, energy), RuleBook())
    told = {rule: {one.meter_id for one in found if one.rule_id == rule} for rule in ("V09", "V20")}

    assert told["V20"] == {STEADY[row] for row in (0, 1, 3)}
    assert told["V09"] == {STEADY[row] for row in (0, 1, 2, 3)}
    assert (result.rule == 20).sum() == 3 * 2 * 24
    assert np.array_equal(result.energy[result.rule == 20], energy[result.rule == 20])
    assert result.rule[2, days == 150].tolist() == [9] * 24


@pytest.mark.parametrize("outage", [nan, 0.0], ids=["missing", "zero"])
@pytest.mark.parametrize(("meters", "out"), [(3, 3), (6, 6), (6, 5), (60, 15)])
def test_a_site_that_goes_out_is_one_event(meters: int, out: int, outage: float) -> None:
    """V19, also when its channels were worked on in several blocks."""
    one = clean(STEADY, days=60)
    energy = np.vstack([one.energy * (1 + number / 100) for number in range(10)])[:meters].round(3)
    energy[:out, 700:730] = outage
    names = [f"m{number:02d}" for number in range(meters)]
    table = pd.concat([one.channels] * 10, ignore_index=True)[:meters].assign(meter_id=names)
    found = []
    for block in np.array_split(np.arange(meters), 2):
        found += judge(with_energy(one, energy[block], table.iloc[block].reset_index(drop=True)))[1]
    (event,) = merge_fleet_events(found, table)

    assert len(found) == out
    assert (event.rule_id, event.intervals) == ("V19", 30)
    assert event.detail.startswith(f"{out} of {meters} channels of site site")
    assert event.first_start_utc == one.starts[700]


def test_one_meter_of_three_channels_is_no_fleet() -> None:
    """V19: its outage stays a finding of each channel."""
    table = pd.DataFrame({"site_id": "s", "meter_id": "m", "channel": ["delivered", "received", "reactive"]})
    found = [Finding("V05", "m", channel, 0, 3600 * 9, 10, "no reading") for channel in table["channel"]]

    assert merge_fleet_events(found, table) == found


# ---- numbers, as a user sets them ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "cells", "settings", "found"),
    [
        pytest.param(1, 359, {}, 0, id="5 h 59"),
        pytest.param(1, 360, {}, 1, id="6 h"),
        pytest.param(15, 23, {}, 0, id="23 quarters"),
        pytest.param(15, 24, {}, 1, id="24 quarters"),
        pytest.param(15, 24, {"hours": 6.25}, 0, id="longer by a quarter"),
        pytest.param(15, 12, {"hours": 3}, 1, id="three hours asked for"),
        pytest.param(15, 24, {"enabled": False}, 0, id="off"),
    ],
)
def test_hours_of_the_consecutive_check(minutes: int, cells: int, settings, found: int) -> None:
    """V09: from six hours on."""
    grid = clean(("data centre",), minutes, 60 if minutes > 1 else 10)
    energy = grid.energy.copy()
    energy[0, 4000 : 4000 + cells] = energy[0].max() + 50

    assert len(judge(with_energy(grid, energy), RuleBook({"V09": settings}))[1]) == found


@pytest.mark.parametrize(("times_held", "settings", "found"), [(2, {}, 2), (3, {}, 0), (3, {"visits": 4}, 3)])
def test_a_value_held_three_times_is_base_load(times_held: int, settings, found: int) -> None:
    """V09 `visits`: 3 by default."""
    grid = clean(("data centre",))
    energy = grid.energy.copy()
    for first in range(500, 500 + 1000 * times_held, 1000):
        energy[0, first : first + 30] = 999.9

    assert len(judge(with_energy(grid, energy), RuleBook({"V09": settings}))[1]) == found


@pytest.mark.parametrize(
    ("settings", "over", "found"),
    [
        pytest.param({}, 0.99, 0, id="below 1.5 times the percentile"),
        pytest.param({}, 1.01, 1, id="above"),
        pytest.param({"level": 2.0}, 1.3, 0, id="2 times asked for"),
        pytest.param({"level": 1.0}, 0.9, 1, id="once is enough"),
        pytest.param({"times": 8.0}, 1.01, 0, id="8 times both neighbours asked for"),
        pytest.param({"enabled": False}, 9.0, 0, id="off"),
    ],
)
def test_numbers_of_the_spike_check(settings, over: float, found: int) -> None:
    """V10: 2.5 times both neighbours and 1.5 times the 99.5th percentile, at night in an office."""
    grid = clean(("office",))
    energy = grid.energy.copy()
    energy[0, 24 * 100 + 3] = over * spike_limit(grid, measure(grid))[0]

    assert len(judge(with_energy(grid, energy), RuleBook({"V10": settings}))[1]) == found


@pytest.mark.parametrize(
    ("hours", "settings", "rules"),
    [
        pytest.param(720, {}, {"V05"}, id="30 days"),
        pytest.param(721, {}, {"V05", "V18"}, id="an hour more"),
        pytest.param(721, {"days": 31}, {"V05"}, id="31 days allowed"),
        pytest.param(48, {"days": 1}, {"V05", "V18"}, id="one day allowed"),
        pytest.param(721, {"enabled": False}, {"V05"}, id="off"),
    ],
)
def test_days_of_prolonged_estimation(hours: int, settings, rules: set[str]) -> None:
    """V18: estimated up to 30 days, null beyond."""
    grid, places = inject(clean(("office",)), Fault("V05", hours, lost))
    result, found = judge(grid, RuleBook({"V18": settings}))

    assert {one.rule_id for one in found} == rules
    assert np.isnan(result.energy[0, places[0]]).all() == ("V18" in rules)


def test_history_beyond_a_long_gap_is_not_used() -> None:
    """V18 `history_days`: 50 by default; a day between two long gaps has no like day within reach."""
    grid = clean(("office",), days=300)
    energy = grid.energy.copy()
    for first, days in ((60, 52), (119, 52), (115, 1)):
        energy[0, first * 24 : (first + days) * 24] = nan
    asked, grid = slice(115 * 24, 116 * 24), with_energy(grid, energy)

    assert np.isnan(judge(grid)[0].energy[0, asked]).all()
    assert not np.isnan(judge(grid, RuleBook({"V18": {"history_days": 60}}))[0].energy[0, asked]).any()


@pytest.mark.parametrize(("share", "found"), [(0.35, False), (0.41, True), (0.5, True), (0.59, True), (0.65, False)])
def test_shares_of_a_half_interval(share: float, found: bool) -> None:
    """V17: 0.4 to 0.6 of what is usual beside the neighbour."""
    grid = clean(("data centre",), 60, 120)
    energy = grid.energy.copy()
    energy[0, 2000:2010] = nan
    energy[0, 2010] = energy[0, 2011] * share
    grid = with_energy(grid, energy)
    wide = RuleBook({"V17": {"low": 0.3, "high": 0.7}})

    assert ("V17" in {one.rule_id for one in judge(grid)[1]}) == found
    assert "V17" in {one.rule_id for one in judge(grid, wide)[1]}


@pytest.mark.parametrize(("worth", "found"), [(0.45, False), (0.6, True), (1.4, True), (1.6, False)])
def test_what_a_catch_up_may_be_worth(worth: float, found: bool) -> None:
    """V13: half to one and a half times its gap; else a peak, estimated and never spread."""
    grid, places = inject(clean(("data centre",)), Fault("V13", 40, lambda truth: caught_up(nan)(truth) * worth))
    result, _ = judge(grid)

    assert (result.method[0, places[0]] == Method.SCALED).all() == found
    assert result.energy[0, places[0]].max() < 2 * np.nanmedian(grid.energy)


@pytest.mark.parametrize(
    ("zeros", "settings", "found"), [(40, {}, True), (900, {}, False), (40, {"zero_share": 0.001}, False)]
)
def test_share_of_zeros_at_which_a_load_rests(zeros: int, settings, found: bool) -> None:
    """V08: up to 5 % of the readings."""
    grid = clean(("data centre",))
    energy = grid.energy.copy()
    energy[0, 100 : 100 + 5 * zeros : 5] = 0

    assert bool(judge(with_energy(grid, energy), RuleBook({"V08": settings}))[1]) == found


@pytest.mark.parametrize(("days", "settings", "found"), [(44, {}, 1), (45, {}, 0), (44, {"season_days": 40}, 0)])
def test_days_that_make_a_season(days: int, settings, found: int) -> None:
    """V08: 45 days without load are an idle season."""
    grid = clean(("data centre",), days=300)
    energy = grid.energy.copy()
    energy[0, 2400 : 2400 + days * 24] = 0
    _, telling = judge(with_energy(grid, energy), RuleBook({"V08": settings}))

    assert [one.rule_id for one in telling].count("V08") == found


# ---- whole runs on files ---------------------------------------------------------------------------------------------


def write_long(path: Path, grid: Grid, hours: slice = slice(None)) -> Path:
    """The readings of a grid, as a file has them."""
    stamps = pd.to_datetime(grid.starts[hours], unit="s").strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = pd.DataFrame(grid.energy[:, hours].T, index=stamps, columns=list(grid.channels["meter_id"]))
    long = rows.rename_axis("interval_start").melt(ignore_index=False, var_name="meter_id", value_name="energy_kwh")
    long.reset_index()[["meter_id", "interval_start", "energy_kwh"]].dropna().to_csv(path, index=False)
    return path


def checked(path: Path, **options: object) -> Report:
    """What `hyperwatt check` says of a file; nothing of it is refused."""
    report = check([path], load_settings(timezone="Europe/London", **options))
    assert report.refused == []
    return report


def told(report: Report, *rules: str) -> list[tuple[str, str | None, int]]:
    """(rule, meter, intervals) of the findings of some rules, or of all that are an issue."""
    every = [(one.rule_id, one.meter_id, one.intervals) for one in report.findings]
    return [one for one in every if (one[0] in rules if rules else RULE_BY_ID[one[0]].severity != "info")]


@pytest.mark.parametrize("minutes", [60, 30, 15, 1440])
def test_a_file_of_clean_meters_has_no_issue(minutes: int, tmp_path: Path) -> None:
    """All kinds in one long file, delivered only."""
    kinds = tuple(kind for kind in KINDS if kind not in (*STREAMS, "pump"))
    report = checked(write_long(tmp_path / "clean.csv", clean(kinds, minutes, LENGTHS[minutes] // 2)))

    assert report.channels == len(kinds)
    assert told(report) == []
    assert told(report, "V02", "V03", "V04", "V06", "V20") == []


def test_a_day_written_twice_is_one_finding(tmp_path: Path) -> None:
    """V02, with how many differ; the last one is kept."""
    path = write_long(tmp_path / "twice.csv", clean(STEADY, days=30))
    rows = pd.read_csv(path)
    again = rows[(rows["meter_id"] == "shop") & rows["interval_start"].str.startswith("2022-07-12")]
    pd.concat([rows, again.assign(energy_kwh=again["energy_kwh"] * 1.1)]).to_csv(path, index=False)

    assert told(checked(path)) == [("V02", "shop", 24)]


def test_a_fleet_outage_in_a_file(tmp_path: Path) -> None:
    """V19 by the settings: more than half of the site asked for, or the rule off."""
    grid = clean(STEADY, days=60)
    energy = np.vstack([grid.energy, grid.energy * 1.1]).round(3)
    energy[:6, 700:730] = 0
    table = pd.concat([grid.channels] * 2, ignore_index=True).assign(
        meter_id=[f"m{number:02d}" for number in range(12)]
    )
    path = write_long(tmp_path / "site.csv", with_energy(grid, energy, table))

    assert told(checked(path), "V08", "V19") == [("V19", None, 30)]
    assert told(checked(path, rules={"V19": {"share": 0.51}}), "V19") == []
    assert len(told(checked(path, rules={"V19": {"enabled": False}}), "V08")) == 6


def test_settings_of_a_file_a_meter_and_a_channel(tmp_path: Path) -> None:
    """[rules.V09], [meters.NAME.rules.V10], [meters.NAME.channels.delivered.rules.V08]: each holds where it says."""
    grid = clean(("office", "data centre", "supermarket"), days=90)
    energy = grid.energy.copy()
    energy[:, 1000:1010] = energy[:, 1000:1001]
    energy[:, 1300] *= 40
    energy[:, 1500:1506] = 0
    path = write_long(tmp_path / "set.csv", with_energy(grid, energy))
    config = tmp_path / "hyperwatt.toml"
    config.write_text(
        'timezone = "Europe/London"\n[rules.V09]\nhours = 12\n[rules.V19]\nenabled = false\n'
        '[meters.office.rules.V09]\nhours = 8\n[meters."data centre".rules.V10]\nenabled = false\n'
        "[meters.supermarket.channels.delivered.rules.V08]\nenabled = false\n"
    )
    report = check([path], load_settings(config=config))

    assert told(report, "V09") == [("V09", "office", 10)]
    assert {meter for _, meter, _ in told(report, "V10")} == {"office", "supermarket"}
    assert {meter for _, meter, _ in told(report, "V08")} == {"office", "data centre"}


def test_an_autumn_hour_split_by_us_is_no_estimate_of_the_supplier(tmp_path: Path) -> None:
    """V03 says it; V20 is about what suppliers flag."""
    grid = clean(("office",), days=60, start="2023-09-20")
    wall = pd.to_datetime(grid.wall_clock(), unit="s").strftime("%Y-%m-%d %H:%M")
    rows = pd.DataFrame({"timestamp": wall, "office": grid.energy[0]}).groupby("timestamp", sort=False).sum()
    rows.to_csv(tmp_path / "wall.csv")
    report = checked(tmp_path / "wall.csv")

    assert len(rows) == grid.shape[1] - 1
    assert [rule for rule, *_ in told(report, "V03", "V20")] == ["V03"]
    assert told(report) == []


def test_a_feed_is_stale_after_five_days(tmp_path: Path) -> None:
    """V22: not three days behind, not by the day, not behind blank rows to come."""
    hourly, daily = clean(("office", "shop", "school"), days=60), clean(("smelter",), 1440, 59)
    hourly.energy[1, -24 * 3 :], hourly.energy[2, -24 * 6 :] = nan, nan
    paths = [write_long(tmp_path / "hours.csv", hourly), write_long(tmp_path / "days.csv", daily)]
    blank = pd.DataFrame({"meter_id": "office", "interval_start": ["2022-12-31T00:00:00Z"], "energy_kwh": [None]})
    pd.concat([pd.read_csv(paths[0]), blank]).to_csv(paths[0], index=False)
    report = check(paths, load_settings(timezone="Europe/London"))

    assert told(report, "V22") == [("V22", "school", 1)]


def test_day_by_day_ends_as_in_one_piece(tmp_path: Path, hyperd) -> None:
    """Verdicts, raw values and qualities are the same; estimates may differ where the whole file saw later days."""
    grid = clean(("office", "data centre", "shop", "supermarket"), days=104)
    energy, day = grid.energy.copy(), 24 * np.arange(105)
    energy[0, day[98] + 3 : day[98] + 8] = nan
    energy[1, day[98] + 20 : day[99] + 9] = 0
    energy[2, day[99] + 10] *= 30
    energy[3, day[100] + 2 : day[100] + 20] = energy[3, day[100] + 2]
    energy[0, day[101] + 2 : day[101] + 15] = caught_up(nan)(energy[0, day[101] + 2 : day[101] + 15])
    grid = with_energy(grid, energy)
    frames = []
    for folder, pieces in (("whole", [0, 104]), ("daily", [0, *range(98, 105)])):
        settings = load_settings(out=tmp_path / folder, timezone="Europe/London")
        for first, last in pairwise(pieces):
            path = write_long(tmp_path / f"{folder}-{first}.csv", grid, slice(day[first], day[last]))
            assert run([path], settings).refused == []
        frame = read_extract(tmp_path / folder / "extracts" / "readings.hyper", hyperd)
        frames.append(frame.sort_values(["meter_id", "interval_start_utc"], ignore_index=True))
    whole, daily = frames

    assert len(whole) == len(daily) == grid.energy.size
    for column in ("raw_kwh", "quality", "rule_id", "interval_start_utc"):
        pd.testing.assert_series_equal(whole[column], daily[column])
    plain = whole["quality"] == "actual"
    assert np.array_equal(whole["energy_kwh"][plain], daily["energy_kwh"][plain])
    assert daily["energy_kwh"].to_numpy() == pytest.approx(whole["energy_kwh"].to_numpy(), rel=0.25)
    assert (whole["rule_id"].value_counts() == daily["rule_id"].value_counts()).all()
