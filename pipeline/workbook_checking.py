"""Check workbooks of anybody's: `workbooks.checker` judges, hyperd says what is in their extracts."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from os.path import isfile
from pathlib import Path
from typing import Any

import click
from tableauhyperapi import CreateMode, HyperProcess  # type: ignore[import-untyped]

from pipeline.connect import connect_hyper
from pipeline.errors import StoreError
from pipeline.progress import Tell, silent
from pipeline.stores.hyper_read import attached, hyper_told
from pipeline.workbook_building import with_lxml

MOST_ALIKE = 5
"""Warnings of one rule that are shown of a file: by the fifth the rule is understood."""

MOST_EXTRACT_BYTES = 4 * 1024**3
"""A packed extract beyond this is not unpacked, hence not compared. [bytes]"""


def check_workbooks(
    files: Sequence[Path], is_public: bool = False, schemas: Path | None = None, tell: Tell = silent
) -> dict[Path, list[Any]]:
    """Check workbooks and data sources; hyperd is started only when one of them has an extract.

    Parameters
    ----------
    files : sequence of Path
        `.twb`, `.twbx`, `.tds`, `.tdsx`.
    is_public : bool, default False
        Check what Tableau Public asks for too.
    schemas : Path or None
        Folder with Tableau's `twb_*.xsd`; None: not applied.
    tell : Tell
        Told of each file.

    Returns
    -------
    dict of Path to list of workbooks.checker_rules.Issue
        For every file; a file that cannot be opened has the one issue `unreadable`.
    """
    with_lxml()
    found: dict[Path, list[Any]] = {}
    with ExitStack() as stack:
        running: list[HyperProcess] = []

        def hyper() -> HyperProcess:
            if not running:
                running.append(stack.enter_context(connect_hyper()))
            return running[0]

        for number, path in enumerate(files):
            tell("checking workbooks", number, len(files))
            found[path] = _check(path, is_public, schemas, hyper)
    return found


def _check(path: Path, is_public: bool, schemas: Path | None, hyper: Any) -> list[Any]:
    from workbooks.checker import check_file
    from workbooks.checker_opening import UnreadableWorkbookError, open_document
    from workbooks.checker_rules import found
    from workbooks.checker_sources import extracts_of

    catalogue, rows, unread = {}, 0, []
    try:
        document = open_document(path)
        for name in extracts_of(document.root):
            try:
                with _extract(path, name, document.members) as file:
                    if file is not None:
                        catalogue[name], count = _columns(file, hyper())
                        rows += count
            except (StoreError, UnreadableWorkbookError) as error:
                unread.append(found("extract-unread", name, None, str(error)))
        issues = check_file(path, catalogue=catalogue, rows=rows, is_public=is_public, schemas=schemas)
        return issues + unread
    except UnreadableWorkbookError as error:
        return [found("unreadable", path.name, None, error.reason)]


@contextmanager
def _extract(path: Path, name: str, members: Sequence[str] | None) -> Iterator[Path | None]:
    """Give an extract as a file: out of the package, or beside the workbook; None where it is not there."""
    from workbooks.checker_opening import copy_member

    member = name.replace("\\", "/")
    if members is None:
        beside = path.parent / member
        yield beside if not Path(member).is_absolute() and isfile(beside) else None  # is_file() raises for long names
    elif member in members:
        with tempfile.TemporaryDirectory(prefix="hyperwatt-check-") as folder:
            file = Path(folder) / "extract.hyper"
            copy_member(path, member, file, most_bytes=MOST_EXTRACT_BYTES)
            yield file
    else:
        yield None


def _columns(file: Path, hyper: HyperProcess) -> tuple[dict[str, str], int]:
    """Give the columns of all tables with their types, and the number of rows."""
    with attached(hyper, file, file, CreateMode.NONE) as connection, hyper_told(file):
        catalog = connection.catalog
        tables = [table for schema in catalog.get_schema_names() for table in catalog.get_table_names(schema)]
        definitions = [catalog.get_table_definition(table) for table in tables]
        rows = sum(connection.execute_scalar_query(f"SELECT count(*) FROM {table}") for table in tables)
    return {column.name.unescaped: str(column.type) for table in definitions for column in table.columns}, rows


def show_issues(found: dict[Path, list[Any]], most: int = MOST_ALIKE) -> None:
    """Print what is wrong, what Tableau would do and how to mend it; exit 1 when there are errors.

    Parameters
    ----------
    found : dict of Path to list of workbooks.checker_rules.Issue
        As of `check_workbooks`.
    most : int
        Of the warnings of one rule so many are shown of a file, the rest is counted. Errors are all shown.
    """
    errors = 0
    for path, issues in found.items():
        alike = Counter(issue.rule for issue in issues if issue.severity != "error")
        shown: Counter[str] = Counter()
        for issue in issues:
            shown[issue.rule] += issue.severity != "error"
            if issue.severity == "error" or shown[issue.rule] <= most:
                click.echo(f"{path}: {issue}")
                click.echo(f"    Tableau: {issue.effect}. Mend: {issue.remedy}.")
            elif shown[issue.rule] == alike[issue.rule]:
                click.echo(f"{path}: {issue.severity} {issue.rule}: and {alike[issue.rule] - most} more")
        wrong, doubtful = (sum(one.severity == kind for one in issues) for kind in ("error", "warning"))
        errors += wrong
        click.echo(f"{path}: errors {wrong}, warnings {doubtful}")
    if errors:
        raise SystemExit(1)
