"""Windows, dashboards, zones, stories and actions: what must name what. Reference, sections 11 to 14."""

from collections import Counter
from collections.abc import Iterator

from workbooks.checker_book import Book
from workbooks.checker_rules import Issue, found
from workbooks.elements import Element

CONTROL_MODES = ("compact", "slider", "type_in")


def check_dashboards(book: Book) -> Iterator[Issue]:
    """Check names, windows, zones, sizes, stories and actions."""
    if not book.is_workbook:
        return
    yield from _names(book)
    yield from _windows(book)
    for dashboard in book.dashboards:
        yield from _zones(book, dashboard)
        yield from _size(dashboard)
        yield from _story(book, dashboard)
    yield from _simple_ids(book)
    yield from _actions(book)


def _names(book: Book) -> Iterator[Issue]:
    elements = [*(sheet.element for sheet in book.sheets), *book.dashboards]
    seen: set[str] = set()
    for element in elements:
        name = element.get("name", "")
        if name in seen:
            yield found("dup-name", name, element, "another sheet or dashboard has this name")
        seen.add(name)


def _windows(book: Book) -> Iterator[Issue]:
    windows = {window.get("name"): window for window in book.root.iterfind("windows/window")}
    for element in (*(sheet.element for sheet in book.sheets), *book.dashboards):
        if element.get("name") not in windows:
            yield found("window", element.get("name", ""), element, f"this {element.tag} has no window")
    for dashboard in book.dashboards:
        window = windows.get(dashboard.get("name"))
        if window is not None and dashboard.get("type") != "storyboard":
            yield from _viewpoints(dashboard, window)


def _viewpoints(dashboard: Element, window: Element) -> Iterator[Issue]:
    seen = {viewpoint.get("name") for viewpoint in window.iter("viewpoint")}
    for zone in _sheet_zones(dashboard):
        if zone.get("name") not in seen:
            reason = f"its window has no viewpoint for {zone.get('name')!r}"
            yield found("viewpoint", dashboard.get("name", ""), window, reason)


def _sheet_zones(dashboard: Element) -> list[Element]:
    zones = dashboard.iterfind("zones//zone")
    return [zone for zone in zones if zone.get("name") and not zone.get("type-v2") and not zone.get("type")]


def _zones(book: Book, dashboard: Element) -> Iterator[Issue]:
    name = dashboard.get("name", "")
    sheets = {sheet.name for sheet in book.sheets}
    sheet_zones = _sheet_zones(dashboard)
    for zone in dashboard.iterfind("zones//zone"):
        if zone.get("name") and zone.get("name") not in sheets and not _is_free(zone):
            severity = None if zone in sheet_zones else "warning"
            reason = f"zone {zone.get('id')} shows {zone.get('name')!r}, which is no worksheet"
            yield found("zone-ref", name, zone, reason, severity)  # type: ignore[arg-type]
        if zone.get("type-v2") == "paramctrl" and not zone.get("mode"):
            yield found("paramctrl-mode", name, zone, f"the parameter control {zone.get('param')} has no mode")
        if zone.get("type") and book.is_judged:
            yield found("zone-type", name, zone, f"zone {zone.get('id')} has the old type={zone.get('type')!r}")
    yield from _zone_ids(dashboard)


def _is_free(zone: Element) -> bool:
    """Zones whose name is no sheet: containers, texts and objects that a user has named."""
    kind = zone.get("type-v2") or zone.get("type") or ""
    return kind not in ("", "filter", "color", "size", "shape", "map", "highlighter", "currpage")


def _zone_ids(dashboard: Element) -> Iterator[Issue]:
    for zones in dashboard.iterfind("zones"):
        ids = Counter(zone.get("id") for zone in zones.iter("zone"))
        for zone in zones.iter("zone"):
            if ids[zone.get("id")] > 1:
                reason = f"{ids.pop(zone.get('id'))} zones have the id {zone.get('id')}"
                yield found("zone-id", dashboard.get("name", ""), zone, reason)


def _size(dashboard: Element) -> Iterator[Issue]:
    size = dashboard.find("size")
    if size is None or size.get("sizing-mode") != "fixed":
        return
    for side in ("width", "height"):
        least, most = size.get(f"min{side}"), size.get(f"max{side}")
        if least and most and least != most:
            reason = f"fixed, but the {side} is {least} to {most}"
            yield found("fixed-size", dashboard.get("name", ""), size, reason)


def _story(book: Book, dashboard: Element) -> Iterator[Issue]:
    names = {sheet.name for sheet in book.sheets} | {one.get("name") for one in book.dashboards}
    for point in dashboard.iter("story-point"):
        captured = point.get("captured-sheet")
        if captured and captured not in names:
            reason = f"point {point.get('caption') or point.get('id')!r} shows {captured!r}, which does not exist"
            yield found("story-ref", dashboard.get("name", ""), point, reason)


def _simple_ids(book: Book) -> Iterator[Issue]:
    if not book.is_judged or not {"SheetIdentifierTracking", "ManifestByVersion"} & book.manifest:
        return
    for element in (*(sheet.element for sheet in book.sheets), *book.dashboards):
        if element.find("simple-id") is None:
            yield found("simple-id", element.get("name", ""), element, f"this {element.tag} has no simple-id")


def _actions(book: Book) -> Iterator[Issue]:
    for place in ("dashboard", "worksheet"):
        for actions in book.root.iterfind(f".//{place}/actions"):
            yield found("action-place", actions.getparent().get("name", ""), actions, f"actions within a {place}")
    actions = book.root.find("actions")
    if actions is None:
        return
    tags = [action.tag for action in actions]
    if "edit-parameter-action" in tags and "edit-group-action" in tags[tags.index("edit-parameter-action") :]:
        yield found("order", "actions", actions, "edit-group-action stands after edit-parameter-action")
    captions = Counter(action.get("caption") for action in actions.iterfind("edit-parameter-action"))
    for caption in [caption for caption, count in captions.items() if caption and count > 1]:
        yield found("action-twice", caption, actions, f"{captions[caption]} parameter actions have this caption")
    yield from _action_sources(book, actions)


def _action_sources(book: Book, actions: Element) -> Iterator[Issue]:
    names = {sheet.name for sheet in book.sheets} | {one.get("name") for one in book.dashboards}
    for source in actions.iter("source"):
        for name in (source.get("worksheet"), source.get("dashboard")):
            if name and name not in names:
                where = source.getparent().get("caption") or source.getparent().get("name", "")
                yield found("action-ref", where, source, f"starts from {name!r}, which does not exist")
