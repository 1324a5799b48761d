"""Which layout a file has, how sure that is, and the reader that opens it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import FileRefusedError, SettingsError
from pipeline.sources.dates import check_date_format
from pipeline.sources.day_rows import read_day_rows, score_day_rows
from pipeline.sources.document import SAMPLE_BYTES, Document, open_documents, read_text
from pipeline.sources.green_button import read_green_button
from pipeline.sources.nem import read_nem
from pipeline.sources.periods import read_periods, score_periods
from pipeline.sources.problems import refuse_open_quote
from pipeline.sources.roles import Roles, check_columns, find_roles
from pipeline.sources.source import Feed, Source
from pipeline.sources.stamped import read_stamped, score_long, score_wide
from pipeline.sources.table import Table, read_table
from pipeline.sources.wide_row import read_wide_row, score_wide_row
from pipeline.sources.words import is_garbled
from pipeline.sources.workbook import read_sheets

Reader = Callable[[Document, Feed, int | None], Source]

LAYOUTS: dict[str, Reader] = {
    "wide_row": read_wide_row,
    "wide": read_stamped,
    "long": read_stamped,
    "day_rows": read_day_rows,
    "periods": read_periods,
    "nem12": lambda document, feed, today: read_nem(document, feed),
    "green_button": lambda document, feed, today: read_green_button(document, feed),
}
"""Every layout that can be read, by the name that `--layout` takes; a workbook is read as the table it holds."""

_NEM = re.compile(r"\s*\"?(100\"?,\"?NEM1[23]|200,|250,)", re.IGNORECASE)


@dataclass(frozen=True)
class _Guess:
    """Scores of the layouts for one document, and what was seen of it."""

    scores: dict[str, float]
    table: Table | None = None
    roles: Roles | None = None


def open_sources(path: Path, feed: Feed, today: int | None = None) -> Iterator[Source]:
    """Open a file: one source for each document in it, each by the reader of its layout.

    Documents that must be refused do not stop the others of an archive; they are refused after the last.

    Parameters
    ----------
    path : Path
    feed : Feed
        Its `layout` wins over the sniffing.
    today : int or None
        Nothing can have been read later; None: no such check. [days since 1970-01-01]

    Raises
    ------
    FileRefusedError
        V21 when it is no meter data or fits no layout, V01 when its dates cannot be trusted, V15 for want of a unit.
    SettingsError
        When the feed cannot be used with this file.
    """
    refused: list[FileRefusedError] = []
    for document in _documents(path, feed, refused):
        try:
            source = open_document(document, feed, today)
        except FileRefusedError as refusal:
            refused.append(refusal)
        else:
            yield source
    if len(refused) == 1:
        raise refused[0]
    if refused:
        raise FileRefusedError(path, "; ".join(f"{each.path.name}: {each.reason}" for each in refused))


def _documents(path: Path, feed: Feed, refused: list[FileRefusedError]) -> Iterator[Document]:
    try:
        for document in open_documents(path, feed):
            try:
                yield from read_sheets(document)
            except FileRefusedError as refusal:
                refused.append(refusal)
    except FileRefusedError as refusal:
        refused.append(refusal)


def open_document(document: Document, feed: Feed, today: int | None = None) -> Source:
    """Open one document by the layout that fits it best.

    Raises
    ------
    FileRefusedError, SettingsError
        As `open_sources`.
    """
    check_columns(feed)
    check_date_format(feed.date_format)
    if feed.layout is not None:
        if feed.layout not in LAYOUTS:
            raise SettingsError(f"layout {feed.layout!r} is not known -> use {', '.join(LAYOUTS)}")
        return _named(LAYOUTS[feed.layout](document, feed, today), feed.layout, 1.0)
    guess = _guess(document, feed)
    best = max(guess.scores, key=guess.scores.__getitem__)
    if guess.scores[best] == 0.0:
        raise FileRefusedError(document.path, *_nothing_fits(document, guess))
    if guess.table is not None and guess.roles is not None:
        source = read_stamped(document, feed, today, (guess.table, guess.roles))
    else:
        source = LAYOUTS[best](document, feed, today)
    return _named(source, best, guess.scores[best])


def _named(source: Source, layout: str, confidence: float) -> Source:
    source.layout, source.confidence = layout, confidence
    return source


def _guess(document: Document, feed: Feed) -> _Guess:
    """Score every layout: by the first line where that is certain, else by the table."""
    head = read_text(document, 1 << 14)
    if head.lstrip().startswith("<"):
        green = 0.95 if re.search(r"espi|IntervalReading|UsagePoint|greenbutton", head, re.IGNORECASE) else 0.3
        return _Guess({"green_button": green})
    if _NEM.match(head):
        return _Guess({"nem12": 0.95 if re.search(r"^\s*\"?(100|300|250)\"?,", head, re.MULTILINE) else 0.0})
    table = read_table(document, feed)
    campus = score_wide_row(table)
    if campus:
        return _Guess({"wide_row": campus}, table)
    scores = {"day_rows": score_day_rows(table, feed), "periods": score_periods(table, feed)}
    if any(scores.values()):
        return _Guess(scores, table)
    roles = find_roles(document, table, feed)
    return _Guess({"long": score_long(table, roles), "wide": score_wide(table, roles)}, table, roles)


def _nothing_fits(document: Document, guess: _Guess) -> tuple[str, str]:
    """Say what was found and what would be needed; an open quote may have hidden the table."""
    if read_text(document, SAMPLE_BYTES).count('"') % 2 and guess.table is not None and guess.table.whole:
        refuse_open_quote(document)
    problem = guess.roles.problem if guess.roles else ""
    first = " ".join(read_text(document, 400).split("\n", 1)[0].split())[:80]
    found = f"no layout fits: {problem or 'no table of readings'}; the first line is {first!r}"
    if document.encoding == "cp1252" and is_garbled(first):
        return f"{found}, which is no Windows-1252", "give --encoding cp1251, cp1250, gb18030, shift_jis …"
    if guess.table is not None and guess.table.named:
        names = [name.strip() for name in guess.table.names[:8]]
        found += f", the columns are {', '.join(map(repr, names))}{', …' if len(guess.table.names) > 8 else ''}"
    remedy = "name them in [[feed]] columns = {stamp = …, value = …}"
    if guess.roles is not None and guess.roles.stamp is None:
        remedy = "give --date-format '%d/%m/%Y %H:%M' as the stamps are written, or " + remedy
    return found, f"{remedy}; layouts are {', '.join(LAYOUTS)} (--layout)"
