"""The records of AEMO's Meter Data File Format, line by line: what is broken is mended or named with its line.

A record begins with its number and has a shape of its own, so a physical line that is none continues the one before.
"""

import io
import re
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.errors import FileRefusedError
from pipeline.sources.document import Document, utf8_stream
from pipeline.sources.problems import Problems

LONGEST_RECORD = 1 << 16
"""Characters; a day of 1440 values of twelve characters has 18,000 (chosen)."""
QUALITY = re.compile(r"[AEFNSV](\d\d)?")
_RECORD = re.compile(r"(100|200|250|300|400|500|550|900)(,|$)")
_NO_VALUES = re.compile(
    r"100,NEM1|200,([^,]*,){6}[A-Za-z]*,\d+|250,([^,]*,){6}[EI],|400,\d+,\d+,[A-Z]|500,[A-Z]|550,[A-Z]|900,*$"
    r"|300,(\d{8}|\d\.\d+E\+?\d+|[^,]*[-/A-Za-z][^,]*|),"
)
"""A record, and not the values of a broken one that happen to begin with 200 or 300."""


class Record(NamedTuple):
    """One record: the number of its first line, and its fields without surrounding blanks and quotes."""

    line: int
    fields: list[str]


def read_records(document: Document, problems: Problems) -> Iterator[Record]:
    """Give the records of a NEM12 or NEM13 file in their order; a record "?" stands for a line that is none.

    Blank lines are passed over. A day record broken over several physical lines is put together again, and a line that
    is nothing is left out; both become V21 findings that name the line.

    Raises
    ------
    FileRefusedError
        V21, when the file does not begin with a record, or a record never ends.
    """
    pending: list[tuple[int, str]] = []
    for number, text in _lines(document):
        if not pending and not _RECORD.match(text):
            raise FileRefusedError(document.path, f"line {number} is no NEM12 or NEM13 record: {text[:40]!r}")
        if pending and _continues(text, pending, document):
            pending.append((number, text))
            continue
        if pending:
            yield _record(pending, problems)
        pending = [(number, text)]
    if pending:
        yield _record(pending, problems)


def _lines(document: Document) -> Iterator[tuple[int, str]]:
    """Give the lines that hold anything, with their numbers, blanks around the cells and quotes taken away."""
    with io.TextIOWrapper(utf8_stream(document), encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            text = line.strip()
            if " " in text or '"' in text:
                text = re.sub(r"\s*,\s*", ",", text.replace('"', ""))
            if text.strip(","):
                yield number, text


def _continues(text: str, pending: list[tuple[int, str]], document: Document) -> bool:
    """Whether a line goes on with a day record that still lacks the quality flag behind its values."""
    if sum(len(piece) for _, piece in pending) > LONGEST_RECORD:
        reason = f"line {pending[0][0]} begins a record that does not end"
        raise FileRefusedError(document.path, reason, "ask the supplier for the file as it was sent")
    if not pending[0][1].startswith("300") or _NO_VALUES.match(text):
        return False
    return not any(QUALITY.fullmatch(cell) for _, piece in pending for cell in piece.split(",")[1:])


def _record(pieces: list[tuple[int, str]], problems: Problems) -> Record:
    line, text = pieces[0]
    if not _RECORD.match(text):
        problems.add("V21", "a line that is no record was left out", f"line {line}: {text[:40]!r}")
        return Record(line, ["?"])
    if len(pieces) > 1:
        seen = f"lines {line} to {pieces[-1][0]}"
        problems.add("V21", "a day record broken over several lines was put together", seen)
    for _, piece in pieces[1:]:
        text += piece if text.endswith(",") or piece.startswith(",") else f",{piece}"
    return Record(line, text.split(","))
