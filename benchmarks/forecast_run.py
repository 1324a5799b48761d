"""`hyperwatt forecast` against the bare fits: what reading, committing channel by channel and the extracts add."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.data import HOURS
from benchmarks.hot_paths import fresh, long_csv
from pipeline.config import Settings, single_threaded
from pipeline.forecast_stream import Task, lay_out, read_history
from pipeline.forecasting import find_streams, forecast, make_tasks, open_database
from pipeline.run import run
from tabpy_functions.anomalies import find_anomalies
from tabpy_functions.choosing import choose_forecast
from tabpy_functions.days import Days

METERS = 16


def forecast_run(folder: Path) -> str:
    """(f)"""
    path, rows = long_csv(folder, METERS, HOURS)
    with fresh(folder) as out:
        settings = Settings(out=out, timezone="UTC", country="GB")
        run([path], settings)
        began = time.perf_counter()
        report = forecast(settings)
        ours = time.perf_counter() - began
        engine = open_database(settings)
        tasks = make_tasks(engine, settings, find_streams(engine, everything=True), 1)
        layouts = [_layouts(task) for task in tasks]
    bare = _bare(layouts)
    cores = os.cpu_count() or 1
    return (
        f"{ours / bare:.2f} x bare fits of the same days ({ours:.1f} s / {bare:.1f} s; {report.done} channels of "
        f"{rows // METERS:,} hours, {ours / METERS:.2f} s a channel, {METERS / ours * 60:.0f} channels a minute, "
        f"{cores} cores)"
    )


def _layouts(task: Task) -> tuple[Days, ...]:
    history = read_history(task)
    assert history is not None
    return tuple(layout.days for layout in lay_out(history, task.holidays).values())


def _bare(layouts: list[tuple[Days, ...]]) -> float:
    """Fit on as many processes as there are cores, and throw away what comes of it. [s]"""
    began = time.perf_counter()
    with single_threaded(), ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for _ in pool.map(fit, layouts):
            pass
    return time.perf_counter() - began


def fit(layouts: tuple[Days, ...]) -> None:
    """Do for one channel what `hyperwatt forecast` cannot do without."""
    for days in layouts:
        choose_forecast(days)
    find_anomalies(layouts[0])


BENCHMARKS: dict[str, Callable[[Path], str]] = {"forecast": forecast_run}
