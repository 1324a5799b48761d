"""The `hyperwatt` command: options in, one call of the library, results out. Nothing is computed here.

Results go to stdout, progress to stderr. Exit 0: all done. 1: something was refused, a line each; the rest was done.
2: usage.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pipeline.cli_forecast import forecast
from pipeline.cli_publish import publish
from pipeline.cli_shell import DRY_RUN, where
from pipeline.cli_shell import guarded as _guarded
from pipeline.cli_shell import settings_of as _settings
from pipeline.cli_tabpy import tabpy
from pipeline.cli_workbook import workbook

F = TypeVar("F", bound=Callable[..., Any])

FILES = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))


def _factor(context: click.Context, option: click.Parameter, value: float | None) -> float | None:
    if value is not None and not 0 < abs(value) < math.inf:
        raise click.BadParameter(f"{value:g} would take every reading away")
    return value


def reading(function: F) -> F:
    """Options that say how files are to be read; without them it is judged from the file."""
    options = (
        click.option("--timezone", metavar="TZ", help="Clock of stamps without an offset: Europe/London, UTC …"),
        click.option("--layout", help="Layout of the files; `hyperwatt check` names what it sees."),
        click.option("--unit", help="Unit of the values: kWh, Wh, MWh, kW, W, MW …"),
        click.option("--label", type=click.Choice(["start", "end"]), help="Which end of the interval a stamp marks."),
        click.option("--minutes", type=click.IntRange(1, 1440), help="Interval length."),
        click.option("--date-format", metavar="FORMAT", help="iso, day-first, month-first or a strptime format."),
        click.option("--decimal", type=click.Choice([".", ","]), help="Decimal mark."),
        click.option("--delimiter", help="Column separator."),
        click.option("--encoding", help="Text encoding."),
        click.option("--header-rows", type=click.IntRange(0), help="Rows before the data; 0: no names."),
        click.option("--register/--interval", "is_register", default=None, help="Values are register reads, or not."),
        click.option("--digits", type=click.IntRange(1, 15), help="Digits of a register, for when it turns over."),
        click.option("--multiplier", type=float, callback=_factor, help="Applied to every value."),
        click.option("--country", help="Public holidays: GB, US-CA …"),
        click.option("--strict", is_flag=True, default=None, help="One bad row refuses its file."),
        click.option("--insist", is_flag=True, default=None, help="Load even what cannot be trusted; it is marked."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="hyperwatt")
def main() -> None:
    """Meter files in, trustworthy Tableau out."""


@main.command()
@FILES
@where
@reading
@click.option("--edits", type=click.Path(path_type=Path, exists=True), help="CSV of corrections: who, what and why.")
@click.option("--jobs", type=click.IntRange(1), help="Blocks of channels worked on at once.  [default: cores]")
@click.option("--reload", is_flag=True, default=None, help="Read files again that are already loaded.")
@DRY_RUN
def run(files: tuple[Path, ...], **options: Any) -> None:
    """Read, validate, estimate, load and extract.

    FILES are meter files in any layout, folders of them, zip or gzip archives, and meters.csv, the register of sites
    and meters. Loading a file twice changes nothing.

    Example: hyperwatt run exports/*.csv --timezone Europe/London
    """
    from pipeline.run import run as run_pipeline
    from pipeline.showing import show_report

    show_report(_told(run_pipeline, files, options))


@main.command()
@FILES
@where
@reading
def check(files: tuple[Path, ...], **options: Any) -> None:
    """Say what files are and what is wrong with them; write nothing.

    Example: hyperwatt check export.csv --timezone UTC
    """
    from pipeline.run import check as check_files
    from pipeline.showing import show_check

    show_check(_told(check_files, files, options))


@main.command()
@where
@DRY_RUN
def extract(**options: Any) -> None:
    """Bring the Hyper extracts up to the database.

    Example: hyperwatt extract --out out
    """
    from pipeline.run import behind
    from pipeline.run import extract as extract_all
    from pipeline.showing import show_behind, show_extracts

    settings = _settings(options)
    if settings.dry_run:
        show_behind(_guarded(lambda tell: behind(settings)), settings.out)
        return
    show_extracts(_guarded(lambda tell: extract_all(settings, tell)), settings.out)


@main.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("out"), show_default=True, help="Folder.")
@DRY_RUN
def demo(out: Path, dry_run: bool | None) -> None:
    """Do the whole main job on an invented campus; no server needed.

    Example: hyperwatt demo --out out
    """
    from pipeline.showcase import run_demo
    from pipeline.showing import show_demo

    if dry_run:
        click.echo(f"{out} would get an invented campus of meter files, a database and extracts of them.")
        return
    show_demo(_guarded(lambda tell: run_demo(out, tell)))


@main.command()
@where
def doctor(**options: Any) -> None:
    """Look at all that a run needs, and say what to do where something will not work; change nothing.

    Exit 1 when something is wrong. `hyperwatt tabpy doctor` looks at a TabPy.

    Example: hyperwatt doctor --database mysql://hyperwatt:secret@db/hyperwatt
    """
    from pipeline.doctor import examine
    from pipeline.showing import show_facts

    show_facts(examine(_settings(options)))


@main.group()
def db() -> None:
    """Look after the database."""


@db.command("upgrade")
@where
@DRY_RUN
def db_upgrade(**options: Any) -> None:
    """Create the tables, or bring them to this version.

    Example: hyperwatt db upgrade --database mysql://hyperwatt:secret@localhost/energy
    """
    from pipeline.connect import connect_database
    from pipeline.stores.upgrade import is_current, upgrade

    settings = _settings(options)
    if settings.dry_run:
        current = _guarded(lambda tell: is_current(settings.database_url))
        click.echo("The database is at this version." if current else "The database would be brought to this version.")
        return
    settings.out.mkdir(parents=True, exist_ok=True)
    _guarded(lambda tell: upgrade(connect_database(settings.database_url)))
    click.echo("The database is at this version.")


def _told(work: Callable[..., Any], files: tuple[Path, ...], options: dict[str, Any]) -> Any:
    settings = _settings(options)
    return _guarded(lambda tell: work(files, settings, tell))


main.add_command(forecast)
main.add_command(publish)
main.add_command(tabpy)
main.add_command(workbook)
