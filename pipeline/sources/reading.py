"""A table of readings while its rows are read, and the notes it takes of rows that cannot be used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import FileRefusedError
from pipeline.sources.blocks import Block, line_of
from pipeline.sources.cells import text_at
from pipeline.sources.document import Document, read_text
from pipeline.sources.ends import DayWatch
from pipeline.sources.kinds import Kinds
from pipeline.sources.problems import Problems
from pipeline.sources.roles import Roles
from pipeline.sources.settle import Stamps
from pipeline.sources.source import Feed, Source
from pipeline.sources.stamps import month_text, split_label
from pipeline.sources.table import NULLS, Table
from pipeline.sources.values import ValueColumn
from pipeline.sources.words import SUMMARY_WORDS, TOTAL_WORDS, is_plain_quantity, words_of

LATEST = 4_133_980_800
"""2101-01-01: no reading is later."""

Bools = NDArray[np.bool_]
Key = Any
"""What tells streams apart: the meter's text, or meter, type and unit."""


@dataclass
class Reading:
    """A file while its rows are read.

    Attributes
    ----------
    document, table, roles, columns, feed, stamps
        The file and what was judged of it.
    source : Source
    problems : Problems
    latest : int
        Stamps from here on are in the future. [s since 1970]
    kinds : Kinds
    slots : dict
        Stream numbers of each key, one for each value column.
    taken : set of (str, str)
        Meter and channel of the streams there are.
    labels : dict of str to int
        Labels that were parsed, and their seconds.
    days : DayWatch
    section : str
        What names the values now, where that is not the table's own names.
    titles : list of str
        Lines of one cell between the rows.
    begun, reached : int
        The earliest and the latest stamp of what stands above the names. [s since 1970]
    kept, known, dropped : int
        Readings given, those with a value, and rows left out.
    """

    document: Document
    table: Table
    roles: Roles
    columns: tuple[ValueColumn, ...]
    feed: Feed
    stamps: Stamps
    source: Source
    problems: Problems
    latest: int = LATEST
    kinds: Kinds = field(default_factory=Kinds)
    slots: dict[Key, list[int]] = field(default_factory=dict)
    taken: set[tuple[str, str]] = field(default_factory=set)
    labels: dict[str, int] = field(default_factory=dict)
    days: DayWatch = field(default_factory=DayWatch)
    section: str = ""
    titles: list[str] = field(default_factory=list)
    begun: int = LATEST
    reached: int = 0
    kept: int = 0
    known: int = 0
    dropped: int = 0

    def note(self, text: str) -> None:
        """Take note of something, once."""
        if text.split(":")[0] not in {note.split(":")[0] for note in self.source.notes}:
            self.source.notes.append(text)

    def line(self, block: Block, row: int) -> str:
        """Say on which line of the file a row stands."""
        return f"line {line_of(self.document, block, row)}"

    def meter_at(self, block: Block, row: int) -> str | None:
        """Give the meter that a row names."""
        position = self.roles.meter
        return None if position is None else text_at(block.columns[position], row).strip() or None


def note_broken(reading: Reading, block: Block) -> None:
    """Note rows with too many or too few cells."""
    broken = [(line, text) for line, text in block.broken if not _is_title(reading, text)]
    if not broken:
        return
    reading.dropped += len(broken)
    before = line_of(reading.document, replace(block, content=block.content[:0]), 0)
    for line, text in broken:
        what = "the row has too many or too few cells; it is left out"
        reading.problems.add("V21", what, f"line {before + line}: {text[:60]!r}")


def _is_title(reading: Reading, text: str) -> bool:
    """Whether a line between the rows is a remark, or one cell that is no stamp: a title, or the end of a file."""
    filled = [cell.strip('" ') for cell in text.split(reading.table.delimiter) if cell.strip('" \x1a')]
    dates = [cell for cell in filled if split_label(cell) and not (cell[:1].isalpha() and month_text(cell))]
    title = text.lstrip('" ').startswith("#") or (len(filled) < 2 and not dates)
    if title and filled:
        reading.titles += filled if len(filled) == 1 and filled[0][:1] != "#" else []
        reading.note(f"lines between the rows hold no reading: {filled[0][:40]!r}")
    return title


def note_stamps(reading: Reading, block: Block, stamp: NDArray[np.int64], good: Bools) -> None:
    """Note rows without a usable stamp; blank rows and repeated headers are no rows."""
    position = reading.roles.stamp or 0
    found: dict[tuple[str | None, str], list[int]] = {}
    for row in np.flatnonzero(~good).tolist():
        if not _is_no_row(reading, block, row):
            late = stamp[row] >= reading.latest
            what = "the stamp is in the future" if late else "the stamp cannot be read"
            found.setdefault((reading.meter_at(block, row), what), []).append(row)
    for (meter, what), rows in found.items():
        reading.dropped += len(rows)
        _add(reading, block, position, rows, ("V01", f"{what}; the row is left out", meter))


def note_values(reading: Reading, block: Block, column: ValueColumn, bad: Bools) -> None:
    """Note cells of a value column that are no number."""
    rows_of: dict[str | None, list[int]] = {}
    for row in np.flatnonzero(bad).tolist():
        rows_of.setdefault(reading.meter_at(block, row) or column.stream.meter_id or None, []).append(row)
    for meter, rows in rows_of.items():
        _add(reading, block, column.position, rows, ("V21", "the value cannot be read; it counts as missing", meter))


def note_meters(reading: Reading, block: Block, bad: Bools) -> None:
    """Note rows whose meter is blank, or was damaged by a spreadsheet."""
    rows = [row for row in np.flatnonzero(bad).tolist() if not _is_no_row(reading, block, row)]
    reading.dropped += len(rows)
    if rows:
        what = "the meter id is blank or damaged by a spreadsheet; the row is left out"
        _add(reading, block, reading.roles.meter or 0, rows, ("V21", what, None))


def _add(reading: Reading, block: Block, position: int, rows: list[int], what: tuple[str, str, str | None]) -> None:
    rule_id, text, meter = what
    seen = f"{reading.line(block, rows[0])}: {text_at(block.columns[position], rows[0])!r}"
    reading.problems.add(rule_id, text, seen, stream=(meter, None), intervals=len(rows))


def _is_no_row(reading: Reading, block: Block, row: int) -> bool:
    """Whether a row is blank where it matters, a remark, the names once more, or a sum of the others."""
    roles = reading.roles
    cells = {each: text_at(block.columns[each], row).strip() for each in roles.wanted()}
    stamp = cells[roles.stamp or 0]
    if not stamp and not any(cells[each] for each in roles.values):
        return True
    when = f"{stamp} {'' if roles.time is None else cells[roles.time]}".strip()
    words = set(words_of(when))
    if words and (words <= SUMMARY_WORDS or words & TOTAL_WORDS):  # a stamp that cannot be read: "Total May 2023"
        reading.note(f"rows that sum up others are left out: {when!r}")
        return True
    names = reading.table.names
    again = reading.table.named and (stamp == names[roles.stamp or 0].strip() or is_section(cells, roles.values))
    return stamp.startswith("#") or again


def is_section(cells: Mapping[int, str], values: Sequence[int]) -> bool:
    """Whether a row names its value columns anew: words of quantities where numbers stand."""
    texts = [cells[each] for each in values]
    return all(any(map(str.isalpha, text)) and text not in NULLS and is_plain_quantity(text) for text in texts)


def sections_of(
    reading: Reading, block: Block, stamp: NDArray[np.int64], good: Bools
) -> tuple[NDArray[np.int32], list[str]] | None:
    """Give what names the values of each row where the names stand anew on the way, as SCE does for each direction.

    Where a title and the same names stand above stamps that were there before, another meter begins.

    Raises
    ------
    FileRefusedError
        V21, where another table begins and its title is not certain.
    """
    roles = reading.roles
    names = [reading.section]
    codes = np.zeros(block.rows, dtype=np.int32)
    titles: list[str] = []
    begun = 0
    for row in np.flatnonzero(~good).tolist() if roles.type is None else ():
        cells = {each: text_at(block.columns[each], row).strip() for each in roles.values}
        first = text_at(block.columns[roles.stamp or 0], row).strip()
        own = [reading.table.names[each].strip() for each in roles.values]
        if is_section(cells, roles.values):
            _reach(reading, stamp[begun:row], good[begun:row])
            again = [*cells.values()] == own
            names.append(_title_of(reading, titles, stamp[row:][good[row:]]) if again else " ".join(cells.values()))
            codes[row:], begun, titles = len(names) - 1, row, []
        elif reading.table.named and first == reading.table.names[roles.stamp or 0].strip():
            _refuse_other_names(reading, own, [*cells.values()])
        elif first and not any(cells.values()):
            titles.append(first)
    _reach(reading, stamp[begun:], good[begun:])
    reading.section = names[-1]
    return (codes, names) if any(names) else None


def _reach(reading: Reading, stamp: NDArray[np.int64], good: Bools) -> None:
    """Take note of how far a table without meters has come."""
    if reading.roles.meter is None and good.any():
        reading.begun = min(reading.begun, int(stamp.min(initial=LATEST, where=good)))
        reading.reached = max(reading.reached, int(stamp.max(initial=0, where=good)))


def _title_of(reading: Reading, titles: list[str], stamps: NDArray[np.int64]) -> str:
    """Give the title of a table that begins below another; "" where the readings go on under the same names."""
    if reading.roles.meter is not None or not len(stamps) or not (titles or reading.titles):
        return ""
    text = read_text(reading.document, reading.table.offset)
    above = {cell.strip('" ') for line in text.splitlines() for cell in line.split(reading.table.delimiter)}
    own = [title for title in titles if title not in above]
    lines = [title for title in reading.titles if title not in above]
    goes_back = bool(own) and _goes_back(reading, stamps)
    if goes_back and len(titles) == 1 and not lines:
        return titles[0]
    if goes_back or ((own or lines) and _begins_anew(reading, stamps)):
        _refuse_stacked(reading, [*own, *lines][0])
    return ""


def _refuse_other_names(reading: Reading, names: list[str], cells: list[str]) -> None:
    """Refuse names that stand anew and are others: the values below them are of other meters."""
    other = [cell for name, cell in zip(names, cells, strict=True) if cell and cell.casefold() != name.casefold()]
    if other and len(set(cells)) == len(cells):  # the same above several stands below a heading
        _refuse_stacked(reading, other[0])


def _refuse_stacked(reading: Reading, title: str) -> None:
    reason = f"several tables stand below each other, another begins at {title[:40]!r}"
    raise FileRefusedError(reading.document.path, reason, "save a file or a sheet for each")


def _goes_back(reading: Reading, stamps: NDArray[np.int64], judged: int = 12) -> bool:
    """Whether stamps are within what was read before, and not only by the hour that a clock repeats."""
    return not reading.stamps.newest_first and bool((stamps[:judged] < reading.reached - 7200).all())


def _begins_anew(reading: Reading, stamps: NDArray[np.int64], judged: int = 12) -> bool:
    """Whether stamps, whichever way they run, are those that were read before."""
    first = stamps[:judged]
    inside = bool(((first >= reading.begun) & (first <= reading.reached)).all())
    newest = reading.stamps.newest_first
    return inside and bool((first > reading.begun + 7200).all() if newest else (first < reading.reached - 7200).all())


def finish(reading: Reading) -> None:
    """Judge the whole: refuse what has no readings or cannot be trusted, and hand over the findings.

    Raises
    ------
    FileRefusedError
        V21 when more rows had to be left out than could be read, V01 when day and month are swapped.
    """
    source, path = reading.source, reading.document.path
    source.findings += reading.problems.findings()
    if not reading.kept or not reading.known or reading.dropped > reading.kept:
        gas = [note for note in source.notes if note.endswith(("no electricity", "no energy"))]
        why = reading.problems.summary() or "; ".join(gas) or "every value is blank"
        raise FileRefusedError(path, f"only {reading.known} readings can be used: {why}", "mend the file")
    distrust = reading.stamps.distrust or (reading.days.swapped() if reading.stamps.typed else "")
    if not distrust:
        return
    if not reading.feed.insist:
        first = f" (first meter {source.streams[0].meter_id!r})"
        remedy = "ask for the file again; --insist loads it with every reading marked"
        raise FileRefusedError(path, distrust + first, remedy, "V01")
    source.mark_doubtful(distrust, reading.kept)
