"""Fleet events (V19) of earlier runs, judged again when readings of their time have come or gone."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import pandas as pd

from pipeline.clock import DAY
from pipeline.schema import Finding, Quality
from pipeline.stores.load import Load
from pipeline.stores.records import Told

Spanning = TypeVar("Spanning", Finding, Told)

GAP = 5
LOST = {GAP: "no reading for {hours:.4g} h; {outcome}", 8: "0 kWh for {hours:.4g} h; {outcome}"}
"""Rules whose runs make a fleet event, and what is said of one that stands alone again."""


def reopen_events(writing: Load, judged: Sequence[tuple[int, int, int]]) -> tuple[list[Finding], list[int]]:
    """Tell the losses again of which earlier events were made that this run touches.

    Parameters
    ----------
    writing : Load
        The run's writing, after its readings.
    judged : sequence of (int, int, int)
        Channel number, first and last start of what this run judged: of this it tells itself.

    Returns
    -------
    findings : list of Finding
        Missing and zero runs in the time of these events, without what was judged.
    events : list of int
        Numbers of the findings that they replace.
    """
    events = writing.touched_events(judged)
    channels = writing.channels()
    found: dict[Finding, None] = {}
    for _, first, last in events:
        rows = writing.history(channels["channel_id"].tolist(), first - DAY, last + DAY).to_pandas()
        for number, start, end in judged:
            rows = rows[(rows["channel_id"] != number) | ~rows["start_utc"].between(start, end)]
        found |= dict.fromkeys(one for one in losses_of(rows, channels) if overlaps(one, first, last))
    return list(found), [number for number, _, _ in events]


def losses_of(rows: pd.DataFrame, channels: pd.DataFrame) -> Iterator[Finding]:
    """Tell the missing and zero runs of stored readings, ordered by channel and start, in the words of their rules."""
    # A gap that was left null carries no rule: nobody changed a reading there.
    unread = (rows["quality"] == Quality.MISSING) & rows["rule"].isna()
    rows = rows.assign(rule=rows["rule"].where(~unread, GAP)).reset_index(drop=True)
    lost = rows[rows["rule"].isin(list(LOST))]
    key = lost[["channel_id", "rule"]]
    about = channels.set_index("channel_id")
    # A day of a clock change has 25 hours; two intervals apart there is a reading, or one of another length.
    apart = lost["start_utc"].diff() >= 90 * lost["channel_id"].map(about["interval_minutes"])
    begins = (key != key.shift()).any(axis=1) | (lost.index.to_series().diff() != 1) | apart
    for _, run in lost.groupby(begins.cumsum()):
        channel = about.loc[run["channel_id"].iloc[0]]
        first, last = int(run["start_utc"].iloc[0]), int(run["start_utc"].iloc[-1])
        rule = int(run["rule"].iloc[0])
        hours = (last - first) / 3600 + channel["interval_minutes"] / 60
        outcome = "left null" if np.isnan(run["energy_kwh"]).all() else "estimated"
        text = LOST[rule].format(hours=hours, outcome=outcome)
        yield Finding(f"V{rule:02}", channel["meter_id"], channel["channel"], first, last, len(run), text)


def beside_kept(writing: Load, kept: Sequence[Told], found: Sequence[Finding]) -> tuple[list[Finding], list[int]]:
    """Choose between earlier findings of which a run has judged a part, and what it found in their time itself.

    Parameters
    ----------
    writing : Load
        The run's writing, after its readings.
    kept : sequence of Told
        Those of which the run cannot tell the rest: a gap is told as the database has it now, others stay as they are
        unless the run's own of the same rule reaches from their time beyond it.
    found : sequence of Finding
        Of this run.

    Returns
    -------
    found : list of Finding
        With the gaps, and without what lies in one that stays.
    kept : list of int
        Numbers of those that stay.
    """
    if not kept:
        return list(found), []
    of = _by_stream(found)
    stay = [one for one in kept if one.rule_id != "V05" and not any(_reaches_beyond(own, one) for own in of(one))]
    staying = _by_stream(stay)
    gaps = _gaps_now(writing, [one for one in kept if one.rule_id == "V05"])
    left = [one for one in found if not any(_is_inside(one, other) for other in staying(one))]
    return left + gaps, [one.finding_id for one in stay]


def _gaps_now(writing: Load, told: Sequence[Told]) -> list[Finding]:
    """Tell gaps that reach further than the rules look, as far as they are gaps still."""
    channels = writing.channels() if told else pd.DataFrame()
    found: dict[Finding, None] = {}
    for one in told:
        first, last = one.first_start_utc, one.last_start_utc
        rows = writing.history([one.channel_id], first - DAY, last + DAY).to_pandas()
        gaps = (gap for gap in losses_of(rows, channels) if gap.rule_id == "V05" and overlaps(gap, first, last))
        found |= dict.fromkeys(gaps)
    return list(found)


def untold(again: Sequence[Finding], told: Sequence[Finding]) -> list[Finding]:
    """Leave out the losses that lie in one of the same channel that this run tells itself."""
    if not again:
        return []
    of = _by_stream([one for one in told if one.rule_id in ("V05", "V08")])
    return [one for one in again if not any(_is_inside(one, other) for other in of(one))]


def _by_stream(told: Sequence[Spanning]) -> Callable[[Finding | Told], list[Spanning]]:
    """Give the findings of the rule and the channel of one."""
    groups: dict[tuple[str, str | None, str | None], list[Spanning]] = {}
    for one in told:
        groups.setdefault((one.rule_id, one.meter_id, one.channel), []).append(one)
    return lambda one: groups.get((one.rule_id, one.meter_id, one.channel), [])


def _is_inside(one: Finding, other: Finding | Told) -> bool:
    first, last = other.first_start_utc or 0, other.last_start_utc or 0
    return first <= (one.first_start_utc or 0) and (one.last_start_utc or 0) <= last


def _reaches_beyond(one: Finding, other: Told) -> bool:
    return overlaps(one, other.first_start_utc, other.last_start_utc) and not _is_inside(one, other)


def overlaps(one: Finding, first: int, last: int) -> bool:
    """True for a finding of intervals that start in [first, last]."""
    return (one.first_start_utc or 0) <= last and (one.last_start_utc or 0) >= first
