"""Readings finer than a minute, the shortest interval there is: added up, or for power averaged, to minutes."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.schema import Rows, Stream

MINUTE = 60


def to_minutes(rows: Rows, streams: Sequence[Stream], power: Sequence[bool]) -> tuple[Rows, dict[int, int]]:
    """Bring the readings of streams that come oftener than once a minute to minutes.

    Parameters
    ----------
    rows : Rows
        Sorted by stream, in file order within one.
    streams : sequence of Stream
    power : sequence of bool
        For each stream, whether values are mean power; else they are energy.

    Returns
    -------
    rows : Rows
        The same, with one row for each minute of such a stream; missing when all its readings are.
    steps : dict of int to int
        Those streams, and the usual distance of their readings. [s]
    """
    steps = {}
    edges = _edges(rows.stream)
    for first, end in pairwise(edges.tolist()):
        number = int(rows.stream[first])
        if streams[number].minutes is None and 0 < (step := _usual_step(rows.stamp[first:end])) < MINUTE:
            steps[number] = step
    if not steps:
        return rows, {}
    fine = np.isin(rows.stream, list(steps))
    parts = [rows.take(~fine), _added_up(rows.take(fine), streams, np.array(power, dtype=np.bool_))]
    joined = [
        None if any(column is None for column in pair) else np.concatenate(pair) for pair in zip(*parts, strict=True)
    ]
    both = Rows(*joined)  # type: ignore[arg-type]
    return both.take(np.argsort(both.stream, kind="stable")), steps


def _edges(stream: NDArray[np.int32]) -> NDArray[np.intp]:
    inner = np.flatnonzero(stream[1:] != stream[:-1]) + 1
    return np.concatenate([[0], inner, [len(stream)] if len(stream) else []]).astype(np.intp)


def _usual_step(stamp: NDArray[np.int64], judged: int = 1000) -> int:
    """The middle one of the first distances; 0 for fewer than two."""
    steps = np.abs(np.diff(stamp[:judged]))
    steps = steps[steps > 0]
    return int(np.median(steps)) if len(steps) else 0


def _added_up(rows: Rows, streams: Sequence[Stream], power: NDArray[np.bool_]) -> Rows:
    """Join neighbouring rows of one minute; an hour that the clock repeats stays two."""
    ends = np.array([stream.label == "end" for stream in streams], dtype=np.bool_)[rows.stream]
    minute = np.where(ends, -(-rows.stamp // MINUTE), rows.stamp // MINUTE) * MINUTE
    new = np.flatnonzero((np.diff(minute, prepend=minute[:1] - 1) != 0) | (np.diff(rows.stream, prepend=-1) != 0))
    known = np.add.reduceat((~np.isnan(rows.value)).astype(np.int64), new)
    total = np.add.reduceat(np.nan_to_num(rows.value), new)
    value = np.where(power[rows.stream[new]], total / np.maximum(known, 1), total)
    quality = None if rows.quality is None else np.maximum.reduceat(rows.quality, new)
    method = None if rows.method is None else np.maximum.reduceat(rows.method, new)
    minutes = None if rows.minutes is None else np.zeros(len(new), dtype=np.int32)
    return Rows(rows.stream[new], minute[new], np.where(known > 0, value, np.nan), quality, method, minutes)
