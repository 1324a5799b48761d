"""Every fault at every request of a publish: afterwards the site holds what was wanted or what it held before.

A clean run is counted first, so that no request is left out, whatever publishing comes to ask.
"""

import copy
import logging
import shutil
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tableau_server import Fault, StandIn, running
from tableauhyperapi import HyperProcess

from pipeline.config import Settings
from pipeline.errors import PipelineError
from pipeline.publish.patience import Patience
from pipeline.publishing import publish
from pipeline.stores.hyper_read import read_extract
from pipeline.stores.ledger import read_ledger

SECRET = "NightlySecret+/=="
TRANSIENT = ("ended", "throttled", "gateway", "lost", "cut")
LASTING = ("forbidden", "reset", "page")


@dataclass
class Scene:
    """A site, extracts to publish to it, and what both were before.

    Attributes
    ----------
    wanted, held : str
        Digests of what is to be there, and of what was; empty: nothing was.
    """

    site: StandIn
    out: Path
    hyperd: HyperProcess
    wanted: str
    held: str

    def publish(self) -> list[str]:
        """Publish; give what went wrong."""
        said = {"site": f"{self.site.url}/#/site/energy", "datasources": {"daily": {}}}
        settings = Settings(out=self.out, publish=said)
        try:
            return list(publish(settings, patience=PATIENCE, hyper=self.hyperd).refused.values())
        except PipelineError:
            return [traceback.format_exc()]

    def there(self) -> str:
        """Digest of what is on the site now; empty: nothing."""
        self.site.state.settle()
        if not self.site.state.content:
            return ""
        (content,) = self.site.state.content
        return digest(content.file, self.hyperd)

    def is_whole(self) -> bool:
        """True when what was published in one piece has the local file's bytes; hyperd cuts off what is too much."""
        self.site.state.settle()
        files = [one.file.read_bytes() for one in self.site.state.content]
        return bool(self.held) or files == [self.local.read_bytes()]

    @property
    def local(self) -> Path:
        """The local extract."""
        return self.out / "extracts" / "daily.hyper"

    def again(self) -> Iterator[None]:
        """Give the scene as it was, over and over."""
        content, records = self.site.state.content, self.out.with_name("records")
        hidden = self.out / "extracts" / ".hyperwatt"
        shutil.copytree(hidden, records, dirs_exist_ok=True)
        while True:
            self.site.state.content = copy.deepcopy(content)
            self.site.state.sessions.clear()
            self.site.faults.clear()
            self.site.requests.clear()
            self.site.state.requests.clear()
            shutil.rmtree(hidden)
            shutil.copytree(records, hidden)
            yield


PATIENCE = Patience(tries=3, sleep=lambda seconds: None)


def digest(path: Path, hyperd: HyperProcess) -> str:
    """Digest of an extract's rows."""
    return read_ledger(path, "date", hyperd).digest


@pytest.fixture(scope="module")
def small(run_files: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Extracts of ten days of a meter, and of eleven."""
    folder = tmp_path_factory.mktemp("small")
    outs = []
    for days in (10, 11):
        lines = [f"2024-01-{day:02d} {hour:02d}:00,{1 + hour / 10}" for day in range(1, days + 1) for hour in range(24)]
        file = folder / f"{days}.csv"
        file.write_text("timestamp,M1\n" + "\n".join(lines))
        outs.append(run_files([file], timezone="UTC").out)  # type: ignore[attr-defined]
    return outs


@pytest.fixture(params=["first", "update"])
def scene(
    request: pytest.FixtureRequest,
    small: list[Path],
    tmp_path: Path,
    hyperd: HyperProcess,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Scene]:
    """A first publish that is about to be made, and one of a day more."""
    monkeypatch.setenv("HYPERWATT_TABLEAU_TOKEN_NAME", "nightly")
    monkeypatch.setenv("HYPERWATT_TABLEAU_TOKEN", SECRET)
    out = tmp_path / "out"
    shutil.copytree(small[0], out)
    before, after = (digest(folder / "extracts" / "daily.hyper", hyperd) for folder in small)
    with running(tmp_path / "site", hyperd, slow_polls=1) as site:
        scene = Scene(site, out, hyperd, before, "")
        if request.param == "update":
            assert scene.publish() == []
            shutil.copy2(small[1] / "extracts" / "daily.hyper", out / "extracts" / "daily.hyper")
            scene.wanted, scene.held = after, before
        yield scene
    assert site.violations == []


def steps(scene: Scene, again: Iterator[None]) -> int:
    """Number of requests of a clean run, signing out left out: nothing can go wrong any more."""
    next(again)
    assert scene.publish() == []
    assert scene.there() == scene.wanted
    return len(scene.site.requests) - 1


@pytest.mark.parametrize("effect", TRANSIENT)
def test_passing_fault_at_every_request(scene: Scene, caplog: pytest.LogCaptureFixture, effect: str) -> None:
    """What passes is sat out: the site holds what was wanted, whichever request was struck."""
    caplog.set_level(logging.DEBUG)
    again = scene.again()
    outcomes = {}
    # A session that has not begun cannot end.
    for number in range(2 if effect == "ended" else 0, steps(scene, again)):
        next(again)
        scene.site.faults.append(Fault(effect, after=number))
        wrong = scene.publish()
        outcomes[number, scene.site.requests[number]] = (wrong, scene.is_whole() and scene.there() == scene.wanted)

    assert len(outcomes) >= 11
    assert {step: said for step, said in outcomes.items() if said != ([], True)} == {}
    assert SECRET not in caplog.text


@pytest.mark.parametrize("effect", LASTING)
def test_lasting_fault_at_every_request(scene: Scene, caplog: pytest.LogCaptureFixture, effect: str) -> None:
    """From some request on everything fails: all or nothing is there, a sentence says why, the next publish mends."""
    caplog.set_level(logging.DEBUG)
    again = scene.again()
    for number in range(steps(scene, again)):
        next(again)
        scene.site.faults.append(Fault(effect, after=number, times=999))
        wrong = scene.publish()
        struck = scene.site.requests[number]
        assert scene.there() in (scene.held, scene.wanted), struck
        assert wrong or scene.there() == scene.wanted, struck
        assert SECRET not in "".join([*wrong, caplog.text])
        assert all("->" in said for said in wrong), (struck, wrong)
        scene.site.faults.clear()
        assert scene.publish() == [], struck
        assert scene.there() == scene.wanted, struck


def test_digests_tell_extracts_apart(small: list[Path], hyperd: HyperProcess) -> None:
    """The scene would notice a day that is missing."""
    paths = [out / "extracts" / "daily.hyper" for out in small]

    assert [len(read_extract(path, hyperd)) for path in paths] == [10, 11]
    assert digest(paths[0], hyperd) != digest(paths[1], hyperd)
