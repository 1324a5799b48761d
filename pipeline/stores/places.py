"""Sites, meters and channels: made when readings first name them, described by a register."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, update

from pipeline.clock import clock_changes as changes_of_clock
from pipeline.errors import StoreError
from pipeline.stores.tables import ID_LENGTH, NO_SITE, channels, clock_changes, meters, sites

LAST_DAY = 47_846
"""Clocks are told up to 2101-01-01."""
BEFORE_ALL = -(10**11)

ChannelKey = tuple[str, str, int]


class Place(NamedTuple):
    """Where a channel is, and which clock it has."""

    site_id: str
    timezone: str | None
    first_start_utc: int | None
    last_start_utc: int | None


def next_id(connection: Connection, column: Any) -> int:
    """Give the first free number of a table."""
    return int(connection.scalar(select(func.coalesce(func.max(column), 0)))) + 1


def known_channels(connection: Connection) -> dict[ChannelKey, int]:
    """Give the number of every channel by meter, stream and interval length."""
    query = select(channels.c.meter_id, channels.c.channel, channels.c.interval_minutes, channels.c.channel_id)
    return {(meter, channel, minutes): number for meter, channel, minutes, number in connection.execute(query)}


def places(connection: Connection) -> dict[int, Place]:
    """Give the place of every channel by its number."""
    query = select(
        channels.c.channel_id,
        meters.c.site_id,
        sites.c.timezone,
        channels.c.first_start_utc,
        channels.c.last_start_utc,
    ).select_from(channels.join(meters).join(sites))
    return {row[0]: Place(*row[1:]) for row in connection.execute(query)}


def read_channels(connection: Connection) -> pd.DataFrame:
    """Give every channel with its meter and site: their columns as in the tables; spans are <NA> without readings."""
    columns = [*channels.c, *(column for column in meters.c if column.name != "meter_id"), sites.c.timezone]
    rows = connection.execute(select(*columns).select_from(channels.join(meters).join(sites)).order_by("channel_id"))
    frame = pd.DataFrame([tuple(row) for row in rows], columns=list(rows.keys()))
    return frame.astype({"first_start_utc": "Int64", "last_start_utc": "Int64"})


def add_channels(connection: Connection, frame: pd.DataFrame, known: Mapping[ChannelKey, int]) -> dict[ChannelKey, int]:
    """Make the channels that are not known yet, with their meters and sites; what a register said stays.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a run's transaction.
    frame : pandas.DataFrame
        `site_id`, `meter_id`, `channel`, `interval_minutes`, `timezone`, `unit`; a blank site is `NO_SITE`.
    known : mapping of (meter_id, channel, interval_minutes) to int
        Numbers of the channels that are there.

    Returns
    -------
    dict of (meter_id, channel, interval_minutes) to int
        Numbers of the channels that were made.

    Raises
    ------
    StoreError
        A name is too long, or holds a character that servers do not take.
    """
    wanted = frame.assign(site_id=frame["site_id"].fillna(NO_SITE))
    for name in ("site_id", "meter_id"):
        _check_names(wanted[name])
    own_sites = wanted[["site_id", "timezone"]].drop_duplicates("site_id")
    _add_missing(connection, sites, own_sites)
    _set_first_timezones(connection, own_sites)
    _add_missing(connection, meters, wanted[["meter_id", "site_id"]])
    tell_clocks(connection, wanted["timezone"])
    keys = [key for key in dict.fromkeys(channel_keys(wanted)) if key not in known]
    first = next_id(connection, channels.c.channel_id)
    units = dict(zip(channel_keys(wanted), wanted["unit"], strict=True))
    _insert(
        connection,
        channels,
        [
            {"channel_id": first + n, "meter_id": m, "channel": c, "interval_minutes": i, "unit": units[m, c, i]}
            for n, (m, c, i) in enumerate(keys)
        ],
    )
    return {key: first + number for number, key in enumerate(keys)}


def channel_keys(frame: pd.DataFrame) -> list[ChannelKey]:
    """Give the key of each row: meter, stream and interval length."""
    columns = (frame[name].tolist() for name in ("meter_id", "channel", "interval_minutes"))
    return [(str(meter), str(channel), int(minutes)) for meter, channel, minutes in zip(*columns, strict=True)]


def describe_sites(connection: Connection, register: pd.DataFrame) -> bool:
    """Write what a register says of sites and meters over what is known of them; blank cells say nothing.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a run's transaction.
    register : pandas.DataFrame
        As `read_register` gives it: one row a meter, with what is said of its site.

    Returns
    -------
    bool
        True when something is not as it was.
    """
    for name in ("site_id", "meter_id"):
        _check_names(register[name])
    about_sites = [column.name for column in sites.columns if column.name in register]
    own_sites = register[about_sites].groupby("site_id", sort=False).first().reset_index()
    own_sites = _with_clocks(connection, own_sites, register)
    own_meters = register[[column.name for column in meters.columns if column.name in register]]
    changed = _add_missing(connection, sites, own_sites) + _write_over(connection, sites, own_sites)
    changed += _add_missing(connection, meters, own_meters) + _write_over(connection, meters, own_meters)
    if "timezone" in register:
        tell_clocks(connection, register["timezone"])
    empty = delete(sites).where(~select(meters.c.meter_id).where(meters.c.site_id == sites.c.site_id).exists())
    connection.execute(empty)
    return changed > 0


def _with_clocks(connection: Connection, own_sites: pd.DataFrame, register: pd.DataFrame) -> pd.DataFrame:
    """Give a site that nobody tells a clock the one that the first of its meters had where it was."""
    joined = select(meters.c.meter_id, sites.c.timezone).select_from(meters.join(sites))
    had: dict[str, str | None] = {meter: clock for meter, clock in connection.execute(joined)}
    told = set(connection.scalars(select(sites.c.site_id).where(sites.c.timezone.is_not(None))))
    first = register.assign(had=register["meter_id"].map(had)).groupby("site_id")["had"].first()
    first = own_sites["site_id"].map(first).where(~own_sites["site_id"].isin(list(told)))
    said = own_sites.get("timezone", pd.Series(None, index=own_sites.index, dtype=object))
    return own_sites.assign(timezone=said.where(said.notna(), first))


def tell_clocks(connection: Connection, timezones: Iterable[Any]) -> None:
    """Keep the changes of the clocks in use, and of UTC, as this machine's time zone tables have them."""
    for timezone in {"UTC", *(zone for zone in timezones if isinstance(zone, str))}:
        instants, offsets = changes_of_clock(timezone, 0, LAST_DAY)
        rows = [
            {"timezone": timezone, "from_utc": instant, "offset_seconds": offset}
            for instant, offset in zip([BEFORE_ALL, *instants[1:].tolist()], offsets.tolist(), strict=True)
        ]
        own = clock_changes.c.timezone == timezone
        told = connection.execute(select(clock_changes).where(own).order_by(clock_changes.c.from_utc)).mappings()
        if [dict(row) for row in told] != rows:
            connection.execute(delete(clock_changes).where(own))
            _insert(connection, clock_changes, rows)


def _check_names(names: "pd.Series[Any]") -> None:
    for name in names.unique().tolist():
        if not isinstance(name, str) or not 0 < len(name) <= ID_LENGTH or "\0" in name:
            raise StoreError(
                f"{str(name)[:60]!r} cannot be the name of a meter or site -> use 1 to {ID_LENGTH} characters"
            )


def _key(table: Table) -> str:
    return table.primary_key.columns[0].name


def _add_missing(connection: Connection, table: Table, frame: pd.DataFrame) -> int:
    key = _key(table)
    known = set(connection.scalars(select(table.c[key])))
    rows = [row for row in _records(frame.drop_duplicates(key)) if row[key] not in known]
    _insert(connection, table, rows)
    return len(rows)


def _set_first_timezones(connection: Connection, frame: pd.DataFrame) -> None:
    unset = set(connection.scalars(select(sites.c.site_id).where(sites.c.timezone.is_(None))))
    for row in _records(frame):
        if row["site_id"] in unset and row["timezone"] is not None:
            statement = update(sites).where(sites.c.site_id == row["site_id"])
            connection.execute(statement.values(timezone=row["timezone"]))


def _write_over(connection: Connection, table: Table, frame: pd.DataFrame) -> int:
    key = _key(table)
    known = {row[key]: row for row in connection.execute(select(table)).mappings()}
    changed = 0
    for row in _records(frame):
        said = {name: value for name, value in row.items() if value is not None and known[row[key]][name] != value}
        if said:
            connection.execute(update(table).where(table.c[key] == bindparam("of")).values(said), {"of": row[key]})
            changed += 1
    return changed


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    records: list[dict[Hashable, Any]] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{str(name): value for name, value in record.items()} for record in records]
