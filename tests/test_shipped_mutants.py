"""The same 31 defects in the workbooks that hyperwatt ships, wherever in them the part is that each breaks."""

import copy
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from pipeline.stores.extracts import EXTRACTS
from workbooks.calculation import parse
from workbooks.checker import check_file
from workbooks.checker_rules import RULES
from workbooks.facts import Facts
from workbooks.levels import Level, level_of
from workbooks.render_workbook import render_workbook
from workbooks.shipped.contents import workbooks
from workbooks.targets import TARGETS, fit

SCHEMAS = Path(__file__).resolve().parents[2] / "shared" / "schemas"
HYPER_TYPES = {
    "text": "TEXT",
    "integer": "INT",
    "double precision": "DOUBLE",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
    "boolean": "BOOL",
}
CATALOGUES = {
    name: {column.name: HYPER_TYPES[column.kind[1]] for column in extract.columns} for name, extract in EXTRACTS.items()
}
FACTS = Facts(CATALOGUES, ("meter A", "meter B"), ("site",))
COLUMNS = {f"Data/Extracts/{name}.hyper": columns for name, columns in CATALOGUES.items()}

Root = Any
Mutant = Callable[[Root], None]


@cache
def built(name: str, target: str) -> bytes:
    """A shipped workbook as XML."""
    book = next(book for book in workbooks(FACTS) if book.name == name)
    fitted, _ = fit(book, TARGETS[target], CATALOGUES)
    assert fitted is not None
    return render_workbook(fitted, CATALOGUES, "Data/Extracts", TARGETS[target].version)


@pytest.fixture
def root() -> Root:
    """The largest shipped workbook."""
    return etree.fromstring(built("energy", "desktop"))


def check(tmp_path: Path, data: bytes, **options: Any) -> dict[str, str]:
    """Rules that are broken, with their severity."""
    path = tmp_path / "book.twb"
    path.write_bytes(data)
    return {issue.rule: issue.severity for issue in reversed(check_file(path, catalogue=COLUMNS, **options))}


def source_of(root: Root) -> Root:
    """The first data source that is no Parameters."""
    return next(one for one in root.iterfind("datasources/datasource") if one.get("name") != "Parameters")


def physical(source: Root, *kinds: str) -> list[str]:
    """Columns of the data, in brackets."""
    calculated = {column.get("name") for column in source.iterfind("column[calculation]")}
    records = source.iterfind(".//metadata-record")
    names = [one.findtext("local-name") for one in records if one.findtext("local-type") in kinds]
    return [name for name in names if name not in calculated]


def with_formula(root: Root, formula: str) -> None:
    """Give the first calculation that a sheet uses another formula, in all its copies."""
    source = source_of(root)
    real, text = physical(source, "real"), physical(source, "string")
    parameter = root.find("datasources/datasource[@name='Parameters']/column").get("name")
    used = next(
        column.get("name")
        for dependencies in root.iterfind(".//worksheet//datasource-dependencies")
        if dependencies.get("datasource") == source.get("name")
        for column in dependencies.iterfind("column[calculation]")
    )
    for node in root.iterfind(f".//column[@name='{used}']/calculation"):
        node.set("formula", formula.format(a=real[0], b=real[1], s=text[0], p=parameter))


def formula_mutant(formula: str) -> Mutant:
    """Make a mutant that writes a formula; {a}, {b} are numbers, {s} a text, {p} a parameter."""
    return lambda root: with_formula(root, formula)


def first(nodes: Iterable[Root]) -> Root:
    """The first one; there is one."""
    return next(iter(nodes))


def rows_before_panes(root: Root) -> None:
    """01."""
    table = root.find(".//worksheet/table")
    table.insert(list(table).index(table.find("panes")), table.find("rows"))


def remove(path: str) -> Mutant:
    """Take out the first element of a path."""

    def put_in(root: Root) -> None:
        node = first(root.xpath(path))
        node.getparent().remove(node)

    return put_in


def change(path: str, name: str, value: str) -> Mutant:
    """Set an attribute of the first element of a path."""
    return lambda root: first(root.xpath(path)).set(name, value)


def drop(path: str, name: str) -> Mutant:
    """Remove an attribute of the first element of a path."""
    return lambda root: first(root.xpath(path)).attrib.__delitem__(name)


def undeclared_on_shelf(root: Root) -> None:
    """09."""
    root.find(".//worksheet/table/cols").text = f"[{source_of(root).get('name')}].[usr:Calculation_99:qk]"


def actions_in_dashboard(root: Root) -> None:
    """16."""
    root.find("dashboards/dashboard").append(root.find("actions"))


def undeclared_instance(root: Root) -> None:
    """17: the instance of the first pill of a shelf goes."""
    for sheet in root.iterfind("worksheets/worksheet"):
        shelf = sheet.findtext("table/rows") or ""
        for instance in sheet.iterfind(".//column-instance"):
            if instance.get("name") in shelf:
                instance.getparent().remove(instance)
                return
    pytest.fail("no pill on rows")


def qualified_level(root: Root) -> None:
    """18."""
    group = first(root.xpath("//worksheet//filter//groupfilter[@level]"))
    group.set("level", f"[{source_of(root).get('name')}].{group.get('level')}")


def named_like_a_sheet(root: Root) -> None:
    """20."""
    sheet, board = root.find("worksheets/worksheet"), root.find("dashboards/dashboard")
    for window in root.iterfind("windows/window"):
        if window.get("name") == board.get("name"):
            window.set("name", sheet.get("name"))
    board.set("name", sheet.get("name"))


def column_not_in_extract(root: Root) -> None:
    """21."""
    record = source_of(root).find(".//metadata-record")
    added = copy.deepcopy(record)
    for tag, text in {"remote-name": "not_there", "local-name": "[not_there]", "remote-alias": "not_there"}.items():
        added.find(tag).text = text
    record.addnext(added)


def raw_tooltip(root: Root) -> None:
    """24: Attribute becomes None, as of a generator that does not know it is needed."""
    for instance in root.xpath("//worksheet//column-instance[@derivation='Attribute']"):
        sheet = first(instance.iterancestors("worksheet"))
        old, new = instance.get("name"), instance.get("name").replace("[attr:", "[none:")
        tooltips = [one for one in sheet.iter("tooltip") if one.get("column").endswith(old)]
        column = instance.getparent().find(f"column[@name='{instance.get('column')}']")
        if tooltips and column.get("role") == "dimension":
            instance.attrib.update({"derivation": "None", "name": new})
            for tooltip in tooltips:
                tooltip.set("column", tooltip.get("column").replace(old, new))
            return
    pytest.fail("no dimension on a tooltip")


def user_on_rows(root: Root) -> None:
    """26: the first Sum of a calculation of the rows becomes User."""
    for instance in root.xpath("//worksheet//column-instance[@derivation='Sum']"):
        column = instance.getparent().find(f"column[@name='{instance.get('column')}'][calculation]")
        formula = "" if column is None else column.find("calculation").get("formula")
        if formula and level_of(parse(formula), lambda field: Level.ROW) is Level.ROW:
            instance.set("derivation", "User")
            return
    with_formula(root, "{{FIXED {s} : SUM({a})}}")


def nested_zone_id(root: Root) -> None:
    """27."""
    zones = root.xpath("//dashboard/zones//zone/zone")
    zones[-1].set("id", zones[-1].getparent().get("id"))


def object_id_differs(root: Root) -> None:
    """30."""
    root.find(".//metadata-record/object-id").text = "[Extract (Extract.Extract)_FFFF]"


MUTANTS: dict[str, tuple[str, Mutant]] = {
    "01 rows before panes": ("order", rows_before_panes),
    "02 unknown mark": ("mark-class", change("//pane/mark", "class", "Squares")),
    "03 domain all": ("param-domain", change("//column[@param-domain-type]", "param-domain-type", "all")),
    "04 no viewpoint": ("viewpoint", remove("//window[@class='dashboard']//viewpoint")),
    "05 zone of no sheet": ("zone-ref", change("//zone[@name and not(@type-v2)]", "name", "gone")),
    "06 no window": ("window", remove("//window[@class='worksheet']")),
    "07 manifest": ("manifest", remove("//SheetIdentifierTracking")),
    "08 object graph": ("object-graph", remove("//object-graph")),
    "09 undeclared calculation": ("pill", undeclared_on_shelf),
    "10 unknown field": ("calc-ref", formula_mutant("SUM([no such field])")),
    "11 unbalanced": ("calc-syntax", formula_mutant("SUM({a}")),
    "12 unknown function": ("calc-func", formula_mutant("SUMM({a})")),
    "13 control without mode": ("paramctrl-mode", drop("//zone[@type-v2='paramctrl']", "mode")),
    "14 fixed size": ("fixed-size", change("//size[@sizing-mode='fixed']", "minwidth", "17")),
    "15 TruncMonth": ("derivation", change("//column-instance[@derivation='Month-Trunc']", "derivation", "TruncMonth")),
    "16 actions in dashboard": ("action-place", actions_in_dashboard),
    "17 undeclared instance": ("pill", undeclared_instance),
    "18 qualified level": ("level-qualified", qualified_level),
    "19 mixed": ("calc-mixed", formula_mutant("SUM({a}) * {b}")),
    "20 named alike": ("dup-name", named_like_a_sheet),
    "21 not in extract": ("hyper-schema", column_not_in_extract),
    "22 story point": ("story-ref", change("//story-point", "captured-sheet", "gone")),
    "23 lod": ("calc-syntax", formula_mutant("{{FIXED {s} SUM({a})}}")),
    "24 tooltip": ("tooltip-dimension", raw_tooltip),
    "25 unqualified parameter": ("calc-ref", formula_mutant("SUM({a}) * {p}")),
    "26 user on rows": ("usr-on-rowlevel", user_on_rows),
    "27 zone id": ("zone-id", nested_zone_id),
    "28 no simple-id": ("simple-id", remove("//worksheet/simple-id")),
    "29 connection": ("relation-conn", change("//connection/relation", "connection", "gone")),
    "30 object id": ("object-id", object_id_differs),
    "31 Attr": ("derivation", change("//column-instance[@derivation='Attribute']", "derivation", "Attr")),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["energy", "data_quality"])
def test_shipped_workbooks_are_clean(tmp_path: Path, name: str, target: str) -> None:
    """No false alarm on our own, for any target, with the schemas where they are at hand."""
    schemas = SCHEMAS if SCHEMAS.is_dir() else None

    assert check(tmp_path, built(name, target), schemas=schemas) == {}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_of_a_shipped_workbook(tmp_path: Path, root: Root, name: str) -> None:
    """Caught by the rule that is meant for it, as an error."""
    rule, put_in = MUTANTS[name]

    put_in(root)
    found = check(tmp_path, etree.tostring(root))

    assert found.get(rule) == RULES[rule].severity == "error"


def test_all_31() -> None:
    """None was left out."""
    assert [int(name[:2]) for name in MUTANTS] == list(range(1, 32))
