"""A TabPy of our own: its folder made offline, its address, its users, its settings, its end."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from pipeline.config import tabpy_environment
from pipeline.errors import PublishError
from pipeline.publish.tabpy_build import build_functions
from pipeline.publish.tabpy_client import TabPy, TabPyRefusedError
from pipeline.publish.tabpy_server import Running, running_tabpy, serving
from pipeline.publish.tabpy_state import ServerSettings, prepare, write_user
from tabpy_functions.catalogue import FUNCTIONS, Published, equal_to

ROOT = Path(__file__).resolve().parents[1]
Start = Callable[..., Running]


DOUBLE = {"double": Published(lambda values: [2 * one for one in values], "Doubles.", ([1, 2],), equal_to([2, 4]))}


def test_a_folder_made_offline_is_served(tabpy: Running) -> None:
    """TabPy finds every function in the folder, with its texts; loads it without our package."""
    endpoints, status = tabpy.client.endpoints(), tabpy.client.status()

    assert set(endpoints) == set(status) == set(FUNCTIONS)
    assert {one["status"] for one in status.values()} == {"LoadSuccessful"}
    for built in build_functions():
        said = endpoints[built.name]
        assert said["description"] == built.description
        assert said["docstring"].split() == built.docstring.split()  # TabPy takes indentation away
        assert said["is_public"] is True


@pytest.mark.parametrize("module", ["pipeline", "tabpy_functions", "tabpy_functions.days"])
def test_our_package_is_not_there(tabpy: Running, module: str) -> None:
    """The interpreter in which these functions run cannot import ours."""
    with pytest.raises(TabPyRefusedError, match="ModuleNotFoundError"):
        tabpy.client.evaluate(f"import {module}; return 1")


def test_it_listens_on_this_machine_only(tabpy: Running) -> None:
    """No address but 127.0.0.1, where TabPy itself takes all of them."""
    listening = [
        one.laddr.ip for one in psutil.Process(tabpy.process.pid).net_connections("inet") if one.status == "LISTEN"
    ]

    assert listening == ["127.0.0.1"]


def test_a_scripts_own_call_comes_back_to_it(tabpy: Running) -> None:
    """`tabpy.query` in a script asks the port that the server really has, though it was free to choose."""
    answer = tabpy.client.evaluate("return tabpy.query('hyperwatt_version')['response']", [1])

    assert answer == tabpy.client.query("hyperwatt_version", [])


@pytest.mark.parametrize("name", ["100% sure", "it's here", "größe"])
def test_any_folder_will_do(tmp_path: Path, name: str) -> None:
    """Percent signs, quotes and letters in the path: TabPy's settings file would trip over each."""
    with serving(tmp_path / name, build_functions(DOUBLE), ServerSettings(0), tabpy_environment()) as running:
        assert running.client.query("double", [[1, 2]]) == [2, 4]


def test_settings_come_from_the_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TABPY_* of the environment would add settings, and two names that differ only in case would end the start."""
    monkeypatch.setenv("TABPY_PWD_FILE", "/nowhere")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    with serving(tmp_path, build_functions(DOUBLE), ServerSettings(0), tabpy_environment()) as running:
        assert running.client.evaluate("return tabpy.query('double', _arg1)['response']", [1]) == [2]


def test_a_new_build_replaces_the_old(tmp_path: Path) -> None:
    """What a folder held before is gone: functions, users."""
    prepare(tmp_path, build_functions({"old": DOUBLE["double"]}), ServerSettings(user="ann", password="secret"))
    prepare(tmp_path, build_functions(DOUBLE), ServerSettings())

    assert [path.name for path in (tmp_path / "query_objects").iterdir()] == ["double"]
    assert not (tmp_path / "users.txt").exists()
    assert "old" not in (tmp_path / "state.ini").read_text()


def test_what_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    """A folder with other things in it is refused, and nothing of it is touched."""
    (tmp_path / "query_objects").mkdir()

    with pytest.raises(PublishError, match="not the state of a TabPy -> name another folder"):
        prepare(tmp_path, build_functions(DOUBLE), ServerSettings())
    assert [path.name for path in tmp_path.iterdir()] == ["query_objects"]


def test_a_taken_port_is_told(tabpy: Running, tmp_path: Path) -> None:
    """Before the folder of the server that is there would be made anew under it; and by the launcher itself."""
    port = int(tabpy.url.rpartition(":")[2])

    with (
        pytest.raises(PublishError, match=f"port {port} is taken -> choose another"),
        serving(tmp_path / "new", [], ServerSettings(port), tabpy_environment()),
    ):
        pass
    assert not (tmp_path / "new").exists()
    prepare(tmp_path / "new", [], ServerSettings())
    with (
        pytest.raises(PublishError, match=f"port {port} is taken -> choose another"),
        running_tabpy(tmp_path / "new", tabpy_environment(), port=port),
    ):
        pass


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    """The last line that TabPy wrote, and where the rest is."""
    prepare(tmp_path, [], ServerSettings())
    (tmp_path / "state.ini").write_text("nothing")

    with (
        pytest.raises(PublishError, match=r"TabPy did not start: .*headers.* -> all of it stands in .*tabpy\.err"),
        running_tabpy(tmp_path, tabpy_environment()),
    ):
        pass


def test_scripts_that_print_do_not_hold_it_up(tabpy: Running) -> None:
    """Nobody reads on at the launcher's standard output, and what is written there must not fill a pipe."""
    assert tabpy.client.evaluate("print('x' * 1_000_000); return 1") == 1
    assert tabpy.client.query("hyperwatt_version", [])


# ---- users and scripts -----------------------------------------------------------------------------------------------


def test_a_user_is_let_in_and_others_are_not(start_tabpy: Start) -> None:
    """With the password all works, scripts too; without, or with another, a sentence says so."""
    running = start_tabpy(build_functions(DOUBLE), user="Ann", password="p%s!#Ü")
    client = running.client

    assert client.query("double", [[1]]) == [2]
    assert client.evaluate("return tabpy.query('double', _arg1)['response']", [4]) == [8]
    with pytest.raises(TabPyRefusedError, match=r"401 .*it wants a user: --user NAME"):
        TabPy(client.url).ask_info()
    with pytest.raises(TabPyRefusedError, match=r"401 .*user or password is wrong"):
        TabPy(client.url, "ann", "other").ask_info()


def test_a_password_is_nowhere_in_clear(start_tabpy: Start) -> None:
    """Not in a file of the server, not in what we show; the file of users is for its owner only."""
    running = start_tabpy(build_functions(DOUBLE), user="ann", password="veryplain")
    running.client.query("double", [[1]])

    texts = [path.read_bytes() for path in running.folder.rglob("*") if path.is_file()]

    assert len(texts) > 3
    assert not any(b"veryplain" in text for text in texts)
    assert "veryplain" not in repr(running.client) + repr(running)
    assert stat.S_IMODE((running.folder / "users.txt").stat().st_mode) == 0o600


@pytest.mark.parametrize(("user", "password"), [("ann", "a:b"), ("ann", ""), ("a b", "x"), ("a:b", "x"), ("", "x")])
def test_a_user_that_tabpy_would_never_let_in_is_refused(tmp_path: Path, user: str, password: str) -> None:
    """A colon in a password, a blank in a name: TabPy takes them and then refuses the user for ever."""
    with pytest.raises(PublishError, match="must"):
        write_user(tmp_path, user, password)
    assert not (tmp_path / "users.txt").exists()


def test_scripts_can_be_switched_off(start_tabpy: Start) -> None:
    """Then deployed functions still answer, and a script is told what it needs."""
    running = start_tabpy(build_functions(DOUBLE), evaluate=False)

    assert running.client.query("double", [[3]]) == [6]
    with pytest.raises(TabPyRefusedError, match=r"404 .*TABPY_EVALUATE_ENABLE = true: every SCRIPT_ calculation needs"):
        running.client.evaluate("return 1")


def test_a_slow_script_is_told(start_tabpy: Start) -> None:
    """After the limit comes TabPy's 408 as a sentence."""
    running = start_tabpy(evaluate_seconds=0.2)

    with pytest.raises(TabPyRefusedError, match=r"408 .*longer than TABPY_EVALUATE_TIMEOUT"):
        running.client.evaluate("import threading; threading.Event().wait(1)")


# ---- the end ---------------------------------------------------------------------------------------------------------

SERVE = (sys.executable, "-c", "from pipeline.cli import main; main()", "tabpy", "serve", "--port", "0")


def test_the_command_serves_without_a_terminal_and_asks_nothing(tmp_path: Path) -> None:
    """`hyperwatt tabpy serve` says where, has proved every function, and its TabPy ends with it, however it ends."""
    environment = tabpy_environment() | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*SERVE, "--out", "out"],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stdout is not None
        said = []
        while not (said and "Manage Analytics Extension" in said[-1]):
            said.append(command.stdout.readline())
        (server,) = psutil.Process(command.pid).children()
        url = said[-1].split()[-1]

        assert TabPy(url).ask_info()["server_version"]
        assert all(any(f"{name} " in line and "right" in line for line in said) for name in FUNCTIONS)
        os.kill(command.pid, signal.SIGKILL)
        server.wait(10)

    assert not server.is_running()


def test_a_server_that_ends_by_itself_is_told(start_tabpy: Start) -> None:
    """Whoever waits for it is not left in the belief that all is well."""
    running = start_tabpy()
    running.process.kill()

    with pytest.raises(PublishError, match=r"TabPy ended by itself \(code -9\) -> see .*tabpy\.log"):
        running.wait()


def test_the_command_wants_a_password_it_cannot_ask_for(tmp_path: Path) -> None:
    """Without a terminal there is nobody to ask: one line, exit 1."""
    environment = tabpy_environment() | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*SERVE, "--user", "ann"],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "no password for ann -> set HYPERWATT_TABPY_PASSWORD" in done.stderr
    assert list(tmp_path.iterdir()) == []
