"""Policy sandbox: sliders for saving and shifting, and what they do to energy, peak, cost and carbon."""

from workbooks.model import Dashboard, Overlay, Sheet
from workbooks.palettes import BLUE, GREY, VERMILION, Palette
from workbooks.pills import axis, exactly, month, total
from workbooks.shipped.data_sources import READINGS
from workbooks.shipped.policy_calculations import SLIDERS
from workbooks.shipped.sheets import BY_HOUR, DEMAND, SURE_OF_READINGS, choices
from workbooks.zones import across, control, down, sheet, text


def _number(name: str, words: str, after: str, before: str, unit: str) -> Sheet:
    """Make a sheet of one number under the sliders, and what it was."""
    return Sheet(
        name,
        READINGS,
        label=after,
        detail=(before,),
        mark="Text",
        filters=BY_HOUR,
        text=f"{{{after}}}{unit}\n{words}\nit was {{{before}}}{unit}",
    )


SAVED = Sheet(
    "Energy saved",
    READINGS,
    label="Saved (kWh)",
    detail=(total("Energy (kWh)"),),
    mark="Text",
    filters=BY_HOUR,
    text="{Saved (kWh)} kWh\nsaved\nof {Energy (kWh)} kWh",
)
PEAK = _number("Highest hour", "highest hour", "Peak if (kW)", "Peak (kW)", " kW")
COST = _number("Cost", "cost, in the currency of the prices", "Cost if", "Cost", "")
CARBON = _number("Carbon", "CO2", "Carbon if (kg)", "Carbon (kg)", " kg")

BEFORE_AFTER = Sheet(
    "Day before and after",
    READINGS,
    columns=(exactly("Hour of Day"),),
    rows=(DEMAND,),
    mark="Line",
    palette=Palette((GREY,)),
    tooltip=("Measured Share",),
    filters=BY_HOUR,
    overlay=Overlay("Mean Demand if (kW)", "Line", VERMILION),
    title="Mean demand by hour (kW): grey as it was, red under the sliders",
)
BY_MONTH = Sheet(
    "Saved by month",
    READINGS,
    columns=(month("Interval Start", discrete=True),),
    rows=(axis("Saved (kWh)", "Energy saved (kWh)"),),
    mark="Bar",
    palette=Palette((BLUE,)),
    tooltip=("Measured Share",),
    filters=BY_HOUR,
    title="Energy saved by month (kWh), {Chosen Meter}",
)

SANDBOX = Dashboard(
    "What if",
    down(
        text("What if we saved, and shifted?", 36, 16),
        choices("Chosen Meter", "Chosen Site", "Period"),
        across(*(control(one.caption) for one in SLIDERS), pixels=60),
        across(*map(sheet, (SAVED, PEAK, COST, CARBON)), pixels=96),
        across(sheet(BEFORE_AFTER, share=1.4), sheet(BY_MONTH)),
        sheet(SURE_OF_READINGS, pixels=40),
    ),
)
