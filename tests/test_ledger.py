"""Ledgers: two extracts have the same one when they have the same rows, and otherwise it names the days that differ."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tableauhyperapi import Connection, CreateMode, HyperProcess

from pipeline.errors import StoreError
from pipeline.stores import ledger as ledgers
from pipeline.stores.ledger import Ledger, changed_cells, day_ranges, read_ledger, stale_rows

TIME = "interval_start_utc"
Write = Callable[..., Path]
Row = tuple[str, str | None, str | None, float | None]

ROWS: list[Row] = [
    ("m1", "delivered", "2024-01-01 00:00", 1.5),
    ("m1", "delivered", "2024-01-01 23:00", 2.5),
    ("m1", "delivered", "2024-01-02 00:00", None),
    ("m1", "received", "2024-01-01 00:00", 1.5),
    ("m 2 é", "delivered", "1969-12-31 23:59", -0.25),
]


@pytest.fixture
def write(tmp_path: Path, hyperd: HyperProcess) -> Write:
    """A function that writes rows into an extract."""

    def put(rows: list[Row], name: str = "a", kind: str = "timestamp") -> Path:
        path = tmp_path / f"{name}.hyper"
        with Connection(hyperd.endpoint, path, CreateMode.CREATE_AND_REPLACE) as connection:
            connection.execute_command('CREATE SCHEMA "Extract"')
            connection.execute_command(
                'CREATE TABLE "Extract"."Extract" '
                f"(meter_id text, channel text, {TIME} {kind}, energy_kwh double precision)"
            )
            for row in rows:
                values = ", ".join("NULL" if value is None else repr(value) for value in row)
                connection.execute_command(f'INSERT INTO "Extract"."Extract" VALUES ({values})')
        return path

    return put


def ledger(path: Path, hyperd: HyperProcess, time: str | None = TIME) -> Ledger:
    """The ledger of an extract."""
    return read_ledger(path, time, hyperd)


def test_a_line_for_each_day_of_a_stream(write: Write, hyperd: HyperProcess) -> None:
    """Rows are counted, energy is summed, days before 1970 count down."""
    found = ledger(write(ROWS), hyperd)

    assert found.cells[["meter_id", "channel", "day", "rows"]].values.tolist() == [
        ["m 2 é", "delivered", -1, 1],
        ["m1", "delivered", 19723, 2],
        ["m1", "delivered", 19724, 1],
        ["m1", "received", 19723, 1],
    ]
    assert (found.rows, found.energy_kwh) == (5, 5.25)
    assert "energy_kwh DOUBLE" in found.columns


def test_order_does_not_matter(write: Write, hyperd: HyperProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor in how many batches the rows are read."""
    one = ledger(write(ROWS), hyperd)
    monkeypatch.setattr(ledgers, "BATCH_ROWS", 2)
    other = ledger(write(ROWS[::-1], "b"), hyperd)

    assert one.digest == other.digest
    assert changed_cells(one, other).empty


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("value", [7.0, None, 1.5000000000000002])
def test_one_value_makes_a_difference(write: Write, hyperd: HyperProcess, place: int, value: float | None) -> None:
    """The day that differs is named, and no other."""
    rows = list(ROWS)
    rows[place] = (*rows[place][:3], value)
    changed = changed_cells(ledger(write(ROWS), hyperd), ledger(write(rows, "b"), hyperd))

    is_same = rows[place] == ROWS[place]
    assert changed[["meter_id", "channel"]].values.tolist() == ([] if is_same else [list(ROWS[place][:2])])


def test_a_row_twice_is_not_once(write: Write, hyperd: HyperProcess) -> None:
    """Counts and sums see what a set of hashes would not."""
    once, twice = ledger(write(ROWS), hyperd), ledger(write([*ROWS, ROWS[0]], "b"), hyperd)

    assert changed_cells(once, twice)["rows"].tolist() == [3]


def test_gone_days_have_no_rows(write: Write, hyperd: HyperProcess) -> None:
    """A day that is to go is in the list as one without rows."""
    changed = changed_cells(ledger(write(ROWS), hyperd), ledger(write(ROWS[:2], "b"), hyperd))

    assert changed[["meter_id", "day", "rows"]].values.tolist() == [
        ["m 2 é", -1, 0],
        ["m1", 19724, 0],
        ["m1", 19723, 0],
    ]
    assert changed.dtypes["digest"] == "uint64"


def test_empty_extracts(write: Write, hyperd: HyperProcess) -> None:
    """Nothing is like nothing, and everything is to be written when it was nothing."""
    empty, full = ledger(write([], "empty"), hyperd), ledger(write(ROWS), hyperd)

    assert empty.rows == 0
    assert changed_cells(empty, empty).empty
    assert changed_cells(empty, full)["rows"].sum() == 5
    assert changed_cells(full, empty)["rows"].sum() == 0


def test_dates_and_no_time_at_all(write: Write, hyperd: HyperProcess) -> None:
    """A column of dates does as well; without one, an extract is one line."""
    dated: list[Row] = [("m1", "delivered", "2024-01-01", 1.0), ("m1", None, "2024-01-02", 2.0)]
    path = write(dated, kind="date")

    assert ledger(path, hyperd).cells["day"].tolist() == [19724, 19723]
    assert ledger(path, hyperd, None).cells[["meter_id", "day", "rows"]].values.tolist() == [["", 0, 2]]


def test_rows_without_a_time(write: Write, hyperd: HyperProcess) -> None:
    """Somebody else's: they are counted, and make a difference."""
    timeless: list[Row] = [*ROWS, ("m1", "delivered", None, 2.0)]
    held = ledger(write(timeless), hyperd)

    assert held.rows == len(ROWS) + 1
    assert held.digest != ledger(write(ROWS, "b"), hyperd).digest
    assert ledger(write(timeless[-1:], "c"), hyperd).cells[["day", "rows"]].values.tolist() == [[0, 1]]


def test_parts_of_a_second(write: Write, hyperd: HyperProcess) -> None:
    """Somebody else's again: they are of the day."""
    late: list[Row] = [("m1", "delivered", "2024-01-01 23:59:59.75", 1.0)]

    assert ledger(write(late), hyperd).cells["day"].tolist() == [19723]


def test_columns_of_another_kind(write: Write, hyperd: HyperProcess) -> None:
    """A time in words, or none at all: then it is one line."""
    path = write([("m1", "delivered", "2024-01-01", 1.0)], kind="text")

    assert ledger(path, hyperd).cells[["meter_id", "day", "rows"]].values.tolist() == [["", 0, 1]]
    assert ledger(path, hyperd, "gone").cells[["meter_id", "day", "rows"]].values.tolist() == [["", 0, 1]]


def test_other_columns_are_another_digest(write: Write, hyperd: HyperProcess) -> None:
    """The same rows under another type are not the same."""
    dates = [(*row[:2], "2024-01-01", row[3]) for row in ROWS]

    assert ledger(write(dates), hyperd).digest != ledger(write(dates, "b", "date"), hyperd).digest


def test_no_extract(tmp_path: Path, hyperd: HyperProcess) -> None:
    """A file that is none is told as such."""
    (tmp_path / "x.hyper").write_bytes(b"no hyper")
    with pytest.raises(StoreError, match=r"x\.hyper"):
        ledger(tmp_path / "x.hyper", hyperd)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(-3, 8)), unique=True))
def test_ranges_are_the_days_put_together(days: list[tuple[str, int]]) -> None:
    """Every day is in one range, no other is, and no two ranges touch."""
    cells = pd.DataFrame([("m", channel, day) for channel, day in sorted(days)], columns=["meter_id", "channel", "day"])
    ranges = day_ranges(cells.astype({"day": "int64"}))
    inside = [
        (one.channel, day) for one in ranges.itertuples() for day in range(int(str(one.first)), int(str(one.last)))
    ]

    assert inside == sorted(days)
    assert not set(zip(ranges["channel"], ranges["last"], strict=True)) & set(days)


@pytest.mark.parametrize(("kind", "first"), [(pa.timestamp("us"), "2024-01-01 00:00:00"), (pa.date32(), "2024-01-01")])
def test_ranges_in_the_type_of_the_column(kind: pa.DataType, first: str) -> None:
    """Bounds can be compared with it as they are."""
    ranges = pd.DataFrame({"meter_id": ["m"], "channel": ["delivered"], "first": [19723], "last": [19725]})
    table = stale_rows(ranges, kind)

    assert table.schema.field("last").type == kind
    assert str(table.column("first")[0].as_py()) == first
