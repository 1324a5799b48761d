"""What a reader can choose on the page, and which choices together are drawn beforehand.

A sheet is drawn for every combination of the controls that it depends on, those first in which the fewest differ from
how it begins, until there are as many as are worth the room: six controls of four choices would be four thousand.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice, product
from typing import Any

from workbooks.instances import Instance, Laid
from workbooks.model import Parameter, Zone
from workbooks.preview_formats import shown_parameter
from workbooks.preview_sql import Value

STOPS = 3
"""Positions of a slider that are drawn beside the one it has, its ends among them."""


@dataclass(frozen=True)
class Control:
    """Something to choose from.

    Attributes
    ----------
    key : str
        Its name on the page: that of the parameter, or of the sheet and the field of a quick filter.
    caption : str
        What stands above it.
    choices : tuple of (value, label)
        Those that are drawn, in order; None: everything.
    first : int
        Which of them holds at first.
    left_out : int
        How many more there are in Tableau.
    parameter, pill : str
        Caption of the parameter, or name of the filter's pill.
    """

    key: str
    caption: str
    choices: tuple[tuple[Value | None, str], ...]
    first: int = 0
    left_out: int = 0
    parameter: str = ""
    pill: str = ""


State = tuple[int, ...]
"""Which choice each control of a sheet is at."""


def of_parameter(parameter: Parameter, values: Mapping[str, Value], most: int) -> Control:
    """Give the control of a parameter: the value it has, and at most so many others."""
    now = values.get(parameter.caption, parameter.value)
    offered = [value for value, _ in parameter.choices] or _stops(parameter)
    others = [value for value in offered if value != now]
    drawn = [value for value in offered if value in others[:most] or value == now]
    if now not in drawn:
        drawn = sorted([*drawn, now], key=float) if parameter.datatype in ("integer", "real") else [now, *drawn]
    labels = [shown_parameter(parameter, {parameter.caption: value}) for value in drawn]
    left_out = len(others) - len(others[:most]) if parameter.choices else 0
    choices = tuple(zip(drawn, labels, strict=True))
    key = parameter.caption
    return Control(key, parameter.caption, choices, drawn.index(now), left_out, parameter=key)


def _stops(parameter: Parameter) -> list[Value]:
    if parameter.low is None or parameter.high is None:
        return []
    step = (parameter.high - parameter.low) / (STOPS - 1)
    return [round(parameter.low + step * number, 6) for number in range(STOPS)]


def of_filter(zone: Zone, laid: Laid, one: Instance, members: Sequence[tuple[Value, str]], most: int) -> Control:
    """Give the control of a quick filter: everything, and at most so many of its values one at a time."""
    choices = ((None, "(All)"), *members[:most])
    key = f"{laid.sheet.name}/{one.name}"
    return Control(key, filter_caption(zone), choices, 0, max(0, len(members) - most), pill=one.name)


def filter_caption(zone: Zone) -> str:
    """Give what stands above a quick filter."""
    return str(getattr(zone.pill, "caption", zone.pill))


def filtered_by(zone: Zone, laid: Laid) -> Instance | None:
    """Give the pill of a quick filter that the page can offer: a list of values, all of them kept at first."""
    for spec, one in laid.filters:
        is_list = not (spec.keep or spec.top or one.is_aggregate or spec.least is not None or spec.most is not None)
        if one.known.caption == filter_caption(zone) and is_list and one.known.spec.datatype in ("string", "boolean"):
            return one
    return None


def with_members(laid: Laid, kept: Mapping[str, Any]) -> Laid:
    """Give a sheet whose filters, by the names of their pills, keep one value each."""
    filters = [(replace(spec, keep=(kept[one.name],)) if one.name in kept else spec, one) for spec, one in laid.filters]
    return replace(laid, filters=tuple(filters)) if kept else laid


def states(controls: Sequence[Control], most: int) -> Iterator[State]:
    """Give the combinations that are drawn: as at first, one control elsewhere, two, until there are `most`."""
    return islice(_states(controls), most)


def _states(controls: Sequence[Control]) -> Iterator[State]:
    first = tuple(one.first for one in controls)
    others = [[place for place in range(len(one.choices)) if place != one.first] for one in controls]
    for count in range(len(controls) + 1):
        for moved in combinations(range(len(controls)), count):
            for places in product(*(others[number] for number in moved)):
                at = dict(zip(moved, places, strict=True))
                yield tuple(at.get(number, place) for number, place in enumerate(first))


def chosen(controls: Sequence[Control], state: State) -> tuple[dict[str, Value], dict[str, Value]]:
    """Give what a state means: values of parameters, and what filters keep by the names of their pills."""
    values: dict[str, Value] = {}
    kept: dict[str, Value] = {}
    for one, place in zip(controls, state, strict=True):
        value = one.choices[place][0]
        if value is not None and place != one.first:
            (values if one.parameter else kept)[one.parameter or one.pill] = value
    return values, kept
