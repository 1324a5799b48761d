"""The forecast that is already made: a table in the pickle, read by position. No fit, no search, no cache."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tabpy_functions.answering import Answer, answers
from tabpy_functions.inputs import InputError, as_list, infer_step, text
from tabpy_functions.stamps import DAY, NO_DATE, local_seconds

if TYPE_CHECKING:
    import pandas as pd

Instants = NDArray[np.int64]

WHAT = ("forecast_kwh", "lower_kwh", "upper_kwh")
"""What is kept of each hour and day, in the order of the table."""

STEP = {"hour": 3600, "day": DAY}
"""[s]"""


@dataclass(frozen=True)
class Grain:
    """The forecast of every channel by one step.

    Attributes
    ----------
    step : int
        [s]
    first : array of int64, shape (channels,)
        Where a channel's forecast begins. [steps since 1970-01-01 on the wall clock]
    values : array of float32, shape (channels, steps, 3)
        Columns as of `WHAT`; NaN past the end of a channel's forecast, and in the hour that a clock change leaves out.
        Seven digits are enough for a forecast, and half the memory. [kWh]
    """

    step: int
    first: Instants
    values: NDArray[np.float32]

    def at(self, channel: Instants, seconds: Instants, column: int) -> NDArray[np.float64]:
        """Read the values of some instants of some channels; NaN where there is none, and for channel -1."""
        place = seconds // self.step - self.first[channel]
        inside = (channel >= 0) & (place >= 0) & (place < self.values.shape[1])
        found = self.values[np.where(inside, channel, 0), np.where(inside, place, 0), column]
        return np.where(inside, found, np.nan)


@dataclass(frozen=True)
class LookupTable:
    """All precomputed forecasts.

    Attributes
    ----------
    channels : dict of (meter_id, channel) to int
        Row of a channel in the tables.
    hours, days : Grain
    """

    channels: dict[tuple[str, str], int]
    hours: Grain
    days: Grain


def build_lookup(frame: "pd.DataFrame") -> LookupTable:
    """Put precomputed forecasts into the shape in which they are looked up.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows as of `forecast.hyper`: `meter_id`, `channel`, `grain` ("hour" or "day"), `interval_start` (wall clock),
        `forecast_kwh`, `lower_kwh`, `upper_kwh`. Rows without a forecast are passed over. The two hours of an autumn
        change, which the wall clock cannot tell apart, are averaged.

    Returns
    -------
    LookupTable
        12 bytes a value and bound: 52 channels x (14 days of hours + 365 days) are 0.5 MB.
    """
    rows = frame[frame["forecast_kwh"].notna()]
    names = sorted(set(zip(rows["meter_id"].astype(str), rows["channel"].astype(str), strict=True)))
    channels = {name: row for row, name in enumerate(names)}
    return LookupTable(channels, *(_grain(rows[rows["grain"] == name], channels, STEP[name]) for name in STEP))


def _grain(rows: "pd.DataFrame", channels: dict[tuple[str, str], int], step: int) -> Grain:
    pairs = zip(rows["meter_id"].astype(str), rows["channel"].astype(str), strict=True)
    channel = np.array([channels[pair] for pair in pairs], dtype=np.int64)
    place = rows["interval_start"].to_numpy().astype("M8[s]").astype(np.int64) // step
    first = np.full(max(1, len(channels)), np.iinfo(np.int64).max // 2)
    np.minimum.at(first, channel, place)
    place = place - first[channel]
    shape = (len(first), int(place.max(initial=-1)) + 1)
    cell = channel * shape[1] + place
    count = np.bincount(cell, minlength=shape[0] * shape[1])
    values = np.full((*shape, len(WHAT)), np.nan, dtype=np.float32)
    for column, name in enumerate(WHAT):
        total = np.bincount(cell, rows[name].to_numpy(np.float64), minlength=len(count))
        values[..., column] = np.where(count > 0, total / np.maximum(count, 1), np.nan).reshape(shape)
    return Grain(step, first, values)


@partial(answers, remember=False)
def lookup_forecast(
    meter_id: object,
    channel: object,
    interval_start: object,
    what: object = "forecast_kwh",
    grain: object = None,
    table: LookupTable | None = None,
) -> Answer:
    """Forecast of each row, from the table that was computed last.

    Parameters
    ----------
    meter_id, channel : list of str, or str
    interval_start : list
        Hours, parts of hours (each has its part of the hour's forecast) or days.
    what : str, default "forecast_kwh"
        "forecast_kwh", "lower_kwh" or "upper_kwh". [kWh]
    grain : str, optional
        "hour" or "day"; without it told by the usual distance of the rows, and a single midnight is a day.
    table : LookupTable
        Bound when the function is deployed.

    Returns
    -------
    list of float or None
        None for a channel or a time that the table does not have, such as the past.
    """
    column = WHAT.index(text(what, WHAT[0], WHAT) or WHAT[0])
    if table is None:
        raise InputError("deployed without forecasts: run `hyperwatt forecast`, then deploy again")
    seconds = local_seconds(as_list(interval_start))
    has_date = seconds != NO_DATE
    if not has_date.any():
        raise InputError("no row has a date that can be read")
    meters, names = (_texts(one, len(seconds)) for one in (meter_id, channel))
    rows = np.array([table.channels.get(pair, -1) for pair in zip(meters, names, strict=True)], dtype=np.int64)
    source, step = _source(table, seconds[has_date], text(grain, None, (None, *STEP)))
    values = source.at(np.where(has_date, rows, -1), seconds, column) * (step / source.step)
    unknown = len({pair for pair, row in zip(zip(meters, names, strict=True), rows.tolist(), strict=True) if row < 0})
    return Answer(values, (f"{unknown} channels have no forecast",) if unknown else ())


def _source(table: LookupTable, seconds: Instants, grain: str | None) -> tuple[Grain, int]:
    """Choose hours or days, and the length of a row. [s]"""
    inferred, step = infer_step(seconds)
    if grain == "day" or (grain is None and inferred == "day"):
        return table.days, DAY
    if inferred == "interval" or grain == "hour":
        return table.hours, min(step, 3600)  # rows further apart are hours of which some are not shown
    raise InputError("forecasts are kept for hours and days")


def _texts(given: object, rows: int) -> list[str]:
    """A column of texts; a single one holds for all rows."""
    values = [one if isinstance(one, str) else "" for one in as_list(given)]
    if isinstance(given, str):
        return values * rows
    if len(values) != rows:
        raise InputError(f"lists differ in length: {rows} dates, {len(values)} values")
    return values
