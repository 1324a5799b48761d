"""Whatever things are called, the workbook is valid and says it again."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from workbooks.checker import check_file
from workbooks.elements import is_writable
from workbooks.model import Action, Calculation, Dashboard, DataSource, Field, Filter, Parameter, Sheet, Story, Workbook
from workbooks.render_workbook import render_workbook
from workbooks.tree import bracketed
from workbooks.zones import control, down, sheet

SCHEMAS = Path(__file__).resolve().parents[2] / "shared" / "schemas"
NAMES = st.text(st.characters(codec="utf-8", exclude_characters=",{}\r\n\t"), min_size=1, max_size=40).filter(
    lambda name: is_writable(name) and name.strip() == name
)
"""A comma cannot stand in the name of a sheet with an action, braces mean a pill in a title, XML folds line breaks."""


def book_of(names: list[str], members: list[str]) -> tuple[Workbook, Sheet]:
    """A workbook in which everything is called something odd."""
    field, parameter, page, story, action = names
    source = DataSource(
        "data",
        field,
        (Field("kwh", field, "real", aggregation="Sum"), Field("meter", f"{field} 2", "string")),
        (Calculation(f"{field} 3", f"SUM({bracketed(field)}) * {bracketed('Parameters', parameter)}"),),
    )
    shown = Sheet(
        f"S {page}",
        source,
        rows=(f"{field} 2",),
        columns=(f"{field} 3",),
        filters=(Filter(f"{field} 2", tuple(members)),),
        title=f"{{{parameter}}} {page}",
    )
    layout = down(control(parameter), sheet(shown))
    board = Dashboard(page, layout, actions=(Action("filter", action, shown, f"{field} 2", targets=(shown,)),))
    told = Story(f"T {story}", ((story, board),))
    return Workbook("b", (board,), (told,), (Parameter(parameter, "real", 2.0),)), shown


def member_of(written: str) -> str:
    """A member as it was before it was written."""
    return re.sub(r"\\(.)", r"\1", written[1:-1], flags=re.DOTALL)


@given(
    names=st.lists(NAMES, min_size=5, max_size=5, unique=True),
    members=st.lists(NAMES, min_size=1, max_size=3, unique=True),
)
@example(names=["a]b", "c]]", '"', "'", "\\"], members=['"', "\\", '\\"'])
@example(names=["[x]", "[Parameters].[y]", "&amp;", "<b>", "⚡"], members=["true", "%", "Æ"])
@example(names=["קילוואט", "x" * 200, "SUM(1)", "--", "// a"], members=["a" * 200])
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name_is_valid_and_read_again(
    names: list[str], members: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Tableau's schema and the checker have nothing against it; sheets, points, actions, members are as written."""
    book, shown = book_of(names, members)
    data = render_workbook(book, {"data": {"kwh": "DOUBLE", "meter": "TEXT"}}, "x")
    tree = etree.fromstring(data)
    path = tmp_path_factory.mktemp("named") / "b.twb"
    path.write_bytes(data)

    schemas = SCHEMAS if SCHEMAS.is_dir() else None  # the checker's own rules hold without them
    assert [issue for issue in check_file(path, schemas=schemas) if issue.severity == "error"] == []
    assert tree.xpath("//worksheet/@name") == [shown.name]
    assert tree.xpath("//story-point/@caption") == [names[3]]
    assert tree.xpath("//actions/action/@caption") == [names[4]]
    members_read = tree.xpath("//worksheet//groupfilter/@member")
    assert [member_of(one) for one in members_read] == members
    captions = set(tree.xpath("/workbook/datasources/datasource/column/@caption"))
    assert {names[0], f"{names[0]} 2", f"{names[0]} 3", names[1]} <= captions
