"""A year of a real campus on a site, and one more day of it: only that day's rows travel."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tableau_server import running
from tableauhyperapi import HyperProcess

from pipeline.config import Settings
from pipeline.publishing import publish
from pipeline.stores.hyper_read import read_extract

pytestmark = pytest.mark.shared_data
FILE = "cambridge/derived_wide_electricity_2018_2020.csv.gz"
METERS = 12


def cut(source: Path, target: Path, start: str) -> Path:
    """The rows of a file that begin so, of its first meters."""
    with gzip.open(source, "rt") as file:
        head, *lines = file.read().splitlines()
    kept = [head, *(line for line in lines if line.startswith(start))]
    target.write_text("".join(",".join(line.split(",")[: METERS + 1]) + "\n" for line in kept))
    return target


def test_one_more_day_of_a_year(
    shared_data: Path,
    run_files: Callable[..., Any],
    hyperd: HyperProcess,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """24 hours of each meter are sent, in a fraction of the bytes; the site's extracts equal the local ones."""
    monkeypatch.setenv("HYPERWATT_TABLEAU_TOKEN_NAME", "nightly")
    monkeypatch.setenv("HYPERWATT_TABLEAU_TOKEN", "NightlySecret+/==")
    source = shared_data / FILE
    ran = run_files([cut(source, tmp_path / "year.csv", "2019-")], timezone="Europe/London")
    with running(tmp_path / "site", hyperd) as site:
        settings = Settings(out=ran.out, publish={"site": f"{site.url}/#/site/energy"})
        assert publish(settings, hyper=hyperd).refused == {}
        run_files([cut(source, tmp_path / "day.csv", "2020-01-01")], out=ran.out, timezone="Europe/London")
        before = site.received
        done = {one.wanted.name: one for one in publish(settings, hyper=hyperd).done}
        travelled = site.received - before

        said = {name: (done[name].step.action, done[name].step.rows) for name in ("daily", "readings")}
        assert said == {"daily": ("update", METERS), "readings": ("update", METERS * 24)}
        assert sum(one.sent for one in done.values()) == pytest.approx(travelled, abs=2000)
        assert done["readings"].sent < done["readings"].whole / 5
        for name in done:
            held, own = (
                read_extract(path, hyperd)
                for path in (
                    site.state.named("datasource", name).file,
                    ran.out / "extracts" / f"{name}.hyper",
                )
            )
            order = list(own.columns)
            pd.testing.assert_frame_equal(
                held.sort_values(order, ignore_index=True), own.sort_values(order, ignore_index=True)
            )
    assert site.violations == []
