"""`hyperwatt demo`: the whole main job on the invented campus, and how well it went."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from pipeline.config import load_settings
from pipeline.connect import connect_database
from pipeline.demo import Campus, score_findings, write_campus
from pipeline.progress import Tell
from pipeline.run import Report, run
from pipeline.schema import Quality
from pipeline.stores.database import read_channels, read_findings, read_readings

GAP = 5
"""Rule V05: nothing was read here."""


@dataclass(frozen=True)
class Showcase:
    """What the demo shows.

    Attributes
    ----------
    out : Path
        Where everything is.
    campus : Campus
        What was written, and the truth about it.
    report : Report
        Of the run.
    score : pandas.DataFrame
        As `score_findings` gives it.
    energy : pandas.DataFrame
        One row a channel: `meter_id`, `channel`, `written_kwh` (what the files say), `read_kwh` (what the database
        keeps of that), `true_kwh` (what was really used), `final_kwh` (after estimation), and how many `readings`
        are `estimated` or `missing`.
    """

    out: Path
    campus: Campus
    report: Report
    score: pd.DataFrame
    energy: pd.DataFrame


def run_demo(out: Path, tell: Tell) -> Showcase:
    """Write the campus into `out/campus`, run it into `out`, and compare what came out with what is known.

    Parameters
    ----------
    out : Path
        A folder; an earlier demo in it is found again, and nothing is loaded twice.
    tell : Tell

    Raises
    ------
    PipelineError
        As `pipeline.run.run`.
    """
    tell("inventing a campus")
    campus = write_campus(out / "campus")
    settings = load_settings(campus.settings, out=out, database=f"sqlite:///{(out / 'hyperwatt.db').as_posix()}")
    report = run([*campus.files, campus.register], settings, tell)
    engine = connect_database(settings.database_url)
    channels = read_channels(engine)
    energy = pd.DataFrame([_energy(engine, one) for one in channels.to_dict("records")])
    energy = campus.energy.merge(energy, on=["meter_id", "channel"], how="left")
    return Showcase(out, campus, report, score_findings(campus.truth, read_findings(engine)), energy)


def _energy(engine: Engine, channel: Mapping[Hashable, Any]) -> dict[str, object]:
    """Sum up a channel: as read (what estimates filled is not), and as it is used."""
    readings = read_readings(engine, [channel["channel_id"]], -(2**40), 2**40).to_pandas()
    used = readings["energy_kwh"]
    was_read = readings["raw_kwh"].where(readings["raw_kwh"].notna(), used.where(readings["rule"] != GAP))
    return {
        "meter_id": channel["meter_id"],
        "channel": channel["channel"],
        "readings": len(readings),
        "estimated": int((readings["quality"] == Quality.ESTIMATED).sum()),
        "missing": int((readings["quality"] == Quality.MISSING).sum()),
        "read_kwh": was_read.sum(),
        "final_kwh": used.sum(),
    }
