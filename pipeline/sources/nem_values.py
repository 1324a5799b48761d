"""The values of one NEM12 day or one NEM13 period, every cell counted before it is believed."""

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from pipeline.schema import Method, Quality
from pipeline.sources.nem_records import QUALITY, Record
from pipeline.sources.nem_streams import CHANNELS, CLOCK_SECONDS, Progress, Rows, open_stream
from pipeline.sources.problems import is_damaged_name
from pipeline.sources.source import Stream

QUALITIES = {
    "A": Quality.ACTUAL,
    "E": Quality.ESTIMATED,
    "F": Quality.ESTIMATED,
    "S": Quality.ESTIMATED,
    "N": Quality.MISSING,
    "V": Quality.ACTUAL,
}
EPOCH = datetime(1970, 1, 1)


def read_day(details: Record, main: Record, ranges: list[Record], progress: Progress) -> Rows | None:
    """Read a 300 record under its 200 record, with the 400 records after it; None when it cannot be used."""
    if details.line not in progress.opened:
        progress.opened[details.line] = _described(details, progress)
    described = progress.opened[details.line]
    if described is None:
        return None
    number, minutes = described
    seconds = _instant(main, 1, "%Y%m%d", progress)
    if seconds is None:
        return None
    value = _values(main, 1440 // minutes, minutes, number, progress)
    if value is None:
        return None
    stamp = seconds + np.arange(len(value), dtype=np.int64) * minutes * 60
    quality, method = _codes(main.fields[2 + len(value)])
    rows = Rows(
        main.line,
        number,
        stamp,
        value,
        np.full(len(value), quality, dtype=np.uint8),
        np.full(len(value), method, dtype=np.uint8),
        minutes,
    )
    if main.fields[2 + len(value)].startswith("V"):
        _vary(rows, ranges, progress)
    elif ranges:
        progress.note(f"400 records after a day without flag V are not applied (line {ranges[0].line})")
    rows.quality[np.isnan(value)] = Quality.MISSING
    return rows


def _described(details: Record, progress: Progress) -> tuple[int, int] | None:
    nmi, suffix, unit, length = ([*details.fields, *[""] * 9][index] for index in (1, 4, 7, 8))
    minutes = int(length) if length.isdecimal() and len(length) < 5 else 0
    if is_damaged_name(nmi):
        text, seen = "the NMI is blank or was damaged by a spreadsheet: its days were left out", nmi
    elif not minutes or 1440 % minutes:
        text, seen = "the interval length does not divide a day: its days were left out", length
    else:
        meter_id = nmi if suffix[1:] == "1" else f"{nmi}-{suffix}" if suffix else nmi
        stream = Stream(meter_id, CHANNELS.get(suffix[:1].upper(), ""), minutes=minutes, site_id=nmi)
        number = open_stream(stream, suffix, unit, progress)
        return None if number is None else (number, minutes)
    progress.problems.add("V21", text, f"line {details.line}: {seen!r}")
    return None


def _instant(record: Record, position: int, layout: str, progress: Progress) -> int | None:
    """Read a date or moment as seconds on the file's clock; None, noted, when it is none."""
    text = record.fields[position] if position < len(record.fields) else ""
    try:
        moment = datetime.strptime(text, layout)
        if not (text.isascii() and 1970 <= moment.year < 2100):
            raise ValueError
    except ValueError:
        progress.problems.add("V01", "the date cannot be read: left out", f"line {record.line}: {text!r}")
        return None
    return round((moment - EPOCH).total_seconds())


def _values(main: Record, count: int, minutes: int, stream: int, progress: Progress) -> NDArray[np.float64] | None:
    """Give the cells of a day when they are as many as its interval length promises; blank cells are NaN."""
    fields = main.fields
    if len(fields) <= 2 + count or not QUALITY.fullmatch(fields[2 + count]):
        flag = next((n for n, cell in enumerate(fields) if n > 1 and QUALITY.fullmatch(cell)), None)
        cells = "no quality flag after its values" if flag is None else f"{flag - 2} values"
        text = f"a day does not hold the {count} values of a {minutes}-minute meter and their quality flag: left out"
        seen = f"line {main.line}: {fields[1]} has {cells}"
        progress.problems.add("V04", text, seen, stream=progress.name(stream), intervals=count)
        return None
    try:
        value = np.array(fields[2 : 2 + count], dtype=np.float64)
    except ValueError:
        value = np.array([_number(cell) for cell in fields[2 : 2 + count]])
        bad = [cell for cell, number in zip(fields[2:], value.tolist(), strict=False) if cell and number != number]
        if bad:
            seen = f"line {main.line}: {bad[0]!r}"
            progress.problems.add(
                "V21", "values that are no number are missing", seen, stream=progress.name(stream), intervals=len(bad)
            )
    return np.where(np.isfinite(value), value, np.nan)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _codes(flag: str) -> tuple[Quality, int]:
    """Part "F14" into quality and method; an estimate without a method is the supplier's."""
    quality = QUALITIES[flag[0]]
    method = int(flag[1:]) if flag[1:] else Method.SUPPLIER if quality == Quality.ESTIMATED else Method.NONE
    return quality, method


def _vary(rows: Rows, ranges: list[Record], progress: Progress) -> None:
    """Put the flags of the 400 records on their intervals; each interval must be named exactly once."""
    covered = np.zeros(len(rows.value), dtype=np.int64)
    for record in ranges:
        texts = [*record.fields, "", "", ""]
        first, last = (int(text) if text.isdecimal() and len(text) < 5 else 0 for text in texts[1:3])
        if not 1 <= first <= last <= len(covered) or not QUALITY.fullmatch(texts[3]):
            seen = f"line {record.line}: {','.join(texts[1:4])!r}"
            progress.problems.add("V20", "a quality range outside the day was not applied", seen, starts=rows.starts)
            continue
        chosen = slice(first - 1, last)
        covered[chosen] += 1
        rows.quality[chosen], rows.method[chosen] = _codes(texts[3])
        _say_reason(rows, record, chosen, progress)
    odd = int((covered != 1).sum())
    if odd:
        text = "a day flagged V has intervals that its 400 records name not at all (kept as actual) or twice"
        seen = f"line {rows.line}: {odd} of {len(covered)}"
        progress.problems.add("V20", text, seen, stream=progress.name(rows.stream), starts=rows.starts, intervals=odd)


def _say_reason(rows: Rows, record: Record, chosen: slice, progress: Progress) -> None:
    """Carry a supplier's reason code and its words, which no column has room for."""
    code, words = (*record.fields[4:6], "", "")[:2]
    if code.strip("0"):
        stamps = rows.stamp[chosen] - CLOCK_SECONDS
        text = f"the supplier flags {record.fields[3]} for reason {code} {words}".rstrip()
        progress.problems.say(
            "V20",
            text,
            f"line {record.line}",
            stream=progress.name(rows.stream),
            starts=(int(stamps[0]), int(stamps[-1])),
            intervals=len(stamps),
        )


def read_period(record: Record, progress: Progress, *, tolerance: float = 1.0) -> Rows | None:
    """Read a 250 record: the quantity used between two reads of an accumulation register; None when it cannot be used.

    Direction E is `delivered`, I is `received`; a negative quantity of direction I is how the format says "fed in", so
    its sign is turned by the stream's multiplier. A quantity more than `tolerance` away from the difference of the
    reads is V13 (one unit of the register: the reads are whole numbers).
    """
    fields = [*record.fields, *[""] * 23][:23]
    nmi, suffix, direction = fields[1], fields[4], fields[7]
    first = _instant(record, 9, "%Y%m%d%H%M%S", progress)
    last = _instant(record, 14, "%Y%m%d%H%M%S", progress)
    quantity = _number(fields[18])
    bad = is_damaged_name(nmi) or not np.isfinite(quantity) or not QUALITY.fullmatch(fields[15])
    if first is None or last is None:
        return None
    if bad or last <= first:
        seen = f"line {record.line}: {nmi!r}, {fields[18]!r}, {fields[15]!r}"
        progress.problems.add("V21", "a period without a usable meter, quantity, quality or length: left out", seen)
        return None
    stream = Stream(
        nmi if suffix in ("", "11") else f"{nmi}-{suffix}",
        "received" if direction == "I" else "delivered",
        multiplier=-1.0 if direction == "I" and quantity < 0 else 1.0,
        site_id=nmi,
    )
    number = open_stream(stream, suffix, fields[19], progress)
    if number is None:
        return None
    quality, method = _codes(fields[15])
    rows = Rows(
        record.line,
        number,
        np.array([first], dtype=np.int64),
        np.array([quantity]),
        np.array([quality], dtype=np.uint8),
        np.array([method], dtype=np.uint8),
        max(1, round((last - first) / 60)),
    )
    _check_sum(rows, fields, tolerance, progress)
    return rows


def _check_sum(rows: Rows, fields: list[str], tolerance: float, progress: Progress) -> None:
    """Hold the quantity of a period against the difference of its register reads, a rollover allowed."""
    before, after, quantity = _number(fields[8]), _number(fields[13]), abs(float(rows.value[0]))
    difference = after - before
    if difference < 0:
        difference += 10.0 ** len(fields[8].split(".")[0])
    if not abs(difference - quantity) <= max(tolerance, 1e-3 * quantity):
        text = "the register difference of a period is not its quantity: the quantity is used"
        seen = f"line {rows.line}: {fields[13]} - {fields[8]} = {after - before:g}, quantity {fields[18]}"
        progress.problems.say("V13", text, seen, stream=progress.name(rows.stream), starts=rows.starts)
