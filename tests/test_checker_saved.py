"""What is an error in a file of a generator and a warning in one that Tableau saved: what an author may leave there.

Tableau opens again what it has saved, with the red pill of a field that its author deleted; what it can never have
written stays an error in its files too.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from lxml import etree

from pipeline.cli import main
from pipeline.workbook_checking import MOST_ALIKE
from workbooks.checker import check_file
from workbooks.checker_book import index
from workbooks.checker_opening import open_document

SPECIMEN = Path(__file__).parent / "checked" / "specimen.twb"
DS = "federated.hw1"
SAVED = "2025.2.3 (20252.25.0909.1230)"

Root = Any


def rules_of(tmp_path: Path, root: Root, build: str) -> dict[str, str]:
    """Rule to severity, in a file of that build."""
    root.set("source-build", build)
    path = tmp_path / "book.twb"
    path.write_bytes(etree.tostring(root))
    return {issue.rule: issue.severity for issue in check_file(path)}


@pytest.fixture
def root() -> Root:
    """The clean specimen as a tree."""
    return etree.parse(str(SPECIMEN)).getroot()


def sheet(root: Root, name: str = "Meters") -> Root:
    """A worksheet."""
    return root.find(f"worksheets/worksheet[@name='{name}']")


def pill_of_nothing(root: Root) -> None:
    """The calculation was deleted, its pill was not."""
    sheet(root).find("table/cols").text = f"[{DS}].[pcto:usr:Calculation_99:qk:2]"


def pill_of_no_source(root: Root) -> None:
    """The data source was replaced."""
    sheet(root).find("table/cols").text = "[federated.gone].[sum:energy_kwh:qk]"


def instance_of_nothing(root: Root) -> None:
    """A pill is declared, of a column that is gone."""
    place = sheet(root).find(".//column-instance[@name='[sum:energy_kwh:qk]']")
    place.addprevious(
        etree.Element(
            "column-instance",
            {"column": "[gone]", "derivation": "Sum", "name": "[sum:gone:qk]", "pivot": "key", "type": "quantitative"},
        )
    )


def formula_made_an_aggregate(root: Root) -> None:
    """Sum of what now aggregates itself."""
    for node in root.iterfind(".//column[@name='[Calculation_4]']/calculation"):
        node.set("formula", "SUM([energy_kwh])")


def formula_made_of_rows(root: Root) -> None:
    """User of what aggregates no more."""
    for node in root.iterfind(".//column[@name='[Calculation_2]']/calculation"):
        node.set("formula", "[energy_kwh] / 2")


def raw_tooltip(root: Root) -> None:
    """A dimension on the tooltip that does not split the view."""
    text = etree.tostring(root).replace(b"[attr:date:ok]", b"[none:date:ok]").replace(b'"Attribute"', b'"None"')
    root[:] = list(etree.fromstring(text))


def no_item_that_was_only_counted(root: Root) -> None:
    """The manifest lacks what was never seen to be asked for."""
    items = root.find("document-format-change-manifest")
    items.remove(items.find("SetMembershipControl"))


def control_without_mode(root: Root) -> None:
    """A parameter control that leaves its form to Tableau."""
    zone = root.find(".//zone[@type-v2='paramctrl']")
    del zone.attrib["mode"]


LEFT_THERE: dict[str, tuple[Callable[[Root], None], str]] = {
    "pill": (pill_of_nothing, "pill"),
    "pill-source": (pill_of_no_source, "pill-source"),
    "ci-column": (instance_of_nothing, "ci-column"),
    "double-agg": (formula_made_an_aggregate, "double-agg"),
    "usr-on-rowlevel": (formula_made_of_rows, "usr-on-rowlevel"),
    "tooltip-dimension": (raw_tooltip, "tooltip-dimension"),
    "manifest": (no_item_that_was_only_counted, "manifest-advice"),
    "paramctrl-mode": (control_without_mode, "paramctrl-mode"),
}


@pytest.mark.parametrize("rule", LEFT_THERE)
def test_what_an_author_left(tmp_path: Path, root: Root, rule: str) -> None:
    """An error in what a generator wrote; in what Tableau saved a warning, and never nothing."""
    put_in, later = LEFT_THERE[rule]
    put_in(root)

    assert rules_of(tmp_path, root, "0.0.0 (0000.0.0.0)")[rule] == "error"
    saved = rules_of(tmp_path, root, SAVED)
    assert saved[later] == "warning"
    assert "error" not in saved.values()


def undeclared(root: Root) -> None:
    """The field is there, the sheet does not declare its pill."""
    sheet(root).find("table/cols").text = f"[{DS}].[avg:energy_kwh:qk]"


def no_viewpoint(root: Root) -> None:
    """A dashboard without the viewpoint of its sheet."""
    node = root.find(".//viewpoint")
    node.getparent().remove(node)


def no_item(root: Root) -> None:
    """The manifest lacks an item without which Tableau was seen to refuse a file."""
    items = root.find("document-format-change-manifest")
    items.remove(items.find("SheetIdentifierTracking"))


def broken_formula(root: Root) -> None:
    """A calculation that a sheet shows names a field that is gone."""
    for node in root.iterfind(".//column[@name='[Calculation_2]']/calculation"):
        node.set("formula", "SUM([gone])")


NEVER_WRITTEN = {"pill": undeclared, "viewpoint": no_viewpoint, "manifest": no_item, "calc-ref": broken_formula}


@pytest.mark.parametrize("rule", NEVER_WRITTEN)
def test_what_stays_an_error(tmp_path: Path, root: Root, rule: str) -> None:
    """A hand has been in the file since, or the sheet is broken for everybody to see."""
    NEVER_WRITTEN[rule](root)

    assert rules_of(tmp_path, root, SAVED)[rule] == "error"


def test_parameters_are_told_once(tmp_path: Path, root: Root) -> None:
    """Not once a calculation: a sheet that does not declare a parameter has one warning for it."""
    place = sheet(root, "What if").find(".//datasource-dependencies[@datasource='Parameters']")
    place.getparent().remove(place)
    home = sheet(root, "What if").find(f".//datasource-dependencies[@datasource='{DS}']")
    for number in range(9):
        column = etree.SubElement(home, "column", {"datatype": "real", "name": f"[c{number}]", "role": "measure"})
        etree.SubElement(column, "calculation", {"class": "tableau", "formula": "[Parameters].[Parameter 1]"})
    path = tmp_path / "book.twb"
    path.write_bytes(etree.tostring(root))
    told = [issue for issue in check_file(path) if issue.rule == "param-declared" and "Parameter 1" in issue.reason]

    assert len(told) == 1


def test_many_alike_are_counted(tmp_path: Path, root: Root) -> None:
    """Of the warnings of one rule a few are shown; errors all."""
    column = root.find("datasources/datasource[@name='Parameters']/column[members]")
    for number in range(12):
        copy = etree.fromstring(etree.tostring(column))
        copy.attrib.update({"name": f"[Parameter {number + 10}]", "caption": f"P{number}", "value": '"gone"'})
        column.addnext(copy)
        broken = etree.fromstring(etree.tostring(column))
        broken.attrib.update(
            {"name": f"[Parameter {number + 30}]", "caption": f"Q{number}", "param-domain-type": "all"}
        )
        column.addnext(broken)
    path = tmp_path / "book.twb"
    path.write_bytes(etree.tostring(root))
    output = CliRunner().invoke(main, ["workbook", "check", str(path)]).output

    assert output.count("warning param-value: line") == MOST_ALIKE
    assert f"warning param-value: and {12 - MOST_ALIKE} more" in output
    assert output.count("error param-domain: line") == 12
    assert "errors 12, warnings 12" in output


def data_source(root: Root, comment: str) -> bytes:
    """The specimen's data source as Tableau saves one alone: a comment says the build, the element does not."""
    source = root.find(f"datasources/datasource[@name='{DS}']")
    for node in [*source.findall("group"), *source.findall("column[calculation]")]:
        source.remove(node)
    source.attrib.update({"formatted-name": "daily", "source-platform": "win"})
    return f"<?xml version='1.0' encoding='utf-8' ?>\n\n{comment}\n".encode() + etree.tostring(source)


@pytest.mark.parametrize(
    ("stamp", "build"),
    [
        ("20251.25.0313.2002", (2025, 1)),
        ("20194.19.1010.1202", (2019, 4)),
        ("10500.18.0305.1222", (10, 5)),
        ("9300.16.0603.2240", (9, 3)),
        ("main.26.0802.1921", (2026, 3)),
    ],
)
def test_build_of_a_data_source(tmp_path: Path, root: Root, stamp: str, build: tuple[int, int]) -> None:
    """Read out of the comment, where the element says none."""
    path = tmp_path / "daily.tds"
    path.write_bytes(data_source(root, f"<!-- build {stamp}                               -->"))

    assert index(open_document(path)).build == build


@pytest.mark.parametrize(("items", "is_judged"), [("<SortTagCleanup/>", True), ("", False)])
def test_a_data_source_without_a_manifest(tmp_path: Path, root: Root, items: str, is_judged: bool) -> None:
    """A server gives out under its own build what an older Tableau wrote: today's schema does not hold for it."""
    source = data_source(root, "<!-- build 20231.23.0125.1912 -->")
    manifest = f"<document-format-change-manifest>{items}</document-format-change-manifest>".encode()
    path = tmp_path / "daily.tds"
    path.write_bytes(source.replace(b"<connection ", manifest + b"<connection ", 1))

    assert index(open_document(path)).is_judged is is_judged


@pytest.mark.parametrize(
    ("said", "build"),
    [
        ("2024.2.1 (20242.24.0807.0327)", (2024, 2)),
        ("0.0.0 (0000.18.0322.2000)", (2018, 1)),
        ("0.0.0 (0000.0.0.0)", None),
        ("0.0.0", None),
        ("", None),
        ("nonsense", None),
    ],
)
def test_build_of_a_workbook(tmp_path: Path, root: Root, said: str, build: tuple[int, int] | None) -> None:
    """Tableau's builds between releases say 0.0.0 too, and their day."""
    root.set("source-build", said)
    path = tmp_path / "book.twb"
    path.write_bytes(etree.tostring(root))

    assert index(open_document(path)).build == build


def test_a_build_that_is_denied(tmp_path: Path, root: Root) -> None:
    """A generator that copied the comment and says 0.0.0 is none of Tableau's."""
    root.set("source-build", "0.0.0 (0000.0.0.0)")
    path = tmp_path / "book.twb"
    path.write_bytes(b"<!-- build 20251.25.0313.2002 -->" + etree.tostring(root))

    assert index(open_document(path)).build is None


@pytest.mark.parametrize("comment", ["", "<!-- build 20194.19.1010.1202 -->"])
def test_data_sources_before_the_object_model(tmp_path: Path, root: Root, comment: str) -> None:
    """Saved before 2020.2 they have no object-graph, and nothing is wrong with that."""
    source = root.find(f"datasources/datasource[@name='{DS}']")
    for path in ("object-graph", "column[@datatype='table']"):
        source.remove(source.find(path))
    for record in source.iter("metadata-record"):
        record.remove(record.find("object-id"))
    path = tmp_path / "daily.tds"
    path.write_bytes(data_source(root, comment))

    assert check_file(path) == []


def test_what_a_later_tableau_may_have(tmp_path: Path, root: Root) -> None:
    """Marks and functions that are not known yet are doubtful in a file of a Tableau that came later."""
    sheet(root).find("table/panes/pane/mark").set("class", "Sparkle")
    for node in root.iterfind(".//column[@name='[Calculation_2]']/calculation"):
        node.set("formula", "SPARKLE(SUM([energy_kwh]))")
    known = rules_of(tmp_path, root, SAVED)

    assert known == {"mark-class": "error", "calc-func": "error"}
    assert set(rules_of(tmp_path, root, "2029.1.0 (20291.29.0301.1200)").values()) == {"warning"}
