"""The guide for authors: each recipe is run as it stands there."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran
from lxml import etree

from pipeline.demo import write_campus
from pipeline.workbook_building import build_workbooks
from pipeline.workbook_previewing import preview_workbooks
from workbooks.checker import check_file

GUIDE = Path(__file__).resolve().parents[1] / "workbooks" / "GUIDE.md"
RECIPES = re.findall(r"^## \d\. (.+?)\n.*?^```python\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
EXPECTED = {
    "Add a sheet": ("energy_by_site", "//worksheet[@name='Sites']", 1),
    "Add a parameter": ("limit", "//zone[@type-v2='paramctrl'][contains(@param, 'limit_kw')]", 1),
    "Make your own story": ("board", "//story-point", 3),
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, run_files: Callable[..., Ran]) -> Ran:
    """A run on two buildings and a year."""
    campus = write_campus(tmp_path_factory.mktemp("campus"), buildings=2, years=1)
    return run_files([*campus.files, campus.register], config=campus.settings)


def test_all_recipes_are_tried() -> None:
    """None is added to the guide without being run here."""
    assert [title for title, _ in RECIPES] == list(EXPECTED)


@pytest.mark.parametrize(("title", "code"), RECIPES, ids=[title for title, _ in RECIPES])
def test_a_recipe_works(title: str, code: str, ran: Ran, tmp_path: Path) -> None:
    """It builds, the checker has nothing against it, and what it is about is in the file."""
    spec = tmp_path / "mine.py"
    spec.write_text(code, encoding="utf-8")
    done = build_workbooks(ran.out, spec=spec)
    name, path, count = EXPECTED[title]

    assert {file.stem for file in done.files} == {name}
    assert {file.suffix for file in done.files} == {".twb", ".twbx"}
    for file in done.files:
        assert check_file(file) == []
    tree = etree.parse(ran.out / "workbooks" / f"{name}.twb")
    assert len(tree.xpath(path)) == count


def test_a_renamed_workbook_leaves_nothing_behind(ran: Ran, tmp_path: Path) -> None:
    """Its old files go, in the pictures too; one that somebody changed stays, and so do those of another spec."""
    code = dict(RECIPES)["Add a parameter"].replace('Workbook("limit"', 'Workbook("own"')
    spec, other = tmp_path / "mine.py", tmp_path / "other.py"
    spec.write_text(code, encoding="utf-8")
    other.write_text(code.replace('Workbook("own"', 'Workbook("apart"'), encoding="utf-8")
    folder, pictures = ran.out / "workbooks", ran.out / "preview"
    for one in (other, spec):
        build_workbooks(ran.out, spec=one)
        preview_workbooks(ran.out, one, most_choices=0)
    (folder / "own.twb").write_text("changed by its author")

    spec.write_text(code.replace('Workbook("own"', 'Workbook("bounds"').replace('"Peaks"', '"Over"'), encoding="utf-8")
    built, drawn = build_workbooks(ran.out, spec=spec), preview_workbooks(ran.out, spec, most_choices=0)

    assert built.removed == [folder / "own.twbx"]
    assert (folder / "own.twb").read_text() == "changed by its author"
    assert {one.name for one in drawn.removed} == {"Limit.png", "Limit.svg", "Peaks.png", "Peaks.svg"}
    assert not (pictures / "own").exists()
    assert (pictures / "bounds" / "sheets" / "Over.png").is_file()
    for name in ("apart", "bounds"):
        assert (folder / f"{name}.twbx").is_file()
        assert (pictures / name / "Limit.png").is_file()
