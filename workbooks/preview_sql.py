"""Calculations in the SQL of Hyper: parameters as values, level-of-detail expressions as joins.

A FIXED expression is one value a group of all rows, before any filter but those of the context, and is joined to each
row: that is where Tableau has it too.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from workbooks.calculation import parse
from workbooks.functions import Kind, form_of
from workbooks.levels import Level, level_of, type_of
from workbooks.model import Parameter
from workbooks.preview_functions import AGGREGATES, DATES, ROWS, only_one, operated, quoted
from workbooks.resolving import Known, Names
from workbooks.tree import Call, Choice, Detail, Field, Literal, Membership, Node, Operation, children_of

EXTRACT = '"Extract"."Extract"'
Value = str | int | float | bool


class UnsupportedError(Exception):
    """Something that a picture cannot show; the message names it and says what it needs."""


@dataclass
class Rows:
    """The rows of an extract, with what is joined to them.

    Attributes
    ----------
    names : Names
        What captions mean.
    values : mapping of str to Value
        What parameters are set to, by caption; those that are missing have their first value.
    table : str
        SQL of the rows themselves.
    joins : dict of str to str
        Each level-of-detail expression's SQL, and its join.
    doubts : dict of str to None
        Aggregates of a mark that are above 0 where Tableau would count a level-of-detail expression less often.
    """

    names: Names
    values: Mapping[str, Value] = field(default_factory=dict)
    table: str = EXTRACT
    joins: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, None] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """SQL of the rows with all that is joined to them, for a FROM."""
        return " ".join((f"{self.table} AS r", *self.joins.values()))

    def known(self, node: Field) -> Known | Parameter:
        """Find what a reference in a formula means."""
        caption = node.names[-1]
        if len(node.names) == 1 and caption in self.names.known:
            return self.names.known[caption]
        return self.names.parameters[caption]

    def level(self, node: Node) -> Level:
        """Say at which level a part of a formula is."""
        return level_of(node, self._level)

    def datatype(self, node: Node) -> str | None:
        """Say which datatype a part of a formula gives; None where that cannot be said."""
        return type_of(node, self._datatype)

    def _level(self, node: Field) -> Level:
        found = self.known(node)
        return found.level if isinstance(found, Known) else Level.CONSTANT

    def _datatype(self, node: Field) -> str | None:
        found = self.known(node)
        return found.spec.datatype if isinstance(found, Known) else found.datatype

    def sql(self, node: Node) -> str:
        """Write a formula in SQL; what it needs is joined.

        Raises
        ------
        UnsupportedError
            For a function that has no counterpart here; table calculations are not of SQL.
        """
        writers: dict[type, Callable[[Any], str]] = {
            Literal: _literal,
            Field: self._reference,
            Call: self._call,
            Operation: self._operation,
            Membership: self._membership,
            Choice: self._choice,
            Detail: self._detail,
        }
        return writers[type(node)](node)

    def of(self, known: Known) -> str:
        """Write a field or calculation in SQL."""
        if not known.formula:
            return f'r."{known.name[1:-1].replace("]]", "]").replace(chr(34), chr(34) * 2)}"'
        return f"({self.sql(formula_tree(known))})"

    def _reference(self, node: Field) -> str:
        found = self.known(node)
        if isinstance(found, Known):
            return self.of(found)
        return sql_value(self.values.get(found.caption, found.value), found.datatype)

    def _call(self, node: Call) -> str:
        function = form_of(node.name, len(node.arguments))
        assert function is not None, "the parser lets no other through"
        is_aggregate = function.kind is Kind.AGGREGATE
        if node.name == "ATTR":
            return only_one(self.sql(node.arguments[0]), self.datatype(node.arguments[0]))
        if node.name in DATES:
            return self._of_date(node)
        if is_aggregate:
            self.doubt(node.name, node.arguments[0])
        writers = AGGREGATES if is_aggregate else ROWS
        if node.name not in writers or function.kind not in (Kind.AGGREGATE, Kind.ROW):
            raise UnsupportedError(f"the preview has no {node.name}")
        return writers[node.name]([self.sql(one) for one in node.arguments])

    def doubt(self, function: str, argument: Node) -> None:
        """Note where an aggregate of a level-of-detail expression alone would have a value twice.

        Tableau takes such a value once a mark for each group that it belongs to; a join has it on every row. The two
        differ where a mark has several rows of a group.
        """
        details = list(self._details(argument))
        if function in ("MIN", "MAX", "COUNTD", "ATTR") or not details or self._uses_rows(argument):
            return
        keys = [self.sql(one) for detail in details for one in detail.dimensions] or ["0"]
        group = " || chr(31) || ".join(f"coalesce(CAST({key} AS TEXT), chr(30))" for key in keys)
        self.doubts[f"count(*) - count(DISTINCT {group})"] = None

    def _details(self, node: Node) -> Iterator[Detail]:
        if isinstance(node, Detail):
            yield node
        for part in self._within(node):
            yield from self._details(part)

    def _uses_rows(self, node: Node) -> bool:
        if isinstance(node, Field) and not self._within(node):
            return isinstance(self.known(node), Known)
        return any(self._uses_rows(part) for part in self._within(node))

    def _within(self, node: Node) -> tuple[Node, ...]:
        """Give what a part of a formula is made of, through calculations; a level-of-detail expression is one thing."""
        if isinstance(node, Field):
            found = self.known(node)
            return (formula_tree(found),) if isinstance(found, Known) and found.formula else ()
        return () if isinstance(node, Detail) else children_of(node)

    def _of_date(self, node: Call) -> str:
        part, value, *more = node.arguments
        if not isinstance(part, Literal) or len(node.arguments) > (2 if node.name in ("DATEPART", "DATETRUNC") else 3):
            raise UnsupportedError(f"the preview has no {node.name} whose part is calculated, or with its own weeks")
        return DATES[node.name](part.text.lower(), *map(self.sql, (value, *more)))

    def _operation(self, node: Operation) -> str:
        operands = [self.sql(one) for one in node.operands]
        if len(operands) == 1:
            return f"({node.operators[0]} {operands[0]})"
        if node.operators[0] in ("AND", "OR"):
            return "(" + f" {node.operators[0]} ".join(operands) + ")"
        is_text = "+" in node.operators and self.datatype(node) == "string"
        if node.operators[0] == "^":  # binds to the right, and comes as one pair at a time
            return operated("^", operands[0], operands[1])
        made = operands[0]
        for operator, operand in zip(node.operators, operands[1:], strict=True):
            made = operated(operator, made, operand, is_text)
        return made

    def _membership(self, node: Membership) -> str:
        if not node.is_list:
            raise UnsupportedError("the preview has no sets")
        options = ", ".join(map(self.sql, node.options))
        return f"({self.sql(node.value)} {'NOT ' if node.is_negated else ''}IN ({options}))"

    def _choice(self, node: Choice) -> str:
        subject = "" if node.subject is None else f"{self.sql(node.subject)} = "
        branches = "".join(f" WHEN {subject}{self.sql(test)} THEN {self.sql(then)}" for test, then in node.branches)
        otherwise = "" if node.otherwise is None else f" ELSE {self.sql(node.otherwise)}"
        return f"CASE{branches}{otherwise} END"

    def _detail(self, node: Detail) -> str:
        if node.keyword not in ("", "FIXED"):
            raise UnsupportedError(f"the preview has no {{{node.keyword}}}")
        inner = Rows(self.names, self.values, self.table)
        keys = [f"{inner.sql(one)} AS k{number}" for number, one in enumerate(node.dimensions)]
        value = inner.sql(node.body)
        grouped = f" GROUP BY {', '.join(str(number + 1) for number in range(len(keys)))}" if keys else ""
        query = f"SELECT {', '.join([*keys, f'{value} AS value'])} FROM {inner.source}{grouped}"
        return self._joined(query, [self.sql(one) for one in node.dimensions])

    def _joined(self, query: str, keys: list[str]) -> str:
        if query not in self.joins:
            alias = f"d{len(self.joins)}"
            same = " AND ".join(f"{alias}.k{number} IS NOT DISTINCT FROM {key}" for number, key in enumerate(keys))
            self.joins[query] = f"LEFT JOIN ({query}) AS {alias} ON {same or 'true'}"
        return f"d{list(self.joins).index(query)}.value"


def formula_tree(known: Known) -> Node:
    """Parse a calculation as its author wrote it, with captions."""
    return _parsed(getattr(known.spec, "formula", ""))


@cache
def _parsed(formula: str) -> Node:
    """Parse a formula once: a page asks for the same ones hundreds of times."""
    return parse(formula)


def sql_value(value: Value, datatype: str) -> str:
    """Write a value as an SQL literal of its datatype."""
    if datatype == "string":
        return quoted(str(value))
    if datatype == "boolean":
        return str(value).upper()
    if datatype in ("date", "datetime"):
        return f"{'DATE' if datatype == 'date' else 'TIMESTAMP'} {quoted(str(value))}"
    return f"CAST({value} AS DOUBLE PRECISION)" if datatype == "real" else str(value)


def _literal(node: Literal) -> str:
    if node.kind == "null":
        return "NULL"
    if node.kind == "date":
        return f"TIMESTAMP {quoted(node.text.strip())}"
    # A doubled quotation mark stands for one; which of the two kinds was around the text is not known any more.
    text = node.text.replace("''", "'").replace('""', '"') if node.kind == "string" else node.text
    return sql_value(text, node.kind)
