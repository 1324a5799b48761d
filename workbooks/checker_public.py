"""What must not leave the house, and what Tableau Public refuses. Reference, sections 3 and 21."""

import re
from collections.abc import Iterator

from workbooks.calculation import functions_of
from workbooks.checker_book import Book
from workbooks.checker_calculations import Calculations
from workbooks.checker_rules import Issue, Severity, found
from workbooks.elements import Element
from workbooks.functions import FUNCTIONS, Kind

MOST_ROWS = 15_000_000
"""Rows that a workbook on Tableau Public may have (reference of the platform, Tableau Public)."""

MOST_BYTES = 10 * 1024**3
"""Space of an account on Tableau Public; a package beyond it can never be published. [bytes]"""

OWN_USERS = ("", "tableau_internal_user", "public")
_ABSOLUTE = re.compile(r"[A-Za-z]:[\\/]|[\\/]{1,2}[^\\/]")
_PATHS = ("dbname", "filename", "directory")
_SECRETS = ("password", "oauth-token", "access-token", "workgroup-password", "token")


def check_secrets(book: Book) -> Iterator[Issue]:
    """Look for credentials, and for paths of the machine that the file was made on."""
    for connection in book.root.iter("connection"):
        for name in _SECRETS:
            if connection.get(name):
                yield found("credential", connection.get("class", ""), connection, f"{name} is in the file", "warning")
    yield from _absolute_paths(book, "info")


def check_public(calculations: Calculations, rows: int = 0) -> Iterator[Issue]:
    """Check what Tableau Public asks for: no scripts, extracts only, one package, nothing private, not too much.

    Parameters
    ----------
    calculations : Calculations
        Of the workbook.
    rows : int
        In all its extracts together; 0: not known.
    """
    book = calculations.book
    path = book.document.path
    if book.document.members is None:
        yield found("public-package", path.name, book.root, "not packaged with its data")
    if rows > MOST_ROWS:
        yield found("public-size", path.name, None, f"{rows} rows, {MOST_ROWS} are allowed")
    if path.stat().st_size > MOST_BYTES:
        yield found("public-size", path.name, None, f"{path.stat().st_size} bytes, an account has {MOST_BYTES}")
    yield from _scripts(calculations)
    for source in book.root.iterfind("datasources/datasource"):
        yield from _live(source)
    for connection in book.root.iter("connection"):
        private = [name for name in _SECRETS if connection.get(name)]
        private += ["username"] * (connection.get("username", "") not in OWN_USERS)
        for name in private:
            yield found("credential", connection.get("class", ""), connection, f"{name} is in the file")
    yield from _absolute_paths(book, "error")


def _absolute_paths(book: Book, severity: Severity) -> Iterator[Issue]:
    for connection in book.root.iter("connection"):
        for name in _PATHS:
            if _ABSOLUTE.match(connection.get(name, "")):
                reason = f"{name} is {connection.get(name)!r}"
                yield found("absolute-path", connection.get("class", ""), connection, reason, severity)


def _scripts(calculations: Calculations) -> Iterator[Issue]:
    for calculation in calculations.book.root.iter("calculation"):
        formula = calculation.get("formula", "")
        tree = calculations.tree(formula) if calculation.get("class") == "tableau" else None
        for name in functions_of(tree) if tree else ():
            if FUNCTIONS[name][0].kind is Kind.SCRIPT:
                where = calculation.getparent().get("caption") or calculation.getparent().get("name", "")
                yield found("public-script", where, calculation, f"{name} calls an analytics extension")


def _live(source: Element) -> Iterator[Issue]:
    """A data source with an extract may name what it was made from; another must be an extract itself."""
    if source.find("extract[@enabled='true']") is not None:
        return
    for connection in source.iter("connection"):
        if connection.get("class") not in ("federated", "hyper", None):
            where = source.get("caption") or source.get("name", "")
            yield found("public-live", where, connection, f"a live {connection.get('class')} connection")
