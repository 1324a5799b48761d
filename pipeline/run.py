"""The whole pipeline. Read `run` as a table of contents.

One run is one transaction of the database: whatever happens, it holds a run wholly or not at all. The extracts of a
first run are filled while the database is and take their place after it has committed; later ones are caught up from
what the database holds, by the next run too if this one is killed.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow as pa
from sqlalchemy import Engine

from pipeline.block import Known
from pipeline.config import Settings
from pipeline.connect import connect_database, missing_file
from pipeline.editing import check_edits, edit_stored, remembered_edits
from pipeline.errors import FileRefusedError, StoreError
from pipeline.events import beside_kept, reopen_events, untold
from pipeline.extracting import Filling, bring_up, extracts_behind
from pipeline.intake import FileIn, Intake, describe_file, list_files, sources_of
from pipeline.knowing import History, holiday_frame, know, known_places, retold_clocks, site_clock
from pipeline.lengths import settle_lengths
from pipeline.loading import Stored, store_blocks, work
from pipeline.progress import Tell, silent
from pipeline.schema import Finding, Stream
from pipeline.sources.values import file_meter
from pipeline.spool import Spool
from pipeline.stores.database import database_id, known_files, last_load, read_channels, read_readings, read_told
from pipeline.stores.database import read_edits as stored_edits
from pipeline.stores.load import NOTHING, FileRow, Load, Written, open_load
from pipeline.stores.register_reads import read_stretches
from pipeline.stores.registry import is_register, read_register
from pipeline.stores.scratch import told
from pipeline.stores.tables import READINGS
from pipeline.stores.upgrade import upgrade
from pipeline.stores.watermark import Watermark
from pipeline.stores.withdraw import withdraw
from pipeline.vee.edit import read_edits
from pipeline.vee.findings import merge_fleet_events
from pipeline.vee.rules import RuleBook


@dataclass
class Report:
    """What a run did.

    Attributes
    ----------
    files : list of FileIn
        Each with its refusal, if it was refused.
    known : list of Path
        Files that were already loaded.
    registers : list of Path
        Registers of sites and meters.
    channels : int
    findings : list of Finding
    written : Written
        Readings that were new, replaced another, or were there already.
    trouble : dict of str to str
        Extracts that could not be written, and why.
    notes : list of str
        What a person should know.
    seconds : float
    """

    files: list[FileIn] = field(default_factory=list)
    known: list[Path] = field(default_factory=list)
    registers: list[Path] = field(default_factory=list)
    channels: int = 0
    findings: list[Finding] = field(default_factory=list)
    written: Written = NOTHING
    trouble: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def refused(self) -> list[FileIn]:
        """Files of which nothing was loaded."""
        return [file for file in self.files if file.refusal]


def run(named: Sequence[Path], settings: Settings, tell: Tell = silent) -> Report:
    """Read, validate, estimate, load and extract.

    Parameters
    ----------
    named : sequence of Path
        Files and folders: readings in any layout, and registers of sites and meters.
    settings : Settings
    tell : Tell
        Where progress is told.

    Returns
    -------
    Report
        Files that were refused are in it; they are not an error here.

    Raises
    ------
    PipelineError
        When nothing can be done at all: a setting, the database.
    """
    if settings.dry_run:
        return check(named, settings, tell)
    began = time.monotonic()
    try:
        report = _run(named, settings, tell)
    except FileRefusedError as refusal:
        # Of the edits: nothing has been written yet, and everything else is still done.
        report = _run(named, replace(settings, edits=None), tell)
        report.files.append(FileIn(refusal.path, "", 0, refusal=refusal))
    report.seconds = time.monotonic() - began
    return report


def _run(named: Sequence[Path], settings: Settings, tell: Tell) -> Report:
    with told(settings.out):
        settings.out.mkdir(parents=True, exist_ok=True)
    engine = connect_database(settings.database_url)
    upgrade(engine, tell)
    report = Report()
    with spool_in(settings.out) as spool:
        loaded = {} if settings.reload else {sha: Path(row.name).name for sha, row in known_files(engine).items()}
        intake = Intake(spool, read_channels(engine), loaded)
        register = take_in(named, settings, intake, report, tell)
        if any(not (file.refusal or file.is_loaded) for file in intake.files) or len(register) or settings.edits:
            load(intake, register, settings, engine, report, tell)
    report.trouble = bring_up(engine, settings.out / "extracts", settings.pricing, tell)
    return report


def check(named: Sequence[Path], settings: Settings, tell: Tell = silent) -> Report:
    """Do what `run` does with new files, up to the point where something would be written."""
    report = Report()
    with spool_in(Path(tempfile.gettempdir())) as spool:
        intake = Intake(spool, NO_CHANNELS)
        register = take_in(named, settings, intake, report, tell)
        known = know(intake, settings, known_places(NO_CHANNELS, register), NO_CHANNELS, no_history)
        stored = Stored()
        for result in work(intake, known, settings.jobs, tell):
            stored.see(result, intake)
    report.findings += _all_findings(intake, stored.findings, stored.channels, known.book)
    report.channels = len(stored.channels)
    return report


def extract(settings: Settings, tell: Tell = silent) -> dict[str, str]:
    """Bring the extracts up to the database; give the trouble with those that could not be."""
    _there(settings)
    engine = connect_database(settings.database_url)
    return bring_up(engine, settings.out / "extracts", settings.pricing, tell)


def _there(settings: Settings) -> None:
    if file := missing_file(settings.database_url):
        raise StoreError(f"there is no database {file} -> load files with `hyperwatt run`, or name another --out")


def behind(settings: Settings) -> list[str]:
    """Name the extracts that `extract` would write."""
    _there(settings)
    return extracts_behind(connect_database(settings.database_url), settings.out / "extracts", settings.pricing)


@contextmanager
def spool_in(folder: Path) -> Iterator[Spool]:
    """Give a spool whose scratch file, if it needs one, is in a folder."""
    spool = Spool(folder)
    try:
        yield spool
    finally:
        spool.close()


def take_in(named: Sequence[Path], settings: Settings, intake: Intake, report: Report, tell: Tell) -> pd.DataFrame:
    """Read every file that is not loaded yet onto the spool; give the sites and meters of the registers among them.

    Registers come first, for what they say of clocks; the rest in the order given.
    """
    register, readings = _take_registers(list_files(named, settings), report)
    places = known_places(intake.channels, register)
    for number, path in enumerate(readings):
        tell("reading files", number, len(readings))
        file = describe_file(path)
        if file.refusal:
            intake.files.append(file)
        elif intake.loaded.get(file.sha256) == path.name:
            report.known.append(path)
        else:
            _take(file, settings, places, intake, report)
    tell("reading files", len(readings), len(readings))
    report.files += [file for file in intake.files if not file.is_loaded]
    return register


def _take(file: FileIn, settings: Settings, places: pd.DataFrame, intake: Intake, report: Report) -> None:
    feed, sources = settings.feed_for(file.path), sources_of(file, settings)

    def clock_of(stream: Stream) -> str | None:
        return site_clock(stream, feed.timezone, places)

    if file.sha256 in intake.loaded:
        name = file_meter(file.path)
        meter_id = str(feed.meters.get(name, feed.meters.get("*", {})).get("meter_id", name))
        report.known += intake.add_twin(file, sources, clock_of, meter_id)
    else:
        report.known += intake.add_file(file, sources, clock_of)


def _take_registers(paths: list[Path], report: Report) -> tuple[pd.DataFrame, list[Path]]:
    frames, others = [], []
    for path in paths:
        if not os.path.isfile(path) or not is_register(path):
            others.append(path)
            continue
        try:
            register = read_register(path)
        except FileRefusedError as error:
            report.files.append(FileIn(path, "", 0, refusal=error))
            continue
        frames.append(register.meters)
        report.registers.append(path)
        report.findings += register.findings
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(), others


def load(
    intake: Intake, register: pd.DataFrame, settings: Settings, engine: Engine, report: Report, tell: Tell
) -> None:
    """Work on the spooled readings block by block, and write what comes of it, all or nothing."""
    filling = Filling(settings.out / "extracts", tell, settings.pricing)
    with filling.running(), open_load(engine, tell) as writing:
        _register_files(intake, settings, writing, report)
        known = _describe(intake, register, settings, engine, writing)
        if last_load(engine) == 0 and any(file.file_id for file in intake.files):
            filling.begin(Watermark(database_id(engine), writing.load_id), register)
        stored = store_blocks(intake, known, settings.jobs, writing, filling, tell)
        judged = [(number, first, last) for number, (first, last) in stored.ranges.items()]
        if known.reloaded:
            judged += withdraw(writing, known.reloaded, stored.told_starts())
        edit_stored(writing, known.edits)
        settled = settle_lengths(writing, judged)
        filling.add_stored(writing, known.holidays)
        filling.complete()
        lost, events = reopen_events(writing, judged)
        own, kept = beside_kept(writing, stored.kept, stored.findings)
        found = own + untold(settled + lost, own)
        report.findings += _all_findings(intake, found, writing.channels() if lost else stored.channels, known.book)
        report.written, report.channels = stored.written, len(stored.channels)
        loaded = [file for file in intake.files if file.file_id]
        read = {str(path) for path in (*report.registers, *(file.path for file in loaded))}
        writing.write_findings(report.findings, judged, read, events, kept)
        for file in loaded:
            writing.add_file(_file_row(file))
        report.notes += writing.notes


def _describe(intake: Intake, register: pd.DataFrame, settings: Settings, engine: Engine, writing: Load) -> Known:
    """Write what is said of sites, meters and days, and gather what blocks must know."""
    for places in (register, retold_clocks(intake, writing.channels(), register)):
        if len(places):
            writing.add_sites(places)
    writing.add_holidays(holiday_frame(settings.country))
    channels = writing.channels()
    edits = read_edits(settings.edits) if settings.edits else []
    check_edits(edits, intake.loading() | set(zip(channels["meter_id"], channels["channel"], strict=True)))
    known = know(intake, settings, known_places(channels, register), channels, _history(engine))
    return replace(
        known,
        edits=edits,
        remembered=remembered_edits(stored_edits(engine)),
        stretches=read_stretches(writing.connection),
        told=partial(read_told, engine),
    )


def _all_findings(intake: Intake, of_channels: list[Finding], channels: pd.DataFrame, book: RuleBook) -> list[Finding]:
    of_files = [one for file in intake.files if not file.refusal for one in file.findings]
    if not book.value("V19", "enabled"):
        return of_files + of_channels
    share, fewest = book.value("V19", "share"), int(book.value("V19", "fewest_channels"))
    return merge_fleet_events(of_files + of_channels, channels, share, fewest)


def _history(engine: Engine) -> History:
    return lambda channel_ids, first, last: read_readings(engine, channel_ids, first, last)


def no_history(channel_ids: Sequence[int], first: int, last: int) -> pa.Table:
    """Give the readings of earlier runs where there were none."""
    return READINGS.empty_table()


NO_CHANNELS = pd.DataFrame(
    columns=[
        "meter_id",
        "channel",
        "interval_minutes",
        "channel_id",
        "site_id",
        "timezone",
        "first_start_utc",
        "last_start_utc",
    ]
)


def _register_files(intake: Intake, settings: Settings, writing: Load, report: Report) -> None:
    """Give files their numbers; one that another run has loaded meanwhile is left out."""
    for file in intake.files:
        if file.refusal or file.is_loaded:
            continue
        file.former = writing.known_file(file.sha256)
        if file.former and not settings.reload:
            file.is_loaded = True
            report.known.append(file.path)
            continue
        file.file_id = writing.add_file(_file_row(file))
    report.files = [file for file in report.files if not file.is_loaded]


def _file_row(file: FileIn) -> FileRow:
    settings = {"timezone": file.timezone, "confidence": file.confidence, "notes": file.notes}
    return FileRow(
        str(file.path), file.sha256, file.size, file.layout, settings, file.rows, file.first, file.last, file.kwh
    )
