"""Values as a reader sees them: Tableau's number formats, names of weekdays and months, what stands in `{Caption}`."""

import calendar
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from workbooks.instances import TOKEN, Instance, Laid
from workbooks.model import Parameter
from workbooks.preview_sql import Value

EMPTY = ""
"""How null is shown."""

NAMES = {"Weekday": ["", *calendar.day_name], "Month": [*calendar.month_abbr], "ISO-Weekday": ["", *calendar.day_name]}
DAY_PATTERNS = {"Year-Trunc": "%Y", "Month-Trunc": "%b %Y", "MY": "%b %Y", "Hour-Trunc": "%Y-%m-%d %H:%M"}


def shown_number(value: float, format: str = "") -> str:
    """Write a number by Tableau's format: `n#,##0.0`, `p0.0%`, `p+0.0%;-0.0%`; without one, as short as it can be."""
    if not format:
        return f"{value:,.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:,.0f}"
    share = 100 if format.startswith("p") else 1
    positive, _, negative = format[1:].partition(";")
    pattern = negative.lstrip("-") if negative and value < 0 else positive
    digits = f"{abs(value) * share:{',' if ',' in pattern else ''}.{_decimals(pattern)}f}"
    plus = "+" if pattern.startswith("+") else ""
    return ("-" if value < 0 else plus) + digits + ("%" if share == 100 else "")


def axis_format(format: str) -> str:
    """Give a format as Vega (d3) knows it; without one, no more decimals than the ticks need."""
    if not format:
        return ",~f"
    plus = "+" if "+" in format else ""
    return f"{plus}{',' if ',' in format else ''}.{_decimals(format[1:].partition(';')[0])}" + (
        "%" if format.startswith("p") else "f"
    )


def _decimals(pattern: str) -> int:
    return len(re.sub(r"[^0#]", "", pattern.partition(".")[2]))


def shown(value: Any, one: Instance) -> str:
    """Write a value of a pill; a header that is null is told, as Tableau does."""
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return EMPTY if one.is_aggregate else "Null"
    if one.how in NAMES:
        return str(NAMES[one.how][int(value)])
    if isinstance(value, pd.Timestamp):
        return _shown_date(value, one.how)
    if isinstance(value, (str, bool)):
        return str(value)
    return _shown_number(value, one)


def _shown_number(value: Any, one: Instance) -> str:
    if isinstance(value, (int, float)) or hasattr(value, "item"):
        is_part = not one.is_aggregate and one.type != "quantitative"
        return f"{value:g}" if is_part else shown_number(float(value), format_of(one))
    return str(value)


def _shown_date(value: pd.Timestamp, how: str) -> str:
    if how in DAY_PATTERNS:
        return value.strftime(DAY_PATTERNS[how])
    return value.strftime("%Y-%m-%d" if value == value.normalize() else "%Y-%m-%d %H:%M")


def format_of(one: Instance) -> str:
    """Give the number format of a pill; none for counts and parts of dates."""
    return "n#,##0" if one.how in ("Count", "CountD") else one.format or one.known.spec.format


def shown_parameter(parameter: Parameter, values: Mapping[str, Value]) -> str:
    """Write what a parameter is set to, by its label where it has one."""
    value = values.get(parameter.caption, parameter.value)
    labels = dict(parameter.choices)
    if value in labels:
        return labels[value]
    return shown_number(float(value), parameter.format) if parameter.datatype in ("integer", "real") else str(value)


def filled(text: str, laid: Laid, frame: pd.DataFrame, values: Mapping[str, Value]) -> str:
    """Write what stands for `{Caption}`: the value of a parameter, or of a pill; several values are `All`, as Tableau.

    Parameters
    ----------
    text : str
        Of a title or label.
    laid : Laid
        The sheet.
    frame : DataFrame
        Its marks, or the one mark whose label this is.
    values : mapping
        Of the parameters that are not as at first.
    """

    def value(caption: str) -> str:
        pill = laid.said(caption)
        if pill is not None and pill.name in frame:
            found = frame[pill.name].drop_duplicates()
            return shown(found.iloc[0], pill) if len(found) == 1 else "All" if len(found) else EMPTY
        parameter = laid.names.parameters.get(caption)
        return shown_parameter(parameter, values) if parameter else EMPTY

    return TOKEN.sub(lambda match: value(match.group(1)), text)
