"""From extracts and specs to workbooks: what is in the extracts is asked of hyperd, the rest is `workbooks`."""

import runpy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tableauhyperapi import CreateMode, HyperProcess, TableName, escape_name  # type: ignore[import-untyped]

from pipeline.connect import connect_hyper
from pipeline.errors import SettingsError, StoreError
from pipeline.progress import Tell, silent
from pipeline.stores.extracts import EVERY_EXTRACT
from pipeline.stores.hyper_read import TABLE, attached, count_rows, hyper_told
from pipeline.stores.scratch import told
from pipeline.written import note_written

EVERY = tuple(EVERY_EXTRACT)
NEEDED = "pip install 'hyperwatt[workbooks]'"


@dataclass
class Built:
    """What a build did.

    Attributes
    ----------
    files : list of Path
        What was written, or would be.
    left_out : list of str
        A line for each sheet that the target or the data at hand does not allow, with the reason.
    removed : list of Path
        What an earlier build wrote and this one does not.
    """

    files: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)


def build_workbooks(
    out: Path, target: str = "desktop", spec: Path | None = None, dry_run: bool = False, tell: Tell = silent
) -> Built:
    """Write workbooks and data sources of the extracts in OUT.

    Parameters
    ----------
    out : Path
        Folder with `extracts`; the workbooks go to `workbooks` in it, those for another target than Desktop into a
        folder of the target's name there.
    target : str
        A name of `workbooks.targets.TARGETS`: `desktop`, `26.1` or `public`.
    spec : Path or None
        A Python file with a function `workbooks(facts)` that gives specs; it is run. None: the shipped workbooks.
    dry_run : bool
        Check everything, write nothing.
    tell : Tell
        Told of each workbook.

    Raises
    ------
    StoreError
        When there is no extract with rows, or a file cannot be written.
    SettingsError
        When a spec cannot be built; the message begins with its file and line.
    """
    with_lxml()
    from workbooks.model import SpecError
    from workbooks.targets import TARGETS, fit

    paths = {name: path for name in EVERY if (path := out / "extracts" / f"{name}.hyper").is_file()}
    facts = read_facts(paths)
    folder = out / "workbooks" if target == "desktop" else out / "workbooks" / target
    built = Built()
    try:
        books = specs_of(spec)(facts)
        for number, book in enumerate(books):
            tell("building workbooks", number, len(books))
            fitted, left_out = fit(book, TARGETS[target], facts.catalogues, facts.blank)
            built.left_out += [f"{book.name}: {line}" for line in left_out]
            if fitted is not None:
                built.files += _write_book(fitted, paths, facts, folder, TARGETS[target], dry_run)
        if target == "desktop" and spec is None:
            parameters = {one.caption: one for book in books for one in book.parameters}.values()
            built.files += _write_sources(parameters, paths, facts, folder, dry_run)
    except SpecError as error:
        raise SettingsError(str(error)) from error
    if not dry_run:
        built.removed = note_written(out / "workbooks", f"{writer_of(spec)}, {target}", built.files)
    return built


def read_facts(paths: Mapping[str, Path]) -> Any:
    """Ask hyperd what is in the extracts: columns and types, meters and sites, and what the register left out.

    Parameters
    ----------
    paths : mapping of str to Path
        The `.hyper` files, by name of the extract.

    Returns
    -------
    workbooks.facts.Facts
        Without the extracts that have no rows.

    Raises
    ------
    StoreError
        When none has rows, or one cannot be read.
    """
    from workbooks.facts import Facts

    with connect_hyper() as hyper:
        catalogues = {name: found for name, path in paths.items() if (found := read_catalogue(path, hyper))}
        if not catalogues:
            raise StoreError("there are no extracts with rows -> run `hyperwatt run FILE...` or `hyperwatt extract`")
        named = next((paths[name] for name in ("daily", "readings") if name in catalogues), None)
        meters, sites = (_members(named, column, hyper) if named else () for column in ("meter_id", "site_id"))
        # Only the register and the settings may be silent: no other extract is worth a look at every row.
        may_be = [name for name in catalogues if name in ("meters", "costs")]
        blank = {name: _blank(paths[name], catalogues[name], hyper) for name in may_be}
    return Facts(catalogues, meters, sites, blank)


def read_catalogue(path: Path, hyper: HyperProcess) -> dict[str, str]:
    """Give the columns of an extract and their types as hyperd names them (`TEXT`); empty when it has no rows."""
    with attached(hyper, path, path, CreateMode.NONE) as connection, hyper_told(path):
        if not count_rows(connection):
            return {}
        table = connection.catalog.get_table_definition(TableName("Extract", "Extract"))
        return {column.name.unescaped: str(column.type) for column in table.columns}


def with_lxml() -> None:
    """Say in one sentence when the packages for workbooks are not installed."""
    try:
        import lxml  # type: ignore[import-untyped]  # noqa: F401
    except ModuleNotFoundError as error:
        raise SettingsError(f"workbooks need the package {error.name} -> {NEEDED}") from error


def _blank(path: Path, columns: Iterable[str], hyper: HyperProcess) -> frozenset[str]:
    """Give the columns of an extract that are null in every row."""
    names = list(columns)
    with attached(hyper, path, path, CreateMode.NONE) as connection, hyper_told(path):
        counts = ", ".join(f"count({escape_name(name)})" for name in names)
        (found,) = connection.execute_list_query(f"SELECT {counts} FROM {TABLE}")
    return frozenset(name for name, count in zip(names, found, strict=True) if not count)


def _members(path: Path, column: str, hyper: HyperProcess) -> tuple[str, ...]:
    with attached(hyper, path, path, CreateMode.NONE) as connection, hyper_told(path):
        rows = connection.execute_list_query(f"SELECT DISTINCT {column} FROM {TABLE} WHERE {column} IS NOT NULL")
    return tuple(sorted(row[0] for row in rows))


def writer_of(spec: Path | None) -> str:
    """Name the writer of a spec's files: those of another spec stay when this one is built into the same folder."""
    return "shipped" if spec is None else str(spec.resolve())


def specs_of(spec: Path | None) -> Callable[[Any], Any]:
    """Give the function that makes the specs: the shipped ones, or those of somebody's file."""
    from workbooks.model import SpecError
    from workbooks.shipped.contents import workbooks

    if spec is None:
        return workbooks
    try:
        given = runpy.run_path(str(spec)).get("workbooks")
    except SpecError:
        raise
    except Exception as error:  # whatever an author's file raises is told in one line
        raise SettingsError(f"{spec}: {type(error).__name__}: {error}") from error
    if not callable(given):
        raise SettingsError(f"{spec} has no function workbooks(facts)")
    made: Callable[[Any], Any] = given
    return made


def _write_book(
    book: Any, paths: Mapping[str, Path], facts: Any, folder: Path, target: Any, dry_run: bool
) -> list[Path]:
    from workbooks.package import write_workbook
    from workbooks.render_workbook import render_workbook

    if dry_run:
        render_workbook(book, facts.catalogues, "Data/Extracts", target.version)
        return [folder / f"{book.name}.twbx"]
    with told(folder / book.name):
        return write_workbook(book, paths, facts.catalogues, folder, target)


def _write_sources(parameters: Any, paths: Mapping[str, Path], facts: Any, folder: Path, dry_run: bool) -> list[Path]:
    from workbooks.package import write_data_source
    from workbooks.shipped.contents import SOURCES

    files = []
    for source in SOURCES:
        if source.name in facts.catalogues and dry_run:
            files.append(folder / f"{source.name}.tdsx")
        elif source.name in facts.catalogues:
            with told(folder / source.name):
                files += write_data_source(
                    source, parameters, paths[source.name], facts.catalogues[source.name], folder
                )
    return files
