"""What a calculation gives: at which level (row, aggregate, table calculation) and of which type."""

from collections.abc import Callable
from enum import Enum

from workbooks.functions import Function, Kind, form_of
from workbooks.tokens import CalculationError
from workbooks.tree import Call, Choice, Detail, Field, Literal, Membership, Node, Operation, children_of


class Level(Enum):
    """Where a value exists."""

    UNKNOWN = "unknown"
    """A field that the workbook does not describe; nothing is said against it."""
    CONSTANT = "constant"
    """Literals and parameters; they go with everything."""
    ROW = "row"
    """Each row of the data; level-of-detail expressions too."""
    AGGREGATE = "aggregate"
    """Each mark."""
    TABLE = "table calculation"
    """Each mark, computed from other marks; scripts too."""


class MixedLevelsError(CalculationError):
    """Row-level values beside aggregates, or an aggregate of an aggregate."""


LevelOf = Callable[[Field], Level]


def level_of(tree: Node, level_of_field: LevelOf, formula: str = "") -> Level:
    """Say at which level a calculation is.

    Parameters
    ----------
    tree : Node
        As of `calculation.parse`.
    level_of_field : callable
        Level of a field that is no parameter: ROW for a column of the data, that of its formula for a calculation.
    formula : str, default ""
        The text, for line and column in errors.

    Raises
    ------
    MixedLevelsError
        Where Tableau says "Cannot mix aggregate and non-aggregate arguments" or that an argument is already
        aggregated.
    """
    match tree:
        case Literal():
            return Level.CONSTANT
        case Field():
            return Level.CONSTANT if tree.is_parameter else level_of_field(tree)
        case Call(_, arguments):
            return _of_call(tree, [level_of(part, level_of_field, formula) for part in arguments], formula)
        case Detail():
            return _of_detail(tree, level_of_field, formula)
    return _joined(tree, [level_of(part, level_of_field, formula) for part in children_of(tree)], formula)


def _of_call(call: Call, levels: list[Level], formula: str) -> Level:
    function = form_of(call.name, len(levels))
    assert function is not None, "the parser lets no other through"
    if function.kind is Kind.ROW:
        return _joined(call, levels, formula)
    if function.kind is Kind.AGGREGATE:
        if {Level.AGGREGATE, Level.TABLE} & set(levels):
            raise MixedLevelsError(f"the argument of {call.name} is already an aggregate", formula, call.at)
        return Level.AGGREGATE
    if Level.ROW in levels:
        raise MixedLevelsError(
            f"the arguments of {call.name} must be aggregates, one of them is of the rows: put SUM, ATTR … around it",
            formula,
            call.at,
        )
    return Level.TABLE


def _of_detail(detail: Detail, level_of_field: LevelOf, formula: str) -> Level:
    for part in (*detail.dimensions, detail.body):
        if level_of(part, level_of_field, formula) is Level.TABLE:
            raise MixedLevelsError("a table calculation cannot stand in { }", formula, detail.at)
    return Level.ROW


def _joined(tree: Node, levels: list[Level], formula: str) -> Level:
    found = set(levels)
    marks = found & {Level.AGGREGATE, Level.TABLE}
    if marks and Level.ROW in found:
        raise MixedLevelsError(f"{_named(tree)} mixes aggregates with values of the rows", formula, tree.at)
    if Level.TABLE in found:
        return Level.TABLE
    return next((level for level in (Level.UNKNOWN, Level.AGGREGATE, Level.ROW) if level in found), Level.CONSTANT)


def _named(tree: Node) -> str:
    match tree:
        case Call(name):
            return name
        case Operation(operators):
            return " ".join(dict.fromkeys(operators))
        case Membership():
            return "IN"
        case Choice(subject):
            return "IF" if subject is None else "CASE"
    return "the expression"


TypeOf = Callable[[Field], str | None]
_ACCEPTED = {
    "number": {"integer", "real"},
    "measure": {"integer", "real", "date", "datetime", "boolean", "spatial"},
    "string": {"string"},
    "boolean": {"boolean"},
    "date": {"date", "datetime"},
}
_GROUP = {"integer": "number", "real": "number", "date": "date", "datetime": "date"}


def type_of(tree: Node, type_of_field: TypeOf, formula: str = "") -> str | None:
    """Say which datatype a calculation gives.

    Parameters
    ----------
    tree : Node
        As of `calculation.parse`.
    type_of_field : callable
        Datatype of a field or parameter: `string integer real boolean date datetime spatial`; None: unknown.
    formula : str, default ""
        The text, for line and column in errors.

    Returns
    -------
    str or None
        None where it cannot be said (a date function of a text, a null).

    Raises
    ------
    CalculationError
        For types that Tableau certainly refuses: text added to a number, `SUM` of a text, a number as a condition.
    """
    match tree:
        case Literal(kind):
            return {"null": None, "date": "datetime"}.get(kind, kind)
        case Field():
            return type_of_field(tree)
    return _type_of_parts(tree, [type_of(part, type_of_field, formula) for part in children_of(tree)], formula)


def _type_of_parts(tree: Node, types: list[str | None], formula: str) -> str | None:
    match tree:
        case Detail():
            return types[-1]
        case Call():
            return _type_of_call(tree, types, formula)
        case Operation():
            return _type_of_operation(tree, types, formula)
        case Choice():
            return _type_of_choice(tree, types, formula)
    return "boolean"


def _type_of_call(call: Call, types: list[str | None], formula: str) -> str | None:
    function = form_of(call.name, len(types))
    assert function is not None, "the parser lets no other through"
    for position, found in enumerate(types):
        _accept(function, position, found, formula, call.arguments[position])
    if function.result == "first":
        return types[0]
    if function.result == "same":
        same = types[1:] if call.name == "IIF" else types
        return _common(same, f"the results of {call.name}", formula, call)
    return None if function.result == "any" else function.result


def _accept(function: Function, position: int, found: str | None, formula: str, node: Node) -> None:
    expected = function.takes(position)
    if found is None or expected == "any" or found in _ACCEPTED[expected]:
        return
    if expected == "date" and found == "string":
        return  # Tableau reads dates out of texts
    wanted = "number or date" if expected == "measure" else expected
    reason = f"argument {position + 1} of {function.name} is of type {found}, {wanted} was expected"
    raise CalculationError(reason, formula, node.at)


def _common(types: list[str | None], what: str, formula: str, node: Node) -> str | None:
    known = [found for found in types if found is not None]
    groups = {_GROUP.get(found, found) for found in known}
    if len(groups) > 1 and "boolean" not in groups:
        raise CalculationError(f"{what} are of different types: {', '.join(sorted(groups))}", formula, node.at)
    if not known or len(groups) > 1:
        return None
    return next((found for found in ("real", "datetime") if found in known), known[0])


def _type_of_operation(tree: Operation, types: list[str | None], formula: str) -> str | None:
    operators = set(tree.operators)
    if operators <= {"AND", "OR", "NOT"}:
        return _logical(tree, types, formula)
    if operators <= {"+", "-", "*", "/", "%", "^"}:
        return _arithmetic(tree, types, formula)
    if {"string", "integer"} <= set(types) or {"string", "real"} <= set(types):
        raise CalculationError("a text is compared with a number", formula, tree.at)
    return "boolean"


def _logical(tree: Operation, types: list[str | None], formula: str) -> str:
    for found, operand in zip(types, tree.operands, strict=True):
        if found in ("string", "date", "datetime"):
            reason = f"{tree.operators[0]} was expected to join conditions, found {found}"
            raise CalculationError(reason, formula, operand.at)
    return "boolean"


def _arithmetic(tree: Operation, types: list[str | None], formula: str) -> str | None:
    if "string" in types:
        if set(tree.operators) != {"+"} or set(types) & {"integer", "real"}:
            operators = " ".join(dict.fromkeys(tree.operators))
            raise CalculationError(
                f"{operators} of a text; numbers were expected, or STR( ) around them", formula, tree.at
            )
        return "string"
    if set(types) == {"integer"} and not {"/", "^"} & set(tree.operators):
        return "integer"
    return "real" if set(types) <= {"integer", "real"} else None


def _type_of_choice(tree: Choice, types: list[str | None], formula: str) -> str | None:
    start = tree.subject is not None
    conditions = [] if start else types[0 : 2 * len(tree.branches) : 2]
    for found, (condition, _) in zip(conditions, tree.branches, strict=False):
        if found in ("string", "integer", "real", "date", "datetime"):
            raise CalculationError(f"a condition was expected, found {found}", formula, condition.at)
    results = types[start + 1 :: 2][: len(tree.branches)]
    if tree.otherwise is not None:
        results.append(types[-1])
    return _common(results, "the results of IF" if not start else "the results of CASE", formula, tree)
