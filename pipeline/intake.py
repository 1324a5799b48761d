"""Files in: recognised, opened by their reader, their readings spooled; what is refused is kept apart."""

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.config import Settings
from pipeline.errors import FileRefusedError
from pipeline.schema import Finding, Rows, Stream
from pipeline.sources.sniff import open_sources
from pipeline.sources.source import Source
from pipeline.sources.values import file_meter
from pipeline.spool import CHANNELS_PER_BUCKET, Spool
from pipeline.stores.load import FileRow
from pipeline.stores.scratch import file_hash


@dataclass
class FileIn:
    """One file of a run: what it is, what was read of it, what it was refused for, what it was in an earlier run."""

    path: Path
    sha256: str
    size: int
    layout: str = ""
    confidence: float = 0.0
    timezone: str | None = None
    notes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    rows: int = 0
    kwh: float = 0.0
    first: int | None = None
    last: int | None = None
    refusal: FileRefusedError | None = None
    is_loaded: bool = False
    file_id: int = 0
    former: FileRow | None = None

    def member(self, path: Path) -> "FileIn":
        """Give a member of this archive an identity of its own."""
        name = hashlib.sha256(f"{self.sha256}/{path.relative_to(self.path)}".encode()).hexdigest()
        return FileIn(path, name, self.size, timezone=self.timezone)

    def add_read(self, kwh: float, first: int, last: int) -> None:
        """Take note of what a stream of the file holds."""
        self.kwh += kwh
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)


@dataclass
class Intake:
    """Everything read in a run, before any rule has spoken.

    Attributes
    ----------
    spool : Spool
        The readings.
    channels : pandas.DataFrame
        Of earlier runs, as `pipeline.stores.database.read_channels` gives them.
    loaded : dict of str to str
        SHA-256 of the files of earlier runs, and of this one, and their names.
    files : list of FileIn
        In the order given.
    streams, file_of : lists
        Stream n of the run, and the number of its file.
    numbers : dict of (meter_id, channel) to int
        Channel numbers, in order of first appearance.
    newest : int or None
        The latest stamp that has a reading, of all files that are not refused: what is old is judged by it, so that an
        old archive is not a dead feed.
    """

    spool: Spool
    channels: pd.DataFrame
    loaded: dict[str, str] = field(default_factory=dict)
    files: list[FileIn] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    file_of: list[int] = field(default_factory=list)
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    newest: int | None = None

    def number_of_stream(self) -> NDArray[np.int32]:
        """Channel number of each stream."""
        return np.array([self.numbers[one.meter_id, one.channel] for one in self.streams], dtype=np.int32)

    def add_file(self, file: FileIn, sources: Iterable[Source], clock_of: Callable[[Stream], str | None]) -> list[Path]:
        """Read a file, or the members of an archive, onto the spool.

        What is refused has its readings left there unused, and keeps the reason.

        Returns
        -------
        list of Path
            Members that are loaded already.
        """
        known, before = [], len(self.files)
        try:
            for source in sources:
                member = file if source.path == file.path else file.member(source.path)
                if member.sha256 in self.loaded:
                    known.append(member.path)
                else:
                    self.loaded[member.sha256] = member.path.name
                    self._try_source(source, member, clock_of)
        except FileRefusedError as error:
            self.files.append(replace(file, path=error.path, refusal=error))
        if _size_of(file.path) != file.size:
            for each in self.files[before:]:
                reason = "the file changed while it was read"
                each.refusal = FileRefusedError(each.path, reason, "run again when it is complete")
        return known

    def add_twin(
        self, file: FileIn, sources: Iterable[Source], clock_of: Callable[[Stream], str | None], meter_id: str
    ) -> list[Path]:
        """Read a file with the bytes of another under another name; it is new if it names its meter by that name.

        `meter_id` is what a meter is called that only the file's name tells; the rest is as for `add_file`.

        Returns
        -------
        list of Path
            The file itself, when it is known all the same.
        """
        first = len(self.files)
        twin = replace(file, sha256=hashlib.sha256(f"{file.sha256}/{file.path.name}".encode()).hexdigest())
        other = self.loaded[file.sha256]
        if twin.sha256 in self.loaded or _is_copy(file.path, Path(other)):
            return [file.path]
        self.add_file(twin, sources, clock_of)
        own = {one.meter_id for one, number in zip(self.streams, self.file_of, strict=True) if number >= first}
        if any(f"{meter}-".startswith(f"{meter_id}-") for meter in own) or any(
            each.refusal for each in self.files[first:]
        ):
            for each in self.files[first:]:
                each.notes.append(
                    f"it has the same bytes as {other!r}, and is loaded as meters of its own all the same"
                )
            return []
        for each in self.files[first:]:
            each.is_loaded = True
        return [file.path]

    def _try_source(self, source: Source, file: FileIn, clock_of: Callable[[Stream], str | None]) -> None:
        number = len(self.files)
        self.files.append(file)
        try:
            self._add_source(source, file, number, clock_of)
        except FileRefusedError as error:
            file.refusal = error

    def _add_source(self, source: Source, file: FileIn, number: int, clock_of: Callable[[Stream], str | None]) -> None:
        file.layout, file.confidence = source.layout, source.confidence
        base, newest = len(self.streams), 0
        buckets = np.empty(0, dtype=np.int32)
        for batch in source.batches:
            self._add_streams(source.streams[len(self.streams) - base :], number)
            if len(buckets) < len(self.streams):
                buckets = self.number_of_stream() // CHANNELS_PER_BUCKET
            rows = Rows(
                batch.stream + np.int32(base), batch.stamp, batch.value, batch.quality, batch.method, batch.minutes
            )
            self.spool.add(rows, buckets)
            file.rows += len(rows.stream)
            newest = max(newest, int(rows.stamp.max(initial=0, where=~np.isnan(rows.value))))
        self._add_streams(source.streams[len(self.streams) - base :], number)
        file.notes += source.notes
        name = file_meter(source.path)
        if not source.path.name.startswith(name) and any(one.meter_id == name for one in source.streams):
            file.notes.append(
                f"named for a time, so its meter is {name!r}, the name of what it is in ([[feed]] meters)"
            )
        file.findings += source.findings
        for position in range(base, len(self.streams)):
            stream = _with_clock(self.streams[position], source.path, clock_of)
            self.streams[position] = replace(stream, doubtful=source.doubtful)
        self.newest = max(self.newest or 0, newest)

    def _add_streams(self, streams: Sequence[Stream], number: int) -> None:
        for stream in streams:
            self.streams.append(stream)
            self.file_of.append(number)
            self.numbers.setdefault((stream.meter_id, stream.channel), len(self.numbers))

    def loading(self) -> set[tuple[str, str]]:
        """Meter and channel of every stream that this run loads."""
        return {(one.meter_id, one.channel) for one, idle in zip(self.streams, self.unused(), strict=True) if not idle}

    def unused(self) -> NDArray[np.bool_]:
        """True for streams of files that were refused, or that another run has loaded meanwhile."""
        idle = [file.refusal is not None or file.is_loaded for file in self.files]
        return np.array([idle[number] for number in self.file_of], dtype=np.bool_)


_COPY = re.compile(r"^(copy of |kopie von |copie de )|( - (copy|kopie|copie))?( ?\(\d+\))?$", re.IGNORECASE)


def _is_copy(path: Path, other: Path) -> bool:
    """Whether a name is that of another file's copy, as browsers and desktops give it: `march (1).csv`."""
    return _COPY.sub("", path.stem) == _COPY.sub("", other.stem) and path.suffix == other.suffix


def _size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _with_clock(stream: Stream, path: Path, clock_of: Callable[[Stream], str | None]) -> Stream:
    if stream.timezone:
        return stream
    timezone = clock_of(stream)
    if timezone is None:
        raise FileRefusedError(
            path,
            f"the stamps of {stream.meter_id!r} are on a local clock, and nothing says which",
            "give --timezone Europe/London (or UTC, if they are), or a timezone in meters.csv or [[feed]]",
            "V03",
        )
    return replace(stream, timezone=timezone)


RESULTS = {"extracts", "workbooks", "preview", "public", "tabpy"}
"""Folders that hyperwatt's commands write in the folder for results; its database stands beside them."""

TABLEAU_FILES = {".hyper", ".twb", ".twbx", ".tds", ".tdsx"}
"""What is made for Tableau is no meter file, wherever it lies."""


def list_files(named: Sequence[Path], settings: Settings) -> list[Path]:
    """Name the files of a run: as given, and those in folders in order of name, without hidden ones and results.

    Settings, edits and factors are passed over, as `run *` names them too. A folder that holds the folder for results
    is read without it; one that is in it, or it itself, without what hyperwatt writes there. A folder in which nothing
    is to be read stands for itself, as what is passed over does where nothing else is named: it is refused when opened.
    """
    found: list[Path] = []
    for path in named:  # os.path, for which a name that cannot be one, or may not be looked at, is no folder
        found += (_inside(path, settings) or [path]) if os.path.isdir(path) else [path]
    found = list(dict.fromkeys(found))
    return [path for path in found if not settings.speaks_in(path)] or found


def _inside(folder: Path, settings: Settings) -> list[Path]:
    out = settings.out.resolve()
    within = out in (folder.resolve(), *folder.resolve().parents)
    closed: list[Path] = []  # folders that may not be opened stand for themselves, and are refused
    walked = os.walk(folder, onerror=lambda error: closed.append(Path(error.filename)))
    there = (Path(place) / name for place, _, names in walked for name in names)
    files = sorted((one for one in there if one.is_file()), key=_in_order)
    files = [one for one in files if not any(part.startswith(".") for part in one.relative_to(folder).parts)]
    return [one for one in files if not (settings.speaks_in(one) or _is_result(one.resolve(), out, within))] + closed


def _in_order(path: Path) -> tuple[Path, int]:
    """By name, and a copy behind what it is a copy of."""
    return path.with_name((_COPY.sub("", path.stem) or path.stem) + path.suffix), len(path.name)


def _is_result(file: Path, out: Path, within: bool) -> bool:
    if file.suffix in TABLEAU_FILES or file.name.startswith("hyperwatt.db"):
        return True
    return out in file.parents and (not within or file.relative_to(out).parts[0] in RESULTS)


def describe_file(path: Path) -> FileIn:
    """Give a file its identity, the SHA-256 of its bytes; a file that cannot be read is refused."""
    try:
        if path.is_dir() and os.access(path, os.R_OK | os.X_OK):
            reason = "there is no file to read in this folder (hidden files and hyperwatt's own results are none)"
            return FileIn(path, "", 0, refusal=FileRefusedError(path, reason, "name the folder of the meter files"))
        if path.exists() and not (path.is_file() or path.is_dir()):
            reason = "this is a pipe or a device, and no file"
            return FileIn(path, "", 0, refusal=FileRefusedError(path, reason, "write its readings into a file first"))
        return FileIn(path, file_hash(path), path.stat().st_size)
    except OSError as error:
        return FileIn(
            path, "", 0, refusal=FileRefusedError(path, f"cannot be read: {error.strerror}", "check the path")
        )


def sources_of(file: FileIn, settings: Settings) -> Iterator[Source]:
    """Open a file with the reader of its layout; nothing in it can have been read later than today."""
    feed = settings.feed_for(file.path)
    file.timezone = feed.timezone
    yield from open_sources(file.path, feed, int(time.time()) // 86400)
