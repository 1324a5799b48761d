"""Specs: captions found or refused with their line, pills as Tableau names them, ids that do not change."""

import inspect
import re
from pathlib import Path

import pytest
from lxml import etree

from workbooks.elements import USER
from workbooks.facts import Facts
from workbooks.ids import calculation_id, connection_id, parameter_id, simple_id
from workbooks.instances import lay_out
from workbooks.layout import Box, divide
from workbooks.model import (
    Action,
    Calculation,
    Dashboard,
    DataSource,
    Field,
    Filter,
    Line,
    Overlay,
    Parameter,
    Pill,
    Sheet,
    SpecError,
    Story,
    Workbook,
)
from workbooks.palettes import Palette
from workbooks.pills import between, day, exactly, highest, hour_of, only, only_one, table, top, total, where
from workbooks.render_workbook import render_data_source, render_workbook
from workbooks.resolving import names_of
from workbooks.shipped.parameters import parameters as shipped_parameters
from workbooks.targets import TARGETS, fit
from workbooks.zones import across, blank, control, down, legend, quick_filter, sheet, sized, text

CATALOGUE = {"meter": "TEXT", "at": "TIMESTAMP", "day": "DATE", "kwh": "DOUBLE", "n": "INT", "ok": "BOOL"}
FIELDS = (
    Field("meter", "Meter", "string"),
    Field("at", "Start", "datetime"),
    Field("day", "Day", "date"),
    Field(
        "kwh", "Energy (kWh)", "real", format="n#,##0", aggregation="Sum", folder="Energy", description="What was used."
    ),
    Field("n", "Number", "integer", aggregation="Avg"),
    Field("ok", "Fine", "boolean"),
)
SHARE = Parameter("Share", "real", 0.2, low=0.0, high=0.5, step=0.01, format="p0%")


def source(*calculations: Calculation) -> DataSource:
    """A data source of six columns."""
    return DataSource("data", "Data", FIELDS, calculations)


def built(*sheets: Sheet, parameters: tuple[Parameter, ...] = (SHARE,), version: str = "18.1", **more: object) -> etree:
    """The tree of a workbook of these sheets on one dashboard."""
    board = Dashboard("Page", down(*map(sheet, sheets)), **more)
    book = Workbook("book", (board,), (), parameters)
    return etree.fromstring(render_workbook(book, {"data": CATALOGUE}, "Data/Extracts", version))


def only_child(node: etree, path: str) -> etree:
    """The one node of a path."""
    (found,) = node.xpath(path, namespaces={"user": USER[1:-1]})
    return found


def line_of(word: str) -> int:
    """The line of this file that holds a word which it holds once beside this call."""
    lines = Path(__file__).read_text("utf-8").splitlines()
    (found,) = [number for number, line in enumerate(lines, 1) if word in line and "line_of" not in line]
    return found


def refused(spec: Sheet | Calculation | Workbook) -> str:
    """What the build says against a spec."""
    if isinstance(spec, Calculation):
        spec = Sheet("S", source(spec), rows=(spec.caption,))
    page = Workbook("book", (Dashboard("Page", sheet(spec)),), (), (SHARE,)) if isinstance(spec, Sheet) else spec
    with pytest.raises(SpecError) as caught:
        render_workbook(page, {"data": CATALOGUE}, "x")
    assert str(caught.value).startswith(f"{__file__}:")
    return str(caught.value)


@pytest.mark.parametrize(
    ("pill", "name", "derivation"),
    [
        ("Meter", "[none:meter:nk]", "None"),
        ("Energy (kWh)", "[sum:kwh:qk]", "Sum"),
        ("Number", "[avg:n:qk]", "Avg"),
        ("Day", "[none:day:ok]", "None"),
        (exactly("Day"), "[none:day:qk]", "None"),
        (exactly("Day", discrete=True), "[none:day:ok]", "None"),
        (exactly("Energy (kWh)"), "[none:kwh:qk]", "None"),
        (total("Number"), "[sum:n:qk]", "Sum"),
        (highest("Start"), "[max:at:qk]", "Max"),
        (highest("Meter"), "[max:meter:nk]", "Max"),
        (only_one("Meter"), "[attr:meter:nk]", "Attribute"),
        (only_one("Day"), "[attr:day:ok]", "Attribute"),
        (day("Start"), "[tdy:at:qk]", "Day-Trunc"),
        (day("Start", discrete=True), "[tdy:at:ok]", "Day-Trunc"),
        (hour_of("Start"), "[thr:at:qk]", "Hour-Trunc"),
        (Pill("Day", "Month"), "[mn:day:ok]", "Month"),
        (Pill("Day", "Month", discrete=False), "[mn:day:qk]", "Month"),
        (Pill("Day", "Weekday"), "[wd:day:ok]", "Weekday"),
        (Pill("Meter", "CountD"), "[ctd:meter:qk]", "CountD"),
    ],
    ids=str,
)
def test_pills_have_the_names_that_tableau_gives_them(pill, name, derivation):
    """Derivation, short name and letter are those of files that Tableau saved."""
    tree = built(Sheet("S", source(), rows=(pill,)))

    instance = only_child(tree, "//worksheet//column-instance")
    assert (instance.get("name"), instance.get("derivation")) == (name, derivation)
    assert tree.findtext(".//rows") == f"[{connection_id('federated', 'data')}].{name}"


@pytest.mark.parametrize(
    ("calculation", "name", "role"),
    [
        (Calculation("C", "SUM([Energy (kWh)]) / COUNTD([Meter])"), "usr:{}:qk", "measure"),
        (Calculation("C", "[Energy (kWh)] * 2"), "sum:{}:qk", "measure"),
        (Calculation("C", "{FIXED [Meter] : MAX([Energy (kWh)])}"), "sum:{}:qk", "measure"),
        (Calculation("C", "DATEPART('hour', [Start])", "integer", dimension=True), "none:{}:ok", "dimension"),
        (Calculation("C", "[Energy (kWh)] > 2", "boolean"), "none:{}:nk", "dimension"),
        (Calculation("C", 'IF SUM([Energy (kWh)]) > 2 THEN "much" END', "string"), "usr:{}:nk", "measure"),
    ],
)
def test_a_calculation_knows_its_level(calculation, name, role):
    """An aggregate's pill is User and never Sum; a row's has an aggregation; the author says neither."""
    tree = built(Sheet("S", source(calculation), rows=("C",)))

    inner = calculation_id("data", "C")
    assert only_child(tree, "//worksheet//column-instance").get("name") == f"[{name.format(inner)}]"
    assert only_child(tree, f"//worksheet//column[@name='[{inner}]']").get("role") == role


def test_captions_become_internal_names():
    """Fields, calculations of calculations and parameters are found; strings and comments stay as they are."""
    inner = Calculation("Net", "[Energy (kWh)] - [Number] // [Meter] is not meant")
    outer = Calculation(
        "Less", 'IF MIN([Meter]) = "[Meter]" THEN SUM([Net]) * (1 - [Share]) * [Parameters].[Share] END'
    )
    tree = built(Sheet("S", source(outer, inner), rows=("Less",)))

    formulas = {one.getparent().get("caption"): one.get("formula") for one in tree.xpath("//worksheet//calculation")}
    net, parameter = calculation_id("data", "Net"), f"[Parameters].[{parameter_id('Share')}]"
    assert formulas["Net"] == "[kwh] - [n] // [Meter] is not meant"
    assert formulas["Less"] == f'IF MIN([meter]) = "[Meter]" THEN SUM([{net}]) * (1 - {parameter}) * {parameter} END'


def test_a_typo_is_told_with_its_line():
    """In a pill, a formula and a filter: file, line, and what may have been meant."""
    message = refused(Sheet("S", source(), rows=(total("Enrgy (kWh)"),)))  # here: a pill
    assert (
        message
        == f"{__file__}:{line_of('# here: a pill')}: Data has no field [Enrgy (kWh)]; did you mean [Energy (kWh)]?"
    )

    message = refused(Calculation("C", "SUM([Energy])"))  # here: a formula
    assert f":{line_of('# here: a formula')}: no field or parameter [Energy] in Data" in message
    assert "did you mean [Energy (kWh)]?" in message

    message = refused(Sheet("S", source(), rows=("Meter",), filters=(only("Metre", "a"),)))  # here: a filter
    assert f":{line_of('# here: a filter')}: " in message
    assert "did you mean [Meter]?" in message


def test_the_line_of_a_long_spec_is_that_of_the_part():
    """A pill on a line of its own is told with that line, not with the sheet's."""
    message = refused(
        Sheet(
            "S",
            source(),
            rows=(
                total("Energy (kWh)"),
                total("Energie"),  # here: the part
            ),
        )
    )

    assert f":{line_of('# here: the part')}: " in message


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (Calculation("C", "SUM([Energy (kWh)]"), "to close SUM"),
        (Calculation("C", "SUMM([Energy (kWh)])"), "named SUMM"),
        (Calculation("C", "SUM([Energy (kWh)]) * [Number]"), "mixes aggregates"),
        (Calculation("C", "SUM(SUM([Energy (kWh)]))"), "already an aggregate"),
        (Calculation("C", '"text"', "real"), "gives string, its spec says real"),
        (Calculation("C", "[C] + 1"), "uses itself"),
        (Calculation("Meter", "1.0"), "already a field"),
        (Calculation("kwh", "1.0"), "is a column of the extract"),
    ],
)
def test_a_formula_that_tableau_would_refuse_fails_the_build(spec, reason):
    """Syntax, functions, levels, types, circles, names that are taken."""
    assert re.search(reason, refused(spec))


def test_two_calculations_of_one_name_are_refused():
    """Tableau would keep one of them."""
    twice = source(Calculation("C", "1.0"), Calculation("C", "2.0"))

    assert "second calculation [C]" in refused(Sheet("S", twice, rows=("C",)))


@pytest.mark.parametrize(
    ("sheet_of", "reason"),
    [
        (lambda: Sheet("S", source(), rows=(Pill("Energy (kWh)", "TruncMonth"),)), "no derivation 'TruncMonth'"),
        (lambda: Sheet("S", source(), rows=(Pill("Meter", "Attr"),)), "no derivation 'Attr'"),
        (lambda: Sheet("S", source(), rows=(day("Meter"),)), "needs a date"),
        (lambda: Sheet("S", source(), rows=(hour_of("Day"),)), "needs a time of day"),
        (lambda: Sheet("S", source(), rows=(total("Meter"),)), "needs a number"),
        (lambda: Sheet("S", source(Calculation("C", "SUM([Number])")), rows=(total("C"),)), "aggregate already"),
        (lambda: Sheet("S", source(), rows=(Pill("Number", "User"),)), "needs an aggregation"),
        (lambda: Sheet("S", source(), rows=("Number",), tooltip=(exactly("Meter"),)), "blanks the sheet"),
        (lambda: Sheet("S", source(), rows=("Meter",), title="of {Nothing}"), "{Nothing} is no pill"),
        (lambda: Sheet("S", source(Calculation("C", "INDEX()", "integer")), rows=("C",)), "say along what"),
        (lambda: Sheet("S", source(), rows=("Meter",), lines=(Line("Number"),)), "on no axis of 'S'"),
        (lambda: Sheet("S", source(), rows=("Number",), sort=("Meter", "Number")), "[Meter], which is not on 'S'"),
        (lambda: Sheet("S", source(), rows=("Meter",), overlay=Overlay("Number")), "no measure on its rows"),
        (
            lambda: Sheet("S", source(Calculation("C", "INDEX()", "integer")), rows=(table("C", "Meter"),)),
            "runs along [Meter], which is not on 'S'",
        ),
    ],
)
def test_a_sheet_that_would_go_wrong_in_silence_fails_the_build(sheet_of, reason):
    """What Tableau strips, blanks or turns into something else without a word."""
    assert reason in refused(sheet_of())


def test_a_bare_dimension_on_a_tooltip_is_its_one_value():
    """The plain dimension would blank the sheet; what an author means is ATTR."""
    tree = built(Sheet("S", source(), rows=("Number",), tooltip=("Meter",)))

    assert only_child(tree, "//tooltip").get("column").endswith(".[attr:meter:nk]")


def test_a_table_calculation_is_addressed_where_it_stands():
    """The pill says along what; several dimensions are listed in order, a calculation within it has the same order."""
    running = Calculation("Running", "RUNNING_SUM(SUM([Energy (kWh)]))")
    of_it = Calculation("Of it", "WINDOW_MAX([Running])")
    given = source(running, of_it)
    federated = f"[{connection_id('federated', 'data')}]"
    one = built(Sheet("S", given, rows=(table("Running", "Day"),), columns=(day("Day"),), detail=("Meter",)))
    two = built(Sheet("S", given, rows=(table("Of it", "Meter", "Day"),), columns=(day("Day"),), detail=("Meter",)))

    order = only_child(one, "//worksheet//column-instance/table-calc")
    assert dict(order.attrib) == {"ordering-type": "Field", "ordering-field": f"{federated}.[tdy:day:qk]"}
    outer, inner = two.xpath("//worksheet//column-instance/table-calc")
    expected = [f"{federated}.[none:meter:nk]", f"{federated}.[tdy:day:qk]"]
    assert [one.get("field") for one in outer] == [one.get("field") for one in inner] == expected
    assert inner.get("field") == f"{federated}.[{calculation_id('data', 'Running')}]"
    assert set(one.xpath("//datasource/column/calculation/table-calc/@ordering-type")) == {"Rows"}


def test_everything_a_sheet_uses_is_declared():
    """Every pill with its column, every column that a formula uses, every parameter; nothing else."""
    least = Calculation("Least", "{FIXED [Meter] : MIN([Number])} * [Share]")
    tree = built(Sheet("S", source(least, Calculation("Unused", "1.0")), rows=("Least",), filters=(where("Fine"),)))

    own, parameters = (
        {one.get("caption") for one in tree.xpath(f"//worksheet//datasource-dependencies[{test}]/column")}
        for test in ("@datasource!='Parameters'", "@datasource='Parameters'")
    )
    assert own == {"Least", "Meter", "Number", "Fine"}
    assert parameters == {"Share"}
    assert [one.get("name") for one in tree.xpath("//worksheet/table/view/datasources/datasource")][1] == "Parameters"


def test_filters():
    """One value, several, all, a range, the highest; each in the slices, the level without the data source."""
    filters = (
        only("Meter", 'a "quoted" one'),
        only("Day"),
        only("Number", 1, 2),
        where("Fine"),
        between(exactly("Start"), 3, 4),
    )
    tree = built(Sheet("S", source(), rows=("Energy (kWh)",), filters=(*filters[:2], *filters[3:])))

    groups = tree.xpath("//worksheet//filter/groupfilter")
    assert [one.get("function") for one in groups] == ["member", "level-members", "member"]
    assert [one.get("member") for one in groups] == ['"a \\"quoted\\" one"', None, "true"]
    assert [one.get("level") for one in groups] == ["[none:meter:nk]", "[none:day:ok]", "[none:ok:nk]"]
    quantitative = only_child(tree, "//filter[@class='quantitative']")
    assert (quantitative.findtext("min"), quantitative.findtext("max")) == ("3", "4")
    assert tree.xpath("//slices/column/text()") == tree.xpath("//worksheet//filter/@column")
    assert not tree.xpath("//filter/@context")


def test_several_values_of_a_filter():
    """They are a union of members."""
    tree = built(Sheet("S", source(), rows=("Energy (kWh)",), filters=(only("Meter", "a", "b"),)))

    assert tree.xpath("//filter/groupfilter[@function='union']/groupfilter/@member") == ['"a"', '"b"']


def test_top_is_of_what_the_other_filters_leave():
    """The nested form, with internal names; the other filters are of the context, or they would come after it."""
    filters = (only("Meter", "a"), top("Day", 3, "MAX([Energy (kWh)])"))
    tree = built(Sheet("S", source(), rows=("Day",), filters=filters))

    assert tree.xpath("//filter/@context") == ["true"]
    assert only_child(tree, "//groupfilter[@function='end']").get("count") == "3"
    assert only_child(tree, "//groupfilter[@function='order']").get("expression") == "MAX([kwh])"
    assert only_child(tree, "//groupfilter[@function='end']/groupfilter/groupfilter").get("level") == "[none:day:ok]"


def test_texts_hold_tableaus_tokens():
    """Title, label and tooltip name pills and parameters by caption; a line break is Tableau's."""
    made = Sheet(
        "S",
        source(),
        rows=("Meter",),
        label="Energy (kWh)",
        mark="Text",
        title="at {Share}",
        text="{Energy (kWh)}\nof {Meter}",
    )
    tree = built(made)

    federated = f"[{connection_id('federated', 'data')}]"
    assert only_child(tree, "//title//run").text == f"at <[Parameters].[{parameter_id('Share')}]>"
    first, second = tree.xpath("//customized-label//run")
    assert first.text == f"<{federated}.[sum:kwh:qk]>"
    assert second.text == f"Æ\nof <{federated}.[none:meter:nk]>"


def test_a_text_takes_the_whole_date():
    """Where a sheet has the year, the weekday and the day itself, {Day} is the day."""
    parts = (Pill("Day", "Year"), Pill("Day", "Weekday"))
    whole = Sheet("A", source(), columns=parts, tooltip=(only_one("Day"),), says="{Day}")
    tree = built(whole, Sheet("B", source(), columns=parts, says="{Day}"))

    runs = [one.text for one in tree.xpath("//customized-tooltip//run")]
    federated = f"[{connection_id('federated', 'data')}]"
    assert runs == [f"<{federated}.[attr:day:ok]>", f"<{federated}.[yr:day:ok]>"]


def test_a_second_measure_shares_the_axis():
    """Three panes, the two measures side by side on the shelf, the second axis synchronised and out of sight."""
    running = Calculation("Running", "RUNNING_SUM(SUM([Energy (kWh)]))")
    made = Sheet(
        "S",
        source(running),
        columns=(day("Day"),),
        rows=("Meter", total("Energy (kWh)")),
        mark="Bar",
        overlay=Overlay(table("Running", "Day")),
    )
    tree = built(made)

    federated, inner = f"[{connection_id('federated', 'data')}]", f"[usr:{calculation_id('data', 'Running')}:qk]"
    both = f"({federated}.[sum:kwh:qk] + {federated}.{inner})"
    assert tree.findtext(".//rows") == f"({federated}.[none:meter:nk] * {both})"
    assert [one.get("y-axis-name") for one in tree.xpath("//pane")] == [
        None,
        f"{federated}.[sum:kwh:qk]",
        f"{federated}.{inner}",
    ]
    assert [one.get("class") for one in tree.xpath("//pane/mark")] == ["Bar", "Bar", "Line"]
    assert only_child(tree, "//encoding[@synchronized='true']").get("field") == f"{federated}.{inner}"


def test_colours():
    """A ramp stands on the sheet, one colour on its marks, members' colours once in the data source."""
    members = Palette(members=(("a", "#000000"), ("b", "#ffffff")))
    ramp = Palette(("#111111", "#222222", "#333333"), diverging=True, center=0)
    tree = built(
        Sheet("A", source(), rows=("Meter",), color="Meter", palette=members),
        Sheet("B", source(), rows=("Meter",), color="Energy (kWh)", palette=ramp),
        Sheet("C", source(), rows=("Meter",), palette=Palette(("#444444",))),
    )

    assert tree.xpath("/workbook/datasources/datasource/style//map/@to") == ["#000000", "#ffffff"]
    assert tree.xpath("/workbook/datasources/datasource/style//bucket/text()") == ['"a"', '"b"']
    assert tree.xpath("/workbook/datasources/datasource/column-instance/@name") == ["[none:meter:nk]"]
    interpolated = only_child(tree, "//worksheet//encoding[@type='custom-interpolated']")
    assert interpolated.get("center") == "0"
    assert interpolated.xpath("color-palette/color/text()") == list(ramp.ramp)
    assert tree.xpath("//worksheet//format[@attr='mark-color']/@value") == ["#444444"]


def test_the_colours_of_a_table_calculation_have_its_order():
    """The data source declares it as the sheet does, with the dimension along which it runs."""
    best = Calculation("Best", 'IF RANK(SUM([Number])) = 1 THEN "best" ELSE "other" END', "string")
    palette = Palette(members=(("best", "#000000"),))
    tree = built(Sheet("S", source(best), rows=("Meter",), color=table("Best", "Meter"), palette=palette))

    own, there = (
        {one.get("name"): [dict(inner.attrib) for inner in one] for one in tree.xpath(path)}
        for path in ("//worksheet//column-instance", "/workbook/datasources/datasource/column-instance")
    )
    assert there == own
    assert set(there) == {f"[usr:{calculation_id('data', 'Best')}:nk]", "[none:meter:nk]"}


def test_numbers_alone_are_never_culled():
    """A label that may be left out where marks are dense is fine on bars, and an empty page on a single number."""
    tree = built(
        Sheet("A", source(), label="Number", mark="Text", text="\nonly small {Number}"),
        Sheet("B", source(), rows=("Meter",), columns=("Number",), label="Number", mark="Bar"),
    )

    assert tree.xpath("//worksheet[@name='A']//format[@attr='mark-labels-cull']") == []
    assert tree.xpath("//worksheet[@name='B']//format[@attr='mark-labels-cull']/@value") == ["true"]
    run = only_child(tree, "//worksheet[@name='A']//customized-label//run")
    assert run.text.startswith("only small <")
    assert run.get("fontsize") == "9"


def test_two_sheets_with_other_colours_for_one_field_are_refused():
    """Tableau keeps colours of members by field, not by sheet."""
    sheets = [
        Sheet(name, source(), rows=("Meter",), color="Meter", palette=Palette(members=(("a", color),)))
        for name, color in (("A", "#000000"), ("B", "#ffffff"))
    ]
    with pytest.raises(SpecError, match="other colours on another sheet"):
        built(*sheets)


def test_parameters():
    """A slider, a list with labels, any value; text in quotes, in which a percent sign and a quote are marked."""
    parameters = (
        SHARE,
        Parameter("Days", "integer", 30, choices=((30, "a month"), (0, "all"))),
        Parameter("Note", "string", '5 % "off"'),
    )
    tree = built(Sheet("S", source(), rows=("Meter",)), parameters=parameters)

    share, days, note = tree.xpath("/workbook/datasources/datasource[@name='Parameters']/column")
    assert [one.get("param-domain-type") for one in (share, days, note)] == ["range", "list", "any"]
    assert dict(share.find("range").attrib) == {"granularity": "0.01", "max": "0.5", "min": "0.0"}
    assert days.xpath("members/member/@alias") == days.xpath("aliases/alias/@value") == ["a month", "all"]
    assert days.get("value") == days.find("calculation").get("formula") == "30"
    assert note.get("value") == '"5 \\% \\"off\\""'


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ((SHARE, Parameter("Share", "integer", 1)), "second parameter [Share]"),
        ((Parameter("Days", "integer", 7, choices=((1, "one"),)),), "[Days] is 7 at first, which is not in its list"),
        ((Parameter("Rate", "real", 2.0, low=0.0, high=1.0),), "[Rate] is 2.0 at first, outside of 0.0 to 1.0"),
    ],
)
def test_a_parameter_that_would_not_load_is_refused(parameters, reason):
    """Two of one name, and a value at first that cannot be chosen."""
    page = Dashboard("Page", sheet(Sheet("S", source(), rows=("Meter",))))

    assert reason in refused(Workbook("book", (page,), (), parameters))


def test_a_control_fits_its_parameter():
    """A list is compact, a range a slider, anything else is typed; without a mode the workbook would not load."""
    parameters = (SHARE, Parameter("Days", "integer", 1, choices=((1, "one"),)), Parameter("Note", "string", ""))
    layout = down(*(control(one.caption) for one in parameters), sheet(Sheet("S", source(), rows=("Meter",))))
    book = Workbook("book", (Dashboard("Page", layout),), (), parameters)
    tree = etree.fromstring(render_workbook(book, {"data": CATALOGUE}, "x"))

    assert tree.xpath("//zone[@type-v2='paramctrl']/@mode") == ["slider", "compact", "type_in"]


def test_the_parameters_of_strange_data():
    """A name that XML cannot hold is not offered, one like the word for all is there once, thousands are typed in."""
    few, _, *_ = shipped_parameters(Facts({}, ("a\x00b", "All meters", "b")))
    many, _, *_ = shipped_parameters(Facts({}, tuple(f"meter {number}" for number in range(5000))))

    assert [value for value, _ in few.choices] == ["All meters", "b"]
    assert (many.choices, many.value) == ((), "All meters")


def test_zones_have_ids_of_their_own_and_cover_the_page():
    """Nested ids occur once; the parts of a container lie side by side without gap."""
    a, b = (Sheet(name, source(), rows=("Meter",), color="Meter", filters=(only("Meter"),)) for name in "AB")
    layout = down(
        text("Title", 40, 16),
        across(control("Share", "slider"), quick_filter(a, "Meter"), blank(), pixels=60),
        across(sheet(a, share=3), down(sheet(b), sized(legend(b), 50))),
    )
    book = Workbook("book", (Dashboard("Page", layout, 1000, 500),), (), (SHARE,))
    tree = etree.fromstring(render_workbook(book, {"data": CATALOGUE}, "x"))

    zones = tree.xpath("//dashboard//zone")
    assert len({one.get("id") for one in zones}) == len(zones) == 12
    for outer in zones:
        sides = [[int(one.get(side)) for one in outer.findall("zone")] for side in "wh"]
        if len(sides[0]) > 1:
            along = sides[0] if outer.get("param") == "horz" else sides[1]
            assert sum(along) == pytest.approx(int(outer.get("w" if outer.get("param") == "horz" else "h")), abs=3)
    assert only_child(tree, "//zone[@type-v2='paramctrl']").get("mode") == "slider"
    assert only_child(tree, "//zone[@type-v2='filter']").get("param").endswith(".[none:meter:nk]")
    assert only_child(tree, "//dashboard/size").get("minwidth") == only_child(tree, "//dashboard/size").get("maxwidth")
    assert tree.xpath("//window[@name='Page']//viewpoint/@name") == ["A", "B"]
    assert tree.xpath("//window[@hidden]/@name") == ["A", "B"]
    assert tree.xpath("//window[@maximized]/@name") == ["Page"]


def test_fixed_zones_that_are_too_large_shrink():
    """Nothing lies outside of the page."""
    boxes = divide(Box(0, 0, 100, 50), across(blank(150), blank(50)))

    assert [(box.x, box.width) for box in boxes] == [(0, 75), (75, 25)]


def test_actions():
    """A filter action has four pieces, a highlight its field, a parameter action its value when nothing is chosen."""
    a, b, c = (Sheet(name, source(), rows=("Meter",)) for name in "ABC")
    actions = (
        Action("filter", "Narrow", a, "Meter", targets=(b,)),
        Action("highlight", "Point", b, "Meter"),
        Action("parameter", "Choose", a, "Meter", parameter="Share", cleared="0"),
    )
    tree = built(a, b, c, actions=actions)

    narrow, point = tree.xpath("/workbook/actions/action")
    assert narrow.xpath("command/param/@value") == ["A,C", "Page"]
    assert "%5Bmeter%5D~s0=<[meter]~na>" in narrow.find("link").get("expression")
    assert point.xpath("command/param/@value") == ["Meter", "Page"]
    assert only_child(tree, "/workbook/datasources/datasource/group").get("name") == "[Action (Meter)]"
    linked = only_child(tree, "//worksheet[@name='B']//filter")
    assert linked.find("groupfilter").get(USER + "ui-action-filter") == narrow.get("name")
    assert linked.get("column") == only_child(tree, "//worksheet[@name='B']//slices/column").text
    assert not tree.xpath("//worksheet[@name='C']//filter")
    choose = only_child(tree, "//edit-parameter-action")
    assert choose.find("clear-option").get("value") == "s:LROOT:0"
    assert [one.tag for one in only_child(tree, "/workbook/actions")] == [
        *("action", "action", "datasources", "datasource-dependencies", "edit-parameter-action")
    ]


@pytest.mark.parametrize(
    ("actions", "reason"),
    [
        (
            lambda a, b: (Action("highlight", "X", a, "Meter"), Action("highlight", "X", b, "Meter")),
            "second action 'X'",
        ),
        (lambda a, b: (Action("highlight", "X", a, "Metre"),), "did you mean [Meter]?"),
        (lambda a, b: (Action("parameter", "X", a, "Day", parameter="Share"),), "[Day] is not on 'A'"),
        (lambda a, b: (Action("parameter", "X", a, "Meter", parameter="Shar"),), "did you mean [Share]?"),
        (lambda a, b: (Action("filter", "X", a, "Meter", targets=(Sheet("Z", source()),)),), "'Z' is not on 'Page'"),
    ],
)
def test_an_action_that_would_do_nothing_is_refused(actions, reason):
    """Tableau drops it, or shows it in the menu and does nothing."""
    a, b = (Sheet(name, source(), rows=("Meter",)) for name in "AB")
    with pytest.raises(SpecError) as caught:
        built(a, b, actions=actions(a, b))

    assert reason in str(caught.value)


def test_a_story_shows_its_points_in_order():
    """Points are dashboards or sheets; one that is larger than the story is refused."""
    a = Sheet("A", source(), rows=("Meter",))
    page, large = Dashboard("Page", sheet(a), 800, 600), Dashboard("Large", sheet(a), 2000, 600)
    tree = etree.fromstring(
        render_workbook(
            Workbook("book", (page,), (Story("Told", (("First", page), ("Then", a))),)), {"data": CATALOGUE}, "x"
        )
    )

    assert tree.xpath("//story-point/@captured-sheet") == ["Page", "A"]
    assert tree.xpath("//story-point/@caption") == ["First", "Then"]
    assert tree.xpath("//window[@name='Told']/viewpoints/*") == []
    assert "'Large' is 2000 x 600 px" in refused(Workbook("book", (large,), (Story("Told", (("First", large),)),)))


def test_two_things_of_one_name_are_refused():
    """Sheets, dashboards and stories are tabs of one row."""
    a = Sheet("Same", source(), rows=("Meter",))

    assert "something else named 'Same'" in refused(Workbook("book", (Dashboard("Same", sheet(a)),)))


def test_two_specs_of_one_data_source_are_refused():
    """A workbook has a data source once: the sheets of the other spec would lose their fields."""
    one, other = source(), source(Calculation("C", "1.0"))
    board = Dashboard("Page", across(sheet(Sheet("A", one, rows=("Meter",))), sheet(Sheet("B", other, rows=("C",)))))

    assert "'A' has another spec of data than other sheets" in refused(Workbook("book", (board,)))


def test_a_field_must_be_in_the_extract():
    """A column that is not there, or of another type, fails the build and not the reader's afternoon."""
    extra = DataSource("data", "Data", (*FIELDS, Field("gone", "Gone", "real")))
    other = DataSource("data", "Data", (Field("kwh", "Energy (kWh)", "string"),))

    assert "data.hyper has no column gone for [Gone]" in refused(Sheet("S", extra, rows=("Meter",)))
    assert "kwh is DOUBLE in the extract, not string" in refused(Sheet("S", other, rows=("Energy (kWh)",)))


def test_a_data_source_file_has_no_parameters():
    """Calculations that need one stay in the workbooks, with all that use them."""
    needs = Calculation("Less", "[Energy (kWh)] * [Share]")
    given = source(needs, Calculation("Of it", "SUM([Less])"), Calculation("Own", "SUM([Number])"))
    tree = etree.fromstring(render_data_source(given, (SHARE,), CATALOGUE, "x"))

    assert {one.getparent().get("caption") for one in tree.xpath("//calculation")} == {"Own"}
    assert tree.get("formatted-name") == connection_id("federated", "data")
    energy = only_child(tree, "//column[@caption='Energy (kWh)']")
    assert (energy.get("default-format"), energy.get("aggregation")) == ("n#,##0", "Sum")
    assert energy.findtext("desc/formatted-text/run") == "What was used."
    assert tree.xpath("//folder[@name='Energy']/folder-item/@name") == ["[kwh]"]


def test_the_public_has_no_scripts():
    """A sheet with one is left out and named, with its dashboard, its actions and its points of the story."""
    live = Calculation("Live", 'SCRIPT_REAL("return _arg1", SUM([Energy (kWh)]))')
    given = source(live, Calculation("Of live", "[Live] * 2"))
    plain = Sheet("Plain", given, rows=("Meter",))
    calling = Sheet("Calling", given, rows=("Meter", table("Of live", "Meter")))
    both = Dashboard(
        "Both", across(sheet(plain), sheet(calling)), actions=(Action("highlight", "X", calling, "Meter"),)
    )
    alone = Dashboard("Alone", sheet(calling))
    book = Workbook("book", (both, alone), (Story("Told", (("1", both), ("2", alone))),))
    public, told = fit(book, TARGETS["public"], {"data"})
    desktop, nothing = fit(book, TARGETS["desktop"], {"data"})

    assert told == ["Calling: left out, Tableau Public refuses the script in [Live]"]
    assert public is not None
    assert [one.name for one in public.sheets] == ["Plain"]
    assert [one.name for one in public.dashboards] == ["Both"]
    assert public.dashboards[0].actions == ()
    assert [caption for caption, _ in public.stories[0].points] == ["1"]
    assert b"SCRIPT" not in render_workbook(public, {"data": CATALOGUE}, "x")
    assert desktop == book
    assert nothing == []
    assert b"SCRIPT" in render_workbook(book, {"data": CATALOGUE}, "x")


def test_what_is_private_or_missing_is_left_out():
    """A private data source is not for the public; without an extract there is no sheet, and without sheets no book."""
    private = DataSource("data", "Data", FIELDS, is_private=True)
    book = Workbook("book", (Dashboard("Page", sheet(Sheet("S", private, rows=("Meter",)))),))

    assert fit(book, TARGETS["public"], {"data"}) == (None, ["S: left out, Data is not for the public"])
    assert fit(book, TARGETS["desktop"], set()) == (None, ["S: left out, there is no data.hyper with rows"])


def test_the_manifest_lists_what_is_used():
    """It is read off the tree: a sort and a parameter action bring their items; a release of its own says it all."""
    plain = built(Sheet("S", source(), rows=("Meter",)))
    sort = built(Sheet("S", source(), rows=("Meter",), sort=("Meter", "Number")))
    new = built(Sheet("S", source(), rows=("Meter",)), version="26.1")

    items = [one.tag for one in plain.find("document-format-change-manifest")]
    assert items == sorted(items)
    assert {one.tag for one in sort.find("document-format-change-manifest")} - set(items) == {"SortTagCleanup"}
    assert [one.tag for one in new.find("document-format-change-manifest")] == ["ManifestByVersion"]
    assert {one.get("version") for one in new.xpath("//*[@version]")} == {"26.1"}


HOSTILE = [
    "a]b",
    "[x]",
    'say "no"',
    "it's",
    "a & b < c",
    "⚡ grün",
    "קילוואט",
    "x" * 200,
    "Parameters",
    "SUM",
    "a.b",
    " ",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_survive(name):
    """In captions, formulas, members, parameters, titles of dashboards: what is written is read again."""
    fields = (*FIELDS[:3], Field("kwh", name, "real", aggregation="Sum"))
    reference = f"[{name.replace(']', ']]')}]"
    given = DataSource("data", name, fields, (Calculation("C", f"SUM({reference}) * [Parameters].[{reference[1:]}"),))
    made = Sheet(f"S {name}", given, rows=("C",), filters=(only("Meter", name),), color=total(name))
    parameter = Parameter(name, "real", 2.0)
    book = Workbook("b", (Dashboard(f"D {name}", sheet(made)),), (Story(f"T {name}", ((name, made),)),), (parameter,))
    tree = etree.fromstring(render_workbook(book, {"data": CATALOGUE}, "x"))

    assert only_child(tree, "//worksheet").get("name") == f"S {name}"
    assert only_child(tree, "//story-point").get("caption") == name
    inner = parameter_id(name)
    assert re.fullmatch(r"Parameter [a-z0-9_]+", inner)
    assert only_child(tree, "//worksheet//calculation[@class][contains(@formula, 'SUM')]").get("formula") == (
        f"SUM([kwh]) * [Parameters].[{inner}]"
    )
    member = only_child(tree, "//worksheet//groupfilter").get("member")
    assert member[1:-1].replace('\\"', '"') == name


def test_ids_depend_on_names_alone():
    """The same today and tomorrow: these are what they were when this was written."""
    assert calculation_id("daily", "Change") == calculation_id("daily", "Change") != calculation_id("daily", "Changed")
    assert re.fullmatch(r"Calculation_\d{19}", calculation_id("daily", "Change"))
    assert re.fullmatch(r"federated\.[0-9a-z]{28}", connection_id("federated", "daily"))
    assert re.fullmatch(r"\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}", simple_id("window", "Overview"))
    assert simple_id("window", "Overview") != simple_id("dashboard", "Overview")
    assert parameter_id("Chosen Meter") == "Parameter chosen_meter"
    assert parameter_id("Zähler") != parameter_id("Zahler")


def test_a_spec_is_equal_to_itself_on_another_line():
    """The line is where it was written, not what it is."""
    one = total("Energy (kWh)")
    other = total("Energy (kWh)")

    assert one == other
    assert one.place != other.place
    assert inspect.signature(Filter).parameters["place"].kind is inspect.Parameter.KEYWORD_ONLY


def test_a_reference_line_has_its_words():
    """What stands for the value in a label is Tableau's own token."""
    tree = built(Sheet("S", source(), rows=("Number",), lines=(Line("Number", "average", "mean {value}"),)))

    line = only_child(tree, "//reference-line")
    assert (line.get("label"), line.get("formula")) == ("mean <Value>", "average")
    assert line.get("value-column") == tree.findtext(".//rows")


def test_names_are_found_once_for_all():
    """What lays out a sheet is the same for every tool that reads specs."""
    names = names_of(source(Calculation("C", "SUM([Number])")), (SHARE,))
    laid = lay_out(Sheet("S", names.source, rows=("C", "Meter")), names)

    assert [one.known.caption for one in laid.every] == ["Meter", "C"]
    assert Facts({"data": CATALOGUE}).meters == ()
