"""VEE on real files: the "must report" tables of their READMEs, row by row."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from pipeline.schema import Finding, Method, Quality
from pipeline.vee.findings import merge_fleet_events
from pipeline.vee.grid import Grid
from pipeline.vee.rules import RuleBook
from pipeline.vee.runs import runs_of
from pipeline.vee.validate import run_vee

pytestmark = pytest.mark.shared_data

LOCAL = {"b63", "b64", "b78", "b83", "b119"}
FILLED = {"b63", "b64", "b83", "b119"}
OUTAGE = {f"b{number}" for number in (4, 6, 11, 13, 15, 19, 22, 25, 26, 27, 31, 61, 70, 71, 109, 115)}


class Estate(NamedTuple):
    """What goes in, what comes out, and the findings before and after fleet events are merged."""

    read: Grid
    result: Grid
    found: list[Finding]
    merged: list[Finding]
    meters: list[str]
    stamps: pd.DatetimeIndex

    def row(self, meter_id: str) -> int:
        """Row of a meter."""
        return self.meters.index(meter_id)

    def at(self, stamp: str) -> int:
        """Interval of an instant."""
        return int(self.stamps.get_loc(pd.Timestamp(stamp)))

    def runs(self, rule_id: str) -> set[tuple[str, str, int]]:
        """(meter, first start, length) of each finding of a rule."""
        return {
            (one.meter_id or "", str(pd.Timestamp(one.first_start_utc, unit="s")), one.intervals)
            for one in self.found
            if one.rule_id == rule_id
        }


@pytest.fixture(scope="module")
def estate(shared_data: Path, make_grid) -> Estate:
    """The whole data set through VEE."""
    path = shared_data / "cambridge" / "derived_wide_electricity_2018_2020.csv.gz"
    frame = pd.read_csv(path, index_col=0, parse_dates=True)
    grid = make_grid(frame.to_numpy().T.copy(), start=str(frame.index[0]), meter_id=list(frame.columns))
    result, found = run_vee(grid, RuleBook())
    return Estate(grid, result, found, merge_fleet_events(found, grid.channels), list(frame.columns), frame.index)


@pytest.fixture(scope="module")
def expected_runs(shared_data: Path) -> pd.DataFrame:
    """Every run of a day or more at one value."""
    return pd.read_csv(shared_data / "cambridge" / "expected_runs.csv")


def keys(runs: pd.DataFrame) -> set[tuple[str, str, int]]:
    """(meter, first start, length) of rows of `expected_runs`."""
    return set(zip(runs["meter_id"], runs["first_stamp"], runs["hours"], strict=True))


def test_every_zero_hour_is_found(estate: Estate) -> None:
    """8,285 in all, up to 5.46 % of a meter, none at nine meters."""
    zero = [one for one in estate.found if one.rule_id == "V08"]
    by_meter = Counter({meter: 0 for meter in estate.meters})
    for one in zero:
        by_meter[one.meter_id or ""] += one.intervals

    assert sum(by_meter.values()) == 8285
    assert max(by_meter.values()) / len(estate.stamps) == pytest.approx(0.0546, abs=5e-5)
    assert list(by_meter.values()).count(0) == 9


def test_every_long_zero_run_is_taken_out(estate: Estate, expected_runs: pd.DataFrame) -> None:
    """All 52 of the table are V08, none of their hours is left as a reading, all keep their zero as raw."""
    zero_runs = expected_runs[expected_runs["kind"] == "zero_run"]
    assert len(zero_runs) == 52
    assert keys(zero_runs) <= estate.runs("V08")

    for run in zero_runs.itertuples():
        cells = (estate.row(run.meter_id), slice(estate.at(run.first_stamp), estate.at(run.last_stamp) + 1))
        assert (estate.result.quality[cells] != Quality.ACTUAL).all()
        assert (estate.result.raw[cells] == 0).all()
        assert (estate.result.rule[cells] == 8).all()


def test_zeros_that_stay_are_those_that_load_fades_into(estate: Estate) -> None:
    """b24 (daylight hours), b115 (single hours at 0.1 kWh resolution), and a few hours elsewhere."""
    kept = (estate.read.energy == 0) & (estate.result.energy == 0)
    by_meter = {estate.meters[row]: int(count) for row, count in enumerate(kept.sum(axis=1)) if count}

    assert by_meter.pop("b24") > 300
    assert by_meter.pop("b115") == 28
    assert sum(by_meter.values()) < 40


def test_constant_runs_are_stuck_filled_or_load(estate: Estate, expected_runs: pd.DataFrame) -> None:
    """b78 is stuck, four meters were filled at the source on five dates, b20, b32 and b110 just use little."""
    constant = expected_runs[expected_runs["kind"] == "constant_run"]
    faults = constant[constant["meter_id"].isin(LOCAL)]

    assert (len(constant), len(faults)) == (47, 24)
    assert set(constant["meter_id"]) - LOCAL == {"b20", "b32", "b110"}
    assert estate.runs("V09") == keys(faults)
    assert estate.runs("V20") == keys(faults[faults["meter_id"].isin(FILLED)])


def test_small_loads_are_left_alone(estate: Estate, expected_runs: pd.DataFrame) -> None:
    """Not an hour of the empty buildings' equal runs is nulled: 1.2 kWh at 0.1 kWh resolution."""
    for run in expected_runs[expected_runs["meter_id"].isin(["b20", "b32", "b110"])].itertuples():
        cells = (estate.row(run.meter_id), slice(estate.at(run.first_stamp), estate.at(run.last_stamp) + 1))
        if run.kind == "constant_run":
            assert (estate.result.energy[cells] == run.value_kwh).all()
            assert not estate.result.quality[cells].any()


def test_the_stuck_meter_is_null(estate: Estate) -> None:
    """b78: 3,095 hours at 93.1 kWh, a half hour, 418 zero hours: one gap of 3,514, too long to estimate."""
    cells = (estate.row("b78"), slice(estate.at("2018-05-08 01:00"), estate.at("2018-10-01 10:00") + 1))

    assert np.isnan(estate.result.energy[cells]).all()
    assert (estate.result.raw[cells][:3095] == 93.1).all()
    assert Counter(estate.result.rule[cells].tolist()) == {9: 3095, 17: 1, 8: 418}


def test_gaps_over_thirty_days_stay_null(estate: Estate) -> None:
    """V18: b78's 3,514 hours and b19's 863 with their two edges; b19's 527 and b110's 599 are estimated."""
    assert estate.runs("V18") == {("b78", "2018-05-08 01:00:00", 3514), ("b19", "2020-08-06 00:00:00", 865)}
    assert np.count_nonzero(np.isnan(estate.result.energy)) == 3514 + 865


def test_source_days_keep_their_value_and_are_not_metered(estate: Estate) -> None:
    """V20: quality estimated, method supplier, rule 20."""
    filled = estate.result.rule == 20

    assert filled.sum() == 4 * 5 * 24 + 1
    assert {estate.meters[row] for row in np.flatnonzero(filled.any(axis=1))} == FILLED
    assert np.array_equal(estate.result.energy[filled], estate.read.energy[filled])
    assert (estate.result.quality[filled] == Quality.ESTIMATED).all()
    assert (estate.result.method[filled] == Method.SUPPLIER).all()


def test_the_fleet_outage_is_one_event(estate: Estate) -> None:
    """16 of 52 meters from 2019-10-04 02:00 for 46 hours: the only event, in place of 16 findings."""
    (event,) = (one for one in estate.merged if one.rule_id == "V19")
    names = set(event.detail.split(": ")[1].split(", "))

    assert pd.Timestamp(event.first_start_utc, unit="s") == pd.Timestamp("2019-10-04 02:00")
    assert event.intervals == 46
    assert event.detail.startswith("16 of 52")
    assert names == OUTAGE
    assert len(estate.found) - len(estate.merged) == 15
    assert not {
        one.meter_id for one in estate.merged if one.rule_id == "V08" and one.first_start_utc == event.first_start_utc
    }


@pytest.mark.parametrize(("year", "meters"), [(2018, 51), (2019, 50), (2020, 50)])
def test_the_first_hour_of_a_year_is_half(year: int, meters: int, estate: Estate) -> None:
    """V17 at 00:00 on 1 January: 0.4 to 0.6 of the next hour, taken out and kept as raw."""
    half = estate.result.rule[:, estate.at(f"{year}-01-01")] == 17

    assert half.sum() == meters
    assert len({meter for meter, stamp, _ in estate.runs("V17") if stamp == f"{year}-01-01 00:00:00"}) == meters


def test_the_hours_beside_a_zero_run_are_half(estate: Estate, expected_runs: pd.DataFrame) -> None:
    """V17: 49 before and 47 after the 52 runs, taken out with the gap."""
    half = estate.result.rule == 17
    zero_runs = expected_runs[expected_runs["kind"] == "zero_run"]
    rows = [estate.row(meter) for meter in zero_runs["meter_id"]]
    before = [estate.at(stamp) - 1 for stamp in zero_runs["first_stamp"]]
    after = [min(estate.at(stamp) + 1, len(estate.stamps) - 1) for stamp in zero_runs["last_stamp"]]

    assert half[rows, before].sum() == 49
    assert half[rows, after].sum() == 47


def test_five_meters_keep_local_clock(estate: Estate) -> None:
    """V03: three springs and three autumns of five meters, no other; values stay, so that no energy is lost."""
    springs = [f"{day} 01:00:00" for day in ("2018-03-25", "2019-03-31", "2020-03-29")]
    autumns = [f"{day} 02:00:00" for day in ("2018-10-28", "2019-10-27", "2020-10-25")]
    marked = estate.result.rule == 3

    assert estate.runs("V03") == {(meter, stamp, 2) for meter in LOCAL for stamp in springs} | {
        (meter, stamp, 1) for meter in LOCAL for stamp in autumns
    }
    assert marked.sum() == 5 * 9
    assert np.array_equal(estate.result.energy[marked], estate.read.energy[marked])


def test_every_spike_is_found_and_no_other(estate: Estate, shared_data: Path) -> None:
    """V10: the 33 of the table, two of b59, 26 of b91."""
    spikes = pd.read_csv(shared_data / "cambridge" / "expected_spikes.csv")
    wanted = {(meter, stamp, 1) for meter, stamp in zip(spikes["meter_id"], spikes["stamp"], strict=True)}

    assert len(wanted) == 33
    assert estate.runs("V10") == wanted
    assert Counter(meter for meter, *_ in wanted) >= Counter(b59=2, b91=26)
    for meter, stamp, _ in wanted:
        assert estate.result.quality[estate.row(meter), estate.at(stamp)] == Quality.ESTIMATED


@pytest.mark.parametrize("meter_id", ["b64", "b83", "b119"])
def test_a_catch_up_is_told_and_is_no_peak(meter_id: str, estate: Estate) -> None:
    """V13 at 2020-02-21 14:00: worth 3.4 to 5.5 of 22 hours, so not spread; taken out, the gap like other Fridays."""
    row, hour = estate.row(meter_id), estate.at("2020-02-21 14:00")

    assert (meter_id, "2020-02-21 14:00:00", 1) in estate.runs("V13")
    assert len(estate.runs("V13")) == 3
    assert estate.result.energy[row, hour] < 2 * np.median(estate.read.energy[row])
    assert (estate.result.quality[row, hour - 22 : hour + 1] == Quality.ESTIMATED).all()


def test_the_peak_of_the_site_is_real(estate: Estate) -> None:
    """24,604.1 kWh at a spike of b59 becomes 15,790.7 kWh at 2018-09-26 13:00."""
    read = estate.read.energy.sum(axis=0)
    plain = (estate.result.quality == Quality.ACTUAL) & (estate.result.rule != 3)
    actual = np.where(plain, estate.result.energy, 0).sum(axis=0)

    assert (read.max().round(1), str(estate.stamps[read.argmax()])) == (24604.1, "2020-10-02 02:00:00")
    assert (actual.max().round(1), str(estate.stamps[actual.argmax()])) == (15790.7, "2018-09-26 13:00:00")


def test_a_real_peak_is_only_told(estate: Estate) -> None:
    """b115: 29.1 kWh against a median of 0.9 is V23 and stays."""
    row = estate.row("b115")
    peak = int(np.argmax(estate.read.energy[row]))

    assert estate.read.energy[row, peak] == 29.1
    assert estate.result.energy[row, peak] == 29.1
    assert estate.result.quality[row, peak] == Quality.ACTUAL
    assert "b115" in {one.meter_id for one in estate.found if one.rule_id == "V23"}


def test_a_dead_feed_is_told(estate: Estate) -> None:
    """V22: b110, 599 zero hours to the last row."""
    assert estate.runs("V22") == {("b110", "2020-12-07 01:00:00", 599)}


def test_the_lockdown_is_behaviour(estate: Estate) -> None:
    """Lower level from late March 2020: no multiplier has changed, nothing but the known faults is taken out."""
    lockdown = slice(estate.at("2020-03-23"), estate.at("2020-06-15"))
    taken = ~np.isnan(estate.result.raw[:, lockdown])

    assert estate.runs("V15") == set()
    assert taken.sum() / taken.size < 0.001


def test_no_reading_is_lost(estate: Estate) -> None:
    """Raw where VEE changed a value, energy elsewhere: 212,437,810.8 kWh, cell by cell what was read."""
    back = np.where(np.isnan(estate.result.raw), estate.result.energy, estate.result.raw)

    assert np.array_equal(back, estate.read.energy)
    assert back.sum() == pytest.approx(212437810.8, rel=1e-12)


def test_estimates_are_reasonable(estate: Estate) -> None:
    """Estimated hours lie within what the meter was ever seen to use outside of faults."""
    estimated = (estate.result.quality == Quality.ESTIMATED) & (estate.result.rule != 20)
    plain = np.where(estate.result.quality == Quality.ACTUAL, estate.result.energy, np.nan)
    highest = np.nanmax(plain, axis=1, keepdims=True)

    assert estimated.sum() > 7000
    assert not (estimated & (estate.result.energy > highest)).any()
    assert not (estimated & (estate.result.energy < 0)).any()


# ---- other real files ------------------------------------------------------------------------------------------------


def test_solar_nights_are_real_and_stuck_runs_are_not(shared_data: Path, make_grid) -> None:
    """pv_stale: exactly three stuck runs, 60, 100 and 85 intervals; no zero is suspect."""
    path = shared_data / "pv_stale" / "ac_power_inv_2173_stale_data.csv"
    frame = pd.read_csv(path, parse_dates=["timestamp"])
    grid = make_grid(frame["value_normalized"], start=str(frame["timestamp"].iloc[0].tz_convert(None)), minutes=15)
    result, found = run_vee(grid, RuleBook())

    assert [one.intervals for one in found if one.rule_id == "V09"] == [60, 100, 85]
    assert "V08" not in {one.rule_id for one in found}
    assert np.array_equal(result.rule[0] == 9, frame["stale_data_mask"].to_numpy() == 1)


def test_five_equal_hours_are_not_stuck(shared_data: Path, make_grid) -> None:
    """bdg2_sample: the longest equal run is five hours; nothing is taken out."""
    frame = pd.read_csv(shared_data / "bdg2_sample" / "bdg2_hourly_sample.csv", index_col=0)
    grid = make_grid(frame.to_numpy().T.copy(), start="2016-01-01")
    result, _ = run_vee(grid, RuleBook())

    assert runs_of(grid.energy[:, 1:] == grid.energy[:, :-1]).length.max() + 1 == 5
    assert np.array_equal(result.energy, grid.energy)


def test_missing_minutes_are_joined(shared_data: Path, make_grid) -> None:
    """uci_household: four missing minutes in two gaps, a first day of 396 minutes, nothing else."""
    frame = pd.read_csv(shared_data / "uci_household" / "uci_1min_20061216_20061231.csv", na_values="?")
    grid = make_grid(frame["Global_active_power"] / 60, start="2006-12-16 16:24", minutes=1, timezone="Europe/Paris")
    result, found = run_vee(grid, RuleBook())

    assert [(one.rule_id, one.intervals) for one in found] == [("V05", 2), ("V05", 2), ("V17", 396)]
    assert np.count_nonzero(result.rule) == 4
    assert np.nansum(grid.energy) == pytest.approx(696.888, abs=5e-4)


def test_a_home_with_a_failing_meter(shared_data: Path, make_grid) -> None:
    """esb_hdf: 83 missing half-hours in 15 gaps, four zeros beside them, and no spike in a home's kettle."""
    (path,) = (shared_data / "esb_hdf").glob("*.csv")
    frame = pd.read_csv(path)
    ends = pd.to_datetime(frame["Read Date and End Time"], dayfirst=True)
    half_hours = pd.Series(frame["Read Value"].to_numpy() / 2, index=ends - pd.Timedelta(minutes=30)).sort_index()
    half_hours = half_hours.reindex(pd.date_range(half_hours.index[0], half_hours.index[-1], freq="30min"))
    grid = make_grid(half_hours, start=str(half_hours.index[0]), minutes=30, timezone="Europe/Dublin")
    _, found = run_vee(grid, RuleBook())
    told = Counter(one.rule_id for one in found)
    gaps = [one.intervals for one in found if one.rule_id == "V05"]

    assert (len(gaps), sum(gaps), max(gaps)) == (15, 83, 48)
    assert [one.intervals for one in found if one.rule_id == "V08"] == [4]
    assert not told.keys() & {"V03", "V07", "V09", "V10", "V11", "V13", "V15"}


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("Building_110_2019-01", 10.9, 21.4),
        ("Building_555_2019-01", 353.9, 709.5),
        ("Building_110_2019-03", None, None),
    ],
)
def test_the_first_hour_of_a_month_file(name: str, first, second, shared_data: Path, make_grid) -> None:
    """slb_wide: half an hour's energy in the first hour of January, and nothing wrong in March."""
    cells = pd.read_csv(shared_data / "slb_wide" / f"{name}.csv").iloc[0, 2:].to_numpy(dtype=float)
    grid = make_grid(cells, start="2019-01-01" if first else "2019-03-01", timezone="Europe/London")
    result, found = run_vee(grid, RuleBook())

    assert [one.rule_id for one in found] == (["V17"] if first else [])
    if first:
        assert cells[:2].tolist() == [first, second]
        assert (result.raw[0, 0], result.rule[0, 0]) == (first, 17)
    assert np.nansum(np.where(np.isnan(result.raw), result.energy, result.raw)) == pytest.approx(cells.sum(), rel=1e-12)
