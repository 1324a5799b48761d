"""Precomputed forecasts go along with `lookup_forecast`, and the doctor sees when newer ones were made."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from tableauhyperapi import HyperProcess

from pipeline.cli import main
from pipeline.publish.tabpy_deploy import prove_all
from pipeline.publish.tabpy_lookup import functions_with
from pipeline.publish.tabpy_server import Running
from pipeline.stores.extracts import FORECAST, conform
from pipeline.stores.hyper import build_extract
from pipeline.stores.watermark import Watermark

pytestmark = pytest.mark.usefixtures("few_functions")

Start = Callable[..., Running]
Write = Callable[[float], None]


@pytest.fixture
def write(tmp_path: Path, hyperd: HyperProcess) -> Write:
    """A function that writes `forecast.hyper`: three days and three hours to come of two meters, and one day past."""
    (tmp_path / "out" / "extracts").mkdir(parents=True)

    def write_forecasts(kwh: float) -> None:
        rows = [
            {
                "meter_id": meter,
                "channel": "delivered",
                "grain": grain,
                "interval_start": pd.Timestamp("2024-03-01") + number * pd.Timedelta(hours=24 if grain == "day" else 1),
                "forecast_kwh": kwh + number + (100 if grain == "day" else 0) if number >= 0 else None,
                "lower_kwh": 1.0,
                "upper_kwh": 2.0,
            }
            for meter in ("M1", "M2")
            for grain in ("hour", "day")
            for number in range(-1, 3)
        ]
        frame = pd.DataFrame(rows).assign(**dict.fromkeys(set(FORECAST.names) - set(rows[0])))
        frame["interval_start_utc"] = frame["interval_start"]
        with build_extract(hyperd, tmp_path / "out/extracts/forecast.hyper", FORECAST, Watermark("test", 1)) as build:
            build.add(conform(frame, FORECAST))

    return write_forecasts


def call(tmp_path: Path, command: str, url: str) -> Result:
    """Call `hyperwatt tabpy` with the folder of results."""
    return CliRunner().invoke(main, ["tabpy", command, url, "--out", str(tmp_path / "out")])


def test_forecasts_go_along(start_tabpy: Start, write: Write, tmp_path: Path) -> None:
    """By the command, and as a script of Tableau asks for them; the past and other meters have none."""
    write(5.0)
    running = start_tabpy()
    columns = [
        ["M1", "M1", "M2", "M3", "M1"],
        ["delivered"] * 5,
        [f"2024-03-0{day}" for day in (1, 2, 3, 1)] + ["2024-02-29"],
    ]

    result = call(tmp_path, "deploy", running.url)
    script = "return tabpy.query('lookup_forecast',_arg1,_arg2,_arg3)['response']"

    assert result.exit_code == 0, result.output
    assert running.client.evaluate(script, *columns) == [105.0, 106.0, 107.0, None, None]
    assert running.client.query("lookup_forecast", ["M2", "delivered", ["2024-03-01 02:00"], "upper_kwh", "hour"]) == [
        2.0
    ]


def test_newer_forecasts_are_seen(start_tabpy: Start, write: Write, tmp_path: Path) -> None:
    """The doctor tells that what is looked up is not the last; deploying mends it; equal forecasts are no news."""
    write(5.0)
    running = start_tabpy()
    call(tmp_path, "deploy", running.url)
    write(5.0)
    same = call(tmp_path, "doctor", running.url)
    write(6.0)
    newer = call(tmp_path, "doctor", running.url)
    call(tmp_path, "deploy", running.url)
    mended = call(tmp_path, "doctor", running.url)

    assert (same.exit_code, newer.exit_code, mended.exit_code) == (0, 1, 0), same.output
    assert "lookup_forecast: answered 105.0 in row 0, not 106" in newer.stderr


def test_other_data_is_seen_where_the_golden_call_is_right(start_tabpy: Start, write: Write, tmp_path: Path) -> None:
    """The golden call asks for one forecast only: another that differs is seen by the hash of all."""
    write(5.0)
    functions, built = functions_with(tmp_path / "out/extracts/forecast.hyper")
    running = start_tabpy(built)
    changed = [replace(one, data_id="x") if one.data_id else one for one in built]

    wrong = {proof.function: proof.wrong for proof in prove_all(running.client, changed, functions) if proof.wrong}

    assert wrong == {"lookup_forecast": "the server looks up other forecasts than the last that were made here"}


def test_without_forecasts_it_says_so(start_tabpy: Start, tmp_path: Path) -> None:
    """Nulls with a reason, and no complaint about data that there is none of."""
    running = start_tabpy()
    call(tmp_path, "deploy", running.url)

    healthy = call(tmp_path, "doctor", running.url)

    assert running.client.query("lookup_forecast", [["M1"], ["delivered"], ["2024-03-01"]]) == [None]
    assert healthy.exit_code == 0, healthy.output
    assert "deployed without forecasts: run `hyperwatt forecast`, then deploy again" in healthy.stdout


def test_the_build_is_the_same_in_every_process(write: Write, tmp_path: Path) -> None:
    """Hashes are of values: pickles of equal values differ from process to process."""
    write(5.0)
    extract = tmp_path / "out/extracts/forecast.hyper"
    code = (
        "from pathlib import Path; from pipeline.publish.tabpy_lookup import functions_with; "
        f"print(*[one.build_id + one.data_id for one in functions_with(Path({str(extract)!r}))[1] if one.data_id])"
    )

    root = Path(__file__).parents[1]
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    (own,) = [one.build_id + one.data_id for one in functions_with(extract)[1] if one.data_id]

    assert other.stdout.split() == [own]
