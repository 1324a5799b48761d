"""Days and months: energy of everything, demand of plain readings only, every day measured against its own length."""

import datetime

import numpy as np
import pandas as pd
import pytest

from pipeline.clock import utc_offsets
from pipeline.rollup import day_seconds, roll_up_daily, roll_up_monthly
from pipeline.schema import Quality
from pipeline.stores.extracts import DAILY, conform
from pipeline.vee.grid import Grid

A, E, D, M = Quality.ACTUAL, Quality.ESTIMATED, Quality.EDITED, Quality.MISSING


def midnight(date, timezone="UTC"):
    """When a local day begins. [s since 1970 UTC]"""
    return int(pd.Timestamp(date, tz=timezone).timestamp())


def grid_of(energy, *, start=0, minutes=60, timezone="UTC", spans=None, **layers):
    """A grid of channels M0, M1, …; spans are (first, last, fresh_first, fresh_last) for each."""
    energy = np.atleast_2d(np.asarray(energy, dtype=np.float64))
    count, length = energy.shape
    starts = start + minutes * 60 * np.arange(length)
    given = {"quality": np.uint8, "method": np.uint8, "rule": np.uint8, "file_id": np.int32}
    cells = {name: np.broadcast_to(np.asarray(layers.get(name, 0), kind), energy.shape) for name, kind in given.items()}
    raw = np.broadcast_to(np.asarray(layers.get("raw", np.nan), dtype=np.float64), energy.shape)
    spans = spans or [(0, length - 1, 0, length - 1)] * count
    channels = pd.DataFrame(spans, columns=["first", "last", "fresh_first", "fresh_last"]).assign(
        site_id="campus", meter_id=[f"M{row}" for row in range(count)], channel="delivered", channel_id=0
    )
    return Grid(starts, starts + minutes * 60, minutes, timezone, energy=energy, raw=raw, channels=channels, **cells)


def daily(grid, **options):
    """The rolled-up days as the extract has them."""
    return conform(roll_up_daily(grid, **options), DAILY).to_pandas()


def test_a_plain_day():
    """Twenty-four readings: sum, peak and when, base between the lowest two, mean over peak, all covered."""
    (day,) = daily(grid_of(np.arange(24.0)), holidays={0}).to_dict("records")

    assert (day["energy_kwh"], day["raw_kwh"], day["peak_kw"]) == (276, 276, 23)
    assert day["peak_start"] == pd.Timestamp("1970-01-01 23:00")
    assert day["base_kw"] == pytest.approx(1.15)
    assert day["load_factor"] == pytest.approx(11.5 / 23)
    assert (day["coverage"], day["estimated_share"], day["expected_intervals"]) == (1, 0, 24)
    assert (day["is_weekend"], day["is_holiday"]) == (False, True)
    assert (day["meter_id"], day["channel"], day["site_id"]) == ("M0", "delivered", "campus")


def test_demand_is_power():
    """Half an hour of 1 kWh is 2 kW."""
    (day,) = daily(grid_of([1.0] * 48, minutes=30)).to_dict("records")

    assert (day["peak_kw"], day["base_kw"], day["load_factor"], day["expected_intervals"]) == (2, 2, 1, 48)


@pytest.mark.parametrize(
    ("timezone", "date", "minutes", "hours"),
    [
        ("Europe/London", "2018-03-25", 60, 23),
        ("Europe/London", "2018-10-28", 30, 25),
        ("America/Los_Angeles", "2019-03-10", 15, 23),
        ("America/Los_Angeles", "2018-11-04", 15, 25),
        ("Australia/Lord_Howe", "2019-04-07", 30, 24.5),
        ("America/Sao_Paulo", "2018-11-04", 60, 23),
        ("America/Havana", "2018-11-04", 60, 25),
        ("Asia/Kolkata", "2018-11-04", 30, 24),
        ("Etc/GMT-10", "2018-10-07", 30, 24),
    ],
)
def test_a_day_is_as_long_as_it_is(timezone, date, minutes, hours):
    """Complete days of 23, 24, 24.5 and 25 hours, also where clocks change at midnight, are complete."""
    first = pd.Timestamp(date).tz_localize(timezone, nonexistent="shift_forward", ambiguous=True)
    count = int(hours * 60 / minutes)
    rolled = daily(grid_of(np.ones(count), start=int(first.timestamp()), minutes=minutes, timezone=timezone))

    assert day_seconds(timezone, np.array([midnight(date) // 86400])).tolist() == [hours * 3600]
    assert rolled["date"].tolist() == [datetime.date.fromisoformat(date)]
    assert rolled[["energy_kwh", "coverage", "expected_intervals"]].to_numpy().tolist() == [[count, 1.0, count]]


@pytest.mark.parametrize(
    ("quality", "rule"),
    [(E, 5), (E, 20), (D, 0), (A, 3), (A, 17), (A, 20)],
    ids=["estimated", "supplier's estimate", "edited", "clock change", "partial", "questioned"],
)
def test_demand_is_of_plain_readings(quality, rule):
    """The highest and the lowest interval count for energy, but not for demand, when they are not plain readings."""
    energy = [5.0] * 22 + [100.0, 0.0]
    (day,) = daily(grid_of(energy, quality=[[A] * 22 + [quality] * 2], rule=[[0] * 22 + [rule] * 2])).to_dict("records")

    assert day["energy_kwh"] == 210
    assert (day["peak_kw"], day["base_kw"], day["load_factor"]) == (5, 5, 1)


def test_the_first_of_equal_peaks_is_the_peak():
    """A peak that is reached twice is reached at the first time, on the wall clock."""
    energy = np.ones(24)
    energy[[7, 9]] = 4
    (day,) = daily(grid_of(energy, start=midnight("2020-07-01", "Europe/Paris"), timezone="Europe/Paris")).to_dict(
        "records"
    )

    assert day["peak_start"] == pd.Timestamp("2020-07-01 07:00")


def test_shares_and_originals():
    """Coverage counts actual readings; estimated energy has its share; originals are what was read, never estimates."""
    energy = [[1.0, 2.0, 3.0, 4.0, np.nan, 5.0] + [1.0] * 18]
    quality = [[A, E, E, D, M, E] + [A] * 18]
    raw = [[np.nan, np.nan, 30.0, 9.0, 7.0, np.nan] + [np.nan] * 18]
    rule = [[0, 5, 9, 0, 9, 20] + [0] * 18]

    (day,) = daily(grid_of(energy, quality=quality, raw=raw, rule=rule)).to_dict("records")

    assert day["energy_kwh"] == 33
    assert day["coverage"] == pytest.approx(19 / 24)
    assert day["estimated_share"] == pytest.approx(10 / 33)
    assert day["raw_kwh"] == 1 + 30 + 9 + 7 + 5 + 18


def test_a_day_with_nothing_is_there_and_empty():
    """A gap of a day is a row of nulls with coverage 0, not a day of zero energy and not a day that is not there."""
    rows = daily(grid_of([1.0] * 24 + [np.nan] * 24 + [1.0] * 24, quality=[[A] * 24 + [M] * 24 + [A] * 24]))

    assert rows["energy_kwh"].fillna(-1).tolist() == [24, -1, 24]
    assert rows["coverage"].tolist() == [1, 0, 1]
    assert rows.loc[1, ["peak_kw", "base_kw", "load_factor", "raw_kwh", "estimated_share", "peak_start"]].isna().all()
    assert rows["is_holiday"].isna().all()


def test_a_day_of_zeros_is_a_day():
    """No use at all: no load factor, nothing estimated, but energy, peak and base are 0."""
    (day,) = daily(grid_of([0.0] * 24)).to_dict("records")

    assert (day["energy_kwh"], day["peak_kw"], day["base_kw"], day["estimated_share"]) == (0, 0, 0, 0)
    assert np.isnan(day["load_factor"])


def test_days_at_the_edge_of_a_span_are_whole_days():
    """A channel that begins at 18:00 covers a quarter of that day; what is outside its span is not counted."""
    grid = grid_of(np.ones((2, 72)), spans=[(18, 71, 0, 71), (0, 29, 0, 71)])

    rows = daily(grid).set_index(["meter_id", "date"])["coverage"]

    assert rows["M0"].tolist() == [0.25, 1, 1]
    assert rows["M1"].tolist() == [1, 0.25]


@pytest.mark.parametrize(
    ("fresh", "days"),
    [((30, 30), [2]), ((47, 48), [2, 3]), ((24, 30), [2]), ((20, 23), [1]), ((50, 49), []), ((0, 71), [1, 2, 3])],
    ids=["inside", "over midnight", "from midnight", "until midnight", "nothing", "all"],
)
def test_only_days_with_fresh_intervals_are_written_and_whole(fresh, days):
    """One fresh hour writes its day, summed with the history around it."""
    rows = daily(grid_of(np.ones(72), spans=[(0, 71, *fresh)]))

    assert [date.day for date in rows["date"]] == days
    assert rows["energy_kwh"].tolist() == [24] * len(days)


def test_daily_values_pass_through():
    """A value a day, as some feeds have it, is covered and has no demand."""
    starts = np.array([midnight(f"2018-10-{day}", "Europe/London") for day in (27, 28, 29, 30)])
    grid = grid_of([[10.0, np.nan, 30.0]], minutes=1440, timezone="Europe/London", quality=[[A, M, E]])
    rows = daily(Grid(**{**vars(grid), "starts": starts[:-1], "ends": starts[1:]}))

    assert [date.day for date in rows["date"]] == [27, 28, 29]
    assert rows["energy_kwh"].fillna(-1).tolist() == [10, -1, 30]
    assert rows["coverage"].tolist() == [1, 0, 0]
    assert rows["expected_intervals"].tolist() == [1, 1, 1]
    assert rows[["peak_kw", "base_kw", "load_factor", "peak_start"]].isna().all(axis=None)


@pytest.mark.parametrize("shape", [(0, 24), (2, 0), (0, 0)], ids=str)
def test_an_empty_grid_has_no_days(shape):
    """No channels or no intervals: no rows, but all columns."""
    assert len(daily(grid_of(np.zeros(shape).reshape(shape), spans=[(0, -1, 0, -1)] * shape[0]))) == 0


def test_irregular_intervals_have_no_day():
    """A billing period is refused."""
    with pytest.raises(ValueError, match="irregular"):
        roll_up_daily(grid_of([1.0], minutes=0))


def test_weekends_and_holidays_are_local_days():
    """1 and 2 September 2018 were a Saturday and a Sunday in Tokyo, and 3 September is in the calendar."""
    start = midnight("2018-08-31", "Asia/Tokyo")
    rows = daily(
        grid_of(np.ones(96), start=start, timezone="Asia/Tokyo"), holidays=np.array([midnight("2018-09-03") // 86400])
    )

    assert rows["is_weekend"].tolist() == [False, True, True, False]
    assert rows["is_holiday"].tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    "timezone", ["UTC", "Europe/London", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu"]
)
@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_it_equals_the_slow_way(timezone, minutes):
    """Random grids over a year of clock changes give what a plain loop over days gives."""
    random = np.random.default_rng(minutes)
    length = 366 * 1440 // minutes
    energy = np.where(random.random((2, length)) < 0.1, np.nan, random.normal(5, 2, (2, length)).round(3))
    quality = np.where(np.isnan(energy), M, random.choice([A, A, A, E, D], (2, length)))
    rule = random.choice([0, 0, 0, 3, 17, 20], (2, length))
    raw = np.where(random.random((2, length)) < 0.05, 1.5, np.nan)
    spans = [(100, length - 7, 500, length - 1), (0, length - 1, 0, 20_000 // minutes)]
    grid = grid_of(
        energy, start=midnight("2018-01-01") + 900 * 7, minutes=minutes, timezone=timezone, spans=spans,
        quality=quality, rule=rule, raw=raw,
    )  # fmt: skip

    rows = daily(grid)

    expected = pd.DataFrame([day for row in range(2) for day in slow_days(grid, row)])
    for name in expected.columns:
        np.testing.assert_allclose(
            rows[name].to_numpy(np.float64), expected[name], rtol=1e-12, atol=1e-12, err_msg=name
        )


def slow_days(grid, row):
    """The same, one day at a time."""
    span = grid.channels.iloc[row]
    wall = grid.starts + utc_offsets(grid.timezone, grid.starts)
    inside = (np.arange(len(wall)) >= span["first"]) & (np.arange(len(wall)) <= span["last"])
    fresh = np.arange(max(span["first"], span["fresh_first"]), min(span["last"], span["fresh_last"]) + 1)
    power = grid.energy[row] / grid.hours
    for day in np.unique(wall[fresh] // 86400):
        cells = np.flatnonzero(inside & (wall // 86400 == day))
        known = cells[~np.isnan(grid.energy[row, cells])]
        sound = power[[c for c in known if grid.quality[row, c] == A and grid.rule[row, c] == 0]]
        originals = [
            grid.energy[row, c] if np.isnan(grid.raw[row, c]) else grid.raw[row, c]
            for c in cells
            if not np.isnan(grid.raw[row, c])
            or (c in known and (grid.quality[row, c] == A or (grid.quality[row, c] == E and grid.rule[row, c] == 20)))
        ]
        size = np.abs(grid.energy[row, known]).sum()
        length = (
            pd.Timestamp(day + 1, unit="D").tz_localize(grid.timezone)
            - pd.Timestamp(day, unit="D").tz_localize(grid.timezone)
        ).total_seconds()
        yield {
            "energy_kwh": grid.energy[row, known].sum() if len(known) else np.nan,
            "raw_kwh": sum(originals) if originals else np.nan,
            "coverage": sum(grid.quality[row, c] == A for c in known) / (length // (grid.minutes * 60)),
            "estimated_share": np.abs(grid.energy[row, [c for c in known if grid.quality[row, c] == E]]).sum() / size,
            "peak_kw": sound.max() if len(sound) else np.nan,
            "base_kw": np.percentile(sound, 5) if len(sound) else np.nan,
            "load_factor": sound.mean() / sound.max() if len(sound) and sound.max() > 0 else np.nan,
            "expected_intervals": length // (grid.minutes * 60),
        }


def test_months_sum_days():
    """January and a day of February: sums, the peak and when, base, coverage of the whole month, remembered peak."""
    energy = np.ones(32 * 24)
    energy[5 * 24 + 9], energy[31 * 24 + 3] = 10, 4
    quality = np.full(32 * 24, A)
    quality[24:48] = E
    days = daily(grid_of(energy, quality=[quality], rule=[np.where(quality == E, 5, 0)]))

    january, february = roll_up_monthly(days).to_dict("records")

    assert (january["month"], january["days"], january["energy_kwh"]) == (pd.Timestamp("1970-01-01"), 31, 753)
    assert (january["peak_kw"], january["peak_start"]) == (10, pd.Timestamp("1970-01-06 09:00"))
    assert (january["base_kw"], january["raw_kwh"]) == (1, 729)
    assert january["load_factor"] == pytest.approx(729 / 720 / 10)
    assert january["coverage"] == pytest.approx(30 / 31)
    assert january["estimated_share"] == pytest.approx(24 / 753)
    assert february["coverage"] == pytest.approx(1 / 28)
    assert (february["daily_kwh"], february["peak_kw"], february["ratchet_kw"]) == (27, 4, 10)


def test_the_first_of_a_months_equal_peaks_is_the_peak():
    """Two days reach the same peak: the earlier one counts."""
    energy = np.ones(96)
    energy[[30, 60]] = 5

    assert roll_up_monthly(daily(grid_of(energy)))["peak_start"].tolist() == [pd.Timestamp("1970-01-02 06:00")]


def test_a_peak_is_remembered_for_twelve_months():
    """In the twelfth month it still counts, in the thirteenth no more, also over months without a row."""
    dates = ["2019-01-15", "2019-12-15", "2020-01-15"]
    measures = {
        "energy_kwh": 1.0,
        "raw_kwh": 1.0,
        "base_kw": 1.0,
        "load_factor": 0.5,
        "coverage": 1.0,
        "estimated_share": 0.0,
    }
    days = pd.DataFrame(
        {"meter_id": "M", "channel": "delivered", "date": dates, "peak_kw": [9.0, 2.0, 3.0], "peak_start": dates}
    ).assign(**measures)

    assert roll_up_monthly(days)["ratchet_kw"].tolist() == [9, 9, 3]


def test_a_month_without_a_value_is_empty():
    """Months of gaps have no energy, no peak, no share; they are not zero."""
    (month,) = roll_up_monthly(daily(grid_of([np.nan] * 48, quality=M))).to_dict("records")

    assert (month["days"], month["coverage"]) == (0, 0)
    assert all(
        pd.isna(month[name]) for name in ("energy_kwh", "daily_kwh", "peak_kw", "load_factor", "estimated_share")
    )
