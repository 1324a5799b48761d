"""Tableau's functions and operators in the SQL of Hyper, each with Tableau's own meaning of zero, null and weeks."""

from collections.abc import Callable, Sequence

EPOCH_MONDAY = "DATE '1970-01-05'"


def quoted(text: str) -> str:
    """Write a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def double(value: str) -> str:
    """Make a number a float: Hyper's decimals overflow, and its whole numbers divide to whole ones."""
    return f"CAST({value} AS DOUBLE PRECISION)"


def operated(operator: str, left: str, right: str, is_text: bool = False) -> str:
    """Join two operands; a division by zero is null, as in Tableau."""
    if operator == "/":
        return f"({double(left)} / NULLIF({double(right)}, 0))"
    if operator == "^":
        return f"power({double(left)}, {double(right)})"
    if operator == "+" and is_text:
        return f"({left} || {right})"
    return f"({left} {SPELLED.get(operator, operator)} {right})"


SPELLED = {"==": "=", "!=": "<>"}

_PARTS = {"year": "year", "quarter": "quarter", "month": "month", "day": "day", "hour": "hour", "minute": "minute"}
_PARTS |= {"second": "second", "dayofyear": "doy", "iso-week": "week", "iso-year": "isoyear", "iso-weekday": "isodow"}


def part_of(part: str, value: str) -> str:
    """Give a part of a date; weeks begin on Monday, as the data sources say, and week 1 is that of 1 January."""
    if part == "weekday":
        part = "iso-weekday"
    if part == "week":
        first = f"CAST(date_trunc('year', {value}) AS DATE)"
        passed = f"extract(doy FROM {value}) - 1 + extract(isodow FROM {first}) - 1"
        return f"(CAST(floor(({passed}) / 7) AS INTEGER) + 1)"
    return f"CAST(extract({_PARTS[part]} FROM {value}) AS INTEGER)"


def truncated(part: str, value: str) -> str:
    """Cut a date to the beginning of its year, week, hour …"""
    return f"date_trunc({quoted(part)}, CAST({value} AS TIMESTAMP))"


def difference(part: str, first: str, last: str) -> str:
    """Count the boundaries of years, days, minutes … between two dates, as DATEDIFF does."""
    if part in ("year", "quarter", "month"):
        months = [f"(extract(year FROM {one}) * 12 + extract(month FROM {one}) - 1)" for one in (last, first)]
        length = {"year": 12, "quarter": 3, "month": 1}[part]
        return f"CAST(floor({months[0]} / {length}) - floor({months[1]} / {length}) AS INTEGER)"
    if part == "day":
        return f"(CAST({last} AS DATE) - CAST({first} AS DATE))"
    if part == "week":
        weeks = [f"floor((CAST({one} AS DATE) - {EPOCH_MONDAY}) / 7.0)" for one in (last, first)]
        return f"CAST({weeks[0]} - {weeks[1]} AS INTEGER)"
    seconds = {"hour": 3600, "minute": 60, "second": 1}[part]
    ends = [f"extract(epoch FROM {truncated(part, one)})" for one in (last, first)]
    return f"CAST(({ends[0]} - {ends[1]}) / {seconds} AS BIGINT)"


def shifted(part: str, count: str, value: str) -> str:
    """Add so many years, days, minutes … to a date."""
    unit = "month" if part == "quarter" else part
    length = {"quarter": 3, "week": 7}.get(part, 1)
    return f"({value} + {count} * INTERVAL '{length}' {'day' if unit == 'week' else unit})"


def only_one(value: str, datatype: str | None) -> str:
    """Give ATTR: the value where there is only one, else `*`, which is null for what is no text."""
    otherwise = " ELSE '*'" if datatype == "string" else ""
    return f"CASE WHEN min({value}) = max({value}) THEN min({value}){otherwise} END"


Write = Callable[[Sequence[str]], str]


def _of_double(name: str) -> Write:
    return lambda a: f"{name.lower()}({double(a[0])})"


def _part(part: str) -> Write:
    return lambda a: part_of(part, a[0])


AGGREGATES: dict[str, Write] = {
    "SUM": lambda a: f"sum({a[0]})",
    "AVG": lambda a: f"avg({double(a[0])})",
    "MIN": lambda a: f"min({a[0]})",
    "MAX": lambda a: f"max({a[0]})",
    "COUNT": lambda a: f"count({a[0]})",
    "COUNTD": lambda a: f"count(DISTINCT {a[0]})",
    "MEDIAN": lambda a: f"percentile_cont(0.5) WITHIN GROUP (ORDER BY {a[0]})",
    "PERCENTILE": lambda a: f"percentile_cont({a[1]}) WITHIN GROUP (ORDER BY {a[0]})",
    "STDEV": lambda a: f"stddev_samp({a[0]})",
    "STDEVP": lambda a: f"stddev_pop({a[0]})",
    "VAR": lambda a: f"var_samp({a[0]})",
    "VARP": lambda a: f"var_pop({a[0]})",
    "CORR": lambda a: f"corr({a[0]}, {a[1]})",
}

ROWS: dict[str, Write] = {
    **{name: _of_double(name) for name in ("EXP", "LN", "SQRT", "SIN", "COS", "TAN")},
    "ABS": lambda a: f"abs({a[0]})",
    "FLOOR": lambda a: f"floor({a[0]})",
    "CEILING": lambda a: f"ceil({a[0]})",
    "SIGN": lambda a: f"sign({double(a[0])})",
    "SQUARE": lambda a: f"({a[0]} * {a[0]})",
    "POWER": lambda a: operated("^", a[0], a[1]),
    "DIV": lambda a: f"CAST(trunc({operated('/', a[0], a[1])}) AS BIGINT)",
    "ROUND": lambda a: f"round({double(a[0])}, {a[1] if len(a) > 1 else 0})",
    "MIN": lambda a: f"CASE WHEN {a[0]} <= {a[1]} THEN {a[0]} WHEN {a[0]} > {a[1]} THEN {a[1]} END",
    "MAX": lambda a: f"CASE WHEN {a[0]} >= {a[1]} THEN {a[0]} WHEN {a[0]} < {a[1]} THEN {a[1]} END",
    "INT": lambda a: f"CAST(trunc({double(a[0])}) AS BIGINT)",
    "FLOAT": lambda a: double(a[0]),
    "STR": lambda a: f"CAST({a[0]} AS TEXT)",
    "DATE": lambda a: f"CAST({a[0]} AS DATE)",
    "DATETIME": lambda a: f"CAST({a[0]} AS TIMESTAMP)",
    "IFNULL": lambda a: f"coalesce({a[0]}, {a[1]})",
    "ZN": lambda a: f"coalesce({a[0]}, 0)",
    "ISNULL": lambda a: f"({a[0]} IS NULL)",
    "IIF": lambda a: f"CASE WHEN {a[0]} THEN {a[1]} WHEN NOT {a[0]} THEN {a[2]} END",
    "LEN": lambda a: f"length({a[0]})",
    "UPPER": lambda a: f"upper({a[0]})",
    "LOWER": lambda a: f"lower({a[0]})",
    "TRIM": lambda a: f"trim({a[0]})",
    "LEFT": lambda a: f"left({a[0]}, {a[1]})",
    "RIGHT": lambda a: f"right({a[0]}, {a[1]})",
    "MID": lambda a: f"substring({a[0]} FROM {a[1]}{f' FOR {a[2]}' if len(a) > 2 else ''})",
    "REPLACE": lambda a: f"replace({a[0]}, {a[1]}, {a[2]})",
    "CONTAINS": lambda a: f"(position({a[1]} IN {a[0]}) > 0)",
    "STARTSWITH": lambda a: f"(position({a[1]} IN {a[0]}) = 1)",
    "FIND": lambda a: f"position({a[1]} IN {a[0]})",
    **{name: _part(name.lower()) for name in ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY")},
    "ISOYEAR": lambda a: part_of("iso-year", a[0]),
    "ISOWEEK": lambda a: part_of("iso-week", a[0]),
    "ISOWEEKDAY": lambda a: part_of("iso-weekday", a[0]),
}

DATES: dict[str, Callable[..., str]] = {
    "DATEPART": part_of,
    "DATETRUNC": truncated,
    "DATEDIFF": difference,
    "DATEADD": shifted,
}
"""Functions whose first argument is the name of a part of a date, as a constant."""
