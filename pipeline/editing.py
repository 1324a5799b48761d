"""People's edits: kept in the database, applied to what it holds, and again over whatever is loaded later."""

from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.clock import DAY, utc_offsets
from pipeline.errors import FileRefusedError
from pipeline.stores.load import Load
from pipeline.stores.reading_rows import stored_rows
from pipeline.stores.stored_grids import stored_grids
from pipeline.vee.edit import Edit, apply_edits


def remembered_edits(stored: pd.DataFrame) -> list[Edit]:
    """Give the edits that the database keeps, as `pipeline.stores.database.read_edits` gives them, for blocks."""
    records: list[dict[str, Any]] = stored.astype(object).where(stored.notna(), np.nan).to_dict("records")  # type: ignore[assignment]
    return [
        Edit(
            meter_id=one["meter_id"],
            channel=one["channel"],
            start=int(one["first_start_utc"]),
            is_local=False,
            energy=float(one["energy_kwh"]),
            who=one["edited_by"],
            why=one["reason"],
            path=Path(),
            line=0,
        )
        for one in records
    ]


def check_edits(edits: Sequence[Edit], streams: Container[tuple[str, str]]) -> None:
    """Raise FileRefusedError for an edit of a meter and channel that nobody has readings of."""
    for edit in edits:
        if (edit.meter_id, edit.channel) not in streams:
            text = f"line {edit.line}: there are no readings of meter {edit.meter_id!r}, channel {edit.channel!r}"
            raise FileRefusedError(edit.path, text, "check the name, or load its readings too")


def edit_stored(writing: Load, edits: Sequence[Edit]) -> None:
    """Apply edits to everything that is stored by now, and keep all of them for later runs.

    Parameters
    ----------
    writing : Load
        The run's writing, with its new readings.
    edits : sequence of Edit
        Of streams that have readings.

    Raises
    ------
    FileRefusedError
        For an edit whose start is none of its channel's intervals.
    """
    if not edits:
        return
    channels = writing.channels()
    said = pd.DataFrame(
        [
            (edit.meter_id, edit.channel, edit.start - DAY * edit.is_local, edit.start + DAY * edit.is_local)
            for edit in edits
        ],
        columns=["meter_id", "channel", "first", "last"],
    )
    spans = said.groupby(["meter_id", "channel"], as_index=False).agg({"first": "min", "last": "max"})
    ranges = spans.merge(channels[channels["first_start_utc"].notna()], on=["meter_id", "channel"])
    for grid in stored_grids(ranges, lambda ids, first, last: writing.history(ids, first, last).to_pandas()):
        ids = grid.channels["channel_id"].to_numpy(dtype=np.int64)
        rows = stored_rows(apply_edits(grid, edits), ids)
        if len(rows):
            writing.write_readings(rows, writing.history(ids.tolist(), int(grid.starts[0]), int(grid.starts[-1])))
    writing.add_edits(_edit_frame(edits, channels))


def _edit_frame(edits: Sequence[Edit], channels: pd.DataFrame) -> pd.DataFrame:
    """Edits as the database keeps them, by instant."""
    zones = dict(zip(channels["meter_id"], channels["timezone"], strict=True))
    starts = [_instant(edit, zones[edit.meter_id]) for edit in edits]
    return pd.DataFrame(
        {
            "meter_id": [edit.meter_id for edit in edits],
            "channel": [edit.channel for edit in edits],
            "first_start_utc": starts,
            "last_start_utc": starts,
            "energy_kwh": [edit.energy for edit in edits],
            "edited_by": [edit.who for edit in edits],
            "reason": [edit.why for edit in edits],
        }
    )


def _instant(edit: Edit, timezone: str) -> int:
    if not edit.is_local:
        return edit.start
    wall = np.array([edit.start], dtype=np.int64)
    return int((wall - utc_offsets(timezone, wall - utc_offsets(timezone, wall)))[0])
