"""The settlement of how a file's stamps are read: order of day and month, label side, direction."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.errors import FileRefusedError
from pipeline.sources.blocks import LABEL
from pipeline.sources.dates import SETTLED_BY, find_swapped, judge_dates
from pipeline.sources.day_periods import DayPeriods
from pipeline.sources.document import Document
from pipeline.sources.ends import label_side
from pipeline.sources.source import Feed
from pipeline.sources.stamps import (
    DAY,
    NO_STAMP,
    are_gmt_and_summer,
    day_number,
    is_epoch,
    is_serial,
    label_parser,
    split_label,
    time_of_day,
)
from pipeline.sources.words import END_DIALECT, label_word, words_of

_WHOLE_DAY = {"", "23:59", "23:59:00", "23:59:59", "11:59 PM", "11:59:59 PM"}
"""Times of day of a label that stands for its day."""


@dataclass
class Stamps:
    """How a file's stamps are to be read.

    Attributes
    ----------
    order : str
        Of day and month, or a strptime format.
    typed : bool
        True: plain ISO, read by Arrow.
    instants : bool
        True: labels carry an offset, seconds are UTC.
    label : str
        "start" or "end".
    newest_first : bool
    daily : bool
        True: labels are days without a time, one a day.
    periods : DayPeriods or None
        How the intervals of a day are counted, where a column does that.
    notes : list of str
    """

    order: str = "day-first"
    typed: bool = False
    instants: bool = False
    label: str = "start"
    newest_first: bool = False
    daily: bool = False
    early: int = 0
    step: int = 0
    notes: list[str] = field(default_factory=list)
    periods: DayPeriods | None = None
    distrust: str = ""
    """Why the dates must not be trusted; only ever filled when the user insists."""

    @property
    def type(self) -> pa.DataType:
        """What Arrow is asked to read the stamp column as."""
        if not self.typed:
            return LABEL
        return pa.timestamp("s", "UTC") if self.instants else pa.timestamp("s")


@dataclass
class Seen:
    """What a survey gathers: day texts with their levels, time texts, and each meter's first and last label.

    `labels` remembers the number of each label's day, so that a label is split once. `whole_days` is True when a label
    without a time stands for all readings of its day.
    """

    days: dict[str, int] = field(default_factory=dict)
    sums: list[float] = field(default_factory=list)
    counts: list[float] = field(default_factory=list)
    times: set[str] = field(default_factory=set)
    edges: dict[str, tuple[str, str]] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    whole_days: bool = False
    labels: dict[str, int] = field(default_factory=dict)


def settle_dates(document: Document, seen: Seen, feed: Feed, today: int | None, stamps: Stamps) -> None:
    """Settle the order of day and month, and refuse dates that are swapped."""
    gmt = are_gmt_and_summer(seen.times)
    zones = {read[1] is not None for text in seen.times if (read := time_of_day(text, gmt)) is not None}
    stamps.instants = zones == {True}
    _note_numbers(seen, stamps)
    chosen = feed.date_format
    if chosen is not None and "%" in chosen:
        stamps.order, stamps.instants = chosen, "%z" in chosen
        return
    texts = list(seen.days)
    several = len(seen.times) > 1 or seen.whole_days
    free = judge_dates(texts, today, several)
    verdict = judge_dates(texts, today, several, chosen) if chosen else free
    days = np.array([_day(text, free.order) for text in texts], dtype=np.int64)
    swapped = _swapped(days, seen)
    stamps.order = verdict.order
    stamps.notes += verdict.notes
    stamps.distrust = swapped or verdict.refusal
    if stamps.distrust and not feed.insist:
        meter = next(iter(seen.edges), "")
        where = f" (first meter {meter!r}, first stamps {', '.join(map(repr, seen.examples[:2]))})" if meter else ""
        remedy = "ask for the file again; --insist loads it with every reading marked" if swapped else SETTLED_BY
        raise FileRefusedError(document.path, stamps.distrust + where, remedy, "V01")


def _day(text: str, order: str) -> int:
    day = day_number(text, order)
    return -1 if day is None else day


def _swapped(days: NDArray[np.int64], seen: Seen) -> str:
    """Look for swapped dates among the days that could be read, joined where two texts mean one day."""
    sums, counts = np.asarray(seen.sums, dtype=np.float64), np.asarray(seen.counts, dtype=np.float64)
    good = days >= 0
    different, inverse = np.unique(days[good], return_inverse=True)
    if not len(different):
        return ""
    with np.errstate(invalid="ignore", divide="ignore"):
        levels = np.bincount(inverse, weights=sums[good]) / np.bincount(inverse, weights=counts[good])
    return find_swapped(different, levels)


def _note_numbers(seen: Seen, stamps: Stamps) -> None:
    example = seen.examples[0] if seen.examples else ""
    shown = f"({example} is {' '.join(split_label(example) or ())})"
    if is_serial(example):
        stamps.notes.append(f"stamps are spreadsheet serial days {shown}")
    elif is_epoch(example):
        stamps.notes.append(f"stamps count seconds since 1970 UTC {shown}")


def settle_ends(seen: Seen, labels: list[str], name: str, has_ends: bool, stamps: Stamps) -> None:
    """Settle which end of the interval stamps mark, and whether the file runs backwards.

    Parameters
    ----------
    seen : Seen
        Of it, each meter's first and last label.
    labels : list of str
        Some consecutive labels, to tell the usual step from.
    name : str
        Header of the stamp column; its words win.
    has_ends : bool
        True when rows have both ends, so that the stamp is the start.
    stamps : Stamps
        Filled in here.
    """
    parse = label_parser(stamps.order, stamps.instants, wall=True)
    pairs = np.array([parse(pair) for pair in seen.edges.values()], dtype=np.int64).reshape(-1, 2)
    pairs = pairs[(pairs != NO_STAMP).all(axis=1)]
    stamps.newest_first = bool((pairs[:, 0] > pairs[:, 1]).sum() > (pairs[:, 0] < pairs[:, 1]).sum())
    if stamps.newest_first:
        stamps.notes.append("the newest reading stands first")
    step = stamps.step = _usual_step(parse(labels))
    stamps.daily = step == DAY and seen.times <= _WHOLE_DAY
    stamps.early = 0 if has_ends or stamps.daily else _early(pairs, step)
    said = None if has_ends else label_word(name)
    if stamps.early:
        stamps.label = "end"
        stamps.notes.append(f"stamps are {stamps.early} s before the end of the interval: moved onto it")
    elif said:
        stamps.label = said
        stamps.notes.append(f"stamps mark the {said} of the interval ({name.strip()!r} says so)")
    elif not has_ends and not stamps.daily:
        stamps.label, why = label_side(pairs, step, any(text.startswith("24:00") for text in seen.times))
        if why.startswith("nothing") and set(words_of(name)) & END_DIALECT:
            stamps.label, why = "end", f"stamps mark the end of the interval (as {name.strip()!r} usually does)"
        stamps.notes.append(why)


def _early(pairs: NDArray[np.int64], step: int) -> int:
    """Tell whether stamps are the last second or minute of their interval. [s]"""
    for early in (1, 60):
        if step >= 300 and len(pairs) and not ((pairs + early) % step).any():
            return early
    return 0


def _usual_step(seconds: NDArray[np.int64]) -> int:
    steps = np.abs(np.diff(seconds[seconds != NO_STAMP]))
    steps = steps[steps > 0]
    if not len(steps):
        return 0
    different, counts = np.unique(steps, return_counts=True)
    return int(different[np.argmax(counts)])
