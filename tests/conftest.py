"""Fixtures that every test may use."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import OperationalError
from tableauhyperapi import HyperProcess

from pipeline.config import load_settings, tabpy_environment
from pipeline.connect import connect_database, connect_hyper
from pipeline.intake import FileIn
from pipeline.publish.tabpy_build import Deployable, build_functions
from pipeline.publish.tabpy_client import TabPy
from pipeline.publish.tabpy_server import Running, running_tabpy
from pipeline.publish.tabpy_state import ServerSettings, prepare
from pipeline.run import Report
from pipeline.run import run as run_pipeline
from pipeline.schema import Finding, Quality
from pipeline.stores.extracts import EXTRACTS
from pipeline.stores.hyper_read import read_extract
from pipeline.stores.upgrade import upgrade
from pipeline.vee.grid import Grid
from tabpy_functions.catalogue import FUNCTIONS

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

SERVERS = {
    "mysql": ("HYPERWATT_TEST_MYSQL_URL", "mysql+pymysql://root@127.0.0.1:3306"),
    "postgresql": ("HYPERWATT_TEST_POSTGRESQL_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"),
}
"""Where a server is told of, and where one is looked for when it is not. The user must be allowed to make databases."""

KINDS = ["sqlite", *(pytest.param(kind, marks=getattr(pytest.mark, kind)) for kind in SERVERS)]
NUMBERS = count(1)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real meter files; the test is skipped, saying so, where it is not there."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real meter files are not here: {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of its own, on each kind of server in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'hyperwatt.db'}"
    else:
        yield from _own_database(request.param)


@pytest.fixture
def engine(database: str) -> Engine:
    """The same database, connected and with its tables."""
    engine = connect_database(database)
    upgrade(engine)
    return engine


@pytest.fixture
def mysql_database() -> Iterator[str]:
    """The address of an empty MySQL or MariaDB database."""
    yield from _own_database("mysql")


@pytest.fixture
def postgresql_database() -> Iterator[str]:
    """The address of an empty PostgreSQL database."""
    yield from _own_database("postgresql")


def _own_database(kind: str) -> Iterator[str]:
    variable, local = SERVERS[kind]
    url = make_url(os.environ.get(variable, local))
    url = url.set(drivername=make_url(local).drivername)
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    name = f"hyperwatt_test_{os.getpid()}_{next(NUMBERS)}"
    try:
        with server.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    except OperationalError as error:
        _missing(f"no {kind} server for tests ({variable} is not set, or nobody answers there): {error.orig}")
    yield url.set(drivername=kind, database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}" + (" WITH (FORCE)" if kind == "postgresql" else ""))
    server.dispose()


def _missing(reason: str) -> None:
    if os.environ.get("HYPERWATT_REQUIRE_SERVICES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def make_grid() -> Any:
    """A function from energy (rows are channels) to a grid of plain readings."""
    return _make_grid


def _make_grid(
    energy: Any, start: str = "2024-01-01", minutes: int = 60, timezone: str = "UTC", **columns: Any
) -> Grid:
    energy = np.atleast_2d(np.asarray(energy, dtype=np.float64))
    channels, intervals = energy.shape
    starts = int(pd.Timestamp(start).timestamp()) + np.arange(intervals, dtype=np.int64) * minutes * 60
    table = {
        "site_id": "site",
        "meter_id": [f"m{row}" for row in range(channels)],
        "channel": "delivered",
        "channel_id": 0,
        "first": 0,
        "last": intervals - 1,
        "fresh_first": 0,
        "fresh_last": intervals - 1,
        "can_export": False,
        "limit_kw": np.nan,
    }
    quality = np.where(np.isnan(energy), Quality.MISSING, Quality.ACTUAL).astype(np.uint8)
    codes, raw = (np.broadcast_to(np.array(empty), energy.shape) for empty in (np.uint8(0), np.nan))
    files = np.ones(energy.shape, dtype=np.int32)
    frame = pd.DataFrame(table | columns, index=range(channels))
    return Grid(starts, starts + minutes * 60, minutes, timezone, energy, quality, codes, raw, codes, files, frame)


@pytest.fixture(scope="session")
def clean_grid(make_grid: Any) -> Grid:
    """Two years of eight meters without a fault: nights, weekends, summers, noise, holidays, changing clocks."""
    generator = np.random.default_rng(20240101)
    starts = pd.date_range("2023-01-01 05:00", "2025-01-01 05:00", freq="h", inclusive="left")
    wall = starts.tz_localize("UTC").tz_convert("America/New_York")
    is_rest = (wall.day_of_week >= 5) | wall.strftime("%m-%d").isin(["01-01", "07-04", "12-25"])
    busy = np.exp(-(((wall.hour.to_numpy() - 13) / 4.0) ** 2)) * np.where(is_rest, 0.3, 1.0)
    season = 1 + 0.25 * np.cos(2 * np.pi * (wall.day_of_year.to_numpy() - 200) / 365)
    level = np.array([4.0, 9.0, 15.0, 22.0, 40.0, 75.0, 180.0, 600.0])[:, None]
    share = np.linspace(0.5, 2.5, len(level))[:, None]
    noise = generator.normal(1.0, 0.05, (len(level), len(starts)))
    return _make_grid((level * (1 + share * busy) * season * noise).round(2), str(starts[0]), 60, "America/New_York")


@dataclass(frozen=True)
class Ran:
    """A run that is over: its report, and what stands in its extracts and its database (SQLite)."""

    report: Report
    out: Path
    hyper: HyperProcess

    @cached_property
    def readings(self) -> pd.DataFrame:
        """The extract of readings in order, with `kwh`: what was read, NaN where nothing was (V05)."""
        frame = self.extract("readings").sort_values(["meter_id", "channel", "interval_start_utc"], ignore_index=True)
        return frame.assign(kwh=frame["raw_kwh"].fillna(frame["energy_kwh"]).where(frame["rule_id"] != "V05"))

    @cached_property
    def daily(self) -> pd.DataFrame:
        """The extract of days in order, their dates as text."""
        frame = self.extract("daily").sort_values(["meter_id", "channel", "date"], ignore_index=True)
        return frame.assign(date=frame["date"].astype(str))

    def extract(self, name: str) -> pd.DataFrame:
        """One extract, as it stands; empty where nothing was ever loaded."""
        path = self.out / "extracts" / f"{name}.hyper"
        return read_extract(path, self.hyper) if path.exists() else EXTRACTS[name].arrow.empty_table().to_pandas()

    @property
    def engine(self) -> Engine:
        """The database."""
        return connect_database(f"sqlite:///{self.out / 'hyperwatt.db'}")

    def file(self, name: str) -> FileIn:
        """What the report says of the one file whose path ends so."""
        (file,) = [one for one in self.report.files if one.path.as_posix().endswith(name)]
        return file

    def kwh(self, meter_id: str, channel: str = "delivered") -> float:
        """What was read of a channel, whatever the rules made of it."""
        return float(self.of(meter_id, channel)["kwh"].sum())

    def of(self, meter_id: str, channel: str = "delivered") -> pd.DataFrame:
        """The readings of a channel."""
        return self.readings.query("meter_id == @meter_id and channel == @channel")

    def day(self, meter_id: str, date: str) -> pd.Series:
        """One day of a meter's delivered channel."""
        (row,) = self.daily.query("meter_id == @meter_id and channel == 'delivered' and date == @date").index
        return self.daily.loc[row]

    def findings(self, rule_id: str, meter_id: str | None = None) -> list[Finding]:
        """What a rule said of a meter, or of all."""
        every = [one for one in self.report.findings if one.rule_id == rule_id]
        return [one for one in every if meter_id is None or one.meter_id == meter_id]

    def runs(self, rule_id: str, meter_id: str | None = None) -> list[tuple[str, int]]:
        """First interval (UTC, "2020-01-31 23:30") and length of what a rule found."""
        found = self.findings(rule_id, meter_id)
        return [(str(pd.Timestamp(one.first_start_utc, unit="s"))[:16], one.intervals) for one in found]


@pytest.fixture(scope="session")
def hyperd() -> Iterator[HyperProcess]:
    """One hyperd that reads extracts for every test."""
    with connect_hyper() as running:
        yield running


@pytest.fixture(scope="session")
def run_files(tmp_path_factory: pytest.TempPathFactory, hyperd: HyperProcess) -> Callable[..., Ran]:
    """A function from files and settings to a run of them; `out` goes on in the folder of an earlier run."""

    def run_into(files: Sequence[Path], out: Path | None = None, **options: Any) -> Ran:
        folder = tmp_path_factory.mktemp("out") if out is None else out
        return Ran(run_pipeline(files, load_settings(out=folder, **options)), folder, hyperd)

    return run_into


CLEAN = Path(__file__).parent / "clean_launcher.py"
"""Runs TabPy where nothing of ours can be imported."""


@pytest.fixture
def start_tabpy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Running]]:
    """A function that starts a TabPy for this machine, which ends with the test; it cannot import anything of ours."""
    with ExitStack() as stack:
        yield lambda built=(), **told: stack.enter_context(clean_tabpy(tmp_path_factory.mktemp("tabpy"), built, **told))


@pytest.fixture(scope="session")
def tabpy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One TabPy with the whole catalogue, for tests that only call it."""
    with clean_tabpy(tmp_path_factory.mktemp("tabpy"), build_functions()) as running:
        yield running


@pytest.fixture
def few_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands deploy only what answers at once: forecasting takes seconds."""
    few = {name: FUNCTIONS[name] for name in ("hyperwatt_version", "lookup_forecast")}
    monkeypatch.setattr("pipeline.publish.tabpy_lookup.FUNCTIONS", few)


@contextmanager
def clean_tabpy(folder: Path, built: Sequence[Deployable], **told: Any) -> Iterator[Running]:
    """Run a TabPy, told fields of `ServerSettings`, that cannot import anything of ours."""
    settings = ServerSettings(**{"port": 0} | told)
    prepare(folder, built, settings)
    with running_tabpy(folder, tabpy_environment(), launcher=CLEAN) as running:
        yield replace(running, client=TabPy(running.url, settings.user, settings.password))
