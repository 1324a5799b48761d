"""A sheet's marks: its dimensions and aggregates asked of the extract in SQL, then its table calculations and filters.

Tableau's order: filters of the context, FIXED expressions, filters of dimensions, aggregates and their filters, table
calculations, their filters. The line of a second measure is a view of its own, with fewer dimensions.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from workbooks.calculation import parse
from workbooks.derivations import AGGREGATES, DATE_PARTS, TRUNCATIONS
from workbooks.instances import Instance, Laid
from workbooks.levels import Level
from workbooks.model import Filter
from workbooks.preview_functions import AGGREGATES as SQL_AGGREGATES
from workbooks.preview_functions import only_one, part_of, truncated
from workbooks.preview_sql import Rows, UnsupportedError, Value, formula_tree, sql_value
from workbooks.preview_table_calculations import Script, TableView, aggregates_in
from workbooks.tree import Field

Ask = Callable[[str], pd.DataFrame]
"""Runs a query on the sheet's extract."""

SQL_NAMES = {"Avg": "AVG", "CountD": "COUNTD", "Median": "MEDIAN", "Stdev": "STDEV"}


@dataclass(frozen=True)
class Marks:
    """What a sheet shows.

    Attributes
    ----------
    laid : Laid
        The sheet.
    frame : DataFrame
        A row a mark; columns are named by `Instance.name`: of the dimensions as SQL has them (a weekday is 1 to 7).
    overlay : DataFrame or None
        The marks of the second measure.
    order : tuple
        Values of the sorted dimension, first to last; empty: not sorted.
    values : mapping of str to Value
        What parameters were set to.
    """

    laid: Laid
    frame: pd.DataFrame
    overlay: pd.DataFrame | None = None
    order: tuple[object, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict)


def marks_of(laid: Laid, ask: Ask, values: Mapping[str, Value], script: Script | None = None) -> Marks:
    """Ask the extract for what a sheet shows.

    Parameters
    ----------
    laid : Laid
        The sheet, resolved.
    ask : callable
        Runs SQL on its extract.
    values : mapping of str to Value
        What parameters are set to, by caption; the others have their first value.
    script : callable or None
        Runs a script with lists of arguments, as TabPy does; None: there is no TabPy.

    Raises
    ------
    UnsupportedError
        For what cannot be shown, by name.
    """
    order = _sorted(laid, ask, values)
    shown = [one for shelf, pills in laid.shelves.items() if shelf != "overlay" for one in pills]
    frame = _view(laid, shown, ask, values, script, order)
    above = laid.on("overlay")
    if above is None:
        return Marks(laid, frame, None, order, values)
    own = [one for shelf in ("columns", "rows", "detail") for one in laid.shelves[shelf] if not one.is_aggregate]
    return Marks(laid, frame, _view(laid, [*own, above], ask, values, script, order), order, values)


def _view(
    laid: Laid,
    shown: Sequence[Instance],
    ask: Ask,
    values: Mapping[str, Value],
    script: Script | None,
    order: tuple[object, ...],
) -> pd.DataFrame:
    every = {one.name: one for one in (*shown, *(one for _, one in laid.filters if one.is_aggregate))}
    dimensions = [one for one in every.values() if not one.is_aggregate]
    rows = _rows(laid, values)
    columns = {one.name: dimension_sql(one, rows) for one in dimensions}
    tables = [one for one in every.values() if one.known.level is Level.TABLE]
    measures = {one.name: measure_sql(one, rows) for one in every.values() if one.is_aggregate and one not in tables}
    inputs = {sql: sql for one in tables for sql in aggregates_in(formula_tree(one.known), rows)}
    doubts = {f"doubt{number}": sql for number, sql in enumerate(rows.doubts)}
    query = _query(laid, rows, columns, {**measures, **inputs, **doubts})
    frame = _plain(ask(query), [*columns, *measures, *inputs, *doubts])
    if doubts and (frame[list(doubts)] > 0).to_numpy().any():
        raise UnsupportedError("the preview cannot add up a level-of-detail expression of groups with several rows")
    ranked = {laid.sort[0].name: order} if laid.sort else {}
    for one in tables:
        along = [other.name for other in dimensions if other.ref in one.order]
        along.sort(key=lambda name: [own.split("].", 1)[1] for own in one.order].index(name))
        view = TableView(rows, frame, tuple(columns), tuple(along), ranked, script)
        frame = frame.assign(**{one.name: view.evaluate(formula_tree(one.known))})
    for spec, one in laid.filters:
        if one.is_aggregate:
            frame = frame[_kept(spec, frame[one.name])]
    return frame[[one.name for one in shown]].loc[:, lambda f: ~f.columns.duplicated()].reset_index(drop=True)


def _rows(laid: Laid, values: Mapping[str, Value]) -> Rows:
    """Give the rows that level-of-detail expressions see: all, or those of the context beside a top N."""
    whole = Rows(laid.names, values)
    tops = [(spec, one) for spec, one in laid.filters if spec.top]
    if not tops:
        return whole
    context = [_condition(spec, one, whole) for spec, one in laid.filters if not spec.top and not one.is_aggregate]
    where = f" WHERE {' AND '.join(context)}" if context else ""
    return Rows(laid.names, values, f"(SELECT r.* FROM {whole.source}{where})")


def _query(laid: Laid, rows: Rows, columns: Mapping[str, str], measures: Mapping[str, str]) -> str:
    conditions = [_top(spec, one, rows) if spec.top else _condition(spec, one, rows) for spec, one in _of_rows(laid)]
    named = [*columns.values(), *measures.values()]
    selected = ", ".join(f"{sql} AS c{number}" for number, sql in enumerate(named)) or "count(*) AS c0"
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    places = ", ".join(str(number + 1) for number in range(len(columns)))
    grouped = f" GROUP BY {places} ORDER BY {places}" if columns else ""
    return f"SELECT {selected} FROM {rows.source}{where}{grouped}"


def _of_rows(laid: Laid) -> list[tuple[Filter, Instance]]:
    return [(spec, one) for spec, one in laid.filters if not one.is_aggregate]


def _condition(spec: Filter, one: Instance, rows: Rows) -> str:
    value = dimension_sql(one, rows)
    if spec.keep:
        kept = ", ".join(sql_value(member, _type_of_pill(one)) for member in spec.keep)
        return f"{value} IN ({kept})"
    ends = [f"{value} {sign} {end}" for sign, end in ((">=", spec.least), ("<=", spec.most)) if end is not None]
    return " AND ".join(ends) or "true"


def _top(spec: Filter, one: Instance, rows: Rows) -> str:
    inner = Rows(rows.names, rows.values, rows.table)
    key, by = dimension_sql(one, inner), inner.sql(parse(spec.by))
    best = f"SELECT {key} FROM {inner.source} GROUP BY 1 ORDER BY {by} DESC NULLS LAST LIMIT {spec.top}"
    return f"{dimension_sql(one, rows)} IN ({best})"


def _kept(spec: Filter, values: "pd.Series[float]") -> "pd.Series[bool]":
    if spec.keep:
        return values.isin(list(spec.keep))
    least = float("-inf") if spec.least is None else spec.least
    most = float("inf") if spec.most is None else spec.most
    return values.between(least, most)


def _type_of_pill(one: Instance) -> str:
    return "integer" if one.how in DATE_PARTS else one.known.spec.datatype


def dimension_sql(one: Instance, rows: Rows) -> str:
    """Write a pill that divides the marks."""
    value = rows.of(one.known)
    if one.how in TRUNCATIONS:
        return truncated(one.how.removesuffix("-Trunc").lower(), value)
    if one.how in ("MY", "MDY"):
        return truncated("month" if one.how == "MY" else "day", value)
    return part_of(one.how.lower(), value) if one.how in DATE_PARTS else value


def measure_sql(one: Instance, rows: Rows) -> str:
    """Write a pill that is aggregated."""
    value = rows.of(one.known)
    if one.how == "Attribute":
        return only_one(value, one.known.spec.datatype)
    if one.how in AGGREGATES:
        name = SQL_NAMES.get(one.how, one.how.upper())
        rows.doubt(name, Field((one.known.caption,)))
        return SQL_AGGREGATES[name]([value])
    return value


def _sorted(laid: Laid, ask: Ask, values: Mapping[str, Value]) -> tuple[object, ...]:
    """Give the sorted dimension's values, those with the highest measure first: over the dimension alone."""
    if not laid.sort:
        return ()
    dimension, measure = laid.sort
    rows = _rows(laid, values)
    query = _query(laid, rows, {dimension.name: dimension_sql(dimension, rows)}, {"by": measure_sql(measure, rows)})
    found = _plain(ask(query), [dimension.name, "by"])
    return tuple(found.sort_values("by", ascending=False, kind="stable", na_position="last")[dimension.name])


def _plain(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Name the columns, and make decimals floats and dates instants."""
    made = {}
    for column, name in zip(frame.columns, names, strict=False):
        values = frame[column]
        kind = next((type(one).__name__ for one in values if one is not None), "")
        if kind == "Decimal":
            values = values.astype("float64")
        made[name] = pd.to_datetime(values) if kind == "date" else values
    return pd.DataFrame(made, columns=names)
