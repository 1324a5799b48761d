"""Overview: how much, against before, how high, how sure; over time and by meter."""

from workbooks.model import Action, Dashboard, Line, Overlay, Sheet
from workbooks.palettes import BLACK
from workbooks.pills import axis, only_one, table, total, where
from workbooks.pills import day as by_day
from workbooks.shipped.data_sources import DAILY
from workbooks.shipped.parameters import ALL_METERS
from workbooks.shipped.sheets import CHOSEN, DELIVERED, IN_PERIOD, ONE_COLOR, SURE_OF_DAYS, TRUST, choices
from workbooks.zones import across, control, down, legend, sheet, text

ENERGY = Sheet(
    "Energy",
    DAILY,
    label="Energy in Period (kWh)",
    detail=("Change in Words",),
    mark="Text",
    filters=CHOSEN,
    text="{Energy in Period (kWh)} kWh\nused\n{Change in Words}",
)
PEAK = Sheet(
    "Peak",
    DAILY,
    label="Peak in Period (kW)",
    detail=("Peak Before",),
    mark="Text",
    filters=CHOSEN,
    text="{Peak in Period (kW)} kW\nhighest demand of one meter\n{Peak Before}",
)
BASE = Sheet(
    "Base load",
    DAILY,
    label="Base Load Share in Period",
    detail=("Base Load Share Before",),
    mark="Text",
    filters=CHOSEN,
    text="{Base Load Share in Period}\nof the energy is base load, day and night\n{Base Load Share Before}",
)
MEASURED = Sheet(
    "Measured",
    DAILY,
    label="Measured Share in Period",
    detail=("Measured Share Before",),
    mark="Text",
    filters=CHOSEN,
    text="{Measured Share in Period}\nof the intervals were measured\n{Measured Share Before}",
)
TREND = Sheet(
    "Energy by day",
    DAILY,
    columns=(by_day("Date"),),
    rows=(axis(total("Daily Energy (kWh)"), "Energy (kWh)"),),
    mark="Bar",
    color="Trust",
    palette=TRUST,
    tooltip=("Measured Share", only_one("Meter")),
    filters=IN_PERIOD,
    overlay=Overlay(table("Mean of 7 Days (kWh)", "Date"), "Line", BLACK),
    title="Energy by day, {Chosen Meter}, with the mean of 7 days",
    says="{Date}\n{Daily Energy (kWh)} kWh, {Trust}\n{Measured Share} of the intervals were measured",
)
RANKING = Sheet(
    "Meters",
    DAILY,
    rows=("Meter",),
    columns=(axis("Selected Metric", title=""),),
    mark="Bar",
    palette=ONE_COLOR,
    label="Selected Metric",
    tooltip=("Measured Share", "Site"),
    filters=(DELIVERED, where("In Chosen Site"), where("In Period")),
    sort=("Meter", "Selected Metric"),
    lines=(Line("Selected Metric", "average", "mean {value}"),),
    title="{Metric} by meter: click one to choose it",
    says="{Meter}, {Site}\n{Metric}: {Selected Metric}\n{Measured Share} of the intervals were measured",
)

OVERVIEW = Dashboard(
    "Overview",
    down(
        text("Energy overview", 36, 16),
        choices("Chosen Meter", "Chosen Site", "Period", "Metric"),
        across(*map(sheet, (ENERGY, PEAK, BASE, MEASURED)), pixels=96),
        across(down(sheet(TREND), legend(TREND, pixels=48), share=2), sheet(RANKING, share=1.2)),
        sheet(SURE_OF_DAYS, pixels=40),
    ),
    actions=(
        Action("parameter", "Choose a meter", RANKING, "Meter", parameter="Chosen Meter", cleared=ALL_METERS),
        Action("highlight", "Point out a meter", RANKING, "Meter"),
    ),
)
PHONE = Dashboard(
    "Overview for phones",
    down(
        text("Energy overview", 36, 14),
        control("Chosen Meter", pixels=54),
        control("Period", pixels=54),
        sheet(ENERGY, pixels=96),
        sheet(PEAK, pixels=96),
        sheet(TREND),
        sheet(RANKING),
        sheet(SURE_OF_DAYS, pixels=60),
    ),
    width=375,
    height=1100,
)
