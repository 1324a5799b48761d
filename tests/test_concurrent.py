"""Runs side by side: each does its work, one after the other where it must be, and says when it waits."""

import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from whole import assert_same_extracts, database_contents, extract_contents, start_run, usage, write_file

from pipeline.config import Settings
from pipeline.connect import connect_database
from pipeline.extracting import WAITING as WAITING_FOR_EXTRACTS
from pipeline.extracting import bring_up, extract_path
from pipeline.run import extract, run
from pipeline.stores.database import database_id, last_load
from pipeline.stores.extracts import EXTRACTS
from pipeline.stores.load import open_load
from pipeline.stores.lock import WAITING as WAITING_FOR_DATABASE
from pipeline.stores.scratch import own_folder
from pipeline.stores.watermark import extract_state

ON = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("mysql", marks=pytest.mark.mysql)], indirect=True, ids=["sqlite", "mysql"]
)


def made_of(kind: str, folder: Path) -> list[list[Path]]:
    """Files for each of three runs: all the same, other meters, or other months of the same meters."""
    meters = {f"b{number}": usage("2024-01-01", 90, number) for number in range(9)}
    months = [slice(0, 31 * 24), slice(31 * 24, 60 * 24), slice(60 * 24, 90 * 24)]
    if kind == "same files":
        return [[write_file(folder / "all.csv", meters)]] * 3
    if kind == "other meters":
        thirds = [list(meters)[first::3] for first in range(3)]
        return [[write_file(folder / f"{names[0]}.csv", {name: meters[name] for name in names})] for names in thirds]
    return [
        [write_file(folder / f"{month.start}.csv", {name: energy.iloc[month] for name, energy in meters.items()})]
        for month in months
    ]


def ended(runs: list["subprocess.Popen[str]"]) -> list[tuple[int, str]]:
    """Exit code of each, and what it said when that was not 0."""
    said = [process.communicate(timeout=120) for process in runs]
    return [
        (process.returncode, out + error if process.returncode else "")
        for process, (out, error) in zip(runs, said, strict=True)
    ]


def wait_until(is_so: Any, seconds: float = 60) -> None:
    """Wait for something that another run does."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


@ON
@pytest.mark.parametrize("kind", ["same files", "other meters", "other months"])
@pytest.mark.parametrize("begun", [False, True], ids=["from nothing", "later"])
def test_three_at_once(tmp_path: Path, database: str, kind: str, begun: bool) -> None:
    """Three runs that are started together end well, and leave what one after the other leaves."""
    lists = made_of(kind, tmp_path / "in")
    first = [write_file(tmp_path / "in" / "first.csv", {"b1": usage("2023-12-01", 31)})] if begun else []
    together, after = (Settings(out=tmp_path / name, timezone="UTC") for name in ("together", "after"))
    if begun:
        run(first, Settings(out=together.out, database=database, timezone="UTC"))
    options = ["--out", together.out, "--database", database, "--timezone", "UTC"]
    results = ended([start_run(*paths, *options) for paths in lists])
    for paths in [first, *lists]:
        run(paths, after)
    contents = database_contents(database)

    assert results == [(0, "")] * 3
    assert_same_extracts(extract_contents(together.out), extract_contents(after.out))
    assert len(contents["readings"]) == 90 * 24 * 9 + 31 * 24 * begun
    assert len(contents["files"]) == len({path for paths in [first, *lists] for path in paths})


@ON
def test_waiting_for_the_database(tmp_path: Path, database: str) -> None:
    """While another run writes, a run says that it waits, and then does its work."""
    path = write_file(tmp_path / "in" / "a.csv", {"b1": usage("2024-01-01", 7)})
    settings = Settings(out=tmp_path / "out", database=database, timezone="UTC")
    run([path], settings)
    said: list[str] = []
    later = write_file(tmp_path / "in" / "b.csv", {"b1": usage("2024-01-08", 1)})

    def tell(stage: str, done: int = 0, total: int = 0) -> None:
        said.append(stage)

    with open_load(connect_database(database)):
        other = threading.Thread(target=run, args=([later], settings, tell))
        other.start()
        wait_until(lambda: WAITING_FOR_DATABASE in said)
        assert last_load(connect_database(database)) == 1
    other.join(60)

    assert said.count(WAITING_FOR_DATABASE) == 1
    assert len(extract_contents(settings.out)["readings"]) == 8 * 24


@pytest.mark.parametrize("first", [True, False], ids=["first run", "later run"])
def test_waiting_for_the_extracts(tmp_path: Path, first: bool) -> None:
    """While another run puts extracts in place, a run says that it waits, and then does its work."""
    settings = Settings(out=tmp_path / "out", timezone="UTC")
    if not first:
        run([write_file(tmp_path / "in" / "a.csv", {"b1": usage("2024-01-01", 7)})], settings)
    said: list[str] = []

    def tell(stage: str, done: int = 0, total: int = 0) -> None:
        said.append(stage)

    path = write_file(tmp_path / "in" / "b.csv", {"b1": usage("2024-01-08", 1)})
    with own_folder(settings.out / "extracts", lambda: None):
        other = threading.Thread(target=run, args=([path], settings, tell))
        other.start()
        wait_until(lambda: WAITING_FOR_EXTRACTS in said)
    other.join(60)

    assert said.count(WAITING_FOR_EXTRACTS) == 1
    assert len(extract_contents(settings.out)["readings"]) == (1 if first else 8) * 24


def test_extracts_do_not_go_back(tmp_path: Path) -> None:
    """A run that is slow to put its extracts in place does not put them over those of a run that loaded after it."""
    settings = Settings(out=tmp_path / "out", timezone="UTC")
    run([write_file(tmp_path / "in" / "a.csv", {"b1": usage("2024-01-01", 7)})], settings)
    folder = settings.out / "extracts"
    shutil.rmtree(folder)
    engine = connect_database(settings.database_url)
    path = write_file(tmp_path / "in" / "b.csv", {"b1": usage("2024-01-08", 1)})
    other = threading.Thread(target=run, args=([path], settings))
    seen: list[Path] = []

    def slow(stage: str, done: int = 0, total: int = 0) -> None:
        if stage == "extract readings":
            other.start()
            wait_until(lambda: last_load(engine) == 2)
            time.sleep(0.5)
            seen.extend(path for path in folder.glob("*.hyper"))

    trouble = bring_up(engine, folder, settings.pricing, slow)
    other.join(60)
    states = [extract_state(extract_path(folder, one), one, database_id(engine)) for one in EXTRACTS.values()]

    assert (trouble, seen) == ({}, [])
    assert states == [2] * len(EXTRACTS)
    found = extract_contents(settings.out)
    shutil.rmtree(folder)
    assert extract(settings) == {}
    assert_same_extracts(found, extract_contents(settings.out))
