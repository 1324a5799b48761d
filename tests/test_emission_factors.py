"""Factors of emission: by year, by the hour or half-hour of a file, and files that are refused by name."""

import numpy as np
import pandas as pd
import pytest

from pipeline.emission_factors import Carbon, Factors, read_factors
from pipeline.errors import SettingsError


def instants(*stamps):
    """Instants of stamps in UTC. [s since 1970]"""
    return pd.to_datetime(list(stamps)).as_unit("s").asi8


def write(path, header, *rows):
    """A file of factors."""
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


GIVEN = [
    ("start_utc,kg_per_kwh", ["2024-01-01 00:00,0.2", "2024-01-01 01:00,0.3"]),
    ("datetime,region,Carbon Intensity [g_CO2/kWh]", ["2024-01-01T00:00:00Z,x,200", "2024-01-01T01:00:00Z,x,300"]),
    ("from,to,actual (gCO2/kWh)", ["2024-01-01T01:00+01:00,,200", "2024-01-01T02:00+01:00,,300"]),
    ("Start (UTC),kgCO2e per kWh", ["2024-01-01 01:00,0.3", "2024-01-01 00:00,0.2"]),
]


@pytest.mark.parametrize(("header", "rows"), GIVEN)
def test_files_of_factors(tmp_path, header, rows):
    """UTC by the column's name or each stamp's zone, kilograms or grams, in any order."""
    starts, step, factor = read_factors(write(tmp_path / "c.csv", header, *rows))

    assert starts.tolist() == instants("2024-01-01 00:00", "2024-01-01 01:00").tolist()
    assert (step, factor.tolist()) == (3600, pytest.approx([0.2, 0.3]))


def test_a_clock_of_its_own(tmp_path):
    """A file on local time, with the repeated hour of autumn, by `timezone`."""
    rows = [
        f"2024-10-27 {hour},0.{number}" for number, hour in enumerate(("00:00", "01:00", "01:00", "02:00"), start=1)
    ]
    starts, step, _ = read_factors(write(tmp_path / "c.csv", "start,kg_per_kwh", *rows), "Europe/London")

    assert starts.tolist() == (instants("2024-10-26 23:00") + 3600 * np.arange(4)).tolist()
    assert step == 3600


REFUSED = [
    ("start,kg_per_kwh", ["2024-01-01 00:00,0.2", "2024-01-01 01:00,0.2"], r"line 2: '2024-01-01 00:00' does not say"),
    (
        "start_utc,kg_per_kwh",
        ["2024-01-01 00:00,0.2", "01/02/2024 01:00,0.2"],
        r"line 3: '01/02/2024 01:00' is no start",
    ),
    ("start_utc,kg_per_kwh", ["2024-01-01 00:00,0.2", "2024-01-01 01:00,x"], r"line 3: 'x' is no factor"),
    ("start_utc,kg_per_kwh", ["2024-01-01 00:00,250", "2024-01-01 01:00,0.2"], r"line 2: '250' is no factor"),
    ("start_utc,kg_per_kwh", ["2024-01-01 00:00,-0.1", "2024-01-01 01:00,0.2"], r"line 2: '-0.1' is no factor"),
    ("start_utc,kg_per_kwh", ["2024-01-01 00:00,0.2", "2024-01-01 00:00,0.2"], r"line 3: its start is there twice"),
    ("start_utc,kg_per_kwh", ["2024-01-01,0.2", "2024-01-02,0.2"], r"neither hourly nor half-hourly \(86400 s"),
    (
        "start_utc,kg_per_kwh",
        ["2024-01-01 00:00,0.2", "2024-01-01 00:30,0.2", "2024-01-01 01:10,0.2"],
        "neither hourly",
    ),
    ("start_utc,kg_per_kwh", ["2024-01-01 00:00,0.2"], "neither hourly"),
    ("start_utc,intensity", ["2024-01-01 00:00,0.2"], r"0 columns in kg or g per kWh"),
    ("start_utc,g_per_kwh,kg_per_kwh", ["2024-01-01 00:00,200,0.2"], r"2 columns in kg or g per kWh"),
    ("start_utc,kg_per_kwh", [], r"0 rows"),
    ("start,kg_per_kwh", ["2024-03-31T01:00Z,0.2", "2024-03-31 02:00,0.2"], "line 3: '2024-03-31 02:00' does not say"),
]


@pytest.mark.parametrize(("header", "rows", "said"), REFUSED)
def test_what_cannot_be_read_is_refused_by_name(tmp_path, header, rows, said):
    """With the file, the line and what to do."""
    with pytest.raises(SettingsError, match=rf"c\.csv.*{said}.* -> "):
        read_factors(write(tmp_path / "c.csv", header, *rows))


def test_files_that_are_none(tmp_path):
    """Missing, empty, no text: one sentence."""
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff\xfe")
    for name in ("empty", "picture", "nowhere"):
        with pytest.raises(SettingsError, match=rf"{name}\.csv: (no CSV|cannot be read|0 columns)"):
            read_factors(tmp_path / f"{name}.csv")
    skipped = write(tmp_path / "spring.csv", "start,kg_per_kwh", "2024-03-31 01:00,0.2", "2024-03-31 02:00,0.2")
    with pytest.raises(SettingsError, match=r"spring\.csv: .* -> write starts in UTC"):
        read_factors(skipped, "Europe/London")


@pytest.fixture
def halves(tmp_path):
    """Half-hours of a morning, 01:30 without a value and 02:30 without a row."""
    rows = ["00:00,0.1", "00:30,0.3", "01:00,0.5", "01:30,", "02:00,0.2", "03:00,0.4", "03:30,0.4"]
    return write(tmp_path / "c.csv", "start_utc,kg_per_kwh", *(f"2024-01-01 {row}" for row in rows))


def test_a_factor_is_the_mean_of_its_time(halves):
    """Of two half-hours, of part of one, over an edge; nothing where a part is not covered, or beyond an hour."""
    wanted = {
        ("00:00", 60): 0.2,
        ("00:00", 15): 0.1,
        ("00:15", 30): 0.2,
        ("00:20", 60): (10 * 0.1 + 30 * 0.3 + 20 * 0.5) / 60,
        ("01:00", 60): np.nan,
        ("02:00", 30): 0.2,
        ("02:15", 30): np.nan,
        ("03:00", 60): 0.4,
        ("03:30", 60): np.nan,
        ("00:00", 90): np.nan,
    }
    starts = instants(*(f"2024-01-01 {time}" for time, _ in wanted))
    found = Factors(Carbon(0.2, halves)).mean_over(starts, starts + 60 * np.array([minutes for _, minutes in wanted]))

    assert found.tolist() == pytest.approx(list(wanted.values()), nan_ok=True)
    assert np.isnan(Factors(Carbon(0.2, halves)).mean_over(starts - 10**6, starts - 10**6 + 900)).all()


def test_averages(tmp_path, halves):
    """One factor, one a year with nothing for other years, or the mean of what the file has of each year."""
    days = np.array([19000, 19722, 19723, 20089])  # 2022, 31 December 2023, 1 January 2024, 2025
    assert Factors(Carbon(0.2)).average_on(days).tolist() == [0.2] * 4
    by_year = Factors(Carbon(((2023, 0.3), (2024, 0.2))))
    assert by_year.average_on(days).tolist() == pytest.approx([np.nan, 0.3, 0.2, np.nan], nan_ok=True)
    own = Factors(Carbon(None, halves))
    assert own.average_on(days).tolist() == pytest.approx([np.nan, np.nan, 1.9 / 6, np.nan], nan_ok=True)
    assert (own.has_hours, by_year.has_hours) == (True, False)
    assert np.isnan(by_year.mean_over(days, days + 60)).all()
