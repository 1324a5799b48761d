"""Extracts brought up to the database: filled while a first run fills it, caught up from what it holds otherwise."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Engine
from tableauhyperapi import HyperProcess  # type: ignore[import-untyped]

from pipeline.clock import DAY, utc_offsets
from pipeline.connect import connect_hyper
from pipeline.errors import StoreError
from pipeline.forecast_extracts import catch_up_forecasts, forecasts_behind
from pipeline.lengths import streams_of_lengths
from pipeline.meter_extract import last_year, meter_rows
from pipeline.progress import Tell, silent
from pipeline.rollup import roll_up_daily
from pipeline.stores.database import (
    changes_since,
    database_id,
    last_load,
    read_channels,
    read_findings,
    read_holidays,
    read_readings,
)
from pipeline.stores.extracts import DAILY, EXTRACTS, FINDINGS, METERS, READINGS, Extract
from pipeline.stores.forecasts import last_issue
from pipeline.stores.hyper import ExtractBuild, build_extract, update_extract, write_extract
from pipeline.stores.load import Load
from pipeline.stores.reading_rows import readings_table
from pipeline.stores.scratch import own_folder, sweep
from pipeline.stores.stored_grids import stored_grids
from pipeline.stores.watermark import Watermark, extract_state
from pipeline.vee.cells import IRREGULAR
from pipeline.vee.grid import Grid
from pipeline.vee.lengths import LENGTH
from pipeline.vee.rules import RULES

WAITING = "another run is writing these extracts; waiting for it to end"
BEYOND = 2 * DAY
"""Further than any two clocks are apart."""


def extract_path(folder: Path, extract: Extract) -> Path:
    """Where an extract is."""
    return folder / f"{extract.name}.hyper"


@dataclass
class Filling:
    """Extracts that a run fills while it loads; what cannot be filled is left to `bring_up`, which says why.

    Attributes
    ----------
    folder : Path
        Of the extracts.
    tell : Tell
    """

    folder: Path
    tell: Tell = silent
    _builds: dict[str, ExtractBuild] = field(default_factory=dict)
    _stacks: dict[str, ExitStack] = field(default_factory=dict)
    _held: ExitStack = field(default_factory=ExitStack)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Put what was filled in place at the end; nothing of it is seen when the block raises."""
        with self._held:
            try:
                yield
            except BaseException as error:
                for name in list(self._stacks):
                    self._end(name, error)
                raise
            for name in list(self._stacks):
                self._end(name, None)

    def begin(self, watermark: Watermark) -> None:
        """Open the extracts of readings and days for filling, and hold their folder until they are in place."""
        with suppress(StoreError):
            self._held.enter_context(own_folder(self.folder, lambda: self.tell(WAITING)))
            hyper = self._held.enter_context(connect_hyper())
            for extract in (READINGS, DAILY):
                stack = ExitStack()
                build = build_extract(hyper, extract_path(self.folder, extract), extract, watermark)
                self._builds[extract.name] = stack.enter_context(build)
                self._stacks[extract.name] = stack

    def add(self, grids: list[Grid], holidays: NDArray[np.int64] | None) -> None:
        """Give grids to the extracts that are being filled."""
        for name in list(self._builds):
            try:
                for grid in grids:
                    self._builds[name].add(_table(EXTRACTS[name], grid, holidays))
            except StoreError as error:
                self._end(name, error)

    def add_stored(self, writing: Load, holidays: NDArray[np.int64] | None) -> None:
        """Give the streams of several interval lengths, as the database has them, to what is being filled."""
        if not (self._builds and writing.has_lengths()):
            return
        several = _whole(streams_of_lengths(writing.channels()))
        for grid in stored_grids(several, lambda *span: writing.history(*span).to_pandas()):
            self.add([grid], holidays)

    def _end(self, name: str, error: BaseException | None) -> None:
        self._builds.pop(name)
        stack = self._stacks.pop(name)
        with suppress(StoreError):
            stack.__exit__(
                None if error is None else type(error), error, None if error is None else error.__traceback__
            )


def bring_up(engine: Engine, folder: Path, tell: Tell) -> dict[str, str]:
    """Bring every extract up to the database, one run after the other, so that none is ever put back.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    folder : Path
        Of the extracts.
    tell : Tell

    Returns
    -------
    dict of str to str
        What was wrong with extracts that could not be written; empty when all are up to date.
    """
    if last_load(engine) == 0:
        return {}
    try:
        with own_folder(folder, lambda: tell(WAITING)):
            sweep(folder)
            return _bring_up(engine, folder, tell)
    except StoreError as error:
        return {"extracts": str(error)}


def extracts_behind(engine: Engine, folder: Path) -> list[str]:
    """Name the extracts that are not there, or do not hold all that the database does; write nothing."""
    last = last_load(engine)
    watermark = Watermark(database_id(engine), last)
    names = [name for name, extract in EXTRACTS.items() if last and _state(folder, extract, watermark) != last]
    return names + [
        extract.name for extract in forecasts_behind(folder, replace(watermark, issue_id=last_issue(engine)))
    ]


def _bring_up(engine: Engine, folder: Path, tell: Tell) -> dict[str, str]:
    # How far the database is comes before what it holds: what a run adds meanwhile is then added once more.
    watermark = Watermark(database_id(engine), last_load(engine))
    forecast = replace(watermark, issue_id=last_issue(engine))
    states = {name: _state(folder, extract, watermark) for name, extract in EXTRACTS.items()}
    behind = [EXTRACTS[name] for name, state in states.items() if state != watermark.load_id]
    later = forecasts_behind(folder, forecast)
    trouble: dict[str, str] = {}
    if not behind and not later:
        return trouble
    with connect_hyper() as hyper:
        for extract in behind + later:
            if extract is METERS and DAILY.name in trouble:
                continue  # it is added up from days, and what is wrong with them is told already
            tell(f"extract {extract.name}")
            try:
                if extract in later:
                    catch_up_forecasts(hyper, engine, folder, extract, forecast)
                    continue
                _catch_up(hyper, engine, extract_path(folder, extract), extract, states[extract.name], watermark)
            except StoreError as error:
                trouble[extract.name] = str(error)
    return trouble


def _state(folder: Path, extract: Extract, watermark: Watermark) -> int | None:
    """How far an extract is; None when it is to be built anew, as after the database was put back to a backup."""
    state = extract_state(extract_path(folder, extract), extract, watermark.database)
    return None if state is None or state > watermark.load_id else state


def _catch_up(
    hyper: HyperProcess, engine: Engine, path: Path, extract: Extract, state: int | None, watermark: Watermark
) -> None:
    if extract is FINDINGS:
        write_extract(hyper, path, extract, _finding_rows(read_findings(engine)), watermark)
        return
    channels = read_channels(engine)
    if extract is METERS:
        year = last_year(extract_path(path.parent, DAILY), hyper)
        write_extract(hyper, path, extract, meter_rows(channels, year), watermark)
        return
    if state is None:
        with build_extract(hyper, path, extract, watermark) as build:
            for table in _rows(engine, _whole(channels), extract):
                build.add(table)
        return
    changed = changed_streams(changes_since(engine, state), channels)
    stale = _stale(changed, extract)
    with update_extract(hyper, path, extract, watermark, stale) as build:
        for table in _rows(engine, _ranges(changed, channels, extract), extract):
            build.add(_within(table, stale, extract))


def _whole(channels: pd.DataFrame) -> pd.DataFrame:
    """All that is stored, as ranges of channels."""
    stored = channels[channels["first_start_utc"].notna()]
    return stored.assign(first=stored["first_start_utc"], last=stored["last_start_utc"])


def changed_streams(changes: pd.DataFrame, channels: pd.DataFrame) -> pd.DataFrame:
    """Give what is to be written anew, by stream: an extract knows its rows by meter and stream, not by length.

    Parameters
    ----------
    changes : pandas.DataFrame
        As `pipeline.stores.database.changes_since` gives them.
    channels : pandas.DataFrame
        As `pipeline.stores.database.read_channels` gives them.

    Returns
    -------
    pandas.DataFrame
        `meter_id`, `channel`, `timezone`, `first`, `last`. A range that reaches an end of what is stored reaches
        beyond it: there may be rows of readings that are gone, or of days on a clock that was another. [s since 1970]
    """
    stream = ["meter_id", "channel"]
    ends = channels.groupby(stream).agg(
        timezone=("timezone", "first"), begin=("first_start_utc", "min"), end=("last_start_utc", "max")
    )
    found = changes.merge(channels[["channel_id", *stream]], on="channel_id")
    found = found.groupby(stream, as_index=False).agg({"first": "min", "last": "max"}).merge(ends, on=stream)
    inside = [(found["begin"] < found["first"]).fillna(False), (found["end"] > found["last"]).fillna(False)]
    first = found["first"].where(inside[0].astype(bool), found["first"] - BEYOND)
    last = found["last"].where(inside[1].astype(bool), found["last"] + BEYOND)
    return found[[*stream, "timezone"]].assign(first=first.astype("int64"), last=last.astype("int64"))


def _ranges(changed: pd.DataFrame, channels: pd.DataFrame, extract: Extract) -> pd.DataFrame:
    """What to read of each channel to write changed streams anew: for days, whole days of all lengths."""
    room = DAY if extract is DAILY else 0
    bounds = changed[["meter_id", "channel"]].assign(first=changed["first"] - room, last=changed["last"] + room)
    return _whole(channels).drop(columns=["first", "last"]).merge(bounds, on=["meter_id", "channel"])


def _stale(changed: pd.DataFrame, extract: Extract) -> pd.DataFrame:
    """Rows of an extract that a range of readings makes stale, on the clock of its time column."""
    stale = changed[["meter_id", "channel", "first", "last"]].copy()
    if extract is DAILY:
        for bound in ("first", "last"):
            for timezone, own in changed.groupby("timezone")[bound]:
                instants = own.to_numpy(dtype="int64")
                stale.loc[own.index, bound] = (instants + utc_offsets(str(timezone), instants)) // DAY * DAY
    return stale


def _within(rows: pa.Table, stale: pd.DataFrame, extract: Extract) -> pa.Table:
    """Days that are to be written anew, of whole days around them."""
    if extract is not DAILY:
        return rows
    day = rows.column("date").cast(pa.int32()).to_numpy().astype("int64") * DAY
    keys = [rows.column(name).cast(pa.string()).to_pylist() for name in ("meter_id", "channel")]
    bounds = stale.set_index(["meter_id", "channel"]).loc[list(zip(*keys, strict=True))]
    return rows.filter(pa.array((bounds["first"].to_numpy() <= day) & (day <= bounds["last"].to_numpy())))


def _rows(engine: Engine, ranges: pd.DataFrame, extract: Extract) -> Iterator[pa.Table]:
    days = read_holidays(engine)
    holidays = days if len(days) else None

    def read(channel_ids: Sequence[int], first: int, last: int) -> pd.DataFrame:
        return read_readings(engine, channel_ids, first, last).to_pandas()

    for grid in stored_grids(ranges, read):
        yield _table(extract, grid, holidays)


def _table(extract: Extract, grid: Grid, holidays: NDArray[np.int64] | None) -> pa.Table:
    """Rows of an extract; periods of their own belong to no day."""
    if extract is READINGS:
        return readings_table(grid)
    return DAILY.arrow.empty_table() if grid.minutes == IRREGULAR else roll_up_daily(_counting(grid), holidays)


def _counting(grid: Grid) -> Grid:
    """A grid of which no day knows the readings that gave way to another interval length (V04)."""
    gave_way = grid.rule == LENGTH
    if not gave_way.any():
        return grid
    gave_way &= np.isnan(grid.energy)
    return replace(grid, elsewhere=gave_way if grid.elsewhere is None else gave_way | grid.elsewhere)


def _finding_rows(findings: pd.DataFrame) -> pd.DataFrame:
    """Stored findings with the names and severities of their rules, and starts as timestamps."""
    rules = {rule.rule_id: rule for rule in RULES}
    return findings.assign(
        rule=[rules[rule_id].name for rule_id in findings["rule_id"]],
        severity=[rules[rule_id].severity for rule_id in findings["rule_id"]],
        **{name: pd.to_datetime(findings[name], unit="s") for name in ("first_start_utc", "last_start_utc")},
    )
