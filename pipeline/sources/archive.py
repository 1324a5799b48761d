"""Files, gzip files and zip archives as streams of bytes, with the limits that keep a hostile archive harmless."""

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from pipeline.errors import FileRefusedError

Opener = Callable[[], BinaryIO]

_PAPERS = re.compile(r"(read\W?me|licen[cs]e|copying)\b.*|.*\.(md|pdf|html?|docx?|rtf|png|jpe?g|gif|xsd)")
_SKIPPED = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
_DAMAGE = (EOFError, OSError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError)


class Member(NamedTuple):
    """One stream of bytes: its name, what opens it, and what there is to say of it."""

    path: Path
    open: Opener
    notes: tuple[str, ...] = ()


def open_members(path: Path) -> Iterator[Member]:
    """Give what a path holds: itself, decompressed, or each member of a zip archive that may be data.

    Papers beside data (a read-me, a licence, a picture) are left out with a note; alone they are given like data.

    Raises
    ------
    FileRefusedError
        V21, when there is no such file, it cannot be read, or the archive is damaged, encrypted or a bomb.
    """
    _refuse_unreadable(path)
    with path.open("rb") as stream:
        head = stream.read(4)
    if head == b"PK\x05\x06":
        raise FileRefusedError(path, "this archive is empty", "pack the files again")
    if head.startswith(b"\x1f\x8b"):
        yield Member(path, partial(_open_gzip, path))
    elif head == b"PK\x03\x04" and not _is_workbook(path):
        yield from _open_zip(path)
    else:
        yield Member(path, partial(_open_plain, path))


def _open_plain(path: Path) -> BinaryIO:
    return path.open("rb")


class _Guarded(io.RawIOBase):
    """A decompressed stream that refuses damage, and refuses to grow out of all proportion.

    Deflate cannot shrink more than 1032 times; meter data shrinks 5 to 100 times (chosen: 400, beyond 64 MiB).
    """

    def __init__(self, stream: BinaryIO, path: Path, packed: int, archive: zipfile.ZipFile | None = None) -> None:
        self._stream = stream
        self._path = path
        self._archive = archive
        self._room = max(1 << 26, packed * 400)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        try:
            piece = self._stream.read(len(buffer))
        except _DAMAGE as error:
            raise FileRefusedError(self._path, f"this archive is damaged ({error})", "fetch the file again") from error
        self._room -= len(piece)
        if self._room < 0:
            raise FileRefusedError(
                self._path, "this archive unpacks to more than 400 times its size", "unpack it yourself if it is real"
            )
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._stream.close()
        if self._archive is not None:
            self._archive.close()
        super().close()


def _refuse_unreadable(path: Path) -> None:
    try:
        if path.is_dir():
            raise FileRefusedError(path, "this is a folder, not a file", f"name its files: {path}/*")
        if not path.exists():
            raise FileRefusedError(path, "there is no such file", "check the path")
        if not path.is_file():
            raise FileRefusedError(path, "this is a device, not a file", "give a file")
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:
        raise FileRefusedError(path, f"this file cannot be opened ({error})", "check its rights") from error


def _open_gzip(path: Path) -> BinaryIO:
    return io.BufferedReader(_Guarded(cast(BinaryIO, gzip.open(path, "rb")), path, path.stat().st_size), 1 << 20)


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except _DAMAGE as error:
        raise FileRefusedError(path, f"this archive is damaged ({error})", "fetch the file again") from error
    return bool(names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"})


def _open_zip(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        members = [each for each in archive.infolist() if not each.is_dir() and not _is_litter(each.filename)]
    if not members:
        raise FileRefusedError(path, "this archive is empty", "pack the files again")
    if len(members) > 10_000:
        raise FileRefusedError(path, f"this archive holds {len(members)} files, more than 10000", "unpack it first")
    for member in members:
        if member.flag_bits & 1:
            raise FileRefusedError(path, f"this archive is encrypted ({member.filename})", "unpack it first")
    papers = [each.filename for each in members if _PAPERS.fullmatch(each.filename.rsplit("/", 1)[-1].lower())]
    if len(papers) == len(members):
        papers = []
    notes = (f"left out of the archive: {', '.join(papers)}",) if papers else ()
    for member in (each for each in members if each.filename not in papers):
        parts = [part for part in member.filename.split("/") if part not in ("", ".", "..")]
        name = path.joinpath(*parts)
        yield Member(name, partial(_open_member, path, name, member), notes)


def _is_litter(name: str) -> bool:
    last = name.rsplit("/", 1)[-1]
    return name.startswith(_SKIPPED) or last in _SKIPPED or last.startswith("._")


def _open_member(path: Path, name: Path, member: zipfile.ZipInfo) -> BinaryIO:
    archive = None
    try:
        archive = zipfile.ZipFile(path)
        stream = cast(BinaryIO, archive.open(member))
    except _DAMAGE as error:
        if archive is not None:
            archive.close()
        raise FileRefusedError(name, f"this archive is damaged ({error})", "fetch the file again") from error
    return io.BufferedReader(_Guarded(stream, name, member.compress_size, archive), 1 << 20)
