"""Publishing to a site: what is declared is there, only what changed travels, and nothing that goes wrong spoils it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tableau_server import Content, Fault, StandIn, running
from tableauhyperapi import HyperProcess

from pipeline.config import Settings
from pipeline.errors import PipelineError, PublishError, SettingsError
from pipeline.publish.declared import read_declared
from pipeline.publish.patience import Patience
from pipeline.publish.payload import payloads
from pipeline.publishing import Published, publish
from pipeline.stores.extracts import READINGS
from pipeline.stores.hyper_read import read_extract
from pipeline.stores.ledger import changed_cells, read_ledger

SECRET = "NightlySecret+/=="
ONE = {"datasources": {"readings": {}}}
THREE: dict[str, Any] = {"datasources": {"daily": {}, "findings": {}, "readings": {}}}
Publish = Callable[..., Published]


def csv(folder: Path, days: list[str], meters: int = 2, level: float = 1.0) -> Path:
    """A file of hourly readings."""
    starts = pd.DatetimeIndex([hour for day in days for hour in pd.date_range(day, periods=24, freq="h")])
    frame = pd.DataFrame({"timestamp": starts.strftime("%Y-%m-%d %H:%M")})
    for meter in range(meters):
        # Up and down: two that only grow, side by side, are one register read twice.
        frame[f"M{meter}"] = (level + meter + 0.1 * (starts.hour * 7 % 24) + 0.01 * starts.day_of_year).round(3)
    path = folder / f"{days[0]}-{level}.csv"
    frame.to_csv(path, index=False)
    return path


DAYS = [str(day.date()) for day in pd.date_range("2024-01-01", periods=60)]


@pytest.fixture(scope="session")
def before(run_files: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Extracts of sixty days of two meters."""
    return Path(run_files([csv(tmp_path_factory.mktemp("csv"), DAYS)], timezone="UTC").out)


@pytest.fixture(scope="session")
def after(before: Path, run_files: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, and one day more."""
    out = tmp_path_factory.mktemp("after") / "out"
    shutil.copytree(before, out)
    run_files([csv(tmp_path_factory.mktemp("csv"), ["2024-03-01"])], out=out, timezone="UTC")
    return out


@pytest.fixture
def out(tmp_path: Path, before: Path) -> Path:
    """A folder of results of its own."""
    shutil.copytree(before, tmp_path / "out")
    return tmp_path / "out"


def grow(out: Path, later: Path) -> None:
    """Let the extracts go on to those of a later run; what was published stays on record."""
    for path in (later / "extracts").glob("*.hyper"):
        shutil.copy2(path, out / "extracts" / path.name)


@pytest.fixture
def site(tmp_path: Path, hyperd: HyperProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A running stand-in, and in the environment who signs in; every request must be as Tableau's schema has it."""
    monkeypatch.setenv("HYPERWATT_TABLEAU_TOKEN_NAME", "nightly")
    monkeypatch.setenv("HYPERWATT_TABLEAU_TOKEN", SECRET)
    with running(tmp_path / "site", hyperd) as stand_in:
        yield stand_in
    assert stand_in.violations == []


@pytest.fixture
def send(site: StandIn, out: Path, hyperd: HyperProcess) -> Publish:
    """A function that publishes the folder of results to the stand-in."""

    def call(declared: dict[str, Any] | None = None, *, dry_run: bool = False, waits: list[float] | None = None) -> Any:
        said = {"site": f"{site.url}/#/site/energy/home", "project": "Energy/Meters", **(declared or {})}
        patience = Patience(tries=3, sleep=[].append if waits is None else waits.append)
        return publish(Settings(out=out, publish=said, dry_run=dry_run), patience=patience, hyper=hyperd)

    return call


def rows(path: Path, hyperd: HyperProcess) -> pd.DataFrame:
    """The rows of an extract in order."""
    frame = read_extract(path, hyperd)
    return frame.sort_values(list(frame.columns), ignore_index=True)


def assert_same(site: StandIn, out: Path, hyperd: HyperProcess, name: str = "readings") -> None:
    """The site's extract has the local one's rows, every one and no other."""
    held = rows(site.state.named("datasource", name).file, hyperd)
    pd.testing.assert_frame_equal(held, rows(out / "extracts" / f"{name}.hyper", hyperd))


def writes(requests: list[str]) -> list[str]:
    """Requests that change something on the site."""
    return [one for one in requests if not one.startswith("GET") and "/auth/" not in one]


def actions(published: Published) -> dict[str, str]:
    """What was done to each."""
    return {done.wanted.name: done.step.action for done in published.done}


# ---- the plan and the work -------------------------------------------------------------------------------------------


def test_first_publish_is_there_byte_for_byte(site: StandIn, send: Publish, out: Path) -> None:
    """Every extract, in a project that was made for them, with our tag; proved row for row."""
    published = send({**THREE, "tags": ["nightly run"]})

    assert published.refused == {}
    assert actions(published) == {"readings": "create", "daily": "create", "findings": "create"}
    for name in actions(published):
        content = site.state.named("datasource", name, "Meters")
        assert content.file.read_bytes() == (out / "extracts" / f"{name}.hyper").read_bytes()
        assert content.tags == {"hyperwatt", "nightly run"}
    assert "equal row for row: 2,880 rows and" in published.done[-1].proof
    assert [one.name for one in site.state.projects] == ["default", "Energy", "Meters"]
    assert site.state.sessions == {}


def test_second_publish_does_nothing(site: StandIn, send: Publish) -> None:
    """It asks, and sends nothing; nor does it read anything back."""
    send()
    site.requests.clear()
    published = send()

    assert set(actions(published).values()) == {"unchanged"}
    assert writes(site.requests) == []
    assert not any("content" in one for one in site.requests)


def test_one_more_day_is_all_that_travels(
    site: StandIn, send: Publish, out: Path, after: Path, hyperd: HyperProcess
) -> None:
    """48 rows of 2,928 are sent; the site then has every row of the local extract and no other."""
    send()
    old = site.state.named("datasource", "readings").id
    grow(out, after)
    published = send(ONE)

    (done,) = published.done
    assert (done.step.action, done.step.rows) == ("update", 48)
    assert "equal row for row: 2,928 rows" in done.proof
    assert sum("PATCH" in one for one in site.requests) == 1
    assert site.state.named("datasource", "readings").id == old
    assert len(read_extract(out / "extracts" / "readings.hyper", hyperd)) == 2928
    assert_same(site, out, hyperd)


def test_dry_run_says_what_publish_does(site: StandIn, send: Publish, out: Path, after: Path) -> None:
    """The plan is that of the work after it, and nothing on the site is changed by making it."""
    plans = []
    for step in range(3):
        if step == 1:
            grow(out, after)
        site.requests.clear()
        planned = send(THREE, dry_run=True).planned
        assert writes(site.requests) == []
        plans.append({wanted.name: plan.action for wanted, plan in planned})
        assert plans[-1] == actions(send(THREE))

    assert plans[0]["readings"] == "create"
    assert plans[1] == {"readings": "update", "daily": "update", "findings": "unchanged"}
    assert plans[2]["readings"] == "unchanged"


def test_corrected_and_withdrawn_rows(
    site: StandIn, send: Publish, out: Path, before: Path, hyperd: HyperProcess
) -> None:
    """A changed value, a day that is gone and a day that comes back: each makes the site the same again."""
    send(ONE)
    path = out / "extracts" / "readings.hyper"
    for statement in (
        "UPDATE {} SET energy_kwh = 7 WHERE meter_id = 'M1' AND interval_start_utc = TIMESTAMP '2024-01-07 05:00'",
        "DELETE FROM {} WHERE meter_id = 'M0' AND interval_start_utc < TIMESTAMP '2024-01-03'",
    ):
        alter(path, hyperd, statement)
        (done,) = send(ONE).done
        assert done.step.action == "update"
        assert_same(site, out, hyperd)
    assert done.step.rows == 0
    shutil.copy2(before / "extracts" / "readings.hyper", path)
    (done,) = send(ONE).done

    assert done.step.rows == 72
    assert_same(site, out, hyperd)


def alter(path: Path, hyperd: HyperProcess, statement: str) -> None:
    """Change an extract."""
    from tableauhyperapi import Connection, CreateMode

    with Connection(hyperd.endpoint, path, CreateMode.NONE) as connection:
        connection.execute_command(statement.format('"Extract"."Extract"'))


def test_half_of_the_rows_is_sent_whole(site: StandIn, send: Publish, out: Path, hyperd: HyperProcess) -> None:
    """When most has changed, all of it is published anew, with the reason."""
    send(ONE)
    alter(out / "extracts" / "readings.hyper", hyperd, "UPDATE {} SET energy_kwh = energy_kwh + 1")
    (done,) = send(ONE).done

    assert (done.step.action, done.step.reason) == ("overwrite", "2,880 of 2,880 rows have changed")
    assert_same(site, out, hyperd)


def test_changed_columns_are_sent_whole(
    site: StandIn, send: Publish, out: Path, after: Path, hyperd: HyperProcess
) -> None:
    """What the site has under another schema is never updated."""
    send(ONE)
    grow(out, after)
    alter(out / "extracts" / "readings.hyper", hyperd, "ALTER TABLE {} ADD COLUMN more text")
    (done,) = send(ONE).done

    assert (done.step.action, done.step.reason) == ("overwrite", "its columns have changed")
    assert_same(site, out, hyperd)


def test_old_server_gets_all_of_it(site: StandIn, send: Publish, out: Path, after: Path, hyperd: HyperProcess) -> None:
    """Before 2021.3 rows cannot be changed."""
    site.version = ("2021.2", "3.12")
    send(ONE)
    grow(out, after)
    (done,) = send(ONE).done

    assert done.step.reason == "REST API 3.12 cannot change rows"
    assert_same(site, out, hyperd)


# ---- what the site holds ---------------------------------------------------------------------------------------------


def forget(out: Path) -> None:
    """Lose what was remembered, as on another machine."""
    for path in (out / "extracts" / ".hyperwatt").glob("site-*"):
        path.unlink()


def test_another_machine_reads_back_and_updates(
    site: StandIn, send: Publish, out: Path, after: Path, hyperd: HyperProcess
) -> None:
    """Without a record the site's own data says what is missing, once."""
    send(ONE)
    forget(out)
    grow(out, after)
    (done,) = send(ONE).done
    assert (done.step.action, done.step.rows) == ("update", 48)
    assert_same(site, out, hyperd)
    forget(out)
    (done,) = send(ONE).done
    assert done.proof == "the site holds the same"
    site.requests.clear()
    send(ONE)
    assert not any("content" in one for one in site.requests)


def test_changes_behind_our_back_are_seen(
    site: StandIn, send: Publish, out: Path, before: Path, after: Path, hyperd: HyperProcess
) -> None:
    """Somebody publishes an older extract over ours: the record is not believed, the rows are mended."""
    grow(out, after)
    send(ONE)
    content = site.state.named("datasource", "readings")
    copy = site.state.keep((before / "extracts" / "readings.hyper").read_bytes(), "hyper")
    site.state.store(content, copy)
    (done,) = send(ONE).done

    assert (done.step.action, done.step.rows) == ("update", 48)
    assert_same(site, out, hyperd)


def test_packaged_download_is_understood(
    site: StandIn, send: Publish, out: Path, after: Path, hyperd: HyperProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A site that gives a .tdsx around the extract is read back as well."""
    import zipfile

    from tableau_server import publishing
    from tableau_server.wire import Answer

    plain = publishing.file_answer

    def packed(content: Content, file: Path) -> Answer:
        made = plain(content, file)
        folder = site.state.folder / "packed.tdsx"
        with zipfile.ZipFile(folder, "w") as archive:
            archive.writestr("readings.tds", "<datasource/>")
            archive.write(file, "Data/Extracts/readings.hyper")
        made.body = folder.read_bytes()
        made.headers["Content-Disposition"] = 'name="tableau_datasource"; filename="readings.tdsx"'
        return made

    monkeypatch.setattr(publishing, "file_answer", packed)
    assert "equal row for row" in send(ONE).done[0].proof
    forget(out)
    grow(out, after)
    (done,) = send(ONE).done

    assert (done.step.action, done.step.rows) == ("update", 48)
    assert_same(site, out, hyperd)


def test_download_that_is_not_allowed(site: StandIn, send: Publish, out: Path) -> None:
    """The proof then says that it is none."""
    site.faults.append(Fault("forbidden", "GET .*/content", times=9))
    (done,) = send(ONE).done

    assert done.proof.startswith("the site's job ended well; not read back: reading 'readings' back: 403004")


def test_strangers_content_is_not_overwritten(site: StandIn, send: Publish, out: Path) -> None:
    """Unless that is said; all else is published."""
    send(ONE)
    content = site.state.named("datasource", "readings")
    content.tags.clear()
    forget(out)
    was = content.file.read_bytes()
    site.requests.clear()
    refused = send().refused

    assert list(refused) == ["readings"]
    assert "is there already and is none of ours" in refused["readings"]
    assert content.file.read_bytes() == was
    assert "hyperwatt" in site.state.named("datasource", "daily").tags
    assert send({**ONE, "replace": True}).refused == {}
    assert content.tags == {"hyperwatt"}


def test_somebody_is_quicker(site: StandIn, send: Publish, out: Path, before: Path, hyperd: HyperProcess) -> None:
    """Another machine of ours publishes between our look and our work: we look again."""
    file = (before / "extracts" / "readings.hyper").read_bytes()

    def intrude(request: str) -> None:
        if request.startswith("POST") and request.endswith("/datasources") and not site.state.content:
            project = site.state.projects[-1]
            copy = site.state.keep(file, "hyper")
            site.state.content.append(Content("datasource", "readings", project, copy, "hyper", tags={"hyperwatt"}))

    site.watch = intrude
    (done,) = send(ONE).done

    assert (done.step.action, done.proof) == ("create", "the site holds the same")
    assert_same(site, out, hyperd)


# ---- jobs ------------------------------------------------------------------------------------------------------------


def test_slow_jobs_are_awaited(site: StandIn, send: Publish, out: Path, after: Path, hyperd: HyperProcess) -> None:
    """At growing intervals, until they are over."""
    waits: list[float] = []
    site.state.slow_polls = 9
    send(ONE, waits=waits)
    grow(out, after)
    send(ONE)

    assert waits[:4] == [0.5, 0.75, 1.125, 1.6875]
    assert max(waits) == waits[-1] > 10
    assert_same(site, out, hyperd)


def test_job_without_end(site: StandIn, send: Publish) -> None:
    """After two hours it is said."""
    site.state.slow_polls = 10**6

    assert "the job is not over after 7,2" in send(ONE).refused["readings"]


@pytest.mark.parametrize("notes", ["Backgrounder ran out of memory", None])
def test_failed_update_becomes_an_overwrite(
    site: StandIn, send: Publish, out: Path, after: Path, hyperd: HyperProcess, notes: str | None
) -> None:
    """With notes or without; the site has what was wanted all the same."""
    send(ONE)
    grow(out, after)
    site.state.failing_jobs.append(notes)
    (done,) = send(ONE).done

    assert done.step.action == "overwrite"
    assert "changing rows did not do (changing rows of 'readings': the site's job failed" in done.step.reason
    assert len(site.state.named("datasource", "readings").revisions) == 1
    assert_same(site, out, hyperd)


@pytest.mark.parametrize("notes", ["Disk full", None])
def test_failed_publish_leaves_what_was_there(
    site: StandIn, send: Publish, out: Path, after: Path, hyperd: HyperProcess, notes: str | None
) -> None:
    """Its notes are shown; the next publish mends it."""
    send(ONE)
    held = site.state.named("datasource", "readings").file.read_bytes()
    grow(out, after)
    site.state.failing_jobs += ["no update", notes]
    refused = send(ONE).refused

    assert (f"failed: {notes}" if notes else "says not why -> look at") in refused["readings"]
    assert site.state.named("datasource", "readings").file.read_bytes() == held
    assert send(ONE).refused == {}
    assert_same(site, out, hyperd)


def test_update_that_does_nothing_is_found_out(
    site: StandIn, send: Publish, out: Path, after: Path, hyperd: HyperProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A site that says yes and changes nothing: the proof fails, and all of it is sent."""
    from tableau_server import publishing

    send(ONE)
    grow(out, after)
    monkeypatch.setattr(publishing, "carry_out", lambda *_: None)
    (done,) = send(ONE).done

    assert "the site holds 2,880 rows and" in done.step.reason
    assert len(site.state.named("datasource", "readings").revisions) == 1
    assert_same(site, out, hyperd)


def test_request_id_that_the_site_remembers(
    site: StandIn, send: Publish, out: Path, after: Path, hyperd: HyperProcess
) -> None:
    """The site was put back to a backup, but not its memory of requests: it is found out, and all of it is sent."""
    import copy

    send(ONE)
    backup, records = copy.deepcopy(site.state.content), out.parent / "records"
    shutil.copytree(out / "extracts" / ".hyperwatt", records)
    grow(out, after)
    assert actions(send(ONE)) == {"readings": "update"}
    site.state.content = backup
    shutil.rmtree(out / "extracts" / ".hyperwatt")
    shutil.copytree(records, out / "extracts" / ".hyperwatt")
    (done,) = send(ONE).done

    assert done.step.action == "overwrite"
    assert_same(site, out, hyperd)


# ---- what hangs on it ------------------------------------------------------------------------------------------------


def test_names_descriptions_and_permissions(site: StandIn, send: Publish) -> None:
    """They become as declared, once; what others have set stays."""
    declared: dict[str, Any] = {
        "datasources": {
            "readings": {
                "name": "Meter Readings, all",
                "description": "Every interval; <not> & yet",
                "tags": ["half-hourly"],
                "permissions": {"Facility": ["Read", "Connect", "-ExportData"]},
            }
        }
    }
    send(declared)
    content = site.state.named("datasource", "Meter Readings, all")
    (facility,) = [id for id, name in site.state.groups.items() if name == "Facility"]
    assert content.description == "Every interval; <not> & yet"
    assert content.permissions["group", facility] == {"Read": "Allow", "Connect": "Allow", "ExportData": "Deny"}

    content.tags.add("mine")
    content.permissions["group", facility]["Filter"] = "Allow"
    own = declared["datasources"]["readings"]
    own["description"], own["permissions"] = "New", {"Facility": ["Read", "Connect", "ExportData"]}
    (done,) = send(declared).done

    assert (done.step.action, done.step.settings) == ("unchanged", ("description", "permissions"))
    assert content.description == "New"
    assert content.permissions["group", facility] == dict.fromkeys(("Read", "Connect", "ExportData", "Filter"), "Allow")
    assert content.tags == {"mine", "half-hourly", "hyperwatt"}
    site.requests.clear()
    assert send(declared).done[0].step.settings == ()
    assert writes(site.requests) == []


def test_unknown_group(site: StandIn, send: Publish) -> None:
    """It is named."""
    declared = {"datasources": {"readings": {"permissions": {"Nobody": ["Read"]}}}}

    assert "there is no group 'Nobody'" in send(declared).refused["readings"]


def test_workbook(site: StandIn, send: Publish, tmp_path: Path) -> None:
    """It is published, left alone while its file is the same, and published over when that changes."""
    path = tmp_path / "use.twb"
    path.write_text("<?xml version='1.0'?><workbook><worksheets><worksheet name='Trend'/></worksheets></workbook>")
    declared = {"datasources": {}, "workbooks": {"Use": {"file": str(path), "hidden_sheets": ["Trend"]}}}
    (done,) = send(declared).done
    assert (done.step.action, done.proof) == ("create", "the site lists 1 sheets; revision 1")
    assert send(declared).done[0].step.action == "unchanged"
    path.write_text(path.read_text().replace("Trend", "Peak"))
    (done,) = send(declared).done

    assert (done.step.action, done.step.reason) == ("overwrite", "the file has changed")
    assert site.state.named("workbook", "Use").file.read_bytes() == path.read_bytes()


# ---- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"token": "x"}, "holds a token -> such a file is shared"),
        ({"projekt": "x"}, "unknown setting 'projekt' -> known: site"),
        ({"chunk_mb": "10"}, "chunk_mb = '10' is of the wrong kind"),
        ({"replace": 1}, "replace = 1 is of the wrong kind"),
        ({"tags": "meters"}, "no list of texts"),
        ({"datasources": {"nothing": {}}}, "there is no .*nothing.hyper -> run `hyperwatt run`"),
        ({"datasources": {"readings": {"nome": "x"}}}, r"\[publish.datasources.readings\]: unknown setting 'nome'"),
        ({"workbooks": {"x": {"file": "pyproject.toml"}}}, "is no workbook -> .twbx or .twb|there is no"),
    ],
)
def test_settings_that_cannot_be(said: dict[str, Any], sentence: str, before: Path) -> None:
    """Each is named, with what would do."""
    with pytest.raises(SettingsError, match=sentence):
        read_declared(said, before)


def test_missing_project(site: StandIn, send: Publish) -> None:
    """It is made, unless that is not wanted."""
    with pytest.raises(PipelineError, match="has no project 'Energy/Meters' -> make it"):
        send({"create_project": False})
    assert [one.name for one in site.state.projects] == ["default"]


# ---- payloads --------------------------------------------------------------------------------------------------------


def test_payloads_are_under_the_limit_and_make_the_whole(
    before: Path, after: Path, hyperd: HyperProcess, tmp_path: Path
) -> None:
    """Many small files together hold every changed row once, and the same changes have the same names."""
    wanted, held = (folder / "extracts" / "readings.hyper" for folder in (after, before))
    alter(shutil.copy(wanted, tmp_path / "readings.hyper"), hyperd, "UPDATE {} SET energy_kwh = energy_kwh + 1")
    ledgers = [read_ledger(path, "interval_start_utc", hyperd) for path in (held, tmp_path / "readings.hyper")]
    changed = changed_cells(*ledgers)
    limit = (tmp_path / "readings.hyper").stat().st_size // 2
    sizes, counts, names = [], [], []
    for _ in range(2):
        for one in payloads(hyperd, tmp_path / "readings.hyper", READINGS, changed, folder=tmp_path, limit=limit):
            sizes.append(one.path.stat().st_size)
            counts.append(one.rows)
            names.append(one.content)

    half = len(names) // 2
    assert half > 2
    assert max(sizes) <= limit
    assert sum(counts[:half]) == 2928
    assert names[:half] == names[half:]
    assert not list(tmp_path.glob("payload*"))


def test_broken_off_between_payloads(
    site: StandIn, send: Publish, out: Path, hyperd: HyperProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days that have arrived are whole and are not sent again; the next publish sends the others."""
    from pipeline.publish import payload

    monkeypatch.setattr(payload, "FILL", 0.0001)
    send(ONE)
    alter(
        out / "extracts" / "readings.hyper",
        hyperd,
        "UPDATE {} SET energy_kwh = energy_kwh + 1 WHERE interval_start_utc < TIMESTAMP '2024-01-21'",
    )
    site.faults.append(Fault("gateway", "(PATCH|POST) .*(data|fileUploads|datasources)$", after=3, times=99))
    assert "504" in send(ONE).refused["readings"]
    site.faults.clear()
    held = rows(site.state.named("datasource", "readings").file, hyperd)
    wanted = rows(out / "extracts" / "readings.hyper", hyperd)
    both = held.merge(wanted, on=["meter_id", "channel", "interval_start_utc"], suffixes=("", "_wanted"))
    changed = both["energy_kwh"] == both["energy_kwh_wanted"]
    days = changed.groupby([both["meter_id"], both["interval_start_utc"].dt.date])
    assert len(both) == 2880
    assert (days.min() == days.max()).all()
    assert 0 < (~changed).sum() < 960
    (done,) = send(ONE).done

    assert (done.step.action, done.step.rows) == ("update", (~changed).sum())
    assert_same(site, out, hyperd)


def test_payload_over_the_limit_is_refused(before: Path, hyperd: HyperProcess, tmp_path: Path) -> None:
    """A file is never sent that the site would not take."""
    path = before / "extracts" / "readings.hyper"
    cells = read_ledger(path, "interval_start_utc", hyperd).cells
    with pytest.raises(PublishError, match="more than 9,000"):
        list(payloads(hyperd, path, READINGS, cells, folder=tmp_path, limit=9000))
