"""Registers: from what a dial showed to intervals and known totals (V14), within a file and from one file to the next.

Two reads that are one interval apart give its reading. Two that are further apart, where reads are missing, give the
total of the gap, to which its estimates are scaled. The first and the last read of every stretch are remembered, so
that the interval between two files is not lost, whichever of them comes first. Of a file that lies in a stretch the
reads beside it are the first read, or the last, and the energy that is stored between.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.clock import utc_offsets
from pipeline.schema import Finding, Quality, Rows, Stream, Stretch
from pipeline.sources.registers import Differences, Step, difference_registers
from pipeline.vee.beside import Remembered, beside
from pipeline.vee.local_time import to_utc
from pipeline.vee.place import LOCAL_DAY, UNITS, Placed, stream_edges

Seconds = NDArray[np.int64]

TEXTS = {
    Step.ROLLOVER: "the register turned over: {before:.10g} to {after:.10g} kWh, taken as {energy:.10g} kWh",
    Step.RESET: "the register began again at zero, in its window: {before:.10g} to {after:.10g} kWh",
    Step.FALL: "the register fell from {before:.10g} to {after:.10g} kWh, and no rollover (--digits) or reset "
    "(reset_window) explains it: no energy is taken",
}


class KnownSum(NamedTuple):
    """The energy of a stream between two instants [kWh], of which single intervals (of `minutes`) are not known."""

    stream: int
    start: int
    end: int
    energy: float
    minutes: int


@dataclass
class Differenced:
    """What came of registers.

    Attributes
    ----------
    nearly_full : float
        As for `place_registers`.
    placed : list of Placed
        Readings between neighbouring reads.
    sums : list of KnownSum
        Energy of gaps.
    stretches : dict of (meter_id, channel) to list of Stretch
        What to remember in place of what was remembered.
    findings : list of Finding
        V14.
    """

    nearly_full: float = 0.9
    placed: list[Placed] = field(default_factory=list)
    sums: list[KnownSum] = field(default_factory=list)
    stretches: dict[tuple[str, str], list[Stretch]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Dial:
    """Reads of one register in order of time, an interval apart or a whole number of them; arrays of one length.

    `position` counts intervals; where it is None every two neighbours are a period of their own.
    """

    stream: int
    at: Seconds
    wall: Seconds
    kwh: NDArray[np.float64]
    quality: NDArray[np.uint8]
    minutes: int
    position: Seconds | None


def split_registers(rows: Rows, streams: Sequence[Stream]) -> tuple[Rows, Rows, list[int]]:
    """Part rows of intervals from those of registers; the usual run has none, and nothing is copied.

    Returns
    -------
    intervals, registers : Rows
    joined : list of int
        Streams of the rows whose registers a reader has differenced itself.
    """
    registers = [number for number, stream in enumerate(streams) if stream.is_register]
    joined = [number for number, stream in enumerate(streams) if stream.opens is not None]
    if joined:
        joined = [number for number in np.unique(rows.stream).tolist() if number in set(joined)]
    if not registers:
        return rows, rows.take(slice(0, 0)), joined
    is_register = np.isin(rows.stream, registers)
    return rows.take(~is_register), rows.take(is_register), joined


def place_registers(
    rows: Rows,
    numbers: Iterable[int],
    streams: Sequence[Stream],
    files: Sequence[Path],
    known: Remembered,
    nearly_full: float = 0.9,
) -> Differenced:
    """Give the energy between reads.

    Parameters
    ----------
    rows : Rows
        Of register streams, in file order within a stream.
    numbers : iterable of int
        Streams whose registers a reader has differenced itself: they are joined to their neighbours here.
    streams, files : sequences
        Stream n of the run, its clock known, and the file that it came from.
    known : Remembered
    nearly_full : float, default 0.9
        Share of its digits from which a register can turn over (V14); chosen, not measured.
    """
    found = Differenced(nearly_full)
    ends: dict[tuple[str, str], list[_Ends]] = {}
    rows = rows.take(np.argsort(rows.stream, kind="stable"))
    for first, end in pairwise(stream_edges(rows.stream)):
        dial = read_dial(rows.take(slice(int(first), int(end))), streams)
        if dial is not None:
            _difference(dial, streams[dial.stream], files[dial.stream], found)
            stretch = Stretch(int(dial.at[0]), float(dial.kwh[0]), int(dial.at[-1]), float(dial.kwh[-1]))
            ends.setdefault(_key(streams[dial.stream]), []).append(_Ends(stretch, dial.stream, dial.minutes))
    for number in numbers:
        own = _Ends(_edges(streams[number]), number, streams[number].minutes or 0)
        ends.setdefault(_key(streams[number]), []).append(own)
    for key, each in ends.items():
        fresh, last = [ends.stretch for ends in each], each[-1]
        about = streams[last.stream], last.minutes, known
        stretches = [part for one in known.stretches.get(key, ()) for part in beside(one, fresh, *about)]
        found.stretches[key] = _join(each, stretches, streams, files, found)
    return found


class _Ends(NamedTuple):
    stretch: Stretch
    stream: int
    minutes: int


def _key(stream: Stream) -> tuple[str, str]:
    return stream.meter_id, stream.channel


def read_dial(rows: Rows, streams: Sequence[Stream], *, regular: float = 0.8) -> Dial | None:
    """Put one register's reads in order and count the intervals between them.

    Parameters
    ----------
    rows : Rows
        Of one stream.
    streams : sequence of Stream
    regular : float, default 0.8
        Share of reads that must be a whole number of intervals apart; the others are then passed over. With fewer,
        every two neighbours are a period of their own (chosen, not measured).

    Returns
    -------
    Dial or None
        None when no read has a value.
    """
    number = int(rows.stream[0])
    stream = streams[number]
    quality = np.zeros(len(rows.stream), np.uint8) if rows.quality is None else rows.quality
    known = np.flatnonzero(~np.isnan(rows.value) & (quality != Quality.MISSING))
    if len(known) == 0:
        return None
    at = _instants(rows.take(known), stream)
    at, latest = np.unique(at[::-1], return_index=True)
    chosen = known[::-1][latest]
    wall, kwh = at + utc_offsets(str(stream.timezone), at), _kwh(rows.value[chosen], stream)
    minutes = stream.minutes or usual_minutes(at, wall)
    clock, step = wall if minutes % LOCAL_DAY == 0 else at, max(1, minutes) * 60
    past = clock % step
    values, counts = np.unique(past, return_counts=True)
    nearest = (clock - values[np.argmax(counts)] + step // 2) // step
    off = np.abs(clock - values[np.argmax(counts)] - nearest * step)
    near = off <= tolerance(step)
    if minutes == 0 or near.mean() < regular:
        return Dial(number, at, wall, kwh, quality[chosen], 0, None)
    position, first = np.unique(nearest[near], return_index=True)
    own = np.flatnonzero(near)[first]
    return Dial(number, at[own], wall[own], kwh[own], quality[chosen][own], minutes, position)


def tolerance(step: int) -> int:
    """Say how far a read may be from where it belongs: three minutes, a tenth of a short interval. [s]"""
    return min(180, step // 10)


def usual_minutes(at: Seconds, wall: Seconds) -> int:
    """Judge how far reads are apart usually: days by the wall clock, less by instants; 0 for a single read. [min]"""
    for clock in (wall, at):
        steps, counts = np.unique(np.round(np.diff(clock) / 60).astype(np.int64), return_counts=True)
        if len(steps) == 0:
            return 0
        usual = int(steps[np.argmax(counts)])
        if usual % LOCAL_DAY == 0 and usual > 0:
            return usual
    return max(0, usual)


def _instants(rows: Rows, stream: Stream) -> Seconds:
    flags = [np.full(len(rows.stream), flag) for flag in (stream.newest_first, stream.fixed_cells)]
    return to_utc(rows, str(stream.timezone), newest_first=flags[0], fixed_cells=flags[1], ends=True).instant


def _kwh(values: NDArray[np.float64], stream: Stream) -> NDArray[np.float64]:
    return values * (UNITS[stream.unit][0] * stream.multiplier)


def _difference(dial: Dial, stream: Stream, file: Path, found: Differenced) -> None:
    """Give readings, sums and findings of one register."""
    order = np.arange(len(dial.at))
    steps = difference_registers(
        order,
        dial.kwh,
        digits=stream.digits,
        reset_window=stream.reset_window,
        wall_clock=dial.wall,
        nearly_full=found.nearly_full,
    )
    begin, end = steps.start, steps.end
    apart = np.ones(len(begin), np.int64) if dial.position is None else dial.position[end] - dial.position[begin]
    minutes = np.full(len(begin), dial.minutes, np.int32)
    if dial.position is None:
        minutes = np.maximum(1, np.round((dial.at[end] - dial.at[begin]) / 60)).astype(np.int32)
    one = apart == 1
    number = np.full(int(one.sum()), dial.stream, np.int32)
    quality = np.maximum(dial.quality[begin], dial.quality[end])[one]
    quality = quality if quality.any() else None
    placed = Placed(number, dial.at[begin][one], minutes[one], steps.energy[one], None, quality)
    found.placed.append(replace(placed, rule=np.ones(len(number), np.uint8)) if stream.doubtful else placed)
    for gap in np.flatnonzero(~one & ~np.isnan(steps.energy)).tolist():
        bounds = int(dial.at[begin[gap]]), int(dial.at[end[gap]])
        found.sums.append(KnownSum(dial.stream, *bounds, float(steps.energy[gap]), dial.minutes))
    found.findings += _say(dial, steps, stream, file)


def _say(dial: Dial, steps: Differences, stream: Stream, file: Path, most: int = 5, low: float = 0.1) -> list[Finding]:
    """Say what is not plain; more resets than `most` in one finding.

    A counter of the day, which may begin again at any time, and does so over and over at nearly nothing (`low`), is
    plain: every midnight of it would be a fault.
    """
    findings = []
    resets = np.flatnonzero(steps.step == Step.RESET)
    told = steps.step != Step.PLAIN
    if stream.reset_window == ("any", "any"):
        clean = resets[dial.kwh[steps.end[resets]] <= low * dial.kwh[steps.start[resets]]]
        told[clean] = len(clean) < 2
        resets = resets[told[resets]]
    if len(resets) > most:
        told[resets] = False
        first, last = (int(dial.at[int(steps.start[each])]) for each in resets[[0, -1]])
        text = f"the register began again at zero {len(resets)} times, in its window"
        findings.append(Finding("V14", stream.meter_id, stream.channel, first, last, len(resets), text, file))
    for each in np.flatnonzero(told).tolist():
        begin, end = int(steps.start[each]), int(steps.end[each])
        values = {"before": dial.kwh[begin], "after": dial.kwh[end], "energy": steps.energy[each]}
        text = TEXTS[Step(int(steps.step[each]))].format(**values)
        at = int(dial.at[begin])
        findings.append(Finding("V14", stream.meter_id, stream.channel, at, at, 1, text, file))
    return findings


def _edges(stream: Stream) -> Stretch:
    """First and last read of a register that its reader has differenced, as instants and in kWh."""
    reads = [read for read in (stream.opens, stream.closes) if read is not None]
    stamps, values = np.array([at for at, _ in reads], np.int64), np.array([value for _, value in reads], np.float64)
    at = _instants(Rows(np.zeros(2, np.int32), stamps, values, None, None, None), stream)
    kwh = _kwh(values, stream)
    return Stretch(int(at[0]), float(kwh[0]), int(at[1]), float(kwh[1]))


def _join(
    own: Sequence[_Ends], known: Sequence[Stretch], streams: Sequence[Stream], files: Sequence[Path], found: Differenced
) -> list[Stretch]:
    """Take the differences between the stretches of one register, earlier runs' among them; give what to remember."""
    fresh = {ends.stretch for ends in own}
    latest = own[-1]
    joined: list[Stretch] = []
    for stretch in sorted({*known, *fresh}, key=lambda each: (each.first_at, each not in fresh)):
        before = joined[-1] if joined else stretch
        is_new = stretch in fresh or before in fresh
        gap = _between(before, stretch, latest, streams[latest.stream])
        if stretch.first_at > before.last_at and is_new:
            _difference(gap, streams[latest.stream], files[latest.stream], found)
        if not joined or (gap.position is not None and gap.position[1] > 1):
            joined.append(stretch)
            continue
        last = max(before, stretch, key=lambda each: (each.last_at, each in fresh))
        joined[-1] = Stretch(before.first_at, before.first_kwh, last.last_at, last.last_kwh)
        fresh |= {joined[-1]} if is_new else set()
    return joined


def _between(before: Stretch, after: Stretch, ends: _Ends, stream: Stream) -> Dial:
    """The last read of one stretch and the first of the next; one interval apart only when they are exactly that."""
    at = np.array([before.last_at, after.first_at])
    wall = at + utc_offsets(str(stream.timezone), at)
    kwh, quality = np.array([before.last_kwh, after.first_kwh]), np.zeros(2, np.uint8)
    step = ends.minutes * 60
    if step == 0:
        return Dial(ends.stream, at, wall, kwh, quality, 0, None)
    span = int(np.diff(wall if ends.minutes % LOCAL_DAY == 0 else at)[0])
    apart = (span + step // 2) // step
    apart = apart if abs(span - apart * step) <= tolerance(step) else max(2, apart)
    return Dial(ends.stream, at, wall, kwh, quality, ends.minutes, np.array([0, apart]))
