"""Table calculations as Tableau defines them, over the marks of a view: which marks, in which order, is the addressing.

The dimensions along which a calculation runs are its addressing, in order; the others divide the marks into
partitions. Aggregates inside come from SQL, as columns that are named by their SQL.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbooks.functions import Kind, form_of
from workbooks.levels import Level
from workbooks.preview_sql import Rows, UnsupportedError, formula_tree
from workbooks.preview_windows import FUNCTIONS
from workbooks.resolving import Known
from workbooks.tree import Call, Choice, Field, Literal, Membership, Node, Operation, children_of

Script = Callable[..., Any]
"""Runs a script, given its text and a list a mark for each argument; gives a list of the same length, or one value."""

Values = "pd.Series[Any]"


def aggregates_in(tree: Node, rows: Rows) -> Iterator[str]:
    """Give the SQL of the parts of a table calculation that are aggregates or constants: those that SQL answers."""
    if rows.level(tree) in (Level.AGGREGATE, Level.CONSTANT):
        yield rows.sql(tree)
    elif isinstance(tree, Field):
        found = rows.known(tree)
        assert isinstance(found, Known), "parameters are constants"
        yield from aggregates_in(formula_tree(found), rows)
    else:
        for part in children_of(tree):
            if not (isinstance(part, Literal) and isinstance(tree, Call)):
                yield from aggregates_in(part, rows)


@dataclass(frozen=True)
class TableView:
    """The marks over which table calculations run.

    Attributes
    ----------
    rows : Rows
        What captions mean.
    frame : DataFrame
        A row a mark: dimensions, and aggregates named by their SQL.
    dimensions, along : tuple of str
        Columns that divide the marks; those of them along which a calculation runs, outermost first.
    ranked : mapping of str to sequence
        Dimensions that are sorted otherwise than by their own values: all values, first to last.
    script : callable or None
        Runs scripts; None: there is no TabPy.
    """

    rows: Rows
    frame: pd.DataFrame
    dimensions: tuple[str, ...]
    along: tuple[str, ...]
    ranked: Mapping[str, Sequence[object]]
    script: Script | None = None

    def partitions(self) -> Iterator[Any]:
        """Give the positions of the marks of each partition, in addressing order."""
        keys = [self._key(name) for name in self.along]
        ordered = np.lexsort(keys[::-1]) if keys else np.arange(len(self.frame))
        others = [name for name in self.dimensions if name not in self.along]
        if not others:
            yield ordered
            return
        groups = self.frame.groupby(others, dropna=False, sort=False).ngroup().to_numpy()
        for group in range(groups.max() + 1 if len(groups) else 0):
            yield ordered[groups[ordered] == group]

    def _key(self, name: str) -> Any:
        values = self.frame[name]
        if name in self.ranked:
            places = {value: place for place, value in enumerate(self.ranked[name])}
            return values.map(places).to_numpy()
        return values.rank(method="dense", na_option="top").to_numpy()

    def evaluate(self, tree: Node) -> Any:
        """Evaluate a formula for every mark.

        Raises
        ------
        UnsupportedError
            For a function that is not here, or a script without a TabPy; the message names it.
        """
        if self.rows.level(tree) in (Level.AGGREGATE, Level.CONSTANT):
            return self._aggregate(tree)
        match tree:
            case Field():
                return self._reference(tree)
            case Call():
                return self._call(tree)
            case Operation():
                return self._operation(tree)
            case Choice():
                return self._choice(tree)
            case Membership():
                raise UnsupportedError("the preview has no IN of a table calculation")
        raise UnsupportedError("the preview cannot read this table calculation")

    def _aggregate(self, tree: Node) -> Any:
        if isinstance(tree, Literal):
            return pd.Series([_constant(tree)] * len(self.frame), index=self.frame.index)
        return self.frame[self.rows.sql(tree)]

    def _reference(self, tree: Field) -> Any:
        found = self.rows.known(tree)
        assert isinstance(found, Known), "parameters are constants"
        return self.evaluate(formula_tree(found))

    def _call(self, call: Call) -> Any:
        function = form_of(call.name, len(call.arguments))
        assert function is not None, "the parser lets no other through"
        if function.kind is Kind.SCRIPT:
            return self._scripted(call)
        if function.kind is Kind.ROW:
            return self._row(call)
        if call.name not in FUNCTIONS:
            raise UnsupportedError(f"the preview has no {call.name}")
        arguments = [_told(one) if _told(one) is not None else self.evaluate(one) for one in call.arguments]
        made = pd.Series([None] * len(self.frame), index=self.frame.index, dtype=object)
        for places in self.partitions():
            own = [one.to_numpy()[places] if isinstance(one, pd.Series) else one for one in arguments]
            made.iloc[places] = FUNCTIONS[call.name](len(places), *own)
        return made.infer_objects()

    def _row(self, call: Call) -> Any:
        values = [self.evaluate(one) for one in call.arguments]
        if call.name not in _ROWS:
            raise UnsupportedError(f"the preview has no {call.name} of a table calculation")
        return _ROWS[call.name](*values)

    def _operation(self, tree: Operation) -> Any:
        operands = [self.evaluate(one) for one in tree.operands]
        if len(operands) == 1:
            return ~operands[0].astype(bool) if tree.operators[0] == "NOT" else -operands[0]
        made = operands[0]
        for operator, operand in zip(tree.operators, operands[1:], strict=True):
            made = _OPERATORS[operator](made, operand)
        return made

    def _choice(self, tree: Choice) -> Any:
        subject = None if tree.subject is None else self.evaluate(tree.subject)
        none = pd.Series([None] * len(self.frame), index=self.frame.index, dtype=object)
        made = none if tree.otherwise is None else self.evaluate(tree.otherwise).astype(object)
        for test, then in reversed(tree.branches):
            condition = self.evaluate(test) if subject is None else self.evaluate(test) == subject
            made = made.where(~condition.fillna(False).astype(bool), self.evaluate(then))
        return made

    def _scripted(self, call: Call) -> Any:
        """Send each partition to TabPy, in addressing order, and put the answers where they belong."""
        if self.script is None:
            raise UnsupportedError("this sheet asks TabPy: hyperwatt workbook preview --tabpy URL")
        text, *rest = call.arguments
        assert isinstance(text, Literal)
        arguments = [self.evaluate(one) for one in rest]
        made = pd.Series([None] * len(self.frame), index=self.frame.index, dtype=object)
        for places in self.partitions():
            answer = self.script(text.text, *([_sent(one) for one in values.iloc[places]] for values in arguments))
            listed = answer if isinstance(answer, list) else [answer] * len(places)
            if len(listed) != len(places):
                raise UnsupportedError(f"TabPy gave {len(listed)} values for {len(places)} marks")
            made.iloc[places] = listed
        return made.infer_objects()


def _sent(value: Any) -> Any:
    """Give a value as Tableau sends it: dates as text, without a time where they have none, null as None."""
    if value is None or pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return str(value.date()) if value == value.normalize() else str(value)
    return value.item() if isinstance(value, np.generic) else value


def _told(node: Node) -> Any:
    """Give a constant that is written in a call: an offset, `'asc'`; None for what is none."""
    if isinstance(node, Operation) and node.operators == ("-",) and isinstance(node.operands[0], Literal):
        return -_constant(node.operands[0])
    return _constant(node) if isinstance(node, Literal) else None


def _constant(node: Literal) -> Any:
    readers: dict[str, Callable[[str], Any]] = {"integer": int, "real": float, "boolean": lambda text: text == "true"}
    return readers.get(node.kind, str)(node.text) if node.kind != "null" else None


def _divided(left: Any, right: Any) -> Any:
    return left / right.where(right != 0)


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divided,
    "%": lambda a, b: a % b,
    "^": lambda a, b: a**b,
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "AND": lambda a, b: a.astype(bool) & b.astype(bool),
    "OR": lambda a, b: a.astype(bool) | b.astype(bool),
}
_ROWS: dict[str, Callable[..., Any]] = {
    "ABS": lambda a: a.abs(),
    "ZN": lambda a: a.fillna(0),
    "ISNULL": lambda a: a.isna(),
    "IFNULL": lambda a, b: a.fillna(b),
    "SQRT": lambda a: a.where(a >= 0) ** 0.5,
    "FLOAT": lambda a: a.astype("float64"),
    "INT": lambda a: np.trunc(a),
}
