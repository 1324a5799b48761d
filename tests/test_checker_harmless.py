"""What Tableau itself writes and hyperwatt never does: forecasts, sets, bins, blends … None of it is an error.

Each is put into the clean specimen in the shape in which it was seen in workbooks that Tableau saved.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from workbooks.checker import check_file

SPECIMEN = Path(__file__).parent / "checked" / "specimen.twb"
DS = "federated.hw1"
COUNT = "[__tableau_internal_object_id__].[cnt:Extract (Extract.Extract)_0123456789ABCDEF0123456789ABCDEF:qk]"
USER = "{http://www.tableausoftware.com/xml/user}"

Root = Any


def sheet(root: Root, name: str = "Meters") -> Root:
    """A worksheet."""
    return root.find(f"worksheets/worksheet[@name='{name}']")


def declare(root: Root, text: str, name: str = "Meters") -> None:
    """Add columns and instances to what a sheet declares."""
    place = sheet(root, name).find(f".//datasource-dependencies[@datasource='{DS}']")
    place.extend(etree.fromstring(f"<x xmlns:user='{USER[1:-1]}'>{text}</x>"))


def instance(column: str, derivation: str, name: str, kind: str = "quantitative", more: str = "") -> str:
    """A column instance as text."""
    attributes = f"column='[{column}]' derivation='{derivation}' name='{name}' pivot='key' type='{kind}'"
    return f"<column-instance {attributes} {more}/>"


def on_source(root: Root, text: str) -> None:
    """Add to the data source, before its groups."""
    source = root.find(f"datasources/datasource[@name='{DS}']")
    for node in etree.fromstring(f"<x xmlns:user='{USER[1:-1]}'>{text}</x>"):
        source.find("group").addprevious(node)


def on_rows(root: Root, *pills: str) -> None:
    """Put pills on the rows of a sheet."""
    sheet(root).find("table/rows").text = f"({' + '.join(f'[{DS}].{pill}' for pill in pills)})"


def encode(root: Root, kind: str, pill: str) -> None:
    """Put a pill on the marks card."""
    encodings = sheet(root).find(".//encodings")
    encodings.insert(0, etree.Element(kind, {"column": f"[{DS}].{pill}"}))


def forecast(root: Root) -> None:
    """The native forecast, its indicator on colour."""
    base = "forecast-column-base='[sum:energy_kwh:qk]' forecast-column-type='forecast-value'"
    declare(root, instance("energy_kwh", "Sum", "[fVal:sum:energy_kwh:qk]", more=base))
    declare(root, instance("Forecast Indicator", "None", "[none:Forecast Indicator:nk]", "nominal"))
    on_rows(root, "[fVal:sum:energy_kwh:qk]")
    encode(root, "color", "[none:Forecast Indicator:nk]")


def generated_place(root: Root) -> None:
    """A filled map of a geographic role."""
    on_rows(root, "[Latitude (generated)]")
    sheet(root).find("table/cols").text = f"[{DS}].[Longitude (generated)]"
    encode(root, "geometry", "[Geometry (generated)]")


def measure_names(root: Root) -> None:
    """Measure Names and Measure Values."""
    on_rows(root, "[Multiple Values]")
    encode(root, "color", "[:Measure Names]")
    view = sheet(root).find("table/view")
    node = etree.fromstring(f"<filter class='categorical' column='[{DS}].[:Measure Names]'/>")
    view.find("filter").addprevious(node)


def quick_calculation(root: Root) -> None:
    """Percent of total, the second of its kind."""
    declare(root, instance("energy_kwh", "Sum", "[pcto:sum:energy_kwh:qk:2]"))
    on_rows(root, "[pcto:sum:energy_kwh:qk:2]")


def pill_twice(root: Root) -> None:
    """The same pill twice on a shelf."""
    on_rows(root, "[sum:energy_kwh:qk]", "[sum:energy_kwh:qk:2]")


def a_set(root: Root) -> None:
    """A set on a shelf, as a filter and in a formula."""
    on_source(root, "<group name='[Large ones]' name-style='unqualified'><groupfilter function='empty-level'/></group>")
    declare(root, instance("Large ones", "InOut", "[io:Large ones:nk]", "nominal"))
    declare(
        root,
        "<column caption='Is large' datatype='integer' name='[Calculation_8]' role='measure' type='quantitative'>"
        "<calculation class='tableau' formula='IF [Large ones] THEN SUM([energy_kwh]) END'/></column>",
    )
    on_rows(root, "[io:Large ones:nk]")
    sheet(root).find(".//slices").append(etree.fromstring(f"<column>[{DS}].[Large ones]</column>"))
    node = etree.fromstring(f"<filter class='categorical' column='[{DS}].[Large ones]'/>")
    sheet(root).find(".//filter").addprevious(node)


def bins(root: Root) -> None:
    """Bins and groups are calculations without a formula of the language."""
    on_source(
        root,
        "<column datatype='integer' name='[kwh (bin)]' role='dimension' type='ordinal'>"
        "<calculation class='bin' decimals='0' formula='[energy_kwh]' peg='0' size='10'/></column>"
        "<column datatype='string' name='[Meter (group)]' role='dimension' type='nominal'>"
        "<calculation class='categorical-bin' column='[meter_id]' default='other'/></column>",
    )
    declare(root, instance("kwh (bin)", "None", "[none:kwh (bin):ok]", "ordinal"))
    declare(root, instance("Meter (group)", "None", "[none:Meter (group):nk]", "nominal"))
    on_rows(root, "[none:kwh (bin):ok]", "[none:Meter (group):nk]")


def typed_on_the_shelf(root: Root) -> None:
    """A calculation typed on a shelf is declared in its sheet only."""
    declare(
        root,
        "<column caption='SUM(x)' datatype='real' name='[Calculation_9]' role='measure' type='quantitative' "
        "user:unnamed='Meters'><calculation class='tableau' formula='SUM([energy_kwh]) * 2'/></column>"
        + instance("Calculation_9", "User", "[usr:Calculation_9:qk]"),
    )
    on_rows(root, "[usr:Calculation_9:qk]")


def number_of_rows(root: Root) -> None:
    """The count of a table, and Number of Records of older versions."""
    declare(
        root,
        f"<column-instance column='[__tableau_internal_object_id__].[Extract]' derivation='Count' name='{COUNT}' "
        "pivot='key' type='quantitative'/><column datatype='integer' name='[Number of Records]' role='measure' "
        "type='quantitative' user:auto-column='numrec'><calculation class='tableau' formula='1'/></column>"
        + instance("Number of Records", "Sum", "[sum:Number of Records:qk]"),
    )
    on_rows(root, "[sum:Number of Records:qk]")
    encode(root, "text", COUNT)


def phone(root: Root) -> None:
    """A device layout repeats the ids of zones."""
    board = root.find("dashboards/dashboard")
    layout = etree.Element("devicelayout", {"name": "Phone"})
    layout.append(etree.fromstring(etree.tostring(board.find("zones"))))
    layouts = etree.Element("devicelayouts")
    layouts.append(layout)
    board.find("simple-id").addprevious(layouts)


def legends(root: Root) -> None:
    """Legends and filters name a sheet, a container may have a name of its own."""
    zones = root.find("dashboards/dashboard/zones/zone/zone")
    for number, attributes in enumerate(
        (
            {"type-v2": "color", "name": "Calendar", "param": f"[{DS}].[sum:energy_kwh:qk]"},
            {"type-v2": "filter", "name": "Meters", "param": f"[{DS}].[none:meter_id:nk]"},
            {"type-v2": "layout-flow", "name": "my container", "param": "horz"},
        )
    ):
        size = {"id": str(100 + number), "x": "0", "y": "0", "w": "100", "h": "100"}
        zones.append(etree.Element("zone", attributes | size))


def unsupported_column(root: Root) -> None:
    """A column of a type that Tableau cannot use has no local name."""
    record = "<metadata-record class='column'><remote-name>shape</remote-name><ordinal>9</ordinal></metadata-record>"
    root.find(".//metadata-records").append(etree.fromstring(record))


def blend(root: Root) -> None:
    """A formula over a second, published data source."""
    published = (
        "<datasource caption='Weather' inline='true' name='sqlproxy.1' version='18.1'>"
        "<connection class='sqlproxy' dbname='weather'/></datasource>"
    )
    root.find("datasources").append(etree.fromstring(published))
    for node in root.iterfind(".//column[@name='[Calculation_2]']/calculation"):
        node.set("formula", "SUM([energy_kwh]) / AVG([sqlproxy.1].[degrees]) + AVG([Weather].[degrees])")


def tableaus_own_words(root: Root) -> None:
    """Spellings that authors use."""
    formula = "if sum([energy_kwh])>1//big&#13;&#10;then 'a' ELSEIF MAX([peak_kw]) == .5 then \"b's\" else NULL end"
    for node in root.iterfind(".//column[@name='[Calculation_2]']/calculation"):
        node.set("formula", formula.replace("&#13;&#10;", "\r\n"))


def sorted_as_before(root: Root) -> None:
    """The sorts of versions before 2018."""
    view = sheet(root).find("table/view")
    view.find("computed-sort").addprevious(etree.Element("sort", {"class": "manual", "column": f"[{DS}].[x]"}))


def renamed_column(root: Root) -> None:
    """A calculation may have the name of a column that is shown under another one."""
    for node in root.iterfind(".//column[@name='[Calculation_2]']"):
        node.set("caption", "peak_kw")


def tooltip_of_the_view(root: Root) -> None:
    """What the view is split by may stand on the tooltip as it is: every mark has one value of it."""
    encode(root, "tooltip", "[none:meter_id:nk]")


def rate_of_the_source(root: Root) -> None:
    """A field that the data source aggregates itself stands beside aggregates, and on a shelf as User."""
    for node in root.iterfind(".//column[@name='[latitude]']"):
        node.set("aggregation", "User")
    for node in root.iterfind(".//column[@name='[Calculation_2]']/calculation"):
        node.set("formula", "SUM([energy_kwh]) * [latitude]")


def in_place_of_a_column(root: Root) -> None:
    """An extract holds a column under the name of the calculation that it was."""
    calculation = "<calculation class='tableau' formula='[peak_kw] * 2'/>"
    for node in root.iterfind(".//column[@name='[peak_kw]']"):
        node.append(etree.fromstring(calculation))


def newer_words(root: Root) -> None:
    """Spatial aggregates, dates with time, comments around everything."""
    formula = "/* a */ IF NOT ISNULL(UNION(MAKEPOINT([latitude], [peak_kw])))"
    formula += " AND MAX([date]) < #2026-01-31 12:00:00 AM# THEN 1 END // 'b"
    for node in root.iterfind(".//column[@name='[Calculation_2]']/calculation"):
        node.set("formula", formula)


HARMLESS: list[Callable[[Root], None]] = [
    forecast,
    generated_place,
    measure_names,
    quick_calculation,
    pill_twice,
    a_set,
    bins,
    typed_on_the_shelf,
    number_of_rows,
    phone,
    legends,
    unsupported_column,
    blend,
    tableaus_own_words,
    sorted_as_before,
    renamed_column,
    tooltip_of_the_view,
    rate_of_the_source,
    in_place_of_a_column,
    newer_words,
]


@pytest.mark.parametrize("put_in", HARMLESS, ids=lambda function: function.__name__)
@pytest.mark.parametrize(
    "build", ["0.0.0 (0000.0.0.0)", "2019.2.1 (20192.19.0621.1547)", "2025.2.3 (20252.25.0909.1230)"]
)
def test_harmless(tmp_path: Path, put_in: Callable[[Root], None], build: str) -> None:
    """Nothing at all is said against it, whoever saved the file."""
    root = etree.parse(str(SPECIMEN), etree.XMLParser(remove_blank_text=True)).getroot()
    put_in(root)
    root.set("source-build", build)
    path = tmp_path / "book.twb"
    path.write_bytes(etree.tostring(root))
    columns = {"meter_id": "VARCHAR(40)", "date": "DATE", "is_weekend": "BOOL"}
    columns |= dict.fromkeys(("energy_kwh", "peak_kw", "latitude"), "NUMERIC(18, 3)")
    issues = check_file(path, catalogue={"Data/Extracts/daily.hyper": columns})

    assert [str(issue) for issue in issues] == []


def test_each_is_seen(tmp_path: Path) -> None:
    """The specimen is really changed by each of them."""
    before = SPECIMEN.read_bytes()
    for put_in in HARMLESS:
        root = etree.fromstring(before)
        put_in(root)
        assert etree.tostring(root) != etree.tostring(etree.fromstring(before)), put_in.__name__
