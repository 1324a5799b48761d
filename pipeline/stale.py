"""What of an extract is stale when readings change: rows by their time, or whole local days, stream by stream."""

import pandas as pd
import pyarrow as pa

from pipeline.clock import DAY, utc_offsets
from pipeline.schema import STREAM
from pipeline.stores.extracts import COSTS, DAILY, Extract

BEYOND = 2 * DAY
"""Further than any two clocks are apart."""

BY_DAY = (DAILY, COSTS)
"""Extracts of local days, of which whole ones are written anew."""


def whole(channels: pd.DataFrame) -> pd.DataFrame:
    """All that is stored, as ranges of channels."""
    stored = channels[channels["first_start_utc"].notna()]
    return stored.assign(first=stored["first_start_utc"], last=stored["last_start_utc"])


def changed_streams(changes: pd.DataFrame, channels: pd.DataFrame) -> pd.DataFrame:
    """Give what is to be written anew, by stream: an extract knows its rows by meter and stream, not by length.

    Parameters
    ----------
    changes : pandas.DataFrame
        As `pipeline.stores.database.changes_since` gives them.
    channels : pandas.DataFrame
        As `pipeline.stores.database.read_channels` gives them.

    Returns
    -------
    pandas.DataFrame
        `meter_id`, `channel`, `timezone`, `first`, `last`. A range that reaches an end of what is stored reaches
        beyond it: there may be rows of readings that are gone, or of days on a clock that was another. [s since 1970]
    """
    ends = channels.groupby(STREAM).agg(
        timezone=("timezone", "first"), begin=("first_start_utc", "min"), end=("last_start_utc", "max")
    )
    found = changes.merge(channels[["channel_id", *STREAM]], on="channel_id")
    found = found.groupby(STREAM, as_index=False).agg({"first": "min", "last": "max"}).merge(ends, on=STREAM)
    inside = [(found["begin"] < found["first"]).fillna(False), (found["end"] > found["last"]).fillna(False)]
    first = found["first"].where(inside[0].astype(bool), found["first"] - BEYOND)
    last = found["last"].where(inside[1].astype(bool), found["last"] + BEYOND)
    return found[[*STREAM, "timezone"]].assign(first=first.astype("int64"), last=last.astype("int64"))


def ranges_to_read(changed: pd.DataFrame, channels: pd.DataFrame, extract: Extract) -> pd.DataFrame:
    """What to read of each channel to write changed streams anew: for days, whole days of all lengths."""
    room = DAY if extract in BY_DAY else 0
    bounds = changed[STREAM].assign(first=changed["first"] - room, last=changed["last"] + room)
    return whole(channels).drop(columns=["first", "last"]).merge(bounds, on=STREAM)


def stale_rows(changed: pd.DataFrame, extract: Extract) -> pd.DataFrame:
    """Rows of an extract that a range of readings makes stale, on the clock of its time column."""
    stale = changed[[*STREAM, "first", "last"]].copy()
    if extract in BY_DAY:
        for bound in ("first", "last"):
            for timezone, own in changed.groupby("timezone")[bound]:
                instants = own.to_numpy(dtype="int64")
                stale.loc[own.index, bound] = (instants + utc_offsets(str(timezone), instants)) // DAY * DAY
    return stale


def rows_within(rows: pa.Table, stale: pd.DataFrame, extract: Extract) -> pa.Table:
    """Days that are to be written anew, of whole days around them."""
    if extract not in BY_DAY:
        return rows
    day = rows.column("date").cast(pa.int32()).to_numpy().astype("int64") * DAY
    keys = [rows.column(name).cast(pa.string()).to_pylist() for name in STREAM]
    bounds = stale.set_index(STREAM).loc[list(zip(*keys, strict=True))]
    return rows.filter(pa.array((bounds["first"].to_numpy() <= day) & (day <= bounds["last"].to_numpy())))
