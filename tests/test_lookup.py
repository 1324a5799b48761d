"""The precomputed forecast, looked up: the value of the very row, for every grain, order and oddity; and quickly."""

import contextlib
import pickle
import time

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from tabpy_functions.answering import last_reasons
from tabpy_functions.inputs import InputError
from tabpy_functions.lookup import build_lookup, lookup_forecast

HOURS = pd.date_range("2020-10-24", periods=14 * 24, freq="h")
DAYS = pd.date_range("2020-10-24", periods=365, freq="D")


def rows_of(meter, starts, grain, first):
    """Forecast rows of a channel: first, first + 1, ...; bounds 10 below and 20 above."""
    values = first + np.arange(len(starts), dtype=float)
    return pd.DataFrame(
        {
            "meter_id": meter,
            "channel": "delivered",
            "grain": grain,
            "interval_start": starts,
            "forecast_kwh": values,
            "lower_kwh": values - 10,
            "upper_kwh": values + 20,
        }
    )


def frame_of(meters):
    """What `forecast.hyper` holds of some meters, a history row among it."""
    parts = [rows_of(f"M{meter}", HOURS, "hour", 1000 * meter) for meter in range(meters)]
    parts += [rows_of(f"M{meter}", DAYS, "day", 5000 * meter) for meter in range(meters)]
    past = parts[0].iloc[:1].assign(interval_start=pd.Timestamp("2020-10-23 23:00"), forecast_kwh=np.nan)
    return pd.concat([past, *parts], ignore_index=True)


TABLE = build_lookup(frame_of(3))


def texts(starts):
    """As Tableau sends them."""
    return starts.strftime("%Y-%m-%d %H:%M:%S").tolist()


def test_hours_and_days():
    """Each row has the value of its hour, or of its day, of its own meter."""
    hours = lookup_forecast(["M2"] * 336, ["delivered"] * 336, texts(HOURS), table=TABLE)
    assert hours == [2000.0 + hour for hour in range(336)]

    days = lookup_forecast("M1", "delivered", DAYS.strftime("%Y-%m-%d").tolist(), "upper_kwh", table=TABLE)
    assert days == [5020.0 + day for day in range(365)]


def test_any_order_any_meter():
    """Two meters mixed, backwards."""
    dates = texts(HOURS)[5::-1]
    answer = lookup_forecast(["M0", "M1"] * 3, ["delivered"] * 6, dates, "lower_kwh", table=TABLE)

    assert answer == [5 - 10, 1000 + 4 - 10, 3 - 10, 1000 + 2 - 10, 1 - 10, 1000 - 10]


def test_half_hours_have_half():
    """An hour's forecast is shared by its parts."""
    starts = pd.date_range("2020-10-24 04:00", periods=4, freq="30min")

    assert lookup_forecast("M1", "delivered", texts(starts), table=TABLE) == [502, 502, 502.5, 502.5]


def test_a_single_midnight():
    """Is a day, unless the caller says that it is an hour."""
    assert lookup_forecast(["M1"], ["delivered"], ["2020-10-25"], table=TABLE) == [5001]
    assert lookup_forecast(["M1"], ["delivered"], ["2020-10-25"], grain=["hour"], table=TABLE) == [1024]
    assert lookup_forecast(["M1"], ["delivered"], ["2020-10-25 01:00:00"], table=TABLE) == [1025]


def test_what_the_table_does_not_have():
    """The past, the far future, another meter, no date: null; a note names unknown channels."""
    dates = ["2020-10-23 23:00:00", "2020-10-24 00:00:00", "2021-10-24 01:00:00", None, "2020-10-24 02:00:00"]
    assert lookup_forecast("M0", "delivered", dates, table=TABLE) == [None, 0, None, None, 2]

    assert lookup_forecast(["M0", "M9"], ["delivered"] * 2, [dates[1], dates[4]], table=TABLE) == [0, None]
    assert last_reasons()[-1]["reason"] == "1 channels have no forecast"


def test_a_clock_change():
    """The two hours that the clock shows twice are averaged; the hour that it leaves out has none."""
    rows = rows_of("M0", [*HOURS[:3], HOURS[1], *HOURS[4:6]], "hour", 0)
    answer = lookup_forecast("M0", "delivered", texts(HOURS[:6]), table=build_lookup(rows))

    assert answer == [0, 2, 2, None, 4, 5]


def test_refusals():
    """Without a table, with months, with lists of other lengths."""
    months = ["2020-11-01", "2020-12-01", "2021-01-01"]
    for said, call in {
        "deployed without forecasts: run `hyperwatt forecast`, then deploy again": {"table": None},
        "forecasts are kept for hours and days": {"table": TABLE},
        "'all' is none of forecast_kwh, lower_kwh, upper_kwh": {"what": "all", "table": TABLE},
    }.items():
        assert lookup_forecast("M0", "delivered", months, **call) == [None] * 3
        assert last_reasons()[-1]["reason"] == said
    assert lookup_forecast(["M0"], ["delivered"], months, table=TABLE) == [None]


def test_an_empty_table():
    """Before the first forecast nothing is known, and nothing breaks."""
    table = build_lookup(frame_of(1).iloc[:0])

    assert lookup_forecast("M0", "delivered", texts(HOURS), table=table) == [None] * 336


def test_memory():
    """52 channels, 14 days of hours and 365 days, travel in half a megabyte."""
    assert len(pickle.dumps(build_lookup(frame_of(52)))) < 0.6e6


def test_a_lookup_is_quick():
    """336 rows in a few times what a function that only returns them costs to serialise."""
    table = build_lookup(frame_of(52))
    meters, names, dates = ["M40"] * 336, ["delivered"] * 336, texts(HOURS)

    def seconds():
        begun = time.process_time()
        lookup_forecast(meters, names, dates, table=table)
        return time.process_time() - begun

    assert min(seconds() for _ in range(30)) < 0.002


anything = st.none() | st.booleans() | st.floats() | st.text(max_size=4) | st.lists(st.integers(), max_size=2)


@given(
    st.lists(st.sampled_from(["M0", "M1"]) | anything, max_size=12),
    st.just("delivered") | st.lists(anything, max_size=12),
    st.lists(st.sampled_from(texts(HOURS)) | anything, max_size=12),
    anything,
    anything,
)
def test_anything_is_answered(meters, channels, dates, what, grain):
    """As many values back as meters, and no error but a refusal in words."""
    assert len(lookup_forecast(meters, channels, dates, what, grain, TABLE)) == len(meters)
    with np.errstate(all="ignore"), contextlib.suppress(InputError):
        lookup_forecast.__wrapped__(meters, channels, dates, what, grain, TABLE)
