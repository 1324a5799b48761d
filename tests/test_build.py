"""Placed readings laid on grids: step and phase, repeats, tolerance, and history beside what is new."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.clock import interval_ends
from pipeline.schema import Finding, Method, Quality, Rows, Stream
from pipeline.vee.build import irregular_grids, join_cells, regular_grid, without_blanks
from pipeline.vee.cells import IRREGULAR, Cells, Registry, cells, starts_of
from pipeline.vee.grid import Grid
from pipeline.vee.place import place

HOUR = 3600
START = 1_577_836_800  # 2020-01-01 00:00 UTC


def laid(
    stamps: list[int], values: list[float], history: pd.DataFrame | None = None, **stream: object
) -> tuple[Grid, list[Finding]]:
    """Lay one stream on its grid."""
    rows = Rows(np.zeros(len(stamps), np.int32), np.array(stamps), np.array(values, float), None, None, None)
    return laid_rows(rows, history, **stream)


def laid_rows(rows: Rows, history: pd.DataFrame | None = None, **stream: object) -> tuple[Grid, list[Finding]]:
    """Lay the rows of one stream on their grid."""
    described = Stream("m1", **{"timezone": "UTC", "minutes": 60, **stream})  # type: ignore[arg-type]
    pieces, findings = numbered(rows, [described])
    joined = without_blanks(join_cells(pieces))
    if joined.minutes == IRREGULAR:
        return irregular_grids(joined, channel_table(1))[0], findings
    grid, said, _ = regular_grid(joined, channel_table(1), history)
    return grid, findings + said


def numbered(rows: Rows, streams: list[Stream], zone: str = "UTC") -> tuple[list[Cells], list[Finding]]:
    """Number the intervals of some streams, each a channel of its own."""
    size = len(streams)
    registry = Registry(
        np.arange(size, dtype=np.int32), np.full(size, 7, np.int32), [zone] * size, [("m1", "delivered")] * size
    )
    placed, findings = place(rows, streams, [Path("file.csv")] * size)
    pieces = []
    for kind in placed:
        found, said = cells(kind, registry)
        pieces += found
        findings += said
    return pieces, findings


def channel_table(size: int) -> pd.DataFrame:
    """Channels as the database knows them."""
    return pd.DataFrame(
        {
            "site_id": "s",
            "meter_id": [f"m{number + 1}" for number in range(size)],
            "channel": "delivered",
            "channel_id": range(1, size + 1),
            "can_export": False,
            "limit_kw": np.nan,
        }
    )


def past(first: int, values: list[float], **columns: object) -> pd.DataFrame:
    """Hourly history of channel 1 as the database gives it."""
    frame = pd.DataFrame(
        {
            "channel_id": 1,
            "start_utc": first + HOUR * np.arange(len(values)),
            "energy_kwh": values,
            "raw_kwh": np.nan,
            "quality": int(Quality.ACTUAL),
            "method": None,
            "rule": None,
            "file_id": 3,
        }
    )
    return frame.assign(**columns)


def test_gap_is_missing_and_unsorted_rows_find_their_place() -> None:
    """Rows in any order fill their cells; what is not there is NaN with quality missing."""
    grid, findings = laid([START + 3 * HOUR, START, START + HOUR], [4.0, 1.0, 2.0])

    assert grid.energy[0].tolist()[:2] == [1.0, 2.0]
    assert np.isnan(grid.energy[0, 2])
    assert grid.energy[0, 3] == 4.0
    assert grid.quality[0].tolist() == [0, 0, Quality.MISSING, 0]
    assert grid.file_id[0].tolist() == [7, 7, 0, 7]
    assert findings == []


def test_repeated_readings_last_wins() -> None:
    """V02: of repeated readings the last is kept, and identical ones are told from others."""
    grid, findings = laid([START, START + HOUR, START, START + HOUR], [1.0, 2.0, 1.0, 5.0])

    assert grid.energy[0].tolist() == [1.0, 5.0]
    assert [(one.rule_id, one.intervals) for one in findings] == [("V02", 2)]
    assert "1 identical, 1 with another value" in findings[0].detail


def test_phase_of_a_grid() -> None:
    """Hours that begin at half past keep their phase."""
    grid, _ = laid([START + 1800, START + 1800 + HOUR], [1.0, 2.0])

    assert grid.starts.tolist() == [START + 1800, START + 1800 + HOUR]


def test_stamps_a_little_off_are_snapped() -> None:
    """V06: a stamp up to three minutes off the grid is moved onto it, and said."""
    grid, findings = laid([START, START + HOUR + 120, START + 2 * HOUR - 180, START + 3 * HOUR], [1.0, 2.0, 3.0, 4.0])

    assert grid.energy[0].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert [(one.rule_id, one.intervals) for one in findings] == [("V06", 2)]


@pytest.mark.parametrize("off", [900, -900], ids=["late", "early"])
def test_intervals_off_the_grid_are_split(off: int) -> None:
    """V04: an interval that straddles two cells is split by overlap, and energy is conserved."""
    stamps = [START + step * HOUR for step in range(10)]
    stamps[5] += off

    grid, findings = laid(stamps, [8.0] * 10)

    near = 5 if off > 0 else 4
    assert np.nansum(grid.energy) == pytest.approx(80.0)
    assert grid.energy[0, near] == pytest.approx(6.0 if off > 0 else 8.0 + 2.0)
    assert grid.method[0, near] == Method.PRORATED
    assert [one.rule_id for one in findings] == ["V04"]


def test_periods_of_their_own_are_irregular() -> None:
    """Periods of weeks keep their own starts and ends."""
    rows = Rows(
        np.zeros(2, np.int32),
        np.array([START, START + 30 * 86400]),
        np.array([500.0, 600.0]),
        None,
        None,
        np.array([30 * 1440, 31 * 1440], dtype=np.int32),
    )

    grid, _ = laid_rows(rows, minutes=None)

    assert grid.minutes == IRREGULAR
    assert ((grid.ends - grid.starts) // 86400).tolist() == [30, 31]
    assert grid.energy.tolist() == [[500.0, 600.0]]


def test_local_days_have_their_length() -> None:
    """Starts of local days follow the clock: 23 hours in spring."""
    days = np.arange(17984, 17987)  # 2019-03-29 …

    starts = starts_of(days, 1440, 0, "Europe/London")

    assert np.diff(starts_of(np.arange(17985, 17989), 1440, 0, "Europe/London")).tolist() == [86400, 82800, 86400]
    assert starts[0] == 17984 * 86400


MIDNIGHT_CHANGES = [
    pytest.param("Africa/Cairo", "2024-04-26", 23, id="Cairo, spring"),
    pytest.param("Africa/Cairo", "2024-10-31", 25, id="Cairo, autumn"),
    pytest.param("America/Santiago", "2024-09-08", 23, id="Santiago, spring"),
    pytest.param("America/Havana", "2024-11-03", 25, id="Havana, autumn"),
    pytest.param("Atlantic/Azores", "2024-03-31", 23, id="Azores, spring"),
]


@pytest.mark.parametrize("label", ["start", "end"])
@pytest.mark.parametrize("hour", [0, 6])
@pytest.mark.parametrize(("zone", "day", "length"), MIDNIGHT_CHANGES)
def test_days_of_clocks_that_change_at_midnight(zone: str, day: str, length: int, hour: int, label: str) -> None:
    """A day whose midnight the clock leaves out begins when the clock goes on; none is told as an odd hour."""
    first = int(pd.Timestamp(day).timestamp()) - 2 * 86400 + hour * HOUR + (86400 if label == "end" else 0)
    rows = Rows(np.zeros(5, np.int32), first + 86400 * np.arange(5), np.arange(5.0), None, None, None)

    pieces, findings = numbered(rows, [Stream("m1", timezone=zone, label=label, minutes=1440)], zone)

    assert findings == []
    assert [(piece.minutes, piece.phase) for piece in pieces] == [(1440, hour * HOUR)]
    bounds = starts_of(np.append(pieces[0].position, pieces[0].position[-1] + 1), 1440, hour * HOUR, zone)
    assert sorted(np.diff(bounds) // HOUR) == sorted([24, 24, 24, 24, length])
    assert interval_ends(zone, bounds[:-1], 1440).tolist() == bounds[1:].tolist()


def test_a_day_without_a_midnight_alone() -> None:
    """A file of that day only, and one with its length and UTC start, are of the same grid as the days beside it."""
    start = int(pd.Timestamp("2024-04-25 22:00").timestamp())  # 01:00 in Cairo
    for minutes in (1440, 1380):
        rows = Rows(np.zeros(1, np.int32), np.array([start]), np.ones(1), None, None, np.array([minutes], np.int32))

        pieces, _ = numbered(rows, [Stream("m1", timezone="UTC")], "Africa/Cairo")

        assert [(piece.minutes, piece.phase) for piece in pieces] == [(1440, 0)]
        assert pieces[0].position.tolist() == [19839]


@pytest.mark.parametrize(("zone", "lengths"), [("Europe/London", {1440}), ("UTC", {IRREGULAR})])
def test_days_of_23_hours_are_days_of_their_clock(zone: str, lengths: set[int]) -> None:
    """Days of 24 and 23 hours are local days on the clock that shows them whole, and periods of their own elsewhere."""
    starts = starts_of(np.arange(17985, 17988), 1440, 0, "Europe/London")
    durations = np.array([1440, 1380, 1440], dtype=np.int32)
    rows = Rows(np.zeros(3, np.int32), starts, np.array([24.0, 23.0, 24.0]), None, None, durations)

    pieces, _ = numbered(rows, [Stream("m1", timezone="UTC")], zone)

    assert {piece.minutes for piece in pieces} == lengths
    assert sum(piece.energy.sum() for piece in pieces) == 71.0


def test_periods_of_23_hours_stay_what_they_are() -> None:
    """Where the clock does not change a reading of 23 hours is a period of that length."""
    rows = Rows(np.zeros(2, np.int32), np.array([START, START + 23 * HOUR]), np.array([1.0, 2.0]), None, None, None)

    grid, _ = laid_rows(rows._replace(minutes=np.full(2, 1380, np.int32)), minutes=None)

    assert (grid.minutes, (grid.ends - grid.starts).tolist()) == (IRREGULAR, [23 * HOUR] * 2)


def test_withheld_readings_keep_their_raw_value() -> None:
    """A value that the supplier marked as no reading is kept as raw and not published (V20)."""
    rows = Rows(
        np.zeros(2, np.int32),
        np.array([START, START + HOUR]),
        np.array([5.0, 6.0]),
        np.array([int(Quality.MISSING), 0], dtype=np.uint8),
        None,
        None,
    )

    grid, _ = laid_rows(rows)

    assert np.isnan(grid.energy[0, 0])
    assert grid.raw[0, 0] == 5.0
    assert grid.rule[0].tolist() == [20, 0]


def test_new_readings_join_history() -> None:
    """Only what lies from the end of history on is fresh: the gap between belongs to the new readings."""
    history = past(START, [1.0] * 24)

    grid, _ = laid([START + 30 * HOUR, START + 31 * HOUR], [2.0, 3.0], history)

    assert grid.starts[0] == START
    assert grid.channels.loc[0, ["first", "fresh_first", "fresh_last", "last"]].tolist() == [0, 24, 31, 31]
    assert grid.energy[0, :24].tolist() == [1.0] * 24
    assert np.isnan(grid.energy[0, 24:30]).all()


def test_corrections_redo_what_they_touch() -> None:
    """Inside the new readings' range estimates are taken back and what was read stands again, under the new values."""
    history = past(START, [1.0] * 10)
    history.loc[4, ["energy_kwh", "quality", "method", "rule"]] = [9.0, int(Quality.ESTIMATED), int(Method.LINEAR), 5]
    history.loc[6, ["energy_kwh", "raw_kwh", "quality", "rule"]] = [2.0, 100.0, int(Quality.ESTIMATED), 10]

    grid, _ = laid([START + 3 * HOUR, START + 8 * HOUR], [7.0, 7.0], history)

    assert grid.energy[0, [3, 8]].tolist() == [7.0, 7.0]
    assert np.isnan(grid.energy[0, 4])
    assert grid.energy[0, 6] == 100.0
    assert grid.rule[0].tolist() == [0] * 10
    assert grid.file_id[0, [2, 3]].tolist() == [3, 7]


@pytest.mark.parametrize("rule", [1, 3, 20])
def test_marks_of_stored_readings_outlive_corrections(rule: int) -> None:
    """A doubtful date, a clock change and a supplier's estimate are facts of the file, not verdicts to be made anew."""
    history = past(START, [1.0] * 10)
    history.loc[5, "rule"] = rule

    grid, _ = laid([START + 3 * HOUR, START + 8 * HOUR], [7.0, 7.0], history)

    assert grid.rule[0].tolist() == [0] * 5 + [rule] + [0] * 4


def test_history_outside_stays_as_it_is() -> None:
    """What validation made of history outside the new readings' range is left alone."""
    history = past(START, [1.0] * 10)
    history.loc[1, ["energy_kwh", "raw_kwh", "quality", "method", "rule"]] = [2.0, 100.0, 1, int(Method.LINEAR), 10]

    grid, _ = laid([START + 5 * HOUR], [7.0], history)

    assert grid.raw[0, 1] == 100.0
    assert (grid.energy[0, 1], grid.quality[0, 1], grid.method[0, 1], grid.rule[0, 1]) == (2.0, 1, Method.LINEAR, 10)


def test_two_lengths_make_two_grids() -> None:
    """A stream whose interval length changes gives a grid for each length."""
    stamps = [START + 900 * step for step in range(96)] + [START + 86400 + 1800 * step for step in range(48)]
    rows = Rows(np.zeros(144, np.int32), np.array(stamps), np.ones(144), None, None, None)

    pieces, _ = numbered(rows, [Stream("m1", timezone="UTC")])

    assert sorted((piece.minutes, len(piece.position)) for piece in pieces) == [(15, 96), (30, 48)]
