"""Blocks worked on and written while the next ones are worked on."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.block import Known, Result, work_block
from pipeline.extracting import Filling
from pipeline.intake import Intake
from pipeline.progress import Tell
from pipeline.schema import Finding
from pipeline.stores.load import NOTHING, Load, Written
from pipeline.stores.reading_rows import replaced_rows, stored_rows
from pipeline.stores.records import Told
from pipeline.stores.register_reads import write_stretches
from pipeline.vee.grid import Grid

ROWS_PER_BLOCK = 800_000
"""Readings that are worked on together (measured: larger blocks take memory and save no time)."""


def work(intake: Intake, known: Known, jobs: int, tell: Tell) -> Iterator[Result]:
    """Work on blocks of channels on several cores; results come in order, a few at a time in memory."""
    unused = intake.unused()
    blocks = list(intake.spool.blocks(ROWS_PER_BLOCK))
    total, done = sum(rows for _, rows in blocks), 0
    waiting: deque[tuple[int, Future[Result]]] = deque()
    with ThreadPoolExecutor(jobs, thread_name_prefix="block") as pool:
        for buckets, size in blocks:
            rows = intake.spool.take(buckets)
            if unused.any():
                rows = rows.take(~unused[rows.stream])
            if len(rows.stream):
                waiting.append((size, pool.submit(work_block, rows, known)))
            del rows
            while len(waiting) > jobs:
                done = done + waiting[0][0]
                yield waiting.popleft()[1].result()
                tell("validating readings", done, total)
        while waiting:
            done = done + waiting[0][0]
            yield waiting.popleft()[1].result()
            tell("validating readings", done, total)


@dataclass
class Stored:
    """What a run has seen and written so far.

    Attributes
    ----------
    written : Written
    findings : list of Finding
    tables : list of pandas.DataFrame
        Channels, by block.
    ranges : dict of int to (int, int)
        First and last start of what was judged, by channel number. [s since 1970 UTC]
    told : dict of int to list of array, or None
        Every start that was written, by channel number; None: nobody will ask. [s since 1970 UTC]
    kept : list of Told
        Earlier findings that stay, though they touch what was judged.
    """

    written: Written = NOTHING
    findings: list[Finding] = field(default_factory=list)
    tables: list[pd.DataFrame] = field(default_factory=list)
    ranges: dict[int, tuple[int, int]] = field(default_factory=dict)
    told: dict[int, list[NDArray[np.int64]]] | None = None
    kept: list[Told] = field(default_factory=list)

    @property
    def channels(self) -> pd.DataFrame:
        """All channels, one row each."""
        return (
            pd.concat(self.tables, ignore_index=True)
            if self.tables
            else pd.DataFrame(columns=["site_id", "meter_id", "channel"])
        )

    def told_starts(self) -> dict[int, NDArray[np.int64]]:
        """Every start that was written, by channel number."""
        return {number: np.concatenate(starts) for number, starts in (self.told or {}).items()}

    def see(self, result: Result, intake: Intake) -> None:
        """Take note of a block: its channels, its findings, and what each file said."""
        self.tables += [one.grid.channels for one in result.laid]
        self.findings += result.findings
        self.kept += result.kept
        for stream, kwh, first, last in result.as_read.itertuples(index=False, name=None):
            intake.files[intake.file_of[stream]].add_read(kwh, first, last)

    def add(self, grid: Grid, ids: NDArray[np.int64], written: Written) -> None:
        """Take note of a grid that was written."""
        self.written = Written(*(old + new for old, new in zip(self.written, written, strict=True)))
        places = [grid.channels[name].tolist() for name in ("fresh_first", "fresh_last")]
        for number, first, last in zip(ids.tolist(), *places, strict=True):
            begin, end = self.ranges.get(number, (int(grid.starts[first]), int(grid.starts[last])))
            self.ranges[number] = (min(begin, int(grid.starts[first])), max(end, int(grid.starts[last])))
            if self.told is not None:
                self.told.setdefault(number, []).append(grid.starts[first : last + 1])


def store_blocks(intake: Intake, known: Known, jobs: int, writing: Load, filling: Filling, tell: Tell) -> Stored:
    """Write blocks while the next ones are worked on: one thread for the database, one for the extracts."""
    stored = Stored(told={} if known.reloaded else None)
    pending: deque[Future[None]] = deque()
    with ThreadPoolExecutor(1) as database, ThreadPoolExecutor(1) as extracts:
        for result in work(intake, known, jobs, tell):
            pending.append(extracts.submit(filling.add, result.plain_grids(), known.holidays))
            pending.append(database.submit(_store, result, intake, writing, stored))
            while len(pending) > 4:
                pending.popleft().result()
        for one in pending:
            one.result()
    return stored


def _store(result: Result, intake: Intake, writing: Load, stored: Stored) -> None:
    stored.see(result, intake)
    for one in result.laid:
        table = one.grid.channels.assign(interval_minutes=one.grid.minutes, timezone=one.grid.timezone)
        table["unit"] = np.where(table["channel"].str.startswith("reactive"), "kVArh", "kWh")
        ids = writing.channel_ids(table)
        stored.add(one.grid, ids, writing.write_readings(stored_rows(one.grid, ids), one.existing))
        if one.replaced is not None:
            writing.write_replaced(replaced_rows(one.replaced, ids))
    write_stretches(writing.connection, result.stretches)
