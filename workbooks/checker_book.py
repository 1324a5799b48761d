"""An index of a workbook: its data sources with their fields, its sheets with what they declare, its dashboards."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from workbooks.checker_opening import Document
from workbooks.elements import Element
from workbooks.tree import PARAMETERS

CUBES = ("msolap", "essbase", "sapbw", "hyperion", "oracle-olap")
"""Connection classes whose fields are levels and members, not columns."""

FIRST_JUDGED = (2020, 2)
"""Every workbook of this build or later that was looked at obeys the schema and the manifest (reference, 1 and 5)."""

_STAMPED = re.compile(r"^(?:(20\d\d)(\d)|(\d+)(\d)\d\d)\.")
_BEFORE_RELEASE = re.compile(r"\b(?:0000|main)\.([1-9]\d)\.(\d\d)\d\d\.")
"""Year and month of a build that Tableau made between releases: `0.0.0 (0000.18.0322.2000)`, `main.18.0322.2000`."""

_NAMES = re.compile(r"\[((?:[^\]]|\]\])*)\]")


def names_in(reference: str) -> tuple[str, ...]:
    """`[ds].[sum:kwh:qk]` -> `("ds", "sum:kwh:qk")`; `]]` in a name is `]`."""
    return tuple(name.replace("]]", "]") for name in _NAMES.findall(reference))


def plain(reference: str) -> str:
    """`[kwh]` -> `kwh`; what has two names keeps its dot."""
    return ".".join(names_in(reference)) or reference


@dataclass(frozen=True)
class Column:
    """A field of a data source as the XML has it; `formula` is None for what is not calculated by a formula."""

    name: str
    caption: str
    datatype: str
    role: str
    formula: str | None
    element: Element


@dataclass(frozen=True)
class Declared:
    """What a sheet, dashboard or data source declares of a data source; by plain name."""

    columns: Mapping[str, Column]
    instances: Mapping[str, Element]


@dataclass(frozen=True)
class Source:
    """A data source.

    Attributes
    ----------
    columns : mapping
        Its own columns, then those that only sheets declare; by name.
    physical : frozenset of str
        Names in the metadata records.
    aggregated : frozenset of str
        Fields that the data source aggregates itself, as the rates of web statistics.
    others : frozenset of str
        Groups, sets, bins of it, drill paths, mapped names.
    instances : mapping
        Column instances at data source level.
    is_described : bool
        All its fields are in the file: what is not there does not exist.
    is_tabular : bool
        Neither a cube nor a published data source: a plain column is of the rows.
    """

    name: str
    caption: str
    element: Element
    columns: Mapping[str, Column]
    physical: frozenset[str]
    aggregated: frozenset[str]
    others: frozenset[str]
    instances: Mapping[str, Element]
    is_described: bool
    is_tabular: bool

    @cached_property
    def known(self) -> frozenset[str]:
        """Every name and caption that a formula may use, letter case put aside."""
        captions = {column.caption for column in self.columns.values() if column.caption}
        return frozenset(name.casefold() for name in {*self.columns, *self.physical, *self.others, *captions})

    def is_of_rows(self, name: str) -> bool:
        """Say whether a column has a value in each row, as far as it is no calculation."""
        return self.is_tabular and name not in self.aggregated

    def column(self, name: str) -> Column | None:
        """Find a column by name, else by caption; a column of the data goes before the caption of another."""
        if name in self.columns or name in self.physical or name in self.others:
            return self.columns.get(name)
        return self._by_caption.get(name.casefold())

    @cached_property
    def _by_caption(self) -> Mapping[str, Column]:
        found = {column.name.casefold(): column for column in self.columns.values()}
        return found | {column.caption.casefold(): column for column in self.columns.values() if column.caption}


@dataclass(frozen=True)
class Sheet:
    """A worksheet and what it declares of each data source."""

    name: str
    element: Element
    declared: Mapping[str, Declared]


@dataclass(frozen=True)
class Book:
    """A workbook, or a data source alone, ready to be checked."""

    document: Document
    sources: Mapping[str, Source]
    sheets: tuple[Sheet, ...]
    dashboards: tuple[Element, ...]

    @property
    def root(self) -> Element:
        """The `workbook` or `datasource` element."""
        return self.document.root

    @property
    def is_workbook(self) -> bool:
        """False for a data source alone."""
        return bool(self.root.tag == "workbook")

    @cached_property
    def build(self) -> tuple[int, ...] | None:
        """Tableau's version that saved the file, `(2021, 1)`; None where none did or it does not say."""
        said = self.root.get("source-build")
        if said is None:  # in data sources alone only the comment says
            said = _STAMPED.sub(lambda match: f"{match[1] or match[3]}.{match[2] or match[4]}.", self.document.stamp)
        before_release = _BEFORE_RELEASE.search(said)
        if before_release:
            return 2000 + int(before_release[1]), (int(before_release[2]) + 2) // 3
        match = re.match(r"(\d+)\.(\d+)", said)
        return (int(match[1]), int(match[2])) if match and int(match[1]) else None

    @cached_property
    def is_old(self) -> bool:
        """The format from before 2018."""
        match = re.match(r"(\d+)", self.root.get("version", ""))
        return match is not None and int(match[1]) < 18

    @cached_property
    def is_judged(self) -> bool:
        """Of the format that schema and manifest are known for.

        A data source that Tableau saved without a manifest is not: a server of 2023.1 gave out what an older Desktop
        had written, under its own build (`WorldIndicators.tdsx` of tabcmd 2.0.11).
        """
        if self.build is None:
            return not self.is_old
        return not self.is_old and self.build >= FIRST_JUDGED and (self.is_workbook or bool(self.manifest))

    @cached_property
    def manifest(self) -> frozenset[str]:
        """Items of the manifest."""
        items = self.root.find("document-format-change-manifest")
        return self.document.features | frozenset(() if items is None else (item.tag for item in items))


def index(document: Document) -> Book:
    """Index a document."""
    root = document.root
    top = [root] if root.tag == "datasource" else root.findall("datasources/datasource")
    sheets = tuple(_sheet(element) for element in root.iterfind("worksheets/worksheet"))
    declared = list(root.iter("datasource-dependencies"))
    sources = {source.name: source for source in (_source(element, declared) for element in top)}
    if PARAMETERS not in sources and any(one.get("datasource") == PARAMETERS for one in declared):
        stub = root.makeelement("datasource", {"name": PARAMETERS})
        sources[PARAMETERS] = _source(stub, declared)
    return Book(document, sources, sheets, tuple(root.iterfind("dashboards/dashboard")))


def _sheet(element: Element) -> Sheet:
    declared: dict[str, Declared] = {}
    for node in element.iterfind("table/view/datasource-dependencies"):
        declared[node.get("datasource", "")] = declared_in(node)
    return Sheet(element.get("name", ""), element, declared)


def declared_in(element: Element) -> Declared:
    """Read the columns and column instances right below an element."""
    columns = (_column(node) for node in element.iterfind("column"))
    instances = {plain(node.get("name", "")): node for node in element.iterfind("column-instance")}
    return Declared({column.name: column for column in columns}, instances)


def _column(element: Element) -> Column:
    calculation = element.find("calculation")
    is_formula = calculation is not None and calculation.get("class", "tableau") == "tableau"
    return Column(
        plain(element.get("name", "")),
        element.get("caption", ""),
        element.get("datatype", ""),
        element.get("role", ""),
        calculation.get("formula") if is_formula else None,
        element,
    )


def _source(element: Element, declared: Iterable[Element]) -> Source:
    name = element.get("name") or element.get("formatted-name", "")
    own = declared_in(element)
    columns = dict(own.columns)
    instances = dict(own.instances)
    groups = {plain(node.get("name", "")) for node in element.iterfind("group")}
    for node in declared:
        if node.get("datasource") == name:
            columns = {**declared_in(node).columns, **columns}
            groups |= {plain(one.get("name", "")) for one in node.iterfind("group")}
    records = [record for record in element.iter("metadata-record") if record.get("class") == "column"]
    physical = frozenset(plain(record.findtext("local-name", "")) for record in records)
    aggregated = {plain(one.findtext("local-name", "")) for one in records if one.findtext("aggregation") == "User"}
    aggregated |= {column.name for column in columns.values() if column.element.get("aggregation") == "User"}
    classes = {node.get("class", "") for node in element.iter("connection")}
    is_tabular = "sqlproxy" not in classes and not _is_cube(element, classes)
    others = frozenset(groups | _other_names(element))
    is_described = name == PARAMETERS or (is_tabular and bool(physical))
    caption = element.get("caption", "")
    of_fields = (columns, physical, frozenset(aggregated), others, instances)
    return Source(name, caption, element, *of_fields, is_described, is_tabular)


def _is_cube(element: Element, classes: Iterable[str]) -> bool:
    kinds = {record.get("class", "") for record in element.iter("metadata-record")}
    return bool(kinds & {"level", "hierarchy", "dimension", "measure"}) or any(one in CUBES for one in classes)


def _other_names(element: Element) -> set[str]:
    found = {plain(node.get("key", "")) for node in element.iterfind(".//cols/map")}
    found |= {plain(node.get("name", "")) for node in element.iterfind(".//drill-path")}
    return found | {node.get("name", "") for node in element.iterfind(".//drill-path")}
