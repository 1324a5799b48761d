"""Functions onto a TabPy that runs: over HTTP alone, over what stands there, and never what would break it."""

import datetime as dt
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fake_tabpy import INFO, fake_tabpy

import tabpy_functions
from pipeline.cli import main
from pipeline.config import tabpy_environment
from pipeline.errors import PublishError
from pipeline.progress import silent
from pipeline.publish.tabpy_build import build_functions
from pipeline.publish.tabpy_client import TabPy
from pipeline.publish.tabpy_deploy import deploy, prove_all
from pipeline.publish.tabpy_server import Running, running_tabpy
from pipeline.publish.tabpy_state import ServerSettings, prepare
from tabpy_functions.catalogue import FUNCTIONS, Published, equal_to

Start = Callable[..., Running]


def times(factor: int) -> dict[str, Published]:
    """Give a catalogue of one function, which multiplies."""

    def multiply(values: list[float]) -> list[float]:
        """Multiply."""
        return [factor * one for one in values]

    return {"multiply": Published(multiply, "Multiplies.", ([1, 2],), equal_to([factor, 2 * factor]))}


def hyperwatt(*words: str, **environment: str) -> Result:
    """Call `hyperwatt tabpy`."""
    return CliRunner().invoke(main, ["tabpy", *words], env=environment)


# ---- onto a server ---------------------------------------------------------------------------------------------------


def test_every_function_goes_onto_an_empty_server(start_tabpy: Start) -> None:
    """By the command: a table in which each has its version and the right answer; the server has nothing of ours."""
    running = start_tabpy()

    result = hyperwatt("deploy", running.url)
    lines = [line.split() for line in result.stdout.splitlines() if line.split()[0] in FUNCTIONS]

    assert result.exit_code == 0, result.output
    assert [line[0] for line in lines] == list(FUNCTIONS)
    assert {(line[1], line[-1]) for line in lines} == {(tabpy_functions.VERSION, "right")}
    assert "Traceback" not in running.log


def test_nothing_is_written_from_here(start_tabpy: Start) -> None:
    """No file of the server is opened by this process: only HTTP is shared, as with a server on another machine."""
    running, opened = start_tabpy(), []
    watching = [True]
    sys.addaudithook(lambda event, values: opened.append(str(values[0])) if watching and event == "open" else None)

    deploy(running.client, build_functions(times(3)), silent)
    watching.clear()

    assert running.client.query("multiply", [[1]]) == [3]
    assert [path for path in opened if path.startswith(str(running.folder))] == []


def test_what_stands_there_is_replaced(start_tabpy: Start) -> None:
    """Again and again, and old pickles do not pile up on the server."""
    running = start_tabpy(build_functions(times(2)))

    for factor in (3, 4, 5, 6):
        built = build_functions(times(factor))
        deploy(running.client, built, silent)
        assert [one.wrong for one in prove_all(running.client, built, times(factor))] == [""]

    assert len(list((running.folder / "query_objects" / "multiply").iterdir())) <= 3


def test_what_was_removed_is_replaced_too(start_tabpy: Start) -> None:
    """TabPy keeps a removed function in memory and would go on serving the old one."""
    running = start_tabpy(build_functions(times(2)))
    for factor in (3, 4):
        deploy(running.client, build_functions(times(factor)), silent)
    running.client.ask("DELETE", "/endpoints/multiply")
    assert running.client.query("multiply", [[1]]) == [4]

    deploy(running.client, build_functions(times(5)), silent)

    assert running.client.query("multiply", [[1]]) == [5]


def test_a_restart_keeps_what_was_deployed(start_tabpy: Start) -> None:
    """What was deployed stands in the state too."""
    first = start_tabpy(build_functions(times(2)))
    deploy(first.client, build_functions(times(3)), silent)
    first.process.terminate()
    first.process.wait()

    with running_tabpy(first.folder, tabpy_environment()) as again:
        assert again.client.query("multiply", [[1]]) == [3]


def test_bound_arguments_travel_whole(start_tabpy: Start) -> None:
    """A table of some megabytes, in pieces that a proxy lets through; other tables are known apart."""
    table = list(range(400_000))
    look_up = Published(
        lambda rows, table=None: [table[row] for row in rows], "Looks up.", ([399_999],), equal_to([399_999])
    )
    functions = {"look_up": look_up}
    built = build_functions(functions, {"look_up": {"table": table}})
    running = start_tabpy()

    deploy(running.client, built, silent)

    assert len(built[0].pickled) > 1_000_000
    assert [one.wrong for one in prove_all(running.client, built, functions)] == [""]
    others = build_functions(functions, {"look_up": {"table": [*table[:-1], 0]}})
    assert (others[0].build_id, others[0].data_id == built[0].data_id) == (built[0].build_id, False)


@pytest.mark.usefixtures("few_functions")
def test_a_user_is_needed_and_taken(start_tabpy: Start) -> None:
    """Name by option, password by the environment; neither is printed; an open server wants none."""
    running, open_one = start_tabpy(user="ann", password="veryplain"), start_tabpy()

    done = hyperwatt("deploy", running.url, "--user", "ann", HYPERWATT_TABPY_PASSWORD="veryplain")
    without = hyperwatt("deploy", running.url)
    too_much = hyperwatt("deploy", open_one.url, "--user", "ann", HYPERWATT_TABPY_PASSWORD="veryplain")

    assert done.exit_code == 0, done.output
    assert (without.exit_code, too_much.exit_code) == (1, 1)
    assert "it wants a user: --user NAME" in without.stderr
    assert "leave out --user" in too_much.stderr
    assert not any("veryplain" in one.output for one in (done, without, too_much))


def test_a_dry_run_changes_nothing(start_tabpy: Start) -> None:
    """It says what would be replaced and what added; the address may come from the environment."""
    running = start_tabpy(build_functions({"hyperwatt_version": FUNCTIONS["hyperwatt_version"]}))
    before = running.client.status()

    result = hyperwatt("deploy", "--dry-run", HYPERWATT_TABPY_URL=running.url)

    assert result.exit_code == 0
    assert "hyperwatt_version would be replaced (deployed 1 times)" in result.stdout
    assert result.stdout.count("would be added") == len(FUNCTIONS) - 1
    assert running.client.status() == before


def test_without_scripts_the_disk_must_be_shared(start_tabpy: Start) -> None:
    """On the same machine it is; elsewhere a sentence says what can be done."""
    running = start_tabpy(evaluate=False)
    deploy(running.client, build_functions(times(3)), silent)
    assert running.client.query("multiply", [[1]]) == [3]

    features = {"v1": {"features": {"evaluate_enabled": False}}}
    elsewhere = {
        "/info": INFO | {"versions": features},
        "/configurations/endpoint_upload_destination": {"path": "/elsewhere"},
    }
    with (
        fake_tabpy(elsewhere) as (url, _),
        pytest.raises(PublishError, match="not on this machine -> deploy from there"),
    ):
        deploy(TabPy(url), build_functions(times(3)), silent)


# ---- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["größer", "5 % more", "%(x)s", "back\\slash", "bell\a"])
def test_texts_that_break_tabpy_are_refused(text: str) -> None:
    """In description and docstring, before anything is sent."""
    (one,) = times(2).values()

    def named(values: list[float]) -> list[float]:
        return values

    named.__doc__ = text
    for bad in (replace(one, description=text), replace(one, call=named)):
        with pytest.raises(PublishError, match="TabPy's state breaks"):
            build_functions({"multiply": bad})


@pytest.mark.parametrize("name", ["größer", "a b", "a/b", ""])
def test_names_that_break_tabpy_are_refused(name: str) -> None:
    """Letters, digits and _."""
    with pytest.raises(PublishError, match="is no name for TabPy"):
        build_functions({name: times(2)["multiply"]})


def test_what_cannot_travel_is_refused() -> None:
    """A function that holds on to something of this process."""
    handle = sys.stdout
    holding = Published(lambda values: handle.write("x"), "Holds.", (), equal_to(0))

    with pytest.raises(PublishError, match="holding cannot be pickled"):
        build_functions({"holding": holding})


def test_a_function_that_does_not_load_is_told(start_tabpy: Start) -> None:
    """What the server lacks, and the command that brings it."""

    class Missing:
        def __reduce__(self) -> Any:
            return __import__, ("no_such_package",)

    running = start_tabpy()
    built = build_functions(times(2), {"multiply": {"what": Missing()}})

    with pytest.raises(
        PublishError, match=r"did not load on the server: .*no_such_package.* -> pip install no_such_package there"
    ):
        deploy(running.client, built, silent)


def test_several_behind_one_address_are_refused() -> None:
    """Each keeps functions of its own: one would have the new ones, the other the old."""
    infos = [INFO | {"state_path": "/a"}, INFO | {"state_path": "/b"}]

    with fake_tabpy({"/info": [*infos, *infos]}) as (url, asked):
        with pytest.raises(PublishError, match="several TabPy answer there"):
            deploy(TabPy(url), build_functions(times(2)), silent)
        assert set(asked) == {"GET /info"}


def test_another_python_is_refused() -> None:
    """Bytecode of this Python would end the other, or worse."""
    with (
        fake_tabpy({"/info": INFO, "/evaluate": "3.9"}) as (url, _),
        pytest.raises(PublishError, match=r"runs Python 3\.9, and this is .* -> deploy from a Python 3\.9"),
    ):
        deploy(TabPy(url), build_functions(times(2)), silent)


def test_a_wrong_answer_is_1(start_tabpy: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command ends with 1 and a line when a function answers something else than it should."""
    running = start_tabpy()
    wrong = replace(FUNCTIONS["hyperwatt_version"], wrong=equal_to("another"))
    monkeypatch.setattr("pipeline.publish.tabpy_lookup.FUNCTIONS", {"hyperwatt_version": wrong})

    result = hyperwatt("deploy", running.url)

    assert result.exit_code == 1
    assert f"hyperwatt_version: answered {tabpy_functions.VERSION}, not another" in result.stderr


def test_what_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra that brings TabPy's package: the command that does."""
    monkeypatch.setitem(sys.modules, "tabpy.tabpy_tools.custom_query_object", None)

    result = hyperwatt("deploy", "http://127.0.0.1:9")

    assert result.exit_code == 1
    assert "is not installed here -> pip install 'hyperwatt[forecast]'" in result.stderr


# ---- TLS -------------------------------------------------------------------------------------------------------------


@contextmanager
def own_authority(folder: Path) -> Iterator[tuple[ssl.SSLContext, Path]]:
    """Give a server's TLS context for 127.0.0.1 and the PEM file of who signed it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hyperwatt test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    yield context, pem


def test_certificates_are_verified(tmp_path: Path) -> None:
    """Who signed it must be trusted; plain HTTP is not fallen back to."""
    with own_authority(tmp_path) as (context, pem), fake_tabpy({"/info": INFO}, tls=context) as (url, _):
        assert TabPy(url, ca=pem).ask_info() == INFO
        with pytest.raises(PublishError, match=r"certificate not trusted .* -> name its authority: --ca"):
            TabPy(url).ask_info()
        with pytest.raises(PublishError):
            TabPy(url.replace("https", "http")).ask_info()
    with fake_tabpy({"/info": INFO}) as (url, _), pytest.raises(PublishError, match="no TLS there"):
        TabPy(url.replace("http", "https"), ca=pem).ask_info()


@pytest.mark.usefixtures("few_functions")
def test_a_real_tabpy_behind_tls(tmp_path: Path) -> None:
    """By the command, with user and password: deployed, proved, and a script's own call works too."""
    prepare(tmp_path, [], ServerSettings(0, user="ann", password="secret"))
    with own_authority(tmp_path) as (_, pem):
        settings = tmp_path / "tabpy.conf"
        tls = f"https\nTABPY_CERTIFICATE_FILE = {pem}\nTABPY_KEY_FILE = {pem.with_name('key.pem')}"
        settings.write_text(settings.read_text().replace("= http", f"= {tls}"))
        with running_tabpy(tmp_path, tabpy_environment()) as running:
            url = running.url.replace("http:", "https:")
            client = TabPy(url, "ann", "secret", pem)
            words = ("deploy", url, "--user", "ann", "--ca", str(pem))

            result = hyperwatt(*words, HYPERWATT_TABPY_PASSWORD="secret")

            assert result.exit_code == 0, result.output
            assert (
                client.evaluate("return tabpy.query('hyperwatt_version')['response']", [1]) == tabpy_functions.VERSION
            )
