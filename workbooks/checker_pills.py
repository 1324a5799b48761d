"""Pills: declared, of a known derivation, at the right level, in the right place. Reference, sections 9 and 10."""

import re
from collections.abc import Iterator

from workbooks.checker_book import Book, Column, Sheet, Source, names_in, plain
from workbooks.checker_calculations import FREE_NAMES, Calculations
from workbooks.checker_rules import Issue, Severity, found
from workbooks.elements import Element
from workbooks.levels import Level
from workbooks.tree import PARAMETERS

_DERIVATIONS = """
None=none Attribute=attr User=usr InOut=io Collect=clct
Sum=sum Avg=avg Count=cnt CountD=ctd Median=med Min=min Max=max Stdev=std StdevP=stp Var=var VarP=vrp
Year=yr Quarter=qr Month=mn Week=wk Weekday=wd Day=dy Hour=hr Minute=mi Second=sc MY=my MDY=md
ISO-Year=iyr ISO-Qtr=iqr ISO-Week=iwk ISO-Weekday=iwd
Year-Trunc=tyr Quarter-Trunc=tqr Month-Trunc=tmn Week-Trunc=twk Day-Trunc=tdy
Hour-Trunc=thr Minute-Trunc=tmi Second-Trunc=tsc
ISO-Year-Trunc=tiyr ISO-Qtr-Trunc=tiqr ISO-Week-Trunc=tiwk
"""
DERIVATIONS = dict(pair.split("=") for pair in _DERIVATIONS.split())
"""Derivation to its short name; the whole set of reference, section 9."""

WRONG = re.compile(r"Attr|(?!.*-Trunc$).*Trunc.*|CountDistinct|Cnt|CntD|Average|StdDev|Variance", re.IGNORECASE)
"""What generators write instead; Tableau takes each for None. Others that are not known are only suspected."""

AGGREGATING = ("Sum", "Avg", "Count", "CountD", "Median")
FREE_SOURCES = (PARAMETERS, "")
_ENCODINGS = "color size text shape lod tooltip path wedge-size geometry image level edge custom"
_MARKS = """Automatic Text Icon Shape Rectangle Bar GanttBar Square Circle Heatmap PolyLine Line Polygon Area Pie
Multipolygon VizExtension"""
ENCODINGS, MARKS = _ENCODINGS.split(), _MARKS.split()

_REFERENCE = re.compile(r"\[(?:[^\]]|\]\])*\](?:\.\[(?:[^\]]|\]\])*\])*")
_FORECAST = re.compile(r"f[A-Z]\w*:")
_REPEATED = re.compile(r":\d+$")
_TOKEN = re.compile(r"\{\{\s*[A-Za-z_][\w ]*\}\}")


def check_pills(calculations: Calculations) -> Iterator[Issue]:
    """Check the column instances and the references of every worksheet."""
    book = calculations.book
    for source in book.sources.values():
        for name, instance in source.instances.items():
            yield from _derivation(source.caption or source.name, name, instance)
    for sheet in book.sheets:
        yield from _instances(calculations, sheet)
        yield from _order_and_marks(book, sheet)
        yield from _shelves(book, sheet)
        for node, reference in _references(sheet):
            yield from _reference(book, sheet, node, reference)
        yield from _tooltips(book, sheet)


def _derivation(where: str, name: str, instance: Element) -> Iterator[Issue]:
    derivation = instance.get("derivation", "")
    if derivation in DERIVATIONS or derivation.startswith("Forecast"):
        expected = DERIVATIONS.get(derivation, "")
        is_named = name.startswith((":", "__tableau"))
        if expected and not is_named and not re.search(rf"(^|[:.]){re.escape(expected)}:", name):
            yield found("ci-name", where, instance, f"{name} is of {derivation}, its short name is {expected}")
        return
    known = {one.casefold() for one in DERIVATIONS}
    rule = "derivation" if WRONG.fullmatch(derivation) or derivation.casefold() in known else "derivation-new"
    yield found(rule, where, instance, f"{name} has the derivation {derivation!r}")


def _instances(calculations: Calculations, sheet: Sheet) -> Iterator[Issue]:
    for source_name, declared in sheet.declared.items():
        source = calculations.book.sources.get(source_name)
        for name, instance in declared.instances.items():
            yield from _derivation(sheet.name, name, instance)
            if source is None:
                continue
            column_name = plain(instance.get("column", ""))
            column = declared.columns.get(column_name) or source.column(column_name)
            if column is not None:
                yield from _level(calculations, source, column, sheet, instance)
            elif _is_gone(source, column_name):
                reason = f"{name} is of the column {column_name}, which does not exist"
                yield found("ci-column", sheet.name, instance, reason, _of_nothing(calculations.book))


def _is_gone(source: Source, name: str) -> bool:
    free = name.casefold() in FREE_NAMES or name.startswith((":", "__tableau")) or name.endswith("(generated)")
    return source.is_described and not free and name.casefold() not in source.known


def _of_nothing(book: Book) -> Severity | None:
    """How grave a pill of a field that exists nowhere is: Tableau saves what is left of a deleted one, and opens it."""
    return None if book.build is None else "warning"


def _level(
    calculations: Calculations, source: Source, column: Column, sheet: Sheet, instance: Element
) -> Iterator[Issue]:
    if column.formula is None:
        return
    level, derivation = calculations.level(source, column), instance.get("derivation", "")
    named = column.caption or column.name
    if derivation == "User" and level is Level.ROW:
        yield found("usr-on-rowlevel", sheet.name, instance, f"User of {named}, which is of the rows")
    if level in (Level.AGGREGATE, Level.TABLE):
        if derivation in AGGREGATING:
            yield found("double-agg", sheet.name, instance, f"{derivation} of {named}, which aggregates itself")
        elif derivation == "None":
            yield found("aggregate-none", sheet.name, instance, f"None of {named}, which aggregates")


def _order_and_marks(book: Book, sheet: Sheet) -> Iterator[Issue]:
    table = sheet.element.find("table")
    tags = [] if table is None else [node.tag for node in table]
    for shelf in ("rows", "cols"):
        if shelf in tags and "panes" in tags and tags.index(shelf) < tags.index("panes"):
            yield found("order", sheet.name, table.find(shelf), f"{shelf} stands before panes")
    for pane in sheet.element.iterfind("table/panes/pane"):
        mark, encodings = pane.find("mark"), pane.find("encodings")
        if mark is not None and mark.get("class") not in MARKS:
            yield found("mark-class", sheet.name, mark, f"there is no mark {mark.get('class')!r}")
        for encoding in () if encodings is None or not book.is_judged else encodings:
            if encoding.tag not in ENCODINGS:
                yield found("encoding", sheet.name, encoding, f"there is no encoding {encoding.tag!r}")


def _shelves(book: Book, sheet: Sheet) -> Iterator[Issue]:
    for shelf in ("rows", "cols"):
        node = sheet.element.find(f"table/{shelf}")
        text = "" if node is None else node.text or ""
        for token in _TOKEN.findall(text):
            yield found("token", sheet.name, node, f"{token} is left over")
        between = _REFERENCE.sub("x", text)
        if "[[" in text and between.count("]"):
            yield found("brackets", sheet.name, node, f"brackets of {text} do not match")
        elif re.search(r"x\s+x|x\s*\(|\)\s*x|\)\s*\(", between) and "x" in between and not book.is_old:
            yield found("shelf", sheet.name, node, f"pills stand side by side: {text}")


def _references(sheet: Sheet) -> Iterator[tuple[Element, str]]:
    for shelf in ("rows", "cols"):
        node = sheet.element.find(f"table/{shelf}")
        for reference in () if node is None else _REFERENCE.findall(node.text or ""):
            yield node, reference
    for encoding in sheet.element.iterfind("table/panes/pane/encodings/*"):
        if encoding.get("column"):
            yield encoding, encoding.get("column")
    for node in sheet.element.iterfind("table/view/filter"):
        if node.get("column"):
            yield node, node.get("column")


def _reference(book: Book, sheet: Sheet, node: Element, reference: str) -> Iterator[Issue]:
    names = names_in(reference)
    if len(names) == 2 and names[0] == PARAMETERS and node.tag in ("rows", "cols"):
        yield found("param-on-shelf", sheet.name, node, f"{reference} is a parameter")
    if len(names) != 2 or names[0] in FREE_SOURCES or _is_free(names[1]):
        return
    source, column = book.sources.get(names[0]), _column(sheet, names)
    is_text = _derived(sheet, names) == "None" and names[1].endswith(":nk") and node.tag in ("rows", "cols")
    if is_text and column is not None and column.datatype in ("date", "datetime"):
        yield found("date-as-text", sheet.name, node, f"{reference} is a date, shown as names")
    if source is None:
        reason = f"{reference}: there is no data source {names[0]}"
        yield found("pill-source", sheet.name, node, reason, _of_nothing(book))
    elif not _is_declared(sheet, source, names[1]):
        is_sure = source.is_tabular and _has_field(source, names[1])  # cubes have pills of other shapes too
        severity = None if is_sure else _of_nothing(book)
        yield found("pill", sheet.name, node, f"{reference} ({node.tag}) is not declared in the sheet", severity)


def _has_field(source: Source, pill: str) -> bool:
    """True when `pcto:sum:kwh:qk:2` is of a field of the source, or of one that the file does not describe."""
    parts = _REPEATED.sub("", pill).split(":")
    return any(not _is_gone(source, ":".join(parts[start:-1] or parts)) for start in range(len(parts)))


def _is_free(pill: str) -> bool:
    name = pill.casefold()
    inner = name.split(":")[1] if name.count(":") >= 2 else name
    return (
        name.startswith(":")
        or name in FREE_NAMES
        or inner in FREE_NAMES
        or "__tableau" in name
        or _FORECAST.match(pill) is not None
    )


def _is_declared(sheet: Sheet, source: Source, pill: str) -> bool:
    declared = sheet.declared.get(source.name)
    once = _REPEATED.sub("", pill)
    instances = set(source.instances) | (set(declared.instances) if declared else set())
    if {pill, once} & instances:
        return True
    if declared and pill in declared.columns:
        return True
    return pill in source.others or (not source.is_tabular and pill in source.columns)


def _tooltips(book: Book, sheet: Sheet) -> Iterator[Issue]:
    aggregation = sheet.element.find("table/view/aggregation")
    shown = {names_in(reference) for node, reference in _references(sheet) if node.tag not in ("tooltip", "filter")}
    is_aggregated = aggregation is not None and aggregation.get("value") == "true"
    if not is_aggregated or not any(_derived(sheet, names) not in ("", "None") for names in shown):
        return
    for tooltip in sheet.element.iterfind("table/panes/pane/encodings/tooltip"):
        names = names_in(tooltip.get("column", ""))
        column = _column(sheet, names)
        is_discrete = _derived(sheet, names) == "None" and names[-1].endswith((":nk", ":ok"))
        is_split = names in shown  # every mark has one value of what the view is split by
        if is_discrete and not is_split and book.is_judged and (column is None or column.role != "measure"):
            reason = f"{tooltip.get('column')} is a raw dimension in an aggregated view"
            yield found("tooltip-dimension", sheet.name, tooltip, reason)


def _derived(sheet: Sheet, names: tuple[str, ...]) -> str:
    declared = sheet.declared.get(names[0]) if names else None
    instance = declared.instances.get(names[-1]) if declared else None
    return "" if instance is None else str(instance.get("derivation", ""))


def _column(sheet: Sheet, names: tuple[str, ...]) -> Column | None:
    declared = sheet.declared.get(names[0]) if names else None
    instance = declared.instances.get(names[-1]) if declared else None
    return None if declared is None or instance is None else declared.columns.get(plain(instance.get("column", "")))
