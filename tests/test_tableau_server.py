"""The stand-in Tableau Server, driven by Tableau's own client: what publishing is tested against must be right."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import tableauserverclient as tsc
from tableau_server import Fault, StandIn, running
from tableau_server.wire import schema, violations
from tableauhyperapi import Connection, CreateMode, HyperProcess

TABLE = '"Extract"."Extract"'
ACTIONS = {"source-schema": "Extract", "source-table": "Extract", "target-schema": "Extract", "target-table": "Extract"}
KEYS = {"op": "eq", "target-col": "k", "source-col": "k"}


@pytest.fixture
def site(tmp_path: Path, hyperd: HyperProcess) -> Iterator[StandIn]:
    """A running stand-in; whatever a test does there must be as Tableau's schema has it."""
    with running(tmp_path / "site", hyperd) as stand_in:
        yield stand_in
    assert stand_in.violations == []


@pytest.fixture
def client(site: StandIn) -> Iterator[tsc.Server]:
    """Tableau's own client, signed in by a token."""
    server = tsc.Server(site.url, use_server_version=True)
    with server.auth.sign_in(token()):
        yield server
    server.close()


def token(secret: str = "NightlySecret+/==", site: str = "energy") -> tsc.PersonalAccessTokenAuth:
    """The token that the stand-in knows."""
    return tsc.PersonalAccessTokenAuth("nightly", secret, site_id=site)


@pytest.fixture
def rows(tmp_path: Path, hyperd: HyperProcess) -> Callable[..., Path]:
    """A function that writes an extract of `k` and `kwh`."""

    def write(name: str, values: dict[int, float | None], column: str = "kwh") -> Path:
        path = tmp_path / f"{name}.hyper"
        with Connection(hyperd.endpoint, path, CreateMode.CREATE_AND_REPLACE) as connection:
            connection.execute_command('CREATE SCHEMA "Extract"')
            connection.execute_command(f"CREATE TABLE {TABLE} (k integer, {column} double precision)")
            for key, value in values.items():
                connection.execute_command(f"INSERT INTO {TABLE} VALUES ({key}, {'NULL' if value is None else value})")
        return path

    return write


def held(site: StandIn, hyperd: HyperProcess, name: str = "meters") -> dict[int, float | None]:
    """The rows of a published extract."""
    file = site.state.named("datasource", name).file
    with Connection(hyperd.endpoint, file, CreateMode.NONE) as connection:
        return dict(connection.execute_list_query(f"SELECT * FROM {TABLE} ORDER BY k, kwh"))


def published(client: tsc.Server, path: Path, mode: str = "CreateNew", **options: Any) -> Any:
    """Publish an extract as `meters` to the first project."""
    item = tsc.DatasourceItem(client.projects.get()[0][0].id, name="meters")
    return client.datasources.publish(item, path, mode, **options)


# ---- coming in -------------------------------------------------------------------------------------------------------


def test_token_user_and_server_version(site: StandIn) -> None:
    """A token and a user come in, the client learns the version, and leaving ends the session."""
    for who in (token(), tsc.TableauAuth("ada", "Ada's <secret> & more", site_id="energy")):
        server = tsc.Server(site.url, use_server_version=True)
        with server.auth.sign_in(who):
            assert server.version == "3.28"
            assert len(site.state.sessions) == 1
        server.close()
        assert not site.state.sessions


@pytest.mark.parametrize("wrong", [token(secret="no"), token(site="elsewhere")])
def test_wrong_secret_and_wrong_site_look_alike(site: StandIn, wrong: tsc.PersonalAccessTokenAuth) -> None:
    """Both are 401001, as on a real server."""
    with tsc.Server(site.url, use_server_version=True) as server, pytest.raises(tsc.FailedSignInError, match="401001"):
        server.auth.sign_in(wrong)


def test_second_sign_in_ends_the_first(site: StandIn, client: tsc.Server) -> None:
    """One token, one session: the older one is told 401002."""
    other = tsc.Server(site.url, use_server_version=True)
    with other.auth.sign_in(token()), pytest.raises(tsc.FailedSignInError, match="401002"):
        client.projects.get()
    other.close()
    client.auth.sign_in(token())


# ---- publishing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_job", [False, True])
def test_download_gives_the_published_bytes(
    site: StandIn, client: tsc.Server, rows: Callable[..., Path], tmp_path: Path, as_job: bool
) -> None:
    """Published at once or as a job, listed, downloaded: byte for byte the same."""
    path = rows("local", {1: 1.5})
    job = published(client, path, as_job=as_job)
    if as_job:
        client.jobs.wait_for_job(job)
    (found,) = client.datasources.filter(name="meters", project_name="default")
    file = client.datasources.download(found.id, str(tmp_path / "down"))

    assert Path(file).suffix == ".hyper"
    assert Path(file).read_bytes() == path.read_bytes()


def test_chunked_upload_is_put_together(
    site: StandIn, client: tsc.Server, rows: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pieces of 1 MB arrive in order and make the file."""
    monkeypatch.setenv("TSC_CHUNK_SIZE_MB", "1")
    monkeypatch.setenv("TSC_FILESIZE_LIMIT_MB", "0")
    path = rows("local", {1: 1.5})
    path.write_bytes(path.read_bytes() + bytes(range(256)) * 10_000)
    published(client, path)

    assert sum("PUT" in one and "fileUploads" in one for one in site.requests) == 3
    assert site.state.named("datasource", "meters").file.read_bytes() == path.read_bytes()
    assert not site.state.uploads


def test_names_are_not_taken_twice(site: StandIn, client: tsc.Server, rows: Callable[..., Path]) -> None:
    """Without overwriting it is a conflict; with it a second revision, and both can be had back."""
    first, second = rows("first", {1: 1.0}), rows("second", {2: 2.0})
    item = published(client, first)
    with pytest.raises(tsc.ServerResponseError, match="409004"):
        published(client, second)
    published(client, second, "Overwrite")
    client.datasources.populate_revisions(item)

    assert [(one.revision_number, one.current) for one in item.revisions] == [("1", False), ("2", True)]
    old, new = site.state.named("datasource", "meters").revisions[0], site.state.named("datasource", "meters").file
    assert (old.read_bytes(), new.read_bytes()) == (first.read_bytes(), second.read_bytes())


def test_unknown_project_is_refused(site: StandIn, client: tsc.Server, rows: Callable[..., Path]) -> None:
    """404005, and nothing is there afterwards."""
    item = tsc.DatasourceItem("11111111-1111-1111-1111-111111111111", name="meters")
    with pytest.raises(tsc.ServerResponseError, match="404005"):
        client.datasources.publish(item, rows("local", {1: 1.0}), "CreateNew")

    assert site.state.content == []


def test_workbook_shows_its_sheets(site: StandIn, client: tsc.Server, tmp_path: Path) -> None:
    """A published workbook lists the sheets that are in its XML."""
    path = tmp_path / "use.twb"
    path.write_text("<?xml version='1.0'?><workbook><worksheets><worksheet name='Trend'/></worksheets></workbook>")
    made = client.workbooks.publish(tsc.WorkbookItem(client.projects.get()[0][0].id, name="use"), path, "CreateNew")

    assert [view.name for view in made.views] == ["Trend"]


def test_tags_permissions_and_projects(site: StandIn, client: tsc.Server, rows: Callable[..., Path]) -> None:
    """What the client sets it can read back, and a project may lie in another."""
    item = published(client, rows("local", {1: 1.0}))
    client.datasources.add_tags(item, ["one.1", "two words"])
    client.datasources.delete_tags(item, "one.1")
    (group,) = client.groups.filter(name="Facility")
    rule = tsc.PermissionsRule(group, {"Read": "Allow", "ExportData": "Deny"})
    client.datasources.update_permissions(item, [rule])
    client.datasources.populate_permissions(item)
    inner = client.projects.create(tsc.ProjectItem("inner", parent_id=item.project_id))

    assert client.datasources.get_by_id(item.id).tags == {"two words"}
    assert [one.capabilities for one in item.permissions] == [{"Read": "Allow", "ExportData": "Deny"}]
    assert client.projects.get_by_path("default/inner").id == inner.id


def test_refresh_is_queued_once(site: StandIn, client: tsc.Server, rows: Callable[..., Path]) -> None:
    """The second request while the first waits is 409093, which the client takes for `already under way`."""
    item = published(client, rows("local", {1: 1.0}))
    site.state.slow_polls = 1

    assert client.datasources.refresh(item).type == "RefreshExtract"
    assert client.datasources.refresh(item) is None
    site.state.settle()
    assert client.datasources.refresh(item) is not None


# ---- data actions ----------------------------------------------------------------------------------------------------

BEFORE = {1: 1.0, 2: 2.0, 3: 3.0}
PAYLOAD = {2: 20.0, 9: 90.0}


@pytest.mark.parametrize(
    ("actions", "after"),
    [
        ([{"action": "insert"}], {**BEFORE, 2: 20.0, 9: 90.0}),
        ([{"action": "update", "condition": KEYS}], {1: 1.0, 2: 20.0, 3: 3.0}),
        ([{"action": "upsert", "condition": KEYS}], {1: 1.0, 2: 20.0, 3: 3.0, 9: 90.0}),
        ([{"action": "delete", "condition": KEYS}], {1: 1.0, 3: 3.0}),
        ([{"action": "replace"}], PAYLOAD),
        ([{"action": "delete", "condition": KEYS}, {"action": "insert"}], {1: 1.0, 2: 20.0, 3: 3.0, 9: 90.0}),
    ],
)
def test_data_actions(
    site: StandIn,
    client: tsc.Server,
    rows: Callable[..., Path],
    hyperd: HyperProcess,
    actions: list[dict[str, Any]],
    after: dict[int, float],
) -> None:
    """Each action does to the rows what it says."""
    item = published(client, rows("local", BEFORE))
    job = client.datasources.update_hyper_data(
        item, request_id="1", actions=[ACTIONS | one for one in actions], payload=rows("payload", PAYLOAD)
    )
    client.jobs.wait_for_job(job)

    assert held(site, hyperd) == after


def test_delete_by_constants_needs_no_payload(
    site: StandIn, client: tsc.Server, rows: Callable[..., Path], hyperd: HyperProcess
) -> None:
    """Conditions are put together from constants, and, or and not; null is a value of its own for `is`."""
    item = published(client, rows("local", {**BEFORE, 4: None}))
    low = {"op": "lt", "target-col": "k", "const": {"type": "integer", "v": 2}}
    empty = {"op": "is", "target-col": "kwh", "source-col": "kwh"}
    action = {"action": "delete", "target-table": "Extract", "condition": {"op": "or", "args": [low]}}
    client.jobs.wait_for_job(client.datasources.update_hyper_data(item, request_id="1", actions=[action]))
    assert held(site, hyperd) == {2: 2.0, 3: 3.0, 4: None}

    gone = ACTIONS | {"action": "delete", "condition": empty}
    payload = rows("payload", {7: None})
    client.jobs.wait_for_job(
        client.datasources.update_hyper_data(item, request_id="2", actions=[gone], payload=payload)
    )
    assert held(site, hyperd) == {2: 2.0, 3: 3.0}


def test_request_id_is_carried_out_once(
    site: StandIn, client: tsc.Server, rows: Callable[..., Path], hyperd: HyperProcess
) -> None:
    """The same id gives the same job and inserts nothing again."""
    item = published(client, rows("local", BEFORE))
    again = [
        client.datasources.update_hyper_data(
            item, request_id="same", actions=[ACTIONS | {"action": "insert"}], payload=rows("payload", {5: 5.0})
        ).id
        for _ in range(2)
    ]

    assert again[0] == again[1]
    assert held(site, hyperd) == {**BEFORE, 5: 5.0}


@pytest.mark.parametrize("notes", ["Backgrounder ran out of memory", None])
def test_failing_job_changes_nothing(
    site: StandIn, client: tsc.Server, rows: Callable[..., Path], hyperd: HyperProcess, notes: str | None
) -> None:
    """It ends with code 1, with notes or, as users have met it, without."""
    item = published(client, rows("local", BEFORE))
    site.state.failing_jobs.append(notes)
    job = client.datasources.update_hyper_data(
        item, request_id="1", actions=[ACTIONS | {"action": "replace"}], payload=rows("payload", PAYLOAD)
    )
    with pytest.raises(tsc.JobFailedException) as failed:
        client.jobs.wait_for_job(job)

    assert failed.value.notes == [notes]
    assert held(site, hyperd) == BEFORE


def test_schema_mismatch_fails_the_job_whole(
    site: StandIn, client: tsc.Server, rows: Callable[..., Path], hyperd: HyperProcess
) -> None:
    """The delete before it is undone too: actions of one request are one transaction."""
    item = published(client, rows("local", BEFORE))
    actions = [{"action": "delete", "condition": KEYS}, {"action": "insert"}]
    job = client.datasources.update_hyper_data(
        item, request_id="1", actions=[ACTIONS | one for one in actions], payload=rows("payload", PAYLOAD, "energy")
    )
    with pytest.raises(tsc.JobFailedException, match="schemas do not match: column energy"):
        client.jobs.wait_for_job(job)

    assert held(site, hyperd) == BEFORE


# ---- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("effect", "error"),
    [
        ("ended", tsc.FailedSignInError),
        ("throttled", tsc.ServerResponseError),
        ("gateway", tsc.server.endpoint.exceptions.InternalServerError),
        ("unavailable", tsc.server.endpoint.exceptions.InternalServerError),
        ("forbidden", tsc.ServerResponseError),
        ("reset", requests.ConnectionError),
        ("lost", requests.ConnectionError),
        ("cut", requests.RequestException),
    ],
)
def test_faults_reach_the_client(
    site: StandIn, client: tsc.Server, rows: Callable[..., Path], effect: str, error: type[Exception]
) -> None:
    """Each strikes the request it was meant for, once; only a lost or cut answer leaves the work done."""
    site.faults.append(Fault(effect, "POST .*/datasources"))
    with pytest.raises(error):
        published(client, rows("local", {1: 1.0}))

    assert [one.name for one in site.state.content] == (["meters"] if effect in ("lost", "cut") else [])
    assert not site.faults[0].strikes("POST x/datasources")
    if effect == "ended":
        client.auth.sign_in(token())


# ---- the judge -------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(schema() is None, reason="Tableau's REST schema is not at hand")
def test_judge_knows_bad_xml() -> None:
    """The schema refuses what is not Tableau's, in requests without a namespace too."""
    assert violations(b"<tsRequest><datasource name='x'/></tsRequest>") == []
    assert violations(b"<tsRequest><datasource nome='x'/></tsRequest>")
    assert violations(b"<tsRequest><project id='no luid'/></tsRequest>")
    assert violations(b"<tsRequest><tags><tag/></tags></tsRequest>")


@pytest.mark.skipif(schema() is None, reason="Tableau's REST schema is not at hand")
def test_bad_request_is_refused(site: StandIn, client: tsc.Server) -> None:
    """A request against the schema is answered with 400, and noted."""
    with pytest.raises(tsc.ServerResponseError, match="400000"):
        client.projects.post_request(client.projects.baseurl, b"<tsRequest><project nome='x'/></tsRequest>")

    assert len(site.violations) == 1
    site.violations.clear()
