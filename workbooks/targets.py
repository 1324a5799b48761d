"""One spec, three targets: what a target or the data at hand does not allow is left out, never broken."""

from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass, replace

from workbooks.instances import lay_out
from workbooks.model import Action, Dashboard, DataSource, Sheet, Story, Workbook, Zone
from workbooks.resolving import Names, names_of


@dataclass(frozen=True)
class Target:
    """Where a workbook is to open.

    Attributes
    ----------
    name : str
        As the command calls it.
    version : str
        Of the format; `18.1` opens in 2021.1 and later.
    is_public : bool
        For Tableau Public: no script, nothing private, one packaged file.
    """

    name: str
    version: str
    is_public: bool = False


TARGETS = {one.name: one for one in (Target("desktop", "18.1"), Target("26.1", "26.1"), Target("public", "18.1", True))}

Change = Callable[[Sheet], Sheet | None]


def fit(
    workbook: Workbook, target: Target, present: Collection[str], blank: Mapping[str, Set[str]] | None = None
) -> tuple[Workbook | None, list[str]]:
    """Leave out what cannot be shown.

    Parameters
    ----------
    workbook : Workbook
        The whole spec.
    target : Target
        Where it is to open.
    present : collection of str
        Names of the extracts that are there.
    blank : mapping of str to set of str, optional
        Columns without any value, by extract: `Facts.blank`.

    Returns
    -------
    (Workbook or None, list of str)
        The workbook, None when no sheet is left; and a line for each sheet that was left out, with the reason.
    """
    names = {source.name: names_of(source, workbook.parameters) for source in workbook.sources}
    sources = {name: _public(one) if target.is_public else one.source for name, one in names.items()}
    reasons = {
        sheet.name: _absence(sheet, names[sheet.source.name], present, blank or {})
        or _refusal(sheet, names[sheet.source.name], target)
        for sheet in workbook.sheets
    }

    def change(sheet: Sheet) -> Sheet | None:
        return None if reasons[sheet.name] else replace(sheet, source=sources[sheet.source.name])

    fitted = _changed(workbook, change)
    told = [f"{name}: left out, {reason}" for name, reason in reasons.items() if reason]
    return (fitted if fitted.sheets else None), told


def _absence(sheet: Sheet, names: Names, present: Collection[str], blank: Mapping[str, Set[str]]) -> str:
    if sheet.source.name not in present:
        return f"there is no {sheet.source.name}.hyper with rows"
    needed = {caption: getattr(names.find(caption, sheet.place).spec, "name", "") for caption in sheet.needs}
    lacking = [caption for caption, name in needed.items() if name in blank.get(sheet.source.name, ())]
    return f"no row of {sheet.source.name}.hyper has a {lacking[0]}" if lacking else ""


def _refusal(sheet: Sheet, names: Names, target: Target) -> str:
    if not target.is_public:
        return ""
    if sheet.source.is_private:
        return f"{sheet.source.caption} is not for the public"
    laid = lay_out(sheet, names)
    scripts = [one.caption for one in names.closure(pill.known.caption for pill in laid.every) if one.is_script]
    return f"Tableau Public refuses the script in [{scripts[0]}]" if scripts else ""


def _public(names: Names) -> DataSource:
    """Give a data source without its scripts."""
    kept = tuple(one for one in names.source.calculations if not names.known[one.caption].is_script)
    return replace(names.source, calculations=kept)


def _changed(workbook: Workbook, change: Change) -> Workbook:
    """Put other sheets in the place of those of a workbook, everywhere; what is left without a sheet goes."""
    boards = {board.name: _board(board, change) for board in workbook.dashboards}
    stories = [_story(story, boards, change) for story in workbook.stories]
    return replace(
        workbook,
        dashboards=tuple(board for board in boards.values() if _has_views(board)),
        stories=tuple(story for story in stories if story.points),
        alone=tuple(made for sheet in workbook.alone if (made := change(sheet))),
    )


def _board(board: Dashboard, change: Change) -> Dashboard:
    layout = _zone(board.layout, change) or Zone("blank", place=board.layout.place)
    made = [_action(action, change) for action in board.actions]
    return replace(board, layout=layout, actions=tuple(action for action in made if action))


def _has_views(board: Dashboard) -> bool:
    """Say whether a page shows more than single numbers: the line that says how sure they are is no page."""
    return any(sheet.columns or sheet.rows for sheet in board.sheets)


def _zone(zone: Zone, change: Change) -> Zone | None:
    if zone.zones:
        kept = tuple(made for one in zone.zones if (made := _zone(one, change)))
        return replace(zone, zones=kept) if kept else None
    if isinstance(zone.of, Sheet):
        sheet = change(zone.of)
        return replace(zone, of=sheet) if sheet else None
    return zone


def _action(action: Action, change: Change) -> Action | None:
    sheet = change(action.sheet)
    targets = tuple(made for target in action.targets if (made := change(target)))
    if sheet is None or (action.kind == "filter" and not targets):
        return None
    return replace(action, sheet=sheet, targets=targets)


def _story(story: Story, boards: dict[str, Dashboard], change: Change) -> Story:
    points = []
    for caption, shown in story.points:
        made = boards[shown.name] if isinstance(shown, Dashboard) else change(shown)
        if made and (not isinstance(made, Dashboard) or _has_views(made)):
            points.append((caption, made))
    return replace(story, points=tuple(points))
