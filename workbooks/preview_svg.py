"""Pictures as SVG: titles, single numbers, tables of text, legends, and Vega-Lite's charts among them.

Widths of text are estimated, for nothing here knows the reader's fonts: 0.55 of the size a character, as Arial has it
on average.
"""

import re
import textwrap
from collections.abc import Iterable, Sequence
from html import escape
from itertools import count
from typing import Any

import altair as alt
import vl_convert

from workbooks.derivations import DATE_PARTS
from workbooks.instances import Instance
from workbooks.palettes import BLACK
from workbooks.preview_color import color_of, is_ramp, members, stops
from workbooks.preview_formats import format_of, shown_number
from workbooks.preview_labels import FONT
from workbooks.preview_rows import Marks

VEGA_LITE = "6.4"
"""The version that Altair 6 writes, as vl-convert names it."""

CHARACTER = 0.55
GREY_TEXT, LIGHT = "#595959", "#dddddd"
LINE = 1.3
"""Height of a line of text, of its size."""

_numbers = count(1)


def vega_svg(chart: Any) -> str:
    """Draw an Altair chart, of however many rows: by itself Altair takes up to 5,000.

    What it asks for is not looked over again (`validate`): that is two thirds of the time, and our charts are few.
    """
    with alt.data_transformers.enable("default", max_rows=None):
        return str(vl_convert.vegalite_to_svg(chart.to_dict(validate=False), vl_version=VEGA_LITE))


def svg(width: float, height: float, parts: Iterable[str]) -> str:
    """Make a whole picture on white."""
    inner = "".join(parts)
    head = f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:g}' height='{height:g}'"
    return f"{head} viewBox='0 0 {width:g} {height:g}'><rect width='100%' height='100%' fill='white'/>{inner}</svg>"


def nested(inner: str, x: float, y: float) -> str:
    """Put a picture into another; its ids are made its own, or clips of one would cut another."""
    own = f"p{next(_numbers)}-"
    inner = re.sub(r'(id="|url\(#|href="#)', lambda match: match.group(1) + own, inner)
    inner = re.sub(r"<\?xml[^>]*\?>|<!DOCTYPE[^>]*>", "", inner)
    return re.sub(r"<svg ", f'<svg x="{x:g}" y="{y:g}" ', inner, count=1)


def text(words: str, x: float, y: float, size: float, color: str = BLACK, **look: str) -> str:
    """Write one line; `y` is its baseline."""
    more = "".join(f' {name.replace("_", "-")}="{escape(value)}"' for name, value in look.items())
    place = f'x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{color}" font-family="{FONT}"'
    return f"<text {place}{more}>{escape(printable(words))}</text>"


def printable(words: str) -> str:
    """Leave out what XML cannot hold."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", words)


def wrapped(words: str, width: float, size: float) -> list[str]:
    """Break a text into lines that fit."""
    return textwrap.wrap(words, max(4, int(width / (size * CHARACTER)))) or [""]


def cut(words: str, width: float, size: float) -> str:
    """Shorten a text to what fits on a line."""
    most = max(2, int(width / (size * CHARACTER)))
    return words if len(words) <= most else words[: most - 1] + "…"


def lines(words: Sequence[str], x: float, y: float, size: float, color: str = BLACK, **look: str) -> list[str]:
    """Write lines one below the other; `y` is the top."""
    return [text(one, x, y + size * (1 + LINE * number), size, color, **look) for number, one in enumerate(words)]


def number_svg(words: str, width: float, height: float) -> str:
    """Draw a text whose first line is large, as Tableau's label of a single mark; an empty first line: all small."""
    first, _, rest = words.partition("\n")
    big = min(20.0, width / max(1.0, len(first) * 0.62)) * 4 / 3 if first else 0
    small = [line for part in rest.split("\n") for line in wrapped(part, width - 16, 12)]
    whole = big * LINE + len(small) * 12 * LINE
    top = max(2.0, (height - whole) / 2)
    middle = {"text_anchor": "middle"}
    parts = [text(first, width / 2, top + big, big, font_weight="bold", **middle)] if first else []
    return svg(width, height, [*parts, *lines(small, width / 2, top + big * LINE, 12, GREY_TEXT, **middle)])


def message_svg(words: str, width: float, height: float) -> str:
    """Draw what is to be said instead of a chart."""
    told = wrapped(words, width - 40, 13)
    top = max(4.0, height / 2 - len(told) * 13 * LINE / 2)
    return svg(width, height, lines(told, width / 2, top, 13, GREY_TEXT, text_anchor="middle", font_style="italic"))


def table_svg(titles: Sequence[str], rows: Sequence[Sequence[str]], width: float, height: float) -> str:
    """Draw a table of text: the last column holds values and stands to the right, headers that repeat are shown once.

    Parameters
    ----------
    titles : sequence of str
        A title a column.
    rows : sequence of sequences of str
        All rows, in order; those without room are left out, and counted.
    width, height : float
        [px]
    """
    size, step = 11, 18
    room = max(1, int((height - 2 * step) // step))
    widths = _widths([titles, *rows[:room]], width, size)
    starts = [4 + sum(widths[:number]) for number in range(len(widths))]
    parts = list(_row(titles, starts, widths, step - 5, size, font_weight="bold"))
    before: Sequence[str] = ()
    for number, row in enumerate(rows[:room]):
        y = step * (number + 2) - 5
        parts.append(f"<rect x='0' y='{y + 5:g}' width='{width:g}' height='0.5' fill='{LIGHT}'/>")
        parts += _row(_unrepeated(row, before), starts, widths, y, size)
        before = row
    if len(rows) > room:
        parts.append(text(f"{room} of {len(rows)} rows shown", 4, height - 5, 10, GREY_TEXT, font_style="italic"))
    return svg(width, height, parts)


def _unrepeated(row: Sequence[str], before: Sequence[str]) -> list[str]:
    same = 0
    while same < len(row) - 1 and before and row[same] == before[same]:
        same += 1
    return ["" if number < same else cell for number, cell in enumerate(row)]


def _row(
    cells: Sequence[str], starts: Sequence[float], widths: Sequence[float], y: float, size: float, **look: str
) -> Iterable[str]:
    for number, (cell, start, width) in enumerate(zip(cells, starts, widths, strict=True)):
        is_value = number == len(cells) - 1 and number > 0
        place = {"text_anchor": "end"} if is_value else {}
        yield text(cut(cell, width - 6, size), start + width - 8 if is_value else start, y, size, **look, **place)


def _widths(rows: Sequence[Sequence[str]], width: float, size: float) -> list[float]:
    """Give each column what its longest text wants; where that is too much, the widest give way first."""
    wanted = [max(len(row[number]) for row in rows) * size * CHARACTER + 14 for number in range(len(rows[0]))]
    while sum(wanted) > width - 8:
        widest = max(range(len(wanted)), key=wanted.__getitem__)
        other = max([one for number, one in enumerate(wanted) if number != widest], default=0)
        spare = sum(wanted) - (width - 8)
        lower = wanted[widest] - spare if wanted[widest] - spare >= other else other
        if lower >= wanted[widest]:
            return [one * (width - 8) / sum(wanted) for one in wanted]
        wanted[widest] = lower
    wanted[-1] += width - 8 - sum(wanted) if len(wanted) > 1 else 0
    return wanted


def legend_svg(marks: Marks, width: float, height: float) -> str:
    """Draw the colours of a sheet: a ramp with its ends, or a box a member; across where the room is flat."""
    one = color_of(marks)
    if one is None:
        return svg(width, height, [])
    words = wrapped(caption_of(one), width - 8, 11.5)
    title = lines(words, 4, 2, 11, GREY_TEXT, font_weight="bold")
    inner = _ramp(marks, width) if is_ramp(marks) else _boxes(members(marks), width, height)
    return svg(width, height, [*title, f"<g transform='translate(0 {(len(words) - 1) * 14})'>", *inner, "</g>"])


def caption_of(one: Instance) -> str:
    """Give what Tableau calls a pill: a part of a date says which."""
    return f"{one.how} of {one.known.caption}" if one.how in DATE_PARTS else one.known.caption


def _ramp(marks: Marks, width: float) -> Iterable[str]:
    one = color_of(marks)
    assert one is not None
    values, colors = stops(marks)
    name = f"ramp{next(_numbers)}"
    parts = "".join(
        f'<stop offset="{place / (len(colors) - 1):g}" stop-color="{color}"/>' for place, color in enumerate(colors)
    )
    yield f'<defs><linearGradient id="{name}">{parts}</linearGradient></defs>'
    yield f'<rect x="4" y="22" width="{width - 16:g}" height="14" fill="url(#{name})" stroke="{LIGHT}"/>'
    low, high = (shown_number(value, format_of(one)) for value in (values[0], values[-1]))
    yield text(low, 4, 49, 10, GREY_TEXT)
    yield text(high, width - 12, 49, 10, GREY_TEXT, text_anchor="end")


def _boxes(found: dict[str, str], width: float, height: float) -> Iterable[str]:
    is_flat = height < 80
    x, y = 4.0, 22.0
    for name, color in found.items():
        yield f'<rect x="{x:g}" y="{y:g}" width="11" height="11" fill="{color}"/>'
        yield text(cut(name, width - 24, 11), x + 16, y + 10, 11)
        if is_flat:
            x += 34 + len(name) * 11 * CHARACTER
        else:
            y += 18
