"""A sheet as Hyper SQL: the marks that Tableau would draw, one row each, so that anyone can see and test its numbers.

Order of operations as Tableau has it: level-of-detail expressions of all rows, then filters of dimensions, then
aggregation into marks, then table calculations, then filters on those.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sheet_formulas import Marks, Meaning, Rows, UnsupportedError, aggregate_sql, aggregated, text_sql

from workbooks.calculation import parse
from workbooks.derivations import AGGREGATES, TRUNCATIONS
from workbooks.instances import Instance, Laid
from workbooks.levels import Level
from workbooks.model import Filter
from workbooks.resolving import Names, parameter_reference
from workbooks.tree import Field, Node

Values = Mapping[str, str | int | float]
"""What the reader has set: caption of a parameter to its value."""

TABLEAU_NAMES = {"Sum": "SUM", "Avg": "AVG", "Min": "MIN", "Max": "MAX", "Count": "COUNT", "CountD": "COUNTD"}
PARTS = {"Year": "YEAR", "Quarter": "QUARTER", "Month": "MONTH", "Day": "DAY", "Hour": "HOUR", "Minute": "MINUTE"}


@dataclass(frozen=True)
class Column:
    """A column of the answer: the pill that it is of."""

    name: str
    pill: Instance


def sheet_query(laid: Laid, values: Values | None = None, overlay: bool = False) -> tuple[str, list[Column]]:
    """Give the query of a sheet's marks, and what its columns are.

    Parameters
    ----------
    laid : Laid
        The sheet, resolved.
    values : mapping of str to value
        Of parameters that are not as they are at first.
    overlay : bool
        The marks of the second measure instead, which the first one's colours do not divide.

    Returns
    -------
    (str, list of Column)
        One row a mark; dimensions first, then measures, each once.

    Raises
    ------
    UnsupportedError
        For a function, derivation or filter that has no translation here: a script, top N.
    """
    query = _Query(laid, values or {}, overlay)
    return query.sql(), query.columns


class _Query:
    def __init__(self, laid: Laid, values: Values, overlay: bool) -> None:
        self.laid = laid
        self.rows = Rows(_Look(laid.names, values))
        self.marks = Marks(self.rows)
        shown = list({one.name: one for one in _shown(laid, overlay)}.values())
        self.dimensions = [one for one in shown if not one.is_aggregate]
        self.measures = [one for one in shown if one.is_aggregate]
        pills = [*self.dimensions, *self.measures]
        self.columns = [Column(f"c{number}", one) for number, one in enumerate(pills)]

    def sql(self) -> str:
        keys = {one.name: f"k{number}" for number, one in enumerate(self.dimensions)}
        grouped = [self._row(one) for one in self.dimensions]
        measures = [self._measure(one, keys) for one in self.measures]
        outer = [(spec, one) for spec, one in self.laid.filters if one.is_aggregate]
        late = [_kept(spec, self._measure(one, keys)) for spec, one in outer]
        early = [_kept(spec, self._row(one)) for spec, one in self.laid.filters if not one.is_aggregate]
        inner = [f"{value} AS {key}" for value, key in zip(grouped, keys.values(), strict=True)]
        inner += [f"{expression} AS {name}" for expression, name in self.marks.asked.items()]
        aggregate = f"SELECT {', '.join(inner) or '1 AS one'} FROM {self.rows.source()}"
        aggregate += f" WHERE {' AND '.join(early)}" if early else ""
        aggregate += f" GROUP BY {', '.join(grouped)}" if grouped else " HAVING COUNT(*) > 0"
        made = [*keys.values(), *measures]
        selected = ", ".join(f"{value} AS {column.name}" for value, column in zip(made, self.columns, strict=True))
        kept = [f"{condition} AS f{number}" for number, condition in enumerate(late)]
        marks = f"SELECT {', '.join([selected, *kept])} FROM ({aggregate}) AS marks"
        if not late:
            return marks
        names = ", ".join(column.name for column in self.columns)
        return f"SELECT {names} FROM ({marks}) AS kept WHERE {' AND '.join(f'f{one}' for one in range(len(late)))}"

    def _formula(self, one: Instance) -> Node:
        return parse(one.known.formula or one.known.name)

    def _row(self, one: Instance) -> str:
        value = self.rows.sql(self._formula(one))
        return value if one.how == "None" else _part(one.how, value)

    def _measure(self, one: Instance, keys: Mapping[str, str]) -> str:
        """Give a measure as an expression over the aggregate below."""
        if one.known.level is Level.TABLE:
            self._address(one, keys)
            return self.marks.sql(self._formula(one))
        if one.how == "User":
            return self.marks.ask(aggregate_sql(self._formula(one), self.rows))
        value = self.rows.sql(self._formula(one))
        if one.how == "Attribute":
            return self.marks.ask(aggregated("ATTR", value))
        if one.how not in AGGREGATES or one.how not in TABLEAU_NAMES:
            raise UnsupportedError(f"the derivation {one.how}")
        return self.marks.ask(aggregated(TABLEAU_NAMES[one.how], value))

    def _address(self, one: Instance, keys: Mapping[str, str]) -> None:
        """Let windows run along the dimensions that the pill names, one part for each of the others."""
        along = [keys[other.name] for ref in one.order for other in self.dimensions if other.ref == ref]
        parts = [key for key in keys.values() if key not in along]
        self.marks.over = f"PARTITION BY {', '.join(parts)}" if parts else ""
        self.marks.order = f"ORDER BY {', '.join(along)}" if along else ""


def _shown(laid: Laid, overlay: bool) -> list[Instance]:
    """Give the pills of one of the two layers of a sheet."""
    if not overlay:
        return [one for shelf, pills in laid.shelves.items() if shelf != "overlay" for one in pills]
    dividing = [one for shelf in ("columns", "rows", "detail") for one in laid.shelves[shelf] if not one.is_aggregate]
    return [*dividing, *laid.shelves["overlay"]]


class _Look:
    """Find what a reference of a resolved formula stands for."""

    def __init__(self, names: Names, values: Values) -> None:
        self._known = {known.name: known for known in names.known.values()}
        self._parameters = {
            parameter_reference(caption): (spec.datatype, values.get(caption, spec.value))
            for caption, spec in names.parameters.items()
        }

    def __call__(self, field: Field) -> Meaning:
        if field.is_parameter:
            datatype, value = self._parameters[field.reference]
            return Meaning(datatype, constant=text_sql(value) if isinstance(value, str) else repr(value))
        known = self._known[field.reference]
        if known.formula:
            return Meaning(known.spec.datatype, formula=parse(known.formula))
        return Meaning(known.spec.datatype, column='rows."' + field.names[-1].replace('"', '""') + '"')


def _part(how: str, value: str) -> str:
    if how in PARTS:
        return f"CAST(EXTRACT({PARTS[how]} FROM {value}) AS INTEGER)"
    if how in TRUNCATIONS:
        return f"DATE_TRUNC('{how.partition('-')[0].lower()}', {value})"
    if how == "Weekday":
        return f"CAST(EXTRACT(ISODOW FROM {value}) AS INTEGER)"
    if how == "Week":  # the week of 1 January is the first, and weeks begin on Monday
        first = f"EXTRACT(ISODOW FROM DATE_TRUNC('year', {value}))"
        return f"CAST(FLOOR((EXTRACT(DOY FROM {value}) + {first} - 2) / 7) + 1 AS INTEGER)"
    raise UnsupportedError(f"the derivation {how}")


def _kept(spec: Filter, value: str) -> str:
    if spec.top:
        raise UnsupportedError("a filter on the top values")
    conditions = [f"{value} >= {spec.least}"] if spec.least is not None else []
    conditions += [f"{value} <= {spec.most}"] if spec.most is not None else []
    if spec.keep:
        conditions.append(f"{value} IN ({', '.join(_member(one) for one in spec.keep)})")
    return f"({' AND '.join(conditions)})" if conditions else "TRUE"


def _member(value: str | bool | int) -> str:
    return text_sql(value) if isinstance(value, str) else str(value).upper()
