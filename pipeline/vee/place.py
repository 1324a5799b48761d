"""Readings in their place: clock, interval end, unit and duration applied, row by row, before there is a grid.

What a reader gave says only what the file says. Here the rows of some channels, from all files of a run, get the UTC
start of their interval and become kWh. Rules V03 (clock changes), V04 (interval size) and V06 (time tolerance) speak.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.clock import first_instants
from pipeline.schema import Finding, Rows, Stream
from pipeline.vee.clock_changes import mend_clock_changes
from pipeline.vee.fine import to_minutes
from pipeline.vee.local_time import Resolved, spring_gap, to_utc

UNITS = {
    "kWh": (1.0, False),
    "Wh": (1e-3, False),
    "MWh": (1e3, False),
    "GWh": (1e6, False),
    "kVArh": (1.0, False),
    "VArh": (1e-3, False),
    "kW": (1.0, True),
    "W": (1e-3, True),
    "MW": (1e3, True),
    "kVAr": (1.0, True),
}
"""Unit to (factor to kWh or kVArh, is it power): energy of an interval = value x factor [x hours]."""

LOCAL_DAY = 1440
"""Length that means a local day, of 23, 24 or 25 hours. [min]"""


@dataclass(frozen=True)
class Placed:
    """Readings of some streams with UTC starts, in kWh; arrays of one length, later rows win.

    Attributes
    ----------
    stream : array of int32
        Row of the stream table.
    start : array of int64
        [s since 1970 UTC]
    minutes : array of int32
        Interval length; `LOCAL_DAY` is a local day.
    energy : array of float64
        [kWh]
    raw : array of float64 or None
        The value as read where `energy` is not that; NaN elsewhere. [kWh]
    quality, method, rule : array of uint8 or None
        None: all zero.
    """

    stream: NDArray[np.int32]
    start: NDArray[np.int64]
    minutes: NDArray[np.int32]
    energy: NDArray[np.float64]
    raw: NDArray[np.float64] | None = None
    quality: NDArray[np.uint8] | None = None
    method: NDArray[np.uint8] | None = None
    rule: NDArray[np.uint8] | None = None


def place(rows: Rows, streams: Sequence[Stream], files: Sequence[Path]) -> tuple[list[Placed], list[Finding]]:
    """Give rows their interval and their energy.

    Parameters
    ----------
    rows : Rows
        Of interval streams (no registers), in file order within a stream.
    streams, files : sequences
        Stream n of the run, its clock known, and the file that it came from.

    Returns
    -------
    placed : list of Placed
        One for each kind of stream (clock, label, unit), sorted by stream, rows in file order.
    findings : list of Finding
        V03, V04, V06 and V17.
    """
    power = [UNITS[stream.unit][1] for stream in streams]
    rows, fine = to_minutes(_by_stream(rows), streams, power)
    placed: list[Placed] = []
    findings: list[Finding] = []
    for kind, chosen in _kinds(rows, streams):
        minutes = _minutes(chosen, streams)
        start, seen = _starts(chosen, kind, minutes, streams)
        start, seen = _whole_days(chosen, kind, minutes, start, seen)
        minutes = _without_spring_hour(chosen, kind, minutes, seen)
        factor, is_power = UNITS[kind.unit]
        factor *= kind.multiplier
        energy = chosen.value if factor == 1.0 else chosen.value * factor
        if is_power:
            energy = energy * (minutes / 60.0)
        result = Placed(chosen.stream, start, minutes, energy, None, chosen.quality, chosen.method)
        findings += _clock_findings(result, seen, streams, files)
        findings += _part_day_findings(result, streams, files) if is_power else []
        for number in fine.keys() & set(chosen.stream.tolist()):
            text = f"readings {fine[number]} s apart were brought to minutes"
            findings.append(_finding("V06", result, np.flatnonzero(result.stream == number), streams, files, text))
        placed.append(mark_doubtful(_mend(result, seen), streams))
    return placed, findings


def _by_stream(rows: Rows) -> Rows:
    if (rows.stream[1:] < rows.stream[:-1]).any():
        return rows.take(np.argsort(rows.stream, kind="stable"))
    return rows


def _kinds(rows: Rows, streams: Sequence[Stream]) -> Iterator[tuple[Stream, Rows]]:
    """Part rows by clock, label, unit and multiplier; one part without a copy in the usual case."""
    members: dict[tuple[object, ...], list[int]] = {}
    for number in rows.stream[stream_edges(rows.stream)[:-1]].tolist():
        stream = streams[number]
        key = (stream.timezone, stream.label, stream.unit, stream.multiplier)
        members.setdefault(key, []).append(number)
    for numbers in members.values():
        yield streams[numbers[0]], rows if len(members) == 1 else rows.take(np.isin(rows.stream, numbers))


def stream_edges(stream: NDArray[np.int32]) -> NDArray[np.intp]:
    """Where each stream's rows begin and end in rows sorted by stream: n streams give n + 1 edges."""
    inner, end = np.flatnonzero(stream[1:] != stream[:-1]) + 1, [len(stream)] if len(stream) else []
    return np.concatenate([[0], inner, end]).astype(np.intp)


def _minutes(rows: Rows, streams: Sequence[Stream]) -> NDArray[np.int32]:
    """Length of each row's interval: the row's own, else the stream's, else judged from its stamps."""
    minutes = np.empty(len(rows.stream), dtype=np.int32)
    edges = stream_edges(rows.stream)
    for first, end in pairwise(edges):
        stream = streams[rows.stream[first]]
        stated = stream.minutes
        minutes[first:end] = infer_minutes(rows.stamp[first:end], stream.label) if stated is None else stated
    if rows.minutes is not None:
        minutes = np.where(rows.minutes > 0, rows.minutes, minutes)
    return minutes


def _without_spring_hour(rows: Rows, kind: Stream, minutes: NDArray[np.int32], seen: Resolved) -> NDArray[np.int32]:
    """Take the hour that the clock leaves out in spring from lengths over it: 01:45 to 03:00 are 15 minutes."""
    own = rows.minutes is not None and (rows.minutes > 0) & (rows.minutes < LOCAL_DAY)
    if own is False or not np.any(own) or kind.label != "start":
        return minutes
    gap = spring_gap(str(kind.timezone), rows.stamp, rows.stamp + minutes * np.int64(60)) // 60
    gap = np.where(own & ~np.isin(rows.stream, seen.fixed) & (gap < minutes), gap, 0)
    return (minutes - gap).astype(np.int32)


def infer_minutes(stamp: NDArray[np.int64], label: str = "start", *, longest_step: int = 24) -> NDArray[np.int32]:
    """Judge the interval length at each of one stream's stamps.

    Parameters
    ----------
    stamp : array of int64
        In file order, ascending or descending. [s]
    label : str
        "start" or "end": the step after a stamp is its length, or the one before it.
    longest_step : int, default 24
        A step other than the usual one counts as a change of interval length, not as a gap, from so many equal steps
        on (chosen, not measured: a day of hours).

    Returns
    -------
    array of int32
        One value where the step never changes. [min]; 0 when it cannot be told (a single stamp).
    """
    steps = np.abs(np.diff(stamp))
    steps = steps[steps > 0] if (steps == 0).any() else steps
    if len(steps) == 0:
        return np.zeros(len(stamp), dtype=np.int32)
    usual = steps[len(steps) // 2]
    odd = np.flatnonzero(steps != usual)
    if len(odd) > 0.1 * len(steps) or _longest_run(odd) >= longest_step:
        return _changing_minutes(stamp, label, longest_step)
    return np.full(len(stamp), max(1, round(int(usual) / 60)), dtype=np.int32)


def _longest_run(positions: NDArray[np.intp]) -> int:
    """How many positions at most follow each other."""
    edges = np.concatenate([[0], np.flatnonzero(np.diff(positions) > 1) + 1, [len(positions)]])
    return int(np.diff(edges).max())


def _changing_minutes(stamp: NDArray[np.int64], label: str, longest_step: int) -> NDArray[np.int32]:
    order = np.argsort(stamp, kind="stable")
    steps = np.diff(stamp[order])
    seen, counts = np.unique(steps[steps > 0], return_counts=True)
    usual = int(seen[np.argmax(counts)])
    runs = np.concatenate([[0], np.flatnonzero(np.diff(steps)) + 1, [len(steps)]])
    step, times = steps[runs[:-1]], np.diff(runs)
    lasting = (step == usual) | ((times >= longest_step) & (86400 % np.maximum(1, step) == 0))
    minutes = pd.Series(np.repeat(np.where(lasting, np.round(step / 60), np.nan), times))
    filled = minutes.ffill().bfill() if label == "start" else minutes.bfill().ffill()
    ends = ([], filled[-1:]) if label == "start" else (filled[:1], [])
    result = np.empty(len(stamp), dtype=np.int32)
    result[order] = np.maximum(1, np.concatenate([ends[0], filled, ends[1]]))
    return result


def _starts(
    rows: Rows, kind: Stream, minutes: NDArray[np.int32], streams: Sequence[Stream]
) -> tuple[NDArray[np.int64], Resolved]:
    """UTC starts of intervals, whichever end the stamps mark."""
    newest_first = np.array([stream.newest_first for stream in streams], dtype=np.bool_)[rows.stream]
    fixed_cells = np.array([stream.fixed_cells for stream in streams], dtype=np.bool_)[rows.stream]

    def resolve(stamp: NDArray[np.int64], *, ends: bool) -> Resolved:
        return to_utc(
            rows._replace(stamp=stamp),
            str(kind.timezone),
            newest_first=newest_first,
            fixed_cells=fixed_cells,
            ends=ends,
        )

    if kind.label == "start":
        seen = resolve(rows.stamp, ends=False)
        return seen.instant, seen
    length = minutes.astype(np.int64) * 60
    as_start = resolve(rows.stamp - length, ends=False)
    odd = as_start.fixed or (as_start.repeated | as_start.single | as_start.absent).any()
    if not odd or fixed_cells.any():  # cells of a day are counted from its midnight, whatever the clock does
        return as_start.instant, as_start
    as_end = resolve(rows.stamp, ends=True)
    by_end = as_end.instant - length
    if (minutes < LOCAL_DAY).all() and _sound(rows.stream, by_end, as_end) > _sound(
        rows.stream, as_start.instant, as_start
    ):
        return by_end, as_end
    return as_start.instant, as_start


def _whole_days(
    rows: Rows, kind: Stream, minutes: NDArray[np.int32], start: NDArray[np.int64], seen: Resolved
) -> tuple[NDArray[np.int64], Resolved]:
    """Begin local days when the clock first shows their hour or goes on past it: they have no odd hour to mend."""
    days = (seen.absent | seen.single) & (minutes == LOCAL_DAY)
    if not days.any():
        return start, seen
    shown = rows.stamp[days] - (0 if kind.label == "start" else LOCAL_DAY * 60)
    start = start.copy()
    start[days] = first_instants(str(kind.timezone), shown)
    return start, replace(seen, absent=seen.absent & ~days, single=seen.single & ~days)


def _sound(stream: NDArray[np.int32], start: NDArray[np.int64], seen: Resolved) -> tuple[int, int]:
    """How well a reading of the clock fits: distinct intervals, then hours that are neither absent nor alone."""
    distinct = int((~pd.DataFrame({"stream": stream, "start": start}).duplicated()).sum())
    return distinct, -int(np.count_nonzero(seen.absent | seen.single)) - len(seen.fixed)


def _clock_findings(placed: Placed, seen: Resolved, streams: Sequence[Stream], files: Sequence[Path]) -> list[Finding]:
    findings = []
    for number in seen.fixed:
        own = np.flatnonzero(placed.stream == number)
        text = (
            f"the stamps keep standard time of {streams[number].timezone} all year (its spring hour stands like "
            "any other): read with that fixed offset"
        )
        findings.append(_finding("V03", placed, own, streams, files, text))
    texts = (
        (
            seen.absent & ~np.isnan(placed.energy),
            "spring hour that this clock leaves out: its energy is added to the next",
        ),
        (seen.single, "autumn hour stands once for two hours: split when it holds both, else the second is missing"),
    )
    for mask, text in texts:
        for number in np.unique(placed.stream[mask]):
            own = np.flatnonzero(mask & (placed.stream == number))
            findings.append(_finding("V03", placed, own, streams, files, text))
    return findings


def _part_day_findings(placed: Placed, streams: Sequence[Stream], files: Sequence[Path]) -> list[Finding]:
    """V17: the mean power of a first or last day says nothing of how much of the day was measured."""
    daily = np.flatnonzero((placed.minutes == LOCAL_DAY) & ~np.isnan(placed.energy))
    findings = []
    for number in np.unique(placed.stream[daily]):
        own = daily[placed.stream[daily] == number]
        edges = own[np.unique([placed.start[own].argmin(), placed.start[own].argmax()])]
        kwh = " and ".join(f"{placed.energy[each]:.6g} kWh" for each in edges)
        text = f"the mean power of the first and last day is taken for 24 h ({kwh}): less, if a part of it was measured"
        findings.append(_finding("V17", placed, edges, streams, files, text))
    return findings


def _finding(
    rule_id: str, placed: Placed, own: NDArray[np.intp], streams: Sequence[Stream], files: Sequence[Path], text: str
) -> Finding:
    number = int(placed.stream[own[0]])
    first, last = int(placed.start[own].min()), int(placed.start[own].max())
    stream = streams[number]
    return Finding(rule_id, stream.meter_id, stream.channel, first, last, len(own), text, files[number])


def mark_doubtful(placed: Placed, streams: Sequence[Stream]) -> Placed:
    """Mark the readings of streams whose stamps cannot be trusted (V01); the usual rows are not copied."""
    doubtful = [number for number, stream in enumerate(streams) if stream.doubtful]
    own = np.isin(placed.stream, doubtful) if doubtful else np.zeros(0, np.bool_)
    if not own.any():
        return placed
    rule = np.zeros(len(placed.stream), np.uint8) if placed.rule is None else placed.rule
    return replace(placed, rule=np.where(own & (rule == 0), np.uint8(1), rule))


def _mend(placed: Placed, seen: Resolved) -> Placed:
    """Send the streams with odd cells at a clock change through `mend_clock_changes`; the rest as they are."""
    odd = np.unique(placed.stream[seen.absent | seen.single])
    if len(odd) == 0:
        return placed
    zeros = np.zeros(len(placed.stream), dtype=np.uint8)
    frame = pd.DataFrame(
        {
            "stream": placed.stream,
            "start": placed.start,
            "minutes": placed.minutes,
            "value": placed.energy,
            "raw": np.full(len(zeros), np.nan),
            "quality": zeros if placed.quality is None else placed.quality,
            "method": zeros if placed.method is None else placed.method,
            "rule": zeros,
            "absent": seen.absent,
            "single": seen.single,
        }
    )
    plain = ~np.isin(placed.stream, odd)
    mended = [mend_clock_changes(own) for _, own in frame[~plain].groupby("stream", sort=False)]
    frame = pd.concat([frame[plain], *mended], ignore_index=True).sort_values("stream", kind="stable")
    return Placed(
        frame["stream"].to_numpy(dtype=np.int32),
        frame["start"].to_numpy(dtype=np.int64),
        frame["minutes"].to_numpy(dtype=np.int32),
        frame["value"].to_numpy(dtype=np.float64),
        frame["raw"].to_numpy(dtype=np.float64),
        *(frame[name].to_numpy(dtype=np.uint8) for name in ("quality", "method", "rule")),
    )
