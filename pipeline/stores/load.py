"""One run's writing: everything between `open_load` and its end is one transaction, under the lock of the database."""

import json
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, bindparam, delete, insert, select, update

from pipeline.connect import database_told
from pipeline.schema import Finding
from pipeline.stores.bulk import insert_rows, readings_between
from pipeline.stores.lock import Tell, writing
from pipeline.stores.places import (
    Place,
    add_channels,
    channel_keys,
    describe_sites,
    known_channels,
    next_id,
    places,
    read_channels,
)
from pipeline.stores.records import finding_rows, new_edits, new_findings, new_holidays, touched_findings
from pipeline.stores.tables import changes, channels, edits, files, findings, holidays, loads, readings
from pipeline.stores.versions import channel_ranges, compare_readings, ranges_to_replace


class Written(NamedTuple):
    """How many readings were new, replaced another, or were there already."""

    inserted: int
    changed: int
    unchanged: int


NOTHING = Written(0, 0, 0)
FINDINGS_AT_ONCE = 5000


@dataclass(frozen=True)
class FileRow:
    """A loaded file, as the database knows it.

    Attributes
    ----------
    name : str
        As the user named it.
    sha256 : str
        Of its bytes: what makes it this file, whatever its name.
    size_bytes : int
    layout : str
        Name of the reader.
    settings : dict
        What was said or found out about it, as JSON has it.
    row_count : int
        Readings in it.
    first_start_utc, last_start_utc : int or None
        [s since 1970 UTC]
    energy_kwh : float or None
        Sum of its readings. [kWh]
    status : str
        "loaded".
    file_id, load_id : int
        Given by the database.
    """

    name: str
    sha256: str
    size_bytes: int
    layout: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    row_count: int = 0
    first_start_utc: int | None = None
    last_start_utc: int | None = None
    energy_kwh: float | None = None
    status: str = "loaded"
    file_id: int = 0
    load_id: int = 0


def file_row(row: Mapping[Any, Any]) -> FileRow:
    """Give a row of `files` its shape."""
    return FileRow(**{**row, "settings": json.loads(row["settings"])})


@contextmanager
def open_load(engine: Engine, waiting: Tell = lambda _: None) -> Iterator["Load"]:
    """Begin a run's writing; at the end everything is committed, and nothing if anything is raised inside.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `connect_database`, upgraded.
    waiting : callable
        Told in one sentence when another run holds the database; this one then waits for it.

    Yields
    ------
    Load
        Its `load_id` is the number of the run. A run that changes nothing leaves no trace.

    Raises
    ------
    StoreError
        When the database fails.
    """
    with database_told(engine), writing(engine, waiting) as connection:
        load = Load(connection, next_id(connection, loads.c.load_id), int(time.time()))
        yield load
        load.finish()


class Load:
    """What a run may do while it holds the database. Made by `open_load`.

    Attributes
    ----------
    load_id : int
        Number of this run; later commits have larger numbers.
    notes : list of str
        What a person should know about how it went, each once.
    """

    def __init__(self, connection: Connection, load_id: int, started: int) -> None:
        self.connection = connection
        self.load_id = load_id
        self.started = started
        self.notes: list[str] = []
        self._is_recorded = False
        self._channels = known_channels(connection)
        self._ranges: dict[int, tuple[int, int]] = {}

    def known_file(self, sha256: str) -> FileRow | None:
        """Give the file with these bytes if it was loaded before."""
        row = self.connection.execute(select(files).where(files.c.sha256 == sha256)).mappings().first()
        return file_row(row) if row else None

    def add_file(self, file: FileRow) -> int:
        """Record a file and give its number; told again, the same file keeps its number and takes what is said."""
        self._record()
        known = self.known_file(file.sha256)
        number = known.file_id if known else next_id(self.connection, files.c.file_id)
        row = asdict(file) | {"file_id": number, "load_id": self.load_id, "settings": json.dumps(dict(file.settings))}
        change = update(files).where(files.c.file_id == number) if known else insert(files)
        self.connection.execute(change.values(row))
        return number

    def channel_ids(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Give the number of each channel, made if need be, with its meter and its site.

        Parameters
        ----------
        frame : pandas.DataFrame
            `site_id` (blank: `NO_SITE`), `meter_id`, `channel`, `interval_minutes`, `timezone`
            (taken when the site has none yet; a register wins) and `unit`.
        """
        if any(key not in self._channels for key in channel_keys(frame)):
            self._record()
            self._channels |= add_channels(self.connection, frame, self._channels)
        return np.array([self._channels[key] for key in channel_keys(frame)], dtype=np.int64)

    def has_lengths(self) -> bool:
        """Tell whether any stream has more than one interval length."""
        return len({key[:2] for key in self._channels}) < len(self._channels)

    def channels(self) -> pd.DataFrame:
        """Give every channel as `pipeline.stores.database.read_channels` does, with what this run has written."""
        return read_channels(self.connection)

    def spans(self, channel_ids: Sequence[int]) -> pd.DataFrame:
        """Give `channel_id`, `first_start`, `last_start` of channels that have readings. [s since 1970 UTC]"""
        query = select(channels.c.channel_id, channels.c.first_start_utc, channels.c.last_start_utc).where(
            channels.c.channel_id.in_([int(number) for number in channel_ids]), channels.c.first_start_utc.is_not(None)
        )
        rows = self.connection.execute(query.order_by(channels.c.channel_id)).all()
        return pd.DataFrame([tuple(row) for row in rows], columns=["channel_id", "first_start", "last_start"])

    def history(self, channel_ids: Sequence[int], first_start: int, last_start: int) -> pa.Table:
        """Give the readings of some channels that start in [first_start, last_start], as `READINGS`."""
        return readings_between(self.connection, channel_ids, first_start, last_start)

    def write_readings(self, rows: pa.Table, existing: pa.Table | None = None) -> Written:
        """Write readings; what they replace goes into `reading_versions`, and what is there already stays.

        Parameters
        ----------
        rows : pyarrow.Table
            As `READINGS` (see `arrow_readings`), ordered by channel and start, each interval once.
        existing : pyarrow.Table or None
            What `history` gave for all of these intervals, or more. None: these channels have no readings there.
        """
        known = rows.slice(0, 0) if existing is None else existing
        found = compare_readings(rows, known)
        written = Written(
            *(int(count.sum()) for count in (found.is_new, found.is_changed, ~found.is_new & ~found.is_changed))
        )
        fresh = rows.filter(pa.array(found.is_new | found.is_changed))
        if fresh.num_rows:
            self._replace(known, found.replaced)
            self._bulk("readings", fresh)
            self._widen(channel_ranges(fresh))
        return written

    def remove(self, rows: pa.Table, positions: NDArray[np.intp]) -> None:
        """Take readings of a channel out; `rows` is all that the channel has, `positions` says which of them go."""
        number = int(rows.column("channel_id")[0].as_py())
        self._replace(rows, positions)
        start = rows.column("start_utc").to_numpy()
        self.add_change(number, int(start[positions[0]]), int(start[positions[-1]]))
        left = np.delete(start, positions).tolist()
        first, last = (left[0], left[-1]) if left else (None, None)
        change = update(channels).where(channels.c.channel_id == number)
        self.connection.execute(change.values(first_start_utc=first, last_start_utc=last))

    def drop(self, rows: pa.Table, positions: NDArray[np.intp]) -> None:
        """Take readings out between others that stay, so that no channel ends elsewhere than before.

        Parameters
        ----------
        rows : pyarrow.Table
            What `history` gave; `positions` says which of these readings go.
        """
        self._replace(rows, positions)
        for number, (first, last) in channel_ranges(rows.take(positions)).items():
            self.add_change(number, first, last)

    def write_replaced(self, rows: pa.Table) -> None:
        """Keep readings, as `READINGS`, that this run read and replaced before they came into the database."""
        count = rows.num_rows
        stamps = {"replaced_by_load": pa.int32(), "replaced_utc": pa.int64()}
        for (name, kind), value in zip(stamps.items(), (self.load_id, self.started), strict=True):
            rows = rows.append_column(name, pa.array(np.full(count, value)).cast(kind))
        if count:
            self._bulk("reading_versions", rows)

    def write_findings(
        self,
        found: Sequence[Finding],
        replaced: Sequence[tuple[int, int, int]],
        files: Collection[str] = (),
        events: Collection[int] = (),
        kept: Collection[int] = (),
    ) -> None:
        """Write findings in place of those that touch what was judged anew.

        Parameters
        ----------
        found : sequence of Finding
            One about no channel that is known is kept with none.
        replaced : sequence of (int, int, int)
            Channel number, first and last start of what was judged anew: earlier findings that overlap it go.
        files : collection of str
            Names of files that were read: earlier findings about them that belong to no channel go.
        events : collection of int
            Numbers of `touched_events`, which go too unless they are found again.
        kept : collection of int
            Numbers of findings that reach beyond what was judged anew, and stay.
        """
        # A finding knows its stream but not the length of its intervals: it is kept with the first channel of that.
        keys = sorted(self._channels, key=self._channels.__getitem__, reverse=True)
        first_of = {key[:2]: self._channels[key] for key in keys}
        own = {self._channels[key]: first_of[key[:2]] for key in keys}
        rows, gone = new_findings(self.connection, finding_rows(found, first_of), files, events)
        judged = [(own.get(number, number), first, last) for number, first, last in replaced]
        gone += touched_findings(self.connection, judged, kept)
        self._execute(delete(findings).where(findings.c.finding_id == bindparam("of")), [{"of": one} for one in gone])
        number = next_id(self.connection, findings.c.finding_id)
        numbers = [{"finding_id": number + n, "load_id": self.load_id} for n in range(len(rows))]
        self._execute(insert(findings), [{**row, **more} for row, more in zip(rows, numbers, strict=True)])

    def touched_events(self, ranges: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        """Give number, first and last start of the fleet events (V19) in whose time ranges of any channel lie."""
        columns = (findings.c.finding_id, findings.c.first_start_utc, findings.c.last_start_utc)
        events = self.connection.execute(select(*columns).where(findings.c.rule_id == "V19")).all()
        bounds = np.array([(first, last) for _, first, last in ranges], dtype=np.int64).reshape(-1, 2)
        return [
            (int(number), int(first), int(last))
            for number, first, last in events
            if ((bounds[:, 0] <= last) & (bounds[:, 1] >= first)).any()
        ]

    def changed_ranges(self) -> list[tuple[int, int, int]]:
        """Give channel number, first and last start of what this run has changed so far."""
        return [(number, first, last) for number, (first, last) in self._ranges.items()]

    def add_change(self, channel_id: int, first_start: int, last_start: int) -> None:
        """Say that extracts must write this range of a channel anew; `write_readings` says it of what it writes."""
        self._record()
        first, last = self._ranges.get(channel_id, (first_start, last_start))
        self._ranges[channel_id] = (min(first, first_start), max(last, last_start))

    def add_edits(self, frame: pd.DataFrame) -> None:
        """Record people's changes that are not recorded yet.

        Parameters
        ----------
        frame : pandas.DataFrame
            `meter_id`, `channel`, `first_start_utc`, `last_start_utc`, `energy_kwh`, `edited_by`, `reason`.
        """
        number = next_id(self.connection, edits.c.edit_id)
        rows = new_edits(self.connection, frame)
        own = [row | {"edit_id": number + n, "load_id": self.load_id} for n, row in enumerate(rows)]
        self._execute(insert(edits), own)

    def add_sites(self, register: pd.DataFrame) -> None:
        """Describe sites and meters as a register does (`read_register`); extracts follow where a clock changes."""
        before = places(self.connection)
        if describe_sites(self.connection, register):
            self._record()
        self._change_all(before)

    def add_holidays(self, frame: pd.DataFrame) -> None:
        """Record days without work: `calendar` (a site or a country), `day` (date), `name`; extracts follow."""
        rows = new_holidays(self.connection, frame)
        self._execute(insert(holidays), rows)
        if rows:
            self._change_all({})

    def _change_all(self, before: Mapping[int, Place]) -> None:
        """Say that extracts must write every channel anew that has another place than before."""
        for number, place in places(self.connection).items():
            known = before.get(number)
            if place.first_start_utc is not None and (known is None or known[:2] != place[:2]):
                self.add_change(number, place.first_start_utc, int(place.last_start_utc or 0))

    def finish(self) -> None:
        """Say what has changed for whom; the transaction is committed afterwards."""
        self._execute(
            insert(changes),
            [
                {"load_id": self.load_id, "channel_id": number, "first_start_utc": first, "last_start_utc": last}
                for number, (first, last) in self._ranges.items()
            ],
        )
        end = update(loads).where(loads.c.load_id == self.load_id)
        self.connection.execute(end.values(finished_utc=int(time.time())))

    def _replace(self, existing: pa.Table, replaced: NDArray[np.intp]) -> None:
        if not len(replaced):
            return
        self.write_replaced(existing.take(replaced))
        ranges = ranges_to_replace(existing, replaced)
        self._execute(
            delete(readings).where(
                readings.c.channel_id == bindparam("of"),
                readings.c.start_utc.between(bindparam("first"), bindparam("last")),
            ),
            [{"of": one.channel_id, "first": one.first_start_utc, "last": one.last_start_utc} for one in ranges],
        )
        kept = np.setdiff1d(np.concatenate([one.positions for one in ranges]), replaced)
        self._bulk("readings", existing.take(kept))

    def _widen(self, ranges: Mapping[int, tuple[int, int]]) -> None:
        known = self.spans(list(ranges)).set_index("channel_id")
        spans = {int(n): (int(first), int(last)) for n, first, last in known.itertuples(name=None)}
        wider = []
        for number, (first, last) in ranges.items():
            self.add_change(number, first, last)
            span = spans.get(number, (first, last))
            if number not in spans or first < span[0] or last > span[1]:
                wider.append({"of": number, "first": min(first, span[0]), "last": max(last, span[1])})
        change = update(channels).where(channels.c.channel_id == bindparam("of"))
        self._execute(change.values(first_start_utc=bindparam("first"), last_start_utc=bindparam("last")), wider)

    def _bulk(self, table: str, rows: pa.Table) -> None:
        self._record()
        self.notes += [note for note in insert_rows(self.connection, table, rows) if note not in self.notes]

    def _execute(self, statement: Any, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._record()
            self.connection.execute(statement, rows)

    def _record(self) -> None:
        if not self._is_recorded:
            self._is_recorded = True
            run = {"started_utc": self.started, "finished_utc": self.started, "version": _version()}
            self.connection.execute(insert(loads).values(load_id=self.load_id, **run))


def _version() -> str:
    try:
        return version("hyperwatt")
    except PackageNotFoundError:
        return "not installed"
