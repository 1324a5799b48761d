"""The `hyperwatt workbook` commands: options in, one call of the library, results out."""

from pathlib import Path
from typing import Any

import click

from pipeline.cli_shell import DRY_RUN, guarded, settings_of, where

BY_HAND = (
    "By hand now: open each in Tableau Desktop Public Edition, look at every tab, then File, Save to Tableau Public. "
    "Everybody can download what is in it, meter names too."
)
GONE = "{}: taken away, for nothing writes it any more"


@click.group()
def workbook() -> None:
    """Tableau workbooks from short specs."""


@workbook.command()
@where
@click.option(
    "--target",
    type=click.Choice(["desktop", "26.1", "public"]),
    default="desktop",
    show_default=True,
    help="desktop opens in Tableau 2021.1 and later; public has no script and one package a workbook.",
)
@click.option(
    "--spec",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Python file of your own with workbooks(facts); it is run.  [default: the shipped workbooks]",
)
@DRY_RUN
def build(target: str, spec: Path | None, **options: Any) -> None:
    """Write workbooks (.twbx, .twb) and data sources (.tdsx, .tds) of the extracts into OUT/workbooks.

    Example: hyperwatt workbook build --out out
    """
    from pipeline.workbook_building import build_workbooks

    settings = settings_of(options)
    built = guarded(lambda tell: build_workbooks(settings.out, target, spec, bool(settings.dry_run), tell))
    for file in built.files:
        click.echo(f"would write {file}" if settings.dry_run else str(file))
    for line in (*built.left_out, *map(GONE.format, built.removed)):
        click.echo(line)
    if target == "public":
        click.echo(BY_HAND)


@workbook.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--public", "is_public", is_flag=True, help="Check what Tableau Public asks for too.")
@click.option(
    "--schemas",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with Tableau's twb_*.xsd; the files are validated against each.",
)
def check(files: tuple[Path, ...], is_public: bool, schemas: Path | None) -> None:
    """Say what makes Tableau refuse, empty or misread FILES: .twb, .twbx, .tds, .tdsx of anybody's.

    Exit 1 when there are errors; warnings and information leave it at 0. Nothing is written.

    Example: hyperwatt workbook check out/workbooks/*.twbx
    """
    from pipeline.workbook_checking import check_workbooks, show_issues

    show_issues(guarded(lambda tell: check_workbooks(files, is_public, schemas, tell)))


@workbook.command()
@where
@click.option(
    "--spec",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Python file of your own with workbooks(facts); it is run.  [default: the shipped workbooks]",
)
@click.option("--set", "values", multiple=True, metavar="PARAMETER=VALUE", help='Such as "Period=90"; may be repeated.')
@click.option("--tabpy", metavar="URL", help="Run the scripts of sheets there; without it those sheets say so.")
@click.option(
    "--choices",
    type=click.IntRange(min=0),
    default=2,
    show_default=True,
    help="How many other choices of each control the page can show; 0 makes it small and quick, 3 takes twice as long.",
)
@DRY_RUN
def preview(spec: Path | None, values: tuple[str, ...], tabpy: str | None, choices: int, **options: Any) -> None:
    """Draw every sheet and dashboard from the extracts, without Tableau: OUT/preview, with index.html.

    Example: hyperwatt workbook preview --out out --set "Period=90"
    """
    from pipeline.publish.tabpy_client import TabPy
    from pipeline.workbook_building import build_workbooks
    from pipeline.workbook_previewing import preview_workbooks

    settings = settings_of(options)
    if settings.dry_run:
        built = guarded(lambda tell: build_workbooks(settings.out, "desktop", spec, True, tell))
        books = [file.stem for file in built.files if file.suffix == ".twbx"]
        for line in (*built.left_out, f"would draw {', '.join(books)} into {settings.out / 'preview'}"):
            click.echo(line)
        return
    server = None if tabpy is None else TabPy(tabpy, settings.tabpy_user, settings.tabpy_password)
    done = guarded(lambda tell: preview_workbooks(settings.out, spec, values, server, choices, tell))
    for line in (*done.left_out, *done.unsupported, *map(GONE.format, done.removed)):
        click.echo(line)
    click.echo(f"{done.files[0]}, and {len(done.files) - 1} pictures beside it")
