"""One stream of a meter, from what the database holds to an issue. Runs in a process of its own."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from multiprocessing import parent_process
from threading import Thread
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Engine

from pipeline.clock import DAY, HOUR
from pipeline.connect import connect_database
from pipeline.forecast_anomalies import read_as_read, stream_anomalies
from pipeline.forecast_days import (
    Cells,
    day_cells,
    day_values,
    days_ahead,
    has_hours,
    hour_cells,
    hour_days,
    hour_values,
    hours_ahead,
    merge_cells,
    summed_days,
    total_days,
    without_zeros,
)
from pipeline.stores.database import read_readings
from pipeline.stores.forecasts import DAY_GRAIN, HOUR_GRAIN, Issue
from pipeline.stores.stored_grids import stored_grids
from pipeline.vee.grid import Grid, Instants
from tabpy_functions.days import Days

Choose = Callable[[Days], Any]
"""Days to an object with `forecast` (tabpy_functions.days.Forecast) and `scores`."""

FEWEST_DAYS = {HOUR_GRAIN: 14, DAY_GRAIN: 28}
"""Days with something to learn from, without which nothing is said: two of each weekday for the hours of two weeks,
four for the days of a year (chosen, not measured)."""


@dataclass(frozen=True)
class Task:
    """What another process must know to forecast a stream.

    Attributes
    ----------
    database : str
        Its address.
    channel_id : int
        First channel of the stream.
    name : str
        Meter and channel, for messages.
    unit : str
        "kWh" or "kVArh".
    load_id : int
        The last load whose readings are surely there.
    members : pandas.DataFrame
        The stream's channels that have readings, as `read_channels` gives them.
    findings : pandas.DataFrame
        Those of the stream, as `read_findings` gives them.
    holidays : array of int64
        [days since 1970-01-01 local]
    """

    database: str
    channel_id: int
    name: str
    unit: str
    load_id: int
    members: pd.DataFrame
    findings: pd.DataFrame
    holidays: NDArray[np.int64]


@dataclass(frozen=True)
class History:
    """What is known of a stream.

    Attributes
    ----------
    timezone : str
    minutes : int
        The newest length of its intervals. [min]
    end : int
        End of its last interval. [s since 1970 UTC]
    grids : list of Grid
        All that is known, the finest first.
    hours : Cells or None
        None where its intervals do not add up to hours.
    days : Cells
    """

    timezone: str
    minutes: int
    end: int
    grids: list[Grid]
    hours: Cells | None
    days: Cells


@dataclass(frozen=True)
class Layout:
    """A stream as hours or days: what models take, and the instants that they are to say something of."""

    grain: int
    days: Days
    ahead: Instants


def begin_worker() -> None:
    """Prepare a process of the pool: it leaves Ctrl-C to its parent, and does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def choose_model(days: Days) -> Any:
    """Choose a model by how wrong each would have been, and forecast with it."""
    from tabpy_functions.choosing import choose_forecast

    return choose_forecast(days)


def forecast_stream(task: Task, choose: Choose = choose_model) -> Issue:
    """Read a stream, forecast its hours and days, and look for anomalies in it.

    Raises
    ------
    StoreError
        When the database fails.
    """
    issued = int(time.time())
    if task.unit != "kWh":
        return Issue(task.channel_id, task.load_id, issued, reason=f"it counts {task.unit}, which is not energy used")
    history = read_history(task)
    if history is None:
        return Issue(task.channel_id, task.load_id, issued, reason="there are no readings of equal length")
    laid = lay_out(history, task.holidays)
    parts = [_part(laid[grain], history, choose) if grain in laid else _no_hours(history) for grain in FEWEST_DAYS]
    reasons = list(dict.fromkeys(part for part in parts if isinstance(part, str)))
    made = _agreed([part for part in parts if not isinstance(part, str)], history)
    models = {part.grain: part.model for part in made}
    return Issue(
        channel_id=task.channel_id,
        load_id=task.load_id,
        issued_utc=issued,
        origin_utc=history.end,
        hourly_model=models.get(HOUR_GRAIN),
        daily_model=models.get(DAY_GRAIN),
        reason="; ".join(reasons) or None,
        anomalies=_anomalies(history, laid, task.findings),
        **({name: pd.concat([getattr(part, name) for part in made]) for name in ("values", "scores")} if made else {}),
    )


@dataclass(frozen=True)
class Part:
    """The forecast of one grain: its model, and rows of `forecasts` and `forecast_scores`."""

    grain: int
    model: str
    values: pd.DataFrame
    scores: pd.DataFrame


def read_history(task: Task) -> History | None:
    """Read a stream whole; None when nothing of it can be laid out as days."""
    engine = _engine(task.database)

    def read(channel_ids: Sequence[int], first: int, last: int) -> pd.DataFrame:
        return read_readings(engine, channel_ids, first, last).to_pandas()

    members = task.members.sort_values("interval_minutes")
    ranges = members.assign(first=members["first_start_utc"], last=members["last_start_utc"])
    grids = sorted(stored_grids(ranges[ranges["interval_minutes"] > 0], read), key=_length)
    if not grids:
        return None
    newest = max(grids, key=lambda grid: int(grid.ends[-1]))
    by_hour = [grid for grid in grids if has_hours(grid)]
    return History(
        timezone=newest.timezone,
        minutes=newest.minutes,
        end=int(newest.ends[-1]),
        grids=grids,
        hours=_merged([hour_cells(grid) for grid in by_hour], task.findings, HOUR) if by_hour else None,
        days=_merged([day_cells(grid) for grid in grids], task.findings, DAY),
    )


def _length(grid: Grid) -> int:
    return grid.minutes


def _merged(parts: list[Cells], findings: pd.DataFrame, length: int) -> Cells:
    return without_zeros(merge_cells(parts), findings, length)


@lru_cache(maxsize=1)
def _engine(database: str) -> Engine:
    return connect_database(database)


def lay_out(history: History, holidays: Instants) -> dict[int, Layout]:
    """Lay a stream out as days, and as hours where its newest intervals add up to them: what is fitted, by grain."""
    laid, clock = {}, history.timezone
    if history.hours is not None and 60 % history.minutes == 0:
        ahead = hours_ahead(clock, history.end, history.minutes)
        laid[HOUR_GRAIN] = Layout(HOUR_GRAIN, hour_days(history.hours, clock, ahead, holidays), ahead)
    ahead = days_ahead(clock, history.end)
    return laid | {DAY_GRAIN: Layout(DAY_GRAIN, total_days(history.days, clock, ahead, holidays), ahead)}


def _no_hours(history: History) -> str:
    return f"intervals of {history.minutes} min do not add up to hours"


def _anomalies(history: History, laid: dict[int, Layout], findings: pd.DataFrame) -> pd.DataFrame:
    """Look for anomalies in the hours, or in the days where there are no hours."""
    layout = next(iter(laid.values()))
    is_hourly = layout.grain == HOUR_GRAIN
    grids = [grid for grid in history.grids if has_hours(grid) or not is_hourly]
    read = read_as_read(grids, hour_cells if is_hourly else day_cells, findings, layout.grain * 60)
    cells = history.hours if is_hourly and history.hours is not None else history.days
    return stream_anomalies(cells, layout.days, read, history.timezone)


def _part(layout: Layout, history: History, choose: Choose) -> Part | str:
    days, ahead, grain = layout.days, layout.ahead, layout.grain
    known, least = int((days.weight[: days.origin] > 0).any(axis=1).sum()), FEWEST_DAYS[grain]
    what = "hours" if grain == HOUR_GRAIN else "days"
    if known < least:
        return f"{known} days of sound readings: a forecast of {what} needs {least}"
    found = choose(days)
    spread = hour_values if grain == HOUR_GRAIN else day_values
    fields = {name: getattr(found.forecast, name) for name in ("expected_kwh", "lower_kwh", "upper_kwh")}
    # What has never been below zero, as the energy that a building uses, will not be.
    floor = 0.0 if (days.energy_kwh >= 0)[np.isfinite(days.energy_kwh)].all() else -np.inf
    values = {name: np.maximum(spread(slots, ahead, history.timezone), floor) for name, slots in fields.items()}
    if not np.isfinite(values["expected_kwh"]).all():
        return f"{found.forecast.model} says nothing of some of the {what} to come"
    frame = pd.DataFrame({"interval_minutes": grain, "start_utc": ahead} | values)
    frame = frame.rename(columns={"expected_kwh": "forecast_kwh"})
    return Part(grain, found.forecast.model, frame, _scores(found, grain))


def _agreed(parts: list[Part], history: History) -> list[Part]:
    """Let the days that the hours cover be the sum of their hours, so that nobody meets two figures for one day.

    The model of the days was chosen by its errors over a year, that of the hours by those over these two weeks. The
    range is scaled with its day.
    """
    if len(parts) < 2 or history.hours is None:
        return parts
    hours, days = parts
    ahead, starts = hours.values["start_utc"].to_numpy(), history.hours.starts
    past = (starts < ahead[0]) & np.isfinite(history.hours.energy[0])
    energy = np.concatenate([history.hours.energy[0, past], hours.values["forecast_kwh"].to_numpy()])
    said = days.values["forecast_kwh"].to_numpy()
    every = np.concatenate([starts[past], ahead])
    total = summed_days(every, energy, days.values["start_utc"].to_numpy(), history.timezone)
    ratio = np.where(np.isfinite(total) & (said > 0), total / np.where(said > 0, said, 1.0), 1.0)
    scaled = {name: days.values[name] * ratio for name in ("forecast_kwh", "lower_kwh", "upper_kwh")}
    return [hours, replace(days, values=days.values.assign(**scaled))]


def _scores(found: Any, grain: int) -> pd.DataFrame:
    names = ["model", "horizon_days", "mae_kwh", "rmse_share", "mase", "coverage", "origins"]
    rows = [[getattr(score, name) for name in names] for score in found.scores]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(interval_minutes=grain, is_chosen=(frame["model"] == found.forecast.model).astype(int))
