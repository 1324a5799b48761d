"""One block of channels, from rows as read to a validated grid: the part of a run that works on many cores.

A block opens nothing but a reading connection for its history, knows no clock and writes nothing, so that blocks can
be worked on side by side, here or elsewhere.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress, groupby
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.clock import interval_ends
from pipeline.earlier import earlier_findings
from pipeline.schema import Finding, Quality, Rows, Stream, Stretch
from pipeline.stores.records import Told
from pipeline.vee.beside import Remembered, StoredEnergy
from pipeline.vee.build import Replaced, irregular_grids, join_cells, regular_grid, without_blanks
from pipeline.vee.cells import IRREGULAR, Cells, Registry, cells, starts_of
from pipeline.vee.edit import Edit, apply_edits
from pipeline.vee.findings import Earlier
from pipeline.vee.grid import Grid
from pipeline.vee.lengths import Intervals, as_read, covered, joined_intervals
from pipeline.vee.place import Placed, place, stream_edges
from pipeline.vee.registers import KnownSum, place_registers, split_registers
from pipeline.vee.rules import RuleBook
from pipeline.vee.validate import run_vee

DAY = 86400
SUPPLIER_FLAG = 20
"""Rule V20: what the supplier has estimated is what was read all the same."""


def _nothing_told(first: int, last: int) -> Sequence[Told]:
    return ()


@dataclass(frozen=True)
class Known:
    """What the blocks of a run share: streams, channels, rules, calendar; nobody changes it.

    Attributes
    ----------
    streams, files : sequences
        Stream n of the run, and the file it came from.
    registry : Registry
        Channel numbers and clocks.
    sites : sequence of str
        Site of each channel number.
    channel_ids : mapping of (meter_id, channel, minutes) to int
        Channels that the database knows already.
    history : function
        (channel_ids, first_utc, last_utc) to their readings in the database, as `pipeline.stores.tables.READINGS`.
    book : RuleBook
    holidays : array of int64 or None
        Local day numbers that are public holidays.
    exporting : set of str
        Meters that have a received channel.
    limits : mapping of str to float
        Largest possible power of a meter, where known. [kW]
    edits : sequence of Edit
        Of this run.
    stretches : mapping of (meter_id, channel) to sequence of Stretch
        What earlier runs remember of registers.
    told : function
        (first_utc, last_utc) to the findings of channels that earlier runs told there.
    remembered : sequence of Edit
        Of earlier runs; one whose start is no interval any more is passed over.
    spans : mapping of int to (int, int)
        First and last start of channels that the database holds readings of. [s since 1970 UTC]
    reloaded : set of int
        Files that are read again: what they said before is no history.
    now : int or None
        For rule V22. [s since 1970 UTC]
    context_days : int
        How much history before and after new readings the rules look at (13 weeks: the longest window of a rule).
    """

    streams: Sequence[Stream]
    files: Sequence[Path]
    registry: Registry
    sites: Sequence[str]
    channel_ids: Mapping[tuple[str, str, int], int]
    history: Callable[[Sequence[int], int, int], pa.Table]
    book: RuleBook
    holidays: NDArray[np.int64] | None
    exporting: frozenset[str] = frozenset()
    limits: Mapping[str, float] = field(default_factory=dict)
    edits: Sequence[Edit] = ()
    remembered: Sequence[Edit] = ()
    stretches: Mapping[tuple[str, str], Sequence[Stretch]] = field(default_factory=dict)
    told: Callable[[int, int], Sequence[Told]] = _nothing_told
    spans: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    reloaded: frozenset[int] = frozenset()
    now: int | None = None
    context_days: int = 91

    @cached_property
    def lengths(self) -> Mapping[tuple[str, str], Mapping[int, int]]:
        """Channels of each stream that the database holds readings of: interval length [min] to channel number."""
        found: dict[tuple[str, str], dict[int, int]] = {}
        for (meter_id, channel, minutes), number in self.channel_ids.items():
            if number in self.spans:
                found.setdefault((meter_id, channel), {})[minutes] = number
        return found

    def stored_energy(self, key: tuple[str, str], minutes: int, first: int, last: int) -> StoredEnergy:
        """Give what the database holds of a register, as it was read. [kWh]"""
        number, half = self.channel_ids.get((*key, minutes), 0), minutes * 30
        rows = self.history([number], first - half, last - half).to_pandas()
        plain = rows["energy_kwh"].where((rows["quality"] == Quality.ACTUAL) | (rows["rule"] == SUPPLIER_FLAG))
        return StoredEnergy(
            rows["start_utc"].to_numpy(dtype=np.int64),
            rows["raw_kwh"].fillna(plain).to_numpy(dtype=np.float64),
            rows["file_id"].isin(list(self.reloaded)).to_numpy(dtype=np.bool_),
        )

    @cached_property
    def newest(self) -> Mapping[tuple[str, str], int]:
        """Start of the newest reading of each stream that the database holds, at whichever interval length."""
        return {stream: max(self.spans[one][1] for one in own.values()) for stream, own in self.lengths.items()}


@dataclass(frozen=True)
class Laid:
    """A grid, what the database already holds of its channels, and readings of this run that a later one replaced.

    `totals` are known sums: row of the grid, first and last interval, and their energy. [kWh]
    """

    grid: Grid
    existing: pa.Table | None = None
    replaced: Replaced | None = None
    totals: Sequence[tuple[int, int, int, float]] = ()


@dataclass(frozen=True)
class Result:
    """What came of a block.

    Attributes
    ----------
    laid : list of Laid
        Validated, estimated, edited.
    findings : list of Finding
    as_read : pandas.DataFrame
        One row a stream: `stream`, `kwh`, `first`, `last`: what its file said, before any rule.
    stretches : mapping of (meter_id, channel) to sequence of Stretch
        What is to be remembered of registers.
    kept : sequence of Told
        Earlier findings that go on to tell of more than this run has judged.
    """

    laid: list[Laid]
    findings: list[Finding]
    as_read: pd.DataFrame
    stretches: Mapping[tuple[str, str], Sequence[Stretch]] = field(default_factory=dict)
    kept: Sequence[Told] = ()

    def plain_grids(self) -> list[Grid]:
        """Give the grids without the streams of several interval lengths, which are settled when all are there."""
        grids = [one.grid for one in self.laid]
        if len(grids) < 2:
            return grids
        keys = [list(zip(grid.channels["meter_id"], grid.channels["channel"], strict=True)) for grid in grids]
        lengths = {(key, grid.minutes) for grid, own in zip(grids, keys, strict=True) for key in own}
        times = Counter(key for key, _ in lengths)
        single = [np.array([times[key] == 1 for key in own]) for own in keys]
        return [
            grid if own.all() else grid.of_channels(own) for grid, own in zip(grids, single, strict=True) if own.any()
        ]


def work_block(rows: Rows, known: Known) -> Result:
    """Place, validate, estimate and edit the readings of some channels."""
    intervals, reads, joined = split_registers(rows, known.streams)
    placed, findings = place(intervals, known.streams, known.files)
    nearly_full = known.book.value("V14", "share")
    remembered = Remembered(known.stretches, known.stored_energy, bool(known.reloaded))
    registers = place_registers(reads, joined, known.streams, known.files, remembered, nearly_full)
    placed += registers.placed
    findings += registers.findings
    pieces: list[Cells] = []
    for kind in placed:
        found, said = cells(kind, known.registry, tolerance=round(60 * known.book.value("V06", "minutes")))
        pieces += found
        findings += said
    laid, kept = [], []
    for one, said in _lay(pieces, registers.sums, known):
        earlier = [] if one.existing is None else earlier_findings(one.grid, known.lengths, known.told, known.reloaded)
        kept += [told for told, finding in earlier if finding.stays]
        one, more = _validate(one, known, [finding for _, finding in earlier])
        findings += said + more
        laid.append(one)
    newest = _newest(laid, known)
    findings = [one for one in findings if not _goes_on(one, newest)]
    read = [_as_read(kind) for kind in placed if len(kind.stream)]
    read += [pd.DataFrame([(one.stream, one.energy, one.start, one.start)], columns=AS_READ) for one in registers.sums]
    return Result(laid, findings, pd.concat(read) if read else pd.DataFrame(), registers.stretches, kept)


def _newest(laid: list[Laid], known: Known) -> dict[tuple[str, str], int]:
    """Give the start of the newest reading of each stream, at whichever interval length."""
    newest = dict(known.newest)
    for grid in (one.grid for one in laid):
        table = grid.channels
        starts = grid.starts[table["last"].to_numpy()].tolist()
        for meter_id, channel, start in zip(table["meter_id"], table["channel"], starts, strict=True):
            newest[meter_id, channel] = max(start, newest.get((meter_id, channel), start))
    return newest


def _goes_on(one: Finding, newest: dict[tuple[str, str], int]) -> bool:
    """True for a newest reading called old (V22) when its stream has newer ones at another interval length."""
    if one.rule_id != "V22" or one.intervals > 1:
        return False
    return newest.get((one.meter_id or "", one.channel or ""), 0) > (one.first_start_utc or 0)


AS_READ = ("stream", "kwh", "first", "last")


def _as_read(placed: Placed) -> pd.DataFrame:
    edges = stream_edges(placed.stream)[:-1]
    return pd.DataFrame(
        {
            "stream": placed.stream[edges],
            "kwh": np.add.reduceat(np.nan_to_num(placed.energy), edges),
            "first": np.minimum.reduceat(placed.start, edges),
            "last": np.maximum.reduceat(placed.start, edges),
        }
    )


def _validate(one: Laid, known: Known, earlier: Sequence[Earlier]) -> tuple[Laid, list[Finding]]:
    """Let the rules and people's edits speak; periods of their own cannot be edited, they have no common step."""
    grid, findings = run_vee(one.grid, known.book, known.holidays, one.totals, known.now, earlier)
    if grid.minutes == IRREGULAR or not (known.remembered or known.edits):
        return replace(one, grid=grid), findings
    fits = np.isin([edit.start for edit in known.remembered], grid.starts).tolist()
    remembered = compress(known.remembered, fits)
    return replace(one, grid=apply_edits(grid, [*remembered, *known.edits])), findings


def _lay(pieces: list[Cells], sums: list[KnownSum], known: Known) -> Iterator[tuple[Laid, list[Finding]]]:
    def kind(piece: Cells) -> tuple[int, int, str]:
        return piece.minutes, piece.phase, piece.timezone

    groups = (join_cells(list(group)) for _, group in groupby(sorted(pieces, key=kind), key=kind))
    parts = [part for part in map(without_blanks, groups) if len(part.number)]
    for joined in parts:
        channels = _channels(joined, known)
        existing = _history(joined, channels, known)
        if joined.minutes == IRREGULAR:
            for grid in irregular_grids(joined, channels):
                yield Laid(grid, existing), []
        else:
            past = None if existing is None else existing.to_pandas()
            if past is not None and known.reloaded:
                past = past[~past["file_id"].isin(known.reloaded)]
            grid, said, replaced = regular_grid(joined, channels, past)
            grid = _without_elsewhere(grid, channels, [part for part in parts if part is not joined], known)
            yield Laid(grid, existing, replaced, _totals(grid, channels, sums, known)), said


def _without_elsewhere(grid: Grid, channels: pd.DataFrame, others: list[Cells], known: Known) -> Grid:
    """Expect nothing in the gaps that their streams fill at another interval length.

    A gap is looked at once: where nobody has read, it is that of the shortest intervals whose span it is in.
    """
    present = [set(np.flatnonzero(np.bincount(part.number)).tolist()) for part in others]
    streams = zip(channels["meter_id"], channels["channel"], strict=True)
    filled: list[tuple[int, NDArray[np.intp]]] = []
    for row, (number, stream) in enumerate(zip(channels.index.tolist(), streams, strict=True)):
        taken = [
            _in_run(part, number, grid.minutes) for part, own in zip(others, present, strict=True) if number in own
        ]
        if known.lengths.get(stream, {}).keys() - {grid.minutes}:
            taken += _in_store(grid, row, known)
        if taken:
            gap = np.flatnonzero(np.isnan(grid.energy[row]) & np.isnan(grid.raw[row]))
            filled.append((row, gap[covered(Intervals(grid.starts[gap], grid.ends[gap]), joined_intervals(taken))]))
    if not any(len(gap) for _, gap in filled):
        return grid
    elsewhere = np.zeros(grid.shape, dtype=np.bool_)
    for row, gap in filled:
        elsewhere[row, gap] = True
    return replace(grid, elsewhere=elsewhere)


def _in_run(part: Cells, number: int, minutes: int) -> Intervals:
    """What this run has of a stream at another length: its whole span when that is shorter, else what was read."""
    position = part.position[part.number == number]
    end = None if part.end is None else part.end[part.number == number]
    if part.minutes != IRREGULAR and part.minutes < minutes:
        position = np.array([position.min(), position.max()])
    start = starts_of(position, part.minutes, part.phase, part.timezone)
    end = starts_of(position + 1, part.minutes, part.phase, part.timezone) if end is None else end
    is_span = part.minutes != IRREGULAR and part.minutes < minutes
    return Intervals(start[:1], end[1:]) if is_span else Intervals(start, end)


def _in_store(grid: Grid, row: int, known: Known) -> list[Intervals]:
    """What the database has of a stream at other lengths, in the time that the run may write; as for `_in_run`."""
    about = grid.channels.iloc[row]
    stored = known.lengths.get((about["meter_id"], about["channel"]), {})
    first, last = int(grid.starts[about["fresh_first"]]), int(grid.ends[about["fresh_last"]])
    found = []
    for minutes, number in stored.items():
        begin, end = (known.spans[number][0], known.spans[number][1] + max(minutes, 1) * 60)
        if minutes == grid.minutes or begin >= last or (end <= first and minutes != IRREGULAR):
            continue
        if minutes != IRREGULAR and minutes < grid.minutes:
            found.append(Intervals(np.array([begin]), np.array([end])))
            continue
        reach = known.context_days * DAY if minutes == IRREGULAR else 2 * DAY
        rows = known.history([number], first - reach, last).to_pandas()
        rows = rows[as_read(rows)[1] & ~rows["file_id"].isin(list(known.reloaded))]
        start, own = rows["start_utc"].to_numpy(dtype=np.int64), rows["minutes"].to_numpy()
        ends = (
            start + own.astype(np.int64) * 60 if minutes == IRREGULAR else interval_ends(grid.timezone, start, minutes)
        )
        found.append(Intervals(start, ends))
    return found


def _totals(
    grid: Grid, channels: pd.DataFrame, sums: list[KnownSum], known: Known
) -> list[tuple[int, int, int, float]]:
    """Find the intervals of the grid that known sums are of."""
    row_of = {number: row for row, number in enumerate(channels.index.tolist())}
    half, found = grid.minutes * 30, []
    for one in sums:
        row = row_of.get(int(known.registry.number[one.stream]))
        first = int(np.searchsorted(grid.starts, one.start - half))
        last = int(np.searchsorted(grid.ends, one.end - half))
        inside = last < len(grid.ends) and abs(int(grid.starts[first]) - one.start) < half
        if row is not None and one.minutes == grid.minutes and inside:
            found.append((row, first, last, one.energy))
    return found


def _channels(joined: Cells, known: Known) -> pd.DataFrame:
    numbers = np.flatnonzero(np.bincount(joined.number))
    names = [known.registry.names[number] for number in numbers.tolist()]
    return pd.DataFrame(
        {
            "site_id": [known.sites[number] for number in numbers.tolist()],
            "meter_id": [meter for meter, _ in names],
            "channel": [channel for _, channel in names],
            "channel_id": [known.channel_ids.get((*name, joined.minutes), 0) for name in names],
            "can_export": [meter in known.exporting for meter, _ in names],
            "limit_kw": [known.limits.get(meter, np.nan) for meter, _ in names],
        },
        index=numbers,
    )


def _history(joined: Cells, channels: pd.DataFrame, known: Known) -> pa.Table | None:
    """What the database holds around the new readings, and beyond a longer gap of a channel."""
    ids = channels.loc[channels["channel_id"] > 0, "channel_id"].tolist()
    if not ids:
        return None
    step = 1 if joined.minutes == IRREGULAR else joined.minutes * 60
    first, last = (int(bound) * step + joined.phase for bound in (joined.position.min(), joined.position.max()))
    reach = known.context_days * DAY
    tables = [known.history(ids, first - reach, last + reach)]
    for number in ids:
        begin, end = known.spans.get(number, (first, last))
        if end < first - reach:
            tables.append(known.history([number], end - reach, end))
        elif begin > last + reach:
            tables.append(known.history([number], begin, begin + reach))
    if len(tables) == 1:
        return tables[0]
    return pa.concat_tables(tables).sort_by([("channel_id", "ascending"), ("start_utc", "ascending")])
