"""Carbon: by the average factor and by the factor of each hour, and what the time of use does to it."""

from workbooks.model import Dashboard, Overlay, Sheet
from workbooks.palettes import SKY, UNUSUAL, VERMILION, Palette
from workbooks.pills import axis, month, total
from workbooks.shipped.cost import OF_SITE
from workbooks.shipped.data_sources import COSTS
from workbooks.shipped.sheets import DELIVERED, IN_PERIOD, ONE_COLOR, choices
from workbooks.zones import across, down, sheet, text

AVERAGE, HOURLY = "Carbon by Average Factor (kg)", "Carbon by Hourly Factor (kg)"
BY_AVERAGE, BY_HOUR = (AVERAGE,), (HOURLY,)
"""What a sheet needs; that of hours is not there without a file of factors."""

KNOWN = ("Hourly Share of Energy", "Estimated Share of Energy")
SAYS = "{Hourly Share of Energy} has a factor of its hour, {Estimated Share of Energy} is estimated"

FOOTPRINT = Sheet(
    "Carbon of the period",
    COSTS,
    label=total(AVERAGE),
    mark="Text",
    filters=IN_PERIOD,
    text=f"{{{AVERAGE}}} kg\nof CO2, by the average factor",
    needs=BY_AVERAGE,
)
BY_THE_HOUR = Sheet(
    "Carbon by the hour",
    COSTS,
    label=total(HOURLY),
    detail=("Hourly Share of Energy",),
    mark="Text",
    filters=IN_PERIOD,
    text=f"{{{HOURLY}}} kg\nby the factor of each hour, for {{Hourly Share of Energy}} of the energy",
    needs=BY_HOUR,
)
TIMING = Sheet(
    "Timing",
    COSTS,
    label="Effect of Timing (kg)",
    detail=("Timing in Words",),
    mark="Text",
    filters=IN_PERIOD,
    text="{Effect of Timing (kg)} kg\n{Timing in Words}",
    needs=BY_HOUR,
)
BY_MONTH = Sheet(
    "Carbon by month",
    COSTS,
    columns=(month("Date", discrete=True),),
    rows=(axis(total(AVERAGE), "Carbon (kg)"),),
    mark="Bar",
    palette=Palette((SKY,)),
    tooltip=("Carbon per kWh (kg)", *KNOWN),
    filters=IN_PERIOD,
    overlay=Overlay(total(HOURLY), "Line", VERMILION),
    title="Carbon by month (kg), {Chosen Meter}: bars by the average factor, the line by that of each hour",
    says=f"{{Date}}: {{{AVERAGE}}} kg, {{Carbon per kWh (kg)}} a kWh\n{SAYS}",
    needs=BY_AVERAGE,
)
BY_METER = Sheet(
    "Carbon by meter",
    COSTS,
    rows=("Meter",),
    columns=(axis(total(AVERAGE), ""),),
    mark="Bar",
    palette=ONE_COLOR,
    label=total(AVERAGE),
    tooltip=("Site", "Carbon per kWh (kg)", *KNOWN),
    filters=(DELIVERED, *OF_SITE),
    sort=("Meter", total(AVERAGE)),
    title="Carbon by meter (kg), by the average factor",
    says=f"{{Meter}}, {{Site}}\n{{{AVERAGE}}} kg, {{Carbon per kWh (kg)}} a kWh\n{SAYS}",
    needs=BY_AVERAGE,
)
MONTHS_OF_TIMING = Sheet(
    "Timing by month",
    COSTS,
    columns=(month("Date", discrete=True),),
    rows=(axis("Effect of Timing (kg)", "Carbon (kg)"),),
    mark="Bar",
    color="Effect of Timing (kg)",
    palette=UNUSUAL,
    tooltip=("Effect of Timing", *KNOWN),
    filters=IN_PERIOD,
    title="What the time of use added (brown) or saved (green), by month (kg)",
    says=f"{{Date}}: {{Effect of Timing (kg)}} kg, {{Effect of Timing}}\n{SAYS}",
    needs=BY_HOUR,
)
METERS_OF_TIMING = Sheet(
    "Timing by meter",
    COSTS,
    rows=("Meter",),
    columns=(axis("Effect of Timing", "", "p0%"),),
    mark="Bar",
    color="Effect of Timing",
    palette=UNUSUAL,
    label="Effect of Timing",
    tooltip=("Carbon per kWh by Hour (kg)", "Carbon per kWh (kg)", *KNOWN),
    filters=(DELIVERED, *OF_SITE),
    sort=("Meter", "Effect of Timing"),
    title="The same by meter, as a share of its carbon",
    says="{Meter}: {Effect of Timing}\n{Carbon per kWh by Hour (kg)} kg a kWh, {Carbon per kWh (kg)} by average\n"
    + SAYS,
    needs=BY_HOUR,
)
INTENSITY = Sheet(
    "Carbon of a kWh",
    COSTS,
    label="Carbon per kWh (kg)",
    mark="Text",
    filters=IN_PERIOD,
    text="{Carbon per kWh (kg)} kg\na kWh, by the average factor",
    needs=BY_AVERAGE,
)
SURE_OF_CARBON = Sheet(
    "How sure: carbon",
    COSTS,
    label="Hourly Share of Energy",
    detail=("Estimated Share of Energy",),
    mark="Text",
    filters=IN_PERIOD,
    text="\n{Hourly Share of Energy} of the energy has a factor of its hour, {Estimated Share of Energy} is estimated.",
    needs=BY_AVERAGE,
)

CARBON = Dashboard(
    "Carbon by hour",
    down(
        text("What it emits, and what the time of use does to it", 36, 16),
        choices("Chosen Meter", "Chosen Site", "Period"),
        across(*map(sheet, (FOOTPRINT, BY_THE_HOUR, TIMING, INTENSITY)), pixels=96),
        across(sheet(BY_MONTH, share=1.4), sheet(BY_METER)),
        across(sheet(MONTHS_OF_TIMING, share=1.4), sheet(METERS_OF_TIMING)),
        text(
            "Location-based: of energy bought, whatever is fed in. Factors are averages of the grid, not margins.", 28
        ),
        sheet(SURE_OF_CARBON, pixels=40),
    ),
)
