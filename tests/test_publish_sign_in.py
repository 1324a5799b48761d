"""Signing in: pasted addresses, every way of coming in, one sentence for each refusal, and secrets that stay secret."""

import json
import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked
from tableau_server import Fault, StandIn, running
from tableauhyperapi import HyperProcess

from pipeline.config import tableau_secrets
from pipeline.errors import PublishError, SettingsError
from pipeline.publish.credentials import REFRESH_SCOPES, SCOPES, Credentials, Login, app_token, read_credentials
from pipeline.publish.declared import Declared, Wanted
from pipeline.publish.insides import Source
from pipeline.publish.patience import Patience
from pipeline.publish.sign_in import SignIn, Site, signed_in
from pipeline.publish.site_address import SiteAddress, read_address
from pipeline.publishing import sign_in_of

SECRET = "NightlySecret+/=="
TOKEN = Credentials("token", "nightly", SECRET)
USER = Credentials("user", "ada", "Ada's <secret> & more")
APP = Credentials("app", "ada", "connected-app-secret-value", "client-1", "secret-1")


@pytest.fixture
def stand_in(tmp_path: Path, hyperd: HyperProcess) -> Iterator[StandIn]:
    """A running stand-in."""
    with running(tmp_path / "site", hyperd) as server:
        yield server
    assert server.violations == []


@pytest.fixture
def waits() -> list[float]:
    """What was waited for, instead of waiting."""
    return []


@pytest.fixture
def how(stand_in: StandIn, waits: list[float]) -> Callable[..., SignIn]:
    """A function that says how to come into the stand-in."""

    def say(credentials: Credentials = TOKEN, site: str = "energy", **options: Any) -> SignIn:
        patience = Patience(tries=4, sleep=waits.append)
        return SignIn(SiteAddress(stand_in.url, site), credentials, patience=patience, **options)

    return say


def projects(site: Site) -> list[str]:
    """Ask the site something."""
    with site.told("listing projects"):
        return [one.name for one in site.server.projects.get()[0]]


def no_wait(stage: str, done: int = 0, total: int = 0) -> None:
    """Nobody else uses the token."""
    raise AssertionError(f"waited: {stage}")


# ---- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pasted", "server", "site"),
    [
        ("https://tableau.corp", "https://tableau.corp", ""),
        ("tableau.corp", "https://tableau.corp", ""),
        (" https://tableau.corp/ \n", "https://tableau.corp", ""),
        ("https://tableau.corp:8443/#/home", "https://tableau.corp:8443", ""),
        ("https://tableau.corp/#/projects/12", "https://tableau.corp", ""),
        ("https://tableau.corp/#/site/energy/home", "https://tableau.corp", "energy"),
        ("https://tableau.corp/#/site/energy", "https://tableau.corp", "energy"),
        ("https://tableau.corp/#/site/energy/views/Use/Trend?:iid=1", "https://tableau.corp", "energy"),
        ("https://tableau.corp/t/energy/views/Use/Trend?:embed=y", "https://tableau.corp", "energy"),
        ("https://tableau.corp/views/Use/Trend", "https://tableau.corp", ""),
        ("https://10ay.online.tableau.com/#/site/my-site/explore", "https://10ay.online.tableau.com", "my-site"),
        ("https://tableau.corp/#/site/caf%C3%A9/home", "https://tableau.corp", "café"),
        ("https://[::1]:8000/#/site/energy", "https://[::1]:8000", "energy"),
        ("http://localhost:8000/#/site/energy", "http://localhost:8000", "energy"),
    ],
)
def test_pasted_addresses(pasted: str, server: str, site: str) -> None:
    """Whatever page of the site the browser shows names server and site."""
    assert read_address(pasted) == SiteAddress(server, site)


def test_site_named_apart_wins() -> None:
    """Also the default site, which has an empty name."""
    assert read_address("https://tableau.corp/#/site/energy", "other").site == "other"
    assert read_address("https://tableau.corp/#/site/energy", "").site == ""


@pytest.mark.parametrize(
    ("pasted", "advice"),
    [
        ("https://10ay.online.tableau.com", "names no site -> sign in with a browser"),
        ("https://public.tableau.com/app/profile/ada", "hyperwatt publish --public"),
        ("http://tableau.corp/#/site/energy", "use https://"),
        ("https://ada:hunter2@tableau.corp", "without user or password"),
        ("https://tableau.corp:port", "cannot be read"),
        ("ftp://tableau.corp", "must be https://SERVER"),
        ("", "must be https://SERVER"),
    ],
)
def test_addresses_that_cannot_be(pasted: str, advice: str) -> None:
    """One sentence each; a password in the address is not repeated."""
    with pytest.raises(SettingsError) as refused:
        read_address(pasted)

    assert advice in str(refused.value)
    assert "hunter2" not in str(refused.value)


# ---- credentials -----------------------------------------------------------------------------------------------------


def test_token_before_app_before_user() -> None:
    """What is complete and safest is taken."""
    said = {"user": "ada", "password": "p", "client_id": "c", "secret_id": "i", "secret": "s"}

    assert read_credentials({"token_name": "n", "token": "t", **said}) == Credentials("token", "n", "t")
    assert read_credentials(said) == Credentials("app", "ada", "s", "c", "i")
    assert read_credentials({"user": "ada", "password": "p"}) == Credentials("user", "ada", "p")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({}, "nobody is named who signs in -> set HYPERWATT_TABLEAU_TOKEN_NAME"),
        ({"token_name": "n"}, "lacks token ->"),
        ({"token": "t"}, "lacks token_name ->"),
        ({"client_id": "c", "secret": "s", "user": "u"}, "lacks secret_id ->"),
        ({"user": "ada"}, "lacks password ->"),
    ],
)
def test_half_of_it_is_not_enough(said: dict[str, str], sentence: str) -> None:
    """What lacks is named."""
    with pytest.raises(SettingsError, match=sentence):
        read_credentials(said)


def test_environment_before_key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both give the same names; a newline at the end of a secret is taken off."""
    key = tmp_path / "key.toml"
    key.write_text('token_name = "nightly"\ntoken = "kept\\n"\n')
    key.chmod(0o600)
    monkeypatch.setenv("HYPERWATT_TABLEAU_TOKEN_NAME", "of-today")

    assert tableau_secrets(key) == {"token_name": "of-today", "token": "kept"}


def test_key_file_that_others_may_read(tmp_path: Path) -> None:
    """It is refused before it is read."""
    key = tmp_path / "key.toml"
    key.write_text("not even toml")
    key.chmod(0o640)

    with pytest.raises(SettingsError, match="chmod 600"):
        tableau_secrets(key)


class MemoryKeyring(KeyringBackend):
    """A keyring without a file; locked, it gives nothing out."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.asked: list[str] = []
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        """Give what is kept."""
        self.asked.append(username)
        if self.is_locked:
            raise KeyringLocked(f"locked, and {SECRET} stays inside")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep something."""
        self.kept[service, username] = password


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryKeyring]:
    """The system's keyring while a test lasts, with a token in it, and nothing in the environment."""
    for name in ("TOKEN_NAME", "TOKEN", "USER", "PASSWORD", "SITE"):
        monkeypatch.delenv(f"HYPERWATT_TABLEAU_{name}", raising=False)
    before, memory = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(memory)
    keyring.set_password("hyperwatt", "token_name", "nightly")
    keyring.set_password("hyperwatt", "token", f"{SECRET}\n")
    yield memory
    keyring.set_keyring(before)


def from_ring(**more: Any) -> SignIn:
    """How to come in, by what is declared and what is in the keyring."""
    return sign_in_of(Declared(site="http://127.0.0.1:9/#/site/energy", keyring="hyperwatt", **more), Patience())


def test_token_from_the_keyring(ring: MemoryKeyring) -> None:
    """Under the names of a key file; a line's end is taken off."""
    assert from_ring().credentials == TOKEN


def test_environment_and_key_file_before_keyring(
    ring: MemoryKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said nearer wins, and is not asked of the keyring."""
    key = tmp_path / "key.toml"
    key.write_text('token = "of the file"\n')
    key.chmod(0o600)
    monkeypatch.setenv("HYPERWATT_TABLEAU_TOKEN_NAME", "of-today")

    assert from_ring(key_file=key).credentials == Credentials("token", "of-today", "of the file")
    assert not {"token_name", "token"} & set(ring.asked)


def test_logins_from_the_keyring(ring: MemoryKeyring) -> None:
    """Those that are declared are asked for, and no other."""
    keyring.set_password("hyperwatt", "warehouse_user", "reader")
    keyring.set_password("hyperwatt", "warehouse_password", "Read'er")
    wanted = Wanted("t", "datasource", Path("t.tdsx"), "t", credentials={"*": "warehouse", "db": "prompt"})
    how = from_ring(wanted=(wanted,))

    assert how.logins == {"warehouse": Login("reader", "Read'er")}
    assert "Read'er" not in repr(how)
    assert not any("prompt" in name for name in ring.asked)


def test_keyring_is_not_asked_unasked(ring: MemoryKeyring) -> None:
    """A locked one may open a window."""
    with pytest.raises(SettingsError, match="nobody is named who signs in"):
        sign_in_of(Declared(site="http://127.0.0.1:9"), Patience())
    assert ring.asked == []


def test_locked_keyring(ring: MemoryKeyring) -> None:
    """One sentence with what to do, and nothing of what the backend says."""
    ring.is_locked = True
    with pytest.raises(
        SettingsError, match=r"cannot be read \(KeyringLocked\) -> unlock it, or name the token by"
    ) as no:
        from_ring()
    assert SECRET not in "".join(traceback.format_exception(no.value))


def test_no_keyring_here(ring: MemoryKeyring) -> None:
    """A server without one says so, through the package's own stand-in."""
    keyring.set_keyring(NoKeyring())
    with pytest.raises(SettingsError, match=r"cannot be read \(NoKeyringError\)"):
        from_ring()


def test_keyring_that_is_not_installed(ring: MemoryKeyring, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install is said."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SettingsError, match=r"pip install 'hyperwatt\[keyring\]'"):
        from_ring()


def test_app_token_is_short_lived_and_narrow() -> None:
    """Five minutes, publishing only, another id each time."""
    import base64

    claims = [json.loads(base64.urlsafe_b64decode(app_token(APP, now=1000).split(".")[1] + "==")) for _ in range(2)]

    assert claims[0]["exp"] - claims[0]["iat"] == 300
    assert claims[0]["scp"] == list(SCOPES)
    assert not any("admin" in scope or scope == "tableau:*" for scope in SCOPES)
    assert claims[0]["jti"] != claims[1]["jti"]


def test_app_may_schedule_only_where_a_site_refreshes(ring: MemoryKeyring) -> None:
    """Where nothing reads a database, what it may do stays as narrow as publishing."""
    wanted = Wanted("t", "datasource", Path("t.tdsx"), "t", sources=(Source("mysql", "db.corp"),))

    assert from_ring().scopes == SCOPES
    assert from_ring(wanted=(wanted,)).scopes == SCOPES + REFRESH_SCOPES


# ---- coming in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("credentials", [TOKEN, USER, APP], ids=lambda one: one.kind)
def test_every_way_in_and_out(stand_in: StandIn, how: Callable[..., SignIn], credentials: Credentials) -> None:
    """Each comes in, asks, and leaves no session behind."""
    with signed_in(how(credentials), no_wait) as site:
        assert projects(site) == ["default"]
        assert site.version == (3, 28)
        assert len(stand_in.state.sessions) == 1
    assert not stand_in.state.sessions


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "wrong token": ({"credentials": Credentials("token", "nightly", "WrongSecret1")}, "401001"),
    "expired token": ({"credentials": Credentials("token", "gone", "WrongSecret1")}, "15 days without use"),
    "wrong site": ({"site": "elsewhere"}, "copy the address from the browser"),
    "wrong app": ({"credentials": Credentials("app", "ada", "WrongSecret1", "client-1", "secret-1")}, "401001"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals_say_what_to_do(how: Callable[..., SignIn], case: str) -> None:
    """One sentence, with a name and without a secret."""
    options, sentence = REFUSALS[case]
    with pytest.raises(PublishError) as refused, signed_in(how(**options), no_wait):
        pass

    assert sentence in str(refused.value)
    assert " -> " in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "WrongSecret1" not in f"{refused.value!r} {refused.value} {how(**options)!r}"


@pytest.mark.parametrize(
    ("credentials", "version", "needs"),
    [(TOKEN, "3.5", "needs 3.6"), (APP, "3.13", "needs 3.14")],
)
def test_old_server(
    stand_in: StandIn, how: Callable[..., SignIn], credentials: Credentials, version: str, needs: str
) -> None:
    """It is said before a secret is sent."""
    stand_in.version = ("2019.3.0", version)
    with pytest.raises(PublishError, match=needs), signed_in(how(credentials), no_wait):
        pass

    assert not any("signin" in one for one in stand_in.requests)


@pytest.mark.parametrize("request_", ["GET .*serverInfo", "POST .*signin", "GET .*projects"])
def test_page_of_a_proxy(stand_in: StandIn, how: Callable[..., SignIn], request_: str) -> None:
    """A page that answers in Tableau's place is not taken for an empty site."""
    stand_in.faults.append(Fault("page", request_, times=9))
    with (
        pytest.raises(PublishError, match=r"a web page answers .Corporate sign-in."),
        signed_in(how(), no_wait) as site,
    ):
        projects(site)


def test_nobody_there(how: Callable[..., SignIn], waits: list[float]) -> None:
    """It is tried again before it is said."""
    gone = SignIn(SiteAddress("http://127.0.0.1:9", "energy"), TOKEN, patience=how().patience)
    with pytest.raises(PublishError, match=r"no answer .ConnectionError. -> is the site up"), signed_in(gone, no_wait):
        pass

    assert waits == [1.0, 2.0, 4.0]


# ---- patience --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("effect", "wait"),
    [("reset", 1.0), ("lost", 1.0), ("cut", 1.0), ("gateway", 1.0), ("unavailable", 1.0), ("throttled", 7.0)],
)
@pytest.mark.parametrize("request_", ["GET .*serverInfo", "POST .*signin", "GET .*projects"])
def test_passing_trouble_is_sat_out(
    stand_in: StandIn, how: Callable[..., SignIn], waits: list[float], effect: str, wait: float, request_: str
) -> None:
    """Reading and signing in are begun again, after what the site asks for or a second."""
    stand_in.faults.append(Fault(effect, request_))
    with signed_in(how(), no_wait) as site:
        assert projects(site) == ["default"]

    assert waits == [wait]


@pytest.mark.parametrize("effect", ["reset", "gateway"])
def test_writing_is_not_repeated_blindly(
    stand_in: StandIn, how: Callable[..., SignIn], waits: list[float], effect: str
) -> None:
    """A project that may have been made is not made again without looking."""
    from tableauserverclient import ProjectItem

    stand_in.faults.append(Fault(effect, "POST .*projects"))
    with signed_in(how(), no_wait) as site, pytest.raises(PublishError), site.told("making a project"):
        site.server.projects.create(ProjectItem("meters"))

    assert waits == []
    assert sum("POST" in one and "projects" in one for one in stand_in.requests) == 1


def test_throttled_writing_is_repeated(stand_in: StandIn, how: Callable[..., SignIn], waits: list[float]) -> None:
    """429 says that nothing was done."""
    from tableauserverclient import ProjectItem

    stand_in.faults.append(Fault("throttled", "POST .*projects", times=2))
    with signed_in(how(), no_wait) as site:
        site.server.projects.create(ProjectItem("meters"))
        assert projects(site) == ["default", "meters"]

    assert waits == [7.0, 7.0]


def test_patience_ends(stand_in: StandIn, how: Callable[..., SignIn], waits: list[float]) -> None:
    """After four tries the gateway's words are said."""
    stand_in.faults.append(Fault("gateway", "GET .*projects", times=99))
    with signed_in(how(), no_wait) as site, pytest.raises(PublishError, match="504 504 Gateway Time-out"):
        projects(site)

    assert waits == [1.0, 2.0, 4.0]


# ---- secrets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("effect", ["", "ended", "throttled", "gateway", "page", "reset", "forbidden"])
@pytest.mark.parametrize("credentials", [TOKEN, USER, APP], ids=lambda one: one.kind)
def test_secrets_are_nowhere(
    stand_in: StandIn,
    how: Callable[..., SignIn],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    credentials: Credentials,
    effect: str,
) -> None:
    """Neither secret nor session is in a log at its most talkative, an exception with its chain, or what is printed."""
    caplog.set_level(logging.DEBUG)
    stand_in.faults.append(Fault(effect or "ended", "GET .*projects", times=9 if effect else 0))
    seen, said = set(), ""
    try:
        with signed_in(how(credentials), no_wait) as site:
            seen = set(stand_in.state.sessions)
            projects(site)
    except PublishError:
        said = traceback.format_exc()

    everything = caplog.text + said + "".join(capfd.readouterr()) + repr(how(credentials))
    assert bool(said) == bool(effect)
    assert len(caplog.text) > 100
    assert len(seen) == 1
    assert [word for word in (credentials.secret, *seen) if word in everything] == []


def test_session_in_a_message_is_hidden(how: Callable[..., SignIn]) -> None:
    """Should a server repeat what we sent, it is not passed on."""
    with signed_in(how(logins={"warehouse": Login("reader", "Read'er")}), no_wait) as site:
        said = site.hide(f"no such token {SECRET}, session {site.server._auth_token}, password Read'er")

    assert said == "no such token ***, session ***, password ***"


def test_one_run_of_a_token_at_a_time(stand_in: StandIn, how: Callable[..., SignIn]) -> None:
    """A second run waits for the first, whose session it would end."""
    import threading

    entered, waited = threading.Event(), threading.Event()

    def second() -> None:
        with signed_in(how(), lambda *_: waited.set()):
            entered.set()

    other = threading.Thread(target=second)
    with signed_in(how(), no_wait) as site:
        other.start()
        assert waited.wait(20)
        assert not entered.is_set()
        assert projects(site) == ["default"]
    other.join(20)
    assert entered.is_set()
