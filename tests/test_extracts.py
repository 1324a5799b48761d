"""The columns of the extracts, and the rows that a grid gives them."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pipeline.schema import Method, Quality
from pipeline.stores.extracts import (
    ANOMALIES,
    DAILY,
    EXTRACTS,
    FINDINGS,
    FORECAST,
    FORECAST_EXTRACTS,
    FORECAST_SCORE,
    METERS,
    READINGS,
    conform,
)
from pipeline.stores.reading_rows import readings_table
from pipeline.vee.grid import Grid

OCTOBER_28 = 1540684800  # 2018-10-28 00:00 UTC; London leaves summer time at 01:00 UTC


def grid_of(energy, *, start=OCTOBER_28, minutes=60, timezone="Europe/London", spans=None, **layers):
    """A grid of channels M0, M1, …; spans are (first, last, fresh_first, fresh_last) for each."""
    energy = np.atleast_2d(np.asarray(energy, dtype=np.float64))
    count, length = energy.shape
    starts = start + minutes * 60 * np.arange(length)
    given = {"quality": np.uint8, "method": np.uint8, "rule": np.uint8, "file_id": np.int32}
    cells = {name: np.broadcast_to(np.asarray(layers.get(name, 0), kind), energy.shape) for name, kind in given.items()}
    raw = np.broadcast_to(np.asarray(layers.get("raw", np.nan), dtype=np.float64), energy.shape)
    spans = spans or [(0, length - 1, 0, length - 1)] * count
    channels = pd.DataFrame(spans, columns=["first", "last", "fresh_first", "fresh_last"]).assign(
        site_id="campus", meter_id=[f"M{row}" for row in range(count)], channel="delivered", channel_id=0
    )
    return Grid(starts, starts + minutes * 60, minutes, timezone, energy=energy, raw=raw, channels=channels, **cells)


@pytest.mark.parametrize(
    ("extract", "promised"),
    [
        (
            READINGS,
            "meter_id channel interval_start interval_start_utc interval_minutes energy_kwh raw_kwh quality method",
        ),
        (
            DAILY,
            "meter_id channel date energy_kwh peak_kw base_kw load_factor coverage estimated_share is_weekend "
            "is_holiday",
        ),
        (
            FINDINGS,
            "meter_id channel rule_id rule severity first_start_utc last_start_utc intervals detail file",
        ),
        (
            FORECAST,
            "meter_id channel grain interval_start energy_kwh forecast_kwh lower_kwh upper_kwh model is_forecast "
            "issued_at",
        ),
        (ANOMALIES, "meter_id channel date"),
        (FORECAST_SCORE, "meter_id channel grain model"),
        (METERS, "meter_id channel site_id name building_use latitude longitude floor_area_m2 timezone tariff"),
    ],
    ids=["readings", "daily", "findings", "forecast", "anomalies", "forecast_score", "meters"],
)
def test_promised_columns_come_first(extract, promised):
    """People's scripts know these names and this order."""
    names = promised.split()

    assert extract.names[: len(names)] == names


@pytest.mark.parametrize("extract", [*EXTRACTS.values(), *FORECAST_EXTRACTS.values()], ids=lambda one: one.name)
def test_every_field_speaks_to_an_author(extract):
    """No field without caption or description, none told apart by case alone, and units say so."""
    units = {"_kwh": "kWh", "_kw": "kW", "_minutes": "min", "_m2": "m²", "_days": "d"}
    stated = [
        (column.unit, unit) for column in extract.columns for end, unit in units.items() if column.name.endswith(end)
    ]

    assert all(column.caption and column.description.endswith(".") for column in extract.columns)
    assert len({name.lower() for name in extract.names}) == len(extract.names)
    assert len({column.caption for column in extract.columns}) == len(extract.names)
    assert all(unit == expected for unit, expected in stated)


def test_conform_orders_casts_and_nulls():
    """Columns come in any order and near types; NaN is null; what is not the extract's own goes."""
    frame = pd.DataFrame(
        {
            "file": ["a.csv"],
            "unknown": [1],
            **{name: [None] for name in FINDINGS.names if name not in ("file", "intervals", "first_start_utc")},
            "intervals": np.array([3], dtype=np.uint8),
            "first_start_utc": pd.to_datetime([OCTOBER_28], unit="s", utc=True),
        }
    )

    table = conform(frame, FINDINGS)

    assert table.schema.equals(FINDINGS.arrow)
    assert table["first_start_utc"].to_pylist() == [pd.Timestamp("2018-10-28")]
    assert (table["intervals"].to_pylist(), table["detail"].to_pylist()) == ([3], [None])


def test_conform_turns_nan_into_null():
    """A NaN in a number column would be a value to Tableau."""
    table = conform(
        readings_table(grid_of([[1.0, 2.0]])).set_column(5, "energy_kwh", pa.array([np.nan, 2.0])), READINGS
    )

    assert table["energy_kwh"].to_pylist() == [None, 2.0]


@pytest.mark.parametrize(
    ("column", "values"),
    [("energy_kwh", ["much"]), ("interval_minutes", [2**40]), ("energy_kwh", [{"a": 1}]), ("meter_id", None)],
    ids=["text", "too large", "another kind", "absent"],
)
def test_conform_refuses_what_does_not_fit(column, values):
    """Text for a number, a number too large, no column at all: a mistake of the caller."""
    table = readings_table(grid_of([[1.0]])).drop_columns([column])
    table = table if values is None else table.append_column(column, pa.array(values))

    with pytest.raises(ValueError, match=f"{column}"):
        conform(table, READINGS)


def test_readings_are_the_grid():
    """Every cell is a row: the repeated autumn hour twice on the wall clock, the gap with null energy."""
    grid = grid_of(
        [[1.0, 2.0, np.nan, 4.0]],
        quality=[[Quality.ACTUAL, Quality.ESTIMATED, Quality.MISSING, Quality.EDITED]],
        method=[[Method.NONE, Method.LINEAR, Method.NONE, 99]],
        rule=[[0, 9, 5, 0]],
        raw=[[np.nan, 7.0, np.nan, np.nan]],
    )

    rows = readings_table(grid).to_pandas().astype({"method": object, "rule_id": object})

    assert rows["interval_start"].dt.strftime("%H:%M").tolist() == ["01:00", "01:00", "02:00", "03:00"]
    assert rows["interval_start_utc"].dt.strftime("%H:%M").tolist() == ["00:00", "01:00", "02:00", "03:00"]
    assert rows["energy_kwh"].fillna(-1).tolist() == [1, 2, -1, 4]
    assert rows["raw_kwh"].fillna(-1).tolist() == [-1, 7, -1, -1]
    assert rows["quality"].tolist() == ["actual", "estimated", "missing", "edited"]
    assert rows["method"].fillna("").tolist() == ["", "linear", "", "nem12_99"]
    assert rows["rule_id"].fillna("").tolist() == ["", "V09", "V05", ""]
    assert set(rows["site_id"]) == {"campus"}


@pytest.mark.parametrize(
    "spans",
    [
        [(0, 4, 0, 4), (0, 4, 0, 4)],
        [(0, 4, 2, 3), (1, 3, 2, 9)],
        [(0, 4, 1, 2), (3, 4, 0, 4)],
        [(0, 1, 3, 4), (2, 2, 0, 4)],
        [(0, 4, 5, 4), (0, 4, 5, 4)],
    ],
    ids=["all", "same stretch", "each its own", "one has none", "nothing"],
)
def test_readings_are_those_of_the_fresh_span(spans):
    """Only what is both inside a channel's span and fresh is written, interval by interval."""
    grid = grid_of(np.arange(10.0).reshape(2, 5), spans=spans)
    expected = [
        (f"M{row}", grid.starts[position], grid.energy[row, position])
        for position in range(5)
        for row, (first, last, fresh_first, fresh_last) in enumerate(spans)
        if max(first, fresh_first) <= position <= min(last, fresh_last)
    ]

    table = conform(readings_table(grid), READINGS)

    seconds = table["interval_start_utc"].cast(pa.int64()).to_numpy() // 10**6
    assert list(zip(table["meter_id"].to_pylist(), seconds, table["energy_kwh"].to_pylist(), strict=True)) == expected


def test_a_text_is_once_in_its_dictionary():
    """Channels share names; a dictionary with the same word twice does not survive Parquet."""
    table = readings_table(grid_of(np.ones((3, 2)), quality=[[0, 1], [1, 0], [0, 0]]))

    words = {
        name: table[name].chunk(0).dictionary.to_pylist() for name in ("meter_id", "channel", "site_id", "quality")
    }
    assert words == {
        "meter_id": ["M0", "M1", "M2"],
        "channel": ["delivered"],
        "site_id": ["campus"],
        "quality": ["actual", "estimated"],
    }


def test_daily_values_have_the_length_of_their_day():
    """A local day of the autumn change has 25 hours."""
    grid = grid_of([[1.0, 2.0]], minutes=1440)
    days = np.array([OCTOBER_28 - 3600, OCTOBER_28 + 24 * 3600, OCTOBER_28 + 48 * 3600])
    grid = Grid(**{**vars(grid), "starts": days[:-1], "ends": days[1:]})

    rows = readings_table(grid).to_pandas()

    assert rows["interval_minutes"].tolist() == [1500, 1440]
    assert rows["interval_start"].dt.strftime("%d %H:%M").tolist() == ["28 00:00", "29 00:00"]
