"""Findings of earlier runs that reach beyond what a run may write: which it tells again in full, and which stay."""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from pipeline.stores.records import Told
from pipeline.vee.findings import TEXTS, Earlier
from pipeline.vee.grid import Grid


def earlier_findings(
    grid: Grid,
    lengths: Mapping[tuple[str, str], Mapping[int, int]],
    told: Callable[[int, int], Sequence[Told]],
    reloaded: Collection[int],
) -> list[tuple[Told, Earlier]]:
    """Give, as recorded and on the grid, the earlier findings that reach from what the run may write to beyond it.

    What the rules found in the time that the grid holds is told again; the rest stays: what a file said of itself, and
    what began or ended too long ago. Of streams of several interval lengths `pipeline.lengths` tells again.

    Parameters
    ----------
    grid : Grid
        New readings beside what the database holds.
    lengths : mapping of (meter_id, channel) to mapping of int to int
        Channels that the database holds readings of: interval length [min] to channel number.
    told : function
        (first_utc, last_utc) to the recorded findings of channels.
    reloaded : collection of int
        Files that are read again: then nothing stays, they may have said it.
    """
    table = grid.channels
    streams = zip(table["meter_id"], table["channel"], strict=True)
    stored = [set(lengths.get(stream, {}).values()) for stream in streams]
    row_of = {number: row for row, number in enumerate(table["channel_id"].tolist()) if stored[row] == {number}}
    begin, end, low, high = (grid.starts[table[name]] for name in ("fresh_first", "fresh_last", "first", "last"))
    found = []
    for one in told(int(begin.min()), int(end.max())) if row_of else ():
        first, last, row = one.first_start_utc, one.last_start_utc, row_of.get(one.channel_id)
        if row is None or last < begin[row] or first > end[row] or (begin[row] <= first and last <= end[row]):
            continue
        stays = one.rule_id not in TEXTS or first < low[row] or last > high[row]
        if not (stays and reloaded):
            span = (int(np.searchsorted(grid.starts, first)), int(np.searchsorted(grid.starts, last, side="right")) - 1)
            found.append((one, Earlier(one.rule_id, row, *span, stays)))
    return found
