"""A story: points that show dashboards or sheets one after the other."""

from workbooks.elements import Element, element, formatted_text
from workbooks.ids import simple_id
from workbooks.layout import WHOLE
from workbooks.model import Dashboard, SpecError, Story
from workbooks.render_dashboard import fixed_size

TITLE, CAPTIONS = 4_500, 10_000
"""Height of the title and of the row of captions, of 100,000."""


def story(spec: Story) -> Element:
    """Render a story.

    Raises
    ------
    SpecError
        For a dashboard that is larger than the story, which would be cut off.
    """
    for _, shown in spec.points:
        if isinstance(shown, Dashboard) and (shown.width > spec.width or shown.height > _room(spec)):
            raise SpecError(
                spec.place,
                f"{shown.name!r} is {shown.width} x {shown.height} px, the story has room for "
                f"{spec.width} x {_room(spec)}",
            )
    root = element("zone", {"id": 2, "type-v2": "layout-basic", "x": 0, "y": 0, "w": WHOLE, "h": WHOLE}, _column(spec))
    return element(
        "dashboard",
        {"name": spec.name, "type": "storyboard"},
        element("layout-options", None, element("title", None, formatted_text([(spec.name, {"fontsize": 15})]))),
        element("style"),
        fixed_size(spec.width, spec.height),
        element("zones", None, root),
        element("simple-id", {"uuid": simple_id("dashboard", spec.name)}),
    )


def _room(spec: Story) -> int:
    """Give the height that is left for what a point shows [px]."""
    return round(spec.height * (WHOLE - TITLE - CAPTIONS) / WHOLE)


def _column(spec: Story) -> Element:
    wide = {"x": 0, "w": WHOLE}
    points = [
        element("story-point", {"caption": caption, "captured-sheet": shown.name, "id": number})
        for number, (caption, shown) in enumerate(spec.points, 1)
    ]
    board = element(
        "flipboard",
        {"active-id": 1, "nav-type": "caption", "show-nav-arrows": True},
        element("story-points", None, *points),
    )
    navigation = {"id": 4, "type-v2": "flipboard-nav", "paired-zone-id": 5, "is-fixed": True, "removable": False}
    flipboard = {"id": 5, "type-v2": "flipboard", "paired-zone-id": 4, "removable": False}
    rest = WHOLE - TITLE - CAPTIONS
    return element(
        "zone",
        {"id": 1, "type-v2": "layout-flow", "param": "vert", "removable": False, "y": 0, "h": WHOLE, **wide},
        element("zone", {"id": 3, "type-v2": "title", "y": 0, "h": TITLE, **wide}),
        element("zone", {**navigation, "y": TITLE, "h": CAPTIONS, **wide}),
        element("zone", {**flipboard, "y": TITLE + CAPTIONS, "h": rest, **wide}, board),
    )
