"""A dashboard: nested zones with ids that occur once, controls, filters and legends with what they refer to."""

from collections.abc import Iterator, Mapping
from itertools import count

from workbooks.elements import Element, element, formatted_text
from workbooks.ids import simple_id
from workbooks.instances import Instance, Laid, instance_of
from workbooks.layout import Box, coordinates, divide
from workbooks.model import Dashboard, Parameter, Sheet, SpecError, Zone
from workbooks.render_fields import dependencies, parameter_dependencies
from workbooks.render_worksheet import source_link
from workbooks.resolving import nearest, parameter_reference

MARGIN = 4
"""Around every leaf, as Tableau itself puts it. [px]"""
TITLE_POINTS = 14
"""From this size on, text is a title and bold. [pt]"""


def dashboard(spec: Dashboard, laid: Mapping[str, Laid], parameters: Mapping[str, Parameter]) -> Element:
    """Render a dashboard.

    Parameters
    ----------
    spec : Dashboard
        As its author wrote it.
    laid : mapping of str to Laid
        The workbook's sheets, by name.
    parameters : mapping of str to Parameter
        The workbook's parameters, by caption.

    Raises
    ------
    SpecError
        For a control of no parameter, a quick filter of what the sheet does not filter, a sheet that is there twice.
    """
    _check_once(spec)
    numbers = count(2)
    box = Box(0, 0, spec.width, spec.height)
    inner = _zone(spec, spec.layout, box, numbers, laid, parameters)
    root = element("zone", {"id": 1, "type-v2": "layout-basic", "x": 0, "y": 0, "w": 100_000, "h": 100_000}, inner)
    return element(
        "dashboard",
        {"name": spec.name},
        element("style"),
        fixed_size(spec.width, spec.height),
        *_dependencies(spec, laid, parameters),
        element("zones", None, root),
        element("simple-id", {"uuid": simple_id("dashboard", spec.name)}),
    )


def fixed_size(width: int, height: int) -> Element:
    """Render a fixed size; least and most are equal, or Tableau stops with an assertion."""
    sides = {"maxheight": height, "maxwidth": width, "minheight": height, "minwidth": width}
    return element("size", {**sides, "sizing-mode": "fixed"})


def _check_once(spec: Dashboard) -> None:
    names = [sheet.name for sheet in spec.sheets]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SpecError(spec.place, f"{spec.name!r} shows {twice[0]!r} twice")


def _zone(
    spec: Dashboard,
    zone: Zone,
    box: Box,
    numbers: "count[int]",
    laid: Mapping[str, Laid],
    parameters: Mapping[str, Parameter],
) -> Element:
    attributes: dict[str, object] = {"id": next(numbers), **coordinates(box, spec.width, spec.height)}
    if zone.pixels:
        attributes |= {"is-fixed": True, "fixed-size": zone.pixels}
    if zone.zones:
        param = "horz" if zone.kind == "across" else "vert"
        parts = zip(zone.zones, divide(box, zone), strict=True)
        inner = [_zone(spec, one, own, numbers, laid, parameters) for one, own in parts]
        return element("zone", {**attributes, "type-v2": "layout-flow", "param": param}, *inner)
    text = _text(zone) if zone.kind == "text" else None
    margin = element("zone-style", None, element("format", {"attr": "margin", "value": MARGIN}))
    return element("zone", attributes | _leaf(zone, laid, parameters), text, margin)


def _leaf(zone: Zone, laid: Mapping[str, Laid], parameters: Mapping[str, Parameter]) -> dict[str, object]:
    if zone.kind == "control":
        caption = str(zone.of)
        if caption not in parameters:
            raise SpecError(zone.place, f"no parameter [{caption}]{nearest(caption, parameters)}")
        mode = zone.mode or _mode(parameters[caption])
        return {"type-v2": "paramctrl", "param": parameter_reference(caption), "mode": mode}
    if isinstance(zone.of, Sheet):
        return _of_sheet(zone, laid[zone.of.name])
    return {"type-v2": "text" if zone.kind == "text" else "empty"}


def _mode(parameter: Parameter) -> str:
    """Give how a control looks when its spec does not say: without one at all the workbook would not load."""
    if parameter.choices:
        return "compact"
    return "type_in" if parameter.low is None else "slider"


def _of_sheet(zone: Zone, laid: Laid) -> dict[str, object]:
    name = laid.sheet.name
    if zone.kind == "sheet":
        return {"name": name, "show-title": None if laid.sheet.title else False}
    one = _referred(zone, laid)
    if zone.kind == "filter":
        return {"name": name, "type-v2": "filter", "param": one.ref, "mode": zone.mode or "checkdropdown"}
    pane = 0 if laid.sheet.overlay is None else 1
    return {"name": name, "type-v2": "color", "param": one.ref, "pane-specification-id": pane}


def _referred(zone: Zone, laid: Laid) -> Instance:
    """Give the pill of a quick filter or legend, which must be one of the sheet's."""
    if zone.pill is None:
        raise SpecError(zone.place, f"{laid.sheet.name!r} has nothing on colour for a legend")
    one = instance_of(zone.pill, laid.names, zone.place)
    offered = [of for _, of in laid.filters] if zone.kind == "filter" else [*laid.shelves["color"]]
    for own in offered:
        if own.name == one.name:
            return own
    raise SpecError(zone.place, f"{laid.sheet.name!r} has no {zone.kind} of [{one.known.caption}]")


def _text(zone: Zone) -> Element:
    look = {"bold": zone.size >= TITLE_POINTS or None, "fontsize": zone.size, "fontcolor": "#333333"}
    return formatted_text([(str(zone.of), look)])


def _dependencies(
    spec: Dashboard, laid: Mapping[str, Laid], parameters: Mapping[str, Parameter]
) -> Iterator["Element | None"]:
    """Declare what controls, quick filters and legends of the dashboard itself refer to."""
    captions = sorted({str(zone.of) for zone in spec.layout.leaves() if zone.kind == "control"})
    pills: dict[str, dict[str, Instance]] = {}
    owners: dict[str, Laid] = {}
    for zone in spec.layout.leaves():
        if zone.kind in ("filter", "legend") and isinstance(zone.of, Sheet):
            owner = laid[zone.of.name]
            owners[owner.names.id] = owner
            one = _referred(zone, owner)
            pills.setdefault(owner.names.id, {})[one.name] = one
    if not captions and not pills:
        return
    links = [source_link(owners[name].names) for name in sorted(owners)]
    yield element("datasources", None, *links, element("datasource", {"name": "Parameters"}) if captions else None)
    yield parameter_dependencies(parameters[caption] for caption in captions)
    for name in sorted(owners):
        yield dependencies(owners[name].names, [pills[name][key] for key in sorted(pills[name])])
