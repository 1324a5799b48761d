"""Filters and sorts: what makes Tableau drop them, refuse them or crash. Reference, section 10.5."""

from collections.abc import Iterator

from workbooks.checker_book import Book, Sheet, names_in
from workbooks.checker_rules import Issue, found
from workbooks.elements import USER, Element


def check_filters(book: Book) -> Iterator[Issue]:
    """Check the filters and sorts of every worksheet, and the groups of every data source."""
    for group in [group for source in book.sources.values() for group in source.element.iterfind("group")]:
        yield from _groups(book, group.get("caption") or group.get("name", ""), group)
    for sheet in book.sheets:
        slices = {node.text for node in sheet.element.iterfind("table/view/slices/column")}
        for node in sheet.element.iterfind("table/view/filter"):
            yield from _groups(book, sheet.name, node)
            yield from _filter(sheet, node, slices)
        yield from _sorts(sheet)


def _filter(sheet: Sheet, node: Element, slices: set[str | None]) -> Iterator[Issue]:
    column = node.get("column", "")
    if column and column not in slices and ":Measure Names" not in column:
        yield found("filter-slices", sheet.name, node, f"{column} is filtered, but is not in slices")
    first = node.find("groupfilter")
    if first is not None and first.get(f"{USER}ui-enumeration") == "all" and first.get("function") == "union":
        yield found("filter-all", sheet.name, node, f"{column}: All is written as a list of members")
    if node.get("class") == "quantitative" and any((end.text or "").startswith("#") for end in node):
        yield found("filter-date", sheet.name, node, f"{column}: from date to date")


def _groups(book: Book, where: str, node: Element) -> Iterator[Issue]:
    for group in node.iter("groupfilter"):
        level, count = group.get("level", ""), group.get("count", "")
        names = names_in(level)
        if len(names) > 1 and names[0] in book.sources:
            yield found("level-qualified", where, group, f"level {level} names the data source")
        if count and _number(count) <= 0:
            yield found("filter-count", where, group, f"count is {count}")
        if group.get("function") == "filter" and group.get("end") and group.get("count"):
            yield found("flat-top-n", where, group, "top N written as one filter")


def _number(text: str) -> float:
    """A count; a parameter or an expression stands for some number above 0."""
    try:
        return float(text)
    except ValueError:
        return 1.0


def _sorts(sheet: Sheet) -> Iterator[Issue]:
    for sort in sheet.element.iter("sort-computation"):
        yield found("sort-crash", sheet.name, sort, "sort-computation within a sort")
    for sort in sheet.element.iterfind("table/view/computed-sort"):
        for name in ("column", "using"):
            if len(names_in(sort.get(name, ""))) == 1:
                yield found("sort-name", sheet.name, sort, f"{name}={sort.get(name)!r} lacks the data source")
