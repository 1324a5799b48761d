"""The load views against small cases, the reference answers of openEIS, and the Cambridge estate."""

import numpy as np
import pandas as pd
import pytest

from pipeline.load_views import (
    coincident_peak,
    daily_summary,
    fill_by_month_and_hour,
    heat_map,
    load_duration,
    load_profile,
    multiply_by_time,
    yearly_energy,
)

COLUMNS = {"basic": "onetofive", "floats": "floats", "missing": "missing", "floats_missing": "floatsandmissing"}
PACIFIC = 7 * 3600
cases = pytest.mark.parametrize("case", COLUMNS)


@pytest.fixture
def refs(shared_data):
    """Inputs and reference answers of openEIS."""
    return shared_data / "openeis_refs"


def read_input(file):
    """An openEIS input, its stamps as seconds since 1970 on its own clock."""
    frame = pd.read_csv(file, index_col="datetime")
    stamps = pd.to_datetime(frame.index, format="%m/%d/%y %H:%M").as_unit("s").asi8
    return stamps, frame


@pytest.mark.shared_data
@cases
def test_load_duration_meets_openeis(refs, case):
    """Ascending, missing left out, share of time = (n - rank) / n."""
    _, frame = read_input(refs / "load_duration_data.csv")
    reference = pd.read_csv(refs / f"load_duration_{case}.ref.csv")

    found = load_duration(frame[COLUMNS[case]])

    np.testing.assert_allclose(found, reference, rtol=1e-12)


@pytest.mark.shared_data
@cases
def test_heat_map_meets_openeis(refs, case):
    """Date, hour and load; a missing hour has no row."""
    stamps, frame = read_input(refs / "heat_map_data.csv")
    reference = pd.read_csv(refs / f"heat_map_{case}.ref.csv", parse_dates=["date"])

    found = heat_map(stamps, frame[COLUMNS[case]])

    assert found.to_numpy().tolist() == reference.to_numpy().tolist()


@pytest.mark.shared_data
@cases
def test_load_profile_meets_openeis(refs, case):
    """A series of UTC instants, missing left out."""
    stamps, frame = read_input(refs / "load_profiling_data.csv")
    reference = pd.read_csv(refs / f"load_profiling_{case}.ref.csv", parse_dates=["timestamp"])

    found = load_profile(stamps + PACIFIC, frame[COLUMNS[case]])

    assert found.to_numpy().tolist() == reference.to_numpy().tolist()


@pytest.mark.shared_data
@cases
def test_yearly_energy_meets_openeis(refs, case):
    """A plain sum, with how much of the year is in it: 10 of a year of 15 has a coverage of 3 in 5."""
    stamps, frame = read_input(refs / "longitudinal_bm_data.csv")
    values = frame[COLUMNS[case]]
    reference = pd.read_csv(refs / f"longitudinal_bm_{case}.ref.csv")

    found = yearly_energy(stamps, values)

    np.testing.assert_allclose(found[["year", "energy_kwh"]], reference[["year", "load"]], rtol=1e-12)
    assert found["coverage"].tolist() == [values.notna().mean()] * 2


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("case", "column"),
    [("onetofive", "onetofive"), ("floats", "floats"), ("missing", "withmissing"), ("same_number", "samenumber")],
)
def test_daily_summary_meets_openeis(refs, case, column):
    """Means over days of 5th and 95th percentile, range, ratio, variability, W for each of 3 000 square feet.

    The reference took local stamps for UTC and moved them to Pacific time, so that its days begin at 07:00, and left
    out what was before the first midnight; the same is done here.
    """
    stamps, frame = read_input(refs / "daily_summary_data.csv")
    reference = pd.read_csv(refs / f"daily_summary_{case}.ref.csv", index_col="Metric")["value"]
    later = stamps - PACIFIC >= stamps.min()

    whole = daily_summary(stamps, frame[column], floor_area=3000)
    found = daily_summary((stamps - PACIFIC)[later], frame[column][later])

    assert found.low_kw == pytest.approx(reference["Daily Load 5th Percentile [kW]"], abs=0.005)
    assert found.high_kw == pytest.approx(reference["Daily Load 95th Percentile [kW]"], abs=0.005)
    assert found.range_kw == pytest.approx(reference["Daily Load Range [kW]"], abs=0.005)
    assert found.ratio == pytest.approx(reference["Daily Load Ratio"], abs=0.005)
    assert whole.variability == pytest.approx(reference["Load Variability"], abs=0.005)
    assert whole.peak_w_per_area == pytest.approx(reference["Peak Load Benchmark [W/sf]"], abs=0.005)


@pytest.mark.shared_data
def test_daily_summary_says_when_data_do_not_suffice(refs):
    """Two days of which the second ends an hour early give no number and a reason."""
    stamps, frame = read_input(refs / "daily_summary_data_insufficient.csv")

    found = daily_summary(stamps, frame["onetofive"], floor_area=3000)

    assert found.note == "not enough data: hour 23 of the day was read 1 times, not 2"
    assert np.isnan([found.low_kw, found.high_kw, found.variability, found.peak_w_per_area]).all()


def test_daily_summary_without_area():
    """An area that nobody knows is not made up."""
    found = daily_summary(np.arange(48) * 3600, np.arange(48.0))

    assert np.isnan(found.peak_w_per_area)
    assert (found.low_kw, found.note) == (pytest.approx(12 + 1.15), "")


def test_daily_summary_leaves_out_scanty_days():
    """A day with four readings says nothing of a day."""
    starts = np.append(np.arange(48), [72, 73, 74, 75]) * 3600

    found = daily_summary(starts, np.append(np.ones(48), [9.0, 9, 9, 9]))

    assert found.high_kw == 1


@pytest.mark.parametrize("values", [[], [np.nan, np.nan]], ids=["empty", "missing"])
def test_views_of_nothing_are_empty(values):
    """No readings give no rows and no traceback."""
    starts = np.arange(len(values)) * 3600

    assert len(load_duration(values)) == len(heat_map(starts, values)) == len(load_profile(starts, values)) == 0
    assert yearly_energy(starts, values)["energy_kwh"].isna().all()
    assert coincident_peak(np.array([values, values], dtype=float)) is None
    assert "not enough data" in daily_summary(starts, values).note


def test_heat_map_takes_the_mean_of_an_hour():
    """Quarter hours, one of them missing, and the two hours of autumn that share a name."""
    found = heat_map([0, 900, 1800, 2700, 3600, 3600], [1.0, 2.0, np.nan, 3.0, 5.0, 7.0])

    assert found[["hour", "demand_kw"]].to_numpy().tolist() == [[0, 2], [1, 6]]


def test_coincident_peak_is_of_the_sum():
    """The sum peaks where no channel does; a channel missing then says so; a dead channel does not count."""
    demand = np.array([[5.0, 4.0, 1.0, np.nan], [1.0, 3.0, 5.0, 1.0], [np.nan] * 4])

    found = coincident_peak(demand)

    assert (found.position, found.peak_kw, found.factor) == (1, 7, 0.7)
    np.testing.assert_array_equal(found.at_peak_kw, [4, 3, np.nan])


def test_coincident_peak_of_negative_sums():
    """Where nothing is known there is no peak of 0."""
    found = coincident_peak(np.array([[np.nan, -2.0, -1.0]]))

    assert (found.position, found.peak_kw) == (2, -1)


def test_products_part_by_the_shape_of_use():
    """Use in the dear hours costs more than the mean price says; a missing reading costs nothing in both."""
    found = multiply_by_time(np.array([[1.0, 3.0, np.nan], [0.0, 1.0, 1.0]]), np.array([0.1, 0.3, -0.1]))

    assert (found.hourly, found.flat) == (pytest.approx(1.2), pytest.approx(6 * 0.1))


def test_products_refuse_a_gap_in_the_factor():
    """Hours without a price would look free."""
    with pytest.raises(ValueError, match="1 factors are missing"):
        multiply_by_time(np.ones(2), np.array([1.0, np.nan]))


def test_factors_are_filled_by_month_and_hour():
    """The mean of the same hour in the same month; another month or hour does not help."""
    starts = pd.to_datetime(
        ["2020-01-01 05:00", "2020-01-02 05:00", "2020-01-03 05:00", "2020-01-03 06:00", "2020-02-01 05:00"]
    )
    filled, was_filled = fill_by_month_and_hour(starts.as_unit("s").asi8, [1.0, np.nan, 2.0, np.nan, np.nan])

    np.testing.assert_array_equal(filled, [1, 1.5, 2, np.nan, np.nan])
    assert was_filled.tolist() == [False, True, False, False, False]


@pytest.fixture(scope="session")
def cambridge(shared_data):
    """The estate's raw readings (row a meter), their instants, and a reader of its hourly factors."""
    folder = shared_data / "cambridge"
    frame = pd.read_csv(folder / "derived_wide_electricity_2018_2020.csv.gz", index_col="timestamp", parse_dates=True)

    def factor(name, year):
        (values,) = pd.read_csv(folder / name / f"{year}.csv").iloc[:, 1:].to_numpy().T
        return values

    return frame, factor


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("year", "hourly", "flat"),
    [(2018, 17_377_284.7, 17_022_443.3), (2019, 14_115_258.2, 13_814_468.3), (2020, 10_537_862.1, 10_307_954.0)],
)
def test_cambridge_carbon(cambridge, year, hourly, flat):
    """CO2 by the hour is 2.1 to 2.2 % higher than by the yearly mean. [kg]"""
    frame, factor = cambridge

    found = multiply_by_time(frame[frame.index.year == year].to_numpy().T, factor("carbon_intensity", year))

    assert (found.hourly, found.flat) == (pytest.approx(hourly, abs=0.05), pytest.approx(flat, abs=0.05))


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("year", "hourly", "flat"), [(2019, 8_413_256.70, 8_140_592.91), (2020, 6_003_561.03, 5_739_556.73)]
)
def test_cambridge_cost(cambridge, year, hourly, flat):
    """Cost by the hour, negative prices included, and by the yearly mean price. [GBP]"""
    frame, factor = cambridge

    found = multiply_by_time(frame[frame.index.year == year].to_numpy().T, factor("agile_price_region_a", year))

    assert (found.hourly, found.flat) == (pytest.approx(hourly, abs=0.005), pytest.approx(flat, abs=0.005))


@pytest.mark.shared_data
def test_cambridge_peak(cambridge, shared_data):
    """The raw peak is one meter's spike; without the 33 spikes it is two years earlier and a third lower."""
    frame, _ = cambridge
    demand = frame.to_numpy().T.copy()
    spikes = pd.read_csv(shared_data / "cambridge" / "expected_spikes.csv", parse_dates=["stamp"])
    raw = coincident_peak(demand)
    demand[frame.columns.get_indexer(spikes["meter_id"]), frame.index.get_indexer(spikes["stamp"])] = np.nan
    found = coincident_peak(demand)

    assert (frame.index[raw.position], round(raw.peak_kw, 1)) == (pd.Timestamp("2020-10-02 02:00"), 24_604.1)
    assert (frame.index[found.position], round(found.peak_kw, 1)) == (pd.Timestamp("2018-09-26 13:00"), 15_790.7)


@pytest.mark.shared_data
def test_cambridge_years(cambridge):
    """The three yearly sums of its README, nothing missing. [kWh]"""
    frame, _ = cambridge

    found = yearly_energy(np.asarray(frame.index.as_unit("s").asi8), frame.sum(axis=1))

    assert found["energy_kwh"].round(1).tolist() == [79_227_747.3, 72_552_414.3, 60_657_649.2]
    assert found["coverage"].tolist() == [1, 1, 1]
