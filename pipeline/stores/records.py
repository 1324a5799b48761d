"""Findings, edits and holidays as rows of their tables, and which of them are not recorded yet."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import Connection, select

from pipeline.schema import Finding
from pipeline.stores.tables import edits, findings, holidays

EDIT_COLUMNS = [column.name for column in edits.columns if column.name not in ("edit_id", "load_id")]

FINDING_COLUMNS = [column.name for column in findings.columns if column.name not in ("finding_id", "load_id")]


class Told(NamedTuple):
    """A recorded finding of a channel."""

    finding_id: int
    channel_id: int
    rule_id: str
    meter_id: str
    channel: str
    first_start_utc: int
    last_start_utc: int


def finding_rows(found: Sequence[Finding], channel_of: Mapping[tuple[str, str], int]) -> list[dict[str, Any]]:
    """Give findings the number of their channel; those about no channel, or an unknown one, have none."""
    return [
        asdict(one)
        | {"file": None if one.file is None else str(one.file)}
        | {"channel_id": channel_of.get((one.meter_id or "", one.channel or ""))}
        for one in found
    ]


def new_findings(
    connection: Connection, rows: Sequence[Mapping[str, Any]], files: Collection[str], events: Collection[int]
) -> tuple[list[Mapping[str, Any]], list[int]]:
    """Part findings of no channel, which no range of readings replaces: what is told twice stands once.

    Parameters
    ----------
    connection : sqlalchemy.Connection
    rows : sequence of mapping
        As `finding_rows` gives them.
    files : collection of str
        Files that were read again.
    events : collection of int
        Numbers of findings that were judged again.

    Returns
    -------
    new : list of mapping
        Rows that are not recorded yet.
    gone : list of int
        Numbers of recorded findings, of these files and among these events, that were not found again.
    """
    recorded = connection.execute(select(findings).where(findings.c.channel_id.is_(None))).mappings().all()
    known = {tuple(row[name] for name in FINDING_COLUMNS) for row in recorded}
    said = {tuple(row[name] for name in FINDING_COLUMNS): row for row in rows}
    gone = [
        int(row["finding_id"])
        for row in recorded
        if (row["file"] in files or row["finding_id"] in events)
        and tuple(row[name] for name in FINDING_COLUMNS) not in said
    ]
    return [row for key, row in said.items() if key not in known], gone


def told_between(connection: Connection, first: int, last: int) -> list[Told]:
    """Give the recorded findings of channels that touch a range. [s since 1970 UTC]"""
    columns = [findings.c[name] for name in Told._fields]
    touching = (findings.c.first_start_utc <= last) & (findings.c.last_start_utc >= first)
    query = select(*columns).where(findings.c.channel_id.is_not(None), touching)
    return [Told(*row) for row in connection.execute(query)]


def touched_findings(
    connection: Connection, ranges: Sequence[tuple[int, int, int]], kept: Collection[int]
) -> list[int]:
    """Give the numbers of findings that touch ranges (channel number, first and last start), without those kept."""
    if not ranges:
        return []
    of: dict[int, list[tuple[int, int]]] = {}
    for number, first, last in ranges:
        of.setdefault(number, []).append((first, last))
    stays = frozenset(kept)
    return [
        one.finding_id
        for one in told_between(connection, min(one[1] for one in ranges), max(one[2] for one in ranges))
        if one.finding_id not in stays
        and any(a <= one.last_start_utc and b >= one.first_start_utc for a, b in of.get(one.channel_id, ()))
    ]


def told_gaps(connection: Connection, meter_id: str, channel: str, first: int, last: int) -> list[tuple[int, int]]:
    """Give first and last start of the recorded gaps (V05) of a stream that touch a range. [s since 1970 UTC]"""
    begin, end = findings.c.first_start_utc, findings.c.last_start_utc
    own = (findings.c.rule_id == "V05") & (findings.c.meter_id == meter_id) & (findings.c.channel == channel)
    return [(one[0], one[1]) for one in connection.execute(select(begin, end).where(own, begin <= last, end >= first))]


def new_edits(connection: Connection, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the edits of a frame with the columns `EDIT_COLUMNS` that are not recorded yet."""
    known = {tuple(row) for row in connection.execute(select(*(edits.c[name] for name in EDIT_COLUMNS)))}
    chosen = frame[EDIT_COLUMNS]
    said = chosen.astype(object).where(chosen.notna(), None).itertuples(index=False, name=None)
    return [dict(zip(EDIT_COLUMNS, row, strict=True)) for row in dict.fromkeys(said) if row not in known]


def new_holidays(connection: Connection, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the holidays of a frame (`calendar`, `day`, `name`) that are not recorded yet."""
    known = {tuple(row) for row in connection.execute(select(holidays.c.calendar, holidays.c.day))}
    said = {(calendar, day): name for calendar, day, name in frame[["calendar", "day", "name"]].itertuples(index=False)}
    return [{"calendar": key[0], "day": key[1], "name": name} for key, name in said.items() if key not in known]
