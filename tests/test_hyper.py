"""Round trips through a real hyperd, and what is there after an exception, a kill, or somebody else's hands."""

import dataclasses
import datetime
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pantab
import psutil
import pyarrow as pa
import pytest
from tableauhyperapi import Connection, CreateMode

from pipeline.connect import connect_hyper
from pipeline.errors import StoreError
from pipeline.stores.extracts import DATE, INSTANT, NUMBER, TEXT, TRUTH, WHOLE, Column, Extract
from pipeline.stores.hyper import BATCH_ROWS, _rows_kept, build_extract, update_extract, write_extract
from pipeline.stores.hyper_read import extract_summary, read_extract
from pipeline.stores.scratch import sweep
from pipeline.stores.watermark import Watermark, extract_state

KINDS = {"meter_id": TEXT, "channel": TEXT, "start": INSTANT, "energy_kwh": NUMBER, "load": WHOLE}
SMALL = Extract("small", "", "start", tuple(Column(name, kind, name, "", "") for name, kind in KINDS.items()))
HOSTILE = ["", " ", "M1", "M1 ", "m1", 'O\'Hara \\ "x" --', "a\x00b", "🏫é漢", "x" * 70_000, "\n\t;DROP TABLE", "NULL"]


@pytest.fixture(scope="module")
def hyper():
    """One hyperd for every test that does not harm it."""
    with connect_hyper() as running:
        yield running


@pytest.fixture
def path(tmp_path):
    """An extract's place in a folder with a name that nobody expected."""
    return tmp_path / "it's \\ *[x] é😀" / "small.hyper"


def rows_of(meters, *, load=1, hours=range(3)):
    """One row a meter and hour."""
    table = pd.MultiIndex.from_product([meters, hours], names=["meter_id", "start"]).to_frame(index=False)
    energy = table["start"] + load / 100
    return table.assign(
        start=pd.to_datetime(table["start"] * 3600, unit="s"), channel="delivered", energy_kwh=energy, load=load
    )


def ranges_of(meters, first, last):
    """Stale hours of meters."""
    return pd.DataFrame({"meter_id": meters, "channel": "delivered", "first": first * 3600, "last": last * 3600})


def contents(path, hyper):
    """The rows of an extract in one order."""
    return read_extract(path, hyper).sort_values(["meter_id", "start"], ignore_index=True)[list(KINDS)]


def litter(path):
    """What a run has left besides the extract, its claim and its lock."""
    hidden = path.parent / ".hyperwatt"
    return sorted(set(os.listdir(hidden)) - {f"{path.name}.json", f"{path.name}.lock"})


def test_every_type_survives(hyper, path):
    """Nulls and edges of every kind of column, hostile text included, come back as they went."""
    kinds = {"text": TEXT, "whole": WHOLE, "number": NUMBER, "instant": INSTANT, "date": DATE, "truth": TRUTH}
    extract = Extract("all", "", None, tuple(Column(name, kind, "", "", "") for name, kind in kinds.items()))
    count = len(HOSTILE)
    table = pa.table(
        {
            "text": pa.array(HOSTILE),
            "whole": pa.array(np.linspace(-(2**31), 2**31 - 1, count).astype(np.int32)),
            "number": pa.array([-0.05, 1e-300, 1.7e308, float("inf"), 0.1, *range(count - 5)], pa.float64()),
            "instant": pa.array(
                [datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59)] + [None] * (count - 2)
            ),
            "date": pa.array([datetime.date(1, 1, 1), datetime.date(9999, 12, 31)] + [None] * (count - 2)),
            "truth": pa.array([True, False] + [None] * (count - 2)),
        },
        schema=extract.arrow,
    )
    table = pa.concat_tables([table, pa.table({name: pa.nulls(1, kind[0]) for name, kind in kinds.items()})])

    write_extract(hyper, path, extract, table, Watermark("db", 1))

    with connect_hyper() as other, Connection(other.endpoint, path) as connection:
        found = connection.execute_list_query('SELECT * FROM "Extract"."Extract" ORDER BY "whole"')

    def plain(value):
        return (
            value.to_datetime()
            if hasattr(value, "to_datetime")
            else value.to_date()
            if hasattr(value, "to_date")
            else value
        )

    assert [[plain(value) for value in row] for row in found] == [list(row.values()) for row in table.to_pylist()]


def test_a_dictionary_is_as_good_as_its_text(hyper, path):
    """Dictionary-encoded text, also with nulls and with words that never occur, reads back as plain text."""
    words = pa.DictionaryArray.from_arrays(pa.array([2, None, 0, 2], pa.int32()), pa.array(["a", "never", "O'Hara 🏫"]))
    table = pa.Table.from_pandas(rows_of(["M1"], hours=range(4))).set_column(0, "meter_id", words)

    write_extract(hyper, path, SMALL, table, Watermark("db", 1))

    assert read_extract(path, hyper).sort_values("start")["meter_id"].fillna("-").tolist() == [
        "O'Hara 🏫",
        "-",
        "a",
        "O'Hara 🏫",
    ]


def test_pantab_reads_it(hyper, path):
    """What people use to look into extracts finds the one table, and NaN as null."""
    rows = rows_of(["M1"]).assign(energy_kwh=[1.0, np.nan, 3.0])
    write_extract(hyper, path, SMALL, rows, Watermark("db", 1))

    frames = pantab.frames_from_hyper(path)

    assert list(frames) == [("Extract", "Extract")]
    assert frames["Extract", "Extract"]["energy_kwh"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize("tables", [[], [rows_of([])]], ids=["nothing added", "no rows added"])
def test_an_empty_extract_is_one(hyper, path, tables):
    """Without rows there is a table with columns all the same."""
    with build_extract(hyper, path, SMALL, Watermark("db", 7)) as build:
        for table in tables:
            build.add(table)

    assert extract_state(path, SMALL, "db") == 7
    assert list(read_extract(path, hyper).columns) == list(KINDS)
    assert extract_summary(path, SMALL, hyper).rows == 0


def test_batches_go_to_hyperd_while_others_come(hyper, path):
    """More rows than one file and one command take, in unequal parts, are all there; nothing is left over."""
    count = BATCH_ROWS + 12_345
    extract = Extract("n", "", None, (Column("n", WHOLE, "", "", ""),))
    parts = np.split(np.arange(count, dtype=np.int32), [10, 1_500_000])

    with build_extract(hyper, path, extract, Watermark("db", 1)) as build:
        for part in parts:
            build.add(pa.table({"n": part}))
        build.flush()

    assert np.array_equal(np.sort(read_extract(path, hyper)["n"]), np.arange(count))
    assert build.rows == count
    assert litter(path) == []


def test_two_extracts_share_one_hyperd(hyper, path):
    """Extracts of one run are filled side by side, in any order."""
    other = path.with_name("other.hyper")

    with (
        build_extract(hyper, path, SMALL, Watermark("db", 1)) as first,
        build_extract(hyper, other, SMALL, Watermark("db", 2)) as second,
    ):
        second.add(rows_of(["B"]))
        first.add(rows_of(["A"]))
        second.add(rows_of(["C"]))

    assert set(contents(path, hyper)["meter_id"]) == {"A"}
    assert set(contents(other, hyper)["meter_id"]) == {"B", "C"}


def test_summary_counts_channels_and_energy(hyper, path):
    """A channel is a meter and a stream, however alike their names."""
    rows = pd.concat([rows_of(["M1", "m1"]), rows_of(["M1"]).assign(channel="received")])
    write_extract(hyper, path, SMALL, rows, Watermark("db", 1))

    summary = extract_summary(path, SMALL, hyper)

    assert (summary.rows, summary.channels) == (9, 3)
    assert summary.energy_kwh == pytest.approx(rows["energy_kwh"].sum())


def test_an_update_equals_a_rebuild(hyper, path):
    """Stale rows out, new ones in, everything else untouched: row for row what a rebuild gives."""
    before, after = rows_of(HOSTILE, hours=range(10)), rows_of(HOSTILE[2:6], hours=range(4, 12), load=2)
    write_extract(hyper, path, SMALL, before, Watermark("db", 1))

    with update_extract(hyper, path, SMALL, Watermark("db", 2), ranges_of(HOSTILE[2:6], 4, 11)) as build:
        build.add(after)

    replaced = before["meter_id"].isin(HOSTILE[2:6]) & (before["start"] >= after["start"].min())
    rebuilt = pd.concat([before[~replaced], after]).sort_values(["meter_id", "start"], ignore_index=True)
    pd.testing.assert_frame_equal(contents(path, hyper), rebuilt[list(KINDS)], check_dtype=False)
    assert extract_state(path, SMALL, "db") == 2


def test_a_range_is_of_its_own_meter_and_includes_both_ends(hyper, path):
    """Many ranges at once, each with its own ends; "m1" and "M1 " are not "M1"; other channels stay."""
    rows = pd.concat(
        [rows_of(["M1", "m1", "M1 "], hours=range(5)), rows_of(["M1"], hours=[2]).assign(channel="received")]
    )
    write_extract(hyper, path, SMALL, rows, Watermark("db", 1))
    stale = pd.concat(
        [ranges_of(["M1"], 1, 2), ranges_of(["M1"], 4, 9), ranges_of(["m1"], 0, 0), ranges_of(["nobody"], 0, 9)]
    )

    with update_extract(hyper, path, SMALL, Watermark("db", 2), stale):
        pass

    kept = contents(path, hyper)
    hours = kept.groupby(["meter_id", "channel"])["start"].apply(lambda starts: starts.dt.hour.tolist())
    assert hours.to_dict() == {
        ("M1", "delivered"): [0, 3],
        ("M1", "received"): [2],
        ("M1 ", "delivered"): [0, 1, 2, 3, 4],
        ("m1", "delivered"): [1, 2, 3, 4],
    }


def test_nothing_stale_is_fine(hyper, path):
    """New rows alone are an update too."""
    write_extract(hyper, path, SMALL, rows_of(["M1"]), Watermark("db", 1))

    with update_extract(hyper, path, SMALL, Watermark("db", 2), ranges_of([], 0, 0)) as build:
        build.add(rows_of(["M2"]))

    assert set(contents(path, hyper)["meter_id"]) == {"M1", "M2"}


@pytest.mark.parametrize("stale", [[], [(0, 5)], [(50, 20_000)], [(0, 200_000)]], ids=str)
def test_opening_an_extract_leaves_it_known(hyper, path, stale):
    """An author may open it, after a build and after any update: hyperd then changes nothing that would look harmed."""
    write_extract(hyper, path, SMALL, rows_of(["M1"], hours=range(100_000)), Watermark("db", 1))
    for first, last in stale:
        with update_extract(hyper, path, SMALL, Watermark("db", 1), ranges_of(["M1"], first, last)) as build:
            build.add(rows_of(["M2"], hours=range(100)))

    with connect_hyper() as tableau:
        extract_summary(path, SMALL, tableau)
        extract_summary(path, SMALL, tableau)

    assert extract_state(path, SMALL, "db") == 1


def test_dates_are_ranges_too(hyper, path):
    """An extract of days is updated by the midnights of its days."""
    kinds = {"meter_id": TEXT, "channel": TEXT, "date": DATE}
    extract = Extract("days", "", "date", tuple(Column(name, kind, "", "", "") for name, kind in kinds.items()))
    dates = [datetime.date(1969, 12, 31), datetime.date(1970, 1, 1), datetime.date(1970, 1, 2)]
    write_extract(
        hyper, path, extract, pd.DataFrame({"meter_id": "M", "channel": "delivered", "date": dates}), Watermark("db", 1)
    )

    with update_extract(hyper, path, extract, Watermark("db", 2), ranges_of(["M"], -24, 0)):
        pass

    assert read_extract(path, hyper)["date"].tolist() == [datetime.date(1970, 1, 2)]


def test_an_extract_without_time_is_not_updated(hyper, path):
    """Findings are written whole."""
    timeless = dataclasses.replace(SMALL, time=None)
    write_extract(hyper, path, timeless, rows_of(["M1"]), Watermark("db", 1))

    with (
        pytest.raises(ValueError, match="no time column"),
        update_extract(hyper, path, timeless, Watermark("db", 2), ranges_of([], 0, 0)),
    ):
        pass


def touch(path):
    """Change the file's time only."""
    os.utime(path, ns=(0, 0))


def cut(path):
    """Lose the end of the file."""
    os.truncate(path, path.stat().st_size // 2)


def damage(path):
    """Change bytes in place."""
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"xyz")


def replace(path):
    """Put another extract there."""
    other = path.with_name("other.hyper")
    shutil.copyfile(path, other)
    other.replace(path)


@pytest.mark.parametrize("harm", [touch, cut, damage, replace, Path.unlink], ids=lambda harm: harm.__name__)
def test_an_extract_in_other_hands_is_unknown(hyper, path, harm):
    """Whatever somebody else did to the file, nothing is claimed of it, and it is not updated but built anew."""
    write_extract(hyper, path, SMALL, rows_of(["M1"]), Watermark("db", 1))
    known = extract_state(path, SMALL, "db")
    time.sleep(0.02)
    harm(path)

    assert (known, extract_state(path, SMALL, "db")) == (1, None)
    with (
        pytest.raises(StoreError, match="hyperwatt extract"),
        update_extract(hyper, path, SMALL, Watermark("db", 2), ranges_of([], 0, 0)),
    ):
        pass
    write_extract(hyper, path, SMALL, rows_of(["M1"]), Watermark("db", 3))
    assert extract_state(path, SMALL, "db") == 3


@pytest.mark.parametrize(
    ("extract", "database"),
    [
        (SMALL, "another"),
        (dataclasses.replace(SMALL, columns=SMALL.columns[:-1]), "db"),
        (dataclasses.replace(SMALL, version=2), "db"),
    ],
    ids=["another database", "other columns", "another meaning"],
)
def test_a_claim_is_of_one_database_and_one_shape(hyper, path, extract, database):
    """The same file means nothing for another database or after a change of columns."""
    write_extract(hyper, path, SMALL, rows_of(["M1"]), Watermark("db", 1))

    assert extract_state(path, extract, database) is None


@pytest.mark.parametrize("text", ["", "{", "null", "[1]", '[{"size": 1}]', '{"a": 1}'], ids=repr)
def test_a_broken_claim_is_none(hyper, path, text):
    """A damaged record leads to a rebuild, never to a traceback."""
    write_extract(hyper, path, SMALL, rows_of(["M1"]), Watermark("db", 1))
    (path.parent / ".hyperwatt" / "small.hyper.json").write_text(text)

    assert extract_state(path, SMALL, "db") is None


def test_litter_of_a_killed_run_is_swept(hyper, path):
    """What a run left that was killed while it built, does not hinder the next one and does not stay."""
    building = path.parent / ".hyperwatt" / "small.hyper.building"
    building.mkdir(parents=True)
    for name in ("extract.hyper", "0.parquet", "left over"):
        (building / name).write_bytes(b"half")

    write_extract(hyper, path, SMALL, rows_of(["M1"]), Watermark("db", 1))

    assert litter(path) == []
    assert set(contents(path, hyper)["meter_id"]) == {"M1"}


def test_litter_beside_an_extract_that_is_up_to_date(hyper, path):
    """What a run left that was killed just after its file was in place, goes; what another is building, stays."""
    write_extract(hyper, path, SMALL, rows_of(["M1"]), Watermark("db", 1))
    building = path.parent / ".hyperwatt" / "small.hyper.building"
    building.mkdir()
    (building / "stale.parquet").write_bytes(b"half")
    other = path.with_name("other.hyper")

    with build_extract(hyper, other, SMALL, Watermark("db", 1)) as build:
        sweep(path.parent)
        build.add(rows_of(["M2"]))

    assert not building.exists()
    assert set(contents(path, hyper)["meter_id"]) == {"M1"}
    assert set(contents(other, hyper)["meter_id"]) == {"M2"}


def test_a_kill_before_the_replacement_leaves_the_old_claim_true(hyper, path):
    """The claim of the new file is written first, beside that of the old one, which is thus still known."""
    write_extract(hyper, path, SMALL, rows_of(["M1"]), Watermark("db", 1))
    old = path.with_name("old")
    shutil.copy2(path, old)
    write_extract(hyper, path, SMALL, rows_of(["M2"]), Watermark("db", 2))
    old.replace(path)

    assert extract_state(path, SMALL, "db") == 1


@pytest.mark.parametrize("writer", [build_extract, update_extract], ids=["build", "update"])
def test_an_exception_leaves_the_old_extract(hyper, path, writer):
    """When the caller fails, the old file, its claim and a clean folder remain, and his error arrives as it was."""
    write_extract(hyper, path, SMALL, rows_of(["M1"]), Watermark("db", 1))
    stale = [ranges_of(["M1"], 0, 9)] if writer is update_extract else []

    def fail():
        with writer(hyper, path, SMALL, Watermark("db", 2), *stale) as build:
            build.add(rows_of(["M2"]))
            build.flush()
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        fail()

    assert set(contents(path, hyper)["meter_id"]) == {"M1"}
    assert extract_state(path, SMALL, "db") == 1
    assert litter(path) == []


def test_a_wrong_table_leaves_the_old_extract(hyper, path):
    """A missing column is told by name before anything is written."""
    write_extract(hyper, path, SMALL, rows_of(["M1"]), Watermark("db", 1))

    with pytest.raises(ValueError, match="energy_kwh"):
        write_extract(hyper, path, SMALL, rows_of(["M1"]).drop(columns="energy_kwh"), Watermark("db", 2))

    assert extract_state(path, SMALL, "db") == 1


def test_a_dead_hyperd_is_a_store_error(path):
    """When hyperd goes away in the middle, the old file stays and the message names the extract."""
    before = set(psutil.Process().children())

    def fill(hyper):
        with build_extract(hyper, path, SMALL, Watermark("db", 2)) as build:
            (process,) = set(psutil.Process().children()) - before
            process.kill()
            process.wait()
            build.add(rows_of(["M2"]))

    with connect_hyper() as own:
        write_extract(own, path, SMALL, rows_of(["M1"]), Watermark("db", 1))
        with pytest.raises(StoreError, match=r"small\.hyper"):
            fill(own)

    assert extract_state(path, SMALL, "db") == 1
    assert litter(path) == []


def test_a_held_extract_is_replaced_under_its_holder(hyper, path):
    """Who has the old file open goes on seeing it; who opens the extract next sees the new one."""
    write_extract(hyper, path, SMALL, rows_of(["M1"]), Watermark("db", 1))

    with connect_hyper() as tableau, Connection(tableau.endpoint, path, CreateMode.NONE) as connection:
        with pytest.raises(StoreError, match=r"small\.hyper.*locked.*close it in Tableau"):
            read_extract(path, hyper)
        with update_extract(hyper, path, SMALL, Watermark("db", 2), ranges_of(["M1"], 0, 9)) as build:
            build.add(rows_of(["M2"], load=2))
        seen = connection.execute_list_query('SELECT DISTINCT meter_id FROM "Extract"."Extract"')

    assert seen == [["M1"]]
    assert set(contents(path, hyper)["meter_id"]) == {"M2"}


def test_a_place_that_cannot_be_taken_is_told(hyper, path):
    """When the old file may not be replaced (as on Windows while Tableau holds it) the message says what to do."""
    path.mkdir(parents=True)

    with pytest.raises(StoreError, match=r"small\.hyper cannot be written.*close it in Tableau.*hyperwatt extract"):
        write_extract(hyper, path, SMALL, rows_of(["M1"]), Watermark("db", 1))

    assert extract_state(path, SMALL, "db") is None
    assert litter(path) == []


def test_a_folder_that_cannot_be_made_is_told(hyper, tmp_path):
    """A file in the folder's place is named, not shown as a traceback."""
    (tmp_path / "out").write_text("a file")

    with pytest.raises(StoreError, match="cannot be written"):
        write_extract(hyper, tmp_path / "out" / "small.hyper", SMALL, rows_of(["M1"]), Watermark("db", 1))


def test_two_runs_do_not_write_one_extract(hyper, path):
    """The second is refused by name while the first writes, and the first is not disturbed."""
    with build_extract(hyper, path, SMALL, Watermark("db", 1)) as build:
        with pytest.raises(StoreError, match="another run"):
            write_extract(hyper, path, SMALL, rows_of(["M2"]), Watermark("db", 2))
        build.add(rows_of(["M1"]))

    assert set(contents(path, hyper)["meter_id"]) == {"M1"}


@pytest.mark.parametrize(
    "content", [None, b"", b"hello", b"PK" * 5000], ids=["no file", "empty", "text", "something else"]
)
def test_reading_what_is_no_extract(hyper, tmp_path, content):
    """No extract is one line that names the file."""
    path = tmp_path / "x.hyper"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(StoreError, match=r"x\.hyper"):
        read_extract(path, hyper)


KILLED = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[3], str(Path(sys.argv[3]) / "tests")]
from importlib import util
spec = util.spec_from_file_location("test_hyper", Path(sys.argv[3]) / "tests" / "test_hyper.py")
module = util.module_from_spec(spec)
spec.loader.exec_module(module)
module.write_for_ever(Path(sys.argv[1]), int(sys.argv[2]))
"""


def write_for_ever(path, load):
    """Rebuild and update in turn, and say when both were done; every row of an extract says which load it is of."""
    begun = load
    with connect_hyper() as hyper:
        while True:
            if load == begun + 2:
                print("begun", flush=True)
            load += 1
            stale = [ranges_of(["M1"], 0, 9999)] if load % 2 else []
            writer = update_extract if load % 2 else build_extract
            with writer(hyper, path, SMALL, Watermark("db", load), *stale) as build:
                build.add(rows_of(["M1"], load=load, hours=range(2000)))


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_a_true_claim(hyper, path):
    """After SIGKILL the extract is whole, what is claimed of it is true, hyperd is gone, the next run sweeps up."""
    root = Path(__file__).parents[1]
    load, moments = 0, np.random.default_rng(1).uniform(0, 0.25, 8)
    write_extract(hyper, path, SMALL, rows_of(["M1"], load=0, hours=range(2000)), Watermark("db", 0))
    for moment in moments:
        command = [sys.executable, "-c", KILLED, str(path), str(load), str(root)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout.readline() == "begun\n"
            time.sleep(moment)
            (hyperd,) = [each for each in psutil.Process(child.pid).children() if "hyperd" in each.name()]
            child.send_signal(signal.SIGKILL)
        hyperd.wait(timeout=20)
        found, claimed = contents(path, hyper), extract_state(path, SMALL, "db")

        assert claimed is not None
        assert found["load"].tolist() == [claimed] * 2000
        load = max(load, claimed) // 2 * 2

    write_extract(hyper, path, SMALL, rows_of(["M2"]), Watermark("db", 99))
    assert litter(path) == []
    assert load > 0


def test_rows_that_a_full_disk_lost_are_missed(hyper, path, monkeypatch):
    """hyperd says nothing of them: the extract of before stays, and what is known of it."""
    write_extract(hyper, path, SMALL, rows_of(["M1"]), Watermark("db", 1))
    monkeypatch.setattr("pipeline.stores.hyper._rows_kept", lambda connection: 0)

    with pytest.raises(StoreError, match="the disk took 0 of"):
        write_extract(hyper, path, SMALL, rows_of(["M2"]), Watermark("db", 2))

    assert extract_state(path, SMALL, "db") == 1
    assert set(contents(path, hyper)["meter_id"]) == {"M1"}


def test_a_file_without_its_table_has_no_rows(hyper, path):
    """So it is left where the disk was full from the beginning."""
    path.parent.mkdir(exist_ok=True)
    with Connection(hyper.endpoint, path, CreateMode.CREATE) as connection:
        assert _rows_kept(connection) == 0
