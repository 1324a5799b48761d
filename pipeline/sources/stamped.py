"""The layouts with a stamp in each row.

Long: a row is a reading, with its meter where the file has several. Wide: a row is an instant, and a column is a meter
or something that is no energy and is left out.
"""

import re

from pipeline.sources.columns import read_columns
from pipeline.sources.document import Document
from pipeline.sources.roles import Roles, find_roles, refuse_roles
from pipeline.sources.source import Feed, Source
from pipeline.sources.table import Table, read_table
from pipeline.sources.values import value_columns
from pipeline.sources.words import is_plain_quantity

_CELL_OF_DAY = re.compile(
    r"\[?\d{1,2}[:.]\d{2}\]?.*|(kwh|kvarh|hh|p|period|h|hour|interval)[ _]?\d{1,2}", re.IGNORECASE
)


def read_stamped(
    document: Document, feed: Feed, today: int | None = None, seen: tuple[Table, Roles] | None = None
) -> Source:
    """Read a table with a stamp in each row, in any supplier's words; its header decides what its columns are.

    Rows may name their meter (long), or columns be meters (wide); a column whose name states no unit is kWh, and that
    is noted.

    Parameters
    ----------
    document : Document
    feed : Feed
    today : int or None
        [days since 1970-01-01]
    seen : (Table, Roles) or None
        The table and what its columns are, where that has been judged already.

    Raises
    ------
    FileRefusedError
        V01 for dates, V15 for a unit that nothing states, V21 for what is no table of readings.
    """
    table = seen[0] if seen else read_table(document, feed)
    roles = seen[1] if seen else find_roles(document, table, feed)
    refuse_roles(document, table, roles)
    notes: list[str] = []
    columns = value_columns(document, table, roles, feed, notes)
    source = read_columns(document, table, roles, columns, feed, today)
    source.notes += notes
    return source


def score_long(table: Table, roles: Roles) -> float:
    """Say how well a table fits: a stamp, few value columns that say what they measure, and best a meter."""
    if roles.problem or len(roles.values) > 8:
        return 0.0
    plain = all(is_plain_quantity(table.names[each].strip()) or not table.named for each in roles.values)
    if roles.meter is not None:
        return 0.9 if table.named else 0.6
    return (0.8 if table.named else 0.5) if plain else 0.3


def score_wide(table: Table, roles: Roles) -> float:
    """Say how well a table fits: a stamp, no meter column, and columns named for meters and not for times of day."""
    if roles.problem or roles.meter is not None or not table.named:
        return 0.0
    names = [table.names[each].strip() for each in roles.values]
    if sum(bool(_CELL_OF_DAY.fullmatch(name)) for name in names) > len(names) / 2 and len(names) >= 12:
        return 0.0
    return 0.4 if all(is_plain_quantity(name) for name in names) else 0.85
