"""Anomalies of one stream: how it was used unlike what was expected, and apart from that what its meter got wrong.

Behaviour is told of plain readings only. Where validation (VEE) has taken a reading out, marked it, or asked whether
the feed is dead, what was read is compared with what was expected too, and told as the meter's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.clock import DAY, HOUR, utc_offsets
from pipeline.forecast_days import Cells, doubted_zeros, merge_cells
from pipeline.rollup import day_seconds
from pipeline.schema import Quality
from pipeline.vee.grid import Bools, Floats, Grid, Instants
from pipeline.vee.rules import RULE_BY_ID
from tabpy_functions.days import Days

BEHAVIOUR, METER = "behaviour", "meter"
SUPPLIER_FLAG = 20
"""Rule V20: the supplier says that the value is an estimate; it is what was read all the same."""


@dataclass(frozen=True)
class AsRead:
    """What was read of a stream, before validation.

    Attributes
    ----------
    cells : Cells
        `plain` says nothing here.
    marks : dict of str to array of bool, shape (cells,)
        Where each rule has marked something: "V09" and so on.
    """

    cells: Cells
    marks: dict[str, Bools]


def read_as_read(grids: list[Grid], to_cells: Any, findings: pd.DataFrame, length: int) -> AsRead:
    """Give what was read and what rules have said of it.

    Parameters
    ----------
    grids : list of Grid
        Of one stream, the one whose word counts first.
    to_cells : function
        `hour_cells` or `day_cells`.
    findings : pandas.DataFrame
        Of the stream.
    length : int
        Of a cell. [s]
    """
    cells = merge_cells([to_cells(replace(grid, energy=_as_read(grid))) for grid in grids])
    numbers = sorted({int(number) for grid in grids for number in np.unique(grid.rule)} - {0})
    marks = {f"V{number:02}": _marked(grids, to_cells, number, cells.starts) for number in numbers}
    for rule_id, zeros in doubted_zeros(cells, findings, length).items():
        marks[rule_id] = marks.get(rule_id, False) | zeros
    return AsRead(cells, marks)


def _as_read(grid: Grid) -> Floats:
    """The value as it was read, NaN where nothing was."""
    is_read = (grid.quality == Quality.ACTUAL) | ((grid.quality == Quality.ESTIMATED) & (grid.rule == SUPPLIER_FLAG))
    return np.where(np.isnan(grid.raw), np.where(is_read, grid.energy, np.nan), grid.raw)


def _marked(grids: list[Grid], to_cells: Any, number: int, starts: Instants) -> Bools:
    found = np.zeros(len(starts), dtype=np.bool_)
    for grid in grids:
        cells = to_cells(replace(grid, energy=(grid.rule == number).astype(np.float64)))
        found[np.searchsorted(starts, cells.starts[cells.energy[0] > 0])] = True
    return found


def stream_anomalies(
    cells: Cells, days: Days, read: AsRead, timezone: str, *, least_share: float = 0.05
) -> pd.DataFrame:
    """Tell what was unusual in a stream's past, day by day.

    Parameters
    ----------
    cells : Cells
        After validation.
    days : Days
        The same, laid out.
    read : AsRead
    timezone : str
        IANA name.
    least_share : float, default 0.05
        What a meter's hours were wrong by that is worth telling, as a share of the day's expected use (chosen).

    Returns
    -------
    pandas.DataFrame
        Rows of `anomalies` (see `pipeline.stores.tables`), in the order of time and cause.
    """
    from tabpy_functions.anomalies import find_anomalies

    found = find_anomalies(days)
    place = _Place(cells.starts, timezone, days, found.expected_kwh)
    rows = [*_behaviour(found.found, cells, place), *_meter(read, place, least_share)]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.sort_values(["first_start_utc", "cause"], ignore_index=True)


COLUMNS = [
    "first_start_utc",
    "cause",
    "last_start_utc",
    "hours",
    "energy_kwh",
    "expected_kwh",
    "over_kwh",
    "direction",
    "score",
    "rules",
    "detail",
]


class _Place:
    """Where cells are in the layout of days, and what was expected of each.

    Attributes
    ----------
    row, slot : array of int64, shape (cells,)
    seconds : array of int64, shape (cells,)
    expected : array of float64, shape (cells,)
    """

    def __init__(self, starts: Instants, timezone: str, days: Days, expected: Floats) -> None:
        wall = starts + utc_offsets(timezone, starts)
        self.starts, self.wall = starts, wall
        self.row = wall // DAY - days.first_day
        self.slot = wall % DAY // HOUR if days.slots == 24 else np.zeros(len(starts), dtype=np.int64)
        is_hour = np.full(len(starts), HOUR, dtype=np.int64)
        self.seconds = is_hour if days.slots == 24 else day_seconds(timezone, wall // DAY)
        known = (self.row >= 0) & (self.row < len(expected))
        scale = self.seconds / (DAY / days.slots)
        self.expected = np.where(known, expected[np.where(known, self.row, 0), self.slot] * scale, np.nan)
        self.of_day = pd.Series(np.nan_to_num(self.expected)).groupby(self.row).transform("sum").to_numpy()

    def told(self, at: NDArray[np.intp], energy: Floats) -> dict[str, Any]:
        """What a row says of cells in which both energy and expectation are known."""
        over = float((energy[at] - self.expected[at]).sum())
        return {
            "first_start_utc": int(self.starts[at[0]]),
            "last_start_utc": int(self.starts[at[-1]]),
            "hours": float(self.seconds[at].sum() / HOUR),
            "energy_kwh": float(energy[at].sum()),
            "expected_kwh": float(self.expected[at].sum()),
            "over_kwh": over,
            "direction": "high" if over >= 0 else "low",
        }

    def when(self, at: NDArray[np.intp]) -> str:
        """From when to when on the wall clock."""
        first, last = int(self.wall[at[0]]), int(self.wall[at[-1]] + self.seconds[at[-1]])
        return f"{_clock(first)} to {'24:00' if last % DAY == 0 else _clock(last)}"


def _clock(wall: int) -> str:
    return f"{wall % DAY // HOUR:02}:{wall % HOUR // 60:02}"


def _behaviour(found: Any, cells: Cells, place: _Place) -> Iterator[dict[str, Any]]:
    energy = np.where(cells.plain[0] > 0, cells.energy[0], np.nan)
    known = np.isfinite(energy) & np.isfinite(place.expected)
    for one in found:
        inside = (place.row == one.row) & (place.slot >= one.first_slot) & (place.slot <= one.last_slot)
        at = np.flatnonzero(inside & known)
        if len(at):
            told = place.told(at, energy)
            share = told["over_kwh"] / told["expected_kwh"] if told["expected_kwh"] else np.nan
            how = f" ({share:+.0%})" if np.isfinite(share) else ""
            detail = f"{told['over_kwh']:+.4g} kWh{how} against like days, {place.when(at)}"
            yield told | {"cause": BEHAVIOUR, "score": one.score, "rules": None, "detail": detail}


def _meter(read: AsRead, place: _Place, least_share: float) -> Iterator[dict[str, Any]]:
    energy = read.cells.energy[0]
    marked = np.any(list(read.marks.values()), axis=0) if read.marks else np.zeros(len(energy), dtype=np.bool_)
    at = np.flatnonzero(marked & np.isfinite(energy) & np.isfinite(place.expected))
    for own in np.split(at, np.flatnonzero(np.diff(place.row[at])) + 1):
        if not len(own):
            continue
        # By how much its hours were wrong, not the day: what is stuck at its mean is right by the day.
        if np.abs(energy[own] - place.expected[own]).sum() < least_share * max(float(place.of_day[own[0]]), 1e-9):
            continue
        told = place.told(own, energy)
        rules = [rule_id for rule_id, mask in read.marks.items() if mask[own].any()]
        names = ", ".join(RULE_BY_ID[rule_id].name for rule_id in rules)
        detail = f"{told['energy_kwh']:.4g} kWh read where like days have {told['expected_kwh']:.4g}: {names}"
        yield told | {"cause": METER, "score": np.nan, "rules": " ".join(rules), "detail": detail}
