"""Placed readings on numbered intervals: step, phase, time tolerance (V04, V06), repeated readings (V02)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.clock import DAY, first_instants, interval_ends, utc_offsets
from pipeline.schema import Finding, Method
from pipeline.vee.place import LOCAL_DAY, Placed, stream_edges

IRREGULAR = 0
"""Interval length of a series whose readings each have their own end (billing periods, register reads weeks apart)."""


@dataclass(frozen=True)
class Cells:
    """Readings of channels that share a grid, by number of interval; arrays of one length, later rows win.

    Attributes
    ----------
    minutes, phase : int
        Interval length [min], `IRREGULAR` where each row has its own, and the seconds by which starts are past a
        multiple of it.
    timezone : str
        The sites' clock.
    number : array of int32
        Run-wide channel number of each row.
    position : array of int64
        Number of the interval since 1970; of the local day for daily channels; the start itself where irregular.
    end : array of int64 or None
        End of each interval where irregular. [s since 1970 UTC]
    energy, raw, quality, method, rule, file_id
        As in `Grid`, by row; None: nothing to say.
    """

    minutes: int
    phase: int
    timezone: str
    number: NDArray[np.int32]
    position: NDArray[np.int64]
    end: NDArray[np.int64] | None
    energy: NDArray[np.float64]
    raw: NDArray[np.float64] | None
    quality: NDArray[np.uint8] | None
    method: NDArray[np.uint8] | None
    rule: NDArray[np.uint8] | None
    file_id: NDArray[np.int32]


@dataclass(frozen=True)
class Registry:
    """What a run knows of its streams and channels, by run-wide number.

    Attributes
    ----------
    number : array of int32
        Channel number of each stream.
    file_id : array of int32
        The file each stream came from.
    timezones : sequence of str
        Site clock of each channel number.
    names : sequence of (str, str)
        meter_id and channel of each channel number.
    """

    number: NDArray[np.int32]
    file_id: NDArray[np.int32]
    timezones: Sequence[str]
    names: Sequence[tuple[str, str]]


def starts_of(positions: NDArray[np.int64], minutes: int, phase: int, timezone: str) -> NDArray[np.int64]:
    """Give the UTC start of each numbered interval. [s since 1970 UTC]"""
    if minutes == IRREGULAR:
        return positions
    if minutes < LOCAL_DAY:
        return positions * (minutes * 60) + phase
    return first_instants(timezone, positions * DAY + phase)


def cells(
    placed: Placed, registry: Registry, *, tolerance: int = 180, odd_share: float = 0.2
) -> tuple[list[Cells], list[Finding]]:
    """Number the intervals that readings belong to.

    Parameters
    ----------
    placed : Placed
        Rows sorted by stream.
    registry : Registry
    tolerance : int, default 180
        V06: a start so near the grid is moved onto it; farther off, energy is split by overlap (V04). [s] (reference:
        California, marked unverified)
    odd_share : float, default 0.2
        A stream with a larger share of rows farther off is kept as it is, irregular (chosen, not measured).

    Returns
    -------
    cells : list of Cells
        One for each interval length, phase and site clock.
    findings : list of Finding
        V04 and V06.
    """
    found: list[Cells] = []
    findings: list[Finding] = []
    for timezone, part in _by_timezone(placed, registry):
        for minutes, rows in _by_minutes(_local_days(part, timezone)):
            for piece, said in _gridded(rows, minutes, timezone, registry, tolerance, odd_share):
                found.append(piece)
                findings += said
    return found, findings


def take(placed: Placed, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Placed:
    """Give the chosen rows."""
    columns: dict[str, Any] = {
        name: None if column is None else column[chosen] for name, column in vars(placed).items()
    }
    return Placed(**columns)


def _local_days(placed: Placed, timezone: str) -> Placed:
    """Call readings of 23 or 25 hours local days when the site's clock shows 24 between their start and end.

    Where clocks change at midnight, they are so when the next day begins at their end.
    """
    odd = np.flatnonzero((np.abs(placed.minutes - LOCAL_DAY) <= 60) & (placed.minutes != LOCAL_DAY))
    if len(odd) == 0:
        return placed
    start = placed.start[odd]
    end = start + placed.minutes[odd].astype(np.int64) * 60
    shown = end + utc_offsets(timezone, end) - start - utc_offsets(timezone, start)
    minutes = placed.minutes.copy()
    minutes[odd[(shown == DAY) | (interval_ends(timezone, start, LOCAL_DAY) == end)]] = LOCAL_DAY
    return replace(placed, minutes=minutes)


def _by_minutes(placed: Placed) -> Iterator[tuple[int, Placed]]:
    same = len(placed.minutes) > 0 and bool((placed.minutes == placed.minutes[0]).all())
    lengths = placed.minutes[:1] if same else np.unique(placed.minutes)
    for minutes in lengths.tolist():
        part = placed if len(lengths) == 1 else take(placed, placed.minutes == minutes)
        yield minutes if minutes == LOCAL_DAY or (minutes > 0 and LOCAL_DAY % minutes == 0) else IRREGULAR, part


def _by_timezone(placed: Placed, registry: Registry) -> Iterator[tuple[str, Placed]]:
    present = np.unique(registry.number[placed.stream[stream_edges(placed.stream)[:-1]]])
    zones = {registry.timezones[number] for number in present.tolist()}
    for zone in sorted(zones):
        if len(zones) == 1:
            yield zone, placed
            return
        of_zone = np.array([name == zone for name in registry.timezones], dtype=np.bool_)
        yield zone, take(placed, of_zone[registry.number[placed.stream]])


def _gridded(
    rows: Placed, minutes: int, timezone: str, registry: Registry, tolerance: int, odd_share: float
) -> Iterator[tuple[Cells, list[Finding]]]:
    """Part rows by phase; snap or split those off the grid, stream by stream, only where there are any."""
    if minutes == IRREGULAR:
        yield _irregular(rows, timezone, registry), []
        return
    position, past = _numbered(rows.start, minutes, timezone)
    if len(past) == 0 or (past == past[0]).all():
        phase = int(past[0]) if len(past) else 0
        yield _cells(rows, position, minutes, phase, timezone, registry), []
        return
    for number in np.unique(rows.stream).tolist():
        own = rows.stream == number
        yield _one_stream(take(rows, own), past[own], (minutes, tolerance, odd_share), timezone, registry)


def _numbered(
    start: NDArray[np.int64], minutes: int, timezone: str, phase: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number of the interval that each start is in, and the seconds it is past the interval's own start."""
    step = minutes * 60
    clock = (start + utc_offsets(timezone, start) if minutes == LOCAL_DAY else start) - phase
    position = clock // step
    past = clock - position * step
    if minutes == LOCAL_DAY:  # the clock may leave out when a day should begin: it begins when the clock goes on
        past[start == starts_of(position, minutes, phase, timezone)] = 0
    return position, past


def _one_stream(
    rows: Placed, past: NDArray[np.int64], settings: tuple[int, int, float], timezone: str, registry: Registry
) -> tuple[Cells, list[Finding]]:
    minutes, tolerance, odd_share = settings
    step = minutes * 60
    values, counts = np.unique(past, return_counts=True)
    phase = int(values[np.argmax(counts)])
    _, late = _numbered(rows.start, minutes, timezone, phase)
    off = (late + step // 2) % step - step // 2
    far = np.abs(off) > tolerance
    if far.mean() > odd_share or (far.any() and minutes == LOCAL_DAY):
        return _irregular(rows, timezone, registry), []
    near = (off != 0) & ~far
    findings = _tell(
        rows, near, "V06", f"stamps off the {minutes}-minute grid by up to {tolerance} s were moved onto it", registry
    )
    findings += _tell(rows, far, "V04", f"intervals off the {minutes}-minute grid were split by overlap", registry)
    snapped = replace(rows, start=rows.start - np.where(far, 0, off))
    if far.any():
        snapped = _prorated(snapped, far, off, step)
    position, _ = _numbered(snapped.start, minutes, timezone, phase)
    return _cells(snapped, position, minutes, phase, timezone, registry), findings


def _prorated(rows: Placed, far: NDArray[np.bool_], off: NDArray[np.int64], step: int) -> Placed:
    """Split the energy of intervals that straddle two cells by overlap; what a cell gets from both sides is added."""
    share = np.where(off > 0, off, step + off)[far] / step
    early, late = take(rows, far), take(rows, far)
    begin = rows.start[far] - np.where(off > 0, off, step + off)[far]
    method = np.full(int(far.sum()), Method.PRORATED, dtype=np.uint8)
    early = replace(early, start=begin, energy=early.energy * (1 - share), method=method)
    late = replace(late, start=begin + step, energy=late.energy * share, method=method)
    frame = pd.concat([pd.DataFrame(_filled(part)) for part in (take(rows, ~far), early, late)])
    groups = frame.groupby(["stream", "start"], sort=True)
    merged = groups.agg({"minutes": "first", "raw": "first", "quality": "max", "method": "max", "rule": "max"})
    merged["energy"] = groups["energy"].sum(min_count=1)
    merged = merged.reset_index()
    columns: dict[str, Any] = {name: merged[name].to_numpy() for name in vars(rows)}
    return Placed(**columns)


def _filled(rows: Placed) -> dict[str, NDArray[np.generic]]:
    fillers = {"raw": np.nan, "quality": np.uint8(0), "method": np.uint8(0), "rule": np.uint8(0)}
    return {
        name: np.full(len(rows.stream), fillers[name]) if column is None else column
        for name, column in vars(rows).items()
    }


def _tell(rows: Placed, mask: NDArray[np.bool_], rule_id: str, text: str, registry: Registry) -> list[Finding]:
    if not mask.any():
        return []
    meter_id, channel = registry.names[registry.number[rows.stream[0]]]
    start = rows.start[mask]
    return [Finding(rule_id, meter_id, channel, int(start.min()), int(start.max()), int(mask.sum()), text)]


def _cells(
    rows: Placed, position: NDArray[np.int64], minutes: int, phase: int, timezone: str, registry: Registry
) -> Cells:
    return Cells(
        minutes,
        phase,
        timezone,
        registry.number[rows.stream],
        position,
        None,
        rows.energy,
        rows.raw,
        rows.quality,
        rows.method,
        rows.rule,
        registry.file_id[rows.stream],
    )


def _irregular(rows: Placed, timezone: str, registry: Registry) -> Cells:
    piece = _cells(rows, rows.start, IRREGULAR, 0, timezone, registry)
    return replace(piece, end=rows.start + rows.minutes.astype(np.int64) * 60)
