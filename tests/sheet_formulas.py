"""Calculations as Hyper SQL, written for the tests of the shipped specs, apart from what draws previews of them.

A row-level formula becomes an expression over the extract, a level-of-detail expression a join to its own aggregate, an
aggregate an expression over groups, a table calculation a window over the marks. What is not known here says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from workbooks.functions import Kind, form_of
from workbooks.levels import type_of
from workbooks.tree import Call, Choice, Detail, Field, Literal, Membership, Node, Operation

TABLE = '"Extract"."Extract"'


class UnsupportedError(ValueError):
    """A function or form that has no translation here."""


@dataclass(frozen=True)
class Meaning:
    """What a reference in a formula stands for: a column, another formula, or a constant; and its datatype."""

    datatype: str
    column: str = ""
    formula: Node | None = None
    constant: str = ""


Look = Callable[[Field], Meaning]


@dataclass
class Rows:
    """The rows of the extract, with a join for every level-of-detail expression that was met."""

    look: Look
    joins: list[str] = field(default_factory=list)
    details: dict[Node, str] = field(default_factory=dict)

    def source(self) -> str:
        """Give what stands behind FROM."""
        return " ".join([f"{TABLE} AS rows", *self.joins])

    def sql(self, tree: Node) -> str:
        """Give a row-level formula as an expression over `source()`."""
        if isinstance(tree, Detail):
            return self._detail(tree)
        return _plain(tree, self.sql, self.look)

    def _detail(self, tree: Detail) -> str:
        """Join the expression's own aggregate, once; null dimensions are a group like any other."""
        if tree.keyword not in ("FIXED", ""):
            raise UnsupportedError(f"{{{tree.keyword} …}}")
        if tree not in self.details:
            inner = Rows(self.look)
            keys = [inner.sql(one) for one in tree.dimensions]
            value = aggregate_sql(tree.body, inner)
            selected = ", ".join([*(f"{key} AS k{number}" for number, key in enumerate(keys)), f"{value} AS v"])
            grouped = f" GROUP BY {', '.join(keys)}" if keys else ""
            own = [self.sql(one) for one in tree.dimensions]
            name = self.details[tree] = f"lod{len(self.joins)}"
            on = " AND ".join(f"{key} IS NOT DISTINCT FROM {name}.k{number}" for number, key in enumerate(own))
            self.joins.append(
                f"LEFT JOIN (SELECT {selected} FROM {inner.source()}{grouped}) AS {name} ON {on or 'TRUE'}"
            )
        return f"{self.details[tree]}.v"


AGGREGATES = {"SUM": "SUM", "AVG": "AVG", "MIN": "MIN", "MAX": "MAX", "COUNT": "COUNT"}


def aggregate_sql(tree: Node, rows: Rows) -> str:
    """Give an aggregate formula as an expression over groups of rows."""
    if isinstance(tree, Call):
        form = form_of(tree.name, len(tree.arguments))
        if form is not None and form.kind is Kind.AGGREGATE:
            return _aggregated(tree, rows)
    return _plain(tree, lambda one: aggregate_sql(one, rows), rows.look)


def aggregated(name: str, value: str) -> str:
    """Give an aggregate of an expression by Tableau's name of the function."""
    if name in AGGREGATES:
        return f"{AGGREGATES[name]}({value})"
    if name == "COUNTD":
        return f"COUNT(DISTINCT {value})"
    if name == "ATTR":
        return f"CASE WHEN MIN({value}) = MAX({value}) THEN MIN({value}) END"
    if name == "MEDIAN":
        return f"PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY {value})"
    raise UnsupportedError(f"{name}( )")


def _aggregated(tree: Call, rows: Rows) -> str:
    (argument,) = tree.arguments
    if tree.name in ("MIN", "MAX") and type_of(argument, _types(rows.look)) == "boolean":
        return f"{'BOOL_AND' if tree.name == 'MIN' else 'BOOL_OR'}({rows.sql(argument)})"
    return aggregated(tree.name, rows.sql(argument))


@dataclass
class Marks:
    """The marks of a view: what is asked of the aggregate below, by the name that it has there.

    Attributes
    ----------
    rows : Rows
        Below.
    over : str
        `PARTITION BY …` of the table calculation at hand; empty for one part.
    order : str
        `ORDER BY …` of it.
    asked : dict of str to str
        Aggregate expression to its column.
    """

    rows: Rows
    over: str = ""
    order: str = ""
    asked: dict[str, str] = field(default_factory=dict)

    def sql(self, tree: Node) -> str:
        """Give a table calculation as an expression over the aggregate."""
        if isinstance(tree, Call):
            form = form_of(tree.name, len(tree.arguments))
            if form is not None and form.kind in (Kind.TABLE, Kind.SCRIPT):
                return self._window(tree)
            if form is not None and form.kind is Kind.AGGREGATE:
                return self.ask(aggregate_sql(tree, self.rows))
        return _plain(tree, self.sql, self.rows.look)

    def ask(self, expression: str) -> str:
        """Have an expression computed by the aggregate below; give its column."""
        return self.asked.setdefault(expression, f"a{len(self.asked)}")

    def _window(self, tree: Call) -> str:
        name, arguments = tree.name, tree.arguments
        if name == "SIZE":
            return f"COUNT(*) OVER ({self.over})"
        if name in ("RANK_UNIQUE", "RANK"):
            return self._rank(name, arguments)
        if name.startswith(("WINDOW_", "RUNNING_")) and name.split("_")[1] in AGGREGATES:
            running = ("UNBOUNDED PRECEDING", "CURRENT ROW")
            first, last = _frame(arguments[1:]) if name.startswith("WINDOW_") else running
            window = f"{self.over} {self.order} ROWS BETWEEN {first} AND {last}"
            return f"{name.split('_')[1]}({self.sql(arguments[0])}) OVER ({window})"
        raise UnsupportedError(f"{name}( )")

    def _rank(self, name: str, arguments: Sequence[Node]) -> str:
        value = self.sql(arguments[0])
        said = arguments[1].text if len(arguments) > 1 and isinstance(arguments[1], Literal) else ""
        direction = (said or "desc").upper()
        function = {"RANK_UNIQUE": "ROW_NUMBER()", "RANK": "RANK()"}[name]
        return f"{function} OVER ({self.over} ORDER BY {value} {direction} NULLS LAST)"


def _frame(ends: Sequence[Node]) -> tuple[str, str]:
    """Give the ends of a window from their offsets: -6, 0 is six before to the mark itself."""
    if not ends:
        return "UNBOUNDED PRECEDING", "UNBOUNDED FOLLOWING"
    first, last = (int(float(_constant(one))) for one in ends)
    return _end(first), _end(last)


def _constant(tree: Node) -> str:
    if isinstance(tree, Operation) and tree.operators == ("-",) and len(tree.operands) == 1:
        return f"-{_constant(tree.operands[0])}"
    if isinstance(tree, Literal):
        return tree.text
    raise UnsupportedError("a window whose ends are not numbers")


def _end(offset: int) -> str:
    return "CURRENT ROW" if not offset else f"{abs(offset)} {'PRECEDING' if offset < 0 else 'FOLLOWING'}"


Sql = Callable[[Node], str]


def _types(look: Look) -> Callable[[Field], str | None]:
    return lambda one: look(one).datatype


def _plain(tree: Node, sql: Sql, look: Look) -> str:
    """Give what is the same at every level: constants, references, operators, choices, functions of values."""
    match tree:
        case Literal():
            return _literal(tree)
        case Field():
            return _reference(look(tree), sql)
        case Choice():
            return _choice(tree, sql)
        case Membership(value, options, True, is_negated):
            return f"({sql(value)} {'NOT ' if is_negated else ''}IN ({', '.join(map(sql, options))}))"
        case Operation():
            return _operation(tree, sql, look)
        case Call():
            return _function(tree, sql)
    raise UnsupportedError(type(tree).__name__)


def _literal(tree: Literal) -> str:
    if tree.kind == "string":
        return text_sql(tree.text)
    if tree.kind == "date":
        return f"TIMESTAMP {text_sql(tree.text)}"
    return tree.text.upper() if tree.kind in ("null", "boolean") else tree.text


def text_sql(text: str) -> str:
    """Give a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _reference(meaning: Meaning, sql: Sql) -> str:
    if meaning.constant:
        return meaning.constant
    return meaning.column if meaning.formula is None else f"({sql(meaning.formula)})"


def _choice(tree: Choice, sql: Sql) -> str:
    subject = f" {sql(tree.subject)}" if tree.subject is not None else ""
    branches = " ".join(f"WHEN {sql(condition)} THEN {sql(result)}" for condition, result in tree.branches)
    otherwise = f" ELSE {sql(tree.otherwise)}" if tree.otherwise is not None else ""
    return f"CASE{subject} {branches}{otherwise} END"


def _operation(tree: Operation, sql: Sql, look: Look) -> str:
    values = [sql(one) for one in tree.operands]
    if len(values) == 1:
        return f"({tree.operators[0]} {values[0]})"
    is_text = type_of(tree, _types(look)) == "string"
    made = values[0]
    for operator, value in zip(tree.operators, values[1:], strict=True):
        made = f"({made} {_operator(operator, is_text)} {_divisor(operator, value)})"
    return made


def _operator(operator: str, is_text: bool) -> str:
    if operator == "+" and is_text:
        return "||"
    return {"==": "=", "!=": "<>"}.get(operator, operator)


def _divisor(operator: str, value: str) -> str:
    """Divide as Tableau does: the result is real, and null where the divisor is 0."""
    return f"NULLIF(CAST({value} AS DOUBLE PRECISION), 0)" if operator == "/" else value


FUNCTIONS: Mapping[str, str] = {
    "ZN": "COALESCE({0}, 0)",
    "IFNULL": "COALESCE({0}, {1})",
    "ISNULL": "({0} IS NULL)",
    "ABS": "ABS({0})",
    "STR": "CAST({0} AS TEXT)",
    "DATE": "CAST({0} AS DATE)",
    "ISOWEEKDAY": "CAST(EXTRACT(ISODOW FROM {0}) AS INTEGER)",
}
PARTS = ("year", "quarter", "month", "day", "hour", "minute")


def _function(tree: Call, sql: Sql) -> str:
    name, arguments = tree.name, tree.arguments
    if name in FUNCTIONS:
        return FUNCTIONS[name].format(*map(sql, arguments))
    if name == "DATEADD" and isinstance(arguments[0], Literal) and arguments[0].text in PARTS:
        return f"({sql(arguments[2])} + {sql(arguments[1])} * INTERVAL '1 {arguments[0].text}')"
    if name == "ROUND":
        places = sql(arguments[1]) if arguments[1:] else "0"
        return f"CAST(ROUND(CAST({sql(arguments[0])} AS NUMERIC(18, 6)), {places}) AS DOUBLE PRECISION)"
    if name in ("DATEPART", "DATETRUNC", "DATEDIFF") and isinstance(arguments[0], Literal):
        return _date_function(name, arguments[0].text, [sql(one) for one in arguments[1:]])
    raise UnsupportedError(f"{name}( )")


def _date_function(name: str, part: str, values: Sequence[str]) -> str:
    """Give a date function; a difference counts the edges between two instants, as Tableau's does."""
    if part not in PARTS:
        raise UnsupportedError(f"{name}('{part}', …)")
    if name == "DATEPART":
        return f"CAST(EXTRACT({part} FROM {values[0]}) AS INTEGER)"
    if name == "DATETRUNC":
        return f"DATE_TRUNC('{part}', {values[0]})"
    first, last = values[0], values[1]
    if part == "day":
        return f"(CAST({last} AS DATE) - CAST({first} AS DATE))"
    seconds = {"hour": 3600, "minute": 60}.get(part)
    if seconds is None:
        raise UnsupportedError(f"DATEDIFF('{part}', …)")
    begun, ended = (f"EXTRACT(EPOCH FROM DATE_TRUNC('{part}', {one}))" for one in (first, last))
    return f"CAST(({ended} - {begun}) / {seconds} AS INTEGER)"
