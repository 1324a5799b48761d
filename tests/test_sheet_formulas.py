"""Formulas as hyperd computes them, beside what Tableau's reference says they give."""

from collections.abc import Callable
from typing import Any

import pytest
from sheet_formulas import UnsupportedError
from sheet_queries import sheet_query
from tableauhyperapi import CreateMode, HyperProcess

from pipeline.stores.hyper_read import attached
from workbooks.instances import lay_out
from workbooks.model import Calculation, DataSource, Field, Pill, Sheet
from workbooks.pills import between, exactly, only, only_one, table, top, total, where
from workbooks.resolving import names_of

FIELDS = (
    Field("g", "Group", "string"),
    Field("x", "X", "real", aggregation="Sum"),
    Field("n", "N", "integer", aggregation="Sum"),
    Field("at", "At", "datetime"),
    Field("ok", "Fine", "boolean"),
)
ROWS = """
('a', 1.0, 2, TIMESTAMP '2024-12-30 23:30:00', TRUE),
('a', 3.0, 2, TIMESTAMP '2025-01-01 00:00:00', FALSE),
('b', 5.0, 3, TIMESTAMP '2025-01-05 12:59:59', TRUE),
('b', NULL, 0, TIMESTAMP '2025-01-06 00:00:00', TRUE),
(NULL, 7.0, NULL, NULL, NULL)
"""


@pytest.fixture(scope="module")
def ask(hyperd: HyperProcess, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[list[Any]]]:
    """A function from a sheet to its rows, over five rows of data."""
    path = tmp_path_factory.mktemp("sql") / "data.hyper"
    with attached(hyperd, path, path, CreateMode.CREATE) as connection:
        connection.execute_command('CREATE SCHEMA "Extract"')
        columns = "g TEXT, x DOUBLE PRECISION, n INTEGER, at TIMESTAMP, ok BOOLEAN"
        connection.execute_command(f'CREATE TABLE "Extract"."Extract" ({columns})')
        connection.execute_command(f'INSERT INTO "Extract"."Extract" VALUES {ROWS}')

    def of(sheet: Sheet) -> list[list[Any]]:
        query, _ = sheet_query(lay_out(sheet, names_of(sheet.source)))
        with attached(hyperd, path, path, CreateMode.NONE) as connection:
            return sorted(connection.execute_list_query(query), key=str)

    return of


def source(formula: str, datatype: str = "real") -> DataSource:
    """The data with one calculation."""
    return DataSource("data", "Data", FIELDS, (Calculation("C", formula, datatype),))


@pytest.mark.parametrize(
    ("formula", "datatype", "value"),
    [
        ("SUM([X])", "real", 16.0),
        ("SUM([X] * [N])", "real", 23.0),
        ("AVG([X])", "real", 4.0),
        ("MEDIAN([X])", "real", 4.0),
        ("COUNT([X])", "integer", 4),
        ("COUNTD([N])", "integer", 3),
        ("MIN([Fine])", "boolean", False),
        ("MAX([Fine])", "boolean", True),
        ("ATTR([Group])", "string", None),
        ("SUM([N]) / COUNT([N])", "real", 1.75),
        ("SUM([X]) / (SUM([N]) - 7)", "real", None),
        ("ZN(SUM([X]) / 0)", "real", 0.0),
        ("SUM({FIXED [Group] : MAX([X])})", "real", 3.0 * 2 + 5.0 * 2 + 7.0),
        ("MAX({FIXED : SUM([X])})", "real", 16.0),
        ("MAX({SUM([X])})", "real", 16.0),
        ("SUM(IF [X] > 2 THEN [X] ELSEIF ISNULL([X]) THEN 100.0 ELSE 0.5 END)", "real", 115.5),
        ("SUM(CASE [Group] WHEN 'a' THEN 1 WHEN 'b' THEN 10 END)", "integer", 22),
        ("SUM(IF [Group] IN ('a', 'c') THEN 1 ELSE 0 END)", "integer", 2),
        ("SUM(IF NOT [Fine] THEN 1 END)", "integer", 1),
        ("MAX([Group] + '-' + STR([N]))", "string", "b-3"),
        ("SUM(DATEPART('hour', [At]))", "integer", 35),
        ("SUM(ISOWEEKDAY([At]))", "integer", 1 + 3 + 7 + 1),
        ("SUM(DATEDIFF('day', [At], {FIXED : MAX([At])}))", "integer", 7 + 5 + 1 + 0),
        ("SUM(DATEDIFF('minute', {FIXED : MIN([At])}, [At]))", "integer", 1470 + 8009 + 8670),
        ("SUM(DATEDIFF('hour', {FIXED : MIN([At])}, [At]))", "integer", 25 + 133 + 145),
        ("COUNTD(DATETRUNC('month', [At]))", "integer", 2),
        ("MAX(ABS(-[X]))", "real", 7.0),
        ("MAX(ROUND([X] / 3, 2))", "real", 2.33),
        ("MAX(IFNULL([X], 9.0))", "real", 9.0),
        ("MAX(2 + 3 * [X] - 4 / 2)", "real", 21.0),
        ("MAX(-[X] + 1)", "real", 0.0),
    ],
)
def test_an_aggregate(ask: Callable[..., list[list[Any]]], formula: str, datatype: str, value: Any) -> None:
    """One number of all rows: nulls are left out, a quotient is real, and null where the divisor is 0."""
    ((got,),) = ask(Sheet("S", source(formula, datatype), label="C"))

    assert got == (pytest.approx(value) if isinstance(value, float) else value)


@pytest.mark.parametrize(
    ("formula", "datatype", "values"),
    [
        ("RUNNING_SUM(SUM([X]))", "real", {"a": 4.0, "b": 9.0}),
        ("WINDOW_SUM(SUM([X]), -1, 0)", "real", {"a": 4.0, "b": 9.0}),
        ("WINDOW_SUM(SUM([X]), 0, 1)", "real", {"a": 9.0, "b": 5.0}),
        ("WINDOW_MAX(SUM([X]))", "real", {"a": 5.0, "b": 5.0}),
        ("WINDOW_AVG(SUM([X]))", "real", {"a": 4.5, "b": 4.5}),
        ("RANK_UNIQUE(SUM([X]), 'desc')", "integer", {"a": 2, "b": 1}),
        ("RANK_UNIQUE(SUM([X]), 'asc')", "integer", {"a": 1, "b": 2}),
        ("SUM([X]) / WINDOW_SUM(SUM([X]))", "real", {"a": 4 / 9, "b": 5 / 9}),
        ("SIZE()", "integer", {"a": 2, "b": 2}),
    ],
)
def test_a_table_calculation(
    ask: Callable[..., list[list[Any]]], formula: str, datatype: str, values: dict[str, float]
) -> None:
    """A window over the marks, along the dimension that the pill names."""
    sheet = Sheet(
        "S", source(formula, datatype), rows=("Group", table("C", "Group")), filters=(only("Group", "a", "b"),)
    )

    assert {row[0]: row[1] for row in ask(sheet)} == pytest.approx(values)


def test_a_dimension_that_is_not_named_divides_the_view(ask: Callable[..., list[list[Any]]]) -> None:
    """Along the year, a running sum begins anew in each group."""
    given = source("RUNNING_SUM(SUM([X]))")
    years = Sheet("S", given, rows=("Group", Pill("At", "Year"), table("C", "At")), filters=(only("Group", "a", "b"),))

    assert {(row[0], row[1]): row[2] for row in ask(years)} == {("a", 2024): 1, ("a", 2025): 4, ("b", 2025): 5}


def test_a_level_of_detail_does_not_see_filters_of_dimensions(ask: Callable[..., list[list[Any]]]) -> None:
    """FIXED is of all rows, whatever the sheet shows; an aggregate is of what is shown."""
    given = source("SUM([X]) / MAX({FIXED : SUM([X])})")

    assert ask(Sheet("S", given, label="C", filters=(only("Group", "a"),))) == [[pytest.approx(4 / 16)]]


def test_filters_on_marks_come_last(ask: Callable[..., list[list[Any]]]) -> None:
    """A table calculation that is filtered on still saw every mark."""
    given = source("RANK_UNIQUE(SUM([X]), 'desc') <= 1", "boolean")
    first = Sheet("S", given, rows=("Group", total("X")), filters=(where(table("C", "Group")),))

    assert ask(first) == [[None, 7.0]]


@pytest.mark.parametrize(
    ("how", "values"),
    [
        ("Year", [2024, 2025]),
        ("Quarter", [1, 4]),
        ("Month", [1, 12]),
        ("Week", [1, 2, 53]),
        ("Weekday", [1, 3, 7]),
        ("Day", [1, 30, 5, 6]),
        ("Hour", [0, 12, 23]),
        ("Year-Trunc", ["2024-01-01 00:00:00", "2025-01-01 00:00:00"]),
        ("Week-Trunc", ["2024-12-30 00:00:00", "2025-01-06 00:00:00"]),
        (
            "Hour-Trunc",
            [f"{day}:00:00" for day in ("2024-12-30 23", "2025-01-01 00", "2025-01-05 12", "2025-01-06 00")],
        ),
    ],
)
def test_parts_of_dates(ask: Callable[..., list[list[Any]]], how: str, values: list[Any]) -> None:
    """Weeks begin on Monday; the week of the first of January is the first."""
    sheet = Sheet("S", source("1.0"), rows=(Pill("At", how, discrete=True),), filters=(only("Group", "a", "b"),))

    assert sorted(str(row[0]) for row in ask(sheet)) == sorted(map(str, values))


def test_filters(ask: Callable[..., list[list[Any]]]) -> None:
    """Members, truth, ranges; a null is in none of them."""
    given = source("1.0")
    cases = {
        (only("Group", "a"),): 4.0,
        (only("Group"),): 16.0,
        (where("Fine"),): 6.0,
        (between(exactly("X"), 3, 5),): 8.0,
        (between(exactly("X"), least=5), only("Group", "b")): 5.0,
        (between(exactly("N"), most=2),): 4.0,
        (between("N", most=7),): 16.0,
    }
    for filters, value in cases.items():
        assert ask(Sheet("S", given, label=total("X"), filters=filters)) == [[value]], filters


def test_one_value_or_none(ask: Callable[..., list[list[Any]]]) -> None:
    """ATTR is the value where there is one, else nothing."""
    rows = ask(Sheet("S", source("1.0"), rows=("Group",), tooltip=(only_one("N"),), filters=(only("Group", "a", "b"),)))

    assert rows == [["a", 2], ["b", None]]


def test_nothing_is_no_mark(ask: Callable[..., list[list[Any]]]) -> None:
    """A single number of no rows is no mark, as in Tableau: a sheet without data cannot say so."""
    assert ask(Sheet("S", source("1.0"), label=total("X"), filters=(only("Group", "z"),))) == []


@pytest.mark.parametrize(
    ("sheet_of", "reason"),
    [
        (lambda: Sheet("S", source("LOG(SUM([X]))"), label="C"), r"LOG\( \)"),
        (lambda: Sheet("S", source("SUM({INCLUDE [Group] : SUM([X])})"), label="C"), "INCLUDE"),
        (lambda: Sheet("S", source("SUM(DATEDIFF('week', [At], [At]))", "integer"), label="C"), "DATEDIFF"),
        (lambda: Sheet("S", source('SCRIPT_REAL("", SUM([X]))'), rows=("Group", table("C", "Group"))), "SCRIPT_REAL"),
        (lambda: Sheet("S", source("1.0"), rows=("Group",), filters=(top("Group", 1, "SUM([X])"),)), "top"),
        (lambda: Sheet("S", source("1.0"), rows=(Pill("At", "ISO-Week"),)), "ISO-Week"),
        (lambda: Sheet("S", source("1.0"), label=Pill("X", "Var")), "Var"),
    ],
)
def test_what_is_not_known_says_so(sheet_of: Callable[[], Sheet], reason: str) -> None:
    """Never a wrong number: what has no translation is named."""
    sheet = sheet_of()
    with pytest.raises(UnsupportedError, match=reason):
        sheet_query(lay_out(sheet, names_of(sheet.source)))
