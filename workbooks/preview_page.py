"""One page with all dashboards and stories, which needs nothing but itself: no address outside it, no server.

Controls work one at a time: the picture of each sheet is drawn beforehand for each choice of each parameter, the
others as at first. All combinations would be millions.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from workbooks.model import Dashboard, Parameter, Sheet, Story, Zone
from workbooks.preview_boards import POINT, Placed, placed
from workbooks.preview_book import Studio
from workbooks.preview_formats import shown_parameter
from workbooks.preview_pictures import sheet_svg
from workbooks.preview_png import png
from workbooks.preview_sql import Value
from workbooks.preview_svg import legend_svg, printable

LARGE_SVG = 40_000
"""From so many characters on a picture is a PNG: thousands of marks are smaller so, and faster. [characters]"""

PAGE_SCALE = 1.5
"""Of the PNGs in the page: sharp enough on dense screens, and half as large as those beside it."""

STOPS = 3
"""Positions of a slider that are drawn, its ends among them."""


@dataclass(frozen=True)
class PageOptions:
    """How much of the page works.

    Attributes
    ----------
    most_choices : int
        Choices of a parameter that are drawn; 0: none, the page stands still.
    """

    most_choices: int = 3


def page(studios: Sequence[Studio], options: PageOptions) -> str:
    """Write the page.

    Parameters
    ----------
    studios : sequence of Studio
        The workbooks.
    options : PageOptions
        How much of it works.
    """
    tabs, sections = [], []
    for studio in studios:
        tabs.append(f"<h2>{_safe(studio.book.name)}</h2>")
        for story in studio.book.stories:
            tabs.append(_tab(studio, story.name, "story"))
            sections.append(_story(studio, story))
        for board in studio.book.dashboards:
            tabs.append(_tab(studio, board.name, "board"))
            sections.append(_board(studio, board, options))
    return PAGE.format(style=STYLE, tabs="".join(tabs), sections="".join(sections), script=SCRIPT)


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


def _board(studio: Studio, board: Dashboard, options: PageOptions) -> str:
    zones = "".join(_zone(studio, one, options) for one in placed(board))
    size = f"width:{board.width}px;height:{board.height}px"
    return f'<section class="board" id="{_id(studio, board.name)}"><div style="{size}">{zones}</div></section>'


def _zone(studio: Studio, one: Placed, options: PageOptions) -> str:
    box = one.box
    place = f"left:{box.x:g}px;top:{box.y:g}px;width:{box.width:g}px;height:{box.height:g}px"
    return f'<div class="zone" style="{place}">{_inner(studio, one, options)}</div>'


def _inner(studio: Studio, one: Placed, options: PageOptions) -> str:
    zone, of = one.zone, one.zone.of
    if zone.kind == "text":
        weight = "bold" if zone.size >= 14 else "normal"
        return f'<p style="font-size:{zone.size * POINT:g}px;font-weight:{weight}">{_safe(str(of or ""))}</p>'
    if zone.kind == "control":
        return _control(studio, studio.parameters[str(of)], options)
    if isinstance(of, Sheet) and zone.kind in ("sheet", "legend"):
        return _image(studio, of, one, options)
    return _filter(zone) if zone.kind == "filter" else ""


def _filter(zone: Zone) -> str:
    caption = _safe(str(getattr(zone.pill, "caption", zone.pill)))
    return f"<label>{caption}<select disabled><option>(All)</option></select></label>"


def _control(studio: Studio, parameter: Parameter, options: PageOptions) -> str:
    states = ["", *_states(studio, parameter, options)]
    labels = [shown_parameter(parameter, studio.values)]
    labels += [shown_parameter(parameter, {parameter.caption: value}) for value in _others(studio, parameter, options)]
    listed = "".join(
        f'<option value="{_safe(state)}">{_safe(label)}</option>' for state, label in zip(states, labels, strict=True)
    )
    caption = _safe(parameter.caption)
    off = "" if len(states) > 1 else " disabled"
    return f'<label>{caption}<select data-parameter="{caption}"{off}>{listed}</select></label>'


def _others(studio: Studio, parameter: Parameter, options: PageOptions) -> list[Value]:
    """Give the values of a parameter that are drawn beside the one it has: its first choices, or stops of a slider."""
    offered: list[Value] = [value for value, _ in parameter.choices]
    if not offered and parameter.low is not None and parameter.high is not None:
        step = (parameter.high - parameter.low) / (STOPS - 1)
        offered = [round(parameter.low + step * number, 6) for number in range(STOPS)]
    now = studio.values.get(parameter.caption, parameter.value)
    return [value for value in offered if value != now][: options.most_choices]


def _states(studio: Studio, parameter: Parameter, options: PageOptions) -> list[str]:
    return [f"{parameter.caption}={value}" for value in _others(studio, parameter, options)]


def _image(studio: Studio, sheet: Sheet, one: Placed, options: PageOptions) -> str:
    pictures = dict(_pictures(studio, sheet, one, options))
    first = pictures.pop("")
    others = {state: picture for state, picture in pictures.items() if picture != first}
    more = f" data-states='{escape(json.dumps(others))}'" if others else ""
    what = sheet.title or sheet.name
    return f'<img src="{first}" alt="{_safe(what)}"{more}>'


def _pictures(studio: Studio, sheet: Sheet, one: Placed, options: PageOptions) -> Iterator[tuple[str, str]]:
    """Draw a sheet, or its legend, as it is and for each choice of the parameters that it depends on."""
    settings: list[tuple[str, dict[str, Value]]] = [("", {})]
    for caption in studio.laid[sheet.name].parameters:
        for value in _others(studio, studio.parameters[caption], options):
            settings.append((f"{caption}={value}", {caption: value}))
    for state, changed in settings:
        shown = studio.shown(sheet, changed)
        if one.zone.kind == "sheet":
            yield state, data_address(sheet_svg(shown, one.box.width, one.box.height))
        elif shown.marks is not None:
            yield state, data_address(legend_svg(shown.marks, one.box.width, one.box.height))
        elif not changed:
            yield state, "data:,"


def data_address(svg: str) -> str:
    """Write a picture into the page itself."""
    if len(svg) < LARGE_SVG:
        return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode("ascii")
    return "data:image/png;base64," + base64.b64encode(png(svg, PAGE_SCALE)).decode("ascii")


STYLE = """
body { margin: 0; font-family: Arial, Helvetica, sans-serif; color: #1b1b1b; background: #f3f3f3; display: flex; }
aside { width: 220px; padding: 12px; box-sizing: border-box; flex: none; }
aside h2 { font-size: 13px; margin: 18px 0 6px; color: #595959; }
aside p { font-size: 12px; color: #595959; }
button { font: inherit; font-size: 13px; cursor: pointer; }
button { border: 1px solid #ddd; background: white; border-radius: 3px; }
.tab { display: block; width: 100%; text-align: left; padding: 6px 8px; margin: 2px 0; }
.tab.story { font-weight: bold; }
button.now { background: #0072b2; color: white; border-color: #0072b2; }
main { padding: 12px; overflow-x: auto; }
section { display: none; }
section.now { display: block; }
.board > div { position: relative; background: white; box-shadow: 0 0 3px #bbb; margin-bottom: 12px; }
.zone { position: absolute; overflow: hidden; }
.zone img { width: 100%; height: 100%; display: block; }
.zone p { margin: 0; color: #333; }
label { font-size: 11px; color: #595959; display: block; }
select { display: block; font-size: 12px; width: 95%; max-width: 230px; margin-top: 3px; padding: 2px; }
.story nav { display: flex; gap: 6px; max-width: 1200px; margin-bottom: 12px; }
.point { flex: 1; padding: 8px; min-height: 64px; }
h1 { font-size: 20px; margin: 4px 0 10px; }
"""

SCRIPT = """
const sections = [...document.querySelectorAll("section")];
const buttons = [...document.querySelectorAll("button[data-to]")];
function show(id, story) {
  sections.forEach(one => one.classList.toggle("now", one.id === id || (story && one === story)));
  buttons.forEach(one => one.classList.toggle("now", one.dataset.to === id || (story && one.dataset.to === story.id)));
  if (!story) {
    const opened = sections.find(one => one.id === id);
    if (opened && opened.classList.contains("story")) show(opened.querySelector(".point").dataset.to, opened);
  }
}
buttons.forEach(one => one.addEventListener("click", () => show(one.dataset.to, one.closest("section.story"))));
const images = [...document.querySelectorAll("img")];
images.forEach(one => { one.first = one.src; one.states = JSON.parse(one.dataset.states || "{}"); });
const controls = [...document.querySelectorAll("select[data-parameter]")];
controls.forEach(control => control.addEventListener("change", () => {
  const state = control.value;
  controls.forEach(one => {
    one.value = one.dataset.parameter === control.dataset.parameter ? state : "";
    if (one.selectedIndex < 0) one.selectedIndex = 0;
  });
  images.forEach(one => { one.src = one.states[state] || one.first; });
}));
if (sections.length) show(sections[0].id);
"""

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Workbooks, drawn</title>
<style>{style}</style></head>
<body>
<aside>
<p>Drawn from the extracts by hyperwatt, without Tableau: the same formulas and filters, not the same pixels.
Controls work one at a time: choosing in one puts the others back.</p>
{tabs}
</aside>
<main>{sections}</main>
<script>{script}</script>
</body>
</html>
"""
