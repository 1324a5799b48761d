"""`hyperwatt publish` as a command: what it prints, that it may be killed, its memory, and who sees its secret."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from click.testing import CliRunner, Result
from tableau_server import Fault, StandIn, running
from tableauhyperapi import HyperProcess

from pipeline.cli import main
from pipeline.config import load_settings
from pipeline.run import run as run_pipeline

SECRET = "NightlySecret+/=="
PASSWORD = "Read'er & <only>"
ROOT = Path(__file__).resolve().parents[1]

PUBLISH = """
import pathlib, sys
from pipeline.cli import main
try:
    main(sys.argv[1:])
finally:
    status = pathlib.Path("/proc/self/status")
    print("peak", status.read_text().partition("VmHWM:")[2].split()[0] if status.exists() else 0)
"""
"""What getrusage says of a process begins with what its parent had; /proc tells of the process alone."""


@pytest.fixture
def site(tmp_path: Path, hyperd: HyperProcess) -> Iterator[StandIn]:
    """A running stand-in."""
    with running(tmp_path / "site", hyperd) as stand_in:
        yield stand_in
    assert stand_in.violations == []


@pytest.fixture(scope="module")
def extracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a small run."""
    folder = tmp_path_factory.mktemp("run")
    hours = [f"2024-01-{day:02d} {hour:02d}:00,1.5" for day in range(1, 11) for hour in range(24)]
    (folder / "m.csv").write_text("timestamp,M1\n" + "\n".join(hours))
    run_pipeline([folder / "m.csv"], load_settings(out=folder / "out", timezone="UTC"))
    return folder / "out"


@pytest.fixture
def place(tmp_path: Path, site: StandIn) -> Callable[..., Path]:
    """A function that writes hyperwatt.toml and a key file into a folder of its own."""

    def write(more: str = "") -> Path:
        key = tmp_path / "key.toml"
        login = f'warehouse_user = "reader"\nwarehouse_password = "{PASSWORD}"\n'
        key.write_text(f'token_name = "nightly"\ntoken = "{SECRET}"\n{login}')
        key.chmod(0o600)
        said = f'[publish]\nsite = "{site.url}/#/site/energy/home"\nkey_file = "{key}"\n{more}'
        (tmp_path / "hyperwatt.toml").write_text(said)
        return tmp_path

    return write


@pytest.fixture
def call(place: Callable[..., Path], extracts: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """A function that calls the command on the small run's extracts."""
    monkeypatch.chdir(place())
    return lambda *arguments: CliRunner().invoke(main, ["publish", "--out", str(extracts), *arguments])


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start `hyperwatt publish` as a process of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HYPERWATT_")}
    return subprocess.Popen(
        [sys.executable, "-c", PUBLISH, "publish", *arguments],
        cwd=folder,
        env=clean | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# ---- what it prints --------------------------------------------------------------------------------------------------


def test_plan_then_work_then_nothing(call: Callable[..., Result], site: StandIn) -> None:
    """The plan first, then a line each with bytes and proof, then nothing to do."""
    plan, work, rest = call("--dry-run"), call(), call()

    assert [one.exit_code for one in (plan, work, rest)] == [0, 0, 0]
    assert "daily: create, 65.5 kB\n" in plan.stdout
    assert "readings: created; sent 66." in work.stdout
    assert "read back, equal row for row: 240 rows and 360.0 kWh; revision 1\n" in work.stdout
    assert "readings: unchanged; sent 0 bytes" in rest.stdout
    assert f"{site.url}/#/site/energy, project default\n" in work.stdout
    assert "sending readings (bytes) " in work.stderr


def test_refusals_are_lines_and_exit_1(call: Callable[..., Result], site: StandIn, extracts: Path) -> None:
    """What was refused is on stderr, everything else was done."""
    call()
    site.state.named("datasource", "daily").tags.clear()
    for path in (extracts / "extracts" / ".hyperwatt").glob("site-*"):
        path.unlink()
    refused = call()

    assert refused.exit_code == 1
    assert "daily: datasource 'daily' is there already and is none of ours -> " in refused.stderr
    assert "readings: unchanged" in refused.stdout
    assert "Traceback" not in refused.output


SENTENCES: dict[str, tuple[Callable[[StandIn], object], str]] = {
    "wrong token": (lambda site: site.state.tokens.clear(), "401001 Signin Error"),
    "wrong site": (lambda site: setattr(site.state, "site", "other"), "copy the address from the browser"),
    "too old": (lambda site: setattr(site, "version", ("2019.3", "3.5")), "too old (REST API 3.5)"),
    "no permission": (lambda site: site.faults.append(Fault("forbidden", "POST .*datasources", times=9)), "403004"),
    "proxy": (lambda site: site.faults.append(Fault("page", "", times=99)), "a web page answers (Corporate sign-in)"),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_one_sentence_each(call: Callable[..., Result], site: StandIn, case: str) -> None:
    """Each trouble is a sentence with what to do; no traceback, no secret."""
    spoil, sentence = SENTENCES[case]
    spoil(site)
    refused = call()

    assert refused.exit_code == 1
    assert sentence in refused.stderr
    assert " -> " in refused.stderr
    assert not any(word in refused.output for word in ("Traceback", SECRET))


def test_missing_project_is_a_sentence(place: Callable[..., Path], extracts: Path, site: StandIn) -> None:
    """Where it is not to be made."""
    config = place('project = "Energy"\ncreate_project = false\n') / "hyperwatt.toml"
    refused = CliRunner().invoke(main, ["publish", "--out", str(extracts), "--config", str(config)])

    assert refused.exit_code == 1
    assert "has no project 'Energy' -> make it" in refused.stderr


# ---- as a process ----------------------------------------------------------------------------------------------------


def packaged(folder: Path, megabytes: int) -> Path:
    """A file that is as long as a large extract and cannot be made smaller."""
    path = folder / "out" / "big.tdsx"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(np.random.default_rng(megabytes).bytes(megabytes << 20))
    return path


BIG = 'chunk_mb = 2\n[publish.datasources.big]\nfile = "out/big.tdsx"\n'


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
@pytest.mark.parametrize("moment", [r"PUT .*/fileUploads/", r"POST .*/datasources", r"PUT .*/tags"])
def test_killed_and_run_again(site: StandIn, place: Callable[..., Path], moment: str) -> None:
    """Killed in the middle of an upload, while publishing, and after it: nothing half is there, and it finishes."""
    import re

    folder = place(BIG)
    path = packaged(folder, 20)
    process: list[subprocess.Popen[str]] = []
    seen: list[str] = []

    def kill(request: str) -> None:
        seen.extend([request] if re.search(moment, request) else [])
        if len(seen) == (5 if "fileUploads" in moment else 1) and process:
            process.pop().send_signal(signal.SIGKILL)

    site.watch = kill
    process.append(first := start(folder, "--out", "out"))
    first.communicate(timeout=60)
    assert first.returncode == -signal.SIGKILL
    assert [one.file.read_bytes() == path.read_bytes() for one in site.state.content] in ([], [True])
    site.watch = str
    again = start(folder, "--out", "out")
    said = again.communicate(timeout=60)

    assert again.returncode == 0, said
    assert site.state.named("datasource", "big").file.read_bytes() == path.read_bytes()
    assert site.state.named("datasource", "big").tags == {"hyperwatt"}


BOOK = """<workbook><datasource><connection class='mysql' server='db.corp'/></datasource>
<worksheets><worksheet name='Cost'/></worksheets></workbook>"""
COST = """[publish.datasources]
[publish.workbooks.cost]
file = "cost.twb"
credentials = "warehouse"
schedule = "Nightly"
tabpy = "Energy TabPy"
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
@pytest.mark.parametrize("moment", ["PUT .*/connections/", "PUT .*/schedules/", "PUT .*/selected_connection"])
def test_killed_while_setting_and_run_again(site: StandIn, place: Callable[..., Path], moment: str) -> None:
    """Whatever was set by then is not set twice, and the rest is."""
    import re

    folder = place(COST)
    (folder / "cost.twb").write_text(BOOK)
    (folder / "out" / "extracts").mkdir(parents=True)
    process: list[subprocess.Popen[str]] = []

    def kill(request: str) -> None:
        if re.search(moment, request) and process:
            process.pop().send_signal(signal.SIGKILL)

    site.watch = kill
    process.append(first := start(folder, "--out", "out"))
    first.communicate(timeout=60)
    assert first.returncode == -signal.SIGKILL
    site.watch = str
    again = start(folder, "--out", "out")
    said = again.communicate(timeout=60)

    assert again.returncode == 0, said
    content = site.state.named("workbook", "cost")
    assert [one.password for one in content.connections if one.embed] == [PASSWORD]
    assert [site.state.schedules[task.schedule] for task in site.state.tasks] == ["Nightly"]
    assert site.state.extensions[content.extension] == "Energy TabPy"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak of a process")
def test_memory_is_flat(site: StandIn, place: Callable[..., Path]) -> None:
    """Ten times the file takes no more memory than a few pieces of an upload."""
    peaks: dict[int, int] = {}
    for megabytes in (10, 100):
        folder = place(BIG.replace("[publish.d", "replace = true\n[publish.d"))
        packaged(folder, megabytes)
        child = start(folder, "--out", "out")
        said, wrong = child.communicate(timeout=60)
        assert child.returncode == 0, wrong
        peaks[megabytes] = int(said.rpartition("peak")[2]) >> 10

    assert site.state.named("datasource", "big").file.stat().st_size == 100 << 20
    assert peaks[100] - peaks[10] < 20, peaks


@pytest.mark.skipif(sys.platform == "win32", reason="/proc and its like")
def test_secret_is_in_no_list_of_processes(site: StandIn, place: Callable[..., Path], extracts: Path) -> None:
    """Neither the command line nor the environment of the process and of its hyperd holds it; nor the password."""
    folder = place("[publish.datasources.readings]\n" + COST.partition("\n")[2])
    (folder / "cost.twb").write_text(BOOK)
    seen: list[Any] = []
    process: list[subprocess.Popen[str]] = []

    def look(request: str) -> None:
        if process and ("fileUploads" in request or "/connections/" in request):
            own = psutil.Process(process[0].pid)
            seen.extend([one.cmdline(), one.environ()] for one in (own, *own.children(recursive=True)))

    site.watch = look
    process.append(child := start(folder, "--out", str(extracts)))
    said = child.communicate(timeout=60)

    assert child.returncode == 0, said
    assert len(seen) >= 4
    assert site.state.named("workbook", "cost").connections[0].password == PASSWORD
    assert not any(word in repr(seen) + repr(said) for word in (SECRET, PASSWORD, repr(PASSWORD)[1:-1]))
