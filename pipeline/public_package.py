"""What a person needs to publish on Tableau Public, which takes nothing from programs: workbooks, page, checklist."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from tableauhyperapi import HyperProcess  # type: ignore[import-untyped]

from pipeline.config import Settings
from pipeline.connect import connect_hyper
from pipeline.errors import PublishError, SettingsError
from pipeline.progress import Tell, silent
from pipeline.publish.embed import EXAMPLE, embed_page
from pipeline.publish.pseudonyms import NAMED, copy_renamed, members, remembered_names
from pipeline.stores.extracts import EVERY_EXTRACT
from pipeline.stores.hyper_read import read_extract
from pipeline.stores.scratch import hidden, told
from pipeline.workbook_building import build_workbooks
from pipeline.workbook_checking import check_workbooks

TITLE = "Energy use"
ALT = "Energy delivered on every day, to all meters together"

CHECKLIST = """# Publishing on Tableau Public, by hand

Tableau Public takes workbooks from its own programs only. Everything in them can be downloaded by everybody.

{names}

1. Open each of these in Tableau Desktop Public Edition, and look at every tab:
{workbooks}
2. File, Save to Tableau Public As; sign in; note the address that Share, Copy Link gives: `{example}`.
3. Publish the page with the view in it: set `view` under `[publish.public]` to that address and run
   `hyperwatt publish --public` again. Until then the page shows the picture alone.
4. On the profile page, switch off "Allow Access" to the workbook where it is not to be downloaded.

Checked here: no scripts, extracts only, one package each, size; by `hyperwatt workbook check --public`.
Not checked: how it looks in Tableau, and whether the numbers may be shown to everybody.
"""

SHOWN = "**Meters are shown by their own names, and where they are.**"


@dataclass(frozen=True)
class Package:
    """What was written.

    Attributes
    ----------
    files : tuple of Path
        Workbooks, `embed.html`, the picture, `CHECKLIST.md`.
    renamed : int
        Meters that have another name in it; 0: names are shown.
    """

    files: tuple[Path, ...]
    renamed: int


def public_package(settings: Settings, tell: Tell = silent, *, names: bool = False) -> Package:
    """Write the package for Tableau Public into OUT/public.

    Parameters
    ----------
    settings : Settings
        `publish["public"]`: `title`, and `view`, the address once it is published.
    tell : Tell
    names : bool, default False
        Show the real names of meters and sites, where they are and how large.

    Raises
    ------
    PublishError
        When a workbook breaks a rule of Tableau Public.
    SettingsError
        An unknown setting, or an address that cannot be embedded.
    StoreError
        When there are no extracts.
    """
    said = dict(settings.publish.get("public", {}))
    if set(said) - {"title", "view"}:
        raise SettingsError(f"[publish.public]: unknown setting {min(set(said) - {'title', 'view'})!r}")
    folder = settings.out / "public"
    with told(folder), connect_hyper() as hyper:
        (folder / "extracts").mkdir(parents=True, exist_ok=True)
        renamed = _copy_extracts(settings.out / "extracts", folder / "extracts", hyper, names)
        picture = draw_picture(folder / "extracts" / "daily.hyper", hyper)
    books = [path for path in build_workbooks(folder, "public", tell=tell).files if path.suffix == ".twbx"]
    _check(books, tell)
    page = embed_page(said.get("title", TITLE), picture, ALT, said.get("view"))
    told_names = f"{renamed} meters have other names in it." if renamed else SHOWN
    listed = "\n".join(f"   - `{path.relative_to(folder).as_posix()}`" for path in books)
    checklist = CHECKLIST.format(names=told_names, workbooks=listed, example=EXAMPLE)
    files = {"embed.html": page.encode(), "picture.png": picture, "CHECKLIST.md": checklist.encode()}
    with told(folder):
        for name, content in files.items():
            (folder / name).write_bytes(content)
    return Package((*books, *(folder / name for name in files)), renamed)


def _copy_extracts(source: Path, target: Path, hyper: HyperProcess, names: bool) -> int:
    extracts = {source / f"{one.name}.hyper": one for one in EVERY_EXTRACT.values()}
    extracts = {path: one for path, one in extracts.items() if path.is_file()}
    # What is there no longer may have been shown by its own names once.
    for left in {path.name for path in target.glob("*.hyper")} - {path.name for path in extracts}:
        (target / left).unlink()
    found: dict[str, set[str]] = {column: set() for column in NAMED}
    for path, extract in extracts.items():
        for column, own in members(path, extract, hyper).items():
            found[column] |= own
    known = {column: {name: name for name in own} for column, own in found.items()}
    if not names:
        known = remembered_names(hidden(source / "public-names", "json"), dict(found))
    for path, extract in extracts.items():
        copy_renamed(path, target / path.name, extract, known, hyper, places=names)
    return 0 if names else len(found["meter_id"])


def draw_picture(path: Path, hyper: HyperProcess) -> bytes:
    """Draw the energy delivered on every day, to all meters together, as a PNG.

    Raises
    ------
    PublishError
        When the packages for it are not installed.
    """
    try:
        import altair
        import vl_convert
    except ImportError as error:
        raise PublishError(f"the picture needs {error.name} -> pip install 'hyperwatt[workbooks]'") from error
    rows = read_extract(path, hyper).query("channel == 'delivered'")
    energy = rows.groupby("date")["energy_kwh"].sum()
    daily = pd.DataFrame({"date": pd.to_datetime(energy.index), "energy_kwh": energy.to_numpy()})
    chart = altair.Chart(daily).mark_area(line=True, opacity=0.3)
    # The name of a month in full is wider than a day of it: what would touch is left out.
    dates = altair.Axis(title=None, labelOverlap="greedy", labelSeparation=10)
    axes: Any = {"x": altair.X("date:T", axis=dates), "y": altair.Y("energy_kwh:Q", title="Energy per day [kWh]")}
    drawn = chart.encode(**axes).properties(width=1100, height=500).configure_axis(labelFontSize=14, titleFontSize=14)
    return bytes(vl_convert.vegalite_to_png(drawn.to_json(), scale=1))


def _check(books: list[Path], tell: Tell) -> None:
    issues = check_workbooks(books, True, None, tell)
    wrong = [f"{path.name}: {issue}" for path, own in issues.items() for issue in own if issue.severity == "error"]
    if wrong:
        raise PublishError(f"{wrong[0]} -> {len(wrong)} such; `hyperwatt workbook check --public` lists them")
