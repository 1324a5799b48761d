"""The guide for authors: each recipe is run as it stands there."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran
from lxml import etree

from pipeline.demo import write_campus
from pipeline.workbook_building import build_workbooks
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
