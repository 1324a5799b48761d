"""A whole workbook or data source as XML: the order of the schema, the manifest last, when all is known."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from lxml import etree  # type: ignore[import-untyped]

from workbooks.elements import USER, Element, document, element
from workbooks.instances import Laid, lay_out
from workbooks.manifest import manifest
from workbooks.model import DataSource, Parameter, SpecError, Workbook
from workbooks.render_actions import Wired, actions, links_to, wire
from workbooks.render_dashboard import dashboard
from workbooks.render_datasource import Catalogue, Colored, data_source, parameters_source, parts_of
from workbooks.render_story import story
from workbooks.render_windows import windows
from workbooks.render_worksheet import map_sources, worksheet
from workbooks.resolving import Known, names_of

NSMAP = {"user": USER[1:-1]}
BUILD = "0.0.0 (0000.0.0.0)"
"""What Tableau's own documentation writes for a file that no Tableau has saved."""


def render_workbook(
    workbook: Workbook, catalogues: Mapping[str, Catalogue], folder: str, version: str = "18.1"
) -> bytes:
    """Render a `.twb`.

    Parameters
    ----------
    workbook : Workbook
        The spec.
    catalogues : mapping of str to Catalogue
        What is in the extract of each data source, by its name.
    folder : str
        Where the workbook finds the extracts, with `/`: `Data/Extracts` in a package.
    version : str
        `18.1`, or a release such as `26.1`.

    Raises
    ------
    SpecError
        For anything in the spec that Tableau would refuse or silently change; with file and line.
    """
    _check_names(workbook)
    _check_sources(workbook)
    _check_parameters(workbook)
    names = {source.name: names_of(source, workbook.parameters) for source in workbook.sources}
    laid = {sheet.name: lay_out(sheet, names[sheet.source.name]) for sheet in workbook.sheets}
    wired = wire(workbook, laid)
    sources = [
        data_source(
            names[source.name],
            catalogues[source.name],
            _file(folder, source),
            version=version,
            colors=_colors(source, laid),
            linked=_linked(source, wired),
        )
        for source in workbook.sources
    ]
    parameters = {parameter.caption: parameter for parameter in workbook.parameters}
    boards = [dashboard(spec, laid, parameters) for spec in workbook.dashboards]
    parts = [
        element("preferences", None, element("preference", {"name": "ui.shelf.height", "value": 26})),
        element("datasources", None, parameters_source(workbook.parameters, version) if parameters else None, *sources),
        map_sources() if any(one.is_map for one in laid.values()) else None,
        actions(wired, laid),
        element("worksheets", None, *(worksheet(one, links_to(name, wired)) for name, one in laid.items())),
        element("dashboards", None, *boards, *map(story, workbook.stories)) if boards or workbook.stories else None,
        windows(workbook),
    ]
    return _finished("workbook", _header(version), parts, version)


def render_data_source(source: DataSource, parameters: Iterable[Parameter], catalogue: Catalogue, folder: str) -> bytes:
    """Render a `.tds`; arguments and errors as for `render_workbook`.

    Calculations with a parameter stay in the workbooks: a `.tds` has no parameters.
    """
    known = names_of(source, parameters).known
    kept = tuple(one for one in source.calculations if not known[one.caption].parameters)
    names = names_of(replace(source, calculations=kept))
    attributes = {"formatted-name": names.id, "inline": "true", "source-platform": "win", "version": "18.1"}
    return _finished("datasource", attributes, parts_of(names, catalogue, _file(folder, source)), "18.1")


def _header(version: str) -> dict[str, str]:
    return {"original-version": version, "source-build": BUILD, "source-platform": "win", "version": version}


def _finished(tag: str, attributes: Mapping[str, str], parts: list["Element | None"], version: str) -> bytes:
    root = etree.Element(tag, nsmap=NSMAP)
    for name, value in sorted(attributes.items()):
        root.set(name, value)
    root.extend([part for part in parts if part is not None])
    root.insert(0, manifest(root, version))
    etree.cleanup_namespaces(root, top_nsmap=NSMAP, keep_ns_prefixes=["user"])
    return document(root)


def _file(folder: str, source: DataSource) -> str:
    return str(PurePosixPath(folder) / f"{source.name}.hyper")


def _check_names(workbook: Workbook) -> None:
    """Refuse two things of one name: the windows of sheets, dashboards and stories are one set."""
    seen: dict[str, object] = {}
    shown = [one for _, one in (point for story in workbook.stories for point in story.points)]
    sheets = [*workbook.alone, *(sheet for board in workbook.dashboards for sheet in board.sheets), *shown]
    for one in (*workbook.dashboards, *workbook.stories, *sheets):
        if seen.setdefault(one.name, one) is not one and seen[one.name] != one:
            raise SpecError(one.place, f"there is already something else named {one.name!r}")


def _check_sources(workbook: Workbook) -> None:
    """Refuse two specs of one data source: a workbook has it once."""
    seen = {source.name: source for source in workbook.sources}
    for sheet in workbook.sheets:
        if sheet.source != seen[sheet.source.name]:
            raise SpecError(sheet.place, f"{sheet.name!r} has another spec of {sheet.source.name} than other sheets")


def _check_parameters(workbook: Workbook) -> None:
    """Refuse two parameters of one name (the load fails), and a value that its own list or range does not have."""
    seen: set[str] = set()
    for one in workbook.parameters:
        if one.caption in seen:
            raise SpecError(one.place, f"there is a second parameter [{one.caption}]")
        seen.add(one.caption)
        if one.choices and one.value not in [value for value, _ in one.choices]:
            raise SpecError(one.place, f"[{one.caption}] is {one.value!r} at first, which is not in its list")
        if one.low is not None and one.high is not None and not one.low <= float(one.value) <= one.high:
            raise SpecError(one.place, f"[{one.caption}] is {one.value} at first, outside of {one.low} to {one.high}")


def _colors(source: DataSource, laid: Mapping[str, Laid]) -> list[Colored]:
    """Give the members of a data source that have fixed colours; they are the same on all its sheets."""
    found: dict[str, Colored] = {}
    for one in laid.values():
        color, palette = one.on("color"), one.sheet.palette
        if one.sheet.source.name != source.name or color is None or palette is None or not palette.members:
            continue
        made = Colored(color, palette, tuple(pill for pill in one.shown if pill.ref in color.order))
        if found.setdefault(color.name, made).palette != palette:
            raise SpecError(one.sheet.place, f"[{color.known.caption}] has other colours on another sheet")
    return [found[name] for name in sorted(found)]


def _linked(source: DataSource, wired: list[Wired]) -> list[Known]:
    found = {
        one.field.name: one.field
        for one in wired
        if one.action.kind == "filter" and one.names.source.name == source.name
    }
    return [found[name] for name in sorted(found)]
