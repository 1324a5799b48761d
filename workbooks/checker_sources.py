"""Data sources: connections, object graph, agreement with the extract, names; parameters. Reference, 6 and 7."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache

from workbooks.calculation import parameters_of, parse
from workbooks.checker_book import Book, Declared, Sheet, Source, declared_in, names_in, plain
from workbooks.checker_rules import Issue, found
from workbooks.elements import Element
from workbooks.tokens import CalculationError
from workbooks.tree import PARAMETERS

Catalogue = Mapping[str, Mapping[str, str]]
"""What is really in the extracts: `dbname` of the connection to all its columns with their types, as hyperd names them:
`{"Data/Extracts/daily.hyper": {"meter_id": "TEXT", …}}`."""

LOCAL_TYPES = {
    "string": ("TEXT", "VARCHAR", "CHAR", "BYTES", "JSON"),
    "integer": ("SMALL_INT", "INT", "BIG_INT", "OID"),
    "real": ("DOUBLE", "NUMERIC", "SMALL_INT", "INT", "BIG_INT"),
    "date": ("DATE",),
    "datetime": ("TIMESTAMP", "TIMESTAMP_TZ", "TIME"),
    "boolean": ("BOOL",),
    "spatial": ("TABLEAU.TABGEOGRAPHY", "BYTES"),
}
"""Tableau's types to those of hyperd that are read so."""


def check_sources(book: Book, catalogue: Catalogue | None = None) -> Iterator[Issue]:
    """Check connections, object graphs, columns and parameters.

    Parameters
    ----------
    book : Book
        The workbook.
    catalogue : Catalogue or None
        Columns of its extracts; None: not looked at.
    """
    for source in book.sources.values():
        if source.name == PARAMETERS:
            continue
        yield from _connections(book, source)
        yield from _object_graph(book, source)
        yield from _collisions(source)
        yield from _extracts(source, catalogue or {})
    yield from _parameters(book)


def _where(source: Source) -> str:
    return source.caption or source.name


def _connections(book: Book, source: Source) -> Iterator[Issue]:
    named = {node.get("name") for node in source.element.iter("named-connection")}
    for relation in source.element.iter("relation"):
        connection = relation.get("connection")
        if connection and named and connection not in named:
            reason = f"relation {relation.get('name')!r} is of the connection {connection!r}, which does not exist"
            yield found("relation-conn", _where(source), relation, reason)
    for connection in source.element.iterfind("connection"):
        if connection.get("class") == "hyper" and book.is_judged:
            yield found("bare-hyper", _where(source), connection, "a hyper connection that is in no federated one")
        for path in _missing_files(book, connection):
            yield found("package-file", _where(source), connection, f"{path} is not in the package")


def _missing_files(book: Book, element: Element) -> Iterator[str]:
    members = book.document.members
    for connection in element.iter("connection"):
        path = connection.get("dbname", "").replace("\\", "/")
        is_packaged = path.startswith("Data/") and path.lower().endswith((".hyper", ".tde"))
        if members is not None and is_packaged and path not in members:
            yield path


def _object_graph(book: Book, source: Source) -> Iterator[Issue]:
    federated = source.element.find("connection[@class='federated']")
    if federated is None or book.is_old:
        return
    graph = source.element.find("object-graph")
    is_ours = book.build is None and book.is_workbook  # a data source alone need not say what saved it
    has_model = is_ours or bool({"ObjectModelEncapsulateLegacy", "ManifestByVersion"} & book.manifest)
    if graph is None:
        if has_model and federated.find("relation") is not None:
            yield found("object-graph", _where(source), source.element, "this data source has no object-graph")
        return
    ids = {node.get("id") for node in graph.iter("object")}
    for node in source.element.iter("object-id"):
        if plain(node.text or "") not in ids and (node.text or "").strip():
            column = node.getparent().findtext("local-name", "")
            reason = f"{column} is of the object {node.text}, which is not in the object-graph"
            yield found("object-id", _where(source), node, reason)
    for column in source.element.iterfind("column[@datatype='table']"):
        names = names_in(column.get("name", ""))
        if len(names) == 2 and names[1] not in ids:
            reason = f"the table {names[1]} is not in the object-graph"
            yield found("object-id", _where(source), column, reason, None if book.build is None else "warning")


def _collisions(source: Source) -> Iterator[Issue]:
    physical = {name.casefold() for name in source.physical}
    for column in source.columns.values():
        if column.formula is None or column.name in source.physical:
            continue  # an extract materialises calculations under their own names
        for name in {column.name, column.caption}:
            if name.casefold() in physical and not _is_recaptioned(source, name):
                yield found("calc-name", _where(source), column.element, f"{name} is also a column of the data")


def _is_recaptioned(source: Source, name: str) -> bool:
    """True when the column of the data that has this name is shown under another one."""
    own = source.columns.get(name)
    return own is not None and own.formula is None and own.caption not in ("", name)


def _extracts(source: Source, catalogue: Catalogue) -> Iterator[Issue]:
    is_joined = len(list(source.element.iter("named-connection"))) > 1
    for connection in source.element.iter("connection"):
        columns = catalogue.get(connection.get("dbname", ""))
        if columns is None or (is_joined and connection.getparent().tag == "named-connection"):
            continue
        home = connection if connection.find("metadata-records") is not None else source.element.find("connection")
        for record in () if home is None else home.iterfind("metadata-records/metadata-record[@class='column']"):
            yield from _record(source, record, columns, connection.get("dbname", ""))
        if not is_joined:
            yield from _columns_of_nothing(source, columns)


def _record(source: Source, record: Element, columns: Mapping[str, str], file: str) -> Iterator[Issue]:
    name, local = record.findtext("remote-name", ""), plain(record.findtext("local-name", ""))
    if not local:
        return  # a column of a type that Tableau cannot use
    kind = columns.get(name) or columns.get(local)
    if kind is None:
        yield found("hyper-schema", _where(source), record, f"{name} is not in {file}")
        return
    said = record.findtext("local-type", "")
    base = kind.upper().partition("(")[0]
    if said in LOCAL_TYPES and base not in LOCAL_TYPES[said]:
        yield found("hyper-type", _where(source), record, f"{name} is {kind} in {file}, the workbook says {said}")


def _columns_of_nothing(source: Source, columns: Mapping[str, str]) -> Iterator[Issue]:
    """Fields that are neither calculated nor in the metadata nor in the extract."""
    for column in declared_in(source.element).columns.values():
        is_plain = column.element.find("calculation") is None and column.datatype != "table"
        is_free = (
            column.name.startswith(":") or column.name == "Number of Records" or column.name.endswith("(generated)")
        )
        if is_plain and not is_free and column.name not in source.physical | source.others | set(columns):
            reason = f"{column.name} is neither calculated nor in the extract"
            yield found("hyper-schema", _where(source), column.element, reason)


def _parameters(book: Book) -> Iterator[Issue]:
    source = book.sources.get(PARAMETERS)
    for column in source.columns.values() if source else ():
        node, name = column.element, column.caption or column.name
        domain = node.get("param-domain-type")
        if domain is not None and domain not in ("any", "list", "range"):
            yield found("param-domain", name, node, f"param-domain-type is {domain!r}")
        members = {member.get("value") for member in node.iterfind("members/member")}
        if domain == "list" and members and node.get("value") not in members:
            yield found("param-value", name, node, f"{node.get('value')} is not in its list")
    yield from _stubs(book)
    for sheet in book.sheets:
        yield from _undeclared(sheet)
    for dashboard in book.dashboards:
        yield from _uncontrolled(dashboard)


def _stubs(book: Book) -> Iterator[Issue]:
    path = f".//datasource[@name='{PARAMETERS}']/column | .//datasource-dependencies[@datasource='{PARAMETERS}']/column"
    nodes = book.root.xpath(path)
    counts = Counter(node.get("name") for node in nodes)
    for node in nodes:
        if counts[node.get("name")] > 1 and not node.get("value") and node.get("param-domain-type") != "any":
            yield found("param-stub", node.get("name", ""), node, "declared more than once, here without a value")


def _undeclared(sheet: Sheet) -> Iterator[Issue]:
    known = sheet.declared.get(PARAMETERS, Declared({}, {})).columns
    columns = [column for declared in sheet.declared.values() for column in declared.columns.values()]
    users = {name: column for column in reversed(columns) for name in _used(column.formula) if name not in known}
    for name, column in sorted(users.items()):
        reason = f"{column.caption or column.name} uses the parameter {name}, which the sheet does not declare"
        yield found("param-declared", sheet.name, column.element, reason)


@lru_cache(maxsize=4096)
def _used(formula: str | None) -> frozenset[str]:
    try:
        return frozenset(field.names[-1] for field in parameters_of(parse(formula))) if formula else frozenset()
    except CalculationError:
        return frozenset()


def _uncontrolled(dashboard: Element) -> Iterator[Issue]:
    known: set[str] = set()
    for node in dashboard.iterfind(f"datasource-dependencies[@datasource='{PARAMETERS}']"):
        known |= set(declared_in(node).columns)
    for zone in dashboard.iterfind("zones//zone[@type-v2='paramctrl']"):
        name = zone.get("param", "").rpartition("].")[2]
        if plain(name) not in known:
            reason = f"the control of {zone.get('param')} is of a parameter that the dashboard does not declare"
            yield found("param-declared", dashboard.get("name", ""), zone, reason)


def extracts_of(root: Element) -> tuple[str, ...]:
    """List the `.hyper` files that a workbook's connections name, as they name them."""
    names = (connection.get("dbname", "") for connection in root.iter("connection"))
    return tuple(dict.fromkeys(name for name in names if name.lower().endswith(".hyper")))
