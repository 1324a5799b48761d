"""Forecasts of every channel. Read `forecast` as a table of contents.

Each stream of a meter is read, fitted and forecast in a process of its own, on all cores, and committed as soon as it
is done: a run that is killed has lost what it was working on, and nothing else. The next run goes on with the streams
that have no forecast of the readings that are there now.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from importlib.util import find_spec
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.context import BaseContext

import pandas as pd
from sqlalchemy import Engine

from pipeline.config import Settings, single_threaded
from pipeline.connect import connect_database, missing_file
from pipeline.errors import SettingsError, StoreError
from pipeline.extracting import bring_up
from pipeline.forecast_stream import Choose, Task, begin_worker, choose_model, forecast_stream
from pipeline.progress import Tell, silent
from pipeline.schema import STREAM
from pipeline.stores.database import last_load, read_channels, read_findings, read_holidays
from pipeline.stores.forecasts import Issue, newest_changes, read_issues, write_issues
from pipeline.stores.upgrade import is_current, upgrade

LOADED_ONCE = ("prophet", "sklearn.ensemble", "statsmodels.tsa.statespace.sarimax")
"""What the models stand on, and takes long to load."""

PACKAGES = tuple(name.partition(".")[0] for name in LOADED_ONCE)
"""Where it is from: an installation without forecasts does not have these."""


@dataclass
class Report:
    """What a forecast run did, or would do.

    Attributes
    ----------
    streams : pandas.DataFrame
        One row a stream of a meter: `meter_id`, `channel`, `channel_id`, `timezone`, `unit`, `is_due` (it is to be
        forecast in this run).
    done : int
        Streams that were worked on.
    failed : dict of str to str
        Streams that could not be worked on for a fault of the program, and what was raised.
    trouble : dict of str to str
        Extracts that could not be written, and why.
    seconds : float
    """

    streams: pd.DataFrame
    done: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    trouble: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def forecast(
    settings: Settings,
    meters: Sequence[str] = (),
    tell: Tell = silent,
    *,
    everything: bool = False,
    choose: Choose = choose_model,
) -> Report:
    """Forecast the streams whose readings have changed since their last forecast, and bring the extracts up to that.

    Parameters
    ----------
    settings : Settings
        `database`, `out`, `jobs`, `dry_run`.
    meters : sequence of str
        Only these; none: all.
    tell : Tell
        Where progress is told.
    everything : bool, default False
        Also those that have a forecast of the readings that are there.
    choose : function
        Days to a forecast and its scores; a function of a module, for other processes import it.

    Returns
    -------
    Report

    Raises
    ------
    PipelineError
        There is no such database or meter, or the database fails.
    """
    began = time.monotonic()
    check_packages()
    engine = open_database(settings, tell)
    # How far the database is comes before what it holds: what is loaded meanwhile is then forecast once more.
    load_id = last_load(engine)
    report = Report(find_streams(engine, meters, everything=everything))
    if settings.dry_run:
        return report
    tasks = make_tasks(engine, settings, report.streams, load_id)
    with single_threaded():
        for batch in work(tasks, choose, settings.jobs, report, tell):
            write_issues(engine, batch, tell)
    report.trouble = bring_up(engine, settings.out / "extracts", settings.pricing, tell)
    report.seconds = time.monotonic() - began
    return report


def check_packages(names: Sequence[str] = PACKAGES) -> None:
    """Raise SettingsError when a package of the models is not installed."""
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise SettingsError(f"forecasts need {', '.join(missing)} -> pip install 'hyperwatt[forecast]'")


def open_database(settings: Settings, tell: Tell = silent) -> Engine:
    """Open a database that has readings, and bring its tables to this version; a dry run changes none.

    Raises
    ------
    SettingsError
        When there is nothing to forecast from.
    """
    url = settings.database_url
    nothing = "holds no readings yet -> load some with `hyperwatt run`, or name another with --database"
    if file := missing_file(url):
        raise SettingsError(f"{file} is not there: it {nothing}")
    if settings.dry_run and not is_current(url):
        raise SettingsError("the database is of an earlier version -> run `hyperwatt db upgrade`")
    engine = connect_database(url)
    if not settings.dry_run:
        upgrade(engine, tell)
    if last_load(engine) == 0:
        raise SettingsError(f"the database {nothing}")
    return engine


def find_streams(engine: Engine, meters: Sequence[str] = (), *, everything: bool = False) -> pd.DataFrame:
    """Give the streams of some or all meters, one row each, and whether each is due: `Report.streams`.

    A stream that is read at several lengths of interval is one, under the first of its channels.

    Raises
    ------
    SettingsError
        When a meter is not known.
    """
    channels = read_channels(engine).sort_values("channel_id")
    unknown = sorted(set(meters) - set(channels["meter_id"]))
    if unknown:
        raise SettingsError(f"meter {unknown[0]!r} is not in the database -> `hyperwatt forecast --dry-run` names all")
    changed = channels["channel_id"].map(newest_changes(engine)).fillna(0)
    streams = channels.assign(changed=changed).groupby(STREAM, sort=False, as_index=False)
    found = streams.agg(
        channel_id=("channel_id", "first"),
        site_id=("site_id", "first"),
        timezone=("timezone", "first"),
        unit=("unit", "first"),
        changed=("changed", "max"),
    )
    known = found["channel_id"].map(read_issues(engine).set_index("channel_id")["load_id"])
    found["is_stale"] = known.notna() & (found["changed"] > known)
    found["is_due"] = everything | known.isna() | found["is_stale"]
    return found[found["meter_id"].isin(list(meters))] if meters else found


def make_tasks(engine: Engine, settings: Settings, streams: pd.DataFrame, load_id: int) -> list[Task]:
    """Gather what another process needs to forecast each stream that is due."""
    channels, findings, holidays = read_channels(engine), read_findings(engine), read_holidays(engine)
    members = dict(iter(channels.groupby(STREAM)))
    found = dict(iter(findings.groupby(STREAM)))
    return [
        Task(
            database=settings.database_url,
            channel_id=int(stream["channel_id"]),
            name=f"{stream['meter_id']} {stream['channel']}",
            unit=stream["unit"],
            load_id=load_id,
            members=members[stream["meter_id"], stream["channel"]].dropna(subset="first_start_utc"),
            findings=found.get((stream["meter_id"], stream["channel"]), findings.iloc[:0]),
            holidays=holidays,
        )
        for stream in streams[streams["is_due"]].to_dict("records")
    ]


def work(tasks: list[Task], choose: Choose, jobs: int, report: Report, tell: Tell) -> Iterator[list[Issue]]:
    """Work on streams in as many processes as there are jobs; give what is done, as it comes.

    Raises
    ------
    StoreError
        When a process died, as for want of memory.
    """
    tell("forecasting", 0, len(tasks))
    pool = ProcessPoolExecutor(max(1, min(jobs, len(tasks))), _processes(), initializer=begin_worker)
    waiting = {pool.submit(forecast_stream, task, choose): task for task in tasks}
    try:
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            batch = [issue for future in done if (issue := _result(future, waiting.pop(future), report))]
            yield batch
            report.done += len(batch)
            tell("forecasting", len(tasks) - len(waiting), len(tasks))
    except BrokenProcessPool as error:
        raise StoreError(
            "a process that forecasts has died, as for want of memory -> run this again with fewer --jobs: what was "
            "done is kept"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _processes() -> BaseContext:
    """Say how processes begin: drivers and BLAS have threads here, which do not survive a fork, so they are forked from
    one without, which has loaded the models' packages once for all of them; where there is no fork, each loads them."""
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(["pipeline.forecast_stream", *LOADED_ONCE])
    return context


def _result(future: "Future[Issue]", task: Task, report: Report) -> Issue | None:
    """Give what came of a stream; a fault in one is told at the end, and does not stop the others."""
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, StoreError | BrokenProcessPool):
        raise error
    report.failed[task.name] = f"{type(error).__name__}: {error}"
    return None
