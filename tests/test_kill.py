"""Runs that are killed at any moment and started again leave what an unkilled run leaves, and no litter."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sqlalchemy import create_engine, make_url
from tableauhyperapi import HyperProcess
from whole import assert_same_extracts, database_contents, extract_contents, usage, write_file

from pipeline.connect import connect_database, connect_hyper
from pipeline.stores.database import read_channels, read_readings

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")]

SEED = 20240331
FIRST, LATER = 13, 12
"""How many kills in a first run, and in later ones: 25 in all."""

METERS = 12
DAYS = 44

# Python and the libraries take longer to start than a run of this size takes: they are started once, and every run is
# a process forked from there, with a single thread until then.
FORKING = """
import json, os, sys
import pipeline.run, pipeline.showing
from pipeline.cli import main
while line := sys.stdin.readline():
    said = json.loads(line)
    child = os.fork()
    if child == 0:
        os.setsid()
        print(os.getpid(), flush=True)
        os.dup2(os.open(said["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        os.dup2(1, 2)
        main(said["arguments"])
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""

Run = Callable[..., tuple[int, float]]
State = tuple[dict[str, list[Any]], pa.Table, list[str], dict[str, pd.DataFrame]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A function that runs `hyperwatt run`, kills it after so many seconds, and gives exit code and seconds."""
    log = tmp_path_factory.mktemp("log") / "log"
    root = Path(__file__).parents[1]
    command = [sys.executable, "-c", FORKING]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None

        def run(*arguments: object, kill_after: float | None = None) -> tuple[int, float]:
            said = {"log": str(log), "arguments": ["run", *map(str, arguments)]}
            print(json.dumps(said), file=server.stdin, flush=True)
            process = int(server.stdout.readline())
            began = time.monotonic()
            if kill_after is not None:
                time.sleep(kill_after)
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            code = int(server.stdout.readline())
            assert code in (0, -signal.SIGKILL), log.read_text()
            return code, time.monotonic() - began

        yield run
        server.stdin.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """50,000 readings of twelve meters in four files, with faults; to the first of them nights, with corrections."""
    folder = tmp_path_factory.mktemp("files")
    meters = {f"b{number}": usage("2023-01-01", 4 * DAYS, number) for number in range(METERS)}
    for number, energy in enumerate(meters.values()):
        energy.iloc[500 + 40 * number : 504 + 50 * number] = np.nan
        energy.iloc[1200 + number] *= 40
    frame = pd.DataFrame(meters)
    for number, part in enumerate(np.array_split(np.arange(len(frame)), 4)):
        write_file(folder / "first" / f"{number}.csv", {name: frame[name].iloc[part] for name in frame})
    for night in range(LATER + 1):
        day = frame.iloc[(DAYS + night) * 24 : (DAYS + night + 1) * 24]
        corrected = frame[["b1"]].iloc[night * 75 : night * 75 + 60] + 0.5
        write_file(folder / str(night) / "day.csv", {name: day[name] for name in frame})
        write_file(folder / str(night) / "corrected.csv", {"b1": corrected["b1"]})
    return folder


@pytest.fixture(scope="module")
def hyper() -> Iterator[HyperProcess]:
    """One hyperd that reads every extract."""
    with connect_hyper() as running:
        yield running


@pytest.fixture(scope="module")
def unkilled(run: Run, files: Path, hyper: HyperProcess, tmp_path_factory: pytest.TempPathFactory) -> list[State]:
    """What is there after each later run, when none is ever killed."""
    folder = tmp_path_factory.mktemp("unkilled")
    database = f"sqlite:///{folder / 'unkilled.db'}"
    run(files / "first" / "0.csv", *options(folder / "out", database))
    states = []
    for night in range(LATER + 1):
        run(files / str(night), *options(folder / "out", database))
        states.append(state(folder / "out", database, hyper))
    return states


def options(out: Path, database: str) -> list[object]:
    """Where a run puts things, and the clock of its files."""
    return ["--out", out, "--database", database, "--timezone", "UTC"]


def state(out: Path, database: str, hyper: HyperProcess) -> State:
    """Everything that is in the database and the extracts, and the name of every file that there is."""
    engine = connect_database(database)
    readings = read_readings(engine, read_channels(engine)["channel_id"].tolist(), 0, 1 << 40)
    names = sorted(str(path.relative_to(out)) for path in out.rglob("*"))
    return database_contents(database, without=("readings",)), readings, names, extract_contents(out, hyper)


def assert_same(one: State, other: State, moment: str) -> None:
    """Nothing differs; the message says when the run was killed."""
    try:
        assert one[0] == other[0]
        assert one[1].equals(other[1])
        assert one[2] == other[2]
        assert_same_extracts(one[3], other[3])
    except AssertionError as error:
        raise AssertionError(f"{moment} (seed {SEED}): {error}") from error


def moments(count: int, seconds: float) -> list[float]:
    """One random moment in each of so many equal parts of a run, from its start to just after its end."""
    parts = np.arange(count) + np.random.default_rng(SEED).random(count)
    return (parts / count * seconds * 1.05).tolist()


def make_empty(database: str) -> None:
    """Take everything out of a database."""
    url = make_url(database)
    if url.get_backend_name() == "sqlite":
        for end in ("", "-wal", "-shm"):
            Path(f"{url.database}{end}").unlink(missing_ok=True)
        return
    server = create_engine(url.set(drivername="mysql+pymysql"))
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {url.database}")
        connection.exec_driver_sql(f"CREATE DATABASE {url.database}")
    server.dispose()


ON = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("mysql", marks=pytest.mark.mysql)], indirect=True, ids=["sqlite", "mysql"]
)


@ON
def test_first_run_killed(run: Run, files: Path, hyper: HyperProcess, tmp_path: Path, database: str) -> None:
    """From an empty database: reading, loading with the extracts beside it, the commit, putting extracts in place."""
    out = tmp_path / "out"
    for _ in range(2):
        make_empty(database)
        shutil.rmtree(out, ignore_errors=True)
        _, seconds = run(files / "first", *options(out, database))
    expected = state(out, database, hyper)
    killed = 0
    for moment in moments(FIRST, seconds):
        make_empty(database)
        shutil.rmtree(out)
        code, _ = run(files / "first", *options(out, database), kill_after=moment)
        killed += code != 0
        run(files / "first", *options(out, database))
        assert_same(state(out, database, hyper), expected, f"killed after {moment:.3f} of {seconds:.3f} s")

    assert killed >= FIRST // 4  # on a busy machine the run that was measured may have been a slow one


@ON
def test_later_runs_killed(
    run: Run, files: Path, hyper: HyperProcess, unkilled: list[State], tmp_path: Path, database: str
) -> None:
    """Night after night onto what is there, with a correction: rows replaced, extracts caught up on a copy."""
    out = tmp_path / "out"
    for name in ("first/0.csv", "0"):
        _, seconds = run(files / name, *options(out, database))
    killed = 0
    for night, moment in enumerate(moments(LATER, seconds), start=1):
        code, _ = run(files / str(night), *options(out, database), kill_after=moment)
        killed += code != 0
        run(files / str(night), *options(out, database))
        said = f"night {night} killed after {moment:.3f} of {seconds:.3f} s"
        assert_same(state(out, database, hyper), unkilled[night], said)

    assert killed >= LATER // 4
