"""A data source: connection to its extract, metadata, columns, folders, object graph.

Five pieces must agree, or Tableau strips fields without a word: relation, metadata records, columns, object graph, and
what each sheet declares. Here they come from one place (reference, section 7.2).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workbooks.elements import USER, Element, element, group, text_element
from workbooks.ids import connection_id, object_id
from workbooks.instances import Instance
from workbooks.model import Parameter, SpecError
from workbooks.palettes import Palette
from workbooks.render_fields import column, column_instance, parameter_column, parameter_dependencies
from workbooks.resolving import Known, Names
from workbooks.tree import bracketed


@dataclass(frozen=True)
class Colored:
    """A pill whose members have fixed colours, and the pills along which it runs when it is a table calculation."""

    pill: Instance
    palette: Palette
    along: tuple[Instance, ...] = ()


Catalogue = Mapping[str, str]
"""Columns of an extract and their types, in order, as hyperd's catalogue names them: `{"meter_id": "TEXT", …}`."""

LOCAL_TYPES = {
    "TEXT": "string",
    "SMALLINT": "integer",
    "INT": "integer",
    "BIGINT": "integer",
    "DOUBLE": "real",
    "BOOL": "boolean",
    "DATE": "date",
    "TIMESTAMP": "datetime",
}
REMOTE = {
    "string": ("129", "Count"),
    "integer": ("20", "Sum"),
    "real": ("5", "Sum"),
    "boolean": ("11", "Count"),
    "date": ("133", "Year"),
    "datetime": ("135", "Year"),
}
"""Local type to remote type and aggregation, as files that Tableau saved have them (reference, section 7.4)."""


def data_source(
    names: Names,
    catalogue: Catalogue,
    file: str,
    *,
    version: str = "18.1",
    colors: Iterable[Colored] = (),
    linked: Iterable[Known] = (),
) -> Element:
    """Render a data source of a workbook.

    Parameters
    ----------
    names : Names
        The data source, resolved.
    catalogue : Catalogue
        What is really in the extract.
    file : str
        Path of the extract as the workbook is to find it, with `/`.
    version : str
        Of the format.
    colors : iterable of Colored
        Members with fixed colours.
    linked : iterable of Known
        Fields that filter actions hand over.

    Raises
    ------
    SpecError
        When a field is not in the extract, or is of another type there.
    """
    attributes = {"caption": names.source.caption, "inline": True, "name": names.id, "version": version}
    return element("datasource", attributes, *parts_of(names, catalogue, file, colors, linked))


def parts_of(
    names: Names,
    catalogue: Catalogue,
    file: str,
    colors: Iterable[Colored] = (),
    linked: Iterable[Known] = (),
) -> list[Element]:
    """Render what a data source holds, in the order of the schema; arguments and errors as for `data_source`."""
    check_catalogue(names, catalogue)
    colored = list(colors)
    known = sorted(names.known.values(), key=lambda one: one.name)
    used = {caption for one in known for caption in one.parameters}
    parts = [
        _connection(names, catalogue, file),
        element("aliases", {"enabled": "yes"}),
        *(column(one, described=True) for one in known),
        _table_column(names),
        *(column_instance(one) for one in _declared(colored)),
        *(_linked_group(one) for one in linked),
        _folders(known),
        element("layout", {"dim-ordering": "alphabetic", "measure-ordering": "alphabetic", "show-structure": True}),
        _colors(colored),
        element("date-options", {"start-of-week": "monday"}),
        parameter_dependencies(names.parameters[caption] for caption in sorted(used)),
        _object_graph(names),
    ]
    return [part for part in parts if part is not None]


def parameters_source(parameters: Iterable[Parameter], version: str = "18.1") -> Element:
    """Render the data source that holds the parameters."""
    attributes = {"hasconnection": False, "inline": True, "name": "Parameters", "version": version}
    columns = [parameter_column(parameter) for parameter in parameters]
    return element("datasource", attributes, element("aliases", {"enabled": "yes"}), *columns)


def check_catalogue(names: Names, catalogue: Catalogue) -> None:
    """Refuse a field that is not in the extract as its spec says; errors as for `data_source`."""
    for one in names.source.fields:
        found = LOCAL_TYPES.get(catalogue.get(one.name, ""))
        if one.name not in catalogue:
            raise SpecError(one.place, f"{names.source.name}.hyper has no column {one.name} for [{one.caption}]")
        if found != one.datatype:
            raise SpecError(one.place, f"{one.name} is {catalogue[one.name]} in the extract, not {one.datatype}")


def action_group(known: Known) -> str:
    """Give the name of the hidden group through which a filter action reaches a field."""
    return bracketed(f"Action ({known.caption})")


def _connection(names: Names, catalogue: Catalogue, file: str) -> Element:
    hyper = connection_id("hyper", names.source.name)
    connection = {
        "authentication": "auth-none",
        "author-locale": "en_US",
        "class": "hyper",
        "dbname": file,
        "default-settings": "yes",
        "server": "",
        "sslmode": "",
        "username": "tableau_internal_user",
    }
    named = element(
        "named-connection", {"caption": names.source.name, "name": hyper}, element("connection", connection)
    )
    records = [_record(names, *pair, ordinal) for ordinal, pair in enumerate(catalogue.items())]
    return element(
        "connection",
        {"class": "federated"},
        element("named-connections", None, named),
        _relation(names),
        element("metadata-records", None, *records),
    )


def _relation(names: Names) -> Element:
    hyper = connection_id("hyper", names.source.name)
    return element(
        "relation", {"connection": hyper, "name": "Extract", "table": "[Extract].[Extract]", "type": "table"}
    )


def _record(names: Names, name: str, hyper_type: str, ordinal: int) -> Element:
    local = LOCAL_TYPES.get(hyper_type)
    if local is None:
        raise SpecError(names.source.place, f"{name} is {hyper_type} in the extract, for which there is no rule")
    remote, aggregation = REMOTE[local]
    texts = {
        "remote-name": name,
        "remote-type": remote,
        "local-name": bracketed(name),
        "parent-name": "[Extract]",
        "remote-alias": name,
        "ordinal": str(ordinal),
        "local-type": local,
        "aggregation": aggregation,
        "contains-null": "true",
    }
    made = [text_element(tag, text) for tag, text in texts.items()]
    if local == "string":
        made.append(element("collation", {"flag": "0", "name": "binary"}))
    made.append(text_element("object-id", bracketed(object_id(names.source.name))))
    return element("metadata-record", {"class": "column"}, *made)


def _table_column(names: Names) -> Element:
    name = f"[__tableau_internal_object_id__].{bracketed(object_id(names.source.name))}"
    attributes = {"caption": "Extract", "datatype": "table", "name": name, "role": "measure", "type": "quantitative"}
    return element("column", attributes)


def _linked_group(known: Known) -> Element:
    members = element("groupfilter", {"function": "level-members", "level": known.name})
    attributes = {
        "caption": f"Action ({known.caption})",
        "hidden": True,
        "name": action_group(known),
        "name-style": "unqualified",
        USER + "auto-column": "sheet_link",
    }
    return element("group", attributes, element("groupfilter", {"function": "crossjoin"}, members))


def _folders(known: Iterable[Known]) -> "Element | None":
    found: dict[str, list[Element]] = {}
    for one in known:
        if one.spec.folder and not getattr(one.spec, "hidden", False):
            found.setdefault(one.spec.folder, []).append(element("folder-item", {"name": one.name, "type": "field"}))
    return group("folders-common", (element("folder", {"name": name}, *found[name]) for name in sorted(found)))


def _declared(colored: Iterable[Colored]) -> list[Instance]:
    """Give the pills that the colours need, each once, by name."""
    pills = {pill.name: pill for one in colored for pill in (one.pill, *one.along)}
    return [pills[name] for name in sorted(pills)]


def _colors(colored: Iterable[Colored]) -> "Element | None":
    encodings = [
        element(
            "encoding",
            {"attr": "color", "field": one.pill.name, "type": "palette"},
            *(
                element("map", {"to": color}, text_element("bucket", member_text(member)))
                for member, color in one.palette.members
            ),
        )
        for one in colored
    ]
    return element("style", None, element("style-rule", {"element": "mark"}, *encodings)) if encodings else None


def member_text(member: str | bool | int) -> str:
    """Write a member of a dimension: text in double quotes, the rest bare."""
    if isinstance(member, str):
        return '"' + member.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(member).lower()


def _object_graph(names: Names) -> Element:
    properties = element("properties", {"context": ""}, _relation(names))
    made = element("object", {"caption": "Extract", "id": object_id(names.source.name)}, properties)
    return element("object-graph", None, element("objects", None, made))
