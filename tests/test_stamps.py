"""Stamps: every notation to seconds, and the verdict on a file's dates as a whole."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import FileRefusedError
from pipeline.sources.dates import find_swapped, judge_dates
from pipeline.sources.ends import label_side
from pipeline.sources.sniff import open_sources
from pipeline.sources.source import Feed
from pipeline.sources.stamps import DAY, NO_STAMP, day_number, label_parser

NEW_YEAR = 17897
"""2019-01-01 as a day number."""
TODAY = NEW_YEAR + 3000


def seconds(text: str) -> int:
    """Give the seconds of an ISO instant, the clock ignored."""
    return int(pd.Timestamp(text).timestamp())


@pytest.mark.parametrize(
    ("label", "order", "instants", "expected"),
    [
        ("2019-03-31 01:00", "day-first", False, "2019-03-31 01:00"),
        ("2019-03-31T01:00:30", "day-first", False, "2019-03-31 01:00:30"),
        ("2019-03-31T01:00:00.000Z", "day-first", True, "2019-03-31 01:00"),
        ("2019-03-31T01:00:00+01:00", "day-first", True, "2019-03-31 00:00"),
        ("2019-03-31 01:00-0330", "day-first", True, "2019-03-31 04:30"),
        (" 2019/3/5 1:00", "month-first", False, "2019-03-05 01:00"),
        ("5/3/2019 1:05:09", "day-first", False, "2019-03-05 01:05:09"),
        ("5/3/2019 1:05", "month-first", False, "2019-05-03 01:05"),
        ("05-03-19", "day-first", False, "2019-03-05"),
        ("05.03.2019 24:00", "day-first", False, "2019-03-06"),
        ("19-03-05", "year-first", False, "2019-03-05"),
        ("3/5/70 00:00", "month-first", False, "1970-03-05"),
        ("3/5/2019 12:00:00 AM", "month-first", False, "2019-03-05"),
        ("3/5/2019 12:30 p.m.", "month-first", False, "2019-03-05 12:30"),
        ("03 Dec 2019 00:30:00", "month-first", False, "2019-12-03 00:30"),
        ("Nov 13 2019 12:00AM", "day-first", False, "2019-11-13"),
        ("November 13, 2019 1:15 PM", "day-first", False, "2019-11-13 13:15"),
        ("13-déc.-2019", "day-first", False, "2019-12-13"),
        ("20181104", "day-first", False, "2018-11-04"),
        ("201811040100", "day-first", False, "2018-11-04 01:00"),
        ("20181104T010203Z", "day-first", True, "2018-11-04 01:02:03"),
        ("1541293200", "day-first", True, "2018-11-04 01:00"),
        ("1541293200000", "day-first", True, "2018-11-04 01:00"),
        ("43770.020833333", "day-first", False, "2019-11-01 00:30"),
        ("2020-05-01 00:15:00 to 2020-05-01 00:30:00", "day-first", False, "2020-05-01 00:15"),
        ("04/2019/13", "%d/%Y/%m", False, None),
        ("13/2019/04 05.30", "%d/%Y/%m %H.%M", False, "2019-04-13 05:30"),
        ("2019-02-30", "day-first", False, None),
        ("13/13/2019", "day-first", False, None),
        ("2019-01-01 25:00", "day-first", False, None),
        ("2019-01-01 13:00 PM", "day-first", False, None),
        ("2.01811E+13", "day-first", False, None),
        ("KABOOM", "day-first", False, None),
        ("1820-01-01", "day-first", False, None),
        ("2019-01-01 01:00", "day-first", True, None),
        ("2019-01-01 01:00Z", "day-first", False, None),
    ],
)
def test_labels_become_seconds(label: str, order: str, instants: bool, expected: str | None) -> None:
    """Each notation is one instant, or none; a label with an offset is none on a file without, and the other way."""
    parsed = label_parser(order, instants)([label])

    assert parsed[0] == (NO_STAMP if expected is None else seconds(expected))


def days(first: date, count: int, pattern: str) -> list[str]:
    """Write consecutive days."""
    return [(first + timedelta(n)).strftime(pattern) for n in range(count)]


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        pytest.param(days(date(2019, 1, 1), 20, "%d/%m/%Y"), "day-first", id="13th can be no month"),
        pytest.param(days(date(2019, 1, 1), 20, "%m/%d/%Y"), "month-first", id="13th can be no month, US"),
        pytest.param(days(date(2019, 2, 1), 3, "%d-%m-%y"), "day-first", id="three days follow each other"),
        pytest.param(days(date(2019, 2, 1), 3, "%m-%d-%y"), "month-first", id="three days follow each other, US"),
        pytest.param(days(date(2019, 2, 9), 4, "%d/%m/%Y")[::-1], "day-first", id="newest first"),
        pytest.param(days(date(2019, 3, 25), 20, "%y-%m-%d"), "year-first", id="year first"),
        pytest.param(["04/04/2019"], "day-first", id="same either way"),
        pytest.param(["2019-02-01"], "day-first", id="nothing to decide"),
        pytest.param([*days(date(2019, 1, 1), 300, "%d/%m/%Y"), "01/13/2019"], "day-first", id="one typing error"),
    ],
)
def test_one_order_clearly_wins(texts: list[str], order: str) -> None:
    """All dates together decide, and the decision is said."""
    verdict = judge_dates(texts, TODAY)

    assert (verdict.order, verdict.refusal) == (order, "")


def test_the_future_decides() -> None:
    """An order that puts readings after today is impossible."""
    assert judge_dates(["01/02/2019", "01/03/2019"], with_times=False).refusal
    assert judge_dates(["01/02/2019", "01/03/2019"], NEW_YEAR + 35, with_times=False).order == "month-first"
    assert judge_dates(["05/01/2019", "06/01/2019"], NEW_YEAR + 20).order == "day-first"
    assert judge_dates(["05/01/2019"], NEW_YEAR + 20).order == "day-first"


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(["03/04/2019"], id="one date"),
        pytest.param(["01/02/2019", "05/03/2019"], id="no step is regular"),
        pytest.param(
            days(date(2019, 1, 13), 10, "%d/%m/%Y") + days(date(2019, 1, 13), 10, "%m/%d/%Y"), id="both orders"
        ),
    ],
)
def test_ties_and_contradictions_are_refused(texts: list[str]) -> None:
    """Where nothing decides, or both orders fail, the file is not read."""
    assert judge_dates(texts, TODAY).refusal


def test_first_days_of_months_are_a_tie_with_days_of_january() -> None:
    """Monthly readings day-first look like daily ones month-first; with times of day they cannot be monthly."""
    texts = [f"01/{month:02d}/2019" for month in range(1, 8)]

    assert judge_dates(texts, TODAY, with_times=False).refusal
    assert judge_dates(texts, TODAY, with_times=True).order == "month-first"


def test_a_chosen_order_is_kept_unless_it_cannot_be() -> None:
    """The user's order settles a tie, and is refused when the dates cannot be read so."""
    assert judge_dates(["03/04/2019"], TODAY, chosen="month-first").order == "month-first"
    assert "cannot be" in judge_dates(days(date(2019, 1, 1), 20, "%d/%m/%Y"), TODAY, chosen="month-first").refusal


def swap(day: date) -> date:
    """Exchange day and month where that gives a date."""
    return day if day.day > 12 else date(day.year, day.day, day.month)


def load(first: date, count: int) -> tuple[list[date], np.ndarray]:
    """Make days of a building: a weekly and a yearly cycle, and some noise."""
    dates = [first + timedelta(n) for n in range(count)]
    season = [40 * np.cos(2 * np.pi * (each.timetuple().tm_yday - 20) / 365) for each in dates]
    week = [-40 if each.weekday() > 4 else 0 for each in dates]
    noise = np.random.default_rng(1).normal(0, 3, count)
    return dates, 100 + np.array(season) + np.array(week) + noise


def labelled(dates: list[date], levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sort levels by the days that label them."""
    series = pd.Series(levels, index=[each.toordinal() - 719163 for each in dates]).groupby(level=0).mean()
    return series.index.to_numpy(np.int64), series.to_numpy()


@pytest.mark.parametrize(
    ("first", "count", "said"),
    [
        pytest.param(date(2012, 3, 1), 730, "no day after the 12th", id="edges show it"),
        pytest.param(date(2018, 1, 1), 1096, "from one week to the next", id="whole years: only values show it"),
    ],
)
def test_swapped_days_are_found(first: date, count: int, said: str) -> None:
    """A tool that read days up to the 12th the wrong way round leaves marks in the calendar, or in the values."""
    dates, levels = load(first, count)

    assert said in find_swapped(*labelled([swap(each) for each in dates], levels))


@pytest.mark.parametrize(
    "dates",
    [
        pytest.param([date(2018, 1, 1) + timedelta(n) for n in range(1096)], id="three years"),
        pytest.param([date(2019, 1, 20) + timedelta(n) for n in range(45)], id="six weeks"),
        pytest.param([date(2019, 5, 3) + timedelta(n) for n in range(400)], id="thirteen months"),
        pytest.param([date(2019, m, d) for m in range(1, 13) for d in range(1, 8)], id="first week of each month"),
        pytest.param([date(2019, m, d) for m in range(1, 13) for d in range(1, 4)], id="three days of each month"),
        pytest.param(
            [date(2020, 1, 1) + timedelta(n) for n in range(152) if n not in (5, 37, 67)]
            + [date(2020, m, d) for m in range(6, 13) for d in range(1, 6)],
            id="three lost days, then five of each month",
        ),
        pytest.param(
            [date(2019, 1, 1) + timedelta(n) for n in range(120)] + [date(2019, m, 1) for m in range(6, 13)],
            id="daily, then monthly",
        ),
    ],
)
def test_honest_gaps_are_not_swapped_days(dates: list[date]) -> None:
    """Short, partial and gappy files are no swapped files."""
    _, levels = load(dates[0], len(dates))

    assert find_swapped(*labelled(dates, levels)) == ""


def write_half_hours(path: Path, dates: list[date], levels: np.ndarray) -> None:
    """Write half-hours, 48 a day, in the order of the labels."""
    order = np.argsort([each.toordinal() for each in dates], kind="stable")
    rows = [
        f"{dates[n].isoformat()} {half // 2:02d}:{half % 2 * 30:02d}:00,{levels[n] / 48:.3f}\n"
        for n in order
        for half in range(48)
    ]
    path.write_text("timestamp,kwh\n" + "".join(rows))


def test_a_published_sample_with_swapped_days_is_refused(tmp_path: Path) -> None:
    """ISO stamps written after a wrong parse are refused too: the fault of a reference library's own sample."""
    dates, levels = load(date(2012, 3, 1), 729)
    swapped = [swap(each) for each in dates]
    path = tmp_path / "sample.csv"
    write_half_hours(path, swapped, levels)
    (source,) = open_sources(path, Feed())

    with pytest.raises(FileRefusedError, match=r"swapped: 40 days such as 2012-01-03 stand in 12 months") as refusal:
        list(source.batches)
    assert "--insist" in str(refusal.value)


def test_insisting_loads_the_doubtful_file_and_marks_it(tmp_path: Path) -> None:
    """Whoever insists gets every reading, and a finding that covers them all."""
    dates, levels = load(date(2012, 3, 1), 729)
    path = tmp_path / "sample.csv"
    write_half_hours(path, [swap(each) for each in dates], levels)
    (source,) = open_sources(path, Feed(insist=True))
    rows = sum(len(batch.stamp) for batch in source.batches)

    assert rows == 729 * 48
    assert [(finding.rule_id, finding.intervals) for finding in source.findings] == [("V01", rows)]


@pytest.mark.shared_data
@pytest.mark.parametrize("date_format", [None, "day-first", "month-first"])
def test_the_india_file_is_refused_whatever_order_is_chosen(shared_data: Path, date_format: str | None) -> None:
    """35 days stand in months without a day after the 12th; no option makes the labels true."""
    path = shared_data / "india_statewise" / "long_data_original.csv"
    with pytest.raises(FileRefusedError, match="V01 day and month are swapped: 35 days such as 2020-06-01") as refusal:
        list(open_sources(path, Feed(date_format=date_format)))

    assert "Punjab" in str(refusal.value)
    assert "does not mend it" in str(refusal.value)


@pytest.mark.shared_data
def test_insisting_on_the_india_file_marks_everything(shared_data: Path) -> None:
    """16,599 rows come with one V01 finding over all."""
    path = shared_data / "india_statewise" / "long_data_original.csv"
    (source,) = open_sources(path, Feed(insist=True))
    rows = sum(len(batch.stamp) for batch in source.batches)

    assert rows == 16_599
    assert [finding.intervals for finding in source.findings if finding.rule_id == "V01"] == [16_599]


@pytest.mark.shared_data
def test_no_clean_meter_is_called_swapped(shared_data: Path) -> None:
    """52 meters over three years keep well under the limit, and above it once their days are swapped."""
    path = shared_data / "cambridge" / "derived_wide_electricity_2018_2020.csv.gz"
    daily = pd.read_csv(path, index_col=0, parse_dates=[0]).resample("D").mean()
    dates = [each.date() for each in daily.index]
    site = daily.mean(axis=1).to_numpy()

    assert [find_swapped(*labelled(dates, daily[meter].to_numpy())) for meter in daily] == [""] * 52
    assert "swapped" in find_swapped(*labelled([swap(each) for each in dates], site))


HOUR = 3600


@pytest.mark.parametrize(
    ("first", "last", "label"),
    [
        pytest.param(0, 2 * DAY - 1800, "start", id="00:00 to 23:30"),
        pytest.param(1800, 2 * DAY, "end", id="00:30 to 00:00"),
        pytest.param(1800, 2 * DAY - HOUR, "end", id="00:30 to 23:00"),
        pytest.param(0, 2 * DAY, "start", id="00:00 to 00:00 tells nothing"),
        pytest.param(5 * HOUR, 9 * HOUR, "start", id="05:00 to 09:00 tells nothing"),
    ],
)
def test_label_side_is_told_by_where_days_begin(first: int, last: int, label: str) -> None:
    """Half-hours from 00:30 to 00:00 are ends; where nothing tells, stamps are starts and that is said."""
    found, why = label_side(np.array([[first, last]]), 1800)

    assert found == label
    assert ("nothing tells" in why) == (label == "start" and last % DAY != DAY - 1800)


def test_24_00_can_only_be_an_end() -> None:
    """No interval starts at 24:00."""
    assert label_side(np.array([[0, DAY]]), 1800, has_24=True)[0] == "end"


def test_day_number_is_the_days_since_1970() -> None:
    """The first of January 2019 is day 17,897."""
    assert day_number("01/01/2019", "day-first") == NEW_YEAR


@pytest.mark.parametrize(
    ("label", "instants", "hour"),
    [
        pytest.param("2023-10-29 01:30 BST", True, 0.5, id="beside GMT an offset"),
        pytest.param("2023-10-29 01:30 GMT", True, 1.5, id="GMT"),
        pytest.param("2023-10-29 01:30 BST", False, 1.5, id="alone a local clock"),
        pytest.param("2023-10-29 01:30 CEST", True, None, id="no clock of GMT"),
    ],
)
def test_summer_name_of_gmt(label: str, instants: bool, hour: float | None) -> None:
    """BST is an hour from UTC in a file that says GMT too; alone it may be Bangladesh's."""
    (seconds,) = label_parser("day-first", instants)([label]).tolist()

    assert seconds == (NO_STAMP if hour is None else (day_number("2023-10-29", "day-first") or 0) * DAY + hour * 3600)
