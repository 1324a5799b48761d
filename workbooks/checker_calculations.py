"""Formulas: do they parse, do their references exist, at which level are they. Reference, sections 8, 18 and 20."""

from collections.abc import Iterator

from workbooks.calculation import FunctionCallError, NestedTooDeeplyError, fields_of, parameters_of, parse
from workbooks.checker_book import Book, Column, Source
from workbooks.checker_rules import Issue, Severity, found
from workbooks.levels import Level, MixedLevelsError, level_of, type_of
from workbooks.tokens import CalculationError
from workbooks.tree import PARAMETERS, Field, Node

FREE_NAMES = (
    *("number of records", "forecast indicator", "measure names", "measure values", "multiple values"),
    *("latitude (generated)", "longitude (generated)", "geometry (generated)"),
)
"""Names that Tableau makes itself, in lower case."""


class Calculations:
    """The formulas of a workbook: each parsed once, levels found through other calculations."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._trees: dict[str, Node | None] = {}
        self._levels: dict[tuple[str, str], Level] = {}

    def tree(self, formula: str) -> Node | None:
        """Parse a formula; None where it cannot be."""
        if formula not in self._trees:
            try:
                self._trees[formula] = parse(formula)
            except CalculationError:
                self._trees[formula] = None
        return self._trees[formula]

    def level(self, source: Source, column: Column) -> Level:
        """Level of a field; UNKNOWN where the workbook does not say."""
        if column.formula is None:
            is_plain = column.datatype != "table" and column.element.find("calculation") is None
            return Level.ROW if is_plain and source.is_of_rows(column.name) else Level.UNKNOWN
        key = (source.name, column.name)
        if key not in self._levels:
            self._levels[key] = Level.UNKNOWN  # what a formula that comes back to itself sees
            try:
                self._levels[key] = self._of_formula(source, column.formula)
            except RecursionError:  # a chain of calculations longer than Python's stack
                return Level.UNKNOWN
        return self._levels[key]

    def level_of_field(self, source: Source, field: Field) -> Level:
        """Level of a reference in a formula of a data source."""
        home = self.home(source, field)
        if home is None:
            return Level.UNKNOWN
        column = home.column(field.names[-1])
        if column is not None:
            level = self.level(home, column)
        else:
            name = field.names[-1]
            level = Level.ROW if name in home.physical and home.is_of_rows(name) else Level.UNKNOWN
        return Level.UNKNOWN if home is not source and level is Level.ROW else level

    def home(self, source: Source, field: Field) -> Source | None:
        """Find the data source that a reference is in; None for one that is not here."""
        if len(field.names) == 1:
            return source
        named = self.book.sources.get(field.names[0])
        return named or next((one for one in self.book.sources.values() if one.caption == field.names[0]), None)

    def type_of_field(self, source: Source, field: Field) -> str | None:
        """Datatype of a reference, as its column says."""
        home = self.home(source, field)
        column = home.column(field.names[-1]) if home else None
        datatype = column.datatype if column else None
        return datatype if datatype and datatype != "table" else None

    def _of_formula(self, source: Source, formula: str) -> Level:
        tree = self.tree(formula)
        if tree is None:
            return Level.UNKNOWN
        try:
            return level_of(tree, lambda field: self.level_of_field(source, field))
        except MixedLevelsError:
            return Level.UNKNOWN


def check_calculations(calculations: Calculations) -> Iterator[Issue]:
    """Check every formula once, wherever in the file it stands first."""
    book, seen = calculations.book, set()
    for name, column in _columns(book):
        key = (name, column.name, column.formula)
        source = book.sources.get(name)
        if source is None or name == PARAMETERS or column.formula is None or key in seen:
            continue
        seen.add(key)
        severity = None if _is_used(book, source, column) else "warning"
        yield from _check(calculations, source, column, severity)  # type: ignore[arg-type]


def _columns(book: Book) -> Iterator[tuple[str, Column]]:
    for source in book.sources.values():
        for column in source.columns.values():
            yield source.name, column
    for sheet in book.sheets:
        for name, declared in sheet.declared.items():
            for column in declared.columns.values():
                yield name, column


def _is_used(book: Book, source: Source, column: Column) -> bool:
    """True unless Tableau saved the workbook and no sheet has the field: authors leave broken ones lying about."""
    if not book.is_workbook or book.build is None:
        return True
    return any(
        column.name in sheet.declared[source.name].columns for sheet in book.sheets if source.name in sheet.declared
    )


def _check(calculations: Calculations, source: Source, column: Column, severity: Severity | None) -> Iterator[Issue]:
    formula, where = column.formula or "", f"{source.caption or source.name} / {column.caption or column.name}"
    try:
        tree = parse(formula)
    except NestedTooDeeplyError as error:
        yield found("calc-deep", where, column.element, str(error))
        return
    except CalculationError as error:
        if not formula.strip() or "the formula is empty" in error.reason:
            severity = "warning"  # authors keep calculations that hold a remark and nothing else
        rule = "calc-func" if isinstance(error, FunctionCallError) else "calc-syntax"
        yield found(rule, where, column.element, str(error), severity)
        return
    yield from _references(calculations, source, column, tree, (where, severity))
    try:
        yield from _levels(calculations, source, column, tree, (where, severity))
    except RecursionError:
        yield found("calc-deep", where, column.element, "a chain of calculations that is too long")


def _references(
    calculations: Calculations, source: Source, column: Column, tree: Node, told: tuple[str, Severity | None]
) -> Iterator[Issue]:
    where, severity = told
    parameters = calculations.book.sources.get(PARAMETERS)
    for field in fields_of(tree):
        home = calculations.home(source, field)
        if not _is_missing(home, field):
            continue
        reason = f"{field.reference} is no field of {home.caption or home.name if home else 'any data source here'}"
        if parameters and field.names[-1].casefold() in parameters.known:
            reason += "; it is a parameter: [Parameters].[…] is missing before it"
        yield found("calc-ref", where, column.element, reason, severity)
    for field in parameters_of(tree):
        is_here = parameters is not None and field.names[-1].casefold() in parameters.known
        if not is_here and not (parameters is None and not calculations.book.is_workbook):
            yield found("calc-param", where, column.element, f"there is no parameter {field.reference}", severity)


def _is_missing(home: Source | None, field: Field) -> bool:
    name = field.names[-1].casefold()
    is_free = name in FREE_NAMES or name.startswith((":", "__tableau")) or name.endswith("(generated)")
    if len(field.names) > 2 or is_free:
        return False
    return home is not None and home.is_described and name not in home.known


def _levels(
    calculations: Calculations, source: Source, column: Column, tree: Node, told: tuple[str, Severity | None]
) -> Iterator[Issue]:
    where, severity = told
    formula = column.formula or ""
    if _comes_back(calculations, source, column):
        yield found("calc-cycle", where, column.element, "the calculation refers to itself", severity)
        return
    try:
        level_of(tree, lambda field: calculations.level_of_field(source, field), formula)
    except MixedLevelsError as error:
        yield found("calc-mixed", where, column.element, str(error), severity)
    try:
        type_of(tree, lambda field: calculations.type_of_field(source, field), formula)
    except CalculationError as error:
        yield found("calc-type", where, column.element, str(error))


def _comes_back(calculations: Calculations, source: Source, start: Column) -> bool:
    waiting, seen = [start], set()
    while waiting:
        column = waiting.pop()
        tree = calculations.tree(column.formula) if column.formula else None
        for field in fields_of(tree) if tree else ():
            target = source.column(field.names[-1]) if calculations.home(source, field) is source else None
            if column is start and target is start and start.name in source.physical:
                continue  # the formula means the column of the data that it stands in for
            if target is not None and target.name == start.name:
                return True
            if target is not None and target.name not in seen:
                seen.add(target.name)
                waiting.append(target)
    return False
