"""What VEE says: runs of suspect readings as findings, each with one plain sentence, and fleet events made of many."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.schema import Finding, Method, Quality, method_name
from pipeline.vee.checks import extreme_bounds
from pipeline.vee.edges import part_days
from pipeline.vee.estimate import Total
from pipeline.vee.grid import Bools, Floats, Grid
from pipeline.vee.levels import Levels
from pipeline.vee.repair import tolerance
from pipeline.vee.rules import RULES, RuleBook
from pipeline.vee.runs import Runs, runs_of
from pipeline.vee.spikes import spike_limit

TEXTS = {
    "V03": "{value} kWh: an hour of a clock change, doubled or spread, the meter keeps local clock; kept, no demand",
    "V05": "no reading for {hours} h; {outcome}",
    "V07": "{value} kWh on a delivered channel of a site that does not feed in; {outcome}",
    "V08": "0 kWh for {hours} h on a channel that does not rest at zero; {outcome}",
    "V09": "{value} kWh {intervals} times in a row ({hours} h); {outcome}",
    "V10": "{value} kWh, far above both neighbours and above the limit of {limit} kWh; {outcome}",
    "V11": "{value} kWh is more than the supply can pass, or a meter's code for no reading; {outcome}",
    "V12": "{days} outside the usual range of their weekday; kept",
    "V13": "{value} kWh after a gap; {outcome}",
    "V15": "from this day on another level: a multiplier or a unit may have changed; kept",
    "V16": "the power factor of {days} is under {limit}; kept",
    "V17": "{value} kWh, half of its neighbour, beside a gap or at an edge: only a part was measured; {outcome}",
    "V18": "the gap is longer than {limit} days: not estimated",
    "V20": "an estimate of the supplier for {hours} h; kept, not counted as metered",
    "V22": "{idle}: an idle load or a dead feed?; {outcome}",
    "V23": "{intervals} readings outside {low} to {high} kWh, the largest {peak} kWh; for review, kept",
}
"""One sentence for each rule that finds runs of readings."""

JOINED_DAYS = {"V12": 7.0, "V23": np.inf}
"""Rules whose runs are one finding when they lie no further apart: many days, and nothing is done about them. [days]"""

LOST = ("V05", "V08")
"""Rules whose runs make a fleet event (V19)."""

MOST_NAMES = 60
"""Meters that the sentence of an event names before it only counts."""

KEPT = {
    "V08": "kept: the load falls to it by way of nearly nothing",
    "V09": "filled at the source: kept, not counted as metered (V20)",
}
"""Why a reading stays, for rules that usually take it out."""


class Earlier(NamedTuple):
    """A finding of an earlier run that reaches beyond what this run may write.

    Attributes
    ----------
    rule_id : str
    row : int
        Of the grid.
    first, last : int
        Intervals of the grid, as far as they lie in it.
    stays : bool
        True where it goes on to tell of its time, False where this run tells of all of it again.
    """

    rule_id: str
    row: int
    first: int
    last: int
    stays: bool


@dataclass(frozen=True)
class Report:
    """What a sentence may speak of: readings as read, what became of them, the channels' levels, the rules."""

    read: Grid
    result: Grid
    levels: Levels
    book: RuleBook
    earlier: Sequence[Earlier] = ()

    def anew(self, rule_id: str) -> Bools:
        """Give True where this run tells what a rule finds: where it may write, and where earlier findings reach."""
        told = self.read.fresh()
        for one in self.earlier:
            if one.rule_id == rule_id:
                told[one.row, one.first : one.last + 1] = not one.stays
        return told


def report(view: Report, masks: Mapping[str, Bools]) -> list[Finding]:
    """Turn suspect readings that the run may write, and those of earlier findings it tells again, into findings.

    Parameters
    ----------
    view : Report
    masks : mapping of str to array of bool
        Suspect readings by rule.

    Returns
    -------
    list of Finding
        In the order of the rules, then of channels and time.
    """
    fresh = view.read.fresh()
    again = {one.rule_id for one in view.earlier}
    found: list[Finding] = []
    for rule in RULES:
        if rule.rule_id in masks:
            mask, told = masks[rule.rule_id], fresh
            if rule.rule_id in again:
                # What an earlier run did outside stands, whatever the rule would say of it now.
                mask, told = mask | (~fresh & (view.read.rule == rule.number)), view.anew(rule.rule_id)
            found += _findings(rule.rule_id, runs_of(mask & told), view)
    return found


def report_part_days(view: Report) -> list[Finding]:
    """Say which channels begin or end in the middle of a local day (V17)."""
    is_part = part_days(view.read) & view.anew("V17") & view.book.enabled("V17", view.read.channels)
    return _plain("V17", runs_of(is_part), view, "a part of a local day: the channel begins or ends in it; kept")


def report_withdrawn(view: Report, withdrawn: Mapping[str, Bools]) -> list[Finding]:
    """Say which estimates were suspect themselves; arguments and result as for `report`."""
    text = "its estimate was suspect by the same rule: withdrawn, left null"
    return [finding for rule_id, mask in withdrawn.items() for finding in _plain(rule_id, runs_of(mask), view, text)]


def report_totals(view: Report, totals: Sequence[Total]) -> list[Finding]:
    """Say which known totals the intervals do not add up to (V13)."""
    found = []
    for total in totals:
        span = (total.channel, slice(total.first, total.last + 1))
        sums = [float(np.nansum(grid.energy[span])) for grid in (view.read, view.result)]
        if view.book.value("V13", "enabled") and min(abs(s - total.energy) for s in sums) > tolerance(total, view.book):
            run = Runs(*(np.array([number]) for number in total[:3]))
            text = f"intervals add up to {sums[0]:.10g} kWh, the stated total is {total.energy:.10g} kWh; kept"
            found += _plain("V13", run, view, text)
    return found


def _plain(rule_id: str, runs: Runs, view: Report, text: str) -> list[Finding]:
    return list(_records(rule_id, runs, view.read, [text] * len(runs), runs.length))


def _records(
    rule_id: str, runs: Runs, grid: Grid, texts: Sequence[str], counts: NDArray[np.int64]
) -> Iterator[Finding]:
    meters, channels = grid.channels["meter_id"].tolist(), grid.channels["channel"].tolist()
    first, last = grid.starts[runs.first].tolist(), grid.starts[runs.last].tolist()
    for row, begin, end, count, text in zip(runs.channel.tolist(), first, last, counts.tolist(), texts, strict=True):
        yield Finding(rule_id, meters[row], channels[row], begin, end, count, text)


def _findings(rule_id: str, runs: Runs, view: Report) -> Iterator[Finding]:
    if not len(runs):
        return iter(())
    facts = _facts(rule_id, runs, view)
    counts = runs.length
    if rule_id in JOINED_DAYS:
        runs, counts, facts = _join(runs, facts, view.read, JOINED_DAYS[rule_id])
    names = list(facts)
    rows = zip(*(map(_WRITTEN.get(name, str), facts[name]) for name in names), strict=True)
    write = TEXTS[rule_id].format
    texts = [write(**dict(zip(names, row, strict=True))) for row in rows]
    return _records(rule_id, runs, view.read, texts, counts)


def _facts(rule_id: str, runs: Runs, view: Report) -> dict[str, list[Any]]:
    """What the sentence of a rule may mention, by run."""
    grid, at = view.read, (runs.channel, runs.last if rule_id == "V13" else runs.first)
    hours = (grid.ends[runs.last] - grid.starts[runs.first]) / 3600
    facts: dict[str, list[Any]] = {
        "value": grid.energy[at].tolist(),
        "intervals": runs.length.tolist(),
        "hours": hours.tolist(),
        "days": (hours / 24).tolist(),
        "outcome": _outcomes(rule_id, runs, view.result),
    }
    if rule_id == "V22":
        facts["idle"] = [_idle(*one) for one in zip(facts["value"], facts["intervals"], facts["days"], strict=True)]
    limits = _limits(rule_id, view)
    facts |= {name: limit.reshape(-1)[runs.channel].tolist() for name, limit in limits.items()}
    return facts


def _idle(value: float, intervals: int, days: float) -> str:
    return "no reading after this" if intervals == 1 else f"nothing but {_number(value)} kWh for {days:.3g} days"


def _number(value: float, digits: int = 6) -> str:
    """Write some significant digits, as people do: thousands apart, no power of ten."""
    return f"{float(f'{value:.{digits}g}'):,.15g}"


def _days(count: float) -> str:
    return f"{count:,.0f} day{'' if round(count) == 1 else 's'}"


_WRITTEN: dict[str, Callable[..., str]] = {
    "value": _number,
    "peak": _number,
    "limit": partial(_number, digits=4),
    "low": partial(_number, digits=4),
    "high": partial(_number, digits=4),
    "hours": partial(_number, digits=4),
    "days": _days,
}
"""How the facts of a sentence are written."""


def _limits(rule_id: str, view: Report) -> dict[str, Floats]:
    """Limits that the sentence of a rule mentions, each with one number a channel."""
    channels = view.read.channels
    if rule_id == "V10":
        return {"limit": spike_limit(view.read, view.levels, **view.book.arguments("V10", spike_limit, channels))}
    if rule_id == "V23":
        low, high = extreme_bounds(view.levels, **view.book.arguments("V23", extreme_bounds, channels))
        return {"low": low, "high": high, "peak": view.levels.quantile(1.0)}
    name = {"V16": "low", "V18": "days"}.get(rule_id)
    return {"limit": view.book.parameter(rule_id, name, channels)} if name else {}


def _outcomes(rule_id: str, runs: Runs, result: Grid) -> list[object]:
    """What became of each run, in words."""
    begins, cells = np.cumsum(runs.length) - runs.length, runs.cells(result.shape[1])
    is_null = np.isnan(result.energy.reshape(-1)[cells])
    nulls = np.add.reduceat(is_null, begins, dtype=np.int64)
    known = np.maximum(np.maximum.reduceat(np.where(is_null, -1, cells), begins), 0)
    layers = (layer.reshape(-1)[known].tolist() for layer in (result.quality, result.method))
    codes = list(zip(*layers, strict=True))
    words = {code: _words(rule_id, *code) for code in set(codes)}
    return [
        "left null" if null == length else words[code] + (f", {null} left null" if null else "")
        for null, length, code in zip(nulls.tolist(), runs.length.tolist(), codes, strict=True)
    ]


def _words(rule_id: str, quality: int, method: int) -> str:
    if quality == Quality.ESTIMATED and method == Method.SCALED:
        return "worth its energy: spread over it" if rule_id == "V13" else "estimated, scaled to the total"
    if rule_id == "V13":
        return f"not worth its energy, not spread; {_words('', quality, method)}"
    if quality == Quality.ESTIMATED and method not in (Method.NONE, Method.SUPPLIER):
        return f"estimated ({(method_name(method) or '').replace('_', ' ')})"
    return KEPT.get(rule_id, "kept")


def _join(
    runs: Runs, facts: dict[str, list[Any]], grid: Grid, days: float
) -> tuple[Runs, NDArray[np.int64], dict[str, list[Any]]]:
    """Make one run of those of a channel that lie no further apart than so many days."""
    away = (grid.starts[runs.first[1:]] - grid.ends[runs.last[:-1]]) / 86400
    begins = np.concatenate(([0], 1 + np.flatnonzero((np.diff(runs.channel) != 0) | (away > days))))
    ends = np.append(begins[1:], len(runs)) - 1
    counts = np.add.reduceat(runs.length, begins)
    sums = {name: np.add.reduceat(np.array(facts[name], dtype=np.float64), begins) for name in ("hours", "days")}
    joined = {name: [values[begin] for begin in begins] for name, values in facts.items()}
    joined |= {"intervals": counts.tolist()} | {name: total.tolist() for name, total in sums.items()}
    return Runs(runs.channel[begins], runs.first[begins], runs.last[ends]), counts, joined


def merge_fleet_events(
    findings: Sequence[Finding], channels: pd.DataFrame, share: float = 0.2, fewest: int = 5
) -> list[Finding]:
    """Merge the missing and zero runs of a site that happen together into one event each (V19).

    Parameters
    ----------
    findings : sequence of Finding
        Of all channels of a run.
    channels : pandas.DataFrame
        `site_id`, `meter_id`, `channel` of all channels of the run.
    share : float, default 0.2
        Of a site's channels that must be zero or missing in the same interval; measured on one estate.
    fewest : int, default 5
        At least so many of them, whatever the share, or all; chosen, not measured. A site of one or two meters has
        no fleet.

    Returns
    -------
    list of Finding
        Events first; then all findings but the merged ones, in their order. A run that lies outside of its event for
        more than half of the event's length stays a finding of its own, though the event names its meter.
    """
    lost = _lost_runs(findings, channels)
    events, merged = [], set()
    for site_id, runs in lost.groupby("site_id"):
        own = channels[channels["site_id"] == site_id]
        total = len(own)
        if own["meter_id"].nunique() < 3:
            continue
        for first, end in _together(runs, max(share * total, min(fewest, total))):
            part = runs[(runs["first"] < end) & (runs["end"] > first)]
            events.append(_event(str(site_id), part, (first, end), total))
            inside = np.minimum(part["end"], end) - np.maximum(part["first"], first)
            merged |= set(
                part.index[part["end"] - part["first"] - inside <= max((end - first) / 2, part["step"].max())]
            )
    return events + [finding for number, finding in enumerate(findings) if number not in merged]


def _lost_runs(findings: Sequence[Finding], channels: pd.DataFrame) -> pd.DataFrame:
    """Missing and zero runs, indexed by their place in `findings`: site, meter, first, end and step in seconds."""
    sites = channels.drop_duplicates(["meter_id", "channel"]).set_index(["meter_id", "channel"])["site_id"].to_dict()
    rows = [
        (number, sites[one.meter_id, one.channel], one.meter_id, one.first_start_utc, one.last_start_utc, one.intervals)
        for number, one in enumerate(findings)
        if one.rule_id in LOST and (one.meter_id, one.channel) in sites and _is_outage(one)
    ]
    runs = pd.DataFrame(rows, columns=["number", "site_id", "meter_id", "first", "last", "intervals"])
    step = ((runs["last"] - runs["first"]) / (runs["intervals"] - 1).where(runs["intervals"] > 1)).astype(float)
    runs["step"] = step.fillna(step.groupby(runs["site_id"]).transform("min")).fillna(1.0).astype(np.int64)
    return runs.assign(end=runs["last"] + runs["step"]).set_index("number")


def _is_outage(finding: Finding) -> bool:
    """False for a reader's finding that knows no instants, and for zeros that are load."""
    return finding.first_start_utc is not None and not finding.detail.endswith(KEPT["V08"])


def _together(runs: pd.DataFrame, least: float) -> list[tuple[int, int]]:
    """Begin and end of each stretch of time in which at least so many runs go on. [s since 1970 UTC]"""
    time = np.concatenate((runs["first"], runs["end"])).astype(np.int64)
    change = np.repeat([1, -1], len(runs))
    order = np.lexsort((-change, time))
    many = np.concatenate(([False], np.cumsum(change[order]) >= least))
    edges = np.flatnonzero(many[1:] != many[:-1])
    times = time[order][edges].tolist()
    return [(first, end) for first, end in zip(times[::2], times[1::2], strict=True) if end > first]


def _event(site_id: str, part: pd.DataFrame, span: tuple[int, int], total: int) -> Finding:
    meters = sorted(set(part["meter_id"]))
    names = ", ".join(meters[:MOST_NAMES]) + (f" and {len(meters) - MOST_NAMES} more" * (len(meters) > MOST_NAMES))
    step = int(part["step"].min())
    text = f"{len(part)} of {total} channels of site {site_id} zero or missing together: {names}"
    return Finding("V19", None, None, span[0], span[1] - step, (span[1] - span[0]) // step, text)
