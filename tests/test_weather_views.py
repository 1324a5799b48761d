"""Degree days, the energy signature, and the time-of-week and temperature baseline."""

import numpy as np
import pandas as pd
import pytest

from pipeline.weather_views import (
    degree_days,
    degree_days_of_extremes,
    energy_signature,
    fit_baseline,
    predict_baseline,
)

HOUR = 3600


def read_input(file, column, form):
    """An openEIS input, its stamps as seconds since 1970 on its own clock."""
    frame = pd.read_csv(file)
    stamps = pd.to_datetime(frame[column], format=form).to_numpy().astype("datetime64[s]").astype(np.int64)
    return stamps, frame


@pytest.mark.parametrize(("cooling", "expected"), [(False, [7.5, 0]), (True, [2, 4.5])], ids=["heating", "cooling"])
def test_degree_days_are_means_of_hours(cooling, expected):
    """Hours on one side of the base do not make up for hours on the other; missing ones are left out and counted."""
    starts = np.arange(48) * HOUR
    temperature = np.concatenate([np.full(12, 0.5), np.full(12, 19.5), np.full(12, 20.0), np.full(12, np.nan)])

    found = degree_days(starts, temperature, base=15.5, cooling=cooling)

    assert found["degree_days"].tolist() == expected
    assert found["hours"].tolist() == [24, 12]
    assert found["date"].tolist() == [pd.Timestamp("1970-01-01"), pd.Timestamp("1970-01-02")]


def test_degree_days_of_extremes():
    """Half-way between the day's lowest and highest temperature; nothing known, nothing given."""
    found = degree_days_of_extremes([0.0, 10.0, np.nan], [11.0, 30.0, 5.0], base=15.5)

    np.testing.assert_array_equal(found, [10, 0, np.nan])


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("case", "temperature", "load"), [("negone", "fivetoone", "onetofive"), ("missing", "missing", "floats")]
)
def test_energy_signature_meets_openeis(shared_data, case, temperature, load):
    """Pairs where both are known, and Spearman's rank correlation: 1 and -1."""
    refs = shared_data / "openeis_refs"
    _, frame = read_input(refs / "energy_signature_data.csv", "datetime", "%m/%d/%y %H:%M")
    (sensitivity,) = pd.read_csv(refs / f"energy_signature_{case}_WS.ref.csv")["value"]
    reference = pd.read_csv(refs / f"energy_signature_{case}_SP.ref.csv")

    pairs, found = energy_signature(frame[temperature], frame[load])

    assert sorted(pairs.to_numpy().tolist()) == sorted(reference.to_numpy().tolist())
    assert found == pytest.approx(sensitivity)


@pytest.mark.parametrize("load", [[3.0, 3.0, 3.0], [1.0, np.nan, np.nan], [np.nan] * 3], ids=["flat", "one", "none"])
def test_energy_signature_of_too_little(load):
    """Where nothing changes there is no correlation, and no warning."""
    _, found = energy_signature([1.0, 2.0, 3.0], load)

    assert np.isnan(found)


def test_ties_share_their_rank():
    """Equal loads get the mean of their ranks, as Spearman has it."""
    _, found = energy_signature([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 2.0, 3.0])

    assert found == pytest.approx(np.sqrt(0.9))


def test_a_baseline_finds_hour_and_slope():
    """A load of hourly levels, with a slope above 18 degrees by day and none at night, is predicted for new weeks."""
    random = np.random.default_rng(3)
    starts = np.arange(24 * 7 * 20) * HOUR
    temperature = 18 + 12 * np.sin(starts / HOUR / 24 * 2 * np.pi) + random.normal(0, 4, len(starts))
    day = (starts // HOUR % 24 >= 8) & (starts // HOUR % 24 < 18)
    load = np.where(day, 30 + np.clip(temperature - 18, 0, None), 5.0)
    old = starts < 24 * 7 * 16 * HOUR

    baseline = fit_baseline(starts[old], temperature[old], load[old])
    predicted = predict_baseline(baseline, starts[~old], temperature[~old])

    assert baseline.cv_rmse < 0.03
    assert baseline.busy.reshape(7, 24)[0].tolist() == [8 <= hour < 18 for hour in range(24)]
    np.testing.assert_allclose(predicted, load[~old], atol=2.5)
    assert predicted.sum() == pytest.approx(load[~old].sum(), rel=0.01)


def test_a_baseline_leaves_out_what_is_missing():
    """A missing temperature gives no prediction; a missing load or temperature does not spoil the fit."""
    starts = np.arange(24 * 28) * HOUR
    temperature = 10 + starts / HOUR % 24
    load = np.where(starts // HOUR % 24 < 12, 1.0, 2.0)
    load[5], temperature[7] = np.nan, np.nan

    predicted = predict_baseline(fit_baseline(starts, temperature, load), starts, temperature)

    assert np.flatnonzero(np.isnan(predicted)).tolist() == [7]
    assert predicted[5] == pytest.approx(1, abs=0.01)


@pytest.mark.shared_data
def test_the_baseline_agrees_with_openeis(shared_data):
    """The week after two weeks of training: the same measured load, the same sign, and savings within a fifth.

    The reference took local stamps for UTC and showed them in Pacific time; its hours are those of the file plus 7.
    """
    refs = shared_data / "openeis_refs"
    stamps, frame = read_input(refs / "whole_building_energy_savings_data.csv", "Date", "%m/%d/%Y %H:%M")
    reference = pd.read_csv(refs / "whole_building_energy_savings_base.ref.csv")
    stamps, load, temperature = stamps + 7 * HOUR, frame["whole-bldg-elec-W"].to_numpy() / 1000, frame["out-temp-F"]
    change, end = (int(pd.Timestamp(day).timestamp()) for day in ("1987-04-14", "1987-04-21"))
    before, after = stamps < change, (stamps >= change) & (stamps < end)

    baseline = fit_baseline(stamps[before], temperature[before], load[before])
    predicted = predict_baseline(baseline, stamps[after], temperature[after])

    np.testing.assert_allclose(load[after], reference["measured"], atol=1e-9)
    assert np.corrcoef(predicted, reference["predicted"])[0, 1] > 0.8
    assert (predicted - load[after]).sum() == pytest.approx(reference["cumulativeSum"].iloc[-1], rel=0.2)
