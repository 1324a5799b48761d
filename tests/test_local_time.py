"""The daylight-saving shapes, from rows as a file has them to UTC starts and kWh."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.schema import Finding, Method, Quality, Rows, Stream
from pipeline.vee.place import Placed, infer_minutes, place

ZONE = "America/Los_Angeles"
HOUR = 3600


def wall(text: str) -> int:
    """Seconds since 1970 on the wall clock."""
    return int((datetime.fromisoformat(text) - datetime(1970, 1, 1)).total_seconds())


def utc(text: str) -> int:
    """Seconds since 1970 UTC."""
    return wall(text)


def walls(first: str, count: int, minutes: int) -> list[int]:
    """Regular wall-clock stamps."""
    return [wall(first) + step * minutes * 60 for step in range(count)]


def placed(stamps: list[int], values: list[float], **stream: object) -> tuple[pd.Series, Placed, list[Finding]]:
    """Place one stream; give energy by UTC start, the whole, and the findings."""
    rows = Rows(
        np.zeros(len(stamps), dtype=np.int32), np.array(stamps), np.array(values, dtype=float), None, None, None
    )
    described = Stream("m1", **{"timezone": ZONE, **stream})  # type: ignore[arg-type]
    found, findings = place(rows, [described], [Path("file.csv")])
    return pd.Series(found[0].energy, index=found[0].start), found[0], findings


def autumn_block(minutes: int, *, interleaved: bool = False) -> list[int]:
    """Wall-clock stamps of 4 November 2018 in Los Angeles, complete: the hour from 01:00 twice."""
    before = walls("2018-11-04 00:00", 60 // minutes, minutes)
    repeated = walls("2018-11-04 01:00", 60 // minutes, minutes)
    after = walls("2018-11-04 02:00", 22 * 60 // minutes, minutes)
    twice = [stamp for stamp in repeated for _ in range(2)] if interleaved else repeated * 2
    return before + twice + after


@pytest.mark.parametrize("minutes", [15, 30, 60])
@pytest.mark.parametrize("interleaved", [False, True], ids=["block", "interleaved"])
def test_repeated_autumn_hour_is_two_hours(minutes: int, interleaved: bool) -> None:
    """Shape A: both readings of a repeated stamp are kept, the first in daylight time, and the day has 25 hours."""
    stamps = autumn_block(minutes, interleaved=interleaved)

    energy, _, findings = placed(stamps, list(range(len(stamps))))

    assert energy.index.is_unique
    assert sorted(energy.index) == list(range(utc("2018-11-04 07:00"), utc("2018-11-05 08:00"), minutes * 60))
    assert energy[utc("2018-11-04 08:00")] < energy[utc("2018-11-04 09:00")]
    assert findings == []


def test_newest_first_reverses_the_fold() -> None:
    """Of two equal stamps in a file that runs backwards, the later row is the earlier hour."""
    stamps = autumn_block(60)[::-1]

    energy, _, _ = placed(stamps, list(range(24, -1, -1)), newest_first=True)

    assert energy.sort_index().tolist() == list(range(25))


@pytest.mark.parametrize("naive", [True, False], ids=["start plus step", "clock at the end"])
def test_interval_ends_in_autumn(naive: bool) -> None:
    """End labels of the repeated hour become 25 distinct starts, however the file writes the ends."""
    starts = autumn_block(30)
    if naive:
        stamps = [stamp + 1800 for stamp in starts]
    else:
        stamps = [*walls("2018-11-04 00:30", 1, 30), wall("2018-11-04 01:00"), wall("2018-11-04 01:30")]
        stamps += [wall("2018-11-04 01:00"), wall("2018-11-04 01:30"), *walls("2018-11-04 02:00", 45, 30)]

    energy, _, _ = placed(stamps, [1.0] * len(stamps), label="end")

    assert energy.index.is_unique
    assert energy.index.min() == utc("2018-11-04 07:00")
    assert energy.index.max() == utc("2018-11-05 07:30")
    assert len(energy) == 50


@pytest.mark.parametrize("naive", [True, False], ids=["start plus step", "clock at the end"])
def test_interval_ends_in_spring(naive: bool) -> None:
    """The interval before the spring change ends at 02:00 by addition, at 03:00 on the clock: the same interval."""
    stamps = [wall("2019-03-10 01:00"), wall("2019-03-10 02:00" if naive else "2019-03-10 03:00")]
    stamps += walls("2019-03-10 04:00", 4, 60)

    energy, _, _ = placed(stamps, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], label="end", minutes=60)

    assert energy.sort_index().index.tolist() == list(range(utc("2019-03-10 08:00"), utc("2019-03-10 14:00"), HOUR))


def test_lost_autumn_hour_stays_missing() -> None:
    """Shape B: one ordinary value for two hours is the first of them; the second is not invented."""
    stamps = walls("2018-11-04 00:00", 24, 60)

    energy, _, findings = placed(stamps, [10.0] * 24)

    assert utc("2018-11-04 09:00") not in energy.index
    assert energy.sum() == 240.0
    assert [finding.rule_id for finding in findings] == ["V03"]


def test_fixed_clock_is_not_localised() -> None:
    """Shape C: a spring hour with an ordinary value says that the clock never changes: standard time all year."""
    stamps = walls("2019-03-09 00:00", 72, 60)

    energy, _, findings = placed(stamps, [10.0 + hour % 5 for hour in range(72)])

    assert energy.index.tolist() == list(range(utc("2019-03-09 08:00"), utc("2019-03-12 08:00"), HOUR))
    assert "standard time" in findings[0].detail


def test_doubled_autumn_cell_is_split() -> None:
    """Shape F: a cell with two hours becomes two halves; the energy and what was read stay the same."""
    stamps = walls("2018-11-03 00:00", 72, 60)
    values = [10.0] * 72
    values[25] = 20.0

    energy, rows, _ = placed(stamps, values, fixed_cells=True)

    halves = [utc("2018-11-04 08:00"), utc("2018-11-04 09:00")]
    assert energy[halves].tolist() == [10.0, 10.0]
    assert energy.sum() == 730.0
    assert rows.raw is not None
    assert rows.method is not None
    assert rows.quality is not None
    assert np.nansum(np.where(np.isnan(rows.raw), rows.energy, rows.raw)) == 730.0
    split = np.isin(rows.start, halves)
    assert set(rows.method[split]) == {Method.DST_SPLIT}
    assert set(rows.quality[split]) == {Quality.ESTIMATED}


@pytest.mark.parametrize(
    ("cell", "after"), [(np.nan, 10.0), (0.0, 10.0), (10 / 3, 20 / 3)], ids=["blank", "zero", "spread"]
)
def test_spring_cell_of_fixed_cells(cell: float, after: float) -> None:
    """Shape F: the cell of an hour that was not there is left out, or its energy goes to the hour it falls on."""
    stamps = walls("2019-03-10 00:00", 24, 60)
    values = [10.0] * 24
    values[2], values[3] = cell, after

    energy, rows, _ = placed(stamps, values, fixed_cells=True)

    assert len(energy) == 23
    assert energy.to_numpy() == pytest.approx(10.0)
    assert rows.rule is not None
    assert (rows.rule == 3).sum() == (1 if cell == 10 / 3 else 0)


def test_cells_of_a_day_with_end_labels() -> None:
    """Shape F: cells named by their ends are counted from midnight: the doubled ones are those from 01:00 to 02:00."""
    stamps = [stamp + 1800 for stamp in walls("2018-03-01 00:00", 48 * 300, 30)]
    values = np.full(len(stamps), 10.0)
    doubled = [wall("2018-11-04 01:30"), wall("2018-11-04 02:00")]
    values[np.isin(stamps, doubled)] = 20.0
    values[np.isin(stamps, [wall("2018-03-11 02:30"), wall("2018-03-11 03:00")])] = np.nan

    energy, _, _ = placed(stamps, values.tolist(), label="end", fixed_cells=True)

    assert energy.to_numpy() == pytest.approx(10.0)
    assert sorted(np.diff(sorted(energy.index)).tolist())[-1] == 1800


@pytest.mark.parametrize("unit", ["kW", "W", "MW", "kWh", "Wh", "MWh"])
def test_units(unit: str) -> None:
    """Power becomes energy by the length of the interval, energy by its factor alone."""
    expected = {"kW": 2.0, "W": 0.002, "MW": 2000.0, "kWh": 4.0, "Wh": 0.004, "MWh": 4000.0}

    energy, _, _ = placed(walls("2020-01-01 00:00", 4, 30), [4.0] * 4, unit=unit, timezone="UTC")

    assert energy.tolist() == pytest.approx([expected[unit]] * 4)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([60] * 10, [60]),
        ([60, 60, 300, 60, 60, 60, 60, 60, 60, 60, 60], [60]),
        ([15] * 96 + [30] * 48, [15, 30]),
        ([-30] * 20, [30]),
        ([0, 30, 0, 30, 0, 30], [30]),
    ],
    ids=["regular", "gap", "changes", "newest first", "repeated stamps"],
)
def test_interval_length_is_judged_per_stream(steps: list[int], expected: list[int]) -> None:
    """The length is the usual step; a long stretch of another step is another length, a single one is a gap."""
    stamps = np.cumsum([1_600_000_000, *(step * 60 for step in steps)])

    assert np.unique(infer_minutes(stamps)).tolist() == expected


def test_half_hour_zone() -> None:
    """A zone with half an hour in its offset keeps its hours whole."""
    energy, _, _ = placed(walls("2020-01-01 00:00", 3, 60), [1.0] * 3, timezone="Asia/Kolkata")

    assert energy.index[0] == utc("2019-12-31 18:30")


def test_local_days() -> None:
    """A daily reading begins at local midnight."""
    energy, _, _ = placed(walls("2018-11-03 00:00", 3, 1440), [1.0, 2.0, 3.0], minutes=1440)

    assert energy.index.tolist() == [utc("2018-11-03 07:00"), utc("2018-11-04 07:00"), utc("2018-11-05 08:00")]
    assert timedelta(seconds=int(energy.index[2] - energy.index[1])) == timedelta(hours=25)


def test_mean_power_of_a_first_day_may_be_of_a_part() -> None:
    """V17: the mean power of days becomes energy of 24 h, and of the first and last day that is told as doubtful."""
    stamps = walls("2018-12-01 00:00", 4, 1440)

    energy, _, findings = placed(stamps, [1.0, 2.0, 3.0, np.nan], minutes=1440, unit="kW")
    _, _, of_energy = placed(stamps, [1.0, 2.0, 3.0, 4.0], minutes=1440)

    assert energy.tolist()[:3] == [24.0, 48.0, 72.0]
    assert [(one.rule_id, one.intervals) for one in findings] == [("V17", 2)]
    assert (findings[0].first_start_utc, findings[0].last_start_utc) == (energy.index[0], energy.index[2])
    assert "24 kWh and 72 kWh" in findings[0].detail
    assert [one.intervals for one in placed(stamps[:1], [1.0], minutes=1440, unit="kW")[2]] == [1]
    assert of_energy == []


def test_no_rows_are_nothing() -> None:
    """A block whose files were all refused has no rows, and nothing comes of it."""
    nothing = Rows(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0), None, None, None)

    assert place(nothing, [], []) == ([], [])


def test_doubtful_readings_are_marked() -> None:
    """V01: every reading of a file that was insisted on carries the rule; others carry none."""
    stamps = walls("2018-12-01 00:00", 3, 60)

    _, marked, _ = placed(stamps, [1.0, 2.0, 3.0], doubtful=True)
    _, plain, _ = placed(stamps, [1.0, 2.0, 3.0])

    assert marked.rule is not None
    assert marked.rule.tolist() == [1, 1, 1]
    assert plain.rule is None
