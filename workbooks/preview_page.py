"""One page with all dashboards and stories, which needs nothing but itself: no address outside it, no server.

Pictures are drawn beforehand, for the combinations of choices that `preview_states` names; the page puts in the one
that was chosen, and says so where there is none.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import count

from workbooks.instances import Laid
from workbooks.model import Dashboard, Sheet, Story, Zone
from workbooks.preview_album import Album
from workbooks.preview_boards import POINT, Placed, placed
from workbooks.preview_book import Studio
from workbooks.preview_pictures import is_number, sheet_svg
from workbooks.preview_script import PAGE, SCRIPT, STYLE
from workbooks.preview_sql import Value
from workbooks.preview_states import Control, chosen, filter_caption, filtered_by, of_filter, of_parameter, states
from workbooks.preview_svg import legend_svg, printable

Tell = Callable[[int, int], object]


@dataclass(frozen=True)
class PageOptions:
    """How much of the page works.

    Attributes
    ----------
    most_choices : int
        Choices of a control that are drawn beside the one that holds at first; 0: none, the page stands still.
    most_pictures : int
        Combinations of choices for which a sheet is drawn: of five controls of three choices every pair (chosen); of
        numbers without a chart, which are small, twice as many.
    """

    most_choices: int = 2
    most_pictures: int = 52


def page(studios: Sequence[Studio], options: PageOptions, tell: Tell = lambda *_: None) -> str:
    """Write the page.

    Parameters
    ----------
    studios : sequence of Studio
        The workbooks.
    options : PageOptions
        How much of it works.
    tell : callable
        Told how many dashboards are drawn, and of how many.
    """
    numbers, whole = count(), sum(len(studio.book.dashboards) for studio in studios)
    album = Album()
    drawn: dict[tuple[object, ...], int] = {}
    tabs, sections, controls = [], [], {}
    for studio in studios:
        book = _Book(studio, options, album, drawn)
        tabs.append(f"<h2>{_safe(studio.book.name)}</h2>")
        for story in studio.book.stories:
            tabs.append(_tab(studio, story.name, "story"))
            sections.append(_story(studio, story))
        for board in studio.book.dashboards:
            tell(next(numbers), whole)
            tabs.append(_tab(studio, board.name, "board"))
            sections.append(book.board(board))
        controls[studio.book.name] = {one.key: one for one in book.controls.values()}
    data = {"pictures": album.pictures, "controls": _told(controls)}
    return PAGE.format(
        style=STYLE,
        tabs="".join(tabs),
        sections="".join(sections),
        data=json.dumps(data).replace("<", "\\u003c"),
        script=SCRIPT,
    )


def _told(controls: Mapping[str, Mapping[str, Control]]) -> dict[str, dict[str, object]]:
    """Give what the script knows of controls: where they begin, and how the command sets them."""
    return {
        book: {
            key: {
                "first": one.first,
                "settings": [f"{one.parameter}={value}" for value, _ in one.choices if one.parameter],
            }
            for key, one in own.items()
        }
        for book, own in controls.items()
    }


def _safe(text: str) -> str:
    return escape(printable(text))


def _id(studio: Studio, name: str) -> str:
    return _safe(f"{studio.book.name}/{name}")


def _tab(studio: Studio, name: str, kind: str) -> str:
    return f'<button class="tab {kind}" data-to="{_id(studio, name)}">{_safe(name)}</button>'


def _story(studio: Studio, story: Story) -> str:
    points = "".join(
        f'<button class="point" data-to="{_id(studio, shown.name)}">{_safe(caption)}</button>'
        for caption, shown in story.points
        if isinstance(shown, Dashboard)
    )
    name = _id(studio, story.name)
    return f'<section class="story" id="{name}"><h1>{_safe(story.name)}</h1><nav>{points}</nav></section>'


@dataclass
class _Book:
    """A workbook on its way to the page: what can be chosen in it, and the pictures of its sheets.

    Attributes
    ----------
    studio, options, album
        Where its sheets come from, how many are drawn, and where they go.
    drawn : dict
        What a picture shows to its place in the album, for all workbooks: a sheet may be in several.
    controls : dict of str to Control
        By key, in the order in which they are declared.
    """

    studio: Studio
    options: PageOptions
    album: Album
    drawn: dict[tuple[object, ...], int]
    controls: dict[str, Control] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in self.studio.book.parameters:
            self.controls[one.caption] = of_parameter(one, self.studio.values, self.options.most_choices)
        for board in self.studio.book.dashboards:
            for zone in board.layout.leaves():
                self._add_filter(zone)

    def _add_filter(self, zone: Zone) -> None:
        if zone.kind != "filter" or not isinstance(zone.of, Sheet) or self.options.most_choices == 0:
            return
        laid = self.studio.laid[zone.of.name]
        if one := filtered_by(zone, laid):
            control = of_filter(zone, laid, one, self.studio.members(zone.of, one), self.options.most_choices)
            self.controls[control.key] = control

    def board(self, board: Dashboard) -> str:
        """Write a dashboard."""
        zones = "".join(map(self._zone, placed(board)))
        size = f"width:{board.width}px;height:{board.height}px"
        name, book = _id(self.studio, board.name), _safe(self.studio.book.name)
        return f'<section class="board" id="{name}" data-book="{book}"><div style="{size}">{zones}</div></section>'

    def _zone(self, one: Placed) -> str:
        box = one.box
        place = f"left:{box.x:g}px;top:{box.y:g}px;width:{box.width:g}px;height:{box.height:g}px"
        return f'<div class="zone" style="{place}">{self._inner(one)}</div>'

    def _inner(self, one: Placed) -> str:
        zone, of = one.zone, one.zone.of
        if zone.kind == "text":
            weight = "bold" if zone.size >= 14 else "normal"
            return f'<p style="font-size:{zone.size * POINT:g}px;font-weight:{weight}">{_safe(str(of or ""))}</p>'
        if zone.kind == "control":
            return _select(self.controls[str(of)])
        if isinstance(of, Sheet) and zone.kind in ("sheet", "legend"):
            return self._picture(of, one)
        return self._filter(zone) if zone.kind == "filter" and isinstance(of, Sheet) else ""

    def _filter(self, zone: Zone) -> str:
        assert isinstance(zone.of, Sheet)
        pill = filtered_by(zone, self.studio.laid[zone.of.name])
        control = self.controls.get(f"{zone.of.name}/{pill.name}") if pill else None
        caption = f"{_safe(filter_caption(zone))}: a filter in Tableau only"
        return f'<p class="hint">{caption}</p>' if control is None else _select(control)

    def _picture(self, sheet: Sheet, one: Placed) -> str:
        """Give the place of a sheet's pictures, or of its legend's, and which one is for which choice."""
        laid = self.studio.laid[sheet.name]
        controls = self._controls_of(laid)
        drawn = {
            ",".join(map(str, state)): self._draw(sheet, one, *chosen(controls, state))
            for state in states(controls, self.options.most_pictures * (2 if is_number(laid) else 1))
        }
        what = {"controls": [control.key for control in controls], "states": drawn}
        kind = "picture legend" if one.zone.kind == "legend" else "picture"
        label = _safe(sheet.title or sheet.name)
        return f"<div class='{kind}' role='img' aria-label='{label}' data-shown='{escape(json.dumps(what))}'></div>"

    def _controls_of(self, laid: Laid) -> list[Control]:
        """Give what a sheet depends on, first what is on few pages: a page's own sliders matter most together."""
        own = {*laid.parameters, *(f"{laid.sheet.name}/{pill.name}" for _, pill in laid.filters)}
        found = [one for key, one in self.controls.items() if key in own and len(one.choices) > 1]
        boards = [
            {zone.of for zone in board.layout.leaves() if zone.kind == "control"}
            for board in self.studio.book.dashboards
        ]
        return sorted(found, key=lambda one: sum(one.parameter in board for board in boards))

    def _draw(self, sheet: Sheet, one: Placed, values: Mapping[str, Value], kept: Mapping[str, Value]) -> int:
        """Draw a sheet; what shows the same as before is that picture."""
        shown = self.studio.shown(sheet, values, kept)
        key = (one.zone.kind, one.box.width, one.box.height, shown.content)
        if key not in self.drawn:
            if one.zone.kind == "sheet":
                svg = sheet_svg(shown, one.box.width, one.box.height)
            else:
                svg = "" if shown.marks is None else legend_svg(shown.marks, one.box.width, one.box.height)
            self.drawn[key] = self.album.add(svg)
        return self.drawn[key]


def _select(control: Control) -> str:
    """Write a list to choose from; with one choice it is off."""
    listed = "".join(
        f'<option value="{place}"{" selected" if place == control.first else ""}>{_safe(label)}</option>'
        for place, (_, label) in enumerate(control.choices)
    )
    if control.left_out:
        listed += f"<option disabled>{control.left_out} more in Tableau</option>"
    off = "" if len(control.choices) > 1 else " disabled"
    key = _safe(control.key)
    return f'<label>{_safe(control.caption)}<select data-control="{key}"{off}>{listed}</select></label>'
