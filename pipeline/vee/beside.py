"""What is remembered of a register, parted where files lie in it: up to the reads beside them, from stored energy."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.clock import interval_ends
from pipeline.schema import Stream, Stretch

Seconds = NDArray[np.int64]

Stretches = Mapping[tuple[str, str], Sequence[Stretch]]
"""Meter and channel to what is remembered of its register."""


class StoredEnergy(NamedTuple):
    """Stored readings of a register, in order of time; arrays of one length.

    `energy` [kWh] is as it was read, NaN where it was not; `is_again` is True for those of files that are read again.
    """

    start: Seconds
    energy: NDArray[np.float64]
    is_again: NDArray[np.bool_]


Stored = Callable[[tuple[str, str], int, int, int], StoredEnergy]
"""(meter and channel, interval length [min], first, last [s since 1970 UTC]) to what is stored of a register."""


class Remembered(NamedTuple):
    """What earlier runs remember of registers.

    Attributes
    ----------
    stretches : mapping of (meter_id, channel) to sequence of Stretch
    stored : function or None
        What is stored beside files that lie in a stretch, or are read again; None: stretches stay whole.
    is_again : bool
        Files are read again.
    """

    stretches: Stretches
    stored: Stored | None = None
    is_again: bool = False


def beside(
    known: Stretch, files: Sequence[Stretch], stream: Stream, minutes: int, remembered: Remembered
) -> list[Stretch]:
    """Part what is remembered where files lie in it, or are read again: up to the reads beside them.

    It stays whole where those reads are not certain: beyond a gap, or where the register began again.

    Parameters
    ----------
    known : Stretch
        What is remembered.
    files : sequence of Stretch
        What this run read of the same register.
    stream : Stream
    minutes : int
        How far reads are apart, 0 where that is not regular: nothing is parted then.
    remembered : Remembered

    Returns
    -------
    list of Stretch
        In order of time; none where all of it is read again.
    """
    fresh = sorted(files)
    inside = any(known.first_at <= one.first_at and one.last_at <= known.last_at for one in fresh)
    if remembered.stored is None or minutes == 0 or not (inside or remembered.is_again):
        return [known]
    rows = remembered.stored((stream.meter_id, stream.channel), minutes, known.first_at, known.last_at)
    if len(rows.start) == 0 or not (inside or rows.is_again.any()):
        return [known]
    reads = None if stream.reset_window else _reads_of(known, rows, minutes, stream)
    if reads is None:
        return [] if rows.is_again.all() else [known]
    at, kwh = reads
    apart = np.ones(len(at), np.bool_)
    for one in fresh:
        apart &= (at < one.first_at - minutes * 30) | (at > one.last_at + minutes * 30)
        for value in (one.first_kwh, one.last_kwh):
            kwh[np.abs(kwh - value) < 1e-6] = value  # what a sum lost in its last digits is no fall
    place = np.searchsorted([one.first_at for one in fresh], at)
    parts = [np.flatnonzero(apart & (place == number)) for number in range(len(fresh) + 1)]
    edges = [part[[0, -1]] for part in parts if len(part)]
    return [Stretch(int(at[i]), float(kwh[i]), int(at[j]), float(kwh[j])) for i, j in edges]


def _reads_of(
    known: Stretch, rows: StoredEnergy, minutes: int, stream: Stream
) -> tuple[Seconds, NDArray[np.float64]] | None:
    """When a register was read and what it showed, from its first and its last read and the energy stored between.

    None where that is not certain. Reads of files that are read again are left out: they say something else now.
    """
    end, full = interval_ends(str(stream.timezone), rows.start, minutes), 10.0**stream.digits if stream.digits else None
    read = ~np.isnan(rows.energy)
    broken = np.flatnonzero(~read | np.append(end[:-1] != rows.start[1:], False))
    count = int(broken[0] + read[broken[0]]) if len(broken) else len(read)
    early, late = np.arange(count), np.arange(broken[-1] + 1 if len(broken) else count, len(read))
    off = max(abs(int(rows.start[0]) - known.first_at), abs(int(end[-1]) - known.last_at))
    if off > minutes * 30 or count + len(late) < np.count_nonzero(read):
        return None
    rise, fall = np.cumsum(rows.energy[early]), np.cumsum(rows.energy[late][::-1])[::-1]
    before = np.concatenate([known.first_kwh + rise - rows.energy[early], known.last_kwh - fall])
    after = before + rows.energy[np.concatenate([early, late])]
    if not len(broken) and not _same(float(after[-1]), known.last_kwh, full):
        if not rows.is_again.any():
            return None
        # Files that are read again may have counted otherwise than those beside them.
        return _reads_of(known, rows._replace(energy=np.where(rows.is_again, np.nan, rows.energy)), minutes, stream)
    own = np.concatenate([early, late])
    kept = ~rows.is_again[own]
    at, chosen = np.unique(np.concatenate([rows.start[own][kept], end[own][kept]]), return_index=True)
    kwh = np.concatenate([before[kept], after[kept]])[chosen]
    return at, np.round(kwh if full is None else kwh % full, 9)


def _same(one: float, other: float, full: float | None) -> bool:
    """Whether a register shows the same, turned over or not."""
    apart = one - other
    return abs(apart - (round(apart / full) * full if full else 0.0)) < 1e-6
