"""Several TabPy behind one address: a real nginx before two real processes, all from the folder that is written."""

import os
import shutil
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.config import tabpy_environment
from pipeline.errors import PublishError
from pipeline.progress import silent
from pipeline.publish.tabpy_build import build_functions
from pipeline.publish.tabpy_client import TabPy, TabPyRefusedError
from pipeline.publish.tabpy_deploy import deploy, prove_all
from pipeline.publish.tabpy_server import Running, running_tabpy
from pipeline.publish.tabpy_site import FIRST, IMPORTS, write_site
from pipeline.publish.tabpy_state import ServerSettings
from tabpy_functions.catalogue import FUNCTIONS, Published, equal_to

TRIVIAL = {name: FUNCTIONS[name] for name in ("hyperwatt_version",)}


@dataclass
class Site:
    """A site that runs."""

    client: TabPy
    folder: Path
    workers: list[Running]


def free_port(workers: int = 2) -> int:
    """A port that is free, and so are those of its workers; below those that outgoing connections take."""
    for port in range(10_000 + 7 * os.getpid() % 5_000, 20_000):
        with ExitStack() as stack:
            try:
                for each in (port, *range(port + FIRST, port + FIRST + workers)):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", each))
            except OSError:
                continue
            return port
    pytest.fail("no free ports")


@contextmanager
def nginx(folder: Path) -> Iterator[None]:
    """Run nginx on the site's own configuration; until it listens, connections are refused."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    said = folder / "nginx.said"
    with (
        said.open("w") as file,
        subprocess.Popen(
            ["nginx", "-p", str(folder), "-c", "nginx.conf", "-e", "nginx.err", "-g", "daemon off;"], stderr=file
        ) as process,
    ):
        try:
            yield
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two workers behind nginx, for tests that leave both as they are."""
    with running_site(tmp_path_factory.mktemp("shared")) as running:
        yield running


@contextmanager
def running_site(tmp_path: Path) -> Iterator[Site]:
    """Two workers behind nginx."""
    port = free_port()
    write_site(tmp_path / "site", build_functions(TRIVIAL), ServerSettings(port, evaluate_seconds=1.0))
    workers = sorted((tmp_path / "site" / "workers").iterdir())
    with ExitStack() as stack:
        running = [
            stack.enter_context(running_tabpy(worker, tabpy_environment(), port=port + FIRST + number))
            for number, worker in enumerate(workers)
        ]
        stack.enter_context(nginx(tmp_path / "site"))
        client = TabPy(f"http://127.0.0.1:{port}")
        _wait_until_it_listens(client)
        yield Site(client, tmp_path / "site", running)


def _wait_until_it_listens(client: TabPy) -> None:
    for _ in range(2000):
        try:
            client.ask_info()
        except PublishError:
            continue
        return
    pytest.fail("nginx does not listen")


def test_calls_are_shared_out(site: Site) -> None:
    """Both workers answer at the one address, all functions as they should."""
    with ThreadPoolExecutor(8) as pool:
        answered = Counter(pool.map(lambda _: site.client.ask_info()["state_path"], range(80)))

    assert set(answered) == {str(worker.folder.resolve()) for worker in site.workers}
    assert min(answered.values()) >= 20
    assert [one.wrong for one in prove_all(site.client, build_functions(TRIVIAL), TRIVIAL)] == [""]
    assert site.client.evaluate("return tabpy.query('hyperwatt_version')['response']", [1])


def test_a_worker_that_is_down_is_left_out(tmp_path: Path) -> None:
    """No call fails."""
    with running_site(tmp_path) as site, ThreadPoolExecutor(8) as pool:
        site.workers[0].process.terminate()
        site.workers[0].process.wait()
        answered = Counter(pool.map(lambda _: site.client.ask_info()["state_path"], range(80)))

    assert set(answered) == {str(site.workers[1].folder.resolve())}


def test_a_slow_script_gets_tabpys_own_word(site: Site) -> None:
    """nginx waits longer than a script may take, and a script is not begun again on the other worker."""
    script = "import threading; open(_arg1, 'a').write('begun '); threading.Event().wait(1.5)"

    with pytest.raises(TabPyRefusedError, match=r"408 .*longer than TABPY_EVALUATE_TIMEOUT"):
        site.client.evaluate(script, str(site.folder / "begun"))
    assert (site.folder / "begun").read_text() == "begun "


def test_a_slow_worker_does_not_hold_up_the_other(site: Site, tmp_path: Path) -> None:
    """While one is busy with a call, all others go to the other: a TabPy alone would answer none of them."""
    held = {"held": Published(lambda path: Path(path).read_text(), "Waits.", (), equal_to(""))}
    for worker in site.workers:
        deploy(worker.client, build_functions(held), silent)
    os.mkfifo(tmp_path / "pipe")

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(site.client.query, "held", [str(tmp_path / "pipe")])
        with (tmp_path / "pipe").open("w") as pipe:  # opens when the worker has opened it, and not before
            quick = [replace(site.client, timeout=5).ask_info()["state_path"] for _ in range(6)]
            pipe.write("done")

    assert slow.result() == "done"
    assert len(set(quick)) == 1


def test_nobody_deploys_to_the_one_address(site: Site) -> None:
    """Each worker keeps functions of its own."""
    with pytest.raises(PublishError, match="several TabPy answer there"):
        deploy(site.client, build_functions(TRIVIAL), silent)


def test_the_command_writes_all_that_is_needed(tmp_path: Path) -> None:
    """Folders of one build, each with a port of its own; a second time over the first; never over something else."""
    folder = tmp_path / "site"
    for _ in range(2):
        result = CliRunner().invoke(main, ["tabpy", "site", str(folder), "--workers", "3"])
        assert result.exit_code == 0, result.output

    workers = sorted((folder / "workers").iterdir())
    builds = {(worker / "query_objects/hyperwatt_version/1/pickle_archive").read_bytes() for worker in workers}
    ports = [line for worker in workers for line in (worker / "tabpy.conf").read_text().splitlines() if "PORT" in line]

    assert (len(workers), len(builds)) == (3, 1)
    assert ports == ["TABPY_PORT = 9101", "TABPY_PORT = 9102", "TABPY_PORT = 9103"]
    assert (folder / "nginx.conf").read_text().count("server 127.0.0.1:91") == 3
    assert not any("$" in line for name in ("compose.yaml", "README.txt") for line in (folder / name).read_text())
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thing").touch()
    refused = CliRunner().invoke(main, ["tabpy", "site", str(tmp_path / "other")])
    assert (refused.exit_code, "no site of TabPy" in refused.stderr) == (1, True)


def test_the_service_starts_what_it_says(tmp_path: Path) -> None:
    """The unit's command, as systemd would run it for worker 1, serves the functions at the worker's port."""
    port = free_port()
    write_site(tmp_path, build_functions(TRIVIAL), ServerSettings(port), workers=1)
    unit = (tmp_path / "hyperwatt-tabpy@.service").read_text()
    (line,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    command = [word.replace("%i", "1") for word in line.removeprefix("ExecStart=").replace('"', "").split()]

    assert command[0] == sys.executable
    with subprocess.Popen(command, cwd=tmp_path, env=tabpy_environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        client = TabPy(f"http://127.0.0.1:{port + FIRST}")
        answer = client.query("hyperwatt_version", [])
        # One thread imports, after the functions: what is asked of it next comes when it is through.
        deploy(client, build_functions(TRIVIAL), silent)
        imported = client.evaluate("import sys; return [name in sys.modules for name in _arg1]", IMPORTS.split())
        process.terminate()

    assert said == f"listening {port + FIRST}\n"
    assert answer == FUNCTIONS["hyperwatt_version"].call()
    assert all(imported)
