"""What people do without thinking: folders in each other, copies, wrong options; one line each, nothing invented."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import main
from pipeline.config import Settings, load_settings
from pipeline.intake import list_files
from pipeline.run import check
from pipeline.sources.sniff import open_sources
from pipeline.sources.values import file_meter

Call = Callable[..., Result]

HOURS = [f"2024-01-{day:02d} {hour:02d}:00" for day in range(8, 12) for hour in range(24)]
TEXT = "time,kWh\n" + "".join(f"{at},{1 + n % 7 / 10:.1f}\n" for n, at in enumerate(HOURS))


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """A function that calls the command in a folder of its own, in UTC."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(
        main, [str(each) for each in arguments], env={"HYPERWATT_TIMEZONE": "UTC"}
    )


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """A folder with one file."""
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "hall.csv").write_text(TEXT)
    return folder


def refusals(result: Result) -> list[str]:
    """Lines that say what was refused."""
    return [line for line in result.stderr.splitlines() if line.startswith("refused")]


@pytest.mark.parametrize("command", ["run", "check"])
def test_an_empty_folder_is_refused(call: Call, tmp_path: Path, command: str) -> None:
    """Silence would look like success to whoever watches exit codes."""
    (tmp_path / "empty").mkdir()
    result = call(command, "empty")

    assert result.exit_code == 1
    (line,) = refusals(result)
    assert line.startswith("refused empty: V21 there is no file to read in this folder")
    assert line.endswith("-> name the folder of the meter files")


def test_results_are_left_out_of_the_folder_they_are_in(exports: Path) -> None:
    """A folder that holds the results is read without them, invented campus and all."""
    for name in ("out/campus/a.csv", "out/extracts/daily.hyper", "out/hyperwatt.db", "other.hyper", ".hidden.csv"):
        (exports / name).parent.mkdir(parents=True, exist_ok=True)
        (exports / name).write_text(TEXT)

    assert list_files([exports], Settings(out=exports / "out")) == [exports / "hall.csv"]


def test_files_among_the_results_are_read_when_they_are_named(exports: Path) -> None:
    """`run out/campus --out out` and `run data --out data` read what hyperwatt has not written."""
    for name in ("campus/a.csv", "extracts/daily.hyper", "extracts/b.csv", "hyperwatt.db", "hyperwatt.db-wal"):
        (exports / name).parent.mkdir(parents=True, exist_ok=True)
        (exports / name).write_text(TEXT)

    assert list_files([exports / "campus"], Settings(out=exports)) == [exports / "campus" / "a.csv"]
    assert list_files([exports], Settings(out=exports)) == [exports / "campus" / "a.csv", exports / "hall.csv"]
    assert list_files([exports / "extracts"], Settings(out=exports)) == [exports / "extracts"]


def test_settings_and_edits_may_lie_among_the_meter_files(call: Call, exports: Path) -> None:
    """`run .` in the folder where all of them are: only meter files are read, and none else refused."""
    (exports / "hyperwatt.toml").write_text('timezone = "UTC"\n')
    header = "site_id,meter_id,channel,interval_start_utc,energy_kwh,who,why"
    (exports / "corrections.csv").write_text(f"{header}\n,hall,delivered,2024-01-08T05:00Z,2.5,me,read again\n")
    result = call("run", exports, "--edits", exports / "corrections.csv")

    assert result.exit_code == 0, result.output
    assert not refusals(result)
    assert "1 channel" in result.stdout


def test_settings_alone_are_no_meter_file(call: Call, tmp_path: Path) -> None:
    """Where nothing else is named, silence would look like success."""
    settings = tmp_path / "only" / "hyperwatt.toml"
    settings.parent.mkdir()
    settings.write_text('timezone = "UTC"\n')

    assert refusals(call("run", "only"))[0].startswith("refused only: V21 there is no file to read in this folder")
    assert refusals(call("run", settings))[0].startswith(f"refused {settings}: V21")


def test_a_copy_is_not_loaded_twice(call: Call, exports: Path) -> None:
    """As browsers and desktops name it; under another name it may be another meter, and that is said."""
    for name in ("hall (1).csv", "hall - Copy.csv", "library.csv"):
        (exports / name).write_text(TEXT)
    result = call("run", exports)

    assert result.exit_code == 0
    assert "2 channels" in result.stdout
    assert "hall (1).csv: already loaded" in result.stdout
    assert "hall - Copy.csv: already loaded" in result.stdout
    assert f"assumed for {exports / 'library.csv'}: it has the same bytes as 'hall.csv'" in result.stdout


def test_months_in_a_folder_are_one_meter(call: Call, exports: Path) -> None:
    """A file that is named for its month names no meter: the folder does, also when one calls from inside."""
    for month in (1, 2):
        (exports / f"2024-{month:02d}.csv").write_text(TEXT.replace("2024-01", f"2024-{month:02d}"))
    (exports / "hall.csv").unlink()
    result = call("run", exports)

    assert "1 channel," in result.stdout
    said = "named for a time, so its meter is 'exports', the name of what it is in ([[feed]] meters)"
    assert f"assumed for {exports / '2024-01.csv'} and 1 more: {said}" in result.stdout
    assert file_meter(Path("exports/../2024/Q1.csv")) == exports.parent.name


def test_what_was_assumed_is_said(call: Call, tmp_path: Path) -> None:
    """A unit that nobody states is taken as kWh, and a run says so with the option that changes it."""
    (tmp_path / "bare.csv").write_text(TEXT.replace("kWh", "Hall"))
    result = call("run", "bare.csv")

    assert "assumed for bare.csv: no unit is stated: values are taken as kWh (--unit)" in result.stdout


def test_a_file_that_changes_while_it_is_read_is_refused(exports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read of it is no whole file."""
    path = exports / "hall.csv"

    def opened(*arguments: object) -> object:
        with path.open("a") as file:
            file.write("2024-01-12 00:00,1.0\n")
        return open_sources(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("pipeline.intake.open_sources", opened)
    (file,) = check([path], load_settings(timezone="UTC")).refused

    assert str(file.refusal).endswith("V21 the file changed while it was read -> run again when it is complete")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--decimal", ","], "numbers such as '1.0' have no decimal comma -> leave out --decimal"),
        (["--minutes", "90"], "stamps stand 60 min apart, which cannot be intervals of 90 min -> leave out --minutes"),
        (["--register", "--unit", "kW"], "a register counts energy, and kW is power -> --unit kWh, or --interval"),
        (["--multiplier", "0"], "0 would take every reading away"),
        (["--out", "exports/hall.csv"], "Directory 'exports/hall.csv' is a file."),
    ],
)
def test_options_that_the_file_denies_are_refused(call: Call, exports: Path, options: list[str], said: str) -> None:
    """A total a thousand times too large would be worse."""
    result = call("check", exports, *options)

    assert result.exit_code in (1, 2)
    assert said in result.stderr


def test_a_wrong_time_zone_is_suspected(call: Call, tmp_path: Path) -> None:
    """An hour that stands twice on a Sunday night is of a clock that changes, and not of the one that was named."""
    hours = [*HOURS[:1], *(f"2024-10-27 {hour:02d}:00" for hour in (0, 1, 1, *range(2, 24)))]
    text = "time,kWh\n" + "".join(f"{at},{1 + n % 7 / 10:.1f}\n" for n, at in enumerate(hours[1:]))
    (tmp_path / "autumn.csv").write_text(text)
    wrong, right = (call("check", "autumn.csv", "--timezone", zone) for zone in ("Asia/Kolkata", "Europe/London"))

    assert "is Asia/Kolkata theirs? (--timezone)" in wrong.stdout
    assert "theirs?" not in right.stdout


def test_rows_that_contradict_each_other_are_refused(call: Call, tmp_path: Path) -> None:
    """A time of day that nobody recognises must not leave one reading of each day."""
    rows = (f"{at[:10]},{1 + n % 7 / 10:.1f},9{n % 24}.5" for n, at in enumerate(HOURS))
    (tmp_path / "quarters.csv").write_text("Date,kWh,Temperature\n" + "\n".join(rows))
    result = call("check", "quarters.csv")

    assert result.exit_code == 1
    assert "most rows say another value for the same instant" in refusals(result)[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("database = 5", "database = 5 -> must be text in quotes"),
        ('jobs = "two"', "jobs = 'two' -> must be a whole number"),
        ("rules = 3", "rules = 3 -> must be a table"),
        ("[[feed]]\nglob = 5", "[[feed]] number 1: glob = 5 -> must be text in quotes"),
        ('[[feed]]\nminutes = "60"', "minutes = '60' -> must be a whole number"),
        ('[[feed]]\nstrict = "x"', "strict = 'x' -> must be true or false"),
        ("[[feed]]\nmultiplier = nan", "a multiplier of nan leaves no reading"),
        ("timezone = UTC", "texts stand in quotes"),
    ],
)
def test_a_setting_of_the_wrong_type_is_named(call: Call, exports: Path, text: str, told: str) -> None:
    """Not at the first file that it would break, and not by Python's own words."""
    (exports.parent / "hyperwatt.toml").write_text(text)
    result = call("run", exports)

    assert result.exit_code == 1
    assert told in result.stderr


def test_settings_as_notepad_saves_them(call: Call, exports: Path) -> None:
    """A byte order mark is no mistake of the user's."""
    (exports.parent / "hyperwatt.toml").write_text('[[feed]]\nmultiplier = 2\nunit = "kWh"\n', encoding="utf-8-sig")

    assert call("run", exports).exit_code == 0


@pytest.mark.parametrize("factor", ["0", "nan", "inf"])
def test_a_factor_that_leaves_nothing_is_refused(call: Call, exports: Path, factor: str) -> None:
    """Else the file would count as loaded, with nothing of it stored."""
    result = call("run", exports, "--multiplier", factor)

    assert result.exit_code == 2
    assert "would take every reading away" in result.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_refused(call: Call, exports: Path) -> None:
    """Whoever reads a pipe waits for its writer, here for ever."""
    os.mkfifo(exports / "pipe.csv")
    result = call("run", exports / "hall.csv", exports / "pipe.csv")

    assert result.exit_code == 1
    assert "this is a pipe or a device, and no file" in refusals(result)[0]
    assert "1 channel," in result.stdout


def test_a_name_that_is_none_is_refused(call: Call, exports: Path) -> None:
    """The others are still loaded."""
    result = call("run", exports, "x" * 300 + ".csv")

    assert result.exit_code == 1
    assert "cannot be read" in refusals(result)[0]
    assert "1 channel," in result.stdout


def test_a_register_may_say_names_alone(call: Call, exports: Path) -> None:
    """Site, meter and name are columns of README's table."""
    (exports / "meters.csv").write_text("site,meter,name\nEast,hall,Assembly Hall\n")

    assert call("run", exports).exit_code == 0


def test_extract_needs_a_database(call: Call, tmp_path: Path) -> None:
    """A mistyped folder is told as such, and nothing is made there."""
    result = call("extract", "--out", "typo")

    assert result.exit_code == 1
    assert "there is no database" in result.stderr
    assert not (tmp_path / "typo").exists()
