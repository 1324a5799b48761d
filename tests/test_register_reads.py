"""Registers of a run: reads to intervals, gaps to totals, and one file joined to the next."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from pipeline.schema import Rows, Stream, Stretch
from pipeline.stores.register_reads import read_stretches, write_stretches
from pipeline.vee.beside import Remembered, StoredEnergy
from pipeline.vee.registers import Differenced, KnownSum, place_registers, split_registers, usual_minutes

HOUR, DAY = 3600, 86400
START = 1_577_836_800  # 2020-01-01 00:00 UTC
KNOWN = Stretch(START, 10.0, START + 7 * HOUR, 32.0)

nan = float("nan")


def rows_of(stamps: list[int], values: list[float], stream: int = 0) -> Rows:
    """Reads of one stream."""
    return Rows(np.full(len(stamps), stream, np.int32), np.array(stamps), np.array(values, float), None, None, None)


def differenced(
    stamps: list[int], values: list[float], known: tuple[Stretch, ...] = (), **stream: object
) -> Differenced:
    """Take the differences of one register."""
    described = Stream("m", **{"timezone": "UTC", "is_register": True, **stream})  # type: ignore[arg-type]
    rows = rows_of(stamps, values)
    return place_registers(rows, (), [described], [Path("file.csv")], Remembered({("m", "delivered"): known}))


def energy_of(found: Differenced) -> dict[str, float]:
    """Energy by the start of its interval."""
    return {
        str(pd.Timestamp(start, unit="s"))[5:16]: energy
        for piece in found.placed
        for start, energy in zip(piece.start.tolist(), piece.energy.tolist(), strict=True)
    }


def hours(*offsets: float) -> list[int]:
    """Instants so many hours after the start."""
    return [START + int(offset * HOUR) for offset in offsets]


def test_reads_an_interval_apart_are_readings() -> None:
    """A read belongs to the end of its interval; the order of the file does not matter."""
    found = differenced(hours(2, 0, 1, 3), [103.0, 100.0, 101.0, 103.5])

    assert energy_of(found) == {"01-01 00:00": 1.0, "01-01 01:00": 2.0, "01-01 02:00": 0.5}
    assert found.placed[0].minutes.tolist() == [60, 60, 60]
    assert found.stretches["m", "delivered"] == [Stretch(START, 100.0, START + 3 * HOUR, 103.5)]
    assert (found.sums, found.findings) == ([], [])


def test_missing_reads_give_a_total() -> None:
    """Where reads are missing, or unknown, the energy of the whole gap is known, and of no interval in it."""
    found = differenced(hours(0, 1, 2, 3, 5, 6), [0.0, 1.0, nan, 4.0, 9.0, 10.0])

    assert energy_of(found) == {"01-01 00:00": 1.0, "01-01 05:00": 1.0}
    assert found.sums == [
        KnownSum(0, START + HOUR, START + 3 * HOUR, 3.0, 60),
        KnownSum(0, START + 3 * HOUR, START + 5 * HOUR, 5.0, 60),
    ]


@pytest.mark.parametrize(
    ("values", "settings", "energy", "said"),
    [
        pytest.param([99_990.0, 99_999.0, 8.0], {"digits": 5}, 9.0, "turned over", id="rollover"),
        pytest.param([50.0, 60.0, 8.0], {"reset_window": ("any", "any")}, 8.0, "began again", id="reset"),
        pytest.param([50.0, 60.0, 8.0], {}, nan, "fell from 60 to 8 kWh", id="fall"),
    ],
)
def test_falls_are_told(values: list[float], settings: dict[str, object], energy: float, said: str) -> None:
    """V14: rollover and reset have energy, a fall that nothing explains has none; each is told."""
    found = differenced(hours(0, 1, 2), values, **settings)

    assert found.placed[0].energy[1] == pytest.approx(energy, nan_ok=True)
    assert [(one.rule_id, one.first_start_utc) for one in found.findings] == [("V14", START + HOUR)]
    assert said in found.findings[0].detail


def test_how_full_a_register_must_be_is_a_setting() -> None:
    """V14: a dial that was read at 80 % has turned over when the rule is told so."""
    stream, rows = Stream("m", timezone="UTC", is_register=True, digits=5), rows_of(hours(0, 1), [80_000.0, 8.0])

    told = place_registers(rows, (), [stream], [Path("file.csv")], Remembered({}), 0.75)

    assert told.placed[0].energy.tolist() == [20_008.0]
    assert "turned over" in told.findings[0].detail


def test_units_and_multipliers_hold_for_reads() -> None:
    """Reads in Wh with a multiplier give kWh."""
    found = differenced(hours(0, 1), [1_000.0, 3_000.0], unit="Wh", multiplier=10.0)

    assert energy_of(found) == {"01-01 00:00": 20.0}


def test_daily_reads_follow_the_wall_clock() -> None:
    """Reads at local midnight are a day apart also where the day has 23 hours."""
    midnights = [17_985 * DAY, 17_986 * DAY, 17_987 * DAY]  # 2019-03-30, 31 and 04-01 on the wall
    found = differenced(midnights, [0.0, 24.0, 47.0], timezone="Europe/London")

    assert energy_of(found) == {"03-30 00:00": 24.0, "03-31 00:00": 23.0}
    assert found.placed[0].minutes.tolist() == [1440, 1440]


def test_reads_now_and_then_are_periods() -> None:
    """Reads weeks apart, by hand, are periods of their own length."""
    found = differenced([START, START + 28 * DAY, START + 61 * DAY], [0.0, 500.0, 900.0])

    assert found.placed[0].minutes.tolist() == [28 * 1440, 33 * 1440]
    assert found.sums == []


def test_a_read_between_the_hours_is_passed_over() -> None:
    """A read that somebody took between two regular ones changes nothing of the energy of the hour."""
    found = differenced(hours(0, 1, 2, 2.5, 3, 4, 5), [0.0, 1.0, 2.0, 2.5, 3.0, 4.0, 5.0])

    assert list(energy_of(found).values()) == [1.0] * 5


@pytest.mark.parametrize("offset", [1, 3])
def test_the_next_file_is_joined(offset: int) -> None:
    """What an earlier run remembers gives the interval before the first read, or the total of the gap before it."""
    known = Stretch(START - 9 * HOUR, 10.0, START - offset * HOUR, 50.0)
    found = differenced(hours(0, 1), [56.0, 57.0], (known,))

    assert found.stretches["m", "delivered"] == (
        [Stretch(START - 9 * HOUR, 10.0, START + HOUR, 57.0)]
        if offset == 1
        else [known, Stretch(START, 56.0, START + HOUR, 57.0)]
    )
    assert energy_of(found) == {"01-01 00:00": 1.0} | ({"12-31 23:00": 6.0} if offset == 1 else {})
    assert found.sums == ([] if offset == 1 else [KnownSum(0, START - 3 * HOUR, START, 6.0, 60)])


def test_a_file_between_two_joins_both() -> None:
    """When the file of a gap comes last, both its sides are closed and one stretch remains."""
    before, after = Stretch(START - DAY, 0.0, START, 10.0), Stretch(START + 3 * HOUR, 16.0, START + DAY, 40.0)
    found = differenced(hours(1, 2), [11.0, 14.0], (before, after))

    assert energy_of(found) == {"01-01 00:00": 1.0, "01-01 01:00": 3.0, "01-01 02:00": 2.0}
    assert found.stretches["m", "delivered"] == [Stretch(START - DAY, 0.0, START + DAY, 40.0)]


def test_known_gaps_are_left_to_whom_they_concern() -> None:
    """A gap between two remembered stretches was told when they met; a file elsewhere does not tell it again."""
    known = Stretch(START - 9 * DAY, 0.0, START - 8 * DAY, 10.0), Stretch(START - 6 * DAY, 20.0, START - HOUR, 40.0)

    found = differenced(hours(0, 1), [41.0, 42.0], known)

    assert found.sums == []
    assert found.stretches["m", "delivered"] == [known[0], Stretch(START - 6 * DAY, 20.0, START + HOUR, 42.0)]


def test_an_estimated_read_makes_both_sides_estimated() -> None:
    """The energy before and after a read that the supplier has estimated is an estimate."""
    rows = rows_of(hours(0, 1, 2, 3), [0.0, 1.0, 2.0, 3.0])._replace(quality=np.array([0, 1, 0, 0], np.uint8))

    found = place_registers(
        rows, (), [Stream("m", timezone="UTC", is_register=True)], [Path("file.csv")], Remembered({})
    )

    assert found.placed[0].quality is not None
    assert found.placed[0].quality.tolist() == [1, 1, 0]


def test_a_corrected_file_wins_at_the_ends() -> None:
    """Reads of the same instants replace what was remembered."""
    known = Stretch(START, 100.0, START + HOUR, 101.0)

    found = differenced(hours(0, 1), [200.0, 202.0], (known,))

    assert found.stretches["m", "delivered"] == [Stretch(START, 200.0, START + HOUR, 202.0)]
    assert energy_of(found) == {"01-01 00:00": 2.0}


def test_a_file_inside_is_joined_to_what_is_stored_beside_it() -> None:
    """A corrected file, or one that fills a gap, takes the differences at its edges; the reads there are summed up."""
    energy = np.array([1.0, 2.0, nan, nan, nan, 4.0, 8.0])  # reads 10, 11, 13, then 20, 24, 32
    fill = [13.5, 18.0]
    found = inside(hours(3, 4), fill, energy)

    assert energy_of(found) == {"01-01 02:00": 0.5, "01-01 03:00": 4.5, "01-01 04:00": 2.0}
    assert found.stretches["m", "delivered"] == [Stretch(START, 10.0, START + 7 * HOUR, 32.0)]

    corrected = inside(hours(3, 4), fill, np.array([1.0, 2.0, 9.0, 0.0, -2.0, 4.0, 8.0]))
    assert energy_of(corrected) == energy_of(found)


@pytest.mark.parametrize(
    ("energy", "settings"),
    [
        pytest.param([1.0, 2.0, 3.0, 1.0, 1.0, 4.0, 8.0], {}, id="no sum of the register"),
        pytest.param([1.0, 2.0, nan, 1.0, nan, 4.0, 8.0], {}, id="between two gaps"),
        pytest.param([1.0, 2.0, nan, nan, nan, 4.0, 8.0], {"reset_window": ("any", "any")}, id="may begin again"),
    ],
)
def test_a_file_inside_is_left_alone_where_reads_are_not_certain(
    energy: list[float], settings: dict[str, object]
) -> None:
    """Where what is stored does not add up to the register, nothing is taken at the edges."""
    found = inside(hours(3, 4), [13.5, 18.0], np.array(energy), **settings)

    assert energy_of(found) == {"01-01 03:00": 4.5}
    assert found.stretches["m", "delivered"] == [Stretch(START, 10.0, START + 7 * HOUR, 32.0)]


def test_a_register_that_turned_over_is_summed_up() -> None:
    """The read after a rollover is what the dial showed, not what has been used."""
    known, energy = Stretch(START, 99_990.0, START + 7 * HOUR, 12.0), np.array([4.0, 2.0, nan, nan, nan, 4.0, 8.0])

    found = inside(hours(3, 4), [99_997.0, 99_999.0], energy, known=known, digits=5)

    assert energy_of(found) == {"01-01 02:00": 1.0, "01-01 03:00": 2.0, "01-01 04:00": 1.0}


@pytest.mark.parametrize("last", [4.0, 99.0])
@pytest.mark.parametrize("again", [slice(2, 7), slice(0, 7)])
def test_files_read_again_are_joined_anew(again: slice, last: float) -> None:
    """What files said that are read again is forgotten: the read of the other file before them is joined to theirs."""
    is_again = np.zeros(7, np.bool_)
    is_again[again] = True
    energy = np.array([1.0, 2.0, 3.0, 4.0, 4.0, 4.0, last])

    found = inside(hours(3, 4, 5, 6, 7), [160.0, 170.0, 180.0, 190.0, 200.0], energy, is_again)

    assert energy_of(found).get("01-01 02:00") == (147.0 if again.start else None)
    first = (START, 10.0) if again.start else (START + 3 * HOUR, 160.0)
    assert found.stretches["m", "delivered"] == [Stretch(*first, START + 7 * HOUR, 200.0)]


def inside(
    stamps: list[int],
    values: list[float],
    energy: np.ndarray,
    is_again: np.ndarray | None = None,
    known: Stretch = KNOWN,
    **stream: object,
) -> Differenced:
    """Take the differences of reads in a stretch of which the energy of every hour is stored."""
    described = Stream("m", **{"timezone": "UTC", "is_register": True, "minutes": 60, **stream})  # type: ignore[arg-type]
    rows = StoredEnergy(START + HOUR * np.arange(7), energy, np.zeros(7, np.bool_) if is_again is None else is_again)
    remembered = Remembered({("m", "delivered"): [known]}, lambda *_: rows, is_again is not None)
    return place_registers(rows_of(stamps, values), (), [described], [Path("file.csv")], remembered)


def test_readers_own_differences_are_joined() -> None:
    """Of a register that its reader has differenced only the interval between the files is taken."""
    streams = [
        Stream("m", timezone="UTC", minutes=60, opens=(hours(each)[0], value), closes=(hours(each + 2)[0], value + 5))
        for each, value in ((1.0, 100.0), (4.0, 107.0))
    ]
    found = place_registers(rows_of([], []), [0, 1], streams, [Path("a"), Path("b")], Remembered({}))

    assert energy_of(found) == {"01-01 03:00": 2.0}


def test_the_usual_run_is_not_touched() -> None:
    """Without registers the rows of a block are handed on as they are."""
    rows = rows_of(hours(0, 1), [1.0, 2.0])

    intervals, registers, joined = split_registers(rows, [Stream("m")])

    assert intervals is rows
    assert (len(registers.stream), joined) == (0, [])


def test_usual_minutes_of_days_and_hours() -> None:
    """Days are told by the wall clock, hours by instants; one read says nothing."""
    instants = np.array([0, DAY - HOUR, 2 * DAY - HOUR])

    assert usual_minutes(instants, np.array([0, DAY, 2 * DAY])) == 1440
    assert usual_minutes(np.array(hours(0, 1, 2)), np.array(hours(0, 2, 3))) == 60
    assert usual_minutes(np.array([START]), np.array([START])) == 0


def test_stretches_are_remembered(engine: Engine) -> None:
    """What a run remembers of registers replaces what was remembered of them, and of no other."""
    one, other = Stretch(START, 1.0, START + DAY, 5.0), Stretch(START + 2 * DAY, 9.0, START + 3 * DAY, 12.5)
    with engine.begin() as connection:
        write_stretches(connection, {("a", "delivered"): [one, other], ("b", "delivered"): [one]})
        write_stretches(connection, {("a", "delivered"): [other]})
        write_stretches(connection, {})

        assert read_stretches(connection) == {("a", "delivered"): [other], ("b", "delivered"): [one]}
