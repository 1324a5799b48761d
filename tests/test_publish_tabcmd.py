"""tabcmd, Tableau's own command, drives the stand-in and finds what we have published, byte for byte.

It wants another tableauserverclient than ours, so it has an environment of its own; HYPERWATT_TEST_TABCMD names its
executable.
"""

import os
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tableau_server import StandIn, running
from tableauhyperapi import Connection, CreateMode, HyperProcess

from pipeline.config import Settings
from pipeline.publishing import publish

TABCMD = os.path.abspath(os.environ.get("HYPERWATT_TEST_TABCMD", ""))
SECRET = "NightlySecret+/=="
BOOK = "<?xml version='1.0'?><workbook><worksheets><worksheet name='Trend'/></worksheets></workbook>"

pytestmark = pytest.mark.skipif(not Path(TABCMD).is_file(), reason="HYPERWATT_TEST_TABCMD names no tabcmd")

Tabcmd = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def site(tmp_path: Path, hyperd: HyperProcess) -> Iterator[StandIn]:
    """A running stand-in; what tabcmd asks and what it is answered must be as Tableau's schema has it."""
    with running(tmp_path / "site", hyperd) as stand_in:
        yield stand_in
    assert stand_in.violations == []


@pytest.fixture
def tabcmd(site: StandIn, tmp_path: Path) -> Tabcmd:
    """A function that runs tabcmd in a home of its own, where it keeps its session from one call to the next."""
    home = tmp_path / "home"
    home.mkdir()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HYPERWATT_", "PYTHON"))}

    def call(*arguments: str) -> "subprocess.CompletedProcess[str]":
        said = [TABCMD, *arguments, "--no-prompt"]
        return subprocess.run(
            said, cwd=home, env=clean | {"HOME": str(home)}, capture_output=True, text=True, timeout=60, check=False
        )

    return call


@pytest.fixture
def login(site: StandIn, tabcmd: Tabcmd, tmp_path: Path) -> Callable[[str], "subprocess.CompletedProcess[str]"]:
    """A function that signs in by a token in a file; a line's end would be part of the secret."""

    def call(secret: str) -> "subprocess.CompletedProcess[str]":
        (tmp_path / "token").write_text(secret)
        who = ("--token-name", "nightly", "--token-file", str(tmp_path / "token"))
        return tabcmd("login", "-s", site.url, "-t", "energy", *who)

    return call


def extract(path: Path, hyperd: HyperProcess) -> Path:
    """A small extract."""
    with Connection(hyperd.endpoint, path, CreateMode.CREATE_AND_REPLACE) as connection:
        connection.execute_command('CREATE SCHEMA "Extract"')
        connection.execute_command('CREATE TABLE "Extract"."Extract" AS (SELECT 1 AS k, 1.5 AS kwh)')
    return path


def test_it_signs_in_publishes_lists_and_gets(
    site: StandIn, tabcmd: Tabcmd, login: Callable[[str], object], hyperd: HyperProcess, tmp_path: Path
) -> None:
    """A data source and a workbook of its own, found and downloaded as they were."""
    file, book = extract(tmp_path / "meters.hyper", hyperd), tmp_path / "use.twb"
    book.write_text(BOOK)
    login(SECRET)
    for path in (file, book):
        done = tabcmd("publish", str(path), "--project", "default", "-n", path.stem)
        assert done.returncode == 0, done.stderr
    listed = tabcmd("list", "datasources", "-n")
    fetched = [
        tabcmd("get", "datasources/meters.tdsx", "-f", "back.tdsx"),
        tabcmd("get", "workbooks/use.twb", "-f", "book.twb"),
        tabcmd("get", "views/use/Trend.png", "-f", "trend.png"),
    ]

    assert [one.returncode for one in fetched] == [0, 0, 0], [one.stderr for one in fetched]
    assert "meters" in listed.stdout + listed.stderr
    home = tmp_path / "home"
    assert (home / "back.hyper").read_bytes() == file.read_bytes()
    assert (home / "book.twb").read_bytes() == book.read_bytes()
    assert (home / "trend.png").read_bytes().startswith(b"\x89PNG")


def test_it_gets_what_we_have_published(
    site: StandIn,
    tabcmd: Tabcmd,
    login: Callable[[str], object],
    hyperd: HyperProcess,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two clients, one site: our extract arrives at the other as it is here."""
    monkeypatch.setenv("HYPERWATT_TABLEAU_TOKEN_NAME", "nightly")
    monkeypatch.setenv("HYPERWATT_TABLEAU_TOKEN", SECRET)
    (tmp_path / "out" / "extracts").mkdir(parents=True)
    file = extract(tmp_path / "out" / "extracts" / "meters.hyper", hyperd)
    done = publish(Settings(out=tmp_path / "out", publish={"site": f"{site.url}/#/site/energy"}), hyper=hyperd)
    assert done.refused == {}
    login(SECRET)
    fetched = tabcmd("get", "datasources/meters.tdsx", "-f", "back.tdsx")

    assert fetched.returncode == 0, fetched.stderr
    assert (tmp_path / "home" / "back.hyper").read_bytes() == file.read_bytes()


def test_a_wrong_token_is_refused(site: StandIn, login: Callable[[str], "subprocess.CompletedProcess[str]"]) -> None:
    """As by a real server: 401001, no session, exit 1."""
    refused = login(f"{SECRET}\n")

    assert refused.returncode == 1
    assert "401001" in refused.stdout + refused.stderr
    assert site.state.sessions == {}


def test_it_refreshes_what_we_have_published(
    site: StandIn,
    tabcmd: Tabcmd,
    login: Callable[[str], object],
    hyperd: HyperProcess,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The credentials that we have embedded let the site in to the database."""
    for name, value in {"TOKEN_NAME": "nightly", "TOKEN": SECRET, "W_USER": "reader", "W_PASSWORD": "p"}.items():
        monkeypatch.setenv(f"HYPERWATT_TABLEAU_{name}", value)
    with zipfile.ZipFile(tmp_path / "tariffs.tdsx", "w") as packed:
        packed.writestr("t.tds", "<datasource><connection class='mysql' server='db.corp'/></datasource>")
    said = {"file": str(tmp_path / "tariffs.tdsx"), "credentials": "w", "schedule": "Nightly"}
    declared = {"site": f"{site.url}/#/site/energy", "datasources": {"tariffs": said}}
    (tmp_path / "extracts").mkdir()
    assert publish(Settings(out=tmp_path, publish=declared), hyper=hyperd).refused == {}
    login(SECRET)
    refreshed = tabcmd("refreshextracts", "--datasource", "tariffs", "--project", "default")
    site.state.settle()

    assert refreshed.returncode == 0, refreshed.stderr
    assert site.state.named("datasource", "tariffs").refreshes == 1
