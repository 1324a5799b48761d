"""Every fault at every request while credentials, schedule and TabPy are set: in the end they are as declared.

Until then each of them is as it was, gone with the file that was published over, or as declared; never twice, never
half.
"""

import copy
import logging
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tableau_server import Fault, StandIn, running
from tableauhyperapi import HyperProcess

from pipeline.config import Settings
from pipeline.errors import PipelineError
from pipeline.publish.patience import Patience
from pipeline.publishing import publish

SECRETS = {"TOKEN": "NightlySecret+/==", "OLD_PASSWORD": "Old'er-one", "NEW_PASSWORD": "New & <secret>"}
NAMES = {"TOKEN_NAME": "nightly", "OLD_USER": "reader", "NEW_USER": "writer"}
TRANSIENT = ("ended", "throttled", "gateway", "lost", "cut")
LASTING = ("forbidden", "reset", "page")
BOOK = """<workbook><datasource><connection class='mysql' server='db.corp'/></datasource>
<worksheets><worksheet name='{}'/></worksheets></workbook>"""
OLD = {"credentials": "old", "schedule": "Nightly", "tabpy": "Other TabPy", "tags": ["before"]}
NEW = {"credentials": "new", "schedule": "Hourly", "tabpy": "Energy TabPy", "permissions": {"Facility": ["Read"]}}
PATIENCE = Patience(tries=3, sleep=lambda seconds: None)
Parts = tuple[str, ...]

POSSIBLE = (
    {"", BOOK.format("Old"), BOOK.format("New")},
    {"", "none", "reader:Old'er-one", "writer:New & <secret>"},
    {"", "Nightly", "Nightly+Hourly", "Hourly"},
    {"", "Other TabPy", "Energy TabPy"},
)
"""What file, login, schedules and TabPy may be at any moment."""

DECLARED = (BOOK.format("New"), "writer:New & <secret>", "Hourly", "Energy TabPy")


@dataclass
class Scene:
    """A site, and a workbook that is about to be published to it."""

    site: StandIn
    book: Path
    hyperd: HyperProcess
    declared: dict[str, Any] = field(default_factory=lambda: OLD)

    def publish(self) -> list[str]:
        """Publish; give what went wrong."""
        said = {
            "site": f"{self.site.url}/#/site/energy",
            "datasources": {},
            "workbooks": {"cost": {"file": str(self.book), **self.declared}},
        }
        try:
            settings = Settings(out=self.book.parent, publish=said)
            return list(publish(settings, patience=PATIENCE, hyper=self.hyperd).refused.values())
        except PipelineError:
            return [traceback.format_exc()]

    def there(self) -> Parts:
        """What is on the site now."""
        state = self.site.state
        state.settle()
        if not state.content:
            return ("",) * len(DECLARED)
        (content,) = state.content
        logins = [f"{one.user}:{one.password}" if one.embed else "none" for one in content.connections]
        tasks = [state.schedules[task.schedule] for task in state.tasks if task.content.id == content.id]
        extension = state.extensions.get(content.extension, "")
        return (content.file.read_text(), "+".join(logins), "+".join(tasks), extension)

    def again(self) -> Iterator[None]:
        """Give the scene as it was, over and over."""
        state, hidden = self.site.state, self.book.parent / "extracts" / ".hyperwatt"
        before = copy.deepcopy((state.content, state.tasks))
        records = {path: path.read_bytes() for path in hidden.iterdir()}
        while True:
            state.content, state.tasks = copy.deepcopy(before)
            for path in list(hidden.iterdir()):
                path.unlink()
            for path, content in records.items():
                path.write_bytes(content)
            for forgotten in (state.sessions, state.requests, self.site.faults, self.site.requests):
                forgotten.clear()
            yield


@pytest.fixture(params=["first", "again"])
def scene(
    request: pytest.FixtureRequest, tmp_path: Path, hyperd: HyperProcess, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scene]:
    """A first publish that is about to be made, and one over another file with everything declared otherwise."""
    for name, value in {**SECRETS, **NAMES}.items():
        monkeypatch.setenv(f"HYPERWATT_TABLEAU_{name}", value)
    book = tmp_path / "cost.twb"
    (tmp_path / "extracts" / ".hyperwatt").mkdir(parents=True)
    with running(tmp_path / "site", hyperd, slow_polls=1) as site:
        scene = Scene(site, book, hyperd)
        if request.param == "again":
            book.write_text(BOOK.format("Old"))
            assert scene.publish() == []
        book.write_text(BOOK.format("New"))
        scene.declared = NEW
        yield scene
    assert site.violations == []


def steps(scene: Scene, again: Iterator[None]) -> int:
    """Number of requests of a clean run, signing out left out: nothing can go wrong any more."""
    next(again)
    assert scene.publish() == []
    assert scene.there() == DECLARED
    return len(scene.site.requests) - 1


def told(wrong: list[str], log: str) -> list[str]:
    """Secrets that somebody could read; in XML, too."""
    everything = "".join(wrong) + log
    return [word for word in (*SECRETS.values(), "New &amp; &lt;secret&gt;") if word in everything]


@pytest.mark.parametrize("effect", TRANSIENT)
def test_passing_fault_at_every_request(scene: Scene, caplog: pytest.LogCaptureFixture, effect: str) -> None:
    """What passes is sat out: everything is as declared, whichever request was struck."""
    caplog.set_level(logging.DEBUG)
    again = scene.again()
    outcomes = {}
    # A session that has not begun cannot end.
    for number in range(2 if effect == "ended" else 0, steps(scene, again)):
        next(again)
        scene.site.faults.append(Fault(effect, after=number))
        wrong = scene.publish()
        outcomes[number, scene.site.requests[number]] = (wrong, scene.there())

    assert len(outcomes) >= 25
    assert {step: said for step, said in outcomes.items() if said != ([], DECLARED)} == {}
    assert told([], caplog.text) == []


@pytest.mark.parametrize("effect", LASTING)
def test_lasting_fault_at_every_request(scene: Scene, caplog: pytest.LogCaptureFixture, effect: str) -> None:
    """From some request on everything fails: nothing is half, a sentence says why, the next publish mends it."""
    caplog.set_level(logging.DEBUG)
    again = scene.again()
    for number in range(steps(scene, again)):
        next(again)
        scene.site.faults.append(Fault(effect, after=number, times=999))
        wrong, there = scene.publish(), scene.there()
        struck = scene.site.requests[number]
        assert all(part in possible for part, possible in zip(there, POSSIBLE, strict=True)), (struck, there)
        assert wrong or there == DECLARED, struck
        assert all("->" in said for said in wrong), (struck, wrong)
        assert told(wrong, caplog.text) == []
        scene.site.faults.clear()
        assert scene.publish() == [], struck
        assert scene.there() == DECLARED, struck
