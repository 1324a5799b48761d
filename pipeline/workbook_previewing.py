"""Workbooks as pictures and one page: extracts are opened here, `workbooks` asks and draws."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from tableauhyperapi import CreateMode, HyperException, HyperProcess, escape_string_literal  # type: ignore[import-untyped]

from pipeline.connect import connect_hyper
from pipeline.errors import PublishError, SettingsError
from pipeline.progress import Tell, silent
from pipeline.publish.tabpy_client import TabPy
from pipeline.stores.hyper_read import attached
from pipeline.stores.scratch import file_name, told
from pipeline.workbook_building import EVERY, NEEDED, read_facts, specs_of, with_lxml, writer_of
from pipeline.written import note_written


@dataclass
class Previewed:
    """What a preview did.

    Attributes
    ----------
    files : list of Path
        What was written: `index.html` first.
    left_out : list of str
        A line for each sheet that the data at hand does not allow.
    unsupported : list of str
        A line for each sheet whose picture only says what is missing.
    removed : list of Path
        What an earlier preview wrote and this one does not.
    """

    files: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    unsupported: list[str] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)


def preview_workbooks(
    out: Path,
    spec: Path | None = None,
    settings: Sequence[str] = (),
    tabpy: TabPy | None = None,
    most_choices: int = 2,
    tell: Tell = silent,
) -> Previewed:
    """Draw every sheet and dashboard of the workbooks of the extracts in OUT, and write `preview/index.html`.

    Parameters
    ----------
    out : Path
        Folder with `extracts`; pictures go to `preview` in it, a folder a workbook.
    spec : Path or None
        A Python file with a function `workbooks(facts)`; it is run. None: the shipped workbooks.
    settings : sequence of str
        `Caption=value` of parameters that are not to be as at first.
    tabpy : TabPy or None
        Where scripts run; None: sheets that need one say so.
    most_choices : int, default 2
        Choices of each control for which the page has pictures too; 0: it stands still.
    tell : Tell
        Told of each workbook.

    Raises
    ------
    StoreError
        When there is no extract with rows, one cannot be read, or a file cannot be written.
    SettingsError
        When a spec cannot be built, or a parameter does not exist or cannot have its value.
    PublishError
        When no TabPy answers there.
    """
    _with_altair()
    from workbooks.model import SpecError
    from workbooks.preview_book import read_settings

    if tabpy is not None:
        tabpy.ask_info()
    paths = {name: path for name in EVERY if (path := out / "extracts" / f"{name}.hyper").is_file()}
    facts = read_facts(paths)
    done = Previewed()
    try:
        with asking({name: paths[name] for name in facts.catalogues}) as asks:
            books = specs_of(spec)(facts)
            parameters = {one.caption: one for book in books for one in book.parameters}
            values = read_settings(settings, parameters)
            studios = _studios(books, facts, asks, values, tabpy, done)
            for number, studio in enumerate(studios):
                tell("drawing workbooks", number, len(studios))
                done.files += _draw(studio, out / "preview", done)
            done.files.insert(0, _write_page(out / "preview" / "index.html", studios, most_choices, tell))
    except SpecError as error:
        raise SettingsError(str(error)) from error
    done.removed = note_written(out / "preview", writer_of(spec), done.files)
    return done


def _with_altair() -> None:
    with_lxml()
    try:
        import altair
        import vl_convert  # noqa: F401
    except ModuleNotFoundError as error:
        raise SettingsError(f"previews need the package {error.name} -> {NEEDED}") from error
    assert altair


def _studios(
    books: Any, facts: Any, asks: Mapping[str, Any], values: Mapping[str, Any], tabpy: TabPy | None, done: Previewed
) -> list[Any]:
    from workbooks.preview_book import Studio
    from workbooks.targets import TARGETS, fit

    studios = []
    for book in books:
        fitted, left_out = fit(book, TARGETS["desktop"], facts.catalogues, facts.blank)
        done.left_out += [f"{book.name}: {line}" for line in left_out]
        if fitted is not None:
            own = {one.caption: values[one.caption] for one in fitted.parameters if one.caption in values}
            studios.append(Studio(fitted, asks, own, _script(tabpy)))
    return studios


def _draw(studio: Any, folder: Path, done: Previewed) -> Iterator[Path]:
    """Write the pictures of a workbook: dashboards, and in `sheets` every sheet."""
    own = folder / file_name(studio.book.name)
    with told(own):
        (own / "sheets").mkdir(parents=True, exist_ok=True)
    for board in studio.book.dashboards:
        yield from _write(own / file_name(board.name), studio.board(board))
    for sheet, picture in studio.sheets():
        if reason := studio.shown(sheet).reason:
            done.unsupported.append(f"{studio.book.name}: {sheet.name}: {reason}")
        yield from _write(own / "sheets" / file_name(sheet.name), picture)


def _write_page(index: Path, studios: Sequence[Any], most_choices: int, tell: Tell) -> Path:
    from workbooks.preview_page import PageOptions, page

    with told(index):
        text = page(studios, PageOptions(most_choices), lambda done, whole: tell("drawing the page", done, whole))
        index.write_text(text, encoding="utf-8")
    return index


def _write(stem: Path, picture: str) -> list[Path]:
    from workbooks.preview_png import png

    files = [stem.with_name(stem.name + ".svg"), stem.with_name(stem.name + ".png")]
    with told(stem):
        files[0].write_text(picture, encoding="utf-8")
        files[1].write_bytes(png(picture))
    return files


def _script(tabpy: TabPy | None) -> Any:
    """Give what runs scripts; what TabPy refuses becomes the text of the sheet's picture."""
    from workbooks.preview_sql import UnsupportedError

    if tabpy is None:
        return None

    def run(script: str, *arguments: Any) -> Any:
        try:
            return tabpy.evaluate(script, *arguments)
        except PublishError as error:
            raise UnsupportedError(f"TabPy: {error}") from error

    return run


@contextmanager
def asking(paths: Mapping[str, Path], hyper: HyperProcess | None = None) -> Iterator[dict[str, Any]]:
    """Give what runs SQL on each extract, by name: on a copy, so that all pictures are of one moment and nobody waits.

    Parameters
    ----------
    paths : mapping of str to Path
        The extracts.
    hyper : HyperProcess or None
        A running hyperd; None: one is started for this.
    """
    with (
        nullcontext(hyper) if hyper else connect_hyper() as running,
        tempfile.TemporaryDirectory(prefix="hyperwatt-preview-") as folder,
        ExitStack() as opened,
    ):
        yield {name: _ask(opened, running, path, Path(folder)) for name, path in paths.items()}


def _ask(opened: ExitStack, hyper: HyperProcess, path: Path, folder: Path) -> Any:
    from workbooks.preview_sql import UnsupportedError

    file = folder / f"{path.stem}.parquet"
    target = escape_string_literal(str(file))
    with told(path):
        copy = Path(shutil.copy(path, folder / path.name))
    connection = opened.enter_context(attached(hyper, path, copy, CreateMode.NONE))

    def ask(query: str) -> pd.DataFrame:
        try:
            connection.execute_command(f"COPY ({query}) TO {target} WITH (FORMAT PARQUET)")
        except HyperException as error:
            raise UnsupportedError(f"hyperd refuses this sheet's question: {error.main_message}") from error
        return pq.read_table(file).to_pandas()

    return ask
