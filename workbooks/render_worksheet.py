"""A worksheet: what it uses, what it filters, its marks, its shelves, in the order of the schema."""

from collections.abc import Iterable

from workbooks.elements import Element, element, formatted_text, text_element
from workbooks.ids import simple_id
from workbooks.instances import Instance, Laid
from workbooks.render_fields import dependencies, parameter_dependencies
from workbooks.render_filters import filters, linked_column, linked_filter, slices, sort
from workbooks.render_marks import panes, style
from workbooks.resolving import Known, Names

Link = tuple[Known, str]
"""A field and the internal name of the filter action that hands it over to the sheet."""


def worksheet(laid: Laid, links: Iterable[Link] = ()) -> Element:
    """Render a sheet.

    Parameters
    ----------
    laid : Laid
        The sheet, resolved.
    links : iterable of (Known, action)
        Filter actions of which it is a target.
    """
    table = element(
        "table",
        None,
        _view(laid, list(links)),
        style(laid),
        panes(laid),
        text_element("rows", _rows(laid)),
        text_element("cols", _shelf(laid.shelves["columns"], "/")),
    )
    identity = element("simple-id", {"uuid": simple_id("worksheet", laid.sheet.name)})
    return element("worksheet", {"name": laid.sheet.name}, _title(laid), table, identity)


def source_link(names: Names) -> Element:
    """Name a data source where it is used."""
    return element("datasource", {"caption": names.source.caption, "name": names.id})


def map_sources() -> Element:
    """Name Tableau's own background map, without which a map is a bare scatter of points."""
    return element("mapsources", None, element("mapsource", {"name": "Tableau"}))


def _title(laid: Laid) -> "Element | None":
    if not laid.sheet.title:
        return None
    text = formatted_text([(laid.fill(laid.sheet.title), {"bold": True, "fontsize": 11})])
    return element("layout-options", None, element("title", None, text))


def _view(laid: Laid, links: list[Link]) -> Element:
    parameters = [laid.names.parameters[caption] for caption in laid.parameters]
    shared = element("datasource", {"name": "Parameters"}) if parameters else None
    used = [one.ref for _, one in laid.filters] + [linked_column(known, laid.names.id) for known, _ in links]
    return element(
        "view",
        None,
        element("datasources", None, source_link(laid.names), shared),
        map_sources() if laid.is_map else None,
        parameter_dependencies(parameters),
        dependencies(laid.names, laid.every, (known.caption for known, _ in links)),
        *filters(laid),
        *(linked_filter(known, laid.names.id, action) for known, action in links),
        sort(laid),
        slices(used),
        element("aggregation", {"value": True}),
    )


def _rows(laid: Laid) -> str:
    above = laid.on("overlay")
    if above is None:
        return _shelf(laid.shelves["rows"], "*")
    *outer, last = laid.shelves["rows"]
    both = f"({last.ref} + {above.ref})"
    return f"({' * '.join([*(one.ref for one in outer), both])})" if outer else both


def _shelf(pills: Iterable[Instance], nest: str) -> str:
    """Write a shelf: dimensions nest, measures stand side by side; always in parentheses when there are several."""
    dimensions = [one.ref for one in pills if one.type != "quantitative"]
    axes = [one.ref for one in pills if one.type == "quantitative"]
    parts = [*dimensions, *([f"({' + '.join(axes)})"] if len(axes) > 1 else axes)]
    return parts[0] if len(parts) == 1 else f"({f' {nest} '.join(parts)})" if parts else ""
