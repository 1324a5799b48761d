"""How a table writes its numbers and its days: the decimal mark, and dates in columns of their own."""

import re

from pipeline.errors import FileRefusedError
from pipeline.sources.document import Document

_POINT = re.compile(r"-?\d*\.\d+")
_COMMA = re.compile(r"-?(\d*|\d{1,3}(\.\d{3})+),\d+")
_CLOCK = re.compile(r"([01]?\d|2[0-4])\.[0-5]\d")
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}([.,]\d{3})+")
_GROUPED = re.compile(r"-?[1-9]\d{0,2},\d{3}")


def decimal_of(document: Document, rows: list[list[str]], delimiter: str, said: str | None) -> str:
    """Give the decimal mark: the one that the user says, where the numbers do not deny it, else what they show.

    Raises
    ------
    FileRefusedError
        V21, when they deny it, or allow both.
    """
    if said is None:
        return _guess_decimal(document, rows, delimiter)
    other = _POINT if said == "," else _COMMA
    cells = [cell.strip() for row in rows[:200] for cell in row[:200]]
    denied = [cell for cell in cells if other.fullmatch(cell) and not _THOUSANDS.fullmatch(cell)]
    if denied and not any((_COMMA if said == "," else _POINT).fullmatch(cell) for cell in cells):
        reason = f"numbers such as {denied[0]!r} have no decimal {'comma' if said == ',' else 'point'}"
        raise FileRefusedError(document.path, reason, "leave out --decimal")
    return said


def _guess_decimal(document: Document, rows: list[list[str]], delimiter: str) -> str:
    """A comma when numbers have one and no point: never where the comma separates cells that are not quoted.

    Raises
    ------
    FileRefusedError
        V21, when every number has a mark and three digits behind it, so that 1,234 may be one or a thousand.
    """
    columns = [[cell.strip() for cell in column] for column in zip(*(row[:200] for row in rows[:200]), strict=False)]
    cells = [cell for column in columns if not all(map(_CLOCK.fullmatch, column)) for cell in column]
    points = sum(bool(_POINT.fullmatch(cell)) for cell in cells)
    commas = [cell for cell in cells if _COMMA.fullmatch(cell)]
    if len(commas) <= points:
        return "," if _are_thousands(cells, r"\.") else "."
    if _are_thousands(cells, ","):
        return "."
    if delimiter == "," and all(_GROUPED.fullmatch(cell) for cell in commas):
        reason = f"numbers such as {commas[0]!r} may have a decimal comma or thousands set off by one"
        raise FileRefusedError(document.path, reason, "give --decimal , or --decimal .")
    return ","


def _are_thousands(cells: list[str], mark: str, fewest: int = 5) -> bool:
    """Whether a mark sets off thousands: always three digits behind it, and none where there are three in all.

    With a decimal mark, numbers without it would not all be whole hundreds beside others that always have three places.
    """
    grouped = [cell for cell in cells if re.fullmatch(rf"-?[1-9]\d{{0,2}}({mark}\d{{3}})+", cell)]
    whole = [cell for cell in cells if re.fullmatch(r"-?[1-9]\d{2}", cell)]
    other = any(re.fullmatch(rf"-?\d*{mark}\d+", cell) and cell not in grouped for cell in cells)
    return len(grouped) >= fewest and len(whole) >= fewest and not other


def date_columns(names: list[str], rows: list[list[str]]) -> tuple[int, ...]:
    """Find year, month and day in columns of their own, with hour and minute where both are there."""
    plain = [name.strip().lower() for name in names]
    for words in (("year", "month", "day", "hour", "minute"), ("year", "month", "day")):
        found = tuple(plain.index(word) for word in words if word in plain)
        cells = [row[each].strip() for row in rows[:50] for each in found]
        if len(found) == len(words) and all(cell.isdigit() for cell in cells):
            return found
    return ()


def join_date(parts: list[str]) -> str:
    """Write year, month and day, and perhaps hour and minute, as one stamp."""
    day = "-".join(part.strip().zfill(2) for part in parts[:3])
    return day if len(parts) == 3 else f"{day} {':'.join(part.strip().zfill(2) for part in parts[3:])}"
