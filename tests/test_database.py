"""Loads: whole or not at all, one at a time, traceable; and what readers see of them."""

import datetime as dt
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, event, make_url, text

from pipeline.connect import connect_database
from pipeline.errors import StoreError
from pipeline.schema import Finding
from pipeline.stores.database import (
    changes_since,
    database_id,
    known_files,
    last_load,
    read_channels,
    read_edits,
    read_findings,
    read_holidays,
    read_readings,
)
from pipeline.stores.load import FileRow, Load, Written, open_load
from pipeline.stores.lock import WAITING
from pipeline.stores.tables import arrow_readings, metadata
from pipeline.stores.upgrade import upgrade
from pipeline.stores.versions import ranges_to_replace

ROOT = Path(__file__).resolve().parents[1]
HOUR = 3600
START = 1_514_764_800  # 2018-01-01 00:00 UTC
ALWAYS = (0, 2**40)


def channels_of(*meters: str, site: str | None = None, timezone: str = "Europe/London") -> pd.DataFrame:
    """One hourly delivered channel of each meter."""
    about = {"channel": "delivered", "interval_minutes": 60, "timezone": timezone, "unit": "kWh"}
    return pd.DataFrame({"site_id": pd.Series([site] * len(meters), dtype="str"), "meter_id": list(meters)}).assign(
        **about
    )


def hours(energy: list[float], channel_id: int = 1, start: int = START, **others: list[float]) -> pa.Table:
    """Hourly readings of one channel."""
    count = len(energy)
    columns = {"channel_id": np.full(count, channel_id), "start_utc": start + np.arange(count) * HOUR}
    columns |= {"energy_kwh": np.array(energy, dtype=float), "quality": np.zeros(count, dtype=int)}
    return arrow_readings(columns | {name: np.array(values) for name, values in others.items()})


def load_hours(engine: Engine, rows: pa.Table, *meters: str) -> Written:
    """One load of readings, compared with what is there."""
    with open_load(engine) as load:
        ids = load.channel_ids(channels_of(*(meters or ("m1",))))
        return load.write_readings(rows, load.history(ids.tolist(), *ALWAYS))


def rows_of(engine: Engine, query: str) -> list[tuple[object, ...]]:
    """What a query gives."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def everything(engine: Engine) -> dict[str, int]:
    """Number of rows of every table but the clocks."""
    return {name: int(str(rows_of(engine, f"SELECT COUNT(*) FROM {name}")[0][0])) for name in metadata.tables}


# Tables


def test_tables_are_those_of_the_code(engine: Engine) -> None:
    """What the migrations make is what tables.py says."""
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    assert len(metadata.tables) > 10
    assert [one for one in differences if "alembic_version" not in str(one)] == []


def test_upgrade_twice(database: str) -> None:
    """The second upgrade does nothing; the database keeps its identity."""
    engine = connect_database(database)

    assert upgrade(engine)
    identity = database_id(engine)
    assert not upgrade(engine)
    assert database_id(engine) == identity
    assert len(identity) == 36


@pytest.mark.mysql
def test_mysql_has_nothing_to_warn_of(mysql_database: str) -> None:
    """No statement of an upgrade, a load, a correction or a reader gives a warning or a note."""
    engine = connect_database(mysql_database)
    told: list[object] = []
    seen: list[str] = []

    def listen(connection: Any, cursor: Any, statement: str, *_: object) -> None:
        seen.append(statement)
        if cursor.warning_count:
            told.append((statement, cursor.connection.show_warnings()))

    event.listen(engine, "after_cursor_execute", listen)
    upgrade(engine)
    for value in (1.0, 2.0):
        load_hours(engine, hours([value, 3.0]))
    for view in ("interval_readings", "replaced_readings", "finding_list", "channel_list"):
        rows_of(engine, f"SELECT * FROM {view}")

    assert len(seen) > 50
    assert told == []


def test_an_upgrade_that_was_killed_is_done_again(engine: Engine) -> None:
    """Half of a migration, which MySQL keeps when the process dies, is completed by the next."""
    with engine.begin() as connection:
        for lost in ("VIEW finding_list", "TABLE edits", "TABLE holidays"):
            connection.exec_driver_sql(f"DROP {lost}")
        connection.exec_driver_sql("DELETE FROM alembic_version")

    assert upgrade(engine)
    assert everything(engine)["edits"] == 0
    assert rows_of(engine, "SELECT * FROM finding_list") == []


def test_a_newer_database_is_left_alone(engine: Engine) -> None:
    """Tables of a later version are refused, not guessed at."""
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer hyperwatt"):
        upgrade(engine)


def test_a_database_without_tables_is_named(database: str) -> None:
    """Reading before the first upgrade says what to run."""
    with pytest.raises(StoreError, match="db upgrade"):
        last_load(connect_database(database))


# Places


def test_names_are_kept_to_the_letter(engine: Engine) -> None:
    """Case, blanks at the end, accents, scripts and 190 characters: all of them are meters of their own."""
    names = ["Meter", "meter", "meter ", "Métér", "Mètre ☃ 🔌", "計器", 'o\'Neil "7" \\ %s :x', "x" * 190, "é" * 190]
    with open_load(engine) as load:
        ids = load.channel_ids(channels_of(*names, site="Ünïted"))
        again = load.channel_ids(channels_of(*reversed(names)))
    found = read_channels(engine)

    assert ids.tolist() == list(range(1, len(names) + 1))
    assert again.tolist() == ids.tolist()[::-1]
    assert found["meter_id"].tolist() == names
    assert set(found["site_id"]) == {"Ünïted"}


@pytest.mark.parametrize("name", ["", "x" * 191, "a\0b"], ids=["empty", "191 characters", "NUL"])
def test_names_that_no_server_keeps(engine: Engine, name: str) -> None:
    """A name that would be cut is refused before anything is written."""
    with pytest.raises(StoreError, match="cannot be the name"), open_load(engine) as load:
        load.channel_ids(channels_of(name))

    assert last_load(engine) == 0


def test_channels_of_a_meter(engine: Engine) -> None:
    """A meter has a channel for each stream and each interval length, once."""
    frame = pd.concat([channels_of("m")] * 4, ignore_index=True)
    frame["interval_minutes"] = [60, 30, 60, 60]
    frame["channel"] = ["delivered", "delivered", "received", "delivered"]
    with open_load(engine) as load:
        assert load.channel_ids(frame).tolist() == [1, 2, 3, 1]
    with open_load(engine) as load:
        assert load.channel_ids(frame).tolist() == [1, 2, 3, 1]

    assert last_load(engine) == 1
    assert read_channels(engine)["first_start_utc"].isna().all()


def test_register_wins(engine: Engine) -> None:
    """A register places and describes meters; files that come later change none of it, blank cells neither."""
    register = pd.DataFrame(
        {"site_id": ["Campus"], "meter_id": ["m1"], "name": ["Old Hall"], "timezone": ["America/New_York"]}
    ).assign(latitude=40.5, longitude=None, floor_area_m2=1200.0, building_use=None, tariff="E7", serial=None)
    with open_load(engine) as load:
        load.add_sites(register)
        load.channel_ids(channels_of("m1", site="from a file", timezone="UTC"))
    with open_load(engine) as load:
        load.add_sites(register.assign(name=None, tariff="E8"))
    row = read_channels(engine).iloc[0]

    assert row[["site_id", "name", "timezone", "tariff"]].tolist() == ["Campus", "Old Hall", "America/New_York", "E8"]
    assert row[["latitude", "floor_area_m2"]].tolist() == [40.5, 1200.0]
    assert last_load(engine) == 2


def test_register_again(engine: Engine) -> None:
    """The same register a second time changes nothing and leaves no trace."""
    register = pd.DataFrame({"site_id": ["S", "S"], "meter_id": ["a", "b"], "timezone": ["UTC", None]})
    for _ in range(2):
        with open_load(engine) as load:
            load.add_sites(register)

    assert last_load(engine) == 1
    assert everything(engine)["meters"] == 2


def test_a_register_that_moves_a_meter(engine: Engine) -> None:
    """Extracts are told to write anew what has got another clock; the site that is left empty goes."""
    load_hours(engine, hours([1.0, 2.0, 3.0]), "m1")
    with open_load(engine) as load:
        load.add_sites(pd.DataFrame({"site_id": ["West"], "meter_id": ["m1"], "timezone": ["America/Los_Angeles"]}))
    changed = changes_since(engine, 1)

    assert changed.to_numpy().tolist() == [[1, START, START + 2 * HOUR]]
    assert rows_of(engine, "SELECT site_id FROM sites") == [("West",)]


# Readings


def test_first_load(engine: Engine) -> None:
    """What is loaded is there, with spans, changes and the run's number."""
    with open_load(engine) as load:
        ids = load.channel_ids(channels_of("m1", "m2")).tolist()
        rows = pa.concat_tables([hours([1.0, np.nan, 3.0], 1), hours([4.0], 2, START + 5 * HOUR)])
        assert load.write_readings(rows) == Written(4, 0, 0)
        spans = load.spans(ids)

    assert read_readings(engine, ids, *ALWAYS).equals(rows)
    assert spans.to_numpy().tolist() == [[1, START, START + 2 * HOUR], [2, START + 5 * HOUR, START + 5 * HOUR]]
    assert changes_since(engine, 0).to_numpy().tolist() == spans.to_numpy().tolist()
    assert last_load(engine) == 1
    assert changes_since(engine, 1).empty


def test_spans_grow_both_ways(engine: Engine) -> None:
    """A channel's span reaches from its first to its last reading, in whatever order they were loaded."""
    for hour in (10, 12, 5, 8):
        load_hours(engine, hours([1.0], start=START + hour * HOUR))
    row = read_channels(engine).iloc[0]

    assert (row["first_start_utc"], row["last_start_utc"]) == (START + 5 * HOUR, START + 12 * HOUR)


def test_second_load_of_the_same(engine: Engine) -> None:
    """Readings that are there already change nothing, whoever repeats them, and the run leaves no trace."""
    first = hours([1.0, np.nan, 0.1 + 0.2], raw_kwh=[np.nan, 9.0, np.nan], file_id=[1, 1, 1])
    load_hours(engine, first)
    before = everything(engine)

    assert load_hours(engine, first) == Written(0, 0, 3)
    assert load_hours(engine, first.set_column(8, "file_id", pa.array([2, 2, 2], pa.int32()))) == Written(0, 0, 3)
    assert everything(engine) == before
    assert read_readings(engine, [1], *ALWAYS).equals(first)


@pytest.mark.parametrize(
    ("name", "value"),
    [("energy_kwh", 2.5), ("raw_kwh", 7.0), ("quality", 1), ("method", 17), ("rule", 9), ("minutes", 30)],
)
def test_what_makes_another_reading(engine: Engine, name: str, value: float) -> None:
    """Each of value, original, quality, method, rule and length is compared; one that differs is a change."""
    first = hours([1.0, 2.0, 3.0])
    load_hours(engine, first)
    columns = {column: first.column(column).to_pylist() for column in first.column_names}
    columns[name][1] = value
    changed = pa.table(columns, schema=first.schema)

    assert load_hours(engine, changed) == Written(0, 1, 2)
    assert read_readings(engine, [1], *ALWAYS).equals(changed)
    assert load_hours(engine, changed) == Written(0, 0, 3)


def test_a_corrected_file_supersedes(engine: Engine) -> None:
    """The later value stands, the earlier one is kept with the file it came from; only its span is a change."""
    load_hours(engine, hours([1.0, 2.0, np.nan, 4.0], file_id=[1] * 4))
    written = load_hours(engine, hours([2.0, 3.0, 5.0, 6.0], start=START + HOUR, file_id=[2] * 4))
    versions = "SELECT channel_id, start_utc, energy_kwh, file_id, replaced_by_load FROM reading_versions ORDER BY 2"

    assert written == Written(1, 2, 1)
    assert read_readings(engine, [1], *ALWAYS).column("energy_kwh").to_pylist() == [1.0, 2.0, 3.0, 5.0, 6.0]
    assert rows_of(engine, versions) == [(1, START + 2 * HOUR, None, 1, 2), (1, START + 3 * HOUR, 4.0, 1, 2)]
    assert changes_since(engine, 1).to_numpy().tolist() == [[1, START + 2 * HOUR, START + 4 * HOUR]]


def test_corrections_here_and_there(engine: Engine) -> None:
    """Whatever lies between corrections stays as it was, in every channel; versions are exactly what was replaced."""
    random = np.random.default_rng(3)
    first = pa.concat_tables([hours(random.random(500).tolist(), number) for number in (1, 2, 3)])
    load_hours(engine, first, "a", "b", "c")
    is_changed = random.random(1500) < 0.05
    energy = np.where(is_changed, -1.0, first.column("energy_kwh").to_numpy())
    second = first.set_column(3, "energy_kwh", pa.array(energy))
    written = load_hours(engine, second, "a", "b", "c")
    kept = rows_of(engine, "SELECT channel_id, start_utc, energy_kwh FROM reading_versions ORDER BY 1, 2")

    assert written == Written(0, int(is_changed.sum()), int((~is_changed).sum()))
    assert read_readings(engine, [1, 2, 3], *ALWAYS).equals(second)
    replaced = first.filter(pa.array(is_changed)).select(["channel_id", "start_utc", "energy_kwh"])
    assert kept == [tuple(row.values()) for row in replaced.to_pylist()]


@pytest.mark.parametrize(
    ("replaced", "gap", "ranges"),
    [
        pytest.param([], 2, [], id="none"),
        pytest.param([1, 2, 3], 2, [(1, 1, 3)], id="neighbours"),
        pytest.param([0, 2], 2, [(1, 0, 2)], id="gap of one"),
        pytest.param([0, 3], 2, [(1, 0, 0), (1, 3, 3)], id="gap of two"),
        pytest.param([3, 4], 2, [(1, 3, 3), (2, 0, 0)], id="two channels"),
    ],
)
def test_ranges_to_replace(replaced: list[int], gap: int, ranges: list[tuple[int, int, int]]) -> None:
    """Neighbours are replaced together, channels and distant readings are not."""
    existing = pa.concat_tables([hours([1.0] * 4, 1, 0), hours([1.0] * 4, 2, 0)])
    found = ranges_to_replace(existing, np.array(replaced, dtype=np.intp), gap)

    assert [(one.channel_id, one.first_start_utc // HOUR, one.last_start_utc // HOUR) for one in found] == ranges


def test_replaced_inside_a_run(engine: Engine) -> None:
    """A reading that another file of the same run replaced is kept as well."""
    with open_load(engine) as load:
        load.channel_ids(channels_of("m1"))
        load.write_readings(hours([5.0]))
        load.write_replaced(hours([4.0], file_id=[7]))

    assert rows_of(engine, "SELECT energy_kwh, file_id, replaced_by_load FROM reading_versions") == [(4.0, 7, 1)]


@pytest.mark.parametrize("starts", [[2, 1], [1, 1]], ids=["out of order", "twice"])
def test_readings_in_disorder(engine: Engine, starts: list[int]) -> None:
    """A caller that does not order its readings is told so, and nothing is written."""
    rows = arrow_readings({name: np.array(starts) for name in ("channel_id", "start_utc", "quality")})
    rows = rows.set_column(0, rows.schema.field(0), pa.array([1, 1], pa.int32()))
    with pytest.raises(ValueError, match="ordered"), open_load(engine) as load:
        load.write_readings(rows)

    assert last_load(engine) == 0


# One run, one transaction


class BrokenError(Exception):
    """What a test raises in the middle of a load."""


def break_load(engine: Engine, work: Callable[[Load], object]) -> None:
    """Do some work in a load, and fail before its end."""
    with open_load(engine) as load:
        work(load)
        raise BrokenError


def test_an_error_undoes_everything(engine: Engine) -> None:
    """Whatever is raised inside a load, nothing of it stays, and it reaches the caller as it is."""
    load_hours(engine, hours([1.0, 2.0]))
    before = everything(engine)

    def work(load: Load) -> None:
        load.add_file(FileRow("a.csv", "a" * 64, 1, "long"))
        load.channel_ids(channels_of("m2", site="new", timezone="Asia/Kolkata"))
        load.write_readings(hours([9.0, 9.0, 9.0]), load.history([1], *ALWAYS))
        load.write_findings([Finding("V05", None, None, None, None, 1, "x")], [])

    with pytest.raises(BrokenError):
        break_load(engine, work)

    assert everything(engine) == before
    assert read_readings(engine, [1], *ALWAYS).column("energy_kwh").to_pylist() == [1.0, 2.0]


def test_a_load_that_does_nothing_leaves_no_trace(engine: Engine) -> None:
    """Looking is not loading."""
    with open_load(engine) as load:
        load.history([1], *ALWAYS)
        load.spans([1])
        load.write_findings([], [(1, 0, 1)])

    assert everything(engine)["changes"] == 0


CHILD = """
import sys
import numpy as np
import pandas as pd
from pipeline.connect import connect_database
from pipeline.stores.load import open_load
from pipeline.stores.tables import arrow_readings
from pipeline.stores.upgrade import upgrade

url, blocks, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
engine = connect_database(url)
upgrade(engine)
with open_load(engine, waiting=lambda said: print(said, flush=True)) as load:
    about = {"site_id": "S", "channel": "delivered", "interval_minutes": 60, "timezone": "UTC", "unit": "kWh"}
    for block in range(blocks):
        number = int(load.channel_ids(pd.DataFrame({"meter_id": [f"m{block}"]}).assign(**about))[0])
        starts = np.arange(size) * 3600
        values = {"channel_id": np.full(size, number), "start_utc": starts, "energy_kwh": starts / 7.0}
        rows = arrow_readings(values | {"quality": np.zeros(size, dtype=int)})
        print(load.write_readings(rows, load.history([number], 0, 2**40)), flush=True)
print("committed", flush=True)
"""


def child(database: str, blocks: int, size: int) -> "subprocess.Popen[str]":
    """A process of its own that loads some blocks."""
    command = [sys.executable, "-c", CHILD, database, str(blocks), str(size)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


@pytest.mark.parametrize("pause", [0.0, 0.05, 0.11], ids=["between blocks", "in a block", "in a later block"])
def test_killed_in_the_middle(database: str, pause: float) -> None:
    """SIGKILL during a bulk load leaves the database as it was, and the next load does not wait for the dead."""
    engine = connect_database(database)
    upgrade(engine)
    load_hours(engine, hours([1.0, 2.0]), "before")
    before = everything(engine)
    with child(database, 200, 50_000) as process:
        assert process.stdout is not None
        assert "inserted=50000" in process.stdout.readline()
        time.sleep(pause)
        process.kill()
    told: list[str] = []
    with open_load(engine, told.append):
        assert everything(engine) == before

    assert process.returncode == -9
    assert load_hours(engine, hours([1.0, 2.0, 3.0]), "before") == Written(1, 0, 2)


def test_two_at_once(database: str) -> None:
    """Two processes that make the tables and load the same readings at once: one does it, the other finds it done."""
    processes = [child(database, 3, 5000) for _ in range(2)]
    told = sorted("".join(process.communicate(timeout=60)[0]).splitlines()[-4:] for process in processes)
    engine = connect_database(database)

    assert [process.returncode for process in processes] == [0, 0]
    assert told[0] == ["Written(inserted=0, changed=0, unchanged=5000)"] * 3 + ["committed"]
    assert told[1] == ["Written(inserted=5000, changed=0, unchanged=0)"] * 3 + ["committed"]
    assert everything(engine)["readings"] == 15_000
    assert last_load(engine) == 1


def test_waiting_is_told_once(engine: Engine) -> None:
    """A load that must wait says so, and then sees what the other has done."""
    told: list[str] = []
    seen: list[int] = []

    def second() -> None:
        with open_load(engine, told.append) as load:
            seen.append(load.history([1], *ALWAYS).num_rows)

    with open_load(engine) as load:
        load.channel_ids(channels_of("m1"))
        load.write_readings(hours([1.0, 2.0]))
        thread = threading.Thread(target=second)
        thread.start()
        while not told:
            time.sleep(0.01)
    thread.join(timeout=30)

    assert told == [WAITING]
    assert seen == [2]


def test_numbers_are_in_the_order_of_commits(engine: Engine) -> None:
    """A failed load uses up no number, and later commits have larger ones."""
    for value in (1.0, 2.0):
        load_hours(engine, hours([value]))
        with pytest.raises(BrokenError):
            break_load(engine, lambda load: load.add_change(1, 0, 1))

    assert rows_of(engine, "SELECT load_id FROM loads ORDER BY load_id") == [(1,), (2,)]


# Files, findings, edits, holidays


def test_files_are_known_by_content(engine: Engine) -> None:
    """The hash is the file; told again, it keeps its number and takes what is said."""
    file = FileRow("räum/a.csv", "ab" * 32, 10**12, "long", {"timezone": "UTC", "notes": ["é"]}, 5, START, START, 1.5)
    with open_load(engine) as load:
        assert load.known_file(file.sha256) is None
        assert load.add_file(file) == 1
        assert load.add_file(FileRow("b.csv", "cd" * 32, 1, "long")) == 2
    with open_load(engine) as load:
        found = load.known_file(file.sha256)
        assert found is not None
        assert (found.name, found.settings, found.energy_kwh, found.load_id) == (file.name, file.settings, 1.5, 1)
        assert load.add_file(FileRow("again.csv", file.sha256, 10**12, "long", row_count=6)) == 1
    known = known_files(engine)

    assert {row.name: (row.file_id, row.row_count, row.load_id) for row in known.values()} == {
        "again.csv": (1, 6, 2),
        "b.csv": (2, 0, 1),
    }


def find(load: Load, detail: str, first: int, last: int, channel: str = "delivered") -> Finding:
    """A finding of meter m1, in hours since START."""
    return Finding(
        "V09", "m1", channel, START + first * HOUR, START + last * HOUR, last - first + 1, detail, Path("a.csv")
    )


def test_findings_are_replaced_where_readings_were_judged_anew(engine: Engine) -> None:
    """Findings that touch the range go, those beside it, of other channels and of files stay."""
    with open_load(engine) as load:
        load.channel_ids(channels_of("m1"))
        found = [
            find(load, f"{first}-{last}", first, last) for first, last in ((0, 3), (3, 4), (4, 9), (9, 12), (10, 12))
        ]
        of_file = Finding("V01", None, None, None, None, 0, "whole file")
        load.write_findings([*found, find(load, "other", 5, 6, "received"), of_file], [])
    with open_load(engine) as load:
        load.write_findings([find(load, "new", 4, 9)], [(1, START + 4 * HOUR, START + 9 * HOUR)])
    left = read_findings(engine)

    assert left["detail"].tolist() == ["0-3", "10-12", "other", "whole file", "new"]
    assert left["channel_id"].isna().tolist() == [False, False, True, True, False]
    assert left.loc[left["detail"] == "new", ["rule_id", "intervals", "file"]].to_numpy().tolist() == [
        ["V09", 6, "a.csv"]
    ]
    assert read_findings(engine, 1)["detail"].tolist() == ["new"]


def test_edits_are_recorded_once(engine: Engine) -> None:
    """Who and why are kept; the same edits again are known."""
    edit = {"meter_id": "m1", "channel": "delivered", "first_start_utc": START, "last_start_utc": START}
    frame = pd.DataFrame([edit | {"energy_kwh": 1.5, "edited_by": "Zoë", "reason": "clamp was off"}])
    for frames in ([frame], [frame, frame.assign(energy_kwh=np.nan)]):
        with open_load(engine) as load:
            load.add_edits(pd.concat(frames))
    found = read_edits(engine)

    assert found["load_id"].tolist() == [1, 2]
    assert found["edited_by"].tolist() == ["Zoë", "Zoë"]
    assert found["energy_kwh"].isna().tolist() == [False, True]


def test_holidays(engine: Engine) -> None:
    """Days are kept by calendar, and known ones are left alone."""
    days = pd.DataFrame(
        {"calendar": ["GB", "GB", "S1"], "day": [dt.date(2018, 12, 25), dt.date(2018, 1, 1), dt.date(2018, 1, 1)]}
    ).assign(name="closed")
    for _ in range(2):
        with open_load(engine) as load:
            load.add_holidays(days)
    first, christmas = 17_532, 17_890

    assert read_holidays(engine).tolist() == [first, christmas]
    assert read_holidays(engine, "S1").tolist() == [first]
    assert last_load(engine) == 1


# Views


@pytest.mark.parametrize(
    ("timezone", "instant", "walls"),
    [
        pytest.param("Europe/London", "2018-03-25 00:00", ["00:00", "02:00", "03:00"], id="London spring"),
        pytest.param("Europe/London", "2018-10-28 00:00", ["01:00", "01:00", "02:00"], id="London autumn"),
        pytest.param("America/Los_Angeles", "2018-11-04 08:00", ["01:00", "01:00", "02:00"], id="Los Angeles autumn"),
        pytest.param("Asia/Kolkata", "2018-03-25 00:00", ["05:30", "06:30", "07:30"], id="half hour, no change"),
        pytest.param("UTC", "2018-03-25 00:00", ["00:00", "01:00", "02:00"], id="UTC"),
        pytest.param("Europe/London", "1969-12-31 23:00", ["00:00", "01:00", "02:00"], id="before 1970"),
    ],
)
def test_views_show_the_wall_clock(engine: Engine, timezone: str, instant: str, walls: list[str]) -> None:
    """`interval_start` is what the clock on the site's wall said, `interval_start_utc` the instant."""
    first = int(pd.Timestamp(instant, tz="UTC").timestamp())
    with open_load(engine) as load:
        load.channel_ids(channels_of("m1", timezone=timezone))
        load.write_readings(hours([1.0, 2.0, 3.0], start=first))
    rows = rows_of(
        engine, "SELECT interval_start_utc, interval_start FROM interval_readings ORDER BY interval_start_utc"
    )

    assert [pd.Timestamp(str(utc)) for utc, _ in rows] == pd.date_range(instant, periods=3, freq="h").tolist()
    assert [f"{pd.Timestamp(str(wall)):%H:%M}" for _, wall in rows] == walls


def test_views_tell_the_original(engine: Engine) -> None:
    """Names for codes, the interval's own length, and what was read before VEE changed it."""
    rows = hours(
        [1.0, 2.0, 3.0, 4.0, np.nan],
        quality=[0, 1, 1, 2, 3],
        raw_kwh=[np.nan, 9.0, np.nan, 8.0, np.nan],
        rule=[0, 9, 5, 0, 5],
        minutes=[0, 0, 0, 30, 0],
        file_id=[1] * 5,
    )
    with open_load(engine) as load:
        load.channel_ids(channels_of("m1"))
        load.add_file(FileRow("a.csv", "0" * 64, 1, "long"))
        load.write_readings(rows)
    query = "SELECT original_kwh, quality, interval_minutes, file FROM interval_readings ORDER BY interval_start_utc"

    assert rows_of(engine, query) == [
        (1.0, "actual", 60, "a.csv"),
        (9.0, "estimated", 60, "a.csv"),
        (None, "estimated", 60, "a.csv"),
        (8.0, "edited", 30, "a.csv"),
        (None, "missing", 60, "a.csv"),
    ]


def test_a_clock_that_was_told_wrongly_is_told_again(engine: Engine) -> None:
    """Time zone rules change now and then: the next load that meets the zone brings its clock up to date."""
    with open_load(engine) as load:
        load.channel_ids(channels_of("m1"))
    right = rows_of(engine, "SELECT * FROM clock_changes ORDER BY 1, 2")
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM clock_changes WHERE from_utc > 1500000000")
    with open_load(engine) as load:
        load.channel_ids(channels_of("m2"))

    assert len(right) > 200
    assert rows_of(engine, "SELECT * FROM clock_changes ORDER BY 1, 2") == right


QUERIES = sorted((ROOT / "sql" / "queries").glob("*.sql"))


@pytest.mark.parametrize("path", QUERIES, ids=[path.stem for path in QUERIES])
def test_named_queries(engine: Engine, path: Path) -> None:
    """Every query of sql/queries runs on every kind of database and gives rows."""
    for value in (1.0, 2.0):
        load_hours(engine, hours([value]))
    with open_load(engine) as load:
        load.write_findings([find(load, "x", 0, 1)], [])
    with engine.connect() as connection:
        rows = connection.execute(text(path.read_text(encoding="utf-8"))).all()

    assert len(rows) == 1


# Users


def as_user(database: str, user: str, password: str) -> Engine:
    """The database as somebody else sees it."""
    return connect_database(make_url(database).set(username=user, password=password).render_as_string(False))


def statements(kind: str, name: str) -> list[str]:
    """The statements of sql/users, with other names, so that nobody's users are touched."""
    script = (ROOT / "sql" / "users" / f"{kind}.sql").read_text(encoding="utf-8")
    own = [line for line in script.splitlines() if not line.startswith("--")]
    parts = "\n".join(own).replace("hyperwatt", name).split(";\n")
    return [part for part in parts if part.strip() and "CREATE DATABASE" not in part]


def check_users(database: str, name: str) -> None:
    """The owner upgrades, the pipeline loads, the reader reads, and none of them can do more."""
    with pytest.raises(StoreError, match="lacks this right"):
        upgrade(as_user(database, name, "change-me-2"))
    upgrade(as_user(database, f"{name}_owner", "change-me-1"))
    pipeline, reader = as_user(database, name, "change-me-2"), as_user(database, f"{name}_reader", "change-me-3")

    assert not upgrade(pipeline)
    assert load_hours(pipeline, hours([1.0, 2.0])) == Written(2, 0, 0)
    assert load_hours(pipeline, hours([1.0, 3.0])) == Written(0, 1, 1)
    assert len(rows_of(reader, "SELECT * FROM interval_readings")) == 2
    with pytest.raises(StoreError, match="lacks this right"):
        load_hours(reader, hours([1.0, 4.0]))


@pytest.mark.mysql
def test_users_of_mysql(mysql_database: str) -> None:
    """sql/users/mysql.sql gives three users what their work needs, and no more."""
    url = make_url(mysql_database)
    server = create_engine(url.set(drivername="mysql+pymysql"))
    name = str(url.database)
    users = [f"{name}{part}" for part in ("", "_owner", "_reader")]
    try:
        with server.begin() as connection:
            for statement in statements("mysql", name):
                connection.exec_driver_sql(statement.replace("%", "%%"))
        check_users(mysql_database, name)
    finally:
        with server.begin() as connection:
            for user in users:
                connection.exec_driver_sql(f"DROP USER IF EXISTS {user}")
        server.dispose()


@pytest.mark.postgresql
def test_users_of_postgresql(postgresql_database: str) -> None:
    """sql/users/postgresql.sql gives three users what their work needs, and no more."""
    url = make_url(postgresql_database)
    server = create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    name = str(url.database)
    users = [f"{name}{part}" for part in ("", "_owner", "_reader")]
    try:
        with server.connect() as connection:
            for statement in statements("postgresql", name):
                connection.exec_driver_sql(statement)
        check_users(postgresql_database, name)
    finally:
        with server.connect() as connection:
            for user in users:
                connection.exec_driver_sql(f"DROP OWNED BY {user} CASCADE")
                connection.exec_driver_sql(f"DROP ROLE {user}")
        server.dispose()
