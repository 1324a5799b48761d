"""The extract of meters: what the register says of each, and what it used in the last year of its data.

It is small and written whole. What a year holds is added up from the extract of days, which is up to date before it:
readings themselves are not looked at again.
"""

from pathlib import Path

import pandas as pd
from tableauhyperapi import HyperProcess, escape_string_literal  # type: ignore[import-untyped]

from pipeline.schema import STREAM
from pipeline.stores.hyper_read import TABLE, query_extract

YEAR_DAYS = 365
"""Days of the year that meters are compared by: whole weeks and a day, in leap years too (chosen). [days]"""

METERS_AT_ONCE = 500
"""Their days are 0.2 million rows (chosen). With all days of 4,000 meters in memory it held 0.3 GB more."""


def meter_rows(channels: pd.DataFrame, year: pd.DataFrame) -> pd.DataFrame:
    """Give the rows of `meters.hyper`, one a stream of a meter.

    Parameters
    ----------
    channels : pandas.DataFrame
        As `pipeline.stores.database.read_channels` gives them. A stream that was read at several interval lengths is
        one row, with the length of its latest readings.
    year : pandas.DataFrame
        As `last_year` gives it; a stream that is not in it has no energy.

    Returns
    -------
    pandas.DataFrame
        The columns of `METERS`; instants are timestamps in UTC.
    """
    in_time = channels.sort_values(["last_start_utc", "channel_id"], na_position="first")
    latest = in_time.drop_duplicates(STREAM, keep="last").drop(columns="first_start_utc")
    first = channels.groupby(STREAM, as_index=False)["first_start_utc"].min()
    rows = latest.merge(first, on=STREAM).merge(year, on=STREAM, how="left").sort_values(STREAM, ignore_index=True)
    return rows.assign(
        interval_minutes=rows["interval_minutes"].where(rows["interval_minutes"] > 0).astype("Int32"),
        last_year_days=rows["last_year_days"].astype("Int32"),
        **{name: pd.to_datetime(rows[name], unit="s") for name in ("first_start_utc", "last_start_utc")},
    )


def last_year(daily: Path, hyper: HyperProcess, days: int = YEAR_DAYS, at_once: int = METERS_AT_ONCE) -> pd.DataFrame:
    """Add up the last days of each stream: those that end with its last day with energy, whatever others have.

    Parameters
    ----------
    daily : Path
        The extract of days.
    hyper : HyperProcess
        A running hyperd.
    days : int
        Local days, with energy or without.
    at_once : int
        Meters whose days are in memory at the same time.

    Returns
    -------
    pandas.DataFrame
        `meter_id`, `channel`, `last_year_kwh` (what is there, not scaled up), `last_year_days` (with energy, at most
        `days`), `last_year_coverage` (share of the intervals of these days that are actual readings) and
        `last_year_estimated_share` (of the energy; NaN without any).

    Raises
    ------
    StoreError
        When the extract is not there or cannot be read.
    """
    meters = sorted(query_extract(daily, f"SELECT DISTINCT meter_id FROM {TABLE}", hyper)["meter_id"]) or [""]
    some = (meters[start : start + at_once] for start in range(0, len(meters), at_once))
    return pd.concat([_last_year(daily, hyper, days, one) for one in some], ignore_index=True)


def _last_year(daily: Path, hyper: HyperProcess, days: int, meters: list[str]) -> pd.DataFrame:
    """Add up some meters, which follow one another."""
    first, last = escape_string_literal(meters[0]), escape_string_literal(meters[-1])
    rows = query_extract(
        daily,
        f"""WITH own AS (SELECT * FROM {TABLE} WHERE meter_id BETWEEN {first} AND {last}),
        ends AS (SELECT meter_id, channel, max(date) AS last_day FROM own WHERE energy_kwh IS NOT NULL GROUP BY 1, 2)
        SELECT own.meter_id, own.channel, date, energy_kwh, estimated_share, coverage, expected_intervals
        FROM own JOIN ends ON own.meter_id = ends.meter_id AND own.channel = ends.channel
        WHERE date <= last_day AND date > last_day - {int(days)}""",
        hyper,
    )
    # hyperd has no order of its own, and the last bit of a sum depends on it.
    rows = rows.sort_values([*STREAM, "date"])
    rows["actual"] = rows["coverage"] * rows["expected_intervals"]
    rows["estimated"] = rows["estimated_share"] * rows["energy_kwh"]
    rows["has_energy"] = rows["energy_kwh"].notna()
    sums = rows.groupby(STREAM)[["energy_kwh", "has_energy", "actual", "estimated", "expected_intervals"]].sum()
    return pd.DataFrame(
        {
            "last_year_kwh": sums["energy_kwh"],
            "last_year_days": sums["has_energy"],
            "last_year_coverage": sums["actual"] / sums["expected_intervals"],
            "last_year_estimated_share": sums["estimated"] / sums["energy_kwh"].where(sums["energy_kwh"] != 0),
        }
    ).reset_index()
