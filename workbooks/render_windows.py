"""Windows: a sheet without one is dropped, a dashboard whose window lacks a viewpoint does not load."""

from workbooks.elements import Element, element
from workbooks.ids import simple_id
from workbooks.model import Dashboard, Sheet, Story, Workbook

WIDE = "2147483647"
"""Size of a strip that is as long as it needs to be."""


def windows(workbook: Workbook) -> Element:
    """Render a window for every sheet, dashboard and story; the first dashboard is the tab that opens."""
    shown = {sheet.name for dashboard in workbook.dashboards for sheet in dashboard.sheets}
    made = [_sheet_window(sheet, sheet.name in shown) for sheet in workbook.sheets]
    made += [_board_window(board, number == 0) for number, board in enumerate(workbook.dashboards)]
    made += [
        _board_window(story, not workbook.dashboards and number == 0) for number, story in enumerate(workbook.stories)
    ]
    return element("windows", {"source-height": 30}, *made)


def _sheet_window(sheet: Sheet, hidden: bool) -> Element:
    left = _edge("left", ("160", ("pages", "filters", "marks")))
    top = _edge("top", (WIDE, ("columns",)), (WIDE, ("rows",)), ("31", ("title",)))
    return element(
        "window",
        {"class": "worksheet", "hidden": hidden or None, "name": sheet.name},
        element("cards", None, left, top),
        element("viewpoint", None, _zoom()),
        _identity(sheet.name),
    )


def _board_window(board: Dashboard | Story, opens: bool) -> Element:
    sheets = board.sheets if isinstance(board, Dashboard) else ()
    viewpoints = [element("viewpoint", {"name": sheet.name}, _zoom()) for sheet in sheets]
    return element(
        "window",
        {"class": "dashboard", "maximized": opens or None, "name": board.name},
        element("viewpoints", None, *viewpoints),
        element("active", {"id": -1}),
        _identity(board.name),
    )


def _edge(name: str, *strips: tuple[str, tuple[str, ...]]) -> Element:
    made = [
        element("strip", {"size": size}, *(element("card", {"type": card}) for card in cards)) for size, cards in strips
    ]
    return element("edge", {"name": name}, *made)


def _zoom() -> Element:
    return element("zoom", {"type": "entire-view"})


def _identity(name: str) -> Element:
    return element("simple-id", {"uuid": simple_id("window", name)})
