"""What kind of table a text is: delimiter, decimal mark, names of the columns, and where the data begin.

Judged on the first rows. Names are kept exactly as they stand, repeated ones too, so columns are known by position.
Preambles are skipped and not kept: they may hold names and addresses. Only the unit and the step they state are taken.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.errors import FileRefusedError, SettingsError
from pipeline.sources.document import SAMPLE_BYTES, Document, read_text
from pipeline.sources.headings import headed_names
from pipeline.sources.notation import date_columns, decimal_of, join_date
from pipeline.sources.source import Feed
from pipeline.sources.spellings import respelled
from pipeline.sources.stamps import month_text, split_label
from pipeline.sources.units import is_unit, unit_in

NULLS = ("", "?", "-", "--", "#N/A", "N/A", "NA", "n/a", "NaN", "nan", "NULL", "Null", "null", "None", "none", "\\N")
"""Cells that say "no value"."""

LONGEST_LINE = 1 << 26
"""A first line longer than 64 MiB is no header (chosen: four million stamps)."""

_NUMBER = re.compile(
    r"[-+]?(\d+([.,]\d*)?|[.,]\d+|\d{1,3}(,\d{3})+(\.\d+)?|\d{1,3}(\.\d{3})+,\d+"
    r"|\d{1,3}([ '’\u00a0\u202f\u2009]\d{3})+([.,]\d*)?)([eE][-+]?\d+)?"
)
_TIME = re.compile(
    r"\[?\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp]\.?[Mm]\.?)?\]?( ?[AB])?"
    r"(\s*(-|–|to)\s*\d{1,2}:\d{2}(:\d{2})?( ?[AaPp][Mm])?)?"
)
_STAMP = re.compile(
    r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})|\d{1,2}[- .]*[^\W\d_]{3,10}[- ,.]*\d{2,4}"
    r"|[^\W\d_]{3,10}\.? +\d{1,2},? +\d{4})([T ,]+\d{1,2}:\d{2}[^,;|\t]*)?"
)
_UNITS = re.compile(r"(?:[GMk]?Wh?|k?VArh?)", re.IGNORECASE)
UNIT_BEHIND = r"(?i)(\d)\s*(?:[gmk]?w(?:[-·. ]?h(?:r|rs)?)?|[mk]?varh?)$"
BELOW_ZERO = r"^(?:\((\d[\d.,]*)\)|(\d[\d.,]*)-|[−–](\d[\d.,]*))$"
"""Numbers below zero as accountants, mainframes and word processors write them: (0.4), 0.4- and a long minus."""
_UNIT_BEHIND = re.compile(r"(?<=\d)\s*(?:[gmk]?w(?:[-·. ]?h(?:r|rs)?)?|[mk]?varh?)$", re.IGNORECASE)
_SUM_OF = re.compile(r"(?:sum|summe|somme|suma|som|somma) (?:of|von|de|van|di) (.+)", re.IGNORECASE)
_MINUTES = re.compile(r"PT(\d+)M|(\d{1,2})")


@dataclass(frozen=True)
class Table:
    """A text of rows and cells.

    Attributes
    ----------
    names : tuple of str
        Of the columns, exactly as they stand; empty names stay empty. "1", "2", … when there is no row of names.
    named : bool
        False when the file has no row of names.
    delimiter, decimal : str
    offset : int
        Where the data begin in the UTF-8 text. [bytes]
    first_line : int
        Line number of the first data row, counted from 1.
    rows : list of rows
        The first data rows, each as wide as `names`.
    unit : str or None
        Unit that a preamble states.
    minutes : int or None
        Step that a preamble states. [min]
    newline : bytes
        What ends a line: a line feed (with or without carriage return), or a carriage return alone.
    whole : bool
        True when `rows` is all there is.
    units : tuple of str
        What stands in a row of units below the names; empty when there is none.
    joined : tuple of int
        Columns of year, month and day, and perhaps of hour and minute, that are read as one in the place of the year.
    """

    names: tuple[str, ...]
    named: bool
    delimiter: str
    decimal: str
    offset: int
    first_line: int
    rows: list[list[str]]
    unit: str | None = None
    minutes: int | None = None
    newline: bytes = b"\n"
    whole: bool = False
    units: tuple[str, ...] = ()
    joined: tuple[int, ...] = ()

    def unit_below(self, position: int) -> str:
        """Give what a row of units below the names says of a column; "" for nothing."""
        return self.units[position].strip(" []()") if self.units else ""


def read_table(document: Document, feed: Feed, rows: int = 2000) -> Table:
    """Judge the table in a document from its beginning.

    Parameters
    ----------
    document : Document
    feed : Feed
        Its `delimiter`, `decimal` and `header_rows` win over what is seen.
    rows : int
        How many data rows are kept to judge the columns by (chosen, not measured).

    Raises
    ------
    FileRefusedError
        V21, when there is no row of data.
    """
    text, whole = _sample(document)
    lines = list(io.StringIO(text, newline=""))
    if not whole and len(lines) > 1:
        lines.pop()
    said, skip = _sep_line(lines)
    delimiter = _delimiter_of(feed, said) or _guess_delimiter(lines[skip : skip + 60])
    _refuse_fixed_width(document, lines[skip:], delimiter)
    parsed = _parse(document, lines[skip:], delimiter, skip)
    header, first = _find_data(parsed, feed)
    header = header - 1 if header and header < len(parsed) and _says_how(parsed[header][1]) else header
    below = header if _is_unit_row(parsed, header) else None
    header = header if below is None or header is None else header - 1
    if first >= len(parsed):
        raise FileRefusedError(document.path, "this file is empty: it has no row of readings", "export it again")
    width = _common_width([cells for _, cells in parsed[first if header is None else header : first + 200]])
    data = [_fit(cells, width) for _, cells in parsed[first : first + rows]]
    begin = parsed[first - 1][0] if first else skip
    if header is not None and feed.header_rows is None:
        _refuse_unnamed(document, parsed[header][1], data)
    heads = [_fit(cells, width) for _, cells in parsed[: 0 if header is None else header + 1]]
    names, units = _names_and_units(heads, None if below is None else parsed[below][1], width, feed)
    joined = date_columns(names, data) if header is not None else ()
    for row in data if joined else ():
        row[joined[0]] = join_date([row[each] for each in joined])
    unit, minutes = _preamble_facts([cells for _, cells in parsed[: first if header is None else header]])
    return Table(
        names=tuple(names),
        named=header is not None,
        delimiter=delimiter,
        decimal=decimal_of(document, data, delimiter, feed.decimal),
        offset=len("".join(lines[:begin]).encode()),
        first_line=begin + 1,
        rows=data,
        unit=unit,
        minutes=minutes,
        newline=b"\r" if "\n" not in text and "\r" in text else b"\n",
        whole=whole and first + rows >= len(parsed),
        units=tuple(units),
        joined=joined,
    )


def _names_and_units(
    heads: list[list[str]], below: list[str] | None, width: int, feed: Feed
) -> tuple[list[str], list[str]]:
    """Give the columns' names, of the last row of `heads`, and what is said of units in a row below or above it."""
    if not heads:
        return [str(n + 1) for n in range(width)], []
    if below is not None:
        return heads[-1], _fit(below, width)
    headed = headed_names(heads) if feed.header_rows is None else None
    return headed or (heads[-1], [])


def _refuse_fixed_width(document: Document, lines: list[str], delimiter: str) -> None:
    """Refuse cells set apart by as many blanks as fill a column: which of them is which, only a ruler tells."""
    wide = [line for line in lines[:60] if "  " in line.strip()]
    if delimiter == " " and 2 * len(wide) > len(lines[:60]):
        reason = f"cells are set apart by several blanks: {wide[-1].strip()[:60]!r}"
        raise FileRefusedError(document.path, reason, "export it with commas, semicolons or tabs")


def _refuse_unnamed(document: Document, names: list[str], rows: list[list[str]]) -> None:
    """Refuse rows with more filled cells than there are names: nothing says which cell belongs to which."""
    count = len(names)
    while count and not names[count - 1].strip():
        count -= 1
    most = max(count, len(names))
    beyond = [row for row in rows if len(row) > most and any(cell.strip() for cell in row[most:])]
    if names and len(beyond) > len(rows) / 2:
        reason = f"rows have more cells than the {len(names)} names: {','.join(beyond[0])[:60]!r}"
        remedy = "export with ; or tabs if commas are decimal marks; else --header-rows"
        raise FileRefusedError(document.path, reason, remedy)


# The same few thousand cells are looked at by many questions in turn, hence the caches here and in `stamps`.
@lru_cache(maxsize=1 << 16)
def without_unit(cell: str) -> str:
    """Give a cell without a unit of energy or power behind its number."""
    cell = cell.strip()
    return _UNIT_BEHIND.sub("", cell) if cell[-1:].isalpha() else cell


def with_minus(cell: str) -> str:
    """Write a number below zero with a minus in front: (0.4), 0.4- and −0.4 are -0.4."""
    if cell[:1] in ("(", "−", "–") or cell[-1:] == "-":
        found = re.fullmatch(BELOW_ZERO, cell)
        return cell if found is None else "-" + "".join(filter(None, found.groups()))
    return cell


@lru_cache(maxsize=1 << 16)
def kind_of(cell: str) -> str:
    """Tell what a cell looks like: "blank", "number" (a unit may follow it), "time", "stamp" or "text"."""
    cell = without_unit(cell)
    if cell in NULLS:
        return "blank"
    cell = with_minus(cell)
    for kind, pattern in (("number", _NUMBER), ("time", _TIME), ("stamp", _STAMP)):
        if pattern.fullmatch(cell):
            return kind
    return "stamp" if month_text(cell) or (respelled(cell) and split_label(cell)) else "text"


def column_kind(rows: Sequence[Sequence[str]], position: int, most: int = 400) -> str:
    """Tell what most of a column's filled cells look like; "blank" when none is filled."""
    kinds = Counter(kind_of(row[position]) for row in rows[:most])
    kinds.pop("blank", None)
    return kinds.most_common(1)[0][0] if kinds else "blank"


def _sample(document: Document) -> tuple[str, bool]:
    """Read enough to see at least two lines: a wide header alone may be longer than the usual sample."""
    size = SAMPLE_BYTES
    while True:
        text = read_text(document, size)
        whole = len(text.encode()) < size
        if whole or len(text.splitlines()) > 3 or size >= LONGEST_LINE:
            return text, whole
        size *= 8


def _sep_line(lines: list[str]) -> tuple[str | None, int]:
    """Find a spreadsheet's `sep=;` line: its delimiter, and how many lines to skip."""
    for number, line in enumerate(lines[:5]):
        found = re.match(r'\s*"?sep=(.)"?', line, re.IGNORECASE)
        if found:
            return found.group(1), number + 1
        if line.strip():
            break
    return None, 0


def _delimiter_of(feed: Feed, said: str | None) -> str | None:
    if feed.delimiter is None:
        return said
    delimiter = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}.get(feed.delimiter, feed.delimiter)
    if len(delimiter) != 1 or delimiter in '"\r\n' or not delimiter.isascii():
        raise SettingsError(f"delimiter {feed.delimiter!r} is not one character -> use , or ; or tab")
    return delimiter


def _guess_delimiter(lines: list[str]) -> str:
    scores = {delimiter: _delimiter_score(lines, delimiter) for delimiter in ",;\t|"}
    best = max(scores, key=scores.__getitem__)
    return " " if scores[best] <= 0.01 and _delimiter_score(lines, " ") > 0.5 else best


def _delimiter_score(lines: list[str], delimiter: str) -> float:
    """Rows that agree on their width, times cells that look like something: a right split makes both high."""
    try:
        rows = [cells for cells in csv.reader(lines, delimiter=delimiter) if any(cells)]
    except csv.Error:
        return 0.0
    width = _common_width(rows)
    if width < 2:
        return 0.01
    alike = [row for row in rows if abs(len(row) - width) <= 1]
    cells = [kind_of(cell) for row in alike for cell in row[:60]]
    known = sum(kind != "text" for kind in cells) / max(1, len(cells))
    return len(alike) / len(rows) * (0.2 + known)


def _parse(document: Document, lines: list[str], delimiter: str, skip: int) -> list[tuple[int, list[str]]]:
    """Give each row that is not blank, with the number of lines up to and including it."""
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        return [(reader.line_num + skip, cells) for cells in reader if "".join(cells).strip()]
    except csv.Error as error:
        raise FileRefusedError(
            document.path, f"line {reader.line_num + skip} is not a row of cells ({error})"
        ) from None


def _common_width(rows: list[list[str]]) -> int:
    counts = Counter(len(row) for row in rows)
    return max(counts, key=lambda width: (counts[width], width)) if counts else 0


def _fit(cells: list[str], width: int) -> list[str]:
    return (cells + [""] * width)[:width]


def _find_data(parsed: list[tuple[int, list[str]]], feed: Feed, judged: int = 200) -> tuple[int | None, int]:
    """Find the row of names, if there is one, and the first row of data, by the first `judged` columns."""
    if feed.header_rows is not None:
        return (feed.header_rows - 1 if feed.header_rows else None), feed.header_rows
    rows = [cells for _, cells in parsed[:200]]
    if not rows:
        return None, 0
    deep = rows[len(rows) // 2 :]
    often, overall = Counter(map(len, deep)), Counter(map(len, rows))
    width = max(often, key=lambda each: (often[each], overall[each], each))
    fitted = [_fit(row, width) for row in deep]
    kinds = [column_kind(fitted, position) for position in range(min(width, judged))]
    first = next((n for n, row in enumerate(rows) if _fits(row, width) and _is_data(row, kinds)), min(1, len(rows) - 1))
    fits = [_fits(row, width) for row in rows[: first + 1]]
    if first > 1 and fits[first - 2] and _is_data(rows[first - 1], kinds, any_stamp=True):
        names = rows[first - 2][:judged]
        is_wide = 2 * _filled(names) > _filled(rows[first - 1][:judged])  # above a pivot stands what it sums up
        if is_wide and not any(kind_of(cell) in ("number", "stamp") for cell in names):
            return first - 2, first - 1
    return (first - 1, first) if first and fits[first - 1] else (None, first)


def _filled(row: list[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _says_how(cells: list[str]) -> bool:
    """Whether a row says how a logger makes its values, as Campbell's do below the names and the units."""
    said = {cell.strip().lower() for cell in cells if cell.strip()}
    return bool(said) and said <= {"avg", "tot", "smp", "max", "min", "std", "med"}


def _is_unit_row(parsed: list[tuple[int, list[str]]], header: int | None) -> bool:
    """Whether what was taken for the names are units, below a row that may be the names."""
    if not header or header >= len(parsed):
        return False
    cells, above = parsed[header][1], parsed[header - 1][1]
    units = [cell for cell in cells if is_unit(cell)]
    named = sum(kind_of(cell) == "text" for cell in above)
    return bool(units) and named > len(units) and abs(len(above) - len(cells)) <= 1


def _is_data(row: list[str], kinds: list[str], any_stamp: bool = False) -> bool:
    """Whether a row has stamps where the rows far below have them, and their kind in most other columns."""
    told = [n for n, kind in enumerate(kinds) if kind in ("number", "stamp", "time")]
    own = [kind_of(cell) for cell in _fit(row, len(kinds))]
    stamps_fit = all(own[n] in ("stamp", "blank") for n in told if kinds[n] == "stamp")
    alike = [n for n in told if own[n] == kinds[n]]
    fitting = [n for n in told if own[n] in (kinds[n], "blank")]
    return (stamps_fit or any_stamp) and bool(alike) and len(fitting) >= len(told) / 2


def _fits(row: list[str], width: int) -> bool:
    """Whether a row is as wide as most: one cell more or less, or too many that are all empty."""
    return abs(len(row) - width) <= 1 or (len(row) > width and not any(cell.strip() for cell in row[width:]))


def _preamble_facts(rows: list[list[str]]) -> tuple[str | None, int | None]:
    """Take the unit and the step out of a preamble: a cell of that name, and the cell beside or below it.

    A pivot table says "Sum of kWh" above its names.
    """
    unit = _stated(rows, r"(unit(e|s|é|es)?|uom|einheit|eenheid)( of measure(ment)?)?:?", _UNITS)
    minutes = _stated(rows, r".*(pas en minutes|interval( length)?|minutes).*", _MINUTES)
    found = re.search(r"\d+", minutes) if minutes else None
    sums = (_SUM_OF.fullmatch(cell.strip()) for row in rows for cell in row)
    summed = next((said for each in sums if each and (said := unit_in(each.group(1)))), None)
    return unit or summed, int(found.group()) if found else None


def _stated(rows: list[list[str]], name: str, value: re.Pattern[str]) -> str | None:
    for number, row in enumerate(rows):
        for position, cell in enumerate(row):
            if not re.fullmatch(name, cell.strip(), re.IGNORECASE):
                continue
            beside = row[position + 1 : position + 2]
            below = rows[number + 1][position : position + 1] if number + 1 < len(rows) else []
            for candidate in (*below, *beside):
                if value.fullmatch(candidate.strip()):
                    return candidate.strip()
    return None
