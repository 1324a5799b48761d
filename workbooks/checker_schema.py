"""Tableau's own XML schemas, where the folder with them is at hand. Reference, section 2."""

import copy
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from lxml import etree  # type: ignore[import-untyped]

from workbooks.checker_book import Book
from workbooks.checker_rules import Issue, found
from workbooks.elements import Element

LAST_KNOWN = (2026, 2)
"""The newest version that there is a schema of."""

STUBS = {
    "http://www.tableausoftware.com/xml/user": "user_ns.stub.xsd",
    "http://www.w3.org/XML/1998/namespace": "xml_ns.stub.xsd",
}
_XS = "{http://www.w3.org/2001/XMLSchema}"
_ALLOWED = re.compile(r"Element 'workbook': Missing child element\(s\)\. Expected is one of \( .*\bexplain-data \)\.")
_WRAP = """<workbook source-build="0.0.0" version="18.1"><datasources/><worksheets><worksheet name="wrap"><table>
<view><datasources/><aggregation value="true"/></view><style/>
<panes><pane><view><breakdown value="auto"/></view><mark class="Automatic"/></pane></panes><rows/><cols/>
</table><simple-id uuid="{00000000-0000-0000-0000-000000000000}"/></worksheet></worksheets></workbook>"""


@cache
def load_schema(path: Path) -> Element:
    """Compile a schema; its imports are pointed at the stubs beside it, the file stays as it is."""
    tree = etree.parse(str(path))
    for node in tree.getroot().findall(_XS + "import"):
        node.set("schemaLocation", (path.parent / STUBS[node.get("namespace")]).resolve().as_uri())
    return etree.XMLSchema(tree)


def check_schema(book: Book, folder: Path) -> Iterator[Issue]:
    """Validate against every `twb_*.xsd` of a folder; a message that two of them give is told once.

    Only what was saved by 2020.2 to 2026.2, or by no Tableau at all: older files are known to differ.
    """
    if not book.is_judged or (book.build is not None and book.build > LAST_KNOWN):
        return
    seen: set[tuple[int, str]] = set()
    for path in sorted(folder.glob("twb_*.xsd")):
        schema = load_schema(path)
        schema.validate(_validated(book))
        for error in schema.error_log:
            key = (error.line, error.message)
            if key not in seen and not _ALLOWED.fullmatch(error.message):
                seen.add(key)
                yield _issue(book, error, path)


def _issue(book: Book, error: Element, path: Path) -> Issue:
    issue = found("schema", path.stem, None, str(error.message))
    line = int(error.line) if book.is_workbook else 0
    return Issue("schema", issue.severity, issue.where, line, issue.reason, issue.effect, issue.remedy)


def _validated(book: Book) -> Element:
    """A workbook as it is; a data source within the smallest workbook, without what only a `.tds` has."""
    if book.is_workbook:
        return book.root
    source = copy.deepcopy(book.root)
    for name in ("document-format-change-manifest", "repository-location"):
        for node in source.findall(name):
            source.remove(node)
    source.set("name", source.get("name") or source.get("formatted-name", ""))
    for name in ("formatted-name", "source-platform", "source-build", "{http://www.w3.org/XML/1998/namespace}base"):
        source.attrib.pop(name, None)
    workbook = etree.fromstring(_WRAP)
    workbook.find("datasources").append(source)
    return workbook
