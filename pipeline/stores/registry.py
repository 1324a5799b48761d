"""The register of sites and meters: a CSV that people keep by hand, with the names of columns that people use."""

import csv
import io
import math
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from pipeline.clock import check_timezone
from pipeline.errors import FileRefusedError, SettingsError
from pipeline.schema import Finding
from pipeline.stores.tables import ID_LENGTH, NO_SITE

SQUARE_FOOT = 0.09290304
"""Exactly, in square metres."""

HEADERS = {
    "meter_id": ("meter", "meter id", "meter name", "building", "building id", "mpan", "mprn", "mpr", "nmi"),
    "site_id": ("site", "site id", "usage point", "campus"),
    "serial": ("serial", "serial number", "serial no", "meter serial", "meter serial number"),
    "name": ("name", "site name", "building name", "description"),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon", "lng", "long"),
    "floor_area_m2": ("floor area m2", "floor area", "area m2", "area", "sqm", "m2", "gross floor area", "gia m2"),
    "floor_area_ft2": ("floor area ft2", "floor area sqft", "area ft2", "sqft", "square feet", "gross square feet"),
    "building_use": ("use", "building use", "use type", "primary use", "usage type", "primaryspaceusage"),
    "timezone": ("timezone", "time zone", "tz"),
    "tariff": ("tariff", "rate", "rate plan"),
}
"""Our names to what people write, without regard to case, brackets, `_` and `-`; the first that a file has counts."""

TELLING = {"name", "latitude", "longitude", "floor_area_m2", "floor_area_ft2", "building_use", "timezone", "tariff"}
READINGS = {
    "timestamp",
    "datetime",
    "date",
    "time",
    "start",
    "end",
    "value",
    "reading",
    "kwh",
    "energy kwh",
    "interval",
}
READINGS |= {
    "interval start",
    "interval end",
    "read at",
    "register kwh",
    "usage",
    "consumption",
    "start time",
    "end time",
}
"""Columns of a file of readings; a register has none of them."""

ABOUT = ("site_id", "serial", "name", "latitude", "longitude", "floor_area_m2", "building_use", "timezone", "tariff")
COLUMNS = ("meter_id", *ABOUT)


class Register(NamedTuple):
    """What a register says.

    Attributes
    ----------
    meters : pandas.DataFrame
        One row a meter, columns `COLUMNS`; None or NaN where a cell is blank. Meters without a site share the site
        `NO_SITE`; those with another clock than the first of them are a site of their own.
    findings : list of Finding
        Rows that are left out, each with its line and the reason.
    """

    meters: pd.DataFrame
    findings: list[Finding]


def is_register(path: Path) -> bool:
    """Tell whether a file is a register: meters, mostly a row each, a column that describes them, and no readings."""
    if path.suffix.lower() not in (".csv", ".txt", ".tsv"):
        return False
    try:
        with path.open("rb") as file:
            _, rows = _rows(file.read(65536))
    except OSError:
        return False
    header = next(rows, [])
    found = _columns(header)
    if "meter_id" not in found or not TELLING & set(found) or READINGS & {_plain(name) for name in header}:
        return False
    meters = [row[found["meter_id"]] for row in rows if len(row) > found["meter_id"]]
    return 2 * len(set(meters)) >= len(meters)


def read_register(path: Path) -> Register:
    """Read a register.

    Parameters
    ----------
    path : Path
        CSV with a header, separated by comma, semicolon or tab.

    Raises
    ------
    FileRefusedError
        It has no column of meters, or no row that can be used.
    """
    try:
        delimiter, lines = _rows(path.read_bytes())
    except OSError as error:
        raise FileRefusedError(path, f"cannot be read: {error.strerror}", "check the path") from error
    header = next(lines, [])
    columns = _columns(header)
    if "meter_id" not in columns:
        raise FileRefusedError(
            path,
            f"no column names the meters; found: {', '.join(header)[:200] or 'nothing'}",
            f"call it one of: {', '.join(HEADERS['meter_id'])}",
        )
    kept = _Kept({}, {})
    findings = []
    for number, cells in enumerate(lines, start=2):
        if any(cell.strip() for cell in cells):
            try:
                _keep(kept, number, _read_row(cells, columns, delimiter))
            except (ValueError, SettingsError) as error:
                detail = f"line {number}: {error}; this row is left out"
                findings.append(Finding("V21", None, None, None, None, 0, detail, path))
    if not kept.meters:
        raise FileRefusedError(path, findings[0].detail if findings else "no meter is in it", "mend the rows")
    return Register(pd.DataFrame(list(_with_sites(kept)), columns=list(COLUMNS)), findings)


class _Kept(NamedTuple):
    """What is known so far, each with the line that said it: rows by meter, and clocks by site."""

    meters: dict[str, tuple[int, dict[str, Any]]]
    clocks: dict[str, tuple[int, str | None]]


def _read_row(cells: list[str], columns: dict[str, int], delimiter: str) -> dict[str, Any]:
    if max(columns.values()) >= len(cells):
        raise ValueError(f"it has {len(cells)} cells, fewer than the header")
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    for name, column in columns.items():
        text = cells[column].strip()
        if text:
            row |= _READ[name](name, text.replace(",", ".") if name in NUMBERS and delimiter != "," else text)
    if not row["meter_id"]:
        raise ValueError("no meter is named")
    return row


def _keep(kept: _Kept, number: int, row: dict[str, Any]) -> None:
    line, other = kept.meters.get(row["meter_id"], (number, row))
    for name in ABOUT:
        _agree(name, row[name], other[name], f"line {line} says of the same meter")
    line, clock = kept.clocks.get(row["site_id"], (number, None))
    _agree("timezone", row["timezone"], clock, f"line {line} says of the same site")
    kept.meters.setdefault(row["meter_id"], (number, row))
    if row["site_id"]:
        kept.clocks[row["site_id"]] = (line, clock) if clock else (number, row["timezone"])


def _with_sites(kept: _Kept) -> Iterator[dict[str, Any]]:
    rows = [row for _, row in kept.meters.values()]
    clock = next((row["timezone"] for row in rows if row["timezone"] and not row["site_id"]), None)
    for row in rows:
        own = NO_SITE if row["timezone"] in (None, clock) else row["meter_id"]
        yield row | {"site_id": row["site_id"] or own}


def _agree(name: str, said: Any, before: Any, where: str) -> None:
    if None not in (said, before) and said != before:
        raise ValueError(f"{name} is {said!r}, but {where} {before!r}")


def _text(name: str, text: str) -> dict[str, Any]:
    if len(text) > ID_LENGTH:
        raise ValueError(f"{name} has {len(text)} characters, more than {ID_LENGTH}")
    return {name: text}


def _number(name: str, text: str, low: float, high: float) -> dict[str, Any]:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name} {text!r} is not a number") from None
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError(f"{name} {text!r} is not between {low:g} and {high:g}")
    return {name: value}


def _square_feet(name: str, text: str) -> dict[str, Any]:
    return {"floor_area_m2": _number(name, text, 1, 1e9)[name] * SQUARE_FOOT}


def _timezone(name: str, text: str) -> dict[str, Any]:
    return {name: check_timezone(text)}


_READ: dict[str, Callable[[str, str], dict[str, Any]]] = {
    **dict.fromkeys(HEADERS, _text),
    "latitude": partial(_number, low=-90, high=90),
    "longitude": partial(_number, low=-180, high=180),
    "floor_area_m2": partial(_number, low=0.1, high=1e8),
    "floor_area_ft2": _square_feet,
    "timezone": _timezone,
}
NUMBERS = {"latitude", "longitude", "floor_area_m2", "floor_area_ft2"}


def _columns(header: list[str]) -> dict[str, int]:
    """Where each of our columns is."""
    plain = [_plain(name) for name in header]
    found = {}
    for name, words in HEADERS.items():
        places = [plain.index(word) for word in words if word in plain]
        if places:
            found[name] = places[0]
    if "floor_area_m2" in found:
        found.pop("floor_area_ft2", None)
    return found


def _plain(name: str) -> str:
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower().replace("²", "2"))
    return " ".join(words.split())


def _rows(raw: bytes) -> tuple[str, Iterator[list[str]]]:
    """Give the delimiter and the rows of a text, the header first; a file that is none gives rows without meters."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = raw.decode("utf-16", "replace")
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("cp1252", "replace")
    first = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    lines = (line for line in io.StringIO(text.replace("\0", ""), newline=""))
    return delimiter, (row for row in csv.reader(lines, delimiter=delimiter))
