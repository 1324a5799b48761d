"""Streams of several interval lengths: after a run every moment of them counts once, in database and extracts."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline.clock import DAY, HOUR, interval_ends
from pipeline.events import losses_of, overlaps
from pipeline.schema import Finding
from pipeline.stores.load import Load
from pipeline.stores.records import told_gaps
from pipeline.stores.tables import READINGS, arrow_readings
from pipeline.vee.cells import IRREGULAR
from pipeline.vee.lengths import settled

Judged = Sequence[tuple[int, int, int]]

LONGEST = 400 * DAY
"""How long a period of its own may be: a bill of a year. [s]"""


def streams_of_lengths(channels: pd.DataFrame) -> pd.DataFrame:
    """Keep the channels of streams that have readings at more than one interval length.

    Parameters
    ----------
    channels : pandas.DataFrame
        As `pipeline.stores.database.read_channels` gives them.
    """
    stored = channels[channels["first_start_utc"].notna()]
    return stored[stored.duplicated(["meter_id", "channel"], keep=False)]


def settle_lengths(writing: Load, judged: Judged) -> list[Finding]:
    """Let each moment count once in what this run has touched of streams of several interval lengths.

    A reading that gives way to one of another length stays, without a value and with what was read as `raw_kwh`; an
    estimate, and a gap, where another length has a reading go.

    Parameters
    ----------
    writing : Load
        The run's writing, after its readings and edits.
    judged : sequence of (int, int, int)
        Channel number, first and last start of what this run judged: earlier findings of this time are told anew.

    Returns
    -------
    list of Finding
        V04 for what gave way; and V05 of gaps at other lengths that earlier runs told and that are still there.
    """
    if not writing.has_lengths():
        return []
    touched = pd.DataFrame([*judged, *writing.changed_ranges()], columns=["channel_id", "first", "last"])
    channels = streams_of_lengths(writing.channels())
    touched = touched.merge(channels[["channel_id", "meter_id", "channel"]], on="channel_id")
    spans = touched.groupby(["meter_id", "channel"], as_index=False).agg(first=("first", "min"), last=("last", "max"))
    near = channels.merge(spans, on=["meter_id", "channel"])
    reach = 60 * near["interval_minutes"].where(near["interval_minutes"] != IRREGULAR, LONGEST // 60) + HOUR
    near = near[(near["first_start_utc"] < near["last"] + reach) & (near["last_start_utc"] + reach > near["first"])]
    found: list[Finding] = []
    groups: Any = near[near.duplicated(["meter_id", "channel"], keep=False)].groupby(["meter_id", "channel"])
    for _, stream in groups:
        span = (int(stream["first"].iloc[0]), int(stream["last"].iloc[0]))
        found += _settle(writing, stream, span)
        found += _told_again(writing, stream, span, judged)
    return found


def _settle(writing: Load, stream: pd.DataFrame, span: tuple[int, int]) -> list[Finding]:
    minutes = stream["interval_minutes"]
    longest = LONGEST if (minutes == IRREGULAR).any() else int(minutes.max()) * 60 + HOUR
    first, last = span[0], span[1] + longest
    table = writing.history(stream["channel_id"].tolist(), first - 2 * longest, last + longest)
    before = _with_ends(table.to_pandas(), stream)
    after = settled(before)
    inside = (before["end_utc"] > first) & (before["start_utc"] < last)
    needless = (after["is_needless"] & inside).to_numpy()
    if needless.any():
        writing.drop(table, np.flatnonzero(needless))
    wanted = _table(after[inside & ~needless])
    if wanted.num_rows:
        writing.write_readings(wanted, table.filter(pa.array(~needless)))
    return list(_gave_way(after[inside & after["gave_way"]], stream))


def _with_ends(rows: pd.DataFrame, stream: pd.DataFrame) -> pd.DataFrame:
    """Stored readings with the length of their channel, and their end."""
    about = stream.set_index("channel_id")
    length = rows["channel_id"].map(about["interval_minutes"]).astype(np.int64)
    end = rows["start_utc"] + rows["minutes"].fillna(length).astype(np.int64) * 60
    timezone = about["timezone"].iloc[0]
    for minutes in length.unique().tolist():
        own = length == minutes
        if minutes != IRREGULAR:
            starts = rows.loc[own, "start_utc"].to_numpy(dtype=np.int64)
            end[own] = interval_ends(timezone if isinstance(timezone, str) else "UTC", starts, minutes)
    return rows.assign(length=length, end_utc=end)


def _table(rows: pd.DataFrame) -> pa.Table:
    columns = {name: rows[name].to_numpy() for name in READINGS.names}
    columns |= {
        name: rows[name].fillna(0).to_numpy(dtype=np.int64) for name in ("minutes", "method", "rule", "file_id")
    }
    return arrow_readings(columns)


def _gave_way(rows: pd.DataFrame, stream: pd.DataFrame) -> Iterator[Finding]:
    """One finding for each run of readings of one length that do not count, or not in full."""
    about = stream.iloc[0]
    groups: Any = rows.groupby("length")
    for length, own in groups:
        apart = (own["start_utc"].to_numpy()[1:] > own["end_utc"].to_numpy()[:-1]).cumsum()
        for _, run in own.groupby(np.concatenate(([0], apart))):
            name = f"{length} min" if length else "a length of their own"
            text = (
                f"readings of {name}, {run['raw_kwh'].sum():.6g} kWh, where the same channel has others for the same "
                "time: those of the later file count, in one file the shorter ones; these are kept as read, not counted"
            )
            first, last = int(run["start_utc"].iloc[0]), int(run["start_utc"].iloc[-1])
            yield Finding("V04", about["meter_id"], about["channel"], first, last, len(run), text)


def _told_again(writing: Load, stream: pd.DataFrame, span: tuple[int, int], judged: Judged) -> list[Finding]:
    """Gaps of the stream that earlier runs told, as far as they are gaps still: their findings go with this run's."""
    about = stream.iloc[0]
    told = told_gaps(writing.connection, about["meter_id"], about["channel"], *span)
    if not told:
        return []
    first, last = min(one[0] for one in told), max(one[1] for one in told)
    rows = writing.history(stream["channel_id"].tolist(), first - DAY, last + DAY).to_pandas()
    for number, begin, end in judged:
        rows = rows[(rows["channel_id"] != number) | ~rows["start_utc"].between(begin, end)]
    return [one for one in losses_of(rows, stream) if one.rule_id == "V05" and overlaps(one, first, last)]
