"""How well anomalies are found: `python -m benchmarks.anomaly_accuracy --data FOLDER`.

FOLDER holds the Cambridge archive as one wide file (`derived_wide_electricity_2018_2020.csv.gz`: hourly, 52 meters)
with `expected_runs.csv`, `expected_spikes.csv` and `weather_bedford/`.

Protocol
--------
1. Readings of 2018 and 2019 (2020 is a lockdown: its behaviour is unusual in truth) go through validation (VEE). Clean
   is a meter of which at least 97 per cent of the hours are plain readings; the others take no part.
2. Each kind of fault is injected into the readings of every clean meter as they were read, before VEE: one fault in
   each 90 days, on a random day (seeded). Kinds and sizes: `benchmarks/anomaly_faults.py`. The whole goes through VEE,
   and `find_anomalies` sees what the product lets it see: readings with the weight that VEE left them, English
   holidays, no more than `--rate` alerts a meter-month, by default 1.
3. An alert is a run of days that are told. A behaviour fault is found when one of its days is told, in the right
   direction. A false alarm is an alert none of whose days is at fault, wherever it comes from: real oddities of these
   buildings count as false alarms too. Precision is faults found / (faults found + false alarms) of the runs of that
   kind. "Substantial" are faults that change the energy of their days by 15 per cent or more: a weekend that is run
   like a weekday changes nothing in a building that never rests.
4. A meter fault is explained when VEE took out or marked at least half of its wrong hours. It is called behaviour when
   a told anomaly covers one of them. For spikes that is the one hour. What VEE leaves on purpose counts against it:
   48 equal hours of a meter that reads a few tenths of a kWh (b32 truly repeats itself for 99), a spike of one with
   such hours of its own.
5. The real faults that the archive is known for, all three years: zero runs of a day and more, b78's 3,095 stuck hours,
   days filled at the source, 33 spikes; the same two questions.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.anomaly_faults import FAULTS, HISTORY, Fault, places
from pipeline.clock import DAY, utc_offsets
from pipeline.forecast_days import doubted_zeros, hour_cells, hour_days, hours_ahead, without_zeros
from pipeline.vee.grid import Grid
from pipeline.vee.rules import RuleBook
from pipeline.vee.validate import run_vee
from tabpy_functions.anomalies import DAYS_PER_MONTH, Anomalies, find_anomalies
from tabpy_functions.calendars import is_holiday
from tabpy_functions.days import Days

Bools = NDArray[np.bool_]

LOCAL_CLOCK = ("b63", "b64", "b78", "b83", "b119")
"""Meters whose stamps are local time in a file of UTC (README of the archive)."""

SUBSTANTIAL = 0.15
EVERY = 90


@dataclass(frozen=True)
class Seen:
    """One meter after VEE.

    Attributes
    ----------
    days : Days
    is_doubted : array of bool, shape (hours,)
        Hours that VEE took out or marked.
    row, slot : array of int64, shape (hours,)
        Where each hour lies in `days`.
    """

    days: Days
    is_doubted: Bools
    row: NDArray[np.int64]
    slot: NDArray[np.int64]

    def told(self, found: Anomalies) -> Bools:
        """True for hours that are part of an anomaly, shape (hours,)."""
        told: Bools = found.is_alert[self.row, self.slot]
        return told


def validated(frame: pd.DataFrame, weather: "pd.Series[float] | None" = None) -> Iterator[tuple[str, Seen]]:
    """Let VEE judge hourly readings, a column a meter, and lay them out as days."""
    for is_local, timezone in ((True, "UTC"), (False, "Europe/London")):
        part = frame[[meter for meter in frame if (meter in LOCAL_CLOCK) == is_local]]
        grid, findings = run_vee(_grid(part, timezone), RuleBook())
        of_meter = {
            meter: pd.DataFrame(
                [(one.rule_id, one.first_start_utc, one.last_start_utc) for one in findings if one.meter_id == meter],
                columns=["rule_id", "first_start_utc", "last_start_utc"],
            )
            for meter in part
        }
        for row, meter in enumerate(part):
            chosen = np.arange(len(grid.channels)) == row
            yield meter, _seen(grid.of_channels(chosen), of_meter[meter], weather)


def _grid(frame: pd.DataFrame, timezone: str) -> Grid:
    starts = frame.index.to_numpy().astype("M8[s]").astype(np.int64)
    shape = (frame.shape[1], len(starts))
    span = {"first": 0, "last": shape[1] - 1, "fresh_first": 0, "fresh_last": shape[1] - 1}
    channels = pd.DataFrame({"meter_id": list(frame), "site_id": "estate", "channel": "delivered", "channel_id": 0})
    codes = (np.zeros(shape, np.uint8) for _ in range(3))
    quality, method, rule = codes
    return Grid(
        starts,
        starts + 3600,
        60,
        timezone,
        energy=frame.to_numpy().T.copy(),
        quality=quality,
        method=method,
        rule=rule,
        raw=np.full(shape, np.nan),
        file_id=np.ones(shape, np.int32),
        channels=channels.assign(can_export=False, limit_kw=np.nan, **span),
    )


def _seen(grid: Grid, findings: pd.DataFrame, weather: "pd.Series[float] | None") -> Seen:
    cells = without_zeros(hour_cells(grid), findings, 3600)
    ahead = hours_ahead(grid.timezone, int(grid.ends[-1]), 60, days=1)
    wall = grid.starts + utc_offsets(grid.timezone, grid.starts)
    first, last = int(wall[0]) // DAY, int(wall[-1]) // DAY
    holidays = np.arange(first, last + 1)[is_holiday("GB-ENG", first, last - first + 1)]
    days = hour_days(cells, grid.timezone, ahead, holidays)
    row, slot = wall // DAY - first, wall % DAY // 3600
    if weather is not None:
        degrees = np.full(days.energy_kwh.shape, np.nan)
        degrees[row, slot] = weather.to_numpy()[: len(row)]
        days = Days(days.first_day, days.origin, days.energy_kwh, days.weight, days.is_holiday, degrees)
    doubted = cells.plain[0] <= 0
    for zeros in doubted_zeros(cells, findings, 3600).values():
        doubted = doubted | zeros
    return Seen(days, doubted, row, slot)


def runs_of(told: Bools) -> list[tuple[int, int]]:
    """First and one past the last day of each run."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], told.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def with_faults(frame: pd.DataFrame, fault: Fault, seed: int) -> tuple[pd.DataFrame, dict[str, list[range]]]:
    """Inject a fault into every meter now and then; say which days of the file are at fault."""
    days = len(frame) // 24
    first_day = int(frame.index[0].timestamp()) // DAY
    changed, where = {}, {}
    for number, meter in enumerate(frame):
        random = np.random.default_rng([seed, number])
        readings = frame[meter].to_numpy()[: days * 24].reshape(days, 24).copy()
        where[meter] = [range(day, day + fault.days) for day in places(fault, first_day, days, EVERY, random)]
        for one in where[meter]:
            readings[one.start : one.stop] = fault.inject(readings[one.start - HISTORY : one.stop], random)
        changed[meter] = readings.ravel()
    return pd.DataFrame(changed, index=frame.index[: days * 24]), where


def score_behaviour(
    frame: pd.DataFrame, fault: Fault, rate: float, weather: "pd.Series[float] | None", seed: int
) -> str:
    """Inject a kind of behaviour and say how many are found, and what else is told."""
    changed, where = with_faults(frame, fault, seed)
    found, big, false, months = [], [], 0, 0.0
    for meter, seen in validated(changed, weather):
        before, after = (one[meter].to_numpy().reshape(-1, 24).sum(axis=1) for one in (frame, changed))
        result = find_anomalies(seen.days, alerts_per_month=rate)
        rows = {one.row for one in result.found}
        right = {one.row for one in result.found if (one.direction == "high") == fault.is_high}
        at_fault = {row for one in where[meter] for row in one}
        for one in where[meter]:
            found.append(bool(right & set(one)))
            size = after[one.start : one.stop].sum() / max(before[one.start : one.stop].sum(), 1e-9) - 1
            big.append(abs(size) >= SUBSTANTIAL)
        told = np.isin(np.arange(len(seen.days.energy_kwh)), list(rows))
        false += sum(not at_fault & set(range(*run)) for run in runs_of(told))
        months += len(told) / DAYS_PER_MONTH
    hits = np.array(found)
    return (
        f"recall {hits[np.array(big)].mean():.2f} of {sum(big)} substantial, {hits.mean():.2f} of all {len(hits)};"
        f" precision {hits.sum() / (hits.sum() + false):.2f}; {false / months:.2f} false alarms a meter-month"
    )


def score_meter(frame: pd.DataFrame, fault: Fault, rate: float, seed: int) -> str:
    """Inject a kind of meter fault and say how many VEE explains, and how many are called behaviour."""
    changed, where = with_faults(frame, fault, seed)
    explained, called = [], []
    for meter, seen in validated(changed):
        wrong = frame[meter].to_numpy()[: len(changed)] != changed[meter].to_numpy()
        told = seen.told(find_anomalies(seen.days, alerts_per_month=rate))
        for one in where[meter]:
            hours = np.arange(one.start * 24, one.stop * 24)
            hours = hours[wrong[hours]]
            if len(hours):
                explained.append(seen.is_doubted[hours].mean() >= 0.5)
                called.append(bool(told[hours].any()))
    return f"explained by VEE {np.mean(explained):.3f}; called behaviour {np.mean(called):.3f} of {len(called)}"


def named_faults(folder: Path) -> Iterator[tuple[str, str, str, int]]:
    """Kind, meter, first stamp and hours of the real faults of the archive."""
    runs = pd.read_csv(folder / "expected_runs.csv")
    filled = {"2018-04-03", "2018-09-02", "2018-09-23", "2020-07-30", "2020-10-04"}
    for one in runs.itertuples():
        if one.kind == "zero_run":
            yield "zero runs", one.meter_id, one.first_stamp, one.hours
        elif one.meter_id == "b78" and one.hours > 1000:
            yield "stuck b78", one.meter_id, one.first_stamp, one.hours
        elif one.hours == 24 and one.first_stamp[:10] in filled and one.meter_id in LOCAL_CLOCK:
            yield "filled at the source", one.meter_id, one.first_stamp, one.hours
    for one in pd.read_csv(folder / "expected_spikes.csv").itertuples():
        yield "spikes", one.meter_id, one.stamp, 1


def score_named(folder: Path, frame: pd.DataFrame, rate: float) -> dict[str, str]:
    """Say of each kind of real fault how many VEE explains, and how many are called behaviour."""
    named = pd.DataFrame(named_faults(folder), columns=["kind", "meter", "stamp", "hours"])
    seen = dict(validated(frame[sorted(set(named["meter"]))]))
    told = {meter: one.told(find_anomalies(one.days, alerts_per_month=rate)) for meter, one in seen.items()}
    judged = []
    for one in named.itertuples():
        start = frame.index.get_loc(pd.Timestamp(one.stamp))
        hours = slice(start, start + one.hours)
        doubted = seen[one.meter].is_doubted[hours].mean() >= 0.5
        judged.append((one.kind, doubted, bool(told[one.meter][hours].any())))
    table = pd.DataFrame(judged, columns=["kind", "explained", "called"]).groupby("kind")
    return {
        kind: f"explained by VEE {rows['explained'].sum()} of {len(rows)}; called behaviour {rows['called'].sum()}"
        for kind, rows in table
    }


def main(arguments: list[str]) -> None:
    """Run the protocol and print a line a kind."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the Cambridge archive")
    parser.add_argument("--rate", type=float, default=1.0, help="alerts a meter-month")
    parser.add_argument("--weather", action="store_true", help="give the outside temperature as well")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    whole = pd.read_csv(given.data / "derived_wide_electricity_2018_2020.csv.gz", index_col=0, parse_dates=True)
    weather = None
    if given.weather:
        files = sorted((given.data / "weather_bedford").glob("*.csv"))
        weather = pd.concat([pd.read_csv(file) for file in files])["air_temperature [degC]"]
    frame = whole.loc[:"2019-12-31"]
    clean = [meter for meter, seen in validated(frame) if (~seen.is_doubted).mean() >= 0.97]
    _say("clean meters", f"{len(clean)} of {frame.shape[1]}, 2018 and 2019, at most {given.rate:g} alerts a month")
    for name, fault in FAULTS.items():
        if fault.is_behaviour:
            _say(name, score_behaviour(frame[clean], fault, given.rate, weather, given.seed))
        else:
            _say(name, score_meter(frame[clean], fault, given.rate, given.seed))
    for name, line in score_named(given.data, whole, given.rate).items():
        _say(f"real: {name}", line)


def _say(name: str, line: str) -> None:
    sys.stdout.write(f"{name:28s} {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
