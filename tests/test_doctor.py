"""What `hyperwatt doctor` finds: a place where all is well, and places where a run would fail."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import make_url

from pipeline.cli import main
from pipeline.config import Settings
from pipeline.doctor import LEAST_FREE, Fact, examine
from pipeline.run import run
from pipeline.stores.bulk import NO_LOCAL_INFILE


def facts(settings: Settings) -> dict[str, list[Fact]]:
    """What was found, by what it is about."""
    found: dict[str, list[Fact]] = {}
    for fact in examine(settings):
        found.setdefault(fact.about, []).append(fact)
    return found


def wrong(settings: Settings) -> list[str]:
    """The sentences about what would not work."""
    return [fact.sentence for fact in examine(settings) if fact.is_wrong]


@pytest.fixture
def loaded(tmp_path: Path) -> Settings:
    """Settings of a folder that a run has filled."""
    file = tmp_path / "good.csv"
    file.write_text("timestamp,M1\n" + "".join(f"2024-01-01 {hour:02d}:00,1.5\n" for hour in range(24)))
    settings = Settings(out=tmp_path / "out", timezone="UTC")
    run([file], settings)
    return settings


def test_all_is_well(loaded: Settings) -> None:
    """After a run the database and the extracts are named as they are, and nothing is wrong."""
    found = facts(loaded)

    assert wrong(loaded) == []
    assert found["database"][-1].sentence == "1 channels as of load 1"
    assert found["extracts"][0].sentence.endswith("up to the database")


def test_an_extract_that_is_gone_is_named(loaded: Settings) -> None:
    """What `hyperwatt extract` would write is told, with that remedy."""
    (loaded.out / "extracts" / "daily.hyper").unlink()

    assert facts(loaded)["extracts"][0].sentence == "daily behind -> hyperwatt extract"


def test_nothing_is_made(tmp_path: Path) -> None:
    """Looking at a place that does not exist yet leaves it so."""
    found = facts(Settings(out=tmp_path / "new" / "out"))

    assert "the first run makes it" in found["database"][0].sentence
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less room than a large run needs is wrong."""
    usage = type("Usage", (), {"free": LEAST_FREE - 1})
    monkeypatch.setattr("pipeline.doctor.shutil.disk_usage", lambda folder: usage)

    assert wrong(Settings(out=tmp_path)) == [f"{tmp_path}: only 2.0 GB free -> make room, or choose another: --out"]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A file where the folder should be is no folder."""
    (tmp_path / "out").write_text("")

    assert "cannot be written" in wrong(Settings(out=tmp_path / "out"))[0]


def test_a_clock_that_does_not_exist(tmp_path: Path) -> None:
    """The sentence of the setting itself, with its example."""
    assert "Europe/London" in wrong(Settings(out=tmp_path, timezone="Europe/Londno"))[0]


def test_a_server_is_asked(database: str, tmp_path: Path) -> None:
    """An empty database of each kind is fine, and told to be empty; MySQL takes no LOAD DATA LOCAL unasked."""
    there = facts(Settings(out=tmp_path, database=database))["database"]

    assert {fact.sentence for fact in there if fact.is_wrong} <= {NO_LOCAL_INFILE}
    assert there[0].sentence.endswith((" answers", "the first run makes it"))
    assert there[-1].sentence.endswith(("(a run does it too)", "the first run makes it"))


@pytest.mark.mysql
def test_a_database_that_is_not_there(mysql_database: str, tmp_path: Path) -> None:
    """The statement that makes it is told."""
    gone = make_url(mysql_database).set(database="hyperwatt_is_not_here").render_as_string(hide_password=False)

    assert "CREATE DATABASE" in wrong(Settings(out=tmp_path, database=gone))[0]


def test_the_command_says_it_by_its_exit_code(tmp_path: Path) -> None:
    """0 and "ok" lines where all is well, 1 and a "wrong" line where not."""
    good = CliRunner().invoke(main, ["doctor", "--out", str(tmp_path)])
    bad = CliRunner().invoke(main, ["doctor", "--out", str(tmp_path), "--database", "oracle://here/there"])

    assert (good.exit_code, bad.exit_code) == (0, 1)
    assert "wrong  database" in bad.output
    assert "wrong" not in good.output
