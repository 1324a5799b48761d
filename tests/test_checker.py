"""The checker: what it opens, what it says, and what it does not say of files that Tableau saved."""

import datetime
import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pantab
import pytest
from click.testing import CliRunner, Result
from lxml import etree
from tableauhyperapi import SqlType

from pipeline.cli import main
from workbooks.checker import check_file
from workbooks.checker_book import index, names_in, plain
from workbooks.checker_opening import UnreadableWorkbookError, copy_member, open_document
from workbooks.checker_rules import RULES, Issue
from workbooks.checker_sources import LOCAL_TYPES
from workbooks.levels import Level
from workbooks.tree import bracketed

SPECIMEN = Path(__file__).parent / "checked" / "specimen.twb"
SCHEMAS = Path(__file__).resolve().parents[2] / "shared" / "schemas"
USER = "xmlns:user='http://www.tableausoftware.com/xml/user'"
LAUGHS = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10 if n else 'ha'}'>" for n in range(9))

Root = Any


@pytest.fixture
def root() -> Root:
    """The clean specimen as a tree."""
    return etree.parse(str(SPECIMEN), etree.XMLParser(remove_blank_text=True)).getroot()


def written(path: Path, content: bytes | Root) -> Path:
    """Write bytes or a tree."""
    path.write_bytes(content if isinstance(content, bytes) else etree.tostring(content))
    return path


def packed(path: Path, **members: bytes) -> Path:
    """Write a package; `__` in a name stands for `/`, `_` before the suffix for a dot."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name.replace("__", "/").replace("_DOT_", "."), content)
    return path


def rules(issues: list[Issue]) -> dict[str, str]:
    """Rule to severity."""
    return {issue.rule: issue.severity for issue in reversed(issues)}


def call(*arguments: object) -> Result:
    """Run `hyperwatt workbook check`."""
    return CliRunner().invoke(main, ["workbook", "check", *map(str, arguments)])


HOSTILE: dict[str, tuple[str, bytes, str]] = {
    "nothing": ("a.twb", b"", "not XML"),
    "text": ("a.twb", b"energy,kwh\n1,2\n", "not XML"),
    "half a tag": ("a.twb", b"<workbook version='18.1'><datasources>", "not XML"),
    "other root": ("a.twb", b"<datasource version='18.1'/>", "workbook was expected"),
    "a workbook as tds": ("a.tds", b"<workbook version='18.1'/>", "datasource was expected"),
    "laughs": ("a.twb", f"<!DOCTYPE workbook [{LAUGHS}]><workbook a='&l8;'>&l8;</workbook>".encode(), "document type"),
    "laughs after a comment": ("a.twb", f"<!--x--><!DOCTYPE w [{LAUGHS}]><workbook/>".encode(), "document type"),
    "laughs in UTF-16": ("a.twb", f"<!DOCTYPE workbook [{LAUGHS}]><workbook/>".encode("utf-16"), "document type"),
    "outer entity": ("a.twb", b"<!DOCTYPE w [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><w>&x;</w>", "document type"),
    "an entity of nobody": ("a.twb", b"<workbook a='1'>&nobody;</workbook>", "not XML"),
    "UTF-7": ("a.twb", b"<?xml version='1.0' encoding='UTF-7'?>+ADwAIQ-DOCTYPE w", "UTF-8 was expected"),
    "binary": ("a.twb", bytes(range(256)) * 10, "not XML"),
    "no zip": ("a.twbx", b"<workbook version='18.1'/>", "no readable zip"),
    "other suffix": ("a.xlsx", b"PK", ".twb, .twbx, .tds or .tdsx was expected"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files(tmp_path: Path, name: str) -> None:
    """One clear error, no crash, no expansion."""
    file, content, reason = HOSTILE[name]

    with pytest.raises(UnreadableWorkbookError, match=reason):
        open_document(written(tmp_path / file, content))


def test_missing_file(tmp_path: Path) -> None:
    """Said as such."""
    with pytest.raises(UnreadableWorkbookError, match="No such file"):
        open_document(tmp_path / "a.twb")


def test_every_cut_of_a_package(tmp_path: Path) -> None:
    """A package that ends anywhere is refused with the same one error."""
    data = packed(tmp_path / "whole.twbx", a_DOT_twb=SPECIMEN.read_bytes()).read_bytes()

    for end in range(0, len(data), 97):
        with pytest.raises(UnreadableWorkbookError, match=r"zip|package"):
            open_document(written(tmp_path / "cut.twbx", data[:end]))


def test_a_changed_byte(tmp_path: Path) -> None:
    """Damage within the packed workbook is seen."""
    path = packed(tmp_path / "a.twbx", a_DOT_twb=SPECIMEN.read_bytes())
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF

    with pytest.raises(UnreadableWorkbookError):
        open_document(written(path, bytes(data)))


def test_zip_bomb(tmp_path: Path) -> None:
    """No more is unpacked than may be; the same of a plain file."""
    bomb = packed(tmp_path / "a.twbx", a_DOT_twb=b"<workbook>" + b" " * 50_000_000)

    assert bomb.stat().st_size < 100_000
    with pytest.raises(UnreadableWorkbookError, match="more than 1 MB"):
        open_document(bomb, most_bytes=1024**2)
    with pytest.raises(UnreadableWorkbookError, match="larger than 1 MB"):
        copy_member(bomb, "a.twb", tmp_path / "out", most_bytes=1024**2)
    assert (tmp_path / "out").stat().st_size < 3 * 1024**2


def test_package_without_workbook(tmp_path: Path) -> None:
    """Said as such; a `.tds` is none."""
    with pytest.raises(UnreadableWorkbookError, match=r"holds no \.twb"):
        open_document(packed(tmp_path / "a.twbx", a_DOT_tds=b"<datasource/>"))


def test_the_outer_workbook_is_taken(tmp_path: Path) -> None:
    """The `.twb` at the top goes before one in a folder."""
    path = packed(tmp_path / "a.twbx", x__b_DOT_twb=b"<no/>", z_DOT_twb=SPECIMEN.read_bytes())

    assert open_document(path).root.get("version") == "18.1"


def test_decorations(tmp_path: Path) -> None:
    """What Desktop writes for older versions is dropped, what it writes for this one is read."""
    text = f"""<workbook {USER} version='18.1'>
    <document-format-change-manifest><_.fcp.Good.true...Good/></document-format-change-manifest>
    <_.fcp.Good.false...old/>
    <_.fcp.Good.true...new _.fcp.Fine.true...a='1' _.fcp.Fine.false...b='2' c='3'/></workbook>"""
    document = open_document(written(tmp_path / "a.twb", text.encode()))

    assert [node.tag for node in document.root] == ["document-format-change-manifest", "new"]
    assert dict(document.root[1].attrib) == {"a": "1", "c": "3"}
    assert document.features == {"Good", "Fine"}
    assert index(document).manifest == {"Good", "Fine"}


@pytest.mark.parametrize("name", ["kwh", "a]b", "[x]", "]]", "日本 🔌", "a.b", "'\"&<"])
def test_names(name: str) -> None:
    """A name in brackets comes back as it was."""
    assert names_in(bracketed("ds", name)) == ("ds", name)
    assert plain(bracketed(name)) == name


def test_every_issue_says_everything(tmp_path: Path, root: Root) -> None:
    """Rule, severity, place, line, what Tableau would do, how to mend it."""
    root.find(".//calculation[@formula='0.1']").getparent().set("param-domain-type", "all")
    (issue,) = check_file(written(tmp_path / "a.twb", root))

    assert (issue.rule, issue.severity, issue.where) == ("param-domain", "error", "Demand reduction")
    assert issue.line > 0
    assert "D2E8DA72" in issue.effect
    assert "any, list or range" in issue.remedy
    assert str(issue) == f"error param-domain: line {issue.line}: Demand reduction: param-domain-type is 'all'"


@pytest.mark.parametrize("name", RULES)
def test_rules_are_told_in_full(name: str) -> None:
    """No rule without effect and remedy."""
    assert RULES[name].effect
    assert RULES[name].remedy


def test_errors_come_first(tmp_path: Path, root: Root) -> None:
    """Then warnings, each by line."""
    for path in (".//slices", ".//simple-id", ".//windows/window"):
        node = root.find(path)
        node.getparent().remove(node)
    issues = check_file(written(tmp_path / "a.twb", root))
    keys = [(("error", "warning", "info").index(one.severity), one.line) for one in issues]

    assert len(issues) >= 3
    assert keys == sorted(keys)


def break_it(root: Root) -> None:
    """Leave out a viewpoint and a formula's bracket."""
    root.find(".//viewpoint").getparent().remove(root.find(".//viewpoint"))
    for node in root.iterfind(".//column[@name='[Calculation_2]']/calculation"):
        node.set("formula", "SUM([energy_kwh]")


def test_old_formats_are_only_warned_of(tmp_path: Path, root: Root) -> None:
    """What breaks files from before 2018 is less well known."""
    break_it(root)
    root.attrib.update({"version": "10.5", "source-build": "10.5.2 (10500.18.0305.1222)"})

    assert rules(check_file(written(tmp_path / "a.twb", root))) == {"viewpoint": "warning", "calc-syntax": "warning"}


def test_what_an_author_left_lying_about(tmp_path: Path, root: Root) -> None:
    """A broken calculation that no sheet uses is a warning in a workbook that Tableau saved, an error in others."""
    source = root.find("datasources/datasource[@name='federated.hw1']")
    column = source.find("column")
    column.addprevious(etree.fromstring(etree.tostring(column)))
    source.find("column").attrib.update({"name": "[Calculation_77]", "caption": "Not used"})
    source.find("column/calculation").set("formula", "SUM([gone])")
    ours = rules(check_file(written(tmp_path / "a.twb", root)))
    root.set("source-build", "2024.2.1 (20242.24.0807.0327)")

    assert ours == {"calc-ref": "error"}
    assert rules(check_file(written(tmp_path / "a.twb", root))) == {"calc-ref": "warning"}


def test_published_sources_are_not_known(tmp_path: Path, root: Root) -> None:
    """The fields of a published data source are on the server: nothing is said of them, nor of their levels."""
    source = root.find("datasources/datasource[@name='federated.hw1']")
    source.replace(source.find("connection"), etree.fromstring("<connection class='sqlproxy' dbname='daily'/>"))
    source.remove(source.find("object-graph"))
    for node in root.iterfind(".//column[@name='[Calculation_2]']/calculation"):
        node.set("formula", "SUM([energy_kwh]) / [somewhere else]")

    assert rules(check_file(written(tmp_path / "a.twb", root))) == {}


def test_a_column_goes_before_a_caption(tmp_path: Path, root: Root) -> None:
    """A calculation captioned like the column that it uses does not refer to itself."""
    for node in root.findall(".//column[@name='[peak_kw]']"):
        node.getparent().remove(node)
    for node in root.iterfind(".//column[@name='[Calculation_2]']"):
        node.set("caption", "peak_kw")

    assert rules(check_file(written(tmp_path / "a.twb", root))) == {"calc-name": "error"}


def test_names_in_any_case(tmp_path: Path, root: Root) -> None:
    """Tableau finds `[Energy_KWH]`, and captions; so does the checker."""
    for node in root.iterfind(".//column[@name='[Calculation_2]']/calculation"):
        node.set("formula", "SUM([ENERGY_kwh]) / MAX([Peak (kW)])")

    assert rules(check_file(written(tmp_path / "a.twb", root))) == {}


def test_long_chains_of_calculations(tmp_path: Path, root: Root) -> None:
    """Hundreds of calculations on top of each other are no crash and no false alarm."""
    source = root.find("datasources/datasource[@name='federated.hw1']")
    for number in range(600):
        formula = f"ABS(ABS(ABS([c{number + 1}])))" if number < 599 else "[energy_kwh]"
        column = {"name": f"[c{number}]", "datatype": "real", "role": "measure", "type": "quantitative"}
        node = etree.Element("column", column)
        etree.SubElement(node, "calculation", {"class": "tableau", "formula": formula})
        source.find("group").addprevious(node)

    assert set(rules(check_file(written(tmp_path / "a.twb", root))).values()) <= {"info"}


def test_levels_go_through_calculations(tmp_path: Path, root: Root) -> None:
    """An aggregate is one wherever it was calculated."""
    for node in root.iterfind(".//column[@name='[Calculation_3]']/calculation"):
        node.set("formula", "[Calculation_2] * [energy_kwh]")
    found = rules(check_file(written(tmp_path / "a.twb", root)))

    assert found == {"calc-mixed": "error"}
    assert Level.AGGREGATE.value == "aggregate"


JUNK = ("", "[", "[[x]]", "[a].[b].[c]", "\U0001f50c", "-1", "9" * 30, "]", "{{x}}", "((((", "%null%", "'")


@pytest.mark.parametrize("seed", range(8))
def test_damaged_trees(tmp_path: Path, seed: int) -> None:
    """Whatever is missing, doubled, renamed or nonsense: issues, and no crash."""
    chance = random.Random(seed)
    for _ in range(12):
        root = etree.parse(str(SPECIMEN)).getroot()
        nodes = [node for node in root.iter() if node is not root]
        for node in chance.sample(nodes, 25):
            damage(chance, node)
        issues = check_file(written(tmp_path / "a.twb", root), is_public=True)
        assert all(issue.rule in RULES for issue in issues)


def damage(chance: random.Random, node: Root) -> None:
    """Take away, double, rename or fill an element with nonsense."""
    parent, kind = node.getparent(), chance.randrange(5)
    if kind == 0 and parent is not None:
        parent.remove(node)
    elif kind == 1 and parent is not None:
        parent.append(etree.fromstring(etree.tostring(node)))
    elif kind == 2:
        node.tag = chance.choice(("zone", "column", "calculation", "filter", "relation", "column-instance"))
    elif kind == 3:
        node.text = chance.choice(JUNK)
    elif node.attrib:
        node.set(chance.choice(list(node.attrib)), chance.choice(JUNK))


def tds(root: Root) -> Root:
    """The specimen's data source as a `.tds`."""
    source = root.find("datasources/datasource[@name='federated.hw1']")
    source.remove(source.find("group"))
    for column in source.findall("column[calculation]"):
        if "[Parameters]" in column.find("calculation").get("formula") or "Calculation_1" in column.get("name"):
            source.remove(column)
    items = etree.SubElement(source, "document-format-change-manifest")
    for name in ("ObjectModelEncapsulateLegacy", "ObjectModelTableType", "SchemaViewerObjectModel"):
        etree.SubElement(items, name)
    source.insert(0, items)
    source.attrib.update({"formatted-name": source.attrib.pop("name"), "source-platform": "win"})
    return source


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="Tableau's schemas are not at hand")
def test_data_sources_by_schema(tmp_path: Path, root: Root) -> None:
    """A `.tds` is validated within a workbook; what is wrong in it is found."""
    source = tds(root)
    clean = check_file(written(tmp_path / "a.tds", source), schemas=SCHEMAS)
    source.find("layout").set("show-structure", "perhaps")

    assert clean == []
    assert rules(check_file(written(tmp_path / "a.tds", source), schemas=SCHEMAS)) == {"schema": "error"}


def test_data_source_rules(tmp_path: Path, root: Root) -> None:
    """Calculations and connections of a `.tds` are checked as in a workbook."""
    source = tds(root)
    source.find("column/calculation").set("formula", "SUM([gone])")
    source.find("connection/relation").set("connection", "gone")

    assert rules(check_file(written(tmp_path / "a.tds", source))) == {"calc-ref": "error", "relation-conn": "error"}


PUBLIC: dict[str, tuple[str, Callable[[Root], None]]] = {
    "script": ("public-script", lambda root: None),
    "live": (
        "public-live",
        lambda root: root.find(".//named-connection/connection").set("class", "mysql"),
    ),
    "user": ("credential", lambda root: root.find(".//named-connection/connection").set("username", "ann")),
    "password": ("credential", lambda root: root.find(".//named-connection/connection").set("password", "p")),
    "path": (
        "absolute-path",
        lambda root: root.find(".//named-connection/connection").set("dbname", "C:\\Users\\ann\\daily.hyper"),
    ),
}


@pytest.mark.parametrize("name", PUBLIC)
def test_public(tmp_path: Path, root: Root, name: str) -> None:
    """Scripts, live connections, names, passwords and paths of a machine are errors for Tableau Public."""
    rule, put_in = PUBLIC[name]
    if name != "script":
        for node in root.iterfind(".//column[@name='[Calculation_6]']/calculation"):
            node.set("formula", "RUNNING_SUM(SUM([energy_kwh]))")
    put_in(root)
    path = packed(tmp_path / "a.twbx", a_DOT_twb=etree.tostring(root), Data__Extracts__daily_DOT_hyper=b"")

    assert rules(check_file(path, is_public=True)) == {rule: "error"}


def test_public_wants_a_package(tmp_path: Path) -> None:
    """One file with its data."""
    assert rules(check_file(SPECIMEN, is_public=True)) == {"public-script": "error", "public-package": "error"}


def test_public_limits(tmp_path: Path, root: Root) -> None:
    """Fifteen million rows, and not one more."""
    for node in root.iterfind(".//column[@name='[Calculation_6]']/calculation"):
        node.set("formula", "RUNNING_SUM(SUM([energy_kwh]))")
    path = packed(tmp_path / "a.twbx", a_DOT_twb=etree.tostring(root), Data__Extracts__daily_DOT_hyper=b"")

    assert rules(check_file(path, is_public=True, rows=15_000_000)) == {}
    assert rules(check_file(path, is_public=True, rows=15_000_001)) == {"public-size": "error"}
    assert rules(check_file(path, rows=15_000_001)) == {}


def test_file_missing_in_the_package(tmp_path: Path) -> None:
    """The workbook names an extract that was not packed."""
    path = packed(tmp_path / "a.twbx", a_DOT_twb=SPECIMEN.read_bytes())

    assert rules(check_file(path)) == {"package-file": "warning"}


def extract(path: Path, *columns: str) -> Path:
    """Write a real extract with these columns."""
    values = {"meter_id": "A", "date": datetime.date(2026, 1, 1), "is_weekend": True, "peak_kw": 5}
    frame = pd.DataFrame({column: [values.get(column, 1.0)] for column in columns})
    if "date" in frame:
        frame["date"] = frame["date"].astype("date32[pyarrow]")
    pantab.frame_to_hyper(frame, path, table=("Extract", "Extract"))
    return path


COLUMNS = ("meter_id", "date", "energy_kwh", "peak_kw", "latitude", "is_weekend")


def test_every_type_of_hyperd_is_known() -> None:
    """As hyperd spells them, not as SQL does."""
    made = [SqlType.bool(), SqlType.big_int(), SqlType.small_int(), SqlType.int(), SqlType.numeric(18, 3)]
    made += [SqlType.double(), SqlType.oid(), SqlType.bytes(), SqlType.text(), SqlType.varchar(4), SqlType.char(3)]
    made += [SqlType.json(), SqlType.date(), SqlType.time(), SqlType.timestamp(), SqlType.timestamp_tz()]
    known = {name for names in LOCAL_TYPES.values() for name in names}

    assert {str(one).partition("(")[0] for one in [*made, SqlType.tabgeography()]} == known


def test_command_asks_hyperd(tmp_path: Path) -> None:
    """The extract in the package is opened, its columns compared; a good one is clean."""
    for columns, exit_code in ((COLUMNS, 0), (COLUMNS[:-1], 1)):
        hyper = extract(tmp_path / f"{exit_code}.hyper", *columns).read_bytes()
        members = {"a_DOT_twb": SPECIMEN.read_bytes(), "Data__Extracts__daily_DOT_hyper": hyper}
        result = call(packed(tmp_path / "a.twbx", **members))

        assert result.exit_code == exit_code, result.output
        assert ("is_weekend is not in Data/Extracts/daily.hyper" in result.output) == bool(exit_code)


def test_command_counts_rows_for_public(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of the packed extract are counted; the limit is lowered to none here, to have too many."""
    monkeypatch.setattr("workbooks.checker_public.MOST_ROWS", 0)
    hyper = extract(tmp_path / "one.hyper", *COLUMNS).read_bytes()
    members = {"a_DOT_twb": SPECIMEN.read_bytes(), "Data__Extracts__daily_DOT_hyper": hyper}
    result = call("--public", packed(tmp_path / "a.twbx", **members))

    assert result.exit_code == 1
    assert "public-size: a.twbx: 1 rows, 0 are allowed" in result.output


def test_command_asks_the_extract_beside(tmp_path: Path, root: Root) -> None:
    """A bare workbook is compared with the file that it names; that file stays as it was."""
    hyper = extract(tmp_path / "daily.hyper", *COLUMNS[1:])
    before = hyper.read_bytes()
    root.find(".//named-connection/connection").set("dbname", "daily.hyper")
    result = call(written(tmp_path / "a.twb", root))

    assert result.exit_code == 1
    assert "meter_id is not in daily.hyper" in result.output
    assert hyper.read_bytes() == before


@pytest.mark.parametrize("name", ["a" * 300 + ".hyper", "a/" * 3000 + ".hyper", "../../.hyper", "C:\\\\a\\b.hyper"])
def test_command_with_an_extract_of_a_strange_name(tmp_path: Path, root: Root, name: str) -> None:
    """A name that no file can have is no file, and no crash."""
    root.find(".//named-connection/connection").set("dbname", name)

    assert call(written(tmp_path / "a.twb", root)).exit_code == 0


def test_command_with_a_damaged_extract(tmp_path: Path) -> None:
    """Said, and no reason to refuse the workbook."""
    members = {"a_DOT_twb": SPECIMEN.read_bytes(), "Data__Extracts__daily_DOT_hyper": b"no extract"}
    result = call(packed(tmp_path / "a.twbx", **members))

    assert result.exit_code == 0, result.output
    assert "info extract-unread" in result.output


def test_command_says_what_and_how(tmp_path: Path, root: Root) -> None:
    """What is wrong, what Tableau would do, how to mend it; all files are told of, exit 1."""
    break_it(root)
    result = call(SPECIMEN, written(tmp_path / "a.twb", root))

    assert result.exit_code == 1
    assert "specimen.twb: errors 0, warnings 0" in result.output
    assert "error viewpoint: line" in result.output
    assert "2805CF18" in result.output
    assert "Mend: add a viewpoint" in result.output
    assert "a.twb: errors 2, warnings 0" in result.output


def test_command_with_what_is_no_workbook(tmp_path: Path) -> None:
    """One error for it, and for a file that is not there; the other files are checked all the same."""
    result = call(written(tmp_path / "a.twbx", io.BytesIO(b"PK\3\4 cut").getvalue()), "gone.twb", SPECIMEN)

    assert result.exit_code == 1
    assert result.output.count("error unreadable") == 2
    assert "gone.twb: cannot be read: No such file" in result.output
    assert "specimen.twb: errors 0" in result.output


@pytest.mark.parametrize("arguments", [(), ("--nonsense", SPECIMEN), ("--schemas", "gone", SPECIMEN)])
def test_usage(arguments: tuple[object, ...]) -> None:
    """No file, an option or a folder that is none: exit 2."""
    assert call(*arguments).exit_code == 2
