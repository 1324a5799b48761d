"""The package for Tableau Public: it breaks no rule, names nobody, and its page asks one host only."""

import base64
import hashlib
import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from click.testing import CliRunner
from tableauhyperapi import HyperProcess

from pipeline.cli import main
from pipeline.config import Settings
from pipeline.errors import SettingsError
from pipeline.public_package import Package, public_package
from pipeline.publish.embed import HOST, check_view, embed_page, policy
from pipeline.publish.pseudonyms import NAMED, PLAIN, TELLING, copy_renamed
from pipeline.stores.extracts import EVERY_EXTRACT, EXTRACTS, METERS, TEXT
from pipeline.stores.hyper import write_extract
from pipeline.stores.hyper_read import read_extract
from pipeline.stores.watermark import Watermark
from pipeline.workbook_checking import check_workbooks

NAMES = ["Chancellor Mill", "Kestrel-7'Q"]
VIEW = f"{HOST}/views/Energy/Overview"


@pytest.fixture(scope="module")
def out(run_files: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a run of two meters with telling names, one with a finding of its own."""
    path = tmp_path_factory.mktemp("csv") / "Chancellor Mill secret.csv"
    hours = pd.date_range("2024-01-01", periods=24 * 20, freq="h")
    frame = pd.DataFrame({"timestamp": hours.strftime("%Y-%m-%d %H:%M")})
    for number, name in enumerate(NAMES, start=1):
        frame[name] = number + 0.1 * hours.hour
    frame.loc[100:110, NAMES[0]] = None
    frame.to_csv(path, index=False)
    return Path(run_files([path], timezone="UTC").out)


@pytest.fixture(scope="module")
def package(out: Path) -> Package:
    """Its package, with the view in the page."""
    return public_package(Settings(out=out, publish={"public": {"view": VIEW, "title": "Use & <more>"}}))


@pytest.fixture
def other(out: Path, package: Package, tmp_path: Path) -> Path:
    """A copy of results and package, to write into."""
    shutil.copytree(out, tmp_path / "out")
    return tmp_path / "out"


def texts(path: Path, hyperd: HyperProcess) -> set[str]:
    """Every text in an extract."""
    frame = read_extract(path, hyperd).select_dtypes(["object", "str"])
    return {str(value) for name in frame for value in frame[name].dropna().unique()}


def is_told(text: str) -> bool:
    """True when a text says something of a meter or of its file."""
    return any(word in text for word in ("Chancellor", "Kestrel", "secret"))


def test_names_are_nowhere(package: Package, out: Path, hyperd: HyperProcess, tmp_path: Path) -> None:
    """Not in the extracts, not in the workbooks and what is packed in them, not in page and checklist."""
    assert any(is_told(text) for text in texts(out / "extracts" / "findings.hyper", hyperd))
    assert package.renamed == 2
    seen = 0
    for file in package.files:
        if file.suffix != ".twbx":
            assert not is_told(file.read_bytes().decode("latin-1")), file
            continue
        with zipfile.ZipFile(file) as packed:
            for name in packed.namelist():
                assert not is_told(name)
                inner = Path(packed.extract(name, tmp_path))
                found = texts(inner, hyperd) if inner.suffix == ".hyper" else {inner.read_text("utf-8")}
                assert not any(is_told(text) for text in found), name
                seen += inner.suffix == ".hyper"
    assert seen >= 1


def test_rules_of_tableau_public_are_kept(package: Package) -> None:
    """The checker has no error for any of its workbooks."""
    books = [path for path in package.files if path.suffix == ".twbx"]
    issues = check_workbooks(books, True)

    assert len(books) >= 1
    assert [str(one) for own in issues.values() for one in own if one.severity == "error"] == []


def test_numbers_are_the_same(package: Package, out: Path, hyperd: HyperProcess) -> None:
    """Only names differ: every number of every day is there."""
    own, shown = (read_extract(folder / "extracts" / "daily.hyper", hyperd) for folder in (out, out / "public"))
    numbers = ["date", *own.select_dtypes("number").columns]

    pd.testing.assert_frame_equal(
        own.sort_values(numbers)[numbers].reset_index(drop=True),
        shown.sort_values(numbers)[numbers].reset_index(drop=True),
    )
    assert set(shown["meter_id"]) == {"Meter 01", "Meter 02"}
    assert list(shown.columns) == EXTRACTS["daily"].names


def test_other_names_stay(other: Path) -> None:
    """A meter that comes in front of the others does not take a name away; the list is not in the package."""
    (path,) = (other / "extracts" / ".hyperwatt").glob("public-names*")
    said = json.loads(path.read_text())
    said["meter_id"] = {"Aaa": "Meter 01", NAMES[0]: "Meter 02"}
    path.write_text(json.dumps(said))
    public_package(Settings(out=other))

    assert json.loads(path.read_text())["meter_id"] == {"Aaa": "Meter 01", NAMES[0]: "Meter 02", NAMES[1]: "Meter 03"}
    assert not [file for file in (other / "public").rglob("*names*")]


def test_own_names_when_asked(other: Path, hyperd: HyperProcess) -> None:
    """They are then shown, and the checklist says so."""
    package = public_package(Settings(out=other), names=True)

    assert set(NAMES) <= texts(other / "public" / "extracts" / "daily.hyper", hyperd)
    assert not any("secret" in text for text in texts(other / "public" / "extracts" / "findings.hyper", hyperd))
    assert "Meters are shown by their own names, and where they are" in package.files[-1].read_text("utf-8")


def test_places_are_nowhere(hyperd: HyperProcess, tmp_path: Path) -> None:
    """Coordinates, floor areas and names of a register are left empty, other numbers are not."""
    row: dict[str, Any] = dict.fromkeys(METERS.names)
    row |= {
        "meter_id": NAMES[0],
        "site_id": "Mill",
        "name": "The Mill",
        "building_use": "Mill",
        "timezone": "Asia/Tokyo",
    }
    row |= {"latitude": 52.2, "longitude": 0.1, "floor_area_m2": 1234.5, "last_year_kwh": 77.0, "unit": "kWh"}
    arrow = pa.Table.from_pylist([row], schema=METERS.arrow)
    write_extract(hyperd, tmp_path / "own.hyper", METERS, arrow, Watermark("d", 1))
    names = {"meter_id": {NAMES[0]: "Meter 01"}, "site_id": {}}
    copy_renamed(tmp_path / "own.hyper", tmp_path / "shown.hyper", METERS, names, hyperd)
    (shown,) = read_extract(tmp_path / "shown.hyper", hyperd).to_dict("records")

    told = {name: value for name, value in shown.items() if not pd.isna(value)}
    assert told == {"meter_id": "Meter 01", "last_year_kwh": 77.0, "unit": "kWh"}
    copy_renamed(tmp_path / "own.hyper", tmp_path / "own2.hyper", METERS, names, hyperd, places=True)
    (open_,) = read_extract(tmp_path / "own2.hyper", hyperd).to_dict("records")
    assert [open_[name] for name in ("latitude", "longitude", "floor_area_m2")] == [52.2, 0.1, 1234.5]


@pytest.mark.parametrize("names", [False, True])
def test_positions_are_in_no_file_unless_allowed(
    run_files: Any, out: Path, hyperd: HyperProcess, tmp_path: Path, names: bool
) -> None:
    """Neither beside the workbooks nor in them; and a map of them is in no workbook, whatever is allowed."""
    register = tmp_path / "meters.csv"
    register.write_text(f"meter,site,latitude,longitude,floor area m2\n{NAMES[0]},Mill,52.2053,0.1218,1234.5\n")
    shutil.copytree(out, tmp_path / "out")
    run_files([register], out=tmp_path / "out", timezone="UTC")
    public = tmp_path / "out" / "public"
    public_package(Settings(out=tmp_path / "out"), names=names)
    for number, path in enumerate(public.rglob("*.twbx")):
        zipfile.ZipFile(path).extractall(public / "unpacked" / str(number))
    frames = [read_extract(path, hyperd) for path in public.rglob("*.hyper") if path.stem == "meters"]
    shown = {name for frame in frames for name in TELLING & set(frame) if frame[name].notna().any()}
    books = [path.read_text("utf-8") for path in public.rglob("*.twb")]

    assert len(frames) >= 1
    assert shown == (TELLING if names else set())
    assert len(books) >= 1
    assert not any("latitude" in book or 'name="Map"' in book for book in books)


def test_extract_that_is_gone_is_gone_here_too(other: Path) -> None:
    """It may have been shown by its own names."""
    left = other / "public" / "extracts" / "forecast.hyper"
    left.write_bytes(b"names of old")
    public_package(Settings(out=other))

    assert not left.exists()


def test_every_text_is_renamed_empty_or_ours() -> None:
    """A column that is new is left empty until somebody has decided that it may be shown."""
    every = {column for one in EVERY_EXTRACT.values() for column in one.columns}
    hidden = {column.name for column in every if column.kind == TEXT} - PLAIN - set(NAMED)

    assert {"file", "detail", "name", "reason", "tariff", "band", "currency"} <= hidden
    assert {column.name for column in every} >= PLAIN


# ---- the page --------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a page loads, and its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.scripts: list[str] = []
        self.metas: list[dict[str, str | None]] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element and the addresses in it."""
        self.tags.append(tag)
        self.loads += [str(value) for name, value in attrs if name in ("src", "href")]
        self.metas += [dict(attrs)] if tag == "meta" else []

    def handle_data(self, data: str) -> None:
        """Note what stands in a script."""
        if self.tags and self.tags[-1] == "script" and data.strip():
            self.scripts.append(data)


@pytest.fixture(scope="module")
def page(package: Package) -> Page:
    """The page of the package."""
    return Page(next(path for path in package.files if path.name == "embed.html").read_text("utf-8"))


def test_page_asks_one_host(page: Page) -> None:
    """The picture is in the page; all else is Tableau Public's, and the page's own policy allows no more."""
    picture, *others = page.loads

    assert picture.startswith("data:image/png;base64,")
    assert others == [f"{HOST}/javascripts/api/tableau.embedding.3.latest.min.js", VIEW]
    (said,) = [meta["content"] for meta in page.metas if meta.get("http-equiv") == "Content-Security-Policy"]
    assert set(re.findall(r"https?://[^\s;'\"]+", str(said))) == {HOST}
    assert str(said).startswith("default-src 'none'")


def test_policy_lets_the_own_script_run(page: Page) -> None:
    """Its hash is that of the script as it stands in the page, byte for byte."""
    (script,) = page.scripts
    own = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

    assert f"'sha256-{own}'" in policy()


def test_picture_is_one(page: Page) -> None:
    """A PNG of some size, the same as the file beside it."""
    data = base64.b64decode(page.loads[0].partition(",")[2])

    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(data[16:20], "big") > 600
    assert io.BytesIO(data).getbuffer().nbytes > 5000


def test_titles_are_text(package: Package) -> None:
    """What the user says is shown, not run."""
    text = next(path for path in package.files if path.name == "embed.html").read_text("utf-8")

    assert "<h1>Use &amp; &lt;more&gt;</h1>" in text
    assert "<more>" not in text


def test_page_without_a_view_is_the_picture() -> None:
    """Before it is published nothing is asked of anybody."""
    page = Page(embed_page("Use", b"png", "alt"))

    assert len(page.loads) == 1
    assert "script" not in page.tags


@pytest.mark.parametrize(
    "view",
    [
        "https://public.tableau.com/app/profile/ada/viz/Energy/Overview",
        "https://public.tableau.com/profile/ada#!/vizhome/Energy/Overview",
        "https://elsewhere.example/views/Energy/Overview",
        "http://public.tableau.com/views/Energy/Overview",
        "javascript:alert(1)",
        "",
    ],
)
def test_addresses_that_cannot_be_embedded(view: str) -> None:
    """The page around a view refuses to be embedded; other hosts are not asked."""
    with pytest.raises(SettingsError, match="cannot be embedded -> use the address of Share"):
        check_view(view)


def test_command(other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lists what it wrote and what is to be done by hand; a dry run writes nothing."""
    monkeypatch.chdir(tmp_path)
    call: Callable[..., Any] = CliRunner().invoke
    before = {path: path.stat().st_mtime_ns for path in other.rglob("*")}
    dry = call(main, ["publish", "--public", "--out", str(other), "--dry-run"])
    assert {path: path.stat().st_mtime_ns for path in other.rglob("*")} == before
    done = call(main, ["publish", "--public", "--out", str(other)])

    assert (dry.exit_code, done.exit_code) == (0, 0), done.output
    assert "would get workbooks" in dry.stdout
    assert f"By hand now: {other / 'public' / 'CHECKLIST.md'}" in done.stdout
