"""Readings by the million: what goes in comes out, all or none, on every kind of database."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError

from pipeline.connect import connect_database
from pipeline.errors import StoreError
from pipeline.stores.bulk import NO_LOCAL_INFILE, insert_rows, select_readings
from pipeline.stores.tables import READINGS, arrow_readings
from pipeline.stores.upgrade import upgrade

HOUR = 3600


def some_readings(channels: int = 3, count: int = 1000, first: int = 1_500_000_000) -> pa.Table:
    """Readings with every kind of blank, most columns beginning with nulls."""
    size = channels * count
    random = np.random.default_rng(11)
    rare = np.arange(size) % 97 == 96
    return arrow_readings(
        {
            "channel_id": np.repeat(np.arange(1, channels + 1), count),
            "start_utc": np.tile(first + np.arange(count) * HOUR, channels),
            "minutes": np.where(rare, 47, 0),
            "energy_kwh": np.where(np.arange(size) % 89 == 0, np.nan, random.lognormal(size=size)),
            "raw_kwh": np.where(rare, random.normal(size=size), np.nan),
            "quality": np.where(rare, 1, 0),
            "method": np.where(rare, 203, 0),
            "rule": np.where(rare, 23, 0),
            "file_id": np.where(rare, 0, 2_000_000_000),
        }
    )


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction."""
    with engine.connect() as connection:
        yield connection


def test_round_trip(connection: Connection) -> None:
    """Every value comes back as it went in, nulls as nulls, in the order of channel and start."""
    rows = some_readings()
    shuffled = rows.take(np.random.default_rng(1).permutation(rows.num_rows))

    assert insert_rows(connection, "readings", shuffled) in ([], [NO_LOCAL_INFILE])
    assert select_readings(connection, "channel_id > 0").equals(rows)


def test_doubles_come_back_bit_by_bit(connection: Connection) -> None:
    """Text on the way loses nothing: random bit patterns, the smallest and the largest of all doubles."""
    bits = np.random.default_rng(5).integers(0, 2**64, 5000, dtype=np.uint64).view(np.float64)
    values = np.concatenate(
        [bits[np.isfinite(bits)], [0.1, 1 / 3, -1e-300, 1.7976931348623157e308, 2.2250738585072014e-308]]
    )
    starts = np.arange(len(values)) * 60
    flat = np.ones(len(values))
    insert_rows(
        connection,
        "readings",
        arrow_readings({"channel_id": flat, "start_utc": starts, "quality": flat, "energy_kwh": values}),
    )
    found = select_readings(connection, "channel_id = 1").column("energy_kwh").to_numpy()

    assert len(values) > 4000
    assert (found.view(np.uint64) == values.view(np.uint64)).all()


def test_part_of_it(connection: Connection) -> None:
    """A condition chooses channels and times."""
    rows = some_readings()
    insert_rows(connection, "readings", rows)
    first = 1_500_000_000 + 10 * HOUR
    found = select_readings(connection, f"channel_id IN (1, 3) AND start_utc BETWEEN {first} AND {first + 4 * HOUR}")

    assert found.column("channel_id").to_pylist() == [1] * 5 + [3] * 5
    assert found.column("start_utc").to_pylist()[:5] == [first + n * HOUR for n in range(5)]


def test_nothing(connection: Connection) -> None:
    """No rows in, no rows out, with the columns all the same."""
    assert insert_rows(connection, "readings", READINGS.empty_table()) == []
    assert select_readings(connection, "channel_id = 1").equals(READINGS.empty_table())


def test_one_minute_readings_of_a_month(connection: Connection) -> None:
    """Many readings in little time come back whole: no packet is too large."""
    count = 44_640
    rows = some_readings(1, count).drop(["start_utc"])
    rows = rows.append_column("start_utc", pa.array(1_500_000_000 + np.arange(count) * 60)).select(READINGS.names)
    insert_rows(connection, "readings", rows)

    assert select_readings(connection, "channel_id = 1").num_rows == count


def test_a_reading_that_is_there_is_not_lost_in_silence(connection: Connection) -> None:
    """A second reading of the same interval is an error everywhere, also where LOAD DATA only warns."""
    insert_rows(connection, "readings", some_readings(1, 10))
    assert connection.dialect.dbapi is not None
    with pytest.raises((StoreError, DBAPIError, connection.dialect.dbapi.Error)):
        insert_rows(connection, "readings", some_readings(1, 20))


def test_what_does_not_fit_is_not_bent(connection: Connection) -> None:
    """Infinity stays infinity or is refused; it never becomes another number."""
    rows = arrow_readings({name: np.array([1.0]) for name in ("channel_id", "start_utc", "quality")})
    rows = rows.set_column(3, "energy_kwh", pa.array([np.inf]))
    if connection.dialect.name == "mysql":
        assert connection.dialect.dbapi is not None
        with pytest.raises((StoreError, connection.dialect.dbapi.Error), match=r"energy_kwh|'inf'"):
            insert_rows(connection, "readings", rows)
        return
    insert_rows(connection, "readings", rows)

    assert select_readings(connection, "channel_id = 1").column("energy_kwh").to_pylist() == [np.inf]


@pytest.mark.mysql
def test_a_server_without_local_infile(mysql_database: str) -> None:
    """Where LOAD DATA LOCAL is not allowed, the same rows arrive all the same, and it is said how to allow it."""
    upgrade(connect_database(mysql_database))
    closed = create_engine(make_url(mysql_database).set(drivername="mysql+pymysql"))
    rows = some_readings(2, 15_000)
    with closed.connect() as connection:
        notes = insert_rows(connection, "readings", rows)
        found = select_readings(connection, "channel_id > 0")
    closed.dispose()

    assert notes == [NO_LOCAL_INFILE]
    assert found.equals(rows)


@pytest.mark.parametrize("name", ["minutes", "raw_kwh", "method", "rule", "file_id"])
def test_blanks_of_arrays(name: str) -> None:
    """NaN and 0 in an array stand for nothing said; a column that is not given is null throughout."""
    needed = {key: np.array([1, 2]) for key in ("channel_id", "start_utc", "quality")}
    blank = np.array([np.nan, 2.5]) if name == "raw_kwh" else np.array([0, 7])

    assert arrow_readings(needed | {name: blank}).column(name).to_pylist() == [None, blank.tolist()[1]]
    assert arrow_readings(needed).column(name).null_count == 2
    assert arrow_readings(needed).schema.equals(READINGS)
