"""Open a `.twb`, `.twbx`, `.tds` or `.tdsx` that may come from anybody: a tree, or one clear refusal."""

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from lxml import etree  # type: ignore[import-untyped]

from workbooks.elements import Element

MOST_BYTES = 256 * 1024 * 1024
"""A workbook's XML beyond this is refused unread; the largest real one that was met has 60 MB. [bytes]"""

MOST_PROLOG = 4096
"""Where the comment with the build is looked for. [bytes]"""

MOST_MEMBERS = 10_000
"""Files in a package."""

ROOTS = {".twb": "workbook", ".tds": "datasource"}
PACKAGED = {".twbx": ".twb", ".tdsx": ".tds"}

_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, KeyError, OSError)
_ENCODINGS = ("utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "us-ascii", "ascii", "iso-8859-1", "windows-1252")
_PROLOG = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)")
_STAMP = re.compile(rb"<!--\s*build\s+(\w+\.\d[\d.]*)\s*-->")
_DECORATION = re.compile(r"_\.fcp\.([^.]+)\.(true|false)\.\.\.(.+)", re.DOTALL)


class UnreadableWorkbookError(ValueError):
    """A file that is no workbook or data source, or that would harm whoever opens it; `reason` without the path."""

    def __init__(self, path: Path, reason: str) -> None:
        self.reason = reason
        super().__init__(f"{path}: {reason}")


@dataclass(frozen=True)
class Document:
    """A workbook or data source as a tree.

    Attributes
    ----------
    path : Path
        The file.
    root : Element
        `workbook` or `datasource`, without the decorations by which Desktop writes for older versions.
    features : frozenset of str
        Manifest items that the decorations named.
    members : tuple of str or None
        Names of the files in the package; None: not packaged.
    stamp : str
        The build in the comment that Tableau begins a file with, `20251.25.0313.2002`; empty: there is none.
    """

    path: Path
    root: Element
    features: frozenset[str]
    members: tuple[str, ...] | None
    stamp: str = ""


def open_document(path: Path, *, most_bytes: int = MOST_BYTES) -> Document:
    """Open a workbook or data source, packaged or not.

    Parameters
    ----------
    path : Path
        Its suffix says what is expected: `.twb`, `.twbx`, `.tds`, `.tdsx`.
    most_bytes : int
        XML beyond this is refused. [bytes]

    Raises
    ------
    UnreadableWorkbookError
        For a missing file, another suffix, something that is no XML or no zip, a document type (nothing of Tableau's
        has one; entities can be made to explode), a zip bomb, a package without a workbook.
    """
    suffix = path.suffix.lower()
    if suffix not in ROOTS and suffix not in PACKAGED:
        raise UnreadableWorkbookError(path, "a .twb, .twbx, .tds or .tdsx was expected")
    try:
        with path.open("rb") as file:
            data, members = _content(path, file, suffix, most_bytes)
    except OSError as error:
        raise UnreadableWorkbookError(path, f"cannot be read: {error.strerror or error}") from error
    root = _parse(path, data)
    expected = ROOTS[PACKAGED.get(suffix, suffix)]
    if root.tag != expected:
        raise UnreadableWorkbookError(path, f"the outermost element is {root.tag}, {expected} was expected")
    stamp = _STAMP.search(data[:MOST_PROLOG])
    return Document(path, root, _undecorate(root), members, stamp[1].decode() if stamp else "")


def copy_member(path: Path, name: str, target: Path, *, most_bytes: int) -> None:
    """Copy one file out of a package, for what opens only files.

    Raises
    ------
    UnreadableWorkbookError
        When it cannot be read, or is larger than `most_bytes`.
    """
    left = most_bytes
    try:
        with zipfile.ZipFile(path) as package, package.open(name) as reader, target.open("wb") as writer:
            while (piece := reader.read(1 << 20)) and left >= 0:
                left -= len(piece)
                writer.write(piece)
    except _DAMAGE as error:
        raise UnreadableWorkbookError(path, f"{name} in the package cannot be read: {error}") from error
    if left < 0:
        raise UnreadableWorkbookError(path, f"{name} in the package is larger than {most_bytes // 1024**2} MB")


def _content(path: Path, file: IO[bytes], suffix: str, most_bytes: int) -> tuple[bytes, tuple[str, ...] | None]:
    if suffix in ROOTS:
        return _limited(path, file, most_bytes), None
    try:
        with zipfile.ZipFile(file) as package:
            names = package.namelist()
            if len(names) > MOST_MEMBERS:
                raise UnreadableWorkbookError(path, f"a package of {len(names)} files, at most {MOST_MEMBERS} are read")
            return _member(path, package, _main_member(path, names, suffix), most_bytes), tuple(names)
    except (zipfile.BadZipFile, ValueError) as error:
        if isinstance(error, UnreadableWorkbookError):
            raise
        raise UnreadableWorkbookError(path, f"no readable zip package: {error}") from error


def _main_member(path: Path, names: list[str], suffix: str) -> str:
    wanted = PACKAGED[suffix]
    found = [name for name in names if PurePosixPath(name).suffix.lower() == wanted]
    found.sort(key=lambda name: (name.count("/"), name))
    if not found:
        raise UnreadableWorkbookError(path, f"the package holds no {wanted}")
    return found[0]


def _member(path: Path, package: zipfile.ZipFile, name: str, most_bytes: int) -> bytes:
    try:
        with package.open(name) as file:
            return _limited(path, file, most_bytes)
    except _DAMAGE as error:
        raise UnreadableWorkbookError(path, f"{name} in the package cannot be read: {error}") from error


def _limited(path: Path, file: IO[bytes], most_bytes: int) -> bytes:
    data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise UnreadableWorkbookError(path, f"more than {most_bytes // 1024**2} MB of XML, refused unread")
    return data


def _parse(path: Path, data: bytes) -> Element:
    _refuse_document_type(path, data)
    parser = etree.XMLParser(
        huge_tree=True, resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.parse(io.BytesIO(data), parser).getroot()
    except etree.XMLSyntaxError as error:
        raise UnreadableWorkbookError(path, f"not XML: {error}") from error


def _refuse_document_type(path: Path, data: bytes) -> None:
    """Look before the parser does: entities are declared in a document type, and Tableau writes none."""
    plain = data.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")
    encoding = _ENCODING.match(plain)
    if encoding and encoding[1].decode("ascii", "replace").lower() not in _ENCODINGS:
        raise UnreadableWorkbookError(path, f"encoding {encoding[1]!r}, UTF-8 was expected")
    start = plain[_PROLOG.match(plain).end() :][:9]  # type: ignore[union-attr]
    if not start.startswith(b"<"):
        raise UnreadableWorkbookError(path, "not XML: the file does not begin with an element")
    if start.startswith(b"<!"):
        raise UnreadableWorkbookError(path, "has a document type, which Tableau never writes; refused")


def _undecorate(root: Element) -> frozenset[str]:
    """Take away `_.fcp.X.true...` and drop what is for versions without X; give the names X."""
    features = set()
    for node in list(root.iter()):
        match = _DECORATION.match(node.tag)
        if match and match[2] == "false":
            node.getparent().remove(node)
            continue
        if match:
            features.add(match[1])
            node.tag = match[3]
        for name in [name for name in node.attrib if name.startswith("_.fcp.")]:
            features |= _undecorate_attribute(node, name)
    return frozenset(features)


def _undecorate_attribute(node: Element, name: str) -> set[str]:
    match, value = _DECORATION.match(name), node.attrib.pop(name)
    if not match or match[2] == "false":
        return set()
    node.set(match[3], value)
    return {match[1]}
