"""The 31 defects that workbook generators really have (reference, section 17), and more, put in one by one: all caught.

Each is put into every workbook that is clean and has the part that it breaks; the rule that must find it is named.
"""

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from workbooks.checker import check_file
from workbooks.checker_rules import RULES
from workbooks.checker_sources import Catalogue

SPECIMEN = Path(__file__).parent / "checked" / "specimen.twb"
COLUMNS = {
    "meter_id": "TEXT",
    "date": "DATE",
    "energy_kwh": "DOUBLE",
    "peak_kw": "DOUBLE",
    "latitude": "DOUBLE",
    "is_weekend": "BOOL",
}
CATALOGUE: Catalogue = {"Data/Extracts/daily.hyper": COLUMNS}
SCHEMAS = Path(__file__).resolve().parents[2] / "shared" / "schemas"
DS = "federated.hw1"

needs_schemas = pytest.mark.skipif(not SCHEMAS.is_dir(), reason=f"no folder {SCHEMAS} of Tableau's schemas")

Root = Any
Mutant = Callable[[Root], None]
MUTANTS: dict[str, tuple[str, Mutant]] = {}
"""Name to the rule that must find it and the function that puts it in."""


def mutant(rule: str) -> Callable[[Mutant], Mutant]:
    """Enter a mutant in the table."""

    def enter(function: Mutant) -> Mutant:
        MUTANTS[function.__name__] = (rule, function)
        return function

    return enter


def sheet(root: Root, name: str) -> Root:
    """The worksheet of that name."""
    return root.find(f"worksheets/worksheet[@name='{name}']")


def set_formula(root: Root, formula: str, name: str = "Calculation_1") -> None:
    """Give a calculation another formula wherever it is declared."""
    for node in root.iterfind(f".//column[@name='[{name}]']/calculation"):
        node.set("formula", formula)


def take_out(root: Root, path: str) -> None:
    """Remove the first element of a path."""
    node = root.find(path)
    node.getparent().remove(node)


def set_all(root: Root, path: str, name: str, value: str) -> None:
    """Set an attribute of every element of a path; there is at least one."""
    nodes = root.findall(path)
    assert nodes
    for node in nodes:
        node.set(name, value)


def rename_instance(root: Root, old: str, derivation: str, new: str) -> None:
    """Change a pill as a generator with a wrong table would: everywhere, name and derivation alike."""
    for node in root.iter():
        for name, value in node.attrib.items():
            node.set(name, value.replace(f"[{old}]", f"[{new}]"))
        if node.text:
            node.text = node.text.replace(f"[{old}]", f"[{new}]")
    set_all(root, f".//column-instance[@name='[{new}]']", "derivation", derivation)


@mutant("order")
def m01_rows_before_panes(root: Root) -> None:
    """The loader reads in the order of the schema."""
    table = sheet(root, "Meters").find("table")
    table.insert(list(table).index(table.find("panes")), table.find("rows"))


@mutant("mark-class")
def m02_unknown_mark(root: Root) -> None:
    """There is Square, no Squares."""
    set_all(sheet(root, "Calendar"), "table/panes/pane/mark", "class", "Squares")


@mutant("param-domain")
def m03_domain_all(root: Root) -> None:
    """A word that sounds right."""
    set_all(root, ".//column[@param-domain-type='range']", "param-domain-type", "all")


@mutant("viewpoint")
def m04_viewpoint_missing(root: Root) -> None:
    """A sheet was added to the dashboard, not to its window."""
    take_out(root, "windows/window[@name='Overview']/viewpoints/viewpoint[@name='Calendar']")


@mutant("zone-ref")
def m05_zone_of_no_sheet(root: Root) -> None:
    """A sheet was renamed, the zone was not."""
    set_all(root, ".//zone[@name='Calendar']", "name", "Calender")


@mutant("window")
def m06_no_window(root: Root) -> None:
    """The sheet is dropped in silence."""
    take_out(root, "windows/window[@name='Calendar']")


@mutant("manifest")
def m07_manifest_item_missing(root: Root) -> None:
    """simple-id without SheetIdentifierTracking."""
    take_out(root, "document-format-change-manifest/SheetIdentifierTracking")


@mutant("object-graph")
def m08_no_object_graph(root: Root) -> None:
    """Opens, then dies on the Data Source tab."""
    take_out(root, ".//object-graph")


@mutant("pill")
def m09_undeclared_calculation(root: Root) -> None:
    """A calculation that exists nowhere stands on a shelf."""
    sheet(root, "Meters").find("table/cols").text = f"[{DS}].[usr:Calculation_99:qk]"


@mutant("calc-ref")
def m10_unknown_field(root: Root) -> None:
    """A typo in a formula."""
    set_formula(root, "[energy_kw] * (1 - [Parameters].[Parameter 1])")


@mutant("calc-syntax")
def m11_unbalanced(root: Root) -> None:
    """A bracket is missing."""
    set_formula(root, "[energy_kwh] * (1 - [Parameters].[Parameter 1]")


@mutant("calc-func")
def m12_unknown_function(root: Root) -> None:
    """SUMM."""
    set_formula(root, "SUMM([energy_kwh]) / MAX([peak_kw])", "Calculation_2")


@mutant("paramctrl-mode")
def m13_control_without_mode(root: Root) -> None:
    """CB5AF9D4."""
    del root.find(".//zone[@type-v2='paramctrl']").attrib["mode"]


@mutant("fixed-size")
def m14_fixed_but_elastic(root: Root) -> None:
    """Fixed size, least and most differ."""
    set_all(root, "dashboards/dashboard[@name='Outlook']/size", "minwidth", "800")


@mutant("derivation")
def m15_trunc_month(root: Root) -> None:
    """Silently None."""
    rename_instance(root, "tmn:date:qk", "TruncMonth", "tmn:date:qk")


@mutant("action-place")
def m16_actions_in_dashboard(root: Root) -> None:
    """They belong to the workbook."""
    root.find("dashboards/dashboard").append(root.find("actions"))


@mutant("pill")
def m17_undeclared_instance(root: Root) -> None:
    """The column is declared, its instance is not."""
    take_out(sheet(root, "Meters"), ".//column-instance[@name='[sum:energy_kwh:qk]']")


@mutant("level-qualified")
def m18_qualified_level(root: Root) -> None:
    """The filter is dropped."""
    set_all(sheet(root, "Meters"), ".//groupfilter[@level]", "level", f"[{DS}].[none:meter_id:nk]")


@mutant("calc-mixed")
def m19_mixed_levels(root: Root) -> None:
    """An aggregate times a value of the rows."""
    set_formula(root, "SUM([energy_kwh]) * [peak_kw]", "Calculation_2")


@mutant("dup-name")
def m20_dashboard_named_like_a_sheet(root: Root) -> None:
    """Window names are one set."""
    for path in ("dashboards/dashboard[@name='Outlook']", "windows/window[@name='Outlook']"):
        set_all(root, path, "name", "Forecast")
    set_all(root, ".//story-point[@captured-sheet='Outlook']", "captured-sheet", "Forecast")


@mutant("hyper-schema")
def m21_column_not_in_the_extract(root: Root) -> None:
    """The extract was built without it."""
    record = root.find(".//metadata-record")
    added = copy.deepcopy(record)
    for tag, text in {"remote-name": "co2_kg", "local-name": "[co2_kg]", "remote-alias": "co2_kg"}.items():
        added.find(tag).text = text
    record.addnext(added)


@mutant("story-ref")
def m22_story_point_of_no_sheet(root: Root) -> None:
    """A dashboard was renamed."""
    set_all(root, ".//story-point[@captured-sheet='Outlook']", "captured-sheet", "The outlook")


@mutant("calc-syntax")
def m23_lod_without_colon(root: Root) -> None:
    """{FIXED [x] SUM([y])}."""
    set_formula(root, "{FIXED [meter_id] SUM([energy_kwh])}", "Calculation_4")


@mutant("tooltip-dimension")
def m24_raw_dimension_on_tooltip(root: Root) -> None:
    """Needs ATTR."""
    rename_instance(sheet(root, "Meters"), "attr:date:ok", "None", "none:date:ok")


@mutant("calc-ref")
def m25_unqualified_parameter(root: Root) -> None:
    """[Parameter 1] alone is no field."""
    set_formula(root, "[energy_kwh] * (1 - [Parameter 1])")


@mutant("usr-on-rowlevel")
def m26_user_on_rows(root: Root) -> None:
    """An LOD is of the rows."""
    rename_instance(root, "sum:Calculation_4:qk", "User", "usr:Calculation_4:qk")


@mutant("zone-id")
def m27_zone_id_twice(root: Root) -> None:
    """Nested zones, which the schema does not compare."""
    set_all(root, ".//zone[@name='Calendar']", "id", "3")


@mutant("simple-id")
def m28_no_simple_id(root: Root) -> None:
    """Tableau's own validator warns."""
    take_out(sheet(root, "Calendar"), "simple-id")


@mutant("relation-conn")
def m29_unknown_connection(root: Root) -> None:
    """No data."""
    set_all(root, ".//relation", "connection", "hyper.gone")


@mutant("object-id")
def m30_object_id_differs(root: Root) -> None:
    """Fields are stripped."""
    for node in root.iter("object-id"):
        node.text = "[Extract (Extract.Extract)_FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF]"


@mutant("derivation")
def m31_attr(root: Root) -> None:
    """Attribute, not Attr."""
    rename_instance(root, "attr:date:ok", "Attr", "attr:date:ok")


@mutant("param-stub")
def n01_parameter_stub(root: Root) -> None:
    """Declared twice, once without a value."""
    node = root.find(".//datasource-dependencies[@datasource='Parameters']/column")
    del node.attrib["value"]


@mutant("filter-slices")
def n02_no_slices(root: Root) -> None:
    """The filter may be stripped."""
    take_out(sheet(root, "Meters"), "table/view/slices")


@mutant("calc-name")
def n03_calculation_named_like_a_column(root: Root) -> None:
    """Tableau ignores it."""
    set_all(root, ".//column[@name='[Calculation_2]']", "caption", "peak_kw")
    set_all(root, ".//column[@name='[peak_kw]']", "caption", "peak_kw")


@mutant("filter-all")
def n04_all_enumerated(root: Root) -> None:
    """Members that come later are left out."""
    group = sheet(root, "Meters").find(".//groupfilter[@function='union']")
    group.set("{http://www.tableausoftware.com/xml/user}ui-enumeration", "all")


@mutant("flat-top-n")
def n05_flat_top_n(root: Root) -> None:
    """Stripped in silence."""
    group = sheet(root, "Meters").find(".//groupfilter[@function='union']")
    group.attrib.update({"function": "filter", "end": "top", "count": "5"})


@mutant("filter-count")
def n06_top_none(root: Root) -> None:
    """AC6CC624."""
    sheet(root, "Meters").find(".//groupfilter[@function='union']").attrib.update({"function": "end", "count": "0"})


@mutant("token")
def n07_token(root: Root) -> None:
    """A template was not filled in."""
    sheet(root, "Meters").find("table/rows").text = "{{FIELD}}"


@mutant("aggregate-none")
def n08_none_of_an_aggregate(root: Root) -> None:
    """The view stays blank."""
    rename_instance(root, "usr:Calculation_2:qk", "None", "none:Calculation_2:qk")


@mutant("double-agg")
def n09_sum_of_an_aggregate(root: Root) -> None:
    """A red pill."""
    rename_instance(root, "usr:Calculation_2:qk", "Sum", "sum:Calculation_2:qk")


@mutant("date-as-text")
def n10_date_as_names(root: Root) -> None:
    """none:…:nk of a date."""
    rename_instance(root, "tmn:date:qk", "None", "none:date:nk")


@mutant("param-on-shelf")
def n11_parameter_on_shelf(root: Root) -> None:
    """The sheet is emptied."""
    sheet(root, "What if").find("table/cols").text = "[Parameters].[Parameter 1]"


@mutant("filter-date")
def n12_literal_dates(root: Root) -> None:
    """Stands still as time goes on."""
    node = sheet(root, "Meters").find("table/view/filter")
    node.clear()
    node.attrib.update({"class": "quantitative", "column": f"[{DS}].[none:meter_id:nk]", "included-values": "in-range"})
    etree.SubElement(node, "min").text = "#2026-01-01#"


@mutant("zone-type")
def n13_legacy_zone(root: Root) -> None:
    """type instead of type-v2."""
    zone = root.find(".//zone[@type-v2='layout-flow']")
    zone.set("type", zone.attrib.pop("type-v2"))


@mutant("shelf")
def n14_pills_side_by_side(root: Root) -> None:
    """Malformed expression."""
    node = sheet(root, "What if").find("table/rows")
    node.text = node.text.replace(" + ", " ")


@mutant("brackets")
def n15_double_brackets(root: Root) -> None:
    """Qualified Name Parse Error."""
    sheet(root, "Meters").find("table/rows").text = f"[{DS}].[[none:meter_id:nk]]"


@mutant("pill-source")
def n16_placeholder_source(root: Root) -> None:
    """[DS] resolves to nothing."""
    sheet(root, "Meters").find("table/rows").text = "[DS].[none:meter_id:nk]"


@mutant("ci-column")
def n17_instance_of_no_column(root: Root) -> None:
    """A field was renamed."""
    set_all(sheet(root, "Meters"), ".//column-instance[@name='[sum:energy_kwh:qk]']", "column", "[kwh]")


@mutant("calc-param")
def n18_unknown_parameter(root: Root) -> None:
    """A parameter was renamed."""
    set_formula(root, "[energy_kwh] * [Parameters].[Parameter 9]")


@mutant("calc-cycle")
def n19_cycle(root: Root) -> None:
    """Two calculations that need each other."""
    set_formula(root, "[Calculation_4] + 1")
    set_formula(root, "[Calculation_1] + 1", "Calculation_4")


@mutant("bare-hyper")
def n20_bare_hyper(root: Root) -> None:
    """A hyper connection in no federated one."""
    connection = root.find(f".//datasource[@name='{DS}']/connection")
    connection.getparent().replace(connection, copy.deepcopy(connection.find(".//named-connection/connection")))


@mutant("sort-crash")
def n21_nested_sort(root: Root) -> None:
    """Desktop crashes."""
    view = sheet(root, "Meters").find("table/view")
    etree.SubElement(etree.SubElement(view, "sort", {"class": "computed-sort"}), "sort-computation")


@mutant("sort-name")
def n22_unqualified_sort(root: Root) -> None:
    """The sort is dropped."""
    set_all(root, ".//computed-sort", "using", "[sum:energy_kwh:qk]")


@mutant("encoding")
def n23_angle(root: Root) -> None:
    """wedge-size, not angle."""
    sheet(root, "Calendar").find(".//encodings/color").tag = "angle"


@mutant("action-ref")
def n24_action_from_nowhere(root: Root) -> None:
    """A sheet was renamed."""
    set_all(root, "actions/action/source", "worksheet", "Metres")


@mutant("param-declared")
def n25_undeclared_parameter(root: Root) -> None:
    """The sheet uses it through a formula."""
    take_out(sheet(root, "What if"), ".//datasource-dependencies[@datasource='Parameters']")


@mutant("calc-func")
def n26_argument_count(root: Root) -> None:
    """SUM of two."""
    set_formula(root, "SUM([energy_kwh], 2) / MAX([peak_kw])", "Calculation_2")


@mutant("calc-type")
def n27_text_plus_number(root: Root) -> None:
    """Needs STR."""
    set_formula(root, "[meter_id] + [energy_kwh]")


@mutant("calc-syntax")
def n28_comma_left_over(root: Root) -> None:
    """A list that ends with a comma."""
    set_formula(root, "SUM([energy_kwh],) / MAX([peak_kw])", "Calculation_2")


@mutant("hyper-type")
def n29_other_type(root: Root) -> None:
    """The extract has text where the workbook says number."""
    root.find(".//metadata-record/local-type").text = "real"


@mutant("hyper-schema")
def n30_field_of_nothing(root: Root) -> None:
    """A column that no metadata record and no extract has."""
    column = root.find(f"datasources/datasource[@name='{DS}']/column[@name='[latitude]']")
    column.addnext(copy.deepcopy(column))
    column.set("name", "[altitude]")


@mutant("object-id")
def n31_table_of_nothing(root: Root) -> None:
    """The table-typed column names another object."""
    set_all(root, ".//column[@datatype='table']", "name", "[__tableau_internal_object_id__].[Extract_00]")


@mutant("action-twice")
def n32_same_caption(root: Root) -> None:
    """Two parameter actions of one caption."""
    for _ in range(2):
        etree.SubElement(root.find("actions"), "edit-parameter-action", {"caption": "Choose", "name": "[Action9]"})


@mutant("ci-name")
def n33_wrong_short_name(root: Root) -> None:
    """cntd for ctd: Tableau repairs it."""
    rename_instance(sheet(root, "Meters"), "sum:energy_kwh:qk", "CountD", "cntd:energy_kwh:qk")


@mutant("derivation-new")
def n34_unheard_of(root: Root) -> None:
    """A derivation of a version to come, perhaps."""
    rename_instance(sheet(root, "Meters"), "sum:energy_kwh:qk", "Mode", "mod:energy_kwh:qk")


@mutant("param-value")
def n35_value_not_in_the_list(root: Root) -> None:
    """Tableau shows the first of the list."""
    set_all(root, ".//column[@param-domain-type='list']", "value", '"Gone"')


@mutant("manifest-advice")
def n36_window_ids_without_item(root: Root) -> None:
    """Opens, as one experiment showed."""
    take_out(root, "document-format-change-manifest/WindowsPersistSimpleIdentifiers")


@mutant("calc-deep")
def n37_nested_without_end(root: Root) -> None:
    """Not judged, and said so."""
    set_formula(root, "(" * 200 + "1" + ")" * 200)


@mutant("absolute-path")
def n38_path_of_a_machine(root: Root) -> None:
    """Found on one machine only."""
    set_all(root, ".//named-connection/connection", "dbname", "C:/Users/ann/daily.hyper")


ELSEWHERE = {"schema", "unreadable", "extract-unread", "package-file", "public-script", "public-live", "public-package"}
ELSEWHERE |= {"credential", "public-size"}
"""Rules that other tests, below and of the checker, put to the proof."""


def test_every_rule_has_its_mutant() -> None:
    """No rule that nothing can break."""
    assert {rule for rule, _ in MUTANTS.values()} | ELSEWHERE == set(RULES)


def rules_of(tmp_path: Path, root: Root, **options: Any) -> dict[str, str]:
    """Check a tree as a file; rule to severity."""
    path = tmp_path / "book.twb"
    path.write_bytes(etree.tostring(root))
    return {issue.rule: issue.severity for issue in reversed(check_file(path, catalogue=CATALOGUE, **options))}


@pytest.fixture
def root() -> Root:
    """The specimen, which is clean."""
    return etree.parse(str(SPECIMEN), etree.XMLParser(remove_blank_text=True)).getroot()


def test_specimen_is_clean(tmp_path: Path, root: Root) -> None:
    """Nothing is said against a workbook without defects, by rule or by schema."""
    assert rules_of(tmp_path, root) == {}


@needs_schemas
def test_specimen_obeys_the_schemas(tmp_path: Path, root: Root) -> None:
    """But for the one message that the schema itself is to blame for."""
    assert rules_of(tmp_path, root, schemas=SCHEMAS) == {}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_caught(tmp_path: Path, root: Root, name: str) -> None:
    """Each by the rule that is meant for it, with the severity of that rule."""
    rule, put_in = MUTANTS[name]

    put_in(root)
    found = rules_of(tmp_path, root)

    assert rule in found
    assert found[rule] == RULES[rule].severity


def test_all_31_are_here() -> None:
    """None was left out; the 31 are errors, each of them."""
    numbers = sorted(int(name[1:3]) for name in MUTANTS if name.startswith("m"))
    rules = {rule for name, (rule, _) in MUTANTS.items() if name.startswith("m")}

    assert numbers == list(range(1, 32))
    assert {RULES[rule].severity for rule in rules} == {"error"}


@needs_schemas
@pytest.mark.parametrize("number", ["01", "02", "03", "16", "20", "28"])
def test_schema_catches_six(tmp_path: Path, root: Root, number: str) -> None:
    """Those that Tableau's schema can see are found by it too."""
    put_in = next(function for name, (_, function) in MUTANTS.items() if name.startswith(f"m{number}"))

    put_in(root)

    assert rules_of(tmp_path, root, schemas=SCHEMAS)["schema"] == "error"


def every_manifest_item() -> list[str]:
    """The items of the specimen's manifest."""
    text = SPECIMEN.read_text("utf-8").partition("</document-format-change-manifest>")[0]
    return re.findall(r"<(\w+)/>", text)


@pytest.mark.parametrize("item", every_manifest_item())
def test_manifest_item_missing(tmp_path: Path, root: Root, item: str) -> None:
    """Every item of the manifest is missed when it is not there."""
    take_out(root, f"document-format-change-manifest/{item}")

    assert {"manifest", "manifest-advice"} & set(rules_of(tmp_path, root))
