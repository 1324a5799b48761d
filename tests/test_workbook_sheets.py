"""Every shipped sheet, asked of hyperd as its spec says, shows the numbers that pandas gives from the same extract."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Ran
from sheet_formulas import UnsupportedError
from sheet_queries import sheet_query
from tableauhyperapi import CreateMode

from pipeline.demo import write_campus
from pipeline.stores.extracts import COSTS, FORECAST_EXTRACTS, METERS, READINGS
from pipeline.stores.hyper import write_extract
from pipeline.stores.hyper_read import attached
from pipeline.stores.watermark import Watermark
from pipeline.workbook_building import EVERY, read_facts
from workbooks.facts import Facts
from workbooks.instances import lay_out
from workbooks.resolving import names_of
from workbooks.shipped.contents import workbooks

PERIOD = 365
SCRIPTED = {"Used and expected": "overlay", "Forecast now": "overlay", "Unusual now": "marks"}
"""Sheets that call TabPy, and the layer that does: test_workbook_live.py runs those."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, run_files: Callable[..., Ran]) -> Ran:
    """A run on four buildings and two years, with extracts of a forecast that are made up here."""
    campus = write_campus(tmp_path_factory.mktemp("campus"), buildings=4, years=2)
    ran = run_files([*campus.files, campus.register], config=campus.settings)
    for name, rows in made_up(ran.daily).items():
        path = ran.out / "extracts" / f"{name}.hyper"
        write_extract(ran.hyper, path, FORECAST_EXTRACTS[name], rows, Watermark("test", 1))
    return ran


def made_up(daily: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """A forecast that says forty days again, of which one meter ended earlier; an anomaly, and two scores."""
    known = daily[daily["channel"] == "delivered"][["meter_id", "channel", "site_id", "date", "energy_kwh"]]
    known = known.assign(interval_start=pd.to_datetime(known["date"]), is_forecast=False)
    ended = known["interval_start"].max() - pd.Timedelta(days=10)
    known = known[(known["meter_id"] != known["meter_id"].min()) | (known["interval_start"] <= ended)]
    last = known.groupby("meter_id").tail(40)
    ahead = last.assign(interval_start=last["interval_start"] + pd.Timedelta(days=40), is_forecast=True)
    ahead = ahead.assign(forecast_kwh=last["energy_kwh"], energy_kwh=np.nan)
    rows = pd.concat([known, ahead], ignore_index=True).assign(grain="day", model="m", past_mae_kwh=7.0, past_mase=0.9)
    rows = rows.assign(interval_start_utc=rows["interval_start"], issued_at=pd.Timestamp("2026-01-01"))
    rows = rows.assign(lower_kwh=rows["forecast_kwh"] * 0.9, upper_kwh=rows["forecast_kwh"] * 1.2)
    few = known.head(2).assign(interval_start_utc=pd.Timestamp("2025-05-05"), hours=24.0)
    few = few.assign(over_kwh=[5.0, -6.0], direction=["high", "low"], cause=["behaviour", "meter"])
    few = few.assign(expected_kwh=[10.0, 4.0], score=0.9, rules="V10", detail=["d", "e"])
    scores = known.head(2).assign(grain="day", model=["a", "b"], horizon_days=7, mae_kwh=1.0, rmse_share=0.1)
    scores = scores.assign(
        mase=[0.8, 0.6], coverage=0.8, origins=5, is_chosen=[False, True], is_stale=False, reason=None
    )
    issued = {"issued_at": pd.Timestamp("2026-01-01")}
    return {
        "forecast": rows,
        "anomalies": few.assign(date=pd.to_datetime(few["date"]).dt.date, **issued),
        "forecast_score": scores.assign(history_end_utc=pd.Timestamp("2026-01-01"), **issued),
    }


@pytest.fixture(scope="module")
def books(ran: Ran) -> Any:
    """The shipped workbooks for that run."""
    return workbooks(read_facts({name: ran.out / "extracts" / f"{name}.hyper" for name in EVERY}))


@pytest.fixture(scope="module")
def marks(ran: Ran, books: Any) -> Callable[..., pd.DataFrame]:
    """A function from the name of a sheet to its marks; columns by caption, a repeated one with its derivation."""
    sheets = {sheet.name: (sheet, book) for book in books for sheet in book.sheets}

    def of(name: str, overlay: bool = False, **values: str | float) -> pd.DataFrame:
        sheet, book = sheets[name]
        laid = lay_out(sheet, names_of(sheet.source, book.parameters))
        given = {caption.replace("_", " "): value for caption, value in values.items()}
        query, columns = sheet_query(laid, given, overlay)
        path = ran.out / "extracts" / f"{sheet.source.name}.hyper"
        with attached(ran.hyper, path, path, CreateMode.NONE) as connection:
            rows = connection.execute_list_query(query)
        captions = [one.pill.known.caption for one in columns]
        titles = [
            f"{one.pill.how} {caption}" if captions.count(caption) > 1 else caption
            for one, caption in zip(columns, captions, strict=True)
        ]
        return pd.DataFrame([[plain(cell) for cell in row] for row in rows], columns=titles)

    return of


def plain(cell: Any) -> Any:
    """Dates and instants of hyperd as pandas has them."""
    return pd.Timestamp(str(cell)) if type(cell).__name__ in ("Date", "Timestamp") else cell


@pytest.fixture(scope="module")
def daily(ran: Ran) -> pd.DataFrame:
    """Delivered days with what the sheets look at: days before the last one, what is typical of the weekday."""
    frame = ran.extract("daily").query("channel == 'delivered'").copy()
    frame["date"] = pd.to_datetime(frame["date"])
    frame["ago"] = (frame["date"].max() - frame["date"]).dt.days
    weekday = frame["date"].dt.day_of_week
    frame["typical"] = frame.groupby(["meter_id", weekday])["energy_kwh"].transform("median")
    return frame.sort_values(["meter_id", "date"])


@pytest.fixture(scope="module")
def year(daily: pd.DataFrame) -> pd.DataFrame:
    """The days of the period that is chosen at first."""
    return daily[daily["ago"] < PERIOD]


@pytest.fixture(scope="module")
def readings(ran: Ran) -> pd.DataFrame:
    """Delivered readings of the last year, with hour and local day."""
    frame = ran.extract("readings").query("channel == 'delivered'").copy()
    ago = (frame["interval_start"].max().normalize() - frame["interval_start"].dt.normalize()).dt.days
    frame["hour"] = frame["interval_start"].dt.hour
    frame["day"] = frame["interval_start"].dt.normalize()
    frame["hour_utc"] = frame["interval_start_utc"].dt.floor("h")
    return frame[ago < PERIOD]


def measured(frame: pd.DataFrame) -> float:
    """Share of the intervals that were measured."""
    return float((frame["coverage"] * frame["expected_intervals"]).sum() / frame["expected_intervals"].sum())


def estimated(frame: pd.DataFrame) -> float:
    """Share of the energy that is estimated."""
    return float((frame["estimated_share"] * frame["energy_kwh"]).sum() / frame["energy_kwh"].sum())


def same(got: pd.DataFrame, keys: list[str], caption: str, expected: pd.Series) -> None:
    """The marks have this value for each key, and there are no others."""
    own = got.set_index(keys)[caption].sort_index()
    assert len(own) == len(expected) > 0
    assert own.index.is_unique
    wanted = expected.sort_index()
    assert list(own.index) == list(wanted.index)
    assert own.to_numpy(dtype=float) == pytest.approx(wanted.to_numpy(dtype=float), rel=1e-9, nan_ok=True)


def test_no_shipped_sheet_is_empty(books: Any, marks: Callable[..., pd.DataFrame]) -> None:
    """On data that has everything each sheet and each second layer has marks; only scripts are run elsewhere."""
    for book in books:
        for sheet in book.sheets:
            for layer in ("marks", "overlay") if sheet.overlay else ("marks",):
                if SCRIPTED.get(sheet.name) == layer:
                    with pytest.raises(UnsupportedError, match="SCRIPT_REAL"):
                        marks(sheet.name, overlay=layer == "overlay")
                    continue
                found = marks(sheet.name, overlay=layer == "overlay")
                assert len(found) > 0, sheet.name
                assert found.notna().any().sum() >= found.shape[1] - 2, sheet.name


def test_numbers_of_the_overview(marks: Callable[..., pd.DataFrame], daily: pd.DataFrame, year: pd.DataFrame) -> None:
    """Energy, its change in words, peak, base load, what was measured."""
    before = daily[(daily["ago"] >= PERIOD) & (daily["ago"] < 2 * PERIOD)]
    change = year["energy_kwh"].sum() / before["energy_kwh"].sum() - 1
    energy = marks("Energy").iloc[0]

    assert before["date"].nunique() == PERIOD
    assert energy["Energy in Period (kWh)"] == pytest.approx(year["energy_kwh"].sum())
    words = f"{'-' if change < 0 else '+'}{abs(round(100 * change, 1)):g}% against the {PERIOD} days before"
    assert energy["Change in Words"] == words
    now, then = (
        {
            "Peak": frame["peak_kw"].max(),
            "Base load": (frame["base_kw"] * 24).sum() / frame["energy_kwh"].sum(),
            "Measured": measured(frame),
        }
        for frame in (year, before)
    )
    for name, value in now.items():
        number, told = marks(name).iloc[0]
        assert number == pytest.approx(value)
        unit = f"{then[name]:.1f} kW" if name == "Peak" else f"{100 * then[name]:.1f}%"
        assert told.replace("%", ".0%" if "." not in told else "%") == f"it was {unit} before"
    sure = marks("How sure: days").iloc[0]
    assert sure["Estimated Share of Energy"] == pytest.approx(estimated(year))


def test_a_change_needs_a_whole_period_before(marks: Callable[..., pd.DataFrame]) -> None:
    """With the whole history there is nothing before, and the number says so."""
    assert marks("Energy", Period=0).iloc[0]["Change in Words"] == "no whole period before to compare with"
    assert marks("Energy", Period=90).iloc[0]["Change in Words"].endswith("% against the 90 days before")
    for name in ("Peak", "Base load", "Measured"):
        assert marks(name, Period=0).iloc[0, 1] == "no whole period before to compare with"


def test_parameters_choose(marks: Callable[..., pd.DataFrame], daily: pd.DataFrame) -> None:
    """Meter, site and period: each narrows what is summed up; a meter of another site leaves nothing."""
    meter = daily["meter_id"].iloc[0]
    own = daily[(daily["meter_id"] == meter) & (daily["ago"] < 30)]
    site = own["site_id"].iloc[0]
    other = next(iter(set(daily["site_id"]) - {site}), None)

    assert marks("Energy", Chosen_Meter=meter, Period=30).iloc[0, 0] == pytest.approx(own["energy_kwh"].sum())
    of_site = daily[(daily["site_id"] == site) & (daily["ago"] < 30)]
    assert marks("Energy", Chosen_Site=site, Period=30).iloc[0, 0] == pytest.approx(of_site["energy_kwh"].sum())
    if other is not None:
        assert marks("Energy", Chosen_Meter=meter, Chosen_Site=other).empty


def test_energy_by_day(marks: Callable[..., pd.DataFrame], year: pd.DataFrame) -> None:
    """Days as measured and partly estimated, and the mean of seven days of both together."""
    trust = np.where(year["estimated_share"] > 0, "partly estimated", "as measured")
    same(
        marks("Energy by day"),
        ["Date", "Trust"],
        "Daily Energy (kWh)",
        year.groupby(["date", trust])["energy_kwh"].sum(),
    )
    days = year.groupby("date")["energy_kwh"].sum()
    means = marks("Energy by day", overlay=True)
    same(means, ["Date"], "Mean of 7 Days (kWh)", days.rolling(7).mean())
    assert means["Mean of 7 Days (kWh)"].isna().sum() == 6
    assert (trust == "partly estimated").any()


@pytest.mark.parametrize(
    ("metric", "column", "how"),
    [
        ("Energy (kWh)", "energy_kwh", "sum"),
        ("Highest peak of a meter (kW)", "peak_kw", "max"),
        ("Mean base load of a meter (kW)", "base_kw", "mean"),
    ],
)
def test_meters_by_metric(
    marks: Callable[..., pd.DataFrame], year: pd.DataFrame, metric: str, column: str, how: str
) -> None:
    """The metric that is chosen, meter by meter; their quarters follow its ranks."""
    expected = year.groupby("meter_id")[column].agg(how)
    same(marks("Meters", Metric=metric), ["Meter"], "Selected Metric", expected)
    standing = marks("Standing", Metric=metric).set_index("Meter")["Quartile"]
    assert standing.to_dict() == quarters(expected).to_dict()


def test_the_load_profile(marks: Callable[..., pd.DataFrame], readings: pd.DataFrame) -> None:
    """Every hour of every day; mean demand of weekdays and weekends, and of the hours of the week."""
    known = readings[readings["energy_kwh"].notna()]
    hourly = known.groupby(["day", "hour"])
    same(
        marks("Every hour").rename(columns={"Interval Start": "Day"}),
        ["Day", "Hour of Day"],
        "Mean Demand (kW)",
        hourly["energy_kwh"].sum() / hourly["hour_utc"].nunique(),
    )
    assert hourly["hour_utc"].nunique().max() == 2  # the hour that is there twice in autumn is no peak
    kind = np.where(known["day"].dt.day_of_week >= 5, "Weekend", "Weekday")
    for sheet, keys, groups in (
        ("Shape of the day", ["Hour of Day", "Day Type"], ["hour", kind]),
        ("Hours of the week", ["Interval Start", "Hour of Day"], [known["day"].dt.day_of_week + 1, "hour"]),
    ):
        hours = known.groupby(groups)
        same(marks(sheet), keys, "Mean Demand (kW)", hours["energy_kwh"].sum() / hours["hour_utc"].nunique())


def test_mean_demand_where_clocks_differ_by_half_an_hour(ran: Ran, tmp_path: Path) -> None:
    """Four quarter-hours of 1 kWh are 4 kW, also where they lie in two hours of UTC."""
    wall = pd.date_range("2025-06-02 10:00", periods=8, freq="15min")
    rows = pd.DataFrame({"interval_start": wall, "interval_start_utc": wall - pd.Timedelta(minutes=330)})
    rows = rows.assign(meter_id="m", channel="delivered", interval_minutes=15, energy_kwh=1.0, quality="actual")
    rows = rows.assign(raw_kwh=np.nan, method=None, rule_id=None, site_id="s")
    path = tmp_path / "readings.hyper"
    write_extract(ran.hyper, path, READINGS, rows, Watermark("test", 1))
    (book,) = [one for one in workbooks(Facts({})) if one.name == "energy"]
    (sheet,) = [one for one in book.sheets if one.name == "Shape of the day"]
    query, columns = sheet_query(lay_out(sheet, names_of(sheet.source, book.parameters)))
    with attached(ran.hyper, path, path, CreateMode.NONE) as connection:
        found = connection.execute_list_query(query)

    place = [one.pill.known.caption for one in columns].index("Mean Demand (kW)")
    assert [row[place] for row in found] == [4.0, 4.0]


def test_load_duration(marks: Callable[..., pd.DataFrame], readings: pd.DataFrame) -> None:
    """The curve falls from the highest hour at 0 to the lowest at 1; every hour is on it."""
    hours = readings.groupby("hour_utc")["energy_kwh"].sum().sort_values(ascending=False)
    curve = marks("Load duration").sort_values("Share of Time")

    assert curve["Mean Demand (kW)"].to_numpy() == pytest.approx(hours.to_numpy())
    assert curve["Share of Time"].to_numpy() == pytest.approx(np.linspace(0, 1, len(hours)))


def test_peaks(marks: Callable[..., pd.DataFrame], year: pd.DataFrame) -> None:
    """By month, by hour and month, and the ten highest days."""
    month = year["date"].dt.to_period("M").dt.to_timestamp()
    same(marks("Peak by month"), ["Date"], "Peak Demand (kW)", year.groupby(month)["peak_kw"].max())
    known = year[year["peak_start"].notna()]
    same(
        marks("When peaks happen").dropna(subset=["Peak Hour"]),
        ["Date", "Peak Hour"],
        "Peak Demand (kW)",
        known.groupby([known["date"].dt.month, known["peak_start"].dt.hour])["peak_kw"].max(),
    )
    highest = year.set_index(["date", "meter_id"])["peak_kw"].nlargest(10)
    same(marks("Highest days"), ["Date", "Meter"], "Peak Demand (kW)", highest)


def test_days_unlike_others(marks: Callable[..., pd.DataFrame], year: pd.DataFrame) -> None:
    """Against the median of the weekday over the whole history; the fifteen that differ most; holidays have a dot."""
    days = year.groupby("date")[["energy_kwh", "typical"]].sum()
    difference = days["energy_kwh"] / days["typical"] - 1
    calendar = marks("Calendar")

    same(calendar, ["Attribute Date"], "Difference from Typical", difference)
    assert (calendar["Weekday Date"] == calendar["Attribute Date"].dt.day_of_week + 1).all()
    monday = calendar["Attribute Date"] - pd.to_timedelta(calendar["Attribute Date"].dt.day_of_week, unit="D")
    assert (calendar["Week-Trunc Date"] == monday).all()
    assert set(calendar["One Week"]) == {7.0}
    holidays = set(year.loc[year["is_holiday"].fillna(False).astype(bool), "date"])
    assert set(calendar.loc[calendar["Holiday Mark"] == "•", "Attribute Date"]) == holidays != set()
    most = difference.abs().nlargest(15)
    assert sorted(marks("Unlike others")["Difference from Typical"].abs()) == pytest.approx(sorted(most))


def test_comparison(marks: Callable[..., pd.DataFrame], daily: pd.DataFrame, year: pd.DataFrame) -> None:
    """What never sleeps, and months year on year over the whole history."""
    meters = year.groupby("meter_id")
    sleep = marks("What never sleeps")
    same(sleep, ["Meter"], "Base Load Share", meters["base_kw"].sum() * 24 / meters["energy_kwh"].sum())
    same(sleep, ["Meter"], "Load Factor", meters["load_factor"].mean())
    months = [daily["date"].dt.month, daily["date"].dt.year]
    got = marks("Year on year")
    same(got, ["Month Date", "Year Date"], "Daily Energy (kWh)", daily["energy_kwh"].groupby(months).sum())


def quarters(values: pd.Series) -> pd.Series:
    """In which quarter each value is, worked out here in pandas."""
    few = values.notna().sum() // 4
    conditions = [values.rank(method="min", ascending=False) <= few, values.rank(method="min") <= few]
    words = np.select(conditions, ["highest quarter", "lowest quarter"], "middle half")
    return pd.Series(words, values.index).where(values.notna(), "not comparable")


def test_sites(marks: Callable[..., pd.DataFrame], ran: Ran, year: pd.DataFrame) -> None:
    """Each meter once, where the register has it; energy of its year, by area, from days as pandas adds them up."""
    register = ran.extract("meters").query("channel == 'delivered'").set_index("meter_id")
    energy = year.groupby("meter_id")["energy_kwh"].sum()
    by_area = energy / register["floor_area_m2"]
    shown = marks("Map")

    same(shown, ["Meter"], "Energy of the Last Year (kWh)", energy)
    for caption in ("Latitude", "Longitude"):
        same(shown, ["Meter"], caption, register[caption.lower()])
    same(shown, ["Meter"], "Measured Share", pd.Series({name: measured(own) for name, own in year.groupby("meter_id")}))
    same(marks("Energy per area"), ["Meter"], "Energy per Area (kWh/m²)", by_area)
    for name in ("Map", "Energy per area"):
        got = marks(name).set_index("Meter")["Quarter by Area"].sort_index()
        assert got.to_dict() == quarters(by_area).to_dict()
    sure = marks("How sure: year").iloc[0]
    assert sure["Estimated Share of Energy"] == pytest.approx(estimated(year))
    site = register["site_id"].iloc[0]
    chosen = register.index[register["site_id"] == site]
    assert sorted(marks("Map", Chosen_Site=site)["Meter"]) == sorted(chosen)


def test_meters_that_cannot_be_compared(ran: Ran, books: Any, tmp_path: Path) -> None:
    """Without an area, or with half a year: on the map and told apart, but not ranked, and no quarter counts them."""
    rows = ran.extract("meters").query("channel == 'delivered'").head(1)
    rows = pd.concat([rows] * 6, ignore_index=True).assign(meter_id=list("abcdef"))
    rows["floor_area_m2"] = [np.nan, 1.0, 2.0, 3.0, 4.0, 5.0]
    rows["last_year_days"] = [365, 180, 330, 365, 365, 365]
    rows["last_year_kwh"] = [5.0, 6.0, 80.0, 150.0, 400.0, 45.0]
    path = tmp_path / "meters.hyper"
    write_extract(ran.hyper, path, METERS, rows, Watermark("test", 1))
    found = {}
    for sheet in (sheet for book in books for sheet in book.sheets if sheet.name in ("Map", "Energy per area")):
        book = next(book for book in books if sheet in book.sheets)
        query, columns = sheet_query(lay_out(sheet, names_of(sheet.source, book.parameters)))
        places = {one.pill.known.caption: place for place, one in enumerate(columns)}
        with attached(ran.hyper, path, path, CreateMode.NONE) as connection:
            shown = connection.execute_list_query(query)
        wanted = [places[name] for name in ("Meter", "Quarter by Area", "Energy per Area (kWh/m²)")]
        found[sheet.name] = sorted(tuple(row[place] for place in wanted) for row in shown)

    compared = [("c", "middle half", 40.0), ("d", "middle half", 50.0)]
    compared += [("e", "highest quarter", 100.0), ("f", "lowest quarter", 9.0)]
    others = [("a", "not comparable", None), ("b", "not comparable", None)]
    assert found == {"Energy per area": compared, "Map": [*others, *compared]}


def test_data_quality(marks: Callable[..., pd.DataFrame], year: pd.DataFrame) -> None:
    """Coverage by meter and month, estimated energy by meter, what validation changed."""
    month = year["date"].dt.to_period("M").dt.to_timestamp()
    same(
        marks("Coverage"),
        ["Date", "Meter"],
        "Measured Share",
        pd.Series({key: measured(frame) for key, frame in year.groupby([month, "meter_id"])}),
    )
    shares = pd.Series({meter: estimated(frame) for meter, frame in year.groupby("meter_id")})
    same(marks("Most estimated"), ["Meter"], "Estimated Share of Energy", shares)
    difference = (year["energy_kwh"].fillna(0) - year["raw_kwh"].fillna(0)).groupby(year["meter_id"])
    size = difference.apply(lambda one: one.abs().sum())
    same(marks("Changed"), ["Meter"], "Changed by Validation (kWh)", size[size >= 0.5])
    words = marks("Changed").set_index("Meter")["Change by Validation"]
    less = difference.sum()[size >= 0.5] < 0
    assert (words == "less than read").to_dict() == less.to_dict()


def test_findings(marks: Callable[..., pd.DataFrame], ran: Ran) -> None:
    """Counted by rule and severity; each has its place and length in time."""
    found = ran.extract("findings")
    same(marks("Rules"), ["Rule", "Severity"], "Number of Findings", found.groupby(["rule_id", "severity"]).size())
    length = (found["last_start_utc"] - found["first_start_utc"]).dt.total_seconds() / 86400
    assert sorted(marks("Timeline")["Duration (days)"]) == pytest.approx(
        sorted(
            length.groupby(
                [found[name].fillna("") for name in ("meter_id", "first_start_utc", "rule_id", "detail")]
            ).max()
        )
    )
    assert marks("List")["Intervals"].sum() == found["intervals"].sum()


@pytest.fixture(scope="module")
def costs(ran: Ran) -> pd.DataFrame:
    """Rows of costs of the last year."""
    frame = ran.extract("costs").assign(date=lambda rows: pd.to_datetime(rows["date"]))
    return frame[(frame["date"].max() - frame["date"]).dt.days < PERIOD]


def part(frame: pd.DataFrame, share: str) -> float:
    """A share of the energy."""
    return float((frame[share] * frame["energy_kwh"]).sum() / frame["energy_kwh"].sum())


def test_costs(marks: Callable[..., pd.DataFrame], costs: pd.DataFrame) -> None:
    """The bill, the price of a kWh, and the cost of months, meters, bands and weekdays; energy fed in comes off it."""
    used = costs[costs["channel"] == "delivered"]
    bill = marks("Cost of the period").iloc[0]
    month = costs["date"].dt.to_period("M").dt.to_timestamp()
    weekday = costs["date"].dt.day_of_week + 1
    days = costs.groupby([weekday, "band"])

    assert (costs["cost"] < 0).any()
    assert (bill["Total Cost"], bill["Currency in Words"]) == (pytest.approx(costs["cost"].sum()), "USD")
    assert marks("Average price").iloc[0]["Average Price (per kWh)"] == pytest.approx(
        used["cost"].sum() / used["energy_kwh"].sum()
    )
    assert marks("Priced").iloc[0, 0] == 1
    same(marks("Cost by month"), ["Date", "Band"], "Total Cost", costs.groupby([month, "band"])["cost"].sum())
    same(marks("Cost by meter"), ["Meter"], "Total Cost", costs.groupby("meter_id")["cost"].sum())
    same(marks("Cost by band"), ["Tariff", "Band"], "Total Cost", costs.groupby(["tariff", "band"])["cost"].sum())
    same(marks("Cost by weekday"), ["Date", "Band"], "Cost a Day", days["cost"].sum() / days["date"].nunique())
    sure = marks("How sure: costs").iloc[0]
    assert sure["Estimated Share of Energy"] == pytest.approx(part(costs, "estimated_share"))
    meter = used["meter_id"].iloc[0]
    own = costs.loc[costs["meter_id"] == meter, "cost"].sum()
    assert marks("Cost of the period", Chosen_Meter=meter).iloc[0]["Total Cost"] == pytest.approx(own)


def test_carbon(marks: Callable[..., pd.DataFrame], costs: pd.DataFrame) -> None:
    """By the average factor and by that of each hour; their difference by month and by meter, of the same energy."""
    used = costs[costs["channel"] == "delivered"].dropna(subset="energy_kwh")
    month = used["date"].dt.to_period("M").dt.to_timestamp()
    even, hourly = used["co2_average_kg"], used["co2_hourly_kg"]
    timing = hourly - even

    assert marks("Carbon of the period").iloc[0, 0] == pytest.approx(even.sum())
    by_hour = marks("Carbon by the hour").iloc[0]
    assert by_hour["Carbon by Hourly Factor (kg)"] == pytest.approx(hourly.sum())
    assert by_hour["Hourly Share of Energy"] == pytest.approx(1)
    words = marks("Timing").iloc[0]
    assert words["Effect of Timing (kg)"] == pytest.approx(timing.sum())
    assert words["Timing in Words"].startswith("less than" if timing.sum() < 0 else "more than")
    assert marks("Carbon of a kWh").iloc[0, 0] == pytest.approx(even.sum() / used["energy_kwh"].sum())
    same(marks("Carbon by month"), ["Date"], "Carbon by Average Factor (kg)", even.groupby(month).sum())
    line = marks("Carbon by month", overlay=True)
    same(line, ["Date"], "Carbon by Hourly Factor (kg)", hourly.groupby(month).sum())
    same(marks("Timing by month"), ["Date"], "Effect of Timing (kg)", timing.groupby(month).sum())
    meters = used["meter_id"]
    same(marks("Carbon by meter"), ["Meter"], "Carbon by Average Factor (kg)", even.groupby(meters).sum())
    share = timing.groupby(meters).sum() / even.groupby(meters).sum()
    same(marks("Timing by meter"), ["Meter"], "Effect of Timing", share)
    sure = marks("How sure: carbon").iloc[0]
    assert sure["Estimated Share of Energy"] == pytest.approx(part(used, "estimated_share"))


def test_two_currencies_are_never_added_up(ran: Ran, books: Any, tmp_path: Path) -> None:
    """Where both are shown there is no sum, and the page says why; a meter has one, and energy without a price none."""
    rows = ran.extract("costs").head(1).assign(channel="delivered", band="day", energy_kwh=10.0)
    rows = pd.concat([rows] * 4, ignore_index=True).assign(meter_id=list("abcc"), cost=[1.0, 2.0, 4.0, np.nan])
    rows["currency"] = ["EUR", "GBP", "GBP", None]
    path = tmp_path / "costs.hyper"
    write_extract(ran.hyper, path, COSTS, rows, Watermark("test", 1))
    found = {}
    for book in books:
        for sheet in (one for one in book.sheets if one.name in ("Cost of the period", "Cost by meter", "Priced")):
            query, columns = sheet_query(lay_out(sheet, names_of(sheet.source, book.parameters)))
            with attached(ran.hyper, path, path, CreateMode.NONE) as connection:
                captions = [one.pill.known.caption for one in columns]
                shown = connection.execute_list_query(query)
            found[sheet.name] = pd.DataFrame([list(row) for row in shown], columns=captions)

    bill = found["Cost of the period"].iloc[0]
    assert (bill["Total Cost"], bill["Currency in Words"]) == (None, "several currencies: choose a site or meter")
    meters = found["Cost by meter"].set_index("Meter")
    assert meters["Total Cost"].to_dict() == {"a": 1.0, "b": 2.0, "c": 4.0}
    assert meters["Currency in Words"].to_dict() == {"a": "EUR", "b": "GBP", "c": "GBP"}
    assert meters["Average Price (per kWh)"].to_dict() == {"a": 0.1, "b": 0.2, "c": 0.4}
    assert found["Priced"].iloc[0, 0] == 0.75


@pytest.fixture(scope="module")
def scenario(readings: pd.DataFrame) -> Callable[[float, float], pd.Series]:
    """A function from what is saved and moved to the energy of each reading, worked out here in pandas."""

    def of(saved: float, moved: float) -> pd.Series:
        energy, keys = readings["energy_kwh"], [readings["meter_id"], readings["day"]]
        is_peak = readings["hour"].between(16, 18) & (energy > 0)
        is_night = (readings["hour"] < 7) & energy.notna()
        minutes = readings["interval_minutes"].where(is_night).groupby(keys).transform("sum")
        share = moved * (minutes > 0)
        pool = energy.where(is_peak).groupby(keys).transform("sum") * share
        got = (pool * readings["interval_minutes"] / minutes.where(minutes > 0)).where(is_night, 0).fillna(0)
        return (1 - saved) * (energy - (energy * share).where(is_peak, 0) + got)

    return of


def test_the_policy_sandbox(
    marks: Callable[..., pd.DataFrame], readings: pd.DataFrame, scenario: Callable[[float, float], pd.Series]
) -> None:
    """Energy, peak, cost and carbon as it was and under the sliders; shifting keeps the energy of a day."""
    before, after = readings["energy_kwh"], scenario(0.1, 0.2)
    price = np.where(readings["hour"].between(16, 18), 0.4, 0.25)
    hours = {name: values.groupby(readings["hour_utc"]).sum() for name, values in (("", before), (" if", after))}
    expected = {
        "Energy saved": {"Saved (kWh)": before.sum() - after.sum(), "Energy (kWh)": before.sum()},
        "Highest hour": {f"Peak{name} (kW)": values.max() for name, values in hours.items()},
        "Cost": {"Cost": (before * price).sum(), "Cost if": (after * price).sum()},
        "Carbon": {"Carbon (kg)": before.sum() * 0.2, "Carbon if (kg)": after.sum() * 0.2},
    }
    for sheet, numbers in expected.items():
        got = marks(sheet).iloc[0]
        assert {name: got[name] for name in numbers} == pytest.approx(numbers)
    moved = {"Saved": 0.0, "Moved_out_of_the_Peak": 1.0}
    assert marks("Energy saved", **moved).iloc[0]["Saved (kWh)"] == pytest.approx(0, abs=1e-3)
    assert scenario(0, 1).sum() == pytest.approx(before.sum())
    month = readings["day"].dt.to_period("M").dt.to_timestamp()
    same(marks("Saved by month"), ["Interval Start"], "Saved (kWh)", (before - after).groupby(month).sum())
    known = before.notna()
    count = readings[known].groupby("hour")["hour_utc"].nunique()
    day = marks("Day before and after", overlay=True)
    same(day, ["Hour of Day"], "Mean Demand if (kW)", after.groupby(readings["hour"]).sum() / count)


def test_the_forecast(marks: Callable[..., pd.DataFrame], ran: Ran) -> None:
    """Used before, expected after, sixty days both ways; the range beside it; errors by model; what was unusual.

    What was expected of the meter that ended earlier, for days that the others have been read for, is in neither.
    """
    frame = ran.extract("forecast")
    newest = frame.loc[~frame["is_forecast"], "interval_start"].max()
    gone = frame["is_forecast"] & (frame["interval_start"] <= newest)
    ahead = (frame["interval_start"] - newest).dt.days
    near = frame[ahead.between(-59, 60) & ~gone]
    assert gone.sum() == 10
    value = near["energy_kwh"].where(~near["is_forecast"], near["forecast_kwh"])
    line = marks("Days to come", overlay=True)
    same(line, ["Start"], "Used or Expected (kWh)", value.groupby(near["interval_start"]).sum())
    width = (near["upper_kwh"] - near["lower_kwh"]).groupby(near["interval_start"]).sum(min_count=1)
    same(marks("Days to come"), ["Start"], "Range (kWh)", width)
    errors = marks("Past errors").set_index("Forecast Model")
    assert errors["MASE"].to_dict() == {"a": 0.8, "b": 0.6}
    assert errors["Chosen"].to_dict() == {"a": False, "b": True}
    unusual = marks("Unusual use")
    assert sorted(unusual["Size of the Difference (kWh)"]) == [5.0, 6.0]
    assert sorted(unusual["Size of the Difference"]) == [0.5, 1.0]
    assert unusual.set_index("Detail")["Kind"].to_dict() == {"d": "high use", "e": "meter fault"}
    assert Path(ran.out / "extracts" / "forecast.hyper").is_file()
