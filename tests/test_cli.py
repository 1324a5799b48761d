"""The command from outside: exit codes, one line a refusal, help with examples, and nothing written by a dry run."""

import shlex
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from pipeline.cli import main

Call = Callable[..., Result]

GOOD = "timestamp,M1\n" + "".join(f"2024-01-{day:02d} {hour:02d}:00,1.5\n" for day in (30, 31) for hour in range(24))


def commands(group: click.Group, name: str = "hyperwatt") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its name in full."""
    for own, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {own}")
        else:
            yield f"{name} {own}", command


COMMANDS = dict(commands(main))


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """A function that calls the command in a folder of its own, without settings from outside."""
    monkeypatch.chdir(tmp_path)
    for name in ("OUT", "DATABASE", "TIMEZONE", "COUNTRY", "JOBS"):
        monkeypatch.delenv(f"HYPERWATT_{name}", raising=False)
    return lambda *arguments, **environment: CliRunner().invoke(
        main, [str(each) for each in arguments], env=environment
    )


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A file that loads."""
    path = tmp_path / "good.csv"
    path.write_text(GOOD)
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A file that is none."""
    path = tmp_path / "bad.csv"
    path.write_text("<!DOCTYPE html><html><body>Session expired</body></html>")
    return path


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file in a folder with its bytes, and every folder."""
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in sorted(folder.rglob("*"))}


def lines(text: str) -> list[str]:
    """Lines that say something."""
    return [line for line in text.splitlines() if line.strip()]


# ---- help ------------------------------------------------------------------------------------------------------------


def test_there_are_commands() -> None:
    """What follows looks at all of them."""
    assert {"hyperwatt run", "hyperwatt check", "hyperwatt extract", "hyperwatt demo", "hyperwatt db upgrade"} <= set(
        COMMANDS
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_helps_with_an_example(call: Call, name: str) -> None:
    """`--help` and `-h` of each command exit 0 and show an example that begins with the command."""
    words = name.split()[1:]
    long, short = call(*words, "--help"), call(*words, "-h")

    assert (long.exit_code, short.exit_code) == (0, 0)
    assert f"Example: {name}" in long.stdout
    assert long.stdout == short.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_are_valid(name: str) -> None:
    """The example's options and arguments are those of its command."""
    (example,) = [line.split(":", 1)[1] for line in str(COMMANDS[name].help).splitlines() if "Example:" in line]
    words = shlex.split(example.strip().removeprefix(name))

    context = COMMANDS[name].make_context(name, words)

    assert set(context.params) == {parameter.name for parameter in COMMANDS[name].params}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name: str) -> None:
    """No option without words."""
    options = [each for each in COMMANDS[name].params if isinstance(each, click.Option)]

    assert options
    assert [each.name for each in options if not each.help] == []


def test_version(call: Call) -> None:
    """`--version` names the product."""
    assert "version" in call("--version").stdout


# ---- exit codes ------------------------------------------------------------------------------------------------------


def test_all_done_is_0(call: Call, good: Path) -> None:
    """Results to stdout, progress to stderr."""
    result = call("run", good, "--timezone", "UTC")

    assert result.exit_code == 0
    assert "good.csv" in result.stdout
    assert "1 channel, 48 intervals (48 inserted)" in result.stdout
    assert "reading files" in result.stderr
    assert "reading files" not in result.stdout
    assert Path("out/hyperwatt.db").exists()
    extracts = sorted(path.name for path in Path("out/extracts").glob("*.hyper"))
    assert extracts == ["daily.hyper", "findings.hyper", "meters.hyper", "readings.hyper"]


def test_again_is_0_and_says_so(call: Call, good: Path) -> None:
    """A second run changes nothing."""
    call("run", good, "--timezone", "UTC")
    before = files_in(Path("out"))

    result = call("run", good, "--timezone", "UTC")

    assert result.exit_code == 0
    assert lines(result.stdout) == [f"{good}: already loaded, nothing changed (--reload reads it again)"]
    assert files_in(Path("out")) == before


def test_a_refusal_is_1_with_one_line(call: Call, good: Path, bad: Path, tmp_path: Path) -> None:
    """Each refused thing has one line that says what, where and what to do; everything else is done."""
    empty = tmp_path / "empty.csv"
    empty.touch()

    result = call("run", good, bad, empty, tmp_path / "absent.csv", "--timezone", "UTC")
    refused = [line for line in lines(result.stderr) if line.startswith("refused ")]

    assert result.exit_code == 1
    assert [line.split(": ")[0].removeprefix("refused ") for line in refused] == [
        str(bad),
        str(empty),
        str(tmp_path / "absent.csv"),
    ]
    assert "V21 this is a web page (HTML)" in refused[0]
    assert "48 intervals (48 inserted)" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        pytest.param(("--timezone", "Mars/Olympus"), "time zone 'Mars/Olympus' is not known", id="clock"),
        pytest.param(("--timezone", "UTC", "--layout", "tall"), "layout 'tall' is not known", id="layout"),
        pytest.param(("--timezone", "UTC", "--country", "ZZ"), "country 'ZZ'", id="country"),
        pytest.param(("--config", "absent.toml"), "absent.toml: cannot be read", id="config"),
        pytest.param(
            ("--timezone", "UTC", "--database", "sqlite:///absent/x.db"), "folder does not exist", id="database"
        ),
        pytest.param(("--timezone", "UTC", "--database", "oracle://x"), "sqlite:///FILE", id="kind of database"),
    ],
)
def test_what_the_user_can_mend_is_1_with_one_line(
    call: Call, good: Path, arguments: tuple[str, ...], line: str
) -> None:
    """A setting or a database that cannot be used: one line, no traceback."""
    result = call("run", good, *arguments)
    errors = [each for each in lines(result.stderr) if not each.startswith(("reading files", "validating"))]

    assert result.exit_code == 1
    assert len(errors) == 1
    assert line in errors[0]
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param((), id="no command"),
        pytest.param(("fly",), id="no such command"),
        pytest.param(("run",), id="no file"),
        pytest.param(("check",), id="no file to check"),
        pytest.param(("run", "x.csv", "--fast"), id="no such option"),
        pytest.param(("run", "x.csv", "--label", "middle"), id="no such choice"),
        pytest.param(("run", "x.csv", "--minutes", "0"), id="out of range"),
        pytest.param(("run", "x.csv", "--multiplier", "ten"), id="no number"),
        pytest.param(("run", "x.csv", "--edits", "absent.csv"), id="no such edits"),
    ],
)
def test_usage_is_2(call: Call, arguments: tuple[str, ...]) -> None:
    """What the command does not understand."""
    result = call(*arguments)

    assert result.exit_code == 2
    assert "Usage:" in result.stderr


# ---- what is written -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [("check",), ("run", "--dry-run")], ids=["check", "dry run"])
def test_check_and_dry_run_write_nothing(
    call: Call, good: Path, bad: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """They say what the files are and what would be refused, with the same exit code, and leave no trace."""
    before = files_in(tmp_path)

    result = call(*arguments, good, bad, "--timezone", "UTC")

    assert result.exit_code == 1
    assert "good.csv" in result.stdout
    assert "V21" in result.stderr
    assert files_in(tmp_path) == before


def test_dry_run_of_extract(call: Call, good: Path) -> None:
    """It names what is behind, and leaves it so; without the option it is written."""
    call("run", good, "--timezone", "UTC")
    Path("out/extracts/daily.hyper").unlink()
    before = files_in(Path("out/extracts"))

    dry = call("extract", "--dry-run")
    assert (dry.exit_code, lines(dry.stdout)) == (
        0,
        ["out/extracts/daily.hyper would be written: it is missing or behind the database."],
    )
    assert files_in(Path("out/extracts")) == before
    assert call("extract").exit_code == 0
    assert call("extract", "--dry-run").stdout == "The extracts in out/extracts are up to the database.\n"


def test_dry_run_of_upgrade(call: Call) -> None:
    """It says what would be done and makes no file; without the option the tables are made."""
    Path("out").mkdir()

    assert "would be brought" in call("db", "upgrade", "--dry-run").stdout
    assert list(Path("out").iterdir()) == []
    assert call("db", "upgrade").exit_code == 0
    assert "is at this version" in call("db", "upgrade", "--dry-run").stdout


def test_dry_run_of_the_demo(call: Call, tmp_path: Path) -> None:
    """It says where the demo would go, and goes nowhere."""
    result = call("demo", "--out", "there", "--dry-run")

    assert (result.exit_code, list(tmp_path.iterdir())) == (0, [])
    assert "there would get" in result.stdout


@pytest.mark.parametrize(
    "name",
    sorted(set(COMMANDS) - {f"hyperwatt {name}" for name in ("check", "doctor", "tabpy doctor", "workbook check")}),
)
def test_every_writing_command_has_a_dry_run(name: str) -> None:
    """What writes can be tried without writing."""
    assert "dry_run" in {parameter.name for parameter in COMMANDS[name].params}


def test_extract_of_no_database_is_told(call: Call) -> None:
    """Nothing to extract from is an error, in one line."""
    result = call("extract")

    assert result.exit_code == 1
    assert len(lines(result.stderr)) == 1


# ---- settings --------------------------------------------------------------------------------------------------------


def test_out_and_database_say_where(call: Call, good: Path) -> None:
    """`--out` for the extracts, `--database` for the database."""
    result = call("run", good, "--timezone", "UTC", "--out", "here", "--database", "sqlite:///elsewhere.db")

    assert result.exit_code == 0
    assert Path("elsewhere.db").exists()
    assert not Path("here/hyperwatt.db").exists()
    assert Path("here/extracts/readings.hyper").exists()


def test_settings_come_from_options_environment_and_file(call: Call, good: Path) -> None:
    """An option wins over HYPERWATT_*, which wins over hyperwatt.toml; without any the clock is asked for."""
    assert call("check", good).exit_code == 1
    Path("hyperwatt.toml").write_text('timezone = "Mars/Olympus"\n')

    assert call("check", good).exit_code == 1
    assert call("check", good, HYPERWATT_TIMEZONE="UTC").exit_code == 0
    assert call("check", good, "--timezone", "UTC", HYPERWATT_TIMEZONE="Mars/Olympus").exit_code == 0


def test_reading_options_reach_the_reader(call: Call, tmp_path: Path) -> None:
    """Unit, label, length, date order, multiplier and register change what is read."""
    path = tmp_path / "plain.csv"
    path.write_text("when;value\n" + "".join(f"01/02/2024 {hour:02d}:00;{hour + 99990},5\n" for hour in range(24)))
    said = ("--delimiter", ";", "--decimal", ",", "--date-format", "day-first", "--unit", "Wh", "--timezone", "UTC")

    result = call("check", path, *said, "--register", "--digits", "5", "--multiplier", "1000", "--header-rows", "1")

    assert result.exit_code == 0, result.stderr
    assert "24 readings" in result.stdout


def test_edits_are_taken(call: Call, good: Path, tmp_path: Path) -> None:
    """A CSV of corrections changes a reading."""
    edits = tmp_path / "edits.csv"
    edits.write_text(
        "meter_id,channel,interval_start_utc,energy_kwh,who,why\nM1,delivered,2024-01-30 05:00,9,Ann,test\n"
    )

    result = call("run", good, "--timezone", "UTC", "--edits", edits)
    with closing(sqlite3.connect("out/hyperwatt.db")) as connection:
        rows = connection.execute("SELECT energy_kwh, raw_kwh FROM readings WHERE quality = 2").fetchall()

    assert result.exit_code == 0, result.stderr
    assert rows == [(9.0, 1.5)]


@pytest.mark.shared_data
def test_swapped_dates_are_1_with_one_line(call: Call, shared_data: Path) -> None:
    """The popular file with swapped dates: exit 1, one line, nothing on stdout, nothing loaded."""
    result = call("run", shared_data / "india_statewise" / "long_data_original.csv", "--timezone", "Asia/Kolkata")
    said = [line for line in lines(result.stderr) if not line.startswith("reading files")]

    assert (result.exit_code, result.stdout) == (1, "")
    assert len(said) == 1
    assert "V01 day and month are swapped" in said[0]
    assert not Path("out/extracts").exists()
