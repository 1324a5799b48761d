"""What a data source or workbook reads from, as its file says: databases and files outside it, and TabPy."""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

INNER = frozenset(("federated", "hyper", "dataengine", "sqlproxy"))
"""Connections that lead nowhere outside: the frame around others, extracts, data sources that are published apart."""

SCRIPT = re.compile(r"\b(?:SCRIPT_(?:REAL|STR|INT|BOOL)|MODEL_EXTENSION_(?:REAL|STR|INT|BOOL))\s*\(")


@dataclass(frozen=True)
class Source:
    """Something outside that rows come from.

    Attributes
    ----------
    kind : str
        As Tableau names the connector: "mysql", "textscan".
    server : str
        Empty: a file.
    """

    kind: str
    server: str = ""

    def __str__(self) -> str:
        return f"{self.kind} at {self.server}" if self.server else self.kind


@dataclass(frozen=True)
class Insides:
    """What a file reads from.

    Attributes
    ----------
    sources : tuple of Source
        In the file's order, each once.
    calls_tabpy : bool
        A formula calls an analytics extension.
    """

    sources: tuple[Source, ...] = ()
    calls_tabpy: bool = False


def read_insides(path: Path) -> Insides:
    """Look into a `.tdsx`, `.twbx` or `.twb`; a file that cannot be read has nothing in it that we know of."""
    text = _definition(path)
    try:
        tree = fromstring(text)
    except (ParseError, DefusedXmlException, ValueError):
        return Insides()
    found = [
        Source(one.get("class", ""), one.get("server", "").lower())
        for one in tree.iter("connection")
        if one.get("class", "federated") not in INNER
    ]
    calls = any(SCRIPT.search(one.get("formula", "")) for one in tree.iter("calculation"))
    return Insides(tuple(dict.fromkeys(found)), calls)


def _definition(path: Path) -> bytes:
    if path.suffix == ".twb":
        return path.read_bytes()
    if path.suffix == ".hyper" or not zipfile.is_zipfile(path):
        return b""
    try:
        with zipfile.ZipFile(path) as packed:
            names = [name for name in packed.namelist() if name.endswith((".twb", ".tds"))]
            return packed.read(names[0]) if names else b""
    except (zipfile.BadZipFile, OSError):
        return b""
