"""The verdict on a file's dates: one order of day and month for the whole file, or a refusal.

Three kinds of evidence: which texts can be a day at all, how regularly the days follow each other in the file, and
whether the level of the readings goes on smoothly from day to day. A file whose day and month were swapped in part of
the rows shows it in its calendar (months that hold nothing after the 12th, and the mirrored days missing elsewhere) or,
when whole years hide that, in the values alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SettingsError
from pipeline.sources.stamps import ORDERS, day_fields, day_number, day_text

SETTLED_BY = "--date-format day-first|month-first|<strptime format>"

_YEAR_MAY_BE_FIRST = re.compile(r"\d\d[-.]\d\d[-.]\d\d")

Days = NDArray[np.int64]
Levels = NDArray[np.float64]


@dataclass(frozen=True)
class DateVerdict:
    """What was decided about the dates of a file.

    Attributes
    ----------
    order : str
        One of `ORDERS`, or a strptime format.
    notes : list of str
        The decision in plain words; empty when there was nothing to decide.
    refusal : str
        Why the file must be refused; empty: it need not be.
    """

    order: str
    notes: list[str] = field(default_factory=list)
    refusal: str = ""


def check_date_format(chosen: str | None) -> None:
    """Raise SettingsError when `chosen` is neither an order of `ORDERS`, nor "iso", nor a strptime format."""
    if chosen is None or chosen in (*ORDERS, "iso"):
        return
    if "%" not in chosen:
        raise SettingsError(f"date format {chosen!r} is not known -> use {', '.join(ORDERS)}, iso or %d/%m/%Y %H:%M")


@dataclass(frozen=True)
class _Reading:
    """The day texts as one order reads them."""

    order: str
    days: Days
    failed: NDArray[np.bool_]
    future: int
    regularity: float


def judge_dates(
    texts: Sequence[str], today: int | None = None, with_times: bool = True, chosen: str | None = None
) -> DateVerdict:
    """Decide in which order day and month stand, from every different day text of a file.

    Parameters
    ----------
    texts : sequence of str
        In the order in which they first appear.
    today : int or None
        Nothing may be later. [days since 1970-01-01]
    with_times : bool
        True when a day has several times: then first days of months are no regular step.
    chosen : str or None
        The order that the user asks for; it is kept unless most texts cannot be read that way.
    """
    open_texts = [text for text in texts if (fields := day_fields(text)) is not None and not fields.settled]
    if not open_texts:
        return DateVerdict("day-first")
    if chosen is not None:
        return _keep(chosen, open_texts, today, with_times)
    padded = all(_YEAR_MAY_BE_FIRST.fullmatch(text) for text in open_texts)
    orders = ORDERS if padded else ORDERS[:2]
    return _decide(open_texts, [_read(open_texts, order, today, with_times) for order in orders])


def _read(texts: Sequence[str], order: str, today: int | None, with_times: bool) -> _Reading:
    numbers = [day_number(text, order) for text in texts]
    failed = np.array([number is None for number in numbers])
    days = np.array([number or 0 for number in numbers], dtype=np.int64)
    known = days[~failed]
    future = 0 if today is None else int((known > today).sum())
    return _Reading(order, days, failed, future, _regularity(known, with_times))


def _regularity(days: Days, with_times: bool) -> float:
    """Share of steps from one day text to the next that are one day, or one month where days have one reading."""
    steps = np.abs(np.diff(days))
    if not len(steps):
        return 0.0
    regular = steps == 1
    if not with_times:
        same_day = np.array([day_text(int(day))[8:] for day in days])
        regular |= (same_day[1:] == same_day[:-1]) & (steps >= 28) & (steps <= 31)
    return float(regular.mean())


def _keep(order: str, texts: Sequence[str], today: int | None, with_times: bool) -> DateVerdict:
    reading = _read(texts, order, today, with_times)
    if reading.failed.mean() <= 0.05:
        return DateVerdict(order, [f"dates are {order}, as asked"])
    first = texts[int(np.flatnonzero(reading.failed)[0])]
    return DateVerdict(
        order, refusal=f"{reading.failed.sum()} of {len(texts)} dates cannot be {order}, the first is {first!r}"
    )


def _decide(texts: Sequence[str], readings: list[_Reading], rare: float = 0.005, margin: float = 0.25) -> DateVerdict:
    """Take the order that the others cannot match.

    `rare` is the share of dates that may be typing errors, `margin` the lead in regular steps that decides between
    orders which are both possible (both chosen, not measured).
    """
    impossible_in_all = np.logical_and.reduce([reading.failed for reading in readings])
    bad = {reading.order: int((reading.failed & ~impossible_in_all).sum()) + reading.future for reading in readings}
    good = [reading for reading in readings if bad[reading.order] <= rare * len(texts)]
    ranked = sorted(good, key=lambda reading: (-bad[reading.order], reading.regularity), reverse=True)
    if not ranked:
        return DateVerdict("day-first", refusal=_both_bad(texts, readings))
    best = ranked[0]
    if all(np.array_equal(best.days, other.days) for other in ranked[1:]):
        return DateVerdict(best.order, [_because(best, readings, bad, len(texts))])
    if best.regularity - ranked[1].regularity >= margin and bad[best.order] <= bad[ranked[1].order]:
        share = f"{best.regularity:.0%} of the steps are regular, {ranked[1].regularity:.0%} if {ranked[1].order}"
        return DateVerdict(best.order, [f"dates are {best.order} ({share})"])
    return DateVerdict(best.order, refusal=_tie(texts, best, ranked[1]))


def _because(best: _Reading, readings: list[_Reading], bad: dict[str, int], count: int) -> str:
    others = [f"{bad[other.order]} of {count} dates cannot be {other.order}" for other in readings if bad[other.order]]
    return f"dates are {best.order} ({', '.join(others) or 'every order reads them alike'})"


def _both_bad(texts: Sequence[str], readings: list[_Reading]) -> str:
    parts = []
    for reading in readings:
        wrong = np.flatnonzero(reading.failed)
        example = f", the first is {texts[int(wrong[0])]!r}" if len(wrong) else f", {reading.future} are after today"
        parts.append(
            f"{int(reading.failed.sum()) + reading.future} of {len(texts)} dates cannot be {reading.order}{example}"
        )
    return "no order of day and month fits: " + "; ".join(parts)


def _tie(texts: Sequence[str], one: _Reading, other: _Reading) -> str:
    differing = [text for text, first, second in zip(texts, one.days, other.days, strict=True) if first != second]
    shown = ", ".join(repr(text) for text in differing[:3])
    return f"{len(differing)} of {len(texts)} dates can be {one.order} or {other.order} and nothing decides: {shown}"


def find_swapped(days: Days, levels: Levels) -> str:
    """Find days whose day and month were swapped; give the evidence as a sentence, or "" when there is none.

    Parameters
    ----------
    days : array of int64
        The different days of a file, ascending. [days since 1970-01-01]
    levels : array of float64
        Mean reading of each day; NaN where there is none.
    """
    if len(days) < 20:
        return ""
    mirrored = _mirror(days)
    alone, months = _alone_before_13th(days, mirrored)
    if len(alone) >= 3 and len(months) >= 2:
        return _calendar_evidence(days, levels, alone, months)
    return _value_evidence(days, levels, mirrored)


def _mirror(days: Days) -> Days:
    """Give each day with its month and day of month swapped; the day itself where that is none."""
    texts = (day_text(int(day)) for day in days)
    swapped = [day_number(f"{text[:4]}-{text[8:]}-{text[5:7]}", "day-first") for text in texts]
    return np.array([day if other is None else other for day, other in zip(days, swapped, strict=True)], dtype=np.int64)


def _months(days: Days) -> NDArray[np.int64]:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _days_of_month(days: Days) -> NDArray[np.int64]:
    dates = days.astype("datetime64[D]")
    in_month: Days = (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1
    return in_month


def _alone_before_13th(days: Days, mirrored: Days, share: float = 0.5) -> tuple[Days, Days]:
    """Find days in months that hold none after the 12th, whose mirror is missing from a month that does.

    They count when they are at least `share` of all days of such months (chosen, not measured).
    """
    months = _months(days)
    full = np.unique(months[_days_of_month(days) > 12])
    low = ~np.isin(months, full)
    alone = low & (mirrored != days) & ~np.isin(mirrored, days) & np.isin(_months(mirrored), full)
    if alone.sum() < share * low.sum():
        return days[:0], days[:0]
    return days[alone], np.unique(months[alone])


def _calendar_evidence(days: Days, levels: Levels, alone: Days, months: Days) -> str:
    mirrored = _mirror(alone)
    order = np.argsort(np.where(np.isin(days, alone), _mirror(days), days), kind="stable")
    before, after = _roughness(levels), _roughness(levels[order])
    if after < before:
        values = f"put back, the level moves by {after:.2%} a day instead of {before:.2%}"
    else:
        values = (
            f"putting them back does not mend it: the level then moves by {after:.2%} a day instead of {before:.2%}"
        )
    return (
        f"day and month are swapped: {len(alone)} days such as {day_text(int(alone[0]))} stand in {len(months)} months "
        f"with no day after the 12th, and the days they would be otherwise ({day_text(int(mirrored[0]))}) are missing; "
        f"{values}"
    )


def _roughness(levels: Levels) -> float:
    known = levels[np.isfinite(levels) & (levels > 0)]
    return float(np.abs(np.diff(np.log(known))).mean()) if len(known) > 1 else 0.0


def _value_evidence(days: Days, levels: Levels, mirrored: Days, ratio: float = 1.5, least: int = 60) -> str:
    """Compare each day with the same weekday a week earlier, as labelled and with every possible day swapped.

    `ratio` and `least` (how many pairs of days are needed) are chosen: of 56 clean series of one to four years none
    came above 0.9, and swapped on purpose they came to 1.2 to 3.3, the estate as a whole to 3.3 (measured).
    """
    first = int(days[0])
    labelled = np.full(int(days[-1]) - first + 1, np.nan)
    floor = 0.05 * float(np.nanmedian(levels)) if np.isfinite(levels).any() else 0.0
    if not floor > 0:
        return ""
    labelled[days - first] = np.log(np.maximum(levels, 0) + floor)
    paired = (mirrored != days) & np.isin(mirrored, days)
    swapped = labelled.copy()
    swapped[days[paired] - first] = labelled[mirrored[paired] - first]
    touched = np.zeros(len(labelled), dtype=bool)
    touched[days[paired] - first] = True
    concerned = (touched[7:] | touched[:-7]) & np.isfinite(labelled[7:] - labelled[:-7])
    concerned &= np.isfinite(swapped[7:] - swapped[:-7])
    if concerned.sum() < least:
        return ""
    before, after = (float(np.abs(each[7:] - each[:-7])[concerned].mean()) for each in (labelled, swapped))
    if before <= ratio * after:
        return ""
    return (
        f"day and month are swapped: from one week to the next the level of days up to the 12th moves by {before:.1%}, "
        f"and by {after:.1%} once day and month are exchanged ({int(paired.sum())} days)"
    )
