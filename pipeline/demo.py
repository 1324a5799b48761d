"""The demo's campus with known faults in it, and the score of what was found against what was put in."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.campus import BUILDINGS, TIMEZONE, Load, grid_factors, interval_starts, simulate
from pipeline.campus_faults import (
    DIAL_DIGITS,
    TRUTH_COLUMNS,
    inject,
    list_dial_faults,
    list_faults,
    list_repeated,
    read_dial,
)
from pipeline.campus_files import (
    write_columns,
    write_day_rows,
    write_factors,
    write_long,
    write_register,
    write_wide,
)

LAST_YEAR = 2025


NOT_FAULTS = ("V03", "V12", "V16", "V20", "V23")
"""Rules whose findings are not scored: they describe sound data (a clock change, an unusual day, a poor power factor, a
supplier's own estimate, an extreme but real value)."""


@dataclass(frozen=True)
class Campus:
    """What `write_campus` has written.

    Attributes
    ----------
    files : list of Path
        The meter files.
    register : Path
        `meters.csv`: sites and meters.
    settings : Path
        `hyperwatt.toml` for these files, with an invented tariff and a file of invented emission factors.
    truth : DataFrame
        One row an injected fault: `meter_id`, `channel`, `rule_id`, `first_start_utc`, `last_start_utc` [s since 1970
        UTC], `intervals`, `note`.
    energy : DataFrame
        One row a channel: `meter_id`, `channel`, `intervals`, `true_kwh` (what was really used) and `written_kwh`
        (what the files say, each interval once).
    """

    files: list[Path]
    register: Path
    settings: Path
    truth: pd.DataFrame
    energy: pd.DataFrame


def write_campus(folder: Path, *, buildings: int = len(BUILDINGS), years: int = 2, seed: int = 1729) -> Campus:
    """Write the files of a small invented campus in four layouts, with faults in them.

    Parameters
    ----------
    folder : Path
        Made if it is not there; files of an earlier demo in it are replaced.
    buildings : int
        The first so many of `pipeline.campus.BUILDINGS`; faults of the others are left out.
    years : int
        Whole years that end with 2025; all faults lie in the last.
    seed : int
        Equal seeds write equal files.

    Raises
    ------
    ValueError
        When there are not so many buildings.
    """
    if not 1 <= buildings <= len(BUILDINGS) or years < 1:
        raise ValueError(f"1 to {len(BUILDINGS)} buildings and at least 1 year, not {buildings} and {years}")
    folder.mkdir(parents=True, exist_ok=True)
    true = [
        load
        for building in BUILDINGS[:buildings]
        for load in simulate(building, interval_starts(building.minutes, years, LAST_YEAR), seed)
    ]
    written = [inject(load) for load in true]
    files, dial_truth = _write_files(folder, written)
    truth = pd.concat([list_faults(true), dial_truth], ignore_index=True).sort_values(["rule_id", "first_start_utc"])
    (folder / "hyperwatt.toml").write_text(SETTINGS, encoding="utf-8")
    hours = interval_starts(60, years, LAST_YEAR)
    write_factors(folder / "grid_factors.csv", hours, grid_factors(hours))
    return Campus(
        files,
        _write_meters(folder / "meters.csv", buildings),
        folder / "hyperwatt.toml",
        truth.reset_index(drop=True),
        _energy(true, written),
    )


def _write_files(folder: Path, loads: list[Load]) -> tuple[list[Path], pd.DataFrame]:
    """Write every layout that the buildings use; also the faults that only show on a register's dial."""
    by_layout: dict[str, list[Load]] = {}
    for load in loads:
        by_layout.setdefault(load.building.layout, []).append(load)
    files = write_wide(folder, by_layout.get("wide", []))
    writers: dict[str, tuple[str, Callable[[Path, list[Load]], Path]]] = {
        "columns": ("south_campus_hourly_utc.csv", write_columns),
        "day_rows": ("halls_half_hours.csv", write_day_rows),
        "long": ("gymnasium_quarter_hours.csv.gz", lambda path, own: write_long(path, own, list_repeated(own))),
    }
    for layout, (name, write) in writers.items():
        if layout in by_layout:
            files.append(write(folder / name, by_layout[layout]))
    if "register" not in by_layout:
        return files, pd.DataFrame(columns=TRUTH_COLUMNS)
    (load,) = by_layout["register"]
    dial = read_dial(load)
    return [*files, write_register(folder / "data_center_register.csv", load, dial)], list_dial_faults(load, dial)


def _energy(true: list[Load], written: list[Load]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "meter_id": load.building.name,
                "channel": load.channel,
                "intervals": len(load.starts),
                "true_kwh": load.energy.sum(),
                "written_kwh": np.nansum(said.energy),
            }
            for load, said in zip(true, written, strict=True)
        ]
    )


def _write_meters(path: Path, buildings: int) -> Path:
    frame = pd.DataFrame([vars(building) for building in BUILDINGS[:buildings]])
    register = pd.DataFrame({"site": frame["site"], "meter": frame["name"], "name": frame["name"]})
    register[["latitude", "longitude", "floor_area"]] = frame[["latitude", "longitude", "area_m2"]]
    register["use"] = frame["use"]
    register["timezone"] = TIMEZONE
    register["tariff"] = "campus"
    register.to_csv(path, index=False)
    return path


def score_findings(truth: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Compare what was found with what was put in.

    A finding is right when an injected fault of the same rule and meter overlaps it in time; one that names no meter
    (an event of a whole site) needs the rule and the time only. Findings of `NOT_FAULTS` are left out.

    Parameters
    ----------
    truth : DataFrame
        As in `Campus.truth`.
    findings : DataFrame
        `meter_id`, `channel`, `rule_id`, `first_start_utc`, `last_start_utc` [s since 1970 UTC], as in
        `pipeline.schema.Finding`.

    Returns
    -------
    DataFrame
        One row a rule and a last one, "all": `rule_id`, `injected`, `detected` (of the injected), `findings`, `right`
        (of the findings), `precision`, `recall` (NaN where there is nothing to divide by).
    """
    findings = findings[~findings["rule_id"].isin(NOT_FAULTS)]
    pairs = truth.reset_index(names="fault").merge(findings.reset_index(names="finding"), on="rule_id")
    same = [
        pairs[f"{name}_x"].isna() | pairs[f"{name}_y"].isna() | (pairs[f"{name}_x"] == pairs[f"{name}_y"])
        for name in ("meter_id", "channel")
    ]
    apart = (pairs["first_start_utc_y"] > pairs["last_start_utc_x"]) | (
        pairs["last_start_utc_y"] < pairs["first_start_utc_x"]
    )
    pairs = pairs[same[0] & same[1] & ~apart]
    counts = {
        "injected": truth["rule_id"],
        "detected": truth["rule_id"].loc[pairs["fault"].unique()],
        "findings": findings["rule_id"],
        "right": findings["rule_id"].loc[pairs["finding"].unique()],
    }
    score = pd.DataFrame({name: rules.value_counts() for name, rules in counts.items()}).fillna(0).astype(int)
    score = pd.concat([score.sort_index().rename_axis("rule_id"), score.sum().rename("all").to_frame().T])
    score["precision"] = score["right"] / score["findings"].where(score["findings"] > 0)
    score["recall"] = score["detected"] / score["injected"].where(score["injected"] > 0)
    return score.rename_axis("rule_id").reset_index()


SETTINGS = f"""\
# How the files of this folder are to be read. `hyperwatt demo` wrote it; the campus is invented.
country = "US-CA"                # public holidays

[[feed]]                         # one building and year a file; November's hour is there twice, March's is not
glob = "*_20[0-9][0-9].csv"
timezone = "{TIMEZONE}"

[[feed]]                         # one column a meter
glob = "south_campus_hourly_utc.csv"
timezone = "UTC"
label = "start"

[[feed]]                         # 48 half-hours a day, whatever the clock does
glob = "halls_half_hours.csv"
timezone = "{TIMEZONE}"

[[feed]]                         # quarter hours, used and fed in
glob = "gymnasium_quarter_hours.csv.gz"
timezone = "{TIMEZONE}"
label = "start"

[[feed]]                         # the dial of a register, which may be set to zero around midnight (06:45-08:15 UTC)
glob = "data_center_register.csv"
timezone = "UTC"
is_register = true
digits = {DIAL_DIGITS}
reset_window = ["06:45", "08:15"]

[[tariff]]                       # nobody's prices: invented, like the campus
name = "campus"
currency = "USD"
standing_charge = 12.5
feed_in_price = 0.06

[[tariff.rate]]                  # the first that matches holds
name = "evening"
price = 0.38
hours = [16, 21]
days = "weekdays"

[[tariff.rate]]
name = "night"
price = 0.13
hours = [22, 6]

[[tariff.rate]]
name = "day"
price = 0.21

[carbon]                         # invented too; its own mean of a year is the average factor
file = "grid_factors.csv"
"""
