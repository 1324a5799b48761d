"""Edits: a person's changes, read from a CSV and put in place."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import FileRefusedError
from pipeline.schema import Method, Quality
from pipeline.vee.edit import Edit, apply_edits, read_edits

nan = np.nan
HEADER = "meter_id,channel,interval_start_utc,energy_kwh,who,why\n"
START = pd.Timestamp("2024-10-27")


@pytest.fixture
def write_edits(tmp_path: Path):
    """A function from text to the path of a file with it."""

    def write(text: str) -> Path:
        path = tmp_path / "edits.csv"
        path.write_bytes(text.encode())
        return path

    return write


def edit(hours: float, energy: float, *, meter_id: str = "m0", is_local: bool = False) -> Edit:
    """An edit so many hours after START."""
    start = int((START + pd.Timedelta(hours=hours)).timestamp())
    return Edit(meter_id, "delivered", start, is_local, energy, "Ada", "seen on site", Path("edits.csv"), 2)


def test_edits_are_read_in_file_order(write_edits) -> None:
    """A value, a blank that makes missing, an instant with an offset; spaces and a byte order mark do not matter."""
    path = write_edits(
        "\ufeff" + HEADER + "m0,delivered, 2024-10-27 01:00 ,5.5,Ada,seen on site\n"
        'm0,received,2024-10-27T04:00+02:00,,Ada,"broken, replaced"\n'
    )
    first, second = read_edits(path)

    assert first == Edit("m0", "delivered", 1729990800, False, 5.5, "Ada", "seen on site", path, 2)
    assert (second.start, second.line, second.why) == (1729994400, 3, "broken, replaced")
    assert np.isnan(second.energy)


def test_a_wall_clock_is_read_as_such(write_edits) -> None:
    """Column interval_start instead of interval_start_utc."""
    path = write_edits(HEADER.replace("_utc", "") + "m0,delivered,2024-10-27 01:00,5.5,Ada,x\n")

    assert [(one.start, one.is_local) for one in read_edits(path)] == [(1729990800, True)]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param("", "missing columns: meter_id", id="empty file"),
        pytest.param("meter_id,channel,who,why,energy_kwh\n", "interval_start_utc or interval_start", id="no stamp"),
        pytest.param(HEADER.replace("who,", ""), "missing columns: who", id="no who"),
        pytest.param(
            HEADER + "m0,delivered,2024-10-27,1,Ada,ok\nm0,delivered,soon,1,Ada,x\n", "line 3: 'soon'", id="date"
        ),
        pytest.param(HEADER + "m0,delivered,2024-10-27,many,Ada,x\n", "line 2: energy_kwh 'many'", id="number"),
        pytest.param(HEADER + "m0,delivered,2024-10-27,inf,Ada,x\n", "line 2: energy_kwh 'inf'", id="infinite"),
        pytest.param(HEADER + "m0,delivered,2024-10-27,nan,Ada,x\n", "line 2: energy_kwh 'nan'", id="nan"),
        pytest.param(HEADER + "m0,delivered,2024-10-27,1,,x\n", "line 2: who is empty", id="nobody"),
        pytest.param(HEADER + "m0,delivered,2024-10-27,1,Ada,\n", "line 2: why is empty", id="no reason"),
        pytest.param(HEADER + "m0,delivered,2024-10-27,1\n", "line 2: who is empty", id="short row"),
        pytest.param(HEADER + "m0,import,2024-10-27,1,Ada,x\n", "line 2: channel 'import'.*delivered", id="channel"),
        pytest.param(HEADER + "m0,\x00,,,,", "line 2|not a CSV", id="not text"),
    ],
)
def test_a_row_that_cannot_be_used_refuses_the_file(text: str, named: str, write_edits) -> None:
    """The message names the line and what to do."""
    with pytest.raises(FileRefusedError, match=named):
        read_edits(write_edits(text))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """As any other that cannot be read."""
    with pytest.raises(FileRefusedError, match="not a CSV of edits"):
        read_edits(tmp_path / "none.csv")


def test_an_edit_replaces_and_keeps_what_was_read(make_grid) -> None:
    """Quality EDITED, method EDIT, raw as read; the grid given is unchanged."""
    grid = make_grid([[1.0, 2.0, 3.0]], start=str(START))
    edited = apply_edits(grid, [edit(1, 20.0)])

    assert edited.energy.tolist() == [[1.0, 20.0, 3.0]]
    assert edited.quality.tolist() == [[Quality.ACTUAL, Quality.EDITED, Quality.ACTUAL]]
    assert edited.method.tolist() == [[0, Method.EDIT, 0]]
    np.testing.assert_array_equal(edited.raw, [[nan, 2.0, nan]])
    assert grid.energy.tolist() == [[1.0, 2.0, 3.0]]


def test_a_blank_makes_missing(make_grid) -> None:
    """Quality MISSING, so that nothing counts it; what was read is kept."""
    edited = apply_edits(make_grid([[1.0, 2.0]], start=str(START)), [edit(1, nan)])

    np.testing.assert_array_equal(edited.energy, [[1.0, nan]])
    assert edited.quality.tolist() == [[Quality.ACTUAL, Quality.MISSING]]
    np.testing.assert_array_equal(edited.raw, [[nan, 2.0]])


def test_an_edit_of_an_estimate_keeps_no_estimate_as_raw(make_grid) -> None:
    """Where nothing had been read (rule 5), raw stays empty; where VEE took a reading out, raw stays that reading."""
    grid = make_grid([[7.0, 8.0]], start=str(START))
    grid = replace(grid, rule=np.array([[5, 9]], dtype=np.uint8), raw=np.array([[nan, 99.0]]))
    edited = apply_edits(grid, [edit(0, 1.0), edit(1, 2.0)])

    assert edited.energy.tolist() == [[1.0, 2.0]]
    np.testing.assert_array_equal(edited.raw, [[nan, 99.0]])


def test_the_last_edit_holds(make_grid) -> None:
    """Of two for one reading."""
    assert apply_edits(make_grid([[1.0]], start=str(START)), [edit(0, 2.0), edit(0, 3.0)]).energy.tolist() == [[3.0]]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(edit(0, 9.0, meter_id="elsewhere"), id="another meter"),
        pytest.param(edit(-1, 9.0), id="before"),
        pytest.param(edit(3, 9.0), id="after"),
    ],
)
def test_what_concerns_others_is_left_alone(other: Edit, make_grid) -> None:
    """Other blocks have the other meters; what the run may not write is not written."""
    grid = make_grid([[1.0, 2.0, 3.0]], start=str(START))

    assert apply_edits(grid, [other]) is grid


def test_context_is_not_edited(make_grid) -> None:
    """Only what this run may write."""
    grid = make_grid([[1.0, 2.0, 3.0]], start=str(START), fresh_first=1)

    assert apply_edits(grid, [edit(0, 9.0)]) is grid


def test_an_edit_between_intervals_is_refused(make_grid) -> None:
    """It would be lost otherwise."""
    with pytest.raises(FileRefusedError, match=r"line 2.*m0 is no start"):
        apply_edits(make_grid([[1.0, 2.0]], start=str(START)), [edit(0.5, 9.0)])


def test_a_wall_clock_is_placed_on_the_sites_clock(make_grid) -> None:
    """04:00 in London's winter time of 27 October is 04:00 UTC; an hour that comes twice asks for the instant."""
    grid = make_grid(np.arange(12.0), start=str(START), timezone="Europe/London")

    assert apply_edits(grid, [edit(4, 99.0, is_local=True)]).energy[0, 4] == 99.0
    assert apply_edits(grid, [edit(0 + 3, 99.0, is_local=True)]).energy[0, 3] == 99.0
    with pytest.raises(FileRefusedError, match="occurs twice"):
        apply_edits(grid, [edit(1, 99.0, is_local=True)])
