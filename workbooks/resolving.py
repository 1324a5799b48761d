"""From captions to Tableau's internal names: what an author wrote is found, or refused with its line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from workbooks.calculation import functions_of, parse, replace_fields
from workbooks.functions import FUNCTIONS, Kind
from workbooks.ids import calculation_id, connection_id, parameter_id
from workbooks.levels import Level, level_of, type_of
from workbooks.model import Calculation, DataSource, Field, Parameter, SpecError
from workbooks.model_fields import NUMBERS
from workbooks.tokens import CalculationError
from workbooks.tree import PARAMETERS, Node, bracketed, nodes_of
from workbooks.tree import Field as Reference


@dataclass(frozen=True)
class Known:
    """A field or calculation whose internal name is known.

    Attributes
    ----------
    spec : Field or Calculation
        What the author wrote.
    name : str
        The internal name, in brackets.
    level : Level
        ROW for columns; of a calculation, that of its formula.
    formula : str
        With internal names; empty for a column.
    uses : tuple of str
        Captions of the fields and calculations in the formula.
    parameters : tuple of str
        Captions of its parameters.
    is_script : bool
        TabPy is called by it or by a calculation it uses.
    """

    spec: Field | Calculation
    name: str
    level: Level = Level.ROW
    formula: str = ""
    uses: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    is_script: bool = False

    @property
    def caption(self) -> str:
        """What the author calls it."""
        return self.spec.caption

    @property
    def is_aggregate(self) -> bool:
        """True for a calculation whose pills must be `User`."""
        return self.level in (Level.AGGREGATE, Level.TABLE)

    @property
    def is_measure(self) -> bool:
        """True for what Tableau lists under measures."""
        if isinstance(self.spec, Field):
            return bool(self.spec.aggregation)
        return self.is_aggregate or (self.spec.datatype in NUMBERS and not self.spec.dimension)

    @property
    def type(self) -> str:
        """nominal, ordinal or quantitative, as its `column` says."""
        if self.spec.datatype in ("string", "boolean"):
            return "nominal"
        return "quantitative" if self.is_measure else "ordinal"


@dataclass(frozen=True)
class Names:
    """Everything that a caption can mean in one data source.

    Attributes
    ----------
    source : DataSource
        The data source.
    id : str
        Its internal name, `federated.…`.
    known : mapping of str to Known
        By caption.
    parameters : mapping of str to Parameter
        By caption.
    """

    source: DataSource
    id: str
    known: Mapping[str, Known]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    def find(self, caption: str, place: str) -> Known:
        """Find a field or calculation.

        Raises
        ------
        SpecError
            When there is none; the message names the nearest one.
        """
        if caption not in self.known:
            raise SpecError(place, f"{self.source.caption} has no field [{caption}]{nearest(caption, self.known)}")
        return self.known[caption]

    def closure(self, captions: Iterable[str]) -> list[Known]:
        """Give what the captions mean and all that their formulas use, by caption."""
        found: dict[str, Known] = {}
        waiting = list(captions)
        while waiting:
            caption = waiting.pop()
            if caption not in found:
                found[caption] = self.known[caption]
                waiting.extend(found[caption].uses)
        return [found[caption] for caption in sorted(found)]


def names_of(source: DataSource, parameters: Iterable[Parameter] = ()) -> Names:
    """Resolve a data source: every formula parsed, its captions found, its level and type judged.

    Raises
    ------
    SpecError
        For a formula that Tableau would not accept, a caption that is not there or there twice, a circle of
        calculations, a datatype that the formula does not give; with the line of the spec.
    """
    given = {parameter.caption: parameter for parameter in parameters}
    known: dict[str, Known] = {}
    for column in source.fields:
        _new(column.caption, known, column.place)
        known[column.caption] = Known(column, bracketed(column.name))
    waiting = {one.caption: one for one in source.calculations}
    for one in source.calculations:
        _check_caption(one, source, known, waiting)
    for one in source.calculations:
        _resolve(one, source, known, waiting, given, ())
    return Names(source, connection_id("federated", source.name), known, given)


def nearest(caption: str, captions: Iterable[str]) -> str:
    """Say which caption may have been meant; empty when none is near."""
    found = get_close_matches(caption, list(captions), 1)
    return f"; did you mean [{found[0]}]?" if found else ""


def parameter_reference(caption: str) -> str:
    """Give a parameter as formulas refer to it."""
    return bracketed(PARAMETERS, parameter_id(caption))


def resolve_formula(formula: str, names: Names, place: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Write internal names into a formula; give it, the captions it uses and its parameters.

    Raises
    ------
    SpecError
        When it is no formula or a caption is unknown.
    """
    tree = _parsed(formula, place)
    fields, parameters, mapping = [], [], {}
    for reference in _references(tree):
        caption = reference.names[-1]
        if len(reference.names) == 1 and caption in names.known:
            fields.append(caption)
            mapping[reference.reference] = names.known[caption].name
        elif caption in names.parameters and (len(reference.names) == 1 or reference.is_parameter):
            parameters.append(caption)
            mapping[reference.reference] = parameter_reference(caption)
        else:
            every = [*names.known, *names.parameters]
            raise SpecError(
                place, f"no field or parameter {reference.text} in {names.source.caption}{nearest(caption, every)}"
            )
    return replace_fields(formula, mapping), tuple(dict.fromkeys(fields)), tuple(dict.fromkeys(parameters))


def _new(caption: str, known: Mapping[str, Known], place: str) -> None:
    if caption in known:
        raise SpecError(place, f"there is already a field [{caption}]")


def _check_caption(
    one: Calculation, source: DataSource, known: Mapping[str, Known], waiting: Mapping[str, Calculation]
) -> None:
    _new(one.caption, known, one.place)
    if waiting[one.caption] is not one:
        raise SpecError(one.place, f"there is a second calculation [{one.caption}]")
    if one.caption in {column.name for column in source.fields}:
        raise SpecError(one.place, f"[{one.caption}] is a column of the extract: Tableau would ignore this")


def _parsed(formula: str, place: str) -> Node:
    try:
        return parse(formula)
    except CalculationError as error:
        raise SpecError(place, f"formula {formula.strip()!r}: {error}") from error


def _references(tree: Node) -> list[Reference]:
    return [node for node in nodes_of(tree) if isinstance(node, Reference)]


def _resolve(
    one: Calculation,
    source: DataSource,
    known: dict[str, Known],
    waiting: Mapping[str, Calculation],
    parameters: Mapping[str, Parameter],
    within: tuple[str, ...],
) -> None:
    """Resolve a calculation after those it uses."""
    if one.caption in known:
        return
    if one.caption in within:
        raise SpecError(one.place, f"[{one.caption}] uses itself, through {' -> '.join((*within, one.caption))}")
    tree = _parsed(one.formula, one.place)
    for reference in _references(tree):
        if reference.names[-1] in waiting and len(reference.names) == 1:
            _resolve(waiting[reference.names[-1]], source, known, waiting, parameters, (*within, one.caption))
    names = Names(source, "", known, parameters)
    formula, uses, given = resolve_formula(one.formula, names, one.place)
    level = _judged(one, tree, names)
    inner = [known[caption] for caption in uses]
    every = dict.fromkeys((*given, *(caption for other in inner for caption in other.parameters)))
    is_script = any(_is_script(name) for name in functions_of(tree)) or any(other.is_script for other in inner)
    name = bracketed(calculation_id(source.name, one.caption))
    known[one.caption] = Known(one, name, level, formula, uses, tuple(every), is_script)


def _is_script(name: str) -> bool:
    return FUNCTIONS[name][0].kind is Kind.SCRIPT


def _judged(one: Calculation, tree: Node, names: Names) -> Level:
    """Judge the level of a formula, and whether it gives what its author says."""

    def level(reference: Reference) -> Level:
        return _said(names, reference, Level.CONSTANT)

    def datatype(reference: Reference) -> str | None:
        caption = reference.names[-1]
        if len(reference.names) == 1 and caption in names.known:
            return names.known[caption].spec.datatype
        return names.parameters[caption].datatype if caption in names.parameters else None

    try:
        found_level, found = level_of(tree, level, one.formula), type_of(tree, datatype, one.formula)
    except CalculationError as error:
        raise SpecError(one.place, f"[{one.caption}]: {error}") from error
    if found is not None and found != one.datatype and not (found == "integer" and one.datatype == "real"):
        raise SpecError(one.place, f"[{one.caption}] gives {found}, its spec says {one.datatype}")
    return found_level


def _said(names: Names, reference: Reference, otherwise: Level) -> Level:
    caption = reference.names[-1]
    is_field = len(reference.names) == 1 and caption in names.known
    return names.known[caption].level if is_field else otherwise
