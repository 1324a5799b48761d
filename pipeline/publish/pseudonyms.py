"""Extracts that may be shown to everybody: meters and sites under other names, and no text that could name one."""

import json
from collections.abc import Iterable
from pathlib import Path

from tableauhyperapi import (  # type: ignore[import-untyped]
    Connection,
    CreateMode,
    HyperProcess,
    escape_name,
    escape_string_literal,
)

from pipeline.stores.extracts import TEXT, Column, Extract
from pipeline.stores.hyper_read import TABLE, hyper_told, reading
from pipeline.stores.scratch import told, write_text

NAMED = {"meter_id": "Meter", "site_id": "Site"}
"""Columns that get another name, and what it begins with."""

PLAIN = frozenset(
    (
        *("channel", "quality", "method", "rule_id", "rule", "rules", "severity"),
        *("grain", "model", "direction", "cause", "unit"),
    )
)
"""Texts out of our own vocabulary. Any other may hold a file, a place or a person: it is left empty."""

TELLING = frozenset(("latitude", "longitude", "floor_area_m2"))
"""Numbers that say which building it is as surely as its name: floor areas stand in public registers, beside the
address. Left empty, unless names may be shown; the map is in no workbook for the public either way."""

Names = dict[str, dict[str, str]]


def remembered_names(path: Path, found: dict[str, Iterable[str]]) -> Names:
    """Give every meter and site its other name, the same as the last time; new ones get the next number.

    Parameters
    ----------
    path : Path
        Where names are remembered; it must not be given away.
    found : dict of str to iterable of str
        By column of `NAMED`: what there is.

    Raises
    ------
    StoreError
        When it cannot be written.
    """
    names: Names = {column: {} for column in NAMED}
    if path.exists():
        names |= json.loads(path.read_text(encoding="utf-8"))
    for column, begin in NAMED.items():
        own = names[column]
        for name in sorted(set(found.get(column, ())) - set(own)):
            own[name] = f"{begin} {len(own) + 1:02d}"
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(names, indent=1, ensure_ascii=False))
    return names


def members(path: Path, extract: Extract, hyper: HyperProcess) -> dict[str, set[str]]:
    """Give the meters and sites of an extract, by column."""
    columns = [name for name in NAMED if name in extract.names]
    with reading(path, hyper) as connection, hyper_told(path):
        rows = {
            name: connection.execute_list_query(f"SELECT DISTINCT {name} FROM {TABLE} WHERE {name} IS NOT NULL")
            for name in columns
        }
    return {name: {str(row[0]) for row in found} for name, found in rows.items()}


def copy_renamed(
    source: Path, target: Path, extract: Extract, names: Names, hyper: HyperProcess, *, places: bool = False
) -> None:
    """Write an extract that may be shown: other names, no free text, nothing telling, every other number as it is.

    Parameters
    ----------
    source, target : Path
    extract : Extract
    names : dict
        By column, as `remembered_names` gives them.
    hyper : HyperProcess
    places : bool, default False
        Positions and floor areas may be shown, too.

    Raises
    ------
    StoreError
        When the one cannot be read or the other not written.
    """
    columns = ", ".join(f"{_value(column, names, places)} AS {escape_name(column.name)}" for column in extract.columns)
    with (
        hyper_told(target),
        Connection(hyper.endpoint, target.absolute(), CreateMode.CREATE_AND_REPLACE) as connection,
    ):
        connection.catalog.attach_database(source.absolute(), "local")
        own = escape_name(target.stem)
        connection.execute_command(f'CREATE SCHEMA {own}."Extract"')
        connection.execute_command(f'CREATE TABLE {own}.{TABLE} AS (SELECT {columns} FROM "local".{TABLE})')


def _value(column: Column, names: Names, places: bool) -> str:
    name = escape_name(column.name)
    if column.name in TELLING and not places:
        return "CAST(NULL AS double precision)"
    if column.kind != TEXT or column.name in PLAIN:
        return str(name)
    cases = " ".join(
        f"WHEN {escape_string_literal(old)} THEN {escape_string_literal(new)}"
        for old, new in names.get(column.name, {}).items()
    )
    # A name that is not known is not shown either.
    return f"CASE {name} {cases} END" if cases else "CAST(NULL AS text)"
