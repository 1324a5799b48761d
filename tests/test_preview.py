"""Previews: the numbers behind each picture are those that another program finds, and there is something to see."""

import base64
import gzip
import json
import re
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import Ran
from lxml import etree
from sheet_queries import sheet_query
from tableauhyperapi import CreateMode, HyperProcess
from test_workbook_sheets import made_up, plain

from pipeline.cli import main
from pipeline.demo import write_campus
from pipeline.errors import PublishError, SettingsError
from pipeline.publish.tabpy_client import TabPy
from pipeline.publish.tabpy_server import Running
from pipeline.stores.extracts import FORECAST_EXTRACTS
from pipeline.stores.hyper import write_extract
from pipeline.stores.hyper_read import attached
from pipeline.stores.watermark import Watermark
from pipeline.workbook_building import EVERY, read_facts
from pipeline.workbook_previewing import Previewed, asking, file_name, preview_workbooks
from workbooks.model import Calculation, Dashboard, Filter, Sheet, Workbook, Zone
from workbooks.pills import only, table, top, total, where, year_part
from workbooks.preview_book import Studio
from workbooks.preview_charts import chart
from workbooks.preview_formats import axis_format, shown_number
from workbooks.preview_page import PageOptions, page
from workbooks.preview_pictures import sheet_svg
from workbooks.preview_png import chunks, png
from workbooks.preview_rows import Marks
from workbooks.preview_states import Control, states
from workbooks.preview_windows import FUNCTIONS
from workbooks.render_marks import style
from workbooks.shipped.contents import workbooks
from workbooks.shipped.data_sources import DAILY
from workbooks.zones import across, control, down, quick_filter
from workbooks.zones import sheet as show

CHROMIUM = next((path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), "")
SCRIPTED = {"Used and expected", "Forecast now", "Unusual now"}
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"Period": 90, "Metric": "Highest peak of a meter (kW)"},
    {"Period": 0, "Metric": "Mean base load of a meter (kW)", "Saved": 0.3, "Moved out of the Peak": 1.0},
)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, run_files: Callable[..., Ran]) -> Ran:
    """A run on four buildings and two years, with extracts of a forecast that are made up."""
    campus = write_campus(tmp_path_factory.mktemp("campus"), buildings=4, years=2)
    ran = run_files([*campus.files, campus.register], config=campus.settings)
    for name, rows in made_up(ran.daily).items():
        path = ran.out / "extracts" / f"{name}.hyper"
        write_extract(ran.hyper, path, FORECAST_EXTRACTS[name], rows, Watermark("test", 1))
    return ran


@pytest.fixture(scope="module")
def paths(ran: Ran) -> dict[str, Path]:
    """The extracts by name."""
    return {name: ran.out / "extracts" / f"{name}.hyper" for name in EVERY}


@pytest.fixture(scope="module")
def books(paths: dict[str, Path]) -> dict[str, Workbook]:
    """The shipped workbooks by name."""
    return {book.name: book for book in workbooks(read_facts(paths))}


@pytest.fixture(scope="module")
def asks(paths: dict[str, Path], hyperd: HyperProcess) -> Iterator[dict[str, Any]]:
    """What runs SQL on each extract."""
    with asking(paths, hyperd) as found:
        yield found


@pytest.fixture(scope="module")
def marks(books: dict[str, Workbook], asks: dict[str, Any]) -> Callable[..., pd.DataFrame]:
    """A function from the name of a sheet, and parameters, to its marks with columns by caption."""
    sheets = {sheet.name: (sheet, book) for book in books.values() for sheet in book.sheets}

    def of(name: str, **values: Any) -> pd.DataFrame:
        sheet, book = sheets[name]
        shown = Studio(book, asks).shown(sheet, {caption.replace("_", " "): one for caption, one in values.items()})
        assert shown.marks is not None, shown.reason
        return by_caption(shown.marks)

    return of


def by_caption(found: Marks) -> pd.DataFrame:
    """Marks with columns by caption; the first pill of a caption counts."""
    names = {one.name: one.known.caption for one in found.laid.shown}
    frame = found.frame.rename(columns=names)
    return frame.loc[:, ~frame.columns.duplicated()]


@pytest.fixture(scope="module")
def days(ran: Ran) -> pd.DataFrame:
    """The delivered days, and how long before the last one they were."""
    frame = ran.extract("daily").query("channel == 'delivered'").copy()
    frame["date"] = pd.to_datetime(frame["date"])
    return frame.assign(ago=(frame["date"].max() - frame["date"]).dt.days).sort_values(["meter_id", "date"])


@pytest.fixture(scope="module")
def previewed(ran: Ran) -> Previewed:
    """Pictures of everything, for the last 30 days; what other choices show is tested on a small board."""
    return preview_workbooks(ran.out, settings=("Period=30",), most_choices=0)


def is_blank(picture: bytes) -> bool:
    """True for a PNG without anything in it: its pixels, unpacked, have hardly a byte that is not like the others."""
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    parts = [body for kind, body in chunks(picture) if kind == b"IDAT"]
    return len(set(zlib.decompress(b"".join(parts)))) < 12


def assert_same_marks(got: pd.DataFrame, expected: pd.DataFrame, dimensions: list[str], name: str) -> None:
    """The same marks, whatever their order: dimensions and texts exactly, numbers up to the order of their sums."""
    assert len(got) == len(expected) > 0, name
    assert set(got) == set(expected)
    left, right = (frame.assign(**{one: frame[one].map(told) for one in dimensions}) for frame in (got, expected))
    if dimensions:
        left, right = (frame.sort_values(dimensions, ignore_index=True) for frame in (left, right))
    for column in sorted(set(got)):
        values, wanted = ([told(value) for value in frame[column]] for frame in (left, right))
        if values != wanted:
            floats = [[float(one or "nan") for one in column_values] for column_values in (values, wanted)]
            # Which of two hours of the same energy is the first, nobody has said: the curve is the same.
            first, second = map(sorted, floats) if name == "Load duration" else floats
            assert first == pytest.approx(second, rel=1e-6, nan_ok=True), (name, column)


def told(value: Any) -> str:
    """A value as text."""
    if value is None or value is pd.NaT or value == "*" or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, (str, pd.Timestamp, bool, np.bool_)):
        return str(value)
    return f"{float(value):.9g}"


@pytest.mark.parametrize("values", SETTINGS, ids=["first", "quarter", "history"])
def test_marks_are_those_of_another_program(
    ran: Ran, books: dict[str, Workbook], asks: dict[str, Any], paths: dict[str, Path], values: dict[str, Any]
) -> None:
    """Every sheet and second measure shows, mark by mark, what a program written apart from this one finds.

    That one (sheet_queries.py) does all of it in SQL, and is held to pandas sheet by sheet in test_workbook_sheets.py.
    """
    count = 0
    for book in books.values():
        own = {name: value for name, value in values.items() if name in {one.caption for one in book.parameters}}
        studio = Studio(book, asks, own)
        for sheet in book.sheets:
            if sheet.name in SCRIPTED:
                continue
            found = studio.shown(sheet).marks
            assert found is not None
            for is_overlay, frame in ((False, found.frame), (True, found.overlay)):
                if frame is None:
                    continue
                query, columns = sheet_query(found.laid, own, is_overlay)
                path = paths[sheet.source.name]
                with attached(ran.hyper, path, path, CreateMode.NONE) as connection:
                    rows = connection.execute_list_query(query)
                named = [one.pill.name for one in columns]
                expected = pd.DataFrame([[plain(cell) for cell in row] for row in rows], columns=named)
                dimensions = [one.pill.name for one in columns if not one.pill.is_aggregate]
                assert_same_marks(frame, expected, dimensions, sheet.name)
                count += len(frame)
    assert count > 1000


def test_totals_and_change(marks: Callable[..., pd.DataFrame], days: pd.DataFrame) -> None:
    """Energy of the period, against as many days before; peak; share that was measured."""
    now, before = days[days["ago"] < 365], days[(days["ago"] >= 365) & (days["ago"] < 730)]
    change = 100 * (now["energy_kwh"].sum() / before["energy_kwh"].sum() - 1)
    energy = marks("Energy").iloc[0]

    assert energy["Energy in Period (kWh)"] == pytest.approx(now["energy_kwh"].sum())
    assert energy["Change in Words"].startswith(f"{'-' if change < 0 else '+'}{abs(round(change, 1)):g}% against")
    assert marks("Peak").iloc[0, 0] == pytest.approx(now["peak_kw"].max())
    measured = (now["coverage"] * now["expected_intervals"]).sum() / now["expected_intervals"].sum()
    assert marks("Measured").iloc[0, 0] == pytest.approx(measured)


def test_a_cell_of_the_heat_map(marks: Callable[..., pd.DataFrame], ran: Ran) -> None:
    """One hour of one day, all meters together."""
    readings = ran.extract("readings").query("channel == 'delivered'")
    moment = pd.Timestamp("2025-03-05 14:00")
    own = readings[readings["interval_start"].dt.floor("h") == moment]
    cells = marks("Every hour")
    (cell,) = cells.loc[(cells["Interval Start"] == moment.normalize()) & (cells["Hour of Day"] == 14)].index

    assert cells.loc[cell, "Mean Demand (kW)"] == pytest.approx(own["energy_kwh"].sum())


def test_ranks_and_order(
    books: dict[str, Workbook], asks: dict[str, Any], marks: Callable[..., pd.DataFrame], days: pd.DataFrame
) -> None:
    """Meters stand from the highest to the lowest; the ten highest days are those ten."""
    (sheet,) = [one for one in books["energy"].sheets if one.name == "Standing"]
    found = Studio(books["energy"], asks).shown(sheet).marks
    year = days[days["ago"] < 365]
    by_meter = year.groupby("meter_id")["energy_kwh"].sum().sort_values(ascending=False)
    highest = year["peak_kw"].nlargest(10)

    assert found is not None
    assert list(found.order) == list(by_meter.index)
    assert sorted(marks("Highest days")["Peak Demand (kW)"]) == pytest.approx(sorted(highest))


def test_mean_of_seven_days(books: dict[str, Workbook], asks: dict[str, Any], days: pd.DataFrame) -> None:
    """The line over the bars is a mean of days of all kinds together, though the bars are divided by trust."""
    (sheet,) = [one for one in books["energy"].sheets if one.name == "Energy by day"]
    found = Studio(books["energy"], asks).shown(sheet).marks
    energy = days[days["ago"] < 365].groupby("date")["energy_kwh"].sum()

    assert found is not None
    assert found.overlay is not None
    line = found.overlay.iloc[:, -1].to_numpy(dtype=float)
    assert line == pytest.approx(energy.rolling(7).mean().to_numpy(), nan_ok=True)
    assert np.isnan(line).sum() == 6


def test_a_level_of_detail_expression(marks: Callable[..., pd.DataFrame], days: pd.DataFrame) -> None:
    """What is typical of a weekday is so of the whole history, whatever period is looked at."""
    key = [days["meter_id"], days["date"].dt.day_of_week]
    typical = days.assign(typical=days["energy_kwh"].groupby(key).transform("median"))
    by_day = typical[typical["ago"] < 90].groupby("date")[["energy_kwh", "typical"]].sum()
    expected = (by_day["energy_kwh"] / by_day["typical"] - 1).sort_values()

    got = marks("Calendar", Period=90)["Difference from Typical"].sort_values()

    assert got.to_numpy(dtype=float) == pytest.approx(expected.to_numpy())


def test_a_parameter_changes_the_result(marks: Callable[..., pd.DataFrame], days: pd.DataFrame) -> None:
    """A meter, a period, a slider: each changes the numbers to what it says."""
    meter = days["meter_id"].iloc[0]
    own = days[(days["meter_id"] == meter) & (days["ago"] < 30)]["energy_kwh"].sum()

    assert marks("Energy", Chosen_Meter=meter, Period=30).iloc[0, 0] == pytest.approx(own)
    saved = [marks("Energy saved", Saved=share)["Saved (kWh)"].iloc[0] for share in (0.1, 0.2)]
    assert saved[1] == pytest.approx(2 * saved[0])


@pytest.mark.parametrize(
    ("name", "offsets", "answers"),
    [
        ("RUNNING_SUM", (), [1, 4, 4, 6]),
        ("RUNNING_AVG", (), [1, 2, 2, 2]),
        ("RUNNING_MAX", (), [1, 3, 3, 3]),
        ("RUNNING_COUNT", (), [1, 2, 2, 3]),
        ("WINDOW_SUM", (), [6, 6, 6, 6]),
        ("WINDOW_AVG", (-1, 0), [1, 2, 3, 2]),
        ("WINDOW_MAX", (0, 1), [3, 3, 2, 2]),
        ("WINDOW_MIN", (1, 2), [3, 2, 2, np.nan]),
        ("LOOKUP", (1,), [3, np.nan, 2, np.nan]),
        ("LOOKUP", (-1,), [np.nan, 1, 3, np.nan]),
    ],
)
def test_running_and_window_functions(name: str, offsets: tuple[int, ...], answers: list[float]) -> None:
    """Each on 1, 3, null, 2: null does not count, and there is nothing beyond the ends."""
    got = FUNCTIONS[name](4, np.array([1.0, 3.0, np.nan, 2.0]), *offsets)

    assert [np.nan if one is None else one for one in got] == pytest.approx(answers, nan_ok=True)


def test_positions_in_a_partition() -> None:
    """INDEX begins at 1; FIRST and LAST count from the mark to the ends."""
    got = {name: list(FUNCTIONS[name](3)) for name in ("INDEX", "SIZE", "FIRST", "LAST")}

    assert got == {"INDEX": [1, 2, 3], "SIZE": [3, 3, 3], "FIRST": [0, -1, -2], "LAST": [2, 1, 0]}


@pytest.mark.parametrize(
    ("name", "direction", "ranks"),
    [
        ("RANK", (), [4, 2, 2, 1]),
        ("RANK_MODIFIED", (), [4, 3, 3, 1]),
        ("RANK_DENSE", (), [3, 2, 2, 1]),
        ("RANK_UNIQUE", (), [4, 2, 3, 1]),
        ("RANK", ("asc",), [1, 2, 2, 4]),
        ("RANK_PERCENTILE", (), [0, 2 / 3, 2 / 3, 1]),
    ],
)
def test_ranks_of_the_manual(name: str, direction: tuple[str, ...], ranks: list[float]) -> None:
    """The set (6, 9, 9, 14), which Tableau's manual ranks; null has no rank and does not count."""
    got = FUNCTIONS[name](5, np.array([6.0, 9.0, 9.0, 14.0, np.nan]), *direction)

    assert list(got[:4]) == pytest.approx(ranks)
    assert np.isnan(got[4])


def sheet_of(calculation: Calculation | None = None, **parts: Any) -> tuple[Studio, Sheet]:
    """A studio of one sheet, by meter, that is given what runs SQL later."""
    added = (calculation,) if calculation else ()
    sheet = Sheet("Own", replace(DAILY, calculations=(*DAILY.calculations, *added)), rows=("Meter",), **parts)
    board = Dashboard("Board", Zone("down", zones=(Zone("sheet", sheet),)))
    parameters = next(one for one in workbooks(read_nothing()) if one.name == "energy").parameters
    return Studio(Workbook("own", (board,), (), parameters), {}), sheet


def read_nothing() -> Any:
    """Facts of no data."""
    from workbooks.facts import Facts

    return Facts({})


def shown_by_meter(studio: Studio, sheet: Sheet, asks: dict[str, Any]) -> pd.Series:
    """The first measure of a sheet, by meter."""
    found = replace(studio, asks=asks).shown(sheet)
    assert found.marks is not None, found.reason
    frame = by_caption(found.marks)
    measure = next(one.known.caption for one in found.marks.laid.shown if one.is_aggregate)
    return frame.set_index("Meter")[measure].sort_index()


def test_a_running_sum_along_meters(asks: dict[str, Any], days: pd.DataFrame) -> None:
    """A table calculation of our own runs along the dimension that it names, in its order."""
    running = Calculation("Running", "RUNNING_SUM(SUM([Daily Energy (kWh)]))")
    studio, sheet = sheet_of(
        running, columns=(table("Running", "Meter"),), filters=(Filter("Channel", ("delivered",)),)
    )

    got = shown_by_meter(studio, sheet, asks)

    expected = days.groupby("meter_id")["energy_kwh"].sum().sort_index().cumsum()
    assert got.to_numpy(dtype=float) == pytest.approx(expected.to_numpy())


def test_what_is_not_addressed_divides(asks: dict[str, Any], days: pd.DataFrame) -> None:
    """A running sum along meters begins again each year, for years are not what it runs along."""
    running = Calculation("Running", "RUNNING_SUM(SUM([Daily Energy (kWh)]))")
    delivered = Filter("Channel", ("delivered",))
    pills = {"columns": (table("Running", "Meter"),), "color": year_part("Date")}
    studio, sheet = sheet_of(running, filters=(delivered,), **pills)

    found = replace(studio, asks=asks).shown(sheet).marks

    assert found is not None
    got = by_caption(found).set_index(["Date", "Meter"])["Running"].sort_index()
    energy = days.groupby([days["date"].dt.year, "meter_id"])["energy_kwh"].sum()
    assert got.to_numpy(dtype=float) == pytest.approx(energy.groupby(level=0).cumsum().to_numpy())


def test_rows_without_a_group_are_one(asks: dict[str, Any], days: pd.DataFrame) -> None:
    """Null is a group of a level-of-detail expression like any other."""
    meter = sorted(days["meter_id"])[0]
    group = f"IF [Meter] <> '{meter}' THEN [Meter] END"
    own = Calculation("Own", f"MAX({{FIXED {group} : SUM(IF [Channel] = 'delivered' THEN [Daily Energy (kWh)] END)}})")
    studio, sheet = sheet_of(own, columns=("Own",), filters=(Filter("Channel", ("delivered",)),))

    got = shown_by_meter(studio, sheet, asks)

    assert got.to_numpy(dtype=float) == pytest.approx(days.groupby("meter_id")["energy_kwh"].sum().to_numpy())


def test_top_of_what_other_filters_leave(asks: dict[str, Any], days: pd.DataFrame) -> None:
    """Two meters with the highest peak of the last 30 days; FIXED then sees those days only."""
    whole = Calculation("Whole", "MAX({FIXED : SUM([Daily Energy (kWh)])})")
    two = top("Meter", 2, "MAX([Peak Demand (kW)])")
    studio, sheet = sheet_of(whole, columns=("Whole",), filters=(Filter("Channel", ("delivered",)), two))

    got = shown_by_meter(studio, sheet, asks)

    highest = days.groupby("meter_id")["peak_kw"].max().nlargest(2)
    assert list(got.index) == sorted(highest.index)
    assert got.to_numpy(dtype=float) == pytest.approx([days["energy_kwh"].sum()] * 2)


@pytest.mark.parametrize(
    ("formula", "name"),
    [("TOTAL(SUM([Daily Energy (kWh)]))", "TOTAL"), ("SUM({EXCLUDE [Meter] : SUM([Daily Energy (kWh)])})", "EXCLUDE")],
)
def test_what_is_missing_is_named(asks: dict[str, Any], formula: str, name: str) -> None:
    """A function that previews lack gives a picture that says which."""
    is_table = name == "TOTAL"
    studio, sheet = sheet_of(Calculation("Own", formula), columns=(table("Own", "Meter") if is_table else "Own",))

    found = replace(studio, asks=asks).shown(sheet)

    assert found.marks is None
    assert name in found.reason
    assert name in sheet_svg(found, 400, 200)


@pytest.mark.slow
def test_every_sheet_and_dashboard_has_its_pictures(previewed: Previewed, books: dict[str, Workbook], ran: Ran) -> None:
    """A PNG with something in it, and an SVG that is XML; only scripts are without a chart, and say what they need."""
    folder = ran.out / "preview"
    left_out = {tuple(line.split(": ")[:2]) for line in previewed.left_out}
    expected = [
        folder / book.name / "sheets" / file_name(sheet.name)
        for book in books.values()
        for sheet in book.sheets
        if (book.name, sheet.name) not in left_out
    ]
    expected += [folder / book.name / file_name(book.dashboards[0].name) for book in books.values()]

    assert is_blank(png("<svg xmlns='http://www.w3.org/2000/svg' width='300' height='200'><rect fill='white'/></svg>"))
    for stem in expected:
        assert not is_blank(stem.with_name(f"{stem.name}.png").read_bytes()), stem.name
        root = etree.fromstring(stem.with_name(f"{stem.name}.svg").read_bytes(), etree.XMLParser(huge_tree=True))
        assert root.tag.endswith("svg")
    assert set(previewed.files) >= {stem.with_name(f"{stem.name}.png") for stem in expected}
    assert {line.split(": ")[1] for line in previewed.unsupported} == SCRIPTED
    assert all("--tabpy" in line for line in previewed.unsupported)


@pytest.mark.slow
def test_the_page_needs_nothing_else(previewed: Previewed) -> None:
    """No address outside the page, in it or in any picture in it; every dashboard is there; it can be sent by mail."""
    page = previewed.files[0].read_text("utf-8")
    pictures = unpacked(page)
    rest = re.sub(r'"H4sI[\w+/=]+"', "", page)

    assert previewed.files[0].name == "index.html"
    assert len(page) < 25_000_000
    assert len(pictures) > 50
    assert not re.search(r"https?:|//\w|url\(|@import|<link", rest)
    for picture in pictures:
        addresses = set(re.findall(r"https?:[^\"' ]+", picture))
        assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
        assert not re.search(r"href=[\"'](?!#)", picture)
    assert page.count('<section class="story"') == 1
    assert page.count('class="point"') >= 8
    drawn = [file for file in previewed.files if file.suffix == ".png" and file.parent.name != "sheets"]
    assert page.count('<section class="board"') == len(drawn) >= 13


def unpacked(page: str) -> list[str]:
    """The pictures of a page, as SVG."""
    (data,) = re.findall(r'<script type="application/json" id="data">(.*)</script>', page)
    return [gzip.decompress(base64.b64decode(one)).decode() for one in json.loads(data)["pictures"]]


@pytest.fixture(scope="module")
def chooser(books: dict[str, Workbook], asks: dict[str, Any]) -> Studio:
    """A dashboard of a bar a meter, with two parameters, a quick filter that works and one that does not."""
    bars = Sheet(
        "Bars",
        DAILY,
        rows=("Meter",),
        columns=(total("Daily Energy (kWh)"),),
        mark="Bar",
        label=total("Daily Energy (kWh)"),
        filters=(only("Channel", "delivered"), where("In Choice"), where("In Period"), only("Trust"), only("Date")),
        says="{Meter}: {Daily Energy (kWh)} kWh",
    )
    top = across(control("Chosen Meter"), control("Period"), quick_filter(bars, "Trust"), quick_filter(bars, "Date"))
    board = Dashboard("Board", down(replace(top, pixels=60), show(bars)))
    return Studio(Workbook("own", (board,), (), books["energy"].parameters), asks)


def energy_of(days: pd.DataFrame, meter: str, period: int, trust: str) -> dict[str, float]:
    """What the bars of a choice say, worked out here in pandas."""
    own = days[days["ago"] < period] if period else days
    own = own[own["meter_id"] == meter] if meter != "All meters" else own
    words = np.where(own["estimated_share"] > 0, "partly estimated", "as measured")
    own = own[words == trust] if trust != "(All)" else own
    return {str(name): float(value) for name, value in own.groupby("meter_id")["energy_kwh"].sum().items()}


def assert_told(energy: dict[str, float], texts: Iterable[str]) -> None:
    """Each meter and its energy is among the texts, to a kWh."""
    numbers = [float(one.replace(",", "")) for one in texts if re.fullmatch(r"[\d,]+", one)]
    assert set(energy) <= set(texts)
    for value in energy.values():
        assert min(abs(value - number) for number in numbers) < 0.6


def written(picture: str) -> set[str]:
    """The texts of a picture."""
    return set(etree.fromstring(picture.encode(), etree.XMLParser(huge_tree=True)).itertext())


def test_controls_of_the_page_work_together(chooser: Studio, days: pd.DataFrame) -> None:
    """Parameters and quick filters in every combination: each picture is of that choice and no other."""
    text = page([chooser], PageOptions(most_choices=4, most_pictures=1000))
    pictures = unpacked(text)
    (shown,) = [json.loads(unescape(one)) for one in re.findall(r"data-shown='([^']*)'", text)]
    labels = {
        unescape(key): re.findall(r"<option[^>]*>([^<]*)</option>", options)
        for key, options in re.findall(r'<select data-control="([^"]+)">(.*?)</select>', text)
    }
    periods = {"Last 30 days": 30, "Last 90 days": 90, "Last 365 days": 365, "Whole history": 0}

    assert set(shown["controls"]) == {*labels, "Chosen Site"}  # which may be chosen on another page of the workbook
    every = [dict(zip(shown["controls"], map(int, state.split(",")), strict=True)) for state in shown["states"]]
    whole = [(at, place) for at, place in zip(every, shown["states"].values(), strict=True) if not at["Chosen Site"]]
    assert len(whole) == 5 * 4 * 3
    for at, place in whole:
        meter, period = labels["Chosen Meter"][at["Chosen Meter"]], labels["Period"][at["Period"]]
        (trust,) = [labels[key][number] for key, number in at.items() if key.startswith("Bars/")]
        expected = energy_of(days, meter, periods[period], trust)
        got = written(pictures[place])
        if expected:
            assert_told(expected, got)
            assert not (set(days["meter_id"]) - set(expected)) & got
        else:
            assert "No data for this choice." in got
    assert "Date: a filter in Tableau only" in text  # four hundred dates are no list to choose from


def test_few_controls_move_first() -> None:
    """Of more combinations than are drawn those in which one control moves are there, then pairs; none is twice."""
    controls = [Control(name, name, tuple((number, str(number)) for number in range(3))) for name in "abc"]

    every, some = list(states(controls, 1000)), list(states(controls, 12))

    assert len(every) == len(set(every)) == 27
    assert some == every[:12]
    assert [sum(place != 0 for place in state) for state in some] == [0] + [1] * 6 + [2] * 5


def test_a_page_that_stands_still(chooser: Studio) -> None:
    """Without choices every control is off, and there is one picture a sheet."""
    text = page([chooser], PageOptions(most_choices=0))

    assert len(unpacked(text)) == 1
    assert re.findall(r"<select[^>]*?( disabled)?>", text) == [" disabled"] * 2


CHOOSE = """
<script>
const tell = async () => {
  const act = (key, place) => {
    const one = document.querySelector(`select[data-control="${key}"]`);
    one.selectedIndex = place;
    one.dispatchEvent(new Event("change"));
  };
  const wait = () => new Promise(done => setTimeout(done, 200));
  const root = () => document.querySelector(".picture").shadowRoot;
  const seen = () => [...root().querySelectorAll("text, p")].map(one => one.textContent);
  const told = [];
  await wait();
  told.push(seen());
  act("Chosen Meter", 1);
  act("Period", 0);
  await wait();
  told.push(seen());
  const mark = root().querySelector("path[aria-label]");
  mark.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, composed: true, clientX: 300, clientY: 200 }));
  told.push([document.getElementById("says").textContent]);
  act(document.querySelector("select[data-control^=Bars]").dataset.control, 1);
  await wait();
  told.push(seen());
  document.getElementById("first").click();
  await wait();
  told.push(seen());
  document.body.append(Object.assign(document.createElement("pre"), { id: "told", textContent: JSON.stringify(told) }));
};
tell();
</script>
"""


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed")
def test_the_page_in_a_browser(chooser: Studio, days: pd.DataFrame, tmp_path: Path) -> None:
    """Two controls at once change the picture, a mark says what it is, what is not drawn says so, and all goes back."""
    text = page([chooser], PageOptions(most_choices=1, most_pictures=11))
    (tmp_path / "page.html").write_text(text + CHOOSE, encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={tmp_path / 'profile'}"]
    command = [CHROMIUM, *flags, "--virtual-time-budget=9000", "--dump-dom", (tmp_path / "page.html").as_uri()]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True, cwd=tmp_path)
    first, both, says, none, back = json.loads(
        unescape(re.findall(r'<pre id="told">(.*)</pre>', done.stdout.decode())[0])
    )

    meter = sorted(days["meter_id"])[0]
    expected = energy_of(days, meter, 30, "(All)")
    assert_told(energy_of(days, "All meters", 365, "(All)"), first)
    assert_told(expected, both)
    assert says == [f"{meter}: {expected[meter]:,.0f} kWh"]
    assert none == ["Not drawn for these choices together."]
    assert back == first


def test_bars_over_time_stand_on_each_other(
    books: dict[str, Workbook], asks: dict[str, Any], days: pd.DataFrame
) -> None:
    """What is drawn of a day reaches from zero to its energy, whatever it is divided by, and is a day wide."""
    (sheet,) = [one for one in books["energy"].sheets if one.name == "Energy by day"]
    found = Studio(books["energy"], asks).shown(sheet).marks
    assert found is not None
    drawn, note = chart(found, 800, 400)

    spec = drawn.to_dict()
    bars = pd.DataFrame(spec["datasets"][spec["layer"][0]["data"]["name"]])

    energy = days[days["ago"] < 365].groupby("date")["energy_kwh"].sum()
    assert note == ""
    assert bars.groupby("x")["y"].min().max() == 0
    assert bars.groupby("x")["y_end"].max().to_numpy(dtype=float) == pytest.approx(energy.to_numpy())
    wide = pd.to_datetime(bars["x_end"]) - pd.to_datetime(bars["x"])
    assert set(wide) == {pd.Timedelta(days=1)}


def test_an_axis_is_titled_and_scaled_in_tableau_and_in_the_picture(
    books: dict[str, Workbook], asks: dict[str, Any]
) -> None:
    """Powers of ten, a title of its own, no title, numbers of its own: the same in the workbook and in the chart."""
    studio = Studio(books["energy"], asks)
    seen = {}
    for name in ("Changed", "Days to come", "Standing", "What never sleeps", "Peak by month"):
        found = studio.shown(next(one for one in books["energy"].sheets if one.name == name)).marks
        assert found is not None
        encoding = chart(found, 800, 400)[0].to_dict()["layer"][0]["encoding"]
        rules = {rule.get("element"): rule for rule in style(found.laid)}
        titles = rules["axis"].xpath("format[@attr='title']/@value") if "axis" in rules else []
        ticks = rules["label"].xpath("format[@attr='text-format']/@value") if "label" in rules else []
        seen[name] = (encoding, titles, ticks)
        scales = rules["axis"].xpath("encoding[@scale]/@scale") if "axis" in rules else []
        assert scales == (["log"] if name == "Changed" else [])

    assert seen["Changed"][0]["x"]["scale"]["type"] == "log"
    assert seen["Days to come"][0]["y"]["title"] == "Energy (kWh)"
    assert seen["Days to come"][1] == ["Energy (kWh)"]
    assert seen["Standing"][0]["x"]["title"] is None
    assert seen["Standing"][1] == [""]
    assert seen["What never sleeps"][0]["x"]["axis"]["format"] == ".0%"
    assert seen["What never sleeps"][2] == ["p0%", "p0%"]
    assert seen["Peak by month"][0]["y"]["axis"]["format"] == ",~f"
    assert seen["Peak by month"][0]["y"]["axis"]["labelBound"] is False  # the zero is seen
    assert seen["Peak by month"][2] == []  # Tableau's own, though marks have a decimal


def test_a_map_is_labelled_and_says_what_it_is_not(books: dict[str, Workbook], asks: dict[str, Any]) -> None:
    """Every place has its name beside it, and nobody takes the grid for Tableau's map."""
    (sheet,) = [one for one in books["energy"].sheets if one.name == "Map"]
    found = Studio(books["energy"], asks).shown(sheet)
    assert found.marks is not None

    picture = sheet_svg(found, 700, 600)

    written = set(etree.fromstring(picture.encode()).itertext())
    assert set(by_caption(found.marks)["Meter"]) <= written
    assert any("Tableau draws its own background map" in one for one in written)


def test_marks_say_what_they_are(books: dict[str, Workbook], asks: dict[str, Any], days: pd.DataFrame) -> None:
    """Each mark has the sheet's words with its own values, points of a line too; a year of hours would be too much."""
    studio = Studio(books["energy"], asks)
    sheets = {one.name: one for one in books["energy"].sheets}
    said = {
        name: re.findall(r'aria-label="([^"]*)"', sheet_svg(studio.shown(sheets[name]), 800, 400))
        for name in ("Peak by month", "Shape of the day", "Saved by month", "Every hour")
    }
    year = days[days["ago"] < 365]
    peaks = year.groupby(year["date"].dt.strftime("%b %Y"))["peak_kw"].max()

    words = [unescape(one).split("\n") for one in said["Peak by month"]]
    assert {first for first, _ in words} == {f"{month}: {peak:,.1f} kW" for month, peak in peaks.items()}
    assert all(second.endswith("of the intervals were measured") for _, second in words)
    assert len(said["Shape of the day"]) == 48
    assert "Saved (kWh): " in said["Saved by month"][0]  # without words of its own all fields, as in Tableau
    assert said["Every hour"] == []


def test_rows_without_room_are_counted(books: dict[str, Workbook], asks: dict[str, Any]) -> None:
    """A sheet too low for its headers says how many of them it shows."""
    (sheet,) = [one for one in books["energy"].sheets if one.name == "Highest days"]
    found = Studio(books["energy"], asks).shown(sheet).marks
    assert found is not None

    assert chart(found, 500, 300)[1] == ""
    assert re.fullmatch(r"Meter: \d of 10 shown", chart(found, 500, 100)[1])


def test_a_script_runs_on_a_real_tabpy(books: dict[str, Workbook], asks: dict[str, Any], tabpy: Running) -> None:
    """With a TabPy the expected energy is drawn: a value a day, near what was used; without one the sheet says so."""
    (sheet,) = [one for one in books["live"].sheets if one.name == "Used and expected"]

    silent = Studio(books["live"], asks).shown(sheet)
    found = Studio(books["live"], asks, {}, tabpy.client.evaluate).shown(sheet).marks

    assert "--tabpy" in silent.reason
    assert found is not None
    assert found.overlay is not None
    expected = found.overlay.iloc[:, -1].astype(float)
    used = found.frame.iloc[:, 1].astype(float)
    assert len(expected) == len(used) == 365
    assert expected.notna().mean() > 0.8
    assert (expected / used - 1).abs().median() < 0.1


@pytest.mark.parametrize(
    ("format", "value", "text", "axis"),
    [
        ("n#,##0", 12345.6, "12,346", ",.0f"),
        ("n#,##0.0", -1234.56, "-1,234.6", ",.1f"),
        ("p0.0%", 0.1234, "12.3%", ".1%"),
        ("p+0.0%;-0.0%", 0.05, "+5.0%", "+.1%"),
        ("p+0.0%;-0.0%", -0.05, "-5.0%", "+.1%"),
        ("n0.00", 0.4, "0.40", ".2f"),
        ("", 3.0, "3", ",~f"),
    ],
)
def test_number_formats(format: str, value: float, text: str, axis: str) -> None:
    """Tableau's formats, in texts and on axes."""
    assert shown_number(value, format) == text
    assert axis_format(format) == axis


@pytest.mark.parametrize(
    ("setting", "said"),
    [("Perriod=30", "did you mean"), ("Period=31", "none of"), ("Period=x", "no integer"), ("Saved=lots", "no real")],
)
def test_a_wrong_setting_is_told(ran: Ran, setting: str, said: str) -> None:
    """A parameter that is not there or a value that it cannot have is one sentence."""
    with pytest.raises(SettingsError, match=said):
        preview_workbooks(ran.out, settings=(setting,), most_choices=0)


def test_the_command_needs_extracts(tmp_path: Path) -> None:
    """Without extracts the command says what to run, and writes nothing."""
    result = CliRunner().invoke(main, ["workbook", "preview", "--out", str(tmp_path)])

    assert result.exit_code == 1
    assert "hyperwatt run" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_tabpy_that_is_not_there_is_told_at_once(ran: Ran) -> None:
    """Nothing is drawn before somebody answers."""
    with pytest.raises(PublishError, match="nobody answers"):
        preview_workbooks(ran.out, tabpy=TabPy("http://127.0.0.1:9"))


def test_a_sum_of_values_that_rows_share_is_refused(asks: dict[str, Any]) -> None:
    """A level-of-detail value is on each of its rows; Tableau adds it once a mark: told, not drawn wrong."""
    shared = Calculation("Shared", "SUM({FIXED [Meter] : SUM([Daily Energy (kWh)])})")
    highest = Calculation("Shared", "MAX({FIXED [Meter] : SUM([Daily Energy (kWh)])})")
    (studio, sheet), (other, fine) = (sheet_of(one, columns=("Shared",)) for one in (shared, highest))

    assert "level-of-detail" in replace(studio, asks=asks).shown(sheet).reason
    assert replace(other, asks=asks).shown(fine).marks is not None


def test_names_of_any_kind_are_drawn(asks: dict[str, Any]) -> None:
    """Quotes, brackets, tags and letters of other scripts in titles and values: the picture is XML and holds them."""
    name = "a]b'c\"d&e<f>g 🙂 שלום"
    text = name.replace("'", "''")
    odd = Calculation("Odd", f"IF SUM([Daily Energy (kWh)]) > 0 THEN '{text}' END", "string")
    studio, sheet = sheet_of(odd, mark="Text", label="Odd", title=name)

    picture = sheet_svg(replace(studio, asks=asks).shown(sheet), 800, 300)

    written = list(etree.fromstring(picture.encode()).itertext())
    assert name in written  # the title; the labels are cut to their column
    assert sum(one.startswith(name[:8]) for one in written) > 1


def test_filters_on_aggregates_and_truth(asks: dict[str, Any], days: pd.DataFrame) -> None:
    """A filter on an aggregate looks at marks, one on rows before them."""
    studio, sheet = sheet_of(
        columns=(total("Daily Energy (kWh)"),),
        filters=(Filter("Channel", ("delivered",)), where("Weekend"), Filter(total("Daily Energy (kWh)"), least=1.0)),
    )
    weekends = days[days["is_weekend"].astype(bool)].groupby("meter_id")["energy_kwh"].sum()
    floor = float(weekends.median())
    cut = replace(sheet, filters=(*sheet.filters[:2], Filter(total("Daily Energy (kWh)"), least=floor)))
    board = Dashboard("Board", Zone("down", zones=(Zone("sheet", cut),)))

    got = shown_by_meter(replace(studio, book=replace(studio.book, dashboards=(board,))), cut, asks)

    expected = weekends[weekends >= floor].sort_index()
    assert list(got.index) == list(expected.index)
    assert got.to_numpy(dtype=float) == pytest.approx(expected.to_numpy())
