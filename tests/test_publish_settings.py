"""What hangs on published content: credentials in its connections, schedules, the TabPy it calls; and refreshes."""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tableau_server import Content, Fault, StandIn, running
from tableau_server.state import Task
from tableauhyperapi import HyperProcess

from pipeline.cli import main
from pipeline.config import Settings
from pipeline.errors import PipelineError, SettingsError
from pipeline.publish.declared import read_declared
from pipeline.publish.patience import Patience
from pipeline.publishing import Published, publish
from pipeline.refreshing import PUSHED, QUEUED, Refreshed, refresh

SECRET = "NightlySecret+/=="
PASSWORD = "Read'er & <only>"
DATABASE = "<connection class='mysql' server='DB.corp' port='3306' dbname='tariffs' username='ada'/>"
SOURCE = f"<datasource><connection class='federated'>{DATABASE}</connection></datasource>"
SCRIPT = "<column><calculation class='tableau' formula='SCRIPT_REAL(&quot;return 1&quot;, SUM([kWh]))'/></column>"
SHEETS = "<worksheets><worksheet name='Cost'/></worksheets>"
BOOK = f"<workbook><datasources>{SOURCE}{SCRIPT}</datasources>{SHEETS}</workbook>"
OTHER = "<connection class='postgres' server='other.corp'/></datasource>"

Publish = Callable[..., Published]


@pytest.fixture
def site(tmp_path: Path, hyperd: HyperProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A running stand-in, and in the environment who signs in; every request must be as Tableau's schema has it."""
    monkeypatch.setenv("HYPERWATT_TABLEAU_TOKEN_NAME", "nightly")
    monkeypatch.setenv("HYPERWATT_TABLEAU_TOKEN", SECRET)
    monkeypatch.setenv("HYPERWATT_TABLEAU_WAREHOUSE_USER", "reader")
    monkeypatch.setenv("HYPERWATT_TABLEAU_WAREHOUSE_PASSWORD", PASSWORD)
    with running(tmp_path / "site", hyperd) as stand_in:
        yield stand_in
    assert stand_in.violations == []


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder of results with a packaged data source and a workbook, both on a database, and nothing else."""
    out = tmp_path / "out"
    (out / "extracts").mkdir(parents=True)
    write_source(out / "tariffs.tdsx", SOURCE)
    (out / "cost.twb").write_text(BOOK)
    return out


def write_source(path: Path, text: str) -> None:
    """Package a data source."""
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("tariffs.tds", text)


@pytest.fixture
def settings(site: StandIn, out: Path) -> Callable[..., Settings]:
    """A function from what is declared of the data source, and of the workbook, to settings."""

    def make(source: dict[str, Any] | None = None, book: dict[str, Any] | None = None, **more: Any) -> Settings:
        said: dict[str, Any] = {"site": f"{site.url}/#/site/energy", "datasources": {}, "workbooks": {}, **more}
        if source is not None:
            said["datasources"] = {"tariffs": {"file": str(out / "tariffs.tdsx"), **source}}
        if book is not None:
            said["workbooks"] = {"cost": {"file": str(out / "cost.twb"), **book}}
        return Settings(out=out, publish=said)

    return make


@pytest.fixture
def patience() -> Patience:
    """Nothing is waited for."""
    return Patience(tries=3, sleep=[].append)


@pytest.fixture
def send(settings: Callable[..., Settings], hyperd: HyperProcess, patience: Patience) -> Publish:
    """A function that publishes."""

    def call(*declared: Any, dry_run: bool = False, **more: Any) -> Published:
        said = replace(settings(*declared, **more), dry_run=dry_run)
        return publish(said, patience=patience, hyper=hyperd)

    return call


def writes(site: StandIn) -> list[str]:
    """Requests that changed something on the site."""
    return [one for one in site.requests if not one.startswith("GET") and "/auth/" not in one]


def tariffs(site: StandIn) -> Content:
    """The published data source."""
    return site.state.named("datasource", "tariffs")


def scheduled(site: StandIn) -> list[str]:
    """Names of the server's schedules that refresh something, or the recurrences."""
    return [site.state.schedules.get(task.schedule) or str(task.recurrence) for task in site.state.tasks]


def again_does_nothing(site: StandIn, send: Publish, *declared: Any) -> None:
    """A second publish asks, and writes nothing."""
    site.requests.clear()
    published = send(*declared)
    assert published.refused == {}
    assert [(done.step.action, done.step.settings) for done in published.done] == [("unchanged", ())]
    assert writes(site) == []


# ---- credentials -----------------------------------------------------------------------------------------------------


def test_credentials_are_embedded_once(site: StandIn, send: Publish) -> None:
    """User and password from the environment are in the connection afterwards; a second publish does nothing."""
    declared = {"credentials": "warehouse"}
    (done,) = send(declared).done
    (connection,) = tariffs(site).connections

    assert done.step.settings == ("credentials: embed 'reader'",)
    assert (connection.user, connection.password, connection.embed) == ("reader", PASSWORD, True)
    assert (connection.server, connection.port) == ("DB.corp", "3306")
    again_does_nothing(site, send, declared)


def test_credentials_lost_by_publishing_over_are_embedded_again(site: StandIn, send: Publish, out: Path) -> None:
    """A new file takes them out on the site, as users have met it."""
    send(None, {"credentials": "warehouse"})
    (out / "cost.twb").write_text(BOOK.replace("Cost", "Price"))
    (done,) = send(None, {"credentials": "warehouse"}).done
    (connection,) = site.state.named("workbook", "cost").connections

    assert done.step.action == "overwrite"
    assert (connection.password, connection.embed) == (PASSWORD, True)


def test_prompt_takes_them_out(site: StandIn, send: Publish) -> None:
    """From then on every viewer is asked; nothing else is changed."""
    send({"credentials": "warehouse"})
    (done,) = send({"credentials": "prompt"}).done

    assert (done.step.action, done.step.settings) == ("unchanged", ("credentials: ask every viewer",))
    assert [one.embed for one in tariffs(site).connections] == [False]
    again_does_nothing(site, send, {"credentials": "prompt"})


def test_credentials_by_server(site: StandIn, send: Publish, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each server has its own, however its name is written."""
    write_source(out / "tariffs.tdsx", SOURCE.replace("</datasource>", OTHER))
    monkeypatch.setenv("HYPERWATT_TABLEAU_ARCHIVE_USER", "clerk")
    monkeypatch.setenv("HYPERWATT_TABLEAU_ARCHIVE_PASSWORD", "p2")
    send({"credentials": {"db.CORP": "warehouse", "other.corp": "archive"}})
    assert {one.server: one.user for one in tariffs(site).connections} == {"DB.corp": "reader", "other.corp": "clerk"}
    send({"credentials": {"db.corp": "warehouse", "*": "prompt"}})
    assert {one.server: one.embed for one in tariffs(site).connections} == {"DB.corp": True, "other.corp": False}


def test_new_password_is_embedded_when_asked(site: StandIn, send: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site does not tell which password it has: only --new-passwords sends it again."""
    declared = {"credentials": "warehouse"}
    send(declared)
    monkeypatch.setenv("HYPERWATT_TABLEAU_WAREHOUSE_PASSWORD", "another")
    again_does_nothing(site, send, declared)
    (done,) = send(declared, new_passwords=True).done

    assert done.step.settings == ("credentials: embed 'reader'",)
    assert tariffs(site).connections[0].password == "another"


def test_missing_password_is_said_before_anything_is_published(
    site: StandIn, send: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the names of what is missing."""
    monkeypatch.delenv("HYPERWATT_TABLEAU_WAREHOUSE_PASSWORD")
    refused = send({"credentials": "warehouse"}).refused

    assert "-> set HYPERWATT_TABLEAU_WAREHOUSE_USER and HYPERWATT_TABLEAU_WAREHOUSE_PASSWORD" in refused["tariffs"]
    assert site.state.content == []


def test_server_that_is_not_there(site: StandIn, send: Publish) -> None:
    """A name that no connection has is no silent nothing, in the file or, whatever became of it there, on the site."""
    with pytest.raises(SettingsError, match=r"credentials for db2.corp, and its file connects to db.corp"):
        send({"credentials": {"db2.corp": "warehouse"}})
    send({})
    tariffs(site).connections[0].server = "db3.corp"
    refused = send({"credentials": {"db.corp": "warehouse"}}).refused

    assert refused == {"tariffs": "'tariffs' does not connect to db.corp -> by the site it connects to db3.corp"}
    tariffs(site).connections.clear()
    refused = send({"credentials": "warehouse"}).refused
    assert refused == {"tariffs": "'tariffs' does not connect to any -> by the site it connects to no server"}


def test_site_that_does_not_keep_credentials(site: StandIn, send: Publish) -> None:
    """It said yes, and they are not there when it is looked: that is no success."""

    def forget(said: str) -> None:
        for content in site.state.content if said.startswith("GET") else ():
            content.connections[0].embed = False

    site.watch = forget

    assert "the site did not keep the credentials for DB.corp" in send({"credentials": "warehouse"}).refused["tariffs"]


# ---- schedules -------------------------------------------------------------------------------------------------------


def test_schedule_of_the_server(site: StandIn, send: Publish) -> None:
    """The data source is on it once; a second publish does nothing."""
    (done,) = send({"schedule": "Nightly"}).done

    assert done.step.settings == ("schedule Nightly",)
    assert scheduled(site) == ["Nightly"]
    assert site.state.tasks[0].content is tariffs(site)
    again_does_nothing(site, send, {"schedule": "Nightly"})


def test_another_schedule_takes_its_place(site: StandIn, send: Publish) -> None:
    """Also where somebody has added one by hand; incremental refreshes and those of others stay."""
    send({"schedule": "Nightly"}, {})
    (hourly,) = (id for id, name in site.state.schedules.items() if name == "Hourly")
    kept = [
        Task(tariffs(site), hourly, type="IncrementExtractTask"),
        Task(site.state.named("workbook", "cost"), hourly),
    ]
    site.state.tasks += kept
    (done,) = send({"schedule": "Hourly"}).done

    assert done.step.settings == ("schedule Hourly instead of Nightly",)
    assert site.state.tasks[:-1] == kept
    assert scheduled(site)[-1] == "Hourly"
    again_does_nothing(site, send, {"schedule": "Hourly"})


def test_schedule_is_left_alone_when_none_is_declared(site: StandIn, send: Publish) -> None:
    """What somebody has set on the site is theirs."""
    send({"schedule": "Nightly"})
    again_does_nothing(site, send, {})
    assert scheduled(site) == ["Nightly"]


def test_unknown_schedule_publishes_nothing(site: StandIn, send: Publish) -> None:
    """Those that are there are named; one of another kind is none."""
    site.state.schedules.clear()
    refused = send({"schedule": "Nightly"}).refused

    assert refused == {"tariffs": "the server has no schedule 'Nightly' -> it has: none for extracts"}
    assert site.state.content == []


DAILY = {"frequency": "Daily", "start": "06:00"}
RECURRENCES: dict[str, tuple[dict[str, Any], str]] = {
    "hourly": ({"frequency": "Hourly", "start": "06:00", "end": "18:00"}, "Hourly at 06:00 to 18:00"),
    "daily": (DAILY, "Daily at 06:00"),
    "some days": ({**DAILY, "days": ["Friday", "Monday"]}, "Daily at 06:00 on Monday, Friday"),
    "weekly": ({"frequency": "Weekly", "start": "05:35", "days": ["Sunday"]}, "Weekly at 05:35 on Sunday"),
    "monthly": ({"frequency": "Monthly", "start": "05:00", "days": [15, 2]}, "Monthly at 05:00 on 2, 15"),
    "last day": ({"frequency": "Monthly", "start": "05:00", "days": ["LastDay"]}, "Monthly at 05:00 on LastDay"),
}


@pytest.mark.parametrize("case", RECURRENCES)
def test_recurrence_on_cloud(site: StandIn, send: Publish, case: str) -> None:
    """Each is taken by the rules of Cloud, read back as the same, and not made twice."""
    site.state.cloud = True
    declared, words = RECURRENCES[case]
    (done,) = send({"schedule": declared}).done

    assert done.step.settings == (f"schedule {words}",)
    assert len(site.state.tasks) == 1
    again_does_nothing(site, send, {"schedule": declared})


def test_other_recurrence_takes_its_place(site: StandIn, send: Publish) -> None:
    """Another hour or other days are another task; the former is gone."""
    site.state.cloud = True
    send({"schedule": DAILY})
    (done,) = send({"schedule": {**DAILY, "days": ["Monday"]}}).done

    assert done.step.settings == ("schedule Daily at 06:00 on Monday instead of Daily at 06:00",)
    assert scheduled(site) == ["('Daily', '06:00:00', None, [{'weekDay': 'Monday'}])"]


@pytest.mark.parametrize(
    ("cloud", "schedule", "advice"),
    [(True, "Nightly", "Tableau Cloud has no schedules by name: schedule = {"), (False, DAILY, "405000")],
)
def test_cloud_and_server_differ(site: StandIn, send: Publish, cloud: bool, schedule: Any, advice: str) -> None:
    """What the other one has is refused in a sentence."""
    site.state.cloud = cloud

    assert advice in send({"schedule": schedule}).refused["tariffs"]


def test_site_that_says_yes_and_does_nothing(site: StandIn, send: Publish) -> None:
    """A task that is not there when it is looked for is no success."""
    site.watch = lambda said: site.state.tasks.clear() if said.startswith("GET") else None

    assert "scheduling 'tariffs': the site did not do it -> look at" in send({"schedule": "Nightly"}).refused["tariffs"]


# ---- TabPy -----------------------------------------------------------------------------------------------------------


def chosen(site: StandIn) -> str:
    """Name of the TabPy connection that the workbook uses."""
    return site.state.extensions.get(site.state.named("workbook", "cost").extension, "")


def test_tabpy_is_chosen_once(site: StandIn, send: Publish, out: Path) -> None:
    """Among the site's connections, by name; again after publishing over it, and not when it is so."""
    declared = (None, {"tabpy": "Energy TabPy"})
    (done,) = send(*declared).done
    assert done.step.settings == ("TabPy connection 'Energy TabPy'",)
    assert chosen(site) == "Energy TabPy"
    again_does_nothing(site, send, *declared)
    (out / "cost.twb").write_text(BOOK.replace("Cost", "Price"))
    send(*declared)

    assert chosen(site) == "Energy TabPy"


@pytest.mark.parametrize("is_admin", [False, True])
def test_tabpy_that_the_site_has_not(site: StandIn, send: Publish, is_admin: bool) -> None:
    """What is there is named, and who makes it; an administrator is told before anything is published."""
    site.state.is_admin = is_admin
    refused = send(None, {"tabpy": "Solar"}).refused

    said = (
        "the site has no analytics extension 'Solar' (it has: Energy TabPy, Other TabPy) -> its administrator makes it"
    )
    assert refused["cost"] == f"{said} under Settings > Extensions > Analytics Extensions"
    assert bool(site.state.content) == (not is_admin)


def test_tabpy_by_a_connected_app(site: StandIn, send: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    """These calls are not open to it: said before anything is published."""
    monkeypatch.delenv("HYPERWATT_TABLEAU_TOKEN_NAME")
    monkeypatch.delenv("HYPERWATT_TABLEAU_TOKEN")
    for name, value in (("CLIENT_ID", "client-1"), ("SECRET_ID", "secret-1"), ("USER", "ada")):
        monkeypatch.setenv(f"HYPERWATT_TABLEAU_{name}", value)
    monkeypatch.setenv("HYPERWATT_TABLEAU_SECRET", "connected-app-secret-value")
    refused = send(None, {"tabpy": "Energy TabPy"}).refused

    said = "looking for the TabPy of 'cost': not open to connected apps -> sign in with a token"
    assert refused == {"cost": said}
    assert site.state.content == []


def test_tabpy_on_an_old_server(site: StandIn, send: Publish) -> None:
    """Before 2021.1 a site has one connection, and nothing is to be chosen."""
    site.version = ("2020.4", "3.10")

    assert "REST API 3.10 cannot -> leave tabpy out" in send(None, {"tabpy": "Energy TabPy"}).refused["cost"]


@pytest.mark.parametrize(
    ("effect", "sentence"),
    [("page", "a web page answers (Corporate sign-in)"), ("forbidden", "403 Forbidden -> its administrator makes it")],
)
def test_tabpy_refusals(site: StandIn, send: Publish, effect: str, sentence: str) -> None:
    """In one sentence."""
    site.faults.append(Fault(effect, "PUT .*/selected_connection", times=9))

    assert sentence in send(None, {"tabpy": "Energy TabPy"}).refused["cost"]


TABPY = {"name": "Solar", "url": "https://tabpy.corp", "login": "warehouse"}


def steps(published: Published) -> list[str]:
    """What was done to the site, by its first word."""
    assert published.refused == {}
    return [words.split()[0] for words in published.site_steps]


def test_site_gets_its_tabpy(site: StandIn, send: Publish) -> None:
    """Extensions are enabled, the connection is made, the workbook chooses it; a second publish does nothing."""
    site.state.is_admin, site.state.uses_extensions = True, False
    book = {"tabpy": "Solar"}
    plan = send(None, book, tabpy=TABPY, dry_run=True)
    assert writes(site) == []
    done = send(None, book, tabpy=TABPY)

    assert steps(plan) == steps(done) == ["enable", "create"]
    assert plan.site_steps[1] == "create connection 'Solar' to https://tabpy.corp:9004"
    assert site.state.uses_extensions
    (item,) = site.state.extension_items.values()
    assert (item["username"], item["password"], item["is_ssl_enabled"]) == ("reader", PASSWORD, True)
    assert chosen(site) == "Solar"
    site.requests.clear()
    assert send(None, book, tabpy=TABPY).site_steps == []
    assert writes(site) == []


def test_site_tabpy_that_has_moved(site: StandIn, send: Publish) -> None:
    """The one connection is changed, and again where a password is to be sent anew."""
    site.state.is_admin = True
    send(tabpy=TABPY)
    moved = {**TABPY, "url": "http://tabpy2.corp:9005"}

    assert steps(send(tabpy=moved)) == ["update"]
    assert [one["host"] for one in site.state.extension_items.values()] == ["tabpy2.corp"]
    assert steps(send(tabpy=moved, new_passwords=True)) == ["update"]
    assert steps(send(tabpy=moved)) == []


def test_site_tabpy_is_for_administrators(site: StandIn, send: Publish) -> None:
    """Others are told what to ask for; all else is published."""
    published = send({}, tabpy=TABPY)

    assert list(published.refused) == ["Solar"]
    assert "403 Forbidden -> " in published.refused["Solar"]
    assert published.refused["Solar"].endswith("a connection 'Solar' to https://tabpy.corp:9004")
    assert [done.wanted.name for done in published.done] == ["tariffs"]


@pytest.mark.parametrize("effect", ["ended", "throttled", "gateway", "lost", "cut"])
def test_faults_while_the_site_gets_its_tabpy(site: StandIn, send: Publish, effect: str) -> None:
    """At every request: there is one connection in the end, and it is right."""
    site.state.is_admin = True
    site.state.extensions.clear()
    send(tabpy=TABPY)
    for number in range(2, len(site.requests) - 1):
        site.state.extensions.clear()
        site.state.extension_items.clear()
        site.state.uses_extensions = False
        site.faults[:] = [Fault(effect, after=number)]

        assert send(tabpy=TABPY).refused == {}, number
        assert list(site.state.extensions.values()) == ["Solar"], number
        assert site.state.uses_extensions, number


@pytest.mark.parametrize("effect", ["forbidden", "reset", "page"])
def test_lasting_faults_while_the_site_gets_its_tabpy(
    site: StandIn, send: Publish, caplog: pytest.LogCaptureFixture, effect: str
) -> None:
    """A sentence without a secret, and the next publish mends it."""
    caplog.set_level("DEBUG")
    site.state.is_admin = True
    send(tabpy=TABPY)
    for number in range(4, len(site.requests) - 1):
        site.state.extensions.clear()
        site.faults[:] = [Fault(effect, after=number, times=99)]
        why = send(tabpy=TABPY).refused["Solar"]

        assert " -> " in why
        assert not any(word in why + caplog.text for word in (PASSWORD, SECRET, "&lt;only"))
        site.faults.clear()
        assert send(tabpy=TABPY).refused == {}
        assert list(site.state.extensions.values()) == ["Solar"]


@pytest.mark.parametrize(
    "said",
    [
        {"name": "x"},
        {"name": "x", "url": "tabpy.corp"},
        {"name": "x", "url": "https://ada:p@tabpy.corp"},
        {"name": "x", "url": "https://tabpy.corp:port"},
        {"name": "x", "url": "https://tabpy.corp", "password": "p"},
        {"name": 1, "url": "https://tabpy.corp"},
    ],
)
def test_site_tabpy_that_cannot_be(out: Path, said: dict[str, Any]) -> None:
    """It says how, and repeats no password."""
    with pytest.raises(SettingsError, match=r"\[publish.tabpy\].*https://HOST:9004") as refused:
        read_declared({"tabpy": said}, out)
    assert ":p@" not in str(refused.value)


# ---- refreshing ------------------------------------------------------------------------------------------------------


@pytest.fixture
def renew(settings: Callable[..., Settings], patience: Patience) -> Callable[..., Refreshed]:
    """A function that has the site refresh."""

    def call(*declared: Any, dry_run: bool = False) -> Refreshed:
        return refresh(replace(settings(*declared), dry_run=dry_run), patience=patience)

    return call


def test_refresh_is_awaited(site: StandIn, send: Publish, renew: Callable[..., Refreshed]) -> None:
    """Both are asked for before either is waited for."""
    declared = ({"credentials": "warehouse"}, {"credentials": "warehouse"})
    send(*declared)
    site.requests.clear()
    site.state.slow_polls = 3
    refreshed = renew(*declared)

    assert (refreshed.done, refreshed.refused) == ({"tariffs": "refreshed", "cost": "refreshed"}, {})
    assert [one.refreshes for one in site.state.content] == [1, 1]
    asked = [("/jobs/" in one) for one in site.requests if "/jobs/" in one or one.endswith("/refresh")]
    assert asked == [False, False] + [True] * 8


def test_refresh_that_fails_shows_its_notes(site: StandIn, send: Publish, renew: Callable[..., Refreshed]) -> None:
    """One sentence; the other is still refreshed."""
    declared = ({}, {"credentials": "warehouse"})
    send(*declared)
    refreshed = renew(*declared)

    why = "the site's job failed: Cannot connect to DB.corp: the credentials are not embedded"
    assert refreshed.refused == {"tariffs": f"refreshing 'tariffs': {why}"}
    assert refreshed.done == {"cost": "refreshed"}


def test_refresh_that_waits_already(site: StandIn, send: Publish, renew: Callable[..., Refreshed]) -> None:
    """It is not asked for twice, and that is said."""
    send({})
    tariffs(site).refreshing = True

    assert renew({}).done == {"tariffs": QUEUED}


def test_refresh_of_what_is_not_there(site: StandIn, renew: Callable[..., Refreshed]) -> None:
    """It is to be published first."""
    assert renew({}).refused == {
        "tariffs": "datasource 'tariffs' is not on the site -> bring it there: hyperwatt publish"
    }


def test_dry_refresh(site: StandIn, send: Publish, renew: Callable[..., Refreshed]) -> None:
    """It says from where, and asks for nothing."""
    send({})
    site.requests.clear()

    assert renew({}, dry_run=True).done == {"tariffs": "would be refreshed from mysql at db.corp"}
    assert writes(site) == []


@pytest.mark.parametrize("effect", ["ended", "throttled", "gateway", "lost", "cut"])
def test_passing_faults_while_refreshing(
    site: StandIn, send: Publish, renew: Callable[..., Refreshed], effect: str
) -> None:
    """At every request: it is refreshed all the same, or said that a refresh waits already."""
    declared = {"credentials": "warehouse"}
    send(declared)
    site.requests.clear()
    site.state.slow_polls = 1
    renew(declared)
    requests = list(site.requests)
    for number in range(2, len(requests) - 1):
        before = tariffs(site).refreshes
        site.faults[:] = [Fault(effect, after=number)]
        refreshed = renew(declared)
        site.state.settle()

        assert refreshed.refused == {}, requests[number]
        assert refreshed.done["tariffs"] in ("refreshed", QUEUED), requests[number]
        assert tariffs(site).refreshes > before, requests[number]


@pytest.mark.parametrize("effect", ["forbidden", "reset", "page"])
def test_lasting_faults_while_refreshing(
    site: StandIn, send: Publish, settings: Callable[..., Settings], patience: Patience, effect: str
) -> None:
    """From whichever request on: a sentence that says what to do, without a secret."""
    declared = {"credentials": "warehouse"}
    send(declared)
    site.requests.clear()
    refresh(settings(declared), patience=patience)
    for number in range(len(site.requests) - 1):
        site.faults[:] = [Fault(effect, after=number, times=99)]
        try:
            said = list(refresh(settings(declared), patience=patience).refused.values())
        except PipelineError as error:
            said = [str(error)]

        assert len(said) == 1
        assert " -> " in said[0]
        assert not any(word in said[0] for word in (SECRET, PASSWORD, "Traceback"))


# ---- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def call(site: StandIn, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """A function that calls `hyperwatt publish` with all of it declared."""
    (tmp_path / "hyperwatt.toml").write_text(
        f"""
        [publish]
        site = "{site.url}/#/site/energy"
        [publish.datasources.tariffs]
        file = "out/tariffs.tdsx"
        schedule = "Nightly"
        [publish.workbooks.cost]
        file = "out/cost.twb"
        credentials = "warehouse"
        tabpy = "Energy TabPy"
        """
    )
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, ["publish", *arguments])


def test_plan_work_nothing_and_refresh(call: Callable[..., Result], site: StandIn, out: Path) -> None:
    """The plan says what is to be set and what is left to people; a second publish does nothing."""
    plan = call("--dry-run")
    assert writes(site) == []
    done, rest = call(), call()
    renewed = call("--refresh")

    assert [one.exit_code for one in (plan, done, rest, renewed)] == [0, 0, 0, 1], plan.output + done.output
    size = (out / "tariffs.tdsx").stat().st_size
    assert f"tariffs: create, {size} bytes; set schedule Nightly\n" in plan.stdout
    assert "  by hand: every viewer is asked for user and password of mysql at db.corp: credentials" in plan.stdout
    assert "; set credentials: embed 'reader', TabPy connection 'Energy TabPy'\n" in plan.stdout
    assert "tariffs: created; set schedule Nightly; sent " in done.stdout
    assert rest.stdout.count(": unchanged; sent 0 bytes") == 2
    assert renewed.stdout == "cost: refreshed\n"
    assert "tariffs: refreshing 'tariffs': the site's job failed: Cannot connect" in renewed.stderr
    assert not any(word in one.output for one in (plan, done, rest, renewed) for word in (PASSWORD, SECRET))


def test_plan_names_what_is_left_to_people(site: StandIn, send: Publish) -> None:
    """A workbook with scripts and a database, of which nothing is declared."""
    ((wanted, _),) = send(None, {}, dry_run=True).planned

    assert [words.partition(":")[0] for words in wanted.by_hand] == [
        "every viewer is asked for user and password of mysql at db.corp",
        "it calls TabPy",
    ]


def test_secrets_are_in_no_log(
    site: StandIn, send: Publish, renew: Callable[..., Refreshed], caplog: pytest.LogCaptureFixture, out: Path
) -> None:
    """At its most talkative, while credentials are embedded; nor in a file that we write, or a repr."""
    caplog.set_level("DEBUG")
    published = send({"credentials": "warehouse", "schedule": "Nightly"}, {"credentials": "warehouse", "tabpy": "no"})
    site.faults.append(Fault("forbidden", "PUT .*/connections/", times=9))
    wrong = send({"credentials": "warehouse"}, new_passwords=True).refused
    renew({"credentials": "warehouse"})
    files = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())

    assert tariffs(site).connections[0].password == PASSWORD
    assert "setting credentials of 'tariffs': 403004" in wrong["tariffs"]
    assert len(caplog.text) > 1000
    everything = caplog.text + repr(published) + str(wrong)
    assert [word for word in (PASSWORD, SECRET, "Read&#39;er", "&amp; &lt;only&gt;") if word in everything] == []
    assert PASSWORD.encode() not in files


# ---- settings that cannot be -----------------------------------------------------------------------------------------

SOURCES_SAID: dict[str, tuple[dict[str, Any], str]] = {
    "password": ({"password": "x"}, r"\[publish.datasources.tariffs\] holds a password -> such a file is shared"),
    "tabpy": ({"tabpy": "x"}, "tabpy is for workbooks"),
    "login": ({"credentials": "Ware House"}, "the name of a login in small letters"),
    "logins": ({"credentials": ["x"]}, "the name of a login in small letters"),
    "schedule": ({"schedule": 7}, "schedule = 7 -> the name of one of the server's, or schedule = {"),
    "empty": ({"schedule": ""}, "schedule = '' -> the name"),
    "frequency": ({"schedule": {"frequency": "Yearly", "start": "06:00"}}, "frequency = 'Yearly' -> Hourly or Daily"),
    "unknown": ({"schedule": {**DAILY, "at": "x"}}, "unknown setting 'at'"),
    "start": ({"schedule": {"frequency": "Daily"}}, "start = None -> a time in steps of 5 minutes"),
    "minute": ({"schedule": {"frequency": "Daily", "start": "06:02"}}, "in steps of 5 minutes"),
    "end": ({"schedule": {**DAILY, "end": "18:00"}}, "end is for Hourly alone"),
    "hours": ({"schedule": {"frequency": "Hourly", "start": "06:00", "end": "18:30"}}, "whole hours after start"),
    "days": ({"schedule": {**DAILY, "days": ["Mon"]}}, r"days = \['Mon'\] -> days of the week"),
    "week": ({"schedule": {"frequency": "Weekly", "start": "06:00"}}, "days = None -> one day of the week"),
    "month": ({"schedule": {"frequency": "Monthly", "start": "06:00", "days": [32]}}, "days of the month"),
}


@pytest.mark.parametrize("case", SOURCES_SAID)
def test_settings_that_cannot_be(out: Path, case: str) -> None:
    """Each is named, with what would do."""
    said, sentence = SOURCES_SAID[case]
    with pytest.raises(SettingsError, match=sentence):
        read_declared({"datasources": {"tariffs": {"file": str(out / "tariffs.tdsx"), **said}}}, out)


@pytest.mark.parametrize("said", [{"schedule": "Nightly"}, {"credentials": "warehouse"}])
def test_what_hyperwatt_brings_needs_none_of_it(out: Path, said: dict[str, Any]) -> None:
    """Rows of an extract are pushed: there is no database behind them."""
    (out / "extracts" / "readings.hyper").touch()
    with pytest.raises(SettingsError, match=r"hyperwatt publish brings new rows itself|its file connects to no server"):
        read_declared({"datasources": {"readings": said}}, out)


def test_extracts_are_not_refreshed(settings: Callable[..., Settings], out: Path, patience: Patience) -> None:
    """That is said, and nothing is asked."""
    (out / "extracts" / "readings.hyper").touch()
    said = settings()
    said = replace(said, publish={**said.publish, "datasources": {"readings": {}}})

    assert refresh(said, patience=patience).done == {"readings": PUSHED}
