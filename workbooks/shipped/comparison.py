"""Comparison: meters against each other, and this year against the last."""

from workbooks.model import Action, Dashboard, Sheet
from workbooks.pills import axis, mean, month_part, table, total, where, year_part
from workbooks.shipped.data_sources import DAILY
from workbooks.shipped.sheets import CHOSEN, DELIVERED, ONE_COLOR, QUARTILES, SURE_OF_DAYS, choices
from workbooks.zones import across, down, legend, sheet, text

OF_SITE = (DELIVERED, where("In Chosen Site"), where("In Period"))

STANDING = Sheet(
    "Standing",
    DAILY,
    rows=("Meter",),
    columns=(axis("Selected Metric", title=""),),
    mark="Bar",
    color=table("Quartile", "Meter"),
    palette=QUARTILES,
    label="Selected Metric",
    tooltip=("Measured Share",),
    filters=OF_SITE,
    sort=("Meter", "Selected Metric"),
    title="{Metric}, by meter",
    says="{Meter}: {Quartile}\n{Metric}: {Selected Metric}\n{Measured Share} was measured",
)
SLEEP = Sheet(
    "What never sleeps",
    DAILY,
    columns=(axis("Base Load Share", ticks="p0%"),),
    rows=(axis(mean("Load Factor"), ticks="p0%"),),
    mark="Circle",
    size=total("Daily Energy (kWh)"),
    detail=("Meter",),
    label="Meter",
    palette=ONE_COLOR,
    tooltip=("Measured Share",),
    filters=OF_SITE,
    title="Far right: much runs at night and at weekends. Low: short, high peaks",
    says="{Meter}\n{Base Load Share} is base load, load factor {Load Factor}\n{Daily Energy (kWh)} kWh",
)
YEARS = Sheet(
    "Year on year",
    DAILY,
    columns=(month_part("Date"),),
    rows=(axis(total("Daily Energy (kWh)"), "Energy (kWh)"),),
    mark="Line",
    color=year_part("Date"),
    tooltip=("Measured Share",),
    filters=CHOSEN,
    title="Energy by month, year on year (kWh), {Chosen Meter}",
    says="{Date}: {Daily Energy (kWh)} kWh\n{Measured Share} of the intervals were measured",
)

COMPARISON = Dashboard(
    "Comparison",
    down(
        text("Meters compared", 36, 16),
        choices("Chosen Meter", "Chosen Site", "Period", "Metric"),
        across(down(sheet(STANDING), legend(STANDING, pixels=48)), sheet(SLEEP)),
        across(sheet(YEARS), legend(YEARS, pixels=110), pixels=270),
        sheet(SURE_OF_DAYS, pixels=40),
    ),
    actions=(
        Action("filter", "Show the years of a meter", STANDING, "Meter", targets=(YEARS,)),
        Action("highlight", "Point out a meter among others", SLEEP, "Meter"),
    ),
)
