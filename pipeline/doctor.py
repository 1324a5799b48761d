"""What a run needs, looked at one by one: each thing with what was found, and what to do where it will not work."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryFile

from sqlalchemy import Engine, text

from pipeline.clock import check_timezone
from pipeline.config import Settings
from pipeline.connect import connect_database, connect_hyper, missing_file
from pipeline.errors import PipelineError
from pipeline.extracting import extracts_behind
from pipeline.stores.bulk import NO_LOCAL_INFILE
from pipeline.stores.database import last_load, read_channels
from pipeline.stores.upgrade import is_current

LEAST_FREE = 2_000_000_000
"""Free space under which a large run may end half-way: a spool, the database and a second copy of the extracts of seven
million readings take 1.2 GB together (measured by the benchmark `default`). [bytes]"""

EXTRAS = {
    "psycopg": "postgresql",
    "prophet": "forecast",
    "tabpy": "forecast",
    "lxml": "workbooks",
    "tableauserverclient": "publish",
}
"""Packages that only some commands need, and the extra that brings them."""


@dataclass(frozen=True)
class Fact:
    """One thing that was looked at.

    Attributes
    ----------
    about : str
        "folder", "hyperd", "database" …
    sentence : str
        What was found, and after an arrow what to do.
    is_wrong : bool
        True when a run would fail, or work worse than it could.
    """

    about: str
    sentence: str
    is_wrong: bool = False


def examine(settings: Settings) -> Iterator[Fact]:
    """Look at all that a run needs, and change nothing.

    Parameters
    ----------
    settings : Settings

    Yields
    ------
    Fact
        As they are found: a server that does not answer takes its time.
    """
    yield _folder(settings.out)
    yield _told("clock", lambda: f"naive stamps are read on the clock of {check_timezone(settings.timezone or 'UTC')}")
    yield _told("hyperd", _hyperd)
    yield from _database(settings)
    yield from _extras()


def _told(about: str, look: Callable[[], str]) -> Fact:
    try:
        return Fact(about, look())
    except PipelineError as error:
        return Fact(about, str(error), is_wrong=True)


def _folder(out: Path) -> Fact:
    """Whether results can be written where they shall go, or where their folder would be made."""
    there = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    try:
        with TemporaryFile(dir=there):
            free = shutil.disk_usage(there).free
    except OSError as error:
        return Fact("folder", f"{out}: cannot be written ({error.strerror}) -> choose another: --out", is_wrong=True)
    if free < LEAST_FREE:
        return Fact("folder", f"{out}: only {free / 1e9:.1f} GB free -> make room, or choose another: --out", True)
    return Fact("folder", f"{out}: can be written, {free / 1e9:,.0f} GB free")


def _hyperd() -> str:
    with connect_hyper():
        return f"hyperd {version('tableauhyperapi')} starts"


def _database(settings: Settings) -> Iterator[Fact]:
    url = settings.database_url
    try:
        if file := missing_file(url):
            yield Fact("database", f"{file} is not there yet: the first run makes it")
            return
        is_ready = is_current(url)
        engine = connect_database(url)
    except PipelineError as error:
        yield Fact("database", str(error), is_wrong=True)
        return
    yield from _server(engine)
    if not is_ready:
        yield Fact("database", "its tables are not those of this version -> hyperwatt db upgrade (a run does it too)")
        return
    yield _told("database", lambda: f"{len(read_channels(engine)):,} channels as of load {last_load(engine)}")
    yield _told("extracts", lambda: _extracts(engine, settings))


def _server(engine: Engine) -> Iterator[Fact]:
    number = ".".join(str(part) for part in engine.dialect.server_version_info or ())
    name = "mariadb" if getattr(engine.dialect, "is_mariadb", False) else engine.dialect.name
    yield Fact("database", f"{name} {number} answers")
    if engine.dialect.name == "mysql":
        with engine.connect() as connection:
            if not connection.execute(text("SELECT @@GLOBAL.local_infile")).scalar():
                yield Fact("database", NO_LOCAL_INFILE, is_wrong=True)


def _extracts(engine: Engine, settings: Settings) -> str:
    folder = settings.out / "extracts"
    behind = extracts_behind(engine, folder, settings.pricing)
    return f"{', '.join(behind)} behind -> hyperwatt extract" if behind else f"{folder}: up to the database"


def _extras() -> Iterator[Fact]:
    for package, extra in EXTRAS.items():
        try:
            yield Fact("package", f"{package} {version(package)}")
        except PackageNotFoundError:
            yield Fact("package", f"{package} is not installed -> pip install 'hyperwatt[{extra}]' where it is needed")
