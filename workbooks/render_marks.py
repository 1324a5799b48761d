"""The panes of a sheet: marks, encodings, reference lines, labels, tooltips; and the formats around them."""

from collections.abc import Iterable

from workbooks.elements import Element, element, formatted_text, text_element
from workbooks.instances import Instance, Laid
from workbooks.model import Line, Overlay
from workbooks.palettes import Palette

BIG, SMALL = {"bold": True, "fontsize": 20, "fontcolor": "#1b1b1b"}, {"fontsize": 9, "fontcolor": "#595959"}
"""First line of a label's text, and the others: as read on a dashboard from a metre away. [pt]"""

SCOPES = {"columns": "cols", "rows": "rows"}
"""Tableau's names of the shelves, where a style speaks of an axis."""

STATISTICS = {"average": "average", "max": "max", "median": "median", "min": "min", "constant": "constant"}


def panes(laid: Laid) -> Element:
    """Render the panes: one, or three where a second measure lies over the first."""
    overlay = laid.sheet.overlay
    above = laid.on("overlay")
    if overlay is None or above is None:
        return element("panes", None, _pane(laid, laid.sheet.mark))
    first = {"id": 1, "y-axis-name": laid.shelves["rows"][-1].ref}
    second = {"id": 2, "y-axis-name": above.ref}
    return element(
        "panes",
        None,
        _pane(laid, laid.sheet.mark, lines=False),
        _pane(laid, laid.sheet.mark, first),
        _overlay_pane(laid, overlay, second),
    )


def style(laid: Laid) -> Element:
    """Render the style of a sheet: axes, colours of a measure, number formats of marks, then of headers and axes."""
    axes = [
        (one, scope) for shelf, scope in SCOPES.items() for one in laid.shelves[shelf] if one.type == "quantitative"
    ]
    on_axes = {one.name for one, _ in axes}
    formats = [one for one in laid.every if one.format]
    ramp = _ramp(laid)
    rules = {
        "axis": _axes(axes, laid.on("overlay")),
        "mark": [] if ramp is None else [ramp],
        "cell": [_format(one, one.format) for one in formats],
        "label": [
            *(_format(one, one.format) for one in formats if one.name not in on_axes),
            *(_format(one, one.ticks) for one, _ in axes if one.ticks),
        ],
    }
    return element(
        "style", None, *(element("style-rule", {"element": kind}, *own) for kind, own in rules.items() if own)
    )


def _axes(axes: Iterable[tuple[Instance, str]], second: Instance | None) -> list[Element]:
    """Render scales and titles of axes; the axis of a second measure has the first one's scale and is out of sight."""
    common = {"attr": "space", "class": "0", "field-type": "quantitative", "type": "space"}
    scales = [
        element("encoding", common | {"field": one.ref, "scale": one.scale, "scope": scope})
        for one, scope in axes
        if one.scale
    ]
    titles = [
        element("format", {"attr": "title", "class": "0", "field": one.ref, "scope": scope, "value": one.title})
        for one, scope in axes
        if one.title is not None
    ]
    synchronised = [] if second is None else _synchronised(second)
    return [*scales, *synchronised, *titles]


def _synchronised(second: Instance) -> list[Element]:
    common = {"class": "0", "field": second.ref, "scope": "rows"}
    space = {"attr": "space", "field-type": "quantitative", "fold": True, "synchronized": True, "type": "space"}
    return [element("encoding", common | space), element("format", common | {"attr": "display", "value": False})]


def _format(one: Instance, format: str) -> Element:
    return element("format", {"attr": "text-format", "field": one.ref, "value": format})


def _ramp(laid: Laid) -> "Element | None":
    palette, color = laid.sheet.palette, laid.on("color")
    if palette is None or color is None or len(palette.ramp) < 2:
        return None
    colors = [text_element("color", color) for color in palette.ramp]
    kind = "ordered-diverging" if palette.diverging else "ordered-sequential"
    attributes = {"attr": "color", "center": palette.center, "field": color.ref, "type": "custom-interpolated"}
    return element(
        "encoding", attributes, element("color-palette", {"custom": True, "name": "", "type": kind}, *colors)
    )


def _pane(laid: Laid, mark: str, attributes: dict[str, object] | None = None, lines: bool = True) -> Element:
    sheet = laid.sheet
    labelled = mark == "Text" or laid.on("label") is not None
    return element(
        "pane",
        {"selection-relaxation-option": "selection-relaxation-allow", **(attributes or {})},
        element("view", None, element("breakdown", {"value": "auto"})),
        element("mark", {"class": mark}),
        element("mark-sizing", {"mark-sizing-setting": "marks-scaling-off"}) if mark == "Square" else None,
        _encodings(laid),
        *(_line(number, line, one) for number, (line, one) in enumerate(laid.lines) if lines),
        _text("customized-tooltip", [(laid.fill(sheet.says), {})]) if sheet.says else None,
        _text("customized-label", _label_runs(laid.fill(sheet.text))) if sheet.text else None,
        _mark_style(sheet.palette, sheet.mark_size, labelled, culled=mark != "Text"),
    )


def _overlay_pane(laid: Laid, overlay: Overlay, attributes: dict[str, object]) -> Element:
    lod = [element("lod", {"column": one.ref}) for one in laid.shelves["detail"] if not one.is_aggregate]
    return element(
        "pane",
        {"selection-relaxation-option": "selection-relaxation-allow", **attributes},
        element("view", None, element("breakdown", {"value": "auto"})),
        element("mark", {"class": overlay.mark}),
        element("encodings", None, *lod) if lod else None,
        _mark_style(Palette((overlay.color,)), 0),
    )


def _encodings(laid: Laid) -> "Element | None":
    tags = {"color": "color", "size": "size", "label": "text", "detail": "lod", "tooltip": "tooltip"}
    made = [element(tag, {"column": one.ref}) for shelf, tag in tags.items() for one in laid.shelves[shelf]]
    return element("encodings", None, *made) if made else None


def _line(number: int, line: Line, one: Instance) -> Element:
    attributes = {
        "axis-column": one.ref,
        "enable-instant-analytics": True,
        "formula": STATISTICS[line.statistic],
        "id": f"refline{number}",
        "label": line.label.replace("{value}", "<Value>") if line.label else None,
        "label-type": "custom" if line.label else "none",
        "scope": "per-table",
        "value": line.constant,
        "value-column": one.ref,
        "z-order": number + 1,
    }
    return element("reference-line", attributes)


def _text(tag: str, runs: Iterable[tuple[str, dict[str, object]]]) -> Element:
    return element(tag, None, formatted_text(runs))


def _label_runs(text: str) -> list[tuple[str, dict[str, object]]]:
    """Make the first line large and the others small; after an empty first line all is small."""
    first, break_, rest = text.partition("\n")
    if not first:
        return [(rest, SMALL)]
    return [(first, BIG), *([(break_ + rest, SMALL)] if rest else [])]


def _mark_style(palette: Palette | None, size: float, labelled: bool = False, culled: bool = False) -> "Element | None":
    """Render what is true of all marks of a pane: one colour, a size, labels; where marks are dense some may go."""
    given = {
        "mark-color": palette.ramp[0] if palette and len(palette.ramp) == 1 else None,
        "size": size or None,
        "mark-labels-show": True if labelled else None,
        "mark-labels-cull": True if labelled and culled else None,
    }
    formats = [element("format", {"attr": name, "value": value}) for name, value in given.items() if value is not None]
    return element("style", None, element("style-rule", {"element": "mark"}, *formats)) if formats else None
