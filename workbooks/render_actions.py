"""Actions: what happens on a dashboard when marks are chosen. A filter action has a part on each target too.

They stand in the workbook, not in the dashboard: filter and highlight actions, what they use, then parameter actions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from workbooks.elements import Element, element
from workbooks.ids import action_id
from workbooks.instances import Laid
from workbooks.model import Action, Dashboard, SpecError, Workbook
from workbooks.render_fields import column
from workbooks.render_worksheet import source_link
from workbooks.resolving import Known, Names, nearest, parameter_reference
from workbooks.tree import bracketed


@dataclass(frozen=True)
class Wired:
    """An action with what its names mean."""

    action: Action
    dashboard: Dashboard
    name: str
    field: Known
    names: Names


def wire(workbook: Workbook, laid: Mapping[str, Laid]) -> list[Wired]:
    """Resolve every action of a workbook, in the order of its dashboards.

    Raises
    ------
    SpecError
        For a sheet that is not on the dashboard, a target of another data source, a field that is not there, a second
        action of that caption (Tableau keeps one of them).
    """
    found: list[Wired] = []
    for board in workbook.dashboards:
        for action in board.actions:
            if action.caption in {one.action.caption for one in found}:
                raise SpecError(action.place, f"there is a second action {action.caption!r}")
            names = laid[action.sheet.name].names if action.sheet.name in laid else None
            if names is None:
                raise SpecError(action.place, f"{action.sheet.name!r} is not in the workbook")
            _check(action, board)
            name = action_id(len(found) + 1, action.caption)
            found.append(Wired(action, board, name, names.find(action.field, action.place), names))
    return found


def links_to(sheet: str, wired: Sequence[Wired]) -> list[tuple[Known, str]]:
    """Give the filter actions of which a sheet is a target: field and action."""
    return [(one.field, one.name) for one in wired if sheet in {target.name for target in one.action.targets}]


def actions(wired: Sequence[Wired], laid: Mapping[str, Laid]) -> "Element | None":
    """Render the actions of a workbook; None for none."""
    if not wired:
        return None
    plain = [_action(one) for one in wired if one.action.kind != "parameter"]
    changing = [_parameter_action(one, laid) for one in wired if one.action.kind == "parameter"]
    return element("actions", None, *plain, *_used(wired), *changing)


def _check(action: Action, board: Dashboard) -> None:
    there = {sheet.name for sheet in board.sheets}
    for sheet in (action.sheet, *action.targets):
        if sheet.name not in there:
            raise SpecError(action.place, f"{sheet.name!r} is not on {board.name!r}{nearest(sheet.name, there)}")
        if sheet.source.name != action.sheet.source.name:
            raise SpecError(action.place, f"{sheet.name!r} has another data source than {action.sheet.name!r}")
        if "," in sheet.name:
            raise SpecError(action.place, f"{sheet.name!r}: Tableau lists sheets of an action with commas")


def _action(one: Wired) -> Element:
    is_filter = one.action.kind == "filter"
    return element(
        "action",
        {"caption": one.action.caption, "name": one.name},
        _activation(True),
        _source(one),
        _link(one) if is_filter else None,
        _filter_command(one) if is_filter else _highlight_command(one),
    )


def _activation(clears: bool | None) -> Element:
    return element("activation", {"auto-clear": clears, "type": "on-select"})


def _source(one: Wired) -> Element:
    return element("source", {"dashboard": one.dashboard.name, "type": "sheet", "worksheet": one.action.sheet.name})


def _link(one: Wired) -> Element:
    target = quote(f"{bracketed(one.names.id)}.{one.field.name}", safe=".")
    attributes = {
        "caption": one.action.caption,
        "delimiter": ",",
        "escape": "\\",
        "expression": f"tsl:{quote(one.dashboard.name, safe='')}?{target}~s0=<{one.field.name}~na>",
        "include-null": True,
        "multi-select": True,
        "url-escape": True,
    }
    return element("link", attributes)


def _filter_command(one: Wired) -> Element:
    targets = {sheet.name for sheet in one.action.targets}
    excluded = [sheet.name for sheet in one.dashboard.sheets if sheet.name not in targets]
    return _command("tsc:tsl-filter", {"exclude": ",".join(excluded), "target": one.dashboard.name})


def _highlight_command(one: Wired) -> Element:
    return _command("tsc:brush", {"field-captions": one.field.caption, "target": one.dashboard.name})


def _command(name: str, given: Mapping[str, str]) -> Element:
    params = [element("param", {"name": key, "value": value}) for key, value in given.items() if value]
    return element("command", {"command": name}, *params)


def _used(wired: Sequence[Wired]) -> list[Element]:
    """Declare the fields that filter actions hand over."""
    by_source: dict[str, list[Wired]] = {}
    for one in wired:
        if one.action.kind == "filter":
            by_source.setdefault(one.names.id, []).append(one)
    if not by_source:
        return []
    links = [source_link(found[0].names) for _, found in sorted(by_source.items())]
    made = [element("datasources", None, *links)]
    for source_id, found in sorted(by_source.items()):
        known = {one.field.name: one.field for one in found}
        columns = [column(known[name]) for name in sorted(known)]
        made.append(element("datasource-dependencies", {"datasource": source_id}, *columns))
    return made


def _parameter_action(one: Wired, laid: Mapping[str, Laid]) -> Element:
    pills = [pill for pill in laid[one.action.sheet.name].shown if pill.known.caption == one.action.field]
    if not pills:
        raise SpecError(one.action.place, f"[{one.action.field}] is not on {one.action.sheet.name!r}")
    if one.action.parameter not in one.names.parameters:
        raise SpecError(
            one.action.place,
            f"no parameter [{one.action.parameter}]{nearest(one.action.parameter, one.names.parameters)}",
        )
    cleared = one.action.cleared
    given = {"source-field": pills[0].ref, "target-parameter": parameter_reference(one.action.parameter)}
    return element(
        "edit-parameter-action",
        {"caption": one.action.caption, "name": one.name},
        _activation(None),
        _source(one),
        element("agg-type", {"type": "attr"}),
        element(
            "clear-option",
            {"type": "assign-fixed-value" if cleared else "do-nothing", "value": f"s:LROOT:{cleared}"},
        ),
        element("params", None, *(element("param", {"name": key, "value": value}) for key, value in given.items())),
    )
