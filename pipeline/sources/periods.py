"""Rows of a value with the end, or both ends, of its interval, as building systems and energy dashboards export them.

Values are the energy of the interval, or a register whose differences are. The rules are those of the Open Energy
Dashboard's import, with one difference: intervals are kept in UTC, so an hour that the clock repeats is not lost, and
an interval over a clock change needs no splitting. A register's first and last read join it to the files beside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import FileRefusedError
from pipeline.schema import Stream
from pipeline.sources.day_periods import clock_shift
from pipeline.sources.document import Document
from pipeline.sources.evidence import differ
from pipeline.sources.overrides import apply_meter
from pipeline.sources.period_rows import PeriodColumns, Periods, find_period_columns, read_period_rows
from pipeline.sources.problems import Problems
from pipeline.sources.registers import Step, difference_registers
from pipeline.sources.source import Batch, Feed, Source
from pipeline.sources.stamps import DAY
from pipeline.sources.table import Table, read_table
from pipeline.sources.units import REACTIVE_UNITS, unit_in
from pipeline.sources.values import file_meter, known_unit
from pipeline.sources.words import REGISTER_WORDS, channel_of, meter_rank, words_of

LAYOUT = "periods"

Bools = NDArray[np.bool_]
Seconds = NDArray[np.int64]


@dataclass(frozen=True)
class _Rules:
    """What is tolerated in the rows of a file, where problems go, and whether stamps are instants."""

    feed: Feed
    problems: Problems
    source: Source
    instants: bool

    def say(self, periods: Periods, chosen: Bools, rule_id: str, text: str, *, bad: bool = False) -> None:
        """Note rows by their lines; `bad` ones refuse a strict file."""
        for row in np.flatnonzero(chosen).tolist():
            starts = (int(periods.start[row]),) if self.instants else ()
            note = self.problems.add if bad else self.problems.say
            note(rule_id, text, f"line {periods.line[row]}", starts=starts)


def score_periods(table: Table, feed: Feed) -> float:
    """Say how sure it is that rows are a value with both ends of its interval and nothing else."""
    columns = find_period_columns(table, feed)
    if columns is None or columns.start is None or len(table.names) > 4:
        return 0.0
    others = set(range(len(table.names))) - set(columns)
    return 0.0 if any(differ(table, n) or meter_rank(table.names[n]) is not None for n in others) else 0.9


def read_periods(document: Document, feed: Feed, today: int | None = None) -> Source:
    """Read rows of `value,start,end` or `value,end`, in any order of columns, with or without names.

    Of the feed, `is_register`, `digits`, `reset_window`, `newest_first`, `gap_seconds`, `length_seconds`, `repeats` and
    `strict` are heeded. The energy between the last row of a register file and the first of the next is not known here.

    Raises
    ------
    FileRefusedError
        V21, when it is no such table or no reading is left; V01, when its dates cannot be trusted; with `feed.strict`
        also for one row that cannot be read, or a register that falls. Some while the batches are consumed.
    """
    table = read_table(document, feed)
    columns = find_period_columns(table, feed)
    if columns is None:
        raise FileRefusedError(document.path, "rows are not one value with the end of its interval", "give columns")
    source = Source(document.path, LAYOUT, 1.0, iter(()), notes=list(document.notes))
    source.batches = _batches(document, table, columns, feed, source, today)
    return source


def _batches(
    document: Document, table: Table, columns: PeriodColumns, feed: Feed, source: Source, today: int | None
) -> Iterator[Batch]:
    stream = _stream(document, table, columns, feed, source)
    problems = Problems(document.path, strict=feed.strict, stream=(stream.meter_id, stream.channel))
    periods, verdict = read_period_rows(document, table, columns, feed, problems, today)
    source.notes += verdict.notes
    rules = _Rules(feed, problems, source, verdict.instants)
    periods = _oldest_first(periods, rules)
    is_register = _is_register(table, columns, feed, stream.meter_id)
    if is_register:
        kept = _differences(periods, rules, has_start=columns.start is not None)
    else:
        kept = _intervals(periods if columns.start is not None else _from_end_before(periods, rules), rules)
    source.findings += problems.findings()
    if not len(kept.value):
        raise FileRefusedError(document.path, f"no reading is left: {problems.summary() or 'there is only one row'}")
    if verdict.distrust:
        source.mark_doubtful(verdict.distrust, len(kept.value))
    clock = "UTC" if verdict.instants else feed.timezone
    settled = apply_meter(replace(_with_length(stream, kept), timezone=clock), stream.meter_id, feed)
    if settled is not None:
        opens, closes = _edges(periods) if is_register else (None, None)
        plain = replace(settled, is_register=False, label="start", digits=feed.digits, reset_window=feed.reset_window)
        source.streams.append(replace(plain, opens=opens, closes=closes))
        yield _batch(kept, settled)


def _stream(document: Document, table: Table, columns: PeriodColumns, feed: Feed, source: Source) -> Stream:
    name = table.names[columns.value] if table.named else ""
    stated = feed.unit or unit_in(name) or table.unit
    if stated is None:
        source.notes.append("no unit is stated: values are taken as kWh (--unit)")
    meaning = known_unit(stated or "kWh")
    channel = "reactive" if meaning.unit in REACTIVE_UNITS else channel_of(name)
    return Stream(file_meter(document.path), channel, meaning.unit, multiplier=meaning.multiplier)


def _is_register(table: Table, columns: PeriodColumns, feed: Feed, meter_id: str) -> bool:
    said = feed.meters.get(meter_id, feed.meters.get("*", {})).get("is_register", feed.is_register)
    if said is not None:
        return bool(said)
    return table.named and bool(set(words_of(table.names[columns.value])) & REGISTER_WORDS)


def _oldest_first(periods: Periods, rules: _Rules) -> Periods:
    """Turn a file that runs backwards; sort one that runs both ways, unless only by an hour that a clock repeats."""
    steps = np.diff(periods.end)
    newest_first = rules.feed.newest_first
    if newest_first is None:
        newest_first = bool((steps < 0).sum() > (steps > 0).sum())
    if newest_first:
        rules.source.notes.append("the newest reading stands first")
        periods, steps = periods.take(slice(None, None, -1)), -steps[::-1]
    if (steps < (0 if rules.instants else -7200)).any():
        rules.source.notes.append("rows are not in order of time: sorted")
        periods = periods.take(np.argsort(periods.end, kind="stable"))
    return periods


def _from_end_before(periods: Periods, rules: _Rules) -> Periods:
    """Where rows have only ends, a reading begins where the one before it ended, so the first has no beginning."""
    if not len(periods.end):
        return periods
    rules.source.notes.append(
        f"rows have only the end of their interval: the first, line {periods.line[0]}, has no start"
    )
    later = periods.take(slice(1, None))
    return later._replace(start=periods.end[:-1], wall_start=periods.wall_end[:-1])


def _intervals(periods: Periods, rules: _Rules) -> Periods:
    """Leave out what has no length or begins inside another reading; say gaps and differences in length."""
    periods = periods._replace(end=_whole_ends(periods.start, periods.end))
    written = periods.end
    periods = periods if rules.instants else _over_clock_changes(periods, rules.feed.timezone)
    length = periods.end - periods.start
    backward = length < 0
    rules.say(periods, backward, "V04", "a reading that ends before it begins was left out", bad=True)
    good = ~backward & _has_length(periods, rules)
    _say_lengths(periods, good, rules)
    gap = np.zeros(len(length), dtype=np.int64)
    gap[1:] = periods.start[1:] - np.maximum(written, periods.end)[:-1]
    rules.say(periods, good & (gap > rules.feed.gap_seconds), "V05", "there is a gap before a reading")
    inside = _begins_inside(periods, good)
    rules.say(periods, inside, "V02", "a reading begins before the one in front has ended: left out")
    return periods.take(good & ~inside)


def _whole_ends(start: Seconds, end: Seconds) -> Seconds:
    """Round ends up that are the last second or minute of their interval, where most are."""
    short = (end - start) % 300
    early = short >= 240
    return np.where(early, end + 300 - short, end) if early.any() and early.mean() > 0.5 else end


def _over_clock_changes(periods: Periods, zone: str | None) -> Periods:
    """Take the hour of a clock change from lengths: 01:45 to 03:00 in spring, 02:45 to 02:00 in autumn are 15 min."""
    length = periods.end - periods.start
    ahead = length[(length > 0) & (length < DAY)]
    if zone is None or not len(ahead):
        return periods
    end = periods.end.copy()
    for row in np.flatnonzero((length <= 0) | ((length > np.median(ahead)) & (length < DAY))).tolist():
        end[row] -= clock_shift(int(periods.start[row]), int(periods.end[row]), zone)
    return periods._replace(end=np.where(end > periods.start, end, periods.end))


def _differences(periods: Periods, rules: _Rules, *, has_start: bool) -> Periods:
    """Turn register reads into the energy between them; a read belongs to the end of its row."""
    unknown = np.isnan(periods.value)
    rules.say(periods, unknown, "V05", "a register read is missing: the energy goes to the next")
    reads = periods.take(~unknown)
    if len(reads.line):
        rules.source.notes.append(f"the values are a register: the first, line {reads.line[0]}, only begins it")
    feed = rules.feed
    found = difference_registers(
        reads.end, reads.value, digits=feed.digits, reset_window=feed.reset_window, wall_clock=reads.wall_end
    )
    energy = reads.take(slice(1, None))._replace(value=found.energy)
    fell = found.step == Step.FALL
    text = "the register fell, and no rollover (--digits) or reset (reset_window) explains it: left out"
    rules.say(energy, fell, "V14", text, bad=True)
    rules.say(energy, found.step == Step.ROLLOVER, "V14", "the register turned over")
    rules.say(energy, found.step == Step.RESET, "V14", "the register began again at zero")
    apart = np.abs(energy.start - found.start) > feed.gap_seconds
    if has_start:
        text = "a register's reading does not begin where the one before it ended: left out"
        rules.say(energy, apart & ~fell, "V05", text)
    else:
        energy, apart = energy._replace(start=found.start, wall_start=reads.wall_end[:-1]), np.zeros_like(fell)
    good = ~fell & ~apart & (energy.end > energy.start) & _has_length(energy, rules)
    _say_lengths(energy, good, rules)
    return energy.take(good)


def _edges(reads: Periods) -> list[tuple[int, float]]:
    """First and last read of a register: the one begins, the other ends, what its differences are of."""
    known = np.flatnonzero(~np.isnan(reads.value))[[0, -1]]
    return [(int(reads.end[each]), float(reads.value[each])) for each in known]


def _has_length(periods: Periods, rules: _Rules) -> Bools:
    """True for readings that are longer than half a minute, the shortest that can be placed."""
    length = periods.end - periods.start
    short = (length >= 0) & (length < 30)
    rules.say(periods, short, "V04", "a reading without length was left out")
    rules.say(periods, ~short & (length % 60 != 0), "V04", "a length is not whole minutes: rounded")
    return ~short


def _say_lengths(periods: Periods, good: Bools, rules: _Rules) -> None:
    """Say readings whose length differs from the one before, by the instants and by the wall clock."""
    lengths = (periods.end - periods.start, periods.wall_end - periods.wall_start)
    differ = np.minimum(*(np.abs(np.diff(length, prepend=length[:1])) for length in lengths))
    text = f"the length differs from the reading before by more than {rules.feed.length_seconds:g} s"
    rules.say(periods, good & (differ > rules.feed.length_seconds), "V04", text)


def _begins_inside(periods: Periods, good: Bools) -> Bools:
    """True for good readings that begin inside an earlier one; equal starts are versions, or an hour that repeats."""
    inside = np.zeros(len(good), dtype=np.bool_)
    seen: set[int] = set()
    latest = np.iinfo(np.int64).min
    for row in np.flatnonzero(good).tolist():
        start, end = int(periods.start[row]), int(periods.end[row])
        inside[row] = start < latest and start not in seen
        if not inside[row]:
            seen.add(start)
            latest = max(latest, end)
    return inside


def _with_length(stream: Stream, kept: Periods) -> Stream:
    """State the length that most readings have; days of 23 and 25 hours are days."""
    lengths, counts = np.unique(_minutes(kept), return_counts=True)
    usual = int(lengths[np.argmax(counts)])
    if 2 * counts.max() < len(kept.value):
        return stream
    return replace(stream, minutes=1440 if usual in (1380, 1500) else usual)


def _minutes(kept: Periods) -> NDArray[np.int32]:
    return np.round((kept.end - kept.start) / 60).astype(np.int32)


def _batch(kept: Periods, stream: Stream) -> Batch:
    minutes = _minutes(kept)
    number = np.zeros(len(kept.value), dtype=np.int32)
    return Batch(number, kept.start, kept.value, minutes=None if (minutes == stream.minutes).all() else minutes)
