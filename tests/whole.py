"""What the tests of whole runs share: small meter files, and everything that a run has made, in one order."""

import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import select
from tableauhyperapi import HyperProcess

from pipeline.connect import connect_database, connect_hyper
from pipeline.stores.extracts import EXTRACTS
from pipeline.stores.hyper_read import read_extract
from pipeline.stores.tables import metadata

CLOCKS = {"started_utc", "finished_utc", "replaced_utc", "issued_utc", "issue_id"}
"""Columns that say when a run was, not what it did; what is forecast at once is committed in any order."""

COMMAND = [sys.executable, "-c", "from pipeline.cli import main; main()"]


def usage(first: str, days: float, meter: int = 1, *, minutes: int = 60) -> "pd.Series[float]":
    """An invented meter's energy: higher by day and on working days, with noise, and nothing in it to find. [kWh]"""
    stamps = pd.date_range(first, periods=round(days * 1440 / minutes), freq=f"{minutes}min")
    noise = np.random.default_rng([meter, int(stamps[0].timestamp())]).normal(0, 0.3, len(stamps))
    hour = stamps.hour.to_numpy() + stamps.minute.to_numpy() / 60
    power = 8 + meter + 4 * np.sin((hour - 9) / 12 * np.pi) + 3 * (stamps.day_of_week < 5) + noise
    return pd.Series((power * minutes / 60).round(3), index=stamps)


def write_file(path: Path, meters: dict[str, "pd.Series[float]"]) -> Path:
    """A file of readings: a column a meter, naive stamps that mark the start of an interval."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(meters).rename_axis("timestamp").to_csv(path)
    return path


def database_contents(url: str, without: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """Every row of every table, without times of runs and the database's own identity."""
    engine = connect_database(url)
    contents = {}
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            if table.name not in ("about", *without):
                columns = [column for column in table.columns if column.name not in CLOCKS]
                contents[table.name] = sorted((tuple(row) for row in connection.execute(select(*columns))), key=repr)
    return contents


def extract_contents(out: Path, hyper: HyperProcess | None = None) -> dict[str, pd.DataFrame]:
    """Every row of every extract, in one order; a hyperd that is running already saves starting one."""
    with nullcontext(hyper) if hyper else connect_hyper() as running:
        frames = {name: read_extract(out / "extracts" / f"{name}.hyper", running) for name in EXTRACTS}
    return {name: frame.sort_values(list(frame.columns), ignore_index=True) for name, frame in frames.items()}


def assert_same_extracts(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    """Row for row, to the last bit."""
    for name in EXTRACTS:
        pd.testing.assert_frame_equal(one[name], other[name], check_exact=True, obj=name)


def start_run(*arguments: object) -> "subprocess.Popen[str]":
    """Start `hyperwatt run` as a process group of its own."""
    root = Path(__file__).parents[1]
    command = [*COMMAND, "run", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
