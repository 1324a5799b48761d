"""Live: the same questions asked of TabPy while somebody looks. Desktop only: Tableau Public refuses scripts.

A script's pill says along which dimension it runs, so that the model sees the whole series of a mark's partition in one
call; without that Tableau may send one request a row.
"""

from dataclasses import replace

from workbooks.model import Calculation, Dashboard, Overlay, Parameter, Sheet
from workbooks.palettes import BLACK, UNUSUAL, VERMILION
from workbooks.pills import axis, between, day, exactly, only, table, total
from workbooks.shipped.data_sources import DAILY, FORECAST
from workbooks.shipped.sheets import CHOSEN, IN_PERIOD, ONE_COLOR, SURE_OF_DAYS, choices
from workbooks.zones import down, sheet, text

ALERTS = Parameter("Alerts a Month", "real", 1.0, low=0.5, high=5.0, step=0.5, format="n0.0")

EXPECTED_LIVE = Calculation(
    "Expected by TabPy (kWh)",
    """SCRIPT_REAL("return tabpy.query('expected_use', _arg1, _arg2)['response']",
    ATTR([Date]), SUM([Daily Energy (kWh)]))""",
    description="What like days before and after would let expect. Compute it along Date; needs a TabPy.",
    folder="TabPy",
    format="n#,##0",
)
OVER_LIVE = Calculation(
    "Over Expected by TabPy (kWh)",
    """SCRIPT_REAL("return tabpy.query('detect_anomalies', _arg1, _arg2, None, None, _arg3, 'over_kwh')['response']",
    ATTR([Date]), SUM([Daily Energy (kWh)]), MIN([Alerts a Month]))""",
    description="Energy over expected on days that are unusual, else 0. Compute it along Date; needs a TabPy.",
    folder="TabPy",
    format="n#,##0",
)
FORECAST_LIVE = Calculation(
    "Forecast by TabPy (kWh)",
    """SCRIPT_REAL("return tabpy.query('forecast_prophet', _arg1, _arg2)['response']",
    ATTR([Start]), SUM([Energy (kWh)]))""",
    description="Prophet's forecast of the days that have no energy yet. Compute it along Start; needs a TabPy.",
    folder="TabPy",
    format="n#,##0",
)
LIVE_FORECAST = replace(FORECAST, calculations=(*FORECAST.calculations, FORECAST_LIVE))
LIVE = replace(DAILY, calculations=(*DAILY.calculations, EXPECTED_LIVE, OVER_LIVE))
SURE = replace(SURE_OF_DAYS, source=LIVE)

AGAINST = Sheet(
    "Used and expected",
    LIVE,
    columns=(day("Date"),),
    rows=(axis(total("Daily Energy (kWh)"), "Energy (kWh)"),),
    mark="Bar",
    palette=ONE_COLOR,
    tooltip=("Measured Share",),
    filters=IN_PERIOD,
    overlay=Overlay(table("Expected by TabPy (kWh)", "Date"), "Line", BLACK),
    title="Energy by day and what TabPy expects of it (kWh), {Chosen Meter}",
)
OVER = Sheet(
    "Unusual now",
    LIVE,
    columns=(day("Date"),),
    rows=(table("Over Expected by TabPy (kWh)", "Date"),),
    mark="Bar",
    color=table("Over Expected by TabPy (kWh)", "Date"),
    palette=UNUSUAL,
    tooltip=("Measured Share",),
    filters=IN_PERIOD,
    title="Unusual days: energy over what was expected (kWh), {Alerts a Month} alerts a month",
)

AHEAD = Sheet(
    "Forecast now",
    LIVE_FORECAST,
    columns=(day("Start"),),
    rows=(total("Energy (kWh)"),),
    mark="Line",
    palette=ONE_COLOR,
    tooltip=(total("Forecast (kWh)"), "Past Error Share"),
    filters=(*CHOSEN, only("Grain", "day"), between(exactly("Days Ahead"), most=60)),
    overlay=Overlay(table("Forecast by TabPy (kWh)", "Start"), "Line", VERMILION),
    title="Energy by day and Prophet's forecast of sixty days (kWh), {Chosen Meter}",
)

LIVE_PAGE = Dashboard(
    "Live",
    down(
        text("Expected, unusual and to come, calculated while you look", 36, 16),
        choices("Chosen Meter", "Chosen Site", "Period", "Alerts a Month"),
        sheet(AGAINST),
        sheet(OVER),
        sheet(AHEAD),
        text("Errors here? Help, Settings and Performance, Manage Analytics Extension: is TabPy there?", 28),
        sheet(SURE, pixels=40),
    ),
)
