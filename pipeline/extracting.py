"""Extracts brought up to the database: filled while a first run fills it, caught up from what it holds otherwise."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Engine
from tableauhyperapi import HyperProcess  # type: ignore[import-untyped]

from pipeline.connect import connect_hyper
from pipeline.cost_extract import ChargedOnce, retold_streams, wanted_extracts
from pipeline.costs import PriceBook, open_book, roll_up_costs
from pipeline.errors import SettingsError, StoreError
from pipeline.forecast_extracts import catch_up_forecasts, forecasts_behind
from pipeline.lengths import streams_of_lengths
from pipeline.meter_extract import last_year, meter_rows
from pipeline.pricing import NO_PRICES, Pricing
from pipeline.progress import Tell, silent
from pipeline.rollup import roll_up_daily
from pipeline.schema import STREAM
from pipeline.stale import BY_DAY, changed_streams, ranges_to_read, rows_within, stale_rows, whole
from pipeline.stores.database import (
    changes_since,
    database_id,
    last_load,
    read_channels,
    read_findings,
    read_holidays,
    read_readings,
)
from pipeline.stores.extracts import COSTS, DAILY, EVERY_EXTRACT, FINDINGS, METERS, READINGS, Extract
from pipeline.stores.forecasts import last_issue
from pipeline.stores.hyper import ExtractBuild, build_extract, update_extract, write_extract
from pipeline.stores.load import Load
from pipeline.stores.reading_rows import readings_table
from pipeline.stores.scratch import own_folder, sweep
from pipeline.stores.stored_grids import stored_grids
from pipeline.stores.watermark import Watermark, extract_mark, remove_extract
from pipeline.vee.cells import IRREGULAR
from pipeline.vee.grid import Grid
from pipeline.vee.lengths import LENGTH
from pipeline.vee.rules import RULES

WAITING = "another run is writing these extracts; waiting for it to end"


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
    pricing : Pricing
    """

    folder: Path
    tell: Tell = silent
    pricing: Pricing = NO_PRICES
    _book: PriceBook | None = None
    _once: ChargedOnce | None = None
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

    def begin(self, watermark: Watermark, register: pd.DataFrame) -> None:
        """Open the extracts of readings, days and costs for filling, and hold their folder until they are in place."""
        wanted = wanted_extracts(watermark, NO_PRICES)
        with suppress(SettingsError):
            wanted = wanted_extracts(watermark, self.pricing)
            self._book = open_book(self.pricing, register)
        with suppress(StoreError):
            self._held.enter_context(own_folder(self.folder, lambda: self.tell(WAITING)))
            hyper = self._held.enter_context(connect_hyper())
            for extract in (READINGS, *BY_DAY):
                if extract is COSTS and (COSTS.name not in wanted or self._book is None):
                    continue
                stack = ExitStack()
                build = build_extract(hyper, extract_path(self.folder, extract), extract, wanted[extract.name])
                self._builds[extract.name] = stack.enter_context(build)
                self._stacks[extract.name] = stack

    def add(self, grids: list[Grid], holidays: NDArray[np.int64] | None) -> None:
        """Give grids to the extracts that are being filled."""
        for name in list(self._builds):
            try:
                for grid in grids:
                    rows = _table(EVERY_EXTRACT[name], grid, holidays, self._book)
                    self._builds[name].add(self._once(rows) if self._once and name == COSTS.name else rows)
            except StoreError as error:
                self._end(name, error)

    def add_stored(self, writing: Load, holidays: NDArray[np.int64] | None) -> None:
        """Give the streams of several interval lengths, as the database has them, to what is being filled."""
        if not (self._builds and writing.has_lengths()):
            return
        self._once = ChargedOnce()
        several = whole(streams_of_lengths(writing.channels()))
        for grid in stored_grids(several, lambda *span: writing.history(*span).to_pandas()):
            self.add([grid], holidays)

    def complete(self) -> None:
        """Say that nothing more comes: hyperd ends its part while the database commits."""
        for build in self._builds.values():
            build.complete()

    def _end(self, name: str, error: BaseException | None) -> None:
        self._builds.pop(name)
        stack = self._stacks.pop(name)
        with suppress(StoreError):
            stack.__exit__(
                None if error is None else type(error), error, None if error is None else error.__traceback__
            )


def bring_up(engine: Engine, folder: Path, pricing: Pricing, tell: Tell) -> dict[str, str]:
    """Bring every extract up to the database, one run after the other, so that none is ever put back.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    folder : Path
        Of the extracts.
    pricing : Pricing
        Without any there is no extract of costs: one from before is taken away.
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
            return _bring_up(engine, folder, pricing, tell)
    except StoreError as error:
        return {"extracts": str(error)}


def extracts_behind(engine: Engine, folder: Path, pricing: Pricing) -> list[str]:
    """Name the extracts that are not there, do not hold all that the database does, or are to go; write nothing.

    Raises
    ------
    SettingsError
        When the file of factors cannot be read.
    """
    last = last_load(engine)
    watermark = Watermark(database_id(engine), last)
    wanted = wanted_extracts(watermark, pricing)
    names = [lag.extract.name for lag in _behind(folder, wanted)] if last else []
    names += [COSTS.name] if COSTS.name not in wanted and extract_path(folder, COSTS).exists() else []
    return names + [
        extract.name for extract in forecasts_behind(folder, replace(watermark, issue_id=last_issue(engine)))
    ]


def _bring_up(engine: Engine, folder: Path, pricing: Pricing, tell: Tell) -> dict[str, str]:
    # How far the database is comes before what it holds: what a run adds meanwhile is then added once more.
    watermark = Watermark(database_id(engine), last_load(engine))
    forecast = replace(watermark, issue_id=last_issue(engine))
    trouble: dict[str, str] = {}
    behind = _behind(folder, _wanted(folder, watermark, pricing, trouble, tell))
    later = forecasts_behind(folder, forecast)
    if not behind and not later:
        return trouble
    with connect_hyper() as hyper:
        for lag in behind:
            if lag.extract is METERS and DAILY.name in trouble:
                continue  # it is added up from days, and what is wrong with them is told already
            tell(f"extract {lag.extract.name}")
            try:
                _catch_up(hyper, engine, lag, pricing)
            except (StoreError, SettingsError) as error:
                trouble[lag.extract.name] = str(error)
        for extract in later:
            tell(f"extract {extract.name}")
            try:
                catch_up_forecasts(hyper, engine, folder, extract, forecast)
            except StoreError as error:
                trouble[extract.name] = str(error)
    return trouble


def _wanted(
    folder: Path, watermark: Watermark, pricing: Pricing, trouble: dict[str, str], tell: Tell
) -> dict[str, Watermark]:
    """Extracts that are to be brought up; that of costs stays as it is when its factors cannot be read."""
    try:
        if not pricing.is_set:
            if extract_path(folder, COSTS).exists():
                tell("costs.hyper is taken away: these settings have no [[tariff]] and no [carbon] -> --config FILE")
            remove_extract(extract_path(folder, COSTS))
        return wanted_extracts(watermark, pricing)
    except (StoreError, SettingsError) as error:
        trouble[COSTS.name] = str(error)
        return wanted_extracts(watermark, NO_PRICES)


@dataclass(frozen=True)
class Lag:
    """An extract that is not as it is to be.

    Attributes
    ----------
    extract : Extract
    path : Path
    state : int or None
        The last load that it contains; None when it is to be built anew: it is not there or not ours, the database was
        put back to a backup, or the settings have changed.
    watermark : Watermark
        What it is to contain.
    """

    extract: Extract
    path: Path
    state: int | None
    watermark: Watermark


def _behind(folder: Path, wanted: Mapping[str, Watermark]) -> list[Lag]:
    lags = []
    for name, watermark in wanted.items():
        extract, path = EVERY_EXTRACT[name], extract_path(folder, EVERY_EXTRACT[name])
        mark = extract_mark(path, extract, watermark.database)
        if mark is None or mark.load_id > watermark.load_id or mark.settings != watermark.settings:
            lags.append(Lag(extract, path, None, watermark))
        elif mark.load_id < watermark.load_id:
            lags.append(Lag(extract, path, mark.load_id, watermark))
    return lags


def _catch_up(hyper: HyperProcess, engine: Engine, lag: Lag, pricing: Pricing) -> None:
    if lag.extract is FINDINGS:
        write_extract(hyper, lag.path, lag.extract, _finding_rows(read_findings(engine)), lag.watermark)
        return
    channels = read_channels(engine)
    if lag.extract is METERS:
        year = last_year(extract_path(lag.path.parent, DAILY), hyper)
        write_extract(hyper, lag.path, lag.extract, meter_rows(channels, year), lag.watermark)
        return
    book = open_book(pricing, channels) if lag.extract is COSTS else None
    if lag.state is None:
        with build_extract(hyper, lag.path, lag.extract, lag.watermark) as build:
            for table in _rows(engine, whole(channels), lag.extract, book):
                build.add(table)
        return
    changes = changes_since(engine, lag.state)
    if book is not None:
        retold = channels.merge(retold_streams(lag.path, hyper, channels, book), on=STREAM)
        changes = pd.concat([changes, whole(retold)[changes.columns]])
    changed = changed_streams(changes, channels)
    stale = stale_rows(changed, lag.extract)
    with update_extract(hyper, lag.path, lag.extract, lag.watermark, stale) as build:
        for table in _rows(engine, ranges_to_read(changed, channels, lag.extract), lag.extract, book):
            build.add(rows_within(table, stale, lag.extract))


def _rows(engine: Engine, ranges: pd.DataFrame, extract: Extract, book: PriceBook | None) -> Iterator[pa.Table]:
    days = read_holidays(engine)
    holidays = days if len(days) else None

    def read(channel_ids: Sequence[int], first: int, last: int) -> pd.DataFrame:
        return read_readings(engine, channel_ids, first, last).to_pandas()

    once = ChargedOnce() if extract is COSTS and len(streams_of_lengths(ranges)) else None
    for grid in stored_grids(ranges, read):
        rows = _table(extract, grid, holidays, book)
        yield once(rows) if once else rows


def _table(extract: Extract, grid: Grid, holidays: NDArray[np.int64] | None, book: PriceBook | None) -> pa.Table:
    """Rows of an extract; periods of their own belong to no day."""
    if extract is READINGS:
        return readings_table(grid)
    if book is not None and extract is COSTS:
        return COSTS.arrow.empty_table() if grid.minutes == IRREGULAR else roll_up_costs(grid, book, holidays)
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
