"""Findings: runs of suspect readings in words, and fleet events made of many."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.schema import Finding, Method, Quality
from pipeline.vee.checks import CHECKS
from pipeline.vee.estimate import Total
from pipeline.vee.findings import TEXTS, Earlier, Report, merge_fleet_events, report, report_totals
from pipeline.vee.grid import Grid
from pipeline.vee.levels import measure
from pipeline.vee.rules import RuleBook

HOUR = 3600
nan = np.nan


def told(rule_id: str, read: Grid, cells: list[tuple[int, int]], result: Grid | None = None) -> list[Finding]:
    """Findings of a rule that suspects `cells`."""
    mask = np.zeros(read.shape, dtype=np.bool_)
    mask[tuple(np.array(cells).T)] = True
    return report(Report(read, result or read, measure(read), RuleBook()), {rule_id: mask})


def test_every_check_has_a_sentence() -> None:
    """No rule finds what it cannot say."""
    assert set(TEXTS) == set(CHECKS)


@pytest.mark.parametrize("rule_id", TEXTS)
def test_neighbours_are_one_finding(rule_id: str, make_grid) -> None:
    """A run is one record with its first and last start; another channel is another."""
    grid = make_grid(np.arange(1.0, 97.0).reshape(2, 48))
    first, other = told(rule_id, grid, [(0, 5), (0, 6), (0, 7), (1, 0)])

    assert (first.rule_id, first.meter_id, first.channel) == (rule_id, "m0", "delivered")
    assert (first.first_start_utc, first.last_start_utc) == (int(grid.starts[5]), int(grid.starts[7]))
    assert first.intervals == 3
    assert first.detail
    assert "{" not in first.detail
    assert (other.meter_id, other.intervals) == ("m1", 1)


@pytest.mark.parametrize(
    ("value", "written"), [(4294967.295, "4,294,970"), (0.1 + 0.2, "0.3"), (-12345.5, "-12,345.5"), (1 / 3, "0.333333")]
)
def test_numbers_as_people_write_them(make_grid, value: float, written: str) -> None:
    """No power of ten and no digits without a meaning."""
    (finding,) = told("V11", make_grid([value, *[1.0] * 47]), [(0, 0)])

    assert finding.detail.startswith(f"{written} kWh is more than")


@pytest.mark.parametrize(("days", "words"), [(1, "1 day outside"), (2, "2 days outside")])
def test_one_day_is_no_days(make_grid, days: int, words: str) -> None:
    """One is one."""
    (finding,) = told("V12", make_grid(np.arange(96.0)), [(0, cell) for cell in range(24 * days)])

    assert finding.detail.startswith(words)


def test_runs_of_two_channels_do_not_join(make_grid) -> None:
    """The end of one row is not beside the beginning of the next."""
    assert len(told("V05", make_grid(np.ones((2, 24))), [(0, 23), (1, 0)])) == 2


@pytest.mark.parametrize(("rule_id", "gap", "count"), [("V12", 7, 1), ("V12", 8, 2), ("V23", 8, 1)])
def test_what_is_only_told_is_told_once(rule_id: str, gap: int, count: int, make_grid) -> None:
    """Days of unusual use within a week, and all extremes of a channel, are one finding with their number."""
    grid = make_grid(np.arange(24.0 * 20))
    cells = [(0, i) for i in range(24)] + [(0, i + 24 * (gap + 1)) for i in range(24)]
    findings = told(rule_id, grid, cells)

    assert len(findings) == count
    assert sum(finding.intervals for finding in findings) == 48
    assert findings[-1].last_start_utc == int(grid.starts[24 * (gap + 2) - 1])


def test_only_what_may_be_written_is_told(make_grid) -> None:
    """Context was told by the run that wrote it."""
    grid = make_grid(np.ones((1, 24)), fresh_first=10)
    (finding,) = told("V05", grid, [(0, i) for i in range(8, 12)])

    assert (finding.first_start_utc, finding.intervals) == (int(grid.starts[10]), 2)


@pytest.mark.parametrize(("stays", "spans"), [(False, [(6, 12)]), (True, [(12, 12)])], ids=["again", "stays"])
def test_an_earlier_finding_is_told_once(stays: bool, spans: list[tuple[int, int]], make_grid) -> None:
    """One that reaches into what may be written is told in full with what joins it, or goes on to tell of its time."""
    grid = make_grid(np.ones((1, 24)), fresh_first=10)
    mask = np.zeros(grid.shape, dtype=np.bool_)
    mask[0, [2, *range(6, 13)]] = True
    view = Report(grid, grid, measure(grid), RuleBook(), [Earlier("V05", 0, 6, 11, stays)])
    found = report(view, {"V05": mask})

    assert [(one.first_start_utc, one.last_start_utc) for one in found] == [
        (int(grid.starts[first]), int(grid.starts[last])) for first, last in spans
    ]


def test_what_an_earlier_run_did_stands(make_grid) -> None:
    """Of an earlier finding what readings still carry is told, though the rule would not find it any more."""
    grid = make_grid(np.ones((1, 24)), fresh_first=10)
    rule = np.zeros(grid.shape, dtype=np.uint8)
    rule[0, 4:12] = 9
    grid = replace(grid, rule=rule)
    view = Report(grid, grid, measure(grid), RuleBook(), [Earlier("V09", 0, 4, 11, False)])
    (finding,) = report(view, {"V09": np.zeros(grid.shape, dtype=np.bool_)})

    assert (finding.first_start_utc, finding.intervals) == (int(grid.starts[4]), 6)


@pytest.mark.parametrize(
    ("energy", "quality", "method", "words"),
    [
        pytest.param([nan, nan], Quality.MISSING, 0, "left null", id="nothing"),
        pytest.param([1.0, 1.0], Quality.ESTIMATED, Method.LINEAR, "estimated (linear)", id="line"),
        pytest.param([1.0, nan], Quality.ESTIMATED, Method.AVERAGE_LIKE_DAY, "day), 1 left null", id="a part"),
        pytest.param([1.0, 1.0], Quality.ESTIMATED, Method.SCALED, "scaled to the total", id="total"),
        pytest.param([1.0, 1.0], Quality.ACTUAL, 0, "kept", id="kept"),
    ],
)
def test_a_finding_says_what_was_done(energy, quality: Quality, method: int, words: str, make_grid) -> None:
    """In words that follow the codes of the result."""
    read = make_grid([[2.0, nan, nan, 2.0]])
    codes = np.array([[0, quality, quality, 0]], dtype=np.uint8)
    methods = np.array([[0, method, method, 0]], dtype=np.uint8)
    result = replace(read, energy=np.array([[2.0, *energy, 2.0]]), quality=codes, method=methods)
    (finding,) = told("V05", read, [(0, 1), (0, 2)], result)

    assert finding.detail == f"no reading for 2 h; {finding.detail.split('; ')[1]}"
    assert words in finding.detail


def test_a_total_that_is_not_met_is_told(make_grid) -> None:
    """V13: stated totals against the sum of the intervals; 0.04 % are too much, rounding is not."""
    grid = make_grid([[100.0, 126.191], [100.0, 126.103]])
    view = Report(grid, grid, measure(grid), RuleBook())
    (finding,) = report_totals(view, [Total(0, 0, 1, 226.103), Total(1, 0, 1, 226.103)])

    assert (finding.rule_id, finding.meter_id, finding.intervals) == ("V13", "m0", 2)
    assert "226.191" in finding.detail
    assert "226.103" in finding.detail


# ---- fleet events ----------------------------------------------------------------------------------------------------


def channels(count: int, site_id: str = "site") -> pd.DataFrame:
    """So many meters of a site."""
    names = [f"{site_id}-{number:02d}" for number in range(count)]
    return pd.DataFrame({"site_id": site_id, "meter_id": names, "channel": "delivered"})


def lost(number: int, first: int, length: int, *, rule_id: str = "V08", site_id: str = "site") -> Finding:
    """So many hours without energy at a meter."""
    last = (first + length - 1) * HOUR
    return Finding(rule_id, f"{site_id}-{number:02d}", "delivered", first * HOUR, last, length, "estimated")


def test_zeros_together_are_one_event() -> None:
    """Six of twenty meters in the same hours: one finding that names them, in place of six."""
    findings = [lost(number, 100, 46) for number in range(6)] + [lost(7, 500, 46)]
    event, rest = merge_fleet_events(findings, channels(20))

    assert (event.rule_id, event.meter_id, event.channel) == ("V19", None, None)
    assert (event.first_start_utc, event.last_start_utc, event.intervals) == (100 * HOUR, 145 * HOUR, 46)
    assert event.detail.startswith("6 of 20 channels of site site")
    assert "site-00, site-01, site-02, site-03, site-04, site-05" in event.detail
    assert rest == findings[-1]


@pytest.mark.parametrize(
    ("meters", "of", "merged"),
    [(5, 25, True), (5, 26, False), (4, 10, False), (5, 5, True)],
    ids=["a fifth", "less", "four", "all of five"],
)
def test_an_event_takes_a_fifth_and_five(meters: int, of: int, merged: bool) -> None:
    """At least 20 % of the site's channels, and five of them."""
    findings = [lost(number, 100, 10) for number in range(meters)]

    assert len(merge_fleet_events(findings, channels(of))) == (1 if merged else meters)


def test_missing_and_zero_count_together() -> None:
    """V05 and V08; other rules do not."""
    findings = [lost(n, 100, 10, rule_id="V05" if n % 2 else "V08") for n in range(5)]
    others = [replace(one, rule_id="V09") for one in findings]

    assert [one.rule_id for one in merge_fleet_events(findings, channels(10))] == ["V19"]
    assert merge_fleet_events(others, channels(10)) == others


def test_an_event_is_the_time_they_share() -> None:
    """From the hour in which enough are out to the last such hour; runs that stick out a little are merged."""
    findings = [lost(0, 98, 12), *(lost(number, 100, 10) for number in range(1, 5)), lost(5, 104, 4)]
    events = merge_fleet_events(findings, channels(10))

    assert [(one.first_start_utc // HOUR, one.intervals) for one in events] == [(100, 10)]
    assert "6 of 10" in events[0].detail


def test_a_run_that_goes_on_keeps_its_finding() -> None:
    """A meter that stays out long after the event is named in it, and has its own."""
    long = lost(0, 100, 400)
    event, rest = merge_fleet_events([long, *(lost(number, 100, 10) for number in range(1, 6))], channels(10))

    assert "site-00" in event.detail
    assert rest == long


def test_two_outages_are_two_events() -> None:
    """And each has its own meters."""
    findings = [lost(number, first, 10) for first in (100, 300) for number in range(first // 100, first // 100 + 5)]
    one, two = merge_fleet_events(findings, channels(10))

    assert (one.first_start_utc, two.first_start_utc) == (100 * HOUR, 300 * HOUR)
    assert "site-01" in one.detail
    assert "site-01" not in two.detail


def test_one_after_the_other_is_no_event() -> None:
    """Runs that only touch were never out together."""
    findings = [lost(n, 100, 10) for n in range(3)] + [lost(n, 110, 10) for n in range(3, 6)]

    assert merge_fleet_events(findings, channels(10)) == findings


def test_sites_do_not_mix() -> None:
    """Five meters at two sites are no event."""
    both = pd.concat([channels(5, "a"), channels(5, "b")])
    findings = [lost(n, 100, 10, site_id="a" if n < 3 else "b") for n in range(5)]

    assert merge_fleet_events(findings, both) == findings


def test_zeros_that_were_kept_are_no_outage() -> None:
    """Solar panels bring many meters to zero at noon."""
    findings = [
        replace(lost(n, 100, 3), detail="0 kWh for 3 h; kept: the load falls to it by way of nearly nothing")
        for n in range(9)
    ]

    assert merge_fleet_events(findings, channels(10)) == findings


def test_findings_without_instants_stay() -> None:
    """A reader's word about lines of a file is no outage."""
    said = Finding("V05", "site-00", "delivered", None, None, 1, "there is a gap before a reading (line 3)")
    findings = [said, *(lost(number, 100, 10) for number in range(5))]

    assert merge_fleet_events([said], channels(10)) == [said]
    assert [one.rule_id for one in merge_fleet_events(findings, channels(10))] == ["V19", "V05"]


def test_nothing_merges_to_nothing() -> None:
    """No findings, or none of any channel."""
    other = Finding("V21", None, None, None, None, 0, "a picture")

    assert merge_fleet_events([], channels(10)) == []
    assert merge_fleet_events([other], channels(10)) == [other]
