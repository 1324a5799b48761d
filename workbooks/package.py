"""Files: `.twb` and `.tds` beside the extracts, `.twbx` and `.tdsx` with the extracts in them."""

import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from workbooks.model import DataSource, Parameter, Workbook
from workbooks.render_datasource import Catalogue
from workbooks.render_workbook import render_data_source, render_workbook
from workbooks.targets import Target

PACKED = "Data/Extracts"
"""Where a package holds its extracts."""
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The time of every member of a package, so that equal contents make equal bytes; zip knows none before it."""


def write_workbook(
    workbook: Workbook, extracts: Mapping[str, Path], catalogues: Mapping[str, Catalogue], folder: Path, target: Target
) -> list[Path]:
    """Write a workbook; as a package, and for Desktop also as a bare `.twb`.

    Parameters
    ----------
    workbook : Workbook
        Already fitted to the target.
    extracts : mapping of str to Path
        The `.hyper` files, by name of the data source.
    catalogues : mapping of str to Catalogue
        Their columns.
    folder : Path
        Where the files go; made if it is not there.
    target : Target
        What is written: Tableau Public takes packages only.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    SpecError
        As `render_workbook`; nothing is written then.
    OSError
        When a file cannot be written; a file of that name from before is as it was.
    """
    packed = render_workbook(workbook, catalogues, PACKED, target.version)
    members = [(extracts[source.name], f"{PACKED}/{source.name}.hyper") for source in workbook.sources]
    written = [_pack(folder / f"{workbook.name}.twbx", f"{workbook.name}.twb", packed, members)]
    if not target.is_public:
        beside = _beside(folder, extracts[workbook.sources[0].name])
        bare = render_workbook(workbook, catalogues, beside, target.version)
        written.append(_write(folder / f"{workbook.name}.twb", bare))
    return written


def write_data_source(
    source: DataSource, parameters: Iterable[Parameter], extract: Path, catalogue: Catalogue, folder: Path
) -> list[Path]:
    """Write a data source as `.tdsx` and `.tds`; arguments, result and errors as for `write_workbook`."""
    given = list(parameters)
    packed = render_data_source(source, given, catalogue, PACKED)
    bare = render_data_source(source, given, catalogue, _beside(folder, extract))
    members = [(extract, f"{PACKED}/{source.name}.hyper")]
    return [
        _pack(folder / f"{source.name}.tdsx", f"{source.name}.tds", packed, members),
        _write(folder / f"{source.name}.tds", bare),
    ]


def _beside(folder: Path, extract: Path) -> str:
    """Say where the extracts are as seen from the folder of the workbook; never an absolute path."""
    return PurePosixPath(Path(os.path.relpath(extract.parent, folder))).as_posix()


def _write(path: Path, data: bytes) -> Path:
    with _replaced(path) as file:
        file.write_bytes(data)
    return path


def _pack(path: Path, name: str, data: bytes, members: Iterable[tuple[Path, str]]) -> Path:
    with _replaced(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(_info(name), data)
        for source, member in members:
            with source.open("rb") as reader, package.open(_info(member), "w", force_zip64=True) as writer:
                shutil.copyfileobj(reader, writer, 1 << 20)
    return path


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, LONG_AGO)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


@contextmanager
def _replaced(path: Path) -> Iterator[Path]:
    """Give a file to write that takes the place of `path` when the block ends well, and leaves nothing otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield file
        file.replace(path)
    finally:
        file.unlink(missing_ok=True)
