"""Readings as the days that models take, and back to the clock: lengths of intervals, clock changes, what may teach."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.clock import HOUR, utc_offsets
from pipeline.forecast_days import (
    Cells,
    day_cells,
    day_values,
    days_ahead,
    has_hours,
    hour_cells,
    hour_days,
    hour_values,
    hours_ahead,
    local_days,
    merge_cells,
    midnights,
    summed_days,
    total_days,
    without_zeros,
)
from pipeline.rollup import day_seconds
from pipeline.schema import Quality

NO_DAYS = np.zeros(0, dtype=np.int64)
LONDON = "Europe/London"


def utc(text: str) -> int:
    """An instant. [s since 1970 UTC]"""
    return int(pd.Timestamp(text).timestamp())


def walls(starts: np.ndarray, timezone: str) -> list[str]:
    """What the clock shows."""
    return [str(pd.Timestamp(one, unit="s"))[:16] for one in (starts + utc_offsets(timezone, starts)).tolist()]


def cells_of(energy: list[float], start: str, step: int = HOUR) -> Cells:
    """Cells of one channel, all of them plain."""
    values = np.array([energy], dtype=np.float64)
    return Cells(utc(start) + step * np.arange(len(energy)), values, (~np.isnan(values)).astype(np.float64))


def changed(grid: Any, quality: dict[int, Quality], rule: dict[int, int]) -> Any:
    """The grid with other qualities and rules at some intervals of its first channel."""
    from dataclasses import replace

    codes, rules = grid.quality.copy(), np.zeros(grid.energy.shape, dtype=np.uint8)
    for at, code in quality.items():
        codes[0, at] = code
    for at, number in rule.items():
        rules[0, at] = number
    return replace(grid, quality=codes, rule=rules)


@pytest.mark.parametrize("minutes", [5, 15, 30])
def test_intervals_add_up_to_hours(make_grid: Any, minutes: int) -> None:
    """Energy in, the same energy out; an hour of which a part is unknown is not known."""
    parts = 60 // minutes
    energy = np.arange(48.0 * parts)
    energy[parts * 3] = np.nan
    found = hour_cells(make_grid(energy, "2024-05-01", minutes))

    assert len(found.starts) == 48
    assert (np.diff(found.starts) == HOUR).all()
    assert np.isnan(found.energy[0]).nonzero()[0].tolist() == [3]
    np.testing.assert_allclose(found.energy[0, 5], energy[5 * parts : 6 * parts].sum())
    assert found.plain[0, 3] == pytest.approx(1 - 1 / parts)


def test_hours_are_those_of_the_local_clock(make_grid: Any) -> None:
    """In a zone of half an hour, half-hours are summed from full hour to full hour of the wall clock."""
    found = hour_cells(make_grid(np.ones(6), "2024-05-01 00:00", 30, "Asia/Kolkata"))

    assert walls(found.starts, "Asia/Kolkata") == [f"2024-05-01 {hour:02}:00" for hour in (5, 6, 7, 8)]
    assert np.isnan(found.energy[0]).tolist() == [True, False, False, True]


def test_hourly_readings_stay_where_they_are(make_grid: Any) -> None:
    """Readings from quarter past to quarter past are no readings of full hours."""
    found = hour_cells(make_grid([1.0, 2.0], "2024-05-01 00:15"))

    assert (found.starts - utc("2024-05-01 00:15")).tolist() == [0, HOUR]


@pytest.mark.parametrize(("minutes", "whole"), [(60, True), (1, True), (45, False), (120, False), (1440, False)])
def test_what_adds_up_to_hours(make_grid: Any, minutes: int, whole: bool) -> None:
    """Others have days only, and asking for their hours is a mistake of the caller."""
    grid = make_grid(np.ones(3), minutes=minutes)

    assert has_hours(grid) is whole
    if not whole:
        with pytest.raises(ValueError, match="do not add up"):
            hour_cells(grid)


def test_days_have_23_24_and_25_hours(make_grid: Any) -> None:
    """The sum of a day of a clock change is that of all its hours; cut days at both ends are not known."""
    hours = int((utc("2024-11-01") - utc("2024-03-01")) / HOUR)
    found = day_cells(make_grid(np.ones(hours), "2024-03-01", timezone=LONDON))
    energy = dict(zip(local_days(LONDON, found.starts).tolist(), found.energy[0].tolist(), strict=True))

    assert energy[utc("2024-03-31") // 86400] == 23
    assert energy[utc("2024-10-27") // 86400] == 25
    assert energy[utc("2024-06-01") // 86400] == 24
    assert sorted(set(energy.values())) == [23, 24, 25]


def test_days_of_changing_length_of_readings(make_grid: Any) -> None:
    """Half an hour may be read in any length: a day of two-hour readings is a day."""
    found = day_cells(make_grid(np.ones(24), "2024-05-01", 120))

    assert found.energy[0].tolist() == [12, 12]


def test_irregular_periods_are_no_days(make_grid: Any) -> None:
    """A mistake of the caller."""
    with pytest.raises(ValueError, match="no day"):
        day_cells(make_grid(np.ones(3), minutes=60).__class__(**vars(make_grid(np.ones(3))) | {"minutes": 0}))


def test_estimates_and_marked_readings_are_not_plain(make_grid: Any) -> None:
    """What VEE put there or doubted teaches nothing; what a person put there does."""
    grid = changed(
        make_grid(np.ones(24)),
        {1: Quality.ESTIMATED, 2: Quality.EDITED, 3: Quality.MISSING, 4: Quality.ESTIMATED},
        {2: 9, 4: 20, 5: 3},
    )

    assert hour_cells(grid).plain[0, :7].tolist() == [1, 0, 1, 0, 0, 0, 1]
    assert day_cells(grid).plain[0].tolist() == [20 / 24]


def test_little_that_is_plain_teaches_nothing(make_grid: Any) -> None:
    """Under half: the weight is 0; over it the weight is the share."""
    grid = changed(make_grid(np.ones(96), minutes=15), dict.fromkeys((4, 5, 6, 8), Quality.ESTIMATED), {})
    ahead = hours_ahead("UTC", int(grid.ends[-1]), 15)
    days = hour_days(hour_cells(grid), "UTC", ahead, NO_DAYS)

    assert days.weight[0, :4].tolist() == [1, 0, 0.75, 1]
    assert days.energy_kwh[0].tolist() == [4.0] * 24


def test_streams_of_two_lengths_are_one() -> None:
    """An hour that both tell is the first's, one that it does not know the other's."""
    fine, coarse = cells_of([1, np.nan, 3], "2024-05-01"), cells_of([9, 8, 7, 6], "2024-05-01 00:00")

    found = merge_cells([fine, coarse])

    assert found.energy[0].tolist() == [1, 8, 3, 6]
    assert (np.diff(found.starts) == HOUR).all()


def test_zeros_that_were_asked_about_teach_nothing() -> None:
    """A dead feed or an idle load (V22): zeros inside the finding have weight 0, and nothing else has."""
    cells = cells_of([0, 0, 5, 0, 0, 0], "2024-05-01")
    found = pd.DataFrame(
        {
            "rule_id": ["V22", "V12", "V08"],
            "first_start_utc": pd.array([utc("2024-05-01 01:00"), utc("2024-05-01 05:00"), None], "Int64"),
            "last_start_utc": pd.array([utc("2024-05-01 03:00"), utc("2024-05-01 05:00"), None], "Int64"),
        }
    )

    assert without_zeros(cells, found, HOUR).plain[0].tolist() == [1, 0, 1, 0, 1, 1]
    assert cells.plain[0].tolist() == [1] * 6


@pytest.mark.parametrize(
    ("end", "rows", "long_day"),
    [
        ("2024-10-20 23:00", 337, ("2024-10-27", 25)),
        ("2024-03-24 00:00", 335, ("2024-03-31", 23)),
        ("2024-06-02 23:00", 336, ("2024-06-10", 24)),
    ],
    ids=["autumn", "spring", "summer"],
)
def test_hours_go_on_across_a_clock_change(end: str, rows: int, long_day: tuple[str, int]) -> None:
    """A week before a change: every hour has a start of its own in UTC, and the wall clock fortnight is whole."""
    ahead = hours_ahead(LONDON, utc(end), 60)
    shown = walls(ahead, LONDON)

    assert len(ahead) == len(set(ahead.tolist())) == rows
    assert (np.diff(ahead) == HOUR).all()
    assert (ahead[0], shown[0][11:], shown[-1][11:]) == (utc(end), "00:00", "23:00")
    assert sum(one.startswith(long_day[0]) for one in shown) == long_day[1]


def test_an_hour_that_is_half_known_is_forecast() -> None:
    """Readings of half an hour that end in the middle of one: it is the first to come; hourly ones just go on."""
    assert hours_ahead("UTC", utc("2024-05-01 17:30"), 30)[0] == utc("2024-05-01 17:00")
    assert hours_ahead("UTC", utc("2024-05-01 17:15"), 60)[0] == utc("2024-05-01 17:15")


def test_every_hour_has_the_value_of_its_slot() -> None:
    """Twice in autumn, and none of the hour that spring leaves out."""
    slots = np.arange(15 * 24.0).reshape(15, 24)
    for end, lost, twice in (("2024-10-20 23:00", [], [6 * 24 + 1]), ("2024-03-24 00:00", [7 * 24 + 1], [])):
        ahead = hours_ahead(LONDON, utc(end), 60)
        found = hour_values(slots, ahead, LONDON).tolist()
        counts = pd.Series(found).value_counts()
        missing = [slot for slot in range(14 * 24) if slot not in counts.index]

        assert missing == lost
        assert counts[counts > 1].index.tolist() == twice


def test_a_day_of_a_change_has_its_hours() -> None:
    """Models know days of 24 hours; what is said of a day is of the hours that it has."""
    ahead = days_ahead(LONDON, utc("2024-03-30 12:00"), 365)
    found = day_values(np.full((365, 1), 24.0), ahead, LONDON)
    days = dict(zip(walls(ahead, LONDON), found.tolist(), strict=True))

    assert len(days) == 365
    assert days["2024-03-30 00:00"] == 24
    assert days["2024-03-31 00:00"] == 23
    assert days["2024-10-27 00:00"] == 25


def test_days_and_back_are_the_same(make_grid: Any) -> None:
    """A year of hours in London: slots hold the mean of both autumn hours, totals are those of 24 hours."""
    start = "2024-01-01"
    hours = 366 * 24
    grid = make_grid(np.full(hours, 2.0), start, timezone=LONDON)
    end = int(grid.ends[-1])
    by_hour = hour_days(hour_cells(grid), LONDON, hours_ahead(LONDON, end, 60), NO_DAYS)
    by_day = total_days(day_cells(grid), LONDON, days_ahead(LONDON, end), NO_DAYS)
    spring = utc("2024-03-31") // 86400 - by_hour.first_day

    assert (by_hour.origin, by_hour.horizon) == (366, 14)
    assert (by_day.origin, by_day.horizon) == (366, 365)
    assert np.argwhere(np.isnan(by_hour.energy_kwh[: by_hour.origin])).tolist() == [[spring, 1]]
    assert set(by_hour.energy_kwh[~np.isnan(by_hour.energy_kwh)].tolist()) == {2.0}
    np.testing.assert_allclose(by_day.energy_kwh[: by_day.origin], 48.0)
    assert by_hour.weight.max() == by_day.weight.max() == 1.0


def test_both_autumn_hours_are_their_mean() -> None:
    """Energy of the repeated hour is not doubled in its slot."""
    cells = cells_of(list(range(48)), "2024-10-26 23:00")
    days = hour_days(cells, LONDON, hours_ahead(LONDON, int(cells.starts[-1]) + HOUR, 60), NO_DAYS)

    assert days.energy_kwh[0, :3].tolist() == [0.0, 1.5, 3.0]


def test_holidays_and_the_day_that_is_half_known() -> None:
    """The day of the origin keeps the hours that are known; holidays are known ahead."""
    cells = cells_of([1.0] * 30, "2024-12-30")
    first = utc("2024-12-30") // 86400
    days = hour_days(cells, "UTC", hours_ahead("UTC", int(cells.starts[-1]) + HOUR, 60), np.array([first + 2]))

    assert (days.first_day, days.origin, days.horizon) == (first, 1, 15)
    assert np.isnan(days.energy_kwh[1]).tolist() == [False] * 6 + [True] * 18
    assert days.is_holiday.nonzero()[0].tolist() == [2]


def test_what_was_read_after_the_origin_is_not_looked_at() -> None:
    """Cells from the origin on are the future, whatever is known of them."""
    cells = cells_of([1.0] * 48, "2024-05-01")
    days = hour_days(cells, "UTC", hours_ahead("UTC", utc("2024-05-02"), 60), NO_DAYS)

    assert np.isnan(days.energy_kwh[days.origin :]).all()
    assert (days.weight[days.origin :] == 0).all()


@pytest.mark.parametrize(
    "timezone",
    ["UTC", LONDON, "America/Sao_Paulo", "Asia/Beirut", "Australia/Lord_Howe", "Atlantic/Azores", "Asia/Kolkata"],
)
def test_midnights(timezone: str) -> None:
    """The first instant of each day, where the clock leaves midnight out or repeats it too: days touch each other."""
    days = np.arange(utc("2015-01-01") // 86400, utc("2026-01-01") // 86400)
    found = midnights(timezone, days)

    assert (local_days(timezone, found) == days).all()
    assert (local_days(timezone, found - 1) == days - 1).all()
    assert (np.diff(found) == day_seconds(timezone, days[:-1])).all()


def test_hours_summed_to_the_days_that_are_asked_for() -> None:
    """A spring day of 23 hours is whole; one that lacks an hour, or holds one that is not known, is not."""
    starts = midnights(LONDON, np.array([utc("2024-03-30") // 86400]))[0] + HOUR * np.arange(24 + 23 + 24)
    energy = np.ones(len(starts))
    energy[50] = np.nan
    days = days_ahead(LONDON, utc("2024-03-30 12:00"), 4)

    found = summed_days(starts, energy, days, LONDON)

    assert np.nan_to_num(found, nan=-1).tolist() == [24, 23, -1, -1]
    assert np.isnan(summed_days(starts[1:], energy[1:], days, LONDON)[0])
