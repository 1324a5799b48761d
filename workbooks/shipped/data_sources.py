"""The data sources: every column of an extract with caption, unit, description, folder and format, and calculations.

Names, units and descriptions are those of `pipeline.stores.extracts`; what Tableau needs beside them is said here.
"""

from pipeline.stores.extracts import ANOMALIES as ANOMALIES_EXTRACT
from pipeline.stores.extracts import COSTS as COSTS_EXTRACT
from pipeline.stores.extracts import DAILY as DAILY_EXTRACT
from pipeline.stores.extracts import FINDINGS as FINDINGS_EXTRACT
from pipeline.stores.extracts import FORECAST as FORECAST_EXTRACT
from pipeline.stores.extracts import FORECAST_SCORE as SCORE_EXTRACT
from pipeline.stores.extracts import METERS as METERS_EXTRACT
from pipeline.stores.extracts import READINGS as READINGS_EXTRACT
from pipeline.stores.extracts import Column, Extract
from workbooks.model import Calculation, DataSource, Datatype, Field, Geography
from workbooks.shipped.calculations import (
    DAILY_CALCULATIONS,
    FINDINGS_CALCULATIONS,
    IN_CHOICE,
    IN_SITE,
    READINGS_CALCULATIONS,
)
from workbooks.shipped.cost_calculations import COST_CALCULATIONS
from workbooks.shipped.forecast_calculations import ANOMALIES_CALCULATIONS, FORECAST_CALCULATIONS
from workbooks.shipped.policy_calculations import POLICY_CALCULATIONS
from workbooks.shipped.site_calculations import METERS_CALCULATIONS

DATATYPES: dict[str, Datatype] = {
    "text": "string",
    "integer": "integer",
    "double precision": "real",
    "timestamp": "datetime",
    "date": "date",
    "boolean": "boolean",
}
"""Hyper's type to Tableau's."""

FORMATS = {"kWh": "n#,##0", "min": "n#,##0", "h": "n#,##0", "m²": "n#,##0", "kg": "n#,##0"}
"""By unit; demand has Tableau's own, for kW of a house need decimals that those of a campus do not."""

PLACES: dict[str, Geography] = {"latitude": "Latitude", "longitude": "Longitude"}
"""Columns that say where on Earth."""

RATIOS = ("mase", "past_mase", "score")
SHARES = (
    *("load_factor", "coverage", "estimated_share", "rmse_share"),
    *("last_year_coverage", "last_year_estimated_share", "hourly_factor_share"),
)
MONEY = ("cost",)
SUMMED_UP = {
    "energy_kwh": "Sum",
    "raw_kwh": "Sum",
    "peak_kw": "Max",
    "base_kw": "Avg",
    "load_factor": "Avg",
    "coverage": "Avg",
    "estimated_share": "Avg",
    "expected_intervals": "Sum",
    "intervals": "Sum",
    "forecast_kwh": "Sum",
    "lower_kwh": "Sum",
    "upper_kwh": "Sum",
    "past_mae_kwh": "Avg",
    "past_mase": "Avg",
    "expected_kwh": "Sum",
    "over_kwh": "Sum",
    "hours": "Sum",
    "score": "Max",
    "mae_kwh": "Avg",
    "rmse_share": "Avg",
    "mase": "Avg",
    "origins": "Sum",
    "latitude": "Avg",
    "longitude": "Avg",
    "floor_area_m2": "Sum",
    "last_year_kwh": "Sum",
    "last_year_days": "Avg",
    "last_year_coverage": "Avg",
    "last_year_estimated_share": "Avg",
    "cost": "Sum",
    "co2_average_kg": "Sum",
    "co2_hourly_kg": "Sum",
    "hourly_factor_share": "Avg",
}
"""How each measure is summed up; what is not here is a dimension."""

FOLDERS = {
    "Where": (
        *("meter_id", "channel", "site_id", "file", "name", "building_use", "latitude", "longitude"),
        *("floor_area_m2", "tariff", "unit"),
    ),
    "Cost": ("band", "currency", "cost"),
    "Carbon": ("co2_average_kg", "co2_hourly_kg"),
    "Energy and demand": (
        *("energy_kwh", "raw_kwh", "peak_kw", "base_kw", "load_factor"),
        *("forecast_kwh", "lower_kwh", "upper_kwh", "expected_kwh", "over_kwh", "last_year_kwh"),
    ),
    "Quality": (
        *("coverage", "estimated_share", "expected_intervals", "quality", "method", "rule_id", "rule"),
        *("severity", "intervals", "detail", "model", "past_mae_kwh", "past_mase", "mae_kwh", "rmse_share", "mase"),
        *("origins", "is_chosen", "is_stale", "reason", "direction", "cause", "score", "rules"),
        *("last_year_days", "last_year_coverage", "last_year_estimated_share", "hourly_factor_share"),
    ),
}
"""Folder to columns; the rest is about time."""


def data_source(
    extract: Extract, caption: str, calculations: tuple[Calculation, ...], is_private: bool = False
) -> DataSource:
    """Make the data source of an extract."""
    return DataSource(extract.name, caption, tuple(map(_field, extract.columns)), calculations, is_private)


def _field(column: Column) -> Field:
    return Field(
        column.name,
        f"{column.caption} ({column.unit})" if column.unit else column.caption,
        DATATYPES[column.kind[1]],
        description=column.description,
        folder=next((folder for folder, names in FOLDERS.items() if column.name in names), "When"),
        format=_format(column),
        aggregation=SUMMED_UP.get(column.name, ""),
        geography=PLACES.get(column.name, ""),
    )


def _format(column: Column) -> str:
    if column.name in SHARES:
        return "p0.0%"
    if column.name in MONEY:
        return "n#,##0.00"
    return "n0.00" if column.name in RATIOS else FORMATS.get(column.unit, "")


DAILY = data_source(DAILY_EXTRACT, "Daily energy and demand", DAILY_CALCULATIONS)
READINGS = data_source(READINGS_EXTRACT, "Interval readings", (*READINGS_CALCULATIONS, *POLICY_CALCULATIONS))
FINDINGS = data_source(FINDINGS_EXTRACT, "Findings of validation", FINDINGS_CALCULATIONS, is_private=True)
FORECAST = data_source(FORECAST_EXTRACT, "Forecast", FORECAST_CALCULATIONS)
ANOMALIES = data_source(ANOMALIES_EXTRACT, "Unusual use", ANOMALIES_CALCULATIONS)
METERS = data_source(METERS_EXTRACT, "Meters and sites", METERS_CALCULATIONS, is_private=True)
"""Private, for coordinates tell whose meter it is, whatever its name."""
COSTS = data_source(COSTS_EXTRACT, "Cost and carbon", COST_CALCULATIONS, is_private=True)
"""Private, for prices are an agreement between two."""
SCORES = data_source(SCORE_EXTRACT, "Past errors of forecasts", (IN_SITE, IN_CHOICE))
