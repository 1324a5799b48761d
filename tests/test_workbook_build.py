"""Workbooks from real extracts: valid by Tableau's schema, the same bytes again, read by Tableau's own parser."""

import hashlib
import importlib
import json
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import Ran
from lxml import etree

from pipeline.cli import main
from pipeline.demo import write_campus
from pipeline.errors import SettingsError, StoreError
from pipeline.stores.extracts import EVERY_EXTRACT, EXTRACTS, FORECAST_EXTRACTS
from pipeline.stores.hyper import write_extract
from pipeline.stores.hyper_read import read_extract
from pipeline.stores.watermark import Watermark
from pipeline.workbook_building import EVERY, build_workbooks, read_catalogue, read_facts
from workbooks.calculation import parse
from workbooks.checker import check_file
from workbooks.facts import Facts
from workbooks.model import Sheet, Workbook
from workbooks.package import _pack
from workbooks.render_workbook import render_workbook
from workbooks.shipped.contents import SOURCES, workbooks
from workbooks.targets import TARGETS, fit

SCHEMAS = Path(__file__).resolve().parents[2] / "shared" / "schemas"
XS = "{http://www.w3.org/2001/XMLSchema}"
STUBS = {
    "http://www.tableausoftware.com/xml/user": "user_ns.stub.xsd",
    "http://www.w3.org/XML/1998/namespace": "xml_ns.stub.xsd",
}
WRAP = """<workbook source-build="0.0.0" version="18.1"><datasources/><worksheets><worksheet name="wrap"><table>
<view><datasources/><aggregation value="true"/></view><style/><panes><pane><view><breakdown value="auto"/></view>
<mark class="Automatic"/></pane></panes><rows/><cols/></table>
<simple-id uuid="{00000000-0000-0000-0000-000000000000}"/></worksheet></worksheets></workbook>"""
BOOKS = {"energy", "data_quality", "live"}
NO_FACTS = Facts({})
"""Of no data, for what is true of the specs alone."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, run_files: Callable[..., Ran]) -> Ran:
    """A run on a small campus: three buildings, a year, faults; and the extracts of a forecast of it."""
    campus = write_campus(tmp_path_factory.mktemp("campus"), buildings=3, years=1)
    ran = run_files([*campus.files, campus.register], config=campus.settings)
    for extract, rows in forecast_rows(ran.daily).items():
        write_extract(
            ran.hyper, ran.out / "extracts" / f"{extract}.hyper", FORECAST_EXTRACTS[extract], rows, Watermark("test", 1)
        )
    return ran


def forecast_rows(daily: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows of the three extracts of a forecast, with values of no meaning: the models themselves take minutes."""
    days = daily[daily["channel"] == "delivered"].groupby("meter_id").head(40)
    start = pd.to_datetime(days["date"])
    common = days[["meter_id", "channel", "site_id"]].assign(issued_at=pd.Timestamp("2026-01-01"))
    is_ahead = days.groupby("meter_id").cumcount() >= 20
    ahead = common.assign(grain="day", interval_start=start, interval_start_utc=start, is_forecast=is_ahead, model="m")
    ahead = ahead.assign(
        energy_kwh=days["energy_kwh"].where(~is_ahead), forecast_kwh=days["energy_kwh"].where(is_ahead)
    )
    ahead = ahead.assign(lower_kwh=ahead["forecast_kwh"] - 9, upper_kwh=ahead["forecast_kwh"] + 9)
    odd = common.head(2).assign(date=start.dt.date, interval_start=start, interval_start_utc=start, hours=24.0)
    odd = odd.assign(energy_kwh=9.0, expected_kwh=4.0, over_kwh=5.0, direction="high", cause="meter", score=0.9)
    scores = common.head(2).assign(grain="day", model="m", horizon_days=7, mae_kwh=1.0, rmse_share=0.1, mase=0.8)
    scores = scores.assign(coverage=0.8, origins=5, is_chosen=True, history_end_utc=pd.Timestamp("2026-01-01"))
    return {
        "forecast": ahead.assign(past_mae_kwh=1.0, past_mase=0.8),
        "anomalies": odd.assign(rules="V10", detail="d"),
        "forecast_score": scores.assign(is_stale=False, reason=None),
    }


@pytest.fixture(scope="module")
def built(ran: Ran) -> Path:
    """The folder of the workbooks of that run, for every target."""
    for target in TARGETS:
        build_workbooks(ran.out, target)
    return ran.out / "workbooks"


@pytest.fixture(scope="module", params=["twb_2026.1.0.xsd", "twb_2026.2.0.xsd"])
def schema(request: pytest.FixtureRequest) -> etree.XMLSchema:
    """Tableau's schema of workbooks; the test is skipped, saying so, where it is not there."""
    path = SCHEMAS / request.param
    if not path.is_file():
        pytest.skip(f"Tableau's schemas are not here: {SCHEMAS}")
    tree = etree.parse(path)
    for node in tree.getroot().findall(XS + "import"):
        node.set("schemaLocation", (SCHEMAS / STUBS[node.get("namespace")]).as_uri())
    return etree.XMLSchema(tree)


@pytest.fixture
def document_api() -> Iterator[Any]:
    """Tableau's own parser of workbooks; it asks distutils, which is out of date, for version numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield importlib.import_module("tableaudocumentapi")


def complaints(schema: etree.XMLSchema, root: Any) -> list[str]:
    """What the schema says against a document, but for the element that it demands by mistake."""
    schema.validate(root)
    messages = [error.message for error in schema.error_log]
    return [one for one in messages if not re.search(r"Element 'workbook': Missing child.*explain-data \)\.$", one)]


def unpacked(path: Path) -> bytes:
    """The workbook or data source of a file, packaged or not."""
    if path.suffix in (".twb", ".tds"):
        return path.read_bytes()
    with zipfile.ZipFile(path) as package:
        (name,) = [one for one in package.namelist() if one.endswith((".twb", ".tds"))]
        return package.read(name)


def files_of(folder: Path, *suffixes: str) -> list[Path]:
    """Every file with one of these endings, in all folders, in order."""
    found = sorted(path for path in folder.rglob("*") if path.suffix in suffixes)
    assert found
    return found


def test_everything_is_there(built: Path) -> None:
    """Packages for every target, bare files and data sources beside them; no litter."""
    names = sorted(path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file())

    books = [f"{name}.{end}" for name in sorted(BOOKS) for end in ("twb", "twbx")]
    sources = [f"{source.name}.{end}" for source in SOURCES for end in ("tds", "tdsx")]
    public = [f"public/{name}.twbx" for name in sorted(BOOKS - {"live"})]
    assert names == sorted([*books, *sources, *(f"26.1/{name}" for name in books), *public])


def test_tableaus_schemas_have_nothing_against_the_workbooks(built: Path, schema: etree.XMLSchema) -> None:
    """Order, attributes and values of every workbook of every target; and the schema does see a mistake."""
    for path in files_of(built, ".twb", ".twbx"):
        assert complaints(schema, etree.fromstring(unpacked(path))) == [], path

    tree = etree.fromstring(unpacked(built / "energy.twb"))
    tree.find(".//mark").set("class", "Squares")
    assert complaints(schema, tree)


def test_tableaus_schemas_have_nothing_against_the_data_sources(built: Path, schema: etree.XMLSchema) -> None:
    """There is no schema of data sources, but one within a workbook is covered."""
    for path in files_of(built, ".tds", ".tdsx"):
        source = etree.fromstring(unpacked(path))
        source.remove(source.find("document-format-change-manifest"))
        source.set("name", source.attrib.pop("formatted-name"))
        del source.attrib["source-platform"]
        book = etree.fromstring(WRAP)
        book.find("datasources").append(source)
        assert complaints(schema, book) == [], path


def test_the_checker_has_nothing_against_them(built: Path, ran: Ran) -> None:
    """References, manifest, calculations, levels, agreement with the extracts, what Tableau Public asks for."""
    for path in files_of(built, ".twb", ".twbx", ".tds", ".tdsx"):
        issues = check_file(path, is_public=path.parent.name == "public")
        assert issues == [], path


def digests(folder: Path) -> dict[str, str]:
    """File to the hash of its bytes."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_a_second_build_is_the_same_bytes(built: Path, ran: Ran) -> None:
    """Ids are of names and packages know no time: what did not change makes no difference."""
    before = digests(built)
    for target in TARGETS:
        build_workbooks(ran.out, target)

    assert digests(built) == before


def test_two_workbooks_differ_where_their_specs_do(ran: Ran) -> None:
    """Another title changes one line: a diff of two builds can be read."""
    facts = read_facts({name: ran.out / "extracts" / f"{name}.hyper" for name in EVERY})
    book = workbooks(facts)[1]
    sheet = book.dashboards[1].sheets[-1]
    changed, _ = fit(book, TARGETS["desktop"], facts.catalogues)
    assert changed is not None
    other = replace(book, alone=(replace(sheet, name="More", title="Else"),))
    one, two = (render_workbook(each, facts.catalogues, "x").decode().splitlines() for each in (book, other))

    removed = [line for line in one if line not in set(two)]
    assert removed == []
    assert len(two) - len(one) < 120


def test_tableaus_own_parser_sees_the_workbooks(built: Path, ran: Ran, document_api: Any) -> None:
    """The Document API opens each and lists the sheets, dashboards, data sources and fields of the spec."""
    facts = read_facts({name: ran.out / "extracts" / f"{name}.hyper" for name in EVERY})
    books = {book.name: book for book in workbooks(facts)}
    for path in files_of(built, ".twb", ".twbx"):
        target = TARGETS[path.parent.name if path.parent != built else "desktop"]
        book, _ = fit(books[path.stem], target, facts.catalogues)
        opened = document_api.Workbook(str(path))
        assert book is not None
        assert list(opened.worksheets) == [sheet.name for sheet in book.sheets]
        assert list(opened.dashboards) == [one.name for one in (*book.dashboards, *book.stories)]
        for source, spec in zip(opened.datasources[1:], book.sources, strict=True):
            captions = {one.caption for one in (*spec.fields, *spec.calculations)}
            seen = {one.caption for one in source.fields.values()}
            assert source.caption == spec.caption
            assert seen - {"Extract"} - {one.caption for one in book.parameters} == captions
        (parameters,) = [one for one in opened.datasources if one.name == "Parameters"]
        assert {one.caption for one in parameters.fields.values()} == {one.caption for one in book.parameters}


def test_tableaus_own_parser_sees_the_data_sources(built: Path, document_api: Any) -> None:
    """Fields with descriptions and default aggregation; calculations that need a parameter are not there."""
    for path in files_of(built, ".tds", ".tdsx"):
        (spec,) = [source for source in SOURCES if source.name == path.stem]
        opened = document_api.Datasource.from_file(str(path))
        fields = {one.caption: one for one in opened.fields.values()}
        assert {one.caption for one in spec.fields} <= set(fields)
        for one in spec.fields:
            assert one.description in str(fields[one.caption].description)
        assert "In Choice" not in fields
        (connection,) = opened.connections
        assert connection.dbclass == "hyper"
        assert connection.dbname.endswith(f"{path.stem}.hyper")


def test_packages_hold_the_extracts(built: Path, ran: Ran, tmp_path: Path) -> None:
    """Each connection names a member of the package, and that is the extract itself, with its columns and rows."""
    for path in files_of(built, ".twbx", ".tdsx"):
        tree = etree.fromstring(unpacked(path))
        with zipfile.ZipFile(path) as package:
            assert package.testzip() is None
            assert {info.date_time for info in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            for name in tree.xpath("//connection[@class='hyper']/@dbname"):
                original = ran.out / "extracts" / Path(name).name
                assert package.read(name) == original.read_bytes()
    with zipfile.ZipFile(built / "energy.twbx") as package:
        copy = Path(package.extract("Data/Extracts/daily.hyper", tmp_path))
    assert len(read_extract(copy, ran.hyper)) == len(ran.extract("daily"))


def test_bare_files_find_the_extracts_beside_them(built: Path) -> None:
    """Paths are relative to the workbook, so the folder can be moved; none names this machine."""
    for path in files_of(built, ".twb", ".tds"):
        text = path.read_text(encoding="utf-8")
        names = etree.fromstring(text.encode()).xpath("//connection[@class='hyper']/@dbname")
        assert names
        assert all((path.parent / name).is_file() for name in names)
        assert str(built) not in text


def test_metadata_is_hyperds_own(built: Path, ran: Ran) -> None:
    """Names, order and types of the metadata records are those of the catalogue."""
    types = {"TEXT": "string", "INT": "integer", "DOUBLE": "real", "BOOL": "boolean", "DATE": "date"}
    tree = etree.fromstring(unpacked(built / "data_quality.twb"))
    sources = [one for one in tree.xpath("/workbook/datasources/datasource") if one.get("name") != "Parameters"]
    assert len(sources) == 2
    for source in sources:
        name = Path(source.find(".//connection[@class='hyper']").get("dbname")).name
        catalogue = read_catalogue(ran.out / "extracts" / name, ran.hyper)
        records = source.findall(".//metadata-record")
        assert [one.findtext("remote-name") for one in records] == list(catalogue)
        assert [one.findtext("local-type") for one in records] == [
            types.get(kind, "datetime") for kind in catalogue.values()
        ]


def test_parameters_offer_what_is_in_the_data(built: Path, ran: Ran) -> None:
    """Every meter and site of the extract can be chosen, and all of them together."""
    tree = etree.fromstring(unpacked(built / "energy.twb"))
    members = {
        column.get("caption"): [json.loads(one) for one in column.xpath("members/member/@value")]
        for column in tree.xpath("/workbook/datasources/datasource[@name='Parameters']/column")
    }
    daily = ran.extract("daily")

    assert members["Chosen Meter"] == ["All meters", *sorted(set(daily["meter_id"]))]
    assert members["Chosen Site"] == ["All sites", *sorted(set(daily["site_id"]))]


def test_targets_differ_as_they_should(built: Path) -> None:
    """Desktop lists its grammar, 26.1 names its release, the public one has no finding, no file name, no script."""
    desktop, new, public = (
        etree.fromstring(unpacked(built / path))
        for path in ("data_quality.twbx", *("26.1/data_quality.twbx",), "public/data_quality.twbx")
    )

    assert [one.get("version") for one in (desktop, new, public)] == ["18.1", "26.1", "18.1"]
    assert [one.tag for one in new[0]] == ["ManifestByVersion"]
    assert "SheetIdentifierTracking" in [one.tag for one in desktop[0]]
    assert len(desktop.findall(".//worksheet")) - len(public.findall(".//worksheet")) == 3
    with zipfile.ZipFile(built / "public" / "data_quality.twbx") as package:
        assert package.namelist() == ["data_quality.twb", "Data/Extracts/daily.hyper"]


def test_every_formula_can_be_read(built: Path) -> None:
    """Each formula of the built files is a calculation of internal names."""
    for path in files_of(built, ".twb", ".tds"):
        formulas = etree.fromstring(unpacked(path)).xpath("//calculation/@formula")
        assert formulas or path.stem in ("anomalies", "forecast_score")
        for formula in formulas:
            parse(formula)


def test_every_sheet_says_how_sure_it_is() -> None:
    """Each dashboard has what was measured or estimated, the findings, past errors, or the cause of an anomaly."""
    for book in workbooks(NO_FACTS):
        for board in book.dashboards:
            captions = {
                shown if isinstance(shown, str) else shown.caption
                for sheet in board.sheets
                for shown in (sheet.label, sheet.color, *sheet.rows, *sheet.columns, *sheet.detail)
                if shown
            }
            sure = {"Measured Share", "Estimated Share of Energy", "Number of Findings", "MASE", "Cause"}
            assert captions & sure, board.name


def test_the_specs_are_short() -> None:
    """A sheet is at most 15 lines of arguments, so that the shipped set reads like a table of contents."""
    folder = Path(__file__).resolve().parents[1] / "workbooks" / "shipped"
    specs = [
        match[0]
        for path in folder.glob("*.py")
        for match in re.finditer(r"^[A-Z_]+ = Sheet\(\n(    .*\n)+\)", path.read_text("utf-8"), re.MULTILINE)
    ]

    assert len(specs) > 20
    assert max(len(spec.splitlines()) for spec in specs) <= 17


def test_sheets_and_dashboards_have_titles_of_their_own() -> None:
    """A reader never meets a sheet without words: it has a title, or its text says what it is."""
    for book in workbooks(NO_FACTS):
        for sheet in book.sheets:
            assert sheet.title or sheet.text, sheet.name
            assert isinstance(sheet, Sheet)


def test_a_missing_extract_leaves_sheets_out(ran: Ran, tmp_path: Path) -> None:
    """Without readings there is no load profile, and the command says so; nothing is broken."""
    (tmp_path / "extracts").mkdir()
    (tmp_path / "extracts" / "daily.hyper").write_bytes((ran.out / "extracts" / "daily.hyper").read_bytes())
    done = build_workbooks(tmp_path)

    assert "energy: Load duration: left out, there is no readings.hyper with rows" in done.left_out
    for path in files_of(tmp_path / "workbooks", ".twbx", ".tdsx"):
        assert check_file(path) == []
    tree = etree.fromstring(unpacked(tmp_path / "workbooks" / "energy.twb"))
    assert "Load profile" not in tree.xpath("//dashboard/@name")
    assert "Load profile" not in tree.xpath("//story-point/@captured-sheet")
    assert "Overview" in tree.xpath("//story-point/@captured-sheet")


@pytest.mark.parametrize(
    ("blank", "lacking", "kept"),
    [
        (["latitude", "longitude"], {"Map": "Latitude"}, {"Energy per area"}),
        (["longitude"], {"Map": "Longitude"}, {"Energy per area"}),
        (["floor_area_m2"], {"Energy per area": "Floor Area (m²)"}, {"Map"}),
        (
            ["latitude", "longitude", "floor_area_m2"],
            {"Map": "Latitude", "Energy per area": "Floor Area (m²)"},
            set(),
        ),
    ],
    ids=["no coordinates", "half of them", "no area", "neither"],
)
def test_what_the_register_does_not_say_leaves_sheets_out(
    ran: Ran, tmp_path: Path, schema: etree.XMLSchema, blank: list[str], lacking: dict[str, str], kept: set[str]
) -> None:
    """No coordinates, no map; no areas, no ranking; neither, no page: each is told, and nothing is broken."""
    (tmp_path / "extracts").mkdir()
    rows = ran.extract("meters").assign(**dict.fromkeys(blank, None))
    write_extract(ran.hyper, tmp_path / "extracts" / "meters.hyper", EXTRACTS["meters"], rows, Watermark("test", 1))
    (tmp_path / "extracts" / "daily.hyper").symlink_to(ran.out / "extracts" / "daily.hyper")
    done = build_workbooks(tmp_path)

    told = [line for line in done.left_out if "meters.hyper" in line]
    assert told == [
        f"energy: {name}: left out, no row of meters.hyper has a {field}" for name, field in lacking.items()
    ]
    tree = etree.fromstring(unpacked(tmp_path / "workbooks" / "energy.twb"))
    assert complaints(schema, tree) == []
    assert check_file(tmp_path / "workbooks" / "energy.twbx") == []
    assert set(tree.xpath("//worksheet/@name")) & {"Map", "Energy per area"} == kept
    assert ("Sites and areas" in tree.xpath("//dashboard/@name")) == bool(kept)
    assert ("Sites and areas" in tree.xpath("//story-point/@captured-sheet")) == bool(kept)
    assert bool(tree.xpath("//mapsources")) == ("Map" in kept)


@pytest.mark.parametrize(
    ("blank", "gone", "kept"),
    [
        (["cost"], {"Cost by month", "How sure: costs"}, {"Carbon by month", "Timing by month"}),
        (["co2_hourly_kg"], {"Timing by month", "Carbon by the hour"}, {"Carbon by month", "Cost by month"}),
        (["co2_average_kg", "co2_hourly_kg"], {"Carbon by month", "Timing"}, {"Cost by month"}),
    ],
    ids=["no prices", "no hourly factors", "no factors"],
)
def test_what_the_settings_do_not_say_leaves_sheets_out(
    ran: Ran, tmp_path: Path, schema: etree.XMLSchema, blank: list[str], gone: set[str], kept: set[str]
) -> None:
    """No prices, no page of cost; no factors, no page of carbon; only an average one, no sheet of timing."""
    (tmp_path / "extracts").mkdir()
    rows = ran.extract("costs").assign(**dict.fromkeys(blank, np.nan))
    write_extract(ran.hyper, tmp_path / "extracts" / "costs.hyper", EVERY_EXTRACT["costs"], rows, Watermark("test", 1))
    done = build_workbooks(tmp_path)
    tree = etree.fromstring(unpacked(tmp_path / "workbooks" / "energy.twb"))
    names = set(tree.xpath("//worksheet/@name"))

    assert (names & (gone | kept), complaints(schema, tree)) == (kept, [])
    assert check_file(tmp_path / "workbooks" / "energy.twbx") == []
    assert gone <= {
        line.split(": ")[1] if line.count(": ") == 2 else ": ".join(line.split(": ")[1:3]) for line in done.left_out
    }
    assert ("Cost by tariff" in tree.xpath("//dashboard/@name")) == ("cost" not in blank)
    assert ("Carbon by hour" in tree.xpath("//dashboard/@name")) == ("co2_average_kg" not in blank)


def test_no_price_is_for_the_public(built: Path) -> None:
    """Prices are an agreement between two: the public workbook has neither their extract nor its pages."""
    with zipfile.ZipFile(built / "public" / "energy.twbx") as package:
        names = package.namelist()
    assert "Data/Extracts/daily.hyper" in names
    assert "Data/Extracts/costs.hyper" not in names
    assert "Cost by tariff" in etree.fromstring(unpacked(built / "energy.twb")).xpath("//dashboard/@name")


def test_a_map_is_a_map(built: Path) -> None:
    """Coordinates have their role in the field list and on the sheet; both the sheet and the workbook name a map."""
    tree = etree.fromstring(unpacked(built / "energy.twb"))
    (sheet,) = tree.xpath("//worksheet[@name='Map']")
    roles = {"[latitude]": "[Geographical].[Latitude]", "[longitude]": "[Geographical].[Longitude]"}

    assert re.fullmatch(r"\[federated\.\w+\]\.\[avg:latitude:qk\]", sheet.findtext("table/rows"))
    assert re.fullmatch(r"\[federated\.\w+\]\.\[avg:longitude:qk\]", sheet.findtext("table/cols"))
    for place in (sheet, tree.find("datasources"), etree.fromstring(unpacked(built / "meters.tds"))):
        columns = place.xpath(".//column[@semantic-role]")
        assert {one.get("name"): one.get("semantic-role") for one in columns} == roles
    assert sheet.xpath("table/view/mapsources/mapsource/@name") == ["Tableau"]
    assert tree.xpath("/workbook/mapsources/mapsource/@name") == ["Tableau"]
    assert len(tree.xpath("//worksheet//mapsources")) == 1
    assert etree.fromstring(unpacked(built / "data_quality.twb")).xpath("//mapsources") == []


def test_no_place_is_for_the_public(built: Path) -> None:
    """Coordinates tell whose meter it is: the public package has neither the sheets nor the extract."""
    with zipfile.ZipFile(built / "public" / "energy.twbx") as package:
        assert "Data/Extracts/meters.hyper" not in package.namelist()
        assert "Data/Extracts/daily.hyper" in package.namelist()
    assert not re.search(b"latitude", unpacked(built / "public" / "energy.twbx"), re.IGNORECASE)


def test_no_extract_is_one_sentence(tmp_path: Path) -> None:
    """The command ends with 1 and says what to run first."""
    result = CliRunner().invoke(main, ["workbook", "build", "--out", str(tmp_path)])

    assert result.exit_code == 1
    assert "there are no extracts with rows -> run `hyperwatt run FILE...`" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_writes_nothing(ran: Ran, tmp_path: Path) -> None:
    """It says what would be written, and finds what a build would find."""
    (tmp_path / "extracts").symlink_to(ran.out / "extracts")
    result = CliRunner().invoke(main, ["workbook", "build", "--out", str(tmp_path), "--dry-run"])

    assert result.exit_code == 0
    assert f"would write {tmp_path / 'workbooks' / 'energy.twbx'}" in result.stdout
    assert not (tmp_path / "workbooks").exists()


def test_the_public_build_says_what_is_left_to_do(ran: Ran, built: Path) -> None:
    """A person has to open and save it; and meter names are in it."""
    result = CliRunner().invoke(main, ["workbook", "build", "--out", str(ran.out), "--target", "public"])

    assert result.exit_code == 0
    assert "data_quality: List: left out, Findings of validation is not for the public" in result.stdout
    assert "Save to Tableau Public" in result.stdout
    assert built.is_dir()


OWN = """
from workbooks.model import Calculation, Dashboard, Sheet, Workbook
from workbooks.pills import total
from workbooks.shipped.data_sources import DAILY
from workbooks.zones import sheet


def workbooks(facts):
    mine = Sheet("Mine", DAILY, rows=("Meter",), columns=(total("{caption}"),))
    return [Workbook("mine", (Dashboard("My page", sheet(mine)),), (), PARAMETERS(facts))]
"""


def own_spec(folder: Path, caption: str) -> Path:
    """A spec file as an author writes it."""
    path = folder / "mine.py"
    imported = "from workbooks.shipped.parameters import parameters as PARAMETERS"
    path.write_text(imported + OWN.replace("{caption}", caption), encoding="utf-8")
    return path


def test_a_spec_of_ones_own(ran: Ran, tmp_path: Path) -> None:
    """A Python file with workbooks(facts) is built like the shipped ones."""
    done = build_workbooks(ran.out, spec=own_spec(tmp_path, "Daily Energy (kWh)"))

    assert [path.name for path in done.files] == ["mine.twbx", "mine.twb"]
    for path in done.files:
        assert check_file(path) == []
        path.unlink()


def test_a_typo_in_a_spec_of_ones_own(ran: Ran, tmp_path: Path) -> None:
    """The command ends with 1, names file and line, and leaves no file."""
    path = own_spec(tmp_path, "Daily Enrgy (kWh)")
    result = CliRunner().invoke(main, ["workbook", "build", "--out", str(ran.out), "--spec", str(path)])

    assert result.exit_code == 1
    line = next(number for number, text in enumerate(path.read_text().splitlines(), 1) if "Enrgy" in text)
    assert f"{path}:{line}: Daily energy and demand has no field [Daily Enrgy (kWh)]" in result.output
    assert "did you mean [Daily Energy (kWh)]?" in result.output
    assert not list((ran.out / "workbooks").rglob("*mine*"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [("x = 1", "has no function workbooks"), ("import nowhere_at_all", "ModuleNotFoundError"), ("(", "SyntaxError")],
)
def test_a_file_that_is_no_spec(ran: Ran, tmp_path: Path, text: str, reason: str) -> None:
    """Whatever is in it, the answer is one sentence."""
    path = tmp_path / "mine.py"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(SettingsError, match=reason):
        build_workbooks(ran.out, spec=path)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """What was there stays, and nothing lies about."""
    path = tmp_path / "a.twbx"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        _pack(path, "a.twb", b"new", [(tmp_path / "gone.hyper", "Data/gone.hyper")])

    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_extract_is_named(tmp_path: Path) -> None:
    """The sentence has the path of the extract."""
    (tmp_path / "extracts").mkdir()
    path = tmp_path / "extracts" / "daily.hyper"
    path.write_bytes(b"not hyper")

    with pytest.raises(StoreError, match=re.escape(str(path))):
        build_workbooks(tmp_path)


def test_the_story_goes_through_the_dashboards() -> None:
    """Its points are dashboards of the workbook, each once."""
    book: Workbook = workbooks(NO_FACTS)[0]
    points = [shown for _, shown in book.stories[0].points]

    assert book.stories[0].name == "Plugging into the future"
    assert len(points) == len(set(map(id, points))) >= 6
    assert all(any(shown is board for board in book.dashboards) for shown in points)
