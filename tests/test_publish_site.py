"""After publishing: pictures of views, revisions listed and brought back, and what is left over."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from tableau_server import Content, Fault, StandIn, running
from tableauhyperapi import Connection, CreateMode, HyperProcess

from pipeline.cli import main
from pipeline.config import Settings
from pipeline.errors import PipelineError
from pipeline.publish.patience import Patience
from pipeline.published import bring_back, draw_views, list_revisions, list_stale
from pipeline.publishing import publish
from pipeline.stores.hyper_read import read_extract
from pipeline.stores.scratch import file_name

SECRET = "NightlySecret+/=="
BOOK = "<?xml version='1.0'?><workbook><worksheets>{}</worksheets></workbook>"


@pytest.fixture
def site(tmp_path: Path, hyperd: HyperProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A running stand-in, and in the environment who signs in; every request must be as Tableau's schema has it."""
    monkeypatch.setenv("HYPERWATT_TABLEAU_TOKEN_NAME", "nightly")
    monkeypatch.setenv("HYPERWATT_TABLEAU_TOKEN", SECRET)
    with running(tmp_path / "site", hyperd) as stand_in:
        yield stand_in
    assert stand_in.violations == []


@pytest.fixture(scope="module")
def small(run_files: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The readings of ten days of one meter."""
    hours = pd.date_range("2024-01-01", periods=240, freq="h").strftime("%Y-%m-%d %H:%M")
    path = tmp_path_factory.mktemp("csv") / "m.csv"
    pd.DataFrame({"timestamp": hours, "M1": 1.5}).to_csv(path, index=False)
    return Path(run_files([path], timezone="UTC").out) / "extracts" / "readings.hyper"


@pytest.fixture
def settings(site: StandIn, small: Path, tmp_path: Path) -> Settings:
    """A folder of one extract and a workbook of two sheets, to be published."""
    for folder, name, content in (
        ("extracts", "readings.hyper", small.read_bytes()),
        ("workbooks", "use.twb", BOOK.format("<worksheet name='Trend'/><worksheet name='A/B: ..'/>").encode()),
    ):
        (tmp_path / "out" / folder).mkdir(parents=True)
        (tmp_path / "out" / folder / name).write_bytes(content)
    said: dict[str, Any] = {"site": f"{site.url}/#/site/energy/home", "project": "Meters"}
    book = tmp_path / "out" / "workbooks" / "use.twb"
    return Settings(out=tmp_path / "out", publish={**said, "workbooks": {"use": {"file": str(book)}}})


@pytest.fixture
def once(hyperd: HyperProcess) -> dict[str, Any]:
    """Options by which nothing is waited for."""
    return {"patience": Patience(tries=2, sleep=[].append)}


@pytest.fixture
def send(settings: Settings, once: dict[str, Any], hyperd: HyperProcess) -> Callable[[], object]:
    """A function that publishes all of it."""

    def call() -> object:
        published = publish(settings, hyper=hyperd, **once)
        assert published.refused == {}
        return published

    return call


@pytest.fixture
def grown(settings: Settings, send: Callable[[], object], hyperd: HyperProcess) -> bytes:
    """Two revisions: the second has every value changed. Gives the bytes of the first."""
    path = settings.out / "extracts" / "readings.hyper"
    first = path.read_bytes()
    send()
    alter(path, hyperd, 'UPDATE "Extract"."Extract" SET energy_kwh = energy_kwh + 1')
    send()
    return first


def alter(path: Path, hyperd: HyperProcess, statement: str) -> None:
    """Change an extract."""
    with Connection(hyperd.endpoint, path, CreateMode.NONE) as connection:
        connection.execute_command(statement)


def call(settings: Settings, *arguments: str) -> Result:
    """Call the command."""
    address = str(settings.publish["site"])
    where = ["--out", str(settings.out), "--site", address, "--project", "Meters"]
    return CliRunner().invoke(main, ["publish", *where, *arguments])


def writes(requests: list[str]) -> list[str]:
    """Requests that change something on the site."""
    return [one for one in requests if not one.startswith("GET") and "/auth/" not in one]


# ---- pictures --------------------------------------------------------------------------------------------------------


def test_every_view_as_png_and_pdf(
    site: StandIn, settings: Settings, send: Callable[[], object], once: dict[str, Any], tmp_path: Path
) -> None:
    """In the workbook's order, each its own picture, drawn large and wide; names lead nowhere else."""
    send()
    site.requests.clear()
    pictures = draw_views(settings, tmp_path / "pictures", **once)

    own = tmp_path / "pictures" / "use"
    names = ["01 Trend.png", "01 Trend.pdf", "02 A_B_.png", "02 A_B_.pdf"]
    assert pictures.files == [own / name for name in names]
    assert sorted(path.name for path in own.iterdir()) == sorted(names)
    drawn = [(own / name).read_bytes() for name in names]
    assert [int.from_bytes(data[16:20], "big") for data in drawn[::2]] == [2, 2]
    assert all(b"a4 landscape" in data for data in drawn[1::2])
    assert len(set(drawn)) == 4
    assert writes(site.requests) == []


def test_pictures_are_of_now(
    site: StandIn, settings: Settings, send: Callable[[], object], once: dict[str, Any], tmp_path: Path
) -> None:
    """A site may give the picture of before unless it is asked for none older than a minute."""
    send()
    files = draw_views(settings, tmp_path / "pictures", **once).files
    before = [path.read_bytes() for path in files]
    book = Path(settings.publish["workbooks"]["use"]["file"])
    book.write_bytes(book.read_bytes() + b"<!-- another -->")
    send()

    assert draw_views(settings, tmp_path / "pictures", **once).files == files
    assert not set(before) & {path.read_bytes() for path in files}


def test_picture_that_cannot_be_drawn(
    site: StandIn, settings: Settings, send: Callable[[], object], tmp_path: Path
) -> None:
    """It is told, with the others in place, and exit 1; a page in its place is no picture."""
    send()
    site.faults.append(Fault("forbidden", "GET .*/image"))
    done = call(settings, "--previews", str(tmp_path / "pictures"))

    assert done.exit_code == 1
    assert "01 Trend.png: drawing 'Trend' as PNG: 403004" in done.stderr
    assert done.stdout.count(".pdf\n") == 2
    assert len(list((tmp_path / "pictures" / "use").iterdir())) == 3


def test_something_else_is_no_picture(
    site: StandIn,
    settings: Settings,
    send: Callable[[], object],
    once: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An answer that does not begin like one is not written."""
    from tableau_server import views

    send()
    monkeypatch.setattr(views, "png", lambda *_: b"<svg/>")
    refused = draw_views(settings, tmp_path / "pictures", **once).refused

    assert [path.name for path in refused] == ["01 Trend.png", "02 A_B_.png"]
    assert all("what the site gives is none -> look at the view" in why for why in refused.values())
    assert not list((tmp_path / "pictures").rglob("*.png"))


def test_dry_run_draws_nothing(site: StandIn, settings: Settings, send: Callable[[], object], tmp_path: Path) -> None:
    """It lists what would be written, and asks for no picture."""
    send()
    done = call(settings, "--previews", str(tmp_path / "pictures"), "--dry-run")

    assert done.exit_code == 0
    assert done.stdout.count("would write ") == 4
    assert not (tmp_path / "pictures").exists()
    assert not any("/image" in one for one in site.requests)


@pytest.mark.parametrize(
    ("name", "file"), [("Use, 2024", "Use, 2024"), ("../../x", "_.._x"), ("...", "_"), ("Überlast é", "Überlast é")]
)
def test_file_names(name: str, file: str) -> None:
    """Letters of every script stay; what could lead elsewhere does not."""
    assert file_name(name) == file


# ---- revisions -------------------------------------------------------------------------------------------------------


def test_revisions_are_listed(site: StandIn, settings: Settings, grown: bytes) -> None:
    """The newest first, by the name that --rollback takes, each with its own time; nothing is changed by it."""
    site.state.named("datasource", "readings").deleted.add(1)
    site.requests.clear()
    said = call(settings, "--revisions")

    assert said.exit_code == 0, said.output
    lines = said.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["readings@2", "readings@1", "use@1"]
    assert lines[0].endswith(" UTC by ada, the newest")
    assert lines[1].endswith(" UTC by ada, deleted")
    assert lines[0][-30:-20] != lines[1][-25:-15]
    assert writes(site.requests) == []


def test_only_ours_is_listed(site: StandIn, settings: Settings, grown: bytes, once: dict[str, Any]) -> None:
    """Neither what has not our tag nor what lies in another project."""
    content = site.state.named("datasource", "readings")
    stranger = Content("datasource", "theirs", content.project, content.file, "hyper")
    elsewhere = Content("datasource", "other", site.state.projects[0], content.file, "hyper", tags={"hyperwatt"})
    site.state.content += [stranger, elsewhere]

    assert [owned.name for owned, _ in list_revisions(settings, **once)] == ["readings", "use"]


def test_older_revision_is_the_newest_again(
    site: StandIn, settings: Settings, grown: bytes, once: dict[str, Any], hyperd: HyperProcess
) -> None:
    """Published whole, read back and found equal; a third revision, and tags and id as before."""
    content = site.state.named("datasource", "readings")
    back = bring_back(settings, "readings@1", hyper=hyperd, **once)

    assert back.done is not None
    assert back.done.step.reason == "revision 1 again"
    assert back.done.proof == "read back, equal row for row: 240 rows and 360.0 kWh; revision 3"
    assert site.state.named("datasource", "readings") is content
    assert content.file.read_bytes() == grown
    assert content.tags == {"hyperwatt"}
    assert len(content.revisions) == 2


def test_next_publish_brings_what_is_declared(
    site: StandIn,
    settings: Settings,
    grown: bytes,
    once: dict[str, Any],
    send: Callable[[], Any],
    hyperd: HyperProcess,
) -> None:
    """The record knows what was brought back: the local rows are published again, none is thought to be there."""
    bring_back(settings, "readings@1", hyper=hyperd, **once)
    site.requests.clear()
    steps = {done.wanted.name: done.step.action for done in send().done}

    assert steps == {"readings": "overwrite", "use": "unchanged"}
    held = read_extract(site.state.named("datasource", "readings").file, hyperd)
    assert held["energy_kwh"].sum() == pytest.approx(600)


def test_packaged_revision_is_taken_out(
    site: StandIn,
    settings: Settings,
    grown: bytes,
    once: dict[str, Any],
    hyperd: HyperProcess,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A site that gives revisions as .tdsx gets the bare extract again, so that its rows can be changed later."""
    import io
    import zipfile

    from tableau_server import publishing, revisions
    from tableau_server.wire import Answer

    plain = publishing.file_answer

    def packed(content: Content, file: Path) -> Answer:
        made, folder = plain(content, file), io.BytesIO()
        with zipfile.ZipFile(folder, "w") as archive:
            archive.writestr("readings.tds", "<datasource/>")
            archive.write(file, "Data/Extracts/readings.hyper")
        made.body = folder.getvalue()
        made.headers["Content-Disposition"] = 'name="tableau_datasource"; filename="readings.tdsx"'
        return made

    monkeypatch.setattr(revisions, "file_answer", packed)
    bring_back(settings, "readings@1", hyper=hyperd, **once)

    assert site.state.named("datasource", "readings").file.read_bytes() == grown


def test_workbook_is_brought_back(
    site: StandIn, settings: Settings, send: Callable[[], object], once: dict[str, Any], hyperd: HyperProcess
) -> None:
    """Byte for byte, and its sheets are listed."""
    book = Path(settings.publish["workbooks"]["use"]["file"])
    first = book.read_bytes()
    send()
    book.write_text(BOOK.format("<worksheet name='Peak'/>"))
    send()
    back = bring_back(settings, "workbook:use@1", hyper=hyperd, **once)

    assert back.done is not None
    assert back.done.proof == "the site lists 2 sheets; revision 3"
    assert site.state.named("workbook", "use").file.read_bytes() == first


@pytest.mark.parametrize("effect", ["lost", "gateway", "ended"])
def test_faults_while_bringing_back(
    site: StandIn, settings: Settings, grown: bytes, once: dict[str, Any], hyperd: HyperProcess, effect: str
) -> None:
    """Each is put up with: the site ends with the older revision, however the answer was lost."""
    site.faults.append(Fault(effect, "POST .*/datasources"))
    bring_back(settings, "readings@1", hyper=hyperd, **once)
    held = read_extract(site.state.named("datasource", "readings").file, hyperd)

    assert held["energy_kwh"].sum() == pytest.approx(360)
    assert site.faults[0].times == 0
    # What was done before the answer was lost is not done again.
    assert len(site.state.named("datasource", "readings").revisions) == 2


def test_rollback_as_a_command(site: StandIn, settings: Settings, grown: bytes) -> None:
    """A dry run says what would be done and does nothing; the work says that the next publish undoes it."""
    site.requests.clear()
    plan = call(settings, "--rollback", "readings@1", "--dry-run")
    assert writes(site.requests) == []
    done = call(settings, "--rollback", "readings@1")

    assert (plan.exit_code, done.exit_code) == (0, 0), done.output
    assert plan.stdout.startswith("readings: would publish revision 1 again: published 2026-01-01 06:00 UTC by ada")
    assert "readings: overwritten: revision 1 again; sent " in done.stdout
    assert "The next `hyperwatt publish` brings what is declared again" in done.stdout
    assert SECRET not in plan.output + done.output


WRONG = {
    "readings": "names no revision -> NAME@N",
    "@1": "names no revision -> NAME@N",
    "readings@x": "names no revision",
    "meters@1": "nothing of ours is called 'meters' -> there is: readings, use",
    "readings@2": "readings@2 is the newest revision -> there is nothing",
    "readings@9": "does not keep revision 9 of 'readings' -> it keeps 1",
    "use@0": "does not keep revision 0 of 'use' -> it keeps no older one",
}


def test_revisions_that_cannot_be(site: StandIn, settings: Settings, grown: bytes) -> None:
    """Each is a sentence with what would do, and nothing is changed."""
    site.requests.clear()
    refused = {said: call(settings, "--rollback", said) for said in WRONG}

    assert [one.exit_code for one in refused.values()] == [1] * len(WRONG)
    site.state.named("datasource", "readings").deleted.add(1)
    gone = call(settings, "--rollback", "readings@1")
    assert "does not keep revision 1 of 'readings' -> it keeps no older one" in gone.stderr
    assert [said for said, sentence in WRONG.items() if sentence not in refused[said].stderr] == []
    assert writes(site.requests) == []


def test_two_of_one_name_are_told_apart(
    site: StandIn, settings: Settings, grown: bytes, once: dict[str, Any], hyperd: HyperProcess
) -> None:
    """The kind before the name says which."""
    site.state.named("workbook", "use").name = "readings"
    with pytest.raises(PipelineError, match="is a data source and a workbook -> workbook:readings@1, or datasource:"):
        bring_back(settings, "readings@1", hyper=hyperd, **once)

    assert bring_back(settings, "datasource:readings@1", hyper=hyperd, **once).owned.kind == "datasource"


# ---- left over -------------------------------------------------------------------------------------------------------


def test_stale_is_what_is_not_declared_or_old(
    site: StandIn, settings: Settings, send: Callable[[], object], once: dict[str, Any]
) -> None:
    """Both are told apart, strangers' are not listed, and nothing is deleted."""
    send()
    content = site.state.named("datasource", "readings")
    old = Content("datasource", "meters", content.project, content.file, "hyper", tags={"hyperwatt"})
    site.state.content += [old, Content("datasource", "theirs", content.project, content.file, "hyper")]
    content.updated = datetime(2025, 6, 1, tzinfo=UTC)
    site.requests.clear()
    now = datetime(2026, 1, 31, tzinfo=UTC)
    found = list_stale(settings, 90, now=now, **once)

    assert [(one.owned.name, one.undeclared, one.days) for one in found] == [
        ("meters", True, 30),
        ("readings", False, 244),
    ]
    assert len(list_stale(settings, 244, now=now, **once)) == 2
    assert [one.owned.name for one in list_stale(settings, 245, now=now, **once)] == ["meters"]
    assert writes(site.requests) == []
    assert len(site.state.content) == 4


def test_stale_as_a_command(site: StandIn, settings: Settings, send: Callable[[], object]) -> None:
    """A line each; content that is declared by the folder is, and what has gone from it is not."""
    send()
    (settings.out / "extracts" / "readings.hyper").unlink()
    said, none = call(settings, "--stale", "36500"), call(settings, "--stale", "0")

    assert said.stdout.startswith("datasource readings: not declared any longer, last changed on 2026-01-01, ")
    assert said.stdout.endswith("Nothing is deleted: do that on the site.\n")
    assert none.stdout.count("last changed") == 2


# ---- the options -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", [["--public"], ["--stale", "0"]])
def test_one_thing_at_a_time(settings: Settings, other: list[str]) -> None:
    """Two of them are refused before anything is asked."""
    refused = call(settings, "--revisions", *other)

    assert refused.exit_code == 2
    assert "are two things -> one at a time" in refused.stderr


def test_nothing_of_ours(site: StandIn, settings: Settings) -> None:
    """A project that is not there is named; one that is empty is said to be."""
    assert "has no project 'Meters' -> make it" in call(settings, "--revisions").stderr
    site.state.projects[0].name = "Meters"

    assert call(settings, "--revisions").stdout == "nothing of ours is there\n"
    assert call(settings, "--previews", "x").stdout == "no workbook of ours is there: nothing to draw\n"
    assert call(settings, "--stale", "1").stdout == "nothing is stale\n"
