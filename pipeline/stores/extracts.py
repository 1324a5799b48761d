"""What stands in each extract: its columns, in order, and the tables that fill them. Nothing here opens a file.

Every column may be null, and none is a float32, a decimal or unsigned: hyperd and pantab stumble over those.
"""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

TEXT = (pa.string(), "text")
WHOLE = (pa.int32(), "integer")
NUMBER = (pa.float64(), "double precision")
INSTANT = (pa.timestamp("us"), "timestamp")
DATE = (pa.date32(), "date")
TRUTH = (pa.bool_(), "boolean")


@dataclass(frozen=True)
class Column:
    """One column of an extract.

    Attributes
    ----------
    name : str
        As scripts and calculated fields know it.
    kind : (pyarrow.DataType, str)
        Its type in Arrow and in Hyper.
    caption : str
        What a Tableau author sees.
    unit : str
        Empty where there is none.
    description : str
        One sentence for the field's comment.
    """

    name: str
    kind: tuple[pa.DataType, str]
    caption: str
    unit: str
    description: str


@dataclass(frozen=True)
class Extract:
    """One extract: the file `name`.hyper with the table "Extract"."Extract".

    Attributes
    ----------
    name : str
        Stem of the file.
    grain : str
        What one row is.
    time : str or None
        The column by which an update finds stale rows; None: it is always written whole.
    columns : tuple of Column
        In the order of the table.
    version : int
        Goes up when a column keeps its name and type but changes its meaning: extracts of before are then rebuilt.
    """

    name: str
    grain: str
    time: str | None
    columns: tuple[Column, ...]
    version: int = 1

    @property
    def names(self) -> list[str]:
        """Column names, in order."""
        return [column.name for column in self.columns]

    @property
    def arrow(self) -> pa.Schema:
        """The columns as an Arrow schema."""
        return pa.schema([(column.name, column.kind[0]) for column in self.columns])


METER = Column("meter_id", TEXT, "Meter", "", "Name of the meter, as its file has it.")
CHANNEL = Column(
    "channel", TEXT, "Channel", "", "Stream of the meter: delivered (used), received (fed in) or reactive (kVArh)."
)
SITE = Column("site_id", TEXT, "Site", "", "The place where the energy is delivered.")

READINGS = Extract(
    "readings",
    "channel x interval, gaps included",
    "interval_start_utc",
    (
        METER,
        CHANNEL,
        Column("interval_start", INSTANT, "Interval Start", "", "Start on the site's wall clock; twice in autumn."),
        Column("interval_start_utc", INSTANT, "Interval Start (UTC)", "", "Start as an instant, in UTC."),
        Column("interval_minutes", WHOLE, "Interval Length", "min", "Length of the interval."),
        Column("energy_kwh", NUMBER, "Energy", "kWh", "The value to use; null where nothing is known."),
        Column("raw_kwh", NUMBER, "Energy as Read", "kWh", "The value as read, where validation changed it."),
        Column("quality", TEXT, "Quality", "", "actual, estimated, edited or missing."),
        Column("method", TEXT, "Method", "", "How a value that is not a plain reading was made."),
        Column("rule_id", TEXT, "Rule", "", "The validation rule that changed the value or its quality."),
        SITE,
    ),
)

DAILY = Extract(
    "daily",
    "channel x local day",
    "date",
    (
        METER,
        CHANNEL,
        Column("date", DATE, "Date", "", "The local day, midnight to midnight: 23, 24 or 25 hours."),
        Column("energy_kwh", NUMBER, "Daily Energy", "kWh", "Sum of the day's intervals; null where there is none."),
        Column("peak_kw", NUMBER, "Peak Demand", "kW", "Highest mean power of an interval, plain readings only."),
        Column("base_kw", NUMBER, "Base Load", "kW", "5th percentile of the day's power, plain readings only."),
        Column("load_factor", NUMBER, "Load Factor", "", "Mean power divided by peak demand, plain readings only."),
        Column("coverage", NUMBER, "Coverage", "", "Share of the local day's intervals that are actual readings."),
        Column("estimated_share", NUMBER, "Estimated Share", "", "Share of the day's energy that is estimated."),
        Column("is_weekend", TRUTH, "Weekend", "", "True on Saturday and Sunday."),
        Column("is_holiday", TRUTH, "Holiday", "", "True on a public holiday; null where no calendar is set."),
        Column("raw_kwh", NUMBER, "Daily Energy as Read", "kWh", "Sum of the day's values as they were read."),
        Column("peak_start", INSTANT, "Peak Time", "", "Start of the peak interval, on the site's wall clock."),
        Column("expected_intervals", WHOLE, "Expected Intervals", "", "Intervals of the whole local day."),
        SITE,
    ),
)

FINDINGS = Extract(
    "findings",
    "finding",
    None,
    (
        METER,
        CHANNEL,
        Column("rule_id", TEXT, "Rule", "", "Number of the rule, V01 to V23."),
        Column("rule", TEXT, "Rule Name", "", "Name of the rule."),
        Column("severity", TEXT, "Severity", "", "info, issue or terminate."),
        Column("first_start_utc", INSTANT, "First Interval (UTC)", "", "Start of the first interval concerned."),
        Column("last_start_utc", INSTANT, "Last Interval (UTC)", "", "Start of the last interval concerned."),
        Column("intervals", WHOLE, "Intervals", "", "How many intervals are concerned."),
        Column("detail", TEXT, "Detail", "", "What was seen, against which limit, and what was done."),
        Column("file", TEXT, "File", "", "The file that the readings came from."),
    ),
)

METERS = Extract(
    "meters",
    "channel",
    None,
    (
        METER,
        CHANNEL,
        SITE,
        Column("name", TEXT, "Name", "", "What the register calls the building or meter."),
        Column("building_use", TEXT, "Use", "", "What the building is used for, as the register has it."),
        Column("latitude", NUMBER, "Latitude", "", "Degrees north of the equator, as the register has it."),
        Column("longitude", NUMBER, "Longitude", "", "Degrees east of Greenwich, as the register has it."),
        Column("floor_area_m2", NUMBER, "Floor Area", "m²", "Floor area, as the register has it."),
        Column("timezone", TEXT, "Time Zone", "", "The clock of the site."),
        Column("tariff", TEXT, "Tariff", "", "Name of the tariff, as the register has it."),
        Column("unit", TEXT, "Unit", "", "kWh, or kVArh of a reactive channel."),
        Column("interval_minutes", WHOLE, "Interval Length", "min", "Of the latest readings; null where it varies."),
        Column("first_start_utc", INSTANT, "First Interval (UTC)", "", "Start of the first interval there is."),
        Column("last_start_utc", INSTANT, "Last Interval (UTC)", "", "Start of the last interval there is."),
        Column(
            "last_year_kwh",
            NUMBER,
            "Energy of the Last Year",
            "kWh",
            "Sum of the 365 local days that end with the channel's own last day with energy; gaps are not made up for.",
        ),
        Column("last_year_days", WHOLE, "Days with Energy", "d", "How many of these 365 days have energy."),
        Column(
            "last_year_coverage", NUMBER, "Coverage", "", "Share of these days' intervals that are actual readings."
        ),
        Column(
            "last_year_estimated_share", NUMBER, "Estimated Share", "", "Share of these days' energy that is estimated."
        ),
    ),
)

EXTRACTS = {extract.name: extract for extract in (READINGS, DAILY, FINDINGS, METERS)}
"""What every load brings up to date, in this order: meters are added up from days."""

GRAIN = Column("grain", TEXT, "Grain", "", "hour or day: use one of the two, for both hold the same energy.")
MODEL = Column("model", TEXT, "Forecast Model", "", "The model, or the combination of models, behind the forecast.")
ISSUED = Column("issued_at", INSTANT, "Issued At (UTC)", "", "When the forecast was made, in UTC.")

FORECAST = Extract(
    "forecast",
    "channel x hour or local day, history and future",
    "interval_start_utc",
    (
        METER,
        CHANNEL,
        GRAIN,
        Column("interval_start", INSTANT, "Start", "", "Start of the hour or day on the site's wall clock."),
        Column("energy_kwh", NUMBER, "Energy", "kWh", "What was used; null in the future and where nothing is known."),
        Column(
            "forecast_kwh",
            NUMBER,
            "Forecast",
            "kWh",
            "What is expected; null before the forecast begins. A day whose hours are forecast is their sum.",
        ),
        Column("lower_kwh", NUMBER, "Forecast Low", "kWh", "Lower end of the range that holds 80 of 100 values."),
        Column("upper_kwh", NUMBER, "Forecast High", "kWh", "Upper end of the range that holds 80 of 100 values."),
        MODEL,
        Column("is_forecast", TRUTH, "Future", "", "True where nothing has been read yet: a row to be filled."),
        ISSUED,
        Column("interval_start_utc", INSTANT, "Start (UTC)", "", "Start of the hour or day as an instant, in UTC."),
        Column(
            "past_mae_kwh", NUMBER, "Past Error", "kWh", "Mean absolute error of this model on this channel's past."
        ),
        Column(
            "past_mase", NUMBER, "Past Error / Last Week's", "", "Past error as a share of that of repeating a week."
        ),
        SITE,
    ),
)

ANOMALIES = Extract(
    "anomalies",
    "anomaly: a local day, or a run of hours of one",
    None,
    (
        METER,
        CHANNEL,
        Column("date", DATE, "Date", "", "The local day on which it begins."),
        Column("interval_start", INSTANT, "Start", "", "First hour, on the site's wall clock."),
        Column("interval_start_utc", INSTANT, "Start (UTC)", "", "First hour as an instant, in UTC."),
        Column("hours", NUMBER, "Duration", "h", "How long it lasted."),
        Column("energy_kwh", NUMBER, "Energy", "kWh", "What was read in that time."),
        Column("expected_kwh", NUMBER, "Expected Energy", "kWh", "What such hours of such a day usually use."),
        Column("over_kwh", NUMBER, "Over Expected", "kWh", "Energy over what was expected; below zero: under it."),
        Column("direction", TEXT, "Direction", "", "high or low."),
        Column("cause", TEXT, "Cause", "", "behaviour: the load was different; meter: validation found a fault."),
        Column("score", NUMBER, "Score", "", "How unusual: the larger, the more."),
        Column("rules", TEXT, "Rules", "", "Validation rules that explain it, V01 to V23."),
        Column("detail", TEXT, "Detail", "", "What was seen, in a sentence."),
        ISSUED,
        SITE,
    ),
)

FORECAST_SCORE = Extract(
    "forecast_score",
    "channel x grain x model x horizon",
    None,
    (
        METER,
        CHANNEL,
        GRAIN,
        MODEL,
        Column("horizon_days", WHOLE, "Days Ahead", "d", "Days ahead over which the errors are taken."),
        Column("mae_kwh", NUMBER, "Mean Absolute Error", "kWh", "Mean absolute error of an hour, or of a day."),
        Column("rmse_share", NUMBER, "RMSE / Mean", "", "Root mean square error as a share of the mean energy."),
        Column("mase", NUMBER, "MASE", "", "Mean absolute error as a share of that of repeating the last week."),
        Column("coverage", NUMBER, "Interval Coverage", "", "Share of values inside the range; 0.8 is meant."),
        Column("origins", WHOLE, "Tests", "", "How many forecasts of the past were compared with what came."),
        Column("is_chosen", TRUTH, "Chosen", "", "True for the model that the forecast is made with."),
        Column("history_end_utc", INSTANT, "History End (UTC)", "", "End of the readings that the forecast knew."),
        Column("is_stale", TRUTH, "Stale", "", "True when readings have been added or changed since."),
        Column("reason", TEXT, "Why Not", "", "Why something of this channel is not forecast."),
        ISSUED,
        SITE,
    ),
)

FORECAST_EXTRACTS = {extract.name: extract for extract in (FORECAST, ANOMALIES, FORECAST_SCORE)}
"""What `hyperwatt forecast` adds, and every later load keeps up to date; not written before the first forecast."""


COSTS = Extract(
    "costs",
    "channel x local day x band, and a day's standing charge",
    "date",
    (
        METER,
        CHANNEL,
        SITE,
        Column("date", DATE, "Date", "", "The local day, midnight to midnight: 23, 24 or 25 hours."),
        Column("tariff", TEXT, "Tariff", "", "Name of the tariff, as the register has it, or the default one."),
        Column(
            "band",
            TEXT,
            "Band",
            "",
            "Name of the price: a rate of the tariff, feed-in or standing charge; null where energy has no price.",
        ),
        Column("currency", TEXT, "Currency", "", "Of the cost, by ISO 4217. Never add up two of them."),
        Column("energy_kwh", NUMBER, "Energy", "kWh", "Energy of the day in this band; null for a standing charge."),
        Column(
            "cost",
            NUMBER,
            "Cost",
            "",
            "Energy times price, or the standing charge; below zero: paid for energy fed in; null without a price.",
        ),
        Column(
            "co2_average_kg",
            NUMBER,
            "Carbon by Average Factor",
            "kg",
            "Energy times the average factor of its year; null without one, and for energy fed in.",
        ),
        Column(
            "co2_hourly_kg",
            NUMBER,
            "Carbon by Hourly Factor",
            "kg",
            "Each interval's energy times the factor of its hour, where there is one; null for energy fed in.",
        ),
        Column(
            "hourly_factor_share",
            NUMBER,
            "Share with Hourly Factor",
            "",
            "Share of the energy with a factor of its hour.",
        ),
        Column("estimated_share", NUMBER, "Estimated Share", "", "Share of the energy that is estimated."),
    ),
)
"""There when prices or emission factors are set, and not otherwise."""

EVERY_EXTRACT = EXTRACTS | {COSTS.name: COSTS} | FORECAST_EXTRACTS


def conform(rows: pa.Table | pd.DataFrame, extract: Extract) -> pa.Table:
    """Give rows the extract's columns, order and types; NaN becomes null, columns that are not its own go.

    Text may stay dictionary-encoded, which is how it is fast to write.

    Raises
    ------
    ValueError
        When a column is not there or does not fit its type: a mistake of the caller.
    """
    table = rows if isinstance(rows, pa.Table) else pa.Table.from_pandas(rows, preserve_index=False)
    absent = [name for name in extract.names if name not in table.column_names]
    if absent:
        raise ValueError(f"{extract.name}: no column {', '.join(absent)} in {table.column_names}")
    columns = [_fit(table.column(column.name), column) for column in extract.columns]
    return pa.table(columns, names=extract.names)


def _fit(values: "pa.ChunkedArray[Any]", column: Column) -> "pa.ChunkedArray[Any]":
    kind = column.kind[0]
    if values.type == kind and not pa.types.is_floating(kind):
        return values
    if pa.types.is_dictionary(values.type) and values.type.value_type == kind:
        return values
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    try:
        values = values.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ValueError(f"{column.name} is no {kind}: {error}") from error
    if pa.types.is_floating(kind) and pc.any(pc.is_nan(values)).as_py():
        values = pc.if_else(pc.is_nan(values), None, values)
    return values
