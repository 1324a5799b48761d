"""Calculations: what parses and what does not, the level and type of a value, and rewriting of references."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbooks.calculation import (
    FunctionCallError,
    NestedTooDeeplyError,
    fields_of,
    functions_of,
    parameters_of,
    parse,
    replace_fields,
)
from workbooks.functions import FUNCTIONS, Kind, form_of
from workbooks.levels import Level, MixedLevelsError, level_of, type_of
from workbooks.tokens import CalculationError
from workbooks.tree import (
    Call,
    Choice,
    Detail,
    Field,
    Literal,
    Membership,
    Node,
    Operation,
    bracketed,
    nodes_of,
)

A, B, C = Field(("a",)), Field(("b",)), Field(("c",))
ONE, TWO = Literal("integer", "1"), Literal("integer", "2")

TREES: dict[str, Node] = {
    "[a]": A,
    "a": A,
    "[a].[b]": Field(("a", "b")),
    "[a]]b]": Field(("a]b",)),
    "1": ONE,
    "(1)": ONE,
    "1.5e-3": Literal("real", "1.5e-3"),
    ".5": Literal("real", ".5"),
    "5.": Literal("real", "5."),
    "'it''s'": Literal("string", "it''s"),
    '"it\'s"': Literal("string", "it's"),
    r"'it\'s'": Literal("string", r"it\'s"),
    "'\\'": Literal("string", "\\"),
    "#2026-01-31#": Literal("date", "2026-01-31"),
    "TRUE": Literal("boolean", "true"),
    "Null": Literal("null", "null"),
    "[a]+[b]-[c]": Operation(("+", "-"), (A, B, C)),
    "[a]-([b]-[c])": Operation(("-",), (A, Operation(("-",), (B, C)))),
    "[a]+[b]*[c]": Operation(("+",), (A, Operation(("*",), (B, C)))),
    "([a]+[b])*[c]": Operation(("*",), (Operation(("+",), (A, B)), C)),
    "[a]^[b]^[c]": Operation(("^",), (A, Operation(("^",), (B, C)))),
    "-[a]^[b]": Operation(("-",), (Operation(("^",), (A, B)),)),
    "-[a]*[b]": Operation(("*",), (Operation(("-",), (A,)), B)),
    "[a]%[b]": Operation(("%",), (A, B)),
    "NOT [a]=[b]": Operation(("NOT",), (Operation(("=",), (A, B)),)),
    "NOT [a] AND [b]": Operation(("AND",), (Operation(("NOT",), (A,)), B)),
    "[a] or [b] AND [c]": Operation(("OR",), (A, Operation(("AND",), (B, C)))),
    "[a]==1": Operation(("==",), (A, ONE)),
    "[a]<>1": Operation(("<>",), (A, ONE)),
    "[a] IN (1, 2)": Membership(A, (ONE, TWO), True, False),
    "[a] NOT IN (1)": Membership(A, (ONE,), True, True),
    "[a] IN [b]": Membership(A, (B,), False, False),
    "[a] IN (1) AND [b]": Operation(("AND",), (Membership(A, (ONE,), True, False), B)),
    "abs([a])": Call("ABS", (A,)),
    "TODAY ( )": Call("TODAY", ()),
    "IF [a] THEN 1 END": Choice(None, ((A, ONE),), None),
    "if [a] then 1 elseif [b] then 2 else [c] end": Choice(None, ((A, ONE), (B, TWO)), C),
    "CASE [a] WHEN 1 THEN [b] WHEN 2 THEN [c] END": Choice(A, ((ONE, B), (TWO, C)), None),
    "{FIXED [a], [b] : SUM([c])}": Detail("FIXED", (A, B), Call("SUM", (C,))),
    "{ fixed : SUM([c]) }": Detail("FIXED", (), Call("SUM", (C,))),
    "{MAX([c])}": Detail("", (), Call("MAX", (C,))),
    "{EXCLUDE DATETRUNC('day',[a]): SUM([c])}": Detail(
        "EXCLUDE", (Call("DATETRUNC", (Literal("string", "day"), A)),), Call("SUM", (C,))
    ),
    "[a] // kWh\n + /* of\nall */ [b]": Operation(("+",), (A, B)),
}
"""Formula to the tree it is."""

WRAPPERS = (
    "{}",
    "({})",
    " {} ",
    "{} // a remark",
    "/* a remark */ {}",
    "STR({})",
    "IFNULL({}, 0)",
    "IF [x] = 'y' THEN {} ELSE 0 END",
    "CASE [x] WHEN 'a' THEN {} END",
    "[x] IN ({}, 2)",
    "{{FIXED [x] : MAX({})}}",
    "IIF([x], {}, 1)",
    "1 + ({})",
    "NOT ({})",
    "SCRIPT_REAL('return _arg1', {})",
)
INNER = (
    "[a]",
    "SUM([a])",
    "[Parameters].[Parameter 1]",
    "#2026-01-31 10:00:00#",
    '"a ""quoted"" word"',
    "DATEADD('month', -1, [day])",
    "{FIXED DATETRUNC('day',[t]), [site] : SUM([kwh])} ",
    "WINDOW_AVG(SUM([kwh]), -6, 0)",
    "[a] >= 1 AND NOT ISNULL([b]) OR [c] != 'x'",
    "-2 ^ 2 % 3",
    "IF [a] > 1 THEN 'x' ELSEIF [a] > 0 THEN 'y' ELSE 'z' END",
    "RANK(SUM([kwh]), 'desc')",
    "[日本語 🔌 'x' \"y\" & ]]]",
    "[" + "n" * 200 + "]",
)
VALID = [wrapper.format(inner) for wrapper, inner in itertools.product(WRAPPERS, INNER)]

INVALID = {
    "": "empty",
    "   // nothing": "empty",
    "SUM([a]": r"\) or , was expected to close SUM",
    "(1": r"\) was expected to close the \( at character 1",
    "1)": "operator or the end",
    "SUMM([a])": "none named SUMM",
    "SUM()": "SUM was expected to have 1 arguments, it has 0",
    "SUM([a], 1)": "it has 2",
    "ROUND([a], 1, 2)": "1 or 2",
    "MIN([a], [b], [c])": "1 or 2",
    "SCRIPT_REAL()": "at least 1",
    "DATEADD('day', 1)": "3 arguments, it has 2",
    "[a": "closing ]",
    "[]": "field name",
    "'abc": "closing '",
    '"abc': 'closing "',
    "#2026-01-01": "closing #",
    "[a] [b]": r"operator or the end of the formula was expected, found \[b\]",
    "[a] ++": "found the end of the formula",
    "[a] +": "found the end of the formula",
    "* [a]": r"found \*",
    "[a].": "after the dot",
    "[a] NOT 1": "operator or the end",
    "[a] IN": "found the end",
    "[a] IN (1": r"\) or , was expected to close IN",
    "IF [a] THEN 1": "END was expected to close IF",
    "IF [a] 1 END": "THEN was expected",
    "IF [a] THEN END": "found END",
    "CASE [a] END": "WHEN was expected",
    "CASE [a] WHEN 1 THEN 2": "END was expected to close CASE",
    "CASE WHEN [a] THEN 1 END": "found WHEN",
    "{FIXED [a] SUM([b])}": r": or , was expected after \{FIXED",
    "{FIXED SUM([b])": ": or , was expected",
    "{SUM([b])": r"\} was expected",
    "{SUM([b])]": "character ']'",
    "[a] & [b]": "character '&'",
    "[a] = ; 1": "character ';'",
    "END": "found END",
    "AND [a]": "found AND",
    "/* never closed": "found /|closing",
    "SUM([a],)": r"found \)",
    "[a], [b]": "found ,",
    "1 2": "found 2",
    "SUM [a]": r"found \[a\]",
    "IF(": "end of the formula",
    "Æ(1)": "none named Æ",
}
"""Formula to what the error says."""

FIELD_LEVELS = {"sum": Level.AGGREGATE, "rank": Level.TABLE, "what": Level.UNKNOWN, "one": Level.CONSTANT}
LEVELS = {
    "1": Level.CONSTANT,
    "[Parameters].[p] * 2": Level.CONSTANT,
    "TODAY()": Level.CONSTANT,
    "[a]": Level.ROW,
    "[a] * [Parameters].[p]": Level.ROW,
    "[a] + [one]": Level.ROW,
    "SUM([a])": Level.AGGREGATE,
    "SUM(1)": Level.AGGREGATE,
    "SUM([a]) / SUM([b]) * 100": Level.AGGREGATE,
    "[sum] / COUNT([b])": Level.AGGREGATE,
    "MAX([a])": Level.AGGREGATE,
    "MAX([a], [b])": Level.ROW,
    "MAX(SUM([a]), 0)": Level.AGGREGATE,
    "{FIXED [a] : SUM([b])} - [c]": Level.ROW,
    "SUM({FIXED [a] : SUM([b])})": Level.AGGREGATE,
    "IF SUM([a]) > 1 THEN 'x' END": Level.AGGREGATE,
    "IF [a] > 1 THEN 'x' END": Level.ROW,
    "CASE [Parameters].[p] WHEN 'a' THEN SUM([a]) ELSE SUM([b]) END": Level.AGGREGATE,
    "RUNNING_SUM(SUM([a]))": Level.TABLE,
    "SUM([a]) - LOOKUP(SUM([a]), -1)": Level.TABLE,
    "INDEX() <= [Parameters].[p]": Level.TABLE,
    "SCRIPT_REAL('return _arg1', SUM([a]), [Parameters].[p])": Level.TABLE,
    "[rank] + [sum]": Level.TABLE,
    "[what] + [a]": Level.UNKNOWN,
    "[what] + SUM([a])": Level.UNKNOWN,
    "SUM([what])": Level.AGGREGATE,
    "RAWSQLAGG_REAL('sum(%1)', [a])": Level.AGGREGATE,
    "ATTR([a]) = 'x' AND [sum] > 1": Level.AGGREGATE,
    "[a] IN ('x')": Level.ROW,
}
MIXED = {
    "SUM([a]) * [b]": r"\* mixes aggregates with values of the rows",
    "[sum] - [b]": "- mixes",
    "SUM([sum])": "SUM is already an aggregate",
    "SUM(SUM([a]))": "already",
    "AVG([rank])": "already",
    "IF [a] > 1 THEN SUM([b]) END": "IF mixes",
    "CASE [a] WHEN 1 THEN SUM([b]) END": "CASE mixes",
    "SUM([a]) IN ([b], 1)": "IN mixes",
    "IFNULL(SUM([a]), [b])": "IFNULL mixes",
    "RUNNING_SUM([a])": "arguments of RUNNING_SUM must be aggregates",
    "SCRIPT_REAL('x', [a])": "must be aggregates",
    "[rank] + [a]": "mixes",
    "{FIXED [a] : SUM([b])} / SUM([b])": "mixes",
    "{FIXED [a] : RUNNING_SUM(SUM([b]))}": "cannot stand in",
    "MAX([a], SUM([b]))": "MAX mixes",
}

FIELD_TYPES = {"s": "string", "i": "integer", "r": "real", "d": "date", "t": "datetime", "b": "boolean"}
TYPES = {
    "[s]": "string",
    "[i] + 1": "integer",
    "[i] + 1.5": "real",
    "[i] / 2": "real",
    "[s] + 'x'": "string",
    "STR([i]) + [s]": "string",
    "SUM([i])": "integer",
    "AVG([i])": "real",
    "[d] + 1": None,
    "[i] > 1": "boolean",
    "[s] IN ('a')": "boolean",
    "NOT [b]": "boolean",
    "IF [b] THEN 1 ELSE 2.5 END": "real",
    "IF [b] THEN 1 ELSE NULL END": "integer",
    "CASE [s] WHEN 'a' THEN 'x' ELSE [s] END": "string",
    "IIF([b], [d], [t])": "datetime",
    "IFNULL([i], 0)": "integer",
    "{FIXED [s] : MAX([d])}": "date",
    "DATEDIFF('day', [d], TODAY())": "integer",
    "DATEADD('day', 1, '2026-01-01')": None,
    "INDEX()": "integer",
    "SCRIPT_REAL('x', SUM([r]))": "real",
    "NULL": None,
    "[unknown] + 'x'": "string",
    "[unknown] + 1": None,
}
WRONG_TYPES = {
    "[s] + 1": r"\+ of a text",
    "[s] - [s]": "- of a text",
    "SUM([s])": "argument 1 of SUM is of type string, number or date was expected",
    "LEN([i])": "argument 1 of LEN is of type integer, string was expected",
    "[s] = 1": "text is compared with a number",
    "IF [i] THEN 1 END": "a condition was expected, found integer",
    "[b] AND [s]": "AND was expected to join conditions, found string",
    "IF [b] THEN 1 ELSE 'x' END": "different types: number, string",
    "CASE [s] WHEN 'a' THEN 1 ELSE 'x' END": "the results of CASE",
    "DATEDIFF('day', [i], [d])": "argument 2 of DATEDIFF",
}


def level_of_field(field: Field) -> Level:
    """Fields of the level tests; any other is a column."""
    return FIELD_LEVELS.get(field.names[-1], Level.ROW)


def type_of_field(field: Field) -> str | None:
    """Fields of the type tests."""
    return FIELD_TYPES.get(field.names[-1])


@pytest.mark.parametrize("formula", TREES)
def test_tree(formula: str) -> None:
    """Precedence, nesting and literals are as Tableau reads them."""
    assert parse(formula) == TREES[formula]


@pytest.mark.parametrize("formula", VALID)
def test_valid(formula: str) -> None:
    """Every form inside every other parses."""
    assert len(list(nodes_of(parse(formula)))) >= 1


@pytest.mark.parametrize("formula", INVALID)
def test_invalid(formula: str) -> None:
    """The error says what was expected."""
    with pytest.raises(CalculationError, match=INVALID[formula]):
        parse(formula)


@pytest.mark.parametrize("formula", [form for form in VALID if form.rstrip().endswith((")", "END", "}"))])
def test_cut_short(formula: str) -> None:
    """A formula without its last bracket or END is refused."""
    with pytest.raises(CalculationError):
        parse(formula.rstrip().removesuffix("END").removesuffix(")").removesuffix("}"))


def test_error_has_its_place() -> None:
    """Line and column, from 1, of what is wrong."""
    with pytest.raises(CalculationError) as caught:
        parse("SUM([a]) +\n  SUMM([b])")

    assert (caught.value.line, caught.value.column, caught.value.at) == (2, 3, 13)
    assert str(caught.value).startswith("line 2, column 3: a function was expected")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_counts_of_arguments(name: str) -> None:
    """Each function takes its least and most arguments, and one more or fewer is refused."""
    for form in FUNCTIONS[name]:
        for count in {form.least, form.least if form.most is None else form.most}:
            assert parse(f"{name}({', '.join(['[a]'] * count)})") == Call(name, (A,) * count)
    for count in range(9):
        if form_of(name, count) is None:
            with pytest.raises(CalculationError, match="arguments, it has"):
                parse(f"{name}({', '.join(['[a]'] * count)})")


def test_every_function_of_the_language_is_there() -> None:
    """The groups of the reference, section 20, and scripts stand apart: Public refuses those."""
    scripts = {name for name, forms in FUNCTIONS.items() if forms[0].kind is Kind.SCRIPT}

    assert len(FUNCTIONS) > 170
    assert {"SCRIPT_REAL", "SCRIPT_INT", "SCRIPT_STR", "SCRIPT_BOOL", "MODEL_EXTENSION_REAL"} <= scripts
    assert {form.kind for form in FUNCTIONS["MAX"]} == {Kind.ROW, Kind.AGGREGATE}


@pytest.mark.parametrize("formula", ["SUMM([a])", "SUM()", "ROUND([a], 1, 2)"])
def test_wrong_calls_are_told_apart(formula: str) -> None:
    """A wrong function is another error than a wrong sentence."""
    with pytest.raises(FunctionCallError):
        parse(formula)


def test_wrong_sentences_are_no_wrong_calls() -> None:
    """A comma too many is not the function's fault."""
    with pytest.raises(CalculationError) as caught:
        parse("SUM([a],)")

    assert not isinstance(caught.value, FunctionCallError)


def test_long_chains_and_deep_nests() -> None:
    """Thousands of ORs are read; nesting without end is refused with one clear error."""
    chain = " OR ".join(f"[a] = {n}" for n in range(5000))
    mixed = " + ".join(f"[a] - {n}" for n in range(5000))

    assert level_of(parse(chain), level_of_field) is Level.ROW
    assert type_of(parse(mixed), type_of_field) is None
    for opening in ("(", "{", "-", "NOT ", "ABS(", "IF ", "1^", "CASE "):
        with pytest.raises(NestedTooDeeplyError, match="nested more than"):
            parse(opening * 5000)


@pytest.mark.parametrize("formula", LEVELS)
def test_level(formula: str) -> None:
    """Constants go with everything; an LOD is of the rows; an unknown field is held against nobody."""
    assert level_of(parse(formula), level_of_field) is LEVELS[formula]


@pytest.mark.parametrize("formula", MIXED)
def test_mixed_levels(formula: str) -> None:
    """What Tableau answers with "cannot mix aggregate and non-aggregate" is refused."""
    with pytest.raises(MixedLevelsError, match=MIXED[formula]):
        level_of(parse(formula), level_of_field, formula)


@pytest.mark.parametrize("formula", TYPES)
def test_type(formula: str) -> None:
    """The datatype of the result, None where it cannot be said."""
    assert type_of(parse(formula), type_of_field) == TYPES[formula]


@pytest.mark.parametrize("formula", WRONG_TYPES)
def test_wrong_types(formula: str) -> None:
    """Text among numbers, and the like, is refused."""
    with pytest.raises(CalculationError, match=WRONG_TYPES[formula]):
        type_of(parse(formula), type_of_field, formula)


def test_fields_parameters_and_functions() -> None:
    """Each once, in the order of the text; parameters are no fields."""
    tree = parse("IF [b] > [Parameters].[p] THEN SUM([a]) / SUM([b]) ELSE {FIXED [c] : sum([ds].[a])} END")

    assert [field.reference for field in fields_of(tree)] == ["[b]", "[a]", "[c]", "[ds].[a]"]
    assert [field.reference for field in parameters_of(tree)] == ["[Parameters].[p]"]
    assert functions_of(tree) == ("SUM",)


def test_replacing_keeps_the_text() -> None:
    """References change, the author's spacing, comments, case and strings stay."""
    formula = "sum( [Energy] )  // of [Energy]\n* [Demand reduction] + len('[Energy]') + energy - [other]"
    mapping = {"[Energy]": "[kwh]", "[Demand reduction]": "[Parameters].[Parameter 1]", "[energy]": "[kwh]"}

    assert replace_fields(formula, mapping) == (
        "sum( [kwh] )  // of [Energy]\n* [Parameters].[Parameter 1] + len('[Energy]') + [kwh] - [other]"
    )


names = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=200)


@given(names, names)
def test_hostile_names(name: str, other: str) -> None:
    """Any name at all, brackets and quotes included, is found again and can be replaced."""
    formula = f"SUM({bracketed(name)}) + MAX({bracketed('Parameters', other)})"
    tree = parse(formula)

    assert [field.names for field in fields_of(tree)] == [(name,)]
    assert [field.names for field in parameters_of(tree)] == [("Parameters", other)]
    assert replace_fields(formula, {bracketed(name): "[x]"}) == f"SUM([x]) + MAX({bracketed('Parameters', other)})"


@given(st.text(alphabet="[]'\"#(){},:.+-*/^%=<>!1aIF THENDCASWON\\\n", max_size=60))
def test_any_text_parses_or_is_refused(text: str) -> None:
    """Whatever is typed gives a tree or a CalculationError with a place in the text, nothing else."""
    place = 0
    try:
        place = parse(text).at
    except CalculationError as error:
        place = error.at
    else:
        assert replace_fields(text, {}) == text
    assert 0 <= place <= len(text)
